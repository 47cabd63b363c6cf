//! HarperValleyBank transcript JSON.
//!
//! A list with one entry per segment. `offset_ms` is its start on the call clock (`start_ms` is
//! its place in the speaker's own file, which may begin later), `duration_ms` its length;
//! `transcript` is the recogniser's text, whose words have `word_offsets_ms` from the start of the
//! segment and `word_durations_ms`; `human_transcript` is what a person wrote.
//!
//! The recogniser's words are taken, since they have times; the person's words, without times,
//! where the recogniser has none. Marks such as `[noise]` and `<unk>` are no words.

use crate::call::Side;
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker};
use crate::transcript::times::{Millis, Times};
use crate::transcript::{Emotion, Oddity};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    speaker_role: String,
    offset_ms: Millis,
    duration_ms: Millis,
    #[serde(default)]
    transcript: String,
    #[serde(default)]
    human_transcript: String,
    #[serde(default)]
    word_offsets_ms: Vec<Millis>,
    #[serde(default)]
    word_durations_ms: Vec<Millis>,
    emotion: Option<Emotion>,
}

/// Tells a mark, as `[noise]`, from a word.
fn is_mark(token: &str) -> bool {
    token.starts_with('[') || token.starts_with('<')
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.has("[].speaker_role") && content.has("[].offset_ms")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let entries: Vec<Entry> = content.json("a HarperValleyBank transcript")?;
    let mut draft = Draft::default();
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
        if let Some(emotion) = &entry.emotion {
            emotion.check(&place)?;
        }
        let (words, odd) = words(entry);
        draft
            .oddities
            .extend(odd.map(|odd| Oddity::new("transcript_times", format!("{place} {odd}"))));
        draft.said.push(Said {
            speaker: Speaker::Side(side),
            times: Times::lasting(Some(entry.offset_ms.0), Some(entry.duration_ms.0)),
            words: Some(words),
            emotion: entry.emotion,
        });
    }
    Ok(draft)
}

/// Returns the words of a segment, and what is odd about their times.
fn words(entry: &Entry) -> (Vec<SaidWord>, Option<String>) {
    let tokens: Vec<&str> = entry.transcript.split_whitespace().collect();
    let (starts, lengths) = (&entry.word_offsets_ms, &entry.word_durations_ms);
    let timed = tokens.len() == starts.len() && tokens.len() == lengths.len();
    let odd = (!timed).then(|| {
        format!(
            "has {} words, {} word offsets and {} word lengths; its words go without times",
            tokens.len(),
            starts.len(),
            lengths.len(),
        )
    });
    let words = tokens.iter().enumerate().filter(|(_, t)| !is_mark(t));
    let words: Vec<SaidWord> = words
        .map(|(j, token)| {
            let start = || entry.offset_ms.0 + (starts[j].0 - Time::ZERO);
            let times = timed.then(|| Times::lasting(Some(start()), Some(lengths[j].0)));
            SaidWord::new(*token, times.flatten())
        })
        .collect();
    if words.is_empty() {
        let human = entry.human_transcript.split_whitespace();
        let human = human.filter(|t| !is_mark(t));
        return (human.map(|t| SaidWord::new(t, None)).collect(), odd);
    }
    (words, odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;
    use crate::transcript::{Transcript, testing};

    fn read(json: &str) -> Result<(Transcript, Vec<Oddity>)> {
        testing::parse(json, None)
    }

    const SMALL: &str = r#"[{"speaker_role": "caller", "offset_ms": 3720, "start_ms": 1669, "duration_ms": 1000,
        "transcript": "hello [noise] bank", "human_transcript": "hello the bank",
        "word_offsets_ms": [0, 400, 600], "word_durations_ms": [300, 100, 400],
        "emotion": {"neutral": 0.3, "negative": 0.1, "positive": 0.6}},
       {"speaker_role": "agent", "offset_ms": 5000, "duration_ms": 500, "transcript": "<unk>",
        "human_transcript": "uh huh", "word_offsets_ms": [0], "word_durations_ms": [500]}]"#;

    #[test]
    fn words_lie_on_the_call_clock() {
        let (transcript, warnings) = read(SMALL).unwrap();
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
        let (transcript, _) = read(SMALL).unwrap();
        let words = transcript.utterances[1].words.as_ref().unwrap();
        assert_eq!(
            words.iter().map(|w| w.time).collect::<Vec<_>>(),
            [None, None]
        );
    }

    #[test]
    fn times_that_do_not_fit_the_words_are_left_out_and_said() {
        let json = SMALL.replace("[0, 400, 600]", "[0, 400]");
        let (transcript, warnings) = read(&json).unwrap();
        assert_eq!(
            transcript.utterances[0].words.as_ref().unwrap()[0].time,
            None
        );
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn numbers_that_would_overflow_are_refused() {
        let json = SMALL.replace("3720", "9223372036854775807");
        assert!(read(&json).is_err());
        let most = "2999999999999";
        let json = [
            ("3720", most),
            ("[0, 400, 600]", "[0, 400, 2999999999999]"),
            ("[300, 100, 400]", "[300, 100, 2999999999999]"),
        ]
        .into_iter()
        .fold(SMALL.to_owned(), |json, (from, to)| json.replace(from, to));
        assert!(read(&json).is_ok());
    }
}
