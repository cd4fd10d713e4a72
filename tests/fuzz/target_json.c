/* SPDX-License-Identifier: BSD-3-Clause
 * target_json.c - JSON, held against jansson's own reader: both take the same texts and find the same values; and what
 * is written of a value is read as that value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fuzz/target.h"

static void must(int fine, const char *what)
{
    if (fine) return;
    fprintf(stderr, "json: %s\n", what);
    abort();
}

static int compare(const char *text, size_t size, int ours, size_t theirs)
{
    json_t *value = NULL, *again = NULL;
    json_error_t error;
    const int taken = epo__json_read(text, size, ours, &value) == EPO_OK;
    json_t *other = json_loadb(text, size, theirs, &error);
    must(taken == (value != NULL), "a value and a failure, or neither");
    if (memchr(text, 0, size)) /* jansson 2.14 passes over a NUL behind a number */
        must(!taken, "a NUL is no JSON");
    else
        must(taken == (other != NULL), "one takes it, the other does not");
    must(!taken || json_equal(value, other), "another value than jansson's");
    char *written = taken ? epo__json_write(value, 17) : NULL;
    if (written) {
        fuzz_touch_text(written);
        must(epo__json_read(written, strlen(written), ours, &again) == EPO_OK, "what was written is not read");
        must(json_equal(value, again), "what was written is another value");
    }
    free(written);
    json_decref(again);
    json_decref(other);
    json_decref(value);
    return taken;
}

static int run(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    const int taken = compare(text, size, 0, JSON_REJECT_DUPLICATES);
    return compare(text, size, EPO__JSON_ANY | EPO__JSON_DUPLICATES, JSON_DECODE_ANY) || taken;
}

static const char *const words[] = {"{",
                                    "}",
                                    "[",
                                    "]",
                                    ":",
                                    ",",
                                    "\"",
                                    "\"a\":",
                                    "null",
                                    "true",
                                    "false",
                                    "\\u00e9",
                                    "\\ud83c\\udf0b",
                                    "\\ud800",
                                    "\\u0000",
                                    "\\n",
                                    "\\/",
                                    "\xc3\xa9",
                                    "\xff",
                                    "1e308",
                                    "1e309",
                                    "-0",
                                    "-0.0",
                                    "0.1e-5",
                                    "01",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "1.",
                                    "-",
                                    "\x01",
                                    "\xed\xa0\x80",
                                    "\xf0\x9f\x8c\x8b",
                                    NULL};

const fuzz_target fuzz_json = {.name = "json", .run = run, .words = words, .max_size = 4 << 10};
