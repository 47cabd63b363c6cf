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
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
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

/// The bins that the bands are made of.
pub(super) const BANDED: std::ops::Range<usize> = EDGES[0]..EDGES[BANDS];

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
#[derive(Clone)]
pub(super) struct FrontEnd {
    resampler: Resampler,
    /// Takes two frames at once, as the real and the imaginary part.
    fft: Arc<dyn Fft<f32>>,
    /// The window, scaled so that the powers of the bins add up to the mean square.
    window: [f32; WINDOW],
    /// Samples from the start of the next frame's window on.
    samples: Vec<f32>,
    both: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    powers: [[f32; BINS]; 2],
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
        let fft = FftPlanner::new().plan_fft_forward(FFT);
        Ok(FrontEnd {
            resampler: Resampler::between(sample_rate, RATE)?,
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            fft,
            window: std::array::from_fn(|i| (hann(i) * scale) as f32),
            samples: vec![0.0; AROUND],
            both: vec![Complex::default(); FFT],
            powers: [[0.0; BINS]; 2],
        })
    }

    /// Takes the next samples and hands over the frames that they complete, two at a time.
    pub(super) fn push(&mut self, samples: &[f32], mut take: impl FnMut(&Frame<'_>)) {
        self.resampler.push(samples, &mut self.samples);
        self.frames(usize::MAX, &mut take);
    }

    /// Hands over the last frames; the last of all is filled up with silence.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&Frame<'_>)) {
        self.resampler.finish(&mut self.samples);
        let own = self.samples.len().saturating_sub(AROUND);
        let frames = own.div_ceil(HOP);
        let pairs = frames.next_multiple_of(2);
        self.samples.resize(2 * AROUND + pairs * HOP, 0.0);
        self.frames(frames, &mut take);
    }

    /// Hands over the frames of all pairs that are there, but at most so many.
    fn frames(&mut self, at_most: usize, take: &mut impl FnMut(&Frame<'_>)) {
        let samples = std::mem::take(&mut self.samples);
        let mut start = 0;
        let mut left = at_most;
        while let Some(span) = samples.get(start..start + HOP + WINDOW) {
            let windows = [&span[..WINDOW], &span[HOP..]];
            let levels = windows.map(|window| swing(&window[AROUND..AROUND + HOP]));
            // The own part is the most of the window; only a quiet one asks for the rest.
            let sounds =
                [0, 1].map(|i| levels[i] >= IDLE_DBFS || dbfs(windows[i]) >= f64::from(IDLE_DBFS));
            if sounds.contains(&true) {
                self.transform(windows);
            }
            for (i, level) in levels.into_iter().enumerate().take(left) {
                take(&self.frame(level, i, sounds[i]));
            }
            left = left.saturating_sub(2);
            start += 2 * HOP;
        }
        self.samples = samples;
        self.samples.drain(..start);
    }

    /// Computes the powers of two windows.
    ///
    /// The transform Z of a + i b holds those of both, since theirs are symmetric:
    /// 2 A(k) = Z(k) + Z*(N − k) and 2 i B(k) = Z(k) − Z*(N − k).
    fn transform(&mut self, [a, b]: [&[f32]; 2]) {
        for (both, ((a, b), w)) in self.both.iter_mut().zip(a.iter().zip(b).zip(&self.window)) {
            *both = Complex::new(a * w, b * w);
        }
        self.both[WINDOW..].fill(Complex::default());
        self.fft
            .process_with_scratch(&mut self.both, &mut self.scratch);
        let split = |z: Complex<f32>, mirror: Complex<f32>| {
            let (sum, difference) = (z + mirror, z - mirror);
            let square = |x: f32, y: f32| 0.25 * (x * x + y * y);
            [square(sum.re, difference.im), square(sum.im, difference.re)]
        };
        let [first, second] = &mut self.powers;
        let (below, above) = self.both.split_at(FFT / 2);
        // Bins 0 and N / 2 are their own mirrors.
        for (k, z) in [(0, below[0]), (FFT / 2, above[0])] {
            [first[k], second[k]] = split(z, z);
        }
        let mirrored = below[1..].iter().zip(above[1..].iter().rev());
        for ((first, second), (z, mirror)) in
            first[1..].iter_mut().zip(&mut second[1..]).zip(mirrored)
        {
            [*first, *second] = split(*z, *mirror);
        }
    }

    /// Returns one of the two frames.
    fn frame(&mut self, level: f32, index: usize, sounds: bool) -> Frame<'_> {
        let power = &mut self.powers[index];
        let mut bands = [FLOOR_DBFS; BANDS];
        if sounds {
            for (band, edges) in bands.iter_mut().zip(EDGES.windows(2)) {
                *band = power[edges[0]..edges[1]].iter().sum();
            }
            bands = bands.map(decibels);
        } else {
            power.fill(0.0);
        }
        Frame {
            level,
            power,
            bands,
        }
    }
}

/// Returns a power in decibels, at least [`FLOOR_DBFS`]; the same as `10 log10` but for rounding, and
/// without a call, so that all bands are taken at once.
#[inline(always)]
pub(super) fn decibels(power: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    // power = m · 2^e with m in [√½, √2). A sign would be taken for a part of e.
    let bits = power.abs().to_bits().wrapping_sub(SQRT_HALF);
    let e = (bits as i32 >> 23) as f32;
    let m = f32::from_bits((bits & 0x007f_ffff) + SQRT_HALF);
    // ln m = 2 artanh s for s = (m − 1) / (m + 1), |s| < 0.172: what is cut off is below 3e-8.
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let ln = 2.0 * s * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square / 7.0)));
    let db = 10.0 * (std::f32::consts::LOG10_2 * e + std::f32::consts::LOG10_E * ln);
    db.max(FLOOR_DBFS)
}

/// Returns the level of the deviations from the mean, in dBFS.
fn swing(frame: &[f32]) -> f32 {
    let count = frame.len().max(1) as f32;
    let mean = sum_of(frame, |x| x) / count;
    let power = sum_of(frame, |x| (x - mean) * (x - mean)) / count;
    decibels(power)
}

/// Sums side by side: one would wait for itself at every sample.
fn sum_of(samples: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (whole, rest) = samples.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for samples in whole {
        for (sum, x) in sums.iter_mut().zip(samples) {
            *sum += of(*x);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|x| of(*x)).sum::<f32>()
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

    #[test]
    fn decibels_are_those_of_the_logarithm() {
        for i in 0..=4_000 {
            // From −100 to +20 dB.
            let power = 10f64.powf(f64::from(i) * 0.003 - 10.0) as f32;
            let plain = 10.0 * f64::from(power).log10();
            assert!((f64::from(decibels(power)) - plain).abs() < 2e-5, "{power}");
        }
        for nothing in [0.0, -0.0, f32::MIN_POSITIVE, 1e-40, 1e-11] {
            assert_eq!(decibels(nothing), FLOOR_DBFS);
        }
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
