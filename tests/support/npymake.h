/* SPDX-License-Identifier: BSD-3-Clause
 * npymake.h - writes numpy files for tests, right ones and wrong ones. */
#ifndef EPO_TESTS_NPYMAKE_H
#define EPO_TESTS_NPYMAKE_H

#include <stddef.h>

/* Format 1.0. `descr` "'<f4'", `order` "False", `shape` "(3, 8, 8)": taken as they are; `bytes` of `size` follow. */
void npy_save(const char *path, const char *descr, const char *order, const char *shape, const void *bytes, size_t size);

#endif
