//! Counts and the ROC area of decisions between two classes, whatever the classes are.
//!
//! [`model::metrics`](crate::model::metrics) judges predictions of customers with it,
//! [`vad::evaluate`](crate::vad::evaluate) the frames of a detector. What is not defined is `None`.

use serde::{Deserialize, Serialize};

/// Counts by what was said and what is true. Of customers a positive is a satisfied one, of frames
/// one of speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confusion {
    /// Called positive, and positive.
    pub true_positive: u64,
    /// Called positive, and not.
    pub false_positive: u64,
    /// Not called positive, though positive.
    pub false_negative: u64,
    /// Not called positive, and not.
    pub true_negative: u64,
}

impl Confusion {
    /// Counts one more.
    pub fn count(&mut self, called: bool, is: bool) {
        *match (called, is) {
            (true, true) => &mut self.true_positive,
            (true, false) => &mut self.false_positive,
            (false, true) => &mut self.false_negative,
            (false, false) => &mut self.true_negative,
        } += 1;
    }

    /// Adds the counts of another set.
    pub fn merge(&mut self, other: Confusion) {
        self.true_positive += other.true_positive;
        self.false_positive += other.false_positive;
        self.false_negative += other.false_negative;
        self.true_negative += other.true_negative;
    }

    /// Returns how many were counted.
    pub fn total(&self) -> u64 {
        self.true_positive + self.false_positive + self.false_negative + self.true_negative
    }

    /// Returns the share called rightly, or `None` of nothing.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.true_positive + self.true_negative, self.total())
    }

    /// Returns the share of those called positive who are, or `None` when none is called so.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positive, self.true_positive + self.false_positive)
    }

    /// Returns the share of the positive who are called so, or `None` when none is positive.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positive, self.true_positive + self.false_negative)
    }

    /// Returns the share of the negative who are called positive, or `None` when none is negative.
    pub fn false_positive_rate(&self) -> Option<f64> {
        ratio(
            self.false_positive,
            self.false_positive + self.true_negative,
        )
    }

    /// Returns the mean of recall and of the share of negatives called so, or `None` when one class
    /// is missing.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some((self.recall()? + 1.0 - self.false_positive_rate()?) / 2.0)
    }

    /// Returns the harmonic mean of precision and recall, or `None` when it is 0/0.
    pub fn f1(&self) -> Option<f64> {
        let twice = 2 * self.true_positive;
        ratio(twice, twice + self.false_positive + self.false_negative)
    }
}

/// The rows of one score, by class.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    /// How many are positive.
    pub(crate) positive: u64,
    /// How many are not.
    pub(crate) negative: u64,
}

impl Level {
    /// Counts one more row.
    pub(crate) fn count(&mut self, positive: bool) {
        *if positive {
            &mut self.positive
        } else {
            &mut self.negative
        } += 1;
    }
}

/// Returns the area under the ROC curve, ties counting one half; `None` when one class is missing.
/// Sorts the rows, each a score and whether it is positive.
pub(crate) fn roc_auc<S: PartialEq + Copy>(
    rows: &mut [(S, bool)],
    order: impl Fn(&S, &S) -> std::cmp::Ordering,
) -> Option<f64> {
    rows.sort_unstable_by(|a, b| order(&a.0, &b.0));
    roc_auc_of(rows.chunk_by(|a, b| a.0 == b.0).map(|tied| {
        let mut level = Level::default();
        tied.iter().for_each(|row| level.count(row.1));
        level
    }))
}

/// Returns the area under the ROC curve as the share of pairs of a positive and a negative row that
/// the score puts in order (Mann–Whitney; Bamber 1975), a tie counting one half. The levels come
/// with the lowest score first and may be empty. `None` when one class is missing.
pub(crate) fn roc_auc_of(ascending: impl IntoIterator<Item = Level>) -> Option<f64> {
    // Twice the wins is a whole number, so ties lose no digit.
    let (mut positive, mut negative, mut twice_wins) = (0_u128, 0_u128, 0_u128);
    for level in ascending {
        let here = (u128::from(level.positive), u128::from(level.negative));
        twice_wins += here.0 * (2 * negative + here.1);
        positive += here.0;
        negative += here.1;
    }
    let twice_pairs = 2 * positive * negative;
    (twice_pairs > 0).then(|| twice_wins as f64 / twice_pairs as f64)
}

/// Returns the average precision: the precision at each score taken as the threshold, weighted by
/// the recall that this score adds (scikit-learn's `average_precision_score`). The levels come with
/// the highest score first and may be empty. `None` when nothing is positive.
pub(crate) fn average_precision_of(descending: impl IntoIterator<Item = Level>) -> Option<f64> {
    let (mut positive, mut called, mut sum) = (0_u64, 0_u64, 0.0_f64);
    for level in descending {
        positive += level.positive;
        called += level.positive + level.negative;
        if let Some(precision) = ratio(positive, called) {
            sum += precision * level.positive as f64;
        }
    }
    (positive > 0).then(|| sum / positive as f64)
}

pub(crate) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
