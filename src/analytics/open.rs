//! The calls to open: those whose customers were dissatisfied, those that look so, and the best.

use super::row::CallRow;
use super::sample::spread;
use crate::features::FeatureVector;
use crate::model::{Explanation, Predictor};
use serde::Serialize;

/// A call to open.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// Its id.
    pub id: String,
    /// Its row in the manifest.
    pub line: u64,
    /// When it began, on the centre's clock.
    pub time: Option<String>,
    /// The expected mark; `None` of a call that was not scored.
    pub csi: Option<f64>,
    /// Probability of a dissatisfied customer.
    pub dissatisfied: Option<f64>,
    /// What the customer said.
    pub mark: Option<i64>,
    /// The values of the study's columns, in their order.
    pub columns: Vec<Option<String>>,
    /// Why the model expects that; `None` without the model of the rows.
    pub explanation: Option<Explanation>,
    /// What was measured.
    #[serde(skip)]
    pub features: FeatureVector,
}

impl Call {
    fn of(row: CallRow, predictor: Option<&Predictor>) -> Call {
        let scored = predictor.filter(|_| row.estimate.is_some());
        Call {
            explanation: scored.map(|p| p.explain(&row.features, &[])),
            id: row.id,
            line: row.line,
            time: row.time.map(|time| time.to_string()),
            csi: row.estimate.map(|e| e.csi),
            dissatisfied: row.estimate.and_then(|e| e.dissatisfied),
            mark: row.mark,
            columns: row.columns,
            features: row.features,
        }
    }
}

/// The calls to open.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ToOpen {
    /// Customers who gave a low mark: the lowest first, of one mark the latest.
    pub claims: Vec<Call>,
    /// How many gave one.
    pub claims_in_all: u64,
    /// Calls without a mark that look like a low one: the lowest estimates, of dissatisfied customers.
    pub suspected: Vec<Call>,
    /// The highest estimates, of satisfied customers.
    pub best: Vec<Call>,
}

/// The first of the calls in some order.
#[derive(Debug)]
struct First {
    most: usize,
    calls: Vec<(Key, CallRow)>,
}

/// What calls are ordered by: a number, then the id's hash, so that the order of rows does not matter.
type Key = (f64, i64, u64);

fn order(a: &Key, b: &Key) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
}

impl First {
    fn offer(&mut self, key: Key, row: &CallRow) -> bool {
        let at = self
            .calls
            .partition_point(|(other, _)| order(other, &key).is_lt());
        if at < self.most {
            self.calls.truncate(self.most - 1);
            self.calls.insert(at, (key, row.clone()));
        }
        at < self.most
    }

    fn into_calls(self, predictor: Option<&Predictor>) -> Vec<Call> {
        self.calls
            .into_iter()
            .map(|(_, row)| Call::of(row, predictor))
            .collect()
    }
}

/// Picks the calls to open.
#[derive(Debug)]
pub(super) struct Openings {
    claims: First,
    claims_in_all: u64,
    suspected: First,
    best: First,
    satisfied_from: f64,
}

impl Openings {
    /// Picks so many of each kind; an estimate below `satisfied_from` looks like a dissatisfied customer.
    pub fn new(most: usize, satisfied_from: f64) -> Openings {
        let first = || First {
            most,
            calls: Vec::new(),
        };
        Openings {
            claims: first(),
            claims_in_all: 0,
            suspected: first(),
            best: first(),
            satisfied_from,
        }
    }

    /// Takes a call if it is one of them, and returns whether; `is_claim` where its mark is low.
    pub fn offer(&mut self, row: &CallRow, is_claim: bool) -> bool {
        let mut taken = false;
        let hash = spread(&row.id);
        if let Some(mark) = row.mark.filter(|_| is_claim) {
            self.claims_in_all += 1;
            let latest = row.time.map_or(0, |time| -time.0);
            taken |= self.claims.offer((mark as f64, latest, hash), row);
        }
        if let Some(estimate) = &row.estimate {
            // Who said that all was well is no claim, whatever the estimate.
            let low = estimate.csi < self.satisfied_from;
            if row.mark.is_none() && low {
                taken |= self.suspected.offer((estimate.csi, 0, hash), row);
            }
            if !is_claim && !low {
                taken |= self.best.offer((-estimate.csi, 0, hash), row);
            }
        }
        taken
    }

    pub fn finish(self, predictor: Option<&Predictor>) -> ToOpen {
        ToOpen {
            claims: self.claims.into_calls(predictor),
            claims_in_all: self.claims_in_all,
            suspected: self.suspected.into_calls(predictor),
            best: self.best.into_calls(predictor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::{Estimate, Moment};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_lowest_are_those_of_a_sort(csi in prop::collection::vec(10..50_u8, 0..40), most in 1..6_usize) {
            let mut openings = Openings::new(most, 4.2);
            for (i, csi) in csi.iter().enumerate() {
                let mut row = CallRow::new(i.to_string());
                row.estimate = Some(Estimate { csi: f64::from(*csi) / 10.0, satisfied: 0.5, dissatisfied: None });
                openings.offer(&row, false);
            }
            let open = openings.finish(None);
            let told = |calls: &[Call]| calls.iter().filter_map(|c| c.csi).collect::<Vec<f64>>();
            let mut all: Vec<f64> = csi.iter().map(|csi| f64::from(*csi) / 10.0).collect();
            all.sort_by(f64::total_cmp);
            let lowest: Vec<f64> = all.iter().copied().filter(|csi| *csi < 4.2).take(most).collect();
            let highest: Vec<f64> = all.iter().rev().copied().filter(|csi| *csi >= 4.2).take(most).collect();
            prop_assert_eq!(told(&open.suspected), lowest);
            prop_assert_eq!(told(&open.best), highest);
        }
    }

    #[test]
    fn claims_are_the_lowest_marks_and_of_these_the_latest() {
        let mut openings = Openings::new(2, 4.0);
        for (id, mark, time) in [("a", 2, 30), ("b", 1, 10), ("c", 1, 20), ("d", 2, 40)] {
            let mut row = CallRow::new(id);
            (row.mark, row.time) = (Some(mark), Some(Moment(time)));
            openings.offer(&row, true);
        }
        let open = openings.finish(None);
        let ids: Vec<&str> = open.claims.iter().map(|c| c.id.as_str()).collect();
        assert_eq!((ids, open.claims_in_all), (vec!["c", "b"], 4));
        assert!(open.suspected.is_empty() && open.best.is_empty());
    }
}
