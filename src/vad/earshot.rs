//! The `earshot` network, fed as it likes it.
//!
//! It takes 16 kHz in frames of 256 samples. Telephone audio is brought to it in three steps, each
//! of which was measured to matter: resampling to 16 kHz with a steep filter; a gain that brings
//! the loud frames to −23 dBFS; and a faint dither, since the empty band above 4 kHz would
//! otherwise make it take stationary noise for speech.
//!
//! Frames below [`GATE_DBFS`], or hardly above the steady noise of the line, are never speech: the
//! network alone goes on hearing a voice through noise 10 dB below it. After [`GATE_AFTER`] of them
//! in a row the network rests, and starts anew when sound comes back: a gated line costs next to
//! nothing, and its state is not worn by minutes of silence.
//!
//! Known weakness: it takes much of music, ringback and DTMF for speech.

use super::Vad;
use super::level::{LoudLevel, dbfs};
use crate::audio::resample::Resampler;
use crate::error::Result;
use crate::timeline::Span;
use earshot::Detector;
use std::collections::VecDeque;

/// Samples in a frame at 16 kHz: 16 ms.
const FRAME: usize = 256;
/// Level to which the loud frames (95th percentile) are brought.
const TARGET_DBFS: f64 = -23.0;
/// The most that a quiet channel is raised.
const MAX_GAIN_DB: f64 = 30.0;
/// Frames below this level say nothing of how loud a voice is.
const IDLE_DBFS: f64 = -65.0;
/// The level looks back over 60 s of frames that are not idle.
const LEVEL_FRAMES: usize = 3_750;
/// … and ahead by 2 s, so that the first word is heard at its level.
const LOOK_AHEAD: usize = 125;
/// The gain moves by at most this much in a frame (31 dB a second).
const GAIN_STEP_DB: f64 = 0.5;
/// Amplitude of the dither, uniform: a level of −70 dBFS is 10^(−70/20) RMS, times √3 for the peak.
const DITHER: f32 = 5.477e-4;
/// Sound below this level is never speech: the idle noise of a G.711 line is near −72 dBFS.
const GATE_DBFS: f64 = -60.0;
/// A steady noise is no speech either: the gate stands this far above the level that all but a tenth
/// of the last minute's frames exceed. The power of white noise over 256 samples has a standard
/// deviation of 10 lg(1 + √(2/256)), 0.4 dB, so hardly a frame of it passes; a voice spreads over
/// 10 dB and more by its syllables and stops, so one without a pause does not gate itself.
const FLOOR_MARGIN_DB: f64 = 4.0;
const FLOOR_SHARE: f64 = 0.9;
/// Frames below the gate after which the network rests (0.13 s).
const GATE_AFTER: u32 = 8;
/// Frames of dither that fill the network's window when it starts anew.
const WARM_UP: usize = 3;

/// The `earshot` detector on one channel.
pub struct EarshotVad {
    resampler: Resampler,
    network: Box<Detector>,
    /// Samples at 16 kHz that make no frame yet.
    partial: Vec<f32>,
    /// Frames that wait for the level of what follows, with their own level.
    ahead: VecDeque<([f32; FRAME], f64)>,
    level: LoudLevel,
    floor: LoudLevel,
    gain_db: Option<f64>,
    quiet_frames: u32,
    noise: u32,
}

impl std::fmt::Debug for EarshotVad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EarshotVad")
            .field("gain_db", &self.gain_db)
            .finish_non_exhaustive()
    }
}

impl EarshotVad {
    /// Makes a detector for a channel at `sample_rate` Hz.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for a rate that cannot be
    /// resampled.
    pub fn new(sample_rate: u32) -> Result<EarshotVad> {
        Ok(EarshotVad {
            resampler: Resampler::new(sample_rate)?,
            network: Detector::default_boxed(),
            partial: Vec::new(),
            ahead: VecDeque::with_capacity(LOOK_AHEAD + 1),
            level: LoudLevel::new(LEVEL_FRAMES, IDLE_DBFS),
            floor: LoudLevel::new(LEVEL_FRAMES, f64::NEG_INFINITY),
            gain_db: None,
            quiet_frames: GATE_AFTER,
            noise: 0x9E37_79B9,
        })
    }

    /// Takes the whole frames out of `partial`.
    fn take_frames(&mut self, scores: &mut Vec<f32>) {
        let whole = self.partial.len() / FRAME * FRAME;
        for start in (0..whole).step_by(FRAME) {
            let mut frame = [0.0; FRAME];
            frame.copy_from_slice(&self.partial[start..start + FRAME]);
            let level = dbfs(&frame);
            self.level.push(level);
            self.floor.push(level);
            self.ahead.push_back((frame, level));
            if self.ahead.len() > LOOK_AHEAD {
                self.score_next(scores);
            }
        }
        self.partial.drain(..whole);
    }

    /// Scores the oldest frame that waits.
    fn score_next(&mut self, scores: &mut Vec<f32>) {
        let Some((mut frame, level)) = self.ahead.pop_front() else {
            return;
        };
        let gated = level < self.gate();
        self.quiet_frames = if gated {
            self.quiet_frames.saturating_add(1)
        } else {
            0
        };
        if self.quiet_frames > GATE_AFTER {
            scores.push(0.0);
            if self.quiet_frames == GATE_AFTER + 1 {
                self.network.reset();
                for _ in 0..WARM_UP {
                    let dither = self.dither();
                    self.network.predict_f32(&dither);
                }
            }
            return;
        }
        let (from, to) = self.next_gain();
        let dither = self.dither();
        for (i, (sample, noise)) in frame.iter_mut().zip(dither).enumerate() {
            let gain = from + (to - from) * (i as f32 / FRAME as f32);
            *sample = (*sample * gain + noise).clamp(-1.0, 1.0);
        }
        let score = self.network.predict_f32(&frame);
        scores.push(if gated { 0.0 } else { score });
    }

    /// Returns the level below which a frame is never speech, in dBFS.
    fn gate(&self) -> f64 {
        let floor = self.floor.exceeded_by(FLOOR_SHARE);
        floor.map_or(GATE_DBFS, |floor| GATE_DBFS.max(floor + FLOOR_MARGIN_DB))
    }

    /// Returns the factor at the start and at the end of the next frame.
    fn next_gain(&mut self) -> (f32, f32) {
        let wanted = self
            .level
            .exceeded_by(0.05)
            .map_or(0.0, |p95| (TARGET_DBFS - p95).min(MAX_GAIN_DB));
        let from = self.gain_db.unwrap_or(wanted);
        let to = from + (wanted - from).clamp(-GAIN_STEP_DB, GAIN_STEP_DB);
        self.gain_db = Some(to);
        let factor = |db: f64| 10f64.powf(db / 20.0) as f32;
        (factor(from), factor(to))
    }

    /// Returns a frame of dither: a linear congruential generator (Numerical Recipes' constants),
    /// the same for every call.
    fn dither(&mut self) -> [f32; FRAME] {
        std::array::from_fn(|_| {
            self.noise = self
                .noise
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            // The upper 24 bits, to -1..1.
            let unit = (self.noise >> 8) as f32 / 8_388_608.0 - 1.0;
            unit * DITHER
        })
    }
}

impl Vad for EarshotVad {
    fn hop(&self) -> Span {
        Span::from_millis(16)
    }

    /// The network sees three windows of 48 ms that end with the frame; 40 ms was measured as the
    /// shift that fits labels best.
    fn delay(&self) -> Span {
        Span::from_millis(40)
    }

    fn push(&mut self, samples: &[f32], scores: &mut Vec<f32>) {
        self.resampler.push(samples, &mut self.partial);
        self.take_frames(scores);
    }

    fn finish(&mut self, scores: &mut Vec<f32>) {
        self.resampler.finish(&mut self.partial);
        // The last frame is filled up; two more bring the delayed scores of the last sound.
        let rest = (FRAME - self.partial.len() % FRAME) % FRAME + 2 * FRAME;
        self.partial.resize(self.partial.len() + rest, 0.0);
        self.take_frames(scores);
        while !self.ahead.is_empty() {
            self.score_next(scores);
        }
    }
}
