/* SPDX-License-Identifier: BSD-3-Clause
 * test_sequence.c - which epoch stands for each night, and its pixels in one size. */
#include "importing.h"

#include "data/sequence.h"
#include "store/objects.h"
#include "store/store.h"

static char *folder;
static char db[512];
static epo_store *store;
static int64_t object;

static int make_store(void **state)
{
    (void)state;
    bool added;
    folder = temp_make();
    snprintf(db, sizeof db, "%s/survey.db", folder);
    check_ok(epo_store_open(db, EPO_STORE_CREATE, &store));
    check_ok(epo__store_begin(store));
    check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "s", .name = "x", .ra = NAN, .dec = NAN},
                                   &object, &added));
    check_ok(epo__store_commit(store));
    return 0;
}

static int remove_store(void **state)
{
    (void)state;
    epo_store_close(store);
    temp_remove(folder);
    return 0;
}

typedef struct epoch {
    const char *exposure, *night;
    double mjd;
    epo__role role;
    bool constant;
    int width, height;
} epoch;

/* Pixel (row, column) is level + 10 row + column. */
static void put(const epoch *e, int level)
{
    int16_t pixels[64];
    int64_t id;
    bool added;
    for (int y = 0; y < e->height; y++)
        for (int x = 0; x < e->width; x++) pixels[y * e->width + x] = (int16_t)(level + 10 * y + x);
    epo__stamp_row row = {.object = object,
                          .exposure = e->exposure,
                          .role = e->role,
                          .mjd = e->mjd,
                          .mjd_given = NAN,
                          .night = e->night,
                          .type = EPO__PIXEL_I16,
                          .width = e->width,
                          .height = e->height,
                          .constant = e->constant,
                          .mag = NAN,
                          .mag_err = NAN,
                          .fwhm = NAN,
                          .rb = NAN,
                          .drb = NAN};
    check_ok(epo__store_begin(store));
    check_ok(epo__store_stamp_put(store, &row, pixels, &id, &added));
    assert_true(added);
    check_ok(epo__store_commit(store));
}

static void put_all(const epoch *epochs, size_t count)
{
    for (size_t i = 0; i < count; i++) put(&epochs[i], 100 * (int)i);
}

static void check_nights(const epo__sequence *s, const char *const *exposures, const double *mjds, size_t count)
{
    assert_int_equal(s->night_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(s->stamps.rows[s->nights[i].stamp].exposure, exposures[i]);
        assert_true(s->nights[i].mjd == mjds[i]);
    }
}

static void the_first_good_epoch_of_each_night_is_taken(void **state)
{
    (void)state;
    /* latest first, as when files come in the opposite order */
    const epoch epochs[] = {
        {"d1", "2008-01-04", 54469.9, EPO__ROLE_SCIENCE, false, 3, 3},
        {"c2", "2008-01-03", 54468.5, EPO__ROLE_SCIENCE, true, 3, 3},
        {"c1", "2008-01-03", 54468.4, EPO__ROLE_SCIENCE, true, 3, 3}, /* a night of constant images only */
        {"b3", "2008-01-02", 54467.5, EPO__ROLE_SCIENCE, false, 3, 3},
        {"b2", "2008-01-02", 54467.4, EPO__ROLE_SCIENCE, false, 3, 3},
        {"b1", "2008-01-02", 54467.3, EPO__ROLE_SCIENCE, true, 3, 3},
        {"b0", "2008-01-02", 54467.2, EPO__ROLE_TEMPLATE, false, 3, 3},
        {"a2", NULL, 54466.6, EPO__ROLE_SCIENCE, false, 3, 3}, /* nights without a date: by the MJD */
        {"a1", NULL, 54466.3, EPO__ROLE_SCIENCE, false, 3, 3},
        {"z", NULL, 54465.99, EPO__ROLE_SCIENCE, false, 3, 3},
        {"untimed", NULL, NAN, EPO__ROLE_SCIENCE, false, 3, 3},
    };
    epo__sequence s = {0};
    put_all(epochs, sizeof epochs / sizeof *epochs);
    check_ok(epo__sequence_fetch(store, object, &s));
    check_nights(&s, (const char *[]){"z", "a1", "b2", "d1"}, (double[]){54465.99, 54466.3, 54467.4, 54469.9}, 4);
    check_ok(epo__sequence_assemble(&s, 3, 3));
    for (int i = 0; i < 4; i++) {
        const int level[] = {900, 800, 400, 0};
        assert_true(s.planes[9 * i] == (float)level[i]);
        assert_true(s.planes[9 * i + 8] == (float)(level[i] + 22));
    }
    epo__sequence_free(&s);
}

static void without_times_each_frame_is_a_night(void **state)
{
    (void)state;
    const epoch epochs[] = {
        {"frame 000010", NULL, NAN, EPO__ROLE_SCIENCE, false, 3, 3},
        {"frame 000002", NULL, NAN, EPO__ROLE_SCIENCE, false, 3, 3},
        {"frame 000003", NULL, NAN, EPO__ROLE_SCIENCE, true, 3, 3},
    };
    epo__sequence s = {0};
    put_all(epochs, 3);
    check_ok(epo__sequence_fetch(store, object, &s));
    check_nights(&s, (const char *[]){"frame 000002", "frame 000010"}, (double[]){0, 1}, 2);
    epo__sequence_free(&s);
}

static void stamps_are_cut_and_padded_about_the_centre(void **state)
{
    (void)state;
    const epoch epochs[] = {{"small", NULL, 1, EPO__ROLE_SCIENCE, false, 3, 1},
                            {"large", NULL, 2, EPO__ROLE_SCIENCE, false, 7, 6}};
    epo__sequence s = {0};
    put_all(epochs, 2);
    check_ok(epo__sequence_fetch(store, object, &s));
    check_ok(epo__sequence_assemble(&s, 5, 5));
    for (int y = 0; y < 5; y++) {
        for (int x = 0; x < 5; x++) {
            float small = s.planes[5 * y + x], large = s.planes[25 + 5 * y + x];
            /* 3 x 1 with its centre (1, 0) at (2, 2); 7 x 6 with its centre (3, 3) at (2, 2) */
            if (y == 2 && x >= 1 && x <= 3)
                assert_true(small == (float)(x - 1));
            else
                assert_true(isnan(small));
            assert_true(large == (float)(100 + 10 * (y + 1) + x + 1));
        }
    }
    /* and used again for another object: one without stamps */
    int64_t other;
    bool added;
    check_ok(epo__store_begin(store));
    check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "s", .name = "y", .ra = NAN, .dec = NAN}, &other,
                                   &added));
    check_ok(epo__store_commit(store));
    check_ok(epo__sequence_fetch(store, other, &s));
    assert_int_equal(s.night_count, 0);
    check_ok(epo__sequence_assemble(&s, 5, 5));
    epo__sequence_free(&s);
}

static void a_damaged_stamp_is_named(void **state)
{
    (void)state;
    const epoch epochs[] = {{"a", NULL, 1, EPO__ROLE_SCIENCE, false, 3, 3},
                            {"b", NULL, 2, EPO__ROLE_SCIENCE, false, 3, 3}};
    epo__sequence s = {0};
    sqlite3 *outside;
    put_all(epochs, 2);
    assert_int_equal(sqlite3_open(db, &outside), SQLITE_OK);
    assert_int_equal(sqlite3_exec(outside,
                                  "UPDATE pixels SET data = CAST(x'FF' || substr(data, 2) AS BLOB) WHERE stamp = "
                                  "(SELECT max(stamp) FROM pixels)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(outside);
    check_fails(epo__sequence_fetch(store, object, &s), EPO_EFORMAT, "damaged");
    check_mentions(epo_error_message(), "object 'x'");
    epo__sequence_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_store, remove_store)
        TEST(the_first_good_epoch_of_each_night_is_taken),
        TEST(without_times_each_frame_is_a_night),
        TEST(stamps_are_cut_and_padded_about_the_centre),
        TEST(a_damaged_stamp_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
