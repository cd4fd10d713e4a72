/* SPDX-License-Identifier: BSD-3-Clause
 * test_cube.c - numpy arrays of stamps, and the HiTS sequences where they are. */
#include "importing.h"
#include "npzmake.h"
#include "support/npymake.h"

static char *folder;
static char db[512];

static int make_folder_for_test(void **state)
{
    (void)state;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

/* Values no two of which are alike. */
static void fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) values[i] = 1.5f * (float)i - 7.25f;
}

static const char *save_npy(const char *name, const char *shape, const float *values, size_t count)
{
    const char *path = temp_path(folder, name);
    npy_save(path, "'<f4'", "False", shape, values, count * sizeof *values);
    return path;
}

/* The pixels of one stamp as the store has them. */
static void check_pixels(const char *where, const float *expected, size_t count)
{
    char sql[512], hex[2048] = "";
    snprintf(
        sql, sizeof sql,
        "SELECT hex(data) FROM pixels p JOIN stamps s ON s.id = p.stamp JOIN objects o ON o.id = s.object WHERE %s",
        where);
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[4];
        memcpy(bytes, &expected[i], 4);
        snprintf(hex + 8 * i, sizeof hex - 8 * i, "%02X%02X%02X%02X", bytes[0], bytes[1], bytes[2], bytes[3]);
    }
    strcat(hex, "\n");
    check_rows(db, sql, hex);
}

static void three_axes_are_one_stamp_an_object(void **state)
{
    (void)state;
    float values[2 * 3 * 4];
    fill(values, 24);
    epo_import_options options = options_for("cube");
    told t;
    import(db, save_npy("flat.npy", "(2, 3, 4)", values, 24), &options, &t);
    assert_int_equal(t.summary.stamps, 2);
    check_rows(
        db,
        "SELECT o.name, class, exposure, role, plane, mjd, night, width, height, type FROM stamps s JOIN objects o ON "
        "o.id = s.object",
        "flat.npy:0||flat.npy row 000000|science|0|||4|3|f32\nflat.npy:1||flat.npy row 000001|science|0|||4|3|f32\n");
    check_pixels("o.name = 'flat.npy:1'", values + 12, 12);
    import(db, temp_path(folder, "flat.npy"), &options, &t);
    assert_int_equal(t.summary.unchanged, 1);
}

static void a_last_axis_of_planes_is_taken_apart(void **state)
{
    (void)state;
    float values[2 * 3 * 3 * 4], plane[9];
    fill(values, 72);
    epo_import_options options = options_for("cube");
    import(db, save_npy("planes.npy", "(2, 3, 3, 4)", values, 72), &options, NULL);
    check_rows(db, "SELECT role, plane FROM stamps s JOIN objects o ON o.id = s.object WHERE o.name = 'planes.npy:1'",
               "other|0\nother|1\nother|2\nother|3\n");
    options.planes = "difference,template,science,other";
    options.survey = "named";
    import(db, temp_path(folder, "planes.npy"), &options, NULL);
    for (size_t i = 0; i < 9; i++) plane[i] = values[36 + 4 * i + 1];
    check_pixels("o.name = 'planes.npy:1' AND role = 'template'", plane, 9);
    options.survey = NULL;
    options.planes = "science,template,difference"; /* too few */
    check_fails(try_import(db, temp_path(folder, "planes.npy"), &options, NULL), EPO_EARG, "4 planes");
    options.planes = "science,template,difference,other,other"; /* one too many */
    check_fails(try_import(db, temp_path(folder, "planes.npy"), &options, NULL), EPO_EARG, "4 planes");
    options.planes = "science,template,differences,other";
    check_fails(try_import(db, temp_path(folder, "planes.npy"), &options, NULL), EPO_EARG, "'differences'");
}

static void axes_are_not_guessed(void **state)
{
    (void)state;
    float values[3 * 3 * 3 * 3];
    fill(values, 81);
    epo_import_options options = options_for("cube");
    told t;
    const char *path = save_npy("even.npy", "(3, 3, 3, 3)", values, 81);
    check_fails(try_import(db, path, &options, NULL), EPO_EARG, "N,H,W,C or N,T,H,W");
    options.planes = "science,template,difference";
    import(db, path, &options, &t);
    assert_int_equal(t.summary.stamps, 9);
    options.planes = NULL;
    options.frames = "frames";
    check_fails(try_import(db, save_npy("thin.npy", "(3, 3, 9)", values, 81), &options, NULL), EPO_EARG, "three axes");
}

/* Two objects of up to three frames, with names, labels, counts and times; one frame and one pixel are missing. */
static void make_sequences(const char *path, const char *second_name)
{
    float values[2 * 3 * 2 * 2];
    zip_file z = {0};
    char names[2][8] = {"first"};
    snprintf(names[1], sizeof names[1], "%s", second_name);
    const int32_t frames[2] = {3, 2};
    const int64_t labels[2] = {1, 0};
    const double mjds[6] = {57070.25, 57070.75, NAN, 57071.125, -5, 57075};
    fill(values, 24);
    for (int i = 4; i < 8; i++) values[i] = NAN; /* object 0, frame 1 */
    values[9] = -9999;                           /* object 0, frame 2 */
    npz_add(&z, "x", "<f4", "(2, 3, 2, 2)", values, sizeof values);
    npz_add(&z, "name", "|S8", "(2,)", names, sizeof names);
    npz_add(&z, "nframes", "<i4", "(2,)", frames, sizeof frames);
    npz_add(&z, "label", "<i8", "(2,)", labels, sizeof labels);
    npz_add(&z, "mjd", "<f8", "(2, 3)", mjds, sizeof mjds);
    npz_save(&z, path);
}

static void sequences_come_with_names_labels_and_missing_frames(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "sequences.npz");
    epo_import_options options = options_for("cube");
    told t;
    make_sequences(path, "second");
    options.array = "x";
    options.names = "name";
    options.frames = "nframes";
    options.label_column = "label";
    options.bad_below = -9000;
    import(db, path, &options, &t);
    assert_int_equal(t.summary.stamps, 4);
    check_rows(
        db, "SELECT o.name, class, exposure, mjd, night FROM stamps s JOIN objects o ON o.id = s.object ORDER BY 1, 3",
        "first|1|frame 000000||\nfirst|1|frame 000002||\nsecond|0|frame 000000||\nsecond|0|frame 000001||\n");
    const float expected[] = {4.75f, NAN, 7.75f, 9.25f};
    check_pixels("o.name = 'first' AND exposure = 'frame 000002'", expected, 4);

    /* the same bytes with another limit are another import */
    options.survey = "dim";
    options.bad_above = 9.25;
    import(db, path, &options, &t);
    const float dim[] = {4.75f, NAN, 7.75f, NAN};
    check_pixels("o.name = 'first' AND exposure = 'frame 000002' AND o.survey = (SELECT id FROM surveys WHERE name = 'dim')", dim, 4);
    options.bad_above = (double)INFINITY;

    /* the same bytes with times and with a polarity are another import */
    options.survey = "timed";
    options.times = "mjd";
    options.real_label = "0";
    import(db, path, &options, &t);
    assert_int_equal(t.summary.suspect_dates, 1);
    check_rows(db,
               "SELECT o.name, class, exposure, mjd, night, mjd_given, mjd_suspect FROM stamps s JOIN objects o ON "
               "o.id = s.object "
               "JOIN surveys v ON v.id = o.survey WHERE v.name = 'timed' ORDER BY 1, 3",
               "first|bogus|frame 000000|57070.25|2015-02-17||0\nfirst|bogus|frame 000002||||0\n"
               "second|real|frame 000000|57071.125|2015-02-18||0\nsecond|real|frame 000001|||-5.0|1\n");
}

static void two_rows_of_one_name_are_not_merged(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "twice.npz");
    epo_import_options options = options_for("cube");
    told t;
    make_sequences(path, "first");
    options.array = "x";
    options.names = "name";
    options.frames = "nframes";
    import(db, path, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "exposure frame 000000 of object first is in the store already, with other pixels");
    check_rows(db, "SELECT count(*) FROM objects", "0\n");
}

static void arrays_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "odd.npz");
    const int32_t too_many[2] = {3, 4};
    const char *const rows_of[] = {"nosuch", "three", "many", "x"};
    const char *const reasons[] = {"nosuch", "three", "4 frames of 3", "x"};
    float values[24];
    zip_file z = {0};
    fill(values, 24);
    npz_add(&z, "x", "<f4", "(2, 3, 2, 2)", values, sizeof values);
    npz_add(&z, "three", "<i4", "(3,)", (int32_t[]){1, 2, 3}, 12);
    npz_add(&z, "many", "<i4", "(2,)", too_many, sizeof too_many);
    npz_save(&z, path);
    for (size_t i = 0; i < 4; i++) {
        epo_import_options options = options_for("cube");
        told t;
        options.array = "x";
        options.frames = rows_of[i];
        import(db, path, &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "odd.npz");
        check_mentions(t.refused, reasons[i]);
    }
    const struct {
        const char *shape, *reason;
        size_t count;
    } shapes[] = {{"(24,)", "axes", 24},
                  {"(0, 2, 2)", "no objects", 0},
                  {"(1, 0, 4)", "sides", 0},
                  {"(2, 1, 1, 1, 12, 1)", "", 24},
                  {"(1, 2, 2)", "", 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        epo_import_options options = options_for("cube");
        told t;
        import(db, save_npy("odd.npy", shapes[i].shape, values, shapes[i].count), &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "odd.npy");
        check_mentions(t.refused, shapes[i].reason);
    }
    check_rows(db, "SELECT count(*) FROM objects", "0\n");
}

/* Numbers from numpy. */
static void the_hits_sequences_import(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    epo_import_options options = options_for("cube");
    told t;
    options.array = "x";
    options.label_column = "label";
    options.names = "name";
    options.frames = "nframes";
    import(db, temp_path(data_folder(), "hits/hits_dev.npz"), &options, &t);
    assert_int_equal(t.summary.objects, 543);
    assert_int_equal(t.summary.stamps, 14205);
    check_rows(db, "SELECT class, count(*) FROM objects GROUP BY class", "EB|53\nRRLyrae|78\nSN|62\nconstant|350\n");
    check_rows(db,
               "SELECT crc32, class, (SELECT count(*) FROM stamps WHERE object = o.id) FROM stamps s JOIN objects o ON "
               "o.id = s.object "
               "WHERE o.name = 'Blind15A_04_N10_162_2736_g_stamp.npy' AND exposure = 'frame 000000'",
               "2661434370|constant|26\n");
    check_rows(db, "SELECT crc32 FROM stamps WHERE id = (SELECT max(id) FROM stamps)", "1737565354\n");
    epo_store *store;
    epo_store_contents info;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    check_ok(epo_store_info(store, &info));
    assert_true(isnan(info.mjd_first)); /* nothing is made up */
    assert_string_equal(info.date_first, "");
    epo_store_info_free(&info);
    epo_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder_for_test, remove_folder)
        TEST(three_axes_are_one_stamp_an_object),
        TEST(a_last_axis_of_planes_is_taken_apart),
        TEST(axes_are_not_guessed),
        TEST(sequences_come_with_names_labels_and_missing_frames),
        TEST(two_rows_of_one_name_are_not_merged),
        TEST(arrays_that_do_not_fit_are_refused),
        TEST(the_hits_sequences_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
