/* SPDX-License-Identifier: BSD-3-Clause
 * context_recipe.c - how a context forest's columns are made: their names, and the JSON object that keeps it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/catalogue.h"
#include "forest/forest.h"
#include "train/context.h"
#include "train/forest_model.h"
#include "train/scored.h"

void epo__recipe_free(epo__recipe *recipe)
{
    if (!recipe) return;
    for (size_t i = 0; i < recipe->model_count; i++) {
        free(recipe->models[i].name);
        free(recipe->models[i].sha256);
        epo__forest_texts_free(recipe->models[i].values, recipe->models[i].count);
    }
    free(recipe->models);
    epo__forest_texts_free(recipe->columns, recipe->column_count);
    epo__forest_texts_free(recipe->kinds, recipe->kind_count);
    free(recipe);
}

/* --- names of columns -----------------------------------------------------------------------------------------------
 */

epo_status epo__recipe_columns(const epo__recipe *r, char ***names, size_t *count)
{
    size_t most = EPO_FEATURE_COUNT + r->column_count + 2 * r->kind_count, n = 0;
    for (size_t i = 0; i < r->model_count; i++) most += r->models[i].count;
    *count = 0;
    if (!(*names = epo__alloc(most, sizeof **names))) return epo__nomem("columns");
    for (size_t i = 0; i < r->model_count; i++)
        for (size_t k = 0; k < r->models[i].count; k++)
            (*names)[n++] = epo__format("%s:%s", r->models[i].name, r->models[i].values[k]);
    for (size_t f = 0; r->light_curves && f < EPO_FEATURE_COUNT; f++) {
        epo_feature_about about;
        epo_feature_at(EPO_FEATURES_MANTRA, f, &about); /* the definitions share their names */
        (*names)[n++] = epo__strdup(about.name);
    }
    for (size_t i = 0; i < r->column_count; i++) (*names)[n++] = epo__format("context:%s", r->columns[i]);
    for (size_t k = 0; k < r->kind_count; k++) {
        (*names)[n++] = epo__format("catalogue:%s:distance", r->kinds[k]);
        (*names)[n++] = epo__format("catalogue:%s:mag", r->kinds[k]);
    }
    *count = n;
    for (size_t i = 0; i < n; i++)
        if (!(*names)[i]) return epo__nomem("columns");
    return EPO_OK;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void add_texts(epo__string *json, const char *name, char *const *texts, size_t count)
{
    epo__string_addf(json, "\"%s\": ", name);
    epo__string_add_json_list(json, (const char *const *)texts, count, ", ");
}

void epo__recipe_write(const epo__recipe *r, epo__string *json)
{
    epo__string_add(json, "{\"models\": [");
    for (size_t i = 0; i < r->model_count; i++) {
        const epo__recipe_model *m = &r->models[i];
        epo__string_add(json, i ? ", {\"name\": " : "{\"name\": ");
        epo__string_add_json(json, m->name);
        epo__string_addf(json, ", \"sha256\": \"%s\", \"stamps\": %s, ", m->sha256, m->stamps ? "true" : "false");
        add_texts(json, "values", m->values, m->count);
        epo__string_add(json, "}");
    }
    epo__string_addf(json, "], \"light_curves\": %s, ", r->light_curves ? "true" : "false");
    add_texts(json, "columns", r->columns, r->column_count);
    epo__string_add(json, ", ");
    add_texts(json, "kinds", r->kinds, r->kind_count);
    epo__string_addf(json, ", \"radius\": %.17g, \"censor\": %.17g}", r->radius, r->censor);
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static epo_status refuse(const char *path, const char *what)
{
    return epo__fail(EPO_EMODEL, "%s: epochal.forest: context: %s", path, what);
}

static epo_status read_texts(const char *path, const json_t *list, size_t most, char ***out, size_t *count)
{
    const size_t size = json_array_size(list);
    if (!json_is_array(list) || size > most) return refuse(path, "a list of names is none, or too long");
    if (!(*out = epo__alloc(size, sizeof **out))) return epo__nomem(path);
    for (*count = 0; *count < size;) {
        const char *text = json_string_value(json_array_get(list, *count));
        if (!text || !*text) return refuse(path, "a list of names holds something else");
        if (!((*out)[(*count)++] = epo__strdup(text))) return epo__nomem(path);
    }
    return EPO_OK;
}

static epo_status read_model(const char *path, const json_t *object, epo__recipe_model *out)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *sha256 = json_string_value(json_object_get(object, "sha256"));
    const json_t *stamps = json_object_get(object, "stamps");
    if (!name || !*name || !json_is_boolean(stamps))
        return refuse(path, "a model has no name, or does not say what it scores");
    if (!sha256 || strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
        return refuse(path, "a model has no sha256");
    out->stamps = json_is_true(stamps);
    out->name = epo__strdup(name);
    out->sha256 = epo__strdup(sha256);
    if (!out->name || !out->sha256) return epo__nomem(path);
    epo_status status =
        read_texts(path, json_object_get(object, "values"), EPO__SCORED_CLASSES_MAX, &out->values, &out->count);
    if (status == EPO_OK && out->count == 0) status = refuse(path, "a model has no values");
    if (status == EPO_OK && out->stamps && out->count != 3)
        status = refuse(path, "a model of stamps has not three values");
    return status;
}

static epo_status read_models(const char *path, const json_t *list, epo__recipe *out)
{
    const size_t size = json_array_size(list);
    if (!json_is_array(list) || size > EPO__FOREST_MAX_FEATURES) return refuse(path, "models is no list, or too long");
    if (!(out->models = epo__alloc(size, sizeof *out->models))) return epo__nomem(path);
    epo_status status = EPO_OK;
    while (status == EPO_OK && out->model_count < size) {
        const size_t i = out->model_count++;
        status = read_model(path, json_array_get(list, i), &out->models[i]);
    }
    return status;
}

epo_status epo__recipe_read(const char *path, const json_t *object, epo__recipe **out)
{
    epo__recipe *r = epo__alloc(1, sizeof *r);
    *out = NULL;
    if (!r) return epo__nomem(path);
    const json_t *curves = json_object_get(object, "light_curves"), *radius = json_object_get(object, "radius"),
                 *censor = json_object_get(object, "censor");
    epo_status status = read_models(path, json_object_get(object, "models"), r);
    if (status == EPO_OK)
        status = read_texts(path, json_object_get(object, "columns"), EPO__FOREST_MAX_FEATURES, &r->columns,
                            &r->column_count);
    if (status == EPO_OK)
        status = read_texts(path, json_object_get(object, "kinds"), EPO__CATALOGUE_KINDS, &r->kinds, &r->kind_count);
    if (status == EPO_OK && !json_is_boolean(curves)) status = refuse(path, "light_curves is not true or false");
    r->light_curves = json_is_true(curves);
    r->radius = json_number_value(radius);
    r->censor = json_number_value(censor);
    if (status == EPO_OK && !(json_is_number(radius) && r->radius > 0 && r->radius <= 3600))
        status = refuse(path, "radius is out of range");
    if (status == EPO_OK && !(json_is_number(censor) && r->censor >= 0 && r->censor <= 1))
        status = refuse(path, "censor is out of range");
    if (status == EPO_OK)
        *out = r;
    else
        epo__recipe_free(r);
    return status;
}
