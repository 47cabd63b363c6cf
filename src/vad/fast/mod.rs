//! The small network on the front end's spectrum: what `silero-1` hears, at half its cost.
//!
//! It was taught by `silero-1` (see `training/fast`), and sees what the front end (`vad::front`)
//! makes of a channel, relative to how loud the channel is: so a gain changes nothing. Its context is
//! finite: it forgets what is older than 3.2 s, but for the level.
//!
//! The level is not quite that of its training: it leaves out what is steady, forgets within seconds
//! what was louder, and looks ahead by 2 s. That mends what it lost of a quiet voice after loud
//! ringback or music (see `training/fast/RESULTS.md`).
//!
//! Only a line that idles, farther than 80 ms from any sound, is ruled out by its level; the network
//! rests where nothing within its context may be speech, so a line that is silent costs nothing but
//! the front end.
//!
//! # Conventions
//!
//! * Frames are those of the front end: 10 ms, levels in dBFS.
//! * Scores come in batches, some 5 s after the sound. What is computed does not depend on more than
//!   what the network and the level look ahead.

mod kernel;
mod network;

use self::network::{AHEAD, BATCH, BINS, INPUTS, MEAN, Memory, Network};
use super::Vad;
use super::front::{BANDED, BANDS, Frame, FrontEnd, decibels};
use super::level::{LoudLevel, Loudness, idle};
use super::simd::Work;
use crate::error::Result;
use crate::timeline::Span;
use pulp::Simd;
use std::collections::VecDeque;
use std::sync::Arc;

/// Length of a frame, in ms.
const FRAME_MS: usize = 10;
/// The same, from one score to the next.
pub(super) const HOP: Span = Span::from_millis(FRAME_MS as i64);
/// The network looks ahead as far as it wants to.
pub(super) const DELAY: Span = Span::ZERO;
/// The levels look ahead by 2 s, as those of `silero-1`.
const LOOK_AHEAD: usize = 200;
/// The floor is what all but a tenth of the last minute's frames exceed.
const LEVEL_FRAMES: usize = 6_000;
const FLOOR_SHARE: f64 = 0.9;
/// The levels are looked up every 40 ms.
const LEVEL_STEP: usize = 4;
/// The level where there is none yet.
const NONE_DBFS: f32 = -100.0;
/// Frames around a sound that may be speech as well: faint ends of words, closures of stops.
const HOLD: usize = 8;
/// Frames of which the sounds are kept: those that may bear on the scores of the next batch.
const BEFORE: usize = AHEAD + HOLD;
/// Frames after a batch that its frames may bear on.
const AFTER: usize = MEAN + AHEAD + HOLD;

/// Numbers of a frame that waits: its level, its bands, the powers of its bins.
const ROW: usize = 1 + BANDS + BINS;

/// How loud a channel is around a frame, in dBFS.
#[derive(Clone, Copy, Debug)]
struct Around {
    /// The level of what is loud; `None` while everything was idle or steady.
    loud: Option<f32>,
    floor: f32,
}

/// Follows the levels of a channel.
#[derive(Clone, Debug)]
struct Levels {
    loud: Loudness,
    floor: LoudLevel,
    frames: usize,
    around: Around,
}

impl Levels {
    fn new() -> Levels {
        Levels {
            loud: Loudness::new(FRAME_MS),
            floor: LoudLevel::new(LEVEL_FRAMES, f64::NEG_INFINITY),
            frames: 0,
            around: Around {
                loud: None,
                floor: NONE_DBFS,
            },
        }
    }

    fn push(&mut self, level: f32) {
        let level = f64::from(level);
        self.loud.push(level);
        self.floor.push(level);
        if self.frames.is_multiple_of(LEVEL_STEP) {
            let floor = self.floor.exceeded_by(FLOOR_SHARE);
            self.around = Around {
                loud: self.loud.dbfs().map(|loud| loud as f32),
                floor: floor.map_or(NONE_DBFS, |floor| floor as f32),
            };
        }
        self.frames += 1;
    }
}

/// The fast detector on one channel.
#[derive(Clone, Debug)]
pub struct FastVad {
    front: FrontEnd,
    scorer: FastScorer,
}

/// What scores the frames of a front end.
#[derive(Clone)]
pub(super) struct FastScorer {
    waiting: Waiting,
    network: Arc<Network>,
    memory: Memory,
    inputs: Box<[[f32; INPUTS]; BATCH]>,
    /// Frames that have gone through the network, or past it.
    done: usize,
    /// Whether the network has forgotten everything.
    rests: bool,
}

/// The frames that wait for what follows.
#[derive(Clone, Debug)]
struct Waiting {
    levels: Levels,
    /// In batches: the last one is not full.
    batches: VecDeque<Vec<[f32; ROW]>>,
    /// Batches that have been used, for the next ones.
    spare: Vec<Vec<[f32; ROW]>>,
    /// Levels of the frames whose surroundings are not yet known.
    ahead: VecDeque<f32>,
    /// Of each frame that waits, as far as it is known, what is around it …
    around: Vec<Around>,
    /// … and whether it holds sound; this from [`BEFORE`] frames before on.
    sounds: Vec<bool>,
    frames: usize,
}

impl Waiting {
    fn push(&mut self, level: f32, bands: &[f32; BANDS], power: &[f32]) {
        let mut row = [0.0; ROW];
        row[0] = level;
        row[1..=BANDS].copy_from_slice(bands);
        row[1 + BANDS..].copy_from_slice(&power[BANDED]);
        match self.batches.back_mut() {
            Some(batch) if batch.len() < BATCH => batch.push(row),
            _ => {
                let mut batch = self.spare.pop().unwrap_or_default();
                batch.clear();
                batch.push(row);
                self.batches.push_back(batch);
            }
        }
        self.frames += 1;
        self.levels.push(level);
        self.ahead.push_back(level);
        if self.ahead.len() > LOOK_AHEAD {
            self.know_next();
        }
    }

    /// Takes what is around the oldest frame for which that was not known.
    fn know_next(&mut self) {
        if let Some(level) = self.ahead.pop_front() {
            let around = self.levels.around;
            self.around.push(around);
            let idle = idle(around.loud.map(f64::from));
            self.sounds.push(f64::from(level) >= idle);
        }
    }
}

/// Makes the inputs of the network of a batch of frames.
struct Prepare<'a> {
    rows: &'a [[f32; ROW]],
    around: &'a [Around],
    out: &'a mut [[f32; INPUTS]; BATCH],
}

impl Work for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for ((row, around), out) in self.rows.iter().zip(self.around).zip(self.out) {
            // As the network was trained: −50 to 10 dB from the loud level, to −2 to 2.
            let loud = around.loud.unwrap_or(NONE_DBFS);
            let scaled = |db: f32| (db.clamp(-50.0, 10.0) + 20.0) / 15.0;
            for (out, band) in out.iter_mut().zip(&row[1..=BANDS]) {
                *out = scaled(band - loud);
            }
            out[BANDS] = scaled(row[0] - loud);
            // A bin holds a part of its band: 13 dB less on the whole.
            for (out, power) in out[BANDS + 1..].iter_mut().zip(&row[1 + BANDS..]) {
                *out = scaled(decibels(*power) - loud + 13.0);
            }
            let height = (loud - around.floor).clamp(0.0, 60.0);
            out[INPUTS - 1] = (height - 25.0) / 15.0;
        }
    }
}

impl std::fmt::Debug for FastScorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FastScorer")
            .field("levels", &self.waiting.levels)
            .finish_non_exhaustive()
    }
}

impl FastVad {
    /// Makes a detector for a channel at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a rate that cannot be
    /// resampled.
    pub fn new(sample_rate: u32) -> Result<FastVad> {
        Ok(FastVad {
            front: FrontEnd::new(sample_rate)?,
            scorer: FastScorer::new()?,
        })
    }
}

impl FastScorer {
    /// Starts a channel.
    pub(super) fn new() -> Result<FastScorer> {
        let network = Network::builtin()?;
        Ok(FastScorer {
            waiting: Waiting {
                levels: Levels::new(),
                batches: VecDeque::new(),
                spare: Vec::new(),
                ahead: VecDeque::new(),
                around: Vec::new(),
                sounds: vec![false; BEFORE],
                frames: 0,
            },
            memory: network.memory(),
            network,
            inputs: Box::new([[0.0; INPUTS]; BATCH]),
            done: 0,
            rests: true,
        })
    }

    /// Takes the next frame.
    pub(super) fn take(&mut self, frame: &Frame<'_>) {
        self.waiting.push(frame.level, &frame.bands, frame.power);
    }

    /// Scores the batches whose surroundings are known.
    pub(super) fn take_batches(&mut self, scores: &mut Vec<f32>) {
        while self.waiting.sounds.len() >= BEFORE + BATCH + AFTER {
            self.batch(usize::MAX, scores);
        }
    }

    /// Scores a batch, of a channel that ends with frame `end`.
    fn batch(&mut self, end: usize, scores: &mut Vec<f32>) {
        let waiting = &mut self.waiting;
        // Only frames near to sound may be speech, and nothing else needs the network.
        let mut near = waiting.sounds.iter().take(BEFORE + BATCH + AFTER);
        let wanted = near.any(|sounds| *sounds);
        let rows = waiting.batches.pop_front().unwrap_or_default();
        let mut logits = [0.0; BATCH];
        if wanted {
            Prepare {
                rows: &rows,
                around: &waiting.around,
                out: &mut self.inputs,
            }
            .on(self.network.arch);
            let (network, memory) = (&self.network, &mut self.memory);
            network.run(&self.inputs, self.done, end, memory, &mut logits);
        } else if !self.rests {
            self.memory.clear();
        }
        self.rests = !wanted;
        // Frames since the last sound that comes so far; HOLD is subtracted from both sides.
        let window = 2 * HOLD + 1;
        let mut open = waiting
            .sounds
            .iter()
            .take(window - 1)
            .filter(|s| **s)
            .count();
        for (i, logit) in logits.iter().enumerate() {
            let sounds = |i: usize| waiting.sounds.get(i).is_some_and(|sounds| *sounds);
            open += usize::from(sounds(i + window - 1));
            // The first logits are of frames before the channel, the last may be of some after it.
            let frame = self.done + i;
            if (AHEAD..end.saturating_add(AHEAD)).contains(&frame) {
                scores.push(if open > 0 {
                    1.0 / (1.0 + (-logit).exp())
                } else {
                    0.0
                });
            }
            open -= usize::from(sounds(i));
        }
        let known = waiting.around.len().min(BATCH);
        waiting.around.drain(..known);
        waiting.sounds.drain(..waiting.sounds.len().min(BATCH));
        waiting.spare.push(rows);
        self.done += BATCH;
    }

    /// Scores all that is left, after the last frame.
    pub(super) fn finish(&mut self, scores: &mut Vec<f32>) {
        while !self.waiting.ahead.is_empty() {
            self.waiting.know_next();
        }
        self.take_batches(scores);
        let end = self.waiting.frames;
        while self.done < end + AHEAD {
            self.batch(end, scores);
        }
    }
}

impl Vad for FastVad {
    fn hop(&self) -> Span {
        HOP
    }

    fn delay(&self) -> Span {
        DELAY
    }

    fn push(&mut self, samples: &[f32], scores: &mut Vec<f32>) {
        self.front.push(samples, |frame| self.scorer.take(frame));
        self.scorer.take_batches(scores);
    }

    fn finish(&mut self, scores: &mut Vec<f32>) {
        self.front.finish(|frame| self.scorer.take(frame));
        self.scorer.finish(scores);
    }

    fn try_clone(&self) -> Option<Box<dyn Vad>> {
        Some(Box::new(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of half a second, so many seconds apart: harmonics of 130 Hz, five syllables a second.
    fn words(rate: u32, seconds: usize, apart: f64) -> Vec<f32> {
        let tau = std::f64::consts::TAU;
        let sample = |n: usize| {
            let t = n as f64 / f64::from(rate);
            let voice: f64 = (1..=20)
                .map(|k| (tau * 130.0 * f64::from(k) * t).sin() / f64::from(k))
                .sum();
            let syllables = (tau * 2.5 * t).sin().powi(2);
            let speaks = t % apart < 0.6;
            (if speaks { 0.1 * voice * syllables } else { 0.0 }) as f32
        };
        (0..seconds * rate as usize).map(sample).collect()
    }

    fn scores(rate: u32, samples: &[f32], block: usize) -> Vec<f32> {
        let (mut vad, mut scores) = (FastVad::new(rate).unwrap(), Vec::new());
        for block in samples.chunks(block) {
            vad.push(block, &mut scores);
        }
        vad.finish(&mut scores);
        scores
    }

    #[test]
    fn any_blocks_give_the_same_scores_one_for_each_frame() {
        // With pauses in which the network rests.
        let samples = words(8_000, 31, 9.5);
        let whole = scores(8_000, &samples, samples.len());
        assert_eq!(whole.len(), 3_100);
        assert!(whole.iter().any(|score| *score > 0.5));
        for block in [1, 79, 4_096, 50_001] {
            assert_eq!(scores(8_000, &samples, block), whole, "{block}");
        }
        for length in [0, 1, 80, 81, 8_000, 10_241] {
            let found = scores(8_000, &samples[..length], 4_096);
            assert_eq!(found.len(), length.div_ceil(80), "{length}");
        }
    }

    #[test]
    fn silence_scores_nothing_and_needs_no_network() {
        let mut vad = FastVad::new(8_000).unwrap();
        let mut scores = Vec::new();
        vad.push(&[0.0; 160_000], &mut scores);
        assert!(vad.scorer.rests && scores.len() > 1_000);
        vad.finish(&mut scores);
        assert!(vad.scorer.rests && scores == [0.0; 2_000]);
    }

    #[test]
    fn other_rates_are_brought_to_the_telephone_band() {
        let narrow = scores(8_000, &words(8_000, 10, 1.5), 4_096);
        let wide = scores(16_000, &words(16_000, 10, 1.5), 4_096);
        assert_eq!(narrow.len(), wide.len());
        let differs = |(a, b): &(&f32, &f32)| (**a > 0.5) != (**b > 0.5);
        let differ = narrow.iter().zip(&wide).filter(differs).count();
        assert!(differ < 30, "{differ}");
    }
}
