/* SPDX-License-Identifier: BSD-3-Clause
 * target.h - what is fuzzed: a parser each, called as its users reach it, on bytes that nobody vouches for.
 *
 * A target is one target_NAME.c that ends in a const fuzz_target; targets.c lists them. test_fuzz.c runs them in `make
 * test` over a few thousand inputs of our own making, libfuzzer.c in `make fuzz` over as many as one likes. A target
 * reads everything that the parser gives, so that a sanitizer sees it, and keeps nothing from one input to the next. */
#ifndef EPO_TESTS_FUZZ_TARGET_H
#define EPO_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_target {
    const char *name;                              /* of the folder in corpus/ as well */
    int (*run)(const uint8_t *bytes, size_t size); /* 0; 1 when the parser took the input as a good one */
    const char *const *words;                      /* that the format knows, ended by NULL */
    size_t max_size;                               /* of an input, bytes */
} fuzz_target;

/* All of them, ended by NULL. */
extern const fuzz_target *const fuzz_targets[];

/* NULL: there is none of that name. */
const fuzz_target *fuzz_target_find(const char *name);

/* A path under which the bytes can be read as a file, in memory; until the next call. */
const char *fuzz_file(const uint8_t *bytes, size_t size);

/* Reads all of it. */
void fuzz_touch(const void *bytes, size_t size);
void fuzz_touch_text(const char *text); /* NULL is fine */

/* Goes through the file with one of import's readers, as import and score do, and touches all that it hands on. Returns
 * 1 when the file was read to its end and nothing in it refused. */
struct epo__reader_type;
struct epo_import_options;
int fuzz_read(const struct epo__reader_type *reader, const struct epo_import_options *options, const char *path);

/* For files that carry a digest of themselves, which no damage survives: makes the digest right again, where there is
 * one, so that what lies behind the check is reached too. False when there is none. */
int fuzz_seal(uint8_t *bytes, size_t size);

#endif
