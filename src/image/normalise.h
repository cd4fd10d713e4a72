/* SPDX-License-Identifier: BSD-3-Clause
 * normalise.h - pixels to numbers that a network can take.
 *
 * A normaliser is a kind and a scope, written in network and weights files as text: "l2row", "asinh scope=sequence",
 * "sigma3 difference=zscore". Every kind is one formula,
 *
 *     y = f((x - location + shift) / scale),
 *
 * and scope says which pixels location, shift and scale are found from:
 *
 *     row       each row by itself (l2row only)
 *     plane     each plane by itself
 *     stamp     all planes of a stamp as one image
 *     sequence  one shift and scale for all nights, found from x - location of every plane; location, the sky, plane by
 *               plane. A source's changes from night to night survive; with a scale a night they would be divided out.
 *
 *     kind        location  shift  scale                               f      scope    from
 *     none        0         0      1                                          plane
 *     l2          0         0      sqrt(sum x^2)                              plane    gotorb, braai d6_m9
 *     l2row       0         0      sqrt(sum x^2) of the row                   row      ZTF d6_m7
 *     zscore      mean      0      s = population SD                          plane    DIA, difference plane
 *     sigma3      mean      3s     6s: mean +- 3s to 0..1                     plane    DIA/noDIA, the paper
 *     sigma3code  mean      -a     b - a; a, b = smallest and largest         plane    DIA/noDIA, the authors' code
 *                                  x - mean strictly inside +-3s
 *     minmax      min       0      max(x - min)                               plane    ALeRCE
 *     mad         0         0      1.4826 median|x| of difference planes      stamp    DES (autoscan)
 *     asinh       median    0      1.4826 median|x - median|           asinh  sequence
 *
 * The column `scope` is what a text without scope= gets. Options:
 *
 *     scope=plane|stamp|sequence   not for none and l2row
 *     sky=median                   none and l2: location is the median instead of 0
 *     difference=KIND              the difference plane is normalised by another kind (not l2row); scope plane only
 *
 * Rules that hold for every kind:
 *   - Statistics pass over pixels that are not finite, and such pixels come out as 0; a caller with another rule
 *     replaces them before (pixels.h). So the result is always finite: what would pass the range of float is cut to it.
 *   - A scale of 0 counts as 1. So a constant plane gives 0 under zscore, sigma3, sigma3code, minmax and asinh.
 *   - Sums and quotients are in double, rounded to float once at the end, in the order of the pixels: the same bits on
 *     every run. The published ZTF scores need a row norm good to float precision, which this gives with room to spare.
 */
#ifndef EPO_IMAGE_NORMALISE_H
#define EPO_IMAGE_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"
#include "image/work.h"

typedef enum epo__scope { EPO_SCOPE_ROW, EPO_SCOPE_PLANE, EPO_SCOPE_STAMP, EPO_SCOPE_SEQUENCE } epo__scope;

typedef struct epo__normalise_kind epo__normalise_kind;

/* All kinds, ending with NULL: for help texts. */
extern const epo__normalise_kind *const epo__normalise_kinds[];
const char *epo__normalise_kind_name(const epo__normalise_kind *kind);
const char *epo__normalise_kind_help(const epo__normalise_kind *kind); /* one line */

/* A plain value: copy it, compare its fields. All zeros stands for "none". Made by epo__normaliser_parse. */
typedef struct epo__normaliser {
    const epo__normalise_kind *kind;
    epo__scope scope;
    bool sky;                              /* sky=median was given */
    const epo__normalise_kind *difference; /* of the difference plane; NULL: as the others */
} epo__normaliser;

/* Reads "KIND [OPTION=VALUE]...", parted by blanks. EPO_EARG with the reason, and the kinds or values there are;
 * *out is then untouched. */
epo_status epo__normaliser_parse(const char *text, epo__normaliser *out);

enum { EPO_NORMALISER_TEXT = 80 };

/* The text that parses to the same normaliser: the kind, then only the options that differ from their defaults. */
void epo__normaliser_text(const epo__normaliser *normaliser, char out[EPO_NORMALISER_TEXT]);

/* stamps x planes x height x width pixels, contiguous: one stamp or triplet, or all nights of one object. */
typedef struct epo__image_block {
    float *pixels;
    size_t stamps;
    size_t planes; /* of a stamp */
    int height, width;
    int difference; /* which plane of each stamp is the difference image, from 0; -1: none */
} epo__image_block;

/* Normalises the block in place. Under scope sequence the block must hold the whole sequence; under the others its
 * stamps are independent, and any number of them may be given at once. EPO_EARG when a side is below 1, the block is
 * too large to address, or the normaliser needs a difference plane that the block does not have; EPO_ENOMEM when the
 * workspace cannot grow to one double for each plane and each pixel that share a scale. Then no pixel has changed. */
epo_status epo__normalise(const epo__normaliser *normaliser, const epo__image_block *block, epo__image_work *work);

/* Scope sequence in two steps, for a caller that has never the whole sequence at hand: the scale of all nights, found
 * once, then applied to some of them. Doing both to one block is epo__normalise, to the bit. */
typedef struct epo__sequence_scale {
    double shift, scale;
} epo__sequence_scale;

/* Leaves the pixels as they are. Fails as epo__normalise does, and with EPO_EARG when the scope is another. */
epo_status epo__normalise_measure(const epo__normaliser *normaliser, const epo__image_block *block,
                                  epo__image_work *work, epo__sequence_scale *out);

/* locations: of each plane of the block, in pixels' unit; those that are NaN are found, and filled in. They do not
 * depend on the order of the pixels (but for rounding, where the location is the mean). */
epo_status epo__normalise_by(const epo__normaliser *normaliser, const epo__sequence_scale *scale,
                             const epo__image_block *block, double *locations, epo__image_work *work);

#endif
