//! The intensity contour: how loud the sound is around each instant.
//!
//! Power is summed over slots of 8 ms, and the slots are weighted: one pass over the samples, and
//! little over the slots. The mean of each slot is taken out, and with it an offset of the converter
//! and much of the hum of the mains, neither of which a voice needs.
//!
//! A point of the contour stands at the middle of every slot. The ripple of a voice's own periods,
//! read so seldom, stays below 0.3 dB: the weights even it out.

use crate::audio::faults::sum_of_products;

/// Slots in a second.
const SLOTS_HZ: u32 = 125;
/// Slots on either side that weigh in: 64 ms.
const REACH: usize = 8;
/// Slots that weigh in.
const WINDOW: usize = 2 * REACH + 1;
/// Standard deviation of the weights, in slots. Praat's window for a pitch floor of 50 Hz is a Kaiser
/// window of 128 ms with β = 20.24, near its middle a Gaussian of 64 ms / √β = 14.2 ms; a slot is
/// itself as wide as 8 ms / √12, so 14.0 ms are left.
const SIGMA: f64 = 14.0 / 8.0;
/// Slots that are kept before the memory is tidied.
const KEPT: usize = 1_024;

/// The contour of one channel, point by point.
#[derive(Clone, Debug)]
pub(super) struct Intensity {
    slot: usize,
    weights: [f32; WINDOW],
    powers: Vec<f32>,
}

impl Intensity {
    pub(super) fn new(sample_rate: u32) -> Intensity {
        let weight = |i: usize| {
            let off = (i as f64 - REACH as f64) / SIGMA;
            (-0.5 * off * off).exp()
        };
        let sum: f64 = (0..=2 * REACH).map(weight).sum();
        let rounded = (sample_rate + SLOTS_HZ / 2) / SLOTS_HZ;
        Intensity {
            slot: rounded.max(1) as usize,
            weights: std::array::from_fn(|i| (weight(i) / sum) as f32),
            // Silence before the first slot.
            powers: vec![0.0; REACH],
        }
    }

    /// Returns the samples of a slot.
    pub(super) fn slot(&self) -> usize {
        self.slot
    }

    /// Returns how many slots of silence bring out all that is held back.
    pub(super) fn tail(&self) -> usize {
        REACH + 2
    }

    /// Returns how many slots the newest point lies back from the newest slot.
    pub(super) fn delay(&self) -> usize {
        REACH
    }

    /// Takes the samples of the next slot and returns the next point, a mean square, once there is
    /// one.
    pub(super) fn push(&mut self, slot: &[f32]) -> Option<f32> {
        self.push_power(variance(slot))
    }

    /// Takes a slot of silence.
    pub(super) fn push_silence(&mut self) -> Option<f32> {
        self.push_power(0.0)
    }

    fn push_power(&mut self, power: f32) -> Option<f32> {
        if self.powers.len() >= KEPT {
            self.powers.drain(..KEPT - WINDOW);
        }
        self.powers.push(power);
        let window = self.powers.last_chunk::<WINDOW>()?;
        Some(sum_of_products(window, &self.weights))
    }
}

/// Returns the mean square of a slot without its mean.
fn variance(slot: &[f32]) -> f32 {
    // Measured from the first sample, a constant is exactly 0, and a large offset costs no digits.
    let Some(&first) = slot.first() else {
        return 0.0;
    };
    let sum = sum_over(slot, |x| x - first);
    let square = sum_over(slot, |x| (x - first) * (x - first));
    let length = slot.len() as f32;
    let mean = sum / length;
    // `max` turns NaN, which no decoder here gives but a caller may, into silence.
    (square / length - mean * mean).max(0.0)
}

/// Returns a sum over samples, in eight running sums that a processor adds at once. One sum in a loop:
/// of two it would make none at once.
pub(super) fn sum_over(samples: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0f32; 8];
    let (eights, rest) = samples.as_chunks::<8>();
    for eight in eights {
        for i in 0..8 {
            sums[i] += of(eight[i]);
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    // In pairs, so that no addition waits for seven others.
    let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    sum + rest.iter().map(|&x| of(x)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_sound_has_its_mean_square_and_an_offset_has_none() {
        // 500 Hz at 8 kHz: four periods in a slot of 64 samples.
        let slot: Vec<f32> = (0..64)
            .map(|n| 0.5 + 0.2 * (std::f32::consts::TAU * n as f32 / 16.0).sin())
            .collect();
        let mut intensity = Intensity::new(8_000);
        let points: Vec<f32> = (0..100).filter_map(|_| intensity.push(&slot)).collect();
        assert_eq!(
            points.len(),
            92,
            "eight slots are still to come for the last"
        );
        assert!((points[20] / 0.02 - 1.0).abs() < 1e-4, "{}", points[20]);
        // Half of the window of the first point is before the sound; its own slot is not.
        assert!((points[0] / 0.02 - 0.614).abs() < 1e-3, "{}", points[0]);
    }

    #[test]
    fn memory_does_not_grow_and_tidying_changes_nothing() {
        let mut intensity = Intensity::new(8_000);
        let points: Vec<f32> = (0..50_000u32)
            .filter_map(|i| intensity.push_power((i % 100) as f32))
            .collect();
        assert!(intensity.powers.len() <= KEPT);
        // Every 100 slots the same points come round.
        assert_eq!(points[100..200], points[49_800..49_900]);
    }

    #[test]
    fn nothing_that_is_no_number_gets_in() {
        assert_eq!(variance(&[f32::NAN; 32]), 0.0);
        assert_eq!(variance(&[]), 0.0);
    }
}
