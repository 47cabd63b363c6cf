//! Yandex SpeechKit v3, the answer of `getRecognition`.
//!
//! Messages one after another, no list around them and nothing between them; a list of them is
//! read as well. In REST answers each is wrapped in `result`, in gRPC dumps it is not, and keys
//! are in either case. Milliseconds are text.
//!
//! A phrase comes as `final`, then as `finalRefinement`: the same words, normalised, of the same
//! `finalIndex` and channel. The words of `final` are taken, since letters are counted and it has
//! the words as spoken (`двадцать пять`, not `25`); a refinement only where its final is missing.
//! Partial results and messages about anything else are passed over. Of several alternatives the
//! first holds.
//!
//! An alternative lies over everything heard since the last one; the phrase lies over its words.
//! `channelTag` counts from 0. A mono recording has channel 0 as well: a file without any other
//! channel does not tell who speaks.

use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text};
use crate::transcript::lenient::{
    Label, Whole, doubt_lone_channel, from_zero, null_as_default, speaker, unless_timed,
};
use crate::transcript::times::{Millis, Times};
use serde::Deserialize;
use std::collections::HashSet;

#[derive(Deserialize)]
struct Message {
    result: Option<Box<Message>>,
    #[serde(rename = "audioCursors", alias = "audio_cursors")]
    cursors: Option<Cursors>,
    #[serde(rename = "final")]
    final_: Option<Update>,
    #[serde(rename = "finalRefinement", alias = "final_refinement")]
    refinement: Option<Refinement>,
    #[serde(rename = "channelTag", alias = "channel_tag")]
    channel: Option<Label>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(rename = "finalIndex", alias = "final_index")]
    final_index: Option<Whole>,
}

#[derive(Deserialize)]
struct Refinement {
    #[serde(rename = "finalIndex", alias = "final_index")]
    final_index: Option<Whole>,
    #[serde(rename = "normalizedText", alias = "normalized_text")]
    text: Option<Update>,
}

#[derive(Deserialize)]
struct Update {
    #[serde(default, deserialize_with = "null_as_default")]
    alternatives: Vec<Alternative>,
    #[serde(rename = "channelTag", alias = "channel_tag")]
    channel: Option<Label>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default, deserialize_with = "null_as_default")]
    words: Vec<Word>,
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    #[serde(rename = "startTimeMs", alias = "start_time_ms")]
    start: Option<Millis>,
    #[serde(rename = "endTimeMs", alias = "end_time_ms")]
    end: Option<Millis>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    #[serde(rename = "startTimeMs", alias = "start_time_ms")]
    start: Option<Millis>,
    #[serde(rename = "endTimeMs", alias = "end_time_ms")]
    end: Option<Millis>,
}

/// A phrase, and what a refinement of it is told by.
struct Phrase {
    index: u64,
    said: Said,
    /// Where the alternative lies: dumps without cursors have no other tie.
    over: Option<Times>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let within = ["result.", "", "[].result.", "[]."];
    let keys = [
        "audioCursors",
        "audio_cursors",
        "finalRefinement",
        "final_refinement",
        "final.alternatives",
    ];
    within
        .iter()
        .any(|w| keys.iter().any(|key| content.has(&format!("{w}{key}"))))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let wanted = "SpeechKit recognition results";
    let messages: Vec<Message> = match content.has("[]") {
        true => content.json(wanted)?,
        false => content.json_stream(wanted)?,
    };
    let (mut finals, mut refined) = (Vec::new(), Vec::new());
    for message in messages {
        let Message {
            result,
            cursors,
            final_,
            refinement,
            channel,
        } = message;
        let (cursors, final_, refinement, channel) = match result {
            Some(inner) => (
                inner.cursors,
                inner.final_,
                inner.refinement,
                inner.channel.or(channel),
            ),
            None => (cursors, final_, refinement, channel),
        };
        // Dumps leave out an index of zero.
        let index = |index: Option<Whole>| index.map_or(0, |i| i.0);
        if let Some(update) = final_ {
            let at = index(cursors.and_then(|c| c.final_index));
            finals.extend(phrase(update, channel.as_ref(), at));
        }
        if let Some(refinement) = refinement {
            let at = index(refinement.final_index);
            let update = refinement.text;
            refined.extend(update.and_then(|u| phrase(u, channel.as_ref(), at)));
        }
    }
    let by_index = |p: &Phrase| (p.index, p.said.speaker.clone());
    let by_place = |p: &Phrase| Some((p.over?, p.said.speaker.clone()));
    let told: HashSet<_> = finals.iter().map(by_index).collect();
    let places: HashSet<_> = finals.iter().filter_map(by_place).collect();
    refined.retain(|r| {
        let placed = || by_place(r).is_some_and(|place| places.contains(&place));
        !told.contains(&by_index(r)) && !placed()
    });
    let mut draft = Draft::default();
    let phrases = finals.into_iter().chain(refined);
    draft.said.extend(phrases.map(|p| p.said));
    doubt_lone_channel(&mut draft);
    Ok(draft)
}

fn phrase(update: Update, outer: Option<&Label>, index: u64) -> Option<Phrase> {
    let speaker = match update.channel.as_ref().or(outer) {
        Some(label) => match label.number() {
            Some(channel) => Speaker::Channel(channel),
            None => speaker(Some(label)),
        },
        None => Speaker::Unknown,
    };
    let best = update.alternatives.into_iter().next()?;
    let over = from_zero(best.start, best.end);
    let words = or_text(
        best.words
            .into_iter()
            .map(|w| SaidWord::new(w.text, from_zero(w.start, w.end))),
        &best.text,
    );
    let said = Said {
        speaker,
        times: unless_timed(&words, over),
        words: Some(words),
        emotion: None,
    };
    let empty = said.words.as_ref().is_none_or(Vec::is_empty);
    (!empty).then_some(Phrase { index, said, over })
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"result": {"audioCursors": {"finalIndex": "0"}, "partial": {"alternatives": [{"words": [], "text": "мне"}]}, "channelTag": "0"}}
{"result": {"audioCursors": {"finalIndex": "0"}, "final": {"alternatives": [
  {"words": [{"text": "мне", "startTimeMs": "300", "endTimeMs": "500"}, {"text": "двадцать", "startTimeMs": "500", "endTimeMs": "900"}],
   "text": "мне двадцать", "startTimeMs": "0", "endTimeMs": "2000", "confidence": 0},
  {"words": [{"text": "не", "startTimeMs": "300", "endTimeMs": "500"}], "text": "не"}], "channelTag": "0"}, "channelTag": "0"}}
{"result": {"audioCursors": {"finalIndex": "0"}, "finalRefinement": {"finalIndex": "0", "normalizedText": {"alternatives": [
  {"words": [{"text": "Мне", "startTimeMs": "300", "endTimeMs": "500"}, {"text": "20", "startTimeMs": "500", "endTimeMs": "900"}],
   "text": "Мне 20.", "startTimeMs": "0", "endTimeMs": "2000"}], "channelTag": "0"}}, "channelTag": "0"}}{"result": {"audioCursors": {}, "eouUpdate": {"timeMs": "2000"}, "channelTag": "0"}}
{"result": {"audioCursors": {"finalIndex": "0"}, "finalRefinement": {"finalIndex": "0", "normalizedText": {"alternatives": [
  {"words": [{"text": "Слушаю", "startTimeMs": "2100", "endTimeMs": "2600"}], "text": "Слушаю."}]}}, "channelTag": "1"}}
{"result": {"speakerAnalysis": {"speakerTag": "1"}, "channelTag": "1"}}"#;

    #[test]
    fn a_final_and_its_refinement_count_once_as_spoken() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "мне двадцать");
        assert_eq!(text_of(&transcript, Side::Agent), "Слушаю");
        let [first, _] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!(Some(first.segment), Segment::from_seconds(0.3, 0.9));
        let words = first.words.as_ref().unwrap();
        assert_eq!(words[1].time, Segment::from_seconds(0.5, 0.9));
        assert!(odd.is_empty());
    }

    #[test]
    fn dumps_have_other_cases_and_no_wrapper() {
        let dump = r#"[{"audio_cursors": {}, "final": {"alternatives": [{"words": [{"text": "да", "end_time_ms": 400}]}]}, "channel_tag": "0"},
            {"audio_cursors": {}, "final_refinement": {"normalized_text": {"alternatives": [{"words": [{"text": "Да", "end_time_ms": 400}]}]}}, "channel_tag": "0"},
            {"audio_cursors": {"final_index": 1}, "final": {"alternatives": [{"text": "нет", "start_time_ms": 500, "end_time_ms": 900}]}, "channel_tag": "1"}]"#;
        let (transcript, _) = parse(dump, Some(AgentChannel::Left)).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "да");
        assert_eq!(text_of(&transcript, Side::Customer), "нет");
        let lain = transcript.utterances.iter().map(|u| u.segment);
        let wanted = [
            Segment::from_seconds(0.0, 0.4),
            Segment::from_seconds(0.5, 0.9),
        ];
        assert!(lain.map(Some).eq(wanted));
    }

    #[test]
    fn channel_0_alone_is_nobodys() {
        let alone = SMALL
            .split_once("{\"result\": {\"audioCursors\": {}")
            .unwrap()
            .0;
        assert!(parse(alone, Some(AgentChannel::Left)).is_err());
        let (transcript, ..) = parse_side(alone, Side::Agent).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "мне двадцать");
    }

    #[test]
    fn what_is_no_time_names_its_place() {
        let error = parse(&SMALL.replace("\"900\"", "\"soon\""), None).unwrap_err();
        let place = "document 2 of the file: result.final.alternatives[0].words[1].endTimeMs";
        assert!(error.place().starts_with(place), "{error}");
    }

    #[test]
    fn nothing_said_is_no_error() {
        let empty = r#"{"result": {"audioCursors": {}, "final": {"alternatives": null}}}"#;
        let (transcript, _) = parse(empty, None).unwrap();
        assert!(transcript.utterances.is_empty() && transcript.loose_words.is_empty());
    }
}
