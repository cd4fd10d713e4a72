/* SPDX-License-Identifier: BSD-3-Clause
 * test_sizes.c - epochal sizes as its users run it. */
#include <jansson.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

static char *folder, db[600], net[600], out[600];

static int begin(void **state)
{
    (void)state;
    static const char text[] =
        "network tiny\ninput planes=3 size=16\nnormalise asinh\nencoder\nconv 4 kernel=3\nrelu\nmaxpool 4\nflatten\n"
        "stamp planes=science,template,difference classes=bogus,real\nlinear 1\nsigmoid\n";
    folder = temp_make();
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(net, sizeof net, "%s/tiny.net", folder);
    snprintf(out, sizeof out, "%s/curve.safetensors", folder);
    write_file(net, text, sizeof text - 1);
    command_ok((const char *const[]){"simulate", "--db", db, "--real-bogus", "60", "--side", "24", "-q", NULL});
    command_ok((const char *const[]){"split", "--db", db, "--name", "main", "--fractions", "0.6,0.4", "-q", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void rows_in_order(const char *option, const char *list, const char *column, double first, double second)
{
    json_error_t error;
    command_result r = COMMAND("sizes", "--db", db, "--split", "main", "--net", net, "--task", "realbogus", option,
                               list, "--epochs", "2", "--out", out, "--threads", "1", "-o", "json");
    command_expect(&r, 0);
    json_t *all = json_loads(r.out, 0, &error);
    assert_int_equal(json_array_size(all), 2);
    const double sizes[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        const json_t *row = json_array_get(all, i);
        const double delta = json_number_value(json_object_get(row, "train_accuracy")) -
                             json_number_value(json_object_get(row, "validation_accuracy"));
        assert_true(json_number_value(json_object_get(row, column)) == sizes[i]);
        assert_true(delta - json_number_value(json_object_get(row, "delta_accuracy")) < 1e-8);
        assert_true(json_integer_value(json_object_get(row, "run")) > 0);
    }
    assert_non_null(strstr(r.err, "keeps these as curves"));
    json_decref(all);
    command_free(&r);
}

static void both_ways(void **state)
{
    (void)state;
    rows_in_order("--sizes", "1,0.5", "size", 0.5, 1);
    rows_in_order("--sides", "16,12", "side", 12, 16);
    command_result r = COMMAND("info", "--db", db, "-o", "json");
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "main-0.5-seed1"));
    command_free(&r);
}

static void usage(const char *option, const char *value, const char *part)
{
    command_result r = COMMAND("sizes", "--db", db, "--split", "main", "--net", net, "--task", "realbogus", "--out",
                               out, option, value);
    command_expect(&r, 2);
    if (!strstr(r.err, part)) fail_msg("'%s' lacks '%s'", r.err, part);
    command_free(&r);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    usage("--epochs", "1", "--sizes A,B,... or --sides");
    usage("--sizes", "0.5,", "no list");
    usage("--sizes", "half", "no list");
    usage("--sizes", "2", "a share of 2");
    usage("--sides", "8.5", "8.5 pixels");
    usage("--sides", "nan", "pixels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways), cmocka_unit_test(says_what_is_wrong)};
    return cmocka_run_group_tests(tests, begin, end);
}
