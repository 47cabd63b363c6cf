//! The formats: how each is called, told by its content, and read.
//!
//! A reader turns a [`Content`] into a [`Draft`] and decides nothing that holds for every format:
//! see [`draft`](super::draft).

mod harper_valley;
mod own;
mod salute;

use super::content::Content;
use super::draft::Draft;
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;

/// A transcript format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// This crate's own JSON.
    CallCsi,
    /// Sber SaluteSpeech, asynchronous recognition result.
    SaluteSpeech,
    /// HarperValleyBank transcript JSON.
    HarperValley,
}

/// How a format is called, told and read.
struct Reader {
    format: Format,
    name: &'static str,
    title: &'static str,
    /// Tells whether content is in the format; the first reader that says so takes it.
    matches: fn(&Content<'_>) -> bool,
    read: fn(&Content<'_>) -> Result<Draft>,
}

/// Every reader, in the order in which formats are looked for: those with keys of their own first.
const READERS: [Reader; 3] = [
    Reader {
        format: Format::CallCsi,
        name: "callcsi",
        title: "this crate's own JSON",
        matches: own::matches,
        read: own::read,
    },
    Reader {
        format: Format::SaluteSpeech,
        name: "salute-speech",
        title: "Sber SaluteSpeech",
        matches: salute::matches,
        read: salute::read,
    },
    Reader {
        format: Format::HarperValley,
        name: "harper-valley",
        title: "HarperValleyBank",
        matches: harper_valley::matches,
        read: harper_valley::read,
    },
];

impl Format {
    /// Every format, in the order in which they are looked for.
    pub const ALL: [Format; READERS.len()] = {
        let mut all = [Format::CallCsi; READERS.len()];
        let mut i = 0;
        while i < READERS.len() {
            all[i] = READERS[i].format;
            i += 1;
        }
        all
    };

    fn reader(self) -> &'static Reader {
        // Every format has a reader: a test holds it. The first stands in without a panic.
        READERS
            .iter()
            .find(|r| r.format == self)
            .unwrap_or(&READERS[0])
    }

    /// Returns the name used on command lines and in manifests.
    pub fn name(self) -> &'static str {
        self.reader().name
    }

    /// Returns the name of the product or standard, for people.
    pub fn title(self) -> &'static str {
        self.reader().title
    }

    /// Tells the format by the content.
    pub(super) fn detect(content: &Content<'_>) -> Result<Format> {
        let fitting = READERS.iter().find(|r| (r.matches)(content));
        fitting.map(|r| r.format).ok_or_else(|| {
            let found = match content {
                Content::Json { .. } => "JSON of another shape",
                Content::Text(_) => "text of another shape",
            };
            let wanted = format!("one of the transcript formats {}", names());
            Error::new(ErrorKind::Unsupported, "", found, wanted)
        })
    }

    /// Reads the content as this format.
    pub(super) fn read(self, content: &Content<'_>) -> Result<Draft> {
        (self.reader().read)(content)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Parses a format's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for any other word, with the list of those known.
    fn from_str(text: &str) -> Result<Format> {
        let named = READERS.iter().find(|r| r.name == text);
        named.map(|r| r.format).ok_or_else(|| {
            let (place, found) = ("transcript_format", format!("{text:?}"));
            let wanted = format!("one of {}", names());
            Error::new(ErrorKind::Invalid, place, found, wanted)
        })
    }
}

/// Names the formats of a call's transcripts; `None` of a call without one.
pub(crate) fn format_names(formats: &[Format]) -> Option<String> {
    let mut names: Vec<&str> = formats.iter().map(|f| f.name()).collect();
    names.dedup();
    (!names.is_empty()).then(|| names.join("+"))
}

fn names() -> String {
    READERS.map(|r| r.name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parse_back() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
            assert!(!format.title().is_empty());
        }
    }
}
