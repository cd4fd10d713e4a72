/* SPDX-License-Identifier: BSD-3-Clause
 * fitsmake.c - FITS bytes for tests. */
#include "support/fitsmake.h"

#include <stdlib.h>
#include <zlib.h>

#include "support/check.h"

enum { CARD = 80, BLOCK = 2880 };

void fm_bytes(fm_file *f, const void *bytes, size_t size)
{
    if (size == 0) return;
    if (f->size + size > f->capacity) {
        f->capacity = 2 * (f->size + size);
        f->data = realloc(f->data, f->capacity);
        assert_non_null(f->data);
    }
    if (bytes)
        memcpy(f->data + f->size, bytes, size);
    else
        memset(f->data + f->size, 0, size);
    f->size += size;
}

static void pad(fm_file *f, char with)
{
    while (f->size % BLOCK) fm_bytes(f, &with, 1);
}

static void add_card(fm_file *f, const char *text, size_t length)
{
    char card[CARD];
    memset(card, ' ', sizeof card);
    memcpy(card, text, length < CARD ? length : CARD);
    fm_bytes(f, card, CARD);
}

void fm_card(fm_file *f, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_card(f, text, strlen(text));
}

void fm_cards(fm_file *f, const char *lines)
{
    while (lines && *lines) {
        size_t length = strcspn(lines, "\n");
        add_card(f, lines, length);
        lines += length + (lines[length] == '\n');
    }
}

void fm_end(fm_file *f)
{
    fm_card(f, "END");
    pad(f, ' ');
}

void fm_fill(fm_file *f)
{
    pad(f, 0);
}

void fm_swapped(fm_file *f, const void *values, size_t size, size_t count)
{
    const unsigned char *from = values;
    fm_bytes(f, NULL, size * count);
    unsigned char *to = f->data + f->size - size * count;
    for (size_t i = 0; from && i < count; i++)
        for (size_t b = 0; b < size; b++) {
            size_t byte = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? size - 1 - b : b;
            to[i * size + b] = from[i * size + byte];
        }
}

void fm_primary(fm_file *f, const char *cards)
{
    fm_card(f, "SIMPLE  =                    T / conforms to the standard");
    fm_card(f, "BITPIX  = %20d", 8);
    fm_card(f, "NAXIS   = %20d", 0);
    fm_card(f, "EXTEND  =                    T");
    fm_cards(f, cards);
    fm_end(f);
}

void fm_image(fm_file *f, int bitpix, size_t width, size_t height, const void *values, const char *cards)
{
    bool first = f->size == 0;
    if (first)
        fm_card(f, "SIMPLE  =                    T");
    else
        fm_card(f, "XTENSION= 'IMAGE   '           / image extension");
    fm_card(f, "BITPIX  = %20d / type of a pixel", bitpix);
    fm_card(f, "NAXIS   = %20d", 2);
    fm_card(f, "NAXIS1  = %20zu", width);
    fm_card(f, "NAXIS2  = %20zu", height);
    if (!first) {
        fm_card(f, "PCOUNT  = %20d", 0);
        fm_card(f, "GCOUNT  = %20d", 1);
    }
    fm_cards(f, cards);
    fm_end(f);
    fm_swapped(f, values, (size_t)abs(bitpix) / 8, width * height);
    fm_fill(f);
}

static size_t form_width(const char *form, char *letter)
{
    char *end;
    size_t repeat = strtoul(form, &end, 10);
    if (end == form) repeat = 1;
    *letter = *end;
    return repeat * (strchr("KD", *end) ? 8 : strchr("JE", *end) ? 4 : *end == 'I' ? 2 : 1);
}

static void add_cell(fm_file *f, const char *form, const char *text)
{
    char letter;
    size_t width = form_width(form, &letter);
    if (letter == 'A') {
        char padded[512];
        assert_true(width <= sizeof padded);
        memset(padded, ' ', sizeof padded);
        memcpy(padded, text, strlen(text) < width ? strlen(text) : width);
        fm_bytes(f, padded, width);
    } else if (letter == 'L') {
        char value = text[0];
        fm_bytes(f, &value, 1);
    } else if (letter == 'E') {
        float value = strtof(text, NULL);
        fm_swapped(f, &value, width, 1);
    } else if (letter == 'D') {
        double value = strtod(text, NULL);
        fm_swapped(f, &value, width, 1);
    } else {
        int64_t value = strtoll(text, NULL, 10);
        uint8_t byte = (uint8_t)value;
        int16_t half = (int16_t)value;
        int32_t word = (int32_t)value;
        const void *from = &value;
        if (width < 8) from = width == 1 ? (const void *)&byte : width == 2 ? (const void *)&half : (const void *)&word;
        fm_swapped(f, from, width, 1);
    }
}

void fm_table(fm_file *f, size_t columns, const char *const *names, const char *const *forms, size_t rows,
              const char *const *cells, const char *cards)
{
    if (f->size == 0) fm_primary(f, NULL);
    size_t width = 0;
    char letter;
    for (size_t c = 0; c < columns; c++) width += form_width(forms[c], &letter);
    fm_card(f, "XTENSION= 'BINTABLE'");
    fm_card(f, "BITPIX  = %20d", 8);
    fm_card(f, "NAXIS   = %20d", 2);
    fm_card(f, "NAXIS1  = %20zu", width);
    fm_card(f, "NAXIS2  = %20zu", rows);
    fm_card(f, "PCOUNT  = %20d", 0);
    fm_card(f, "GCOUNT  = %20d", 1);
    fm_card(f, "TFIELDS = %20zu", columns);
    for (size_t c = 0; c < columns; c++) {
        fm_card(f, "TTYPE%-3zu= '%s'", c + 1, names[c]);
        fm_card(f, "TFORM%-3zu= '%s'", c + 1, forms[c]);
    }
    fm_cards(f, cards);
    fm_end(f);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) add_cell(f, forms[c], cells[r * columns + c]);
    fm_fill(f);
}

void fm_save(const fm_file *f, const char *path)
{
    write_file(path, f->data, f->size);
}

void fm_gzip(const fm_file *f, fm_file *out)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, f->size), start = out->size;
    fm_bytes(out, NULL, bound);
    z.next_in = f->data;
    z.avail_in = (uInt)f->size;
    z.next_out = out->data + start;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->size = start + z.total_out;
    deflateEnd(&z);
}

void fm_deflate(fm_file *out, int window, const void *start, size_t start_size, const char *piece, size_t count)
{
    static unsigned char in[1 << 20], packed[1 << 16];
    const size_t length = piece ? strlen(piece) : 1, whole = sizeof in / length * length;
    for (size_t i = 0; i < whole; i++) in[i] = piece ? (unsigned char)piece[i % length] : 0;
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)start, .avail_in = (uInt)start_size};
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int code = Z_OK; code != Z_STREAM_END;) {
        if (z.avail_in == 0 && count > 0) {
            z.next_in = in;
            z.avail_in = (uInt)(count < whole ? count : whole);
            count -= z.avail_in;
        }
        z.next_out = packed;
        z.avail_out = sizeof packed;
        code = deflate(&z, count > 0 ? Z_NO_FLUSH : Z_FINISH);
        assert_true(code == Z_OK || code == Z_BUF_ERROR || code == Z_STREAM_END);
        fm_bytes(out, packed, sizeof packed - z.avail_out);
    }
    deflateEnd(&z);
}

void fm_free(fm_file *f)
{
    free(f->data);
    *f = (fm_file){0};
}
