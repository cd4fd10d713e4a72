/* SPDX-License-Identifier: BSD-3-Clause
 * test_product.c - the matrix product with packed weights, for each size of vector that this processor has, against
 * sums in double precision, and against itself with other numbers of rows. Rows, columns and lengths run over all
 * remainders of the blocks. */
#include <math.h>
#include <stdlib.h>

#include "network.h"
#include "nn/product_lanes.h"

enum { WIDTHS = 3, MATRICES = 2, MORE = 3 };

static const epo__product_kernel *kernel(int width)
{
#if EPO_WIDE_LANES
    if (width == 2) return epo__lanes_here() >= 16 ? &epo__product16 : NULL;
    if (width == 1) return epo__lanes_here() >= 8 ? &epo__product8 : NULL;
#endif
    return width == 0 ? &epo__product4 : NULL;
}

struct problem {
    size_t m, k, n, lda, ldc;
    float *a, *b, *bias, *c;
};

static struct problem make_problem(size_t m, size_t k, size_t n)
{
    struct problem p = {.m = m, .k = k, .n = n, .lda = k + MORE, .ldc = n + MORE};
    p.a = random_floats(m * p.lda, 1);
    p.b = random_floats(MATRICES * k * n, 2);
    p.bias = random_floats(n, 3);
    p.c = malloc(m * p.ldc * sizeof *p.c);
    assert_non_null(p.c);
    return p;
}

static void free_problem(struct problem *p)
{
    free(p->a), free(p->b), free(p->bias), free(p->c);
}

/* Matrix 1 of two, stored column by column. What lies between the rows of C stays. */
static void check_problem(const epo__product_kernel *with, struct problem *p, bool biased, bool relu)
{
    epo__packed packed;
    const epo__after after = {biased ? p->bias : NULL, relu};
    for (size_t i = 0; i < p->m * p->ldc; i++) p->c[i] = 7;
    check_ok(epo__packed_make_for(with, MATRICES, p->k, p->n, p->b, 1, p->k, NULL, &packed));
    epo__multiply(&packed, 1, p->a, p->lda, p->m, biased || relu ? &after : NULL, p->c, p->ldc);
    const float *b = p->b + p->k * p->n;
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            double sum = biased ? (double)p->bias[j] : 0;
            for (size_t l = 0; l < p->k; l++) sum += (double)p->a[i * p->lda + l] * (double)b[j * p->k + l];
            if (relu && sum < 0) sum = 0;
            assert_float_equal(p->c[i * p->ldc + j], sum, 1e-4);
        }
        for (size_t j = p->n; j < p->ldc; j++) assert_true(p->c[i * p->ldc + j] == 7);
    }
    float one[200]; /* a row alone has the same bits */
    for (size_t i = 0; i < p->m; i++) {
        epo__multiply(&packed, 1, p->a + i * p->lda, p->lda, 1, biased || relu ? &after : NULL, one, p->n);
        assert_memory_equal(one, p->c + i * p->ldc, p->n * sizeof *one);
    }
    epo__packed_release(&packed);
    assert_null(packed.panels);
}

static void test_is_a_product(void **state)
{
    (void)state;
    static const size_t columns[] = {1, 7, 8, 16, 31, 32, 33, 65, 128}, lengths[] = {1, 2, 27, 130};
    for (int width = 0; width < WIDTHS; width++)
        for (size_t m = 1; kernel(width) && m <= 30; m++)
            for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
                struct problem p = make_problem(m, lengths[(m + i) % 4], columns[i]);
                check_problem(kernel(width), &p, m % 2, i % 2);
                free_problem(&p);
            }
}

/* A turned round, of `k` rows of the room; added to what is there, or not. */
static void check_turned(const epo__packed *room, size_t k, size_t m, bool add)
{
    struct problem p = make_problem(m, k, room->n);
    float *a = random_floats(k * (m + MORE), 4);
    const epo__packed packed = epo__packed_cut(room, k);
    for (size_t j = 0; j < m * p.ldc; j++) p.c[j] = 7;
    epo__packed_put(&packed, 1, 0, k / 2, p.b);
    epo__packed_put(&packed, 1, k / 2, k, p.b);
    epo__multiply_turned(&packed, 1, a, m + MORE, m, add, p.c, p.ldc);
    for (size_t r = 0; r < m; r++)
        for (size_t j = 0; j < p.ldc; j++) {
            double sum = add || j >= p.n ? 7 : 0;
            for (size_t l = 0; l < k && j < p.n; l++) sum += (double)a[l * (m + MORE) + r] * (double)p.b[l * p.n + j];
            assert_float_equal(p.c[r * p.ldc + j], sum, 1e-4);
        }
    free(a);
    free_problem(&p);
}

static void test_turned(void **state)
{
    (void)state;
    enum { MOST = 9 };
    static const size_t columns[] = {1, 12, 16, 33, 70};
    for (int width = 0; width < WIDTHS; width++)
        for (size_t i = 0; kernel(width) && i < sizeof columns / sizeof *columns; i++) {
            epo__packed room;
            check_ok(epo__packed_room_for(kernel(width), MATRICES, MOST, columns[i], &room));
            for (size_t m = 1; m <= 30; m++)
                for (size_t k = 1 + m % 2; k <= MOST; k += 4) check_turned(&room, k, m, m % 3 == 0); /* what is left in it does no harm */
            epo__packed_release(&room);
        }
}

/* Nothing comes out of not-a-number and a ReLU but zero, as in the other layers; elsewhere it stays. */
static void test_nan(void **state)
{
    (void)state;
    for (int width = 0; width < WIDTHS; width++) {
        if (!kernel(width)) continue;
        epo__packed packed;
        float a[2] = {NAN, 1}, b[2] = {1, 1}, c[2];
        check_ok(epo__packed_make_for(kernel(width), 1, 1, 1, b, 1, 1, NULL, &packed));
        epo__multiply(&packed, 0, a, 1, 2, NULL, c, 1);
        assert_true(isnan(c[0]) && c[1] == 1);
        epo__multiply(&packed, 0, a, 1, 2, &(epo__after){NULL, true}, c, 1);
        assert_true(c[0] == 0 && c[1] == 1);
        epo__packed_release(&packed);
    }
}

static void test_too_large(void **state)
{
    (void)state;
    epo__packed packed;
    float b = 0;
    assert_int_equal(epo__packed_make(3, SIZE_MAX / 4, 2, &b, 1, 1, NULL, &packed), EPO_ELIMIT);
    epo__packed_release(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_a_product), cmocka_unit_test(test_turned),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
