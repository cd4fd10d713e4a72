/* SPDX-License-Identifier: BSD-3-Clause
 * digest.h - SHA-256 (FIPS 180-4), through nettle. */
#ifndef EPO_FORMATS_DIGEST_H
#define EPO_FORMATS_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>

#include "epochal/status.h"

enum { EPO__SHA256_SIZE = 32, EPO__SHA256_TEXT = 65 /* 64 lower-case hex digits and the NUL */ };

/* init, add any number of times, end. `end` leaves the state as after init. */
typedef struct epo__sha256 {
    struct sha256_ctx state;
} epo__sha256;

void epo__sha256_init(epo__sha256 *sha);
void epo__sha256_add(epo__sha256 *sha, const void *bytes, size_t size);
void epo__sha256_end(epo__sha256 *sha, unsigned char out[EPO__SHA256_SIZE]);

void epo__sha256_hex(const unsigned char digest[EPO__SHA256_SIZE], char out[EPO__SHA256_TEXT]);

/* The hex digest of bytes in memory. */
void epo__sha256_of(const void *bytes, size_t size, char out[EPO__SHA256_TEXT]);

/* The hex digest of a regular file of any size, read in pieces. Refuses what epo__bytes_read refuses, but takes an
 * empty file. */
epo_status epo__sha256_file(const char *path, char out[EPO__SHA256_TEXT]);

#endif
