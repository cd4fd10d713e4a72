/* SPDX-License-Identifier: BSD-3-Clause
 * norm.c - batch norm in training. */
#include "nn/norm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gradkernels.h"

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };
enum { BLOCK = 256 }; /* pixels whose sum float32 holds well */

epo__tally *epo__tallies_make(size_t count, size_t capacity)
{
    epo__tally *tallies = epo__alloc(count, sizeof *tallies);
    for (size_t i = 0; tallies && i < count; i++) {
        tallies[i].capacity = capacity;
        tallies[i].first = epo__alloc_aligned(capacity, sizeof(double));
        tallies[i].second = epo__alloc_aligned(capacity, sizeof(double));
        tallies[i].work = epo__alloc_aligned(epo__product(2, capacity), sizeof(float));
        if (!tallies[i].first || !tallies[i].second || !tallies[i].work) {
            epo__tallies_free(tallies, count);
            return NULL;
        }
    }
    return tallies;
}

void epo__tallies_free(epo__tally *tallies, size_t count)
{
    for (size_t i = 0; tallies && i < count; i++) {
        free(tallies[i].first);
        free(tallies[i].second);
        free(tallies[i].work);
    }
    free(tallies);
}

void epo__tally_clear(epo__tally *tally, size_t channels)
{
    tally->channels = channels;
    tally->count = 0;
    memset(tally->first, 0, channels * sizeof *tally->first);
    memset(tally->second, 0, channels * sizeof *tally->second);
}

static void join_moments(epo__tally *into, double count, double mean, double squares, size_t c)
{
    double all = into->count + count, difference = mean - into->first[c];
    into->first[c] += difference * count / all;
    into->second[c] += squares + difference * difference * into->count * count / all;
}

void epo__tally_moments(epo__tally *tally, const float *x, size_t stride, size_t pixels)
{
    float *mean = tally->work, *squares = tally->work + tally->capacity;
    for (size_t from = 0; from < pixels; from += BLOCK) {
        size_t n = pixels - from < BLOCK ? pixels - from : BLOCK;
        epo__block_moments(x + from * stride, stride, tally->channels, n, mean, squares);
        for (size_t c = 0; c < tally->channels; c++)
            join_moments(tally, (double)n, (double)mean[c], (double)squares[c], c);
        tally->count += (double)n;
    }
}

void epo__tallies_join_moments(epo__tally *tallies, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (tallies[i].count == 0) continue;
        for (size_t c = 0; c < tallies->channels; c++)
            join_moments(tallies, tallies[i].count, tallies[i].first[c], tallies[i].second[c], c);
        tallies->count += tallies[i].count;
    }
}

void epo__tallies_join_sums(epo__tally *tallies, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t c = 0; c < tallies->channels; c++) {
            tallies->first[c] += tallies[i].first[c];
            tallies->second[c] += tallies[i].second[c];
        }
        tallies->count += tallies[i].count;
    }
}

epo_status epo__norm_make(epo__norm *norm, const epo__param *params, double eps, double momentum, epo__norm_rule rule)
{
    size_t channels = params[WEIGHT].count;
    *norm = (epo__norm){.params = params,
                        .eps = eps,
                        .momentum = momentum,
                        .rule = rule,
                        .channels = channels,
                        .mean = epo__alloc_aligned(channels, sizeof(float)),
                        .scale = epo__alloc_aligned(channels, sizeof(float)),
                        .shift = epo__alloc_aligned(channels, sizeof(float)),
                        .inverse = epo__alloc_aligned(channels, sizeof(double))};
    if (norm->mean && norm->scale && norm->shift && norm->inverse) return EPO_OK;
    epo__norm_release(norm);
    return epo__nomem("batch norm");
}

void epo__norm_release(epo__norm *norm)
{
    free(norm->mean);
    free(norm->scale);
    free(norm->shift);
    free(norm->inverse);
    *norm = (epo__norm){0};
}

epo_status epo__norm_forward(epo__norm *norm, double count, const double *mean, const double *squares)
{
    const float *weight = norm->params[WEIGHT].value, *bias = norm->params[BIAS].value;
    float *running_mean = norm->params[RUNNING_MEAN].value, *running_var = norm->params[RUNNING_VAR].value;
    bool trained = norm->params[WEIGHT].grad || norm->params[BIAS].grad;
    norm->by_batch = norm->rule == EPO__NORM_BY_BATCH || (norm->rule == EPO__NORM_OF_TRAINED && trained);
    if (norm->by_batch && count < 2)
        return epo__fail(EPO_EARG, "batch norm of a single value a channel; take more samples into a batch");
    for (size_t c = 0; c < norm->channels; c++) {
        double m = (double)running_mean[c], variance = (double)running_var[c];
        if (norm->by_batch) {
            running_mean[c] = (float)((1 - norm->momentum) * m + norm->momentum * mean[c]);
            running_var[c] = (float)((1 - norm->momentum) * variance + norm->momentum * squares[c] / (count - 1));
            m = mean[c];
            variance = squares[c] / count;
        }
        norm->inverse[c] = 1 / sqrt(variance + norm->eps);
        double scale = norm->inverse[c] * (double)weight[c];
        norm->mean[c] = (float)m;
        norm->scale[c] = (float)scale;
        norm->shift[c] = (float)((double)bias[c] - m * scale);
    }
    return EPO_OK;
}

void epo__norm_tally(const epo__norm *norm, bool relu, float *d, size_t d_stride, const float *x, size_t x_stride,
                     size_t pixels, epo__tally *tally)
{
    float *sum = tally->work, *product = tally->work + tally->capacity;
    for (size_t from = 0; from < pixels; from += BLOCK) {
        size_t n = pixels - from < BLOCK ? pixels - from : BLOCK;
        memset(sum, 0, norm->channels * sizeof *sum);
        memset(product, 0, norm->channels * sizeof *product);
        if (relu)
            epo__cut_and_sum(d + from * d_stride, d_stride, x + from * x_stride, x_stride, norm->scale, norm->shift,
                             norm->mean, norm->channels, n, sum, product);
        else
            epo__sum_products(d + from * d_stride, d_stride, x + from * x_stride, x_stride, norm->mean, norm->channels,
                              n, sum, product);
        for (size_t c = 0; c < norm->channels; c++) {
            tally->first[c] += (double)sum[c];
            tally->second[c] += (double)product[c];
        }
    }
    tally->count += (double)pixels;
}

void epo__norm_backward(const epo__norm *norm, const epo__tally *sums, float *slope, float *offset)
{
    float *d_weight = norm->params[WEIGHT].grad, *d_bias = norm->params[BIAS].grad;
    for (size_t c = 0; c < norm->channels; c++) {
        double inverse = norm->inverse[c];
        if (d_weight) d_weight[c] += (float)(sums->second[c] * inverse);
        if (d_bias) d_bias[c] += (float)sums->first[c];
        if (!norm->by_batch) continue;
        double scale = (double)norm->params[WEIGHT].value[c] * inverse / sums->count;
        double along = -scale * inverse * inverse * sums->second[c];
        slope[c] += (float)along;
        offset[c] += (float)(-scale * sums->first[c] - along * (double)norm->mean[c]);
    }
}
