"""scikit-learn's lbfgs on the table of examples/fit_speed.rs.

    /usr/bin/time -v cargo run --release --example fit_speed -- --rows 1000000 --features 20 --table fit.bin
    /usr/bin/time -v python lbfgs.py fit.bin

At its own tolerance, and at one as fine as ours, since it stops far from the end by itself.
"""

import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression

with open(sys.argv[1], "rb") as file:
    rows, columns = np.fromfile(file, "<u8", 2)
    y = np.fromfile(file, "u1", rows).astype(bool)
    x = np.fromfile(file, "<f8").reshape(rows, columns)
alpha = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
for tolerance in [1e-4, 1e-9]:
    start = time.perf_counter()
    model = LogisticRegression(C=1 / alpha, tol=tolerance, max_iter=10_000).fit(x, y)
    seconds = time.perf_counter() - start
    p = model.predict_proba(x)[:, 1]
    off = np.append(x.T @ (p - y) + alpha * model.coef_[0], (p - y).sum())
    print(
        f"{rows} rows, {columns} columns, tolerance {tolerance:g}: {seconds:.2f} s, "
        f"{model.n_iter_[0]} steps, gradient {np.abs(off).max() / rows:.1e}"
    )
