//! Estimates the CSI of every call of an archive:
//! `cargo run --release --example score_archive -- demo/manifest.csv`.
//!
//! Rows go to standard output or `--out`, everything else to standard error. Exit code 0: every
//! call was scored; 1: some failed; 2: the command itself was wrong; 141: the reader of the rows left.

use callcsi::batch::{
    CsvSink, Entry, JsonSink, Manifest, ManifestOptions, Mapping, Sink, Summary, TextSink, Threads,
    VconSink, VconSources, score_all,
};
use callcsi::call::AgentChannel;
use callcsi::features::Lang;
use callcsi::model::Predictor;
use callcsi::recognise::Recogniser;
use callcsi::score::Scorer;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::io::ErrorKind::BrokenPipe;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Estimates the CSI of every call of an archive, with reasons.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A manifest (CSV, JSON Lines or, built with --features parquet, Parquet, with a column call_id),
    /// or a folder of recordings.
    input: PathBuf,
    /// Where the rows go; `-` is standard output.
    #[arg(short, long, default_value = "-")]
    out: PathBuf,
    /// Shape of the rows [default: text on a terminal, else by the ending of --out, else jsonl].
    /// Parquet, which ends with its directory, goes to a file.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The language of the text format: en, ru.
    #[arg(long, default_value = "en")]
    lang: Lang,
    /// A model made by `retrain` [default: the bundled one, which knows no real customers].
    #[arg(long)]
    model: Option<PathBuf>,
    /// The agent's channel where the manifest does not declare it: left, right, amazon-connect,
    /// aws-pca, azure-voice, sarvam, verint, twilio-inbound, twilio-outbound, freeswitch-inbound,
    /// freeswitch-outbound.
    #[arg(long)]
    agent_channel: Option<AgentChannel>,
    /// The agent's label in transcripts that name speakers without a role, as SPEAKER_01.
    #[arg(long)]
    agent_speaker: Option<String>,
    /// The format of transcripts, where the manifest does not tell it and it shall not be detected.
    #[arg(long, value_name = "FORMAT")]
    transcript_format: Option<callcsi::transcript::Format>,
    /// What the columns of the manifest and the facts mean (TOML), where they have other names or units.
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// IVR, queue and hold facts by call_id, for a folder of recordings.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// Columns of the manifest to carry into the rows; they may hold personal data.
    #[arg(long, value_delimiter = ',')]
    keep: Vec<String>,
    /// A recogniser for recordings without a transcript, as 'recognise {wav} > {json}'; it is run
    /// for each side on 16-bit PCM at 16 kHz.
    #[arg(long, value_name = "COMMAND")]
    asr_command: Option<String>,
    /// How long one run of it may take, in seconds.
    #[arg(long, default_value = "600", value_name = "SECONDS")]
    asr_timeout: u64,
    /// Where its output is kept [default: beside --out, else asr].
    #[arg(long, value_name = "FOLDER")]
    asr_folder: Option<PathBuf>,
    /// Where a vCon goes for every scored call, beside the rows: the one it came from, with the estimate
    /// added, or a new one.
    #[arg(long, value_name = "FOLDER")]
    vcon: Option<PathBuf>,
    /// Threads [default: one for each processor].
    #[arg(short, long)]
    jobs: Option<usize>,
    /// No summary and no progress.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
    Text,
    #[cfg(feature = "parquet")]
    Parquet,
}

fn run(arguments: &Arguments) -> Result<u64, Box<dyn Error>> {
    let predictor = match &arguments.model {
        Some(path) => Predictor::new(callcsi::model::Model::read(path)?),
        None => Predictor::builtin()?,
    };
    let mut scorer = Scorer::new(predictor)?;
    if let Some(command) = &arguments.asr_command {
        let beside = arguments.out.parent().unwrap_or(Path::new("")).join("asr");
        let folder = arguments.asr_folder.as_deref().unwrap_or(&beside);
        let timeout = Duration::from_secs(arguments.asr_timeout);
        scorer = scorer.with_recogniser(Recogniser::new(command, folder)?.timeout(timeout));
    }
    let options = ManifestOptions {
        agent_channel: arguments.agent_channel,
        agent_speaker: arguments.agent_speaker.clone(),
        transcript_format: arguments.transcript_format,
        facts: arguments.facts.clone(),
    };
    let mapping = match &arguments.mapping {
        Some(path) => Mapping::read(path)?,
        None => Mapping::default(),
    };
    let manifest = Manifest::open_mapped(&arguments.input, options, &mapping)?;
    if !manifest.extra_columns().is_empty() && !arguments.quiet {
        let columns = manifest.extra_columns();
        tell(format_args!(
            "columns without a meaning here, written with --keep: {columns:?}\n"
        ));
    }
    let mut writer: Box<dyn Write + Send> = match arguments.out.to_str() {
        Some("-") => Box::new(BufWriter::new(std::io::stdout())),
        _ => Box::new(BufWriter::new(callcsi::batch::create(
            &arguments.out,
            &[&arguments.input],
        )?)),
    };
    let on_terminal = arguments.out.as_os_str() == "-" && std::io::stdout().is_terminal();
    let usual = match arguments.out.extension().and_then(|e| e.to_str()) {
        Some("csv") => Format::Csv,
        Some("txt") => Format::Text,
        #[cfg(feature = "parquet")]
        Some("parquet") => Format::Parquet,
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => {
            let out = arguments.out.display();
            return Err(
                format!("{out}: Parquet is written when built with --features parquet").into(),
            );
        }
        _ if on_terminal => Format::Text,
        _ => Format::Jsonl,
    };
    let format = arguments.format.unwrap_or(usual);
    if matches!(format, Format::Jsonl | Format::Text) {
        scorer = scorer.explaining();
    }
    let model = scorer.predictor().model();
    let mut sink: Box<dyn Sink> = match format {
        Format::Jsonl => Box::new(JsonSink::new(&mut writer, model, &arguments.keep)?),
        Format::Csv => Box::new(CsvSink::new(&mut writer, model, &arguments.keep)?),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(callcsi::batch::ParquetSink::new(
            &mut writer,
            model,
            &arguments.keep,
        )?),
        Format::Text => Box::new(TextSink::in_language(&mut writer, arguments.lang)),
    };
    let progress = match std::io::stderr().is_terminal() && !arguments.quiet {
        true => ProgressBar::no_length(),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{pos} calls, {per_sec}, {elapsed}") {
        progress.set_style(style);
    }
    let sources = VconSources::default();
    let mut entries: Box<dyn Iterator<Item = Entry>> = Box::new(manifest);
    let mut vcons = None;
    if let Some(folder) = &arguments.vcon {
        entries = Box::new(sources.watch(entries));
        vcons = Some(VconSink::new(folder, model, Default::default(), sources)?);
    }
    let mut summary = Summary::new(model.label());
    let threads = arguments.jobs.map_or_else(Threads::available, Threads::of);
    score_all(&scorer, entries, threads, |outcome| {
        summary.add(&outcome);
        progress.inc(1);
        if let Some(vcons) = &mut vcons {
            vcons.write(&outcome)?;
        }
        sink.write(&outcome)
    })?;
    sink.flush()?;
    progress.finish_and_clear();
    if !arguments.quiet {
        tell(format_args!("{summary}"));
    }
    Ok(summary.failed())
}

/// Writes to standard error, if anyone listens there.
fn tell(message: std::fmt::Arguments<'_>) {
    let _ = std::io::stderr().write_fmt(message);
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<callcsi::Error>();
    error.is_some_and(|error| error.io_kind() == Some(BrokenPipe))
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        // Who read the rows has left, as `head` does. No fault: end as by the signal SIGPIPE.
        Err(error) if is_broken_pipe(&*error) => ExitCode::from(141),
        Err(error) => {
            tell(format_args!("score_archive: {error}\n"));
            ExitCode::from(2)
        }
    }
}
