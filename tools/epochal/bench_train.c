/* SPDX-License-Identifier: BSD-3-Clause
 * bench_train.c - epochal bench train: steps of a real training, on a small simulated survey in a folder of its own.
 *
 * The training says when a step is over, so the time between two steps of an epoch is that of one step with all that
 * belongs to it, loading too. An epoch's first step warms up, and the validation after its last is outside. When there
 * are enough, the training is cancelled. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "epochal/model.h"
#include "epochal/simulate.h"
#include "epochal/split.h"
#include "epochal/system.h"
#include "epochal/train.h"
#include "message.h"
#include "scratch.h"

/* Of objects to train on: some give no triplet, since they have too few nights; many take long to simulate. */
enum {
    SPARE_STEPS = 3,
    MOST_OBJECTS = 2048,
    LEAST_STEPS = 4,
    OBJECTS_VALIDATION = 12,
    LEAST_SIDE = 16,
    MOST_BATCH = 256
};

typedef struct training {
    bench *b;
    int epoch;    /* of the last step seen; 0: none */
    double since; /* when it was over */
} training;

static epo_status note_step(void *context, const epo_train_event *event)
{
    training *t = context;
    bench *b = t->b;
    double now = cli_bench_seconds();
    if (event->batch == event->batches) return EPO_OK; /* with validation */
    if (event->epoch == t->epoch) b->times[b->rounds++] = now - t->since;
    t->epoch = event->epoch;
    t->since = now;
    return b->rounds == (size_t)b->options->rounds ? EPO_ECANCELLED : EPO_OK;
}

/* "SN=1,CV=1": as many objects of each class that the head knows. */
static void class_shares(const epo_head_info *head, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < head->class_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s=1", i ? "," : "", head->classes[i]);
}

/* A store with objects of the network's classes and size, and a split of it. */
static epo_status make_store(const bench *b, const epo_model_info *info, const char *path, epo_store **store)
{
    const bench_options *o = b->options;
    char classes[1024];
    int steps = MOST_OBJECTS / b->batch > LEAST_STEPS ? MOST_OBJECTS / b->batch : LEAST_STEPS;
    if (o->rounds + SPARE_STEPS < steps) steps = o->rounds + SPARE_STEPS;
    double objects = (double)steps * b->batch;
    int side = info->height > info->width ? info->height : info->width;
    class_shares(&info->heads[EPO_HEAD_TRIPLET], classes, sizeof classes);
    epo_simulate_options simulate = EPO_SIMULATE_OPTIONS_INIT;
    simulate.objects = (uint64_t)objects + OBJECTS_VALIDATION;
    simulate.classes = classes;
    simulate.nights = 10;
    simulate.visits = 1;
    simulate.side = side > LEAST_SIDE ? side : LEAST_SIDE;
    simulate.threads = o->common.threads;
    epo_split_options split = EPO_SPLIT_OPTIONS_INIT;
    split.name = "bench";
    split.by = EPO_SPLIT_BY_OBJECT;
    split.fractions[1] = OBJECTS_VALIDATION / (objects + OBJECTS_VALIDATION);
    split.fractions[0] = 1 - split.fractions[1];
    split.fractions[2] = 0;
    epo_simulate_summary simulated;
    epo_split_table table = {0};
    epo_status status = epo_store_open(path, EPO_STORE_CREATE, store);
    if (status == EPO_OK) status = epo_simulate(*store, &simulate, NULL, NULL, &simulated);
    if (status == EPO_OK) status = epo_split(*store, &split, &table);
    epo_split_table_free(&table);
    return status;
}

static epo_status take_steps(bench *b, epo_store *store)
{
    char out[600];
    cli_scratch_path("bench.safetensors", out, sizeof out);
    epo_train_options train = EPO_TRAIN_OPTIONS_INIT;
    train.net = b->options->net;
    train.split = "bench";
    train.stage = "encoder";
    train.out = out;
    train.epochs = 100000;
    train.patience = 0;
    train.balance = false;
    train.batch = b->batch;
    train.precision = b->options->common.precision;
    train.threads = b->options->common.threads;
    train.command_line = b->call->command_line;
    training t = {.b = b};
    epo_train_summary summary;
    epo_status status = epo_train(store, &train, note_step, &t, &summary);
    return status == EPO_ECANCELLED && b->rounds == (size_t)b->options->rounds ? EPO_OK : status;
}

static epo_status print(bench *b, const epo_model_info *info)
{
    double macs = (double)(info->encoder_macs + info->heads[EPO_HEAD_TRIPLET].macs), rate;
    epo_status status = epo_system_matrix_rate(b->options->common.threads, &rate);
    if (status != EPO_OK) return status;
    cli_bench_rounds(b, b->batch, "triplets/s"); /* sorts the times */
    double flops = 3 * 2 * macs * b->batch / b->times[b->rounds / 2];
    cli_bench_measure(b, "work", 3 * 2 * macs * 1e-9, "Gflop a triplet");
    cli_bench_measure(b, "matrix rate", rate * 1e-9, "Gflop/s");
    cli_bench_measure(b, "share of it", 100 * flops / rate, "%");
    return EPO_OK;
}

static int train_in(bench *b, const epo_model_info *info)
{
    epo_store *store = NULL;
    char path[600];
    cli_scratch_path("bench.db", path, sizeof path);
    epo_status status = make_store(b, info, path, &store);
    if (status == EPO_OK) status = take_steps(b, store);
    epo_store_close(store);
    if (status == EPO_OK) status = print(b, info);
    return status == EPO_OK ? CLI_OK : cli_failed(status);
}

int cli_bench_train(bench *b)
{
    const bench_options *o = b->options;
    if (b->path_count > 0) return cli_usage(b->call->command, "train takes no PATH");
    const char *precision = o->common.precision;
    if (strcmp(precision, "f32") != 0 && strcmp(precision, "bf16") != 0)
        return cli_usage(b->call->command, "train takes --precision f32 or bf16, as the command train does");
    b->batch = o->batch ? o->batch : BENCH_BATCH;
    if (b->batch > MOST_BATCH) return cli_usage(b->call->command, "--batch takes 1 to %d", MOST_BATCH);
    epo_model *model = NULL;
    epo_model_options random = EPO_MODEL_OPTIONS_INIT;
    random.net = o->net;
    epo_status status = epo_model_create(&random, &model);
    if (status != EPO_OK) return cli_failed(status);
    epo_model_info info;
    epo_model_get_info(model, &info);
    cli_bench_about(b, &info, b->batch, precision);
    int result = CLI_OK;
    if (!info.heads[EPO_HEAD_TRIPLET].present)
        result =
            cli_usage(b->call->command, "%s has no triplet head, which is what the encoder is trained with", info.name);
    else if ((result = cli_scratch_begin()) == CLI_OK)
        result = train_in(b, &info);
    cli_scratch_end();
    epo_model_free(model);
    return result;
}
