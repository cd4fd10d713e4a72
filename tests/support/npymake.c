/* SPDX-License-Identifier: BSD-3-Clause
 * npymake.c - a header of 118 bytes behind the magic, then the values; and archives, by the zip format of PKWARE
 * (APPNOTE 6.3). */
#include "support/npymake.h"

#include <stdlib.h>

#include "support/check.h"

void npy_bytes(fm_file *f, const char *descr, const char *order, const char *shape, const void *bytes, size_t size)
{
    enum { TEXT = 128 - 10 };
    char text[TEXT + 1];
    int length = snprintf(text, sizeof text, "{'descr': %s, 'fortran_order': %s, 'shape': %s, }", descr, order, shape);
    assert_in_range(length, 1, TEXT - 1);
    memset(text + length, ' ', sizeof text - (size_t)length);
    text[TEXT - 1] = '\n';
    fm_bytes(f, "\x93NUMPY\x01\x00\x76\x00", 10);
    fm_bytes(f, text, TEXT);
    fm_bytes(f, bytes, size);
}

void npy_save(const char *path, const char *descr, const char *order, const char *shape, const void *bytes, size_t size)
{
    fm_file f = {0};
    npy_bytes(&f, descr, order, shape, bytes, size);
    fm_save(&f, path);
    fm_free(&f);
}

static void number(fm_file *f, uint64_t value, size_t size)
{
    fm_bytes(f, &value, size); /* little-endian, as here */
}

/* What a member's own header and the directory say of it alike. */
static void member(fm_file *f, const char *name, int method, const fm_file *packed, uint32_t sum, size_t size)
{
    number(f, 20, 2);
    number(f, 0, 2);
    number(f, (uint64_t)method, 2);
    number(f, 0, 4);
    number(f, sum, 4);
    number(f, packed->size, 4);
    number(f, size, 4);
    number(f, strlen(name), 2);
    number(f, 0, 2);
}

void zip_add(zip_file *z, const char *name, int method, const fm_file *packed, uint32_t sum, size_t size)
{
    const size_t offset = z->bytes.size;
    number(&z->bytes, 0x04034b50, 4);
    member(&z->bytes, name, method, packed, sum, size);
    fm_bytes(&z->bytes, name, strlen(name));
    fm_bytes(&z->bytes, packed->data, packed->size);
    number(&z->directory, 0x02014b50, 4);
    number(&z->directory, 20, 2);
    member(&z->directory, name, method, packed, sum, size);
    fm_bytes(&z->directory, NULL, 10); /* comment, disk, attributes */
    number(&z->directory, offset, 4);
    fm_bytes(&z->directory, name, strlen(name));
    z->members++;
}

void zip_close(zip_file *z)
{
    const size_t start = z->bytes.size;
    fm_bytes(&z->bytes, z->directory.data, z->directory.size);
    number(&z->bytes, 0x06054b50, 4);
    number(&z->bytes, 0, 4);
    number(&z->bytes, z->members, 2);
    number(&z->bytes, z->members, 2);
    number(&z->bytes, z->directory.size, 4);
    number(&z->bytes, start, 4);
    number(&z->bytes, 0, 2);
    fm_free(&z->directory);
}
