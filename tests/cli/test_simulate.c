/* SPDX-License-Identifier: BSD-3-Clause
 * test_simulate.c - simulate as its users run it: telescopes, kinds, classes of one's own, and what it refuses. */
#include "support/check.h"

#include <jansson.h>
#include <string.h>

#include "support/command.h"

static char *folder, db[512];

static int make_folder(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s", temp_path(folder, "s.db"));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* Runs, expects the status and that `part` is printed, on stdout when the status is 0 and else on stderr. */
#define SAYS(status, part, ...) says(status, part, (const char *const[]){"simulate", __VA_ARGS__, NULL})
static void says(int status, const char *part, const char *const *arguments)
{
    command_result r = command_run(arguments);
    command_expect(&r, status);
    const char *text = status ? r.err : r.out;
    if (!strstr(text, part)) fail_msg("\"%.2000s\" lacks \"%s\"", text, part);
    command_free(&r);
}

static void lists(void **state)
{
    (void)state;
    command_result r = COMMAND("simulate", "--telescopes", "--output", "json");
    command_expect(&r, 0);
    json_t *all = json_loads(r.out, 0, NULL);
    assert_true(json_is_array(all) && json_array_size(all) == 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 0), "telescope")), "crts");
    const json_t *hits = json_array_get(all, 1);
    assert_string_equal(json_string_value(json_object_get(hits, "telescope")), "hits");
    assert_true(json_number_value(json_object_get(hits, "pixel_arcsec")) == 0.27);
    assert_int_equal(json_integer_value(json_object_get(hits, "side")), 22);
    json_decref(all);
    command_free(&r);
    SAYS(0, "NON,contact,0", "--kinds", "--output", "csv");
}

static void classes_of_ones_own(void **state)
{
    (void)state;
    SAYS(0, "objects     6\n", "--db", db, "--telescope", "hits", "--objects", "6", "--nights", "3", "--visits", "2",
         "--classes", "EB:eclipsing+contact=2,rr-lyrae=1", "--survey", "fast");
    command_result r = COMMAND("info", "--db", db);
    command_expect(&r, 0);
    assert_non_null(strstr(r.out, "rr-lyrae"));
    assert_non_null(strstr(r.out, "EB"));
    command_free(&r);
}

static void refusals(void **state)
{
    (void)state;
    SAYS(2, "--telescopes` lists", "--db", db, "--objects", "1", "--telescope", "hubble");
    SAYS(2, "crts has them", "--db", db, "--real-bogus", "1", "--telescope", "hits");
    SAYS(2, "--kinds` lists", "--db", db, "--objects", "1", "--classes", "EB:pulsar=1");
    SAYS(2, "3 to 7", "--db", db, "--objects", "1", "--telescope", "hits", "--nights", "30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(classes_of_ones_own),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
