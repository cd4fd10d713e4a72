/* SPDX-License-Identifier: BSD-3-Clause
 * fits_card.h - header cards as text. A card is 80 bytes, without a NUL. */
#ifndef EPO_FORMATS_FITS_CARD_H
#define EPO_FORMATS_FITS_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EPO__CARD = 80, EPO__CARD_VALUE = EPO__CARD + 1, EPO__FITS_BLOCK = 2880 };

/* The value of a card into `text`: a quoted string without its quotes ('' is one quote) and trailing blanks, anything
 * else up to the comment. False, and "", when the card has none (COMMENT, HISTORY, blank). A value longer than size-1
 * is cut. */
bool epo__card_value(const char *card, char *text, size_t size);

/* The card's value when its keyword is exactly `name` (at most 8 upper-case letters) and it is one whole integer. */
bool epo__card_int(const char *card, const char *name, int64_t low, int64_t high, int64_t *out);

/* When the keyword is `root` (upper case) followed by a number from 1 to 999, as TFORM12: that number, else 0. */
size_t epo__card_index(const char *card, const char *root);

/* The first of `count` cards whose keyword is `name` (without case; with or without the word HIERARCH before it);
 * NULL when there is none. */
const char *epo__card_find(const char *cards, size_t count, const char *name);

/* epo__parse_double that also reads the Fortran exponent 1.5D3. */
bool epo__fits_parse_double(const char *text, double *out);

/* The shortest decimal of at least `digits` digits that reads back as the same number (as float when `single`), with a
 * point whatever the locale; `out` holds 32 bytes. */
void epo__fits_format_double(double value, bool single, int digits, char out[32]);

#endif
