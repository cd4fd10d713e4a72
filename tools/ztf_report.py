#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Scores of ZTF alerts beside those that ZTF published; called by tools/ztf.sh, needs python3 alone.

    ztf_report.py labels INDEX.csv OUT.csv       light curves with the pseudo-labels drb > 0.5, for epochal import
    ztf_report.py agree INDEX.csv SCORES.csv...  differences and agreement, as Markdown, of what epochal score printed
"""
import csv
import math
import sys

THRESHOLDS = (0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99)


def read(path, key):
    with open(path, newline="", encoding="utf-8") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def labels(index, out):
    """An object is called by its alerts when they agree; else it gets no class, and is counted."""
    called = {}
    for row in index.values():
        called.setdefault(row["objectId"], set()).add("real" if float(row["drb"]) > 0.5 else "bogus")
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "mjd", "mag", "mag_err", "class"])
        for row in index.values():
            classes = called[row["objectId"]]
            writer.writerow([row["objectId"], f"{float(row['jd']) - 2400000.5:.6f}", row["magpsf"], row["sigmapsf"],
                             classes.copy().pop() if len(classes) == 1 else ""])
    torn = sum(len(classes) > 1 for classes in called.values())
    print(f"{len(index)} alerts of {len(called)} objects; {torn} objects with alerts on both sides are left without a class")


def ranks(values):
    """Ranks from 1, equal values sharing their mean."""
    order = sorted(range(len(values)), key=values.__getitem__)
    out, i = [0.0] * len(values), 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and values[order[j + 1]] == values[order[i]]:
            j += 1
        for k in range(i, j + 1):
            out[order[k]] = (i + j) / 2 + 1
        i = j + 1
    return out


def correlation(x, y):
    mx, my = sum(x) / len(x), sum(y) / len(y)
    xx, yy = sum((a - mx) ** 2 for a in x), sum((b - my) ** 2 for b in y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / math.sqrt(xx * yy)


def compare(name, ours, published, other):
    print(f"| threshold | {name} above | {other} above | both | {name} alone | {other} alone |\n|---|---|---|---|---|---|")
    for t in THRESHOLDS:
        a, b = [v >= t for v in ours], [v >= t for v in published]
        print(f"| {t} | {sum(a)} | {sum(b)} | {sum(x and y for x, y in zip(a, b))} | {sum(x and not y for x, y in zip(a, b))} | "
              f"{sum(y and not x for x, y in zip(a, b))} |")
    print(f"\nSpearman's rank correlation {correlation(ranks(ours), ranks(published)):.4f}.\n")


def agree(index, paths):
    drb = {candid: float(row["drb"]) for candid, row in index.items()}
    rb = [float(row["rb"]) for row in index.values()]
    first = None
    for path in paths:
        name = path.rsplit("/", 1)[-1].removesuffix(".csv")
        scores = read(path, "id")
        if set(scores) != set(drb):
            sys.exit(f"ztf_report: {path} and the index are not about the same alerts")
        ours = [float(scores[candid]["score"]) for candid in drb]
        published = list(drb.values())
        gaps = sorted(((abs(a - b), c) for a, b, c in zip(ours, published, drb)), reverse=True)
        print(f"### {name} against drb\n\nLargest difference {gaps[0][0]:.3g} (alert {gaps[0][1]}), median {gaps[len(gaps) // 2][0]:.3g}, "
              f"over 1e-6: {sum(g > 1e-6 for g, _ in gaps)} of {len(gaps)}."
              + (f" Largest difference from the first scores: {max(abs(a - b) for a, b in zip(ours, first)):.3g}." if first else "") + "\n")
        first = first or ours
        compare(name, ours, published, "drb")
    print("### rb against drb, both as published\n")
    compare("rb", rb, list(drb.values()), "drb")


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "labels":
        labels(read(arguments[1], "candid"), arguments[2])
    elif len(arguments) > 2 and arguments[0] == "agree":
        agree(read(arguments[1], "candid"), arguments[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
