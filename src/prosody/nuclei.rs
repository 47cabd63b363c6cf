//! Peaks of the contour, and which of them are syllables.

use super::contour::Contour;
use super::intensity::Intensity;
use super::voicing::Voicing;
use crate::timeline::{Time, Timeline};

/// How far the contour must have been below a peak since the one before, in dB (de Jong & Wempe).
pub const DIP_DB: f64 = 2.0;

/// How far below the loud end of the side's speech a syllable may be, in dB (de Jong & Wempe 2010).
pub const RANGE_DB: f64 = 25.0;

/// The loud end is the level that all but a twentieth of the voiced peaks stay at or below. The
/// contour is near its highest for some 30 ms of a syllable of 200, so this is about the 0.99
/// quantile of the contour.
pub const LOUD_SHARE: f64 = 0.95;

/// A peak below this mean square is none: -90 dBFS is the smallest step of 16 bits.
const FLOOR: f32 = 1e-9;

/// Gathers the peaks of one channel, and its contour.
#[derive(Clone, Debug)]
pub struct PeakMeter {
    sample_rate: u32,
    intensity: Intensity,
    voicing: Voicing,
    /// 10^(DIP_DB / 10).
    dip_ratio: f32,
    /// Samples that may still be looked at.
    held: Vec<f32>,
    /// Samples that came before those.
    dropped: u64,
    /// Samples that the contour has taken.
    taken: u64,
    /// The last point of the contour, how many there were, and whether it was a rise.
    last: f32,
    points: u64,
    rising: bool,
    /// The lowest point since the last local maximum.
    lowest: f32,
    peaks: Vec<Peak>,
    contour: Contour,
}

/// A voiced peak with a dip before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Peak {
    time: Time,
    level_dbfs: f32,
}

/// The peaks of one channel that may be syllables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peaks {
    /// In order.
    peaks: Vec<Peak>,
    contour: Contour,
}

impl PeakMeter {
    /// Makes a meter for a channel at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> PeakMeter {
        let intensity = Intensity::new(sample_rate);
        PeakMeter {
            sample_rate,
            contour: Contour::new(sample_rate, intensity.slot() as u64),
            intensity,
            voicing: Voicing::new(sample_rate),
            dip_ratio: 10f64.powf(DIP_DB / 10.0) as f32,
            held: Vec::new(),
            dropped: 0,
            taken: 0,
            last: 0.0,
            points: 0,
            rising: false,
            lowest: 0.0,
            peaks: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.held.extend_from_slice(samples);
        let slot = self.intensity.slot();
        loop {
            let from = (self.taken - self.dropped) as usize;
            let Some(next) = self.held.get(from..from + slot) else {
                break;
            };
            let point = self.intensity.push(next);
            self.taken += slot as u64;
            if let Some(point) = point {
                self.follow(point);
            }
        }
        // A peak is known when the contour falls after it; half the sound that tells its voicing
        // lies before it. Tidy up only when there is much to tidy.
        let back = (self.intensity.delay() + 2) * slot + self.voicing.reach();
        let old = ((self.taken - self.dropped) as usize).saturating_sub(back);
        if old > back {
            self.held.drain(..old);
            self.dropped += old as u64;
        }
    }

    /// Ends the channel and returns its peaks.
    pub fn finish(mut self) -> Peaks {
        for _ in 0..self.intensity.tail() {
            if let Some(point) = self.intensity.push_silence() {
                self.follow(point);
            }
        }
        Peaks {
            peaks: self.peaks,
            contour: self.contour,
        }
    }

    /// Follows the contour to its next point.
    fn follow(&mut self, point: f32) {
        self.contour.push(point);
        if point < self.last && self.rising {
            self.rising = false;
            if self.last >= self.lowest * self.dip_ratio && self.last > FLOOR {
                self.consider();
            }
            self.lowest = point;
        } else if point > self.last {
            self.rising = true;
        }
        self.lowest = self.lowest.min(point);
        self.last = point;
        self.points += 1;
    }

    /// Keeps the last point as a peak if it is voiced.
    fn consider(&mut self) {
        let slot = self.intensity.slot() as u64;
        let middle = self.points.saturating_sub(1) * slot + slot / 2;
        let reach = self.voicing.reach() as u64;
        // At the edges of the recording the window moves in, rather than see silence.
        let end = self.dropped + self.held.len() as u64;
        let from = middle
            .saturating_sub(reach / 2)
            .min(end.saturating_sub(reach))
            .max(self.dropped);
        let from = (from - self.dropped) as usize;
        let around = self.held.get(from..from + reach as usize);
        if around.is_some_and(|around| self.voicing.is_voiced(around)) {
            self.peaks.push(Peak {
                time: Time::of_sample(middle, self.sample_rate),
                level_dbfs: 10.0 * self.last.log10(),
            });
        }
    }
}

impl Peaks {
    /// Returns the contour that the peaks were found on.
    pub fn contour(&self) -> &Contour {
        &self.contour
    }

    /// Returns the instants of the syllables inside the side's speech, in order.
    pub fn nuclei(&self, speech: &Timeline) -> Vec<Time> {
        let inside: Vec<Peak> = speech
            .segments()
            .iter()
            .flat_map(|segment| {
                let first = self.peaks.partition_point(|p| p.time < segment.start());
                let rest = self.peaks[first..].iter();
                rest.take_while(|p| p.time < segment.end())
            })
            .copied()
            .collect();
        let mut levels: Vec<f32> = inside.iter().map(|p| p.level_dbfs).collect();
        let loud = (levels.len().saturating_sub(1) as f64 * LOUD_SHARE).round() as usize;
        if levels.is_empty() {
            return Vec::new();
        }
        let (_, loud, _) = levels.select_nth_unstable_by(loud, f32::total_cmp);
        let threshold = *loud - RANGE_DB as f32;
        let enough = inside.iter().filter(|p| p.level_dbfs >= threshold);
        enough.map(|p| p.time).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;
    use proptest::prelude::*;

    /// A vowel of 140 Hz, its harmonics falling by 6 dB an octave, at instant `t`.
    fn vowel(t: f64) -> f64 {
        let harmonic = |k: u32| (std::f64::consts::TAU * 140.0 * f64::from(k) * t).sin();
        (1..=20).map(|k| harmonic(k) / f64::from(k)).sum::<f64>() * 0.2
    }

    /// A sound of `seconds`, given instant by instant.
    fn sound(rate: u32, seconds: f64, at: impl FnMut(f64) -> f64) -> Vec<f32> {
        let samples = (f64::from(rate) * seconds) as u32;
        let instants = (0..samples).map(|n| f64::from(n) / f64::from(rate));
        instants.map(at).map(|x| x as f32).collect()
    }

    /// `per_second` humps a second from 0.5 s to `end`: down by 12 dB between them.
    fn humps(per_second: f64, end: f64, t: f64) -> f64 {
        if !(0.5..end).contains(&t) {
            return 0.0;
        }
        let phase = std::f64::consts::TAU * per_second * (t - 0.5);
        0.25 + 0.75 * (0.5 - 0.5 * phase.cos())
    }

    fn noise() -> impl FnMut() -> f64 {
        let mut state = 1u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / 8_388_608.0 - 1.0
        }
    }

    fn peaks(rate: u32, samples: &[f32], block: usize) -> Peaks {
        let mut meter = PeakMeter::new(rate);
        samples.chunks(block).for_each(|b| meter.push(b));
        meter.finish()
    }

    fn stretch(from: f64, to: f64) -> Timeline {
        Timeline::from(Segment::from_seconds(from, to).unwrap())
    }

    fn nuclei(rate: u32, samples: &[f32]) -> Vec<Time> {
        peaks(rate, samples, 4_096).nuclei(&stretch(0.0, 1_000.0))
    }

    #[test]
    fn each_hump_is_a_syllable_where_it_is_loudest() {
        for rate in [8_000, 11_025, 16_000, 44_100, 48_000] {
            for per_second in [2.0, 4.0, 6.0] {
                let samples = sound(rate, 5.5, |t| humps(per_second, 5.0, t) * vowel(t));
                let found = nuclei(rate, &samples);
                assert_eq!(found.len() as f64, 4.5 * per_second, "{rate} {per_second}");
                for (i, time) in found.iter().enumerate() {
                    let wanted = 0.5 + (i as f64 + 0.5) / per_second;
                    // The top of a slow hump is flat, and the ripple of the vowel's own periods
                    // makes several of it: the first counts.
                    let off = (time.seconds() - wanted).abs();
                    assert!(off * per_second < 0.1, "{rate} {per_second} {i}: {off}");
                }
            }
        }
    }

    #[test]
    fn a_steady_vowel_is_one_syllable_and_what_is_no_voice_is_none() {
        let lasting = |t: f64| f64::from((1.0..2.0).contains(&t));
        assert_eq!(
            nuclei(8_000, &sound(8_000, 3.0, |t| lasting(t) * vowel(t))).len(),
            1
        );
        assert!(nuclei(8_000, &[]).is_empty());
        assert!(nuclei(8_000, &[0.1; 5]).is_empty());
        assert!(nuclei(8_000, &[0.0; 80_000]).is_empty());
        assert!(nuclei(8_000, &[0.3; 80_000]).is_empty(), "an offset");
        let mut hiss = noise();
        assert!(nuclei(8_000, &sound(8_000, 20.0, |_| 0.1 * hiss())).is_empty());
        let mut hiss = noise();
        let bursts = sound(8_000, 20.0, |t| humps(4.0, 20.0, t) * 0.3 * hiss());
        assert!(nuclei(8_000, &bursts).is_empty());
        let broken = sound(8_000, 3.0, |_| f64::NAN);
        assert!(nuclei(8_000, &broken).is_empty());
    }

    #[test]
    fn a_gain_changes_nothing() {
        let mut hiss = noise();
        let samples = sound(8_000, 10.0, |t| {
            humps(5.0, 9.0, t) * vowel(t) + 0.003 * hiss()
        });
        let wanted = nuclei(8_000, &samples);
        // The line's noise is 30 dB below the voice; a few of its ripples may be voiced by chance.
        assert!((42..=44).contains(&wanted.len()), "{}", wanted.len());
        // -30 dB, and +10.
        for gain in [0.0316, 3.16] {
            let other: Vec<f32> = samples.iter().map(|x| x * gain).collect();
            assert_eq!(nuclei(8_000, &other), wanted, "{gain}");
        }
    }

    #[test]
    fn only_the_sides_speech_counts_and_sets_the_level() {
        // A tone 30 dB above the voice, before it, as a caller may hear one while the line is set up.
        let tone = |t: f64| {
            let on = f64::from(t < 0.4);
            on * (std::f64::consts::TAU * 425.0 * t).sin()
        };
        let voice = |t: f64| 0.02 * humps(4.0, 5.0, t) * vowel(t);
        let found = peaks(8_000, &sound(8_000, 5.5, |t| tone(t) + voice(t)), 512);
        assert_eq!(found.nuclei(&stretch(0.45, 5.5)).len(), 18);
        assert_eq!(found.nuclei(&stretch(2.5, 3.5)).len(), 4);
        assert!(found.nuclei(&Timeline::new()).is_empty());
    }

    #[test]
    fn what_is_far_below_the_loud_syllables_is_none() {
        // From the third second on the voice is 20 dB down, from the fifth 30.
        let gain = |t: f64| match t {
            ..2.5 => 1.0,
            2.5..4.5 => 0.1,
            _ => 0.0316,
        };
        let samples = sound(8_000, 7.0, |t| gain(t) * humps(4.0, 6.5, t) * vowel(t));
        assert_eq!(nuclei(8_000, &samples).len(), 16);
    }

    #[test]
    fn memory_does_not_grow() {
        let mut meter = PeakMeter::new(8_000);
        let block = sound(8_000, 0.1, vowel);
        for _ in 0..3_000 {
            meter.push(&block);
        }
        assert!(meter.held.len() < 8_000, "{}", meter.held.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn blocks_of_any_size_give_the_same(sizes in prop::collection::vec(1usize..3_000, 1..20)) {
            let mut hiss = noise();
            let samples = sound(8_000, 4.0, |t| humps(5.0, 3.6, t) * vowel(t) + 0.01 * hiss());
            let whole = peaks(8_000, &samples, samples.len());
            let mut meter = PeakMeter::new(8_000);
            let mut rest = &samples[..];
            for size in sizes.iter().cycle() {
                let (block, later) = rest.split_at((*size).min(rest.len()));
                meter.push(block);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(meter.finish(), whole);
        }
    }

    #[test]
    fn single_samples_give_the_same() {
        let samples = sound(8_000, 2.0, |t| humps(5.0, 1.8, t) * vowel(t));
        assert_eq!(peaks(8_000, &samples, 1), peaks(8_000, &samples, 5_000));
    }
}
