/* SPDX-License-Identifier: BSD-3-Clause
 * grow.c - one tree.
 *
 * A node is a run of the samples. When it comes to be, its best split is looked for at once; it waits as a part until
 * that split is made, which puts the left side's samples before the right side's. Parts are taken last in, first out,
 * and with a limit of leaves by their gain. Nodes are numbered as their parents are split, so children lie side by side
 * behind them. */
#include "forest/grow.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct epo__part {
    size_t begin, end, depth;
    uint32_t node;
    double gain;
    epo__split split;
};

epo_status epo__grower_make(epo__grower *g)
{
    const size_t rows = g->search.columns->rows, classes = g->search.classes, features = g->search.columns->features;
    g->search.total = epo__alloc(classes, sizeof(double));
    g->search.left = epo__alloc(classes, sizeof(double));
    g->search.keys = epo__alloc(rows, sizeof(uint64_t));
    g->spare = epo__alloc(rows, sizeof *g->spare);
    g->features = epo__alloc(features, sizeof *g->features);
    if (!g->search.total || !g->search.left || !g->search.keys || !g->spare || !g->features)
        return epo__nomem("growing a tree");
    return epo__sorter_make(rows, &g->search.sorter);
}

void epo__grower_free(epo__grower *g)
{
    free(g->search.total);
    free(g->search.left);
    free(g->search.keys);
    epo__sorter_free(&g->search.sorter);
    free(g->spare);
    free(g->features);
    free(g->parts);
}

/* Draws features without replacement until enough were looked at, one of which has more than one value in the node. */
static epo__split find_split(epo__grower *g, const epo__sample *samples, size_t count, epo__draws *draws)
{
    epo__split best = {.quality = -INFINITY};
    const size_t features = g->search.columns->features;
    bool varied = false;
    for (size_t looked = 0; looked < features && (looked < g->limits.max_features || !varied); looked++) {
        const size_t other = looked + epo__draw_below(draws, (uint32_t)(features - looked));
        const uint32_t feature = g->features[other];
        g->features[other] = g->features[looked];
        g->features[looked] = feature;
        varied |= epo__search_feature(&g->search, samples, count, feature, &best);
        if (epo__search_is_perfect(&g->search, &best)) break; /* no other is better */
    }
    return best;
}

static epo_status make_leaf(epo__grower *g, const epo__sample *samples, size_t count, epo__tree *tree, uint32_t node)
{
    const size_t classes = g->search.classes;
    epo__tree_node *leaf = &tree->nodes[node];
    *leaf = (epo__tree_node){.feature = -1};
    if (!epo__search_node(&g->search, samples, count)) {
        leaf->next = epo__sample_class(samples[0]);
        return EPO_OK;
    }
    if (!epo__grow(&tree->mixed, &tree->mixed_capacity, epo__product(tree->mixed_count + 1, classes), sizeof *tree->mixed))
        return epo__nomem("a tree");
    for (size_t k = 0; k < classes; k++)
        tree->mixed[tree->mixed_count * classes + k] = (float)(g->search.total[k] / g->search.total_weight);
    leaf->next = (uint32_t)(classes + tree->mixed_count++);
    return EPO_OK;
}

/* A heap by gain: its root is parts[0]. Equal gains: the older node first, so that the order is one. */
static bool goes_before(const epo__part *a, const epo__part *b)
{
    return a->gain != b->gain ? a->gain > b->gain : a->node < b->node;
}

static void push_part(epo__grower *g, epo__part part)
{
    size_t at = g->part_count++;
    for (; g->limits.max_leaves && at > 0 && goes_before(&part, &g->parts[(at - 1) / 2]); at = (at - 1) / 2)
        g->parts[at] = g->parts[(at - 1) / 2];
    g->parts[at] = part;
}

static epo__part pop_part(epo__grower *g)
{
    const epo__part last = g->parts[--g->part_count];
    if (!g->limits.max_leaves || g->part_count == 0) return last;
    const epo__part first = g->parts[0];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < g->part_count) {
        if (child + 1 < g->part_count && goes_before(&g->parts[child + 1], &g->parts[child])) child++;
        if (!goes_before(&g->parts[child], &last)) break;
        g->parts[at] = g->parts[child];
        at = child;
    }
    g->parts[at] = last;
    return first;
}

/* A new node: a leaf, or a part that waits. */
static epo_status add_node(epo__grower *g, epo__sample *samples, epo__part part, epo__draws *draws, epo__tree *tree)
{
    const size_t count = part.end - part.begin;
    const epo__grow_limits *l = &g->limits;
    bool split = count >= l->min_split && count >= 2 * l->min_leaf && (l->max_depth == 0 || part.depth < l->max_depth);
    split = split && epo__search_node(&g->search, samples + part.begin, count);
    if (split) {
        part.split = find_split(g, samples + part.begin, count, draws);
        split = part.split.quality > -INFINITY;
    }
    if (!split) return make_leaf(g, samples + part.begin, count, tree, part.node);
    part.gain = part.split.quality - g->search.quality;
    if (!epo__grow(&g->parts, &g->part_capacity, g->part_count + 1, sizeof *g->parts)) return epo__nomem("a tree");
    push_part(g, part);
    return EPO_OK;
}

/* Puts the samples of the left side first; how many they are. Both sides keep their order. Inlined with a constant for
 * wide. */
static inline __attribute__((always_inline)) size_t divide(epo__grower *g, epo__sample *samples, size_t count,
                                                           const epo__split *split, const epo__ranks *ranks, bool wide)
{
    const uint32_t mask = wide ? UINT32_MAX : UINT16_MAX;
    /* a missing rank is above all: on the left it wraps round to 0 */
    const uint32_t shift = split->missing_right ? 0 : 1, limit = split->low + shift;
    size_t left = 0, right = 0;
    for (size_t i = 0; i < count; i++) {
        const epo__sample sample = samples[i];
        const size_t at = epo__sample_row(sample) * ranks->step;
        const uint32_t rank = epo__rank_at(ranks->ranks, wide, at);
        const bool is_right = ((rank + shift) & mask) > limit;
        samples[left] = sample; /* left <= i: only what was read is overwritten */
        g->spare[right] = sample;
        left += !is_right;
        right += is_right;
    }
    memcpy(samples + left, g->spare, right * sizeof *samples);
    return left;
}

static size_t divide_any(epo__grower *g, epo__sample *samples, size_t count, const epo__split *split)
{
    const epo__ranks ranks = epo__columns_ranks(g->search.columns, split->feature, count);
    return ranks.wide ? divide(g, samples, count, split, &ranks, true)
                      : divide(g, samples, count, split, &ranks, false);
}

static float threshold_of(const epo__columns *columns, const epo__split *split)
{
    if (split->high == (uint32_t)EPO__RANK_MISSING) return FLT_MAX;
    return epo__columns_middle(columns, split->feature, split->low, split->high);
}

static epo_status make_split(epo__grower *g, epo__sample *samples, const epo__part *part, epo__draws *draws,
                             epo__tree *tree)
{
    const size_t left = part->begin + divide_any(g, samples + part->begin, part->end - part->begin, &part->split),
                 next = tree->count;
    if (next + 2 > EPO__FOREST_MAX_TREE_NODES)
        return epo__fail(EPO_ELIMIT, "a tree of over %d nodes", EPO__FOREST_MAX_TREE_NODES);
    if (!epo__grow(&tree->nodes, &tree->capacity, next + 2, sizeof *tree->nodes)) return epo__nomem("a tree");
    tree->count += 2;
    tree->nodes[part->node] = (epo__tree_node){.threshold = threshold_of(g->search.columns, &part->split),
                                               .feature = (int32_t)part->split.feature,
                                               .next = (uint32_t)next,
                                               .missing_right = part->split.missing_right};
    epo__part child = {.begin = left, .end = part->end, .depth = part->depth + 1, .node = (uint32_t)next + 1};
    epo_status status = add_node(g, samples, child, draws, tree);
    if (status != EPO_OK) return status;
    child = (epo__part){.begin = part->begin, .end = left, .depth = part->depth + 1, .node = (uint32_t)next};
    return add_node(g, samples, child, draws, tree);
}

epo_status epo__tree_grow(epo__grower *g, epo__sample *samples, size_t count, epo__draws *draws, epo__tree *tree,
                          double *importance)
{
    g->part_count = 0;
    for (size_t f = 0; f < g->search.columns->features; f++) g->features[f] = (uint32_t)f;
    if (!epo__grow(&tree->nodes, &tree->capacity, 1, sizeof *tree->nodes)) return epo__nomem("a tree");
    tree->count = 1;
    epo_status status = add_node(g, samples, (epo__part){.end = count}, draws, tree);
    size_t leaves = 1; /* if nothing more is split */
    while (status == EPO_OK && g->part_count > 0) {
        const epo__part part = pop_part(g);
        if (g->limits.max_leaves && leaves >= g->limits.max_leaves) {
            status = make_leaf(g, samples + part.begin, part.end - part.begin, tree, part.node);
            continue;
        }
        importance[part.split.feature] += part.gain;
        status = make_split(g, samples, &part, draws, tree);
        leaves++;
    }
    return status;
}
