# SPDX-License-Identifier: BSD-3-Clause
# bench_forest.py - scikit-learn's forest for tools/bench.sh.
#
#   bench_forest.py make FILE                     writes a CSV of 9,000 rows, 60 features, 6 classes
#   bench_forest.py time FILE TREES JOBS ROUNDS   trains on it and predicts its rows: seconds to train, milliseconds to predict all, and
#                                                 microseconds to predict one: the medians of the rounds after one that warms up, and the fastest
#
# The forest's settings are those of `epochal bench forest`: sqrt of the features a split, no limits, bootstrap. Ours also computes its
# out-of-bag score in the training; scikit-learn is not asked for one.
import statistics
import sys
import time

import numpy
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier


def make(path):
    x, y = make_classification(9000, 60, n_informative=20, n_redundant=10, n_classes=6, n_clusters_per_class=2, random_state=0)
    names = ",".join(["label", *("f%d" % i for i in range(x.shape[1]))])
    numpy.savetxt(path, numpy.column_stack([y, x.astype(numpy.float32)]), fmt=["%d"] + ["%.9g"] * x.shape[1], delimiter=",", header=names, comments="")


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(path, trees, jobs, rounds):
    table = numpy.loadtxt(path, delimiter=",", skiprows=1)
    x, y = table[:, 1:].astype(numpy.float32), table[:, 0].astype(int)
    times = []
    for seed in range(rounds + 1):
        forest = RandomForestClassifier(trees, max_features="sqrt", n_jobs=jobs, random_state=seed)
        times.append((seconds(lambda: forest.fit(x, y)), seconds(lambda: forest.predict_proba(x)), seconds(lambda: forest.predict_proba(x[:1]))))
    for column, units in zip(zip(*times[1:]), (1, 1e3, 1e6)):
        print("%.4g %.4g" % (units * statistics.median(column), units * min(column)))


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    measure(sys.argv[2], *(int(word) for word in sys.argv[3:6]))
