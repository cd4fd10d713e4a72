/* SPDX-License-Identifier: BSD-3-Clause
 * avro.c - the container around Avro records.
 *
 *     "Obj" 1, metadata (a map of texts to bytes: avro.schema, avro.codec), 16 bytes of sync marker, then blocks:
 *     number of records, number of bytes, the bytes, the sync marker again
 *
 * A block is read whole and its marker is checked before anything in it is believed. Where the marker is in its place,
 * whatever is wrong inside costs that block only. */
#include "formats/avro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/avro_codec.h"
#include "formats/avro_schema.h"
#include "formats/stream.h"

enum {
    SYNC_SIZE = 16,
    MAX_BLOCK = 64 << 20,
    MAX_RECORD = 16 << 20,
    MAX_KEY = 1 << 10,
    MAX_KEYS = 1 << 10,
    READ_STEP = 1 << 20, /* a lying length costs at most this much memory beyond what the file holds */
    PROGRAMS = 8
};

typedef struct cached {
    char *schema;
    size_t size;
    uint64_t used; /* clock of the last use */
    epo__avro_program *program;
} cached;

struct epo__avro_reader {
    char **paths;
    size_t path_count;
    cached cache[PROGRAMS];
    uint64_t clock;

    FILE *file; /* NULL between files */
    char *name;
    epo__string where;
    const epo__avro_program *program; /* one of the cache */
    epo__avro_codec codec;
    unsigned char sync[SYNC_SIZE];

    unsigned char *raw; /* the block as it is in the file */
    size_t raw_capacity;
    epo__avro_inflater inflater;
    const unsigned char *at, *end; /* what is left of the block */
    int64_t left;                  /* records still in it */
    uint64_t block, record;        /* numbers from 1, for messages */
};

epo_status epo__avro_create(const char *const *paths, size_t count, epo__avro_reader **out)
{
    *out = NULL;
    if (count > EPO__AVRO_MAX_PATHS)
        return epo__fail(EPO_EARG, "over %d values asked of a record", EPO__AVRO_MAX_PATHS);
    epo__avro_reader *reader = epo__alloc(1, sizeof *reader);
    bool made = reader && (reader->paths = epo__alloc(count, sizeof *reader->paths));
    for (size_t i = 0; made && i < count; i++) made = (reader->paths[reader->path_count++] = epo__strdup(paths[i]));
    if (!made) {
        epo__avro_free(reader);
        return epo__nomem("Avro reader");
    }
    *out = reader;
    return EPO_OK;
}

void epo__avro_close(epo__avro_reader *reader)
{
    if (reader->file) fclose(reader->file);
    free(reader->name);
    reader->file = NULL;
    reader->name = NULL;
    reader->program = NULL;
    reader->at = reader->end = NULL;
    reader->left = 0;
    reader->block = reader->record = 0;
}

void epo__avro_free(epo__avro_reader *reader)
{
    if (!reader) return;
    epo__avro_close(reader);
    for (size_t i = 0; i < reader->path_count; i++) free(reader->paths[i]);
    free(reader->paths);
    for (size_t i = 0; i < PROGRAMS; i++) {
        free(reader->cache[i].schema);
        epo__avro_program_free(reader->cache[i].program);
    }
    epo__string_free(&reader->where);
    epo__avro_inflater_free(&reader->inflater);
    free(reader->raw);
    free(reader);
}

/* Messages of the steps below have no file name: it is put before them by those who call. */
static epo_status short_read(epo__avro_reader *reader)
{
    if (ferror(reader->file)) return epo__fail(EPO_EIO, "%s", strerror(errno));
    return epo__fail(EPO_EFORMAT, "cut short");
}

static epo_status read_bytes(epo__avro_reader *reader, void *out, size_t size)
{
    return fread(out, 1, size, reader->file) == size ? EPO_OK : short_read(reader);
}

/* *ended, when not NULL, is set instead of failing where the file ends before the first byte. */
static epo_status read_varint(epo__avro_reader *reader, int64_t *out, bool *ended)
{
    unsigned char bytes[10];
    size_t count = 0;
    for (;;) {
        int byte = getc_unlocked(reader->file);
        if (byte == EOF && ended && count == 0 && !ferror(reader->file)) {
            *ended = true;
            return EPO_OK;
        }
        if (byte == EOF) return short_read(reader);
        bytes[count++] = (unsigned char)byte;
        if (byte < 0x80 || count == sizeof bytes) break;
    }
    const unsigned char *at = bytes;
    return epo__avro_varint(&at, bytes + count, out) ? EPO_OK : epo__fail(EPO_EFORMAT, "a number has no end");
}

/* `size` bytes of the file into reader->raw, which grows only as the bytes really come. */
static epo_status read_raw(epo__avro_reader *reader, size_t size)
{
    for (size_t got = 0; got < size;) {
        size_t step = size - got < READ_STEP ? size - got : READ_STEP;
        if (!epo__grow(&reader->raw, &reader->raw_capacity, got + step, 1)) return epo__nomem("Avro block");
        epo_status status = read_bytes(reader, reader->raw + got, step);
        if (status) return status;
        got += step;
    }
    return EPO_OK;
}

/* A length-prefixed text of at most `limit` bytes into reader->raw. */
static epo_status read_text(epo__avro_reader *reader, const char *what, int64_t limit, size_t *size)
{
    int64_t length;
    epo_status status = read_varint(reader, &length, NULL);
    if (status) return status;
    if (length < 0) return epo__fail(EPO_EFORMAT, "a %s has a negative length", what);
    if (length > limit) return epo__fail(EPO_ELIMIT, "a %s is over %lld bytes", what, (long long)limit);
    *size = (size_t)length;
    return read_raw(reader, *size);
}

/* The program for the schema in reader->raw, compiled unless it is one of the last few. */
static epo_status find_program(epo__avro_reader *reader, size_t size)
{
    cached *oldest = &reader->cache[0];
    for (size_t i = 0; i < PROGRAMS; i++) {
        cached *c = &reader->cache[i];
        if (c->program && c->size == size && memcmp(c->schema, reader->raw, size) == 0) {
            c->used = ++reader->clock;
            reader->program = c->program;
            return EPO_OK;
        }
        if (c->used < oldest->used) oldest = c;
    }
    epo__avro_program *program = NULL;
    epo_status status = epo__avro_compile((const char *)reader->raw, size, (const char *const *)reader->paths,
                                          reader->path_count, &program);
    if (status) return status;
    char *schema = epo__strndup((const char *)reader->raw, size);
    if (!schema) {
        epo__avro_program_free(program);
        return epo__nomem("Avro schema");
    }
    free(oldest->schema);
    epo__avro_program_free(oldest->program);
    *oldest = (cached){schema, size, ++reader->clock, program};
    reader->program = program;
    return EPO_OK;
}

static epo_status read_pair(epo__avro_reader *reader)
{
    size_t size;
    char key[MAX_KEY + 1];
    epo_status status = read_text(reader, "key of the metadata", MAX_KEY, &size);
    if (status) return status;
    if (size) memcpy(key, reader->raw, size);
    key[size] = '\0';
    status = read_text(reader, "value of the metadata", EPO__AVRO_MAX_SCHEMA, &size);
    if (status) return status;
    if (strcmp(key, "avro.schema") == 0) return find_program(reader, size);
    if (strcmp(key, "avro.codec") == 0 && size &&
        !epo__avro_codec_find((const char *)reader->raw, size, &reader->codec))
        return epo__fail(EPO_EUNSUPPORTED, "codec \"%.*s\" is not read", (int)(size < 40 ? size : 40),
                         (const char *)reader->raw);
    return EPO_OK;
}

static epo_status read_header(epo__avro_reader *reader)
{
    unsigned char magic[4];
    reader->codec = EPO__AVRO_CODEC_NULL;
    if (fread(magic, 1, sizeof magic, reader->file) != sizeof magic || memcmp(magic, "Obj\1", sizeof magic) != 0)
        return ferror(reader->file) ? short_read(reader) : epo__fail(EPO_EFORMAT, "not an Avro container file");
    int64_t keys = 0;
    for (;;) {
        int64_t count, size;
        epo_status status = read_varint(reader, &count, NULL);
        if (!status && count < 0) { /* its size in bytes follows, which only those who skip need */
            status = read_varint(reader, &size, NULL);
            count = count < -MAX_KEYS ? MAX_KEYS + 1 : -count;
        }
        if (status) return status;
        if (count == 0) break;
        if (count > MAX_KEYS - keys) return epo__fail(EPO_ELIMIT, "over %d keys of metadata", MAX_KEYS);
        keys += count;
        for (int64_t i = 0; i < count; i++) {
            status = read_pair(reader);
            if (status) return status;
        }
    }
    if (!reader->program) return epo__fail(EPO_EFORMAT, "no schema in its metadata");
    return read_bytes(reader, reader->sync, SYNC_SIZE);
}

epo_status epo__avro_open(epo__avro_reader *reader, const char *path)
{
    epo__avro_close(reader);
    epo_status status = epo__stream_open(path, &reader->file, NULL);
    if (status) return status;
    reader->name = epo__strdup(path);
    status = reader->name ? read_header(reader) : epo__nomem("Avro reader");
    if (status) {
        epo__fail_in(status, "%s", path);
        epo__avro_close(reader);
    }
    return status;
}

uint64_t epo__avro_found(const epo__avro_reader *reader)
{
    return reader->program ? reader->program->found : 0;
}

/* Reads and inflates the next block. *broken: its end could not be found, so that nothing behind it can be read. */
static epo_status next_block(epo__avro_reader *reader, bool *ended, bool *broken)
{
    int64_t records = 0, size = 0;
    unsigned char sync[SYNC_SIZE];
    *broken = true;
    epo_status status = read_varint(reader, &records, ended);
    if (status || *ended) return status;
    status = read_varint(reader, &size, NULL);
    if (status) return status;
    if (records < 0 || size < 0) return epo__fail(EPO_EFORMAT, "its count or size is negative");
    if (size > MAX_BLOCK) return epo__fail(EPO_ELIMIT, "its %lld bytes are over %d", (long long)size, MAX_BLOCK);
    status = read_raw(reader, (size_t)size);
    if (!status) status = read_bytes(reader, sync, SYNC_SIZE);
    if (status) return status;
    if (memcmp(sync, reader->sync, SYNC_SIZE) != 0) return epo__fail(EPO_EFORMAT, "no sync marker at its end");
    *broken = false;

    const unsigned char *bytes;
    size_t inflated;
    size_t limit = records < MAX_BLOCK / MAX_RECORD ? (size_t)records * MAX_RECORD : MAX_BLOCK;
    status = epo__avro_inflate(&reader->inflater, reader->codec, reader->raw, (size_t)size, limit, &bytes, &inflated);
    if (status) return status;
    if ((uint64_t)records > inflated) /* no record takes less than a byte, so this also ends counts that lie */
        return epo__fail(EPO_EFORMAT, "claims %lld records in %zu bytes", (long long)records, inflated);
    reader->at = bytes;
    reader->end = bytes + inflated;
    reader->left = records;
    return EPO_OK;
}

const char *epo__avro_where(epo__avro_reader *reader)
{
    epo__string_clear(&reader->where);
    epo__string_addf(&reader->where, "%s: block %llu", reader->name ? reader->name : "no file",
                     (unsigned long long)reader->block);
    if (reader->record) epo__string_addf(&reader->where, ", record %llu", (unsigned long long)reader->record);
    return reader->where.text ? reader->where.text : "Avro file";
}

static epo_status fail_block(epo__avro_reader *reader, epo_status status)
{
    reader->left = 0;
    reader->at = reader->end = NULL;
    return epo__fail_in(status, "%s", epo__avro_where(reader));
}

epo_status epo__avro_next(epo__avro_reader *reader, epo__avro_value *values, bool *end)
{
    *end = true;
    if (!reader->file) return EPO_OK;
    while (reader->left == 0) {
        bool ended = false, broken = false;
        reader->record = 0;
        if (reader->at != reader->end) {
            *end = false;
            return fail_block(reader, epo__fail(EPO_EFORMAT, "%zu bytes are left over behind its last record",
                                                (size_t)(reader->end - reader->at)));
        }
        reader->block++;
        epo_status status = next_block(reader, &ended, &broken);
        if (status) {
            *end = broken;
            fail_block(reader, status);
        }
        if (ended || (status && broken)) epo__avro_close(reader);
        if (status || ended) return status;
    }
    *end = false;
    reader->left--;
    reader->record++;
    const unsigned char *start = reader->at;
    const char *why;
    if (!epo__avro_decode(reader->program, &reader->at, reader->end, values, reader->path_count, &why))
        return fail_block(reader, epo__fail(EPO_EFORMAT, "%s", why));
    if (reader->at - start > MAX_RECORD)
        return epo__fail(EPO_ELIMIT, "%s: over %d bytes", epo__avro_where(reader), MAX_RECORD);
    if (reader->at == start) /* only of a schema without contents: a count would be taken on its word */
        return fail_block(reader, epo__fail(EPO_EFORMAT, "records take no bytes"));
    return EPO_OK;
}
