//! Rows for people: some lines a call.

use super::row::{Outcome, Sink, TOLD_REASONS, write_error};
use crate::error::{Result, legible};
use crate::features::Lang;
use crate::features::words::mark;
use crate::score::Assessment;
use std::io::Write;

/// Writes each call as a line with its estimate, what moved it most, and what would have raised it.
///
/// ```text
/// demo-02               CSI 2.6  satisfied  24 %
///     −1.3  both speak at once in 17 % of the call (usually 5.7 %)
///     −0.4  the customer waited 1 min 35 s in the queue (usually 36 s)
///     had the agent not interrupted (2 times): 2.6 → 3.6
/// ```
///
/// The number before a reason is what it moved the expected mark by, against an average call. Reasons
/// and changes are those of the assessment's [explanation](crate::model::Explanation), so the scorer must
/// be [explaining](crate::score::Scorer::explaining); else the line stands alone. Errors and warnings are
/// in English in every language.
#[derive(Debug)]
pub struct TextSink<W> {
    writer: W,
    lang: Lang,
}

impl<W: Write> TextSink<W> {
    /// Makes a sink that writes English.
    pub fn new(writer: W) -> TextSink<W> {
        TextSink::in_language(writer, Lang::En)
    }

    /// Makes a sink that writes that language.
    pub fn in_language(writer: W, lang: Lang) -> TextSink<W> {
        TextSink { writer, lang }
    }

    fn scored(&self, id: &str, assessment: &Assessment) -> String {
        let lang = self.lang;
        let judged = &assessment.prediction;
        let (csi, percent) = (mark(judged.csi, lang), 100.0 * judged.satisfied);
        let satisfied = lang.of("satisfied", "доволен");
        let mut text = format!("{id:<20}  CSI {csi}  {satisfied} {percent:>3.0} %\n");
        if let Some(explanation) = &assessment.explanation {
            let reasons = explanation.reasons.iter();
            let reasons = reasons.filter_map(|reason| Some((reason.points(lang)?, reason)));
            for (points, reason) in reasons.take(TOLD_REASONS) {
                text += &format!("    {points}  {}\n", reason.sentence(lang));
            }
            for change in explanation.counterfactuals.iter().take(TOLD_REASONS) {
                text += &format!("    {}\n", change.sentence(lang));
            }
        }
        let warning = lang.of("warning", "предупреждение");
        for found in &assessment.measurements.warnings {
            text += &format!("    {warning}: {}\n", found.message);
        }
        text
    }
}

impl<W: Write> Sink for TextSink<W> {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        let id = outcome.id.as_deref().map_or_else(
            || format!("{} {}", self.lang.of("line", "строка"), outcome.line),
            legible,
        );
        let text = match &outcome.result {
            Ok(assessment) => self.scored(&id, assessment),
            Err(error) => {
                let failed = self.lang.of("failed", "не оценён");
                format!("{id:<20}  {failed}\n    {error}\n")
            }
        };
        self.writer.write_all(text.as_bytes()).map_err(write_error)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(write_error)
    }
}
