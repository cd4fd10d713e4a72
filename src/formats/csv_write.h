/* SPDX-License-Identifier: BSD-3-Clause
 * csv_write.h - comma-separated tables (RFC 4180: CRLF, quotes where they are needed), a field after the other, into a
 * file of the caller's. Failures stay with the stream: ferror, or epo__new_file_end. */
#ifndef EPO_FORMATS_CSV_WRITE_H
#define EPO_FORMATS_CSV_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct epo__csv_writer {
    FILE *file;
    bool inside; /* a row has begun */
} epo__csv_writer;

void epo__csv_put_text(epo__csv_writer *csv, const char *text); /* NULL: empty; "" is quoted, to be told from it */
void epo__csv_put_int(epo__csv_writer *csv, int64_t value);
void epo__csv_put_real(epo__csv_writer *csv,
                       double value); /* as few digits as give the same number; not finite: empty */
void epo__csv_end_row(epo__csv_writer *csv);

#endif
