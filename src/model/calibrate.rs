//! Calibration: probabilities that come true as often as they say.
//!
//! # Conventions
//!
//! * A score is any number that is larger where the event is likelier; here log-odds of a call by a
//!   model that has not seen it. On the calls a model was trained on there is nothing to learn.
//! * Both maps never turn the order of two scores around.

use super::predict::sigmoid;
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Newton steps; the loss is convex in two unknowns, and a handful are enough.
const STEPS: usize = 100;
/// The gradient at which to stop, per row.
const GRADIENT: f64 = 1e-12;

/// A straight line through log-odds: P = σ(`slope` · score + `intercept`).
///
/// Platt, "Probabilistic outputs for support vector machines", 1999, with the targets he gives to
/// finite samples: (n₊ + 1) / (n₊ + 2) for a positive, 1 / (n₋ + 2) for a negative. A slope below 1
/// draws in a model that is too sure of itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platt {
    /// Of the score.
    pub slope: f64,
    /// Log-odds at score 0.
    pub intercept: f64,
}

impl Platt {
    /// Fits the line by Newton's method with halved steps (Lin, Lin & Weng 2007). `None` where it
    /// would not rise, which is to say that the scores know nothing, or of one class alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a score that is not finite.
    pub fn fit(outcomes: &[(f64, bool)]) -> Result<Option<Platt>> {
        check_scores(outcomes)?;
        let positive = outcomes.iter().filter(|(_, is)| *is).count() as f64;
        let negative = outcomes.len() as f64 - positive;
        if positive == 0.0 || negative == 0.0 {
            return Ok(None);
        }
        let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
        let target = |is: bool| if is { high } else { low };
        // ln(1 + e^z) − t z, without overflow.
        let loss = |line: Platt| {
            let terms = outcomes.iter().map(|&(score, is)| {
                let z = line.slope * score + line.intercept;
                z.max(0.0) + (-z.abs()).exp().ln_1p() - target(is) * z
            });
            terms.sum::<f64>()
        };
        let mut line = Platt {
            slope: 0.0,
            intercept: ((positive + 1.0) / (negative + 1.0)).ln(),
        };
        let mut least = loss(line);
        for _ in 0..STEPS {
            let (mut g, mut h) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
            for &(score, is) in outcomes {
                let p = sigmoid(line.slope * score + line.intercept);
                let (residual, weight) = (p - target(is), p * (1.0 - p));
                g = [g[0] + residual * score, g[1] + residual];
                let [ss, s, one] = h;
                h = [
                    ss + weight * score * score,
                    s + weight * score,
                    one + weight,
                ];
            }
            if g[0].abs().max(g[1].abs()) < GRADIENT * outcomes.len() as f64 {
                break;
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            let step = [
                (h[2] * g[0] - h[1] * g[1]) / determinant,
                (h[0] * g[1] - h[1] * g[0]) / determinant,
            ];
            let halvings = (0..30).map(|k| 0.5_f64.powi(k));
            let better = halvings.map(|part| Platt {
                slope: line.slope - part * step[0],
                intercept: line.intercept - part * step[1],
            });
            let Some((next, smaller)) = better
                .map(|next| (next, loss(next)))
                // Near the end the loss is the same but for rounding, and the step still right.
                .find(|(_, smaller)| *smaller <= least)
            else {
                break;
            };
            (line, least) = (next, smaller);
        }
        let sound = line.slope.is_finite() && line.intercept.is_finite() && line.slope > 0.0;
        Ok(sound.then_some(line))
    }

    /// Returns the calibrated log-odds of a score.
    pub fn log_odds(&self, score: f64) -> f64 {
        self.slope * score + self.intercept
    }
}

/// A rising step function of scores, straight between its steps: isotonic regression.
///
/// The least-squares fit among all that never fall, by pooling neighbours that do (Ayer et al. 1955);
/// read between its points by a straight line and constant beyond them, as scikit-learn's
/// `IsotonicRegression` with `out_of_bounds="clip"`. It needs some thousand calls; below, [`Platt`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Isotonic {
    /// Scores with their probabilities, both ascending; of several alike the first and the last.
    points: Vec<(f64, f64)>,
}

impl Isotonic {
    /// Fits the function; `None` of nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a score that is not finite.
    pub fn fit(outcomes: &[(f64, bool)]) -> Result<Option<Isotonic>> {
        check_scores(outcomes)?;
        let mut rows = outcomes.to_vec();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // Equal scores are one point.
        let groups: Vec<&[(f64, bool)]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
        let shares: Vec<(f64, f64)> = groups
            .iter()
            .map(|group| {
                let rows = group.len() as f64;
                (
                    group.iter().filter(|(_, is)| *is).count() as f64 / rows,
                    rows,
                )
            })
            .collect();
        let fitted = pooled(&shares);
        let all: Vec<(f64, f64)> = groups
            .iter()
            .zip(fitted)
            .filter_map(|(group, share)| Some((group.first()?.0, share)))
            .collect();
        // A point between two of its own height says nothing.
        let level = |i: usize| {
            i > 0 && i + 1 < all.len() && all[i - 1].1 == all[i].1 && all[i].1 == all[i + 1].1
        };
        let points: Vec<(f64, f64)> = (0..all.len())
            .filter(|&i| !level(i))
            .map(|i| all[i])
            .collect();
        Ok((!points.is_empty()).then_some(Isotonic { points }))
    }

    /// Returns whether the points are what [`Isotonic::fit`] can have made.
    pub(super) fn is_sound(&self) -> bool {
        let in_order = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        let sound = |(score, share): &(f64, f64)| score.is_finite() && (0.0..=1.0).contains(share);
        !self.points.is_empty()
            && self.points.iter().all(sound)
            && self.points.windows(2).all(in_order)
    }

    /// Returns the probability of a score, `0.0..=1.0`.
    pub fn probability(&self, score: f64) -> f64 {
        let after = self.points.partition_point(|point| point.0 < score);
        let (before, after) = (after.checked_sub(1), self.points.get(after));
        match (before.and_then(|i| self.points.get(i)), after) {
            (Some(&(x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * ((score - x0) / (x1 - x0)),
            (Some(&(_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => f64::NAN,
        }
    }
}

/// Returns the rising sequence nearest to values with weights, by pooling neighbours that fall.
pub(super) fn pooled(values: &[(f64, f64)]) -> Vec<f64> {
    // Each pool: its mean, its weight, how many values it holds.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(values.len());
    for &(value, weight) in values {
        let mut pool = (value, weight, 1);
        while let Some(&(mean, weight, count)) = pools.last()
            && mean >= pool.0
        {
            let all = weight + pool.1;
            pool = ((mean * weight + pool.0 * pool.1) / all, all, count + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let spread = pools
        .iter()
        .flat_map(|&(mean, _, count)| std::iter::repeat_n(mean, count));
    spread.collect()
}

/// Returns, for each mark but the lowest, the expected mark from which a call counts as that mark, so
/// that the calls get the marks as often as customers gave them.
///
/// `surveyed` holds how many customers gave each mark, ascending. The averages of a centre then stay
/// where its survey has them, also when the model is trained again (Manderscheid & Lee 2024). It is the
/// quantile map: a mark's threshold is the estimate that as large a share lies below as surveyed
/// marks are lower. `None` where a call or a surveyed mark is wanted and there is none.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for an estimate that is not finite.
pub fn matching_thresholds(estimates: &[f64], surveyed: &[u64]) -> Result<Option<Vec<f64>>> {
    if let Some(found) = estimates.iter().find(|e| !e.is_finite()) {
        return Err(Error::new(
            ErrorKind::Invalid,
            "estimate",
            found,
            "a finite number",
        ));
    }
    let all: u64 = surveyed.iter().sum();
    if estimates.is_empty() || all == 0 {
        return Ok(None);
    }
    let mut sorted = estimates.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut lower = 0;
    let thresholds = surveyed[..surveyed.len() - 1].iter().map(|count| {
        lower += count;
        // As many estimates below as the share wants, rounded to whole calls.
        let below = (lower as f64 / all as f64 * sorted.len() as f64).round() as usize;
        sorted.get(below).copied().unwrap_or(f64::INFINITY)
    });
    Ok(Some(thresholds.collect()))
}

fn check_scores(outcomes: &[(f64, bool)]) -> Result<()> {
    match outcomes.iter().find(|(score, _)| !score.is_finite()) {
        Some((score, _)) => Err(Error::new(
            ErrorKind::Invalid,
            "score",
            score,
            "a finite number",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Scores 0 and 1, a quarter and three quarters positive of 4 each. Targets (4 + 1) / (4 + 2) = 5/6
    /// and 1 / 6. Mean target at 0: (5/6 + 3 · 1/6) / 4 = 1/3; at 1: (3 · 5/6 + 1/6) / 4 = 2/3. Two
    /// points and two unknowns: σ(b) = 1/3, σ(a + b) = 2/3, so b = −ln 2, a = 2 ln 2.
    #[test]
    fn a_line_by_hand() {
        let rows = [
            (0.0, 1),
            (0.0, 0),
            (0.0, 0),
            (0.0, 0),
            (1.0, 1),
            (1.0, 1),
            (1.0, 1),
            (1.0, 0),
        ];
        let rows = rows.map(|(score, is)| (score, is == 1));
        let line = Platt::fit(&rows).unwrap().unwrap();
        assert!((line.intercept + 2f64.ln()).abs() < 1e-9, "{line:?}");
        assert!((line.slope - 2.0 * 2f64.ln()).abs() < 1e-9, "{line:?}");
        assert!((line.log_odds(0.5)).abs() < 1e-9);
    }

    #[test]
    fn no_line_where_there_is_none() {
        assert_eq!(Platt::fit(&[]).unwrap(), None);
        assert_eq!(Platt::fit(&[(1.0, true), (2.0, true)]).unwrap(), None);
        // It falls.
        let rows = [(0.0, true), (0.0, true), (1.0, false), (1.0, false)];
        assert_eq!(Platt::fit(&rows).unwrap(), None);
        assert!(Platt::fit(&[(f64::NAN, true)]).is_err());
        // Separable, and finite all the same.
        let rows = [(-1e3, false), (1e3, true)];
        assert!(Platt::fit(&rows).unwrap().unwrap().slope.is_finite());
    }

    /// 0, 1, 0, 1, 1 at 1..5: the second and third pool to ½. The value between 1 and 2 is halfway.
    #[test]
    fn an_isotonic_fit_by_hand() {
        let rows = [
            (3.0, false),
            (1.0, false),
            (2.0, true),
            (4.0, true),
            (5.0, true),
        ];
        let fit = Isotonic::fit(&rows).unwrap().unwrap();
        let at = |score| fit.probability(score);
        assert_eq!([1.0, 2.0, 3.0, 4.0, 5.0].map(at), [0.0, 0.5, 0.5, 1.0, 1.0]);
        assert_eq!([-9.0, 1.5, 3.5, 9.0].map(at), [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(Isotonic::fit(&[]).unwrap(), None);
    }

    /// Ten calls; of ten customers 1, 2 and 7 gave the marks 1, 2, 3: one call below the first threshold,
    /// three below the second.
    #[test]
    fn thresholds_give_the_surveyed_shares() {
        let estimates: Vec<f64> = (0..10).rev().map(f64::from).collect();
        let thresholds = matching_thresholds(&estimates, &[1, 2, 7]).unwrap();
        assert_eq!(thresholds, Some(vec![1.0, 3.0]));
        assert_eq!(matching_thresholds(&[], &[1]).unwrap(), None);
        assert_eq!(matching_thresholds(&[1.0], &[0, 0]).unwrap(), None);
        assert_eq!(
            matching_thresholds(&[1.0], &[1, 0]).unwrap(),
            Some(vec![f64::INFINITY])
        );
        assert!(matching_thresholds(&[f64::NAN], &[1]).is_err());
    }

    proptest! {
        /// Pooling gives what the min-max formula of isotonic regression says (Robertson et al. 1988):
        /// the largest over starts up to i of the least over ends from i on of the mean between.
        #[test]
        fn pooling_is_the_min_max_formula(
            values in prop::collection::vec((0.0..1.0_f64, 0.5..3.0_f64), 1..12),
        ) {
            let found = pooled(&values);
            let mean = |from: usize, to: usize| {
                let part = &values[from..=to];
                let weights: f64 = part.iter().map(|v| v.1).sum();
                part.iter().map(|v| v.0 * v.1).sum::<f64>() / weights
            };
            for (i, found) in found.iter().enumerate() {
                let least = |from| (i..values.len()).map(|to| mean(from, to)).fold(2.0, f64::min);
                let wanted = (0..=i).map(least).fold(-1.0, f64::max);
                prop_assert!((found - wanted).abs() < 1e-12);
            }
        }

        /// At the optimum the mean probability is the mean target.
        #[test]
        fn a_line_is_calibrated_in_the_large(
            scores in prop::collection::vec(-3.0..3.0_f64, 20..60),
        ) {
            let rows: Vec<(f64, bool)> = (scores.iter().enumerate())
                .map(|(i, &s)| (s, s + ((i * 7 % 11) as f64 - 5.0) / 2.0 > 0.0))
                .collect();
            if let Some(line) = Platt::fit(&rows).unwrap() {
                let n = rows.iter().filter(|r| r.1).count() as f64;
                let m = rows.len() as f64 - n;
                let wanted = n * (n + 1.0) / (n + 2.0) + m / (m + 2.0);
                let found: f64 = rows.iter().map(|r| sigmoid(line.log_odds(r.0))).sum();
                prop_assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
            }
        }
    }
}
