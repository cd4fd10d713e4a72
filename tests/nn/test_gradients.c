/* SPDX-License-Identifier: BSD-3-Clause
 * test_gradients.c - one table takes every layer, alone and with others, through training: results of the forward pass
 * and all gradients against finite differences of the plain reference in double precision; then what a gradplan
 * promises: same bits twice, frozen parts, running statistics, part batches. */
#include "nn/gradplan.h"
#include "reference.h"

enum { MAX_LINES = 12, BATCH = 4 };

/* The reference's loss is exact to some 1e-13, so a central difference over 2e-6 is exact to 1e-7 and seldom crosses
 * the corner of a ReLU. What remains is the float32 of the library: sums of some 1e3 products with 6e-8 each, and
 * Winograd's transforms, which lose one digit: 1e-4 of the largest gradient of the tensor is borne, no more. */
static const double nudge = 1e-6, tolerance = 1e-4;

static const struct {
    epo__shape in;
    const char *lines[MAX_LINES + 1];
} nets[] = {
    {{3, 6, 5}, {"conv 4"}},
    {{2, 7, 6}, {"conv 5 kernel=4 stride=2 bias=0"}},
    {{3, 9, 7}, {"conv 17 kernel=3 pad=valid", "conv 2 kernel=1"}},
    {{4, 3, 3}, {"conv 3 kernel=5"}},
    {{20, 8, 8}, {"conv 33 kernel=3 stride=3"}},
    {{5, 4, 3}, {"batchnorm eps=0.01"}},
    {{19, 1, 1}, {"batchnorm", "linear 3"}},
    {{5, 4, 3}, {"relu"}},
    {{5, 7, 9}, {"maxpool"}},
    {{5, 7, 9}, {"maxpool 3 stride=2"}},
    {{5, 7, 9}, {"avgpool"}},
    {{17, 7, 9}, {"avgpool 3 stride=2"}},
    {{5, 7, 9}, {"avgpool 3 stride=1"}},
    {{17, 6, 5}, {"gap"}},
    {{3, 4, 5}, {"dropout rate=0.25"}},
    {{9, 4, 5}, {"conv 7", "spatialdropout", "dropout 0.4", "conv 2"}},
    {{3, 4, 5}, {"flatten"}},
    {{3, 4, 5}, {"flatten order=hwc", "linear 4"}},
    {{3, 4, 5}, {"conv 3", "flatten", "linear 4"}},
    {{13, 1, 1}, {"linear 7"}},
    {{13, 1, 1}, {"linear 7 bias=0", "relu", "linear 2"}},
    {{6, 1, 1}, {"softmax"}},
    {{6, 1, 1}, {"linear 4", "softmax"}},
    {{3, 5, 1}, {"sigmoid"}},
    {{5, 6, 7}, {"dense 2 growth=3 bottleneck=2"}},
    {{3, 5, 9}, {"dense 3 growth=1 bottleneck=1"}},
    {{18, 8, 8}, {"dense 1 growth=17 bottleneck=1"}},
    {{4, 33, 29}, {"dense 2 growth=2 bottleneck=1"}}, /* several chunks of pixels and of tiles */
    {{12, 7, 6}, {"transition"}},
    {{5, 6, 9}, {"transition compression=0.7", "relu"}},
    {{3, 12, 11},
     {"conv 6 bias=0", "dense 2 growth=4", "transition", "dense 1 growth=5", "batchnorm", "relu", "gap", "linear 4",
      "softmax"}},
    {{3, 11, 11},
     {"conv 6", "relu", "batchnorm momentum=0.3", "spatialdropout 0.2", "maxpool", "conv 4 pad=valid", "flatten hwc",
      "dropout 0.3", "linear 5", "relu", "linear 1", "sigmoid"}},
    {{7, 1, 1}, {"gru 5"}},
    {{7, 1, 1}, {"gru hidden=5 output=sum"}},
    {{7, 1, 1}, {"gru 5 directions=2"}},
    {{4, 1, 1}, {"gru 3 directions=2 layers=3 output=sum", "linear 3", "softmax"}},
    {{4, 1, 1}, {"gru 5 layers=2", "dropout 0.2", "batchnorm", "linear 3"}},
};
enum { NETS = sizeof nets / sizeof *nets };

static const int lengths[BATCH] = {2, 5, 1, 5};
enum { STEPS = 13 };

/* What the test of one network works with. */
struct trial {
    const char *const *lines;
    epo__net *net;
    epo__shape out;
    size_t in_count, out_count; /* floats of the whole batch */
    float *in, *result, *d_out, *d_in;
};

static struct trial trial_make(epo__shape in, const char *const *lines, uint64_t number)
{
    struct trial t = {.lines = lines, .net = make_net(in, lines)};
    t.out = epo__net_out(t.net);
    t.in_count = in_size(t.net) * (epo__net_is_recurrent(t.net) ? (size_t)STEPS : (size_t)BATCH);
    t.out_count = (size_t)BATCH * out_size(t.net);
    t.in = random_floats(t.in_count, number);
    t.d_out = random_floats(t.out_count, number + 1000);
    t.result = malloc(t.out_count * sizeof(float));
    t.d_in = malloc(t.in_count * sizeof(float));
    assert_true(t.result && t.d_in);
    check_ok(epo__net_visit(t.net, "", fill_param, NULL));
    check_ok(epo__net_want_gradients(t.net, "", NULL, NULL));
    return t;
}

static void trial_free(struct trial *t)
{
    epo__net_destroy(t->net);
    free(t->in), free(t->result), free(t->d_out), free(t->d_in);
}

static epo_status go_forward(epo__gradplan *plan, struct trial *t, uint64_t step, int count)
{
    if (epo__net_is_recurrent(t->net))
        return epo__gradplan_forward_sequences(plan, step, count, lengths, t->in, t->result);
    return epo__gradplan_forward(plan, step, count, t->in, t->result);
}

/* Forward and backward once, with a plan of its own. */
static void train_once(struct trial *t, int threads, const epo__gradplan_options *options)
{
    epo__gradplan *plan = NULL;
    epo__nn_set_threads(threads);
    check_ok(epo__gradplan_create(t->net, BATCH, options, &plan));
    epo__net_zero_gradients(t->net);
    check_ok(go_forward(plan, t, reference.step, BATCH));
    check_ok(epo__gradplan_backward(plan, t->d_out, t->d_in));
    epo__gradplan_destroy(plan);
    epo__nn_set_threads(1);
}

/* --- the reference ------------------------------------------------------------------------------------------------ */

/* The whole batch through the first layer: sequences one by one. */
static image ref_first(const struct trial *t, const double *in)
{
    epo__shape s = epo__net_in(t->net);
    const epo__layer *layer = epo__net_layer(t->net, 0);
    if (!epo__net_is_recurrent(t->net)) {
        image all = {BATCH, s.channels, s.height, s.width, (double *)(uintptr_t)in};
        return ref_layer(all, layer, t->lines[0]);
    }
    image out = image_make(BATCH, layer->out.channels, 1, 1);
    for (int i = 0; i < BATCH; i++) {
        image one = {1, s.channels, lengths[i], 1, (double *)(uintptr_t)in};
        image result = ref_layer(one, layer, t->lines[0]);
        memcpy(at(out, i, 0, 0, 0), result.v, image_size(result) * sizeof(double));
        free(result.v);
        in += (size_t)lengths[i] * (size_t)s.channels;
    }
    return out;
}

static image ref_batch(const struct trial *t, const double *in)
{
    image now = ref_first(t, in);
    for (size_t i = 1; i < epo__net_length(t->net); i++) {
        image next = ref_layer(now, epo__net_layer(t->net, i), t->lines[i]);
        free(now.v);
        now = next;
    }
    assert_int_equal(image_size(now), t->out_count);
    return now;
}

static double ref_loss(const struct trial *t, const double *in)
{
    image out = ref_batch(t, in);
    double loss = 0;
    for (size_t i = 0; i < t->out_count; i++) loss += out.v[i] * (double)t->d_out[i];
    free(out.v);
    return loss;
}

static void check_gradient(const char *what, const char *name, size_t i, double got, double expected, double largest)
{
    if (!(fabs(got - expected) <= tolerance * (largest > 1 ? largest : 1)))
        fail_msg("%s: d(loss)/d(%s[%zu]) is %.9g, not %.9g", what, name, i, got, expected);
}

static double largest_of(const float *x, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

/* Some numbers of every tensor, the more the less it costs. */
static void check_all(const struct trial *t, size_t wanted)
{
    double *in = malloc(t->in_count * sizeof *in);
    assert_non_null(in);
    for (size_t i = 0; i < t->in_count; i++) in[i] = (double)t->in[i];
    for (size_t i = 0, apart = (t->in_count + wanted - 1) / wanted; i < t->in_count; i += apart) {
        double kept = in[i], up, down;
        in[i] = kept + nudge, up = ref_loss(t, in);
        in[i] = kept - nudge, down = ref_loss(t, in);
        in[i] = kept;
        check_gradient(t->lines[0], "input", i, (double)t->d_in[i], (up - down) / (2 * nudge),
                       largest_of(t->d_in, t->in_count));
    }
    for (size_t l = 0; l < epo__net_length(t->net); l++)
        for (size_t k = 0; k < epo__net_layer(t->net, l)->param_count; k++) {
            const epo__param *p = &epo__net_layer(t->net, l)->params[k];
            assert_true((p->grad != NULL) == p->trainable);
            for (size_t i = 0, apart = (p->count + wanted - 1) / wanted; p->grad && i < p->count; i += apart) {
                double up, down;
                reference.nudged = p, reference.nudged_at = i;
                reference.nudge = nudge, up = ref_loss(t, in);
                reference.nudge = -nudge, down = ref_loss(t, in);
                reference.nudged = NULL;
                check_gradient(t->lines[0], p->name, i, (double)p->grad[i], (up - down) / (2 * nudge),
                               largest_of(p->grad, p->count));
            }
        }
    free(in);
}

static void test_finite_differences(void **state)
{
    (void)state;
    reference.training = true;
    reference.seed = 11;
    reference.step = 5;
    const epo__gradplan_options options = {.seed = reference.seed};
    for (size_t n = 0; n < NETS; n++) {
        struct trial t = trial_make(nets[n].in, nets[n].lines, n + 100);
        double *in = malloc(t.in_count * sizeof *in);
        float *expected = malloc(t.out_count * sizeof *expected);
        assert_true(in && expected);
        for (size_t i = 0; i < t.in_count; i++) in[i] = (double)t.in[i];
        image out = ref_batch(&t, in);
        for (size_t i = 0; i < t.out_count; i++) expected[i] = (float)out.v[i];
        for (int threads = 1; threads <= 3; threads++) {
            train_once(&t, threads, &options);
            check_close(t.lines[0], t.result, expected, t.out_count, 3e-5);
            check_all(&t, threads > 1 || t.in_count > 2000 ? 5 : 60);
        }
        free(out.v);
        free(in), free(expected);
        trial_free(&t);
    }
    reference.training = false;
}

/* By running statistics a norm is a straight line: the result is that of scoring, gradients are those of that function, and
 * the statistics stay. */
static void test_running_statistics(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 6 bias=0", "dense 2 growth=4", "transition", "batchnorm", "relu", "gap", "linear 4", NULL};
    const epo__gradplan_options options = {.seed = 1, .norms = EPO__NORM_BY_RUNNING};
    struct trial t = trial_make((epo__shape){3, 10, 9}, lines, 41), before = trial_make((epo__shape){3, 10, 9}, lines, 41);
    double *in = malloc(t.in_count * sizeof *in);
    float *expected = malloc(t.out_count * sizeof *expected);
    assert_true(in && expected);
    for (size_t i = 0; i < t.in_count; i++) in[i] = (double)t.in[i];
    image out = ref_batch(&t, in);
    for (size_t i = 0; i < t.out_count; i++) expected[i] = (float)out.v[i];
    for (int threads = 1; threads <= 2; threads++) {
        train_once(&t, threads, &options);
        check_close("result", t.result, expected, t.out_count, 3e-5);
        check_all(&t, 40);
    }
    for (size_t l = 0; l < epo__net_length(t.net); l++)
        for (size_t k = 0; k < epo__net_layer(t.net, l)->param_count; k++) {
            const epo__param *p = &epo__net_layer(t.net, l)->params[k];
            assert_memory_equal(p->value, epo__net_layer(before.net, l)->params[k].value, p->count * sizeof *p->value);
        }
    free(out.v);
    free(in), free(expected);
    trial_free(&t), trial_free(&before);
}

static void test_every_layer_is_in_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; epo__layer_types[i]; i++) {
        const epo__layer_type *type = epo__layer_types[i];
        bool found = false;
        for (size_t n = 0; n < NETS; n++)
            for (const char *const *line = nets[n].lines; *line; line++)
                found |= strncmp(*line, type->word, strcspn(*line, " ")) == 0 && !type->word[strcspn(*line, " ")];
        if (!found) fail_msg("no test has '%s'", type->word);
        assert_non_null(type->train);
    }
}

/* --- promises ----------------------------------------------------------------------------------------------------- */

static const char *const mixed[] = {"conv 6 bias=0",
                                    "dense 2 growth=4",
                                    "spatialdropout 0.2",
                                    "transition",
                                    "dense 1 growth=5",
                                    "batchnorm",
                                    "relu",
                                    "gap",
                                    "dropout 0.3",
                                    "linear 4",
                                    "softmax",
                                    NULL};
static const char *const packed[] = {"gru 5 layers=2 directions=2 output=sum", "dropout 0.2", "linear 3", "softmax",
                                     NULL};

/* Adds up the bits of everything that a step leaves behind. */
static epo_status add_bits(void *context, const epo__param *param)
{
    uint64_t *hash = context;
    for (size_t i = 0; i < param->count; i++) {
        uint32_t bits[2] = {0};
        memcpy(&bits[0], &param->value[i], sizeof *bits);
        if (param->grad) memcpy(&bits[1], &param->grad[i], sizeof *bits);
        *hash = (*hash ^ bits[0]) * 1099511628211u;
        *hash = (*hash ^ bits[1]) * 1099511628211u;
    }
    return EPO_OK;
}

static uint64_t bits_of(const char *const *lines, epo__shape in, int threads, uint64_t seed, uint64_t step)
{
    struct trial t = trial_make(in, lines, 3);
    const epo__gradplan_options options = {.seed = seed, .prefix = "encoder"};
    uint64_t hash = 0;
    reference.step = step;
    for (int i = 0; i < 3; i++) train_once(&t, threads, &options);
    check_ok(epo__net_visit(t.net, "", add_bits, &hash));
    trial_free(&t);
    return hash;
}

static void test_same_bits_again(void **state)
{
    (void)state;
    static const epo__shape plane = {3, 21, 18}, vector = {7, 1, 1};
    for (int threads = 1; threads <= 3; threads++) {
        uint64_t first = bits_of(mixed, plane, threads, 1, 2);
        assert_true(first == bits_of(mixed, plane, threads, 1, 2));
        assert_true(first != bits_of(mixed, plane, threads, 2, 2));
        assert_true(first != bits_of(mixed, plane, threads, 1, 3));
        first = bits_of(packed, vector, threads, 1, 2);
        assert_true(first == bits_of(packed, vector, threads, 1, 2));
        assert_true(first != bits_of(packed, vector, threads, 1, 3));
    }
}

/* A plan that has seen other batches, also smaller ones, gives what a fresh one gives, and adds to gradients. */
static void test_a_plan_keeps_nothing(void **state)
{
    (void)state;
    static const char *const *const chains[] = {mixed, packed};
    static const epo__shape shapes[] = {{3, 12, 11}, {7, 1, 1}};
    for (int n = 0; n < 2; n++) {
        struct trial t = trial_make(shapes[n], chains[n], 3);
        const epo__gradplan_options options = {.seed = 1};
        epo__gradplan *plan = NULL;
        float *first = malloc(t.in_count * sizeof *first);
        assert_non_null(first);
        reference.step = 9;
        train_once(&t, 1, &options);
        memcpy(first, t.d_in, t.in_count * sizeof *first);
        epo__param weight = epo__net_layer(t.net, 0)->params[0];
        float once = weight.grad[1];
        check_ok(epo__gradplan_create(t.net, BATCH, &options, &plan));
        for (int count = 2; count <= BATCH; count++) check_ok(go_forward(plan, &t, 9, count));
        check_ok(epo__gradplan_backward(plan, t.d_out, t.d_in));
        assert_memory_equal(first, t.d_in, t.in_count * sizeof *first);
        assert_float_equal(weight.grad[1], 2 * once, 1e-6);
        check_fails(epo__gradplan_backward(plan, t.d_out, t.d_in), EPO_EARG, "no forward pass");
        check_fails(go_forward(plan, &t, 9, BATCH + 1), EPO_EARG, "5 samples for a plan of 1 to 4");
        epo__gradplan_destroy(plan);
        free(first);
        trial_free(&t);
    }
}

static bool behind(void *context, const epo__param *param)
{
    return strncmp(param->name, context, strlen(context)) != 0;
}

/* What is frozen has no gradient and keeps its statistics; the rest has the gradients it has when all is trained and
 * the frozen norms use the batch as well. */
static void test_frozen(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 6 bias=0", "dense 2 growth=4", "transition", "batchnorm", "relu",
                                        "gap",           "linear 4",         NULL};
    struct trial all = trial_make((epo__shape){3, 10, 9}, lines, 3),
                 part = trial_make((epo__shape){3, 10, 9}, lines, 3);
    struct trial still = trial_make((epo__shape){3, 10, 9}, lines, 3);
    const epo__gradplan_options plain = {.seed = 1}, adapt = {.norms = EPO__NORM_BY_BATCH};
    char prefix[] = "e.dense1.";
    check_ok(epo__net_want_gradients(part.net, "e", behind, prefix));
    check_ok(epo__net_want_gradients(still.net, "e", behind, prefix));
    train_once(&all, 1, &plain);
    train_once(&part, 1, &adapt);
    train_once(&still, 1, &plain);
    check_close("result", part.result, all.result, all.out_count, 1e-6);
    check_close("d(input)", part.d_in, all.d_in, all.in_count, 1e-5);
    for (size_t l = 0; l < epo__net_length(all.net); l++)
        for (size_t k = 0; k < epo__net_layer(all.net, l)->param_count; k++) {
            const epo__param *a = &epo__net_layer(all.net, l)->params[k], *p = &epo__net_layer(part.net, l)->params[k];
            const epo__param *s = &epo__net_layer(still.net, l)->params[k];
            assert_true((p->grad != NULL) == (a->grad && l != 1));
            check_close(p->name, p->value, a->value, a->count, 1e-6);
            if (p->grad) check_close(p->name, p->grad, a->grad, a->count, 1e-5);
            if (l != 1 || !says(s->name, "running")) continue;
            for (size_t i = 0; i < s->count; i++) assert_true(s->value[i] != a->value[i]);
        }

    /* with everything frozen a gradplan gives what a plan gives, and there is nothing to go back for */
    epo__gradplan *training = NULL;
    epo__plan *plan = NULL;
    float *expected = malloc(all.out_count * sizeof *expected);
    assert_non_null(expected);
    epo__net_drop_gradients(all.net);
    check_ok(epo__plan_create(all.net, BATCH, &plan));
    check_ok(epo__plan_run(plan, BATCH, all.in, expected));
    check_ok(epo__gradplan_create(all.net, BATCH, &plain, &training));
    check_ok(epo__gradplan_forward(training, 0, BATCH, all.in, all.result));
    check_close("result", all.result, expected, all.out_count, 1e-5);
    check_ok(epo__gradplan_backward(training, all.d_out, NULL));
    epo__gradplan_destroy(training);
    epo__plan_destroy(plan);
    free(expected);
    trial_free(&all), trial_free(&part), trial_free(&still);
}

/* Without its softmax a head gives logits, from a plan and from a gradplan alike. */
static void test_logits(void **state)
{
    (void)state;
    static const char *const lines[] = {"linear 4", "softmax", NULL};
    struct trial t = trial_make((epo__shape){6, 1, 1}, lines, 3);
    const epo__gradplan_options options = {.logits = true};
    epo__gradplan *training = NULL;
    epo__plan *plan = NULL, *scores = NULL;
    float logits[BATCH * 4], expected[BATCH * 4];
    check_ok(epo__plan_create_logits(t.net, BATCH, &plan));
    check_ok(epo__plan_create(t.net, BATCH, &scores));
    check_ok(epo__gradplan_create(t.net, BATCH, &options, &training));
    check_ok(epo__plan_run(plan, BATCH, t.in, logits));
    check_ok(epo__plan_run(scores, BATCH, t.in, expected));
    check_ok(epo__gradplan_forward(training, 0, BATCH, t.in, t.result));
    check_close("logits", t.result, logits, BATCH * 4, 1e-6);
    for (size_t i = 0; i < BATCH; i++) {
        double sum = 0;
        for (size_t k = 0; k < 4; k++) sum += exp((double)logits[i * 4 + k]);
        for (size_t k = 0; k < 4; k++)
            assert_true(fabs((double)expected[i * 4 + k] - exp((double)logits[i * 4 + k]) / sum) < 1e-6);
    }
    epo__gradplan_destroy(training);
    epo__plan_destroy(plan);
    epo__plan_destroy(scores);
    trial_free(&t);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {"linear 4", "batchnorm", NULL};
    struct trial t = trial_make((epo__shape){6, 1, 1}, lines, 3),
                 sequences = trial_make((epo__shape){6, 1, 1}, packed, 3);
    const epo__gradplan_options options = {0};
    epo__gradplan *plan = NULL;
    static const int short_one[BATCH] = {1, 0, 2, 2};
    check_fails(epo__gradplan_create(t.net, 0, &options, &plan), EPO_EARG, "batch of 0");
    check_ok(epo__gradplan_create(t.net, BATCH, &options, &plan));
    check_fails(epo__gradplan_forward(plan, 0, 1, t.in, t.result), EPO_EARG,
                "batchnorm1: batch norm of a single value");
    check_fails(epo__gradplan_forward_sequences(plan, 0, 2, lengths, t.in, t.result), EPO_EARG, "not sequences");
    epo__gradplan_destroy(plan);
    plan = NULL;
    check_ok(epo__gradplan_create(sequences.net, BATCH, &options, &plan));
    check_fails(epo__gradplan_forward(plan, 0, 1, sequences.in, sequences.result), EPO_EARG, "takes sequences");
    check_fails(epo__gradplan_forward_sequences(plan, 0, BATCH, short_one, sequences.in, sequences.result), EPO_EARG,
                "sequence 1 has 0 steps");
    epo__gradplan_destroy(plan);
    trial_free(&t), trial_free(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_every_layer_is_in_the_table),
        cmocka_unit_test(test_same_bits_again),
        cmocka_unit_test(test_a_plan_keeps_nothing),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("nn gradients", tests, NULL, NULL);
}
