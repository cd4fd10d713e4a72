/* SPDX-License-Identifier: BSD-3-Clause
 * avro_schema.h - an Avro schema compiled to a flat program that steps over records and keeps the values asked for.
 *
 * A program is an array of nodes, one for each type in the schema; nodes name their children by index, so that a type
 * that contains itself is a loop in the array. Where a path asks for a value, the node carries its slot. A named type
 * met on several paths (the three cut-outs share one record) has one copy for each path that asks something of it, and
 * one for all where nothing is asked.
 *
 * Fields that take no bytes (null, records of nulls) are left out of the records, and arrays and maps of them are known
 * as such: each step of the decoder therefore uses up bytes or nesting, and a hostile schema cannot make it spin.
 *
 * The JSON is read into jansson's values. libavro's own reader leaks on types that are defined twice and does not survive a
 * failed malloc, so the library does without it; the tests write their files with it. */
#ifndef EPO_FORMATS_AVRO_SCHEMA_H
#define EPO_FORMATS_AVRO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "formats/avro.h"

enum { EPO__AVRO_NO_SLOT = -1, EPO__AVRO_MAX_PATHS = 64, EPO__AVRO_MAX_SCHEMA = 1 << 20, EPO__AVRO_MAX_DEPTH = 64 };

typedef struct epo__avro_node {
    epo__avro_kind kind;
    int slot;              /* index into the values, or EPO__AVRO_NO_SLOT */
    bool empty;            /* always encoded in no bytes */
    uint32_t first, count; /* RECORD: its fields, UNION: its branches, ARRAY and MAP: one; in `children` */
    uint64_t size;         /* FIXED: bytes; ENUM: symbols */
} epo__avro_node;

typedef struct epo__avro_program {
    epo__avro_node *nodes;
    uint32_t *children; /* indices of nodes */
    uint32_t root;
    uint64_t found; /* bit i: the schema has a value for paths[i] */
} epo__avro_program;

/* Compiles `json`. Messages have no file name. EPO_EFORMAT, EPO_ELIMIT, EPO_ENOMEM. */
epo_status epo__avro_compile(const char *json, size_t size, const char *const *paths, size_t count,
                             epo__avro_program **out);
void epo__avro_program_free(epo__avro_program *program);

/* Decodes one record from the `left` bytes at *at and moves *at behind it. values (zeroed here, `count` of them) point
 * into the bytes. False with *why set when the bytes do not hold one. */
bool epo__avro_decode(const epo__avro_program *program, const unsigned char **at, const unsigned char *end,
                      epo__avro_value *values, size_t count, const char **why);

/* A zigzag varint of at most 10 bytes; false when the bytes end before it or it does not fit 64 bits. */
bool epo__avro_varint(const unsigned char **at, const unsigned char *end, int64_t *out);

#endif
