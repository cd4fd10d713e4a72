/* SPDX-License-Identifier: BSD-3-Clause
 * predict.c - rows through the trees.
 *
 * A walk down a tree is a chain of loads, each waiting for the one before: eight walks go side by side, so that the
 * waiting overlaps. Of many rows, eight walk through the same tree, which stays in the nearest cache while a block of
 * rows passes; a block is as many rows as a second-level cache holds, so that the forest is read from farther away as
 * seldom as may be. Of a single row, eight trees are walked at once. A step has no branch: the distance to the left
 * child, which is 0 in a leaf, plus one when the value is above the threshold, which in a leaf nothing is. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "forest/forest.h"

enum {
    LANES = 8,
    BLOCK_BYTES = 384 << 10,
    GROUPS_LEAST = 4,
    GROUPS_MOST = 256,
    ALONE = 3 /* rows that walk one by one */
};

/* Eight walks from at[] to their leaves. Lane l reads feature f of its row at row[f * step + l * apart]. Inlined with
 * constants for step, apart and may_miss. */
static inline __attribute__((always_inline)) void walk(const epo__forest *forest, const float *row, uint32_t at[LANES],
                                                       size_t step, size_t apart, bool may_miss)
{
    const epo__forest_node *nodes = forest->node;
    const unsigned shift = forest->shift;
    const uint32_t mask = (1U << shift) - 1;
    uint32_t moved;
    do {
        moved = 0;
#pragma GCC unroll 8
        for (size_t l = 0; l < LANES; l++) {
            const epo__forest_node node = nodes[at[l]];
            const float value = row[((node.code & mask) >> 1) * step + l * apart];
            const uint32_t far = node.code >> shift;
            uint32_t right = value > node.threshold;
            if (may_miss) right |= (uint32_t)isunordered(value, value) & node.code & 1;
            at[l] += far + right;
            moved |= far;
        }
    } while (moved);
}

static inline void add_leaf(const epo__forest *forest, size_t tree, uint32_t at, double *sums)
{
    const uint32_t value = epo__forest_leaf(forest->node[at]);
    if (value < forest->classes) {
        sums[value] += 1;
        return;
    }
    const float *mixed = forest->mixed + (forest->first_mixed[tree] + value - forest->classes) * forest->classes;
    for (size_t k = 0; k < forest->classes; k++) sums[k] += (double)mixed[k];
}

typedef struct group {
    size_t first, rows; /* of the lanes that stand for a row */
    bool may_miss;
} group;

/* Eight rows side by side: feature f of lane l at to[f * LANES + l]. Lanes without a row repeat the first. */
static void fill_group(const epo__matrix *m, group *g, float *to)
{
    bool missing = false;
    for (size_t l = 0; l < LANES; l++) {
        const float *row = m->values + (g->first + (l < g->rows ? l : 0)) * m->row_stride;
        for (size_t f = 0; f < m->features; f++) {
            const float value = row[f * m->feature_stride];
            to[f * LANES + l] = value;
            missing |= isunordered(value, value);
        }
    }
    g->may_miss = missing;
}

static bool has_seen(const unsigned char *seen, size_t row_bytes, size_t tree, size_t row)
{
    return seen && (seen[tree * row_bytes + row / 8] >> row % 8 & 1);
}

/* Rows begin .. end-1, of at most GROUPS_MOST groups, into sums, which are zero. */
static void predict_block(const epo__forest *forest, const epo__matrix *m, const unsigned char *seen, size_t begin,
                          size_t end, float *scratch, double *sums)
{
    group groups[GROUPS_MOST];
    size_t count = 0;
    const size_t group_size = LANES * m->features, row_bytes = (m->rows + 7) / 8;
    for (size_t r = begin; r < end; r += LANES, count++) {
        groups[count] = (group){.first = r, .rows = end - r < LANES ? end - r : LANES};
        fill_group(m, &groups[count], scratch + count * group_size);
    }
    for (size_t t = 0; t < forest->trees; t++) {
        for (size_t i = 0; i < count; i++) {
            uint32_t at[LANES];
            for (size_t l = 0; l < LANES; l++) at[l] = (uint32_t)forest->first[t];
            if (groups[i].may_miss)
                walk(forest, scratch + i * group_size, at, LANES, 1, true);
            else
                walk(forest, scratch + i * group_size, at, LANES, 1, false);
            for (size_t l = 0; l < groups[i].rows; l++) {
                const size_t row = groups[i].first + l;
                if (!has_seen(seen, row_bytes, t, row)) add_leaf(forest, t, at[l], sums + row * forest->classes);
            }
        }
    }
}

/* One row through eight trees at a time; `scratch` holds its features side by side. */
static void predict_alone(const epo__forest *forest, const epo__matrix *m, size_t row, float *scratch, double *sums)
{
    for (size_t f = 0; f < m->features; f++) scratch[f] = m->values[row * m->row_stride + f * m->feature_stride];
    for (size_t t = 0; t < forest->trees; t += LANES) {
        uint32_t at[LANES];
        const size_t trees = forest->trees - t < LANES ? forest->trees - t : LANES;
        for (size_t l = 0; l < LANES; l++) at[l] = (uint32_t)forest->first[t + (l < trees ? l : 0)];
        walk(forest, scratch, at, 1, 0, true);
        for (size_t l = 0; l < trees; l++) add_leaf(forest, t + l, at[l], sums + row * forest->classes);
    }
}

static void divide(const epo__forest *forest, const unsigned char *seen, size_t rows, size_t begin, size_t end,
                   double *sums)
{
    for (size_t r = begin; r < end; r++) {
        size_t trees = forest->trees;
        for (size_t t = 0; seen && t < forest->trees; t++) trees -= has_seen(seen, (rows + 7) / 8, t, r);
        for (size_t k = 0; trees && k < forest->classes; k++) sums[r * forest->classes + k] /= (double)trees;
    }
}

typedef struct predicting {
    const epo__forest *forest;
    const epo__matrix *rows;
    const unsigned char *seen;
    size_t block, blocks, next; /* rows of a block; blocks */
    double *out;
} predicting;

/* One thread's share: whichever block comes next. `scratch` holds a block. */
static void predict_blocks(predicting *p, float *scratch)
{
    const epo__matrix *m = p->rows;
    for (;;) {
        size_t block;
#pragma omp atomic capture
        block = p->next++;
        if (block >= p->blocks) break;
        const size_t begin = block * p->block, end = begin + p->block < m->rows ? begin + p->block : m->rows;
        if (!p->seen && m->rows <= ALONE)
            for (size_t r = begin; r < end; r++) predict_alone(p->forest, m, r, scratch, p->out);
        else
            predict_block(p->forest, m, p->seen, begin, end, scratch, p->out);
        divide(p->forest, p->seen, m->rows, begin, end, p->out);
    }
}

/* What the cache holds, but so few that every thread gets two blocks. */
static size_t block_rows(const epo__matrix *m, size_t workers)
{
    size_t groups = BLOCK_BYTES / (LANES * sizeof(float) * m->features);
    const size_t share = m->rows / (2 * LANES * workers) + 1;
    if (groups > share) groups = share;
    if (groups > GROUPS_MOST) groups = GROUPS_MOST;
    return LANES * (groups < GROUPS_LEAST ? GROUPS_LEAST : groups);
}

epo_status epo__forest_predict_unseen(const epo__forest *forest, const epo__matrix *m, const unsigned char *seen,
                                      int threads, double *out)
{
    enum { THREAD_WORTH = 100000 /* walks; starting a thread takes as long as some thousands */ };
    if (m->features != forest->features)
        return epo__fail(EPO_EARG, "%zu features for a forest that takes %zu", m->features, forest->features);
    size_t workers = (size_t)epo__threads(threads);
    if (m->rows * forest->trees < THREAD_WORTH) workers = 1;
    predicting p = {.forest = forest, .rows = m, .seen = seen, .block = block_rows(m, workers), .out = out};
    p.blocks = (m->rows + p.block - 1) / p.block;
    if (workers > p.blocks) workers = p.blocks ? p.blocks : 1;
    const size_t room = (!seen && m->rows <= ALONE ? 1 : p.block) * m->features;
    float *scratch = epo__alloc_aligned(epo__product(workers, room), sizeof *scratch);
    if (!scratch) return epo__nomem("a block of rows");
    for (size_t i = 0; i < m->rows * forest->classes; i++) out[i] = 0;
#pragma omp parallel for num_threads((int)workers) schedule(static, 1) if (workers > 1)
    for (size_t w = 0; w < workers; w++) predict_blocks(&p, scratch + w * room);
    free(scratch);
    return EPO_OK;
}

int epo__forest_called(const double *probabilities, size_t classes)
{
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (probabilities[k] > probabilities[best]) best = k;
    return probabilities[best] > 0 ? (int)best : -1;
}

epo_status epo__forest_predict(const epo__forest *forest, const epo__matrix *rows, int threads, double *out)
{
    return epo__forest_predict_unseen(forest, rows, NULL, threads, out);
}
