/* SPDX-License-Identifier: BSD-3-Clause
 * text.h - strict parsing of numbers and dates that came from outside, and a growing string. */
#ifndef EPO_BASE_TEXT_H
#define EPO_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole text, blanks around it aside, must be one number in range; false otherwise, with *out untouched.
 * Locale-independent: the point is always '.'. parse_double takes "nan" and "inf", which the caller may refuse. */
bool epo__parse_double(const char *text, double *out);
bool epo__parse_int(const char *text, int64_t low, int64_t high, int64_t *out);

/* Modified Julian Date of a civil date at 0h UT (Gregorian; Fliegel & Van Flandern 1968). */
double epo__mjd_of_date(int year, int month, int day);

/* The night's name in CRTS file names, "06APR02" (YYMMMDD, years 1990 to 2089), as the MJD of its 0h UT. */
bool epo__parse_yymmmdd(const char *text, double *mjd);

/* The civil date of an MJD as "2006-04-02". `out` holds at least 11 bytes. */
void epo__date_of_mjd(double mjd, char out[11]);

/* Bytes of the valid UTF-8 character at `text` (no overlong forms, no surrogates); 0 when it is not one. */
size_t epo__utf8_length(const char *text);

/* Whether the valid character of `length` bytes may be shown: no control character (U+0080 to U+009F move a terminal as the
 * escape character does), none that turns the direction of the text after it (a file name may be made to look like another
 * one by them), no non-character. Tab and line feed are plain. */
bool epo__utf8_plain(const char *text, size_t length);

/* Turns what may not be shown on one line, and what is not UTF-8, into '?', in place. */
void epo__make_printable(char *text);

/* A string that grows; all zeros is an empty one. After a failed allocation `failed` stays set and adding does
 * nothing, so that a long run of adds is checked once at its end. */
typedef struct epo__string {
    char *text; /* NUL-terminated once anything was added */
    size_t length, capacity;
    bool failed;
} epo__string;

void epo__string_add(epo__string *s, const char *text);
void epo__string_addn(epo__string *s, const char *bytes, size_t count);
void epo__string_addf(epo__string *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds `text` as a JSON string with its quotes, NULL as null; bytes that are not valid UTF-8 become U+FFFD. */
void epo__string_add_json(epo__string *s, const char *text);
/* Adds `count` texts as a JSON array, `between` ("," or ", ") between them. */
void epo__string_add_json_list(epo__string *s, const char *const *texts, size_t count, const char *between);
void epo__string_clear(epo__string *s); /* empty again, memory kept */
void epo__string_free(epo__string *s);

/* Steps over one character of UTF-8 and returns its code point; a byte that is not valid UTF-8 is U+FFFD. 0 at the end,
 * where it stays. */
uint32_t epo__utf8_next(const char **text);

/* Whether `size` bytes, read as JSON, hold at most EPO__JSON_MAX_VALUES values: a reader of JSON builds each of them, at up to a
 * hundred times the bytes that it has in the text ("{},"). To be asked before a text from outside is given to one. */
enum { EPO__JSON_MAX_VALUES = 1 << 18 };
bool epo__json_fits(const char *text, size_t size);

/* True when `text` ends with `suffix`, letters compared without case. */
bool epo__ends_with(const char *text, const char *suffix);

#endif
