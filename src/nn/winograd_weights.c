/* SPDX-License-Identifier: BSD-3-Clause
 * winograd_weights.c - G w G' for weights that stay: in double precision, rounded once, which takes half of the error
 * out of what Winograd's filtering gives. Training, whose weights change with every step, has winograd.c's. */
#include "base/clones.h"
#include "nn/winograd.h"

static const double g[6][3] = {{1.0 / 4, 0, 0},
                               {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                               {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                               {1.0 / 24, 1.0 / 12, 1.0 / 6},
                               {1.0 / 24, -1.0 / 12, 1.0 / 6},
                               {0, 0, 1}};

/* What each of the 9 weights adds to each of the 36 positions. */
typedef double shares[9][EPO__POSITIONS];

EPO_KERNEL static void transform(const shares share, const float *w, double *sum)
{
    for (size_t k = 0; k < EPO__POSITIONS; k++) sum[k] = 0;
    for (size_t j = 0; j < 9; j++) {
        const double weight = (double)w[j];
#pragma omp simd
        for (size_t k = 0; k < EPO__POSITIONS; k++) sum[k] += share[j][k] * weight;
    }
}

void epo__winograd_weights_exact(const float *weights, size_t out_channels, size_t in_channels, float *u)
{
    shares share;
    double sum[EPO__POSITIONS];
    for (size_t j = 0; j < 9; j++)
        for (size_t k = 0; k < EPO__POSITIONS; k++) share[j][k] = g[k / 6][j / 3] * g[k % 6][j % 3];
    for (size_t i = 0; i < in_channels; i++) /* in the order in which u lies */
        for (size_t o = 0; o < out_channels; o++) {
            transform(share, weights + (o * in_channels + i) * 9, sum);
            for (size_t k = 0; k < EPO__POSITIONS; k++) u[(k * in_channels + i) * out_channels + o] = (float)sum[k];
        }
}
