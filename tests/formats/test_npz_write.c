/* SPDX-License-Identifier: BSD-3-Clause
 * test_npz_write.c - what is written, byte by byte where others read it, and back through our own readers. numpy reads it
 * in tests/data/check_npz.py, by hand. */
#include "support/check.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "formats/csv.h"
#include "formats/csv_write.h"
#include "formats/new_file.h"
#include "formats/npy.h"
#include "formats/npz_write.h"
#include "formats/zip_write.h"

static char *folder;

static int make_temp(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int remove_temp(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static int files_there(void)
{
    int count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

/* --- archives ------------------------------------------------------------------------------------------------------------ */

static const epo__npz_array arrays[] = {
    {"x", EPO__NPY_FLOAT, 4, 2, {2, 3}},
    {"n", EPO__NPY_INT, 8, 0, {0}},
    {"name", EPO__NPY_UNICODE, 0, 0, {0}},
};
enum { ARRAYS = sizeof arrays / sizeof *arrays };
static const float values[12] = {1.5f, -2.25f, 3e30f, 0.1f, -0.f, 7, 8, 9.75f, 10, 11, 12.5f, -13};
static const char *const names[2] = {"\xc3\xa9toile \xf0\x9f\x8c\x9f", "a"};
static const int64_t numbers[2] = {-3, INT64_C(1) << 40};

static const char *write_two_rows(const char *name)
{
    const char *path = temp_path(folder, name);
    epo__npz_writer *npz;
    check_ok(epo__npz_create(path, arrays, ARRAYS, &npz));
    check_ok(epo__npz_put(npz, 0, values, 5)); /* not a whole row at a time */
    for (size_t i = 0; i < 2; i++) {
        check_ok(epo__npz_put(npz, 1, &numbers[i], 1));
        check_ok(epo__npz_put_text(npz, 2, names[i]));
    }
    check_ok(epo__npz_put(npz, 0, values + 5, 7));
    check_ok(epo__npz_finish(npz));
    return path;
}

static void arrays_stand_where_numpy_looks(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = read_file(write_two_rows("a.npz"), &size);
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 3), }";
    assert_memory_equal(bytes, "PK\3\4", 4);
    assert_int_equal(little(bytes + 8, 2), 0);   /* stored */
    assert_int_equal(little(bytes + 10, 4), 0x210000); /* 1980-01-01, midnight */
    assert_int_equal(little(bytes + 26, 2), 5);
    assert_int_equal(little(bytes + 28, 2), 20);
    assert_memory_equal(bytes + 30, "x.npy", 5);
    assert_int_equal(little(bytes + 39, 8), 128 + 48); /* the wide sizes */
    assert_int_equal(little(bytes + 47, 8), 128 + 48);
    const unsigned char *npy = bytes + 30 + 5 + 20;
    assert_memory_equal(npy, "\x93NUMPY\1\0\x76\0", 10);
    assert_memory_equal(npy + 10, header, sizeof header - 1);
    for (size_t i = 10 + sizeof header - 1; i < 127; i++) assert_int_equal(npy[i], ' ');
    assert_int_equal(npy[127], '\n');
    for (int i = 0; i < 12; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], 4);
        assert_int_equal(little(npy + 128 + 4 * i, 4), bits);
    }
    assert_int_equal(little(bytes + 14, 4), crc32(0, npy, 128 + 48));
    assert_memory_equal(npy + 128 + 48, "PK\3\4", 4);
    /* the end, with a directory of three entries right before it */
    const unsigned char *end = bytes + size - 22;
    assert_memory_equal(end, "PK\5\6", 4);
    assert_int_equal(little(end + 10, 2), ARRAYS);
    assert_int_equal(little(end + 12, 4) + little(end + 16, 4), size - 22);
    const unsigned char *entry = bytes + little(end + 16, 4);
    assert_memory_equal(entry, "PK\1\2", 4);
    assert_int_equal(little(entry + 16, 4), crc32(0, npy, 128 + 48));
    assert_int_equal(little(entry + 24, 4), 128 + 48);
    assert_int_equal(little(entry + 42, 4), 0);
    free(bytes);
}

static void our_reader_reads_it_back(void **state)
{
    (void)state;
    const char *path = write_two_rows("a.npz");
    epo__npy *npy;
    float floats[12];
    int64_t whole[2];
    check_ok(epo__npy_open(path, "x", &npy));
    assert_int_equal(epo__npy_info_of(npy)->ndim, 3);
    check_ok(epo__npy_read(npy, 12, floats));
    assert_memory_equal(floats, values, sizeof values);
    epo__npy_free(npy);
    check_ok(epo__npy_open(path, "n", &npy));
    check_ok(epo__npy_read_int64(npy, 2, whole));
    assert_memory_equal(whole, numbers, sizeof numbers);
    epo__npy_free(npy);
    check_ok(epo__npy_open(path, "name", &npy));
    assert_int_equal(epo__npy_info_of(npy)->kind, EPO__NPY_UNICODE);
    assert_int_equal(epo__npy_info_of(npy)->item_size, 4 * 8); /* as wide as the longest */
    char text[64];
    for (size_t i = 0; i < 2; i++) {
        check_ok(epo__npy_read_text(npy, 1, text, sizeof text));
        assert_string_equal(text, names[i]);
    }
    epo__npy_free(npy);
    /* the same again is the same bytes */
    size_t size, again;
    unsigned char *first = read_file(path, &size), *second = read_file(write_two_rows("b.npz"), &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
    assert_int_equal(files_there(), 2);
}

static void no_rows_and_odd_texts(void **state)
{
    (void)state;
    epo__npz_writer *npz;
    epo__npy *npy;
    const char *path = temp_path(folder, "a.npz");
    char text[64];
    check_ok(epo__npz_create(path, arrays, ARRAYS, &npz));
    check_ok(epo__npz_finish(npz));
    check_ok(epo__npy_open(path, "name", &npy));
    assert_int_equal(epo__npy_info_of(npy)->count, 0);
    assert_int_equal(epo__npy_info_of(npy)->item_size, 4);
    epo__npy_free(npy);

    check_fails(epo__npz_create(path, arrays + 2, 1, &npz), EPO_EARG, "first");
    check_ok(epo__npz_create(path, arrays + 1, 2, &npz));
    check_ok(epo__npz_put(npz, 0, numbers, 2));
    check_ok(epo__npz_put_text(npz, 1, ""));
    check_ok(epo__npz_put_text(npz, 1, "\xff{\n\t\xc3"));
    check_ok(epo__npz_finish(npz));
    check_ok(epo__npy_open(path, "name", &npy));
    check_ok(epo__npy_read_text(npy, 1, text, sizeof text));
    assert_string_equal(text, "");
    check_ok(epo__npy_read_text(npy, 1, text, sizeof text));
    assert_string_equal(text, "\xef\xbf\xbd{\n\t\xef\xbf\xbd");
    epo__npy_free(npy);
}

static void a_failure_leaves_what_was_there(void **state)
{
    (void)state;
    epo__npz_writer *npz;
    const char *path = temp_path(folder, "a.npz");
    write_file(path, "before", 6);
    check_ok(epo__npz_create(path, arrays, ARRAYS, &npz));
    check_ok(epo__npz_put(npz, 0, values, 12));
    check_fails(epo__npz_finish(npz), EPO_EINTERNAL, "'n'");
    check_ok(epo__npz_create(path, arrays, ARRAYS, &npz));
    char *long_text = malloc(EPO__NPZ_TEXT + 2);
    memset(long_text, 'x', EPO__NPZ_TEXT + 1);
    long_text[EPO__NPZ_TEXT + 1] = '\0';
    check_fails(epo__npz_put_text(npz, 2, long_text), EPO_ELIMIT, "4097");
    free(long_text);
    epo__npz_drop(npz);
    epo__npz_drop(NULL);
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    assert_int_equal(size, 6);
    assert_memory_equal(bytes, "before", 6);
    free(bytes);
    assert_int_equal(files_there(), 1);

    epo__new_file f;
    check_fails(epo__new_file_open("/dev/null", &f), EPO_EIO, "not a regular file");
    check_fails(epo__new_file_open(folder, &f), EPO_EIO, "not a regular file");
    check_fails(epo__new_file_open(temp_path(folder, "nowhere/a.npz"), &f), EPO_EIO, "No such file");
    check_fails(epo__npz_create(temp_path(folder, "nowhere/a.npz"), arrays, ARRAYS, &npz), EPO_EIO, "nowhere");
    epo__new_file_drop(&f);
}

/* --- CSV ------------------------------------------------------------------------------------------------------------------ */

static void csv_is_as_the_rfc_says(void **state)
{
    (void)state;
    epo__new_file f;
    const char *path = temp_path(folder, "a.csv");
    check_ok(epo__new_file_open(path, &f));
    epo__csv_writer csv = {.file = f.file};
    static const char *const fields[] = {"name", "a,b", "say \"so\"", "two\r\nlines", "", "caf\xc3\xa9", "=1+1"};
    enum { FIELDS = sizeof fields / sizeof *fields };
    for (size_t i = 0; i < FIELDS; i++) epo__csv_put_text(&csv, i ? fields[i] : "c0");
    epo__csv_put_text(&csv, "v");
    epo__csv_end_row(&csv);
    for (size_t i = 0; i < FIELDS; i++) epo__csv_put_text(&csv, fields[i]);
    epo__csv_put_text(&csv, NULL);
    epo__csv_end_row(&csv);
    for (size_t i = 0; i < 4; i++) epo__csv_put_real(&csv, (const double[]){0.1, 1 / 3., NAN, -1e300}[i]);
    epo__csv_put_int(&csv, INT64_MIN);
    epo__csv_put_real(&csv, 53827.25);
    epo__csv_put_real(&csv, INFINITY);
    epo__csv_put_real(&csv, 0);
    epo__csv_end_row(&csv);
    check_ok(epo__new_file_end(&f, true));
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    static const char expected[] = "c0,\"a,b\",\"say \"\"so\"\"\",\"two\r\nlines\",\"\",caf\xc3\xa9,=1+1,v\r\n"
                                   "name,\"a,b\",\"say \"\"so\"\"\",\"two\r\nlines\",\"\",caf\xc3\xa9,=1+1,\r\n"
                                   "0.1,0.3333333333333333,,-1e+300,-9223372036854775808,53827.25,,0\r\n";
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal(bytes, expected, size);
    free(bytes);
    epo__csv *back;
    const char *const *row;
    bool end;
    check_ok(epo__csv_open(path, &back));
    check_ok(epo__csv_next(back, &row, &end));
    for (size_t i = 0; i < FIELDS; i++) assert_string_equal(row[i], fields[i]);
    epo__csv_free(back);
}

static void only_what_was_left_behind_is_swept(void **state)
{
    (void)state;
    char path[600], name[700];
    const pid_t gone = fork();
    if (gone == 0) _exit(0);
    assert_true(waitpid(gone, NULL, 0) == gone);
    const struct {
        const char *before;
        long pid;
        const char *after;
        bool stays;
    } files[] = {{"m.", gone, "-0.tmp", false}, {"m.", gone, "-12.tmp", false}, {"m.", getpid(), "-0.tmp", false},
                 {"m.", getppid(), "-0.tmp", true}, {"m2.", gone, "-0.tmp", true}, {"m.x.", gone, "-0.tmp", true},
                 {"m.", gone, "-0.tmpx", true}, {"m.", gone, "-.tmp", true}, {"m.", gone, "0.tmp", true},
                 {"m.-", gone, "-0.tmp", true}, {"xm.", gone, "-0.tmp", true}};
    snprintf(path, sizeof path, "%s/m", folder);
    write_file(path, "whole", 5);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s/%s%ld%s", folder, files[i].before, files[i].pid, files[i].after);
        write_file(name, "half", 4);
    }
    epo__new_file_sweep(path);
    epo__new_file_sweep(temp_path(folder, "none/m")); /* a folder that is not there holds nothing */
    assert_int_equal(access(path, F_OK), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s/%s%ld%s", folder, files[i].before, files[i].pid, files[i].after);
        if ((access(name, F_OK) == 0) != files[i].stays) fail_msg("%s", name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_temp, remove_temp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arrays_stand_where_numpy_looks), TEST(our_reader_reads_it_back), TEST(no_rows_and_odd_texts),
        TEST(a_failure_leaves_what_was_there), TEST(csv_is_as_the_rfc_says),
        TEST(only_what_was_left_behind_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
