//! Drop-outs: speech cut out by a lost packet, in whose place stands digital silence.
//!
//! # Conventions
//!
//! *Digital silence* is a run of samples of exactly one value, below [`SILENCE_DBFS`]: zero, or the
//! step next to it that A-law writes for zero. It is a *drop-out* when it is as long as lost packets
//! are and stands abruptly in speech: the 10 ms before it and the 10 ms after it are both loud. Level
//! and frames are those of [`faults`](super::faults).
//!
//! A line that sends nothing in pauses, or that gates them, is digitally silent as well, but between
//! sounds that fade. So both borders are asked, and not one: a gate opens on loud speech, and closes
//! after it.
//!
//! What a lossy codec wrote after the loss is no longer one value, and is not found; nor is a loss
//! that the receiver concealed.

use super::faults::{ACTIVE_DBFS, BINS, SILENCE_DBFS, bin, decibels, exceeded};
use serde::Serialize;
use std::ops::Range;

/// The shortest drop-out, in seconds: one packet of 20 ms (RFC 3551) less 2 ms. On a real call
/// whose packets are lost the silences last 38, 58, 78, 118, … ms: the receiver fades for 2 ms.
pub const SHORTEST_DROPOUT_S: f64 = 0.018;

/// The longest, in seconds: what is silent for more than a second was muted or held. On that call
/// the longest lasts 0.318 s.
pub const LONGEST_DROPOUT_S: f64 = 1.0;

/// How far below loud speech both borders of a drop-out may be, in dB; loud speech is the level that
/// a tenth of the frames above [`ACTIVE_DBFS`] exceed. Both must be above [`ACTIVE_DBFS`] too.
///
/// Measured on eight real two-channel recordings. On the one with lost packets 39 silences are
/// drop-outs (37 of the customer, 0.9 % of the channel), whose quieter borders lie from 7 dB above
/// that level to 16 dB below it; the next lies 22 dB below, all but a few more than 30. On
/// the others, three of which are digitally silent in pauses (up to 498 silences a channel), none
/// lies less than 28 dB below. Of 424 stretches of 20 to 300 ms cut out of speech on eight
/// channels half are found, 60 % of those of 20 ms: the rest begin or end in a pause or a closure.
/// Digital silence put by a gate wherever speech is 25 dB below its loud end is never found with a
/// hangover of 40 ms, and in 9 of 203 cases without one.
pub const BORDER_DB: f64 = 20.0;

/// Drop-outs of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Dropouts {
    /// How many.
    pub count: u64,
    /// Share of the channel's samples that are dropped out, 0..=1.
    pub share: f64,
}

/// Finds the drop-outs of one channel in memory that does not grow.
///
/// What loud speech is turns out at the end only, so candidates are counted by the level of their
/// quieter border.
#[derive(Clone, Debug)]
pub(super) struct DropoutMeter {
    /// Samples of a border: 10 ms.
    border: usize,
    shortest: u64,
    longest: u64,
    /// The last samples, as many as a border has.
    last: Vec<f32>,
    /// The value of the run that is going on, and its length so far.
    value: f32,
    run: u64,
    /// Mean square of the border before that run; `None` at the very start, where there is none.
    before: Option<f64>,
    /// The silence whose second border is being heard.
    ended: Option<Ended>,
    /// Number and samples of the candidates, by the level of the quieter border.
    found: Vec<(u64, u64)>,
}

/// A digital silence that has ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    samples: u64,
    /// Mean square of the border before it.
    before: f64,
    /// Sum of squares, and number, of the samples after it.
    after: f64,
    heard: usize,
}

impl DropoutMeter {
    /// Makes a meter for samples at `sample_rate`, in Hz.
    pub(super) fn new(sample_rate: u32) -> DropoutMeter {
        let border = (sample_rate / 100).max(1) as usize;
        let samples = |seconds: f64| (seconds * f64::from(sample_rate)).round() as u64;
        DropoutMeter {
            border,
            shortest: samples(SHORTEST_DROPOUT_S).max(1),
            longest: samples(LONGEST_DROPOUT_S),
            last: Vec::with_capacity(border),
            // No sample equals NaN: the first one begins a run.
            value: f32::NAN,
            run: 0,
            before: None,
            ended: None,
            found: vec![(0, 0); BINS],
        }
    }

    /// Takes the next samples.
    pub(super) fn push(&mut self, samples: &[f32]) {
        // The run of the last block may go on.
        let mut at = same(samples, self.value);
        self.run += at as u64;
        self.after(&samples[..at]);
        if at == samples.len() {
            self.remember(samples);
            return;
        }
        self.end_run(self.before);
        // Samples that the border of a silence has been told of.
        let mut told = at;
        while let Some(run) = self.next_run(samples, at) {
            at = run.end;
            if at == samples.len() {
                break;
            }
            self.value = samples[run.start];
            self.run = run.len() as u64;
            if self.is_silence() {
                self.after(&samples[told..at]);
                told = at;
                self.end_run(self.border_before(samples, run.start));
            }
        }
        self.value = samples[samples.len() - 1];
        let last = samples.iter().rev().take_while(|x| **x == self.value);
        self.run = last.count() as u64;
        self.after(&samples[told..]);
        let start = samples.len() - self.run as usize;
        self.before = self.border_before(samples, start);
        self.remember(samples);
    }

    /// Returns the first run from `from` on that is long enough for a drop-out, and perhaps shorter
    /// ones.
    ///
    /// Cut into pieces of half that length, the samples hold a piece that is all of the run: only
    /// such pieces are sought.
    fn next_run(&self, samples: &[f32], from: usize) -> Option<Range<usize>> {
        let length = (self.shortest as usize / 2).max(1);
        let mut pieces = samples.get(from..)?.chunks_exact(length);
        let constant = |piece: &[f32]| {
            let (first, middle, last) = (piece[0], piece[length / 2], piece[length - 1]);
            first == middle && first == last && piece.iter().all(|x| *x == first)
        };
        let start = from + length * pieces.position(constant)?;
        let before = samples[from..start].iter().rev();
        let earlier = before.take_while(|x| **x == samples[start]).count();
        let length = same(&samples[start..], samples[start]);
        Some(start - earlier..start + length)
    }

    /// Takes samples after a silence.
    fn after(&mut self, samples: &[f32]) {
        let Some(ended) = &mut self.ended else {
            return;
        };
        let border = &samples[..samples.len().min(self.border - ended.heard)];
        ended.after += squares(border);
        ended.heard += border.len();
        if ended.heard == self.border {
            let after = ended.after / self.border as f64;
            let quieter = bin(decibels(after.min(ended.before)));
            self.found[quieter].0 += 1;
            self.found[quieter].1 += ended.samples;
            self.ended = None;
        }
    }

    /// Whether the run is digital silence as long as lost packets are.
    fn is_silence(&self) -> bool {
        (self.shortest..=self.longest).contains(&self.run)
            && decibels(f64::from(self.value).powi(2)) < SILENCE_DBFS
    }

    /// Takes the end of the run.
    fn end_run(&mut self, before: Option<f64>) {
        // The border of the last silence has been heard by now: it is shorter than this one.
        if let (true, Some(before)) = (self.is_silence(), before) {
            self.ended = Some(Ended {
                samples: self.run,
                before,
                after: 0.0,
                heard: 0,
            });
        }
    }

    /// Returns the mean square of the border before a sample of a block.
    fn border_before(&self, samples: &[f32], start: usize) -> Option<f64> {
        let here = &samples[start.saturating_sub(self.border)..start];
        let earlier = self.last.len().checked_sub(self.border - here.len())?;
        let sum = squares(&self.last[earlier..]) + squares(here);
        Some(sum / self.border as f64)
    }

    /// Keeps the last samples.
    fn remember(&mut self, samples: &[f32]) {
        let new = &samples[samples.len().saturating_sub(self.border)..];
        let old = (self.last.len() + new.len()).saturating_sub(self.border);
        self.last.drain(..old);
        self.last.extend_from_slice(new);
    }

    /// Returns the drop-outs among `samples` samples, whose 10 ms frames have the levels of
    /// `histogram`.
    pub(super) fn dropouts(&self, histogram: &[u64], samples: u64) -> Dropouts {
        let active = bin(ACTIVE_DBFS);
        let frames: u64 = histogram[active..].iter().sum();
        let Some(loud) = exceeded(histogram, frames / 10) else {
            return Dropouts::default();
        };
        // Two bins a decibel.
        let least = loud.saturating_sub((2.0 * BORDER_DB) as usize).max(active);
        let (mut count, mut dropped) = (0, 0);
        for (n, of_those) in &self.found[least..] {
            count += n;
            dropped += of_those;
        }
        Dropouts {
            count,
            share: dropped as f64 / samples.max(1) as f64,
        }
    }
}

/// Returns the sum of squares.
fn squares(samples: &[f32]) -> f64 {
    samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

/// Returns how many samples at the start have the value.
fn same(samples: &[f32], value: f32) -> usize {
    let other = samples.iter().position(|x| *x != value);
    other.unwrap_or(samples.len())
}

#[cfg(test)]
mod tests {
    use super::super::Block;
    use super::super::faults::FaultMeter;
    use super::*;

    const RATE: usize = 8_000;

    /// Measures a channel in blocks of `block` samples.
    fn in_blocks(samples: &[f32], block: usize) -> Dropouts {
        let mut meter = FaultMeter::new(RATE as u32);
        for samples in samples.chunks(block) {
            meter.push(&Block {
                agent: samples,
                customer: samples,
            });
        }
        meter.faults().dropouts.agent
    }

    fn measure(samples: &[f32]) -> Dropouts {
        in_blocks(samples, 333)
    }

    /// 200 Hz of amplitude 0.3, which is -13.5 dBFS over any 10 ms; a sample stands off zero
    /// crossings, so that no two neighbours are equal.
    fn voice(seconds: usize) -> Vec<f32> {
        let phase = |n: usize| std::f32::consts::TAU * (200.0 * n as f32 / RATE as f32 + 0.013);
        (0..seconds * RATE).map(|n| phase(n).sin() * 0.3).collect()
    }

    /// Fills `milliseconds` from `at_ms` on.
    fn fill(samples: &mut [f32], at_ms: usize, milliseconds: usize, value: f32) {
        let at = at_ms * RATE / 1_000;
        samples[at..at + milliseconds * RATE / 1_000].fill(value);
    }

    #[test]
    fn packets_cut_out_of_speech_are_counted() {
        let mut samples = voice(5);
        assert_eq!(measure(&samples), Dropouts::default());
        // 20 + 38 + 1,000 ms of 5 s, the second in A-law's zero, 8 / 32,768.
        fill(&mut samples, 500, 20, 0.0);
        fill(&mut samples, 1_000, 38, 8.0 / 32_768.0);
        fill(&mut samples, 2_000, 1_000, 0.0);
        let found = measure(&samples);
        assert_eq!(found.count, 3);
        assert!((found.share - 1.058 / 5.0).abs() < 1e-12);
    }

    #[test]
    fn too_short_too_long_and_at_the_ends_is_none() {
        let mut samples = voice(5);
        fill(&mut samples, 0, 40, 0.0);
        fill(&mut samples, 500, 16, 0.0);
        fill(&mut samples, 1_000, 1_100, 0.0);
        fill(&mut samples, 4_960, 40, 0.0);
        // Full scale is clipped, not lost.
        fill(&mut samples, 3_000, 40, 1.0);
        assert_eq!(measure(&samples).count, 0);
        // The last 10 ms are the border: of 9 ms it is not known.
        let mut samples = voice(5);
        fill(&mut samples, 4_951, 40, 0.0);
        assert_eq!(measure(&samples).count, 0);
        let mut samples = voice(5);
        fill(&mut samples, 4_950, 40, 0.0);
        assert_eq!(measure(&samples).count, 1);
    }

    #[test]
    fn a_pause_that_fades_on_one_border_is_none() {
        // Words of 300 ms, pauses of 200 ms, digitally silent, each word beginning at full level
        // and ending 30 dB lower for its last 20 ms.
        let mut samples = voice(5);
        for word in 0..10 {
            let quiet = word * RATE / 2 + RATE * 280 / 1_000;
            for x in &mut samples[quiet..quiet + RATE / 50] {
                *x *= 0.0316;
            }
            fill(&mut samples, word * 500 + 300, 200, 0.0);
        }
        assert_eq!(measure(&samples).count, 0);
    }

    #[test]
    fn borders_are_held_against_loud_speech() {
        // The borders are 18 dB (x 0.126) and 22 dB (x 0.0794) below the rest: one of each.
        for (gain, count) in [(0.126, 1), (0.0794, 0)] {
            let mut samples = voice(5);
            for x in &mut samples[RATE..RATE + RATE / 5] {
                *x *= gain;
            }
            fill(&mut samples, 1_080, 40, 0.0);
            assert_eq!(measure(&samples).count, count, "{gain}");
        }
        // All of it 40 dB quieter, -53.5 dBFS: not active, and nothing is told.
        let mut samples: Vec<f32> = voice(5).iter().map(|x| x * 0.01).collect();
        fill(&mut samples, 1_080, 40, 0.0);
        assert_eq!(measure(&samples).count, 0);
    }

    #[test]
    fn any_block_size_gives_the_same() {
        let mut samples = voice(5);
        for at in 0..40 {
            fill(&mut samples, 20 + at * 120, 15 + at, 0.0);
        }
        let whole = in_blocks(&samples, samples.len());
        // 18 to 54 ms of 15 to 54 ms; each leaves 66 ms of voice at least.
        assert_eq!(whole.count, 37);
        for block in [1, 7, 80, 333, 4_096] {
            assert_eq!(in_blocks(&samples, block), whole, "{block}");
        }
    }
}
