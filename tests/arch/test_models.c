/* SPDX-License-Identifier: BSD-3-Clause
 * test_models.c - the networks in models/: each builds, has the size its paper gives, and takes other classes. */
#include <stdlib.h>

#include "arch/model.h"
#include "support/check.h"

/* Trainable weights: of the encoder and one head. Sources: the papers' tables (otrain, des), Keras' count of the published
 * weights (braai), and sums over the layers of the published code. TAO-Net's encoder is that of PyTorch (taonet_parity.py). */
static const struct expected {
    const char *name;
    int planes, height, width, features;
    uint64_t trainable;   /* of encoder and stamp head */
    uint64_t statistics;  /* running means and variances */
    const char *classes[2];
    const char *plane_names;
} stamps[] = {
    {"otrain", 1, 32, 32, 256, 1048962, 0, {"bogus", "real"}, "difference"},
    {"otrain-code", 1, 32, 32, 256, 2621826, 0, {"bogus", "real"}, "difference"},
    {"des1", 3, 51, 51, 51, 265165, 582, {"real", "bogus"}, "template,science,difference"},
    {"des2", 3, 51, 51, 51, 414205, 742, {"real", "bogus"}, "template,science,difference"},
    {"des3", 3, 51, 51, 51, 851605, 1062, {"real", "bogus"}, "template,science,difference"},
    {"des4", 3, 51, 51, 51, 953785, 462, {"real", "bogus"}, "template,science,difference"},
    {"dia", 3, 51, 51, 32, 126050, 0, {"real", "bogus"}, "difference,science,template"},
    {"nodia", 2, 51, 51, 32, 45908, 0, {"real", "bogus"}, "science,template"},
    {"braai", 3, 63, 63, 256, 312081, 0, {"bogus", "real"}, "science,template,difference"},
    {"gotorb", 4, 55, 55, 256, 222113, 0, {"bogus", "real"}, "science,template,difference,range"},
};

static epo_model *create(const char *name, const char *classes)
{
    epo_model *model = NULL;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = name;
    options.classes = classes;
    check_ok(epo_model_create(&options, &model));
    return model;
}

static void test_stamp_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        const struct expected *e = &stamps[i];
        epo_model *model = create(e->name, NULL);
        epo_model_info info;
        epo_model_get_info(model, &info);
        assert_string_equal(info.name, e->name);
        assert_int_equal(info.planes, e->planes);
        assert_int_equal(info.height, e->height);
        assert_int_equal(info.width, e->width);
        assert_int_equal(info.features, e->features);
        assert_int_equal(info.trainable_parameters, e->trainable);
        assert_int_equal(info.parameters, e->trainable + e->statistics);
        assert_string_equal(info.plane_names, e->plane_names);
        assert_string_equal(info.sha256, "");
        assert_true(*info.about);
        const epo_head_info *head = &info.heads[EPO_HEAD_STAMP];
        assert_true(head->present && !info.heads[EPO_HEAD_TRIPLET].present && !info.heads[EPO_HEAD_SEQUENCE].present);
        assert_int_equal(head->class_count, 2);
        for (int c = 0; c < 2; c++) assert_string_equal(head->classes[c], e->classes[c]);
        assert_int_equal(epo__model_class_index(model, EPO_HEAD_STAMP, "REAL"), strcmp(e->classes[1], "real") == 0);
        assert_int_equal(epo__model_class_index(model, EPO_HEAD_STAMP, "SN"), -1);
        assert_null(epo__model_head(model, EPO_HEAD_SEQUENCE));
        epo_model_free(model);
    }
}

static const struct tao {
    const char *name;
    int size, features;
    uint64_t encoder, encoder_macs, gru;
    bool late, dates;
} taos[] = {
    {"taonet", 64, 632, 2948992, 4683071488, 391680, false, false},
    {"taonet32", 32, 632, 2948992, 1170767872, 391680, false, false},
    {"taonet16", 16, 632, 2948992, 292691968, 391680, false, false},
    /* first layer 64*1*9 instead of 64*3*9; three passes; the GRU's first input weights are 3*128 x 1896 */
    {"taonet-late", 64, 1896, 2947840, 3 * (4683071488 - 64 * 2 * 9 * 64 * 64), 391680 + 3 * 128 * 1264, true, false},
    {"taonet-dates", 64, 632, 2948992, 4683071488, 391680 + 3 * 128 * 3, false, true},
};

static epo_status add_trainable(void *context, const epo__param *param)
{
    if (param->trainable) *(uint64_t *)context += param->count;
    return EPO_OK;
}

static void test_taonet(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof taos / sizeof *taos; i++) {
        const struct tao *e = &taos[i];
        epo_model *model = create(e->name, NULL);
        epo_model_info info;
        epo_model_get_info(model, &info);
        uint64_t encoder = 0;
        check_ok(epo__net_visit(epo__model_encoder(model), "encoder", add_trainable, &encoder));
        assert_int_equal(encoder, e->encoder);
        assert_int_equal(info.encoder_macs, e->encoder_macs);
        assert_int_equal(info.features, e->features);
        assert_int_equal(info.heads[EPO_HEAD_SEQUENCE].parameters, e->gru + 128 * 6 + 6);
        assert_int_equal(info.heads[EPO_HEAD_TRIPLET].parameters, (uint64_t)e->features * 6 + 6);
        assert_int_equal(info.heads[EPO_HEAD_STAMP].parameters, (uint64_t)e->features + 1);
        assert_int_equal(info.height, e->size);
        assert_string_equal(info.fusion, e->late ? "late" : "early");
        assert_int_equal(info.dates, e->dates);
        assert_string_equal(info.plane_names, "night,night,night");
        epo_model_free(model);
    }
}

/* 2 layers of growth 8 on 16 channels, halved twice: 32 on 3 x 3 pixels, joined to 32 features; the rest by the formulas of the layers. */
static void test_hits(void **state)
{
    (void)state;
    epo_model *model = create("hits", NULL);
    epo_model_info info;
    epo_model_get_info(model, &info);
    uint64_t encoder = 0;
    check_ok(epo__net_visit(epo__model_encoder(model), "encoder", add_trainable, &encoder));
    assert_int_equal(info.features, 32);
    assert_int_equal(encoder, 19936 + 32 * 3 * 3 * 32 + 32);
    assert_int_equal(info.heads[EPO_HEAD_SEQUENCE].parameters, 43776 + 64 * 4 + 4);
    assert_int_equal(info.stride, 1);
    epo_model_free(model);
}

static void test_other_classes(void **state)
{
    (void)state;
    epo_model *model = create("taonet-small", "SN,RRLyrae,EB,constant");
    epo_model_info info;
    epo_model_get_info(model, &info);
    assert_int_equal(info.heads[EPO_HEAD_TRIPLET].class_count, 4);
    assert_int_equal(info.heads[EPO_HEAD_SEQUENCE].class_count, 4);
    assert_string_equal(info.heads[EPO_HEAD_SEQUENCE].classes[1], "RRLyrae");
    assert_int_equal(info.heads[EPO_HEAD_STAMP].class_count, 2);
    assert_int_equal(epo__net_out(epo__model_head(model, EPO_HEAD_SEQUENCE)).channels, 4);
    assert_int_equal(epo__net_out(epo__model_head(model, EPO_HEAD_STAMP)).channels, 1);
    epo_model_free(model);
}

/* Nothing in models/ is left untested, and nothing there is broken. */
static void test_every_file(void **state)
{
    (void)state;
    char **paths;
    size_t count;
    check_ok(epo_model_list(NULL, &paths, &count));
    assert_int_equal(count, sizeof stamps / sizeof *stamps + sizeof taos / sizeof *taos + 3); /* taonet-small, taonet-small16, hits */
    for (size_t i = 0; i < count; i++) {
        epo_model *model = create(paths[i], NULL);
        epo_model_info info;
        epo_model_get_info(model, &info);
        size_t length = strlen(info.name); /* the name of a network is that of its file */
        assert_true(strlen(paths[i]) > length + 5);
        assert_memory_equal(paths[i] + strlen(paths[i]) - length - 5, "/", 1);
        assert_memory_equal(paths[i] + strlen(paths[i]) - length - 4, info.name, length);
        epo_model_free(model);
    }
    epo_model_list_free(paths, count);
}

static epo_status sum_values(void *context, const epo__param *param)
{
    for (size_t i = 0; i < param->count; i++) *(double *)context += (double)param->value[i] * (double)(1 + i % 7);
    return EPO_OK;
}

static void test_seed(void **state)
{
    (void)state;
    double sums[3] = {0};
    static const uint64_t seeds[3] = {1, 1, 2};
    for (int i = 0; i < 3; i++) {
        epo_model *model = NULL;
        epo_model_options options = EPO_MODEL_OPTIONS_INIT;
        options.net = "taonet-small";
        options.seed = seeds[i];
        check_ok(epo_model_create(&options, &model));
        check_ok(epo__net_visit(epo__model_encoder(model), "encoder", sum_values, &sums[i]));
        epo_model_free(model);
    }
    assert_true(sums[0] == sums[1]);
    assert_true(sums[0] != sums[2]);
}

static void test_wrong_options(void **state)
{
    (void)state;
    epo_model *model = NULL;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    check_fails(epo_model_create(&options, &model), EPO_EARG, "network text");
    options.net = "no-such-network";
    check_fails(epo_model_create(&options, &model), EPO_ENOTFOUND, "no-such-network");
    options.net = "braai";
    options.classes = "a,b,c";
    check_fails(epo_model_create(&options, &model), EPO_EMODEL, "1 outputs for 3 classes");
    options.classes = "a,a";
    check_fails(epo_model_create(&options, &model), EPO_EARG, "twice");
    assert_null(model);
    assert_string_equal(epo_head_name(EPO_HEAD_SEQUENCE), "sequence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamp_models), cmocka_unit_test(test_taonet), cmocka_unit_test(test_hits), cmocka_unit_test(test_other_classes),
        cmocka_unit_test(test_every_file),   cmocka_unit_test(test_seed),   cmocka_unit_test(test_wrong_options),
    };
    unsetenv("EPOCHAL_MODELS"); /* the networks of this checkout */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
