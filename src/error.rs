//! What can go wrong, and whose fault it is.
//!
//! There is one public error type. An [`Error`] says which call it concerns, the *place* (a file,
//! a line, a byte, a field), what was *found* there, what was *wanted*, and, where a usual mistake
//! explains it, a *hint*. [`ErrorKind`] tells the caller who has to act.

use crate::call::CallId;
use std::fmt;

/// The result of an operation that may fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed, by who has to act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input breaks its own format: the file is damaged, or not what it says it is.
    IllFormed,
    /// The input is sound, but of a kind that this build does not read.
    Unsupported,
    /// Two inputs, each sound, do not fit together: a mono file where two channels are needed, a
    /// model trained on a feature that this build measures in another way.
    Mismatch,
    /// A value that cannot be: a negative wait, a setting out of its range.
    Invalid,
    /// The operating system refused to read or write.
    Io,
    /// A command that the user named failed.
    Command,
    /// Training stopped before it reached the optimum.
    NotConverged,
    /// A defect of this crate or of a library below it, caught at the border of one call.
    Internal,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [ErrorKind; 8] = [
        ErrorKind::IllFormed,
        ErrorKind::Unsupported,
        ErrorKind::Mismatch,
        ErrorKind::Invalid,
        ErrorKind::Io,
        ErrorKind::Command,
        ErrorKind::NotConverged,
        ErrorKind::Internal,
    ];

    /// Returns the name used in result rows: `ill_formed`, `unsupported`, …
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::IllFormed => "ill_formed",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Mismatch => "mismatch",
            ErrorKind::Invalid => "invalid",
            ErrorKind::Io => "io",
            ErrorKind::Command => "command",
            ErrorKind::NotConverged => "not_converged",
            ErrorKind::Internal => "internal",
        }
    }
}

/// What was being done with a call when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Its row of the manifest was read.
    Manifest,
    /// Its facts of the platform were read.
    Metadata,
    /// Its transcript was read.
    Transcript,
    /// Its recording was decoded and listened to.
    Recording,
    /// It was measured.
    Measure,
}

impl Stage {
    /// Returns the name used in files: `manifest`, `metadata`, …
    pub fn name(self) -> &'static str {
        match self {
            Stage::Manifest => "manifest",
            Stage::Metadata => "metadata",
            Stage::Transcript => "transcript",
            Stage::Recording => "recording",
            Stage::Measure => "measure",
        }
    }
}

/// An error: which call, where, what was found, what was wanted.
///
/// ```
/// use callcsi::call::Metadata;
/// let error = Metadata::from_json(r#"{"queue": {"wait_s": -4}}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "queue.wait_s: found -4.000 s, wanted 0 s or more",
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message())]
pub struct Error(Box<Inner>);

/// The most of one part of a message that is kept, in characters: a cell may hold megabytes.
const KEPT: usize = 500;

/// Makes text that may come from outside fit for a terminal and a log: the beginning of it, with
/// what moves the cursor, ends the line or turns the direction of writing spelt as `\u{1b}`.
pub(crate) fn legible(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let mut shown = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == KEPT {
            shown.push('…');
            break;
        }
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// What an [`Error`] holds; apart, so that a `Result` stays one word wide on its error side.
#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    call: Option<CallId>,
    place: String,
    found: String,
    wanted: String,
    hint: Option<String>,
    io: Option<std::io::ErrorKind>,
    stage: Option<Stage>,
}

impl Inner {
    fn message(&self) -> String {
        use fmt::Write;
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        if let Some(call) = &self.call {
            let _ = write!(text, "call {}: ", legible(call));
        }
        if !self.place.is_empty() {
            let _ = write!(text, "{}: ", self.place);
        }
        let _ = write!(text, "found {}, wanted {}", self.found, self.wanted);
        if let Some(hint) = &self.hint {
            let _ = write!(text, " ({hint})");
        }
        text
    }
}

impl Error {
    /// Makes an error; `place` may be empty when the caller will add it with [`Error::within`].
    pub(crate) fn new(
        kind: ErrorKind,
        place: impl fmt::Display,
        found: impl fmt::Display,
        wanted: impl fmt::Display,
    ) -> Error {
        Error(Box::new(Inner {
            kind,
            call: None,
            place: legible(place),
            found: legible(found),
            wanted: legible(wanted),
            hint: None,
            io: None,
            stage: None,
        }))
    }

    /// Makes an error of the operating system about the file or stream at `place`.
    pub(crate) fn io(place: impl fmt::Display, error: &std::io::Error) -> Error {
        let wanted = "a file or stream that can be read or written";
        let mut made = Error::new(ErrorKind::Io, place, error, wanted);
        made.0.io = Some(error.kind());
        made
    }

    /// Makes an error of serde_json's, without the words that it may quote.
    pub(crate) fn json(error: &serde_json::Error, wanted: &str) -> Error {
        use serde_json::error::Category;
        let found = match error.classify() {
            Category::Eof => "the end of the text".to_owned(),
            Category::Syntax => "text that is no JSON".to_owned(),
            Category::Io => "an unreadable stream".to_owned(),
            // "invalid type: string "…", expected …": what was expected names no word of the call.
            Category::Data => {
                let text = error.to_string();
                // The last one: the value that is quoted before it may hold these words too.
                let expected = text
                    .rsplit_once(", expected ")
                    .map(|(_, e)| format!(" (not {e})"));
                let missing = text
                    .starts_with("missing field")
                    .then(|| format!(" ({text})"));
                let unknown = text
                    .starts_with("unknown field")
                    .then(|| format!(" ({text})"));
                let detail = missing.or(unknown).or(expected).unwrap_or_default();
                format!("JSON of another shape{detail}")
            }
        };
        let place = match error.line() {
            0 => String::new(),
            line => format!("line {line} column {}", error.column()),
        };
        Error::new(ErrorKind::IllFormed, place, found, wanted)
    }

    /// Adds the likely mistake, worded as a question or an advice.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Error {
        self.0.hint = Some(legible(hint));
        self
    }

    /// Puts an outer place before the inner one: `calls.csv line 3` before `queue.wait_s`.
    pub(crate) fn within(mut self, outer: impl fmt::Display) -> Error {
        self.0.place = if self.0.place.is_empty() {
            legible(outer)
        } else {
            format!("{}: {}", legible(outer), self.0.place)
        };
        self
    }

    /// Names the call the error concerns, unless it already names one.
    pub(crate) fn of_call(mut self, call: &CallId) -> Error {
        self.0.call.get_or_insert_with(|| call.clone());
        self
    }

    /// Says what was being done, unless that is said already.
    pub(crate) fn at(mut self, stage: Stage) -> Error {
        self.0.stage.get_or_insert(stage);
        self
    }

    /// Makes an error of what an error says, so that one can cross the border of a process; `kind` is its
    /// [name](ErrorKind::name), and an unknown one counts as a defect.
    pub fn from_parts(
        kind: &str,
        place: &str,
        found: &str,
        wanted: &str,
        hint: Option<&str>,
    ) -> Error {
        let known = ErrorKind::ALL
            .into_iter()
            .find(|known| known.name() == kind);
        let error = Error::new(known.unwrap_or(ErrorKind::Internal), place, found, wanted);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// Returns what was being done with the call, where that is known.
    pub fn stage(&self) -> Option<Stage> {
        self.0.stage
    }

    /// Returns whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what the operating system said, where it refused: a command tells a reader who has
    /// left (`BrokenPipe`) from a full disk by it.
    pub fn io_kind(&self) -> Option<std::io::ErrorKind> {
        self.0.io
    }

    /// Returns the call concerned, where one is known.
    pub fn call(&self) -> Option<&CallId> {
        self.0.call.as_ref()
    }

    /// Returns the file, line, byte or field; empty when there is no such place.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// Returns what was found.
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// Returns what was wanted instead.
    pub fn wanted(&self) -> &str {
        &self.0.wanted
    }

    /// Returns the guessed mistake, where one is likely.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_made_of_its_parts_says_the_same() {
        for kind in ErrorKind::ALL {
            let error = Error::new(kind, "calls.csv line 3", "\u{1b}", "a row").hint("a comma?");
            let (place, found, wanted) = (error.place(), error.found(), error.wanted());
            let again = Error::from_parts(kind.name(), place, found, wanted, error.hint_text());
            assert_eq!(again.to_string(), error.to_string());
            assert_eq!(again.kind(), kind);
        }
    }

    #[test]
    fn message_names_call_place_found_wanted_and_hint() {
        let error = Error::new(ErrorKind::Mismatch, "звонок.wav", "1 channel", "2 channels")
            .hint("two mono files go to audio_agent and audio_customer")
            .within("calls.csv line 3")
            .of_call(&CallId::new("к-17"));
        assert_eq!(
            error.to_string(),
            "call к-17: calls.csv line 3: звонок.wav: found 1 channel, wanted 2 channels \
             (two mono files go to audio_agent and audio_customer)"
        );
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn text_from_outside_moves_no_cursor_and_fills_no_screen() {
        let found = format!("\u{9b}2J{}", "я".repeat(10_000_000));
        let error = Error::new(ErrorKind::Invalid, "a\x1b[31m", found, "b\nc")
            .within("d\re")
            .hint("\u{202e}f")
            .of_call(&CallId::new("g\x07"));
        let message = error.to_string();
        assert!(
            message.starts_with(r"call g\u{7}: d\u{d}e: a\u{1b}[31m: found \u{9b}2Jя"),
            "{message}"
        );
        assert!(
            message.ends_with(r"я…, wanted b\u{a}c (\u{202e}f)"),
            "{message}"
        );
        assert!(message.len() < 2_000);
    }

    #[test]
    fn first_call_named_stays() {
        let error = Error::new(ErrorKind::Invalid, "", "a", "b")
            .of_call(&CallId::new("1"))
            .of_call(&CallId::new("2"));
        assert_eq!(error.call(), Some(&CallId::new("1")));
    }

    #[test]
    fn errors_of_json_quote_no_value() {
        let json = r#"["a secret, expected a secret"]"#;
        let error = serde_json::from_str::<Vec<u8>>(json).unwrap_err();
        let error = Error::json(&error, "a list");
        assert!(error.found().starts_with("JSON of another shape (not u8"));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
