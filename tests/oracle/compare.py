"""Expected values of `analytics::compare`, by statsmodels and scipy.

Needs scipy 1.17.1, statsmodels 0.15.0 and numpy 2.4.6:
    python tests/oracle/compare.py > tests/oracle/compare.json
"""

import json
import sys

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats


def numbers(seed, count):
    """A linear congruential generator modulo 2**31 (C standard's example), so not numpy's."""
    state, out = seed, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        out.append(round((state >> 8) / 2**23, 4))
    return np.array(out)


adjusted = []
for seed, sizes, widths in [(1, (60, 45), 1), (2, (400, 90), 3), (3, (150, 150), 4)]:
    n = sum(sizes)
    side = np.r_[np.zeros(sizes[0]), np.ones(sizes[1])]
    x = np.column_stack([numbers(10 * seed + i, n) for i in range(widths)])
    x[:, 0] += 0.2 * side
    # The spread of the second side is twice that of the first.
    noise = (numbers(100 + seed, n) - 0.5) * (1 + side)
    y = 3 + 0.3 * side + x @ np.arange(1, widths + 1) + noise
    x, y = np.round(x, 4), np.round(y, 4)
    centred = x - x.mean(axis=0)
    fit = sm.OLS(y, np.column_stack([np.ones(n), side, centred])).fit()
    plain = sm.OLS(y, np.column_stack([np.ones(n), side])).fit()
    a, b = sizes
    # What the covariates' difference adds, in units of the residual variance: of the ordinary standard
    # error what 1/a + 1/b leave.
    leverage = fit.bse[1] ** 2 / fit.scale - 1 / a - 1 / b
    paid = (n - 2) / fit.df_resid
    va = np.sum(fit.resid[:a] ** 2) / (a - 1) * paid / a
    vb = np.sum(fit.resid[a:] ** 2) / (b - 1) * paid / b
    freedom = (va + vb) ** 2 / (va**2 / (a - 1) + vb**2 / (b - 1))
    error = (va + vb + fit.scale * leverage) ** 0.5
    half = stats.t.ppf(0.975, freedom) * error
    adjusted.append(
        {
            "sizes": sizes,
            "x": x.tolist(),
            "y": y.tolist(),
            "value": float(fit.params[1]),
            "range": [float(fit.params[1] - half), float(fit.params[1] + half)],
            "detectable": float((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error),
            "removed": float(1 - fit.ssr / plain.ssr),
            # What else might have been taken, to see that it is near: not tested to the digit.
            "ordinary_error": float(fit.bse[1]),
            "robust_error": float(fit.get_robustcov_results("HC2").bse[1]),
            "error": float(error),
        }
    )

tables = []
for table in [[[10, 20], [30, 5]], [[100, 110], [95, 105], [3, 40], [7, 7]], [[0, 12], [30, 1]]]:
    tables.append(
        {
            "table": table,
            "v": float(stats.contingency.association(table, method="cramer", correction=False)),
            "p": float(stats.chi2_contingency(table, correction=False).pvalue),
        }
    )

ratios = []
for found, intended in [((5100, 4900), (1, 1)), ((5200, 4800), (1, 1)), ((900, 9300), (1, 9))]:
    expected = np.array(intended) / sum(intended) * sum(found)
    ratios.append(
        {"found": found, "intended": intended, "p": float(stats.chisquare(found, expected).pvalue)}
    )

standardised = []
for seed, sizes in [(31, (12, 9)), (32, (80, 300))]:
    a, b = numbers(seed, sizes[0]), numbers(seed + 5, sizes[1]) * 1.5
    # Austin (2009), page 3085: the difference over the root of the mean of both sample variances.
    spread = ((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2) ** 0.5
    standardised.append({"a": a.tolist(), "b": b.tolist(), "d": float((b.mean() - a.mean()) / spread)})

out = {
    "made_by": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, numpy {np.__version__}",
    "adjusted": adjusted,
    "tables": tables,
    "ratios": ratios,
    "standardised": standardised,
}
json.dump(out, sys.stdout, indent=0)
print()
