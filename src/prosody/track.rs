//! One byte for each point of a measure that runs along a channel, and quantiles of such bytes.
//!
//! Which points lie in speech is known only when the recording has ended, so all have to be kept: a
//! byte each is little enough for calls of any length. What a byte stands for is its owner's affair.

use crate::timeline::{Time, Timeline};
use std::ops::Range;

/// Bytes at even steps of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Track {
    sample_rate: u32,
    /// The sample at which the first point stands, and the samples from one point to the next.
    first: u64,
    step: u64,
    bytes: Vec<u8>,
}

impl Track {
    pub(super) fn new(sample_rate: u32, first: u64, step: u64) -> Track {
        Track {
            sample_rate,
            first,
            step,
            bytes: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the instant of a point.
    pub(super) fn time(&self, index: usize) -> Time {
        let sample = self.step.saturating_mul(index as u64);
        Time::of_sample(self.first.saturating_add(sample), self.sample_rate)
    }

    /// Returns which points stand inside each segment of `speech`, in order.
    pub(super) fn inside<'t>(
        &'t self,
        speech: &'t Timeline,
    ) -> impl Iterator<Item = Range<usize>> + 't {
        let segments = speech.segments().iter();
        segments.map(|s| self.first_from(s.start())..self.first_from(s.end()))
    }

    /// Returns the first point that stands at `time` or later, or how many there are.
    fn first_from(&self, time: Time) -> usize {
        let (mut low, mut high) = (0, self.bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time(middle) < time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// How often each byte occurs.
#[derive(Clone, Debug)]
pub(super) struct Counts([u64; 256]);

impl Counts {
    pub(super) fn none() -> Counts {
        Counts([0; 256])
    }

    pub(super) fn add(&mut self, byte: u8) {
        self.0[usize::from(byte)] += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Keeps the bytes that lie from `least` to `most`, both included.
    pub(super) fn between(mut self, least: f64, most: f64) -> Counts {
        for (byte, count) in self.0.iter_mut().enumerate() {
            if !(least..=most).contains(&(byte as f64)) {
                *count = 0;
            }
        }
        self
    }

    /// Returns quantile `q` as the features take it (Hyndman & Fan 1996, type 7); `None` of nothing.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let place = q * self.total().checked_sub(1)? as f64;
        let (below, above) = (self.ranked(place.floor())?, self.ranked(place.ceil())?);
        Some(below + (above - below) * place.fract())
    }

    /// Returns the byte that has `rank` others before it.
    fn ranked(&self, rank: f64) -> Option<f64> {
        let mut seen = 0;
        let byte = self.0.iter().position(|count| {
            seen += count;
            seen as f64 > rank
        });
        byte.map(|byte| byte as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;

    #[test]
    fn points_inside_are_those_whose_instant_is() {
        // At 1, 3, 5, 7 and 9 ms.
        let mut track = Track::new(1_000, 1, 2);
        (10..15).for_each(|byte| track.push(byte));
        let speech: Timeline = [(0.0, 0.001), (0.003, 0.007), (0.008, 2.0)]
            .iter()
            .filter_map(|&(start, end)| Segment::from_seconds(start, end))
            .collect();
        let inside = track.inside(&speech).map(|points| &track.bytes()[points]);
        assert_eq!(inside.collect::<Vec<_>>(), [&[][..], &[11, 12], &[14]]);
        assert_eq!(track.inside(&Timeline::new()).count(), 0);
        assert_eq!(Track::default().inside(&speech).flatten().count(), 0);
    }

    #[test]
    fn quantiles_are_those_of_the_features() {
        assert_eq!(Counts::none().quantile(0.5), None);
        let mut counts = Counts::none();
        let bytes = [2, 4, 4, 4, 5, 5, 7, 9u8];
        bytes.iter().for_each(|&byte| counts.add(byte));
        let values = bytes.map(f64::from);
        for q in [0.0, 0.1, 0.25, 0.5, 0.9, 1.0] {
            let plain = crate::features::stats::quantile(&values, q);
            assert_eq!(counts.quantile(q), plain, "{q}");
        }
        // Type 7 of 4, 4, 4, 5, 5: the third.
        assert_eq!(counts.between(3.5, 6.0).quantile(0.5), Some(4.0));
    }
}
