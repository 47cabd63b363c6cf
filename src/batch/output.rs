//! The files of a run: rows, failures and the journal of both, whole at every moment.
//!
//! # Conventions
//!
//! * Rows are written to `OUT.partial`, which becomes `OUT` when the last one is there, so that who
//!   reads `OUT` never sees a half. Failures go to `OUT.errors.jsonl` in the same way.
//! * `OUT.journal` tells which rows are there ([`journal`](super::journal)); it is kept, so that a later run
//!   can take what did not change.
//! * An unfinished run whose first rows still hold is gone on with in place. One of which a row in the
//!   middle is to be done anew is put aside as `OUT.previous.N`, and its rows are copied from there;
//!   that goes with the end of the run.

use super::journal::{Journal, JournalReader, Origin, Record};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Rows are put on the disk, and into the journal, at least so often: what a power cut costs.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// Bytes held before they are written.
const HELD: usize = 1 << 20;

/// The names of a run's files.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub out: PathBuf,
    pub errors: PathBuf,
    pub journal: PathBuf,
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl Names {
    /// Names the files of a finished run.
    pub(super) fn of(out: &Path) -> Names {
        Names {
            out: out.to_owned(),
            errors: with_suffix(out, ".errors.jsonl"),
            journal: with_suffix(out, ".journal"),
        }
    }

    /// Names them while the run goes on.
    pub(super) fn partial(&self) -> Names {
        Names::of(&with_suffix(&self.out, ".partial"))
    }

    /// Names them once they are put aside.
    fn previous(&self, number: u32) -> Names {
        Names::of(&with_suffix(&self.out, &format!(".previous.{number}")))
    }

    /// Gives the files other names, the journal last: while it has its old name, [`finish_cut_short`] ends
    /// the renaming.
    fn rename(&self, to: &Names) -> Result<()> {
        let files = [
            (&self.errors, &to.errors),
            (&self.out, &to.out),
            (&self.journal, &to.journal),
        ];
        for (from, to) in files {
            if from.exists() {
                std::fs::rename(from, to).map_err(|e| Error::io(to.display(), &e))?;
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self) -> Result<()> {
        for file in [&self.out, &self.errors, &self.journal] {
            match std::fs::remove_file(file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(file.display(), &e));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Rows of an earlier run, by their number.
#[derive(Debug)]
pub(super) struct Earlier {
    journal: JournalReader,
    rows: File,
    errors: Option<File>,
    /// How far the files go.
    rows_length: u64,
    errors_length: u64,
    header: u64,
    /// The record read last, and the one before it.
    last: Option<Record>,
    before: Option<Record>,
    number: u64,
}

/// One earlier row and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub record: Record,
    rows_start: u64,
    errors_start: u64,
}

impl Earlier {
    /// Opens the files of a run; `None` where one is missing. `header` is what stands before the rows.
    pub(super) fn open(names: &Names, header: u64) -> Result<Option<Earlier>> {
        let Some(journal) = JournalReader::open(&names.journal)? else {
            return Ok(None);
        };
        let open = |path: &Path| match File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(path.display(), &e)),
        };
        let length = |file: &File, path: &Path| {
            let about = file.metadata();
            about
                .map(|a| a.len())
                .map_err(|e| Error::io(path.display(), &e))
        };
        let Some(rows) = open(&names.out)? else {
            return Ok(None);
        };
        let errors = open(&names.errors)?;
        let errors_length = match &errors {
            Some(file) => length(file, &names.errors)?,
            None => 0,
        };
        let rows_length = length(&rows, &names.out)?;
        if rows_length < header {
            // Torn within what stands before the rows.
            return Ok(None);
        }
        Ok(Some(Earlier {
            rows_length,
            errors_length,
            journal,
            rows,
            errors,
            header,
            last: None,
            before: None,
            number: 0,
        }))
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.journal.origin
    }

    /// Returns the row of a number, if it is there whole. Numbers are asked for in growing order.
    pub(super) fn get(&mut self, number: u64) -> Option<Found> {
        while self.number <= number {
            let record = self.journal.next()?;
            let start = self.last.map_or(self.header, |r| r.rows_end);
            let grows = record.rows_end >= start
                && record.errors_end >= self.last.map_or(0, |r| r.errors_end);
            let there =
                record.rows_end <= self.rows_length && record.errors_end <= self.errors_length;
            if !grows || !there {
                return None;
            }
            self.before = self.last.replace(record);
            self.number += 1;
        }
        let record = self.last.filter(|_| self.number == number + 1)?;
        Some(Found {
            record,
            rows_start: self.before.map_or(self.header, |r| r.rows_end),
            errors_start: self.before.map_or(0, |r| r.errors_end),
        })
    }

    /// Reads the bytes of a row and of its failure.
    pub(super) fn read(&mut self, found: Found) -> Result<(Vec<u8>, Vec<u8>)> {
        let record = found.record;
        let row = read_at(&mut self.rows, found.rows_start, record.rows_end)?;
        let error = match &mut self.errors {
            Some(file) => read_at(file, found.errors_start, record.errors_end)?,
            None => Vec::new(),
        };
        Ok((row, error))
    }
}

fn read_at(file: &mut File, start: u64, end: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; (end - start) as usize];
    let read = file
        .seek(SeekFrom::Start(start))
        .and_then(|_| file.read_exact(&mut bytes));
    read.map_err(|e| Error::io("the earlier results", &e))?;
    Ok(bytes)
}

/// A file that grows by whole pieces.
#[derive(Debug)]
struct Growing {
    file: File,
    path: PathBuf,
    held: Vec<u8>,
    length: u64,
}

impl Growing {
    /// Opens a file for what follows its first `length` bytes.
    fn open(path: PathBuf, length: u64) -> Result<Growing> {
        let io = |e: std::io::Error| Error::io(path.display(), &e);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        file.set_len(length).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Growing {
            file,
            path,
            held: Vec::new(),
            length,
        })
    }

    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.held.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        match self.held.len() {
            HELD.. => self.write(),
            _ => Ok(()),
        }
    }

    fn write(&mut self) -> Result<()> {
        let written = self.file.write_all(&self.held);
        written.map_err(|e| Error::io(self.path.display(), &e))?;
        self.held.clear();
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.write()?;
        let synced = self.file.sync_data();
        synced.map_err(|e| Error::io(self.path.display(), &e))
    }
}

/// The files that a run writes.
#[derive(Debug)]
pub(super) struct Output {
    names: Names,
    rows: Growing,
    errors: Growing,
    journal: Journal,
    checked: Instant,
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// The rows that were written and not finished, to be gone on with in place.
    pub partial: Option<Earlier>,
    /// Rows that can be copied, newest first.
    pub others: Vec<Earlier>,
    /// What changed, so that some rows cannot be taken.
    pub changed: Option<&'static str>,
    /// How many runs were put aside.
    previous: u32,
}

impl Left {
    /// Looks for what earlier runs left, ending a finish that was cut short.
    pub(super) fn find(names: &Names, origin: &Origin, header: u64) -> Result<Left> {
        let partial = names.partial();
        finish_cut_short(names, &partial, header)?;
        let mut left = Left::default();
        let mut fitting = |found: Option<Earlier>| {
            let found = found?;
            let change = origin.change(found.origin());
            left.changed = left.changed.or(change);
            change.is_none().then_some(found)
        };
        let unfinished = fitting(Earlier::open(&partial, header)?);
        let finished = fitting(Earlier::open(names, header)?);
        let mut others = Vec::new();
        let mut previous = 0;
        while names.previous(previous + 1).out.exists() {
            previous += 1;
            others.extend(fitting(Earlier::open(&names.previous(previous), header)?));
        }
        others.reverse();
        others.extend(finished);
        left.previous = previous;
        if unfinished.is_none() && partial.out.exists() {
            // Of another model: not to be used, and not to be lost before the end either.
            left.put_aside(names)?;
        }
        left.partial = unfinished;
        left.others = others;
        Ok(left)
    }

    /// Puts the unfinished run aside, its rows to be copied.
    fn put_aside(&mut self, names: &Names) -> Result<()> {
        self.previous += 1;
        names.partial().rename(&names.previous(self.previous))
    }

    /// Puts the unfinished run aside and begins anew with its first `count` rows, which were found to
    /// hold; the others are to be copied one by one.
    pub(super) fn begin_anew(
        &mut self,
        names: &Names,
        origin: &Origin,
        header: &[u8],
        count: u64,
    ) -> Result<Output> {
        self.put_aside(names)?;
        let mut output = Output::create(names, origin, header)?;
        let aside = names.previous(self.previous);
        let Some(mut aside) = Earlier::open(&aside, header.len() as u64)? else {
            return Ok(output);
        };
        for number in 0..count {
            if let Some(found) = aside.get(number) {
                let (row, error) = aside.read(found)?;
                output.add(found.record.key, &row, &error, found.record.failed)?;
            }
        }
        self.others.insert(0, aside);
        Ok(output)
    }
}

/// Ends the renaming of a finished run that was cut short between two files.
fn finish_cut_short(names: &Names, partial: &Names, header: u64) -> Result<()> {
    let Some(journal) = JournalReader::open(&partial.journal)? else {
        return Ok(());
    };
    let last = journal.last();
    let (rows, errors) = last.map_or((header, 0), |r| (r.rows_end, r.errors_end));
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
    let move_file =
        |from: &Path, to: &Path| std::fs::rename(from, to).map_err(|e| Error::io(to.display(), &e));
    // Where the files were on their way to: put aside, the newest first, or finished.
    let aside = (1..).map(|number| names.previous(number));
    let mut aside: Vec<Names> = aside
        .take_while(|place| place.out.exists() || place.errors.exists())
        .collect();
    aside.reverse();
    if !partial.out.exists() {
        // What is put aside may be longer than its journal says; what is finished is not.
        let is_put = |place: &&Names| !place.journal.exists() && length(&place.out) >= rows;
        if let Some(place) = aside.iter().find(is_put) {
            return move_file(&partial.journal, &place.journal);
        }
        if length(&names.out) == rows {
            return move_file(&partial.journal, &names.journal);
        }
        return partial.remove();
    }
    if !partial.errors.exists() {
        let is_put = |place: &&Names| !place.out.exists() && length(&place.errors) >= errors;
        if let Some(place) = aside.iter().find(is_put) {
            return move_file(&place.errors, &partial.errors);
        }
        if names.errors.exists() && length(&names.errors) == errors {
            return move_file(&names.errors, &partial.errors);
        }
    }
    Ok(())
}

impl Output {
    /// Starts the files of a run.
    pub(super) fn create(names: &Names, origin: &Origin, header: &[u8]) -> Result<Output> {
        let partial = names.partial();
        partial.remove()?;
        let mut rows = Growing::open(partial.out, 0)?;
        rows.add(header)?;
        rows.sync()?;
        Ok(Output {
            names: names.clone(),
            rows,
            errors: Growing::open(partial.errors, 0)?,
            journal: Journal::create(&partial.journal, origin)?,
            checked: Instant::now(),
        })
    }

    /// Goes on with an unfinished run after its first `records` rows, of which `kept` is the last; what
    /// follows them is dropped.
    pub(super) fn go_on(
        names: &Names,
        earlier: Earlier,
        kept: Option<Found>,
        records: u64,
    ) -> Result<Output> {
        let partial = names.partial();
        let header = earlier.header;
        let (rows, errors) = kept.map_or((header, 0), |found| {
            (found.record.rows_end, found.record.errors_end)
        });
        let length = earlier.journal.length_of(records);
        drop(earlier);
        Ok(Output {
            names: names.clone(),
            rows: Growing::open(partial.out, rows)?,
            errors: Growing::open(partial.errors, errors)?,
            journal: Journal::go_on(&partial.journal, length)?,
            checked: Instant::now(),
        })
    }

    /// Adds a row and its failure, which is empty when there is none.
    pub(super) fn add(&mut self, key: u64, row: &[u8], error: &[u8], failed: bool) -> Result<()> {
        self.rows.add(row)?;
        self.errors.add(error)?;
        self.journal.add(Record {
            key,
            rows_end: self.rows.length,
            errors_end: self.errors.length,
            failed,
        });
        match self.checked.elapsed() >= CHECKPOINT {
            true => self.checkpoint(),
            false => Ok(()),
        }
    }

    /// Puts on the disk what was added; from then on it stands.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        self.rows.sync()?;
        self.errors.sync()?;
        self.journal.flush()?;
        self.checked = Instant::now();
        Ok(())
    }

    /// Gives the files the names of finished ones, and removes what was put aside.
    pub(super) fn finish(mut self, left: &Left) -> Result<()> {
        self.checkpoint()?;
        self.journal.sync()?;
        self.names.partial().rename(&self.names)?;
        for number in 1..=left.previous {
            self.names.previous(number).remove()?;
        }
        Ok(())
    }
}

/// Refuses to begin where an unfinished run is.
///
/// # Errors
///
/// [`ErrorKind::Mismatch`] when there is one.
pub(super) fn refuse_unfinished(names: &Names) -> Result<()> {
    let partial = names.partial();
    if !partial.out.exists() && !partial.journal.exists() {
        return Ok(());
    }
    let found = "the rows of a run that was not finished";
    let wanted = "none, or the wish to go on with them";
    let error = Error::new(ErrorKind::Mismatch, partial.out.display(), found, wanted);
    Err(error.hint("--resume goes on; --restart throws them away"))
}

/// Throws away what an unfinished run left.
pub(super) fn throw_away(names: &Names) -> Result<()> {
    names.partial().remove()?;
    let mut number = 1;
    while names.previous(number).out.exists() {
        names.previous(number).remove()?;
        number += 1;
    }
    Ok(())
}
