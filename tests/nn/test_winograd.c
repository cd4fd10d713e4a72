/* SPDX-License-Identifier: BSD-3-Clause
 * test_winograd.c - the transforms for each size of vector that this processor has, against each other bit by bit, and
 * a convolution made of them against plain sums. Channels run over all remainders. */
#include <math.h>

#include "network.h"
#include "nn/narrow_kernels.h"
#include "nn/winograd_lanes.h"

enum { IMAGES = 2, WIDTHS = 3, MORE = 3 };

static const epo__winograd_kernels *kernels(int width)
{
#if EPO_WIDE_LANES
    if (width == 2) return epo__lanes_here() >= 16 ? &epo__winograd16 : NULL;
    if (width == 1) return epo__lanes_here() >= 8 ? &epo__winograd8 : NULL;
#endif
    return width == 0 ? &epo__winograd4 : NULL;
}

/* Numbers without pattern; what the transforms do not write stays as it was. */
static float *numbers(size_t count)
{
    static uint64_t state = 1;
    float *x = malloc((count ? count : 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)(state >> 40) / 16777216.0F - 0.5F;
    }
    return x;
}

static float *filled(size_t count)
{
    float *x = malloc(count * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) x[i] = 7;
    return x;
}

/* Runs kernel `which` of `k` into a new buffer of `size` floats. */
static float *transform(const epo__winograd_kernels *k, int which, const epo__tiling *t, size_t c, size_t o,
                        float *const *in, size_t size)
{
    float *out = filled(size);
    size_t tiles = IMAGES * t->down * t->across, step = tiles * c + MORE;
    epo__winograd_side forth = {c, o, 9, 9 * c, false}, back = {o, c, 9 * c, 9, true};
    switch (which) {
    case 0:
        k->spread(t, in[0], c, in[1], in[2], 0, tiles, out, step);
        break;
    case 1:
        k->spread(t, in[0], c, NULL, NULL, 0, tiles, out, step);
        break;
    case 2:
        k->spread_back(t, in[0], c, 0, tiles, out, step);
        break;
    case 3:
        k->gather(t, in[3], step, c, 0, tiles, out, c + MORE);
        break;
    case 4:
        k->weights(in[4], &forth, out, 0, c);
        break;
    case 5:
        k->weights(in[4], &back, out, 0, o);
        break;
    default:
        k->weights_grad(in[5], o, c, out, 0, c);
    }
    return out;
}

static void test_widths_agree(void **state)
{
    (void)state;
    for (size_t h = 1; h < 10; h++)
        for (size_t c = 1; c < 37; c++) {
            size_t w = h * 7 % 9 + 1, o = c * 5 % 23 + 1;
            epo__tiling t = epo__tiling_make(h, w);
            size_t spread = EPO__POSITIONS * (IMAGES * t.down * t.across * c + MORE), u = EPO__POSITIONS * c * o;
            size_t sizes[] = {spread, spread, spread, IMAGES * h * w * (c + MORE), u, u, 9 * c * o};
            float *in[] = {numbers(IMAGES * h * w * c), numbers(c), numbers(c), numbers(spread),
                           numbers(9 * c * o),          numbers(u)};
            for (int which = 0; which < 7; which++) {
                float *first = transform(kernels(0), which, &t, c, o, in, sizes[which]);
                for (int width = 1; width < WIDTHS; width++) {
                    if (!kernels(width)) continue;
                    float *other = transform(kernels(width), which, &t, c, o, in, sizes[which]);
                    assert_memory_equal(first, other, sizes[which] * sizeof *first);
                    free(other);
                }
                free(first);
            }
            for (size_t i = 0; i < sizeof in / sizeof *in; i++) free(in[i]);
        }
}

/* Pixels in bfloat16 give what their numbers give in float32, and are the nearest to what comes back. */
static void test_bf16(void **state)
{
    (void)state;
    for (int width = 0; width < WIDTHS; width++)
        for (size_t c = 1; kernels(width) && c < 37; c++) {
            const epo__tiling t = epo__tiling_make(7, 5);
            const size_t tiles = IMAGES * t.down * t.across, step = tiles * c + MORE, count = IMAGES * 35 * c;
            float *x = numbers(count), *scale = numbers(c), *shift = numbers(c);
            float *wide = filled(EPO__POSITIONS * step), *half = filled(EPO__POSITIONS * step);
            epo__bf16 *narrow = malloc(count * sizeof *narrow);
            assert_non_null(narrow);
            epo__to_bf16(x, narrow, count);
            epo__from_bf16(narrow, x, count);
            kernels(width)->spread(&t, x, c, scale, shift, 0, tiles, wide, step);
            kernels(width)->spread_bf16(&t, narrow, c, scale, shift, 0, tiles, half, step);
            assert_memory_equal(wide, half, EPO__POSITIONS * step * sizeof *wide);
            kernels(width)->gather(&t, wide, step, c, 0, tiles, x, c);
            kernels(width)->gather_bf16(&t, wide, step, c, 0, tiles, narrow, c);
            for (size_t k = 0; k < count; k++) assert_int_equal(narrow[k], epo__bf16_of(x[k]));
            free(x), free(scale), free(shift), free(wide), free(half), free(narrow);
        }
}

/* The convolution at one pixel, of relu(x * scale + shift). */
static double plain(const epo__tiling *t, const float *x, const float *scale, const float *shift, const float *weights,
                    size_t c, size_t out, size_t image, size_t row, size_t column)
{
    double sum = 0;
    for (size_t i = 0; i < c; i++)
        for (size_t k = 0; k < 9; k++) {
            size_t y = row + k / 3 - 1, z = column + k % 3 - 1;
            if (y >= t->height || z >= t->width) continue;
            double value =
                (double)x[((image * t->height + y) * t->width + z) * c + i] * (double)scale[i] + (double)shift[i];
            sum += fmax(value, 0) * (double)weights[(out * c + i) * 9 + k];
        }
    return sum;
}

static void test_is_a_convolution(void **state)
{
    (void)state;
    for (size_t c = 1; c < 40; c += 7) {
        size_t o = 41 - c;
        epo__tiling t = epo__tiling_make(9, 6);
        size_t tiles = IMAGES * t.down * t.across, wide = tiles * c, thin = tiles * o;
        float *x = numbers(IMAGES * 54 * c), *scale = numbers(c), *shift = numbers(c), *weights = numbers(9 * c * o);
        float *v = filled(EPO__POSITIONS * wide), *u = filled(EPO__POSITIONS * c * o), *out = filled(IMAGES * 54 * o);
        float *m = calloc(EPO__POSITIONS * thin, sizeof *m);
        assert_non_null(m);
        epo__winograd_weights(weights, o, c, u, 0, c);
        epo__winograd_spread(&t, x, c, scale, shift, 0, tiles, v, wide);
        for (size_t k = 0; k < EPO__POSITIONS; k++)
            for (size_t i = 0; i < tiles; i++)
                for (size_t j = 0; j < c * o; j++)
                    m[k * thin + i * o + j % o] += v[k * wide + i * c + j / o] * u[k * c * o + j];
        epo__winograd_gather(&t, m, thin, o, 0, tiles, out, o);
        for (size_t i = 0; i < IMAGES * 54 * o; i++) {
            size_t at = i / o;
            double wanted = plain(&t, x, scale, shift, weights, c, i % o, at / 54, at % 54 / 6, at % 6);
            assert_float_equal(out[i], wanted, 2e-5);
        }
        float *const memory[] = {x, scale, shift, weights, v, u, out, m};
        for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) free(memory[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths_agree),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_is_a_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
