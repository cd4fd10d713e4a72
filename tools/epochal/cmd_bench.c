/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_bench.c - epochal bench: how fast the main jobs are on this machine, through the same calls that do them. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "commands.h"
#include "epochal/import.h"
#include "message.h"
#include "scores.h"

static const cli_option options[] = {
    CLI_OPTION_MODEL(false),
    {.name = "db", .kind = CLI_TEXT, .argument = "FILE", .place = offsetof(cli_common, db), .help = "sequence: the store to classify"},
    {.name = "format", .letter = 'f', .kind = CLI_TEXT, .argument = "NAME", .standard = "tao", .place = offsetof(bench_options, format),
     .help = "import: what the files are"},
    {.name = "rounds", .kind = CLI_COUNT, .argument = "N", .standard = "5", .place = offsetof(bench_options, rounds),
     .help = "how often the work is done; one more round before warms up"},
    {.name = "batch", .kind = CLI_COUNT, .argument = "N", .standard = "32", .place = offsetof(bench_options, batch),
     .help = "stamps that go through the network together; train: triplets in a step"},
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", .standard = "taonet", .place = offsetof(bench_options, net),
     .help = "train: network text, or its name"},
    {.name = "trees", .kind = CLI_COUNT, .argument = "N", .standard = "200", .place = offsetof(bench_options, trees), .help = "forest: how many"},
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

double cli_bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void cli_bench_measure(bench *b, const char *what, double value, const char *unit)
{
    cli_put_text(b->output, b->call->operands[0]);
    cli_put_text(b->output, what);
    char text[32]; /* four digits are more than a timing holds */
    snprintf(text, sizeof text, "%.4g", value);
    cli_put_real(b->output, strtod(text, NULL));
    cli_put_text(b->output, unit);
    cli_row_end(b->output);
}

void cli_bench_rounds(bench *b, double work, const char *rate_unit)
{
    qsort(b->times, b->rounds, sizeof *b->times, compare);
    double median = b->times[b->rounds / 2];
    cli_bench_measure(b, "median", 1e3 * median, "ms");
    cli_bench_measure(b, "fastest", 1e3 * b->times[0], "ms");
    cli_bench_measure(b, "slowest", 1e3 * b->times[b->rounds - 1], "ms");
    if (rate_unit && median > 0) cli_bench_measure(b, "rate", work / median, rate_unit);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) cli_bench_measure(b, "peak memory", (double)usage.ru_maxrss / 1024, "MiB");
}

static epo_status count_triplets(void *context, const epo_score *score)
{
    *(uint64_t *)context += score->error ? 0 : (uint64_t)score->triplets;
    return EPO_OK;
}

static epo_score_options score_options(const bench *b)
{
    epo_score_options score = EPO_SCORE_OPTIONS_INIT;
    score.threads = b->options->common.threads;
    score.batch = b->options->batch;
    score.command_line = b->call->command_line;
    return score;
}

/* One stamp of what the model takes, as a npy file (format 1.0: magic, header length, header, values), in a temporary
 * file: a faint source on noise, from a fixed linear congruence (Knuth's MMIX), so that every run sees the same. */
static int make_stamp(bench *b, const epo_model *model)
{
    epo_model_info info;
    epo_model_get_info(model, &info);
    const char *folder = getenv("TMPDIR");
    snprintf(b->made, sizeof b->made, "%s/epochal-bench-XXXXXX.npy", folder && *folder ? folder : "/tmp");
    int file = mkstemps(b->made, 4);
    FILE *out = file >= 0 ? fdopen(file, "wb") : NULL;
    if (!out) {
        cli_error("%s: %s", b->made, strerror(errno));
        if (file >= 0) close(file);
        return CLI_FAILED;
    }
    char header[118] = "";
    int n = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, %d, %d, %d), }", info.height, info.width,
                     info.planes);
    memset(header + n, ' ', sizeof header - (size_t)n);
    header[sizeof header - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, out); /* 10 + 118 is a multiple of 64, as the format wants */
    fwrite(header, 1, sizeof header, out);
    uint64_t state = 1;
    for (int y = 0; y < info.height; y++)
        for (int x = 0; x < info.width; x++)
            for (int p = 0; p < info.planes; p++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                int dx = x - info.width / 2, dy = y - info.height / 2;
                float value = (float)(state >> 40) / 16777216.0F + (dx * dx + dy * dy < 16 ? 5.0F : 0.0F);
                fwrite(&value, sizeof value, 1, out);
            }
    bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad) {
        cli_error("%s: cannot be written", b->made);
        return CLI_FAILED;
    }
    return CLI_OK;
}

static int bench_scores(bench *b, bool one_stamp)
{
    epo_model *model = NULL;
    epo_scorer *scorer = NULL;
    epo_score_summary summary = {0};
    epo_score_options score = score_options(b);
    uint64_t unused = 0;
    if (!b->options->common.model) return cli_usage(b->call->command, "--model FILE is needed");
    int result = cli_model_load(b->options->common.model, NULL, NULL, EPO_HEAD_STAMP, &model);
    if (result != CLI_OK) return result;
    const char *const *paths = b->paths;
    size_t count = b->path_count;
    const char *made = b->made;
    if (count == 0 && one_stamp) {
        result = make_stamp(b, model);
        paths = &made;
        count = 1;
    } else if (count == 0) {
        result = cli_usage(b->call->command, "alerts: a PATH is needed");
    }
    if (result == CLI_OK) {
        epo_status status = epo_scorer_create(model, &score, &scorer);
        if (status != EPO_OK) result = cli_failed(status);
    }
    for (int i = 0; i <= b->options->rounds && result == CLI_OK; i++) {
        double start = cli_bench_seconds();
        epo_status status = epo_scorer_files(scorer, paths, count, count_triplets, &unused, &summary);
        double took = cli_bench_seconds() - start;
        if (status != EPO_OK) result = cli_failed(status);
        if (i > 0) b->times[b->rounds++] = took; /* the first round warms up */
    }
    epo_scorer_free(scorer);
    epo_model_free(model);
    if (result != CLI_OK) return result;
    if (summary.scored == 0) {
        cli_error("no stamp could be scored");
        return CLI_BAD_INPUT;
    }
    if (summary.refused) cli_bench_measure(b, "refused", (double)summary.refused, "stamps");
    cli_bench_measure(b, "scored", (double)summary.scored, "stamps a round");
    cli_bench_rounds(b, (double)summary.scored, "stamps/s");
    return CLI_OK;
}

static int bench_alerts(bench *b)
{
    return bench_scores(b, false);
}

static int bench_stamp(bench *b)
{
    return bench_scores(b, true);
}

/* Starts this program on one stamp and waits for the first byte of its answer. */
static int start_once(bench *b, const char *path, double *took)
{
    extern char **environ;
    int ends[2];
    if (pipe(ends) != 0) {
        cli_error("pipe: %s", strerror(errno));
        return CLI_FAILED;
    }
    char threads[16];
    snprintf(threads, sizeof threads, "%d", b->options->common.threads);
    char *arguments[] = {"epochal", "score", "--model", (char *)b->options->common.model, "--threads", threads, "--", (char *)path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    pid_t child;
    double start = cli_bench_seconds();
    int error = posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char bytes[4096];
    ssize_t got = error ? -1 : read(ends[0], bytes, sizeof bytes);
    *took = cli_bench_seconds() - start;
    while (got > 0) got = read(ends[0], bytes, sizeof bytes);
    close(ends[0]);
    int status = 0;
    if (error || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != CLI_OK) {
        cli_error("epochal score %s failed", path);
        return CLI_FAILED;
    }
    return CLI_OK;
}

static int bench_startup(bench *b)
{
    if (!b->options->common.model) return cli_usage(b->call->command, "--model FILE is needed");
    epo_model *model = NULL;
    const char *path = b->path_count > 0 ? b->paths[0] : b->made;
    int result = cli_model_load(b->options->common.model, NULL, NULL, EPO_HEAD_STAMP, &model);
    if (result == CLI_OK && b->path_count == 0) result = make_stamp(b, model);
    epo_model_free(model);
    for (int i = 0; i <= b->options->rounds && result == CLI_OK; i++) {
        double took;
        result = start_once(b, path, &took);
        if (i > 0) b->times[b->rounds++] = took;
    }
    if (result == CLI_OK) cli_bench_rounds(b, 1, NULL);
    return result;
}

static void remove_store(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[600];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static epo_status ignore_file(void *context, const epo_import_event *event)
{
    (void)context;
    if (event->status != EPO_OK) cli_error("%s", event->message);
    return EPO_OK;
}

/* Imports into a fresh store each round. It stands beside the user's data when TMPDIR says so: /tmp may be memory. */
static int bench_import(bench *b)
{
    if (b->path_count == 0) return cli_usage(b->call->command, "import: a PATH is needed");
    const char *folder = getenv("TMPDIR");
    epo_import_options import = EPO_IMPORT_OPTIONS_INIT;
    import.format = b->options->format;
    import.threads = b->options->common.threads;
    epo_import_summary summary = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/epochal-bench-%ld.db", folder && *folder ? folder : "/tmp", (long)getpid());
    int result = CLI_OK;
    for (int i = 0; i <= b->options->rounds && result == CLI_OK; i++) {
        epo_store *store = NULL;
        double start = cli_bench_seconds();
        epo_status status = epo_store_open(path, EPO_STORE_CREATE, &store);
        if (status == EPO_OK) status = epo_import(store, b->paths, b->path_count, &import, ignore_file, NULL, &summary);
        if (status != EPO_OK) result = cli_failed(status);
        epo_store_close(store);
        double took = cli_bench_seconds() - start;
        if (i > 0) b->times[b->rounds++] = took;
        remove_store(path);
    }
    if (result != CLI_OK) return result;
    cli_bench_measure(b, "files", (double)summary.files, "files");
    cli_bench_measure(b, "imported", (double)summary.stamps, "stamps a round");
    cli_bench_rounds(b, (double)summary.stamps, "stamps/s");
    return CLI_OK;
}

static int bench_sequence(bench *b)
{
    if (!b->options->common.model || !b->options->common.db) return cli_usage(b->call->command, "--model FILE and --db FILE are needed");
    epo_model *model = NULL;
    epo_store *store = NULL;
    epo_score_summary summary = {0};
    epo_score_options score = score_options(b);
    uint64_t triplets = 0;
    int result = cli_model_load(b->options->common.model, NULL, NULL, EPO_HEAD_SEQUENCE, &model);
    if (result != CLI_OK) return result;
    epo_status status = epo_store_open(b->options->common.db, EPO_STORE_WRITE, &store);
    for (int i = 0; i <= b->options->rounds && status == EPO_OK; i++) {
        triplets = 0;
        double start = cli_bench_seconds();
        status = epo_classify_store(model, store, &score, count_triplets, &triplets, &summary);
        if (i > 0) b->times[b->rounds++] = cli_bench_seconds() - start;
    }
    epo_store_close(store);
    epo_model_free(model);
    if (status != EPO_OK) return cli_failed(status);
    cli_bench_measure(b, "classified", (double)summary.scored, "objects a round");
    cli_bench_rounds(b, (double)triplets, "triplets/s");
    return CLI_OK;
}

static const struct {
    const char *name;
    int (*run)(bench *b);
} benches[] = {
    {"alerts", bench_alerts}, {"stamp", bench_stamp}, {"startup", bench_startup}, {"import", bench_import}, {"sequence", bench_sequence},
    {"train", cli_bench_train}, {"forest", cli_bench_forest},
};

static int run(const cli_call *call)
{
    static const cli_column columns[] = {{.name = "benchmark"}, {.name = "measure"}, {.name = "value", .number = true}, {.name = "unit"}};
    const bench_options *o = call->options;
    size_t which = 0, count = sizeof benches / sizeof *benches;
    while (which < count && strcmp(benches[which].name, call->operands[0]) != 0) which++;
    if (which == count) return cli_usage(call->command, "'%s' is no benchmark: alerts, stamp, startup, import, sequence, train or forest", call->operands[0]);
    if (o->rounds < 1 || o->rounds > BENCH_ROUNDS) return cli_usage(call->command, "--rounds takes 1 to %d", BENCH_ROUNDS);
    bench *b = calloc(1, sizeof *b);
    if (!b) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    b->call = call;
    b->options = o;
    b->paths = call->operands + 1;
    b->path_count = call->operand_count - 1;
    b->output = cli_output_open(o->common.output, false);
    int result = CLI_FAILED;
    if (b->output) {
        cli_table_begin(b->output, "", columns, sizeof columns / sizeof *columns);
        result = benches[which].run(b);
        cli_table_end(b->output);
        int written = cli_output_close(b->output);
        if (result == CLI_OK) result = written;
    }
    if (*b->made) unlink(b->made);
    free(b);
    return result;
}

const cli_command cmd_bench = {
    .name = "bench",
    .about = "Measure how fast the main jobs are here",
    .operands = "BENCHMARK [PATH...]",
    .least = 1,
    .description = "Does the work several times after one round that warms up, and prints the median, the extremes and the rate.\n\n"
                   "  alerts    from the PATHs (alert files, stamps, cubes) to scores: stamps a second\n"
                   "  stamp     one stamp from its file to its score, the model being loaded\n"
                   "  startup   from starting the program to its first score\n"
                   "  import    the PATHs into a fresh store under TMPDIR: stamps a second\n"
                   "  sequence  the objects of --db through encoder and sequence head: triplets a second\n"
                   "  train     steps of training --net's encoder with its triplet head, on simulated objects under TMPDIR: triplets a\n"
                   "            second, and what they come to of the machine's rate of multiplying float32 matrices, each convolution\n"
                   "            counted as plain sums, three times (forward, and the gradients of inputs and weights)\n"
                   "  forest    a forest trained on the PATH, a CSV with a column label, and then all of its rows and one of them predicted\n\n"
                   "stamp and startup make their own input when no PATH is given.",
    .examples = "epochal bench alerts --model braai.safetensors alerts/*.avro\n"
                "# latency with one thread\n"
                "epochal bench stamp --model braai.safetensors --threads 1 --rounds 1000\n"
                "epochal bench import --format tao TAO/\n"
                "epochal bench sequence --model taonet.safetensors --db crts.db\n"
                "epochal bench train --net taonet32 --batch 8 --threads 2",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(bench_options),
    .run = run,
};
