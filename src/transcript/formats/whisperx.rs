//! WhisperX: aligned words with speakers.
//!
//! As openai-whisper's JSON, with the words once more under `word_segments` and a `speaker` on
//! segments and words. A word that could not be aligned has no times, and perhaps no speaker: it
//! stays where it stands. A segment in which speakers change is cut there (see
//! [`runs`](super::common::runs)).

use super::whisper::Segment;
use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::Draft;
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    segments: Option<Vec<Segment>>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    // Without alignment there are no `word_segments`; unlike Whisper's own JSON, no `text` either.
    let unaligned = content.has("segments[].text") && content.has("language");
    let whisper = content.has("text") || content.has("segments[].avg_logprob");
    content.has("word_segments") || unaligned && !whisper && !content.has("metadata")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("WhisperX's JSON")?;
    let segments = document.segments.unwrap_or_default();
    Ok(Draft {
        said: segments.into_iter().flat_map(Segment::said).collect(),
        ..Draft::default()
    })
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::timeline::Segment;
    use crate::transcript::{Format, Transcript, testing};

    pub(in super::super) const SMALL: &str = r#"{"segments": [
      {"start": 0.5, "end": 4.0, "text": " Ваш заказ 15. Спасибо большое", "speaker": "SPEAKER_01",
       "words": [{"word": "Ваш", "start": 0.5, "end": 0.75, "score": 0.7, "speaker": "SPEAKER_01"},
                 {"word": "заказ", "start": 0.75, "end": 1.25, "score": 0.8, "speaker": "SPEAKER_01"},
                 {"word": "15."},
                 {"word": "Спасибо", "start": 3.0, "end": 3.5, "score": null, "speaker": "SPEAKER_00"},
                 {"word": "большое", "start": 3.5, "end": 3.75, "speaker": null}]},
      {"start": 5.0, "end": 6.0, "text": "До свидания", "words": [], "speaker": "SPEAKER_01"}],
      "word_segments": [{"word": "Ваш", "start": 0.5, "end": 0.75}, {"word": "15."}], "language": "ru"}"#;

    fn spans(transcript: &Transcript) -> Vec<(Side, Segment, usize)> {
        let all = transcript.utterances.iter();
        all.map(|u| (u.side, u.segment, u.words.as_ref().unwrap().len()))
            .collect()
    }

    #[test]
    fn segments_are_cut_where_the_speaker_changes() {
        let (transcript, odd) = testing::parse_named(SMALL, "speaker_01").unwrap();
        let segment = |start, end| Segment::from_seconds(start, end).unwrap();
        assert_eq!(
            spans(&transcript),
            [
                (Side::Agent, segment(0.5, 1.25), 3),
                (Side::Customer, segment(3.0, 3.75), 2),
                (Side::Agent, segment(5.0, 6.0), 2),
            ]
        );
        let words = transcript.utterances[0].words.as_ref().unwrap();
        assert_eq!((words[2].text.as_str(), words[2].time), ("15.", None));
        assert!(odd.is_empty());
    }

    #[test]
    fn a_segment_of_one_speaker_keeps_its_times() {
        let json = SMALL.replace("SPEAKER_00", "SPEAKER_01");
        let (transcript, _, format) = testing::parse_side(&json, Side::Customer).unwrap();
        assert_eq!(format, Format::WhisperX);
        assert_eq!(
            spans(&transcript)[0].1,
            Segment::from_seconds(0.5, 4.0).unwrap()
        );
    }

    #[test]
    fn silence_and_unaligned_segments_are_read() {
        let json = r#"{"segments": [], "word_segments": [], "language": "ru"}"#;
        assert!(testing::parse(json, None).unwrap().0.utterances.is_empty());
        let json = r#"{"segments": [{"start": 1, "end": 2, "text": " да"}], "language": "ru"}"#;
        let (transcript, ..) = testing::parse_side(json, Side::Agent).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Agent), "да");
    }

    #[test]
    fn malformed_words_name_their_place() {
        let json = SMALL.replacen(r#""speaker": "SPEAKER_00""#, r#""speaker": {}"#, 1);
        let error = testing::parse_named(&json, "SPEAKER_01").unwrap_err();
        assert!(
            error.place().starts_with("segments[0].words[3].speaker"),
            "{error}"
        );
    }
}
