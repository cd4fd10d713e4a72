/* SPDX-License-Identifier: BSD-3-Clause
 * gru_cell.c - one layer and direction of a GRU over the sequences of one thread, and dealing them out.
 *
 * The products Wi x do not wait for anything, and are made for many steps at a time; those with the state go step by
 * step, for all sequences that still run. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gru.h"

static const size_t max_work = (size_t)1 << 31; /* floats in one work array */

epo_status epo__sequences_grow(float **array, size_t *capacity, size_t steps, size_t width)
{
    size_t need;
    if (!epo__size_mul(steps, width, &need) || need > max_work)
        return epo__fail(EPO_ELIMIT, "%zu steps of sequences are too many at a time", steps);
    return epo__grow(array, capacity, need, sizeof **array) ? EPO_OK : epo__nomem("steps of sequences");
}

/* --- shares ------------------------------------------------------------------------------------------------------- */

bool epo__shares_make(epo__shares *shares, size_t batch, size_t parts)
{
    parts = parts < batch ? parts : batch;
    *shares = (epo__shares){.batch = batch, .most = parts};
    shares->order = epo__alloc(batch, sizeof *shares->order);
    shares->dealt = epo__alloc(batch, sizeof *shares->dealt);
    shares->rows = epo__alloc(batch, sizeof *shares->rows);
    shares->share = epo__alloc(parts, sizeof *shares->share);
    if (shares->order && shares->dealt && shares->rows && shares->share) return true;
    epo__shares_release(shares);
    return false;
}

void epo__shares_release(epo__shares *shares)
{
    free(shares->order);
    free(shares->dealt);
    free(shares->rows);
    free(shares->share);
    *shares = (epo__shares){0};
}

static int longer_first(const void *a, const void *b)
{
    const epo__sequence *x = a, *y = b;
    return x->length != y->length ? (x->length < y->length) - (x->length > y->length)
                                  : (x->row > y->row) - (x->row < y->row);
}

/* In turns there and back, 0 1 2 2 1 0 0 1 ..., which evens out the lengths. */
epo_status epo__shares_deal(epo__shares *shares, const int *lengths, int count)
{
    size_t total = 0, n = (size_t)count, parts = shares->most < n ? shares->most : n, dealt = 0;
    for (int i = 0; i < count; i++) {
        shares->order[i] = (epo__sequence){lengths[i], total, i};
        total += (size_t)lengths[i];
    }
    if (total > INT32_MAX) return epo__fail(EPO_ELIMIT, "%zu steps of sequences are too many at a time", total);
    if (n > 1) qsort(shares->order, n, sizeof *shares->order, longer_first);
    for (size_t p = 0; p < parts; p++) {
        epo__share *share = &shares->share[p];
        *share = (epo__share){.sequences = shares->dealt + dealt, .rows = shares->rows + dealt};
        for (size_t turn = 0; turn * parts < n; turn++) {
            size_t i = turn * parts + (turn % 2 ? parts - 1 - p : p);
            if (i < n) share->sequences[share->count++] = shares->order[i];
        }
        dealt += share->count;
    }
    shares->count = parts;
    shares->sequences = n;
    shares->steps = total;
    return EPO_OK;
}

/* --- cells -------------------------------------------------------------------------------------------------------- */

void epo__gru_cell_release(epo__gru_cell *cell)
{
    epo__panels_release(&cell->weight_ih);
    epo__panels_release(&cell->weight_hh);
    free(cell->bias);
    free(cell->bias_n);
    free(cell->zeros);
    *cell = (epo__gru_cell){0};
}

epo_status epo__gru_cell_pack(const epo__param *params, epo__gru_cell *cell)
{
    const epo__param *ih = &params[EPO__GRU_WEIGHT_IH], *hh = &params[EPO__GRU_WEIGHT_HH];
    size_t inputs = (size_t)ih->dims[1], hidden = (size_t)hh->dims[1];
    const float *bias_ih = params[EPO__GRU_BIAS_IH].value, *bias_hh = params[EPO__GRU_BIAS_HH].value;
    cell->inputs = inputs;
    cell->hidden = hidden;
    if (!cell->bias) cell->bias = epo__alloc_aligned(epo__product(3, hidden), sizeof(float));
    if (!cell->bias_n) cell->bias_n = epo__alloc_aligned(hidden, sizeof(float));
    if (!cell->zeros) cell->zeros = epo__alloc_aligned(hidden, sizeof(float));
    if (!cell->bias || !cell->bias_n || !cell->zeros) return epo__nomem("gru");
    for (size_t i = 0; i < 3 * hidden; i++) cell->bias[i] = bias_ih[i] + (i < 2 * hidden ? bias_hh[i] : 0);
    memcpy(cell->bias_n, bias_hh + 2 * hidden, hidden * sizeof(float));
    const epo__unpacked from_ih = {ih->value, inputs, 3 * hidden, inputs, 1, true};
    const epo__unpacked from_hh = {hh->value, hidden, 3 * hidden, hidden, 1, true};
    return epo__pack(&from_ih, &cell->weight_ih) && epo__pack(&from_hh, &cell->weight_hh) ? EPO_OK : epo__nomem("gru");
}

/* Wi x + b of all steps of a share, whose sequences may lie anywhere. */
static void project(const epo__gru_cell *cell, const epo__share *share, const epo__gru_run *run)
{
    const float *in[EPO__TOGETHER], *start[EPO__TOGETHER];
    float *out[EPO__TOGETHER];
    size_t n = 0;
    for (size_t i = 0; i < EPO__TOGETHER; i++) start[i] = cell->bias;
    for (size_t i = 0; i < share->count; i++)
        for (size_t t = 0; t < (size_t)share->sequences[i].length; t++) {
            size_t at = share->sequences[i].start + t;
            in[n] = run->in + at * cell->inputs;
            out[n] = run->projected + at * 3 * cell->hidden;
            if (++n < EPO__TOGETHER) continue;
            epo__panels_product(&cell->weight_ih, n, in, start, out);
            n = 0;
        }
    epo__panels_product(&cell->weight_ih, n, in, start, out);
}

void epo__gru_cell_run(const epo__gru_cell *cell, const epo__share *share, const epo__gru_run *run)
{
    size_t hidden = cell->hidden, running = share->count;
    project(cell, share, run);
    for (int t = 0; t < share->sequences->length; t++) {
        while (share->sequences[running - 1].length <= t) running--;
        for (size_t i = 0; i < running; i++) {
            const epo__sequence *sequence = &share->sequences[i];
            size_t at = epo__sequence_at(sequence, t, run->backwards);
            share->rows[i] = (epo__cell_row){.projected = run->projected + at * 3 * hidden,
                                             .before = epo__gru_before(cell, run, sequence, t),
                                             .after = run->out + at * run->out_width,
                                             .kept = run->kept ? run->kept + at * EPO__KEPT * hidden : NULL};
        }
        epo__cell_forward(&cell->weight_hh, cell->bias_n, running, share->rows, run->kept != NULL);
    }
}
