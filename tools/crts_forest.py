#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""crts_forest.py TRAIN.csv TEST.csv SEEDS - scikit-learn's forest on the tables of tools/crts_forest.sh, with the settings used there.
A line a seed: weighted F1, then the F1 of each class in the order of their names."""
import csv
import sys

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("label", "id")]
    return numpy.array([[float(row[name]) for name in names] for row in rows]), numpy.array([row["label"] for row in rows])


def main():
    x, y = read(sys.argv[1])
    test_x, test_y = read(sys.argv[2])
    for seed in range(1, int(sys.argv[3]) + 1):
        forest = RandomForestClassifier(700, max_features="sqrt", random_state=seed, n_jobs=-1).fit(x, y)
        called = forest.predict(test_x)
        scores = [f1_score(test_y, called, average="weighted"), *f1_score(test_y, called, average=None, labels=sorted(set(y)))]
        print(*("%.6f" % score for score in scores), flush=True)


if __name__ == "__main__":
    main()
