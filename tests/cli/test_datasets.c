/* SPDX-License-Identifier: BSD-3-Clause
 * test_datasets.c - epochal export and augment as their users run them. */
#include "support/check.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/command.h"

static char *folder, db[512];

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    const char *const simulate[] = {"simulate", "--db", db, "--objects", "6", "--real-bogus", "12", "--nights", "4", "--visits", "1", "--side", "32",
                                    "--light-curves", "--quiet", NULL};
    command_ok(simulate);
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void mentions(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static void alter(const char *sql)
{
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

static void sequences_go_from_store_to_store(void **state)
{
    (void)state;
    const char *npz = temp_path(folder, "x.npz"), *other = temp_path(folder, "other.db");
    command_result r = COMMAND("export", "--db", db, "--format", "npz-sequences", "--side", "24", "--out", npz, "-o", "csv");
    command_expect(&r, 0);
    mentions(r.out, "objects,18");
    mentions(r.out, "width,24");
    command_free(&r);
    r = COMMAND("import", "--db", other, "--format", "cube", "--array", "x", "--frames", "nframes", "--times", "mjd", "--labels", "label", "--names",
                "names", npz, "-o", "csv");
    command_expect(&r, 0);
    mentions(r.out, "objects,18");
    command_free(&r);
}

static void light_curves_go_from_store_to_store(void **state)
{
    (void)state;
    const char *csv = temp_path(folder, "points.csv"), *other = temp_path(folder, "other.db");
    command_result r = COMMAND("export", "--db", db, "--format", "csv", "--table", "photometry", "--out", csv);
    command_expect(&r, 0);
    command_free(&r);
    r = COMMAND("import", "--db", other, "--format", "lightcurves", csv);
    command_expect(&r, 0);
    command_free(&r);
    r = COMMAND("export", "--db", other, "--format", "csv", "--table", "photometry", "--out", temp_path(folder, "again.csv"), "-o", "csv");
    command_expect(&r, 0);
    mentions(r.out, "objects,6");
    command_free(&r);
}

static void bad_input_is_said_and_the_rest_written(void **state)
{
    (void)state;
    const char *npz = temp_path(folder, "cube.npz");
    alter("UPDATE pixels SET data = zeroblob(length(data)) WHERE stamp = (SELECT min(id) FROM stamps WHERE role = 'difference')");
    command_result r = COMMAND("export", "--db", db, "--format", "otrain", "--out", npz);
    command_expect(&r, 3);
    mentions(r.err, "C1-000000, exposure");
    mentions(r.err, "CRC32");
    assert_int_equal(access(npz, R_OK), 0);
    command_free(&r);
    r = COMMAND("export", "--db", db, "--format", "otrain", "--role", "science", "--out", temp_path(folder, "none.npz"));
    command_expect(&r, 1);
    mentions(r.err, "neither real (real) nor bogus (bogus)");
    assert_int_equal(access(temp_path(folder, "none.npz"), F_OK), -1);
    command_free(&r);
    r = COMMAND("export", "--db", db, "--format", "regions", "--out", "/dev/null");
    command_expect(&r, 1);
    mentions(r.err, "not a regular file");
    command_free(&r);
}

static void sources_are_added_and_kept_with_their_hosts(void **state)
{
    (void)state;
    const char *const again[] = {"augment", "--db", db, "--out-survey", "synthetic", "--class", "bogus", "--number", "3", "--residual-bogus", "2", "--snr", "10,50",
                                 "--offset", "3", "--side", "24", "--gain", "2", "-o", "csv", NULL};
    command_result r = command_run(again);
    command_expect(&r, 0);
    mentions(r.out, "with_source,3");
    mentions(r.out, "residual_bogus,2");
    mentions(r.out, "stamps,15");
    command_free(&r);
    r = command_run(again);
    command_expect(&r, 0);
    mentions(r.out, "unchanged,5");
    command_free(&r);
    r = COMMAND("export", "--db", db, "--format", "otrain", "--role", "science,template,difference", "--class", "real", "--side", "24", "--out",
                temp_path(folder, "cube.npz"), "-o", "csv");
    command_expect(&r, 0);
    mentions(r.out, "rows,9"); /* six simulated, three made */
    command_free(&r);
    /* a host that will not do */
    r = COMMAND("augment", "--db", db, "--out-survey", "small", "--class", "bogus", "--snr", "10,50", "--side", "40");
    command_expect(&r, 3);
    mentions(r.err, "too small for a side of 40");
    command_free(&r);
}

static void wrong_use_is_explained(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {{"--snr", "10", "--snr takes two"}, {"--snr", "50,10", "50"}, {"--magnitudes", "a,b", "two numbers"},
                                           {"--sources", "magic", "magic"}, {"--planes", "radio", "radio"}, {"--offset", "-1", "offset"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        command_result r = COMMAND("augment", "--db", db, "--out-survey", "x", "--snr", "5,10",
                                   wrong[i][0], wrong[i][1]);
        command_expect(&r, 2);
        mentions(r.err, wrong[i][2]);
        command_free(&r);
    }
    command_result r = COMMAND("augment", "--db", db, "--out-survey", "x", "--snr", "5,10", "--number", "99", "--class", "real");
    command_expect(&r, 1);
    mentions(r.err, "each is used once");
    command_free(&r);
    r = COMMAND("export", "--db", db, "--format", "fits", "--out", "x");
    command_expect(&r, 2);
    command_free(&r);
    r = COMMAND("export", "--db", db, "--format", "npz-sequences", "--role", "science,template", "--out", "x");
    command_expect(&r, 2);
    mentions(r.err, "one role");
    command_free(&r);
    r = COMMAND("export", "--db", "/nowhere/x.db", "--format", "csv", "--out", temp_path(folder, "x.csv"));
    command_expect(&r, 1);
    command_free(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sequences_go_from_store_to_store),        TEST(light_curves_go_from_store_to_store), TEST(bad_input_is_said_and_the_rest_written),
        TEST(sources_are_added_and_kept_with_their_hosts), TEST(wrong_use_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
