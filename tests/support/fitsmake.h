/* SPDX-License-Identifier: BSD-3-Clause
 * fitsmake.h - writes FITS bytes for tests, right ones and wrong ones. It shares no code with the reader or cfitsio, so
 * that a mistake there is not made twice.
 *
 *     fm_file f = {0};
 *     fm_primary(&f, "OBJECT  = 'CRTS'\nHIERARCH RA (J2000) = 171.0112");
 *     fm_table(&f, 2, (const char *[]){"HDU_Ext", "MJD"}, (const char *[]){"J", "D"}, 1,
 *              (const char *[]){"2", "53827.25"}, "EXTNAME = 'EPOCHS'");
 *     fm_image(&f, 16, 64, 64, pixels, "BZERO   = 32768\nBSCALE  = 1");
 *     fm_save(&f, path);
 *     fm_free(&f);
 *
 * Extra cards are lines, each padded or cut to 80 bytes and not checked; NULL or "" for none. */
#ifndef EPO_TESTS_FITSMAKE_H
#define EPO_TESTS_FITSMAKE_H

#include <stddef.h>

typedef struct fm_file {
    unsigned char *data;
    size_t size, capacity;
} fm_file;

/* A primary HDU without data. */
void fm_primary(fm_file *f, const char *cards);

/* An image HDU: the primary when the file is empty so far, else an extension. `values` is an array of the type that
 * BITPIX stores (uint8_t, int16_t, int32_t, int64_t, float, double) in host order; NULL for zeros. */
void fm_image(fm_file *f, int bitpix, size_t width, size_t height, const void *values, const char *cards);

/* A binary table; an empty file first gets an empty primary. `cells` are rows x columns texts, row by row. Forms are
 * "rA" (padded with blanks), "B" "I" "J" "K" "E" "D" (parsed as numbers) and "L" ("T", "F" or ""). */
void fm_table(fm_file *f, size_t columns, const char *const *names, const char *const *forms, size_t rows,
              const char *const *cells, const char *cards);

/* The pieces, for headers that lie. A header is cards, then fm_end; data is fm_bytes, then fm_fill. */
void fm_card(fm_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fm_cards(fm_file *f, const char *lines);
void fm_end(fm_file *f);                                        /* END and blanks to the 2880-byte border */
void fm_bytes(fm_file *f, const void *bytes, size_t size);      /* NULL: zeros */
void fm_swapped(fm_file *f, const void *values, size_t size, size_t count); /* big-endian */
void fm_fill(fm_file *f);                                       /* zeros to the border */

void fm_save(const fm_file *f, const char *path);
/* Appends one gzip member with f's bytes to `out`. */
void fm_gzip(const fm_file *f, fm_file *out);
/* Appends `start`, then `count` bytes that repeat `piece` (NULL: zeros), packed piece by piece, so that this program stays small;
 * `window` as zlib has it: 31 gzip, -15 bare. */
void fm_deflate(fm_file *out, int window, const void *start, size_t start_size, const char *piece, size_t count);
void fm_free(fm_file *f); /* leaves it empty */

#endif
