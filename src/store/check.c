/* SPDX-License-Identifier: BSD-3-Clause
 * check.c - reading everything to see that it is sound: SQLite's own structures, references, and the CRC32 of stamps and of
 * encodings. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "store/encodings.h"
#include "store/query.h"
#include "store/stamps.h"

enum {
    STAMPS_A_REPORT = 1024,  /* stamps between two calls of progress */
    STEPS_A_REPORT = 1000000 /* steps of SQLite's machine between two, while it checks its own structures */
};

typedef struct checker {
    epo_store *store;
    const epo_store_checking *hooks; /* never NULL */
    int64_t problems, done, total;
} checker;

static void report(checker *c, const char *text)
{
    c->problems++;
    if (c->hooks->problem) c->hooks->problem(c->hooks->context, text);
}

static bool go_on(checker *c)
{
    return !c->hooks->progress || c->hooks->progress(c->hooks->context, c->done, c->total);
}

static int interrupt_sqlite(void *context)
{
    return !go_on(context);
}

/* The rows of integrity_check are problems, save a lone "ok". */
static epo_status check_structure(checker *c)
{
    bool row;
    epo_status status;
    epo__query q = epo__query_open(c->store, "PRAGMA integrity_check");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const char *text = (const char *)sqlite3_column_text(q.stmt, 0);
        if (text && sqlite3_stricmp(text, "ok") != 0) report(c, text);
    }
    return status;
}

static epo_status check_references(checker *c)
{
    bool row;
    epo_status status;
    epo__query q = epo__query_open(c->store, "PRAGMA foreign_key_check");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        char text[200];
        const char *child = (const char *)sqlite3_column_text(q.stmt, 0),
                   *parent = (const char *)sqlite3_column_text(q.stmt, 2);
        snprintf(text, sizeof text, "row %lld of table %s refers to a row of %s that is missing",
                 (long long)epo__column_int(&q, 1), child ? child : "?", parent ? parent : "?");
        report(c, text);
    }
    return status;
}

/* What is wrong with a stamp's pixels, or NULL. */
static const char *pixel_problem(epo__query *q)
{
    epo__pixel_type type;
    const char *type_name = (const char *)sqlite3_column_text(q->stmt, 2);
    const int64_t width = epo__column_int(q, 3), height = epo__column_int(q, 4), crc = epo__column_int(q, 5);
    if (!type_name || !epo__pixel_from_name(type_name, &type) || width < 1 || width > EPO__SIDE_MAX || height < 1 ||
        height > EPO__SIDE_MAX)
        return "its row holds values that cannot be";
    if (isinf(epo__column_real(q, 8))) return "its time, which sequences are ordered by, is no date";
    if (sqlite3_column_type(q->stmt, 6) == SQLITE_NULL) return "it has no pixels";
    const void *bytes = sqlite3_column_blob(q->stmt, 6);
    return epo__pixels_problem(type, width, height, crc, bytes, (size_t)sqlite3_column_bytes(q->stmt, 6));
}

static epo_status check_pixels(checker *c)
{
    bool row;
    epo_status status;
    epo__query q = epo__query_open(c->store, "SELECT s.id, o.name, s.type, s.width, s.height, s.crc32, p.data, s.role, s.mjd FROM "
                                             "stamps s LEFT JOIN pixels p ON p.stamp = s.id "
                                             "LEFT JOIN objects o ON o.id = s.object ORDER BY s.id");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const char *problem = pixel_problem(&q);
        if (problem) {
            char words[240], text[320];
            epo__stamp_words(epo__column_int(&q, 0), (const char *)sqlite3_column_text(q.stmt, 1), (const char *)sqlite3_column_text(q.stmt, 7),
                             epo__column_real(&q, 8), words, sizeof words);
            snprintf(text, sizeof text, "%s is damaged: %s", words, problem);
            report(c, text);
        }
        if (++c->done % STAMPS_A_REPORT == 0 && !go_on(c)) {
            epo__query_close(&q);
            return epo__fail(EPO_ECANCELLED, "%s: stopped on request", c->store->path);
        }
    }
    return status;
}

static epo_status check_encodings(checker *c)
{
    bool row;
    epo_status status;
    epo__query q = epo__query_open(c->store, "SELECT e.id, o.name, e.crc32, e.features FROM encodings e LEFT JOIN objects o ON o.id = e.object");
    while ((status = epo__query_row(&q, &row)) == EPO_OK && row) {
        const void *bytes = sqlite3_column_blob(q.stmt, 3);
        if (epo__encoding_is_sound(bytes, (size_t)sqlite3_column_bytes(q.stmt, 3), epo__column_int(&q, 2))) continue;
        char text[320];
        const char *object = (const char *)sqlite3_column_text(q.stmt, 1);
        snprintf(text, sizeof text, "the encoding of object '%.200s' (row %lld of encodings) is damaged and is made again when it is needed",
                 object ? object : "?", (long long)epo__column_int(&q, 0));
        report(c, text);
    }
    return status;
}

static epo_status count_stamps(checker *c)
{
    bool row;
    epo__query q = epo__query_open(c->store, "SELECT count(*) FROM stamps");
    epo_status status = epo__query_row(&q, &row);
    if (status == EPO_OK && row) c->total = epo__column_int(&q, 0);
    epo__query_close(&q);
    return status;
}

epo_status epo_store_check(epo_store *store, const epo_store_checking *checking)
{
    static const epo_store_checking quiet;
    static epo_status (*const steps[])(checker *) = {count_stamps, check_structure, check_references, check_encodings, check_pixels};
    checker c = {.store = store, .hooks = checking ? checking : &quiet};
    bool mine;
    epo_status status = epo__view_begin(store, &mine);
    if (status != EPO_OK) return status;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && (status == EPO_OK || status == EPO_EFORMAT); i++) {
        if (steps[i] != check_pixels) sqlite3_progress_handler(store->db, STEPS_A_REPORT, interrupt_sqlite, &c);
        status = steps[i](&c);
        sqlite3_progress_handler(store->db, 0, NULL, NULL);
        if (status == EPO_EFORMAT) report(&c, epo_error_message()); /* SQLite could not read on: a problem too */
    }
    epo__view_end(store, mine);
    if (status != EPO_OK && status != EPO_EFORMAT) return status;
    if (c.problems > 0)
        return epo__fail(EPO_EFORMAT, "%s: %lld problem%s found", store->path, (long long)c.problems,
                         c.problems == 1 ? "" : "s");
    return EPO_OK;
}
