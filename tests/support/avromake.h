/* SPDX-License-Identifier: BSD-3-Clause
 * avromake.h - writes Avro containers of alerts byte by byte, for those that lie: a library would not. */
#ifndef EPO_TESTS_AVROMAKE_H
#define EPO_TESTS_AVROMAKE_H

#include <stdint.h>

#include "support/fitsmake.h"

/* The header of an uncompressed container of alerts, with what a reader needs and no more. */
void avro_head(fm_file *f);
/* The same with another schema (NULL: that one) and codec. */
void avro_head_of(fm_file *f, const char *schema, const char *codec);

/* Alert `candid` of object "ZTFcandid" appended to `records`; each cutout is `cutout` of `size` bytes. */
void avro_alert(fm_file *records, int64_t candid, const void *cutout, size_t size);

/* A block that says it has `count` records of `size` bytes together, then `records`, then the sync mark. */
void avro_block(fm_file *f, int64_t count, int64_t size, const fm_file *records);

#endif
