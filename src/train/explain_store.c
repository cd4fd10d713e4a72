/* SPDX-License-Identifier: BSD-3-Clause
 * explain_store.c - objects of a store: their stamps, or their sequences. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/objects.h"
#include "store/stamps.h"
#include "train/explainer.h"

typedef struct explain_store {
    epo__explainer *explainer;
    epo_store *reading;
    epo_head head;
    epo__pool texts;
    epo__object_row object;
    epo__sequence sequence;
    epo__stamp_list stamps;
    epo__pixels pixels[EPO__STAMP_PLANES]; /* of one exposure */
} explain_store;

static epo_explanation about_object(const explain_store *s)
{
    return (epo_explanation){.id = s->object.name,
                             .object = s->object.name,
                             .class_given = s->object.class_name ? s->object.class_name : "",
                             .mjd = NAN};
}

/* As `about`, with the last failure as its error. */
static epo_status deliver_error(explain_store *s, const epo_explanation *about)
{
    char message[512];
    snprintf(message, sizeof message, "%s", epo_error_message());
    epo_explanation refused = *about;
    refused.error = message;
    return epo__explain_deliver(s->explainer, &refused);
}

static epo_status explain_sequence(explain_store *s)
{
    epo_explanation about = about_object(s);
    epo_status status = epo__sequence_fetch(s->reading, s->object.id, &s->sequence);
    if (status != EPO_OK) return status == EPO_EFORMAT ? deliver_error(s, &about) : status;
    if (s->sequence.night_count) about.mjd = s->sequence.nights[0].mjd;
    return epo__explain_sequence(s->explainer, &s->sequence, &about);
}

/* The stamps first .. last-1 of the list, the planes of one exposure. */
static epo_status explain_exposure(explain_store *s, size_t first, size_t last)
{
    const epo__stamp_row *row = &s->stamps.rows[first];
    epo__plane_view views[EPO__STAMP_PLANES];
    size_t count = last - first < EPO__STAMP_PLANES ? last - first : EPO__STAMP_PLANES;
    epo_explanation about = about_object(s);
    char number[32];
    snprintf(number, sizeof number, "%" PRId64, row->candid);
    char *id = row->candid ? epo__strdup(number) : epo__format("%s %s", s->object.name, row->exposure);
    epo_status status = id ? EPO_OK : epo__nomem("result");
    about.id = id;
    about.mjd = row->mjd;
    for (size_t k = 0; k < count && status == EPO_OK; k++) {
        status = epo__store_pixels_read(s->reading, &row[k], &s->pixels[k]);
        views[k] = (epo__plane_view){.role = row[k].role,
                                     .type = row[k].type,
                                     .height = row[k].height,
                                     .width = row[k].width,
                                     .pixels = s->pixels[k].bytes};
    }
    if (status == EPO_OK)
        status = epo__explain_stamp(s->explainer, views, count, &about);
    else if (status == EPO_EFORMAT)
        status = deliver_error(s, &about);
    free(id);
    return status;
}

static epo_status explain_stamps(explain_store *s)
{
    epo_status status = epo__store_stamps_of(s->reading, s->object.id, &s->stamps);
    for (size_t first = 0, last; status == EPO_OK && first < s->stamps.count && !epo__explainer_done(s->explainer);
         first = last) {
        for (last = first + 1; last < s->stamps.count; last++)
            if (strcmp(s->stamps.rows[first].exposure, s->stamps.rows[last].exposure) != 0) break;
        status = explain_exposure(s, first, last);
    }
    return status;
}

static epo_status explain_object(explain_store *s, int64_t id)
{
    epo__pool_clear(&s->texts);
    epo_status status = epo__store_object_get(s->reading, id, &s->texts, &s->object);
    if (status != EPO_OK) return status;
    return s->head == EPO_HEAD_STAMP ? explain_stamps(s) : explain_sequence(s);
}

static epo_status explain_named(explain_store *s, const char *name)
{
    int64_t id, surveys;
    epo_status status = epo__store_object_find(s->reading, NULL, name, &id);
    if (status == EPO_OK) status = epo__store_object_surveys(s->reading, name, &surveys);
    if (status != EPO_OK) return status;
    epo_explanation about = {.id = name, .object = name, .class_given = "", .mjd = NAN};
    if (id == 0) {
        (void)epo__fail(EPO_ENOTFOUND, "no object '%s' in the store", name);
        return deliver_error(s, &about);
    }
    if (surveys > 1)
        epo__log(EPO_LOG_WARNING, "object '%s' is in %" PRId64 " surveys; the first is taken", name, surveys);
    return explain_object(s, id);
}

static epo_status explain_all(explain_store *s, const epo_explain_options *options)
{
    epo__object_cursor cursor;
    epo_status status = epo__object_cursor_set(&cursor, options->split);
    for (size_t i = 0; status == EPO_OK && i < options->object_count && !epo__explainer_done(s->explainer); i++)
        status = explain_named(s, options->objects[i]);
    while (status == EPO_OK && options->object_count == 0 && !epo__explainer_done(s->explainer)) {
        int64_t id;
        status = epo__object_cursor_next(&cursor, s->reading, &id);
        if (status != EPO_OK || id == 0) break;
        status = explain_object(s, id);
    }
    return status;
}

epo_status epo_explain_store(const epo_model *model, epo_store *store, const epo_explain_options *options,
                             epo_explain_fn result, void *context, epo_explain_summary *out)
{
    const epo_explain_options standard = EPO_EXPLAIN_OPTIONS_INIT;
    if (!options) options = &standard;
    explain_store s = {.head = options->head};
    epo_status status = epo__explainer_create(model, options->head, options, result, context, out, &s.explainer);
    if (status == EPO_OK) status = epo_store_open(epo__store_path(store), EPO_STORE_READ, &s.reading);
    if (status == EPO_OK) status = epo__store_begin(s.reading); /* one consistent view to the end */
    if (status == EPO_OK) status = explain_all(&s, options);
    for (size_t k = 0; k < EPO__STAMP_PLANES; k++) free(s.pixels[k].bytes);
    epo__stamp_list_free(&s.stamps);
    epo__sequence_free(&s.sequence);
    epo__pool_free(&s.texts);
    epo_store_close(s.reading);
    epo__explainer_free(s.explainer);
    return status;
}
