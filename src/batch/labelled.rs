//! Calls with their marks, for training: from an archive, or from a table of results.

use super::manifest::{Entry, Labels, Manifest, ManifestOptions, labels};
use super::pipeline::{Threads, in_order};
use super::table::{Cells, read_table};
use crate::call::CallId;
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Absence, FeatureVector, Kind, Value, catalogue};
use crate::model::SurveyStatus;
use crate::score::{Extractor, guarded};
use std::path::Path;

/// A measured call with its mark.
#[derive(Clone, Debug)]
pub struct LabelledCall {
    /// Which call.
    pub id: CallId,
    /// What was measured on it.
    pub features: FeatureVector,
    /// The customer's mark.
    pub mark: i64,
    /// Value of the column that keeps calls together in the hold-out.
    pub group: Option<String>,
}

/// The calls of a table or archive that training can use, and what became of the others.
#[derive(Debug, Default)]
pub struct Labelled {
    /// Calls with a mark.
    pub calls: Vec<LabelledCall>,
    /// Rows without a mark: the customer did not answer, was not asked, or the answer is invalid.
    pub unlabelled: u64,
    /// Rows with a mark that could not be read or measured.
    pub failed: Vec<Error>,
}

/// Reads the labelled calls of a table of results (as [`CsvSink`](super::CsvSink) writes it, told by
/// its columns `schema` and `status`), whose features are taken as they stand, or of a manifest or
/// folder, whose calls are measured.
///
/// A row is labelled when it has a `mark` and its `survey_status`, where given, is `answered`.
/// `group` names a column whose equal values stay together in the hold-out.
///
/// # Errors
///
/// When the table cannot be read, was measured under settings other than the extractor's, or has no
/// value in the column `group`: a hold-out that keeps nothing together would look too good. What
/// is wrong with a single row is in [`Labelled::failed`].
pub fn read_labelled(
    path: &Path,
    options: ManifestOptions,
    extractor: &Extractor,
    group: Option<&str>,
    threads: Threads,
) -> Result<Labelled> {
    let has_results = path.is_file() && {
        let columns = read_table(path)?.columns().to_vec();
        ["schema", "status"]
            .iter()
            .all(|c| columns.iter().any(|found| found == c))
    };
    let labelled = if has_results {
        of_results(path, extractor, group)?
    } else {
        of_archive(Manifest::open(path, options)?, extractor, group, threads)?
    };
    if let Some(column) = group
        && !labelled.calls.is_empty()
        && labelled.calls.iter().all(|call| call.group.is_none())
    {
        let (found, wanted) = ("no value on any call", "a column of the centre's own");
        let error = Error::new(ErrorKind::Mismatch, column, found, wanted);
        return Err(error.hint("a table of results has it only when it was kept: --keep"));
    }
    Ok(labelled)
}

/// Tells whether a row's mark is an answer.
fn answer(labels: Labels) -> Option<i64> {
    let answered = labels.survey.is_none_or(|s| s == SurveyStatus::Answered);
    labels.mark.filter(|_| answered)
}

fn of_archive(
    manifest: Manifest,
    extractor: &Extractor,
    group: Option<&str>,
    threads: Threads,
) -> Result<Labelled> {
    let mut labelled = Labelled::default();
    let work = |entry: Entry| {
        let Some(mark) = answer(entry.labels) else {
            // A row whose labels could not be read is a failure, not an unanswered survey.
            return entry.row.map(|_| None);
        };
        let call = entry.row?;
        let measurements = guarded(&call.id, || extractor.extract(&call))?;
        let group = group.and_then(|column| call.metadata.extra.get(column).cloned());
        let features = measurements.features;
        Ok(Some(LabelledCall {
            id: call.id,
            features,
            mark,
            group,
        }))
    };
    in_order(threads, manifest, work, |result| {
        match result {
            Ok(Some(call)) => labelled.calls.push(call),
            Ok(None) => labelled.unlabelled += 1,
            Err(error) => labelled.failed.push(error),
        }
        Ok(())
    })?;
    Ok(labelled)
}

fn of_results(path: &Path, extractor: &Extractor, group: Option<&str>) -> Result<Labelled> {
    let rows = read_table(path)?;
    let name = rows.name().to_owned();
    let settings = extractor.settings().fingerprint();
    let mut labelled = Labelled::default();
    for (line, cells) in rows {
        let place = || format!("{name} line {line}");
        let row = cells.and_then(|cells| {
            // A table measured otherwise is refused whole, below: it is no fault of one row.
            if let Some(found) = cells.get("settings").filter(|found| *found != settings) {
                let wanted = format!("{settings}, those given");
                return Ok(Err(Error::new(
                    ErrorKind::Mismatch,
                    "settings",
                    found,
                    wanted,
                )
                .hint(
                    "give the model that the table was scored with, by --settings-of",
                )));
            }
            measured(&cells, group).map(Ok)
        });
        match row.map_err(|e| e.within(place())) {
            Ok(Ok(Some(call))) => labelled.calls.push(call),
            Ok(Ok(None)) => labelled.unlabelled += 1,
            Ok(Err(refusal)) => return Err(refusal.within(place())),
            Err(error) => labelled.failed.push(error),
        }
    }
    Ok(labelled)
}

/// Reads the features of one row of results; `None` when it has no mark.
fn measured(cells: &Cells, group: Option<&str>) -> Result<Option<LabelledCall>> {
    let Some(mark) = answer(labels(cells)?) else {
        return Ok(None);
    };
    if cells.get("status") != Some("scored") {
        let found = cells.get("error").unwrap_or("a call that was not scored");
        let wanted = "a scored call";
        return Err(Error::new(ErrorKind::Invalid, "status", found, wanted));
    }
    let Some(id) = cells.get("call_id") else {
        return Err(Error::new(
            ErrorKind::IllFormed,
            "call_id",
            "no value",
            "the call's id",
        ));
    };
    let mut named = Vec::new();
    for feature in catalogue() {
        let Some(text) = cells.get(&feature.name) else {
            continue;
        };
        let value = match feature.kind {
            Kind::Category => Value::Category(text.into()),
            Kind::Number => Value::Number(text.parse().map_err(|_| {
                let found = format!("{text:?}");
                Error::new(ErrorKind::IllFormed, &feature.name, found, "a number")
            })?),
        };
        named.push((feature.name.as_str(), value));
    }
    let features = FeatureVector::from_named(named, Absence::NotGiven)?;
    let group = group
        .and_then(|column| cells.get(column))
        .map(str::to_owned);
    Ok(Some(LabelledCall {
        id: CallId::new(id),
        features,
        mark,
        group,
    }))
}
