//! AWS Transcribe, the output of a batch job.
//!
//! With channel identification the words of `results.channel_labels.channels[].items` are taken,
//! `ch_0` the first channel; `results.items` holds the same words and is taken only where those
//! lists are missing or empty. Without channels the speaker of a word is its `speaker_label`, else
//! that of the word of the same start in `results.speaker_labels`; without either nobody is told.
//! So too where one channel is all there is.
//!
//! Seconds are text. Punctuation has no times and is no word. No utterances are read: the words
//! have times. A hidden word, `[PII]`, is a word, since it was said.

use crate::error::Result;
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, SaidWord, Speaker, words_of};
use crate::transcript::lenient::{Label, Whole, null_as_default, speaker};
use crate::transcript::times::{Seconds, Times};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Document {
    results: Option<Results>,
}

#[derive(Deserialize)]
struct Results {
    channel_labels: Option<ChannelLabels>,
    speaker_labels: Option<SpeakerLabels>,
    #[serde(default, deserialize_with = "null_as_default")]
    items: Vec<Item>,
    #[serde(default, deserialize_with = "null_as_default")]
    transcripts: Vec<Text>,
}

/// The whole text, for files without items.
#[derive(Deserialize)]
struct Text {
    #[serde(default, deserialize_with = "null_as_default")]
    transcript: String,
}

#[derive(Deserialize)]
struct ChannelLabels {
    #[serde(default, deserialize_with = "null_as_default")]
    channels: Vec<Channel>,
    number_of_channels: Option<Whole>,
}

#[derive(Deserialize)]
struct Channel {
    channel_label: Option<Label>,
    #[serde(default, deserialize_with = "null_as_default")]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct SpeakerLabels {
    #[serde(default, deserialize_with = "null_as_default")]
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    speaker_label: Option<Label>,
    #[serde(default, deserialize_with = "null_as_default")]
    items: Vec<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    start_time: Option<Seconds>,
    speaker_label: Option<Label>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, rename = "type", deserialize_with = "null_as_default")]
    kind: String,
    start_time: Option<Seconds>,
    end_time: Option<Seconds>,
    #[serde(default, deserialize_with = "null_as_default")]
    alternatives: Vec<Alternative>,
    channel_label: Option<Label>,
    speaker_label: Option<Label>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default, deserialize_with = "null_as_default")]
    content: String,
}

impl Item {
    /// Returns the word; `None` of punctuation.
    fn word(self) -> Option<SaidWord> {
        if self.kind == "punctuation" {
            return None;
        }
        let times = Times::of(self.start_time, self.end_time);
        let best = self.alternatives.into_iter().next()?;
        Some(SaidWord::new(best.content, times))
    }
}

/// Returns the number of a channel called `ch_0`.
fn channel(label: Option<&Label>) -> Option<u64> {
    label?.text()?.strip_prefix("ch_")?.parse().ok()
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.has("results.channel_labels")
        || content.has("results.speaker_labels")
        || (content.has("results.items") && content.has("results.transcripts"))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("an AWS Transcribe output")?;
    let mut draft = Draft::default();
    let Some(results) = document.results else {
        return Ok(draft);
    };
    let channels = results.channel_labels.map_or(Vec::new(), |labels| {
        let stated = labels.number_of_channels.map_or(0, |n| n.0);
        match stated.max(labels.channels.len() as u64) {
            0 | 1 => labels.channels.into_iter().map(|c| (None, c)).collect(),
            _ => {
                let of = |c: Channel| (channel(c.channel_label.as_ref()), c);
                labels.channels.into_iter().map(of).collect()
            }
        }
    });
    let of_segments = by_start(results.speaker_labels);
    let who = |item: &Item, channel: Option<u64>| match channel {
        Some(channel) => Speaker::Channel(channel),
        None => speaker(item.speaker_label.as_ref().or_else(|| {
            let start = item.start_time?;
            of_segments.get(&start.0)
        })),
    };
    if channels.iter().any(|(_, c)| !c.items.is_empty()) {
        for (number, channel) in channels {
            for item in channel.items {
                let speaker = who(&item, number);
                draft.loose.extend(item.word().map(|word| (speaker, word)));
            }
        }
        return Ok(draft);
    }
    let many = channels.len() > 1;
    let no_items = results.items.is_empty();
    for item in results.items {
        let number = channel(item.channel_label.as_ref()).filter(|n| many || *n > 0);
        let speaker = who(&item, number);
        draft.loose.extend(item.word().map(|word| (speaker, word)));
    }
    if no_items {
        let words = results
            .transcripts
            .iter()
            .flat_map(|t| words_of(&t.transcript));
        draft
            .loose
            .extend(words.map(|word| (Speaker::Unknown, word)));
    }
    Ok(draft)
}

/// Returns the speakers of words by the words' starts.
fn by_start(labels: Option<SpeakerLabels>) -> BTreeMap<Time, Label> {
    let mut speakers = BTreeMap::new();
    for segment in labels.map(|l| l.segments).unwrap_or_default() {
        for item in segment.items {
            let label = item.speaker_label.or_else(|| segment.speaker_label.clone());
            if let (Some(start), Some(label)) = (item.start_time, label) {
                speakers.insert(start.0, label);
            }
        }
    }
    speakers
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, parse_named, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"jobName": "j", "status": "COMPLETED", "results": {
      "transcripts": [{"transcript": "Where is my parcel? On its way."}],
      "channel_labels": {"number_of_channels": 2, "channels": [
        {"channel_label": "ch_0", "items": [
          {"start_time": "0.5", "end_time": "0.75", "type": "pronunciation", "alternatives": [{"content": "Where", "confidence": "0.9"}, {"content": "There"}]},
          {"type": "punctuation", "alternatives": [{"content": "?", "confidence": "0.0"}]}]},
        {"channel_label": "ch_1", "items": [
          {"start_time": "1.5", "end_time": "2.0", "type": "pronunciation", "alternatives": [{"content": "Shipped", "confidence": "1.0"}]}]}]},
      "items": [{"start_time": "0.5", "end_time": "0.75", "type": "pronunciation", "channel_label": "ch_0", "alternatives": [{"content": "Where"}]}]}}"#;

    const NAMED: &str = r#"{"results": {"transcripts": [], "speaker_labels": {"speakers": 2, "segments": [
        {"start_time": "0.0", "speaker_label": "spk_0", "items": [{"start_time": "0.0", "speaker_label": "spk_0"}]},
        {"start_time": "1.0", "speaker_label": "spk_1", "items": [{"start_time": "1.0"}]}]},
      "items": [{"start_time": "0.0", "end_time": "0.4", "type": "pronunciation", "alternatives": [{"content": "Hello"}]},
        {"start_time": "1.00", "end_time": "1.3", "type": "pronunciation", "alternatives": [{"content": "Morning"}]},
        {"type": "punctuation", "alternatives": [{"content": "."}]}]}}"#;

    #[test]
    fn words_of_channels_count_once() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "Where");
        assert_eq!(text_of(&transcript, Side::Agent), "Shipped");
        let time = transcript.loose_words[1].1.time;
        assert_eq!(time, Segment::from_seconds(1.5, 2.0));
        assert!(odd.is_empty());
    }

    #[test]
    fn speakers_are_joined_by_the_start_of_a_word() {
        let (transcript, _) = parse_named(NAMED, "spk_1").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "Morning");
        assert_eq!(text_of(&transcript, Side::Customer), "Hello");
        let labelled = NAMED.replace(
            r#""end_time": "0.4","#,
            r#""end_time": "0.4", "speaker_label": "spk_1","#,
        );
        let (transcript, _) = parse_named(&labelled, "spk_1").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "Hello Morning");
    }

    #[test]
    fn without_labels_nobody_is_told() {
        let json = NAMED.replace("speaker_label", "x");
        assert!(parse(&json, Some(AgentChannel::Left)).is_err());
        let (transcript, ..) = parse_side(&json, Side::Agent).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "Hello Morning");
        let mono = r#"{"results": {"channel_labels": {"number_of_channels": 1, "channels": [{"channel_label": "ch_0",
            "items": [{"start_time": "0", "end_time": "1", "alternatives": [{"content": "one"}]}]}]}}}"#;
        assert!(parse(mono, Some(AgentChannel::Left)).is_err());
        assert!(parse_side(mono, Side::Agent).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("\"2.0\"", "\"two\""), None).unwrap_err();
        let place = "results.channel_labels.channels[1].items[0].end_time";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"results": {"transcripts": [{"transcript": ""}], "items": []}}"#;
        assert!(parse(empty, None).unwrap().0.loose_words.is_empty());
    }
}
