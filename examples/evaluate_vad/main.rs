//! Says how well a detector hears labelled recordings:
//! `cargo run --release --example evaluate_vad -- manifest.csv --detector silero-1`.
//!
//! The manifest is a CSV file with the columns `audio`, `labels` and, where they are wanted,
//! `channel` (left or right, of a stereo file), `speakers` (those of an RTTM file that count) and
//! `group`. Labels are RTTM (.rttm), rows of a name and triples of start, end and 0 or 1 (.scv), or
//! rows of start, end and label (.csv), in seconds.
//!
//! Each recording is a row, then each group, then all of them together. The figures are those of
//! `callcsi::vad::evaluate`: frames of 10 ms by the raw scores and as decided, errors of the edges as
//! the median size, the median and the share within 100 ms, and how many seconds of sound a second of
//! the processor takes. `--write-audio` writes what was heard for other detectors to hear: see
//! `training/peers`. Exit code 0: all was heard; 2: something was wrong.

#[path = "../common/mod.rs"]
mod common;
mod labels;
mod manifest;
mod report;
mod scene;
mod write;

use callcsi::timeline::Span;
use callcsi::vad::detector;
use callcsi::vad::evaluate::{EdgeErrors, FrameScores, Heard};
use clap::Parser;
use common::Fallible;
use report::Figures;
use scene::{Degradation, Prefix};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Says how well a detector hears labelled recordings.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A CSV file with the columns audio, labels, channel, speakers, group.
    manifest: PathBuf,
    /// The detector, by its name in settings: silero-1, fast-1, earshot-1, …
    #[arg(long, default_value = "silero-1")]
    detector: String,
    /// What makes it harder, in order: telephone, quiet, noise10, pink10, babble10 (in decibels
    /// below the speech); or none.
    #[arg(long, value_delimiter = ',')]
    degrade: Vec<String>,
    /// What is heard first and not scored: silence:60, ringback-us:20, dtmf:5, music:60:FILE, …
    #[arg(long)]
    prefix: Vec<Prefix>,
    /// Moves the labels later by this, to find how late the detector is.
    #[arg(long, default_value = "0", allow_negative_numbers = true)]
    shift_ms: i64,
    /// Joins labels closer than this first, as `speech_join` joins speech (200 ms).
    #[arg(long, default_value = "0")]
    join_ms: i64,
    /// Seed of the noises.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Writes each recording as it was heard, its labels and its scores, for other detectors.
    #[arg(long, value_name = "FOLDER")]
    write_audio: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Returns the time that the processor has spent on this process; where the system does not say, the
/// time on the clock.
fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }
    #[cfg(not(unix))]
    {
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        START.elapsed()
    }
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let settings = common::settings(&arguments.detector)?;
    let degradations: Vec<Degradation> = (arguments.degrade.iter())
        .filter(|name| *name != "none")
        .map(|name| name.parse())
        .collect::<Result<_, String>>()
        .map_err(|e| format!("--degrade: {e}"))?;
    let limit = 3_600_000;
    let shift = Span::from_millis(arguments.shift_ms.clamp(-limit, limit));
    let join = Span::from_millis(arguments.join_ms.clamp(0, limit));
    let entries = manifest::read(&arguments.manifest)?;
    let mut folder = (arguments.write_audio.clone())
        .map(write::Folder::create)
        .transpose()?;
    let mut files = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let (prefixes, seed) = (&arguments.prefix, arguments.seed);
        let scene = scene::prepare(&entries, at, &degradations, prefixes, shift, seed)
            .map_err(|e| format!("{}: {e}", entry.name()))?;
        let label = scene.label.bridge(join);
        let before = processor_time();
        let vad = detector(settings.detector, scene.rate)?;
        let heard = Heard::of(vad, &settings, scene.rate, &scene.samples)?;
        let processor = processor_time().saturating_sub(before);
        let mut frames = FrameScores::new(settings.speech_on);
        frames.add(&label, &heard, scene.scored);
        let mut edges = EdgeErrors::default();
        edges.add(&label, &heard.speech.within(scene.scored));
        if let Some(folder) = &mut folder {
            let write = folder.add(&entry.name(), &entry.group, &scene, &label, &heard);
            write.map_err(|e| format!("--write-audio: {e}"))?;
        }
        files.push(Figures {
            name: entry.name(),
            group: entry.group.clone(),
            frames,
            edges,
            heard_s: scene.samples.len() as f64 / f64::from(scene.rate),
            processor_s: processor.as_secs_f64(),
        });
    }
    let names: BTreeSet<&str> = files.iter().map(|f| f.group.as_str()).collect();
    let groups: Vec<Figures> = (names.iter())
        .filter(|name| !name.is_empty())
        .map(|name| {
            let own = files.iter().filter(|f| f.group == *name);
            Figures::pooled(name, settings.speech_on, own)
        })
        .collect();
    let pooled = Figures::pooled("all", settings.speech_on, files.iter());
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let list = |of: &[Figures]| of.iter().map(Figures::to_json).collect::<Vec<_>>();
        let report = serde_json::json!({
            "settings": settings,
            "degrade": arguments.degrade,
            "shift_ms": arguments.shift_ms,
            "join_ms": arguments.join_ms,
            "seed": arguments.seed,
            "files": list(&files),
            "groups": list(&groups),
            "pooled": pooled.to_json(),
        });
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", report::head())?;
        for figures in files.iter().chain(&groups).chain([&pooled]) {
            writeln!(out, "{}", figures.row())?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who read the rows has left, as `head` does: end as by the signal SIGPIPE.
        Err(error) if common::reader_left(&*error) => ExitCode::from(141),
        Err(error) => {
            eprintln!("evaluate_vad: {error}");
            ExitCode::from(2)
        }
    }
}
