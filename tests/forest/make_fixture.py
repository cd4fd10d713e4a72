#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/trees.txt: training and test rows, and what scikit-learn's trees and forest make of the latter, for test_forest.c.

A tree of scikit-learn chooses among equally good splits by chance. The trees here have none to choose from: each is grown with
several random states, and all must agree.

    rows ROWS TEST FEATURES CLASSES        then ROWS lines: label value..., TEST lines: value...
    tree NAME ENTROPY BALANCED MAX_DEPTH MIN_LEAF MAX_LEAVES NODES    then TEST lines: probability of each class
    forest TREES                           then TEST lines: probability of each class
    end

Run as: /usr/bin/python3 tests/forest/make_fixture.py
"""
import os

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

ROWS, TEST, FEATURES, CLASSES = 240, 60, 5, 3

# name, criterion, class weights, depth, rows of a leaf, leaves
TREES = [
    ("gini", "gini", None, None, 12, None),
    ("entropy", "entropy", None, None, 12, None),
    ("balanced", "gini", "balanced", None, 12, None),
    ("balanced_entropy", "entropy", "balanced", None, 12, None),
    ("depth", "gini", None, 3, 4, None),
    ("leaves", "gini", None, None, 12, 7),
]


def lines(rows):
    return "".join(" ".join("%.17g" % v for v in row) + "\n" for row in rows)


def main():
    rng = np.random.default_rng(5)
    y = rng.choice(CLASSES, ROWS, p=[0.5, 0.3, 0.2])
    centres = rng.normal(size=(CLASSES, FEATURES))
    x = (centres[y] + 1.2 * rng.normal(size=(ROWS, FEATURES))).astype(np.float32)
    test_y = rng.choice(CLASSES, TEST)
    test = (centres[test_y] + 1.2 * rng.normal(size=(TEST, FEATURES))).astype(np.float32)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "fixtures", "trees.txt"), "w") as out:
        out.write(f"rows {ROWS} {TEST} {FEATURES} {CLASSES}\n")
        out.write(lines([[label, *row] for label, row in zip(y, x)]) + lines(test))
        for name, criterion, weight, depth, leaf, leaves in TREES:
            grown = [DecisionTreeClassifier(criterion=criterion, class_weight=weight, max_depth=depth, min_samples_leaf=leaf, max_leaf_nodes=leaves,
                                            random_state=seed).fit(x, y) for seed in range(20)]
            first = grown[0].predict_proba(test)
            assert all(np.array_equal(tree.predict_proba(test), first) for tree in grown), f"{name}: equally good splits"
            out.write(f"tree {name} {int(criterion == 'entropy')} {int(weight is not None)} {depth or 0} {leaf} {leaves or 0} {grown[0].tree_.node_count}\n")
            out.write(lines(first))
        forest = RandomForestClassifier(2000, max_features=2, random_state=1).fit(x, y)
        out.write("forest 2000\n" + lines(forest.predict_proba(test)) + "end\n")


if __name__ == "__main__":
    main()
