//! Many calls: rows of a manifest in, columns of results out.

use crate::columns::{kind_name, listed};
use crate::error::{guarded, panicked, raised};
use callcsi::batch::{
    Cells, Column, Manifest, ManifestOptions, ManifestRow, ResultColumns, Threads, measure_all,
    score_all,
};
use callcsi::call::{CallId, Input, Later};
use callcsi::model::Predictor;
use callcsi::score::{Extractor, Limits, Scorer};
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::Span;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How often Ctrl-C is looked for, and progress told.
const LOOK: Duration = Duration::from_millis(100);

/// The ids of the calls that were seen: tables that are parts of one share them.
#[pyclass(frozen, module = "callcsi._native")]
#[derive(Debug, Default)]
pub struct SeenIds(callcsi::batch::SeenIds);

#[pymethods]
impl SeenIds {
    #[new]
    fn new() -> SeenIds {
        SeenIds::default()
    }

    /// Adds an id; `false` when it was there.
    fn add(&self, call_id: &str) -> bool {
        self.0.add(&CallId::new(call_id))
    }
}

#[derive(Debug)]
enum Work {
    Judge(Box<Scorer>),
    Measure(Box<Extractor>),
}

/// Listens to the calls of manifests; immutable.
#[pyclass(frozen, module = "callcsi._native")]
#[derive(Debug)]
pub struct Archive {
    work: Work,
}

/// Makes a predictor of a model file, or of the bundled one.
pub fn predictor(model: Option<&[u8]>) -> PyResult<Predictor> {
    let predictor = model.map_or_else(Predictor::builtin, Predictor::from_bytes);
    predictor.map_err(raised)
}

/// Makes limits of seconds; none of infinite ones.
pub fn limits(longest_s: f64, time_s: f64) -> PyResult<Limits> {
    let wrong =
        |what: &str| PyValueError::new_err(format!("{what}: a number of seconds is wanted"));
    let mut limits = Limits::default();
    if longest_s != f64::INFINITY {
        limits.longest = Some(Span::from_seconds(longest_s).ok_or_else(|| wrong("longest_s"))?);
    }
    if time_s != f64::INFINITY {
        let time = Duration::try_from_secs_f64(time_s);
        limits.time = Some(time.map_err(|_| wrong("timeout_s"))?);
    }
    Ok(limits)
}

/// Returns the settings of this build with some changed: an object of JSON.
fn settings(changed: Option<&str>) -> PyResult<AnalysisSettings> {
    let usual = AnalysisSettings::default();
    let Some(changed) = changed else {
        return Ok(usual);
    };
    let wrong = |e: serde_json::Error| PyValueError::new_err(format!("settings: {e}"));
    let mut whole = serde_json::to_value(usual).map_err(wrong)?;
    let changed: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(changed).map_err(wrong)?;
    if let Some(whole) = whole.as_object_mut() {
        whole.extend(changed);
    }
    serde_json::from_value(whole).map_err(wrong)
}

/// What the rows of a table leave out, and how they are worked on.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    /// What errors call the table.
    name: String,
    /// Line of the first row.
    first_line: u64,
    root: Option<PathBuf>,
    outside: bool,
    agent_channel: Option<String>,
    agent_speaker: Option<String>,
    transcript_format: Option<String>,
    records: Vec<PathBuf>,
    keep: Vec<String>,
    /// 0: one for each processor.
    threads: usize,
}

impl Options {
    pub fn manifest(&self) -> PyResult<ManifestOptions> {
        let channel = self.agent_channel.as_deref().map(str::parse);
        let format = self.transcript_format.as_deref().map(str::parse);
        Ok(ManifestOptions {
            agent_channel: channel.transpose().map_err(raised)?,
            agent_speaker: self.agent_speaker.clone(),
            transcript_format: format.transpose().map_err(raised)?,
            records: self.records.clone(),
            root: self.root.clone(),
            outside: self.outside,
            ..ManifestOptions::default()
        })
    }

    fn threads(&self) -> Threads {
        match self.threads {
            0 => Threads::available(),
            count => Threads::of(count),
        }
    }
}

/// Makes rows of columns of text, and of what stands in place of paths: bytes, or a name that `fetch` is
/// called with when the call's turn comes.
pub fn rows(
    count: usize,
    first_line: u64,
    cells: &Bound<'_, PyDict>,
    inputs: &Bound<'_, PyDict>,
    fetch: &Arc<Py<PyAny>>,
) -> PyResult<Vec<ManifestRow>> {
    let lines = first_line..;
    let mut rows: Vec<ManifestRow> = lines.take(count).map(ManifestRow::new).collect();
    for (column, list) in cells {
        let (column, list): (String, Vec<Option<String>>) = (column.extract()?, list.extract()?);
        for (row, cell) in rows.iter_mut().zip(list) {
            match (column.as_str(), cell) {
                (_, None) => {}
                ("manifest_error", Some(text)) => row.unread = Some(told(&text)?),
                (_, Some(text)) => row.cells.insert(&column, &text),
            }
        }
    }
    for (column, list) in inputs {
        let column: String = column.extract()?;
        for (row, given) in rows.iter_mut().zip(list.try_iter()?) {
            let given = given?;
            if !given.is_none() {
                let input = input(&column, &row.cells, &given, fetch)?;
                row.inputs.push((column.clone(), input));
            }
        }
    }
    Ok(rows)
}

/// Reads an error that [`told_parts`](crate::tables) wrote.
fn told(text: &str) -> PyResult<callcsi::Error> {
    let parts: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| PyValueError::new_err("manifest_error: what read_manifest wrote is wanted"))?;
    let part = |name: &str| parts.get(name).and_then(serde_json::Value::as_str);
    let whole = |name: &str| part(name).unwrap_or_default();
    let (kind, place) = (whole("kind"), whole("place"));
    let (found, wanted) = (whole("found"), whole("wanted"));
    Ok(callcsi::Error::from_parts(
        kind,
        place,
        found,
        wanted,
        part("hint"),
    ))
}

fn input(
    column: &str,
    cells: &Cells,
    given: &Bound<'_, PyAny>,
    fetch: &Arc<Py<PyAny>>,
) -> PyResult<Input> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        // What the cell of the same column has is the name.
        let name = cells.get(column).unwrap_or(column).to_owned();
        return Ok(Input::Bytes {
            name,
            bytes: bytes.as_bytes().into(),
        });
    }
    let Ok(name) = given.cast::<PyString>() else {
        let found = given.get_type();
        return Err(PyTypeError::new_err(format!(
            "{column}: bytes or a name is wanted, not {found}"
        )));
    };
    let name = name.to_string();
    let (asked, fetch) = (name.clone(), Arc::clone(fetch));
    Ok(Input::Later(Later::new(name, move || {
        Python::attach(|py| {
            let given = fetch.bind(py).call1((asked.as_str(),))?;
            Ok(Arc::from(given.cast::<PyBytes>()?.as_bytes()))
        })
        .map_err(|error: PyErr| std::io::Error::other(error.to_string()))
    })))
}

#[pymethods]
impl Archive {
    /// Makes one that judges by a model (a file's bytes; `None`: the bundled one), or only measures.
    #[new]
    fn new(
        judging: bool,
        model: Option<&[u8]>,
        changed_settings: Option<&str>,
        longest_s: f64,
        timeout_s: f64,
    ) -> PyResult<Archive> {
        let limits = limits(longest_s, timeout_s)?;
        let work = match judging {
            true => {
                let scorer = Scorer::new(predictor(model)?).map_err(raised)?;
                Work::Judge(Box::new(scorer.with_limits(limits)))
            }
            false => {
                let settings = match model {
                    Some(_) => predictor(model)?.model().settings().clone(),
                    None => settings(changed_settings)?,
                };
                let extractor = Extractor::new(settings).map_err(raised)?;
                Work::Measure(Box::new(extractor.with_limits(limits)))
            }
        };
        Ok(Archive { work })
    }

    /// Returns the columns of the results, as (name, kind).
    fn columns(&self, keep: Vec<String>) -> PyResult<Vec<(String, &'static str)>> {
        let columns = match &self.work {
            Work::Judge(scorer) => ResultColumns::scored(scorer.predictor().model(), &keep)
                .map(ResultColumns::into_columns),
            Work::Measure(extractor) => ResultColumns::measured(extractor.settings(), &keep)
                .map(ResultColumns::into_columns),
        };
        let columns = columns.map_err(raised)?.into_iter();
        Ok(columns
            .map(|c| (c.name.clone(), kind_name(c.kind())))
            .collect())
    }

    /// Works on the calls of a table of `count` rows; returns the results as (name, kind, cells).
    #[expect(clippy::too_many_arguments, reason = "one caller, which names them")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        cells: &Bound<'py, PyDict>,
        inputs: &Bound<'py, PyDict>,
        fetch: Py<PyAny>,
        options: Options,
        seen: &SeenIds,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let rows = rows(count, options.first_line, cells, inputs, &Arc::new(fetch))?;
        let manifest = Manifest::of_rows(&options.name, rows.into_iter(), options.manifest()?);
        let manifest = manifest.map_err(raised)?.sharing(seen.0.clone());
        let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        let work = || self.results(manifest, &options, &stop, &done);
        let columns = watched(py, work, &stop, || {
            let Some(progress) = &progress else {
                return Ok(());
            };
            Python::attach(|py| {
                progress
                    .call1(py, (done.load(Ordering::Relaxed),))
                    .map(|_| ())
            })
        })?;
        listed(py, &columns.map_err(raised)?)
    }
}

impl Archive {
    fn results(
        &self,
        manifest: Manifest,
        options: &Options,
        stop: &AtomicBool,
        done: &AtomicUsize,
    ) -> callcsi::Result<Vec<Column>> {
        let threads = options.threads();
        match &self.work {
            Work::Judge(scorer) => {
                let mut table = ResultColumns::scored(scorer.predictor().model(), &options.keep)?;
                score_all(scorer, manifest, threads, stop, |outcome| {
                    table.push(&outcome);
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                })?;
                Ok(table.into_columns())
            }
            Work::Measure(extractor) => {
                let mut table = ResultColumns::measured(extractor.settings(), &options.keep)?;
                measure_all(extractor, manifest, threads, stop, |outcome| {
                    table.push(&outcome);
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                })?;
                Ok(table.into_columns())
            }
        }
    }
}

/// Runs `work` on a thread of its own, without the GIL, and looks for Ctrl-C meanwhile; that, or an
/// exception of `look`, stops it and is raised once the calls at work are done.
pub fn watched<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send,
    stop: &AtomicBool,
    look: impl Fn() -> PyResult<()> + Send + Sync,
) -> PyResult<T> {
    py.detach(|| {
        let (ended, end) = channel::<()>();
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                // Dropped at the end, however that comes.
                let _ended = ended;
                work()
            });
            let mut raised = None;
            // Nothing is ever sent: the end of the work closes the channel.
            while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(LOOK) {
                let looked = Python::attach(|py| py.check_signals()).and_then(|()| look());
                if let (Err(error), None) = (looked, &raised) {
                    stop.store(true, Ordering::Relaxed);
                    raised = Some(error);
                }
            }
            let result = worker.join();
            match raised {
                Some(error) => Err(error),
                None => guarded(|| result.map_err(|panic| panicked(&*panic))),
            }
        })
    })
}
