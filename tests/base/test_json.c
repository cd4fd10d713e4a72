/* SPDX-License-Identifier: BSD-3-Clause
 * test_json.c - our reader and writer of JSON against jansson's own: the same texts taken, the same values, the same texts refused, the same bytes written. */
#include "support/check.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/rng.h"

static void compare(const char *text, size_t size, int flags)
{
    json_t *ours = NULL;
    const epo_status status = epo__json_read(text, size, flags, &ours);
    json_t *theirs = json_loadb(text, size, (flags & EPO__JSON_ANY ? JSON_DECODE_ANY : 0u) | (flags & EPO__JSON_DUPLICATES ? 0u : JSON_REJECT_DUPLICATES), NULL);
    if ((status == EPO_OK) != (theirs != NULL)) fail_msg("'%.*s' is %s", (int)size, text, theirs ? "refused" : "taken");
    if (status == EPO_OK) {
        if (!json_equal(ours, theirs)) fail_msg("'%.*s' is read as something else", (int)size, text);
        char *a = json_dumps(ours, JSON_ENCODE_ANY), *b = json_dumps(theirs, JSON_ENCODE_ANY); /* with the order of names */
        assert_string_equal(a, b);
        free(a);
        free(b);
        for (int digits = 5; digits <= 17; digits += 6) {
            a = epo__json_write(ours, digits);
            b = json_dumps(ours, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
            assert_string_equal(a, b);
            free(a);
            free(b);
        }
    } else {
        assert_int_equal(status, EPO_EFORMAT);
        assert_null(ours);
        assert_non_null(strstr(epo_error_message(), "line "));
    }
    json_decref(ours);
    json_decref(theirs);
}

static const char *const texts[] = {
    "{}", "[]", " [ ] \n", "[1]", "[1,]", "[,1]", "[1 2]", "{\"a\":1}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":1,\"a\":2}", "{\"a\":{\"a\":[{}]}}",
    "", " ", "1", "null", "nul", "truefalse", "[true,false,null]", "[True]", "[]x", "[] []", "[0,-0,0.0,-0.5e-3,1E+2,1e400,-1e400,1e-400]", "[1e400]", "[1e-400]",
    "[01]", "[-]", "[+1]", "[1.]", "[.5]", "[1e]", "[1e+]", "[--1]", "[0x10]", "[nan]", "[Infinity]", "[9223372036854775807,-9223372036854775808]",
    "[9223372036854775808]", "[-9223372036854775809]", "[123456789.123456789]", "\"a\"", "[\"a\\n\\t\\r\\b\\f\\/\\\\\\\"\"]", "[\"\\x\"]", "[\"\\",
    "[\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"]", "[\"\\u0000\"]", "[\"\\ud83d\"]", "[\"\\ud83dx\"]", "[\"\\ud83d\\u0041\"]", "[\"\\ude00\"]", "[\"\\u12\"]",
    "[\"\\u12g4\"]", "[\"\\uABCD\"]", "[\"a\nb\"]", "[\"\x7f\"]", "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]", "[\"\xff\"]", "[\"\xc3\"]", "[\"\xc0\x80\"]",
    "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "{\"\":0}", "{\"\xc3\xa9\":\"\\u00e9\"}", "{\"a\\u0000b\":1}", "[1,\n2,\n\"", "{\"a\":", "{\"a\"", "{", "[", "[[[[",
    "\xef\xbb\xbf[]", "[1]\f", "/**/[]", "['a']", "[\"a\"", "{\"a\":1]", "[1}", "{1:2}", "{null:1}", "{\"a\":1 \"b\":2}",
};

static void both_read_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int flags = 0; flags < 4; flags++) compare(texts[i], strlen(texts[i]), flags);
    compare("[1]\0", 4, 0); /* a NUL is no blank */
    compare("[\"a\0b\"]", 7, 0);
}

/* Texts that are nearly right, and what is left of them in the middle. */
static void and_damaged_ones(void **state)
{
    (void)state;
    static const char whole[] = "{\"name\": \"al\\u00e9rt\", \"type\": [\"null\", {\"x\": -1.25e3, \"y\": [1, 20, 300], \"z\": true}], \"\xe2\x82\xac\": \"\\\\ \\\"q\\\"\", \"n\": null}\n";
    static const char signs[] = "0123456789-+.eE{}[],:\"\\ \n\tuntrfals\xc3\xa9\xff";
    char text[sizeof whole];
    epo__rng rng = {.seed = 5};
    for (size_t size = 0; size < sizeof whole; size++) compare(whole, size, 0);
    for (int round = 0; round < 20000; round++) {
        memcpy(text, whole, sizeof whole);
        size_t size = sizeof whole - 1;
        for (uint32_t i = 0; i <= epo__rng_below(&rng, 3); i++) {
            const uint32_t at = epo__rng_below(&rng, (uint32_t)size);
            const uint32_t how = epo__rng_below(&rng, 3);
            if (how == 0) {
                text[at] = signs[epo__rng_below(&rng, sizeof signs - 1)];
            } else if (how == 1) {
                memmove(text + at, text + at + 1, size - at - 1);
                size--;
            } else {
                text[at] = (char)(text[at] ^ 1 << epo__rng_below(&rng, 8));
            }
        }
        compare(text, size, round % 4);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    enum { DEEP = 100000 };
    char *text = malloc(2 * DEEP);
    assert_non_null(text);
    json_t *value;
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    check_fails(epo__json_read(text, 2 * DEEP, 0, &value), EPO_EFORMAT, "nested too deep");
    compare(text + DEEP - EPO__JSON_MAX_DEPTH, 2 * EPO__JSON_MAX_DEPTH, 0);
    compare(text + DEEP - EPO__JSON_MAX_DEPTH - 1, 2 * EPO__JSON_MAX_DEPTH + 2, 0);
    free(text);
}

static void errors_say_where(void **state)
{
    (void)state;
    json_t *value;
    static const char text[] = "{\"a\": 1,\n \"b\": x}";
    check_fails(epo__json_read(text, sizeof text - 1, 0, &value), EPO_EFORMAT, "line 2: a value expected near 'x}'");
    check_fails(epo__json_read(text, 5, 0, &value), EPO_EFORMAT, "line 1: a value expected near the end of the text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_read_the_same),
        cmocka_unit_test(and_damaged_ones),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(errors_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
