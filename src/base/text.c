/* SPDX-License-Identifier: BSD-3-Clause
 * text.c - strict parsing and the growing string. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool only_blanks(const char *text)
{
    while (isspace((unsigned char)*text)) text++;
    return *text == '\0';
}

bool epo__parse_double(const char *text, double *out)
{
    pthread_once(&c_locale_once, make_c_locale);
    if (!c_locale) return false;
    char *end;
    errno = 0;
    double value = strtod_l(text, &end, c_locale);
    if (end == text || !only_blanks(end)) return false;
    if (errno == ERANGE && fabs(value) > 1) return false; /* overflow; underflow to 0 is a fair reading */
    *out = value;
    return true;
}

bool epo__parse_int(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || errno || !only_blanks(end) || value < low || value > high) return false;
    *out = value;
    return true;
}

double epo__mjd_of_date(int year, int month, int day)
{
    int a = (month - 14) / 12;
    long jd = (1461L * (year + 4800 + a)) / 4 + (367L * (month - 2 - 12 * a)) / 12 - (3L * ((year + 4900 + a) / 100)) / 4 + day - 32075;
    return (double)jd - 2400001.0; /* jd is the day number at noon; MJD counts from midnight */
}

void epo__date_of_mjd(double mjd, char out[11])
{
    if (!(mjd > -600000 && mjd < 5000000)) {
        snprintf(out, 11, "%s", "unknown");
        return;
    }
    long l = (long)floor(mjd) + 2400001L + 68569;
    long n = 4 * l / 146097;
    l -= (146097 * n + 3) / 4;
    long i = 4000 * (l + 1) / 1461001;
    l = l - 1461 * i / 4 + 31;
    long j = 80 * l / 2447;
    long day = l - 2447 * j / 80;
    l = j / 11;
    long month = j + 2 - 12 * l, year = 100 * (n - 49) + i + l;
    char text[64];
    snprintf(text, sizeof text, "%04ld-%02ld-%02ld", year, month, day);
    memcpy(out, text, 10);
    out[10] = '\0';
}

static bool two_digits(const char *text, int *out)
{
    if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1])) return false;
    *out = 10 * (text[0] - '0') + (text[1] - '0');
    return true;
}

bool epo__parse_yymmmdd(const char *text, double *mjd)
{
    static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, day;
    if (strlen(text) != 7 || !two_digits(text, &year) || !two_digits(text + 5, &day)) return false;
    for (int m = 0; m < 12; m++) {
        if (strncasecmp(text + 2, months + 3 * m, 3) != 0) continue;
        if (day < 1 || day > days[m]) return false;
        *mjd = epo__mjd_of_date(year < 90 ? 2000 + year : 1900 + year, m + 1, day);
        return true;
    }
    return false;
}

void epo__string_addn(epo__string *s, const char *bytes, size_t count)
{
    size_t need;
    if (s->failed || !epo__size_add(s->length, count, &need) || !epo__size_add(need, 1, &need) ||
        !epo__grow(&s->text, &s->capacity, need < 64 ? 64 : need, 1)) {
        s->failed = true;
        return;
    }
    memcpy(s->text + s->length, bytes, count);
    s->length += count;
    s->text[s->length] = '\0';
}

void epo__string_add(epo__string *s, const char *text)
{
    epo__string_addn(s, text, strlen(text));
}

void epo__string_addf(epo__string *s, const char *format, ...)
{
    char room[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(room, sizeof room, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof room) {
        epo__string_addn(s, room, (size_t)length);
    } else if (length >= 0) {
        char *long_text = epo__alloc((size_t)length + 1, 1);
        if (long_text) {
            vsnprintf(long_text, (size_t)length + 1, format, again);
            epo__string_addn(s, long_text, (size_t)length);
            free(long_text);
        } else {
            s->failed = true;
        }
    }
    va_end(again);
}

size_t epo__utf8_length(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) return (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80) return 0;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0;
        return 3;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80) return 0;
        if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
        return 4;
    }
    return 0;
}

bool epo__utf8_plain(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    if (length == 1) return *p >= 0x20 ? *p != 0x7f : *p == '\t' || *p == '\n';
    if (length == 2) return !(p[0] == 0xc2 && p[1] < 0xa0); /* U+0080 .. U+009F */
    if (length == 4) return !(p[2] == 0xbf && p[3] >= 0xbe && (p[1] & 0x0f) == 0x0f);
    if (p[0] == 0xe2 && p[1] == 0x80) return !((p[2] >= 0xaa && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f);
    if (p[0] == 0xe2 && p[1] == 0x81) return !(p[2] >= 0xa6 && p[2] <= 0xa9);
    if (p[0] == 0xef && p[1] == 0xb7) return !(p[2] >= 0x90 && p[2] <= 0xaf);
    return !(p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
}

void epo__make_printable(char *text)
{
    char *out = text;
    for (const char *c = text; *c;) {
        const size_t length = epo__utf8_length(c);
        if (length && epo__utf8_plain(c, length) && (unsigned char)*c >= 0x20) {
            memmove(out, c, length);
            out += length;
        } else {
            *out++ = '?';
        }
        c += length ? length : 1;
    }
    *out = '\0';
}

uint32_t epo__utf8_next(const char **text)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07}; /* bits of the first byte, by length */
    const unsigned char *p = (const unsigned char *)*text;
    if (*p == 0) return 0;
    const size_t n = epo__utf8_length(*text);
    *text += n ? n : 1;
    if (n == 0) return 0xfffd;
    uint32_t code = p[0] & lead[n];
    for (size_t i = 1; i < n; i++) code = code << 6 | (p[i] & 0x3f);
    return code;
}

void epo__string_add_json(epo__string *s, const char *text)
{
    if (!text) {
        epo__string_add(s, "null");
        return;
    }
    epo__string_add(s, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = epo__utf8_length((const char *)p);
        if (n == 0) {
            epo__string_add(s, "\\ufffd");
            n = 1;
        } else if (*p == '"' || *p == '\\') {
            char escaped[2] = {'\\', (char)*p};
            epo__string_addn(s, escaped, 2);
        } else if (*p < 0x20) {
            epo__string_addf(s, "\\u%04x", (unsigned)*p);
        } else {
            epo__string_addn(s, (const char *)p, n);
        }
        p += n;
    }
    epo__string_add(s, "\"");
}

void epo__string_add_json_list(epo__string *s, const char *const *texts, size_t count, const char *between)
{
    epo__string_add(s, "[");
    for (size_t i = 0; i < count; i++) {
        if (i) epo__string_add(s, between);
        epo__string_add_json(s, texts[i]);
    }
    epo__string_add(s, "]");
}

void epo__string_clear(epo__string *s)
{
    s->length = 0;
    if (s->text) s->text[0] = '\0';
    s->failed = false;
}

void epo__string_free(epo__string *s)
{
    free(s->text);
    *s = (epo__string){0};
}

bool epo__json_fits(const char *text, size_t size)
{
    /* values are what stands first in a list or object, and behind each comma */
    size_t values = 1;
    bool inside = false;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && (c == ',' || c == '[' || c == '{') && ++values > EPO__JSON_MAX_VALUES)
            return false;
    }
    return true;
}

bool epo__ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcasecmp(text + n - m, suffix) == 0;
}
