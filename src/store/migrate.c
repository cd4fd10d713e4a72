/* SPDX-License-Identifier: BSD-3-Clause
 * migrate.c - a store of an older version brought to this one, by the statements of db/migrations.
 *
 * The store is not trusted: the statements make new things and run no trigger, and what comes out must be our schema to
 * the letter before it is committed. Any number of processes may open an old store together: the first one to become
 * the writer migrates it, the others find it done. */
#include <errno.h>
#include <stddef.h>

#include "base/error.h"
#include "store/schema.h"

static const struct {
    int from; /* one version further */
    const char *statements;
} steps[] = {
#include "migrations_sql.h"
};

static int version_of(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return version;
}

static const char *statements_from(int version)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].from == version) return steps[i].statements;
    return NULL;
}

static epo_status failed(sqlite3 *db, const char *path, int version)
{
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_BUSY:
        return epo__fail(EPO_EBUSY, "%s: another program is writing to it; try again when it is done", path);
    case SQLITE_NOMEM:
        return epo__nomem(path);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return epo__fail(EPO_ESTORE,
                         "%s: made by an older Epochal (store version %d, this one reads %d), and cannot be brought to "
                         "this one: file and folder must be writable; or copy it to where they are",
                         path, version, EPO__SCHEMA_VERSION);
    default:
        return epo__fail(EPO_ESTORE,
                         "%s: made by an older Epochal, and cannot be brought to this one (%s); it is left as it was",
                         path, sqlite3_system_errno(db) == ENOSPC ? "no room left on the disk" : sqlite3_errmsg(db));
    }
}

/* Inside a transaction. */
static epo_status take_steps(sqlite3 *db, const char *path)
{
    char number[64];
    const int first = version_of(db);
    int version = first;
    for (const char *statements; version >= 0 && version < EPO__SCHEMA_VERSION; version++) {
        if (!(statements = statements_from(version)))
            return epo__fail(
                EPO_ESTORE,
                "%s: made by an older Epochal (store version %d, this one reads %d); import the files into a new "
                "store",
                path, version, EPO__SCHEMA_VERSION);
        if (sqlite3_exec(db, statements, NULL, NULL, NULL) != SQLITE_OK) return failed(db, path, first);
    }
    if (version == first) return version < 0 ? failed(db, path, first) : EPO_OK;
    sqlite3_snprintf(sizeof number, number, "PRAGMA user_version = %d", EPO__SCHEMA_VERSION);
    return sqlite3_exec(db, number, NULL, NULL, NULL) == SQLITE_OK ? epo__schema_check(db, path)
                                                                   : failed(db, path, first);
}

epo_status epo__schema_migrate(sqlite3 *db, const char *path, int in_file)
{
    const int before = version_of(db);
    if (before >= EPO__SCHEMA_VERSION) return EPO_OK;
    if (before < 0) return failed(db, path, in_file);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) return failed(db, path, before);
    epo_status status = take_steps(db, path);
    if (status == EPO_OK && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        status = failed(db, path, before);
    if (status == EPO_OK) {
        /* into the file itself, so that the next one need not look; where a reader is in the way, the log has it */
        sqlite3_exec(db, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);
        epo__log(EPO_LOG_INFO, "%s: brought from store version %d to %d", path, before, EPO__SCHEMA_VERSION);
    } else {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}
