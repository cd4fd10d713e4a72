/* SPDX-License-Identifier: BSD-3-Clause
 * npy.c - numpy arrays (NEP 1: magic "\x93NUMPY", version, header length, header, items), alone or in a zip archive. */
#include "formats/npy.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/npy_header.h"
#include "formats/stream.h"
#include "formats/zip.h"

enum { MAGIC_SIZE = 6, CHUNK_BYTES = 64 << 10 };

static const unsigned char MAGIC[MAGIC_SIZE] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

struct epo__npy {
    char *label;
    FILE *file;    /* a .npy file, or */
    epo__zip *zip; /* the archive, with the array's member entered */
    uint64_t size; /* bytes of the .npy file or member */
    epo__npy_info info;
    bool swap;
    size_t left;
    unsigned char chunk[CHUNK_BYTES]; /* items on their way to another type */
};

static epo_status fail_in(const epo__npy *npy, epo_status status)
{
    return epo__fail_in(status, "%s", npy->label);
}

static epo_status pull(epo__npy *npy, void *out, size_t size)
{
    if (npy->zip) return epo__zip_read(npy->zip, out, size);
    if (fread(out, 1, size, npy->file) == size) return EPO_OK;
    if (ferror(npy->file)) return epo__fail(EPO_EIO, "%s: %s", npy->label, strerror(errno));
    return epo__fail(EPO_EFORMAT, "%s: cut short", npy->label);
}

/* Version 1 has two bytes of header length, versions 2 and 3 have four; 3 only adds that the header is UTF-8. */
static epo_status read_header(epo__npy *npy)
{
    unsigned char start[MAGIC_SIZE + 6];
    if (npy->size < MAGIC_SIZE + 4) return epo__fail(EPO_EFORMAT, "%s: not a numpy array", npy->label);
    epo_status status = pull(npy, start, MAGIC_SIZE + 4);
    if (status) return status;
    if (memcmp(start, MAGIC, MAGIC_SIZE) != 0) return epo__fail(EPO_EFORMAT, "%s: not a numpy array", npy->label);
    unsigned version = start[MAGIC_SIZE];
    if (version < 1 || version > 3)
        return epo__fail(EPO_EUNSUPPORTED, "%s: npy version %u is not read", npy->label, version);
    size_t before = MAGIC_SIZE + 4;
    size_t length = (size_t)start[8] | (size_t)start[9] << 8;
    if (version > 1) {
        status =
            npy->size < before + 2 ? epo__fail(EPO_EFORMAT, "%s: cut short", npy->label) : pull(npy, start + 10, 2);
        if (status) return status;
        before += 2;
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    }
    if (length > EPO__NPY_MAX_HEADER)
        return epo__fail(EPO_ELIMIT, "%s: a header over %d bytes", npy->label, EPO__NPY_MAX_HEADER);
    if (length > npy->size - before) return epo__fail(EPO_EFORMAT, "%s: cut short", npy->label);
    char *text = epo__alloc(length, 1);
    if (!text) return epo__nomem(npy->label);
    status = pull(npy, text, length);
    if (!status) {
        status = epo__npy_parse_header(text, length, &npy->info, &npy->swap);
        if (status) fail_in(npy, status);
    }
    free(text);
    if (status) return status;
    uint64_t data = npy->size - before - length, need = (uint64_t)npy->info.count * npy->info.item_size;
    if (data != need)
        return epo__fail(EPO_EFORMAT, "%s: its shape needs %llu bytes, it has %llu", npy->label,
                         (unsigned long long)need, (unsigned long long)data);
    npy->left = npy->info.count;
    return EPO_OK;
}

/* Length of a member's name without ".npy". */
static size_t array_length(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".npy") == 0 ? n - 4 : 0;
}

static epo_status no_such_array(const epo__zip *zip, const char *path, const char *array)
{
    epo__string list = {0};
    for (size_t i = 0; i < epo__zip_count(zip); i++) {
        const char *name = epo__zip_name(zip, i);
        if (!array_length(name)) continue;
        if (list.length) epo__string_add(&list, ", ");
        epo__string_addn(&list, name, array_length(name));
    }
    const char *has = list.length ? list.text : "none";
    epo_status status = array ? epo__fail(EPO_ENOTFOUND, "%s: no array '%s'; the file has: %s", path, array, has)
                              : epo__fail(EPO_ENOTFOUND, "%s: which array? The file has: %s", path, has);
    epo__string_free(&list);
    return status;
}

static epo_status enter_archive(epo__npy *npy, const char *path, const char *array)
{
    epo_status status = epo__zip_open(path, &npy->zip);
    if (status) return status;
    size_t arrays = 0, chosen = 0;
    for (size_t i = 0; i < epo__zip_count(npy->zip); i++) {
        const char *name = epo__zip_name(npy->zip, i);
        size_t length = array_length(name);
        if (!length || (array && (strlen(array) != length || memcmp(array, name, length) != 0))) continue;
        chosen = i;
        arrays++;
    }
    if (arrays > 1 && array) return epo__fail(EPO_EFORMAT, "%s: array '%s' stands in it twice", path, array);
    if (arrays != 1) return no_such_array(npy->zip, path, array);
    const char *name = epo__zip_name(npy->zip, chosen);
    char *label = epo__format("%s: array '%.*s'", path, (int)array_length(name), name);
    if (!label) return epo__nomem(path);
    free(npy->label);
    npy->label = label;
    npy->size = epo__zip_size(npy->zip, chosen);
    return epo__zip_enter(npy->zip, chosen);
}

epo_status epo__npy_open(const char *path, const char *array, epo__npy **out)
{
    *out = NULL;
    epo__npy *npy = epo__alloc(1, sizeof *npy);
    if (!npy || !(npy->label = epo__strdup(path))) {
        free(npy);
        return epo__nomem(path);
    }
    unsigned char start[4];
    epo_status status = epo__stream_open(path, &npy->file, &npy->size);
    if (status) goto done;
    size_t got = fread(start, 1, sizeof start, npy->file);
    bool archive = got == sizeof start && start[0] == 'P' && start[1] == 'K' && start[2] < 9 && start[3] < 9;
    if (archive) {
        fclose(npy->file);
        npy->file = NULL;
        status = enter_archive(npy, path, array);
    } else if (fseeko(npy->file, 0, SEEK_SET) != 0) {
        status = epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
    }
    if (!status) status = read_header(npy);
    if (!status && !archive && array) /* after the header, so that what is no numpy file is called that */
        status = epo__fail(EPO_ENOTFOUND, "%s: no array '%s'; it is one array without a name", path, array);
    if (status) goto done;
    *out = npy;
    npy = NULL;
done:
    epo__npy_free(npy);
    return status;
}

void epo__npy_free(epo__npy *npy)
{
    if (!npy) return;
    if (npy->file) fclose(npy->file);
    epo__zip_free(npy->zip);
    free(npy->label);
    free(npy);
}

const epo__npy_info *epo__npy_info_of(const epo__npy *npy)
{
    return &npy->info;
}

const char *epo__npy_label(const epo__npy *npy)
{
    return npy->label;
}

size_t epo__npy_left(const epo__npy *npy)
{
    return npy->left;
}

static void swap_each(unsigned char *bytes, size_t count, size_t width)
{
    for (; count > 0; count--, bytes += width)
        for (size_t i = 0; i < width / 2; i++) {
            unsigned char kept = bytes[i];
            bytes[i] = bytes[width - 1 - i];
            bytes[width - 1 - i] = kept;
        }
}

epo_status epo__npy_read(epo__npy *npy, size_t count, void *out)
{
    if (count > npy->left)
        return epo__fail(EPO_EARG, "%s: %zu items asked, %zu are left", npy->label, count, npy->left);
    if (count == 0) return EPO_OK;
    size_t bytes = count * npy->info.item_size; /* at most the array, whose size was checked */
    epo_status status = pull(npy, out, bytes);
    if (status) return status;
    npy->left -= count;
    size_t width = npy->info.kind == EPO__NPY_UNICODE ? 4 : npy->info.item_size;
    if (npy->swap) swap_each(out, bytes / width, width);
    return EPO_OK;
}

/* Item i of the chunk as a double; exact but for 64-bit integers, which round. */
static double item_double(const epo__npy *npy, size_t i)
{
    const unsigned char *at = npy->chunk + i * npy->info.item_size;
    union {
        float f4;
        double f8;
        int8_t i1;
        int16_t i2;
        int32_t i4;
        int64_t i8;
        uint8_t u1;
        uint16_t u2;
        uint32_t u4;
        uint64_t u8;
    } item;
    memcpy(&item, at, npy->info.item_size);
    size_t size = npy->info.item_size;
    switch (npy->info.kind) {
    case EPO__NPY_FLOAT:
        return size == 4 ? (double)item.f4 : item.f8;
    case EPO__NPY_INT:
        return size == 1 ? item.i1 : size == 2 ? item.i2 : size == 4 ? item.i4 : (double)item.i8;
    case EPO__NPY_UINT:
        return size == 1 ? item.u1 : size == 2 ? item.u2 : size == 4 ? item.u4 : (double)item.u8;
    default:
        return item.u1 != 0;
    }
}

static bool item_int64(const epo__npy *npy, size_t i, int64_t *out)
{
    const unsigned char *at = npy->chunk + i * npy->info.item_size;
    if (npy->info.item_size == 8 && npy->info.kind != EPO__NPY_FLOAT) {
        memcpy(out, at, sizeof *out);
        return npy->info.kind == EPO__NPY_INT || *out >= 0;
    }
    double value = item_double(npy, i);
    if (!(value >= -0x1p63 && value < 0x1p63) || value != floor(value)) return false;
    *out = (int64_t)value;
    return true;
}

/* Fills the chunk with the next items, at most `count`. */
static epo_status next_chunk(epo__npy *npy, size_t count, size_t *got)
{
    if (npy->info.kind == EPO__NPY_BYTES || npy->info.kind == EPO__NPY_UNICODE)
        return epo__fail(EPO_EUNSUPPORTED, "%s: holds texts, not numbers", npy->label);
    size_t room = CHUNK_BYTES / npy->info.item_size;
    *got = count < room ? count : room;
    return epo__npy_read(npy, *got, npy->chunk);
}

epo_status epo__npy_read_f32(epo__npy *npy, size_t count, float *out)
{
    if (npy->info.kind == EPO__NPY_FLOAT && npy->info.item_size == sizeof *out) return epo__npy_read(npy, count, out);
    for (size_t done = 0, got = 0; done < count; done += got) {
        epo_status status = next_chunk(npy, count - done, &got);
        if (status) return status;
        for (size_t i = 0; i < got; i++) out[done + i] = (float)item_double(npy, i);
    }
    return EPO_OK;
}

epo_status epo__npy_read_f64(epo__npy *npy, size_t count, double *out)
{
    for (size_t done = 0, got = 0; done < count; done += got) {
        epo_status status = next_chunk(npy, count - done, &got);
        if (status) return status;
        for (size_t i = 0; i < got; i++) out[done + i] = item_double(npy, i);
    }
    return EPO_OK;
}

epo_status epo__npy_read_int64(epo__npy *npy, size_t count, int64_t *out)
{
    for (size_t done = 0, got = 0; done < count; done += got) {
        size_t first = npy->info.count - npy->left;
        epo_status status = next_chunk(npy, count - done, &got);
        if (status) return status;
        for (size_t i = 0; i < got; i++)
            if (!item_int64(npy, i, &out[done + i]))
                return epo__fail(EPO_EFORMAT, "%s: item %zu is %g, not a whole number of 64 bits", npy->label,
                                 first + i, item_double(npy, i));
    }
    return EPO_OK;
}

/* --- texts ----------------------------------------------------------------------------------------------------------
 */

size_t epo__npy_text_size(const epo__npy *npy)
{
    if (npy->info.kind != EPO__NPY_BYTES && npy->info.kind != EPO__NPY_UNICODE) return 0;
    return npy->info.item_size + 1; /* UCS-4 takes four bytes a character, UTF-8 at most as many */
}

static bool ascii_text(const unsigned char *item, size_t size, char *out)
{
    while (size && item[size - 1] == 0) size--;
    for (size_t i = 0; i < size; i++)
        if (item[i] == 0 || item[i] > 0x7f) return false;
    memcpy(out, item, size);
    out[size] = '\0';
    return true;
}

static bool unicode_text(const unsigned char *item, size_t size, char *out)
{
    size_t length = size / 4;
    for (uint32_t last = 0; length; length--) {
        memcpy(&last, item + 4 * (length - 1), 4);
        if (last) break;
    }
    for (size_t i = 0; i < length; i++) {
        uint32_t c;
        memcpy(&c, item + 4 * i, 4);
        if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
        if (c < 0x80) {
            *out++ = (char)c;
            continue;
        }
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
        *out++ = (char)(lead[more] | c >> 6 * more);
        while (more-- > 0) *out++ = (char)(0x80 | (c >> 6 * more & 0x3f));
    }
    *out = '\0';
    return true;
}

epo_status epo__npy_read_text(epo__npy *npy, size_t count, char *out, size_t stride)
{
    size_t size = npy->info.item_size;
    if (!epo__npy_text_size(npy)) return epo__fail(EPO_EUNSUPPORTED, "%s: holds numbers, not texts", npy->label);
    if (stride < epo__npy_text_size(npy)) return epo__fail(EPO_EARG, "%s: no room for its texts", npy->label);
    for (size_t i = 0; i < count; i++) {
        size_t number = npy->info.count - npy->left;
        epo_status status = epo__npy_read(npy, 1, npy->chunk);
        if (status) return status;
        bool fine = npy->info.kind == EPO__NPY_BYTES ? ascii_text(npy->chunk, size, out + i * stride)
                                                     : unicode_text(npy->chunk, size, out + i * stride);
        if (!fine) return epo__fail(EPO_EFORMAT, "%s: item %zu is not a text", npy->label, number);
    }
    return EPO_OK;
}
