/* SPDX-License-Identifier: BSD-3-Clause
 * test_supply.c - kept features: the same wherever an epoch is begun, however many draws of visits there is memory for. */
#include "train/toy.h"

#include "train/stamp_rule.h"
#include "train/supply.h"

enum { EPOCHS = 7, VARIANTS = 3 };

typedef struct place {
    toy toy;
    epo_model *model;
} place;

static int begin(void **state)
{
    place *p = calloc(1, sizeof *p);
    toy_begin(&p->toy);
    const epo_model_options random = {.net = p->toy.net, .seed = 3};
    check_ok(epo_model_create(&random, &p->model));
    *state = p;
    return 0;
}

static int end(void **state)
{
    place *p = *state;
    epo_model_free(p->model);
    toy_end(&p->toy);
    free(p);
    return 0;
}

static epo__supply *supply_of(const place *p, size_t memory)
{
    epo__supply *supply = NULL;
    epo__loader_options l = made_options(&p->toy.made);
    l.kind = EPO__EXAMPLE_SEQUENCE;
    check_ok(epo__stamp_rule_of(epo__model_network(p->model), &l.rule));
    check_ok(epo__supply_create(p->model, opened(&l), VARIANTS, 3, memory, &supply));
    return supply;
}

static size_t bytes; /* of the features that sum_of saw */

/* A number for all features of an epoch, or of the rest of it, in their order; *count of examples. */
static double sum_of(epo__supply *s, uint64_t epoch, size_t from, size_t width, size_t *count)
{
    double sum = 0, weight = 1;
    size_t triplets = 0;
    bool over;
    epo__supply_batch b;
    *count = 0;
    check_ok(epo__supply_start(s, epoch, from));
    for (;;) {
        check_ok(epo__supply_next(s, &b, &over));
        if (over) {
            bytes = triplets * width * sizeof(float);
            return sum;
        }
        assert_null(b.planes);
        for (size_t i = 0; i < b.triplets * width; i++) sum += (double)b.features[i] * (weight += 0.001);
        *count += b.count;
        triplets += b.triplets;
    }
}

static void test_begun_anywhere(void **state)
{
    const place *p = *state;
    size_t width = (size_t)epo__net_in(epo__model_head(p->model, EPO_HEAD_SEQUENCE)).channels, count;
    epo__supply *s = supply_of(p, SIZE_MAX);
    sum_of(s, 0, 0, width, &count);
    size_t variant = bytes;
    assert_true(variant > 0);
    epo__supply_free(s);

    /* room for none, one, two and all of the draws */
    for (size_t room = 0; room <= VARIANTS; room++) {
        size_t memory = variant * room + variant / 2, different = 1;
        double sums[EPOCHS];
        s = supply_of(p, memory);
        for (uint64_t e = 0; e < EPOCHS; e++) {
            sums[e] = sum_of(s, e, 0, width, &count);
            assert_int_equal(count, 2 * TOY_OBJECTS);
        }
        epo__supply_free(s);
        for (size_t e = 1; e < EPOCHS; e++) different += sums[e] != sums[0];
        assert_int_equal(different, EPOCHS); /* another order, at least */
        for (uint64_t e = 0; e < EPOCHS; e++) {
            s = supply_of(p, memory);
            if (sum_of(s, e, 0, width, &count) != sums[e]) fail_msg("room for %zu: epoch %d is another when it is the first", room, (int)e);
            epo__supply_free(s);
        }
    }
}

static void test_rest_of_an_epoch(void **state)
{
    const place *p = *state;
    size_t width = (size_t)epo__net_in(epo__model_head(p->model, EPO_HEAD_SEQUENCE)).channels, count;
    epo__supply *s = supply_of(p, SIZE_MAX);
    epo__supply_batch b;
    bool over;
    check_ok(epo__supply_start(s, 1, 0));
    for (int i = 0; i < 3; i++) check_ok(epo__supply_next(s, &b, &over));
    assert_int_equal(epo__supply_position(s), 3);
    check_ok(epo__supply_next(s, &b, &over));
    float first = b.features[0];
    size_t triplets = b.triplets;
    epo__supply_free(s);
    s = supply_of(p, SIZE_MAX);
    check_ok(epo__supply_start(s, 1, 3));
    check_ok(epo__supply_next(s, &b, &over));
    assert_true(b.features[0] == first && b.triplets == triplets);
    sum_of(s, 1, epo__supply_batches(s), width, &count);
    assert_int_equal(count, 0);
    epo__supply_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_begun_anywhere), cmocka_unit_test(test_rest_of_an_epoch)};
    return cmocka_run_group_tests(tests, begin, end);
}
