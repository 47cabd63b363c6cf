//! Amazon Transcribe Call Analytics: `ConversationCharacteristics`.
//!
//! Where the service counts in another way than this crate's features, it is followed:
//!
//! * talk time of a participant is the length of their utterances, pauses inside them included, and
//!   the total is the sum of both: what both say at once counts twice;
//! * the length of the conversation runs from the start of the recording to the end of the last
//!   utterance, not to the end of the recording;
//! * talk speed is words by minutes of that talk time, rounded;
//! * non-talk time is every stretch of at least `silence_min` between utterances, holds included.
//!
//! An interruption is this crate's attributed one; the service publishes no definition. Loudness and
//! sentiment are not measured and are left out.

use crate::call::Side;
use crate::conversation::Conversation;
use crate::score::Measurements;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};
use serde_json::{Map, Value, json};

pub(super) fn show(found: &Measurements, settings: &AnalysisSettings) -> Value {
    // Its numbers are of both sides: with one side unknown none is shown.
    let characteristics = found.dialogue().map(|t| characteristics(t, settings));
    json!({"ConversationCharacteristics": characteristics})
}

fn characteristics(talk: &Conversation, settings: &AnalysisSettings) -> Value {
    let said = talk.in_order();
    let covered: Timeline = said.iter().map(|(_, u)| u.segment).collect();
    let end = covered.extent().map_or(Time::ZERO, Segment::end);
    let silences = covered.gaps().prune(settings.silence_min);

    let mut talk_time = Map::new();
    let mut speed = Map::new();
    let mut total = Span::ZERO;
    for side in Side::BOTH {
        let utterances = talk.utterances.get(side);
        let time: Span = utterances.iter().map(|u| u.segment.duration()).sum();
        total += time;
        talk_time.insert(role(side), json!({"TotalTimeMillis": millis(time)}));
        let words: u64 = utterances
            .iter()
            .filter_map(|u| u.words)
            .map(|w| w.words)
            .sum();
        let words = words + talk.unplaced_words.get(side).words;
        if *talk.has_words.get(side) && time > Span::ZERO {
            let rate = (60.0 * words as f64 / time.seconds()).round() as u64;
            speed.insert(role(side), json!({"AverageWordsPerMinute": rate}));
        }
    }
    let mut interrupters = Map::new();
    for side in Side::BOTH {
        let made = talk.interruptions.iter().filter(|i| i.by == side);
        let made: Vec<Value> = made
            .filter_map(|i| Segment::new(i.at, i.at + i.overlap))
            .map(instance)
            .collect();
        if !made.is_empty() {
            interrupters.insert(role(side), json!(made));
        }
    }
    let interrupted: Span = talk.interruptions.iter().map(|i| i.overlap).sum();
    json!({
        "NonTalkTime": {
            "Instances": silences.segments().iter().copied().map(instance).collect::<Vec<_>>(),
            "TotalTimeMillis": millis(silences.duration()),
        },
        "Interruptions": {
            "TotalCount": talk.interruptions.len(),
            "TotalTimeMillis": millis(interrupted),
            "InterruptionsByInterrupter": interrupters,
        },
        "TotalConversationDurationMillis": millis(end - Time::ZERO),
        "TalkSpeed": {"DetailsByParticipant": speed},
        "TalkTime": {"DetailsByParticipant": talk_time, "TotalTimeMillis": millis(total)},
    })
}

fn role(side: Side) -> String {
    side.name().to_uppercase()
}

fn millis(span: Span) -> i64 {
    (span.seconds() * 1e3).round() as i64
}

fn instance(segment: Segment) -> Value {
    json!({
        "BeginOffsetMillis": millis(segment.start() - Time::ZERO),
        "DurationMillis": millis(segment.duration()),
        "EndOffsetMillis": millis(segment.end() - Time::ZERO),
    })
}
