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

/* --- the reference ---------------------------------------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_every_layer_is_in_the_table),
    };
    return cmocka_run_group_tests_name("nn gradients", tests, NULL, NULL);
}
