/* SPDX-License-Identifier: BSD-3-Clause
 * loss.c - losses from logits, with their gradients. */
#include "nn/loss.h"

#include <math.h>

#include "base/error.h"

static epo_status check_smoothing(double smoothing)
{
    if (smoothing >= 0 && smoothing <= 1) return EPO_OK;
    return epo__fail(EPO_EARG, "label smoothing of %g is not from 0 to 1", smoothing);
}

static double weight_of(const epo__softmax_loss *loss, size_t k)
{
    return loss->weights ? (double)loss->weights[k] : 1;
}

/* log of the sum of exp(x), without overflow */
static double log_sum(const float *x, size_t count)
{
    double largest = (double)x[0];
    for (size_t k = 1; k < count; k++)
        if ((double)x[k] > largest) largest = (double)x[k];
    double sum = exp((double)x[0] - largest);
    for (size_t k = 1; k < count; k++) sum += exp((double)x[k] - largest);
    return largest + log(sum);
}

epo_status epo__softmax_loss_run(const epo__softmax_loss *loss, size_t count, const float *logits, const int *labels,
                                 double *mean, float *d_logits, float *probabilities)
{
    size_t classes = loss->classes;
    double s = loss->smoothing, total = 0, all_weights = 0, sum = 0;
    epo_status status = check_smoothing(s);
    if (status != EPO_OK) return status;
    for (size_t k = 0; k < classes; k++) {
        double w = weight_of(loss, k);
        if (!(w >= 0) || isinf(w)) return epo__fail(EPO_EARG, "class weight %g is not a positive number", w);
        all_weights += w;
    }
    for (size_t i = 0; i < count; i++) {
        if (labels[i] < 0 || (size_t)labels[i] >= classes)
            return epo__fail(EPO_EARG, "label %d is none of %zu classes", labels[i], classes);
        total += weight_of(loss, (size_t)labels[i]);
    }
    if (!(total > 0)) return epo__fail(EPO_EARG, "no sample of the batch has a weight");
    for (size_t i = 0; i < count; i++) {
        const float *x = logits + i * classes;
        size_t label = (size_t)labels[i];
        double normaliser = log_sum(x, classes), own = (1 - s) * weight_of(loss, label);
        double all = own + s / (double)classes * all_weights; /* what the weights of log p sum to */
        for (size_t k = 0; k < classes; k++) {
            double log_p = (double)x[k] - normaliser, p = exp(log_p);
            double w = s / (double)classes * weight_of(loss, k) + (k == label ? own : 0);
            if (w > 0) sum -= w * log_p;
            if (d_logits) d_logits[i * classes + k] = (float)((p * all - w) / total);
            if (probabilities) probabilities[i * classes + k] = (float)p;
        }
    }
    *mean = sum / total;
    return EPO_OK;
}

epo_status epo__sigmoid_loss_run(const epo__sigmoid_loss *loss, size_t count, const float *logits, const int *labels,
                                 double *mean, float *d_logits, float *probabilities)
{
    double weight = loss->positive_weight != 0 ? loss->positive_weight : 1, s = loss->smoothing, sum = 0;
    epo_status status = check_smoothing(s);
    if (status != EPO_OK) return status;
    if (!(weight > 0) || isinf(weight)) return epo__fail(EPO_EARG, "weight %g is not a positive number", weight);
    if (count == 0) return epo__fail(EPO_EARG, "no sample in the batch");
    for (size_t i = 0; i < count; i++) {
        if (labels[i] != 0 && labels[i] != 1) return epo__fail(EPO_EARG, "label %d is neither 0 nor 1", labels[i]);
        double x = (double)logits[i], target = labels[i] * (1 - s) + s / 2, small = exp(-fabs(x));
        double soft = log1p(small); /* log(1 + exp(-|x|)) */
        double minus_log_p = soft + (x < 0 ? -x : 0), minus_log_q = soft + (x > 0 ? x : 0);
        double p = x >= 0 ? 1 / (1 + small) : small / (1 + small), q = x >= 0 ? small / (1 + small) : 1 / (1 + small);
        sum += weight * target * minus_log_p + (1 - target) * minus_log_q;
        if (d_logits) d_logits[i] = (float)(((1 - target) * p - weight * target * q) / (double)count);
        if (probabilities) probabilities[i] = (float)p;
    }
    *mean = sum / (double)count;
    return EPO_OK;
}
