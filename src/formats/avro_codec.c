/* SPDX-License-Identifier: BSD-3-Clause
 * avro_codec.c - null, deflate (raw, RFC 1951) and snappy (with a big-endian CRC32 of the inflated bytes behind it). */
#include "formats/avro_codec.h"

#include <snappy-c.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { RAW_WINDOW = -15, FIRST_ROOM = 256 << 10, CRC_SIZE = 4 };

bool epo__avro_codec_find(const char *name, size_t length, epo__avro_codec *out)
{
    static const char *const names[] = {
        [EPO__AVRO_CODEC_NULL] = "null", [EPO__AVRO_CODEC_DEFLATE] = "deflate", [EPO__AVRO_CODEC_SNAPPY] = "snappy"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (length != strlen(names[i]) || memcmp(name, names[i], length) != 0) continue;
        *out = (epo__avro_codec)i;
        return true;
    }
    return false;
}

void epo__avro_inflater_free(epo__avro_inflater *inflater)
{
    free(inflater->bytes);
    if (inflater->started) inflateEnd(&inflater->stream);
    memset(inflater, 0, sizeof *inflater);
}

static epo_status too_big(size_t limit)
{
    return epo__fail(EPO_ELIMIT, "inflates to over %zu bytes", limit);
}

static epo_status inflate_raw(epo__avro_inflater *inflater, const unsigned char *bytes, size_t size, size_t limit,
                              size_t *out_size)
{
    z_stream *stream = &inflater->stream;
    if (!inflater->started && inflateInit2(stream, RAW_WINDOW) != Z_OK) return epo__nomem("inflating a block");
    inflater->started = true;
    inflateReset(stream);
    stream->next_in = (unsigned char *)bytes; /* zlib does not write there */
    stream->avail_in = (uInt)size;
    size_t got = 0;
    for (;;) {
        /* one byte over the limit shows a bomb without holding it */
        size_t room = got ? 2 * got : FIRST_ROOM;
        if (room > limit + 1) room = limit + 1;
        if (!epo__grow(&inflater->bytes, &inflater->capacity, room, 1)) return epo__nomem("inflating a block");
        if (room < inflater->capacity) room = inflater->capacity < limit + 1 ? inflater->capacity : limit + 1;
        stream->next_out = inflater->bytes + got;
        stream->avail_out = (uInt)(room - got);
        int state = inflate(stream, Z_FINISH);
        got = room - stream->avail_out;
        if (got > limit) return too_big(limit);
        if (state == Z_STREAM_END) break;
        if (state == Z_MEM_ERROR) return epo__nomem("inflating a block");
        if (state != Z_BUF_ERROR && state != Z_OK)
            return epo__fail(EPO_EFORMAT, "does not inflate (%s)", stream->msg ? stream->msg : "bad data");
        if (stream->avail_out > 0) return epo__fail(EPO_EFORMAT, "its deflated data is cut short");
    }
    if (stream->avail_in > 0) return epo__fail(EPO_EFORMAT, "has bytes behind its deflated data");
    *out_size = got;
    return EPO_OK;
}

static epo_status inflate_snappy(epo__avro_inflater *inflater, const unsigned char *bytes, size_t size, size_t limit,
                                 size_t *out_size)
{
    if (size < CRC_SIZE) return epo__fail(EPO_EFORMAT, "is too short for its checksum");
    size -= CRC_SIZE;
    const char *packed = (const char *)bytes;
    size_t length;
    if (snappy_uncompressed_length(packed, size, &length) != SNAPPY_OK)
        return epo__fail(EPO_EFORMAT, "is not snappy data");
    if (length > limit) return too_big(limit);
    if (!epo__grow(&inflater->bytes, &inflater->capacity, length, 1)) return epo__nomem("inflating a block");
    if (snappy_uncompress(packed, size, (char *)inflater->bytes, &length) != SNAPPY_OK)
        return epo__fail(EPO_EFORMAT, "is damaged snappy data");
    const unsigned char *crc = bytes + size;
    uint32_t told = (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | crc[3];
    if (crc32_z(0, inflater->bytes, length) != told) return epo__fail(EPO_EFORMAT, "fails its checksum");
    *out_size = length;
    return EPO_OK;
}

epo_status epo__avro_inflate(epo__avro_inflater *inflater, epo__avro_codec codec, const unsigned char *bytes,
                             size_t size, size_t limit, const unsigned char **out, size_t *out_size)
{
    epo_status status = EPO_OK;
    *out = bytes;
    *out_size = size;
    if (codec == EPO__AVRO_CODEC_NULL) return size > limit ? too_big(limit) : EPO_OK;
    if (codec == EPO__AVRO_CODEC_DEFLATE)
        status = inflate_raw(inflater, bytes, size, limit, out_size);
    else
        status = inflate_snappy(inflater, bytes, size, limit, out_size);
    *out = inflater->bytes;
    return status;
}
