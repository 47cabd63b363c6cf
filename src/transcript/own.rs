//! This crate's own transcript JSON: seconds on the call clock, sides by name.
//!
//! ```json
//! {"format": "callcsi-transcript", "version": 1, "duration_s": 61.2, "utterances": [
//!   {"side": "agent", "start_s": 0.4, "end_s": 1.9,
//!    "words": [{"text": "добрый", "start_s": 0.4, "end_s": 0.8}, {"text": "день"}],
//!    "emotion": {"positive": 0.6, "neutral": 0.3, "negative": 0.1}}]}
//! ```
//!
//! `duration_s`, `words`, word times and `emotion` are optional. A file without `words` in an
//! utterance says that the words are unknown; an empty list says that there are none.

use super::read::Parsed;
use super::{Emotion, Transcript, Utterance, Word};
use crate::call::Side;
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Segment, Span, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The value of the key `format`.
pub(super) const NAME: &str = "callcsi-transcript";
/// The version written, and the newest read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    utterances: Vec<Said>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    side: Side,
    start_s: f64,
    end_s: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Vec<SaidWord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emotion: Option<Emotion>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidWord {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_s: Option<f64>,
}

/// Returns `[start, end)`, or an error that names the place; `None` for a stretch of no length.
pub(super) fn segment(place: &str, start: f64, end: f64) -> Result<Option<Segment>> {
    let (Some(from), Some(to)) = (Time::from_seconds(start), Time::from_seconds(end)) else {
        let found = format!("start {start} and end {end}");
        return Err(Error::new(
            ErrorKind::Invalid,
            place,
            found,
            "times in seconds",
        ));
    };
    if to < from {
        let found = format!("start {start} s and end {end} s");
        return Err(Error::new(
            ErrorKind::Invalid,
            place,
            found,
            "an end after the start",
        ));
    }
    Ok(Segment::new(from, to))
}

pub(super) fn parse(document: Value) -> Parsed {
    let document: Document =
        serde_json::from_value(document).map_err(|e| Error::json(&e, "a callcsi transcript"))?;
    if document.format != NAME {
        let found = "another value";
        return Err(Error::new(
            ErrorKind::IllFormed,
            "format",
            found,
            format!("{NAME:?}"),
        ));
    }
    if document.version > VERSION || document.version == 0 {
        let error = Error::new(ErrorKind::Unsupported, "version", document.version, VERSION);
        return Err(error.hint("was it made by a newer callcsi?"));
    }
    let mut warnings = Vec::new();
    let mut utterances = Vec::with_capacity(document.utterances.len());
    for (i, said) in document.utterances.into_iter().enumerate() {
        let place = format!("utterances[{i}]");
        let Some(segment) = segment(&place, said.start_s, said.end_s)? else {
            warnings.push(format!("{place} has no length and was left out"));
            continue;
        };
        if let Some(emotion) = &said.emotion {
            emotion.check(&place)?;
        }
        let words = said
            .words
            .map(|words| read_words(&place, words))
            .transpose()?;
        utterances.push(Utterance {
            side: said.side,
            segment,
            words,
            emotion: said.emotion,
        });
    }
    let duration = match document.duration_s {
        Some(seconds) => match Span::from_seconds(seconds) {
            Some(span) if span >= Span::ZERO => Some(span),
            _ => {
                let wanted = "a length in seconds, 0 or more";
                return Err(Error::new(
                    ErrorKind::Invalid,
                    "duration_s",
                    seconds,
                    wanted,
                ));
            }
        },
        None => None,
    };
    Ok((
        Transcript {
            utterances,
            loose_words: Vec::new(),
            duration,
        },
        warnings,
    ))
}

fn read_words(place: &str, words: Vec<SaidWord>) -> Result<Vec<Word>> {
    let mut read = Vec::with_capacity(words.len());
    for (j, word) in words.into_iter().enumerate() {
        let time = match (word.start_s, word.end_s) {
            (Some(start), Some(end)) => segment(&format!("{place}.words[{j}]"), start, end)?,
            _ => None,
        };
        read.extend(Word::new(&word.text, time));
    }
    Ok(read)
}

impl Emotion {
    /// Refuses what is no probability.
    pub(super) fn check(&self, place: &str) -> Result<()> {
        let all = [
            ("positive", self.positive),
            ("neutral", self.neutral),
            ("negative", self.negative),
        ];
        match all.into_iter().find(|(_, p)| !(0.0..=1.0).contains(p)) {
            Some((name, p)) => {
                let place = format!("{place}.emotion.{name}");
                Err(Error::new(
                    ErrorKind::Invalid,
                    place,
                    p,
                    "a probability from 0 to 1",
                ))
            }
            None => Ok(()),
        }
    }
}

impl Transcript {
    /// Writes this crate's own JSON. Loose words become utterances of one word each.
    pub fn to_json(&self) -> String {
        let said = self.utterances.iter().map(|u| Said {
            side: u.side,
            start_s: u.segment.start().seconds(),
            end_s: u.segment.end().seconds(),
            words: u
                .words
                .as_ref()
                .map(|words| words.iter().map(write_word).collect()),
            emotion: u.emotion,
        });
        let loose = self.loose_words.iter().filter_map(|(side, word)| {
            let time = word.time?;
            Some(Said {
                side: *side,
                start_s: time.start().seconds(),
                end_s: time.end().seconds(),
                words: Some(vec![write_word(word)]),
                emotion: None,
            })
        });
        let document = Document {
            format: NAME.to_owned(),
            version: VERSION,
            duration_s: self.duration.map(Span::seconds),
            utterances: said.chain(loose).collect(),
        };
        // Plain structs with string keys: serde_json cannot fail on them.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

fn write_word(word: &Word) -> SaidWord {
    SaidWord {
        text: word.text.clone(),
        start_s: word.time.map(|t| t.start().seconds()),
        end_s: word.time.map(|t| t.end().seconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Parsed {
        parse(serde_json::from_str(json).unwrap())
    }

    const SMALL: &str = r#"{"format":"callcsi-transcript","version":1,"duration_s":9.5,"utterances":[{"side":"agent","start_s":0.5,"end_s":2.0,"words":[{"text":"добрый","start_s":0.5,"end_s":1.0},{"text":"день"}],"emotion":{"positive":0.5,"neutral":0.25,"negative":0.25}},{"side":"customer","start_s":3.0,"end_s":4.0}]}"#;

    #[test]
    fn document_survives_a_round_trip() {
        let (transcript, warnings) = read(SMALL).unwrap();
        assert_eq!(transcript.to_json(), SMALL);
        assert!(warnings.is_empty());
        assert_eq!(transcript.utterances[1].words, None);
        assert_eq!(
            transcript.utterances[0].words.as_ref().unwrap()[0].letters(),
            6
        );
    }

    #[test]
    fn tokens_without_letter_or_digit_are_no_words() {
        let json = SMALL.replace("день", " — ");
        let (transcript, _) = read(&json).unwrap();
        assert_eq!(transcript.utterances[0].words.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn impossible_values_name_their_place() {
        let cases = [
            (r#""end_s":2.0"#, r#""end_s":0.2"#, "utterances[0]"),
            (r#""end_s":1.0"#, r#""end_s":0.1"#, "utterances[0].words[0]"),
            (
                r#""positive":0.5"#,
                r#""positive":50"#,
                "utterances[0].emotion.positive",
            ),
            (r#""duration_s":9.5"#, r#""duration_s":-1"#, "duration_s"),
            (r#""version":1"#, r#""version":2"#, "version"),
        ];
        for (from, to, place) in cases {
            assert_eq!(
                read(&SMALL.replacen(from, to, 1)).unwrap_err().place(),
                place,
                "{to}"
            );
        }
    }
}
