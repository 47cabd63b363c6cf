//! A row of results, as JSON or CSV.
//!
//! # Conventions
//!
//! * Columns have a fixed order, units in their names or in the catalogue, and a schema version.
//! * What is absent is `null` in JSON, with its reason under `absent`, and an empty cell in CSV.
//! * The list of interruption episodes stands among the `features` of JSON. A CSV cell holds one
//!   value, so CSV has the columns that sum the episodes up, and not the list.
//! * Numbers are written with the fewest digits that read back to the same value.
//! * No word of the transcript is written, and of the manifest's own columns only those asked for:
//!   they may hold names and numbers of people.

use super::manifest::Labels;
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Feature, Kind, Unit, Value, catalogue};
use crate::model::{Contribution, Model, Prediction};
use crate::score::{Assessment, Measurements};
use crate::transcript::format_names;
use crate::view::record;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

/// Version of the rows' shape; raised when a column changes its name, place or meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// Reasons told in a CSV cell.
pub(super) const TOLD_REASONS: usize = 3;

/// What became of one row of the manifest: its call assessed, or only measured.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome<T = Assessment> {
    /// Line of the manifest, from 1; of a folder, the place of the file.
    pub line: u64,
    /// The call's id; `None` when the row did not tell it.
    pub id: Option<String>,
    /// What the customer said, where the manifest knows.
    pub labels: Labels,
    /// The manifest's columns without a meaning to this crate.
    pub extra: BTreeMap<String, String>,
    /// The vCon that the call came from.
    pub vcon: Option<PathBuf>,
    /// The assessment or the measurements, or what went wrong.
    pub result: Result<Box<T>>,
}

impl<T> Outcome<T> {
    /// Makes the outcome of a call that stands alone, on line 1.
    pub fn of(call: &Call, result: Result<T>) -> Outcome<T> {
        Outcome {
            line: 1,
            id: Some(call.id.as_str().to_owned()),
            labels: Labels::default(),
            extra: call.metadata.extra.clone(),
            vcon: call.vcon.clone(),
            result: result.map(Box::new),
        }
    }
}

/// What a row's call came to, as far as its columns need to know.
pub(super) trait Found {
    /// What `status` says of it.
    const STATUS: &'static str;

    fn measurements(&self) -> &Measurements;
}

impl Found for Assessment {
    const STATUS: &'static str = "scored";

    fn measurements(&self) -> &Measurements {
        &self.measurements
    }
}

impl Found for Measurements {
    const STATUS: &'static str = "measured";

    fn measurements(&self) -> &Measurements {
        self
    }
}

/// How a row is written: pure, so that rows are made on the threads that measure.
pub trait RowFormat: Send + Sync {
    /// Returns what tells this format, with all that its rows depend on besides the calls and the model.
    fn name(&self) -> String;

    /// Returns what stands before the first row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] when the format cannot hold it.
    fn header(&self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    /// Appends one row, its end included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] when the format cannot hold it; then nothing of it may be used.
    fn row(&self, outcome: &Outcome, out: &mut Vec<u8>) -> Result<()>;
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

/// Writes rows of one format to a writer.
#[derive(Debug)]
pub struct RowSink<F, W> {
    format: F,
    writer: W,
    row: Vec<u8>,
}

impl<F: RowFormat, W: Write> RowSink<F, W> {
    /// Makes a sink of a format, and writes its header.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when it cannot be written.
    pub fn of(format: F, mut writer: W) -> Result<RowSink<F, W>> {
        writer.write_all(&format.header()?).map_err(write_error)?;
        Ok(RowSink {
            format,
            writer,
            row: Vec::new(),
        })
    }
}

impl<F: RowFormat, W: Write> Sink for RowSink<F, W> {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        self.row.clear();
        self.format.row(outcome, &mut self.row)?;
        self.writer.write_all(&self.row).map_err(write_error)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(write_error)
    }
}

pub(super) fn write_error(error: impl Into<std::io::Error>) -> Error {
    Error::io("output", &error.into())
}

/// Returns the contributions that move the estimate, strongest first.
pub(super) fn reasons(contributions: &[Contribution]) -> Vec<&Contribution> {
    let mut sorted: Vec<&Contribution> =
        contributions.iter().filter(|c| c.log_odds != 0.0).collect();
    // A stable sort: equal ones stay in catalogue order.
    sorted.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    sorted
}

/// Refuses columns to keep whose names the rows use themselves, or that are named twice.
pub(super) fn check_keep(keep: &[String]) -> Result<()> {
    let fixed = columns().map(|(name, ..)| name).chain(GIVEN);
    let json_only = [
        "dissatisfied",
        "marks",
        "average_csi",
        "groups",
        "counterfactuals",
        "features",
        "absent",
        "recording",
        "transcript",
    ];
    let features = catalogue().iter().map(|f| f.name.as_str());
    let mut taken: BTreeSet<&str> = fixed.chain(json_only).chain(features).collect();
    match keep.iter().find(|column| !taken.insert(column)) {
        None => Ok(()),
        Some(column) => {
            let found = format!("the column {column:?}");
            let wanted = "columns that the rows do not have anyway, each once";
            Err(Error::new(ErrorKind::Mismatch, "keep", found, wanted))
        }
    }
}

/// One JSON object a line.
#[derive(Debug)]
pub struct JsonRows {
    model: serde_json::Value,
    settings: serde_json::Value,
    keep: Vec<String>,
}

/// Writes one JSON object a line.
pub type JsonSink<W> = RowSink<JsonRows, W>;

impl JsonRows {
    /// Makes the format for the rows of one model; of the manifest's own columns those named in `keep`
    /// are written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] when the rows have a column of that name already.
    pub fn new(model: &Model, keep: &[String]) -> Result<JsonRows> {
        check_keep(keep)?;
        let settings = serde_json::to_value(model.settings()).unwrap_or_default();
        let model = json!({"name": model.name(), "fingerprint": model.fingerprint()});
        Ok(JsonRows {
            model,
            settings,
            keep: keep.to_vec(),
        })
    }
}

impl<W: Write> RowSink<JsonRows, W> {
    /// Makes a sink for the rows of one model: see [`JsonRows::new`].
    ///
    /// # Errors
    ///
    /// As [`JsonRows::new`].
    pub fn new(writer: W, model: &Model, keep: &[String]) -> Result<JsonSink<W>> {
        RowSink::of(JsonRows::new(model, keep)?, writer)
    }
}

#[derive(Serialize)]
struct Reason<'a> {
    feature: &'a str,
    value: Option<&'a Value>,
    log_odds: f64,
}

impl RowFormat for JsonRows {
    fn name(&self) -> String {
        format!("jsonl {:?}", self.keep)
    }

    fn row(&self, outcome: &Outcome, out: &mut Vec<u8>) -> Result<()> {
        let mut row = serde_json::Map::new();
        row.insert("schema".to_owned(), json!(SCHEMA_VERSION));
        row.insert("line".to_owned(), json!(outcome.line));
        row.insert("call_id".to_owned(), json!(outcome.id));
        for column in &self.keep {
            row.insert(column.clone(), json!(outcome.extra.get(column)));
        }
        let mark = json!(outcome.labels.mark);
        let survey = json!(outcome.labels.survey.map(|s| s.name()));
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
                let explained = assessment.explanation.as_ref();
                let (features, absent) = record(found);
                let fields = [
                    ("status", json!("scored")),
                    ("csi", json!(judged.csi)),
                    ("satisfied", json!(judged.satisfied)),
                    ("dissatisfied", json!(judged.dissatisfied)),
                    ("marks", json!(judged.marks)),
                    ("log_odds", json!(judged.log_odds)),
                    ("base_log_odds", json!(judged.base)),
                    ("reasons", json!(reasons)),
                    ("average_csi", json!(explained.map(|e| e.average_csi))),
                    ("groups", json!(explained.map(|e| &e.reasons))),
                    (
                        "counterfactuals",
                        json!(explained.map(|e| &e.counterfactuals)),
                    ),
                    ("features", json!(features)),
                    ("absent", json!(absent)),
                    ("warnings", json!(found.warnings)),
                    (
                        "recording",
                        json!(found.recording.as_ref().map(ToString::to_string)),
                    ),
                    ("transcript", json!(format_names(&found.transcript_formats))),
                    ("mark", mark),
                    ("survey_status", survey),
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
                row.insert("mark".to_owned(), mark);
                row.insert("survey_status".to_owned(), survey);
            }
        }
        serde_json::to_writer(&mut *out, &row).map_err(write_error)?;
        out.push(b'\n');
        Ok(())
    }
}

/// One CSV row a call: the fixed columns, the model and the settings, the columns
/// kept of the manifest, and the features in catalogue order.
#[derive(Debug)]
pub struct CsvRows {
    model: String,
    settings: String,
    keep: Vec<String>,
}

/// Writes one CSV row a call, below a header.
pub type CsvSink<W> = RowSink<CsvRows, W>;

/// What stands in a cell of a column that follows from the outcome alone.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Integer(i64),
    Number(f64),
    Text(String),
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Field::Integer(number) => number.fmt(f),
            Field::Number(number) => number.fmt(f),
            Field::Text(text) => f.write_str(text),
        }
    }
}

type Cell<T> = fn(&Outcome<T>) -> Option<Field>;

/// A column before the features: its name, what it holds, and its cell.
pub(super) type Column<T> = (&'static str, CellKind, Cell<T>);

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Yes or no.
    Flag,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Text.
    Text,
}

impl CellKind {
    /// Returns what the column of a feature holds.
    pub(super) fn of(feature: &Feature) -> CellKind {
        match (feature.kind, feature.unit) {
            (Kind::Category, _) => CellKind::Text,
            (Kind::Number, Unit::Flag) => CellKind::Flag,
            (Kind::Number, _) => CellKind::Number,
        }
    }

    /// Returns what a column of the rows holds, by its name; of those kept of a manifest nobody knows.
    #[cfg(feature = "parquet")]
    pub(super) fn named(name: &str) -> CellKind {
        let feature = crate::features::position(name).and_then(|at| catalogue().get(at));
        let fixed = || columns().find(|(own, ..)| *own == name);
        match feature {
            Some(feature) => CellKind::of(feature),
            None => fixed().map_or(CellKind::Text, |(_, kind, _)| kind),
        }
    }
}

/// Which row, and whether it could be measured.
pub(super) fn first_columns<T: Found>() -> [Column<T>; 4] {
    [
        ("schema", CellKind::Integer, |_| {
            Some(Field::Integer(i64::from(SCHEMA_VERSION)))
        }),
        ("line", CellKind::Integer, |o| {
            Some(Field::Integer(i64::try_from(o.line).ok()?))
        }),
        ("call_id", CellKind::Text, |o| {
            Some(Field::Text(o.id.clone()?))
        }),
        ("status", CellKind::Text, |o| {
            let word = if o.result.is_ok() {
                T::STATUS
            } else {
                "failed"
            };
            Some(Field::Text(word.to_owned()))
        }),
    ]
}

/// What the model makes of the call.
const JUDGED: [Column<Assessment>; 6] = [
    ("csi", CellKind::Number, |o| {
        Some(Field::Number(judged(o)?.csi))
    }),
    ("satisfied", CellKind::Number, |o| {
        Some(Field::Number(judged(o)?.satisfied))
    }),
    ("dissatisfied", CellKind::Number, |o| {
        Some(Field::Number(judged(o)?.dissatisfied?))
    }),
    ("log_odds", CellKind::Number, |o| {
        Some(Field::Number(judged(o)?.log_odds))
    }),
    ("base_log_odds", CellKind::Number, |o| {
        Some(Field::Number(judged(o)?.base))
    }),
    ("reasons", CellKind::Text, |o| {
        Some(Field::Text(told(judged(o)?)))
    }),
];

/// What was odd or wrong, and what the customer said.
pub(super) fn last_columns<T: Found>() -> [Column<T>; 5] {
    [
        ("warnings", CellKind::Text, |o| {
            let warnings = &o.result.as_ref().ok()?.measurements().warnings;
            let codes: Vec<&str> = warnings.iter().map(|w| w.code).collect();
            Some(Field::Text(codes.join("; ")))
        }),
        ("error_kind", CellKind::Text, |o| {
            let kind = o.result.as_ref().err()?.kind();
            Some(Field::Text(kind.name().to_owned()))
        }),
        ("error", CellKind::Text, |o| {
            Some(Field::Text(o.result.as_ref().err()?.to_string()))
        }),
        ("mark", CellKind::Integer, |o| {
            Some(Field::Integer(o.labels.mark?))
        }),
        ("survey_status", CellKind::Text, |o| {
            Some(Field::Text(o.labels.survey?.name().to_owned()))
        }),
    ]
}

/// The columns before the features, with their cells; `None` is an empty cell.
pub(super) fn columns() -> impl Iterator<Item = Column<Assessment>> {
    let judged = first_columns().into_iter().chain(JUDGED);
    judged.chain(last_columns())
}

/// The columns after those, the same in every row.
pub(super) const GIVEN: [&str; 2] = ["model", "settings"];

fn judged(outcome: &Outcome) -> Option<&Prediction> {
    outcome
        .result
        .as_ref()
        .ok()
        .map(|assessment| &assessment.prediction)
}

/// Tells the strongest reasons in one cell: `queue_wait_s=310 -0.82; …`.
fn told(prediction: &Prediction) -> String {
    let strongest = reasons(&prediction.contributions)
        .into_iter()
        .take(TOLD_REASONS);
    let told = strongest.map(|c| {
        let value = c.value.as_ref().map_or_else(|_| "absent".to_owned(), cell);
        format!("{}={value} {:+.2}", c.feature.name, c.log_odds)
    });
    told.collect::<Vec<_>>().join("; ")
}

pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Category(word) => word.to_string(),
    }
}

impl CsvRows {
    /// Makes the format for the rows of one model; of the manifest's own columns those named in `keep`
    /// are written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] when the rows have a column of that name already.
    pub fn new(model: &Model, keep: &[String]) -> Result<CsvRows> {
        check_keep(keep)?;
        Ok(CsvRows {
            model: format!("{} {}", model.name(), model.fingerprint()),
            settings: model.settings().fingerprint(),
            keep: keep.to_vec(),
        })
    }
}

impl<W: Write> RowSink<CsvRows, W> {
    /// Makes a sink for the rows of one model, and writes the header: see [`CsvRows::new`].
    ///
    /// # Errors
    ///
    /// As [`CsvRows::new`], and [`ErrorKind::Io`] when it cannot be written.
    pub fn new(writer: W, model: &Model, keep: &[String]) -> Result<CsvSink<W>> {
        RowSink::of(CsvRows::new(model, keep)?, writer)
    }
}

/// Appends one record of CSV.
fn write_record<I: IntoIterator<Item = T>, T: AsRef<[u8]>>(
    record: I,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(record).map_err(write_error)?;
    writer.flush().map_err(write_error)
}

impl RowFormat for CsvRows {
    fn name(&self) -> String {
        format!("csv {:?}", self.keep)
    }

    fn header(&self) -> Result<Vec<u8>> {
        let fixed = columns().map(|(name, ..)| name).chain(GIVEN);
        let features = catalogue().iter().map(|f| f.name.as_str());
        let kept = self.keep.iter().map(String::as_str);
        let mut out = Vec::new();
        write_record(fixed.chain(kept).chain(features), &mut out)?;
        Ok(out)
    }

    fn row(&self, outcome: &Outcome, out: &mut Vec<u8>) -> Result<()> {
        let fixed = columns().map(|(_, _, cell)| {
            let field = cell(outcome);
            field.map_or(String::new(), |field| field.to_string())
        });
        let given = [self.model.clone(), self.settings.clone()];
        let kept = self
            .keep
            .iter()
            .map(|c| outcome.extra.get(c).cloned().unwrap_or_default());
        let features = catalogue().iter().enumerate().map(|(i, _)| {
            let assessment = outcome.result.as_ref().ok()?;
            assessment.measurements.features.values()[i]
                .as_ref()
                .ok()
                .map(cell)
        });
        let features = features.map(Option::unwrap_or_default);
        write_record(fixed.chain(given).chain(kept).chain(features), out)
    }
}
