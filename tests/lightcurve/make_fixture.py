#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/features.txt: made-up light curves and their features in both definitions, for test_features.c.

Quantiles come from numpy, moments and polynomials from exact rational arithmetic on the same doubles (scipy's moments lose digits
at 17 mag, and are only checked against it); the rest is written anew from the formulas of docs/lightcurve.md. nan is a missing feature.

    curve NAME N                   then N lines: mjd mag err, in the order given
    mantra VALUES...               30, in the order of the columns
    richards VALUES...

Run as: /usr/bin/python3 tests/lightcurve/make_fixture.py
"""
import os
import warnings
from fractions import Fraction

import numpy as np
import scipy.stats as st

warnings.simplefilter("ignore")
NAMES = (
    "amplitude beyond1st flux_percentile_ratio_mid20 flux_percentile_ratio_mid35 flux_percentile_ratio_mid50 "
    "flux_percentile_ratio_mid65 flux_percentile_ratio_mid80 kurtosis max_slope median_absolute_deviation "
    "median_buffer_range_percentage pair_slope_trend pair_slope_trend_last_30 percent_amplitude "
    "percent_difference_flux_percentile poly1_a poly2_a poly2_b poly3_a poly3_b poly3_c poly4_a poly4_b poly4_c poly4_d "
    "skew small_kurtosis std stetson_j stetson_k"
).split()


def exact_fit(x, y, degree):
    """Coefficients of x^degree .. x^1 by the normal equations in fractions."""
    n = degree + 1
    power = [sum(a**k for a in x) for k in range(2 * degree + 1)]
    rows = [[power[i + j] for j in range(n)] + [sum(b * a**i for a, b in zip(x, y))] for i in range(n)]
    for i in range(n):
        for j in range(i + 1, n):
            f = rows[j][i] / rows[i][i]
            rows[j] = [a - f * b for a, b in zip(rows[j], rows[i])]
    c = [Fraction(0)] * n
    for i in reversed(range(n)):
        c[i] = (rows[i][n] - sum(rows[i][j] * c[j] for j in range(i + 1, n))) / rows[i][i]
    return c[:0:-1]


def polynomials(t, m, mantra):
    t, m = [Fraction(a) for a in t], [Fraction(a) for a in m]
    mean = sum(t) / len(t)
    x = [(a - t[0]) / (t[-1] - t[0]) if mantra else a - mean for a in t] if len(t) > 1 else []
    out = {}
    for degree in range(1, 5):
        known = len(t) > degree
        for letter, c in zip("abcd", exact_fit(x, m, degree) if known else [np.nan] * degree):
            out["poly%d_%s" % (degree, letter)] = float(c)
    return out


def moments(m):
    """skew and kurtosis, plain and corrected."""
    n, f = len(m), [Fraction(float(a)) for a in m]
    mean = sum(f) / n
    m2, m3, m4 = (sum((a - mean) ** k for a in f) / n for k in (2, 3, 4))
    if m2 == 0:
        return [np.nan] * 4
    g1, g2 = float(m3) / float(m2) ** 1.5, float(m4 / m2**2 - 3)
    skew = g1 * np.sqrt(n * (n - 1)) / (n - 2) if n > 2 else np.nan
    kurtosis = float(((n + 1) * (m4 / m2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))) if n > 3 else np.nan
    assert n < 4 or np.allclose([skew, kurtosis], [st.skew(m, bias=False), st.kurtosis(m, bias=False)], 1e-9, 1e-9)
    return g1, g2, skew, kurtosis


def features(points, mantra):
    first = {}
    for p in points:
        first.setdefault(p[0], p)
    t, m, e = np.array(sorted(first.values())).T
    n, constant = len(t), m.min() == m.max()
    f = 10.0 ** (-m if mantra else -0.4 * m)
    q = lambda p: np.quantile(f, p)
    med, mmed = np.median(f), np.median(m)
    errors = np.all(np.isfinite(e) & (e > 0))
    d = np.diff(m)
    out = polynomials(t, m, mantra)
    out["amplitude"] = (m.max() - m.min()) / 2
    for name, p in (("20", 0.6), ("35", 0.675), ("50", 0.75), ("65", 0.825), ("80", 0.9)):
        out["flux_percentile_ratio_mid" + name] = (q(p) - q(1 - p)) / (q(0.95) - q(0.05)) if n > 1 else np.nan
    g1, g2, skew, kurtosis = moments(m)
    if mantra:
        w = 1 / e
        centre = np.mean(m)
        out["beyond1st"] = np.mean(abs(m - np.sum(w * m) / np.sum(w)) > np.std(m, ddof=1)) if errors and n > 1 else np.nan
        out["kurtosis"] = 0 if constant and n > 3 else kurtosis
        out["skew"] = (0 if constant else skew) if n > 2 else np.nan
        out["small_kurtosis"] = -3 * (n - 1) ** 2 / ((n - 2) * (n - 3)) if n > 3 else np.nan
        out["std"] = np.std(m, ddof=1) if n > 1 else np.nan
        out["max_slope"] = np.max(abs(d / (24 * np.diff(t)))) if n > 1 else np.nan
        out["median_absolute_deviation"] = np.mean(abs(m - np.mean(m)))
        out["median_buffer_range_percentage"] = np.mean(abs(f - med) < 0.1 * med)
        out["pair_slope_trend"] = np.sum(d > 0) / n
        out["pair_slope_trend_last_30"] = np.sum(d[-30:] > 0) / 30
        out["percent_amplitude"] = np.max(abs(f - med)) / med
        out["percent_difference_flux_percentile"] = (q(0.95) - q(0.5)) / med
    else:
        w = 1 / e**2
        centre = np.sum(w * m) / np.sum(w)
        s = np.sqrt(np.sum((m - centre) ** 2) / (n - 1)) if n > 1 else np.nan
        out["beyond1st"] = np.mean(abs(m - centre) > s) if errors and n > 1 else np.nan
        out["kurtosis"] = g2 if n > 1 and not constant else np.nan
        out["skew"] = g1 if n > 1 and not constant else np.nan
        out["small_kurtosis"] = kurtosis
        out["std"] = np.std(m)
        out["max_slope"] = np.max(abs(d / np.diff(t))) if n > 1 else np.nan
        out["median_absolute_deviation"] = np.median(abs(m - mmed))
        out["median_buffer_range_percentage"] = np.mean(abs(m - mmed) < (m.max() - m.min()) / 10) if not constant else np.nan
        out["pair_slope_trend"] = np.sum(d > 0) / (n - 1) if n > 1 else np.nan
        last = np.diff(m[-30:])
        out["pair_slope_trend_last_30"] = (np.sum(last > 0) - np.sum(last < 0)) / 30 if n > 1 else np.nan
        out["percent_amplitude"] = np.max(abs(m - mmed)) / mmed
        out["percent_difference_flux_percentile"] = (q(0.95) - q(0.05)) / med
    r = np.sqrt(n / (n - 1)) * (m - centre) / e if n > 1 else m * np.nan
    p = r[1:] * r[:-1]
    out["stetson_j"] = np.sum(np.sign(p) * np.sqrt(abs(p))) / (n - 1) if errors and n > 1 else np.nan
    out["stetson_k"] = np.mean(abs(r)) / np.sqrt(np.mean(r**2)) if errors and n > 1 and not constant else np.nan
    if constant:  # roundings of a mean are not a signal
        out["beyond1st"] = out["beyond1st"] * 0
        out["stetson_j"] = out["stetson_j"] * 0
        out["median_absolute_deviation"] = 0.0
        if n > 1:
            out["std"] = 0.0
    return [float(out[name]) for name in NAMES]


def curves(rng):
    def noisy(n, step=10.0, spread=0.5):
        t = 53500 + np.round(np.cumsum(rng.exponential(step, n)), 6)
        e = np.round(rng.uniform(0.02, 0.4, n), 5)
        return np.stack([t, np.round(17 + spread * rng.standard_normal(n), 4), e], 1)

    for n in (1, 2, 3, 4, 5, 6, 7, 29, 30, 31, 32, 100, 301):
        yield "noisy%d" % n, noisy(n)
    # four visits a night, as the survey has them: the hardest for polynomials
    nights = np.repeat(53600 + 30.0 * np.arange(12), 4) + np.tile([0, 0.0065, 0.013, 0.0195], 12)
    yield "visits", np.stack([np.round(nights, 6), np.round(rng.normal(18, 0.3, 48), 4), np.full(48, 0.1)], 1)
    burst = noisy(80, 3.0, 0.1)
    burst[:, 1] -= np.round(4 * np.exp(-(((burst[:, 0] - burst[40, 0]) / 15) ** 2)), 4)
    yield "burst", burst
    two = noisy(40)
    two[:, 1] = np.where(rng.random(40) < 0.5, 16.0, 16.5)  # ties
    yield "ties", two
    turned = noisy(20)[::-1].copy()
    yield "turned", turned
    twice = noisy(20)
    twice[7, 0] = twice[3, 0]
    twice[19, 0] = twice[3, 0]
    yield "twice", rng.permutation(twice)
    for value in (16.7, 0.1):
        constant = noisy(9)
        constant[:, 1] = value
        yield "constant%g" % value, constant
    for name, bad in (("zero", 0.0), ("negative", -0.1), ("nan", np.nan), ("inf", np.inf)):
        curve = noisy(12)
        curve[5, 2] = bad
        yield name + "_error", curve
    offset = noisy(25)
    offset[:, 1] -= 17  # differential magnitudes, about 0
    yield "differential", offset


def write_all():
    here = os.path.dirname(os.path.abspath(__file__))
    os.makedirs(os.path.join(here, "fixtures"), exist_ok=True)
    with open(os.path.join(here, "fixtures", "features.txt"), "w") as out:
        for name, points in curves(np.random.default_rng(20260611)):
            out.write("curve %s %d\n" % (name, len(points)))
            for p in points:
                out.write(" ".join(repr(float(a)) for a in p) + "\n")
            for definition in ("mantra", "richards"):
                values = features([tuple(map(float, p)) for p in points], definition == "mantra")
                out.write(definition + " " + " ".join(repr(v) if np.isfinite(v) else "nan" for v in values) + "\n")


if __name__ == "__main__":
    write_all()
