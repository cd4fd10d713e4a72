/* SPDX-License-Identifier: BSD-3-Clause
 * json.h - JSON from outside into jansson's values, and values to text.
 *
 * jansson's own reader does not look whether its buffer grew: without memory it loses a byte of a text and goes on with it, or
 * aborts the process; and its writer does not look whether a name was written. Its values are sound, so this reads RFC 8259 into
 * them and writes them. */
#ifndef EPO_BASE_JSON_H
#define EPO_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "epochal/status.h"

enum {
    EPO__JSON_ANY = 1,        /* the text may be any value; an array or an object otherwise */
    EPO__JSON_DUPLICATES = 2, /* of two members of one name the later counts; refused otherwise */
    EPO__JSON_MAX_DEPTH = 2048
};

/* The whole of `text` is one value, in *out, which json_decref releases. Whole numbers must fit 64 bits; U+0000 is refused in
 * strings. EPO_EFORMAT with a message like "line 2: ',' or ']' expected near 'x'", or EPO_ENOMEM; *out is NULL then. */
epo_status epo__json_read(const char *text, size_t size, int flags, json_t **out);

/* The value as text without blanks, its reals with so many significant digits. The caller frees it; NULL without memory. */
char *epo__json_write(const json_t *value, int digits);

#endif
