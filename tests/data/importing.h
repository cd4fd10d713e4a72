/* SPDX-License-Identifier: BSD-3-Clause
 * importing.h - what the tests of import share: running one, remembering what it told, and reading the store back with
 * SQL of their own. */
#ifndef EPO_TESTS_DATA_IMPORTING_H
#define EPO_TESTS_DATA_IMPORTING_H

#include "support/check.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "epochal/import.h"
#include "epochal/store.h"

/* What the last import told. */
typedef struct told {
    epo_import_summary summary;
    char refused[8192], notes[8192]; /* messages, one a line */
} told;

static inline epo_status remember(void *context, const epo_import_event *event)
{
    told *t = context;
    if (!event->message) return EPO_OK;
    char *into = event->status == EPO_OK ? t->notes : t->refused;
    size_t used = strlen(into);
    snprintf(into + used, sizeof t->notes - used, "%s\n", event->message);
    return EPO_OK;
}

/* Imports one path into the store file `db`. */
static inline epo_status try_import(const char *db, const char *path, const epo_import_options *options, told *t)
{
    epo_store *store;
    told own;
    if (!t) t = &own;
    *t = (told){0};
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    epo_status status = epo_import(store, &path, 1, options, remember, t, &t->summary);
    epo_store_close(store);
    return status;
}

static inline void import(const char *db, const char *path, const epo_import_options *options, told *t)
{
    check_ok(try_import(db, path, options, t));
}

static inline epo_import_options options_for(const char *format)
{
    epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    options.format = format;
    options.threads = 2;
    return options;
}

/* The rows of a query, columns parted by '|', rows ended by newlines, NULL as nothing; freed by the caller. */
static inline char *rows(const char *db, const char *sql)
{
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    assert_non_null(text);
    text[0] = '\0';
    assert_int_equal(sqlite3_open_v2(db, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(stmt); c++) {
            const char *value = (const char *)sqlite3_column_text(stmt, c);
            size_t length = value ? strlen(value) : 0;
            if (size + length + 4 > room) {
                room = 2 * (size + length + 4);
                assert_non_null(text = realloc(text, room));
            }
            if (c) text[size++] = '|';
            memcpy(text + size, value ? value : "", length);
            size += length;
        }
        text[size++] = '\n';
        text[size] = '\0';
    }
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    return text;
}

static inline void check_rows(const char *db, const char *sql, const char *expected)
{
    char *found = rows(db, sql);
    if (strcmp(found, expected) != 0) fail_msg("%s gave\n%sand not\n%s", sql, found, expected);
    free(found);
}

/* Everything in a store but when it came there. */
static inline char *dump(const char *db)
{
    return rows(
        db, "SELECT * FROM (SELECT 'object', v.name, o.name, o.ra, o.dec, o.class, o.class_given, o.parent, '', '', "
            "'', '' FROM objects o "
            "JOIN surveys v ON v.id = o.survey ORDER BY 2, 3) UNION ALL "
            "SELECT * FROM (SELECT 'stamp', o.name, s.exposure, s.role, s.plane, s.mjd, s.mjd_given, s.mjd_suspect || "
            "s.constant, s.night, "
            "s.type || s.width || 'x' || s.height || ifnull(s.candid, ''), s.crc32, hex(substr(p.data, 1, 64)) "
            "FROM stamps s JOIN objects o ON o.id = s.object JOIN pixels p ON p.stamp = s.id ORDER BY 2, 3, 4, 5) "
            "UNION ALL "
            "SELECT * FROM (SELECT 'point', o.name, method, mjd, filter, mag, mag_err, flag, '', '', '', '' FROM "
            "photometry p "
            "JOIN objects o ON o.id = p.object ORDER BY 2, 4) UNION ALL "
            "SELECT * FROM (SELECT 'label', o.name, l.class, l.who, l.why, '', '', '', '', '', '', '' FROM labels l "
            "JOIN objects o ON o.id = l.object ORDER BY 2, l.id) UNION ALL "
            "SELECT * FROM (SELECT 'source', path, bytes, digest, format, options, objects, stamps, photometry, "
            "duplicates, '', '' FROM sources ORDER BY 2)");
}

static inline void make_folder(const char *path)
{
    assert_int_equal(mkdir(path, 0777), 0);
}

static inline void check_mentions(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%s\" lacks \"%s\"", text, part);
}

#endif
