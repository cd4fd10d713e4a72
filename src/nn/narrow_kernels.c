/* SPDX-License-Identifier: BSD-3-Clause
 * narrow_kernels.c - the loops that turn floats into narrow numbers, compiled for several vector sizes as those of
 * kernels.c. They are written in vectors of 16, since gcc takes narrow numbers apart otherwise. */
#include "nn/narrow_kernels.h"

#include <stdbool.h>
#include <string.h>

#include "base/clones.h"

#pragma GCC diagnostic ignored "-Wpsabi" /* vectors go from one function to another only where that is inlined */
#define INLINE static inline __attribute__((always_inline))
enum { LANES = 16, LARGEST = 255 };

#define VECTOR(type) __attribute__((vector_size(LANES * sizeof(type)), aligned(sizeof(type)), may_alias))
typedef float floats VECTOR(float);
typedef int32_t integers VECTOR(int32_t);
typedef uint32_t words VECTOR(uint32_t);
typedef epo__bf16 halves VECTOR(epo__bf16);
typedef uint8_t bytes VECTOR(uint8_t);

INLINE floats widen(halves x)
{
    return (floats)(__builtin_convertvector(x, words) << 16);
}

/* Not-a-number may become anything: pixels are looked at before, losses behind. */
INLINE halves rounded(floats x)
{
    const words bits = (words)x;
    return __builtin_convertvector((bits + 0x7fff + (bits >> 16 & 1)) >> 16, halves);
}

/* Of numbers that are not negative. */
INLINE bytes whole(floats x)
{
    return __builtin_convertvector(__builtin_convertvector(x + 0.5F, integers), bytes);
}

INLINE floats larger(floats a, floats b)
{
    const integers first = a > b;
    return (floats)(((integers)a & first) | ((integers)b & ~first));
}

/* Not-a-number stays what it is. */
INLINE floats no_more(floats x, float most)
{
    const integers over = x > most;
    return (floats)(((integers)(most - (floats){0}) & over) | ((integers)x & ~over));
}

INLINE float largest_of(floats x)
{
    float most = x[0];
    for (int i = 1; i < LANES; i++) most = x[i] > most ? x[i] : most;
    return most;
}

/* out = expression of x, in, in vectors; a few numbers at the end are a vector with zeros behind them. */
#define CONVERT(in, in_type, out, out_type, count, expression)  \
    do {                                                        \
        size_t at = 0;                                          \
        for (; at + LANES <= (count); at += LANES) {            \
            const in_type x = *(const in_type *)((in) + at);    \
            *(out_type *)((out) + at) = expression;             \
        }                                                       \
        in_type x = {0};                                        \
        memcpy(&x, (in) + at, ((count) - at) * sizeof *(in));   \
        const out_type y = expression;                          \
        memcpy((out) + at, &y, ((count) - at) * sizeof *(out)); \
    } while (0)

EPO_KERNEL void epo__to_bf16(const float *in, epo__bf16 *out, size_t count)
{
    CONVERT(in, floats, out, halves, count, rounded(x));
}

EPO_KERNEL void epo__from_bf16(const epo__bf16 *in, float *out, size_t count)
{
    CONVERT(in, halves, out, floats, count, widen(x));
}

EPO_KERNEL void epo__split_bf16(const float *in, epo__bf16 *upper, epo__bf16 *lower, size_t count)
{
    CONVERT(in, floats, upper, halves, count, rounded(x));
    CONVERT(in, floats, lower, halves, count, rounded(x - widen(rounded(x))));
}

/* Where `zero` was rounded up, the largest numbers come to half a unit more than LARGEST, which must not be rounded once more. */
EPO_KERNEL void epo__to_whole(const float *in, uint8_t *out, size_t count, float factor, float zero)
{
    CONVERT(in, floats, out, bytes, count, whole(no_more(x * factor + zero, LARGEST)));
}

EPO_KERNEL void epo__bf16_to_whole(const epo__bf16 *in, uint8_t *out, size_t count, float factor)
{
    CONVERT(in, halves, out, bytes, count, whole(widen(x) * factor));
}

EPO_KERNEL float epo__largest_bf16(const epo__bf16 *x, size_t count)
{
    epo__bf16 largest = 0; /* the bits of positive numbers are in their order */
#pragma omp simd reduction(max : largest)
    for (size_t i = 0; i < count; i++) largest = x[i] > largest ? x[i] : largest;
    const halves all = largest - (halves){0};
    return widen(all)[0];
}

EPO_KERNEL void epo__range(const float *x, size_t count, float *smallest, float *largest)
{
    floats low = *smallest - (floats){0}, high = *largest - (floats){0}, odd = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const floats now = *(const floats *)(x + i);
        low = -larger(-now, -low);
        high = larger(now, high);
        odd += now * 0; /* infinity too becomes not-a-number */
    }
    for (; i < count; i++) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
        odd[0] += x[i] * 0;
    }
    for (i = 1; i < LANES; i++) odd[0] += odd[i];
    *smallest = -largest_of(-low);
    *largest = largest_of(high) + odd[0];
}

/* Channels of a dense block are parts of long pixels, too far apart for the processor to guess the next. */
INLINE void ask_ahead(const epo__bf16 *pixel, size_t stride, size_t channels)
{
    for (size_t c = 0; c < channels; c += 32) __builtin_prefetch(pixel + 3 * stride + c);
}

/* relu(x * scale + shift) of 16 channels, or of fewer with zeros behind them; x in bfloat16 (`narrow`) or float32. */
INLINE floats affine_relu(const void *in, bool narrow, const float *scale, const float *shift, size_t count)
{
    halves x = {0};
    floats wide = {0}, a = {0}, b = {0};
    if (count == LANES) {
        if (narrow) x = *(const halves *)in;
        if (!narrow) wide = *(const floats *)in;
        a = *(const floats *)scale, b = *(const floats *)shift;
    } else {
        memcpy(narrow ? (void *)&x : (void *)&wide, in, count * (narrow ? sizeof(epo__bf16) : sizeof(float)));
        memcpy(&a, scale, count * sizeof *scale);
        memcpy(&b, shift, count * sizeof *shift);
    }
    return larger((narrow ? widen(x) : wide) * a + b, (floats){0});
}

INLINE void affine_relu_pixel(const void *in, bool narrow, epo__bf16 *out, size_t out_stride, const float *scale,
                              const float *shift, size_t channels)
{
    const size_t vectors = channels / LANES * LANES, rest = channels - vectors, size = narrow ? sizeof(epo__bf16) : sizeof(float);
    for (size_t c = 0; c < vectors; c += LANES)
        *(halves *)(out + c) = rounded(affine_relu((const char *)in + c * size, narrow, scale + c, shift + c, LANES));
    if (rest) {
        const halves last = rounded(affine_relu((const char *)in + vectors * size, narrow, scale + vectors, shift + vectors, rest));
        memcpy(out + vectors, &last, rest * sizeof *out);
    }
    memset(out + channels, 0, (out_stride - channels) * sizeof *out);
}

EPO_KERNEL void epo__affine_relu_bf16(const epo__bf16 *in, size_t in_stride, epo__bf16 *out, size_t out_stride,
                                      const float *scale, const float *shift, size_t channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, in += in_stride, out += out_stride) {
        ask_ahead(in, in_stride, channels);
        affine_relu_pixel(in, true, out, out_stride, scale, shift, channels);
    }
}

EPO_KERNEL void epo__affine_relu_round(const float *in, size_t in_stride, epo__bf16 *out, size_t out_stride, const float *scale,
                                       const float *shift, size_t channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, in += in_stride, out += out_stride) {
        for (size_t c = 0; c < channels; c += 16) __builtin_prefetch(in + 3 * in_stride + c);
        affine_relu_pixel(in, false, out, out_stride, scale, shift, channels);
    }
}

EPO_KERNEL void epo__affine_relu_whole(const epo__bf16 *in, size_t in_stride, uint8_t *out, size_t out_stride,
                                       const float *scale, const float *shift, size_t channels, size_t pixels, float *row,
                                       float *units)
{
    const size_t vectors = channels / LANES * LANES, rest = channels - vectors;
    for (size_t p = 0; p < pixels; p++, in += in_stride, out += out_stride) {
        floats most = {0};
        ask_ahead(in, in_stride, channels);
        for (size_t c = 0; c < vectors; c += LANES) {
            const floats x = affine_relu(in + c, true, scale + c, shift + c, LANES);
            *(floats *)(row + c) = x;
            most = larger(x, most);
        }
        const floats last = affine_relu(in + vectors, true, scale + vectors, shift + vectors, rest);
        const float largest = largest_of(larger(last, most)), factor = largest > 0 ? LARGEST / largest : 0;
        units[p] = largest / LARGEST;
        for (size_t c = 0; c < vectors; c += LANES) *(bytes *)(out + c) = whole(*(const floats *)(row + c) * factor);
        const bytes end = whole(last * factor);
        memcpy(out + vectors, &end, rest);
        memset(out + channels, 0, out_stride - channels);
    }
}

EPO_KERNEL void epo__bf16_pairs(const epo__bf16 *b, size_t row_stride, size_t column_stride, size_t count, uint32_t *to)
{
    if (row_stride == 1) { /* a pair is a word as it lies */
        for (size_t j = 0; j < count; j++) memcpy(to + j, b + j * column_stride, sizeof *to);
        return;
    }
    const epo__bf16 *next = b + row_stride;
    size_t j = 0;
    for (; j + LANES <= count; j += LANES)
        *(words *)(to + j) = __builtin_convertvector(*(const halves *)(b + j), words) |
                             __builtin_convertvector(*(const halves *)(next + j), words) << 16;
    for (; j < count; j++) to[j] = b[j] | (uint32_t)next[j] << 16;
}

/* 16 x 16 words the other way round: words one row and column apart change places first, then two, four and eight. */
#define EVEN_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define ODD_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define EVEN_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define ODD_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define EVEN_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define ODD_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define EVEN_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define ODD_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define TURN(apart, even, odd)                              \
    for (int i = 0; i < LANES; i++) {                       \
        if (i & (apart)) continue;                          \
        const words a = x[i], b = x[i + (apart)];           \
        x[i] = __builtin_shufflevector(a, b, even);         \
        x[i + (apart)] = __builtin_shufflevector(a, b, odd); \
    }

INLINE void turn_words(words x[LANES])
{
    TURN(1, EVEN_1, ODD_1)
    TURN(2, EVEN_2, ODD_2)
    TURN(4, EVEN_4, ODD_4)
    TURN(8, EVEN_8, ODD_8)
}

EPO_KERNEL void epo__turn_bf16(const epo__bf16 *in, size_t in_stride, epo__bf16 *out, size_t out_stride, size_t columns, size_t rows)
{
    enum { PIXELS = 2 * LANES };
    for (size_t c = 0; c < columns; c++) memset(out + c * out_stride + rows, 0, (out_stride - rows) * sizeof *out);
    const size_t whole_rows = rows / PIXELS * PIXELS, whole_columns = columns / LANES * LANES;
    for (size_t r = 0; r < whole_rows; r += PIXELS)
        for (size_t c = 0; c < whole_columns; c += LANES) {
            words x[LANES];
            for (size_t i = 0; i < LANES; i++) {
                const epo__bf16 *pair = in + (r + 2 * i) * in_stride + c;
                x[i] = __builtin_convertvector(*(const halves *)pair, words) |
                       __builtin_convertvector(*(const halves *)(pair + in_stride), words) << 16;
            }
            turn_words(x);
            for (size_t i = 0; i < LANES; i++) *(words *)(out + (c + i) * out_stride + r) = x[i];
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) out[c * out_stride + r] = in[r * in_stride + c];
}
