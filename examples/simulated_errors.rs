//! How far measurements from sound are from the truth, on simulated calls, and what that costs the
//! estimate:
//!
//! ```text
//! cargo run --release --example simulated_errors -- --calls 60
//! ```

use callcsi::batch::{Threads, in_order};
use callcsi::call::{AgentChannel, Call, Input};
use callcsi::features::{FeatureVector, Value};
use callcsi::model::{Evaluation, Outcome};
use callcsi::score::Scorer;
use callcsi::simulate::render::{Bleed, Companding, RenderSettings, WavFormat, write_wav};
use callcsi::simulate::{SimulatedCall, SimulationSettings, Simulator};
use clap::Parser;
use std::io::Cursor;

/// Measure simulated calls from their sound and compare with the truth.
#[derive(Parser)]
struct Options {
    /// Calls to simulate.
    #[arg(long, default_value_t = 40)]
    calls: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Conditions to try: the first so many of the table.
    #[arg(long, default_value_t = 6)]
    conditions: usize,
}

const FEATURES: [&str; 6] = [
    "dialog_interruptions_raw_speech_length_sum",
    "dialog_interruptions_count",
    "agent_conv_start_last_sec",
    "customer_conv_start_last_sec",
    "agent_speech_length_sum",
    "customer_speech_length_sum",
];

fn conditions() -> [(&'static str, RenderSettings); 6] {
    let with = |change: fn(&mut RenderSettings)| {
        let mut settings = RenderSettings::default();
        settings.companding = Companding::None;
        change(&mut settings);
        settings
    };
    let bleed = |r: &mut RenderSettings| {
        let (gain_db, delay_ms) = (-30.0, 20.0);
        r.bleed = Some(Bleed { gain_db, delay_ms });
    };
    [
        ("clean", with(|_| {})),
        (
            "10 dB over noise",
            with(|r| r.noise_dbfs = r.level_dbfs.map(|level| level - 10.0)),
        ),
        ("µ-law", with(|r| r.companding = Companding::MuLaw)),
        ("A-law", with(|r| r.companding = Companding::ALaw)),
        ("bleed of −30 dB", with(bleed)),
        ("agent at −45 dBFS", with(|r| r.level_dbfs.agent = -45.0)),
    ]
}

/// The values of [`FEATURES`], and the probability that the customer is satisfied.
type Row = ([Option<f64>; 6], f64);

fn row(scorer: &Scorer, features: &FeatureVector) -> Row {
    let value = |name| match features.get(name) {
        Some(Ok(Value::Number(x))) => Some(*x),
        _ => None,
    };
    (
        FEATURES.map(value),
        scorer.predictor().predict(features).satisfied,
    )
}

/// Measures the truth first, then the sound under each condition; nothing has a transcript.
fn rows(scorer: &Scorer, call: &SimulatedCall, count: usize) -> callcsi::Result<Vec<Row>> {
    let extractor = scorer.extractor();
    let (speech, metadata) = (Some(&call.speech), &call.metadata);
    let truth = extractor.measure_speech(speech, None, call.duration, metadata)?;
    let mut rows = vec![row(scorer, &truth)];
    for (name, settings) in conditions().into_iter().take(count) {
        let mut wav = Cursor::new(Vec::new());
        write_wav(&mut wav, call, &settings, WavFormat::Pcm16)?;
        let (name, bytes) = (name.to_owned(), wav.into_inner().into());
        let heard =
            Call::new(call.id.as_str()).stereo(Input::Bytes { name, bytes }, AgentChannel::Left);
        let heard = extractor.extract(&heard.metadata(metadata.clone()))?;
        rows.push(row(scorer, &heard.features));
    }
    Ok(rows)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
    sum / f64::from(count)
}

fn auc(outcomes: impl Iterator<Item = (f64, bool)>) -> callcsi::Result<f64> {
    let outcome = |(probability, satisfied)| Outcome {
        probability,
        satisfied,
    };
    let outcomes: Vec<Outcome> = outcomes.map(outcome).collect();
    Ok(Evaluation::of(&outcomes, 0.5)?.roc_auc.unwrap_or(f64::NAN))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let simulator = Simulator::new(SimulationSettings::seeded(options.seed))?;
    let scorer = Scorer::builtin()?;
    let (mut calls, mut judged) = (Vec::new(), Vec::new());
    let work = |index| {
        let call = simulator.call(index);
        rows(&scorer, &call, options.conditions).map(|rows| (rows, call.satisfaction))
    };
    in_order(Threads::available(), 0..options.calls, work, |result| {
        let (rows, satisfaction) = result?;
        calls.push(rows);
        judged.push((satisfaction.probability, satisfaction.satisfied()));
        Ok(())
    })?;
    println!(
        "| condition | overlap, s | episodes | agent's start, s | customer's start, s | agent's talk | customer's talk | AUC |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for (i, (name, _)) in conditions().iter().take(options.conditions).enumerate() {
        print!("| {name} ");
        for f in 0..FEATURES.len() {
            let pair = |rows: &Vec<Row>| Some((rows[0].0[f]?, rows[i + 1].0[f]?));
            let pairs: Vec<(f64, f64)> = calls.iter().filter_map(pair).collect();
            let mut errors: Vec<f64> = pairs.iter().map(|(t, x)| x - t).collect();
            let (bias, size) = (
                mean(errors.iter().copied()),
                mean(errors.iter().map(|e| e.abs())),
            );
            errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let near = errors.partition_point(|e| e.abs() <= 0.5) as f64 / errors.len() as f64;
            let ratio = |p: &(f64, f64)| 100.0 * (p.1 / p.0 - 1.0);
            match f {
                0 | 1 => print!(
                    "| {bias:+.2} ± {size:.2} of {:.2} ",
                    mean(pairs.iter().map(|p| p.0))
                ),
                2 | 3 => print!(
                    "| {:.2}, {:.0} % ",
                    errors[errors.len() / 2].abs(),
                    100.0 * near
                ),
                _ => print!(
                    "| {:+.1} ± {:.1} % ",
                    mean(pairs.iter().map(ratio)),
                    mean(pairs.iter().map(|p| ratio(p).abs()))
                ),
            }
        }
        let heard = calls
            .iter()
            .zip(&judged)
            .map(|(rows, j)| (rows[i + 1].1, j.1));
        println!("| {:.4} |", auc(heard)?);
    }
    let truth = calls.iter().zip(&judged).map(|(rows, j)| (rows[0].1, j.1));
    println!(
        "\nAUC of the bundled model on the true speech: {:.4}",
        auc(truth)?
    );
    println!(
        "AUC of the true probability: {:.4}",
        auc(judged.iter().copied())?
    );
    Ok(())
}
