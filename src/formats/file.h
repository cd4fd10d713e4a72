/* SPDX-License-Identifier: BSD-3-Clause
 * file.h - opening an untrusted file that is read in pieces. */
#ifndef EPO_FORMATS_FILE_H
#define EPO_FORMATS_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "epochal/status.h"

/* Opens the regular file `path` for reading; the caller closes it. Never waits on a fifo. *size, when not NULL, is its
 * length. EPO_ENOTFOUND no such file; EPO_EUNSUPPORTED a directory, fifo, socket or device; EPO_EIO. */
epo_status epo__file_open(const char *path, FILE **out, uint64_t *size);

#endif
