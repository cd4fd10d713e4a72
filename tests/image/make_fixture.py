#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes fixtures/normalise.bin: blocks of planes and what numpy makes of them, for test_normalise.c.

Written from the formulas with numpy's own mean, norm, median and min, not from the C code: every kind is a function of
its own here. Records follow one another, a line of text and then little-endian float32:

    input NAME STAMPS PLANES HEIGHT WIDTH DIFFERENCE\\n  STAMPS*PLANES*HEIGHT*WIDTH floats
    expect STEP COUNT NORMALISER\\n                      COUNT floats: pixels 0, STEP, 2*STEP ... of the result

Run as: /usr/bin/python3 tests/image/make_fixture.py
"""
import os
import warnings

import numpy as np

warnings.simplefilter("ignore")  # all-NaN slices are part of the test


def or_one(scale):
    return scale if np.isfinite(scale) and scale > 0 else 1.0


def finite(a):
    return a[np.isfinite(a)]


def pool(parts):
    """The finite values of all parts; one 0 where there are none."""
    values = finite(np.concatenate([p.ravel() for p in parts]))
    return values if values.size else np.zeros(1)


def spread(parts):
    """Population SD of the parts, each about its own mean; exactly 0 for constant parts."""
    rest = pool([p - centre(p, np.mean) for p in parts])
    return np.sqrt(np.mean(rest ** 2))


def centre(p, statistic):
    values = finite(p)
    if values.size == 0:
        return 0.0
    return values[0] if np.ptp(values) == 0 else statistic(values)


# Each takes the arrays that share a scale (parts) and, for mad, the difference planes; gives the new arrays.
def none(parts, diffs):
    return parts


def l2(parts, diffs):
    norm = or_one(np.linalg.norm(pool(parts)))
    return [p / norm for p in parts]


def l2row(parts, diffs):
    norms = [np.sqrt(np.nansum(np.where(np.isfinite(p), p, 0) ** 2, axis=-1, keepdims=True)) for p in parts]
    return [p / np.where(n == 0, 1, n) for p, n in zip(parts, norms)]


def zscore(parts, diffs):
    sd = or_one(spread(parts))
    return [(p - centre(p, np.mean)) / sd for p in parts]


def sigma3(parts, diffs):
    sd = spread(parts)
    return [(p - centre(p, np.mean) + 3 * sd) / or_one(6 * sd) for p in parts]


def sigma3code(parts, diffs):
    sd = spread(parts)
    rest = [p - centre(p, np.mean) for p in parts]
    every = pool(rest)
    inside = every[np.abs(every) < 3 * sd]
    if inside.size == 0:
        return rest
    a, b = inside.min(), inside.max()
    return [(r - a) / or_one(b - a) for r in rest]


def minmax(parts, diffs):
    rest = [p - centre(p, np.min) for p in parts]
    top = or_one(np.max(pool(rest)))
    return [r / top for r in rest]


def mad(parts, diffs):
    scale = or_one(1.4826 * np.median(np.abs(pool([diffs]))))
    return [p / scale for p in parts]


def asinh(parts, diffs):
    rest = [p - centre(p, np.median) for p in parts]
    noise = or_one(1.4826 * np.median(np.abs(pool(rest))))
    return [np.arcsinh(r / noise) for r in rest]


KINDS = {f.__name__: f for f in (none, l2, l2row, zscore, sigma3, sigma3code, minmax, mad, asinh)}
DEFAULT_SCOPE = {"mad": "stamp", "asinh": "sequence"}


def normalise(block, text, difference):
    words = text.split()
    options = dict(w.split("=") for w in words[1:])
    kind = KINDS[words[0]]
    scope = options.get("scope", DEFAULT_SCOPE.get(words[0], "plane"))
    x = block.astype(np.float64)
    x[~np.isfinite(x)] = np.nan
    out = np.empty_like(x)
    stamps, planes = x.shape[:2]
    sky = (lambda p: p - centre(p, np.median)) if options.get("sky") == "median" else (lambda p: p)
    if scope == "plane":
        for s in range(stamps):
            for p in range(planes):
                other = options.get("difference") if p == difference else None
                plane = x[s, p] if other else sky(x[s, p])
                out[s, p] = (KINDS[other] if other else kind)([plane], x[s, p])[0]
    elif scope == "stamp":
        for s in range(stamps):
            out[s] = kind([sky(x[s])], x[s, difference])[0]
    else:
        parts = [sky(x[s, p]) for s in range(stamps) for p in range(planes)]
        out[:] = np.array(kind(parts, x[:, difference])).reshape(x.shape)
    out[~np.isfinite(out)] = 0
    top = np.finfo(np.float32).max
    return np.clip(out, -top, top).astype("<f4")


def texts(difference):
    yield from ("none", "l2row", "none sky=median", "l2 sky=median", "l2 scope=sequence sky=median",
                "l2 scope=stamp sky=median")
    for kind in ("l2", "zscore", "sigma3", "sigma3code", "minmax", "asinh"):
        for scope in ("plane", "stamp", "sequence"):
            yield f"{kind} scope={scope}"
    yield "mad scope=plane"
    if difference >= 0:
        yield from ("mad", "mad scope=sequence", "sigma3 difference=zscore", "l2 sky=median difference=mad",
                    "minmax difference=asinh")


def inputs():
    rng = np.random.RandomState(20061)

    def sky(*shape):
        """Stars on a sky that differs from plane to plane."""
        level = rng.uniform(-40, 900, shape[:2] + (1, 1))
        x = level + rng.normal(0, 1, shape) * rng.uniform(2, 30, shape[:2] + (1, 1))
        return x + np.where(rng.uniform(size=shape) > .97, rng.exponential(4000, shape), 0)

    triplet = sky(2, 3, 5, 7)
    yield "triplets", triplet, 2
    holes = sky(3, 3, 6, 5)
    holes[0, 0, 2, 3] = holes[1, 2, 0, 0] = np.nan
    holes[2, 1, 5, 4], holes[2, 2, 1, 1] = np.inf, -np.inf
    holes[0, 1, 3, :] = np.nan
    yield "bad-pixels", holes, 0
    flat = sky(3, 2, 4, 5)
    flat[0, 0] = 0.1
    flat[1] = -1234.567
    flat[2, 1] = 0
    yield "constant-planes", flat, 1
    yield "all-constant", np.full((2, 2, 3, 4), 0.7), 1
    gone = sky(2, 2, 4, 3)
    gone[1, 0] = np.nan
    yield "all-nan-plane", gone, 1
    yield "all-nan", np.full((1, 2, 3, 3), np.nan), 0
    yield "one-row", sky(3, 1, 1, 9), -1
    yield "one-column", sky(2, 1, 8, 1), -1
    yield "one-pixel", np.array([3.5, -7.25, np.nan, 0]).reshape(2, 2, 1, 1), 1
    outlier = np.full((1, 1, 5, 5), 6.5)
    outlier[0, 0, 3, 3] = 1e6
    yield "one-outlier", outlier, 0
    yield "extremes", rng.choice([-3e38, -1e20, 1e-42, 0, 1e-30, 5, 2e38], (2, 1, 4, 6)), -1
    big = sky(1, 3, 63, 61)
    big[0, 1, :, 58:] = np.nan
    big[0, 0, 40, :] = 0
    yield "63x61", big, 2


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "normalise.bin"), "wb") as out:
        for name, block, difference in inputs():
            block = block.astype("<f4")
            out.write(b"input %s %d %d %d %d %d\n" % ((name.encode(),) + block.shape + (difference,)))
            out.write(block.tobytes())
            step = 1 if block.size < 1000 else 97
            for text in texts(difference):
                result = normalise(block, text, difference).ravel()[::step]
                out.write(b"expect %d %d %s\n" % (step, result.size, text.encode()))
                out.write(result.tobytes())


main()
