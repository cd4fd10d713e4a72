/* SPDX-License-Identifier: BSD-3-Clause
 * test_features.c - epochal features as its users run it. */
#include <jansson.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/command.h"

static char *folder, curves[512], db[512];

#define RUN(...) command_ok((const char *const[]){__VA_ARGS__, NULL})

static int begin(void **state)
{
    static const char text[] =
        "id,class,mjd,mag,mag_err\n"
        "a,SN,53001,17,.1\na,SN,53002,17.5,.1\na,SN,53003,16.5,.1\na,SN,53004,17,.1\na,SN,53006,17.25,.1\n"
        "\"b, the second\",,53001,18,.2\n\"b, the second\",,53002,18.5,.2\n";
    (void)state;
    folder = temp_make();
    snprintf(curves, sizeof curves, "%s/curves.csv", folder);
    snprintf(db, sizeof db, "%s/s.db", folder);
    write_file(curves, text, sizeof text - 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%.2000s\" lacks \"%s\"", text, part);
}

static size_t count_of(const char *text, char byte)
{
    size_t count = 0;
    for (; *text; text++) count += *text == byte;
    return count;
}

static void test_csv(void **state)
{
    (void)state;
    command_result r = COMMAND("features", "--definition", "mantra", "--output", "csv", curves);
    command_expect(&r, 0);
    assert_int_equal(strncmp(r.out, "id,amplitude,beyond1st,flux_percentile_ratio_mid20,", 51), 0);
    assert_int_equal(count_of(r.out, '\n'), 3);
    has(r.out, "\na,0.5,");
    has(r.out, "\n\"b, the second\",0.25,0,");
    has(r.out, ",,,,"); /* what two points do not allow is empty */
    assert_null(strstr(r.out, "nan"));
    has(r.err, "b, the second: 12 of 30 features missing, with 2 points: kurtosis, poly2_a");
    has(r.err, "1 of 2 rows have missing features");
    command_free(&r);
    r = COMMAND("features", "-q", "--output", "csv", "--label", "--resample", "2", curves);
    command_expect(&r, 0);
    assert_int_equal(strncmp(r.out, "id,label,amplitude,", 19), 0);
    has(r.out, "\na,SN,0.5,");
    has(r.out, "\na#2,SN,");
    assert_string_equal(r.err, "");
    command_free(&r);
}

static void test_json(void **state)
{
    (void)state;
    json_error_t error;
    command_result r = COMMAND("features", "--definition", "richards", "-q", "--output", "json", "--label", curves);
    command_expect(&r, 0);
    json_t *rows = json_loads(r.out, 0, &error);
    if (!rows) fail_msg("%s", error.text);
    assert_int_equal(json_array_size(rows), 2);
    const json_t *b = json_array_get(rows, 1);
    assert_int_equal(json_object_size(b), 32);
    assert_true(json_is_null(json_object_get(b, "label")) && json_is_null(json_object_get(b, "poly4_a")));
    assert_true(json_number_value(json_object_get(b, "max_slope")) == 0.5);
    json_decref(rows);
    command_free(&r);
}

static void test_list(void **state)
{
    (void)state;
    command_result r = COMMAND("features", "--list", "--output", "csv");
    command_expect(&r, 0);
    assert_int_equal(count_of(r.out, '\n'), 61);
    has(r.out, "feature,definition,unit,points,formula,source");
    has(r.out, "\nmax_slope,mantra,mag/h,2,");
    has(r.out, "\nmax_slope,richards,mag/d,2,");
    command_free(&r);
}

static void refused(command_result r, int status, const char *part)
{
    command_expect(&r, status);
    has(r.err, part);
    command_free(&r);
}

static void test_bad_input(void **state)
{
    (void)state;
    char bad[512], two[512];
    static const char nan_text[] = "id,mjd,mag,mag_err\nx,53001,nan,.1\n";
    static const char two_text[] = "id,filter,mjd,mag,mag_err\nx,g,53001,17,.1\nx,r,53002,17,.1\n";
    snprintf(bad, sizeof bad, "%s/nan.csv", folder);
    snprintf(two, sizeof two, "%s/two.csv", folder);
    write_file(bad, nan_text, sizeof nan_text - 1);
    write_file(two, two_text, sizeof two_text - 1);
    refused(COMMAND("features", bad), 3, "line 2: mjd, mag or mag_err is not finite");
    command_result r = COMMAND("features", "-o", "csv", "-q", bad, curves); /* the good one is done */
    command_expect(&r, 3);
    assert_int_equal(count_of(r.out, '\n'), 3);
    command_free(&r);
    refused(COMMAND("features", two), 3, "x: points of several filters, 'g' and 'r'");
    refused(COMMAND("features", "--filter", "g", two), 0, "1 point:");
    refused(COMMAND("features", "--min-points", "3", curves), 0, "b, the second: left out: 2 points, fewer than 3");
    refused(COMMAND("features"), 2, "give files");
    refused(COMMAND("features", "--db", db, curves), 2, "not both");
    refused(COMMAND("features", "--split", "main", curves), 2, "for a store");
    refused(COMMAND("features", "--definition", "fats", curves), 2, "richards");
    refused(COMMAND("features", "--balance", "all", curves), 2, "neither largest nor a number");
    refused(COMMAND("features", "--balance", "5", "--resample", "5", curves), 2, "exclude");
    refused(COMMAND("features", "--db", "/nonexistent/s.db"), 1, "/nonexistent/s.db");
}

static void test_store(void **state)
{
    (void)state;
    RUN("import", "--db", db, "--format", "lightcurves", curves);
    command_result r = COMMAND("features", "--db", db, "-o", "csv", "-q"),
                   f = COMMAND("features", "-o", "csv", "-q", curves);
    command_expect(&r, 0);
    command_expect(&f, 0);
    assert_string_equal(r.out, f.out); /* through a store or not: the same bytes */
    command_free(&r);
    command_free(&f);
    refused(COMMAND("features", "--db", db, "--method", "psf"), 1, "there is given");
    refused(COMMAND("features", "--db", db, "--split", "x:y"), 1, "no objects in split x:y");
    refused(COMMAND("features", "--db", db, "--class", "SN"), 2, "have their class");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_csv, begin, end),
        cmocka_unit_test_setup_teardown(test_json, begin, end),
        cmocka_unit_test_setup_teardown(test_list, begin, end),
        cmocka_unit_test_setup_teardown(test_bad_input, begin, end),
        cmocka_unit_test_setup_teardown(test_store, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
