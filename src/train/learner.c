/* SPDX-License-Identifier: BSD-3-Clause
 * learner.c - a batch through encoder and heads, the loss, and back. */
#include "train/learner.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gradplan.h"
#include "nn/loss.h"
#include "train/features.h"

/* A head in training. */
typedef struct head {
    epo__gradplan *plan;
    size_t outputs;      /* logits; 1 for a sigmoid */
    float *logits, *d_logits, *d_in;
    float *weights;      /* of classes, NULL: all 1 */
} head;

struct epo__learner {
    const epo_model *model;
    const epo__network *network;
    epo__stage stage;
    epo__gradplan *encoder;    /* NULL when features come ready */
    head heads[EPO_HEAD_COUNT];
    size_t planes, stamp, encoded, row; /* floats of a triplet's planes, of its features, of a row for the sequence head */
    int runs;
    double smoothing;
    float *together;           /* planes of triplets and of the stamps beside them */
    float *joined, *features, *d_features, *rows;
    int *labels;               /* of the triplets, joint stage */
};

const char *epo__stage_name(epo__stage stage)
{
    static const char *const names[] = {"encoder", "sequence", "joint", "stamp"};
    return names[stage];
}

bool epo__stage_uses(epo__stage stage, epo_head which)
{
    switch (which) {
    case EPO_HEAD_TRIPLET: return stage == EPO__STAGE_ENCODER || stage == EPO__STAGE_JOINT;
    case EPO_HEAD_SEQUENCE: return stage == EPO__STAGE_SEQUENCE || stage == EPO__STAGE_JOINT;
    case EPO_HEAD_STAMP: return stage == EPO__STAGE_STAMP;
    }
    return false;
}

static bool beside(const epo__learner_options *o, epo_head which)
{
    return which == EPO_HEAD_STAMP && o->stamps > 0;
}

static epo_status create_head(epo__learner *l, const epo__learner_options *o, epo_head which)
{
    const float *weights = beside(o, which) ? o->stamp_weights : o->class_weights;
    epo__net *net = epo__model_head(l->model, which);
    if (!net) return epo__fail(EPO_EMODEL, "the network %s has no %s head", l->network->name, epo_head_name(which));
    head *h = &l->heads[which];
    size_t samples = beside(o, which) ? (size_t)o->stamps : which == EPO_HEAD_TRIPLET ? o->triplets : (size_t)o->batch;
    size_t classes = l->network->heads[which].class_count;
    size_t rows = which == EPO_HEAD_SEQUENCE ? o->triplets : samples;
    epo__gradplan_options options = {.prefix = epo_head_name(which), .seed = o->seed, .logits = true};
    epo_status status = epo__gradplan_create(net, (int)samples, &options, &h->plan);
    if (status != EPO_OK) return status;
    h->outputs = (size_t)epo__gradplan_out(h->plan).channels;
    h->logits = epo__alloc(epo__product(samples, h->outputs), sizeof *h->logits);
    h->d_logits = epo__alloc(epo__product(samples, h->outputs), sizeof *h->d_logits);
    h->d_in = epo__alloc(epo__product(rows, (size_t)epo__net_in(net).channels), sizeof *h->d_in);
    if (weights && (h->weights = epo__alloc(classes, sizeof *h->weights))) memcpy(h->weights, weights, classes * sizeof *h->weights);
    return h->logits && h->d_logits && h->d_in && (h->weights || !weights) ? EPO_OK : epo__nomem("head");
}

static epo_status create_encoder(epo__learner *l, const epo__learner_options *o)
{
    const epo__network *n = l->network;
    l->runs = n->late_fusion ? n->planes : 1;
    l->planes = (size_t)n->planes;
    l->stamp = l->planes * (size_t)n->height * (size_t)n->width;
    l->encoded = (size_t)epo__net_out(epo__model_encoder(l->model)).channels * (size_t)l->runs;
    if (o->stage == EPO__STAGE_SEQUENCE) return EPO_OK;
    size_t samples = o->triplets + (size_t)o->stamps;
    if (samples * (size_t)l->runs > INT_MAX) return epo__fail(EPO_ELIMIT, "%zu triplets in a batch", samples);
    epo__gradplan_options options = {.prefix = "encoder", .seed = o->seed, .norms = o->keep_statistics ? EPO__NORM_BY_RUNNING : EPO__NORM_OF_TRAINED,
                                     .precision = o->precision};
    epo_status status = epo__gradplan_create(epo__model_encoder(l->model), (int)samples * l->runs, &options, &l->encoder);
    if (status != EPO_OK) return status;
    l->features = epo__alloc(epo__product(samples, l->encoded), sizeof *l->features);
    l->d_features = epo__alloc(epo__product(samples, l->encoded), sizeof *l->d_features);
    l->labels = epo__alloc(o->triplets, sizeof *l->labels);
    bool all = l->features && l->d_features && l->labels;
    if (all && n->join_horizontal) all = (l->joined = epo__alloc(epo__product(samples, l->stamp), sizeof *l->joined)) != NULL;
    if (all && o->stamps) all = (l->together = epo__alloc(epo__product(samples, l->stamp), sizeof *l->together)) != NULL;
    if (all && o->stage == EPO__STAGE_JOINT) all = (l->rows = epo__alloc(epo__product(o->triplets, l->row), sizeof *l->rows)) != NULL;
    return all ? EPO_OK : epo__nomem("encoder");
}

epo_status epo__learner_create(const epo_model *model, const epo__learner_options *o, epo__learner **out)
{
    epo__learner *l = epo__alloc(1, sizeof *l);
    if (!l) return epo__nomem("learner");
    l->model = model;
    l->network = epo__model_network(model);
    l->stage = o->stage;
    l->smoothing = o->smoothing;
    epo_status status = EPO_OK;
    for (int h = 0; status == EPO_OK && h < EPO_HEAD_COUNT; h++) {
        if (epo__stage_uses(o->stage, (epo_head)h) || beside(o, (epo_head)h)) status = create_head(l, o, (epo_head)h);
    }
    if (status == EPO_OK && epo__stage_uses(o->stage, EPO_HEAD_SEQUENCE)) l->row = (size_t)epo__net_in(epo__model_head(model, EPO_HEAD_SEQUENCE)).channels;
    if (status == EPO_OK) status = create_encoder(l, o);
    if (status == EPO_OK)
        *out = l;
    else
        epo__learner_free(l);
    return status;
}

void epo__learner_free(epo__learner *l)
{
    if (!l) return;
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        epo__gradplan_destroy(l->heads[h].plan);
        free(l->heads[h].logits);
        free(l->heads[h].d_logits);
        free(l->heads[h].d_in);
        free(l->heads[h].weights);
    }
    epo__gradplan_destroy(l->encoder);
    free(l->together);
    free(l->joined);
    free(l->features);
    free(l->d_features);
    free(l->rows);
    free(l->labels);
    free(l);
}

/* Loss of one head and its way back to what went into it. */
static epo_status learn_head(epo__learner *l, epo_head which, size_t samples, const int *labels, double *loss)
{
    head *h = &l->heads[which];
    epo_status status;
    if (h->outputs == 1) {
        epo__sigmoid_loss binary = {.positive_weight = h->weights ? (double)h->weights[1] / (double)h->weights[0] : 1, .smoothing = l->smoothing};
        status = epo__sigmoid_loss_run(&binary, samples, h->logits, labels, loss, h->d_logits, NULL);
    } else {
        epo__softmax_loss many = {.classes = h->outputs, .weights = h->weights, .smoothing = l->smoothing};
        status = epo__softmax_loss_run(&many, samples, h->logits, labels, loss, h->d_logits, NULL);
    }
    return status == EPO_OK ? epo__gradplan_backward(h->plan, h->d_logits, l->encoder ? h->d_in : NULL) : status;
}

static epo_status learn_sequences(epo__learner *l, uint64_t step, const epo__supply_batch *b, const float *rows, double *loss)
{
    head *h = &l->heads[EPO_HEAD_SEQUENCE];
    epo_status status = epo__gradplan_forward_sequences(h->plan, step, (int)b->count, b->lengths, rows, h->logits);
    return status == EPO_OK ? learn_head(l, EPO_HEAD_SEQUENCE, b->count, b->labels, loss) : status;
}

/* `samples` rows of the features, from row `first` on. */
static epo_status learn_vectors(epo__learner *l, epo_head which, uint64_t step, size_t first, size_t samples, const int *labels, double *loss)
{
    head *h = &l->heads[which];
    epo_status status = epo__gradplan_forward(h->plan, step, (int)samples, l->features + first * l->encoded, h->logits);
    return status == EPO_OK ? learn_head(l, which, samples, labels, loss) : status;
}

/* Features of the triplets, and of the stamps behind them. */
static epo_status encode(epo__learner *l, uint64_t step, const epo__supply_batch *b, const epo__supply_batch *stamps)
{
    const float *in = b->planes;
    size_t samples = b->triplets + stamps->triplets;
    if (stamps->count) {
        memcpy(l->together, b->planes, b->triplets * l->stamp * sizeof *in);
        memcpy(l->together + b->triplets * l->stamp, stamps->planes, stamps->triplets * l->stamp * sizeof *in);
        in = l->together;
    }
    if (l->joined) {
        epo__join_planes(l->network, samples, in, l->joined);
        in = l->joined;
    }
    return epo__gradplan_forward(l->encoder, step, (int)samples * l->runs, in, l->features);
}

/* Rows of the sequence head from the features, object by object. */
static void lay_rows(epo__learner *l, const epo__supply_batch *b)
{
    for (size_t i = 0, t = 0; i < b->count; t += (size_t)b->lengths[i++])
        epo__feature_rows(l->network, 0, (size_t)b->lengths[i], l->features + t * l->encoded, l->encoded, b->mjds + t * l->planes,
                          l->rows + t * l->row, l->row);
}

/* Both heads on all triplets; what goes back into the encoder is the sum. */
static epo_status learn_joint(epo__learner *l, uint64_t step, const epo__supply_batch *b, double *loss)
{
    double of_triplets;
    for (size_t i = 0, t = 0; i < b->count; i++)
        for (int k = 0; k < b->lengths[i]; k++) l->labels[t++] = b->labels[i];
    lay_rows(l, b);
    epo_status status = learn_sequences(l, step, b, l->rows, loss);
    if (status == EPO_OK) status = learn_vectors(l, EPO_HEAD_TRIPLET, step, 0, b->triplets, l->labels, &of_triplets);
    if (status != EPO_OK) return status;
    const float *sequence = l->heads[EPO_HEAD_SEQUENCE].d_in, *triplet = l->heads[EPO_HEAD_TRIPLET].d_in;
    for (size_t t = 0; t < b->triplets; t++) /* dates get no gradient: they are not ours to change */
        for (size_t k = 0; k < l->encoded; k++) l->d_features[t * l->encoded + k] = sequence[t * l->row + k] + triplet[t * l->encoded + k];
    *loss += of_triplets;
    return EPO_OK;
}

/* One head on one feature vector each: the encoder's own, or the stamp head. */
static epo_status learn_single(epo__learner *l, epo_head which, uint64_t step, size_t first, const epo__supply_batch *b, double *loss)
{
    epo_status status = learn_vectors(l, which, step, first, b->count, b->labels, loss);
    if (status == EPO_OK) memcpy(l->d_features + first * l->encoded, l->heads[which].d_in, b->count * l->encoded * sizeof *l->d_features);
    return status;
}

epo_status epo__learner_step(epo__learner *l, uint64_t step, const epo__supply_batch *b, const epo__supply_batch *stamps, double *loss)
{
    double of_stamps = 0;
    if (l->stage == EPO__STAGE_SEQUENCE) return learn_sequences(l, step, b, b->features, loss);
    epo_status status = encode(l, step, b, stamps);
    if (status == EPO_OK && l->stage == EPO__STAGE_JOINT)
        status = learn_joint(l, step, b, loss);
    else if (status == EPO_OK)
        status = learn_single(l, l->stage == EPO__STAGE_STAMP ? EPO_HEAD_STAMP : EPO_HEAD_TRIPLET, step, 0, b, loss);
    if (status == EPO_OK && stamps->count) status = learn_single(l, EPO_HEAD_STAMP, step, b->triplets, stamps, &of_stamps);
    *loss += of_stamps;
    return status == EPO_OK ? epo__gradplan_backward(l->encoder, l->d_features, NULL) : status;
}
