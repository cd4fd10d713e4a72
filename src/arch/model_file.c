/* SPDX-License-Identifier: BSD-3-Clause
 * model_file.c - a model to a weights file and back (formats/safetensors.h has the bytes).
 *
 * Metadata: epochal.net, the network text; epochal.classes, a JSON object from head to list of names, of the heads that
 * are there; epochal.normalise; epochal.stride, of the sequence head's triplets; epochal.version, of the program that wrote it. Other keys are kept.
 *
 * A file may be hostile. Its structure is formats' business; here a network is built only with as many weights as the
 * file holds, and every tensor must be one that the network asked for. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/model_parts.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "epochal/version.h"

static const char net_key[] = "epochal.net", classes_key[] = "epochal.classes", normalise_key[] = "epochal.normalise",
                  stride_key[] = "epochal.stride", version_key[] = "epochal.version",
                  kind_key[] = "epochal.kind"; /* of a model that is no network */

static bool is_own_key(const char *key)
{
    static const char *const own[] = {net_key,    classes_key, normalise_key,
                                      stride_key, version_key, "epochal.format", "epochal.sha256"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(key, own[i]) == 0) return true;
    return false;
}

/* --- loading ---------------------------------------------------------------------------------------------------------- */

/* PyTorch counts the batches that a batch norm has seen; nothing here needs it. */
static bool is_ignored(const char *tensor)
{
    return epo__ends_with(tensor, ".num_batches_tracked");
}

static epo_status read_network(const char *path, const epo__safetensors *file, const epo_model_options *options,
                               epo__network **out)
{
    const char *kind = epo__safetensors_metadata(file, kind_key);
    if (kind) return epo__fail(EPO_EMODEL, "%s: is a %.40s, not a network; epochal %.40s reads it", path, kind, kind);
    if (options->net) {
        char *net_path = NULL;
        epo_status status = epo__network_find(options->net, &net_path);
        if (status == EPO_OK) status = epo__network_read(net_path, out);
        free(net_path);
        return status;
    }
    const char *text = epo__safetensors_metadata(file, net_key);
    if (!text) return epo__fail(EPO_EMODEL, "%s: holds no network text, and none was given", path);
    char *source = epo__format("%s (%s)", path, net_key);
    epo_status status = source ? epo__network_parse(source, text, out) : epo__nomem(path);
    free(source);
    return status;
}

/* Leaves out the heads of which the file has no tensor, and counts all values of the file. */
static void find_heads(const epo__safetensors *file, epo__network *network, uint64_t *values)
{
    bool found[EPO_HEAD_COUNT] = {false};
    *values = 0;
    for (size_t i = 0; i < epo__safetensors_count(file); i++) {
        const epo__tensor_view *tensor = epo__safetensors_at(file, i);
        *values += tensor->count;
        for (int h = 0; h < EPO_HEAD_COUNT; h++) {
            const char *name = epo_head_name((epo_head)h);
            size_t length = strlen(name);
            if (strncmp(tensor->name, name, length) == 0 && tensor->name[length] == '.') found[h] = true;
        }
    }
    for (int h = 0; h < EPO_HEAD_COUNT; h++) network->heads[h].present = network->heads[h].present && found[h];
}

static epo_status set_head_classes(epo__network *network, epo_head head, const json_t *list)
{
    const char *names[EPO__MAX_CLASSES];
    size_t count = json_array_size(list);
    if (count > EPO__MAX_CLASSES) return epo__fail(EPO_EARG, "more than %d classes", EPO__MAX_CLASSES);
    for (size_t i = 0; i < count; i++) {
        names[i] = json_string_value(json_array_get(list, i));
        if (!names[i]) return epo__fail(EPO_EARG, "the %s head's class %zu is not a text", epo_head_name(head), i + 1);
    }
    return epo__network_set_head_classes(network, head, names, count);
}

static epo_status read_classes(const char *path, const epo__safetensors *file, epo__network *network)
{
    const char *text = epo__safetensors_metadata(file, classes_key);
    if (!text) return EPO_OK;
    json_t *root;
    epo_status status = epo__json_read(text, strlen(text), 0, &root);
    if (status != EPO_ENOMEM && !json_is_object(root)) status = epo__fail(EPO_EMODEL, "%s: %s is not a JSON object", path, classes_key);
    for (int h = 0; h < EPO_HEAD_COUNT && status == EPO_OK; h++) {
        const json_t *list = json_object_get(root, epo_head_name((epo_head)h));
        if (!network->heads[h].present || !list) continue;
        status = set_head_classes(network, (epo_head)h, list);
        if (status == EPO_EARG) status = epo__fail_in(EPO_EMODEL, "%s: %s", path, classes_key);
    }
    json_decref(root);
    return status;
}

typedef struct filling {
    const char *path;
    const epo__safetensors *file;
    size_t used;
    /* search of a surplus tensor */
    const char *wanted;
    bool needed;
} filling;

static void add_shape(epo__string *text, size_t count, const size_t *dims)
{
    epo__string_add(text, "[");
    for (size_t i = 0; i < count; i++) epo__string_addf(text, i ? ", %zu" : "%zu", dims[i]);
    epo__string_add(text, "]");
}

static epo_status wrong_shape(const filling *f, const epo__param *param, const epo__tensor_view *tensor)
{
    size_t dims[4];
    epo__string text = {0};
    for (int i = 0; i < param->ndim; i++) dims[i] = (size_t)param->dims[i];
    epo__string_addf(&text, "%s: tensor %s is ", f->path, param->name);
    add_shape(&text, (size_t)tensor->ndim, tensor->dims);
    epo__string_add(&text, ", the network needs ");
    add_shape(&text, (size_t)param->ndim, dims);
    epo_status status = text.failed ? epo__nomem(f->path) : epo__fail(EPO_EMODEL, "%s", text.text);
    epo__string_free(&text);
    return status;
}

static epo_status fill_param(void *context, const epo__param *param)
{
    filling *f = context;
    const epo__tensor_view *tensor = epo__safetensors_find(f->file, param->name);
    if (!tensor) return epo__fail(EPO_EMODEL, "%s: tensor %s is missing", f->path, param->name);
    bool same = tensor->ndim == param->ndim;
    for (int i = 0; same && i < param->ndim; i++) same = tensor->dims[i] == (size_t)param->dims[i];
    if (!same) return wrong_shape(f, param, tensor);
    if (tensor->type == EPO__TENSOR_I64) return epo__fail(EPO_EMODEL, "%s: tensor %s is of whole numbers", f->path, param->name);
    epo__tensor_f32(tensor, param->value);
    bool variance = epo__ends_with(param->name, ".running_var");
    for (size_t i = 0; i < param->count; i++) {
        if (!isfinite(param->value[i]))
            return epo__fail(EPO_EMODEL, "%s: tensor %s: value %zu is not finite", f->path, param->name, i);
        if (variance && param->value[i] < 0)
            return epo__fail(EPO_EMODEL, "%s: tensor %s: value %zu is a negative variance", f->path, param->name, i);
    }
    f->used++;
    return EPO_OK;
}

static epo_status is_needed(void *context, const epo__param *param)
{
    filling *f = context;
    f->needed = f->needed || strcmp(param->name, f->wanted) == 0;
    return EPO_OK;
}

/* Every tensor that is needed was found; when the file has more of them, one is named. */
static epo_status check_surplus(const epo_model *model, filling *f)
{
    size_t count = epo__safetensors_count(f->file), ignored = 0;
    for (size_t i = 0; i < count; i++) ignored += is_ignored(epo__safetensors_at(f->file, i)->name);
    for (size_t i = 0; i < count && f->used + ignored < count; i++) {
        f->wanted = epo__safetensors_at(f->file, i)->name;
        f->needed = is_ignored(f->wanted);
        epo_status status = epo__model_visit(model, is_needed, f);
        if (status != EPO_OK) return status;
        if (!f->needed)
            return epo__fail(EPO_EMODEL, "%s: tensor %s is not one of network %s", f->path, f->wanted, model->network->name);
    }
    return EPO_OK;
}

static epo_status keep_extra(const char *path, epo_model *model, const epo__safetensors *file)
{
    enum { MOST = 4096 };
    const char *key, *value;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && epo__safetensors_pair(file, i, &key, &value); i++) {
        if (i == MOST) return epo__fail(EPO_EMODEL, "%s: over %d keys of metadata", path, MOST);
        if (!is_own_key(key)) status = epo__model_set_extra(model, key, value);
        if (status == EPO_EMODEL) status = epo__fail_in(status, "%s", path);
    }
    return status;
}

/* Normalisation, and unless another text was given the stride, where the file says others than its network text. */
static epo_status apply_kept(const char *path, const epo__safetensors *file, const epo_model_options *options, epo__network *network)
{
    const char *stride = epo__safetensors_metadata(file, stride_key);
    epo_model_options kept = {.normalise = epo__safetensors_metadata(file, normalise_key)};
    epo_status status = epo__network_apply_options(network, &kept);
    if (status == EPO_EARG) return epo__fail_in(EPO_EMODEL, "%s: %s", path, normalise_key);
    int64_t nights;
    if (status != EPO_OK || !stride || options->net) return status;
    if (!epo__parse_int(stride, 1, network->planes, &nights))
        return epo__fail(EPO_EMODEL, "%s: %s \"%.20s\" is not from 1 to %d", path, stride_key, stride, network->planes);
    network->stride = (int)nights;
    return EPO_OK;
}

static epo_status load(const char *path, const epo_model_options *options, epo_model **out)
{
    epo__safetensors *file = NULL;
    epo__network *network = NULL;
    epo_model *model = NULL;
    uint64_t values;
    epo_status status = epo__safetensors_open(path, &file);
    if (status == EPO_OK) status = read_network(path, file, options, &network);
    if (status != EPO_OK) goto done;
    find_heads(file, network, &values);
    status = read_classes(path, file, network);
    if (status == EPO_OK) status = apply_kept(path, file, options, network);
    if (status == EPO_OK) status = epo__network_apply_options(network, options);
    if (status != EPO_OK) goto done;
    status = epo__model_build(network, values, &model);
    network = NULL;
    if (status == EPO_EMODEL && options->net) status = epo__fail_in(status, "%s", path);
    filling f = {.path = path, .file = file};
    if (status == EPO_OK) status = epo__model_visit(model, fill_param, &f);
    if (status == EPO_OK) status = check_surplus(model, &f);
    if (status == EPO_OK) status = keep_extra(path, model, file);
    if (status == EPO_OK) epo__safetensors_sha256(file, model->sha256);
done:
    if (status == EPO_OK)
        *out = model;
    else
        epo_model_free(model);
    epo__network_free(network);
    epo__safetensors_free(file);
    return status;
}

epo_status epo_model_load(const char *name, const epo_model_options *options, epo_model **out)
{
    const epo_model_options standard = EPO_MODEL_OPTIONS_INIT;
    char *path = NULL;
    epo_status status = epo__model_find(name, &path);
    if (status == EPO_OK) status = load(path, options ? options : &standard, out);
    free(path);
    return status;
}

/* --- saving ----------------------------------------------------------------------------------------------------------- */

typedef struct saving {
    epo__tensor_write *tensors;
    size_t count, capacity;
} saving;

static epo_status add_tensor(void *context, const epo__param *param)
{
    saving *s = context;
    if (!epo__grow(&s->tensors, &s->capacity, s->count + 1, sizeof *s->tensors)) return epo__nomem("tensors");
    size_t *dims = epo__alloc((size_t)param->ndim, sizeof *dims);
    char *name = epo__strdup(param->name); /* the visitor may build names as it goes */
    s->tensors[s->count++] = (epo__tensor_write){.name = name, .ndim = param->ndim, .dims = dims, .values = param->value};
    if (!dims || !name) return epo__nomem("tensors");
    for (int i = 0; i < param->ndim; i++) dims[i] = (size_t)param->dims[i];
    return EPO_OK;
}

static void write_classes(const epo_model *model, epo__string *out)
{
    bool first = true;
    epo__string_add(out, "{");
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        const epo__network_section *head = &model->network->heads[h];
        if (!model->heads[h]) continue;
        epo__string_addf(out, "%s\"%s\": ", first ? "" : ", ", epo_head_name((epo_head)h));
        epo__string_add_json_list(out, (const char *const *)head->classes, head->class_count, ", ");
        first = false;
    }
    epo__string_add(out, "}");
}

epo_status epo_model_save(const epo_model *model, const char *path)
{
    enum { OWN = 5 };
    char stride[16];
    saving s = {0};
    epo__string classes = {0};
    epo__text_pair *pairs = epo__alloc(OWN + model->extra_count, sizeof *pairs);
    write_classes(model, &classes);
    epo_status status = pairs && !classes.failed ? EPO_OK : epo__nomem(path);
    if (status == EPO_OK) status = epo__model_visit(model, add_tensor, &s);
    if (status != EPO_OK) goto done;
    pairs[0] = (epo__text_pair){net_key, model->network->text};
    pairs[1] = (epo__text_pair){classes_key, classes.text};
    pairs[2] = (epo__text_pair){normalise_key, model->network->normalise};
    snprintf(stride, sizeof stride, "%d", model->network->stride);
    pairs[3] = (epo__text_pair){stride_key, stride};
    pairs[4] = (epo__text_pair){version_key, EPO_VERSION_STRING};
    for (size_t i = 0; i < model->extra_count; i++) pairs[OWN + i] = model->extra[i];
    status = epo__safetensors_write(path, s.tensors, s.count, pairs, OWN + model->extra_count);
done:
    for (size_t i = 0; i < s.count; i++) {
        free((char *)s.tensors[i].name);
        free((size_t *)s.tensors[i].dims);
    }
    free(s.tensors);
    free(pairs);
    epo__string_free(&classes);
    return status;
}
