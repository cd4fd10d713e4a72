/* SPDX-License-Identifier: BSD-3-Clause
 * narrow_conv.h - a convolution of step 1 in bfloat16 or whole numbers of 8 bits, from and to float32 or bfloat16.
 *
 * Some rows of an image are turned into narrow numbers, with zeros around them. There the k pixels of a row of the kernel lie side by
 * side, k x C numbers, and the window of the next pixel begins C further on; so the convolution is a product of
 * overlapping rows, in k pieces, and nothing is copied into windows.
 *
 * Whole numbers need a unit: a 255th of the range of the image's numbers, as it is when it comes. So no sample has to be
 * looked at beforehand, and an image's result depends on this image alone.
 */
#ifndef EPO_NN_NARROW_CONV_H
#define EPO_NN_NARROW_CONV_H

#include "nn/onednn.h"
#include "nn/product_narrow.h"

typedef struct epo__narrow_conv {
    epo__narrow_type type;
    epo__conv_geometry geometry;
    epo__narrow product;
    float *bias; /* of the outputs; zeros where there is none */
    bool relu;
    size_t rows; /* of results that are worked on at a time */
} epo__narrow_conv;

/* Where it is worth it: step 1, and enough channels that a kernel's row fills what is read at a time, and not so many that
 * whole numbers run over. */
bool epo__narrow_conv_suits(epo__narrow_type type, const epo__conv_geometry *geometry);

/* weights: O x I x k x k; bias: O, or NULL; both are copied. */
epo_status epo__narrow_conv_make(epo__narrow_type type, const epo__conv_geometry *geometry, const float *weights,
                                 const float *bias, bool relu, epo__narrow_conv *conv);
void epo__narrow_conv_release(epo__narrow_conv *conv); /* zeros are fine */

/* Bytes of scratch memory, on a 64-byte border, that a run needs. */
size_t epo__narrow_conv_scratch(const epo__narrow_conv *conv);

/* An image of H x W x I numbers. In bfloat16 none is negative where a convolution of whole numbers takes it. */
typedef struct epo__narrow_image {
    const void *pixels; /* floats, or epo__bf16 */
    bool narrow;
    float smallest, largest; /* bounds of its numbers; a convolution in bfloat16 does not need them */
} epo__narrow_image;

/* Rows [from, to) of the result; `out` is the first row of it, with the stride from pixel to pixel. */
void epo__narrow_conv_run(const epo__narrow_conv *conv, const epo__narrow_image *image, size_t from, size_t to,
                          void *scratch, const epo__narrow_out *out);

#endif
