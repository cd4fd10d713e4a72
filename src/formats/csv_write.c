/* SPDX-License-Identifier: BSD-3-Clause
 * csv_write.c - writing comma-separated tables. */
#include "formats/csv_write.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

enum { DIGITS = 15, ALL_DIGITS = 17 };

static void begin(epo__csv_writer *csv)
{
    if (csv->inside) putc(',', csv->file);
    csv->inside = true;
}

void epo__csv_put_text(epo__csv_writer *csv, const char *text)
{
    begin(csv);
    if (!text) return;
    if (*text && !text[strcspn(text, ",\"\r\n")]) {
        fputs(text, csv->file);
        return;
    }
    putc('"', csv->file);
    for (; *text; text++) {
        if (*text == '"') putc('"', csv->file);
        putc(*text, csv->file);
    }
    putc('"', csv->file);
}

void epo__csv_put_int(epo__csv_writer *csv, int64_t value)
{
    begin(csv);
    fprintf(csv->file, "%lld", (long long)value);
}

void epo__csv_put_real(epo__csv_writer *csv, double value)
{
    begin(csv);
    if (!isfinite(value)) return;
    char text[40];
    double same;
    for (int digits = DIGITS; digits <= ALL_DIGITS; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        /* the program that embeds the library may have another decimal point */
        text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : '\0';
        if (epo__parse_double(text, &same) && same == value) break;
    }
    fputs(text, csv->file);
}

void epo__csv_end_row(epo__csv_writer *csv)
{
    fputs("\r\n", csv->file);
    csv->inside = false;
}
