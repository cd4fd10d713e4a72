/* SPDX-License-Identifier: BSD-3-Clause
 * winograd_kernels.h - the text of winograd4.c, winograd8.c and winograd16.c, each of which defines LANES, the channels
 * that are worked on at a time, and KERNELS, the name of the table at the end. A vector must be one that the processor
 * has: gcc takes a wider one apart, lane by lane and through memory, which made this a third of a training step.
 *
 * Where channels are no multiple of LANES, the last vector begins earlier and does some of them again. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "nn/winograd_lanes.h"

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef uint16_t halves __attribute__((vector_size(LANES * sizeof(uint16_t)), aligned(sizeof(uint16_t)), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Where the vector begins whose turn it is at channel c. */
INLINE size_t start_of(size_t c, size_t channels)
{
    return c + LANES <= channels ? c : channels - LANES;
}

/* --- the one-dimensional transforms: results are `step` floats apart, sources `pace` ------------------------------ */

INLINE lanes get(const float *from)
{
    return *(const loose *)from;
}

INLINE void put(lanes v, float *to)
{
    *(loose *)to = v;
}

INLINE void put_b(lanes d0, lanes d1, lanes d2, lanes d3, lanes d4, lanes d5, float *out,
                  size_t step) /* B' d: 6 to 6 */
{
    lanes even = d4 - 4.0F * d2, odd = d3 - 4.0F * d1, far = d4 - d2, slow = 2.0F * (d3 - d1);
    put(4.0F * d0 - 5.0F * d2 + d4, out);
    put(even + odd, out + step);
    put(even - odd, out + 2 * step);
    put(far + slow, out + 3 * step);
    put(far - slow, out + 4 * step);
    put(4.0F * d1 - 5.0F * d3 + d5, out + 5 * step);
}

INLINE void apply_b(const float *d, size_t pace, float *out, size_t step)
{
    put_b(get(d), get(d + pace), get(d + 2 * pace), get(d + 3 * pace), get(d + 4 * pace), get(d + 5 * pace), out, step);
}

INLINE void apply_a(const float *m, size_t pace, float *out, size_t step) /* A' m: 6 to 4 */
{
    lanes m0 = get(m), m1 = get(m + pace), m2 = get(m + 2 * pace), m3 = get(m + 3 * pace), m4 = get(m + 4 * pace);
    lanes sum = m1 + m2, difference = m1 - m2, far_sum = m3 + m4, far_difference = m3 - m4;
    put(m0 + sum + far_sum, out);
    put(difference + 2.0F * far_difference, out + step);
    put(sum + 4.0F * far_sum, out + 2 * step);
    put(difference + 8.0F * far_difference + get(m + 5 * pace), out + 3 * step);
}

INLINE void put_a_back(lanes d0, lanes d1, lanes d2, lanes d3, float *out, size_t step) /* A d: 4 to 6 */
{
    lanes near = d0 + d2, near_odd = d1 + d3, far = d0 + 4.0F * d2, far_odd = 2.0F * d1 + 8.0F * d3;
    put(d0, out);
    put(near + near_odd, out + step);
    put(near - near_odd, out + 2 * step);
    put(far + far_odd, out + 3 * step);
    put(far - far_odd, out + 4 * step);
    put(d3, out + 5 * step);
}

INLINE void apply_a_back(const float *d, size_t pace, float *out, size_t step)
{
    put_a_back(get(d), get(d + pace), get(d + 2 * pace), get(d + 3 * pace), out, step);
}

INLINE void apply_g(const float *g, size_t pace, float *out, size_t step) /* G g: 3 to 6 */
{
    lanes g0 = get(g), g1 = get(g + pace), g2 = get(g + 2 * pace);
    lanes outer = (g0 + g2) * (-1.0F / 6), middle = g1 * (1.0F / 6);
    lanes far = g0 * (1.0F / 24) + g2 * (1.0F / 6), far_middle = g1 * (1.0F / 12);
    put(g0 * 0.25F, out);
    put(outer - middle, out + step);
    put(outer + middle, out + 2 * step);
    put(far + far_middle, out + 3 * step);
    put(far - far_middle, out + 4 * step);
    put(g2, out + 5 * step);
}

INLINE void apply_g_back(const float *u, size_t pace, float *out, size_t step) /* G' u: 6 to 3 */
{
    lanes u1 = get(u + pace), u2 = get(u + 2 * pace), u3 = get(u + 3 * pace), u4 = get(u + 4 * pace);
    lanes sum = u1 + u2, far_sum = u3 + u4;
    put(get(u) * 0.25F - sum * (1.0F / 6) + far_sum * (1.0F / 24), out);
    put((u2 - u1) * (1.0F / 6) + (u3 - u4) * (1.0F / 12), out + step);
    put((far_sum - sum) * (1.0F / 6) + get(u + 5 * pace), out + 2 * step);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

/* Channels `c` and on of row r. Rows of u are channels on one side, lanes those on the other. */
INLINE void spread_weights(const float *weights, const epo__winograd_side *side, size_t r, size_t c, float *u)
{
    float plain[9 * LANES] = {0}, half[18 * LANES], all[EPO__POSITIONS * LANES];
    bool whole = side->columns >= LANES;
    size_t count = whole ? LANES : side->columns, step = whole ? side->rows * side->columns : LANES;
    float *to = u + r * side->columns + c, *out = whole ? to : all;
    for (size_t j = 0; j < count; j++) {
        const float *from = weights + r * side->row_stride + (c + j) * side->column_stride;
        for (size_t k = 0; k < 9; k++) plain[(side->turn ? 8 - k : k) * LANES + j] = from[k];
    }
    for (size_t x = 0; x < 3; x++) apply_g(plain + x * LANES, 3 * LANES, half + x * LANES, 3 * LANES);
    for (size_t y = 0; y < 6; y++) apply_g(half + 3 * y * LANES, LANES, out + 6 * y * step, step);
    for (size_t k = 0; k < EPO__POSITIONS && !whole; k++)
        memcpy(to + k * side->rows * side->columns, all + k * LANES, count * sizeof *to);
}

static void weights(const float *weights, const epo__winograd_side *side, float *u, size_t from, size_t to)
{
    for (size_t r = from; r < to; r++) {
        if (side->columns < LANES) spread_weights(weights, side, r, 0, u);
        for (size_t c = 0; c < side->columns && side->columns >= LANES; c += LANES)
            spread_weights(weights, side, r, start_of(c, side->columns), u);
    }
}

static void weights_grad(const float *u, size_t out_channels, size_t in_channels, float *grad, size_t from, size_t to)
{
    for (size_t r = from; r < to; r++)
        for (size_t c = 0; c < out_channels; c += LANES) {
            bool whole = out_channels >= LANES;
            size_t at = whole ? start_of(c, out_channels) : 0, step = in_channels * out_channels;
            size_t end = whole ? at + LANES : out_channels;
            float plain[9 * LANES], all[EPO__POSITIONS * LANES] = {0}, half[18 * LANES];
            const float *row = u + r * out_channels + at;
            for (size_t k = 0; k < EPO__POSITIONS && !whole; k++)
                memcpy(all + k * LANES, row + k * step, out_channels * sizeof *row);
            const float *source = whole ? row : all;
            size_t pace = whole ? step : LANES;
            for (size_t x = 0; x < 6; x++) apply_g_back(source + x * pace, 6 * pace, half + x * LANES, 6 * LANES);
            for (size_t y = 0; y < 3; y++) apply_g_back(half + 6 * y * LANES, LANES, plain + 3 * y * LANES, LANES);
            for (size_t j = c; j < end; j++) /* from c: those before it were added in the vector before */
                for (size_t k = 0; k < 9; k++) grad[(j * in_channels + r) * 9 + k] += plain[k * LANES + j - at];
        }
}

/* --- tiles -------------------------------------------------------------------------------------------------------- */

/* Where the pixels of a tile begin, NULL for those outside: `size` x `size` of them, `before` up and left of it on. `stride`: bytes
 * from pixel to pixel. */
INLINE void find_pixels(const epo__tiling *t, const void *images, size_t stride, size_t number, size_t size,
                        size_t before, const void **pixels)
{
    size_t inside = number % (t->down * t->across), image = number / (t->down * t->across);
    size_t top = inside / t->across * 4 - before, left = inside % t->across * 4 - before;
    for (size_t v = 0; v < size; v++)
        for (size_t u = 0; u < size; u++) {
            size_t y = top + v, x = left + u; /* -1 is a large number too */
            bool outside = y >= t->height || x >= t->width;
            pixels[v * size + u] = outside ? NULL : (const char *)images + ((image * t->height + y) * t->width + x) * stride;
        }
}

/* `count` channels from c on, of a pixel that may be outside. */
INLINE lanes pixel(const void *at, size_t c, size_t count)
{
    const float *from = at;
    lanes v = {0};
    if (from && count == LANES) return get(from + c);
    if (from) memcpy(&v, from + c, count * sizeof *from);
    return v;
}

/* Of a pixel inside that is in bfloat16 */
INLINE lanes half_pixel(const void *at, size_t c, size_t count)
{
    const uint16_t *from = at;
    halves v = {0};
    if (count == LANES) v = *(const halves *)(from + c);
    if (count < LANES) memcpy(&v, from + c, count * sizeof *from);
    return (lanes)(__builtin_convertvector(v, words) << 16);
}

/* What is read of a tile, constants where this is inlined: bfloat16, and a batch norm with ReLU before it. */
typedef struct tile_source {
    bool half, scaled;
    const float *scale, *shift;
} tile_source;

INLINE lanes normal(const void *from, size_t c, size_t count, const tile_source *as, lanes scale, lanes shift)
{
    const lanes zero = {0};
    if (!as->scaled || !from) return pixel(from, c, count);
    lanes v = (as->half ? half_pixel(from, c, count) : pixel(from, c, count)) * scale + shift;
    return (lanes)((mask)v & (v > zero)); /* ReLU */
}

INLINE void spread_vector(const void *const *at, size_t c, size_t count, const tile_source *as, float *v, size_t step)
{
    float half[EPO__POSITIONS * LANES], all[EPO__POSITIONS * LANES];
    bool whole = count == LANES;
    float *out = whole ? v + c : all;
    size_t apart = whole ? step : LANES;
    lanes f = pixel(as->scaled ? as->scale : NULL, c, count), s = pixel(as->scaled ? as->shift : NULL, c, count);
    for (size_t x = 0; x < 6; x++)
        put_b(normal(at[x], c, count, as, f, s), normal(at[x + 6], c, count, as, f, s), normal(at[x + 12], c, count, as, f, s),
              normal(at[x + 18], c, count, as, f, s), normal(at[x + 24], c, count, as, f, s),
              normal(at[x + 30], c, count, as, f, s), half + x * LANES, 6 * LANES);
    for (size_t y = 0; y < 6; y++) apply_b(half + 6 * y * LANES, LANES, out + 6 * y * apart, apart);
    for (size_t k = 0; k < EPO__POSITIONS && !whole; k++) memcpy(v + k * step + c, all + k * LANES, count * sizeof *v);
}

INLINE void spread_tiles(const epo__tiling *tiling, const void *images, size_t channels, tile_source as, size_t first,
                         size_t count, float *v, size_t step)
{
    const size_t stride = channels * (as.half ? sizeof(uint16_t) : sizeof(float));
    for (size_t i = 0; i < count; i++) {
        const void *at[EPO__POSITIONS];
        find_pixels(tiling, images, stride, first + i, 6, 1, at);
        if (channels < LANES) spread_vector(at, 0, channels, &as, v + i * channels, step);
        for (size_t c = 0; c < channels && channels >= LANES; c += LANES)
            spread_vector(at, start_of(c, channels), LANES, &as, v + i * channels, step);
    }
}

static void spread(const epo__tiling *tiling, const float *images, size_t channels, const float *scale,
                   const float *shift, size_t first, size_t count, float *v, size_t step)
{
    if (scale)
        spread_tiles(tiling, images, channels, (tile_source){false, true, scale, shift}, first, count, v, step);
    else
        spread_tiles(tiling, images, channels, (tile_source){false, false, NULL, NULL}, first, count, v, step);
}

static void spread_bf16(const epo__tiling *tiling, const uint16_t *images, size_t channels, const float *scale,
                        const float *shift, size_t first, size_t count, float *v, size_t step)
{
    spread_tiles(tiling, images, channels, (tile_source){true, true, scale, shift}, first, count, v, step);
}

/* To the nearest, ties to even. */
INLINE halves rounded(lanes x)
{
    const words bits = (words)x;
    return __builtin_convertvector((bits + 0x7fff + (bits >> 16 & 1)) >> 16, halves);
}

/* `count` channels of a pixel */
INLINE void put_pixel(lanes v, bool half, void *pixel, size_t c, size_t count)
{
    const halves rounding = rounded(v);
    if (half)
        memcpy((uint16_t *)pixel + c, &rounding, count * sizeof(uint16_t));
    else
        memcpy((float *)pixel + c, &v, count * sizeof(float));
}

INLINE void gather_vector(const float *m, size_t step, size_t c, size_t count, bool narrow, const void *const *to)
{
    float half[24 * LANES], all[EPO__POSITIONS * LANES] = {0}, row[4 * LANES];
    bool whole = count == LANES;
    for (size_t k = 0; k < EPO__POSITIONS && !whole; k++) memcpy(all + k * LANES, m + k * step + c, count * sizeof *m);
    const float *source = whole ? m + c : all;
    size_t pace = whole ? step : LANES;
    for (size_t x = 0; x < 6; x++) apply_a(source + x * pace, 6 * pace, half + x * LANES, 6 * LANES);
    for (size_t y = 0; y < 4 && to[4 * y]; y++) {
        apply_a(half + 6 * y * LANES, LANES, row, LANES);
        for (size_t x = 0; x < 4 && to[4 * y + x]; x++)
            put_pixel(get(row + x * LANES), narrow, (void *)(uintptr_t)to[4 * y + x], c, count);
    }
}

INLINE void gather_tiles(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first, size_t count,
                         bool half, const void *images, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        const void *to[16];
        find_pixels(tiling, images, stride, first + i, 4, 0, to);
        if (channels < LANES) gather_vector(m + i * channels, step, 0, channels, half, to);
        for (size_t c = 0; c < channels && channels >= LANES; c += LANES)
            gather_vector(m + i * channels, step, start_of(c, channels), LANES, half, to);
    }
}

static void gather(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first, size_t count,
                   float *images, size_t stride)
{
    gather_tiles(tiling, m, step, channels, first, count, false, images, stride * sizeof *images);
}

static void gather_bf16(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first, size_t count,
                        uint16_t *images, size_t stride)
{
    gather_tiles(tiling, m, step, channels, first, count, true, images, stride * sizeof *images);
}

INLINE void spread_back_vector(const void *const *at, size_t c, size_t count, float *v, size_t step)
{
    float half[24 * LANES], all[EPO__POSITIONS * LANES];
    bool whole = count == LANES;
    float *out = whole ? v + c : all;
    size_t apart = whole ? step : LANES;
    for (size_t x = 0; x < 4; x++)
        put_a_back(pixel(at[x], c, count), pixel(at[x + 4], c, count), pixel(at[x + 8], c, count),
                   pixel(at[x + 12], c, count), half + x * LANES, 4 * LANES);
    for (size_t y = 0; y < 6; y++) apply_a_back(half + 4 * y * LANES, LANES, out + 6 * y * apart, apart);
    for (size_t k = 0; k < EPO__POSITIONS && !whole; k++) memcpy(v + k * step + c, all + k * LANES, count * sizeof *v);
}

static void spread_back(const epo__tiling *tiling, const float *images, size_t channels, size_t first, size_t count,
                        float *v, size_t step)
{
    for (size_t i = 0; i < count; i++) {
        const void *at[16];
        find_pixels(tiling, images, channels * sizeof *images, first + i, 4, 0, at);
        if (channels < LANES) spread_back_vector(at, 0, channels, v + i * channels, step);
        for (size_t c = 0; c < channels && channels >= LANES; c += LANES)
            spread_back_vector(at, start_of(c, channels), LANES, v + i * channels, step);
    }
}

const epo__winograd_kernels KERNELS = {weights, weights_grad, spread, spread_bf16, gather, gather_bf16, spread_back};
