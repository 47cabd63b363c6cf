//! Trains a model on a centre's own marks:
//! `cargo run --release --example retrain -- results.csv --out model.json --card model.md`.

use callcsi::batch::{ManifestOptions, Threads, create, read_labelled};
use callcsi::call::AgentChannel;
use callcsi::model::{Example, LabelScale, Model, Predictor, TrainOptions, train};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use clap::Parser;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// The marks: least, greatest, satisfied from, dissatisfied up to.
    #[arg(long, value_delimiter = ',', num_args = 1, default_value = "1,5,4,2")]
    scale: Vec<i64>,
    /// Features to learn from [default: the essay's, and what turn-taking gives on most calls].
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Features to leave out.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Penalty on the squared weights, 1/C of scikit-learn.
    #[arg(long, default_value_t = 1.0)]
    alpha: f64,
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

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let [min, max, satisfied_from, dissatisfied_to] = arguments.scale[..] else {
        return Err("--scale: wanted four numbers, as 1,5,4,2".into());
    };
    let scale = LabelScale::new(min, max, satisfied_from, dissatisfied_to)?;
    let settings = match &arguments.settings_of {
        Some(path) => Model::read(path)?.settings().clone(),
        None => AnalysisSettings::default(),
    };
    let extractor = Extractor::new(settings)?;
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

    let mut options = TrainOptions::default();
    (options.name, options.source, options.alpha) =
        (arguments.name, arguments.source, arguments.alpha);
    if !arguments.features.is_empty() {
        options.features = arguments.features;
    }
    options.features.retain(|f| !arguments.without.contains(f));
    let examples: Vec<Example<'_>> = (labelled.calls.iter())
        .map(|c| Example {
            id: c.id.clone(),
            features: &c.features,
            mark: c.mark,
            group: c.group.clone(),
        })
        .collect();
    let model = train(&examples, &scale, extractor.settings(), &options)?;
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
