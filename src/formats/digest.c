/* SPDX-License-Identifier: BSD-3-Clause
 * digest.c - SHA-256. */
#include "formats/digest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "formats/bytes.h"

enum { PIECE = 1 << 16 };

void epo__sha256_init(epo__sha256 *sha)
{
    sha256_init(&sha->state);
}

void epo__sha256_add(epo__sha256 *sha, const void *bytes, size_t size)
{
    if (size) sha256_update(&sha->state, size, bytes);
}

void epo__sha256_end(epo__sha256 *sha, unsigned char out[EPO__SHA256_SIZE])
{
    sha256_digest(&sha->state, EPO__SHA256_SIZE, out);
}

void epo__sha256_hex(const unsigned char digest[EPO__SHA256_SIZE], char out[EPO__SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < EPO__SHA256_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[EPO__SHA256_TEXT - 1] = '\0';
}

static void end_as_hex(epo__sha256 *sha, char out[EPO__SHA256_TEXT])
{
    unsigned char digest[EPO__SHA256_SIZE];
    epo__sha256_end(sha, digest);
    epo__sha256_hex(digest, out);
}

void epo__sha256_of(const void *bytes, size_t size, char out[EPO__SHA256_TEXT])
{
    epo__sha256 sha;
    epo__sha256_init(&sha);
    epo__sha256_add(&sha, bytes, size);
    end_as_hex(&sha, out);
}

epo_status epo__sha256_file(const char *path, char out[EPO__SHA256_TEXT])
{
    int fd;
    size_t size;
    epo_status status = epo__file_open(path, &fd, &size);
    if (status) return status;
    epo__sha256 sha;
    epo__sha256_init(&sha);
    unsigned char piece[PIECE];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            status = epo__fail(EPO_EIO, "%s: %s", path, strerror(errno));
            break;
        }
        epo__sha256_add(&sha, piece, (size_t)n);
    }
    close(fd);
    if (!status) end_as_hex(&sha, out);
    return status;
}
