"""Expected values of `model::metrics`, `model::marks` and `model::bootstrap`, by scikit-learn,
scipy and numpy.

Needs scikit-learn 1.9.1, scipy 1.17.1 and numpy 2.4.6:
    python tests/oracle/metrics.py > tests/oracle/metrics.json
The cases are made by a small generator of our own, so that they do not depend on numpy's. That of
the bootstrap is written here again from its publication: https://prng.di.unimi.it/.
"""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics


def uniform(seed):
    """Numbers in [0, 1): a linear congruential generator modulo 2**31 (C standard's example)."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield (state >> 8) / 2**23


def calibration_error(y, p, bins=10):
    total = 0.0
    for i in range(bins):
        last = i == bins - 1
        inside = [k for k in range(len(p)) if i == min(int(p[k] * bins), bins - 1)]
        assert not last or all(p[k] >= 0.9 for k in inside)
        if inside:
            total += len(inside) * abs(np.mean([p[k] for k in inside]) - np.mean([y[k] for k in inside]))
    return total / len(p)


def case(name, seed, rows, step, threshold, shift=0.0):
    """`step` rounds the probabilities, so that ties occur; `shift` makes them badly calibrated."""
    draw = uniform(seed)
    p, y = [], []
    for _ in range(rows):
        truth = next(draw)
        y.append(next(draw) < truth)
        value = min(max(truth + shift, 0.0), 1.0)
        p.append(round(value / step) * step if step else value)
    p = [min(max(v, 0.0), 1.0) for v in p]
    called = [v >= threshold for v in p]
    tn, fp, fn, tp = (int(v) for v in metrics.confusion_matrix(y, called).ravel())
    return {
        "name": name,
        "threshold": threshold,
        "probability": p,
        "satisfied": y,
        "expected": {
            "base_rate": float(np.mean(y)),
            "roc_auc": float(metrics.roc_auc_score(y, p)),
            "log_loss": float(metrics.log_loss(y, p)),
            "brier": float(metrics.brier_score_loss(y, p)),
            "calibration_in_the_large": float(np.mean(p) - np.mean(y)),
            "calibration_error": float(calibration_error(y, p)),
            "accuracy": float(metrics.accuracy_score(y, called)),
            "precision": float(metrics.precision_score(y, called)),
            "recall": float(metrics.recall_score(y, called)),
            "f1": float(metrics.f1_score(y, called)),
            "gini": float(2 * metrics.roc_auc_score(y, p) - 1),
            "average_precision": float(metrics.average_precision_score(y, p)),
            "true_positive": tp,
            "false_positive": fp,
            "false_negative": fn,
            "true_negative": tn,
        },
    }


def group_errors(expected, mark, group, min_rows):
    """Means of the groups with enough calls, each compared as it is and by its number of calls."""
    means, sizes = [], []
    for name in sorted({g for g in group if g is not None}):
        inside = [k for k in range(len(group)) if group[k] == name]
        if len(inside) >= min_rows:
            means.append((np.mean([expected[k] for k in inside]), np.mean([mark[k] for k in inside])))
            sizes.append(len(inside))
    found, given = np.array(means).T
    error = found - given
    return {
        "groups": len(sizes),
        "group_rows": sum(sizes),
        "group_mean_absolute": float(np.mean(np.abs(error))),
        "group_root_mean_square": float(np.sqrt(np.mean(error**2))),
        "group_mean_absolute_by_rows": float(np.average(np.abs(error), weights=sizes)),
        "group_root_mean_square_by_rows": float(np.sqrt(np.average(error**2, weights=sizes))),
        "group_pearson": float(stats.pearsonr(found, given).statistic),
    }


def marks_case(name, seed, rows, scale, min_rows, step=None, groups=8, noise=0.5):
    """`step` rounds the expected marks, so that ties occur."""
    low, high = scale[0], scale[1]
    draw = uniform(seed)
    expected, likely, mark, group = [], [], [], []
    for _ in range(rows):
        number = int(next(draw) ** 2 * groups)
        truth = low + (high - low) * (0.6 * next(draw) + 0.4 * number / groups)
        value = truth + noise * (high - low) * (next(draw) - 0.5)
        value = min(max(value, float(low)), float(high))
        given = truth + 0.6 * (high - low) * (next(draw) - 0.5)
        expected.append(round(value / step) * step if step else value)
        likely.append(min(max(int(round(value + next(draw) - 0.5)), low), high))
        mark.append(min(max(int(round(given)), low), high))
        group.append(None if next(draw) < 0.05 else f"operator {number}")
    off = np.array(expected) - np.array(mark)
    away = np.abs(np.array(likely) - np.array(mark))
    kappa = metrics.cohen_kappa_score(
        likely, mark, weights="quadratic", labels=list(range(low, high + 1))
    )
    return {
        "name": name,
        "scale": scale,
        "min_rows": min_rows,
        "expected_mark": expected,
        "likely": likely,
        "mark": mark,
        "group": group,
        "expected": {
            "mean_error": float(np.mean(off)),
            "mean_absolute_error": float(metrics.mean_absolute_error(mark, expected)),
            "root_mean_square_error": float(metrics.root_mean_squared_error(mark, expected)),
            "pearson": float(stats.pearsonr(expected, mark).statistic),
            "spearman": float(stats.spearmanr(expected, mark).statistic),
            "quadratic_kappa": float(kappa),
            "exact": float(metrics.accuracy_score(mark, likely)),
            "within_one": float(np.mean(away <= 1)),
            **group_errors(expected, mark, group, min_rows),
        },
    }


BITS = 2**64 - 1


class Xoshiro256PlusPlus:
    """Blackman & Vigna 2021, seeded by SplitMix64."""

    JUMP = (0x180EC6D33CFD0ABA, 0xD5A61266F0C9392C, 0xA9582618E03FC9AA, 0x39ABDC4529B1661C)

    def __init__(self, seed):
        self.s = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & BITS
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
            self.s.append(z ^ (z >> 31))

    @staticmethod
    def rotated(x, by):
        return ((x << by) | (x >> (64 - by))) & BITS

    def next(self):
        a, b, c, d = self.s
        drawn = (self.rotated((a + d) & BITS, 23) + a) & BITS
        t = (b << 17) & BITS
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        self.s = [a, b, c, self.rotated(d, 45)]
        return drawn

    def jump(self):
        """Goes on by 2**128 draws."""
        reached = [0, 0, 0, 0]
        for word in self.JUMP:
            for bit in range(64):
                if word >> bit & 1:
                    reached = [r ^ s for r, s in zip(reached, self.s)]
                self.next()
        self.s = reached


def bootstrap_case(name, seed, rows, resamples, level, groups=None, rare=False):
    draw = uniform(seed)
    p = [next(draw) for _ in range(rows)]
    y = [next(draw) < (0.1 * v if rare else v) for v in p]
    keys = [int(next(draw) * groups) for _ in range(rows)] if groups else None
    order = list(dict.fromkeys(keys)) if groups else range(rows)
    units = [[k for k in range(rows) if keys[k] == key] for key in order] if groups else [[k] for k in order]
    start = Xoshiro256PlusPlus(seed)
    drawn = []
    for _ in range(resamples):
        # The draws of a resample are far fewer than a jump, so they need no generator of their own.
        state = list(start.s)
        units_drawn = [units[start.next() * len(units) >> 64] for _ in units]
        drawn.append([k for unit in units_drawn for k in unit])
        start.s = state
        start.jump()
    y, scores = np.array(y), np.array(p)
    aucs = [metrics.roc_auc_score(y[d], scores[d]) for d in drawn if 0 < y[d].sum() < len(d)]
    ends = [(1 - level) / 2, (1 + level) / 2]
    return {
        "name": name,
        "seed": seed,
        "resamples": resamples,
        "level": level,
        "groups": keys,
        "probability": p,
        "satisfied": y.tolist(),
        "first": drawn[0],
        "last": drawn[-1],
        "mean": np.quantile([scores[d].mean() for d in drawn], ends).tolist(),
        "roc_auc": np.quantile(aucs, ends).tolist(),
        "roc_auc_defined": len(aucs),
    }


json.dump(
    {
        "made_by": f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, "
        f"numpy {np.__version__}",
        "cases": [
            case("plain", 1, 200, None, 0.5),
            case("ties", 2, 150, 0.125, 0.5),
            case("certain and wrong", 3, 60, 1.0, 0.5),
            case("badly calibrated", 4, 120, None, 0.7, shift=0.25),
        ],
        "marks": [
            marks_case("marks 1 to 5", 5, 200, [1, 5, 4, 2], 10),
            marks_case("ties", 6, 150, [1, 5, 4, 2], 5, step=0.5),
            marks_case("marks 0 to 10", 7, 120, [0, 10, 8, 6], 10, noise=1.5),
            marks_case("two marks", 8, 80, [0, 1, 1, 0], 1, groups=20),
            marks_case("below zero", 9, 90, [-3, 3, 1, -1], 3, step=0.25),
        ],
        "bootstrap": [
            bootstrap_case("rows", 10, 120, 400, 0.95),
            bootstrap_case("customers", 11, 150, 300, 0.9, groups=40),
            bootstrap_case("one class is rare", 2**40 + 12, 60, 300, 0.95, rare=True),
        ],
    },
    sys.stdout,
    indent=1,
)
print()
