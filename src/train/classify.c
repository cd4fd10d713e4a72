/* SPDX-License-Identifier: BSD-3-Clause
 * classify.c - every object's sequence through encoder and GRU.
 *
 *     fill: metadata and raw pixels of one object (its own reading handle)
 *     work: one size, normalise, encode triplets of nights, GRU, softmax; or the encoder's own head on the middle triplet
 *     deliver: scores to the store and to the caller
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/threads.h"
#include "data/objects.h"
#include "data/sequence.h"
#include "epochal/calibrate.h"
#include "epochal/score.h"
#include "image/geometry.h"
#include "image/normalise.h"
#include "store/objects.h"
#include "store/results.h"
#include "store/store.h"
#include "train/engine.h"
#include "train/recorder.h"
#include "train/scoring.h"

typedef struct item {
    epo__sequence sequence;
    epo__pool texts;
    epo__object_row object;
    size_t triplets;
    double *probabilities;
    char error[512];   /* "" when it was classified */
    float *planes;     /* of overlapping triplets, one behind the other */
    float *turned;     /* the planes of all triplets, turned */
    double *mjds;      /* of their nights */
    size_t plane_room, turned_room, mjd_room;
} item;

typedef struct classifier {
    const epo_model *model;
    epo_head head;
    epo__normaliser normaliser;
    epo_store *reading;
    epo__recorder recorder;
    epo__object_cursor cursor;
    epo__engine **engines;       /* one a worker */
    epo__image_work *rooms;
    size_t class_count;
    int turns;                   /* of flips and quarter turns: 1 or 8 */
    int batch;                   /* triplets that go through the encoder together */
    epo_score_fn result;
    void *result_context;
    epo_score_summary *summary;
} classifier;

static void *item_make(void *context)
{
    classifier *c = context;
    item *it = epo__alloc(1, sizeof *it);
    if (it && !(it->probabilities = epo__alloc(c->class_count, sizeof *it->probabilities))) {
        free(it);
        it = NULL;
    }
    return it;
}

static void item_free(void *context, void *chunk)
{
    (void)context;
    item *it = chunk;
    if (!it) return;
    epo__sequence_free(&it->sequence);
    epo__pool_free(&it->texts);
    free(it->probabilities);
    free(it->planes);
    free(it->turned);
    free(it->mjds);
    free(it);
}

static void keep_error(item *it)
{
    snprintf(it->error, sizeof it->error, "%s", epo_error_message());
}

static epo_status item_fill(void *context, void *chunk, bool *end)
{
    classifier *c = context;
    item *it = chunk;
    int64_t id;
    epo_status status = epo__object_cursor_next(&c->cursor, c->reading, &id);
    *end = status == EPO_OK && id == 0;
    if (status != EPO_OK || *end) return status;
    it->error[0] = '\0';
    epo__pool_clear(&it->texts);
    status = epo__store_object_get(c->reading, id, &it->texts, &it->object);
    if (status != EPO_OK) return status;
    status = epo__sequence_fetch(c->reading, id, &it->sequence);
    if (status == EPO_EFORMAT) { /* a damaged stamp spoils its object only */
        keep_error(it);
        it->sequence.night_count = 0;
        return EPO_OK;
    }
    return status;
}

/* Planes and dates of `it->triplets` triplets, the first of which begins at night `first`, the others `stride` nights later each. Nights
 * that follow each other are left where they are. */
static epo_status lay_triplets(item *it, size_t first, size_t stride, size_t nights, size_t plane, float **planes)
{
    epo__sequence *s = &it->sequence;
    size_t floats;
    if (!epo__size_mul(it->triplets * nights, plane, &floats) || !epo__grow(&it->mjds, &it->mjd_room, it->triplets * nights, sizeof *it->mjds))
        return epo__nomem("dates");
    for (size_t t = 0; t < it->triplets; t++)
        for (size_t i = 0; i < nights; i++) it->mjds[t * nights + i] = s->nights[first + t * stride + i].mjd;
    *planes = s->planes + first * plane;
    if (stride == nights || it->triplets == 1) return EPO_OK;
    if (!epo__grow(&it->planes, &it->plane_room, floats, sizeof *it->planes)) return epo__nomem("triplets of a sequence");
    for (size_t t = 0; t < it->triplets; t++)
        memcpy(it->planes + t * nights * plane, s->planes + (first + t * stride) * plane, nights * plane * sizeof *it->planes);
    *planes = it->planes;
    return EPO_OK;
}

/* Under scope sequence the scale is that of all nights, also of those left over at the end, as in training; else triplets are
 * normalised each for itself. */
static epo_status make_triplets(classifier *c, item *it, int worker, float **planes)
{
    const epo__network *n = epo__model_network(c->model);
    epo__sequence *s = &it->sequence;
    size_t nights = (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, first = 0;
    bool whole = c->normaliser.scope == EPO_SCOPE_SEQUENCE;
    it->triplets = (s->night_count - nights) / (size_t)n->stride + 1;
    if (c->head == EPO_HEAD_TRIPLET) {
        first = (s->night_count - nights) / 2;
        it->triplets = 1;
    }
    epo_status status = epo__sequence_assemble(s, n->height, n->width);
    epo__image_block block = {.pixels = s->planes, .stamps = s->night_count, .planes = 1, .height = n->height, .width = n->width, .difference = -1};
    if (status == EPO_OK && whole) status = epo__normalise(&c->normaliser, &block, &c->rooms[worker]);
    if (status == EPO_OK) status = lay_triplets(it, first, (size_t)n->stride, nights, plane, planes);
    if (status != EPO_OK || whole) return status;
    block.pixels = *planes;
    block.stamps = it->triplets;
    block.planes = nights;
    return epo__normalise(&c->normaliser, &block, &c->rooms[worker]);
}

/* Adds to it->probabilities those of the planes under one flip and quarter turn. */
static epo_status add_turn(classifier *c, item *it, int worker, const float *planes, int turn)
{
    const epo__network *n = epo__model_network(c->model);
    size_t nights = it->triplets * (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, floats;
    double probabilities[EPO__MAX_CLASSES];
    if (turn) {
        if (!epo__size_mul(nights, plane, &floats) || !epo__grow(&it->turned, &it->turned_room, floats, sizeof *it->turned))
            return epo__nomem("turned triplets");
        for (size_t i = 0; i < nights; i++) epo__image_dihedral(planes + i * plane, n->height, n->width, it->turned + i * plane, turn);
        planes = it->turned;
    }
    epo_status status = c->head == EPO_HEAD_TRIPLET
                            ? epo__engine_run(c->engines[worker], 1, planes, probabilities)
                            : epo__engine_sequence(c->engines[worker], it->triplets, planes, it->mjds, probabilities);
    if (status == EPO_OK) status = epo__score_check(probabilities, c->class_count);
    for (size_t k = 0; status == EPO_OK && k < c->class_count; k++) it->probabilities[k] += probabilities[k] / c->turns;
    return status;
}

static epo_status classify_item(classifier *c, item *it, int worker)
{
    size_t nights = (size_t)epo__model_network(c->model)->planes;
    float *planes = NULL;
    if (it->sequence.night_count < nights)
        return epo__fail(EPO_EFORMAT, "object %s: %zu nights, and a sequence needs %zu", it->object.name, it->sequence.night_count, nights);
    epo_status status = make_triplets(c, it, worker, &planes);
    if (status == EPO_OK && !c->engines[worker]) {
        epo__nn_set_threads(1); /* workers run side by side, each on one thread */
        status = epo__engine_create(c->model, c->head, c->batch, &c->engines[worker]);
    }
    memset(it->probabilities, 0, c->class_count * sizeof *it->probabilities);
    for (int turn = 0; status == EPO_OK && turn < c->turns; turn++) status = add_turn(c, it, worker, planes, turn);
    if (status == EPO_OK) epo_temper(epo__model_temperature(c->model, c->head), it->probabilities, c->class_count);
    return status;
}

static epo_status item_work(void *context, void *chunk, int worker)
{
    item *it = chunk;
    if (it->error[0]) return EPO_OK;
    epo_status status = classify_item(context, it, worker);
    if (status == EPO_EFORMAT || status == EPO_EARG) { /* this object; anything else concerns all */
        keep_error(it);
        status = EPO_OK;
    }
    return status;
}

static epo_status item_deliver(void *context, void *chunk)
{
    classifier *c = context;
    item *it = chunk;
    const epo__network *n = epo__model_network(c->model);
    char *const *classes = n->heads[c->head].classes;
    bool bad = it->error[0] != '\0';
    epo_status status = bad ? EPO_OK : epo__recorder_ready(&c->recorder);
    for (size_t k = 0; !bad && status == EPO_OK && k < c->class_count; k++)
        status = epo__store_class_score_put(c->recorder.store, c->recorder.run, it->object.id, classes[k], it->probabilities[k]);
    if (status == EPO_OK) status = epo__recorder_settle(&c->recorder);
    if (status != EPO_OK) return status;
    epo_score score = {
        .id = it->object.name, .object = it->object.name, .class_given = it->object.class_name ? it->object.class_name : "",
        .mjd = it->sequence.night_count ? it->sequence.nights[0].mjd : NAN, .nights = (int)it->sequence.night_count,
        .triplets = bad ? 0 : (int)it->triplets, .score = NAN, .probabilities = bad ? NULL : it->probabilities,
        .class_count = bad ? 0 : c->class_count, .error = bad ? it->error : NULL,
    };
    return epo__score_report(&score, c->result, c->result_context, c->summary);
}

epo_status epo_classify_store(const epo_model *model, epo_store *store, const epo_score_options *options, epo_score_fn result, void *context,
                              epo_score_summary *out)
{
    *out = (epo_score_summary){0};
    const epo_score_options standard = EPO_SCORE_OPTIONS_INIT;
    if (!options) options = &standard;
    epo_head head = options->triplet_head ? EPO_HEAD_TRIPLET : EPO_HEAD_SEQUENCE;
    if (!epo__model_head(model, head)) return epo__fail(EPO_EMODEL, "the model has no %s head, so it cannot classify sequences with it", epo_head_name(head));
    const epo__network *n = epo__model_network(model);
    if (options->turns && n->height != n->width) return epo__fail(EPO_EARG, "%s: planes of %d x %d cannot be turned", n->name, n->height, n->width);
    int threads = epo__threads(options->threads);
    classifier c = {.model = model, .head = head, .class_count = n->heads[head].class_count, .turns = options->turns ? EPO_DIHEDRAL_COUNT : 1, .result = result,
                    .result_context = context, .summary = out};
    double start = epo__seconds();
    epo_status status = epo__score_batch(options, &c.batch);
    if (status == EPO_OK && epo__normaliser_parse(n->normalise ? n->normalise : "none", &c.normaliser) != EPO_OK)
        status = epo__fail_in(EPO_EMODEL, "%s", n->name);
    if (status == EPO_OK) status = epo__object_cursor_set(&c.cursor, options->split);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &c.reading);
    if (status == EPO_OK) status = epo__store_begin(c.reading); /* one consistent view to the end */
    c.engines = epo__alloc((size_t)threads, sizeof(epo__engine *));
    c.rooms = epo__alloc((size_t)threads, sizeof *c.rooms);
    if (status == EPO_OK && (!c.engines || !c.rooms)) status = epo__nomem("workers");
    if (status == EPO_OK) status = epo__recorder_start(&c.recorder, store, "classify", model, head, options, threads);
    if (status == EPO_OK) {
        epo__pipeline pipeline = {&c, item_make, item_free, item_fill, item_work, item_deliver};
        status = epo__pipeline_run(&pipeline, threads);
        out->seconds = epo__seconds() - start;
        out->run = c.recorder.run;
        status = epo__recorder_end(&c.recorder, status);
    }
    for (int i = 0; c.engines && c.rooms && i < threads; i++) {
        epo__engine_free(c.engines[i]);
        epo__image_work_free(&c.rooms[i]);
    }
    free(c.engines);
    free(c.rooms);
    epo_store_close(c.reading);
    return status;
}
