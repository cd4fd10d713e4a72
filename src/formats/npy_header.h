/* SPDX-License-Identifier: BSD-3-Clause
 * npy_header.h - the text before a numpy array. */
#ifndef EPO_FORMATS_NPY_HEADER_H
#define EPO_FORMATS_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"
#include "formats/npy.h"

enum { EPO__NPY_MAX_HEADER = 64 << 10 };

/* Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (543, 30), }" and fills *info; *swap tells that the items'
 * byte order is not this machine's. Messages have no file name. EPO_EFORMAT, EPO_EUNSUPPORTED. */
epo_status epo__npy_parse_header(const char *text, size_t size, epo__npy_info *info, bool *swap);

#endif
