/* SPDX-License-Identifier: BSD-3-Clause
 * image.c - one image as a plain array. */
#include "formats/image.h"

#include <stdlib.h>

#include "base/memory.h"

void epo__image_free(epo__image *image)
{
    if (!image) return;
    free(image->pixels);
    *image = (epo__image){0};
}

size_t epo__image_bytes(const epo__image *image)
{
    return image->width * image->height * epo__pixel_size(image->type);
}

bool epo__image_resize(epo__image *image, epo__pixel_type type, size_t width, size_t height)
{
    size_t count, bytes;
    if (!epo__size_mul(width, height, &count) || !epo__size_mul(count, epo__pixel_size(type), &bytes)) return false;
    if (!epo__grow(&image->pixels, &image->capacity, bytes, 1)) return false;
    image->width = width;
    image->height = height;
    image->type = type;
    return true;
}
