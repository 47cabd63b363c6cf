//! The list of finished rows beside an output, by which an interrupted run goes on.
//!
//! # Conventions
//!
//! * The first line is a JSON object that says what made the rows ([`Origin`]); each other line tells
//!   of one row, in the order of the rows, in [`RECORD`] bytes: the key of its inputs, where it ends in
//!   the output, where its failure ends in the file of failures, and how it went.
//! * A line is written when the bytes that it tells of are on the disk. What ends in the middle of a
//!   line was torn by the end of a run, and is no line.
//! * Row `i` is the row of the `i`-th call that the run takes of its manifest.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What the rows of an output depend on besides the calls' own inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Version of this file's shape.
    pub journal: u32,
    /// Version of this crate, which measures and writes.
    pub callcsi: String,
    /// Version of the rows' shape.
    pub schema: u32,
    /// The model's name and fingerprint, with its settings.
    pub model: String,
    /// How the rows are written, and how their inputs are told apart.
    pub rows: String,
    /// Which share of the manifest.
    pub shard: String,
}

impl Origin {
    /// Says in words what is another; `None` when nothing is.
    pub(super) fn change(&self, earlier: &Origin) -> Option<&'static str> {
        let parts = [
            (
                self.callcsi == earlier.callcsi && self.journal == earlier.journal,
                "the version of callcsi",
            ),
            (self.model == earlier.model, "the model"),
            (
                self.rows == earlier.rows && self.schema == earlier.schema,
                "the shape of the rows",
            ),
            (self.shard == earlier.shard, "the shard"),
        ];
        parts
            .into_iter()
            .find_map(|(same, what)| (!same).then_some(what))
    }
}

/// What is known of one finished row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// A hash of the row's inputs.
    pub key: u64,
    /// Bytes of the output up to its end.
    pub rows_end: u64,
    /// Bytes of the file of failures up to its end.
    pub errors_end: u64,
    /// Whether the call failed.
    pub failed: bool,
}

/// Version of the journal's shape.
pub(super) const VERSION: u32 = 1;

/// Bytes of one record, its line end included.
const RECORD: usize = 3 * 17 + 2;

impl Record {
    fn to_line(self) -> String {
        let status = if self.failed { 'f' } else { 's' };
        let (key, rows, errors) = (self.key, self.rows_end, self.errors_end);
        format!("{key:016x} {rows:016x} {errors:016x} {status}\n")
    }

    fn parse(line: &[u8]) -> Option<Record> {
        let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let mut parts = text.split(' ');
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let (key, rows_end, errors_end) = (number()?, number()?, number()?);
        let failed = match parts.next()? {
            "f" => true,
            "s" => false,
            _ => return None,
        };
        Some(Record {
            key,
            rows_end,
            errors_end,
            failed,
        })
    }
}

/// A journal that is read, record by record.
#[derive(Debug)]
pub(super) struct JournalReader {
    reader: BufReader<File>,
    pub origin: Origin,
    header: u64,
}

impl JournalReader {
    /// Opens a journal; `None` when there is none, or its first line is torn or of another version.
    pub(super) fn open(path: &Path) -> Result<Option<JournalReader>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path.display(), &e)),
        };
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        // A stranger's file is not read whole.
        let count = (&mut reader).take(1 << 20).read_until(b'\n', &mut line);
        count.map_err(|e| Error::io(path.display(), &e))?;
        if !line.ends_with(b"\n") {
            return Ok(None);
        }
        let Ok(origin) = serde_json::from_slice::<Origin>(&line) else {
            return Ok(None);
        };
        Ok((origin.journal == VERSION).then_some(JournalReader {
            reader,
            origin,
            header: line.len() as u64,
        }))
    }

    /// Returns how long the journal is up to its first `records`.
    pub(super) fn length_of(&self, records: u64) -> u64 {
        self.header + records * RECORD as u64
    }
}

impl Iterator for JournalReader {
    type Item = Record;

    /// Returns the next record; `None` at the end, and at what is none.
    fn next(&mut self) -> Option<Record> {
        let mut line = [0; RECORD];
        self.reader.read_exact(&mut line).ok()?;
        Record::parse(&line)
    }
}

/// A journal that is written.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    waiting: String,
}

impl Journal {
    /// Makes a journal.
    pub(super) fn create(path: &Path, origin: &Origin) -> Result<Journal> {
        let io = |e: std::io::Error| Error::io(path.display(), &e);
        let mut file = File::create(path).map_err(io)?;
        let header = serde_json::to_string(origin).map_err(|e| {
            let wanted = "the origin of the rows as JSON";
            Error::new(ErrorKind::Internal, path.display(), e, wanted)
        })?;
        file.write_all(format!("{header}\n").as_bytes())
            .map_err(io)?;
        Ok(Journal {
            file,
            path: path.to_owned(),
            waiting: String::new(),
        })
    }

    /// Goes on with a journal after its first `length` bytes.
    pub(super) fn go_on(path: &Path, length: u64) -> Result<Journal> {
        let io = |e: std::io::Error| Error::io(path.display(), &e);
        let mut file = OpenOptions::new().write(true).open(path).map_err(io)?;
        file.set_len(length).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Journal {
            file,
            path: path.to_owned(),
            waiting: String::new(),
        })
    }

    /// Adds a record, to be written with [`Journal::flush`].
    pub(super) fn add(&mut self, record: Record) {
        self.waiting += &record.to_line();
    }

    /// Writes the records added; what they tell of must be on the disk.
    pub(super) fn flush(&mut self) -> Result<()> {
        let written = self.file.write_all(self.waiting.as_bytes());
        written.map_err(|e| Error::io(self.path.display(), &e))?;
        self.waiting.clear();
        Ok(())
    }

    /// Puts the records written on the disk.
    pub(super) fn sync(&mut self) -> Result<()> {
        let synced = self.file.sync_data();
        synced.map_err(|e| Error::io(self.path.display(), &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin() -> Origin {
        Origin {
            journal: VERSION,
            callcsi: "0.1.0".to_owned(),
            schema: 2,
            model: "модель 1".to_owned(),
            rows: "jsonl".to_owned(),
            shard: "0/1".to_owned(),
        }
    }

    fn path(test: &str) -> PathBuf {
        let name = format!("callcsi-journal-{}-{test}", std::process::id());
        std::env::temp_dir().join(name)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn records_up_to_a_tear_are_read_and_gone_on_from(
            given in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>(), any::<bool>()), 0..20),
            tear in 0usize..1200,
        ) {
            let path = path("tear");
            let records: Vec<Record> = given.into_iter()
                .map(|(key, rows_end, errors_end, failed)| Record { key, rows_end, errors_end, failed })
                .collect();
            let mut journal = Journal::create(&path, &origin()).unwrap();
            let header = std::fs::metadata(&path).unwrap().len() as usize;
            records.iter().for_each(|&r| journal.add(r));
            journal.flush().unwrap();
            let length = header + records.len() * RECORD;
            let kept = tear.min(length);
            File::options().write(true).open(&path).unwrap().set_len(kept as u64).unwrap();
            let reader = JournalReader::open(&path).unwrap();
            if kept < header {
                prop_assert!(reader.is_none());
            } else {
                let whole = (kept - header) / RECORD;
                let mut reader = reader.unwrap();
                prop_assert_eq!(reader.by_ref().collect::<Vec<_>>(), &records[..whole]);
                prop_assert_eq!(&reader.origin, &origin());
                let mut journal = Journal::go_on(&path, reader.length_of(whole as u64)).unwrap();
                records[whole..].iter().for_each(|&r| journal.add(r));
                journal.flush().unwrap();
                let again = JournalReader::open(&path).unwrap().unwrap();
                prop_assert_eq!(again.collect::<Vec<_>>(), records);
            }
            let _ = std::fs::remove_file(&path);
        }
    }

    #[test]
    fn what_is_another_is_said() {
        let model = Origin {
            model: "2".to_owned(),
            ..origin()
        };
        assert_eq!(model.change(&origin()), Some("the model"));
        assert_eq!(origin().change(&origin()), None);
    }
}
