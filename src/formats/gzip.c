/* SPDX-License-Identifier: BSD-3-Clause
 * gzip.c - gzip members into memory, never beyond a cap.
 *
 * The usual case, one member that says truly how long it is, goes through libdeflate, which inflates a cutout in about a
 * third of zlib's time. Everything else (several members, wrong lengths, damage) is left to zlib, whose streaming tells
 * what is wrong and stops at the cap. */
#include <libdeflate.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/bytes.h"

enum {
    GZIP_WINDOW = 15 + 16, /* zlib: the largest window, and gzip framing only */
    FIRST_GUESS = 1 << 15  /* a 63x63 float cutout with its header is 23,040 bytes */
};

bool epo__is_gzip(const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    return size >= 3 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8;
}

/* More room in `out`, which is full: doubled, but never beyond max_out + 1. The one byte more tells output that just
 * fits from output that goes on. */
static epo_status make_room(epo__bytes *out, size_t max_out)
{
    if (out->size > max_out) return epo__fail(EPO_ELIMIT, "gzip data inflates to more than %zu bytes", max_out);
    size_t most = max_out == SIZE_MAX ? max_out : max_out + 1;
    size_t want = out->capacity < FIRST_GUESS ? FIRST_GUESS : out->capacity > most / 2 ? most : 2 * out->capacity;
    if (want > most) want = most;
    if (want <= out->capacity) return EPO_OK;
    unsigned char *block = realloc(out->data, want);
    if (!block) return epo__nomem("inflating gzip data");
    out->data = block;
    out->capacity = want;
    return EPO_OK;
}

/* What may follow a member: nothing, zeros (tapes and block devices pad with them), or the next member. */
static epo_status after_member(const unsigned char *rest, size_t size, bool *more)
{
    *more = epo__is_gzip(rest, size);
    if (*more) return EPO_OK;
    for (size_t i = 0; i < size; i++)
        if (rest[i] != 0) return epo__fail(EPO_EFORMAT, "%zu bytes that are not gzip follow the gzip data", size);
    return EPO_OK;
}

static epo_status inflate_all(z_stream *z, const unsigned char *gz, size_t gz_size, size_t max_out, epo__bytes *out)
{
    size_t taken = 0;
    for (bool more = true; more;) {
        if (out->size == out->capacity || out->size > max_out) {
            epo_status status = make_room(out, max_out);
            if (status) return status;
        }
        size_t in = gz_size - taken, room = out->capacity - out->size;
        if (room > max_out - out->size) room = max_out - out->size + 1; /* a reused buffer may be larger than the cap */
        uInt avail_in = in > UINT_MAX ? UINT_MAX : (uInt)in, avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
        z->next_in = (z_const Bytef *)(gz + taken);
        z->avail_in = avail_in;
        z->next_out = out->data + out->size;
        z->avail_out = avail_out;
        int code = inflate(z, Z_NO_FLUSH);
        taken += avail_in - z->avail_in;
        out->size += avail_out - z->avail_out;
        if (code == Z_STREAM_END) {
            epo_status status = after_member(gz + taken, gz_size - taken, &more);
            if (status) return status;
            if (more && inflateReset(z) != Z_OK) return epo__fail(EPO_EINTERNAL, "zlib cannot start again");
        } else if (code == Z_MEM_ERROR) {
            return epo__nomem("inflating gzip data");
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return epo__fail(EPO_EFORMAT, "gzip data is damaged: %s", z->msg ? z->msg : "no reason given");
        } else if (taken == gz_size && z->avail_out > 0) {
            return epo__fail(EPO_EFORMAT, "gzip data is cut short");
        }
    }
    if (out->size > max_out) return epo__fail(EPO_ELIMIT, "gzip data inflates to more than %zu bytes", max_out);
    return EPO_OK;
}

/* The length that the last member claims to have, modulo 2^32. */
static size_t claimed_size(const unsigned char *gz, size_t gz_size)
{
    const unsigned char *end = gz + gz_size - 4;
    return (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
}

/* True when the data were one member of just the length that it claims. */
static bool inflate_usual(const unsigned char *gz, size_t gz_size, size_t max_out, epo__bytes *out)
{
    enum { SHORTEST = 18 }; /* header and trailer */
    size_t size = gz_size < SHORTEST ? 0 : claimed_size(gz, gz_size), taken = 0, given = 0;
    if (size == 0 || size > max_out) return false;
    if (out->capacity < size) {
        unsigned char *block = realloc(out->data, size);
        if (!block) return false;
        out->data = block;
        out->capacity = size;
    }
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (!d) return false;
    enum libdeflate_result result = libdeflate_gzip_decompress_ex(d, gz, gz_size, out->data, size, &taken, &given);
    libdeflate_free_decompressor(d);
    if (result != LIBDEFLATE_SUCCESS || taken != gz_size || given != size) return false;
    out->size = size;
    return true;
}

epo_status epo__gunzip_into(const void *gz, size_t gz_size, size_t max_out, epo__bytes *out)
{
    out->size = 0;
    if (!epo__is_gzip(gz, gz_size)) return epo__fail(EPO_EFORMAT, "not gzip data");
    if (inflate_usual(gz, gz_size, max_out, out)) return EPO_OK;
    z_stream z = {0};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) return epo__nomem("starting zlib");
    epo_status status = inflate_all(&z, gz, gz_size, max_out, out);
    inflateEnd(&z);
    if (status) out->size = 0;
    return status;
}

epo_status epo__gunzip(const void *gz, size_t gz_size, size_t max_out, unsigned char **bytes, size_t *size)
{
    epo__bytes out = {0};
    epo_status status = epo__gunzip_into(gz, gz_size, max_out, &out);
    if (status) {
        epo__bytes_free(&out);
        return status;
    }
    *bytes = out.data;
    *size = out.size;
    return EPO_OK;
}
