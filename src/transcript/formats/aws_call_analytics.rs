//! AWS Transcribe Call Analytics, the output of a batch job.
//!
//! `Transcript[]` with one entry per turn: `ParticipantRole` tells who speaks, `Items` the words
//! with times in milliseconds, punctuation among them without times. Where a turn has no items, the
//! words of its `Content` go without times.
//!
//! A turn lies from `BeginOffsetMillis` to `EndOffsetMillis`. No length is read:
//! `TotalConversationDurationMillis` is that of the conversation, not of the recording. `Sentiment`
//! is a scale of its own, from −5 to 5 or by name, no probabilities: it is not read as an emotion.

use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, or_text};
use crate::transcript::formats::contact_lens::{self, party};
use crate::transcript::lenient::null_as_default;
use crate::transcript::times::{Millis, Times};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default, deserialize_with = "null_as_default")]
    transcript: Vec<Turn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Turn {
    #[serde(default, deserialize_with = "null_as_default")]
    participant_role: String,
    #[serde(default, deserialize_with = "null_as_default")]
    content: String,
    begin_offset_millis: Option<Millis>,
    end_offset_millis: Option<Millis>,
    #[serde(default, deserialize_with = "null_as_default")]
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    #[serde(default, deserialize_with = "null_as_default")]
    r#type: String,
    #[serde(default, deserialize_with = "null_as_default")]
    content: String,
    begin_offset_millis: Option<Millis>,
    end_offset_millis: Option<Millis>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let own = [
        "ConversationCharacteristics",
        "Transcript[].ParticipantRole",
    ];
    content.has("Transcript")
        && own.iter().any(|key| content.has(key))
        && !contact_lens::matches(content)
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let document: Document = content.json("an AWS Call Analytics output")?;
    let mut draft = Draft::default();
    for turn in document.transcript {
        let items = turn.items.into_iter();
        let words = or_text(
            items
                .filter(|item| item.r#type != "punctuation")
                .map(|item| {
                    let lain = Times::of(item.begin_offset_millis, item.end_offset_millis);
                    SaidWord::new(item.content, lain)
                }),
            &turn.content,
        );
        draft.said.push(Said {
            speaker: party(&turn.participant_role),
            times: Times::of(turn.begin_offset_millis, turn.end_offset_millis),
            words: Some(words),
            emotion: None,
        });
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::timeline::Segment;
    use crate::transcript::testing::{parse, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"JobStatus": "COMPLETED", "Channel": "VOICE", "Participants": [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}],
      "Transcript": [
        {"Id": "a", "ParticipantRole": "CUSTOMER", "BeginOffsetMillis": 1000, "EndOffsetMillis": 2600, "Content": "My bill, please.", "Sentiment": "NEGATIVE", "LoudnessScores": [80.5, null],
         "Items": [{"Type": "pronunciation", "Content": "My", "Confidence": "0.9", "BeginOffsetMillis": 1100, "EndOffsetMillis": 1300},
           {"Type": "pronunciation", "Content": "bill", "BeginOffsetMillis": "1300", "EndOffsetMillis": "1800"},
           {"Type": "punctuation", "Content": ",", "Confidence": "0.0"}]},
        {"Id": "b", "ParticipantRole": "AGENT", "BeginOffsetMillis": 3000, "EndOffsetMillis": 4000, "Content": "One moment."}],
      "ConversationCharacteristics": {"TotalConversationDurationMillis": 3000, "Sentiment": {"OverallSentiment": {"AGENT": 1.5}}}}"#;

    #[test]
    fn turns_words_and_roles() {
        let (transcript, odd) = parse(SMALL, None).unwrap();
        assert_eq!(text_of(&transcript, Side::Customer), "My bill");
        assert_eq!(text_of(&transcript, Side::Agent), "One moment.");
        let [first, second] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!(Some(first.segment), Segment::from_seconds(1.0, 2.6));
        let words = first.words.as_ref().unwrap();
        assert_eq!(words[1].time, Segment::from_seconds(1.3, 1.8));
        assert_eq!(second.words.as_ref().unwrap()[0].time, None);
        assert_eq!((first.emotion, transcript.duration), (None, None));
        assert!(odd.is_empty());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("\"1800\"", "\"late\""), None).unwrap_err();
        let place = "Transcript[0].Items[1].EndOffsetMillis";
        assert!(error.place().starts_with(place), "{error}");
        let empty = r#"{"Transcript": null, "ConversationCharacteristics": {}}"#;
        assert!(parse(empty, None).unwrap().0.utterances.is_empty());
    }
}
