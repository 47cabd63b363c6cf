//! Sber SaluteSpeech, asynchronous recognition result.
//!
//! A list with one entry per utterance: `results[0]` is the best hypothesis with
//! `word_alignments` (text seconds, `"0.560s"`, in the audio stream), `emotions_result` the
//! emotion, `channel` the channel from 0.
//!
//! The hypothesis has a `start` and an `end` of its own, which the interface's description lays
//! from the start of the current utterance; the word times are laid from the start of the stream.
//! So the utterance runs from its first word to its last, and over `processed_audio_start` to
//! `processed_audio_end` only when no word has a time.

use super::own::segment;
use super::read::{Parsed, side_of_channel};
use super::{Emotion, Transcript, Utterance, Word};
use crate::call::AgentChannel;
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Segment;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    results: Vec<Hypothesis>,
    emotions_result: Option<Emotion>,
    processed_audio_start: Option<String>,
    processed_audio_end: Option<String>,
    #[serde(default)]
    channel: u64,
}

#[derive(Deserialize)]
struct Hypothesis {
    #[serde(default)]
    text: String,
    #[serde(default)]
    word_alignments: Vec<Aligned>,
}

#[derive(Deserialize)]
struct Aligned {
    word: String,
    start: String,
    end: String,
}

/// Parses `"0.560s"`.
fn seconds(place: &str, text: &str) -> Result<f64> {
    let number = text
        .trim()
        .strip_suffix('s')
        .and_then(|n| n.parse::<f64>().ok());
    number.filter(|n| n.is_finite()).ok_or_else(|| {
        Error::new(
            ErrorKind::IllFormed,
            place,
            "another text",
            "seconds as \"0.560s\"",
        )
    })
}

pub(super) fn parse(document: Value, agent_channel: Option<AgentChannel>) -> Parsed {
    let entries: Vec<Entry> = serde_json::from_value(document)
        .map_err(|e| Error::json(&e, "a SaluteSpeech recognition result"))?;
    let mut warnings = Vec::new();
    let mut utterances = Vec::new();
    for (i, entry) in entries.into_iter().enumerate() {
        let Some(best) = entry.results.into_iter().next() else {
            continue;
        };
        let place = format!("[{i}]");
        let mut words = Vec::new();
        let mut extent: Option<Segment> = None;
        for (j, aligned) in best.word_alignments.iter().enumerate() {
            let place = format!("{place}.results[0].word_alignments[{j}]");
            let (start, end) = (
                seconds(&place, &aligned.start)?,
                seconds(&place, &aligned.end)?,
            );
            let time = segment(&place, start, end)?;
            extent = match (extent, time) {
                (Some(a), Some(b)) => Segment::new(a.start().min(b.start()), a.end().max(b.end())),
                (one, other) => one.or(other),
            };
            words.extend(Word::new(&aligned.word, time));
        }
        if words.is_empty() {
            words.extend(
                best.text
                    .split_whitespace()
                    .filter_map(|w| Word::new(w, None)),
            );
        }
        if words.is_empty() {
            continue;
        }
        let extent = match (
            extent,
            &entry.processed_audio_start,
            &entry.processed_audio_end,
        ) {
            (Some(extent), ..) => Some(extent),
            (None, Some(start), Some(end)) => {
                segment(&place, seconds(&place, start)?, seconds(&place, end)?)?
            }
            _ => None,
        };
        let Some(segment) = extent else {
            warnings.push(format!("{place} has words and no times, and was left out"));
            continue;
        };
        if let Some(emotion) = &entry.emotions_result {
            emotion.check(&place)?;
        }
        utterances.push(Utterance {
            side: side_of_channel(entry.channel, &place, agent_channel)?,
            segment,
            words: Some(words),
            emotion: entry.emotions_result,
        });
    }
    Ok((
        Transcript {
            utterances,
            loose_words: Vec::new(),
            duration: None,
        },
        warnings,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Side;

    const SMALL: &str = r#"[
      {"results": [{"text": "добрый день", "normalized_text": "Добрый день.", "start": "0s", "end": "1.2s",
        "word_alignments": [{"word": "добрый", "start": "0.500s", "end": "0.900s"},
                            {"word": "день", "start": "1.000s", "end": "1.400000001s"}]}],
       "eou": true, "emotions_result": {"positive": 0.7, "neutral": 0.2, "negative": 0.1},
       "processed_audio_start": "0s", "processed_audio_end": "2s", "channel": 0},
      {"results": [{"text": "да", "word_alignments": []}], "processed_audio_start": "2s",
       "processed_audio_end": "3s", "channel": 1},
      {"results": [], "processed_audio_start": "3s", "processed_audio_end": "4s", "channel": 0}]"#;

    fn read(json: &str, agent: Option<AgentChannel>) -> Parsed {
        parse(serde_json::from_str(json).unwrap(), agent)
    }

    #[test]
    fn utterance_runs_from_its_first_word_to_its_last() {
        let (transcript, warnings) = read(SMALL, Some(AgentChannel::Left)).unwrap();
        let [first, second] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!((first.side, second.side), (Side::Agent, Side::Customer));
        assert_eq!(
            first.segment,
            Segment::from_seconds(0.5, 1.400000001).unwrap()
        );
        assert_eq!(first.emotion.unwrap().positive, 0.7);
        assert_eq!(second.segment, Segment::from_seconds(2.0, 3.0).unwrap());
        assert_eq!(second.words.as_ref().unwrap()[0].time, None);
        assert!(warnings.is_empty());
    }

    #[test]
    fn agent_may_be_right() {
        let (transcript, _) = read(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(transcript.utterances[0].side, Side::Customer);
    }

    #[test]
    fn agents_channel_must_be_declared() {
        assert_eq!(read(SMALL, None).unwrap_err().kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn times_that_are_none_name_their_place() {
        let error = read(&SMALL.replace("0.900s", "0.9"), Some(AgentChannel::Left)).unwrap_err();
        assert_eq!(error.place(), "[0].results[0].word_alignments[0]");
    }
}
