/* SPDX-License-Identifier: BSD-3-Clause
 * fits_card.c - header cards as text (FITS Standard 4.0, section 4; HIERARCH after the ESO convention). */
#include "formats/fits_card.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { NAME = 8, INDICATOR = 8 /* the column of '=' */ };

static const char hierarch[] = "HIERARCH ";
enum { HIERARCH = sizeof hierarch - 1 };

/* The '=' that ends the keyword; NULL when the card has no value. */
static const char *equals_of(const char *card)
{
    if (strncasecmp(card, hierarch, HIERARCH) == 0) return memchr(card + HIERARCH, '=', EPO__CARD - HIERARCH);
    return card[INDICATOR] == '=' ? card + INDICATOR : NULL;
}

bool epo__card_value(const char *card, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    const char *c = equals_of(card), *end = card + EPO__CARD;
    if (!c) return false;
    for (c++; c < end && *c == ' ';) c++;
    if (c < end && *c == '\'') {
        for (c++; c < end; c++) {
            if (*c == '\'' && (c + 1 == end || *++c != '\'')) break;
            if (length + 1 < size) text[length++] = *c;
        }
    } else {
        for (; c < end && *c != '/'; c++)
            if (length + 1 < size) text[length++] = *c;
    }
    while (length && text[length - 1] == ' ') length--;
    text[length] = '\0';
    return true;
}

bool epo__card_int(const char *card, const char *name, int64_t low, int64_t high, int64_t *out)
{
    char text[EPO__CARD_VALUE];
    size_t length = strlen(name);
    if (memcmp(card, name, length) != 0 || (length < NAME && card[length] != ' ')) return false;
    return epo__card_value(card, text, sizeof text) && epo__parse_int(text, low, high, out);
}

size_t epo__card_index(const char *card, const char *root)
{
    size_t length = strlen(root), number = 0;
    if (memcmp(card, root, length) != 0) return 0;
    const char *c = card + length, *end = card + NAME;
    if (c < end && *c == '0') return 0;
    for (; c < end && *c >= '0' && *c <= '9'; c++) number = 10 * number + (size_t)(*c - '0');
    for (; c < end; c++)
        if (*c != ' ') return 0;
    return number <= 999 ? number : 0;
}

/* Same words without case; runs of blanks count as one, blanks at the ends not at all. */
static bool same_words(const char *a, size_t a_size, const char *b)
{
    const char *end = a + a_size;
    while (a < end && *a == ' ') a++;
    while (end > a && end[-1] == ' ') end--;
    for (; a < end; a++, b++) {
        if (strncasecmp(a, b, 1) != 0) return false;
        if (*a == ' ') {
            while (a[1] == ' ') a++;
            while (b[1] == ' ') b++;
        }
    }
    while (*b == ' ') b++;
    return *b == '\0';
}

const char *epo__card_find(const char *cards, size_t count, const char *name)
{
    if (strncasecmp(name, hierarch, HIERARCH) == 0) name += HIERARCH;
    while (*name == ' ') name++;
    char padded[NAME];
    size_t length = strlen(name);
    memset(padded, ' ', sizeof padded);
    if (length <= NAME) memcpy(padded, name, length);
    for (size_t i = 0; i < count; i++) {
        const char *card = cards + i * EPO__CARD;
        /* the first letter alone, without case, rules out most cards */
        if (length <= NAME && ((card[0] ^ padded[0]) & 0x5f) == 0 && card[INDICATOR] == '=' &&
            strncasecmp(card, padded, NAME) == 0)
            return card;
        if ((card[0] & 0x5f) != 'H' || strncasecmp(card, hierarch, HIERARCH) != 0) continue;
        const char *equals = equals_of(card), *from = card + HIERARCH;
        if (equals && same_words(from, (size_t)(equals - from), name)) return card;
    }
    return NULL;
}

bool epo__fits_parse_double(const char *text, double *out)
{
    char copy[EPO__CARD_VALUE];
    size_t length = strlen(text);
    if (length >= sizeof copy) return false;
    memcpy(copy, text, length + 1);
    char *exponent = strpbrk(copy, "dD");
    if (exponent) *exponent = 'e';
    return epo__parse_double(copy, out);
}

void epo__fits_format_double(double value, bool single, int digits, char out[32])
{
    if (!isfinite(value)) {
        snprintf(out, 32, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    int most = single ? 9 : 17;
    char text[64] = "";
    for (int d = digits; d <= most; d++) {
        snprintf(text, sizeof text, "%.*g", d, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) break;
    }
    /* the locale's decimal point, of however many bytes, becomes ours */
    size_t length = 0;
    for (const char *c = text; *c && length < 31; c++) {
        bool point = !strchr("0123456789+-e", *c);
        if (point && length && out[length - 1] == '.') continue;
        out[length++] = point ? '.' : *c;
    }
    out[length] = '\0';
}
