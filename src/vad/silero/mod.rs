//! The Silero network, run so that it stays awake.
//!
//! It is a recurrent network, and what it has heard it holds against what follows: after half a
//! minute of ringback or music it no longer hears a voice. So it never hears more than five seconds
//! on end. Every two seconds a *chunk* begins with a fresh state: it warms up for one second, then
//! its scores count for four. Each instant is heard by two chunks, and the higher score holds: one
//! of the two has not only just woken up.
//!
//! All before its memory sees one window of 32 ms alone and is computed once; only the memory runs
//! two and a half times. The chunks of a *stretch* of some 48 s step side by side, so that the
//! weights are fetched once for all of them.
//!
//! The level is brought to that of the training first (see [`super::level`]): measured to matter.
//! Dither does harm here, and so does a gate that shuts frame by frame: the network hears what is
//! faint better than a level does. So only a line that idles, farther than 80 ms from any sound, is
//! ruled out. That ends the score's tail after speech, and a chunk begins a second before its first
//! frame that may be speech and ends with its last: a line that is silent costs nothing.
//!
//! # Conventions
//!
//! * Windows are of 256 samples at 8 kHz; frames, in which the level is followed and scores are
//!   given, are halves of them.
//! * Scores come in stretches: nothing for 50 s of sound, then all of it. What is computed does not
//!   depend on more than 6 s to come: 4 s of a chunk and 2 s of the level.

mod kernel;
mod network;
mod spectrum;

use self::kernel::GATES;
#[doc(hidden)]
pub use self::network::Stages;
use self::network::{CONTEXT, Network, Scratch, WINDOW};
use super::Vad;
use super::level::{Rider, dbfs};
use crate::audio::resample::Resampler;
use crate::error::Result;
use crate::timeline::Span;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// The network's rate, in Hz.
const RATE: u32 = 8_000;
/// Samples of a frame: 16 ms.
const FRAME: usize = WINDOW / 2;
/// The level looks ahead by 2 s.
const LOOK_AHEAD: usize = 125;
/// Windows from the start of one chunk to that of the next (1.98 s); it counts for twice as many …
const PHASE: usize = 62;
/// … after a warm-up (0.99 s).
const WARM_UP: usize = PHASE / 2;
/// Chunks of a stretch: what the LSTM steps side by side, so a multiple of its tiles of 6 and 3.
const CHUNKS: usize = 24;
/// Windows by which the score comes after the sound.
const LAG: usize = 1;
/// Frames around a sound that may be speech as well: faint ends of words, closures of stops.
const HOLD: usize = 5;

/// The Silero detector on one channel.
#[derive(Clone)]
pub struct SileroVad {
    resampler: Resampler,
    network: Arc<Network>,
    scratch: Scratch,
    /// Samples at 8 kHz that make no frame yet.
    partial: Vec<f32>,
    /// Frames that wait for the level of what follows, with their own level.
    ahead: VecDeque<([f32; FRAME], f64)>,
    rider: Rider,
    /// The windows of the next stretch, from the warm-up of its first chunk on, after the context of
    /// the first.
    samples: Vec<f32>,
    /// Of each of their frames, whether it may be speech.
    open: Vec<bool>,
    /// Of each window so far, what it puts into the gates; computed for those that `is_driven`.
    driven: Vec<[f32; GATES]>,
    is_driven: Vec<bool>,
    /// Of each window, the higher score so far.
    best: Vec<f32>,
    /// Frames after the last sound.
    idle: usize,
    /// Windows before the channel begins.
    before: usize,
}

impl std::fmt::Debug for SileroVad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SileroVad")
            .field("rider", &self.rider)
            .finish_non_exhaustive()
    }
}

impl SileroVad {
    /// Makes a detector for a channel at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a rate that cannot be
    /// resampled.
    pub fn new(sample_rate: u32) -> Result<SileroVad> {
        // The first chunk counts for its second half alone, which is the first two seconds.
        let before = WARM_UP + PHASE;
        let network = Network::builtin()?;
        Ok(SileroVad {
            resampler: Resampler::between(sample_rate, RATE)?,
            scratch: network.scratch(),
            network,
            partial: Vec::new(),
            ahead: VecDeque::with_capacity(LOOK_AHEAD + 1),
            rider: Rider::new(),
            samples: vec![0.0; CONTEXT + before * WINDOW],
            open: vec![false; 2 * before],
            driven: Vec::new(),
            is_driven: Vec::new(),
            best: Vec::new(),
            idle: HOLD,
            before,
        })
    }

    /// Takes the whole frames out of `partial`.
    fn take_frames(&mut self, scores: &mut Vec<f32>) {
        let mut partial = std::mem::take(&mut self.partial);
        let (frames, rest) = partial.as_chunks::<FRAME>();
        for frame in frames {
            let level = dbfs(frame);
            self.rider.push(level);
            self.ahead.push_back((*frame, level));
            if self.ahead.len() > LOOK_AHEAD {
                self.take_next(scores);
            }
        }
        let whole = partial.len() - rest.len();
        partial.drain(..whole);
        self.partial = partial;
    }

    /// Takes the oldest frame that waits; it may complete a stretch.
    fn take_next(&mut self, scores: &mut Vec<f32>) {
        let Some((mut frame, level)) = self.ahead.pop_front() else {
            return;
        };
        self.open.push(false);
        self.idle += 1;
        if level >= self.rider.idle() {
            self.idle = 0;
            let first = self.open.len().saturating_sub(1 + HOLD);
            self.open[first..].fill(true);
        } else if let Some(last) = self.open.last_mut() {
            *last = self.idle <= HOLD;
        }
        self.rider.amplify(&mut frame);
        self.samples
            .extend(frame.iter().map(|sample| sample.clamp(-1.0, 1.0)));
        if self.open.len() == 2 * windows_of(CHUNKS) {
            self.stretch(CHUNKS, CHUNKS * PHASE, scores);
        }
    }

    /// Runs `chunks` chunks and gives the scores of the first `count` windows after the warm-up.
    fn stretch(&mut self, chunks: usize, count: usize, scores: &mut Vec<f32>) {
        let windows = windows_of(chunks);
        // It never shrinks: to fill three megabytes again for each stretch would cost time.
        if self.driven.len() < windows {
            self.driven.resize(windows, [0.0; GATES]);
        }
        self.is_driven.resize(windows, false);
        self.best.resize(windows, 0.0);
        let runs: Vec<Range<usize>> = (0..chunks).filter_map(|i| self.run_of(i)).collect();
        self.drive(&runs);
        let best = &mut self.best;
        self.network
            .recall(&self.driven, &runs, |run, window, score| {
                if window >= runs[run].start + WARM_UP {
                    best[window] = best[window].max(score);
                }
            });
        for window in WARM_UP..WARM_UP + count {
            if self.before > window {
                continue;
            }
            // The level has no lag, and follows the edges of speech in half windows.
            let open = &self.open[2 * (window - LAG)..][..2];
            scores.extend(
                open.iter()
                    .map(|open| if *open { self.best[window] } else { 0.0 }),
            );
        }
        let done = chunks * PHASE;
        self.samples.drain(..done * WINDOW);
        self.open.drain(..2 * done);
        self.driven.copy_within(done..windows, 0);
        self.is_driven.drain(..done);
        self.best.drain(..done);
        self.before = self.before.saturating_sub(done);
    }

    /// Returns the windows that a chunk runs over, warm-up included; `None` when none may be speech.
    fn run_of(&self, chunk: usize) -> Option<Range<usize>> {
        let start = WARM_UP + chunk * PHASE;
        let end = start + 2 * PHASE;
        let open = self.open.get(2 * start..2 * end)?;
        let first = start + open.iter().position(|open| *open)? / 2;
        let last = start + open.iter().rposition(|open| *open)? / 2;
        Some(first - WARM_UP..(last + 1 + LAG).min(end))
    }

    /// Drives the windows of `runs` that are not yet driven.
    fn drive(&mut self, runs: &[Range<usize>]) {
        let mut windows = Vec::new();
        for window in runs.iter().cloned().flatten() {
            if !std::mem::replace(&mut self.is_driven[window], true) {
                windows.push(window);
            }
        }
        let (scratch, driven) = (&mut self.scratch, &mut self.driven);
        self.network.drive(&self.samples, &windows, scratch, driven);
    }
}

/// Returns how many windows so many chunks look at.
const fn windows_of(chunks: usize) -> usize {
    WARM_UP + (chunks + 1) * PHASE
}

impl Vad for SileroVad {
    fn hop(&self) -> Span {
        Span::from_millis(16)
    }

    /// The network answers to the window before; labels fit at this shift.
    fn delay(&self) -> Span {
        Span::from_millis(32 * LAG as i64)
    }

    fn push(&mut self, samples: &[f32], scores: &mut Vec<f32>) {
        self.resampler.push(samples, &mut self.partial);
        self.take_frames(scores);
    }

    fn finish(&mut self, scores: &mut Vec<f32>) {
        self.resampler.finish(&mut self.partial);
        self.partial
            .resize(self.partial.len().next_multiple_of(FRAME), 0.0);
        self.take_frames(scores);
        while !self.ahead.is_empty() {
            self.take_next(scores);
        }
        // The last window is filled up; some more bring the scores of the last sound.
        let windows = self.open.len().div_ceil(2) + LAG;
        let count = windows - WARM_UP;
        let chunks = count.div_ceil(PHASE);
        let whole = windows_of(chunks);
        self.samples.resize(CONTEXT + whole * WINDOW, 0.0);
        self.open.resize(2 * whole, false);
        self.stretch(chunks, count, scores);
    }

    fn try_clone(&self) -> Option<Box<dyn Vad>> {
        Some(Box::new(self.clone()))
    }
}
