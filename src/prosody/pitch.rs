//! How high a side's voice is: its fundamental frequency, 70 to 400 Hz.
//!
//! Every 20 ms the sound below about 1 kHz is compared with itself up to 1/70 s later, by normalised
//! correlation. The telephone takes the fundamental away but leaves the period, so the period is what
//! is looked for: low sound has enough harmonics of any voice, little of a fricative, and needs few
//! samples.
//!
//! A voice repeats itself after two periods as well as after one. Three things keep such octaves out:
//!
//! 1. Of periods that fit equally well the shortest is taken ([`OCTAVE_COST`]).
//! 2. A pitch must hold: a frame counts only when the one before or after it has nearly the same
//!    ([`HOLDS_SEMITONES`]). Errors jump, voices glide.
//! 3. When the side's speech is known, what lies outside 0.75 of the first quartile to 1.5 of the third
//!    is left out: the bounds of D. Hirst and C. De Looze for the pitch of one speaker.

use super::contour::Spread;
use super::correlation::correlate;
use super::intensity::sum_over;
use super::track::{Counts, Track};
use crate::audio::faults::sum_of_products;
use crate::timeline::{Time, Timeline};

/// The sound repeats itself with a pitch when it correlates by so much with itself a period later.
///
/// Chosen with a prototype on 14 channels of recorded calls against Praat's pitch: with 0.5 one frame in
/// 80 within the bounds of the speaker is off by more than a fifth, with 0.6 and 0.7 one in 100; from 0.5
/// to 0.7 it finds 86, 84 and 79 % of Praat's voiced frames.
pub const PITCHED: f32 = 0.6;

/// A period twice as long must correlate better by so much to be taken.
///
/// On the same channels 0.02 to 0.05 are alike within their errors; with 0.1 half as many errors again
/// are above a fifth.
pub const OCTAVE_COST: f32 = 0.05;

/// A pitch holds when a neighbour 20 ms away differs by less than this many semitones.
///
/// On the same channels, at 0.7 in place of [`PITCHED`], this leaves 0.9 % of the frames off by more than a
/// fifth, where 1.6 % are without it.
pub const HOLDS_SEMITONES: f64 = 2.0;

/// The pitch of a side is that of at least so many frames, 1 s: fewer say nothing of a voice.
pub const LEAST_FRAMES: u64 = 50;

/// The lowest and the highest voice, in Hz.
const VOICE_HZ: (f64, f64) = (70.0, 400.0);
/// From frame to frame, in frames a second.
const FRAMES_HZ: f64 = 50.0;
/// What is compared with itself, in seconds.
const WINDOW_S: f64 = 0.025;
/// The sound is thinned out to this rate at least, in Hz.
const LOW_RATE: u32 = 4_000;
/// A frame with less than this mean square is silence: -70 dBFS, twenty and more below a faint voice.
const FLOOR: f32 = 1e-7;
/// Steps in a semitone: what is kept is off by 6 cents at most.
const STEPS_PER_SEMITONE: f64 = 8.0;
/// Bounds of one speaker's pitch, in parts of its first quartile and its third.
const SPEAKER: (f64, f64) = (0.75, 1.5);

/// Gathers the pitch of one channel.
#[derive(Clone, Debug)]
pub struct PitchMeter {
    /// Samples of which one sum is kept, and those that make no whole sum yet.
    thinning: usize,
    rest: Vec<f32>,
    /// Sums that may still be looked at, and where the next frame begins in them.
    sums: Vec<f32>,
    at: usize,
    hop: usize,
    finder: Finder,
    track: Track,
}

/// The pitch of one channel, frame by frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pitches {
    /// 0 where there is none, else 1 for [`VOICE_HZ`].0 and one more for each step.
    track: Track,
}

/// Finds the period of one frame.
#[derive(Clone, Debug)]
struct Finder {
    rate: f64,
    window: usize,
    shortest: usize,
    longest: usize,
    /// The least power of the window that is no silence.
    floor: f32,
    low: Vec<f32>,
    correlations: Vec<f32>,
}

impl PitchMeter {
    /// Makes a meter for a channel at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> PitchMeter {
        let thinning = (sample_rate / LOW_RATE).max(1);
        let rate = f64::from(sample_rate) / f64::from(thinning);
        let finder = Finder::new(rate, 2.0 * thinning as f32);
        let hop = (rate / FRAMES_HZ).round().max(1.0) as usize;
        // A value of the low sound stands where the first of its two sums ends.
        let middle = (finder.reach() / 2 + 1) as u64 * u64::from(thinning);
        PitchMeter {
            thinning: thinning as usize,
            rest: Vec::new(),
            sums: Vec::new(),
            at: 0,
            hop,
            finder,
            track: Track::new(sample_rate, middle, hop as u64 * u64::from(thinning)),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, mut samples: &[f32]) {
        if !self.rest.is_empty() {
            let missing = (self.thinning - self.rest.len()).min(samples.len());
            let (first, later) = samples.split_at(missing);
            self.rest.extend_from_slice(first);
            samples = later;
            if self.rest.len() < self.thinning {
                return;
            }
            add_up(&self.rest, self.thinning, &mut self.sums);
            self.rest.clear();
        }
        let rest = add_up(samples, self.thinning, &mut self.sums);
        self.rest.extend_from_slice(rest);

        let wanted = self.finder.reach() + 1;
        while let Some(frame) = self.sums.get(self.at..self.at + wanted) {
            let voice = |hertz: &f64| (VOICE_HZ.0..=VOICE_HZ.1).contains(hertz);
            let hertz = self.finder.pitch(frame).filter(voice);
            self.track.push(hertz.map_or(0, step_of));
            self.at += self.hop;
        }
        // Tidy up only when there is much to tidy.
        if self.at > 16 * wanted {
            let old = self.at.min(self.sums.len());
            self.sums.drain(..old);
            self.at -= old;
        }
    }

    /// Ends the channel and returns its pitch.
    pub fn finish(self) -> Pitches {
        Pitches { track: self.track }
    }
}

/// Adds up every `n` samples and returns those that are left.
fn add_up<'s>(samples: &'s [f32], n: usize, sums: &mut Vec<f32>) -> &'s [f32] {
    // At the rates of telephones the compiler knows how many, and adds up several at once.
    match n {
        2 => {
            let (pairs, rest) = samples.as_chunks::<2>();
            sums.extend(pairs.iter().map(|[a, b]| a + b));
            rest
        }
        4 => {
            let (fours, rest) = samples.as_chunks::<4>();
            sums.extend(fours.iter().map(|[a, b, c, d]| (a + b) + (c + d)));
            rest
        }
        _ => {
            let whole = samples.chunks_exact(n.max(1));
            let rest = whole.remainder();
            sums.extend(whole.map(|some| some.iter().sum::<f32>()));
            rest
        }
    }
}

impl Pitches {
    /// Returns the pitch of each frame inside `speech` in which it holds, in Hz.
    pub fn held(&self, speech: &Timeline) -> Vec<(Time, f64)> {
        let held = self.held_steps(speech);
        held.map(|(i, step)| (self.track.time(i), hertz_of(f64::from(step))))
            .collect()
    }

    /// Returns the pitch inside `speech`, in Hz, of the frames in which it holds and that lie within
    /// the bounds of one speaker. `None` with fewer than [`LEAST_FRAMES`].
    pub fn spread(&self, speech: &Timeline) -> Option<Spread> {
        let mut counts = Counts::none();
        self.held_steps(speech)
            .for_each(|(_, step)| counts.add(step));
        let steps = |ratio: f64| 12.0 * STEPS_PER_SEMITONE * ratio.log2();
        let lowest = counts.quantile(0.25)? + steps(SPEAKER.0);
        let highest = counts.quantile(0.75)? + steps(SPEAKER.1);
        let speaker = counts.between(lowest, highest);
        if speaker.total() < LEAST_FRAMES {
            return None;
        }
        Some(Spread::of(&speaker)?.map(hertz_of))
    }

    fn held_steps<'p>(&'p self, speech: &'p Timeline) -> impl Iterator<Item = (usize, u8)> + 'p {
        let near =
            |a: u8, b: u8| b > 0 && f64::from(a.abs_diff(b)) < HOLDS_SEMITONES * STEPS_PER_SEMITONE;
        self.track.inside(speech).flat_map(move |points| {
            let start = points.start;
            let steps = &self.track.bytes()[points];
            let held = steps.iter().enumerate().filter(move |&(i, &step)| {
                let before = i.checked_sub(1).and_then(|i| steps.get(i));
                let mut neighbours = before.into_iter().chain(steps.get(i + 1));
                step > 0 && neighbours.any(|&other| near(step, other))
            });
            held.map(move |(i, &step)| (start + i, step))
        })
    }
}

/// Returns the step that stands for a frequency of [`VOICE_HZ`].
fn step_of(hertz: f64) -> u8 {
    let semitones = 12.0 * (hertz / VOICE_HZ.0).log2();
    // 70 to 400 Hz are 30.2 semitones, so 1 to 242; a conversion stops at its bounds.
    ((STEPS_PER_SEMITONE * semitones).round() + 1.0) as u8
}

fn hertz_of(step: f64) -> f64 {
    VOICE_HZ.0 * ((step - 1.0) / STEPS_PER_SEMITONE / 12.0).exp2()
}

impl Finder {
    /// A finder for low sound at `rate` Hz, each value of which adds up `gain` samples.
    fn new(rate: f64, gain: f32) -> Finder {
        // One more on either side, to see whether the shortest and the longest period are maxima.
        let shortest = ((rate / VOICE_HZ.1).floor() as usize)
            .saturating_sub(1)
            .max(1);
        let longest = (rate / VOICE_HZ.0).ceil() as usize + 1;
        let window = (rate * WINDOW_S).round().max(1.0) as usize;
        Finder {
            rate,
            window,
            shortest,
            longest: longest.max(shortest),
            floor: FLOOR * window as f32 * gain * gain,
            low: Vec::new(),
            correlations: Vec::new(),
        }
    }

    /// Returns how many values of the low sound are looked at.
    fn reach(&self) -> usize {
        self.window + self.longest
    }

    /// Returns the pitch in Hz of one sum more than [`reach`](Self::reach), or `None` without one.
    fn pitch(&mut self, sums: &[f32]) -> Option<f64> {
        // The mean of twice as many samples as one is kept of: it falls to 0 at half the new rate. From
        // the first on, so that of a constant exactly nothing is left.
        let later = sums.get(1..)?;
        let first = sums.first()? + later.first()?;
        self.low.clear();
        let pairs = sums.iter().zip(later);
        self.low.extend(pairs.map(|(a, b)| (a + b) - first));
        let mean = sum_over(&self.low, |x| x) / self.low.len() as f32;
        self.low.iter_mut().for_each(|x| *x -= mean);

        let here = self.low.get(..self.window)?;
        // Written so that nothing that is no number passes.
        let sounds = sum_of_products(here, here) > self.floor;
        if !sounds {
            return None;
        }
        let lags = self.shortest..=self.longest;
        correlate(&self.low, self.window, lags, &mut self.correlations);
        best_period(&self.correlations, self.shortest).map(|period| self.rate / period)
    }
}

/// Returns the best period, in values, from the correlations at `shortest` values and so on up.
fn best_period(correlations: &[f32], shortest: usize) -> Option<f64> {
    let mut best: Option<(f32, f64)> = None;
    for (i, around) in correlations.windows(3).enumerate() {
        let &[before, here, after] = around else {
            continue;
        };
        if !(here >= PITCHED && here >= before && here > after) {
            continue;
        }
        // The top of the parabola through the three.
        let off = 0.5 * (before - after) / (before - 2.0 * here + after);
        let top = here - 0.25 * (before - after) * off;
        let period = (shortest + 1 + i) as f64 + f64::from(off);
        let worth = top - OCTAVE_COST * (period as f32).log2();
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, period));
        }
    }
    best.map(|(_, period)| period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;
    use proptest::prelude::*;

    /// A voice of `hertz`, its harmonics falling by 6 dB an octave, those from `lowest` to 3,400 Hz.
    fn voice(rate: u32, hertz: f64, lowest: f64, seconds: f64) -> Vec<f32> {
        let highest = 3_400f64.min(0.45 * f64::from(rate));
        let heard: Vec<f64> = (1..60)
            .map(f64::from)
            .filter(|k| (lowest..highest).contains(&(k * hertz)))
            .collect();
        let sample = |n: u32| {
            let phase = std::f64::consts::TAU * hertz * f64::from(n) / f64::from(rate);
            let sum: f64 = heard.iter().map(|k| (phase * k).sin() / k).sum();
            (0.1 * sum) as f32
        };
        (0..(f64::from(rate) * seconds) as u32)
            .map(sample)
            .collect()
    }

    fn noise() -> impl FnMut() -> f32 {
        let mut state = 5u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        }
    }

    fn pitches(rate: u32, samples: &[f32], block: usize) -> Pitches {
        let mut meter = PitchMeter::new(rate);
        samples.chunks(block).for_each(|b| meter.push(b));
        meter.finish()
    }

    fn spread(rate: u32, samples: &[f32]) -> Option<Spread> {
        pitches(rate, samples, 4_096).spread(&always())
    }

    fn always() -> Timeline {
        Timeline::from(Segment::from_seconds(0.0, 1_000.0).unwrap())
    }

    #[test]
    fn a_known_pitch_is_found_with_its_fundamental_and_without() {
        for rate in [8_000, 11_025, 16_000, 44_100, 48_000] {
            for hertz in [75.0, 98.0, 120.0, 155.0, 210.0, 290.0, 380.0] {
                for lowest in [0.0, 300.0] {
                    let found = spread(rate, &voice(rate, hertz, lowest, 2.0)).unwrap();
                    for found in [found.low, found.median, found.high] {
                        let cents = 1_200.0 * (found / hertz).log2();
                        let what = format!("{hertz} Hz at {rate}, from {lowest} on: {found}");
                        // A step is 12.5 cents, and the parabola is off by a few at high pitches.
                        assert!(cents.abs() < 15.0, "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_gliding_pitch_has_its_range() {
        // An octave up in 4 s, evenly in semitones: from 0.1 to 0.9 of it are 9.6 semitones, and in the
        // middle it is at 110 · 2^0.5 = 155.6 Hz.
        let mut phase = 0.0f64;
        let samples: Vec<f32> = (0..32_000)
            .map(|n| {
                phase += 110.0 * (f64::from(n) / 32_000.0).exp2() / 8_000.0;
                let harmonic = |k: f64| (std::f64::consts::TAU * phase * k).sin() / k;
                (3..9).map(f64::from).map(harmonic).sum::<f64>() as f32 * 0.1
            })
            .collect();
        let found = spread(8_000, &samples).unwrap();
        assert!((found.median - 155.6).abs() < 2.0, "{found:?}");
        let range = 12.0 * (found.high / found.low).log2();
        assert!((range - 9.6).abs() < 0.3, "{range}");
    }

    #[test]
    fn what_is_no_voice_has_no_pitch() {
        let mut hiss = noise();
        let noise: Vec<f32> = (0..80_000).map(|_| 0.1 * hiss()).collect();
        let found = pitches(8_000, &noise, 4_096);
        // 500 frames: one in ten may correlate by chance, but seldom twice at the same period.
        let held = found.held(&always()).len();
        assert!(held < 25, "{held}");
        for samples in [
            vec![],
            vec![0.0; 80_000],
            vec![0.3; 80_000],
            vec![f32::NAN; 80_000],
        ] {
            assert_eq!(spread(8_000, &samples), None);
        }
        assert_eq!(spread(8_000, &vec![f32::INFINITY; 80_000]), None);
        assert_eq!(spread(1, &[0.5; 100]), None);
        // -80 dBFS is silence.
        let mut faint = voice(8_000, 120.0, 0.0, 2.0);
        faint.iter_mut().for_each(|x| *x *= 1e-3);
        assert_eq!(spread(8_000, &faint), None);
    }

    #[test]
    fn a_voice_must_be_heard_for_a_second_and_in_speech() {
        let found = pitches(8_000, &voice(8_000, 120.0, 0.0, 3.0), 4_096);
        let stretch = |end| Timeline::from(Segment::from_seconds(1.0, end).unwrap());
        assert_eq!(found.spread(&stretch(1.9)), None);
        assert!(found.spread(&stretch(2.1)).is_some());
        assert_eq!(found.spread(&Timeline::new()), None);
    }

    #[test]
    fn frames_an_octave_off_are_left_out() {
        // Of a voice of 120 Hz a fifth of the frames is held at 240: above 1.5 times 120.
        let mut found = pitches(8_000, &[], 1);
        for i in 0..500 {
            let hertz = if i % 50 < 10 { 240.0 } else { 120.0 };
            found.track.push(step_of(hertz));
        }
        let spread = found.spread(&always()).unwrap();
        for found in [spread.low, spread.high] {
            assert!((1_200.0 * (found / 120.0).log2()).abs() < 6.3, "{found}");
        }
        assert_eq!(found.held(&always()).len(), 500);
    }

    #[test]
    fn steps_are_an_eighth_of_a_semitone() {
        assert_eq!((step_of(70.0), step_of(400.0)), (1, 242));
        // An octave is 96 steps.
        assert_eq!(step_of(140.0), 97);
        assert_eq!(hertz_of(97.0), 140.0);
    }

    #[test]
    fn memory_does_not_grow() {
        let mut meter = PitchMeter::new(8_000);
        let block = voice(8_000, 120.0, 0.0, 0.1);
        (0..2_000).for_each(|_| meter.push(&block));
        assert!(meter.sums.len() < 8_000, "{}", meter.sums.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn blocks_of_any_size_give_the_same(
            rate in prop::sample::select(vec![8_000u32, 11_025, 16_000, 48_000]),
            sizes in prop::collection::vec(1usize..3_000, 1..20),
        ) {
            let mut hiss = noise();
            let mut samples = voice(rate, 130.0, 300.0, 1.0);
            samples.iter_mut().for_each(|x| *x += 0.03 * hiss());
            let whole = pitches(rate, &samples, samples.len());
            let mut meter = PitchMeter::new(rate);
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
}
