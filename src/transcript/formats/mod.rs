//! The formats: how each is called, told by its content, and read.
//!
//! A reader turns a [`Content`] into a [`Draft`] and decides nothing that holds for every format:
//! see [`draft`](super::draft).

mod common;
mod ctm;
mod harper_valley;
mod own;
mod rttm;
mod salute;
mod subtitles;
mod textgrid;
mod vcon;
mod vosk;
mod whisper;
mod whisper_cpp;
mod whisperx;
mod wtf;

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
    /// openai-whisper, and the tools that copy its JSON.
    Whisper,
    /// WhisperX JSON.
    WhisperX,
    /// whisper.cpp JSON, `-oj` and `-ojf`.
    WhisperCpp,
    /// Vosk answers, one or many.
    Vosk,
    /// WTF, the transcription format of vCon.
    Wtf,
    /// vCon: the transcript among its analyses.
    VCon,
    /// WebVTT subtitles.
    WebVtt,
    /// SubRip subtitles.
    Srt,
    /// Praat TextGrid.
    TextGrid,
    /// NIST RTTM: turns without words.
    Rttm,
    /// NIST CTM, of Kaldi and NeMo.
    Ctm,
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
const READERS: [Reader; 14] = [
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
    Reader {
        format: Format::Whisper,
        name: "whisper",
        title: "openai-whisper and faster-whisper",
        matches: whisper::matches,
        read: whisper::read,
    },
    Reader {
        format: Format::WhisperX,
        name: "whisperx",
        title: "WhisperX",
        matches: whisperx::matches,
        read: whisperx::read,
    },
    Reader {
        format: Format::WhisperCpp,
        name: "whisper-cpp",
        title: "whisper.cpp",
        matches: whisper_cpp::matches,
        read: whisper_cpp::read,
    },
    Reader {
        format: Format::Vosk,
        name: "vosk",
        title: "Vosk",
        matches: vosk::matches,
        read: vosk::read,
    },
    Reader {
        format: Format::Wtf,
        name: "wtf",
        title: "WTF, the transcription format of vCon",
        matches: wtf::matches,
        read: wtf::read,
    },
    Reader {
        format: Format::VCon,
        name: "vcon",
        title: "vCon",
        matches: vcon::matches,
        read: vcon::read,
    },
    Reader {
        format: Format::WebVtt,
        name: "webvtt",
        title: "WebVTT",
        matches: subtitles::is_vtt,
        read: subtitles::read_vtt,
    },
    Reader {
        format: Format::Srt,
        name: "srt",
        title: "SubRip",
        matches: subtitles::is_srt,
        read: subtitles::read_srt,
    },
    Reader {
        format: Format::TextGrid,
        name: "textgrid",
        title: "Praat TextGrid",
        matches: textgrid::matches,
        read: textgrid::read,
    },
    Reader {
        format: Format::Rttm,
        name: "rttm",
        title: "NIST RTTM",
        matches: rttm::matches,
        read: rttm::read,
    },
    Reader {
        format: Format::Ctm,
        name: "ctm",
        title: "NIST CTM",
        matches: ctm::matches,
        read: ctm::read,
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

    #[test]
    fn local_samples_are_told_apart() {
        let vcon = vcon::tests::small();
        let samples = [
            (Format::Whisper, whisper::tests::SMALL),
            (Format::WhisperX, whisperx::tests::SMALL),
            (Format::WhisperCpp, whisper_cpp::tests::SMALL),
            (Format::Vosk, vosk::tests::SMALL),
            (Format::Wtf, wtf::tests::SMALL),
            (Format::VCon, &vcon),
            (Format::WebVtt, subtitles::tests::SMALL_VTT),
            (Format::Srt, subtitles::tests::SMALL_SRT),
            (Format::TextGrid, textgrid::tests::SMALL),
            (Format::Rttm, rttm::tests::SMALL),
            (Format::Ctm, ctm::tests::SMALL),
        ];
        for (format, text) in samples {
            let content = Content::of(text.as_bytes()).unwrap();
            let fitting = READERS.iter().filter(|r| (r.matches)(&content));
            let formats: Vec<Format> = fitting.map(|r| r.format).collect();
            assert_eq!(formats, [format]);
        }
    }
}
