/* SPDX-License-Identifier: BSD-3-Clause
 * curves.h - one class against the rest at every threshold, reliability, and the choice of a threshold; from scores
 * that epo_scored_read (evaluate.h) read. */
#ifndef EPOCHAL_CURVES_H
#define EPOCHAL_CURVES_H

#include "epochal/evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One threshold: what scores as much or more is called positive. A threshold stands at each score that occurs, so equal
 * scores are never told apart. */
typedef struct epo_curve_point {
    double threshold; /* of the first point INFINITY: nothing is called positive */
    double tp, fp;    /* true and false positives, items */
    double tpr, mdr;  /* recall TP / P, missed detections FN / P; NaN without positives */
    double fpr;       /* FP / N; NaN without negatives */
    double precision; /* TP / (TP + FP); 1 where nothing is called positive (scikit-learn's end of the PR curve) */
    double f1;        /* 2 TP / (2 TP + FP + FN); NaN without positives */
    double mcc;       /* Matthews' correlation; 0 when all are, or are called, the same */
    double g_mean;    /* sqrt(TPR (1 - FPR)); NaN unless both kinds are there */
} epo_curve_point;

typedef struct epo_curve {
    epo_curve_point *points; /* from the highest threshold to the lowest; the last calls everything positive */
    size_t count;
    double positives, negatives;
    double auc;               /* of the ROC curve, equal scores counting half; NaN unless both kinds are there */
    double average_precision; /* sum of (recall step) x precision, no interpolation; NaN without positives */
} epo_curve;

/* class_index: of epo_scored_info's classes; for stamps 1, real, or 0, bogus by 1 - P(real). Release with
 * epo_curve_free, also after a failure. EPO_EARG: no such class; a score is NaN. */
epo_status epo_scored_curve(const epo_scored *scored, size_t class_index, epo_curve *out);
void epo_curve_free(epo_curve *curve);

/* Precision in a stream where `prevalence` of the items are positive: pi TPR / (pi TPR + (1 - pi) FPR); DES calls it
 * stream cleanliness. NaN where nothing is called positive. */
double epo_cleanliness(double tpr, double fpr, double prevalence);

/* Least FPR of all thresholds that miss no more than `mdr`; NaN unless both kinds are there. */
double epo_curve_fpr_at_mdr(const epo_curve *curve, double mdr);

/* How a threshold is chosen: where the measure is largest, of equals the highest. F1_MCC is O'TRAIN's scan: 0, 0.01 ..
 * 1, F1 + MCC, and of equals the lowest. */
#define EPO_CHOICE_MAP(X) X(F1, "f1") X(MCC, "mcc") X(F1_MCC, "f1+mcc") X(G_MEAN, "gmean")
typedef enum epo_choice {
#define EPO_CHOICE_ENUM(name, text) EPO_CHOICE_##name,
    EPO_CHOICE_MAP(EPO_CHOICE_ENUM)
#undef EPO_CHOICE_ENUM
        EPO_CHOICES
} epo_choice;

const char *epo_choice_name(epo_choice choice); /* "f1+mcc"; NULL outside the list */
bool epo_choice_of(const char *name, epo_choice *out);

/* NaN when the measure is a number nowhere: without positives, or for g-mean without negatives. */
double epo_curve_choose(const epo_curve *curve, epo_choice choice);

/* --- reliability -------------------------------------------------------------------------------------------------- */

enum { EPO_RELIABILITY_BINS = 15, EPO_RELIABILITY_BINS_MAX = 1000 };

/* Items whose score lies in (low, high]; the first bin takes its lower edge too. */
typedef struct epo_reliability_bin {
    double low, high;
    int64_t count;
    double score, share; /* their mean score, and the share that is positive; NaN of none */
} epo_reliability_bin;

/* class_index -1: the probability of the most probable class, and how often that class is right (stamps: P(real), and
 * how many are real); else that class against the rest. bins of equal width on 0..1, or of equal_mass: edges at
 * quantiles of the scores, on the line between neighbours (scikit-learn's calibration_curve). *out: `bins` of them,
 * freed with free(). ece: sum over bins of count / all x |score - share|; may be NULL; NaN of no items. EPO_EARG: no
 * such class, bins not 1 .. EPO_RELIABILITY_BINS_MAX, a score that is no probability. */
epo_status epo_scored_reliability(const epo_scored *scored, int class_index, size_t bins, bool equal_mass,
                                  epo_reliability_bin **out, double *ece);

#ifdef __cplusplus
}
#endif
#endif
