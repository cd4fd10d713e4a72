/* SPDX-License-Identifier: BSD-3-Clause
 * test_safetensors.c - weights files: written and read back, from elsewhere, and damaged in every way. */
#include "support/check.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"
#include "formats/digest.h"
#include "formats/mutate.h"
#include "formats/safetensors.h"

#define FIXTURE "tests/formats/fixtures/python.safetensors"

static const float WEIGHT[6] = {1.5f, -2.25f, 3e-30f, 4, 5, -0.0f}, BIAS[3] = {.1f, -7, 1e20f}, LONE[1] = {42};
static const size_t WEIGHT_DIMS[2] = {2, 3}, BIAS_DIMS[1] = {3}, NONE_DIMS[2] = {0, 9};
static const epo__tensor_write TENSORS[] = {{"z.weight", 2, WEIGHT_DIMS, WEIGHT},
                                            {"a.bias", 1, BIAS_DIMS, BIAS},
                                            {"none", 2, NONE_DIMS, NULL},
                                            {"lone", 0, NULL, LONE}};
static const epo__text_pair METADATA[] = {{"epochal.network", "conv 3\n\"relu\""}, {"note", "caf\xc3\xa9"}};

static void write_model(const char *path)
{
    check_ok(epo__safetensors_write(path, TENSORS, 4, METADATA, 2));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "m.safetensors"), *again = temp_path(folder, "n.safetensors");
    epo__safetensors *file = NULL;
    write_model(path);
    check_ok(epo__safetensors_open(path, &file));
    check_ok(epo__safetensors_verify(file));
    check_ok(epo__safetensors_check_finite(file));
    assert_int_equal(epo__safetensors_count(file), 4);
    static const char *const names[] = {"z.weight", "a.bias", "none", "lone"};
    for (size_t i = 0; i < 4; i++) {
        const epo__tensor_view *tensor = epo__safetensors_at(file, i);
        float values[6];
        assert_string_equal(tensor->name, names[i]);
        assert_ptr_equal(epo__safetensors_find(file, names[i]), tensor);
        assert_int_equal(tensor->ndim, TENSORS[i].ndim);
        for (int d = 0; d < tensor->ndim; d++) assert_int_equal(tensor->dims[d], TENSORS[i].dims[d]);
        epo__tensor_f32(tensor, values);
        if (tensor->count) assert_memory_equal(values, TENSORS[i].values, tensor->count * sizeof *values);
    }
    assert_null(epo__safetensors_find(file, "z"));
    assert_string_equal(epo__safetensors_metadata(file, "epochal.network"), "conv 3\n\"relu\"");
    assert_string_equal(epo__safetensors_metadata(file, "note"), "caf\xc3\xa9");
    assert_null(epo__safetensors_metadata(file, "other"));
    const char *key, *value;
    int pairs = 0;
    while (epo__safetensors_pair(file, (size_t)pairs, &key, &value)) pairs++;
    assert_int_equal(pairs, 4);
    epo__safetensors_free(file);

    /* the same bytes each time, nothing left beside them, an old file replaced */
    size_t size, other_size;
    write_file(again, "old", 3);
    write_model(again);
    unsigned char *bytes = read_file(path, &size), *other = read_file(again, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    assert_int_equal(bytes[0] % 8, 0);
    DIR *listing = opendir(folder);
    int entries = 0;
    while (readdir(listing)) entries++;
    closedir(listing);
    assert_int_equal(entries, 2 + 2);

    /* the seal is what the header says it is */
    unsigned char *digits = memmem(bytes, size, "\"epochal.sha256\":\"", 18);
    assert_non_null(digits);
    char told[65] = "", made[EPO__SHA256_TEXT];
    memcpy(told, digits + 18, 64);
    memset(digits + 18, '0', 64);
    epo__sha256_of(bytes, size, made);
    assert_string_equal(told, made);
    free(bytes);
    free(other);
    temp_remove(folder);
}

static void writing_fails_whole(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "no/such/m.safetensors"), *good = temp_path(folder, "m.safetensors");
    check_fails(epo__safetensors_write(path, TENSORS, 4, METADATA, 2), EPO_EIO, "no/such");
    epo__tensor_write twice[] = {TENSORS[0], TENSORS[0]}, nameless = {"", 0, NULL, LONE},
                      meta = {"__metadata__", 0, NULL, LONE};
    epo__text_pair ours = {"epochal.sha256", "x"}, pair_twice[] = {METADATA[1], METADATA[1]};
    check_fails(epo__safetensors_write(good, twice, 2, NULL, 0), EPO_EARG, "z.weight");
    check_fails(epo__safetensors_write(good, &nameless, 1, NULL, 0), EPO_EARG, "name");
    check_fails(epo__safetensors_write(good, &meta, 1, NULL, 0), EPO_EARG, "name");
    check_fails(epo__safetensors_write(good, TENSORS, 1, &ours, 1), EPO_EARG, "epochal.sha256");
    check_fails(epo__safetensors_write(good, TENSORS, 1, pair_twice, 2), EPO_EARG, "note");
    DIR *listing = opendir(folder);
    int entries = 0;
    while (readdir(listing)) entries++;
    closedir(listing);
    assert_int_equal(entries, 2);
    assert_int_equal(mkdir(good, 0700), 0); /* a directory cannot be replaced */
    check_fails(epo__safetensors_write(good, TENSORS, 4, NULL, 0), EPO_EIO, "m.safetensors");
    temp_remove(folder);
}

static void files_from_elsewhere_are_read(void **state)
{
    (void)state;
    epo__safetensors *file = NULL;
    check_ok(epo__safetensors_open(FIXTURE, &file));
    check_ok(epo__safetensors_check_finite(file));
    static const struct {
        const char *name;
        epo__tensor_type type;
        size_t count;
        float values[6];
    } rows[] = {{"conv.weight", EPO__TENSOR_F32, 6, {1.5f, -2.25f, 3e-30f, 4, 5, -0.0f}},
                {"half", EPO__TENSOR_F16, 4, {1, -.5f, 65504, 0x1p-24f}},
                {"brain", EPO__TENSOR_BF16, 2, {1, -3.140625f}},
                {"double", EPO__TENSOR_F64, 1, {.1f}},
                {"empty", EPO__TENSOR_F32, 0, {0}}};
    assert_int_equal(epo__safetensors_count(file), 5);
    for (size_t i = 0; i < 5; i++) {
        const epo__tensor_view *tensor = epo__safetensors_at(file, i);
        float values[6];
        assert_string_equal(tensor->name, rows[i].name);
        assert_int_equal(tensor->type, rows[i].type);
        assert_int_equal(tensor->count, rows[i].count);
        epo__tensor_f32(tensor, values);
        for (size_t j = 0; j < rows[i].count; j++) assert_true(values[j] == rows[i].values[j]);
    }
    assert_string_equal(epo__safetensors_metadata(file, "note"), "caf\xc3\xa9");
    epo__safetensors_free(file);
}

/* A file of this header and `size` bytes of data. */
static void write_raw(const char *path, const char *header, const void *data, size_t size)
{
    epo__string s = {0};
    size_t length = strlen(header);
    for (int b = 0; b < 8; b++) epo__string_addn(&s, &(char){(char)(length >> 8 * b)}, 1);
    epo__string_add(&s, header);
    epo__string_addn(&s, data, size);
    write_file(path, s.text, s.length);
    epo__string_free(&s);
}

#define T(name, shape, offsets) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

/* JSON values take up to a hundred times the bytes they stand in: 3 MB of "{}," would be 250 MB. */
static void headers_that_swell_are_refused(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "m.safetensors");
    epo__safetensors *file = NULL;
    for (int metadata = 0; metadata < 2; metadata++) { /* in the header itself, and in a text of it that is JSON once more */
        epo__string s = {0};
        epo__string_add(&s, metadata ? "{\"__metadata__\":{\"k\":\"[" : "{\"a\":[");
        for (int i = 0; i < 1000000; i++) epo__string_add(&s, "{},");
        epo__string_add(&s, metadata ? "{}]\"}}" : "{}]}");
        write_raw(path, s.text, "", 0);
        epo__string_free(&s);
        check_fails(epo__safetensors_open(path, &file), EPO_EMODEL, "too many values");
    }
    temp_remove(folder);
}

static void impossible_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        epo_status status;
        const char *why;
    } rows[] = {
        {"{" T("a", "2", "0,8") "," T("b", "1", "8,12") "}", 12, EPO_OK, NULL},
        {"{}", 0, EPO_OK, NULL},
        {"{" T("a", "2", "0,8") "," T("b", "1", "4,8") "}", 8, EPO_EMODEL, "tensor \"b\" overlaps"},
        {"{" T("a", "2", "0,8") "," T("b", "2", "0,8") "}", 8, EPO_EMODEL, "overlaps"},
        {"{" T("a", "2", "0,8") "," T("b", "1", "12,16") "}", 16, EPO_EMODEL, "tensor \"b\" leaves a hole"},
        {"{" T("a", "2", "0,8") "}", 12, EPO_EMODEL, "belong to no tensor"},
        {"{" T("a", "2", "0,8") "}", 7, EPO_EMODEL, "outside the file"},
        {"{" T("a", "3", "0,8") "}", 8, EPO_EMODEL, "tensor \"a\" has a shape that does not match"},
        {"{" T("a", "2", "8,0") "}", 8, EPO_EMODEL, "outside"},
        {"{" T("a", "-2", "0,8") "}", 8, EPO_EMODEL, "impossible shape"},
        {"{" T("a", "2.0", "0,8") "}", 8, EPO_EMODEL, "impossible shape"},
        {"{" T("a", "4294967296,4294967296", "0,8") "}", 8, EPO_EMODEL, "impossible shape"},
        {"{" T("a", "0,4294967296,4294967296", "0,0") "}", 0, EPO_EMODEL, "impossible shape"},
        {"{" T("a", "1,1,1,1,1,1,1,1,1", "0,4") "}", 4, EPO_EMODEL, "8 dimensions"},
        {"{" T("a", "2", "-8,0") "}", 8, EPO_EMODEL, "not described"},
        {"{" T("a", "2", "0,9223372036854775807") "}", 8, EPO_EMODEL, "outside"},
        {"{" T("a", "2", "0,8") "," T("a", "2", "0,8") "}", 8, EPO_EMODEL, "JSON"},
        {"{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, EPO_OK, NULL},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, EPO_EUNSUPPORTED, "\"U8\""},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, EPO_EMODEL, "not described"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8, EPO_EMODEL, "no shape"},
        {"{\"a\":7}", 0, EPO_EMODEL, "not described"},
        {"{\"__metadata__\":7}", 0, EPO_EMODEL, "metadata is no"},
        {"{\"__metadata__\":{\"a\":7}}", 0, EPO_EMODEL, "other than texts"},
        {"{\"__metadata__\":{\"epochal.network\":\"x\"}}", 0, EPO_EMODEL, "damaged"},
        {"{\"__metadata__\":{\"epochal.sha256\":\"x\"}}", 0, EPO_EMODEL, "damaged"},
        {"[]", 0, EPO_EMODEL, "no JSON object"},
        {"{", 0, EPO_EMODEL, "not JSON"},
        {"{} x", 0, EPO_EMODEL, "not JSON"},
    };
    char *folder = temp_make();
    const char *path = temp_path(folder, "m.safetensors");
    static const unsigned char zeros[64];
    epo__safetensors *file = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_raw(path, rows[i].header, zeros, rows[i].data);
        if (rows[i].why) {
            check_fails(epo__safetensors_open(path, &file), rows[i].status, rows[i].why);
            assert_non_null(strstr(epo_error_message(), path));
        } else {
            check_ok(epo__safetensors_open(path, &file));
        }
        epo__safetensors_free(file);
        file = NULL;
    }
    write_file(path, "", 0);
    check_fails(epo__safetensors_open(path, &file), EPO_EMODEL, path);
    write_file(path, "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
    check_fails(epo__safetensors_open(path, &file), EPO_EMODEL, "8 MiB");
    write_file(path, "\3\0\0\0\0\0\0\0{}", 10);
    check_fails(epo__safetensors_open(path, &file), EPO_EMODEL, "cut short");
    check_fails(epo__safetensors_open(folder, &file), EPO_EUNSUPPORTED, "directory");
    check_fails(epo__safetensors_open(temp_path(folder, "none"), &file), EPO_ENOTFOUND, "none");
    temp_remove(folder);
}

static void values_that_are_not_finite_are_named(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    char *folder = temp_make();
    const char *path = temp_path(folder, "m.safetensors");
    epo__safetensors *file = NULL;
    for (int i = 0; i < 3; i++) {
        float values[3] = {1, 2, bad[i]};
        epo__tensor_write tensors[] = {TENSORS[0], {"a.bias", 1, BIAS_DIMS, values}};
        check_ok(epo__safetensors_write(path, tensors, 2, NULL, 0));
        check_ok(epo__safetensors_open(path, &file));
        check_fails(epo__safetensors_check_finite(file), EPO_EMODEL,
                    "tensor \"a.bias\" has a value that is not finite");
        epo__safetensors_free(file);
    }
    static const struct {
        const char *header;
        unsigned char bytes[8];
        size_t size;
    } narrow[] = {
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", {0, 0x7c}, 2},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", {1, 0xfc}, 2},
        {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}", {0x80, 0x7f}, 2},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
         {0, 0, 0, 0, 0, 0, 0xf0, 0x47},
         8}, /* 2^128 */
    };
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) {
        write_raw(path, narrow[i].header, narrow[i].bytes, narrow[i].size);
        check_ok(epo__safetensors_open(path, &file));
        check_fails(epo__safetensors_check_finite(file), EPO_EMODEL, "tensor \"a\"");
        epo__safetensors_free(file);
    }
    temp_remove(folder);
}

static void one_flipped_bit_is_always_found(void **state)
{
    (void)state;
    char *folder = temp_make();
    const char *path = temp_path(folder, "m.safetensors");
    write_model(path);
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    epo__safetensors *file = NULL;
    assert_in_range(8 * size, 1000, 8000);
    for (size_t bit = 0; bit < 8 * size; bit++) { /* every bit there is: over a thousand */
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        write_file(path, bytes, size);
        epo_status status = epo__safetensors_open(path, &file);
        if (status != EPO_EMODEL && status != EPO_EUNSUPPORTED)
            fail_msg("bit %zu of byte %zu passed", bit % 8, bit / 8);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t i = 0; i < 100; i++) {
        write_file(path, bytes, i * size / 100);
        assert_int_equal(epo__safetensors_open(path, &file), EPO_EMODEL);
    }
    write_file(path, bytes, size);
    check_ok(epo__safetensors_open(path, &file));
    epo__safetensors_free(file);
    free(bytes);
    temp_remove(folder);
}

static void read_all(const char *path)
{
    epo__safetensors *file = NULL;
    if (epo__safetensors_open(path, &file) != EPO_OK) return;
    for (size_t i = 0; i < epo__safetensors_count(file); i++) {
        const epo__tensor_view *tensor = epo__safetensors_at(file, i);
        float *out = malloc(tensor->count * sizeof *out + 1);
        epo__tensor_f32(tensor, out);
        free(out);
    }
    epo__safetensors_check_finite(file);
    epo__safetensors_free(file);
}

static void damaged_files_never_crash(void **state)
{
    (void)state;
    char *folder = temp_make();
    size_t size;
    unsigned char *bytes = read_file(FIXTURE, &size);
    mutate(temp_path(folder, "m.safetensors"), bytes, size, size, 4000, read_all);
    free(bytes);
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(writing_fails_whole),
        cmocka_unit_test(files_from_elsewhere_are_read),
        cmocka_unit_test(headers_that_swell_are_refused),
        cmocka_unit_test(impossible_files_are_refused),
        cmocka_unit_test(values_that_are_not_finite_are_named),
        cmocka_unit_test(one_flipped_bit_is_always_found),
        cmocka_unit_test(damaged_files_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
