/* SPDX-License-Identifier: BSD-3-Clause
 * query.h - private to this folder: the handle, cached statements, binding and stepping.
 *
 *     epo__query q = epo__query_open(store, "SELECT ra FROM objects WHERE id = ?");
 *     epo__bind_int(&q, id);
 *     bool row;
 *     epo_status status = epo__query_row(&q, &row);
 *     if (status == EPO_OK && row) ra = epo__column_real(&q, 0);
 *     epo__query_close(&q);
 *
 * What goes wrong while opening or binding is kept in the query and reported by epo__query_row or epo__query_run. The
 * SQL is a string literal: its address is the key of the statement cache, so a statement is prepared once a handle. A
 * statement must not be opened again while it is open; every function of this folder closes its own before it returns.
 */
#ifndef EPO_STORE_QUERY_H
#define EPO_STORE_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/store.h"
#include "base/pool.h"

typedef struct epo__statement {
    const char *sql;
    sqlite3_stmt *stmt;
} epo__statement;

/* "stamp 1048577 of object 'S1' (science, MJD 54554.4931)": how a damaged stamp is named. Names may be NULL, mjd NaN. */
void epo__stamp_words(int64_t stamp, const char *object, const char *role, double mjd, char *out, size_t size);

/* Why SQLite could not read, write or open a file: the system's word, where it says more than SQLite's. */
const char *epo__sqlite_reason(sqlite3 *db);

struct epo_store {
    sqlite3 *db;
    char *path; /* as given: for messages */
    epo_store_mode mode;
    bool in_savepoint;
    char labels_as_of[21]; /* "" the last labels */
    bool lost; /* SQLite undid the whole transaction because of a failure, or could not undo it: no part of it may be committed */
    epo__statement *statements;
    size_t statement_count, statement_capacity;
};

typedef struct epo__query {
    epo_store *store;
    sqlite3_stmt *stmt;
    int next; /* the parameter to bind next */
    int rc;   /* the first failure, an SQLite code */
} epo__query;

epo__query epo__query_open(epo_store *store, const char *sql);

void epo__bind_int(epo__query *q, int64_t value);
void epo__bind_id(epo__query *q, int64_t id);         /* 0 is NULL */
void epo__bind_real(epo__query *q, double value);     /* NaN is NULL */
void epo__bind_text(epo__query *q, const char *text); /* NULL is NULL; must live until the query is closed or run */
void epo__bind_blob(epo__query *q, const void *bytes, size_t size);

/* Steps once; *row is false at the end, and then, as after a failure, the query is closed. */
epo_status epo__query_row(epo__query *q, bool *row);
/* Steps to the end and closes; for statements that give no rows, or whose rows do not matter. */
epo_status epo__query_run(epo__query *q);
void epo__query_close(epo__query *q);

int64_t epo__column_int(epo__query *q, int column);
double epo__column_real(epo__query *q, int column); /* NULL is NaN */
/* NULL is NULL; false without memory. */
bool epo__column_text(epo__query *q, int column, epo__pool *pool, const char **out);

/* Runs statements without parameters: pragmas and transaction control, which do not go through the cache. */
epo_status epo__exec(epo_store *store, const char *sql);

/* The last failure of the handle as status and message, "PATH: reason". */
epo_status epo__sqlite_fail(epo_store *store);

/* EPO_EARG unless a transaction is open on a writing handle. */
epo_status epo__want_transaction(const epo_store *store);

/* Makes what is read until epo__view_end one consistent view; nothing when a transaction is open. */
epo_status epo__view_begin(epo_store *store, bool *mine);
void epo__view_end(epo_store *store, bool mine);

/* The class of the row `o` of objects: the last label, or that as of the handle's date. Every statement that reads a class
 * goes through this. */
#define EPO__CLASS_OF_O                                                                                              \
    "iif(labels_as_of() IS NULL, o.class, "                                                                          \
    "(SELECT l.class FROM labels l WHERE l.object = o.id AND l.at <= labels_as_of() ORDER BY l.id DESC LIMIT 1))"

/* Makes the SQL function labels_as_of() of a handle that is being opened. */
epo_status epo__labels_as_of_function(epo_store *store);

/* The id of a survey, made when new. */
epo_status epo__survey_put(epo_store *store, const char *name, int64_t *id);

#endif
