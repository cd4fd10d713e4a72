/* SPDX-License-Identifier: BSD-3-Clause
 * pool.c - a list of blocks that never move, filled one after the other. */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_SIZE = 16 * 1024 };

struct epo__pool_block {
    struct epo__pool_block *next;
    size_t used, size;
    char bytes[];
};

typedef struct epo__pool_block block;

static block *make_block(size_t size)
{
    size_t all;
    if (!epo__size_add(size, sizeof(block), &all)) return NULL;
    block *made = epo__alloc(1, all);
    if (made) made->size = size;
    return made;
}

const char *epo__pool_add(epo__pool *pool, const char *bytes, size_t length)
{
    size_t need;
    if (!epo__size_add(length, 1, &need)) return NULL;
    while (pool->current && pool->current->size - pool->current->used < need && pool->current->next)
        pool->current = pool->current->next;
    if (!pool->current || pool->current->size - pool->current->used < need) {
        block *made = make_block(need > BLOCK_SIZE ? need : BLOCK_SIZE);
        if (!made) return NULL;
        if (pool->current)
            pool->current->next = made;
        else
            pool->first = made;
        pool->current = made;
    }
    char *text = pool->current->bytes + pool->current->used;
    memcpy(text, bytes, length);
    text[length] = '\0';
    pool->current->used += need;
    pool->bytes += need;
    return text;
}

void epo__pool_clear(epo__pool *pool)
{
    for (block *b = pool->first; b; b = b->next) b->used = 0;
    pool->current = pool->first;
    pool->bytes = 0;
}

void epo__pool_free(epo__pool *pool)
{
    for (block *b = pool->first; b;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    *pool = (epo__pool){0};
}
