/* SPDX-License-Identifier: BSD-3-Clause
 * stream.h - an untrusted file that is read in pieces. */
#ifndef EPO_FORMATS_STREAM_H
#define EPO_FORMATS_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include "epochal/status.h"

/* epo__file_open (bytes.h), as a stdio stream, which the caller closes. *size may be NULL. */
epo_status epo__stream_open(const char *path, FILE **out, uint64_t *size);

#endif
