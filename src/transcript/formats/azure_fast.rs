//! Azure Speech, fast transcription.
//!
//! `phrases[]` with a start and a **length** in milliseconds (`offsetMilliseconds`, in previews
//! `offset`), and `words` alike. `channel`, from 0, is there only if channels were kept apart;
//! `speaker` only if diarization was on: it is a name, and read only without channels. A file that
//! tells of channel 0 alone does not tell who speaks.

use crate::error::Result;
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text};
use crate::transcript::lenient::{
    Label, Whole, doubt_lone_channel, null_as_default, speaker, unless_timed,
};
use crate::transcript::times::{Millis, Times};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "durationMilliseconds", alias = "duration")]
    duration: Option<Millis>,
    #[serde(default, deserialize_with = "null_as_default")]
    phrases: Vec<Phrase>,
}

#[derive(Deserialize)]
struct Phrase {
    channel: Option<Whole>,
    speaker: Option<Label>,
    #[serde(rename = "offsetMilliseconds", alias = "offset")]
    offset: Option<Millis>,
    #[serde(rename = "durationMilliseconds", alias = "duration")]
    duration: Option<Millis>,
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    #[serde(rename = "offsetMilliseconds", alias = "offset")]
    offset: Option<Millis>,
    #[serde(rename = "durationMilliseconds", alias = "duration")]
    duration: Option<Millis>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.has("combinedPhrases") && content.has("phrases")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("an Azure fast transcription")?;
    let mut draft = Draft {
        duration: document.duration.map(|t| t.0 - Time::ZERO),
        ..Draft::default()
    };
    for phrase in document.phrases {
        let words = phrase.words.into_iter();
        let words = or_text(
            words.map(|w| SaidWord::new(w.text, Times::lasting(w.offset, w.duration))),
            &phrase.text,
        );
        let own = Times::lasting(phrase.offset, phrase.duration);
        draft.said.push(Said {
            speaker: match phrase.channel {
                Some(channel) => Speaker::Channel(channel.0),
                None => speaker(phrase.speaker.as_ref()),
            },
            times: unless_timed(&words, own),
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
    use crate::timeline::{Segment, Span};
    use crate::transcript::testing::{parse, parse_named, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"durationMilliseconds": 4000, "combinedPhrases": [{"channel": 0, "text": "Hold on."}, {"channel": 1, "text": "Sure."}],
      "phrases": [
        {"channel": 0, "offsetMilliseconds": 100, "durationMilliseconds": 900, "text": "Hold on.", "locale": "en-US", "words": [
          {"text": "Hold", "offsetMilliseconds": 200, "durationMilliseconds": 300}, {"text": "on.", "offsetMilliseconds": 500, "durationMilliseconds": 250}]},
        {"channel": 1, "offsetMilliseconds": 1500, "durationMilliseconds": 500, "text": "Sure."}]}"#;

    #[test]
    fn words_times_and_sides() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Left)).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "Hold on.");
        assert_eq!(text_of(&transcript, Side::Customer), "Sure.");
        let lain: Vec<_> = transcript.utterances.iter().map(|u| u.segment).collect();
        assert_eq!(Some(lain[0]), Segment::from_seconds(0.2, 0.75));
        assert_eq!(Some(lain[1]), Segment::from_seconds(1.5, 2.0));
        assert_eq!(transcript.duration, Some(Span::from_millis(4000)));
        assert!(odd.is_empty());
        let early = SMALL.replace("Milliseconds", "");
        assert_eq!(
            parse(&early, Some(AgentChannel::Left)).unwrap().0,
            transcript
        );
    }

    #[test]
    fn speakers_are_names_without_channels() {
        let json = SMALL
            .replace(r#"{"channel": 0, "o"#, r#"{"speaker": 1, "o"#)
            .replace(r#"{"channel": 1, "o"#, r#"{"speaker": 2, "o"#);
        let (transcript, _) = parse_named(&json, "2").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "Sure.");
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("250", "\"x\""), None).unwrap_err();
        let place = "phrases[0].words[1].durationMilliseconds";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"combinedPhrases": [], "phrases": null}"#;
        assert!(parse(empty, None).unwrap().0.utterances.is_empty());
    }
}
