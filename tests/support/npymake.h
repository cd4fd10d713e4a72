/* SPDX-License-Identifier: BSD-3-Clause
 * npymake.h - writes numpy files for tests, right ones and wrong ones. */
#ifndef EPO_TESTS_NPYMAKE_H
#define EPO_TESTS_NPYMAKE_H

#include <stddef.h>
#include <stdint.h>

#include "support/fitsmake.h"

/* Format 1.0. `descr` "'<f4'", `order` "False", `shape` "(3, 8, 8)": taken as they are; `bytes` of `size` follow. */
void npy_save(const char *path, const char *descr, const char *order, const char *shape, const void *bytes, size_t size);

/* The same bytes behind those of `f`. */
void npy_bytes(fm_file *f, const char *descr, const char *order, const char *shape, const void *bytes, size_t size);

/* A zip archive; all zeros is an empty one. */
typedef struct zip_file {
    fm_file bytes, directory;
    size_t members;
} zip_file;

enum { ZIP_STORED = 0, ZIP_DEFLATED = 8 };

/* Adds the member `name`: its data as they stand in the archive, and the CRC32 and size that it says it has when unpacked. */
void zip_add(zip_file *z, const char *name, int method, const fm_file *packed, uint32_t sum, size_t size);
/* Puts the directory behind the members: `bytes` is the archive then, which the caller frees. */
void zip_close(zip_file *z);

#endif
