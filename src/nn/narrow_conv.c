/* SPDX-License-Identifier: BSD-3-Clause
 * narrow_conv.c - a convolution of narrow numbers as a product of overlapping rows. */
#include "nn/narrow_conv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/narrow_kernels.h"

enum { STRIP_BYTES = 196608, LEAST_CHANNELS = 8, TOGETHER = 32 /* pixels in a product */, LARGEST = 255 };

/* Sizes in elements, pixels and floats, as the geometry has them. */
typedef struct sizes {
    size_t channels, kernel, across; /* across: pixels of a row with what is around it */
    size_t line;                     /* elements of such a row */
    size_t element;                  /* bytes */
    size_t group;                    /* rows of results in a product */
} sizes;

static sizes sizes_of(const epo__narrow_conv *conv)
{
    const epo__conv_geometry *g = &conv->geometry;
    sizes s = {.channels = (size_t)g->in_channels, .kernel = (size_t)g->kernel};
    s.across = (size_t)g->width + (size_t)g->pad_left + (size_t)g->pad_right;
    s.line = s.across * s.channels;
    s.element = conv->type == EPO__BF16 ? sizeof(epo__bf16) : sizeof(uint8_t);
    s.group = s.across < TOGETHER ? TOGETHER / s.across : 1;
    return s;
}

bool epo__narrow_conv_suits(epo__narrow_type type, const epo__conv_geometry *g)
{
    enum { ROOM = 64 }; /* elements that a piece is rounded up by, at most */
    const size_t kernel = (size_t)g->kernel, piece = kernel * (size_t)g->in_channels + ROOM;
    return g->stride == 1 && g->in_channels >= LEAST_CHANNELS && epo__narrow_fits(type, epo__product(kernel, piece));
}

/* The weights as rows of B: row and column of the kernel, then the input; outputs side by side. */
static epo_status pack(epo__narrow_conv *conv, const float *weights)
{
    const epo__conv_geometry *g = &conv->geometry;
    const size_t outputs = (size_t)g->out_channels, inputs = (size_t)g->in_channels, kernel = (size_t)g->kernel;
    const size_t taps = kernel * kernel;
    float *sorted = epo__alloc(epo__product3(outputs, inputs, taps), sizeof *sorted);
    if (!sorted) return epo__nomem("weights of a convolution");
    epo__weights_by_tap(weights, outputs, inputs, taps, sorted);
    epo_status status = epo__narrow_make(conv->type, kernel, kernel * inputs, outputs, sorted, outputs, 1, &conv->product);
    free(sorted);
    return status;
}

epo_status epo__narrow_conv_make(epo__narrow_type type, const epo__conv_geometry *geometry, const float *weights,
                                 const float *bias, bool relu, epo__narrow_conv *conv)
{
    *conv = (epo__narrow_conv){.type = type, .geometry = *geometry, .relu = relu};
    const sizes s = sizes_of(conv);
    const size_t lines = STRIP_BYTES / (s.line * s.element), height = (size_t)geometry->out_height;
    conv->rows = lines > s.kernel + s.group ? (lines - s.kernel) / s.group * s.group : s.group;
    if (conv->rows > height) conv->rows = height;
    epo_status status = pack(conv, weights);
    if (status != EPO_OK) return status;
    conv->bias = epo__alloc((size_t)geometry->out_channels, sizeof *bias);
    if (!conv->bias) return epo__nomem("bias of a convolution");
    if (bias) memcpy(conv->bias, bias, (size_t)geometry->out_channels * sizeof *bias);
    return EPO_OK;
}

void epo__narrow_conv_release(epo__narrow_conv *conv)
{
    epo__narrow_release(&conv->product);
    free(conv->bias);
    *conv = (epo__narrow_conv){0};
}

/* Scratch memory: the strip of narrow numbers, the results of a product, their bias, the scales of its rows. */
typedef struct room {
    char *strip;
    float *results, *bias, *scales;
} room;

/* Where they begin, in bytes from the strip's beginning. */
typedef struct layout {
    size_t results, bias, scales, end;
} layout;

static layout lay_out(const epo__narrow_conv *conv)
{
    const sizes s = sizes_of(conv);
    const size_t outputs = (size_t)conv->geometry.out_channels, pixels = s.group * s.across;
    const size_t strip = (conv->rows + s.kernel) * s.line + epo__narrow_beyond(&conv->product, s.channels);
    layout l = {.results = epo__whole_lines(strip * s.element)};
    l.bias = l.results + epo__whole_lines(pixels * outputs * sizeof(float));
    l.scales = l.bias + epo__whole_lines(outputs * sizeof(float));
    l.end = l.scales + epo__whole_lines(pixels * sizeof(float));
    return l;
}

static room divide(const epo__narrow_conv *conv, char *scratch)
{
    const layout l = lay_out(conv);
    return (room){scratch, (float *)(void *)(scratch + l.results), (float *)(void *)(scratch + l.bias),
                  (float *)(void *)(scratch + l.scales)};
}

size_t epo__narrow_conv_scratch(const epo__narrow_conv *conv)
{
    return lay_out(conv).end;
}

/* What a number of the strip stands for: size * (number - zero). */
typedef struct unit {
    float size, zero;
} unit;

static unit unit_of(const epo__narrow_conv *conv, float smallest, float largest)
{
    if (conv->type == EPO__BF16) return (unit){1, 0};
    const float low = fminf(smallest, 0), high = largest < 0 ? 0 : largest; /* not-a-number stays: it spoils all results */
    const float size = (high - low) / LARGEST;
    return (unit){size, size > 0 ? rintf(-low / size) : 0};
}

/* Some numbers of the image into the strip. */
static void fill(const epo__narrow_conv *conv, const epo__narrow_image *image, size_t from, size_t count, unit u, void *to)
{
    const float factor = u.size > 0 ? 1 / u.size : 0;
    if (image->narrow) {
        const epo__bf16 *in = (const epo__bf16 *)image->pixels + from;
        if (conv->type == EPO__BF16)
            memcpy(to, in, count * sizeof *in);
        else
            epo__bf16_to_whole(in, to, count, factor);
    } else {
        const float *in = (const float *)image->pixels + from;
        if (conv->type == EPO__BF16)
            epo__to_bf16(in, to, count);
        else
            epo__to_whole(in, to, count, factor, u.zero);
    }
}

/* Rows [first, last) of the image, of which the first ones and the last ones may lie outside. */
static void fill_strip(const epo__narrow_conv *conv, const sizes *s, const epo__narrow_image *image, unit u, int first, int last,
                       char *strip)
{
    const epo__conv_geometry *g = &conv->geometry;
    const size_t before = (size_t)g->pad_left * s->channels, inside = (size_t)g->width * s->channels;
    const int nothing = conv->type == EPO__BF16 ? 0 : (int)u.zero;
    for (int y = first; y < last; y++, strip += s->line * s->element) {
        if (y < 0 || y >= g->height) {
            memset(strip, nothing, s->line * s->element);
            continue;
        }
        char *to = strip + before * s->element, *behind = to + inside * s->element;
        memset(strip, nothing, before * s->element);
        fill(conv, image, (size_t)y * inside, inside, u, to);
        memset(behind, nothing, (s->line - before - inside) * s->element);
    }
}

/* Zero is not 0 in whole numbers where an image has negative numbers: the bias takes it off again. */
static void prepare(const epo__narrow_conv *conv, const sizes *s, unit u, const room *r)
{
    const size_t outputs = (size_t)conv->geometry.out_channels;
    for (size_t o = 0; o < outputs; o++)
        r->bias[o] = conv->bias[o] - (u.zero > 0 ? u.size * u.zero * conv->product.sums[o] : 0);
    for (size_t i = 0; i < s->group * s->across; i++) r->scales[i] = u.size;
}

/* Rows of results, of which there are fewer than pixels where the strip has some between rows: their windows are in two
 * rows, and they stay behind. */
static void put_rows(const room *own, size_t rows, size_t across, size_t width, size_t outputs, const epo__narrow_out *out,
                     size_t row)
{
    const size_t size = out->type == EPO__OUT_BF16 ? sizeof(epo__bf16) : sizeof(float);
    for (size_t i = 0; i < rows; i++)
        for (size_t x = 0; x < width; x++)
            memcpy((char *)out->first + ((row + i) * width + x) * out->stride * size,
                   (const char *)own->results + (i * across + x) * outputs * size, outputs * size);
}

/* `n` rows of results from row y of the image, r of the strip. A row alone has no pixels that stay behind. */
static void multiply(const epo__narrow_conv *conv, const sizes *s, const room *own, size_t r, size_t n, size_t y,
                     const epo__narrow_out *out)
{
    const size_t outputs = (size_t)conv->geometry.out_channels, width = (size_t)conv->geometry.out_width;
    const size_t size = out->type == EPO__OUT_BF16 ? sizeof(epo__bf16) : sizeof(float);
    const epo__after after = {own->bias, conv->relu};
    const epo__narrow_rows a = {own->strip + r * s->line * s->element, s->channels, s->line,
                                conv->type == EPO__BF16 ? NULL : own->scales};
    epo__narrow_out to = {own->results, outputs, out->type};
    if (n == 1) to = (epo__narrow_out){(char *)out->first + y * width * out->stride * size, out->stride, out->type};
    epo__narrow_multiply(&conv->product, &a, n * s->across - (s->kernel - 1), &after, &to);
    if (n > 1) put_rows(own, n, s->across, width, outputs, out, y);
}

void epo__narrow_conv_run(const epo__narrow_conv *conv, const epo__narrow_image *image, size_t from, size_t to,
                          void *scratch, const epo__narrow_out *out)
{
    const sizes s = sizes_of(conv);
    const room own = divide(conv, scratch);
    const unit u = unit_of(conv, image->smallest, image->largest);
    const int above = conv->geometry.pad_top;
    prepare(conv, &s, u, &own);
    for (size_t y = from, rows; y < to; y += rows) {
        rows = to - y < conv->rows ? to - y : conv->rows;
        const size_t lines = rows + s.kernel - 1;
        fill_strip(conv, &s, image, u, (int)y - above, (int)(y + lines) - above, own.strip);
        memset(own.strip + lines * s.line * s.element, 0, epo__narrow_beyond(&conv->product, s.channels) * s.element);
        for (size_t r = 0, n; r < rows; r += n) {
            n = rows - r < s.group ? rows - r : s.group;
            multiply(conv, &s, &own, r, n, y + r, out);
        }
    }
}
