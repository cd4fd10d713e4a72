/* SPDX-License-Identifier: BSD-3-Clause
 * export.h - what a store holds, as files that others read: O'TRAIN cubes, sequences as numpy arrays, CSV, DS9 regions.
 *
 * A file is there whole or not at all, and the same store and options give the same bytes. Memory is bounded, however
 * much is written: one consistent view of the store is read, object by object in the order of their ids. Keys, columns
 * and how to read them back stand in docs/datasets.md.
 */
#ifndef EPOCHAL_EXPORT_H
#define EPOCHAL_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epo_export_options {
    const char *format;       /* a name of epo_export_format_at */
    const char *table;        /* csv: a name of epo_export_table_at; NULL: "objects" */
    const char *split;        /* "NAME:PART" or "NAME"; NULL: all objects */
    const char *class_name;   /* objects of this class only; NULL: of any */
    const char *roles;        /* which stamps: "science,template,difference" for the planes of an O'TRAIN cube (NULL:
                                 "difference"); one role for sequences (NULL: "science") */
    int side;                 /* stamps are cut or padded to this about their centre; 0: as they are, all of one size */
    double fill;              /* O'TRAIN: for missing pixels and padding, which are NaN in sequences; may be NaN */
    const char *real, *bogus; /* O'TRAIN: classes whose label is 1, and 0, as "SN,AGN"; NULL: "real", "bogus" */
    double radius;            /* regions: arcseconds, 0: points instead of circles */
} epo_export_options;
#define EPO_EXPORT_OPTIONS_INIT \
    {                           \
        .radius = 5             \
    }

/* Something that is left out, with the reason. Texts live during the call. */
typedef struct epo_export_event {
    const char *object;   /* its name; NULL where that cannot be read */
    const char *exposure; /* NULL: the whole object */
    const char *reason;
} epo_export_event;

/* On the thread that called epo_export. A status other than EPO_OK ends the export with it, and no file is written. */
typedef epo_status (*epo_export_fn)(void *context, const epo_export_event *event);

typedef struct epo_export_summary {
    uint64_t objects;           /* with at least one row */
    uint64_t rows;              /* stamps of a cube, sequences, rows of a table, regions */
    uint64_t frames;            /* of sequences */
    uint64_t damaged;           /* stamps and objects that cannot be read: reported, left out */
    uint64_t unlabelled;        /* O'TRAIN: objects without a class, left out */
    uint64_t incomplete;        /* O'TRAIN: exposures that lack one of the planes, left out */
    uint64_t unplaced;          /* regions: objects without a position, left out */
    int width, height, longest; /* of the stamps written; frames of the longest sequence */
} epo_export_summary;

/* EPO_EARG, saying which, when an option is out of range. */
epo_status epo_export_check(const epo_export_options *options);

/* Writes `path`. EPO_EARG as above; EPO_ENOTFOUND: no such split, or nothing to be written to an array; EPO_EFORMAT: an
 * object's class is neither real nor bogus, or stamps have several sizes and there is no side; EPO_ELIMIT: a sequence
 * that would not be read back; EPO_EIO. `report` may be NULL. */
epo_status epo_export(epo_store *store, const epo_export_options *options, const char *path, epo_export_fn report,
                      void *context, epo_export_summary *out);

/* For help texts: name and one line, name NULL behind the last. */
typedef struct epo_export_word {
    const char *name, *about;
} epo_export_word;
epo_export_word epo_export_format_at(size_t index);
epo_export_word epo_export_table_at(size_t index);

#ifdef __cplusplus
}
#endif
#endif
