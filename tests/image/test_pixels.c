/* SPDX-License-Identifier: BSD-3-Clause
 * test_pixels.c - the median against a sort, bad pixels, and statistics against numbers from numpy. */
#include "support/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "image/median.h"
#include "image/pixels.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Values of several shapes: all alike in the leading bits, many ties, both signs and all magnitudes, the extremes. */
static double draw(epo__rng *rng, int shape)
{
    switch (shape) {
    case 0: return 1000 + epo__rng_uniform(rng) * 1e-9;
    case 1: return (double)epo__rng_below(rng, 4) - 1.5;
    case 2: return epo__rng_normal(rng) * pow(10, (double)epo__rng_below(rng, 80) - 40);
    case 3: return epo__rng_below(rng, 2) ? -DBL_MAX : DBL_MIN / 8;
    case 4: return epo__rng_below(rng, 50) ? 7.25 : -1e300;
    default: return epo__rng_normal(rng);
    }
}

static void the_median_equals_that_of_a_sorted_copy(void **state)
{
    (void)state;
    enum { MOST = 700 };
    double values[MOST], sorted[MOST];
    epo__rng rng = {.seed = 4711};
    for (int shape = 0; shape < 6; shape++) {
        for (size_t count = 1; count <= MOST; count += count < 60 ? 1 : 37) {
            for (size_t i = 0; i < count; i++) values[i] = sorted[i] = draw(&rng, shape);
            qsort(sorted, count, sizeof *sorted, by_value);
            double want = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
            double got = epo__median(values, count);
            if (got != want) fail_msg("shape %d, %zu values: %.17g, not %.17g", shape, count, got, want);
        }
    }
}

static void statistics_equal_numpy(void **state)
{
    (void)state;
    /* numpy: x[np.isfinite(x)].astype(float64), then min max mean std median, median(abs(x - median)) */
    const float x[] = {3.25f, NAN, -17.5f, 1024.75f, INFINITY, 3.25f, .1f, 88.125f, -INFINITY, 41, -2.75f, 6.5f};
    epo__image_work work = {0};
    epo__pixel_stats s;
    check_ok(epo__pixels_stats(x, sizeof x / sizeof *x, &work, &s));
    assert_int_equal(s.count, 9);
    assert_int_equal(s.bad, 3);
    assert_true(s.min == -17.5);
    assert_true(s.max == 1024.75);
    assert_true(fabs(s.mean / 127.41388888905446 - 1) < 1e-14);
    assert_true(fabs(s.sd / 318.64785228428883 - 1) < 1e-14);
    assert_true(s.median == 3.25);
    assert_true(s.mad == 6.0);
    epo__image_work_free(&work);
}

static void statistics_of_nothing_and_of_a_constant(void **state)
{
    (void)state;
    float x[50];
    epo__image_work work = {0};
    epo__pixel_stats s;
    for (int i = 0; i < 50; i++) x[i] = NAN;
    check_ok(epo__pixels_stats(x, 50, &work, &s));
    assert_int_equal(s.count, 0);
    assert_int_equal(s.bad, 50);
    assert_true(s.min == 0 && s.max == 0 && s.mean == 0 && s.sd == 0 && s.median == 0 && s.mad == 0);
    check_ok(epo__pixels_stats(x, 0, &work, &s));
    assert_int_equal(s.bad, 0);

    for (int i = 3; i < 50; i++) x[i] = .1f;
    check_ok(epo__pixels_stats(x, 50, &work, &s));
    assert_int_equal(s.count, 47);
    assert_true(s.mean == (double).1f && s.sd == 0 && s.median == (double).1f && s.mad == 0);
    epo__image_work_free(&work);
}

static void marked_pixels_become_bad(void **state)
{
    (void)state;
    const float start[8] = {-9999, 12, -9000, -8999.5f, NAN, 3, -INFINITY, INFINITY};
    float x[8];
    memcpy(x, start, sizeof x);
    assert_int_equal(epo__pixels_count_bad(x, 8), 3);
    assert_int_equal(epo__pixels_mask_outside(x, 8, -9000, 13), 4);
    assert_int_equal(epo__pixels_count_bad(x, 8), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_equals_that_of_a_sorted_copy),
        cmocka_unit_test(statistics_equal_numpy),
        cmocka_unit_test(statistics_of_nothing_and_of_a_constant),
        cmocka_unit_test(marked_pixels_become_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
