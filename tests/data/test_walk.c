/* SPDX-License-Identifier: BSD-3-Clause
 * test_walk.c - which files are found, in which order, and what is said about paths that lead nowhere. */
#include "importing.h"

#include <unistd.h>

#include "data/walk.h"

static char *folder;
static const char *const fits[] = {".fits", ".fits.gz", NULL};

static int make_files(void **state)
{
    (void)state;
    static const char *const folders[] = {"b", "b/deep", "a", "empty", "none"};
    static const char *const files[] = {"b/2.fits",    "b/10.fits",    "b/deep/1.FITS", "b/.hidden.fits", "b/notes.txt",
                                        "a/z.fits.gz", "a/labels.csv", "c.fits",        "d.dat",          "none/x.txt"};
    folder = temp_make();
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) make_folder(temp_path(folder, folders[i]));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) write_file(temp_path(folder, files[i]), "x", 1);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* The walk's answers, one a line: the path within the folder, and "!" with the message for a failure. */
static void check_walk(const char *const *names, size_t count, const char *const *suffixes, const char *first,
                       const char *expected)
{
    const char *paths[8], *path;
    char text[8192] = "";
    for (size_t i = 0; i < count; i++) paths[i] = temp_path(folder, names[i]);
    epo__walk *walk = NULL;
    check_ok(epo__walk_create(paths, count, suffixes, first, &walk));
    for (;;) {
        epo_status status = epo__walk_next(walk, &path);
        if (!path) {
            check_ok(status);
            break;
        }
        size_t used = strlen(text), prefix = strlen(folder) + 1;
        const char *message = epo_error_message();
        if (status != EPO_OK) assert_ptr_equal(strstr(message, path), message);
        snprintf(text + used, sizeof text - used, "%s%s%s\n", path + prefix, status == EPO_OK ? "" : " !",
                 status == EPO_OK ? "" : message + strlen(path) + 2);
    }
    /* and at the end it stays */
    check_ok(epo__walk_next(walk, &path));
    assert_null(path);
    epo__walk_free(walk);
    assert_string_equal(text, expected);
}

static void files_come_in_a_fixed_order(void **state)
{
    (void)state;
    check_walk((const char *[]){"b", "a"}, 2, fits, NULL, "b/10.fits\nb/2.fits\nb/deep/1.FITS\na/z.fits.gz\n");
    check_walk((const char *[]){"c.fits", "a/", "c.fits"}, 3, fits, NULL, "c.fits\na/z.fits.gz\nc.fits\n");
}

static void a_named_file_is_taken_whatever_it_is_called(void **state)
{
    (void)state;
    check_walk((const char *[]){"d.dat", "b/notes.txt"}, 2, fits, NULL, "d.dat\nb/notes.txt\n");
}

static void first_ones_come_first_wherever_they_are(void **state)
{
    (void)state;
    check_walk((const char *[]){"b", "a", "d.dat"}, 3, fits, ".csv",
               "a/labels.csv\nb/10.fits\nb/2.fits\nb/deep/1.FITS\na/z.fits.gz\nd.dat\n");
    check_walk((const char *[]){"missing.csv", "missing.fits", "c.fits"}, 3, fits, ".csv",
               "missing.csv !No such file or directory\nmissing.fits !No such file or directory\nc.fits\n");
}

static void what_leads_nowhere_is_named_once(void **state)
{
    (void)state;
    const char *expected = "nosuch !No such file or directory\nempty !no files that end in .fits\nc.fits\nnone !no "
                           "files that end in .fits\n";
    check_walk((const char *[]){"nosuch", "empty", "c.fits", "none"}, 4, fits, NULL, expected);
    check_walk((const char *[]){"nosuch", "empty", "c.fits", "none"}, 4, fits, ".csv", expected);
    check_walk((const char *[]){"x.fits.gz(!y)"}, 1, fits, NULL, "x.fits.gz(!y) !No such file or directory\n");
    assert_int_equal(access(temp_path(folder, "y"), F_OK), -1);
}

static void links_are_followed_but_never_in_a_circle(void **state)
{
    (void)state;
    make_folder(temp_path(folder, "links"));
    make_folder(temp_path(folder, "links/inside"));
    write_file(temp_path(folder, "links/inside/y.fits"), "x", 1);
    assert_int_equal(symlink("../../links", temp_path(folder, "links/inside/loop")), 0);
    assert_int_equal(symlink("inside", temp_path(folder, "links/other")), 0);
    assert_int_equal(symlink("gone", temp_path(folder, "links/broken.fits")), 0);
    assert_int_equal(symlink("gone", temp_path(folder, "links/broken.txt")), 0);
    char expected[4096];
    snprintf(expected, sizeof expected,
             "links/broken.fits !No such file or directory\n"
             "links/inside/loop !leads back to %s/links\n"
             "links/inside/y.fits\n"
             "links/other/loop !leads back to %s/links\n"
             "links/other/y.fits\n",
             folder, folder);
    check_walk((const char *[]){"links"}, 1, fits, NULL, expected);
    check_walk((const char *[]){"links"}, 1, fits, ".csv", expected);
}

/* Twenty folders, each with two links to the next, are a million ways to one file. */
static void links_of_links_are_gone_through_once(void **state)
{
    (void)state;
    char here[64], next[64];
    make_folder(temp_path(folder, "ways"));
    for (int i = 0; i < 20; i++) {
        snprintf(here, sizeof here, "ways/%d", i);
        make_folder(temp_path(folder, here));
        snprintf(next, sizeof next, "../%d", i + 1);
        for (int k = 0; k < 2 && i < 19; k++) {
            snprintf(here, sizeof here, "ways/%d/%c", i, 'a' + k);
            assert_int_equal(symlink(next, temp_path(folder, here)), 0);
        }
    }
    write_file(temp_path(folder, "ways/19/y.fits"), "x", 1);
    check_walk((const char *[]){"ways/0"}, 1, fits, NULL, "ways/0/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/y.fits\n");
    check_walk((const char *[]){"ways/0"}, 1, fits, ".csv", "ways/0/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/y.fits\n");
}

static void folders_have_a_bottom(void **state)
{
    (void)state;
    char deep[1024], name[1100];
    snprintf(deep, sizeof deep, "%s/pit", folder);
    make_folder(deep);
    for (int i = 1; i < 40; i++) {
        snprintf(deep + strlen(deep), sizeof deep - strlen(deep), "/d");
        make_folder(deep);
        snprintf(name, sizeof name, "%s/f.fits", deep);
        write_file(name, "x", 1);
    }
    const char *path, *paths[] = {temp_path(folder, "pit")};
    int found = 0, refused = 0;
    epo__walk *walk;
    check_ok(epo__walk_create(paths, 1, fits, NULL, &walk));
    for (;;) {
        epo_status status = epo__walk_next(walk, &path);
        if (!path) break;
        if (status == EPO_OK) {
            found++;
        } else {
            refused++;
            assert_int_equal(status, EPO_ELIMIT);
            check_mentions(epo_error_message(), "32 folders deep");
        }
    }
    epo__walk_free(walk);
    assert_int_equal(found, 31);
    assert_int_equal(refused, 1);
}

static void a_locked_folder_is_named(void **state)
{
    (void)state;
    if (geteuid() == 0) skip();
    make_folder(temp_path(folder, "locked"));
    assert_int_equal(chmod(temp_path(folder, "locked"), 0), 0);
    check_walk((const char *[]){"locked", "c.fits"}, 2, fits, ".csv", "locked !Permission denied\nc.fits\n");
    chmod(temp_path(folder, "locked"), 0777);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_in_a_fixed_order),
        cmocka_unit_test(a_named_file_is_taken_whatever_it_is_called),
        cmocka_unit_test(first_ones_come_first_wherever_they_are),
        cmocka_unit_test(what_leads_nowhere_is_named_once),
        cmocka_unit_test(links_are_followed_but_never_in_a_circle),
        cmocka_unit_test(links_of_links_are_gone_through_once),
        cmocka_unit_test(folders_have_a_bottom),
        cmocka_unit_test(a_locked_folder_is_named),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
