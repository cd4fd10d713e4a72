/* SPDX-License-Identifier: BSD-3-Clause
 * checkpoint.c - a training's whole state in one file. */
#include "train/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/safetensors.h"

static const char position_key[] = "epochal.checkpoint", options_key[] = "epochal.options";

/* --- weights ------------------------------------------------------------------------------------------------------ */

static epo_status count_param(void *context, const epo__param *param)
{
    *(size_t *)context += param->count;
    return EPO_OK;
}

typedef struct cursor {
    float *at;
} cursor;

static epo_status copy_out(void *context, const epo__param *param)
{
    cursor *c = context;
    memcpy(c->at, param->value, param->count * sizeof *c->at);
    c->at += param->count;
    return EPO_OK;
}

static epo_status copy_in(void *context, const epo__param *param)
{
    cursor *c = context;
    memcpy(param->value, c->at, param->count * sizeof *c->at);
    c->at += param->count;
    return EPO_OK;
}

static epo_status make_room(const epo_model *model, epo__weights *w)
{
    if (w->count) return EPO_OK;
    size_t count = 0;
    epo_status status = epo__model_visit(model, count_param, &count);
    if (status == EPO_OK && !(w->values = epo__alloc(count, sizeof *w->values))) status = epo__nomem("best weights");
    if (status == EPO_OK) w->count = count;
    return status;
}

epo_status epo__weights_keep(const epo_model *model, epo__weights *w)
{
    epo_status status = make_room(model, w);
    cursor c = {w->values};
    return status == EPO_OK ? epo__model_visit(model, copy_out, &c) : status;
}

epo_status epo__weights_restore(const epo__weights *w, const epo_model *model)
{
    cursor c = {w->values};
    return w->count ? epo__model_visit(model, copy_in, &c) : EPO_OK;
}

void epo__weights_free(epo__weights *w)
{
    free(w->values);
    *w = (epo__weights){0};
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

typedef struct tensor_list {
    epo__tensor_write *tensors;
    size_t count, room;
    const char *prefix;
    const float *from; /* values taken from here, one after the other; NULL: the parameters' own */
} tensor_list;

static epo_status add_tensor(void *context, const epo__param *param)
{
    tensor_list *l = context;
    if (!epo__grow(&l->tensors, &l->room, l->count + 1, sizeof *l->tensors)) return epo__nomem("checkpoint");
    epo__tensor_write *t = &l->tensors[l->count];
    size_t *dims = epo__alloc((size_t)param->ndim, sizeof *dims);
    char *name = epo__format("%s.%s", l->prefix, param->name);
    if (!dims || !name) {
        free(dims);
        free(name);
        return epo__nomem("checkpoint");
    }
    for (int i = 0; i < param->ndim; i++) dims[i] = (size_t)param->dims[i];
    *t = (epo__tensor_write){.name = name, .ndim = param->ndim, .dims = dims, .values = l->from ? l->from : param->value};
    if (l->from) l->from += param->count;
    l->count++;
    return EPO_OK;
}

static void free_tensors(tensor_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free((char *)l->tensors[i].name);
        free((size_t *)l->tensors[i].dims);
    }
    free(l->tensors);
}

/* Numbers in hexadecimal floating point: what is read back is what was written, to the last bit. */
static char *position_text(const epo__position *p)
{
    epo__string s = {0};
    epo__string_addf(&s, "{\"stage\":%d,\"epoch\":%llu,\"batch\":%llu,\"step\":%llu,\"stage_step\":%llu,\"examples\":%llu,\"stamp_epoch\":%llu,\"stamp_batch\":%llu,\"loss_sum\":\"%a\",\"loss_count\":%llu,"
                       "\"best_loss\":\"%a\",\"best_accuracy\":\"%a\",\"bad_epochs\":%llu,\"plateau_scale\":\"%a\",\"plateau_best\":\"%a\","
                       "\"plateau_bad\":%llu,\"plateau_any\":%d,\"run\":%lld,\"seconds\":\"%a\",\"results\":[",
                       p->stage, (unsigned long long)p->epoch, (unsigned long long)p->batch, (unsigned long long)p->step, (unsigned long long)p->stage_step,
                       (unsigned long long)p->examples, (unsigned long long)p->stamp_epoch, (unsigned long long)p->stamp_batch, p->loss_sum, (unsigned long long)p->loss_count, p->best_loss, p->best_accuracy,
                       (unsigned long long)p->bad_epochs, p->plateau.scale, p->plateau.best, (unsigned long long)p->plateau.bad,
                       p->plateau.any, (long long)p->run, p->seconds);
    for (size_t i = 0; i < EPO__STAGES_MAX; i++) {
        const epo__stage_result *r = &p->results.of[i];
        epo__string_addf(&s, "%s{\"epochs\":%llu,\"best_epoch\":%llu,\"loss\":\"%a\",\"accuracy\":\"%a\"}", i ? "," : "",
                         (unsigned long long)r->epochs, (unsigned long long)r->best_epoch, r->loss, r->accuracy);
    }
    epo__string_add(&s, "]}");
    if (s.failed) epo__string_free(&s);
    return s.text;
}

epo_status epo__checkpoint_write(const char *path, const epo_model *model, epo__optimiser *optimiser, const epo__weights *best,
                                 const epo__position *position, const char *options)
{
    tensor_list l = {.prefix = "model"};
    char *text = position_text(position);
    epo_status status = text ? epo__model_visit(model, add_tensor, &l) : epo__nomem("checkpoint");
    if (status == EPO_OK && best->count) {
        l.prefix = "best";
        l.from = best->values;
        status = epo__model_visit(model, add_tensor, &l);
        l.from = NULL;
    }
    if (status == EPO_OK) {
        l.prefix = "optimiser";
        status = epo__optimiser_visit(optimiser, add_tensor, &l);
    }
    epo__text_pair pairs[] = {{position_key, text}, {options_key, options}};
    if (status == EPO_OK) status = epo__safetensors_write(path, l.tensors, l.count, pairs, 2);
    free_tensors(&l);
    free(text);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static uint64_t whole(const json_t *root, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(root, key));
}

static double real(const json_t *root, const char *key)
{
    double value;
    const char *text = json_string_value(json_object_get(root, key));
    return text && epo__parse_double(text, &value) ? value : (double)NAN;
}

static void read_results(const json_t *root, epo__stage_results *out)
{
    const json_t *list = json_object_get(root, "results");
    for (size_t i = 0; i < EPO__STAGES_MAX; i++) {
        const json_t *r = json_array_get(list, i);
        out->of[i] = (epo__stage_result){whole(r, "epochs"), whole(r, "best_epoch"), real(r, "loss"), real(r, "accuracy")};
    }
}

epo_status epo__checkpoint_read_position(const char *path, const char *options, epo__position *p)
{
    epo__safetensors *file = NULL;
    json_t *root = NULL;
    epo_status status = epo__safetensors_open(path, &file);
    if (status != EPO_OK) return status;
    const char *text = epo__safetensors_metadata(file, position_key), *was = epo__safetensors_metadata(file, options_key);
    if (text && was) status = epo__json_read(text, strlen(text), 0, &root);
    if (status == EPO_ENOMEM)
        root = NULL;
    else if (!root)
        status = epo__fail(EPO_EMODEL, "%s: not a checkpoint", path);
    else if (strcmp(was, options) != 0)
        status = epo__fail(EPO_EARG, "%s: of a training with other options; use the same ones, or remove it. It was %s", path, was);
    else
        *p = (epo__position){.stage = (int)whole(root, "stage"), .epoch = whole(root, "epoch"), .batch = whole(root, "batch"),
                             .step = whole(root, "step"), .stage_step = whole(root, "stage_step"), .examples = whole(root, "examples"),
                             .stamp_epoch = whole(root, "stamp_epoch"), .stamp_batch = whole(root, "stamp_batch"), .loss_sum = real(root, "loss_sum"),
                             .loss_count = whole(root, "loss_count"), .best_loss = real(root, "best_loss"),
                             .best_accuracy = real(root, "best_accuracy"), .bad_epochs = whole(root, "bad_epochs"),
                             .plateau = {.scale = real(root, "plateau_scale"), .best = real(root, "plateau_best"),
                                         .bad = whole(root, "plateau_bad"), .any = whole(root, "plateau_any") != 0},
                             .run = (int64_t)whole(root, "run"), .seconds = real(root, "seconds")};
    if (status == EPO_OK) read_results(root, &p->results);
    json_decref(root);
    epo__safetensors_free(file);
    return status;
}

typedef struct tensor_reader {
    const epo__safetensors *file;
    const char *path, *prefix;
    float *to; /* values go here, one after the other; NULL: into the parameters */
} tensor_reader;

static epo_status read_tensor(void *context, const epo__param *param)
{
    tensor_reader *r = context;
    char *name = epo__format("%s.%s", r->prefix, param->name);
    if (!name) return epo__nomem("checkpoint");
    epo_status status = EPO_OK;
    const epo__tensor_view *tensor = epo__safetensors_find(r->file, name);
    if (!tensor || tensor->count != param->count)
        status = epo__fail(EPO_EMODEL, "%s: tensor %s is missing or of another size", r->path, name);
    else
        epo__tensor_f32(tensor, r->to ? r->to : param->value);
    if (r->to) r->to += param->count;
    free(name);
    return status;
}

static bool has_best(const epo__safetensors *file)
{
    for (size_t i = 0; i < epo__safetensors_count(file); i++)
        if (strncmp(epo__safetensors_at(file, i)->name, "best.", 5) == 0) return true;
    return false;
}

epo_status epo__checkpoint_read(const char *path, const epo_model *model, epo__optimiser *optimiser, epo__weights *best)
{
    epo__safetensors *file = NULL;
    epo_status status = epo__safetensors_open(path, &file);
    if (status != EPO_OK) return status;
    tensor_reader r = {.file = file, .path = path, .prefix = "model"};
    status = epo__model_visit(model, read_tensor, &r);
    if (status == EPO_OK) {
        r.prefix = "optimiser";
        status = epo__optimiser_visit(optimiser, read_tensor, &r);
    }
    if (status == EPO_OK && has_best(file)) {
        status = make_room(model, best);
        r.prefix = "best";
        r.to = best->values;
        if (status == EPO_OK) status = epo__model_visit(model, read_tensor, &r);
    }
    epo__safetensors_free(file);
    return status;
}
