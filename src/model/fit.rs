//! The fit: this room and its [Newton](newton) are the only ones that name linfa.
//!
//! linfa-logistic fits; everything after that is ours, because its `fit` also answers `Ok` when it
//! has run out of iterations, and because its positive class is the one with more rows. So the
//! gradient is measured here at the solution, and the signs are turned to *positive*. It starts from
//! where [Newton's method](newton) has come, which on a large table is some fifty times as fast.
//!
//! It takes neither weights of rows nor a point to draw the weights to. No trick makes it do so
//! exactly: a row that counts w times can be given w times where w is a whole number, not else; and to
//! draw to w₀ is to add the offset w₀·x to each row, a column whose weight would have to stand at 1
//! while linfa penalises and moves it. Where one of the two is asked for, Newton's method fits, with
//! the steps solved by linfa-linalg; without them both reach the same solution, which a test holds.
//!
//! # Conventions
//!
//! * The loss is Σ over rows of v · ln(1 + e^∓(w·x + b)) + ½ · alpha · ‖w − w₀‖²: a sum, not a mean,
//!   with the intercept b not penalised. The counts v are 1 and the point w₀ is 0 where nothing else
//!   is said.

mod newton;

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

/// The gradient that is enough where models are only compared: the log loss is off by its square.
pub(super) const ROUGH: f64 = 1e-5;

/// A logistic regression of "positive".
#[derive(Debug)]
pub(super) struct LogisticFit {
    pub intercept: f64,
    pub weights: Vec<f64>,
    /// Largest component of the gradient per row.
    pub gradient: f64,
}

/// What is fitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Problem<'a> {
    /// The rows, one after the other.
    pub table: &'a [f64],
    /// Columns of a row, at least 1.
    pub width: usize,
    /// What each row is.
    pub positive: &'a [bool],
    /// How many rows each row counts as, above 0; one each where there are none.
    pub counts: Option<&'a [f64]>,
    /// The weights that the penalty draws to; 0 where there are none.
    pub toward: Option<&'a [f64]>,
}

impl Problem<'_> {
    /// Rows, as they count.
    fn rows(&self) -> f64 {
        match self.counts {
            Some(counts) => counts.iter().sum(),
            None => self.positive.len() as f64,
        }
    }

    /// Each row with whether it is positive and how much it counts.
    fn each(&self) -> impl Iterator<Item = (&[f64], bool, f64)> {
        let rows = self.table.chunks_exact(self.width).zip(self.positive);
        let counts = (0..).map(|i| self.counts.map_or(1.0, |counts| counts[i]));
        rows.zip(counts)
            .map(|((row, positive), count)| (row, *positive, count))
    }

    /// What the penalty pulls at: the weights, less those drawn to.
    fn off<'s>(&'s self, weights: &'s [f64]) -> impl Iterator<Item = f64> + 's {
        let toward = (0..).map(|i| self.toward.map_or(0.0, |toward| toward[i]));
        weights.iter().zip(toward).map(|(w, toward)| w - toward)
    }
}

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct How<'a> {
    /// Weight of the penalty.
    pub alpha: f64,
    /// Steps after which the solver gives up.
    pub max_iterations: u64,
    /// The gradient (Euclidean norm, per row) that linfa is asked for: [`ASKED`], or [`ROUGH`].
    pub asked: f64,
    /// Intercept and weights to start from, those of another penalty for instance: fewer steps, the same
    /// solution.
    pub start: Option<(f64, &'a [f64])>,
}

/// Fits P(positive) = σ(w·x + b).
///
/// # Errors
///
/// [`ErrorKind::NotConverged`] when the solver stops with a gradient above [`CONVERGED`]: also of one
/// class alone, where there is no solution.
pub(super) fn fit(problem: &Problem<'_>, how: &How<'_>) -> Result<LogisticFit> {
    if problem.positive.iter().all(|is| *is == problem.positive[0]) {
        // The intercept would grow for ever, and its slope fall.
        return Err(stopped("one class alone".to_owned()));
    }
    let mut fit = match (problem.counts, problem.toward) {
        (None, None) => {
            // linfa's L-BFGS takes many steps, each over all rows; from Newton's solution it takes none.
            let near = newton::fit(problem, how).ok();
            let start = near.as_ref().map(|fit| (fit.intercept, &fit.weights[..]));
            let start = start.or(how.start);
            by_linfa(problem, &How { start, ..*how })?
        }
        _ => newton::fit(problem, how)?,
    };
    fit.gradient = gradient(problem, how.alpha, &fit) / problem.rows();
    // NaN lies in no range.
    if !(0.0..=CONVERGED.max(how.asked)).contains(&fit.gradient) {
        return Err(stopped(format!(
            "a gradient of {:e} per call",
            fit.gradient
        )));
    }
    Ok(fit)
}

fn stopped(found: String) -> Error {
    let wanted = format!("a gradient of {CONVERGED:e} per call at most");
    Error::new(ErrorKind::NotConverged, "", found, wanted).hint("raise max_iterations or alpha")
}

fn by_linfa(problem: &Problem<'_>, how: &How<'_>) -> Result<LogisticFit> {
    let positive = problem.positive;
    let rows = positive.len();
    let records = Array2::from_shape_vec((rows, problem.width), problem.table.to_vec())
        .map_err(|e| Error::new(ErrorKind::Internal, "", e, "a rectangular table"))?;
    let dataset = DatasetBase::new(records, Array1::from_vec(positive.to_vec()));

    // linfa's positive class is the one with more rows (on a tie, that of the first row).
    let count = positive.iter().filter(|is| **is).count();
    let turned = match (2 * count).cmp(&rows) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => positive.first() == Some(&false),
        std::cmp::Ordering::Greater => false,
    };
    let sign = if turned { -1.0 } else { 1.0 };
    let start = how.start.map(|(intercept, weights)| {
        let all = weights.iter().chain([&intercept]);
        Array1::from_iter(all.map(|x| sign * x))
    });
    // Asked for more than rounding allows, the line search may fail right beside the optimum; so
    // ask for less, twice, before giving up.
    let mut asked = how.asked * rows as f64;
    let mut attempts = 0;
    let fitted = loop {
        let mut params = LogisticRegression::default()
            .alpha(how.alpha)
            .max_iterations(how.max_iterations)
            .gradient_tolerance(asked);
        if let Some(start) = &start {
            params = params.initial_params(start.clone());
        }
        let params = params
            .check()
            .map_err(|e| Error::new(ErrorKind::Internal, "", e, "options that linfa takes"))?;
        attempts += 1;
        match params.fit(&dataset) {
            Ok(fitted) => break fitted,
            Err(_) if attempts < 3 => asked *= 10.0,
            Err(error) => return Err(stopped(format!("the solver saying {error}"))),
        }
    };
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(LogisticFit {
        intercept: sign * fitted.intercept(),
        weights: fitted.params().iter().map(|w| sign * w).collect(),
        gradient: f64::NAN,
    })
}

/// Returns the largest component of the gradient of the loss, at least 0.
fn gradient(problem: &Problem<'_>, alpha: f64, fit: &LogisticFit) -> f64 {
    let mut slopes: Vec<f64> = problem.off(&fit.weights).map(|w| alpha * w).collect();
    let mut intercept_slope = 0.0;
    for (row, positive, count) in problem.each() {
        let dot: f64 = row.iter().zip(&fit.weights).map(|(x, w)| x * w).sum();
        let off = sigmoid(fit.intercept + dot) - f64::from(u8::from(positive));
        let residual = count * off;
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
        start: None,
    };

    fn of<'a>(table: &'a [f64], width: usize, positive: &'a [bool]) -> Problem<'a> {
        Problem {
            table,
            width,
            positive,
            counts: None,
            toward: None,
        }
    }

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
            let ours = by_linfa(&of(&x, 1, &y), &HOW).unwrap();

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
    fn a_start_changes_the_way_and_not_the_end() {
        let x: Vec<f64> = (0..160)
            .map(|i| f64::from(i * 37 % 80) / 10.0 - 4.0)
            .collect();
        for larger in [20, 60] {
            let y: Vec<bool> = (0..80).map(|i| i * 37 % 80 + i % 30 > larger).collect();
            let cold = fit(&of(&x, 2, &y), &HOW).unwrap();
            let start = Some((3.0, &[-2.0, 1.0][..]));
            let warm = fit(&of(&x, 2, &y), &How { start, ..HOW }).unwrap();
            let apart = cold
                .weights
                .iter()
                .zip(&warm.weights)
                .map(|(a, b)| (a - b).abs());
            assert!(apart.fold((cold.intercept - warm.intercept).abs(), f64::max) < 1e-7);
            // From the end there is nothing left to do.
            let (start, max_iterations) = (Some((cold.intercept, &cold.weights[..])), 1);
            let how = How {
                start,
                max_iterations,
                asked: ROUGH,
                ..HOW
            };
            assert!(fit(&of(&x, 2, &y), &how).is_ok());
        }
    }

    #[test]
    fn turning_every_answer_around_turns_the_signs() {
        let x: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 80) / 10.0).collect();
        let y: Vec<bool> = (0..80).map(|i| i * 37 % 80 + i % 30 > 45).collect();
        let not: Vec<bool> = y.iter().map(|y| !y).collect();
        let (one, other) = (
            fit(&of(&x, 1, &y), &HOW).unwrap(),
            fit(&of(&x, 1, &not), &HOW).unwrap(),
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
            prop_assert!((gradient(&of(&x, 2, &y), alpha, &at) - wanted).abs() < 1e-6);
        }
    }
}
