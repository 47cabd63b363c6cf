//! Magnitudes of the spectra of many windows at once: every lane of a vector is another window.
//!
//! A spectrum of 128 real samples is made from one of 64 complex numbers (even samples, and odd ones
//! as imaginary parts), which three passes of radix 4 bring about: each takes its values from one
//! array and writes them, already in order, into another (Stockham's form).

// Arrays of registers are indexed side by side.
#![allow(clippy::needless_range_loop)]

use super::network::{CONTEXT, WINDOW};
use crate::vad::simd::{Work, fma};
use pulp::Simd;
use std::f64::consts::TAU;

/// Samples of a spectrum, from one to the next, and its magnitudes.
const SPECTRUM: usize = 128;
const SPECTRUM_HOP: usize = 64;
pub(super) const BINS: usize = SPECTRUM / 2 + 1;
/// Spectra of a window.
pub(super) const SPECTRA: usize = 4;
/// Samples that a window is seen with, before its end is mirrored.
pub(super) const SEEN: usize = CONTEXT + WINDOW;
/// Complex numbers that are transformed.
const POINTS: usize = SPECTRUM / 2;

/// The constants of a transform.
#[derive(Debug)]
pub(super) struct Plan {
    /// Half of a Hann window: the other half of what halves sums later on.
    window: [f32; SPECTRUM],
    /// Of the first two passes, cosine and sine for one, two and three times each angle.
    first: [[[f32; 2]; 3]; POINTS / 4],
    second: [[[f32; 2]; 3]; POINTS / 16],
    /// Of each bin up to the middle, the same for the step from complex to real.
    last: [[f32; 2]; POINTS / 2 + 1],
}

impl Plan {
    pub(super) fn new() -> Plan {
        let turn = |part: usize, whole: usize| -> [f32; 2] {
            let (sin, cos) = (TAU * part as f64 / whole as f64).sin_cos();
            [cos as f32, sin as f32]
        };
        let turns = |part: usize, whole: usize| [1, 2, 3].map(|i| turn(i * part, whole));
        Plan {
            window: std::array::from_fn(|i| {
                (0.25 - 0.25 * (TAU * i as f64 / SPECTRUM as f64).cos()) as f32
            }),
            first: std::array::from_fn(|i| turns(i, POINTS)),
            second: std::array::from_fn(|i| turns(i, POINTS / 4)),
            last: std::array::from_fn(|i| turn(i, SPECTRUM)),
        }
    }
}

/// The spectra of a batch of windows.
pub(super) struct Spectra<'a> {
    pub(super) plan: &'a Plan,
    /// Samples, and where windows begin in them, each with its context; at most a batch.
    pub(super) samples: &'a [f32],
    pub(super) windows: &'a [usize],
    pub(super) batch: usize,
    /// Room for [`SEEN`] vectors.
    pub(super) turned: &'a mut [f32],
    /// Of each spectrum and bin, the magnitudes of the batch. Lanes past the last window take any.
    pub(super) out: &'a mut [f32],
}

impl Work for Spectra<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let vectors = self.batch / S::F32_LANES;
        let out = S::as_mut_simd_f32s(self.out).0;
        for (v, windows) in self.windows.chunks(S::F32_LANES).enumerate() {
            for (lane, window) in windows.iter().enumerate() {
                let seen = &self.samples[window * WINDOW..][..SEEN];
                let places = self.turned[lane..].iter_mut().step_by(S::F32_LANES);
                for (place, sample) in places.zip(seen) {
                    *place = *sample;
                }
            }
            let Some(samples) = S::as_simd_f32s(self.turned).0.first_chunk() else {
                return;
            };
            for i in 0..SPECTRA {
                let out = &mut out[i * BINS * vectors + v..];
                self.plan
                    .magnitudes(simd, samples, i * SPECTRUM_HOP, out, vectors);
            }
        }
    }
}

impl Plan {
    /// Writes the magnitudes of the samples from `first` on, `stride` vectors apart.
    #[inline(always)]
    fn magnitudes<S: Simd>(
        &self,
        s: S,
        samples: &[S::f32s; SEEN],
        first: usize,
        out: &mut [S::f32s],
        stride: usize,
    ) {
        // Mirrored at the last sample, which is not repeated.
        let sample = |i: usize| {
            let place = first + i;
            let place = place.min(2 * (SEEN - 1) - place);
            s.mul_f32s(samples[place], s.splat_f32s(self.window[i]))
        };
        let mut a = [[s.splat_f32s(0.0); 2]; POINTS];
        let mut b = a;
        for i in 0..POINTS {
            a[i] = [sample(2 * i), sample(2 * i + 1)];
        }
        pass::<S, 16, 1>(s, &a, &mut b, &self.first);
        pass::<S, 4, 4>(s, &b, &mut a, &self.second);
        pass::<S, 1, 16>(s, &a, &mut b, &[[[1.0, 0.0]; 3]]);
        let magnitude = |re: S::f32s, im: S::f32s| s.sqrt_f32s(fma(s, re, re, s.mul_f32s(im, im)));
        let [re, im] = b[0];
        let two = s.splat_f32s(2.0);
        out[0] = s.abs_f32s(s.mul_f32s(two, s.add_f32s(re, im)));
        out[POINTS * stride] = s.abs_f32s(s.mul_f32s(two, s.sub_f32s(re, im)));
        for i in 1..=POINTS / 2 {
            let (low, high) = (b[i], b[POINTS - i]);
            let even = [s.add_f32s(low[0], high[0]), s.sub_f32s(low[1], high[1])];
            let odd = [s.sub_f32s(low[0], high[0]), s.add_f32s(low[1], high[1])];
            let [re, im] = turned(s, odd, self.last[i]);
            let sum = magnitude(s.add_f32s(even[0], im), s.sub_f32s(even[1], re));
            let difference = magnitude(s.sub_f32s(even[0], im), s.add_f32s(even[1], re));
            out[i * stride] = sum;
            out[(POINTS - i) * stride] = difference;
        }
    }
}

/// Turns a complex number backwards, by the angle of a cosine and a sine.
#[inline(always)]
fn turned<S: Simd>(s: S, [re, im]: [S::f32s; 2], [cos, sin]: [f32; 2]) -> [S::f32s; 2] {
    let (cos, sin) = (s.splat_f32s(cos), s.splat_f32s(sin));
    [
        fma(s, re, cos, s.mul_f32s(im, sin)),
        fma(s, im, cos, s.neg_f32s(s.mul_f32s(re, sin))),
    ]
}

/// A pass of radix 4 over `GROUPS` angles, each met by `SIDE` numbers side by side.
#[inline(always)]
fn pass<S: Simd, const GROUPS: usize, const SIDE: usize>(
    s: S,
    from: &[[S::f32s; 2]; POINTS],
    to: &mut [[S::f32s; 2]; POINTS],
    turns: &[[[f32; 2]; 3]; GROUPS],
) {
    let add = |a: [S::f32s; 2], b: [S::f32s; 2]| [s.add_f32s(a[0], b[0]), s.add_f32s(a[1], b[1])];
    let sub = |a: [S::f32s; 2], b: [S::f32s; 2]| [s.sub_f32s(a[0], b[0]), s.sub_f32s(a[1], b[1])];
    for group in 0..GROUPS {
        for side in 0..SIDE {
            let taken = |i: usize| from[side + SIDE * (group + i * GROUPS)];
            let (sum, difference) = (add(taken(0), taken(2)), sub(taken(0), taken(2)));
            let (others, [re, im]) = (add(taken(1), taken(3)), sub(taken(1), taken(3)));
            let mut results = [
                add(sum, others),
                [s.add_f32s(difference[0], im), s.sub_f32s(difference[1], re)],
                sub(sum, others),
                [s.sub_f32s(difference[0], im), s.add_f32s(difference[1], re)],
            ];
            if GROUPS > 1 {
                for i in 0..3 {
                    results[i + 1] = turned(s, results[i + 1], turns[group][i]);
                }
            }
            for i in 0..4 {
                to[side + SIDE * (4 * group + i)] = results[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::BatchAndLanes;
    use super::*;
    use crate::vad::simd::archs;

    /// The plain twin: the sums that define the transform, in f64.
    #[test]
    fn magnitudes_are_those_of_the_plain_sums() {
        let mut state = 1u32;
        let samples: Vec<f32> = (0..CONTEXT + 7 * WINDOW)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        let windows = [3, 0, 6];
        for arch in archs() {
            let (_, lanes) = BatchAndLanes.on(arch);
            let mut out = vec![0.0; SPECTRA * BINS * lanes];
            Spectra {
                plan: &Plan::new(),
                samples: &samples,
                windows: &windows,
                batch: lanes,
                turned: &mut vec![0.0; SEEN * lanes],
                out: &mut out,
            }
            .on(arch);
            for (lane, window) in windows.iter().enumerate() {
                let mut seen = samples[window * WINDOW..][..SEEN].to_vec();
                let mirrored = seen[SEEN - 1 - CONTEXT..SEEN - 1].iter().rev().copied();
                seen.extend(mirrored.collect::<Vec<_>>());
                for i in 0..SPECTRA {
                    for bin in 0..BINS {
                        let (mut re, mut im) = (0.0, 0.0);
                        for n in 0..SPECTRUM {
                            let hann = 0.5 - 0.5 * (TAU * n as f64 / SPECTRUM as f64).cos();
                            let x = hann * f64::from(seen[i * SPECTRUM_HOP + n]);
                            let (sin, cos) = (TAU * (bin * n) as f64 / SPECTRUM as f64).sin_cos();
                            re += x * cos;
                            im += x * sin;
                        }
                        let found = f64::from(out[(i * BINS + bin) * lanes + lane]);
                        assert!((found - re.hypot(im)).abs() < 2e-5, "{i} {bin} {found}");
                    }
                }
            }
        }
    }
}
