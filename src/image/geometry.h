/* SPDX-License-Identifier: BSD-3-Clause
 * geometry.h - other sizes and other orientations of a plane: crop, pad, turn, flip. No resampling.
 *
 * Planes are row-major float32, height rows of width pixels, sides >= 1; source and target do not overlap. */
#ifndef EPO_IMAGE_GEOMETRY_H
#define EPO_IMAGE_GEOMETRY_H

/* Which pixel stays in its place. The centre of n pixels is number n/2, counted from 0: of 63 the middle one, of 64
 * the one right of the middle. EPO_FIT_CENTRE brings the source's centre to the target's centre, so that cropping in
 * two steps equals cropping in one, and padding and then cropping back changes nothing. A side that shrinks by an
 * odd number of pixels loses the extra one at its start when it was even, at its end when it was odd. */
typedef enum epo__fit {
    EPO_FIT_CENTRE,
    EPO_FIT_CORNER, /* pixel (0, 0) stays: rows and columns are added or cut at the bottom and on the right */
} epo__fit;

/* Writes the to_height x to_width plane `to` from the height x width plane `from`: cropped along each side that is too
 * long, padded with `value` along each that is too short. */
void epo__image_fit(const float *from, int height, int width, float *to, int to_height, int to_width, epo__fit fit,
                    float value);

enum { EPO_DIHEDRAL_COUNT = 8 };

/* One of the eight ways to lay a rectangle on a grid: `element` % 4 quarter turns against the clock (rows counted
 * downwards, as shown on a screen; numpy's rot90), then, for elements 4 to 7, a left-right flip. 0 copies. After an
 * odd number of quarter turns the target is width rows of height pixels. element is in 0 .. EPO_DIHEDRAL_COUNT-1. */
void epo__image_dihedral(const float *from, int height, int width, float *to, int element);

#endif
