/* SPDX-License-Identifier: BSD-3-Clause
 * winograd_weights.c - G w G' for weights that stay: in double precision, rounded once, which takes half of the error
 * out of what Winograd's filtering gives. Training, whose weights change with every step, has winograd.c's. */
#include "nn/winograd_conv.h"

static const double g[6][3] = {{1.0 / 4, 0, 0},
                               {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                               {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                               {1.0 / 24, 1.0 / 12, 1.0 / 6},
                               {1.0 / 24, -1.0 / 12, 1.0 / 6},
                               {0, 0, 1}};

void epo__winograd_weights_exact(const float *weights, size_t out_channels, size_t in_channels, float *u)
{
    for (size_t o = 0; o < out_channels; o++)
        for (size_t i = 0; i < in_channels; i++) {
            const float *w = weights + (o * in_channels + i) * 9;
            for (size_t k = 0; k < EPO__POSITIONS; k++) {
                double sum = 0;
                for (size_t j = 0; j < 9; j++) sum += g[k / 6][j / 3] * g[k % 6][j % 3] * (double)w[j];
                u[(k * in_channels + i) * out_channels + o] = (float)sum;
            }
        }
}
