/* SPDX-License-Identifier: BSD-3-Clause
 * draw.h - the words of an epo__rng, in order, at a quarter of the work: Philox makes four at a time, and growing a
 * tree draws a few for each node. */
#ifndef EPO_FOREST_DRAW_H
#define EPO_FOREST_DRAW_H

#include "base/rng.h"

typedef struct epo__draws {
    uint32_t key[2], stream[2], words[4];
    uint64_t block;
    unsigned used;
} epo__draws;

static inline epo__draws epo__draws_of(uint64_t seed, uint64_t stream)
{
    return (epo__draws){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                        .stream = {(uint32_t)stream, (uint32_t)(stream >> 32)},
                        .used = 4};
}

static inline uint32_t epo__draw(epo__draws *draws)
{
    if (draws->used == 4) {
        const uint32_t counter[4] = {(uint32_t)draws->block, (uint32_t)(draws->block >> 32), draws->stream[0],
                                     draws->stream[1]};
        epo__philox(counter, draws->key, draws->words);
        draws->block++;
        draws->used = 0;
    }
    return draws->words[draws->used++];
}

/* As epo__rng_below. */
static inline uint32_t epo__draw_below(epo__draws *draws, uint32_t bound)
{
    uint64_t product = (uint64_t)epo__draw(draws) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t threshold = (uint32_t)(-bound) % bound;
        while ((uint32_t)product < threshold) product = (uint64_t)epo__draw(draws) * bound;
    }
    return (uint32_t)(product >> 32);
}

#endif
