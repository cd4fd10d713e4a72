/* SPDX-License-Identifier: BSD-3-Clause
 * calibrate.h - temperature scaling (Guo et al. 2017): one number a head that makes probabilities as large as they are
 * right.
 *
 * A calibrated head gives p^(1/T) / sum of p^(1/T), p being what it gave before (kept from 2^-52 upwards): softmax(z /
 * T), or sigmoid(z / T), without knowing the logits z. T > 1 takes back confidence. Within one object the order of the
 * classes stays; of two classes also the order of the objects. epo_classify_store and epo_score_* apply it where the
 * model has one; over flips and turns (epo_score_options.turns) after their mean.
 */
#ifndef EPOCHAL_CALIBRATE_H
#define EPOCHAL_CALIBRATE_H

#include "epochal/evaluate.h"
#include "epochal/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* T lies in between; at an end of it the scores are always right, or say nothing. */
#define EPO_TEMPERATURE_MIN 0.01
#define EPO_TEMPERATURE_MAX 100.0

typedef struct epo_calibration {
    double temperature;                     /* with the least log loss on the scores */
    bool at_limit;                          /* it would be beyond EPO_TEMPERATURE_MIN or _MAX */
    double log_loss_before, log_loss_after; /* as EPO_MEASURE_LOG_LOSS, _ECE, _BRIER */
    double ece_before, ece_after;
    double brier_before, brier_after;
    int64_t count; /* objects, or stamps */
} epo_calibration;

/* EPO_EARG: no scores, or one that is no probability. */
epo_status epo_calibration_fit(const epo_scored *scored, epo_calibration *out);

/* p^(1/T) / sum of p^(1/T) of `count` probabilities, in place. */
void epo_temper(double temperature, double *probabilities, size_t count);

/* Writes the model with the temperature of `head` multiplied by this one. Its figures (epo_card_additions.metrics) are
 * left out, since they were measured on the scores as they were; *had_metrics tells; may be NULL. EPO_EMODEL: no such
 * head. EPO_EARG: not from EPO_TEMPERATURE_MIN to _MAX, also as the product. */
epo_status epo_calibrated_save(const char *path, const epo_model_options *options, epo_head head, double temperature,
                               const char *out, bool *had_metrics);

#ifdef __cplusplus
}
#endif
#endif
