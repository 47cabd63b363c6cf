//! Estimates the CSI of every call of an archive:
//! `cargo run --release --example score_archive -- demo/manifest.csv`.
//!
//! Rows go to standard output or `--out`, everything else to standard error. Exit code 0: every
//! call was scored; 1: some failed; 2: the command itself was wrong; 3: the run broke off, as on a full
//! disk, and `--resume` goes on; 130: it was told to stop (Ctrl-C, SIGTERM), and `--resume` goes on;
//! 141: the reader of the rows left.

mod arguments;
mod log;

use arguments::{Arguments, Format};
use callcsi::ErrorKind;
use callcsi::batch::{
    CsvRows, Destination, Ending, Event, History, JsonRows, Manifest, Mapping, Progress, RowFormat,
    Sink, Summary, TextRows, VconSink, check_output, estimated_rows, run,
};
use callcsi::model::{Model, Predictor};
use callcsi::recognise::Recogniser;
use callcsi::score::{Limits, Scorer};
use callcsi::timeline::Span;
use clap::Parser;
use log::{Log, say};
use serde_json::json;
use std::error::Error;
use std::io::ErrorKind::BrokenPipe;
use std::io::{BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What ended the command before its end.
enum Broken {
    /// It was told something that cannot be.
    Usage(Box<dyn Error>),
    /// Something went wrong on the way.
    Run(callcsi::Error),
}

impl<E: Into<Box<dyn Error>>> From<E> for Broken {
    fn from(error: E) -> Broken {
        Broken::Usage(error.into())
    }
}

fn scorer(told: &Arguments, format: Format) -> Result<Scorer, Box<dyn Error>> {
    let predictor = match &told.model {
        Some(path) => Predictor::new(Model::read(path)?),
        None => Predictor::builtin()?,
    };
    let longest = Span::from_seconds(3600.0 * told.longest).ok_or("--longest is no length")?;
    let time = Duration::try_from_secs_f64(told.call_timeout)?;
    let limits = Limits {
        longest: Some(longest),
        time: Some(time),
    };
    let mut scorer = Scorer::new(predictor)?.with_limits(limits);
    if let Some(command) = &told.asr_command {
        let beside = told.out.parent().unwrap_or(Path::new("")).join("asr");
        let folder = told.asr_folder.as_deref().unwrap_or(&beside);
        let timeout = Duration::from_secs(told.asr_timeout);
        scorer = scorer.with_recogniser(Recogniser::new(command, folder)?.timeout(timeout));
    }
    Ok(match format {
        Format::Jsonl | Format::Text => scorer.explaining(),
        _ => scorer,
    })
}

fn format(told: &Arguments) -> Result<Format, String> {
    let on_terminal = told.out.as_os_str() == "-" && std::io::stdout().is_terminal();
    let usual = match told.out.extension().and_then(|e| e.to_str()) {
        Some("csv") => Format::Csv,
        Some("txt") => Format::Text,
        #[cfg(feature = "parquet")]
        Some("parquet") => Format::Parquet,
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => {
            let out = told.out.display();
            return Err(format!(
                "{out}: Parquet is written when built with --features parquet"
            ));
        }
        _ if on_terminal && !told.stdin => Format::Text,
        _ => Format::Jsonl,
    };
    Ok(told.format.unwrap_or(usual))
}

fn open(told: &Arguments, mapping: &Mapping, log: &Log) -> Result<Manifest, Box<dyn Error>> {
    let open = || Manifest::open_mapped(told.input(), told.manifest_options(), mapping);
    let manifest = open()?;
    let columns = manifest.extra_columns();
    if !columns.is_empty() {
        let text = format!("columns without a meaning here, written with --keep: {columns:?}");
        log.tell("columns", &text, json!(columns));
    }
    for error in manifest.rejected_records() {
        log.tell("record", &error.to_string(), json!(null));
    }
    if !told.history {
        return Ok(manifest);
    }
    if told.input().as_os_str() == "-" {
        return Err("--history reads the manifest twice: write it to a file first".into());
    }
    let history = History::gather(open()?, &told.history_columns())?;
    let (known, unknown) = (history.known(), history.unknown());
    let text = format!(
        "history: {known} calls with a customer ({}) and a start, {unknown} without",
        told.customer_column
    );
    log.tell(
        "history",
        &text,
        json!({"known": known, "unknown": unknown}),
    );
    Ok(manifest.with_history(history))
}

fn work(told: &Arguments) -> Result<ExitCode, Broken> {
    let mut log = Log::new(told.log_format, told.quiet);
    let format = format(told)?;
    let scorer = scorer(told, format)?;
    let mapping = match &told.mapping {
        Some(path) => Mapping::read(path)?,
        None => Mapping::default(),
    };
    let manifest = open(told, &mapping, &log)?;
    let model = scorer.predictor().model();
    let rows: Box<dyn RowFormat> = match format {
        Format::Jsonl => Box::new(JsonRows::new(model, &told.keep)?),
        Format::Text => Box::new(TextRows::in_language(told.lang)),
        _ => Box::new(CsvRows::new(model, &told.keep)?),
    };
    let packed = !matches!(format, Format::Jsonl | Format::Csv | Format::Text);
    let to_stream = told.out.as_os_str() == "-";
    let destination = match (to_stream, packed) {
        (true, true) => return Err("Parquet goes to a file: give --out".into()),
        (true, false) => Destination::Stream(Box::new(BufWriter::new(std::io::stdout()))),
        (false, _) => {
            check_output(&told.out, &[told.input()])?;
            Destination::File(rows_of(&told.out, packed))
        }
    };
    let total = manifest
        .known_length()
        .or_else(|| estimated_rows(told.input()));
    let shards = told.shard.map_or(1, |shard| u64::from(shard.count()));
    let mut progress = Progress::new(total.map(|total| total / shards));
    let mut summary = Summary::new(model.label());
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        say("stopping when the calls at work are done; once more stops at once");
    })?;
    let vcons = told.vcon.as_ref();
    let vcons = vcons.map(|folder| VconSink::new(folder, model, Default::default()));
    let mut vcons = vcons.transpose()?;
    let mut watch = |event: Event<'_>| {
        progress.add(&event);
        if let Event::Row(outcome) = &event {
            summary.add(outcome);
            if let Some(vcons) = &mut vcons {
                vcons.write(outcome)?;
            }
        }
        log.event(&event, &progress);
        Ok(())
    };
    let options = told.run_options();
    let ran = run(
        &scorer,
        manifest,
        &*rows,
        destination,
        &options,
        &stop,
        &mut watch,
    );
    log.end();
    let ending = ran.map_err(|error| match error.kind() {
        // Something is in the way, and nothing was begun.
        ErrorKind::Mismatch => Broken::Usage(error.into()),
        _ => Broken::Run(error),
    })?;
    #[cfg(feature = "parquet")]
    if packed && ending == Ending::Done {
        let rows = rows_of(&told.out, true);
        let made = callcsi::batch::pack(&rows, &told.out, model, &told.keep);
        made.map_err(Broken::Run)?;
        callcsi::batch::remove_run(&rows).map_err(Broken::Run)?;
    }
    let standing = progress.standing();
    let facts = json!({
        "ending": ending.name(),
        "version": env!("CARGO_PKG_VERSION"),
        "model": {"name": model.name(), "fingerprint": model.fingerprint()},
        "settings": model.settings(),
        "input": told.input().display().to_string(),
        "out": told.out.display().to_string(),
        "shard": told.shard.map(|shard| shard.to_string()),
        "threads": options.threads.count(),
        "run": standing,
        "seconds_by_part": scorer.extractor().stopwatch(),
        "rows": summary.to_json(),
    });
    if let Some(path) = &told.summary {
        let text = format!("{facts:#}\n");
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let mut text = String::new();
    if standing.kept > 0 {
        let (kept, fresh) = (standing.kept, standing.done - standing.kept);
        text += &format!("{kept} rows taken from an earlier run, {fresh} done now:\n");
    }
    if standing.kept == 0 || standing.done > standing.kept {
        text += &summary.to_string();
    }
    log.tell("summary", &text, facts);
    Ok(match ending {
        Ending::Stopped => {
            log.tell("stopped", "stopped; --resume goes on", json!(null));
            ExitCode::from(130)
        }
        _ if progress.failed() > 0 && !told.stdin => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// Names the file that the rows are written to: the output, or one beside it that is packed at the end.
fn rows_of(out: &Path, packed: bool) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    if packed {
        name.push(".rows");
    }
    PathBuf::from(name)
}

fn main() -> ExitCode {
    match work(&Arguments::parse()) {
        Ok(code) => code,
        // Who read the rows has left, as `head` does. No fault: end as by the signal SIGPIPE.
        Err(Broken::Run(error)) if error.io_kind() == Some(BrokenPipe) => ExitCode::from(141),
        Err(Broken::Run(error)) => {
            say(&format!("score_archive: the run broke off: {error}"));
            ExitCode::from(3)
        }
        Err(Broken::Usage(error)) => {
            say(&format!("score_archive: {error}"));
            ExitCode::from(2)
        }
    }
}
