//! AssemblyAI, a transcript.
//!
//! `utterances` where there are any, else `words`, which are the same words. Milliseconds;
//! `audio_duration` is in seconds.
//!
//! Where there are several channels (`audio_channels`, or a channel above 1) `channel`, text from
//! "1", tells who speaks, or the number that a `speaker` such as "1A" begins with. Else `speaker`
//! ("A") is a name; without it nobody is told. `sentiment_analysis_results` is a scale of its own
//! and not read as an emotion.

use crate::error::Result;
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text, words_of};
use crate::transcript::lenient::{Label, Whole, null_as_default, speaker};
use crate::transcript::times::{Millis, Seconds, Times};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    audio_channels: Option<Whole>,
    audio_duration: Option<Seconds>,
    #[serde(default, deserialize_with = "null_as_default")]
    utterances: Vec<Part>,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Part>,
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
}

/// An utterance or a word.
#[derive(Deserialize)]
struct Part {
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    start: Option<Millis>,
    end: Option<Millis>,
    channel: Option<Label>,
    speaker: Option<Label>,
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Part>,
}

impl Part {
    fn times(&self) -> Option<Times> {
        Times::of(self.start, self.end)
    }

    /// Returns the channel, counted from 1.
    fn channel(&self) -> Option<u64> {
        let of_speaker = || {
            let label = self.speaker.as_ref()?.text()?;
            let digits = label.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            digits.parse().ok()
        };
        let channel = self.channel.as_ref().and_then(Label::number);
        channel.or_else(of_speaker)
    }

    fn speaker(&self, many: bool) -> Speaker {
        match self.channel().and_then(|c| c.checked_sub(1)) {
            Some(channel) if many => Speaker::Channel(channel),
            _ => speaker(self.speaker.as_ref()),
        }
    }
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let own = ["audio_channels", "audio_duration", "audio_url"];
    (content.has("utterances") || content.has("words")) && own.iter().any(|key| content.has(key))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("an AssemblyAI transcript")?;
    let above = |part: &Part| {
        let channel = part.channel.as_ref().and_then(Label::number);
        channel.is_some_and(|c| c > 1)
    };
    let many = document.audio_channels.is_some_and(|c| c.0 > 1)
        || document.utterances.iter().any(above)
        || document.words.iter().any(above);
    let mut draft = Draft {
        duration: document.audio_duration.map(|t| t.0 - Time::ZERO),
        ..Draft::default()
    };
    if document.utterances.is_empty() {
        if document.words.is_empty() {
            let words = words_of(&document.text).into_iter();
            draft.loose.extend(words.map(|w| (Speaker::Unknown, w)));
        }
        for word in document.words {
            let times = word.times();
            let speaker = word.speaker(many);
            draft.loose.push((speaker, SaidWord::new(word.text, times)));
        }
        return Ok(draft);
    }
    for part in document.utterances {
        let (speaker, times) = (part.speaker(many), part.times());
        let words = part.words.into_iter();
        let words = or_text(
            words.map(|w| {
                let times = w.times();
                SaidWord::new(w.text, times)
            }),
            &part.text,
        );
        draft.said.push(Said {
            speaker,
            times,
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

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"id": "t", "status": "completed", "audio_channels": 2, "audio_duration": 7, "text": "Any news? None.",
      "utterances": [
        {"channel": "1", "speaker": "1A", "start": 100, "end": 900, "text": "Any news?", "words": [
          {"text": "Any", "start": 100, "end": 300, "channel": "1", "speaker": "1A"}, {"text": "news?", "start": 350, "end": 900, "channel": "1", "speaker": "1A"}]},
        {"channel": "2", "speaker": "2A", "start": 1200, "end": 1500, "text": "None.", "words": []}],
      "words": [{"text": "Any", "start": 100, "end": 300, "channel": "1", "speaker": "1A"}, {"text": "None.", "start": 1200, "end": 1500, "channel": "2", "speaker": "2A"}],
      "sentiment_analysis_results": null}"#;

    #[test]
    fn channels_count_from_one() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "Any news?");
        assert_eq!(text_of(&transcript, Side::Agent), "None.");
        let lain: Vec<_> = transcript.utterances.iter().map(|u| u.segment).collect();
        assert_eq!(Some(lain[0]), Segment::from_seconds(0.1, 0.9));
        let words = transcript.utterances[0].words.as_ref().unwrap();
        assert_eq!(words[1].time, Segment::from_seconds(0.35, 0.9));
        assert_eq!(transcript.duration, Some(Span::from_millis(7000)));
        assert!(odd.is_empty() && transcript.loose_words.is_empty());
        let unnamed = SMALL.replace(r#""channel": "1", "#, "");
        assert_eq!(
            parse(&unnamed, Some(AgentChannel::Right)).unwrap().0,
            transcript
        );
    }

    #[test]
    fn words_stand_in_for_utterances() {
        let json = SMALL.replace(r#""utterances": ["#, r#""utterances": null, "x": ["#);
        let (transcript, _) = parse(&json, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "Any");
        assert_eq!(text_of(&transcript, Side::Agent), "None.");
    }

    #[test]
    fn one_channel_has_names_or_nobody() {
        let mono = SMALL
            .replace(r#""audio_channels": 2"#, r#""audio_channels": null"#)
            .replace(r#""channel": "1", "speaker": "1A""#, r#""speaker": "A""#)
            .replace(r#""channel": "2", "speaker": "2A""#, r#""speaker": "B""#);
        let (transcript, _) = parse_named(&mono, "b").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "None.");
        let nobody = mono.replace("\"speaker\"", "\"x\"");
        assert!(parse(&nobody, Some(AgentChannel::Left)).is_err());
        assert!(parse_side(&nobody, Side::Agent).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replacen("900", "\"x\"", 1), None).unwrap_err();
        assert!(error.place().starts_with("utterances[0].end"), "{error}");
        let empty = r#"{"audio_duration": 3, "utterances": null, "words": [], "text": null}"#;
        assert!(parse(empty, None).unwrap().0.utterances.is_empty());
    }
}
