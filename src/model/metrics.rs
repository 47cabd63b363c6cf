//! How good predictions are.
//!
//! # Conventions
//!
//! * Every figure is about one named class: *satisfied*. A probability is that of satisfaction, a
//!   positive is a satisfied customer, precision and recall are those of calling one satisfied.
//! * A figure that is not defined is `None`: the ROC area of a single class, anything of no rows.
//!   It is never 0 and never NaN, so that it cannot be averaged by mistake.
//! * Arithmetic is in `f64` throughout; sums run in row order, so equal rows give equal figures.
//! * [`Evaluation`] is what a model file holds. [`Separation`] says more of how the probabilities
//!   rank the customers and is in no file. How far a figure would stray on other customers of the
//!   same kind is asked of [`bootstrap`](super::bootstrap).
//! * For the figures of the other class, hand in 1 − probability and the opposite of `satisfied`.

use crate::error::{Error, ErrorKind, Result};
use crate::two_class::{self, Level, ratio};
use serde::{Deserialize, Serialize};

pub use crate::two_class::Confusion;

/// Bins of the reliability curve and of the expected calibration error: equally wide, the usual 10.
pub const RELIABILITY_BINS: usize = 10;

/// What was predicted of a call, and what the customer said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Predicted probability that the customer is satisfied, `0.0..=1.0`.
    pub probability: f64,
    /// Whether the customer is.
    pub satisfied: bool,
}

/// The figures of a set of predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Evaluation {
    /// Number of calls.
    pub rows: u64,
    /// Share of satisfied customers, `0.0..=1.0`.
    pub base_rate: Option<f64>,
    /// Area under the ROC curve, `0.0..=1.0`: the chance that a satisfied customer gets a higher
    /// probability than one who is not, a tie counting one half. `None` when one class is missing.
    pub roc_auc: Option<f64>,
    /// Mean of −ln of the probability given to what happened, in nats, 0 or more. Probabilities are
    /// clipped to [2⁻⁵², 1 − 2⁻⁵²] first, as scikit-learn does, so one certain and wrong prediction
    /// costs 36 nats instead of infinity.
    pub log_loss: Option<f64>,
    /// Mean squared difference of probability and outcome (Brier 1950, for two classes halved),
    /// `0.0..=1.0`.
    pub brier: Option<f64>,
    /// Mean probability minus base rate ("calibration in the large"): positive when the model
    /// promises more satisfied customers than there are.
    pub calibration_in_the_large: Option<f64>,
    /// Expected calibration error over [`RELIABILITY_BINS`] bins of equal width (Naeini et al.
    /// 2015): |mean probability − share satisfied| per bin, weighted by the rows in it.
    pub calibration_error: Option<f64>,
    /// From this probability up a customer is called satisfied.
    pub threshold: f64,
    /// What follows from calling them so.
    pub confusion: Confusion,
    /// Share of calls called rightly.
    pub accuracy: Option<f64>,
    /// Share of those called satisfied who are; `None` when nobody is called so.
    pub precision: Option<f64>,
    /// Share of the satisfied who are called so; `None` when nobody is.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall, as 2·TP / (2·TP + FP + FN); `None` when that is 0/0.
    pub f1: Option<f64>,
}

/// How well probabilities tell the satisfied from the others, whatever the threshold.
///
/// ```
/// use callcsi::model::{Outcome, Separation};
/// let outcomes = [(0.9, true), (0.6, false), (0.4, true), (0.2, false)]
///     .map(|(probability, satisfied)| Outcome { probability, satisfied });
/// let separation = Separation::of(&outcomes)?;
/// // Of the four pairs of a satisfied customer and another, 0.4 against 0.6 is out of order.
/// assert_eq!((separation.roc_auc, separation.gini), (Some(0.75), Some(0.5)));
/// // Precision 1/1 where the first is found, 2/3 where the second is.
/// assert_eq!(separation.average_precision, Some((1.0 + 2.0 / 3.0) / 2.0));
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Separation {
    /// Number of calls.
    pub rows: u64,
    /// Share of satisfied customers, `0.0..=1.0`: what the average precision comes near when the
    /// probabilities say nothing. `None` of no rows.
    pub base_rate: Option<f64>,
    /// Area under the ROC curve, as [`Evaluation::roc_auc`].
    pub roc_auc: Option<f64>,
    /// Gini coefficient of credit scoring, also called accuracy ratio or Somers' D: 2 · AUC − 1,
    /// `-1.0..=1.0`, 0 of chance. `None` when one class is missing.
    pub gini: Option<f64>,
    /// Area under the curve of precision over recall as the average precision, `0.0..=1.0`:
    /// Σ (Rₖ − Rₖ₋₁) · Pₖ over the distinct probabilities as thresholds, from the highest down
    /// (scikit-learn's `average_precision_score`; no line is drawn between the points, which would
    /// promise too much: Davis & Goadrich 2006). Calls of one probability are one threshold, so
    /// their order does not matter. 1 when all are satisfied, as their precision is; `None` when
    /// nobody is.
    pub average_precision: Option<f64>,
}

/// Predictions in order of their probability, put so once: the figures of many resamples then cost
/// no sort each.
///
/// ```
/// use callcsi::model::bootstrap::{Bootstrap, Units};
/// use callcsi::model::{Outcome, Ranking};
/// let outcomes: Vec<Outcome> = (0..200)
///     .map(|i| Outcome { probability: f64::from(i) / 200.0, satisfied: (i * 7) % 200 < i })
///     .collect();
/// let ranking = Ranking::of(&outcomes)?;
/// let units = Units::rows(outcomes.len());
/// let interval = Bootstrap::default().interval(&units, |rows| ranking.roc_auc(rows))?;
/// assert!(interval.is_some_and(|i| i.low > 0.7 && i.high < 0.95));
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Of each row the number of its probability among the distinct ones, ascending, and whether
    /// the customer is satisfied.
    rows: Vec<(usize, bool)>,
    /// How many distinct probabilities there are.
    levels: usize,
}

/// One bin of the reliability curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReliabilityBin {
    /// Calls whose probability lies in the bin.
    pub rows: u64,
    /// Their mean probability; `None` in an empty bin.
    pub mean_probability: Option<f64>,
    /// Their share of satisfied customers; `None` in an empty bin.
    pub satisfied_share: Option<f64>,
}

impl Evaluation {
    /// Evaluates predictions, calling satisfied whoever has at least the probability `threshold`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a probability or a threshold outside `0.0..=1.0`.
    pub fn of(outcomes: &[Outcome], threshold: f64) -> Result<Evaluation> {
        check_probability("threshold", threshold)?;
        check_outcomes(outcomes)?;
        let confusion = Confusion::at(outcomes, threshold);
        let mean = |value: fn(&Outcome) -> f64| mean(outcomes.iter().map(value));
        let base_rate = mean(|o| f64::from(u8::from(o.satisfied)));
        Ok(Evaluation {
            rows: outcomes.len() as u64,
            base_rate,
            roc_auc: roc_auc(outcomes),
            log_loss: mean(surprise),
            brier: mean(|o| (o.probability - f64::from(u8::from(o.satisfied))).powi(2)),
            calibration_in_the_large: mean(|o| o.probability - f64::from(u8::from(o.satisfied))),
            calibration_error: calibration_error(outcomes),
            threshold,
            confusion,
            accuracy: confusion.accuracy(),
            precision: confusion.precision(),
            recall: confusion.recall(),
            f1: confusion.f1(),
        })
    }
}

impl Separation {
    /// Evaluates how predictions rank the customers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a probability outside `0.0..=1.0`.
    pub fn of(outcomes: &[Outcome]) -> Result<Separation> {
        let ranking = Ranking::of(outcomes)?;
        let levels = ranking.counted(0..outcomes.len());
        let levels = levels.as_deref().unwrap_or_default();
        let roc_auc = two_class::roc_auc_of(levels.iter().copied());
        Ok(Separation {
            rows: outcomes.len() as u64,
            base_rate: mean(outcomes.iter().map(|o| f64::from(u8::from(o.satisfied)))),
            roc_auc,
            gini: roc_auc.map(gini),
            average_precision: two_class::average_precision_of(levels.iter().rev().copied()),
        })
    }
}

impl Ranking {
    /// Ranks predictions.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a probability outside `0.0..=1.0`.
    pub fn of(outcomes: &[Outcome]) -> Result<Ranking> {
        check_outcomes(outcomes)?;
        let mut order: Vec<(usize, &Outcome)> = outcomes.iter().enumerate().collect();
        order.sort_unstable_by(|a, b| a.1.probability.total_cmp(&b.1.probability));
        let mut rows = vec![(0, false); outcomes.len()];
        let mut levels = 0;
        for tied in order.chunk_by(|a, b| a.1.probability == b.1.probability) {
            for &(row, outcome) in tied {
                rows[row] = (levels, outcome.satisfied);
            }
            levels += 1;
        }
        Ok(Ranking { rows, levels })
    }

    /// Returns the area under the ROC curve of the rows with these indices, each as often as it is
    /// listed; defined as [`Evaluation::roc_auc`]. `None` also when there is no such row.
    pub fn roc_auc(&self, rows: &[usize]) -> Option<f64> {
        two_class::roc_auc_of(self.counted(rows.iter().copied())?)
    }

    /// Returns the Gini coefficient of the rows with these indices, each as often as it is listed;
    /// defined as [`Separation::gini`]. `None` also when there is no such row.
    pub fn gini(&self, rows: &[usize]) -> Option<f64> {
        self.roc_auc(rows).map(gini)
    }

    /// Returns the average precision of the rows with these indices, each as often as it is listed;
    /// defined as [`Separation::average_precision`]. `None` also when there is no such row.
    pub fn average_precision(&self, rows: &[usize]) -> Option<f64> {
        let levels = self.counted(rows.iter().copied())?;
        two_class::average_precision_of(levels.into_iter().rev())
    }

    /// Counts rows by distinct probability, ascending, and class; `None` when one is not there.
    fn counted(&self, rows: impl Iterator<Item = usize>) -> Option<Vec<Level>> {
        let mut levels = vec![Level::default(); self.levels];
        for row in rows {
            let &(level, satisfied) = self.rows.get(row)?;
            levels.get_mut(level)?.count(satisfied);
        }
        Some(levels)
    }
}

impl Confusion {
    /// Counts the calls, calling satisfied whoever has at least the probability `threshold`.
    pub fn at(outcomes: &[Outcome], threshold: f64) -> Confusion {
        let mut counts = Confusion::default();
        for outcome in outcomes {
            counts.count(outcome.probability >= threshold, outcome.satisfied);
        }
        counts
    }
}

/// Returns the reliability curve: bin `i` holds the probabilities in [i/10, (i+1)/10), the last one
/// 1 as well. Probabilities outside `0.0..=1.0` count into the nearest bin.
pub fn reliability(outcomes: &[Outcome]) -> [ReliabilityBin; RELIABILITY_BINS] {
    let mut sums = [(0_u64, 0.0_f64, 0_u64); RELIABILITY_BINS];
    for outcome in outcomes {
        // A cast to an integer saturates, so nothing falls outside the bins.
        let bin = (outcome.probability * RELIABILITY_BINS as f64) as usize;
        let sum = &mut sums[bin.min(RELIABILITY_BINS - 1)];
        sum.0 += 1;
        sum.1 += outcome.probability;
        sum.2 += u64::from(outcome.satisfied);
    }
    sums.map(|(rows, probability, satisfied)| ReliabilityBin {
        rows,
        mean_probability: (rows > 0).then(|| probability / rows as f64),
        satisfied_share: ratio(satisfied, rows),
    })
}

fn calibration_error(outcomes: &[Outcome]) -> Option<f64> {
    if outcomes.is_empty() {
        return None;
    }
    let weighted = reliability(outcomes).into_iter().filter_map(|bin| {
        let distance = (bin.mean_probability? - bin.satisfied_share?).abs();
        Some(distance * bin.rows as f64)
    });
    Some(weighted.sum::<f64>() / outcomes.len() as f64)
}

fn roc_auc(outcomes: &[Outcome]) -> Option<f64> {
    let rows = outcomes.iter().map(|o| (o.probability, o.satisfied));
    two_class::roc_auc(&mut rows.collect::<Vec<_>>(), f64::total_cmp)
}

/// −ln of the probability given to what happened, clipped as [`Evaluation::log_loss`] says.
fn surprise(outcome: &Outcome) -> f64 {
    let p = outcome.probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if outcome.satisfied {
        -p.ln()
    } else {
        -(-p).ln_1p()
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let rows = values.len();
    (rows > 0).then(|| values.sum::<f64>() / rows as f64)
}

fn gini(roc_auc: f64) -> f64 {
    2.0 * roc_auc - 1.0
}

fn check_outcomes(outcomes: &[Outcome]) -> Result<()> {
    for (row, outcome) in outcomes.iter().enumerate() {
        check_probability(&format!("outcome {}", row + 1), outcome.probability)?;
    }
    Ok(())
}

fn check_probability(place: &str, found: f64) -> Result<()> {
    if (0.0..=1.0).contains(&found) {
        return Ok(());
    }
    let wanted = "a probability from 0 to 1";
    Err(Error::new(ErrorKind::Invalid, place, found, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcomes(rows: &[(f64, bool)]) -> Vec<Outcome> {
        rows.iter()
            .map(|&(probability, satisfied)| Outcome {
                probability,
                satisfied,
            })
            .collect()
    }

    fn near(found: Option<f64>, wanted: f64) {
        let found = found.unwrap();
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    }

    #[test]
    fn nothing_has_no_figures() {
        let e = Evaluation::of(&[], 0.5).unwrap();
        assert_eq!(e.rows, 0);
        for figure in [
            e.base_rate,
            e.roc_auc,
            e.log_loss,
            e.brier,
            e.calibration_in_the_large,
            e.calibration_error,
            e.accuracy,
            e.precision,
            e.recall,
            e.f1,
        ] {
            assert_eq!(figure, None);
        }
    }

    #[test]
    fn one_class_has_no_roc_area_but_a_loss() {
        let e = Evaluation::of(&outcomes(&[(0.5, true), (0.5, true)]), 0.5).unwrap();
        assert_eq!(e.roc_auc, None);
        near(e.log_loss, 2.0_f64.ln());
        let e = Evaluation::of(&outcomes(&[(0.1, false)]), 0.5).unwrap();
        assert_eq!(
            (e.roc_auc, e.precision, e.recall, e.f1),
            (None, None, None, None)
        );
        assert_eq!(e.accuracy, Some(1.0));
    }

    #[test]
    fn malformed_probabilities_are_named() {
        for bad in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            let error = Evaluation::of(&outcomes(&[(0.5, true), (bad, true)]), 0.5).unwrap_err();
            assert_eq!(error.place(), "outcome 2");
            assert!(Evaluation::of(&[], bad).is_err());
        }
    }

    #[test]
    fn perfect_predictions_are_perfect() {
        let e = Evaluation::of(&outcomes(&[(1.0, true), (0.0, false), (1.0, true)]), 0.5).unwrap();
        assert_eq!(e.roc_auc, Some(1.0));
        assert_eq!((e.brier, e.calibration_error), (Some(0.0), Some(0.0)));
        assert_eq!(
            (e.precision, e.recall, e.f1),
            (Some(1.0), Some(1.0), Some(1.0))
        );
        assert!(e.log_loss.unwrap() < 1e-15);
    }

    /// Five calls by hand. Called satisfied at 0.5: the first three; satisfied: the 1st and the 4th.
    /// TP 1, FP 2, FN 1, TN 1: precision 1/3, recall 1/2, F1 2/(2+2+1) = 0.4, accuracy 2/5.
    /// Pairs (satisfied, not): 0.9 beats 0.6, 0.6, 0.2 (3 wins); 0.4 beats 0.2 (1): AUC 4/6.
    /// Brier: (0.01 + 0.36 + 0.36 + 0.36 + 0.04)/5. Mean p 2.7/5 against 2/5.
    /// Bins: 0.9 alone |0.9−1|, the two 0.6 |0.6−0|·2, 0.4 |0.4−1|, 0.2 |0.2−0|: sum 2.1 / 5.
    #[test]
    fn five_calls_by_hand() {
        let rows = outcomes(&[
            (0.9, true),
            (0.6, false),
            (0.6, false),
            (0.4, true),
            (0.2, false),
        ]);
        let e = Evaluation::of(&rows, 0.5).unwrap();
        assert_eq!(
            e.confusion,
            Confusion {
                true_positive: 1,
                false_positive: 2,
                false_negative: 1,
                true_negative: 1
            }
        );
        near(e.precision, 1.0 / 3.0);
        near(e.recall, 0.5);
        near(e.f1, 0.4);
        near(e.accuracy, 0.4);
        near(e.base_rate, 0.4);
        near(e.roc_auc, 4.0 / 6.0);
        near(e.brier, 1.13 / 5.0);
        near(e.calibration_in_the_large, 0.14);
        near(e.calibration_error, 2.1 / 5.0);
        // Thresholds from the top: 0.9 finds one of two at precision 1/1, the two of 0.6 find none,
        // 0.4 finds the other at precision 2/4. Average precision: (1 + 1/2)/2.
        let s = Separation::of(&rows).unwrap();
        assert_eq!(s.roc_auc, e.roc_auc);
        near(s.gini, 2.0 * 4.0 / 6.0 - 1.0);
        near(s.average_precision, 0.75);
        near(s.base_rate, 0.4);
        // The second and the fourth call twice: 0.4 loses to 0.6 in all four pairs, and is found
        // at precision 2/4.
        let ranking = Ranking::of(&rows).unwrap();
        assert_eq!(ranking.roc_auc(&[3, 1, 3, 1]), Some(0.0));
        assert_eq!(ranking.gini(&[3, 1, 3, 1]), Some(-1.0));
        assert_eq!(ranking.average_precision(&[3, 1, 3, 1]), Some(0.5));
    }

    #[test]
    fn separation_of_nothing_and_of_one_class() {
        let s = Separation::of(&[]).unwrap();
        assert_eq!((s.rows, s.base_rate, s.roc_auc), (0, None, None));
        assert_eq!((s.gini, s.average_precision), (None, None));
        let s = Separation::of(&outcomes(&[(0.1, false), (0.3, false)])).unwrap();
        assert_eq!((s.roc_auc, s.gini, s.average_precision), (None, None, None));
        let s = Separation::of(&outcomes(&[(0.1, true), (0.3, true)])).unwrap();
        assert_eq!(
            (s.roc_auc, s.gini, s.average_precision),
            (None, None, Some(1.0))
        );
        let error = Separation::of(&outcomes(&[(f64::NAN, true)])).unwrap_err();
        assert_eq!(error.place(), "outcome 1");
        let ranking = Ranking::of(&outcomes(&[(0.1, true), (0.3, false)])).unwrap();
        assert_eq!(ranking.roc_auc(&[0, 1, 2]), None);
        assert_eq!(ranking.average_precision(&[]), None);
    }

    /// One threshold finds all: precision is the base rate.
    #[test]
    fn equal_probabilities_have_the_base_rate_as_average_precision() {
        let s = Separation::of(&outcomes(&[(0.5, true), (0.5, false), (0.5, false)])).unwrap();
        assert_eq!(s.average_precision, s.base_rate);
        assert_eq!((s.roc_auc, s.gini), (Some(0.5), Some(0.0)));
    }

    /// Two ties and an origin at probability 0: 0.9 beats 0 (1), the tied 0 counts one half.
    #[test]
    fn ties_count_one_half_and_a_score_of_zero_is_no_trouble() {
        let rows = outcomes(&[(0.0, false), (0.0, true), (0.9, true)]);
        near(Evaluation::of(&rows, 0.5).unwrap().roc_auc, 0.75);
    }

    #[derive(serde::Deserialize)]
    struct Oracle {
        cases: Vec<OracleCase>,
    }

    #[derive(serde::Deserialize)]
    struct OracleCase {
        name: String,
        threshold: f64,
        probability: Vec<f64>,
        satisfied: Vec<bool>,
        expected: std::collections::BTreeMap<String, f64>,
    }

    /// Values of scikit-learn 1.9.1, made by `tests/oracle/metrics.py`; the calibration error is a
    /// plain numpy loop there, since scikit-learn has none. Tolerance 1e-12.
    #[test]
    fn figures_equal_scikit_learn() {
        let text = include_str!("../../tests/oracle/metrics.json");
        let oracle: Oracle = serde_json::from_str(text).unwrap();
        assert!(oracle.cases.len() >= 4);
        for case in oracle.cases {
            let rows: Vec<_> = case.probability.into_iter().zip(case.satisfied).collect();
            let e = Evaluation::of(&outcomes(&rows), case.threshold).unwrap();
            let s = Separation::of(&outcomes(&rows)).unwrap();
            for (figure, found) in [
                ("base_rate", e.base_rate),
                ("roc_auc", e.roc_auc),
                ("log_loss", e.log_loss),
                ("brier", e.brier),
                ("calibration_in_the_large", e.calibration_in_the_large),
                ("calibration_error", e.calibration_error),
                ("accuracy", e.accuracy),
                ("precision", e.precision),
                ("recall", e.recall),
                ("f1", e.f1),
                ("gini", s.gini),
                ("average_precision", s.average_precision),
                ("true_positive", Some(e.confusion.true_positive as f64)),
                ("false_positive", Some(e.confusion.false_positive as f64)),
                ("false_negative", Some(e.confusion.false_negative as f64)),
                ("true_negative", Some(e.confusion.true_negative as f64)),
            ] {
                let (found, wanted) = (found.unwrap(), case.expected[figure]);
                assert!(
                    (found - wanted).abs() < 1e-12,
                    "{} {figure}: {found} {wanted}",
                    case.name
                );
            }
        }
    }

    proptest! {
        /// The plain twin: count the pairs.
        #[test]
        fn roc_area_equals_the_count_of_pairs(
            rows in prop::collection::vec((0_u8..=8, any::<bool>()), 0..60),
        ) {
            let rows: Vec<_> = rows.iter().map(|&(p, s)| (f64::from(p) / 8.0, s)).collect();
            let (mut wins, mut pairs) = (0.0, 0.0);
            for &(p, _) in rows.iter().filter(|r| r.1) {
                for &(q, _) in rows.iter().filter(|r| !r.1) {
                    pairs += 1.0;
                    wins += if p > q { 1.0 } else if p == q { 0.5 } else { 0.0 };
                }
            }
            let found = Evaluation::of(&outcomes(&rows), 0.5).unwrap().roc_auc;
            prop_assert_eq!(found, (pairs > 0.0).then(|| wins / pairs));
        }

        /// The plain twin: at every row's probability as the threshold, tied ones once.
        #[test]
        fn average_precision_equals_a_walk_over_the_thresholds(
            rows in prop::collection::vec((0_u8..=8, any::<bool>()), 0..60),
        ) {
            let rows: Vec<_> = rows.iter().map(|&(p, s)| (f64::from(p) / 8.0, s)).collect();
            let rows = outcomes(&rows);
            let (mut found_before, mut sum) = (0.0, 0.0);
            for threshold in (0..=8).rev().map(|p| f64::from(p) / 8.0) {
                let at = Confusion::at(&rows, threshold);
                let recall = at.recall().unwrap_or(0.0);
                sum += (recall - found_before) * at.precision().unwrap_or(0.0);
                found_before = recall;
            }
            let s = Separation::of(&rows).unwrap();
            prop_assert_eq!(s.average_precision.is_some(), rows.iter().any(|o| o.satisfied));
            if let Some(found) = s.average_precision {
                prop_assert!((found - sum).abs() < 1e-12 && (0.0..=1.0).contains(&found));
            }
        }

        #[test]
        fn separation_does_not_depend_on_the_order_of_rows(
            (rows, shuffled) in prop::collection::vec((0_u8..=8, any::<bool>()), 0..40)
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        ) {
            let of = |rows: &[(u8, bool)]| {
                let rows: Vec<_> = rows.iter().map(|&(p, s)| (f64::from(p) / 8.0, s)).collect();
                let rows = outcomes(&rows);
                let indices: Vec<usize> = (0..rows.len()).collect();
                let s = Separation::of(&rows).unwrap();
                let ranking = Ranking::of(&rows).unwrap();
                assert_eq!(ranking.roc_auc(&indices), s.roc_auc);
                assert_eq!(ranking.average_precision(&indices), s.average_precision);
                assert_eq!(Evaluation::of(&rows, 0.5).unwrap().roc_auc, s.roc_auc);
                s
            };
            prop_assert_eq!(of(&rows), of(&shuffled));
        }
    }
}
