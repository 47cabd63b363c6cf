//! Whether the sound around an instant is voiced: whether it repeats itself at the rate of a voice.
//!
//! The telephone takes the fundamental away but not the period, so the period is what is looked for.
//! Only low sound is compared, below about 1 kHz: there a vowel has its power and a fricative has
//! little, a rough guess at the period is enough, and few samples have to be compared.

use crate::audio::faults::sum_of_products;

/// From this correlation of the sound with itself one period later it is voiced.
///
/// Measured: in noise, white, of the telephone band or above 1.5 kHz, the best correlation over all
/// periods gets this far in about one window of a hundred. On real two-channel calls the syllables
/// so found are as many as by Praat's pitch track; with 0.40 they are 2 % fewer, with 0.45 3 %, with
/// all peaks taken for voiced 4 % more.
pub const VOICED: f32 = 0.35;

/// The lowest and the highest voice, in Hz.
const VOICE_HZ: (f32, f32) = (75.0, 400.0);
/// What is compared with itself, in seconds.
const WINDOW_S: f32 = 0.040;
/// The sound is thinned out to this rate at least, in Hz.
const LOW_RATE: u32 = 4_000;

/// Tells voiced sound at one rate.
#[derive(Clone, Debug)]
pub(super) struct Voicing {
    /// One of so many samples is kept.
    thinning: usize,
    window: usize,
    shortest: usize,
    longest: usize,
    low: Vec<f32>,
}

impl Voicing {
    pub(super) fn new(sample_rate: u32) -> Voicing {
        let thinning = (sample_rate / LOW_RATE).max(1);
        let rate = sample_rate as f32 / thinning as f32;
        Voicing {
            thinning: thinning as usize,
            window: (rate * WINDOW_S) as usize,
            shortest: (rate / VOICE_HZ.1).ceil() as usize,
            longest: (rate / VOICE_HZ.0) as usize,
            low: Vec::new(),
        }
    }

    /// Returns the number of samples that are looked at.
    pub(super) fn reach(&self) -> usize {
        (self.window + self.longest + 1) * self.thinning
    }

    /// Returns whether [`reach`](Self::reach) samples are voiced in their middle. Fewer are not.
    pub(super) fn is_voiced(&mut self, samples: &[f32]) -> bool {
        // The mean of twice as many samples as one is kept of: it falls to 0 at half the new rate.
        let n = self.thinning;
        self.low.clear();
        let windows = samples.windows(2 * n).step_by(n);
        self.low.extend(windows.map(|w| w.iter().sum::<f32>()));
        // From the first on, so that of a constant exactly nothing is left.
        let first = self.low.first().copied().unwrap_or_default();
        self.low.iter_mut().for_each(|x| *x -= first);
        let mean = self.low.iter().sum::<f32>() / self.low.len().max(1) as f32;
        self.low.iter_mut().for_each(|x| *x -= mean);

        let low = &self.low[..];
        if low.len() < self.window + self.longest {
            return false;
        }
        let here = &low[..self.window];
        let power = sum_of_products(here, here);
        let mut power_later = f64::from(sum_of_products(
            &low[self.shortest..][..self.window],
            &low[self.shortest..][..self.window],
        ));
        for lag in self.shortest..=self.longest {
            let product = sum_of_products(here, &low[lag..][..self.window]);
            let wanted = f64::from(VOICED * VOICED) * f64::from(power) * power_later;
            // One period is enough to know; in silence nothing is above nothing.
            if product > 0.0 && f64::from(product) * f64::from(product) >= wanted {
                return true;
            }
            // The window moves on by one.
            let square = |i: usize| low.get(i).map_or(0.0, |&x| f64::from(x) * f64::from(x));
            power_later += square(lag + self.window) - square(lag);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Harmonics of a voice between 300 Hz and 3,400.
    fn vowel(hertz: f32, rate: u32) -> impl Fn(usize) -> f32 {
        let harmonics = (1..40).map(|k| k as f32 * hertz);
        let heard: Vec<f32> = harmonics.filter(|h| (300.0..3_400.0).contains(h)).collect();
        move |n| {
            let phase = std::f32::consts::TAU * n as f32 / rate as f32;
            heard.iter().map(|h| (phase * h).sin()).sum::<f32>() * 0.02
        }
    }

    #[test]
    fn voices_are_voiced_without_their_fundamental() {
        for rate in [8_000, 11_025, 16_000, 44_100, 48_000] {
            let mut voicing = Voicing::new(rate);
            for hertz in [80.0, 101.0, 133.0, 207.0, 290.0, 380.0] {
                let samples: Vec<f32> = (0..voicing.reach()).map(vowel(hertz, rate)).collect();
                assert!(voicing.is_voiced(&samples), "{hertz} Hz at {rate} Hz");
            }
        }
    }

    #[test]
    fn noise_silence_and_too_little_are_not() {
        let mut state = 7u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        for rate in [8_000, 16_000, 48_000] {
            let mut voicing = Voicing::new(rate);
            let voiced = (0..300).filter(|_| {
                let samples: Vec<f32> = (0..voicing.reach()).map(|_| noise()).collect();
                voicing.is_voiced(&samples)
            });
            let voiced = voiced.count();
            assert!(voiced <= 6, "{voiced} of 300 by chance at {rate} Hz");
            assert!(!voicing.is_voiced(&vec![0.0; voicing.reach()]));
            assert!(!voicing.is_voiced(&vec![0.25; voicing.reach()]));
            assert!(!voicing.is_voiced(&[0.1; 40]));
        }
    }
}
