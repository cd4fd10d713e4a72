/* SPDX-License-Identifier: BSD-3-Clause
 * bytes.h - whole files in memory, and gzip, both with a cap: the way in for every untrusted input. */
#ifndef EPO_FORMATS_BYTES_H
#define EPO_FORMATS_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"

/* A buffer that lives from call to call, so that a stream of small inputs does not allocate for each. All zeros is an
 * empty one; `size` of `capacity` bytes are in use. Released by epo__bytes_free, which leaves it empty. */
typedef struct epo__bytes {
    unsigned char *data;
    size_t size, capacity;
} epo__bytes;

void epo__bytes_free(epo__bytes *bytes);

/* Opens the regular file `path` for reading and tells its size; the caller closes *fd. Never waits on a fifo, never
 * takes a terminal, never sees more in the name than a path.
 * EPO_ENOTFOUND no such file; EPO_EUNSUPPORTED a directory, fifo, socket or device; EPO_EIO. The message names it. */
epo_status epo__file_open(const char *path, int *fd, size_t *size);

/* Reads the regular file `path`, which must hold 1 to max_bytes bytes, into fresh memory that the caller frees.
 * As epo__file_open, and EPO_EFORMAT empty; EPO_ELIMIT over max_bytes; EPO_EIO, EPO_ENOMEM. */
epo_status epo__bytes_read(const char *path, size_t max_bytes, unsigned char **bytes, size_t *size);

/* True when the bytes begin as a gzip member does. */
bool epo__is_gzip(const void *bytes, size_t size);

/* Inflates gzip data of one or more members into fresh memory that the caller frees.
 * EPO_ELIMIT when more than max_out bytes come out (more is never held); EPO_EFORMAT when it is not gzip, is
 * cut short, fails its checksum, or is followed by anything but zeros; EPO_ENOMEM.
 * Messages have no file name: the caller puts it before with epo__fail_in. */
epo_status epo__gunzip(const void *gz, size_t gz_size, size_t max_out, unsigned char **bytes, size_t *size);

/* The same into a buffer of the caller's, whose old contents are lost; on failure its size is 0. */
epo_status epo__gunzip_into(const void *gz, size_t gz_size, size_t max_out, epo__bytes *out);

#endif
