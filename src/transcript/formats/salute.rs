//! Sber SaluteSpeech, asynchronous recognition result.
//!
//! A list with one entry per utterance: `results[0]` is the best hypothesis with
//! `word_alignments` (text seconds, `"0.560s"`, in the audio stream), `emotions_result` the
//! emotion, `channel` the channel from 0. Keys are in either case, and values of zero may be left out.
//!
//! A file with nothing but channel 0 may be of a mono recording: its one channel is nobody's until a
//! side is declared.
//!
//! The hypothesis has a `start` and an `end` of its own, which the interface's description lays
//! from the start of the current utterance; the word times are laid from the start of the stream.
//! So the utterance runs from its first word to its last, and over `processed_audio_start` to
//! `processed_audio_end` only when no word has a time.

use crate::error::Result;
use crate::transcript::Emotion;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, or_text};
use crate::transcript::lenient::{
    Whole, doubt_lone_channel, from_zero, null_as_default, unless_timed,
};
use crate::transcript::times::Proto;
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "null_as_default")]
    results: Vec<Hypothesis>,
    #[serde(alias = "emotionsResult")]
    emotions_result: Option<Emotions>,
    #[serde(alias = "processedAudioStart")]
    processed_audio_start: Option<Proto>,
    #[serde(alias = "processedAudioEnd")]
    processed_audio_end: Option<Proto>,
    channel: Option<Whole>,
}

#[derive(Deserialize)]
struct Emotions {
    #[serde(default, deserialize_with = "null_as_default")]
    positive: f64,
    #[serde(default, deserialize_with = "null_as_default")]
    neutral: f64,
    #[serde(default, deserialize_with = "null_as_default")]
    negative: f64,
}

impl Emotions {
    /// Returns the emotion; `None` where all are zero, which says nothing.
    fn told(self) -> Option<Emotion> {
        let emotion = Emotion {
            positive: self.positive,
            neutral: self.neutral,
            negative: self.negative,
        };
        let any = [self.positive, self.neutral, self.negative]
            .iter()
            .any(|p| *p != 0.0);
        any.then_some(emotion)
    }
}

#[derive(Deserialize)]
struct Hypothesis {
    #[serde(default, deserialize_with = "null_as_default")]
    text: String,
    #[serde(
        default,
        alias = "wordAlignments",
        deserialize_with = "null_as_default"
    )]
    word_alignments: Vec<Aligned>,
}

#[derive(Deserialize)]
struct Aligned {
    #[serde(default, deserialize_with = "null_as_default")]
    word: String,
    start: Option<Proto>,
    end: Option<Proto>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let own = ["processed_audio_start", "processedAudioStart"];
    content.has("[].results") && own.iter().any(|key| content.has(&format!("[].{key}")))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let entries: Vec<Entry> = content.json("a SaluteSpeech recognition result")?;
    let mut draft = Draft::default();
    for (i, entry) in entries.into_iter().enumerate() {
        let Some(best) = entry.results.into_iter().next() else {
            continue;
        };
        let emotion = entry.emotions_result.and_then(Emotions::told);
        if let Some(emotion) = &emotion {
            emotion.check(&format!("[{i}]"))?;
        }
        let aligned = best.word_alignments.into_iter();
        let words = or_text(
            aligned.map(|w| SaidWord::new(w.word, from_zero(w.start, w.end))),
            &best.text,
        );
        let processed = from_zero(entry.processed_audio_start, entry.processed_audio_end);
        if !words.is_empty() {
            draft.said.push(Said {
                speaker: Speaker::Channel(entry.channel.map_or(0, |c| c.0)),
                times: unless_timed(&words, processed),
                words: Some(words),
                emotion,
            });
        }
    }
    doubt_lone_channel(&mut draft);
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{AgentChannel, Side};
    use crate::error::ErrorKind;
    use crate::timeline::Segment;
    use crate::transcript::{Oddity, Transcript, testing};

    fn read(json: &str, agent: Option<AgentChannel>) -> Result<(Transcript, Vec<Oddity>)> {
        testing::parse(json, agent)
    }

    const SMALL: &str = r#"[
      {"results": [{"text": "добрый день", "normalized_text": "Добрый день.", "start": "0s", "end": "1.2s",
        "word_alignments": [{"word": "добрый", "start": "0.500s", "end": "0.900s"},
                            {"word": "день", "start": "1.000s", "end": "1.400000001s"}]}],
       "eou": true, "emotions_result": {"positive": 0.7, "neutral": 0.2, "negative": 0.1},
       "processed_audio_start": "0s", "processed_audio_end": "2s", "channel": 0},
      {"results": [{"text": "да", "word_alignments": []}], "processed_audio_start": "2s",
       "processed_audio_end": "3s", "channel": 1},
      {"results": [], "processed_audio_start": "3s", "processed_audio_end": "4s", "channel": 0}]"#;

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
    fn the_other_case_reads_alike_and_zeros_may_be_left_out() {
        let (transcript, _) = read(SMALL, Some(AgentChannel::Left)).unwrap();
        let keys = [
            ("word_alignments", "wordAlignments"),
            ("emotions_result", "emotionsResult"),
            ("processed_audio_start", "processedAudioStart"),
            ("processed_audio_end", "processedAudioEnd"),
            (r#""channel": 0"#, r#""channel": null"#),
            (r#""channel": 1"#, r#""channel": "1""#),
        ];
        let camel = keys
            .iter()
            .fold(SMALL.to_owned(), |t, (a, b)| t.replace(a, b));
        assert_eq!(
            read(&camel, Some(AgentChannel::Left)).unwrap().0,
            transcript
        );
        let zeros = SMALL
            .replace(r#""start": "0.500s", "#, "")
            .replace(r#", "negative": 0.1"#, "")
            .replace(r#""results": []"#, r#""results": null"#);
        let (transcript, _) = read(&zeros, Some(AgentChannel::Left)).unwrap();
        let first = &transcript.utterances[0];
        assert_eq!(first.segment.start(), crate::timeline::Time::ZERO);
        assert_eq!(first.emotion.unwrap().negative, 0.0);
    }

    #[test]
    fn times_that_are_none_name_their_place() {
        let error = read(&SMALL.replace("0.900s", "0.9"), Some(AgentChannel::Left)).unwrap_err();
        assert!(
            error
                .place()
                .starts_with("[0].results[0].word_alignments[0].end"),
            "{error}"
        );
    }
}
