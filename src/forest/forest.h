/* SPDX-License-Identifier: BSD-3-Clause
 * forest.h - a forest of decision trees, as it predicts; forest/train.h grows one.
 *
 * A tree's nodes lie one after the other, the root first. A split has a feature and a threshold: a row goes left when
 * its value is not above the threshold, right when it is, and where the split says when the value is missing (NaN). The
 * right child stands behind the left one, and both behind their parent, so that no walk can go round in a circle. Trees
 * are read and made as epo__tree; inside a forest a node is 8 bytes. */
#ifndef EPO_FOREST_FOREST_H
#define EPO_FOREST_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "epochal/status.h"

enum {
    EPO__FOREST_MAX_FEATURES = 4096,
    EPO__FOREST_MAX_CLASSES = 1024,
    EPO__FOREST_MAX_TREES = 100000,
    EPO__FOREST_MAX_ROWS = 1 << 22,       /* of a training */
    EPO__FOREST_MAX_CELLS = 1 << 28,      /* of a table from a file: 1 GiB */
    EPO__FOREST_MAX_TEXTS = 1 << 28,      /* bytes of its names and labels together */
    EPO__FOREST_MAX_TREE_NODES = 1 << 23, /* a float32 counts as far without gaps, and files hold nothing else */
    EPO__FOREST_MAX_MIXED = EPO__FOREST_MAX_TREE_NODES - EPO__FOREST_MAX_CLASSES /* of a tree */
};

/* Values of rows: row r, feature f at values[r * row_stride + f * feature_stride]. NaN is missing. */
typedef struct epo__matrix {
    const float *values;
    size_t rows, features, row_stride, feature_stride;
} epo__matrix;

typedef struct epo__tree_node {
    float threshold;
    int32_t feature;    /* -1: a leaf */
    uint32_t next;      /* split: the left child, counted from the tree's root. Leaf: the class k that all of it is, or
                           classes + m, where m is a row of `mixed` */
    bool missing_right; /* where a missing value goes */
} epo__tree_node;

typedef struct epo__tree {
    epo__tree_node *nodes;
    size_t count, capacity;
    float *mixed;                       /* rows of class probabilities */
    size_t mixed_count, mixed_capacity; /* rows; floats */
} epo__tree;

void epo__tree_free(epo__tree *tree); /* what it holds */

/* A node in a forest. The code, from its lowest bit: whether missing values go right; the feature; how far behind this
 * node the left child is. A leaf's code is 0, and its threshold a NaN, which no value is above: a walk stays there. The
 * bits of a NaN that are free, its sign and the last 22, hold what epo__tree_node.next is for a leaf. */
typedef struct epo__forest_node {
    float threshold;
    uint32_t code;
} epo__forest_node;

typedef struct epo__forest {
    size_t features, classes, trees, nodes, mixed_count;
    unsigned shift;         /* of the distance in a code */
    size_t *first;          /* [trees + 1]: of each tree its root */
    size_t *first_mixed;    /* [trees + 1]: its first row of mixed */
    epo__forest_node *node; /* [nodes] */
    float *mixed;           /* [mixed_count x classes] */
} epo__forest;

/* Puts trees together. They may come from a file: every index, threshold and probability is checked, and each node but
 * the root must be the child of exactly one. EPO_EFORMAT says which tree and node is wrong; EPO_ELIMIT, EPO_ENOMEM. */
epo_status epo__forest_join(const epo__tree *trees, size_t count, size_t features, size_t classes, epo__forest **out);
void epo__forest_free(epo__forest *forest);

static inline uint32_t epo__forest_leaf(epo__forest_node leaf)
{
    uint32_t bits;
    memcpy(&bits, &leaf.threshold, sizeof bits);
    return (bits & 0x3fffff) | (bits >> 31) << 22;
}

/* The most probable class, the first of equal ones; -1 when no tree had a say. */
int epo__forest_called(const double *probabilities, size_t classes);

/* Node i of a tree, as it was before it was joined. */
epo__tree_node epo__forest_node_at(const epo__forest *forest, size_t tree, size_t i);

/* The longest way from a root to a leaf, in splits; false without memory. */
bool epo__forest_depth(const epo__forest *forest, size_t *out);

/* Means over trees of class probabilities: out[row * classes + k]. Rows are shared among threads; a row's trees are
 * summed in their order, so that the result does not depend on threads, or on the rows around it. */
epo_status epo__forest_predict(const epo__forest *forest, const epo__matrix *rows, int threads, double *out);

/* Likewise, with only the trees that did not see a row: bit row % 8 of seen[tree * ceil(rows / 8) + row / 8] leaves the
 * tree out. A row that all trees saw gets zeros. */
epo_status epo__forest_predict_unseen(const epo__forest *forest, const epo__matrix *rows, const unsigned char *seen,
                                      int threads, double *out);

#endif
