/* SPDX-License-Identifier: BSD-3-Clause
 * test_photometry.c - epochal photometry as its users run it. */
#include "support/check.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "support/command.h"

static char *folder, db[512];

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    const char *const simulate[] = {"simulate", "--db", db, "--objects", "8", "--nights", "6", "--visits", "1", "--side", "32", "--light-curves", "--quiet", NULL};
    command_ok(simulate);
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static json_t *parsed(const command_result *r)
{
    json_error_t error;
    json_t *root = json_loads(r->out, 0, &error);
    if (!root) fail_msg("%s in %s", error.text, r->out);
    return root;
}

static void it_measures_and_info_lists_it(void **state)
{
    (void)state;
    command_result r = COMMAND("photometry", "--db", db, "--output", "json");
    command_expect(&r, 0);
    json_t *root = parsed(&r);
    assert_string_equal(json_string_value(json_object_get(root, "method")), "psf");
    assert_int_equal(json_integer_value(json_object_get(root, "objects")), 8);
    const json_int_t points = json_integer_value(json_object_get(root, "points"));
    assert_true(points > 24);
    assert_true(json_real_value(json_object_get(root, "median_mag_err")) > 0);
    assert_true(json_real_value(json_object_get(root, "zero_point")) == 25 || json_integer_value(json_object_get(root, "zero_point")) == 25);
    json_decref(root);
    command_free(&r);
    r = COMMAND("info", "--db", db, "--output", "json");
    command_expect(&r, 0);
    root = parsed(&r);
    const json_t *methods = json_object_get(root, "photometry");
    assert_int_equal(json_array_size(methods), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(methods, 0), "photometry")), "given");
    assert_string_equal(json_string_value(json_object_get(json_array_get(methods, 1), "photometry")), "psf");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(methods, 1), "points")), points);
    json_decref(root);
    command_free(&r);
    r = COMMAND("photometry", "--db", db, "--role", "template");
    command_expect(&r, 0);
    assert_non_null(strstr(r.err, "no template stamps"));
    command_free(&r);
}

static void a_bad_stamp_is_named(void **state)
{
    (void)state;
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "UPDATE pixels SET data = zeroblob(length(data)) WHERE stamp = (SELECT min(stamp) FROM pixels)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    command_result r = COMMAND("photometry", "--db", db, "--method", "aperture", "--radius", "3", "--annulus", "6,12", "--output", "csv");
    command_expect(&r, 3);
    assert_non_null(strstr(r.err, "exposure"));
    assert_non_null(strstr(r.err, "CRC32"));
    assert_non_null(strstr(r.out, "refused_stamps,1"));
    assert_non_null(strstr(r.out, "aperture r=3 annulus=6,12"));
    command_free(&r);
}

static void wrong_use_is_explained(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"--annulus", "8"},   {"--annulus", "12,8"}, {"--annulus", "8,16,20"}, {"--method", "magic"},
                                           {"--fwhm", "-2"},     {"--gain", "nan"},     {"--role", "radio"},      {"--name", "given"},
                                           {"--magnitudes", "x"}, {"--radius", "wide"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        command_result r = COMMAND("photometry", "--db", db, wrong[i][0], wrong[i][1]);
        command_expect(&r, 2);
        command_free(&r);
    }
    command_result r = COMMAND("photometry", "--db", "/nowhere/x.db");
    command_expect(&r, 1);
    command_free(&r);
    r = COMMAND("photometry", "--db", db, "--split", "none:test");
    command_expect(&r, 1);
    assert_non_null(strstr(r.err, "none"));
    command_free(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(it_measures_and_info_lists_it), TEST(a_bad_stamp_is_named), TEST(wrong_use_is_explained)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
