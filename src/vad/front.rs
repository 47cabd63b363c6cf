//! The front end: what a channel sounds like, every 10 ms.
//!
//! A network says whether a voice is heard. What else a line carries is told by the spectrum, and so
//! is what a voice on one channel owes to the other; both look at the same frames, computed once.
//!
//! # Conventions
//!
//! * The channel is brought to 8 kHz. Frame `i` is about `[10 i, 10 (i + 1))` ms: its level is that of
//!   these 80 samples, its spectrum that of 25 ms around their middle (200 samples under a Hann
//!   window, padded to 256).
//! * Powers are mean squares, so a full-scale sine has 0.5 in all; levels are in dBFS, at least
//!   [`FLOOR_DBFS`].
//! * A frame whose window is below [`IDLE_DBFS`] has no spectrum: all powers are zero. It costs next
//!   to nothing.

use super::level::dbfs;
use crate::audio::resample::Resampler;
use crate::error::Result;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::fmt;
use std::sync::Arc;

/// The rate of the front end, in Hz.
pub(super) const RATE: u32 = 8_000;
/// Samples of a frame: 10 ms.
pub(super) const HOP: usize = 80;
/// Frames in a second.
pub(super) const FRAMES_PER_S: usize = 100;
/// Samples under the window: 25 ms.
const WINDOW: usize = 200;
/// Samples of the window before its frame, and after it.
const AROUND: usize = (WINDOW - HOP) / 2;
const FFT: usize = 256;
/// Bins of a spectrum, 31.25 Hz apart.
pub(super) const BINS: usize = FFT / 2 + 1;
/// Width of a bin, in Hz.
pub(super) const BIN_HZ: f32 = RATE as f32 / FFT as f32;
/// Levels are at least this.
pub(super) const FLOOR_DBFS: f32 = -100.0;
/// Below this level a window holds no sound: the smallest A-law step is at −72 dBFS.
pub(super) const IDLE_DBFS: f32 = -70.0;

/// Bands of a frame.
pub(super) const BANDS: usize = 16;
/// Their edges, in bins: 156 to 3,750 Hz, by equal steps of mel where the bins are fine enough.
const EDGES: [usize; BANDS + 1] = [
    5, 8, 11, 14, 18, 22, 26, 31, 36, 42, 49, 57, 66, 76, 88, 103, 120,
];

/// Levels of the bands, in dBFS.
pub(super) type Bands = [f32; BANDS];

/// What is known of 10 ms of a channel.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// Level of its own 80 samples about their mean: an offset is no sound.
    pub(super) level: f32,
    /// Power per bin.
    pub(super) power: &'a [f32; BINS],
    pub(super) bands: Bands,
}

impl Frame<'_> {
    /// Whether its window holds sound, so that it has a spectrum.
    pub(super) fn sounds(&self) -> bool {
        self.bands.iter().any(|band| *band > FLOOR_DBFS)
    }
}

/// Computes the frames of one channel.
pub(super) struct FrontEnd {
    resampler: Resampler,
    fft: Arc<dyn RealToComplex<f32>>,
    /// The window, scaled so that the powers of the bins add up to the mean square.
    window: [f32; WINDOW],
    /// Samples from the start of the next frame's window on.
    samples: Vec<f32>,
    padded: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    power: [f32; BINS],
}

impl fmt::Debug for FrontEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontEnd").finish_non_exhaustive()
    }
}

impl FrontEnd {
    /// Starts a channel at `sample_rate` Hz.
    pub(super) fn new(sample_rate: u32) -> Result<FrontEnd> {
        let hann = |i: usize| {
            let phase = std::f64::consts::TAU * (i as f64 + 0.5) / WINDOW as f64;
            0.5 - 0.5 * phase.cos()
        };
        let energy: f64 = (0..WINDOW).map(|i| hann(i).powi(2)).sum();
        // Parseval: the squares of all FFT bins add up to FFT times those of the windowed samples.
        // The mirrored half counts with the other.
        let scale = (2.0 / (FFT as f64 * energy)).sqrt();
        Ok(FrontEnd {
            resampler: Resampler::between(sample_rate, RATE)?,
            fft: RealFftPlanner::new().plan_fft_forward(FFT),
            window: std::array::from_fn(|i| (hann(i) * scale) as f32),
            samples: vec![0.0; AROUND],
            padded: vec![0.0; FFT],
            spectrum: vec![Complex::default(); BINS],
            power: [0.0; BINS],
        })
    }

    /// Takes the next samples and hands over the frames that they complete.
    pub(super) fn push(&mut self, samples: &[f32], mut take: impl FnMut(&Frame<'_>)) {
        self.resampler.push(samples, &mut self.samples);
        self.frames(&mut take);
    }

    /// Hands over the last frames; the last of all is filled up with silence.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&Frame<'_>)) {
        self.resampler.finish(&mut self.samples);
        let own = self.samples.len().saturating_sub(AROUND);
        let whole = AROUND + own.next_multiple_of(HOP);
        self.samples.resize(whole + AROUND, 0.0);
        self.frames(&mut take);
    }

    fn frames(&mut self, take: &mut impl FnMut(&Frame<'_>)) {
        let samples = std::mem::take(&mut self.samples);
        let mut start = 0;
        while let Some(window) = samples.get(start..start + WINDOW) {
            let frame = self.frame(window);
            take(&frame);
            start += HOP;
        }
        self.samples = samples;
        self.samples.drain(..start);
    }

    fn frame(&mut self, window: &[f32]) -> Frame<'_> {
        let level = swing(&window[AROUND..AROUND + HOP]);
        let mut bands = [FLOOR_DBFS; BANDS];
        // The own part is the most of the window; only a quiet one asks for the rest.
        if level < IDLE_DBFS && dbfs(window) < f64::from(IDLE_DBFS) {
            self.power.fill(0.0);
            let power = &self.power;
            return Frame {
                level,
                power,
                bands,
            };
        }
        for ((padded, x), w) in self.padded.iter_mut().zip(window).zip(&self.window) {
            *padded = x * w;
        }
        self.padded[WINDOW..].fill(0.0);
        // The buffers have the lengths that the plan asked for.
        if self
            .fft
            .process(&mut self.padded, &mut self.spectrum)
            .is_err()
        {
            self.power.fill(0.0);
        }
        for (power, c) in self.power.iter_mut().zip(&self.spectrum) {
            *power = c.re * c.re + c.im * c.im;
        }
        for (band, edges) in bands.iter_mut().zip(EDGES.windows(2)) {
            let power: f32 = self.power[edges[0]..edges[1]].iter().sum();
            *band = (10.0 * power.log10()).max(FLOOR_DBFS);
        }
        Frame {
            level,
            power: &self.power,
            bands,
        }
    }
}

/// Returns the level of the deviations from the mean, in dBFS.
fn swing(frame: &[f32]) -> f32 {
    let count = frame.len().max(1) as f32;
    let mean = frame.iter().sum::<f32>() / count;
    let power = frame.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / count;
    (10.0 * power.log10()).max(FLOOR_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(samples: &[f32], block: usize) -> Vec<(f32, Vec<f32>, Bands)> {
        let mut front = FrontEnd::new(RATE).unwrap();
        let mut all = Vec::new();
        let mut keep = |f: &Frame<'_>| all.push((f.level, f.power.to_vec(), f.bands));
        for block in samples.chunks(block) {
            front.push(block, &mut keep);
        }
        front.finish(&mut keep);
        all
    }

    fn sine(hertz: f32, amplitude: f32, samples: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * hertz / 8_000.0;
        (0..samples)
            .map(|n| (step * n as f32).sin() * amplitude)
            .collect()
    }

    #[test]
    fn powers_add_up_to_the_mean_square() {
        // 0.5² / 2 = 0.125, −9.03 dBFS; 1,000 Hz is bin 32, in the band of bins 31 to 35.
        let all = frames(&sine(1_000.0, 0.5, 8_000), 8_000);
        assert_eq!(all.len(), 100);
        let (level, power, bands) = &all[50];
        assert!((level + 9.03).abs() < 0.01, "{level}");
        let sum: f32 = power.iter().sum();
        assert!((sum - 0.125).abs() < 1e-3, "{sum}");
        let loudest = power.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        assert_eq!(loudest.unwrap().0, 32);
        assert!((bands[7] + 9.03).abs() < 0.1, "{bands:?}");
        assert!(bands[0] < -60.0 && bands[15] < -60.0);
    }

    #[test]
    fn spectrum_is_that_of_the_plain_transform() {
        let samples: Vec<f32> = (0..400).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
        let (_, power, _) = &frames(&samples, 400)[2];
        // Frame 2 begins at sample 160, its window at 160 − 60 = 100.
        let hann =
            |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / WINDOW as f64).cos();
        let energy: f64 = (0..WINDOW).map(|i| hann(i).powi(2)).sum();
        for bin in [1, 17, 64, 127] {
            let (mut re, mut im) = (0.0, 0.0);
            for i in 0..WINDOW {
                let phase = std::f64::consts::TAU * (bin * i) as f64 / FFT as f64;
                let x = f64::from(samples[100 + i]) * hann(i);
                re += x * phase.cos();
                im -= x * phase.sin();
            }
            let plain = 2.0 * (re * re + im * im) / (FFT as f64 * energy);
            let error = (f64::from(power[bin]) - plain).abs();
            assert!(error < 1e-6 + 1e-4 * plain, "{bin}: {error}");
        }
    }

    #[test]
    fn any_blocks_give_the_same_frames_and_silence_has_no_spectrum() {
        let mut samples = vec![0.0; 1_000];
        samples.extend(sine(440.0, 0.1, 1_700));
        samples.extend(vec![0.0; 777]);
        let whole = frames(&samples, samples.len());
        // 3,477 samples: 44 frames, the last not whole.
        assert_eq!(whole.len(), 44);
        for block in [1, 79, 80, 333] {
            assert_eq!(frames(&samples, block), whole);
        }
        assert!(whole[5].1.iter().all(|p| *p == 0.0));
        assert_eq!(whole[5].2, [FLOOR_DBFS; BANDS]);
        assert!(frames(&[], 1).is_empty());
    }
}
