//! How good predictions of marks are, call by call and of the means of groups.
//!
//! # Conventions
//!
//! * Of each call there are an *expected* mark, which is any number, a *likely* mark, which is one
//!   of the scale, and the mark that the customer gave. Errors are expected − given, in marks.
//! * A figure that is not defined is `None`: anything of no rows, a correlation with what does not
//!   vary. It is never 0 and never NaN, so that it cannot be averaged by mistake.
//! * Arithmetic is in `f64`; what is made of marks alone is counted in whole numbers. Sums run in
//!   row order, so equal rows give equal figures; another order may change their last digits.
//! * Nothing here is stored in a model file.

use super::label::LabelScale;
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// No expected mark is farther from zero than this: a thousand times the bound of any scale
/// ([`LabelScale::MARK_LIMIT`]), and small enough that no sum of squares overflows.
pub const EXPECTED_LIMIT: f64 = 1e6;

/// Fewest calls of a group whose mean is worth a comparison, as a start: of marks 1 to 5 with the
/// usual standard deviation of 1.2, the mean of 30 strays by 0.2.
pub const GROUP_MIN_ROWS: u64 = 30;

/// What was predicted of a call's mark, and the mark its customer gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarkOutcome {
    /// Expected mark, such as [`Prediction::csi`](super::Prediction::csi): on the scale as a rule;
    /// a predictor that strays from it is judged as it is.
    pub expected: f64,
    /// Most likely mark, one of the scale.
    pub likely: i64,
    /// The customer's mark, one of the scale.
    pub mark: i64,
}

impl MarkOutcome {
    /// Takes for the most likely mark the one nearest to the expected mark, where a predictor names
    /// none; halves go away from zero.
    ///
    /// ```
    /// use callcsi::model::{LabelScale, MarkOutcome};
    /// let outcome = MarkOutcome::rounded(3.5, 5, &LabelScale::ONE_TO_FIVE);
    /// assert_eq!(outcome, MarkOutcome { expected: 3.5, likely: 4, mark: 5 });
    /// assert_eq!(MarkOutcome::rounded(7.9, 5, &LabelScale::ONE_TO_FIVE).likely, 5);
    /// ```
    pub fn rounded(expected: f64, mark: i64, scale: &LabelScale) -> MarkOutcome {
        MarkOutcome {
            expected,
            // The cast saturates; of NaN, which every evaluation refuses, it makes 0.
            likely: (expected.round() as i64).clamp(scale.min(), scale.max()),
            mark,
        }
    }

    /// Expected − given, in marks.
    fn error(&self) -> f64 {
        self.expected - self.mark as f64
    }

    fn check(&self, row: usize, scale: &LabelScale) -> Result<()> {
        let place = || format!("outcome {}", row + 1);
        if !(-EXPECTED_LIMIT..=EXPECTED_LIMIT).contains(&self.expected) {
            let wanted = format!("a number within ±{EXPECTED_LIMIT}");
            let error = Error::new(ErrorKind::Invalid, "expected", self.expected, wanted);
            return Err(error.within(place()));
        }
        (scale.class(self.likely)).map_err(|e| e.within("likely").within(place()))?;
        scale.class(self.mark).map_err(|e| e.within(place()))?;
        Ok(())
    }
}

/// The figures of a set of predicted marks.
///
/// ```
/// use callcsi::model::{LabelScale, MarkEvaluation, MarkOutcome};
/// let scale = LabelScale::ONE_TO_FIVE;
/// let outcomes = [(1.5, 1), (2.0, 2), (3.2, 4), (4.6, 5)]
///     .map(|(expected, mark)| MarkOutcome::rounded(expected, mark, &scale));
/// let e = MarkEvaluation::of(&outcomes, &scale)?;
/// assert!((e.mean_absolute_error.unwrap() - (0.5 + 0.0 + 0.8 + 0.4) / 4.0).abs() < 1e-12);
/// assert_eq!((e.exact, e.within_one), (Some(0.5), Some(1.0)));
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MarkEvaluation {
    /// Number of calls.
    pub rows: u64,
    /// Mean of expected − given, in marks: positive when better marks are promised than come.
    pub mean_error: Option<f64>,
    /// Mean of |expected − given|, in marks, 0 or more. Mind that the median mark makes it least,
    /// not the expected one.
    pub mean_absolute_error: Option<f64>,
    /// Root of the mean of (expected − given)², in marks, 0 or more; this the expected mark makes
    /// least.
    pub root_mean_square_error: Option<f64>,
    /// Correlation of expected and given marks (Pearson 1896), `-1.0..=1.0`; `None` when either
    /// does not vary.
    pub pearson: Option<f64>,
    /// Correlation of their ranks (Spearman 1904), `-1.0..=1.0`: that of [`spearman`], tied values
    /// sharing their mean rank. `None` when either does not vary.
    pub spearman: Option<f64>,
    /// Agreement of likely and given marks beyond chance, an error of two marks counting four times
    /// one of one mark (Cohen 1968), `-1.0..=1.0`: 1 − Σ d²·O / Σ d²·E, where d is the difference
    /// of two marks, O how many calls have them and E how many would if the two were independent.
    /// 1 where all are equal, 0 of chance, 0 also when every call is given the same likely mark.
    /// Marks count as equally far apart, and those that do not occur change nothing. `None` when
    /// likely and given marks are all the same one.
    pub quadratic_kappa: Option<f64>,
    /// Share of calls whose likely mark is the one given, `0.0..=1.0`.
    pub exact: Option<f64>,
    /// Share of calls whose likely mark is at most one away, `0.0..=1.0`.
    pub within_one: Option<f64>,
}

impl MarkEvaluation {
    /// Evaluates predictions of marks on a scale.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for an expected mark that is not finite or beyond ±[`EXPECTED_LIMIT`],
    /// and for a likely or given mark off the scale.
    pub fn of(outcomes: &[MarkOutcome], scale: &LabelScale) -> Result<MarkEvaluation> {
        for (row, outcome) in outcomes.iter().enumerate() {
            outcome.check(row, scale)?;
        }
        let mean = |value: fn(&MarkOutcome) -> f64| mean(outcomes.iter().map(value));
        let pairs = outcomes.iter().map(|o| (o.expected, o.mark as f64));
        let pairs: Vec<(f64, f64)> = pairs.collect();
        Ok(MarkEvaluation {
            rows: outcomes.len() as u64,
            mean_error: mean(MarkOutcome::error),
            mean_absolute_error: mean(|o| o.error().abs()),
            root_mean_square_error: mean(|o| o.error().powi(2)).map(f64::sqrt),
            pearson: pearson(&pairs),
            spearman: spearman(&pairs),
            quadratic_kappa: quadratic_kappa(outcomes),
            exact: mean(|o| f64::from(u8::from(o.likely == o.mark))),
            within_one: mean(|o| f64::from(u8::from((o.likely - o.mark).abs() <= 1))),
        })
    }
}

/// How far the means of groups are off: of operators, of queues, which is what managers look at.
///
/// The mean mark of a group is itself a draw: of n calls it strays by the standard deviation of
/// marks / √n. So even perfect expectations have an error here, and small groups a large one. In a
/// [resample](super::bootstrap) a group may have more or fewer calls than in truth, so that those
/// near `min_rows` come and go, and the means stray once more: the interval lies too high.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GroupErrors {
    /// Number of groups with at least `min_rows` calls: those the figures come from.
    pub groups: u64,
    /// Number of calls in them.
    pub rows: u64,
    /// Number of groups left out because they have fewer.
    pub small_groups: u64,
    /// Number of calls left out: those of small groups and those of no group.
    pub rows_left_out: u64,
    /// The fewest calls that were asked of a group.
    pub min_rows: u64,
    /// Mean over the groups of |mean expected − mean given|, in marks, 0 or more: every group
    /// counts the same. `None` of no groups.
    pub mean_absolute: Option<f64>,
    /// Root of the mean over the groups of the square of that difference, in marks, 0 or more.
    pub root_mean_square: Option<f64>,
    /// As `mean_absolute`, each group counting as many times as it has calls.
    pub mean_absolute_by_rows: Option<f64>,
    /// As `root_mean_square`, each group counting as many times as it has calls.
    pub root_mean_square_by_rows: Option<f64>,
    /// Correlation (Pearson 1896) of the groups' mean expected and mean given marks, every group
    /// counting the same, `-1.0..=1.0`; `None` when either does not vary, so also of one group.
    pub pearson: Option<f64>,
}

/// Sums over the calls of a group.
#[derive(Clone, Copy, Debug, Default)]
struct GroupSums {
    rows: u64,
    expected: f64,
    marks: i64,
}

impl GroupSums {
    /// Returns the mean expected and the mean given mark.
    fn means(&self) -> (f64, f64) {
        let rows = self.rows as f64;
        (self.expected / rows, self.marks as f64 / rows)
    }
}

impl GroupErrors {
    /// Compares the mean expected and the mean given mark of every group of at least `min_rows`
    /// calls; [`GROUP_MIN_ROWS`] is a fair start. A call whose group is `None` is left out.
    ///
    /// ```
    /// use callcsi::model::{GroupErrors, LabelScale, MarkOutcome};
    /// let scale = LabelScale::ONE_TO_FIVE;
    /// let rows = [("anna", 4.5, 5), ("anna", 3.5, 2), ("ben", 2.0, 3), ("ben", 4.0, 4)]
    ///     .map(|(who, expected, mark)| {
    ///         (Some(who), MarkOutcome::rounded(expected, mark, &scale))
    ///     });
    /// let errors = GroupErrors::of(rows, &scale, 2)?;
    /// // Each call is off by up to 1.5 marks, each operator's mean by half a mark.
    /// assert_eq!((errors.groups, errors.mean_absolute), (2, Some(0.5)));
    /// # Ok::<(), callcsi::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for what [`MarkEvaluation::of`] refuses, and for `min_rows` = 0.
    pub fn of<K: Ord>(
        rows: impl IntoIterator<Item = (Option<K>, MarkOutcome)>,
        scale: &LabelScale,
        min_rows: u64,
    ) -> Result<GroupErrors> {
        if min_rows == 0 {
            return Err(Error::new(ErrorKind::Invalid, "min_rows", 0, "at least 1"));
        }
        let (mut all, mut total) = (BTreeMap::<K, GroupSums>::new(), 0);
        for (row, (group, outcome)) in rows.into_iter().enumerate() {
            outcome.check(row, scale)?;
            total += 1;
            if let Some(group) = group {
                let sums = all.entry(group).or_default();
                sums.rows += 1;
                sums.expected += outcome.expected;
                sums.marks += outcome.mark;
            }
        }
        let groups: Vec<GroupSums> = all
            .values()
            .copied()
            .filter(|sums| sums.rows >= min_rows)
            .collect();
        let rows: u64 = groups.iter().map(|sums| sums.rows).sum();
        let pairs: Vec<(f64, f64)> = groups.iter().map(GroupSums::means).collect();
        let errors = || pairs.iter().map(|(expected, given)| expected - given);
        let by_rows = |value: fn(f64) -> f64| {
            let weighted = groups.iter().zip(errors());
            let sum: f64 = weighted.map(|(g, e)| g.rows as f64 * value(e)).sum();
            (rows > 0).then(|| sum / rows as f64)
        };
        let square = |e: f64| e * e;
        Ok(GroupErrors {
            groups: groups.len() as u64,
            rows,
            small_groups: (all.len() - groups.len()) as u64,
            rows_left_out: total - rows,
            min_rows,
            mean_absolute: mean(errors().map(f64::abs)),
            root_mean_square: mean(errors().map(square)).map(f64::sqrt),
            mean_absolute_by_rows: by_rows(f64::abs),
            root_mean_square_by_rows: by_rows(square).map(f64::sqrt),
            pearson: pearson(&pairs),
        })
    }
}

/// Returns the correlation of two columns (Pearson 1896), `-1.0..=1.0`: the mean product of their
/// deviations from their means, over the product of their standard deviations.
///
/// `None` when either column does not vary, and so of fewer than two rows, and when a number is not
/// finite.
pub fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let x = deviations(pairs.iter().map(|pair| pair.0))?;
    let y = deviations(pairs.iter().map(|pair| pair.1))?;
    let square = |column: &[f64]| column.iter().map(|d| d * d).sum::<f64>();
    let product: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
    // The largest deviation is 1, so both sums lie between 1 and the number of rows. One root of
    // their product gives equal columns exactly 1; other ones may be rounded past it.
    Some((product / (square(&x) * square(&y)).sqrt()).clamp(-1.0, 1.0))
}

/// Returns the correlation of the ranks of two columns (Spearman 1904), `-1.0..=1.0`: [`pearson`]
/// of the ranks, tied values sharing the mean of theirs. No rising map of a column changes it.
///
/// `None` when either column does not vary, and so of fewer than two rows, and when a number is not
/// finite.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    if !pairs.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
        return None;
    }
    let x = midranks(pairs.iter().map(|pair| pair.0));
    let y = midranks(pairs.iter().map(|pair| pair.1));
    let ranks: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
    pearson(&ranks)
}

/// Returns how far each value is from the mean, as a share of the largest distance; `None` when
/// they do not vary or are not finite.
///
/// Whether they vary is asked of the values: their mean may be rounded, and then equal values have
/// deviations too.
fn deviations(values: impl ExactSizeIterator<Item = f64> + Clone) -> Option<Vec<f64>> {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.clone().fold(f64::NEG_INFINITY, f64::max);
    // Counted from the middle of the range in halves of it, no sum loses digits or overflows.
    let middle = low / 2.0 + high / 2.0;
    let half = high / 2.0 - low / 2.0;
    if !(half > 0.0 && half.is_finite()) || values.clone().any(f64::is_nan) {
        return None;
    }
    let shares = values.clone().map(|v| (v - middle) / half);
    let centre = mean(shares)?;
    let from_mean: Vec<f64> = values.map(|v| (v - middle) / half - centre).collect();
    let largest = from_mean.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    Some(from_mean.into_iter().map(|d| d / largest).collect())
}

/// Returns the rank of each value from 1 up, tied ones sharing the mean of theirs.
fn midranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.enumerate().collect();
    order.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranks = vec![0.0; order.len()];
    let mut below = 0;
    for tied in order.chunk_by(|a, b| a.1 == b.1) {
        // The mean of below + 1 to below + len.
        let rank = below as f64 + (tied.len() + 1) as f64 / 2.0;
        for &(row, _) in tied {
            ranks[row] = rank;
        }
        below += tied.len();
    }
    ranks
}

/// Returns the agreement of likely and given marks, as [`MarkEvaluation::quadratic_kappa`] says.
///
/// With squares as weights the sums over pairs of marks fall apart: Σ d²·O is the sum of squared
/// differences D, and n·Σ d²·E = n·Σ likely² + n·Σ given² − 2·Σ likely·Σ given. All are whole
/// numbers, so no digit is lost.
fn quadratic_kappa(outcomes: &[MarkOutcome]) -> Option<f64> {
    let sum = |value: fn(i128, i128) -> i128| {
        let terms = outcomes.iter();
        terms
            .map(|o| value(o.likely.into(), o.mark.into()))
            .sum::<i128>()
    };
    let rows = outcomes.len() as i128;
    let observed = rows * sum(|likely, mark| (likely - mark).pow(2));
    let squares = sum(|likely, mark| likely * likely + mark * mark);
    let by_chance = rows * squares - 2 * sum(|likely, _| likely) * sum(|_, mark| mark);
    (by_chance > 0).then(|| 1.0 - observed as f64 / by_chance as f64)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let rows = values.len();
    (rows > 0).then(|| values.sum::<f64>() / rows as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SCALE: LabelScale = LabelScale::ONE_TO_FIVE;

    fn outcomes(rows: &[(f64, i64, i64)]) -> Vec<MarkOutcome> {
        rows.iter()
            .map(|&(expected, likely, mark)| MarkOutcome {
                expected,
                likely,
                mark,
            })
            .collect()
    }

    fn near(found: Option<f64>, wanted: f64) {
        let found = found.unwrap();
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    }

    fn figures(e: &MarkEvaluation) -> [Option<f64>; 8] {
        [
            e.mean_error,
            e.mean_absolute_error,
            e.root_mean_square_error,
            e.pearson,
            e.spearman,
            e.quadratic_kappa,
            e.exact,
            e.within_one,
        ]
    }

    #[test]
    fn nothing_has_no_figures() {
        let e = MarkEvaluation::of(&[], &SCALE).unwrap();
        assert_eq!((e.rows, figures(&e)), (0, [None; 8]));
        let g = GroupErrors::of::<u8>([], &SCALE, 1).unwrap();
        assert_eq!((g.groups, g.rows, g.rows_left_out), (0, 0, 0));
        for figure in [
            g.mean_absolute,
            g.root_mean_square,
            g.mean_absolute_by_rows,
            g.root_mean_square_by_rows,
            g.pearson,
        ] {
            assert_eq!(figure, None);
        }
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        // One call; equal expected marks whose mean rounding moves off 0.1; equal given marks.
        let one = MarkEvaluation::of(&outcomes(&[(4.5, 5, 4)]), &SCALE).unwrap();
        near(one.mean_absolute_error, 0.5);
        assert_eq!((one.pearson, one.spearman), (None, None));
        assert_eq!((one.exact, one.within_one), (Some(0.0), Some(1.0)));
        // A likely 5 against a given 4 is defined: 1 − 1/1.
        assert_eq!(one.quadratic_kappa, Some(0.0));
        let flat = outcomes(&[(0.1, 1, 1), (0.1, 1, 2), (0.1, 1, 3)]);
        let flat = MarkEvaluation::of(&flat, &SCALE).unwrap();
        assert_eq!((flat.pearson, flat.spearman), (None, None));
        // Always the same likely mark: no better than chance, and no worse.
        assert_eq!(flat.quadratic_kappa, Some(0.0));
        let given = outcomes(&[(1.0, 5, 5), (2.0, 5, 5)]);
        let given = MarkEvaluation::of(&given, &SCALE).unwrap();
        assert_eq!((given.pearson, given.spearman), (None, None));
        assert_eq!((given.quadratic_kappa, given.exact), (None, Some(1.0)));
    }

    /// Four calls by hand. Errors 0.5, 0, −1, 1.5: mean 0.25, absolute 0.75, squares
    /// 0.25 + 0 + 1 + 2.25 = 3.5 of 4.
    /// Pearson: expected 1.5, 2, 4, 4.5 (mean 3) deviate by −1.5, −1, 1, 1.5; given 1, 2, 5, 3
    /// (mean 2.75) by −1.75, −0.75, 2.25, 0.25. Products 2.625 + 0.75 + 2.25 + 0.375 = 6; squares
    /// 6.5 and 3.0625 + 0.5625 + 5.0625 + 0.0625 = 8.75.
    /// Spearman: ranks 1, 2, 3, 4 and 1, 2, 4, 3: 1 − 6·2/(4·15) = 0.8.
    /// Kappa: likely 2, 2, 4, 4 against 1, 2, 5, 3: D = 1 + 0 + 1 + 1 = 3, times 4 is 12; squares
    /// 40 + 39 = 79, times 4 is 316, less 2·12·11 = 264: 52. 1 − 12/52 = 10/13.
    #[test]
    fn four_calls_by_hand() {
        let rows = outcomes(&[(1.5, 2, 1), (2.0, 2, 2), (4.0, 4, 5), (4.5, 4, 3)]);
        let e = MarkEvaluation::of(&rows, &SCALE).unwrap();
        assert_eq!(e.rows, 4);
        near(e.mean_error, 0.25);
        near(e.mean_absolute_error, 0.75);
        near(e.root_mean_square_error, (3.5_f64 / 4.0).sqrt());
        near(e.pearson, 6.0 / (6.5_f64 * 8.75).sqrt());
        near(e.spearman, 0.8);
        near(e.quadratic_kappa, 10.0 / 13.0);
        near(e.exact, 0.25);
        near(e.within_one, 1.0);
    }

    /// Ranks 1.5, 1.5, 3 and 1, 2.5, 2.5, deviating from 2 by −½, −½, 1 and −1, ½, ½: the products
    /// add up to ½ − ¼ + ½ = ¾, the squares to 1.5 each.
    #[test]
    fn tied_values_share_their_mean_rank() {
        assert_eq!(midranks([7.0, 7.0, 9.0].into_iter()), [1.5, 1.5, 3.0]);
        near(spearman(&[(7.0, 1.0), (7.0, 4.0), (9.0, 4.0)]), 0.5);
        assert_eq!(midranks([0.0, -0.0].into_iter()), [1.5, 1.5]);
    }

    /// Anna: expected 4, given 3, two calls. Ben: 3 and 3.5, two calls. Cora: one call. One call
    /// has no operator. Errors 1 and −0.5; with Cora (expected 2, given 1) 1 once more.
    #[test]
    fn three_operators_by_hand() {
        let rows = [
            (Some("ben"), (2.0, 3)),
            (Some("anna"), (4.5, 2)),
            (None, (5.0, 1)),
            (Some("anna"), (3.5, 4)),
            (Some("cora"), (2.0, 1)),
            (Some("ben"), (4.0, 4)),
        ]
        .map(|(who, (expected, mark))| (who, MarkOutcome::rounded(expected, mark, &SCALE)));
        let two = GroupErrors::of(rows, &SCALE, 2).unwrap();
        assert_eq!((two.groups, two.small_groups), (2, 1));
        assert_eq!((two.rows, two.rows_left_out), (4, 2));
        near(two.mean_absolute, 0.75);
        near(two.root_mean_square, (1.25_f64 / 2.0).sqrt());
        // Equal sizes: weights change nothing. Two groups lie on a line: 4 > 3 but 3 < 3.5.
        near(two.mean_absolute_by_rows, 0.75);
        near(two.root_mean_square_by_rows, (1.25_f64 / 2.0).sqrt());
        assert_eq!(two.pearson, Some(-1.0));
        let all = GroupErrors::of(rows, &SCALE, 1).unwrap();
        assert_eq!((all.groups, all.rows, all.rows_left_out), (3, 5, 1));
        near(all.mean_absolute, 2.5 / 3.0);
        near(all.root_mean_square, (2.25_f64 / 3.0).sqrt());
        near(all.mean_absolute_by_rows, (2.0 + 1.0 + 1.0) / 5.0);
        near(all.root_mean_square_by_rows, (3.5_f64 / 5.0).sqrt());
        // Deviations 1, 0, −1 from 3 and 0.5, 1, −1.5 from 2.5: 2 / √(2 · 3.5).
        near(all.pearson, 2.0 / 7.0_f64.sqrt());
        let none = GroupErrors::of(rows, &SCALE, 3).unwrap();
        assert_eq!((none.groups, none.small_groups), (0, 3));
        assert_eq!((none.rows_left_out, none.mean_absolute), (6, None));
    }

    #[test]
    fn malformed_rows_are_named() {
        for (bad, place) in [
            ((f64::NAN, 3, 3), "outcome 2: expected"),
            ((f64::INFINITY, 3, 3), "outcome 2: expected"),
            ((-1.1e6, 3, 3), "outcome 2: expected"),
            ((3.0, 6, 3), "outcome 2: likely: mark"),
            ((3.0, 3, 0), "outcome 2: mark"),
            ((3.0, i64::MIN, i64::MAX), "outcome 2: likely: mark"),
        ] {
            let rows = outcomes(&[(3.0, 3, 3), bad]);
            let error = MarkEvaluation::of(&rows, &SCALE).unwrap_err();
            assert_eq!((error.place(), error.kind()), (place, ErrorKind::Invalid));
            let rows = rows.into_iter().map(|row| (Some(1), row));
            let error = GroupErrors::of(rows, &SCALE, 1).unwrap_err();
            assert_eq!(error.place(), place);
        }
        let error = GroupErrors::of::<u8>([], &SCALE, 0).unwrap_err();
        assert_eq!(error.place(), "min_rows");
    }

    #[test]
    fn rounded_marks_stay_on_the_scale() {
        for (expected, wanted) in [
            (0.2, 1),
            (1.49, 1),
            (2.5, 3),
            (f64::NEG_INFINITY, 1),
            (1e300, 5),
            (f64::NAN, 1),
        ] {
            assert_eq!(MarkOutcome::rounded(expected, 3, &SCALE).likely, wanted);
        }
    }

    #[test]
    fn correlations_hold_at_the_ends_of_f64() {
        for size in [1e-320, 1e-200, 1e200, 1e307] {
            let pairs = [(size, 1.0), (2.0 * size, 2.0), (3.0 * size, 3.0)];
            near(pearson(&pairs), 1.0);
        }
        let whole = [(f64::MAX, 0.0), (f64::MIN, 1.0)];
        assert_eq!(pearson(&whole), Some(-1.0));
        for bad in [f64::NAN, f64::INFINITY] {
            assert_eq!(pearson(&[(0.0, 1.0), (bad, 2.0), (1.0, 4.0)]), None);
            assert_eq!(spearman(&[(0.0, 1.0), (bad, 2.0), (1.0, 4.0)]), None);
        }
        assert_eq!((pearson(&[]), spearman(&[(1.0, 1.0)])), (None, None));
    }

    #[derive(serde::Deserialize)]
    struct Oracle {
        marks: Vec<OracleCase>,
    }

    #[derive(serde::Deserialize)]
    struct OracleCase {
        name: String,
        scale: [i64; 4],
        min_rows: u64,
        expected_mark: Vec<f64>,
        likely: Vec<i64>,
        mark: Vec<i64>,
        group: Vec<Option<String>>,
        expected: BTreeMap<String, f64>,
    }

    /// Values of scikit-learn and scipy, made by `tests/oracle/metrics.py`; group errors are a plain
    /// numpy loop there. Tolerance 1e-9; they are nearer.
    #[test]
    fn figures_equal_scikit_learn_and_scipy() {
        let text = include_str!("../../tests/oracle/metrics.json");
        let oracle: Oracle = serde_json::from_str(text).unwrap();
        assert!(oracle.marks.len() >= 4);
        for case in oracle.marks {
            let [min, max, satisfied_from, dissatisfied_to] = case.scale;
            let scale = LabelScale::new(min, max, satisfied_from, dissatisfied_to).unwrap();
            let marks = case.likely.iter().zip(&case.mark);
            let rows: Vec<_> = (case.expected_mark.iter().zip(marks))
                .map(|(&expected, (&likely, &mark))| (expected, likely, mark))
                .collect();
            let rows = outcomes(&rows);
            let e = MarkEvaluation::of(&rows, &scale).unwrap();
            let grouped = case.group.iter().map(Option::as_ref).zip(rows);
            let g = GroupErrors::of(grouped, &scale, case.min_rows).unwrap();
            let found = [
                ("mean_error", e.mean_error),
                ("mean_absolute_error", e.mean_absolute_error),
                ("root_mean_square_error", e.root_mean_square_error),
                ("pearson", e.pearson),
                ("spearman", e.spearman),
                ("quadratic_kappa", e.quadratic_kappa),
                ("exact", e.exact),
                ("within_one", e.within_one),
                ("groups", Some(g.groups as f64)),
                ("group_rows", Some(g.rows as f64)),
                ("group_mean_absolute", g.mean_absolute),
                ("group_root_mean_square", g.root_mean_square),
                ("group_mean_absolute_by_rows", g.mean_absolute_by_rows),
                ("group_root_mean_square_by_rows", g.root_mean_square_by_rows),
                ("group_pearson", g.pearson),
            ];
            assert_eq!(found.len(), case.expected.len());
            for (figure, found) in found {
                let (found, wanted) = (found.unwrap(), case.expected[figure]);
                assert!(
                    (found - wanted).abs() < 1e-9,
                    "{} {figure}: {found} {wanted}",
                    case.name
                );
            }
        }
    }

    /// Rows of eighths of marks, likely and given marks, and groups.
    fn some_rows() -> impl Strategy<Value = Vec<(Option<u8>, MarkOutcome)>> {
        let row = (0_u8..=40, 1_i64..=5, 1_i64..=5, prop::option::of(0_u8..4));
        let row = row.prop_map(|(eighths, likely, mark, group)| {
            let expected = f64::from(eighths) / 8.0;
            (
                group,
                MarkOutcome {
                    expected,
                    likely,
                    mark,
                },
            )
        });
        prop::collection::vec(row, 0..40)
    }

    proptest! {
        #[test]
        fn figures_keep_their_bounds(rows in some_rows(), min_rows in 1_u64..5) {
            let marks: Vec<_> = rows.iter().map(|row| row.1).collect();
            let e = MarkEvaluation::of(&marks, &SCALE).unwrap();
            let given = !marks.is_empty();
            let (low, high) = (-1.0 - 1e-12, 1.0 + 1e-12);
            for (figure, least, most) in [
                (e.pearson, low, high),
                (e.spearman, low, high),
                (e.quadratic_kappa, low, high),
                (e.exact, 0.0, 1.0),
                (e.within_one, 0.0, 1.0),
                (e.mean_absolute_error, 0.0, 5.0),
                (e.root_mean_square_error, 0.0, 5.0),
            ] {
                prop_assert!(figure.is_none_or(|f| least <= f && f <= most), "{e:?}");
            }
            prop_assert_eq!(e.exact.is_some() && e.mean_absolute_error.is_some(), given);
            prop_assert!(e.exact <= e.within_one);
            prop_assert_eq!(e.pearson.is_some(), e.spearman.is_some());
            if let (Some(mae), Some(rmse), Some(bias)) =
                (e.mean_absolute_error, e.root_mean_square_error, e.mean_error)
            {
                prop_assert!(bias.abs() <= mae + 1e-12 && mae <= rmse + 1e-12);
            }
            let g = GroupErrors::of(rows.iter().copied(), &SCALE, min_rows).unwrap();
            prop_assert_eq!(g.rows + g.rows_left_out, e.rows);
            prop_assert!(g.rows >= g.groups * min_rows);
            prop_assert_eq!(g.mean_absolute.is_some(), g.groups > 0);
            prop_assert!(g.pearson.is_none() || g.groups > 1);
            if let (Some(mean), Some(root)) = (g.mean_absolute, g.root_mean_square) {
                prop_assert!(mean <= root + 1e-12);
            }
        }

        #[test]
        fn figures_do_not_depend_on_the_order_of_rows(
            (rows, shuffled) in some_rows()
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        ) {
            let of = |rows: &[(Option<u8>, MarkOutcome)]| {
                let marks: Vec<_> = rows.iter().map(|row| row.1).collect();
                let e = MarkEvaluation::of(&marks, &SCALE).unwrap();
                let g = GroupErrors::of(rows.iter().copied(), &SCALE, 2).unwrap();
                let mut all = figures(&e).to_vec();
                all.extend([g.mean_absolute, g.root_mean_square_by_rows, g.pearson]);
                all
            };
            for (one, other) in of(&rows).into_iter().zip(of(&shuffled)) {
                prop_assert_eq!(one.is_some(), other.is_some());
                let off = one.unwrap_or(0.0) - other.unwrap_or(0.0);
                prop_assert!(off.abs() < 1e-12, "{one:?} {other:?}");
            }
        }

        #[test]
        fn perfect_predictions_are_perfect(marks in prop::collection::vec(1_i64..=5, 1..40)) {
            let rows: Vec<_> = marks.iter().map(|&mark| (mark as f64, mark, mark)).collect();
            let e = MarkEvaluation::of(&outcomes(&rows), &SCALE).unwrap();
            let vary = marks.iter().any(|&mark| mark != marks[0]);
            prop_assert_eq!(e.quadratic_kappa, vary.then_some(1.0));
            prop_assert_eq!(e.pearson.is_some(), vary);
            prop_assert!(e.pearson.is_none_or(|r| (r - 1.0).abs() < 1e-12));
            prop_assert!(e.spearman.is_none_or(|r| (r - 1.0).abs() < 1e-12));
            prop_assert_eq!((e.exact, e.within_one), (Some(1.0), Some(1.0)));
            prop_assert_eq!(e.mean_absolute_error, Some(0.0));
            prop_assert_eq!(e.root_mean_square_error, Some(0.0));
        }

        /// The plain twin: the definition, over all pairs of marks of the scale.
        #[test]
        fn kappa_equals_its_definition(rows in some_rows()) {
            let rows: Vec<_> = rows.into_iter().map(|row| row.1).collect();
            let n = rows.len() as f64;
            let count = |is: &dyn Fn(&MarkOutcome) -> bool| {
                rows.iter().filter(|&o| is(o)).count() as f64
            };
            let (mut observed, mut by_chance) = (0.0, 0.0);
            for i in 1..=5 {
                for j in 1..=5 {
                    let weight = ((i - j) * (i - j)) as f64 / 16.0;
                    observed += weight * count(&|o| o.likely == i && o.mark == j);
                    by_chance +=
                        weight * count(&|o| o.likely == i) * count(&|o| o.mark == j) / n.max(1.0);
                }
            }
            let found = MarkEvaluation::of(&rows, &SCALE).unwrap().quadratic_kappa;
            prop_assert_eq!(found.is_some(), by_chance > 0.0);
            if let Some(found) = found {
                prop_assert!((found - (1.0 - observed / by_chance)).abs() < 1e-12);
            }
        }

        /// Rising maps that keep eighths up to 5 apart in f64.
        #[test]
        fn spearman_is_the_same_under_rising_maps(rows in some_rows()) {
            let pairs: Vec<_> = rows.iter().map(|(_, o)| (o.expected, o.mark as f64)).collect();
            let found = spearman(&pairs);
            for map in [f64::exp, |x: f64| x * x * x, |x| -1e9 / (x + 1.0)] {
                let mapped: Vec<_> = pairs.iter().map(|&(x, y)| (map(x), map(y))).collect();
                prop_assert_eq!(spearman(&mapped), found);
            }
            let turned: Vec<_> = pairs.iter().map(|&(x, y)| (-x, y)).collect();
            let turned = spearman(&turned);
            prop_assert_eq!(turned.is_some(), found.is_some());
            prop_assert!((turned.unwrap_or(0.0) + found.unwrap_or(0.0)).abs() < 1e-12);
        }

        /// And Pearson's under straight ones.
        #[test]
        fn pearson_is_the_same_under_straight_maps(rows in some_rows(), by in 0.01_f64..100.0) {
            let pairs: Vec<_> = rows.iter().map(|(_, o)| (o.expected, o.mark as f64)).collect();
            let mapped: Vec<_> = pairs.iter().map(|&(x, y)| (by * x - 7.0, y / by)).collect();
            let (one, other) = (pearson(&pairs), pearson(&mapped));
            prop_assert_eq!(one.is_some(), other.is_some());
            prop_assert!((one.unwrap_or(0.0) - other.unwrap_or(0.0)).abs() < 1e-10);
        }
    }
}
