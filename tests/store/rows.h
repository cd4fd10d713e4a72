/* SPDX-License-Identifier: BSD-3-Clause
 * rows.h - what the store's tests share: small rows, and SQL from outside as the sqlite3 shell would run it. */
#ifndef EPO_TESTS_STORE_ROWS_H
#define EPO_TESTS_STORE_ROWS_H

#include "support/check.h"

#include <math.h>
#include <sqlite3.h>

#include "store/objects.h"
#include "store/stamps.h"
#include "store/store.h"

enum { SIDE = 5, PIXELS = SIDE * SIDE };

static inline epo_store *open_store(const char *path, epo_store_mode mode)
{
    epo_store *store;
    check_ok(epo_store_open(path, mode, &store));
    return store;
}

/* Runs SQL on the file from outside; returns SQLite's code, and its message in `message` where that is not NULL. */
static inline int outside(const char *path, const char *sql, char message[256])
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (message) snprintf(message, 256, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return code;
}

/* The first value of the first row, as text, in a buffer that the next call overwrites. */
static inline const char *outside_value(const char *path, const char *sql)
{
    static char value[256];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    value[0] = '\0';
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
        snprintf(value, sizeof value, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

static inline int64_t put_source(epo_store *store, unsigned number)
{
    char digest[65], path[32];
    snprintf(digest, sizeof digest, "%064x", number);
    snprintf(path, sizeof path, "SN/%u.fits", number);
    int64_t id;
    check_ok(epo__store_source_add(
        store,
        &(epo__source_row){
            .survey = "crts", .path = path, .digest = digest, .format = "tao", .options = "{}", .bytes = 2880},
        &id));
    return id;
}

static inline int64_t put_object(epo_store *store, const char *name, const char *class_name, int64_t source)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(
        store,
        &(epo__object_row){
            .survey = "crts", .name = name, .ra = 180.25, .dec = -12.5, .class_name = class_name, .source = source},
        &id, &added));
    return id;
}

/* A stamp of i16 pixels that depend on `number`. */
static inline epo__stamp_row small_stamp(int64_t object, int64_t source, int number, const char *exposure,
                                         int16_t pixels[PIXELS])
{
    for (int i = 0; i < PIXELS; i++) pixels[i] = (int16_t)(37 * number - 11 * i);
    return (epo__stamp_row){.object = object,
                            .source = source,
                            .exposure = exposure,
                            .mjd = 53827.25 + number,
                            .mjd_given = NAN,
                            .night = "2006-04-02",
                            .type = EPO__PIXEL_I16,
                            .width = SIDE,
                            .height = SIDE,
                            .mag = NAN,
                            .mag_err = NAN,
                            .fwhm = NAN,
                            .rb = NAN,
                            .drb = NAN};
}

static inline int64_t put_stamp(epo_store *store, int64_t object, int64_t source, int number, const char *exposure)
{
    int16_t pixels[PIXELS];
    epo__stamp_row row = small_stamp(object, source, number, exposure, pixels);
    int64_t id;
    bool added;
    check_ok(epo__store_stamp_put(store, &row, pixels, &id, &added));
    return id;
}

#endif
