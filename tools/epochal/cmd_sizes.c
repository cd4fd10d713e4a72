/* SPDX-License-Identifier: BSD-3-Clause
 * cmd_sizes.c - epochal sizes: how good a network gets with how much to learn from, or with how large stamps. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "epochal/sizes.h"
#include "message.h"
#include "output.h"
#include "scores.h"
#include "training.h"

typedef struct sizes_options {
    cli_training training; /* first: the rows of training.h place into it */
    const char *sizes, *sides;
} sizes_options;

_Static_assert(offsetof(sizes_options, training) == 0, "CLI_TRAINING_PLACE counts from the beginning");

#define PLACE(member) .place = offsetof(sizes_options, member)
static const cli_option options[] = {
    CLI_OPTION_DB(true),
    {.name = "sizes",
     .kind = CLI_TEXT,
     .argument = "A,B,...",
     PLACE(sizes),
     .help = "shares of the training part, as 0.1,0.2,0.5,1"},
    {.name = "sides",
     .kind = CLI_TEXT,
     .argument = "A,B,...",
     PLACE(sides),
     .help = "or sides of the stamps in pixels, as 16,24,32,48: the network's input gets this side, and stamps are "
             "cropped to it"},
    {.name = "net",
     .kind = CLI_TEXT,
     .argument = "FILE",
     CLI_TRAINING_PLACE(net),
     .needed = true,
     .help = "network text, or its name"},
    {.name = "task",
     .kind = CLI_TEXT,
     .argument = "TASK",
     .standard = "multiclass",
     CLI_TRAINING_PLACE(task),
     .help = "multiclass, realbogus, transient-vs-non, sn-vs-non, or groups of classes, CLASS,CLASS:CLASS,..."},
    {.name = "stage",
     .kind = CLI_TEXT,
     .argument = "STAGE",
     .standard = "all",
     CLI_TRAINING_PLACE(stage),
     .help = "encoder, sequence, joint, or all of them; realbogus has one stage"},
    {.name = "from",
     .kind = CLI_TEXT,
     .argument = "FILE",
     CLI_TRAINING_PLACE(from),
     .help = "weights to start from, an earlier stage's for instance; not with --sides"},
    CLI_TRAINING_OPTIONS("0.001", "30"),
    CLI_OPTIONS_LAST,
};

static const cli_column by_size[] = {{.name = "size", .number = true},
                                     {.name = "objects", .number = true},
                                     {.name = "train_accuracy", .number = true},
                                     {.name = "validation_accuracy", .number = true},
                                     {.name = "delta_accuracy", .number = true},
                                     {.name = "f1", .number = true},
                                     {.name = "mcc", .number = true},
                                     {.name = "run", .number = true},
                                     {.name = "split"},
                                     {.name = "out"}};

static epo_status print_row(void *context, const epo_sizes_row *row)
{
    cli_output *output = context;
    if (row->side)
        cli_put_int(output, row->side);
    else
        cli_put_real(output, row->fraction);
    cli_put_int(output, row->objects);
    cli_put_score(output, row->train_accuracy);
    cli_put_score(output, row->validation_accuracy);
    cli_put_score(output, row->delta_accuracy);
    cli_put_score(output, row->f1);
    cli_put_score(output, row->mcc);
    cli_put_int(output, row->run);
    cli_put_text(output, row->split);
    cli_put_text(output, row->out);
    cli_row_end(output);
    cli_detail("%s: trained in %.0f s", row->out, row->seconds);
    return cli_output_failed(output) ? EPO_ECANCELLED : EPO_OK;
}

/* "0.1,0.2" as numbers; their count, 0 for what is none. */
static size_t read_list(const char *text, double *values)
{
    size_t count = 0;
    for (const char *at = text;; at++) {
        char *end;
        if (count == EPO_SIZES_MAX) return 0;
        values[count] = strtod(at, &end);
        if (end == at || (*end && *end != ',')) return 0;
        count++;
        if (!*end) return count;
        at = end;
    }
}

static int train_all(const cli_call *call, const epo_sizes_options *sizes)
{
    const sizes_options *o = call->options;
    const epo_train_options train = cli_train_options(call, &o->training);
    epo_store *store = NULL;
    int64_t run = 0;
    int result = cli_store_open(call, EPO_STORE_WRITE, &store);
    if (result != CLI_OK) return result;
    cli_output *output = cli_output_open(o->training.common.output, false);
    result = output ? CLI_OK : CLI_FAILED;
    if (output) {
        cli_column columns[sizeof by_size / sizeof *by_size];
        memcpy(columns, by_size, sizeof by_size);
        if (sizes->sides) columns[0].name = "side";
        cli_table_begin(output, "", columns, sizeof by_size / sizeof *by_size);
        epo_status status = epo_train_sizes(store, &train, sizes, print_row, output, &run);
        if (status == EPO_OK) cli_table_end(output);
        result = status == EPO_OK     ? CLI_OK
                 : status == EPO_EARG ? cli_usage(call->command, "%s", epo_error_message())
                                      : cli_failed(status);
        const int closed = cli_output_close(output);
        if (result == CLI_OK) result = closed;
    }
    if (result == CLI_OK) cli_note("run %lld keeps these as curves", (long long)run);
    epo_store_close(store);
    return result;
}

static int run(const cli_call *call)
{
    const sizes_options *o = call->options;
    double values[EPO_SIZES_MAX];
    int sides[EPO_SIZES_MAX];
    epo_sizes_options sizes = {0};
    if (!o->sizes == !o->sides)
        return cli_usage(call->command, "--sizes A,B,... or --sides A,B,... is needed, and not both");
    sizes.count = read_list(o->sizes ? o->sizes : o->sides, values);
    if (sizes.count == 0)
        return cli_usage(call->command, "'%s' is no list of 1 to %d numbers", o->sizes ? o->sizes : o->sides,
                         EPO_SIZES_MAX);
    for (size_t i = 0; i < sizes.count; i++) {
        sides[i] = values[i] >= 1 && values[i] <= 1 << 20 ? (int)values[i] : 0;
        if (o->sides && !(values[i] >= 1 && values[i] <= 1 << 20 && sides[i] == values[i]))
            return cli_usage(call->command, "a side of %g pixels", values[i]);
    }
    if (o->sizes)
        sizes.fractions = values;
    else
        sizes.sides = sides;
    return train_all(call, &sizes);
}

const cli_command cmd_sizes = {
    .name = "sizes",
    .about = "Train on growing parts of the data, or growing stamps: learning curves and over-fitting",
    .description = "One training for each of --sizes, or --sides, with the options of epochal train; nothing else "
                   "changes. A row each: objects to\n"
                   "learn from, accuracy on them and on the validation part, delta_accuracy, the first less the second "
                   "(O'TRAIN's measure of\n"
                   "over-fitting), and f1 and mcc of the validation part. f1 is, of sequences, the mean of the "
                   "classes' max F1, of stamps that of\n"
                   "real at 0.5.\n\n"
                   "Smaller parts are in the larger ones, have each class in the same share, and fields stay whole; "
                   "validation and test are the\n"
                   "same for all. They are kept as splits (main-0.1-seed1), and trainings and scores as ordinary runs: "
                   "epochal evaluate knows\n"
                   "them, on the test part as well. --out rb.safetensors gives rb-0.1.safetensors and so on. Epochs "
                   "are passes over what there\n"
                   "is to learn from, so a smaller part gets fewer steps.",
    .examples = "epochal sizes --db rb.db --split main --net braai --task realbogus --sizes 0.1,0.2,0.5,1 --out "
                "rb.safetensors\n"
                "# how much sky a candidate needs\n"
                "epochal sizes --db rb.db --split main --net otrain --task realbogus --sides 16,24,32,48 --out "
                "rb.safetensors -o csv\n"
                "# the smallest one on the test part\n"
                "epochal score --db rb.db --model rb-0.1.safetensors --split main:test\n"
                "epochal evaluate --db rb.db --model rb-0.1.safetensors --split main:test",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(sizes_options),
    .run = run,
};
