//! Trains a model on a centre's own marks:
//! `cargo run --release --example retrain -- results.csv --out model.json --card model.md`.
//!
//! Exit code 0: trained; 2: the command or the table was wrong, or there are too few marks.

mod choices;
mod screen;

use callcsi::batch::{
    Labelled, LabelledOptions, ManifestOptions, Mapping, Threads, check_output, create,
    read_labelled_watched,
};
use callcsi::call::AgentChannel;
use callcsi::model::{
    Calibration, Example, LabelScale, Model, Predictor, TrainOptions, Trained, Validation,
    response_weights, train_and_judge,
};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use choices::TargetName;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Trains a model on the marks of a table of results, a manifest, a folder with --facts, or a table of
/// features with --mapping.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// CSV results of score_archive with marks, a manifest whose calls are to be measured, or a table of
    /// features; CSV, JSON Lines or (built with --features parquet) Parquet.
    input: PathBuf,
    /// The model file.
    #[arg(short, long)]
    out: PathBuf,
    /// What the model knows and how well, for people; with the ending .json, for programs. May be given
    /// twice.
    #[arg(long)]
    card: Vec<PathBuf>,
    /// What models like it said of calls that they had not seen, as CSV.
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// Name of the model.
    #[arg(long, default_value = "retrained")]
    name: String,
    /// What the calls are: which centre, who was asked.
    #[arg(long, default_value = "not stated")]
    source: String,
    /// Which months they are of, for the card [default: as their times say].
    #[arg(long)]
    period: Option<String>,
    /// The marks: 1..5 (satisfied from 4, dissatisfied up to 2), 1..10 or 0..10 (8, 6), or all four
    /// as 1,5,4,2.
    #[arg(long, default_value = "1..5")]
    scale: LabelScale,
    /// What the model answers: the distribution over marks, or whether the customer is satisfied.
    #[arg(long, value_enum, default_value = "marks")]
    target: TargetName,
    /// Features to learn from: recommended, essay, call_features, all, a file with a name on each line, or names
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
    /// A model to start from where it helps: a file, or `builtin`.
    #[arg(long)]
    prior: Option<PathBuf>,
    /// Fewest calls of the satisfied, and of the others [default: 10; 3 with --prior].
    #[arg(long)]
    min_class_rows: Option<u64>,
    /// Calibrate on the scores of five folds: platt, a line through the log-odds, or isotonic, a free rising
    /// map, for some thousand calls or more.
    #[arg(long)]
    calibrate: Option<Calibration>,
    /// What the figures come from: folds, folds:10, holdout, holdout:0.3, latest, latest:0.1, none
    /// [default: folds, of more than 20,000 calls holdout].
    #[arg(long)]
    validate: Option<Validation>,
    /// Column whose equal values stay together when calls are held out, as customer_id.
    #[arg(long)]
    group: Option<String>,
    /// Column whose means are compared, as operator_id or queue.
    #[arg(long)]
    by: Option<String>,
    /// Column that says when the call was [default: recording_start, or time].
    #[arg(long)]
    time: Option<String>,
    /// Let answered calls count for those like them that were not answered.
    #[arg(long)]
    weigh_response: bool,
    /// What the table's columns mean (TOML).
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Rows are measured calls, without a mapping that says so.
    #[arg(long)]
    feature_table: bool,
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

/// Above so many calls a fifth of them judges as well as all in turn would.
const MANY: usize = 20_000;

impl Arguments {
    fn threads(&self) -> Threads {
        self.jobs.map_or_else(Threads::available, Threads::of)
    }

    fn labelled_options(&self) -> Result<LabelledOptions, Box<dyn Error>> {
        let mut options = LabelledOptions::default();
        options.manifest = ManifestOptions {
            agent_channel: self.agent_channel,
            facts: self.facts.clone(),
            ..ManifestOptions::default()
        };
        if let Some(path) = &self.mapping {
            options.mapping = Mapping::read(path)?;
        }
        // A mapping says itself what the rows are.
        if self.feature_table && self.mapping.is_none() {
            options.mapping = Mapping::features();
        }
        (options.group, options.by) = (self.group.clone(), self.by.clone());
        options.time = self.time.clone();
        options.silent = self.weigh_response;
        Ok(options)
    }

    /// Every file that is written.
    fn outputs(&self) -> impl Iterator<Item = &PathBuf> {
        let more = self.predictions.iter().chain(&self.encoded);
        std::iter::once(&self.out).chain(&self.card).chain(more)
    }

    /// Rows read and time gone, on a terminal; no row is known to be the last before it comes.
    fn progress(&self) -> ProgressBar {
        let progress = match std::io::stderr().is_terminal() {
            true => ProgressBar::no_length(),
            false => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template("{pos} rows, {per_sec}, {elapsed}") {
            progress.set_style(style);
        }
        progress
    }

    /// What is chosen about training, so far as it does not depend on the calls.
    fn train_options(&self) -> Result<TrainOptions, Box<dyn Error>> {
        let mut training = TrainOptions::default();
        (training.name, training.source) = (self.name.clone(), self.source.clone());
        training.target = self.target.target();
        training.choice = Some(choices::choice(self.alpha, self.knots));
        training.calibration = self.calibrate;
        if !self.features.is_empty() {
            training.features = choices::features(&self.features)?;
        }
        training.features.retain(|f| !self.without.contains(f));
        training.prior = match &self.prior {
            Some(path) if path.as_os_str() == "builtin" => {
                Some(Predictor::builtin()?.model().clone())
            }
            Some(path) => Some(Model::read(path)?),
            None => None,
        };
        if training.prior.is_some() {
            training.min_class_rows = 3;
        }
        training.min_class_rows = self.min_class_rows.unwrap_or(training.min_class_rows);
        if let Some(validation) = self.validate {
            training.validation = validation;
        }
        training.threads = match self.threads() {
            Threads::Pool(threads) => threads.get(),
            _ => 1,
        };
        // Before hours of listening, not after.
        training.check()?;
        Ok(training)
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let settings = match &arguments.settings_of {
        Some(path) => Model::read(path)?.settings().clone(),
        None => AnalysisSettings::default(),
    };
    let extractor = Extractor::new(settings)?;
    let mut training = arguments.train_options()?;
    let options = arguments.labelled_options()?;
    let (input, scale) = (&arguments.input, arguments.scale);
    for path in arguments.outputs() {
        check_output(path, &[input])?;
    }
    let progress = arguments.progress();
    let (threads, row) = (arguments.threads(), || progress.inc(1));
    let labelled = read_labelled_watched(input, &options, &extractor, threads, row)?;
    progress.finish_and_clear();
    eprint!("{}", screen::read(&labelled));
    if arguments.validate.is_none() {
        training.validation = choices::validation(labelled.calls.len(), MANY);
    }
    training.survey = Some(labelled.survey);
    training.period = arguments
        .period
        .clone()
        .or_else(|| choices::period(&labelled));
    let weights = arguments
        .weigh_response
        .then(|| weights(&labelled, &extractor, &training));
    let weights = weights.transpose()?;
    let examples: Vec<Example<'_>> = (labelled.calls.iter().enumerate())
        .map(|(i, c)| Example {
            group: c.group.clone(),
            time: c.time,
            weight: weights.as_ref().map_or(1.0, |weights| weights[i]),
            ..Example::new(c.id.clone(), &c.features, c.mark)
        })
        .collect();
    eprintln!("training on {} calls", examples.len());
    let trained = train_and_judge(&examples, &scale, extractor.settings(), &training)?;
    let model = &trained.model;
    create(&arguments.out, &[input])?.write_all(model.to_json().as_bytes())?;
    for path in &arguments.card {
        let json = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let card = if json {
            model.card_json()
        } else {
            model.card()
        };
        create(path, &[input])?.write_all(card.as_bytes())?;
    }
    if let Some(path) = &arguments.predictions {
        predictions(&trained, path, input)?;
    }
    if let Some(path) = &arguments.encoded {
        encoded(model, &examples, path, input)?;
    }
    print!("{}", screen::results(&trained, &labelled)?);
    println!("\nThe model: {}", arguments.out.display());
    for path in arguments.card.iter().chain(&arguments.predictions) {
        println!("and {}", path.display());
    }
    Ok(())
}

/// How many calls each answered call counts for.
fn weights(
    labelled: &Labelled,
    extractor: &Extractor,
    training: &TrainOptions,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let answered: Vec<_> = labelled.calls.iter().map(|call| &call.features).collect();
    let silent: Vec<_> = labelled.silent.iter().collect();
    let found = response_weights(&answered, &silent, extractor.settings(), training)
        .map_err(|e| format!("--weigh-response: {e}"))?;
    eprintln!(
        "weighed for silence: {} answers tell as much as {:.0} that count alike; who answers is told \
         with an area of {}",
        answered.len(),
        found.effective_rows,
        found
            .roc_auc
            .map_or("unknown".to_owned(), |area| format!("{area:.3}")),
    );
    Ok(found.weights)
}

/// Writes what was said of calls that the model which said it had not seen.
fn predictions(trained: &Trained, path: &Path, input: &Path) -> Result<(), Box<dyn Error>> {
    let mut writer = csv::Writer::from_writer(create(path, &[input])?);
    let label = trained.model.label();
    let marks = trained.unseen.iter().any(|call| call.marks.is_some());
    let of_mark = |mark: i64| format!("p_mark_{mark}");
    let names = [
        "call_id",
        "part",
        "mark",
        "csi",
        "satisfied",
        "dissatisfied",
        "likely_mark",
    ];
    let extra = (label.min()..=label.max()).filter(|_| marks).map(of_mark);
    writer.write_record(names.into_iter().map(str::to_owned).chain(extra))?;
    for call in &trained.unseen {
        let dissatisfied = call.dissatisfied.map_or(String::new(), |p| p.to_string());
        let own = [
            call.id.to_string(),
            call.part.to_string(),
            call.mark.to_string(),
            call.csi.to_string(),
            call.satisfied.to_string(),
            dissatisfied,
            call.likely.to_string(),
        ];
        let marks = call.marks.iter().flatten().map(f64::to_string);
        writer.write_record(own.into_iter().chain(marks))?;
    }
    Ok(writer.flush()?)
}

/// Writes the table that the weights were fitted to.
fn encoded(
    model: &Model,
    examples: &[Example<'_>],
    path: &Path,
    input: &Path,
) -> Result<(), Box<dyn Error>> {
    let predictor = Predictor::new(model.clone());
    let mut writer = csv::Writer::from_writer(create(path, &[input])?);
    let columns = model.encoder().columns();
    let own = ["mark", "satisfied"].map(str::to_owned).into_iter();
    writer.write_record(own.chain(columns.iter().map(ToString::to_string)))?;
    let mut row = Vec::new();
    for example in examples {
        row.clear();
        model.encoder().encode(example.features, &mut row);
        let satisfied = predictor.predict(example.features).satisfied;
        let own = [example.mark as f64, satisfied];
        writer.write_record(own.iter().chain(&row).map(f64::to_string))?;
    }
    Ok(writer.flush()?)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "retrain: {error}");
            ExitCode::from(2)
        }
    }
}
