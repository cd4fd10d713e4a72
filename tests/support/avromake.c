/* SPDX-License-Identifier: BSD-3-Clause
 * avromake.c - Avro 1.11's encoding, as far as alerts need it. */
#include "support/avromake.h"

#include "support/check.h"

static const char SYNC[] = "0123456789abcdef";

static const char SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"alert\",\"fields\":[{\"name\":\"objectId\",\"type\":\"string\"},{\"name\":\"candid\",\"type\":\"long\"},"
    "{\"name\":\"candidate\",\"type\":{\"type\":\"record\",\"name\":\"candidate\",\"fields\":[{\"name\":\"jd\",\"type\":\"double\"},"
    "{\"name\":\"ra\",\"type\":\"double\"},{\"name\":\"dec\",\"type\":\"double\"}]}},"
    "{\"name\":\"cutoutScience\",\"type\":{\"type\":\"record\",\"name\":\"cutout\",\"fields\":[{\"name\":\"fileName\",\"type\":\"string\"},"
    "{\"name\":\"stampData\",\"type\":\"bytes\"}]}},{\"name\":\"cutoutTemplate\",\"type\":\"cutout\"},{\"name\":\"cutoutDifference\",\"type\":\"cutout\"}]}";

/* Zigzag, seven bits a byte. */
static void add_long(fm_file *f, int64_t value)
{
    uint64_t rest = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    do {
        unsigned char byte = (unsigned char)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        fm_bytes(f, &byte, 1);
        rest >>= 7;
    } while (rest);
}

static void add_bytes(fm_file *f, const void *bytes, size_t size)
{
    add_long(f, (int64_t)size);
    fm_bytes(f, bytes, size);
}

static void add_text(fm_file *f, const char *text)
{
    add_bytes(f, text, strlen(text));
}

void avro_head_of(fm_file *f, const char *schema, const char *codec)
{
    fm_bytes(f, "Obj\1", 4);
    add_long(f, 2);
    add_text(f, "avro.schema");
    add_text(f, schema ? schema : SCHEMA);
    add_text(f, "avro.codec");
    add_text(f, codec);
    add_long(f, 0);
    fm_bytes(f, SYNC, 16);
}

void avro_head(fm_file *f)
{
    avro_head_of(f, NULL, "null");
}

void avro_alert(fm_file *records, int64_t candid, const void *cutout, size_t size)
{
    char name[32];
    double numbers[] = {2459000.75, 10.5, -20.25}; /* jd, ra, dec; doubles are little-endian, as here */
    snprintf(name, sizeof name, "ZTF%lld", (long long)candid);
    add_text(records, name);
    add_long(records, candid);
    fm_bytes(records, numbers, sizeof numbers);
    for (int i = 0; i < 3; i++) {
        add_text(records, "x.fits.gz");
        add_bytes(records, cutout, size);
    }
}

void avro_block(fm_file *f, int64_t count, int64_t size, const fm_file *records)
{
    add_long(f, count);
    add_long(f, size);
    fm_bytes(f, records->data, records->size);
    fm_bytes(f, SYNC, 16);
}
