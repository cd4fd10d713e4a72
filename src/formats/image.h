/* SPDX-License-Identifier: BSD-3-Clause
 * image.h - one 2-D image as a plain array, in the pixel type its file had. */
#ifndef EPO_FORMATS_IMAGE_H
#define EPO_FORMATS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pixel.h"

/* width x height pixels, row by row, in the host's byte order; row 0 is the first row of the file. All zeros is an
 * empty one. The pixels are owned by the image: epo__image_free. */
typedef struct epo__image {
    size_t width, height;
    epo__pixel_type type;
    void *pixels;
    size_t capacity; /* bytes allocated; a reader given an image with room in it writes into that room */
} epo__image;

void epo__image_free(epo__image *image); /* leaves it empty; accepts NULL and an empty one */
size_t epo__image_bytes(const epo__image *image);

/* Makes the image width x height of `type`, keeping its memory when it is large enough; pixel values are unspecified.
 * False, with the image unchanged, when there is no memory or the size overflows. */
bool epo__image_resize(epo__image *image, epo__pixel_type type, size_t width, size_t height);

#endif
