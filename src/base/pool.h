/* SPDX-License-Identifier: BSD-3-Clause
 * pool.h - texts read from the store, kept together and released together. Rows that are read point into a pool. */
#ifndef EPO_BASE_POOL_H
#define EPO_BASE_POOL_H

#include <stddef.h>

/* All zeros is an empty pool. */
typedef struct epo__pool {
    struct epo__pool_block *first, *current;
    size_t bytes; /* of the texts in it */
} epo__pool;

/* A NUL-terminated copy of `length` bytes, valid until the pool is cleared or freed; NULL without memory. */
const char *epo__pool_add(epo__pool *pool, const char *bytes, size_t length);
void epo__pool_clear(epo__pool *pool); /* forgets the texts, keeps the memory for the next */
void epo__pool_free(epo__pool *pool);

#endif
