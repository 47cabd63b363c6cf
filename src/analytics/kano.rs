//! Which attributes must be, and which delight: the split of Kano (1984) by penalty and reward.
//!
//! # Conventions
//!
//! * Penalty–reward contrast analysis (Brandt 1987; Matzler & Sauerwein 2002): marks that customers *gave*
//!   are regressed on two indicators of each attribute, its bad end and its good end, all attributes
//!   at once. *Penalty* is what the bad end takes from the mark of a call in the middle, *reward* what
//!   the good end adds. Marks that a model estimates would give back its own curves.
//! * An end is a fifth of the answered calls, or all calls of the extreme value where that are more (no hold).
//!   Which end is bad is declared, not found: see [`ATTRIBUTES`].
//! * A call without a value is in neither end and has an indicator of its own.
//! * Intervals are of 95 % with variances that need not be equal (HC1; MacKinnon & White 1985). They are of
//!   each attribute by itself. What an attribute is *called* stands on wider ones, of 95 % for all attributes
//!   together (Bonferroni), or of twenty that do nothing one would seem to do something.

use super::drivers::values;
use super::linear::{independent, inverse, product};
use super::sample::{Ends, Sampled, Watched};
use super::stats::{Figure, Range, t_quantile, t_quantile_of};
use crate::features::position;
use serde::Serialize;

/// Answered calls that the split needs, and calls in each end and between them.
pub const LEAST_ANSWERS: u64 = 300;
/// Answered calls in each end of an attribute and between the ends.
pub const LEAST_IN_END: u64 = 30;
/// Marks below which a penalty or a reward does not matter.
pub const MATTERS: f64 = 0.1;

/// The attributes looked at, each with whether more of it is better.
pub const ATTRIBUTES: [(&str, bool); 17] = [
    ("queue_wait_s", false),
    ("ivr_duration_s", false),
    ("ivr_no_match_count", false),
    ("ivr_no_input_count", false),
    ("ivr_repeat_count", false),
    ("hold_count", false),
    ("hold_longest_s", false),
    ("call_duration", false),
    ("agent_interruptions_count", false),
    ("agent_response_latency_median_s", false),
    ("agent_longest_turn_s", false),
    ("agent_backchannel_rate", true),
    ("agent_syllable_rate", false),
    ("dialog_long_silence_longest_s", false),
    ("dialog_silence_length_percentage", false),
    ("dialog_interruptions_in_anybody_speech_percentage", false),
    ("dialog_turns_per_minute", true),
];

/// What an attribute is to customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KanoClass {
    /// Its bad end costs more than its good end gains: it is expected.
    MustBe,
    /// It costs and gains alike: the more, the better.
    OneDimensional,
    /// Its good end gains more than its bad end costs: nobody expects it.
    Attractive,
    /// Neither end matters: both are within [`MATTERS`] of nothing.
    Indifferent,
    /// Its good end costs, or its bad end gains: better is not where it was declared.
    Reversed,
    /// The answers do not tell.
    Undecided,
}

/// What was found of one attribute.
#[derive(Clone, Debug, Serialize)]
pub struct KanoAttribute {
    /// The feature.
    pub feature: &'static str,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// What it is to customers.
    pub class: KanoClass,
    /// Values up to this are its low end …
    pub low: f64,
    /// … and from this on its high end.
    pub high: f64,
    /// Marks that the bad end costs, with the calls in it.
    pub penalty: Figure,
    /// Marks that the good end gains, with the calls in it.
    pub reward: Figure,
    /// Penalty less reward.
    pub contrast: Range,
}

/// Why an attribute is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[non_exhaustive]
pub enum KanoLeftOut {
    /// Too few answered calls have it.
    NotMeasured {
        /// How many do.
        calls: u64,
    },
    /// Too few calls in an end or between the ends.
    NotSpread {
        /// Calls in the low end, between, in the high end.
        calls: [u64; 3],
    },
    /// Its ends are those of other attributes.
    SameAsOthers,
}

/// The split.
#[derive(Clone, Debug, Serialize)]
pub struct Kano {
    /// Attributes with enough data, the strongest first.
    pub attributes: Vec<KanoAttribute>,
    /// The others, and why.
    pub left_out: Vec<(&'static str, KanoLeftOut)>,
    /// Answered calls it stands on.
    pub answers: u64,
}

/// An attribute with its ends.
struct Candidate {
    feature: &'static str,
    more_is_better: bool,
    at: usize,
    ends: Ends,
    /// Calls in the low end, between, in the high end.
    calls: [u64; 3],
    any_absent: bool,
}

/// Splits the attributes by the marks of a sample of answered calls; `None` of fewer than
/// [`LEAST_ANSWERS`].
pub(super) fn kano(calls: &[Sampled], watched: &Watched) -> Option<Kano> {
    let answered: Vec<&Sampled> = calls.iter().filter(|call| call.mark.is_some()).collect();
    if (answered.len() as u64) < LEAST_ANSWERS {
        return None;
    }
    let mut left_out = Vec::new();
    let mut candidates = Vec::new();
    for (feature, more_is_better) in ATTRIBUTES {
        let Some(at) = position(feature).and_then(|at| watched.number(at)) else {
            continue;
        };
        let all = values(calls, at);
        let known = all.iter().filter(|x| !x.is_nan()).count() as u64;
        if known < 3 * LEAST_IN_END {
            left_out.push((feature, KanoLeftOut::NotMeasured { calls: known }));
            continue;
        }
        let count = |is: &dyn Fn(f32) -> bool| all.iter().filter(|x| is(**x)).count() as u64;
        let ends = Ends::of(&mut all.clone());
        let in_ends = ends.map_or([known, 0, 0], |ends| {
            let (low, high) = (count(&|x| x <= ends.low), count(&|x| x >= ends.high));
            [low, known - low - high, high]
        });
        match ends {
            Some(ends) if in_ends.iter().all(|calls| *calls >= LEAST_IN_END) => {
                candidates.push(Candidate {
                    feature,
                    more_is_better,
                    at,
                    ends,
                    calls: in_ends,
                    any_absent: known < all.len() as u64,
                });
            }
            _ => left_out.push((feature, KanoLeftOut::NotSpread { calls: in_ends })),
        }
    }
    let all: Vec<Vec<f64>> = answered
        .iter()
        .map(|call| indicators(call, &candidates))
        .collect();
    let new = independent(&products(&all));
    let mut at = 1;
    candidates.retain_mut(|candidate| {
        let ends = [new[at], new[at + 1]] == [true, true];
        // An absence that others tell as well needs no indicator.
        let absent = candidate.any_absent;
        candidate.any_absent = absent && new[at + 2];
        at += if absent { 3 } else { 2 };
        if !ends {
            left_out.push((candidate.feature, KanoLeftOut::SameAsOthers));
        }
        ends
    });
    // What was told apart before may be of one piece now only if numbers fail.
    let mut attributes = fit(&answered, &candidates).unwrap_or_default();
    let weight = |a: &KanoAttribute| a.penalty.value.abs().max(a.reward.value.abs());
    attributes.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    Some(Kano {
        attributes,
        left_out,
        answers: answered.len() as u64,
    })
}

/// Returns the indicators of a call: 1, then of each attribute its low end, its high end and, where calls
/// lack it, its absence.
fn indicators(call: &Sampled, candidates: &[Candidate]) -> Vec<f64> {
    let mut row = vec![1.0];
    for candidate in candidates {
        let x = call.numbers[candidate.at];
        row.push(f64::from(u8::from(x <= candidate.ends.low)));
        row.push(f64::from(u8::from(x >= candidate.ends.high)));
        if candidate.any_absent {
            row.push(f64::from(u8::from(x.is_nan())));
        }
    }
    row
}

/// Returns the sums of the products of every two columns of indicators.
fn products(table: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let width = table.first().map_or(0, Vec::len);
    let mut sums = vec![vec![0.0; width]; width];
    for row in table {
        for i in (0..width).filter(|&i| row[i] != 0.0) {
            sums[i].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    }
    sums
}

/// Regresses marks on the ends of all attributes; `None` where some cannot be told apart.
fn fit(answered: &[&Sampled], candidates: &[Candidate]) -> Option<Vec<KanoAttribute>> {
    let rows: Vec<(Vec<f64>, f64)> = answered
        .iter()
        .filter_map(|call| Some((indicators(call, candidates), call.mark? as f64)))
        .collect();
    let width = rows.first()?.0.len();
    let freedom = rows.len().checked_sub(width).filter(|f| *f > 0)? as f64;
    let mut sums = vec![0.0; width];
    for (row, mark) in &rows {
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, x)| *sum += x * mark);
    }
    let table: Vec<Vec<f64>> = rows.iter().map(|(row, _)| row.clone()).collect();
    let inverted = inverse(&products(&table))?;
    let weights = product(&inverted, &sums);
    let mut meat = vec![vec![0.0; width]; width];
    for (row, mark) in &rows {
        let fitted: f64 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
        let square = (mark - fitted).powi(2);
        for i in 0..width {
            if row[i] != 0.0 {
                meat[i]
                    .iter_mut()
                    .zip(row)
                    .for_each(|(m, x)| *m += square * x);
            }
        }
    }
    let scale = rows.len() as f64 / freedom;
    // The covariance of two weights: a row of the sandwich.
    let half: Vec<Vec<f64>> = inverted.iter().map(|row| product(&meat, row)).collect();
    let covariance = |i: usize, j: usize| {
        scale
            * half[i]
                .iter()
                .zip(&inverted[j])
                .map(|(a, b)| a * b)
                .sum::<f64>()
    };
    let t = t_quantile(freedom)?;
    let wide = t_quantile_of(1.0 - 0.025 / candidates.len() as f64, freedom)?;
    let mut at = 1;
    let mut found = Vec::new();
    for candidate in candidates {
        let (bad, good) = match candidate.more_is_better {
            true => (at, at + 1),
            false => (at + 1, at),
        };
        let (in_bad, in_good) = match candidate.more_is_better {
            true => (candidate.calls[0], candidate.calls[2]),
            false => (candidate.calls[2], candidate.calls[0]),
        };
        let figure = |value: f64, at: usize, calls: u64| Figure {
            value,
            range: Some(Range::around(value, t * covariance(at, at).max(0.0).sqrt())),
            calls,
        };
        let penalty = figure(-weights[bad], bad, in_bad);
        let reward = figure(weights[good], good, in_good);
        // Var(−b − g) = Var(b) + Var(g) + 2 Cov(b, g).
        let variance = covariance(bad, bad) + covariance(good, good) + 2.0 * covariance(bad, good);
        let error = variance.max(0.0).sqrt();
        let contrast = Range::around(penalty.value - reward.value, t * error);
        // The intervals that names stand on.
        let wider = |figure: &Figure| Some(widened(figure.range?, wide / t));
        let (loss, gain) = (wider(&penalty)?, wider(&reward)?);
        found.push(KanoAttribute {
            feature: candidate.feature,
            more_is_better: candidate.more_is_better,
            class: match small(penalty.range?) && small(reward.range?) {
                true => KanoClass::Indifferent,
                false => classify(loss, gain, widened(contrast, wide / t)),
            },
            low: f64::from(candidate.ends.low),
            high: f64::from(candidate.ends.high),
            penalty,
            reward,
            contrast,
        });
        at += if candidate.any_absent { 3 } else { 2 };
    }
    Some(found)
}

/// An interval so many times as wide, around the same middle.
fn widened(range: Range, times: f64) -> Range {
    let middle = f64::midpoint(range.low, range.high);
    Range::around(middle, times * (range.high - middle))
}

/// Whether it lies within what does not matter.
fn small(range: Range) -> bool {
    range.low > -MATTERS && range.high < MATTERS
}

fn classify(penalty: Range, reward: Range, contrast: Range) -> KanoClass {
    let costs = penalty.low > 0.0;
    let gains = reward.low > 0.0;
    if penalty.high < 0.0 || reward.high < 0.0 {
        KanoClass::Reversed
    } else if costs && contrast.low > 0.0 {
        KanoClass::MustBe
    } else if gains && contrast.high < 0.0 {
        KanoClass::Attractive
    } else if costs && gains {
        KanoClass::OneDimensional
    } else {
        KanoClass::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_intervals() {
        let range = |low: f64, high: f64| Range { low, high };
        let cases = [
            (
                range(0.2, 0.6),
                range(-0.1, 0.1),
                range(0.2, 0.6),
                KanoClass::MustBe,
            ),
            (
                range(0.2, 0.6),
                range(0.2, 0.5),
                range(-0.2, 0.3),
                KanoClass::OneDimensional,
            ),
            (
                range(-0.1, 0.2),
                range(0.3, 0.6),
                range(-0.6, -0.1),
                KanoClass::Attractive,
            ),
            (
                range(-0.6, -0.2),
                range(-0.1, 0.2),
                range(-0.7, -0.1),
                KanoClass::Reversed,
            ),
            (
                range(-0.1, 0.4),
                range(-0.2, 0.2),
                range(-0.2, 0.4),
                KanoClass::Undecided,
            ),
        ];
        for (penalty, reward, contrast, wanted) in cases {
            assert_eq!(classify(penalty, reward, contrast), wanted);
        }
        assert_eq!(widened(range(1.0, 3.0), 2.0), range(0.0, 4.0));
    }
}
