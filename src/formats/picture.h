/* SPDX-License-Identifier: BSD-3-Clause
 * picture.h - pictures for people: float planes painted side by side, grey or in colours, and written as PNG.
 *
 *     epo__picture p;
 *     epo__picture_create(130, 64, &p)              white
 *     epo__picture_paint(&p, 0, 0, &stamp)          rows as they lie in memory: row 0 at the top
 *     epo__picture_paint(&p, 66, 0, &map)
 *     epo__picture_png(&p, &bytes)                  into memory; new_file.h writes it
 *     epo__picture_free(&p) */
#ifndef EPO_FORMATS_PICTURE_H
#define EPO_FORMATS_PICTURE_H

#include <stddef.h>

#include "epochal/status.h"
#include "formats/bytes.h"

enum { EPO__PICTURE_MOST = 32768 /* pixels along a side */ };

typedef struct epo__picture {
    size_t width, height;
    unsigned char *rgb; /* height x width x 3 */
} epo__picture;

/* EPO_ELIMIT for a side that is 0 or over EPO__PICTURE_MOST; EPO_ENOMEM. */
epo_status epo__picture_create(size_t width, size_t height, epo__picture *out);
void epo__picture_free(epo__picture *picture); /* leaves it empty */

typedef enum epo__paint {
    EPO__PAINT_GREY,   /* black to white */
    EPO__PAINT_COLOUR, /* black over violet, red and orange to pale yellow, evenly in lightness: right also in print and
                          for the colour-blind */
} epo__paint;

/* What is painted: height rows of width numbers; low is painted darkest, high brightest, what is not finite mid-blue.
 */
typedef struct epo__painting {
    const float *pixels;
    size_t height, width;
    size_t zoom; /* each becomes zoom x zoom pixels of the picture */
    double low, high;
    epo__paint paint;
} epo__painting;

/* With its upper left corner at (left, top); what lies outside is cut off. */
void epo__picture_paint(epo__picture *picture, size_t left, size_t top, const epo__painting *painting);

/* A bar of one colour: that of `value` (0 to 1). */
void epo__picture_bar(epo__picture *picture, size_t left, size_t top, size_t width, size_t height, epo__paint paint,
                      double value);

/* The colour of a number from 0 to 1; beyond, that of the nearer end. */
void epo__paint_of(epo__paint paint, double value, unsigned char rgb[3]);

/* Fills `out`, whose old contents are lost, with a PNG file. EPO_ENOMEM. */
epo_status epo__picture_png(const epo__picture *picture, epo__bytes *out);

#endif
