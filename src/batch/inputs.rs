//! The files that a row names: whether they are what they were, and what working on them takes.
//!
//! # Conventions
//!
//! * Each file is looked at once, before the call is begun: one that changes afterwards is another one
//!   to a later run.
//! * Costs are whole seconds of sound at the leanest rate of the file's kind: they order calls, and do not
//!   foretell how long one takes. Calls without sound are alike, and so are done in the order of the
//!   manifest: rows that wait for each other fill the processor's cache, which costs more than their order
//!   gains.

use super::manifest::{Entry, is_audio};
use crate::settings::Fnv1a;
use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// By what a file is taken for the one that it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Its size and the time of its last change.
    #[default]
    SizeAndTime,
    /// Its content, which is read once more for it.
    Content,
}

/// Estimated bytes that a call at work takes, whatever its length: 15 MB were measured, as the peak of
/// `score_archive --jobs 1` on a call of a minute less that on a call without sound (x86-64, Linux).
pub const CALL_MEMORY: u64 = 16 << 20;

/// Estimated bytes that each second of a call takes while it is worked on: 2.5 kB were measured, as the
/// growth of that peak from a minute to two hours.
pub const SECOND_MEMORY: u64 = 2_600;

/// Times its size that a transcript takes while it is read.
const TRANSCRIPT_MEMORY: u64 = 12;

/// Bytes a second of the leanest sound that is not compressed: one channel of G.711.
const PLAIN_RATE: u64 = 8_000;

/// Bytes a second of the leanest compressed sound that telephony keeps: MP3 or Opus at 16 kbit/s.
const COMPRESSED_RATE: u64 = 2_000;

/// Endings of files whose sound is not compressed.
const PLAIN: [&str; 4] = ["wav", "wave", "rf64", "w64"];

/// Bytes of a transcript or a file of facts that take as long as a second of sound.
const WORDS_RATE: u64 = 1_000_000;

/// What is known of a row's inputs before it is begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs {
    /// A hash of what the row depends on.
    pub key: u64,
    /// How long it takes.
    pub cost: u64,
    /// Bytes that it holds while it is worked on.
    pub memory: u64,
}

impl Inputs {
    /// Looks at the files of a row.
    pub(super) fn of(entry: &Entry, identity: Identity) -> Inputs {
        let mut hash = Fnv1a::new();
        let mut text = String::new();
        // Writing to a `String` cannot fail. The debug form of a call has all that the manifest says.
        let row = entry.row.as_ref().map_err(ToString::to_string);
        let _ = write!(text, "{} {:?} {:?}", entry.line, entry.labels, row);
        hash.write(text.as_bytes());
        let (mut seconds, mut cost, mut memory) = (0, 0, CALL_MEMORY);
        for path in &entry.files {
            let about = std::fs::metadata(path).ok();
            let size = about.as_ref().map_or(0, Metadata::len);
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            if is_audio(&extension) {
                let plain = PLAIN.contains(&&*extension.to_lowercase());
                seconds += size / if plain { PLAIN_RATE } else { COMPRESSED_RATE };
            } else {
                memory += TRANSCRIPT_MEMORY * size;
                cost += size / WORDS_RATE;
            }
            match identity {
                Identity::SizeAndTime => {
                    let state = about.map(|about| (about.len(), about.modified().ok()));
                    hash.write(format!("{state:?}").as_bytes());
                }
                Identity::Content => {
                    // A pipe or a device must not be opened: it may never answer.
                    let is_file = about.is_some_and(|about| about.is_file());
                    write_content(path, is_file, &mut hash);
                }
            }
        }
        Inputs {
            key: hash.finish(),
            cost: cost + seconds,
            memory: memory + SECOND_MEMORY * seconds,
        }
    }
}

fn write_content(path: &Path, is_file: bool, hash: &mut Fnv1a) {
    let Some(mut file) = is_file.then(|| File::open(path).ok()).flatten() else {
        return hash.write(b"none");
    };
    let mut block = vec![0; 1 << 20];
    while let Ok(count @ 1..) = file.read(&mut block) {
        hash.write(&block[..count]);
    }
    hash.write(b"end");
}
