//! Shows what the records of a telephony platform say of each call:
//! `cargo run --release --example records -- queue_log`.
//!
//! Rows of a manifest in JSON Lines go to standard output, one a call: its id, its facts under
//! `metadata`, its length. What each platform's records could not fill, and why, goes to standard error.
//! Who answered and who called are left out unless asked for. Exit code 0: every record was read; 1:
//! some were not; 2: a file is none of a known platform.

use callcsi::telephony::{Platform, Record, join_records, read_file};
use clap::Parser;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows what the records of telephony platforms say of each call.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Files of records; those of one call are put together.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The platform, when it shall not be told by content: amazon-connect, genesys-cloud, freeswitch,
    /// asterisk-queue-log, asterisk-cel, asterisk-ami, cisco-tcd.
    #[arg(long)]
    platform: Option<Platform>,
    /// Write operator_id and customer_id too: they name people.
    #[arg(long)]
    keep_identities: bool,
}

fn row(record: &Record, identities: bool) -> serde_json::Value {
    let mut row = json!({
        "call_id": record.call_id,
        "metadata": record.metadata,
    });
    let mut put = |name: &str, value: serde_json::Value| row[name] = value;
    if let Some(start) = record.start {
        put("call_start", json!(start));
    }
    if let Some(duration) = record.duration {
        put("duration_s", json!(duration));
    }
    if let Some(transfers) = record.transfers {
        put("transfers", json!(transfers));
    }
    if identities {
        put("operator_id", json!(record.operator));
        put("customer_id", json!(record.customer));
    }
    row
}

fn run(told: &Arguments) -> callcsi::Result<bool> {
    let (mut records, mut whole) = (Vec::new(), true);
    for file in &told.files {
        let read = read_file(file, told.platform)?;
        let (title, count) = (read.platform.title(), read.records.len());
        eprintln!("{}: {title}, {count} calls", file.display());
        for error in &read.rejected {
            eprintln!("  left out: {error}");
            whole = false;
        }
        records.extend(read.records);
    }
    let mut out = BufWriter::new(std::io::stdout());
    let mut unfilled: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for record in join_records(records) {
        for lack in &record.unfilled {
            let key = (lack.field, lack.why.to_string());
            *unfilled.entry(key).or_default() += 1;
        }
        for warning in &record.warnings {
            eprintln!("  call {}: {warning}", record.call_id);
        }
        // Who read the rows may have left.
        if writeln!(out, "{}", row(&record, told.keep_identities)).is_err() {
            break;
        }
    }
    let _ = out.flush();
    for ((field, why), count) in unfilled {
        eprintln!("not filled, {field}: {why}: {count} calls");
    }
    Ok(whole)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("records: {error}");
            ExitCode::from(2)
        }
    }
}
