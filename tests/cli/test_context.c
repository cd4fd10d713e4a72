/* SPDX-License-Identifier: BSD-3-Clause
 * test_context.c - forests with scores and context as their users make and use them. */
#include <jansson.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

enum { OBJECTS = 40 };
static char *folder, db[600], csv[600], first[600], context[600];

/* Variable and constant stars with light curves, split into halves; a forest on these, its scores kept; and a CSV. */
static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(csv, sizeof csv, "%s/c.csv", folder);
    snprintf(first, sizeof first, "%s/first.safetensors", folder);
    snprintf(context, sizeof context, "%s/context.safetensors", folder);
    const char *curves = temp_path(folder, "curves.csv");
    FILE *file = fopen(curves, "w");
    assert_non_null(file);
    fputs("id,class,mjd,mag,mag_err\n", file);
    for (int i = 0; i < OBJECTS; i++)
        for (int p = 0; p < 12; p++)
            fprintf(file, "o%02d,%s,%d.5,%.3f,0.05\n", i, i % 2 ? "VAR" : "CONST", 55000 + p,
                    17 + (p * 5 % 7) * (i % 2 ? 0.2 : 0.01));
    fclose(file);
    file = fopen(csv, "w");
    assert_non_null(file);
    fputs("id,distance,note\n", file);
    for (int i = 0; i < OBJECTS; i++) fprintf(file, "o%02d,%d,seen\n", i, i % 2 ? i : 100 + i);
    fclose(file);
    command_ok((const char *const[]){"import", "--db", db, "--format", "lightcurves", curves, "-q", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.5,0,0.5", "-q", NULL});
    command_ok((const char *const[]){"forest", "train", "--db", db, "--split", "main", "--trees", "20", "--out", first,
                                     "-q", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void expect(command_result r, int status, const char *part)
{
    command_expect(&r, status);
    assert_non_null(r.err);
    if (!strstr(r.err, part)) fail_msg("'%s' lacks '%s'", r.err, part);
    command_free(&r);
}

static void trains_and_classifies(void **state)
{
    (void)state;
    json_error_t error;
    /* the scores are not there yet, and the message says how to make them */
    expect(COMMAND("forest", "train", "--db", db, "--split", "main", "--scores", first, "--out", context), 3,
           "to make them: epochal classify --db");
    command_ok((const char *const[]){"classify", "--db", db, "--model", first, "-q", NULL});
    command_result r = COMMAND("forest", "train", "--db", db, "--split", "main", "--scores", first, "--light-curves",
                               "--context", csv, "--trees", "30", "--out", context, "-o", "json", "--top", "0");
    command_expect(&r, 0);
    assert_non_null(strstr(r.err, "1 columns hold no numbers"));
    json_t *all = json_loads(r.out, 0, &error);
    assert_int_equal(json_integer_value(json_object_get(all, "rows")), OBJECTS); /* half of them, and a copy of each */
    assert_int_equal(json_integer_value(json_object_get(all, "features")), 2 + 30 + 1);
    assert_true(json_is_null(json_object_get(all, "oob_accuracy")));
    assert_non_null(strstr(r.out, "\"first:VAR\""));
    assert_non_null(strstr(r.out, "\"context:distance\""));
    json_decref(all);
    command_free(&r);

    expect(COMMAND("classify", "--db", db, "--model", context, "--split", "main:test", "--context", csv), 0, "");
    expect(COMMAND("classify", "--db", db, "--model", context, "--split", "main:test"), 0,
           "no --context: the 1 columns");
    expect(COMMAND("classify", "--db", db, "--model", context, "--catalogue", csv), 2, "--catalogue: ");
    expect(COMMAND("classify", "--db", db, "--model", first, "--context", csv), 2, "was trained without one");
    r = COMMAND("forest", "evaluate", "--db", db, "--split", "main", "--model", context, "--context", csv, "-o",
                "json");
    command_expect(&r, 0);
    all = json_loads(r.out, 0, &error);
    assert_int_equal(json_integer_value(json_object_get(all, "rows")), OBJECTS / 2);
    assert_true(json_number_value(json_object_get(all, "accuracy")) == 1);
    json_decref(all);
    command_free(&r);
    r = COMMAND("evaluate", "--db", db, "--split", "main:test", "--model", context, "-o", "csv", "--measures",
                "accuracy", "--bootstrap", "0");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "accuracy"));
    command_free(&r);
}

/* Real or bogus first: a forest that learned from another store, where the faint ones are bogus. */
static void real_first(void **state)
{
    (void)state;
    char rb[600], other[600];
    json_error_t error;
    snprintf(rb, sizeof rb, "%s/rb.safetensors", folder);
    snprintf(other, sizeof other, "%s/rb.db", folder);
    const char *curves = temp_path(folder, "rb.csv");
    FILE *file = fopen(curves, "w");
    assert_non_null(file);
    fputs("id,class,mjd,mag,mag_err\n", file);
    for (int i = 0; i < OBJECTS; i++)
        for (int p = 0; p < 12; p++)
            fprintf(file, "o%02d,%s,%d.5,%.3f,0.05\n", i, i % 2 ? "real" : "bogus", 55000 + p,
                    17 + (p * 5 % 7) * (i % 2 ? 0.2 : 0.01));
    fclose(file);
    command_ok((const char *const[]){"import", "--db", other, "--format", "lightcurves", curves, "-q", NULL});
    command_ok((const char *const[]){"forest", "train", "--db", other, "--trees", "20", "--out", rb, "-q", NULL});

    command_result r = COMMAND("classify", "--db", db, "--model", first, "--real-bogus", rb, "-o", "json");
    command_expect(&r, 0);
    assert_non_null(strstr(r.err, "rb.safetensors has not scored these objects yet"));
    assert_non_null(strstr(r.err, "epochal evaluate --run"));
    json_t *all = json_loads(r.out, 0, &error);
    assert_int_equal(json_array_size(all), OBJECTS);
    size_t i;
    const json_t *row;
    json_array_foreach (all, i, row) {
        const json_t *of = json_object_get(row, "probabilities");
        const double bogus = json_number_value(json_object_get(of, "bogus")),
                     real = json_number_value(json_object_get(row, "real"));
        const double sum =
            bogus + json_number_value(json_object_get(of, "VAR")) + json_number_value(json_object_get(of, "CONST"));
        assert_true(sum > 1 - 1e-6 && sum < 1 + 1e-6 && bogus + real > 1 - 1e-6);
        assert_string_equal(json_string_value(json_object_get(row, "predicted")), i % 2 ? "VAR" : "bogus");
    }
    json_decref(all);
    command_free(&r);
    expect(COMMAND("classify", "--db", db, "--model", first, "--real-bogus", rb, "--threshold", "0", "-q"), 0,
           ""); /* the scores are there now */
    expect(COMMAND("classify", "--db", db, "--model", first, "--real-bogus", rb, "--threshold", "1.5"), 2,
           "--threshold");
    expect(COMMAND("classify", "--db", db, "--model", first, "--real-bogus", rb, "--mc-passes", "3"), 2, "--mc-passes");
    expect(COMMAND("classify", "--db", db, "--model", first, "--real-bogus", first, "--precision", "bf16"), 2, "both models are forests");
    expect(COMMAND("classify", "--db", db, "--model", rb, "--real-bogus", rb), 1, "knows bogus and real itself");
    expect(COMMAND("classify", "--db", db, "--model", first, "--real-bogus", first), 1, "no class real");
    expect(COMMAND("classify", "--db", db, "--model", first, "--real-bogus", "nothing"), 4, "nothing");
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    expect(COMMAND("forest", "train", "--features", csv, "--context", csv, "--out", "x"), 2, "go with --db");
    expect(COMMAND("forest", "train", "--db", db, "--context", csv, "--balance", "--out", "x"), 2, "--class-weight");
    expect(COMMAND("forest", "train", "--db", db, "--context", csv, "--censor", "2", "--out", "x"), 2, "--censor");
    expect(COMMAND("forest", "train", "--db", db, "--catalogue", csv, "--radius", "0", "--out", "x"), 2, "--radius");
    expect(COMMAND("forest", "train", "--db", db, "--catalogue", csv, "--out", "x"), 3, "no column");
    expect(COMMAND("forest", "train", "--db", db, "--context", csv, "--method", "psf", "--out", "x"), 2,
           "--light-curves");
    expect(COMMAND("forest", "train", "--db", db, "--scores", "nothing", "--out", "x"), 4, "nothing");
    expect(COMMAND("forest", "evaluate", "--db", db, "--model", first, "--context", csv), 2,
           "for a forest that was trained");
    expect(COMMAND("forest", "evaluate", "--db", db, "--model", first, "--scores", first), 2, "for train");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trains_and_classifies), cmocka_unit_test(real_first),
                                       cmocka_unit_test(says_what_is_wrong)};
    return cmocka_run_group_tests(tests, begin, end);
}
