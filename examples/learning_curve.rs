//! How good a model is by how many calls it has learned from, on simulated calls whose true
//! probabilities are known: `cargo run --release --example learning_curve -- --out curve.csv`.
//!
//! For each number of calls, training sets that share no call are drawn from one pool, and each way of
//! training is judged on the same fresh calls: ROC area, log loss and calibration error. The last rows
//! are those of the true probabilities, the best that anyone can do. `--table` writes the calls
//! themselves, so that `training/compare` can let other software learn from the same sets.

use callcsi::features::{FeatureVector, Value, catalogue};
use callcsi::model::train::RECOMMENDED;
use callcsi::model::{
    Calibration, Choice, Evaluation, Example, LabelScale, Outcome, Predictor, Target, TrainOptions,
    Validation, train,
};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::simulate::{SimulatedCall, SimulationSettings, Simulator};
use clap::Parser;
use rayon::prelude::*;
use std::error::Error;
use std::path::PathBuf;

/// Trains on more and more simulated calls, and says how good it becomes.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Figures of each way, number of calls and set, as CSV.
    #[arg(long)]
    out: PathBuf,
    /// The calls: features, mark, true probability; training sets first, then those to judge by.
    #[arg(long)]
    table: Option<PathBuf>,
    /// Numbers of calls to learn from.
    #[arg(long, value_delimiter = ',', default_value = "200,1000,10000,100000")]
    sizes: Vec<usize>,
    /// Sets of each number, as far as the pool goes.
    #[arg(long, default_value_t = 20)]
    sets: usize,
    /// Calls to learn from in all.
    #[arg(long, default_value_t = 200_000)]
    pool: usize,
    /// Calls to judge by.
    #[arg(long, default_value_t = 20_000)]
    fresh: usize,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 77)]
    seed: u64,
}

struct Measured {
    call: SimulatedCall,
    features: FeatureVector,
}

/// The ways of training that are compared.
fn ways() -> Vec<(&'static str, TrainOptions)> {
    let mut linear = TrainOptions::default();
    linear.validation = Validation::None;
    // A few calls of two hundred are dissatisfied.
    linear.min_class_rows = 3;
    let mut chosen = linear.clone();
    let mut choice = Choice::default();
    choice.knots = vec![0];
    chosen.choice = Some(choice);
    let mut curves = linear.clone();
    curves.choice = Some(Choice::default());
    let mut calibrated = curves.clone();
    calibrated.calibration = Some(Calibration::Platt { folds: 5 });
    let mut marks = curves.clone();
    marks.target = Target::Marks;
    vec![
        ("linear, alpha 1", linear),
        ("linear, alpha chosen", chosen),
        ("curves", curves),
        ("curves, calibrated", calibrated),
        ("curves of marks", marks),
    ]
}

fn judged(fresh: &[Measured], probability: impl Fn(&Measured) -> f64 + Sync) -> [f64; 3] {
    let outcomes: Vec<Outcome> = (fresh.par_iter())
        .map(|m| Outcome {
            probability: probability(m),
            satisfied: m.call.satisfaction.satisfied(),
        })
        .collect();
    let figures = Evaluation::of(&outcomes, 0.5).expect("probabilities");
    [figures.roc_auc, figures.log_loss, figures.calibration_error]
        .map(|figure| figure.unwrap_or(f64::NAN))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let extractor = Extractor::new(AnalysisSettings::default())?;
    let simulator = Simulator::new(SimulationSettings::seeded(arguments.seed))?;
    let measured: Vec<Measured> = (0..(arguments.pool + arguments.fresh) as u64)
        .into_par_iter()
        .map(|index| {
            let call = simulator.call(index);
            let (speech, transcript) = (Some(&call.speech), call.transcript.as_ref());
            let features =
                extractor.measure_speech(speech, transcript, call.duration, &call.metadata)?;
            Ok(Measured { call, features })
        })
        .collect::<callcsi::Result<_>>()?;
    if let Some(path) = &arguments.table {
        write_table(path, &measured)?;
    }
    let (pool, fresh) = measured.split_at(arguments.pool);
    let mut out = csv::Writer::from_path(&arguments.out)?;
    out.write_record([
        "way",
        "calls",
        "set",
        "roc_auc",
        "log_loss",
        "calibration_error",
    ])?;
    let mut row = |way: &str, calls: usize, set: usize, figures: [f64; 3]| {
        let figures = figures.map(|figure| figure.to_string());
        let front = [way.to_owned(), calls.to_string(), set.to_string()];
        out.write_record(front.iter().chain(&figures))?;
        out.flush()
    };
    for &size in &arguments.sizes {
        for (set, calls) in pool.chunks_exact(size).take(arguments.sets).enumerate() {
            let examples: Vec<Example<'_>> = (calls.iter())
                .map(|m| {
                    let mark = i64::from(m.call.satisfaction.mark);
                    Example::new(m.call.id.clone(), &m.features, mark)
                })
                .collect();
            let satisfied = calls
                .iter()
                .filter(|m| m.call.satisfaction.satisfied())
                .count();
            let share = satisfied as f64 / size as f64;
            row("majority", size, set, judged(fresh, |_| share))?;
            for (way, options) in ways() {
                let label = LabelScale::ONE_TO_FIVE;
                let model = train(&examples, &label, extractor.settings(), &options)?;
                let predictor = Predictor::new(model);
                let predict = |m: &Measured| predictor.predict(&m.features).satisfied;
                row(way, size, set, judged(fresh, predict))?;
            }
            eprintln!("{size} calls, set {}", set + 1);
        }
    }
    let truth = judged(fresh, |m| m.call.satisfaction.probability);
    row("truth", 0, 0, truth)?;
    Ok(())
}

fn write_table(path: &PathBuf, measured: &[Measured]) -> Result<(), Box<dyn Error>> {
    let mut out = csv::Writer::from_path(path)?;
    let places: Vec<usize> = RECOMMENDED
        .iter()
        .filter_map(|name| catalogue().iter().position(|f| f.name[..] == **name))
        .collect();
    let own = ["mark", "satisfied", "probability"];
    out.write_record(own.iter().chain(&RECOMMENDED))?;
    for m in measured {
        let satisfaction = &m.call.satisfaction;
        let mut row = vec![
            satisfaction.mark.to_string(),
            u8::from(satisfaction.satisfied()).to_string(),
            satisfaction.probability.to_string(),
        ];
        row.extend(places.iter().map(|&i| match &m.features.values()[i] {
            Ok(Value::Number(x)) => x.to_string(),
            Ok(Value::Category(word)) => word.to_string(),
            Err(_) => String::new(),
        }));
        out.write_record(row)?;
    }
    Ok(out.flush()?)
}
