/* SPDX-License-Identifier: BSD-3-Clause
 * engine.c - encoder and head, one after the other. */
#include "train/engine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/features.h"

struct epo__engine {
    const epo_model *model;
    const epo__network *network;
    epo_head head;
    int batch;
    epo__plan *encoder_one, *encoder_batch, *head_one, *head_batch;
    size_t stamp_floats;   /* planes x height x width */
    size_t encoder_floats; /* what the encoder gives for one run of it */
    size_t head_floats;    /* what the head takes, dates included */
    int runs_a_stamp;      /* encoder runs: one a plane when fused late */
    int outputs;
    size_t classes;
    float *joined;         /* planes side by side */
    float *encoded;        /* batch x runs x encoder_floats */
    float *features;       /* of a sequence, from the encoder */
    float *rows;           /* the same with dates: head_floats a triplet */
    size_t feature_room, row_room;
    float *raw;            /* batch x outputs */
};

epo_status epo__engine_create(const epo_model *model, epo_head head, int batch, epo__engine **out)
{
    epo__net *net = epo__model_head(model, head);
    if (!net) return epo__fail(EPO_EMODEL, "the model has no %s head", epo_head_name(head));
    epo__engine *e = epo__alloc(1, sizeof *e);
    if (!e) return epo__nomem("engine");
    const epo__network *n = epo__model_network(model);
    e->model = model;
    e->network = n;
    e->head = head;
    e->batch = batch;
    e->stamp_floats = (size_t)n->planes * (size_t)n->height * (size_t)n->width;
    e->runs_a_stamp = n->late_fusion ? n->planes : 1;
    e->encoder_floats = (size_t)epo__net_out(epo__model_encoder(model)).channels;
    e->head_floats = (size_t)epo__net_in(net).channels;
    e->outputs = epo__net_out(net).channels;
    e->classes = n->heads[head].class_count;
    e->encoded = epo__alloc_aligned(epo__product3((size_t)batch, (size_t)e->runs_a_stamp, e->encoder_floats), sizeof *e->encoded);
    e->raw = epo__alloc(epo__product((size_t)batch, (size_t)e->outputs), sizeof *e->raw);
    if (n->join_horizontal) e->joined = epo__alloc_aligned(epo__product((size_t)batch, e->stamp_floats), sizeof *e->joined);
    if (!e->encoded || !e->raw || (n->join_horizontal && !e->joined)) {
        epo__engine_free(e);
        return epo__nomem("engine");
    }
    *out = e;
    return EPO_OK;
}

void epo__engine_free(epo__engine *e)
{
    if (!e) return;
    epo__plan_destroy(e->encoder_one);
    epo__plan_destroy(e->encoder_batch);
    epo__plan_destroy(e->head_one);
    epo__plan_destroy(e->head_batch);
    free(e->joined);
    free(e->encoded);
    free(e->features);
    free(e->rows);
    free(e->raw);
    free(e);
}

/* The plan for `count` samples of `unit` runs each, made on first use. */
static epo_status plan_for(epo__engine *e, epo__net *net, int count, int unit, epo__plan **one, epo__plan **many, epo__plan **out)
{
    epo__plan **slot = count == 1 || e->batch == 1 ? one : many;
    epo_status status = *slot ? EPO_OK : epo__plan_create(net, (slot == one ? 1 : e->batch) * unit, slot);
    *out = *slot;
    return status;
}

/* count stamps, at most a batch, to count x (runs x encoder_floats). */
static epo_status encode(epo__engine *e, int count, const float *in, float *out)
{
    epo__plan *plan;
    epo_status status = plan_for(e, epo__model_encoder(e->model), count, e->runs_a_stamp, &e->encoder_one, &e->encoder_batch, &plan);
    if (status != EPO_OK) return status;
    if (e->joined) {
        epo__join_planes(e->network, (size_t)count, in, e->joined);
        in = e->joined;
    }
    return epo__plan_run(plan, count * e->runs_a_stamp, in, out);
}

void epo__class_probabilities(const float *raw, size_t outputs, size_t classes, double *out)
{
    if (outputs == 1 && classes == 2) {
        out[1] = (double)raw[0];
        out[0] = 1 - out[1];
    } else {
        for (size_t k = 0; k < classes; k++) out[k] = (double)raw[k];
    }
}

static void spread(const epo__engine *e, int count, double *out)
{
    size_t outputs = (size_t)e->outputs;
    for (size_t i = 0; i < (size_t)count; i++)
        epo__class_probabilities(e->raw + i * outputs, outputs, e->classes, out + i * e->classes);
}

epo_status epo__engine_run(epo__engine *e, int count, const float *in, double *out)
{
    epo__plan *plan;
    epo_status status = encode(e, count, in, e->encoded);
    if (status == EPO_OK) status = plan_for(e, epo__model_head(e->model, e->head), count, 1, &e->head_one, &e->head_batch, &plan);
    if (status == EPO_OK) status = epo__plan_run(plan, count, e->encoded, e->raw);
    if (status == EPO_OK) spread(e, count, out);
    return status;
}

size_t epo__engine_features(const epo__engine *e)
{
    return (size_t)e->runs_a_stamp * e->encoder_floats;
}

epo_status epo__engine_encode(epo__engine *e, size_t triplets, const float *in, float *out)
{
    const size_t features = epo__engine_features(e);
    epo_status status = EPO_OK;
    for (size_t done = 0; status == EPO_OK && done < triplets;) {
        int count = triplets - done < (size_t)e->batch ? (int)(triplets - done) : e->batch;
        status = encode(e, count, in + done * e->stamp_floats, out + done * features);
        done += (size_t)count;
    }
    return status;
}

epo_status epo__engine_head(epo__engine *e, size_t triplets, const float *features, const double *mjds, double *out)
{
    size_t need;
    if (triplets < 1 || triplets > INT_MAX) return epo__fail(EPO_EARG, "a sequence of %zu triplets", triplets);
    if (!epo__size_mul(triplets, e->head_floats, &need) || !epo__grow(&e->rows, &e->row_room, need, sizeof *e->rows))
        return epo__nomem("features of a sequence");
    epo__feature_rows(e->network, 0, triplets, features, epo__engine_features(e), mjds, e->rows, e->head_floats);
    epo__plan *plan;
    epo_status status = plan_for(e, epo__model_head(e->model, e->head), 1, 1, &e->head_one, &e->head_batch, &plan);
    int length = (int)triplets;
    if (status == EPO_OK) status = epo__plan_run_sequences(plan, 1, &length, e->rows, e->raw);
    if (status == EPO_OK) spread(e, 1, out);
    return status;
}

epo_status epo__engine_sequence(epo__engine *e, size_t triplets, const float *in, const double *mjds, double *out)
{
    size_t need;
    if (!epo__size_mul(triplets, epo__engine_features(e), &need) || !epo__grow(&e->features, &e->feature_room, need, sizeof *e->features))
        return epo__nomem("features of a sequence");
    epo_status status = epo__engine_encode(e, triplets, in, e->features);
    return status == EPO_OK ? epo__engine_head(e, triplets, e->features, mjds, out) : status;
}
