//! Plays a recording as if it were a call that goes on, and says what it comes to so far:
//! `cargo run --release --example live -- demo/demo-02.wav --agent-channel left
//! --transcript demo/demo-02.json --speed 10`.
//!
//! Sound comes in packets of 20 ms, an utterance when it has ended. Exit code 0: the call was played to
//! its end; 2: it was not, and why is said; 141: the reader of the output left.

mod common;

use callcsi::audio;
use callcsi::call::{AgentChannel, Metadata, Recording, Side, TranscriptSource};
use callcsi::score::{Assessment, LiveCall, Scorer};
use callcsi::timeline::{Span, Time};
use callcsi::transcript;
use clap::Parser;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Plays a recording as a call that goes on, and says what it comes to so far.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A two-channel recording.
    recording: PathBuf,
    /// The agent's channel: left, right or a preset, as amazon-connect.
    #[arg(long)]
    agent_channel: AgentChannel,
    /// A transcript of both sides.
    #[arg(long)]
    transcript: Option<PathBuf>,
    /// How many seconds of the call are played in one.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// After how many seconds of the call it is asked again.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    every: f64,
}

fn main() -> ExitCode {
    match play(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if common::reader_left(&*error) => ExitCode::from(141),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn play(arguments: &Arguments) -> common::Fallible<()> {
    let agent_channel = arguments.agent_channel;
    let input = arguments.recording.clone().into();
    let mut audio = audio::open(&Recording::Stereo {
        input,
        agent_channel,
    })?;
    let source = arguments.transcript.clone().map(TranscriptSource::new);
    let mut said = transcript::read(source.as_slice(), Some(agent_channel))?.transcript;
    said.utterances.sort_by_key(|u| u.segment.end());
    let mut said = said.utterances.into_iter().peekable();

    let id = arguments.recording.display().to_string();
    let (rate, facts) = (audio.sample_rate(), Metadata::default());
    let mut call = LiveCall::new(Arc::new(Scorer::builtin()?), id, rate, facts)?;
    let (started, mut ask_at) = (Instant::now(), arguments.every);
    while let Some(block) = audio.next_block()? {
        let packets = |samples| <[f32]>::chunks(samples, rate as usize / 50);
        for (agent, customer) in packets(block.agent).zip(packets(block.customer)) {
            call.push(agent, customer)?;
            let now = call.duration();
            while let Some(ended) = said.next_if(|u| u.segment.end() - Time::ZERO <= now) {
                call.push_utterance(ended);
            }
            let due = Duration::try_from_secs_f64(now.seconds() / arguments.speed)?;
            std::thread::sleep(due.saturating_sub(started.elapsed()));
            if now.seconds() >= ask_at {
                tell(&call.so_far()?, now)?;
                ask_at = now.seconds() + arguments.every;
            }
        }
    }
    said.for_each(|utterance| call.push_utterance(utterance));
    let now = call.duration();
    Ok(tell(&call.finish()?, now)?)
}

/// Writes when, the CSI, who talks and the strongest reason.
fn tell(found: &Assessment, now: Span) -> std::io::Result<()> {
    let talks = |side: &Side| {
        let hearing = found.measurements.hearing.as_ref();
        let last = hearing.and_then(|h| h.speech.get(*side).extent());
        last.is_some_and(|last| Time::ZERO + now - last.end() < Span::from_millis(500))
    };
    let talking: Vec<&str> = (Side::BOTH.into_iter().filter(talks).map(Side::name)).collect();
    let reasons = found.prediction.contributions.iter();
    let strongest = reasons.max_by(|a, b| a.log_odds.abs().total_cmp(&b.log_odds.abs()));
    let reason = strongest.map(|r| format!("{:+.2} {}", r.log_odds, r.feature.name));
    let (seconds, csi, talking) = (now.seconds(), found.prediction.csi, talking.join(", "));
    let reason = reason.unwrap_or_default();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{seconds:7.1} s  CSI {csi:.2}  {talking:<15}  {reason}"
    )?;
    out.flush()
}
