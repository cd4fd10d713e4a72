/* SPDX-License-Identifier: BSD-3-Clause
 * test_avro.c - Avro containers built byte by byte: every type, every lie. */
#include "support/check.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/text.h"
#include "formats/avro.h"

static const char SYNC[] = "0123456789abcdef";

/* --- writing what Avro's specification says, and what it does not ----------------------------------------------------
 */

static void add_long(epo__string *s, int64_t value)
{
    uint64_t raw = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    do {
        char byte = (char)((raw & 0x7f) | (raw > 0x7f ? 0x80 : 0));
        epo__string_addn(s, &byte, 1);
        raw >>= 7;
    } while (raw);
}

static void add_text(epo__string *s, const char *text)
{
    add_long(s, (int64_t)strlen(text));
    epo__string_add(s, text);
}

static void add_double(epo__string *s, double value)
{
    epo__string_addn(s, (const char *)&value, sizeof value);
}

static void add_float(epo__string *s, float value)
{
    epo__string_addn(s, (const char *)&value, sizeof value);
}

static void add_header(epo__string *s, const char *schema, const char *codec)
{
    epo__string_addn(s, "Obj\1", 4);
    add_long(s, codec ? 2 : 1);
    add_text(s, "avro.schema");
    add_text(s, schema);
    if (codec) {
        add_text(s, "avro.codec");
        add_text(s, codec);
    }
    add_long(s, 0);
    epo__string_addn(s, SYNC, 16);
}

static void add_block(epo__string *s, int64_t records, const char *bytes, size_t size)
{
    add_long(s, records);
    add_long(s, (int64_t)size);
    epo__string_addn(s, bytes, size);
    epo__string_addn(s, SYNC, 16);
}

static void save(const char *path, epo__string *s)
{
    assert_false(s->failed);
    write_file(path, s->text, s->length);
    epo__string_free(s);
}

/* A container of one block. */
static void save_one(const char *path, const char *schema, int64_t records, epo__string *body)
{
    epo__string s = {0};
    add_header(&s, schema, NULL);
    add_block(&s, records, body->text ? body->text : "", body->length);
    epo__string_free(body);
    save(path, &s);
}

typedef struct fixture {
    char *folder;
    const char *path;
    char path_text[1024];
    epo__avro_reader *reader; /* of the values x, y and r.z */
    epo__avro_value v[3];
    bool end;
} fixture;

static int setup(void **state)
{
    static const char *const paths[] = {"x", "y", "r.z"};
    fixture *f = calloc(1, sizeof *f);
    f->folder = temp_make();
    snprintf(f->path_text, sizeof f->path_text, "%s", temp_path(f->folder, "a.avro"));
    f->path = f->path_text;
    check_ok(epo__avro_create(paths, 3, &f->reader));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    epo__avro_free(f->reader);
    temp_remove(f->folder);
    free(f);
    return 0;
}

#define LONG_X "{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"}]}"

/* --- tests ----------------------------------------------------------------------------------------------------------
 */

static void every_type_is_stepped_over(void **state)
{
    fixture *f = *state;
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"t\",\"namespace\":\"n.s\",\"fields\":["
        "{\"name\":\"nothing\",\"type\":\"null\"},{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"i\",\"type\":"
        "\"int\"},"
        "{\"name\":\"l\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},{\"name\":\"f\",\"type\":"
        "\"float\"},"
        "{\"name\":\"d\",\"type\":\"double\"},{\"name\":\"by\",\"type\":\"bytes\"},{\"name\":\"s\",\"type\":\"string\"}"
        ","
        "{\"name\":\"fx\",\"type\":{\"type\":\"fixed\",\"name\":\"f5\",\"size\":5}},"
        "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"en\",\"symbols\":[\"p\",\"q\"]}},"
        "{\"name\":\"ar\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"n.s.f5\"]}},"
        "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"en\"}},"
        "{\"name\":\"nulls\",\"type\":{\"type\":\"array\",\"items\":\"null\"}},"
        "{\"name\":\"r\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"rec\",\"fields\":["
        "{\"name\":\"z\",\"type\":[\"float\",\"null\"]},{\"name\":\"next\",\"type\":[\"null\",\"rec\"]}]}]},"
        "{\"name\":\"x\",\"type\":\"f5\"},{\"name\":\"again\",\"type\":\"rec\"},{\"name\":\"y\",\"type\":[\"string\","
        "\"en\"]}]}";
    epo__string body = {0};
    for (int n = 0; n < 2; n++) {
        epo__string_addn(&body, "\1", 1);
        add_long(&body, INT32_MIN);
        add_long(&body, INT64_MAX);
        add_float(&body, 1);
        add_double(&body, 2);
        add_text(&body, "by\n");
        add_text(&body, "");
        epo__string_add(&body, "fixed");
        add_long(&body, 1);
        add_long(&body, 1); /* the array: one item, then a block of two with its size, then the end */
        add_long(&body, 0);
        add_long(&body, -2);
        add_long(&body, 7);
        add_long(&body, 1);
        epo__string_add(&body, "FIXED");
        add_long(&body, 0);
        add_long(&body, 0);
        add_long(&body, 1); /* the map */
        add_text(&body, "key");
        add_long(&body, 0);
        add_long(&body, 0);
        add_long(&body, INT64_MAX); /* nulls take no bytes: any number of them is one step */
        add_long(&body, 0);
        add_long(&body, 1); /* r, and inside it another */
        add_long(&body, 0);
        add_float(&body, 1.5f);
        add_long(&body, 1);
        add_long(&body, 0);
        add_float(&body, -1);
        add_long(&body, 0);
        epo__string_add(&body, n ? "FIVE2" : "FIVE1");
        add_long(&body, 1); /* again: z null, no next */
        add_long(&body, 0);
        add_long(&body, n); /* y: a text, then an enum */
        if (n)
            add_long(&body, 1);
        else
            add_text(&body, "text");
    }
    save_one(f->path, schema, 2, &body);
    check_ok(epo__avro_open(f->reader, f->path));
    assert_int_equal(epo__avro_found(f->reader), 7);
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_false(f->end);
    assert_int_equal(f->v[0].kind, EPO__AVRO_FIXED);
    assert_int_equal(f->v[0].size, 5);
    assert_memory_equal(f->v[0].bytes, "FIVE1", 5);
    assert_int_equal(f->v[1].kind, EPO__AVRO_STRING);
    assert_int_equal(f->v[1].size, 4);
    assert_memory_equal(f->v[1].bytes, "text", 4);
    assert_int_equal(f->v[2].kind, EPO__AVRO_FLOAT);
    assert_true(f->v[2].real == 1.5);
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_memory_equal(f->v[0].bytes, "FIVE2", 5);
    assert_int_equal(f->v[1].kind, EPO__AVRO_ENUM);
    assert_int_equal(f->v[1].integer, 1);
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_true(f->end);
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_true(f->end);
}

/* The record at r is the one of another field, defined there: found by its name, and asked something only at r. */
static void a_shared_record_is_read_by_path(void **state)
{
    fixture *f = *state;
    epo__string body = {0};
    add_long(&body, 11);
    add_long(&body, -22);
    add_long(&body, 33);
    save_one(
        f->path,
        "{\"type\":\"record\",\"name\":\"a.b.t\",\"fields\":[{\"name\":\"q\",\"type\":{\"type\":\"record\",\"name\":"
        "\"in\",\"fields\":[{\"name\":\"z\",\"type\":\"int\"}]}},{\"name\":\"r\",\"type\":[\"a.b.in\"]},"
        "{\"name\":\"p\",\"type\":\"in\"}]}",
        1, &body);
    assert_int_equal(epo__avro_open(f->reader, f->path), EPO_OK);
    assert_int_equal(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT); /* branch -11 */
    body = (epo__string){0};
    add_long(&body, 11);
    add_long(&body, 0);
    add_long(&body, -22);
    add_long(&body, 33);
    save_one(
        f->path,
        "{\"type\":\"record\",\"name\":\"a.b.t\",\"fields\":[{\"name\":\"q\",\"type\":{\"type\":\"record\",\"name\":"
        "\"in\",\"fields\":[{\"name\":\"z\",\"type\":\"int\"}]}},{\"name\":\"r\",\"type\":[\"a.b.in\"]},"
        "{\"name\":\"p\",\"type\":\"in\"}]}",
        1, &body);
    check_ok(epo__avro_open(f->reader, f->path));
    assert_int_equal(epo__avro_found(f->reader), 4);
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_int_equal(f->v[2].integer, -22);
    assert_int_equal(f->v[0].kind, EPO__AVRO_NULL);
}

static void impossible_schemas_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *schema;
        epo_status status;
        const char *why;
    } rows[] = {
        {"", EPO_EFORMAT, "not JSON"},
        {"{", EPO_EFORMAT, "not JSON"},
        {"7", EPO_EFORMAT, "neither name"},
        {"[]", EPO_EFORMAT, "union of nothing"},
        {"[[\"int\"]]", EPO_EFORMAT, "union directly inside"},
        {"\"nosuch\"", EPO_EFORMAT, "\"nosuch\" before"},
        {"{\"type\":\"record\",\"name\":\"t\"}", EPO_EFORMAT, "record without fields"},
        {"{\"type\":\"record\",\"fields\":[]}", EPO_EFORMAT, "without name"},
        {"{\"type\":\"record\",\"name\":\"t\",\"fields\":[7]}", EPO_EFORMAT, "field without"},
        {"{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"x\"}]}", EPO_EFORMAT, "field without"},
        {"{\"type\":\"array\"}", EPO_EFORMAT, "items"},
        {"{\"type\":\"map\"}", EPO_EFORMAT, "values"},
        {"{\"type\":\"fixed\",\"name\":\"t\"}", EPO_EFORMAT, "size"},
        {"{\"type\":\"fixed\",\"name\":\"t\",\"size\":-5}", EPO_EFORMAT, "size"},
        {"{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"t\","
         "\"size\":4}}]}",
         EPO_EFORMAT, "\"t\" twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        epo__string s = {0};
        add_header(&s, rows[i].schema, NULL);
        save(f->path, &s);
        check_fails(epo__avro_open(f->reader, f->path), rows[i].status, rows[i].why);
        assert_non_null(strstr(epo_error_message(), f->path));
    }
    epo__string s = {0}, schema = {0};
    for (int i = 0; i < 500; i++) epo__string_add(&schema, "{\"type\":\"array\",\"items\":");
    epo__string_add(&schema, "\"int\"");
    for (int i = 0; i < 500; i++) epo__string_add(&schema, "}");
    add_header(&s, schema.text, NULL);
    save(f->path, &s);
    check_fails(epo__avro_open(f->reader, f->path), EPO_ELIMIT, "nested");
    epo__string_clear(&schema);
    epo__string_add(&schema, "[\"int\"");
    for (int i = 0; i < 600; i++) epo__string_addf(&schema, ",{\"type\":\"fixed\",\"name\":\"f%d\",\"size\":1}", i);
    epo__string_add(&schema, "]");
    add_header(&s, schema.text, NULL);
    save(f->path, &s);
    check_fails(epo__avro_open(f->reader, f->path), EPO_ELIMIT, "types");
    epo__string_clear(&schema);
    epo__string_add(&schema, "[{}");
    for (int i = 0; i < 300000; i++) epo__string_add(&schema, ",{}");
    epo__string_add(&schema, "]");
    add_header(&s, schema.text, NULL);
    save(f->path, &s);
    check_fails(epo__avro_open(f->reader, f->path), EPO_ELIMIT, "values");
    epo__string_free(&schema);
}

static void broken_headers_are_refused(void **state)
{
    fixture *f = *state;
    epo__string s = {0};
    check_fails(epo__avro_open(f->reader, temp_path(f->folder, "none")), EPO_ENOTFOUND, "none");
    check_fails(epo__avro_open(f->reader, f->folder), EPO_EUNSUPPORTED, "directory");
    write_file(f->path, "", 0);
    check_fails(epo__avro_open(f->reader, f->path), EPO_EFORMAT, "not an Avro");
    write_file(f->path, "Obj\2", 4);
    check_fails(epo__avro_open(f->reader, f->path), EPO_EFORMAT, "not an Avro");
    write_file(f->path, "Obj\1\0", 5);
    check_fails(epo__avro_open(f->reader, f->path), EPO_EFORMAT, "no schema");
    write_file(f->path, "Obj\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15);
    check_fails(epo__avro_open(f->reader, f->path), EPO_EFORMAT, "no end");
    epo__string_addn(&s, "Obj\1", 4);
    add_long(&s, INT64_MIN);
    add_long(&s, 1);
    save(f->path, &s);
    check_fails(epo__avro_open(f->reader, f->path), EPO_ELIMIT, "keys of metadata");
    epo__string_addn(&s, "Obj\1", 4);
    add_long(&s, 1);
    add_text(&s, "avro.schema");
    add_long(&s, INT64_MAX);
    save(f->path, &s);
    check_fails(epo__avro_open(f->reader, f->path), EPO_ELIMIT, "value of the metadata");
    add_header(&s, LONG_X, "zstandard");
    save(f->path, &s);
    check_fails(epo__avro_open(f->reader, f->path), EPO_EUNSUPPORTED, "zstandard");
    add_header(&s, LONG_X, NULL);
    size_t whole = s.length;
    char *bytes = s.text;
    for (size_t n = 0; n < whole; n++) {
        write_file(f->path, bytes, n);
        assert_int_equal(epo__avro_open(f->reader, f->path), EPO_EFORMAT);
    }
    epo__string_free(&s);
    check_ok(epo__avro_next(f->reader, f->v, &f->end)); /* no file is open after a refusal */
    assert_true(f->end);
}

/* Three blocks of two records; the middle one is spoilt in one way after the other. */
static void a_bad_block_costs_itself_only(void **state)
{
    fixture *f = *state;
    static const struct {
        int64_t records, size;
        const char *bytes, *sync, *why;
        epo_status status;
        bool ends;
        int good; /* records read in all */
    } rows[] = {
        {2, 2, "\6\4", SYNC, NULL, EPO_OK, false, 6},
        {3, 2, "\6\4", SYNC, "claims 3 records", EPO_EFORMAT, false, 4},
        {INT64_MAX, 2, "\6\4", SYNC, "claims", EPO_EFORMAT, false, 4},
        {1, 2, "\6\4", SYNC, "left over", EPO_EFORMAT, false, 5},
        {2, 2, "\6\x84", SYNC, "cut short", EPO_EFORMAT, false, 5},
        {2, 13, "\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\x84\1", SYNC, "too long", EPO_EFORMAT, false, 4},
        {2, 2, "\6\4", "0123456789abcdeF", "sync", EPO_EFORMAT, true, 2},
        {-2, 2, "\6\4", SYNC, "negative", EPO_EFORMAT, true, 2},
        {2, -2, "\6\4", SYNC, "negative", EPO_EFORMAT, true, 2},
        {2, INT64_MAX, "\6\4", SYNC, "over", EPO_ELIMIT, true, 2},
        {2, 1000000, "\6\4", SYNC, "cut short", EPO_EFORMAT, true, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        epo__string s = {0};
        add_header(&s, LONG_X, NULL);
        add_block(&s, 2, "\2\4", 2);
        add_long(&s, rows[i].records);
        add_long(&s, rows[i].size);
        epo__string_addn(&s, rows[i].bytes, rows[i].size == 13 ? 13 : 2);
        epo__string_addn(&s, rows[i].sync, 16);
        add_block(&s, 2, "\2\4", 2);
        save(f->path, &s);
        check_ok(epo__avro_open(f->reader, f->path));
        int good = 0, bad = 0;
        for (f->end = false; !f->end;) {
            epo_status status = epo__avro_next(f->reader, f->v, &f->end);
            if (status) {
                bad++;
                assert_int_equal(status, rows[i].status);
                assert_int_equal(f->end, rows[i].ends);
                assert_non_null(strstr(epo_error_message(), rows[i].why));
                assert_non_null(strstr(epo_error_message(), "block 2"));
                assert_non_null(strstr(epo_error_message(), f->path));
            } else if (!f->end) {
                good++;
            }
        }
        assert_int_equal(bad, rows[i].why != NULL);
        assert_int_equal(good, rows[i].good);
    }
}

static void hostile_records_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *schema; /* of the only field */
        const char *bytes;
        size_t size;
        const char *why;
    } rows[] = {
        {"\"string\"", "\x7f", 1, "negative length"},
        {"\"string\"", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1", 10, "past the end"},
        {"\"bytes\"", "\x08xyz", 4, "past the end"},
        {"\"boolean\"", "\2", 1, "boolean"},
        {"\"int\"", "\x80\x80\x80\x80\x20", 5, "int is out of range"},
        {"\"double\"", "1234567", 7, "past the end"},
        {"\"float\"", "123", 3, "past the end"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":9223372036854775807}", "123", 3, "past the end"},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"a\"]}", "\2", 1, "no such symbol"},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"a\"]}", "\1", 1, "no such symbol"},
        {"[\"null\",\"int\"]", "\4", 1, "no such branch"},
        {"[\"null\",\"int\"]", "\1", 1, "no such branch"},
        {"{\"type\":\"array\",\"items\":\"int\"}", "\xfe\xff\xff\xff\x0f\0", 6, "more items"},
        {"{\"type\":\"array\",\"items\":\"int\"}", "\1\1\0", 3, "negative size"},
        {"{\"type\":\"array\",\"items\":\"int\"}", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\x20\0", 12, "past the end"},
        {"{\"type\":\"map\",\"values\":\"null\"}", "\xfe\xff\xff\xff\x0f\0", 6, "more items"},
        {"\"t\"", "\0", 1, "too deep"},
        {"[\"null\",\"t\"]", "\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2", 36,
         "too deep"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char schema[512];
        epo__string body = {0};
        snprintf(schema, sizeof schema,
                 "{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"x\",\"type\":%s}]}", rows[i].schema);
        epo__string_addn(&body, rows[i].bytes, rows[i].size);
        save_one(f->path, schema, 1, &body);
        check_ok(epo__avro_open(f->reader, f->path));
        check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, rows[i].why);
        assert_false(f->end);
        check_ok(epo__avro_next(f->reader, f->v, &f->end));
        assert_true(f->end);
    }
}

/* Records that take no bytes: a count alone must not make work. */
static void records_of_nothing_end(void **state)
{
    fixture *f = *state;
    epo__string s = {0};
    add_header(&s, "{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"x\",\"type\":\"null\"}]}", NULL);
    add_block(&s, INT64_MAX, "", 0);
    add_block(&s, 5, "12345", 5);
    save(f->path, &s);
    check_ok(epo__avro_open(f->reader, f->path));
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "claims");
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "no bytes");
    assert_false(f->end);
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_true(f->end);
}

static void packed_lies_are_refused(void **state)
{
    fixture *f = *state;
    /* 70 MB of zeros: a deflate bomb over the block's cap, and for one record over that of a record */
    size_t size = 70 << 20;
    unsigned char *zeros = calloc(size, 1), *packed = malloc(1 << 20);
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = zeros;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = 1 << 20;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    epo__string s = {0};
    add_header(&s, LONG_X, "deflate");
    add_block(&s, 1000000, (const char *)packed, length);
    add_block(&s, 1, (const char *)packed, length);
    add_block(&s, 1, (const char *)packed, length / 2);
    add_block(&s, 1, "\xff\xff\xff", 3);
    add_block(&s, 1, "\x03\x00", 2); /* nothing, deflated */
    save(f->path, &s);
    free(zeros);
    check_ok(epo__avro_open(f->reader, f->path));
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_ELIMIT, "over 67108864");
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_ELIMIT, "over 16777216");
    assert_int_equal(epo__avro_next(f->reader, f->v, &f->end), EPO_ELIMIT);
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "does not inflate");
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "claims 1 records in 0 bytes");
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_true(f->end);
    free(packed);

    char snap[64];
    size_t n = sizeof snap - 4;
    assert_int_equal(snappy_compress("\2", 1, snap, &n), SNAPPY_OK);
    uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)"\2", 1);
    for (int i = 0; i < 4; i++) snap[n + (size_t)i] = (char)(crc >> (24 - 8 * i));
    add_header(&s, LONG_X, "snappy");
    add_block(&s, 1, snap, n + 4);
    add_block(&s, 1, snap, n + 3);
    add_block(&s, 1, snap, 3);
    snap[n + 3] = (char)(snap[n + 3] ^ 1);
    add_block(&s, 1, snap, n + 4);
    add_block(&s, 1, "\xff\xff\xff\xff\x0f____", 9); /* claims 4 GB */
    save(f->path, &s);
    check_ok(epo__avro_open(f->reader, f->path));
    check_ok(epo__avro_next(f->reader, f->v, &f->end));
    assert_int_equal(f->v[0].integer, 1);
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "snappy");
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "too short");
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_EFORMAT, "checksum");
    check_fails(epo__avro_next(f->reader, f->v, &f->end), EPO_ELIMIT, "inflates to over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_is_stepped_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shared_record_is_read_by_path, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_schemas_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_headers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_block_costs_itself_only, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_records_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(records_of_nothing_end, setup, teardown),
        cmocka_unit_test_setup_teardown(packed_lies_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
