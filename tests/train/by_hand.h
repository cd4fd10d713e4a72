/* SPDX-License-Identifier: BSD-3-Clause
 * by_hand.h - what the tests of train share: a model from a text, results remembered, and a network run on planes that the
 * test prepared itself. */
#ifndef EPO_TESTS_TRAIN_BY_HAND_H
#define EPO_TESTS_TRAIN_BY_HAND_H

#include <math.h>
#include <stdlib.h>

#include "arch/model.h"
#include "epochal/score.h"
#include "nn/net.h"
#include "support/check.h"

enum { MOST_RESULTS = 1024, MOST_CLASSES = 8 };

typedef struct one_result {
    char id[256], object[256], class_given[64], error[512]; /* error "" for none */
    double mjd, score, probabilities[MOST_CLASSES];
    int nights, triplets;
    size_t class_count;
} one_result;

typedef struct results {
    one_result *all;
    size_t count, stop_at; /* stop_at: the number of results after which to stop; 0: never */
    epo_score_summary summary;
} results;

static inline epo_status remember_result(void *context, const epo_score *score)
{
    results *r = context;
    if (!r->all) r->all = calloc(MOST_RESULTS, sizeof *r->all);
    assert_non_null(r->all);
    assert_true(r->count < MOST_RESULTS);
    one_result *one = &r->all[r->count++];
    snprintf(one->id, sizeof one->id, "%s", score->id);
    snprintf(one->object, sizeof one->object, "%s", score->object);
    snprintf(one->class_given, sizeof one->class_given, "%s", score->class_given);
    snprintf(one->error, sizeof one->error, "%s", score->error ? score->error : "");
    one->mjd = score->mjd;
    one->score = score->score;
    one->nights = score->nights;
    one->triplets = score->triplets;
    one->class_count = score->class_count;
    assert_true(score->class_count <= MOST_CLASSES);
    assert_true(score->error ? !score->probabilities && score->class_count == 0 : score->probabilities != NULL);
    for (size_t k = 0; k < score->class_count; k++) one->probabilities[k] = score->probabilities[k];
    return r->stop_at && r->count == r->stop_at ? EPO_ECANCELLED : EPO_OK;
}

static inline void results_clear(results *r)
{
    free(r->all);
    *r = (results){0};
}

/* A model with random weights, written to `path` and read back, so that it has a SHA-256. */
static inline epo_model *model_of(const char *text, const char *path, uint64_t seed)
{
    char net[1024];
    epo_model *model = NULL;
    snprintf(net, sizeof net, "%s.net", path);
    write_file(net, text, strlen(text));
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = net;
    options.seed = seed;
    check_ok(epo_model_create(&options, &model));
    check_ok(epo_model_save(model, path));
    epo_model_free(model);
    check_ok(epo_model_load(path, NULL, &model));
    return model;
}

/* What the encoder makes of one input of the stamp's planes, ready to be the input of a head. `features` has room for all of
 * it; returns how many there are. Planes lie one behind the other, normalised, height x width each. */
static inline size_t encode_by_hand(const epo_model *model, const float *planes, float *features)
{
    const epo__network *n = epo__model_network(model);
    epo__net *encoder = epo__model_encoder(model);
    size_t plane = (size_t)n->height * (size_t)n->width, length = (size_t)epo__net_out(encoder).channels;
    size_t runs = n->late_fusion ? (size_t)n->planes : 1;
    float *side_by_side = malloc((size_t)n->planes * plane * sizeof *side_by_side);
    assert_non_null(side_by_side);
    memcpy(side_by_side, planes, (size_t)n->planes * plane * sizeof *planes);
    for (int p = 0; n->join_horizontal && p < n->planes; p++)
        for (int y = 0; y < n->height; y++)
            for (int x = 0; x < n->width; x++)
                side_by_side[y * n->planes * n->width + p * n->width + x] = planes[(p * n->height + y) * n->width + x];
    for (size_t i = 0; i < runs; i++) {
        epo__plan *plan = NULL;
        check_ok(epo__plan_create(encoder, 1, &plan));
        check_ok(epo__plan_run(plan, 1, side_by_side + i * plane, features + i * length));
        epo__plan_destroy(plan);
    }
    free(side_by_side);
    return runs * length;
}

static inline void check_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance)) fail_msg("%.9g is not %.9g", found, expected);
}

#endif
