//! Judges predictions by marks: a model on a table of labelled calls, or the predictions that a
//! table holds: `cargo run --release --example evaluate -- results.csv --model model.json`.
//!
//! Exit code 0: evaluated; 1: there was no call to evaluate; 2: the command or the table was wrong.

mod figures;
mod print;

use callcsi::batch::{LabelledOptions, ManifestOptions, Mapping, Threads, read_labelled_with};
use callcsi::call::AgentChannel;
use callcsi::model::{LabelScale, Model, Predictor, marks::GROUP_MIN_ROWS};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use clap::{Parser, ValueEnum};
use figures::{Choices, Report};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Judges predictions by the marks that customers gave.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Results of score_archive, a table of features with --mapping, or a manifest or folder whose
    /// calls are to be measured; CSV, JSON Lines or (built with --features parquet) Parquet.
    table: PathBuf,
    /// The model [default: none, the table's own columns csi and satisfied are judged].
    #[arg(long)]
    model: Option<PathBuf>,
    /// The marks: 1..5 (satisfied from 4, dissatisfied up to 2), 1..10 or 0..10 (8, 6), or all four
    /// as 1,5,4,2 [default: the model's, else 1..5].
    #[arg(long)]
    scale: Option<LabelScale>,
    /// What the table's columns mean (TOML).
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Rows are measured calls, without a mapping that says so; goes without saying where there is no
    /// model.
    #[arg(long)]
    feature_table: bool,
    /// Column whose means are compared, as operator_id.
    #[arg(long)]
    by: Option<String>,
    /// Fewest calls of a group that is compared.
    #[arg(long, default_value_t = GROUP_MIN_ROWS)]
    min_rows: u64,
    /// Column whose calls are drawn together for the intervals, as customer_id.
    #[arg(long)]
    group: Option<String>,
    /// From this probability up a customer is called satisfied, or dissatisfied.
    #[arg(long, default_value_t = 0.5)]
    threshold: f64,
    /// Resamples of the intervals; 0: none [default: 1000, of more than 5000 calls 200].
    #[arg(long)]
    resamples: Option<u64>,
    /// Shape of the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The agent's channel where a manifest does not declare it.
    #[arg(long)]
    agent_channel: Option<AgentChannel>,
    /// Facts and marks by call_id, for a folder of recordings.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// Threads, for a manifest [default: one for each processor].
    #[arg(short, long)]
    jobs: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

fn run(arguments: &Arguments) -> Result<Report, Box<dyn Error>> {
    let model = arguments.model.as_ref().map(Model::read).transpose()?;
    let scale = match (&model, arguments.scale) {
        (Some(model), Some(said)) if said != *model.label() => {
            let label = model.label();
            let bounds = [
                label.min(),
                label.max(),
                label.satisfied_from(),
                label.dissatisfied_to(),
            ];
            let bounds = bounds.map(|bound| bound.to_string()).join(",");
            return Err(
                format!("--scale: the model was trained on {bounds}, and means these").into(),
            );
        }
        (Some(model), _) => *model.label(),
        (None, said) => said.unwrap_or(LabelScale::ONE_TO_FIVE),
    };
    let settings = match &model {
        Some(model) => model.settings().clone(),
        None => AnalysisSettings::default(),
    };
    let mut options = LabelledOptions::default();
    options.mapping = match (&arguments.mapping, arguments.feature_table) {
        (Some(path), _) => Mapping::read(path)?,
        (None, true) => Mapping::features(),
        // A manifest predicts nothing: what is judged without a model is in the table.
        (None, false) if model.is_none() => Mapping::features(),
        (None, false) => Mapping::default(),
    };
    options.manifest = ManifestOptions {
        agent_channel: arguments.agent_channel,
        facts: arguments.facts.clone(),
        ..ManifestOptions::default()
    };
    options.group.clone_from(&arguments.group);
    options.by.clone_from(&arguments.by);
    options.any_settings = model.is_none();
    let extractor = Extractor::new(settings)?;
    let threads = arguments.jobs.map_or_else(Threads::available, Threads::of);
    let labelled = read_labelled_with(&arguments.table, &options, &extractor, threads)?;
    let predictor = model.map(Predictor::new);
    let choices = Choices {
        table: arguments.table.display().to_string(),
        scale,
        threshold: arguments.threshold,
        resamples: arguments.resamples,
        by: arguments.by.clone(),
        min_rows: arguments.min_rows,
    };
    Report::of(&labelled, predictor.as_ref(), choices)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = match run(&arguments) {
        Ok(report) => report,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "evaluate: {error}");
            return ExitCode::from(2);
        }
    };
    let text = match arguments.format {
        Format::Text => print::text(&report),
        Format::Markdown => print::markdown(&report),
        Format::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
    };
    // Who read the report may have left.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(u8::from(report.evaluated == 0))
}
