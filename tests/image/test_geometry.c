/* SPDX-License-Identifier: BSD-3-Clause
 * test_geometry.c - cropping, padding and turning. */
#include "support/check.h"

#include "image/geometry.h"

enum { MOST = 12 };

static void number(float *plane, int count)
{
    for (int i = 0; i < count; i++) plane[i] = (float)(100 + i);
}

static void a_crop_keeps_the_centre_pixel(void **state)
{
    (void)state;
    float from[MOST * MOST], to[MOST * MOST];
    for (int h = 1; h <= MOST; h++) {
        for (int w = 1; w <= MOST; w++) {
            number(from, h * w);
            for (int th = 1; th <= MOST; th++) {
                for (int tw = 1; tw <= MOST; tw++) {
                    epo__image_fit(from, h, w, to, th, tw, EPO_FIT_CENTRE, -1);
                    assert_true(to[th / 2 * tw + tw / 2] == from[h / 2 * w + w / 2]);
                    /* every pixel, by the definition */
                    for (int i = 0; i < th; i++) {
                        for (int j = 0; j < tw; j++) {
                            int y = i - th / 2 + h / 2, x = j - tw / 2 + w / 2;
                            bool inside = y >= 0 && y < h && x >= 0 && x < w;
                            assert_true(to[i * tw + j] == (inside ? from[y * w + x] : -1));
                        }
                    }
                }
            }
        }
    }
}

static void the_centre_of_63_by_63_is_21_by_21_from_pixel_21(void **state)
{
    (void)state;
    float from[63 * 63], to[21 * 21];
    number(from, 63 * 63);
    epo__image_fit(from, 63, 63, to, 21, 21, EPO_FIT_CENTRE, 0);
    assert_true(to[0] == from[21 * 63 + 21]);
    assert_true(to[21 * 21 - 1] == from[41 * 63 + 41]);
}

static void crops_compose_and_padding_is_undone(void **state)
{
    (void)state;
    float from[MOST * MOST], middle[MOST * MOST], twice[MOST * MOST], once[MOST * MOST];
    for (int a = 1; a <= MOST; a++) {
        number(from, a * a);
        for (int b = 1; b <= MOST; b++) {
            epo__image_fit(from, a, a, middle, b, b, EPO_FIT_CENTRE, -1);
            for (int c = 1; c <= b && (b <= a || c <= a); c++) {
                epo__image_fit(middle, b, b, twice, c, c, EPO_FIT_CENTRE, -1);
                epo__image_fit(from, a, a, once, c, c, EPO_FIT_CENTRE, -1);
                assert_memory_equal(twice, once, (size_t)(c * c) * sizeof *once);
            }
        }
    }
}

static void the_corner_stays_and_the_rest_is_padded(void **state)
{
    (void)state;
    const float from[6] = {1, 2, 3, 4, 5, 6};
    float to[12];
    epo__image_fit(from, 2, 3, to, 3, 4, EPO_FIT_CORNER, 1e-9f);
    const float padded[12] = {1, 2, 3, 1e-9f, 4, 5, 6, 1e-9f, 1e-9f, 1e-9f, 1e-9f, 1e-9f};
    assert_memory_equal(to, padded, sizeof padded);
    epo__image_fit(from, 2, 3, to, 3, 2, EPO_FIT_CORNER, -7);
    const float mixed[6] = {1, 2, 4, 5, -7, -7};
    assert_memory_equal(to, mixed, sizeof mixed);
    epo__image_fit(from, 2, 3, to, 2, 3, EPO_FIT_CORNER, -7);
    assert_memory_equal(to, from, sizeof from);
}

/* numpy: rot90(a, e % 4), then [:, ::-1] for e >= 4, of a = [[1, 2, 3], [4, 5, 6]] */
static void turns_and_flips_equal_numpy(void **state)
{
    (void)state;
    const float from[6] = {1, 2, 3, 4, 5, 6};
    const float want[EPO_DIHEDRAL_COUNT][6] = {
        {1, 2, 3, 4, 5, 6}, {3, 6, 2, 5, 1, 4}, {6, 5, 4, 3, 2, 1}, {4, 1, 5, 2, 6, 3},
        {3, 2, 1, 6, 5, 4}, {6, 3, 5, 2, 4, 1}, {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6},
    };
    for (int e = 0; e < EPO_DIHEDRAL_COUNT; e++) {
        float to[6];
        epo__image_dihedral(from, 2, 3, to, e);
        assert_memory_equal(to, want[e], sizeof to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crop_keeps_the_centre_pixel),
        cmocka_unit_test(the_centre_of_63_by_63_is_21_by_21_from_pixel_21),
        cmocka_unit_test(crops_compose_and_padding_is_undone),
        cmocka_unit_test(the_corner_stays_and_the_rest_is_padded),
        cmocka_unit_test(turns_and_flips_equal_numpy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
