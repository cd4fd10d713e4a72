/* SPDX-License-Identifier: BSD-3-Clause
 * card_sections.h - putting a card together: sections, their columns, and cells one after the other.
 *
 *     section, column..., cell..., section, ...
 *
 * A row is over when its last cell is there. After a failed allocation `failed` stays set and adding does nothing. */
#ifndef EPO_ARCH_CARD_SECTIONS_H
#define EPO_ARCH_CARD_SECTIONS_H

#include <jansson.h>

#include "epochal/card.h"

enum { EPO__CARD_ROWS = 1000, EPO__CARD_COLUMNS = 32 }; /* of one table, at most */

typedef struct epo__card_builder {
    epo_card *card;
    size_t section_room, column_room, cell_room, cells; /* the last three of the section at hand */
    bool failed;
} epo__card_builder;

void epo__card_section(epo__card_builder *b, const char *name); /* `name` must live as long as the card */
void epo__card_column(epo__card_builder *b, const char *name);
void epo__card_cell_text(epo__card_builder *b, const char *text); /* NULL: nothing */
void epo__card_cell_int(epo__card_builder *b, int64_t value);
void epo__card_cell_real(epo__card_builder *b, double value);
/* A JSON text, number or truth value; nothing for any other, and for NULL. */
void epo__card_cell_json(epo__card_builder *b, const json_t *value);

/* A section of names and values. */
void epo__card_facts(epo__card_builder *b, const char *name);
void epo__card_fact_text(epo__card_builder *b, const char *name, const char *text);
void epo__card_fact_int(epo__card_builder *b, const char *name, int64_t value);
void epo__card_fact_json(epo__card_builder *b, const char *name, const json_t *value);

/* A JSON array of objects as a section, these members of each; no section for an empty array, or what is none. */
void epo__card_table(epo__card_builder *b, const char *name, const json_t *list, const char *const *members, size_t count);

/* The same with every member that any of them has, in the order in which they are met. */
void epo__card_table_of_all(epo__card_builder *b, const char *name, const json_t *list);

#endif
