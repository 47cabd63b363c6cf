//! Two sides of an archive against each other: an A/B test, or what passes for one.
//!
//! A [`Compare`] takes the calls of an archive one by one and gives a [`Comparison`]: the figures of
//! both sides, how far they are apart and how sure that is, and what makes the comparison unfair.
//!
//! ```
//! use callcsi::analytics::{Compare, CompareOptions};
//! use callcsi::features::Lang;
//! use callcsi::simulate::planted::{COLUMNS, Planted, PlantedSettings};
//!
//! let columns = COLUMNS.map(str::to_owned);
//! let mut compare = Compare::new(&columns, "variant", "A", "B", CompareOptions::default())?;
//! let archive = Planted::new(PlantedSettings::seeded(7))?;
//! for row in archive.rows(2_000) {
//!     compare.push(&row)?;
//! }
//! let comparison = compare.finish()?;
//! assert_eq!(comparison.outcomes[0].a.unwrap().calls, comparison.a.scored);
//! println!("{}", comparison.text(Lang::En));
//! # Ok::<(), callcsi::Error>(())
//! ```
//!
//! # Conventions
//!
//! * A difference is the second side's figure less the first's: b − a.
//! * Estimates of all calls and marks of those who answered are compared side by side. The intervals say
//!   how far a difference would stray on other calls; that the model may be wrong on one side alone only
//!   the marks can show.
//! * Intervals are Welch's; of shares of marks Newcombe's; and where customers are known a percentile
//!   interval besides, customers drawn whole, on a bounded sample of them.
//! * The adjusted difference minds what came before the agent (the features of queue, IVR and customer
//!   history, [`ReasonGroup::Waiting`], [`Ivr`](ReasonGroup::Ivr) and [`History`](ReasonGroup::History)):
//!   what comes later may be the effect that is looked for. A value that is absent counts as the mean,
//!   with an indicator beside it; of words only `ivr_status` is used. A variant that changes the IVR or
//!   the queue itself must not be adjusted by them: [`CompareOptions::adjust`].
//! * Memory grows with the days and with the values of the columns, not with the calls.

mod adjust;
mod sample;
mod text;

use super::stats::{
    Figure, Range, detectable_difference, difference_of_means, difference_of_shares,
};
use super::{CallRow, Moments};
use crate::call::{CallId, IvrStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Kind, ReasonGroup, Value, catalogue};
use crate::model::{Bootstrap, LabelScale, MarkClass};
pub use adjust::Adjusted;
use adjust::{CoMoments, adjust};
use sample::Sample;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use std::collections::BTreeMap;

/// Standardised difference from which a feature is called unequal (Austin 2009).
pub const UNEQUAL: f64 = 0.1;

/// Cramér's V from which the mix of a column is called unequal.
pub const UNEQUAL_MIX: f64 = 0.1;

/// Probability below which the mix of a column is no chance.
const MIX_CHANCE: f64 = 0.01;

/// Probability below which the sizes of the sides are not those intended. Small, since a right split
/// must not be doubted in every twentieth test (Fabijan et al. 2019 use 0.0005 to 0.01).
const RATIO_CHANCE: f64 = 0.001;

/// Share of a side's calls that have to lie between the first and the last call of the other.
const SAME_TIME: f64 = 0.9;

/// A column with more values than this is no mix: it names calls or customers.
const MOST_VALUES: usize = 1_000;

/// How much wider the interval by customers may be than that by calls.
const ALIKE: f64 = 1.2;

/// What is chosen about a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CompareOptions {
    /// The scale of the marks: that of the model. Defaults to [`LabelScale::ONE_TO_FIVE`].
    pub scale: LabelScale,
    /// The sizes of the sides that were intended, first to second, such as 1 and 1; `None` where none
    /// were, and then they are not judged. Defaults to `None`.
    pub ratio: Option<(f64, f64)>,
    /// Whether to mind what came before the agent. Defaults to `true`.
    pub adjust: bool,
    /// Resamples of customers. Defaults to those of [`Bootstrap`].
    pub bootstrap: Bootstrap,
    /// The most calls of which customers are drawn. Defaults to 20,000.
    pub sample: usize,
}

impl Default for CompareOptions {
    fn default() -> CompareOptions {
        CompareOptions {
            scale: LabelScale::ONE_TO_FIVE,
            ratio: None,
            adjust: true,
            bootstrap: Bootstrap::default(),
            sample: 20_000,
        }
    }
}

/// One of the two sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// The value of the column.
    pub value: String,
    /// Its calls.
    pub calls: u64,
    /// Those with an estimate.
    pub scored: u64,
    /// Those whose customers gave a mark.
    pub answered: u64,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The mean mark.
    Csi,
    /// The share of satisfied customers.
    Csat,
    /// The share of dissatisfied ones.
    Cdsat,
}

/// One figure of both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// What it is.
    pub measure: Measure,
    /// Whether it is of marks that customers gave; of estimates otherwise.
    pub surveyed: bool,
    /// The first side's; `None` where no call tells.
    pub a: Option<Figure>,
    /// The second side's.
    pub b: Option<Figure>,
    /// The second less the first.
    pub difference: Option<Figure>,
    /// The interval of the same difference, customers drawn whole; `None` where no customer is known.
    pub by_customer: Option<Range>,
    /// The least difference that samples such as these find four times in five.
    pub detectable: Option<f64>,
    /// The difference that minds what came before the agent.
    pub adjusted: Option<Adjusted>,
}

/// What can be said of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Too few calls to say anything.
    Unknown,
    /// The interval holds 0; a difference of this size would have been found four times in five.
    NotFound(f64),
    /// The second side is higher.
    Higher,
    /// The second side is lower.
    Lower,
}

impl Outcome {
    /// Returns the difference to go by and the least that is found: the adjusted ones where there are.
    pub fn best(&self) -> Option<(Figure, f64)> {
        match &self.adjusted {
            Some(adjusted) => Some((adjusted.difference, adjusted.detectable)),
            None => self.difference.zip(self.detectable),
        }
    }

    /// Returns what can be said of the difference.
    pub fn verdict(&self) -> Verdict {
        let Some((figure, detectable)) = self.best() else {
            return Verdict::Unknown;
        };
        match figure.range {
            None => Verdict::Unknown,
            Some(range) if range.holds(0.0) => Verdict::NotFound(detectable),
            Some(_) if figure.value > 0.0 => Verdict::Higher,
            Some(_) => Verdict::Lower,
        }
    }
}

/// What makes a comparison unfair, or its intervals too narrow.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// A feature from before the agent differs by [`UNEQUAL`] or more.
    Unequal {
        /// The feature.
        feature: String,
        /// `None` for its mean; otherwise the word whose share it is, or `absent`.
        word: Option<String>,
        /// Mean or share of the first side.
        a: f64,
        /// That of the second.
        b: f64,
        /// b − a in standard deviations: the root of the mean of both variances.
        standardised: f64,
        /// How far chance alone takes it on so many calls, 95 times in 100.
        chance: f64,
    },
    /// The values of another column are not mixed alike: Cramér's V of [`UNEQUAL_MIX`] or more, and
    /// less than one chance in a hundred by the chi-squared test.
    Mix {
        /// The column.
        column: String,
        /// Cramér's V, 0 to 1.
        v: f64,
    },
    /// A tenth of a side's calls or more lie outside the time of the other's.
    Times {
        /// Share of the first side's calls on the days from the second's first to its last.
        a_within: f64,
        /// The same of the second side's.
        b_within: f64,
    },
    /// The sides are not of the sizes intended: less than one chance in a thousand. Some calls were
    /// lost or added on one side, and which ones may make all of the difference (Fabijan et al. 2019).
    Ratio {
        /// The first side's share of the calls.
        found: f64,
        /// The share intended.
        intended: f64,
    },
    /// The sides are operators: who takes which calls is hardly chance.
    ByOperator,
    /// Each operator has calls on one side alone: then the operators are what was divided, and by calls
    /// the intervals are too narrow.
    OperatorsDivided {
        /// Operators of the first side.
        a: u64,
        /// Those of the second.
        b: u64,
    },
    /// Calls of one customer are so alike that intervals by calls are too narrow.
    CustomersAlike {
        /// How much wider the interval by customers is.
        wider: f64,
    },
}

/// Two sides of an archive against each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The column that divides them.
    pub column: String,
    /// The first side.
    pub a: Side,
    /// The second side.
    pub b: Side,
    /// Calls of neither.
    pub others: u64,
    /// The figures: of estimates CSI, CSAT and CDSAT, then the same of marks.
    pub outcomes: Vec<Outcome>,
    /// What is unfair.
    pub warnings: Vec<Warning>,
}

/// A number of a call from before the agent, or whether something holds of it.
#[derive(Clone, Debug)]
enum Covariate {
    /// The value, 0 where it is absent: with the indicator beside it that is as good as the mean.
    Number(usize),
    /// Whether the value is absent.
    Absent(usize),
    /// Whether it is this word.
    Word(usize, &'static str),
}

impl Covariate {
    fn of(&self, row: &CallRow) -> f64 {
        let value = |place: &usize| {
            row.features
                .values()
                .get(*place)
                .and_then(|v| v.as_ref().ok())
        };
        let flag = |so: bool| f64::from(u8::from(so));
        match self {
            Covariate::Number(place) => match value(place) {
                Some(Value::Number(x)) => *x,
                _ => 0.0,
            },
            Covariate::Absent(place) => flag(value(place).is_none()),
            Covariate::Word(place, wanted) => {
                flag(matches!(value(place), Some(Value::Category(word)) if **word == **wanted))
            }
        }
    }

    fn place(&self) -> usize {
        match self {
            Covariate::Number(place) | Covariate::Absent(place) | Covariate::Word(place, _) => {
                *place
            }
        }
    }
}

/// Returns what is known of a call before an agent answers.
fn before_the_agent() -> Vec<Covariate> {
    let mut covariates = Vec::new();
    for (place, feature) in catalogue().iter().enumerate() {
        let before = [ReasonGroup::Waiting, ReasonGroup::Ivr, ReasonGroup::History];
        if !before.contains(&feature.group) {
            continue;
        }
        match feature.kind {
            Kind::Number => {
                covariates.extend([Covariate::Number(place), Covariate::Absent(place)]);
            }
            Kind::Category if feature.name == "ivr_status" => {
                covariates.push(Covariate::Absent(place));
                let words = IvrStatus::ALL.iter().map(|status| status.name());
                covariates.extend(words.map(|word| Covariate::Word(place, word)));
            }
            // Nodes of an IVR are any number of words.
            Kind::Category => {}
        }
    }
    covariates
}

/// What one side has gathered.
#[derive(Clone, Debug)]
struct Gathered {
    side: Side,
    /// CSI, CSAT, CDSAT of the estimates and of the marks.
    outcomes: [Moments; 6],
    /// Covariates and outcomes of the calls with an estimate, and of those with a mark.
    estimates: CoMoments,
    marks: CoMoments,
    /// Of each covariate, over the calls that have it.
    balance: Vec<Moments>,
}

/// Compares two sides of an archive.
#[derive(Clone, Debug)]
pub struct Compare {
    options: CompareOptions,
    columns: Vec<String>,
    place: usize,
    covariates: Vec<Covariate>,
    sides: [Gathered; 2],
    others: u64,
    /// Some values of the column that are on neither side, for an error to name.
    seen: BTreeMap<String, u64>,
    /// Calls of both sides by the values of each column; `None` of one with too many.
    mixes: Vec<Option<BTreeMap<Option<String>, [u64; 2]>>>,
    days: BTreeMap<i64, [u64; 2]>,
    customers: bool,
    samples: [Sample; 2],
    vector: Vec<f64>,
}

impl Compare {
    /// Begins a comparison of the calls whose `column`, one of the `columns` that the rows have, is `a`
    /// with those where it is `b`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when there is no such column, the sides are the same, or an option is out
    /// of its range.
    pub fn new(
        columns: &[String],
        column: &str,
        a: &str,
        b: &str,
        options: CompareOptions,
    ) -> Result<Compare> {
        let invalid = |place: &str, found: String, wanted: &str| {
            Error::new(ErrorKind::Invalid, place, found, wanted)
        };
        let place = columns.iter().position(|name| name == column);
        let place = place.ok_or_else(|| {
            let wanted = format!("one of the columns {}", columns.join(", "));
            invalid("compare.column", format!("{column:?}"), &wanted)
        })?;
        if a == b {
            let found = format!("{a:?} twice");
            return Err(invalid("compare.b", found, "another value than the first"));
        }
        if let Some((first, second)) = options.ratio
            && !(first > 0.0 && second > 0.0 && (first + second).is_finite())
        {
            let found = format!("{first}:{second}");
            return Err(invalid("compare.ratio", found, "two sizes above 0"));
        }
        options.bootstrap.check()?;
        let covariates = before_the_agent();
        let width = covariates.len() + 3;
        let side = |value: &str| Gathered {
            side: Side {
                value: value.to_owned(),
                ..Side::default()
            },
            outcomes: Default::default(),
            estimates: CoMoments::new(width),
            marks: CoMoments::new(width),
            balance: vec![Moments::default(); covariates.len()],
        };
        Ok(Compare {
            sides: [side(a), side(b)],
            samples: [Sample::new(options.sample), Sample::new(options.sample)],
            columns: columns.to_vec(),
            place,
            others: 0,
            seen: BTreeMap::new(),
            mixes: vec![Some(BTreeMap::new()); columns.len()],
            days: BTreeMap::new(),
            customers: false,
            vector: Vec::with_capacity(width),
            covariates,
            options,
        })
    }

    /// Adds a call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when a mark is not on the scale, and the call is not counted.
    pub fn push(&mut self, row: &CallRow) -> Result<()> {
        let class = row.mark.map(|mark| self.options.scale.class(mark));
        let class = class
            .transpose()
            .map_err(|error| error.within("mark").of_call(&CallId::new(&row.id)))?;
        let value = row.columns.get(self.place).and_then(Option::as_deref);
        let side = self
            .sides
            .iter()
            .position(|gathered| value == Some(gathered.side.value.as_str()));
        let Some(side) = side else {
            self.others += 1;
            // A few are enough to see what was mistyped.
            if let Some(value) = value
                && (self.seen.len() < 10 || self.seen.contains_key(value))
            {
                *self.seen.entry(value.to_owned()).or_default() += 1;
            }
            return Ok(());
        };
        let gathered = &mut self.sides[side];
        gathered.side.calls += 1;
        self.vector.clear();
        self.vector
            .extend(self.covariates.iter().map(|c| c.of(row)));
        let balance = gathered.balance.iter_mut().zip(&self.covariates);
        for ((moments, covariate), &x) in balance.zip(&self.vector) {
            let known = || {
                row.features
                    .values()
                    .get(covariate.place())
                    .is_some_and(|v| v.is_ok())
            };
            if !matches!(covariate, Covariate::Number(_)) || known() {
                moments.push(x);
            }
        }
        for (mix, value) in self.mixes.iter_mut().zip(&row.columns) {
            let Some(values) = mix else { continue };
            if let Some(counts) = values.get_mut(value) {
                counts[side] += 1;
            } else if values.len() < MOST_VALUES {
                values.entry(value.clone()).or_default()[side] = 1;
            } else {
                *mix = None;
            }
        }
        if let Some(time) = row.time {
            self.days.entry(time.day()).or_default()[side] += 1;
        }
        self.customers |= row.customer.is_some();
        let key = row.customer.as_deref().unwrap_or(&row.id);
        let flag = |so: bool| f64::from(u8::from(so));
        if let Some(estimate) = row.estimate {
            gathered.side.scored += 1;
            let [csi, csat, cdsat, ..] = &mut gathered.outcomes;
            csi.push(estimate.csi);
            csat.push(estimate.satisfied);
            estimate
                .dissatisfied
                .into_iter()
                .for_each(|x| cdsat.push(x));
            // Of a model that does not tell it nothing is said below.
            let dissatisfied = estimate.dissatisfied.unwrap_or_default();
            let outcomes = [estimate.csi, estimate.satisfied, dissatisfied];
            if outcomes.iter().all(|x| x.is_finite()) {
                let second = side == 1;
                self.samples[0].push(key, second, outcomes);
                self.vector.extend(outcomes);
                gathered.estimates.push(&self.vector);
                self.vector.truncate(self.covariates.len());
            }
        }
        if let Some((mark, class)) = row.mark.zip(class) {
            gathered.side.answered += 1;
            let satisfied = flag(class == MarkClass::Satisfied);
            let dissatisfied = flag(class == MarkClass::Dissatisfied);
            let outcomes = [mark as f64, satisfied, dissatisfied];
            let moments = &mut gathered.outcomes[3..];
            moments
                .iter_mut()
                .zip(outcomes)
                .for_each(|(m, x)| m.push(x));
            self.samples[1].push(key, side == 1, outcomes);
            self.vector.extend(outcomes);
            gathered.marks.push(&self.vector);
        }
        Ok(())
    }

    /// Ends the comparison.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] when one of the sides has no call.
    pub fn finish(self) -> Result<Comparison> {
        for gathered in &self.sides {
            if gathered.side.calls == 0 {
                let column = &self.columns[self.place];
                let found = format!("no call with {:?}", gathered.side.value);
                let others: Vec<&str> = self.seen.keys().map(String::as_str).collect();
                let error = Error::new(ErrorKind::Mismatch, column, found, "calls of both sides");
                return Err(match others.is_empty() {
                    true => error,
                    false => error.hint(format!("other values are {}", others.join(", "))),
                });
            }
        }
        let outcomes = [false, true]
            .map(|surveyed| self.outcomes(surveyed))
            .concat();
        let mut warnings = self.conditions();
        warnings.extend(self.unequal());
        warnings.extend(self.unequal_mixes());
        let wider = outcomes.iter().filter(|o| o.measure == Measure::Csi);
        let wider = wider.filter_map(|outcome| {
            let width = |range: Range| range.high - range.low;
            let by_call = width(outcome.difference?.range?);
            (by_call > 0.0).then_some(width(outcome.by_customer?) / by_call)
        });
        warnings.extend(
            wider
                .max_by(f64::total_cmp)
                .filter(|wider| *wider > ALIKE)
                .map(|wider| Warning::CustomersAlike { wider }),
        );
        let [a, b] = self.sides;
        Ok(Comparison {
            column: self.columns[self.place].clone(),
            a: a.side,
            b: b.side,
            others: self.others,
            outcomes,
            warnings,
        })
    }

    fn outcomes(&self, surveyed: bool) -> Vec<Outcome> {
        let [a, b] = &self.sides;
        let first = 3 * usize::from(surveyed);
        let measures = [Measure::Csi, Measure::Csat, Measure::Cdsat];
        let mut outcomes: Vec<Outcome> = measures
            .into_iter()
            .enumerate()
            .map(|(i, measure)| {
                let (ma, mb) = (&a.outcomes[first + i], &b.outcomes[first + i]);
                let share = measure != Measure::Csi;
                let hits = |m: &Moments| (m.sum().round() as u64, m.count());
                let figure = |m: &Moments| match (share, surveyed) {
                    (false, _) => Figure::mean(m),
                    (true, false) => Figure::mean_share(m),
                    (true, true) => Figure::share(hits(m).0, hits(m).1),
                };
                let (ga, gb) = match surveyed {
                    true => (&a.marks, &b.marks),
                    false => (&a.estimates, &b.estimates),
                };
                // Not where the model leaves it out on some calls.
                let told = ga.count() == ma.count() && gb.count() == mb.count();
                let covariates = self.covariates.len();
                Outcome {
                    measure,
                    surveyed,
                    a: figure(ma),
                    b: figure(mb),
                    difference: match share && surveyed {
                        true => difference_of_shares(hits(mb), hits(ma)),
                        false => difference_of_means(mb, ma),
                    },
                    by_customer: None,
                    detectable: detectable_difference(mb, ma),
                    adjusted: (self.options.adjust && told)
                        .then(|| adjust(ga, gb, covariates, covariates + i))
                        .flatten(),
                }
            })
            .collect();
        if self.customers {
            let values: Vec<Option<f64>> = outcomes
                .iter()
                .map(|outcome| outcome.difference.map(|figure| figure.value))
                .collect();
            let sample = &self.samples[usize::from(surveyed)];
            let differences = [values[0], values[1], values[2]];
            let ranges = sample.intervals(&self.options.bootstrap, differences);
            for (outcome, range) in outcomes.iter_mut().zip(ranges) {
                outcome.by_customer = range;
            }
        }
        outcomes
    }

    /// Warns of what was not as a test wants it.
    fn conditions(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let [a, b] = self
            .sides
            .each_ref()
            .map(|gathered| gathered.side.calls as f64);
        if let Some((first, second)) = self.options.ratio {
            let intended = first / (first + second);
            let all = a + b;
            let apart = a - all * intended;
            let squares =
                apart * apart / (all * intended) + apart * apart / (all * (1.0 - intended));
            if chi_squared(squares, 1) < RATIO_CHANCE {
                let found = a / all;
                warnings.push(Warning::Ratio { found, intended });
            }
        }
        let operators = |name: &String| name == "operator_id" || name == "agent_id";
        if operators(&self.columns[self.place]) {
            warnings.push(Warning::ByOperator);
        } else if let Some(place) = self.columns.iter().position(operators)
            && let Some(values) = self.mixes.get(place).and_then(Option::as_ref)
        {
            let known = || values.iter().filter(|(value, _)| value.is_some());
            let side = |i: usize| known().filter(|(_, n)| n[i] > n[1 - i]).count() as u64;
            let all: u64 = known().map(|(_, n)| n[0] + n[1]).sum();
            let strays: u64 = known().map(|(_, n)| n[0].min(n[1])).sum();
            // One operator in twenty calls may have changed sides. A single call is always on one side.
            if all >= 10 * known().count() as u64 && all > 0 && strays * 20 < all {
                warnings.push(Warning::OperatorsDivided {
                    a: side(0),
                    b: side(1),
                });
            }
        }
        let within = |own: usize| {
            let other = || {
                self.days
                    .iter()
                    .filter(|(_, n)| n[1 - own] > 0)
                    .map(|(day, _)| *day)
            };
            let (first, last) = (other().next()?, other().next_back()?);
            let calls = |range: &mut dyn Iterator<Item = (&i64, &[u64; 2])>| {
                range.map(|(_, n)| n[own]).sum::<u64>() as f64
            };
            let all = calls(&mut self.days.iter());
            (all > 0.0).then(|| calls(&mut self.days.range(first..=last)) / all)
        };
        if let Some((a_within, b_within)) = within(0).zip(within(1))
            && a_within.min(b_within) < SAME_TIME
        {
            warnings.push(Warning::Times { a_within, b_within });
        }
        warnings
    }

    /// Warns of features from before the agent that differ, the farthest apart first.
    fn unequal(&self) -> Vec<Warning> {
        let [a, b] = &self.sides;
        let mut unequal = Vec::new();
        for ((covariate, ma), mb) in self.covariates.iter().zip(&a.balance).zip(&b.balance) {
            let Some(standardised) = standardised_difference(ma, mb) else {
                continue;
            };
            if standardised.abs() < UNEQUAL {
                continue;
            }
            let word = match covariate {
                Covariate::Number(_) => None,
                Covariate::Absent(_) => Some("absent".to_owned()),
                Covariate::Word(_, word) => Some((*word).to_owned()),
            };
            let calls = 1.0 / ma.count() as f64 + 1.0 / mb.count() as f64;
            unequal.push((
                standardised.abs(),
                Warning::Unequal {
                    feature: catalogue()[covariate.place()].name.clone(),
                    word,
                    a: ma.mean().unwrap_or_default(),
                    b: mb.mean().unwrap_or_default(),
                    standardised,
                    chance: super::stats::z() * calls.sqrt(),
                },
            ));
        }
        unequal.sort_by(|(x, _), (y, _)| y.total_cmp(x));
        unequal.into_iter().map(|(_, warning)| warning).collect()
    }

    fn unequal_mixes(&self) -> Vec<Warning> {
        let others = self.columns.iter().zip(&self.mixes).enumerate();
        let others = others.filter(|(place, _)| *place != self.place);
        others
            .filter_map(|(_, (column, mix))| {
                let counts: Vec<[u64; 2]> = mix.as_ref()?.values().copied().collect();
                let (v, chance) = association(&counts)?;
                (v >= UNEQUAL_MIX && chance < MIX_CHANCE).then(|| Warning::Mix {
                    column: column.clone(),
                    v,
                })
            })
            .collect()
    }
}

/// Returns (b − a) / √((s²_a + s²_b) / 2), for numbers as for indicators (Austin 2009); `None` where
/// nothing varies.
fn standardised_difference(a: &Moments, b: &Moments) -> Option<f64> {
    let spread = ((a.variance()? + b.variance()?) / 2.0).sqrt();
    (spread > 0.0).then_some((b.mean()? - a.mean()?) / spread)
}

/// Returns Cramér's V of a table with two columns (1946, without correction), and the probability of
/// the chi-squared test; `None` of a single row or an empty column.
fn association(counts: &[[u64; 2]]) -> Option<(f64, f64)> {
    let columns: [f64; 2] = [0, 1].map(|i| counts.iter().map(|row| row[i] as f64).sum());
    let all = columns[0] + columns[1];
    let rows = counts.iter().filter(|row| row[0] + row[1] > 0).count();
    if rows < 2 || columns[0] == 0.0 || columns[1] == 0.0 {
        return None;
    }
    let mut squares = 0.0;
    for row in counts {
        let calls = (row[0] + row[1]) as f64;
        for (count, column) in row.iter().zip(columns) {
            let expected = calls * column / all;
            if expected > 0.0 {
                squares += (*count as f64 - expected).powi(2) / expected;
            }
        }
    }
    // The smaller of rows and columns, less one, is 1.
    Some(((squares / all).sqrt(), chi_squared(squares, rows - 1)))
}

/// Returns the probability of a chi-squared variable above `squares`.
fn chi_squared(squares: f64, freedom: usize) -> f64 {
    ChiSquared::new(freedom as f64).map_or(1.0, |distribution| distribution.sf(squares))
}

#[cfg(test)]
mod tests;
