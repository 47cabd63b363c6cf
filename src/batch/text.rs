//! Rows for people: some lines a call.

use super::row::{Outcome, Sink, TOLD_REASONS, cell, reasons, write_error};
use crate::error::{Result, legible};
use crate::features::Unit;
use crate::model::Contribution;
use std::io::Write;

/// Writes each call as a line with its estimate and the strongest reasons below it.
///
/// ```text
/// demo-02                CSI 2.7  satisfied  27 %
///     -2.12  dialog_interruptions_raw_speech_length_percentage = 0.158
///     -0.59  queue_wait_s = 95 s
/// ```
///
/// The number before a reason is what it added to the log-odds of a satisfied customer, against an
/// average call.
#[derive(Debug)]
pub struct TextSink<W> {
    writer: W,
}

impl<W: Write> TextSink<W> {
    /// Makes a sink.
    pub fn new(writer: W) -> TextSink<W> {
        TextSink { writer }
    }
}

/// Writes a reason as `queue_wait_s = 95 s`, or with the cause of its absence.
fn wording(reason: &Contribution) -> String {
    let name = &reason.feature.name;
    match &reason.value {
        Err(absence) => format!("{name} absent: {absence}"),
        Ok(value) => {
            let text = match value {
                // Three digits are what a person reads; the other formats have them all.
                crate::features::Value::Number(x) => {
                    let rounded = format!("{x:.3}");
                    rounded
                        .trim_end_matches('0')
                        .trim_end_matches('.')
                        .to_owned()
                }
                word => legible(cell(word)),
            };
            match reason.feature.unit {
                Unit::Seconds
                | Unit::PerMinute
                | Unit::WordsPerSecond
                | Unit::LettersPerSecond
                | Unit::Dbfs
                | Unit::Decibels
                | Unit::Hertz
                | Unit::Semitones => {
                    format!("{name} = {text} {}", reason.feature.unit.symbol())
                }
                _ => format!("{name} = {text}"),
            }
        }
    }
}

impl<W: Write> Sink for TextSink<W> {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        let id = outcome
            .id
            .as_deref()
            .map_or_else(|| format!("line {}", outcome.line), legible);
        let mut text = String::new();
        match &outcome.result {
            Ok(assessment) => {
                let judged = &assessment.prediction;
                let (csi, percent) = (judged.csi, 100.0 * judged.satisfied);
                text += &format!("{id:<20}  CSI {csi:.1}  satisfied {percent:>3.0} %\n");
                for reason in reasons(&judged.contributions)
                    .into_iter()
                    .take(TOLD_REASONS)
                {
                    text += &format!("    {:+.2}  {}\n", reason.log_odds, wording(reason));
                }
                for warning in &assessment.measurements.warnings {
                    text += &format!("    warning: {}\n", warning.message);
                }
            }
            Err(error) => text += &format!("{id:<20}  failed\n    {error}\n"),
        }
        self.writer.write_all(text.as_bytes()).map_err(write_error)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(write_error)
    }
}
