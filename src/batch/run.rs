//! The run over an archive: what is done already, what is to be done, and in which order.
//!
//! # Conventions
//!
//! * Rows come in manifest order, and the bytes of an output depend on the manifest, its inputs, the
//!   model and the format: not on threads, on the order of work, or on how often a run was broken off.
//! * A row is taken from an earlier run when its key is the same: the call as the manifest has it, and
//!   the size and time of change (or the content) of each file it names; see [`Identity`].
//! * Memory: `threads × 256` rows wait at most, some 130 kB each, beside what the calls at work hold;
//!   with a limit both are cut down to it (see [`RunOptions::memory_limit`]). The ids seen take 17
//!   bytes a row of the manifest.

use super::inputs::{Identity, Inputs};
use super::journal::{self, Origin};
use super::manifest::{Entry, Manifest};
use super::output::{self, Found, Left, Names, Output};
use super::pipeline::{Job, Limits, Threads, scheduled};
use super::row::{Outcome, RowFormat, SCHEMA_VERSION, write_error};
use super::shard::Shard;
use crate::call::Call;
use crate::error::Result;
use crate::score::{Extractor, Measurements, Part, Scorer, Warning, guarded};
use crate::settings::Fnv1a;
use serde_json::json;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How a run begins where an earlier one left something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Anew; an unfinished run is an error, since it may have cost hours.
    #[default]
    New,
    /// With the rows of earlier runs that still hold.
    Resume,
    /// Anew; an unfinished run is thrown away.
    Restart,
}

/// How an archive is run over.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RunOptions {
    /// Where calls are worked on.
    pub threads: Threads,
    /// Bytes that the calls at work and the rows that wait may take, by estimate; the program, the
    /// model and the ids seen come on top. A quarter is for the rows, 130 kB each; a call is estimated at
    /// [`CALL_MEMORY`](super::CALL_MEMORY) with [`SECOND_MEMORY`](super::SECOND_MEMORY) for each second that its files may last and 12 times the
    /// size of its transcripts. A call over the whole of it is worked on alone. `None`: no limit.
    pub memory_limit: Option<u64>,
    /// The share of the manifest that is done.
    pub shard: Option<Shard>,
    /// What becomes of the rows of an earlier run.
    pub start: Start,
    /// Whether calls that failed in the earlier run are tried again.
    pub retry_failed: bool,
    /// Whether the first call that fails ends the run.
    pub fail_fast: bool,
    /// By what inputs are told apart.
    pub identity: Identity,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            threads: Threads::available(),
            memory_limit: None,
            shard: None,
            start: Start::New,
            retry_failed: false,
            fail_fast: false,
            identity: Identity::default(),
        }
    }
}

/// Bytes of a row that waits, with what was measured for it: 130 kB were measured of JSON Lines with reasons,
/// 100 kB of CSV.
const ROW_MEMORY: u64 = 130_000;

/// Where rows go.
pub enum Destination {
    /// A file, which is there when the last row is, with its journal and its failures beside it:
    /// `OUT.journal`, `OUT.errors.jsonl`.
    File(PathBuf),
    /// A stream; each row is written out at once.
    Stream(Box<dyn Write>),
}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::File(path) => write!(f, "File({})", path.display()),
            Destination::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// What happens on a run, as it happens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Rows of an earlier run cannot be taken, since this changed.
    Changed(&'static str),
    /// A row was taken from an earlier run.
    Kept {
        /// Whether its call had failed.
        failed: bool,
    },
    /// A call of an earlier run is done anew, since its inputs changed, or because it had failed.
    Anew {
        /// Its line in the manifest.
        line: u64,
        /// Whether it is tried again after a failure with the same inputs.
        retried: bool,
    },
    /// A call was done; its row is written next.
    Row(&'a Outcome),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Every row is written.
    Done,
    /// It was asked to stop; what is written stands, and can be gone on with.
    Stopped,
    /// A call failed, and that was to end it; what is written stands.
    FailedFast,
}

impl Ending {
    /// Returns the word used in files: `done`, `stopped`, `failed_fast`.
    pub fn name(self) -> &'static str {
        match self {
            Ending::Done => "done",
            Ending::Stopped => "stopped",
            Ending::FailedFast => "failed_fast",
        }
    }
}

/// Removes the files of a finished run whose rows stand in another file now.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when one cannot be removed.
pub fn remove_run(out: &Path) -> Result<()> {
    Names::of(out).remove()
}

/// One call on its way.
enum Item {
    /// Its row is taken from an earlier run.
    Kept(usize, Found),
    Fresh {
        entry: Box<Entry>,
        key: u64,
        anew: Option<bool>,
    },
}

/// What became of it.
enum Made {
    Kept(usize, Found),
    Row {
        outcome: Box<Outcome>,
        key: u64,
        anew: Option<bool>,
        row: Result<Vec<u8>>,
    },
    /// Left undone, since the run is to stop.
    Undone,
}

/// Where rows are written.
enum Writer {
    Files(Box<Output>),
    Stream(Box<dyn Write>),
}

impl Writer {
    fn add(&mut self, key: u64, row: &[u8], error: &[u8], failed: bool) -> Result<()> {
        match self {
            Writer::Files(output) => output.add(key, row, error, failed),
            Writer::Stream(stream) => {
                let written = stream.write_all(row).and_then(|()| stream.flush());
                written.map_err(write_error)
            }
        }
    }
}

/// Scores the calls of a manifest into a destination.
///
/// `stop` ends the run as soon as the calls at work are done. `watch` is told what happens, in
/// manifest order, on this thread; its error ends the run.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when something cannot be written: what is finished stands, and `Start::Resume` goes
/// on with it. [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) when an unfinished run is in the way. What is wrong with a row or
/// a call is in its row.
pub fn run(
    scorer: &Scorer,
    manifest: Manifest,
    format: &dyn RowFormat,
    destination: Destination,
    options: &RunOptions,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(Event<'_>) -> Result<()>,
) -> Result<Ending> {
    let header = format.header()?;
    let shard = options.shard;
    let watch_time = scorer.extractor().stopwatch();
    let mut manifest = manifest;
    let timed = std::iter::from_fn(move || watch_time.time(Part::Manifest, || manifest.next()));
    let mut entries = timed.filter(move |entry| {
        shard.is_none_or(|shard| shard.holds_row(entry.id.as_deref(), entry.line))
    });
    let mut number = 0;
    // A row that was looked at and not taken: the first that is to be done.
    let mut first = None;
    let (mut left, mut writer) = match destination {
        Destination::Stream(mut stream) => {
            stream.write_all(&header).map_err(write_error)?;
            (Left::default(), Writer::Stream(stream))
        }
        Destination::File(path) => {
            let names = Names::of(&path);
            let origin = origin(scorer, &header, format, options);
            match options.start {
                Start::New => output::refuse_unfinished(&names)?,
                Start::Restart => output::throw_away(&names)?,
                Start::Resume => {}
            }
            let mut left = match options.start {
                Start::Resume => Left::find(&names, &origin, header.len() as u64)?,
                _ => Left::default(),
            };
            if let Some(what) = left.changed {
                watch(Event::Changed(what))?;
            }
            let output = match left.partial.take() {
                None => Output::create(&names, &origin, &header)?,
                Some(mut partial) => {
                    let mut kept = None;
                    while let Some(found) = partial.get(number) {
                        let Some(entry) = entries.next() else { break };
                        let inputs = Inputs::of(&entry, options.identity);
                        let failed = found.record.failed;
                        if inputs.key != found.record.key || failed && options.retry_failed {
                            first = Some((entry, inputs));
                            break;
                        }
                        watch(Event::Kept { failed })?;
                        kept = Some(found);
                        number += 1;
                    }
                    if first.is_some() && partial.get(number + 1).is_some() {
                        // More rows follow, and most of them will hold: they are copied.
                        left.begin_anew(&names, &origin, &header, number)?
                    } else {
                        Output::go_on(&names, partial, kept, number)?
                    }
                }
            };
            (left, Writer::Files(Box::new(output)))
        }
    };

    let earlier = Mutex::new(std::mem::take(&mut left.others));
    let lock = || earlier.lock().unwrap_or_else(PoisonError::into_inner);
    let first = first.into_iter();
    let rest = entries.map(|entry| {
        let look = || Inputs::of(&entry, options.identity);
        let inputs = watch_time.time(Part::Manifest, look);
        (entry, inputs)
    });
    let numbered = (number..).zip(first.chain(rest));
    let jobs =
        numbered
            .take_while(|_| !stop.load(Ordering::Relaxed))
            .map(|(number, (entry, inputs))| {
                let Inputs { key, cost, memory } = inputs;
                let mut anew = None;
                for (i, earlier) in lock().iter_mut().enumerate() {
                    let Some(found) = earlier.get(number) else {
                        continue;
                    };
                    let same = found.record.key == key;
                    if same && !(found.record.failed && options.retry_failed) {
                        let item = Item::Kept(i, found);
                        return Job {
                            item,
                            cost: u64::MAX,
                            memory: 0,
                        };
                    }
                    anew = anew.or(Some(same));
                }
                let entry = Box::new(entry);
                Job {
                    item: Item::Fresh { entry, key, anew },
                    cost,
                    memory,
                }
            });
    let work = |item: Item| match item {
        Item::Kept(i, found) => Made::Kept(i, found),
        Item::Fresh { .. } if stop.load(Ordering::Relaxed) => Made::Undone,
        Item::Fresh { entry, key, anew } => {
            let outcome = Box::new(score(scorer, *entry));
            let mut row = Vec::new();
            let made = watch_time.time(Part::Rows, || format.row(&outcome, &mut row));
            Made::Row {
                outcome,
                key,
                anew,
                row: made.map(|()| row),
            }
        }
    };
    let mut ending = Ending::Done;
    scheduled(
        options.threads,
        options.limits(),
        jobs,
        work,
        |made| match made {
            Made::Kept(i, found) => {
                let (row, error) = lock()[i].read(found)?;
                let (key, failed) = (found.record.key, found.record.failed);
                writer.add(key, &row, &error, failed)?;
                watch(Event::Kept { failed })?;
                Ok(ControlFlow::Continue(()))
            }
            Made::Row {
                outcome,
                key,
                anew,
                row,
            } => {
                let failed = outcome.result.is_err();
                let error = failure(&outcome);
                let row = row?;
                if let Some(retried) = anew {
                    let line = outcome.line;
                    watch(Event::Anew { line, retried })?;
                }
                // Told first: what is made of it elsewhere is there when the row says that it is done.
                watch(Event::Row(&outcome))?;
                let write = || writer.add(key, &row, error.as_bytes(), failed);
                watch_time.time(Part::Write, write)?;
                if failed && options.fail_fast {
                    ending = Ending::FailedFast;
                    return Ok(ControlFlow::Break(()));
                }
                Ok(ControlFlow::Continue(()))
            }
            Made::Undone => {
                ending = Ending::Stopped;
                Ok(ControlFlow::Break(()))
            }
        },
    )?;
    if stop.load(Ordering::Relaxed) && ending == Ending::Done {
        ending = Ending::Stopped;
    }
    if let Writer::Files(mut output) = writer {
        match ending {
            Ending::Done => output.finish(&left)?,
            _ => output.checkpoint()?,
        }
    }
    Ok(ending)
}

impl RunOptions {
    fn limits(&self) -> Limits {
        let mut limits = Limits::of(self.threads);
        if let Some(limit) = self.memory_limit {
            let least = 4 * self.threads.count();
            let rows = (limit / 4 / ROW_MEMORY).min(limits.window as u64) as usize;
            limits.window = rows.max(least);
            limits.memory = limit - limit / 4;
        }
        limits
    }
}

fn origin(scorer: &Scorer, header: &[u8], format: &dyn RowFormat, options: &RunOptions) -> Origin {
    let model = scorer.predictor().model();
    let mut columns = Fnv1a::new();
    columns.write(header);
    columns.write(format.name().as_bytes());
    Origin {
        journal: journal::VERSION,
        callcsi: env!("CARGO_PKG_VERSION").to_owned(),
        schema: SCHEMA_VERSION,
        model: format!("{} {}", model.name(), model.fingerprint()),
        rows: format!("{:016x} {:?}", columns.finish(), options.identity),
        shard: options.shard.map_or("0/1".to_owned(), |s| s.to_string()),
    }
}

/// Measures and judges the call of a row.
pub(super) fn score(scorer: &Scorer, entry: Entry) -> Outcome {
    work(
        entry,
        |call| scorer.score(call),
        |assessment| &mut assessment.measurements.warnings,
    )
}

/// Measures the call of a row.
pub(super) fn measure(extractor: &Extractor, entry: Entry) -> Outcome<Measurements> {
    work(
        entry,
        |call| extractor.extract(call),
        |found| &mut found.warnings,
    )
}

fn work<T>(
    entry: Entry,
    work: impl FnOnce(&Call) -> Result<T>,
    warnings_of: fn(&mut T) -> &mut Vec<Warning>,
) -> Outcome<T> {
    let Entry {
        line,
        id,
        labels,
        warnings,
        row,
        files: _,
    } = entry;
    let extra = row
        .as_ref()
        .map(|call| call.metadata.extra.clone())
        .unwrap_or_default();
    let vcon = row.as_ref().ok().and_then(|call| call.vcon.clone());
    let result = row.and_then(|call| guarded(&call.id, || work(&call)));
    let result = result.map(|mut found| {
        // What was odd about the facts comes first.
        warnings_of(&mut found).splice(0..0, warnings);
        found
    });
    Outcome {
        line,
        id,
        labels,
        extra,
        vcon,
        result: result.map(Box::new),
    }
}

/// Returns the line of the file of failures; empty when the call did not fail.
fn failure(outcome: &Outcome) -> String {
    let Err(error) = &outcome.result else {
        return String::new();
    };
    let line = json!({
        "line": outcome.line,
        "call_id": outcome.id,
        "stage": error.stage().map(|stage| stage.name()),
        "code": error.kind().name(),
        "place": error.place(),
        "found": error.found(),
        "wanted": error.wanted(),
        "hint": error.hint_text(),
        "message": error.to_string(),
    });
    format!("{line}\n")
}
