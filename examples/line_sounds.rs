//! Says how much of each sound of the line a detector takes for speech:
//! `cargo run --release --example line_sounds -- --detector silero-1`.
//!
//! Each sound is sent over the telephone (300–3,400 Hz, 8 kHz, µ-law), then heard by a detector that
//! has heard nothing before. Printed are the shares of its 10 ms frames that are not silent, that score
//! at least `speech_on`, and that are speech as decided; then which sound of the line was heard most, and of the frames that are not silent the share
//! that it named rightly (of noise and typing: left without a name).

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
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Says how much of each sound of the line a detector takes for speech.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The detector, by its name in settings: silero-1, fast-1, earshot-1, …
    #[arg(long, default_value = "silero-1")]
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

/// What is heard of a sound.
struct Row {
    /// Shares of frames that score as speech, and that are decided to be.
    raw: f64,
    decided: f64,
    /// The sound of the line that was heard most.
    most: String,
    /// Share of the frames that are not silent with the right name.
    right: f64,
}

/// Returns how the name of what should be heard of a sound begins; `None` for what has none.
fn expected(sound: &str) -> Option<&'static str> {
    let names = [
        ("ringback", "ringback"),
        ("busy", "busy"),
        ("dial", "dial"),
        ("fax-cng", "fax_calling"),
        ("fax-ced", "fax_answer"),
        ("sit", "special_information"),
        ("beep", "beep"),
        ("dtmf", "dtmf"),
        ("music", "music"),
    ];
    let found = names
        .iter()
        .find(|(sound_name, _)| sound.starts_with(sound_name));
    found.map(|(_, name)| *name)
}

/// Hears a sound, whose name is to begin with `expected`.
fn heard(settings: &AnalysisSettings, samples: &[f32], expected: Option<&str>) -> Fallible<Row> {
    let sent = telephone(samples, RATE, Companding::MuLaw)?;
    let vad = detector(settings.detector, RATE)?;
    let heard = Heard::of(vad, settings, RATE, &sent)?;
    let end = Time::of_sample(sent.len() as u64, RATE);
    let whole = Segment::new(Time::ZERO, end).ok_or("found no sound")?;
    let mut frames = FrameScores::new(settings.speech_on);
    frames.add(&Timeline::new(), &heard, whole);
    let share = |counts: callcsi::vad::evaluate::Confusion| counts.false_positive_rate();
    let shares = share(frames.raw()).zip(share(frames.decided()));
    let (raw, decided) = shares.ok_or("found no frame")?;

    let (mut sounding, mut right) = (0usize, 0usize);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let block = RATE as usize / 100;
    for (at, samples) in samples.chunks(block).enumerate() {
        if samples.iter().all(|x| *x == 0.0) {
            continue;
        }
        let middle = Time::of_sample((at * block + samples.len() / 2) as u64, RATE);
        let heard = heard
            .line
            .iter()
            .find(|heard| heard.segment.contains(middle));
        let name = heard.map(|heard| heard.sound.to_string());
        sounding += 1;
        right += usize::from(match (&name, expected) {
            (Some(name), Some(expected)) => name.starts_with(expected),
            (name, expected) => name.is_none() && expected.is_none(),
        });
        *counts.entry(name.unwrap_or("-".into())).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Ok(Row {
        raw,
        decided,
        most: most.map_or("-".into(), |(name, _)| name),
        right: right as f64 / sounding.max(1) as f64,
    })
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
        "{:<24} {:>6} {:>6} {:>8}  {:<20} {:>6}",
        "sound", "sounds", "raw", "decided", "heard as", "right"
    )?;
    let mut show = |name: &str, samples: &[f32], expected: Option<&str>| -> Fallible<()> {
        let row = heard(&settings, samples, expected)?;
        let blocks = samples.chunks(RATE as usize / 100);
        let sounding = blocks.filter(|block| block.iter().any(|x| *x != 0.0));
        let sounds = sounding.map(<[f32]>::len).sum::<usize>() as f64 / samples.len() as f64;
        let Row {
            raw,
            decided,
            most,
            right,
        } = row;
        writeln!(
            out,
            "{name:<24} {sounds:>6.3} {raw:>6.3} {decided:>8.3}  {most:<20} {right:>6.3}"
        )?;
        Ok(())
    };
    for sound in Sound::all() {
        let samples = render(sound, seconds, RATE, level, seed);
        let name = sound.to_string();
        show(&name, &samples, expected(&name))?;
    }
    for file in &arguments.music {
        let music = common::read_music(file, RATE)?;
        let count = (seconds * f64::from(RATE)) as usize;
        let mut samples = vec![0.0; count.min(music.len())];
        add_at(&mut samples, &music[..count.min(music.len())], level);
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        show(&name, &samples, Some("music"))?;
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
