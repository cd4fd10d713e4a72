/* SPDX-License-Identifier: BSD-3-Clause
 * temperature.c - the temperatures of a model's heads, read and written. */
#include "arch/temperature.h"

#include <stdlib.h>
#include <string.h>

#include "arch/card.h"
#include "arch/model.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

static bool in_range(double temperature)
{
    return temperature >= EPO_TEMPERATURE_MIN && temperature <= EPO_TEMPERATURE_MAX;
}

epo_status epo__temperatures_read(const char *text, double out[EPO_HEAD_COUNT])
{
    for (int h = 0; h < EPO_HEAD_COUNT; h++) out[h] = 1;
    if (!text) return EPO_OK;
    json_t *root;
    epo_status status = epo__json_read(text, strlen(text), 0, &root);
    if (status != EPO_ENOMEM && !json_is_object(root)) status = epo__fail(EPO_EMODEL, "%s is not a JSON object", EPO__TEMPERATURE_KEY);
    for (int h = 0; status == EPO_OK && h < EPO_HEAD_COUNT; h++) {
        const json_t *value = json_object_get(root, epo_head_name((epo_head)h));
        if (!value) continue;
        out[h] = json_number_value(value);
        if (!in_range(out[h]))
            status =
                epo__fail(EPO_EMODEL, "%s: that of the %s head is not a number from %g to %g", EPO__TEMPERATURE_KEY,
                          epo_head_name((epo_head)h), EPO_TEMPERATURE_MIN, EPO_TEMPERATURE_MAX);
    }
    json_decref(root);
    return status;
}

static epo_status set_temperature(epo_model *model, epo_head head, double temperature)
{
    double all[EPO_HEAD_COUNT];
    epo__string text = {0};
    epo_status status = epo__temperatures_read(epo__model_extra(model, EPO__TEMPERATURE_KEY), all);
    if (status != EPO_OK) return status;
    all[head] *= temperature;
    if (!in_range(temperature) || !in_range(all[head]))
        return epo__fail(EPO_EARG, "a temperature of %g; %g to %g", all[head], EPO_TEMPERATURE_MIN,
                         EPO_TEMPERATURE_MAX);
    for (int h = 0; h < EPO_HEAD_COUNT; h++)
        if (all[h] != 1 || h == (int)head)
            epo__string_addf(&text, "%s\"%s\": %.17g", text.length ? ", " : "{", epo_head_name((epo_head)h), all[h]);
    epo__string_add(&text, "}");
    status = text.failed ? epo__nomem("temperature") : epo__model_set_extra(model, EPO__TEMPERATURE_KEY, text.text);
    epo__string_free(&text);
    return status;
}

/* Figures that were measured on other scores are not the new model's. */
static epo_status drop_metrics(epo_model *model, const char *path, bool *had)
{
    json_t *card = NULL;
    *had = false;
    epo_status status = epo__card_json(model, path, EPO__CARD_KEY, &card);
    if (status == EPO_OK && json_object_get(card, "metrics")) {
        *had = true;
        json_object_del(card, "metrics");
        char *text = epo__json_write(card, 15);
        status = text ? epo__model_set_extra(model, EPO__CARD_KEY, text) : epo__nomem("card");
        free(text);
    }
    json_decref(card);
    return status;
}

epo_status epo_calibrated_save(const char *path, const epo_model_options *options, epo_head head, double temperature,
                               const char *out, bool *had_metrics)
{
    epo_model *model = NULL;
    bool had = false;
    epo_status status = epo_model_load(path, options, &model);
    if (status == EPO_OK && !epo__model_head(model, head))
        status = epo__fail(EPO_EMODEL, "%s: the model has no %s head", path, epo_head_name(head));
    if (status == EPO_OK && head == EPO_HEAD_STAMP && epo__model_network(model)->heads[head].class_count != 2)
        status = epo__fail(EPO_EARG,
                           "%s: the stamp head tells more apart than real and bogus, and P(real) alone is known", path);
    if (status == EPO_OK) status = set_temperature(model, head, temperature);
    if (status == EPO_OK) status = drop_metrics(model, path, &had);
    if (status == EPO_OK) status = epo_model_save(model, out);
    if (had_metrics) *had_metrics = had;
    epo_model_free(model);
    return status;
}
