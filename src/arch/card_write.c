/* SPDX-License-Identifier: BSD-3-Clause
 * card_write.c - metrics and notes into a weights file. */
#include <stdlib.h>
#include <string.h>

#include "arch/card.h"
#include "arch/card_sections.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/bytes.h"

enum { METRICS_MAX = 64 << 10, NAME_MAX_LENGTH = 64, KEY_MAX = 32, TEXT_MAX = 4000, NOTES_MAX = 32 };

/* --- metrics ------------------------------------------------------------------------------------------------------------ */

static epo_status check_row(const char *path, size_t number, json_t *row)
{
    if (!json_is_object(row)) return epo__fail(EPO_EFORMAT, "%s: row %zu is not an object", path, number);
    if (json_object_size(row) == 0 || json_object_size(row) > EPO__CARD_COLUMNS)
        return epo__fail(EPO_EFORMAT, "%s: row %zu has %zu members; 1 to %d are read", path, number, json_object_size(row), EPO__CARD_COLUMNS);
    for (void *at = json_object_iter(row); at; at = json_object_iter_next(row, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        if (!*name || strlen(name) > NAME_MAX_LENGTH)
            return epo__fail(EPO_EFORMAT, "%s: row %zu: a name has 1 to %d bytes", path, number, NAME_MAX_LENGTH);
        if (json_is_object(value) || json_is_array(value))
            return epo__fail(EPO_EFORMAT, "%s: row %zu: %s is not a text, number, truth value or null", path, number, name);
    }
    return EPO_OK;
}

static bool known(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* More members over all rows than a card has columns would not be shown. */
static epo_status check_columns(const char *path, const json_t *list)
{
    const char *names[EPO__CARD_COLUMNS];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        for (void *at = json_object_iter(row); at; at = json_object_iter_next(row, at)) {
            if (known(names, count, json_object_iter_key(at))) continue;
            if (count == EPO__CARD_COLUMNS) return epo__fail(EPO_EFORMAT, "%s: over %d different members", path, EPO__CARD_COLUMNS);
            names[count++] = json_object_iter_key(at);
        }
    }
    return EPO_OK;
}

static epo_status check_metrics(const char *path, const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > EPO__CARD_ROWS)
        return epo__fail(EPO_EFORMAT, "%s: metrics are a JSON array of 1 to %d objects", path, EPO__CARD_ROWS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        if (json_is_object(row)) json_object_del(row, "model"); /* a path on somebody's machine: it is this model */
        epo_status status = check_row(path, i + 1, row);
        if (status != EPO_OK) return status;
    }
    return check_columns(path, list);
}

static epo_status read_metrics(const char *path, json_t **out)
{
    unsigned char *bytes = NULL;
    size_t size;
    epo_status status = epo__bytes_read(path, METRICS_MAX, &bytes, &size);
    if (status != EPO_OK) return status;
    status = epo__json_read((const char *)bytes, size, 0, out);
    free(bytes);
    if (status != EPO_OK) return status == EPO_EFORMAT ? epo__fail_in(status, "%s: not JSON", path) : status;
    return check_metrics(path, *out);
}

/* --- notes --------------------------------------------------------------------------------------------------------------- */

static epo_status put_note(json_t *notes, const epo_card_note *note)
{
    size_t length = strlen(note->key);
    if (length == 0 || length > KEY_MAX || strspn(note->key, "abcdefghijklmnopqrstuvwxyz0123456789_-") != length)
        return epo__fail(EPO_EARG, "note '%.40s': a key is 1 to %d of a-z, 0-9, '_' and '-'", note->key, KEY_MAX);
    if (strlen(note->text) > TEXT_MAX) return epo__fail(EPO_EARG, "note %s: over %d bytes", note->key, TEXT_MAX);
    if (!*note->text) {
        json_object_del(notes, note->key);
        return EPO_OK;
    }
    for (const char *c = note->text; *c; c += epo__utf8_length(c))
        if (epo__utf8_length(c) == 0)
            return epo__fail(EPO_EARG, "note %s: its text is not UTF-8", note->key);
        else if ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t') return epo__fail(EPO_EARG, "note %s: holds a control character", note->key);
    json_t *text = json_string(note->text);
    if (!text) return epo__nomem("note");
    return json_object_set_new(notes, note->key, text) == 0 ? EPO_OK : epo__nomem("note");
}

static epo_status put_notes(json_t *card, const epo_card_additions *a)
{
    json_t *notes = json_object_get(card, "notes");
    if (!json_is_object(notes)) {
        notes = json_object();
        if (!notes || json_object_set_new(card, "notes", notes) != 0) return epo__nomem("notes");
    }
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < a->note_count; i++) status = put_note(notes, &a->notes[i]);
    if (status == EPO_OK && json_object_size(notes) > NOTES_MAX) return epo__fail(EPO_EARG, "over %d notes", NOTES_MAX);
    return status;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

static epo_status add_to(epo_model *model, const char *path, const epo_card_additions *a)
{
    json_t *card = NULL, *metrics = NULL;
    char *text = NULL;
    epo_status status = epo__card_json(model, path, EPO__CARD_KEY, &card);
    if (status == EPO_OK && !card && !(card = json_object())) status = epo__nomem("card");
    if (status == EPO_OK && a->metrics) status = read_metrics(a->metrics, &metrics);
    if (status == EPO_OK && metrics && json_object_set(card, "metrics", metrics) != 0) status = epo__nomem("metrics");
    if (status == EPO_OK) status = put_notes(card, a);
    /* 15 digits: 0.8 stays 0.8 */
    if (status == EPO_OK && !(text = epo__json_write(card, 15))) status = epo__nomem("card");
    if (status == EPO_OK) status = epo__model_set_extra(model, EPO__CARD_KEY, text);
    free(text);
    json_decref(metrics);
    json_decref(card);
    return status;
}

epo_status epo_card_write(const char *path, const epo_model_options *options, const epo_card_additions *additions, const char *out)
{
    epo_model *model = NULL;
    epo_status status = epo_model_load(path, options, &model);
    if (status == EPO_OK) status = add_to(model, path, additions);
    if (status == EPO_OK) status = epo_model_save(model, out);
    epo_model_free(model);
    return status;
}
