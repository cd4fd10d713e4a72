/* SPDX-License-Identifier: BSD-3-Clause
 * mutate.h - a good file damaged in many ways, always the same ones: whatever a reader then says, it must not crash,
 * hang, or read outside its memory (the sanitizer build sees that). */
#ifndef EPO_TESTS_FORMATS_MUTATE_H
#define EPO_TESTS_FORMATS_MUTATE_H

#include <stdlib.h>

#include "base/rng.h"
#include "support/check.h"

/* Writes `rounds` damaged copies of the bytes, one after the other, to `path` and hands each to `read`. A quarter of
 * them are cut short; the others have one to four bytes changed, mostly among the first `focus` bytes (headers). */
static inline void mutate(const char *path, const unsigned char *bytes, size_t size, size_t focus, int rounds,
                          void (*read)(const char *path))
{
    static const unsigned char nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, '0', '9', '"', '{'};
    epo__rng rng = {.seed = 20, .stream = epo__rng_stream("mutate")};
    unsigned char *copy = malloc(size);
    assert_non_null(copy);
    if (focus > size) focus = size;
    for (int round = 0; round < rounds; round++) {
        memcpy(copy, bytes, size);
        size_t kept = size;
        if (round % 4 == 0) {
            kept = epo__rng_below(&rng, (uint32_t)size);
        } else {
            for (uint32_t n = 1 + epo__rng_below(&rng, 4); n > 0; n--) {
                size_t at = epo__rng_below(&rng, (uint32_t)(round % 4 == 1 ? size : focus));
                if (epo__rng_below(&rng, 2))
                    copy[at] ^= (unsigned char)(1U << epo__rng_below(&rng, 8));
                else
                    copy[at] = nasty[epo__rng_below(&rng, sizeof nasty)];
            }
        }
        write_file(path, copy, kept);
        read(path);
    }
    free(copy);
}

#endif
