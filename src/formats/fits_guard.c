/* SPDX-License-Identifier: BSD-3-Clause
 * fits_guard.c - walks the headers and data units of a FITS file before anything in it is believed.
 *
 * The mandatory keywords are taken by their mandatory places (FITS Standard 4.0, section 4.4.1), so that there is one
 * reading of a header and not two. A wrong frame (no END, sizes that leave the file) refuses the file, because nothing
 * behind it can be found; a unit whose frame is right but whose kind is not ours is only marked as such. */
#include "formats/fits_guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    MAX_UNITS = 100000,
    MAX_CARDS = 36 * 1000, /* of one header: 2.9 MB */
    MAX_AXES = 999
};

static const char end_keyword[] = "END     "; /* the rest of the card is blank by the standard, which nobody checks */

void epo__fits_refuse(epo__fits_unit *unit, epo_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(unit->reason, sizeof unit->reason, format, args);
    va_end(args);
    unit->kind = EPO__FITS_OTHER;
    unit->refusal = status;
}

typedef struct axes {
    size_t count;
    size_t length[3];  /* of the first three, 0 for those that are not there */
    bool rest_are_one; /* all beyond the second */
} axes;

static epo_status bad(const epo__fits *f, const char *reason)
{
    return epo__fail(EPO_EFORMAT, "%s: HDU %zu: %s", f->name, f->count, reason);
}

static bool printable(const unsigned char *card)
{
    unsigned char wrong = 0;
    for (size_t i = 0; i < EPO__CARD; i++) wrong |= (unsigned char)(card[i] < 0x20) | (unsigned char)(card[i] > 0x7e);
    return !wrong;
}

/* Counts the cards before END in the header at `start`. */
static epo_status find_end(const epo__fits *f, size_t start, size_t *cards)
{
    size_t room = (f->size - start) / EPO__CARD;
    for (size_t i = 0; i < room; i++) {
        const unsigned char *card = f->bytes + start + i * EPO__CARD;
        if (!printable(card)) return bad(f, "a byte in the header is not printable ASCII");
        if (card[0] == 'E' && memcmp(card, end_keyword, 8) == 0) {
            *cards = i;
            return EPO_OK;
        }
        if (i == MAX_CARDS)
            return epo__fail(EPO_ELIMIT, "%s: HDU %zu: header over %d cards", f->name, f->count, MAX_CARDS);
    }
    return bad(f, "the header has no END (truncated?)");
}

static epo_status first_card(const epo__fits *f, const char *card, char type[EPO__CARD_VALUE])
{
    if (f->count == 0) {
        if (memcmp(card, "SIMPLE  =", 9) != 0 || !epo__card_value(card, type, EPO__CARD_VALUE))
            return epo__fail(EPO_EFORMAT, "%s: not a FITS file (does not start with SIMPLE)", f->name);
        if (strcmp(type, "T") != 0) return bad(f, "SIMPLE is not T");
        type[0] = '\0';
        return EPO_OK;
    }
    if (memcmp(card, "XTENSION=", 9) != 0 || !epo__card_value(card, type, EPO__CARD_VALUE))
        return bad(f, "neither an extension nor the end of the file follows the last one");
    return EPO_OK;
}

/* The value of an integer keyword anywhere in the header, or `fallback` without one. */
static bool int_or(const epo__fits_unit *unit, const char *name, int64_t low, int64_t fallback, int64_t *out)
{
    const char *card = epo__card_find(unit->cards, unit->card_count, name);
    *out = fallback;
    return !card || epo__card_int(card, name, low, INT64_MAX, out);
}

static bool flag(const epo__fits_unit *unit, const char *name)
{
    char text[EPO__CARD_VALUE];
    const char *card = epo__card_find(unit->cards, unit->card_count, name);
    return card && epo__card_value(card, text, sizeof text) && strcmp(text, "T") == 0;
}

/* A tile-compressed image is a binary table for the frame and an image for the reader. */
static void classify_tiled(const epo__fits *f, epo__fits_unit *unit)
{
    int64_t bitpix, naxis, width, height;
    size_t side = f->limits.max_side;
    if (!f->limits.trust) {
        epo__fits_refuse(unit, EPO_EUNSUPPORTED, "a tile-compressed image, read only from trusted files");
    } else if (!int_or(unit, "ZBITPIX", -64, 0, &bitpix) || !int_or(unit, "ZNAXIS", 0, 0, &naxis) || naxis != 2 ||
               !int_or(unit, "ZNAXIS1", 1, 0, &width) || !int_or(unit, "ZNAXIS2", 1, 0, &height) || width < 1 ||
               height < 1) {
        epo__fits_refuse(unit, EPO_EUNSUPPORTED, "a tile-compressed image that is not 2-D");
    } else if ((uint64_t)width > side || (uint64_t)height > side) {
        epo__fits_refuse(unit, EPO_ELIMIT, "%lldx%lld pixels, over the limit of %zu a side", (long long)width,
                         (long long)height, side);
    } else {
        unit->kind = EPO__FITS_IMAGE;
        unit->tiled = true;
        unit->bitpix = (int)(bitpix < INT32_MAX ? bitpix : 0);
        unit->width = (size_t)width;
        unit->height = (size_t)height;
    }
}

static void classify_image(const epo__fits *f, epo__fits_unit *unit, const axes *a)
{
    size_t side = f->limits.max_side, width = a->length[0], height = a->length[1];
    bool plain = a->count == 2 || (f->limits.trust && a->count > 2 && a->rest_are_one);
    if (!plain) {
        epo__fits_refuse(unit, EPO_EUNSUPPORTED, "NAXIS is %zu: not a plain 2-D image", a->count);
    } else if (width == 0 || height == 0) {
        epo__fits_refuse(unit, EPO_EUNSUPPORTED, "%zux%zu pixels: an empty image", width, height);
    } else if (width > side || height > side) {
        epo__fits_refuse(unit, EPO_ELIMIT, "%zux%zu pixels, over the limit of %zu a side", width, height, side);
    } else if (unit->data_size != width * height * ((size_t)abs(unit->bitpix) / 8)) {
        epo__fits_refuse(unit, EPO_EFORMAT, "an image with a PCOUNT");
    } else {
        unit->kind = EPO__FITS_IMAGE;
        unit->width = width;
        unit->height = height;
    }
}

/* Bytes of data by the general rule |BITPIX| / 8 * GCOUNT * (PCOUNT + NAXIS1 * NAXIS2 * ...), and the first axes. */
static epo_status measure(const epo__fits *f, epo__fits_unit *unit, axes *a)
{
    int64_t bitpix, naxis, length, pcount, gcount;
    if (unit->card_count < 3 || !epo__card_int(unit->cards + EPO__CARD, "BITPIX", -64, 64, &bitpix) ||
        (bitpix != 8 && bitpix != 16 && bitpix != 32 && bitpix != 64 && bitpix != -32 && bitpix != -64))
        return bad(f, "card 2 is not a BITPIX of 8, 16, 32, 64, -32 or -64");
    if (!epo__card_int(unit->cards + 2 * EPO__CARD, "NAXIS", 0, MAX_AXES, &naxis))
        return bad(f, "card 3 is not a NAXIS of 0 to 999");
    if ((size_t)naxis + 3 > unit->card_count) return bad(f, "fewer NAXISn cards than NAXIS says");
    size_t elements = naxis > 0;
    a->count = (size_t)naxis;
    a->rest_are_one = true;
    for (size_t n = 0; n < (size_t)naxis; n++) {
        char name[16];
        snprintf(name, sizeof name, "NAXIS%zu", n + 1);
        if (!epo__card_int(unit->cards + (3 + n) * EPO__CARD, name, 0, INT64_MAX, &length))
            return bad(f, "a NAXISn card is out of its place or not a count");
        if (n < 3) a->length[n] = (size_t)length;
        if (n >= 2 && length != 1) a->rest_are_one = false;
        if (!epo__size_mul(elements, (size_t)length, &elements)) return bad(f, "the sizes overflow");
    }
    if (!int_or(unit, "PCOUNT", 0, 0, &pcount) || !int_or(unit, "GCOUNT", 1, 1, &gcount))
        return bad(f, "PCOUNT or GCOUNT is not a count");
    if (naxis > 0 && a->length[0] == 0 && flag(unit, "GROUPS"))
        return epo__fail(EPO_EUNSUPPORTED, "%s: HDU %zu: random groups are not read", f->name, f->count);
    size_t bytes;
    if (!epo__size_add(elements, (size_t)pcount, &bytes) || !epo__size_mul(bytes, (size_t)gcount, &bytes) ||
        !epo__size_mul(bytes, (size_t)llabs(bitpix) / 8, &bytes))
        return bad(f, "the sizes overflow");
    if (gcount != 1) epo__fits_refuse(unit, EPO_EUNSUPPORTED, "GCOUNT is not 1");
    unit->bitpix = (int)bitpix;
    unit->data_size = naxis > 0 ? bytes : 0;
    return EPO_OK;
}

static epo_status classify(const epo__fits *f, epo__fits_unit *unit, const char *type, const axes *a)
{
    if (unit->refusal) return EPO_OK;
    bool image = type[0] == '\0' || strcmp(type, "IMAGE") == 0, table = strcmp(type, "BINTABLE") == 0;
    unit->ascii = strcmp(type, "TABLE") == 0;
    if (a->count == 0) {
        unit->kind = EPO__FITS_NONE;
    } else if (image) {
        classify_image(f, unit, a);
    } else if (table && flag(unit, "ZIMAGE")) {
        classify_tiled(f, unit);
    } else if (table || unit->ascii) {
        if (a->count != 2 || unit->bitpix != 8) {
            epo__fits_refuse(unit, EPO_EFORMAT, "a table must have BITPIX 8 and NAXIS 2");
            return EPO_OK;
        }
        unit->kind = EPO__FITS_TABLE;
        unit->row_size = a->length[0];
        unit->rows = a->length[0] ? a->length[1] : 0; /* 10^18 rows of no bytes do fit a file */
        return epo__fits_guard_columns(unit);
    } else {
        epo__fits_refuse(unit, EPO_EUNSUPPORTED, "an extension of type %.20s", type);
    }
    return EPO_OK;
}

/* The unit at `start`, and where the next one begins. */
static epo_status walk_unit(const epo__fits *f, size_t start, epo__fits_unit *unit, size_t *next)
{
    char type[EPO__CARD_VALUE];
    axes a = {0};
    if (f->size - start < EPO__CARD) return bad(f, "shorter than one header card");
    unit->cards = (const char *)f->bytes + start;
    epo_status status = first_card(f, unit->cards, type);
    if (!status) status = find_end(f, start, &unit->card_count);
    if (!status) status = measure(f, unit, &a);
    if (status) return status;
    size_t header = ((unit->card_count + 1) * EPO__CARD + EPO__FITS_BLOCK - 1) / EPO__FITS_BLOCK * EPO__FITS_BLOCK;
    if (header > f->size - start) {
        if (!f->limits.trust || unit->data_size) return bad(f, "truncated in the header");
        header = f->size - start;
    }
    size_t left = f->size - start - header, over = unit->data_size % EPO__FITS_BLOCK;
    size_t fill = over ? EPO__FITS_BLOCK - over : 0;
    if (unit->data_size > left)
        return epo__fail(EPO_EFORMAT, "%s: HDU %zu: the header says %zu bytes of data, the file has %zu (truncated?)",
                         f->name, f->count, unit->data_size, left);
    if (fill > left - unit->data_size) {
        if (!f->limits.trust) return bad(f, "truncated in the fill after the data");
        fill = left - unit->data_size;
    }
    unit->data = f->bytes + start + header;
    *next = start + header + unit->data_size + fill;
    return classify(f, unit, type, &a);
}

/* Zeros or blanks after the last HDU are padding of tapes and archives. */
static bool only_padding(const epo__fits *f, size_t at)
{
    for (; at < f->size; at++)
        if (f->bytes[at] != 0 && f->bytes[at] != ' ') return false;
    return true;
}

epo_status epo__fits_guard(epo__fits *f)
{
    for (size_t at = 0; at < f->size;) {
        bool more = f->size - at >= EPO__CARD && memcmp(f->bytes + at, "XTENSION", 8) == 0;
        if (f->count && !more && (f->limits.trust || only_padding(f, at))) break;
        if (f->count == MAX_UNITS) return epo__fail(EPO_ELIMIT, "%s: more than %d HDUs", f->name, MAX_UNITS);
        if (!epo__grow(&f->units, &f->capacity, f->count + 1, sizeof *f->units)) return epo__nomem(f->name);
        epo_status status = walk_unit(f, at, &f->units[f->count], &at);
        if (status) {
            free(f->units[f->count].columns);
            return status;
        }
        f->count++;
    }
    return EPO_OK;
}

epo_status epo__fits_want(const epo__fits *f, size_t i, epo__fits_kind kind)
{
    static const char *const wanted[] = {"empty", "an image", "a table", "other"};
    if (i >= f->count) return epo__fail(EPO_EARG, "%s: there is no HDU %zu, only %zu", f->name, i, f->count);
    const epo__fits_unit *unit = &f->units[i];
    if (unit->kind == kind) return EPO_OK;
    if (unit->kind == EPO__FITS_OTHER) return epo__fail(unit->refusal, "%s: HDU %zu: %s", f->name, i, unit->reason);
    return epo__fail(EPO_EUNSUPPORTED, "%s: HDU %zu is not %s", f->name, i, wanted[kind]);
}
