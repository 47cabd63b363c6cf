//! Measures one call: `cargo run --release --example features -- demo/demo-02.wav --agent-channel left
//! --transcript demo/demo-02.json`.
//!
//! The measurements go to standard output as JSON, everything else to standard error. Exit code 0:
//! the call was measured; 2: it was not, and why is said; 141: the reader of the output left.

use callcsi::batch::read_metadata;
use callcsi::call::{AgentChannel, Call, Side, TranscriptSource};
use callcsi::recognise::{Per, Recogniser};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::Span;
use callcsi::transcript::Format;
use callcsi::view::View;
use clap::Parser;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Measures one call: every feature, or the shape of another product.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A two-channel recording; it may be left out when there is a transcript.
    recording: Option<PathBuf>,
    /// The agent's channel: left, right or a preset, as amazon-connect. Also for transcripts that
    /// number channels.
    #[arg(long)]
    agent_channel: Option<AgentChannel>,
    /// A transcript of both sides, or two of one each: agent=FILE customer=FILE.
    #[arg(long, num_args = 1.., value_name = "[SIDE=]FILE")]
    transcript: Vec<String>,
    /// The format of the transcripts, when it shall not be detected.
    #[arg(long, value_name = "FORMAT")]
    transcript_format: Option<Format>,
    /// The agent's label in transcripts that name speakers without a role, as SPEAKER_01.
    #[arg(long)]
    agent_speaker: Option<String>,
    /// IVR, queue and hold facts of the call, as JSON.
    #[arg(long)]
    metadata: Option<PathBuf>,
    /// Length of the call, where neither a recording nor the transcript tells it.
    #[arg(long, value_name = "SECONDS")]
    duration: Option<f64>,
    /// The shape of the output: flat, salute, yandex, aws.
    #[arg(long, default_value = "flat")]
    view: View,
    /// A recogniser for a recording without a transcript, as 'recognise {wav} > {json}'. It is
    /// run for each side; {side} tells which.
    #[arg(long, value_name = "COMMAND")]
    asr_command: Option<String>,
    /// Run it once for both sides: its input has two channels, the agent's left.
    #[arg(long)]
    asr_whole_call: bool,
    /// How long it may run, in seconds.
    #[arg(long, default_value = "600", value_name = "SECONDS")]
    asr_timeout: u64,
    /// Where its output is kept.
    #[arg(long, default_value = "asr", value_name = "FOLDER")]
    asr_folder: PathBuf,
}

fn call_of(arguments: &Arguments) -> callcsi::Result<Call> {
    let name = arguments.recording.as_deref();
    let name = name.or(arguments.transcript.first().map(Path::new));
    let stem = name.and_then(Path::file_stem).unwrap_or_default();
    let mut call = Call::new(stem.to_string_lossy());
    if let (Some(recording), Some(channel)) = (&arguments.recording, arguments.agent_channel) {
        call = call.stereo(recording.as_path(), channel);
    }
    for text in &arguments.transcript {
        let (side, file) = match text.split_once('=') {
            Some(("agent", file)) => (Some(Side::Agent), file),
            Some(("customer", file)) => (Some(Side::Customer), file),
            _ => (None, text.as_str()),
        };
        let mut source = TranscriptSource::new(file);
        source.side = side;
        source.format = arguments.transcript_format.map(|f| f.name().to_owned());
        source.agent_channel = arguments.agent_channel;
        source.agent_speaker.clone_from(&arguments.agent_speaker);
        call = call.transcript_source(source);
    }
    if let Some(path) = &arguments.metadata {
        call = call.metadata(read_metadata(path)?);
    }
    call.duration = arguments.duration.and_then(Span::from_seconds);
    Ok(call)
}

fn run(arguments: &Arguments) -> callcsi::Result<String> {
    let mut extractor = Extractor::new(AnalysisSettings::default())?;
    if let Some(command) = &arguments.asr_command {
        let mut recogniser = Recogniser::new(command, &arguments.asr_folder)?
            .timeout(Duration::from_secs(arguments.asr_timeout));
        if arguments.asr_whole_call {
            recogniser = recogniser.per(Per::Call);
        }
        if let Some(format) = arguments.transcript_format {
            recogniser = recogniser.format(format);
        }
        extractor = extractor.with_recogniser(recogniser);
    }
    let found = extractor.extract(&call_of(arguments)?)?;
    let mut told = std::io::stderr().lock();
    if let Some(recording) = &found.recording {
        let _ = writeln!(told, "recording: {recording}");
    }
    for format in &found.transcript_formats {
        let _ = writeln!(told, "transcript: {format} ({})", format.title());
    }
    for warning in &found.warnings {
        let _ = writeln!(told, "warning: {}: {}", warning.code, warning.message);
    }
    let shown = arguments.view.show(&found, extractor.settings());
    Ok(format!("{shown:#}\n"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let complain = |message: &dyn std::fmt::Display| {
        let _ = writeln!(std::io::stderr(), "features: {message}");
        ExitCode::from(2)
    };
    if arguments.recording.is_none() && arguments.transcript.is_empty() {
        return complain(&"found neither a recording nor a transcript, wanted one of them");
    }
    if arguments.recording.is_some() && arguments.agent_channel.is_none() {
        return complain(
            &"found no --agent-channel, wanted left, right or a preset: the agent's channel is not guessed",
        );
    }
    if arguments
        .duration
        .is_some_and(|s| !(s >= 0.0 && s.is_finite()))
    {
        return complain(&"found --duration below 0 or no number, wanted seconds");
    }
    match run(&arguments) {
        Err(error) => complain(&error),
        Ok(shown) => match std::io::stdout().write_all(shown.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            // Who read the output has left, as `head` does: end as by the signal SIGPIPE.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(141),
            Err(error) => complain(&error),
        },
    }
}
