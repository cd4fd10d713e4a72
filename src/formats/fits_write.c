/* SPDX-License-Identifier: BSD-3-Clause
 * fits_write.c - one float32 image as a FITS file (FITS Standard 4.0, sections 3 and 4). */
#include "formats/fits_write.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { BLOCK = 2880, CARD = 80, TEXT_MOST = 68, OWN_CARDS = 5, KEYWORD_MOST = 8 };

static bool keyword_ok(const char *keyword)
{
    size_t length = strspn(keyword, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return length >= 1 && length <= KEYWORD_MOST && keyword[length] == '\0';
}

/* The card at `at`, which is blank: left-justified texts in quotes, numbers to column 30. */
static void put_text(unsigned char *at, const char *keyword, const char *text)
{
    char value[TEXT_MOST + 1];
    size_t used = 0;
    for (; *text && used + 1 < TEXT_MOST; text++) { /* a quote takes two */
        unsigned char c = (unsigned char)*text;
        value[used++] = (char)(c >= ' ' && c <= '~' ? c : '?');
        if (c == '\'') value[used++] = '\'';
    }
    value[used] = '\0';
    char card[CARD + 1];
    int length = snprintf(card, sizeof card, "%-8s= '%-8s'", keyword, value);
    memcpy(at, card, (size_t)length);
}

static void put_value(unsigned char *at, const char *keyword, const char *value)
{
    char card[CARD + 1];
    int length = snprintf(card, sizeof card, "%-8s= %20s", keyword, value);
    memcpy(at, card, (size_t)length);
}

static void put_number(unsigned char *at, const char *keyword, double number)
{
    char value[32];
    snprintf(value, sizeof value, "%#.13G", number); /* always with a point, so that it is not taken for an integer */
    put_value(at, keyword, value);
}

static void put_integer(unsigned char *at, const char *keyword, size_t number)
{
    char value[32];
    snprintf(value, sizeof value, "%zu", number);
    put_value(at, keyword, value);
}

epo_status epo__fits_encode(const float *pixels, size_t height, size_t width, const epo__fits_card_write *cards,
                            size_t count, epo__bytes *out)
{
    size_t header, data, size;
    out->size = 0;
    for (size_t i = 0; i < count; i++)
        if (!keyword_ok(cards[i].keyword))
            return epo__fail(EPO_EARG, "'%.20s' is no keyword of FITS", cards[i].keyword);
    if (height < 1 || width < 1) return epo__fail(EPO_EARG, "an image of %zu x %zu pixels", width, height);
    if (!epo__size_mul(height, width, &data) || !epo__size_mul(data, sizeof *pixels, &data) ||
        !epo__size_add(data, BLOCK - 1, &data))
        return epo__fail(EPO_ELIMIT, "an image of %zu x %zu pixels", width, height);
    header = ((count + OWN_CARDS + 1) * CARD + BLOCK - 1) / BLOCK * BLOCK;
    data = data / BLOCK * BLOCK;
    if (!epo__size_add(header, data, &size) || !epo__grow(&out->data, &out->capacity, size, 1))
        return epo__nomem("a FITS file");
    memset(out->data, ' ', header);
    memset(out->data + header, 0, data);
    unsigned char *at = out->data;
    put_value(at, "SIMPLE", "T");
    put_value(at += CARD, "BITPIX", "-32");
    put_integer(at += CARD, "NAXIS", 2);
    put_integer(at += CARD, "NAXIS1", width);
    put_integer(at += CARD, "NAXIS2", height);
    for (size_t i = 0; i < count; i++) {
        if (cards[i].text)
            put_text(at += CARD, cards[i].keyword, cards[i].text);
        else if (isfinite(cards[i].number))
            put_number(at += CARD, cards[i].keyword, cards[i].number);
    }
    memcpy(at + CARD, "END", 3);
    for (size_t i = 0; i < height * width; i++) { /* big-endian */
        uint32_t bits;
        memcpy(&bits, &pixels[i], sizeof bits);
        for (size_t b = 0; b < 4; b++) out->data[header + 4 * i + b] = (unsigned char)(bits >> (24 - 8 * b));
    }
    out->size = size;
    return EPO_OK;
}
