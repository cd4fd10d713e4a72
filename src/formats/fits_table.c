/* SPDX-License-Identifier: BSD-3-Clause
 * fits_table.c - tables whose columns have a fixed length: the columns, and cells as text.
 *
 * The cells are decoded here and not by cfitsio: reading a string cell as a number can abort cfitsio 4.2.0, and text
 * for every type is what the importers want (a Deep-TAO column is a number in one file and a string in another). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/fits_guard.h"

enum { MAX_FIELDS = 999 };

/* --- columns ------------------------------------------------------------------------------------------------------ */

static size_t element_size(char letter)
{
    switch (letter) {
    case 'L':
    case 'B':
    case 'A': return 1;
    case 'I': return 2;
    case 'J':
    case 'E': return 4;
    case 'K':
    case 'D':
    case 'C': return 8;
    case 'M': return 16;
    default: return 0;
    }
}

/* A count of at most nine digits; *text moves behind it. Without a digit, `fallback`. */
static size_t take_count(const char **text, size_t fallback)
{
    const char *c = *text;
    size_t value = 0;
    for (int digits = 0; digits < 9 && *c >= '0' && *c <= '9'; digits++) value = 10 * value + (size_t)(*c++ - '0');
    if (c == *text) return fallback;
    *text = c;
    return value;
}

/* TFORMn of a binary table, "16A"; NULL, or what is wrong with it. */
static const char *binary_form(epo__fits_column *column, const char *form)
{
    column->repeat = take_count(&form, 1);
    column->letter = *form;
    if (*form == 'P' || *form == 'Q') return "a column has a variable length";
    if (*form == 'X')
        column->width = (column->repeat + 7) / 8;
    else if (element_size(*form))
        column->width = column->repeat * element_size(*form); /* below 10^9 * 16 */
    else
        return "a TFORM is missing or unknown";
    return NULL;
}

/* TFORMn of an ASCII table, "F10.4". */
static const char *ascii_form(epo__fits_column *column, const char *form)
{
    if (*form == '\0' || !strchr("AIFED", *form)) return "a TFORM is missing or unknown";
    form++;
    column->letter = 'A'; /* any field is text already */
    column->width = column->repeat = take_count(&form, 0);
    return column->width ? NULL : "a TFORM has no width";
}

static void copy_name(epo__fits_column *column, const char *value)
{
    if (column->name[0] == '\0') snprintf(column->name, sizeof column->name, "%s", value);
}

/* One pass over the header, so that its length times the number of columns is never paid. Returns what is wrong. */
static const char *collect(epo__fits_unit *unit)
{
    for (size_t i = 0; i < unit->card_count; i++) {
        const char *card = unit->cards + i * EPO__CARD, *wrong = NULL;
        char value[EPO__CARD_VALUE];
        size_t n;
        if (card[0] != 'T' || !epo__card_value(card, value, sizeof value)) continue;
        if ((n = epo__card_index(card, "TFORM")) && n <= unit->column_count) {
            epo__fits_column *column = &unit->columns[n - 1];
            if (column->letter) return "a TFORM is given twice";
            wrong = unit->ascii ? ascii_form(column, value) : binary_form(column, value);
        } else if ((n = epo__card_index(card, "TTYPE")) && n <= unit->column_count) {
            copy_name(&unit->columns[n - 1], value);
        } else if ((n = epo__card_index(card, "TSCAL")) && n <= unit->column_count) {
            if (!epo__fits_parse_double(value, &unit->columns[n - 1].scale)) wrong = "a TSCAL is not a number";
        } else if ((n = epo__card_index(card, "TZERO")) && n <= unit->column_count) {
            if (!epo__fits_parse_double(value, &unit->columns[n - 1].zero)) wrong = "a TZERO is not a number";
        } else if ((n = epo__card_index(card, "TNULL")) && n <= unit->column_count && !unit->ascii) {
            epo__fits_column *column = &unit->columns[n - 1];
            column->has_null = epo__parse_int(value, INT64_MIN, INT64_MAX, &column->null);
        } else if ((n = epo__card_index(card, "TBCOL")) && n <= unit->column_count && unit->ascii) {
            int64_t first;
            if (!epo__parse_int(value, 1, (int64_t)unit->row_size, &first)) return "a TBCOL is outside the row";
            unit->columns[n - 1].offset = (size_t)first - 1;
        }
        if (wrong) return wrong;
    }
    return NULL;
}

/* Every column must lie in the row; those of a binary table must fill it. */
static const char *lay_out(epo__fits_unit *unit)
{
    size_t offset = 0;
    for (size_t c = 0; c < unit->column_count; c++) {
        epo__fits_column *column = &unit->columns[c];
        if (!column->letter) return "a TFORM is missing or unknown";
        if (unit->ascii) {
            if (column->width > unit->row_size || column->offset > unit->row_size - column->width)
                return "a column is outside the row";
        } else {
            column->offset = offset;
            offset += column->width; /* 999 * 1.6e10 fits */
        }
    }
    return unit->ascii || offset == unit->row_size ? NULL : "the widths of the columns do not add up to NAXIS1";
}

epo_status epo__fits_guard_columns(epo__fits_unit *unit)
{
    int64_t fields;
    const char *card = epo__card_find(unit->cards, unit->card_count, "TFIELDS");
    if (!card || !epo__card_int(card, "TFIELDS", 0, MAX_FIELDS, &fields) || (size_t)fields > unit->card_count) {
        epo__fits_refuse(unit, EPO_EFORMAT, "TFIELDS is missing or wrong");
        return EPO_OK;
    }
    unit->column_count = (size_t)fields;
    unit->columns = epo__alloc(unit->column_count, sizeof *unit->columns);
    if (!unit->columns) return epo__nomem("table columns");
    for (size_t c = 0; c < unit->column_count; c++) unit->columns[c].scale = 1;
    const char *wrong = collect(unit);
    if (!wrong) wrong = lay_out(unit);
    if (wrong) epo__fits_refuse(unit, strstr(wrong, "variable") ? EPO_EUNSUPPORTED : EPO_EFORMAT, "%s", wrong);
    return EPO_OK;
}

static const epo__fits_unit *table_at(const epo__fits *f, size_t i)
{
    return i < f->count && f->units[i].kind == EPO__FITS_TABLE ? &f->units[i] : NULL;
}

size_t epo__fits_table_rows(const epo__fits *f, size_t i)
{
    const epo__fits_unit *unit = table_at(f, i);
    return unit ? unit->rows : 0;
}

size_t epo__fits_table_columns(const epo__fits *f, size_t i)
{
    const epo__fits_unit *unit = table_at(f, i);
    return unit ? unit->column_count : 0;
}

bool epo__fits_table_column(const epo__fits *f, size_t i, const char *name, size_t *column)
{
    const epo__fits_unit *unit = table_at(f, i);
    for (size_t c = 0; unit && c < unit->column_count; c++)
        if (strcasecmp(unit->columns[c].name, name) == 0) {
            *column = c;
            return true;
        }
    return false;
}

/* --- cells -------------------------------------------------------------------------------------------------------- */

static uint64_t big_endian(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) value = value << 8 | bytes[i];
    return value;
}

static int64_t integer_at(const unsigned char *cell, char letter)
{
    switch (letter) {
    case 'B': return cell[0];
    case 'I': return (int16_t)big_endian(cell, 2);
    case 'J': return (int32_t)big_endian(cell, 4);
    default: return (int64_t)big_endian(cell, 8);
    }
}

/* zero + scale * value, exactly where both are whole: unsigned columns are stored with a TZERO of half their range. */
static void integer_text(const epo__fits_column *column, int64_t value, char out[32])
{
    int64_t sum;
    if (column->scale == 1 && column->zero == 9223372036854775808.0)
        snprintf(out, 32, "%" PRIu64, (uint64_t)value ^ UINT64_C(1) << 63);
    else if (column->scale == 1 && column->zero > -4e18 && column->zero < 4e18 &&
             column->zero == (double)(int64_t)column->zero &&
             !__builtin_add_overflow(value, (int64_t)column->zero, &sum))
        snprintf(out, 32, "%" PRId64, sum);
    else
        epo__fits_format_double(column->zero + column->scale * (double)value, false, 15, out);
}

static void real_text(const epo__fits_column *column, const unsigned char *cell, char out[32])
{
    bool single = column->letter == 'E', scaled = column->scale != 1 || column->zero != 0;
    double value;
    if (single) {
        uint32_t bits = (uint32_t)big_endian(cell, 4);
        float number;
        memcpy(&number, &bits, sizeof number);
        value = (double)number;
    } else {
        uint64_t bits = big_endian(cell, 8);
        memcpy(&value, &bits, sizeof value);
    }
    if (scaled) value = column->zero + column->scale * value;
    epo__fits_format_double(value, single && !scaled, single && !scaled ? 6 : 15, out);
}

/* The characters before the first NUL, without blanks around them and without control bytes (a terminal or a log may
 * show them). False when they do not fit. */
static bool string_text(const unsigned char *cell, size_t width, char *text, size_t size)
{
    size_t length = strnlen((const char *)cell, width);
    while (length && cell[length - 1] == ' ') length--;
    while (length && *cell == ' ') cell++, length--;
    if (length >= size) return false;
    for (size_t i = 0; i < length; i++) text[i] = cell[i] < 0x20 || cell[i] == 0x7f ? '?' : (char)cell[i];
    text[length] = '\0';
    return true;
}

epo_status epo__fits_table_text(const epo__fits *f, size_t i, size_t c, size_t row, char *text, size_t size)
{
    epo_status status = epo__fits_want(f, i, EPO__FITS_TABLE);
    if (status) return status;
    const epo__fits_unit *unit = &f->units[i];
    if (c >= unit->column_count || row >= unit->rows || size == 0)
        return epo__fail(EPO_EARG, "%s: HDU %zu: no cell at column %zu, row %zu", f->name, i, c, row);
    const epo__fits_column *column = &unit->columns[c];
    const unsigned char *cell = unit->data + row * unit->row_size + column->offset;
    bool string = column->letter == 'A', fits;
    if (strchr("XCM", column->letter) || (!string && column->repeat != 1))
        return epo__fail(EPO_EUNSUPPORTED, "%s: HDU %zu: column %zu is not one number or text a row", f->name, i, c);
    if (string) {
        fits = string_text(cell, column->width, text, size);
    } else {
        char number[32] = "";
        if (column->letter == 'L') {
            if (*cell == 'T' || *cell == 'F') number[0] = (char)*cell;
        } else if (column->letter == 'E' || column->letter == 'D') {
            real_text(column, cell, number);
        } else {
            int64_t value = integer_at(cell, column->letter);
            if (!column->has_null || value != column->null) integer_text(column, value, number);
        }
        fits = (size_t)snprintf(text, size, "%s", number) < size;
    }
    if (fits) return EPO_OK;
    return epo__fail(EPO_ELIMIT, "%s: HDU %zu: the text at column %zu, row %zu is over %zu bytes", f->name, i, c, row,
                     size - 1);
}
