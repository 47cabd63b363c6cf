//! Makes the bundled model and its card from simulated calls:
//! `cargo run --release --example train_builtin` writes `models/builtin.{json,md}`;
//! with `--check` it compares instead, and fails when they differ by more than rounding.

use callcsi::model::train::RECOMMENDED;
use callcsi::model::{Example, LabelScale, Model, Outcome, Predictor, Target, TrainOptions, train};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::simulate::{SimulatedCall, SimulationSettings, Simulator};
use clap::Parser;
use std::error::Error;

/// Makes the bundled model and its card.
#[derive(Parser)]
struct Arguments {
    /// Simulated calls to learn from, all of them with a mark.
    #[arg(long, default_value_t = 20_000)]
    calls: u64,
    /// Compare with the files instead of writing them.
    #[arg(long)]
    check: bool,
}

/// Fresh calls are drawn from here on; training stays below.
const FRESH: u64 = 1_000_000;

fn measure(
    extractor: &Extractor,
    call: &SimulatedCall,
) -> callcsi::Result<callcsi::features::FeatureVector> {
    extractor.measure_speech(
        Some(&call.speech),
        call.transcript.as_ref(),
        call.duration,
        &call.metadata,
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let extractor = Extractor::new(AnalysisSettings::default())?;
    let simulator = Simulator::new(SimulationSettings::seeded(2026))?;
    let mut measured = Vec::new();
    for call in simulator.calls(arguments.calls) {
        measured.push((
            call.id.clone(),
            measure(&extractor, &call)?,
            call.satisfaction.mark,
        ));
    }
    let examples: Vec<Example<'_>> = measured
        .iter()
        .map(|(id, features, mark)| Example::new(id.clone(), features, i64::from(*mark)))
        .collect();

    let mut options = TrainOptions::default();
    options.name = "builtin".to_owned();
    options.target = Target::Marks;
    options.knots = 3;
    // Many of the features tell the same story. A penalty this heavy costs little and keeps each sign
    // what a reader expects, so that the reasons read well.
    options.alpha = 200.0;
    options.threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Names of IVR nodes mean something at one centre only.
    options.features = RECOMMENDED
        .iter()
        .filter(|f| **f != "ivr_last_node")
        .map(|f| (*f).to_owned())
        .collect();
    options.source = format!(
        "{} calls of callcsi's simulator, seed 2026, every one of them with a mark; speech as \
         simulated, not as heard; causes and effects as listed in the documentation of \
         `simulate::satisfaction`, sizes invented",
        arguments.calls
    );
    options.warning = Some(
        "This model knows no real customers: it was trained on simulated calls whose effects were \
         invented. It shows what the program does. Retrain it on your own marks before you believe \
         a single estimate."
            .to_owned(),
    );
    let model = train(
        &examples,
        &LabelScale::ONE_TO_FIVE,
        extractor.settings(),
        &options,
    )?;

    // How well it does on calls it has not seen, beside the best that anyone could do.
    let predictor = Predictor::new(model.clone());
    let (mut ours, mut best) = (Vec::new(), Vec::new());
    for index in FRESH..FRESH + 20_000 {
        let call = simulator.call(index);
        let satisfied = call.satisfaction.satisfied();
        let probability = predictor.predict(&measure(&extractor, &call)?).satisfied;
        ours.push(Outcome {
            probability,
            satisfied,
        });
        best.push(Outcome {
            probability: call.satisfaction.probability,
            satisfied,
        });
    }
    let auc = |outcomes: &[Outcome]| -> callcsi::Result<f64> {
        Ok(callcsi::model::Evaluation::of(outcomes, 0.5)?
            .roc_auc
            .unwrap_or(f64::NAN))
    };
    let ceiling = format!(
        "\n## How well it can do at best\n\nOn 20,000 fresh simulated calls its AUC is {:.3}. The \
         true probability of each of those calls, from every cause and none withheld, has {:.3}: \
         the Bayes ceiling of the simulation. The rest is chance: what the simulated customers, \
         operators and calls add of their own. On real customers nothing is known.\n",
        auc(&ours)?,
        auc(&best)?
    );
    let card = model.card() + &ceiling;
    let (json, page) = ("models/builtin.json", "models/builtin.md");
    if !arguments.check {
        model.write(json)?;
        std::fs::write(page, card)?;
        println!("{}", ceiling.trim());
        return Ok(());
    }
    let kept = Model::read(json)?;
    let weights = |m: &Model| {
        m.cuts()
            .iter()
            .flat_map(|c| c.weights.clone())
            .collect::<Vec<_>>()
    };
    let pairs = weights(&kept).into_iter().zip(weights(&model));
    // Another C library may round exp and ln otherwise in the last digit.
    let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    if weights(&kept).len() != weights(&model).len() || apart > 1e-4 {
        return Err(format!("models/builtin.json differs by {apart} from what trains now").into());
    }
    println!("models/builtin.json is what trains now (largest difference {apart:e})");
    Ok(())
}
