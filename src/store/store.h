/* SPDX-License-Identifier: BSD-3-Clause
 * store.h - transactions, and the files that were imported.
 *
 * Rules that hold in every header of this folder:
 *  - Functions that write want an open transaction (EPO_EARG otherwise): a stamp without its pixels must never be
 *    committed. After a failed write the caller rolls back, to the savepoint or wholly.
 *  - Text may be any bytes and is bound, never pasted into SQL. NULL text is SQL NULL. A double that is NaN is SQL
 *    NULL, both ways. An id of 0 is SQL NULL.
 *  - Ids are > 0.
 *  - What was committed survives a killed process and a power cut.
 *  - EPO_EBUSY: another writer was busy for ten seconds. EPO_ESTORE: the disk is full, or a rule of the tables was
 *    broken. EPO_EIO, EPO_ENOMEM, EPO_EFORMAT (the file is damaged) as everywhere.
 */
#ifndef EPO_STORE_STORE_H
#define EPO_STORE_STORE_H

#include "epochal/store.h"

/* On a writing handle: becomes the one writer, waiting up to ten seconds for another. On a reading handle: from here to
 * the end of the transaction everything is read from one consistent view, and reading is faster (each call outside a
 * transaction locks and unlocks the file); but the log cannot be written back past a view that is held for long. */
epo_status epo__store_begin(epo_store *store);
epo_status epo__store_commit(epo_store *store); /* after a failure the transaction is still open: roll it back */
void epo__store_rollback(epo_store *store);     /* does nothing outside a transaction */

/* One savepoint inside a transaction, so that many small files share one commit (each costs an fsync), a bad one leaves
 * nothing, and readers see whole files only: begin { savepoint, put..., release | rollback_to }* commit. Savepoints do
 * not nest. */
epo_status epo__store_savepoint(epo_store *store);
epo_status epo__store_release(epo_store *store);
void epo__store_rollback_to(epo_store *store); /* undoes and ends the savepoint; the transaction goes on */

/* True after a failure that took the whole transaction with it (full disk): what the earlier savepoints of this
 * transaction wrote is gone, and has to be imported again. */
bool epo__store_lost_transaction(const epo_store *store);

const char *epo__store_path(const epo_store *store);

const char *epo__store_engine(void); /* version of SQLite in use, "3.40.1" */

/* How long begin waits for another writer; ten seconds after opening. */
void epo__store_set_patience(epo_store *store, int milliseconds);

/* How much of the file's pages a handle keeps in memory; 32 MiB after opening. */
epo_status epo__store_set_cache(epo_store *store, int kibibytes);

/* A file that was imported. The same bytes read in the same way are the same source. */
typedef struct epo__source_row {
    const char *survey; /* made when new; "" is a fine name */
    const char *path;   /* as given, for people */
    const char *digest; /* SHA-256 of the content, 64 hexadecimal digits */
    const char *format; /* "tao" */
    const char
        *options; /* JSON: every option that changes what the file means (class, survey, polarity), in a fixed order */
    int64_t bytes;
    int64_t objects, stamps, photometry; /* added by this file; set by epo__store_source_finish */
    int64_t duplicates;                  /* in the file, but already in the store */
} epo__source_row;

/* *id of the finished source, 0 when this content was not yet imported in this way. */
epo_status epo__store_source_find(epo_store *store, const char *digest, const char *format, const char *options,
                                  int64_t *id);

/* Whether a source is of this format; false for an id of 0. */
epo_status epo__store_source_is(epo_store *store, int64_t id, const char *format, bool *is);

/* Adds a source, at the start of its transaction or savepoint; counts are ignored. */
epo_status epo__store_source_add(epo_store *store, const epo__source_row *row, int64_t *id);

/* Writes the counts of `row` to the source, at the end. */
epo_status epo__store_source_finish(epo_store *store, int64_t id, const epo__source_row *row);

#endif
