/* SPDX-License-Identifier: BSD-3-Clause
 * test_temperature.c - temperatures in a model's file: read, multiplied, refused when they are odd, and what a card
 * says. */
#include <stdlib.h>

#include "arch/card.h"
#include "arch/model.h"
#include "arch/temperature.h"
#include "support/check.h"

static const char net_text[] =
    "network tiny\ninput planes=3 size=6\nnormalise minmax\nencoder\nconv 3 kernel=3 pad=same\n"
    "gap\ntriplet classes=A,B,C\nlinear classes\nsoftmax\nstamp planes=science,template,difference "
    "classes=bogus,real\nlinear 1\nsigmoid\n";

static char *folder;

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    write_file(temp_path(folder, "tiny.net"), net_text, sizeof net_text - 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* A model with random weights and this metadata, saved as folder/name. */
static const char *make(const char *name, const char *key, const char *value)
{
    epo_model *model = NULL;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = temp_path(folder, "tiny.net");
    check_ok(epo_model_create(&options, &model));
    if (key) check_ok(epo__model_set_extra(model, key, value));
    const char *path = temp_path(folder, name);
    check_ok(epo_model_save(model, path));
    epo_model_free(model);
    return path;
}

static void expect(const char *path, double triplet, double stamp)
{
    epo_model *model = NULL;
    epo_model_info info;
    check_ok(epo_model_load(path, NULL, &model));
    epo_model_get_info(model, &info);
    assert_true(epo__model_temperature(model, EPO_HEAD_TRIPLET) == triplet);
    assert_true(info.heads[EPO_HEAD_TRIPLET].temperature == triplet && info.heads[EPO_HEAD_STAMP].temperature == stamp);
    epo_model_free(model);
}

static void temperatures_multiply(void **state)
{
    (void)state;
    bool had = true;
    const char *plain = make("plain.safetensors", NULL, NULL), *once = temp_path(folder, "once.safetensors"),
               *twice = temp_path(folder, "twice.safetensors");
    expect(plain, 1, 1);
    check_ok(epo_calibrated_save(plain, NULL, EPO_HEAD_TRIPLET, 1.25, once, &had));
    assert_false(had);
    expect(once, 1.25, 1);
    check_ok(epo_calibrated_save(once, NULL, EPO_HEAD_TRIPLET, 2, twice, NULL));
    expect(twice, 2.5, 1);
    check_ok(epo_calibrated_save(once, NULL, EPO_HEAD_STAMP, 0.5, twice, NULL));
    expect(twice, 1.25, 0.5);
    check_fails(epo_calibrated_save(once, NULL, EPO_HEAD_SEQUENCE, 2, twice, NULL), EPO_EMODEL, "no sequence head");
    check_fails(epo_calibrated_save(once, NULL, EPO_HEAD_TRIPLET, 99, twice, NULL), EPO_EARG, "0.01 to 100");
    check_fails(epo_calibrated_save(once, NULL, EPO_HEAD_TRIPLET, 0, twice, NULL), EPO_EARG, "0.01 to 100");
}

static void odd_metadata_is_refused(void **state)
{
    (void)state;
    static const char *const odd[] = {"{\"triplet\": 0}",
                                      "{\"triplet\": -1}",
                                      "{\"stamp\": 1e300}",
                                      "{\"triplet\": \"2\"}",
                                      "[1]",
                                      "2",
                                      "{\"triplet\": null}",
                                      "",
                                      "{"};
    epo_model *model = NULL;
    epo_model_options options = EPO_MODEL_OPTIONS_INIT;
    options.net = temp_path(folder, "tiny.net");
    check_ok(epo_model_create(&options, &model));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_int_equal(epo__model_set_extra(model, EPO__TEMPERATURE_KEY, odd[i]), EPO_EMODEL);
    assert_null(epo__model_extra(model, EPO__TEMPERATURE_KEY)); /* nothing was taken */
    check_ok(epo__model_set_extra(model, EPO__TEMPERATURE_KEY, "{\"triplet\": 3, \"tail\": 7}"));
    assert_true(epo__model_temperature(model, EPO_HEAD_TRIPLET) == 3);
    check_ok(epo__model_set_extra(model, EPO__TEMPERATURE_KEY, NULL));
    assert_true(epo__model_temperature(model, EPO_HEAD_TRIPLET) == 1);
    epo_model_free(model);
}

/* Figures of the scores before are left out; notes stay. A model made like another starts without temperatures. */
static void the_card_knows(void **state)
{
    (void)state;
    epo_card card;
    bool had = false;
    const char *path = make("noted.safetensors", EPO__CARD_KEY,
                            "{\"metrics\":[{\"measure\":\"ece\",\"value\":0.5}],\"notes\":{\"limits\":\"none\"}}"),
               *out = temp_path(folder, "out.safetensors");
    check_ok(epo_calibrated_save(path, NULL, EPO_HEAD_STAMP, 2, out, &had));
    assert_true(had);
    check_ok(epo_card_read(out, NULL, &card));
    bool temperature = false, notes = false;
    for (size_t i = 0; i < card.count; i++) {
        const epo_card_section *s = &card.sections[i];
        assert_string_not_equal(s->name, "metrics");
        notes |= strcmp(s->name, "notes") == 0;
        if (strcmp(s->name, "heads") != 0) continue;
        assert_int_equal(s->column_count, 4);
        assert_string_equal(s->columns[3], "temperature");
        temperature = s->cells[3].real == 1 && s->cells[s->column_count + 3].real == 2;
    }
    assert_true(temperature && notes);
    epo_card_free(&card);

    epo_model *model = NULL, *like = NULL;
    check_ok(epo_model_load(out, NULL, &model));
    check_ok(epo__model_create_like(model, NULL, 1, &like));
    assert_true(epo__model_temperature(model, EPO_HEAD_STAMP) == 2 &&
                epo__model_temperature(like, EPO_HEAD_STAMP) == 1);
    epo_model_free(model);
    epo_model_free(like);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(temperatures_multiply),
                                       cmocka_unit_test(odd_metadata_is_refused), cmocka_unit_test(the_card_knows)};
    return cmocka_run_group_tests(tests, begin, end);
}
