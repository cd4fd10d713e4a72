/* SPDX-License-Identifier: BSD-3-Clause
 * review.h - labels that are probably wrong: stored scores held against the class of each object, the surest first.
 *
 * Suspicion, of one model: s = (1 - p(label) + max over the other classes of p) / 2, from 0 to 1. With two classes that
 * is 1 - p(label); with more, a label that the model gives little but gives no other class much is less suspect than
 * one whose place another class has taken. A model is against a label when it calls another class: s > 1/2, and for a
 * stamp labelled real also P(real) = 1/2 (category 2 below).
 *
 * Categories (Acero-Cuellar et al.'s and Ayyar et al.'s for DES, whose label 1 is real): with p = P(real),
 *
 *     label real    1: p <= 0.1    2: p <= 0.5    3: above
 *     label bogus   4: p <= 0.5    5: p <= 0.9    6: above
 *
 * so 1 and 6 are what a sure model would relabel. Of objects p is P(label) in the first line; objects that are NON,
 * where the model knows that class, are in the second with p = 1 - P(NON). Of several models p is the mean.
 *
 * Each label must be judged by a model that has not learned it: give the folds of a cross-validation, each with its own
 * test part as split. Then every object is judged by the folds that did not see it.
 */
#ifndef EPOCHAL_REVIEW_H
#define EPOCHAL_REVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/evaluate.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPO_REVIEW_CATEGORIES = 6, EPO_REVIEW_SOURCES_MAX = 64 };

/* The category, 1 to 6, of a label that is real (or not NON) or not; 0 where p is no probability: NaN, below 0,
 * above 1. */
int epo_review_category(bool positive, double p);

/* Which scores: those of a model's last finished run that scored an object in question. */
typedef epo_evaluate_source epo_review_source;

typedef struct epo_review_options {
    bool categories[EPO_REVIEW_CATEGORIES + 1]; /* which are told of, by number; all false: all */
    int64_t limit;                              /* most rows that are told of; 0: all */
} epo_review_options;

/* Texts and arrays are valid during the call; NULL where unknown. */
typedef struct epo_suspect {
    int64_t rank; /* from 1, over all categories */
    const char *survey, *object, *label;
    const char
        *called; /* what the model that is most against the label calls it, or else the label's class in the model */
    int category;
    double suspicion;    /* mean over the models */
    int against, models; /* models that are against the label; that have a score */
    bool seen;           /* one of them was trained on this object, as far as the store knows */
    const double *p;     /* [sources] P(real) of a stamp, P(label) of an object; NaN where a source has no score */
    double mjd;          /* of the stamp, or the object's first; NaN unknown */
    const char *exposure, *path;
} epo_suspect;

typedef epo_status (*epo_suspect_fn)(void *context, const epo_suspect *suspect);

typedef struct epo_review_summary {
    bool stamps;    /* a row is a stamp, else an object */
    int64_t judged; /* rows there are */
    int64_t told;
    int64_t of_category[EPO_REVIEW_CATEGORIES + 1]; /* by number */
    int64_t against_all;                            /* rows whose label all models that have a score are against */
    /* of two sources: rows by the first's category and the second's, where both have a score */
    int64_t agreement[EPO_REVIEW_CATEGORIES + 1][EPO_REVIEW_CATEGORIES + 1];
    int64_t seen;     /* rows judged by a model that was trained on them */
    int64_t left_out; /* objects with scores whose class is none of the model's, or unknown */
    int64_t missing;  /* objects in question, of a class of a model, without any score */
    int64_t unusable; /* scores that are no probabilities, and do not count */
} epo_review_summary;

/* Tells of suspects in order: those whose label all models are against come first, then by falling suspicion, then as
 * the objects came. tell may be NULL, for the numbers alone. options may be NULL.
 *
 * EPO_ENOTFOUND: no such split or run; no scores, and the message names the command that makes them; nothing to judge.
 * EPO_EARG: none or too many sources; scores of stamps beside those of objects; a run that did not finish. EPO_EFORMAT:
 * damaged scores. */
epo_status epo_review(epo_store *store, const epo_review_source *sources, size_t count,
                      const epo_review_options *options, epo_suspect_fn tell, void *context, epo_review_summary *out);

#ifdef __cplusplus
}
#endif
#endif
