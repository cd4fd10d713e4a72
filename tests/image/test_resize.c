/* SPDX-License-Identifier: BSD-3-Clause
 * test_resize.c - bilinear resizing against numbers from PyTorch (interpolate, align_corners=False) and what must
 * always hold. */
#include <math.h>

#include "image/resize.h"
#include "support/check.h"

static void numbers_are_those_of_pytorch(void **state)
{
    (void)state;
    /* F.interpolate(torch.tensor([[[[1., 5., 2.], [-3., 0., 8.]]]]), size=(3, 5), mode="bilinear", align_corners=False)
     */
    static const float from[6] = {1, 5, 2, -3, 0, 8};
    static const float expected[15] = {1.0F, 2.6F, 5.0F,  3.2F,  2.0F, -1.0F, 0.4F, 2.5F,
                                       4.0F, 5.0F, -3.0F, -1.8F, 0.0F, 4.8F,  8.0F};
    float to[15];
    epo__image_resize_bilinear(from, 2, 3, to, 3, 5);
    for (int i = 0; i < 15; i++)
        if (!(fabsf(to[i] - expected[i]) < 1e-6F))
            fail_msg("number %d is %.9g, not %.9g", i, (double)to[i], (double)expected[i]);
}

static void same_size_and_constants_stay(void **state)
{
    (void)state;
    float from[35], to[35], large[13 * 17];
    for (int i = 0; i < 35; i++) from[i] = (float)(i * i % 11);
    epo__image_resize_bilinear(from, 5, 7, to, 5, 7);
    assert_memory_equal(from, to, sizeof from);
    epo__image_resize_bilinear(&(float){4.25F}, 1, 1, large, 13, 17);
    for (int i = 0; i < 13 * 17; i++) assert_true(large[i] == 4.25F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_pytorch),
        cmocka_unit_test(same_size_and_constants_stay),
    };
    return cmocka_run_group_tests_name("image resize", tests, NULL, NULL);
}
