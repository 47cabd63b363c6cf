//! Calls of some customers, every call of each, as many as fit.

use super::super::sample::spread;
use super::super::stats::Range;
use crate::model::{Bootstrap, Units};

/// What is kept of a call.
#[derive(Clone, Copy, Debug)]
struct Kept {
    hash: u64,
    /// Whether it is of the second side.
    second: bool,
    outcomes: [f64; 3],
}

/// The calls of the customers whose hashes are smallest. Which they are does not depend on the order of
/// the calls.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    most: usize,
    /// Hashes are kept below 2⁶⁴⁻ʰᵃˡᵛⁱⁿᵍˢ.
    halvings: u32,
    calls: Vec<Kept>,
    /// Calls seen, kept or not.
    seen: u64,
}

impl Sample {
    pub(super) fn new(most: usize) -> Sample {
        Sample {
            most,
            halvings: 0,
            calls: Vec::new(),
            seen: 0,
        }
    }

    /// Adds a call of a customer, or of nobody known: then it stands alone, by its id.
    pub(super) fn push(&mut self, key: &str, second: bool, outcomes: [f64; 3]) {
        self.seen += 1;
        let hash = spread(key);
        if !self.holds(hash) {
            return;
        }
        self.calls.push(Kept {
            hash,
            second,
            outcomes,
        });
        // A single customer may have more calls than fit, and then none is kept at the end.
        while self.calls.len() > self.most && self.halvings < 64 {
            self.halvings += 1;
            let halvings = self.halvings;
            self.calls.retain(|call| below(call.hash, halvings));
        }
    }

    fn holds(&self, hash: u64) -> bool {
        below(hash, self.halvings)
    }

    /// Returns the percentile interval of each outcome's difference of means, given the differences of
    /// all calls, customers drawn whole. Where not all calls are kept, the interval is that of the
    /// sample, moved to the difference of all calls and made narrower by the root of the sample's share.
    pub(super) fn intervals(
        &self,
        bootstrap: &Bootstrap,
        differences: [Option<f64>; 3],
    ) -> [Option<Range>; 3] {
        let units = Units::groups(self.calls.iter().map(|call| Some(call.hash)));
        let rows: Vec<usize> = (0..self.calls.len()).collect();
        let own = self.differences(&rows);
        let found = bootstrap.intervals(&units, |rows| self.differences(rows));
        // The choices were checked when the comparison was begun.
        let found = found.unwrap_or_default();
        let narrower = (self.calls.len() as f64 / self.seen.max(1) as f64).sqrt();
        std::array::from_fn(|i| {
            let (interval, own, all) = (found[i]?, own[i]?, differences[i]?);
            Some(Range {
                low: all + (interval.low - own) * narrower,
                high: all + (interval.high - own) * narrower,
            })
        })
    }

    fn differences(&self, rows: &[usize]) -> [Option<f64>; 3] {
        let mut sums = [[0.0; 3]; 2];
        let mut counts = [0.0; 2];
        for &row in rows {
            let call = &self.calls[row];
            let side = usize::from(call.second);
            counts[side] += 1.0;
            for (sum, x) in sums[side].iter_mut().zip(call.outcomes) {
                *sum += x;
            }
        }
        let both = counts[0] > 0.0 && counts[1] > 0.0;
        std::array::from_fn(|i| both.then(|| sums[1][i] / counts[1] - sums[0][i] / counts[0]))
    }
}

/// Tells whether a hash is below 2⁶⁴ halved so often.
fn below(hash: u64, halvings: u32) -> bool {
    halvings == 0 || hash.checked_shr(64 - halvings) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_kept_whole_and_in_any_order_the_same() {
        let calls: Vec<String> = (0..5_000).map(|i| format!("cu-{:04}", i % 1_700)).collect();
        let kept = |calls: &mut dyn Iterator<Item = &String>| {
            let mut sample = Sample::new(600);
            calls.for_each(|key| sample.push(key, false, [0.0; 3]));
            let mut hashes: Vec<u64> = sample.calls.iter().map(|call| call.hash).collect();
            hashes.sort_unstable();
            (hashes, sample.seen)
        };
        let (forward, seen) = kept(&mut calls.iter());
        assert_eq!((forward.clone(), seen), kept(&mut calls.iter().rev()));
        assert!((250..=600).contains(&forward.len()), "{}", forward.len());
        // 5,000 calls are 3 of each but the last 100 customers, who have 2.
        let whole = forward
            .chunk_by(|a, b| a == b)
            .all(|customer| (2..=3).contains(&customer.len()));
        assert!(whole);
        let mut one = Sample::new(10);
        (0..50).for_each(|_| one.push("the same", true, [1.0; 3]));
        assert!(one.calls.len() <= 10);
    }
}
