/* SPDX-License-Identifier: BSD-3-Clause
 * forest.c - trees to a forest and back. */
#include "forest/forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void epo__tree_free(epo__tree *tree)
{
    free(tree->nodes);
    free(tree->mixed);
    *tree = (epo__tree){0};
}

void epo__forest_free(epo__forest *forest)
{
    if (!forest) return;
    free(forest->first);
    free(forest->node);
    free(forest->first_mixed);
    free(forest->mixed);
    free(forest);
}

/* --- checks ----------------------------------------------------------------------------------------------------------
 */

static epo_status refuse(size_t tree, size_t node, const char *what)
{
    return epo__fail(EPO_EFORMAT, "tree %zu, node %zu: %s", tree, node, what);
}

static epo_status check_split(const epo__forest *forest, size_t t, const epo__tree *tree, size_t i,
                              unsigned char *has_parent)
{
    const epo__tree_node *node = &tree->nodes[i];
    if (node->feature < 0 || (size_t)node->feature >= forest->features)
        return refuse(t, i, "splits by a feature that is not there");
    if (!isfinite(node->threshold)) return refuse(t, i, "its threshold is not finite");
    if (node->next <= i || node->next >= tree->count - 1) return refuse(t, i, "its children do not come after it");
    if (has_parent[node->next] || has_parent[node->next + 1]) return refuse(t, i, "its children have another parent");
    has_parent[node->next] = has_parent[node->next + 1] = 1;
    if (((uint64_t)node->next - i) >> (32 - forest->shift))
        return epo__fail(EPO_ELIMIT,
                         "tree %zu, node %zu: the tree is too big for %zu features; limit its depth or leaves", t, i,
                         forest->features);
    return EPO_OK;
}

static epo_status check_mixed(const epo__forest *forest, size_t t, const epo__tree *tree)
{
    for (size_t m = 0; m < tree->mixed_count; m++) {
        double sum = 0;
        for (size_t k = 0; k < forest->classes; k++) {
            double p = tree->mixed[m * forest->classes + k];
            if (!(p >= 0 && p <= 1)) return epo__fail(EPO_EFORMAT, "tree %zu: a probability is not from 0 to 1", t);
            sum += p;
        }
        if (!(fabs(sum - 1) <= 1e-4))
            return epo__fail(EPO_EFORMAT, "tree %zu: probabilities of a leaf do not sum to 1", t);
    }
    return EPO_OK;
}

static epo_status check_tree(const epo__forest *forest, size_t t, const epo__tree *tree)
{
    if (tree->count == 0) return epo__fail(EPO_EFORMAT, "tree %zu has no node", t);
    if (tree->count > EPO__FOREST_MAX_TREE_NODES || tree->mixed_count > EPO__FOREST_MAX_MIXED)
        return epo__fail(EPO_ELIMIT, "tree %zu has over %d nodes", t, EPO__FOREST_MAX_TREE_NODES);
    unsigned char *has_parent = epo__alloc(tree->count, 1);
    if (!has_parent) return epo__nomem("a tree");
    has_parent[0] = 1;
    epo_status status = EPO_OK;
    for (size_t i = 0; i < tree->count && status == EPO_OK; i++) {
        const epo__tree_node *node = &tree->nodes[i];
        if (!has_parent[i]) /* parents come first */
            status = refuse(t, i, "has no parent");
        else if (node->feature != -1)
            status = check_split(forest, t, tree, i, has_parent);
        else if (node->next >= forest->classes + tree->mixed_count)
            status = refuse(t, i, "its probabilities are not there");
    }
    free(has_parent);
    return status == EPO_OK ? check_mixed(forest, t, tree) : status;
}

/* --- joining ---------------------------------------------------------------------------------------------------------
 */

static epo_status count_all(epo__forest *forest, const epo__tree *trees)
{
    if (forest->trees == 0 || forest->trees > EPO__FOREST_MAX_TREES)
        return epo__fail(EPO_ELIMIT, "%zu trees; a forest has 1 to %d", forest->trees, EPO__FOREST_MAX_TREES);
    if (forest->features == 0 || forest->features > EPO__FOREST_MAX_FEATURES)
        return epo__fail(EPO_ELIMIT, "%zu features; a forest takes 1 to %d", forest->features,
                         EPO__FOREST_MAX_FEATURES);
    if (forest->classes == 0 || forest->classes > EPO__FOREST_MAX_CLASSES)
        return epo__fail(EPO_ELIMIT, "%zu classes; a forest takes 1 to %d", forest->classes, EPO__FOREST_MAX_CLASSES);
    for (forest->shift = 1; (forest->features - 1) >> (forest->shift - 1); forest->shift++) {
    }
    for (size_t t = 0; t < forest->trees; t++) {
        epo_status status = check_tree(forest, t, &trees[t]);
        if (status != EPO_OK) return status;
        forest->nodes += trees[t].count;
        forest->mixed_count += trees[t].mixed_count;
    }
    return forest->nodes < UINT32_MAX && forest->mixed_count < UINT32_MAX - EPO__FOREST_MAX_CLASSES
               ? EPO_OK
               : epo__fail(EPO_ELIMIT, "a forest of %zu nodes", forest->nodes);
}

static float leaf_threshold(uint32_t value)
{
    const uint32_t bits = 0x7fc00000U | (value & 0x3fffff) | value >> 22 << 31;
    float threshold;
    memcpy(&threshold, &bits, sizeof threshold);
    return threshold;
}

static void pack(epo__forest *forest, const epo__tree *tree, size_t t)
{
    const size_t at = forest->first[t], mixed = forest->first_mixed[t];
    for (size_t i = 0; i < tree->count; i++) {
        const epo__tree_node *from = &tree->nodes[i];
        epo__forest_node *to = &forest->node[at + i];
        if (from->feature < 0) {
            to->threshold = leaf_threshold(from->next);
        } else {
            to->threshold = from->threshold;
            to->code = (from->next - (uint32_t)i) << forest->shift | (uint32_t)from->feature << 1 | from->missing_right;
        }
    }
    if (tree->mixed_count)
        memcpy(forest->mixed + mixed * forest->classes, tree->mixed,
               tree->mixed_count * forest->classes * sizeof *tree->mixed);
}

epo_status epo__forest_join(const epo__tree *trees, size_t count, size_t features, size_t classes, epo__forest **out)
{
    *out = NULL;
    epo__forest *forest = epo__alloc(1, sizeof *forest);
    if (!forest) return epo__nomem("a forest");
    forest->trees = count;
    forest->features = features;
    forest->classes = classes;
    epo_status status = count_all(forest, trees);
    size_t mixed = 0;
    if (status == EPO_OK && !epo__size_mul(forest->mixed_count, classes, &mixed)) status = epo__nomem("a forest");
    if (status == EPO_OK) {
        forest->first = epo__alloc(count + 1, sizeof *forest->first);
        forest->node = epo__alloc_aligned(forest->nodes, sizeof *forest->node);
        forest->first_mixed = epo__alloc(count + 1, sizeof *forest->first_mixed);
        forest->mixed = epo__alloc(mixed, sizeof *forest->mixed);
        if (!forest->first || !forest->node || !forest->first_mixed || !forest->mixed) status = epo__nomem("a forest");
    }
    for (size_t t = 0; t < count && status == EPO_OK; t++) {
        pack(forest, &trees[t], t);
        forest->first[t + 1] = forest->first[t] + trees[t].count;
        forest->first_mixed[t + 1] = forest->first_mixed[t] + trees[t].mixed_count;
    }
    if (status == EPO_OK)
        *out = forest;
    else
        epo__forest_free(forest);
    return status;
}

/* --- reading ---------------------------------------------------------------------------------------------------------
 */

epo__tree_node epo__forest_node_at(const epo__forest *forest, size_t tree, size_t i)
{
    const size_t at = forest->first[tree] + i;
    const epo__forest_node *node = &forest->node[at];
    const uint32_t far = node->code >> forest->shift;
    if (far == 0) return (epo__tree_node){.feature = -1, .next = epo__forest_leaf(*node)};
    return (epo__tree_node){.threshold = node->threshold,
                            .feature = (int32_t)(node->code << (32 - forest->shift) >> (32 - forest->shift) >> 1),
                            .next = (uint32_t)i + far,
                            .missing_right = node->code & 1};
}

bool epo__forest_depth(const epo__forest *forest, size_t *out)
{
    size_t capacity = 0;
    uint32_t *depth = NULL; /* of each node; children come after their parents: one pass */
    *out = 0;
    for (size_t t = 0; t < forest->trees; t++) {
        const size_t count = forest->first[t + 1] - forest->first[t];
        if (!epo__grow(&depth, &capacity, count, sizeof *depth)) {
            free(depth);
            return false;
        }
        depth[0] = 0;
        for (size_t i = 0; i < count; i++) {
            const uint32_t far = forest->node[forest->first[t] + i].code >> forest->shift;
            if (far) depth[i + far] = depth[i + far + 1] = depth[i] + 1;
            if (depth[i] > *out) *out = depth[i];
        }
    }
    free(depth);
    return true;
}
