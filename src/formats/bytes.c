/* SPDX-License-Identifier: BSD-3-Clause
 * bytes.c - regular files into memory. */
#include "formats/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a fifo";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

epo_status epo__file_open(const char *path, int *fd, size_t *size)
{
    /* O_NONBLOCK: a fifo without a writer would hold us for ever; it means nothing for a regular file */
    int file = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return epo__fail(EPO_ENOTFOUND, "%s: no such file", path);
        if (errno == ENXIO) return epo__fail(EPO_EUNSUPPORTED, "%s: is a socket or device, not a file", path);
        return epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
    }
    struct stat info;
    epo_status status = EPO_OK;
    if (fstat(file, &info) != 0)
        status = epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = epo__fail(EPO_EUNSUPPORTED, "%s: is %s, not a file", path, kind_of(info.st_mode));
    if (status) {
        close(file);
        return status;
    }
    *fd = file;
    *size = (size_t)info.st_size;
    return EPO_OK;
}

static epo_status read_all(int fd, const char *path, unsigned char *to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, to + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
        if (n == 0) return epo__fail(EPO_EIO, "%s: became shorter while it was read", path);
        done += (size_t)n;
    }
    return EPO_OK;
}

epo_status epo__bytes_read(const char *path, size_t max_bytes, unsigned char **bytes, size_t *size)
{
    int fd;
    size_t length;
    epo_status status = epo__file_open(path, &fd, &length);
    if (status) return status;
    unsigned char *block = NULL;
    if (length == 0)
        status = epo__fail(EPO_EFORMAT, "%s: is empty", path);
    else if (length > max_bytes)
        status = epo__fail(EPO_ELIMIT, "%s: has %zu bytes, over the limit of %zu", path, length, max_bytes);
    else if (!(block = malloc(length))) /* not epo__alloc: every byte is overwritten, so zeroing is waste */
        status = epo__nomem(path);
    else
        status = read_all(fd, path, block, length);
    close(fd);
    if (status) {
        free(block);
        return status;
    }
    *bytes = block;
    *size = length;
    return EPO_OK;
}

void epo__bytes_free(epo__bytes *bytes)
{
    free(bytes->data);
    *bytes = (epo__bytes){0};
}
