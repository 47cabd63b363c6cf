//! WTF, the transcription format of vCon (draft-howe-vcon-wtf-extension).
//!
//! `transcript` (an object), `segments[]` and `metadata`; `words[]` stand apart, and a segment names
//! its words by their `id`. A segment without words of its own has the words of its text, without
//! times, unless the words that stand apart belong to no segment: then segments are turns, and the
//! words stand for themselves. A segment is cut where the speaker of its words changes.
//!
//! There is no channel. `speaker` is an id; its label in `speakers` counts where it names a role,
//! else the id is the name.

use super::common::runs;
use crate::error::Result;
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, words_of};
use crate::transcript::lenient::Label;
use crate::transcript::times::{Seconds, Times};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Document {
    transcript: Option<Whole>,
    segments: Option<Vec<Segment>>,
    words: Option<Vec<Word>>,
    /// What is known of a speaker, by id. Not read further, so that no error names an id: it may be
    /// a person's name.
    speakers: Option<HashMap<String, Value>>,
}

#[derive(Deserialize)]
struct Whole {
    duration: Option<Seconds>,
}

#[derive(Deserialize)]
struct Segment {
    start: Option<Seconds>,
    end: Option<Seconds>,
    text: Option<String>,
    speaker: Option<Label>,
    words: Option<Vec<Label>>,
}

#[derive(Deserialize)]
struct Word {
    id: Option<Label>,
    start: Option<Seconds>,
    end: Option<Seconds>,
    text: Option<String>,
    speaker: Option<Label>,
    is_punctuation: Option<bool>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let whole = content.has("transcript.text") || content.has("transcript.language");
    whole && content.has("segments") && content.has("metadata")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("a WTF transcription")?;
    let speakers = document.speakers.unwrap_or_default();
    let speaker = |id: &Label| {
        let label = speakers
            .get(id.key())
            .and_then(|who| who.get("label")?.as_str());
        match label.map(Speaker::named) {
            Some(Speaker::Side(side)) => Speaker::Side(side),
            _ => id.speaker(),
        }
    };
    let words = document.words.unwrap_or_default();
    let by_id: HashMap<&str, usize> = words
        .iter()
        .enumerate()
        .filter_map(|(i, word)| Some((word.id.as_ref()?.key(), i)))
        .collect();
    let said = |word: &Word| {
        let text = word.text.as_deref().unwrap_or_default();
        let text = SaidWord::new(text, Times::of(word.start, word.end));
        (word.speaker.as_ref().map(speaker), text)
    };
    let is_word = |word: &Word| word.is_punctuation != Some(true);

    let mut draft = Draft {
        duration: document
            .transcript
            .and_then(|t| t.duration)
            .map(|d| d.0 - Time::ZERO),
        ..Draft::default()
    };
    let segments = document.segments.unwrap_or_default();
    let mut placed = vec![false; words.len()];
    let mut own_words = Vec::with_capacity(segments.len());
    for segment in &segments {
        let mut own = Vec::new();
        for id in segment.words.iter().flatten() {
            // A word that two segments name is of the first.
            match by_id.get(id.key()) {
                Some(&i) if !std::mem::replace(&mut placed[i], true) && is_word(&words[i]) => {
                    own.push(said(&words[i]));
                }
                _ => {}
            }
        }
        own_words.push(own);
    }
    let apart = || {
        words
            .iter()
            .zip(&placed)
            .filter(|(w, p)| !**p && is_word(w))
    };
    let any_apart = apart().next().is_some();
    for (segment, own) in segments.iter().zip(own_words) {
        let who = segment.speaker.as_ref().map(speaker);
        let times = Times::of(segment.start, segment.end);
        if !own.is_empty() {
            draft.said.extend(runs(who, times, own));
        } else if any_apart {
            draft.said.push(Said {
                speaker: who.unwrap_or(Speaker::Unknown),
                times,
                words: None,
                emotion: None,
            });
        } else {
            let text = words_of(segment.text.as_deref().unwrap_or_default());
            let text = text.into_iter().map(|word| (None, word)).collect();
            draft.said.extend(runs(who, times, text));
        }
    }
    for (word, _) in apart() {
        let (who, word) = said(word);
        draft.loose.push((who.unwrap_or(Speaker::Unknown), word));
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::timeline::Segment;
    use crate::transcript::{Format, testing};

    pub(in super::super) const SMALL: &str = r#"{
      "transcript": {"text": "Добрый день. Здравствуйте", "language": "ru-RU", "duration": 9.5, "confidence": 0.9},
      "segments": [
        {"id": 0, "start": 0.5, "end": 2.0, "text": "Добрый день.", "confidence": 0.9, "speaker": 0, "words": [0, 1, 2]},
        {"id": 1, "start": 3.0, "end": 4.0, "text": "Здравствуйте", "confidence": 0.9, "speaker": "1"}],
      "words": [
        {"id": 0, "start": 0.5, "end": 1.0, "text": "Добрый", "confidence": 0.9, "speaker": 0, "is_punctuation": false},
        {"id": 1, "start": 1.0, "end": 1.5, "text": "день", "confidence": 0.9, "speaker": 0},
        {"id": 2, "start": 1.5, "end": 1.5, "text": ".", "confidence": 0.9, "speaker": 0, "is_punctuation": true}],
      "speakers": {"0": {"id": 0, "label": "Agent", "segments": [0]}, "1": {"id": 1, "label": "Voice B"}},
      "metadata": {"created_at": "2026-02-03T04:05:06Z", "provider": "own", "model": "none"}}"#;

    #[test]
    fn segments_name_their_words() {
        let (transcript, odd) = testing::parse(SMALL, None).unwrap();
        let [first, second] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!((first.side, second.side), (Side::Agent, Side::Customer));
        let words = first.words.as_ref().unwrap();
        assert_eq!(words.len(), 2);
        assert_eq!(words[1].time, Segment::from_seconds(1.0, 1.5));
        assert_eq!(second.words.as_ref().unwrap()[0].time, None);
        assert_eq!(transcript.duration.unwrap().seconds(), 9.5);
        assert!(transcript.loose_words.is_empty() && odd.is_empty());
    }

    #[test]
    fn words_that_no_segment_names_stand_for_themselves() {
        let json = SMALL.replace(r#", "words": [0, 1, 2]"#, r#", "words": null"#);
        let (transcript, _) = testing::parse(&json, None).unwrap();
        assert_eq!(transcript.utterances[0].words, None);
        assert_eq!(testing::text_of(&transcript, Side::Agent), "Добрый день");
    }

    #[test]
    fn an_id_is_the_name_where_no_label_is_a_role() {
        let json = SMALL.replace("\"Agent\"", "\"Voice A\"");
        let (transcript, _) = testing::parse_named(&json, "1").unwrap();
        assert_eq!(transcript.utterances[1].side, Side::Agent);
        let (_, _, format) = testing::parse_side(&json, Side::Agent).unwrap();
        assert_eq!(format, Format::Wtf);
    }

    #[test]
    fn malformed_words_name_their_place() {
        let json = SMALL.replacen(r#""end": 1.0"#, r#""end": "x""#, 1);
        let error = testing::parse(&json, None).unwrap_err();
        assert!(error.place().starts_with("words[0].end"), "{error}");
    }

    #[test]
    fn no_error_names_a_speaker() {
        let odd = SMALL.replace(r#""speakers": {"#, r#""speakers": {"Petrova": 5, "#);
        assert!(odd != SMALL);
        let error = testing::parse(&odd, None).map(|_| ()).err();
        let shown = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(!shown.contains("Petrova"), "{shown}");
    }
}
