/* SPDX-License-Identifier: BSD-3-Clause
 * npymake.c - a header of 118 bytes behind the magic, then the values. */
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
