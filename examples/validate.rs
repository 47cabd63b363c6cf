//! Checks a manifest without listening:
//! `cargo run --release --example validate -- demo/manifest.csv`.
//!
//! Every row is read as `score_archive` would: ids twice, cells that cannot be, paths that lead out of
//! the folder, files that are not there. With `--open` recordings are opened (their kind, rate and
//! channels) and transcripts read. What is wrong goes to standard output, a line a row; what columns hold
//! and what was counted to standard error. Exit code 0: all is well; 1: some rows are not; 2: the command
//! or the whole table is wrong.

use callcsi::audio;
use callcsi::batch::{Entry, Manifest, ManifestOptions, Mapping, Pattern, Threads, in_order};
use callcsi::call::{AgentChannel, Call, Recording};
use callcsi::transcript;
use clap::Parser;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Checks a manifest without listening.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A manifest, a folder of recordings, or `-` for a manifest on standard input.
    input: PathBuf,
    /// Open recordings and read transcripts too.
    #[arg(long)]
    open: bool,
    /// The agent's channel where the manifest does not declare it.
    #[arg(long)]
    agent_channel: Option<AgentChannel>,
    /// What the columns mean (TOML).
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Facts by call_id, for a folder of recordings.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// What the file names of a folder mean: '{call_id}_{agent}_{date}.wav'.
    #[arg(long)]
    pattern: Option<Pattern>,
    /// The folder that paths start from and stay in [default: the manifest's].
    #[arg(long)]
    root: Option<PathBuf>,
    /// Allow paths that lead out of it.
    #[arg(long)]
    outside: bool,
    /// Threads [default: one for each processor].
    #[arg(short, long)]
    jobs: Option<usize>,
}

/// What a row has, by name, for the counts at the end.
fn has(call: &Call) -> Vec<&'static str> {
    let facts = &call.metadata;
    let all = [
        ("recording", call.recording.is_some()),
        ("transcript", !call.transcripts.is_empty()),
        ("IVR facts", facts.ivr.is_some()),
        ("queue facts", facts.queue.is_some()),
        ("hold facts", facts.holds.is_some()),
        ("customer history", facts.customer.is_some()),
        ("recording_start", facts.recording_start.is_some()),
    ];
    let there = all.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name).collect()
}

/// Returns what is wrong with a row, and what it has.
fn check(entry: Entry, open: bool) -> (Vec<String>, Vec<&'static str>) {
    let at = |text: String| match &entry.id {
        Some(id) => format!("line {}, call {id}: {text}", entry.line),
        None => format!("line {}: {text}", entry.line),
    };
    let call = match &entry.row {
        Ok(call) => call,
        Err(error) => return (vec![at(error.to_string())], Vec::new()),
    };
    let missing = entry.files.iter().filter_map(|file| {
        let about = std::fs::metadata(file);
        let why = match about {
            Ok(about) if about.is_file() => return None,
            Ok(_) => "no file".to_owned(),
            Err(error) => error.to_string(),
        };
        Some(at(format!("{}: {why}", file.display())))
    });
    let mut wrong: Vec<String> = missing.collect();
    if open && wrong.is_empty() {
        let agent_channel = match &call.recording {
            Some(Recording::Stereo { agent_channel, .. }) => Some(*agent_channel),
            _ => None,
        };
        let opened = call.recording.as_ref().map(audio::open);
        wrong.extend(opened.and_then(Result::err).map(|e| at(e.to_string())));
        if !call.transcripts.is_empty() {
            let read = transcript::read(&call.transcripts, agent_channel);
            wrong.extend(read.err().map(|e| at(e.to_string())));
        }
    }
    (wrong, has(call))
}

fn run(told: Arguments) -> Result<bool, Box<dyn Error>> {
    let options = ManifestOptions {
        agent_channel: told.agent_channel,
        facts: told.facts,
        pattern: told.pattern,
        root: told.root,
        outside: told.outside,
        ..ManifestOptions::default()
    };
    let mapping = match &told.mapping {
        Some(path) => Mapping::read(path)?,
        None => Mapping::default(),
    };
    let manifest = Manifest::open_mapped(&told.input, options, &mapping)?;
    let unknown = manifest.extra_columns().to_vec();
    let mut out = BufWriter::new(std::io::stdout());
    let (mut rows, mut bad) = (0u64, 0u64);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let threads = told.jobs.map_or_else(Threads::available, Threads::of);
    let look = |entry| check(entry, told.open);
    in_order(threads, manifest, look, |(wrong, has)| {
        rows += 1;
        bad += u64::from(!wrong.is_empty());
        has.iter()
            .for_each(|name| *counts.entry(name).or_default() += 1);
        for line in wrong {
            // Who read the lines may have left: the counts and the exit code still tell.
            let _ = writeln!(out, "{line}");
        }
        Ok(())
    })?;
    let _ = out.flush();
    eprintln!("{rows} rows, {bad} of them wrong");
    for (name, count) in counts {
        eprintln!("with {name}: {count}");
    }
    if !unknown.is_empty() {
        eprintln!("columns without a meaning here: {unknown:?}");
    }
    Ok(bad == 0)
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("validate: {error}");
            ExitCode::from(2)
        }
    }
}
