//! Prints what is heard of each side's syllables, level and pitch: `cargo run --release --example syllables -- a.wav`.
//!
//! A line of JSON for each side of each stereo recording, agent on the left: its speech and the
//! instants of its syllables, in seconds; the level of its voice, in dBFS; its pitch, instants in
//! seconds and Hz. `tests/oracle/syllables.py` and `tests/oracle/voice.py` read them.

use callcsi::audio;
use callcsi::call::{AgentChannel, Call, Side, Sides};
use callcsi::prosody::{PeakMeter, PitchMeter, Spread};
use callcsi::settings::AnalysisSettings;
use callcsi::vad::SpeechTracker;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Prints the speech and the syllables of each side.
#[derive(Parser)]
struct Arguments {
    /// Stereo recordings.
    files: Vec<PathBuf>,
}

fn run(arguments: Arguments) -> callcsi::Result<()> {
    let settings = AnalysisSettings::default();
    for file in arguments.files {
        let call = Call::new("file").stereo(file.clone(), AgentChannel::Left);
        let Some(recording) = call.recording else {
            continue;
        };
        let mut audio = audio::open(&recording)?;
        let rate = audio.sample_rate();
        let mut meters = Sides::from_fn(|_| PeakMeter::new(rate));
        let mut pitches = Sides::from_fn(|_| PitchMeter::new(rate));
        let mut agent = SpeechTracker::new(&settings, rate)?;
        let mut customer = SpeechTracker::new(&settings, rate)?;
        while let Some(block) = audio.next_block()? {
            agent.push(block.agent);
            customer.push(block.customer);
            meters.agent.push(block.agent);
            meters.customer.push(block.customer);
            pitches.agent.push(block.agent);
            pitches.customer.push(block.customer);
        }
        let heard = [
            (
                Side::Agent,
                agent.finish(),
                meters.agent.finish(),
                pitches.agent.finish(),
            ),
            (
                Side::Customer,
                customer.finish(),
                meters.customer.finish(),
                pitches.customer.finish(),
            ),
        ];
        for (side, speech, peaks, pitches) in heard {
            let numbers = |s: Spread| [s.low, s.median, s.high];
            let held = pitches.held(&speech);
            let held: Vec<(f64, f64)> = held.iter().map(|(t, hz)| (t.seconds(), *hz)).collect();
            let nuclei = peaks.nuclei(&speech);
            let line = serde_json::json!({
                "file": file,
                "side": side.to_string(),
                "speech": speech.segments(),
                "nuclei": nuclei.iter().map(|t| t.seconds()).collect::<Vec<_>>(),
                "level_dbfs": peaks.contour().spread(&speech).map(numbers),
                "pitch_hz": pitches.spread(&speech).map(numbers),
                "pitches": held,
            });
            println!("{line}");
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("syllables: {error}");
            ExitCode::from(2)
        }
    }
}
