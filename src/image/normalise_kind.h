/* SPDX-License-Identifier: BSD-3-Clause
 * normalise_kind.h - what a kind of normalisation is, for the two files that make up normalise.h: normalise.c reads the
 * text, forms the groups and applies; normalise_kinds.c holds the formulas. A new kind is one entry there. */
#ifndef EPO_IMAGE_NORMALISE_KIND_H
#define EPO_IMAGE_NORMALISE_KIND_H

#include "image/normalise.h"

/* The pixels that share a scale: `pieces` runs of `piece_size` pixels, one after the other, each with a location of
 * its own. */
typedef struct epo__pixel_group {
    float *pixels;
    size_t pieces, piece_size;
    const double *locations; /* [pieces] */
    /* The difference planes within the group: the first, how many, and the pixels from one's start to the next one's.
     * Under scope plane it is the plane itself. reference is NULL when the block has none. */
    const float *reference;
    size_t reference_count, reference_stride, plane_size;
    double *room; /* for as many doubles as the group has pixels */
} epo__pixel_group;

struct epo__normalise_kind {
    const char *name, *help;
    epo__scope scope;      /* the default */
    bool scoped;           /* takes scope= */
    bool sky;              /* takes sky=median */
    bool needs_difference; /* except under scope plane */
    double (*location)(const float *pixels, size_t count, double *room); /* NULL: 0 */
    void (*scale)(const epo__pixel_group *group, double *shift, double *scale); /* NULL: 0 and 1 */
    double (*curve)(double value); /* NULL: the value itself */
};

/* The median of the finite pixels, 0 where there are none; room for `count` doubles. */
double epo__median_location(const float *pixels, size_t count, double *room);

#endif
