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
//!
//! `docs/transcript.schema.json` describes it for other programs.

use crate::call::Side;
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Span;
use crate::transcript::content::Content;
use crate::transcript::draft::{self, Draft, Speaker};
use crate::transcript::times::{Seconds, Times};
use crate::transcript::{Emotion, Transcript, Word};
use serde::{Deserialize, Serialize};

/// The value of the key `format`.
const NAME: &str = "callcsi-transcript";
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_s: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_s: Option<Seconds>,
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
    start_s: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_s: Option<Seconds>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.says("format", NAME)
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("a callcsi transcript")?;
    if document.format != NAME {
        let wanted = format!("{NAME:?}");
        return Err(Error::new(
            ErrorKind::IllFormed,
            "format",
            "another value",
            wanted,
        ));
    }
    if document.version > VERSION || document.version == 0 {
        let error = Error::new(ErrorKind::Unsupported, "version", document.version, VERSION);
        return Err(error.hint("was it made by a newer callcsi?"));
    }
    let mut draft = Draft::default();
    for (i, said) in document.utterances.into_iter().enumerate() {
        let place = format!("utterances[{i}]");
        if let Some(emotion) = &said.emotion {
            emotion.check(&place)?;
        }
        let words = said.words.map(|words| {
            let word = |w: SaidWord| draft::SaidWord::new(w.text, Times::of(w.start_s, w.end_s));
            words.into_iter().map(word).collect()
        });
        draft.said.push(draft::Said {
            speaker: Speaker::Side(said.side),
            times: Times::of(said.start_s, said.end_s),
            words,
            emotion: said.emotion,
        });
    }
    draft.duration = match document.duration_s {
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
    Ok(draft)
}

impl Emotion {
    /// Refuses what is no probability.
    pub(in crate::transcript) fn check(&self, place: &str) -> Result<()> {
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
            start_s: Some(Seconds(u.segment.start())),
            end_s: Some(Seconds(u.segment.end())),
            words: u
                .words
                .as_ref()
                .map(|words| words.iter().map(write_word).collect()),
            emotion: u.emotion,
        });
        let loose = self.loose_words.iter().map(|(side, word)| Said {
            side: *side,
            start_s: word.time.map(|t| Seconds(t.start())),
            end_s: word.time.map(|t| Seconds(t.end())),
            words: Some(vec![write_word(word)]),
            emotion: None,
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
        start_s: word.time.map(|t| Seconds(t.start())),
        end_s: word.time.map(|t| Seconds(t.end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Oddity, testing};
    use serde_json::Value;

    fn read(json: &str) -> Result<(Transcript, Vec<Oddity>)> {
        testing::parse(json, None)
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
            (r#""end_s":2.0"#, r#""end_s":"two""#, "utterances[0].end_s"),
            (
                r#""end_s":1.0"#,
                r#""end_s":1e99"#,
                "utterances[0].words[0].end_s",
            ),
            (
                r#""positive":0.5"#,
                r#""positive":50"#,
                "utterances[0].emotion.positive",
            ),
            (r#""duration_s":9.5"#, r#""duration_s":-1"#, "duration_s"),
            (r#""version":1"#, r#""version":2"#, "version"),
        ];
        for (from, to, place) in cases {
            let error = read(&SMALL.replacen(from, to, 1)).unwrap_err();
            assert!(error.place().starts_with(place), "{to}: {error}");
        }
    }

    #[test]
    fn times_that_run_backwards_are_not_used_and_said() {
        let (transcript, odd) =
            read(&SMALL.replacen(r#""end_s":1.0"#, r#""end_s":0.1"#, 1)).unwrap();
        assert_eq!(
            transcript.utterances[0].words.as_ref().unwrap()[0].time,
            None
        );
        assert_eq!(odd[0].code, "transcript_times");
    }

    #[test]
    fn words_of_a_side_without_any_time_are_kept_without_a_place() {
        let json = SMALL.replace(r#""start_s":3.0,"end_s":4.0"#, r#""words":[{"text":"да"}]"#);
        let (transcript, odd) = read(&json).unwrap();
        assert_eq!(transcript.loose_words.len(), 1);
        assert!(odd.is_empty());
        assert_eq!(read(&transcript.to_json()).unwrap().0, transcript);
        // Where anything of the side has a place, such words are left out.
        let json = json.replace(r#""side":"customer""#, r#""side":"agent""#);
        let (transcript, odd) = read(&json).unwrap();
        assert!(transcript.loose_words.is_empty());
        assert_eq!(odd[0].code, "transcript_times");
    }

    const SCHEMA: &str = include_str!("../../../docs/transcript.schema.json");

    /// Tells whether a value fits a schema, by those keywords that the schema of this format uses;
    /// panics at any other, so that none goes unheeded.
    fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
        let is = |kind: &Value| match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            kind => panic!("type {kind}"),
        };
        let number = |bound: &Value, holds: fn(f64, f64) -> bool| {
            let bound = bound.as_f64().unwrap();
            value.as_f64().is_none_or(|number| holds(number, bound))
        };
        let keys = schema.as_object().unwrap();
        keys.iter().all(|(keyword, rule)| match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "additionalProperties" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                fits(value, root.pointer(pointer).unwrap(), root)
            }
            "anyOf" => rule
                .as_array()
                .unwrap()
                .iter()
                .any(|s| fits(value, s, root)),
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => rule
                .as_array()
                .map_or_else(|| is(rule), |any| any.iter().any(is)),
            "minimum" => number(rule, |number, bound| number >= bound),
            "maximum" => number(rule, |number, bound| number <= bound),
            "exclusiveMinimum" => number(rule, |number, bound| number > bound),
            "exclusiveMaximum" => number(rule, |number, bound| number < bound),
            "items" => value
                .as_array()
                .is_none_or(|a| a.iter().all(|v| fits(v, rule, root))),
            "required" => value.as_object().is_none_or(|object| {
                let wanted = rule.as_array().unwrap();
                wanted
                    .iter()
                    .all(|key| object.contains_key(key.as_str().unwrap()))
            }),
            "properties" => value.as_object().is_none_or(|object| {
                let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
                object.iter().all(|(key, value)| match rule.get(key) {
                    Some(rule) => fits(value, rule, root),
                    None => !closed,
                })
            }),
            keyword => panic!("keyword {keyword}"),
        })
    }

    #[test]
    fn schema_says_what_the_reader_reads() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let fits = |json: &str| fits(&serde_json::from_str(json).unwrap(), &schema, &schema);
        let (said, word) = (r#""side":"customer""#, r#""text":"день""#);
        let valid = [
            ("", ""),
            (r#""duration_s":9.5,"#, ""),
            (r#""start_s":3.0,"end_s":4.0"#, r#""words":[]"#),
            (r#""end_s":2.0"#, r#""end_s":null"#),
            (word, r#""text":"день","end_s":2"#),
            (r#""positive":0.5"#, r#""positive":1,"calm":0"#),
            (r#""words":[{"#, r#""words":[{"text":"","start_s":-0.5},{"#),
        ];
        let invalid = [
            (r#""version":1"#, r#""version":2"#),
            (r#""version":1,"#, ""),
            (r#""format":"#, r#""formats":"#),
            (r#""duration_s":9.5"#, r#""duration_s":-1"#),
            (r#""duration_s":9.5"#, r#""duration_s":"9.5""#),
            (r#""utterances":"#, r#""turns":[],"utterances":"#),
            (said, r#""side":"ivr""#),
            (said, r#""side":"customer","channel":1"#),
            (word, r#""word":"день""#),
            (word, r#""text":"день","confidence":1"#),
            (word, r#""text":null"#),
            (r#""start_s":3.0"#, r#""start_s":1e10"#),
            (r#""start_s":3.0"#, r#""start_s":true"#),
            (r#""positive":0.5"#, r#""positive":1.5"#),
            (r#""positive":0.5,"#, ""),
        ];
        for (from, to) in valid {
            let json = SMALL.replacen(from, to, 1);
            assert!(fits(&json), "{from} {to}");
            read(&json).unwrap();
        }
        for (from, to) in invalid {
            let json = SMALL.replacen(from, to, 1);
            assert!(json != SMALL && !fits(&json), "{from} {to}");
            assert!(read(&json).is_err(), "{from} {to}");
        }
    }
}
