/* SPDX-License-Identifier: BSD-3-Clause
 * pixel.h - the types that pixels have in files and in the store, and their way to float32. */
#ifndef EPO_BASE_PIXEL_H
#define EPO_BASE_PIXEL_H

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

/* `count` pixels of `type` at src (any alignment) as float32; I32 and F64 round to nearest, and F64 beyond float32's
 * range becomes infinite. */
void epo__pixels_to_f32(epo__pixel_type type, const void *src, size_t count, float *dst);

#endif
