"""Weighted calls and a prior: expected values for src/model/fit/newton.rs.

    python3 tests/oracle/weighted.py > tests/oracle/weighted.json

scikit-learn 1.9 fits the weighted table (sample_weight, solver newton-cholesky, its penalty is
||w||^2 / 2 with C = 1 / alpha on a sum of losses, the intercept not penalised). A prior it does not have:
there scipy minimises the loss as src/model/fit.rs states it.
"""

import json

import numpy as np
import scipy.optimize
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(20261129)
rows, width = 80, 3
x = rng.normal(size=(rows, width)) * [1.0, 2.0, 0.5]
truth = np.array([0.8, -0.4, 1.5])
y = rng.random(rows) < 1.0 / (1.0 + np.exp(-(x @ truth + 0.6)))
counts = rng.gamma(2.0, 0.5, size=rows) + 0.05
toward = np.array([0.5, -0.5, 1.0])


def drawn(alpha):
    def loss(at):
        w, b = at[:-1], at[-1]
        z = x @ w + b
        sign = np.where(y, 1.0, -1.0)
        value = np.sum(counts * np.logaddexp(0.0, -sign * z)) + 0.5 * alpha * np.sum((w - toward) ** 2)
        residual = counts * (1.0 / (1.0 + np.exp(-z)) - y)
        return value, np.append(x.T @ residual + alpha * (w - toward), residual.sum())

    found = scipy.optimize.minimize(
        loss, np.zeros(width + 1), jac=True, method="BFGS", options={"gtol": 1e-11, "maxiter": 10_000}
    )
    return found.x


fits = []
for alpha in [0.1, 1.0, 25.0]:
    model = LogisticRegression(C=1.0 / alpha, solver="newton-cholesky", tol=1e-13, max_iter=10_000)
    model.fit(x, y, sample_weight=counts)
    at = drawn(alpha)
    fits.append(
        {
            "alpha": alpha,
            "weighted": [*model.coef_[0], model.intercept_[0]],
            "drawn": [*at[:-1], at[-1]],
        }
    )
print(
    json.dumps(
        {
            "table": x.flatten().tolist(),
            "positive": [bool(v) for v in y],
            "counts": counts.tolist(),
            "toward": toward.tolist(),
            "fits": fits,
        }
    )
)
