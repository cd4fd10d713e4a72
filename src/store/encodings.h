/* SPDX-License-Identifier: BSD-3-Clause
 * encodings.h - what encoders made of sequences, kept so that they need not run again. */
#ifndef EPO_STORE_ENCODINGS_H
#define EPO_STORE_ENCODINGS_H

#include "epochal/store.h"

enum {
    EPO__DIGEST_DIGITS = 64,       /* of a SHA-256 */
    EPO__ENCODING_MOST = 60 << 20, /* bytes of features: what fits a row of the store */
};

/* Whose features they are, and under which flip and quarter turn of the images (image/geometry.h). */
typedef struct epo__encoding_key {
    int64_t object;
    const char *encoder; /* its SHA-256, 64 hexadecimal digits */
    int turn;
} epo__encoding_key;

/* All zeros is an empty one, reused from object to object; features: free(). */
typedef struct epo__encoding {
    char images[EPO__DIGEST_DIGITS + 1]; /* SHA-256 of what went in */
    float *features;
    size_t count, room; /* floats */
} epo__encoding;

/* Inside a transaction. Takes the place of one that is there. EPO_ELIMIT over EPO__ENCODING_MOST bytes. */
epo_status epo__store_encoding_put(epo_store *store, const epo__encoding_key *key, const epo__encoding *encoding);

/* *found is false when there is none, and when it is damaged: it can be made again. */
epo_status epo__store_encoding_get(epo_store *store, const epo__encoding_key *key, epo__encoding *encoding, bool *found);

/* Whether bytes are features that fit their CRC32. */
bool epo__encoding_is_sound(const void *bytes, size_t size, int64_t crc);

/* Whether an encoder has any; throws away those of all encoders, inside a transaction. */
epo_status epo__store_encodings_are(epo_store *store, const char *encoder, bool *any);
epo_status epo__store_encodings_drop(epo_store *store);

#endif
