/* SPDX-License-Identifier: BSD-3-Clause
 * test_forest.c - epochal forest as its users run it: train, evaluate, predict, importances, and what it says to wrong input. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"
#include "support/npymake.h"

static char *folder, train[600], test[600], model[600];

/* 60 objects of two classes that x tells apart, with an empty cell here and there and a column of text. */
static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(train, sizeof train, "%s/train.csv", folder);
    snprintf(test, sizeof test, "%s/test.csv", folder);
    snprintf(model, sizeof model, "%s/m.safetensors", folder);
    FILE *file = fopen(train, "w");
    assert_non_null(file);
    fputs("name,kind,x,y,survey\n", file);
    for (int i = 0; i < 60; i++) fprintf(file, "o%d,%s,%s%d,%d,crts\n", i, i % 2 ? "SN" : "AGN", i % 2 ? "" : "-", i + 1, i * 7 % 11);
    fclose(file);
    file = fopen(test, "w");
    assert_non_null(file);
    fputs("y,id,x,label\n1,a,-5,AGN\n,b,7,SN\n2,c,9,AGN\n3,d,8,\n", file);
    fclose(file);
    command_ok((const char *const[]){"forest", "train", "--features", train, "--label", "kind", "--id", "name", "--exclude", "survey", "--trees", "50",
                                     "--out", model, "-q", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static json_t *json_of(command_result *r)
{
    json_error_t error;
    command_expect(r, 0);
    json_t *all = json_loads(r->out, 0, &error);
    if (!all) fail_msg("%s: %.500s", error.text, r->out);
    return all;
}

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void trains(void **state)
{
    (void)state;
    char other[600];
    snprintf(other, sizeof other, "%s/other", folder);
    command_result r = COMMAND("forest", "train", "--features", train, "--label", "kind", "--columns", "x,y", "--trees", "50", "--threads", "1", "--top", "1",
                               "--out", other, "-o", "json");
    json_t *all = json_of(&r);
    assert_true(real_of(all, "rows") == 60 && real_of(all, "trees") == 50 && real_of(all, "features") == 2 && real_of(all, "oob_accuracy") > 0.9);
    const json_t *top = json_object_get(all, "importances");
    assert_int_equal(json_array_size(top), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(top, 0), "feature")), "x");
    json_decref(all);
    command_free(&r);
    size_t one, two;
    unsigned char *a = read_file(model, &one), *b = read_file(other, &two); /* the same by --exclude and all threads */
    assert_int_equal(one, two);
    assert_memory_equal(a, b, one);
    free(a);
    free(b);
}

static void evaluates(void **state)
{
    (void)state;
    command_result r = COMMAND("forest", "evaluate", "--model", model, "--features", test, "--output", "json", "--confusion");
    if (!strstr(r.err, "1 rows without a class")) fail_msg("%s", r.err);
    json_t *all = json_of(&r);
    /* AGN SN SN for AGN SN AGN: F1 is 2/3 for both */
    assert_true(fabs(real_of(all, "accuracy") - 2.0 / 3) < 1e-9 && fabs(real_of(all, "macro_f1") - 2.0 / 3) < 1e-9 &&
                fabs(real_of(all, "weighted_f1") - 2.0 / 3) < 1e-9);
    const json_t *classes = json_object_get(all, "per_class");
    assert_int_equal(json_array_size(classes), 2);
    assert_true(real_of(json_array_get(classes, 0), "precision") == 1 && real_of(json_array_get(classes, 0), "support") == 2);
    assert_true(real_of(json_array_get(json_object_get(all, "confusion"), 0), "SN") == 1);
    json_decref(all);
    command_free(&r);
}

static void predicts(void **state)
{
    (void)state;
    command_result r = COMMAND("forest", "predict", "--model", model, "--features", test, "-o", "csv");
    command_expect(&r, 0);
    if (strncmp(r.out, "id,class,probabilities.AGN,probabilities.SN\n", 44) != 0 && !strstr(r.out, "a,AGN,")) fail_msg("%s", r.out);
    assert_non_null(strstr(r.out, "\na,AGN,"));
    assert_non_null(strstr(r.out, "\nd,SN,"));
    command_free(&r);
}

static void shows_importances(void **state)
{
    (void)state;
    command_result r = COMMAND("forest", "importances", "--model", model, "-o", "json");
    json_t *all = json_of(&r);
    assert_true(json_array_size(all) == 2 && !json_object_get(json_array_get(all, 0), "permutation"));
    json_decref(all);
    command_free(&r);
    r = COMMAND("forest", "importances", "--model", model, "--features", train, "--label", "kind", "--out-of-bag", "-o", "json");
    all = json_of(&r);
    assert_true(real_of(json_array_get(all, 0), "permutation") > 0.2);
    json_decref(all);
    command_free(&r);
}

/* By the light curves in a store: a table, scores in the store, and one evaluation with what else scored the same objects. */
static void goes_by_a_store(void **state)
{
    (void)state;
    char db[600], curves[600], forest[600], other[600];
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(curves, sizeof curves, "%s/curves.csv", folder);
    snprintf(forest, sizeof forest, "%s/curves.safetensors", folder);
    snprintf(other, sizeof other, "%s/other.safetensors", folder);
    FILE *file = fopen(curves, "w");
    assert_non_null(file);
    fputs("id,class,mjd,mag,mag_err\n", file);
    for (int i = 0; i < 40; i++)
        for (int p = 0; p < 12; p++)
            fprintf(file, "o%d,%s,%d,%.3f,0.02\n", i, i % 2 ? "VAR" : "CONST", 55000 + p, 16 + (i % 2 ? 0.5 * sin(p + i) : 0.001 * ((i * 31 + p * 17) % 29)));
    fclose(file);
    command_ok((const char *const[]){"import", "--db", db, "--format", "lightcurves", curves, "-q", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.5,0,0.5", "-q", NULL});
    command_ok((const char *const[]){"forest", "train", "--db", db, "--split", "main", "--trees", "30", "--out", forest, "-q", NULL});
    command_result r = COMMAND("forest", "train", "--db", db, "--split", "main", "--trees", "5", "--definition", "richards", "--balance", "--out", other);
    command_expect(&r, 0);
    assert_non_null(strstr(r.err, "oob_accuracy is too high with --balance"));
    command_free(&r);
    r = COMMAND("forest", "evaluate", "--db", db, "--split", "main", "--model", forest, "-o", "json");
    command_expect(&r, 0);
    json_t *all = json_of(&r);
    assert_true(real_of(all, "accuracy") == 1 && real_of(all, "macro_f1") == 1 && real_of(all, "weighted_f1") == 1);
    assert_int_equal(json_array_size(json_object_get(all, "per_class")), 2);
    json_decref(all);
    command_free(&r);
    r = COMMAND("classify", "--db", db, "--split", "main:test", "--model", other, "-o", "jsonl");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "\"nights\": 12"));
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--split", "main:test", "--model", forest, "--model", other, "--measures", "accuracy", "-o", "json");
    all = json_of(&r);
    assert_int_equal(json_array_size(json_object_get(all, "measures")), 2);
    const json_t *difference = json_object_get(all, "difference");
    assert_int_equal(json_array_size(difference), 1);
    assert_true(real_of(json_array_get(difference, 0), "value") == 1);
    json_decref(all);
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--split", "main:train", "--model", forest);
    command_expect(&r, 1);
    assert_non_null(strstr(r.err, "epochal classify --db"));
    command_free(&r);
    /* an object without a curve is named and left out, the others are judged */
    float pixels[64];
    for (int i = 0; i < 64; i++) pixels[i] = (float)(i * i % 7);
    snprintf(curves, sizeof curves, "%s/lonely.npy", folder);
    npy_save(curves, "'<f4'", "False", "(1, 8, 8)", pixels, sizeof pixels);
    command_ok((const char *const[]){"import", "--db", db, "--format", "cube", "--class", "VAR", curves, "-q", NULL});
    r = COMMAND("forest", "evaluate", "--db", db, "--model", forest, "-q", "-o", "json");
    command_expect(&r, 3);
    assert_non_null(strstr(r.err, "lonely.npy:0: left out: "));
    all = json_loads(r.out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(all, "rows")), 40);
    json_decref(all);
    command_free(&r);
    r = COMMAND("forest", "importances", "--db", db, "--split", "main", "--model", forest, "--out-of-bag"); /* by its part train */
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "permutation"));
    command_free(&r);
    for (int i = 0; i < 3; i++) {
        r = i == 2 ? COMMAND("classify", "--db", db, "--model", forest, "--precision", "bf16")
            : i    ? COMMAND("classify", "--db", db, "--model", forest, "--mc-histogram", "4")
                   : COMMAND("classify", "--db", db, "--model", forest, "--turns");
        command_expect(&r, 2);
        assert_non_null(strstr(r.err, "is a forest"));
        command_free(&r);
    }
}

/* All 40 objects get a class on a date; of the first `turned` the other one. */
static void relabel(const char *db, const char *when, int turned)
{
    char path[600];
    snprintf(path, sizeof path, "%s/decisions.csv", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("object,class,when\n", file);
    for (int i = 0; i < 40; i++) fprintf(file, "o%d,%s,%s\n", i, i % 2 == (i >= turned) ? "VAR" : "CONST", when);
    assert_int_equal(fclose(file), 0);
    command_ok((const char *const[]){"relabel", "--db", db, "--from", path, "--who", "test", "--why", "a test", "-q", NULL});
}

/* What a forest learns, and is judged by, are the labels of a date, and it keeps which. */
static void labels_of_a_date(void **state)
{
    (void)state;
    char db[600], forest[600];
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(forest, sizeof forest, "%s/then.safetensors", folder);
    relabel(db, "2001-03-01", 40); /* all were wrong once */
    relabel(db, "2001-05-01", 0);
    command_result r = COMMAND("forest", "train", "--db", db, "--split", "main", "--trees", "30", "--labels-as-of", "2001-04-01", "--out", forest, "-o", "json");
    json_t *all = json_of(&r);
    assert_string_equal(json_string_value(json_object_get(all, "labels_as_of")), "2001-04-01T23:59:59Z");
    json_decref(all);
    command_free(&r);
    for (int then = 0; then < 2; then++) {
        r = then ? COMMAND("forest", "evaluate", "--db", db, "--split", "main", "--model", forest, "-o", "json", "--labels-as-of", "2001-04-01")
                 : COMMAND("forest", "evaluate", "--db", db, "--split", "main", "--model", forest, "-o", "json");
        all = json_of(&r);
        assert_true(real_of(all, "accuracy") == then);
        json_decref(all);
        command_free(&r);
    }
    /* out of bag, the labels are those that it learned */
    command_ok((const char *const[]){"forest", "importances", "--db", db, "--split", "main", "--model", forest, "--out-of-bag", "-q", NULL});
    /* so with a forest over light curves and context */
    r = COMMAND("forest", "train", "--db", db, "--split", "main", "--trees", "30", "--light-curves", "--labels-as-of", "2001-04-01", "--out", forest, "-o", "json");
    all = json_of(&r);
    assert_string_equal(json_string_value(json_object_get(all, "labels_as_of")), "2001-04-01T23:59:59Z");
    json_decref(all);
    command_free(&r);
    r = COMMAND("forest", "evaluate", "--db", db, "--split", "main", "--model", forest, "-o", "json");
    all = json_of(&r);
    assert_true(real_of(all, "accuracy") == 0);
    json_decref(all);
    command_free(&r);
    r = COMMAND("forest", "train", "--db", db, "--labels-as-of", "1999-01-01", "--out", forest);
    command_expect(&r, 3);
    assert_non_null(strstr(r.err, "no row has a class"));
    command_free(&r);
}

static void refused(command_result r, int status, const char *part)
{
    command_expect(&r, status);
    assert_string_equal(r.out, "");
    if (!strstr(r.err, part)) fail_msg("\"%.1000s\" lacks \"%s\"", r.err, part);
    command_free(&r);
}

static void refuses(void **state)
{
    (void)state;
    refused(COMMAND("forest", "predict", "--model", model, "--features", test, "--split", "main"), 2, "go with --db");
    refused(COMMAND("forest", "predict", "--model", model, "--features", test, "--db", "x.db"), 2, "exclude each other");
    refused(COMMAND("forest", "train", "--db", "/nonexistent/x.db", "--out", "/dev/null/x"), 1, "/nonexistent/x.db");
    refused(COMMAND("forest", "train", "--features", train, "--labels-as-of", "2001-01-01", "--out", "/dev/null/x"), 2, "needs --db");
    refused(COMMAND("forest", "train", "--db", temp_path(folder, "s.db"), "--labels-as-of", "soon", "--out", "/dev/null/x"), 2, "not a date");
    refused(COMMAND("forest", "grow"), 2, "'grow' is no action");
    refused(COMMAND("forest", "train", "--features", train), 2, "--out FILE");
    refused(COMMAND("forest", "evaluate", "--features", test), 2, "needs --model");
    refused(COMMAND("forest", "predict", "--model", model), 2, "needs --features");
    refused(COMMAND("forest", "predict", "--model", model, "--features", test, "--columns", "x"), 2, "for train");
    refused(COMMAND("forest", "train", "--features", train, "--out", "/dev/null/x"), 3, "column 'name': 'o0' is not a number");
    refused(COMMAND("forest", "train", "--features", train, "--exclude", "survey,name", "--out", "/dev/null/x"), 3, "column 'kind'");
    refused(COMMAND("forest", "train", "--features", train, "--columns", "x,y", "--out", "/dev/null/x"), 3, "--label NAME");
    refused(COMMAND("forest", "train", "--features", train, "--label", "kind", "--columns", "x", "--max-features", "most", "--out", "/dev/null/x"), 2,
            "max features 'most'");
    refused(COMMAND("forest", "train", "--features", train, "--label", "kind", "--columns", "x", "--trees", "2", "--out", "/dev/null/x"), 1,
            "cannot be written");
    refused(COMMAND("forest", "predict", "--model", train, "--features", test), 4, "not a safetensors file");
    refused(COMMAND("forest", "predict", "--model", "none.safetensors", "--features", test), 4, "none.safetensors: no such file");
    refused(COMMAND("forest", "evaluate", "--model", model, "--features", train, "--label", "x"), 2, "holds the label");
    refused(COMMAND("score", "--model", model, train), 4, "is a forest, not a network");
    refused(COMMAND("card", model), 4, "is a forest, not a network");
    refused(COMMAND("forest", "predict", "--model", "models/hits.safetensors", "--features", test), 4, "is a network, not a forest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trains), cmocka_unit_test(evaluates), cmocka_unit_test(predicts),
                                       cmocka_unit_test(shows_importances), cmocka_unit_test(goes_by_a_store), cmocka_unit_test(labels_of_a_date),
                                       cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, begin, end);
}
