"""Expected values of the command `evaluate` on a small table, by scikit-learn, scipy and numpy.

Needs scikit-learn 1.9.1, scipy 1.17.1 and numpy 2.4.6; writes evaluate.csv and evaluate.json:
    python tests/oracle/evaluate.py
The table is made by the generator of metrics.py, so that it does not depend on numpy's.
"""

import contextlib
import csv
import io
import json
import pathlib

import numpy as np
from scipy import stats
from sklearn import metrics

# That script prints its own values when it is run, and so when it is imported.
with contextlib.redirect_stdout(io.StringIO()):
    from metrics import calibration_error, group_errors, uniform

HERE = pathlib.Path(__file__).parent
MIN_ROWS = 5


def table(rows=160):
    draw, made = uniform(20261121), []
    for i in range(rows):
        operator = int(next(draw) * 9)
        truth = 1 + 4 * (0.75 * next(draw) ** 0.4 + 0.25 * operator / 8)
        mark = min(max(round(truth + 2 * (next(draw) - 0.5)), 1), 5)
        csi = min(max(truth + 1.5 * (next(draw) - 0.6), 1.0), 5.0)
        satisfied = round(min(max((csi - 1.5) / 3.4, 0.0), 1.0), 2)
        dissatisfied = round((1 - satisfied) * (0.3 + 0.4 * next(draw)), 3)
        name = "" if next(draw) < 0.04 else f"operator {operator}"
        made.append((f"call {i}", name, mark, csi, satisfied, dissatisfied))
    return made


def two_class(y, p):
    called = [v >= 0.5 for v in p]
    return {
        "base_rate": np.mean(y),
        "roc_auc": metrics.roc_auc_score(y, p),
        "gini": 2 * metrics.roc_auc_score(y, p) - 1,
        "average_precision": metrics.average_precision_score(y, p),
        "log_loss": metrics.log_loss(y, p),
        "brier": metrics.brier_score_loss(y, p),
        "calibration_in_the_large": np.mean(p) - np.mean(y),
        "calibration_error": calibration_error(y, p),
        "accuracy": metrics.accuracy_score(y, called),
        # nan, which is then left out, where nobody is called so.
        "precision": metrics.precision_score(y, called, zero_division=np.nan),
        "recall": metrics.recall_score(y, called),
        "f1": metrics.f1_score(y, called),
    }


def marks(expected, likely, mark):
    off, away = np.array(expected) - np.array(mark), np.abs(np.array(likely) - np.array(mark))
    varies = len(set(expected)) > 1
    return {
        "mean_error": np.mean(off),
        "mean_absolute_error": metrics.mean_absolute_error(mark, expected),
        "root_mean_square_error": metrics.root_mean_squared_error(mark, expected),
        "pearson": stats.pearsonr(expected, mark).statistic if varies else np.nan,
        "spearman": stats.spearmanr(expected, mark).statistic if varies else np.nan,
        "quadratic_kappa": metrics.cohen_kappa_score(likely, mark, weights="quadratic", labels=range(1, 6)),
        "exact": metrics.accuracy_score(mark, likely),
        "within_one": np.mean(away <= 1),
    }


def groups(expected, mark, group):
    found = group_errors(expected, mark, group, MIN_ROWS)
    names = ["mean_absolute", "root_mean_square", "mean_absolute_by_rows"]
    return {name: found["group_" + name] for name in names} | {"pearson": found["group_pearson"]}


def called(y, p, threshold):
    said = [v >= threshold for v in p]
    return [
        float(sum(said)),
        float(metrics.precision_score(y, said, zero_division=0)),
        float(metrics.recall_score(y, said)),
        float(metrics.f1_score(y, said)),
    ]


def plain(figures):
    return {name: float(value) for name, value in figures.items() if not np.isnan(value)}


def main():
    rows = table()
    with open(HERE / "evaluate.csv", "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["call_id", "operator_id", "mark", "csi", "satisfied", "dissatisfied"])
        writer.writerows(rows)
    _, names, mark, csi, satisfied, dissatisfied = zip(*rows)
    content, discontent = [m >= 4 for m in mark], [m <= 2 for m in mark]
    # A half away from zero, not to even.
    likely = [int(np.floor(v + 0.5)) for v in csi]
    n, group = len(rows), [name or None for name in names]
    counts = {m: mark.count(m) for m in range(1, 6)}
    mean, mode = sum(mark) / n, max(counts, key=counts.get)
    bins = []
    for i in range(10):
        inside = [k for k in range(n) if i == min(int(satisfied[k] * 10), 9)]
        pick = lambda values: float(np.mean([values[k] for k in inside])) if inside else None
        bins.append([len(inside), pick(satisfied), pick(content)])
    expected = {
        "rows": n,
        "satisfied": plain(two_class(content, satisfied)),
        "dissatisfied": plain(two_class(discontent, dissatisfied)),
        "marks": plain(marks(csi, likely, mark)),
        "groups": plain(groups(csi, mark, group)),
        "constant": {
            "satisfied": plain(two_class(content, [sum(content) / n] * n)),
            "dissatisfied": plain(two_class(discontent, [sum(discontent) / n] * n)),
            "marks": plain(marks([mean] * n, [mode] * n, mark)),
            # The correlation with a constant is not defined; rounding hides that from scipy.
            "groups": plain(groups([mean] * n, mark, group) | {"pearson": np.nan}),
        },
        "reliability": bins,
        "thresholds": [
            {
                "satisfied": called(content, satisfied, i / 10),
                "dissatisfied": called(discontent, dissatisfied, i / 10),
            }
            for i in range(1, 10)
        ],
    }
    (HERE / "evaluate.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
