//! The plain detector: power in the voice band over a noise floor.
//!
//! It stands beside the network for tests and as its plain twin: everything it does can be followed
//! by hand. It takes any sound in the band for speech.

use super::Vad;
use crate::timeline::Span;
use realfft::{RealFftPlanner, RealToComplex};
use std::fmt;
use std::sync::Arc;

/// The telephone band of ITU-T G.712, where a voice has its power and mains hum has none, in Hz.
const BAND_HZ: (f32, f32) = (300.0, 3_400.0);
/// A frame begins every 10 ms …
const HOP_S: f64 = 0.010;
/// … and looks at 32 ms.
const WINDOW_S: f64 = 0.032;
/// A frame this far above the floor scores 0.5.
const MARGIN_DB: f64 = 12.0;
/// The score goes from 0.27 to 0.73 over twice this much.
const SLOPE_DB: f64 = 3.0;
/// Sound below this level is never speech.
const GATE_DBFS: f64 = -60.0;
/// The floor climbs by this much a second, and falls at once.
const FLOOR_CLIMB_DB_S: f64 = 0.5;
/// The floor never lies below this, so that the first sound after digital silence is measured
/// against an idle line.
const FLOOR_DBFS: f64 = -72.0;

/// The energy detector on one channel.
#[derive(Clone)]
pub struct EnergyVad {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    band: std::ops::Range<usize>,
    /// Factor from the sum of squared magnitudes to the mean square of a full-scale signal.
    scale: f32,
    hop: usize,
    hop_span: Span,
    pending: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<realfft::num_complex::Complex<f32>>,
    floor: f64,
}

impl fmt::Debug for EnergyVad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnergyVad")
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}

impl EnergyVad {
    /// Makes a detector for a channel at `sample_rate` Hz, at least 1,000.
    pub fn new(sample_rate: u32) -> EnergyVad {
        let rate = f64::from(sample_rate.max(1_000));
        let hop = (rate * HOP_S).round() as usize;
        let length = (rate * WINDOW_S).round() as usize;
        let fft = RealFftPlanner::new().plan_fft_forward(length);
        // Hann: its mean square is 3/8.
        let window: Vec<f32> = (0..length)
            .map(|i| {
                let phase = std::f64::consts::TAU * (i as f64 + 0.5) / length as f64;
                (0.5 - 0.5 * phase.cos()) as f32
            })
            .collect();
        let bin = |hz: f32| (f64::from(hz) * length as f64 / rate).round() as usize;
        let spectrum = fft.make_output_vec();
        let band = bin(BAND_HZ.0).min(spectrum.len())..bin(BAND_HZ.1).min(spectrum.len());
        EnergyVad {
            // Parseval: both halves of the spectrum, over the length squared and the window.
            scale: 2.0 / (length as f32 * length as f32 * 0.375),
            frame: vec![0.0; length],
            pending: vec![0.0; (length - hop) / 2],
            hop_span: Span::from_nanos((hop as f64 / rate * 1e9).round() as i64),
            floor: FLOOR_DBFS,
            fft,
            window,
            band,
            hop,
            spectrum,
        }
    }

    fn score(&mut self, start: usize) -> f32 {
        let samples = &self.pending[start..start + self.window.len()];
        for ((out, x), w) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *out = x * w;
        }
        // The buffers have the lengths the plan asked for.
        if self
            .fft
            .process(&mut self.frame, &mut self.spectrum)
            .is_err()
        {
            return 0.0;
        }
        let power: f32 = self.spectrum[self.band.clone()]
            .iter()
            .map(|c| c.norm_sqr())
            .sum();
        let level = 10.0 * f64::from((power * self.scale).max(1e-12)).log10();
        self.floor = (self.floor + FLOOR_CLIMB_DB_S * HOP_S)
            .min(level)
            .max(FLOOR_DBFS);
        if level < GATE_DBFS {
            return 0.0;
        }
        let over = (level - self.floor - MARGIN_DB) / SLOPE_DB;
        (1.0 / (1.0 + (-over).exp())) as f32
    }

    fn take_frames(&mut self, scores: &mut Vec<f32>) {
        let mut start = 0;
        while start + self.window.len() <= self.pending.len() {
            let score = self.score(start);
            scores.push(score);
            start += self.hop;
        }
        self.pending.drain(..start);
    }
}

impl Vad for EnergyVad {
    fn hop(&self) -> Span {
        self.hop_span
    }

    /// The window is centred on its hop.
    fn delay(&self) -> Span {
        Span::ZERO
    }

    fn push(&mut self, samples: &[f32], scores: &mut Vec<f32>) {
        self.pending.extend_from_slice(samples);
        self.take_frames(scores);
    }

    fn finish(&mut self, scores: &mut Vec<f32>) {
        let half = self.window.len() / 2;
        self.pending.resize(self.pending.len() + half, 0.0);
        self.take_frames(scores);
    }

    fn try_clone(&self) -> Option<Box<dyn Vad>> {
        Some(Box::new(self.clone()))
    }
}
