//! Azure Speech, batch transcription (v3), and the same with capital letters as Video Indexer
//! writes it.
//!
//! `recognizedPhrases[]` with `nBest`, the first of which holds: its `words` where word times were
//! requested, else the words of `lexical` (letters as spoken), else of `display`, without times.
//! Times are a start and a **length**, in ticks of 100 ns or ISO 8601. Phrases that were not
//! recognised (`recognitionStatus`) are passed over.
//!
//! `channel` counts from 0. Where any phrase, or the list of combined phrases, has a channel above
//! 0, channels tell who speaks and `speaker` is not read. Else the file is of a mono recording: the
//! `speaker` numbers of diarization are names, and without them nobody is told.

use crate::error::Result;
use crate::timeline::{Span, Time};
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker, words_of};
use crate::transcript::lenient::{Label, Whole, null_as_default, speaker, unless_timed};
use crate::transcript::times::{Iso, Ticks, Times};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(alias = "DurationInTicks")]
    duration_in_ticks: Option<Ticks>,
    #[serde(alias = "Duration")]
    duration: Option<Iso>,
    #[serde(
        default,
        alias = "CombinedRecognizedPhrases",
        deserialize_with = "null_as_default"
    )]
    combined_recognized_phrases: Vec<Combined>,
    #[serde(
        default,
        alias = "RecognizedPhrases",
        deserialize_with = "null_as_default"
    )]
    recognized_phrases: Vec<Phrase>,
}

#[derive(Deserialize)]
struct Combined {
    #[serde(alias = "Channel")]
    channel: Option<Whole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Phrase {
    #[serde(alias = "RecognitionStatus")]
    recognition_status: Option<Label>,
    #[serde(alias = "Channel")]
    channel: Option<Whole>,
    #[serde(alias = "Speaker")]
    speaker: Option<Label>,
    #[serde(alias = "Offset")]
    offset: Option<Iso>,
    #[serde(alias = "Duration")]
    duration: Option<Iso>,
    #[serde(alias = "OffsetInTicks")]
    offset_in_ticks: Option<Ticks>,
    #[serde(alias = "DurationInTicks")]
    duration_in_ticks: Option<Ticks>,
    #[serde(default, alias = "NBest", deserialize_with = "null_as_default")]
    n_best: Vec<Best>,
}

#[derive(Deserialize)]
struct Best {
    #[serde(default, alias = "Lexical", deserialize_with = "null_as_default")]
    lexical: String,
    #[serde(default, alias = "Display", deserialize_with = "null_as_default")]
    display: String,
    #[serde(default, alias = "Words", deserialize_with = "null_as_default")]
    words: Vec<Word>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Word {
    #[serde(default, alias = "Word", deserialize_with = "null_as_default")]
    word: String,
    #[serde(alias = "Offset")]
    offset: Option<Iso>,
    #[serde(alias = "Duration")]
    duration: Option<Iso>,
    #[serde(alias = "OffsetInTicks")]
    offset_in_ticks: Option<Ticks>,
    #[serde(alias = "DurationInTicks")]
    duration_in_ticks: Option<Ticks>,
}

/// Returns a time given in ticks, in ISO 8601, or both.
fn time(ticks: Option<Ticks>, iso: Option<Iso>) -> Option<Time> {
    ticks.map(|t| t.0).or(iso.map(|t| t.0))
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.has("recognizedPhrases") || content.has("RecognizedPhrases")
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("an Azure batch transcription")?;
    let combined = document.combined_recognized_phrases.iter();
    let phrases = document.recognized_phrases.iter();
    let mut channels = combined
        .map(|c| c.channel)
        .chain(phrases.map(|p| p.channel));
    let many = channels.any(|c| c.is_some_and(|c| c.0 > 0));
    let length = time(document.duration_in_ticks, document.duration);
    let mut draft = Draft {
        duration: length.map(|t| -> Span { t - Time::ZERO }),
        ..Draft::default()
    };
    for phrase in document.recognized_phrases {
        let status = phrase.recognition_status.as_ref().and_then(Label::text);
        // Video Indexer numbers the states; 0 is success.
        if status.is_some_and(|s| !s.eq_ignore_ascii_case("success") && s != "0") {
            continue;
        }
        let Some(best) = phrase.n_best.into_iter().next() else {
            continue;
        };
        let mut words: Vec<SaidWord> = best
            .words
            .into_iter()
            .map(|w| {
                let start = time(w.offset_in_ticks, w.offset);
                let length = time(w.duration_in_ticks, w.duration);
                SaidWord::new(w.word, Times::lasting(start, length))
            })
            .collect();
        for text in [&best.lexical, &best.display] {
            if words.is_empty() {
                words = words_of(text);
            }
        }
        let own = Times::lasting(
            time(phrase.offset_in_ticks, phrase.offset),
            time(phrase.duration_in_ticks, phrase.duration),
        );
        draft.said.push(Said {
            speaker: match many {
                true => Speaker::Channel(phrase.channel.map_or(0, |c| c.0)),
                false => speaker(phrase.speaker.as_ref()),
            },
            times: unless_timed(&words, own),
            words: Some(words),
            emotion: None,
        });
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, parse_named, parse_side, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"source": "a.wav", "durationInTicks": 50000000, "duration": "PT5S",
      "combinedRecognizedPhrases": [{"channel": 0, "lexical": "send it"}, {"channel": 1, "lexical": "by post"}],
      "recognizedPhrases": [
        {"recognitionStatus": "Success", "channel": 0, "speaker": 1, "offset": "PT0.1S", "duration": "PT1.5S", "offsetInTicks": 1000000.0, "durationInTicks": 15000000.0,
         "nBest": [{"confidence": 0.9, "lexical": "send it", "display": "Send it.", "words": [
           {"word": "send", "offset": "PT0.2S", "duration": "PT0.3S", "offsetInTicks": 2000000.0, "durationInTicks": 3000000.0},
           {"word": "it", "offset": "PT0.5S", "duration": "PT0.2S"}]}, {"lexical": "sent it"}]},
        {"recognitionStatus": "Success", "channel": 1, "speaker": 2, "offset": "PT2S", "duration": "PT1S", "nBest": [{"lexical": "by post", "display": "By post."}]},
        {"recognitionStatus": "NoMatch", "channel": 1, "offset": "PT3S", "duration": "PT1S", "nBest": [{"lexical": "hm"}]}]}"#;

    #[test]
    fn times_are_starts_and_lengths() {
        let (transcript, odd) = parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "send it");
        assert_eq!(text_of(&transcript, Side::Agent), "by post");
        let lain: Vec<_> = transcript.utterances.iter().map(|u| u.segment).collect();
        assert_eq!(Some(lain[0]), Segment::from_seconds(0.2, 0.7));
        assert_eq!(Some(lain[1]), Segment::from_seconds(2.0, 3.0));
        assert_eq!(transcript.duration, Some(Span::from_millis(5000)));
        assert!(odd.is_empty());
    }

    #[test]
    fn capital_letters_read_alike() {
        let keys = [
            "durationInTicks",
            "duration\"",
            "combinedRecognizedPhrases",
            "recognizedPhrases",
            "recognitionStatus",
            "channel",
            "speaker",
            "offset",
            "nBest",
            "lexical",
            "display",
            "words",
            "word\"",
        ];
        let text = keys.iter().fold(SMALL.to_owned(), |text, key| {
            let (first, rest) = key.split_at(1);
            let capital = format!("\"{}{rest}", first.to_uppercase());
            text.replace(&format!("\"{key}"), &capital)
        });
        assert!(text.contains("NBest") && text.contains("OffsetInTicks"));
        let agent = Some(AgentChannel::Right);
        assert_eq!(parse(SMALL, agent).unwrap(), parse(&text, agent).unwrap());
    }

    #[test]
    fn speakers_tell_in_mono_alone() {
        let mono = SMALL.replace(r#""channel": 1"#, r#""channel": 0"#);
        let (transcript, _) = parse_named(&mono, "2").unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "by post");
        let nobody = mono.replace("speaker", "x");
        assert!(parse(&nobody, Some(AgentChannel::Left)).is_err());
        assert!(parse_side(&nobody, Side::Agent).is_ok());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("PT0.5S", "0.5"), None).unwrap_err();
        let place = "recognizedPhrases[0].nBest[0].words[1].offset";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"recognizedPhrases": [], "combinedRecognizedPhrases": null}"#;
        assert!(parse(empty, None).unwrap().0.utterances.is_empty());
    }
}
