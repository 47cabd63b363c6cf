//! How good a model is by how many calls it has learned from, on simulated calls whose true
//! probabilities are known: `cargo run --release --example learning_curve -- --out curve.csv`.
//!
//! For each number of calls, training sets that share no call are drawn from one pool, and each way of
//! training is judged on the same fresh calls: ROC area, log loss and calibration error of satisfaction,
//! mean absolute error and quadratic weighted kappa of the mark. The last rows
//! are those of the true probabilities, the best that anyone can do. With `--priors` models also start from
//! others: the bundled one, whose effects are those of the simulation, and one of a centre where effects are
//! half as large, calls wait three times as long and are put on hold twice as often. `--table` writes the calls
//! themselves, so that `training/compare` can let other software learn from the same sets.

use callcsi::features::{FeatureVector, Value, catalogue};
use callcsi::model::train::RECOMMENDED;
use callcsi::model::{
    Calibration, Choice, Evaluation, Example, LabelScale, MarkEvaluation, MarkOutcome, Model,
    Outcome, Predictor, Target, TrainOptions, Validation, train,
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
    /// Also start from priors.
    #[arg(long)]
    priors: bool,
    /// Only the ways whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 77)]
    seed: u64,
}

struct Measured {
    call: SimulatedCall,
    features: FeatureVector,
}

/// The ways of training that are compared.
fn ways(priors: &[(&'static str, Model)]) -> Vec<(&'static str, TrainOptions)> {
    let mut linear = TrainOptions::default();
    linear.threads = std::thread::available_parallelism().map_or(1, usize::from);
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
    let mut ways = vec![
        ("linear, alpha 1", linear),
        ("linear, alpha chosen", chosen),
        ("curves", curves),
        ("curves, calibrated", calibrated),
        ("curves of marks", marks.clone()),
    ];
    for (name, prior) in priors {
        let mut with_prior = marks.clone();
        with_prior.prior = Some(prior.clone());
        ways.push((*name, with_prior));
    }
    ways
}

/// A model of 10,000 calls of a centre where much is otherwise.
fn other_centre(extractor: &Extractor) -> Result<Model, Box<dyn Error>> {
    let mut settings = SimulationSettings::seeded(4_711);
    settings.effect_scale *= 0.5;
    settings.mean_wait_s *= 3.0;
    settings.with_hold = (2.0 * settings.with_hold).min(1.0);
    let measured = measure(&Simulator::new(settings)?, extractor, 10_000)?;
    let mut options = TrainOptions::default();
    (options.target, options.knots, options.alpha) = (Target::Marks, 3, 30.0);
    options.validation = Validation::None;
    let label = LabelScale::ONE_TO_FIVE;
    Ok(train(
        &examples(&measured),
        &label,
        extractor.settings(),
        &options,
    )?)
}

fn measure(
    simulator: &Simulator,
    extractor: &Extractor,
    calls: u64,
) -> callcsi::Result<Vec<Measured>> {
    let measure = |index| {
        let call = simulator.call(index);
        let (speech, transcript) = (Some(&call.speech), call.transcript.as_ref());
        let features =
            extractor.measure_speech(speech, transcript, call.duration, &call.metadata)?;
        Ok(Measured { call, features })
    };
    (0..calls).into_par_iter().map(measure).collect()
}

fn examples(calls: &[Measured]) -> Vec<Example<'_>> {
    let mut examples = Vec::with_capacity(calls.len());
    for m in calls {
        let mark = i64::from(m.call.satisfaction.mark);
        examples.push(Example::new(m.call.id.clone(), &m.features, mark));
    }
    examples
}

/// Figures of probabilities and expected marks, with the likely mark where it is known.
fn judged(
    fresh: &[Measured],
    predict: impl Fn(&Measured) -> (f64, f64, Option<i64>) + Sync,
) -> [f64; 5] {
    let said: Vec<(f64, f64, Option<i64>)> = fresh.par_iter().map(&predict).collect();
    let outcomes: Vec<Outcome> = (fresh.iter().zip(&said))
        .map(|(m, said)| Outcome {
            probability: said.0,
            satisfied: m.call.satisfaction.satisfied(),
        })
        .collect();
    let label = LabelScale::ONE_TO_FIVE;
    let marks: Vec<MarkOutcome> = (fresh.iter().zip(&said))
        .map(|(m, (_, csi, likely))| {
            let mark = i64::from(m.call.satisfaction.mark);
            let rounded = MarkOutcome::rounded(*csi, mark, &label);
            let likely = likely.unwrap_or(rounded.likely);
            MarkOutcome { likely, ..rounded }
        })
        .collect();
    let figures = Evaluation::of(&outcomes, 0.5).expect("probabilities");
    let of_marks = MarkEvaluation::of(&marks, &label).expect("expected marks");
    [
        figures.roc_auc,
        figures.log_loss,
        figures.calibration_error,
        of_marks.mean_absolute_error,
        of_marks.quadratic_kappa,
    ]
    .map(|figure| figure.unwrap_or(f64::NAN))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let extractor = Extractor::new(AnalysisSettings::default())?;
    let simulator = Simulator::new(SimulationSettings::seeded(arguments.seed))?;
    let calls = (arguments.pool + arguments.fresh) as u64;
    let measured = measure(&simulator, &extractor, calls)?;
    let mut priors = Vec::new();
    if arguments.priors {
        let builtin = Predictor::builtin()?.model().clone();
        priors.push(("curves of marks, prior of the same effects", builtin));
        let other = other_centre(&extractor)?;
        priors.push(("curves of marks, prior of another centre", other));
    }
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
        "mean_absolute_error",
        "quadratic_kappa",
    ])?;
    let mut row = |way: &str, calls: usize, set: usize, figures: [f64; 5]| {
        let figures = figures.map(|figure| figure.to_string());
        let front = [way.to_owned(), calls.to_string(), set.to_string()];
        out.write_record(front.iter().chain(&figures))?;
        out.flush()
    };
    for &size in &arguments.sizes {
        for (set, calls) in pool.chunks_exact(size).take(arguments.sets).enumerate() {
            let examples = examples(calls);
            let satisfied = (calls.iter())
                .filter(|m| m.call.satisfaction.satisfied())
                .count();
            let share = satisfied as f64 / size as f64;
            let mean = examples.iter().map(|e| e.mark).sum::<i64>() as f64 / size as f64;
            row(
                "majority",
                size,
                set,
                judged(fresh, |_| (share, mean, None)),
            )?;
            for (way, options) in ways(&priors) {
                if !way.contains(&arguments.only) {
                    continue;
                }
                let label = LabelScale::ONE_TO_FIVE;
                let model = train(&examples, &label, extractor.settings(), &options)?;
                let predictor = Predictor::new(model);
                let predict = |m: &Measured| {
                    let p = predictor.predict(&m.features);
                    (p.satisfied, p.csi, p.likely_mark(&label))
                };
                row(way, size, set, judged(fresh, predict))?;
            }
            eprintln!("{size} calls, set {}", set + 1);
        }
    }
    // Of the true marks only the cut at 4 is known.
    let truth = judged(fresh, |m| (m.call.satisfaction.probability, 3.0, None));
    row(
        "truth",
        0,
        0,
        [truth[0], truth[1], truth[2], f64::NAN, f64::NAN],
    )?;
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
