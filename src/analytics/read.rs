//! Calls of an archive, out of its results and its manifest.
//!
//! # Conventions
//!
//! * Results tell the estimate and the measurements. What they do not carry (the times, the operator, the
//!   way through the IVR) comes from the columns kept in them (`score_archive --keep`) or from the manifest
//!   they were made of, which is read beside them: the rows of both are in the order of their `line`.
//! * A failed row is a call without an estimate. A row that cannot be read is told and left out.
//! * All rows are of one model, for estimates of two do not make a mean.

use super::row::{CallRow, Estimate, Moment};
use crate::batch::{
    Cells, Entry, Manifest, ManifestOptions, Mapping, Rows, Threads, answer, in_order, labels,
    measured, moment, read_table,
};
use crate::call::Metadata;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{FeatureVector, Value};
use std::path::{Path, PathBuf};

/// The columns that calls are grouped by unless others are named, as far as the archive has them.
/// `hour` and `weekday` follow from the time.
pub const USUAL_COLUMNS: [&str; 8] = [
    "process",
    "queue_name",
    "channel",
    "topic",
    "operator_id",
    "ivr_last_node",
    "weekday",
    "hour",
];

/// Which columns mean something to the analysis.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Roles {
    /// When a call began, where `recording_start` does not tell: ISO 8601. Defaults to `call_start`.
    pub time: String,
    /// Who called. Defaults to `customer_id`.
    pub customer: String,
    /// Whether the customer hung up before an agent answered, 1 or 0. Defaults to `abandoned`.
    pub abandoned: String,
    /// How much of what the customer said to the IVR was recognised rightly, as people labelled it, 0 to 1.
    /// Defaults to `ivr_recognised`.
    pub recognised: String,
    /// What the contact cost, a number. Defaults to `cost`.
    pub cost: String,
    /// Whether it came to what it was for, 1 or 0. Defaults to `converted`.
    pub converted: String,
}

impl Default for Roles {
    fn default() -> Roles {
        Roles {
            time: "call_start".to_owned(),
            customer: "customer_id".to_owned(),
            abandoned: "abandoned".to_owned(),
            recognised: "ivr_recognised".to_owned(),
            cost: "cost".to_owned(),
            converted: "converted".to_owned(),
        }
    }
}

/// How an archive is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadOptions {
    /// The manifest that the results were made of.
    pub manifest: Option<PathBuf>,
    /// What the manifest's rows leave out.
    pub manifest_options: ManifestOptions,
    /// What the manifest's columns mean, where they have other names.
    pub mapping: Mapping,
    /// Columns whose values are told. Defaults to [`USUAL_COLUMNS`].
    pub columns: Vec<String>,
    /// Columns that mean something.
    pub roles: Roles,
    /// Seconds that the centre's clock is ahead of UTC, for times that tell their offset. Defaults to 0.
    pub utc_offset: i32,
    /// Threads that rows are read on.
    pub threads: Threads,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            manifest: None,
            manifest_options: ManifestOptions::default(),
            mapping: Mapping::default(),
            columns: USUAL_COLUMNS.map(str::to_owned).to_vec(),
            roles: Roles::default(),
            utc_offset: 0,
            threads: Threads::available(),
        }
    }
}

/// What a row of results came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Found {
    /// The call, or why the row cannot be read.
    pub call: Result<CallRow>,
    /// The call as the manifest has it, where one is read beside the results.
    pub entry: Option<Entry>,
}

/// The results of an archive.
#[derive(Debug)]
pub struct Archive {
    rows: Rows,
    manifest: Option<Manifest>,
    options: ReadOptions,
}

impl Archive {
    /// Opens a table of results, as `score_archive` writes it: JSON Lines, CSV or Parquet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when a file cannot be read, [`ErrorKind::Mismatch`] when the table is none of
    /// results.
    pub fn open(results: impl AsRef<Path>, options: ReadOptions) -> Result<Archive> {
        let results = results.as_ref();
        let mut rows = read_table(results)?;
        if !rows.find_results()? {
            let found = "a table without the columns schema and status";
            let wanted = "results, as score_archive writes them";
            let error = Error::new(ErrorKind::Mismatch, results.display(), found, wanted);
            return Err(error.hint(
                "is it the manifest? score it first: score_archive MANIFEST --out results.csv",
            ));
        }
        let open = |path: &PathBuf| {
            Manifest::open_mapped(path, options.manifest_options.clone(), &options.mapping)
        };
        let manifest = options.manifest.as_ref().map(open).transpose()?;
        Ok(Archive {
            rows,
            manifest,
            options,
        })
    }

    /// Returns the columns whose values the rows tell, in order.
    pub fn columns(&self) -> &[String] {
        &self.options.columns
    }

    /// Reads every row, in order, and hands it to `emit` on this thread. Returns the name and the
    /// fingerprint of the model that made them, as results write them; `None` where no call was scored.
    ///
    /// # Errors
    ///
    /// Those of `emit`, [`ErrorKind::Mismatch`] when the rows are of two models or not those of the
    /// manifest, [`ErrorKind::Io`] when the threads cannot be started.
    pub fn each(self, mut emit: impl FnMut(Found) -> Result<()>) -> Result<Option<String>> {
        let Archive {
            rows,
            manifest,
            options,
        } = self;
        let threads = options.threads;
        let name = rows.name().to_owned();
        let joined = Joined {
            rows,
            manifest,
            broken: false,
        };
        let mut model: Option<String> = None;
        let work = |(line, row, entry): Item| {
            let place = || format!("{name}:{line}");
            match row {
                Err(error) => Read::Broken(error),
                Ok(cells) => {
                    let model = cells.get("model").map(str::to_owned);
                    let entry = match entry {
                        Ok(entry) => entry,
                        Err(error) => return Read::Broken(error),
                    };
                    let call = call_of(&cells, entry.as_ref(), &options);
                    let call = call.map_err(|e| e.within(place()));
                    Read::Row(Box::new(Found { call, entry }), model)
                }
            }
        };
        in_order(threads, joined, work, |read| match read {
            Read::Broken(error) => match error.kind() {
                // The tables do not belong together: nothing after this line can be trusted.
                ErrorKind::Mismatch => Err(error),
                _ => emit(Found {
                    call: Err(error),
                    entry: None,
                }),
            },
            Read::Row(found, of) => {
                let scored = found.call.as_ref().is_ok_and(|c| c.estimate.is_some());
                if let Some(of) = of.filter(|_| scored) {
                    match &model {
                        Some(model) if *model != of => {
                            let found = format!("rows of the models {model} and {of}");
                            let error =
                                Error::new(ErrorKind::Mismatch, &name, found, "rows of one model");
                            return Err(error.hint(
                                "score the archive with one model: score_archive --resume --model",
                            ));
                        }
                        Some(_) => {}
                        None => model = Some(of),
                    }
                }
                emit(*found)
            }
        })?;
        Ok(model)
    }
}

/// What a row is made of: its line, its cells, the manifest's row.
type Item = (u64, Result<Cells>, Result<Option<Entry>>);

enum Read {
    Row(Box<Found>, Option<String>),
    Broken(Error),
}

/// The rows of results, each with its row of the manifest.
struct Joined {
    rows: Rows,
    manifest: Option<Manifest>,
    broken: bool,
}

impl Joined {
    /// Returns the manifest's row of a call, passing over those before it.
    fn entry(&mut self, cells: &Cells) -> Result<Option<Entry>> {
        let Some(manifest) = &mut self.manifest else {
            return Ok(None);
        };
        let line = cells.get("line").and_then(|text| text.parse::<u64>().ok());
        let id = cells.get("call_id");
        let found = manifest.find(|entry| line.is_none_or(|line| entry.line >= line));
        let same =
            |entry: &Entry| line.is_none_or(|line| entry.line == line) && entry.id.as_deref() == id;
        match found {
            Some(entry) if same(&entry) => Ok(Some(entry)),
            other => {
                self.broken = true;
                let found = match other {
                    Some(entry) => format!(
                        "line {} with the call {:?}",
                        entry.line,
                        entry.id.unwrap_or_default()
                    ),
                    None => "the end of the manifest".to_owned(),
                };
                let wanted = format!(
                    "line {} with the call {:?}, as in the results",
                    line.unwrap_or_default(),
                    id.unwrap_or_default()
                );
                let error = Error::new(ErrorKind::Mismatch, "manifest", found, wanted);
                Err(error.hint(
                    "is it another manifest, or did it change since? are the results in its order?",
                ))
            }
        }
    }
}

impl Iterator for Joined {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.broken {
            return None;
        }
        let (line, cells) = self.rows.next()?;
        let entry = match &cells {
            Ok(cells) => self.entry(cells),
            Err(_) => Ok(None),
        };
        Some((line, cells, entry))
    }
}

/// Returns whether a cell says yes.
fn flag(column: &str, text: &str) -> Result<bool> {
    match text {
        "1" | "true" | "yes" | "да" => Ok(true),
        "0" | "false" | "no" | "нет" => Ok(false),
        _ => Err(Error::new(
            ErrorKind::IllFormed,
            column,
            format!("{text:?}"),
            "1 or 0, true or false",
        )),
    }
}

/// Makes the call of a row of results.
fn call_of(cells: &Cells, entry: Option<&Entry>, options: &ReadOptions) -> Result<CallRow> {
    let call = entry.and_then(|entry| entry.row.as_ref().ok());
    let metadata = call.map(|call| &call.metadata);
    // Rows of a call that the manifest did not name have none.
    let mut row = CallRow::new(cells.get("call_id").unwrap_or_default());
    let line = cells.get("line").and_then(|text| text.parse().ok());
    row.line = line.unwrap_or_default();
    let said = labels(cells)?;
    row.mark = answer(said);
    row.survey = said.survey;
    let scored = cells.get("status") == Some("scored");
    (row.features, row.estimate) = match scored {
        true => {
            let (features, predicted) = measured(cells)?;
            let estimate = predicted
                .csi
                .zip(predicted.satisfied)
                .map(|(csi, satisfied)| Estimate {
                    csi,
                    satisfied,
                    dissatisfied: predicted.dissatisfied,
                });
            (features, estimate)
        }
        false => (FeatureVector::absent(), None),
    };
    let value = |column: &str| -> Option<&str> {
        let kept = cells.get(column);
        kept.or_else(|| extra(metadata?, column))
    };
    row.time = time(metadata, &value, options)?;
    row.customer = value(&options.roles.customer).map(str::to_owned);
    let of_column = |column: &String| match column.as_str() {
        "hour" => row.time.map(|time| format!("{:02}", time.hour())),
        "weekday" => row.time.map(|time| time.weekday().to_string()),
        // A feature that is a word.
        name => value(name)
            .map(str::to_owned)
            .or_else(|| row.word(name).map(str::to_owned)),
    };
    row.columns = options.columns.iter().map(of_column).collect();
    let talk = match row.features.get("call_duration") {
        Some(Ok(Value::Number(seconds))) => Some(*seconds),
        _ => None,
    };
    row.duration_s = talk.or_else(|| Some(call?.duration?.seconds()));
    let ivr = metadata.and_then(|metadata| metadata.ivr.as_ref());
    row.ivr_steps = ivr.and_then(|ivr| ivr.steps.clone());
    let roles = &options.roles;
    let yes = |column: &str| value(column).map(|text| flag(column, text)).transpose();
    row.abandoned = yes(&roles.abandoned)?;
    row.converted = yes(&roles.converted)?;
    let number = |column: &str, least: f64, most: f64| {
        let text = value(column)?;
        let number = text
            .parse()
            .ok()
            .filter(|x: &f64| (least..=most).contains(x));
        Some(number.ok_or_else(|| {
            let wanted = match most == 1.0 {
                true => "a number from 0 to 1",
                false => "a number",
            };
            Error::new(ErrorKind::IllFormed, column, format!("{text:?}"), wanted)
        }))
    };
    row.cost = number(&roles.cost, f64::MIN, f64::MAX).transpose()?;
    row.recognised = number(&roles.recognised, 0.0, 1.0).transpose()?;
    Ok(row)
}

/// Returns the value of a column of the manifest, of those that group calls.
fn extra<'a>(metadata: &'a Metadata, column: &str) -> Option<&'a str> {
    match column {
        "queue_name" => metadata.queue.as_ref()?.name.as_deref(),
        _ => metadata.extra.get(column).map(String::as_str),
    }
}

/// Returns when a call began, on the centre's clock.
fn time<'a>(
    metadata: Option<&Metadata>,
    value: &impl Fn(&str) -> Option<&'a str>,
    options: &ReadOptions,
) -> Result<Option<Moment>> {
    let on_clock = |nanos: i64, utc: bool| {
        let offset = if utc {
            i64::from(options.utc_offset)
        } else {
            0
        };
        Moment(nanos.div_euclid(1_000_000_000) + offset)
    };
    if let Some(start) = metadata.and_then(|metadata| metadata.recording_start) {
        return Ok(Some(on_clock(start.nanos(), true)));
    }
    for column in ["recording_start", options.roles.time.as_str()] {
        if let Some(text) = value(column) {
            let (nanos, utc) = moment(text).map_err(|e| e.within(column))?;
            return Ok(Some(on_clock(nanos, utc)));
        }
    }
    Ok(None)
}
