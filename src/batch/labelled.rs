//! Calls with their marks: from an archive, from a table of results, or from any table of features.

use super::manifest::{Entry, Labels, Manifest, ManifestOptions, labels};
use super::mapping::{Mapping, TableKind, moment, nearest};
use super::pipeline::{Threads, in_order};
use super::table::{Cells, Rows, read_table_mapped};
use crate::call::{CallId, Metadata};
use crate::error::{Error, ErrorKind, Result};
use crate::features::{Absence, FeatureVector, Kind, Value, catalogue, position};
use crate::model::{SurveyCounts, SurveyStatus};
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
    /// Value of the column whose means are compared: an operator, a queue.
    pub by: Option<String>,
    /// When the call was, in nanoseconds since 1970 on the table's clock: UTC where its times tell
    /// their offset, local time otherwise. Good for ordering the calls of one table, and for
    /// nothing else.
    pub time: Option<i64>,
    /// What the table predicts of the call: of results, or of other software.
    pub predicted: Predicted,
}

/// What a table says of a call besides its features: the columns `csi`, `satisfied` and
/// `dissatisfied`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Predicted {
    /// Expected mark.
    pub csi: Option<f64>,
    /// Probability that the customer is satisfied, `0.0..=1.0`.
    pub satisfied: Option<f64>,
    /// Probability that the customer is dissatisfied, `0.0..=1.0`.
    pub dissatisfied: Option<f64>,
}

/// Counts the survey of one more row. Answers that are no mark are invalid, and so are those called
/// answered of which there is no mark.
fn count(counts: &mut SurveyCounts, labels: Labels) {
    let slot = match (labels.survey, labels.mark) {
        (Some(SurveyStatus::Answered) | None, Some(_)) => &mut counts.answered,
        (Some(SurveyStatus::Answered | SurveyStatus::Invalid), _) => &mut counts.invalid,
        (Some(SurveyStatus::NoResponse), _) => &mut counts.no_response,
        (Some(SurveyStatus::NotInvited), _) => &mut counts.not_invited,
        (None, None) => &mut counts.unstated,
    };
    *slot += 1;
    counts.by_mark += u64::from(labels.survey.is_none() && labels.mark.is_some());
}

/// Tells whether the customer was asked and gave no mark.
fn is_silent(labels: Labels) -> bool {
    labels.survey == Some(SurveyStatus::NoResponse) && labels.mark.is_none()
}

/// The calls of a table or archive that training can use, and what became of the others.
#[derive(Debug, Default)]
pub struct Labelled {
    /// Calls with a mark.
    pub calls: Vec<LabelledCall>,
    /// Rows without a mark: the customer did not answer, was not asked, or the answer is invalid.
    pub unlabelled: u64,
    /// What became of the surveys, of every row whose labels could be read.
    pub survey: SurveyCounts,
    /// What was measured on the calls whose customers were asked and gave no mark, where
    /// [`LabelledOptions::silent`] asks for it.
    pub silent: Vec<FeatureVector>,
    /// Rows with a mark that could not be read or measured.
    pub failed: Vec<Error>,
}

impl Labelled {
    fn push(&mut self, read: Result<Read<LabelledCall>>) {
        match read {
            Ok(Read::Labelled(call)) => self.calls.push(call),
            Ok(Read::Silent(features)) => {
                self.silent.push(features);
                self.unlabelled += 1;
            }
            Ok(Read::Unlabelled) => self.unlabelled += 1,
            Err(error) => self.failed.push(error),
        }
    }
}

/// How labelled calls are read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LabelledOptions {
    /// What the rows of a manifest leave out.
    pub manifest: ManifestOptions,
    /// What the columns of a foreign table mean. [`TableKind::Features`] makes its rows measured
    /// calls; results of this crate are told by their columns `schema` and `status`.
    pub mapping: Mapping,
    /// Column whose equal values stay together in the hold-out, customers as a rule.
    pub group: Option<String>,
    /// Column whose means are compared, operators or queues as a rule.
    pub by: Option<String>,
    /// Column that tells when the call was, as ISO 8601. Defaults to `recording_start` of an
    /// archive, and of a table to that or `time`, where it has one.
    pub time: Option<String>,
    /// Also measure the calls whose customers were asked and gave no mark
    /// ([`SurveyStatus::NoResponse`]), to weigh the answers by
    /// ([`response_weights`](crate::model::response_weights)). Most calls of an archive are such.
    /// Defaults to no.
    pub silent: bool,
    /// Take results whatever settings they were measured under: where their predictions are judged
    /// and not their features. Defaults to no.
    pub any_settings: bool,
}

/// Reads the labelled calls of a table of results (as [`CsvSink`](super::CsvSink) or
/// [`JsonSink`](super::JsonSink) writes it, told by its columns `schema` and `status`), whose features
/// are taken as they stand, or of a manifest or folder, whose calls are measured.
///
/// A row is labelled when it has a `mark` and its `survey_status`, where given, is `answered`.
/// `group` names a column whose equal values stay together in the hold-out.
///
/// # Errors
///
/// As [`read_labelled_with`].
pub fn read_labelled(
    path: &Path,
    options: ManifestOptions,
    extractor: &Extractor,
    group: Option<&str>,
    threads: Threads,
) -> Result<Labelled> {
    let options = LabelledOptions {
        manifest: options,
        group: group.map(str::to_owned),
        ..LabelledOptions::default()
    };
    read_labelled_with(path, &options, extractor, threads)
}

/// Reads the labelled calls of a table of results, of a manifest or folder, or of any table of
/// features that `options` describes: CSV, JSON Lines or Parquet.
///
/// A table of features has `call_id`, `mark`, perhaps `survey_status`, and columns named as the
/// features of the [catalogue](crate::features::catalogue) or, instead of those, predictions; other
/// columns are passed over. No extractor's settings are asked of it: nobody knows them.
///
/// # Errors
///
/// When the table cannot be read, was measured under settings other than the extractor's, has
/// neither features nor predictions, or has no value in a column that `options` names: a hold-out
/// that keeps nothing together would look too good. What is wrong with a single row is in
/// [`Labelled::failed`].
pub fn read_labelled_with(
    path: &Path,
    options: &LabelledOptions,
    extractor: &Extractor,
    threads: Threads,
) -> Result<Labelled> {
    read_labelled_watched(path, options, extractor, threads, || {})
}

/// As [`read_labelled_with`], and calls `row` on this thread after each row, of whatever it came to: an
/// archive takes hours to listen to, and people want to see it go on.
///
/// # Errors
///
/// As [`read_labelled_with`].
pub fn read_labelled_watched(
    path: &Path,
    options: &LabelledOptions,
    extractor: &Extractor,
    threads: Threads,
    mut row: impl FnMut(),
) -> Result<Labelled> {
    let labelled = if path.is_file() {
        let mut rows = read_table_mapped(path, &options.mapping)?;
        if rows.find_results()? {
            of_table(rows, options, true, Some(extractor), &mut row)?
        } else if options.mapping.kind() == TableKind::Features {
            of_table(rows, options, false, None, &mut row)?
        } else {
            of_archive(path, options, extractor, threads, &mut row)?
        }
    } else {
        of_archive(path, options, extractor, threads, &mut row)?
    };
    type Has = fn(&LabelledCall) -> bool;
    let asked: [(&Option<String>, Has); 3] = [
        (&options.group, |call| call.group.is_some()),
        (&options.by, |call| call.by.is_some()),
        (&options.time, |call| call.time.is_some()),
    ];
    for (column, has) in asked {
        if let Some(column) = column
            && !labelled.calls.is_empty()
            && !labelled.calls.iter().any(has)
        {
            let (found, wanted) = ("no value on any call", "a column of the centre's own");
            let error = Error::new(ErrorKind::Mismatch, column, found, wanted);
            return Err(error.hint("a table of results has it only when it was kept: --keep"));
        }
    }
    Ok(labelled)
}

/// What a row of an archive or a table came to.
enum Read<T> {
    Labelled(T),
    Silent(FeatureVector),
    Unlabelled,
}

/// Tells whether a row's mark is an answer.
pub(crate) fn answer(labels: Labels) -> Option<i64> {
    let answered = labels.survey.is_none_or(|s| s == SurveyStatus::Answered);
    labels.mark.filter(|_| answered)
}

/// Reads when calls were, all on one clock.
#[derive(Debug, Default)]
struct Clock {
    utc: Option<bool>,
}

impl Clock {
    fn read(&mut self, column: &str, text: &str) -> Result<i64> {
        let (nanos, utc) = moment(text).map_err(|e| e.within(column))?;
        if *self.utc.get_or_insert(utc) != utc {
            let (found, wanted) = match utc {
                true => ("a time with its offset from UTC", "one without, as before"),
                false => ("a time without its offset from UTC", "one with, as before"),
            };
            return Err(Error::new(ErrorKind::Mismatch, column, found, wanted));
        }
        Ok(nanos)
    }
}

/// Returns the value of a column of a measured call; facts that have a meaning are not carried, but
/// those that group calls are.
fn carried(metadata: &Metadata, column: &str) -> Option<String> {
    match column {
        "queue_name" => metadata.queue.as_ref()?.name.clone(),
        _ => metadata.extra.get(column).cloned(),
    }
}

/// Whether a row of results has what was measured.
fn is_measured(cells: &Cells) -> bool {
    matches!(cells.get("status"), Some("scored" | "measured"))
}

fn of_archive(
    path: &Path,
    options: &LabelledOptions,
    extractor: &Extractor,
    threads: Threads,
    watch: &mut dyn FnMut(),
) -> Result<Labelled> {
    let manifest = Manifest::open_mapped(path, options.manifest.clone(), &options.mapping)?;
    let mut labelled = Labelled::default();
    let mut clock = Clock::default();
    let work = |entry: Entry| {
        // A row whose labels could not be read is a failure, not an unanswered survey.
        let told = entry.row.is_ok() || entry.labels != Labels::default();
        let survey = told.then_some(entry.labels);
        let Some(mark) = answer(entry.labels) else {
            let silent = options.silent && is_silent(entry.labels);
            let read = entry.row.and_then(|call| {
                if !silent {
                    return Ok(Read::Unlabelled);
                }
                let measured = guarded(&call.id, || extractor.extract(&call))?;
                Ok(Read::Silent(measured.features))
            });
            return (survey, read);
        };
        let measured = entry.row.and_then(|call| {
            let measurements = guarded(&call.id, || extractor.extract(&call))?;
            let metadata = &call.metadata;
            let column = |name: &Option<String>| carried(metadata, name.as_ref()?);
            let time = match options.time.as_deref() {
                None | Some("recording_start") => {
                    metadata.recording_start.map(|start| start.to_string())
                }
                Some(column) => metadata.extra.get(column).cloned(),
            };
            let (group, by) = (column(&options.group), column(&options.by));
            let call = LabelledCall {
                id: call.id,
                features: measurements.features,
                mark,
                group,
                by,
                time: None,
                predicted: Predicted::default(),
            };
            Ok(Read::Labelled((call, time)))
        });
        (survey, measured)
    };
    in_order(threads, manifest, work, |(survey, result)| {
        if let Some(labels) = survey {
            count(&mut labelled.survey, labels);
        }
        labelled.push(result.and_then(|read| {
            Ok(match read {
                Read::Labelled((mut call, time)) => {
                    let column = options.time.as_deref().unwrap_or("recording_start");
                    let time = time.map(|time| clock.read(column, &time));
                    call.time = time.transpose().map_err(|e| e.of_call(&call.id))?;
                    Read::Labelled(call)
                }
                Read::Silent(features) => Read::Silent(features),
                Read::Unlabelled => Read::Unlabelled,
            })
        }));
        watch();
        Ok(())
    })?;
    Ok(labelled)
}

/// Reads a table of measured calls: results, made under the settings of the extractor `made_by`, or
/// features of unknown making.
fn of_table(
    mut rows: Rows,
    options: &LabelledOptions,
    results: bool,
    made_by: Option<&Extractor>,
    watch: &mut dyn FnMut(),
) -> Result<Labelled> {
    let made_by = made_by.filter(|_| !options.any_settings);
    let settings = made_by.map(|extractor| extractor.settings().fingerprint());
    let mut labelled = Labelled::default();
    let mut reader = RowReader {
        options,
        results,
        clock: Clock::default(),
        any: false,
        columns: Vec::new(),
    };
    while let Some((line, cells)) = rows.next() {
        let row = cells.and_then(|cells| {
            // A table measured otherwise is refused whole, below: it is no fault of one row.
            let other = |wanted: &String| cells.get("settings").filter(|found| found != wanted);
            if let Some((found, wanted)) = settings.as_ref().and_then(|w| Some((other(w)?, w))) {
                let wanted = format!("{wanted}, those given");
                let error = Error::new(ErrorKind::Mismatch, "settings", found, wanted);
                return Ok(Err(error.hint(
                    "give the model that the table was scored with, by --settings-of",
                )));
            }
            let labels = labels(&cells)?;
            count(&mut labelled.survey, labels);
            reader.call(&cells, labels).map(Ok)
        });
        match row.map_err(|e| e.within(rows.place(line))) {
            Ok(Ok(read)) => labelled.push(Ok(read)),
            Ok(Err(refusal)) => return Err(refusal.within(rows.place(line))),
            Err(error) => labelled.push(Err(error)),
        }
        watch();
    }
    rows.check_columns()?;
    if !labelled.calls.is_empty() && !reader.any {
        return Err(reader.nothing_measured(rows.name()));
    }
    Ok(labelled)
}

/// Reads the rows of a table of measured calls.
struct RowReader<'a> {
    options: &'a LabelledOptions,
    results: bool,
    clock: Clock,
    /// Whether any row had a feature or a prediction.
    any: bool,
    /// Columns of the first labelled row.
    columns: Vec<String>,
}

/// The columns of predictions.
const PREDICTED: [&str; 3] = ["csi", "satisfied", "dissatisfied"];

impl RowReader<'_> {
    /// Reads one row.
    fn call(&mut self, cells: &Cells, labels: Labels) -> Result<Read<LabelledCall>> {
        let Some(mark) = answer(labels) else {
            // Of results only those that were scored have measurements.
            let measured = !self.results || is_measured(cells);
            return Ok(match self.options.silent && is_silent(labels) && measured {
                true => Read::Silent(self.measured(cells)?.0),
                false => Read::Unlabelled,
            });
        };
        if self.results && !is_measured(cells) {
            let found = cells.get("error").unwrap_or("a call that was not scored");
            let wanted = "a scored call";
            return Err(Error::new(ErrorKind::Invalid, "status", found, wanted));
        }
        let id = cells.call_id()?;
        if self.columns.is_empty() {
            self.columns = cells.iter().map(|(c, _)| c.to_owned()).collect();
        }
        let (features, predicted) = self.measured(cells)?;
        let column = |name: &Option<String>| cells.get(name.as_ref()?).map(str::to_owned);
        let time = match &self.options.time {
            Some(column) => cells.get(column).map(|text| (column.as_str(), text)),
            None => ["recording_start", "time"]
                .into_iter()
                .find_map(|column| Some((column, cells.get(column)?))),
        };
        let time = time.map(|(column, text)| self.clock.read(column, text));
        Ok(Read::Labelled(LabelledCall {
            id: CallId::new(id),
            features,
            mark,
            group: column(&self.options.group),
            by: column(&self.options.by),
            time: time.transpose()?,
            predicted,
        }))
    }

    /// Reads the features and the predictions of a row.
    fn measured(&mut self, cells: &Cells) -> Result<(FeatureVector, Predicted)> {
        let (features, predicted) = measured(cells)?;
        let any = features.values().iter().any(Result::is_ok);
        self.any |= any || predicted != Predicted::default();
        Ok((features, predicted))
    }

    /// Tells that no column of the table is a feature.
    fn nothing_measured(&self, table: &str) -> Error {
        let shown: Vec<&str> = self.columns.iter().take(12).map(String::as_str).collect();
        let found = format!("the columns {}", shown.join(", "));
        let wanted = "columns named as the features (docs/features.md), or csi and satisfied";
        let error = Error::new(ErrorKind::Mismatch, table, found, wanted);
        let features = || catalogue().iter().map(|f| f.name.as_str());
        let near = self
            .columns
            .iter()
            .find_map(|c| Some((c, nearest(c, features())?)));
        match near {
            Some((column, feature)) => error.hint(format!("is {column:?} the feature {feature}?")),
            None => error.hint("a mapping says what the columns are"),
        }
    }
}

/// Reads the features and the predictions of a row, of the columns named as those.
pub(crate) fn measured(cells: &Cells) -> Result<(FeatureVector, Predicted)> {
    let mut named = Vec::new();
    let mut predicted = Predicted::default();
    for (column, text) in cells.iter() {
        let number = || -> Result<f64> {
            let error = || {
                let found = format!("{text:?}");
                Error::new(ErrorKind::IllFormed, column, found, "a number")
            };
            text.parse().map_err(|_| match text.contains(',') {
                true => error().hint("say decimal = \",\" in a mapping"),
                false => error(),
            })
        };
        if let Some(feature) = position(column).and_then(|at| catalogue().get(at)) {
            let value = match feature.kind {
                Kind::Category => Value::Category(text.into()),
                Kind::Number => Value::Number(number()?),
            };
            named.push((feature.name.as_str(), value));
        } else if PREDICTED.contains(&column) {
            let number = number()?;
            let share = (0.0..=1.0).contains(&number);
            if !number.is_finite() || (column != "csi" && !share) {
                let wanted = match column {
                    "csi" => "a finite number",
                    _ => "a probability from 0 to 1",
                };
                return Err(Error::new(ErrorKind::Invalid, column, number, wanted));
            }
            match column {
                "csi" => predicted.csi = Some(number),
                "satisfied" => predicted.satisfied = Some(number),
                _ => predicted.dissatisfied = Some(number),
            }
        }
    }
    Ok((
        FeatureVector::from_named(named, Absence::NotGiven)?,
        predicted,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_is_counted_by_its_status_and_else_by_its_mark() {
        let mut counts = SurveyCounts::default();
        use SurveyStatus::*;
        for (survey, mark) in [
            (Some(Answered), Some(5)),
            (None, Some(4)),
            (Some(Answered), None),
            (Some(Invalid), Some(3)),
            (Some(NoResponse), None),
            (Some(NotInvited), None),
        ] {
            count(&mut counts, Labels { mark, survey });
        }
        let wanted = SurveyCounts {
            answered: 2,
            no_response: 1,
            not_invited: 1,
            invalid: 2,
            unstated: 0,
            by_mark: 1,
        };
        assert_eq!((counts, counts.rows()), (wanted, 6));
        assert_eq!(counts.response_rate(), Some(0.4));
        count(&mut counts, Labels::default());
        assert_eq!((counts.unstated, counts.response_rate()), (1, None));
        assert_eq!(SurveyCounts::default().response_rate(), None);
        // A table of those who answered does not tell how many were asked.
        let answered = SurveyCounts {
            answered: 9,
            by_mark: 9,
            ..SurveyCounts::default()
        };
        assert_eq!(answered.response_rate(), None);
    }

    #[test]
    fn one_table_has_one_clock() {
        let mut clock = Clock::default();
        assert!(clock.read("time", "2026-05-03").is_ok());
        let error = clock.read("time", "2026-05-03T00:00:00Z").unwrap_err();
        assert_eq!((error.kind(), error.place()), (ErrorKind::Mismatch, "time"));
    }
}
