//! A row of results, as JSON or CSV.
//!
//! # Conventions
//!
//! * Columns have a fixed order, units in their names or in the catalogue, and a schema version.
//! * What is absent is `null` in JSON, with its reason under `absent`, and an empty cell in CSV.
//! * Numbers are written with the fewest digits that read back to the same value.
//! * No word of the transcript and no metadata but the centre's own columns are written.

use super::manifest::Labels;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Value, catalogue};
use crate::model::{Contribution, Model};
use crate::score::Assessment;
use serde::Serialize;
use serde_json::json;
use std::io::Write;

/// Version of the rows' shape; raised when a column changes its name, place or meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Reasons told in a CSV cell.
const TOLD_REASONS: usize = 3;

/// What became of one row of the manifest.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Line of the manifest, from 1; of a folder, the place of the file.
    pub line: u64,
    /// The call's id; `None` when the row did not tell it.
    pub id: Option<String>,
    /// What the customer said, where the manifest knows.
    pub labels: Labels,
    /// The assessment, or what went wrong.
    pub result: Result<Box<Assessment>>,
}

/// Where rows go.
pub trait Sink {
    /// Writes one row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be written.
    fn write(&mut self, outcome: &Outcome) -> Result<()>;

    /// Writes out what is buffered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be written.
    fn flush(&mut self) -> Result<()>;
}

fn write_error(error: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Io,
        "output",
        error,
        "a place that can be written",
    )
}

/// Returns the contributions that move the estimate, strongest first.
fn reasons(contributions: &[Contribution]) -> Vec<&Contribution> {
    let mut sorted: Vec<&Contribution> =
        contributions.iter().filter(|c| c.log_odds != 0.0).collect();
    // A stable sort: equal ones stay in catalogue order.
    sorted.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    sorted
}

/// Writes one JSON object a line.
#[derive(Debug)]
pub struct JsonSink<W> {
    writer: W,
    model: serde_json::Value,
    settings: serde_json::Value,
}

impl<W: Write> JsonSink<W> {
    /// Makes a sink for the rows of one model.
    pub fn new(writer: W, model: &Model) -> JsonSink<W> {
        let settings = serde_json::to_value(model.settings()).unwrap_or_default();
        let model = json!({"name": model.name(), "fingerprint": model.fingerprint()});
        JsonSink {
            writer,
            model,
            settings,
        }
    }
}

#[derive(Serialize)]
struct Reason<'a> {
    feature: &'a str,
    value: Option<&'a Value>,
    log_odds: f64,
}

impl<W: Write> Sink for JsonSink<W> {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        let mut row = serde_json::Map::new();
        row.insert("schema".to_owned(), json!(SCHEMA_VERSION));
        row.insert("line".to_owned(), json!(outcome.line));
        row.insert("call_id".to_owned(), json!(outcome.id));
        match &outcome.result {
            Ok(assessment) => {
                let (found, judged) = (&assessment.measurements, &assessment.prediction);
                let reasons: Vec<Reason<'_>> = reasons(&judged.contributions)
                    .into_iter()
                    .map(|c| Reason {
                        feature: &c.feature.name,
                        value: c.value.as_ref().ok(),
                        log_odds: c.log_odds,
                    })
                    .collect();
                let absent: serde_json::Map<String, serde_json::Value> = found
                    .features
                    .iter()
                    .filter_map(|(f, v)| {
                        Some((f.name.clone(), json!(v.as_ref().err()?.to_string())))
                    })
                    .collect();
                let fields = [
                    ("status", json!("scored")),
                    ("csi", json!(judged.csi)),
                    ("satisfied", json!(judged.satisfied)),
                    ("log_odds", json!(judged.log_odds)),
                    ("base_log_odds", json!(judged.base)),
                    ("reasons", json!(reasons)),
                    ("features", json!(found.features)),
                    ("absent", json!(absent)),
                    ("warnings", json!(found.warnings)),
                    (
                        "recording",
                        json!(found.recording.as_ref().map(ToString::to_string)),
                    ),
                    (
                        "transcript",
                        json!(found.transcript_format.map(|f| f.name())),
                    ),
                    ("mark", json!(outcome.labels.mark)),
                    (
                        "survey_status",
                        json!(outcome.labels.survey.map(|s| s.name())),
                    ),
                    ("model", self.model.clone()),
                    ("settings", self.settings.clone()),
                ];
                row.extend(fields.map(|(name, value)| (name.to_owned(), value)));
            }
            Err(error) => {
                let error = json!({
                    "kind": error.kind().name(),
                    "place": error.place(),
                    "found": error.found(),
                    "wanted": error.wanted(),
                    "hint": error.hint_text(),
                    "message": error.to_string(),
                });
                row.insert("status".to_owned(), json!("failed"));
                row.insert("error".to_owned(), error);
            }
        }
        serde_json::to_writer(&mut self.writer, &row).map_err(write_error)?;
        self.writer.write_all(b"\n").map_err(write_error)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(write_error)
    }
}

/// Writes one CSV row a call, features in catalogue order.
pub struct CsvSink<W: Write> {
    writer: csv::Writer<W>,
    model: String,
}

impl<W: Write> std::fmt::Debug for CsvSink<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvSink")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// The columns before the features.
const LEADING: [&str; 13] = [
    "schema",
    "line",
    "call_id",
    "status",
    "csi",
    "satisfied",
    "log_odds",
    "base_log_odds",
    "reasons",
    "warnings",
    "error_kind",
    "error",
    "model",
];

impl<W: Write> CsvSink<W> {
    /// Makes a sink for the rows of one model, and writes the header.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be written.
    pub fn new(writer: W, model: &Model) -> Result<CsvSink<W>> {
        let mut writer = csv::Writer::from_writer(writer);
        let features = catalogue().iter().map(|f| f.name.as_str());
        let header = LEADING
            .into_iter()
            .chain(["mark", "survey_status"])
            .chain(features);
        writer.write_record(header).map_err(write_error)?;
        Ok(CsvSink {
            writer,
            model: format!("{} {}", model.name(), model.fingerprint()),
        })
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Category(word) => word.to_string(),
    }
}

impl<W: Write> Sink for CsvSink<W> {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        let none = String::new;
        let leading = |status: &str, middle: [String; 8]| {
            let id = outcome.id.clone().unwrap_or_default();
            let start = [
                SCHEMA_VERSION.to_string(),
                outcome.line.to_string(),
                id,
                status.to_owned(),
            ];
            start.into_iter().chain(middle).chain([self.model.clone()])
        };
        let labels = [
            outcome
                .labels
                .mark
                .map(|m| m.to_string())
                .unwrap_or_default(),
            outcome
                .labels
                .survey
                .map(|s| s.name().to_owned())
                .unwrap_or_default(),
        ];
        let record: Vec<String> = match &outcome.result {
            Ok(assessment) => {
                let (found, judged) = (&assessment.measurements, &assessment.prediction);
                let told: Vec<String> = reasons(&judged.contributions)
                    .into_iter()
                    .take(TOLD_REASONS)
                    .map(|c| {
                        let value = c.value.as_ref().map_or_else(|_| "absent".to_owned(), cell);
                        format!("{}={value} {:+.2}", c.feature.name, c.log_odds)
                    })
                    .collect();
                let codes: Vec<&str> = found.warnings.iter().map(|w| w.code).collect();
                let middle = [
                    judged.csi.to_string(),
                    judged.satisfied.to_string(),
                    judged.log_odds.to_string(),
                    judged.base.to_string(),
                    told.join("; "),
                    codes.join("; "),
                    none(),
                    none(),
                ];
                let values = found.features.values().iter();
                let values = values.map(|v| v.as_ref().map(cell).unwrap_or_default());
                leading("scored", middle)
                    .chain(labels)
                    .chain(values)
                    .collect()
            }
            Err(error) => {
                let middle = [
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                    error.kind().name().to_owned(),
                    error.to_string(),
                ];
                let empty = catalogue().iter().map(|_| none());
                leading("failed", middle)
                    .chain(labels)
                    .chain(empty)
                    .collect()
            }
        };
        self.writer.write_record(&record).map_err(write_error)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(write_error)
    }
}
