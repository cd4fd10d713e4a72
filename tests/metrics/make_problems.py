#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/problems.txt: 200 random problems with ties and missing classes, and what scikit-learn 1.2.1 (numpy, scipy)
makes of them, for test_problems.c. Scores have few digits, so that the file is small and both sides read the same numbers.

    problem N K REAL     then N lines: truth score... (K of them; REAL 1: one, P(real))
    expect NAME VALUES...
    end

For each class c against the rest (real problems: 1): roc_fpr_c, roc_tpr_c and pr_precision_c, pr_recall_c by falling threshold,
auc_c, ap_c, fpr_05_c, fpr_20_c (least FPR at an MDR of 0.05, 0.2), chosen_c (thresholds by f1, mcc, f1+mcc, gmean), at_c (f1, mcc,
mdr, fpr, g-mean, cleanliness at a prevalence of 0.1, all at the threshold 0.4). Of all: mcc, balanced, log_loss, brier, ece,
even_10 and mass_5 (mean score and share of the bins that hold something), temperature, tempered (log loss after it).

Run as: /usr/bin/python3 tests/metrics/make_problems.py
"""
import os
import warnings

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")  # classes that are missing are part of the test
EPS = np.finfo(float).eps
AT, PREVALENCE = 0.4, 0.1


def f1_of(positive, called):
    return metrics.f1_score(positive, called, zero_division=0) if positive.any() else np.nan


def g_mean(positive, called):
    if not positive.any() or positive.all():
        return np.nan
    return np.sqrt(called[positive].mean() * (1 - called[~positive].mean()))


def mcc_of(positive, called):
    return metrics.matthews_corrcoef(positive, called)


def choose(positive, score):
    """Highest of the best thresholds; of O'TRAIN's scan the lowest."""
    if not positive.any():
        return [np.nan] * 4
    found = []
    distinct = np.unique(score)
    for measure in (f1_of, mcc_of, None, g_mean):
        grid = distinct if measure else np.arange(101) / 100
        values = np.array([measure(positive, score >= t) if measure else
                           f1_of(positive, score >= t) + mcc_of(positive, score >= t) for t in grid])
        if np.isnan(values).all():
            found.append(np.nan)
            continue
        best = grid[values >= np.nanmax(values) - 1e-12]
        found.append(best.max() if measure else best.min())
    return found


def against(out, c, positive, score):
    both = positive.any() and not positive.all()
    fpr, tpr, _ = metrics.roc_curve(positive, score, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(positive, score)
    if not positive.any():
        recall = np.full(recall.shape, np.nan)  # scikit-learn says 1
    write(out, "roc_fpr_%d" % c, fpr)
    write(out, "roc_tpr_%d" % c, tpr)
    write(out, "pr_precision_%d" % c, precision[::-1])
    write(out, "pr_recall_%d" % c, recall[::-1])
    write(out, "auc_%d" % c, metrics.roc_auc_score(positive, score) if both else np.nan)
    write(out, "ap_%d" % c, metrics.average_precision_score(positive, score) if positive.any() else np.nan)
    p = positive.sum()
    for name, mdr in (("05", 0.05), ("20", 0.2)):
        write(out, "fpr_%s_%d" % (name, c), fpr[(p - np.rint(tpr * p)) / p <= mdr].min() if both else np.nan)
    write(out, "chosen_%d" % c, choose(positive, score))
    called = score >= AT
    recall_at = called[positive].mean() if positive.any() else np.nan
    fpr_at = called[~positive].mean() if not positive.all() else np.nan
    clean = PREVALENCE * recall_at / (PREVALENCE * recall_at + (1 - PREVALENCE) * fpr_at) if called.any() else np.nan
    write(out, "at_%d" % c, [f1_of(positive, called), mcc_of(positive, called), 1 - recall_at, fpr_at,
                             g_mean(positive, called), clean])


def bins(claimed, right, n, strategy):
    """Both columns of calibration_curve; its own edges for equal mass suffer from rounding, so these are at exact fractions."""
    if strategy == "uniform":
        share, score = calibration_curve(right, claimed, n_bins=n, strategy="uniform") if len(set(right)) == 2 else \
            by_edges(claimed, right, np.linspace(0, 1, n + 1))
        return np.ravel(np.column_stack([score, share]))
    s = np.sort(claimed)
    places = [divmod((len(s) - 1) * i, n) for i in range(n + 1)]
    edges = np.array([s[w] + (r / n) * (s[w + 1] - s[w]) if r else s[w] for w, r in places])
    share, score = by_edges(claimed, right, edges)
    return np.ravel(np.column_stack([score, share]))


def by_edges(claimed, right, edges):
    which = np.searchsorted(edges[1:-1], claimed)
    held = [b for b in range(len(edges) - 1) if (which == b).any()]
    return (np.array([right[which == b].mean() for b in held]), np.array([claimed[which == b].mean() for b in held]))


def ece_of(claimed, right, n=15):
    which = np.searchsorted(np.linspace(0, 1, n + 1)[1:-1], claimed)
    return sum(abs(claimed[which == b].mean() - right[which == b].mean()) * (which == b).mean() for b in set(which))


def temper(p, b):
    z = b * np.log(np.maximum(p, EPS))
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def temperature(p, truth):
    """1/b with the least log loss; the lowest where it vanishes."""
    z = np.log(np.maximum(p, EPS))

    def loss(log_b):
        s = np.exp(log_b) * z
        top = s.max(1)
        return (np.log(np.exp(s - top[:, None]).sum(1)) + top - s[np.arange(len(z)), truth]).mean()

    ends = np.log(0.01), np.log(100)
    best = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-10, "maxiter": 500})
    at = min((loss(x), i, x) for i, x in enumerate([ends[0], ends[1], best.x]))[2] if loss(best.x) > 1e-9 else ends[1]
    return 1 / np.exp(at)


def write(out, name, values):
    out.write("expect %s %s\n" % (name, " ".join("%.16g" % v for v in np.ravel(values))))


def problem(out, rng, number):
    real = number % 3 == 0
    k = 2 if real else rng.randint(2, 6)
    n = rng.randint(1, 36)
    truth = rng.choice(k, n, p=rng.dirichlet(np.full(k, 2.0)))
    steps = [1000, 8, 20, 100][number % 4]
    score = rng.dirichlet(np.full(k, 0.8), n) + 0.7 * rng.uniform(size=(n, 1)) * (truth[:, None] == np.arange(k))
    score /= score.sum(1, keepdims=True)
    score = np.rint(score * steps) / steps
    if number % 9 == 8:
        truth[:] = truth[0]
    score = np.clip(score, 0, 1)
    out.write("problem %d %d %d\n" % (n, k, real))
    shown = score[:, 1:] if real else score
    for i in range(n):
        out.write("%d %s\n" % (truth[i], " ".join("%.6g" % s for s in shown[i])))
    score = np.array([[float("%.6g" % s) for s in row] for row in shown])
    p = np.column_stack([1 - score[:, 0], score[:, 0]]) if real else score
    for c in ([1] if real else range(k)):
        against(out, c, truth == c, p[:, c])
    called = (p[:, 1] >= AT).astype(int) if real else p.argmax(1)
    write(out, "mcc", metrics.matthews_corrcoef(truth, called))
    write(out, "balanced", metrics.balanced_accuracy_score(truth, called))
    write(out, "log_loss", metrics.log_loss(truth, p, labels=np.arange(k)))
    one_hot = (truth[:, None] == np.arange(k)).astype(float)
    write(out, "brier", metrics.brier_score_loss(truth, p[:, 1], pos_label=1) if real else ((p - one_hot) ** 2).sum(1).mean())
    claimed = p[:, 1] if real else p[np.arange(n), called]
    right = (truth == 1 if real else truth == called).astype(float)
    write(out, "ece", ece_of(claimed, right))
    write(out, "even_10", bins(claimed, right, 10, "uniform"))
    write(out, "mass_5", bins(claimed, right, 5, "quantile"))
    t = temperature(p, truth)
    write(out, "temperature", t)
    write(out, "tempered", metrics.log_loss(truth, temper(p, 1 / t), labels=np.arange(k)))
    out.write("end\n")


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures", "problems.txt")
    rng = np.random.RandomState(2026)
    with open(path, "w") as out:
        for number in range(200):
            problem(out, rng, number)


main()
