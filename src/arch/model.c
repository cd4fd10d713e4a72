/* SPDX-License-Identifier: BSD-3-Clause
 * model.c - a network with its chains: building, random weights, and what there is to know about it. */
#include "arch/model.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arch/model_parts.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "image/normalise.h"

const char *epo_head_name(epo_head head)
{
    static const char *const names[EPO_HEAD_COUNT] = {"triplet", "sequence", "stamp"};
    return (unsigned)head < EPO_HEAD_COUNT ? names[head] : "unknown";
}

static epo_status add_size(void *context, const epo__param *param)
{
    epo__part_size *size = context;
    size->parameters += param->count;
    if (param->trainable) size->trainable += param->count;
    return EPO_OK;
}

static epo_status measure(epo__net *net, epo__part_size *out)
{
    out->macs = epo__net_macs(net);
    return epo__net_visit(net, "", add_size, out);
}

/* "science,template,difference" for a model of stamps, "night,night,night" for one of sequences. */
static char *join_plane_names(const epo__network *network)
{
    bool stamps = network->heads[EPO_HEAD_STAMP].present && !network->heads[EPO_HEAD_TRIPLET].present &&
                  !network->heads[EPO_HEAD_SEQUENCE].present;
    epo__string names = {0};
    for (int p = 0; p < network->planes; p++) {
        if (p) epo__string_add(&names, ",");
        epo__string_add(&names, stamps ? network->roles[p] : "night");
    }
    if (!names.failed) return names.text;
    epo__string_free(&names);
    return NULL;
}

static epo_status build_head(epo_model *model, epo_head head, uint64_t max_parameters)
{
    const epo__network *network = model->network;
    const epo__network_section *section = &network->heads[head];
    epo__shape in = epo__net_out(model->encoder);
    if (network->late_fusion) in.channels *= network->planes;
    if (head == EPO_HEAD_SEQUENCE) in.channels += epo__network_date_count(network);
    epo_status status = epo__network_build(network, section, in, max_parameters, &model->heads[head]);
    if (status == EPO_OK) status = measure(model->heads[head], &model->head_sizes[head]);
    if (status == EPO_OK && !model->head_sizes[head].parameters)
        status = epo__fail(EPO_EMODEL, "%s:%d: the %s head has no weights", network->source, section->number, epo_head_name(head));
    return status;
}

epo_status epo__model_build(epo__network *network, uint64_t max_parameters, epo_model **out)
{
    epo_model *model = epo__alloc(1, sizeof *model);
    if (!model) {
        epo__network_free(network);
        return epo__nomem("model");
    }
    model->network = network;
    epo_status status =
        epo__network_build(network, &network->encoder, epo__network_input(network), max_parameters, &model->encoder);
    if (status == EPO_OK) status = measure(model->encoder, &model->encoder_size);
    for (int h = 0; h < EPO_HEAD_COUNT && status == EPO_OK; h++)
        if (network->heads[h].present) status = build_head(model, (epo_head)h, max_parameters);
    if (status == EPO_OK && !(model->plane_names = join_plane_names(network))) status = epo__nomem("model");
    if (status == EPO_OK)
        *out = model;
    else
        epo_model_free(model);
    return status;
}

void epo_model_free(epo_model *model)
{
    if (!model) return;
    epo__net_destroy(model->encoder);
    for (int h = 0; h < EPO_HEAD_COUNT; h++) epo__net_destroy(model->heads[h]);
    epo__network_free(model->network);
    for (size_t i = 0; i < model->extra_count; i++) {
        free((char *)model->extra[i].key);
        free((char *)model->extra[i].value);
    }
    free(model->extra);
    free(model->plane_names);
    free(model);
}

epo_status epo__network_apply_options(epo__network *network, const epo_model_options *options)
{
    if (options->classes) {
        epo_status status = epo__network_set_classes(network, options->classes);
        if (status != EPO_OK) return status;
    }
    if (options->stride < 0 || options->stride > network->planes)
        return epo__fail(EPO_EARG, "a stride of %d nights: 1 to %d, what %s takes at once", options->stride, network->planes, network->name);
    if (options->stride) network->stride = options->stride;
    if (!options->normalise) return EPO_OK;
    epo__normaliser known;
    epo_status status = epo__normaliser_parse(options->normalise, &known);
    if (status != EPO_OK) return status;
    char *copy = epo__strdup(options->normalise);
    if (!copy) return epo__nomem("normalisation");
    free(network->normalise);
    network->normalise = copy;
    return EPO_OK;
}

/* Random weights for a network, which is taken also on failure. */
static epo_status create(epo__network *network, const epo_model_options *options, epo_model **out)
{
    epo_model *model = NULL;
    epo_status status = epo__network_apply_options(network, options);
    if (status != EPO_OK) {
        epo__network_free(network);
        return status;
    }
    status = epo__model_build(network, UINT64_MAX, &model);
    if (status == EPO_OK) status = epo__net_init(model->encoder, "encoder", options->seed);
    for (int h = 0; h < EPO_HEAD_COUNT && status == EPO_OK; h++)
        if (model->heads[h]) status = epo__net_init(model->heads[h], epo_head_name((epo_head)h), options->seed);
    if (status == EPO_OK)
        *out = model;
    else
        epo_model_free(model);
    return status;
}

epo_status epo_model_create(const epo_model_options *options, epo_model **out)
{
    epo__network *network = NULL;
    char *path = NULL;
    if (!options || !options->net) return epo__fail(EPO_EARG, "a new model needs a network text");
    epo_status status = epo__network_find(options->net, &path);
    if (status == EPO_OK) status = epo__network_read(path, &network);
    free(path);
    return status == EPO_OK ? create(network, options, out) : status;
}

epo_status epo__model_create_like(const epo_model *other, const char *classes, uint64_t seed, epo_model **out)
{
    epo__network *network = NULL;
    const epo_model_options options = {.classes = classes, .normalise = other->network->normalise, .stride = other->network->stride, .seed = seed};
    epo_status status = epo__network_parse(other->network->source, other->network->text, &network);
    return status == EPO_OK ? create(network, &options, out) : status;
}

void epo__model_drop_head(epo_model *model, epo_head head)
{
    epo__net_destroy(model->heads[head]);
    model->heads[head] = NULL;
    model->head_sizes[head] = (epo__part_size){0};
    model->network->heads[head].present = false;
}

epo_status epo__model_visit(const epo_model *model, epo__param_fn visit, void *context)
{
    epo_status status = epo__net_visit(model->encoder, "encoder", visit, context);
    for (int h = 0; h < EPO_HEAD_COUNT && status == EPO_OK; h++)
        if (model->heads[h]) status = epo__net_visit(model->heads[h], epo_head_name((epo_head)h), visit, context);
    return status;
}

const epo__network *epo__model_network(const epo_model *model)
{
    return model->network;
}

epo__net *epo__model_encoder(const epo_model *model)
{
    return model->encoder;
}

epo__net *epo__model_head(const epo_model *model, epo_head head)
{
    return model->heads[head];
}

int epo__model_class_index(const epo_model *model, epo_head head, const char *name)
{
    const epo__network_section *section = &model->network->heads[head];
    for (size_t i = 0; section->present && i < section->class_count; i++)
        if (strcasecmp(section->classes[i], name) == 0) return (int)i;
    return -1;
}

void epo_model_get_info(const epo_model *model, epo_model_info *out)
{
    const epo__network *network = model->network;
    int passes = network->late_fusion ? network->planes : 1; /* of the encoder, a triplet */
    *out = (epo_model_info){
        .name = network->name,
        .about = network->about,
        .normalise = network->normalise,
        .sha256 = model->sha256,
        .sky = model->sky,
        .precision = epo__model_precision(model),
        .planes = network->planes,
        .height = network->height,
        .width = network->width,
        .plane_names = model->plane_names,
        .fusion = network->late_fusion ? "late" : "early",
        .joined = network->join_horizontal,
        .dates = network->dates,
        .stride = network->stride,
        .features = epo__net_out(model->encoder).channels * passes,
        .encoder_parameters = model->encoder_size.parameters,
        .encoder_macs = model->encoder_size.macs * (uint64_t)passes,
        .parameters = model->encoder_size.parameters,
        .trainable_parameters = model->encoder_size.trainable,
    };
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        if (!model->heads[h]) continue;
        out->heads[h] = (epo_head_info){
            .present = true,
            .class_count = network->heads[h].class_count,
            .temperature = epo__model_temperature(model, (epo_head)h),
            .classes = (const char *const *)network->heads[h].classes,
            .parameters = model->head_sizes[h].parameters,
            .macs = model->head_sizes[h].macs,
        };
        out->parameters += model->head_sizes[h].parameters;
        out->trainable_parameters += model->head_sizes[h].trainable;
    }
}
