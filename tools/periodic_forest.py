#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""periodic_forest.py [CURVES.csv.gz] - real periodic variables of CRTS, 16 classes: features by epochal, then epochal's forest and
scikit-learn's with the same settings on the same rows, five stratified folds. Accuracy and macro F1 in per cent, for both definitions
of the features. A feature that is missing is the median of its column for scikit-learn, whose trees take no missing values.

The curves are looked for in $EPOCHAL_DATA, else ../shared/data; the command in $BUILD, else build. Results: docs/results/crts.md."""
import csv
import json
import os
import subprocess
import sys
import tempfile

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold

EPOCHAL = os.path.join(os.environ.get("BUILD", "build"), "epochal")
TREES = 700


def epochal(*arguments):
    return subprocess.run([EPOCHAL, *arguments, "--quiet"], check=True, stdout=subprocess.PIPE, text=True).stdout


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def fold_of_ours(folder, header, train, test):
    paths = [os.path.join(folder, name) for name in ("train.csv", "test.csv", "forest.safetensors")]
    write(paths[0], [header, *train])
    write(paths[1], [header, *test])
    epochal("forest", "train", "--features", paths[0], "--trees", str(TREES), "--seed", "1", "--out", paths[2])
    return [row["class"] for row in json.loads(epochal("forest", "predict", "--model", paths[2], "--features", paths[1], "--output", "json"))]


def numbers(rows, medians=None):
    x = numpy.array([[float(cell) if cell else numpy.nan for cell in row[2:]] for row in rows])
    if medians is None:
        medians = numpy.nanmedian(x, axis=0)
    return numpy.where(numpy.isnan(x), medians, x), medians


def fold_of_theirs(train, test):
    x, medians = numbers(train)
    forest = RandomForestClassifier(TREES, random_state=1, n_jobs=-1).fit(x, [row[1] for row in train])
    return forest.predict(numbers(test, medians)[0])


def main():
    data = os.environ.get("EPOCHAL_DATA", "../shared/data")
    curves = sys.argv[1] if len(sys.argv) > 1 else os.path.join(data, "crts", "periodic_lightcurves_dev.csv.gz")
    for definition in ("mantra", "richards"):
        header, *rows = csv.reader(epochal("features", "--definition", definition, "--label", "--output", "csv", curves).splitlines())
        labels = numpy.array([row[1] for row in rows])
        called = {"epochal": numpy.empty_like(labels), "scikit-learn": numpy.empty_like(labels)}
        folds = StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)
        with tempfile.TemporaryDirectory() as folder:
            for train, test in folds:
                pair = [rows[i] for i in train], [rows[i] for i in test]
                called["epochal"][test] = fold_of_ours(folder, header, *pair)
                called["scikit-learn"][test] = fold_of_theirs(*pair)
        print(f"{definition}: {len(rows)} curves, {len(set(labels))} classes")
        for whose, classes in called.items():
            print(f"  {whose:14s} accuracy {100 * accuracy_score(labels, classes):6.2f}   macro F1 {100 * f1_score(labels, classes, average='macro'):6.2f}")
        print(f"  the same class by both: {100 * numpy.mean(called['epochal'] == called['scikit-learn']):.2f}")


if __name__ == "__main__":
    main()
