/* SPDX-License-Identifier: BSD-3-Clause
 * rng.c - Philox4x32-10 and what is drawn from it. */
#include "base/rng.h"

#include <math.h>
#include <string.h>

void epo__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t epo__rng_u32(epo__rng *rng)
{
    uint64_t block = rng->index / 4;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)rng->stream, (uint32_t)(rng->stream >> 32)};
    uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)}, words[4];
    epo__philox(counter, key, words);
    return words[rng->index++ % 4];
}

double epo__rng_uniform(epo__rng *rng)
{
    uint64_t high = epo__rng_u32(rng) >> 5, low = epo__rng_u32(rng) >> 6;
    return (double)(high * 67108864u + low) / 9007199254740992.0;
}

double epo__rng_normal(epo__rng *rng)
{
    double u = 1.0 - epo__rng_uniform(rng), v = epo__rng_uniform(rng); /* u in (0, 1] */
    return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}

uint32_t epo__rng_below(epo__rng *rng, uint32_t bound)
{
    /* Lemire 2019: a multiply, and a redraw in the few cases that would favour small values */
    uint64_t product = (uint64_t)epo__rng_u32(rng) * bound;
    if ((uint32_t)product < bound) {
        uint32_t threshold = (uint32_t)(-bound) % bound;
        while ((uint32_t)product < threshold) product = (uint64_t)epo__rng_u32(rng) * bound;
    }
    return (uint32_t)(product >> 32);
}

void epo__rng_shuffle(epo__rng *rng, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = epo__rng_below(rng, (uint32_t)i), kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}

uint64_t epo__rng_stream(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) hash = (hash ^ *c) * 1099511628211u;
    return hash;
}

/* The finaliser of SplitMix64 (Steele et al. 2014) over words of eight bytes, the last filled up with zeros. */
uint64_t epo__rng_key(uint64_t key, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    key += size;
    for (size_t done = 0; done < size; done += sizeof key) {
        uint64_t word = 0;
        memcpy(&word, at + done, size - done < sizeof word ? size - done : sizeof word);
        key = (key ^ word) + 0x9E3779B97F4A7C15u;
        key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9u;
        key = (key ^ key >> 27) * 0x94D049BB133111EBu;
        key ^= key >> 31;
    }
    return key;
}
