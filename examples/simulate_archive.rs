//! Writes an archive of simulated calls: manifest, transcripts, truth and, if wanted, sound.
//!
//! ```text
//! cargo run --release --example simulate_archive -- --out archive --calls 500 --seed 1 --audio mulaw
//! ```

use callcsi::simulate::archive::{MANIFEST_COLUMNS, TRUTH_COLUMNS, manifest_row, truth_row};
use callcsi::simulate::render::{RenderSettings, WavFormat, write_wav};
use callcsi::simulate::{SimulationSettings, Simulator};
use clap::{Parser, ValueEnum};
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Audio {
    None,
    Pcm,
    Mulaw,
}

/// Write an archive of simulated calls.
#[derive(Parser)]
struct Options {
    /// Directory to write to; made if it is not there.
    #[arg(long)]
    out: PathBuf,
    /// Calls to simulate.
    #[arg(long, default_value_t = 100)]
    calls: u64,
    /// Seed: the same seed gives the same archive.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Mean length of the talk in seconds, 20 to 7200 [default: the simulator's].
    #[arg(long)]
    mean_talk_s: Option<f64>,
    /// Sound to write, 8 kHz stereo WAV with the agent left.
    #[arg(long, value_enum, default_value = "none")]
    audio: Audio,
    /// Write only the calls whose customer answered the survey.
    #[arg(long)]
    surveyed_only: bool,
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut settings = SimulationSettings::seeded(options.seed);
    if let Some(mean) = options.mean_talk_s {
        settings.mean_talk_s = mean;
    }
    let simulator = Simulator::new(settings)?;
    std::fs::create_dir_all(&options.out)?;
    let mut manifest = csv::Writer::from_path(options.out.join("manifest.csv"))?;
    let mut truth = csv::Writer::from_path(options.out.join("truth.csv"))?;
    manifest.write_record(MANIFEST_COLUMNS)?;
    truth.write_record(TRUTH_COLUMNS)?;
    for call in simulator.calls(options.calls) {
        if options.surveyed_only && !call.satisfaction.answered {
            continue;
        }
        let format = match options.audio {
            Audio::None => None,
            Audio::Pcm => Some(WavFormat::Pcm16),
            Audio::Mulaw => Some(WavFormat::MuLaw),
        };
        let audio = format.map(|format| (format!("{}.wav", call.id), format));
        if let Some((name, format)) = &audio {
            let file = BufWriter::new(File::create(options.out.join(name))?);
            write_wav(file, &call, &RenderSettings::default(), *format)?;
        }
        let transcript = call.transcript.as_ref();
        let transcript = transcript.map(|t| (format!("{}.json", call.id), t.to_json()));
        if let Some((name, json)) = &transcript {
            std::fs::write(options.out.join(name), json)?;
        }
        let audio = audio.as_ref().map(|(name, _)| name.as_str());
        let transcript = transcript.as_ref().map(|(name, _)| name.as_str());
        manifest.write_record(manifest_row(&call, audio, transcript))?;
        truth.write_record(truth_row(&call))?;
    }
    manifest.flush()?;
    truth.flush()?;
    Ok(())
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulate_archive: {error}");
            ExitCode::from(2)
        }
    }
}
