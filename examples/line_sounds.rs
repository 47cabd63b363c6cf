//! Says how much of each sound of the line a detector takes for speech:
//! `cargo run --release --example line_sounds -- --detector earshot-1`.
//!
//! Each sound is sent over the telephone (300–3,400 Hz, 8 kHz, µ-law), then heard by a detector that
//! has heard nothing before. Printed are the shares of its 10 ms frames that are not silent, that score
//! at least `speech_on`, and that are speech as decided.

#[path = "common/mod.rs"]
mod common;

use callcsi::settings::AnalysisSettings;
use callcsi::simulate::degrade::{add_at, telephone};
use callcsi::simulate::render::{Companding, RATE};
use callcsi::simulate::sounds::{Sound, render};
use callcsi::timeline::{Segment, Time, Timeline};
use callcsi::vad::detector;
use callcsi::vad::evaluate::{FrameScores, Heard};
use clap::Parser;
use common::Fallible;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Says how much of each sound of the line a detector takes for speech.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The detector, by its name in settings: earshot-1, energy-1, …
    #[arg(long, default_value = "earshot-1")]
    detector: String,
    /// Recordings of music to hear as well.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    music: Vec<PathBuf>,
    /// How long each sound lasts.
    #[arg(long, default_value = "60")]
    seconds: f64,
    /// Level of each sound, in dBFS.
    #[arg(long, default_value = "-20", allow_negative_numbers = true)]
    level: f64,
    /// Seed of what is random in them.
    #[arg(long, default_value = "1")]
    seed: u64,
}

/// Returns the shares of frames that score as speech and that are decided to be.
fn heard(settings: &AnalysisSettings, samples: &[f32]) -> Fallible<(f64, f64)> {
    let samples = telephone(samples, RATE, Companding::MuLaw)?;
    let vad = detector(settings.detector, RATE)?;
    let heard = Heard::of(vad, settings, RATE, &samples);
    let end = Time::of_sample(samples.len() as u64, RATE);
    let whole = Segment::new(Time::ZERO, end).ok_or("found no sound")?;
    let mut frames = FrameScores::new(settings.speech_on);
    frames.add(&Timeline::new(), &heard, whole);
    let share = |counts: callcsi::vad::evaluate::Confusion| counts.false_positive_rate();
    let shares = share(frames.raw()).zip(share(frames.decided()));
    Ok(shares.ok_or("found no frame")?)
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let settings = common::settings(&arguments.detector)?;
    let Arguments {
        seconds,
        level,
        seed,
        ..
    } = *arguments;
    if !(0.01..=3_600.0).contains(&seconds) {
        return Err(format!("--seconds: found {seconds}, wanted 0.01 to 3600").into());
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<32} {:>6} {:>6} {:>8}",
        "sound", "sounds", "raw", "decided"
    )?;
    let mut show = |name: &str, samples: &[f32]| -> Fallible<()> {
        let (raw, decided) = heard(&settings, samples)?;
        let blocks = samples.chunks(RATE as usize / 100);
        let sounding = blocks.filter(|block| block.iter().any(|x| *x != 0.0));
        let sounds = sounding.map(<[f32]>::len).sum::<usize>() as f64 / samples.len() as f64;
        writeln!(out, "{name:<32} {sounds:>6.3} {raw:>6.3} {decided:>8.3}")?;
        Ok(())
    };
    for sound in Sound::all() {
        let samples = render(sound, seconds, RATE, level, seed);
        show(&sound.to_string(), &samples)?;
    }
    for file in &arguments.music {
        let music = common::read_music(file, RATE)?;
        let count = (seconds * f64::from(RATE)) as usize;
        let mut samples = vec![0.0; count.min(music.len())];
        add_at(&mut samples, &music[..count.min(music.len())], level);
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        show(&name, &samples)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who read the rows has left, as `head` does: end as by the signal SIGPIPE.
        Err(error) if common::reader_left(&*error) => ExitCode::from(141),
        Err(error) => {
            eprintln!("line_sounds: {error}");
            ExitCode::from(2)
        }
    }
}
