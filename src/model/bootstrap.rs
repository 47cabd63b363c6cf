//! How far a figure would stray on other calls of the same kind: percentile bootstrap intervals.
//!
//! # Conventions
//!
//! * What is drawn with replacement is a *unit*: a group of calls where they belong together, one
//!   call otherwise. Calls of one customer are alike, so drawing them one by one would promise more
//!   than there is (the cluster bootstrap; Davison & Hinkley 1997, section 3.8). Each resample has
//!   as many units as there are; units of several sizes make resamples of several lengths.
//! * The interval lies between two quantiles of the statistic over the resamples (Efron 1979;
//!   Efron & Tibshirani 1993, chapter 13), interpolated as numpy does (type 7 of Hyndman & Fan
//!   1996). It corrects no bias. Of fewer than some 30 units it is too narrow, and a figure that
//!   any noise raises, as a calibration error, has an interval that lies too high.
//! * A resample on which the statistic is not defined, such as the ROC area of a single class, is
//!   left aside and counted. Where many are, there is no interval at all, because the rest would
//!   not be a fair choice.
//! * Draws come from xoshiro256++ (Blackman & Vigna 2021), seeded through SplitMix64. Resample `k`
//!   starts `k` jumps of 2¹²⁸ draws from the seed, unit ⌊x · units / 2⁶⁴⌋ of the 64-bit draw x: off
//!   from even by less than units · 2⁻⁶⁴. So the resamples depend on the seed, on the units and on
//!   the order of the rows, on nothing else: two statistics of the same rows are tried on the same
//!   resamples, and their difference may be a statistic as well.
//!
//! # Cost
//!
//! A resample costs one draw per unit, one copied index per row, and the statistic. On one core of
//! 2.5 GHz, built as tests are, 1,000 resamples of 10,000 rows take 0.15 s for a mean, 0.25 s for
//! the ROC area by [`Ranking`](super::Ranking), which sorts once and not per resample, and 2 s for
//! all figures of [`MarkEvaluation`](super::MarkEvaluation), which sorts twice in each. Memory: 24
//! bytes per row, 8 more per row drawn, 8 per resample and statistic.

use crate::error::{Error, ErrorKind, Result};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;

/// The most resamples that may be asked for.
pub const MAX_RESAMPLES: u64 = 1_000_000;

/// What is chosen about the intervals.
///
/// ```
/// use callcsi::model::{Bootstrap, Units};
/// let waits = [12.0, 40.0, 5.0, 33.0, 18.0, 7.0, 25.0, 60.0];
/// let customers = ["a", "a", "b", "c", "d", "d", "e", "f"];
/// let units = Units::groups(customers.map(Some));
/// let mean = |rows: &[usize]| {
///     let sum: f64 = rows.iter().map(|&row| waits[row]).sum();
///     (!rows.is_empty()).then(|| sum / rows.len() as f64)
/// };
/// let interval = Bootstrap::default().interval(&units, mean)?.unwrap();
/// assert!(interval.low < 25.0 && 25.0 < interval.high);
/// assert_eq!((interval.level, interval.defined), (0.95, 1_000));
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bootstrap {
    /// How often calls are drawn anew: at least 2 / (1 − `level`), so that one resample lies beyond
    /// each end, [`MAX_RESAMPLES`] at most. Defaults to 1,000.
    pub resamples: u64,
    /// Share of the resamples between the ends, above 0 and below 1. Defaults to 0.95.
    pub level: f64,
    /// Seed of the draws: the same one gives the same interval. Defaults to 0.
    pub seed: u64,
    /// Share of the resamples on which the statistic has to be defined, `0.0..=1.0`. Defaults
    /// to 0.9.
    pub min_defined: f64,
}

impl Default for Bootstrap {
    fn default() -> Bootstrap {
        Bootstrap {
            resamples: 1_000,
            level: 0.95,
            seed: 0,
            min_defined: 0.9,
        }
    }
}

/// A percentile interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Interval {
    /// Lower end, in the unit of the statistic.
    pub low: f64,
    /// Upper end, `low` or more.
    pub high: f64,
    /// Share of the resamples between the ends, as asked for.
    pub level: f64,
    /// How many resamples were drawn.
    pub resamples: u64,
    /// On how many of them the statistic was defined: those the ends come from.
    pub defined: u64,
}

/// Which rows are drawn together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// The rows, unit after unit.
    rows: Vec<usize>,
    /// Where each unit begins and ends in `rows`.
    bounds: Vec<(usize, usize)>,
}

impl Units {
    /// Makes every row a unit of its own.
    pub fn rows(rows: usize) -> Units {
        Units {
            rows: (0..rows).collect(),
            bounds: (0..rows).map(|row| (row, row + 1)).collect(),
        }
    }

    /// Makes units of the rows with equal keys, given one key per row: customers, as a rule. A row
    /// without a key stands alone, as in [`Example::group`](super::Example::group).
    ///
    /// Units are numbered by their first row; the keys themselves do not matter.
    pub fn groups<K: Eq + Hash>(keys: impl IntoIterator<Item = Option<K>>) -> Units {
        let mut numbers = HashMap::new();
        let mut units: Vec<Vec<usize>> = Vec::new();
        for (row, key) in keys.into_iter().enumerate() {
            let next = units.len();
            let unit = key.map_or(next, |key| *numbers.entry(key).or_insert(next));
            match units.get_mut(unit) {
                Some(rows) => rows.push(row),
                None => units.push(vec![row]),
            }
        }
        let mut end = 0;
        let bounds = units.iter().map(|unit| {
            let begin = end;
            end += unit.len();
            (begin, end)
        });
        Units {
            bounds: bounds.collect(),
            rows: units.concat(),
        }
    }

    /// Returns how many units there are.
    pub fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bounds.is_empty()
    }

    /// Draws as many units as there are, and lists their rows.
    fn draw(&self, random: &mut Xoshiro256PlusPlus, rows: &mut Vec<usize>) {
        rows.clear();
        let units = self.bounds.len() as u128;
        for _ in 0..units {
            // Below `units`, since the draw is below 2⁶⁴.
            let unit = (u128::from(random.next_u64()) * units) >> 64;
            let bounds = self.bounds.get(unit as usize);
            let drawn = bounds.and_then(|&(begin, end)| self.rows.get(begin..end));
            rows.extend_from_slice(drawn.unwrap_or_default());
        }
    }
}

impl Bootstrap {
    /// Refuses choices that give no interval.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first choice out of its range.
    pub fn check(&self) -> Result<()> {
        let invalid = |field: &str, found: String, wanted: String| {
            let place = format!("bootstrap.{field}");
            Err(Error::new(ErrorKind::Invalid, place, found, wanted))
        };
        if !(self.level > 0.0 && self.level < 1.0) {
            let wanted = "a share above 0 and below 1".to_owned();
            return invalid("level", self.level.to_string(), wanted);
        }
        // Rounding of 1 − level may not ask for one resample more.
        let fewest = (2.0 / (1.0 - self.level) * (1.0 - 1e-12)).ceil();
        if (self.resamples as f64) < fewest || self.resamples > MAX_RESAMPLES {
            let wanted = format!("from {fewest} to {MAX_RESAMPLES} at this level");
            return invalid("resamples", self.resamples.to_string(), wanted);
        }
        if !(0.0..=1.0).contains(&self.min_defined) {
            let wanted = "a share from 0 to 1".to_owned();
            return invalid("min_defined", self.min_defined.to_string(), wanted);
        }
        Ok(())
    }

    /// Returns the interval of a statistic, which is given the indices of the rows drawn, each as
    /// often as it was.
    ///
    /// `None` of fewer than two units, and where the statistic was defined on less than
    /// [`Bootstrap::min_defined`] of the resamples. A value that is not finite counts as undefined.
    ///
    /// # Errors
    ///
    /// As [`Bootstrap::check`].
    pub fn interval(
        &self,
        units: &Units,
        statistic: impl Fn(&[usize]) -> Option<f64>,
    ) -> Result<Option<Interval>> {
        let [interval] = self.intervals(units, |rows| [statistic(rows)])?;
        Ok(interval)
    }

    /// Returns the intervals of several statistics at once, each as [`Bootstrap::interval`] would:
    /// worthwhile where they share their work.
    ///
    /// # Errors
    ///
    /// As [`Bootstrap::check`].
    pub fn intervals<const N: usize>(
        &self,
        units: &Units,
        statistics: impl Fn(&[usize]) -> [Option<f64>; N],
    ) -> Result<[Option<Interval>; N]> {
        self.check()?;
        let mut values: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
        // A single unit is drawn every time: the ends would meet and mean nothing.
        if units.len() < 2 {
            return Ok([None; N]);
        }
        let mut start = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut rows = Vec::new();
        for _ in 0..self.resamples {
            units.draw(&mut start.clone(), &mut rows);
            start.jump();
            for (values, value) in values.iter_mut().zip(statistics(&rows)) {
                values.extend(value.filter(|v| v.is_finite()));
            }
        }
        Ok(values.map(|values| self.between(values)))
    }

    /// Returns the interval between the quantiles of the values found.
    fn between(&self, mut values: Vec<f64>) -> Option<Interval> {
        let defined = values.len() as u64;
        if (defined as f64) < self.min_defined * self.resamples as f64 {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Some(Interval {
            low: quantile(&values, tail)?,
            high: quantile(&values, 1.0 - tail)?,
            level: self.level,
            resamples: self.resamples,
            defined,
        })
    }
}

/// Returns the quantile of sorted values at `share`, `0.0..=1.0`: between the two values around
/// place share · (n − 1), in proportion. `None` of nothing.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place as usize).min(last);
    let (low, high) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    let part = place - below as f64;
    // Weighted instead of low + part · (high − low), whose difference may overflow; and kept
    // between the two, where rounding may leave them.
    Some((low * (1.0 - part) + high * part).clamp(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MarkEvaluation, MarkOutcome, Outcome, Ranking};
    use proptest::prelude::*;

    fn mean_of(values: &[f64]) -> impl Fn(&[usize]) -> Option<f64> {
        |rows| {
            let sum: f64 = rows.iter().map(|&row| values[row]).sum();
            (!rows.is_empty()).then(|| sum / rows.len() as f64)
        }
    }

    /// Numbers spread over 0..1 without a generator: multiples of the golden section, modulo 1.
    fn spread(rows: usize) -> Vec<f64> {
        (1..=rows)
            .map(|i| (i as f64 * 0.618_033_988_749_895).fract())
            .collect()
    }

    /// 5 values are at places 0 to 4: the share 0.25 is at place 1, 0.1 at 0.4.
    #[test]
    fn quantiles_by_hand() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (share, wanted) in [
            (0.0, 1.0),
            (0.1, 1.4),
            (0.25, 2.0),
            (0.625, 6.0),
            (1.0, 16.0),
        ] {
            let found = quantile(&sorted, share).unwrap();
            assert!((found - wanted).abs() < 1e-15 * 16.0, "{share}: {found}");
        }
        assert_eq!(quantile(&[7.0], 0.9), Some(7.0));
        assert_eq!(quantile(&[-1e308, 1e308], 0.5), Some(0.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn groups_are_numbered_by_their_first_row_and_rows_without_one_stand_alone() {
        let units = Units::groups([Some("b"), None, Some("a"), Some("b"), None]);
        assert_eq!(units.rows, [0, 3, 1, 2, 4]);
        assert_eq!(units.bounds, [(0, 2), (2, 3), (3, 4), (4, 5)]);
        assert_eq!(Units::groups([None::<u8>, None]), Units::rows(2));
        assert_eq!(
            (Units::rows(2).len(), Units::rows(2).is_empty()),
            (2, false)
        );
        assert!(Units::groups(std::iter::empty::<Option<u8>>()).is_empty());
    }

    /// The mean of n independent values strays by s/√n, so 95 % of its resamples lie within 1.96
    /// times that. An end of 4,000 resamples strays by √(0.025·0.975/4000)/0.0584 = 0.042 of it
    /// (0.0584: the normal density at 1.96); 0.13 are three times that.
    #[test]
    fn interval_of_a_mean_is_that_of_normal_theory() {
        let values = spread(400);
        let mean = values.iter().sum::<f64>() / 400.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 400.0;
        let bootstrap = Bootstrap {
            resamples: 4_000,
            ..Bootstrap::default()
        };
        let close = |interval: Interval, independent: f64| {
            let error = (variance / independent).sqrt();
            let ends = [
                (mean - interval.low) / error,
                (interval.high - mean) / error,
            ];
            assert!(ends.iter().all(|e| (e - 1.96).abs() < 0.13), "{ends:?}");
        };
        let by_row = bootstrap.interval(&Units::rows(400), mean_of(&values));
        close(by_row.unwrap().unwrap(), 400.0);
        // Each value of ten calls of one customer: 4,000 rows tell no more than 400, and drawn one
        // by one they claim to.
        let tenfold: Vec<f64> = values.iter().flat_map(|&v| [v; 10]).collect();
        let units = Units::groups((0..4_000).map(|row| Some(row / 10)));
        let grouped = bootstrap.interval(&units, mean_of(&tenfold));
        close(grouped.unwrap().unwrap(), 400.0);
        let claimed = bootstrap.interval(&Units::rows(4_000), mean_of(&tenfold));
        close(claimed.unwrap().unwrap(), 4_000.0);
    }

    #[test]
    fn too_few_defined_resamples_give_no_interval() {
        // Nine calls of one class and one of the other: the one is missing from (9/10)^10 = 35 % of
        // the resamples.
        let outcomes: Vec<Outcome> = (0..10)
            .map(|i| Outcome {
                probability: f64::from(i) / 10.0,
                satisfied: i == 7,
            })
            .collect();
        let ranking = Ranking::of(&outcomes).unwrap();
        let units = Units::rows(10);
        let auc = |rows: &[usize]| ranking.roc_auc(rows);
        let mut bootstrap = Bootstrap::default();
        assert_eq!(bootstrap.interval(&units, auc).unwrap(), None);
        bootstrap.min_defined = 0.5;
        let interval = bootstrap.interval(&units, auc).unwrap().unwrap();
        // 1,000 · (1 − 0.9^10) = 651 ± 4·√(1000·0.65·0.35).
        assert!(interval.defined.abs_diff(651) < 60, "{interval:?}");
        assert_eq!(interval.resamples, 1_000);
        // Nothing is defined: no interval, though nothing is asked for either.
        bootstrap.min_defined = 0.0;
        assert_eq!(bootstrap.interval(&units, |_| None).unwrap(), None);
        let nan = bootstrap.interval(&units, |_| Some(f64::NAN)).unwrap();
        assert_eq!(nan, None);
    }

    #[test]
    fn fewer_than_two_units_give_no_interval() {
        let value = |_: &[usize]| Some(1.0);
        let bootstrap = Bootstrap::default();
        for units in [
            Units::rows(0),
            Units::rows(1),
            Units::groups([Some(1), Some(1)]),
        ] {
            assert_eq!(bootstrap.interval(&units, value).unwrap(), None);
        }
        let interval = bootstrap.interval(&Units::rows(2), value).unwrap().unwrap();
        assert_eq!((interval.low, interval.high), (1.0, 1.0));
    }

    #[test]
    fn choices_out_of_range_are_named() {
        let default = Bootstrap::default();
        let cases = [
            (
                Bootstrap {
                    level: 1.0,
                    ..default
                },
                "bootstrap.level",
            ),
            (
                Bootstrap {
                    level: f64::NAN,
                    ..default
                },
                "bootstrap.level",
            ),
            (
                Bootstrap {
                    resamples: 39,
                    ..default
                },
                "bootstrap.resamples",
            ),
            (
                Bootstrap {
                    resamples: u64::MAX,
                    ..default
                },
                "bootstrap.resamples",
            ),
            (
                Bootstrap {
                    min_defined: 1.5,
                    ..default
                },
                "bootstrap.min_defined",
            ),
        ];
        for (bootstrap, place) in cases {
            let error = bootstrap.interval(&Units::rows(0), |_| None).unwrap_err();
            assert_eq!((error.kind(), error.place()), (ErrorKind::Invalid, place));
        }
        for (level, resamples) in [(0.95, 40), (0.9, 20), (0.99, 200), (0.5, 4)] {
            let bootstrap = Bootstrap {
                level,
                resamples,
                ..default
            };
            bootstrap.check().unwrap();
        }
    }

    #[derive(serde::Deserialize)]
    struct Oracle {
        bootstrap: Vec<OracleCase>,
    }

    #[derive(serde::Deserialize)]
    struct OracleCase {
        name: String,
        seed: u64,
        resamples: u64,
        level: f64,
        groups: Option<Vec<u32>>,
        probability: Vec<f64>,
        satisfied: Vec<bool>,
        first: Vec<usize>,
        last: Vec<usize>,
        mean: [f64; 2],
        roc_auc: [f64; 2],
        roc_auc_defined: u64,
    }

    /// The generator, its jumps and the draws are written again in `tests/oracle/metrics.py`; the
    /// statistics and the quantiles there are scikit-learn's and numpy's. Tolerance 1e-9.
    #[test]
    fn intervals_equal_independent_ones() {
        let text = include_str!("../../tests/oracle/metrics.json");
        let oracle: Oracle = serde_json::from_str(text).unwrap();
        assert!(oracle.bootstrap.len() >= 2);
        for case in oracle.bootstrap {
            let outcomes: Vec<Outcome> = (case.probability.iter().zip(&case.satisfied))
                .map(|(&probability, &satisfied)| Outcome {
                    probability,
                    satisfied,
                })
                .collect();
            let units = match case.groups {
                Some(groups) => Units::groups(groups.into_iter().map(Some)),
                None => Units::rows(outcomes.len()),
            };
            let bootstrap = Bootstrap {
                resamples: case.resamples,
                level: case.level,
                seed: case.seed,
                ..Bootstrap::default()
            };
            let ranking = Ranking::of(&outcomes).unwrap();
            let drawn = std::cell::RefCell::new(Vec::new());
            let mean = mean_of(&case.probability);
            let found = bootstrap.intervals(&units, |rows| {
                drawn.borrow_mut().push(rows.to_vec());
                [mean(rows), ranking.roc_auc(rows)]
            });
            let drawn = drawn.into_inner();
            assert_eq!(drawn.first(), Some(&case.first), "{}", case.name);
            assert_eq!(drawn.last(), Some(&case.last), "{}", case.name);
            let [mean, roc_auc] = found.unwrap().map(Option::unwrap);
            assert_eq!((mean.defined, mean.level), (case.resamples, case.level));
            assert_eq!(roc_auc.defined, case.roc_auc_defined);
            for (interval, [low, high]) in [(mean, case.mean), (roc_auc, case.roc_auc)] {
                let off = (interval.low - low).abs().max((interval.high - high).abs());
                assert!(off < 1e-9, "{}: {interval:?} {low} {high}", case.name);
            }
        }
    }

    #[test]
    fn one_statistic_or_several_draw_the_same_resamples() {
        let values = spread(30);
        let (units, mean) = (Units::rows(30), mean_of(&values));
        let bootstrap = Bootstrap::default();
        let [first, second] = bootstrap
            .intervals(&units, |rows| [mean(rows), rows.first().map(|_| 1.0)])
            .unwrap();
        assert_eq!(bootstrap.interval(&units, &mean).unwrap(), first);
        assert_eq!(second.unwrap().high, 1.0);
        let other = Bootstrap {
            seed: 1,
            ..bootstrap
        };
        assert_ne!(other.interval(&units, &mean).unwrap(), first);
    }

    /// Prints what the module's documentation says of the cost.
    #[test]
    #[ignore = "a measurement: cargo test --lib bootstrap::tests::cost -- --ignored --nocapture"]
    fn cost() {
        let values = spread(10_000);
        let outcomes: Vec<Outcome> = values
            .iter()
            .enumerate()
            .map(|(i, &probability)| Outcome {
                probability,
                satisfied: (i * 7_919) % 10_000 < (probability * 1e4) as usize,
            })
            .collect();
        let marks: Vec<MarkOutcome> = outcomes
            .iter()
            .map(|o| MarkOutcome {
                expected: 1.0 + 4.0 * o.probability,
                likely: if o.probability < 0.5 { 2 } else { 5 },
                mark: if o.satisfied { 5 } else { 3 },
            })
            .collect();
        let ranking = Ranking::of(&outcomes).unwrap();
        let (units, bootstrap) = (Units::rows(10_000), Bootstrap::default());
        let time = |name: &str, run: &dyn Fn() -> Option<Interval>| {
            let start = std::time::Instant::now();
            let interval = run().unwrap();
            println!("{name}: {:?} {interval:?}", start.elapsed());
        };
        let mean = mean_of(&values);
        time("mean", &|| bootstrap.interval(&units, &mean).unwrap());
        time("ROC area", &|| {
            bootstrap
                .interval(&units, |rows| ranking.roc_auc(rows))
                .unwrap()
        });
        time("marks", &|| {
            let scale = crate::model::LabelScale::ONE_TO_FIVE;
            let spearman = |rows: &[usize]| {
                let drawn: Vec<_> = rows.iter().map(|&row| marks[row]).collect();
                MarkEvaluation::of(&drawn, &scale).ok()?.spearman
            };
            bootstrap.interval(&units, spearman).unwrap()
        });
    }

    proptest! {
        #[test]
        fn ends_are_in_order_and_within_the_values(
            values in prop::collection::vec(-1e3_f64..1e3, 2..30),
            keys in prop::collection::vec(prop::option::of(0_u8..6), 2..30),
            seed in any::<u64>(),
            level in 0.1_f64..0.95,
        ) {
            let rows = values.len().min(keys.len());
            let units = Units::groups(keys[..rows].iter().copied());
            let bootstrap = Bootstrap { seed, level, resamples: 40, ..Bootstrap::default() };
            let found = bootstrap.interval(&units, mean_of(&values)).unwrap();
            prop_assert_eq!(found.is_some(), units.len() >= 2);
            if let Some(interval) = found {
                let values = &values[..rows];
                let least = values.iter().copied().fold(f64::INFINITY, f64::min);
                let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(least - 1e-9 <= interval.low && interval.low <= interval.high);
                prop_assert!(interval.high <= most + 1e-9);
                let again = bootstrap.interval(&units, mean_of(values)).unwrap();
                prop_assert_eq!(again, found);
            }
        }

        /// Every row of a unit is drawn as often as the others of it.
        #[test]
        fn units_are_drawn_whole(
            keys in prop::collection::vec(prop::option::of(0_u8..4), 2..20),
            seed in any::<u64>(),
        ) {
            let units = Units::groups(keys.iter().copied());
            let mut drawn = Vec::new();
            units.draw(&mut Xoshiro256PlusPlus::seed_from_u64(seed), &mut drawn);
            let times = |row| drawn.iter().filter(|&&r| r == row).count();
            let firsts: usize = units.bounds.iter().map(|&(begin, end)| {
                let unit = &units.rows[begin..end];
                assert!(unit.iter().all(|&row| times(row) == times(unit[0])));
                times(unit[0])
            }).sum();
            prop_assert_eq!(firsts, units.len());
        }
    }
}
