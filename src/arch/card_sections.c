/* SPDX-License-Identifier: BSD-3-Clause
 * card_sections.c - the parts of a card. */
#include "arch/card_sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static epo_card_section *last(const epo__card_builder *b)
{
    return &b->card->sections[b->card->count - 1];
}

void epo__card_section(epo__card_builder *b, const char *name)
{
    if (b->failed) return;
    if (!epo__grow(&b->card->sections, &b->section_room, b->card->count + 1, sizeof *b->card->sections)) {
        b->failed = true;
        return;
    }
    b->card->sections[b->card->count++] = (epo_card_section){.name = name};
    b->column_room = b->cell_room = b->cells = 0;
}

void epo__card_column(epo__card_builder *b, const char *name)
{
    if (b->failed) return;
    epo_card_section *s = last(b);
    char *copy = epo__strdup(name);
    if (!copy || !epo__grow(&s->columns, &b->column_room, s->column_count + 1, sizeof *s->columns)) {
        free(copy);
        b->failed = true;
        return;
    }
    s->columns[s->column_count++] = copy;
}

/* Takes value.text. */
static void add(epo__card_builder *b, epo_card_value value)
{
    if (!b->failed) {
        epo_card_section *s = last(b);
        size_t rows = b->cells / s->column_count + 1; /* whole ones: what a failure leaves empty is zeros */
        if (epo__grow(&s->cells, &b->cell_room, epo__product(rows, s->column_count), sizeof *s->cells)) {
            s->cells[b->cells++] = value;
            s->row_count = rows;
            return;
        }
        b->failed = true;
    }
    free(value.text);
}

void epo__card_cell_text(epo__card_builder *b, const char *text)
{
    epo_card_value value = {0};
    if (b->failed) return;
    if (text) {
        value.kind = EPO_CARD_TEXT;
        value.text = epo__strdup(text);
        if (!value.text) b->failed = true;
    }
    add(b, value);
}

void epo__card_cell_int(epo__card_builder *b, int64_t value)
{
    add(b, (epo_card_value){.kind = EPO_CARD_INT, .whole = value});
}

void epo__card_cell_real(epo__card_builder *b, double value)
{
    add(b, (epo_card_value){.kind = EPO_CARD_REAL, .real = value});
}

void epo__card_cell_json(epo__card_builder *b, const json_t *value)
{
    if (json_is_integer(value))
        epo__card_cell_int(b, json_integer_value(value));
    else if (json_is_real(value) && isfinite(json_real_value(value)))
        add(b, (epo_card_value){.kind = EPO_CARD_REAL, .real = json_real_value(value)});
    else if (json_is_boolean(value))
        add(b, (epo_card_value){.kind = EPO_CARD_BOOL, .whole = json_is_true(value)});
    else
        epo__card_cell_text(b, json_string_value(value));
}

void epo__card_facts(epo__card_builder *b, const char *name)
{
    epo__card_section(b, name);
    epo__card_column(b, "name");
    epo__card_column(b, "value");
    if (!b->failed) last(b)->facts = true;
}

void epo__card_fact_text(epo__card_builder *b, const char *name, const char *text)
{
    epo__card_cell_text(b, name);
    epo__card_cell_text(b, text);
}

void epo__card_fact_int(epo__card_builder *b, const char *name, int64_t value)
{
    epo__card_cell_text(b, name);
    epo__card_cell_int(b, value);
}

void epo__card_fact_json(epo__card_builder *b, const char *name, const json_t *value)
{
    epo__card_cell_text(b, name);
    epo__card_cell_json(b, value);
}

void epo__card_table(epo__card_builder *b, const char *name, const json_t *list, const char *const *members, size_t count)
{
    if (json_array_size(list) == 0 || count == 0) return;
    epo__card_section(b, name);
    for (size_t c = 0; c < count; c++) epo__card_column(b, members[c]);
    for (size_t i = 0; i < json_array_size(list) && i < EPO__CARD_ROWS; i++)
        for (size_t c = 0; c < count; c++) epo__card_cell_json(b, json_object_get(json_array_get(list, i), members[c]));
}

void epo__card_table_of_all(epo__card_builder *b, const char *name, const json_t *list)
{
    const char *members[EPO__CARD_COLUMNS];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list) && i < EPO__CARD_ROWS; i++) {
        json_t *row = json_array_get(list, i);
        for (void *at = json_object_iter(row); at && count < EPO__CARD_COLUMNS; at = json_object_iter_next(row, at)) {
            size_t c = 0;
            while (c < count && strcmp(members[c], json_object_iter_key(at)) != 0) c++;
            if (c == count) members[count++] = json_object_iter_key(at);
        }
    }
    epo__card_table(b, name, list, members, count);
}

void epo_card_free(epo_card *card)
{
    for (size_t i = 0; i < card->count; i++) {
        epo_card_section *s = &card->sections[i];
        for (size_t c = 0; s->cells && c < s->row_count * s->column_count; c++) free(s->cells[c].text);
        for (size_t c = 0; c < s->column_count; c++) free(s->columns[c]);
        free(s->cells);
        free(s->columns);
    }
    free(card->sections);
    *card = (epo_card){0};
}
