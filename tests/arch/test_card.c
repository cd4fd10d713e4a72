/* SPDX-License-Identifier: BSD-3-Clause
 * test_card.c - cards of models: what they show, what can be added, and models that go by a name. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/card.h"
#include "formats/safetensors.h"
#include "support/check.h"

static const char net_text[] = "network tiny\nabout for a test\ninput planes=3 size=6\nnormalise minmax\nencoder\nconv 3 kernel=3 pad=same\n"
                               "gap\ntriplet classes=A,B,C\nlinear classes\nsoftmax\n";

static const char record[] =
    "{\"format\":1,\"simulated\":true,\"command\":\"epochal train\",\"options\":{\"net\":\"tiny\",\"rate\":0.001,\"turns\":true,\"seed\":\"18446744073709551615\"},"
    "\"data\":{\"split\":\"main\",\"sha256\":\"abc\",\"objects\":7,\"stamps\":70,\"simulated\":0,"
    "\"surveys\":[{\"survey\":\"s\",\"objects\":7,\"stamps\":70,\"simulated\":0}],"
    "\"classes\":[{\"class\":\"A\",\"output\":\"A\",\"train\":5,\"validation\":1,\"test\":1,\"other\":0}]},"
    "\"from\":{\"network\":\"old\",\"sha256\":\"def\",\"simulated\":true,\"training\":{\"command\":\"first\",\"from\":null}},"
    "\"stages\":[{\"stage\":\"joint\",\"epochs\":3,\"best_epoch\":2,\"validation_loss\":0.5,\"validation_accuracy\":null}],"
    "\"steps\":9,\"examples\":90,\"machine\":{\"epochal\":\"0\",\"processor\":\"P\"}}";

static char *folder, *before;

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    before = getcwd(NULL, 0);
    write_file(temp_path(folder, "tiny.net"), net_text, sizeof net_text - 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(chdir(before), 0);
    free(before);
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
    check_ok(epo__model_set_extra(model, "somebody", "else's"));
    if (key) check_ok(epo__model_set_extra(model, key, value));
    const char *path = temp_path(folder, name);
    check_ok(epo_model_save(model, path));
    epo_model_free(model);
    return path;
}

static const epo_card_section *section(const epo_card *card, const char *name)
{
    for (size_t i = 0; i < card->count; i++)
        if (strcmp(card->sections[i].name, name) == 0) return &card->sections[i];
    return NULL;
}

/* The value of a row by its first cell; fails when there is none. */
static const epo_card_value *value(const epo_card *card, const char *name, const char *first)
{
    const epo_card_section *s = section(card, name);
    if (!s) fail_msg("no section '%s'", name);
    for (size_t i = 0; i < s->row_count; i++)
        if (s->cells[i * s->column_count].text && strcmp(s->cells[i * s->column_count].text, first) == 0) return &s->cells[i * s->column_count + 1];
    fail_msg("no %s in section '%s'", first, name);
    return NULL;
}

static void expect_text(const epo_card *card, const char *name, const char *first, const char *text)
{
    const epo_card_value *v = value(card, name, first);
    assert_int_equal(v->kind, EPO_CARD_TEXT);
    assert_string_equal(v->text, text);
}

/* Weights from elsewhere say that nothing is known. */
static void test_without_record(void **state)
{
    (void)state;
    epo_card card;
    check_ok(epo_card_read(make("plain.safetensors", NULL, NULL), NULL, &card));
    assert_false(card.has_training);
    expect_text(&card, "", "network", "tiny");
    expect_text(&card, "", "about", "for a test");
    assert_non_null(strstr(value(&card, "", "trained")->text, "not recorded"));
    assert_int_equal(value(&card, "", "simulated")->kind, EPO_CARD_NOTHING);
    assert_int_equal(value(&card, "", "parameters")->whole, 3 * 27 + 3 + 3 * 3 + 3);
    expect_text(&card, "heads", "triplet", "A, B, C");
    assert_null(section(&card, "data"));
    assert_null(section(&card, "metrics"));
    epo_card_free(&card);
    assert_int_equal(card.count, 0);
}

static void test_record(void **state)
{
    (void)state;
    epo_card card;
    epo_model *model = NULL;
    epo_model_info info;
    const char *path = make("recorded.safetensors", EPO__TRAINING_KEY, record);
    check_ok(epo_card_read(path, NULL, &card));
    assert_true(card.has_training);
    assert_true(value(&card, "", "simulated")->kind == EPO_CARD_BOOL && value(&card, "", "simulated")->whole == 1);
    assert_non_null(strstr(value(&card, "", "warning")->text, "started from weights"));
    expect_text(&card, "training", "command", "epochal train");
    expect_text(&card, "training", "seed", "18446744073709551615");
    expect_text(&card, "training", "processor", "P");
    assert_int_equal(value(&card, "data", "stamps")->whole, 70);
    assert_int_equal(section(&card, "classes")->column_count, 6);
    assert_true(value(&card, "options", "rate")->kind == EPO_CARD_REAL && value(&card, "options", "rate")->real == 0.001);
    assert_int_equal(value(&card, "options", "turns")->kind, EPO_CARD_BOOL);
    const epo_card_section *stages = section(&card, "stages");
    assert_true(stages->row_count == 1 && stages->cells[3].real == 0.5 && stages->cells[4].kind == EPO_CARD_NOTHING);
    expect_text(&card, "from", "old", "def");
    assert_string_equal(section(&card, "from")->cells[4].text, "first");
    epo_card_free(&card);
    check_ok(epo_model_load(path, NULL, &model));
    epo_model_get_info(model, &info);
    assert_int_equal(info.sky, EPO_SKY_SIMULATED);
    epo_model_free(model);
}

/* No record may crash a card, whatever it holds. */
static void test_hostile_records(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message; /* NULL: shown, with what there is */
    } cases[] = {
        {"", "epochal.training is not a JSON object"},
        {"[]", "epochal.training is not a JSON object"},
        {"{\"format\":1,\"format\":1}", "duplicate object key"},
        {"{\"format\":2}", "is not of format 1"},
        {"{\"format\":\"1\"}", "is not of format 1"},
        {"{\"format\":1}", NULL},
        {"{\"format\":1,\"simulated\":true,\"data\":3,\"options\":[],\"stages\":{},\"from\":[],\"machine\":1}", NULL},
        {"{\"format\":1,\"data\":{\"classes\":[1,null,{\"class\":[]}],\"surveys\":[{}]},\"from\":{\"training\":{\"from\":{}}}}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epo_card card;
        const char *path = make("hostile.safetensors", EPO__TRAINING_KEY, cases[i].text);
        if (cases[i].message)
            check_fails(epo_card_read(path, NULL, &card), EPO_EMODEL, cases[i].message);
        else
            check_ok(epo_card_read(path, NULL, &card));
        epo_card_free(&card);
    }
}

/* The bytes of a file's values, and how many. */
static unsigned char *values_of(const char *path, size_t *size)
{
    unsigned char *bytes = read_file(path, size);
    size_t header = 8;
    for (int i = 0; i < 8; i++) header += (size_t)bytes[i] << 8 * i;
    *size -= header;
    memmove(bytes, bytes + header, *size);
    return bytes;
}

static void write_json(const char *text)
{
    write_file(temp_path(folder, "metrics.json"), text, strlen(text));
}

static void test_write(void **state)
{
    (void)state;
    char path[512], out[512], metrics[512];
    size_t size, again;
    epo_card card;
    epo_model *model = NULL;
    snprintf(path, sizeof path, "%s", make("in.safetensors", EPO__TRAINING_KEY, record));
    snprintf(out, sizeof out, "%s", temp_path(folder, "out.safetensors"));
    snprintf(metrics, sizeof metrics, "%s", temp_path(folder, "metrics.json"));
    write_json("[{\"model\":\"/home/me/in.safetensors\",\"measure\":\"max_f1\",\"class\":\"A\",\"value\":0.8,\"low\":0.7},"
               "{\"measure\":\"accuracy\",\"value\":0.75,\"objects\":12,\"low\":null}]");
    const epo_card_note notes[] = {{"limits", "one \"quoted\" line\nand another"}, {"licence", "CC-BY-4.0"}};
    check_ok(epo_card_write(path, NULL, &(epo_card_additions){metrics, notes, 2}, out));

    unsigned char *first = values_of(path, &size), *second = values_of(out, &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
    check_ok(epo_model_load(out, NULL, &model));
    assert_string_equal(epo__model_extra(model, "somebody"), "else's");
    assert_string_equal(epo__model_extra(model, EPO__TRAINING_KEY), record);
    assert_null(strstr(epo__model_extra(model, EPO__CARD_KEY), "/home"));
    epo_model_free(model);

    check_ok(epo_card_read(out, NULL, &card));
    const epo_card_section *m = section(&card, "metrics");
    static const char *const columns[] = {"measure", "class", "value", "low", "objects"};
    assert_true(m->column_count == 5 && m->row_count == 2);
    for (size_t i = 0; i < 5; i++) assert_string_equal(m->columns[i], columns[i]);
    assert_true(m->cells[2].real == 0.8 && m->cells[6].kind == EPO_CARD_NOTHING && m->cells[9].whole == 12);
    expect_text(&card, "notes", "limits", "one \"quoted\" line\nand another");
    epo_card_free(&card);

    /* a second time, over the same file: the metrics and notes given take the place of the old ones */
    write_json("[{\"measure\":\"auc\",\"value\":1}]");
    const epo_card_note more[] = {{"licence", ""}, {"limits", "none"}};
    check_ok(epo_card_write(out, NULL, &(epo_card_additions){metrics, more, 2}, out));
    check_ok(epo_card_read(out, NULL, &card));
    assert_true(section(&card, "metrics")->row_count == 1 && section(&card, "notes")->row_count == 1);
    expect_text(&card, "notes", "limits", "none");
    epo_card_free(&card);
    check_ok(epo_card_write(out, NULL, &(epo_card_additions){NULL, more, 1}, out));
    check_ok(epo_card_read(out, NULL, &card));
    assert_int_equal(value(&card, "metrics", "auc")->whole, 1);
    assert_int_equal(section(&card, "notes")->row_count, 1); /* licence was not there any more */
    epo_card_free(&card);
}

static void test_refused(void **state)
{
    (void)state;
    char path[512], out[512], metrics[512];
    snprintf(path, sizeof path, "%s", make("in.safetensors", NULL, NULL));
    snprintf(out, sizeof out, "%s", temp_path(folder, "never.safetensors"));
    snprintf(metrics, sizeof metrics, "%s", temp_path(folder, "metrics.json"));
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"{}", "array of 1 to"},           {"[]", "array of 1 to"},        {"[1]", "row 1 is not an object"},
        {"[{\"a\":1},{}]", "row 2 has 0"}, {"[{\"a\":{}}]", "row 1: a is"}, {"[{\"a\":1e999}]", "not JSON"},
        {"[{\"a\":NaN}]", "not JSON"},     {"[{\"\":1}]", "a name has"},    {"[{\"a\":1,\"a\":1}]", "duplicate"},
        {"[{\"a\":\"\\u0000\"}]", "not JSON"}, {"[{\"a\":1}] x", "not JSON"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_json(bad[i].text);
        check_fails(epo_card_write(path, NULL, &(epo_card_additions){.metrics = metrics}, out), EPO_EFORMAT, bad[i].message);
    }
    char *large = calloc(1, 70000);
    memset(large, ' ', 69000);
    write_json(large);
    free(large);
    check_fails(epo_card_write(path, NULL, &(epo_card_additions){.metrics = metrics}, out), EPO_ELIMIT, "metrics.json");
    static const struct {
        epo_card_note note;
        const char *message;
    } notes[] = {
        {{"", "x"}, "a key is 1 to 32"},       {{"Limits", "x"}, "a key is 1 to 32"}, {{"a b", "x"}, "a key is 1 to 32"},
        {{"limits", "\xff"}, "is not UTF-8"}, {{"limits", "a\033b"}, "control character"},
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        check_fails(epo_card_write(path, NULL, &(epo_card_additions){NULL, &notes[i].note, 1}, out), EPO_EARG, notes[i].message);
    assert_int_not_equal(access(out, F_OK), 0);
}

/* A bare name: the file here, else that of the folder; anything else is a path. */
static void test_names(void **state)
{
    (void)state;
    epo_model *model = NULL;
    char **paths = NULL;
    size_t count;
    char *other = temp_make();
    make("named.safetensors", NULL, NULL);
    setenv("EPOCHAL_MODELS", folder, 1);
    assert_int_equal(chdir(other), 0);
    check_ok(epo_model_load("named", NULL, &model));
    epo_model_free(model);
    check_fails(epo_model_load("unnamed", NULL, &model), EPO_ENOTFOUND, "unnamed: there is no such file, and no weights of this name in");
    check_fails(epo_model_load("named.safetensors", NULL, &model), EPO_ENOTFOUND, "named.safetensors");
    check_fails(epo_model_load("./named", NULL, &model), EPO_ENOTFOUND, "./named");
    check_fails(epo_model_load("", NULL, &model), EPO_ENOTFOUND, "");
    check_fails(epo_model_load("..", NULL, &model), EPO_EUNSUPPORTED, "..");
    write_file("named", "no model", 8); /* what is here comes first, and is no better for it */
    check_fails(epo_model_load("named", NULL, &model), EPO_EMODEL, "named");
    assert_int_equal(unlink("named"), 0);
    assert_int_equal(mkdir("named", 0777), 0); /* a folder of that name does not hide the model */
    check_ok(epo_model_load("named", NULL, &model));
    epo_model_free(model);
    check_ok(epo_model_list_weights(NULL, &paths, &count));
    bool found = false;
    for (size_t i = 0; i < count; i++) found = found || strcmp(paths[i], temp_path(folder, "named.safetensors")) == 0;
    assert_true(found);
    epo_model_list_free(paths, count);
    assert_int_equal(chdir(before), 0);
    unsetenv("EPOCHAL_MODELS");
    temp_remove(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_record), cmocka_unit_test(test_record),  cmocka_unit_test(test_hostile_records),
        cmocka_unit_test(test_write),          cmocka_unit_test(test_refused), cmocka_unit_test(test_names),
    };
    unsetenv("EPOCHAL_MODELS");
    return cmocka_run_group_tests(tests, begin, end);
}
