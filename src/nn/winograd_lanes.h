/* SPDX-License-Identifier: BSD-3-Clause
 * winograd_lanes.h - the same transforms for vectors of 4, 8 and 16 channels; winograd.c chooses. */
#ifndef EPO_NN_WINOGRAD_LANES_H
#define EPO_NN_WINOGRAD_LANES_H

#include <stdbool.h>

#include "nn/lanes.h"
#include "nn/winograd.h"

/* How transformed weights lie: rows x columns a position; strides are those of the plain weights. */
typedef struct epo__winograd_side {
    size_t rows, columns, row_stride, column_stride;
    bool turn; /* by half a circle */
} epo__winograd_side;

/* As in winograd.h. */
typedef struct epo__winograd_kernels {
    void (*weights)(const float *weights, const epo__winograd_side *side, float *u, size_t from, size_t to);
    void (*weights_grad)(const float *u, size_t out_channels, size_t in_channels, float *grad, size_t from, size_t to);
    void (*spread)(const epo__tiling *tiling, const float *images, size_t channels, const float *scale,
                   const float *shift, size_t first, size_t count, float *v, size_t step);
    void (*spread_bf16)(const epo__tiling *tiling, const uint16_t *images, size_t channels, const float *scale,
                        const float *shift, size_t first, size_t count, float *v, size_t step);
    void (*gather)(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first, size_t count,
                   float *images, size_t stride);
    void (*gather_bf16)(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first, size_t count,
                        uint16_t *images, size_t stride);
    void (*spread_back)(const epo__tiling *tiling, const float *images, size_t channels, size_t first, size_t count,
                        float *v, size_t step);
} epo__winograd_kernels;

extern const epo__winograd_kernels epo__winograd4;  /* any processor */
extern const epo__winograd_kernels epo__winograd8;  /* AVX2 */
extern const epo__winograd_kernels epo__winograd16; /* AVX-512F */

#endif
