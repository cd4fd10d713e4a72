/* SPDX-License-Identifier: BSD-3-Clause
 * sort.c - three ways to sort, none of which lets the processor guess the outcome of a comparison.
 *
 * Up to 64 keys, as most nodes of a tree have: each key's place is how many keys are smaller, counted by vector
 * comparisons of all with all. More keys, as long as they are not too thin: a bit is set for each rank, and the set
 * bits are read from the lowest on. Else a radix sort of the least digit first, with as few digits as the range of the
 * keys needs. */
#include "forest/sort.h"

#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/error.h"
#include "base/memory.h"

enum { FEW = 64, FEW_BITS = 6, LANES = 8, WORD = 64, DIGIT_MOST = 8, DIGITS_MOST = 4, END = UINT32_MAX };

typedef int32_t lanes __attribute__((vector_size(LANES * sizeof(int32_t))));

epo_status epo__sorter_make(size_t keys, epo__sorter *s)
{
    s->spare = epo__alloc(keys, sizeof *s->spare);
    s->bits = epo__alloc(keys / WORD + 1, sizeof *s->bits);
    s->table = epo__alloc(keys, sizeof *s->table);
    s->next = epo__alloc(keys, sizeof *s->next);
    return s->spare && s->bits && s->table && s->next ? EPO_OK : epo__nomem("sorting");
}

void epo__sorter_free(epo__sorter *s)
{
    free(s->spare);
    free(s->bits);
    free(s->table);
    free(s->next);
    *s = (epo__sorter){0};
}

/* --- few -------------------------------------------------------------------------------------------------------------
 */

typedef union few {
    int32_t each[FEW];
    lanes wide[FEW / LANES];
} few;

/* places->each[i] is how many of the `count` keys, 1 or more, are below keys->each[i]. */
EPO_KERNEL
static void count_smaller(const few *keys, size_t count, few *places)
{
    for (size_t b = 0; b * LANES < count; b++) {
        const lanes mine = keys->wide[b];
        lanes smaller = {0};
        for (size_t j = 0; j < count; j++) smaller -= mine > keys->each[j]; /* true is -1 */
        places->wide[b] = smaller;
    }
}

static void sort_few(const epo__sorter *s, uint64_t *keys, size_t count)
{
    few numbers, places;
    numbers.wide[(count - 1) / LANES] = (lanes){0}; /* some of it is no key's */
    for (size_t i = 0; i < count; i++) numbers.each[i] = (int32_t)((uint32_t)(keys[i] >> 32) << FEW_BITS | (uint32_t)i);
    count_smaller(&numbers, count, &places);
    for (size_t i = 0; i < count; i++) s->spare[places.each[i]] = keys[i];
    memcpy(keys, s->spare, count * sizeof *keys);
}

/* --- dense -----------------------------------------------------------------------------------------------------------
 */

static void sort_unique(const epo__sorter *s, uint64_t *keys, size_t count, uint32_t low, uint32_t high)
{
    const uint32_t first = low / WORD, last = high / WORD;
    for (size_t i = 0; i < count; i++) {
        const uint32_t rank = (uint32_t)(keys[i] >> 32);
        s->table[rank] = (uint32_t)keys[i];
        s->bits[rank / WORD] |= UINT64_C(1) << rank % WORD;
    }
    for (uint32_t w = first; w <= last; w++) {
        uint64_t bits = s->bits[w];
        s->bits[w] = 0;
        for (; bits; bits &= bits - 1) {
            const uint32_t rank = w * WORD + (uint32_t)__builtin_ctzll(bits);
            *keys++ = (uint64_t)rank << 32 | s->table[rank];
        }
    }
}

/* Keys of the same rank are chained. */
static void sort_chained(const epo__sorter *s, uint64_t *keys, size_t count, uint32_t low, uint32_t high)
{
    const uint32_t first = low / WORD, last = high / WORD;
    for (size_t i = 0; i < count; i++) {
        const uint32_t rank = (uint32_t)(keys[i] >> 32);
        uint64_t *bits = &s->bits[rank / WORD];
        const uint64_t bit = UINT64_C(1) << rank % WORD;
        s->spare[i] = keys[i];
        s->next[i] = *bits & bit ? s->table[rank] : (uint32_t)END;
        s->table[rank] = (uint32_t)i;
        *bits |= bit;
    }
    for (uint32_t w = first; w <= last; w++) {
        uint64_t bits = s->bits[w];
        s->bits[w] = 0;
        for (; bits; bits &= bits - 1) {
            const uint32_t rank = w * WORD + (uint32_t)__builtin_ctzll(bits);
            for (uint32_t i = s->table[rank]; i != (uint32_t)END; i = s->next[i]) *keys++ = s->spare[i];
        }
    }
}

/* --- any -------------------------------------------------------------------------------------------------------------
 */

uint64_t *epo__sort_radix(uint64_t *keys, uint64_t *spare, size_t count, uint32_t low, uint32_t high)
{
    const unsigned bits = high > low ? 32 - (unsigned)__builtin_clz(high - low) : 0;
    const unsigned digits = (bits + DIGIT_MOST - 1) / DIGIT_MOST;
    if (digits == 0) return keys;
    const unsigned width = (bits + digits - 1) / digits, buckets = 1U << width;
    uint32_t counts[DIGITS_MOST][1 << DIGIT_MOST];
    for (unsigned d = 0; d < digits; d++) memset(counts[d], 0, buckets * sizeof **counts);
    for (size_t i = 0; i < count; i++) {
        uint32_t rank = (uint32_t)(keys[i] >> 32) - low;
        for (unsigned d = 0; d < digits; d++, rank >>= width) counts[d][rank & (buckets - 1)]++;
    }
    for (unsigned d = 0; d < digits; d++) {
        uint32_t at = 0;
        for (unsigned b = 0; b < buckets; b++) {
            const uint32_t here = counts[d][b];
            counts[d][b] = at;
            at += here;
        }
        for (size_t i = 0; i < count; i++) {
            const uint64_t key = keys[i];
            spare[counts[d][((uint32_t)(key >> 32) - low) >> (d * width) & (buckets - 1)]++] = key;
        }
        uint64_t *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}

void epo__sort_keys(const epo__sorter *s, uint64_t *keys, size_t count, uint32_t low, uint32_t high, bool unique)
{
    if (count == 0) return;
    if (count <= FEW) {
        sort_few(s, keys, count);
    } else if ((high - low) / WORD > count) {
        if (epo__sort_radix(keys, s->spare, count, low, high) != keys) memcpy(keys, s->spare, count * sizeof *keys);
    } else if (unique) {
        sort_unique(s, keys, count, low, high);
    } else {
        sort_chained(s, keys, count, low, high);
    }
}
