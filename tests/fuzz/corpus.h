/* SPDX-License-Identifier: BSD-3-Clause
 * corpus.h - the seeds of a target, and inputs made of them: damaged, cut, spliced, with other numbers in them. The
 * n-th input of a target is always the same. */
#ifndef EPO_TESTS_FUZZ_CORPUS_H
#define EPO_TESTS_FUZZ_CORPUS_H

#include "fuzz/target.h"

typedef struct fuzz_seed {
    char *name;
    uint8_t *bytes;
    size_t size;
} fuzz_seed;

typedef struct fuzz_corpus {
    fuzz_seed *seeds; /* sorted by name */
    size_t count;
} fuzz_corpus;

/* The files of tests/fuzz/corpus/NAME; fails the test where there are none. */
void fuzz_corpus_read(const fuzz_target *target, fuzz_corpus *out);
void fuzz_corpus_free(fuzz_corpus *corpus);

/* Input number `turn` into `out`, which has room for target->max_size bytes; returns its size. */
size_t fuzz_input(const fuzz_target *target, const fuzz_corpus *corpus, uint64_t turn, uint8_t *out);

#endif
