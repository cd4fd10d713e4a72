/* SPDX-License-Identifier: BSD-3-Clause
 * stream.c - an untrusted file that is read in pieces. */
#include "formats/stream.h"

#include <unistd.h>

#include "base/error.h"
#include "formats/bytes.h"

epo_status epo__stream_open(const char *path, FILE **out, uint64_t *size)
{
    int fd;
    size_t bytes;
    *out = NULL;
    epo_status status = epo__file_open(path, &fd, &bytes);
    if (status) return status;
    *out = fdopen(fd, "rb");
    if (!*out) {
        close(fd);
        return epo__nomem(path);
    }
    if (size) *size = bytes;
    return EPO_OK;
}
