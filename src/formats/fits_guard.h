/* SPDX-License-Identifier: BSD-3-Clause
 * fits_guard.h - what the guard knows of a file after walking all of it, shared by the parts of the FITS reader. */
#ifndef EPO_FORMATS_FITS_GUARD_H
#define EPO_FORMATS_FITS_GUARD_H

#include "formats/fits.h"
#include "formats/fits_card.h"

typedef struct epo__fits_column {
    char name[72];         /* TTYPEn, "" when there is none */
    char letter;           /* of TFORMn */
    size_t repeat;         /* elements (bits for X); characters in an ASCII table */
    size_t offset, width;  /* bytes in a row */
    double scale, zero;    /* TSCALn, TZEROn */
    bool has_null;
    int64_t null;          /* TNULLn */
} epo__fits_column;

typedef struct epo__fits_unit { /* an HDU: a header and its data unit */
    const char *cards;          /* of the header, without END */
    size_t card_count;
    const unsigned char *data;
    size_t data_size; /* without the fill */
    epo__fits_kind kind;
    epo_status refusal; /* EPO__FITS_OTHER: how and why reading is refused */
    char reason[80];
    int bitpix;
    size_t width, height; /* image */
    bool tiled;           /* a tile-compressed image: cfitsio must see the file's own header (trusted files only) */
    bool ascii;           /* table */
    size_t row_size, rows, column_count;
    epo__fits_column *columns;
} epo__fits_unit;

struct epo__fits {
    char *name;
    const unsigned char *bytes; /* inflated */
    size_t size;
    unsigned char *owned; /* NULL when `bytes` are someone else's */
    epo__fits_limits limits;
    epo__fits_unit *units;
    size_t count, capacity;
    epo__bytes scratch; /* what cfitsio is given, see fits_pixels.c */
};

/* Fills f->units from f->bytes. Every unit lies inside the bytes, has a printable header with an END, and sizes that
 * were multiplied with checks; or the status says what is wrong, naming f->name and the HDU. */
epo_status epo__fits_guard(epo__fits *f);

/* The columns of a table HDU, whose cards, row_size, rows and ascii are set. Refusing a table is no failure: it sets
 * kind, refusal and reason. EPO_ENOMEM only. */
epo_status epo__fits_guard_columns(epo__fits_unit *unit);

/* Makes the unit EPO__FITS_OTHER for this reason. */
void epo__fits_refuse(epo__fits_unit *unit, epo_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* EPO_OK when HDU i exists and is of `kind`; else the failure to return. */
epo_status epo__fits_want(const epo__fits *f, size_t i, epo__fits_kind kind);

#endif
