/* SPDX-License-Identifier: BSD-3-Clause
 * gru.c - gated recurrent units over packed sequences, as PyTorch has them.
 *
 * For each step, x the input and h the state so far (Cho et al. 2014, reset gate after the product):
 *     r = sigmoid(Wir x + bir + Whr h + bhr)
 *     z = sigmoid(Wiz x + biz + Whz h + bhz)
 *     n = tanh(Win x + bin + r * (Whn h + bhn))
 *     h = (1 - z) * n + z * h
 *
 * Sequences lie one behind the other without padding. Each thread takes some of them through all layers by itself
 * (gru_cell.c), so that threads meet once, at the end, and none is woken for a single sequence. The result is the state
 * after the last step, or the sum of the outputs of all steps (TAO-Net). Training is gru_train.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gradkernels.h"
#include "nn/gru.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

enum { HIDDEN, LAYERS, DIRECTIONS, OUTPUT };
enum { LAST, SUM };

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

/* --- in a plan ---------------------------------------------------------------------------------------------------- */

struct step {
    size_t hidden, directions, cell_count;
    int layers;
    bool sum;
    epo__tensor in, out;
    epo__gru_cell *cells; /* layers x directions */
    epo__shares shares;
    /* these grow with the steps in a run */
    float *projected, *outputs[2]; /* steps x 3 H; steps x (H x directions) */
    size_t projected_capacity, outputs_capacity[2];
};

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    for (size_t i = 0; step->cells && i < step->cell_count; i++) epo__gru_cell_release(&step->cells[i]);
    free(step->cells);
    epo__shares_release(&step->shares);
    free(step->projected);
    free(step->outputs[0]);
    free(step->outputs[1]);
    free(step);
}

/* Deals the sequences out and makes room for all their steps. */
static epo_status prepare(struct step *step, const epo__frame *frame)
{
    epo_status status = epo__shares_deal(&step->shares, frame->lengths, frame->count);
    if (status != EPO_OK) return status;
    size_t total = step->shares.steps;
    status = epo__sequences_grow(&step->projected, &step->projected_capacity, total, 3 * step->hidden);
    for (int i = 0; i < 2 && i < step->layers && status == EPO_OK; i++)
        status =
            epo__sequences_grow(&step->outputs[i], &step->outputs_capacity[i], total, step->hidden * step->directions);
    return status;
}

/* outputs: all states of the last layer. Backwards in time the last state is that at the first step. */
static void collect(const struct step *step, const epo__share *share, const float *outputs, float *out)
{
    size_t hidden = step->hidden, width = hidden * step->directions;
    for (size_t i = 0; i < share->count; i++) {
        const epo__sequence *sequence = &share->sequences[i];
        const float *first = outputs + sequence->start * width;
        float *row = out + (size_t)sequence->row * width;
        if (step->sum) {
            memset(row, 0, width * sizeof *row);
            epo__add_rows(first, (size_t)sequence->length, width, row);
        } else {
            memcpy(row, first + (size_t)(sequence->length - 1) * width, hidden * sizeof *row);
            if (step->directions == 2) memcpy(row + hidden, first + hidden, hidden * sizeof *row);
        }
    }
}

/* One thread's sequences through all layers. */
static void run_share(const struct step *step, const epo__share *share, const float *in, float *out)
{
    size_t width = step->hidden * step->directions;
    for (int l = 0; l < step->layers; l++) {
        for (size_t d = 0; d < step->directions; d++)
            epo__gru_cell_run(&step->cells[(size_t)l * step->directions + d], share,
                              &(epo__gru_run){.in = in,
                                              .projected = step->projected,
                                              .out = step->outputs[l % 2] + d * step->hidden,
                                              .out_width = width,
                                              .backwards = d == 1});
        in = step->outputs[l % 2];
    }
    collect(step, share, in, out);
}

static epo_status run(void *state, const epo__frame *frame)
{
    struct step *step = state;
    epo_status status = prepare(step, frame);
    if (status != EPO_OK) return status;
    const float *in = epo__frame_read(frame, &step->in);
    float *out = epo__frame_write(frame, &step->out);
    size_t parts = step->shares.count;
    if (parts == 1) {
        run_share(step, &step->shares.share[0], in, out);
        return EPO_OK;
    }
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (size_t i = 0; i < parts; i++) run_share(step, &step->shares.share[i], in, out);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const epo__gru *gru = layer->state;
    size_t threads = (size_t)epo__builder_lanes(builder) * (size_t)epo__builder_threads(builder);
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("gru");
    step->hidden = (size_t)gru->hidden;
    step->directions = (size_t)gru->directions;
    step->layers = gru->layers;
    step->cell_count = (size_t)gru->layers * step->directions;
    step->sum = gru->sum;
    step->in = *epo__builder_now(builder);
    step->out = epo__builder_other_rows(builder, layer->out);
    step->cells = epo__alloc(step->cell_count, sizeof *step->cells);
    bool made = step->cells && epo__shares_make(&step->shares, (size_t)epo__builder_batch(builder), threads);
    epo_status status = made ? EPO_OK : epo__nomem("gru");
    for (size_t i = 0; i < step->cell_count && status == EPO_OK; i++)
        status = epo__gru_cell_pack(layer->params + i * EPO__GRU_PARAMS, &step->cells[i]);
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__tensor out = step->out;
    status = epo__builder_row_step(builder, run, release, step);
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
