/* SPDX-License-Identifier: BSD-3-Clause
 * card.h - a model's card: what it is, what it was made of and how, and what it was measured to do.
 *
 * Everything stands in the weights file: training leaves its record there (data, options, seed, processor, stages), and
 * epo_card_write adds metrics and notes. The file's SHA-256 covers all of it, but a card is as honest as who wrote it.
 *
 * A card comes as sections, each a small table, so that whoever prints it needs to know nothing of what is in it.
 */
#ifndef EPOCHAL_CARD_H
#define EPOCHAL_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/model.h"
#include "epochal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epo_card_kind { EPO_CARD_NOTHING, EPO_CARD_TEXT, EPO_CARD_INT, EPO_CARD_REAL, EPO_CARD_BOOL } epo_card_kind;

typedef struct epo_card_value {
    epo_card_kind kind;
    char *text;    /* TEXT: UTF-8 */
    int64_t whole; /* INT; BOOL: 0 or 1 */
    double real;   /* REAL: finite */
} epo_card_value;

/* Facts have two columns, "name" and "value"; names are unique in the whole card. Sections, in this order where there is
 * something to say: "" (the model), "heads", "metrics", "notes", "data", "surveys", "classes", "training", "options",
 * "stages", "from". */
typedef struct epo_card_section {
    const char *name;
    bool facts;
    char **columns;
    size_t column_count;
    epo_card_value *cells; /* row after row */
    size_t row_count;
} epo_card_section;

typedef struct epo_card {
    epo_card_section *sections;
    size_t count;
    bool has_training; /* the file says how it was trained */
} epo_card;

/* The card of a weights file, whose path or name epo_model_load takes, with its options (or NULL). The file is checked as
 * for scoring; a record inside it that is no JSON of the right form is EPO_EMODEL. Release with epo_card_free. */
epo_status epo_card_read(const char *path, const epo_model_options *options, epo_card *out);
void epo_card_free(epo_card *card); /* leaves it empty */

typedef struct epo_card_note {
    const char *key;  /* "limits", "licence": 1 to 32 of a-z, 0-9, '_', '-' */
    const char *text; /* UTF-8, at most 4000 bytes; "" takes the note away */
} epo_card_note;

typedef struct epo_card_additions {
    const char *metrics; /* a file of at most 64 KiB: a JSON array of objects whose values are texts, numbers, truth values
                            or null, `epochal evaluate --output json` for instance; replaces all metrics. A member "model"
                            is left out: it is this one. NULL: metrics stay */
    const epo_card_note *notes; /* each replaces the one of its key */
    size_t note_count;          /* with those that stay at most 32 */
} epo_card_additions;

/* Writes the model at `path` with these metrics and notes to `out` (which may be the same file), atomically: weights and all
 * other metadata stay as they are, the file's SHA-256 becomes another. EPO_EARG for notes that are none, EPO_EFORMAT
 * ("FILE: reason") for metrics that are none, and what epo_model_load and epo_model_save give. */
epo_status epo_card_write(const char *path, const epo_model_options *options, const epo_card_additions *additions, const char *out);

#ifdef __cplusplus
}
#endif
#endif
