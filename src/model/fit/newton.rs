//! Newton's method for the loss that linfa-logistic has not: rows that count unequally, weights drawn
//! to others than 0.
//!
//! The loss is convex and, by its penalty, curved in every weight; a step that would not lower it is
//! halved. Its matrix is made of blocks of rows, so that memory is bounded by the columns.

use super::{How, LogisticFit, Problem, stopped};
use crate::error::Result;
use crate::model::predict::sigmoid;
use linfa_linalg::cholesky::SolveCInplace;
use ndarray::{Array1, Array2, ArrayView2};

/// Rows of a block.
const BLOCK: usize = 512;
/// Halvings of a step before rounding is held to be all that is left.
const HALVINGS: i32 = 40;
/// The intercept is not penalised; this much curvature, per row, keeps its pivot above rounding where
/// every call is told with certainty.
const LEAST_CURVATURE: f64 = 1e-12;

/// Fits; the gradient is left to the caller.
pub(super) fn fit(problem: &Problem<'_>, how: &How<'_>) -> Result<LogisticFit> {
    let width = problem.width;
    let rows = problem.rows();
    // Weights, then the intercept.
    let mut at = Array1::zeros(width + 1);
    if let Some((intercept, weights)) = how.start {
        at.iter_mut()
            .zip(weights.iter().chain([&intercept]))
            .for_each(|(at, start)| *at = *start);
    } else if let Some(toward) = problem.toward {
        at.iter_mut().zip(toward).for_each(|(at, to)| *at = *to);
    }
    let mut least = loss(problem, how.alpha, &at);
    for _ in 0..how.max_iterations {
        let (slope, mut curvature) = derivatives(problem, how.alpha, &at);
        if slope.dot(&slope).sqrt() <= how.asked * rows {
            break;
        }
        curvature[[width, width]] += LEAST_CURVATURE * rows;
        let column = slope.insert_axis(ndarray::Axis(1));
        let step = (curvature.solvec_into(column))
            .map_err(|error| stopped(format!("the solver saying {error}")))?
            .remove_axis(ndarray::Axis(1));
        let shorter = (0..HALVINGS).map(|k| 0.5_f64.powi(k));
        let better = shorter
            .map(|part| &at - &(part * &step))
            .map(|next| (loss(problem, how.alpha, &next), next))
            .find(|(smaller, _)| *smaller < least);
        match better {
            Some((smaller, next)) => (least, at) = (smaller, next),
            // Rounding of the loss hides what is left; Newton's step is still right.
            None => {
                let next = &at - &step;
                if next.iter().all(|x| x.is_finite()) {
                    let (slope, _) = derivatives(problem, how.alpha, &next);
                    let (before, _) = derivatives(problem, how.alpha, &at);
                    if slope.dot(&slope) < before.dot(&before) {
                        at = next;
                    }
                }
                break;
            }
        }
    }
    Ok(LogisticFit {
        intercept: at[width],
        weights: at.iter().take(width).copied().collect(),
        gradient: f64::NAN,
    })
}

fn loss(problem: &Problem<'_>, alpha: f64, at: &Array1<f64>) -> f64 {
    let (weights, intercept) = split(at, problem.width);
    let terms = problem.each().map(|(row, positive, count)| {
        let dot: f64 = row.iter().zip(weights).map(|(x, w)| x * w).sum();
        let z = intercept + dot;
        let z = if positive { -z } else { z };
        // ln(1 + e^z) without overflow.
        count * (z.max(0.0) + (-z.abs()).exp().ln_1p())
    });
    let pulled: f64 = problem.off(weights).map(|w| w * w).sum();
    terms.sum::<f64>() + 0.5 * alpha * pulled
}

/// The slope of the loss, and the matrix of its second derivatives.
fn derivatives(problem: &Problem<'_>, alpha: f64, at: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
    let width = problem.width;
    let (weights, intercept) = split(at, width);
    let mut slope = Array1::zeros(width + 1);
    let mut curvature = Array2::zeros((width + 1, width + 1));
    let mut block = Vec::with_capacity(BLOCK * (width + 1));
    let add = |block: &[f64], curvature: &mut Array2<f64>| {
        let shape = (block.len() / (width + 1), width + 1);
        // Of whole rows by construction.
        if let Ok(block) = ArrayView2::from_shape(shape, block) {
            ndarray::linalg::general_mat_mul(1.0, &block.t(), &block, 1.0, curvature);
        }
    };
    for (row, positive, count) in problem.each() {
        let dot: f64 = row.iter().zip(weights).map(|(x, w)| x * w).sum();
        let p = sigmoid(intercept + dot);
        let residual = count * (p - f64::from(u8::from(positive)));
        let root = (count * p * (1.0 - p)).sqrt();
        // The last slope is the intercept's.
        for (slope, x) in slope.iter_mut().zip(row) {
            *slope += residual * x;
        }
        slope[width] += residual;
        block.extend(row.iter().map(|x| root * x));
        block.push(root);
        if block.len() == BLOCK * (width + 1) {
            add(&block, &mut curvature);
            block.clear();
        }
    }
    add(&block, &mut curvature);
    for (i, off) in problem.off(weights).enumerate() {
        slope[i] += alpha * off;
        curvature[[i, i]] += alpha;
    }
    (slope, curvature)
}

/// Weights and intercept.
fn split(at: &Array1<f64>, width: usize) -> (&[f64], f64) {
    let all = at.as_slice().unwrap_or_default();
    (&all[..width.min(all.len())], at[width])
}

#[cfg(test)]
mod tests {
    use super::super::{ASKED, How, Problem, fit};
    use proptest::prelude::*;

    const HOW: How = How {
        alpha: 1.0,
        max_iterations: 100,
        asked: ASKED,
        start: None,
    };

    fn of<'a>(
        table: &'a [f64],
        positive: &'a [bool],
        counts: Option<&'a [f64]>,
        toward: Option<&'a [f64]>,
    ) -> Problem<'a> {
        Problem {
            table,
            width: 2,
            positive,
            counts,
            toward,
        }
    }

    fn table(rows: usize) -> (Vec<f64>, Vec<bool>) {
        let noise = |i: usize, salt: usize| ((i + 1) * salt % 997) as f64 / 997.0 - 0.5;
        let x: Vec<f64> = (0..rows)
            .flat_map(|i| [4.0 * noise(i, 7919), 3.0 * noise(i, 104_729)])
            .collect();
        let y = (0..rows)
            .map(|i| x[2 * i] - 0.5 * x[2 * i + 1] + 6.0 * noise(i, 15_485_863) > 0.7)
            .collect();
        (x, y)
    }

    fn apart(a: &super::LogisticFit, b: &super::LogisticFit) -> f64 {
        let weights = a.weights.iter().zip(&b.weights).map(|(a, b)| (a - b).abs());
        weights.fold((a.intercept - b.intercept).abs(), f64::max)
    }

    /// Drawn to 0 and every row counting once is what linfa fits.
    #[test]
    fn newton_and_linfa_agree() {
        let (x, y) = table(300);
        let linfa = fit(&of(&x, &y, None, None), &HOW).unwrap();
        let newton = fit(&of(&x, &y, None, Some(&[0.0, 0.0])), &HOW).unwrap();
        assert!(apart(&linfa, &newton) < 1e-7);
        assert!(newton.gradient < ASKED, "{}", newton.gradient);
        let ones = vec![1.0; 300];
        let newton = fit(&of(&x, &y, Some(&ones), None), &HOW).unwrap();
        assert!(apart(&linfa, &newton) < 1e-7);
    }

    /// The trick that is exact for whole numbers, by linfa, against the counts.
    #[test]
    fn a_row_that_counts_thrice_is_a_row_given_thrice() {
        let (x, y) = table(120);
        let counts: Vec<f64> = (0..120).map(|i| f64::from(i % 3 + 1)).collect();
        let (mut rows, mut marks) = (Vec::new(), Vec::new());
        for (i, count) in counts.iter().enumerate() {
            for _ in 0..*count as usize {
                rows.extend(&x[2 * i..2 * i + 2]);
                marks.push(y[i]);
            }
        }
        let given = fit(&of(&rows, &marks, None, None), &HOW).unwrap();
        let counted = fit(&of(&x, &y, Some(&counts), None), &HOW).unwrap();
        assert!(apart(&given, &counted) < 1e-7);
    }

    /// Against scikit-learn's `sample_weight`, and against scipy where the weights are drawn to others:
    /// `tests/oracle/weighted.py` makes table and values. Its BFGS stops at slopes near 1e-8 of a loss
    /// whose curvature is above 0.1, so weights agree to 1e-6.
    #[test]
    fn weighted_and_drawn_fits_are_those_of_scikit_learn_and_scipy() {
        #[derive(serde::Deserialize)]
        struct Fits {
            alpha: f64,
            weighted: Vec<f64>,
            drawn: Vec<f64>,
        }
        #[derive(serde::Deserialize)]
        struct Oracle {
            table: Vec<f64>,
            positive: Vec<bool>,
            counts: Vec<f64>,
            toward: Vec<f64>,
            fits: Vec<Fits>,
        }
        let text = include_str!("../../../tests/oracle/weighted.json");
        let oracle: Oracle = serde_json::from_str(text).unwrap();
        for fits in &oracle.fits {
            for (toward, wanted) in [
                (None, &fits.weighted),
                (Some(&oracle.toward[..]), &fits.drawn),
            ] {
                let problem = Problem {
                    table: &oracle.table,
                    width: 3,
                    positive: &oracle.positive,
                    counts: Some(&oracle.counts),
                    toward,
                };
                let alpha = fits.alpha;
                let found = fit(&problem, &How { alpha, ..HOW }).unwrap();
                let found = found.weights.iter().chain([&found.intercept]);
                for (found, wanted) in found.zip(wanted) {
                    assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
                }
            }
        }
    }

    /// A penalty beyond all data leaves the weights where they are drawn to; the intercept is free, and
    /// then the mean probability is the share of positives (the slope by the intercept is 0).
    #[test]
    fn a_heavy_penalty_holds_the_weights_where_they_are_drawn_to() {
        let (x, y) = table(200);
        let toward = [0.7, -1.3];
        let how = How { alpha: 1e9, ..HOW };
        let held = fit(&of(&x, &y, None, Some(&toward)), &how).unwrap();
        for (w, to) in held.weights.iter().zip(toward) {
            assert!((w - to).abs() < 1e-6);
        }
        let mean: f64 = (x.chunks(2))
            .map(|row| super::sigmoid(held.intercept + 0.7 * row[0] - 1.3 * row[1]))
            .sum::<f64>()
            / 200.0;
        let share = y.iter().filter(|y| **y).count() as f64 / 200.0;
        assert!((mean - share).abs() < 1e-6);
    }

    /// By hand: one column that is always 0 has no say, so its weight is the one drawn to; without
    /// other columns b = ln(Σ counts of positives / Σ counts of negatives) = ln(5 / 2).
    #[test]
    fn counts_move_the_intercept_by_hand() {
        let (x, y) = ([0.0; 6], [true, false, true]);
        let problem = of(&x, &y, Some(&[2.0, 2.0, 3.0]), Some(&[0.25, -4.0]));
        let fitted = fit(&problem, &HOW).unwrap();
        assert!((fitted.intercept - 2.5_f64.ln()).abs() < 1e-12);
        assert_eq!(fitted.weights, [0.25, -4.0]);
    }

    #[test]
    fn one_class_has_no_solution() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let problem = of(&x, &[true, true], Some(&[1.0, 2.0]), None);
        assert!(fit(&problem, &HOW).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Drawing to w₀ is an offset: the weights less w₀ solve the problem whose rows have w₀·x added,
        /// checked by the slopes of that loss at the solution.
        #[test]
        fn drawing_to_weights_is_an_offset(
            x in prop::collection::vec(-3.0..3.0_f64, 24),
            y in prop::collection::vec(any::<bool>(), 12),
            toward in prop::collection::vec(-2.0..2.0_f64, 2),
            counts in prop::collection::vec(0.1..5.0_f64, 12),
            alpha in 0.2..20.0_f64,
        ) {
            prop_assume!(y.iter().any(|y| *y) && y.iter().any(|y| !y));
            let how = How { alpha, ..HOW };
            let found = fit(&of(&x, &y, Some(&counts), Some(&toward)), &how).unwrap();
            let v = [found.weights[0] - toward[0], found.weights[1] - toward[1]];
            let mut slopes = [alpha * v[0], alpha * v[1], 0.0];
            for (i, row) in x.chunks(2).enumerate() {
                let offset = toward[0] * row[0] + toward[1] * row[1];
                let z = found.intercept + offset + v[0] * row[0] + v[1] * row[1];
                let off = counts[i] * (1.0 / (1.0 + (-z).exp()) - f64::from(u8::from(y[i])));
                slopes = [slopes[0] + off * row[0], slopes[1] + off * row[1], slopes[2] + off];
            }
            prop_assert!(slopes.iter().all(|slope| slope.abs() < 1e-6), "{slopes:?}");
        }
    }
}
