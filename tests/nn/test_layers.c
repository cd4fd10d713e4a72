/* SPDX-License-Identifier: BSD-3-Clause
 * test_layers.c - one table takes every layer, alone and next to those it melts with, through: shape, a plain reference
 * in double precision, part batches, threads, and options that must be refused. */
#include "reference.h"

enum { MAX_LINES = 12, BATCH = 5 };

static const struct {
    epo__shape in, out;
    const char *lines[MAX_LINES + 1];
} nets[] = {
    {{3, 9, 7}, {4, 9, 7}, {"conv 4"}},
    {{3, 9, 7}, {17, 7, 5}, {"conv channels=17 kernel=3 pad=valid bias=0"}},
    {{1, 11, 11}, {16, 7, 7}, {"conv 16 kernel=5 pad=valid"}},
    {{2, 10, 13}, {5, 10, 13}, {"conv 5 kernel=4"}},
    {{2, 11, 13}, {6, 6, 7}, {"conv 6 kernel=6 stride=2"}},
    {{2, 12, 12}, {6, 6, 6}, {"conv 6 kernel=6 stride=2"}},
    {{20, 8, 8}, {33, 3, 3}, {"conv 33 kernel=3 stride=3 pad=same"}},
    {{4, 3, 3}, {3, 3, 3}, {"conv 3 kernel=5"}}, /* a kernel larger than the image */
    {{4, 6, 5}, {3, 2, 2}, {"conv 3 kernel=1 stride=4 pad=same"}},
    {{3, 1, 1}, {8, 1, 1}, {"conv 8 kernel=1"}},
    {{20, 9, 7}, {33, 9, 7}, {"conv 33 kernel=1", "relu"}},
    {{700, 16, 15}, {9, 16, 15}, {"conv 9 kernel=1 bias=0"}}, /* several strips, the last shorter */
    {{16, 32, 31}, {32, 32, 31}, {"conv 32"}},
    {{3, 8, 8}, {8, 8, 8}, {"conv 8", "relu"}},
    {{3, 8, 8}, {8, 8, 8}, {"conv 8", "batchnorm eps=0.001", "relu"}},
    {{3, 8, 8}, {8, 8, 8}, {"conv 8 bias=0", "relu", "batchnorm"}},
    {{3, 8, 8}, {8, 8, 8}, {"conv 8", "dropout 0.3", "batchnorm", "spatialdropout", "batchnorm", "relu", "relu"}},
    {{3, 8, 8}, {5, 8, 8}, {"batchnorm", "conv 7", "conv 5", "batchnorm"}},
    {{5, 6, 7}, {5, 6, 7}, {"batchnorm"}},
    {{19, 1, 1}, {19, 1, 1}, {"batchnorm", "batchnorm", "relu"}},
    {{5, 6, 7}, {5, 6, 7}, {"relu"}},
    {{5, 1, 1}, {5, 1, 1}, {"relu"}},
    {{5, 7, 9}, {5, 3, 4}, {"maxpool"}},
    {{5, 7, 9}, {5, 5, 7}, {"maxpool 3 stride=1", "relu"}},
    {{18, 8, 8}, {18, 2, 2}, {"maxpool 4"}},
    {{5, 7, 9}, {5, 3, 4}, {"avgpool size=2"}},
    {{17, 7, 9}, {17, 3, 4}, {"avgpool 3 stride=2"}},
    {{17, 9, 11}, {17, 1, 1}, {"gap"}},
    {{1, 64, 64}, {1, 1, 1}, {"gap", "sigmoid"}},
    {{3, 4, 5}, {3, 4, 5}, {"dropout rate=0.25"}},
    {{3, 4, 5}, {3, 4, 5}, {"spatialdropout"}},
    {{3, 4, 5}, {60, 1, 1}, {"flatten"}},
    {{3, 4, 5}, {60, 1, 1}, {"flatten order=hwc"}},
    {{3, 4, 5}, {60, 1, 1}, {"conv 3", "flatten order=chw"}},
    {{3, 4, 5}, {60, 1, 1}, {"conv 3", "relu", "flatten hwc"}},
    {{3, 4, 5}, {60, 1, 1}, {"flatten", "flatten hwc"}},
    {{37, 1, 1}, {11, 1, 1}, {"linear 11"}},
    {{37, 1, 1}, {1, 1, 1}, {"linear features=1 bias=0", "sigmoid"}},
    {{37, 1, 1}, {6, 1, 1}, {"linear 12", "relu", "batchnorm", "linear 6", "batchnorm", "relu"}},
    {{6, 1, 1}, {6, 1, 1}, {"softmax"}},
    {{3, 5, 1}, {3, 5, 1}, {"sigmoid"}},
    {{3, 5, 5}, {3, 5, 5}, {"sigmoid", "relu", "batchnorm"}},
    {{7, 1, 1}, {4, 1, 1}, {"linear 9", "conv 4 kernel=1", "relu"}}, /* from rows back to images */
    {{7, 1, 1}, {9, 1, 1}, {"linear 4", "conv 9 kernel=1", "relu"}}, /* and to longer rows than they came from */
    {{10, 6, 5}, {46, 6, 5}, {"dense 3 growth=12"}},
    {{16, 8, 8}, {48, 8, 8}, {"dense layers=2 growth=16 bottleneck=2"}},
    {{1, 5, 5}, {4, 5, 5}, {"dense 3 growth=1 bottleneck=1"}},
    {{40, 50, 47}, {56, 50, 47}, {"dense 2 growth=8 bottleneck=1"}}, /* several strips, the last shorter */
    {{9, 4, 4}, {24, 4, 4}, {"dense 3 growth=5"}}, /* images of one tile */
    {{8, 2, 3}, {40, 2, 3}, {"dense 2 growth=16"}},
    {{3, 1, 1}, {5, 1, 1}, {"dense 2 growth=1"}},
    {{12, 7, 6}, {6, 3, 3}, {"transition"}},
    {{13, 8, 8}, {9, 4, 4}, {"transition compression=0.7", "relu"}},
    {{3, 16, 16},
     {4, 1, 1},
     {"conv 8 bias=0", "dense 2 growth=6", "transition", "dense 2 growth=16", "transition 0.4", "batchnorm", "relu",
      "gap", "linear 4", "softmax"}},
    {{7, 1, 1}, {5, 1, 1}, {"gru 5"}},
    {{7, 1, 1}, {5, 1, 1}, {"gru hidden=5 output=sum"}},
    {{7, 1, 1}, {10, 1, 1}, {"gru 5 directions=2"}},
    {{7, 1, 1}, {10, 1, 1}, {"gru 5 directions=2 layers=2 output=sum"}},
    {{4, 1, 1}, {3, 1, 1}, {"gru 17 layers=3 directions=2", "linear 8", "relu", "linear 3", "softmax"}},
};
enum { NETS = sizeof nets / sizeof *nets };

/* Sequences of mixed length, the longest neither first nor last. */
static const int lengths[BATCH] = {2, 6, 1, 6, 3};

/* Where sample i begins in the input, and what it has. */
static size_t sample_start(const epo__net *net, int i)
{
    size_t steps = 0;
    for (int k = 0; k < i; k++) steps += epo__net_is_recurrent(net) ? (size_t)lengths[k] : 1;
    return steps * in_size(net);
}

static void run_plan(const epo__net *net, epo__plan *plan, int count, int first, const float *in, float *out)
{
    in += sample_start(net, first);
    if (epo__net_is_recurrent(net))
        check_ok(epo__plan_run_sequences(plan, count, lengths + first, in, out));
    else
        check_ok(epo__plan_run(plan, count, in, out));
}

/* A plan for `batch` on `threads` must give what the reference gives, also for fewer samples, and once more. */
static void check_plan(epo__net *net, const char *what, int batch, int threads, const float *in, const float *expected)
{
    epo__plan *plan = NULL;
    float *out = malloc((size_t)BATCH * out_size(net) * sizeof *out);
    assert_non_null(out);
    epo__nn_set_threads(threads);
    check_ok(epo__plan_create(net, batch, &plan));
    for (int round = 0; round < 2; round++)
        for (int count = batch; count > 0; count -= 2) {
            int first = BATCH - count;
            memset(out, 0xff, (size_t)BATCH * out_size(net) * sizeof *out);
            run_plan(net, plan, count, first, in, out);
            check_close(what, out, expected + (size_t)first * out_size(net), (size_t)count * out_size(net), 1e-5);
        }
    epo__plan_destroy(plan);
    epo__nn_set_threads(1);
    free(out);
}

static void test_reference(void **state)
{
    (void)state;
    for (size_t n = 0; n < NETS; n++) {
        epo__net *net = make_net(nets[n].in, nets[n].lines);
        check_ok(epo__net_visit(net, "", fill_param, NULL));
        epo__shape out = epo__net_out(net);
        if (memcmp(&out, &nets[n].out, sizeof out) != 0)
            fail_msg("%s: shape %d x %d x %d", nets[n].lines[0], out.channels, out.height, out.width);

        float *in = random_floats(sample_start(net, BATCH), n);
        float *expected = malloc(BATCH * out_size(net) * sizeof *expected);
        assert_non_null(expected);
        for (int i = 0; i < BATCH; i++) {
            float *one =
                ref_run(net, nets[n].lines, in + sample_start(net, i), epo__net_is_recurrent(net) ? lengths[i] : 0);
            memcpy(expected + (size_t)i * out_size(net), one, out_size(net) * sizeof *one);
            free(one);
        }
        check_plan(net, nets[n].lines[0], BATCH, 1, in, expected);
        check_plan(net, nets[n].lines[0], BATCH, 2, in, expected);
        check_plan(net, nets[n].lines[0], 1, 1, in, expected);
        check_plan(net, nets[n].lines[0], 1, 2, in, expected);
        free(in);
        free(expected);
        epo__net_destroy(net);
    }
}

/* A layer nobody runs here is a layer nobody tests. */
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
        assert_true(type->option_count <= EPO__MAX_OPTIONS && type->help && type->configure && type->plan);
    }
}

/* On one thread a sample's result has the same bits whatever is beside it, as long as no matrix product joins them. */
static void test_same_bits_in_any_batch(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 8",            "relu",       "dense 2 growth=12", "transition",
                                        "dense 2 growth=12", "transition", "dense 2 growth=12", "batchnorm", "relu", "gap", NULL};
    epo__net *net = make_net((epo__shape){3, 16, 16}, lines);
    check_ok(epo__net_init(net, "encoder", 5));
    float *in = random_floats(7 * in_size(net), 1), *one = malloc(out_size(net) * sizeof *one);
    float *all = malloc(7 * out_size(net) * sizeof *all);
    epo__plan *single = NULL, *batch = NULL;
    epo__nn_set_threads(2);
    check_ok(epo__plan_create(net, 7, &batch));
    epo__nn_set_threads(1);
    check_ok(epo__plan_create(net, 1, &single));
    check_ok(epo__plan_run(batch, 7, in, all));
    for (size_t i = 0; i < 7; i++) {
        check_ok(epo__plan_run(single, 1, in + i * in_size(net), one));
        assert_memory_equal(one, all + i * out_size(net), out_size(net) * sizeof *one);
    }
    epo__plan_destroy(single);
    epo__plan_destroy(batch);
    epo__net_destroy(net);
    free(in), free(one), free(all);
}

/* The threads inside a sample change no bit either. */
static void test_same_bits_on_any_threads(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 64", "dense 4 growth=32", "transition", "dense 2 growth=32", "gap", NULL};
    epo__net *net = make_net((epo__shape){3, 30, 30}, lines);
    check_ok(epo__net_init(net, "encoder", 5));
    float *in = random_floats(in_size(net), 1), *wanted = malloc(out_size(net) * sizeof *wanted);
    float *out = malloc(out_size(net) * sizeof *out);
    for (int threads = 1; threads <= 4; threads++) {
        epo__plan *plan = NULL;
        epo__nn_set_threads(threads);
        check_ok(epo__plan_create(net, 1, &plan));
        check_ok(epo__plan_run(plan, 1, in, threads == 1 ? wanted : out));
        if (threads > 1) assert_memory_equal(out, wanted, out_size(net) * sizeof *out);
        epo__plan_destroy(plan);
    }
    epo__nn_set_threads(1);
    epo__net_destroy(net);
    free(in), free(wanted), free(out);
}

/* A sample that is not a number spoils no other, nor the next run. */
static void test_nan_stays_where_it_is(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 8", "relu", "dense 2 growth=12", "transition", "batchnorm",
                                        "relu",   "gap",  "linear 3",          "relu",       NULL};
    epo__net *net = make_net((epo__shape){3, 8, 8}, lines);
    check_ok(epo__net_init(net, "encoder", 5));
    epo__plan *plan = NULL;
    check_ok(epo__plan_create(net, 2, &plan));
    float *in = random_floats(2 * in_size(net), 1), clean[6], dirty[6];
    check_ok(epo__plan_run(plan, 2, in, clean));
    for (size_t i = 0; i < in_size(net); i++) in[i] = NAN;
    check_ok(epo__plan_run(plan, 2, in, dirty));
    check_close("beside it", dirty + 3, clean + 3, 3, 0);
    memcpy(in, in + in_size(net), in_size(net) * sizeof *in);
    check_ok(epo__plan_run(plan, 1, in, dirty));
    check_close("after it", dirty, clean + 3, 3, 1e-6);
    epo__plan_destroy(plan);
    epo__net_destroy(net);
    free(in);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        epo__shape in;
        const char *line, *reason;
    } cases[] = {
        {{3, 8, 8}, "conv", "channels must be given"},
        {{3, 8, 8}, "conv 0", "from 1 to 65536"},
        {{3, 8, 8}, "conv 3.5", "whole number"},
        {{3, 8, 8}, "conv 8 kernel=65", "kernel is '65', not a whole number from 1 to 64"},
        {{3, 8, 8}, "conv 8 pad=half", "same|valid"},
        {{3, 8, 8}, "conv 8 pad=sam", "same|valid"},
        {{3, 8, 8}, "conv 8 colour=red", "it takes channels, kernel, stride, pad, bias"},
        {{3, 8, 8}, "conv 8 channels=8", "channels is given twice"},
        {{3, 8, 8}, "conv 8 kernel=9 pad=valid", "conv1: a kernel of 9 does not fit into 8 x 8"},
        {{3, 8, 8}, "conv 8 bias=yes", "bias"},
        {{3, 8, 8}, "batchnorm eps=0", "1e-12 to 1"},
        {{3, 8, 8}, "batchnorm eps=nan", "eps"},
        {{3, 8, 8}, "batchnorm momentum=2", "momentum"},
        {{3, 8, 8}, "relu 1", "takes no options"},
        {{3, 8, 8}, "maxpool 9", "does not fit"},
        {{3, 8, 8}, "avgpool size=0", "size"},
        {{3, 8, 8}, "gap 2", "takes no options"},
        {{3, 8, 8}, "dropout 1.5", "rate"},
        {{3, 8, 8}, "spatialdropout -1", "rate"},
        {{3, 8, 8}, "flatten cwh", "chw|hwc"},
        {{3, 8, 8}, "linear 5", "put flatten or gap before"},
        {{3, 1, 1}, "linear", "features must be given"},
        {{3, 8, 8}, "softmax", "put flatten or gap before"},
        {{3, 8, 8}, "sigmoid x=1", "takes no options"},
        {{3, 8, 8}, "dense 3", "growth must be given"},
        {{3, 8, 8}, "dense 3 growth=0", "growth"},
        {{3, 8, 8}, "transition 0", "compression"},
        {{3, 8, 8}, "transition 0.1", "none of 3 channels"},
        {{3, 8, 1}, "transition 1", "cannot be halved"},
        {{3, 1, 1}, "gru 5 directions=3", "directions"},
        {{3, 1, 1}, "gru 5 output=first", "last|sum"},
        {{3, 2, 1}, "gru 5", "not a vector"},
        {{3, 1, 1}, "lstm 5", "there are conv, batchnorm"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epo__net *net = NULL;
        check_ok(epo__net_create(cases[i].in, &net));
        check_fails(add_line(net, cases[i].line), EPO_EARG, cases[i].reason);
        assert_int_equal(epo__net_length(net), 0);
        epo__net_destroy(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_every_layer_is_in_the_table),
        cmocka_unit_test(test_same_bits_in_any_batch),
        cmocka_unit_test(test_same_bits_on_any_threads),
        cmocka_unit_test(test_nan_stays_where_it_is),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("nn layers", tests, NULL, NULL);
}
