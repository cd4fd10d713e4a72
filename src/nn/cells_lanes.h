/* SPDX-License-Identifier: BSD-3-Clause
 * cells_lanes.h - the same loops for vectors of 4, 8 and 16 numbers; cells.c chooses. */
#ifndef EPO_NN_CELLS_LANES_H
#define EPO_NN_CELLS_LANES_H

#include "nn/cells.h"
#include "nn/lanes.h"

enum { EPO__PANEL = 3 }; /* vectors side by side in a panel: one a gate */

/* As in cells.h; rows by pointers. */
typedef struct epo__cell_kernels {
    size_t lanes;
    void (*product)(const epo__panels *weights, size_t rows, const float *const *in, const float *const *start,
                    float *const *out);
    void (*forward)(const epo__panels *weights, const float *bias_n, size_t rows, const epo__cell_row *row, bool keep);
} epo__cell_kernels;

/* epo__pack for vectors of `lanes` numbers. */
bool epo__pack_lanes(size_t lanes, const epo__unpacked *from, epo__panels *packed);

extern const epo__cell_kernels epo__cells4;  /* any processor */
extern const epo__cell_kernels epo__cells8;  /* AVX2 and FMA */
extern const epo__cell_kernels epo__cells16; /* AVX-512F */

#endif
