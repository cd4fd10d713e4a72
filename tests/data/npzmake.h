/* SPDX-License-Identifier: BSD-3-Clause
 * npzmake.h - writes npz archives of stored arrays for tests. */
#ifndef EPO_TESTS_DATA_NPZMAKE_H
#define EPO_TESTS_DATA_NPZMAKE_H

#include <zlib.h>

#include "support/npymake.h"

/* Adds the array NAME.npy: `shape` is "(2, 3, 4)" and `descr` "<f4". */
static inline void npz_add(zip_file *z, const char *name, const char *descr, const char *shape, const void *values,
                           size_t size)
{
    fm_file npy = {0};
    char member[64], quoted[32];
    snprintf(member, sizeof member, "%s.npy", name);
    snprintf(quoted, sizeof quoted, "'%s'", descr);
    npy_bytes(&npy, quoted, "False", shape, values, size);
    zip_add(z, member, ZIP_STORED, &npy, (uint32_t)crc32(0, npy.data, (uInt)npy.size), npy.size);
    fm_free(&npy);
}

static inline void npz_save(zip_file *z, const char *path)
{
    zip_close(z);
    fm_save(&z->bytes, path);
    fm_free(&z->bytes);
    *z = (zip_file){0};
}

#endif
