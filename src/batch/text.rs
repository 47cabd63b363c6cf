//! Rows for people: some lines a call.

use super::row::{Outcome, RowFormat, RowSink, TOLD_REASONS};
use crate::error::{Result, legible};
use crate::features::Lang;
use crate::features::words::mark;
use crate::score::Assessment;
use std::io::Write;

/// Each call as a line with its estimate, what moved it most, and what would have raised it.
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
pub struct TextRows {
    lang: Lang,
}

/// Writes calls for people to read: see [`TextRows`].
pub type TextSink<W> = RowSink<TextRows, W>;

impl<W: Write> RowSink<TextRows, W> {
    /// Makes a sink that writes that language.
    ///
    /// # Errors
    ///
    /// None: there is no header.
    pub fn in_language(writer: W, lang: Lang) -> Result<TextSink<W>> {
        RowSink::of(TextRows::in_language(lang), writer)
    }
}

impl TextRows {
    /// Makes the format in that language.
    pub fn in_language(lang: Lang) -> TextRows {
        TextRows { lang }
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

impl RowFormat for TextRows {
    fn name(&self) -> String {
        format!("text {:?}", self.lang)
    }

    fn row(&self, outcome: &Outcome, out: &mut Vec<u8>) -> Result<()> {
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
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
