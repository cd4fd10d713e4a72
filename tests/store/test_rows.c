/* SPDX-License-Identifier: BSD-3-Clause
 * test_rows.c - what is written is read back, once, in order, and labels only grow. */
#include "rows.h"

#include <stdlib.h>
#include <zlib.h>

#include "store/results.h"

static char *folder;
static const char *path;
static epo_store *store;

static int make_fresh_store(void **state)
{
    (void)state;
    static char name[512];
    folder = temp_make();
    snprintf(name, sizeof name, "%s/survey.db", folder);
    path = name;
    store = open_store(path, EPO_STORE_CREATE);
    return 0;
}

static int remove_store(void **state)
{
    (void)state;
    epo_store_close(store);
    temp_remove(folder);
    return 0;
}

static void writing_wants_a_transaction(void **state)
{
    (void)state;
    int64_t id;
    bool added;
    int16_t pixels[PIXELS];
    epo__stamp_row stamp = small_stamp(1, 0, 0, "e", pixels);
    check_fails(epo__store_object_put(store, &(epo__object_row){.survey = "", .name = "a"}, &id, &added), EPO_EARG,
                "transaction");
    check_fails(epo__store_stamp_put(store, &stamp, pixels, &id, &added), EPO_EARG, "transaction");
    check_fails(epo__store_commit(store), EPO_EARG, "no transaction");
    check_fails(epo__store_savepoint(store), EPO_EARG, "no transaction");
    check_ok(epo__store_begin(store));
    check_fails(epo__store_begin(store), EPO_EARG, "already");
    check_fails(epo__store_release(store), EPO_EARG, "no savepoint");
    epo__store_rollback(store);
    epo__store_rollback(store);
}

static void a_file_is_found_again_by_content_and_reading(void **state)
{
    (void)state;
    char digest[65];
    snprintf(digest, sizeof digest, "%064x", 7);
    int64_t id, found;
    check_ok(epo__store_begin(store));
    check_ok(epo__store_source_find(store, digest, "tao", "{}", &found));
    assert_int_equal(found, 0);
    id = put_source(store, 7);
    assert_true(id > 0);
    check_ok(epo__store_source_finish(store, id, &(epo__source_row){.objects = 1, .stamps = 20, .duplicates = 3}));
    check_ok(epo__store_commit(store));
    check_ok(epo__store_source_find(store, digest, "tao", "{}", &found));
    assert_int_equal(found, id);
    check_ok(epo__store_source_find(store, digest, "tao", "{\"class\":\"SN\"}", &found));
    assert_int_equal(found, 0);
    check_ok(epo__store_source_find(store, digest, "stamps", "{}", &found));
    assert_int_equal(found, 0);
    check_ok(epo__store_begin(store));
    epo__source_row twice = {.survey = "crts", .path = "copy.fits", .digest = digest, .format = "tao", .options = "{}"};
    check_fails(epo__store_source_add(store, &twice, &found), EPO_ESTORE, "UNIQUE");
    epo__store_rollback(store);
    assert_string_equal(outside_value(path, "SELECT objects || ' ' || stamps || ' ' || duplicates FROM sources"),
                        "1 20 3");
}

static void objects_are_found_or_added_and_filled_in(void **state)
{
    (void)state;
    int64_t first, second, other, found;
    bool added;
    epo__pool pool = {0};
    epo__object_row got;
    const char *odd = "SN \"2006tf\"'; DROP TABLE objects; -- \xff\xc3\n";
    check_ok(epo__store_begin(store));
    check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "crts", .name = odd, .ra = NAN, .dec = -3.5},
                                   &first, &added));
    assert_true(added);
    check_ok(epo__store_object_put(
        store,
        &(epo__object_row){
            .survey = "crts", .name = odd, .ra = 12.25, .dec = 99, .class_given = "SN?", .parent = "field 7"},
        &second, &added));
    assert_false(added);
    assert_int_equal(first, second);
    check_ok(epo__store_object_put(store, &(epo__object_row){.survey = "hits", .name = odd, .ra = NAN, .dec = NAN},
                                   &other, &added));
    assert_true(added);
    check_fails(epo__store_object_put(store, &(epo__object_row){.survey = "crts", .name = ""}, &found, &added),
                EPO_EARG, "name");
    check_ok(epo__store_commit(store));

    check_ok(epo__store_object_get(store, first, &pool, &got));
    assert_string_equal(got.name, odd);
    assert_string_equal(got.survey, "crts");
    assert_true(got.ra == 12.25 && got.dec == -3.5);
    assert_string_equal(got.class_given, "SN?");
    assert_string_equal(got.parent, "field 7");
    assert_null(got.class_name);
    check_ok(epo__store_object_get(store, other, &pool, &got));
    assert_true(isnan(got.ra) && isnan(got.dec));
    assert_null(got.parent);
    check_fails(epo__store_object_get(store, 77, &pool, &got), EPO_ENOTFOUND, "77");

    check_ok(epo__store_object_find(store, "hits", odd, &found));
    assert_int_equal(found, other);
    check_ok(epo__store_object_find(store, NULL, odd, &found));
    assert_int_equal(found, first);
    check_ok(epo__store_object_find(store, "none", odd, &found));
    assert_int_equal(found, 0);
    epo__pool_free(&pool);
}

static void the_last_label_counts_and_imports_respect_people(void **state)
{
    (void)state;
    epo__pool pool = {0};
    const char *label;
    check_ok(epo__store_begin(store));
    int64_t id = put_object(store, "a", "SN", put_source(store, 1));
    put_object(store, "a", "SN", 0); /* nothing new */
    put_object(store, "a", NULL, 0);
    check_ok(epo__store_label_current(store, id, &pool, &label));
    assert_string_equal(label, "SN");
    check_ok(epo__store_label_add(
        store, &(epo__label_row){.object = id, .class_name = "AGN", .who = "maria", .why = "host centre"}));
    put_object(store, "a", "SN", 0); /* the same file's opinion again: maria's stands */
    check_ok(epo__store_label_current(store, id, &pool, &label));
    assert_string_equal(label, "AGN");
    put_object(store, "a", "CV", 0); /* a new opinion */
    check_ok(epo__store_label_current(store, id, &pool, &label));
    assert_string_equal(label, "CV");
    check_ok(epo__store_label_add(store, &(epo__label_row){.object = id, .who = "maria"}));
    check_ok(epo__store_label_current(store, id, &pool, &label));
    assert_null(label);
    check_fails(epo__store_label_add(store, &(epo__label_row){.object = 99, .who = "x"}), EPO_ESTORE, "FOREIGN KEY");
    check_ok(epo__store_commit(store));
    assert_string_equal(outside_value(path, "SELECT group_concat(ifnull(class, '-') || ':' || who, ' ') FROM labels"),
                        "SN:import AGN:maria CV:import -:maria");
    assert_string_equal(outside_value(path, "SELECT class IS NULL FROM objects"), "1");
    epo__pool_free(&pool);
}

static void labels_cannot_be_changed_from_outside_either(void **state)
{
    (void)state;
    char message[256];
    check_ok(epo__store_begin(store));
    put_object(store, "a", "SN", 0);
    put_object(store, "a", "CV", 0);
    check_ok(epo__store_commit(store));
    static const char *const attempts[] = {
        "UPDATE labels SET class = 'AGN'",
        "DELETE FROM labels",
        "DELETE FROM labels WHERE id = 1",
        "INSERT OR REPLACE INTO labels (id, object, class, who) VALUES (2, 1, 'AGN', 'x')",
        "REPLACE INTO labels (id, object, class, who) VALUES (1, 1, 'AGN', 'x')",
        "UPDATE objects SET class = 'AGN'",
        "INSERT INTO objects (survey, name, class) VALUES (1, 'b', 'SN')",
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        assert_int_equal(outside(path, attempts[i], message), SQLITE_CONSTRAINT);
        if (!strstr(message, "label")) fail_msg("%s: %s", attempts[i], message);
    }
    assert_string_equal(outside_value(path, "SELECT group_concat(class) FROM labels"), "SN,CV");
    assert_int_equal(outside(path, "INSERT INTO labels (object, class, who) VALUES (1, 'AGN', 'shell')", NULL),
                     SQLITE_OK);
    assert_string_equal(outside_value(path, "SELECT class FROM objects"), "AGN");
    assert_string_equal(outside_value(path, "SELECT class || who FROM current_labels"), "AGNshell");
}

static void a_stamp_comes_back_as_it_went_in(void **state)
{
    (void)state;
    float pixels[3][2] = {{1.5f, -2}, {NAN, 3e30f}, {0, 1e-40f}};
    epo__stamp_row row = {.exposure = "ztf_20240101",
                          .role = EPO__ROLE_DIFFERENCE,
                          .plane = 2,
                          .mjd = 60310.5,
                          .mjd_given = 60310.75,
                          .mjd_suspect = true,
                          .night = "2024-01-01",
                          .filter = "g",
                          .type = EPO__PIXEL_F32,
                          .width = 2,
                          .height = 3,
                          .constant = true,
                          .mag = 18.25,
                          .mag_err = .125,
                          .fwhm = 2.5,
                          .candid = 2554500125015015004,
                          .rb = .5,
                          .drb = .9999,
                          .rb_version = "t17_f5_c3",
                          .drb_version = "d6_m7",
                          .extra = "{\"EDGE\":\"False\"}"};
    int64_t id;
    bool added;
    check_ok(epo__store_begin(store));
    row.source = put_source(store, 3);
    row.object = put_object(store, "a", NULL, 0);
    check_ok(epo__store_stamp_put(store, &row, pixels, &id, &added));
    assert_true(added);
    assert_int_equal(id, row.object << 20);
    int64_t bare = put_stamp(store, row.object, 0, 9, "bare");
    assert_int_equal(bare, id + 1);
    check_ok(epo__store_commit(store));

    epo__stamp_list list = {0};
    epo__pixels read = {0};
    check_ok(epo__store_stamps_of(store, row.object, &list));
    assert_int_equal(list.count, 2);
    const epo__stamp_row *got = &list.rows[1];
    assert_int_equal(got->id, id);
    assert_int_equal(got->object, row.object);
    assert_int_equal(got->source, row.source);
    assert_string_equal(got->exposure, row.exposure);
    assert_int_equal(got->role, row.role);
    assert_int_equal(got->plane, 2);
    assert_true(got->mjd == row.mjd && got->mjd_given == row.mjd_given && got->mjd_suspect);
    assert_string_equal(got->night, row.night);
    assert_string_equal(got->filter, row.filter);
    assert_int_equal(got->type, row.type);
    assert_int_equal(got->width, 2);
    assert_int_equal(got->height, 3);
    assert_int_equal(got->crc32, crc32(0, (const unsigned char *)pixels, sizeof pixels));
    assert_true(got->constant && got->mag == row.mag && got->mag_err == row.mag_err && got->fwhm == row.fwhm);
    assert_true(got->candid == row.candid && got->rb == row.rb && got->drb == row.drb);
    assert_string_equal(got->rb_version, row.rb_version);
    assert_string_equal(got->drb_version, row.drb_version);
    assert_string_equal(got->extra, row.extra);
    check_ok(epo__store_pixels_read(store, got, &read));
    assert_int_equal(read.size, sizeof pixels);
    assert_memory_equal(read.bytes, pixels, sizeof pixels);

    got = &list.rows[0];
    assert_string_equal(got->exposure, "bare");
    assert_true(isnan(got->mjd_given) && isnan(got->mag) && isnan(got->fwhm) && isnan(got->drb));
    assert_true(!got->filter && !got->rb_version && !got->extra && !got->constant && !got->mjd_suspect);
    assert_true(got->candid == 0 && got->source == 0);
    int16_t expected[PIXELS];
    small_stamp(1, 0, 9, "bare", expected);
    check_ok(epo__store_pixels_read(store, got, &read));
    assert_memory_equal(read.bytes, expected, sizeof expected);
    epo__stamp_list_free(&list);
    free(read.bytes);
}

static void the_same_exposure_is_one_stamp(void **state)
{
    (void)state;
    int16_t pixels[PIXELS];
    int64_t first, again;
    bool added;
    check_ok(epo__store_begin(store));
    int64_t object = put_object(store, "a", NULL, 0);
    epo__stamp_row row = small_stamp(object, 0, 1, "06APR02_N32011", pixels);
    check_ok(epo__store_stamp_put(store, &row, pixels, &first, &added));
    pixels[0]++;
    check_ok(epo__store_stamp_put(store, &row, pixels, &again, &added));
    assert_false(added);
    assert_int_equal(first, again);
    row.role = EPO__ROLE_TEMPLATE;
    check_ok(epo__store_stamp_put(store, &row, pixels, &again, &added));
    assert_true(added);
    row.plane = 1;
    check_ok(epo__store_stamp_put(store, &row, pixels, &again, &added));
    assert_true(added);
    row.object = put_object(store, "b", NULL, 0);
    check_ok(epo__store_stamp_put(store, &row, pixels, &again, &added));
    assert_true(added);
    check_ok(epo__store_commit(store));
    assert_string_equal(outside_value(path, "SELECT count(*) || ' ' || (SELECT count(*) FROM pixels) FROM stamps"),
                        "4 4");
    check_ok(epo_store_check(store, NULL)); /* the first one's pixels are the ones kept */
}

static void impossible_stamps_are_refused(void **state)
{
    (void)state;
    int16_t pixels[PIXELS];
    int64_t id;
    bool added;
    check_ok(epo__store_begin(store));
    int64_t object = put_object(store, "a", NULL, 0);
    const epo__stamp_row good = small_stamp(object, 0, 1, "e", pixels);
    for (int i = 0; i < 8; i++) {
        epo__stamp_row bad = good;
        if (i == 0) bad.width = 0;
        if (i == 1) bad.width = 1025;
        if (i == 2) bad.height = -5;
        if (i == 3) bad.type = (epo__pixel_type)99;
        if (i == 4) bad.role = EPO__ROLES;
        if (i == 5) bad.plane = -1;
        if (i == 6) bad.object = 0;
        if (i == 7) bad.exposure = NULL;
        check_fails(epo__store_stamp_put(store, &bad, pixels, &id, &added), EPO_EARG, "out of range");
    }
    epo__stamp_row orphan = good;
    orphan.object = 4711;
    check_fails(epo__store_stamp_put(store, &orphan, pixels, &id, &added), EPO_ESTORE, "FOREIGN KEY");
    check_ok(epo__store_commit(store));
    assert_int_equal(outside(path,
                             "INSERT INTO stamps (id, object, exposure, role, type, width, height, crc32) "
                             "VALUES ((1 << 21) - 1, 1, 'last', 'science', 'u8', 1, 1, 0)",
                             NULL),
                     SQLITE_OK);
    check_ok(epo__store_begin(store));
    check_fails(epo__store_stamp_put(store, &good, pixels, &id, &added), EPO_ELIMIT, "no more fit");
    epo__store_rollback(store);
}

static void sequences_are_in_order_of_time_whatever_the_order_of_import(void **state)
{
    (void)state;
    static const struct {
        double mjd;
        const char *exposure;
        int plane;
    } given[] = {{53.5, "c", 1}, {52.25, "z", 0},       {53.5, "b", 2}, {NAN, "frame 002", 0},
                 {53.5, "c", 0}, {NAN, "frame 001", 0}, {53.5, "b", 0}};
    int16_t pixels[PIXELS];
    int64_t id;
    bool added;
    check_ok(epo__store_begin(store));
    int64_t other = put_object(store, "before", NULL, 0), object = put_object(store, "a", NULL, 0);
    put_stamp(store, other, 0, 1, "x");
    put_stamp(store, put_object(store, "after", NULL, 0), 0, 1, "x");
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        epo__stamp_row row = small_stamp(object, 0, (int)i, given[i].exposure, pixels);
        row.mjd = given[i].mjd;
        row.plane = given[i].plane;
        check_ok(epo__store_stamp_put(store, &row, pixels, &id, &added));
        assert_true(added);
    }
    check_ok(epo__store_commit(store));
    epo__stamp_list list = {0};
    check_ok(epo__store_stamps_of(store, object, &list));
    assert_int_equal(list.count, 7);
    /* numbers in `given`: the untimed by name, z, exposure b (planes 0, 2), c (planes 0, 1) */
    static const int sorted[] = {5, 3, 1, 6, 2, 4, 0};
    for (size_t i = 0; i < 7; i++) assert_int_equal(list.rows[i].id & 0xfffff, sorted[i]);
    check_ok(epo__store_stamps_of(store, 999, &list));
    assert_int_equal(list.count, 0);

    /* all stamps, in pieces */
    int64_t after = 0;
    size_t seen = 0;
    do {
        check_ok(epo__store_stamps_next(store, after, 4, &list));
        for (size_t i = 0; i < list.count; i++, seen++) {
            assert_true(list.rows[i].id > after);
            after = list.rows[i].id;
        }
    } while (list.count > 0);
    assert_int_equal(seen, 9);
    epo__stamp_list_free(&list);
}

static void light_curves_come_back_by_time(void **state)
{
    (void)state;
    bool added;
    check_ok(epo__store_begin(store));
    int64_t object = put_object(store, "a", NULL, 0);
    epo__photometry_row row = {
        .object = object, .method = "given", .mjd = 54.5, .mag = 18.5, .mag_err = .1, .filter = "V"};
    check_ok(epo__store_photometry_put(store, &row, &added));
    assert_true(added);
    check_ok(epo__store_photometry_put(store, &row, &added));
    assert_false(added);
    row.mjd = 53.25;
    row.mag_err = NAN;
    row.flag = EPO__PHOTOMETRY_LIMIT;
    check_ok(epo__store_photometry_put(store, &row, &added));
    assert_true(added);
    row.method = "aperture";
    row.flux = -12.5;
    row.flux_err = 7;
    check_ok(epo__store_photometry_put(store, &row, &added));
    assert_true(added);
    row.mag = NAN;
    check_fails(epo__store_photometry_put(store, &row, &added), EPO_EARG, "magnitude");
    check_ok(epo__store_commit(store));
    epo__photometry_list list = {0};
    check_ok(epo__store_photometry_of(store, object, "given", &list));
    assert_int_equal(list.count, 2);
    assert_true(list.rows[0].mjd == 53.25 && isnan(list.rows[0].mag_err) && list.rows[0].flag == EPO__PHOTOMETRY_LIMIT);
    assert_true(list.rows[1].mjd == 54.5 && list.rows[1].mag == 18.5 && list.rows[1].mag_err == .1);
    assert_string_equal(list.rows[1].filter, "V");
    assert_true(isnan(list.rows[0].flux) && isnan(list.rows[0].flux_err));
    check_ok(epo__store_photometry_of(store, object, "aperture", &list));
    assert_int_equal(list.count, 1);
    assert_true(list.rows[0].flux == -12.5 && list.rows[0].flux_err == 7);
    check_fails(epo__store_photometry_clear(store, object, "aperture"), EPO_EARG, "");
    check_ok(epo__store_begin(store));
    check_ok(epo__store_photometry_clear(store, object, "aperture"));
    check_ok(epo__store_commit(store));
    check_ok(epo__store_photometry_of(store, object, "aperture", &list));
    assert_int_equal(list.count, 0);
    check_ok(epo__store_photometry_of(store, object, "given", &list));
    assert_int_equal(list.count, 2);
    epo__photometry_list_free(&list);
}

/* Objects "o1".."o20": every third is SN, the rest CV; 1..10 train, 11..15 test in split "main". */
static void twenty_objects(void)
{
    check_ok(epo__store_begin(store));
    int64_t split;
    check_ok(epo__store_split_add(store, "main", UINT64_MAX - 1, "{}", &split));
    for (int i = 1; i <= 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "o%d", i);
        int64_t id = put_object(store, name, i % 3 ? "CV" : "SN", 0);
        if (i <= 15) check_ok(epo__store_split_member_add(store, split, id, i <= 10 ? "train" : "test"));
    }
    check_fails(epo__store_split_add(store, "main", 1, "{}", &split), EPO_ESTORE, "UNIQUE");
    check_ok(epo__store_commit(store));
}

static void objects_are_visited_by_split_and_class(void **state)
{
    (void)state;
    twenty_objects();
    static const struct {
        epo__object_filter filter;
        int64_t count, first, last;
    } cases[] = {
        {{0}, 20, 1, 20},
        {{.class_name = "SN"}, 6, 3, 18},
        {{.split = "main"}, 15, 1, 15},
        {{.split = "main", .part = "test"}, 5, 11, 15},
        {{.split = "main", .part = "train", .class_name = "SN"}, 3, 3, 9},
        {{.class_name = "none"}, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ids[4], after = 0, seen = 0, first = 0, counted;
        size_t count;
        do {
            check_ok(epo__store_objects_next(store, &cases[i].filter, after, ids, 4, &count));
            for (size_t k = 0; k < count; k++, seen++) {
                assert_true(ids[k] > after);
                if (!first) first = ids[k];
                after = ids[k];
            }
        } while (count > 0);
        check_ok(epo__store_objects_count(store, &cases[i].filter, &counted));
        assert_int_equal(seen, cases[i].count);
        assert_int_equal(counted, cases[i].count);
        assert_int_equal(first, cases[i].first);
        assert_int_equal(after, cases[i].last);
    }
    int64_t id;
    size_t count;
    check_ok(epo__store_objects_next(store, NULL, 19, &id, 1, &count));
    assert_int_equal(id, 20);
    check_fails(
        epo__store_objects_next(store, &(epo__object_filter){.split = "main", .part = "tset"}, 0, &id, 1, &count),
        EPO_ENOTFOUND, "main:tset");
    check_fails(epo__store_objects_count(store, &(epo__object_filter){.split = "mian"}, &id), EPO_ENOTFOUND, "mian");
}

static int64_t put_run(int64_t model)
{
    int64_t run;
    check_ok(epo__store_run_begin(store,
                                  &(epo__run_row){.kind = "classify",
                                                  .command = "epochal classify",
                                                  .options = "{}",
                                                  .versions = "{}",
                                                  .seed = 1,
                                                  .threads = 2,
                                                  .model = model},
                                  &run));
    return run;
}

static const char sha_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static void the_last_finished_run_of_a_model_counts(void **state)
{
    (void)state;
    epo__model_row model = {
        .name = "taonet", .sha256 = sha_a, .network = "conv 3", .classes = "[\"SN\",\"CV\"]", .normalisation = "none"};
    int64_t a, again, b;
    check_ok(epo__store_begin(store));
    int64_t object = put_object(store, "x", "SN", 0), stamp = put_stamp(store, object, 0, 1, "e");
    check_ok(epo__store_model_put(store, &model, &a));
    check_ok(epo__store_model_put(store, &model, &again));
    assert_int_equal(a, again);
    model.sha256 = sha_b;
    check_ok(epo__store_model_put(store, &model, &b));
    assert_int_not_equal(a, b);

    int64_t first = put_run(a), second = put_run(a), running = put_run(a), other = put_run(b);
    check_ok(epo__store_class_score_put(store, first, object, "SN", .125));
    check_ok(epo__store_class_score_put(store, second, object, "SN", .5));
    check_ok(epo__store_class_score_put(store, second, object, "SN", .25)); /* replaces */
    check_ok(epo__store_class_score_put(store, running, object, "SN", .75));
    check_ok(epo__store_class_score_put(store, other, object, "SN", .0625));
    check_ok(epo__store_stamp_score_put(store, first, stamp, .875));
    check_fails(epo__store_class_score_put(store, second, object, "SN", NAN), EPO_EARG, "finite");
    check_fails(epo__store_stamp_score_put(store, second, stamp, INFINITY), EPO_EARG, "finite");
    check_fails(epo__store_class_score_put(store, 99, object, "SN", .5), EPO_ESTORE, "FOREIGN KEY");
    check_ok(epo__store_run_end(store, first, "done", 1.5, 1 << 20, 0));
    check_ok(epo__store_run_end(store, second, "done", 1.5, 1 << 20, 0));
    check_ok(epo__store_run_end(store, other, "done", 1, 1, 0));
    check_fails(epo__store_run_end(store, 99, "done", 1, 1, 0), EPO_ENOTFOUND, "99");
    check_fails(epo__store_run_end(store, running, "finished", 1, 1, 0), EPO_ESTORE, "CHECK");
    check_ok(epo__store_curve_put(store, first, 1, "loss/train", .5));
    check_ok(epo__store_curve_put(store, first, 1, "loss/train", NAN));
    check_ok(epo__store_commit(store));
    assert_string_equal(outside_value(path, "SELECT group_concat(model || ':' || probability, ' ') FROM "
                                            "(SELECT * FROM latest_class_scores ORDER BY model)"),
                        "1:0.25 2:0.0625"); /* of runs that are done, the last */
    assert_string_equal(outside_value(path, "SELECT score FROM stamp_scores"), "0.875");
    assert_string_equal(outside_value(path, "SELECT score FROM latest_stamp_scores"), "0.875");
    assert_string_equal(outside_value(path, "SELECT count(*) || (value IS NULL) FROM curves"), "11");
}

static void info_counts_what_there_is(void **state)
{
    (void)state;
    epo_store_contents info;
    check_ok(epo_store_info(store, &info));
    assert_int_equal(info.objects + info.stamps + info.nights + info.sources, 0);
    assert_true(isnan(info.mjd_first) && info.date_first[0] == '\0' && info.bytes > 0);
    assert_int_equal(info.class_count + info.part_count + info.model_count, 0);
    epo_store_info_free(&info);

    twenty_objects();
    check_ok(epo__store_begin(store));
    int64_t source = put_source(store, 5), id;
    int64_t bare = put_object(store, "no class", NULL, source);
    int16_t pixels[PIXELS];
    bool added;
    for (int i = 0; i < 6; i++) {
        char exposure[8];
        snprintf(exposure, sizeof exposure, "e%d", i);
        epo__stamp_row row = small_stamp(i < 4 ? 3 : bare, source, i, exposure, pixels);
        row.night = i % 2 ? "2006-04-02" : "2006-03-31";
        row.mjd_suspect = i == 0;
        row.constant = i < 2;
        check_ok(epo__store_stamp_put(store, &row, pixels, &id, &added));
    }
    epo__model_row model = {.name = "taonet", .sha256 = sha_a, .network = "conv 3", .classes = "[\"SN\",\"a \\\"b\\\"\"]", .normalisation = "none"};
    check_ok(epo__store_model_put(store, &model, &id));
    model.sha256 = sha_b;
    model.classes = "[]";
    check_ok(epo__store_model_put(store, &model, &id));
    check_ok(epo__store_photometry_put(
        store, &(epo__photometry_row){.object = bare, .method = "given", .mjd = 50000, .mag = 18, .filter = ""},
        &added));
    check_ok(epo__store_commit(store));
    check_ok(epo_store_info(store, &info));
    assert_int_equal(info.version, 4);
    assert_int_equal(info.method_count, 1);
    assert_string_equal(info.methods[0].method, "given");
    assert_true(info.methods[0].objects == 1 && info.methods[0].points == 1 && info.methods[0].left_out == 0);
    assert_int_equal(info.objects, 21);
    assert_int_equal(info.stamps, 6);
    assert_int_equal(info.nights, 2);
    assert_int_equal(info.photometry, 1);
    assert_int_equal(info.labels, 20);
    assert_int_equal(info.sources, 1);
    assert_int_equal(info.suspect_times, 1);
    assert_int_equal(info.constants, 2);
    assert_true(info.mjd_first == 53827.25 && info.mjd_last == 53832.25);
    assert_string_equal(info.date_first, "2006-03-31");
    assert_string_equal(info.date_last, "2006-04-02");
    assert_int_equal(info.class_count, 3);
    assert_string_equal(info.classes[0].name, "CV");
    assert_int_equal(info.classes[0].objects, 14);
    assert_string_equal(info.classes[1].name, "SN");
    assert_int_equal(info.classes[1].objects, 6);
    assert_int_equal(info.classes[1].stamps, 4);
    assert_null(info.classes[2].name);
    assert_int_equal(info.classes[2].stamps, 2);
    assert_int_equal(info.part_count, 2);
    assert_string_equal(info.parts[0].split, "main");
    assert_string_equal(info.parts[0].part, "test");
    assert_int_equal(info.parts[0].objects, 5);
    assert_int_equal(info.model_count, 2);
    assert_string_equal(info.models[0].name, "taonet");
    assert_int_equal(info.models[0].class_count, 2);
    assert_string_equal(info.models[0].classes[0], "SN");
    assert_string_equal(info.models[0].classes[1], "a \"b\"");
    assert_string_equal(info.models[1].sha256, model.sha256);
    assert_int_equal(info.models[1].class_count, 0);
    epo_store_info_free(&info);
    epo_store_info_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fresh_store, remove_store)
    const struct CMUnitTest tests[] = {
        TEST(writing_wants_a_transaction),
        TEST(a_file_is_found_again_by_content_and_reading),
        TEST(objects_are_found_or_added_and_filled_in),
        TEST(the_last_label_counts_and_imports_respect_people),
        TEST(labels_cannot_be_changed_from_outside_either),
        TEST(a_stamp_comes_back_as_it_went_in),
        TEST(the_same_exposure_is_one_stamp),
        TEST(impossible_stamps_are_refused),
        TEST(sequences_are_in_order_of_time_whatever_the_order_of_import),
        TEST(light_curves_come_back_by_time),
        TEST(objects_are_visited_by_split_and_class),
        TEST(the_last_finished_run_of_a_model_counts),
        TEST(info_counts_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
