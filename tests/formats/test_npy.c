/* SPDX-License-Identifier: BSD-3-Clause
 * test_npy.c - numpy arrays: what numpy itself wrote (fixtures/make_numpy.py), headers by hand, zip archives spoilt. */
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

#include "formats/mutate.h"
#include "formats/npy.h"
#include "formats/zip.h"

#define FIXTURES "tests/formats/fixtures/"

/* make_numpy.py's values, of shape 4, 3, 2 */
static const double VALUES[24] = {16.905, -4.659, .328,   4.075,   -7.889, .021,   -.009,  -17.547,
                                  10.177, 6.005,  -6.254, -1.715,  5.053,  -2.614, -2.427, -14.532,
                                  5.546,  1.239,  2.745,  -15.265, 16.507, 1.543,  -3.871, 20.291};

static void check_values(const char *path, const char *array, epo__npy_kind kind, size_t item_size)
{
    epo__npy *npy = NULL;
    float floats[24];
    double doubles[24];
    check_ok(epo__npy_open(path, array, &npy));
    const epo__npy_info *info = epo__npy_info_of(npy);
    assert_int_equal(info->kind, kind);
    assert_int_equal(info->item_size, item_size);
    assert_int_equal(info->ndim, 3);
    assert_int_equal(info->dims[0], 4);
    assert_int_equal(info->dims[1], 3);
    assert_int_equal(info->dims[2], 2);
    assert_int_equal(info->count, 24);
    check_ok(epo__npy_read_f32(npy, 7, floats));
    assert_int_equal(epo__npy_left(npy), 17);
    check_ok(epo__npy_read_f64(npy, 16, doubles));
    check_fails(epo__npy_read_f32(npy, 2, floats), EPO_EARG, "1 are left");
    check_ok(epo__npy_read_f32(npy, 1, floats + 23));
    for (int i = 0; i < 7; i++) assert_true(floats[i] == (float)VALUES[i]);
    for (int i = 0; i < 16; i++)
        assert_true(doubles[i] == (item_size == 8 ? VALUES[7 + i] : (double)(float)VALUES[7 + i]));
    assert_true(floats[23] == (float)VALUES[23]);
    epo__npy_free(npy);
}

static void arrays_of_numpy_are_read(void **state)
{
    (void)state;
    check_values(FIXTURES "f4.npy", NULL, EPO__NPY_FLOAT, 4);
    check_values(FIXTURES "f8_big.npy", NULL, EPO__NPY_FLOAT, 8);
    check_values(FIXTURES "version2.npy", NULL, EPO__NPY_FLOAT, 4);
    check_values(FIXTURES "version3.npy", NULL, EPO__NPY_FLOAT, 4);
    check_values(FIXTURES "one.npz", NULL, EPO__NPY_FLOAT, 8);
    check_values(FIXTURES "plain.npz", "x", EPO__NPY_FLOAT, 4);
    check_values(FIXTURES "packed.npz", "x", EPO__NPY_FLOAT, 4);
    check_values(FIXTURES "zip64.npz", "x", EPO__NPY_FLOAT, 4);
    check_values(FIXTURES "zip64.npz", "y", EPO__NPY_FLOAT, 8);
    epo__npy *npy = NULL;
    double value;
    check_ok(epo__npy_open(FIXTURES "scalar.npy", NULL, &npy));
    assert_int_equal(epo__npy_info_of(npy)->ndim, 0);
    check_ok(epo__npy_read_f64(npy, 1, &value));
    assert_true(value == 2.5);
    epo__npy_free(npy);
    check_ok(epo__npy_open(FIXTURES "empty.npy", NULL, &npy));
    assert_int_equal(epo__npy_info_of(npy)->count, 0);
    assert_int_equal(epo__npy_info_of(npy)->dims[1], 5);
    epo__npy_free(npy);
}

static void every_number_type_is_converted(void **state)
{
    (void)state;
    static const char *const kinds[] = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"};
    static const char *const archives[] = {FIXTURES "plain.npz", FIXTURES "packed.npz"};
    for (int a = 0; a < 2; a++)
        for (int k = 0; k < 8; k++)
            for (int big = 0; big < 2; big++) {
                char name[16];
                const char *order = kinds[k][1] == '1' ? "" : big ? "b" : "l";
                snprintf(name, sizeof name, "n_%s%s", order, kinds[k]);
                epo__npy *npy = NULL;
                int64_t whole[2];
                float f32;
                double f64, first = k < 4 ? -3 : 200;
                check_ok(epo__npy_open(archives[a], name, &npy));
                check_ok(epo__npy_read_int64(npy, 2, whole));
                check_ok(epo__npy_read_f32(npy, 1, &f32));
                check_ok(epo__npy_read_f64(npy, 1, &f64));
                assert_true((double)whole[0] == first && whole[1] == 0 && f32 == 7 && f64 == 100);
                epo__npy_free(npy);
            }
    epo__npy *npy = NULL;
    int64_t whole[4];
    check_ok(epo__npy_open(FIXTURES "plain.npz", "b1", &npy));
    check_ok(epo__npy_read_int64(npy, 4, whole));
    assert_true(whole[0] == 1 && whole[1] == 0 && whole[2] == 1 && whole[3] == 1);
    epo__npy_free(npy);
    check_ok(epo__npy_open(FIXTURES "plain.npz", "big_u8", &npy));
    check_fails(epo__npy_read_int64(npy, 2, whole), EPO_EFORMAT, "item 0 is 9.22337e+18");
    epo__npy_free(npy);
    check_ok(epo__npy_open(FIXTURES "plain.npz", "halves", &npy));
    check_fails(epo__npy_read_int64(npy, 2, whole), EPO_EFORMAT, "plain.npz: array 'halves': item 1 is 1.5");
    epo__npy_free(npy);
}

static void texts_come_as_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *array, *texts[3];
        size_t size;
    } rows[] = {{"s", {"SN", "", "RRLyrae"}, 8},
                {"u", {"SN", "\xc3\xa9t\xc3\xa9", "\xf0\x9f\x94\xad!"}, 13},
                {"u_big", {"SN", "\xc3\xa9t\xc3\xa9", "\xf0\x9f\x94\xad!"}, 13}};
    epo__npy *npy = NULL;
    char texts[3][16];
    float number;
    for (int r = 0; r < 3; r++) {
        check_ok(epo__npy_open(FIXTURES "packed.npz", rows[r].array, &npy));
        assert_int_equal(epo__npy_text_size(npy), rows[r].size);
        check_fails(epo__npy_read_f32(npy, 1, &number), EPO_EUNSUPPORTED, "texts");
        check_fails(epo__npy_read_text(npy, 1, texts[0], rows[r].size - 1), EPO_EARG, "room");
        check_ok(epo__npy_read_text(npy, 3, texts[0], sizeof texts[0]));
        for (int i = 0; i < 3; i++) assert_string_equal(texts[i], rows[r].texts[i]);
        epo__npy_free(npy);
    }
    static const char *const bad[] = {"s_latin", "s_inside"};
    for (int i = 0; i < 2; i++) {
        check_ok(epo__npy_open(FIXTURES "plain.npz", bad[i], &npy));
        check_fails(epo__npy_read_text(npy, 1, texts[0], sizeof texts[0]), EPO_EFORMAT, "item 0 is not a text");
        epo__npy_free(npy);
    }
    check_ok(epo__npy_open(FIXTURES "f4.npy", NULL, &npy));
    assert_int_equal(epo__npy_text_size(npy), 0);
    check_fails(epo__npy_read_text(npy, 1, texts[0], sizeof texts[0]), EPO_EUNSUPPORTED, "numbers");
    epo__npy_free(npy);
}

static void long_arrays_are_read_in_pieces(void **state)
{
    (void)state;
    epo__npy *npy = NULL;
    int64_t *whole = malloc(20000 * sizeof *whole);
    check_ok(epo__npy_open(FIXTURES "packed.npz", "large", &npy));
    check_ok(epo__npy_read_int64(npy, 1, whole));
    check_ok(epo__npy_read_int64(npy, 19998, whole + 1));
    check_ok(epo__npy_read_int64(npy, 1, whole + 19999));
    for (int i = 0; i < 20000; i++) assert_true(whole[i] == i);
    epo__npy_free(npy);
    free(whole);
}

static void what_is_not_read_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *path, *array;
        epo_status status;
        const char *why;
    } rows[] = {
        {FIXTURES "fortran.npy", NULL, EPO_EUNSUPPORTED, "Fortran"},
        {FIXTURES "objects.npy", NULL, EPO_EUNSUPPORTED, "pickles are never opened"},
        {FIXTURES "structure.npy", NULL, EPO_EUNSUPPORTED, "structures"},
        {FIXTURES "complex.npy", NULL, EPO_EUNSUPPORTED, "'<c8'"},
        {FIXTURES "six_dimensions.npy", NULL, EPO_EUNSUPPORTED, "dimensions"},
        {FIXTURES "plain.npz", "y", EPO_ENOTFOUND, "no array 'y'; the file has: n_i1, n_li2"},
        {FIXTURES "zip64.npz", NULL, EPO_ENOTFOUND, "which array? The file has: x, y"},
        {FIXTURES "f4.npy", "x", EPO_ENOTFOUND, "without a name"},
        {FIXTURES "none.npy", NULL, EPO_ENOTFOUND, "none.npy"},
        {FIXTURES, NULL, EPO_EUNSUPPORTED, "directory"},
        {FIXTURES "make_numpy.py", NULL, EPO_EFORMAT, "not a numpy array"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        epo__npy *npy = NULL;
        check_fails(epo__npy_open(rows[i].path, rows[i].array, &npy), rows[i].status, rows[i].why);
        assert_non_null(strstr(epo_error_message(), rows[i].path));
        assert_null(npy);
    }
}

static void headers_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        epo_status status;
        const char *why;
    } rows[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, EPO_OK, NULL},
        {"{\"shape\":(6,),\"descr\":\"<f4\",\"fortran_order\":True}\n", 24, EPO_OK, NULL},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23, EPO_EFORMAT, "needs 24 bytes, it has 23"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 25, EPO_EFORMAT, "needs 24 bytes, it has 25"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'shape': (2, 3), }", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, EPO_EFORMAT,
         "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3)}", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3)}", 24, EPO_EFORMAT,
         "not what numpy"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0, EPO_EFORMAT, "impossible"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}", 0, EPO_EFORMAT,
         "impossible"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': f4, 'fortran_order': False, 'shape': (2, 3)}", 24, EPO_EFORMAT, "not what numpy"},
        {"{'descr': '|f4', 'fortran_order': False, 'shape': (2, 3)}", 24, EPO_EUNSUPPORTED, "'|f4'"},
        {"{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3)}", 24, EPO_EUNSUPPORTED, "'=f4'"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3)}", 12, EPO_EUNSUPPORTED, "'<f2'"},
        {"{'descr': '<f99999999999999999999', 'fortran_order': False, 'shape': (2, 3)}", 24, EPO_EUNSUPPORTED, "f999"},
        {"{'descr': '|S0', 'fortran_order': False, 'shape': (99999999999,)}", 0, EPO_EUNSUPPORTED, "'|S0'"},
        {"{'descr': '<U99999', 'fortran_order': False, 'shape': (0,)}", 0, EPO_EUNSUPPORTED, "'<U99999'"},
        {"{'descr': '', 'fortran_order': False, 'shape': (2, 3)}", 24, EPO_EUNSUPPORTED, "''"},
        {"__import__('os').system('x')", 24, EPO_EFORMAT, "not what numpy"},
        {"", 0, EPO_EFORMAT, "not what numpy"},
    };
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.npy");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[512] = "\x93NUMPY\1";
        epo__npy *npy = NULL;
        size_t length = strlen(rows[i].header);
        bytes[8] = (char)length;
        memcpy(bytes + 10, rows[i].header, length);
        write_file(path, bytes, 10 + length + rows[i].data);
        if (rows[i].why)
            check_fails(epo__npy_open(path, NULL, &npy), rows[i].status, rows[i].why);
        else
            check_ok(epo__npy_open(path, NULL, &npy));
        epo__npy_free(npy);
    }
    static const char nul[] = "\x93NUMPY\1\0\x3a\0{'descr': '\0f4', 'fortran_order': False, 'shape': (6,), }\n";
    char six[sizeof nul - 1 + 24] = "";
    memcpy(six, nul, sizeof nul - 1);
    six[8] = (char)(sizeof nul - 11);
    write_file(path, six, sizeof six);
    epo__npy *npy = NULL;
    check_fails(epo__npy_open(path, NULL, &npy), EPO_EUNSUPPORTED, "not read"); /* no byte order is none of the four */
    write_file(path, "\x93NUMPY\4\0\0\0\0\0", 12);
    check_fails(epo__npy_open(path, NULL, &npy), EPO_EUNSUPPORTED, "version 4");
    write_file(path, "\x93NUMPY\2\0\xff\xff\xff\xff", 12);
    check_fails(epo__npy_open(path, NULL, &npy), EPO_ELIMIT, "header");
    temp_remove(folder);
}

static void spoil(const char *path, const char *from, size_t at, const char *bytes, size_t count)
{
    size_t size;
    unsigned char *copy = read_file(from, &size);
    at = at > size ? size + at : at; /* a negative offset counts from the end */
    assert_true(at + count <= size);
    memcpy(copy + at, bytes, count);
    write_file(path, copy, size);
    free(copy);
}

static epo_status read_whole(const char *path, const char *array)
{
    epo__npy *npy = NULL;
    epo_status status = epo__npy_open(path, array, &npy);
    if (!status) {
        double *out = calloc(epo__npy_left(npy), sizeof *out);
        status = epo__npy_read_f64(npy, epo__npy_left(npy), out);
        free(out);
    }
    epo__npy_free(npy);
    return status;
}

/* one.npz: local header at 0 (member of 320 bytes), directory of one entry, end. */
static void spoilt_archives_are_refused(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.npz"), *one = FIXTURES "one.npz";
    size_t size;
    unsigned char *bytes = read_file(one, &size);
    size_t entry = size - 22 - 54; /* the name is "only.npy" */
    assert_memory_equal(bytes + entry, "PK\1\2", 4);
    for (size_t n = 4; n < size; n++) {
        write_file(path, bytes, n);
        assert_int_equal(read_whole(path, NULL), EPO_EFORMAT);
    }
    free(bytes);
    spoil(path, one, 200, "\x55", 1);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "checksum");
    spoil(path, one, 0, "PK\3\5", 4);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "where the directory says");
    spoil(path, one, entry + 8, "\1", 1);
    check_fails(read_whole(path, NULL), EPO_EUNSUPPORTED, "encrypted");
    spoil(path, one, entry + 10, "\x0e", 1);
    check_fails(read_whole(path, NULL), EPO_EUNSUPPORTED, "method 14");
    spoil(path, one, entry + 24, "\xff\xff\xff\x7f", 4);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "two sizes");
    spoil(path, one, entry + 24, "\xff\xff\xff\xff", 4);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "zip64 sizes");
    spoil(path, one, entry + 20, "\xff\xff\xff\x7f\xff\xff\xff\x7f", 8);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "outside the file");
    spoil(path, one, entry + 42, "\xff\xff\xff\x7f", 4);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "outside the file");
    spoil(path, one, entry + 46, "\0", 1);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "NUL");
    spoil(path, one, entry + 28, "\xff\xff", 2);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "damaged zip directory");
    spoil(path, one, (size_t)-12, "\2\0", 2); /* two entries said, one there */
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "damaged zip directory");
    spoil(path, one, (size_t)-12, "\xff\xff", 2);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "zip64 directory is missing");
    spoil(path, one, (size_t)-10, "\xff\xff\xff\x7f", 4);
    check_fails(read_whole(path, NULL), EPO_ELIMIT, "directory over");
    spoil(path, one, (size_t)-18, "\1", 1);
    check_fails(read_whole(path, NULL), EPO_EFORMAT, "several parts");
    spoil(path, FIXTURES "zip64.npz", (size_t)-12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    check_ok(read_whole(path, "y")); /* now by its zip64 end */
    temp_remove(folder);
}

/* A deflated member that holds less, or more, than the directory says. */
static void inflated_sizes_must_be_true(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "a.npz"), *packed = FIXTURES "packed.npz";
    size_t size, at = 0;
    unsigned char *bytes = read_file(packed, &size);
    for (size_t i = 0; i + 52 < size; i++)
        if (memcmp(bytes + i, "PK\1\2", 4) == 0 && memcmp(bytes + i + 46, "large.npy", 9) == 0) at = i;
    assert_true(at > 0);
    unsigned char *told = bytes + at + 24; /* 80128 bytes */
    assert_memory_equal(told, "\0\x39\1\0", 4);
    epo__zip *zip = NULL;
    static unsigned char room[80200];
    for (int step = -4; step <= 4; step += 8) {
        told[0] = (unsigned char)step;
        told[1] = (unsigned char)(0x39 - (step < 0));
        write_file(path, bytes, size);
        check_fails(read_whole(path, "large"), EPO_EFORMAT, "needs 80000 bytes");
        check_ok(epo__zip_open(path, &zip));
        size_t i = 0;
        while (strcmp(epo__zip_name(zip, i), "large.npy") != 0) i++;
        check_ok(epo__zip_enter(zip, i));
        check_fails(epo__zip_read(zip, room, (size_t)(80128 + step)), EPO_EFORMAT,
                    step < 0 ? "more than" : "less than");
        epo__zip_free(zip);
    }
    free(bytes);
    temp_remove(folder);
}

static int opened;

static void read_all(const char *path)
{
    static const char *const names[] = {"x", "y"};
    for (int i = 0; i < 2; i++) opened += read_whole(path, names[i]) == EPO_OK;
    opened += read_whole(path, NULL) == EPO_OK;
}

static void damaged_files_never_crash(void **state)
{
    (void)state;
    static const char *const files[] = {"zip64.npz", "one.npz", "f4.npy", "version2.npy"};
    char *folder = temp_make();
    const char *path = temp_path(folder, "a");
    for (int i = 0; i < 4; i++) {
        char from[64];
        size_t size;
        snprintf(from, sizeof from, FIXTURES "%s", files[i]);
        unsigned char *bytes = read_file(from, &size);
        mutate(path, bytes, size, 150, 1500, read_all);
        free(bytes);
    }
    assert_true(opened > 0);
    temp_remove(folder);
}

static void real_sequences_are_read(void **state)
{
    (void)state;
    char path[1024];
    if (!data_folder()) skip();
    snprintf(path, sizeof path, "%s/hits/hits_dev.npz", data_folder());
    epo__npy *npy = NULL;
    check_ok(epo__npy_open(path, "x", &npy));
    const epo__npy_info *info = epo__npy_info_of(npy);
    assert_int_equal(info->ndim, 4);
    assert_true(info->dims[0] == 543 && info->dims[1] == 30 && info->dims[2] == 21 && info->dims[3] == 21);
    size_t each = 30 * 21 * 21, finite = 0, all = 0;
    float *frames = malloc(each * sizeof *frames);
    for (int i = 0; i < 543; i++) {
        check_ok(epo__npy_read_f32(npy, each, frames));
        for (size_t j = 0; j < each; j++) finite += (size_t)(isfinite(frames[j]) != 0);
        all += each;
    }
    assert_int_equal(epo__npy_left(npy), 0);
    assert_true(finite > all / 2 && finite < all); /* padded with NaN, and the checksum was right */
    free(frames);
    epo__npy_free(npy);
    check_ok(epo__npy_open(path, "label", &npy));
    char labels[543][16];
    assert_int_equal(epo__npy_text_size(npy), 9);
    check_ok(epo__npy_read_text(npy, 543, labels[0], sizeof labels[0]));
    int sn = 0;
    for (int i = 0; i < 543; i++) sn += strcmp(labels[i], "SN") == 0;
    assert_int_equal(sn, 62);
    epo__npy_free(npy);
    int64_t frame_counts[543];
    check_ok(epo__npy_open(path, "nframes", &npy));
    check_ok(epo__npy_read_int64(npy, 543, frame_counts));
    for (int i = 0; i < 543; i++) assert_in_range(frame_counts[i], 21, 30);
    epo__npy_free(npy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_of_numpy_are_read),    cmocka_unit_test(every_number_type_is_converted),
        cmocka_unit_test(texts_come_as_utf8),          cmocka_unit_test(long_arrays_are_read_in_pieces),
        cmocka_unit_test(what_is_not_read_is_named),   cmocka_unit_test(headers_are_read_strictly),
        cmocka_unit_test(spoilt_archives_are_refused), cmocka_unit_test(inflated_sizes_must_be_true),
        cmocka_unit_test(damaged_files_never_crash),   cmocka_unit_test(real_sequences_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
