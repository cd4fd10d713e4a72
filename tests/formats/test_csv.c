/* SPDX-License-Identifier: BSD-3-Clause
 * test_csv.c - tables with quotes, line ends and lies. */
#include "support/check.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/text.h"
#include "formats/csv.h"
#include "formats/mutate.h"

typedef struct fixture {
    char *folder, path[1024];
    epo__csv *csv;
    const char *const *fields;
    bool end;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->folder = temp_make();
    snprintf(f->path, sizeof f->path, "%s", temp_path(f->folder, "t.csv"));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    epo__csv_free(f->csv);
    temp_remove(f->folder);
    free(f);
    return 0;
}

static epo_status open_text(fixture *f, const char *text)
{
    epo__csv_free(f->csv);
    f->csv = NULL;
    write_file(f->path, text, strlen(text));
    return epo__csv_open(f->path, &f->csv);
}

static void check_row(fixture *f, uint64_t line, const char *a, const char *b)
{
    check_ok(epo__csv_next(f->csv, &f->fields, &f->end));
    assert_false(f->end);
    assert_true(epo__csv_line(f->csv) == line);
    assert_string_equal(f->fields[0], a);
    assert_string_equal(f->fields[1], b);
}

static void check_end(fixture *f)
{
    check_ok(epo__csv_next(f->csv, &f->fields, &f->end));
    assert_true(f->end);
}

static void tables_are_read_as_rfc_4180_says(void **state)
{
    fixture *f = *state;
    check_ok(
        open_text(f,
                  "\xef\xbb\xbf id ,\"Cl\"\"ass\"\r\n1,SN\r\n\r\n\"2\",\"a,\"\"b\"\"\r\nc\"\n,\n3,5\" x\r,\n\n4,last"));
    assert_int_equal(epo__csv_columns(f->csv), 2);
    assert_string_equal(epo__csv_name(f->csv, 0), "id");
    assert_string_equal(epo__csv_name(f->csv, 1), "Cl\"ass");
    check_row(f, 2, "1", "SN");
    check_row(f, 4, "2", "a,\"b\"\r\nc");
    check_row(f, 6, "", "");
    assert_int_equal(epo__csv_next(f->csv, &f->fields, &f->end), EPO_EFORMAT);
    assert_false(f->end);
    assert_non_null(strstr(epo_error_message(), "t.csv: line 7: 3 fields where the header has 2"));
    check_row(f, 9, "4", "last");
    check_end(f);
    check_end(f);
    check_ok(open_text(f, "a,b\n"));
    check_end(f);
    check_ok(open_text(f, "a,b"));
    check_end(f);
    check_ok(open_text(f, "\xef\xbb"));
    assert_string_equal(epo__csv_name(f->csv, 0), "\xef\xbb");
}

static void columns_are_found_by_name(void **state)
{
    fixture *f = *state;
    size_t column = 9;
    const char *const mjd[] = {"MJD", "time", NULL}, *const date[] = {"date", "Time", NULL},
                      *const none[] = {"flux", "f", NULL};
    check_ok(open_text(f, "id,TIME,mjd,x,X\n"));
    check_ok(epo__csv_find(f->csv, mjd, &column));
    assert_int_equal(column, 2);
    check_ok(epo__csv_find(f->csv, date, &column));
    assert_int_equal(column, 1);
    check_fails(epo__csv_find(f->csv, none, &column), EPO_ENOTFOUND,
                "t.csv: no column 'flux'; there are: id, TIME, mjd");
    check_fails(epo__csv_find(f->csv, (const char *const[]){"x", NULL}, &column), EPO_EFORMAT, "twice");
}

static void numbers_are_checked(void **state)
{
    fixture *f = *state;
    double real;
    int64_t whole;
    check_ok(open_text(f, "id,mag\n17, 18.25\nx7,\n99,nan\n"));
    check_ok(epo__csv_next(f->csv, &f->fields, &f->end));
    check_ok(epo__csv_double(f->csv, 1, &real));
    assert_true(real == 18.25);
    check_ok(epo__csv_int(f->csv, 0, 0, 17, &whole));
    assert_int_equal(whole, 17);
    check_fails(epo__csv_int(f->csv, 0, 0, 16, &whole), EPO_EFORMAT, "in range");
    check_ok(epo__csv_next(f->csv, &f->fields, &f->end));
    check_fails(epo__csv_int(f->csv, 0, 0, 99, &whole), EPO_EFORMAT, "t.csv: line 3: column 'id': 'x7' is not a whole");
    check_fails(epo__csv_double(f->csv, 1, &real), EPO_EFORMAT, "column 'mag': '' is not a number");
    check_ok(epo__csv_next(f->csv, &f->fields, &f->end));
    check_ok(epo__csv_double(f->csv, 1, &real));
    assert_true(real != real);
}

static void bad_rows_are_named(void **state)
{
    fixture *f = *state;
    check_ok(open_text(f, "a,b\n1,2\n\"x\"y,3\n4,5\n6\n7,8\n9,\"open\n10,11\n"));
    check_row(f, 2, "1", "2");
    check_fails(epo__csv_next(f->csv, &f->fields, &f->end), EPO_EFORMAT, "line 3: text behind");
    assert_false(f->end);
    check_row(f, 4, "4", "5");
    check_fails(epo__csv_next(f->csv, &f->fields, &f->end), EPO_EFORMAT, "line 5: 1 fields");
    check_row(f, 6, "7", "8");
    check_fails(epo__csv_next(f->csv, &f->fields, &f->end), EPO_EFORMAT, "line 7: a quote is never closed");
    assert_true(f->end);
    check_end(f);
}

static void hostile_files_are_refused(void **state)
{
    fixture *f = *state;
    check_fails(open_text(f, ""), EPO_EFORMAT, "t.csv:");
    check_fails(open_text(f, "\n\r\n\n"), EPO_EFORMAT, "no header");
    check_fails(open_text(f, "a,\"b\"c\n"), EPO_EFORMAT, "line 1: text behind");
    check_fails(epo__csv_open(temp_path(f->folder, "none"), &f->csv), EPO_ENOTFOUND, "none");
    check_fails(epo__csv_open(f->folder, &f->csv), EPO_EUNSUPPORTED, "directory");
    write_file(f->path, "a,b\n1,\0\n", 8);
    check_ok(epo__csv_open(f->path, &f->csv));
    check_fails(epo__csv_next(f->csv, &f->fields, &f->end), EPO_EFORMAT, "line 2: holds a NUL");
    assert_true(f->end);
    write_file(f->path, "a,b\n1,\"2\"\0\n", 11);
    epo__csv_free(f->csv);
    check_ok(epo__csv_open(f->path, &f->csv));
    check_fails(epo__csv_next(f->csv, &f->fields, &f->end), EPO_EFORMAT, "line 2: holds a NUL");

    epo__string s = {0};
    epo__string_add(&s, "a,b\n\"");
    for (int i = 0; i < 1 << 17; i++) epo__string_add(&s, "12345678\n");
    check_ok(open_text(f, s.text));
    check_fails(epo__csv_next(f->csv, &f->fields, &f->end), EPO_ELIMIT, "line 2: a row over 1 MiB");
    assert_true(f->end);
    epo__string_clear(&s);
    for (int i = 0; i < 4096; i++) epo__string_add(&s, ",");
    check_fails(open_text(f, s.text), EPO_ELIMIT, "4096 columns");
    check_ok(open_text(f, s.text + 1));
    assert_int_equal(epo__csv_columns(f->csv), 4096);
    epo__string_free(&s);
}

static void gzipped_tables_are_read(void **state)
{
    fixture *f = *state;
    size_t size;
    gzFile gz = gzopen(f->path, "wb");
    gzputs(gz, "id,mjd\n");
    for (int i = 0; i < 20000; i++) gzprintf(gz, "object%d,%d.5\n", i * 7919 % 20000, 50000 + i);
    gzclose(gz);
    check_ok(epo__csv_open(f->path, &f->csv));
    for (int i = 0; i < 20000; i++) {
        double mjd;
        check_ok(epo__csv_next(f->csv, &f->fields, &f->end));
        check_ok(epo__csv_double(f->csv, 1, &mjd));
        assert_true(mjd == 50000.5 + i);
    }
    check_end(f);
    epo__csv_free(f->csv);
    f->csv = NULL;
    unsigned char *bytes = read_file(f->path, &size);
    write_file(f->path, bytes, size / 2);
    check_ok(epo__csv_open(f->path, &f->csv));
    epo_status status = EPO_OK;
    for (f->end = false; !f->end;) status = epo__csv_next(f->csv, &f->fields, &f->end);
    assert_int_equal(status, EPO_EFORMAT);
    assert_non_null(strstr(epo_error_message(), "damaged or cut short"));
    bytes[size / 2] ^= 0x40;
    write_file(f->path, bytes, size);
    epo__csv_free(f->csv);
    check_ok(epo__csv_open(f->path, &f->csv));
    for (f->end = false; !f->end;) status = epo__csv_next(f->csv, &f->fields, &f->end);
    assert_int_equal(status, EPO_EFORMAT);
    free(bytes);
}

static void read_all(const char *path)
{
    epo__csv *csv = NULL;
    const char *const *fields;
    bool end = false;
    int calls = 0;
    if (epo__csv_open(path, &csv) != EPO_OK) return;
    while (!end) {
        assert_true(calls++ < 10000);
        if (epo__csv_next(csv, &fields, &end) != EPO_OK || end) continue;
        for (size_t i = 0; i < epo__csv_columns(csv); i++) assert_true(strlen(fields[i]) < 10000);
    }
    epo__csv_free(csv);
}

static void damaged_tables_never_crash(void **state)
{
    fixture *f = *state;
    static const char text[] = "id,class,mag\r\n1,\"S,N\",18.5\r\n2,\"a\"\"b\nc\",19\n\n3,,\n4,AGN,20\n5,\"x\",1";
    size_t size;
    mutate(f->path, (const unsigned char *)text, sizeof text - 1, sizeof text, 4000, read_all);
    gzFile gz = gzopen(f->path, "wb");
    gzputs(gz, text);
    gzclose(gz);
    unsigned char *bytes = read_file(f->path, &size);
    mutate(f->path, bytes, size, size, 2000, read_all);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tables_are_read_as_rfc_4180_says),
        TEST(columns_are_found_by_name),
        TEST(numbers_are_checked),
        TEST(bad_rows_are_named),
        TEST(hostile_files_are_refused),
        TEST(gzipped_tables_are_read),
        TEST(damaged_tables_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
