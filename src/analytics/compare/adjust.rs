//! The difference of two means, less what was different before.
//!
//! The outcome is regressed on the side and on covariates by least squares (CUPED; Deng, Xu, Kohavi &
//! Walker 2013, with several covariates). With S the sums of products within the sides, d the
//! difference of the covariates' means and θ = S_xx⁻¹ S_xy, the difference is (ȳ_b − ȳ_a) − θ'd: the
//! coefficient of ordinary least squares. Its squared standard error is
//! s²_a / n_a + s²_b / n_b + s² · d' S_xx⁻¹ d, with the variance of the residuals on each side, so that
//! sides of unequal size and spread do not deceive; s² is that of both. With s²_a = s²_b it is the
//! ordinary one.

use super::super::stats::{Figure, Range, normal_quantile, t_quantile, z};
use serde::Serialize;

/// A covariate of which less than this share is its own, given those taken before it, is left out.
const OWN_SHARE: f64 = 1e-8;

/// Calls per covariate without which nothing is adjusted: the fit would follow the noise.
const CALLS_PER_COVARIATE: u64 = 10;

/// A difference that minds what was different before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Adjusted {
    /// The difference, the second side less the first.
    pub difference: Figure,
    /// Share of the variance within the sides that the covariates explain, `0.0..=1.0`.
    pub removed: f64,
    /// The least difference that is found four times in five.
    pub detectable: f64,
    /// How many covariates were used: those that do not vary, or follow from others, are not.
    pub covariates: u64,
}

/// Means, and sums of products of deviations, of vectors that come one by one (Welford 1962).
#[derive(Clone, Debug)]
pub(super) struct CoMoments {
    count: u64,
    mean: Vec<f64>,
    /// Row after row; the lower triangle is kept.
    products: Vec<f64>,
    deviations: Vec<f64>,
}

impl CoMoments {
    pub(super) fn new(width: usize) -> CoMoments {
        CoMoments {
            count: 0,
            mean: vec![0.0; width],
            products: vec![0.0; width * width],
            deviations: vec![0.0; width],
        }
    }

    /// Adds a vector of the width given, of finite numbers.
    pub(super) fn push(&mut self, vector: &[f64]) {
        self.count += 1;
        let n = self.count as f64;
        let before = (n - 1.0) / n;
        for ((deviation, mean), x) in self.deviations.iter_mut().zip(&mut self.mean).zip(vector) {
            *deviation = x - *mean;
            *mean += *deviation / n;
        }
        let rows = self.products.chunks_exact_mut(self.mean.len());
        for (i, (row, &own)) in rows.zip(&self.deviations).enumerate() {
            // Most indicators are 0 on every call.
            if own == 0.0 {
                continue;
            }
            for (product, other) in row.iter_mut().zip(&self.deviations[..=i]) {
                *product += before * own * other;
            }
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    fn product(&self, i: usize, j: usize) -> f64 {
        self.products[i.max(j) * self.mean.len() + i.min(j)]
    }
}

/// Returns the difference of the means of `outcome`, the second side less the first, given the first
/// `covariates` numbers of the vectors. `None` of too few calls.
pub(super) fn adjust(
    a: &CoMoments,
    b: &CoMoments,
    covariates: usize,
    outcome: usize,
) -> Option<Adjusted> {
    let places: Vec<usize> = (0..covariates).chain([outcome]).collect();
    let width = places.len();
    let mut swept: Vec<Vec<f64>> = places
        .iter()
        .map(|&i| {
            let within = |&j: &usize| a.product(i, j) + b.product(i, j);
            places.iter().map(within).collect()
        })
        .collect();
    let own: Vec<f64> = (0..width).map(|i| swept[i][i]).collect();
    let (na, nb) = (a.count as f64, b.count as f64);
    if a.count < 2 || b.count < 2 || own[covariates] <= 0.0 {
        return None;
    }

    // Take covariates, the one with the largest share of its own first, until none has any left.
    let mut taken = Vec::new();
    let share = |swept: &[Vec<f64>], i: usize| {
        if own[i] > 0.0 {
            swept[i][i] / own[i]
        } else {
            0.0
        }
    };
    while let Some(next) = (0..covariates)
        .filter(|i| !taken.contains(i))
        .max_by(|&i, &j| share(&swept, i).total_cmp(&share(&swept, j)))
        .filter(|&i| share(&swept, i) > OWN_SHARE)
    {
        sweep(&mut swept, next);
        taken.push(next);
    }
    let used = taken.len() as u64;
    if a.count + b.count < 2 + CALLS_PER_COVARIATE * used {
        return None;
    }

    let theta: Vec<f64> = (0..covariates)
        .map(|i| {
            if taken.contains(&i) {
                swept[i][covariates]
            } else {
                0.0
            }
        })
        .collect();
    let apart: Vec<f64> = (0..covariates).map(|i| b.mean[i] - a.mean[i]).collect();
    let moved: f64 = theta.iter().zip(&apart).map(|(t, d)| t * d).sum();
    let value = b.mean[outcome] - a.mean[outcome] - moved;

    // The covariates cost degrees of freedom; both sides pay in proportion.
    let freedom = na + nb - 2.0 - used as f64;
    let paid = (na + nb - 2.0) / freedom;
    let residual = |side: &CoMoments| {
        let linear: f64 = (0..covariates)
            .map(|i| theta[i] * side.product(i, outcome))
            .sum();
        let square: f64 = (0..covariates)
            .flat_map(|i| (0..covariates).map(move |j| (i, j)))
            .map(|(i, j)| theta[i] * theta[j] * side.product(i, j))
            .sum();
        (side.product(outcome, outcome) - 2.0 * linear + square).max(0.0)
    };
    let (ra, rb) = (residual(a), residual(b));
    let va = ra / (na - 1.0) * paid / na;
    let vb = rb / (nb - 1.0) * paid / nb;
    let leverage: f64 = taken
        .iter()
        .flat_map(|&i| taken.iter().map(move |&j| (i, j)))
        .map(|(i, j)| apart[i] * apart[j] * swept[i][j])
        .sum();
    let sides = va + vb;
    let error = (sides + (ra + rb) / freedom * leverage.max(0.0)).sqrt();
    let freedom = match sides {
        0.0 => freedom,
        // Welch 1947.
        _ => sides * sides / (va * va / (na - 1.0) + vb * vb / (nb - 1.0)),
    };
    Some(Adjusted {
        difference: Figure {
            value,
            range: Some(Range::around(value, error * t_quantile(freedom)?)),
            calls: a.count + b.count,
        },
        removed: (1.0 - (ra + rb) / own[covariates]).clamp(0.0, 1.0),
        detectable: (z() + normal_quantile(0.8)) * error,
        covariates: used,
    })
}

/// Sweeps a symmetric matrix at a place (Goodnight 1979): of the places swept it then has the inverse,
/// beside them the coefficients, and elsewhere what they leave.
fn sweep(matrix: &mut [Vec<f64>], at: usize) {
    let pivot = matrix[at][at];
    for x in &mut matrix[at] {
        *x /= pivot;
    }
    let row = matrix[at].clone();
    for (i, other) in matrix.iter_mut().enumerate() {
        if i == at {
            continue;
        }
        let factor = other[at];
        for (x, y) in other.iter_mut().zip(&row) {
            *x -= factor * y;
        }
        other[at] = -factor / pivot;
    }
    matrix[at][at] = 1.0 / pivot;
}
