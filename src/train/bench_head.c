/* SPDX-License-Identifier: BSD-3-Clause
 * bench_head.c - the sequence head against the clock, through the plan that classify runs and the learner that train
 * runs. */
#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/threads.h"
#include "epochal/bench.h"
#include "nn/optimiser.h"
#include "train/learner.h"

enum { WARM_UP = 2, MOST_SEQUENCES = 65536 };

typedef struct work {
    epo_model *model;
    epo__net *net;
    size_t count, steps;
    const int *lengths;
    int *labels;
    float *features, *out;
} work;

static epo_status fill(work *w, size_t classes)
{
    size_t width = (size_t)epo__net_in(w->net).channels, floats;
    epo__rng rng = {.seed = 1, .stream = epo__rng_stream("bench_head")};
    if (!epo__size_mul(w->steps, width, &floats)) return epo__fail(EPO_ELIMIT, "%zu steps are too many", w->steps);
    w->features = epo__alloc_aligned(floats, sizeof *w->features);
    w->out = epo__alloc(epo__product(w->count, (size_t)epo__net_out(w->net).channels), sizeof *w->out);
    w->labels = epo__alloc(w->count, sizeof *w->labels);
    if (!w->features || !w->out || !w->labels) return epo__nomem("sequences");
    for (size_t i = 0; i < floats; i++) w->features[i] = (float)epo__rng_normal(&rng);
    for (size_t i = 0; i < w->count; i++) w->labels[i] = (int)(i % classes);
    return EPO_OK;
}

static epo_status time_forward(const work *w, int rounds, double *seconds)
{
    epo__plan *plan = NULL;
    epo_status status = epo__plan_create(w->net, (int)w->count, &plan);
    for (int i = -WARM_UP; i < rounds && status == EPO_OK; i++) {
        double from = epo__seconds();
        status = epo__plan_run_sequences(plan, (int)w->count, w->lengths, w->features, w->out);
        if (i >= 0) seconds[i] = epo__seconds() - from;
    }
    epo__plan_destroy(plan);
    return status;
}

static epo_status take_step(const work *w, epo__learner *learner, epo__optimiser *optimiser, uint64_t step)
{
    const epo__supply_batch none = {0};
    const epo__supply_batch batch = {
        .count = w->count, .triplets = w->steps, .lengths = w->lengths, .labels = w->labels, .features = w->features};
    double loss;
    epo__net_zero_gradients(w->net);
    epo_status status = epo__learner_step(learner, step, &batch, &none, &loss);
    if (status == EPO_OK) epo__optimiser_step(optimiser, 0);
    return status;
}

static epo_status time_training(const work *w, int rounds, double *seconds)
{
    epo__learner *learner = NULL;
    epo__optimiser *optimiser = NULL;
    uint64_t step = 0;
    epo__learner_options options = {.stage = EPO__STAGE_SEQUENCE,
                                    .batch = (int)w->count,
                                    .triplets = w->steps,
                                    .seed = 1};
    epo_status status = epo__net_want_gradients(w->net, epo_head_name(EPO_HEAD_SEQUENCE), NULL, NULL);
    if (status == EPO_OK) status = epo__learner_create(w->model, &options, &learner);
    if (status == EPO_OK) status = epo__optimiser_create(&EPO__OPTIMISER_ADAM, &optimiser);
    if (status == EPO_OK) status = epo__optimiser_add(optimiser, w->net, epo_head_name(EPO_HEAD_SEQUENCE));
    for (int i = -WARM_UP; i < rounds && status == EPO_OK; i++) {
        double from = epo__seconds();
        status = take_step(w, learner, optimiser, step++);
        if (i >= 0) seconds[i] = epo__seconds() - from;
    }
    epo__optimiser_destroy(optimiser);
    epo__learner_free(learner);
    epo__net_drop_gradients(w->net);
    return status;
}

epo_status epo_bench_head(epo_model *model, const int *lengths, size_t count, int threads, int rounds, double *forward,
                          double *training)
{
    work w = {.model = model, .net = epo__model_head(model, EPO_HEAD_SEQUENCE), .count = count, .lengths = lengths};
    const epo__network *network = epo__model_network(model);
    if (!w.net) return epo__fail(EPO_EMODEL, "the network %s has no sequence head", network->name);
    if (count < 1 || count > MOST_SEQUENCES)
        return epo__fail(EPO_EARG, "%zu sequences are not 1 to %d", count, MOST_SEQUENCES);
    if (rounds < 1) return epo__fail(EPO_EARG, "%d rounds are too few", rounds);
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] < 1) return epo__fail(EPO_EARG, "sequence %zu has %d steps", i, lengths[i]);
        w.steps += (size_t)lengths[i];
    }
    if (w.steps > INT_MAX) return epo__fail(EPO_ELIMIT, "%zu steps are too many", w.steps);
    int before = epo__nn_threads();
    epo__nn_set_threads(epo__threads(threads));
    epo_status status = fill(&w, network->heads[EPO_HEAD_SEQUENCE].class_count);
    if (status == EPO_OK && forward) status = time_forward(&w, rounds, forward);
    if (status == EPO_OK && training) status = time_training(&w, rounds, training);
    epo__nn_set_threads(before);
    free(w.features);
    free(w.out);
    free(w.labels);
    return status;
}
