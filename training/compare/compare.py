"""Lets other software learn from the calls of examples/learning_curve.rs, and judges it the same way.

    cargo run --release --example learning_curve -- --out curve.csv --table calls.csv
    python compare.py calls.csv curve.csv --out compared.csv

The training sets are those of the example: set k of n calls is rows k·n to (k+1)·n of the table; its last
rows, the pool's end, are judged. Numbers stay as they are (an absent one is NaN to trees, and the mean
with a flag to the regression), words become one column each. Trees have their packages' defaults but for
what keeps them from overfitting a few calls: the number of trees is stopped early on a fifth of the
calls. Each package gets the same: no further tuning, as ours gets none beside its own choosing.
"""

import argparse
import csv
import os
import statistics
import warnings
from collections import defaultdict

for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ.setdefault(variable, "1")

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier, early_stopping
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

WORDS = ["ivr_status", "ivr_last_node"]


def calibration_error(y, p):
    bins = np.minimum((p * 10).astype(int), 9)
    parts = [(bins == b) for b in range(10)]
    return sum(m.sum() * abs(p[m].mean() - y[m].mean()) for m in parts if m.any()) / len(y)


def regression(numbers, words):
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=10), words),
    )
    fit = LogisticRegressionCV(Cs=[1 / a for a in (1, 3, 10, 30, 100, 300)], cv=5, max_iter=2000,
                               scoring="neg_log_loss")
    return make_pipeline(encode, fit)


def stopped_early(model, x, y, **kind):
    """A fifth of the calls, every fifth, says when to stop."""
    stop = np.arange(len(y)) % 5 == 4
    model.fit(x[~stop], y[~stop], eval_set=[(x[stop], y[stop])], **kind)
    return model


def lightgbm(x, y):
    model = LGBMClassifier(n_estimators=500, learning_rate=0.05, verbose=-1, n_jobs=1)
    return stopped_early(model, x, y, callbacks=[early_stopping(30, verbose=False)])


def catboost(x, y):
    model = CatBoostClassifier(iterations=500, learning_rate=0.05, verbose=False, thread_count=1,
                               early_stopping_rounds=30, allow_writing_files=False)
    return stopped_early(model, x, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("curve", help="says which sizes and sets there are")
    parser.add_argument("--out", required=True)
    parser.add_argument("--fresh", type=int, default=20_000)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    table = pd.read_csv(arguments.table)
    y = table["satisfied"].to_numpy()
    plain = table.drop(columns=["mark", "satisfied", "probability"])
    words = [w for w in WORDS if w in plain]
    numbers = [c for c in plain if c not in words and plain[c].notna().any()]
    plain = plain[numbers + words].fillna({w: "absent" for w in words})
    # Trees take words as numbers of their own.
    coded = plain[numbers].join(pd.get_dummies(plain[words], dtype=float))
    fresh = slice(len(y) - arguments.fresh, len(y))
    sets = sorted({(int(r["calls"]), int(r["set"])) for r in csv.DictReader(open(arguments.curve))
                   if int(r["calls"])})
    ways = {
        "scikit-learn logistic, C chosen": (plain, lambda x, y: regression(numbers, words).fit(x, y)),
        "scikit-learn HistGradientBoosting": (
            coded, lambda x, y: HistGradientBoostingClassifier(early_stopping=True).fit(x, y)),
        "LightGBM": (coded, lightgbm),
        "CatBoost": (coded, catboost),
    }
    found = defaultdict(list)
    with open(arguments.out, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["way", "calls", "set", "roc_auc", "log_loss", "calibration_error"])
        for calls, index in sets:
            part = slice(calls * index, calls * (index + 1))
            for way, (x, fit) in ways.items():
                p = fit(x.iloc[part], y[part]).predict_proba(x.iloc[fresh])[:, 1]
                truth = y[fresh]
                figures = [roc_auc_score(truth, p), log_loss(truth, p), calibration_error(truth, p)]
                out.writerow([way, calls, index, *figures])
                found[calls, way].append(figures)
            file.flush()
            print(calls, index, flush=True)
    for row in csv.DictReader(open(arguments.curve)):
        figures = [float(row[k]) for k in ("roc_auc", "log_loss", "calibration_error")]
        found[int(row["calls"]), row["way"]].append(figures)
    print("calls   way                                 sets  AUC            log loss       ECE")
    for (calls, way), rows in sorted(found.items()):
        cells = [f"{statistics.mean(c):.4f} ± {statistics.pstdev(c) / len(c) ** 0.5:.4f}"
                 for c in zip(*rows)]
        print(f"{calls:<7} {way:<36}{len(rows):>3}  " + "  ".join(cells))


if __name__ == "__main__":
    main()
