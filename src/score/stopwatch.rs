//! Where the time of a run goes.

use serde::{Serialize, Serializer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What time is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Reading the manifest, its facts, and looking at the files it names.
    Manifest,
    /// Reading transcripts, a recogniser's work included.
    Transcript,
    /// Decoding recordings, reading them included.
    Decode,
    /// Listening: speech, sounds of the line, bleed, peaks, pitch, faults.
    Listen,
    /// Measuring: the conversation and the features.
    Measure,
    /// Estimating and explaining.
    Judge,
    /// Making the rows.
    Rows,
    /// Writing them.
    Write,
}

impl Part {
    /// Every part, in the order of a call's way.
    pub const ALL: [Part; 8] = [
        Part::Manifest,
        Part::Transcript,
        Part::Decode,
        Part::Listen,
        Part::Measure,
        Part::Judge,
        Part::Rows,
        Part::Write,
    ];

    /// Returns the name used in files: `manifest`, `transcript`, …
    pub fn name(self) -> &'static str {
        match self {
            Part::Manifest => "manifest",
            Part::Transcript => "transcript",
            Part::Decode => "decode",
            Part::Listen => "listen",
            Part::Measure => "measure",
            Part::Judge => "judge",
            Part::Rows => "rows",
            Part::Write => "write",
        }
    }
}

/// Time spent by part, all threads together. Clones count into the same sums; in JSON, seconds by name.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch(Arc<[AtomicU64; Part::ALL.len()]>);

impl Stopwatch {
    /// Returns the time spent on a part so far.
    pub fn spent(&self, part: Part) -> Duration {
        Duration::from_nanos(self.0[part as usize].load(Ordering::Relaxed))
    }

    /// Counts the time that `work` takes.
    pub(crate) fn time<T>(&self, part: Part, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = work();
        let nanos = begin.elapsed().as_nanos() as u64;
        self.0[part as usize].fetch_add(nanos, Ordering::Relaxed);
        done
    }
}

impl Serialize for Stopwatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = Part::ALL.iter();
        serializer.collect_map(parts.map(|&p| (p.name(), self.spent(p).as_secs_f64())))
    }
}
