/* SPDX-License-Identifier: BSD-3-Clause
 * model_extra.c - metadata that a model carries beside what it is made of. */
#include <stdlib.h>
#include <string.h>

#include "arch/card.h"
#include "arch/model_parts.h"
#include "arch/temperature.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"

static epo__text_pair *find(const epo_model *model, const char *key)
{
    for (size_t i = 0; i < model->extra_count; i++)
        if (strcmp(model->extra[i].key, key) == 0) return &model->extra[i];
    return NULL;
}

const char *epo__model_extra(const epo_model *model, const char *key)
{
    const epo__text_pair *pair = find(model, key);
    return pair ? pair->value : NULL;
}

double epo__model_temperature(const epo_model *model, epo_head head)
{
    return model->temperatures[head] > 0 ? model->temperatures[head] : 1;
}

static void remove_pair(epo_model *model, epo__text_pair *pair)
{
    free((char *)pair->key);
    free((char *)pair->value);
    size_t after = (size_t)(model->extra + model->extra_count - pair) - 1;
    memmove(pair, pair + 1, after * sizeof *pair);
    model->extra_count--;
}

static epo_status read_sky(const char *record, epo_sky *sky)
{
    json_t *root = NULL;
    if (record && epo__json_read(record, strlen(record), 0, &root) == EPO_ENOMEM) return EPO_ENOMEM;
    const json_t *simulated = json_object_get(root, "simulated");
    *sky = json_is_true(simulated) ? EPO_SKY_SIMULATED : json_is_false(simulated) ? EPO_SKY_OBSERVED : EPO_SKY_UNKNOWN;
    json_decref(root);
    return EPO_OK;
}

epo_status epo__model_set_extra(epo_model *model, const char *key, const char *value)
{
    epo__text_pair *pair = find(model, key);
    if (strcmp(key, EPO__TEMPERATURE_KEY) == 0) {
        epo_status status = epo__temperatures_read(value, model->temperatures);
        if (status != EPO_OK) return status;
    }
    char *copy = value ? epo__strdup(value) : NULL, *name = NULL;
    if (value && !copy) return epo__nomem("metadata");
    if (!value) {
        if (pair) remove_pair(model, pair);
    } else if (pair) {
        free((char *)pair->value);
        pair->value = copy;
    } else {
        size_t capacity = model->extra_count;
        if (!(name = epo__strdup(key)) || !epo__grow(&model->extra, &capacity, model->extra_count + 1, sizeof *model->extra)) {
            free(name);
            free(copy);
            return epo__nomem("metadata");
        }
        model->extra[model->extra_count++] = (epo__text_pair){name, copy};
    }
    return strcmp(key, EPO__TRAINING_KEY) == 0 ? read_sky(value, &model->sky) : EPO_OK;
}
