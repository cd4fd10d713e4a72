/* SPDX-License-Identifier: BSD-3-Clause
 * test_threads.c - OpenMP may give fewer threads than are asked for: results and gradients stay what they are on one, and nobody
 * waits for a thread that never comes. Limits are read when a program starts, so each is set for one of its own. */
#include <omp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "network.h"
#include "nn/gradplan.h"
#include "nn/openmp.h"

enum { BATCH = 3, THREADS = 4, SECONDS = 60 };

static const epo__shape in_shape = {3, 40, 40};
static const char *const lines[] = {"conv 12 bias=0", "dense 3 growth=16", "transition", "conv 9 kernel=5", "relu", "flatten", "linear 4", NULL};

static float *scores(epo__precision precision, int threads)
{
    epo__net *net = make_net(in_shape, lines);
    epo__plan *plan = NULL;
    float *in = random_floats(BATCH * in_size(net), 1), *out = calloc(BATCH * out_size(net), sizeof *out);
    assert_non_null(out);
    check_ok(epo__net_visit(net, "", fill_param, NULL));
    epo__net_set_precision(net, precision);
    epo__nn_set_threads(threads);
    check_ok(epo__plan_create(net, 1, &plan)); /* one sample, so that all threads work in it or none does */
    for (int i = 0; i < BATCH; i++) check_ok(epo__plan_run(plan, 1, in + (size_t)i * in_size(net), out + (size_t)i * out_size(net)));
    epo__nn_set_threads(1);
    epo__plan_destroy(plan);
    epo__net_destroy(net);
    free(in);
    return out;
}

/* As a plan of the network gives it, and the gradient of the sum with respect to the input. */
static void results(int threads, float **out, float **d_in)
{
    epo__net *net = make_net(in_shape, lines);
    epo__plan *plan = NULL;
    epo__gradplan *gradplan = NULL;
    const epo__gradplan_options options = {.norms = EPO__NORM_BY_RUNNING, .keep_all = true};
    float *in = random_floats(BATCH * in_size(net), 1), *d_out = random_floats(BATCH * out_size(net), 2);
    float *again = calloc(BATCH * out_size(net), sizeof *again);
    *out = calloc(BATCH * out_size(net), sizeof **out);
    *d_in = calloc(BATCH * in_size(net), sizeof **d_in);
    assert_true(*out && *d_in && again);
    check_ok(epo__net_visit(net, "", fill_param, NULL));
    check_ok(epo__net_want_gradients(net, "", NULL, NULL));
    epo__nn_set_threads(threads);
    check_ok(epo__plan_create(net, BATCH, &plan));
    for (int i = 0; i < BATCH; i++) check_ok(epo__plan_run(plan, 1, in + (size_t)i * in_size(net), *out + (size_t)i * out_size(net)));
    check_ok(epo__plan_run(plan, BATCH, in, again));
    check_close("a batch", again, *out, BATCH * out_size(net), 1e-5);
    check_ok(epo__gradplan_create(net, BATCH, &options, &gradplan));
    epo__net_zero_gradients(net);
    check_ok(epo__gradplan_forward(gradplan, 0, BATCH, in, again));
    check_ok(epo__gradplan_backward(gradplan, d_out, *d_in));
    epo__nn_set_threads(1);
    epo__gradplan_destroy(gradplan);
    epo__plan_destroy(plan);
    epo__net_destroy(net);
    free(in), free(d_out), free(again);
}

static void compare(void)
{
    float *out, *d_in, *expected, *d_expected;
    results(1, &expected, &d_expected);
    results(THREADS, &out, &d_in);
    check_close("scores", out, expected, BATCH * 4, 1e-4);
    check_close("gradients", d_in, d_expected, BATCH * epo__shape_size(in_shape), 1e-3);
    free(out), free(d_in), free(expected), free(d_expected);
    for (int narrow = 0; narrow < 2; narrow++) {
        const epo__precision precision = narrow ? EPO__IN_INT8 : EPO__IN_BF16;
        expected = scores(precision, 1);
        out = scores(precision, THREADS);
        check_close("scores in narrow numbers", out, expected, BATCH * 4, 1e-4);
        free(out), free(expected);
    }
}

static void as_many_as_asked_for(void **state)
{
    (void)state;
    compare();
}

static void inside_a_region(void **state)
{
    (void)state;
    omp_set_max_active_levels(1);
#pragma omp parallel num_threads(2)
    {
#pragma omp master
        {
            assert_int_equal(epo__openmp_most(THREADS), omp_get_num_threads() > 1 ? 1 : epo__openmp_most(THREADS));
            compare();
        }
    }
}

static void what_was_set_comes_back(void **state)
{
    (void)state;
    const int threads = omp_get_max_threads(), dynamic = omp_get_dynamic();
    const epo__openmp before = epo__openmp_use(1);
    assert_int_equal(omp_get_max_threads(), 1);
    assert_int_equal(omp_get_dynamic(), 0);
    epo__openmp_restore(before);
    assert_int_equal(omp_get_max_threads(), threads);
    assert_int_equal(omp_get_dynamic(), dynamic);
    assert_int_equal(epo__openmp_most(0), 1);
}

/* This program once more, under a setting of OpenMP. */
static void under(const char *name, const char *value)
{
    char program[512]; /* its name, since under valgrind the link leads elsewhere for a new program */
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    assert_true(length > 0);
    program[length] = '\0';
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv(name, value, 1);
        setenv("EPOCHAL_TEST_AGAIN", "1", 1);
        alarm(SECONDS);
        execl(program, program, (char *)NULL);
        _exit(99);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) fail_msg("%s=%s: status %#x", name, value, (unsigned)status);
}

static void fewer_than_asked_for(void **state)
{
    (void)state;
    under("OMP_THREAD_LIMIT", "1");
    under("OMP_THREAD_LIMIT", "2");
    under("OMP_DYNAMIC", "true");
    under("OMP_MAX_ACTIVE_LEVELS", "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_asked_for),
        cmocka_unit_test(what_was_set_comes_back),
        cmocka_unit_test(inside_a_region),
        cmocka_unit_test(fewer_than_asked_for),
    };
    /* the children run all but the last */
    if (getenv("EPOCHAL_TEST_AGAIN")) return compare(), 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
