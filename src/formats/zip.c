/* SPDX-License-Identifier: BSD-3-Clause
 * zip.c - a small zip reader (PKWARE APPNOTE 6.3: sections 4.3.7 local header, 4.3.12 central directory, 4.3.14 and
 * 4.3.16 ends, 4.5.3 zip64).
 *
 * The central directory is what counts; of a local header only its lengths are used, to find the data. */
#include "formats/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/stream.h"

enum {
    MAX_MEMBERS = 1 << 16,
    MAX_DIRECTORY = 16 << 20,
    MAX_COMMENT = 65535,
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    ZIP64_EXTRA = 1,
    FLAG_ENCRYPTED = 1,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    RAW_WINDOW = -15,
    CHUNK = 64 << 10
};

typedef struct member {
    char *name;
    uint64_t size, packed, offset; /* offset of the local header */
    uint32_t crc;
    unsigned flags, method;
} member;

struct epo__zip {
    char *path;
    FILE *file;
    uint64_t file_size;
    member *members;
    size_t count;

    const member *inside;       /* the member entered */
    uint64_t left, packed_left; /* bytes of it not yet given, not yet read */
    uint32_t crc;
    z_stream stream;
    bool inflating;
    unsigned char chunk[CHUNK];
};

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

static epo_status malformed(const epo__zip *zip, const char *what)
{
    return epo__fail(EPO_EFORMAT, "%s: %s", zip->path, what);
}

static epo_status read_at(epo__zip *zip, uint64_t offset, void *out, size_t size)
{
    if (offset > zip->file_size || size > zip->file_size - offset) return malformed(zip, "a zip archive cut short");
    if (fseeko(zip->file, (off_t)offset, SEEK_SET) != 0 || fread(out, 1, size, zip->file) != size)
        return epo__fail(EPO_EIO, "%s: %s", zip->path,
                         ferror(zip->file) ? strerror(errno) : "shrank while it was read");
    return EPO_OK;
}

typedef struct directory {
    uint64_t entries, size, offset;
} directory;

/* The zip64 end, when its locator stands before the plain end at `end_at`. */
static epo_status find_end64(epo__zip *zip, uint64_t end_at, directory *out)
{
    unsigned char bytes[END64_SIZE];
    if (end_at < LOCATOR_SIZE) return malformed(zip, "its zip64 directory is missing");
    epo_status status = read_at(zip, end_at - LOCATOR_SIZE, bytes, LOCATOR_SIZE);
    if (status) return status;
    if (little(bytes, 4) != 0x07064b50) return malformed(zip, "its zip64 directory is missing");
    status = read_at(zip, little(bytes + 8, 8), bytes, END64_SIZE);
    if (status) return status;
    if (little(bytes, 4) != 0x06064b50) return malformed(zip, "its zip64 directory is missing");
    if (little(bytes + 16, 4) || little(bytes + 20, 4)) return malformed(zip, "a zip archive in several parts");
    *out = (directory){little(bytes + 32, 8), little(bytes + 40, 8), little(bytes + 48, 8)};
    return EPO_OK;
}

static epo_status find_directory(epo__zip *zip, directory *out)
{
    size_t tail = zip->file_size < END_SIZE + MAX_COMMENT ? (size_t)zip->file_size : END_SIZE + MAX_COMMENT;
    if (tail < END_SIZE) return malformed(zip, "not a zip archive");
    unsigned char *bytes = epo__alloc(tail, 1);
    if (!bytes) return epo__nomem(zip->path);
    uint64_t from = zip->file_size - tail;
    epo_status status = read_at(zip, from, bytes, tail);
    size_t at = tail - END_SIZE + 1;
    bool found = false;
    while (!status && !found && at-- > 0)
        found = little(bytes + at, 4) == 0x06054b50 && at + END_SIZE + little(bytes + at + 20, 2) == tail;
    if (!status && !found) status = malformed(zip, "not a zip archive, or one cut short");
    if (!status) {
        const unsigned char *end = bytes + at;
        *out = (directory){little(end + 10, 2), little(end + 12, 4), little(end + 16, 4)};
        if (little(end + 4, 2) || little(end + 6, 2))
            status = malformed(zip, "a zip archive in several parts");
        else if (out->entries == 0xffff || out->size == 0xffffffff || out->offset == 0xffffffff)
            status = find_end64(zip, from + at, out);
    }
    free(bytes);
    return status;
}

/* Takes from the zip64 extra field those of size, packed and offset that did not fit, in this order. */
static epo_status read_extra(const epo__zip *zip, member *m, const unsigned char *extra, size_t size)
{
    uint64_t *wide[3];
    int wanted = 0;
    if (m->size == 0xffffffff) wide[wanted++] = &m->size;
    if (m->packed == 0xffffffff) wide[wanted++] = &m->packed;
    if (m->offset == 0xffffffff) wide[wanted++] = &m->offset;
    while (wanted && size >= 4) {
        size_t kind = (size_t)little(extra, 2), length = (size_t)little(extra + 2, 2);
        if (length > size - 4) break;
        if (kind == ZIP64_EXTRA && length >= 8 * (size_t)wanted) {
            for (int i = 0; i < wanted; i++) *wide[i] = little(extra + 4 + 8 * i, 8);
            return EPO_OK;
        }
        extra += 4 + length;
        size -= 4 + length;
    }
    return wanted ? malformed(zip, "a member without its zip64 sizes") : EPO_OK;
}

/* One entry of the directory; *used is its length. */
static epo_status read_entry(const epo__zip *zip, const unsigned char *at, size_t left, member *m, size_t *used)
{
    if (left < ENTRY_SIZE || little(at, 4) != 0x02014b50) return malformed(zip, "a damaged zip directory");
    size_t name = (size_t)little(at + 28, 2), extra = (size_t)little(at + 30, 2), comment = (size_t)little(at + 32, 2);
    *used = ENTRY_SIZE + name + extra + comment;
    if (*used > left) return malformed(zip, "a damaged zip directory");
    m->flags = (unsigned)little(at + 8, 2);
    m->method = (unsigned)little(at + 10, 2);
    m->crc = (uint32_t)little(at + 16, 4);
    m->packed = little(at + 20, 4);
    m->size = little(at + 24, 4);
    m->offset = little(at + 42, 4);
    if (memchr(at + ENTRY_SIZE, 0, name)) return malformed(zip, "a member's name holds a NUL");
    m->name = epo__strndup((const char *)at + ENTRY_SIZE, name);
    if (!m->name) return epo__nomem(zip->path);
    epo_status status = read_extra(zip, m, at + ENTRY_SIZE + name, extra);
    if (!status && (m->packed > zip->file_size || m->offset > zip->file_size))
        status = epo__fail(EPO_EFORMAT, "%s: member \"%s\" lies outside the file", zip->path, m->name);
    if (!status && m->method == METHOD_STORED && m->packed != m->size)
        status = epo__fail(EPO_EFORMAT, "%s: member \"%s\" has two sizes", zip->path, m->name);
    return status;
}

static epo_status read_directory(epo__zip *zip)
{
    directory dir = {0};
    epo_status status = find_directory(zip, &dir);
    if (status) return status;
    if (dir.entries > MAX_MEMBERS) return epo__fail(EPO_ELIMIT, "%s: over %d members", zip->path, MAX_MEMBERS);
    if (dir.size > MAX_DIRECTORY)
        return epo__fail(EPO_ELIMIT, "%s: a directory over %d bytes", zip->path, MAX_DIRECTORY);
    if (dir.entries * ENTRY_SIZE > dir.size) return malformed(zip, "a damaged zip directory");
    unsigned char *bytes = epo__alloc((size_t)dir.size, 1);
    zip->members = epo__alloc((size_t)dir.entries, sizeof *zip->members);
    status = bytes && zip->members ? read_at(zip, dir.offset, bytes, (size_t)dir.size) : epo__nomem(zip->path);
    size_t at = 0;
    while (!status && zip->count < dir.entries) {
        size_t used = 0;
        status = read_entry(zip, bytes + at, (size_t)dir.size - at, &zip->members[zip->count++], &used);
        at += used;
    }
    free(bytes);
    return status;
}

epo_status epo__zip_open(const char *path, epo__zip **out)
{
    *out = NULL;
    epo__zip *zip = epo__alloc(1, sizeof *zip);
    if (!zip || !(zip->path = epo__strdup(path))) {
        free(zip);
        return epo__nomem(path);
    }
    epo_status status = epo__stream_open(path, &zip->file, &zip->file_size);
    if (!status) status = read_directory(zip);
    if (status) {
        epo__zip_free(zip);
        return status;
    }
    *out = zip;
    return EPO_OK;
}

void epo__zip_free(epo__zip *zip)
{
    if (!zip) return;
    if (zip->inflating) inflateEnd(&zip->stream);
    if (zip->file) fclose(zip->file);
    for (size_t i = 0; i < zip->count; i++) free(zip->members[i].name);
    free(zip->members);
    free(zip->path);
    free(zip);
}

size_t epo__zip_count(const epo__zip *zip)
{
    return zip->count;
}

const char *epo__zip_name(const epo__zip *zip, size_t i)
{
    return zip->members[i].name;
}

uint64_t epo__zip_size(const epo__zip *zip, size_t i)
{
    return zip->members[i].size;
}

static epo_status bad_member(const epo__zip *zip, const char *what)
{
    return epo__fail(EPO_EFORMAT, "%s: member \"%s\" %s", zip->path, zip->inside->name, what);
}

epo_status epo__zip_enter(epo__zip *zip, size_t i)
{
    const member *m = &zip->members[i];
    zip->inside = NULL;
    if (m->flags & FLAG_ENCRYPTED)
        return epo__fail(EPO_EUNSUPPORTED, "%s: member \"%s\" is encrypted", zip->path, m->name);
    if (m->method != METHOD_STORED && m->method != METHOD_DEFLATED)
        return epo__fail(EPO_EUNSUPPORTED, "%s: member \"%s\" is packed by method %u", zip->path, m->name, m->method);
    unsigned char local[LOCAL_SIZE];
    epo_status status = read_at(zip, m->offset, local, sizeof local);
    if (status) return status;
    uint64_t start = m->offset + LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
    if (little(local, 4) != 0x04034b50 || start > zip->file_size || m->packed > zip->file_size - start)
        return epo__fail(EPO_EFORMAT, "%s: member \"%s\" is not where the directory says", zip->path, m->name);
    if (fseeko(zip->file, (off_t)start, SEEK_SET) != 0) return epo__fail(EPO_EIO, "%s: %s", zip->path, strerror(errno));
    if (m->method == METHOD_DEFLATED) {
        if (!zip->inflating && inflateInit2(&zip->stream, RAW_WINDOW) != Z_OK) return epo__nomem(zip->path);
        zip->inflating = true;
        inflateReset(&zip->stream);
        zip->stream.avail_in = 0;
    }
    zip->inside = m;
    zip->left = m->size;
    zip->packed_left = m->packed;
    zip->crc = 0;
    return EPO_OK;
}

/* Up to one chunk of the member's packed bytes. */
static epo_status next_chunk(epo__zip *zip)
{
    size_t size = zip->packed_left < CHUNK ? (size_t)zip->packed_left : CHUNK;
    if (size == 0) return bad_member(zip, "is cut short");
    if (fread(zip->chunk, 1, size, zip->file) != size)
        return epo__fail(EPO_EIO, "%s: %s", zip->path,
                         ferror(zip->file) ? strerror(errno) : "shrank while it was read");
    zip->packed_left -= size;
    zip->stream.next_in = zip->chunk;
    zip->stream.avail_in = (uInt)size;
    return EPO_OK;
}

/* One step of inflate into `out`, with as much input as there is. */
static epo_status inflate_step(epo__zip *zip, unsigned char *out, size_t room, size_t *got, bool *ended)
{
    epo_status status = EPO_OK;
    if (zip->stream.avail_in == 0 && zip->packed_left) status = next_chunk(zip);
    if (status) return status;
    zip->stream.next_out = out;
    zip->stream.avail_out = (uInt)room;
    uInt before = zip->stream.avail_in;
    int state = inflate(&zip->stream, Z_NO_FLUSH);
    *got = room - zip->stream.avail_out;
    *ended = state == Z_STREAM_END;
    if (state == Z_MEM_ERROR) return epo__nomem(zip->path);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return bad_member(zip, "does not inflate");
    if (!*ended && *got == 0 && zip->stream.avail_in == before && !zip->packed_left)
        return bad_member(zip, "is cut short");
    return EPO_OK;
}

static epo_status read_inflated(epo__zip *zip, unsigned char *out, size_t size)
{
    bool ended = false;
    while (size > 0) {
        size_t room = size < UINT32_MAX / 2 ? size : UINT32_MAX / 2, got = 0;
        epo_status status =
            ended ? bad_member(zip, "holds less than it says") : inflate_step(zip, out, room, &got, &ended);
        if (status) return status;
        out += got;
        size -= got;
    }
    return EPO_OK;
}

/* After a member's last byte: nothing may come behind it, and the checksum must be right. */
static epo_status check_end(epo__zip *zip)
{
    if (zip->inside->method == METHOD_DEFLATED) {
        unsigned char extra;
        size_t got = 0;
        bool ended = false;
        while (!ended) {
            epo_status status = inflate_step(zip, &extra, 1, &got, &ended);
            if (status) return status;
            if (got) return bad_member(zip, "holds more than it says");
        }
        if (zip->stream.avail_in || zip->packed_left) return bad_member(zip, "has bytes behind its end");
    }
    return zip->crc == zip->inside->crc ? EPO_OK : bad_member(zip, "fails its checksum");
}

epo_status epo__zip_read(epo__zip *zip, void *out, size_t size)
{
    if (!zip->inside) return epo__fail(EPO_EARG, "%s: no member was entered", zip->path);
    if (size > zip->left) return bad_member(zip, "is shorter than what was to be read");
    epo_status status = EPO_OK;
    if (zip->inside->method == METHOD_DEFLATED)
        status = read_inflated(zip, out, size);
    else if (fread(out, 1, size, zip->file) != size)
        status =
            epo__fail(EPO_EIO, "%s: %s", zip->path, ferror(zip->file) ? strerror(errno) : "shrank while it was read");
    if (status) return status;
    if (size) zip->crc = (uint32_t)crc32_z(zip->crc, out, size); /* with no bytes it would start anew */
    zip->left -= size;
    return zip->left == 0 ? check_end(zip) : EPO_OK;
}
