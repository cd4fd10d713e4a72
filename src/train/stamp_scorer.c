/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_scorer.c - an engine and its input for each worker. */
#include "train/stamp_scorer.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "epochal/calibrate.h"
#include "train/engine.h"

typedef struct worker {
    epo__engine *engine; /* made by the worker's own thread, on its first run */
    epo__stamp_room room;
    float *input;        /* batch x planes x height x width */
    double *output;      /* batch x classes */
} worker;

struct epo__stamp_scorer {
    const epo_model *model;
    epo__stamp_rule rule;
    int threads, batch, real;
    size_t classes, stamp_floats;
    worker *workers;
};

epo_status epo__stamp_scorer_create(const epo_model *model, int threads, int batch, epo__stamp_scorer **out)
{
    if (!epo__model_head(model, EPO_HEAD_STAMP))
        return epo__fail(EPO_EMODEL, "the model has no stamp head: it classifies sequences (epochal classify)");
    epo__stamp_scorer *s = epo__alloc(1, sizeof *s);
    if (!s) return epo__nomem("scorer");
    const epo__network *n = epo__model_network(model);
    s->model = model;
    s->threads = threads;
    s->batch = batch;
    s->real = epo__model_class_index(model, EPO_HEAD_STAMP, "real");
    s->classes = n->heads[EPO_HEAD_STAMP].class_count;
    s->stamp_floats = (size_t)n->planes * (size_t)n->height * (size_t)n->width;
    epo_status status = epo__stamp_rule_of(n, &s->rule);
    if (status == EPO_OK && !(s->workers = epo__alloc((size_t)threads, sizeof *s->workers))) status = epo__nomem("scorer");
    for (int i = 0; status == EPO_OK && i < threads; i++) {
        worker *w = &s->workers[i];
        w->input = epo__alloc_aligned((size_t)batch * s->stamp_floats, sizeof *w->input);
        w->output = epo__alloc((size_t)batch * s->classes, sizeof *w->output);
        if (!w->input || !w->output) status = epo__nomem("scorer");
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
        epo__stamp_room_free(&s->workers[i].room);
        free(s->workers[i].input);
        free(s->workers[i].output);
    }
    free(s->workers);
    free(s);
}

size_t epo__stamp_scorer_classes(const epo__stamp_scorer *s)
{
    return s->classes;
}

int epo__stamp_scorer_batch(const epo__stamp_scorer *s)
{
    return s->batch;
}

epo_status epo__stamp_scorer_put(epo__stamp_scorer *s, int number, int slot, const epo__plane_view *planes, size_t count)
{
    worker *w = &s->workers[number];
    return epo__stamp_input(&s->rule, planes, count, 0, &w->room, w->input + (size_t)slot * s->stamp_floats);
}

epo_status epo__stamp_scorer_run(epo__stamp_scorer *s, int number, int count, const double **probabilities)
{
    worker *w = &s->workers[number];
    *probabilities = w->output;
    if (count == 0) return EPO_OK;
    if (!w->engine) {
        epo__nn_set_threads(1); /* workers run side by side, each on one thread */
        epo_status status = epo__engine_create(s->model, EPO_HEAD_STAMP, s->batch, &w->engine);
        if (status != EPO_OK) return status;
    }
    epo_status status = epo__engine_run(w->engine, count, w->input, w->output);
    const double temperature = epo__model_temperature(s->model, EPO_HEAD_STAMP);
    for (size_t i = 0; status == EPO_OK && i < (size_t)count; i++) epo_temper(temperature, w->output + i * s->classes, s->classes);
    return status;
}

double epo__stamp_scorer_real(const epo__stamp_scorer *s, const double *probabilities)
{
    return s->real < 0 ? (double)NAN : probabilities[s->real];
}
