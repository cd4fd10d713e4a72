/* SPDX-License-Identifier: BSD-3-Clause
 * gru_train.c - gated recurrent units in training: back through time over packed sequences.
 *
 * With the equations of gru.c, m = Whn h + bhn, and d. for d(loss)/d.:
 *     dn = dh * (1 - z) * (1 - n^2)        before its tanh
 *     dz = dh * (h - n) * z * (1 - z)      before its sigmoid; h: the state before the step
 *     dr = dn * m * r * (1 - r)            before its sigmoid
 *     d(Wi x + bi) = (dr, dz, dn),  d(Wh h + bh) = (dr, dz, dn * r),  dh' = dh * z + Wh' (dr, dz, dn * r)
 * Steps go one by one, all sequences at a time; what is not in a step's loop, weight gradients and the gradient of x,
 * is one matrix product over all steps each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gradkernels.h"
#include "nn/gru.h"
#include "nn/onednn.h"

enum { R, Z, N, M, KEPT }; /* what is kept of a step, H each */

struct buffer {
    float *data;
    size_t capacity;
};

struct cell {
    const epo__param *params;
    size_t inputs;
    struct buffer kept;   /* steps x 4 H: r, z, n, m */
    struct buffer before; /* steps x H: states before the steps */
};

struct training {
    size_t hidden, directions, inputs;
    int layers;
    bool sum;
    struct cell *cells;     /* layers x directions */
    struct buffer *outputs; /* a layer: steps x (H x directions) */
    epo__sequence *order;
    size_t steps;
    float *state, *gates; /* batch x H, batch x 3 H */
    struct buffer d_outputs[2], d_projected, d_recurrent;
};

static void release(void *state)
{
    struct training *t = state;
    if (!t) return;
    for (size_t i = 0; t->cells && i < (size_t)t->layers * t->directions; i++) {
        free(t->cells[i].kept.data);
        free(t->cells[i].before.data);
    }
    for (int l = 0; t->outputs && l < t->layers; l++) free(t->outputs[l].data);
    free(t->cells);
    free(t->outputs);
    free(t->order);
    free(t->state);
    free(t->gates);
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
    epo_status status = epo__sequences_order(run->lengths, run->count, t->order, &t->steps);
    size_t width = t->hidden * t->directions;
    for (size_t i = 0; i < (size_t)t->layers * t->directions && status == EPO_OK; i++) {
        status = fit(&t->cells[i].kept, t->steps, KEPT * t->hidden);
        if (status == EPO_OK) status = fit(&t->cells[i].before, t->steps, t->hidden);
    }
    for (int l = 0; l < t->layers && status == EPO_OK; l++) status = fit(&t->outputs[l], t->steps, width);
    for (int i = 0; i < 2 && status == EPO_OK; i++) status = fit(&t->d_outputs[i], t->steps, width);
    if (status == EPO_OK) status = fit(&t->d_projected, t->steps, 3 * t->hidden);
    if (status == EPO_OK) status = fit(&t->d_recurrent, t->steps, 3 * t->hidden);
    return status;
}

/* projected: Wi x + bi; recurrent: Wh h + bh. */
static void advance(const float *projected, const float *recurrent, float *state, float *kept, size_t hidden)
{
    for (size_t i = 0; i < hidden; i++) {
        float m = recurrent[N * hidden + i];
        float r = epo__sigmoid(projected[R * hidden + i] + recurrent[R * hidden + i]);
        float z = epo__sigmoid(projected[Z * hidden + i] + recurrent[Z * hidden + i]);
        float n = tanhf(projected[N * hidden + i] + r * m);
        kept[R * hidden + i] = r;
        kept[Z * hidden + i] = z;
        kept[N * hidden + i] = n;
        kept[M * hidden + i] = m;
        state[i] = (1.0F - z) * n + z * state[i];
    }
}

static epo_status forward_cell(struct training *t, struct cell *cell, int count, const float *in, float *out,
                               size_t direction)
{
    size_t hidden = t->hidden, gates = 3 * hidden;
    float *projected = t->d_projected.data; /* free until the way back */
    int running = count;
    for (size_t i = 0; i < t->steps; i++)
        memcpy(projected + i * gates, cell->params[EPO__GRU_BIAS_IH].value, gates * sizeof(float));
    epo_status status = epo__sgemm(false, true, t->steps, gates, cell->inputs, in, cell->inputs,
                                   cell->params[EPO__GRU_WEIGHT_IH].value, cell->inputs, 1, projected, gates);
    memset(t->state, 0, (size_t)count * hidden * sizeof(float));
    for (int step = 0; step < t->order[0].length && status == EPO_OK; step++) {
        while (t->order[running - 1].length <= step) running--;
        for (size_t i = 0; i < (size_t)running; i++)
            memcpy(t->gates + i * gates, cell->params[EPO__GRU_BIAS_HH].value, gates * sizeof(float));
        status = epo__sgemm(false, true, (size_t)running, gates, hidden, t->state, hidden,
                            cell->params[EPO__GRU_WEIGHT_HH].value, hidden, 1, t->gates, gates);
        for (size_t i = 0; i < (size_t)running; i++) {
            size_t at = epo__sequence_at(&t->order[i], step, direction);
            float *state = t->state + i * hidden;
            memcpy(cell->before.data + at * hidden, state, hidden * sizeof(float));
            advance(projected + at * gates, t->gates + i * gates, state, cell->kept.data + at * KEPT * hidden, hidden);
            memcpy(out + (at * t->directions + direction) * hidden, state, hidden * sizeof(float));
        }
    }
    return status;
}

/* Between the outputs of all steps of the last layer and the result: the sum, or in each direction the last one. */
static void collect(const struct training *t, int count, const float *outputs, float *out)
{
    size_t hidden = t->hidden, width = hidden * t->directions;
    for (int i = 0; i < count; i++) {
        const epo__sequence *sequence = &t->order[i];
        float *row = out + (size_t)sequence->row * width;
        if (t->sum) memset(row, 0, width * sizeof *row);
        if (t->sum) epo__add_rows(outputs + sequence->start * width, (size_t)sequence->length, width, row);
        for (size_t d = 0; !t->sum && d < t->directions; d++)
            memcpy(row + d * hidden, outputs + epo__sequence_at(sequence, sequence->length - 1, d) * width + d * hidden,
                   hidden * sizeof *row);
    }
}

static void distribute(const struct training *t, int count, const float *d_out, float *d_outputs)
{
    size_t hidden = t->hidden, width = hidden * t->directions;
    if (!t->sum) memset(d_outputs, 0, t->steps * width * sizeof *d_outputs);
    for (int i = 0; i < count; i++) {
        const epo__sequence *sequence = &t->order[i];
        const float *row = d_out + (size_t)sequence->row * width;
        for (size_t k = 0; t->sum && k < (size_t)sequence->length; k++)
            memcpy(d_outputs + (sequence->start + k) * width, row, width * sizeof *row);
        for (size_t d = 0; !t->sum && d < t->directions; d++)
            memcpy(d_outputs + epo__sequence_at(sequence, sequence->length - 1, d) * width + d * hidden,
                   row + d * hidden, hidden * sizeof *row);
    }
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    struct training *t = state;
    epo_status status = prepare(t, run);
    for (int l = 0; l < t->layers && status == EPO_OK; l++) {
        for (size_t d = 0; d < t->directions && status == EPO_OK; d++)
            status = forward_cell(t, &t->cells[(size_t)l * t->directions + d], run->count, in, t->outputs[l].data, d);
        in = t->outputs[l].data;
    }
    if (status == EPO_OK) collect(t, run->count, in, out);
    return status;
}

/* One sequence one step back: d_state is dh on entry, dh' but for Wh' (...) after. */
static void retreat(const float *kept, const float *before, const float *d_output, float *d_state, float *d_projected,
                    float *d_recurrent, size_t hidden)
{
    for (size_t i = 0; i < hidden; i++) {
        float r = kept[R * hidden + i], z = kept[Z * hidden + i], n = kept[N * hidden + i], m = kept[M * hidden + i];
        float d = d_state[i] + d_output[i];
        float d_n = d * (1.0F - z) * (1.0F - n * n);
        float d_z = d * (before[i] - n) * z * (1.0F - z);
        float d_r = d_n * m * r * (1.0F - r);
        d_projected[R * hidden + i] = d_recurrent[R * hidden + i] = d_r;
        d_projected[Z * hidden + i] = d_recurrent[Z * hidden + i] = d_z;
        d_projected[N * hidden + i] = d_n;
        d_recurrent[N * hidden + i] = d_n * r;
        d_state[i] = d * z;
    }
}

/* Gradients of a cell's parameters from those of all steps. */
static epo_status add_gradients(const struct training *t, const struct cell *cell, const float *in)
{
    size_t gates = 3 * t->hidden;
    const epo__param *p = cell->params;
    epo_status status = EPO_OK;
    if (p[EPO__GRU_WEIGHT_IH].grad)
        status = epo__sgemm(true, false, gates, cell->inputs, t->steps, t->d_projected.data, gates, in, cell->inputs, 1,
                            p[EPO__GRU_WEIGHT_IH].grad, cell->inputs);
    if (status == EPO_OK && p[EPO__GRU_WEIGHT_HH].grad)
        status = epo__sgemm(true, false, gates, t->hidden, t->steps, t->d_recurrent.data, gates, cell->before.data,
                            t->hidden, 1, p[EPO__GRU_WEIGHT_HH].grad, t->hidden);
    if (p[EPO__GRU_BIAS_IH].grad) epo__add_rows(t->d_projected.data, t->steps, gates, p[EPO__GRU_BIAS_IH].grad);
    if (p[EPO__GRU_BIAS_HH].grad) epo__add_rows(t->d_recurrent.data, t->steps, gates, p[EPO__GRU_BIAS_HH].grad);
    return status;
}

static epo_status backward_cell(struct training *t, struct cell *cell, int count, const float *in,
                                const float *d_outputs, float *d_in, size_t direction)
{
    size_t hidden = t->hidden, gates = 3 * hidden;
    int running = 0;
    epo_status status = EPO_OK;
    memset(t->state, 0, (size_t)count * hidden * sizeof(float));
    for (int step = t->order[0].length - 1; step >= 0 && status == EPO_OK; step--) {
        while (running < count && t->order[running].length > step) running++;
        for (size_t i = 0; i < (size_t)running; i++) {
            size_t at = epo__sequence_at(&t->order[i], step, direction);
            retreat(cell->kept.data + at * KEPT * hidden, cell->before.data + at * hidden,
                    d_outputs + (at * t->directions + direction) * hidden, t->state + i * hidden,
                    t->d_projected.data + at * gates, t->gates + i * gates, hidden);
            memcpy(t->d_recurrent.data + at * gates, t->gates + i * gates, gates * sizeof(float));
        }
        status = epo__sgemm(false, false, (size_t)running, hidden, gates, t->gates, gates,
                            cell->params[EPO__GRU_WEIGHT_HH].value, hidden, 1, t->state, hidden);
    }
    if (status == EPO_OK) status = add_gradients(t, cell, in);
    if (status == EPO_OK && d_in)
        status =
            epo__sgemm(false, false, t->steps, cell->inputs, gates, t->d_projected.data, gates,
                       cell->params[EPO__GRU_WEIGHT_IH].value, cell->inputs, direction ? 1 : 0, d_in, cell->inputs);
    return status;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)out;
    struct training *t = state;
    epo_status status = EPO_OK;
    distribute(t, run->count, d_out, t->d_outputs[(t->layers - 1) % 2].data);
    for (int l = t->layers - 1; l >= 0 && status == EPO_OK; l--)
        for (size_t d = 0; d < t->directions && status == EPO_OK; d++)
            status =
                backward_cell(t, &t->cells[(size_t)l * t->directions + d], run->count, l ? t->outputs[l - 1].data : in,
                              t->d_outputs[l % 2].data, l ? t->d_outputs[(l - 1) % 2].data : d_in, d);
    return status;
}

epo_status epo__gru_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    const epo__gru *gru = layer->state;
    size_t cells = (size_t)gru->layers * (size_t)gru->directions;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("gru");
    t->hidden = (size_t)gru->hidden;
    t->directions = (size_t)gru->directions;
    t->layers = gru->layers;
    t->sum = gru->sum;
    t->cells = epo__alloc(cells, sizeof *t->cells);
    t->outputs = epo__alloc((size_t)t->layers, sizeof *t->outputs);
    t->order = epo__alloc((size_t)setup->batch, sizeof *t->order);
    epo_status status = t->cells && t->outputs && t->order ? EPO_OK : epo__nomem("gru");
    if (status == EPO_OK) status = epo__train_floats(setup, t->hidden, &t->state);
    if (status == EPO_OK) status = epo__train_floats(setup, 3 * t->hidden, &t->gates);
    for (size_t i = 0; i < cells && status == EPO_OK; i++) {
        t->cells[i].params = layer->params + i * EPO__GRU_PARAMS;
        t->cells[i].inputs = (size_t)t->cells[i].params[EPO__GRU_WEIGHT_IH].dims[1];
    }
    if (status != EPO_OK) {
        release(t);
        return status;
    }
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward, .release = release};
    return EPO_OK;
}
