//! whisper.cpp, `-oj` and `-ojf`.
//!
//! `transcription[]` has `offsets` in milliseconds and `text`; with `-ojf` also `tokens[]`, pieces
//! of words of which a leading blank begins a new one. A word lasts from its first token with a
//! time to its last; tokens of punctuation alone belong to the word but not to its time, because
//! pauses hide there. Tokens as `[_BEG_]`, `[_TT_123]` and `<|ru|>` are no text.
//!
//! A token may hold half of a character, and is then no UTF-8; `text` has the characters whole. So
//! the words are those of `text`, and take the times of the words joined from the tokens when both
//! are of one number. If they are not, the joined words hold when no character of theirs is broken,
//! else those of `text` without times.
//!
//! `speaker` is `"0"`, `"1"` or `"?"`, the channel that is louder (`-di`); without it there is one
//! channel. `speaker_turn_next` (`-tdrz`) does not tell who speaks, so it is not used.

use super::common::without_marks;
use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, words_of};
use crate::transcript::lenient::Label;
use crate::transcript::times::{Millis, Times};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    transcription: Option<Vec<Segment>>,
}

#[derive(Deserialize)]
struct Segment {
    offsets: Option<Offsets>,
    text: Option<String>,
    tokens: Option<Vec<Token>>,
    speaker: Option<Label>,
}

#[derive(Clone, Copy, Deserialize)]
struct Offsets {
    from: Option<Millis>,
    to: Option<Millis>,
}

#[derive(Deserialize)]
struct Token {
    text: Option<String>,
    offsets: Option<Offsets>,
}

impl Offsets {
    fn times(self) -> Option<Times> {
        Times::of(self.from, self.to)
    }
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let written = content.has("systeminfo") || content.has("transcription[].offsets");
    content.has("transcription") && written
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json_lossy("whisper.cpp's JSON")?;
    let segments = document.transcription.unwrap_or_default().into_iter();
    let said = segments.map(|segment| Said {
        speaker: speaker(segment.speaker.as_ref()),
        times: segment.offsets.and_then(Offsets::times),
        words: Some(words(
            segment.text.as_deref().unwrap_or_default(),
            segment.tokens.as_deref().unwrap_or_default(),
        )),
        emotion: None,
    });
    Ok(Draft {
        said: said.collect(),
        ..Draft::default()
    })
}

fn speaker(label: Option<&Label>) -> Speaker {
    match label.and_then(Label::text) {
        None | Some("?") => Speaker::Unknown,
        Some(label) => match label.parse() {
            Ok(channel) => Speaker::Channel(channel),
            Err(_) => Speaker::named(label),
        },
    }
}

fn words(text: &str, tokens: &[Token]) -> Vec<SaidWord> {
    let whole = words_of(text);
    let joined = joined(tokens);
    let words = if whole.len() == joined.len() {
        let pairs = whole.into_iter().zip(joined);
        pairs
            .map(|(whole, joined)| SaidWord {
                times: joined.times,
                ..whole
            })
            .collect()
    } else if !joined.is_empty() && !joined.iter().any(|w| is_broken(&w.text)) {
        joined
    } else {
        whole
    };
    without_marks(words)
}

/// Joins tokens to words.
fn joined(tokens: &[Token]) -> Vec<SaidWord> {
    let mut words: Vec<SaidWord> = Vec::new();
    for token in tokens {
        let text = token.text.as_deref().unwrap_or_default();
        if text.is_empty() || is_special(text.trim()) {
            continue;
        }
        if words.is_empty() || text.starts_with(char::is_whitespace) {
            words.push(SaidWord::new("", None));
        }
        let Some(word) = words.last_mut() else {
            continue;
        };
        word.text.push_str(text.trim());
        let spoken = text.chars().any(char::is_alphanumeric) || is_broken(text);
        let times = token.offsets.and_then(Offsets::times).filter(|_| spoken);
        word.times = match (word.times, times) {
            (Some(so_far), Some(times)) => Times::of(Some(so_far.start), Some(times.end)),
            (so_far, times) => so_far.or(times),
        };
    }
    words.retain(|w| !w.text.is_empty());
    words
}

fn is_special(token: &str) -> bool {
    let within = |start, end| token.starts_with(start) && token.ends_with(end);
    within("[_", "_]") || token.starts_with("[_TT_") || within("<|", "|>")
}

fn is_broken(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline;
    use crate::transcript::draft::Whose;
    use crate::transcript::{Format, read, testing};

    pub(in super::super) const SMALL: &str = r#"{"systeminfo": "AVX = 1", "model": {"type": "tiny"},
      "params": {"language": "ru"}, "result": {"language": "ru"}, "transcription": [
      {"timestamps": {"from": "00:00:00,500", "to": "00:00:02,000"}, "offsets": {"from": 500, "to": 2000},
       "text": " Доброе утро, друг", "tokens": [
         {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}, "id": 50364, "p": 0.9, "t_dtw": -1},
         {"text": " Доб", "offsets": {"from": 500, "to": 700}, "id": 1, "p": 0.9, "t_dtw": -1},
         {"text": "рое", "offsets": {"from": 700, "to": 900}, "id": 2, "p": 0.9, "t_dtw": -1},
         {"text": " утро", "offsets": {"from": 1000, "to": 1250}, "id": 3, "p": 0.9, "t_dtw": -1},
         {"text": ",", "offsets": {"from": 1250, "to": 1750}, "id": 4, "p": 0.9, "t_dtw": -1},
         {"text": " друг", "id": 5, "p": 0.9, "t_dtw": -1},
         {"text": "[_TT_100]", "offsets": {"from": 2000, "to": 2000}, "id": 50464, "p": 0.1, "t_dtw": -1}],
       "speaker": "0"},
      {"offsets": {"from": 2500, "to": 3000}, "text": " Да [BLANK_AUDIO]", "speaker": "1"},
      {"offsets": {"from": 3500, "to": 4000}, "text": " Оба", "speaker": "?"}]}"#;

    #[test]
    fn tokens_are_joined_to_words() {
        let (transcript, odd) = testing::parse(SMALL, Some(AgentChannel::Left)).unwrap();
        let words = transcript.utterances[0].words.as_ref().unwrap();
        let times: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.time)).collect();
        let segment = timeline::Segment::from_seconds;
        assert_eq!(
            times,
            [
                ("Доброе", segment(0.5, 0.9)),
                ("утро,", segment(1.0, 1.25)),
                ("друг", None)
            ]
        );
        assert_eq!(testing::text_of(&transcript, Side::Customer), "Да");
        assert_eq!(odd[0].code, "transcript_speakers");
    }

    #[test]
    fn a_file_of_one_channel_is_of_its_side() {
        let json = SMALL
            .replace(r#""speaker": "0""#, r#""speaker_turn_next": true"#)
            .replace(r#", "speaker": "1""#, "")
            .replace(r#", "speaker": "?""#, "");
        let (transcript, odd, format) = testing::parse_side(&json, Side::Agent).unwrap();
        assert_eq!(
            (transcript.utterances.len(), format),
            (3, Format::WhisperCpp)
        );
        assert!(odd.is_empty());
    }

    fn bytes(json: &[u8]) -> String {
        let whose = Whose {
            side: None,
            agent_channel: Some(AgentChannel::Left),
            agent_speaker: None,
        };
        let read = read::parse(json, None, &whose).unwrap();
        let words = read.transcript.utterances[0].words.as_ref().unwrap();
        let shown = words.iter().map(|w| match w.time {
            Some(time) => format!("{}@{}", w.text, time.start().seconds()),
            None => w.text.clone(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    /// Replaces text by bytes that need be no text.
    fn with(from: &str, to: &[u8]) -> Vec<u8> {
        let (before, after) = SMALL.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    }

    #[test]
    fn half_characters_leave_the_words_whole() {
        let halves = b"\"text\": \" \xD0\x94\xD0\xBE\xD0\"";
        assert_eq!(
            bytes(&with(r#""text": " Доб""#, halves)),
            "Доброе@0.5 утро,@1 друг"
        );
        let replaced = SMALL.replace(r#"{"text": " утро""#, "{\"text\": \" ут\u{FFFD}\"");
        assert_eq!(bytes(replaced.as_bytes()), "Доброе@0.5 утро,@1 друг");
    }

    #[test]
    fn tokens_that_do_not_fit_the_text() {
        let more = SMALL.replace(r#"{"text": "рое""#, r#"{"text": " рое""#);
        assert_eq!(bytes(more.as_bytes()), "Доб@0.5 рое@0.7 утро,@1 друг");
        let broken = more.replace(r#"{"text": " утро""#, "{\"text\": \" ут\u{FFFD}\"");
        assert_eq!(bytes(broken.as_bytes()), "Доброе утро, друг");
    }

    #[test]
    fn a_missing_comma_is_explained() {
        let broken = SMALL.replacen(
            r#""speaker": "0""#,
            "\"speaker\": \"0\"\n\"speaker_turn_next\": false",
            1,
        );
        let error = testing::parse(&broken, None).unwrap_err();
        assert!(error.hint_text().unwrap().contains("-tdrz"), "{error}");
    }

    #[test]
    fn malformed_times_name_their_place() {
        let json = SMALL.replacen(r#""from": 500"#, r#""from": "half""#, 1);
        let error = testing::parse(&json, Some(AgentChannel::Left)).unwrap_err();
        assert!(
            error.place().starts_with("transcription[0].offsets.from"),
            "{error}"
        );
    }
}
