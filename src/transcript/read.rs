//! Which format a transcript is in, and its reading.

use super::{Transcript, harper_valley, own, salute};
use crate::call::{AgentChannel, Input, Side, TranscriptSource};
use crate::error::{Error, ErrorKind, Result};
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// The largest transcript read, in bytes. An hour of speech with word times is below 4 MB in the
/// wordiest format known; the bound keeps a wrong file name from filling the memory.
const MAX_BYTES: u64 = 256 << 20;

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

impl Format {
    /// Every format, in the order in which they are looked for.
    pub const ALL: [Format; 3] = [Format::CallCsi, Format::SaluteSpeech, Format::HarperValley];

    /// Returns the name used on command lines and in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Format::CallCsi => "callcsi",
            Format::SaluteSpeech => "salute-speech",
            Format::HarperValley => "harper-valley",
        }
    }

    /// Tells by its keys whether a document is in this format.
    fn matches(self, document: &Value) -> bool {
        let first = || document.as_array().and_then(|a| a.first());
        match self {
            Format::CallCsi => document.get("format").is_some_and(|f| f == own::NAME),
            Format::SaluteSpeech => first().is_some_and(|f| {
                f.get("results").is_some() && f.get("processed_audio_start").is_some()
            }),
            Format::HarperValley => first()
                .is_some_and(|f| f.get("speaker_role").is_some() && f.get("offset_ms").is_some()),
        }
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
        Format::ALL
            .into_iter()
            .find(|f| f.name() == text)
            .ok_or_else(|| {
                let wanted = format!("one of {}", names());
                Error::new(
                    ErrorKind::Invalid,
                    "transcript_format",
                    format!("{text:?}"),
                    wanted,
                )
            })
    }
}

fn names() -> String {
    Format::ALL.map(Format::name).join(", ")
}

/// A transcript, and how it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadTranscript {
    /// What was said.
    pub transcript: Transcript,
    /// The format it was read as: the one forced, else the one detected.
    pub format: Format,
    /// What was odd about it, in sentences that hold none of its words.
    pub warnings: Vec<String>,
}

/// What a reader returns.
pub(super) type Parsed = Result<(Transcript, Vec<String>)>;

/// Reads a transcript.
///
/// `agent_channel` is the agent's channel in formats that number channels, unless the source
/// declares its own.
///
/// # Errors
///
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Unsupported`] when no format fits,
/// [`ErrorKind::IllFormed`] when it breaks its format, [`ErrorKind::Mismatch`] when the channel of
/// the agent is needed and not declared. Messages hold places and numbers, none of the words.
pub fn read(
    source: &TranscriptSource,
    agent_channel: Option<AgentChannel>,
) -> Result<ReadTranscript> {
    let agent_channel = source.agent_channel.or(agent_channel);
    let forced = source.format.as_deref().map(Format::from_str).transpose()?;
    let parsed = match &source.input {
        Input::Bytes { bytes, .. } => parse(bytes, forced, agent_channel),
        Input::Path(path) => {
            let bytes = read_whole(path, MAX_BYTES)?;
            parse(&bytes, forced, agent_channel)
        }
    };
    parsed.map_err(|e| e.within(&source.input))
}

/// Reads a file of at most `most` bytes. Only a regular file: a pipe may never end, or never begin.
pub(crate) fn read_whole(path: &Path, most: u64) -> Result<Vec<u8>> {
    let io = |e: std::io::Error| Error::io(path.display(), &e);
    let about = std::fs::metadata(path).map_err(io)?;
    if !about.is_file() {
        let found = match about.is_dir() {
            true => "a directory",
            false => "a pipe or a device",
        };
        let wanted = "a regular file";
        return Err(Error::new(ErrorKind::Io, path.display(), found, wanted));
    }
    // The file may have grown since its size was told, so the bound holds for the reading.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        let found = format!("{} bytes", about.len());
        let wanted = format!("at most {most} bytes");
        let error = Error::new(ErrorKind::Unsupported, path.display(), found, wanted);
        return Err(error.hint("is it the file that was meant?"));
    }
    Ok(bytes)
}

/// Parses a transcript; pure.
fn parse(
    bytes: &[u8],
    forced: Option<Format>,
    agent_channel: Option<AgentChannel>,
) -> Result<ReadTranscript> {
    // Windows tools put a byte-order mark before UTF-8.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        let error = Error::new(ErrorKind::Unsupported, "", "UTF-16 text", "UTF-8");
        return Err(error.hint("save the transcript as UTF-8"));
    }
    let document: Value = serde_json::from_slice(bytes)
        .map_err(|e| Error::json(&e, "JSON").hint("is it a transcript at all, or cut short?"))?;
    let format = match forced {
        Some(format) => format,
        None => {
            let fitting = Format::ALL.into_iter().find(|f| f.matches(&document));
            fitting.ok_or_else(|| {
                let wanted = format!("one of the transcript formats {}", names());
                Error::new(ErrorKind::Unsupported, "", "JSON of another shape", wanted)
            })?
        }
    };
    let (transcript, warnings) = match format {
        Format::CallCsi => own::parse(document),
        Format::SaluteSpeech => salute::parse(document, agent_channel),
        Format::HarperValley => harper_valley::parse(document),
    }
    .map_err(|e| match forced {
        Some(format) => e.hint(format!("the format {format} was forced")),
        None => e,
    })?;
    Ok(ReadTranscript {
        transcript,
        format,
        warnings,
    })
}

/// Returns the side of a numbered channel, counted from 0.
pub(super) fn side_of_channel(
    channel: u64,
    place: &str,
    agent_channel: Option<AgentChannel>,
) -> Result<Side> {
    let Some(agent) = agent_channel else {
        let wanted = "agent_channel to say whose channel is whose";
        return Err(Error::new(
            ErrorKind::Mismatch,
            place,
            "numbered channels",
            wanted,
        ));
    };
    let agent = match agent {
        AgentChannel::Left => 0,
        AgentChannel::Right => 1,
    };
    match channel {
        0 | 1 => Ok(if channel == agent {
            Side::Agent
        } else {
            Side::Customer
        }),
        _ => Err(Error::new(
            ErrorKind::Mismatch,
            place,
            channel,
            "channel 0 or 1",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn format_is_detected_by_keys() {
        let own = br#"{"format": "callcsi-transcript", "version": 1, "utterances": []}"#;
        assert_eq!(parse(own, None, None).unwrap().format, Format::CallCsi);
        let with_mark = [b"\xEF\xBB\xBF".as_slice(), own].concat();
        assert_eq!(
            parse(&with_mark, None, None).unwrap().format,
            Format::CallCsi
        );
    }

    #[test]
    fn foreign_text_is_refused_without_quoting_it() {
        for bytes in [
            &b"RIFF\x24\0\0\0WAVE"[..],
            b"",
            b"{}",
            b"[]",
            b"[{}]",
            b"\xFF\xFE{\0",
            b"\"secret\"",
        ] {
            let error = parse(bytes, None, None).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let secret = br#"{"format": "callcsi-transcript", "version": 1, "utterances": "secret"}"#;
        let error = parse(secret, None, None).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn forced_format_is_named_in_the_error() {
        let error = parse(b"[]", Some(Format::CallCsi), None).unwrap_err();
        assert!(
            error.to_string().contains("the format callcsi was forced"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for format in [None, Some(Format::CallCsi), Some(Format::SaluteSpeech), Some(Format::HarperValley)] {
                let _ = parse(&bytes, format, Some(AgentChannel::Left));
            }
        }
    }
}
