//! Turns the records of a telephony platform into rows of a manifest:
//! `cargo run --release --example records -- queue_log cel.csv --out facts.jsonl`.
//!
//! A row for each call, as JSON Lines, with its facts under `metadata`; records of one call in several
//! files are joined. Who spoke is left out unless `--keep-identities` asks for it. Standard error says
//! of each file whose it is, what was rejected, and what could not be filled. Exit code 0: every file
//! was read; 1: some records or files were not; 2: none was; 141: the reader of the output left.

use callcsi::telephony::{Platform, Record, join_records, read_file};
use clap::Parser;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Turns the records of a telephony platform into rows of a manifest.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Files of records; those of one call are joined, the first one's values first.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Whose they are, when it shall not be told by the content: amazon-connect, genesys-cloud, …
    #[arg(long)]
    platform: Option<Platform>,
    /// Where the rows go, instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write who spoke, as the platform names the person: operator_id and customer_id.
    #[arg(long)]
    keep_identities: bool,
}

fn row(record: &Record, keep_identities: bool) -> Value {
    let mut row = Map::new();
    row.insert("call_id".into(), json!(record.call_id));
    row.insert("platform".into(), json!(record.platform.name()));
    if let Some(duration) = record.duration {
        row.insert("duration_s".into(), json!(duration.seconds()));
    }
    if let Some(start) = record.start {
        row.insert("call_start".into(), json!(start));
    }
    if let Some(transfers) = record.transfers {
        row.insert("transfers".into(), json!(transfers));
    }
    if keep_identities {
        for (column, who) in [
            ("operator_id", &record.operator),
            ("customer_id", &record.customer),
        ] {
            if let Some(who) = who {
                row.insert(column.into(), json!(who));
            }
        }
    }
    row.insert("metadata".into(), json!(record.metadata));
    Value::Object(row)
}

fn run(arguments: &Arguments) -> std::io::Result<ExitCode> {
    let (mut all, mut failed) = (Vec::new(), false);
    for path in &arguments.files {
        match read_file(path, arguments.platform) {
            Ok(read) => {
                eprintln!(
                    "{}: {}, {} calls, {} records rejected",
                    path.display(),
                    read.platform.title(),
                    read.records.len(),
                    read.rejected.len()
                );
                for error in read.rejected.iter().take(10) {
                    failed = true;
                    eprintln!("  rejected: {error}");
                }
                all.extend(read.records);
            }
            Err(error) => {
                failed = true;
                eprintln!("{error}");
            }
        }
    }
    let joined = join_records(all);
    let (mut unfilled, mut odd) = (BTreeMap::new(), BTreeMap::new());
    for record in &joined {
        for u in &record.unfilled {
            *unfilled
                .entry(format!("{}: {}", u.field, u.why))
                .or_insert(0) += 1;
        }
        for warning in &record.warnings {
            let first = || (0, warning.place.as_str());
            odd.entry(warning.what.as_ref()).or_insert_with(first).0 += 1;
        }
    }
    eprintln!("{} calls in all", joined.len());
    for (what, count) in &unfilled {
        eprintln!("  not filled in {count}: {what}");
    }
    for (what, (count, place)) in &odd {
        eprintln!("  odd, {count} times: {what} (the first: {place})");
    }
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(std::fs::File::create(path)?)),
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
    };
    for record in &joined {
        writeln!(out, "{}", row(record, arguments.keep_identities))?;
    }
    out.flush()?;
    Ok(ExitCode::from(match (joined.is_empty(), failed) {
        (true, true) => 2,
        (false, true) => 1,
        (_, false) => 0,
    }))
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(141),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
