//! A voice: speech-like sound that fills the true units of speech, and nothing else.
//!
//! A source–filter synthesiser after Klatt 1980, "Software for a cascade/parallel formant
//! synthesizer", JASA 67:971–995, cut down to what telephone speech needs. Voiced sounds are a
//! train of glottal pulses (Rosenberg 1971, JASA 49:583–590) through four resonators in cascade;
//! unvoiced ones are noise through one. Each letter of each word is a sound, so the syllables of
//! the sound are those of the words. It is no speech synthesis: nobody would understand it, but its
//! syllables, pitch and spectrum move as those of speech do.

use crate::call::Side;
use crate::simulate::SimulatedCall;
use crate::simulate::random::{Purpose, Random};
use std::f64::consts::{PI, TAU};

/// Samples per second.
pub(super) const RATE: u32 = 8_000;
/// Samples between two settings of the resonators: 1 ms.
const CONTROL: u64 = 8;
/// Samples over which a unit rises from silence and falls to it: 4 ms.
const RAMP: u64 = 32;
/// Share by which one pitch period differs from the next (jitter) and one pulse's strength from the
/// next (shimmer); ordinary voices stay about or below these.
const JITTER: f64 = 0.010;
const SHIMMER: f64 = 0.04;
/// Bandwidths of the resonators, Hz; about Klatt's.
const BANDWIDTHS: [f64; 4] = [70.0, 100.0, 150.0, 250.0];
/// The fourth resonator, Hz: fixed.
const FOURTH: f64 = 3_400.0;

/// What a letter sounds like.
#[derive(Clone, Copy, Debug)]
struct Sound {
    /// Share of the word's time.
    weight: f64,
    /// Formants, Hz, of a man's voice.
    formants: [f64; 3],
    /// Strength of the voice, and of the noise.
    voice: f64,
    noise: f64,
    /// Middle of the noise, Hz.
    centre: f64,
}

/// Returns the sound of a letter; `None` for the two signs. Formants are round figures in the range
/// that textbooks give for Russian.
fn sound(letter: char) -> Option<Sound> {
    let vowel = |f1, f2, f3| Sound {
        weight: 2.0,
        formants: [f1, f2, f3],
        voice: 1.0,
        noise: 0.0,
        centre: 2_500.0,
    };
    let consonant = |weight, f1, f2, voice, noise, centre| Sound {
        weight,
        formants: [f1, f2, 2_500.0],
        voice,
        noise,
        centre,
    };
    Some(match letter {
        'а' | 'я' => vowel(700.0, 1_250.0, 2_500.0),
        'о' | 'ё' => vowel(520.0, 900.0, 2_400.0),
        'у' | 'ю' => vowel(330.0, 750.0, 2_300.0),
        'и' => vowel(300.0, 2_200.0, 2_900.0),
        'е' | 'э' => vowel(480.0, 1_850.0, 2_550.0),
        'ы' => vowel(340.0, 1_500.0, 2_450.0),
        'ь' | 'ъ' => return None,
        'м' => consonant(1.0, 260.0, 1_100.0, 0.55, 0.0, 2_500.0),
        'н' => consonant(1.0, 260.0, 1_450.0, 0.55, 0.0, 2_500.0),
        'л' => consonant(1.0, 360.0, 1_000.0, 0.60, 0.0, 2_500.0),
        'р' => consonant(0.8, 450.0, 1_350.0, 0.55, 0.03, 2_000.0),
        'й' => consonant(0.7, 290.0, 2_150.0, 0.65, 0.0, 2_500.0),
        'в' => consonant(0.8, 300.0, 950.0, 0.45, 0.03, 2_000.0),
        'б' => consonant(0.7, 250.0, 900.0, 0.35, 0.02, 1_200.0),
        'д' => consonant(0.7, 250.0, 1_700.0, 0.35, 0.04, 2_800.0),
        'г' => consonant(0.7, 250.0, 1_900.0, 0.35, 0.04, 1_900.0),
        'з' => consonant(0.9, 280.0, 1_600.0, 0.40, 0.10, 3_200.0),
        'ж' => consonant(0.9, 280.0, 1_500.0, 0.40, 0.10, 2_300.0),
        'с' | 'ц' => consonant(1.0, 350.0, 1_600.0, 0.0, 0.25, 3_300.0),
        'ш' | 'щ' | 'ч' => consonant(1.0, 350.0, 1_700.0, 0.0, 0.28, 2_500.0),
        'ф' => consonant(0.9, 350.0, 1_200.0, 0.0, 0.14, 2_200.0),
        'х' => consonant(0.9, 400.0, 1_400.0, 0.0, 0.18, 1_500.0),
        'п' => consonant(0.7, 350.0, 1_000.0, 0.0, 0.12, 1_000.0),
        'т' => consonant(0.7, 350.0, 1_700.0, 0.0, 0.18, 3_000.0),
        'к' => consonant(0.7, 350.0, 1_900.0, 0.0, 0.18, 1_900.0),
        _ => vowel(500.0, 1_500.0, 2_500.0),
    })
}

/// A two-pole resonator with gain 1 at 0 Hz (Klatt 1980, eq. 1).
#[derive(Clone, Copy, Debug, Default)]
struct Resonator {
    a: f64,
    b: f64,
    c: f64,
    last: f64,
    before: f64,
}

impl Resonator {
    fn tune(&mut self, frequency: f64, bandwidth: f64) {
        let period = 1.0 / f64::from(RATE);
        let radius = (-PI * bandwidth * period).exp();
        self.c = -radius * radius;
        self.b = 2.0 * radius * (TAU * frequency.min(3_800.0) * period).cos();
        self.a = 1.0 - self.b - self.c;
    }

    fn next(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.last + self.c * self.before;
        (self.before, self.last) = (self.last, y);
        y
    }
}

/// The slope of the flow through the glottis at `phase` (0..1) of a period: it opens over 40 % and
/// closes over 16 % of it (Rosenberg 1971, pulse C). Its mean is zero.
fn glottal_slope(phase: f64) -> f64 {
    const OPENING: f64 = 0.40;
    const CLOSING: f64 = 0.16;
    if phase < OPENING {
        0.5 * PI / OPENING * (PI * phase / OPENING).sin()
    } else if phase < OPENING + CLOSING {
        -0.5 * PI / CLOSING * (PI * (phase - OPENING) / (2.0 * CLOSING)).sin()
    } else {
        0.0
    }
}

/// A stretch of samples.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: u64,
    end: u64,
}

impl Range {
    fn of(segment: crate::timeline::Segment) -> Range {
        // Whole milliseconds are whole samples at 8 kHz.
        let sample = |time: crate::timeline::Time| (time.nanos() / 125_000) as u64;
        Range {
            start: sample(segment.start()),
            end: sample(segment.end()),
        }
    }
}

/// One side's voice, sample after sample.
#[derive(Debug)]
pub(super) struct Voice<'a> {
    units: Vec<Range>,
    words: Vec<(Range, &'a str)>,
    /// The sounds of the current word, each with the sample after its last.
    sounds: Vec<(u64, Sound)>,
    unit: usize,
    word: usize,
    sound: usize,
    sample: u64,
    pitch: f64,
    /// Formants of this voice over those of a man.
    scale: f64,
    random: Random,
    phase: f64,
    period_factor: f64,
    pulse: f64,
    loudness: f64,
    current: Sound,
    cascade: [Resonator; 4],
    hiss: Resonator,
}

impl<'a> Voice<'a> {
    /// Makes the voice of a side with the given pitch in Hz.
    pub(super) fn new(call: &'a SimulatedCall, side: Side, pitch: f64) -> Voice<'a> {
        let purpose = match side {
            Side::Agent => Purpose::AgentVoice,
            Side::Customer => Purpose::CustomerVoice,
        };
        let units = call.speech.get(side).segments().iter().copied();
        let own = call.utterances.iter().filter(|u| u.side == side);
        let words = own.flat_map(|u| u.words.iter().flatten());
        let words = words.filter_map(|w| Some((Range::of(w.time?), &*w.text)));
        let mut cascade = [Resonator::default(); 4];
        cascade[3].tune(FOURTH, BANDWIDTHS[3]);
        Voice {
            units: units.map(Range::of).collect(),
            words: words.collect(),
            sounds: Vec::new(),
            unit: 0,
            word: 0,
            sound: 0,
            sample: 0,
            pitch,
            // A shorter throat goes with a higher voice: some 15 % from 118 to 205 Hz.
            scale: (pitch / 118.0).powf(0.25).clamp(0.9, 1.25),
            random: Random::new(call.seed, call.index, purpose),
            phase: 0.0,
            period_factor: 1.0,
            pulse: 1.0,
            loudness: 1.0,
            current: Sound {
                weight: 1.0,
                formants: [500.0, 1_500.0, 2_500.0],
                voice: 0.0,
                noise: 0.0,
                centre: 2_500.0,
            },
            cascade,
            hiss: Resonator::default(),
        }
    }

    /// Tells whether nothing is left to say.
    pub(super) fn is_done(&self) -> bool {
        self.unit == self.units.len()
    }

    /// Passes over silence: moves to the next unit's first sample if none is being said.
    pub(super) fn skip_silence(&mut self) {
        if let Some(unit) = self.units.get(self.unit) {
            self.sample = self.sample.max(unit.start);
        }
    }

    /// Returns the next sample, and whether it belongs to speech. Silence is exactly 0.
    pub(super) fn next(&mut self) -> (f64, bool) {
        let n = self.sample;
        self.sample += 1;
        let Some(&unit) = self.units.get(self.unit) else {
            return (0.0, false);
        };
        if n < unit.start {
            return (0.0, false);
        }
        if n + 1 == unit.end {
            self.unit += 1;
        }
        let target = self.target(n);
        if n == unit.start || (n - unit.start).is_multiple_of(CONTROL) {
            self.steer(target, n == unit.start);
        }
        // Sounds follow each other within some 8 ms; the unit itself starts and stops at once.
        let glide = |from: f64, to: f64| from + (to - from) / 64.0;
        if n == unit.start {
            (self.current.voice, self.current.noise) = (target.voice, target.noise);
            self.phase = 0.0;
        }
        self.current.voice = glide(self.current.voice, target.voice);
        self.current.noise = glide(self.current.noise, target.noise);
        let pulse = self.glottis(n, unit) * self.current.voice;
        let voiced = self.cascade.iter_mut().fold(pulse, |x, r| r.next(x));
        let noise = self.random.uniform() - 0.5;
        let unvoiced = self.hiss.next(noise) * self.current.noise * 8.0;
        let edge = (n - unit.start + 1).min(unit.end - n);
        let envelope = (edge as f64 / RAMP as f64).min(1.0);
        ((voiced + unvoiced) * envelope * self.loudness, true)
    }

    /// Returns the sound at sample `n`, which lies in a unit.
    fn target(&mut self, n: u64) -> Sound {
        while let Some(&(range, text)) = self.words.get(self.word)
            && (self.sounds.is_empty() || n >= range.end)
        {
            if n >= range.end {
                self.word += 1;
                self.sounds.clear();
                continue;
            }
            self.pronounce(range, text);
        }
        while self.sound + 1 < self.sounds.len() && n >= self.sounds[self.sound].0 {
            self.sound += 1;
        }
        self.sounds
            .get(self.sound)
            .map_or(self.current, |(_, sound)| *sound)
    }

    /// Lays the sounds of a word over its time.
    fn pronounce(&mut self, range: Range, text: &str) {
        let sounds: Vec<Sound> = text.chars().filter_map(sound).collect();
        let whole: f64 = sounds.iter().map(|s| s.weight).sum();
        let length = (range.end - range.start) as f64;
        let mut done = 0.0;
        self.sound = 0;
        self.loudness = self.random.between(0.8, 1.2);
        for sound in sounds {
            done += sound.weight;
            let end = range.start + (length * done / whole).round() as u64;
            self.sounds.push((end, sound));
        }
    }

    /// Moves the resonators towards a sound; at once at the start of a unit, else within some 15 ms.
    fn steer(&mut self, target: Sound, at_once: bool) {
        let share = if at_once { 1.0 } else { 0.12 };
        for (i, formant) in self.current.formants.iter_mut().enumerate() {
            *formant += share * (target.formants[i] - *formant);
            self.cascade[i].tune(*formant * self.scale, BANDWIDTHS[i]);
        }
        self.current.centre += share * (target.centre - self.current.centre);
        self.hiss.tune(self.current.centre, 700.0);
    }

    /// Returns the next sample of the pulse train. The pitch falls over a unit and rises and falls
    /// with some four accents in three seconds.
    fn glottis(&mut self, n: u64, unit: Range) -> f64 {
        let seconds = (n - unit.start) as f64 / f64::from(RATE);
        let through = (n - unit.start) as f64 / (unit.end - unit.start) as f64;
        let contour = 1.14 - 0.26 * through + 0.09 * (TAU * 1.3 * seconds).sin();
        let x = glottal_slope(self.phase) * self.pulse;
        self.phase += self.pitch * contour * self.period_factor / f64::from(RATE);
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            self.period_factor = 1.0 + JITTER * self.random.normal().clamp(-3.0, 3.0);
            self.pulse = 1.0 + SHIMMER * self.random.normal().clamp(-3.0, 3.0);
        }
        x
    }
}
