//! What is wrong with a recording's channels: the same sound on both, silence, clipping, drop-outs.
//!
//! # Conventions
//!
//! Levels are in dBFS: 0 dB is a full-scale square wave, so a full-scale sine is at -3.01 dB. They
//! are taken over frames of 10 ms; a last, shorter frame is left out. Nothing here changes how a
//! call is measured: faults are reported, and whoever measures may refuse.

use super::Block;
use super::dropouts::DropoutMeter;
pub use super::dropouts::{BORDER_DB, Dropouts, LONGEST_DROPOUT_S, SHORTEST_DROPOUT_S};
use crate::call::{Side, Sides};
use serde::Serialize;

/// Below this level a 10 ms frame is silence, in dBFS. The smallest A-law step around zero, 1 / 4,096
/// of full scale (ITU-T G.711), is at -72 dBFS: an idle line stays below. Speech is nominally at
/// -26 (ITU-T P.830).
pub const SILENCE_DBFS: f64 = -60.0;

/// A frame takes part in the comparison of the channels when the louder side is above this level,
/// in dBFS: 24 dB below nominal speech, so that pauses and hum are left out.
pub const ACTIVE_DBFS: f64 = -50.0;

/// From this correlation up (of either sign) both channels carry the same sound.
///
/// Measured on one voice on both channels, one at half the gain: 1 as PCM, 0.98 to 0.995 as MP3 of 16
/// and 32 kbit/s, 0.998 as Opus, 0.965 as AAC of 24 kbit/s. On real two-channel calls of four
/// platforms: 0.002 at most; with an echo of each side on the other, 10 dB down, added: 0.57. Two
/// equally loud voices of which each stands on the other's channel with the gain g correlate by
/// 2 g / (1 + g²): 0.95 is -2.8 dB, where nobody could tell the sides apart.
pub const DUAL_MONO_CORRELATION: f64 = 0.95;

/// Samples of at least this size may be clipped, in units of full scale: the largest of µ-law is
/// 8,031 / 8,192 = 0.9803, of A-law 0.984 (ITU-T G.711).
pub const CLIP_LEVEL: f32 = 0.98;

/// So many samples in a row at [`CLIP_LEVEL`] are clipped; fewer are a peak.
pub const CLIP_RUN: u32 = 3;

/// How much of a channel must be active before the channels are compared: 1 s, in 10 ms frames.
const COMPARED_FRAMES: u64 = 100;

/// The bins of the level histogram: half a decibel each, from -120 dBFS up to +12.
pub(super) const BINS: usize = 264;

/// Faults of the channels of one call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChannelFaults {
    /// Whether both channels carry the same sound: sample for sample, or alike up to a factor
    /// ([`DUAL_MONO_CORRELATION`]). Then nothing that tells the sides apart can be measured.
    pub dual_mono: bool,
    /// The correlation of the channels over active audio, -1..=1: sum(ac) / sqrt(sum(aa) sum(cc)).
    /// `None` with less than 1 s of active audio, or when a channel is digital silence.
    pub correlation: Option<f64>,
    /// Whether a channel has no 10 ms frame above [`SILENCE_DBFS`].
    pub silent: Sides<bool>,
    /// The share of samples that stand in runs of [`CLIP_RUN`] or more at [`CLIP_LEVEL`], 0..=1.
    pub clipping_share: Sides<f64>,
    /// Digital silence that cuts speech.
    pub dropouts: Sides<Dropouts>,
    /// The level that 5 % of the 10 ms frames exceed, in dBFS, to half a decibel: how loud speech
    /// is. `None` without a whole frame, or when that level is below -120 dBFS.
    pub level_dbfs: Sides<Option<f64>>,
}

/// Gathers [`ChannelFaults`] block by block, in memory that does not grow.
#[derive(Clone, Debug)]
pub struct FaultMeter {
    /// Samples in a 10 ms frame.
    frame: usize,
    /// The frame that is not yet whole.
    pending: Sides<Vec<f32>>,
    samples: u64,
    identical: bool,
    active_frames: u64,
    /// Sums over active frames: agent², customer², agent · customer.
    sums: [f64; 3],
    sides: Sides<Meter>,
}

/// What is gathered of one channel.
#[derive(Clone, Debug)]
struct Meter {
    loud: bool,
    clipped: u64,
    /// Length of the run of samples at the clip level that is going on.
    run: u32,
    frames: u64,
    histogram: Vec<u64>,
    dropouts: DropoutMeter,
}

impl FaultMeter {
    /// Makes a meter for audio at `sample_rate`, in Hz.
    pub fn new(sample_rate: u32) -> FaultMeter {
        let frame = (sample_rate / 100).max(1) as usize;
        let meter = || Meter {
            loud: false,
            clipped: 0,
            run: 0,
            frames: 0,
            histogram: vec![0; BINS],
            dropouts: DropoutMeter::new(sample_rate),
        };
        FaultMeter {
            frame,
            pending: Sides {
                agent: Vec::with_capacity(frame),
                customer: Vec::with_capacity(frame),
            },
            samples: 0,
            identical: true,
            active_frames: 0,
            sums: [0.0; 3],
            sides: Sides {
                agent: meter(),
                customer: meter(),
            },
        }
    }

    /// Takes the next block.
    pub fn push(&mut self, block: &Block<'_>) {
        let Block {
            mut agent,
            mut customer,
        } = *block;
        // A block is equally long on both sides; anything beyond would have no counterpart.
        let len = agent.len().min(customer.len());
        (agent, customer) = (&agent[..len], &customer[..len]);
        self.samples += len as u64;
        self.identical = self.identical && agent == customer;
        self.sides.agent.count_clipped(agent);
        self.sides.customer.count_clipped(customer);
        self.sides.agent.dropouts.push(agent);
        self.sides.customer.dropouts.push(customer);

        // Complete the frame that is pending, go on frame by frame, keep the rest.
        if !self.pending.agent.is_empty() {
            let missing = (self.frame - self.pending.agent.len()).min(len);
            self.pending.agent.extend_from_slice(&agent[..missing]);
            self.pending
                .customer
                .extend_from_slice(&customer[..missing]);
            (agent, customer) = (&agent[missing..], &customer[missing..]);
            if self.pending.agent.len() < self.frame {
                return;
            }
            let Sides {
                agent: a,
                customer: c,
            } = std::mem::take(&mut self.pending);
            self.frame(&a, &c);
        }
        let (whole_a, whole_c) = (
            agent.chunks_exact(self.frame),
            customer.chunks_exact(self.frame),
        );
        let rest = (whole_a.remainder(), whole_c.remainder());
        for (a, c) in whole_a.zip(whole_c) {
            self.frame(a, c);
        }
        self.pending.agent.extend_from_slice(rest.0);
        self.pending.customer.extend_from_slice(rest.1);
    }

    /// Takes a whole frame.
    fn frame(&mut self, agent: &[f32], customer: &[f32]) {
        let products = |x: &[f32], y: &[f32]| f64::from(sum_of_products(x, y));
        let (aa, cc) = (products(agent, agent), products(customer, customer));
        let len = agent.len() as f64;
        let (agent_dbfs, customer_dbfs) = (decibels(aa / len), decibels(cc / len));
        self.sides.agent.count_level(agent_dbfs);
        self.sides.customer.count_level(customer_dbfs);
        if agent_dbfs.max(customer_dbfs) > ACTIVE_DBFS {
            self.active_frames += 1;
            let ac = products(agent, customer);
            for (sum, x) in self.sums.iter_mut().zip([aa, cc, ac]) {
                *sum += x;
            }
        }
    }

    /// Returns the faults of the audio so far.
    pub fn faults(&self) -> ChannelFaults {
        let [aa, cc, ac] = self.sums;
        let comparable = self.active_frames >= COMPARED_FRAMES && aa > 0.0 && cc > 0.0;
        let correlation = comparable.then(|| (ac / (aa * cc).sqrt()).clamp(-1.0, 1.0));
        let near = correlation.is_some_and(|c| c.abs() >= DUAL_MONO_CORRELATION);
        let exact = self.identical && self.active_frames > 0;
        let side = |side: Side| self.sides.get(side);
        ChannelFaults {
            dual_mono: near || exact,
            correlation,
            silent: Sides::from_fn(|s| !side(s).loud),
            clipping_share: Sides::from_fn(|s| side(s).clipped as f64 / self.samples.max(1) as f64),
            dropouts: Sides::from_fn(|s| {
                let Meter {
                    dropouts,
                    histogram,
                    ..
                } = side(s);
                dropouts.dropouts(histogram, self.samples)
            }),
            level_dbfs: Sides::from_fn(|s| side(s).level()),
        }
    }
}

impl Meter {
    fn count_clipped(&mut self, samples: &[f32]) {
        // Nearly all blocks have no such sample; without an early end many are compared at once.
        let clips = samples
            .iter()
            .fold(false, |any, x| any | (x.abs() >= CLIP_LEVEL));
        if self.run == 0 && !clips {
            return;
        }
        for x in samples {
            if x.abs() < CLIP_LEVEL {
                self.run = 0;
                continue;
            }
            self.run = self.run.saturating_add(1);
            // With the sample that makes it a run, those before it count as well.
            self.clipped += match self.run.cmp(&CLIP_RUN) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => u64::from(CLIP_RUN),
                std::cmp::Ordering::Greater => 1,
            };
        }
    }

    fn count_level(&mut self, dbfs: f64) {
        self.loud = self.loud || dbfs > SILENCE_DBFS;
        self.frames += 1;
        self.histogram[bin(dbfs)] += 1;
    }

    /// Returns the level that 5 % of the frames exceed: the middle of its bin.
    fn level(&self) -> Option<f64> {
        let bin = exceeded(&self.histogram, self.frames / 20).filter(|&bin| bin > 0)?;
        Some(bin as f64 / 2.0 + 0.25 - 120.0)
    }
}

/// Returns the bin of a level, in dBFS. Bin 0 holds all that is below -119.5 dBFS, -inf as well.
pub(super) fn bin(dbfs: f64) -> usize {
    ((dbfs + 120.0) * 2.0).clamp(0.0, (BINS - 1) as f64) as usize
}

/// Returns the bin of the level that `above` frames exceed; `None` when there are no more of them.
pub(super) fn exceeded(histogram: &[u64], above: u64) -> Option<usize> {
    let mut seen = 0;
    histogram.iter().rposition(|n| {
        seen += n;
        seen > above
    })
}

/// Returns a mean square in decibels.
pub(super) fn decibels(mean_square: f64) -> f64 {
    10.0 * mean_square.log10()
}

/// Returns the sum of products, in eight running sums that a processor adds at once.
pub(crate) fn sum_of_products(x: &[f32], y: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
    for (x, y) in x.iter().zip(y) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(agent: &[f32], customer: &[f32]) -> ChannelFaults {
        let mut meter = FaultMeter::new(8_000);
        // Blocks of a size that no frame divides.
        for (agent, customer) in agent.chunks(333).zip(customer.chunks(333)) {
            meter.push(&Block { agent, customer });
        }
        meter.faults()
    }

    fn sine(hertz: f32, amplitude: f32, samples: usize) -> Vec<f32> {
        let step = 2.0 * std::f32::consts::PI * hertz / 8_000.0;
        (0..samples)
            .map(|n| (step * n as f32).sin() * amplitude)
            .collect()
    }

    #[test]
    fn nothing_has_no_fault_but_silence() {
        let faults = measure(&[], &[]);
        assert!(!faults.dual_mono);
        assert_eq!((faults.correlation, faults.level_dbfs.agent), (None, None));
        assert!(faults.silent.agent && faults.silent.customer);
        assert_eq!(faults.clipping_share.customer, 0.0);
        // Two silent channels are alike, but carry no sound.
        let faults = measure(&[0.0; 20_000], &[0.0; 20_000]);
        assert!(!faults.dual_mono && faults.silent.agent);
    }

    #[test]
    fn the_same_sound_on_both_is_dual_mono_whatever_its_gain() {
        let voice = sine(300.0, 0.3, 16_000);
        let exact = measure(&voice, &voice);
        assert!(exact.dual_mono);
        assert!((exact.correlation.unwrap() - 1.0).abs() < 1e-6);
        for gain in [0.2, -0.5] {
            let other: Vec<f32> = voice.iter().map(|x| x * gain).collect();
            assert!(measure(&voice, &other).dual_mono, "{gain}");
        }
        // A tenth of noise in amplitude: the correlation is 1 / sqrt(1 + 0.01) = 0.995.
        let noisy: Vec<f32> = voice
            .iter()
            .zip(sine(3_100.0, 0.03, 16_000))
            .map(|(a, b)| a + b)
            .collect();
        let faults = measure(&voice, &noisy);
        assert!((faults.correlation.unwrap() - 0.995).abs() < 1e-3);
        assert!(faults.dual_mono);
    }

    #[test]
    fn two_voices_are_not_even_with_an_echo() {
        let (a, c) = (sine(300.0, 0.3, 16_000), sine(700.0, 0.3, 16_000));
        // The agent's sound comes back at a third.
        let echo: Vec<f32> = a.iter().zip(&c).map(|(a, c)| a * 0.33 + c).collect();
        let faults = measure(&a, &echo);
        assert!(!faults.dual_mono);
        // 0.33 / sqrt(1 + 0.33^2)
        assert!((faults.correlation.unwrap() - 0.3134).abs() < 1e-3);
    }

    #[test]
    fn levels_and_silence_are_in_dbfs() {
        // A sine of amplitude 0.5: 20 log10(0.5 / sqrt 2) = -9.03 dBFS, in the bin from -9.5 to -9;
        // one of 0.0012: -61.4 dBFS, which is silence.
        let faults = measure(&sine(400.0, 0.5, 16_000), &sine(400.0, 0.0012, 16_000));
        assert_eq!(faults.level_dbfs.agent, Some(-9.25));
        assert_eq!(faults.level_dbfs.customer, Some(-61.25));
        assert!(!faults.silent.agent && faults.silent.customer);
    }

    #[test]
    fn runs_at_full_scale_are_clipped_and_peaks_are_not() {
        let mut samples = vec![0.1f32; 8_000];
        samples[10] = 1.0;
        samples[20..22].fill(-1.0);
        assert_eq!(measure(&samples, &samples).clipping_share.agent, 0.0);
        // A run over the border of two blocks of 333: five samples of 8,000.
        samples[331..336].fill(0.99);
        assert_eq!(
            measure(&samples, &samples).clipping_share.agent,
            5.0 / 8_000.0
        );
    }
}
