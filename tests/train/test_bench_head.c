/* SPDX-License-Identifier: BSD-3-Clause
 * What a sequence head costs: times that are there, and a model that is as before. */
#include "support/check.h"

#include <stdlib.h>

#include "arch/model.h"
#include "epochal/bench.h"

enum { ROUNDS = 3, COUNT = 4 };

static const char head_text[] = "network n\n"
                                "input planes=3 size=8\n"
                                "fusion early\n"
                                "normalise asinh scope=sequence\n"
                                "pad centre value=0\n"
                                "encoder\n"
                                "    conv 4 kernel=3 pad=same\n"
                                "    gap\n"
                                "%s";
static const char sequence_text[] = "sequence nights=3 dates=on classes=SN,CV,NON\n"
                                    "    gru 8 layers=2 output=sum\n"
                                    "    linear classes\n"
                                    "    softmax\n";
static const char stamp_text[] = "stamp planes=science,template,difference classes=bogus,real\n"
                                 "    linear 1\n"
                                 "    sigmoid\n";
static const int lengths[COUNT] = {5, 1, 40, 7};

static epo_model *model_with(const char *folder, const char *head)
{
    char text[1024];
    epo_model *model = NULL;
    const char *path = temp_path(folder, "n.net");
    int size = snprintf(text, sizeof text, head_text, head);
    write_file(path, text, (size_t)size);
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = path;
    check_ok(epo_model_create(&options, &model));
    return model;
}

static epo_status add_up(void *context, const epo__param *param)
{
    double *sum = context;
    for (size_t i = 0; i < param->count; i++) *sum += (double)param->value[i] * (double)(i % 31 + 1);
    assert_null(param->grad);
    return EPO_OK;
}

static void times(void **state)
{
    (void)state;
    char *folder = temp_make();
    epo_model *model = model_with(folder, sequence_text);
    double before = 0, after = 0;
    check_ok(epo__model_visit(model, add_up, &before));
    for (int threads = 0; threads < 3; threads++) {
        double forward[ROUNDS] = {0}, training[ROUNDS] = {0};
        check_ok(epo_bench_head(model, lengths, COUNT, threads, ROUNDS, forward, training));
        for (int i = 0; i < ROUNDS; i++) assert_true(forward[i] > 0 && training[i] > 0);
        assert_int_equal(epo__nn_threads(), 1); /* the caller's own setting */
    }
    check_ok(epo_bench_head(model, lengths, 1, 1, ROUNDS, NULL, NULL));
    check_ok(epo__model_visit(model, add_up, &after));
    assert_true(before == after);
    epo_model_free(model);
    temp_remove(folder);
}

static void refusals(void **state)
{
    (void)state;
    char *folder = temp_make();
    double forward[ROUNDS];
    epo_model *model = model_with(folder, sequence_text), *headless = model_with(folder, stamp_text);
    const int bad[] = {3, 0}, huge[] = {2147483647, 2147483647};
    check_fails(epo_bench_head(headless, lengths, COUNT, 1, ROUNDS, forward, NULL), EPO_EMODEL, "no sequence head");
    check_fails(epo_bench_head(model, lengths, 0, 1, ROUNDS, forward, NULL), EPO_EARG, "0 sequences");
    check_fails(epo_bench_head(model, lengths, 65537, 1, ROUNDS, forward, NULL), EPO_EARG, "65537 sequences");
    check_fails(epo_bench_head(model, lengths, COUNT, 1, 0, forward, NULL), EPO_EARG, "0 rounds");
    check_fails(epo_bench_head(model, bad, 2, 1, ROUNDS, forward, NULL), EPO_EARG, "sequence 1 has 0 steps");
    check_fails(epo_bench_head(model, huge, 2, 1, ROUNDS, forward, NULL), EPO_ELIMIT, "steps are too many");
    epo_model_free(headless);
    epo_model_free(model);
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
