/* SPDX-License-Identifier: BSD-3-Clause
 * avro.h - Avro object container files, read a record at a time.
 *
 * Of each record only the values asked for by path ("candidate.jd") are kept; everything else is stepped over without
 * being built. The compiled form of a schema is kept while the reader lives, because a night's files all carry the
 * same 20 KB of it.
 *
 *     epo__avro_create(paths, n, &reader);
 *     for each file: epo__avro_open(reader, path);
 *                    while (epo__avro_next(reader, values, &end), !end) ...
 *     epo__avro_free(reader);
 *
 * Codecs: null, deflate, snappy. Files are untrusted: a schema of at most 1 MiB, a block of at most 64 MiB once
 * inflated, a record of at most 16 MiB, values nested at most 64 deep. Memory is bounded by two blocks.
 */
#ifndef EPO_FORMATS_AVRO_H
#define EPO_FORMATS_AVRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

typedef struct epo__avro_reader epo__avro_reader;

typedef enum epo__avro_kind {
    EPO__AVRO_NULL, /* null, or the schema has no such field */
    EPO__AVRO_BOOLEAN,
    EPO__AVRO_INT,
    EPO__AVRO_LONG,
    EPO__AVRO_FLOAT,
    EPO__AVRO_DOUBLE,
    EPO__AVRO_BYTES,
    EPO__AVRO_STRING,
    EPO__AVRO_FIXED,
    EPO__AVRO_ENUM,
    EPO__AVRO_ARRAY, /* from here on only inside schemas: never the kind of a value */
    EPO__AVRO_MAP,
    EPO__AVRO_UNION,
    EPO__AVRO_RECORD
} epo__avro_kind;

typedef struct epo__avro_value {
    epo__avro_kind kind;
    int64_t integer;            /* BOOLEAN (0 or 1), INT, LONG, ENUM (index of the symbol) */
    double real;                /* FLOAT, DOUBLE */
    const unsigned char *bytes; /* BYTES, STRING, FIXED: not terminated; lives until the next call on the reader */
    size_t size;
} epo__avro_value;

/* A reader of the `count` values at `paths` (field names joined by '.'; at most 64 of them; copied). EPO_ENOMEM,
 * EPO_EARG. */
epo_status epo__avro_create(const char *const *paths, size_t count, epo__avro_reader **out);
void epo__avro_free(epo__avro_reader *reader);

/* Starts on a file, leaving the one before. EPO_EIO; EPO_EFORMAT for what is no container or has a schema that cannot
 * be; EPO_ELIMIT; EPO_EUNSUPPORTED for another codec. After a failure no file is open. */
epo_status epo__avro_open(epo__avro_reader *reader, const char *path);

/* Leaves the open file, if there is one. */
void epo__avro_close(epo__avro_reader *reader);

/* Bit i is set when the open file's schema has a value for paths[i]. */
uint64_t epo__avro_found(const epo__avro_reader *reader);

/* The next record's values, in the order of `paths`. On success *end tells whether the file had no more.
 * On a failure with *end false the record, or the rest of its block, is lost: the next call goes on behind it.
 * On a failure with *end true nothing more can be read from this file. Messages name file and block. */
epo_status epo__avro_next(epo__avro_reader *reader, epo__avro_value *values, bool *end);

/* "PATH: block B, record R": where the last record stood, for messages about its contents. Never NULL. */
const char *epo__avro_where(epo__avro_reader *reader);

#endif
