/* SPDX-License-Identifier: BSD-3-Clause
 * query.c - cached statements, binding and stepping, and SQLite's codes as ours. */
#include "store/query.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

const char *epo__sqlite_reason(sqlite3 *db)
{
    const int error = sqlite3_system_errno(db);
    /* a file that cannot be made is tried again for reading, and then is not there: that would be the wrong reason */
    if (error == ENOENT && (sqlite3_errcode(db) & 0xff) == SQLITE_CANTOPEN)
        return "no file can be made beside it: the disk is full or read-only";
    return error ? strerror(error) : sqlite3_errstr(sqlite3_extended_errcode(db));
}

epo_status epo__sqlite_fail(epo_store *store)
{
    int extended = sqlite3_extended_errcode(store->db);
    const char *reason = sqlite3_errmsg(store->db);
    switch (extended & 0xff) {
    case SQLITE_NOMEM:
        return epo__nomem(store->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return epo__fail(EPO_EBUSY, "%s: another program is writing to it; try again when it is done", store->path);
    case SQLITE_FULL:
        return epo__fail(EPO_ESTORE, "%s: no room left on the disk; what was being written is undone", store->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return epo__fail(EPO_EFORMAT, "%s: the store is damaged (%s)", store->path, reason);
    case SQLITE_INTERRUPT:
        return epo__fail(EPO_ECANCELLED, "%s: stopped on request", store->path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return epo__fail(EPO_EIO, "%s: %s (%s)", store->path, reason, epo__sqlite_reason(store->db));
    case SQLITE_TOOBIG:
        return epo__fail(EPO_ELIMIT, "%s: a text or image is too big", store->path);
    default:
        return epo__fail(EPO_ESTORE, "%s: %s", store->path, reason);
    }
}

static int prepare(epo_store *store, const char *sql, sqlite3_stmt **out)
{
    for (size_t i = 0; i < store->statement_count; i++) {
        if (store->statements[i].sql == sql) {
            *out = store->statements[i].stmt;
            return SQLITE_OK;
        }
    }
    if (!epo__grow(&store->statements, &store->statement_capacity, store->statement_count + 1,
                   sizeof *store->statements))
        return SQLITE_NOMEM;
    int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (rc == SQLITE_OK) store->statements[store->statement_count++] = (epo__statement){sql, *out};
    return rc;
}

epo__query epo__query_open(epo_store *store, const char *sql)
{
    epo__query q = {.store = store, .next = 1};
    q.rc = prepare(store, sql, &q.stmt);
    return q;
}

/* Takes the result of binding the next parameter. */
static void bound(epo__query *q, int rc)
{
    q->next++;
    if (rc != SQLITE_OK) q->rc = rc;
}

void epo__bind_int(epo__query *q, int64_t value)
{
    if (q->rc == SQLITE_OK) bound(q, sqlite3_bind_int64(q->stmt, q->next, value));
}

void epo__bind_id(epo__query *q, int64_t id)
{
    if (q->rc == SQLITE_OK)
        bound(q, id ? sqlite3_bind_int64(q->stmt, q->next, id) : sqlite3_bind_null(q->stmt, q->next));
}

void epo__bind_real(epo__query *q, double value)
{
    if (q->rc == SQLITE_OK)
        bound(q, isnan(value) ? sqlite3_bind_null(q->stmt, q->next) : sqlite3_bind_double(q->stmt, q->next, value));
}

void epo__bind_text(epo__query *q, const char *text)
{
    if (q->rc != SQLITE_OK) return;
    if (text)
        bound(q, sqlite3_bind_text64(q->stmt, q->next, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8));
    else
        bound(q, sqlite3_bind_null(q->stmt, q->next));
}

void epo__bind_blob(epo__query *q, const void *bytes, size_t size)
{
    if (q->rc == SQLITE_OK) bound(q, sqlite3_bind_blob64(q->stmt, q->next, bytes, size, SQLITE_STATIC));
}

void epo__query_close(epo__query *q)
{
    if (q->stmt) sqlite3_reset(q->stmt); /* repeats the code of the last step, which was reported already */
    q->stmt = NULL;
}

/* A full disk, a lack of memory or a failed read can make SQLite undo the whole transaction, not the statement only. */
static void note_lost_transaction(epo_store *store, bool had_transaction)
{
    if (had_transaction && sqlite3_get_autocommit(store->db)) {
        store->lost = true;
        store->in_savepoint = false;
    }
}

epo_status epo__query_row(epo__query *q, bool *row)
{
    *row = false;
    epo_status status = EPO_OK;
    if (q->rc == SQLITE_NOMEM) {
        status = epo__nomem(q->store->path);
    } else if (q->rc != SQLITE_OK) {
        status = epo__sqlite_fail(q->store);
    } else {
        bool had_transaction = !sqlite3_get_autocommit(q->store->db);
        int rc = sqlite3_step(q->stmt);
        if (rc == SQLITE_ROW) {
            *row = true;
            return EPO_OK;
        }
        if (rc != SQLITE_DONE) {
            status = epo__sqlite_fail(q->store);
            note_lost_transaction(q->store, had_transaction);
        }
    }
    epo__query_close(q);
    return status;
}

epo_status epo__query_run(epo__query *q)
{
    bool row;
    epo_status status;
    do {
        status = epo__query_row(q, &row);
    } while (status == EPO_OK && row);
    return status;
}

int64_t epo__column_int(epo__query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

double epo__column_real(epo__query *q, int column)
{
    return sqlite3_column_type(q->stmt, column) == SQLITE_NULL ? NAN : sqlite3_column_double(q->stmt, column);
}

bool epo__column_text(epo__query *q, int column, epo__pool *pool, const char **out)
{
    *out = NULL;
    if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL) return true;
    const unsigned char *text = sqlite3_column_text(q->stmt, column);
    if (text) *out = epo__pool_add(pool, (const char *)text, (size_t)sqlite3_column_bytes(q->stmt, column));
    return *out != NULL;
}

epo_status epo__exec(epo_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? EPO_OK : epo__sqlite_fail(store);
}
