/* SPDX-License-Identifier: BSD-3-Clause
 * test_ztf.c - ZTF alerts: containers made here byte by byte, and real ones. */
#include "importing.h"
#include "support/fitsmake.h"

enum { SIDE = 3 };

static const char SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"alert\",\"fields\":[{\"name\":\"objectId\",\"type\":\"string\"},{\"name\":"
    "\"candid\",\"type\":\"long\"},"
    "{\"name\":\"candidate\",\"type\":{\"type\":\"record\",\"name\":\"candidate\",\"fields\":[{\"name\":\"jd\","
    "\"type\":\"double\"},"
    "{\"name\":\"fid\",\"type\":\"int\"},{\"name\":\"ra\",\"type\":\"double\"},{\"name\":\"dec\",\"type\":\"double\"},"
    "{\"name\":\"magpsf\",\"type\":\"float\"},{\"name\":\"drb\",\"type\":\"float\"},{\"name\":\"drbversion\",\"type\":"
    "\"string\"}]}},"
    "{\"name\":\"cutoutScience\",\"type\":{\"type\":\"record\",\"name\":\"cutout\",\"fields\":[{\"name\":\"stampData\","
    "\"type\":\"bytes\"}]}},"
    "{\"name\":\"cutoutTemplate\",\"type\":\"cutout\"},{\"name\":\"cutoutDifference\",\"type\":\"cutout\"}]}";

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

static void put_long(fm_file *f, int64_t value)
{
    uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    do {
        unsigned char byte = (unsigned char)((zigzag & 127) | (zigzag > 127 ? 128 : 0));
        fm_bytes(f, &byte, 1);
        zigzag >>= 7;
    } while (zigzag);
}

static void put_bytes(fm_file *f, const void *bytes, size_t size)
{
    put_long(f, (int64_t)size);
    fm_bytes(f, bytes, size);
}

/* A gzipped FITS cutout; `level` < 0: no gzip at all. */
static void put_cutout(fm_file *f, float level)
{
    fm_file fits = {0}, gz = {0};
    float pixels[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = level + (float)i;
    fm_image(&fits, -32, SIDE, SIDE, pixels, NULL);
    fm_gzip(&fits, &gz);
    if (level < 0)
        put_bytes(f, "this is no cutout", 17);
    else
        put_bytes(f, gz.data, gz.size);
    fm_free(&fits);
    fm_free(&gz);
}

typedef struct alert {
    const char *object;
    int64_t candid;
    double mjd;
    float science;
} alert;

/* A container with one block; `claimed` is how many alerts it says there are. */
static void save_alerts(const char *name, const alert *alerts, size_t count, size_t claimed)
{
    static const char sync[] = "0123456789abcdef";
    fm_file f = {0}, block = {0};
    fm_bytes(&f, "Obj\1", 4);
    put_long(&f, 1);
    put_bytes(&f, "avro.schema", 11);
    put_bytes(&f, SCHEMA, sizeof SCHEMA - 1);
    put_long(&f, 0);
    fm_bytes(&f, sync, 16);
    for (size_t i = 0; i < count; i++) {
        const double jd = alerts[i].mjd + 2400000.5, position[2] = {10.5, -20.25};
        const float numbers[2] = {18.5f, 0.75f};
        put_bytes(&block, alerts[i].object, strlen(alerts[i].object));
        put_long(&block, alerts[i].candid);
        fm_bytes(&block, &jd, 8);
        put_long(&block, 2);
        fm_bytes(&block, position, 16);
        fm_bytes(&block, numbers, 8);
        put_bytes(&block, "d6_m7", 5);
        put_cutout(&block, alerts[i].science);
        put_cutout(&block, 100);
        put_cutout(&block, 200);
    }
    put_long(&f, (int64_t)claimed);
    put_bytes(&f, block.data, block.size);
    fm_bytes(&f, sync, 16);
    fm_save(&f, temp_path(folder, name));
    fm_free(&f);
    fm_free(&block);
}

static void alerts_become_exposures_of_three_planes(void **state)
{
    (void)state;
    const alert alerts[] = {{"ZTF18a", 1127107111615015007, 59000.125, 1},
                            {"ZTF18b", 1127107111615015008, 59000.25, 2},
                            {"ZTF18a", 1127107111615015009, 59001.5, 3}};
    epo_import_options options = options_for("ztf");
    told t;
    save_alerts("night.avro", alerts, 3, 3);
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.objects, 2);
    assert_int_equal(t.summary.stamps, 9);
    check_rows(db,
               "SELECT o.name, ra, dec, candid, exposure, role, plane, mjd, night, filter, mag, drb, drb_version, "
               "hex(substr(data, 1, 4)) "
               "FROM stamps s JOIN objects o ON o.id = s.object JOIN pixels p ON p.stamp = s.id WHERE candid = "
               "1127107111615015009 ORDER BY plane",
               "ZTF18a|10.5|-20.25|1127107111615015009|1127107111615015009|science|0|59001.5|2020-06-01|r|18.5|0.75|d6_"
               "m7|00004040\n"
               "ZTF18a|10.5|-20.25|1127107111615015009|1127107111615015009|template|1|59001.5|2020-06-01|r|18.5|0.75|"
               "d6_m7|0000C842\n"
               "ZTF18a|10.5|-20.25|1127107111615015009|1127107111615015009|difference|2|59001.5|2020-06-01|r|18.5|0.75|"
               "d6_m7|00004843\n");
    /* the same alert out of another broker's file */
    save_alerts("other.avro", alerts + 1, 1, 1);
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.unchanged, 1);
    assert_int_equal(t.summary.stamps, 0);
    assert_int_equal(t.summary.duplicates, 3);
}

static void one_bad_stamp_does_not_spoil_a_night(void **state)
{
    (void)state;
    const alert alerts[] = {{"ZTF18a", 1, 59000.125, 1}, {"ZTF18b", 2, 59000.25, -1}, {"ZTF18c", 3, 1e9, 3}};
    epo_import_options options = options_for("ztf");
    told t;
    save_alerts("night.avro", alerts, 3, 3);
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.left_out, 1);
    assert_int_equal(t.summary.refused, 0);
    check_mentions(t.notes, "night.avro: alert 2, science");
    check_rows(db,
               "SELECT DISTINCT o.name, mjd, mjd_suspect FROM stamps s JOIN objects o ON o.id = s.object ORDER BY 1",
               "ZTF18a|59000.125|0\nZTF18c||1\n");
    /* but when it is all there is, the file is refused */
    save_alerts("single.avro", alerts + 1, 1, 1);
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "single.avro: alert 2, science");
}

static void a_container_that_lies_is_refused_whole(void **state)
{
    (void)state;
    const alert alerts[] = {{"ZTF18a", 1, 59000.125, 1}, {"ZTF18b", 2, 59000.25, 2}};
    epo_import_options options = options_for("ztf");
    told t;
    size_t size;
    save_alerts("lies.avro", alerts, 2, 200000);
    import(db, folder, &options, &t);
    assert_int_equal(t.summary.refused, 1);
    check_mentions(t.refused, "lies.avro");
    save_alerts("lies.avro", alerts, 2, 2);
    unsigned char *bytes = read_file(temp_path(folder, "lies.avro"), &size);
    for (size_t cut = 0; cut < size; cut += size / 29) {
        write_file(temp_path(folder, "lies.avro"), bytes, cut);
        import(db, folder, &options, &t);
        assert_int_equal(t.summary.refused, 1);
        check_mentions(t.refused, "lies.avro");
    }
    check_rows(db, "SELECT (SELECT count(*) FROM objects), (SELECT count(*) FROM sources)", "0|0\n");
    free(bytes);
}

static void real_alerts_import(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    epo_import_options options = options_for("ztf");
    told t;
    import(db, temp_path(data_folder(), "ztf/alerts"), &options, &t);
    assert_int_equal(t.summary.files, 294);
    assert_int_equal(t.summary.refused + t.summary.left_out, 0);
    check_rows(db,
               "SELECT count(*), (SELECT count(DISTINCT candid) FROM stamps), (SELECT count(DISTINCT exposure) FROM "
               "stamps WHERE drb IS NOT NULL) FROM objects",
               "370|387|387\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder_for_test, remove_folder)
        TEST(alerts_become_exposures_of_three_planes),
        TEST(one_bad_stamp_does_not_spoil_a_night),
        TEST(a_container_that_lies_is_refused_whole),
        TEST(real_alerts_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
