//! The `earshot` network, fed as it likes it.
//!
//! It takes 16 kHz in frames of 256 samples. Telephone audio is brought to it in three steps, each
//! of which was measured to matter: resampling to 16 kHz with a steep filter; a gain that brings
//! the loud frames to −23 dBFS; and a faint dither, since the empty band above 4 kHz would
//! otherwise make it take stationary noise for speech.
//!
//! Frames below the gate of [`super::level`], or hardly above the steady noise of the line, are never speech: the
//! network alone goes on hearing a voice through noise 10 dB below it. After [`GATE_AFTER`] of them
//! in a row the network rests, and starts anew when sound comes back: a gated line costs next to
//! nothing, and its state is not worn by minutes of silence.
//!
//! Known weakness: it takes much of music, ringback and DTMF for speech.

use super::Vad;
use super::level::{Rider, dbfs};
use crate::audio::resample::Resampler;
use crate::error::Result;
use crate::timeline::Span;
use earshot::Detector;
use std::collections::VecDeque;

/// Samples in a frame at 16 kHz: 16 ms.
const FRAME: usize = 256;
/// The level looks ahead by 2 s, so that the first word is heard at its level.
const LOOK_AHEAD: usize = 125;
/// Amplitude of the dither, uniform: a level of −70 dBFS is 10^(−70/20) RMS, times √3 for the peak.
const DITHER: f32 = 5.477e-4;
/// Frames below the gate after which the network rests (0.13 s).
const GATE_AFTER: u32 = 8;
/// Frames of dither that fill the network's window when it starts anew.
const WARM_UP: usize = 3;

/// The `earshot` detector on one channel. Its network's state cannot be copied, so that
/// [`try_clone`](Vad::try_clone) gives `None`.
pub struct EarshotVad {
    resampler: Resampler,
    network: Box<Detector>,
    /// Samples at 16 kHz that make no frame yet.
    partial: Vec<f32>,
    /// Frames that wait for the level of what follows, with their own level.
    ahead: VecDeque<([f32; FRAME], f64)>,
    rider: Rider,
    quiet_frames: u32,
    noise: u32,
}

impl std::fmt::Debug for EarshotVad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EarshotVad")
            .field("rider", &self.rider)
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
            rider: Rider::new(),
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
            self.rider.push(level);
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
        let gated = level < self.rider.gate();
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
        self.rider.amplify(&mut frame);
        let dither = self.dither();
        for (sample, noise) in frame.iter_mut().zip(dither) {
            *sample = (*sample + noise).clamp(-1.0, 1.0);
        }
        let score = self.network.predict_f32(&frame);
        scores.push(if gated { 0.0 } else { score });
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
