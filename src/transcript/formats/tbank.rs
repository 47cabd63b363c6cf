//! T-Bank VoiceKit, the answer of `Recognize`.
//!
//! `results[]` with `channel` from 0 (a zero may be left out) and `alternatives`, the first of which
//! holds; times are protobuf durations, keys in either case. Confidences are relative and may be
//! negative: they are not read.
//!
//! A result lies over its words, and over its own times only when no word has one. A file that
//! tells of channel 0 alone may be of a mono recording and does not tell who speaks.

use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text};
use crate::transcript::lenient::{
    Whole, doubt_lone_channel, from_zero, null_as_default, unless_timed,
};
use crate::transcript::times::Proto;
use serde::Deserialize;

#[derive(Deserialize)]
struct Response {
    #[serde(default, deserialize_with = "null_as_default")]
    results: Vec<Phrase>,
}

#[derive(Deserialize)]
struct Phrase {
    #[serde(default, deserialize_with = "null_as_default")]
    alternatives: Vec<Alternative>,
    channel: Option<Whole>,
    #[serde(rename = "startTime", alias = "start_time")]
    start: Option<Proto>,
    #[serde(rename = "endTime", alias = "end_time")]
    end: Option<Proto>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default, deserialize_with = "null_as_default")]
    transcript: String,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default, deserialize_with = "null_as_default")]
    word: String,
    #[serde(rename = "startTime", alias = "start_time")]
    start: Option<Proto>,
    #[serde(rename = "endTime", alias = "end_time")]
    end: Option<Proto>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let own = ["channel", "startTime", "start_time", "endTime", "end_time"];
    content.has("results[].alternatives")
        && own
            .iter()
            .any(|key| content.has(&format!("results[].{key}")))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let response: Response = content.json("a VoiceKit recognition result")?;
    let mut draft = Draft::default();
    for phrase in response.results {
        let Some(best) = phrase.alternatives.into_iter().next() else {
            continue;
        };
        let words = or_text(
            best.words
                .into_iter()
                .map(|w| SaidWord::new(w.word, from_zero(w.start, w.end))),
            &best.transcript,
        );
        if !words.is_empty() {
            draft.said.push(Said {
                speaker: Speaker::Channel(phrase.channel.map_or(0, |c| c.0)),
                times: unless_timed(&words, from_zero(phrase.start, phrase.end)),
                words: Some(words),
                emotion: None,
            });
        }
    }
    doubt_lone_channel(&mut draft);
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"results": [
        {"alternatives": [{"transcript": "слушаю вас", "confidence": -3.5, "words": [
            {"startTime": "0.300s", "endTime": "0.750s", "word": "слушаю", "confidence": -0.5},
            {"startTime": "0.750s", "endTime": "1.100s", "word": "вас", "confidence": 0.25}]},
          {"transcript": "слышу вас", "words": []}], "startTime": "0.200s", "endTime": "1.400s"},
        {"alternatives": [{"transcript": "верните деньги"}], "channel": 1, "startTime": "2s", "endTime": "3.500s"}]}"#;

    #[test]
    fn words_times_and_sides() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Left)).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "слушаю вас");
        assert_eq!(text_of(&transcript, Side::Customer), "верните деньги");
        let lain: Vec<_> = transcript.utterances.iter().map(|u| u.segment).collect();
        assert_eq!(Some(lain[0]), Segment::from_seconds(0.3, 1.1));
        assert_eq!(Some(lain[1]), Segment::from_seconds(2.0, 3.5));
        assert!(odd.is_empty());
    }

    #[test]
    fn dumps_read_alike() {
        let dump = SMALL
            .replace("startTime", "start_time")
            .replace("endTime", "end_time")
            .replace(r#""0.750s""#, r#"{"nanos": 750000000}"#);
        let agent = Some(AgentChannel::Left);
        assert_eq!(parse(SMALL, agent).unwrap(), parse(&dump, agent).unwrap());
    }

    #[test]
    fn channel_0_alone_is_nobodys() {
        let json = SMALL.replace(r#""channel": 1"#, r#""channel": 0"#);
        assert!(parse(&json, Some(AgentChannel::Left)).is_err());
        assert!(parse_side(&json, Side::Customer).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("1.100s", "1.100"), None).unwrap_err();
        let place = "results[0].alternatives[0].words[1].endTime";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"results": [{"alternatives": null, "channel": 0}]}"#;
        assert!(parse(empty, None).unwrap().0.utterances.is_empty());
    }
}
