//! Deepgram, the answer for pre-recorded audio.
//!
//! `results.utterances` where they were requested, else the words of the first alternative of each
//! of `results.channels`, which are the same words. Raw words (`word`) are taken, not
//! `punctuated_word`. Seconds.
//!
//! Where there are several channels their place in the list, or the `channel` of an utterance,
//! tells who speaks. With one channel the `speaker` numbers of diarization are names; without them
//! nobody is told. `metadata.duration` is the length of the recording.

use crate::error::Result;
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text, words_of};
use crate::transcript::lenient::{Label, Whole, null_as_default, speaker};
use crate::transcript::times::{Seconds, Times};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    metadata: Option<Metadata>,
    results: Option<Results>,
}

#[derive(Deserialize)]
struct Metadata {
    duration: Option<Seconds>,
    channels: Option<Whole>,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default, deserialize_with = "null_as_default")]
    channels: Vec<Channel>,
    #[serde(default, deserialize_with = "null_as_default")]
    utterances: Vec<Part>,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(default, deserialize_with = "null_as_default")]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default, deserialize_with = "null_as_default")]
    transcript: String,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Part {
    start: Option<Seconds>,
    end: Option<Seconds>,
    channel: Option<Whole>,
    speaker: Option<Label>,
    #[serde(default, deserialize_with = "null_as_default")]
    transcript: String,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default, deserialize_with = "null_as_default")]
    word: String,
    start: Option<Seconds>,
    end: Option<Seconds>,
    speaker: Option<Label>,
}

impl Word {
    fn said(self) -> SaidWord {
        SaidWord::new(self.word, Times::of(self.start, self.end))
    }
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.has("results.channels")
        && (content.has("metadata.request_id") || content.has("results.channels[].alternatives"))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("a Deepgram answer")?;
    let mut draft = Draft::default();
    let mut stated = 0;
    if let Some(metadata) = document.metadata {
        draft.duration = metadata.duration.map(|t| t.0 - Time::ZERO);
        stated = metadata.channels.map_or(0, |c| c.0);
    }
    let Some(results) = document.results else {
        return Ok(draft);
    };
    // Without multichannel a stereo recording is mixed and told as one channel of the list.
    let many = match results.channels.len() {
        0 => stated > 1,
        listed => listed > 1,
    };
    if results.utterances.is_empty() {
        for (number, channel) in (0..).zip(results.channels) {
            let Some(best) = channel.alternatives.into_iter().next() else {
                continue;
            };
            let who = |label: Option<&Label>| match many {
                true => Speaker::Channel(number),
                false => speaker(label),
            };
            if best.words.is_empty() {
                let words = words_of(&best.transcript).into_iter();
                draft.loose.extend(words.map(|word| (who(None), word)));
            }
            let words = best.words.into_iter();
            draft
                .loose
                .extend(words.map(|word| (who(word.speaker.as_ref()), word.said())));
        }
        return Ok(draft);
    }
    for part in results.utterances {
        let label = part.speaker.as_ref();
        let label = label.or_else(|| part.words.first()?.speaker.as_ref());
        let speaker = match many {
            true => Speaker::Channel(part.channel.map_or(0, |c| c.0)),
            false => speaker(label),
        };
        let words = or_text(part.words.into_iter().map(Word::said), &part.transcript);
        draft.said.push(Said {
            speaker,
            times: Times::of(part.start, part.end),
            words: Some(words),
            emotion: None,
        });
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::{Segment, Span};
    use crate::transcript::testing::{parse, parse_named, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"metadata": {"request_id": "r", "duration": 4.5, "channels": 2}, "results": {"channels": [
        {"alternatives": [{"transcript": "hi bob", "words": [
          {"word": "hi", "start": 0.5, "end": 0.75, "punctuated_word": "Hi,", "speaker": 0}, {"word": "bob", "start": 0.75, "end": 1.25, "speaker": 1}]}, {"transcript": "high"}]},
        {"alternatives": [{"transcript": "hello", "words": [{"word": "hello", "start": 2, "end": 2.5}]}]}]}}"#;

    /// One channel with the speakers of `SMALL`.
    fn mono() -> String {
        let (first, _) = SMALL.split_once(",\n        {\"alternatives\"").unwrap();
        format!("{first}]}}}}")
    }

    #[test]
    fn channels_are_numbered_by_their_place() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "hi bob");
        assert_eq!(text_of(&transcript, Side::Agent), "hello");
        let time = transcript.loose_words[1].1.time;
        assert_eq!(time, Segment::from_seconds(0.75, 1.25));
        assert_eq!(transcript.duration, Some(Span::from_millis(4500)));
        assert!(odd.is_empty());
    }

    #[test]
    fn utterances_are_taken_instead_of_words() {
        let parts = r#""results": {"utterances": [
            {"start": 0.5, "end": 1.5, "channel": 0, "words": [{"word": "hi", "start": 0.5, "end": 0.75}, {"word": "bob", "start": 0.75, "end": 1.25}]},
            {"start": 2, "end": 2.5, "channel": 1, "transcript": "hello"}], "#;
        let json = SMALL.replace(r#""results": {"#, parts);
        let (transcript, _) = parse(&json, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "hi bob");
        assert_eq!(text_of(&transcript, Side::Agent), "hello");
        let lain = transcript.utterances[0].segment;
        assert_eq!(Some(lain), Segment::from_seconds(0.5, 1.5));
        assert!(transcript.loose_words.is_empty());
    }

    #[test]
    fn one_channel_has_names_or_nobody() {
        let (transcript, _) = parse_named(&mono(), "0").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "hi");
        assert_eq!(text_of(&transcript, Side::Customer), "bob");
        let nobody = mono().replace("speaker", "x");
        assert!(parse(&nobody, Some(AgentChannel::Left)).is_err());
        assert!(parse_side(&nobody, Side::Agent).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("1.25", "\"x\""), None).unwrap_err();
        let place = "results.channels[0].alternatives[0].words[1].end";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"metadata": {"request_id": "r"}, "results": {"channels": [{"alternatives": null}], "utterances": null}}"#;
        assert!(parse(empty, None).unwrap().0.loose_words.is_empty());
    }
}
