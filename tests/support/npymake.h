/* SPDX-License-Identifier: BSD-3-Clause
 * npymake.h - writes numpy files for tests, right ones and wrong ones. */
#ifndef EPO_TESTS_NPYMAKE_H
#define EPO_TESTS_NPYMAKE_H

#include <stddef.h>
#include <stdint.h>

#include "support/fitsmake.h"

/* Format 1.0. `descr` "'<f4'", `order` "False", `shape` "(3, 8, 8)": taken as they are; `bytes` of `size` follow. */
void npy_save(const char *path, const char *descr, const char *order, const char *shape, const void *bytes, size_t size);

/* A zip archive of one deflated member "NAME": its bare deflate data, and the CRC32 and size that it says it has when inflated. */
void zip_save_one(fm_file *out, const char *name, const fm_file *packed, uint32_t sum, size_t size);

#endif
