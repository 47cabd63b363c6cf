//! The fit: the only file that names linfa.
//!
//! linfa-logistic fits; everything after that is ours, because its `fit` also answers `Ok` when it
//! has run out of iterations, and because its positive class is the one with more rows. So the
//! gradient is measured here at the solution, and the signs are turned to *positive*.
//!
//! It takes neither weights nor offsets of rows, and no trick makes it do so exactly: a row that counts
//! w times can be given w times where w is a whole number, not else. So calls are not weighted here.
//!
//! # Conventions
//!
//! * The loss is Σ over rows of ln(1 + e^∓(w·x + b)) + ½ · alpha · ‖w‖²: a sum, not a mean, with the
//!   intercept b not penalised.

use super::predict::sigmoid;
use crate::error::{Error, ErrorKind, Result};
use linfa::prelude::{DatasetBase, Fit, ParamGuard};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

/// A fit has converged when no component of the loss's gradient, divided by the number of calls,
/// is larger than this. linfa is asked for a thousandth of it and comes near that: 7·10⁻¹⁰ on
/// 1,000 calls and 3·10⁻⁹ on 100,000, 80 columns each, where rounding of the loss ends the search.
pub const CONVERGED: f64 = 1e-6;

/// The gradient (Euclidean norm, per call) that linfa is asked for: far below [`CONVERGED`].
pub(super) const ASKED: f64 = 1e-9;

/// The gradient that is enough where models are only compared.
pub(super) const ROUGH: f64 = 1e-7;

/// A logistic regression of "positive".
#[derive(Debug)]
pub(super) struct LogisticFit {
    pub intercept: f64,
    pub weights: Vec<f64>,
    /// Largest component of the gradient per row.
    pub gradient: f64,
}

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// Weight of the penalty.
    pub alpha: f64,
    /// Steps after which the solver gives up.
    pub max_iterations: u64,
    /// The gradient (Euclidean norm, per row) that linfa is asked for: [`ASKED`], or [`ROUGH`].
    pub asked: f64,
}

/// Fits P(positive) = σ(w·x + b) to `table`, rows of `width` columns one after the other.
///
/// # Errors
///
/// [`ErrorKind::NotConverged`] when the solver stops with a gradient above [`CONVERGED`]: also of one
/// class alone, where there is no solution.
pub(super) fn fit(
    table: &[f64],
    width: usize,
    positive: &[bool],
    how: &How,
) -> Result<LogisticFit> {
    let stopped = |found: String| {
        let wanted = format!("a gradient of {CONVERGED:e} per call at most");
        Error::new(ErrorKind::NotConverged, "", found, wanted).hint("raise max_iterations or alpha")
    };
    let rows = positive.len();
    let records = Array2::from_shape_vec((rows, width), table.to_vec())
        .map_err(|e| Error::new(ErrorKind::Internal, "", e, "a rectangular table"))?;
    let dataset = DatasetBase::new(records, Array1::from_vec(positive.to_vec()));

    // Asked for more than rounding allows, the line search may fail right beside the optimum; so
    // ask for less, twice, before giving up.
    let mut asked = how.asked * rows as f64;
    let mut attempts = 0;
    let fitted = loop {
        let params = LogisticRegression::default()
            .alpha(how.alpha)
            .max_iterations(how.max_iterations)
            .gradient_tolerance(asked)
            .check()
            .map_err(|e| Error::new(ErrorKind::Internal, "", e, "options that linfa takes"))?;
        attempts += 1;
        match params.fit(&dataset) {
            Ok(fitted) => break fitted,
            Err(_) if attempts < 3 => asked *= 10.0,
            Err(error) => return Err(stopped(format!("the solver saying {error}"))),
        }
    };
    // linfa's positive class is the one with more rows (on a tie, that of the first row).
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let mut fit = LogisticFit {
        intercept: sign * fitted.intercept(),
        weights: fitted.params().iter().map(|w| sign * w).collect(),
        gradient: 0.0,
    };
    fit.gradient = gradient(table, positive, how.alpha, &fit) / rows as f64;
    // NaN lies in no range.
    if !(0.0..=CONVERGED).contains(&fit.gradient) {
        return Err(stopped(format!(
            "a gradient of {:e} per call",
            fit.gradient
        )));
    }
    Ok(fit)
}

/// Returns the largest component of the gradient of the loss, at least 0.
fn gradient(table: &[f64], positive: &[bool], alpha: f64, fit: &LogisticFit) -> f64 {
    let mut slopes: Vec<f64> = fit.weights.iter().map(|w| alpha * w).collect();
    let mut intercept_slope = 0.0;
    for (row, &positive) in table.chunks_exact(fit.weights.len()).zip(positive) {
        let dot: f64 = row.iter().zip(&fit.weights).map(|(x, w)| x * w).sum();
        let residual = sigmoid(fit.intercept + dot) - f64::from(u8::from(positive));
        intercept_slope += residual;
        for (slope, x) in slopes.iter_mut().zip(row) {
            *slope += residual * x;
        }
    }
    // `f64::max` would pass over NaN.
    let larger = |a: f64, b: f64| {
        if b.abs() > a || b.is_nan() {
            b.abs()
        } else {
            a
        }
    };
    slopes.into_iter().fold(intercept_slope.abs(), larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOW: How = How {
        alpha: 1.0,
        max_iterations: 1_000,
        asked: ASKED,
    };

    /// A table of one column: what linfa itself predicts, and what we make of its fit.
    #[test]
    fn our_probability_is_linfas_whichever_class_is_the_larger() {
        for larger_is_positive in [true, false] {
            let x: Vec<f64> = (0..90).map(|i| f64::from(i % 13) - 6.0).collect();
            let y: Vec<bool> = (0..90)
                .map(|i| (i % 13 + i % 5 > 9) != larger_is_positive)
                .collect();
            let positives = y.iter().filter(|&&y| y).count();
            assert_eq!(positives > 45, larger_is_positive);
            let ours = fit(&x, 1, &y, &HOW).unwrap();

            let records = Array2::from_shape_vec((90, 1), x.clone()).unwrap();
            let dataset = DatasetBase::new(records, Array1::from_vec(y));
            let params = LogisticRegression::default()
                .max_iterations(1_000)
                .gradient_tolerance(ASKED * 90.0);
            let theirs = params.fit(&dataset).unwrap();
            let turned = !theirs.labels().pos.class;
            for (x, p) in x
                .iter()
                .zip(theirs.predict_probabilities(dataset.records()))
            {
                let p = if turned { 1.0 - p } else { p };
                let ours = sigmoid(ours.intercept + ours.weights[0] * x);
                assert!((ours - p).abs() < 1e-12, "{ours} {p}");
            }
            assert!(ours.weights[0].is_sign_negative() == larger_is_positive);
        }
    }

    #[test]
    fn turning_every_answer_around_turns_the_signs() {
        let x: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 80) / 10.0).collect();
        let y: Vec<bool> = (0..80).map(|i| i * 37 % 80 + i % 30 > 45).collect();
        let not: Vec<bool> = y.iter().map(|y| !y).collect();
        let (one, other) = (
            fit(&x, 1, &y, &HOW).unwrap(),
            fit(&x, 1, &not, &HOW).unwrap(),
        );
        assert!((one.weights[0] + other.weights[0]).abs() < 1e-7);
        assert!((one.intercept + other.intercept).abs() < 1e-7);
        assert!(one.weights[0] > 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// The gradient against differences of the loss itself.
        #[test]
        fn gradient_is_the_slope_of_the_loss(
            x in prop::collection::vec(-3.0..3.0_f64, 12),
            w in prop::collection::vec(-2.0..2.0_f64, 2),
            b in -2.0..2.0_f64,
            alpha in 0.1..3.0_f64,
        ) {
            let y = [true, false, true, true, false, false];
            let loss = |w: &[f64], b: f64| {
                let terms = x.chunks(2).zip(y).map(|(row, y)| {
                    let z = b + row[0] * w[0] + row[1] * w[1];
                    (1.0 + (if y { -z } else { z }).exp()).ln()
                });
                terms.sum::<f64>() + alpha / 2.0 * (w[0] * w[0] + w[1] * w[1])
            };
            let h = 1e-5;
            let slopes = [
                loss(&[w[0] + h, w[1]], b) - loss(&[w[0] - h, w[1]], b),
                loss(&[w[0], w[1] + h], b) - loss(&[w[0], w[1] - h], b),
                loss(&w, b + h) - loss(&w, b - h),
            ];
            let wanted = slopes.iter().fold(0.0_f64, |m, s| m.max((s / (2.0 * h)).abs()));
            let at = LogisticFit { intercept: b, weights: w.clone(), gradient: 0.0 };
            prop_assert!((gradient(&x, &y, alpha, &at) - wanted).abs() < 1e-6);
        }
    }
}
