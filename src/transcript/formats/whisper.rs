//! openai-whisper and the tools that copy its JSON: whisper-ctranslate2, faster-whisper servers,
//! `verbose_json` answers.
//!
//! `segments[]` with `start`, `end`, `text` in seconds, and `words[]` when word times were asked
//! for; else the words of `text` go without times. Some servers put all words in a `words[]` at the
//! top: then they stand for themselves, and the segments are turns. There is one channel, so who
//! speaks is unknown, unless a tool added a `speaker` to segments or words.
//!
//! Silence is `"segments": []`.

use super::common::{runs, without_marks};
use crate::error::Result;
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, words_of};
use crate::transcript::lenient::Label;
use crate::transcript::times::{Seconds, Times};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    text: Option<String>,
    segments: Option<Vec<Segment>>,
    words: Option<Vec<Word>>,
    duration: Option<Seconds>,
}

#[derive(Deserialize)]
pub(super) struct Segment {
    start: Option<Seconds>,
    end: Option<Seconds>,
    text: Option<String>,
    words: Option<Vec<Word>>,
    speaker: Option<Label>,
}

#[derive(Deserialize)]
struct Word {
    word: Option<String>,
    /// What other tools call it; some write both.
    text: Option<String>,
    start: Option<Seconds>,
    end: Option<Seconds>,
    speaker: Option<Label>,
}

impl Word {
    fn said(self) -> (Option<Speaker>, SaidWord) {
        let times = Times::of(self.start, self.end);
        let word = SaidWord::new(self.word.or(self.text).unwrap_or_default(), times);
        (self.speaker.map(|label| label.speaker()), word)
    }
}

impl Segment {
    /// Returns what it says, cut where the speaker changes.
    pub(super) fn said(self) -> Vec<Said> {
        let speaker = self.speaker.map(|label| label.speaker());
        let words: Vec<_> = match self.words {
            Some(words) if !words.is_empty() => words.into_iter().map(Word::said).collect(),
            _ => {
                let words = words_of(self.text.as_deref().unwrap_or_default());
                words.into_iter().map(|word| (None, word)).collect()
            }
        };
        runs(speaker, Times::of(self.start, self.end), words)
    }
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let text = content.has("text") && !content.has("results") && !content.has("transcript");
    let spoken = content.has("segments") || content.has("language") && content.has("words[].word");
    (content.has("segments[].avg_logprob") || text && spoken) && !content.has("word_segments")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("Whisper's JSON")?;
    let mut draft = Draft {
        duration: document.duration.map(|d| d.0 - Time::ZERO),
        ..Draft::default()
    };
    let apart = document.words.filter(|words| !words.is_empty());
    let segments = document.segments.unwrap_or_default();
    let nothing_else = segments.is_empty() && apart.is_none();
    let within = |segment: &Segment| segment.words.as_ref().is_some_and(|w| !w.is_empty());
    match apart {
        Some(words) if !segments.iter().any(within) => {
            let turns = segments.into_iter().flat_map(Segment::said);
            draft.said.extend(turns.map(|said| Said {
                words: None,
                ..said
            }));
            let words = words.into_iter().map(Word::said);
            let named = words.map(|(who, word)| (who.unwrap_or(Speaker::Unknown), word));
            draft.loose.extend(named);
        }
        _ => draft
            .said
            .extend(segments.into_iter().flat_map(Segment::said)),
    }
    let text = document.text.unwrap_or_default();
    if nothing_else && !text.trim().is_empty() {
        draft.said.push(Said {
            speaker: Speaker::Unknown,
            times: None,
            words: Some(without_marks(words_of(&text))),
            emotion: None,
        });
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::error::ErrorKind;
    use crate::timeline::Segment;
    use crate::transcript::{Format, testing};

    pub(in super::super) const SMALL: &str = r#"{"text": " Добрый день. Слушаю", "segments": [
      {"id": 0, "seek": 0, "start": 0.5, "end": 1.75, "text": " Добрый день.", "tokens": [1, 2],
       "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 0.9, "no_speech_prob": 0.01,
       "words": [{"word": " Добрый", "start": 0.5, "end": 1.0, "probability": 0.9},
                 {"word": " день.", "start": "1.0", "end": 1.5, "probability": 0.8},
                 {"word": " [смех]", "start": 1.5, "end": 1.6, "probability": 0.8}]},
      {"id": 1, "start": 2.0, "end": 3.0, "text": " Слушаю [шум] вас", "avg_logprob": -0.3}],
      "language": "ru"}"#;

    #[test]
    fn words_have_times_where_they_were_asked_for() {
        let (transcript, odd, format) = testing::parse_side(SMALL, Side::Agent).unwrap();
        assert_eq!(format, Format::Whisper);
        let [first, second] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!(first.segment, Segment::from_seconds(0.5, 1.75).unwrap());
        let words = first.words.as_ref().unwrap();
        assert_eq!((words.len(), words[0].text.as_str()), (2, "Добрый"));
        assert_eq!(words[1].time, Segment::from_seconds(1.0, 1.5));
        let words = second.words.as_ref().unwrap();
        assert_eq!(words.len(), 2);
        assert!(words.iter().all(|w| w.time.is_none()));
        assert_eq!(
            testing::text_of(&transcript, Side::Agent),
            "Добрый день. Слушаю вас"
        );
        assert!(odd.is_empty());
    }

    #[test]
    fn one_channel_asks_for_its_side() {
        let error = testing::parse(SMALL, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains("side"), "{error}");
    }

    #[test]
    fn silence_is_an_empty_transcript() {
        let json = r#"{"text": "", "segments": [], "language": "ru"}"#;
        let (transcript, odd) = testing::parse(json, None).unwrap();
        assert!(transcript.utterances.is_empty() && odd.is_empty());
    }

    #[test]
    fn words_at_the_top_are_not_doubled_by_the_text_of_segments() {
        let json = r#"{"task": "transcribe", "language": "russian", "duration": "3.5", "text": "да нет",
            "words": [{"word": "да", "start": 0.5, "end": 1}, {"word": "нет", "start": 2, "end": 3}],
            "segments": [{"start": 0.4, "end": 3.2, "text": "да нет", "avg_logprob": -0.1}]}"#;
        let (transcript, ..) = testing::parse_side(json, Side::Customer).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Customer), "да нет");
        assert_eq!(transcript.utterances[0].words, None);
        assert_eq!(transcript.duration.unwrap().seconds(), 3.5);
        let (_, word) = &transcript.loose_words[1];
        assert_eq!(word.time, Segment::from_seconds(2.0, 3.0));
    }

    #[test]
    fn times_that_are_none_name_their_place() {
        let json = SMALL.replace(r#""end": 1.0"#, r#""end": "soon""#);
        let error = testing::parse_side(&json, Side::Agent).unwrap_err();
        assert!(
            error.place().starts_with("segments[0].words[0].end"),
            "{error}"
        );
    }

    #[test]
    fn a_word_may_be_written_twice() {
        let both = SMALL.replace(r#""word": "#, r#""text": "x", "word": "#);
        assert!(both != SMALL);
        let read = |text: &str| testing::parse_side(text, Side::Agent).unwrap().0;
        assert_eq!(read(&both), read(SMALL));
    }
}
