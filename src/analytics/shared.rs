//! What the calls with the lowest, and the highest, estimates share.
//!
//! # Conventions
//!
//! * A *part* is the tenth of the sample with the lowest (highest) estimates, ties included; the *rest* is
//!   all else. A condition is an end of a number (a fifth of the calls, or its extreme value where more
//!   calls have that), or a value of a word or of a column.
//! * *Lift* is the share of the part that meets the condition over the share of the rest that does.
//!   *Support* is how many calls of the part do.
//! * All conditions are tested (chi-squared), the probabilities adjusted together for the share of false
//!   discoveries (Benjamini & Hochberg); told are those under 5 %, with a lift of [`LEAST_LIFT`] or more.
//! * Of conditions that hold of the same calls only the strongest is told.
//! * The estimates come from the model, so a condition on what the model looks at partly says how the model
//!   works; one on a queue or a topic does not.

use super::drivers::values;
use super::sample::{Ends, Sampled, Watched};
use super::stats::{Figure, false_discovery, ratio_of_shares, same_share};
use crate::features::catalogue;
use serde::Serialize;

/// Share of the sample that a part is.
const PART: f64 = 0.1;
/// Calls of the part that must meet a condition.
const LEAST_SUPPORT: u64 = 20;
/// The least lift told.
pub const LEAST_LIFT: f64 = 1.2;
/// The largest adjusted probability told.
const DISCOVERY: f64 = 0.05;
/// Conditions told of each part.
const MOST: usize = 12;
/// Two conditions are one where they share so much of the calls that meet either.
const ALIKE: f64 = 0.5;

/// What a part of the calls shares.
#[derive(Clone, Debug, Serialize)]
pub struct Shared {
    /// The estimate that bounds the part.
    pub csi: f64,
    /// Calls of the part.
    pub calls: u64,
    /// Calls of the rest.
    pub rest: u64,
    /// Conditions tried.
    pub tried: u64,
    /// Conditions told, the most telling first.
    pub conditions: Vec<Condition>,
}

/// A condition that holds more often of the part.
#[derive(Clone, Debug, Serialize)]
pub struct Condition {
    /// What is compared.
    #[serde(flatten)]
    pub what: What,
    /// Share of the part over share of the rest.
    pub lift: Figure,
    /// Calls of the part that meet it.
    pub support: u64,
    /// Share of the part that meets it.
    pub in_part: f64,
    /// Share of the rest that does.
    pub in_rest: f64,
    /// Probability by chance, adjusted for all conditions tried.
    pub adjusted: f64,
    /// Whether the model looks at it.
    pub in_model: bool,
}

/// What a condition compares.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A feature is no more than a value.
    AtMost {
        /// The feature.
        feature: &'static str,
        /// The value.
        value: f64,
    },
    /// A feature is no less than a value.
    AtLeast {
        /// The feature.
        feature: &'static str,
        /// The value.
        value: f64,
    },
    /// A feature that is a word has this value.
    Is {
        /// The feature.
        feature: &'static str,
        /// The word.
        value: String,
    },
    /// A column has this value.
    Column {
        /// Place of the column among the study's.
        column: String,
        /// The value.
        value: String,
    },
}

struct Tried {
    what: What,
    in_model: bool,
    part: Vec<bool>,
    hits: (u64, u64),
}

/// Finds what the lowest tenth and the highest tenth share; `None` of too few estimates. `groups` are the
/// names of the columns with those of their levels, from level 1.
pub(super) fn shared(
    calls: &[Sampled],
    watched: &Watched,
    groups: &[(String, Vec<String>)],
) -> Option<(Shared, Shared)> {
    let calls: Vec<&Sampled> = calls.iter().filter(|c| c.csi.is_some()).collect();
    let size = (calls.len() as f64 * PART) as usize;
    if (size as u64) < LEAST_SUPPORT {
        return None;
    }
    let mut csi: Vec<f64> = calls.iter().filter_map(|call| call.csi).collect();
    csi.sort_unstable_by(f64::total_cmp);
    let (low, high) = (csi[size - 1], csi[csi.len() - size]);
    let of = |bound: f64, is_low: bool| {
        let part: Vec<bool> = calls
            .iter()
            .map(|call| {
                call.csi
                    .is_some_and(|csi| if is_low { csi <= bound } else { csi >= bound })
            })
            .collect();
        part_shares(&calls, &part, bound, watched, groups)
    };
    (low < high).then(|| (of(low, true), of(high, false)))
}

fn part_shares(
    calls: &[&Sampled],
    part: &[bool],
    csi: f64,
    watched: &Watched,
    groups: &[(String, Vec<String>)],
) -> Shared {
    let size = part.iter().filter(|is| **is).count() as u64;
    let rest = calls.len() as u64 - size;
    let mut tried: Vec<Tried> = Vec::new();
    let mut try_one = |what: What, in_model: bool, meets: &dyn Fn(&Sampled) -> bool| {
        let mut hits = (0, 0);
        let mut in_part = Vec::with_capacity(size as usize);
        for (call, is) in calls.iter().zip(part) {
            let meets = meets(call);
            match is {
                true => {
                    hits.0 += u64::from(meets);
                    in_part.push(meets);
                }
                false => hits.1 += u64::from(meets),
            }
        }
        if hits.0 >= LEAST_SUPPORT && hits.1 > 0 {
            tried.push(Tried {
                what,
                in_model,
                part: in_part,
                hits,
            });
        }
    };
    for (at, &feature) in watched.numbers.iter().enumerate() {
        let Some(ends) = Ends::of(&mut values(calls.iter().copied(), at)) else {
            continue;
        };
        let (name, in_model) = (
            catalogue()[feature].name.as_str(),
            watched.in_model[feature],
        );
        let (low, high) = (f64::from(ends.low), f64::from(ends.high));
        let at_most = What::AtMost {
            feature: name,
            value: low,
        };
        try_one(at_most, in_model, &|call| call.numbers[at] <= ends.low);
        let at_least = What::AtLeast {
            feature: name,
            value: high,
        };
        try_one(at_least, in_model, &|call| call.numbers[at] >= ends.high);
    }
    let words = watched.words.len();
    for (word, &feature) in watched.words.iter().enumerate() {
        let (name, in_model) = (
            catalogue()[feature].name.as_str(),
            watched.in_model[feature],
        );
        for level in 1.. {
            let Some(value) = watched.level(word, level) else {
                break;
            };
            let is = What::Is {
                feature: name,
                value: value.to_owned(),
            };
            try_one(is, in_model, &|call| call.words[word] == level);
        }
    }
    for (at, (column, names)) in groups.iter().enumerate() {
        for (level, value) in (1..).zip(names) {
            let is = What::Column {
                column: column.clone(),
                value: value.clone(),
            };
            try_one(is, false, &|call| call.words[words + at] == level);
        }
    }
    let count = tried.len() as u64;
    let counts = |t: &Tried| ((t.hits.0, size), (t.hits.1, rest));
    let chance = |t: &Tried| same_share(counts(t).0, counts(t).1).unwrap_or(1.0);
    let adjusted = false_discovery(&tried.iter().map(chance).collect::<Vec<f64>>());
    let mut told: Vec<(Tried, f64, Figure)> = tried
        .into_iter()
        .zip(adjusted)
        .filter_map(|(t, adjusted)| {
            let lift = ratio_of_shares((t.hits.0, size), (t.hits.1, rest))?;
            (adjusted <= DISCOVERY && lift.value >= LEAST_LIFT).then_some((t, adjusted, lift))
        })
        .collect();
    // What sets most of the part apart comes first: the difference of the shares.
    let apart = |t: &Tried| t.hits.0 as f64 / size as f64 - t.hits.1 as f64 / rest as f64;
    told.sort_by(|a, b| apart(&b.0).total_cmp(&apart(&a.0)));
    let mut kept: Vec<(Tried, f64, Figure)> = Vec::new();
    for candidate in told {
        if kept.len() < MOST
            && kept
                .iter()
                .all(|known| !alike(&known.0.part, &candidate.0.part))
        {
            kept.push(candidate);
        }
    }
    let conditions = kept.into_iter().map(|(t, adjusted, lift)| Condition {
        what: t.what,
        lift,
        support: t.hits.0,
        in_part: t.hits.0 as f64 / size as f64,
        in_rest: t.hits.1 as f64 / rest as f64,
        adjusted,
        in_model: t.in_model,
    });
    Shared {
        csi,
        calls: size,
        rest,
        tried: count,
        conditions: conditions.collect(),
    }
}

/// Whether two conditions hold of much the same calls (Jaccard).
fn alike(a: &[bool], b: &[bool]) -> bool {
    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
    let either = a.iter().zip(b).filter(|(a, b)| **a || **b).count();
    both as f64 > ALIKE * either as f64
}
