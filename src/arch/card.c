/* SPDX-License-Identifier: BSD-3-Clause
 * card.c - a model's card from what its file holds. */
#include "arch/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/card_sections.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/digest.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { LINEAGE_MAX = 16 };

/* --- the model itself ------------------------------------------------------------------------------------------------- */

/* What nobody may miss who reads figures of such a model. */
static void add_warning(epo__card_builder *b, const json_t *data)
{
    json_int_t simulated = json_integer_value(json_object_get(data, "simulated")), objects = json_integer_value(json_object_get(data, "objects"));
    char text[256];
    if (simulated > 0)
        snprintf(text, sizeof text, "SIMULATED SKY: %lld of the %lld objects of its split were made by epochal simulate; what is measured there "
                 "says nothing yet about the sky", (long long)simulated, (long long)objects);
    else
        snprintf(text, sizeof text, "SIMULATED SKY: it started from weights that were trained on it, and may have kept habits of the simulation");
    epo__card_fact_text(b, "warning", text);
}

static epo_status digest_param(void *context, const epo__param *param)
{
    epo__sha256_add(context, param->value, param->count * sizeof *param->value);
    return EPO_OK;
}

/* Of all values as they lie in a file of ours: notes and metrics change the file's digest, but not this one. */
static epo_status add_weights_digest(epo__card_builder *b, const epo_model *model)
{
    epo__sha256 sha;
    unsigned char digest[EPO__SHA256_SIZE];
    char hex[EPO__SHA256_TEXT];
    epo__sha256_init(&sha);
    epo_status status = epo__model_visit(model, digest_param, &sha);
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, hex);
    epo__card_fact_text(b, "weights_sha256", hex);
    return status;
}

static void add_input(epo__card_builder *b, const epo_model_info *info)
{
    bool nights = strncmp(info->plane_names, "night", 5) == 0;
    char *text = nights ? epo__format("%d nights of %d x %d pixels at a time", info->planes, info->height, info->width)
                        : epo__format("%s of %d x %d pixels", info->plane_names, info->height, info->width);
    if (!text) b->failed = true;
    epo__card_fact_text(b, "input", text);
    free(text);
    if (!nights) return;
    epo__card_fact_int(b, "triplet_stride", info->stride);
    epo__card_fact_text(b, "dates", info->dates ? "relative dates are used" : "not used");
}

static epo_status add_model(epo__card_builder *b, const epo_model *model, const epo_model_info *info, const json_t *training, const json_t *added)
{
    const json_t *simulated = json_object_get(training, "simulated");
    epo__card_facts(b, "");
    epo__card_fact_text(b, "network", info->name);
    if (*info->about) epo__card_fact_text(b, "about", info->about);
    epo__card_fact_text(b, "sha256", info->sha256);
    epo_status status = add_weights_digest(b, model);
    epo__card_fact_text(b, "trained", training ? "by Epochal, whose record follows" : "not recorded: weights from elsewhere, or random ones");
    epo__card_fact_json(b, "simulated", simulated);
    if (json_is_true(simulated)) add_warning(b, json_object_get(training, "data"));
    epo__card_fact_text(b, "measured", json_array_size(json_object_get(added, "metrics")) ? "see metrics" : "no figures in this file");
    add_input(b, info);
    epo__card_fact_text(b, "fusion", info->fusion);
    epo__card_fact_text(b, "normalise", info->normalise);
    epo__card_fact_int(b, "features", info->features);
    epo__card_fact_int(b, "parameters", (int64_t)info->parameters);
    epo__card_fact_int(b, "trainable_parameters", (int64_t)info->trainable_parameters);
    return status;
}

static void add_heads(epo__card_builder *b, const epo_model_info *info)
{
    static const char *const columns[] = {"head", "classes", "parameters", "temperature"};
    epo__card_section(b, "heads");
    bool calibrated = false;
    for (int h = 0; h < EPO_HEAD_COUNT; h++) calibrated |= info->heads[h].present && info->heads[h].temperature != 1;
    for (size_t i = 0; i < COUNT(columns) - !calibrated; i++) epo__card_column(b, columns[i]);
    for (int h = 0; h < EPO_HEAD_COUNT; h++) {
        const epo_head_info *head = &info->heads[h];
        if (!head->present) continue;
        epo__string classes = {0};
        for (size_t i = 0; i < head->class_count; i++) epo__string_addf(&classes, "%s%s", i ? ", " : "", head->classes[i]);
        b->failed = b->failed || classes.failed;
        epo__card_cell_text(b, epo_head_name((epo_head)h));
        epo__card_cell_text(b, classes.text);
        epo__card_cell_int(b, (int64_t)head->parameters);
        if (calibrated) epo__card_cell_real(b, head->temperature);
        epo__string_free(&classes);
    }
}

/* --- what was added --------------------------------------------------------------------------------------------------- */

/* The members of an object as rows. */
static void add_pairs(epo__card_builder *b, const char *name, const char *first, const char *second, const json_t *object)
{
    json_t *pairs = (json_t *)object; /* jansson's iterators take no const */
    if (json_object_size(object) == 0) return;
    epo__card_section(b, name);
    epo__card_column(b, first);
    epo__card_column(b, second);
    size_t rows = 0;
    for (void *at = json_object_iter(pairs); at && rows < EPO__CARD_ROWS; at = json_object_iter_next(pairs, at), rows++)
        epo__card_fact_json(b, json_object_iter_key(at), json_object_iter_value(at));
}

/* --- the record of training ---------------------------------------------------------------------------------------------- */

static void add_data(epo__card_builder *b, const json_t *data)
{
    static const char *const surveys[] = {"survey", "objects", "stamps", "simulated"},
                      *const classes[] = {"class", "output", "train", "validation", "test", "other"};
    const json_t *left_out = json_object_get(data, "left_out");
    epo__card_facts(b, "data");
    epo__card_fact_json(b, "split", json_object_get(data, "split"));
    if (json_object_get(data, "labels_as_of")) epo__card_fact_json(b, "labels_as_of", json_object_get(data, "labels_as_of"));
    epo__card_fact_json(b, "data_sha256", json_object_get(data, "sha256"));
    epo__card_fact_json(b, "objects", json_object_get(data, "objects"));
    epo__card_fact_json(b, "stamps", json_object_get(data, "stamps"));
    epo__card_fact_json(b, "simulated_objects", json_object_get(data, "simulated"));
    if (json_integer_value(left_out) > 0) epo__card_fact_json(b, "objects_not_listed", left_out);
    epo__card_table(b, "surveys", json_object_get(data, "surveys"), surveys, COUNT(surveys));
    epo__card_table(b, "classes", json_object_get(data, "classes"), classes, COUNT(classes));
}

static void add_training(epo__card_builder *b, const json_t *training)
{
    static const char *const machine[] = {"epochal", "onednn", "isa", "openblas", "processor", "threads"},
                      *const stages[] = {"stage", "epochs", "best_epoch", "validation_loss", "validation_accuracy"};
    epo__card_facts(b, "training");
    epo__card_fact_json(b, "command", json_object_get(training, "command"));
    epo__card_fact_json(b, "seed", json_object_get(json_object_get(training, "options"), "seed"));
    epo__card_fact_json(b, "steps", json_object_get(training, "steps"));
    epo__card_fact_json(b, "examples", json_object_get(training, "examples"));
    for (size_t i = 0; i < COUNT(machine); i++)
        epo__card_fact_json(b, machine[i], json_object_get(json_object_get(training, "machine"), machine[i]));
    epo__card_table(b, "stages", json_object_get(training, "stages"), stages, COUNT(stages));
    add_pairs(b, "options", "option", "value", json_object_get(training, "options"));
}

/* The weights that these were trained on from, and those that they came from in turn. */
static void add_lineage(epo__card_builder *b, const json_t *training)
{
    static const char *const columns[] = {"network", "sha256", "simulated", "data_sha256", "command"};
    const json_t *from = json_object_get(training, "from");
    if (!json_is_object(from)) return;
    epo__card_section(b, "from");
    for (size_t i = 0; i < COUNT(columns); i++) epo__card_column(b, columns[i]);
    for (int i = 0; json_is_object(from) && i < LINEAGE_MAX; i++) {
        const json_t *record = json_object_get(from, "training");
        epo__card_cell_json(b, json_object_get(from, "network"));
        epo__card_cell_json(b, json_object_get(from, "sha256"));
        epo__card_cell_json(b, json_object_get(from, "simulated"));
        epo__card_cell_json(b, json_object_get(json_object_get(record, "data"), "sha256"));
        epo__card_cell_json(b, json_object_get(record, "command"));
        from = json_object_get(record, "from");
    }
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

epo_status epo__card_json(const epo_model *model, const char *path, const char *key, json_t **out)
{
    const char *text = epo__model_extra(model, key);
    *out = NULL;
    if (!text) return EPO_OK;
    if (strlen(text) > EPO__RECORD_MAX) return epo__fail(EPO_EMODEL, "%s: %s is longer than %d bytes", path, key, EPO__RECORD_MAX);
    epo_status status = epo__json_read(text, strlen(text), 0, out);
    if (status == EPO_ENOMEM || json_is_object(*out)) return status;
    status = status == EPO_OK ? epo__fail(EPO_EMODEL, "%s: %s is not a JSON object", path, key)
                              : epo__fail_in(EPO_EMODEL, "%s: %s is not a JSON object", path, key);
    json_decref(*out);
    *out = NULL;
    return status;
}

static epo_status check_format(const char *path, const json_t *training)
{
    const json_t *format = json_object_get(training, "format");
    if (!training || (json_is_integer(format) && json_integer_value(format) == 1)) return EPO_OK;
    return epo__fail(EPO_EMODEL, "%s: %s is not of format 1: a newer Epochal may have written it", path, EPO__TRAINING_KEY);
}

static epo_status put_together(const epo_model *model, const json_t *training, const json_t *added, epo_card *out)
{
    epo__card_builder b = {.card = out};
    epo_model_info info;
    epo_model_get_info(model, &info);
    out->has_training = training != NULL;
    epo_status status = add_model(&b, model, &info, training, added);
    add_heads(&b, &info);
    epo__card_table_of_all(&b, "metrics", json_object_get(added, "metrics"));
    add_pairs(&b, "notes", "note", "text", json_object_get(added, "notes"));
    if (training) {
        add_data(&b, json_object_get(training, "data"));
        add_training(&b, training);
        add_lineage(&b, training);
    }
    return b.failed ? epo__nomem("card") : status;
}

epo_status epo_card_read(const char *path, const epo_model_options *options, epo_card *out)
{
    epo_model *model = NULL;
    json_t *training = NULL, *added = NULL;
    *out = (epo_card){0};
    epo_status status = epo_model_load(path, options, &model);
    if (status == EPO_OK) status = epo__card_json(model, path, EPO__TRAINING_KEY, &training);
    if (status == EPO_OK) status = epo__card_json(model, path, EPO__CARD_KEY, &added);
    if (status == EPO_OK) status = check_format(path, training);
    if (status == EPO_OK) status = put_together(model, training, added, out);
    if (status != EPO_OK) epo_card_free(out);
    json_decref(added);
    json_decref(training);
    epo_model_free(model);
    return status;
}
