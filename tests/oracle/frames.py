"""Expected values of `vad::evaluate`, by scikit-learn and numpy.

Needs scikit-learn 1.9 and numpy 2.4:  python tests/oracle/frames.py > tests/oracle/frames.json
Scores are multiples of 1/1024 at most, so that a 32-bit float holds them.
"""

import json
import sys

import numpy as np
import sklearn
from sklearn import metrics


def uniform(seed):
    """Numbers in [0, 1), as in `metrics.py`."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield (state >> 8) / 2**23


def case(name, seed, frames, step, threshold):
    """Speech in runs, scores that lean towards it, rounded to `step` so that ties occur."""
    draw = uniform(seed)
    speech, score, now = [], [], False
    for _ in range(frames):
        now = now != (next(draw) < 0.08)
        speech.append(now)
        value = 0.6 * next(draw) + (0.4 if now else 0.0)
        score.append(round(value / step) * step)
    called = [s >= threshold for s in score]
    tn, fp, _, _ = metrics.confusion_matrix(speech, called).ravel()
    errors = [round((next(draw) - 0.4) * 600) for _ in range(20 + seed)]
    sizes = np.abs(errors)
    return {
        "name": name,
        "threshold": threshold,
        "score": score,
        "speech": speech,
        "edge_error_ms": errors,
        "expected": {
            "roc_auc": float(metrics.roc_auc_score(speech, score)),
            "f1": float(metrics.f1_score(speech, called)),
            "precision": float(metrics.precision_score(speech, called)),
            "recall": float(metrics.recall_score(speech, called)),
            "false_positive_rate": float(fp / (fp + tn)),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(speech, called)),
            "median_absolute_s": float(np.median(sizes) / 1000),
            "median_s": float(np.median(errors) / 1000),
            "near_share": float(np.mean(sizes <= 100)),
        },
    }


json.dump(
    {
        "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "cases": [
            case("fine", 1, 300, 1 / 1024, 0.5),
            case("ties", 2, 300, 1 / 8, 0.5),
            case("few scores, high threshold", 3, 200, 1 / 4, 0.75),
        ],
    },
    sys.stdout,
)
print()
