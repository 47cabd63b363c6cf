//! What the command says on standard error while it works.

use crate::arguments::LogFormat;
use callcsi::batch::{Event, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Without a terminal a line is written so often.
const EVERY: Duration = Duration::from_secs(60);

/// Calls done anew that are told one by one.
const TOLD: u64 = 5;

pub struct Log {
    format: LogFormat,
    quiet: bool,
    bar: Option<ProgressBar>,
    said: Instant,
    anew: u64,
}

impl Log {
    pub fn new(format: LogFormat, quiet: bool) -> Log {
        let draws = !quiet && format == LogFormat::Text && std::io::stderr().is_terminal();
        let bar = draws.then(|| {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        Log {
            format,
            quiet,
            bar,
            said: Instant::now(),
            anew: 0,
        }
    }

    /// Tells something, as text or as an object with the same facts.
    pub fn tell(&self, event: &str, text: &str, facts: Value) {
        if self.quiet {
            return;
        }
        let line = match self.format {
            LogFormat::Text => text.to_owned(),
            LogFormat::Json => json!({"event": event, "message": text, "facts": facts}).to_string(),
        };
        match &self.bar {
            Some(bar) => bar.suspend(|| say(&line)),
            None => say(&line),
        }
    }

    /// Tells of what happens on a run.
    pub fn event(&mut self, event: &Event<'_>, progress: &Progress) {
        match event {
            Event::Changed(what) => {
                let text =
                    format!("{what} changed since the earlier run: its rows are scored anew");
                self.tell("changed", &text, json!({"what": what}));
            }
            Event::Anew { line, retried } => {
                self.anew += 1;
                if self.anew <= TOLD {
                    let why = if *retried {
                        "it had failed"
                    } else {
                        "its inputs changed"
                    };
                    let text = format!("line {line} is scored anew: {why}");
                    self.tell("anew", &text, json!({"line": line, "retried": retried}));
                }
            }
            _ => {}
        }
        match &self.bar {
            // Drawn some times a second, whatever comes.
            Some(bar) if self.said.elapsed() > Duration::from_millis(200) => {
                bar.set_message(progress.standing().to_string());
                self.said = Instant::now();
            }
            None if self.said.elapsed() > EVERY => {
                let standing = progress.standing();
                self.tell("progress", &standing.to_string(), json!(standing));
                self.said = Instant::now();
            }
            _ => {}
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line to standard error, if anyone listens there.
pub fn say(line: &str) {
    let _ = std::io::stderr().write_fmt(format_args!("{}\n", line.trim_end()));
}
