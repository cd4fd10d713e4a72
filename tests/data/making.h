/* SPDX-License-Identifier: BSD-3-Clause
 * making.h - stores made row by row for tests of what is done with them. */
#ifndef EPO_TESTS_DATA_MAKING_H
#define EPO_TESTS_DATA_MAKING_H

#include "data/importing.h"

#include "store/objects.h"
#include "store/results.h"
#include "store/stamps.h"
#include "store/store.h"

static inline int64_t make_object(epo_store *store, const char *survey, const char *name, const char *class_name)
{
    const epo__object_row row = {.survey = survey, .name = name, .ra = NAN, .dec = NAN, .class_name = class_name};
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(store, &row, &id, &added));
    assert_true(added);
    return id;
}

/* What a stamp is when nothing else is said. */
static inline epo__stamp_row stamp_row(int64_t object, const char *exposure, epo__role role, epo__pixel_type type, int width, int height)
{
    return (epo__stamp_row){.object = object, .exposure = exposure, .role = role, .mjd = NAN, .mjd_given = NAN, .type = type,
                            .width = width, .height = height, .mag = NAN, .mag_err = NAN, .fwhm = NAN, .rb = NAN, .drb = NAN};
}

static inline void make_stamp(epo_store *store, const epo__stamp_row *row, const void *pixels)
{
    int64_t id;
    bool added;
    check_ok(epo__store_stamp_put(store, row, pixels, &id, &added));
    assert_true(added);
}

/* SQL from outside, as the sqlite3 shell would run it. */
static inline void alter(const char *db, const char *sql)
{
    sqlite3 *handle;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", sql, message);
    sqlite3_close(handle);
}

#endif
