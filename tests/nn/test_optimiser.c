/* SPDX-License-Identifier: BSD-3-Clause
 * test_optimiser.c - losses at their limits, learning rates, and an optimiser whose state is carried over. That the
 * rules are PyTorch's is shown by test_training.c. */
#include <math.h>

#include "network.h"
#include "nn/loss.h"
#include "nn/optimiser.h"
#include "nn/schedule.h"

/* Logits that a softmax or sigmoid in float32 would round to 0 and 1. */
static void test_loss_is_stable(void **state)
{
    (void)state;
    const float logits[] = {200, -300, 0, 1e-3F, 2e-3F, -3e-3F};
    const int labels[] = {1, 2};
    float d[6], p[6];
    double mean;
    epo__softmax_loss loss = {.classes = 3};
    check_ok(epo__softmax_loss_run(&loss, 2, logits, labels, &mean, d, p));
    assert_float_equal(mean, (500 + log(exp(1e-3) + exp(2e-3) + exp(-3e-3)) + 3e-3) / 2, 1e-5);
    assert_float_equal(d[0], 0.5, 1e-7);
    assert_float_equal(d[1], -0.5, 1e-7);
    assert_float_equal(p[0], 1, 0);
    assert_float_equal(d[3] + d[4] + d[5], 0, 1e-7);

    epo__sigmoid_loss binary = {.smoothing = 0.2};
    const float scores[] = {-400, 400, 0.7F};
    const int truth[] = {1, 1, 0};
    check_ok(epo__sigmoid_loss_run(&binary, 3, scores, truth, &mean, d, p));
    double third = log1p(exp(-0.7)) * 0.1 + (log1p(exp(-0.7)) + 0.7) * 0.9;
    assert_float_equal(mean, (400 * 0.9 + 400 * 0.1 + third) / 3, 1e-4);
    assert_float_equal(d[0], -0.9 / 3, 1e-6);
    assert_float_equal(d[1], 0.1 / 3, 1e-6);
    assert_float_equal(d[2], (1 / (1 + exp(-0.7)) - 0.1) / 3, 1e-6);
    assert_float_equal(p[0], 0, 0);
}

static void test_loss_refuses(void **state)
{
    (void)state;
    const float logits[6] = {0}, weights[] = {0, 1, -1}, none[] = {0, 1, 1};
    const int wrong[] = {0, 3}, negative[] = {-1, 0}, zeros[] = {0, 0};
    double mean;
    epo__softmax_loss loss = {.classes = 3};
    check_fails(epo__softmax_loss_run(&loss, 2, logits, wrong, &mean, NULL, NULL), EPO_EARG, "label 3 is none of 3");
    check_fails(epo__softmax_loss_run(&loss, 2, logits, negative, &mean, NULL, NULL), EPO_EARG, "label -1");
    loss.weights = weights;
    check_fails(epo__softmax_loss_run(&loss, 2, logits, zeros, &mean, NULL, NULL), EPO_EARG, "class weight -1");
    loss.weights = none;
    check_fails(epo__softmax_loss_run(&loss, 2, logits, zeros, &mean, NULL, NULL), EPO_EARG, "no sample of the batch");
    loss = (epo__softmax_loss){.classes = 3, .smoothing = 1.5};
    check_fails(epo__softmax_loss_run(&loss, 2, logits, zeros, &mean, NULL, NULL), EPO_EARG, "smoothing of 1.5");
    epo__sigmoid_loss binary = {.positive_weight = -1};
    check_fails(epo__sigmoid_loss_run(&binary, 2, logits, zeros, &mean, NULL, NULL), EPO_EARG, "weight -1");
    binary.positive_weight = 1;
    check_fails(epo__sigmoid_loss_run(&binary, 2, logits, wrong, &mean, NULL, NULL), EPO_EARG, "label 3 is neither");
}

static void test_schedules(void **state)
{
    (void)state;
    epo__schedule constant = {.warmup = 4}, step = {EPO_SCHEDULE_STEP, .every = 3, .factor = 0.5};
    epo__schedule cosine = {EPO_SCHEDULE_COSINE, .every = 10, .floor = 0.1, .warmup = 2};
    static const double rising[] = {0.2, 0.4, 0.6, 0.8, 1, 1}, falling[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.25};
    for (uint64_t t = 0; t < 6; t++) assert_float_equal(epo__schedule_part(&constant, NULL, t), rising[t], 1e-12);
    for (uint64_t t = 0; t < 7; t++) assert_float_equal(epo__schedule_part(&step, NULL, t), falling[t], 1e-12);
    assert_float_equal(epo__schedule_part(&cosine, NULL, 0), 1.0 / 3, 1e-12);
    assert_float_equal(epo__schedule_part(&cosine, NULL, 2), 1, 1e-12);
    assert_float_equal(epo__schedule_part(&cosine, NULL, 7), 0.55, 1e-12);
    /* torch.optim.lr_scheduler.CosineAnnealingLR(T_max=10, eta_min=0.1) of a rate of 1 after three steps */
    assert_float_equal(epo__schedule_part(&cosine, NULL, 5), 0.814503363531613, 1e-12);
    assert_float_equal(epo__schedule_part(&cosine, NULL, 12), 0.1, 1e-12);
    assert_float_equal(epo__schedule_part(&cosine, NULL, 1000), 0.1, 1e-12);
}

/* torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.1, patience=2, threshold=0.01) lowers at the same reports. */
static void test_plateau(void **state)
{
    (void)state;
    epo__schedule schedule = {EPO_SCHEDULE_PLATEAU, .factor = 0.1, .floor = 0.005, .patience = 2, .threshold = 0.01};
    static const double reports[] = {1, 0.9, 0.895, 0.95, 0.9, NAN, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6};
    static const double parts[] = {1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.005, 0.005};
    epo__plateau seen = EPO__PLATEAU_START;
    assert_float_equal(epo__schedule_part(&schedule, &seen, 0), 1, 0);
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        seen = epo__plateau_next(&schedule, seen, reports[i]);
        if (fabs(epo__schedule_part(&schedule, &seen, i) - parts[i]) > 1e-12)
            fail_msg("part %g after report %zu", epo__schedule_part(&schedule, &seen, i), i);
    }
}

static const char *const lines[] = {"linear 3", "relu", "linear 2", NULL};

/* Gradients that depend on the weights and the step. */
static epo_status fake_gradient(void *context, const epo__param *param)
{
    epo__rng rng = {.seed = *(uint64_t *)context, .stream = epo__rng_stream(param->name)};
    for (size_t i = 0; param->grad && i < param->count; i++)
        param->grad[i] = param->value[i] + (float)epo__rng_normal(&rng);
    return EPO_OK;
}

static void take_steps(epo__net *net, epo__optimiser *optimiser, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        check_ok(epo__net_visit(net, "", fake_gradient, &i));
        epo__optimiser_step(optimiser, 0.01);
    }
}

struct copies {
    epo__net *net;
    epo__optimiser *optimiser;
};

static epo_status carry_state(void *context, const epo__param *param)
{
    struct wanted_param wanted = {.name = param->name};
    check_ok(epo__optimiser_visit(context, match_param, &wanted));
    assert_non_null(wanted.found.value);
    memcpy(wanted.found.value, param->value, param->count * sizeof *param->value);
    return EPO_OK;
}

static epo_status carry_value(void *context, const epo__param *param)
{
    epo__param to = find_param(context, param->name);
    memcpy(to.value, param->value, param->count * sizeof *to.value);
    return EPO_OK;
}

static epo_status same_value(void *context, const epo__param *param)
{
    epo__param other = find_param(context, param->name);
    assert_memory_equal(other.value, param->value, param->count * sizeof *param->value);
    return EPO_OK;
}

static struct copies begin(const epo__optimiser_options *options, uint64_t seed)
{
    struct copies c = {.net = make_net((epo__shape){5, 1, 1}, lines)};
    check_ok(epo__net_init(c.net, "", seed));
    check_ok(epo__net_want_gradients(c.net, "", NULL, NULL));
    check_ok(epo__optimiser_create(options, &c.optimiser));
    check_ok(epo__optimiser_add(c.optimiser, c.net, ""));
    return c;
}

static void end(struct copies *c)
{
    epo__optimiser_destroy(c->optimiser);
    epo__net_destroy(c->net);
}

/* Eight steps have the bits of five, a state carried over, and three more; on two threads those of one. */
static void test_state_is_all_there_is(void **state)
{
    (void)state;
    const epo__optimiser_options kinds[] = {EPO__OPTIMISER_SGD, EPO__OPTIMISER_ADAM, EPO__OPTIMISER_ADAMW};
    for (size_t k = 0; k < 3; k++) {
        struct copies straight = begin(&kinds[k], 1), first = begin(&kinds[k], 1), second = begin(&kinds[k], 2);
        take_steps(straight.net, straight.optimiser, 0, 8);
        epo__nn_set_threads(2);
        take_steps(first.net, first.optimiser, 0, 5);
        epo__nn_set_threads(1);
        take_steps(second.net, second.optimiser, 0, 2);
        check_ok(epo__net_visit(first.net, "", carry_value, second.net));
        check_ok(epo__optimiser_visit(first.optimiser, carry_state, second.optimiser));
        epo__optimiser_set_steps(second.optimiser, epo__optimiser_steps(first.optimiser));
        take_steps(second.net, second.optimiser, 5, 8);
        check_ok(epo__net_visit(straight.net, "", same_value, second.net));
        end(&straight), end(&first), end(&second);
    }
}

static void test_clipping(void **state)
{
    (void)state;
    struct copies c = begin(&EPO__OPTIMISER_SGD, 1);
    uint64_t seed = 4;
    check_ok(epo__net_visit(c.net, "", fake_gradient, &seed));
    double norm = epo__optimiser_norm(c.optimiser);
    assert_float_equal(epo__optimiser_clip(c.optimiser, 2 * norm), norm, 0);
    assert_float_equal(epo__optimiser_norm(c.optimiser), norm, 0);
    assert_float_equal(epo__optimiser_clip(c.optimiser, 0.25), norm, 0);
    assert_float_equal(epo__optimiser_norm(c.optimiser), 0.25, 1e-5);
    find_param(c.net, "linear1.weight").grad[3] = NAN;
    assert_true(isnan(epo__optimiser_clip(c.optimiser, 0.1)));
    end(&c);
}

static void test_optimiser_refuses(void **state)
{
    (void)state;
    static const struct {
        epo__optimiser_options options;
        const char *reason;
    } cases[] = {
        {{.kind = EPO_OPTIMISER_SGD, .momentum = 1}, "momentum of 1"},
        {{.kind = EPO_OPTIMISER_SGD, .nesterov = true}, "needs a momentum"},
        {{.kind = EPO_OPTIMISER_SGD, .decay = -1}, "decay of -1"},
        {{.kind = EPO_OPTIMISER_ADAM, .beta1 = 0.9, .beta2 = 1, .eps = 1e-8}, "betas 0.9 and 1"},
        {{.kind = EPO_OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.9}, "eps 0 not above 0"},
    };
    epo__optimiser *optimiser = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_fails(epo__optimiser_create(&cases[i].options, &optimiser), EPO_EARG, cases[i].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_is_stable),
        cmocka_unit_test(test_loss_refuses),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_state_is_all_there_is),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_optimiser_refuses),
    };
    return cmocka_run_group_tests_name("nn optimiser", tests, NULL, NULL);
}
