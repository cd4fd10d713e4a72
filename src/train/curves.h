/* SPDX-License-Identifier: BSD-3-Clause
 * curves.h - light curves gathered by object, from files or from a store, for what works on whole curves.
 *
 *     epo__curves_read_files or epo__curves_read_store, epo__curves_group, then objects[] and points[];
 * epo__curves_free
 *
 * An object's points may lie apart, so nothing can be computed before all was read. Objects stand in the order in which
 * they were first met. */
#ifndef EPO_TRAIN_CURVES_H
#define EPO_TRAIN_CURVES_H

#include <stdbool.h>

#include "base/pool.h"
#include "epochal/features.h"
#include "lightcurve/curve.h"

typedef struct epo__curve_object {
    int64_t id;                    /* in the store; 0 from files */
    const char *name, *class_name; /* class_name "" unknown */
    const char *filter;            /* of the first point; NULL before it */
    const char *problem;           /* why its curve is no use; NULL: none */
    bool others;                   /* it has points of another filter than the one wanted */
    size_t first, count;           /* in points, once grouped: by time, all times different */
} epo__curve_object;

typedef struct epo__curve_entry {
    size_t object;
    double mjd, mag, err;
} epo__curve_entry;

/* All zeros is an empty table. */
typedef struct epo__curves {
    epo__curve_object *objects;
    epo__curve_entry *entries; /* in the order read, until grouped */
    epo__curve_point *points;  /* once grouped */
    size_t object_count, entry_count, object_room, entry_room;
    size_t *slots; /* of a hash of names: object + 1, 0 empty */
    size_t slot_count;
    epo__pool texts;
    uint64_t limits, suspects, duplicates; /* points passed over */
    const char *method; /* store: of the photometry; in texts */
} epo__curves;

void epo__curves_free(epo__curves *curves);

/* Adds what the files hold; bad ones are told to `refused` and counted. */
epo_status epo__curves_read_files(epo__curves *curves, const char *const *paths, size_t count,
                                  const epo_features_options *options, epo_features_refused_fn refused, void *context,
                                  uint64_t *refused_files);
epo_status epo__curves_read_store(epo__curves *curves, epo_store *store, const epo_features_options *options);

/* Puts each object's points side by side and in order. An object without points has a problem. */
epo_status epo__curves_group(epo__curves *curves);

/* For the readers. The object of a name, made when new; and one more object, whatever it is called. */
epo_status epo__curves_object(epo__curves *curves, const char *name, const char *class_name, size_t *index);
epo_status epo__curves_append(epo__curves *curves, const char *name, const char *class_name, size_t *index);

/* Adds a point, unless it is of another filter than the one wanted (NULL: any). */
epo_status epo__curves_add(epo__curves *curves, size_t object, const char *wanted_filter, const char *filter,
                           double mjd, double mag, double err);

#endif
