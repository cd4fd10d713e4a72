/* SPDX-License-Identifier: BSD-3-Clause
 * npzmake.h - writes npz archives of stored members for tests. */
#ifndef EPO_TESTS_DATA_NPZMAKE_H
#define EPO_TESTS_DATA_NPZMAKE_H

#include <stdint.h>
#include <zlib.h>

#include "support/fitsmake.h" /* a growing buffer */

/* One array as in an npy file: `shape` is "(2, 3, 4)" and `descr` "<f4". */
static inline void npz_array(fm_file *f, const char *descr, const char *shape, const void *values, size_t size)
{
    char header[128];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    memset(header + length, ' ', sizeof header - (size_t)length);
    header[117] = '\n'; /* 10 + 118 bytes */
    const unsigned char start[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
    fm_bytes(f, start, sizeof start);
    fm_bytes(f, header, 118);
    fm_bytes(f, values, size);
}

typedef struct npz_file {
    fm_file bytes, directory;
    uint16_t members;
} npz_file;

static inline void little(fm_file *f, uint32_t value, int size)
{
    for (int i = 0; i < size; i++) fm_bytes(f, &(unsigned char){(unsigned char)(value >> (8 * i))}, 1);
}

/* The part of a member's header that stands both before it and in the directory. */
static inline void npz_common(fm_file *f, const fm_file *npy, size_t name_length)
{
    little(f, 20, 2);
    little(f, 0, 2);
    little(f, 0, 2);
    little(f, 0, 4);
    little(f, (uint32_t)crc32(0, npy->data, (uInt)npy->size), 4);
    little(f, (uint32_t)npy->size, 4);
    little(f, (uint32_t)npy->size, 4);
    little(f, (uint32_t)name_length, 2);
    little(f, 0, 2);
}

static inline void npz_add(npz_file *z, const char *name, const char *descr, const char *shape, const void *values,
                           size_t size)
{
    fm_file npy = {0};
    char member[64];
    npz_array(&npy, descr, shape, values, size);
    size_t length = (size_t)snprintf(member, sizeof member, "%s.npy", name), offset = z->bytes.size;
    fm_bytes(&z->bytes, "PK\3\4", 4);
    npz_common(&z->bytes, &npy, length);
    fm_bytes(&z->bytes, member, length);
    fm_bytes(&z->bytes, npy.data, npy.size);
    fm_bytes(&z->directory, "PK\1\2", 4);
    little(&z->directory, 20, 2);
    npz_common(&z->directory, &npy, length);
    little(&z->directory, 0, 4); /* comment, disk */
    little(&z->directory, 0, 2); /* attributes */
    little(&z->directory, 0, 4);
    little(&z->directory, (uint32_t)offset, 4);
    fm_bytes(&z->directory, member, length);
    z->members++;
    fm_free(&npy);
}

static inline void npz_save(npz_file *z, const char *path)
{
    size_t start = z->bytes.size;
    fm_bytes(&z->bytes, z->directory.data, z->directory.size);
    fm_bytes(&z->bytes, "PK\5\6", 4);
    little(&z->bytes, 0, 4);
    little(&z->bytes, z->members, 2);
    little(&z->bytes, z->members, 2);
    little(&z->bytes, (uint32_t)z->directory.size, 4);
    little(&z->bytes, (uint32_t)start, 4);
    little(&z->bytes, 0, 2);
    fm_save(&z->bytes, path);
    fm_free(&z->bytes);
    fm_free(&z->directory);
    *z = (npz_file){0};
}

#endif
