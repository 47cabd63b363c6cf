//! What is done to a recording before it is heard.

use crate::common::{Fallible, read, read_music};
use crate::manifest::Entry;
use callcsi::simulate::degrade::{active_level, add_at, amplify, resampled, telephone};
use callcsi::simulate::render::Companding;
use callcsi::simulate::sounds::{Sound, render};
use callcsi::timeline::{Segment, Span, Time, Timeline};
use std::path::PathBuf;
use std::str::FromStr;

/// Level of what comes before the recording.
const PREFIX_DBFS: f64 = -20.0;
/// Level to which `quiet` brings the speech.
const QUIET_DBFS: f64 = -45.0;
/// Level that speech is taken to have where none is labelled.
const USUAL_DBFS: f64 = -26.0;
/// Voices that make a babble.
const BABBLE: usize = 6;

/// Something that makes speech harder to hear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Degradation {
    /// Telephone band, 8 kHz, µ-law.
    Telephone,
    /// Speech at −45 dBFS.
    Quiet,
    /// A noise, so many decibels below the speech.
    Noise(Sound, f64),
    /// Other recordings of the manifest, so many decibels below the speech.
    Babble(f64),
}

impl FromStr for Degradation {
    type Err = String;

    fn from_str(text: &str) -> Result<Degradation, String> {
        let noise = |prefix: &str| -> Option<f64> { text.strip_prefix(prefix)?.parse().ok() };
        match text {
            "telephone" => return Ok(Degradation::Telephone),
            "quiet" => return Ok(Degradation::Quiet),
            _ => {}
        }
        let white = || noise("noise").map(|db| Degradation::Noise(Sound::WhiteNoise, db));
        let pink = || noise("pink").map(|db| Degradation::Noise(Sound::PinkNoise, db));
        let babble = || noise("babble").map(Degradation::Babble);
        white().or_else(pink).or_else(babble).ok_or_else(|| {
            format!("found {text:?}, wanted telephone, quiet, noise10, pink10 or babble10")
        })
    }
}

/// What is heard before the recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Prefix {
    seconds: f64,
    sound: PrefixSound,
}

#[derive(Clone, Debug, PartialEq)]
enum PrefixSound {
    Silence,
    Line(Sound),
    File(PathBuf),
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Prefix, String> {
        let mut parts = text.splitn(3, ':');
        let name = parts.next().unwrap_or_default();
        let seconds = parts.next().and_then(|s| s.parse().ok());
        let seconds = seconds.filter(|s: &f64| (0.0..=3_600.0).contains(s));
        let seconds = seconds.ok_or_else(|| {
            format!("found {text:?}, wanted a sound and up to 3600 seconds, as ringback-us:20")
        })?;
        let sound = match (name, parts.next()) {
            ("silence", None) => PrefixSound::Silence,
            ("music", Some(file)) => PrefixSound::File(file.into()),
            (name, None) => PrefixSound::Line(name.parse().map_err(|e| format!("{e}"))?),
            _ => return Err(format!("found {text:?}, wanted a file after music alone")),
        };
        Ok(Prefix { seconds, sound })
    }
}

impl Prefix {
    fn samples(&self, rate: u32, seed: u64) -> Fallible<Vec<f32>> {
        let count = (self.seconds * f64::from(rate)).round() as usize;
        let mut samples = vec![0.0; count];
        match &self.sound {
            PrefixSound::Silence => {}
            PrefixSound::Line(sound) => {
                samples = render(*sound, self.seconds, rate, PREFIX_DBFS, seed);
            }
            PrefixSound::File(file) => add_at(&mut samples, &read_music(file, rate)?, PREFIX_DBFS),
        }
        Ok(samples)
    }
}

/// A recording as it is heard.
pub struct Scene {
    pub samples: Vec<f32>,
    pub rate: u32,
    pub label: Timeline,
    /// The recording's own time.
    pub scored: Segment,
}

/// Prepares the recording `entries[at]`.
///
/// Level and noise are of the recording itself; then come the prefixes; the telephone, wherever it
/// was named, carries all of it.
pub fn prepare(
    entries: &[Entry],
    at: usize,
    degradations: &[Degradation],
    prefixes: &[Prefix],
    shift: Span,
    seed: u64,
) -> Fallible<Scene> {
    let entry = &entries[at];
    let (mut samples, mut rate) = read(&entry.audio, entry.which)?;
    let label = entry.speech()?;
    if !(degradations.is_empty() && prefixes.is_empty() || [8_000, 16_000].contains(&rate)) {
        samples = resampled(&samples, rate, 16_000)?;
        rate = 16_000;
    }
    let seed = seed.wrapping_add(at as u64);
    for degradation in degradations {
        let level = active_level(&samples, rate, &label);
        let level = level.unwrap_or(USUAL_DBFS);
        match *degradation {
            Degradation::Telephone => {}
            Degradation::Quiet => amplify(&mut samples, QUIET_DBFS - level),
            Degradation::Noise(sound, ratio) => {
                let seconds = samples.len() as f64 / f64::from(rate);
                let noise = render(sound, seconds, rate, -20.0, seed);
                add_at(&mut samples, &noise, level - ratio);
            }
            Degradation::Babble(ratio) => {
                let babble = babble(entries, at, rate, samples.len())?;
                add_at(&mut samples, &babble, level - ratio);
            }
        }
    }
    let mut before = Vec::new();
    for prefix in prefixes {
        before.extend(prefix.samples(rate, seed)?);
    }
    let start = Time::of_sample(before.len() as u64, rate);
    before.extend(samples);
    let (mut samples, mut heard_rate) = (before, rate);
    let end = Time::of_sample(samples.len() as u64, rate);
    if degradations.contains(&Degradation::Telephone) {
        samples = telephone(&samples, rate, Companding::MuLaw)?;
        heard_rate = 8_000;
    }
    let scored = Segment::new(start, end).ok_or("found an empty recording")?;
    let by = (start - Time::ZERO) + shift;
    let moved = label.segments().iter();
    let moved: Timeline = moved
        .filter_map(|s| Segment::new(s.start() + by, s.end() + by))
        .collect();
    Ok(Scene {
        samples,
        rate: heard_rate,
        label: moved.within(scored),
        scored,
    })
}

/// Mixes the next recordings of the manifest, each at the same level, as long as `count` samples.
fn babble(entries: &[Entry], at: usize, rate: u32, count: usize) -> Fallible<Vec<f32>> {
    let (before, after) = entries.split_at(at);
    let others = after.iter().chain(before);
    let others = others.filter(|e| e.audio != entries[at].audio).take(BABBLE);
    let mut mix = vec![0.0; count];
    let mut voices = 0;
    for other in others {
        let (samples, own) = read(&other.audio, other.which)?;
        let mut samples = resampled(&samples, own, rate)?;
        let level = active_level(&samples, rate, &other.speech()?);
        amplify(&mut samples, USUAL_DBFS - level.unwrap_or(USUAL_DBFS));
        // One that is too short starts over.
        let voice = samples.iter().cycle();
        mix.iter_mut().zip(voice).for_each(|(x, y)| *x += y);
        voices += 1;
    }
    if voices == 0 {
        return Err("found one recording alone, wanted others for the babble".into());
    }
    Ok(mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degradations_have_names() {
        assert_eq!("quiet".parse(), Ok(Degradation::Quiet));
        assert_eq!("babble10".parse(), Ok(Degradation::Babble(10.0)));
        let noise = Degradation::Noise(Sound::PinkNoise, -2.5);
        assert_eq!("pink-2.5".parse(), Ok(noise));
        assert!("noise".parse::<Degradation>().is_err());
        assert!("loud".parse::<Degradation>().is_err());
    }

    #[test]
    fn prefixes_have_a_length_and_music_a_file() {
        let ringback: Prefix = "ringback-us:2".parse().unwrap();
        assert_eq!(ringback.samples(8_000, 1).unwrap().len(), 16_000);
        let music: Prefix = "music:60:a:b.ogg".parse().unwrap();
        assert_eq!(music.sound, PrefixSound::File("a:b.ogg".into()));
        let plucked: Prefix = "music-plucked:1".parse().unwrap();
        assert_eq!(plucked.sound, PrefixSound::Line(Sound::MusicPlucked));
        for bad in [
            "silence",
            "silence:-1",
            "silence:1:x",
            "music:5",
            "hum:5",
            "dtmf:1e9",
        ] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }
}
