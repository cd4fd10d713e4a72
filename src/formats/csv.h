/* SPDX-License-Identifier: BSD-3-Clause
 * csv.h - comma-separated tables with a header row (RFC 4180), plain or gzipped, read a row at a time.
 *
 * LF or CRLF, a UTF-8 byte order mark is passed over, empty lines too; quoted fields may hold commas, quotes and line
 * ends. Untrusted: a row of at most 1 MiB and 4,096 columns, no NUL bytes; memory is bounded by one row. */
#ifndef EPO_FORMATS_CSV_H
#define EPO_FORMATS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

typedef struct epo__csv epo__csv;

/* Opens and reads the header row. EPO_EIO, EPO_EFORMAT (also when there is no header), EPO_ELIMIT, EPO_ENOMEM. */
epo_status epo__csv_open(const char *path, epo__csv **out);
void epo__csv_free(epo__csv *csv);

size_t epo__csv_columns(const epo__csv *csv);
const char *epo__csv_name(const epo__csv *csv, size_t column); /* as in the header, blanks around it taken off */

/* The column whose name, letters compared without case, is one of `names` (ended by NULL; earlier names are preferred).
 * EPO_ENOTFOUND with a message that lists the columns there are; EPO_EFORMAT when the name stands twice. */
epo_status epo__csv_find(const epo__csv *csv, const char *const *names, size_t *column);

/* The next row: (*fields)[0 .. columns-1], NUL-terminated, alive until the next call. On success *end tells that there
 * was none. A failure with *end false concerns this row (too few or too many fields, text behind a closing quote): the
 * next call goes on behind it. A failure with *end true ends the file. Messages name file and line. */
epo_status epo__csv_next(epo__csv *csv, const char *const **fields, bool *end);

/* The line in the file on which the last row began, from 1. */
uint64_t epo__csv_line(const epo__csv *csv);

/* A field of the last row as a number. EPO_EFORMAT with file, line and column when it is none; an empty field too.
 * "nan" and "inf" are numbers for epo__csv_double, and the caller may refuse them. */
epo_status epo__csv_double(const epo__csv *csv, size_t column, double *out);
epo_status epo__csv_int(const epo__csv *csv, size_t column, int64_t low, int64_t high, int64_t *out);

#endif
