/* SPDX-License-Identifier: BSD-3-Clause
 * export.h - what the kinds of export share: the walk over objects, their stamps, and pixels of one size.
 *
 * A kind is one export_*.c ending in a const epo__export_kind; export.c lists them. */
#ifndef EPO_DATA_EXPORT_H
#define EPO_DATA_EXPORT_H

#include "data/objects.h"
#include "epochal/export.h"
#include "store/stamps.h"

enum { EPO__EXPORT_ROLES = 8 };

typedef struct epo__export epo__export;

typedef struct epo__export_kind {
    const char *name, *about;
    epo_status (*check)(const epo_export_options *options); /* NULL: nothing to check */
    epo_status (*write)(epo__export *e, const char *path);
} epo__export_kind;

extern const epo__export_kind epo__export_otrain, epo__export_sequences, epo__export_csv, epo__export_regions;

struct epo__export {
    const epo_export_options *options;
    epo_store *store; /* one consistent view */
    epo_export_summary *summary;
    epo_export_fn report;
    void *report_context;

    epo__object_cursor cursor;
    epo__object_row object; /* the object at hand; texts in `texts` */
    epo__stamp_list stamps; /* its own */
    epo__pool texts;
    bool quiet; /* a second walk does not report again what the first did */

    int width, height; /* of what is written */
    epo__pixels raw;
    float *plane, *fitted;
    size_t plane_room, fitted_room;
};

/* Goes to the first object again. */
epo_status epo__export_start(epo__export *e);

/* The next object with its stamps; *more is false at the end. Damaged objects are reported and passed over. */
epo_status epo__export_next(epo__export *e, bool *more);

/* Notes something that is left out as damaged, with the message of the last failure; `exposure` NULL: the object. */
epo_status epo__export_damaged(epo__export *e, const char *exposure);

/* "science,template" into `roles`. EPO_EARG. */
epo_status epo__export_roles(const char *text, epo__role *roles, size_t *count);

/* Settles width and height from the options and one stamp more. EPO_EFORMAT when sizes differ and there is no side. */
epo_status epo__export_size(epo__export *e, const epo__stamp_row *stamp);

/* The stamp's pixels, height x width of the export, into e->fitted; `fill` where there is none. *good is false when it
 * is damaged, which is reported. */
epo_status epo__export_pixels(epo__export *e, const epo__stamp_row *stamp, float fill, bool *good);

/* EPO_ENOTFOUND: no stamps of these roles. */
epo_status epo__export_nothing(const epo__export *e, const char *roles);

/* csv: the tables there are. */
epo_export_word epo__export_table_at(size_t index);

#endif
