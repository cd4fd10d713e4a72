/* SPDX-License-Identifier: BSD-3-Clause
 * json.c - a recursive reader of JSON (RFC 8259). A value is put into its parent as soon as it is whole, so that what there is
 * hangs together and is released at one place. */
#include "base/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

typedef struct reader {
    const char *at, *end;
    size_t line;
    int flags, depth;
    char *scratch; /* the string or number that was read last */
    size_t length, room;
} reader;

static epo_status wrong(const reader *r, const char *what)
{
    size_t near = 0;
    while (near < 20 && r->at + near < r->end && r->at[near] != '\n') near++;
    if (near == 0) return epo__fail(EPO_EFORMAT, "line %zu: %s near the end of %s", r->line, what, r->at < r->end ? "the line" : "the text");
    return epo__fail(EPO_EFORMAT, "line %zu: %s near '%.*s'", r->line, what, (int)near, r->at);
}

static void skip_blanks(reader *r)
{
    for (; r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'); r->at++)
        if (*r->at == '\n') r->line++;
}

static bool next_is(const reader *r, char c)
{
    return r->at < r->end && *r->at == c;
}

/* Room for `count` more bytes and a NUL. */
static epo_status keep_room(reader *r, size_t count)
{
    return epo__grow(&r->scratch, &r->room, r->length + count + 1, 1) ? EPO_OK : epo__nomem("JSON");
}

/* --- strings --------------------------------------------------------------------------------------------------------- */

static bool read_hex(reader *r, uint32_t *out)
{
    if (r->end - r->at < 4) return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const char c = r->at[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    r->at += 4;
    return true;
}

/* What follows "\u", as UTF-8. A character beyond U+FFFF is two of them: high surrogate, low surrogate. */
static epo_status read_unicode(reader *r)
{
    uint32_t c, low;
    if (!read_hex(r, &c)) return wrong(r, "four hex digits expected");
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return wrong(r, "half a character");
        r->at += 2;
        if (!read_hex(r, &low) || low < 0xdc00 || low > 0xdfff) return wrong(r, "half a character");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return wrong(r, "half a character");
    }
    if (c == 0) return wrong(r, "a string with U+0000");
    char *to = r->scratch + r->length;
    const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[more] | c >> 6 * more);
    for (int i = more - 1; i >= 0; i--) *to++ = (char)(0x80 | (c >> 6 * i & 0x3f));
    r->length += (size_t)more + 1;
    return EPO_OK;
}

static epo_status read_escape(reader *r)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    r->at++;
    if (next_is(r, 'u')) {
        r->at++;
        return read_unicode(r);
    }
    const char *letter = r->at < r->end && *r->at ? strchr(letters, *r->at) : NULL;
    if (!letter) return wrong(r, "no such escape");
    r->scratch[r->length++] = values[letter - letters];
    r->at++;
    return EPO_OK;
}

/* A string into the scratch, from its quote to behind the other. */
static epo_status read_string(reader *r)
{
    epo_status status = EPO_OK;
    r->length = 0;
    r->at++;
    while (status == EPO_OK && !next_is(r, '"')) {
        if (r->at == r->end) return wrong(r, "'\"' expected");
        if ((unsigned char)*r->at < 0x20) return wrong(r, "a control character in a string");
        status = keep_room(r, 4);
        if (status != EPO_OK) return status;
        if (*r->at == '\\') {
            status = read_escape(r);
            continue;
        }
        char c[5] = {0}; /* the text need not end with a NUL */
        for (int i = 0; i < 4 && r->at + i < r->end; i++) c[i] = r->at[i];
        const size_t n = epo__utf8_length(c);
        if (n == 0) return wrong(r, "not UTF-8");
        memcpy(r->scratch + r->length, c, n);
        r->length += n;
        r->at += n;
    }
    if (status == EPO_OK) status = keep_room(r, 0);
    if (status != EPO_OK) return status;
    r->scratch[r->length] = '\0';
    r->at++;
    return EPO_OK;
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */

static bool skip_digits(reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
    return r->at > from;
}

static epo_status read_number(reader *r, json_t **out)
{
    const char *from = r->at;
    bool whole = true;
    if (*r->at == '-') r->at++;
    if (next_is(r, '0'))
        r->at++;
    else if (!skip_digits(r))
        return wrong(r, "a value expected");
    if (next_is(r, '.')) {
        whole = false;
        r->at++;
        if (!skip_digits(r)) return wrong(r, "a digit expected");
    }
    if (next_is(r, 'e') || next_is(r, 'E')) {
        whole = false;
        r->at++;
        if (next_is(r, '+') || next_is(r, '-')) r->at++;
        if (!skip_digits(r)) return wrong(r, "a digit expected");
    }
    r->length = 0;
    epo_status status = keep_room(r, (size_t)(r->at - from));
    if (status != EPO_OK) return status;
    memcpy(r->scratch, from, (size_t)(r->at - from));
    r->scratch[r->at - from] = '\0';
    int64_t integer;
    double real;
    if (whole ? !epo__parse_int(r->scratch, INT64_MIN, INT64_MAX, &integer) : !epo__parse_double(r->scratch, &real))
        return wrong(r, "a number that is too large");
    *out = whole ? json_integer(integer) : json_real(real);
    return *out ? EPO_OK : epo__nomem("JSON");
}

/* --- values ------------------------------------------------------------------------------------------------------------ */

static epo_status read_value(reader *r, json_t **out);

static epo_status read_members(reader *r, json_t *object)
{
    char *name = NULL;
    epo_status status = EPO_OK;
    for (bool more = true; status == EPO_OK && more;) {
        json_t *value = NULL;
        skip_blanks(r);
        if (!next_is(r, '"')) return wrong(r, "a name in quotes expected");
        status = read_string(r);
        if (status != EPO_OK) return status;
        if (!(r->flags & EPO__JSON_DUPLICATES) && json_object_get(object, r->scratch)) return wrong(r, "duplicate object key");
        name = epo__strdup(r->scratch);
        if (!name) return epo__nomem("JSON");
        skip_blanks(r);
        if (next_is(r, ':')) {
            r->at++;
            status = read_value(r, &value);
        } else {
            status = wrong(r, "':' expected");
        }
        if (status == EPO_OK && json_object_set_new_nocheck(object, name, value) != 0) status = epo__nomem("JSON");
        free(name);
        if (status != EPO_OK) return status;
        skip_blanks(r);
        more = next_is(r, ',');
        if (!more && !next_is(r, '}')) return wrong(r, "',' or '}' expected");
        r->at++;
    }
    return status;
}

static epo_status read_items(reader *r, json_t *array)
{
    epo_status status = EPO_OK;
    for (bool more = true; status == EPO_OK && more;) {
        json_t *value = NULL;
        status = read_value(r, &value);
        if (status == EPO_OK && json_array_append_new(array, value) != 0) status = epo__nomem("JSON");
        if (status != EPO_OK) return status;
        skip_blanks(r);
        more = next_is(r, ',');
        if (!more && !next_is(r, ']')) return wrong(r, "',' or ']' expected");
        r->at++;
    }
    return status;
}

static epo_status read_nested(reader *r, json_t **out)
{
    const bool object = *r->at == '{';
    if (r->depth == EPO__JSON_MAX_DEPTH) return wrong(r, "nested too deep");
    *out = object ? json_object() : json_array();
    if (!*out) return epo__nomem("JSON");
    r->depth++;
    r->at++;
    skip_blanks(r);
    epo_status status = EPO_OK;
    if (next_is(r, object ? '}' : ']'))
        r->at++;
    else
        status = object ? read_members(r, *out) : read_items(r, *out);
    r->depth--;
    if (status == EPO_OK) return EPO_OK;
    json_decref(*out);
    *out = NULL;
    return status;
}

static bool take_word(reader *r, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0) return false;
    r->at += n;
    return true;
}

static epo_status read_value(reader *r, json_t **out)
{
    skip_blanks(r);
    if (next_is(r, '{') || next_is(r, '[')) return read_nested(r, out);
    if (next_is(r, '"')) {
        epo_status status = read_string(r);
        if (status != EPO_OK) return status;
        *out = json_stringn_nocheck(r->scratch, r->length);
        return *out ? EPO_OK : epo__nomem("JSON");
    }
    if (take_word(r, "true"))
        *out = json_true();
    else if (take_word(r, "false"))
        *out = json_false();
    else if (take_word(r, "null"))
        *out = json_null();
    else if (r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')))
        return read_number(r, out);
    else
        return wrong(r, "a value expected");
    return EPO_OK;
}

epo_status epo__json_read(const char *text, size_t size, int flags, json_t **out)
{
    reader r = {.at = text, .end = text + size, .line = 1, .flags = flags};
    *out = NULL;
    skip_blanks(&r);
    epo_status status =
        flags & EPO__JSON_ANY || next_is(&r, '{') || next_is(&r, '[') ? read_value(&r, out) : wrong(&r, "'[' or '{' expected");
    skip_blanks(&r);
    if (status == EPO_OK && r.at < r.end) status = wrong(&r, "the end expected");
    free(r.scratch);
    if (status == EPO_OK) return EPO_OK;
    json_decref(*out);
    *out = NULL;
    return status;
}
