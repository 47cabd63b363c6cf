"""Holds a trained model against scikit-learn on the same encoded table.

    cargo run --release --example retrain -- TABLE --out model.json --encoded encoded.csv
    python tests/oracle/encoded.py encoded.csv [ALPHA]

ALPHA is the penalty given to retrain (default 1). Needs numpy and scikit-learn. Prints the largest
difference of the two probabilities over all rows, and fails above 1e-3.
"""

import csv
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

with open(sys.argv[1], newline="", encoding="utf-8") as table:
    rows = list(csv.reader(table))
values = np.array(rows[1:], dtype=float)
mark, ours, columns = values[:, 0], values[:, 1], values[:, 2:]
alpha = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
# Marks of 4 and 5 are the satisfied ones on retrain's default scale.
fit = LogisticRegression(C=1 / alpha, solver="newton-cholesky", tol=1e-10, max_iter=1000)
fit.fit(columns, mark >= 4)
apart = np.abs(fit.predict_proba(columns)[:, 1] - ours).max()
print(f"{len(values)} rows, {columns.shape[1]} columns: largest difference {apart:.3e}")
sys.exit(int(apart > 1e-3))
