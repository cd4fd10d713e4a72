/* SPDX-License-Identifier: BSD-3-Clause
 * test_lightcurves.c - light curves from CSV. */
#include "importing.h"

#include "data/reader.h"
#include "support/fitsmake.h"

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

static const char CURVES[] = "id,class,mjd,mag,mag_err\n"
                             "100,SN,53650.447828,16.6057,0.078034\n"
                             "100,SN,53651.5,17.25,\n"
                             "7,,53650.25,18.5,nan\n"
                             "7,,53650.25,18.5,nan\n"
                             "100,SN,53652.5,17.5,0.1\n"
                             "7,,-2409998.5,18.75,0.0864\n";

static void check_curves(void)
{
    check_rows(db,
               "SELECT o.name, class, method, mjd, mag, mag_err, flag FROM photometry p JOIN objects o ON o.id = "
               "p.object ORDER BY o.name, mjd",
               "100|SN|given|53650.447828|16.6057|0.078034|0\n"
               "100|SN|given|53651.5|17.25||0\n"
               "100|SN|given|53652.5|17.5|0.1|0\n"
               "7||given|-2409998.5|18.75|0.0864|2\n"
               "7||given|53650.25|18.5||0\n");
}

static void curves_are_read_plain_and_compressed(void **state)
{
    (void)state;
    epo_import_options options = options_for("lightcurves");
    told t;
    fm_file f = {0}, gz = {0};
    fm_bytes(&f, CURVES, sizeof CURVES - 1);
    fm_gzip(&f, &gz);
    fm_save(&f, temp_path(folder, "curves.csv"));
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.objects, 2);
    assert_int_equal(t.summary.points, 5);
    assert_int_equal(t.summary.duplicates, 1);
    assert_int_equal(t.summary.suspect_dates, 1);
    check_curves();
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.unchanged, 1);
    /* other bytes, the same points */
    fm_save(&gz, temp_path(folder, "curves.csv.gz"));
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.unchanged, 1);
    assert_int_equal(t.summary.points, 0);
    assert_int_equal(t.summary.duplicates, 6);
    check_curves();
    fm_free(&f);
    fm_free(&gz);

    /* a date that cannot be is not when the survey began */
    epo_store *store;
    epo_store_contents info;
    check_ok(epo_store_open(db, EPO_STORE_READ, &store));
    check_ok(epo_store_info(store, &info));
    assert_string_equal(info.date_first, "2005-10-07");
    epo_store_info_free(&info);
    epo_store_close(store);
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    static const char text[] = "band,MagErr,Type,Magnitude,MJD,Name\nr,0.5,AGN,17,53000,a\ng,0.25,AGN,17,53000,a\n";
    epo_import_options options = options_for("lightcurves");
    options.label_column = "type";
    options.survey = "mine";
    write_file(temp_path(folder, "curves.txt"), text, sizeof text - 1);
    import(db, temp_path(folder, "curves.txt"), &options, NULL);
    check_rows(db,
               "SELECT v.name, o.name, class, filter, mag_err FROM photometry p JOIN objects o ON o.id = p.object JOIN "
               "surveys v ON v.id = o.survey ORDER BY filter",
               "mine|a|AGN|g|0.25\nmine|a|AGN|r|0.5\n");
    options.label_column = "nosuch";
    told t;
    import(db, temp_path(folder, "curves.txt"), &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "nosuch");
}

static void half_a_curve_is_worse_than_none(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"id,class,mjd,mag\n1,SN,53000,17\n", "mag_err"},
        {"id,mjd,mag,mag_err\n", "no rows"},
        {"", "curves.csv"},
        {"id,mjd,mag,mag_err\n1,53000,17,0.1\n2,inf,17,0.1\n", "line 3"},
        {"id,mjd,mag,mag_err\n1,53000,17,0.1\n2,53000,nan,0.1\n", "line 3"},
        {"id,mjd,mag,mag_err\n1,53000,17,0.1\n2,53000,17,inf\n", "line 3"},
        {"id,mjd,mag,mag_err\n1,53000,17,0.1\n2,53000,17x,0.1\n", "line 3"},
        {"id,mjd,mag,mag_err\n1,53000,17,0.1\n2,53000,17\n", "line 3"},
        {"id,mjd,mag,mag_err\n1,53000,17,0.1\n,53000,17,0.1\n", "line 3"},
        {"id,class,mjd,mag,mag_err\n1,SN,53000,17,0.1\n1,CV,53001,17,0.1\n", "line 3"},
    };
    epo_import_options options = options_for("lightcurves");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        told t;
        write_file(temp_path(folder, "curves.csv"), cases[i].text, strlen(cases[i].text));
        import(db, folder, &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "curves.csv");
        check_mentions(t.refused, cases[i].reason);
    }
    check_rows(
        db, "SELECT (SELECT count(*) FROM objects), (SELECT count(*) FROM photometry), (SELECT count(*) FROM sources)",
        "0|0|0\n");
}

/* Counts by awk. */
/* A field may have 1 MiB, and a batch many rows: it ends by its bytes too. */
static void a_batch_of_long_names_ends_early(void **state)
{
    (void)state;
    enum { NAME = 1000000, ROWS = 12 };
    const epo_import_options options = options_for("lightcurves");
    const char *path = temp_path(folder, "long.csv");
    char *name = malloc(NAME + 1);
    FILE *file = fopen(path, "w");
    assert_true(name && file);
    memset(name, 'x', NAME);
    name[NAME] = '\0';
    fputs("id,mjd,mag,mag_err\n", file);
    for (int i = 0; i < ROWS; i++) fprintf(file, "%d%s,59000,18,0.1\n", i, name);
    assert_int_equal(fclose(file), 0);
    const epo__reader_type *reader = &epo__reader_lightcurves;
    void *reading = calloc(1, reader->state_size);
    epo__batch batch = {0};
    check_ok(reader->open(reading, &options, path));
    size_t batches = 0, points = 0;
    for (bool last = false; !last; batches++) {
        check_ok(reader->next(reading, &options, &batch, &last));
        assert_true(batch.texts.bytes < 6000000);
        points += batch.point_count;
        epo__batch_clear(&batch);
    }
    assert_int_equal(points, ROWS);
    assert_true(batches >= 2);
    reader->release(reading);
    free(reading);
    epo__batch_free(&batch);
    free(name);
}

static void published_curves_import(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    epo_import_options options = options_for("lightcurves");
    told t;
    import(db, temp_path(data_folder(), "crts/transients_lightcurves_dev.csv.gz"), &options, &t);
    assert_int_equal(t.summary.objects, 751);
    assert_int_equal(t.summary.points + t.summary.duplicates, 145033);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder_for_test, remove_folder)
        TEST(curves_are_read_plain_and_compressed),
        TEST(columns_are_found_by_name),
        TEST(half_a_curve_is_worse_than_none),
        TEST(a_batch_of_long_names_ends_early),
        TEST(published_curves_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
