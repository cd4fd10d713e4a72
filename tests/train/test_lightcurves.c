/* SPDX-License-Identifier: BSD-3-Clause
 * test_lightcurves.c - light curves from files and stores to rows of features: which points, which objects, which
 * copies. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "epochal/features.h"
#include "store/objects.h"
#include "store/stamps.h"
#include "store/store.h"

enum { ROWS = 4096 };

typedef struct kept_row {
    char id[64], class_name[32], error[256];
    size_t points;
    uint32_t missing;
    bool left_out;
    double values[EPO_FEATURE_COUNT];
} kept_row;

typedef struct told {
    kept_row *rows;
    size_t count, refused, stop_at;
    char message[512]; /* of the last refused file */
    epo_features_summary summary;
} told;

static char *folder;

static int begin(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static epo_status keep_row(void *context, const epo_features_row *row)
{
    told *t = context;
    assert_true(t->count < ROWS);
    kept_row *k = &t->rows[t->count++];
    *k = (kept_row){.points = row->points, .missing = row->missing, .left_out = row->left_out};
    snprintf(k->id, sizeof k->id, "%s", row->id);
    snprintf(k->class_name, sizeof k->class_name, "%s", row->class_name);
    snprintf(k->error, sizeof k->error, "%s", row->error ? row->error : "");
    assert_int_equal(!row->values, row->error != NULL);
    if (row->values) memcpy(k->values, row->values, sizeof k->values);
    return t->count == t->stop_at ? EPO_ECANCELLED : EPO_OK;
}

static void keep_refused(void *context, const char *message)
{
    told *t = context;
    t->refused++;
    snprintf(t->message, sizeof t->message, "%s", message);
}

static told start(void)
{
    told t = {.rows = calloc(ROWS, sizeof(kept_row))};
    assert_non_null(t.rows);
    return t;
}

static told from_files(const char *const *paths, size_t count, const epo_features_options *options)
{
    told t = start();
    check_ok(epo_features_files(paths, count, options, keep_row, keep_refused, &t, &t.summary));
    return t;
}

static told from_text(const char *text, const epo_features_options *options)
{
    const char *path = temp_path(folder, "curves.csv");
    write_file(path, text, strlen(text));
    return from_files(&path, 1, options);
}

static void expect_row(const told *t, size_t i, const char *id, const char *class_name, size_t points,
                       const char *error)
{
    assert_true(i < t->count);
    assert_string_equal(t->rows[i].id, id);
    assert_string_equal(t->rows[i].class_name, class_name);
    assert_int_equal(t->rows[i].points, points);
    if (error ? !strstr(t->rows[i].error, error) : t->rows[i].error[0])
        fail_msg("%s: \"%s\", not \"%s\"", id, t->rows[i].error, error ? error : "");
}

/* Amplitude is column 0: half the range of the magnitudes that were used. */
static void expect_range(const told *t, size_t i, double range)
{
    assert_true(fabs(2 * t->rows[i].values[0] - range) < 1e-12);
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */

static void test_points_apart(void **state)
{
    (void)state;
    told t = from_text("id,class,mjd,mag,mag_err\n"
                       "b,SN,53003,17,.1\n"
                       "a,,53001,16,.1\n"
                       "b,SN,53001,18.5,.1\n"
                       "c,CV,53001,15,.1\n"
                       "b,SN,53001,99,.1\n"     /* the same time again */
                       "b,SN,-99999999,50,.1\n" /* no time at all */
                       "a,AGN,53002,16.25,\n"
                       "a,AGN,53003,16.5,.1\n",
                       NULL);
    assert_int_equal(t.count, 3);
    expect_row(&t, 0, "b", "SN", 2, NULL);
    expect_range(&t, 0, 1.5);
    expect_row(&t, 1, "a", "AGN", 3, NULL);
    expect_range(&t, 1, 0.5);
    expect_row(&t, 2, "c", "CV", 1, NULL);
    assert_int_equal(t.summary.objects, 3);
    assert_int_equal(t.summary.incomplete, 3);
    assert_int_equal(t.summary.points, 6);
    assert_int_equal(t.summary.duplicates, 1);
    assert_int_equal(t.summary.suspects, 1);
    assert_int_equal(t.summary.refused, 0);
    free(t.rows);
}

static void test_several_files(void **state)
{
    (void)state;
    static const char first[] = "id,mjd,mag,mag_err\na,53001,16,.1\nb,53001,17,.1\n",
                      bad[] = "id,mjd,mag,mag_err\na,53004,99,.1\nz,53001,oops,.1\n",
                      last[] = "id,mjd,mag,mag_err\na,53002,16.5,.1\n";
    const char *paths[] = {temp_path(folder, "1.csv"), temp_path(folder, "2.csv"), temp_path(folder, "3.csv"),
                           temp_path(folder, "no.csv")};
    write_file(paths[0], first, sizeof first - 1);
    write_file(paths[1], bad, sizeof bad - 1);
    write_file(paths[2], last, sizeof last - 1);
    told t = from_files(paths, 4, NULL);
    assert_int_equal(t.count, 2);
    expect_row(&t, 0, "a", "", 2, NULL); /* from two files, and nothing of the one that was refused */
    expect_range(&t, 0, 0.5);
    expect_row(&t, 1, "b", "", 1, NULL);
    assert_int_equal(t.refused, 2);
    assert_int_equal(t.summary.refused_files, 2);
    assert_non_null(strstr(t.message, "no.csv"));
    free(t.rows);
}

static void test_filters_and_classes(void **state)
{
    (void)state;
    static const char text[] = "id,type,filter,mjd,mag,mag_err\n"
                               "a,SN,g,53001,16,.1\na,SN,r,53001.1,15,.1\na,SN,g,53002,16.5,.1\n"
                               "b,SN,r,53001,17,.1\n"
                               "c,SN,g,53001,17,.1\nd,SN,g,53001,17,.1\nc,CV,g,53002,17,.1\n";
    epo_features_options options = EPO_FEATURES_OPTIONS_INIT;
    options.label_column = "type";
    told t = from_text(text, &options);
    expect_row(&t, 0, "a", "SN", 2, "several filters, 'g' and 'r'");
    expect_row(&t, 1, "b", "SN", 1, NULL);
    expect_row(&t, 2, "c", "SN", 2, "two classes, 'SN' and 'CV'");
    assert_int_equal(t.summary.refused, 2);
    free(t.rows);
    options.filter = "g";
    options.class_name = "X";
    t = from_text(text, &options);
    expect_row(&t, 0, "a", "X", 2, NULL);
    expect_range(&t, 0, 0.5);
    expect_row(&t, 1, "b", "X", 0, "no usable points of the filter that was chosen");
    expect_row(&t, 2, "c", "X", 2, NULL);
    free(t.rows);
}

static void test_least_points(void **state)
{
    (void)state;
    epo_features_options options = EPO_FEATURES_OPTIONS_INIT;
    options.min_points = 2;
    told t = from_text("id,mjd,mag,mag_err\na,53001,16,.1\na,53001,17,.1\nb,53001,16,.1\nb,53002,16,.1\n", &options);
    expect_row(&t, 0, "a", "", 1, "1 points, fewer than 2");
    assert_true(t.rows[0].left_out);
    expect_row(&t, 1, "b", "", 2, NULL);
    assert_int_equal(t.summary.left_out, 1);
    assert_int_equal(t.summary.refused, 0);
    free(t.rows);
}

/* --- copies
 * ----------------------------------------------------------------------------------------------------------- */

/* Objects of classes A (5), B (2) and one without; constant magnitudes, errors of 0.2. */
static const char *many_curves(void)
{
    static char text[65536];
    static const char *const names[] = {"a1", "a2", "b1", "a3", "n1", "a4", "a5", "b2"};
    size_t length = (size_t)snprintf(text, sizeof text, "id,class,mjd,mag,mag_err\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int k = 0; k < 60; k++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s,%s,%d,17,.2\n", names[i],
                                       names[i][0] == 'a'   ? "A"
                                       : names[i][0] == 'b' ? "B"
                                                            : "",
                                       53000 + k);
    return text;
}

static void test_copies(void **state)
{
    (void)state;
    const size_t std = 27;
    epo_feature_about about;
    assert_true(epo_feature_at(EPO_FEATURES_MANTRA, std, &about));
    assert_string_equal(about.name, "std");
    epo_features_options options = EPO_FEATURES_OPTIONS_INIT;
    options.copies = 100;
    options.threads = 1;
    told t = from_text(many_curves(), &options);
    assert_int_equal(t.count, 808);
    assert_int_equal(t.summary.objects, 8);
    assert_int_equal(t.summary.copies, 800);
    expect_row(&t, 0, "a1", "A", 60, NULL);
    expect_row(&t, 1, "a1#1", "A", 60, NULL);
    expect_row(&t, 100, "a1#100", "A", 60, NULL);
    expect_row(&t, 101, "a2", "A", 60, NULL);
    assert_true(t.rows[0].values[std] == 0);
    /* SD 0.2, of which 60 points know 0.2/sqrt(118), and 800 curves a 28th of that */
    double sum = 0;
    for (size_t i = 0; i < t.count; i++) sum += t.rows[i].values[std];
    assert_true(fabs(sum / 800 - 0.2) < 0.003);

    /* the same bytes with other threads; others with another seed; a copy's own whatever else there is */
    options.threads = 7;
    told again = from_text(many_curves(), &options);
    assert_memory_equal(again.rows, t.rows, t.count * sizeof *t.rows);
    free(again.rows);
    options.copies = 3;
    told fewer = from_text(many_curves(), &options);
    assert_memory_equal(fewer.rows[3].values, t.rows[3].values, sizeof t.rows[3].values);
    free(fewer.rows);
    options.seed = 2;
    told other = from_text(many_curves(), &options);
    assert_memory_not_equal(other.rows[3].values, t.rows[3].values, sizeof t.rows[3].values);
    free(other.rows);
    free(t.rows);
}

static size_t rows_of(const told *t, const char *class_name)
{
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++) count += strcmp(t->rows[i].class_name, class_name) == 0;
    return count;
}

static void test_balance(void **state)
{
    (void)state;
    epo_features_options options = EPO_FEATURES_OPTIONS_INIT;
    options.balance = -1;
    told t = from_text(many_curves(), &options);
    assert_int_equal(rows_of(&t, "A"), 5);
    assert_int_equal(rows_of(&t, "B"), 5); /* b1 twice, b2 once */
    assert_int_equal(rows_of(&t, ""), 1);
    expect_row(&t, 4, "b1#2", "B", 60, NULL);
    expect_row(&t, t.count - 1, "b2#1", "B", 60, NULL);
    free(t.rows);
    options.balance = 93;
    t = from_text(many_curves(), &options);
    assert_int_equal(rows_of(&t, "A"), 93);
    assert_int_equal(rows_of(&t, "B"), 93);
    free(t.rows);
    options.min_points = 61; /* nothing is left to be copied */
    t = from_text(many_curves(), &options);
    assert_int_equal(t.count, 8);
    assert_int_equal(t.summary.left_out, 8);
    free(t.rows);
}

static void test_unknown_errors(void **state)
{
    (void)state;
    epo_features_options options = EPO_FEATURES_OPTIONS_INIT;
    options.copies = 1;
    told t = from_text("id,mjd,mag,mag_err\na,53001,16,\na,53002,17,-1\na,53003,18,0\n", &options);
    assert_memory_equal(t.rows[0].values, t.rows[1].values, sizeof t.rows[0].values); /* nothing to draw from */
    free(t.rows);
}

static void test_options(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "curves.csv");
    static const char text[] = "id,mjd,mag,mag_err\na,53001,16,.1\nb,53001,16,.1\n";
    write_file(path, text, sizeof text - 1);
    told t = start();
    const struct {
        epo_features_options options;
        const char *message;
    } wrong[] = {
        {{.copies = 1, .balance = 5}, "exclude"},
        {{.copies = -1}, "copies"},
        {{.copies = 1000000}, "copies"},
        {{.balance = -2}, "classes of -2"},
        {{.definition = (epo_feature_definition)9}, "definition 9"},
        {{.min_points = -1}, "points"},
        {{.split = "main"}, "files have none"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_fails(epo_features_files(&path, 1, &wrong[i].options, keep_row, NULL, &t, &t.summary), EPO_EARG,
                    wrong[i].message);
    assert_int_equal(t.count, 0);
    t.stop_at = 1;
    assert_int_equal(epo_features_files(&path, 1, NULL, keep_row, NULL, &t, &t.summary), EPO_ECANCELLED);
    assert_int_equal(t.count, 1);
    free(t.rows);
}

/* --- store
 * ------------------------------------------------------------------------------------------------------------ */

static void put_point(epo_store *store, int64_t object, const char *method, double mjd, double mag, int flag)
{
    bool added;
    check_ok(epo__store_photometry_put(
        store,
        &(epo__photometry_row){
            .object = object, .method = method, .mjd = mjd, .mag = mag, .mag_err = 0.1, .filter = "V", .flag = flag},
        &added));
}

static int64_t put_object(epo_store *store, const char *survey, const char *name, const char *class_name)
{
    int64_t id;
    bool added;
    check_ok(epo__store_object_put(
        store, &(epo__object_row){.survey = survey, .name = name, .class_name = class_name, .ra = NAN, .dec = NAN}, &id,
        &added));
    return id;
}

static void test_store(void **state)
{
    (void)state;
    epo_store *store;
    told t = start();
    epo_features_options options = EPO_FEATURES_OPTIONS_INIT;
    check_ok(epo_store_open(temp_path(folder, "s.db"), EPO_STORE_CREATE, &store));
    check_fails(epo_features_store(store, &options, keep_row, &t, &t.summary), EPO_ENOTFOUND, "epochal import --db");

    check_ok(epo__store_begin(store));
    const int64_t a = put_object(store, "one", "a", "SN"), twin = put_object(store, "two", "a", "CV");
    (void)put_object(store, "one", "dark", NULL);
    put_point(store, a, "given", 53003, 18, 0);
    put_point(store, a, "given", 53001, 17, 0);
    put_point(store, a, "given", 53002, 25, EPO__PHOTOMETRY_LIMIT);
    put_point(store, a, "given", 53004, 5, EPO__PHOTOMETRY_SUSPECT);
    put_point(store, twin, "given", 53001, 12, 0);
    check_ok(epo__store_commit(store));
    check_ok(epo_features_store(store, &options, keep_row, &t, &t.summary));
    assert_int_equal(t.count, 3);
    expect_row(&t, 0, "a", "SN", 2, NULL);
    expect_range(&t, 0, 1);
    expect_row(&t, 1, "a", "CV", 1, NULL); /* two surveys, two objects */
    expect_row(&t, 2, "dark", "", 0, "no usable points");
    assert_int_equal(t.summary.limits, 1);
    assert_int_equal(t.summary.suspects, 1);

    check_ok(epo__store_begin(store));
    put_point(store, a, "aperture", 53001, 13, 0);
    check_ok(epo__store_commit(store));
    check_fails(epo_features_store(store, &options, keep_row, &t, &t.summary), EPO_EARG,
                "several methods, aperture, given");
    options.method = "psf";
    check_fails(epo_features_store(store, &options, keep_row, &t, &t.summary), EPO_ENOTFOUND,
                "there is aperture, given");
    options.method = "aperture";
    t.count = 0;
    check_ok(epo_features_store(store, &options, keep_row, &t, &t.summary));
    expect_row(&t, 0, "a", "SN", 1, NULL);
    char longest[EPO_PHOTOMETRY_NAME]; /* that photometry takes: a forest keeps it to find the points again */
    memset(longest, 'm', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    check_ok(epo__store_begin(store));
    put_point(store, a, longest, 53001, 13, 0);
    check_ok(epo__store_commit(store));
    options.method = longest;
    check_ok(epo_features_store(store, &options, keep_row, &t, &t.summary));
    assert_string_equal(t.summary.method, longest);
    options.split = "none:test";
    check_fails(epo_features_store(store, &options, keep_row, &t, &t.summary), EPO_ENOTFOUND, "none:test");
    epo_store_close(store);
    free(t.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_points_apart, begin, end),
        cmocka_unit_test_setup_teardown(test_several_files, begin, end),
        cmocka_unit_test_setup_teardown(test_filters_and_classes, begin, end),
        cmocka_unit_test_setup_teardown(test_least_points, begin, end),
        cmocka_unit_test_setup_teardown(test_copies, begin, end),
        cmocka_unit_test_setup_teardown(test_balance, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown_errors, begin, end),
        cmocka_unit_test_setup_teardown(test_options, begin, end),
        cmocka_unit_test_setup_teardown(test_store, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
