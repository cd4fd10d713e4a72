/* SPDX-License-Identifier: BSD-3-Clause
 * schema.h - private to this folder: our schema, and whether a file has it. */
#ifndef EPO_STORE_SCHEMA_H
#define EPO_STORE_SCHEMA_H

#include <sqlite3.h>

#include "epochal/status.h"

enum {
    EPO__APPLICATION_ID = 0x45504f43, /* "EPOC" */
    EPO__SCHEMA_VERSION = 4,
    /* Measured with 64 x 64 stamps of 16 bits: all sizes from 4 to 64 KiB write and read equally fast, but take
     * 1.11 (4), 1.17 (8), 2.12 (16), 1.44 (32) and 1.20 (64) bytes of disk for one of pixels. */
    EPO__PAGE_SIZE = 4096
};

/* Makes the tables in an empty database. */
int epo__schema_create(sqlite3 *db);

/* EPO_ESTORE, with what differs, unless the tables, indices, triggers and views of `db` are exactly ours. Comments and
 * blanks do not count, nor do the statistics tables that ANALYZE makes. `path` is for messages. EPO_EFORMAT when the
 * file's schema cannot be read at all. */
epo_status epo__schema_check(sqlite3 *db, const char *path);

/* Brings a store of an older version to this one, in one transaction of its own: all of it or nothing. `in_file` is the
 * version in the file's header. Nothing is done when the store is of this version by now. EPO_ESTORE, with what to do: it cannot be written, there is no way from its
 * version, or what comes out is not our schema. */
epo_status epo__schema_migrate(sqlite3 *db, const char *path, int in_file);

#endif
