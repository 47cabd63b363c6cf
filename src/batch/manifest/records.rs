//! Facts as telephony platforms write them, joined to the rows of a manifest.
//!
//! # Conventions
//!
//! * A record belongs to the row whose `call_id` is its id, or one of its aliases. In a file that a row
//!   names itself, a lone record is that row's, whatever its id.
//! * What the row says stands over its own file of metadata, and that over the records.

use crate::call::{CallId, Input, Metadata, WallTime};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{read_input, read_whole};
use crate::score::Warning;
use crate::telephony::{self, Record, join_records};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file of facts of one call, in bytes; real ones are some kilobytes.
const MAX_METADATA: u64 = 16 << 20;

/// Records by the ids of their calls.
#[derive(Debug, Default)]
pub(super) struct Joined {
    by_id: HashMap<CallId, Arc<Record>>,
}

impl Joined {
    /// Reads the records of files; those of one call are put together. What is wrong with single
    /// records is returned beside.
    pub(super) fn read(files: &[PathBuf]) -> Result<(Joined, Vec<Error>)> {
        let (mut all, mut rejected) = (Vec::new(), Vec::new());
        for file in files {
            let read = telephony::read_file(file, None)?;
            all.extend(read.records);
            let placed = read.rejected.into_iter();
            rejected.extend(placed.map(|e| e.within(file.display())));
        }
        let mut by_id = HashMap::new();
        for record in join_records(all) {
            let record = Arc::new(record);
            for id in record.aliases.iter().chain([&record.call_id]) {
                by_id.insert(id.clone(), Arc::clone(&record));
            }
        }
        Ok((Joined { by_id }, rejected))
    }

    /// Returns the record of a call.
    pub(super) fn of(&self, id: &CallId) -> Option<&Record> {
        self.by_id.get(id).map(|record| &**record)
    }
}

/// Fills the facts that are missing from a record, laid on the clock of the recording where its start
/// is known, and tells what was odd about it.
pub(super) fn fill(
    metadata: Metadata,
    record: &Record,
    start: Option<WallTime>,
    warnings: &mut Vec<Warning>,
) -> Metadata {
    let record = match metadata.recording_start.or(start) {
        Some(start) => record.clone().with_recording_start(start),
        None => record.clone(),
    };
    let odd = record.warnings.iter();
    warnings.extend(odd.map(|odd| Warning::new("telephony_record", odd.to_string())));
    metadata.or(record.metadata)
}

/// Reads the facts of one call: JSON as [`Metadata`] writes it, or a platform's record.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Mismatch`] when a platform's records are of other
/// calls, else as [`Metadata::from_json`].
pub(super) fn read_facts_of(
    input: &Input,
    id: &CallId,
    start: Option<WallTime>,
    warnings: &mut Vec<Warning>,
) -> Result<Metadata> {
    let bytes = read_input(input, MAX_METADATA)?;
    let own = parse(&bytes);
    let Err(error) = own else {
        return own.map_err(|e| e.within(input));
    };
    let Ok(read) = telephony::read(&bytes, None) else {
        return Err(error.within(input));
    };
    let records = join_records(read.records);
    let is_of = |record: &&Record| record.call_id == *id || record.aliases.contains(id);
    let found = match records.as_slice() {
        [one] => Some(one),
        many => many.iter().find(is_of),
    };
    match (found, read.rejected.into_iter().next()) {
        (Some(record), _) => Ok(fill(Metadata::default(), record, start, warnings)),
        (None, Some(error)) => Err(error.within(input)),
        (None, None) => {
            let found = format!(
                "{} records of {}, none of this call",
                records.len(),
                read.platform.title()
            );
            let wanted = "one whose id is the call_id";
            Err(Error::new(ErrorKind::Mismatch, input, found, wanted))
        }
    }
}

/// Reads the facts of one call from a JSON file.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be read, else as [`Metadata::from_json`].
pub fn read_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    let bytes = read_whole(path, MAX_METADATA)?;
    parse(&bytes).map_err(|e| e.within(path.display()))
}

fn parse(bytes: &[u8]) -> Result<Metadata> {
    // Windows tools put a byte-order mark before UTF-8.
    let json = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let json = std::str::from_utf8(json).map_err(|_| crate::batch::table::not_utf8())?;
    Metadata::from_json(json)
}
