/* SPDX-License-Identifier: BSD-3-Clause
 * pixel.c - pixel types and their way to float32. */
#include "base/pixel.h"

#include <stdint.h>
#include <string.h>

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
