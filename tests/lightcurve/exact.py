#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/exact.txt: cubic and quartic fits of a sample of the real CRTS light curves in exact arithmetic, for
tests/train/test_published_features.c. The curves themselves stay where they are ($EPOCHAL_DATA, or ../shared/data).

A sample: every curve of at most 13 points that has published features, where clustered visits make the fits hardest, and
every 25th of the others up to 150 points. The fit is over x = (t - t_first)/(t_last - t_first), its normal equations solved in rational
numbers made from the doubles of the file, so that nothing is rounded before the last step.

    fit ID DEGREE CONDITION RESIDUAL RANK POLYFIT C...

CONDITION is that of the matrix of powers of x; RESIDUAL is |r|/(|A| |c|); RANK 0 tells that numpy's polyfit takes the matrix for
short of rank, and so gives another solution; POLYFIT is how far polyfit, which the authors used, is off on the same
numbers, |c - exact|/|exact|; C are the coefficients of x^DEGREE .. x^1.

Run as: /usr/bin/python3 tests/lightcurve/exact.py
"""
import csv
import gzip
import os
from fractions import Fraction

import numpy as np

from make_fixture import exact_fit

here = os.path.dirname(os.path.abspath(__file__))
data = os.path.join(os.environ.get("EPOCHAL_DATA", os.path.join(here, "..", "..", "..", "shared", "data")), "crts")


def curves():
    out = {}
    with gzip.open(os.path.join(data, "transients_lightcurves_dev.csv.gz"), "rt") as f:
        for row in csv.DictReader(f):
            out.setdefault(row["id"], {}).setdefault(float(row["mjd"]), float(row["mag"]))
    return out


def sample(light):
    with open(os.path.join(data, "features", "published_features_dev.csv")) as f:
        published = [row["id"] for row in csv.DictReader(f)]
    few = [i for i in published if len(light[i]) <= 13]
    return few + [i for i in published if 13 < len(light[i]) <= 150][::25]


light = curves()
with open(os.path.join(here, "fixtures", "exact.txt"), "w") as out:
    for name in sample(light):
        t = sorted(light[name])
        m = [light[name][a] for a in t]
        T = [Fraction(a) for a in t]
        exact = [(a - T[0]) / (T[-1] - T[0]) for a in T]
        x = np.array([float(a) for a in exact])
        for degree in (3, 4):
            c = exact_fit(exact, [Fraction(a) for a in m], degree)
            powers = np.vander(x, degree + 1)
            full = np.array([float(a) for a in c] + [0])
            residual = np.array(m) - powers @ full
            residual -= residual.mean()
            relative = np.linalg.norm(residual) / (np.linalg.norm(powers, 2) * np.linalg.norm(full))
            scaled = np.linalg.svd(powers / np.linalg.norm(powers, axis=0), compute_uv=False)
            rank = int(scaled[-1] > len(x) * np.finfo(float).eps * scaled[0])
            polyfit = np.polyfit(x, m, degree)[:-1]
            off = np.linalg.norm([float(Fraction(float(a)) - b) for a, b in zip(polyfit, c)]) / np.linalg.norm(full)
            out.write("fit %s %d %.3g %.3g %d %.3g %s\n" % (name, degree, np.linalg.cond(powers), relative, rank, off, " ".join("%.17g" % float(a) for a in c)))
