/* SPDX-License-Identifier: BSD-3-Clause
 * json_write.c - jansson's values as text, in the bytes that json_dumps gives. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static void add_text(epo__string *s, const char *text, size_t length)
{
    static const char letters[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    const char *end = text + length;
    epo__string_add(s, "\"");
    while (text < end) {
        const char *from = text;
        while (text < end && (unsigned char)*text >= 0x20 && *text != '"' && *text != '\\') text++;
        epo__string_addn(s, from, (size_t)(text - from));
        if (text == end) break;
        const char *known = *text ? strchr(values, *text) : NULL;
        if (known)
            epo__string_addf(s, "\\%c", letters[known - values]);
        else
            epo__string_addf(s, "\\u%04X", (unsigned)*text);
        text++;
    }
    epo__string_add(s, "\"");
}

/* %g, with a point or an exponent to say that it is no whole number: 1.0, 1e20, 1e-7. */
static void add_real(epo__string *s, double value, int digits)
{
    char text[40];
    snprintf(text, sizeof text, "%.*g", digits, value);
    char *comma = strchr(text, ','); /* the process may have a locale with one */
    if (comma) *comma = '.';
    char *exponent = strchr(text, 'e');
    if (!exponent) {
        epo__string_add(s, text);
        if (!strchr(text, '.')) epo__string_add(s, ".0");
        return;
    }
    const char *number = exponent + 1;
    epo__string_addn(s, text, (size_t)(number - text));
    if (*number == '-') epo__string_add(s, "-");
    if (*number == '-' || *number == '+') number++;
    while (*number == '0') number++;
    epo__string_add(s, number);
}

static void add_value(epo__string *s, const json_t *value, int digits)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        json_t *object = (json_t *)value; /* jansson's iterators take no const */
        epo__string_add(s, "{");
        for (void *at = json_object_iter(object), *begin = at; at; at = json_object_iter_next(object, at)) {
            if (at != begin) epo__string_add(s, ",");
            add_text(s, json_object_iter_key(at), strlen(json_object_iter_key(at)));
            epo__string_add(s, ":");
            add_value(s, json_object_iter_value(at), digits);
        }
        epo__string_add(s, "}");
        break;
    }
    case JSON_ARRAY:
        epo__string_add(s, "[");
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i) epo__string_add(s, ",");
            add_value(s, json_array_get(value, i), digits);
        }
        epo__string_add(s, "]");
        break;
    case JSON_STRING:
        add_text(s, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        epo__string_addf(s, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        add_real(s, json_real_value(value), digits);
        break;
    case JSON_TRUE:
        epo__string_add(s, "true");
        break;
    case JSON_FALSE:
        epo__string_add(s, "false");
        break;
    case JSON_NULL:
        epo__string_add(s, "null");
        break;
    }
}

char *epo__json_write(const json_t *value, int digits)
{
    epo__string s = {0};
    add_value(&s, value, digits);
    if (!s.failed) return s.text;
    epo__string_free(&s);
    return NULL;
}
