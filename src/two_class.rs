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

/// Returns the area under the ROC curve by the rank sum of the positive (Mann–Whitney), ties by
/// midrank; `None` when one class is missing. Sorts the rows, each a score and whether it is
/// positive.
pub(crate) fn roc_auc<S: PartialEq + Copy>(
    rows: &mut [(S, bool)],
    order: impl Fn(&S, &S) -> std::cmp::Ordering,
) -> Option<f64> {
    let positive = rows.iter().filter(|row| row.1).count();
    let negative = rows.len() - positive;
    if positive == 0 || negative == 0 {
        return None;
    }
    rows.sort_unstable_by(|a, b| order(&a.0, &b.0));
    // Twice the rank sum is a whole number, also where ties share their mean rank.
    let mut twice_rank_sum = 0_u128;
    let mut below = 0_u128;
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let len = tied.len() as u128;
        let twice_midrank = 2 * below + len + 1;
        let here = tied.iter().filter(|row| row.1).count() as u128;
        twice_rank_sum += here * twice_midrank;
        below += len;
    }
    let (positive, negative) = (positive as u128, negative as u128);
    let twice_wins = twice_rank_sum - positive * (positive + 1);
    Some(twice_wins as f64 / (2 * positive * negative) as f64)
}

pub(crate) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
