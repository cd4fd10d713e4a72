/* SPDX-License-Identifier: BSD-3-Clause
 * schema.c - our schema, and whether a file has it.
 *
 * A store may come from anywhere. A trigger or view added to it would run inside our statements, and a table without
 * its CHECKs would let through what the rest of the library relies on; so before anything in a store is used, its
 * schema is compared with the one that db/schema.sql makes in memory. */
#include "store/schema.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static const char schema[] =
#include "schema_sql.h"
    ;

int epo__schema_create(sqlite3 *db)
{
    return sqlite3_exec(db, schema, NULL, NULL, NULL);
}

/* Yields the next byte of an SQL text without comments, with each run of blanks as one; '\0' at the end. */
static char next_byte(const char **sql, char *quote)
{
    const char *p = *sql;
    char c = ' ';
    if (*quote) {
        c = *p;
        if (c) p++;
        if (c == *quote) *quote = 0;
        *sql = p;
        return c;
    }
    for (;;) {
        if (p[0] == '-' && p[1] == '-') {
            while (*p && *p != '\n') p++;
        } else if (isspace((unsigned char)*p)) {
            p++;
        } else {
            break;
        }
    }
    if (p == *sql) {
        c = *p;
        if (c) p++;
        if (c == '\'' || c == '"' || c == '`') *quote = c;
    } else if (!*p) {
        c = '\0';
    }
    *sql = p;
    return c;
}

static bool same_sql(const char *a, const char *b)
{
    if (!a || !b) return a == b;
    char quote_a = 0, quote_b = 0, ca, cb;
    do {
        ca = next_byte(&a, &quote_a);
        cb = next_byte(&b, &quote_b);
        if (ca != cb) return false;
    } while (ca);
    return true;
}

/* What a failure to read the file's schema means. */
static epo_status cannot_read(sqlite3 *db, const char *path)
{
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_BUSY:
        return epo__fail(EPO_EBUSY, "%s: another program is writing to it; try again when it is done", path);
    case SQLITE_NOMEM:
        return epo__nomem(path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return epo__fail(EPO_EIO, "%s: the store cannot be read (%s)", path, sqlite3_errmsg(db));
    default:
        return epo__fail(EPO_EFORMAT, "%s: the store is damaged (%s)", path, sqlite3_errmsg(db));
    }
}

static epo_status compare(sqlite3_stmt *ours, sqlite3_stmt *theirs, const char *path)
{
    for (;;) {
        int a = sqlite3_step(ours), b = sqlite3_step(theirs);
        if (a != SQLITE_ROW && a != SQLITE_DONE) return epo__nomem("the store's schema");
        if (b != SQLITE_ROW && b != SQLITE_DONE) return cannot_read(sqlite3_db_handle(theirs), path);
        if (a == SQLITE_DONE && b == SQLITE_DONE) return EPO_OK;
        const char *our_name = a == SQLITE_ROW ? (const char *)sqlite3_column_text(ours, 0) : NULL;
        const char *their_name = b == SQLITE_ROW ? (const char *)sqlite3_column_text(theirs, 0) : NULL;
        const char *their_type = b == SQLITE_ROW ? (const char *)sqlite3_column_text(theirs, 1) : NULL;
        int order = !our_name ? 1 : !their_name ? -1 : strcmp(our_name, their_name);
        if (order < 0) return epo__fail(EPO_ESTORE, "%s: not a sound Epochal store: \"%s\" is missing", path, our_name);
        if (order > 0)
            return epo__fail(EPO_ESTORE,
                             "%s: holds a %s \"%s\" that Epochal did not make; remove it with the sqlite3 shell "
                             "(DROP %s), or import the files anew",
                             path, their_type ? their_type : "thing", their_name ? their_name : "",
                             their_type ? their_type : "TABLE");
        for (int column = 1; column < 4; column++)
            if (!same_sql((const char *)sqlite3_column_text(ours, column),
                          (const char *)sqlite3_column_text(theirs, column)))
                return epo__fail(EPO_ESTORE,
                                 "%s: its %s \"%s\" is not as this version of Epochal makes it; import the files anew",
                                 path, their_type ? their_type : "thing", their_name);
    }
}

epo_status epo__schema_check(sqlite3 *db, const char *path)
{
    static const char list[] = "SELECT name, type, tbl_name, sql FROM sqlite_schema "
                               "WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4') ORDER BY name COLLATE BINARY, type";
    epo_status status;
    sqlite3 *model = NULL;
    sqlite3_stmt *ours = NULL, *theirs = NULL;
    if (sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        epo__schema_create(model) != SQLITE_OK || sqlite3_prepare_v2(model, list, -1, &ours, NULL) != SQLITE_OK) {
        status = epo__nomem("the store's schema");
    } else if (sqlite3_prepare_v2(db, list, -1, &theirs, NULL) != SQLITE_OK) {
        status = cannot_read(db, path);
    } else {
        status = compare(ours, theirs, path);
    }
    sqlite3_finalize(theirs);
    sqlite3_finalize(ours);
    sqlite3_close(model);
    return status;
}
