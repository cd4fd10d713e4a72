/* SPDX-License-Identifier: BSD-3-Clause
 * image.c - pixel types and their way to float32. */
#include "formats/image.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
#define PIXEL_ROW(name, text, size) [EPO__PIXEL_##name] = {text, size},
    EPO__PIXEL_MAP(PIXEL_ROW)
#undef PIXEL_ROW
};

enum { TYPE_COUNT = sizeof types / sizeof *types };

const char *epo__pixel_name(epo__pixel_type type)
{
    return (size_t)type < TYPE_COUNT ? types[type].name : NULL;
}

size_t epo__pixel_size(epo__pixel_type type)
{
    return (size_t)type < TYPE_COUNT ? types[type].size : 0;
}

bool epo__pixel_from_name(const char *name, epo__pixel_type *out)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (strcmp(name, types[i].name) == 0) {
            *out = (epo__pixel_type)i;
            return true;
        }
    return false;
}

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

/* memcpy of each pixel: src comes from databases and packets at any address */
#define CONVERT(pixel)                                         \
    for (size_t i = 0; i < count; i++) {                       \
        pixel value;                                           \
        memcpy(&value, from + i * sizeof value, sizeof value); \
        dst[i] = (float)value;                                 \
    }

void epo__pixels_to_f32(epo__pixel_type type, const void *src, size_t count, float *dst)
{
    const unsigned char *from = src;
    switch (type) {
    case EPO__PIXEL_U8: CONVERT(uint8_t) break;
    case EPO__PIXEL_I16: CONVERT(int16_t) break;
    case EPO__PIXEL_U16: CONVERT(uint16_t) break;
    case EPO__PIXEL_I32: CONVERT(int32_t) break;
    case EPO__PIXEL_F64: CONVERT(double) break;
    case EPO__PIXEL_F32:
        if (count) memcpy(dst, src, count * sizeof *dst);
        break;
    }
}
