/* SPDX-License-Identifier: BSD-3-Clause
 * store.h - the SQLite file that keeps objects, stamps, light curves, labels, splits, models, runs and scores.
 *
 * A handle is used by one thread at a time; several threads open several handles. One process writes at a time, any
 * number read meanwhile, each seeing whole imported files only. The file uses SQLite's write-ahead log, so beside
 * `survey.db` there are `survey.db-wal` and `survey.db-shm` while it is open; network file systems do not support it.
 */
#ifndef EPOCHAL_STORE_H
#define EPOCHAL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epo_store epo_store;

typedef enum epo_store_mode {
    EPO_STORE_READ,   /* must exist; nothing is written to it, unless it is of an older version */
    EPO_STORE_WRITE,  /* must exist */
    EPO_STORE_CREATE, /* made when missing, else as EPO_STORE_WRITE */
} epo_store_mode;

/* Opens a store. *out is the caller's, released by epo_store_close; NULL on failure.
 *
 * A store of an older version is brought to this one, in READ too, which needs a file and a folder that can be written.
 *
 * EPO_ENOTFOUND: no such file (READ, WRITE) or no such folder. EPO_ESTORE: not an Epochal store (another program's
 * SQLite file, another kind of file, an empty file, a folder), a store of a newer version, or one whose tables,
 * triggers or views are not ours; the message tells what to do. EPO_EIO: not permitted or unreadable. EPO_EFORMAT:
 * damaged. EPO_EBUSY: locked by another program for longer than ten seconds.
 *
 * The file is not trusted: its schema is compared with ours before anything in it is used, functions with side effects
 * and extensions are off. A store in a folder that this process may not write is read as a fixed snapshot. */
epo_status epo_store_open(const char *path, epo_store_mode mode, epo_store **out);

/* NULL is accepted. What was not committed is rolled back. */
void epo_store_close(epo_store *store);

/* From here on, what an object is for this handle is the last of its labels whose time is not after `date`: a date or a
 * time in UTC, "2026-11-21" (the whole day counts) or "2026-11-21T01:30:00Z"; NULL: the last label there is. Training,
 * splits, evaluation and review on this handle follow it; what is written does not. Labels may be added later with times
 * that lie back (epochal/relabel.h): then the same date says something else.
 *
 * EPO_EARG: no such date, or one that is not over: more labels may still come before its end. Today is taken. */
epo_status epo_store_set_labels_as_of(epo_store *store, const char *date);

/* As "2026-11-21T23:59:59Z"; NULL: the last labels. Valid until it is set anew. */
const char *epo_store_labels_as_of(const epo_store *store);

typedef struct epo_store_class {
    char *name; /* NULL: objects without a class */
    int64_t objects, stamps;
} epo_store_class;

typedef struct epo_store_part {
    char *split, *part; /* "main", "train" */
    int64_t objects;
} epo_store_part;

/* The light curves of one method: "given" by a catalogue, or how they were measured. */
typedef struct epo_store_method {
    char *method;
    int64_t objects, points;
    int64_t left_out; /* points that are upper limits or suspect */
} epo_store_method;

typedef struct epo_store_model {
    char *name;
    char *sha256;   /* of the weights file, 64 hexadecimal digits */
    char **classes; /* in the order of the outputs */
    size_t class_count;
} epo_store_model;

typedef struct epo_store_contents {
    int version; /* of the tables: user_version */
    int64_t surveys, sources, objects, stamps, photometry, labels, runs;
    int64_t relabels, votes;          /* labels that are not an import's; votes on labels */
    int64_t nights;                   /* different observing dates over all stamps */
    int64_t suspect_times, constants; /* stamps with a doubtful MJD; stamps that hold one value only */
    double mjd_first, mjd_last;       /* of the stamps, else of the photometry; NaN where there is none */
    char date_first[11], date_last[11]; /* "2006-04-02", "" where there is none */
    int64_t encodings, encoding_bytes;  /* of sequences, by encoder and turn; of their features */
    int64_t bytes;                      /* on disk, with the write-ahead log */

    epo_store_class *classes; /* by name; the objects without a class last */
    size_t class_count;
    epo_store_part *parts; /* by split name, then part name */
    size_t part_count;
    epo_store_method *methods; /* by name */
    size_t method_count;
    epo_store_model *models; /* in the order they came */
    size_t model_count;
} epo_store_contents;

/* Fills *out from one consistent view of the store; release with epo_store_info_free, also after a failure. */
epo_status epo_store_info(epo_store *store, epo_store_contents *out);
void epo_store_info_free(epo_store_contents *info);

typedef struct epo_store_checking {
    void *context;
    /* Called for each problem found: "stamp 1048576 of object 'x' (science, MJD 53827.2500) is damaged: ...". May be NULL. */
    void (*problem)(void *context, const char *text);
    /* Called now and then; false stops the check (EPO_ECANCELLED). May be NULL. */
    bool (*progress)(void *context, int64_t stamps_done, int64_t stamps_total);
} epo_store_checking;

/* Reads everything: the file's own structure, the references between tables, and the size, CRC32 and time of each stamp.
 * EPO_OK when all is well, EPO_EFORMAT with the number of problems when not. `checking` may be NULL. */
epo_status epo_store_check(epo_store *store, const epo_store_checking *checking);

#ifdef __cplusplus
}
#endif
#endif
