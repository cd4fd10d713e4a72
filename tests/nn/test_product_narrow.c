/* SPDX-License-Identifier: BSD-3-Clause
 * test_product_narrow.c - the products of narrow numbers, with the processor's own instructions where it has them and
 * without, against sums in double precision of the rounded numbers; whole numbers exactly. Rows, columns, lengths and
 * pieces run over all remainders of the blocks. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "network.h"
#include "nn/onednn.h"
#include "nn/product_narrow_lanes.h"

enum { KINDS = 3, MORE = 3, MOST = 200 };

/* NULL where the processor has no such instructions. */
static const epo__narrow_kernel *kernel(int kind, bool whole)
{
#if EPO_WIDE_LANES
    const epo__isa isa = epo__dnnl_isa();
    if (kind == 2) {
        if (isa < EPO__ISA_AMX || !epo__amx_is_allowed()) return NULL;
        return whole ? &epo__product_int8_amx : &epo__product_bf16_amx;
    }
    if (kind == 1 && whole) return isa >= EPO__ISA_AVX512_VNNI ? &epo__product_int8_16 : NULL;
    if (kind == 1) return isa >= EPO__ISA_AVX512_BF16 ? &epo__product_bf16_16 : NULL;
#endif
    if (kind > 0) return NULL;
    return whole ? &epo__product_int8_4 : &epo__product_bf16_4;
}

/* A and B as they are meant to be rounded, with A's numbers as they are given, too. Rows of A overlap where there are
 * several pieces, as in a convolution. */
struct problem {
    size_t m, pieces, k, n, stride, piece_stride, ldc, elements; /* elements: of A, with what may be read behind it */
    bool whole;
    double *a, *b; /* b: column by column */
    epo__bf16 *a_bf16;
    uint8_t *a_whole;
    float *given, *bias, *scales, *c;
};

/* To 8 bits, by arithmetic; no value here is too small or large. */
static double rounded(float x)
{
    int exponent;
    double fraction = frexp((double)x, &exponent);
    return ldexp(rint(fraction * 256), exponent - 8);
}

static epo__bf16 bits_of(double x)
{
    float narrow = (float)x;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    assert_int_equal(bits & 0xffff, 0);
    return (epo__bf16)(bits >> 16);
}

static void check_near(float got, double expected, double tolerance)
{
    if (!(fabs((double)got - expected) <= tolerance))
        fail_msg("%.9g is not %.9g within %g", (double)got, expected, tolerance);
}

static void *memory(size_t count, size_t size)
{
    void *new = calloc(count, size);
    assert_non_null(new);
    return new;
}

/* Whole weights have 127 or -127 in each column, so that they are what they are given as; scales are powers of two. */
static struct problem make_problem(size_t m, size_t pieces, size_t k, size_t n, bool whole)
{
    struct problem p = {.m = m, .pieces = pieces, .k = k, .n = n, .ldc = n + MORE, .whole = whole};
    const size_t rows = pieces * k;
    p.stride = pieces > 1 ? (k + 2) / 3 : k + MORE, p.piece_stride = m * p.stride + k + 1;
    p.elements = (pieces + 1) * p.piece_stride + 64 * p.stride + 128;
    p.a = memory(p.elements, sizeof *p.a), p.b = memory(rows * n, sizeof *p.b), p.c = memory(m * p.ldc, sizeof *p.c);
    p.a_bf16 = memory(p.elements, sizeof *p.a_bf16), p.a_whole = memory(p.elements, sizeof *p.a_whole);
    p.given = random_floats(rows * n, 2), p.bias = random_floats(n, 3), p.scales = memory(m + 1, sizeof *p.scales);
    float *a = random_floats(p.elements, 1), *b = p.given;
    for (size_t i = 0; i < p.elements; i++) {
        p.a_whole[i] = (uint8_t)fmin(fabsf(a[i]) * 100, 255); /* some are 255 */
        p.a[i] = whole ? p.a_whole[i] : rounded(a[i]);
        p.a_bf16[i] = bits_of(p.a[i]);
    }
    for (size_t i = 0; i < m; i++) p.scales[i] = i % 3 ? 0.5F : 4;
    for (size_t i = 0; i < n && whole; i++) p.bias[i] = rintf(p.bias[i] * 1e4F);
    for (size_t i = 0; i < rows * n; i++) {
        if (whole) b[i] = i % rows == rows / 2 ? (i & 1 ? 127 : -127) : rintf(fmaxf(fminf(b[i] * 60, 127), -127));
        p.b[i] = whole ? (double)b[i] : rounded(b[i]);
    }
    free(a);
    return p;
}

static void free_problem(struct problem *p)
{
    free(p->a), free(p->b), free(p->c), free(p->a_bf16), free(p->a_whole), free(p->given), free(p->bias), free(p->scales);
}

static void multiply(const struct problem *p, const epo__narrow *packed, size_t row, size_t m, bool scaled,
                     const epo__after *after, float *c, size_t ldc)
{
    const void *first = p->whole ? (const void *)(p->a_whole + row * p->stride) : (const void *)(p->a_bf16 + row * p->stride);
    epo__narrow_multiply(packed, &(epo__narrow_rows){first, p->stride, p->piece_stride, scaled ? p->scales + row : NULL}, m,
                         after, &(epo__narrow_out){c, ldc, EPO__OUT_FLOAT32});
}

/* What lies between the rows of C stays, and what lies between those of A does not matter. */
static void check_problem(const epo__narrow_kernel *with, struct problem *p, bool biased, bool relu, bool scaled)
{
    epo__narrow packed;
    const epo__after after = {biased ? p->bias : NULL, relu}, *used = biased || relu ? &after : NULL;
    const size_t rows = p->pieces * p->k;
    for (size_t i = 0; i < p->m * p->ldc; i++) p->c[i] = 7;
    check_ok(epo__narrow_make_for(with, p->pieces, p->k, p->n, p->given, 1, rows, &packed));
    assert_true(p->elements >= (p->m - 1) * p->stride + p->pieces * p->piece_stride + epo__narrow_beyond(&packed, p->stride));
    multiply(p, &packed, 0, p->m, scaled, used, p->c, p->ldc);
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            double sum = 0, size = 0, scale = scaled ? (double)p->scales[i] : 1;
            for (size_t l = 0; l < rows; l++) {
                double term = p->a[i * p->stride + l / p->k * p->piece_stride + l % p->k] * p->b[j * rows + l];
                sum += term, size += fabs(term);
            }
            sum = sum * scale + (biased ? (double)p->bias[j] : 0), size = size * scale + fabs(sum);
            if (relu && sum < 0) sum = 0;
            check_near(p->c[i * p->ldc + j], sum, p->whole ? 0 : 2e-6 * size);
        }
        for (size_t j = p->n; j < p->ldc; j++) assert_true(p->c[i * p->ldc + j] == 7);
    }
    for (size_t j = 0; j < p->n; j++) {
        double sum = 0;
        for (size_t l = 0; l < rows; l++) sum += p->b[j * rows + l];
        check_near(packed.sums[j], sum, 1e-4 * (1 + fabs(sum)));
    }
    float one[MOST]; /* a row alone has the same bits */
    for (size_t i = 0; i < p->m; i++) {
        multiply(p, &packed, i, 1, scaled, used, one, p->n);
        assert_memory_equal(one, p->c + i * p->ldc, p->n * sizeof *one);
    }
    epo__narrow_release(&packed);
    assert_null(packed.panels);
}

static void check_products(bool whole)
{
    static const size_t columns[] = {1, 7, 8, 16, 31, 32, 33, 65, 128}, lengths[] = {1, 2, 27, 130, 64};
    for (size_t m = 1; m <= 36; m++)
        for (size_t i = m % 2; i < sizeof columns / sizeof *columns; i += 2) {
            struct problem p = make_problem(m, m % 4 == 1 ? 3 : 1, lengths[(m + i) % 5], columns[i], whole);
            for (int kind = 0; kind < KINDS; kind++)
                if (kernel(kind, whole)) check_problem(kernel(kind, whole), &p, m % 3, i % 4 < 2, m % 5 < 2);
            free_problem(&p);
        }
}

static void test_bf16(void **state)
{
    (void)state;
    check_products(false);
}

static void test_int8(void **state)
{
    (void)state;
    check_products(true);
}

/* Real weights are off by half a 127th of the largest of their column at most; all processors have the same bits. */
static void test_steps(void **state)
{
    (void)state;
    enum { K = 45, N = 37 };
    float *b = random_floats(K * N, 5), c[KINDS][N];
    uint8_t a[64 * K] = {0}; /* more is read than is used */
    double all = 0;
    for (size_t i = 0; i < K; i++) all += a[i] = (uint8_t)(i * 89 % 256);
    for (size_t i = 0; i < K; i++) b[i * N + 3] = 0, b[i * N + 4] *= 1e-6F;
    for (int kind = 0; kind < KINDS; kind++) {
        epo__narrow packed;
        if (!kernel(kind, true)) continue;
        check_ok(epo__narrow_make_for(kernel(kind, true), 1, K, N, b, N, 1, &packed));
        epo__narrow_multiply(&packed, &(epo__narrow_rows){a, K, 0, NULL}, 1, NULL, &(epo__narrow_out){c[kind], N, EPO__OUT_FLOAT32});
        epo__narrow_release(&packed);
        assert_memory_equal(c[kind], c[0], sizeof *c);
    }
    for (size_t j = 0; j < N; j++) {
        double sum = 0, largest = 0;
        for (size_t i = 0; i < K; i++) {
            sum += a[i] * (double)b[i * N + j];
            largest = fmax(largest, fabs((double)b[i * N + j]));
        }
        check_near(c[0][j], sum, largest / 254 * all);
        assert_true(largest > 0 ? c[0][j] != 0 : c[0][j] == 0);
    }
    free(b);
}

static void test_rounding(void **state)
{
    (void)state;
    static const struct {
        float from;
        epo__bf16 to;
    } cases[] = {
        {1, 0x3f80},           {-1, 0xbf80},          {0.0F, 0},         {-0.0F, 0x8000},
        {0x1.01p0F, 0x3f80},   {0x1.03p0F, 0x3f82}, /* ties */
        {0x1.0102p0F, 0x3f81}, {0x1.02fep0F, 0x3f81}, {FLT_MAX, 0x7f80}, {INFINITY, 0x7f80},
        {-INFINITY, 0xff80},   {0x1.ffp5F, 0x4280},   {0x1p-149F, 0},    {0x1p-133F, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(epo__bf16_of(cases[i].from), cases[i].to);
    static const uint32_t odd[] = {0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff}; /* not numbers */
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        float x;
        memcpy(&x, odd + i, sizeof x);
        assert_true((epo__bf16_of(x) & 0x7fff) > 0x7f80);
    }
    float *random = random_floats(1000, 6);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(epo__bf16_of(random[i]), bits_of(rounded(random[i])));
    free(random);
}

/* As with the other products: not-a-number stays, and is zero after a ReLU. A weight that is not finite spoils its
 * column, not the others. */
static void test_nan(void **state)
{
    (void)state;
    static const float spoilt[] = {NAN, INFINITY, -INFINITY};
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < 6; i++) {
            bool whole = i % 2;
            epo__narrow packed;
            float b[4] = {1, 1, spoilt[i / 2], 2}, c[2];
            const epo__bf16 narrow[256] = {epo__bf16_of(1), 0};
            const uint8_t numbers[256] = {1, 0};
            if (!kernel(kind, whole)) continue;
            check_ok(epo__narrow_make_for(kernel(kind, whole), 1, 2, 2, b, 2, 1, &packed));
            for (int relu = 0; relu < 2; relu++) {
                const epo__after after = {NULL, relu};
                epo__narrow_multiply(&packed, &(epo__narrow_rows){whole ? (const void *)numbers : narrow, 2, 0, NULL}, 1, &after,
                                     &(epo__narrow_out){c, 2, EPO__OUT_FLOAT32});
                assert_true(relu ? c[0] == 0 : isnan(c[0]));
                check_near(c[1], 1, 0.01);
            }
            epo__narrow_release(&packed);
        }
}

/* The largest numbers, as many as are allowed, do not run over. */
static void test_limits(void **state)
{
    (void)state;
    enum { K = INT32_MAX / (255 * 127) / 64 * 64 }; /* as many as all kernels take */
    float *b = memory(K + 64, sizeof *b), c[2];
    uint8_t *a = memory(K * 33, 1);
    epo__narrow packed;
    memset(a, 255, K);
    for (int sign = -1; sign < 2; sign += 2)
        for (int kind = 0; kind < KINDS; kind++) {
            if (!kernel(kind, true)) continue;
            for (size_t i = 0; i < K; i++) b[i] = (float)sign;
            check_ok(epo__narrow_make_for(kernel(kind, true), 1, K, 1, b, 1, 1, &packed));
            epo__narrow_multiply(&packed, &(epo__narrow_rows){a, K, 0, NULL}, 1, NULL, &(epo__narrow_out){c, 1, EPO__OUT_FLOAT32});
            check_near(c[0], sign * 255.0 * K, 4);
            epo__narrow_release(&packed);
        }
    assert_int_equal(epo__narrow_make(EPO__INT8, 1, K + 64, 1, b, 1, 1, &packed), EPO_ELIMIT);
    assert_int_equal(epo__narrow_make(EPO__BF16, 3, SIZE_MAX / 2, 2, b, 1, 1, &packed), EPO_ELIMIT);
    assert_null(packed.panels);
    epo__narrow_release(&packed);
    free(a), free(b);
}

static void test_chooses(void **state)
{
    (void)state;
    const float b = 1;
    for (int whole = 0; whole < 2; whole++) {
        epo__narrow packed;
        const epo__narrow_kernel *best = kernel(0, whole);
        for (int kind = 1; kind < KINDS; kind++)
            if (kernel(kind, whole)) best = kernel(kind, whole);
        check_ok(epo__narrow_make(whole ? EPO__INT8 : EPO__BF16, 1, 1, 1, &b, 1, 1, &packed));
        assert_true(packed.kernel == best);
        assert_true(epo__narrow_is_fast(whole ? EPO__INT8 : EPO__BF16) ==
                    (whole ? best != kernel(0, whole) : kernel(2, whole) != NULL));
        assert_true(epo__narrow_rows_together(&packed) > 1);
        epo__narrow_release(&packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bf16),     cmocka_unit_test(test_int8), cmocka_unit_test(test_steps),
        cmocka_unit_test(test_rounding), cmocka_unit_test(test_nan),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
