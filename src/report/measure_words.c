/* SPDX-License-Identifier: BSD-3-Clause
 * measure_words.c - what measures are called on a page, and a line about each. */
#include "report/page.h"

static const struct {
    const char *title, *about;
    bool falls;
} words[EPO_MEASURES] = {
    [EPO_MEASURE_MAX_F1] =
        {"max F1", "largest harmonic mean of precision and recall over all thresholds, class against the rest"},
    [EPO_MEASURE_MEAN_MAX_F1] = {"mean max F1", "mean of the classes' max F1"},
    [EPO_MEASURE_AUC] = {"ROC AUC", "chance that an item of the class scores higher than one of the rest"},
    [EPO_MEASURE_MEAN_AUC] = {"mean ROC AUC", "mean of the classes' ROC AUC"},
    [EPO_MEASURE_AVERAGE_PRECISION] = {"average precision", "area under precision against recall, in steps"},
    [EPO_MEASURE_MEAN_AVERAGE_PRECISION] = {"mean average precision", "mean of the classes' average precision"},
    [EPO_MEASURE_F1] = {"F1", "harmonic mean of precision and recall at the threshold"},
    [EPO_MEASURE_MEAN_F1] = {"mean F1", "mean of the classes' F1 at their thresholds"},
    [EPO_MEASURE_MCC] = {"MCC", "Matthews' correlation of truth and call: 0 is chance, 1 is perfect"},
    [EPO_MEASURE_MDR] = {"missed detections (MDR)", "share of the class's items that are missed at the threshold",
                         true},
    [EPO_MEASURE_FPR] = {"false positives (FPR)", "share of the other items that are called the class at the threshold",
                         true},
    [EPO_MEASURE_FPR_AT_MDR] = {"FPR at MDR", "least share of false positives when no more than this share is missed",
                                true},
    [EPO_MEASURE_G_MEAN] = {"g-mean", "geometric mean of the recalls of both sides at the threshold"},
    [EPO_MEASURE_CLEANLINESS] = {"cleanliness", "precision in a stream with the given share of real ones"},
    [EPO_MEASURE_ACCURACY] = {"accuracy", "share that is called what it is"},
    [EPO_MEASURE_BALANCED_ACCURACY] = {"balanced accuracy", "mean over the classes of the share that is found"},
    [EPO_MEASURE_LOG_LOSS] = {"log loss", "mean &minus;ln of the probability given to the truth", true},
    [EPO_MEASURE_BRIER] = {"Brier score", "mean squared distance of the probabilities from the truth", true},
    [EPO_MEASURE_ECE] = {"calibration error (ECE)", "mean distance of claimed probability from how often it is right",
                         true},
};

const char *epo__measure_about(epo_measure measure)
{
    return (size_t)measure < EPO_MEASURES && words[measure].about ? words[measure].about : "";
}

void epo__measure_title(epo__string *out, epo_measure measure, const epo_evaluate_options *how)
{
    if ((size_t)measure >= EPO_MEASURES) return;
    epo__string_add(out, words[measure].title ? words[measure].title : epo_measure_name(measure));
    if (measure == EPO_MEASURE_FPR_AT_MDR) epo__string_addf(out, " %g", how->mdr);
    if (measure == EPO_MEASURE_CLEANLINESS) epo__string_addf(out, " at prevalence %g", how->prevalence);
}

bool epo__measure_falls(epo_measure measure)
{
    return (size_t)measure < EPO_MEASURES && words[measure].falls;
}
