/* SPDX-License-Identifier: BSD-3-Clause
 * gru.c - gated recurrent units over packed sequences, as PyTorch has them.
 *
 * For each step, x the input and h the state so far (Cho et al. 2014, reset gate after the product):
 *     r = sigmoid(Wir x + bir + Whr h + bhr)
 *     z = sigmoid(Wiz x + biz + Whz h + bhz)
 *     n = tanh(Win x + bin + r * (Whn h + bhn))
 *     h = (1 - z) * n + z * h
 *
 * Sequences lie one behind the other without padding. All Wi x of a layer and direction are one matrix product; then
 * the steps are gone through for all sequences at a time, longest first, so that those still running are always the
 * first rows. The result is the state after the last step, or the sum of the outputs of all steps (TAO-Net). Training
 * is gru_train.c. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gru.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

enum { HIDDEN, LAYERS, DIRECTIONS, OUTPUT };
enum { LAST, SUM };
static const size_t max_work = (size_t)1 << 31; /* floats in one work array */

static const epo__layer_option options[] = {
    [HIDDEN] = {"hidden", EPO_OPTION_INT, 1, 8192, NULL, NULL, "size of the state"},
    [LAYERS] = {"layers", EPO_OPTION_INT, 1, 16, NULL, "1", "layers, each over the outputs of the one before"},
    [DIRECTIONS] = {"directions", EPO_OPTION_INT, 1, 2, NULL, "1", "2: also backwards in time"},
    [OUTPUT] = {"output", EPO_OPTION_WORD, 0, 0, "last|sum", "last",
                "state after the last step, or sum of all outputs"},
};

static epo_status configure(epo__layer *layer, const double *values)
{
    epo__gru *gru = layer->state;
    gru->hidden = (int)values[HIDDEN];
    gru->layers = (int)values[LAYERS];
    gru->directions = (int)values[DIRECTIONS];
    gru->sum = (int)values[OUTPUT] == SUM;
    if (!epo__shape_is_vector(layer->in))
        return epo__fail(EPO_EARG, "a step of the input is %d x %d x %d, not a vector", layer->in.channels,
                         layer->in.height, layer->in.width);
    layer->out = (epo__shape){gru->hidden * gru->directions, 1, 1};
    for (int l = 0; l < gru->layers; l++)
        for (int d = 0; d < gru->directions; d++) {
            static const char *const names[EPO__GRU_PARAMS] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
            int64_t gates = 3 * gru->hidden, inputs = l ? layer->out.channels : layer->in.channels;
            int64_t columns[EPO__GRU_PARAMS] = {inputs, gru->hidden, 0, 0};
            for (int i = 0; i < EPO__GRU_PARAMS; i++) {
                char name[48];
                snprintf(name, sizeof name, "%s_l%d%s", names[i], l, d ? "_reverse" : "");
                epo_status status = epo__layer_param(layer, name, true, (int)columns[i], 0, columns[i] ? 2 : 1,
                                                     (int64_t[]){gates, columns[i]});
                if (status != EPO_OK) return status;
            }
        }
    return EPO_OK;
}

static uint64_t macs(const epo__layer *layer)
{
    uint64_t weights = 0;
    for (size_t i = 0; i < layer->param_count; i++)
        if (layer->params[i].ndim == 2) weights += layer->params[i].count;
    return weights;
}

/* --- in a plan
 * -------------------------------------------------------------------------------------------------------------- */

struct cell {
    size_t inputs;
    float *weight_ih, *weight_hh;
    float *bias;   /* 3 H: added to Wi x; holds bhr and bhz too */
    float *bias_n; /* H: bhn, which the reset gate multiplies */
};

struct step {
    size_t hidden, directions, inputs;
    int layers;
    bool sum;
    epo__tensor in, out;
    struct cell *cells; /* layers x directions */
    epo__sequence *order;
    float *state;     /* batch x H */
    float *recurrent; /* batch x 3 H: Wh h */
    /* these grow with the steps in a run */
    float *projected, *outputs[2]; /* steps x 3 H; steps x (H x directions) */
    size_t projected_capacity, outputs_capacity[2];
};

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    for (size_t i = 0; step->cells && i < (size_t)step->layers * step->directions; i++) {
        free(step->cells[i].weight_ih);
        free(step->cells[i].weight_hh);
        free(step->cells[i].bias);
        free(step->cells[i].bias_n);
    }
    free(step->cells);
    free(step->order);
    free(step->state);
    free(step->recurrent);
    free(step->projected);
    free(step->outputs[0]);
    free(step->outputs[1]);
    free(step);
}

static int longer_first(const void *a, const void *b)
{
    const epo__sequence *x = a, *y = b;
    return x->length != y->length ? (x->length < y->length) - (x->length > y->length)
                                  : (x->row > y->row) - (x->row < y->row);
}

epo_status epo__sequences_grow(float **array, size_t *capacity, size_t steps, size_t width)
{
    size_t need;
    if (!epo__size_mul(steps, width, &need) || need > max_work)
        return epo__fail(EPO_ELIMIT, "%zu steps of sequences are too many at a time", steps);
    return epo__grow(array, capacity, need, sizeof **array) ? EPO_OK : epo__nomem("steps of sequences");
}

epo_status epo__sequences_order(const int *lengths, int count, epo__sequence *order, size_t *steps)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        order[i] = (epo__sequence){lengths[i], total, i};
        total += (size_t)lengths[i];
    }
    qsort(order, (size_t)count, sizeof *order, longer_first);
    if (total > INT32_MAX) return epo__fail(EPO_ELIMIT, "%zu steps of sequences are too many at a time", total);
    *steps = total;
    return EPO_OK;
}

/* Sorts the sequences and makes room for all their steps. */
static epo_status prepare(struct step *step, const epo__frame *frame, size_t *steps)
{
    epo_status status = epo__sequences_order(frame->lengths, frame->count, step->order, steps);
    if (status != EPO_OK) return status;
    size_t total = *steps;
    status = epo__sequences_grow(&step->projected, &step->projected_capacity, total, 3 * step->hidden);
    for (int i = 0; i < 2 && i < step->layers && status == EPO_OK; i++)
        status =
            epo__sequences_grow(&step->outputs[i], &step->outputs_capacity[i], total, step->hidden * step->directions);
    return status;
}

/* projected: the three gates of Wi x + b; recurrent: of Wh h (+ bhn). */
static void advance(const float *projected, const float *recurrent, float *state, size_t hidden)
{
    for (size_t i = 0; i < hidden; i++) {
        float r = epo__sigmoid(projected[i] + recurrent[i]);
        float z = epo__sigmoid(projected[hidden + i] + recurrent[hidden + i]);
        float n = tanhf(projected[2 * hidden + i] + r * recurrent[2 * hidden + i]);
        state[i] = (1.0F - z) * n + z * state[i];
    }
}

/* One cell over all sequences. in: steps x cell->inputs; out: every state, in the columns of this direction. */
static void run_cell(struct step *step, const struct cell *cell, const epo__frame *frame, size_t steps, const float *in,
                     float *out, size_t direction)
{
    size_t hidden = step->hidden, gates = 3 * hidden, out_width = hidden * step->directions;
    int inputs = (int)cell->inputs, running = frame->count;
    for (size_t i = 0; i < steps; i++) memcpy(step->projected + i * gates, cell->bias, gates * sizeof(float));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)steps, (int)gates, inputs, 1.0F, in, inputs,
                cell->weight_ih, inputs, 1.0F, step->projected, (int)gates);
    memset(step->state, 0, (size_t)frame->count * hidden * sizeof(float));

    for (int t = 0; t < step->order[0].length; t++) {
        while (step->order[running - 1].length <= t) running--;
        for (size_t i = 0; i < (size_t)running; i++) {
            memset(step->recurrent + i * gates, 0, 2 * hidden * sizeof(float));
            memcpy(step->recurrent + i * gates + 2 * hidden, cell->bias_n, hidden * sizeof(float));
        }
        if (running == 1)
            cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)gates, (int)hidden, 1.0F, cell->weight_hh, (int)hidden,
                        step->state, 1, 1.0F, step->recurrent, 1);
        else
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, running, (int)gates, (int)hidden, 1.0F, step->state,
                        (int)hidden, cell->weight_hh, (int)hidden, 1.0F, step->recurrent, (int)gates);
        for (size_t i = 0; i < (size_t)running; i++) {
            const epo__sequence *sequence = &step->order[i];
            size_t at = epo__sequence_at(sequence, t, direction);
            float *state = step->state + i * hidden;
            advance(step->projected + at * gates, step->recurrent + i * gates, state, hidden);
            memcpy(out + at * out_width + direction * hidden, state, hidden * sizeof(float));
        }
    }
}

/* outputs: all states of the last layer. Backwards in time the last state is that at the first step. */
static void collect(const struct step *step, const epo__frame *frame, const float *outputs)
{
    size_t hidden = step->hidden, width = hidden * step->directions;
    float *out = epo__frame_write(frame, &step->out);
    for (int i = 0; i < frame->count; i++) {
        const epo__sequence *sequence = &step->order[i];
        const float *first = outputs + sequence->start * width;
        float *row = out + (size_t)sequence->row * width;
        if (step->sum) {
            memset(row, 0, width * sizeof *row);
            for (size_t t = 0; t < (size_t)sequence->length; t++)
                cblas_saxpy((int)width, 1.0F, first + t * width, 1, row, 1);
        } else {
            memcpy(row, first + (size_t)(sequence->length - 1) * width, hidden * sizeof *row);
            if (step->directions == 2) memcpy(row + hidden, first + hidden, hidden * sizeof *row);
        }
    }
}

static epo_status run(void *state, const epo__frame *frame)
{
    struct step *step = state;
    size_t steps = 0;
    epo_status status = prepare(step, frame, &steps);
    if (status != EPO_OK) return status;
    const float *in = epo__frame_read(frame, &step->in);
    for (int l = 0; l < step->layers; l++) {
        for (size_t d = 0; d < step->directions; d++)
            run_cell(step, &step->cells[(size_t)l * step->directions + d], frame, steps, in, step->outputs[l % 2], d);
        in = step->outputs[l % 2];
    }
    collect(step, frame, in);
    return EPO_OK;
}

static float *copy_aligned(const float *values, size_t count)
{
    float *copy = epo__alloc_aligned(count, sizeof *copy);
    if (copy) memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static bool make_cell(const epo__param *params, size_t hidden, struct cell *cell)
{
    cell->inputs = (size_t)params[EPO__GRU_WEIGHT_IH].dims[1];
    cell->weight_ih = copy_aligned(params[EPO__GRU_WEIGHT_IH].value, params[EPO__GRU_WEIGHT_IH].count);
    cell->weight_hh = copy_aligned(params[EPO__GRU_WEIGHT_HH].value, params[EPO__GRU_WEIGHT_HH].count);
    cell->bias = copy_aligned(params[EPO__GRU_BIAS_IH].value, params[EPO__GRU_BIAS_IH].count);
    cell->bias_n = copy_aligned(params[EPO__GRU_BIAS_HH].value + 2 * hidden, hidden);
    if (!cell->weight_ih || !cell->weight_hh || !cell->bias || !cell->bias_n) return false;
    for (size_t i = 0; i < 2 * hidden; i++) cell->bias[i] += params[EPO__GRU_BIAS_HH].value[i];
    return true;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const epo__gru *gru = layer->state;
    size_t batch = (size_t)epo__builder_batch(builder), cells = (size_t)gru->layers * (size_t)gru->directions;
    size_t work;
    if (!epo__size_mul(batch, 3 * (size_t)gru->hidden, &work) || work > EPO__MAX_ACTIVATIONS)
        return epo__fail(EPO_ELIMIT, "%zu states of %d numbers are too many", batch, gru->hidden);
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("gru");
    step->hidden = (size_t)gru->hidden;
    step->directions = (size_t)gru->directions;
    step->layers = gru->layers;
    step->sum = gru->sum;
    step->in = *epo__builder_now(builder);
    step->out = epo__builder_other_rows(builder, layer->out);
    step->cells = epo__alloc(cells, sizeof *step->cells);
    step->order = epo__alloc(batch, sizeof *step->order);
    step->state = epo__alloc_aligned(batch * step->hidden, sizeof(float));
    step->recurrent = epo__alloc_aligned(work, sizeof(float));
    bool made = step->cells && step->order && step->state && step->recurrent;
    for (size_t i = 0; i < cells && made; i++)
        made = make_cell(layer->params + i * EPO__GRU_PARAMS, step->hidden, &step->cells[i]);
    if (!made) {
        release(step);
        return epo__nomem("gru");
    }
    epo__tensor out = step->out;
    epo_status status = epo__builder_row_step(builder, run, release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

const epo__layer_type epo__gru_type = {
    .word = "gru",
    .help = "gated recurrent units over a sequence",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(epo__gru),
    .over_time = true,
    .configure = configure,
    .macs = macs,
    .plan = plan,
    .train = epo__gru_train,
};
