/* SPDX-License-Identifier: BSD-3-Clause
 * zip_write.c - writing zip archives (PKWARE APPNOTE 6.3: sections 4.3.7 local header, 4.3.12 central directory, 4.3.14
 * to 4.3.16 ends, 4.5.3 zip64).
 *
 * A member's size is not known before its end, so its local header always has the wide sizes and is written a second
 * time. In the directory only what does not fit is wide. */
#include "formats/zip_write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/new_file.h"

enum { LOCAL_EXTRA = 20, VERSION64 = 45, DATE = 0x21 /* 1980-01-01 */, ZEROS = 256 };
static const uint32_t WIDE = 0xffffffff;

typedef struct member {
    char *name;
    uint64_t offset, size;
    uint32_t crc;
} member;

struct epo__zip_writer {
    epo__new_file out;
    member *members; /* the last one is open */
    size_t count, room;
    uint64_t at; /* bytes written */
    size_t head;
    uint32_t crc; /* of what follows the head */
};

/* Bytes being put together, little-endian. */
typedef struct record {
    unsigned char bytes[512];
    size_t size;
} record;

static void add(record *r, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) r->bytes[r->size++] = (unsigned char)(value >> 8 * i);
}

static void add_name(record *r, const char *name)
{
    const size_t length = strlen(name);
    memcpy(r->bytes + r->size, name, length);
    r->size += length;
}

static epo_status put(epo__zip_writer *zip, const void *bytes, size_t size)
{
    if (size && fwrite(bytes, 1, size, zip->out.file) != size)
        return epo__fail(EPO_EIO, "%s: cannot be written: %s", zip->out.path, strerror(errno));
    zip->at += size;
    return EPO_OK;
}

epo_status epo__zip_create(const char *path, epo__zip_writer **out)
{
    *out = NULL;
    epo__zip_writer *zip = epo__alloc(1, sizeof *zip);
    if (!zip) return epo__nomem(path);
    epo_status status = epo__new_file_open(path, &zip->out);
    if (status != EPO_OK)
        free(zip);
    else
        *out = zip;
    return status;
}

static epo_status put_local(epo__zip_writer *zip, const member *m)
{
    record r = {0};
    add(&r, 0x04034b50, 4);
    add(&r, VERSION64, 2);
    add(&r, 0, 2); /* flags */
    add(&r, 0, 2); /* stored */
    add(&r, 0, 2); /* time */
    add(&r, DATE, 2);
    add(&r, m->crc, 4);
    add(&r, WIDE, 4);
    add(&r, WIDE, 4);
    add(&r, strlen(m->name), 2);
    add(&r, LOCAL_EXTRA, 2);
    add_name(&r, m->name);
    add(&r, 1, 2); /* zip64 */
    add(&r, 16, 2);
    add(&r, m->size, 8);
    add(&r, m->size, 8);
    return put(zip, r.bytes, r.size);
}

epo_status epo__zip_begin(epo__zip_writer *zip, const char *name, size_t head)
{
    static const unsigned char zeros[ZEROS];
    if (strlen(name) > 255) return epo__fail(EPO_EARG, "%s: the name of a member is too long", zip->out.path);
    if (!epo__grow(&zip->members, &zip->room, zip->count + 1, sizeof *zip->members)) return epo__nomem(zip->out.path);
    member *m = &zip->members[zip->count];
    *m = (member){.name = epo__strdup(name), .offset = zip->at};
    if (!m->name) return epo__nomem(zip->out.path);
    zip->count++;
    zip->head = head;
    zip->crc = (uint32_t)crc32(0, NULL, 0);
    epo_status status = put_local(zip, m);
    for (size_t left = head; status == EPO_OK && left > 0;) {
        const size_t n = left < ZEROS ? left : ZEROS;
        status = put(zip, zeros, n);
        left -= n;
    }
    m->size = head;
    return status;
}

epo_status epo__zip_write(epo__zip_writer *zip, const void *bytes, size_t size)
{
    zip->crc = (uint32_t)crc32_z(zip->crc, bytes, size);
    zip->members[zip->count - 1].size += size;
    return put(zip, bytes, size);
}

epo_status epo__zip_end(epo__zip_writer *zip, const void *head)
{
    member *m = &zip->members[zip->count - 1];
    const uint64_t end = zip->at;
    m->crc = (uint32_t)crc32_combine((uLong)crc32_z(0, head, zip->head), zip->crc, (off_t)(m->size - zip->head));
    if (fseeko(zip->out.file, (off_t)m->offset, SEEK_SET) != 0)
        return epo__fail(EPO_EIO, "%s: cannot be written: %s", zip->out.path, strerror(errno));
    epo_status status = put_local(zip, m);
    if (status == EPO_OK) status = put(zip, head, zip->head);
    zip->at = end;
    if (status == EPO_OK && fseeko(zip->out.file, (off_t)end, SEEK_SET) != 0)
        status = epo__fail(EPO_EIO, "%s: cannot be written: %s", zip->out.path, strerror(errno));
    return status;
}

static uint32_t narrow(uint64_t value)
{
    return value >= WIDE ? WIDE : (uint32_t)value;
}

static epo_status put_entry(epo__zip_writer *zip, const member *m)
{
    record r = {0};
    const bool wide_size = m->size >= WIDE, wide_offset = m->offset >= WIDE;
    const unsigned extra = (wide_size ? 16u : 0u) + (wide_offset ? 8u : 0u);
    add(&r, 0x02014b50, 4);
    add(&r, VERSION64, 2); /* made by; the upper byte 0: no attributes of a system's own */
    add(&r, VERSION64, 2);
    add(&r, 0, 2);
    add(&r, 0, 2);
    add(&r, 0, 2);
    add(&r, DATE, 2);
    add(&r, m->crc, 4);
    add(&r, narrow(m->size), 4);
    add(&r, narrow(m->size), 4);
    add(&r, strlen(m->name), 2);
    add(&r, extra ? 4 + extra : 0, 2);
    add(&r, 0, 2); /* comment, disk, attributes */
    add(&r, 0, 2);
    add(&r, 0, 2);
    add(&r, 0, 4);
    add(&r, narrow(m->offset), 4);
    add_name(&r, m->name);
    if (extra) {
        add(&r, 1, 2);
        add(&r, extra, 2);
        if (wide_size) {
            add(&r, m->size, 8);
            add(&r, m->size, 8);
        }
        if (wide_offset) add(&r, m->offset, 8);
    }
    return put(zip, r.bytes, r.size);
}

static epo_status put_end(epo__zip_writer *zip, uint64_t offset, uint64_t size)
{
    record r = {0};
    if (offset >= WIDE || size >= WIDE || zip->count >= 0xffff) {
        add(&r, 0x06064b50, 4);
        add(&r, 44, 8); /* bytes that follow */
        add(&r, VERSION64, 2);
        add(&r, VERSION64, 2);
        add(&r, 0, 4);
        add(&r, 0, 4);
        add(&r, zip->count, 8);
        add(&r, zip->count, 8);
        add(&r, size, 8);
        add(&r, offset, 8);
        add(&r, 0x07064b50, 4);
        add(&r, 0, 4);
        add(&r, offset + size, 8);
        add(&r, 1, 4);
    }
    const uint64_t count = zip->count >= 0xffff ? 0xffff : zip->count;
    add(&r, 0x06054b50, 4);
    add(&r, 0, 4);
    add(&r, count, 2);
    add(&r, count, 2);
    add(&r, narrow(size), 4);
    add(&r, narrow(offset), 4);
    add(&r, 0, 2);
    return put(zip, r.bytes, r.size);
}

static void release(epo__zip_writer *zip)
{
    for (size_t i = 0; i < zip->count; i++) free(zip->members[i].name);
    free(zip->members);
    free(zip);
}

epo_status epo__zip_finish(epo__zip_writer *zip)
{
    const uint64_t offset = zip->at;
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < zip->count; i++) status = put_entry(zip, &zip->members[i]);
    if (status == EPO_OK) status = put_end(zip, offset, zip->at - offset);
    if (status == EPO_OK)
        status = epo__new_file_end(&zip->out, !ferror(zip->out.file));
    else
        epo__new_file_drop(&zip->out);
    release(zip);
    return status;
}

void epo__zip_drop(epo__zip_writer *zip)
{
    if (!zip) return;
    epo__new_file_drop(&zip->out);
    release(zip);
}
