/* SPDX-License-Identifier: BSD-3-Clause
 * image.h - one 2-D image as a plain array, in the pixel type its file had. */
#ifndef EPO_FORMATS_IMAGE_H
#define EPO_FORMATS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

/* name, as it is stored and printed, and bytes of a pixel */
#define EPO__PIXEL_MAP(X) \
    X(U8, "u8", 1)        \
    X(I16, "i16", 2)      \
    X(U16, "u16", 2)      \
    X(I32, "i32", 4)      \
    X(F32, "f32", 4)      \
    X(F64, "f64", 8)

typedef enum epo__pixel_type {
#define EPO__PIXEL_ENUM(name, text, size) EPO__PIXEL_##name,
    EPO__PIXEL_MAP(EPO__PIXEL_ENUM)
#undef EPO__PIXEL_ENUM
} epo__pixel_type;

const char *epo__pixel_name(epo__pixel_type type); /* "u8" ...; NULL outside the enum */
size_t epo__pixel_size(epo__pixel_type type);      /* bytes of a pixel; 0 outside the enum */
bool epo__pixel_from_name(const char *name, epo__pixel_type *out);

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

/* `count` pixels of `type` at src (any alignment) as float32; I32 and F64 round to nearest, and F64 beyond float32's
 * range becomes infinite. */
void epo__pixels_to_f32(epo__pixel_type type, const void *src, size_t count, float *dst);

#endif
