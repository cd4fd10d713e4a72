/* SPDX-License-Identifier: BSD-3-Clause
 * fits_write.h - one float32 image as a FITS file. Written by us, byte by byte: it is one header and one block of
 * pixels. */
#ifndef EPO_FORMATS_FITS_WRITE_H
#define EPO_FORMATS_FITS_WRITE_H

#include <stddef.h>

#include "epochal/status.h"
#include "formats/bytes.h"

/* A keyword (1 to 8 of A-Z, 0-9, - and _) with a text, or with a number where text is NULL. Of a text what fits one
 * card is kept, and bytes that FITS does not allow become '?'. A number that is not finite leaves the card out. */
typedef struct epo__fits_card_write {
    const char *keyword, *text;
    double number;
} epo__fits_card_write;

/* Fills `out` (whose old contents are lost) with the file. pixels: height rows of width. EPO_EARG for an empty image or
 * a keyword that is none; EPO_ENOMEM. */
epo_status epo__fits_encode(const float *pixels, size_t height, size_t width, const epo__fits_card_write *cards,
                            size_t count, epo__bytes *out);

#endif
