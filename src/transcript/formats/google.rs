//! Google Cloud Speech-to-Text, v2 and v1.
//!
//! `results[]`, bare or within `response` or `transcript`; the first alternative holds. v2 has
//! `startOffset`, `endOffset` and `speakerLabel` in a word and `resultEndOffset` in a result, v1
//! `startTime`, `endTime`, `speakerTag` and `resultEndTime`; keys in either case. A start of zero
//! may be left out. Results of several files at once (a map by file) are not read.
//!
//! `channelTag` counts from 1; none or 0 is no channel. Where channel 1 is alone, it may be a mono
//! recording: then, as without channels, labels tell who speaks, else nobody.
//!
//! A result of one speaker is an utterance over its words. With diarization v1 repeats all words in
//! the last result, the only one with speakers: where some results of a channel have speakers,
//! those without are repetitions and passed over. A result of several speakers is no utterance; its
//! words count one by one.

use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, words_of};
use crate::transcript::lenient::{Label, Whole, from_zero, null_as_default, speaker};
use crate::transcript::times::Proto;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Document {
    #[serde(default, deserialize_with = "null_as_default")]
    results: Vec<Heard>,
    response: Option<Box<Document>>,
    transcript: Option<Box<Document>>,
}

#[derive(Deserialize)]
struct Heard {
    #[serde(default, deserialize_with = "null_as_default")]
    alternatives: Vec<Alternative>,
    #[serde(rename = "channelTag", alias = "channel_tag")]
    channel: Option<Whole>,
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
    #[serde(
        rename = "startOffset",
        alias = "start_offset",
        alias = "startTime",
        alias = "start_time"
    )]
    start: Option<Proto>,
    #[serde(
        rename = "endOffset",
        alias = "end_offset",
        alias = "endTime",
        alias = "end_time"
    )]
    end: Option<Proto>,
    #[serde(
        rename = "speakerLabel",
        alias = "speaker_label",
        alias = "speakerTag",
        alias = "speaker_tag"
    )]
    speaker: Option<Label>,
}

impl Word {
    /// Returns the speaker's label; v1 writes 0 for none.
    fn label(&self) -> Option<&Label> {
        self.speaker
            .as_ref()
            .filter(|l| l.text().is_some_and(|text| text != "0"))
    }
}

impl Heard {
    fn channel(&self) -> Option<u64> {
        self.channel.and_then(|c| c.0.checked_sub(1))
    }

    fn is_labelled(&self) -> bool {
        let best = self.alternatives.first();
        best.is_some_and(|a| a.words.iter().any(|w| w.label().is_some()))
    }
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let keys = [
        "resultEndOffset",
        "result_end_offset",
        "resultEndTime",
        "result_end_time",
        "channelTag",
        "channel_tag",
        "alternatives[].words[].startOffset",
        "alternatives[].words[].endOffset",
        "alternatives[].words[].end_offset",
    ];
    let own = ["channel", "startTime", "start_time"];
    let within = ["", "response.", "transcript."];
    within.iter().any(|w| {
        let has = |key: &&str| content.has(&format!("{w}results[].{key}"));
        keys.iter().any(&has) && !own.iter().any(has)
    })
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let mut document: Document = content.json("a Google Speech-to-Text result")?;
    while let Some(inner) = document.response.take().or(document.transcript.take()) {
        document = *inner;
    }
    let results = document.results;
    let many = results.iter().any(|r| r.channel().is_some_and(|c| c > 0));
    let labelled: BTreeSet<Option<u64>> = results
        .iter()
        .filter(|r| r.is_labelled())
        .map(Heard::channel)
        .collect();
    let mut draft = Draft::default();
    for result in results {
        let channel = result.channel();
        if labelled.contains(&channel) && !result.is_labelled() {
            continue;
        }
        let Some(best) = result.alternatives.into_iter().next() else {
            continue;
        };
        let mut words: Vec<(Speaker, SaidWord)> = best
            .words
            .into_iter()
            .map(|w| {
                let speaker = match channel.filter(|_| many) {
                    Some(channel) => Speaker::Channel(channel),
                    None => speaker(w.label()),
                };
                (speaker, SaidWord::new(w.word, from_zero(w.start, w.end)))
            })
            .collect();
        if words.is_empty() {
            let who = || match channel.filter(|_| many) {
                Some(channel) => Speaker::Channel(channel),
                None => Speaker::Unknown,
            };
            let text = words_of(&best.transcript);
            words = text.into_iter().map(|word| (who(), word)).collect();
        }
        let Some((first, _)) = words.first() else {
            continue;
        };
        if words.iter().any(|(speaker, _)| speaker != first) {
            draft.loose.extend(words);
        } else {
            draft.said.push(Said {
                speaker: first.clone(),
                times: None,
                words: Some(words.into_iter().map(|(_, word)| word).collect()),
                emotion: None,
            });
        }
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, parse_named, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"results": [
        {"alternatives": [{"transcript": "good evening", "words": [
            {"endOffset": "0.400s", "word": "good"}, {"startOffset": "0.400s", "endOffset": "1.100s", "word": "evening"}]},
          {"transcript": "could even"}], "channelTag": 1, "resultEndOffset": "1.300s", "languageCode": "en-us"},
        {"alternatives": [{"transcript": "refund", "words": [{"startOffset": "2s", "endOffset": "2.500s", "word": "refund"}]}],
         "channelTag": 2, "resultEndOffset": "3s"}], "metadata": {"totalBilledDuration": "3s"}}"#;

    pub(in crate::transcript::formats) const V1: &str = r#"{"name": "1", "done": true, "response": {"results": [
        {"alternatives": [{"transcript": "yes no", "words": [{"startTime": "0s", "endTime": "0.5s", "word": "yes"}, {"startTime": "1s", "endTime": "1.5s", "word": "no"}]}], "resultEndTime": "2s"},
        {"alternatives": [{"words": [{"startTime": "0s", "endTime": "0.5s", "word": "yes", "speakerTag": 1}, {"startTime": "1s", "endTime": "1.5s", "word": "no", "speakerTag": 2}]}]}]}}"#;

    #[test]
    fn channels_count_from_one_and_zero_may_be_left_out() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Left)).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "good evening");
        assert_eq!(text_of(&transcript, Side::Customer), "refund");
        let lain: Vec<_> = transcript.utterances.iter().map(|u| u.segment).collect();
        assert_eq!(Some(lain[0]), Segment::from_seconds(0.0, 1.1));
        assert_eq!(Some(lain[1]), Segment::from_seconds(2.0, 2.5));
        assert!(odd.is_empty());
        let wrapped = format!(r#"{{"transcript": {SMALL}}}"#);
        assert_eq!(
            parse(&wrapped, Some(AgentChannel::Left)).unwrap().0,
            transcript
        );
    }

    #[test]
    fn diarized_words_are_not_counted_twice() {
        let (transcript, _) = parse_named(V1, "2").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "no");
        assert_eq!(text_of(&transcript, Side::Customer), "yes");
        let labels = SMALL
            .replace(r#""channelTag": 2,"#, "")
            .replace(r#""word": "#, r#""speakerLabel": "1", "word": "#)
            .replace(r#""1", "word": "refund""#, r#""2", "word": "refund""#);
        let (transcript, _) = parse_named(&labels, "1").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "good evening");
        assert_eq!(text_of(&transcript, Side::Customer), "refund");
    }

    #[test]
    fn channel_1_alone_is_nobodys() {
        let json = SMALL.replace(r#""channelTag": 2"#, r#""channelTag": 1"#);
        assert!(parse(&json, Some(AgentChannel::Left)).is_err());
        assert!(parse_side(&json, Side::Agent).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("2.500s", "2.500"), None).unwrap_err();
        let place = "results[1].alternatives[0].words[0].endOffset";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"results": [{"alternatives": [], "resultEndOffset": "3s"}]}"#;
        assert!(parse(empty, None).unwrap().0.utterances.is_empty());
    }
}
