//! Any rate from 8 to 48 kHz to 16 or 8 kHz, the rates at which speech is detected.
//!
//! # Conventions
//!
//! * Output sample `m` is the sound at `m / to` s, input sample `n` that at `n / rate` s: the
//!   filter's delay is taken out. Before the first sample and after the last there is silence.
//! * `n` samples in give `round(n * to / rate)` samples out.
//! * The output does not depend on how the input is cut into blocks, bit for bit.
//!
//! # Method
//!
//! The output is the band-limited signal that goes through the input's samples, taken at the
//! output's instants: each output sample is a sum of input samples weighted by a sinc under a
//! Kaiser window (J. O. Smith, *Digital Audio Resampling*, CCRMA 2002). The rates are whole numbers
//! of Hz, so the instants fall on a finite set of phases between input samples, and the weights of
//! each phase are computed once. From 8 kHz every other output sample *is* an input sample, and the
//! others share one symmetric set of weights: that way is taken on its own, because nearly all
//! telephone audio goes through it.
//!
//! The band that both rates can hold, up to the lower Nyquist frequency `f`, passes within 0.01 dB
//! to 0.9 `f`. What lies above 1.1 `f` is kept out by 80 dB. Between the two the filter falls, with
//! 6 dB at `f`.

use super::track::check_rate;
use crate::error::Result;
use std::f64::consts::PI;
use std::sync::Arc;

/// The rate of the output unless another is asked for, in Hz: that of wideband telephony.
pub const OUTPUT_RATE: u32 = 16_000;

/// Stop-band attenuation that the window is designed for, in dB.
const ATTENUATION: f64 = 80.0;

/// Half the width of the band in which the filter falls, as a share of the lower Nyquist frequency.
const TRANSITION: f64 = 0.1;

/// Changes the rate of one channel, block by block.
///
/// ```
/// use callcsi::audio::resample::Resampler;
///
/// let mut resampler = Resampler::new(8_000).unwrap();
/// let mut out = Vec::new();
/// resampler.push(&[0.5; 100], &mut out);
/// resampler.push(&[0.5; 60], &mut out);
/// resampler.finish(&mut out);
/// assert_eq!(out.len(), 320);
/// assert!((out[160] - 0.5).abs() < 1e-3);
/// ```
#[derive(Clone, Debug)]
pub struct Resampler {
    way: Way,
    /// Input samples that are still needed; silence stands before the first.
    history: Vec<f32>,
    /// Input index of `history[0]`; the silence before the first sample is at negative indices.
    history_start: i64,
    /// Input samples taken.
    taken: u64,
    /// Output samples given.
    given: u64,
}

/// How output comes out of input.
#[derive(Clone, Debug)]
enum Way {
    /// The same rate: unchanged.
    Same,
    /// Twice the rate: each input sample, and one between it and the next.
    Double { weights: Arc<[f32]> },
    /// Any other rate.
    Phases(Arc<Phases>),
}

/// The weights of each phase.
#[derive(Debug)]
struct Phases {
    /// `up / down` is the ratio of rates in lowest terms. Output sample `m` is at the input instant
    /// `m * down / up`.
    up: u64,
    down: u64,
    /// Input samples on each side that an output sample is made of.
    half: usize,
    /// `2 * half` weights for each of `up` phases.
    weights: Vec<f32>,
}

impl Resampler {
    /// Makes a resampler from `rate` to [`OUTPUT_RATE`], in Hz.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when `rate` is outside
    /// [`SAMPLE_RATES`](super::SAMPLE_RATES).
    pub fn new(rate: u32) -> Result<Resampler> {
        Resampler::between(rate, OUTPUT_RATE)
    }

    /// Makes a resampler from `rate` to the rate `to`, in Hz.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when one of them is outside
    /// [`SAMPLE_RATES`](super::SAMPLE_RATES).
    pub fn between(rate: u32, to: u32) -> Result<Resampler> {
        check_rate(rate)?;
        check_rate(to)?;
        let way = if rate == to {
            Way::Same
        } else if rate * 2 == to {
            Way::Double {
                weights: double_weights(rate).into(),
            }
        } else {
            Way::Phases(Arc::new(Phases::new(rate, to)))
        };
        let before = way.half().saturating_sub(1);
        Ok(Resampler {
            way,
            history: vec![0.0; before],
            history_start: -(before as i64),
            taken: 0,
            given: 0,
        })
    }

    /// Takes the next input samples and appends the output samples that they complete.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.taken += samples.len() as u64;
        if let Way::Same = self.way {
            self.given += samples.len() as u64;
            out.extend_from_slice(samples);
            return;
        }
        self.history.extend_from_slice(samples);
        self.produce(u64::MAX, out);
    }

    /// Appends the rest of the output, as if silence followed, and starts anew.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let total = self.way.total(self.taken);
        if self.given < total {
            let half = self.way.half();
            self.history.resize(self.history.len() + half + 1, 0.0);
            self.produce(total, out);
        }
        let before = self.way.half().saturating_sub(1);
        self.history.clear();
        self.history.resize(before, 0.0);
        self.history_start = -(before as i64);
        (self.taken, self.given) = (0, 0);
    }

    /// Appends the output samples below `end` for which all input is there, and forgets the input
    /// that no later one needs.
    fn produce(&mut self, end: u64, out: &mut Vec<f32>) {
        let half = self.way.half() as i64;
        // Output at input instant t needs the input samples floor(t) - half + 1 ..= floor(t) + half.
        let known = self.history_start + self.history.len() as i64;
        let last_floor = known - 1 - half;
        if last_floor < 0 {
            return;
        }
        match &self.way {
            Way::Same => {}
            Way::Double { weights } => {
                // Two at a time: given is even until the end.
                let from = self.given / 2;
                let to = (last_floor as u64 + 1).min(end.div_ceil(2));
                let first = (from as i64 - half + 1 - self.history_start) as usize;
                let count = to.saturating_sub(from) as usize;
                double(&self.history[first..], count, weights, out);
                self.given += 2 * count as u64;
            }
            Way::Phases(phases) => {
                let (up, down) = (phases.up, phases.down);
                let mut instant = self.given * down;
                while self.given < end {
                    let floor = (instant / up) as i64;
                    if floor > last_floor {
                        break;
                    }
                    let first = (floor - half + 1 - self.history_start) as usize;
                    let phase = (instant % up) as usize;
                    let samples = &self.history[first..first + 2 * half as usize];
                    out.push(dot(samples, phases.of(phase)));
                    self.given += 1;
                    instant += down;
                }
            }
        }
        let next_floor = self.way.floor(self.given) as i64;
        let needed = (next_floor - half + 1 - self.history_start).max(0) as usize;
        let needed = needed.min(self.history.len());
        self.history.drain(..needed);
        self.history_start += needed as i64;
    }
}

impl Way {
    /// Returns how many input samples on each side make an output sample.
    fn half(&self) -> usize {
        match self {
            Way::Same => 0,
            Way::Double { weights } => weights.len(),
            Way::Phases(phases) => phases.half,
        }
    }

    /// Returns the last input sample at or before output sample `output`.
    fn floor(&self, output: u64) -> u64 {
        match self {
            Way::Same => output,
            Way::Double { .. } => output / 2,
            Way::Phases(phases) => {
                (u128::from(output) * u128::from(phases.down) / u128::from(phases.up)) as u64
            }
        }
    }

    /// Returns how many output samples `taken` input samples give: round(taken * up / down).
    fn total(&self, taken: u64) -> u64 {
        match self {
            Way::Same => taken,
            Way::Double { .. } => 2 * taken,
            Way::Phases(phases) => {
                let twice = u128::from(taken) * u128::from(phases.up) * 2;
                let down = u128::from(phases.down);
                ((twice + down) / (2 * down)) as u64
            }
        }
    }
}

/// Appends, for each of `count` input samples, the sample and the one half a step after it.
/// `samples[i]` is the first of the `2 * weights.len()` around the `i`-th.
fn double(samples: &[f32], count: usize, weights: &[f32], out: &mut Vec<f32>) {
    let half = weights.len();
    let mut done = 0;
    // So many at a time that their sums stay in registers.
    while done + LANES <= count {
        let between = between::<LANES>(&samples[done..], weights);
        let own = lanes::<LANES>(samples, done + half - 1);
        let mut pairs = [[0.0; 2]; LANES];
        for n in 0..LANES {
            pairs[n] = [own[n], between[n]];
        }
        out.extend_from_slice(pairs.as_flattened());
        done += LANES;
    }
    // The same sums in the same order for the rest, one by one.
    for first in done..count {
        let [between] = between::<1>(&samples[first..], weights);
        out.extend([samples[first + half - 1], between]);
    }
}

/// Output samples that are computed side by side: four registers of four.
const LANES: usize = 16;

/// Returns the samples half a step after `N` consecutive input samples; `samples[0]` is the first of
/// those around the first.
fn between<const N: usize>(samples: &[f32], weights: &[f32]) -> [f32; N] {
    let half = weights.len();
    let mut sums = [0.0; N];
    for (k, weight) in weights.iter().enumerate() {
        // The pair at distance k + 1/2 before and after the new sample.
        let before = lanes::<N>(samples, half - 1 - k);
        let after = lanes::<N>(samples, half + k);
        for n in 0..N {
            sums[n] += weight * (before[n] + after[n]);
        }
    }
    sums
}

/// Returns `N` samples from `at`, which are there.
fn lanes<const N: usize>(samples: &[f32], at: usize) -> &[f32; N] {
    let there = samples.get(at..).and_then(|rest| rest.first_chunk());
    there.unwrap_or(&[0.0; N])
}

/// Returns the sum of products, in eight running sums that a processor adds at once.
fn dot(samples: &[f32], weights: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, a_rest) = samples.as_chunks::<8>();
    let (b, b_rest) = weights.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

impl Phases {
    fn new(rate: u32, to: u32) -> Phases {
        let common = gcd(rate, to);
        let (up, down) = (to / common, rate / common);
        let kernel = Kernel::new(rate, to);
        let half = kernel.half;
        let mut weights = Vec::with_capacity(up as usize * 2 * half);
        for phase in 0..up {
            let fraction = f64::from(phase) / f64::from(up);
            // Distances from the output's instant to the samples from the first to the last.
            let of_phase =
                (0..2 * half).map(|i| kernel.at(fraction + half as f64 - 1.0 - i as f64));
            let of_phase: Vec<f64> = of_phase.collect();
            // Silence and constants pass exactly: the weights of each phase add up to 1.
            let sum: f64 = of_phase.iter().sum();
            weights.extend(of_phase.iter().map(|w| (w / sum) as f32));
        }
        Phases {
            up: u64::from(up),
            down: u64::from(down),
            half,
            weights,
        }
    }

    fn of(&self, phase: usize) -> &[f32] {
        let len = 2 * self.half;
        &self.weights[phase * len..][..len]
    }
}

/// Returns the weights of the sample half-way between two, by distance; each goes to both sides.
fn double_weights(rate: u32) -> Vec<f32> {
    let kernel = Kernel::new(rate, 2 * rate);
    let weights: Vec<f64> = (0..kernel.half)
        .map(|k| kernel.at(k as f64 + 0.5))
        .collect();
    let sum: f64 = weights.iter().sum::<f64>() * 2.0;
    weights.iter().map(|w| (w / sum) as f32).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A sinc under a Kaiser window, over distances in input samples.
struct Kernel {
    /// Cut-off, as a share of the input's Nyquist frequency.
    cutoff: f64,
    /// Whole input samples that the window reaches to on each side.
    half: usize,
    beta: f64,
}

impl Kernel {
    fn new(rate: u32, to: u32) -> Kernel {
        let cutoff = (f64::from(to) / f64::from(rate)).min(1.0);
        // Kaiser's formulas (J. F. Kaiser, 1974, as in Oppenheim and Schafer, Discrete-Time Signal
        // Processing, 7.5.3): beta for more than 50 dB, and the length less one for a transition of
        // `width` radians per sample.
        let beta = 0.1102 * (ATTENUATION - 8.7);
        let width = PI * cutoff * 2.0 * TRANSITION;
        let length = (ATTENUATION - 8.0) / (2.285 * width);
        let half = (length / 2.0).ceil() as usize + 1;
        Kernel { cutoff, half, beta }
    }

    fn at(&self, distance: f64) -> f64 {
        let share = distance / self.half as f64;
        if share.abs() >= 1.0 {
            return 0.0;
        }
        let window = bessel_i0(self.beta * (1.0 - share * share).sqrt()) / bessel_i0(self.beta);
        let x = PI * distance * self.cutoff;
        let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
        self.cutoff * sinc * window
    }
}

/// Returns the modified Bessel function of the first kind and order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain twin: the same sum, written out in f64, output sample by output sample, over the
    /// whole input.
    fn plainly(input: &[f32], rate: u32, to: u32) -> Vec<f64> {
        let kernel = Kernel::new(rate, to);
        let total = (input.len() as f64 * f64::from(to) / f64::from(rate)).round() as i64;
        let sample = |i: i64| {
            usize::try_from(i)
                .ok()
                .and_then(|i| input.get(i))
                .map_or(0.0, |x| f64::from(*x))
        };
        let half = kernel.half as i64;
        let one = |m: i64| {
            let floor = m * i64::from(rate) / i64::from(to);
            let exact = m as f64 * f64::from(rate) / f64::from(to);
            let weights: Vec<(i64, f64)> = (floor - half + 1..=floor + half)
                .map(|i| (i, kernel.at(exact - i as f64)))
                .collect();
            let sum: f64 = weights.iter().map(|(_, w)| w).sum();
            weights.iter().map(|&(i, w)| w / sum * sample(i)).sum()
        };
        (0..total).map(one).collect()
    }

    fn in_one(input: &[f32], rate: u32, to: u32) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::between(rate, to).unwrap();
        resampler.push(input, &mut out);
        resampler.finish(&mut out);
        out
    }

    fn sine(rate: u32, hertz: f64, samples: usize) -> Vec<f32> {
        let step = 2.0 * PI * hertz / f64::from(rate);
        (0..samples)
            .map(|n| (step * n as f64).sin() as f32)
            .collect()
    }

    const RATES: [u32; 9] = [
        8_000, 11_025, 12_000, 15_999, 16_000, 22_050, 24_000, 44_100, 48_000,
    ];

    /// Every rate to both that detectors ask for.
    fn ways() -> impl Iterator<Item = (u32, u32)> {
        RATES
            .into_iter()
            .flat_map(|rate| [(rate, 16_000), (rate, 8_000)])
    }

    #[test]
    fn output_equals_the_plain_sum() {
        for (rate, to) in ways() {
            // Something of every frequency: a click, a step and a chirp.
            let input: Vec<f32> = (0..700)
                .map(|n| match n {
                    0 | 100 => 1.0,
                    200..300 => 0.5,
                    _ => ((n * n) as f32 * 1e-3).sin() * 0.4,
                })
                .collect();
            let (found, plain) = (in_one(&input, rate, to), plainly(&input, rate, to));
            assert_eq!(found.len(), plain.len(), "{rate} {to}");
            for (n, (found, plain)) in found.iter().zip(plain).enumerate() {
                // At 16 kHz and on input samples the kernel is a click only in the limit: the fast
                // way from 8 kHz keeps the sample itself, 1e-4 from the plain sum.
                assert!(
                    (f64::from(*found) - plain).abs() < 2e-4,
                    "{rate} {to} {n}: {found} {plain}"
                );
            }
        }
    }

    /// A sine below 0.9 of the lower Nyquist frequency comes out as that sine: in amplitude, in
    /// phase (no delay), and without an image or an alias above -70 dB. The rest after the sine is
    /// taken away holds all of these.
    #[test]
    fn sines_keep_their_amplitude_and_instant() {
        for (rate, to) in ways() {
            let nyquist = f64::from(rate.min(to)) / 2.0;
            for share in [0.02, 0.125, 0.4, 0.77, 0.9] {
                let hertz = nyquist * share;
                let out = in_one(&sine(rate, hertz, rate as usize), rate, to);
                let ideal = sine(to, hertz, out.len());
                let inner = 500..out.len() - 500;
                let worst = inner.map(|n| (out[n] - ideal[n]).abs()).fold(0.0, f32::max);
                assert!(
                    worst < 1.5e-3,
                    "{rate} to {to} Hz, sine of {hertz} Hz: {worst}"
                );
                let rest: f64 = (500..out.len() - 500)
                    .map(|n| f64::from(out[n] - ideal[n]).powi(2))
                    .sum();
                let rest = 10.0 * (2.0 * rest / (out.len() - 1000) as f64).log10();
                assert!(
                    rest < -70.0,
                    "{rate} to {to} Hz, sine of {hertz} Hz: {rest:.1} dB"
                );
            }
        }
    }

    /// What the output cannot hold stays out: a sine above 1.1 times its Nyquist frequency leaves
    /// less than -70 dB.
    #[test]
    fn what_is_too_high_stays_out() {
        let high = [22_050, 24_000, 44_100, 48_000].map(|rate| (rate, 16_000));
        let low = [11_025, 16_000, 24_000, 48_000].map(|rate| (rate, 8_000));
        for (rate, to) in high.into_iter().chain(low) {
            for share in [1.106, 1.1875, 1.3625] {
                let hertz = share * f64::from(to) / 2.0;
                let out = in_one(&sine(rate, hertz, rate as usize), rate, to);
                let left = out[500..out.len() - 500]
                    .iter()
                    .map(|x| x.abs())
                    .fold(0.0, f32::max);
                assert!(
                    left < 3.2e-4,
                    "{rate} to {to} Hz, sine of {hertz} Hz: {left}"
                );
            }
        }
    }

    #[test]
    fn nothing_gives_nothing_and_a_resampler_can_be_used_again() {
        for (rate, to) in ways() {
            assert!(in_one(&[], rate, to).is_empty());
            let input = sine(rate, 500.0, 333);
            let mut resampler = Resampler::between(rate, to).unwrap();
            let (mut first, mut second) = (Vec::new(), Vec::new());
            resampler.push(&input, &mut first);
            resampler.finish(&mut first);
            resampler.push(&input, &mut second);
            resampler.finish(&mut second);
            assert_eq!(first, second);
        }
        assert!(Resampler::new(7_999).is_err());
        assert!(Resampler::between(8_000, 7_999).is_err());
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_give_the_same(
            (rate, to) in prop::sample::select(ways().collect::<Vec<_>>()),
            input in prop::collection::vec(-1.0f32..1.0, 0..3_000),
            sizes in prop::collection::vec(0usize..700, 1..20),
        ) {
            let whole = in_one(&input, rate, to);
            let expected = (input.len() as f64 * f64::from(to) / f64::from(rate)).round() as usize;
            prop_assert_eq!(whole.len(), expected);
            let mut resampler = Resampler::between(rate, to).unwrap();
            let mut out = Vec::new();
            let (mut rest, mut sizes) = (&input[..], sizes.into_iter().cycle());
            let mut turns = 0;
            while !rest.is_empty() {
                // After many empty blocks, the rest at once.
                turns += 1;
                let size = if turns > 200 { rest.len() } else { sizes.next().unwrap_or(1) };
                let (block, after) = rest.split_at(size.min(rest.len()));
                resampler.push(block, &mut out);
                rest = after;
            }
            resampler.finish(&mut out);
            prop_assert_eq!(out, whole);
        }
    }
}
