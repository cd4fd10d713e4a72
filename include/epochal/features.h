/* SPDX-License-Identifier: BSD-3-Clause
 * features.h - numbers that describe a light curve: from times, magnitudes and errors to a row for a random forest.
 *
 * There are 30 features, in two definitions: those of the MANTRA and TAO-Net work as their code computes them, and as
 * the papers define them (Richards et al. 2011, D'Isanto et al. 2016, FATS). `epo_feature_at` tells formula, unit, the
 * smallest number of points and the source of each; docs/lightcurve.md holds them together.
 *
 * A feature that cannot be computed (too few points, no error where one is needed, a division by zero) is missing: its
 * bit is set and its value is NaN, and a value that is not missing is always finite.
 */
#ifndef EPOCHAL_FEATURES_H
#define EPOCHAL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/photometry.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPO_FEATURE_COUNT = 30, EPO_FEATURES_COPIES_MAX = 10000, EPO_FEATURES_BALANCE_MAX = 10000000 };

typedef enum epo_feature_definition {
    EPO_FEATURES_MANTRA,   /* as the code of the published tables computes them, oddities included */
    EPO_FEATURES_RICHARDS, /* as the papers define them */
    EPO_FEATURES_DEFINITIONS,
} epo_feature_definition;

/* One feature in one definition. Formulas: m magnitude, e its error, t time, n points, f flux, Q quantile. */
typedef struct epo_feature_about {
    const char *name, *unit, *formula, *source;
    int least; /* points */
} epo_feature_about;

/* The feature in column `index`; columns are in alphabetical order, as in the published tables. False from
 * EPO_FEATURE_COUNT on. */
bool epo_feature_at(epo_feature_definition definition, size_t index, epo_feature_about *out);

/* "mantra" and "richards"; NULL behind the last. */
const char *epo_feature_definition_name(size_t index);

/* The features of one curve. mjd[n] in days, mag[n], mag_err[n] in magnitudes, in any order; mag_err NULL or NaN where
 * unknown. Of points at the same time the first counts. values[EPO_FEATURE_COUNT]; bit i of *missing stands for column
 * i; *points tells how many were used; neither may be NULL. EPO_EARG for n = 0 and for times or magnitudes that are not
 * finite. */
epo_status epo_features_of_curve(epo_feature_definition definition, size_t n, const double *mjd, const double *mag,
                                 const double *mag_err, double *values, uint32_t *missing, size_t *points);

typedef struct epo_features_options {
    epo_feature_definition definition;
    const char *class_name;   /* files: class of every object; NULL: of the column `label_column` */
    const char *label_column; /* files: the column of the class; NULL: "class", where there is one */
    const char *method;       /* store: photometry of this method; NULL: the only one there is */
    const char *split;        /* store: "NAME:PART" or "NAME"; NULL: all objects */
    const char *filter;       /* only points of this filter; NULL: all, and an object with several is refused */
    int min_points;           /* objects with fewer are left out; 0: none */
    int copies;               /* of each object, with magnitudes drawn anew from normal distributions of their errors */
    int64_t balance;          /* as many copies as raise each class to this many rows; -1: to the largest class */
    uint64_t seed;            /* of the copies; the same for any number of threads */
    int threads;              /* 0: all */
} epo_features_options;
#define EPO_FEATURES_OPTIONS_INIT \
    {                             \
        .seed = 1                 \
    }

/* One object, or one copy of it. The strings are valid during the call only. */
typedef struct epo_features_row {
    int64_t object;         /* its id in the store; 0 from files */
    const char *id;         /* copies: "ID#3" */
    const char *class_name; /* "" unknown */
    int copy;               /* 0: the object itself */
    size_t points;          /* used: with those of equal times, and those that cannot be used, taken off */
    const double *values;   /* EPO_FEATURE_COUNT, NaN where missing; NULL with an error */
    uint32_t missing;
    bool left_out;     /* with fewer points than min_points: no values, and `error` says so */
    const char *error; /* why there are no values; NULL: there are */
} epo_features_row;

/* Called once a row in the order of input, copies behind their object; one call at a time, but not always by the thread
 * that began. A status other than EPO_OK ends it with that. */
typedef epo_status (*epo_features_fn)(void *context, const epo_features_row *row);

/* Called for each file that is refused, by its message. */
typedef void (*epo_features_refused_fn)(void *context, const char *message);

typedef struct epo_features_summary {
    uint64_t objects, copies; /* rows with values */
    uint64_t incomplete;      /* of them, with a feature missing */
    uint64_t left_out;        /* with fewer than min_points */
    uint64_t refused;         /* objects without values */
    uint64_t refused_files;
    uint64_t points;           /* used, without those of copies */
    uint64_t duplicates;       /* points at the time of another one of their object: passed over */
    uint64_t limits, suspects; /* upper limits, and points whose time or value is suspect: passed over */
    char method[EPO_PHOTOMETRY_NAME]; /* store: of the photometry that was read */
    double seconds;
} epo_features_summary;

/* Light curves in CSV files (gz too) with id, mjd, mag, mag_err and, where there are such columns, class and filter.
 * Folders are searched through. An object's points may lie apart, and in several files: all are read first, which takes
 * about 70 bytes a point. A bad file is refused whole and told to `refused` (may be NULL), the others count.
 * options NULL: the standard ones. EPO_EARG: options that exclude each other or are out of range. */
epo_status epo_features_files(const char *const *paths, size_t count, const epo_features_options *options,
                              epo_features_fn row, epo_features_refused_fn refused, void *context,
                              epo_features_summary *out);

/* Light curves of a store, by order of its objects. EPO_ENOTFOUND: no photometry, no such method or split, and the
 * message tells what there is; EPO_EARG also when there are several methods and none is named. */
epo_status epo_features_store(epo_store *store, const epo_features_options *options, epo_features_fn row, void *context,
                              epo_features_summary *out);

#ifdef __cplusplus
}
#endif
#endif
