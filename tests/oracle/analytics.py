"""Expected values of `analytics::stats`, by scipy and statsmodels.

Needs scipy 1.17.1, statsmodels 0.15.0 and numpy 2.4.6:
    python tests/oracle/analytics.py > tests/oracle/analytics.json
"""

import json
import sys

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats import multitest, power, proportion, weightstats


def numbers(seed, count, scale=1.0, shift=0.0):
    """A linear congruential generator modulo 2**31 (C standard's example), so not numpy's."""
    state, out = seed, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        out.append(round(shift + scale * ((state >> 8) / 2**23), 4))
    return out


def ends(pair):
    return [float(pair[0]), float(pair[1])]


means = []
for seed, count in [(1, 2), (2, 7), (3, 40), (4, 900)]:
    x = numbers(seed, count, 4, 1)
    means.append({"x": x, "range": ends(weightstats.DescrStatsW(x).tconfint_mean())})

shares = []
for hits, calls in [(0, 5), (3, 10), (10, 10), (17, 400), (999, 1000)]:
    shares.append(
        {"hits": hits, "calls": calls, "range": ends(proportion.proportion_confint(hits, calls, method="wilson"))}
    )

differences = []
for seeds, counts in [((5, 6), (12, 9)), ((7, 8), (300, 40))]:
    a, b = numbers(seeds[0], counts[0], 4, 1), numbers(seeds[1], counts[1], 3, 1.2)
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    sd = (np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b)) ** 0.5
    # The power of the two-sided normal test at this difference is 0.8, its far side aside.
    effect = power.NormalIndPower(ddof=0).solve_power(nobs1=1, alpha=0.05, power=0.8, ratio=0, alternative="two-sided")
    differences.append(
        {"a": a, "b": b, "range": ends((found.low, found.high)), "detectable": float(effect * sd)}
    )

two_shares = []
for a, b in [((12, 40), (9, 60)), ((0, 30), (4, 25)), ((480, 4000), (300, 3900))]:
    table = [[a[0], a[1] - a[0]], [b[0], b[1] - b[0]]]
    newcombe = proportion.confint_proportions_2indep(*a, *b, method="newcomb", compare="diff")
    ratio = None
    if a[0] and b[0]:
        katz = proportion.confint_proportions_2indep(*a, *b, method="log", compare="ratio")
        ratio = ends(katz)
    two_shares.append(
        {
            "a": a,
            "b": b,
            "difference": ends(newcombe),
            "ratio": ratio,
            "same": float(stats.chi2_contingency(table, correction=False).pvalue),
        }
    )

# scipy has no interval by Bonett & Wright: the formula by hand, on scipy's correlation.
ranks = []
for seed, count in [(9, 5), (10, 60), (11, 400)]:
    x = numbers(seed, count)
    y = [round(a + b, 2) for a, b in zip(x, numbers(seed + 50, count))]
    r = float(stats.spearmanr(x, y).statistic)
    error = ((1 + r * r / 2) / (count - 3)) ** 0.5 * stats.norm.ppf(0.975)
    ranks.append({"x": x, "y": y, "r": r, "range": [float(np.tanh(np.arctanh(r) + s * error)) for s in (-1, 1)]})

probabilities = [0.01, 0.04, 0.03, 0.005, 0.8, 0.04, 1.0, 0.0001]
discovery = {
    "p": probabilities,
    "adjusted": [float(v) for v in multitest.multipletests(probabilities, method="fdr_bh")[1]],
}

out = {
    "made_by": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, numpy {np.__version__}",
    "means": means,
    "shares": shares,
    "differences": differences,
    "two_shares": two_shares,
    "ranks": ranks,
    "discovery": discovery,
}
json.dump(out, sys.stdout, indent=0)
print()
