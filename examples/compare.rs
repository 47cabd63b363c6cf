//! Compares two sides of an archive, an A/B test as a rule:
//! `cargo run --release --example compare -- results.csv --manifest manifest.csv --by variant --a A --b B`.
//!
//! Figures and differences of the estimates of all calls and of the marks of those who answered; what
//! makes the comparison unfair. Exit code 0: every row was read; 1: some were not, see standard error;
//! 2: nothing could be compared.

use callcsi::analytics::{Archive, Compare, CompareOptions, ReadOptions};
use callcsi::features::Lang;
use callcsi::model::LabelScale;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compares two sides of an archive.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Results, as score_archive writes them: JSON Lines, CSV or Parquet.
    results: PathBuf,
    /// The manifest they were made of, for the columns that they do not carry.
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// The column that divides the calls.
    #[arg(long, value_name = "COLUMN")]
    by: String,
    /// Its value on the first side.
    #[arg(long)]
    a: String,
    /// Its value on the second side; differences are the second less the first.
    #[arg(long)]
    b: String,
    /// Sizes of the sides that were intended, as 1:1.
    #[arg(long, value_parser = ratio)]
    ratio: Option<(f64, f64)>,
    /// Do not mind what came before the agent: where queue or IVR are what was changed.
    #[arg(long)]
    unadjusted: bool,
    /// The scale of the marks.
    #[arg(long, default_value = "1..5")]
    scale: LabelScale,
    /// The language: en, ru.
    #[arg(long, default_value_t)]
    lang: Lang,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

fn ratio(text: &str) -> Result<(f64, f64), String> {
    let parts = text.split_once(':');
    let parts = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    parts.ok_or_else(|| "two sizes, as 1:1".to_owned())
}

fn run(told: &Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut read = ReadOptions::default();
    read.manifest = told.manifest.clone();
    if !read.columns.contains(&told.by) {
        read.columns.push(told.by.clone());
    }
    let mut options = CompareOptions::default();
    options.ratio = told.ratio;
    options.adjust = !told.unadjusted;
    options.scale = told.scale;
    let mut compare = Compare::new(&read.columns, &told.by, &told.a, &told.b, options)?;
    let mut unread = 0;
    Archive::open(&told.results, read)?.each(|found| {
        if let Err(error) = found.call.and_then(|call| compare.push(&call)) {
            unread += 1;
            // The first ten show what is wrong; the number follows.
            if unread <= 10 {
                eprintln!("left out: {error}");
            }
        }
        Ok(())
    })?;
    let found = compare.finish()?;
    match told.json {
        true => println!("{}", serde_json::to_string_pretty(&found)?),
        false => print!("{}", found.text(told.lang)),
    }
    if unread > 0 {
        eprintln!("{unread} rows left out");
    }
    Ok(ExitCode::from(u8::from(unread > 0)))
}

fn main() -> ExitCode {
    run(&Arguments::parse()).unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}
