/* SPDX-License-Identifier: BSD-3-Clause
 * gap.c - global average: the mean of every channel. */
#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

static epo_status configure(epo__layer *layer, const double *values)
{
    (void)values;
    layer->out = (epo__shape){layer->in.channels, 1, 1};
    return EPO_OK;
}

struct step {
    epo__tensor in, out;
    size_t row_offset;
};

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    epo__shape shape = step->in.shape;
    epo__global_average(epo__frame_read(frame, &step->in), epo__frame_write(frame, &step->out),
                        frame->arena + step->row_offset, (size_t)shape.channels, (size_t)shape.height,
                        (size_t)shape.width);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    size_t row_offset;
    epo_status status = epo__builder_to_arena(builder);
    if (status == EPO_OK) status = epo__builder_take(builder, (size_t)layer->in.channels, &row_offset);
    if (status != EPO_OK) return status;
    epo__tensor out = epo__builder_other_rows(builder, layer->out);
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("global average");
    *step = (struct step){*epo__builder_now(builder), out, row_offset};
    status = epo__builder_sample_step(builder, run, NULL, step);
    epo__builder_give(builder, row_offset);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

const epo__layer_type epo__gap_type = {
    .word = "gap", .help = "mean of each channel", .state_size = 1, .configure = configure, .plan = plan};
