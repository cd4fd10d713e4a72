/* SPDX-License-Identifier: BSD-3-Clause
 * columns.c - values to ranks. */
#include "forest/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "forest/sort.h"

/* Whole numbers in the order of the floats: negative ones backwards below the positive. Both zeros are one. */
static uint32_t order_of(float value)
{
    uint32_t bits;
    value += 0.0F;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

static void put_rank(epo__columns *c, size_t feature, size_t row, uint32_t rank)
{
    const size_t by_feature = feature * c->rows + row, by_row = row * c->features + feature;
    if (c->wide) {
        ((uint32_t *)c->by_feature)[by_feature] = ((uint32_t *)c->by_row)[by_row] = rank;
    } else {
        ((uint16_t *)c->by_feature)[by_feature] = ((uint16_t *)c->by_row)[by_row] = (uint16_t)rank;
    }
}

/* False for an infinite value, in row *bad. */
static bool make_column(const epo__matrix *m, size_t feature, uint64_t *keys, uint64_t *spare, epo__columns *out,
                        size_t *bad)
{
    size_t present = 0;
    uint32_t low = UINT32_MAX, high = 0;
    for (size_t r = 0; r < m->rows; r++) {
        const float value = m->values[r * m->row_stride + feature * m->feature_stride];
        put_rank(out, feature, r, EPO__RANK_MISSING);
        if (isnan(value)) continue;
        *bad = r;
        if (isinf(value)) return false;
        const uint32_t order = order_of(value);
        if (order < low) low = order;
        if (order > high) high = order;
        keys[present++] = (uint64_t)order << 32 | r;
    }
    out->has_missing[feature] = present < m->rows;
    keys = epo__sort_radix(keys, spare, present, low, high);
    uint32_t rank = 0;
    for (size_t i = 0; i < present; i++) {
        const size_t row = keys[i] & UINT32_MAX;
        if (i > 0 && keys[i] >> 32 != keys[i - 1] >> 32) rank++;
        put_rank(out, feature, row, rank);
        out->values[feature * m->rows + rank] = m->values[row * m->row_stride + feature * m->feature_stride] + 0.0F;
    }
    out->unique[feature] = (size_t)rank + 1 >= present;
    return true;
}

epo_status epo__columns_make(const epo__matrix *m, int threads, epo__columns *out)
{
    *out = (epo__columns){.rows = m->rows, .features = m->features, .wide = m->rows > UINT16_MAX};
    size_t workers = (size_t)epo__threads(threads), cells, bad_row = 0, bad_feature = SIZE_MAX;
    if (workers > m->features) workers = m->features;
    if (!epo__size_mul(m->rows, m->features, &cells)) return epo__nomem("the features");
    out->by_feature = epo__alloc(cells, out->wide ? sizeof(uint32_t) : sizeof(uint16_t));
    out->by_row = epo__alloc(cells, out->wide ? sizeof(uint32_t) : sizeof(uint16_t));
    out->values = epo__alloc(cells, sizeof *out->values);
    out->has_missing = epo__alloc(m->features, sizeof *out->has_missing);
    out->unique = epo__alloc(m->features, sizeof *out->unique);
    uint64_t *keys = epo__alloc(epo__product3(2, workers, m->rows), sizeof *keys);
    if (!out->by_feature || !out->by_row || !out->values || !out->has_missing || !out->unique || !keys) {
        free(keys);
        return epo__nomem("the features");
    }
#pragma omp parallel for num_threads((int)workers) schedule(static, 1) if (workers > 1)
    for (size_t w = 0; w < workers; w++)
        for (size_t f = w; f < m->features; f += workers) {
            uint64_t *own = keys + 2 * w * m->rows;
            size_t row = 0;
            if (make_column(m, f, own, own + m->rows, out, &row)) continue;
#pragma omp critical(epo_forest_columns)
            if (f < bad_feature) {
                bad_feature = f;
                bad_row = row;
            }
        }
    free(keys);
    return bad_feature == SIZE_MAX
               ? EPO_OK
               : epo__fail(EPO_EFORMAT, "row %zu, feature %zu: the value is infinite", bad_row + 1, bad_feature + 1);
}

void epo__columns_free(epo__columns *columns)
{
    free(columns->by_feature);
    free(columns->by_row);
    free(columns->values);
    free(columns->has_missing);
    free(columns->unique);
    *columns = (epo__columns){0};
}

float epo__columns_middle(const epo__columns *columns, size_t feature, uint32_t low, uint32_t high)
{
    const float *values = columns->values + feature * columns->rows;
    const double middle = (double)values[low] / 2 + (double)values[high] / 2;
    const float rounded = (float)middle;
    return (double)rounded > middle ? nextafterf(rounded, -INFINITY) : rounded;
}
