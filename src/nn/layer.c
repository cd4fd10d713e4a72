/* SPDX-License-Identifier: BSD-3-Clause
 * layer.c - what layers share: declaring parameters, checking shapes. */
#include "nn/layer.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"

epo_status epo__shape_check(epo__shape shape)
{
    if (shape.channels < 1 || shape.height < 1 || shape.width < 1)
        return epo__fail(EPO_EARG, "shape %d x %d x %d has nothing in it", shape.channels, shape.height, shape.width);
    size_t size;
    if (!epo__size_mul((size_t)shape.channels, (size_t)shape.height, &size) ||
        !epo__size_mul(size, (size_t)shape.width, &size) || size > EPO__MAX_ACTIVATIONS)
        return epo__fail(EPO_ELIMIT, "shape %d x %d x %d is over %zu elements", shape.channels, shape.height,
                         shape.width, EPO__MAX_ACTIVATIONS);
    return EPO_OK;
}

epo_status epo__layer_param(epo__layer *layer, const char *name, bool trainable, int fan_in, float start, int ndim,
                            const int64_t *dims)
{
    epo__param param = {.ndim = ndim, .count = 1, .trainable = trainable, .fan_in = fan_in, .start = start};
    for (int i = 0; i < ndim; i++) {
        param.dims[i] = dims[i];
        if (!epo__size_mul(param.count, (size_t)dims[i], &param.count) || param.count > EPO__MAX_PARAMETERS)
            return epo__fail(EPO_ELIMIT, "%s is over %zu parameters", name, EPO__MAX_PARAMETERS);
    }
    if (!epo__grow(&layer->params, &layer->param_capacity, layer->param_count + 1, sizeof *layer->params))
        return epo__nomem("list of parameters");
    param.name = epo__strdup(name);
    if (!param.name) return epo__nomem("name of a parameter");
    layer->params[layer->param_count++] = param;
    return EPO_OK;
}

epo_status epo__layer_batchnorm_params(epo__layer *layer, const char *prefix, int channels)
{
    static const struct {
        const char *name;
        bool trainable;
        float start;
    } parts[] = {{"weight", true, 1}, {"bias", true, 0}, {"running_mean", false, 0}, {"running_var", false, 1}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *name = epo__format("%s%s", prefix, parts[i].name);
        if (!name) return epo__nomem("name of a parameter");
        epo_status status =
            epo__layer_param(layer, name, parts[i].trainable, 0, parts[i].start, 1, &(int64_t){channels});
        free(name);
        if (status != EPO_OK) return status;
    }
    return EPO_OK;
}

epo_status epo__layer_stream(const char *prefix, const char *name, uint64_t *stream)
{
    char *full = epo__format("%s%s%s", prefix, *prefix ? "." : "", name);
    if (!full) return epo__nomem("name of a layer");
    *stream = epo__rng_stream(full);
    free(full);
    return EPO_OK;
}
