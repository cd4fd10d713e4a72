/* SPDX-License-Identifier: BSD-3-Clause
 * search.h - the best split of a node.
 *
 * What lies in a node is a run of samples. The quality of a set of samples is, with w_k the weight of class k and w of
 * all,
 *
 *     Gini     sum of w_k^2 / w          = w (1 - Gini impurity)
 *     entropy  sum of w_k log2(w_k / w)  = -w * entropy in bits
 *
 * and the best split is that whose two sides have the largest sum of qualities: the classes' weights are moved from the
 * right side to the left one by one, in the order of a feature's values (Breiman et al. 1984). */
#ifndef EPO_FOREST_SEARCH_H
#define EPO_FOREST_SEARCH_H

#include "forest/columns.h"
#include "forest/sort.h"

/* A row of the training set in a tree: its row, class and how often it was drawn. */
typedef uint64_t epo__sample;

static inline epo__sample epo__sample_of(size_t row, unsigned label, unsigned drawn)
{
    return (uint64_t)row << 32 | (uint64_t)label << 16 | drawn;
}
static inline size_t epo__sample_row(epo__sample s)
{
    return s >> 32;
}
static inline unsigned epo__sample_class(uint64_t s) /* also of a key, whose lower half is the sample's */
{
    return (unsigned)(s >> 16) & 0xffff;
}
static inline unsigned epo__sample_drawn(uint64_t s)
{
    return (unsigned)s & 0xffff;
}

typedef struct epo__split {
    double quality; /* of both sides together; -INFINITY: no split was found */
    size_t feature;
    uint32_t low,
        high; /* ranks on both sides of the threshold; high EPO__RANK_MISSING: all that is not missing is left */
    bool missing_right;
} epo__split;

/* What searching needs; a thread's own. */
typedef struct epo__search {
    const epo__columns *columns;
    size_t classes, min_leaf;
    bool entropy;
    const double *weight; /* of a class */
    const double *xlogx;  /* [xlogx_count]: x log2 x of whole numbers; NULL: computed each time */
    double *total;        /* [classes]: of the node, set by epo__search_node */
    double total_weight, quality;
    double *left;   /* [classes] */
    uint64_t *keys; /* [rows] */
    epo__sorter sorter;
} epo__search;

/* Weights of the classes, and the quality, of a node. False when it is of one class. */
bool epo__search_node(epo__search *search, const epo__sample *samples, size_t count);

/* Looks whether a feature splits the node better than *best. False when all its values are the same. */
bool epo__search_feature(epo__search *search, const epo__sample *samples, size_t count, size_t feature,
                         epo__split *best);

/* The split cannot be bettered: each side is of one class. */
bool epo__search_is_perfect(const epo__search *search, const epo__split *split);

#endif
