//! What is known of a model's features: where they lay in training, and how much hangs on them.
//!
//! # Conventions
//!
//! * A [`Profile`] is of the training calls. It says how a feature was spread, so that a later month can
//!   be told from it ([`Profile::stability_index`]).
//! * [`Importance`] is of calls that the model had not seen: what is lost when a feature's values are
//!   dealt out among them anew (Breiman 2001). Features that tell the same story share what hangs on
//!   it, so each of them looks less important than both are.

use super::encode::{Encoder, Encoding};
use super::example::Example;
use super::metrics::{Outcome, Ranking};
use super::predict::{Prediction, sigmoid};
use crate::error::Result;
use crate::features::{Measured, Value, position};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bins of a number's profile at most: tenths of the training calls, the usual ones of the index.
const BINS: usize = 10;
/// Calls that importance is found on, at most, and how often a feature's values are dealt out.
const IMPORTANCE_ROWS: usize = 5_000;
const DEALS: usize = 5;
const SEED: u64 = 2_001;

/// How a feature was spread over the training calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the feature.
    pub feature: String,
    /// Training calls in each bin: without a value first, then as `bins` says.
    pub counts: Vec<u64>,
    /// What the other bins are.
    pub bins: Bins,
}

/// The bins of a [`Profile`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Bins {
    /// Of a number: up to and with the first edge, …, above the last one.
    Number {
        /// Ascending: tenths of the training calls, fewer where values are equal.
        edges: Vec<f64>,
        /// A hundredth of the training calls lies below this and …
        low: f64,
        /// … a hundredth above this.
        high: f64,
    },
    /// Of a word: each level, then all others.
    Category {
        /// Ascending by their text.
        levels: Vec<String>,
    },
}

impl Profile {
    /// Returns the bin of a value: a place in [`Profile::counts`].
    pub fn bin(&self, value: &Measured) -> usize {
        match (&self.bins, value) {
            (Bins::Number { edges, .. }, Ok(Value::Number(x))) if x.is_finite() => {
                1 + edges.partition_point(|edge| edge < x)
            }
            (Bins::Category { levels }, Ok(Value::Category(word))) => {
                let found = levels.binary_search_by(|level| level.as_str().cmp(word));
                1 + found.unwrap_or(levels.len())
            }
            _ => 0,
        }
    }

    /// Returns the population stability index of other calls, given how many lie in each bin:
    /// Σ (a − e) · ln(a / e) over the bins, e and a being the shares then and now, with half a call
    /// added to each bin so that none is empty. Below 0.1 is held to be the same, above 0.2 another
    /// population (Siddiqi 2006). `None` of no calls, or of another number of bins.
    pub fn stability_index(&self, counts: &[u64]) -> Option<f64> {
        let bins = self.counts.len();
        let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
        let (then, now) = (total(&self.counts), total(counts));
        if counts.len() != bins || then == 0.0 || now == 0.0 {
            return None;
        }
        let share = |count: u64, all: f64| (count as f64 + 0.5) / (all + 0.5 * bins as f64);
        let terms = self.counts.iter().zip(counts).map(|(e, a)| {
            let (e, a) = (share(*e, then), share(*a, now));
            (a - e) * (a / e).ln()
        });
        Some(terms.sum())
    }

    /// Refuses what training cannot have made.
    pub(super) fn is_sound(&self) -> bool {
        let (bins, sound) = match &self.bins {
            Bins::Number { edges, low, high } => {
                let rising = edges.windows(2).all(|pair| pair[0] < pair[1]);
                let finite = edges.iter().chain([low, high]).all(|x| x.is_finite());
                (edges.len() + 2, rising && finite && low <= high)
            }
            Bins::Category { levels } => (levels.len() + 2, levels.windows(2).all(|p| p[0] < p[1])),
        };
        sound && self.counts.len() == bins
    }
}

/// Makes the profiles of all inputs of an encoder.
pub(super) fn profiles(encoder: &Encoder, examples: &[&Example<'_>]) -> Vec<Profile> {
    let of = |name: &str, encoding: &Encoding| {
        let place = position(name)?;
        let values = || {
            examples
                .iter()
                .filter_map(|e| e.features.values().get(place))
        };
        let bins = match encoding {
            Encoding::Number { .. } => {
                let mut numbers: Vec<f64> = values()
                    .filter_map(|value| match value {
                        Ok(Value::Number(x)) if x.is_finite() => Some(*x),
                        _ => None,
                    })
                    .collect();
                numbers.sort_unstable_by(f64::total_cmp);
                let at = |share: f64| {
                    let last = numbers.len().saturating_sub(1);
                    numbers.get((share * last as f64).round() as usize)
                };
                let mut edges: Vec<f64> = (1..BINS)
                    .filter_map(|k| at(k as f64 / BINS as f64).copied())
                    .collect();
                edges.dedup();
                // The last bin holds something.
                if edges.last() == numbers.last() {
                    edges.pop();
                }
                Bins::Number {
                    edges,
                    low: at(0.01).copied().unwrap_or(0.0),
                    high: at(0.99).copied().unwrap_or(0.0),
                }
            }
            Encoding::Category { levels, .. } => Bins::Category {
                levels: levels.iter().map(|level| level.level.clone()).collect(),
            },
        };
        let width = match &bins {
            Bins::Number { edges, .. } => edges.len() + 2,
            Bins::Category { levels } => levels.len() + 2,
        };
        let mut profile = Profile {
            feature: name.to_owned(),
            counts: vec![0; width],
            bins,
        };
        for value in values() {
            let bin = profile.bin(value);
            if let Some(count) = profile.counts.get_mut(bin) {
                *count += 1;
            }
        }
        Some(profile)
    };
    let inputs = encoder.inputs().iter();
    inputs
        .filter_map(|input| of(&input.feature, &input.encoding))
        .collect()
}

/// What hangs on a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Importance {
    /// Name of the feature.
    pub feature: String,
    /// By how much the log loss of satisfaction rises without it, in nats, on the mean.
    pub log_loss: f64,
    /// By how much the ROC area falls, on the mean.
    pub roc_auc: f64,
}

/// What each feature added to the log-odds of calls that their model had not seen.
#[derive(Debug, Default)]
pub(super) struct Parts {
    rows: Vec<PartsRow>,
}

#[derive(Debug)]
struct PartsRow {
    index: usize,
    part: u64,
    satisfied: bool,
    log_odds: f64,
    /// By the name of the feature.
    added: BTreeMap<&'static str, f64>,
}

impl Parts {
    pub(super) fn push(
        &mut self,
        index: usize,
        part: u64,
        satisfied: bool,
        prediction: &Prediction,
    ) {
        if self.rows.len() >= IMPORTANCE_ROWS {
            return;
        }
        let added = prediction.contributions.iter();
        let added = added.map(|c| (c.feature.name.as_str(), c.log_odds));
        self.rows.push(PartsRow {
            index,
            part,
            satisfied,
            log_odds: prediction.log_odds,
            added: added.collect(),
        });
    }

    pub(super) fn extend(&mut self, other: Parts) {
        self.rows.extend(other.rows);
        self.rows.sort_by_key(|row| row.index);
        self.rows.truncate(IMPORTANCE_ROWS);
    }

    /// Deals out each feature's parts among the calls of one model, which is what dealing out its values
    /// comes to: a feature's part depends on nothing else. The most important one comes first.
    pub(super) fn importance(&self, features: &[String]) -> Result<Vec<Importance>> {
        let figures = |log_odds: &[f64]| -> Result<Option<(f64, f64)>> {
            let outcomes: Vec<Outcome> = (self.rows.iter().zip(log_odds))
                .map(|(row, log_odds)| Outcome {
                    probability: sigmoid(*log_odds),
                    satisfied: row.satisfied,
                })
                .collect();
            let losses = self.rows.iter().zip(log_odds).map(|(row, log_odds)| {
                let z = if row.satisfied { -log_odds } else { *log_odds };
                z.max(0.0) + (-z.abs()).exp().ln_1p()
            });
            let loss = losses.sum::<f64>() / self.rows.len().max(1) as f64;
            let all: Vec<usize> = (0..outcomes.len()).collect();
            Ok(Ranking::of(&outcomes)?
                .roc_auc(&all)
                .map(|area| (loss, area)))
        };
        let whole: Vec<f64> = self.rows.iter().map(|row| row.log_odds).collect();
        let Some((loss, area)) = figures(&whole)? else {
            return Ok(Vec::new());
        };
        let mut parts: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, row) in self.rows.iter().enumerate() {
            parts.entry(row.part).or_default().push(i);
        }
        let mut found = Vec::new();
        for feature in features {
            let added = |i: usize| self.rows[i].added.get(feature.as_str()).copied();
            if (0..self.rows.len()).all(|i| added(i).is_none_or(|part| part == 0.0)) {
                continue;
            }
            let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
            let mut importance = Importance {
                feature: feature.clone(),
                log_loss: 0.0,
                roc_auc: 0.0,
            };
            for _ in 0..DEALS {
                let mut dealt = whole.clone();
                for rows in parts.values() {
                    let mut from = rows.clone();
                    shuffle(&mut from, &mut random);
                    for (&to, from) in rows.iter().zip(from) {
                        dealt[to] += added(from).unwrap_or(0.0) - added(to).unwrap_or(0.0);
                    }
                }
                if let Some((dealt_loss, dealt_area)) = figures(&dealt)? {
                    importance.log_loss += (dealt_loss - loss) / DEALS as f64;
                    importance.roc_auc += (area - dealt_area) / DEALS as f64;
                }
            }
            found.push(importance);
        }
        found.sort_by(|a, b| b.log_loss.total_cmp(&a.log_loss));
        Ok(found)
    }
}

/// Fisher and Yates' shuffle.
fn shuffle(rows: &mut [usize], random: &mut Xoshiro256PlusPlus) {
    for last in (1..rows.len()).rev() {
        // At most `last`, since the draw is below 2⁶⁴.
        let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        rows.swap(last, other as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Absence;
    use crate::model::testing::{number, table, trained, word};
    use crate::model::{TrainOptions, Validation};

    fn profile() -> Profile {
        Profile {
            feature: "queue_wait_s".into(),
            counts: vec![10, 40, 50],
            bins: Bins::Number {
                edges: vec![30.0],
                low: 1.0,
                high: 200.0,
            },
        }
    }

    #[test]
    fn a_value_lies_in_one_bin() {
        let profile = profile();
        assert!(profile.is_sound());
        for (value, bin) in [(0.0, 1), (30.0, 1), (30.1, 2), (1e9, 2)] {
            assert_eq!(profile.bin(&Ok(number(value))), bin);
        }
        assert_eq!(profile.bin(&Err(Absence::NoRecording)), 0);
        assert_eq!(profile.bin(&Ok(word("late"))), 0);
    }

    /// Shares then (10.5, 40.5, 50.5) / 101.5 and now (10.5, 20.5, 70.5) / 101.5:
    /// (−20 ln(20.5 / 40.5) + 20 ln(70.5 / 50.5)) / 101.5 = (13.6177 + 6.6727) / 101.5.
    #[test]
    fn stability_index_by_hand() {
        let profile = profile();
        assert_eq!(profile.stability_index(&[10, 40, 50]), Some(0.0));
        let moved = profile.stability_index(&[10, 20, 70]).unwrap();
        let wanted = (20.0 * (40.5_f64 / 20.5).ln() + 20.0 * (70.5_f64 / 50.5).ln()) / 101.5;
        assert!(
            (moved - wanted).abs() < 1e-12 && (moved - 0.19990).abs() < 1e-4,
            "{moved}"
        );
        assert_eq!(profile.stability_index(&[0, 0, 0]), None);
        assert_eq!(profile.stability_index(&[1, 2]), None);
    }

    /// 300 calls: hold counts are absent on every third, and 0 to 3 on the others, so few tenths differ.
    #[test]
    fn profiles_count_every_training_call_once() {
        let table = table(300);
        let model = trained(&table, &TrainOptions::default()).unwrap();
        let profiles = &model.metrics().profiles;
        assert_eq!(profiles.len(), model.encoder().inputs().len());
        for profile in profiles {
            assert!(profile.is_sound(), "{profile:?}");
            assert_eq!(profile.counts.iter().sum::<u64>(), 300);
        }
        let holds = profiles.iter().find(|p| p.feature == "hold_count").unwrap();
        assert_eq!(holds.counts[0], 100);
        let Bins::Number { edges, .. } = &holds.bins else {
            panic!("a number")
        };
        assert_eq!(edges, &[0.0, 1.0, 2.0]);
    }

    /// The marks follow the wait and nothing else; how often the IVR failed is noise.
    #[test]
    fn what_the_marks_follow_is_important() {
        let table = table(400);
        for validation in [
            Validation::Folds { folds: 4 },
            Validation::HoldOut { share: 0.3 },
        ] {
            let options = TrainOptions {
                validation,
                ..TrainOptions::default()
            };
            let model = trained(&table, &options).unwrap();
            let importance = &model.metrics().importance;
            assert_eq!(importance[0].feature, "queue_wait_s");
            assert!(importance[0].roc_auc > 0.1 && importance[0].log_loss > 0.05);
            let rest = &importance[1..];
            assert!(rest.iter().all(|i| i.roc_auc.abs() < 0.03), "{rest:?}");
        }
    }

    #[test]
    fn a_shuffle_keeps_every_row() {
        let mut rows: Vec<usize> = (0..50).collect();
        shuffle(&mut rows, &mut Xoshiro256PlusPlus::seed_from_u64(1));
        assert_ne!(rows, (0..50).collect::<Vec<_>>());
        rows.sort_unstable();
        assert_eq!(rows, (0..50).collect::<Vec<_>>());
    }
}
