//! Archives: a manifest in, a row for every call out.
//!
//! # Conventions
//!
//! * Every row of the manifest gives exactly one row of results, in manifest order, whatever the
//!   number of threads. A bad row or a bad call is a row with its error; the rest goes on.
//! * Nothing is held but the calls in flight: neither the manifest nor the results.
//! * Threads are explicit ([`Threads`]). A library that starts work on a pool of the process is a
//!   library that hangs in a forked child; this one never touches rayon's global pool.
//! * Tables are CSV, JSON Lines or Parquet; a [`mapping`] says what the columns of a foreign one mean.
//!
//! # Parquet
//!
//! The feature `parquet` reads and writes Apache Parquet: uncompressed, Snappy and gzip, without Arrow
//! and without C. It is off by default because of what it costs: 21 more crates, 55 s of one core to
//! build them optimised. `parquet-zstd` adds Zstandard, another 30 s, and needs a C compiler.

mod history;
mod inputs;
mod journal;
mod labelled;
mod manifest;
pub mod mapping;
mod output;
#[cfg(feature = "parquet")]
mod parquet_rows;
#[cfg(feature = "parquet")]
mod parquet_sink;
mod pipeline;
mod progress;
mod result_columns;
mod row;
mod run;
mod shard;
mod sort;
mod summary;
mod table;
mod text;
mod vcon_sink;

#[cfg(feature = "report")]
pub(crate) use labelled::{answer, measured};
#[cfg(feature = "report")]
pub(crate) use manifest::labels;
#[cfg(feature = "report")]
pub(crate) use mapping::moment;
#[cfg(feature = "report")]
pub(crate) use sort::{Record, Sorter};

pub use history::{History, HistoryColumns};
pub use inputs::{CALL_MEMORY, Identity, SECOND_MEMORY};
pub use labelled::{
    Labelled, LabelledCall, LabelledOptions, Predicted, read_labelled, read_labelled_watched,
    read_labelled_with,
};
pub use manifest::{
    Entry, Labels, Manifest, ManifestOptions, ManifestRow, Pattern, SeenIds, read_metadata,
};
pub use mapping::{Mapping, TableKind};
#[cfg(feature = "parquet")]
pub use parquet_sink::{ParquetSink, pack};
pub use pipeline::{MOST_THREADS, Threads, in_order};
pub use progress::{Progress, Standing, estimated_rows};
pub use result_columns::{Column, ColumnCells, ResultColumns};
pub use row::{
    CellKind, CsvRows, CsvSink, JsonRows, JsonSink, Outcome, RowFormat, RowSink, SCHEMA_VERSION,
    Sink,
};
pub use run::{Destination, Ending, Event, RunOptions, Start, remove_run, run};
pub use shard::Shard;
pub use summary::Summary;
pub use table::{Cells, Rows, read_table, read_table_from, read_table_mapped};
pub use text::{TextRows, TextSink};
pub use vcon_sink::VconSink;

use self::inputs::Inputs;
use self::pipeline::{Job, Limits, scheduled};
use crate::error::{Error, ErrorKind, Result};
use crate::score::{Extractor, Measurements, Scorer};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Scores every call of a manifest; outcomes come in manifest order.
///
/// `emit` is called on this thread with each outcome in turn. `stop` ends the work as soon as the calls at
/// work are done; nothing is emitted after that. The costliest call that waits is begun next.
///
/// # Errors
///
/// Those of `emit`, and [`ErrorKind::Io`] when the threads cannot be started.
/// What is wrong with a row or a call is in its [`Outcome`].
pub fn score_all(
    scorer: &Scorer,
    entries: impl Iterator<Item = Entry> + Send,
    threads: Threads,
    stop: &AtomicBool,
    emit: impl FnMut(Outcome) -> Result<()>,
) -> Result<()> {
    costliest_first(entries, threads, stop, |e| run::score(scorer, e), emit)
}

/// Measures every call of a manifest, as [`score_all`] scores them.
///
/// # Errors
///
/// As [`score_all`].
pub fn measure_all(
    extractor: &Extractor,
    entries: impl Iterator<Item = Entry> + Send,
    threads: Threads,
    stop: &AtomicBool,
    emit: impl FnMut(Outcome<Measurements>) -> Result<()>,
) -> Result<()> {
    costliest_first(entries, threads, stop, |e| run::measure(extractor, e), emit)
}

fn costliest_first<T: Send>(
    entries: impl Iterator<Item = Entry> + Send,
    threads: Threads,
    stop: &AtomicBool,
    work: impl Fn(Entry) -> T + Sync,
    mut emit: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let stopped = || stop.load(Ordering::Relaxed);
    let jobs = entries.take_while(|_| !stopped()).map(|entry| {
        let Inputs { cost, memory, .. } = Inputs::of(&entry, Identity::SizeAndTime);
        Job {
            item: entry,
            cost,
            memory,
        }
    });
    let work = |entry| (!stopped()).then(|| work(entry));
    scheduled(
        threads,
        Limits::of(threads),
        jobs,
        work,
        |made| match made {
            Some(made) => emit(made).map(ControlFlow::Continue),
            None => Ok(ControlFlow::Break(())),
        },
    )
}

/// Makes the file that results go to; what was there is lost, so it may be none of `inputs`.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be made, [`ErrorKind::Mismatch`] when it is an input.
pub fn create(path: impl AsRef<Path>, inputs: &[&Path]) -> Result<File> {
    let path = path.as_ref();
    check_output(path, inputs)?;
    File::create(path).map_err(|e| Error::io(path.display(), &e))
}

/// Refuses a file that [`create`] could not make, before hours of work for it.
///
/// # Errors
///
/// [`ErrorKind::Io`] when its folder is missing, [`ErrorKind::Mismatch`] when it is an input.
pub fn check_output(path: impl AsRef<Path>, inputs: &[&Path]) -> Result<()> {
    let path = path.as_ref();
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    if let Some(folder) = folder {
        let found = folder.metadata();
        found.map_err(|e| Error::io(folder.display(), &e))?;
    }
    // Two paths are one file when they are the same once links and dots are resolved; a path that
    // cannot be resolved is no file yet.
    let there = path.canonicalize().ok();
    let is_there = |input: &Path| input.canonicalize().ok() == there;
    if there.is_some() && inputs.iter().any(|input| is_there(input)) {
        let wanted = "a file that is not read from";
        let found = "an input as the output";
        return Err(Error::new(
            ErrorKind::Mismatch,
            path.display(),
            found,
            wanted,
        ));
    }
    Ok(())
}
