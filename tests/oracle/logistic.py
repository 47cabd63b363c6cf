"""Expected encoding and fits of `model::encode` and `model::train`, by numpy and scikit-learn.

Needs scikit-learn 1.9 and numpy 2.4:  python tests/oracle/logistic.py > tests/oracle/logistic.json

The table is made here, by a small generator of our own. The encoding is written from the
conventions in `src/model/encode.rs`, not from its code.
"""

import json
import math
import sys

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

ROWS = 400
FEATURES = ["queue_wait_s", "hold_count", "hold_total_s", "ivr_duration_s", "ivr_status",
            "customer_speech_length_sum"]
LOG1P = ["queue_wait_s", "hold_total_s"]
LEVEL_MIN_COUNT = 35


def uniform(seed):
    """Numbers in [0, 1): a linear congruential generator modulo 2**31 (C standard's example)."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield (state >> 8) / 2**23


def make():
    draw = uniform(20240229)
    u = lambda: next(draw)
    normal = lambda: sum(u() for _ in range(12)) - 6.0
    table = {name: [] for name in FEATURES}
    marks = []
    for _ in range(ROWS):
        wait = math.exp(3.5 + 1.2 * normal())
        held = u() < 0.7
        holds = float(int(5 * u())) if held else None
        hold_total = (0.0 if holds == 0 else holds * math.exp(3 + normal())) if held else None
        ivr = None if u() < 0.15 else 20 + 60 * u()
        status = None if u() < 0.1 else ["completed", "operator_requested", "failed", "abandoned",
                                         "transferred_by_design"][min(int(-2.2 * math.log(1 - u())), 4)]
        if status == "transferred_by_design" and u() < 0.6:
            status = "unknown"
        speech = 30 + 200 * u()
        z = (1.6 - 0.5 * math.log1p(wait) + (0.6 if holds is None else -0.4 * (holds - 2))
             + (0.9 if status == "completed" else 0.0) + (0.7 if ivr is None else 0.0)
             + 0.006 * (speech - 130) + 1.2 * normal())
        marks.append(int(min(max(round(2.8 + z), 1), 5)))
        for name, value in zip(FEATURES, [wait, holds, hold_total, ivr, status, speech]):
            table[name].append(value)
    return table, marks


def encode(table):
    columns, names, patterns = [], [], []
    for name in FEATURES:
        raw = table[name]
        absent = np.array([v is None for v in raw])
        if any(isinstance(v, str) for v in raw):
            words = [v for v in raw if v is not None]
            levels = sorted(set(words))
            rare = [l for l in levels if words.count(l) < LEVEL_MIN_COUNT]
            for level in levels:
                if level not in rare:
                    columns.append(np.array([v == level for v in raw], dtype=float))
                    names.append(f"{name} = {level}")
            if rare:
                columns.append(np.array([v in rare for v in raw], dtype=float))
                names.append(f"{name} = (other)")
            if absent.any():
                columns.append(absent.astype(float))
                names.append(f"{name} absent")
        else:
            x = np.array([np.nan if v is None else v for v in raw], dtype=float)
            if name in LOG1P:
                x = np.log1p(x)
            x = (x - np.nanmean(x)) / np.nanstd(x)
            columns.append(np.where(absent, 0.0, x))
            names.append(name)
            if absent.any() and absent.tolist() not in patterns:
                patterns.append(absent.tolist())
                columns.append(absent.astype(float))
                names.append(f"{name} absent")
    x = np.stack(columns, axis=1)
    return names, x - x.mean(axis=0)


def fit(x, y, alpha):
    model = LogisticRegression(C=1 / alpha, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x, y)
    p = model.predict_proba(x)[:, list(model.classes_).index(True)]
    slope = x.T @ (p - y) + alpha * model.coef_[0]
    assert max(np.abs(slope).max(), abs((p - y).sum())) < 1e-8
    return {
        "alpha": alpha,
        "intercept": float(model.intercept_[0]),
        "weights": [float(w) for w in model.coef_[0]],
        "probabilities": [float(v) for v in p],
    }


table, marks = make()
names, x = encode(table)
parts = {
    "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "features": FEATURES,
    "log1p": LOG1P,
    "level_min_count": LEVEL_MIN_COUNT,
    "marks": marks,
    "table": table,
    "columns": names,
    "encoded": [[float(v) for v in row] for row in x],
    # 4 and 5 are the fewer marks here, 3 to 5 the more: both orders of linfa's classes.
    "fits": {
        "4": [fit(x, np.array(marks) >= 4, alpha) for alpha in (1.0, 0.1, 25.0)],
        "3": [fit(x, np.array(marks) >= 3, alpha) for alpha in (1.0,)],
    },
}
balance = [sum(m >= cut for m in marks) for cut in (3, 4)]
assert balance[1] < ROWS / 2 < balance[0], balance
sys.stdout.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in parts.items()) + "\n}\n")
