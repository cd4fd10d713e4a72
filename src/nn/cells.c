/* SPDX-License-Identifier: BSD-3-Clause
 * cells.c - packing, and which vectors do the work. */
#include "nn/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "nn/cells_lanes.h"

static const epo__cell_kernels *kernels(void)
{
#if EPO_WIDE_LANES
    if (epo__lanes_here() == 16) return &epo__cells16;
    if (epo__lanes_here() == 8) return &epo__cells8;
#endif
    return &epo__cells4;
}

void epo__panels_release(epo__panels *packed)
{
    free(packed->data);
    *packed = (epo__panels){0};
}

bool epo__pack(const epo__unpacked *from, epo__panels *packed)
{
    return epo__pack_lanes(kernels()->lanes, from, packed);
}

bool epo__pack_lanes(size_t wide, const epo__unpacked *from, epo__panels *packed)
{
    size_t part = from->gates ? from->outputs / EPO__PANEL : 0;
    size_t step = EPO__PANEL * wide, panels = part ? (part + wide - 1) / wide : (from->outputs + step - 1) / step;
    size_t need = panels * step * from->inputs;
    if (need > packed->capacity) {
        float *data = epo__alloc_aligned(need, sizeof *data);
        if (!data) return false;
        free(packed->data);
        packed->data = data;
        packed->capacity = need;
    }
    packed->inputs = from->inputs;
    packed->outputs = from->outputs;
    packed->part = part;
    for (size_t v = 0; v < panels * EPO__PANEL; v++) { /* vector by vector */
        size_t first = part ? v / EPO__PANEL * wide : v * wide, end = part ? part : from->outputs;
        size_t count = first >= end ? 0 : end - first < wide ? end - first : wide;
        const float *source = from->data + ((part ? v % EPO__PANEL * part : 0) + first) * from->output_stride;
        float *to = packed->data + v / EPO__PANEL * step * from->inputs + v % EPO__PANEL * wide;
        for (size_t k = 0; k < from->inputs; k++, to += step)
            for (size_t j = 0; j < wide; j++)
                to[j] = j < count ? source[j * from->output_stride + k * from->input_stride] : 0.0F;
    }
    return true;
}

void epo__panels_product(const epo__panels *weights, size_t rows, const float *const *in, const float *const *start,
                         float *const *out)
{
    kernels()->product(weights, rows, in, start, out);
}

void epo__cell_forward(const epo__panels *weights, const float *bias_n, size_t rows, const epo__cell_row *row,
                       bool keep)
{
    kernels()->forward(weights, bias_n, rows, row, keep);
}

/* One sequence: all of the way back but Wh' (dr, dz, dn * r). */
EPO_KERNEL static void retreat(const epo__cell_back *row, size_t hidden)
{
    const float *r = row->kept + EPO__KEPT_R * hidden, *z = row->kept + EPO__KEPT_Z * hidden;
    const float *n = row->kept + EPO__KEPT_N * hidden, *m = row->kept + EPO__KEPT_M * hidden;
    const float *before = row->before, *d_output = row->d_output;
    float *d_state = row->d_state, *projected = row->d_projected, *recurrent = row->d_recurrent;
#pragma omp simd
    for (size_t i = 0; i < hidden; i++) {
        float d = d_state[i] + d_output[i];
        float d_n = d * (1.0F - z[i]) * (1.0F - n[i] * n[i]);
        float d_z = d * (before[i] - n[i]) * z[i] * (1.0F - z[i]);
        float d_r = d_n * m[i] * r[i] * (1.0F - r[i]);
        projected[i] = recurrent[i] = d_r;
        projected[hidden + i] = recurrent[hidden + i] = d_z;
        projected[2 * hidden + i] = d_n;
        recurrent[2 * hidden + i] = d_n * r[i];
        d_state[i] = d * z[i];
    }
}

void epo__cell_backward(const epo__panels *weights, size_t rows, const epo__cell_back *row, bool first)
{
    const float *in[EPO__TOGETHER];
    float *state[EPO__TOGETHER];
    for (size_t done = 0, count; done < rows; done += count) {
        count = rows - done < EPO__TOGETHER ? rows - done : EPO__TOGETHER;
        for (size_t i = 0; i < count; i++) {
            retreat(&row[done + i], weights->outputs);
            in[i] = row[done + i].d_recurrent;
            state[i] = row[done + i].d_state;
        }
        if (!first) kernels()->product(weights, count, in, (const float *const *)state, state);
    }
}
