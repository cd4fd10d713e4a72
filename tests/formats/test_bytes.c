/* SPDX-License-Identifier: BSD-3-Clause
 * test_bytes.c - whole files, gzip with a cap, SHA-256. */
#include "support/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/bytes.h"
#include "formats/digest.h"
#include "support/fitsmake.h"

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = temp_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_remove(folder);
    return 0;
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    const char *path = temp_path(folder, "five"), *no_name = temp_path(folder, "none");
    unsigned char *bytes = NULL;
    size_t size = 0;
    write_file(path, "ab\0cd", 5);
    check_ok(epo__bytes_read(path, 5, &bytes, &size));
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "ab\0cd", 5);
    free(bytes);
    check_fails(epo__bytes_read(path, 4, &bytes, &size), EPO_ELIMIT, "over the limit of 4");
    check_fails(epo__bytes_read(no_name, 5, &bytes, &size), EPO_ENOTFOUND, no_name);
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
    (void)state;
    unsigned char *bytes;
    size_t size;
    const char *fifo = temp_path(folder, "fifo"), *empty = temp_path(folder, "empty");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    write_file(empty, "", 0);
    alarm(5); /* a reader that waits on the fifo is killed */
    check_fails(epo__bytes_read(fifo, 5, &bytes, &size), EPO_EUNSUPPORTED, "is a fifo");
    check_fails(epo__bytes_read(folder, 5, &bytes, &size), EPO_EUNSUPPORTED, "is a directory");
    check_fails(epo__bytes_read("/dev/zero", 5, &bytes, &size), EPO_EUNSUPPORTED, "is a device");
    check_fails(epo__bytes_read(empty, 5, &bytes, &size), EPO_EFORMAT, "is empty");
    check_fails(epo__bytes_read("/dev/null/x", 5, &bytes, &size), EPO_ENOTFOUND, "/dev/null/x");
    alarm(0);
}

static void gzip_of(const void *bytes, size_t size, fm_file *out)
{
    fm_file plain = {0};
    fm_bytes(&plain, bytes, size);
    fm_gzip(&plain, out);
    fm_free(&plain);
}

static void members_are_joined(void **state)
{
    (void)state;
    fm_file gz = {0};
    unsigned char *out;
    size_t size;
    gzip_of("first, ", 7, &gz);
    gzip_of(NULL, 0, &gz);
    gzip_of("second", 6, &gz);
    fm_bytes(&gz, NULL, 100); /* padding of a tape */
    assert_true(epo__is_gzip(gz.data, gz.size));
    assert_false(epo__is_gzip(gz.data, 2));
    check_ok(epo__gunzip(gz.data, gz.size, 13, &out, &size));
    assert_int_equal(size, 13);
    assert_memory_equal(out, "first, second", 13);
    free(out);
    check_fails(epo__gunzip(gz.data, gz.size, 12, &out, &size), EPO_ELIMIT, "more than 12 bytes");
    fm_bytes(&gz, "x", 1);
    check_fails(epo__gunzip(gz.data, gz.size, 13, &out, &size), EPO_EFORMAT, "not gzip follow");
    fm_free(&gz);
}

static void every_truncation_and_damage_is_seen(void **state)
{
    (void)state;
    fm_file gz = {0};
    unsigned char text[5000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (unsigned char)(i * i >> 7);
    gzip_of(text, sizeof text, &gz);
    epo__bytes out = {0};
    for (size_t size = 0; size < gz.size; size++) {
        assert_int_equal(epo__gunzip_into(gz.data, size, sizeof text, &out), EPO_EFORMAT);
        assert_int_equal(out.size, 0);
    }
    gz.data[gz.size - 6] ^= 1; /* the checksum */
    check_fails(epo__gunzip_into(gz.data, gz.size, sizeof text, &out), EPO_EFORMAT, "damaged");
    gz.data[gz.size - 6] ^= 1;
    check_ok(epo__gunzip_into(gz.data, gz.size, sizeof text, &out));
    assert_int_equal(out.size, sizeof text);
    assert_memory_equal(out.data, text, sizeof text);
    check_fails(epo__gunzip_into("not gzip", 8, 100, &out), EPO_EFORMAT, "not gzip");
    epo__bytes_free(&out);
    assert_null(out.data);
    fm_free(&gz);
}

static void a_bomb_stops_at_the_cap(void **state)
{
    (void)state;
    fm_file gz = {0};
    epo__bytes out = {0};
    gzip_of(NULL, (size_t)64 << 20, &gz); /* 64 MiB of zeros in 64 KiB */
    check_fails(epo__gunzip_into(gz.data, gz.size, (size_t)4 << 20, &out), EPO_ELIMIT, "more than 4194304 bytes");
    assert_true(out.capacity <= ((size_t)4 << 20) + 1);
    /* a reused buffer is larger than this cap, which holds all the same */
    check_fails(epo__gunzip_into(gz.data, gz.size, 1000, &out), EPO_ELIMIT, "more than 1000 bytes");
    fm_free(&gz);
    gzip_of("small", 5, &gz);
    check_ok(epo__gunzip_into(gz.data, gz.size, 5, &out));
    assert_memory_equal(out.data, "small", 5);
    check_fails(epo__gunzip_into(gz.data, gz.size, 4, &out), EPO_ELIMIT, "more than 4 bytes");
    check_fails(epo__gunzip_into(gz.data, gz.size, 0, &out), EPO_ELIMIT, "more than 0 bytes");
    epo__bytes_free(&out);
    fm_free(&gz);
}

/* Examples of FIPS 180-4 and NIST's SHA256LongMsg: "abc", the empty text, a million times "a". */
static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    static const char *const million_a = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    char hex[EPO__SHA256_TEXT];
    unsigned char raw[EPO__SHA256_SIZE];
    epo__sha256_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    epo__sha256_of("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    char *text = malloc(1000000);
    assert_non_null(text);
    memset(text, 'a', 1000000);
    epo__sha256 sha;
    epo__sha256_init(&sha);
    for (size_t at = 0, step = 1; at < 1000000; at += step, step = step * 3 + 1)
        epo__sha256_add(&sha, text + at, step < 1000000 - at ? step : 1000000 - at);
    epo__sha256_end(&sha, raw);
    epo__sha256_hex(raw, hex);
    assert_string_equal(hex, million_a);
    const char *path = temp_path(folder, "million");
    write_file(path, text, 1000000);
    free(text);
    memset(hex, 0, sizeof hex);
    check_ok(epo__sha256_file(path, hex));
    assert_string_equal(hex, million_a);
    check_fails(epo__sha256_file(folder, hex), EPO_EUNSUPPORTED, "is a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(what_is_no_file_is_refused_without_waiting),
        cmocka_unit_test(members_are_joined),
        cmocka_unit_test(every_truncation_and_damage_is_seen),
        cmocka_unit_test(a_bomb_stops_at_the_cap),
        cmocka_unit_test(digests_are_those_of_the_standard),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
