/* SPDX-License-Identifier: BSD-3-Clause
 * classify.c - every object's sequence through encoder and GRU.
 *
 *     fill: metadata and raw pixels of one object (its own reading handle), and features of it that are kept
 *     work: one size, normalise, encode triplets of nights, GRU, softmax; or the encoder's own head on the middle triplet
 *     deliver: scores to the store and to the caller, features to the store
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pipeline.h"
#include "base/rng.h"
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
#include "train/encodings.h"
#include "train/engine.h"
#include "train/passes.h"
#include "train/recorder.h"
#include "train/scoring.h"
#include "train/triplets.h"
#include "train/uncertainty.h"

typedef struct item {
    epo__sequence sequence;
    epo__pool texts;
    epo__object_row object;
    epo__triplets triplets;
    double *row, *turn; /* class probabilities, pass by pass where there are passes; and under one turn */
    char error[512];    /* "" when it was classified */
    float *turned;      /* the planes of all triplets, turned */
    size_t turned_room;
    epo__sequence_features *features; /* turn by turn */
    double *mean, *scores; /* of the passes */
    epo_uncertainty uncertainty;
} item;

typedef struct classifier {
    const epo_model *model;
    epo_head head;
    epo__normaliser normaliser;
    epo_store *reading;
    epo__recorder recorder;
    epo__encodings encodings;
    epo__object_cursor cursor;
    epo__engine **engines;       /* one a worker */
    epo__passes **dropping;      /* or one of these */
    epo__image_work *rooms;
    size_t class_count, width;   /* of an item's row */
    int passes;                  /* with dropout; 0: one without */
    uint64_t seed;
    int turns;                   /* of flips and quarter turns: 1 or 8 */
    int batch;                   /* triplets that go through the encoder together */
    epo__score_receiver receiver;
} classifier;

static void item_free(void *context, void *chunk)
{
    const classifier *c = context;
    item *it = chunk;
    if (!it) return;
    for (int turn = 0; it->features && turn < c->turns; turn++) free(it->features[turn].encoding.features);
    free(it->features);
    epo__sequence_free(&it->sequence);
    epo__pool_free(&it->texts);
    epo__triplets_free(&it->triplets);
    free(it->row);
    free(it->turn);
    free(it->turned);
    free(it->mean);
    free(it->scores);
    free(it);
}

static void *item_make(void *context)
{
    classifier *c = context;
    item *it = epo__alloc(1, sizeof *it);
    if (!it) return NULL;
    it->row = epo__alloc(c->width, sizeof *it->row);
    it->turn = epo__alloc(c->width, sizeof *it->turn);
    it->mean = epo__alloc(c->class_count, sizeof *it->mean);
    it->scores = epo__alloc((size_t)c->passes, sizeof *it->scores);
    it->features = epo__alloc((size_t)c->turns, sizeof *it->features);
    if (it->row && it->turn && it->mean && it->scores && it->features) return it;
    item_free(context, it);
    return NULL;
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
    for (int turn = 0; status == EPO_OK && turn < c->turns; turn++)
        status = epo__encodings_read(&c->encodings, c->reading, id, turn, &it->features[turn]);
    if (status == EPO_OK) status = epo__sequence_fetch(c->reading, id, &it->sequence);
    if (status == EPO_EFORMAT) { /* a damaged stamp spoils its object only */
        keep_error(it);
        it->sequence.night_count = 0;
        return EPO_OK;
    }
    return status;
}

static epo_status run_passes(classifier *c, item *it, int worker, const float *planes, int turn, double *out)
{
    uint64_t key = epo__rng_key((uint64_t)turn, it->sequence.raw, it->sequence.raw_size);
    epo_status status = EPO_OK;
    if (!c->dropping[worker]) status = epo__passes_create(c->model, c->head, c->passes, c->seed, &c->dropping[worker]);
    if (status != EPO_OK) return status;
    return c->head == EPO_HEAD_TRIPLET ? epo__passes_run(c->dropping[worker], 1, &key, planes, out)
                                       : epo__passes_sequence(c->dropping[worker], it->triplets.count, key, planes, it->triplets.mjds, out);
}

static epo_status run_once(classifier *c, item *it, int worker, const float *planes, size_t floats, int turn, double *out)
{
    epo_status status = EPO_OK;
    epo__sequence_features *features = &it->features[turn];
    if (!c->engines[worker]) status = epo__engine_create(c->model, c->head, c->batch, &c->engines[worker]);
    if (status != EPO_OK) return status;
    epo__engine *engine = c->engines[worker];
    if (c->head == EPO_HEAD_TRIPLET) return epo__engine_run(engine, 1, planes, out);
    status = epo__encodings_make(&c->encodings, engine, it->triplets.count, planes, floats, features);
    return status == EPO_OK ? epo__engine_head(engine, it->triplets.count, features->encoding.features, it->triplets.mjds, out) : status;
}

/* Adds to it->row that of the planes under one flip and quarter turn. */
static epo_status add_turn(classifier *c, item *it, int worker, int turn)
{
    const epo__network *n = epo__model_network(c->model);
    const float *planes = it->triplets.planes;
    size_t nights = it->triplets.count * (size_t)n->planes, plane = (size_t)n->height * (size_t)n->width, floats;
    if (!epo__size_mul(nights, plane, &floats)) return epo__nomem("triplets");
    if (turn) {
        if (!epo__grow(&it->turned, &it->turned_room, floats, sizeof *it->turned)) return epo__nomem("turned triplets");
        for (size_t i = 0; i < nights; i++) epo__image_dihedral(planes + i * plane, n->height, n->width, it->turned + i * plane, turn);
        planes = it->turned;
    }
    epo_status status = c->passes ? run_passes(c, it, worker, planes, turn, it->turn)
                                  : run_once(c, it, worker, planes, floats, turn, it->turn);
    if (status == EPO_OK) status = epo__score_check(it->turn, c->width);
    for (size_t k = 0; status == EPO_OK && k < c->width; k++) it->row[k] += it->turn[k] / c->turns;
    return status;
}

static epo_status classify_item(classifier *c, item *it, int worker)
{
    epo_status status = epo__triplets_make(epo__model_network(c->model), c->head, &c->normaliser, &it->sequence, &c->rooms[worker], &it->triplets);
    if (status != EPO_OK) return status == EPO_EFORMAT ? epo__fail_in(status, "object %s", it->object.name) : status;
    epo__nn_set_threads(1); /* workers run side by side, each on one thread */
    memset(it->row, 0, c->width * sizeof *it->row);
    for (int turn = 0; status == EPO_OK && turn < c->turns; turn++) status = add_turn(c, it, worker, turn);
    const double temperature = epo__model_temperature(c->model, c->head);
    for (size_t k = 0; status == EPO_OK && k < c->width; k += c->class_count) epo_temper(temperature, it->row + k, c->class_count);
    if (status == EPO_OK && c->passes)
        epo__uncertainty_of(it->row, (size_t)c->passes, c->class_count, -1, it->mean, it->scores, &it->uncertainty);
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

/* The scores and features of an object to the store. */
static epo_status put_object(classifier *c, const item *it, const double *probabilities)
{
    char *const *classes = epo__model_network(c->model)->heads[c->head].classes;
    bool reused = true;
    epo_status status = epo__recorder_ready(&c->recorder);
    for (size_t k = 0; status == EPO_OK && k < c->class_count; k++)
        status = epo__store_class_score_put(c->recorder.store, c->recorder.run, it->object.id, classes[k], probabilities[k]);
    for (int turn = 0; status == EPO_OK && turn < c->turns; turn++) {
        status = epo__encodings_keep(&c->encodings, c->recorder.store, it->object.id, turn, &it->features[turn]);
        reused = reused && it->features[turn].found;
    }
    c->receiver.summary->reused += reused;
    return status;
}

static epo_status item_deliver(void *context, void *chunk)
{
    classifier *c = context;
    item *it = chunk;
    bool bad = it->error[0] != '\0';
    const double *probabilities = c->passes ? it->mean : it->row;
    epo_status status = bad ? EPO_OK : put_object(c, it, probabilities);
    if (status != EPO_OK) return status;
    epo_score score = {
        .id = it->object.name, .object = it->object.name, .class_given = it->object.class_name ? it->object.class_name : "",
        .mjd = it->sequence.night_count ? it->sequence.nights[0].mjd : NAN, .nights = (int)it->sequence.night_count,
        .triplets = bad ? 0 : (int)it->triplets.count, .score = NAN, .probabilities = bad ? NULL : probabilities,
        .uncertainty = bad || !c->passes ? NULL : &it->uncertainty,
        .class_count = bad ? 0 : c->class_count, .error = bad ? it->error : NULL,
    };
    status = epo__recorder_hold(&c->recorder, epo__score_copy(&score));
    return status == EPO_OK ? epo__recorder_settle(&c->recorder) : status;
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
    classifier c = {.model = model, .head = head, .class_count = n->heads[head].class_count, .turns = options->turns ? EPO_DIHEDRAL_COUNT : 1,
                    .receiver = {result, context, out}};
    double start = epo__seconds();
    c.passes = options->mc_passes;
    c.seed = options->seed;
    c.width = c.class_count * (c.passes ? (size_t)c.passes : 1);
    epo_status status = epo__score_batch(options, &c.batch);
    if (status == EPO_OK && c.passes) status = epo__passes_check(model, head, c.passes);
    if (status == EPO_OK && epo__normaliser_parse(n->normalise ? n->normalise : "none", &c.normaliser) != EPO_OK)
        status = epo__fail_in(EPO_EMODEL, "%s", n->name);
    if (status == EPO_OK) status = epo__object_cursor_set(&c.cursor, options->split);
    if (status == EPO_OK) status = epo__encodings_check(options);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &c.reading);
    if (status == EPO_OK) status = epo__store_begin(c.reading); /* one consistent view to the end */
    c.engines = epo__alloc((size_t)threads, sizeof(epo__engine *));
    c.dropping = epo__alloc((size_t)threads, sizeof(epo__passes *));
    c.rooms = epo__alloc((size_t)threads, sizeof *c.rooms);
    if (status == EPO_OK && (!c.engines || !c.dropping || !c.rooms)) status = epo__nomem("workers");
    if (status == EPO_OK) status = epo__recorder_start(&c.recorder, store, "classify", model, head, options, threads);
    if (status == EPO_OK) {
        epo__recorder_hears(&c.recorder, epo__score_tell, &c.receiver);
        epo__pipeline pipeline = {&c, item_make, item_free, item_fill, item_work, item_deliver};
        status = epo__encodings_begin(model, store, options, &c.encodings);
        if (status == EPO_OK) status = epo__pipeline_run(&pipeline, threads);
        out->seconds = epo__seconds() - start;
        out->run = c.recorder.run;
        status = epo__recorder_end(&c.recorder, status);
    }
    for (int i = 0; c.engines && c.dropping && c.rooms && i < threads; i++) {
        epo__engine_free(c.engines[i]);
        epo__passes_free(c.dropping[i]);
        epo__image_work_free(&c.rooms[i]);
    }
    free(c.engines);
    free(c.dropping);
    free(c.rooms);
    epo_store_close(c.reading);
    return status;
}
