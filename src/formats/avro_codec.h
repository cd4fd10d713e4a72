/* SPDX-License-Identifier: BSD-3-Clause
 * avro_codec.h - inflating the blocks of an Avro container. */
#ifndef EPO_FORMATS_AVRO_CODEC_H
#define EPO_FORMATS_AVRO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

#include "epochal/status.h"

typedef enum epo__avro_codec { EPO__AVRO_CODEC_NULL, EPO__AVRO_CODEC_DEFLATE, EPO__AVRO_CODEC_SNAPPY } epo__avro_codec;

/* The codec of a name in the metadata; false for one that is not read. */
bool epo__avro_codec_find(const char *name, size_t length, epo__avro_codec *out);

/* All zeros is ready for use; it keeps its memory from block to block. */
typedef struct epo__avro_inflater {
    unsigned char *bytes; /* of the last block, until the next; released by epo__avro_inflater_free */
    size_t capacity;
    z_stream stream;
    bool started;
} epo__avro_inflater;

void epo__avro_inflater_free(epo__avro_inflater *inflater);

/* Inflates a block; at most `limit` bytes may come out. *out points into the inflater, or to `bytes` itself for the
 * null codec. Messages have no file name. EPO_EFORMAT, EPO_ELIMIT, EPO_ENOMEM. */
epo_status epo__avro_inflate(epo__avro_inflater *inflater, epo__avro_codec codec, const unsigned char *bytes,
                             size_t size, size_t limit, const unsigned char **out, size_t *out_size);

#endif
