//! Vosk with word times.
//!
//! Each object `{"result": [{"conf", "start", "end", "word"}], "text"}` is an utterance, in
//! seconds; a stream is one object after another, or a JSON list of them. `{"partial": …}` is what
//! a later object says better, and an empty `text` is silence. Without `result` the words of `text`
//! go without times. Of `alternatives` the first is taken. There is one channel.

use super::common::without_marks;
use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, words_of};
use crate::transcript::times::{Seconds, Times};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    result: Option<Vec<Word>>,
    text: Option<String>,
    alternatives: Option<Vec<Alternative>>,
}

#[derive(Deserialize)]
struct Alternative {
    result: Option<Vec<Word>>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Word {
    word: Option<String>,
    start: Option<Seconds>,
    end: Option<Seconds>,
}

/// Every key of an answer.
const KEYS: [&str; 7] = [
    "result",
    "text",
    "alternatives",
    "partial",
    "partial_result",
    "spk",
    "spk_frames",
];

pub(super) fn matches(content: &Content<'_>) -> bool {
    let answers = |path: &str, prefix: &str| {
        let has = |key: &str| content.has(&format!("{prefix}{key}"));
        content.only(path, &KEYS)
            && (has("text") || has("partial") || has("result[].conf") || has("alternatives[].text"))
    };
    answers("", "") || answers("[]", "[].")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    const WANTED: &str = "answers of Vosk";
    let answers: Vec<Answer> = match content.has("[]") {
        true => content.json(WANTED)?,
        false => content.json_stream(WANTED)?,
    };
    let mut draft = Draft::default();
    for answer in answers {
        let best = answer.alternatives.and_then(|a| a.into_iter().next());
        let (result, text) = match best {
            Some(best) => (best.result, best.text),
            None => (answer.result, answer.text),
        };
        let words: Vec<SaidWord> = match result {
            Some(words) if !words.is_empty() => words.into_iter().map(said).collect(),
            _ => words_of(text.as_deref().unwrap_or_default()),
        };
        let words = without_marks(words);
        if !words.is_empty() {
            draft.said.push(Said {
                speaker: Speaker::Unknown,
                times: None,
                words: Some(words),
                emotion: None,
            });
        }
    }
    Ok(draft)
}

fn said(word: Word) -> SaidWord {
    let times = Times::of(word.start, word.end);
    SaidWord::new(word.word.unwrap_or_default(), times)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::timeline::Segment;
    use crate::transcript::{Format, Transcript, testing};

    pub(in super::super) const SMALL: &str = r#"{"partial": ""}
        {"partial": "алло"}
        {"result": [{"conf": 0.9, "end": 0.75, "start": 0.5, "word": "алло"},
                    {"conf": 1.0, "end": 1.5, "start": 1.0, "word": "[unk]"},
                    {"conf": 1.0, "end": 2.5, "start": 2.0, "word": "здравствуйте"}],
         "spk": [0.5, -1.5], "spk_frames": 120, "text": "алло [unk] здравствуйте"}
        {"text": ""}
        {"result": [{"conf": 1.0, "end": 4.5, "start": 4.0, "word": "да"}], "text": "да"}"#;

    fn read(json: &str) -> Transcript {
        let (transcript, odd, format) = testing::parse_side(json, Side::Customer).unwrap();
        assert_eq!(format, Format::Vosk);
        assert!(odd.is_empty(), "{odd:?}");
        transcript
    }

    #[test]
    fn each_object_is_an_utterance() {
        let transcript = read(SMALL);
        let [first, second] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!(first.segment, Segment::from_seconds(0.5, 2.5).unwrap());
        let words = first.words.as_ref().unwrap();
        assert_eq!(words.len(), 2);
        assert_eq!(words[1].time, Segment::from_seconds(2.0, 2.5));
        assert_eq!(second.segment, Segment::from_seconds(4.0, 4.5).unwrap());
    }

    #[test]
    fn a_list_of_objects_is_the_same() {
        let objects: Vec<serde_json::Value> = serde_json::Deserializer::from_str(SMALL)
            .into_iter()
            .map(|v| v.unwrap())
            .collect();
        let list = serde_json::to_string(&objects).unwrap();
        assert_eq!(read(&list), read(SMALL));
    }

    #[test]
    fn text_alone_is_words_without_times() {
        let transcript = read(r#"{"text": "да нет"} {"text": ""}"#);
        assert_eq!(transcript.loose_words.len(), 2);
        assert!(read(r#"{"text": ""}"#).loose_words.is_empty());
    }

    #[test]
    fn the_first_alternative_is_taken() {
        let json = r#"{"alternatives": [
            {"confidence": 210.5, "result": [{"start": 1, "end": 2, "word": "да"}], "text": "да"},
            {"confidence": 200.5, "text": "дай"}]}"#;
        assert_eq!(testing::text_of(&read(json), Side::Customer), "да");
    }

    #[test]
    fn a_broken_stream_names_its_object() {
        let json = SMALL.replacen("0.75", "\"x\"", 1);
        let error = testing::parse_side(&json, Side::Agent).unwrap_err();
        assert!(error.place().contains("document 3"), "{error}");
    }
}
