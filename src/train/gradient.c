/* SPDX-License-Identifier: BSD-3-Clause
 * gradient.c - encoder and head forward, then back.
 *
 * A sequence goes through the encoder twice, one triplet at a time: first for the features that the head needs, then,
 * when the head has said how its score changes with them, forward and back. So the activations of one triplet are in
 * memory, not of all. */
#include "train/gradient.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "nn/gradplan.h"
#include "train/features.h"

struct epo__gradient {
    const epo_model *model;
    const epo__network *network;
    epo_head head_kind;
    epo__gradient_options options;
    double temperature;
    int runs;               /* of the encoder for an input: one a plane when fused late */
    epo__shape maps;        /* Grad-CAM: of the layer */
    epo__plan *below;       /* Grad-CAM: the encoder up to the layer */
    epo__gradplan *encoder; /* the rest of it, or all */
    epo__gradplan *head;
    size_t stamp_floats, encoded, width, outputs,
        classes;                 /* encoded: floats of all runs; width: of what the head takes */
    float *joined;               /* planes side by side */
    float *activations, *slopes; /* what goes into `encoder`, and the derivative with respect to it */
    float *features, *feature_slopes;
    size_t feature_room, slope_room;
    float *code; /* of one input */
    float *logits, *logit_slopes;
};

/* --- which layer
 * --------------------------------------------------------------------------------------------------------- */

static bool has_pixels(epo__shape shape)
{
    return !epo__shape_is_vector(shape);
}

static bool is_convolution(const epo__layer *layer)
{
    for (size_t k = 0; k < layer->param_count; k++)
        if (layer->params[k].ndim == 4) return true;
    return false;
}

static bool same_shape(epo__shape a, epo__shape b)
{
    return a.channels == b.channels && a.height == b.height && a.width == b.width;
}

/* The last convolution that leaves pixels, and the layers behind it that change neither size nor place. */
static size_t usual_layer(const epo__net *net)
{
    size_t found = 0;
    for (size_t i = 0; i < epo__net_length(net); i++)
        if (is_convolution(epo__net_layer(net, i)) && has_pixels(epo__net_layer(net, i)->out)) found = i + 1;
    while (found > 0 && found < epo__net_length(net)) {
        const epo__layer *next = epo__net_layer(net, found);
        if (is_convolution(next) || !same_shape(next->in, next->out)) break;
        found++;
    }
    return found;
}

/* The number of layers up to and with the one asked for. */
static epo_status find_layer(const epo__network *n, const epo__net *net, const char *name, size_t *out)
{
    epo__string names = {0};
    *out = name ? 0 : usual_layer(net);
    for (size_t i = 0; i < epo__net_length(net); i++) {
        const epo__layer *layer = epo__net_layer(net, i);
        if (!has_pixels(layer->out)) continue;
        epo__string_addf(&names, "%s%s", names.length ? ", " : "", layer->name);
        if (name && strcmp(layer->name, name) == 0) *out = i + 1;
    }
    epo_status status = EPO_OK;
    if (names.failed)
        status = epo__nomem("list of layers");
    else if (*out == 0 && name)
        status = epo__fail(EPO_EARG, "%s: no layer '%.40s' that gives pixels; there are: %s", n->name, name,
                           names.length ? names.text : "none");
    else if (*out == 0)
        status = epo__fail(EPO_EARG, "%s: no convolution that gives pixels, so there is no Grad-CAM; take the saliency",
                           n->name);
    epo__string_free(&names);
    return status;
}

/* --- making
 * -------------------------------------------------------------------------------------------------------------- */

static epo_status make_plans(epo__gradient *g, epo_head head)
{
    epo__net *net = epo__model_encoder(g->model);
    epo__gradplan_options options = {.norms = EPO__NORM_BY_RUNNING, .keep_all = true};
    epo_status status = EPO_OK;
    if (g->options.cam) {
        status = find_layer(g->network, net, g->options.layer, &options.first);
        const epo__precision own = epo__net_precision(net);
        epo__net_set_precision(net, EPO__IN_FLOAT32); /* as the gradients */
        if (status == EPO_OK)
            status = epo__plan_create_part(net, g->runs, &(epo__plan_options){.last = options.first}, &g->below);
        epo__net_set_precision(net, own);
        if (status != EPO_OK) return status;
        g->maps = epo__net_layer(net, options.first - 1)->out;
    }
    status = epo__gradplan_create(net, g->runs, &options, &g->encoder);
    options.first = 0;
    options.logits = true;
    return status == EPO_OK ? epo__gradplan_create(epo__model_head(g->model, head), 1, &options, &g->head) : status;
}

static epo_status make_room(epo__gradient *g)
{
    size_t floats = g->options.cam ? (size_t)g->runs * epo__shape_size(g->maps) : g->stamp_floats;
    g->activations = epo__alloc_aligned(floats, sizeof *g->activations);
    g->slopes = epo__alloc_aligned(floats, sizeof *g->slopes);
    g->joined = epo__alloc_aligned(g->stamp_floats, sizeof *g->joined);
    g->code = epo__alloc(g->encoded, sizeof *g->code);
    g->logits = epo__alloc(g->outputs, sizeof *g->logits);
    g->logit_slopes = epo__alloc(g->outputs, sizeof *g->logit_slopes);
    return g->activations && g->slopes && g->joined && g->code && g->logits && g->logit_slopes
               ? EPO_OK
               : epo__nomem("a gradient");
}

epo_status epo__gradient_create(const epo_model *model, epo_head head, const epo__gradient_options *options,
                                epo__gradient **out)
{
    const epo__net *net = epo__model_head(model, head);
    if (!net) return epo__fail(EPO_EMODEL, "the model has no %s head", epo_head_name(head));
    epo__gradient *g = epo__alloc(1, sizeof *g);
    if (!g) return epo__nomem("a gradient");
    const epo__network *n = epo__model_network(model);
    g->model = model;
    g->network = n;
    g->head_kind = head;
    g->options = *options;
    g->runs = n->late_fusion ? n->planes : 1;
    g->stamp_floats = (size_t)n->planes * (size_t)n->height * (size_t)n->width;
    g->encoded = (size_t)g->runs * (size_t)epo__net_out(epo__model_encoder(model)).channels;
    g->width = (size_t)epo__net_in(net).channels;
    g->outputs = (size_t)epo__net_out(net).channels;
    g->classes = n->heads[head].class_count;
    g->temperature = epo__model_temperature(model, head);
    epo_status status = make_plans(g, head);
    if (status == EPO_OK) status = make_room(g);
    if (status == EPO_OK)
        *out = g;
    else
        epo__gradient_free(g);
    return status;
}

void epo__gradient_free(epo__gradient *g)
{
    if (!g) return;
    epo__plan_destroy(g->below);
    epo__gradplan_destroy(g->encoder);
    epo__gradplan_destroy(g->head);
    free(g->joined);
    free(g->activations);
    free(g->slopes);
    free(g->features);
    free(g->feature_slopes);
    free(g->code);
    free(g->logits);
    free(g->logit_slopes);
    free(g);
}

epo__shape epo__gradient_shape(const epo__gradient *g)
{
    if (g->options.cam) return (epo__shape){g->runs, g->maps.height, g->maps.width};
    return (epo__shape){g->network->planes, g->network->height, g->network->width};
}

/* --- running
 * ------------------------------------------------------------------------------------------------------------- */

/* The planes of one input up to g->code; what goes into g->encoder stays in g->activations. */
static epo_status encode(epo__gradient *g, const float *in)
{
    epo_status status = EPO_OK;
    if (g->network->join_horizontal) {
        epo__join_planes(g->network, 1, in, g->joined);
        in = g->joined;
    }
    if (g->below)
        status = epo__plan_run(g->below, g->runs, in, g->activations);
    else
        memcpy(g->activations, in, g->stamp_floats * sizeof *in);
    return status == EPO_OK ? epo__gradplan_forward(g->encoder, 0, g->runs, g->activations, g->code) : status;
}

/* The joined image back to planes. */
static void part_planes(const epo__network *n, const float *in, float *out)
{
    size_t h = (size_t)n->height, w = (size_t)n->width, p = (size_t)n->planes;
    for (size_t k = 0; k < p; k++)
        for (size_t y = 0; y < h; y++) memcpy(out + (k * h + y) * w, in + (y * p + k) * w, w * sizeof *out);
}

/* Sums over channels of the activations, each weighted by the mean of its slopes. */
static void weigh_maps(const epo__gradient *g, float *out, float *weights)
{
    size_t pixels = (size_t)g->maps.height * (size_t)g->maps.width, channels = (size_t)g->maps.channels;
    for (size_t r = 0; r < (size_t)g->runs; r++)
        for (size_t i = 0; i < pixels; i++) out[r * pixels + i] = 0;
    for (size_t k = 0; k < (size_t)g->runs * channels; k++) {
        const float *a = g->activations + k * pixels, *d = g->slopes + k * pixels;
        float *to = out + k / channels * pixels;
        double sum = 0;
        for (size_t i = 0; i < pixels; i++) sum += (double)d[i];
        double weight = sum / (double)pixels;
        for (size_t i = 0; i < pixels; i++) to[i] += (float)(weight * (double)a[i]);
        if (weights) weights[k] = (float)weight;
    }
}

/* After encode: from the slope of the score in the features to that in the planes, or to the weighted maps. */
static epo_status go_back(epo__gradient *g, const float *feature_slopes, float *out, float *weights)
{
    epo_status status = epo__gradplan_backward(g->encoder, feature_slopes, g->slopes);
    if (status != EPO_OK) return status;
    if (g->options.cam)
        weigh_maps(g, out, weights);
    else if (g->network->join_horizontal)
        part_planes(g->network, g->slopes, out);
    else
        memcpy(out, g->slopes, g->stamp_floats * sizeof *out);
    return EPO_OK;
}

/* Of a calibrated head those of the logits divided by its temperature. */
static void probabilities_of(const epo__gradient *g, double *p)
{
    if (g->outputs == 1) {
        double z = (double)g->logits[0] / g->temperature;
        p[1] = 1 / (1 + exp(-z));
        p[0] = 1 / (1 + exp(z));
        return;
    }
    double most = (double)g->logits[0], sum = 0;
    for (size_t k = 1; k < g->classes; k++) most = fmax(most, (double)g->logits[k]);
    for (size_t k = 0; k < g->classes; k++) sum += p[k] = exp(((double)g->logits[k] - most) / g->temperature);
    for (size_t k = 0; k < g->classes; k++) p[k] /= sum;
}

/* The slope of the score in the logits, as *scale times numbers of at most 1. */
static void slopes_of(epo__gradient *g, const double *p, size_t c, double *scale)
{
    double others = 0, slopes[EPO__MAX_CLASSES] = {0};
    for (size_t k = 0; k < g->classes; k++) others += k == c ? 0 : p[k]; /* 1 - p[c] without losing digits */
    if (g->outputs == 1) {
        slopes[0] = (c == 1 ? 1 : -1) * (g->options.logit ? 1 : p[0] * p[1] / g->temperature);
    } else {
        for (size_t k = 0; k < g->classes; k++) {
            if (g->options.logit)
                slopes[k] = k == c;
            else
                slopes[k] = p[c] * (k == c ? others : -p[k]) / g->temperature;
        }
    }
    *scale = 0;
    for (size_t k = 0; k < g->outputs; k++) *scale = fmax(*scale, fabs(slopes[k]));
    for (size_t k = 0; k < g->outputs; k++) g->logit_slopes[k] = *scale > 0 ? (float)(slopes[k] / *scale) : 0;
}

/* Room for the features of `count` inputs and the slopes in them. */
static epo_status reserve(epo__gradient *g, size_t count)
{
    size_t need;
    if (count < 1 || count > INT_MAX || (count > 1 && g->head_kind != EPO_HEAD_SEQUENCE))
        return epo__fail(EPO_EARG, "%zu inputs", count);
    if (!epo__size_mul(count, g->width, &need) ||
        !epo__grow(&g->features, &g->feature_room, need, sizeof *g->features) ||
        !epo__grow(&g->feature_slopes, &g->slope_room, need, sizeof *g->feature_slopes))
        return epo__nomem("features of a sequence");
    return EPO_OK;
}

/* Features to logits. */
static epo_status run_head(epo__gradient *g, size_t count)
{
    int length = (int)count;
    return g->head_kind == EPO_HEAD_SEQUENCE
               ? epo__gradplan_forward_sequences(g->head, 0, 1, &length, g->features, g->logits)
               : epo__gradplan_forward(g->head, 0, 1, g->features, g->logits);
}

epo_status epo__gradient_run(epo__gradient *g, size_t count, const float *in, const double *mjds, int class_index,
                             double *probabilities, size_t *chosen, float *out, double *scale, float *weights)
{
    size_t out_floats = epo__shape_size(epo__gradient_shape(g)), best = 0;
    epo_status status = reserve(g, count);
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        status = encode(g, in + i * g->stamp_floats);
        if (status != EPO_OK) break;
        if (g->head_kind == EPO_HEAD_SEQUENCE)
            epo__feature_rows(g->network, i, 1, g->code, g->encoded, mjds, g->features + i * g->width, g->width);
        else
            memcpy(g->features, g->code, g->encoded * sizeof *g->code);
    }
    if (status == EPO_OK) status = run_head(g, count);
    if (status != EPO_OK) return status;
    probabilities_of(g, probabilities);
    for (size_t k = 1; k < g->classes; k++)
        if (probabilities[k] > probabilities[best]) best = k;
    *chosen = class_index < 0 ? best : (size_t)class_index;
    slopes_of(g, probabilities, *chosen, scale);
    status = epo__gradplan_backward(g->head, g->logit_slopes, g->feature_slopes);
    for (size_t i = 0; status == EPO_OK && i < count; i++) {
        if (count > 1) status = encode(g, in + i * g->stamp_floats);
        if (status == EPO_OK)
            status = go_back(g, g->feature_slopes + i * g->width, out + i * out_floats,
                             weights ? weights + i * (size_t)g->runs * (size_t)g->maps.channels : NULL);
    }
    return status;
}
