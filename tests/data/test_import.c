/* SPDX-License-Identifier: BSD-3-Clause
 * test_import.c - hostile files beside good ones, stores that fail, and callers that stop. */
#include "importing.h"
#include "support/fitsmake.h"
#include "tao_tree.h"

#include <unistd.h>

#include "store/query.h" /* to take the store's disk away */

static char *folder;
static char db[512], set[512];

static int make_set(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    snprintf(set, sizeof set, "%s/set", folder);
    make_folder(set);
    return 0;
}

static int remove_set(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static const char *in_set(const char *name)
{
    return temp_path(set, name);
}

static void save(const char *name, fm_file *f)
{
    fm_save(f, in_set(name));
    fm_free(f);
}

/* A header that claims what it likes, and no pixels to speak of. */
static void save_claim(const char *name, int axes, const char *cards)
{
    fm_file f = {0};
    fm_card(&f, "SIMPLE  =                    T");
    fm_card(&f, "BITPIX  =                   16");
    fm_card(&f, "NAXIS   = %20d", axes);
    fm_cards(&f, cards);
    fm_end(&f);
    fm_bytes(&f, NULL, 2880);
    save(name, &f);
}

/* Files that must each be named and refused; returns how many there are. */
static size_t make_hostile(void)
{
    static const char *const simple[] = {"empty.fits", "huge.fits", "none.fits", "line.fits",
                                         "cube.fits",  "nan.fits",  "flat.fits", "bomb.fits.gz",
                                         "text.fits",  "zero.fits", "(!y).fits"};
    float pixels[64];
    fm_file f = {0}, gz = {0};
    write_file(in_set("empty.fits"), "", 0);
    write_file(in_set("text.fits"), "SIMPLE no, not at all", 21);
    write_file(in_set("(!y).fits"), "SIMPLE  =", 9);
    save_claim("huge.fits", 2, "NAXIS1  = 2000000000\nNAXIS2  = 2000000000");
    save_claim("none.fits", 0, NULL);
    save_claim("line.fits", 1, "NAXIS1  = 100");
    save_claim("cube.fits", 3, "NAXIS1  = 10\nNAXIS2  = 10\nNAXIS3  = 10");
    save_claim("zero.fits", 2, "NAXIS1  = 0\nNAXIS2  = 10");
    for (int i = 0; i < 64; i++) pixels[i] = NAN;
    fm_image(&f, -32, 8, 8, pixels, NULL);
    save("nan.fits", &f);
    for (int i = 0; i < 64; i++) pixels[i] = 3;
    fm_image(&f, -32, 8, 8, pixels, NULL);
    save("flat.fits", &f);
    fm_image(&f, 16, 1024, 1024, NULL, NULL);
    fm_bytes(&f, NULL, (size_t)40 << 20); /* 42 MiB of zeros in 42 KB */
    fm_gzip(&f, &gz);
    fm_free(&f);
    save("bomb.fits.gz", &gz);
    return sizeof simple / sizeof *simple;
}

static void make_good(const char *name)
{
    float pixels[64];
    fm_file f = {0};
    for (int i = 0; i < 64; i++) pixels[i] = (float)i;
    fm_image(&f, -32, 8, 8, pixels, NULL);
    save(name, &f);
}

static void hostile_files_are_named_and_the_good_ones_done(void **state)
{
    (void)state;
    static const char *const formats[] = {"stamps", "tao", "autoscan", "ztf", "cube", "lightcurves"};
    static const char *const names[] = {"empty.fits", "huge.fits", "none.fits",    "line.fits", "cube.fits",
                                        "nan.fits",   "flat.fits", "bomb.fits.gz", "text.fits", "zero.fits",
                                        "(!y).fits",  "loop",      "gone.fits"};
    size_t hostile = make_hostile();
    make_good("good.fits");
    make_folder(in_set("zz"));
    make_good("zz/good.fits");
    assert_int_equal(symlink("..", in_set("zz/loop")), 0);
    assert_int_equal(symlink("nowhere", in_set("gone.fits")), 0);
    epo_import_options options = options_for("stamps");
    told t;
    import(db, set, &options, &t);
    assert_int_equal(t.summary.refused, hostile + 2);
    assert_int_equal(t.summary.imported, 2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_mentions(t.refused, names[i]);
    check_rows(db, "SELECT name FROM objects ORDER BY 1", "set/good\nzz/good\n");
    /* whatever they are taken for, and one by one */
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            options.format = formats[k];
            options.real_label = "1";
            const char *path = i == 11 ? in_set("zz/loop/zz/loop") : in_set(names[i]);
            if (i == 11 || (k == 0 && i == 12)) continue;
            import(db, path, &options, &t);
            assert_int_equal(t.summary.refused, 1);
            check_mentions(t.refused, names[i]);
        }
    }
}

static void names_are_names_and_nothing_else(void **state)
{
    (void)state;
    epo_import_options options = options_for("stamps");
    told t;
    make_good("x.fits");
    char wished[600];
    snprintf(wished, sizeof wished, "%s/x.fits(!%s/y)", set, set);
    import(db, wished, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, wished);
    assert_int_equal(access(in_set("y"), F_OK), -1);
    static const char *const others[] = {
        "http://127.0.0.1:9/x.fits", "x.fits[1]", "mem://", "-", "", "/dev/null", "/dev/zero", "\x1b[2J.fits"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        import(db, others[i], &options, &t);
        assert_int_equal(t.summary.refused, 1);
        assert_null(strchr(t.refused, '\x1b'));
    }
    /* and a file may well be called so */
    make_good("z.fits[1](!y)");
    import(db, in_set("z.fits[1](!y)"), &options, &t);
    assert_int_equal(t.summary.imported, 1);
}

static void a_fifo_or_a_locked_file_is_refused_at_once(void **state)
{
    (void)state;
    epo_import_options options = options_for("stamps");
    told t;
    assert_int_equal(mkfifo(in_set("pipe.fits"), 0666), 0);
    make_good("good.fits");
    import(db, set, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "pipe.fits");
    if (geteuid() == 0) return;
    make_good("locked.fits");
    assert_int_equal(chmod(in_set("locked.fits"), 0), 0);
    import(db, set, &options, &t);
    assert_int_equal(t.summary.refused, 2);
    check_mentions(t.refused, "locked.fits: Permission denied");
}

static void options_that_are_wrong_stop_at_once(void **state)
{
    (void)state;
    epo_import_options options = options_for("fits");
    check_fails(try_import(db, set, &options, NULL), EPO_EARG, "tao, stamps, autoscan, ztf, cube, lightcurves");
    options.format = NULL;
    check_fails(try_import(db, set, &options, NULL), EPO_EARG, "format");
    options.format = "cube";
    options.bad_below = NAN;
    check_fails(try_import(db, set, &options, NULL), EPO_EARG, "bad_below");
    options.bad_below = -9000;
    options.bad_above = -9000;
    check_fails(try_import(db, set, &options, NULL), EPO_EARG, "bad_above");
    epo_import_format format;
    size_t count = 0;
    while (epo_import_format_at(count, &format)) {
        assert_true(format.name[0] && format.about[0]);
        count++;
    }
    assert_int_equal(count, 6);
    assert_false(epo_import_format_at(SIZE_MAX, &format));
}

/* A trusted image may be larger than the store takes: the file is refused, not the import ended. */
static void what_the_store_cannot_hold_is_refused(void **state)
{
    (void)state;
    epo_import_options options = options_for("stamps");
    told t;
    fm_file f = {0};
    int16_t *pixels = calloc(2000 * 10, sizeof *pixels);
    pixels[7] = 1;
    fm_image(&f, 16, 2000, 10, pixels, NULL);
    free(pixels);
    save("a-wide.fits", &f);
    make_good("b.fits");
    options.trust_input = true;
    import(db, set, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    assert_int_equal(t.summary.imported, 1);
    check_mentions(t.refused, "a-wide.fits: an image of 2000 x 10 pixels");
}

/* Two files of the same content in one import: the second is the first. */
static void a_copy_in_the_same_import_is_unchanged(void **state)
{
    (void)state;
    static const char text[] = "id,mjd,mag,mag_err\n1,53000,17,0.1\n";
    epo_import_options options = options_for("lightcurves");
    told t;
    write_file(in_set("a.csv"), text, sizeof text - 1);
    write_file(in_set("b.csv"), text, sizeof text - 1);
    write_file(in_set("c.csv"), text, sizeof text - 1);
    import(db, set, &options, &t);
    assert_int_equal(t.summary.imported, 1);
    assert_int_equal(t.summary.unchanged, 2);
}

/* --- stores that fail, callers that stop -------------------------------------------------------------------------- */

static epo_status stop_after_two(void *context, const epo_import_event *event)
{
    int *count = context;
    assert_int_equal(event->status, EPO_OK);
    return ++*count == 2 ? EPO_ECANCELLED : EPO_OK;
}

static void a_caller_may_stop(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "%d.fits", i);
        make_good(name);
    }
    epo_import_options options = options_for("stamps");
    epo_import_summary summary;
    epo_store *store;
    int told_of = 0;
    const char *path = set;
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    assert_int_equal(epo_import(store, &path, 1, &options, stop_after_two, &told_of, &summary), EPO_ECANCELLED);
    assert_int_equal(told_of, 2);
    epo_store_close(store);
    char expected[32];
    snprintf(expected, sizeof expected, "%d\n", (int)summary.imported);
    check_rows(db, "SELECT count(*) FROM sources", expected);
}

/* The disk fills up while files are written: the failure is named, and what the summary counts is there, each file
 * whole. */
static void a_full_disk_keeps_the_files_before(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%02d.fits", i);
        tao_plain(in_set(name), i % 8, 8);
    }
    epo_import_options options = options_for("tao");
    int failures = 0;
    for (int pages = 1;; pages += 3) {
        epo_import_summary summary;
        epo_store *store;
        char limit[64], expected[64];
        snprintf(name, sizeof name, "%s/full%d.db", folder, pages);
        check_ok(epo_store_open(name, EPO_STORE_CREATE, &store));
        snprintf(limit, sizeof limit, "PRAGMA max_page_count = %d", pages);
        assert_int_equal(sqlite3_exec(store->db, limit, NULL, NULL, NULL), SQLITE_OK);
        /* three files in transactions of their own, then all the others in one */
        epo_status status = EPO_OK;
        uint64_t imported = 0;
        for (int i = 0; i < 4 && status == EPO_OK; i++) {
            char file[32];
            snprintf(file, sizeof file, "%02d.fits", i);
            const char *path = i < 3 ? in_set(file) : set;
            status = epo_import(store, &path, 1, &options, NULL, NULL, &summary);
            imported += summary.imported;
        }
        if (status != EPO_OK) {
            assert_int_equal(status, EPO_ESTORE);
            check_mentions(epo_error_message(), "full");
            failures++;
        }
        epo_store_close(store);
        snprintf(expected, sizeof expected, "%d|%d\n", (int)imported, (int)imported * 32);
        check_rows(name, "SELECT count(*), (SELECT count(*) FROM stamps) FROM sources", expected);
        check_ok(epo_store_open(name, EPO_STORE_WRITE, &store));
        check_ok(epo_store_check(store, NULL));
        epo_store_close(store);
        if (status == EPO_OK) break;
    }
    assert_true(failures > 4);
}

static void the_number_of_threads_changes_nothing(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "%02d.fits", i);
        tao_plain(in_set(name), i % 8, 1 + i % 3);
    }
    write_file(in_set("05.fits"), "no", 2);
    char *first = NULL;
    static const int threads[] = {1, 2, 7};
    for (size_t i = 0; i < 3; i++) {
        epo_import_options options = options_for("tao");
        told t;
        options.threads = threads[i];
        snprintf(name, sizeof name, "%s/threads%d.db", folder, threads[i]);
        import(name, set, &options, &t);
        assert_int_equal(t.summary.refused, 1);
        char *found = dump(name);
        if (first) assert_string_equal(found, first);
        if (first)
            free(found);
        else
            first = found;
    }
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_set, remove_set)
        TEST(hostile_files_are_named_and_the_good_ones_done),
        TEST(names_are_names_and_nothing_else),
        TEST(a_fifo_or_a_locked_file_is_refused_at_once),
        TEST(options_that_are_wrong_stop_at_once),
        TEST(what_the_store_cannot_hold_is_refused),
        TEST(a_copy_in_the_same_import_is_unchanged),
        TEST(a_caller_may_stop),
        TEST(a_full_disk_keeps_the_files_before),
        TEST(the_number_of_threads_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
