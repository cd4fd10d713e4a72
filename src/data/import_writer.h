/* SPDX-License-Identifier: BSD-3-Clause
 * import_writer.h - the writing half of import: batches into the store, a file at a time, each whole or not at all.
 *
 *     epo__writer_start(&w);
 *     for each piece of the file: epo__writer_put(&w, &file, &batch)   or   epo__writer_refuse(&w, status, reason)
 *     epo__writer_end(&w, path);
 *     ... next file ...
 *     epo__writer_finish(&w, status);
 *
 * Each file is a savepoint inside a longer transaction, so that a reader sees whole files only and thousands of small
 * files share one commit. A file is told of, and counted, after the commit that holds it.
 */
#ifndef EPO_DATA_IMPORT_WRITER_H
#define EPO_DATA_IMPORT_WRITER_H

#include "base/pool.h"
#include "data/batch.h"
#include "epochal/import.h"
#include "formats/digest.h"
#include "store/store.h"

/* A file as far as it is known without reading its contents. */
typedef struct epo__import_file {
    char path[4096];
    char digest[EPO__SHA256_TEXT];
    int64_t bytes;
    const char *options; /* JSON: what, beside the bytes, the file's meaning depends on */
} epo__import_file;

typedef struct epo__writer {
    epo_store *store;
    const char *survey, *format;
    bool check_places; /* objects of one name must be at one place */
    epo_import_fn report; /* may be NULL */
    void *report_context;
    epo_import_summary *summary; /* of what is committed */

    bool in_transaction;
    double settled; /* seconds: when it last committed; 0 never, so that the first file is told of at once */
    uint64_t transaction_bytes;
    struct epo__writer_event *pending; /* since the last commit */
    size_t pending_count, pending_room;
    epo_import_summary tally; /* likewise */

    bool begun, refused, known; /* the file at hand: written to; what is left of it is dropped */
    int64_t source;
    epo_status refusal;
    char message[512];  /* why it is refused, or what its first unusable exposure has wrong */
    uint64_t exposures; /* usable ones */
    epo__source_row counts;
    epo_import_summary file; /* its part of the summary */

    int64_t *objects; /* ids of a batch's subjects */
    size_t object_room;
    epo__pool texts;
    epo__stamp_list existing;
} epo__writer;

/* Forgets the file before. */
void epo__writer_start(epo__writer *w);

/* The file is refused: what was written of it is undone, and what comes of it is dropped. */
void epo__writer_refuse(epo__writer *w, epo_status status, const char *reason);

/* The file was imported before: what comes of it is dropped. */
void epo__writer_pass(epo__writer *w);

/* Writes one piece of the file. What is wrong with the input refuses the file; what is wrong with the store is
 * returned. */
epo_status epo__writer_put(epo__writer *w, const epo__import_file *file, const epo__batch *batch);

/* The file is complete. Commits now and then; what `report` returns is returned. */
epo_status epo__writer_end(epo__writer *w, const char *path);

/* Commits what is whole and releases everything. `status` is how the import went so far; it and its message stay when
 * it is a failure. */
epo_status epo__writer_finish(epo__writer *w, epo_status status);

#endif
