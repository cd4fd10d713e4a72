/* SPDX-License-Identifier: BSD-3-Clause
 * training.c - running a training for `train` and `finetune`: a row an epoch on stdout. */
#include "training.h"

#include <math.h>
#include <stdio.h>

#include "message.h"
#include "output.h"
#include "scores.h"

static const cli_column columns[] = {
    {.name = "stage"},
    {.name = "epoch", .number = true},
    {.name = "loss", .number = true},
    {.name = "validation_loss", .number = true},
    {.name = "validation_accuracy", .number = true},
    {.name = "rate", .number = true},
    {.name = "best"},
};

typedef struct watch {
    cli_output *output;
    int epoch;
    const char *stage;
} watch;

static epo_status print_event(void *context, const epo_train_event *event)
{
    watch *w = context;
    if (event->batch < event->batches) {
        cli_progress(event->batch);
        return EPO_OK;
    }
    cli_put_text(w->output, event->stage);
    cli_put_int(w->output, event->epoch);
    cli_put_score(w->output, event->loss);
    cli_put_score(w->output, event->validation_loss);
    cli_put_score(w->output, event->validation_accuracy);
    cli_put_real(w->output, event->rate);
    cli_put_text(w->output, event->best ? "best" : "");
    cli_row_end(w->output);
    return EPO_OK;
}

static void print_summary(const cli_training *o, const epo_train_summary *s)
{
    const double mebibyte = 1 << 20;
    char validation[80] = "";
    if (!isnan(s->validation_loss))
        snprintf(validation, sizeof validation, ", validation loss %.4f, accuracy %.4f", s->validation_loss, s->validation_accuracy);
    cli_note("%s: written%s; %llu steps in %.0f s; memory: %.0f MiB for the supply of batches (--memory %d), %.0f MiB for the network and everything else",
             o->out, validation, (unsigned long long)s->steps, s->seconds, (double)s->memory_supply / mebibyte, o->memory,
             (double)(s->memory_peak - s->memory_supply) / mebibyte);
}

const char *cli_training_precision_word(size_t index, const char **about)
{
    return index < 2 ? cli_precision_word(index, about) : NULL; /* f32 and bf16 are the first */
}

epo_train_options cli_train_options(const cli_call *call, const cli_training *o)
{
    epo_train_options train = EPO_TRAIN_OPTIONS_INIT;
    train.net = o->net;
    train.from = o->from;
    train.split = o->split;
    train.task = o->task;
    train.stage = o->stage;
    train.with_realbogus = o->with_realbogus;
    train.freeze = o->freeze;
    train.out = o->out;
    train.checkpoint = o->checkpoint;
    train.resume = o->resume;
    train.optimiser = o->optimiser;
    train.rate = o->rate;
    train.decay = o->decay;
    train.momentum = o->momentum;
    train.schedule = o->schedule;
    train.schedule_epochs = o->schedule_epochs;
    train.schedule_factor = o->schedule_factor;
    train.precision = o->common.precision;
    train.warmup = o->warmup;
    train.clip = o->clip;
    train.smoothing = o->smoothing;
    train.class_weights = o->class_weights;
    train.epochs = o->epochs;
    train.batch = o->batch;
    train.last = o->last;
    train.patience = o->patience;
    train.checkpoint_steps = o->checkpoint_steps;
    train.balance = !o->no_balance;
    train.turns = !o->no_turns;
    train.peak_nights = o->peak_nights;
    train.nights = o->nights;
    train.stride = o->stride;
    train.keep_statistics = o->keep_statistics;
    train.variants = o->variants;
    train.seed = o->common.seed;
    train.threads = o->common.threads;
    train.memory = (size_t)o->memory << 20;
    train.command_line = call->command_line;
    return train;
}

int cli_train(const cli_call *call, const cli_training *o)
{
    const epo_train_options train = cli_train_options(call, o);
    epo_store *store = NULL;
    epo_train_summary summary = {0};
    watch w = {0};
    (void)cli_precision(call); /* for its note */
    int result = cli_store_open(call, EPO_STORE_WRITE, &store);
    if (result == CLI_OK && !(w.output = cli_output_open(o->common.output, false))) result = CLI_FAILED;
    if (result == CLI_OK) {
        cli_table_begin(w.output, "", columns, sizeof columns / sizeof *columns);
        cli_progress_begin("steps", 0);
        const epo_status status = epo_train(store, &train, print_event, &w, &summary);
        cli_progress_end();
        cli_table_end(w.output);
        result = status == EPO_OK ? CLI_OK : cli_failed(status);
        int closed = cli_output_close(w.output);
        if (result == CLI_OK) result = closed;
    }
    if (result == CLI_OK) print_summary(o, &summary);
    epo_store_close(store);
    return result;
}
