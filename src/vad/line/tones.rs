//! Tones: one frequency or two that stay.
//!
//! A frame is *tonal* when one or two lobes of the window's width hold nearly all its power. Of such
//! frames only the *centre* is followed, the mean frequency weighted by power: of 440 and 480 Hz, which
//! 25 ms do not tell apart, it stays at 460 while either of them comes and goes in the beat. A *run* is a
//! row of tonal frames of one centre. Keys are looked for apart: their two frequencies are known, and
//! they are short.
//!
//! Measured (8 kHz, µ-law; standard deviation of the centre over a run): single tones 0.1 Hz clean and
//! 0.6 to 0.9 Hz at an SNR of 15 dB, at −20 and −45 dBFS alike; pairs 0.1 to 0.4 and 1.7 to 2.7 Hz;
//! through GSM, G.723.1, Speex and Opus at 12 kbit/s single ones 0.2 to 2.2 Hz, pairs 1.2 to 5.6 Hz.
//! Runs of voices last 80 to 200 ms and deviate by 2.5 to 9 Hz; longer ones are below 340 Hz.

use super::super::front::{BIN_HZ, BINS, Bands, Frame};
use super::Range;

/// Power that counts, in bins: 125 to 3,875 Hz. Hum of the mains below does not.
const COUNTED: std::ops::Range<usize> = 4..124;
/// Where tones are looked for: 156 to 3,625 Hz.
const LOWEST: usize = 5;
const HIGHEST: usize = 116;
/// Power below which nothing is a tone: −60 dBFS.
const AUDIBLE: f32 = 1e-6;
/// Bins on either side of a peak that hold its lobe: that of 200 samples under a Hann window ends 80 Hz,
/// 2.56 bins, from its middle.
const LOBE: usize = 2;
/// A first look at the bands: two lobes, each in up to three bands, leave all others this far below the
/// loudest. Noise and most of speech are past it.
const NEAR_LOUDEST_DB: f32 = 12.0;
const BANDS_OF_LOBES: usize = 6;
/// Share of the power that the loudest bin has of any tonal frame: half of one lobe's at least 0.43.
const LOUDEST_SHARE: f32 = 0.12;
/// Share that the louder lobe has at least.
const LOBE_SHARE: f32 = 0.3;
/// Share below which the second lobe is none: 12 dB below the whole.
const SECOND_SHARE: f32 = 0.06;
/// Share of both lobes: white noise 15 dB below a tone leaves 0.97.
const TONAL_SHARE: f32 = 0.85;

/// How far the centre of a frame may lie from that of its run, in Hz.
const NEAR_HZ: f32 = 12.0;
/// A run outlives this many frames that do not fit: the nulls of a tone that swells 16 times a second.
const GAP: u32 = 2;
/// The centre of a run follows its last frames.
const FOLLOWED: u32 = 20;
/// Frames of a run: below 800 Hz, where voices hold harmonics, 180 ms (the shortest congestion tones
/// last 0.2 s), above 100 ms.
const FRAMES_LOW: u32 = 18;
const FRAMES_HIGH: u32 = 10;
const HIGH_HZ: f32 = 800.0;
/// No tone of a network lies lower: dial tones of 350 and 440 Hz have their centre at 395.
const LOWEST_HZ: f32 = 340.0;
/// Standard deviations of the centre, in Hz; of a run of 0.3 s that looks like one tone but may be two
/// that beat (400 + 450, 440 + 480 Hz) as well.
const SINGLE_HZ: f32 = 2.4;
const BEATING_HZ: f32 = 3.2;
const BEATING_FRAMES: u32 = 30;
const PAIR_HZ: f32 = 4.0;
/// Pairs of networks: 350 + 440 (US dial), 350 + 450 (UK), 400 + 450, 440 + 480, 480 + 620 Hz (E.180
/// suppl. 2), 5 % wider.
const PAIR_LOW: std::ops::Range<f32> = 330.0..510.0;
const PAIR_HIGH: std::ops::Range<f32> = 380.0..655.0;

/// Rows and columns of the keys, Hz (ITU-T Q.23).
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];
/// How far a key may be off: Q.24 has ±1.5 % accepted and ±3.5 % refused; half way.
const KEY_OFF: f32 = 0.025;
/// The ratio of its two powers, either way: 9 dB (Q.24: 4 to 10 dB).
const KEY_TWIST: f32 = 8.0;
/// Share of both lobes in a frame that is all key …
const KEY_SHARE: f32 = 0.9;
/// … and in one that is partly.
const KEY_PART_SHARE: f32 = 0.6;
/// A key has two frames of the first kind …
const KEY_FRAMES: u32 = 2;
/// … and four in all: 40 ms (Q.24).
const KEY_LENGTH: u32 = 4;

/// A frame of one or two lobes.
#[derive(Clone, Copy, Debug)]
struct Tonal {
    /// Share of the power in the lobes.
    share: f32,
    /// Mean frequency, Hz.
    centre: f32,
    /// Frequencies and powers of the louder lobe and the other, if there is one.
    first: (f32, f32),
    second: Option<(f32, f32)>,
}

/// Returns the mean frequency in bins and the power of the lobe around `peak`, without the bins near
/// `but`.
fn lobe(power: &[f32; BINS], peak: usize, but: Option<usize>) -> (f32, f32) {
    let (mut sum, mut moment) = (0.0, 0.0);
    for (bin, p) in power
        .iter()
        .enumerate()
        .skip(peak - LOBE)
        .take(2 * LOBE + 1)
    {
        if but.is_some_and(|but| bin.abs_diff(but) <= LOBE) {
            continue;
        }
        sum += p;
        moment += p * bin as f32;
    }
    (moment / sum.max(f32::MIN_POSITIVE), sum)
}

/// Returns the sum and the greatest of the counted powers.
fn sum_and_max(power: &[f32; BINS]) -> (f32, f32) {
    // Eight of each side by side: the compiler makes vectors of them.
    let (mut sums, mut greatest) = ([0.0f32; 8], [0.0f32; 8]);
    for chunk in power[COUNTED].chunks_exact(8) {
        for ((sum, max), p) in sums.iter_mut().zip(&mut greatest).zip(chunk) {
            *sum += p;
            *max = if *p > *max { *p } else { *max };
        }
    }
    (
        sums.iter().sum(),
        greatest.iter().copied().fold(0.0, f32::max),
    )
}

/// Whether few bands are about as loud as the loudest.
fn is_narrow(bands: &Bands) -> bool {
    let loudest = bands.iter().copied().fold(f32::MIN, f32::max);
    let near = bands
        .iter()
        .filter(|band| **band > loudest - NEAR_LOUDEST_DB);
    near.count() <= BANDS_OF_LOBES
}

/// Returns where tones are looked for the bin of this power.
fn bin_of(power: &[f32; BINS], p: f32) -> Option<usize> {
    let place = power[LOWEST..HIGHEST].iter().position(|q| *q == p)?;
    Some(LOWEST + place)
}

fn tonal(power: &[f32; BINS]) -> Option<Tonal> {
    let (total, max) = sum_and_max(power);
    if !(total > AUDIBLE && max > LOUDEST_SHARE * total) {
        return None;
    }
    let peak = bin_of(power, max)?;
    let (at, first) = lobe(power, peak, None);
    if first < LOBE_SHARE * total {
        return None;
    }
    let hz = |bins: f32| bins * BIN_HZ;
    let alone = Tonal {
        share: first / total,
        centre: hz(at),
        first: (hz(at), first),
        second: None,
    };
    if first > (1.0 - SECOND_SHARE) * total {
        return Some(alone);
    }
    let mut rest = *power;
    rest[peak - LOBE..=peak + LOBE].fill(0.0);
    let (_, max) = sum_and_max(&rest);
    let Some(other) = bin_of(&rest, max) else {
        return Some(alone);
    };
    let (other_at, second) = lobe(power, other, Some(peak));
    let share = (first + second) / total;
    Some(match second > SECOND_SHARE * total {
        true => Tonal {
            share,
            centre: hz((at * first + other_at * second) / (first + second)),
            first: (hz(at), first),
            second: Some((hz(other_at), second)),
        },
        false => Tonal { share, ..alone },
    })
}

/// Returns the key whose two frequencies a frame has.
fn key(tonal: &Tonal) -> Option<char> {
    let (a, b) = (tonal.first, tonal.second?);
    let (low, high) = if a.0 < b.0 { (a, b) } else { (b, a) };
    let twist = a.1 / b.1;
    if !(1.0 / KEY_TWIST..=KEY_TWIST).contains(&twist) {
        return None;
    }
    let near = |at: f32, of: &[f32; 4]| of.iter().position(|f| (at - f).abs() <= KEY_OFF * f);
    Some(KEYS[near(low.0, &ROWS)?][near(high.0, &COLUMNS)?])
}

/// A row of frames that have one key.
#[derive(Clone, Copy, Debug)]
struct KeyRun {
    key: char,
    start: u32,
    last: u32,
    /// Frames that are all key, in a row; the most so far.
    whole: u32,
    most: u32,
}

/// A row of tonal frames of one centre.
#[derive(Clone, Copy, Debug)]
struct Growing {
    start: u32,
    last: u32,
    frames: u32,
    /// Centre of the last frames.
    centre: f32,
    /// Mean of the centres of all, and sum of their squared distances from it (Welford 1962).
    mean: f32,
    squares: f32,
    /// Frames of two lobes, and the sums of their frequencies.
    pairs: u32,
    low: f32,
    high: f32,
}

impl Growing {
    fn new(at: u32) -> Growing {
        Growing {
            start: at,
            last: at,
            frames: 0,
            centre: 0.0,
            mean: 0.0,
            squares: 0.0,
            pairs: 0,
            low: 0.0,
            high: 0.0,
        }
    }

    fn fits(&self, tonal: &Tonal) -> bool {
        self.frames == 0 || (tonal.centre - self.centre).abs() <= NEAR_HZ
    }

    fn add(&mut self, tonal: &Tonal, at: u32) {
        self.last = at;
        self.frames += 1;
        self.centre += (tonal.centre - self.centre) / self.frames.min(FOLLOWED) as f32;
        let off = tonal.centre - self.mean;
        self.mean += off / self.frames as f32;
        self.squares += off * (tonal.centre - self.mean);
        if let Some((second, _)) = tonal.second {
            self.pairs += 1;
            self.low += second.min(tonal.first.0);
            self.high += second.max(tonal.first.0);
        }
    }

    /// Returns the run, if it is that of a machine.
    fn end(&self) -> Option<Run> {
        let low = self.mean < HIGH_HZ;
        if self.mean < LOWEST_HZ || self.frames < if low { FRAMES_LOW } else { FRAMES_HIGH } {
            return None;
        }
        let deviation = (self.squares / self.frames as f32).sqrt();
        let pair = 2 * self.pairs > self.frames;
        let steady = if pair {
            let mean = |sum: f32| sum / self.pairs as f32;
            PAIR_LOW.contains(&mean(self.low))
                && PAIR_HIGH.contains(&mean(self.high))
                && deviation <= PAIR_HZ
        } else {
            deviation <= SINGLE_HZ
                || low && self.frames >= BEATING_FRAMES && deviation <= BEATING_HZ
        };
        steady.then_some(Run {
            range: Range {
                start: self.start,
                end: self.last + 1,
            },
            hz: self.mean,
            single: 4 * self.pairs < self.frames,
        })
    }
}

/// A tone, from its start to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) range: Range,
    /// Its frequency, or the mean of both.
    pub(super) hz: f32,
    /// Whether it is one tone, as far as 25 ms tell.
    pub(super) single: bool,
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) range: Range,
    pub(super) key: char,
}

/// Finds keys and runs.
#[derive(Clone, Debug, Default)]
pub(super) struct ToneMeter {
    key: Option<KeyRun>,
    growing: Option<Growing>,
    /// What begins where the growing run seems to have ended.
    next: Option<Growing>,
    keys: Vec<Key>,
    runs: Vec<Run>,
}

impl ToneMeter {
    /// Takes frame `at`.
    pub(super) fn push(&mut self, frame: &Frame<'_>, at: u32) {
        let tonal = match frame.sounds() && is_narrow(&frame.bands) {
            true => tonal(frame.power),
            false => None,
        };
        self.follow_key(tonal.as_ref(), at);
        self.follow_run(tonal.filter(|tonal| tonal.share >= TONAL_SHARE), at);
    }

    fn follow_key(&mut self, tonal: Option<&Tonal>, at: u32) {
        let heard = tonal.filter(|tonal| tonal.share >= KEY_PART_SHARE);
        let heard = heard.and_then(|tonal| Some((key(tonal)?, tonal.share >= KEY_SHARE)));
        let goes_on = |run: &KeyRun| heard.is_some_and(|(key, _)| key == run.key);
        if let Some(run) = self.key.filter(|run| !goes_on(run)) {
            // One frame in between may be spoilt.
            if heard.is_none() && at - run.last <= 1 {
                return;
            }
            self.end_key();
        }
        let Some((key, whole)) = heard else {
            return;
        };
        let run = self.key.get_or_insert(KeyRun {
            key,
            start: at,
            last: at,
            whole: 0,
            most: 0,
        });
        run.whole = if whole { run.whole + 1 } else { 0 };
        run.most = run.most.max(run.whole);
        run.last = at;
    }

    fn end_key(&mut self) {
        let Some(run) = self.key.take() else {
            return;
        };
        let range = Range {
            start: run.start,
            end: run.last + 1,
        };
        if run.most >= KEY_FRAMES && range.length() >= KEY_LENGTH {
            let key = run.key;
            self.keys.push(Key { range, key });
        }
    }

    fn follow_run(&mut self, tonal: Option<Tonal>, at: u32) {
        if let Some(tonal) = tonal {
            match &mut self.growing {
                Some(run) if run.fits(&tonal) => {
                    run.add(&tonal, at);
                    self.next = None;
                }
                Some(_) => {
                    let fits = |run: &Growing| run.fits(&tonal);
                    let mut next = self.next.filter(fits).unwrap_or(Growing::new(at));
                    next.add(&tonal, at);
                    self.next = Some(next);
                }
                None => {
                    let mut run = Growing::new(at);
                    run.add(&tonal, at);
                    self.growing = Some(run);
                }
            }
        }
        if self.growing.is_some_and(|run| at - run.last > GAP) {
            self.end_run();
        }
    }

    fn end_run(&mut self) {
        self.runs.extend(self.growing.and_then(|run| run.end()));
        self.growing = self.next.take();
    }

    /// Ends the channel of `frames` frames and returns keys and runs, each in order.
    pub(super) fn finish(mut self, frames: u32) -> (Vec<Key>, Vec<Run>) {
        self.end_key();
        // The growing one and what follows it.
        self.end_run();
        self.end_run();
        for range in (self.keys.iter_mut().map(|key| &mut key.range))
            .chain(self.runs.iter_mut().map(|run| &mut run.range))
        {
            range.end = range.end.min(frames);
        }
        (self.keys, self.runs)
    }
}
