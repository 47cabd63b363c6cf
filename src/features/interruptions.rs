//! The list of interruption episodes: one record an episode, with the fields of `call_features`.
//!
//! It is no column, for a call has as many records as episodes; so it stands beside the catalogue.
//! An episode's simultaneous speech is that of the fragments it was chained from: an overlap
//! shorter than `overlap_min` inside it counts in neither.

use super::dialog::share;
use super::side::frame;
use super::{Absence, Number, Unit};
use crate::call::Side;
use crate::conversation::{Conversation, Episode};
use crate::timeline::Time;
use serde::{Serialize, Serializer};
use std::fmt;

/// Name of the list in rows of results. It needs speech, as `dialog_interruptions_count` does, and
/// is absent for the same reasons.
pub const INTERRUPTIONS_LIST: &str = "dialog_interruptions_list";

/// One field of the records of [`interruptions_list`].
#[non_exhaustive]
pub struct InterruptionField {
    /// Name. Some fields are named as columns of the call are, and measure the episode.
    pub name: &'static str,
    /// Unit of the value.
    pub unit: Unit,
    /// What is computed, exact enough to recompute it by hand.
    pub definition: &'static str,
    compute: fn(&Episode) -> Number,
}

impl fmt::Debug for InterruptionField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptionField")
            .field("name", &self.name)
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}

const fn field(
    name: &'static str,
    unit: Unit,
    definition: &'static str,
    compute: fn(&Episode) -> Number,
) -> InterruptionField {
    InterruptionField {
        name,
        unit,
        definition,
        compute,
    }
}

static FIELDS: [InterruptionField; 16] = [
    field(
        "interruption_speech_length_sum",
        Unit::Seconds,
        "simultaneous speech in the episode, that of fragments too short to count included",
        |e| Ok(e.overlap.seconds()),
    ),
    field(
        "interruption_total_length",
        Unit::Seconds,
        "interruption_end_sec - interruption_start_sec",
        |e| Ok(e.segment.duration().seconds()),
    ),
    field(
        "interruption_speech_percentage",
        Unit::Share,
        "interruption_speech_length_sum / interruption_total_length",
        |e| share(e.overlap, e.segment.duration(), Absence::NoDuration),
    ),
    field(
        "interruption_count",
        Unit::Count,
        "number of overlap fragments of at least overlap_min in the episode",
        |e| Ok(f64::from(e.fragments)),
    ),
    field(
        "interruption_start_frame",
        Unit::Frame,
        "frame of interruption_start_sec (1 frame = 1/8000 s)",
        |e| Ok(frame(e.segment.start())),
    ),
    field(
        "interruption_end_frame",
        Unit::Frame,
        "frame of interruption_end_sec (1 frame = 1/8000 s)",
        |e| Ok(frame(e.segment.end())),
    ),
    field(
        "interruption_start_sec",
        Unit::Seconds,
        "start of the first overlap fragment",
        |e| Ok((e.segment.start() - Time::ZERO).seconds()),
    ),
    field(
        "interruption_end_sec",
        Unit::Seconds,
        "end of the last overlap fragment",
        |e| Ok((e.segment.end() - Time::ZERO).seconds()),
    ),
    field(
        "customer_speech_length_sum",
        Unit::Seconds,
        "customer speech from the episode's start to its end",
        |e| Ok(e.speech.customer.seconds()),
    ),
    field(
        "customer_interruption_speech_percentage",
        Unit::Share,
        "interruption_speech_length_sum / customer_speech_length_sum, both of the episode",
        |e| of_side(e, Side::Customer),
    ),
    field(
        "agent_speech_length_sum",
        Unit::Seconds,
        "agent speech from the episode's start to its end",
        |e| Ok(e.speech.agent.seconds()),
    ),
    field(
        "agent_interruption_speech_percentage",
        Unit::Share,
        "interruption_speech_length_sum / agent_speech_length_sum, both of the episode",
        |e| of_side(e, Side::Agent),
    ),
    field(
        "customer_speech_percentage",
        Unit::Share,
        "customer_speech_length_sum / (customer_speech_length_sum + agent_speech_length_sum), all \
         of the episode; the two sides add up to 1",
        |e| of_both(e, Side::Customer),
    ),
    field(
        "agent_speech_percentage",
        Unit::Share,
        "agent_speech_length_sum / (customer_speech_length_sum + agent_speech_length_sum), all of \
         the episode; the two sides add up to 1",
        |e| of_both(e, Side::Agent),
    ),
    field(
        "silence_length_sum",
        Unit::Seconds,
        "time in the episode in which nobody speaks",
        |e| Ok(e.silence.seconds()),
    ),
    field(
        "silence_length_percentage",
        Unit::Share,
        "silence_length_sum / interruption_total_length",
        |e| share(e.silence, e.segment.duration(), Absence::NoDuration),
    ),
];

/// Returns the overlap's share of the speech of one side.
fn of_side(episode: &Episode, side: Side) -> Number {
    let speech = *episode.speech.get(side);
    share(episode.overlap, speech, Absence::NoSpeech(side))
}

/// Returns one side's share of both sides' speech.
fn of_both(episode: &Episode, side: Side) -> Number {
    let both = episode.speech.customer + episode.speech.agent;
    share(*episode.speech.get(side), both, Absence::NobodySpeaks)
}

/// Returns the fields of a record, in their order.
pub fn interruption_fields() -> &'static [InterruptionField] {
    &FIELDS
}

/// Returns one record for each interruption episode, in order.
pub fn interruptions_list(conversation: &Conversation) -> Vec<InterruptionRecord> {
    let record = |episode| InterruptionRecord {
        values: FIELDS.iter().map(|f| (f.compute)(episode)).collect(),
    };
    conversation.episodes.iter().map(record).collect()
}

/// One interruption episode, with a value for each entry of [`interruption_fields`].
#[derive(Clone, Debug, PartialEq)]
pub struct InterruptionRecord {
    values: Vec<Result<f64, Absence>>,
}

impl InterruptionRecord {
    /// Returns a field's value, or why it has none; `None` when no field has that name.
    pub fn get(&self, name: &str) -> Option<&Result<f64, Absence>> {
        let place = FIELDS.iter().position(|field| field.name == name)?;
        self.values.get(place)
    }

    /// Iterates over fields and values, in order.
    pub fn iter(
        &self,
    ) -> impl Iterator<Item = (&'static InterruptionField, &Result<f64, Absence>)> + '_ {
        FIELDS.iter().zip(&self.values)
    }
}

/// Serialises as a map from name to value, `null` where there is none.
impl Serialize for InterruptionRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(f, v)| (f.name, v.as_ref().ok())))
    }
}
