#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/metrics.txt: labelled scores with many ties, and what scikit-learn and numpy make of them, for test_metrics.c.

The bootstrap draws its resamples by Philox4x32-10 and Lemire's method, both written anew here; each resample is built by repeating
its items, and measured by scikit-learn like the whole. Numbers are written with all their digits; nan is no answer.

    classes N K GROUPS RESAMPLES SEED    then N lines: truth group score...
    real N GROUPS RESAMPLES SEED AT      then N lines: truth group score
    expect NAME VALUES...                value, low, high of each measure; threshold, sd, confusion, passed_over alone
    end

Run as: /usr/bin/python3 tests/metrics/make_fixture.py
"""
import os
import warnings

import numpy as np
from sklearn import metrics

warnings.simplefilter("ignore")  # classes that are missing are part of the test
M32 = 0xFFFFFFFF


def philox(counter, key):
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & M32, (p0 >> 32) ^ c3 ^ k1, p0 & M32
        k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
    return c0, c1, c2, c3


def words(seed, stream):
    block = 0
    while True:
        counter = (block & M32, block >> 32, stream & M32, (stream >> 32) & M32)
        yield from philox(counter, (seed & M32, seed >> 32))
        block += 1


def fnv1a(text):
    h = 14695981039346656037
    for b in text.encode():
        h = ((h ^ b) * 1099511628211) & (2 ** 64 - 1)
    return h


def draws(groups, resample, seed):
    source = words(seed, (fnv1a("bootstrap") + resample) & (2 ** 64 - 1))
    for _ in range(groups):
        while True:
            product = next(source) * groups
            if (product & M32) >= (2 ** 32 - groups) % groups:
                break
        yield product >> 32


def max_f1(positive, score):
    """Largest F1 and the highest threshold that reaches it."""
    if not positive.any():
        return np.nan, np.nan
    precision, recall, thresholds = metrics.precision_recall_curve(positive, score)
    precision, recall = precision[:-1], recall[:-1]
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    best = f1.max()
    return best, thresholds[f1 >= best - 1e-12].max()


def auc(positive, score):
    return metrics.roc_auc_score(positive, score) if positive.any() and not positive.all() else np.nan


def fpr_at_mdr(positive, score):
    if not positive.any() or positive.all():
        return np.nan
    fpr, tpr, _ = metrics.roc_curve(positive, score, drop_intermediate=False)
    p = positive.sum()
    missed = (p - np.rint(tpr * p)) / p
    return fpr[missed <= 0.05].min()


def mean(values):
    return np.nanmean(values) if np.isfinite(values).any() else np.nan


def judge_classes(truth, score):
    k = score.shape[1]
    f1 = np.array([max_f1(truth == c, score[:, c])[0] for c in range(k)])
    area = np.array([auc(truth == c, score[:, c]) for c in range(k)])
    accuracy = metrics.accuracy_score(truth, score.argmax(1))
    return np.concatenate([f1, area, [mean(f1), mean(area), accuracy]])


def judge_real(truth, score, at):
    called = (score >= at).astype(int)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, called, labels=[0, 1])
    return np.array([max_f1(truth == 1, score)[0], auc(truth == 1, score), metrics.matthews_corrcoef(truth, called),
                     fn / (tp + fn) if tp + fn else np.nan, fp / (fp + tn) if fp + tn else np.nan,
                     fpr_at_mdr(truth == 1, score), metrics.accuracy_score(truth, called)])


def resampled(truth, group, groups, score, resamples, seed, judge):
    """Rows of values, and how many resamples lacked a class."""
    there, rows, passed_over = set(truth), [], 0
    members = [np.flatnonzero(group == g) for g in range(groups)]
    for r in range(resamples):
        drawn = np.concatenate([members[g] for g in draws(groups, r, seed)]).astype(int)
        if set(truth[drawn]) != there:
            passed_over += 1
        else:
            rows.append(judge(truth[drawn], score[drawn]))
    return np.array(rows), passed_over


def write_estimates(out, names, values, rows):
    for i, name in enumerate(names):
        column = rows[:, i] if len(rows) else np.array([])
        column = column[np.isfinite(column)]
        low, high = np.quantile(column, [0.025, 0.975]) if len(column) else (np.nan, np.nan)
        out.write("expect %s %.17g %.17g %.17g\n" % (name, values[i], low, high))


def write_alone(out, name, values):
    out.write("expect %s %s\n" % (name, " ".join("%.17g" % v for v in np.ravel(values))))


def classes_problem(out, rng, number):
    n, k = rng.randint(2, 70), rng.randint(2, 7)
    truth = rng.choice(k, n, p=rng.dirichlet(np.full(k, 2.0)))
    steps = [0, 3, 8, 40][number % 4]  # how many different scores; 0: no ties
    score = rng.dirichlet(np.ones(k), n) + 0.7 * rng.uniform(size=(n, 1)) * (truth[:, None] == np.arange(k))
    score /= score.sum(1, keepdims=True)
    if steps:
        score = np.rint(score * steps) / steps
    if number % 9 == 8:
        truth[:] = truth[0]  # a single class
    grouped = number % 3 == 2
    groups = max(1, n // 3) if grouped else n
    group = rng.randint(0, groups, n) if grouped else np.arange(n)
    resamples, seed = 25, int(rng.randint(1, 2 ** 31)) << (number % 2 * 20)
    out.write("classes %d %d %d %d %d\n" % (n, k, groups, resamples, seed))
    for i in range(n):
        out.write("%d %d %s\n" % (truth[i], group[i], " ".join("%.17g" % s for s in score[i])))
    values = judge_classes(truth, score)
    rows, passed_over = resampled(truth, group, groups, score, resamples, seed, judge_classes)
    names = ["f1_%d" % c for c in range(k)] + ["auc_%d" % c for c in range(k)] + ["mean_f1", "mean_auc", "accuracy"]
    write_estimates(out, names, values, rows)
    write_alone(out, "thresholds", [max_f1(truth == c, score[:, c])[1] for c in range(k)])
    there = values[:k][np.isfinite(values[:k])]
    write_alone(out, "sd", np.std(there))
    write_alone(out, "confusion", metrics.confusion_matrix(truth, score.argmax(1), labels=np.arange(k)))
    write_alone(out, "passed_over", passed_over)
    out.write("end\n")


def real_problem(out, rng, number):
    n = rng.randint(1, 80)
    truth = (rng.uniform(size=n) < rng.uniform(0.1, 0.9)).astype(int)
    score = np.clip(rng.normal(0.4 + 0.25 * truth, 0.2), 0, 1)
    steps = [0, 4, 10, 30][number % 4]
    if steps:
        score = np.rint(score * steps) / steps
    if number % 8 == 7:
        truth[:] = number % 16 == 7
    grouped = number % 3 == 1
    groups = max(1, n // 3) if grouped else n
    group = rng.randint(0, groups, n) if grouped else np.arange(n)
    resamples, seed, at = 25, int(rng.randint(1, 2 ** 31)), [0.5, 0.3][number % 2]
    out.write("real %d %d %d %d %.17g\n" % (n, groups, resamples, seed, at))
    for i in range(n):
        out.write("%d %d %.17g\n" % (truth[i], group[i], score[i]))
    judge = lambda t, s: judge_real(t, s, at)
    rows, passed_over = resampled(truth, group, groups, score, resamples, seed, judge)
    write_estimates(out, ["f1", "auc", "mcc", "mdr", "fpr", "fpr_quoted", "accuracy"], judge(truth, score), rows)
    write_alone(out, "thresholds", max_f1(truth == 1, score)[1])
    write_alone(out, "confusion", metrics.confusion_matrix(truth, (score >= at).astype(int), labels=[0, 1]))
    write_alone(out, "passed_over", passed_over)
    out.write("end\n")


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
    os.makedirs(folder, exist_ok=True)
    rng = np.random.RandomState(1906)
    with open(os.path.join(folder, "metrics.txt"), "w") as out:
        for number in range(40):
            classes_problem(out, rng, number)
        for number in range(32):
            real_problem(out, rng, number)


main()
