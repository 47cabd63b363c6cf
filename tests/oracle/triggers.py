"""Expected values of `analytics::triggers`, by numpy and scipy.

Needs scipy 1.17.1 and numpy 2.4.6:
    python tests/oracle/triggers.py > tests/oracle/triggers.json

The charts are computed the long way: the EWMA and its variance as weighted sums over all periods, the
limit of Student's t by scipy.
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats


def numbers(seed, count):
    """A linear congruential generator modulo 2**31 (C standard's example), so not numpy's."""
    state, out = seed, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        out.append((state >> 8) / 2**23)
    return out


def spread_of(z, widening):
    z = np.asarray(z)
    moving = np.mean(np.abs(np.diff(z))) / 1.128
    if widening == "none":
        return 1.0
    if widening == "laney":
        return max(1.0, float(moving))
    return max(1.0, float(moving), float(np.std(z, ddof=1)))


def chart(days, k, lam, L, binary, widening):
    n = np.array([len(day) for day in days], float)
    x = np.array([np.mean(day) for day in days])
    base = np.concatenate(days[:k])
    mu, N = base.mean(), len(base)
    if binary:
        sigma = (mu * (1 - mu)) ** 0.5
    else:
        within = sum(np.var(day) * len(day) for day in days[:k])
        sigma = (within / (N - k)) ** 0.5
    z = (x - mu) / (sigma / np.sqrt(n))
    spread = spread_of(z[:k], widening)
    factor = L
    if widening == "widest" and spread > 1:
        factor = stats.t.isf(stats.norm.sf(L), k - 1)
    points = []
    for t in range(1, len(days) - k + 1):
        later = slice(k, k + t)
        weights = lam * (1 - lam) ** np.arange(t - 1, -1, -1)
        score = float(weights @ z[later])
        own = lam / (2 - lam) * (1 - (1 - lam) ** (2 * t))
        shared = float(weights @ np.sqrt(n[later]))
        limit = float(factor * spread * (own + shared**2 / N) ** 0.5)
        points.append({"score": score, "limit": limit})
    return {
        "days": [[int(v) if binary else float(v) for v in day] for day in days],
        "baseline": k,
        "lambda": lam,
        "limit": L,
        "binary": binary,
        "widening": widening,
        "mean": float(mu),
        "sigma": float(sigma),
        "spread": spread,
        "points": points,
    }


def days(seed, count, binary, shift, uneven):
    out = []
    for day in range(count):
        n = 8 + (day * 7) % 5
        u = numbers(seed + 31 * day, n)
        move = uneven * ((-1) ** (day // 2)) + (shift if day >= count - 6 else 0)
        if binary:
            out.append([float(v < 0.3 + move) for v in u])
        else:
            out.append([round(2 + v + move, 4) for v in u])
    return out


charts = []
for lam in (1.0, 0.2):
    for binary in (True, False):
        for widening, uneven in (("none", 0.0), ("laney", 0.2), ("widest", 0.2), ("widest", 0.0)):
            charts.append(chart(days(17, 24, binary, 0.3, uneven), 10, lam, 3.0, binary, widening))

# Montgomery's own formulas, of a baseline that is known exactly.
p_limits = []
for p, n in ((0.2, 50), (0.05, 400), (0.5, 100)):
    half = 3 * (p * (1 - p) / n) ** 0.5
    p_limits.append({"p": p, "n": n, "low": p - half, "high": p + half})

indexes = []
for then, now in (
    ([10, 40, 50], [10, 20, 70]),
    ([0, 500, 500, 0], [30, 200, 260, 10]),
    ([1580, 12938, 3538, 1256, 688], [100, 700, 200, 60, 40]),
):
    e, a = np.array(then) + 0.5, np.array(now) + 0.5
    e, a = e / e.sum(), a / a.sum()
    # The index is the sum of both relative entropies.
    indexes.append({"then": then, "now": now, "index": float(stats.entropy(a, e) + stats.entropy(e, a))})

# What the index comes to by chance: the same population drawn twice, eleven bins.
by_chance = []
random = np.random.default_rng(7)
for calls in (200, 500, 2000):
    shares = np.r_[0.05, np.full(10, 0.095)]
    e = random.multinomial(20_000, shares, 20_000) + 0.5
    a = random.multinomial(calls, shares, 20_000) + 0.5
    e, a = e / e.sum(1, keepdims=True), a / a.sum(1, keepdims=True)
    index = ((a - e) * np.log(a / e)).sum(1)
    by_chance.append({"calls": calls, "mean": float(index.mean()), "of_1000": float(np.quantile(index, 0.999))})

json.dump(
    {
        "made_by": f"scipy {scipy.__version__}, numpy {np.__version__}",
        "charts": charts,
        "p_limits": p_limits,
        "indexes": indexes,
        "by_chance": by_chance,
    },
    sys.stdout,
    separators=(",", ":"),
)
print()
