//! A sample of whole calls, for what cannot be summed.
//!
//! # Conventions
//!
//! * Kept are the calls whose ids have the smallest hashes: a uniform sample that depends neither on the
//!   order of the rows nor on where the archive was split.
//! * Numbers are kept as `f32`, NaN where a call has none; they never leave this room as such.

use super::row::CallRow;
use crate::features::{Kind, Measured, Needs, ReasonGroup, Value, catalogue};
use crate::model::Predictor;
use crate::settings::fnv1a;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

/// A call of the sample.
#[derive(Clone, Debug)]
pub(super) struct Sampled {
    hash: u64,
    pub csi: Option<f64>,
    pub mark: Option<i64>,
    /// Of the watched features, in their order; NaN where there is no value.
    pub numbers: Box<[f32]>,
    /// Levels of the watched words and of the study's columns; 0 where there is none.
    pub words: Box<[u32]>,
    /// What each feature of the model added, in the model's order.
    pub contributions: Box<[f32]>,
    /// What each group of reasons moved the mark by, in the order of [`ReasonGroup::ALL`].
    pub points: Option<[f32; ReasonGroup::ALL.len()]>,
}

impl PartialEq for Sampled {
    fn eq(&self, other: &Sampled) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Sampled {}

impl PartialOrd for Sampled {
    fn partial_cmp(&self, other: &Sampled) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sampled {
    fn cmp(&self, other: &Sampled) -> Ordering {
        self.hash.cmp(&other.hash)
    }
}

/// Spreads the hash of an id over all 64 bits (the last steps of SplitMix64).
pub(super) fn spread(id: &str) -> u64 {
    let mut hash = fnv1a(id.bytes());
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// What is kept of each call.
#[derive(Debug)]
pub(super) struct Watched {
    /// Places in the catalogue of features that are numbers.
    pub numbers: Vec<usize>,
    /// Places in the catalogue of features that are words.
    pub words: Vec<usize>,
    /// Whether the model looks at a feature, by its place in the catalogue.
    pub in_model: Vec<bool>,
    levels: Vec<HashMap<String, u32>>,
    names: Vec<Vec<String>>,
}

/// Levels of one word told apart; further ones count as none.
const MOST_LEVELS: usize = 1_000;

impl Watched {
    /// Watches all features but those of single utterances' emotions, which are hundreds, and of these
    /// what the model looks at.
    pub fn new(predictor: Option<&Predictor>) -> Watched {
        let inputs = predictor.map(|p| p.model().encoder().inputs());
        let is_input = |name: &str| {
            let mut inputs = inputs.into_iter().flatten();
            inputs.any(|input| input.feature == name)
        };
        let in_model: Vec<bool> = catalogue().iter().map(|f| is_input(&f.name)).collect();
        let places = |kind: Kind| {
            let all = catalogue().iter().enumerate();
            let of_kind =
                all.filter(|(i, f)| f.kind == kind && (f.needs != Needs::Emotions || in_model[*i]));
            of_kind.map(|(i, _)| i).collect::<Vec<_>>()
        };
        let (numbers, words) = (places(Kind::Number), places(Kind::Category));
        Watched {
            levels: vec![HashMap::new(); words.len()],
            names: vec![Vec::new(); words.len()],
            numbers,
            words,
            in_model,
        }
    }

    /// Returns the name of a level of a watched word.
    pub fn level(&self, word: usize, level: u32) -> Option<&str> {
        let at = (level as usize).checked_sub(1)?;
        self.names.get(word)?.get(at).map(String::as_str)
    }

    fn code(&mut self, word: usize, value: &Measured) -> u32 {
        let Ok(Value::Category(text)) = value else {
            return 0;
        };
        let names = &mut self.names[word];
        if let Some(&code) = self.levels[word].get(&**text) {
            return code;
        }
        if names.len() >= MOST_LEVELS {
            return 0;
        }
        names.push(text.to_string());
        let code = names.len() as u32;
        self.levels[word].insert(text.to_string(), code);
        code
    }
}

/// The calls with the smallest hashes.
#[derive(Debug)]
pub(super) struct Sample {
    most: usize,
    heap: BinaryHeap<Sampled>,
    /// Calls offered.
    pub offered: u64,
}

impl Sample {
    pub fn new(most: usize) -> Sample {
        Sample {
            most: most.max(1),
            heap: BinaryHeap::new(),
            offered: 0,
        }
    }

    /// Takes a call if it belongs to the sample. `groups` are its levels of the study's columns.
    pub fn offer(
        &mut self,
        row: &CallRow,
        groups: &[u32],
        watched: &mut Watched,
        predictor: Option<&Predictor>,
    ) {
        self.offered += 1;
        let hash = spread(&row.id);
        let full = self.heap.len() >= self.most;
        if full && self.heap.peek().is_some_and(|last| last.hash <= hash) {
            return;
        }
        let values = row.features.values();
        let number = |&at: &usize| match &values[at] {
            Ok(Value::Number(x)) => *x as f32,
            _ => f32::NAN,
        };
        let numbers = watched.numbers.iter().map(number).collect();
        let mut words: Vec<u32> = (0..watched.words.len())
            .map(|word| watched.code(word, &values[watched.words[word]]))
            .collect();
        words.extend_from_slice(groups);
        let scored = predictor.filter(|_| row.estimate.is_some());
        let contributions = scored.map_or_else(Vec::new, |p| {
            let prediction = p.predict(&row.features);
            prediction
                .contributions
                .iter()
                .map(|c| c.log_odds as f32)
                .collect()
        });
        let points = scored.map(|p| {
            let explanation = p.explain(&row.features, &[]);
            ReasonGroup::ALL.map(|group| {
                let reason = explanation.reasons.iter().find(|r| r.group == group);
                reason.map_or(0.0, |r| r.csi_points as f32)
            })
        });
        if full {
            self.heap.pop();
        }
        self.heap.push(Sampled {
            hash,
            csi: row.estimate.map(|e| e.csi),
            mark: row.mark,
            numbers,
            words: words.into(),
            contributions: contributions.into(),
            points,
        });
    }

    /// Returns the calls, in order of their hashes.
    pub fn into_calls(self) -> Vec<Sampled> {
        self.heap.into_sorted_vec()
    }
}

/// The ends of a feature: its lowest and its highest values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ends {
    /// Values up to this are low.
    pub low: f32,
    /// Values from this on are high.
    pub high: f32,
}

/// Share of the calls that an end holds, unless more share one value.
const END: f64 = 0.2;

impl Ends {
    /// Finds the ends of some values: a fifth of them each, and where the lowest (or highest) value alone
    /// is more than that, that value. `None` where nothing lies between them.
    pub fn of(values: &mut Vec<f32>) -> Option<Ends> {
        values.retain(|x| !x.is_nan());
        values.sort_unstable_by(f32::total_cmp);
        let (first, last) = (*values.first()?, *values.last()?);
        let fifth = ((values.len() as f64 * END) as usize).max(1);
        // The greatest value such that no more than a fifth lie at or below it.
        let at_low = values[fifth.min(values.len() - 1)];
        let below = values.partition_point(|x| *x < at_low);
        let low = if below == 0 { first } else { values[below - 1] };
        let at_high = values[values.len() - 1 - fifth.min(values.len() - 1)];
        let upto = values.partition_point(|x| *x <= at_high);
        let high = if upto == values.len() {
            last
        } else {
            values[upto]
        };
        (low < high).then_some(Ends { low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(sample: Sample) -> Vec<u64> {
        sample.into_calls().iter().map(|call| call.hash).collect()
    }

    #[test]
    fn a_sample_does_not_depend_on_the_order_of_the_rows() {
        let rows: Vec<CallRow> = (0..500)
            .map(|i| CallRow::new(format!("звонок-{i}")))
            .collect();
        let sampled = |rows: &mut dyn Iterator<Item = &CallRow>| {
            let mut watched = Watched::new(None);
            let mut sample = Sample::new(50);
            rows.for_each(|row| sample.offer(row, &[], &mut watched, None));
            assert_eq!(sample.offered, 500);
            ids(sample)
        };
        let forth = sampled(&mut rows.iter());
        assert_eq!(forth.len(), 50);
        assert_eq!(forth, sampled(&mut rows.iter().rev()));
        // The plain way: all hashes, sorted.
        let mut all: Vec<u64> = rows.iter().map(|row| spread(&row.id)).collect();
        all.sort_unstable();
        assert_eq!(forth, all[..50]);
    }

    #[test]
    fn ends_are_a_fifth_or_one_value() {
        let of = |values: &[f32]| Ends::of(&mut values.to_vec());
        let ten: Vec<f32> = (1..=10).map(|x| x as f32).collect();
        assert_eq!(
            of(&ten),
            Some(Ends {
                low: 2.0,
                high: 9.0
            })
        );
        // Seven calls of ten had no hold: that end is all of them.
        let holds = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0];
        assert_eq!(
            of(&holds),
            Some(Ends {
                low: 0.0,
                high: 2.0
            })
        );
        assert_eq!(
            of(&[0.0, 0.0, 1.0, 1.0]),
            Some(Ends {
                low: 0.0,
                high: 1.0
            })
        );
        assert_eq!(of(&[4.0, f32::NAN]), None);
        assert_eq!(of(&[]), None);
    }
}
