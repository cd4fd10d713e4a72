/* SPDX-License-Identifier: BSD-3-Clause
 * columns.h - the values of a training set as ranks: splits of a tree depend on the order of the values only, and small
 * whole numbers are sorted faster than floats. Made once for all trees. */
#ifndef EPO_FOREST_COLUMNS_H
#define EPO_FOREST_COLUMNS_H

#include "forest/forest.h"

enum { EPO__RANK_MISSING = UINT32_MAX };

/* Ranks are kept twice: a node of many rows reads a feature's column from end to end, one of few rows reads some
 * features of each, and finds them side by side. Ranks of 16 bits are used where they are enough: half the memory, so
 * half the waiting. */
typedef struct epo__columns {
    size_t rows, features;
    bool wide;         /* ranks are uint32_t, else uint16_t, whose largest stands for EPO__RANK_MISSING */
    void *by_feature;  /* [features x rows]: how many smaller values there are */
    void *by_row;      /* [rows x features]: the same */
    float *values;     /* [features x rows]: of rank r at [feature * rows + r] */
    bool *has_missing; /* [features] */
    bool *unique;      /* [features]: no two rows have the same rank, missing aside */
} epo__columns;

/* The ranks of one feature: that of row r is number r * step, of uint32_t when wide, else of uint16_t. */
typedef struct epo__ranks {
    const void *ranks;
    size_t step;
    bool wide;
} epo__ranks;

/* In the order that is better for a node of so many rows. */
static inline epo__ranks epo__columns_ranks(const epo__columns *c, size_t feature, size_t rows)
{
    enum { MANY = 16 }; /* a row in so many, and a cache line of a column holds more than one */
    const bool few = rows < c->rows / MANY;
    const size_t first = few ? feature : feature * c->rows;
    const size_t size = c->wide ? sizeof(uint32_t) : sizeof(uint16_t);
    return (epo__ranks){.ranks = (const char *)(few ? c->by_row : c->by_feature) + first * size,
                        .step = few ? c->features : 1,
                        .wide = c->wide};
}

static inline uint32_t epo__rank_at(const void *ranks, bool wide, size_t i)
{
    return wide ? ((const uint32_t *)ranks)[i] : ((const uint16_t *)ranks)[i];
}

/* EPO_EFORMAT, naming row and feature by number, for an infinite value. Release in any case. */
epo_status epo__columns_make(const epo__matrix *rows, int threads, epo__columns *out);
void epo__columns_free(epo__columns *columns);

/* The largest float32 that is not above the middle between the values of two ranks: whatever float32 is compared with
 * it falls on the same side as compared with the middle itself. */
float epo__columns_middle(const epo__columns *columns, size_t feature, uint32_t low, uint32_t high);

#endif
