//! Writes what the hearing's front end makes of recordings, for `training/fast`:
//! `cargo run --release --example fast_frames -- --out FOLDER a.wav b.wav`.
//!
//! Of each recording, a row of 32-bit floats (little-endian) for each 10 ms: the level, the loud level
//! (exceeded by 5 % of the last minute's frames that are not idle) and the floor (exceeded by 90 %),
//! both 200 ms ahead; the 16 bands; the power of the 129 bins, all in dBFS. With `--scores`, instead a
//! row with the score of each detector named. `--sounds SECONDS` writes the sounds of the line as
//! `line_sounds` hears them, and the recordings after it as music.

#[path = "common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "../src/vad/front.rs"]
mod front;
#[allow(dead_code)]
#[path = "../src/vad/level.rs"]
mod level;

/// What the front end asks of its crate.
mod audio {
    pub mod resample {
        pub use callcsi::audio::resample::Resampler;
    }
}
mod error {
    pub use callcsi::Result;
}

use callcsi::simulate::degrade::{add_at, telephone};
use callcsi::simulate::render::{Companding, RATE};
use callcsi::simulate::sounds::{Sound, render};
use callcsi::timeline::{Span, Time};
use callcsi::vad::detector;
use callcsi::vad::evaluate::{FRAME, Heard};
use clap::Parser;
use common::{Fallible, Which};
use front::{FLOOR_DBFS, Frame, FrontEnd};
use level::LoudLevel;
use std::path::{Path, PathBuf};

/// Writes what the front end makes of recordings.
#[derive(Parser)]
struct Arguments {
    /// Recordings of one channel.
    files: Vec<PathBuf>,
    /// Where one file for each recording goes.
    #[arg(long)]
    out: PathBuf,
    /// Writes the scores of these detectors instead.
    #[arg(long, value_delimiter = ',')]
    scores: Vec<String>,
    /// Writes the sounds of the line instead, so many seconds of each.
    #[arg(long)]
    sounds: Option<f64>,
    #[arg(long, default_value = "1")]
    seed: u64,
}

/// Frames in a minute, and those by which levels look ahead.
const MINUTE: usize = 6_000;
const AHEAD: usize = 20;
/// As the levels of the detectors.
const IDLE_DBFS: f64 = -65.0;
const SOUND_DBFS: f64 = -20.0;

fn frames(samples: &[f32], rate: u32) -> Fallible<Vec<f32>> {
    let mut front = FrontEnd::new(rate)?;
    let mut rows: Vec<Vec<f32>> = Vec::new();
    let mut levels = Vec::new();
    let mut keep = |frame: &Frame<'_>| {
        let bins = (frame.power.iter()).map(|p| (10.0 * p.log10()).max(FLOOR_DBFS));
        levels.push(frame.level);
        rows.push(frame.bands.iter().copied().chain(bins).collect());
    };
    front.push(samples, &mut keep);
    front.finish(&mut keep);
    let (mut loud, mut floor) = (
        LoudLevel::new(MINUTE, IDLE_DBFS),
        LoudLevel::new(MINUTE, f64::NEG_INFINITY),
    );
    let mut out = Vec::new();
    let mut coming = levels.iter();
    let mut take = |count: usize| {
        for level in coming.by_ref().take(count) {
            loud.push(f64::from(*level));
            floor.push(f64::from(*level));
        }
        let at = |of: &LoudLevel, share| of.exceeded_by(share).unwrap_or(-100.0) as f32;
        [at(&loud, 0.05), at(&floor, 0.9)]
    };
    take(AHEAD);
    for (level, row) in levels.iter().zip(&rows) {
        out.push(*level);
        out.extend(take(1));
        out.extend(row);
    }
    Ok(out)
}

fn scores(samples: &[f32], rate: u32, detectors: &[String]) -> Fallible<Vec<f32>> {
    let mut all = Vec::new();
    for name in detectors {
        let settings = common::settings(name)?;
        let vad = detector(settings.detector, rate)?;
        all.push(Heard::of(vad, &settings, rate, samples)?);
    }
    let frames = (samples.len() as f64 * 100.0 / f64::from(rate)).ceil() as i64;
    let half = Span::from_nanos(FRAME.nanos() / 2);
    let mut out = Vec::new();
    for frame in 0..frames {
        let centre = Time::ZERO + Span::from_millis(10 * frame) + half;
        out.extend(all.iter().map(|heard| heard.score_at(centre)));
    }
    Ok(out)
}

fn write_wav(path: &Path, samples: &[f32]) -> Fallible<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(path, spec)?;
    for sample in samples {
        wav.write_sample(*sample)?;
    }
    Ok(wav.finalize()?)
}

fn stem(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn main() -> Fallible<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.out)?;
    if let Some(seconds) = arguments.sounds {
        let mut sounds = Vec::new();
        for sound in Sound::all() {
            let samples = render(sound, seconds, RATE, SOUND_DBFS, arguments.seed);
            sounds.push((sound.to_string(), samples));
        }
        for file in &arguments.files {
            let mut music = common::read_music(file, RATE)?;
            music.truncate((seconds * f64::from(RATE)) as usize);
            let mut samples = vec![0.0; music.len()];
            add_at(&mut samples, &music, SOUND_DBFS);
            sounds.push((stem(file), samples));
        }
        for (name, samples) in sounds {
            let sent = telephone(&samples, RATE, Companding::MuLaw)?;
            write_wav(&arguments.out.join(name + ".wav"), &sent)?;
        }
        return Ok(());
    }
    for file in &arguments.files {
        let (samples, rate) = common::read(file, Which::Only)?;
        let (rows, ending) = match arguments.scores.is_empty() {
            true => (frames(&samples, rate)?, "frames"),
            false => (scores(&samples, rate, &arguments.scores)?, "scores"),
        };
        let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
        let name = format!("{}.{ending}", stem(file));
        std::fs::write(arguments.out.join(name), bytes)?;
    }
    Ok(())
}
