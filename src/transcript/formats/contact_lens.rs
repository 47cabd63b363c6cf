//! Amazon Connect Contact Lens: the file made after the call, and real-time segments.
//!
//! After the call `Transcript` is a list of turns; in real time `Segments[].Transcript` holds one
//! turn each, in events that follow one another. Turns have no word times: the words are those of
//! `Content`, and a turn lies from `BeginOffsetMillis` to `EndOffsetMillis`. Real-time utterances
//! (`Utterance`, with `PartialContent`) come again as transcripts and are passed over, and so is a
//! turn whose `Id` was seen before.
//!
//! Who speaks is told by `ParticipantRole`, of the turn or of the list `Participants`, else by
//! `ParticipantId`, which is the role in voice contacts. A bot, the system or a supervisor is no
//! party. `Sentiment` is no probability and not read as an emotion.

use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, Speaker, words_of};
use crate::transcript::lenient::null_as_default;
use crate::transcript::times::{Millis, Times};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default, deserialize_with = "null_as_default")]
    participants: Vec<Participant>,
    #[serde(default, deserialize_with = "null_as_default")]
    transcript: Vec<Turn>,
    #[serde(default, deserialize_with = "null_as_default")]
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Participant {
    participant_id: Option<String>,
    participant_role: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Segment {
    transcript: Option<Turn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Turn {
    id: Option<String>,
    participant_id: Option<String>,
    participant_role: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    content: String,
    begin_offset_millis: Option<Millis>,
    end_offset_millis: Option<Millis>,
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let own = ["CustomerMetadata", "Transcript[].ParticipantId"];
    content.has("Segments[].Transcript")
        || content.has("Segments[].Utterance")
        || (content.has("Segments") && content.has("EventType"))
        || (content.has("Transcript") && own.iter().any(|key| content.has(key)))
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let documents: Vec<Document> = content.json_stream("a Contact Lens transcript")?;
    let mut draft = Draft::default();
    let mut seen = HashSet::new();
    let mut roles = HashMap::new();
    for document in documents {
        for p in document.participants {
            if let (Some(id), Some(role)) = (p.participant_id, p.participant_role) {
                roles.insert(id, role);
            }
        }
        let live = document.segments.into_iter().filter_map(|s| s.transcript);
        for turn in document.transcript.into_iter().chain(live) {
            let id = turn.id.filter(|id| !id.is_empty());
            if id.is_some_and(|id| !seen.insert(id)) {
                continue;
            }
            let named = turn.participant_id.as_ref();
            let role = turn.participant_role.as_ref();
            let role = role.or_else(|| roles.get(named?)).or(named);
            draft.said.push(Said {
                speaker: role.map_or(Speaker::Unknown, |role| party(role)),
                times: Times::of(turn.begin_offset_millis, turn.end_offset_millis),
                words: Some(words_of(&turn.content)),
                emotion: None,
            });
        }
    }
    Ok(draft)
}

/// Returns who has a role: whoever is not one of the two is no party.
pub(super) fn party(role: &str) -> Speaker {
    match role {
        "SYSTEM" | "CUSTOM_BOT" | "SUPERVISOR" => Speaker::System,
        role => Speaker::named(role),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::timeline;
    use crate::transcript::testing::{parse, text_of};

    pub(in crate::transcript::formats) const SMALL: &str = r#"{"Version": "1.1.0", "Channel": "VOICE", "CustomerMetadata": {"ContactId": "c"}, "JobStatus": "COMPLETED",
      "Participants": [{"ParticipantId": "p-1", "ParticipantRole": "AGENT"}, {"ParticipantId": "p-2", "ParticipantRole": "CUSTOMER"}, {"ParticipantId": "p-3", "ParticipantRole": "SYSTEM"}],
      "ConversationCharacteristics": {"TotalConversationDurationMillis": 9000},
      "Transcript": [
        {"Id": "x", "ParticipantId": "p-3", "Content": "This call is recorded.", "BeginOffsetMillis": 0, "EndOffsetMillis": 900},
        {"Id": "y", "ParticipantId": "p-1", "Content": "Good day, how can I help?", "BeginOffsetMillis": 1000, "EndOffsetMillis": 2500, "Sentiment": "NEUTRAL"},
        {"Id": "z", "ParticipantId": "p-2", "Content": "Cancel it - now.", "BeginOffsetMillis": 3000, "EndOffsetMillis": 4000}]}"#;

    pub(in crate::transcript::formats) const LIVE: &str = r#"{"Version": "1.0.0", "ContactId": "c", "EventType": "STARTED"}
        {"ContactId": "c", "EventType": "SEGMENTS", "Segments": [{"Utterance": {"Id": "u", "TranscriptId": "t", "ParticipantRole": "AGENT", "PartialContent": "Hel", "BeginOffsetMillis": 10, "EndOffsetMillis": 90}}]}
        {"ContactId": "c", "EventType": "SEGMENTS", "Segments": [{"Transcript": {"Id": "t", "ParticipantId": "AGENT", "ParticipantRole": "AGENT", "Content": "Hello there", "BeginOffsetMillis": 10, "EndOffsetMillis": 700}}, {"Categories": {"MatchedCategories": []}}]}
        {"ContactId": "c", "EventType": "SEGMENTS", "Segments": [{"Transcript": {"Id": "t", "ParticipantId": "AGENT", "ParticipantRole": "AGENT", "Content": "Hello there!", "BeginOffsetMillis": 10, "EndOffsetMillis": 710}}, {"Transcript": {"Id": "v", "ParticipantId": "CUSTOMER", "Content": "Hi", "BeginOffsetMillis": 800, "EndOffsetMillis": 1000}}]}"#;

    #[test]
    fn roles_may_stand_in_the_list_of_participants() {
        let (transcript, odd) = parse(SMALL, None).unwrap();
        let agent = "Good day, how can I help?";
        assert_eq!(text_of(&transcript, Side::Agent), agent);
        // A dash of its own is no word.
        assert_eq!(text_of(&transcript, Side::Customer), "Cancel it now.");
        let lain = transcript.utterances[0].segment;
        assert_eq!(Some(lain), timeline::Segment::from_seconds(1.0, 2.5));
        assert_eq!(odd[0].code, "transcript_speakers");
    }

    #[test]
    fn live_turns_count_once() {
        let (transcript, odd) = parse(LIVE, None).unwrap();
        assert_eq!(text_of(&transcript, Side::Agent), "Hello there");
        assert_eq!(text_of(&transcript, Side::Customer), "Hi");
        assert!(odd.is_empty());
    }

    #[test]
    fn odd_values_name_their_place_and_nothing_is_no_error() {
        let error = parse(&SMALL.replace("4000", "\"end\""), None).unwrap_err();
        let place = "document 1 of the file: Transcript[2].EndOffsetMillis";
        assert!(error.place().starts_with(place), "{error}");
        for empty in [
            r#"{"CustomerMetadata": {}, "Transcript": []}"#,
            r#"{"EventType": "SEGMENTS", "Segments": []}"#,
        ] {
            assert!(parse(empty, None).unwrap().0.utterances.is_empty());
        }
    }
}
