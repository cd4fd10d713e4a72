/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_score.c - epochal score: stamps, from files or from a store, real or bogus. */
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "message.h"
#include "scores.h"

typedef struct score_options {
    cli_common common;
    const char *format, *array, *extname, *net, *normalise, *split;
    int batch;
    cli_dropout dropout;
    bool trust_input, all_classes;
} score_options;

static const char *format_word(size_t index, const char **about)
{
    static const char *const words[] = {"ztf", "stamps", "cube"};
    static const char *const abouts[] = {"Avro alert packets", "FITS stamps", "npy or npz arrays"};
    if (index >= sizeof words / sizeof *words) return NULL;
    *about = abouts[index];
    return words[index];
}

#define PLACE(member) .place = offsetof(score_options, member)
static const cli_option options[] = {
    CLI_OPTION_MODEL(true),
    {.name = "db", .kind = CLI_TEXT, .argument = "FILE", .place = offsetof(cli_common, db),
     .help = "score the stamps of this store instead of files, and keep the scores in it"},
    {.name = "split", .kind = CLI_TEXT, .argument = "NAME:PART", PLACE(split), .help = "with --db: only these objects, as main:test"},
    {.name = "format", .letter = 'f', .kind = CLI_TEXT, .argument = "NAME", PLACE(format), .word = format_word,
     .help = "what the files are; else told from name and first bytes"},
    {.name = "array", .kind = CLI_TEXT, .argument = "NAME", PLACE(array), .help = "npz: which array; else the only one of 3 or 4 dimensions"},
    {.name = "extname", .kind = CLI_TEXT, .argument = "NAME", PLACE(extname), .help = "FITS: which extension; else the first image"},
    {.name = "trust-input", .kind = CLI_FLAG, PLACE(trust_input), .help = "read FITS images that are not plain 2-D as well"},
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", PLACE(net), .help = "network text for weights that have none in them, PyTorch's say"},
    {.name = "normalise", .kind = CLI_TEXT, .argument = "NAME", PLACE(normalise), .help = "normalisation instead of the model's own"},
    {.name = "all-classes", .kind = CLI_FLAG, PLACE(all_classes),
     .help = "print the probability of each class; always so when none is called real"},
    {.name = "batch", .kind = CLI_COUNT, .argument = "N", .standard = "32", PLACE(batch), .help = "stamps that go through the network together"},
    CLI_OPTIONS_DROPOUT(score_options, dropout),
    CLI_OPTION_SEED,
    CLI_OPTION_PRECISION,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("jsonl"),
    CLI_OPTIONS_LAST,
};

enum { COLUMNS = 7 + CLI_DROPOUT_COLUMNS };

static bool has_class(const epo_head_info *head, const char *name)
{
    for (size_t i = 0; i < head->class_count; i++)
        if (strcasecmp(head->classes[i], name) == 0) return true;
    return false;
}

static epo_status print_score(void *context, const epo_score *score)
{
    cli_scores *s = context;
    const epo_uncertainty *u = score->uncertainty;
    if (s->dropout.bins) return cli_put_histogram(s, score);
    cli_put_text(s->output, score->id);
    if (score->error) {
        for (int i = 0; i < 3; i++) cli_put_absent(s->output);
    } else {
        cli_put_text(s->output, score->object);
        cli_put_real(s->output, score->mjd);
        cli_put_score(s->output, score->score);
    }
    if (s->dropout.passes) {
        cli_put_text(s->output, u ? s->head->classes[u->class_index] : NULL);
        cli_put_dropout(s->output, u);
    }
    if (s->probabilities && score->error) cli_put_absent(s->output);
    if (s->probabilities && !score->error) cli_put_scores(s->output, score->probabilities);
    if (score->error)
        cli_put_text(s->output, score->error);
    else
        cli_put_absent(s->output);
    cli_row_end(s->output);
    cli_progress(++s->done);
    return cli_output_failed(s->output) ? EPO_ECANCELLED : EPO_OK;
}

static int check(const cli_call *call)
{
    const score_options *o = call->options;
    if (!o->common.db && call->operand_count == 0) return cli_usage(call->command, "a PATH or --db FILE is needed");
    if (o->common.db && call->operand_count > 0) return cli_usage(call->command, "--db FILE and PATH exclude each other");
    if (o->split && !o->common.db) return cli_usage(call->command, "--split is for --db");
    return cli_dropout_check(call->command, &o->dropout);
}

/* Returns how many. */
static size_t make_columns(const cli_scores *scores, cli_column *columns)
{
    if (scores->dropout.bins) {
        cli_histogram_columns(columns);
        return CLI_HISTOGRAM_COLUMNS;
    }
    size_t count = 0;
    columns[count++] = (cli_column){.name = "id"};
    columns[count++] = (cli_column){.name = "object"};
    columns[count++] = (cli_column){.name = "mjd", .number = true};
    columns[count++] = (cli_column){.name = "score", .number = true};
    if (scores->dropout.passes) {
        columns[count++] = (cli_column){.name = "class"};
        cli_dropout_columns(columns + count);
        count += CLI_DROPOUT_COLUMNS;
    }
    if (scores->probabilities)
        columns[count++] = (cli_column){.name = "probabilities", .members = scores->head->classes, .member_count = scores->head->class_count};
    columns[count++] = (cli_column){.name = "error"};
    return count;
}

static int run(const cli_call *call)
{
    const score_options *o = call->options;
    cli_scores scores = {0};
    epo_model *model = NULL;
    epo_store *store = NULL;
    epo_score_summary summary = {0};
    epo_model_info info;
    int result = check(call);
    if (result == CLI_OK) result = cli_model_load(o->common.model, o->net, o->normalise, EPO_HEAD_STAMP, &model);
    if (result != CLI_OK) return result;
    cli_model_precision(model, call);
    epo_status status = EPO_OK;
    if (o->common.db) status = epo_store_open(o->common.db, EPO_STORE_WRITE, &store);
    if (status != EPO_OK) {
        result = cli_failed(status);
        goto done;
    }
    epo_model_get_info(model, &info);
    scores.head = &info.heads[EPO_HEAD_STAMP];
    scores.probabilities = o->all_classes || !has_class(scores.head, "real");
    scores.output = cli_output_open(o->common.output, false);
    if (!scores.output) {
        result = CLI_FAILED;
        goto done;
    }
    scores.dropout = o->dropout;
    cli_column columns[COLUMNS];
    size_t count = make_columns(&scores, columns);
    cli_table_begin(scores.output, "", columns, count);

    epo_score_options score = EPO_SCORE_OPTIONS_INIT;
    score.threads = o->common.threads;
    score.batch = o->batch;
    score.format = o->format;
    score.array = o->array;
    score.extname = o->extname;
    score.trust_input = o->trust_input;
    score.split = o->split;
    score.command_line = call->command_line;
    score.mc_passes = o->dropout.passes;
    score.seed = o->common.seed;
    cli_progress_begin("stamps", 0);
    if (store)
        status = epo_score_store(model, store, &score, print_score, &scores, &summary);
    else
        status = epo_score_files(model, call->operands, call->operand_count, &score, print_score, &scores, &summary);
    result = cli_scores_end(&scores, status, &summary, "stamps");
done:
    epo_store_close(store);
    epo_model_free(model);
    return result;
}

const cli_command cmd_score = {
    .name = "score",
    .about = "Score single stamps real or bogus",
    .operands = "PATH...",
    .description =
        "Scores alert packets, FITS stamps and npy/npz arrays directly, without a store, or with --db the stamps of a store.\n"
        "PATH may be - for alerts from standard input. Each stamp gives one row, in the order of the input: id (the candidate's\n"
        "number, or file and row), object, mjd, and score, the probability of being real. A bad stamp gives a row with id and\n"
        "error instead, the rest goes on, and the exit status is 3.\n"
        "\n"
        "--mc-passes T leaves dropout on and scores T times (a network with dropout is needed, such as gotorb or braai). score is\n"
        "then the mean; sd, over_half (share of passes over 0.5), confidence (1 - mean entropy, in bits) and bald (entropy of the\n"
        "mean - mean entropy) are of the class in the column class. What is dropped depends on --seed and on the stamp's pixels.",
    .examples = "# ZTF alerts with a published network\n"
                "epochal score --model braai_d6_m7.safetensors alerts/*.avro > scores.jsonl\n"
                "# as a filter\n"
                "epochal score --model braai.safetensors - < alerts.avro | jq -c 'select(.score > 0.5)'\n"
                "# how sure the network is, and the posterior of one stamp\n"
                "epochal score --model gotorb.safetensors --mc-passes 30 stamps.npz\n"
                "epochal score --model gotorb.safetensors --mc-passes 1000 --mc-histogram 20 --output table stamp.fits\n"
                "# what was imported before, with the scores kept\n"
                "epochal score --db ztf.db --model braai.safetensors --output csv",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(score_options),
    .run = run,
};
