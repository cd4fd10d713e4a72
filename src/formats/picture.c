/* SPDX-License-Identifier: BSD-3-Clause
 * picture.c - painting float planes, and PNG by libpng's simple interface, which needs no jumps. */
#include "formats/picture.h"

#include <math.h>
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Even steps of lightness in OKLab (Ottosson 2020), from hue 285 to 465 degrees, as much colour as sRGB has there. */
static const unsigned char colours[][3] = {
    {2, 2, 2},      {12, 2, 27},    {34, 0, 49},     {58, 0, 62},     {83, 0, 70},     {111, 1, 74},
    {139, 1, 73},   {169, 2, 65},   {199, 3, 46},    {218, 51, 20},   {227, 89, 5},    {235, 119, 6},
    {241, 148, 36}, {241, 177, 85}, {238, 204, 133}, {238, 227, 185}, {245, 245, 245},
};
static const unsigned char no_number[3] = {70, 110, 180};

epo_status epo__picture_create(size_t width, size_t height, epo__picture *out)
{
    *out = (epo__picture){0};
    if (width < 1 || height < 1 || width > EPO__PICTURE_MOST || height > EPO__PICTURE_MOST)
        return epo__fail(EPO_ELIMIT, "a picture of %zu x %zu pixels: 1 to %d along a side", width, height,
                         (int)EPO__PICTURE_MOST);
    out->rgb = epo__alloc(epo__product(width, height), 3);
    if (!out->rgb) return epo__nomem("a picture");
    memset(out->rgb, 255, width * height * 3);
    out->width = width;
    out->height = height;
    return EPO_OK;
}

void epo__picture_free(epo__picture *picture)
{
    free(picture->rgb);
    *picture = (epo__picture){0};
}

void epo__paint_of(epo__paint paint, double value, unsigned char rgb[3])
{
    const size_t steps = sizeof colours / sizeof *colours - 1;
    if (!isfinite(value)) {
        memcpy(rgb, no_number, 3);
        return;
    }
    double v = value < 0 ? 0 : value > 1 ? 1 : value;
    if (paint == EPO__PAINT_GREY) {
        memset(rgb, (int)lround(255 * v), 3);
        return;
    }
    size_t step = (size_t)(v * (double)steps);
    if (step >= steps) step = steps - 1;
    double part = v * (double)steps - (double)step;
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)lround(colours[step][c] + part * (colours[step + 1][c] - colours[step][c]));
}

static void fill(epo__picture *p, size_t left, size_t top, size_t width, size_t height, const unsigned char rgb[3])
{
    for (size_t y = top; y < p->height && y - top < height; y++)
        for (size_t x = left; x < p->width && x - left < width; x++) memcpy(p->rgb + (y * p->width + x) * 3, rgb, 3);
}

void epo__picture_paint(epo__picture *picture, size_t left, size_t top, const epo__painting *q)
{
    double range = q->high > q->low ? q->high - q->low : 1;
    for (size_t y = 0; y < q->height; y++)
        for (size_t x = 0; x < q->width; x++) {
            unsigned char rgb[3];
            epo__paint_of(q->paint, ((double)q->pixels[y * q->width + x] - q->low) / range, rgb);
            fill(picture, left + x * q->zoom, top + y * q->zoom, q->zoom, q->zoom, rgb);
        }
}

void epo__picture_bar(epo__picture *picture, size_t left, size_t top, size_t width, size_t height, epo__paint paint,
                      double value)
{
    unsigned char rgb[3];
    epo__paint_of(paint, value, rgb);
    fill(picture, left, top, width, height, rgb);
}

/* Whether no pixel has a colour; then the first byte of each says all, and the file is less than half as large. */
static bool is_grey(const epo__picture *p)
{
    for (const unsigned char *c = p->rgb, *end = c + p->width * p->height * 3; c < end; c += 3)
        if (c[0] != c[1] || c[0] != c[2]) return false;
    return true;
}

static epo_status write(const epo__picture *picture, png_uint_32 format, const unsigned char *rows, epo__bytes *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)picture->width,
                       .height = (png_uint_32)picture->height,
                       .format = format};
    png_alloc_size_t size = 0;
    if (!png_image_write_get_memory_size(image, size, 0, rows, 0, NULL))
        return epo__fail(EPO_EINTERNAL, "a picture as PNG: %s", image.message);
    if (!epo__grow(&out->data, &out->capacity, size, 1)) return epo__nomem("a picture");
    size = out->capacity;
    if (!png_image_write_to_memory(&image, out->data, &size, 0, rows, 0, NULL))
        return epo__fail(EPO_EINTERNAL, "a picture as PNG: %s", image.message);
    out->size = size;
    return EPO_OK;
}

epo_status epo__picture_png(const epo__picture *picture, epo__bytes *out)
{
    const size_t count = picture->width * picture->height;
    out->size = 0;
    if (!is_grey(picture)) return write(picture, PNG_FORMAT_RGB, picture->rgb, out);
    unsigned char *grey = epo__alloc(count, 1);
    if (!grey) return epo__nomem("a picture");
    for (size_t i = 0; i < count; i++) grey[i] = picture->rgb[3 * i];
    const epo_status status = write(picture, PNG_FORMAT_GRAY, grey, out);
    free(grey);
    return status;
}
