/* SPDX-License-Identifier: BSD-3-Clause
 * npymake.c - a header of 118 bytes behind the magic, then the values; and archives, by the zip format of PKWARE (APPNOTE 6.3). */
#include "support/npymake.h"

#include <stdlib.h>

#include "support/check.h"

void npy_save(const char *path, const char *descr, const char *order, const char *shape, const void *bytes, size_t size)
{
    enum { START = 128, TEXT = START - 10 };
    char text[TEXT + 1];
    unsigned char *file = malloc(START + size);
    assert_non_null(file);
    int length = snprintf(text, sizeof text, "{'descr': %s, 'fortran_order': %s, 'shape': %s, }", descr, order, shape);
    assert_in_range(length, 1, TEXT - 1);
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(file + 10, ' ', TEXT);
    memcpy(file + 10, text, (size_t)length);
    file[START - 1] = '\n';
    memcpy(file + START, bytes, size);
    write_file(path, file, START + size);
    free(file);
}

static void number(fm_file *f, uint64_t value, size_t size)
{
    fm_bytes(f, &value, size); /* little-endian, as here */
}

/* What a member's own header and the directory say of it alike. */
static void member(fm_file *f, const char *name, const fm_file *packed, uint32_t sum, size_t size)
{
    enum { DEFLATED = 8 };
    number(f, 20, 2);
    number(f, 0, 2);
    number(f, DEFLATED, 2);
    number(f, 0, 4);
    number(f, sum, 4);
    number(f, packed->size, 4);
    number(f, size, 4);
    number(f, strlen(name), 2);
    number(f, 0, 2);
}

void zip_save_one(fm_file *out, const char *name, const fm_file *packed, uint32_t sum, size_t size)
{
    number(out, 0x04034b50, 4);
    member(out, name, packed, sum, size);
    fm_bytes(out, name, strlen(name));
    fm_bytes(out, packed->data, packed->size);
    const size_t start = out->size;
    number(out, 0x02014b50, 4);
    number(out, 20, 2);
    member(out, name, packed, sum, size);
    fm_bytes(out, NULL, 14);
    fm_bytes(out, name, strlen(name));
    const size_t length = out->size - start;
    number(out, 0x06054b50, 4);
    number(out, 0, 4);
    number(out, 1, 2);
    number(out, 1, 2);
    number(out, length, 4);
    number(out, start, 4);
    number(out, 0, 2);
}
