/* SPDX-License-Identifier: BSD-3-Clause
 * sort.h - sorting the keys of a node: ranks in the upper half, what belongs to them in the lower. */
#ifndef EPO_FOREST_SORT_H
#define EPO_FOREST_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

enum { EPO__SORT_MAX_KEY = 1 << 25 }; /* of an epo__sorter */

/* Memory for sorting at most `keys` keys whose upper halves are below `keys`; a thread's own. */
typedef struct epo__sorter {
    uint64_t *spare, *bits;
    uint32_t *table, *next;
} epo__sorter;

epo_status epo__sorter_make(size_t keys,
                            epo__sorter *sorter); /* keys up to EPO__SORT_MAX_KEY; on failure free it all the same */
void epo__sorter_free(epo__sorter *sorter);

/* Sorts by the upper 32 bits, which lie from `low` to `high`; `unique`: no two are the same. Where they are, their
 * order is one that depends on the keys only. */
void epo__sort_keys(const epo__sorter *sorter, uint64_t *keys, size_t count, uint32_t low, uint32_t high, bool unique);

/* Sorts by any upper halves, equal ones staying in their order. The result is in what is returned: keys or spare. */
uint64_t *epo__sort_radix(uint64_t *keys, uint64_t *spare, size_t count, uint32_t low, uint32_t high);

#endif
