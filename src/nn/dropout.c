/* SPDX-License-Identifier: BSD-3-Clause
 * dropout.c - dropout of single values and of whole channels. Both do nothing when a trained network runs. */
#include "nn/layer_types.h"
#include "nn/plan.h"

static const epo__layer_option options[] = {
    {"rate", EPO_OPTION_REAL, 0, 0.99, NULL, "0.5", "part that is dropped in training"},
};

struct dropout {
    double rate;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct dropout *dropout = layer->state;
    dropout->rate = values[0];
    layer->out = layer->in;
    return EPO_OK;
}

/* What is pending stays so: a ReLU may follow. */
static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    (void)builder;
    return EPO_OK;
}

const epo__layer_type epo__dropout_type = {
    .word = "dropout",
    .help = "drops values in training",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct dropout),
    .configure = configure,
    .plan = plan,
};

const epo__layer_type epo__spatialdropout_type = {
    .word = "spatialdropout",
    .help = "drops whole channels in training",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct dropout),
    .configure = configure,
    .plan = plan,
};
