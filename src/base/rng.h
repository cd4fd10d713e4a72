/* SPDX-License-Identifier: BSD-3-Clause
 * rng.h - a counter-based random generator: the value for (seed, stream, index) never depends on who asked before,
 * so that results do not change with the number of threads.
 *
 * Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11). */
#ifndef EPO_BASE_RNG_H
#define EPO_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct epo__rng {
    uint64_t seed, stream, index; /* index counts the 32-bit words drawn; saving the three saves the generator */
} epo__rng;

/* Four 32-bit words for a counter and a key: the function itself, for tests and for addressing by index. */
void epo__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

uint32_t epo__rng_u32(epo__rng *rng);
double epo__rng_uniform(epo__rng *rng);                 /* [0, 1), 53 bits */
double epo__rng_normal(epo__rng *rng);                  /* mean 0, SD 1 (Box & Muller 1958); uses four words */
uint32_t epo__rng_below(epo__rng *rng, uint32_t bound); /* 0 .. bound-1 without bias; bound >= 1 */
void epo__rng_shuffle(epo__rng *rng, size_t *items, size_t count);

/* A 64-bit stream number from a text (FNV-1a), so that "encoder.conv1.weight" names its own stream. */
uint64_t epo__rng_stream(const char *name);

/* A 64-bit number from bytes, going on from `key` (0 to begin): the key of something that has no name. Not for secrets. */
uint64_t epo__rng_key(uint64_t key, const void *bytes, size_t size);

#endif
