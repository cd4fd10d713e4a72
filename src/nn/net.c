/* SPDX-License-Identifier: BSD-3-Clause
 * net.c - a chain of layers: building it, its parameters, its cost. Running it is plan.c. */
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "nn/layer_types.h"
#include "nn/options.h"

enum { MAX_LAYERS = 4096 };

struct epo__net {
    epo__shape in;
    epo__layer **layers;
    size_t count, capacity;
    size_t parameters; /* elements in all of them */
    size_t most;       /* that there may be */
    epo__precision precision;
};

static void layer_destroy(epo__layer *layer)
{
    if (!layer) return;
    for (size_t i = 0; i < layer->param_count; i++) {
        free((char *)layer->params[i].name);
        free(layer->params[i].value);
        free(layer->params[i].grad);
    }
    free(layer->params);
    free(layer->state);
    free(layer);
}

epo_status epo__net_create(epo__shape in, epo__net **out)
{
    epo_status status = epo__shape_check(in);
    if (status != EPO_OK) return epo__fail_in(status, "input of the network");
    epo__net *net = epo__alloc(1, sizeof *net);
    if (!net) return epo__nomem("network");
    net->in = in;
    net->most = EPO__MAX_PARAMETERS;
    *out = net;
    return EPO_OK;
}

void epo__net_limit(epo__net *net, uint64_t most)
{
    if (most < net->most) net->most = (size_t)most;
}

void epo__net_set_precision(epo__net *net, epo__precision precision)
{
    net->precision = precision;
}

epo__precision epo__net_precision(const epo__net *net)
{
    return net->precision;
}

void epo__net_destroy(epo__net *net)
{
    if (!net) return;
    for (size_t i = 0; i < net->count; i++) layer_destroy(net->layers[i]);
    free(net->layers);
    free(net);
}

static epo_status find_type(const char *word, const epo__layer_type **out)
{
    for (size_t i = 0; epo__layer_types[i]; i++)
        if (strcmp(epo__layer_types[i]->word, word) == 0) {
            *out = epo__layer_types[i];
            return EPO_OK;
        }
    epo__string known = {0};
    for (size_t i = 0; epo__layer_types[i]; i++)
        epo__string_addf(&known, "%s%s", i ? ", " : "", epo__layer_types[i]->word);
    epo_status status = known.failed ? epo__nomem("list of layers")
                                     : epo__fail(EPO_EARG, "no layer '%.40s'; there are %s", word, known.text);
    epo__string_free(&known);
    return status;
}

/* Gives the layer the name asked for, or WORD and its number among those of its kind. */
static epo_status name_layer(const epo__net *net, epo__layer *layer, const char *name)
{
    const char *word = layer->type->word;
    if (name) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
        size_t length = strlen(name);
        if (length == 0 || length >= sizeof layer->name || strspn(name, allowed) != length)
            return epo__fail(EPO_EARG, "%s: name '%.60s' is not 1 to %zu letters, digits, '_' or '-'", word, name,
                             sizeof layer->name - 1);
        memcpy(layer->name, name, length + 1);
    } else {
        size_t number = 1;
        for (size_t i = 0; i < net->count; i++) number += net->layers[i]->type == layer->type;
        snprintf(layer->name, sizeof layer->name, "%s%zu", word, number);
    }
    for (size_t i = 0; i < net->count; i++)
        if (strcmp(net->layers[i]->name, layer->name) == 0)
            return epo__fail(EPO_EARG, "%s: the name '%s' is taken", word, layer->name);
    return EPO_OK;
}

/* Memory for values comes only after every size is known to be sane. */
static epo_status make_values(const epo__net *net, epo__layer *layer, size_t *total)
{
    *total = net->parameters;
    for (size_t i = 0; i < layer->param_count; i++) {
        *total += layer->params[i].count; /* cannot wrap: both are below the limit */
        if (*total > net->most)
            return epo__fail(EPO_ELIMIT, "with it the network has more than the %zu parameters that there may be", net->most);
    }
    for (size_t i = 0; i < layer->param_count; i++) {
        epo__param *param = &layer->params[i];
        param->value = epo__alloc(param->count, sizeof *param->value);
        if (!param->value) return epo__nomem("parameters");
        if (param->fan_in == 0 && param->start != 0)
            for (size_t k = 0; k < param->count; k++) param->value[k] = param->start;
    }
    return EPO_OK;
}

epo_status epo__net_add(epo__net *net, const char *word, const char *name, const epo__layer_arg *args, size_t count)
{
    const epo__layer_type *type = NULL;
    epo__layer *layer = NULL;
    double values[EPO__MAX_OPTIONS] = {0};
    size_t total = 0;
    epo_status status = find_type(word, &type);
    if (status != EPO_OK) return status;
    if (net->count >= MAX_LAYERS) return epo__fail(EPO_ELIMIT, "the network is over %d layers", MAX_LAYERS);
    status = epo__options_read(type, args, count, values);
    if (status != EPO_OK) return status;

    layer = epo__alloc(1, sizeof *layer);
    if (!layer || !epo__grow(&net->layers, &net->capacity, net->count + 1, sizeof *net->layers)) {
        status = epo__nomem("layer");
        goto done;
    }
    layer->type = type;
    layer->in = layer->out = epo__net_out(net);
    layer->state = epo__alloc(1, type->state_size);
    if (!layer->state) {
        status = epo__nomem("layer");
        goto done;
    }
    if (type->over_time && net->count > 0) {
        status = epo__fail(EPO_EARG, "%s must be the first layer", word);
        goto done;
    }
    status = name_layer(net, layer, name);
    if (status != EPO_OK) goto done;
    status = type->configure(layer, values);
    if (status == EPO_OK) status = epo__shape_check(layer->out);
    if (status == EPO_OK) status = make_values(net, layer, &total);
    if (status != EPO_OK) {
        status = epo__fail_in(status, "%s", layer->name);
        goto done;
    }
    net->parameters = total;
    net->layers[net->count++] = layer;
    layer = NULL;
done:
    layer_destroy(layer);
    return status;
}

epo__shape epo__net_in(const epo__net *net)
{
    return net->in;
}

epo__shape epo__net_out(const epo__net *net)
{
    return net->count ? net->layers[net->count - 1]->out : net->in;
}

size_t epo__net_length(const epo__net *net)
{
    return net->count;
}

const epo__layer *epo__net_layer(const epo__net *net, size_t index)
{
    return net->layers[index];
}

size_t epo__net_logits_length(const epo__net *net)
{
    const epo__layer_type *last = net->count ? net->layers[net->count - 1]->type : NULL;
    return net->count - (last == &epo__softmax_type || last == &epo__sigmoid_type);
}

size_t epo__net_first_dropout(const epo__net *net)
{
    size_t i = 0;
    while (i < net->count && net->layers[i]->type != &epo__dropout_type && net->layers[i]->type != &epo__spatialdropout_type) i++;
    return i;
}

bool epo__net_is_recurrent(const epo__net *net)
{
    return net->count > 0 && net->layers[0]->type->over_time;
}

epo_status epo__net_visit(epo__net *net, const char *prefix, epo__param_fn visit, void *context)
{
    for (size_t i = 0; i < net->count; i++) {
        const epo__layer *layer = net->layers[i];
        for (size_t k = 0; k < layer->param_count; k++) {
            epo__param param = layer->params[k];
            char *full = epo__format("%s%s%s.%s", prefix, *prefix ? "." : "", layer->name, param.name);
            if (!full) return epo__nomem("name of a parameter");
            param.name = full;
            epo_status status = visit(context, &param);
            free(full);
            if (status != EPO_OK) return status;
        }
    }
    return EPO_OK;
}

/* --- gradients --- */

/* The names that a choice sees are those of a visit, whose parameters are copies. */
static epo_status want_gradient(const epo__layer *layer, const char *prefix, epo__param *param,
                                epo__param_choice wanted, void *context)
{
    bool want = param->trainable;
    if (want && wanted) {
        epo__param seen = *param;
        char *full = epo__format("%s%s%s.%s", prefix, *prefix ? "." : "", layer->name, param->name);
        if (!full) return epo__nomem("name of a parameter");
        seen.name = full;
        want = wanted(context, &seen);
        free(full);
    }
    free(param->grad);
    param->grad = want ? epo__alloc_aligned(param->count, sizeof *param->grad) : NULL;
    return want && !param->grad ? epo__nomem("gradients") : EPO_OK;
}

epo_status epo__net_want_gradients(epo__net *net, const char *prefix, epo__param_choice wanted, void *context)
{
    for (size_t i = 0; i < net->count; i++)
        for (size_t k = 0; k < net->layers[i]->param_count; k++) {
            epo_status status = want_gradient(net->layers[i], prefix, &net->layers[i]->params[k], wanted, context);
            if (status != EPO_OK) return status;
        }
    return EPO_OK;
}

void epo__net_drop_gradients(epo__net *net)
{
    for (size_t i = 0; i < net->count; i++)
        for (size_t k = 0; k < net->layers[i]->param_count; k++) {
            free(net->layers[i]->params[k].grad);
            net->layers[i]->params[k].grad = NULL;
        }
}

void epo__net_zero_gradients(epo__net *net)
{
    for (size_t i = 0; i < net->count; i++)
        for (size_t k = 0; k < net->layers[i]->param_count; k++) {
            epo__param *param = &net->layers[i]->params[k];
            if (param->grad) memset(param->grad, 0, param->count * sizeof *param->grad);
        }
}

uint64_t epo__net_macs(const epo__net *net)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < net->count; i++) {
        const epo__layer *layer = net->layers[i];
        uint64_t macs = layer->type->macs ? layer->type->macs(layer) : 0;
        sum = macs > UINT64_MAX - sum ? UINT64_MAX : sum + macs;
    }
    return sum;
}

static epo_status init_param(void *context, const epo__param *param)
{
    epo__rng rng = {.seed = *(const uint64_t *)context, .stream = epo__rng_stream(param->name)};
    double bound = param->fan_in > 0 ? sqrt(6.0 / param->fan_in) : 0;
    for (size_t i = 0; i < param->count; i++)
        param->value[i] = param->fan_in > 0 ? (float)(bound * (2 * epo__rng_uniform(&rng) - 1)) : param->start;
    return EPO_OK;
}

epo_status epo__net_init(epo__net *net, const char *prefix, uint64_t seed)
{
    return epo__net_visit(net, prefix, init_param, &seed);
}
