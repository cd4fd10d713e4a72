/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_bench.c - epochal bench: how fast the main jobs are on this machine, through the same calls that do them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "commands.h"
#include "epochal/system.h"
#include "message.h"
#include "scratch.h"

static const cli_option options[] = {
    CLI_OPTION_MODEL(false),
    {.name = "db", .kind = CLI_TEXT, .argument = "FILE", .place = offsetof(cli_common, db), .help = "sequence: the store to classify"},
    {.name = "format", .letter = 'f', .kind = CLI_TEXT, .argument = "NAME", .standard = "tao", .place = offsetof(bench_options, format),
     .help = "import: what the files are"},
    {.name = "rounds", .kind = CLI_COUNT, .argument = "N", .standard = "5", .place = offsetof(bench_options, rounds),
     .help = "how often the work is done; one more round before warms up"},
    {.name = "batch", .kind = CLI_COUNT, .argument = "N", .place = offsetof(bench_options, batch),
     .help = "stamps that go through the network together; train: triplets in a step; gru: sequences. Without it 32, for encoder 1, 8 and 32, "
             "for gru 1 and 32"},
    {.name = "net", .kind = CLI_TEXT, .argument = "FILE", .standard = "taonet", .place = offsetof(bench_options, net),
     .help = "encoder, gru, train: network text, or its name"},
    {.name = "size", .kind = CLI_COUNT, .argument = "PIXELS", .place = offsetof(bench_options, size),
     .help = "encoder: side of the planes; without it as the network text says"},
    {.name = "seconds", .kind = CLI_REAL, .argument = "S", .standard = "2", .place = offsetof(bench_options, seconds),
     .help = "encoder, gru: how long rounds go on; five are done at least"},
    {.name = "trees", .kind = CLI_COUNT, .argument = "N", .standard = "200", .place = offsetof(bench_options, trees), .help = "forest: how many"},
    CLI_OPTION_PRECISION,
    CLI_OPTION_THREADS,
    CLI_OPTION_OUTPUT("table"),
    CLI_OPTIONS_LAST,
};

static const struct {
    const char *name;
    int (*run)(bench *b);
    bool own_table, any_precision;
} benches[] = {
    {"encoder", cli_bench_encoder, true, true},    {"gru", cli_bench_gru, true, false},
    {"alerts", cli_bench_alerts, false, true},     {"stamp", cli_bench_stamp, false, true},
    {"startup", cli_bench_startup, false, false},  {"import", cli_bench_import, false, false},
    {"sequence", cli_bench_sequence, false, true}, {"train", cli_bench_train, false, true},
    {"forest", cli_bench_forest, false, false},
};

static int run(const cli_call *call)
{
    static const cli_column columns[] = {
        {.name = "benchmark"}, {.name = "measure"}, {.name = "value", .number = true}, {.name = "unit"}, {.name = "net"},
        {.name = "size", .number = true}, {.name = "batch", .number = true}, {.name = "threads", .number = true}, {.name = "precision"},
    };
    const bench_options *o = call->options;
    size_t which = 0, count = sizeof benches / sizeof *benches;
    while (which < count && strcmp(benches[which].name, call->operands[0]) != 0) which++;
    if (which == count)
        return cli_usage(call->command, "'%s' is no benchmark: encoder, gru, alerts, stamp, startup, import, sequence, train or forest", call->operands[0]);
    if (o->rounds < 1 || o->rounds > BENCH_ROUNDS) return cli_usage(call->command, "--rounds takes 1 to %d", BENCH_ROUNDS);
    if (cli_given(call, "precision") && !benches[which].any_precision)
        return cli_usage(call->command, "--precision is for encoder, alerts, stamp, sequence and train");
    bench *b = calloc(1, sizeof *b);
    if (!b) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    b->call = call;
    b->options = o;
    b->paths = call->operands + 1;
    b->path_count = call->operand_count - 1;
    b->threads = o->common.threads ? o->common.threads : epo_system_threads();
    b->output = cli_output_open(o->common.output, false);
    int result = CLI_FAILED;
    if (b->output) {
        if (!benches[which].own_table) cli_table_begin(b->output, "", columns, sizeof columns / sizeof *columns);
        result = benches[which].run(b);
        if (!benches[which].own_table) cli_table_end(b->output);
        int written = cli_output_close(b->output);
        if (result == CLI_OK) result = written;
    }
    cli_scratch_end();
    free(b);
    return result;
}

const cli_command cmd_bench = {
    .name = "bench",
    .about = "Measure how fast the main jobs are here",
    .operands = "BENCHMARK [PATH...]",
    .least = 1,
    .description = "Does the work several times after one round that warms up, and prints the median, the extremes and the rate.\n\n"
                   "  encoder   --net's encoder alone, on random pixels: triplets a second, and what they come to of the machine's rate of\n"
                   "            multiplying float32 matrices, each convolution counted as plain sums\n"
                   "  gru       --net's sequence head alone, on random features of sequences of 5 to 40 steps\n"
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
    .examples = "epochal bench encoder --net taonet --size 64 --batch 8 --threads 2\n"
                "epochal bench alerts --model braai.safetensors alerts/*.avro\n"
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
