/* SPDX-License-Identifier: BSD-3-Clause
 * test_sort.c - the sorts against qsort, and the drawn words against the generator whose they are. */
#include "support/check.h"

#include <stdlib.h>

#include "base/rng.h"
#include "forest/draw.h"
#include "forest/sort.h"

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum { MOST = 40000 };

/* `count` keys out of `range` ranks from `low` on, each at most once when unique. */
static void sort_case(const epo__sorter *sorter, size_t count, uint32_t low, uint32_t range, bool unique, bool radix)
{
    static uint64_t keys[MOST], spare[MOST], expected[MOST];
    static size_t order[MOST];
    epo__rng rng = {.seed = count, .stream = range};
    for (size_t i = 0; i < range && unique; i++) order[i] = i;
    if (unique) epo__rng_shuffle(&rng, order, range);
    uint32_t least = UINT32_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t rank = low + (unique ? (uint32_t)order[i] : epo__rng_below(&rng, range));
        keys[i] = expected[i] = (uint64_t)rank << 32 | epo__rng_u32(&rng);
        if (rank < least) least = rank;
        if (rank > most) most = rank;
    }
    uint64_t *sorted = keys;
    if (radix)
        sorted = epo__sort_radix(keys, spare, count, least, most);
    else
        epo__sort_keys(sorter, keys, count, least, most, unique);
    for (size_t i = 1; i < count; i++) assert_true(sorted[i - 1] >> 32 <= sorted[i] >> 32);
    qsort(expected, count, sizeof *expected, by_value); /* equal ranks may lie in another order: compare as a whole */
    memcpy(spare == sorted ? keys : spare, sorted, count * sizeof *sorted);
    qsort(spare == sorted ? keys : spare, count, sizeof *keys, by_value);
    assert_memory_equal(spare == sorted ? keys : spare, expected, count * sizeof *keys);
}

static void sorts(void **state)
{
    (void)state;
    const size_t counts[] = {1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 66, 200, 3000};
    const uint32_t ranges[] = {1, 2, 40, 70, 3000, 40000};
    epo__sorter sorter;
    check_ok(epo__sorter_make(MOST, &sorter));
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
            for (int radix = 0; radix < 2; radix++) {
                sort_case(&sorter, counts[c], 0, ranges[r], false, radix);
                sort_case(&sorter, counts[c], MOST - ranges[r], ranges[r], false, radix);
                if (ranges[r] >= counts[c]) sort_case(&sorter, counts[c], MOST - ranges[r], ranges[r], true, radix);
            }
    sort_case(&sorter, 3000, 0xfff00000U, 0xfffffU, false, true); /* all digits */
    epo__sort_keys(&sorter, NULL, 0, 0, 0, true);
    epo__sorter_free(&sorter);
}

static void draws_the_same_words(void **state)
{
    (void)state;
    epo__rng rng = {.seed = UINT64_C(0x123456789abcdef0), .stream = UINT64_C(0xfedcba9876543210)};
    epo__draws draws = epo__draws_of(rng.seed, rng.stream);
    for (int i = 0; i < 1001; i++) assert_int_equal(epo__draw(&draws), epo__rng_u32(&rng));
    for (uint32_t bound = 1; bound < 400000000U; bound = bound * 3 + 1)
        for (int i = 0; i < 50; i++) assert_int_equal(epo__draw_below(&draws, bound), epo__rng_below(&rng, bound));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sorts), cmocka_unit_test(draws_the_same_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
