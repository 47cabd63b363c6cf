//! Sounds of a telephone line that are not speech.
//!
//! A detector of speech should be silent on them, a detector of tones should name them. The tones
//! follow the facts of ITU-T Q.23 (DTMF), E.180 and its supplement 2 (tones of national networks,
//! the special information tone) and T.30 (fax). The music is no recording: it is made note by note.
//!
//! ```
//! use callcsi::simulate::sounds::{Sound, render};
//!
//! let ringback: Sound = "ringback-us".parse()?;
//! let samples = render(ringback, 6.0, 8_000, -20.0, 1);
//! assert_eq!(samples.len(), 48_000);
//! // Two seconds on, four off.
//! assert!(samples[16_000..].iter().all(|x| *x == 0.0));
//! # Ok::<(), callcsi::Error>(())
//! ```

use super::random::{Purpose, Random};
use crate::error::{Error, ErrorKind, Result};
use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

/// A sound of the line. Its name, as [`FromStr`] reads and [`Display`](fmt::Display) writes it,
/// stands behind each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sound {
    /// A key that is held down: `dtmf-0` to `dtmf-9`, `dtmf-a` to `dtmf-d`, `dtmf-star`,
    /// `dtmf-hash`.
    Dtmf(DtmfKey),
    /// Keys drawn at random, 0.1 s on and 0.1 s off: `dtmf`.
    Dialling,
    /// The other's telephone rings: `ringback-us`, ….
    Ringback(Country),
    /// The other is engaged: `busy-us`, ….
    Busy(Country),
    /// The exchange waits for a number: `dial-us`, ….
    Dial(Country),
    /// A fax calls: 1,100 Hz, 0.5 s on and 3 s off: `fax-cng`.
    FaxCalling,
    /// A fax answers: 2,100 Hz, which it holds for some 3 s: `fax-ced`.
    FaxAnswer,
    /// The special information tone: 950, 1,400 and 1,800 Hz for 0.33 s each, 1 s off: `sit`.
    SpecialInformation,
    /// The call is recorded: 1,400 Hz for 0.5 s, every 15 s: `beep`.
    RecordingBeep,
    /// Hold music of slow chords: `music-pads`.
    MusicPads,
    /// Hold music of a plucked melody: `music-plucked`.
    MusicPlucked,
    /// Hold music of drums and bass: `music-beat`.
    MusicBeat,
    /// Noise of equal power in each hertz: `noise-white`.
    WhiteNoise,
    /// Noise of equal power in each octave: `noise-pink`.
    PinkNoise,
    /// Somebody types: `keyboard`.
    Keyboard,
}

/// Whose network sounds the tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Country {
    /// The United States and Canada: `us`.
    UnitedStates,
    /// What most of Europe does, Germany among it: `eu`.
    Europe,
    /// Russia: `ru`.
    Russia,
    /// The United Kingdom: `uk`.
    UnitedKingdom,
    /// France: `fr`.
    France,
    /// Japan: `jp`.
    Japan,
}

impl Country {
    /// All of them.
    pub const ALL: [Country; 6] = [
        Country::UnitedStates,
        Country::Europe,
        Country::Russia,
        Country::UnitedKingdom,
        Country::France,
        Country::Japan,
    ];

    fn name(self) -> &'static str {
        match self {
            Country::UnitedStates => "us",
            Country::Europe => "eu",
            Country::Russia => "ru",
            Country::UnitedKingdom => "uk",
            Country::France => "fr",
            Country::Japan => "jp",
        }
    }
}

/// One of the sixteen keys of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DtmfKey(u8);

/// The keys, row by row.
const KEYS: [char; 16] = [
    '1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D',
];

impl DtmfKey {
    /// All of them, row by row.
    pub fn all() -> impl Iterator<Item = DtmfKey> {
        (0..16).map(DtmfKey)
    }

    /// Returns the key of this character, one of `0123456789ABCD*#`.
    pub fn new(key: char) -> Option<DtmfKey> {
        let place = KEYS.iter().position(|k| *k == key.to_ascii_uppercase());
        place.map(|place| DtmfKey(place as u8))
    }

    /// Returns the character on the key.
    pub fn character(self) -> char {
        KEYS[usize::from(self.0 % 16)]
    }

    /// Returns its two frequencies, that of the row and that of the column, in Hz.
    pub fn hertz(self) -> (f64, f64) {
        const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
        const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
        let place = usize::from(self.0 % 16);
        (ROWS[place / 4], COLUMNS[place % 4])
    }
}

impl Sound {
    /// Returns every sound that there is.
    pub fn all() -> Vec<Sound> {
        use Sound::*;
        let mut all: Vec<Sound> = DtmfKey::all().map(Dtmf).collect();
        all.push(Dialling);
        for of in [Ringback, Busy, Dial] {
            all.extend(Country::ALL.map(of));
        }
        all.extend([
            FaxCalling,
            FaxAnswer,
            SpecialInformation,
            RecordingBeep,
            MusicPads,
            MusicPlucked,
            MusicBeat,
            WhiteNoise,
            PinkNoise,
            Keyboard,
        ]);
        all
    }

    /// Returns the steps of a tone, over and over; `None` of what is no tone.
    fn tones(self) -> Option<Vec<Step>> {
        use Country::*;
        use Sound::*;
        let step = |hertz: &[f64], seconds: f64| Step {
            hertz: hertz.to_vec(),
            beat_hz: 0.0,
            seconds,
        };
        let off = |seconds| step(&[], seconds);
        let on_off = |hertz: &[f64], on: f64, silent: f64| Some(vec![step(hertz, on), off(silent)]);
        match self {
            Dtmf(key) => Some(vec![step(&[key.hertz().0, key.hertz().1], 1.0)]),
            Ringback(UnitedStates) => on_off(&[440.0, 480.0], 2.0, 4.0),
            Ringback(Europe) => on_off(&[425.0], 1.0, 4.0),
            Ringback(Russia) => on_off(&[425.0], 0.8, 3.2),
            Ringback(UnitedKingdom) => {
                let ring = || step(&[400.0, 450.0], 0.4);
                Some(vec![ring(), off(0.2), ring(), off(2.0)])
            }
            Ringback(France) => on_off(&[440.0], 1.5, 3.5),
            Ringback(Japan) => {
                let mut ring = step(&[400.0], 1.0);
                // 15 to 20 Hz are allowed.
                ring.beat_hz = 16.0;
                Some(vec![ring, off(2.0)])
            }
            Busy(UnitedStates) => on_off(&[480.0, 620.0], 0.5, 0.5),
            Busy(Europe) => on_off(&[425.0], 0.5, 0.5),
            Busy(Russia) => on_off(&[425.0], 0.4, 0.4),
            Busy(UnitedKingdom) => on_off(&[400.0], 0.375, 0.375),
            Busy(France) => on_off(&[440.0], 0.5, 0.5),
            Busy(Japan) => on_off(&[400.0], 0.5, 0.5),
            Dial(UnitedStates | UnitedKingdom) => Some(vec![step(&[350.0, 440.0], 1.0)]),
            Dial(Europe | Russia) => Some(vec![step(&[425.0], 1.0)]),
            Dial(France) => Some(vec![step(&[440.0], 1.0)]),
            Dial(Japan) => Some(vec![step(&[400.0], 1.0)]),
            FaxCalling => on_off(&[1_100.0], 0.5, 3.0),
            FaxAnswer => Some(vec![step(&[2_100.0], 1.0)]),
            SpecialInformation => Some(vec![
                step(&[950.0], 0.33),
                step(&[1_400.0], 0.33),
                step(&[1_800.0], 0.33),
                off(1.0),
            ]),
            RecordingBeep => on_off(&[1_400.0], 0.5, 14.5),
            Dialling | MusicPads | MusicPlucked | MusicBeat | WhiteNoise | PinkNoise | Keyboard => {
                None
            }
        }
    }
}

impl fmt::Display for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Sound::Dtmf(key) => {
                return match key.character() {
                    '*' => f.write_str("dtmf-star"),
                    '#' => f.write_str("dtmf-hash"),
                    key => write!(f, "dtmf-{}", key.to_ascii_lowercase()),
                };
            }
            Sound::Ringback(country) => return write!(f, "ringback-{}", country.name()),
            Sound::Busy(country) => return write!(f, "busy-{}", country.name()),
            Sound::Dial(country) => return write!(f, "dial-{}", country.name()),
            Sound::Dialling => "dtmf",
            Sound::FaxCalling => "fax-cng",
            Sound::FaxAnswer => "fax-ced",
            Sound::SpecialInformation => "sit",
            Sound::RecordingBeep => "beep",
            Sound::MusicPads => "music-pads",
            Sound::MusicPlucked => "music-plucked",
            Sound::MusicBeat => "music-beat",
            Sound::WhiteNoise => "noise-white",
            Sound::PinkNoise => "noise-pink",
            Sound::Keyboard => "keyboard",
        };
        f.write_str(name)
    }
}

impl FromStr for Sound {
    type Err = Error;

    fn from_str(name: &str) -> Result<Sound> {
        let all = Sound::all();
        let found = all.iter().find(|sound| sound.to_string() == name);
        found.copied().ok_or_else(|| {
            let wanted = "dtmf, dtmf-5, ringback-us, busy-ru, dial-fr, fax-cng, music-pads, …";
            Error::new(ErrorKind::Invalid, "line sound", name, wanted)
        })
    }
}

/// The longest sound that is made, in seconds: a day.
const LONGEST_S: f64 = 86_400.0;

/// Returns `seconds` of a sound, a day at most, at `rate` samples per second.
///
/// Its root mean square, over the hundredths of a second that are not silent, is `level_dbfs`. What
/// is random in it follows from `seed`. Loud clicks of a high level may lie outside −1..1.
pub fn render(sound: Sound, seconds: f64, rate: u32, level_dbfs: f64, seed: u64) -> Vec<f32> {
    let hz = f64::from(rate);
    // A cast saturates: what is negative or no number gives nothing.
    let seconds = seconds.clamp(0.0, LONGEST_S);
    let count = (seconds * hz).round() as usize;
    let mut random = Random::new(seed, 0, Purpose::Sound);
    let shape = match (sound.tones(), sound) {
        (Some(steps), _) => tones(&steps, count, hz),
        (None, Sound::MusicPads) => pads(count, hz),
        (None, Sound::MusicPlucked) => plucked(count, hz, &mut random),
        (None, Sound::MusicBeat) => beat(count, hz, &mut random),
        (None, Sound::PinkNoise) => pink(count, &mut random),
        (None, Sound::Keyboard) => keyboard(count, hz, &mut random),
        (None, Sound::Dialling) => {
            let keys: Vec<DtmfKey> = DtmfKey::all().collect();
            let presses = (seconds / 0.2) as usize + 1;
            let steps: Vec<Step> = (0..presses)
                .flat_map(|_| {
                    let (row, column) = random.pick(&keys).hertz();
                    [vec![row, column], vec![]].map(|hertz| Step {
                        hertz,
                        beat_hz: 0.0,
                        seconds: 0.1,
                    })
                })
                .collect();
            tones(&steps, count, hz)
        }
        _ => (0..count).map(|_| random.between(-1.0, 1.0)).collect(),
    };
    levelled(&shape, hz, level_dbfs)
}

/// Brings a sound to a level over its hundredths of a second that are not silent.
fn levelled(shape: &[f64], hz: f64, level_dbfs: f64) -> Vec<f32> {
    let block = ((hz / 100.0) as usize).max(1);
    let (mut energy, mut samples) = (0.0, 0usize);
    for block in shape.chunks(block) {
        if block.iter().any(|x| *x != 0.0) {
            energy += block.iter().map(|x| x * x).sum::<f64>();
            samples += block.len();
        }
    }
    let own = (energy / samples.max(1) as f64).sqrt().max(1e-12);
    let gain = 10f64.powf(level_dbfs / 20.0) / own;
    shape.iter().map(|x| (x * gain) as f32).collect()
}

/// A part of a tone's cadence.
struct Step {
    /// Frequencies that sound together, equally loud; none is silence.
    hertz: Vec<f64>,
    /// How often a second the tone swells; 0 when it does not.
    beat_hz: f64,
    seconds: f64,
}

fn tones(steps: &[Step], count: usize, hz: f64) -> Vec<f64> {
    let mut out = Vec::with_capacity(count);
    let mut ends = 0.0;
    for step in steps.iter().cycle() {
        let from = out.len();
        ends += step.seconds * hz;
        // Rounded from the start, so that cadences do not drift.
        let to = (ends.round() as usize).min(count);
        for n in from..to {
            let seconds = (n - from) as f64 / hz;
            let tone: f64 = step.hertz.iter().map(|f| (TAU * f * seconds).sin()).sum();
            let swell = match step.beat_hz {
                0.0 => 1.0,
                beat => 0.5 - 0.5 * (TAU * beat * seconds).cos(),
            };
            out.push(tone * swell);
        }
        // A rate of 0 would stand still.
        if out.len() >= count || ends <= 0.0 {
            break;
        }
    }
    out
}

/// Frequency of a note, in semitones from the A of 440 Hz.
fn note(semitones: f64) -> f64 {
    440.0 * 2f64.powf(semitones / 12.0)
}

/// Four chords of 2.4 s that swell and fade, over and over; each note is three voices a little out
/// of tune, with overtones.
fn pads(count: usize, hz: f64) -> Vec<f64> {
    const CHORD_S: f64 = 2.4;
    /// A minor, F, C, G, in semitones from A 440.
    const CHORDS: [[f64; 4]; 4] = [
        [-24.0, -12.0, -9.0, -5.0],
        [-28.0, -16.0, -12.0, -9.0],
        [-21.0, -9.0, -5.0, -2.0],
        [-26.0, -14.0, -10.0, -7.0],
    ];
    let voice = |semitones: f64, seconds: f64| -> f64 {
        let voices = [-0.06, 0.0, 0.07].map(|detune| note(semitones + detune));
        let overtone = |f: f64, k: f64| match f * k < hz / 2.0 {
            true => (TAU * f * k * seconds).sin() / (k * k),
            false => 0.0,
        };
        (voices.iter())
            .map(|f| (1..=4).map(|k| overtone(*f, f64::from(k))).sum::<f64>())
            .sum()
    };
    let sample = |n: usize| {
        let seconds = n as f64 / hz;
        let place = seconds % CHORD_S;
        let chord = CHORDS[(seconds / CHORD_S) as usize % CHORDS.len()];
        // A quarter of a second up and down, so that chords do not click.
        let fade = (place / 0.25).min((CHORD_S - place) / 0.25).min(1.0);
        let tremolo = 1.0 + 0.15 * (TAU * 4.5 * seconds).sin();
        fade * tremolo * chord.iter().map(|s| voice(*s, seconds)).sum::<f64>()
    };
    (0..count).map(sample).collect()
}

/// A walk over the five notes of a pentatonic scale on a plucked string (Karplus & Strong 1983: a
/// burst of noise that goes round a delay line and is smoothed each time).
fn plucked(count: usize, hz: f64, random: &mut Random) -> Vec<f64> {
    const SCALE: [f64; 10] = [-14.0, -12.0, -9.0, -7.0, -5.0, -2.0, 0.0, 3.0, 5.0, 7.0];
    let mut out = vec![0.0; count];
    let (mut at, mut degree) = (0.0, 4usize);
    while (at as usize) < count && hz > 0.0 {
        let step = random.below(5) as i64 - 2;
        degree = (degree as i64 + step).clamp(0, SCALE.len() as i64 - 1) as usize;
        let period = (hz / note(SCALE[degree])).round().max(2.0) as usize;
        let mut string: Vec<f64> = (0..period).map(|_| random.between(-1.0, 1.0)).collect();
        // A note rings on under the next ones.
        let rings = (1.6 * hz) as usize;
        for (n, x) in out.iter_mut().skip(at as usize).take(rings).enumerate() {
            let (here, next) = (n % period, (n + 1) % period);
            *x += string[here];
            string[here] = 0.996 * 0.5 * (string[here] + string[next]);
        }
        let seconds = random.pick(&[0.2, 0.2, 0.4, 0.4, 0.6]);
        at += seconds * hz;
    }
    out
}

/// Drums and bass at 104 beats a minute: a kick on each beat, a snare on each other, a hat on the
/// halves, and a bass that follows the chords.
fn beat(count: usize, hz: f64, random: &mut Random) -> Vec<f64> {
    const BEAT_S: f64 = 60.0 / 104.0;
    /// Roots of the bars of four beats, in semitones from A 440.
    const ROOTS: [f64; 4] = [-36.0, -40.0, -33.0, -38.0];
    let (mut before, mut low) = (0.0, 0.0);
    (0..count)
        .map(|n| {
            let seconds = n as f64 / hz;
            let (beat, half) = (
                (seconds / BEAT_S) as usize,
                (2.0 * seconds / BEAT_S) as usize,
            );
            let since = seconds % BEAT_S;
            let since_half = seconds % (BEAT_S / 2.0);
            // The skin's pitch falls from 150 to 50 Hz: the phase is the integral of it.
            let phase = 50.0 * since + 100.0 * 0.04 * (1.0 - (-since / 0.04).exp());
            let kick = (TAU * phase).sin() * (-since / 0.12).exp();
            let noise = random.between(-1.0, 1.0);
            let snare = match beat % 2 {
                1 => {
                    noise * (-since / 0.07).exp()
                        + (TAU * 190.0 * since).sin() * (-since / 0.05).exp()
                }
                _ => 0.0,
            };
            // A difference of neighbours is the noise without its lows.
            let hat = (noise - before) * (-since_half / 0.02).exp() * 0.25;
            before = noise;
            let root = note(ROOTS[beat / 4 % ROOTS.len()] + if half % 4 == 3 { 12.0 } else { 0.0 });
            let saw = 2.0 * (seconds * root).fract() - 1.0;
            // One pole near 500 Hz takes the edge off the saw.
            low += (saw - low) * (1.0 - (-TAU * 500.0 / hz).exp());
            let bass = low * (-since_half / 0.25).exp();
            kick + 0.6 * snare + hat + 0.7 * bass
        })
        .collect()
}

/// Noise of equal power in each octave: sources that are drawn anew after 1, 2, 4, … samples, added
/// up (the method of Voss; Gardner 1978).
fn pink(count: usize, random: &mut Random) -> Vec<f64> {
    const SOURCES: u32 = 14;
    let mut held = [0.0; SOURCES as usize];
    for source in &mut held {
        *source = random.between(-1.0, 1.0);
    }
    (1..=count as u64)
        .map(|n| {
            // Source k changes at the odd multiples of 2^k: one of them at each sample.
            let source = n.trailing_zeros().min(SOURCES - 1);
            held[source as usize] = random.between(-1.0, 1.0);
            held.iter().sum::<f64>() + random.between(-1.0, 1.0)
        })
        .collect()
}

/// Keys that go down and come up: two bursts of noise through a resonance of the case, in bouts of
/// typing.
fn keyboard(count: usize, hz: f64, random: &mut Random) -> Vec<f64> {
    let mut out = vec![0.0; count];
    let mut at = random.between(0.05, 0.3);
    while at * hz < count as f64 && hz > 0.0 {
        let strength = random.between(0.5, 1.0);
        let up = at + random.between(0.06, 0.11);
        let resonance = random.between(1_400.0, 2_600.0).min(hz / 3.0);
        for (from, gain) in [(at, strength), (up, 0.4 * strength)] {
            let length = (0.025 * hz) as usize;
            let begins = (from * hz) as usize;
            for (n, x) in out.iter_mut().skip(begins).take(length).enumerate() {
                let seconds = n as f64 / hz;
                let ring = (TAU * resonance * seconds).sin() * (-seconds / 0.004).exp();
                let tick = random.between(-1.0, 1.0) * (-seconds / 0.002).exp();
                *x += gain * (ring + tick);
            }
        }
        at += match random.chance(0.06) {
            true => random.between(0.6, 1.5),
            false => random.between(0.09, 0.28),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8_000;

    fn level(samples: &[f32]) -> f64 {
        let energy: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
        10.0 * (energy / samples.len() as f64).log10()
    }

    /// The power at one frequency, in dB re full scale, of a whole number of its cycles.
    fn at(samples: &[f32], hertz: f64, rate: u32) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, x) in samples.iter().enumerate() {
            let phase = TAU * hertz * n as f64 / f64::from(rate);
            re += f64::from(*x) * phase.cos();
            im += f64::from(*x) * phase.sin();
        }
        let n = samples.len() as f64;
        10.0 * (2.0 * (re * re + im * im) / (n * n)).max(1e-20).log10()
    }

    #[test]
    fn names_are_distinct_and_read_back() {
        let all = Sound::all();
        assert_eq!(all.len(), 16 + 1 + 3 * 6 + 10);
        let names: std::collections::BTreeSet<String> =
            all.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), all.len());
        for sound in all {
            assert_eq!(sound.to_string().parse::<Sound>().unwrap(), sound);
        }
        let error = "ringback-xx".parse::<Sound>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    #[test]
    fn every_sound_has_its_length_its_level_and_is_its_seed_s() {
        for sound in Sound::all() {
            for rate in [8_000, 16_000] {
                let samples = render(sound, 3.3, rate, -20.0, 7);
                assert_eq!(samples.len(), (3.3 * f64::from(rate)) as usize, "{sound}");
                assert_eq!(samples, render(sound, 3.3, rate, -20.0, 7), "{sound}");
                let sounding: Vec<f32> = (samples.chunks(rate as usize / 100))
                    .filter(|block| block.iter().any(|x| *x != 0.0))
                    .flatten()
                    .copied()
                    .collect();
                assert!((level(&sounding) + 20.0).abs() < 0.01, "{sound}");
            }
        }
        let noise = |seed| render(Sound::WhiteNoise, 0.1, RATE, -20.0, seed);
        assert_ne!(noise(1), noise(2));
    }

    #[test]
    fn nothing_and_no_rate_are_no_trouble() {
        for sound in Sound::all() {
            assert!(render(sound, 0.0, RATE, -20.0, 1).is_empty());
            assert!(render(sound, -1.0, RATE, -20.0, 1).is_empty());
            assert!(render(sound, f64::NAN, RATE, -20.0, 1).is_empty());
            assert!(render(sound, 1.0, 0, -20.0, 1).is_empty());
        }
    }

    #[test]
    fn keys_have_the_two_frequencies_of_q_23() {
        for (key, row, column) in [
            ('1', 697.0, 1_209.0),
            ('0', 941.0, 1_336.0),
            ('#', 941.0, 1_477.0),
            ('a', 697.0, 1_633.0),
            ('8', 852.0, 1_336.0),
        ] {
            let key = DtmfKey::new(key).unwrap();
            assert_eq!(key.hertz(), (row, column));
            // Half the power each: −23.01 dBFS of −20.
            let samples = render(Sound::Dtmf(key), 1.0, RATE, -20.0, 1);
            for hertz in [row, column] {
                assert!((at(&samples, hertz, RATE) + 23.01).abs() < 0.02);
            }
            assert!(at(&samples, 1_000.0, RATE) < -80.0);
        }
        assert_eq!(DtmfKey::new('E'), None);
        assert_eq!(DtmfKey::all().count(), 16);
    }

    /// Which tenths of a second sound, over two periods.
    #[test]
    fn cadences_are_those_of_the_networks() {
        let cadence = |name: &str, tenths: usize| -> String {
            let samples = render(name.parse().unwrap(), tenths as f64 / 10.0, RATE, -20.0, 1);
            let sounds = |block: &[f32]| block.iter().any(|x| *x != 0.0);
            let marks = samples.chunks(RATE as usize / 10);
            marks.map(|b| if sounds(b) { 'x' } else { '.' }).collect()
        };
        let repeat = |on: usize, off: usize| format!("{}{}", "x".repeat(on), ".".repeat(off));
        for (name, on, off) in [
            ("ringback-us", 20, 40),
            ("ringback-eu", 10, 40),
            ("ringback-ru", 8, 32),
            ("ringback-fr", 15, 35),
            ("ringback-jp", 10, 20),
            ("busy-us", 5, 5),
            ("busy-ru", 4, 4),
            ("fax-cng", 5, 30),
            ("beep", 5, 145),
            ("dial-us", 10, 0),
            ("dtmf", 1, 1),
        ] {
            let once = repeat(on, off);
            assert_eq!(cadence(name, 2 * (on + off)), once.repeat(2), "{name}");
        }
        assert_eq!(
            cadence("ringback-uk", 30),
            format!("xxxx..xxxx{}", ".".repeat(20))
        );
        // 0.375 s each, to the sample.
        let busy = render("busy-uk".parse().unwrap(), 0.75, RATE, -20.0, 1);
        assert!(busy[2_999] != 0.0 && busy[3_000..].iter().all(|x| *x == 0.0));
    }

    #[test]
    fn tones_have_the_frequencies_of_the_networks() {
        for (name, hertz) in [
            ("ringback-us", &[440.0, 480.0][..]),
            ("busy-us", &[480.0, 620.0]),
            ("dial-uk", &[350.0, 440.0]),
            ("ringback-ru", &[425.0]),
            ("busy-fr", &[440.0]),
            // A swelling tone is the tone and its two neighbours.
            ("ringback-jp", &[384.0, 400.0, 416.0]),
            ("sit", &[950.0]),
            ("fax-ced", &[2_100.0]),
        ] {
            // The first quarter of a second holds whole cycles of multiples of 4 Hz; others leak.
            let samples = render(name.parse().unwrap(), 0.25, RATE, -20.0, 1);
            for hz in hertz {
                assert!(at(&samples, *hz, RATE) > -30.0, "{name} {hz}");
            }
            assert!(at(&samples, 3_000.0, RATE) < -45.0, "{name}");
        }
    }

    #[test]
    fn pink_noise_loses_three_decibels_an_octave_and_white_none() {
        let octaves = |sound| {
            let samples = render(sound, 8.0, RATE, -20.0, 3);
            // The mean power at thirty frequencies of each octave.
            [200.0, 400.0, 800.0, 1_600.0].map(|low| {
                let power = |k: i32| {
                    let hertz = low * (1.0 + f64::from(k) / 30.0);
                    10f64.powf(at(&samples, hertz, RATE) / 10.0)
                };
                10.0 * (0..30).map(power).sum::<f64>().log10()
            })
        };
        let pink = octaves(Sound::PinkNoise);
        let white = octaves(Sound::WhiteNoise);
        let slope = |levels: [f64; 4]| (levels[3] - levels[0]) / 3.0;
        assert!((slope(pink) + 3.0).abs() < 1.2, "{pink:?}");
        assert!(slope(white).abs() < 1.2, "{white:?}");
    }
}
