//! Yandex SpeechSense, a `Talk`.
//!
//! `transcription.phrases[]` with `channel_number` from 0 and `phrase.words[]` in milliseconds, in
//! either case, numbers as text or not; a list `talk` of one is read as well. Values of zero are
//! left out by protobuf: a missing channel or start is 0.
//!
//! The raw words are taken, not `normalized_text`. A phrase lies over its words, and over its own
//! times only when no word has one. A talk that tells of channel 0 alone may be mono and does not
//! tell who speaks. Statistics, classifiers and talk fields are not read.

use crate::error::{Error, ErrorKind, Result};
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text};
use crate::transcript::lenient::{
    Whole, doubt_lone_channel, from_zero, null_as_default, unless_timed,
};
use crate::transcript::times::Millis;
use serde::Deserialize;

#[derive(Deserialize)]
struct Talk {
    transcription: Option<Transcription>,
    #[serde(default, deserialize_with = "null_as_default")]
    talk: Vec<Talk>,
}

#[derive(Deserialize)]
struct Transcription {
    #[serde(default, deserialize_with = "null_as_default")]
    phrases: Vec<Phrase>,
}

#[derive(Deserialize)]
struct Phrase {
    #[serde(rename = "channelNumber", alias = "channel_number")]
    channel: Option<Whole>,
    #[serde(rename = "startTimeMs", alias = "start_time_ms")]
    start: Option<Millis>,
    #[serde(rename = "endTimeMs", alias = "end_time_ms")]
    end: Option<Millis>,
    phrase: Option<PhraseText>,
}

#[derive(Deserialize)]
struct PhraseText {
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default, deserialize_with = "null_as_default")]
    word: String,
    #[serde(rename = "startTimeMs", alias = "start_time_ms")]
    start: Option<Millis>,
    #[serde(rename = "endTimeMs", alias = "end_time_ms")]
    end: Option<Millis>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.has("transcription.phrases") || content.has("talk[].transcription.phrases")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let mut talk: Talk = content.json("a SpeechSense talk")?;
    if talk.talk.len() > 1 {
        let found = format!("{} talks", talk.talk.len());
        return Err(Error::new(ErrorKind::Mismatch, "talk", found, "one talk"));
    }
    if let Some(one) = talk.talk.pop() {
        talk = one;
    }
    let phrases = talk.transcription.map(|t| t.phrases).unwrap_or_default();
    let mut draft = Draft::default();
    for phrase in phrases {
        let Some(text) = phrase.phrase else { continue };
        let words = or_text(
            text.words
                .into_iter()
                .map(|w| SaidWord::new(w.word, from_zero(w.start, w.end))),
            &text.text,
        );
        draft.said.push(Said {
            speaker: Speaker::Channel(phrase.channel.map_or(0, |c| c.0)),
            times: unless_timed(&words, from_zero(phrase.start, phrase.end)),
            words: Some(words),
            emotion: None,
        });
    }
    doubt_lone_channel(&mut draft);
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"id": "t-7", "talk_fields": [], "transcription": {"phrases": [
        {"start_time_ms": "100", "end_time_ms": "2000", "phrase": {"text": "алло кто это", "language": "ru-RU", "normalized_text": "Алло, кто это?",
          "words": [{"word": "алло", "end_time_ms": "400"}, {"word": "кто", "start_time_ms": "500", "end_time_ms": "700"}]}, "statistics": null},
        {"channel_number": "1", "start_time_ms": "2500", "end_time_ms": "3000", "phrase": {"text": "служба доставки"}}],
      "algorithms_metadata": []}}"#;

    #[test]
    fn zeros_may_be_left_out() {
        let (transcript, _) = parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "алло кто");
        assert_eq!(text_of(&transcript, Side::Agent), "служба доставки");
        let lain: Vec<_> = transcript.utterances.iter().map(|u| u.segment).collect();
        assert_eq!(Some(lain[0]), Segment::from_seconds(0.0, 0.7));
        assert_eq!(Some(lain[1]), Segment::from_seconds(2.5, 3.0));
    }

    #[test]
    fn the_other_case_reads_alike() {
        let camel = [
            ("channel_number", "channelNumber"),
            ("start_time_ms", "startTimeMs"),
            ("end_time_ms", "endTimeMs"),
        ];
        let text = camel
            .iter()
            .fold(SMALL.to_owned(), |t, (a, b)| t.replace(a, b));
        let wrapped = format!(r#"{{"talk": [{text}]}}"#);
        let agent = Some(AgentChannel::Right);
        assert_eq!(parse(SMALL, agent).unwrap(), parse(&text, agent).unwrap());
        assert_eq!(
            parse(SMALL, agent).unwrap(),
            parse(&wrapped, agent).unwrap()
        );
    }

    #[test]
    fn channel_0_alone_is_nobodys() {
        let json = SMALL.replace(r#""channel_number": "1""#, r#""channel_number": 0"#);
        assert!(parse(&json, Some(AgentChannel::Right)).is_err());
        assert!(parse_side(&json, Side::Agent).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("\"700\"", "true"), None).unwrap_err();
        let place = "transcription.phrases[0].phrase.words[1].end_time_ms";
        assert!(error.place().starts_with(place), "{error}");
        for empty in [
            r#"{"transcription": {"phrases": []}}"#,
            r#"{"transcription": {"phrases": null}}"#,
        ] {
            assert!(parse(empty, None).unwrap().0.utterances.is_empty());
        }
        let two = r#"{"talk": [{"transcription": {"phrases": []}}, {}]}"#;
        assert!(parse(two, None).is_err());
    }
}
