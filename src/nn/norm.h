/* SPDX-License-Identifier: BSD-3-Clause
 * norm.h - batch norm in training, for the layers that have one inside. Pixels are H x W x C with a stride, as in
 * kernels.h; N is their number in the batch.
 *
 *     y = (x - mean) * inverse * weight + bias,  inverse = 1 / sqrt(variance + eps)
 *
 * With g = d(loss)/d(y) and x^ = (x - mean) * inverse, where mean and variance are the batch's,
 *     d(loss)/d(x) = weight * inverse * (g - mean(g) - x^ * mean(g * x^)) = scale * g + slope * x + offset
 * whose last two terms wait until the sums over the batch are known; several norms of one tensor may add up theirs.
 */
#ifndef EPO_NN_NORM_H
#define EPO_NN_NORM_H

#include "nn/layer.h"

/* Two double sums a channel over some pixels: of one part of the work, then of all. */
typedef struct epo__tally {
    size_t capacity, channels;
    double count;
    double *first, *second; /* mean and sum of squared deviations; or sum of g and of g * (x - mean) */
    float *work;            /* 2 x channels */
} epo__tally;

/* `count` of them, for up to `capacity` channels; NULL without memory. */
epo__tally *epo__tallies_make(size_t count, size_t capacity);
void epo__tallies_free(epo__tally *tallies, size_t count);
void epo__tally_clear(epo__tally *tally, size_t channels);

/* Mean and squared deviations: in two passes over blocks that stay in the cache, joined in double precision (Chan,
 * Golub & LeVeque 1983), so that a mean far from zero costs no digits. */
void epo__tally_moments(epo__tally *tally, const float *x, size_t stride, size_t pixels);
/* Joins the moments of all tallies into the first, in their order. */
void epo__tallies_join_moments(epo__tally *tallies, size_t count);

/* Which statistics a norm goes by in training. Running ones stay as they are, and are constants on the way back. */
typedef enum epo__norm_rule {
    EPO__NORM_OF_TRAINED, /* the batch's, which move the running ones; the running ones where weight and bias are frozen */
    EPO__NORM_BY_BATCH,   /* the batch's, also where they are frozen */
    EPO__NORM_BY_RUNNING  /* the running ones: small samples, whose batches scatter */
} epo__norm_rule;

typedef struct epo__norm {
    const epo__param *params; /* weight, bias, running_mean, running_var */
    double eps, momentum;
    epo__norm_rule rule;
    size_t channels;
    bool by_batch;               /* in the last forward pass */
    float *mean, *scale, *shift; /* of the last forward pass: y = x * scale + shift */
    double *inverse;
} epo__norm;

epo_status epo__norm_make(epo__norm *norm, const epo__param *params, double eps, double momentum, epo__norm_rule rule);
void epo__norm_release(epo__norm *norm); /* zeroed is fine */

/* Sets mean, scale and shift, and moves the running statistics: from the moments of the batch, or from the running ones,
 * as the rule says. EPO_EARG when a batch of one value a channel is to be normalised by itself. */
epo_status epo__norm_forward(epo__norm *norm, double count, const double *mean, const double *squares);

/* g = d, or where ReLU followed 0 for pixels that it cut, written back to d; tallies g and g * (x - mean). */
void epo__norm_tally(const epo__norm *norm, bool relu, float *d, size_t d_stride, const float *x, size_t x_stride,
                     size_t pixels, epo__tally *tally);
void epo__tallies_join_sums(epo__tally *tallies, size_t count);

/* From the joined sums: adds the gradients of weight and bias, and to slope and offset what the batch's statistics
 * give. */
void epo__norm_backward(const epo__norm *norm, const epo__tally *sums, float *slope, float *offset);

#endif
