/* SPDX-License-Identifier: BSD-3-Clause
 * score_store.c - every stamp of a store through the stamp head, object by object. */
#include <inttypes.h>
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
#include "epochal/score.h"
#include "store/results.h"
#include "train/recorder.h"
#include "train/scoring.h"
#include "train/stamp_scorer.h"

/* One exposure: planes side by side in the list of stamps. */
typedef struct target {
    int64_t stamp;      /* id of the first plane: what the score is kept with */
    const char *id, *object, *class_name;
    double mjd;
    size_t plane_count, raw_offset[EPO__MAX_PLANES];
    epo__plane_view planes[EPO__MAX_PLANES];
    const char *error;
} target;

typedef struct chunk {
    target *targets;    /* batch of them */
    size_t count;
    unsigned char *raw; /* pixels as stored; views point into it once it stands still */
    size_t raw_size, raw_room;
    epo__pool texts;
    double *rows;       /* targets x the scorer's width */
} chunk;

typedef struct store_scorer {
    epo__stamp_scorer *scorer;
    epo__object_cursor cursor;
    epo_store *reading;
    epo__pool object_texts;
    epo__object_row object;
    epo__stamp_list stamps; /* of the object at hand */
    size_t next_stamp;
    epo__pixels pixels;
    epo__recorder recorder;
    epo__score_receiver receiver;
} store_scorer;

static void chunk_free(void *context, void *argument)
{
    (void)context;
    chunk *c = argument;
    if (!c) return;
    free(c->targets);
    free(c->raw);
    free(c->rows);
    epo__pool_free(&c->texts);
    free(c);
}

static void *chunk_make(void *context)
{
    store_scorer *s = context;
    size_t batch = (size_t)epo__stamp_scorer_batch(s->scorer);
    chunk *c = epo__alloc(1, sizeof *c);
    if (!c) return NULL;
    c->targets = epo__alloc(batch, sizeof *c->targets);
    c->rows = epo__alloc(epo__product(batch, epo__stamp_scorer_width(s->scorer)), sizeof *c->rows);
    if (c->targets && c->rows) return c;
    chunk_free(context, c);
    return NULL;
}

static const char *keep(chunk *c, const char *text)
{
    return epo__pool_add(&c->texts, text, strlen(text));
}

/* What went wrong with this exposure alone. */
static epo_status spoil(chunk *c, target *t)
{
    t->error = keep(c, epo_error_message());
    return t->error ? EPO_OK : epo__nomem("result");
}

static bool same_exposure(const epo__stamp_row *a, const epo__stamp_row *b)
{
    return strcmp(a->exposure, b->exposure) == 0; /* within one object */
}

/* Reads one plane's pixels behind the others. A damaged stamp is noted in the target. */
static epo_status read_plane(store_scorer *s, chunk *c, target *t, const epo__stamp_row *row)
{
    size_t need;
    if (t->plane_count == EPO__MAX_PLANES || t->error) return EPO_OK;
    epo_status status = epo__store_pixels_read(s->reading, row, &s->pixels);
    if (status == EPO_EFORMAT) return spoil(c, t);
    if (status != EPO_OK) return status;
    if (!epo__size_add(c->raw_size, s->pixels.size, &need) || !epo__grow(&c->raw, &c->raw_room, need, 1)) return epo__nomem("pixels");
    memcpy(c->raw + c->raw_size, s->pixels.bytes, s->pixels.size);
    t->raw_offset[t->plane_count] = c->raw_size;
    t->planes[t->plane_count++] = (epo__plane_view){.role = row->role, .type = row->type, .height = row->height, .width = row->width};
    c->raw_size = need;
    return EPO_OK;
}

static epo_status add_target(store_scorer *s, chunk *c)
{
    const epo__stamp_row *first = &s->stamps.rows[s->next_stamp];
    target *t = &c->targets[c->count];
    char id[32];
    snprintf(id, sizeof id, "%" PRId64, first->candid);
    char *long_id = first->candid ? NULL : epo__format("%s %s", s->object.name, first->exposure);
    *t = (target){.stamp = first->id, .id = keep(c, long_id ? long_id : id), .object = keep(c, s->object.name), .mjd = first->mjd,
                  .class_name = keep(c, s->object.class_name ? s->object.class_name : "")};
    free(long_id);
    if (!t->id || !t->object || !t->class_name) return epo__nomem("result");
    c->count++;
    epo_status status = EPO_OK;
    do {
        status = read_plane(s, c, t, &s->stamps.rows[s->next_stamp++]);
    } while (status == EPO_OK && s->next_stamp < s->stamps.count && same_exposure(first, &s->stamps.rows[s->next_stamp]));
    return status;
}

static epo_status chunk_fill(void *context, void *argument, bool *end)
{
    store_scorer *s = context;
    chunk *c = argument;
    bool objects_end = false;
    epo_status status = EPO_OK;
    c->count = c->raw_size = 0;
    epo__pool_clear(&c->texts);
    while (status == EPO_OK && !objects_end && c->count < (size_t)epo__stamp_scorer_batch(s->scorer)) {
        if (s->next_stamp < s->stamps.count) {
            status = add_target(s, c);
            continue;
        }
        int64_t id;
        status = epo__object_cursor_next(&s->cursor, s->reading, &id);
        objects_end = id == 0;
        if (status != EPO_OK || objects_end) break;
        epo__pool_clear(&s->object_texts);
        s->next_stamp = 0;
        status = epo__store_object_get(s->reading, id, &s->object_texts, &s->object);
        if (status == EPO_OK) status = epo__store_stamps_of(s->reading, id, &s->stamps);
    }
    *end = status == EPO_OK && c->count == 0;
    return status;
}

static epo_status chunk_work(void *context, void *argument, int worker)
{
    store_scorer *s = context;
    chunk *c = argument;
    size_t width = epo__stamp_scorer_width(s->scorer), slots[EPO__MAX_SCORE_BATCH];
    int used = 0;
    for (size_t i = 0; i < c->count; i++) {
        target *t = &c->targets[i];
        if (t->error) continue;
        for (size_t k = 0; k < t->plane_count; k++) t->planes[k].pixels = c->raw + t->raw_offset[k];
        epo_status status = epo__stamp_scorer_put(s->scorer, worker, used, t->planes, t->plane_count);
        if (status == EPO_OK)
            slots[used++] = i;
        else if (status == EPO_EFORMAT)
            status = spoil(c, t);
        if (status != EPO_OK) return status;
    }
    const double *rows;
    epo_status status = epo__stamp_scorer_run(s->scorer, worker, used, &rows);
    for (int i = 0; status == EPO_OK && i < used; i++) {
        const double *row = rows + (size_t)i * width;
        if (epo__score_check(row, width) != EPO_OK) status = spoil(c, &c->targets[slots[i]]);
        memcpy(c->rows + slots[i] * width, row, width * sizeof *row);
    }
    return status;
}

static epo_status deliver_target(store_scorer *s, const target *t, const double *row)
{
    epo_score score = {.id = t->id, .object = t->object, .class_given = t->class_name, .mjd = t->mjd, .score = (double)NAN, .error = t->error};
    if (!t->error) epo__stamp_scorer_report(s->scorer, row, &score);
    if (!isnan(score.score)) {
        epo_status status = epo__recorder_ready(&s->recorder);
        if (status == EPO_OK) status = epo__store_stamp_score_put(s->recorder.store, s->recorder.run, t->stamp, score.score);
        if (status != EPO_OK) return status;
    }
    return epo__recorder_hold(&s->recorder, epo__score_copy(&score));
}

static epo_status chunk_deliver(void *context, void *argument)
{
    store_scorer *s = context;
    chunk *c = argument;
    size_t width = epo__stamp_scorer_width(s->scorer);
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < c->count; i++) status = deliver_target(s, &c->targets[i], c->rows + i * width);
    return status == EPO_OK ? epo__recorder_settle(&s->recorder) : status;
}

epo_status epo_score_store(const epo_model *model, epo_store *store, const epo_score_options *options, epo_score_fn result, void *context,
                           epo_score_summary *out)
{
    const epo_score_options standard = EPO_SCORE_OPTIONS_INIT;
    *out = (epo_score_summary){0};
    if (!options) options = &standard;
    int threads = epo__threads(options->threads), batch;
    epo_status status = epo__score_batch(options, &batch);
    if (status != EPO_OK) return status;
    store_scorer s = {.receiver = {result, context, out}};
    status = epo__stamp_scorer_create(model, options, threads, batch, &s.scorer);
    if (status == EPO_OK) status = epo__object_cursor_set(&s.cursor, options->split);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &s.reading);
    if (status == EPO_OK) status = epo__store_begin(s.reading); /* one consistent view to the end */
    if (status == EPO_OK) status = epo__recorder_start(&s.recorder, store, "score", model, EPO_HEAD_STAMP, options, threads);
    if (status == EPO_OK) {
        epo__recorder_hears(&s.recorder, epo__score_tell, &s.receiver);
        epo__pipeline pipeline = {&s, chunk_make, chunk_free, chunk_fill, chunk_work, chunk_deliver};
        status = epo__recorder_end(&s.recorder, epo__pipeline_run(&pipeline, threads));
        out->seconds = epo__seconds() - s.recorder.start;
        out->run = s.recorder.run;
    }
    epo__stamp_list_free(&s.stamps);
    epo__pool_free(&s.object_texts);
    free(s.pixels.bytes);
    epo_store_close(s.reading);
    epo__stamp_scorer_free(s.scorer);
    return status;
}
