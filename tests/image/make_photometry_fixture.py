#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/photometry.txt: stamps and what numpy measures on them, for test_photometry.c.

The overlap of circle and pixel is integrated along x with scipy, between the points where its shape changes: no formula for
it is shared with the C code or with libsep. One case a line, numbers parted by blanks:

    WIDTH HEIGHT X Y INNER OUTER RADIUS  SKY NOISE USED  AREA SUM SQUARES  then WIDTH*HEIGHT pixels

AREA, SUM (above the sky) and SQUARES (of the overlaps) are over the finite pixels of the circle.

Run as: /usr/bin/python3 tests/image/make_photometry_fixture.py
"""
import os

import numpy as np
from scipy.integrate import quad


def overlap(cx, cy, r, i, j):
    """Area that the pixel centred on (i, j) shares with the circle."""
    x0, x1, y0, y1 = i - .5 - cx, i + .5 - cx, j - .5 - cy, j + .5 - cy
    lo, hi = max(x0, -r), min(x1, r)
    if lo >= hi:
        return 0.0

    def height(x):
        h = np.sqrt(max(r * r - x * x, 0))
        return max(min(y1, h) - max(y0, -h), 0)

    marks = {lo, hi}
    for y in (y0, y1):
        if abs(y) < r:
            marks |= {s * np.sqrt(r * r - y * y) for s in (-1, 1)}
    marks = sorted(m for m in marks if lo <= m <= hi)
    return sum(quad(height, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in zip(marks, marks[1:]) if b > a)


def sky(values):
    values = values[np.isfinite(values)].astype(float)
    while True:
        middle = np.median(values)
        spread = 1.4826 * np.median(np.abs(values - middle)) or np.sqrt(np.mean((values - middle) ** 2))
        kept = values[np.abs(values - middle) <= 3 * spread]
        if len(kept) == len(values):
            return middle, np.std(values, ddof=1) / 0.986578, len(values)
        values = kept


def case(out, rng, width, height, x, y, inner, outer, radius, whole=False, bad=0):
    yy, xx = np.mgrid[:height, :width]
    r = np.hypot(xx - x, yy - y)
    stamp = 100 + 5 * rng.standard_normal((height, width)) + 300 * np.exp(-r ** 2 / 8)
    stamp[rng.random(stamp.shape) < .02] += 400
    stamp = (np.round(stamp) if whole else stamp).astype(np.float32)
    for _ in range(bad):
        stamp[rng.integers(height), rng.integers(width)] = np.nan
    level, noise, used = sky(stamp[(r >= inner) & (r <= outer)])
    area = np.array([[overlap(x, y, radius, i, j) for i in range(width)] for j in range(height)])
    good = np.isfinite(stamp)
    numbers = [width, height, x, y, inner, outer, radius, level, noise, used, area[good].sum(),
               (area * (stamp.astype(float) - level))[good].sum(), (area ** 2)[good].sum()]
    out.write(" ".join(repr(float(n)) for n in numbers) + " " + " ".join("%.9g" % v for v in stamp.ravel()) + "\n")


if __name__ == "__main__":
    rng = np.random.default_rng(20)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures", "photometry.txt")
    with open(path, "w") as f:
        case(f, rng, 21, 21, 10, 10, 8, 16, 4)
        case(f, rng, 21, 21, 10.37, 9.81, 8, 16, 4.5)
        case(f, rng, 24, 20, 12, 10, 6, 9, 2.6, whole=True)
        case(f, rng, 15, 17, 7.25, 8.5, 5, 8, 0.3)
        case(f, rng, 21, 21, 2.2, 3.7, 6, 12, 5, bad=9)
        case(f, rng, 9, 9, 4, 4, 3.5, 6, 2.5, bad=2)
