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

/* --- labelled scores ---------------------------------------------------------------------------------------------- */

/* Scores in memory, each beside what its object is: read once, then judged, compared, drawn, or cut into bins. */
typedef struct epo_scored epo_scored;

/* Reads the scores of `count` sources as one sample: the folds of a cross-validation, or one model. The caller frees
 * *out with epo_scored_free.
 *
 * EPO_ENOTFOUND: no such split or run; no scores, and the message names the command that makes them; no object left to
 * judge. EPO_EARG: sources that have different classes, or an object with scores of two sources; a run that did not
 * finish. EPO_EFORMAT: damaged scores. */
epo_status epo_scored_read(epo_store *store, const epo_evaluate_source *sources, size_t count, epo_scored **out);
void epo_scored_free(epo_scored *scored); /* NULL is fine */

typedef struct epo_scored_info {
    bool stamps;       /* real/bogus: single stamps with P(real), else objects with a probability for each class */
    bool triplet_head; /* the first source's run took the encoder's own head */
    const char *const *classes; /* in the order of the model's outputs; stamps: "bogus", "real". Owned by the scores */
    size_t class_count;
    int64_t objects, count; /* to be judged; count: objects, or stamps */
    int64_t left_out;       /* objects with scores whose class is none of the model's, or unknown */
    int64_t missing;        /* objects in question, of a class of the model, without a score */
    int64_t run;            /* the scores are of; with several sources the first */
    const int64_t *runs;    /* the run of each source. Owned by the scores; NULL of a bin */
    size_t run_count;
} epo_scored_info;

void epo_scored_get_info(const epo_scored *scored, epo_scored_info *out);

/* An object, or stamp, that is called what it is not. */
typedef struct epo_mistake {
    int64_t object, stamp; /* ids in the store; stamp 0: the object as a whole */
    int truth, called;     /* indices of epo_scored_info's classes */
    double confidence;     /* probability of the class that it is called */
    const double *probabilities; /* of each class, owned by the scores; of stamps one, P(real) */
} epo_mistake;

/* The mistakes of the most probable class (of stamps: called real from `threshold` upwards), the surest first, of equals
 * in the order of the objects: at most `most` of them in *out, *count in all, as many as are off the diagonal of
 * epo_evaluation.confusion. *out is freed with free(). */
epo_status epo_scored_mistakes(const epo_scored *scored, double threshold, size_t most, epo_mistake **out, size_t *count);

/* What items are sorted into bins by. Of a stamp its own magnitude; of an object the median over its light curve
 * (points that are no upper limits; "given" ones where there are any, else measured ones), else over its stamps. */
typedef enum epo_bin_by { EPO_BIN_BY_MAG, EPO_BIN_BY_MAG_ERR } epo_bin_by;

enum { EPO_BIN_EDGES = 6 };

/* O'TRAIN's bins: EPO_BIN_EDGES edges, equally far apart from the least valid value to 25 mag, or 0.4 for errors; the
 * first edge is then taken as 0. 99 and 0 are no magnitudes, nor errors. Reads what it needs from the store the first
 * time. *outside: items in no bin; may be NULL. EPO_ENOTFOUND: no item has a valid value below the last edge. */
epo_status epo_scored_bin_edges(epo_scored *scored, epo_store *store, epo_bin_by by, double edges[EPO_BIN_EDGES],
                                int64_t *outside);

/* The items of low <= value < high (of the last bin: <= high), as scores of their own, which may be none. After
 * epo_scored_bin_edges; the caller frees *out with epo_scored_free. EPO_EARG: no such bin. */
epo_status epo_scored_bin(const epo_scored *scored, epo_bin_by by, const double edges[EPO_BIN_EDGES], size_t bin,
                          epo_scored **out);

/* --- measures ----------------------------------------------------------------------------------------------------- */

/* Of sequences, of each class against the rest: MAX_F1, AUC, AVERAGE_PRECISION, and with given thresholds F1, MCC, MDR,
 * FPR, G_MEAN and CLEANLINESS; of all classes: the means, ACCURACY and MCC of the most probable class, and what
 * probabilities are worth: LOG_LOSS, BRIER, ECE. Of stamps, one class: real.
 *
 * MAX_F1              largest F1 over all thresholds
 * AUC                 area under the ROC curve, equal scores counting half
 * AVERAGE_PRECISION   sum of (recall step) x precision
 * ACCURACY            share of the diagonal of the confusion matrix
 * BALANCED_ACCURACY   mean recall over the classes that have items
 * MCC                 Matthews' correlation, of K classes Gorodkin's (2004); 0 when all are, or are called, the same
 * MDR, FPR            missed detections FN/(TP+FN), false positives FP/(FP+TN), at the threshold
 * FPR_AT_MDR          least FPR over all thresholds that miss no more than options.mdr
 * CLEANLINESS         precision at options.prevalence (curves.h)
 * LOG_LOSS            mean -log p of the true class, p kept from 2^-52 to 1 - 2^-52 (as scikit-learn)
 * BRIER               mean of sum_k (p_k - y_k)^2, from 0 to 2; stamps: (p - y)^2
 * ECE                 expected calibration error, EPO_RELIABILITY_BINS of equal width (curves.h); stamps: of P(real)
 *
 * NaN: a measure of a class that has no items, or of none at all, of AUC and FPR also when all are of it; such a class
 * is in no mean. */
#define EPO_MEASURE_MAP(X)                              \
    X(MAX_F1, "max_f1")                                 \
    X(MEAN_MAX_F1, "mean_max_f1")                       \
    X(AUC, "auc")                                       \
    X(MEAN_AUC, "mean_auc")                             \
    X(AVERAGE_PRECISION, "average_precision")           \
    X(MEAN_AVERAGE_PRECISION, "mean_average_precision") \
    X(F1, "f1")                                         \
    X(MEAN_F1, "mean_f1")                               \
    X(MCC, "mcc")                                       \
    X(MDR, "mdr")                                       \
    X(FPR, "fpr")                                       \
    X(FPR_AT_MDR, "fpr_at_mdr")                         \
    X(G_MEAN, "g_mean")                                 \
    X(CLEANLINESS, "cleanliness")                       \
    X(ACCURACY, "accuracy")                             \
    X(BALANCED_ACCURACY, "balanced_accuracy")           \
    X(LOG_LOSS, "log_loss")                             \
    X(BRIER, "brier")                                   \
    X(ECE, "ece")
typedef enum epo_measure {
#define EPO_MEASURE_ENUM(name, text) EPO_MEASURE_##name,
    EPO_MEASURE_MAP(EPO_MEASURE_ENUM)
#undef EPO_MEASURE_ENUM
        EPO_MEASURES
} epo_measure;

const char *epo_measure_name(epo_measure measure); /* "max_f1"; NULL outside the list */

/* A measure with its 95 % interval. NaN where there is none: of a class without objects, or with resamples 0. */
typedef struct epo_estimate {
    double value, low, high;
} epo_estimate;

typedef struct epo_measurement {
    epo_measure measure;
    int class_index; /* whose items it is about; -1: all */
    epo_estimate is;
    double sd;        /* of means: population SD over the classes (TAO-Net's convention); else NaN */
    double threshold; /* of MAX_F1 the highest at which it is reached, of others the given one; NaN: none */
    int64_t count;    /* objects or stamps that it is about */
} epo_measurement;

typedef struct epo_evaluate_options {
    int resamples;            /* of the bootstrap, over objects; 0: no intervals; EPO_EVALUATE_RESAMPLES_MAX at most */
    uint64_t seed;            /* the same seed gives the same intervals */
    double threshold;         /* a stamp is called real from this score upwards */
    const double *thresholds; /* of each class, one against the rest: for sequences; NULL: none. A NaN is none */
    size_t threshold_count;   /* as many as there are classes */
    double prevalence;        /* share of real ones (of each class) in the stream, for CLEANLINESS; 0: leave it out */
    double mdr;               /* for FPR_AT_MDR */
} epo_evaluate_options;
#define EPO_EVALUATE_OPTIONS_INIT                                   \
    {                                                               \
        .resamples = 1000, .seed = 1, .threshold = 0.5, .mdr = 0.05 \
    }

typedef struct epo_evaluation_class {
    char *name;
    int64_t count; /* objects that are of this class; real/bogus: stamps */
} epo_evaluation_class;

typedef struct epo_evaluation {
    bool stamps;
    epo_measurement *measures;
    size_t measure_count;
    epo_evaluation_class *classes; /* as epo_scored_info's */
    size_t class_count;
    int64_t *confusion; /* class_count x class_count: truth * class_count + called. Called is the most probable class;
                           stamps: real from the threshold upwards */
    int64_t objects, count, left_out, missing, run; /* as epo_scored_info's */
    int64_t resamples;                              /* that were measured */
    int64_t passed_over;                            /* that lacked a class */
} epo_evaluation;

/* options may be NULL. Release *out with epo_evaluation_free, also after a failure. EPO_EARG: options out of range; as
 * many thresholds as there are classes are wanted. */
epo_status epo_scored_evaluate(const epo_scored *scored, const epo_evaluate_options *options, epo_evaluation *out);

/* epo_scored_read and epo_scored_evaluate in one. */
epo_status epo_evaluate(epo_store *store, const epo_evaluate_source *sources, size_t count,
                        const epo_evaluate_options *options, epo_evaluation *out);

void epo_evaluation_free(epo_evaluation *evaluation);

/* The row of a measure and class (-1: of all); NULL when there is none. */
const epo_measurement *epo_evaluation_find(const epo_evaluation *evaluation, epo_measure measure, int class_index);

/* --- side by side ---------------------------------------------------------------------------------------------------
 */

/* Measure by measure, two samples of scores of the same objects. The resamples are the same for both, so the intervals
 * are those of the difference (paired bootstrap). */
typedef struct epo_difference {
    epo_measure measure;
    int class_index;
    double first, second;    /* on the objects that both have scored */
    epo_estimate difference; /* first - second */
    double wrong_side; /* share of the resamples whose difference has the other sign, those of no difference counting
                          half; NaN with resamples 0, and of no difference */
    int64_t count;
} epo_difference;

typedef struct epo_comparison {
    epo_difference *differences;
    size_t difference_count;
    int64_t objects, count; /* that both have scored */
    int64_t left_out;       /* objects that only one of them has scored, or not with the same stamps */
    char *left_out_names;   /* "a, b, c, ..." of some of them; NULL for none */
    int64_t resamples, passed_over;
} epo_comparison;

/* Both have the same classes, in any order. Release *out with epo_comparison_free, also after a failure.
 * EPO_EARG: other classes, or options as in epo_scored_evaluate. EPO_ENOTFOUND: no object has scores of both. */
epo_status epo_scored_compare(epo_store *store, const epo_scored *first, const epo_scored *second,
                              const epo_evaluate_options *first_options, const epo_evaluate_options *second_options,
                              epo_comparison *out);
void epo_comparison_free(epo_comparison *comparison);

#ifdef __cplusplus
}
#endif
#endif
