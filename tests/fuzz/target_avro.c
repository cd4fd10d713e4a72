/* SPDX-License-Identifier: BSD-3-Clause
 * target_avro.c - alerts: the container, its schema and codec, the records, and the gzipped FITS cutouts in them. */
#include "data/reader.h"
#include "fuzz/target.h"

static int run(const uint8_t *bytes, size_t size)
{
    const epo_import_options options = EPO_IMPORT_OPTIONS_INIT;
    return fuzz_read(&epo__reader_ztf, &options, fuzz_file(bytes, size));
}

static const char *const words[] = {"Obj\x01",       "avro.schema",  "avro.codec",   "deflate",       "snappy",
                                    "null",          "\"record\"",   "\"array\"",    "\"map\"",       "\"enum\"",
                                    "\"fixed\"",     "\"union\"",    "\"fields\":[", "\"items\":",    "\"values\":",
                                    "\"symbols\":[", "\"size\":",    "\"name\":",    "\"type\":",     "\"namespace\":",
                                    "\"string\"",    "\"bytes\"",    "\"long\"",     "\"double\"",    "\"alert\"",
                                    "\"cutout\"",    "\"objectId\"", "\"candid\"",   "\"stampData\"", NULL};

const fuzz_target fuzz_avro = {.name = "avro", .run = run, .words = words, .max_size = 16 << 10};
