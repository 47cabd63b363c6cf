//! Watches an archive by rules: `cargo run --release --example triggers -- results.jsonl --manifest
//! manifest.csv --rules rules.toml`. Alerts go to standard output, a line of JSON each; what could not be
//! watched, and why, goes to standard error.

use callcsi::analytics::triggers::{Rules, Watch, write_json_lines};
use callcsi::analytics::{Archive, ReadOptions};
use callcsi::features::Lang;
use callcsi::model::Predictor;
use clap::Parser;
use std::path::PathBuf;

/// Watches an archive by rules.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Results, as score_archive writes them.
    results: PathBuf,
    /// The manifest they were made of; it has the times and the columns that results do not carry.
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// The rules; without them those that ship with the crate [docs/triggers.md].
    #[arg(long)]
    rules: Option<PathBuf>,
    /// The model of the results; without it the bundled one.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Language of the sentences: en, ru.
    #[arg(long, default_value = "en")]
    lang: Lang,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let rules = match &arguments.rules {
        Some(path) => Rules::read(path)?,
        None => Rules::default_rules()?,
    };
    let predictor = match &arguments.model {
        Some(path) => Predictor::new(callcsi::model::Model::read(path)?),
        None => Predictor::builtin()?,
    };
    let mut options = ReadOptions::default();
    options.manifest = arguments.manifest;
    options.columns = rules.columns().to_vec();
    let archive = Archive::open(&arguments.results, options)?;
    let (model, scale) = (predictor.model(), predictor.model().label());
    let mut watch = Watch::new(&rules, archive.columns(), Some(model), scale)?;
    archive.each(|found| {
        match found.call {
            Ok(call) => watch.push(&call),
            Err(error) => eprintln!("left out: {error}"),
        }
        Ok(())
    })?;
    let watched = watch.finish();
    write_json_lines(&watched.alerts, arguments.lang, std::io::stdout().lock())?;
    for idle in &watched.idle {
        eprintln!("{}: {}", idle.rule, idle.sentence(arguments.lang));
    }
    for beyond in &watched.beyond {
        eprintln!("{}: {} more calls", beyond.rule, beyond.calls);
    }
    Ok(())
}
