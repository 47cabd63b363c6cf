//! HarperValleyBank transcript JSON.
//!
//! A list with one entry per segment. `offset_ms` is its start on the call clock (`start_ms` is
//! its place in the speaker's own file, which may begin later), `duration_ms` its length;
//! `transcript` is the recogniser's text, whose words have `word_offsets_ms` from the start of the
//! segment and `word_durations_ms`; `human_transcript` is what a person wrote.
//!
//! The recogniser's words are taken, since they have times; the person's words, without times,
//! where the recogniser has none. Marks such as `[noise]` and `<unk>` are no words.

use super::read::Parsed;
use super::{Emotion, Transcript, Utterance, Word};
use crate::call::Side;
use crate::error::{Error, ErrorKind};
use crate::timeline::{Segment, Span, Time};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Entry {
    speaker_role: String,
    offset_ms: i64,
    duration_ms: i64,
    #[serde(default)]
    transcript: String,
    #[serde(default)]
    human_transcript: String,
    #[serde(default)]
    word_offsets_ms: Vec<i64>,
    #[serde(default)]
    word_durations_ms: Vec<i64>,
    emotion: Option<Emotion>,
}

/// A hundred years in milliseconds: times beyond it are no times, and their sums could overflow.
const MAX_MS: i64 = 3_200_000_000_000;

/// Tells a mark, as `[noise]`, from a word.
fn is_mark(token: &str) -> bool {
    token.starts_with('[') || token.starts_with('<')
}

pub(super) fn parse(document: Value) -> Parsed {
    let entries: Vec<Entry> = serde_json::from_value(document)
        .map_err(|e| Error::json(&e, "a HarperValleyBank transcript"))?;
    let mut warnings = Vec::new();
    let mut utterances = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate() {
        let place = format!("[{i}]");
        let side = match entry.speaker_role.as_str() {
            "agent" => Side::Agent,
            "caller" => Side::Customer,
            _ => {
                let place = format!("{place}.speaker_role");
                let wanted = "\"agent\" or \"caller\"";
                return Err(Error::new(
                    ErrorKind::IllFormed,
                    place,
                    "another role",
                    wanted,
                ));
            }
        };
        let numbers = [
            &[entry.offset_ms, entry.duration_ms],
            &entry.word_offsets_ms[..],
            &entry.word_durations_ms,
        ]
        .concat();
        if let Some(odd) = numbers.iter().find(|ms| ms.unsigned_abs() > MAX_MS as u64) {
            return Err(Error::new(
                ErrorKind::Invalid,
                place,
                odd,
                "milliseconds of a call",
            ));
        }
        let instant = |ms: i64| Time::ZERO + Span::from_millis(ms);
        let (start, end) = (entry.offset_ms, entry.offset_ms + entry.duration_ms);
        let Some(segment) = Segment::new(instant(start), instant(end)) else {
            warnings.push(format!("{place} has no length and was left out"));
            continue;
        };
        let tokens: Vec<&str> = entry.transcript.split_whitespace().collect();
        let timed = tokens.len() == entry.word_offsets_ms.len()
            && tokens.len() == entry.word_durations_ms.len();
        if !timed {
            warnings.push(format!(
                "{place} has {} words, {} word offsets and {} word lengths; its words go without times",
                tokens.len(),
                entry.word_offsets_ms.len(),
                entry.word_durations_ms.len(),
            ));
        }
        let mut words = Vec::with_capacity(tokens.len());
        for (j, token) in tokens.iter().enumerate().filter(|(_, t)| !is_mark(t)) {
            let time = timed.then(|| {
                let from = start + entry.word_offsets_ms[j];
                Segment::new(instant(from), instant(from + entry.word_durations_ms[j]))
            });
            words.extend(Word::new(token, time.flatten()));
        }
        if words.is_empty() {
            let human = entry
                .human_transcript
                .split_whitespace()
                .filter(|t| !is_mark(t));
            words.extend(human.filter_map(|t| Word::new(t, None)));
        }
        if let Some(emotion) = &entry.emotion {
            emotion.check(&place)?;
        }
        utterances.push(Utterance {
            side,
            segment,
            words: Some(words),
            emotion: entry.emotion,
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

    const SMALL: &str = r#"[{"speaker_role": "caller", "offset_ms": 3720, "start_ms": 1669, "duration_ms": 1000,
        "transcript": "hello [noise] bank", "human_transcript": "hello the bank",
        "word_offsets_ms": [0, 400, 600], "word_durations_ms": [300, 100, 400],
        "emotion": {"neutral": 0.3, "negative": 0.1, "positive": 0.6}},
       {"speaker_role": "agent", "offset_ms": 5000, "duration_ms": 500, "transcript": "<unk>",
        "human_transcript": "uh huh", "word_offsets_ms": [0], "word_durations_ms": [500]}]"#;

    #[test]
    fn words_lie_on_the_call_clock() {
        let (transcript, warnings) = parse(serde_json::from_str(SMALL).unwrap()).unwrap();
        let first = &transcript.utterances[0];
        assert_eq!(
            (first.side, first.segment),
            (Side::Customer, Segment::from_seconds(3.72, 4.72).unwrap())
        );
        let words = first.words.as_ref().unwrap();
        assert_eq!(words.len(), 2);
        assert_eq!(words[1].time, Segment::from_seconds(4.32, 4.72));
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_persons_words_stand_in_without_times() {
        let (transcript, _) = parse(serde_json::from_str(SMALL).unwrap()).unwrap();
        let words = transcript.utterances[1].words.as_ref().unwrap();
        assert_eq!(
            words.iter().map(|w| w.time).collect::<Vec<_>>(),
            [None, None]
        );
    }

    #[test]
    fn times_that_do_not_fit_the_words_are_left_out_and_said() {
        let json = SMALL.replace("[0, 400, 600]", "[0, 400]");
        let (transcript, warnings) = parse(serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(
            transcript.utterances[0].words.as_ref().unwrap()[0].time,
            None
        );
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn numbers_that_would_overflow_are_refused() {
        let json = SMALL.replace("3720", "9223372036854775807");
        assert!(parse(serde_json::from_str(&json).unwrap()).is_err());
    }
}
