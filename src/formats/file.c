/* SPDX-License-Identifier: BSD-3-Clause
 * file.c - opening an untrusted file that is read in pieces. */
#include "formats/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

epo_status epo__file_open(const char *path, FILE **out, uint64_t *size)
{
    *out = NULL;
    /* without O_NONBLOCK, opening a fifo would wait for somebody to write to it */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return epo__fail(errno == ENOENT ? EPO_ENOTFOUND : EPO_EIO, "%s: %s", path, strerror(errno));
    struct stat info;
    epo_status status = EPO_OK;
    FILE *file = NULL;
    if (fstat(fd, &info) != 0)
        status = epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = epo__fail(EPO_EUNSUPPORTED, "%s: %s, not a file", path, S_ISDIR(info.st_mode) ? "a directory" : "a device or fifo");
    else if (!(file = fdopen(fd, "rb")))
        status = epo__nomem(path);
    if (status) {
        close(fd);
        return status;
    }
    if (size) *size = info.st_size > 0 ? (uint64_t)info.st_size : 0;
    *out = file;
    return EPO_OK;
}
