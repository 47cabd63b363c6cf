"""Expected values of `model::metrics`, by scikit-learn.

Needs scikit-learn 1.9 and numpy 2.4:  python tests/oracle/metrics.py > tests/oracle/metrics.json
The cases are made by a small generator of our own, so that they do not depend on numpy's.
"""

import json
import sys

import numpy as np
import sklearn
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
            "true_positive": tp,
            "false_positive": fp,
            "false_negative": fn,
            "true_negative": tn,
        },
    }


json.dump(
    {
        "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "cases": [
            case("plain", 1, 200, None, 0.5),
            case("ties", 2, 150, 0.125, 0.5),
            case("certain and wrong", 3, 60, 1.0, 0.5),
            case("badly calibrated", 4, 120, None, 0.7, shift=0.25),
        ],
    },
    sys.stdout,
    indent=1,
)
print()
