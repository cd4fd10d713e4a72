/* SPDX-License-Identifier: BSD-3-Clause
 * test_dropout.c - parts of a net, and dropout that is left on in a plan. */
#include <math.h>

#include "network.h"

enum { C = 5, H = 4, W = 3, BATCH = 6 };

static epo__plan *part(epo__net *net, int batch, size_t first, size_t last, const char *dropout)
{
    epo__plan *plan = NULL;
    check_ok(epo__plan_create_part(net, batch, &(epo__plan_options){first, last, dropout}, &plan));
    return plan;
}

static const char *const layers[] = {"conv 6 kernel=3 pad=same",
                                     "relu",
                                     "maxpool 2",
                                     "dropout 0.4",
                                     "conv 4 kernel=1 pad=same bias=0",
                                     "batchnorm",
                                     "relu",
                                     "spatialdropout 0.3",
                                     "flatten",
                                     "linear 3",
                                     "dropout 0.2",
                                     "softmax",
                                     NULL};

/* Wherever a net is cut, the two parts do what the whole does. */
static void parts_make_the_whole(void **state)
{
    (void)state;
    epo__net *net = make_net((epo__shape){C, H, W}, layers);
    check_ok(epo__net_visit(net, "", fill_param, NULL));
    size_t size = in_size(net), length = epo__net_length(net);
    float *in = random_floats(BATCH * size, 1), middle[BATCH * 6 * H * W], whole[BATCH * 3], got[BATCH * 3];
    epo__plan *plan = part(net, BATCH, 0, 0, NULL);
    check_ok(epo__plan_run(plan, BATCH, in, whole));
    epo__plan_destroy(plan);
    for (size_t cut = 1; cut < length; cut++) {
        epo__plan *below = part(net, BATCH, 0, cut, NULL), *above = part(net, BATCH, cut, 0, NULL);
        check_ok(epo__plan_run(below, BATCH, in, middle));
        check_ok(epo__plan_run(above, BATCH, middle, got));
        check_close("parts", got, whole, BATCH * 3, 1e-6);
        epo__plan_destroy(below);
        epo__plan_destroy(above);
    }
    assert_int_equal(epo__net_first_dropout(net), 3);
    free(in);
    epo__net_destroy(net);
}

/* 1 in, so that what comes out is 0 or 1 / (1 - rate). Returns how many were dropped; whole channels, when asked. */
static int count_dropped(epo__plan *plan, const epo__draw *draw, float kept, bool channels)
{
    float in[BATCH * C * H * W], out[BATCH * C * H * W];
    int dropped = 0;
    for (int i = 0; i < BATCH * C * H * W; i++) in[i] = 1;
    epo__plan_set_draw(plan, draw);
    check_ok(epo__plan_run(plan, BATCH, in, out));
    for (int i = 0; i < BATCH * C * H * W; i++) {
        assert_true(out[i] == 0 || fabsf(out[i] - kept) < 1e-6F);
        if (channels) assert_true(out[i] == out[i / (H * W) * (H * W)]);
        dropped += out[i] == 0;
    }
    return dropped;
}

static void what_is_dropped(void **state)
{
    (void)state;
    static const char *const words[][2] = {{"dropout 0.25", NULL}, {"spatialdropout 0.25", NULL}};
    const uint64_t keys[BATCH] = {11, 12, 13, 14, 15, 16};
    for (int kind = 0; kind < 2; kind++) {
        epo__net *net = make_net((epo__shape){C, H, W}, words[kind]);
        epo__plan *plan = part(net, BATCH, 0, 0, "a");
        int sum = 0, passes = 400, numbers = BATCH * C * (kind ? 1 : H * W);
        for (int pass = 0; pass < passes; pass++)
            sum +=
                count_dropped(plan, &(epo__draw){3, (uint64_t)pass, keys}, 1 / 0.75F, kind == 1) / (kind ? H * W : 1);
        double expected = 0.25 * numbers * passes, sd = __builtin_sqrt(expected * 0.75);
        if (__builtin_fabs(sum - expected) > 4 * sd) fail_msg("%d dropped, not %.0f +- %.0f", sum, expected, sd);
        epo__plan_destroy(plan);
        epo__net_destroy(net);
    }
}

/* The mask belongs to seed, pass, key and the layer's full name; not to the batch, nor to the place in it, nor to
 * threads. */
static void what_it_depends_on(void **state)
{
    (void)state;
    epo__net *net = make_net((epo__shape){C, H, W}, layers);
    check_ok(epo__net_visit(net, "", fill_param, NULL));
    size_t size = in_size(net);
    float *in = random_floats(BATCH * size, 2), all[BATCH * 3], one[3], other[3];
    const uint64_t keys[BATCH] = {5, 1, 4, 1u << 30, 9, 2};
    epo__plan *many = part(net, BATCH, 0, 0, "encoder"), *single = part(net, 1, 0, 0, "encoder"),
              *elsewhere = part(net, 1, 0, 0, "head");
    epo__nn_set_threads(4);
    epo__plan *threaded = part(net, BATCH, 0, 0, "encoder");
    epo__nn_set_threads(1);
    float again[BATCH * 3];
    const epo__draw draw = {7, 2, keys};
    epo__plan_set_draw(many, &draw);
    epo__plan_set_draw(threaded, &draw);
    check_ok(epo__plan_run(many, BATCH, in, all));
    check_ok(epo__plan_run(threaded, BATCH, in, again));
    assert_memory_equal(all, again, sizeof all);
    for (int i = 0; i < BATCH; i++) {
        const epo__draw same = {7, 2, &keys[i]},
                        changed[] = {{8, 2, &keys[i]}, {7, 3, &keys[i]}, {7, 2, &keys[(i + 1) % BATCH]}};
        epo__plan_set_draw(single, &same);
        check_ok(epo__plan_run(single, 1, in + (size_t)i * size, one));
        check_close("alone", one, all + 3 * i, 3, 1e-6);
        epo__plan_set_draw(elsewhere, &same);
        check_ok(epo__plan_run(elsewhere, 1, in + (size_t)i * size, other));
        assert_memory_not_equal(one, other, sizeof one);
        for (int k = 0; k < 3; k++) {
            epo__plan_set_draw(single, &changed[k]);
            check_ok(epo__plan_run(single, 1, in + (size_t)i * size, other));
            assert_memory_not_equal(one, other, sizeof one);
        }
    }
    epo__plan_destroy(many);
    epo__plan_destroy(threaded);
    epo__plan_destroy(single);
    epo__plan_destroy(elsewhere);
    epo__plan *undrawn = part(net, 1, 0, 0, "encoder");
    assert_int_equal(epo__plan_run(undrawn, 1, in, one), EPO_EARG);
    epo__plan_destroy(undrawn);
    free(in);
    epo__net_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_make_the_whole),
        cmocka_unit_test(what_is_dropped),
        cmocka_unit_test(what_it_depends_on),
    };
    return cmocka_run_group_tests_name("nn dropout", tests, NULL, NULL);
}
