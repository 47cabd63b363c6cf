//! Intervals and tests, each a published formula.
//!
//! # Conventions
//!
//! * Intervals are two-sided and of 95 %.
//! * A figure that the counts do not allow is `None`: no share of nothing, no spread of one.
//! * Expected values in the tests are those of scipy and statsmodels, made by `tests/oracle/analytics.py`.

use super::Moments;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Share of the intervals that hold the true value.
pub const LEVEL: f64 = 0.95;

/// The two ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// Lower end.
    pub low: f64,
    /// Upper end, `low` or more.
    pub high: f64,
}

impl Range {
    /// Returns the interval of this half-width around a value.
    pub fn around(value: f64, half: f64) -> Range {
        Range {
            low: value - half,
            high: value + half,
        }
    }

    /// Tells whether it holds a value, the ends included.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns the part of it between two bounds.
    pub fn within(self, low: f64, high: f64) -> Range {
        Range {
            low: self.low.clamp(low, high),
            high: self.high.clamp(low, high),
        }
    }
}

/// A figure, with how far it would stray.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Its interval; `None` where one call or none tells.
    #[serde(flatten)]
    pub range: Option<Range>,
    /// Calls it stands on.
    pub calls: u64,
}

impl Figure {
    /// Returns the mean with its interval by Student's t: mean ± t · s / √n; `None` of no calls.
    pub fn mean(moments: &Moments) -> Option<Figure> {
        let value = moments.mean()?;
        let calls = moments.count();
        let range = moments.standard_error().and_then(|error| {
            Some(Range::around(
                value,
                error * t_quantile(calls as f64 - 1.0)?,
            ))
        });
        Some(Figure {
            value,
            range,
            calls,
        })
    }

    /// Returns the mean of probabilities: as [`Figure::mean`], within 0 to 1.
    pub fn mean_share(moments: &Moments) -> Option<Figure> {
        let mut figure = Figure::mean(moments)?;
        figure.range = figure.range.map(|range| range.within(0.0, 1.0));
        Some(figure)
    }

    /// Returns the share of `hits` among `calls` with Wilson's score interval (1927); `None` of no calls.
    pub fn share(hits: u64, calls: u64) -> Option<Figure> {
        Some(Figure {
            value: (calls > 0).then(|| hits as f64 / calls as f64)?,
            range: Some(wilson(hits, calls)),
            calls,
        })
    }
}

fn normal() -> Normal {
    Normal::standard()
}

/// Returns the quantile of the normal distribution at `share`, between 0 and 1.
pub fn normal_quantile(share: f64) -> f64 {
    normal().inverse_cdf(share)
}

/// Returns the probability that a normal variable is farther from 0 than `z`, on either side.
pub fn two_sided(z: f64) -> f64 {
    2.0 * normal().sf(z.abs())
}

/// Returns what a standard error is multiplied by: 1.96.
pub fn z() -> f64 {
    normal_quantile(0.5 + LEVEL / 2.0)
}

/// Returns the upper quantile of Student's t that intervals use; `None` without degrees of freedom.
pub fn t_quantile(freedom: f64) -> Option<f64> {
    t_quantile_of(0.5 + LEVEL / 2.0, freedom)
}

/// Returns the quantile of Student's t at `share`, between 0 and 1; `None` without degrees of freedom.
pub fn t_quantile_of(share: f64, freedom: f64) -> Option<f64> {
    // Beyond this the two distributions agree to 1e-6, and statrs searches for the quantile.
    if freedom > 1e6 {
        return Some(normal_quantile(share));
    }
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(t.inverse_cdf(share))
}

fn wilson(hits: u64, calls: u64) -> Range {
    let (n, z) = (calls as f64, z());
    let share = hits as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let mut range = Range::around(centre, half).within(0.0, 1.0);
    // Rounding aside these ends are exact.
    if hits == 0 {
        range.low = 0.0;
    }
    if hits == calls {
        range.high = 1.0;
    }
    range
}

/// Returns the difference of two means, the first minus the second, with Welch's interval (1947).
pub fn difference_of_means(a: &Moments, b: &Moments) -> Option<Figure> {
    let value = a.mean()? - b.mean()?;
    let calls = a.count() + b.count();
    let parts = |m: &Moments| Some((m.variance()? / m.count() as f64, m.count() as f64 - 1.0));
    let range = parts(a).zip(parts(b)).and_then(|((va, fa), (vb, fb))| {
        let variance = va + vb;
        if variance == 0.0 {
            return Some(Range::around(value, 0.0));
        }
        let freedom = variance * variance / (va * va / fa + vb * vb / fb);
        Some(Range::around(value, variance.sqrt() * t_quantile(freedom)?))
    });
    Some(Figure {
        value,
        range,
        calls,
    })
}

/// Returns the difference of two shares, the first minus the second, each as hits among calls, with
/// Newcombe's interval from two score intervals (1998, method 10).
pub fn difference_of_shares(a: (u64, u64), b: (u64, u64)) -> Option<Figure> {
    let (first, second) = (Figure::share(a.0, a.1)?, Figure::share(b.0, b.1)?);
    let value = first.value - second.value;
    let range = first.range.zip(second.range).map(|(ra, rb)| Range {
        low: value - (first.value - ra.low).hypot(rb.high - second.value),
        high: value + (ra.high - first.value).hypot(second.value - rb.low),
    });
    Some(Figure {
        value,
        range,
        calls: a.1 + b.1,
    })
}

/// Returns the least difference of two means that samples of such sizes find four times in five (a
/// two-sided test at 5 %, power 80 %): (z₀.₉₇₅ + z₀.₈) · √(s²ₐ/nₐ + s²ᵦ/nᵦ).
pub fn detectable_difference(a: &Moments, b: &Moments) -> Option<f64> {
    let error = a.standard_error()?.hypot(b.standard_error()?);
    Some((z() + normal_quantile(0.8)) * error)
}

/// Returns the interval of a rank correlation of n pairs: Fisher's z with the standard error
/// √((1 + r²/2) / (n − 3)) of Bonett & Wright (2000). `None` of fewer than four pairs.
pub fn rank_correlation_range(r: f64, pairs: u64) -> Option<Range> {
    if pairs < 4 || !(-1.0..=1.0).contains(&r) {
        return None;
    }
    // The transform of ±1 is infinite, and then so are both ends: the interval is that point.
    let error = ((1.0 + r * r / 2.0) / (pairs as f64 - 3.0)).sqrt();
    let centre = r.atanh();
    Some(Range {
        low: (centre - z() * error).tanh(),
        high: (centre + z() * error).tanh(),
    })
}

/// Returns how much more often something holds of one part of the calls than of the rest: the ratio of
/// two shares, each as hits among calls, with its interval on the logarithm (Katz et al. 1978). `None`
/// where it holds of none.
pub fn ratio_of_shares(part: (u64, u64), rest: (u64, u64)) -> Option<Figure> {
    if part.0 == 0 || rest.0 == 0 || part.1 == 0 || rest.1 == 0 {
        return None;
    }
    let number = |n: u64| n as f64;
    let value = number(part.0) / number(part.1) / (number(rest.0) / number(rest.1));
    let variance =
        1.0 / number(part.0) - 1.0 / number(part.1) + 1.0 / number(rest.0) - 1.0 / number(rest.1);
    let half = z() * variance.max(0.0).sqrt();
    Some(Figure {
        value,
        range: Some(Range {
            low: value * (-half).exp(),
            high: value * half.exp(),
        }),
        calls: part.1 + rest.1,
    })
}

/// Returns the probability of two shares at least so far apart were they the same: Pearson's chi-squared
/// test of the four counts, without correction. `None` where one of them cannot vary.
pub fn same_share(a: (u64, u64), b: (u64, u64)) -> Option<f64> {
    let (hits, calls) = ((a.0 + b.0) as f64, (a.1 + b.1) as f64);
    if a.1 == 0 || b.1 == 0 || hits == 0.0 || hits == calls {
        return None;
    }
    let pooled = hits / calls;
    let apart = a.0 as f64 / a.1 as f64 - b.0 as f64 / b.1 as f64;
    let variance = pooled * (1.0 - pooled) * (1.0 / a.1 as f64 + 1.0 / b.1 as f64);
    Some(two_sided(apart / variance.sqrt()))
}

/// Returns the probabilities adjusted so that, of those called below a bound, no larger share is expected
/// to be chance (Benjamini & Hochberg 1995).
pub fn false_discovery(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let tests = probabilities.len() as f64;
    let mut adjusted = vec![1.0; probabilities.len()];
    let mut least = 1.0_f64;
    for (from_top, &at) in order.iter().enumerate() {
        let rank = tests - from_top as f64;
        least = least.min(probabilities[at] * tests / rank);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests;
