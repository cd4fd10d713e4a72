/* SPDX-License-Identifier: BSD-3-Clause
 * explainer.c - one input after the other: prepared, differentiated, made into maps, delivered. */
#include "train/explainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/threads.h"
#include "train/explain_maps.h"
#include "train/gradient.h"
#include "train/stamp_rule.h"

struct epo__explainer {
    const epo_model *model;
    const epo__network *network;
    epo_head head;
    epo_explain_options options;
    int class_index; /* -1: the predicted one */
    epo__gradient *gradient;
    epo__stamp_rule rule;
    epo__stamp_room room;
    epo__triplets triplets;
    epo__maps maps;
    float *input; /* a stamp's */
    float *derivative;
    size_t derivative_room;
    double probabilities[EPO__MAX_CLASSES];
    char error[512]; /* of the input at hand */
    epo_explain_fn result;
    void *context;
    epo_explain_summary *summary;
    double start;
};

static epo_status find_class(epo__explainer *e)
{
    const epo__network_section *head = &e->network->heads[e->head];
    e->class_index = -1;
    if (!e->options.class_name) return EPO_OK;
    e->class_index = epo__model_class_index(e->model, e->head, e->options.class_name);
    if (e->class_index >= 0) return EPO_OK;
    epo__string names = {0};
    for (size_t k = 0; k < head->class_count; k++) epo__string_addf(&names, "%s%s", k ? ", " : "", head->classes[k]);
    epo_status status = names.failed ? epo__nomem("list of classes")
                                     : epo__fail(EPO_EARG, "%s: no class '%.40s'; there are %s", e->network->name,
                                                 e->options.class_name, names.text);
    epo__string_free(&names);
    return status;
}

epo_status epo__explainer_create(const epo_model *model, epo_head head, const epo_explain_options *options,
                                 epo_explain_fn result, void *context, epo_explain_summary *summary,
                                 epo__explainer **out)
{
    *summary = (epo_explain_summary){0};
    if (!epo__model_head(model, head)) return epo__fail(EPO_EMODEL, "the model has no %s head", epo_head_name(head));
    if (options->layer && options->method != EPO_EXPLAIN_GRADCAM)
        return epo__fail(EPO_EARG, "a layer is for Grad-CAM: saliency is that of the input");
    epo__explainer *e = epo__alloc(1, sizeof *e);
    if (!e) return epo__nomem("explaining");
    const epo__network *n = epo__model_network(model);
    e->model = model;
    e->network = n;
    e->head = head;
    e->options = *options;
    e->result = result;
    e->context = context;
    e->summary = summary;
    e->start = epo__seconds();
    e->input = epo__alloc_aligned(epo__product3((size_t)n->planes, (size_t)n->height, (size_t)n->width), sizeof *e->input);
    epo_status status = e->input ? epo__stamp_rule_of(n, &e->rule) : epo__nomem("explaining");
    if (status == EPO_OK) status = find_class(e);
    if (status == EPO_OK) {
        const epo__gradient_options how = {.cam = options->method == EPO_EXPLAIN_GRADCAM,
                                           .layer = options->layer,
                                           .logit = options->logit};
        int before = epo__nn_threads();
        epo__nn_set_threads(epo__threads(options->threads));
        status = epo__gradient_create(model, head, &how, &e->gradient);
        epo__nn_set_threads(before);
    }
    if (status == EPO_OK)
        *out = e;
    else
        epo__explainer_free(e);
    return status;
}

void epo__explainer_free(epo__explainer *e)
{
    if (!e) return;
    e->summary->seconds = epo__seconds() - e->start;
    epo__gradient_free(e->gradient);
    epo__stamp_room_free(&e->room);
    epo__triplets_free(&e->triplets);
    epo__maps_free(&e->maps);
    free(e->input);
    free(e->derivative);
    free(e);
}

bool epo__explainer_done(const epo__explainer *e)
{
    return e->options.limit > 0 && e->summary->explained + e->summary->refused >= (uint64_t)e->options.limit;
}

epo_status epo__explain_deliver(epo__explainer *e, const epo_explanation *about)
{
    if (about->error)
        e->summary->refused++;
    else
        e->summary->explained++;
    return e->result ? epo__stopped(e->result(e->context, about)) : EPO_OK;
}

/* What is wrong with one input is its result; anything else concerns all. */
static epo_status settle(epo__explainer *e, epo_status status, epo_explanation *about)
{
    if (status == EPO_EFORMAT) {
        snprintf(e->error, sizeof e->error, "%s", epo_error_message());
        about->error = e->error;
        status = EPO_OK;
    }
    return status == EPO_OK ? epo__explain_deliver(e, about) : status;
}

/* Fills e->derivative and what of the explanation is not of maps. */
static epo_status differentiate(epo__explainer *e, size_t count, const float *in, const double *mjds,
                                epo__derivative *d, epo_explanation *about)
{
    d->method = e->options.method;
    d->shape = epo__gradient_shape(e->gradient);
    size_t floats, chosen;
    if (!epo__size_mul(count, epo__shape_size(d->shape), &floats) ||
        !epo__grow(&e->derivative, &e->derivative_room, floats, sizeof *e->derivative))
        return epo__nomem("a derivative");
    epo_status status = epo__gradient_run(e->gradient, count, in, mjds, e->class_index, e->probabilities, &chosen,
                                          e->derivative, &d->scale, NULL);
    if (status != EPO_OK) return status;
    bool finite = isfinite(e->probabilities[chosen]) && isfinite(d->scale);
    for (size_t i = 0; finite && i < floats; i++) finite = isfinite(e->derivative[i]);
    if (!finite) return epo__fail(EPO_EFORMAT, "the network gives no number: pixels or weights are too large for it");
    d->values = e->derivative;
    about->method = e->options.method;
    about->head = e->head;
    about->class_name = e->network->heads[e->head].classes[chosen];
    about->score = e->probabilities[chosen];
    return EPO_OK;
}

epo_status epo__explain_stamp(epo__explainer *e, const epo__plane_view *planes, size_t count, epo_explanation *about)
{
    epo__derivative d;
    epo_status status = epo__stamp_input(&e->rule, planes, count, 0, &e->room, e->input);
    if (status == EPO_OK) status = differentiate(e, 1, e->input, NULL, &d, about);
    if (status == EPO_OK) status = epo__maps_of_stamp(e->network, &d, e->input, &e->maps);
    if (status == EPO_OK) epo__maps_explain(&e->maps, about);
    return settle(e, status, about);
}

epo_status epo__explain_sequence(epo__explainer *e, epo__sequence *s, epo_explanation *about)
{
    epo__derivative d;
    epo_status status = epo__triplets_make(e->network, e->head, &e->rule.normaliser, s, &e->room.work, &e->triplets);
    if (status == EPO_OK) status = differentiate(e, e->triplets.count, e->triplets.planes, e->triplets.mjds, &d, about);
    if (status == EPO_OK) status = epo__maps_of_sequence(e->network, &d, s, &e->triplets, &e->maps);
    if (status == EPO_OK) epo__maps_explain(&e->maps, about);
    return settle(e, status, about);
}
