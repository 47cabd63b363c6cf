//! Trains a model on a centre's own marks:
//! `cargo run --release --example retrain -- results.csv --out model.json --card model.md`.

use callcsi::batch::{ManifestOptions, Threads, create, read_labelled};
use callcsi::call::AgentChannel;
use callcsi::features::{Source, catalogue, position};
use callcsi::model::{
    Calibration, Choice, Example, LabelScale, Model, Predictor, Target, TrainOptions, train,
};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use clap::Parser;
use std::collections::HashSet;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

/// Trains a model on the marks of a table of results, a manifest or a folder with --facts.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// CSV results of score_archive with marks, or a manifest whose calls are to be measured.
    input: PathBuf,
    /// The model file.
    #[arg(short, long)]
    out: PathBuf,
    /// A page in Markdown that says what the model knows and how well.
    #[arg(long)]
    card: Option<PathBuf>,
    /// Name of the model.
    #[arg(long, default_value = "retrained")]
    name: String,
    /// What the calls are: which centre, which months, who was asked.
    #[arg(long, default_value = "not stated")]
    source: String,
    /// The marks: 1..5 (satisfied from 4, dissatisfied up to 2), 1..10 or 0..10 (8, 6), or all four
    /// as 1,5,4,2.
    #[arg(long, default_value = "1..5")]
    scale: Scale,
    /// What the model answers: the distribution over marks, or whether the customer is satisfied.
    #[arg(long, default_value = "marks", value_parser = ["marks", "satisfied"])]
    target: String,
    /// Features to learn from: essay, call_features, all, a file with a name on each line, or names
    /// [default: the essay's, and what turn-taking gives on most calls].
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Features to leave out.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Penalty on the squared weights, 1/C of scikit-learn [default: chosen by cross-validation].
    #[arg(long)]
    alpha: Option<f64>,
    /// Knots of each number's curve; 0 makes straight lines [default: chosen by cross-validation].
    #[arg(long)]
    knots: Option<u64>,
    /// Calibrate on the scores of so many folds.
    #[arg(long)]
    calibrate: Option<u64>,
    /// Column whose equal values stay together in the hold-out, as customer_id.
    #[arg(long)]
    group: Option<String>,
    /// A model whose analysis settings to measure under [default: this build's].
    #[arg(long)]
    settings_of: Option<PathBuf>,
    /// The agent's channel where the manifest does not declare it.
    #[arg(long)]
    agent_channel: Option<AgentChannel>,
    /// Facts and marks by call_id, for a folder of recordings.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// Threads [default: one for each processor].
    #[arg(short, long)]
    jobs: Option<usize>,
    /// The encoded table, the marks and the model's probabilities as CSV, for other software.
    #[arg(long)]
    encoded: Option<PathBuf>,
}

/// A scale of marks on the command line.
#[derive(Clone, Copy)]
struct Scale(LabelScale);

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Scale, String> {
        let wanted = || format!("{text:?}: wanted 1..5, 1..10, 0..10, or four numbers, as 1,5,4,2");
        let bounds = match text {
            "1..5" => "1,5,4,2",
            "1..10" => "1,10,8,6",
            "0..10" => "0,10,8,6",
            _ => text,
        };
        let bounds: Vec<i64> = (bounds.split(','))
            .map(|bound| bound.trim().parse().map_err(|_| wanted()))
            .collect::<Result<_, _>>()?;
        let [min, max, satisfied_from, dissatisfied_to] = bounds[..] else {
            return Err(wanted());
        };
        let scale = LabelScale::new(min, max, satisfied_from, dissatisfied_to);
        scale.map(Scale).map_err(|error| error.to_string())
    }
}

/// Reads what `--features` says: names, names of sets, files of names.
fn features(said: &[String]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut features = Vec::new();
    for word in said {
        let of = |source: Option<Source>| {
            let all = catalogue().iter();
            let some = all.filter(move |f| source.is_none_or(|source| f.source == source));
            some.map(|f| f.name.to_string())
        };
        match word.as_str() {
            "essay" => features.extend(of(Some(Source::Essay))),
            "call_features" => features.extend(of(Some(Source::CallFeatures))),
            "all" => features.extend(of(None)),
            name if position(name).is_some() => features.push(name.to_owned()),
            path => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    format!("--features: {path:?} is no feature, no set, and no file ({error})")
                })?;
                let lines = text.lines().map(str::trim);
                features.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
            }
        }
    }
    let mut seen = HashSet::new();
    features.retain(|name| seen.insert(name.clone()));
    Ok(features)
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Scale(scale) = arguments.scale;
    let settings = match &arguments.settings_of {
        Some(path) => Model::read(path)?.settings().clone(),
        None => AnalysisSettings::default(),
    };
    let extractor = Extractor::new(settings)?;
    let mut training = TrainOptions::default();
    (training.name, training.source) = (arguments.name, arguments.source);
    training.target = match arguments.target.as_str() {
        "satisfied" => Target::Satisfied,
        _ => Target::Marks,
    };
    let mut choice = Choice::default();
    choice.alphas = arguments.alpha.map_or(choice.alphas, |alpha| vec![alpha]);
    choice.knots = arguments.knots.map_or(choice.knots, |knots| vec![knots]);
    training.choice = Some(choice);
    training.calibration = (arguments.calibrate).map(|folds| Calibration::Platt { folds });
    if !arguments.features.is_empty() {
        training.features = features(&arguments.features)?;
    }
    training.features.retain(|f| !arguments.without.contains(f));
    // Before hours of listening, not after.
    training.check()?;
    let options = ManifestOptions {
        agent_channel: arguments.agent_channel,
        facts: arguments.facts,
        ..ManifestOptions::default()
    };
    let threads = arguments.jobs.map_or_else(Threads::available, Threads::of);
    let group = arguments.group.as_deref();
    let labelled = read_labelled(&arguments.input, options, &extractor, group, threads)?;
    let (marked, failed) = (labelled.calls.len(), labelled.failed.len());
    eprintln!(
        "{marked} calls with a mark, {} without, {failed} failed",
        labelled.unlabelled
    );
    labelled
        .failed
        .iter()
        .take(5)
        .for_each(|error| eprintln!("  {error}"));

    let examples: Vec<Example<'_>> = (labelled.calls.iter())
        .map(|c| Example {
            group: c.group.clone(),
            ..Example::new(c.id.clone(), &c.features, c.mark)
        })
        .collect();
    let model = train(&examples, &scale, extractor.settings(), &training)?;
    create(&arguments.out, &[&arguments.input])?.write_all(model.to_json().as_bytes())?;
    match &arguments.card {
        Some(path) => std::fs::write(path, model.card())?,
        None => std::io::stdout().write_all(model.card().as_bytes())?,
    }
    if let Some(path) = &arguments.encoded {
        let predictor = Predictor::new(model.clone());
        let mut writer = csv::Writer::from_writer(create(path, &[&arguments.input])?);
        let columns = model.encoder().columns();
        let names = columns.iter().map(ToString::to_string);
        writer.write_record(
            ["mark".to_owned(), "satisfied".to_owned()]
                .into_iter()
                .chain(names),
        )?;
        let mut row = Vec::new();
        for example in &examples {
            row.clear();
            model.encoder().encode(example.features, &mut row);
            let own = [
                example.mark as f64,
                predictor.predict(example.features).satisfied,
            ];
            writer.write_record(own.iter().chain(&row).map(f64::to_string))?;
        }
        writer.flush()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "retrain: {error}");
            ExitCode::from(2)
        }
    }
}
