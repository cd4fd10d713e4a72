/* SPDX-License-Identifier: BSD-3-Clause
 * split.h - a named, stored assignment of the objects of a store to train, validation and test.
 *
 * Objects that share sky must not be told apart by it: unless a file says otherwise, all objects of one parent field go to the same part, and so do
 * objects that epo_augment made with those they were made of. Each class
 * is divided in the wanted fractions as closely as the groups allow, the rarest classes most closely.
 */
#ifndef EPOCHAL_SPLIT_H
#define EPOCHAL_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPO_SPLIT_PARTS = 3 };
extern const char *const epo_split_part_names[EPO_SPLIT_PARTS]; /* "train", "validation", "test" */

typedef enum epo_split_by {
    EPO_SPLIT_BY_PARENT, /* objects with the same parent, or one the parent of the other, stay together */
    EPO_SPLIT_BY_OBJECT, /* each object for itself: sky leaks where objects share a field */
} epo_split_by;

typedef struct epo_split_options {
    const char *name;                  /* of the split; not taken yet */
    double fractions[EPO_SPLIT_PARTS]; /* of train, validation, test: 0 or more, sum 1 */
    epo_split_by by;
    uint64_t seed;
} epo_split_options;
#define EPO_SPLIT_OPTIONS_INIT {.fractions = {0.7, 0.15, 0.15}, .seed = 1}

typedef struct epo_split_class {
    char *name; /* NULL: objects without a class, the last row; only in a split from a file */
    int64_t objects[EPO_SPLIT_PARTS];
} epo_split_class;

typedef struct epo_split_table {
    epo_split_class *classes; /* by name */
    size_t class_count;
    int64_t objects[EPO_SPLIT_PARTS];
    int64_t groups;           /* objects that stay together count as one */
    int64_t left_out;         /* objects in no part: those without a class; from a file, those that are not in it */
    int64_t torn;             /* from a file: fields (an object and those it is parent of too) with objects in more than one part */
} epo_split_table;

/* Makes the split and keeps it in the store; the table is filled, release it with epo_split_table_free (also after a
 * failure). The same store, options and seed give the same split. Classes are those as of the handle's date
 * (epo_store_set_labels_as_of).
 *
 * EPO_EARG: no name, or fractions that are negative or do not add up to 1. EPO_ESTORE: the name is taken.
 * EPO_ENOTFOUND: the store has no object with a class. */
epo_status epo_split(epo_store *store, const epo_split_options *options, epo_split_table *out);

/* Keeps a split that comes from outside, an author's own say: a CSV with the columns `object` (name) and `part` (train, validation or
 * test), and `survey` where names alone do not tell objects apart; plain or gzipped. Objects of the store that are not in the file are
 * in no part. groups is the number of objects in it; fields that it tears apart are counted, not refused.
 *
 * EPO_EFORMAT names file and line: an unknown part, an object that is not in the store, stands in the file twice, or is in several surveys
 * while the file does not say which; nothing is kept then. EPO_EARG: no name. EPO_ESTORE: the name is taken. */
epo_status epo_split_from_file(epo_store *store, const char *name, const char *path, epo_split_table *out);

void epo_split_table_free(epo_split_table *table);

#ifdef __cplusplus
}
#endif
#endif
