/* SPDX-License-Identifier: BSD-3-Clause
 * pictures.c - stamps as PNG inside the page. */
#include "report/pictures.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "formats/picture.h"

static double quantile(const float *sorted, size_t count, double share)
{
    return (double)sorted[(size_t)lround(share * (double)(count - 1))];
}

/* The finite ones of `pixels`, sorted; the caller frees them. NULL without memory. */
static float *sorted_of(const float *pixels, size_t count, size_t *finite)
{
    float *sorted = epo__alloc(count + 1, sizeof *sorted);
    *finite = 0;
    for (size_t i = 0; sorted && i < count; i++)
        if (isfinite(pixels[i])) sorted[(*finite)++] = pixels[i];
    if (sorted && *finite) qsort(sorted, *finite, sizeof *sorted, epo__by_float);
    return sorted;
}

epo_status epo__sky_off(float *pixels, size_t count)
{
    size_t finite;
    float *sorted = sorted_of(pixels, count, &finite);
    if (!sorted) return epo__nomem("a picture");
    const float sky = finite ? (float)quantile(sorted, finite, 0.5) : 0;
    for (size_t i = 0; i < count; i++) pixels[i] -= sky;
    free(sorted);
    return EPO_OK;
}

epo_status epo__grey_of(const float *pixels, size_t count, epo__grey *out)
{
    size_t finite;
    float *sorted = sorted_of(pixels, count, &finite);
    *out = (epo__grey){.width = 1, .high = 1};
    if (!sorted) return epo__nomem("a picture");
    if (finite) {
        const double low = quantile(sorted, finite, 0.01), high = quantile(sorted, finite, 0.998);
        out->sky = quantile(sorted, finite, 0.5);
        for (size_t i = 0; i < finite; i++) sorted[i] = (float)fabs((double)sorted[i] - out->sky);
        qsort(sorted, finite, sizeof *sorted, epo__by_float);
        out->width = 1.4826 * quantile(sorted, finite, 0.5);
        if (!(out->width > 0)) out->width = fmax((high - low) / 100, 1e-30); /* most pixels are equal */
        out->low = asinh((low - out->sky) / out->width);
        out->high = asinh((high - out->sky) / out->width);
    }
    free(sorted);
    return EPO_OK;
}

float epo__grey_value(const epo__grey *grey, float pixel)
{
    if (!isfinite(pixel)) return NAN;
    const double span = grey->high > grey->low ? grey->high - grey->low : 1;
    return (float)fmin(1, fmax(0, (asinh(((double)pixel - grey->sky) / grey->width) - grey->low) / span));
}

void epo__base64(epo__string *out, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const unsigned b = i + 1 < size ? bytes[i + 1] : 0, c = i + 2 < size ? bytes[i + 2] : 0;
        const unsigned all = (unsigned)bytes[i] << 16 | b << 8 | c;
        const char four[] = {digits[all >> 18], digits[all >> 12 & 63], i + 1 < size ? digits[all >> 6 & 63] : '=',
                             i + 2 < size ? digits[all & 63] : '='};
        epo__string_addn(out, four, sizeof four);
    }
}

epo_status epo__picture_uri(epo__string *out, const float *pixels, size_t height, size_t width, const epo__grey *grey)
{
    const size_t rows = height < EPO__PICTURE_SIDE ? height : EPO__PICTURE_SIDE,
                 columns = width < EPO__PICTURE_SIDE ? width : EPO__PICTURE_SIDE;
    const float *first = pixels + (height - rows) / 2 * width + (width - columns) / 2;
    epo__picture picture = {0};
    epo__bytes png = {0};
    float *values = epo__alloc(epo__product(rows, columns), sizeof *values);
    epo_status status = values ? epo__picture_create(columns, rows, &picture) : epo__nomem("a picture");
    if (status == EPO_OK) {
        for (size_t y = 0; y < rows; y++)
            for (size_t x = 0; x < columns; x++) values[y * columns + x] = epo__grey_value(grey, first[y * width + x]);
        epo__picture_paint(&picture, 0, 0,
                           &(epo__painting){.pixels = values, .height = rows, .width = columns, .zoom = 1, .high = 1});
        status = epo__picture_png(&picture, &png);
    }
    if (status == EPO_OK) {
        epo__string_add(out, "data:image/png;base64,");
        epo__base64(out, png.data, png.size);
    }
    epo__bytes_free(&png);
    epo__picture_free(&picture);
    free(values);
    return status;
}
