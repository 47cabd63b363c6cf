//! Reading a call's transcripts: one of both sides, or one of each.

use super::content::Content;
use super::draft::{Whose, settle};
use super::formats::Format;
use super::{Transcript, doubled};
use crate::call::{AgentChannel, Side, TranscriptSource};
use crate::error::{Error, ErrorKind, Result};
use crate::files::read_input;
use std::str::FromStr;

/// The largest transcript read, in bytes. An hour of speech with word times is below 4 MB in the
/// wordiest format known; the bound keeps a wrong file name from filling the memory.
const MAX_BYTES: u64 = 256 << 20;

/// The longest word that is not told of, in characters: a judgement, several times any word of speech.
const LONGEST_WORD: usize = 200;

/// Something odd about a transcript that was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oddity {
    /// Its name in summaries: `transcript_times`, `transcript_speakers`, …
    pub code: &'static str,
    /// A sentence for people; it holds no word of the call.
    pub message: String,
}

impl Oddity {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Oddity {
        let message = message.into();
        Oddity { code, message }
    }
}

/// A transcript, and how it was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReadTranscript {
    /// What was said.
    pub transcript: Transcript,
    /// The formats that its sources were read as, one for each: the one forced, else the one
    /// detected.
    pub formats: Vec<Format>,
    /// What was odd about it.
    pub oddities: Vec<Oddity>,
    /// Whether both sides say the same words at the same time, so that nobody can tell who speaks:
    /// a mono recording was transcribed twice.
    pub doubled: bool,
}

impl ReadTranscript {
    /// Takes a transcript that comes from no format: what holds for all of a call is asked of it.
    pub(crate) fn of(transcript: Transcript) -> ReadTranscript {
        let mut read = ReadTranscript {
            transcript,
            formats: Vec::new(),
            oddities: Vec::new(),
            doubled: false,
        };
        read.tell_long_words();
        read.ask_whether_doubled();
        read
    }

    /// Tells of words that no language has: a dump of text in a field of one word.
    fn tell_long_words(&mut self) {
        let spoken = self
            .transcript
            .utterances
            .iter()
            .flat_map(|u| u.words.iter().flatten());
        let loose = self.transcript.loose_words.iter().map(|(_, word)| word);
        let long = |word: &&super::Word| word.text.chars().nth(LONGEST_WORD).is_some();
        let count = spoken.chain(loose).filter(long).count();
        if count > 0 {
            let message = format!(
                "{count} words of more than {LONGEST_WORD} letters, measured as they are: is text \
                 of another kind among the words?"
            );
            let oddity = Oddity::new("transcript_long_words", message);
            self.oddities.push(oddity);
        }
    }

    fn ask_whether_doubled(&mut self) {
        self.doubled = doubled::is_doubled(&self.transcript);
        if self.doubled {
            let message = "both sides say the same words at the same time, so nobody can tell who \
                           speaks and the transcript was set aside: was a mono recording transcribed \
                           twice?";
            let oddity = Oddity::new("transcript_doubled", message);
            self.oddities.push(oddity);
        }
    }
}

/// Reads the transcripts of one call: usually one of both sides, or one of each.
///
/// `agent_channel` is the agent's channel in formats that number channels, unless a source declares
/// its own.
///
/// # Errors
///
/// [`ErrorKind::Io`] when one cannot be read, [`ErrorKind::Unsupported`] when no format fits,
/// [`ErrorKind::IllFormed`] when it breaks its format, [`ErrorKind::Mismatch`] when it is not clear
/// whose words are whose, or two sources tell of one side. Messages hold places and numbers, none
/// of the words.
pub fn read(
    sources: &[TranscriptSource],
    agent_channel: Option<AgentChannel>,
) -> Result<ReadTranscript> {
    let mut whole = ReadTranscript {
        transcript: Transcript::default(),
        formats: Vec::new(),
        oddities: Vec::new(),
        doubled: false,
    };
    for source in sources {
        let one = read_one(source, agent_channel).map_err(|e| e.within(&source.input))?;
        for side in Side::BOTH {
            if one.transcript.tells_of(side) && whole.transcript.tells_of(side) {
                let found = format!("words of the {side} in two transcripts");
                let wanted = "one transcript for each side, or one for both";
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    &source.input,
                    found,
                    wanted,
                ));
            }
        }
        if Side::BOTH
            .iter()
            .all(|side| !one.transcript.tells_of(*side))
        {
            let message = match source.side {
                Some(side) => format!("nothing is said in the transcript of the {side}"),
                None => "nothing is said in the transcript".to_owned(),
            };
            let message = format!("{message}: is it of another call, or of another format?");
            whole
                .oddities
                .push(Oddity::new("transcript_empty", message));
        }
        whole.transcript.append(one.transcript);
        whole.formats.extend(one.formats);
        whole.oddities.extend(one.oddities);
    }
    whole.tell_long_words();
    whole.ask_whether_doubled();
    Ok(whole)
}

fn read_one(
    source: &TranscriptSource,
    agent_channel: Option<AgentChannel>,
) -> Result<ReadTranscript> {
    let forced = source.format.as_deref().map(Format::from_str).transpose()?;
    let whose = Whose::of(source, agent_channel);
    parse(&read_input(&source.input, MAX_BYTES)?, forced, &whose)
}

/// Parses one transcript; pure.
pub(super) fn parse(
    bytes: &[u8],
    forced: Option<Format>,
    whose: &Whose<'_>,
) -> Result<ReadTranscript> {
    let content = Content::of(bytes)?;
    let format = match forced {
        Some(format) => format,
        None => Format::detect(&content)?,
    };
    let settled = format.read(&content).and_then(|draft| settle(draft, whose));
    let (transcript, oddities) = settled.map_err(|e| match forced {
        Some(format) if e.hint_text().is_none() => {
            e.hint(format!("the format {format} was forced"))
        }
        _ => e,
    })?;
    Ok(ReadTranscript {
        transcript,
        formats: vec![format],
        oddities,
        doubled: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Input;
    use proptest::prelude::*;

    fn parse_any(bytes: &[u8], forced: Option<Format>) -> Result<ReadTranscript> {
        let whose = Whose {
            side: None,
            agent_channel: Some(AgentChannel::Left),
            agent_speaker: None,
        };
        parse(bytes, forced, &whose)
    }

    #[test]
    fn format_is_detected_by_keys() {
        let own = br#"{"format": "callcsi-transcript", "version": 1, "utterances": []}"#;
        let with_mark = [b"\xEF\xBB\xBF".as_slice(), own].concat();
        for bytes in [own.as_slice(), &with_mark] {
            assert_eq!(parse_any(bytes, None).unwrap().formats, [Format::CallCsi]);
        }
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
            b"secret",
            b"[\"secret",
        ] {
            let error = parse_any(bytes, None).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let secret = br#"{"format": "callcsi-transcript", "version": 1, "utterances": "secret"}"#;
        let error = parse_any(secret, None).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_transcript_of_nothing_is_told() {
        let bytes = |json: &[u8]| {
            TranscriptSource::new(Input::Bytes {
                name: "a".to_owned(),
                bytes: json.into(),
            })
        };
        // What is forced on another format's keys finds none of its own.
        let mut forced = bytes(br#"{"utterances": [{"text": "one"}]}"#);
        forced.format = Some("deepgram".to_owned());
        let own = br#"{"format": "callcsi-transcript", "version": 1, "utterances": []}"#;
        for source in [forced, bytes(own).of(Side::Customer)] {
            let read = read(&[source], None).unwrap();
            assert_eq!(read.oddities[0].code, "transcript_empty");
        }
    }

    #[test]
    fn forced_format_is_named_in_the_error() {
        let error = parse_any(b"[]", Some(Format::CallCsi)).unwrap_err();
        assert!(
            error.to_string().contains("the format callcsi was forced"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for format in Format::ALL.into_iter().map(Some).chain([None]) {
                let _ = parse_any(&bytes, format);
            }
        }
    }
}
