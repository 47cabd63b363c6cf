//! Draws one call: `cargo run --release --example picture -- demo/demo-02.wav --agent-channel left
//! --transcript demo/demo-02.json --out target/call.svg`.
//!
//! What is in the picture says [`callcsi::report::picture`]; no word of the call is. Exit code 0: the call was
//! drawn; 2: it was not, and why is said.

use callcsi::batch::read_metadata;
use callcsi::call::{AgentChannel, Call};
use callcsi::features::Lang;
use callcsi::report::picture::{CallPicture, Form, PictureOptions};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::{Span, Time};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Draws one call as SVG.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A two-channel recording; a call without one is drawn from its transcript.
    #[arg(required_unless_present = "transcript", requires = "agent_channel")]
    recording: Option<PathBuf>,
    /// The agent's channel: left, right or a preset, as amazon-connect.
    #[arg(long)]
    agent_channel: Option<AgentChannel>,
    /// A transcript of both sides.
    #[arg(long)]
    transcript: Option<PathBuf>,
    /// IVR, queue and hold facts of the call, as JSON; they are drawn.
    #[arg(long)]
    metadata: Option<PathBuf>,
    /// The detector, by its name in settings: silero-1, fast-1, earshot-1, …
    #[arg(long, default_value = "silero-1")]
    detector: String,
    /// Where the picture begins, in seconds; with the call and what was before it, unless given.
    #[arg(long)]
    from: Option<f64>,
    /// Where it ends; with the call, unless given.
    #[arg(long)]
    to: Option<f64>,
    /// How many seconds stand in a row; a minute, or more of a long call, unless given.
    #[arg(long)]
    row: Option<f64>,
    /// The whole call in one small row.
    #[arg(long)]
    compact: bool,
    /// The language: en or ru.
    #[arg(long, default_value = "en")]
    lang: Lang,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

fn draw(arguments: &Arguments) -> Fallible<String> {
    let mut settings = AnalysisSettings::default();
    settings.detector = serde_json::from_value(arguments.detector.as_str().into())
        .map_err(|error| format!("--detector: {error}"))?;
    let file = (arguments.recording.as_ref()).or(arguments.transcript.as_ref());
    let name = file.and_then(|path| path.file_name()).unwrap_or_default();
    let mut call = Call::new(name.to_string_lossy());
    if let (Some(path), Some(agent)) = (&arguments.recording, arguments.agent_channel) {
        call = call.stereo(path.as_path(), agent);
    }
    if let Some(path) = &arguments.transcript {
        call = call.transcript(path.as_path());
    }
    if let Some(path) = &arguments.metadata {
        call = call.metadata(read_metadata(path)?);
    }
    let seconds = |name: &str, given: Option<f64>| -> Fallible<Option<Span>> {
        let span = |value| {
            let span = Span::from_seconds(value).filter(|span| *span >= Span::ZERO);
            span.ok_or_else(|| format!("--{name}: found {value}, wanted seconds, 0 or more"))
        };
        Ok(given.map(span).transpose()?)
    };
    let mut options = PictureOptions::default();
    options.form = if arguments.compact {
        Form::Compact
    } else {
        Form::Full
    };
    options.from = seconds("from", arguments.from)?.map(|span| Time::ZERO + span);
    options.to = seconds("to", arguments.to)?.map(|span| Time::ZERO + span);
    options.row = seconds("row", arguments.row)?;
    let measured = Extractor::new(settings.clone())?.extract(&call)?;
    for warning in &measured.warnings {
        eprintln!("warning: {}: {}", warning.code, warning.message);
    }
    let picture = CallPicture::of(&call, &measured, &settings, arguments.lang, &options)?;
    Ok(picture.svg_document())
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let drawn = draw(arguments)?;
    let path = &arguments.out;
    Ok(std::fs::write(path, drawn).map_err(|e| format!("{}: {e}", path.display()))?)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("picture: {error}");
            ExitCode::from(2)
        }
    }
}
