/* SPDX-License-Identifier: BSD-3-Clause
 * test_avro_alerts.c - ZTF alerts: written here by libavro, an independent writer, and real ones against their index.
 */
#include "support/check.h"

#include <avro.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "formats/alert.h"
#include "formats/csv.h"
#include "formats/mutate.h"

/* As the survey writes it: plain types, records shared by name. */
static const char SURVEY_SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"alert\",\"namespace\":\"ztf\",\"fields\":[{\"name\":\"schemavsn\",\"type\":"
    "\"string\"},"
    "{\"name\":\"objectId\",\"type\":\"string\"},{\"name\":\"candid\",\"type\":\"long\"},"
    "{\"name\":\"candidate\",\"type\":{\"type\":\"record\",\"name\":\"candidate\",\"fields\":[{\"name\":\"jd\","
    "\"type\":"
    "\"double\"},{\"name\":\"fid\",\"type\":\"int\"},{\"name\":\"field\",\"type\":[\"int\",\"null\"]},{\"name\":"
    "\"isdiffpos\",\"type\":\"string\"},{\"name\":\"ra\",\"type\":\"double\"},{\"name\":\"dec\",\"type\":\"double\"},"
    "{\"name\":\"magpsf\",\"type\":\"float\"},{\"name\":\"sigmapsf\",\"type\":\"float\"},{\"name\":\"fwhm\",\"type\":"
    "[\"float\",\"null\"]},{\"name\":\"rb\",\"type\":[\"float\",\"null\"]},{\"name\":\"rbversion\",\"type\":\"string\"}"
    ","
    "{\"name\":\"drb\",\"type\":[\"float\",\"null\"]},{\"name\":\"drbversion\",\"type\":\"string\"}]}},"
    "{\"name\":\"prv_candidates\",\"type\":[{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"prv\","
    "\"fields\":"
    "[{\"name\":\"jd\",\"type\":\"double\"},{\"name\":\"rb\",\"type\":[\"float\",\"null\"]}]}},\"null\"]},"
    "{\"name\":\"cutoutScience\",\"type\":[{\"type\":\"record\",\"name\":\"cutout\",\"fields\":[{\"name\":\"fileName\","
    "\"type\":\"string\"},{\"name\":\"stampData\",\"type\":\"bytes\"}]},\"null\"]},"
    "{\"name\":\"cutoutTemplate\",\"type\":[\"ztf.cutout\",\"null\"]},{\"name\":\"cutoutDifference\",\"type\":[\"ztf."
    "cutout\","
    "\"null\"]}]}";

/* Alert n, with values that are different for each n and field. */
static double mjd_of(int n)
{
    return 59000.125 + n;
}

static void set_field(avro_value_t *record, const char *name, avro_value_t *out)
{
    assert_int_equal(avro_value_get_by_name(record, name, out, NULL), 0);
    if (avro_value_get_type(out) == AVRO_UNION) {
        avro_value_t branch;
        assert_int_equal(avro_value_set_branch(out, 0, &branch), 0);
        *out = branch;
    }
}

static void set_text(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field;
    set_field(record, name, &field);
    assert_int_equal(avro_value_set_string(&field, text), 0);
}

static void set_double(avro_value_t *record, const char *name, double value)
{
    avro_value_t field;
    set_field(record, name, &field);
    if (avro_value_get_type(&field) == AVRO_DOUBLE)
        assert_int_equal(avro_value_set_double(&field, value), 0);
    else
        assert_int_equal(avro_value_set_float(&field, (float)value), 0);
}

static void set_cutout(avro_value_t *record, const char *name, int n, size_t size)
{
    avro_value_t cutout, data;
    unsigned char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(i * 31 + (size_t)n * 7 + (size_t)name[6]);
    set_field(record, name, &cutout);
    set_text(&cutout, "fileName", "x.fits.gz");
    set_field(&cutout, "stampData", &data);
    assert_int_equal(avro_value_set_bytes(&data, bytes, size), 0);
    free(bytes);
}

static void set_alert(avro_value_t *alert, int n)
{
    char text[64];
    avro_value_t candidate, field, prv, item;
    set_text(alert, "schemavsn", "3.3");
    snprintf(text, sizeof text, "ZTF23obj%d", n);
    set_text(alert, "objectId", text);
    set_field(alert, "candid", &field);
    assert_int_equal(avro_value_set_long(&field, INT64_C(2481491782015010000) + n), 0);
    set_field(alert, "candidate", &candidate);
    set_double(&candidate, "jd", mjd_of(n) + 2400000.5);
    set_field(&candidate, "fid", &field);
    assert_int_equal(avro_value_set_int(&field, 1 + n % 3), 0);
    set_field(&candidate, "field", &field);
    assert_int_equal(avro_value_set_int(&field, 600 + n), 0);
    set_text(&candidate, "isdiffpos", n % 2 ? "t" : "0");
    set_double(&candidate, "ra", 10.5 + n);
    set_double(&candidate, "dec", -20.25 - n);
    set_double(&candidate, "magpsf", 18.5);
    set_double(&candidate, "sigmapsf", .125);
    set_double(&candidate, "fwhm", 2.5);
    set_double(&candidate, "rb", .75);
    set_text(&candidate, "rbversion", "t17_f5_c3");
    if (n % 5 == 4) { /* a null */
        assert_int_equal(avro_value_get_by_name(&candidate, "drb", &field, NULL), 0);
        assert_int_equal(avro_value_set_branch(&field, 1, &item), 0);
        assert_int_equal(avro_value_set_null(&item), 0);
    } else {
        set_double(&candidate, "drb", .0625 * (n % 16));
    }
    set_text(&candidate, "drbversion", "d6_m7");
    set_field(alert, "prv_candidates", &prv);
    for (int i = 0; i < n % 4; i++) {
        assert_int_equal(avro_value_append(&prv, &item, NULL), 0);
        set_double(&item, "jd", 1);
        set_double(&item, "rb", 2);
    }
    set_cutout(alert, "cutoutScience", n, 900);
    set_cutout(alert, "cutoutTemplate", n, 800 + (size_t)n % 50);
    if (n % 7 == 6) {
        assert_int_equal(avro_value_get_by_name(alert, "cutoutDifference", &field, NULL), 0);
        assert_int_equal(avro_value_set_branch(&field, 1, &item), 0);
        assert_int_equal(avro_value_set_null(&item), 0);
    } else {
        set_cutout(alert, "cutoutDifference", n, 700);
    }
}

static void write_alerts(const char *path, const char *codec, int count)
{
    avro_schema_t schema;
    avro_file_writer_t writer;
    assert_int_equal(avro_schema_from_json_length(SURVEY_SCHEMA, strlen(SURVEY_SCHEMA), &schema), 0);
    remove(path);
    assert_int_equal(avro_file_writer_create_with_codec(path, schema, &writer, codec, 16 << 10), 0);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    for (int n = 0; n < count; n++) {
        avro_value_t alert;
        avro_generic_value_new(class, &alert);
        set_alert(&alert, n);
        assert_int_equal(avro_file_writer_append_value(writer, &alert), 0);
        avro_value_decref(&alert);
    }
    assert_int_equal(avro_file_writer_close(writer), 0);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
}

static void check_cutout(const epo__alert_cutout *cutout, char letter, int n, size_t size)
{
    assert_int_equal(cutout->size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(cutout->bytes[i], (unsigned char)(i * 31 + (size_t)n * 7 + (size_t)letter));
}

static void check_alert(const epo__alert *alert, int n)
{
    char text[64];
    snprintf(text, sizeof text, "ZTF23obj%d", n);
    assert_string_equal(alert->object, text);
    assert_true(alert->candid == INT64_C(2481491782015010000) + n);
    assert_true(alert->mjd == mjd_of(n));
    assert_int_equal(alert->fid, 1 + n % 3);
    assert_int_equal(alert->field, 600 + n);
    assert_int_equal(alert->sign, n % 2 ? 1 : -1);
    assert_true(alert->ra == 10.5 + n && alert->dec == -20.25 - n);
    assert_true(alert->magpsf == 18.5 && alert->sigmapsf == .125 && alert->fwhm == 2.5 && alert->rb == .75);
    assert_string_equal(alert->rbversion, "t17_f5_c3");
    assert_string_equal(alert->drbversion, "d6_m7");
    if (n % 5 == 4)
        assert_true(isnan(alert->drb));
    else
        assert_true(alert->drb == .0625 * (n % 16));
    check_cutout(&alert->science, 'S', n, 900);
    check_cutout(&alert->template, 'T', n, 800 + (size_t)n % 50);
    if (n % 7 == 6)
        assert_null(alert->difference.bytes);
    else
        check_cutout(&alert->difference, 'D', n, 700);
}

static void alerts_of_every_codec_are_read(void **state)
{
    (void)state;
    static const char *const codecs[] = {"null", "deflate", "snappy"};
    char *folder = temp_make();
    epo__alerts_reader *reader = NULL;
    check_ok(epo__alerts_create(&reader));
    for (int c = 0; c < 3; c++) {
        const char *path = temp_path(folder, codecs[c]);
        write_alerts(path, codecs[c], 200);
        check_ok(epo__alerts_open(reader, path));
        epo__alert alert;
        bool end = false;
        int n = 0;
        for (;; n++) {
            check_ok(epo__alerts_next(reader, &alert, &end));
            if (end) break;
            check_alert(&alert, n);
        }
        assert_int_equal(n, 200);
    }
    epo__alerts_free(reader);
    temp_remove(folder);
}

/* A candid of another record, an alert whose objectId is spoilt: what can be told apart goes on. */
static void a_bad_alert_is_named_and_passed(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.avro");
    epo__alerts_reader *reader = NULL;
    epo__alert alert;
    bool end = false;
    write_alerts(path, "null", 60);
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    unsigned char *at = memmem(bytes, size, "ZTF23obj3", 9);
    assert_non_null(at);
    at[4] = 0; /* a NUL inside the name of alert 3 only */
    at = memmem(bytes, size, "ZTF23obj20", 10);
    assert_non_null(at);
    at[-1] = 0x7f; /* a negative length: the rest of this block is lost */
    write_file(path, bytes, size);
    free(bytes);
    check_ok(epo__alerts_create(&reader));
    check_ok(epo__alerts_open(reader, path));
    int good = 0, bad = 0, last = -1;
    for (;;) {
        epo_status status = epo__alerts_next(reader, &alert, &end);
        if (end) break;
        int64_t number = -1;
        if (!status) assert_true(epo__parse_int(alert.object + 8, 0, 59, &number));
        int n = (int)number;
        if (status) {
            bad++;
            assert_int_equal(status, EPO_EFORMAT);
            assert_non_null(
                strstr(epo_error_message(), bad == 1 ? "block 1, record 4: objectId"
                                                     : "a.avro: block 4, record 3: a text has a negative length"));
        } else {
            good++;
            assert_true(n > last && n != 3 && n != 20);
            last = n;
            check_alert(&alert, n);
        }
    }
    assert_int_equal(bad, 2);
    assert_int_equal(last, 59);
    assert_in_range(good, 30, 57);
    epo__alerts_free(reader);
    temp_remove(folder);
}

static void other_records_are_no_alerts(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"objectId\",\"type\":\"string\"}]}";
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.avro");
    avro_schema_t made;
    avro_file_writer_t writer;
    assert_int_equal(avro_schema_from_json_length(schema, strlen(schema), &made), 0);
    assert_int_equal(avro_file_writer_create(path, made, &writer), 0);
    assert_int_equal(avro_file_writer_close(writer), 0);
    avro_schema_decref(made);
    epo__alerts_reader *reader = NULL;
    epo__alert alert;
    bool end = false;
    check_ok(epo__alerts_create(&reader));
    check_fails(epo__alerts_open(reader, path), EPO_EFORMAT, "no candid");
    check_ok(epo__alerts_next(reader, &alert, &end));
    assert_true(end);
    epo__alerts_free(reader);
    temp_remove(folder);
}

static epo__alerts_reader *shared;
static int decoded, refused;

static void read_all(const char *path)
{
    epo__alert alert;
    bool end = false;
    unsigned sum = 0;
    int calls = 0;
    if (epo__alerts_open(shared, path) != EPO_OK) {
        refused++;
        return;
    }
    while (!end) {
        assert_true(calls++ < 1000);
        if (epo__alerts_next(shared, &alert, &end) != EPO_OK) {
            refused++;
            assert_true(strlen(epo_error_message()) > strlen(path));
            continue;
        }
        decoded++;
        for (size_t i = 0; i < alert.science.size; i++) sum += alert.science.bytes[i];
        for (size_t i = 0; i < alert.difference.size; i++) sum += alert.difference.bytes[i];
    }
    assert_true(sum != 1);
}

static void damaged_containers_never_crash(void **state)
{
    (void)state;
    static const char *const codecs[] = {"null", "deflate", "snappy"};
    char *folder = temp_make();
    check_ok(epo__alerts_create(&shared));
    for (int c = 0; c < 3; c++) {
        const char *path = temp_path(folder, codecs[c]);
        write_alerts(path, codecs[c], 4);
        size_t size;
        unsigned char *bytes = read_file(path, &size);
        decoded = refused = 0;
        mutate(path, bytes, size, 2200, 1200, read_all);
        assert_true(decoded > 0 && refused > 300);
        free(bytes);
    }
    epo__alerts_free(shared);
    temp_remove(folder);
}

typedef struct index_row {
    char file[128], object[64], rbversion[32], drbversion[32];
    int64_t candid, fid;
    double numbers[6]; /* jd, magpsf, sigmapsf, fwhm, rb, drb */
    bool seen;
} index_row;

static index_row rows[400];

static int read_index(const char *path)
{
    static const char *const texts[] = {"file", "objectId", "rbversion", "drbversion", "candid", "fid",
                                        "jd",   "magpsf",   "sigmapsf",  "fwhm",       "rb",     "drb"};
    size_t column[12];
    epo__csv *index = NULL;
    const char *const *fields;
    int count = 0;
    check_ok(epo__csv_open(path, &index));
    for (int i = 0; i < 12; i++) check_ok(epo__csv_find(index, (const char *const[]){texts[i], NULL}, &column[i]));
    for (bool end = false;; count++) {
        check_ok(epo__csv_next(index, &fields, &end));
        if (end) break;
        assert_in_range(count, 0, 399);
        index_row *row = &rows[count];
        snprintf(row->file, sizeof row->file, "%s", fields[column[0]]);
        snprintf(row->object, sizeof row->object, "%s", fields[column[1]]);
        snprintf(row->rbversion, sizeof row->rbversion, "%s", fields[column[2]]);
        snprintf(row->drbversion, sizeof row->drbversion, "%s", fields[column[3]]);
        check_ok(epo__csv_int(index, column[4], INT64_MIN, INT64_MAX, &row->candid));
        check_ok(epo__csv_int(index, column[5], 1, 3, &row->fid));
        for (int i = 0; i < 6; i++) check_ok(epo__csv_double(index, column[6 + i], &row->numbers[i]));
    }
    epo__csv_free(index);
    return count;
}

static index_row *find_row(const char *file, int64_t candid, int count)
{
    for (int i = 0; i < count; i++)
        if (rows[i].candid == candid && !rows[i].seen && strcmp(rows[i].file, file) == 0) return &rows[i];
    return NULL;
}

static void check_real(const epo__alert *alert, index_row *row)
{
    const double got[] = {alert->mjd + 2400000.5, alert->magpsf, alert->sigmapsf, alert->fwhm, alert->rb, alert->drb};
    row->seen = true;
    assert_int_equal(alert->fid, (int)row->fid);
    assert_string_equal(alert->object, row->object);
    assert_string_equal(alert->rbversion, row->rbversion);
    assert_string_equal(alert->drbversion, row->drbversion);
    for (int i = 0; i < 6; i++) {
        /* the index rounds: some dates to 8 decimals of a day, the others to what tells floats apart */
        if (i == 0 ? !(fabs(got[i] - row->numbers[i]) <= 5e-9) : (float)got[i] != (float)row->numbers[i])
            fail_msg("%s, %s, number %d: %.17g, not %.17g", row->file, alert->object, i, got[i], row->numbers[i]);
    }
    assert_true(alert->ra >= 0 && alert->ra < 360 && fabs(alert->dec) <= 90 && alert->sign != 0);
    const epo__alert_cutout *cutouts[] = {&alert->science, &alert->template, &alert->difference};
    for (int i = 0; i < 3; i++) {
        assert_true(cutouts[i]->size > 100);
        assert_memory_equal(cutouts[i]->bytes, "\x1f\x8b", 2);
    }
}

static void real_alerts_equal_their_index(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    char path[1024];
    snprintf(path, sizeof path, "%s/ztf/index.csv", data_folder());
    int count = read_index(path), files = 0, alerts = 0;
    epo__alerts_reader *reader = NULL;
    check_ok(epo__alerts_create(&reader));
    for (int i = 0; i < count; i++) {
        if (rows[i].seen) continue;
        files++;
        snprintf(path, sizeof path, "%s/ztf/alerts/%s", data_folder(), rows[i].file);
        check_ok(epo__alerts_open(reader, path));
        for (;; alerts++) {
            epo__alert alert;
            bool end = false;
            check_ok(epo__alerts_next(reader, &alert, &end));
            if (end) break;
            index_row *row = find_row(rows[i].file, alert.candid, count);
            assert_non_null(row);
            check_real(&alert, row);
        }
    }
    assert_int_equal(files, 294);
    assert_int_equal(alerts, 387);
    epo__alerts_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts_of_every_codec_are_read), cmocka_unit_test(a_bad_alert_is_named_and_passed),
        cmocka_unit_test(other_records_are_no_alerts),    cmocka_unit_test(damaged_containers_never_crash),
        cmocka_unit_test(real_alerts_equal_their_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
