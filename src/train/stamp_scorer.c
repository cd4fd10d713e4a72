/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_scorer.c - an engine and its input for each worker. */
#include "train/stamp_scorer.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "epochal/calibrate.h"
#include "train/engine.h"
#include "train/passes.h"
#include "train/uncertainty.h"

typedef struct worker {
    epo__engine *engine; /* this or the other made by the worker's own thread, on its first run */
    epo__passes *passes;
    epo__stamp_room room;
    float *input;        /* batch x planes x height x width */
    uint64_t *keys;      /* of the stamps, by their pixels as they came; with passes */
    double *output;      /* batch x width */
} worker;

struct epo__stamp_scorer {
    const epo_model *model;
    epo__stamp_rule rule;
    int threads, batch, real;
    size_t classes, width, stamp_floats;
    int passes;          /* 0: one without dropout */
    uint64_t seed;
    worker *workers;

    /* of the score reported last, with passes */
    double *mean, *scores;
    epo_uncertainty uncertainty;
};

epo_status epo__stamp_scorer_create(const epo_model *model, const epo_score_options *options, int threads, int batch,
                                    epo__stamp_scorer **out)
{
    if (!epo__model_head(model, EPO_HEAD_STAMP))
        return epo__fail(EPO_EMODEL, "the model has no stamp head: it classifies sequences (epochal classify)");
    if (options->mc_passes) {
        epo_status status = epo__passes_check(model, EPO_HEAD_STAMP, options->mc_passes);
        if (status != EPO_OK) return status;
    }
    epo__stamp_scorer *s = epo__alloc(1, sizeof *s);
    if (!s) return epo__nomem("scorer");
    const epo__network *n = epo__model_network(model);
    s->model = model;
    s->threads = threads;
    s->batch = batch;
    s->real = epo__model_class_index(model, EPO_HEAD_STAMP, "real");
    s->classes = n->heads[EPO_HEAD_STAMP].class_count;
    s->passes = options->mc_passes;
    s->seed = options->seed;
    s->width = s->classes * (s->passes ? (size_t)s->passes : 1);
    s->stamp_floats = (size_t)n->planes * (size_t)n->height * (size_t)n->width;
    epo_status status = epo__stamp_rule_of(n, &s->rule);
    if (status == EPO_OK && !(s->workers = epo__alloc((size_t)threads, sizeof *s->workers))) status = epo__nomem("scorer");
    s->mean = epo__alloc(s->classes, sizeof *s->mean);
    s->scores = epo__alloc((size_t)s->passes, sizeof *s->scores);
    if (status == EPO_OK && (!s->mean || !s->scores)) status = epo__nomem("scorer");
    for (int i = 0; status == EPO_OK && i < threads; i++) {
        worker *w = &s->workers[i];
        w->input = epo__alloc_aligned(epo__product((size_t)batch, s->stamp_floats), sizeof *w->input);
        w->output = epo__alloc(epo__product((size_t)batch, s->width), sizeof *w->output);
        w->keys = epo__alloc((size_t)batch, sizeof *w->keys);
        if (!w->input || !w->output || !w->keys) status = epo__nomem("scorer");
    }
    if (status != EPO_OK) {
        epo__stamp_scorer_free(s);
        return status;
    }
    *out = s;
    return EPO_OK;
}

void epo__stamp_scorer_free(epo__stamp_scorer *s)
{
    if (!s) return;
    for (int i = 0; s->workers && i < s->threads; i++) {
        epo__engine_free(s->workers[i].engine);
        epo__passes_free(s->workers[i].passes);
        free(s->workers[i].keys);
        epo__stamp_room_free(&s->workers[i].room);
        free(s->workers[i].input);
        free(s->workers[i].output);
    }
    free(s->workers);
    free(s->mean);
    free(s->scores);
    free(s);
}

size_t epo__stamp_scorer_width(const epo__stamp_scorer *s)
{
    return s->width;
}

int epo__stamp_scorer_batch(const epo__stamp_scorer *s)
{
    return s->batch;
}

epo_status epo__stamp_scorer_put(epo__stamp_scorer *s, int number, int slot, const epo__plane_view *planes, size_t count)
{
    worker *w = &s->workers[number];
    if (s->passes) w->keys[slot] = epo__stamp_key(&s->rule, planes, count);
    return epo__stamp_input(&s->rule, planes, count, 0, &w->room, w->input + (size_t)slot * s->stamp_floats);
}

static epo_status run_network(epo__stamp_scorer *s, worker *w, int count)
{
    epo_status status = EPO_OK;
    epo__nn_set_threads(1); /* workers run side by side, each on one thread */
    if (s->passes) {
        if (!w->passes) status = epo__passes_create(s->model, EPO_HEAD_STAMP, s->passes, s->seed, &w->passes);
        return status == EPO_OK ? epo__passes_run(w->passes, (size_t)count, w->keys, w->input, w->output) : status;
    }
    if (!w->engine) status = epo__engine_create(s->model, EPO_HEAD_STAMP, s->batch, &w->engine);
    return status == EPO_OK ? epo__engine_run(w->engine, count, w->input, w->output) : status;
}

epo_status epo__stamp_scorer_run(epo__stamp_scorer *s, int number, int count, const double **rows)
{
    worker *w = &s->workers[number];
    *rows = w->output;
    if (count == 0) return EPO_OK;
    epo_status status = run_network(s, w, count);
    const double temperature = epo__model_temperature(s->model, EPO_HEAD_STAMP);
    for (size_t k = 0; status == EPO_OK && k < (size_t)count * s->width; k += s->classes) epo_temper(temperature, w->output + k, s->classes);
    return status;
}

void epo__stamp_scorer_report(epo__stamp_scorer *s, const double *row, epo_score *score)
{
    score->probabilities = row;
    score->class_count = s->classes;
    if (s->passes) {
        epo__uncertainty_of(row, (size_t)s->passes, s->classes, s->real, s->mean, s->scores, &s->uncertainty);
        score->probabilities = s->mean;
        score->uncertainty = &s->uncertainty;
    }
    score->score = s->real < 0 ? (double)NAN : score->probabilities[s->real];
}
