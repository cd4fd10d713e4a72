/* SPDX-License-Identifier: BSD-3-Clause
 * import.h - from files on disk into the store.
 *
 * Import is atomic per file (a reader of the store sees all of a file or nothing of it), idempotent (the same file twice
 * changes nothing) and bounded in memory. A bad file is named with its reason, counted, and the rest goes on.
 */
#ifndef EPOCHAL_IMPORT_H
#define EPOCHAL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epo_import_options {
    const char *format;       /* "tao", "stamps", "autoscan", "ztf", "cube", "lightcurves" */
    const char *class_name;   /* class of everything imported; NULL: what the format says (folder, column) */
    const char *label_column; /* CSV column, or array, that holds the label */
    const char *real_label;   /* which label means real ("0" or "1"): autoscan asks for it */
    const char *survey;       /* name of the survey; NULL: the format's own */
    const char *extname;      /* stamps: which extension of a multi-extension file; NULL: the first image */
    const char *array;        /* cube: name of the array of pixels in an npz; NULL: the only one of 3 to 5 dimensions */
    const char *names, *frames, *times; /* cube: arrays of object names, of frame counts, of MJDs; NULL: none */
    const char *planes;       /* cube: roles of the last axis of N,H,W,C, "science,template,difference" */
    double bad_below;         /* cube: pixels at or below this are missing (NaN); -INFINITY: none */
    double bad_above;         /* cube: the same for pixels at or above this; INFINITY: none */
    bool trust_input;         /* also FITS images that are not plain 2-D */
    int threads;              /* 0: all */
} epo_import_options;
#define EPO_IMPORT_OPTIONS_INIT {.bad_below = -__builtin_inf(), .bad_above = __builtin_inf()}

typedef struct epo_import_event {
    const char *path;         /* the file */
    epo_status status;        /* EPO_OK, or why it was refused */
    const char *message;      /* file and reason; with EPO_OK a note on what was left out or repaired, NULL for none */
    bool unchanged;           /* it was imported before */
    uint64_t objects, stamps, points; /* new rows from this file */
} epo_import_event;

/* Called once a file, in input order, when what it brought is safely in the store; one call at a time, but not always on
 * the thread that called epo_import. A status other than EPO_OK stops the import after what was imported so far. */
typedef epo_status (*epo_import_fn)(void *context, const epo_import_event *event);

typedef struct epo_import_summary {
    uint64_t files, imported, unchanged, refused;
    uint64_t objects, stamps, points;  /* new rows */
    uint64_t duplicates;               /* stamps and points that were there already, or twice in a file */
    uint64_t left_out;                 /* alerts that could not be read, of files whose other alerts could */
    uint64_t suspect_dates, constant_images;
} epo_import_summary;

/* Imports files and folders (searched through, names sorted). EPO_OK also when files were refused: see the summary. After
 * a failure the store holds the files that the summary counts, each whole. */
epo_status epo_import(epo_store *store, const char *const *paths, size_t count, const epo_import_options *options,
                      epo_import_fn report, void *context, epo_import_summary *out);

/* The formats there are, for help texts: name and one line. False behind the last. */
typedef struct epo_import_format {
    const char *name, *about;
} epo_import_format;
bool epo_import_format_at(size_t index, epo_import_format *out);

#ifdef __cplusplus
}
#endif
#endif
