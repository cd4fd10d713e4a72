/* SPDX-License-Identifier: BSD-3-Clause
 * loading.h - stores made for the loader's tests, in which every pixel tells which stamp it is of and where it stood.
 */
#ifndef EPO_TESTS_DATA_LOADING_H
#define EPO_TESTS_DATA_LOADING_H

#include "support/check.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/loader.h"
#include "store/objects.h"
#include "store/stamps.h"
#include "store/store.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE };

/* pixel p of stamp s is PIXELS * s + p: exact in float32 for 2^18 stamps */
static inline size_t stamp_of(float pixel)
{
    return (size_t)pixel / PIXELS;
}

typedef struct made_stamp {
    int64_t object;
    int night, visit;
    double mjd;
} made_stamp;

typedef struct made {
    char *folder;
    char path[512];
    epo_store *store;
    int64_t source;
    made_stamp *stamps; /* by the number in their pixels, from 0 */
    size_t count, room;
} made;

static inline void made_begin(made *m)
{
    char digest[65];
    *m = (made){.folder = temp_make()};
    snprintf(m->path, sizeof m->path, "%s", temp_path(m->folder, "store.db"));
    check_ok(epo_store_open(m->path, EPO_STORE_CREATE, &m->store));
    check_ok(epo__store_begin(m->store));
    snprintf(digest, sizeof digest, "%064x", 7);
    check_ok(epo__store_source_add(
        m->store, &(epo__source_row){.survey = "s", .path = "p", .digest = digest, .format = "f", .options = "{}"},
        &m->source));
}

/* Writes what was put; more may follow. */
static inline void made_commit(made *m)
{
    check_ok(epo__store_commit(m->store));
    check_ok(epo__store_begin(m->store));
}

static inline void made_end(made *m)
{
    epo_store_close(m->store);
    temp_remove(m->folder);
    free(m->stamps);
}

static inline int64_t made_object(made *m, const char *name, const char *class_name)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(
        m->store,
        &(epo__object_row){
            .survey = "s", .name = name, .ra = NAN, .dec = NAN, .class_name = class_name, .source = m->source},
        &id, &added));
    return id;
}

/* `pixels` NULL: those that tell the stamp. */
static inline void made_visit(made *m, int64_t object, int night, int visit, double mag, const int32_t *pixels)
{
    int32_t own[PIXELS];
    char exposure[32], date[32];
    int64_t id;
    bool added;
    snprintf(exposure, sizeof exposure, "n%04dv%d", night, visit);
    snprintf(date, sizeof date, "night %04d", night);
    assert_true(epo__grow(&m->stamps, &m->room, m->count + 1, sizeof *m->stamps));
    m->stamps[m->count] = (made_stamp){object, night, visit, 55000 + night * 3 + visit * 0.01};
    for (int i = 0; i < PIXELS; i++) own[i] = (int32_t)m->count * PIXELS + i;
    const epo__stamp_row row = {.object = object,
                                .source = m->source,
                                .exposure = exposure,
                                .mjd = m->stamps[m->count].mjd,
                                .mjd_given = NAN,
                                .night = date,
                                .type = EPO__PIXEL_I32,
                                .width = SIDE,
                                .height = SIDE,
                                .mag = mag,
                                .mag_err = NAN,
                                .fwhm = NAN,
                                .rb = NAN,
                                .drb = NAN};
    check_ok(epo__store_stamp_put(m->store, &row, pixels ? pixels : own, &id, &added));
    assert_true(added);
    m->count++;
}

/* An object of so many nights, each with so many visits. */
static inline int64_t made_sequence(made *m, const char *class_name, int nights, int visits)
{
    static int number;
    char name[32];
    snprintf(name, sizeof name, "o%d", number++);
    int64_t id = made_object(m, name, class_name);
    for (int n = 0; n < nights; n++)
        for (int v = 0; v < visits; v++) made_visit(m, id, n, v, NAN, NULL);
    return id;
}

static inline void outside(const made *m, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(m->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

static const epo__loader_class two_classes[] = {{"SN", 0, true}, {"NON", 1, false}};

/* Training on triplets of what made_sequence makes, pixels as they are. */
static inline epo__loader_options made_options(const made *m)
{
    epo__loader_options o = {.store = m->path,
                             .classes = two_classes,
                             .class_count = 2,
                             .label_count = 2,
                             .kind = EPO__EXAMPLE_TRIPLET,
                             .rule = {.name = "net", .planes = 3, .height = SIDE, .width = SIDE, .difference = -1},
                             .training = true,
                             .seed = 11,
                             .batch = 4};
    return o;
}

static inline epo__loader *opened(const epo__loader_options *o)
{
    epo__loader *loader;
    check_ok(epo__loader_open(o, &loader));
    return loader;
}

/* The next batch, NULL at the end. */
static inline const epo__loader_batch *next_of(epo__loader *loader)
{
    const epo__loader_batch *batch;
    check_ok(epo__loader_next(loader, &batch));
    return batch;
}

/* Which stamp stands on plane p of triplet t of a batch without normalisation. */
static inline size_t stamp_at(const epo__loader_batch *b, size_t triplet, size_t p)
{
    return stamp_of(b->planes[(triplet * 3 + p) * PIXELS]);
}

#endif
