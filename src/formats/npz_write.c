/* SPDX-License-Identifier: BSD-3-Clause
 * npz_write.c - numpy arrays into an archive (format 1.0 of numpy.lib.format). */
#include "formats/npz_write.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/new_file.h"
#include "formats/zip_write.h"

enum { HEADER = 128, PREAMBLE = 10, CHUNK = 16 << 10, UCS4 = 4 };

typedef struct column {
    FILE *scratch;  /* NULL for the first */
    uint64_t items; /* put so far */
    size_t widest;  /* text, characters */
} column;

struct epo__npz_writer {
    char *path;
    epo__zip_writer *zip;
    const epo__npz_array *arrays;
    size_t count;
    column columns[EPO__NPZ_ARRAYS];
};

static epo_status failed(const epo__npz_writer *npz)
{
    return epo__fail(EPO_EIO, "%s: cannot be written: %s", npz->path, strerror(errno));
}

static epo_status begin(epo__npz_writer *npz, const epo__npz_array *array)
{
    char name[256];
    snprintf(name, sizeof name, "%s.npy", array->name);
    return epo__zip_begin(npz->zip, name, HEADER);
}

epo_status epo__npz_create(const char *path, const epo__npz_array *arrays, size_t count, epo__npz_writer **out)
{
    *out = NULL;
    if (count == 0 || count > EPO__NPZ_ARRAYS || arrays[0].kind == EPO__NPY_UNICODE)
        return epo__fail(EPO_EARG, "%s: %zu arrays, or texts come first", path, count);
    epo__npz_writer *npz = epo__alloc(1, sizeof *npz);
    if (!npz) return epo__nomem(path);
    npz->arrays = arrays;
    npz->count = count;
    epo_status status = (npz->path = epo__strdup(path)) ? epo__zip_create(npz->path, &npz->zip) : epo__nomem(path);
    for (size_t i = 1; status == EPO_OK && i < count; i++)
        status = epo__scratch_open(path, &npz->columns[i].scratch);
    if (status == EPO_OK) status = begin(npz, &arrays[0]);
    if (status != EPO_OK)
        epo__npz_drop(npz);
    else
        *out = npz;
    return status;
}

static epo_status put(epo__npz_writer *npz, size_t array, const void *bytes, size_t size)
{
    FILE *scratch = npz->columns[array].scratch;
    if (!scratch) return epo__zip_write(npz->zip, bytes, size);
    return size == 0 || fwrite(bytes, 1, size, scratch) == size ? EPO_OK : failed(npz);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static epo_status put_items(epo__npz_writer *npz, size_t array, const unsigned char *items, size_t count, size_t size)
{
    return put(npz, array, items, count * size);
}
#else
static epo_status put_items(epo__npz_writer *npz, size_t array, const unsigned char *items, size_t count, size_t size)
{
    unsigned char chunk[CHUNK];
    epo_status status = EPO_OK;
    while (status == EPO_OK && count > 0) {
        const size_t n = count < CHUNK / size ? count : CHUNK / size;
        for (size_t i = 0; i < n * size; i++) chunk[i] = items[i / size * size + size - 1 - i % size];
        status = put(npz, array, chunk, n * size);
        items += n * size;
        count -= n;
    }
    return status;
}
#endif

epo_status epo__npz_put(epo__npz_writer *npz, size_t array, const void *items, size_t count)
{
    npz->columns[array].items += count;
    return put_items(npz, array, items, count, npz->arrays[array].item_size);
}

epo_status epo__npz_put_text(epo__npz_writer *npz, size_t array, const char *text)
{
    size_t length = 0;
    for (const char *at = text; epo__utf8_next(&at);) length++;
    if (length > EPO__NPZ_TEXT)
        return epo__fail(EPO_ELIMIT, "%s: a text of %zu characters in '%s'; at most %d are written", npz->path, length,
                         npz->arrays[array].name, EPO__NPZ_TEXT);
    if (length > npz->columns[array].widest) npz->columns[array].widest = length;
    npz->columns[array].items++;
    return put(npz, array, text, strlen(text) + 1);
}

/* --- the end: headers, and the columns into the archive
 * ------------------------------------------------------------------ */

static size_t text_width(const column *c)
{
    return c->widest ? c->widest : 1; /* numpy has no texts of width 0 */
}

static epo_status make_header(const epo__npz_writer *npz, size_t index, uint64_t rows, char out[HEADER])
{
    static const char letters[] = {[EPO__NPY_FLOAT] = 'f', [EPO__NPY_INT] = 'i',   [EPO__NPY_UINT] = 'u',
                                   [EPO__NPY_BOOL] = 'b',  [EPO__NPY_BYTES] = 'S', [EPO__NPY_UNICODE] = 'U'};
    const epo__npz_array *a = &npz->arrays[index];
    const bool is_text = a->kind == EPO__NPY_UNICODE;
    const size_t size = is_text ? text_width(&npz->columns[index]) : a->item_size;
    const char order = size > 1 || is_text ? '<' : '|';
    epo__string s = {0};
    epo__string_addf(&s, "{'descr': '%c%c%zu', 'fortran_order': False, 'shape': (%llu,", order, letters[a->kind], size,
                     (unsigned long long)rows);
    for (int i = 0; i < a->ndim; i++) epo__string_addf(&s, "%s%zu", i ? ", " : " ", a->dims[i]);
    epo__string_add(&s, "), }");
    epo_status status = EPO_OK;
    if (s.failed)
        status = epo__nomem(npz->path);
    else if (s.length >= HEADER - PREAMBLE)
        status = epo__fail(EPO_ELIMIT, "%s: array '%s' is too large", npz->path, a->name);
    else {
        static const unsigned char preamble[PREAMBLE] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER - PREAMBLE, 0};
        memset(out, ' ', HEADER);
        memcpy(out, preamble, PREAMBLE);
        memcpy(out + PREAMBLE, s.text, s.length);
        out[HEADER - 1] = '\n';
    }
    epo__string_free(&s);
    return status;
}

/* One text of `width` characters, from a scratch file. */
static epo_status copy_text(epo__npz_writer *npz, FILE *scratch, size_t width, char *utf8, unsigned char *ucs4)
{
    size_t used = 0;
    int c;
    while ((c = getc(scratch)) > 0) utf8[used++] = (char)c;
    if (c < 0) return failed(npz);
    utf8[used] = '\0';
    memset(ucs4, 0, width * UCS4);
    const char *at = utf8;
    for (size_t i = 0; i < width; i++) {
        const uint32_t code = epo__utf8_next(&at);
        for (int b = 0; b < UCS4; b++) ucs4[UCS4 * i + (size_t)b] = (unsigned char)(code >> 8 * b);
    }
    return epo__zip_write(npz->zip, ucs4, width * UCS4);
}

static epo_status copy_texts(epo__npz_writer *npz, const column *c)
{
    const size_t width = text_width(c);
    char *utf8 = epo__alloc(width + 1, 4);
    unsigned char *ucs4 = epo__alloc(width, UCS4);
    epo_status status = utf8 && ucs4 ? EPO_OK : epo__nomem(npz->path);
    for (uint64_t i = 0; status == EPO_OK && i < c->items; i++) status = copy_text(npz, c->scratch, width, utf8, ucs4);
    free(utf8);
    free(ucs4);
    return status;
}

static epo_status copy_numbers(epo__npz_writer *npz, const column *c, uint64_t bytes)
{
    unsigned char chunk[CHUNK];
    epo_status status = EPO_OK;
    while (status == EPO_OK && bytes > 0) {
        const size_t n = bytes < CHUNK ? (size_t)bytes : CHUNK;
        if (fread(chunk, 1, n, c->scratch) != n) return failed(npz);
        status = epo__zip_write(npz->zip, chunk, n);
        bytes -= n;
    }
    return status;
}

static epo_status finish_array(epo__npz_writer *npz, size_t index, uint64_t rows)
{
    char header[HEADER];
    const epo__npz_array *array = &npz->arrays[index];
    const column *c = &npz->columns[index];
    epo_status status = make_header(npz, index, rows, header);
    if (status == EPO_OK && c->scratch) {
        status = fflush(c->scratch) == 0 && fseeko(c->scratch, 0, SEEK_SET) == 0 ? begin(npz, array) : failed(npz);
        if (status == EPO_OK)
            status = array->kind == EPO__NPY_UNICODE ? copy_texts(npz, c)
                                                     : copy_numbers(npz, c, c->items * array->item_size);
    }
    return status == EPO_OK ? epo__zip_end(npz->zip, header) : status;
}

static uint64_t row_items(const epo__npz_array *array)
{
    uint64_t items = 1;
    for (int i = 0; i < array->ndim; i++) items *= array->dims[i];
    return items;
}

epo_status epo__npz_finish(epo__npz_writer *npz)
{
    const uint64_t rows = npz->columns[0].items / row_items(&npz->arrays[0]);
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < npz->count; i++)
        if (npz->columns[i].items != rows * row_items(&npz->arrays[i]))
            status =
                epo__fail(EPO_EINTERNAL, "%s: array '%s' has another number of rows", npz->path, npz->arrays[i].name);
    for (size_t i = 0; status == EPO_OK && i < npz->count; i++) status = finish_array(npz, i, rows);
    if (status == EPO_OK) {
        status = epo__zip_finish(npz->zip);
        npz->zip = NULL;
    }
    epo__npz_drop(npz);
    return status;
}

void epo__npz_drop(epo__npz_writer *npz)
{
    if (!npz) return;
    epo__zip_drop(npz->zip);
    for (size_t i = 0; i < npz->count; i++)
        if (npz->columns[i].scratch) fclose(npz->columns[i].scratch);
    free(npz->path);
    free(npz);
}
