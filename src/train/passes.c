/* SPDX-License-Identifier: BSD-3-Clause
 * passes.c - encoder and head with dropout, pass after pass. */
#include "train/passes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "train/engine.h"
#include "train/features.h"

enum { TOGETHER = 32 }; /* inputs that go through the network at a time */

struct epo__passes {
    const epo_model *model;
    const epo__network *network;
    size_t passes, runs; /* runs of the encoder for an input: one a plane when fused late */
    epo__draw draw, head_draw;
    epo__plan *before, *after, *head; /* the encoder up to its first dropout, and from there; NULL where nothing is */
    size_t stamp_floats, fixed_floats, encoder_floats, feature_floats, outputs, classes;
    uint64_t *keys;       /* of the runs */
    float *joined;        /* planes side by side */
    float *fixed;         /* of `before`: TOGETHER x runs x fixed_floats */
    float *encoded, *raw; /* of one pass */
    float *features;      /* of a sequence: passes x triplets x feature_floats */
    size_t feature_room;
};

epo_status epo__passes_check(const epo_model *model, epo_head head, int passes)
{
    const epo__net *net = epo__model_head(model, head), *encoder = epo__model_encoder(model);
    if (!net) return epo__fail(EPO_EMODEL, "the model has no %s head", epo_head_name(head));
    if (passes < 1 || passes > EPO__MAX_PASSES)
        return epo__fail(EPO_EARG, "%d passes with dropout: 1 to %d", passes, (int)EPO__MAX_PASSES);
    if (epo__net_first_dropout(encoder) < epo__net_length(encoder) ||
        epo__net_first_dropout(net) < epo__net_length(net))
        return EPO_OK;
    return epo__fail(EPO_EARG,
                     "the network %s has no dropout, so every pass would be the same: score without passes, or take a "
                     "network with dropout (gotorb, braai)",
                     epo__model_network(model)->name);
}

static epo_status make_plans(epo__passes *p, epo_head head)
{
    epo__net *encoder = epo__model_encoder(p->model);
    size_t first = epo__net_first_dropout(encoder), length = epo__net_length(encoder);
    int batch = TOGETHER * (int)p->runs;
    epo_status status = EPO_OK;
    if (first > 0) status = epo__plan_create_part(encoder, batch, &(epo__plan_options){.last = first}, &p->before);
    if (status == EPO_OK && first < length)
        status = epo__plan_create_part(encoder, batch, &(epo__plan_options){.first = first, .dropout = "encoder"},
                                       &p->after);
    if (status == EPO_OK)
        status = epo__plan_create_part(epo__model_head(p->model, head), TOGETHER,
                                       &(epo__plan_options){.dropout = epo_head_name(head)}, &p->head);
    if (status != EPO_OK) return status;
    if (p->after) epo__plan_set_draw(p->after, &p->draw);
    epo__plan_set_draw(p->head, &p->head_draw);
    return EPO_OK;
}

static epo_status make_room(epo__passes *p)
{
    size_t runs = TOGETHER * p->runs;
    p->keys = epo__alloc(runs, sizeof *p->keys);
    p->fixed = epo__alloc_aligned(epo__product(runs, p->fixed_floats), sizeof *p->fixed);
    p->encoded = epo__alloc_aligned(epo__product(runs, p->encoder_floats), sizeof *p->encoded);
    p->raw = epo__alloc(epo__product(TOGETHER, p->outputs), sizeof *p->raw);
    if (p->network->join_horizontal) p->joined = epo__alloc_aligned(epo__product(TOGETHER, p->stamp_floats), sizeof *p->joined);
    bool made = p->keys && p->fixed && p->encoded && p->raw && (p->joined || !p->network->join_horizontal);
    return made ? EPO_OK : epo__nomem("passes with dropout");
}

epo_status epo__passes_create(const epo_model *model, epo_head head, int passes, uint64_t seed, epo__passes **out)
{
    epo_status status = epo__passes_check(model, head, passes);
    if (status != EPO_OK) return status;
    epo__passes *p = epo__alloc(1, sizeof *p);
    if (!p) return epo__nomem("passes with dropout");
    const epo__network *n = epo__model_network(model);
    const epo__net *encoder = epo__model_encoder(model), *net = epo__model_head(model, head);
    size_t first = epo__net_first_dropout(encoder);
    p->model = model;
    p->network = n;
    p->passes = (size_t)passes;
    p->runs = n->late_fusion ? (size_t)n->planes : 1;
    p->draw.seed = p->head_draw.seed = seed;
    p->stamp_floats = (size_t)n->planes * (size_t)n->height * (size_t)n->width;
    p->fixed_floats = epo__shape_size(first ? epo__net_layer(encoder, first - 1)->out : epo__net_in(encoder));
    p->encoder_floats = (size_t)epo__net_out(encoder).channels;
    p->feature_floats = (size_t)epo__net_in(net).channels;
    p->outputs = (size_t)epo__net_out(net).channels;
    p->classes = n->heads[head].class_count;
    status = make_room(p);
    if (status == EPO_OK) status = make_plans(p, head);
    if (status == EPO_OK)
        *out = p;
    else
        epo__passes_free(p);
    return status;
}

void epo__passes_free(epo__passes *p)
{
    if (!p) return;
    epo__plan_destroy(p->before);
    epo__plan_destroy(p->after);
    epo__plan_destroy(p->head);
    free(p->keys);
    free(p->joined);
    free(p->fixed);
    free(p->encoded);
    free(p->raw);
    free(p->features);
    free(p);
}

/* The part that all passes share, of `count` <= TOGETHER inputs; *fixed is what the rest goes on from. */
static epo_status run_before(epo__passes *p, size_t count, const uint64_t *keys, const float *in, const float **fixed)
{
    for (size_t i = 0; i < count; i++)
        for (size_t r = 0; r < p->runs; r++)
            p->keys[i * p->runs + r] = p->runs > 1 ? epo__rng_key(keys[i], &r, sizeof r) : keys[i];
    p->draw.keys = p->keys;
    if (p->joined) {
        epo__join_planes(p->network, count, in, p->joined);
        in = p->joined;
    }
    *fixed = p->before ? p->fixed : in;
    return p->before ? epo__plan_run(p->before, (int)(count * p->runs), in, p->fixed) : EPO_OK;
}

/* One pass over the rest of the encoder; *encoded is count x runs x encoder_floats. */
static epo_status run_after(epo__passes *p, size_t pass, size_t count, const float *fixed, const float **encoded)
{
    p->draw.pass = p->head_draw.pass = pass;
    *encoded = p->after ? p->encoded : fixed;
    return p->after ? epo__plan_run(p->after, (int)(count * p->runs), fixed, p->encoded) : EPO_OK;
}

epo_status epo__passes_run(epo__passes *p, size_t count, const uint64_t *keys, const float *in, double *out)
{
    for (size_t done = 0; done < count;) {
        size_t now = count - done < TOGETHER ? count - done : TOGETHER;
        const float *fixed, *encoded;
        epo_status status = run_before(p, now, keys + done, in + done * p->stamp_floats, &fixed);
        p->head_draw.keys = keys + done;
        for (size_t pass = 0; status == EPO_OK && pass < p->passes; pass++) {
            status = run_after(p, pass, now, fixed, &encoded);
            if (status == EPO_OK) status = epo__plan_run(p->head, (int)now, encoded, p->raw);
            for (size_t i = 0; status == EPO_OK && i < now; i++)
                epo__class_probabilities(p->raw + i * p->outputs, p->outputs, p->classes,
                                         out + ((done + i) * p->passes + pass) * p->classes);
        }
        if (status != EPO_OK) return status;
        done += now;
    }
    return EPO_OK;
}

/* Rows of features of all passes, TOGETHER triplets at a time. */
static epo_status encode_sequence(epo__passes *p, size_t triplets, uint64_t key, const float *in, const double *mjds)
{
    uint64_t keys[TOGETHER];
    for (size_t done = 0; done < triplets;) {
        size_t now = triplets - done < TOGETHER ? triplets - done : TOGETHER;
        const float *fixed, *encoded;
        for (size_t i = 0; i < now; i++) {
            size_t number = done + i;
            keys[i] = epo__rng_key(key, &number, sizeof number);
        }
        epo_status status = run_before(p, now, keys, in + done * p->stamp_floats, &fixed);
        for (size_t pass = 0; status == EPO_OK && pass < p->passes; pass++) {
            status = run_after(p, pass, now, fixed, &encoded);
            if (status == EPO_OK)
                epo__feature_rows(p->network, done, now, encoded, p->runs * p->encoder_floats, mjds,
                                  p->features + (pass * triplets + done) * p->feature_floats, p->feature_floats);
        }
        if (status != EPO_OK) return status;
        done += now;
    }
    return EPO_OK;
}

epo_status epo__passes_sequence(epo__passes *p, size_t triplets, uint64_t key, const float *in, const double *mjds,
                                double *out)
{
    size_t need;
    if (triplets < 1 || triplets > INT_MAX) return epo__fail(EPO_EARG, "a sequence of %zu triplets", triplets);
    if (!epo__size_mul(p->passes * p->feature_floats, triplets, &need) ||
        !epo__grow(&p->features, &p->feature_room, need, sizeof *p->features))
        return epo__nomem("features of a sequence");
    epo_status status = encode_sequence(p, triplets, key, in, mjds);
    int length = (int)triplets;
    p->head_draw.keys = &key;
    for (size_t pass = 0; status == EPO_OK && pass < p->passes; pass++) {
        p->head_draw.pass = pass;
        status =
            epo__plan_run_sequences(p->head, 1, &length, p->features + pass * triplets * p->feature_floats, p->raw);
        if (status == EPO_OK) epo__class_probabilities(p->raw, p->outputs, p->classes, out + pass * p->classes);
    }
    p->head_draw.keys = NULL; /* it was this call's */
    return status;
}
