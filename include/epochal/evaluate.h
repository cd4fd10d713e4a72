/* SPDX-License-Identifier: BSD-3-Clause
 * evaluate.h - how good a model is: the scores that epo_classify_store or epo_score_store left in a store, held against
 * the classes of the objects.
 *
 * What an object is, is its class in the store. It counts as one of the model's classes when it is called the same
 * (letters compared without case), or is a part of a merged one ("CV" of "AGN+CV"), or when the classes are TRANSIENT
 * and NON, where everything but NON, real and bogus is TRANSIENT. Other objects are left out and counted.
 */
#ifndef EPOCHAL_EVALUATE_H
#define EPOCHAL_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which scores. A model's are those of its last finished run that scored an object in question. */
typedef struct epo_evaluate_source {
    const char *sha256; /* of the model's weights file; NULL: by run */
    int64_t run;        /* id of a finished run; with sha256 ignored */
    const char *split;  /* "NAME:PART" or "NAME": the objects in question; NULL: all of the store */
    const char *name;   /* of the model, for messages; NULL: its SHA-256 or run */
    const char *remedy; /* the command that makes its scores, for the message when there are none; NULL: any */
} epo_evaluate_source;

enum { EPO_EVALUATE_RESAMPLES_MAX = 100000 };

typedef struct epo_evaluate_options {
    int resamples;    /* of the bootstrap, over objects; 0: no intervals; EPO_EVALUATE_RESAMPLES_MAX at most */
    uint64_t seed;    /* the same seed gives the same intervals */
    double threshold; /* a stamp is called real from this score upwards */
} epo_evaluate_options;
#define EPO_EVALUATE_OPTIONS_INIT {.resamples = 1000, .seed = 1, .threshold = 0.5}

/* A measure with its 95 % interval. NaN where there is none: of a class without objects, or with resamples 0. */
typedef struct epo_estimate {
    double value, low, high;
} epo_estimate;

typedef struct epo_evaluation_class {
    char *name;
    int64_t count;       /* objects that are of this class; real/bogus: stamps */
    epo_estimate max_f1; /* largest F1 over all thresholds of this class against the rest */
    double threshold;    /* the highest score at which it is reached */
    epo_estimate auc;    /* area under the ROC curve of this class against the rest, equal scores counting half */
} epo_evaluation_class;

typedef struct epo_evaluation {
    bool stamps; /* real/bogus: single stamps with P(real), else objects with a probability for each class */
    epo_evaluation_class *classes; /* in the order of the model's outputs; stamps: "bogus" (count only), "real" */
    size_t class_count;
    int64_t *confusion; /* class_count x class_count: truth * class_count + called. Called is the most probable class;
                           stamps: real from the threshold upwards */
    epo_estimate accuracy; /* share of the diagonal */

    epo_estimate max_f1, auc; /* means over the classes that have objects; stamps: of the class real */
    double max_f1_sd, auc_sd; /* population SD over them; NaN for stamps */

    /* stamps only, else NaN */
    epo_estimate mcc;        /* Matthews' correlation at the threshold */
    epo_estimate mdr, fpr;   /* missed detections FN/(TP+FN), false positives FP/(FP+TN) at the threshold */
    epo_estimate fpr_at_mdr; /* least FPR over all thresholds whose MDR is 0.05 or less */

    int64_t objects, count; /* that were judged; count: objects, or stamps */
    int64_t left_out;       /* objects with scores whose class is none of the model's, or unknown */
    int64_t missing;        /* objects in question, of a class of the model, without a score */
    int64_t resamples;      /* that were measured */
    int64_t passed_over;    /* that lacked a class */
    int64_t run;            /* the scores are of; with several sources the first */
} epo_evaluation;

/* Judges the scores of `count` sources together: the folds of a cross-validation, or one model. options may be NULL.
 * Release *out with epo_evaluation_free, also after a failure.
 *
 * EPO_ENOTFOUND: no such split or run; no scores, and the message names the command that makes them; no object left to
 * judge. EPO_EARG: sources that have different classes, or an object with scores of two sources; a run that did not
 * finish; too many resamples. EPO_EFORMAT: damaged scores. */
epo_status epo_evaluate(epo_store *store, const epo_evaluate_source *sources, size_t count,
                        const epo_evaluate_options *options, epo_evaluation *out);

void epo_evaluation_free(epo_evaluation *evaluation);

#ifdef __cplusplus
}
#endif
#endif
