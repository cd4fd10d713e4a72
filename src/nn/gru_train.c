/* SPDX-License-Identifier: BSD-3-Clause
 * gru_train.c - gated recurrent units in training: back through time over packed sequences.
 *
 * With the equations of gru.c, m = Whn h + bhn, and d. for d(loss)/d.:
 *     dn = dh * (1 - z) * (1 - n^2)        before its tanh
 *     dz = dh * (h - n) * z * (1 - z)      before its sigmoid; h: the state before the step
 *     dr = dn * m * r * (1 - r)            before its sigmoid
 *     d(Wi x + bi) = (dr, dz, dn),  d(Wh h + bh) = (dr, dz, dn * r),  dh' = dh * z + Wh' (dr, dz, dn * r)
 * Each thread takes some of the sequences, forward through all layers and back through one cell. What is not in a
 * step's loop, weight gradients and the gradient of x, is one matrix product over all steps each, whose rows or columns
 * the threads share: no sum is cut, and the bits are the same for any number of threads. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/gradkernels.h"
#include "nn/gru.h"
#include "nn/onednn.h"

struct buffer {
    float *data;
    size_t capacity;
};

struct cell {
    const epo__param *params;
    epo__gru_cell packed;
    epo__panels turned; /* Wh' */
    struct buffer kept; /* steps x 4 H: r, z, n, m */
};

struct training {
    size_t hidden, directions, cell_count;
    int layers, threads;
    bool sum;
    struct cell *cells;     /* layers x directions */
    struct buffer *outputs; /* a layer: steps x (H x directions) */
    epo__shares shares;
    epo__cell_back *back; /* one a sequence */
    epo_status *status;   /* one a thread */
    float *state;         /* batch x H */
    struct buffer d_outputs[2], d_projected, d_recurrent;
    const float *in; /* of this run */
};

static void release(void *state)
{
    struct training *t = state;
    if (!t) return;
    for (size_t i = 0; t->cells && i < t->cell_count; i++) {
        epo__gru_cell_release(&t->cells[i].packed);
        epo__panels_release(&t->cells[i].turned);
        free(t->cells[i].kept.data);
    }
    for (int l = 0; t->outputs && l < t->layers; l++) free(t->outputs[l].data);
    free(t->cells);
    free(t->outputs);
    epo__shares_release(&t->shares);
    free(t->back);
    free(t->status);
    free(t->state);
    free(t->d_outputs[0].data);
    free(t->d_outputs[1].data);
    free(t->d_projected.data);
    free(t->d_recurrent.data);
    free(t);
}

static epo_status fit(struct buffer *buffer, size_t steps, size_t width)
{
    return epo__sequences_grow(&buffer->data, &buffer->capacity, steps, width);
}

static epo_status prepare(struct training *t, const epo__train_run *run)
{
    epo_status status = epo__shares_deal(&t->shares, run->lengths, run->count);
    size_t steps = t->shares.steps, width = t->hidden * t->directions;
    for (size_t i = 0; i < t->cell_count && status == EPO_OK; i++) {
        status = fit(&t->cells[i].kept, steps, EPO__KEPT * t->hidden);
        if (status == EPO_OK) status = epo__gru_cell_pack(t->cells[i].params, &t->cells[i].packed);
    }
    for (int l = 0; l < t->layers && status == EPO_OK; l++) status = fit(&t->outputs[l], steps, width);
    for (int i = 0; i < 2 && status == EPO_OK; i++) status = fit(&t->d_outputs[i], steps, width);
    if (status == EPO_OK) status = fit(&t->d_projected, steps, 3 * t->hidden);
    if (status == EPO_OK) status = fit(&t->d_recurrent, steps, 3 * t->hidden);
    return status;
}

/* What cell `d` of layer `l` works on; `projected` is free until the way back. */
static epo__gru_run run_of(const struct training *t, int l, size_t d)
{
    return (epo__gru_run){.in = l ? t->outputs[l - 1].data : t->in,
                          .projected = t->d_projected.data,
                          .out = t->outputs[l].data + d * t->hidden,
                          .out_width = t->hidden * t->directions,
                          .kept = t->cells[(size_t)l * t->directions + d].kept.data,
                          .backwards = d == 1};
}

/* Between the outputs of all steps of the last layer and the result: the sum, or in each direction the last one. */
static void collect(const struct training *t, const epo__share *share, const float *outputs, float *out)
{
    size_t hidden = t->hidden, width = hidden * t->directions;
    for (size_t i = 0; i < share->count; i++) {
        const epo__sequence *sequence = &share->sequences[i];
        float *row = out + (size_t)sequence->row * width;
        if (t->sum) memset(row, 0, width * sizeof *row);
        if (t->sum) epo__add_rows(outputs + sequence->start * width, (size_t)sequence->length, width, row);
        for (size_t d = 0; !t->sum && d < t->directions; d++)
            memcpy(row + d * hidden, outputs + epo__sequence_at(sequence, sequence->length - 1, d) * width + d * hidden,
                   hidden * sizeof *row);
    }
}

static void distribute(const struct training *t, const epo__share *share, const float *d_out, float *d_outputs)
{
    size_t hidden = t->hidden, width = hidden * t->directions;
    for (size_t i = 0; i < share->count; i++) {
        const epo__sequence *sequence = &share->sequences[i];
        const float *row = d_out + (size_t)sequence->row * width;
        float *first = d_outputs + sequence->start * width;
        if (!t->sum) memset(first, 0, (size_t)sequence->length * width * sizeof *first);
        for (size_t k = 0; t->sum && k < (size_t)sequence->length; k++)
            memcpy(first + k * width, row, width * sizeof *row);
        for (size_t d = 0; !t->sum && d < t->directions; d++)
            memcpy(d_outputs + epo__sequence_at(sequence, sequence->length - 1, d) * width + d * hidden,
                   row + d * hidden, hidden * sizeof *row);
    }
}

static void forward_share(const struct training *t, const epo__share *share, float *out)
{
    for (int l = 0; l < t->layers; l++)
        for (size_t d = 0; d < t->directions; d++) {
            const epo__gru_run run = run_of(t, l, d);
            epo__gru_cell_run(&t->cells[(size_t)l * t->directions + d].packed, share, &run);
        }
    collect(t, share, t->outputs[t->layers - 1].data, out);
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    struct training *t = state;
    epo_status status = prepare(t, run);
    if (status != EPO_OK) return status;
    t->in = in;
    size_t parts = t->shares.count;
#pragma omp parallel for num_threads(parts) schedule(static, 1) if (parts > 1)
    for (size_t i = 0; i < parts; i++) forward_share(t, &t->shares.share[i], out);
    return EPO_OK;
}

/* --- back --------------------------------------------------------------------------------------------------------- */

/* All steps of a share, from the last to the first. */
static void backward_share(const struct training *t, const struct cell *cell, const epo__gru_run *run,
                           const epo__share *share, const float *d_outputs)
{
    size_t hidden = t->hidden, gates = 3 * hidden, first = (size_t)(share->rows - t->shares.rows), running = 0;
    float *state = t->state + first * hidden;
    epo__cell_back *back = t->back + first;
    memset(state, 0, share->count * hidden * sizeof *state);
    for (int step = share->sequences->length - 1; step >= 0; step--) {
        while (running < share->count && share->sequences[running].length > step) running++;
        for (size_t i = 0; i < running; i++) {
            const epo__sequence *sequence = &share->sequences[i];
            size_t at = epo__sequence_at(sequence, step, run->backwards);
            back[i] = (epo__cell_back){.kept = run->kept + at * EPO__KEPT * hidden,
                                       .before = epo__gru_before(&cell->packed, run, sequence, step),
                                       .d_output = d_outputs + at * run->out_width,
                                       .d_state = state + i * hidden,
                                       .d_projected = t->d_projected.data + at * gates,
                                       .d_recurrent = t->d_recurrent.data + at * gates};
        }
        epo__cell_backward(&cell->turned, running, back, step == 0);
    }
}

/* The states before the steps are those after them, one row on, but for the first steps, where they are zero: so that
 * Wh's gradient is one product of the two arrays, their part of it is taken out here, after the biases have seen it. */
static void forget_first_steps(const struct training *t, bool backwards)
{
    size_t gates = 3 * t->hidden;
    for (size_t i = 0; i < t->shares.sequences; i++) {
        size_t at = epo__sequence_at(&t->shares.order[i], 0, backwards);
        memset(t->d_recurrent.data + at * gates, 0, gates * sizeof(float));
    }
}

/* Part `i` of the products over all steps: some of the gates, and of the steps for the gradient of x. */
static epo_status add_products(const struct training *t, const struct cell *cell, const epo__gru_run *run, float *d_in,
                               int i)
{
    size_t gates = 3 * t->hidden, inputs = cell->packed.inputs, steps = t->shares.steps;
    size_t from = epo__part_from(gates, i, t->threads), n = epo__part_from(gates, i + 1, t->threads) - from;
    const epo__param *ih = &cell->params[EPO__GRU_WEIGHT_IH], *hh = &cell->params[EPO__GRU_WEIGHT_HH];
    const float *recurrent = t->d_recurrent.data + (run->backwards ? 0 : gates);
    const float *before = run->out + (run->backwards ? run->out_width : 0);
    epo_status status = EPO_OK;
    if (ih->grad && n)
        status = epo__sgemm(true, false, n, inputs, steps, t->d_projected.data + from, gates, run->in, inputs, 1,
                            ih->grad + from * inputs, inputs);
    if (status == EPO_OK && hh->grad && n && steps > 1)
        status = epo__sgemm(true, false, n, t->hidden, steps - 1, recurrent + from, gates, before, run->out_width, 1,
                            hh->grad + from * t->hidden, t->hidden);
    if (status != EPO_OK || !d_in) return status;
    from = epo__part_from(steps, i, t->threads);
    n = epo__part_from(steps, i + 1, t->threads) - from;
    if (n == 0) return EPO_OK;
    return epo__sgemm(false, false, n, inputs, gates, t->d_projected.data + from * gates, gates, ih->value, inputs,
                      run->backwards ? 1 : 0, d_in + from * inputs, inputs);
}

static epo_status backward_cell(struct training *t, int l, size_t d, const float *d_outputs, float *d_in)
{
    struct cell *cell = &t->cells[(size_t)l * t->directions + d];
    const epo__param *p = cell->params;
    const epo__gru_run run = run_of(t, l, d);
    size_t gates = 3 * t->hidden, parts = t->shares.count;
    const epo__unpacked turned = {p[EPO__GRU_WEIGHT_HH].value, gates, t->hidden, 1, t->hidden, false};
    if (!epo__pack(&turned, &cell->turned)) return epo__nomem("gru");
#pragma omp parallel for num_threads(parts) schedule(static, 1) if (parts > 1)
    for (size_t i = 0; i < parts; i++) backward_share(t, cell, &run, &t->shares.share[i], d_outputs + d * t->hidden);
    if (p[EPO__GRU_BIAS_IH].grad) epo__add_rows(t->d_projected.data, t->shares.steps, gates, p[EPO__GRU_BIAS_IH].grad);
    if (p[EPO__GRU_BIAS_HH].grad) epo__add_rows(t->d_recurrent.data, t->shares.steps, gates, p[EPO__GRU_BIAS_HH].grad);
    forget_first_steps(t, run.backwards);
#pragma omp parallel for num_threads(t->threads) schedule(static, 1) if (t->threads > 1)
    for (int i = 0; i < t->threads; i++) t->status[i] = add_products(t, cell, &run, d_in, i);
    for (int i = 0; i < t->threads; i++) /* the message was left in a worker's thread */
        if (t->status[i] != EPO_OK) return epo__fail(t->status[i], "a part of the gru failed");
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)run, (void)in, (void)out;
    struct training *t = state;
    epo_status status = EPO_OK;
    for (size_t i = 0; i < t->shares.count; i++)
        distribute(t, &t->shares.share[i], d_out, t->d_outputs[(t->layers - 1) % 2].data);
    for (int l = t->layers - 1; l >= 0 && status == EPO_OK; l--)
        for (size_t d = 0; d < t->directions && status == EPO_OK; d++)
            status = backward_cell(t, l, d, t->d_outputs[l % 2].data, l ? t->d_outputs[(l - 1) % 2].data : d_in);
    return status;
}

epo_status epo__gru_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    const epo__gru *gru = layer->state;
    size_t batch = (size_t)setup->batch, threads = (size_t)setup->threads;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("gru");
    t->hidden = (size_t)gru->hidden;
    t->directions = (size_t)gru->directions;
    t->layers = gru->layers;
    t->cell_count = (size_t)gru->layers * t->directions;
    t->threads = setup->threads;
    t->sum = gru->sum;
    t->cells = epo__alloc(t->cell_count, sizeof *t->cells);
    t->outputs = epo__alloc((size_t)t->layers, sizeof *t->outputs);
    t->back = epo__alloc(batch, sizeof *t->back);
    t->status = epo__alloc(threads, sizeof *t->status);
    bool made = t->cells && t->outputs && t->back && t->status && epo__shares_make(&t->shares, batch, threads);
    epo_status status = made ? epo__train_floats(setup, t->hidden, &t->state) : epo__nomem("gru");
    for (size_t i = 0; i < t->cell_count && t->cells; i++) t->cells[i].params = layer->params + i * EPO__GRU_PARAMS;
    if (status != EPO_OK) {
        release(t);
        return status;
    }
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward, .release = release};
    return EPO_OK;
}
