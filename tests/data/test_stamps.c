/* SPDX-License-Identifier: BSD-3-Clause
 * test_stamps.c - folders of single FITS stamps, and DES trios with their labels. */
#include "importing.h"
#include "support/fitsmake.h"

#include <unistd.h>

enum { WIDTH = 4, HEIGHT = 3, PIXELS = WIDTH * HEIGHT };

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

static void add_image(fm_file *f, float level, const char *cards)
{
    float pixels[PIXELS];
    for (int i = 0; i < PIXELS; i++) pixels[i] = level + 0.5f * (float)i;
    fm_image(f, -32, WIDTH, HEIGHT, pixels, cards);
}

static void save_stamp(const char *name, float level, const char *cards)
{
    fm_file f = {0}, gz = {0};
    add_image(&f, level, cards);
    if (strstr(name, ".gz")) fm_gzip(&f, &gz);
    fm_save(strstr(name, ".gz") ? &gz : &f, in_set(name));
    fm_free(&f);
    fm_free(&gz);
}

/* --- stamps ------------------------------------------------------------------------------------------------------- */

static void true_and_false_mean_real_and_bogus(void **state)
{
    (void)state;
    epo_import_options options = options_for("stamps");
    told t;
    make_folder(in_set("true"));
    make_folder(in_set("False"));
    save_stamp("true/a.fits", 1,
               "CANDID  = 'cand-7'\nMAG     = 18.25\nMAGERR  = 0.125\nFILTER  = 'r'\nFWHM    = 2.5\nEDGE    = 'False'\nMAGZP   = 26.25\n"
               "DATE-OBS= '2012-03-04T06:00:00.0'\nRA      = 10.5\nDEC     = -20.25\nOBJECT  = 'field 9'");
    save_stamp("False/a.fits.gz", 2,
               "CANDID  = 1127107111615015007\nEDGE    = T\nMJD-OBS = 5.599025D4\nMAG     = 'none'");
    save_stamp("b.fit", 1, "MJD     = 1e300\nDATE-OBS= 'yesterday'\nMAGZP   = 'none'\nMAGZERO = -999\nZP      = 25");
    import(db, set, &options, &t);
    assert_int_equal(t.summary.stamps, 3);
    assert_int_equal(t.summary.suspect_dates, 1);
    check_rows(
        db,
        "SELECT o.name, o.class, o.ra, o.dec, o.parent, exposure, role, candid, mag, mag_err, filter, fwhm, extra, "
        "mjd, night, mjd_suspect "
        "FROM stamps s JOIN objects o ON o.id = s.object ORDER BY 1",
        "False/a|bogus||||a|difference|1127107111615015007|||||{\"edge\":true}|55990.25|2012-03-04|0\n"
        "set/b|set||||b|difference||||||{\"zero_point\":25}||"
        "|1\n"
        "true/a|real|10.5|-20.25|field 9|a|difference||18.25|0.125|r|2.5|{\"edge\":false,\"zero_point\":26.25}|55990.25|2012-03-04|0\n");
    char *before = dump(db), *after;
    import(db, set, &options, &t);
    assert_int_equal(t.summary.unchanged, 3);
    after = dump(db);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* The same bytes in two folders are two stamps, of two classes. */
static void alike_stamps_in_two_places_are_two(void **state)
{
    (void)state;
    epo_import_options options = options_for("stamps");
    told t;
    make_folder(in_set("one"));
    make_folder(in_set("two"));
    save_stamp("one/a.fits", 1, NULL);
    save_stamp("two/a.fits", 1, NULL);
    save_stamp("two/b.fits", 1, NULL);
    import(db, set, &options, &t);
    assert_int_equal(t.summary.stamps, 3);
    check_rows(db, "SELECT name, class FROM objects ORDER BY 1", "one/a|one\ntwo/a|two\ntwo/b|two\n");
    /* a file of that name with other pixels is not dropped in silence */
    save_stamp("two/b.fits", 3, NULL);
    import(db, set, &options, &t);
    assert_int_equal(t.summary.unchanged, 2);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "set/two/b.fits: exposure b of object two/b is in the store already, with other pixels");
    options.class_name = "given";
    options.survey = "other";
    import(db, set, &options, &t);
    check_rows(db, "SELECT DISTINCT o.class FROM objects o JOIN surveys v ON v.id = o.survey WHERE v.name = 'other'",
               "given\n");
}

static void extensions_are_chosen_by_name(void **state)
{
    (void)state;
    epo_import_options options = options_for("stamps");
    told t;
    fm_file f = {0};
    fm_primary(&f, "CANDID  = 'main'\nMAG     = 17.5");
    add_image(&f, 1, "EXTNAME = 'SCI'\nMAG     = 19");
    add_image(&f, 2, "EXTNAME = 'REF'");
    add_image(&f, 3, "EXTNAME = 'Diff'");
    fm_save(&f, in_set("multi.fits"));
    fm_free(&f);
    import(db, set, &options, &t);
    check_rows(db, "SELECT role, mag FROM stamps", "difference|19.0\n"); /* the first image, as a residual */
    options.survey = "three";
    options.extname = "DIFF,SCI,REF";
    import(db, set, &options, &t);
    check_rows(db,
               "SELECT s.role, s.plane, s.mag, hex(substr(data, 1, 4)) FROM stamps s JOIN pixels p ON p.stamp = s.id "
               "JOIN objects o ON o.id = s.object "
               "JOIN surveys v ON v.id = o.survey WHERE v.name = 'three' ORDER BY plane",
               "difference|0|17.5|00004040\nscience|1|17.5|0000803F\ntemplate|2|17.5|00000040\n");
    options.extname = "SCI,NOSUCH";
    import(db, set, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "multi.fits: no extension is named NOSUCH");
}

/* --- trios -------------------------------------------------------------------------------------------------------- */

static void save_trio(int id)
{
    static const char *const prefixes[] = {"temp", "srch", "diff"};
    char name[64];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%d.fits", prefixes[i], id);
        save_stamp(name, (float)(100 * i + id), NULL);
    }
}

static void save_labels(const char *text)
{
    write_file(in_set("labels.csv"), text, strlen(text));
}

static void the_polarity_of_labels_is_asked_for(void **state)
{
    (void)state;
    epo_import_options options = options_for("autoscan");
    save_trio(5);
    save_labels("ID,OBJECT_TYPE\n5,0\n");
    check_fails(try_import(db, set, &options, NULL), EPO_EARG, "--real-label");
    check_rows(db, "SELECT count(*) FROM sources", "0\n");
}

static void trios_are_one_exposure_of_three_planes(void **state)
{
    (void)state;
    epo_import_options options = options_for("autoscan");
    told t;
    for (int id = 5; id <= 7; id++) save_trio(id);
    save_labels("ID,OBJECT_TYPE,BAND\n7,1,r\n5,0,r\n9,1,g\n");
    options.real_label = "0";
    import(db, set, &options, &t);
    assert_int_equal(t.summary.files, 10);
    assert_int_equal(t.summary.objects, 3);
    assert_int_equal(t.summary.stamps, 9);
    check_rows(db,
               "SELECT o.name, class, role, plane, candid, hex(substr(data, 1, 4)) FROM stamps s JOIN objects o ON "
               "o.id = s.object JOIN pixels p ON p.stamp = s.id "
               "WHERE o.name <> '6' ORDER BY 1, plane",
               "5|real|template|0|5|0000A040\n5|real|science|1|5|0000D242\n5|real|difference|2|5|00004D43\n"
               "7|bogus|template|0|7|0000E040\n7|bogus|science|1|7|0000D642\n7|bogus|difference|2|7|00004F43\n");
    char *before = dump(db);
    import(db, set, &options, &t);
    assert_int_equal(t.summary.unchanged, 10);
    char *after = dump(db);
    assert_string_equal(before, after);
    free(before);
    free(after);
    /* a label that comes later reaches the stamp that is there */
    save_labels("ID,OBJECT_TYPE,BAND\n7,1,r\n5,0,r\n6,1,g\n");
    import(db, set, &options, &t);
    assert_int_equal(t.summary.imported, 2);
    assert_int_equal(t.summary.stamps, 0);
    check_rows(db, "SELECT name, class FROM objects ORDER BY 1", "5|real\n6|bogus\n7|bogus\n");
}

static void a_missing_member_is_named(void **state)
{
    (void)state;
    epo_import_options options = options_for("autoscan");
    told t;
    save_trio(5);
    save_trio(6);
    save_trio(7);
    assert_int_equal(remove(in_set("temp5.fits")), 0);
    assert_int_equal(remove(in_set("diff6.fits")), 0);
    save_stamp("stray.fits", 1, NULL);
    import(db, set, &options, &t);
    assert_int_equal(t.summary.refused, 4);
    check_mentions(t.refused, "set/temp5.fits: no such file");
    check_mentions(t.refused, "set/srch6.fits: there is no diff6.fits beside it");
    check_mentions(t.refused, "set/temp6.fits: there is no diff6.fits beside it");
    check_mentions(t.refused, "stray.fits: not named");
    check_rows(db, "SELECT o.name, count(*) FROM stamps s JOIN objects o ON o.id = s.object GROUP BY 1", "7|3\n");
    save_trio(5); /* and once it is there, it is taken */
    import(db, set, &options, &t);
    assert_int_equal(t.summary.stamps, 3);
}

static void bad_labels_label_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"ID,OBJECT_TYPE\n5,0\n6,2\n", "line 3: label '2', where 0 means real"},
        {"ID,OBJECT_TYPE\n5,0\n6,\n", "line 3"},
        {"ID,OBJECT_TYPE\n5,0\nx,1\n", "line 3"},
        {"ID,OBJECT_TYPE\n5,0\n5,1\n", "ID 5 is labelled both"},
        {"ID,LABEL\n5,0\n", "OBJECT_TYPE"},
    };
    epo_import_options options = options_for("autoscan");
    options.real_label = "0";
    save_trio(5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        told t;
        save_labels(cases[i].text);
        import(db, set, &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "labels.csv");
        check_mentions(t.refused, cases[i].reason);
        check_rows(db, "SELECT name, class FROM objects", "5|\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_set, remove_set)
        TEST(true_and_false_mean_real_and_bogus),
        TEST(alike_stamps_in_two_places_are_two),
        TEST(extensions_are_chosen_by_name),
        TEST(the_polarity_of_labels_is_asked_for),
        TEST(trios_are_one_exposure_of_three_planes),
        TEST(a_missing_member_is_named),
        TEST(bad_labels_label_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
