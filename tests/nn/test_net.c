/* SPDX-License-Identifier: BSD-3-Clause
 * test_net.c - chains of layers: names, parameters, cost, limits, first weights; plans: what they refuse, and several
 * at a time. */
#include <math.h>
#include <pthread.h>

#include "network.h"

/* The encoder of TAO-Net (Gomez et al. 2020), DenseNet-BC with k=32 and L=70. */
static const char *const taonet[] = {"conv 64 bias=0",
                                     "dense 11 growth=32",
                                     "transition",
                                     "dense 11 growth=32",
                                     "transition",
                                     "dense 11 growth=32",
                                     "batchnorm",
                                     "relu",
                                     "gap",
                                     NULL};

struct seen {
    size_t count, trainable, elements;
    char names[4096];
};

static epo_status see(void *context, const epo__param *param)
{
    struct seen *seen = context;
    size_t product = 1;
    for (int i = 0; i < param->ndim; i++) product *= (size_t)param->dims[i];
    assert_int_equal(product, param->count);
    assert_non_null(param->value);
    seen->count++;
    seen->elements += param->count;
    if (param->trainable) seen->trainable += param->count;
    size_t used = strlen(seen->names);
    snprintf(seen->names + used, sizeof seen->names - used, "%s ", param->name);
    return EPO_OK;
}

static void test_names(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 4", "conv 4 bias=0", "batchnorm", "dense 1 growth=2", "transition", NULL};
    epo__net *net = make_net((epo__shape){1, 6, 6}, lines);
    struct seen seen = {0};
    check_ok(epo__net_visit(net, "e", see, &seen));
    assert_string_equal(seen.names,
                        "e.conv1.weight e.conv1.bias e.conv2.weight e.batchnorm1.weight e.batchnorm1.bias "
                        "e.batchnorm1.running_mean e.batchnorm1.running_var e.dense1.layer1.bn1.weight "
                        "e.dense1.layer1.bn1.bias e.dense1.layer1.bn1.running_mean e.dense1.layer1.bn1.running_var "
                        "e.dense1.layer1.conv1.weight e.dense1.layer1.bn2.weight e.dense1.layer1.bn2.bias "
                        "e.dense1.layer1.bn2.running_mean e.dense1.layer1.bn2.running_var e.dense1.layer1.conv2.weight "
                        "e.transition1.bn.weight e.transition1.bn.bias e.transition1.bn.running_mean "
                        "e.transition1.bn.running_var e.transition1.conv.weight ");
    check_fails(epo__net_add(net, "relu", "conv1", NULL, 0), EPO_EARG, "the name 'conv1' is taken");
    check_fails(epo__net_add(net, "relu", "a.b", NULL, 0), EPO_EARG, "letters");
    check_fails(epo__net_add(net, "relu", "", NULL, 0), EPO_EARG, "letters");
    check_fails(epo__net_add(net, "relu", "a_name_of_more_letters_than_there_is_room_for_in_it", NULL, 0), EPO_EARG,
                "47");
    check_ok(epo__net_add(net, "relu", "mine", NULL, 0));
    assert_string_equal(epo__net_layer(net, 5)->name, "mine");
    check_fails(add_line(net, "gru 4"), EPO_EARG, "first layer");
    epo__net_destroy(net);

    static const char *const recurrent[] = {"gru 4 directions=2", NULL};
    net = make_net((epo__shape){3, 1, 1}, recurrent);
    seen = (struct seen){0};
    check_ok(epo__net_visit(net, "", see, &seen));
    assert_string_equal(seen.names, "gru1.weight_ih_l0 gru1.weight_hh_l0 gru1.bias_ih_l0 gru1.bias_hh_l0 "
                                    "gru1.weight_ih_l0_reverse gru1.weight_hh_l0_reverse gru1.bias_ih_l0_reverse "
                                    "gru1.bias_hh_l0_reverse ");
    epo__net_destroy(net);
}

static epo_status stop_at_third(void *context, const epo__param *param)
{
    (void)param;
    return ++*(int *)context == 3 ? EPO_ECANCELLED : EPO_OK;
}

/* Counts as PyTorch has them: tests/nn/make_fixture.py. */
static void test_cost(void **state)
{
    (void)state;
    epo__net *net = make_net((epo__shape){3, 64, 64}, taonet);
    struct seen seen = {0};
    check_ok(epo__net_visit(net, "", see, &seen));
    assert_int_equal(epo__net_out(net).channels, 632);
    assert_int_equal(seen.trainable, 2948992);
    assert_int_equal(epo__net_macs(net), 4683071488);
    assert_int_equal(epo__net_length(net), 9);
    int visits = 0;
    assert_int_equal(epo__net_visit(net, "", stop_at_third, &visits), EPO_ECANCELLED);
    assert_int_equal(visits, 3);
    epo__net_destroy(net);

    static const char *const braai[] = {"conv 16 pad=valid",
                                        "relu",
                                        "conv 16 pad=valid",
                                        "relu",
                                        "maxpool",
                                        "conv 32 pad=valid",
                                        "relu",
                                        "conv 32 pad=valid",
                                        "relu",
                                        "maxpool 4",
                                        "flatten hwc",
                                        "linear 256",
                                        "relu",
                                        "linear 1",
                                        "sigmoid",
                                        NULL};
    net = make_net((epo__shape){3, 63, 63}, braai);
    seen = (struct seen){0};
    check_ok(epo__net_visit(net, "", see, &seen));
    assert_int_equal(seen.elements, 312081);
    epo__net_destroy(net);
}

/* Refused by arithmetic, before memory is asked for. */
static void test_limits(void **state)
{
    (void)state;
    epo__net *net = NULL;
    check_fails(epo__net_create((epo__shape){0, 8, 8}, &net), EPO_EARG, "nothing in it");
    check_fails(epo__net_create((epo__shape){3, -8, 8}, &net), EPO_EARG, "nothing in it");
    check_fails(epo__net_create((epo__shape){INT32_MAX, INT32_MAX, INT32_MAX}, &net), EPO_ELIMIT, "elements");
    check_ok(epo__net_create((epo__shape){64, 1024, 1024}, &net));
    check_fails(add_line(net, "conv 65536 kernel=64"), EPO_ELIMIT, "parameters");
    check_fails(add_line(net, "conv 65536 kernel=1"), EPO_ELIMIT, "elements");
    check_fails(add_line(net, "dense 512 growth=4096 bottleneck=64"), EPO_ELIMIT, "elements");
    check_ok(add_line(net, "flatten"));
    check_fails(add_line(net, "linear 1000"), EPO_ELIMIT, "parameters");
    epo__net_destroy(net);

    check_ok(epo__net_create((epo__shape){10000, 1, 1}, &net));
    check_ok(add_line(net, "linear 10000"));
    check_ok(add_line(net, "linear 10000"));
    check_fails(add_line(net, "linear 10000"), EPO_ELIMIT, "linear3: with it the network has");
    assert_int_equal(epo__net_length(net), 2);
    epo__net_destroy(net);

    check_ok(epo__net_create((epo__shape){16, 2048, 2048}, &net));
    check_ok(add_line(net, "relu"));
    epo__plan *plan = NULL;
    check_fails(epo__plan_create(net, 65536, &plan), EPO_ELIMIT, "batch of 65536");
    check_fails(epo__plan_create(net, 0, &plan), EPO_EARG, "batch of 0");
    check_fails(epo__plan_create(net, 65537, &plan), EPO_EARG, "65536");
    epo__net_destroy(net);
}

struct first_weights {
    double sum, squares;
    size_t count;
    float first;
    const char *wanted;
};

static epo_status look(void *context, const epo__param *param)
{
    struct first_weights *w = context;
    if (strcmp(param->name, w->wanted) != 0) return EPO_OK;
    for (size_t i = 0; i < param->count; i++) {
        w->sum += (double)param->value[i];
        w->squares += (double)param->value[i] * (double)param->value[i];
    }
    w->count = param->count;
    w->first = param->value[0];
    return EPO_OK;
}

static struct first_weights weights_of(epo__net *net, const char *prefix, const char *name)
{
    struct first_weights w = {.wanted = name};
    check_ok(epo__net_visit(net, prefix, look, &w));
    assert_true(w.count > 0);
    return w;
}

static void test_first_weights(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 64", "relu", "conv 64", "batchnorm", NULL};
    epo__net *net = make_net((epo__shape){3, 8, 8}, lines);
    assert_true(weights_of(net, "", "batchnorm1.running_var").sum == 64); /* usable before any weights are given */
    check_ok(epo__net_init(net, "e", 11));
    struct first_weights w = weights_of(net, "e", "e.conv2.weight");
    double variance = w.squares / (double)w.count; /* He et al. 2015: 2 / fan-in */
    assert_true(fabs(variance * 576 / 2 - 1) < 0.03 && fabs(w.sum / (double)w.count) < 1e-3);
    assert_true(weights_of(net, "e", "e.conv2.bias").squares == 0);
    assert_true(weights_of(net, "e", "e.batchnorm1.weight").sum == 64);

    static const char *const other[] = {"conv 64", "conv 64", NULL}; /* the same names in another network */
    epo__net *second = make_net((epo__shape){3, 8, 8}, other);
    check_ok(epo__net_init(second, "e", 11));
    assert_true(weights_of(second, "e", "e.conv2.weight").sum == w.sum);
    check_ok(epo__net_init(second, "f", 11));
    assert_true(weights_of(second, "f", "f.conv2.weight").first != w.first);
    check_ok(epo__net_init(second, "e", 12));
    assert_true(weights_of(second, "e", "e.conv2.weight").first != w.first);
    epo__net_destroy(net);
    epo__net_destroy(second);
}

static void test_runs_refused(void **state)
{
    (void)state;
    static const char *const image[] = {"gap", NULL}, *const time[] = {"gru 2", NULL};
    epo__net *stamps = make_net((epo__shape){1, 2, 2}, image), *sequences = make_net((epo__shape){1, 1, 1}, time);
    epo__plan *a = NULL, *b = NULL;
    float in[16] = {0}, out[16];
    check_ok(epo__plan_create(stamps, 2, &a));
    check_ok(epo__plan_create(sequences, 2, &b));
    assert_false(epo__net_is_recurrent(stamps));
    assert_true(epo__net_is_recurrent(sequences));
    check_fails(epo__plan_run(a, 0, in, out), EPO_EARG, "0 samples");
    check_fails(epo__plan_run(a, 3, in, out), EPO_EARG, "3 samples");
    check_fails(epo__plan_run(b, 1, in, out), EPO_EARG, "sequences");
    check_fails(epo__plan_run_sequences(a, 1, (int[]){1}, in, out), EPO_EARG, "samples");
    check_fails(epo__plan_run_sequences(b, 2, (int[]){1, 0}, in, out), EPO_EARG, "sequence 1 has 0 steps");
    check_fails(epo__plan_run_sequences(b, 2, (int[]){INT32_MAX, INT32_MAX}, in, out), EPO_ELIMIT, "too many");
    epo__plan_destroy(a);
    epo__plan_destroy(b);
    epo__plan_destroy(NULL);
    epo__net_destroy(stamps);
    epo__net_destroy(sequences);
    epo__net_destroy(NULL);
}

/* A network without layers gives what it gets. */
static void test_no_layers(void **state)
{
    (void)state;
    epo__net *net = NULL;
    epo__plan *plan = NULL;
    const float in[] = {1, 2, 3, 4, 5, 6, 7, 8};
    float out[8];
    check_ok(epo__net_create((epo__shape){2, 2, 1}, &net));
    check_ok(epo__plan_create(net, 2, &plan));
    check_ok(epo__plan_run(plan, 2, in, out));
    assert_memory_equal(in, out, sizeof out);
    epo__plan_destroy(plan);
    epo__net_destroy(net);
}

/* --- plans side by side
 * --------------------------------------------------------------------------------------------------- */

enum { WORKERS = 4, SAMPLES = 6 };

struct worker {
    epo__plan *plan; /* made by the main thread: another runs it */
    const float *in, *expected;
    size_t in_size, out_size;
    int wrong;
};

static void *work(void *context)
{
    struct worker *w = context;
    float *out = malloc(SAMPLES * w->out_size * sizeof *out);
    for (int round = 0; round < 10; round++) {
        epo_status status = epo__plan_run(w->plan, SAMPLES, w->in, out);
        w->wrong += status != EPO_OK || memcmp(out, w->expected, SAMPLES * w->out_size * sizeof *out) != 0;
    }
    free(out);
    return NULL;
}

static void test_plans_side_by_side(void **state)
{
    (void)state;
    static const char *const lines[] = {"conv 16",   "relu", "dense 2 growth=16", "transition", "flatten hwc",
                                        "linear 32", "relu", "linear 3",          "softmax",    NULL};
    epo__net *net = make_net((epo__shape){3, 16, 16}, lines);
    check_ok(epo__net_init(net, "", 1));
    float *in = random_floats(SAMPLES * in_size(net), 1),
          *expected = malloc(SAMPLES * out_size(net) * sizeof *expected);
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){NULL, in, expected, in_size(net), out_size(net), 0};
        check_ok(epo__plan_create(net, SAMPLES, &workers[i].plan));
    }
    check_ok(epo__plan_run(workers[0].plan, SAMPLES, in, expected));
    for (int i = 0; i < WORKERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
        epo__plan_destroy(workers[i].plan);
    }
    epo__net_destroy(net);
    free(in);
    free(expected);
}

static void test_info(void **state)
{
    (void)state;
    epo__nn_info info;
    epo__nn_get_info(&info);
    assert_int_equal(info.onednn_version[0], '2');
    assert_non_null(strstr(info.blas_version, "OpenBLAS"));
    assert_true(info.onednn_isa[0] && info.onednn_runtime[0] && info.blas_core[0] && info.blas_threading[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_first_weights),
        cmocka_unit_test(test_runs_refused),
        cmocka_unit_test(test_no_layers),
        cmocka_unit_test(test_plans_side_by_side),
        cmocka_unit_test(test_info),
    };
    return cmocka_run_group_tests_name("nn net", tests, NULL, NULL);
}
