//! How far a run is.

use super::run::Event;
use serde::Serialize;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

/// Counts over a run while it goes on.
#[derive(Clone, Debug)]
pub struct Progress {
    started: Instant,
    total: Option<u64>,
    kept: u64,
    kept_failed: u64,
    scored: u64,
    failed: u64,
    anew: u64,
    sound: f64,
}

/// Where a run stands, for a line of a log; its JSON form has the same names.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Standing {
    /// Calls done, with those taken from an earlier run.
    pub done: u64,
    /// Calls there are, where that is known or can be estimated.
    pub total: Option<u64>,
    /// Calls taken from an earlier run.
    pub kept: u64,
    /// Calls done anew, since their inputs changed or they had failed.
    pub anew: u64,
    /// Calls that failed, with those of the earlier run.
    pub failed: u64,
    /// Time since the start, in seconds.
    pub elapsed_s: f64,
    /// Calls a second, those of the earlier run aside.
    pub calls_per_s: f64,
    /// Seconds of sound heard in a second; `None` when no call had any.
    pub times_real_time: Option<f64>,
    /// Time to the end at this rate, in seconds, where the total is known.
    pub left_s: Option<f64>,
}

impl Progress {
    /// Starts to count; `total` is how many calls there are, if that is known.
    pub fn new(total: Option<u64>) -> Progress {
        Progress {
            started: Instant::now(),
            total,
            kept: 0,
            kept_failed: 0,
            scored: 0,
            failed: 0,
            anew: 0,
            sound: 0.0,
        }
    }

    /// Counts what happened.
    pub fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Changed(_) => {}
            Event::Kept { failed } => {
                self.kept += 1;
                self.kept_failed += u64::from(*failed);
            }
            Event::Anew { .. } => self.anew += 1,
            Event::Row(outcome) => match &outcome.result {
                Ok(assessment) => {
                    self.scored += 1;
                    let found = &assessment.measurements;
                    let heard = found.recording.as_ref().and(found.duration);
                    self.sound += heard.map_or(0.0, |duration| duration.seconds());
                }
                Err(_) => self.failed += 1,
            },
        }
    }

    /// Returns the calls that failed, with those of the earlier run.
    pub fn failed(&self) -> u64 {
        self.failed + self.kept_failed
    }

    /// Tells where the run stands.
    pub fn standing(&self) -> Standing {
        self.after(self.started.elapsed())
    }

    fn after(&self, elapsed: Duration) -> Standing {
        let fresh = self.scored + self.failed;
        let done = fresh + self.kept;
        // A run of no time has no rate.
        let seconds = elapsed.as_secs_f64().max(1e-9);
        let rate = fresh as f64 / seconds;
        let left = self.total.filter(|_| fresh > 0);
        let left = left.map(|total| total.saturating_sub(done) as f64 / rate);
        Standing {
            done,
            total: self.total.map(|total| total.max(done)),
            kept: self.kept,
            anew: self.anew,
            failed: self.failed(),
            elapsed_s: elapsed.as_secs_f64(),
            calls_per_s: rate,
            times_real_time: (self.sound > 0.0).then(|| self.sound / seconds),
            left_s: left,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.done)?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        write!(f, " calls")?;
        if self.kept > 0 {
            write!(f, " ({} of an earlier run)", self.kept)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        write!(f, ", {:.1} calls/s", self.calls_per_s)?;
        if let Some(times) = self.times_real_time {
            write!(f, ", {times:.0} × real time")?;
        }
        if let Some(left) = self.left_s {
            let left = left.round() as u64;
            let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60);
            match (hours, minutes) {
                (0, 0) => write!(f, ", {seconds} s left")?,
                (0, _) => write!(f, ", {minutes} min {seconds:02} s left")?,
                _ => write!(f, ", {hours} h {minutes:02} min left")?,
            }
        }
        Ok(())
    }
}

/// Estimates how many rows a table has, by its line ends; `None` of what is no file of text. A line
/// end inside a quoted cell counts as well.
pub fn estimated_rows(path: &Path) -> Option<u64> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut reader = BufReader::new(File::open(path).ok()?);
    let mut block = vec![0; 1 << 20];
    let (mut lines, mut first, mut last) = (0, None, b'\n');
    while let Ok(count @ 1..) = reader.read(&mut block) {
        if first.is_none() && block[..count].starts_with(b"PAR1") {
            return None;
        }
        first = first.or_else(|| {
            block[..count]
                .iter()
                .find(|b| !b.is_ascii_whitespace())
                .copied()
        });
        lines += block[..count].iter().filter(|&&b| b == b'\n').count() as u64;
        last = block[count - 1];
    }
    let lines = lines + u64::from(last != b'\n');
    // JSON Lines have no header.
    Some(lines.saturating_sub(u64::from(first != Some(b'{'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_rest_are_of_the_calls_that_were_done_and_not_of_those_taken() {
        let mut progress = Progress::new(Some(1_000));
        for _ in 0..400 {
            progress.add(&Event::Kept { failed: false });
        }
        progress.failed = 100;
        // 100 calls in 50 s are 2 a second; 500 of 1,000 are left: 250 s.
        let standing = progress.after(Duration::from_secs(50));
        assert_eq!(
            standing.to_string(),
            "500 of 1000 calls (400 of an earlier run), 100 failed, 2.0 calls/s, 4 min 10 s left"
        );
        let unknown = Progress::new(None).after(Duration::ZERO);
        assert_eq!(unknown.to_string(), "0 calls, 0.0 calls/s");
    }
}
