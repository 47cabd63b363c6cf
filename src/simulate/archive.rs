//! Simulated calls as the files of an archive: manifest rows, transcripts, truth.
//!
//! # Conventions
//!
//! * The manifest is CSV with a header; an absent value is an empty cell, seconds carry three
//!   digits at most, flags are 1 and 0.
//! * `ivr_path` is `node:outcome>node:outcome`; `holds` is `12.5-40;60-75` in seconds of the call
//!   clock. Counts stand beside the lists they follow from.
//! * `mark` is filled where `survey_status` is `answered`, and only there. What the silent ones
//!   would have given is in the truth table ([`TRUTH_COLUMNS`]), which no centre has.

use super::SimulatedCall;
use crate::call::{ClockInterval, Ivr, StepOutcome};
use crate::timeline::Span as Length;
use jiff::Span;
use jiff::civil::{DateTime, Time};

/// The columns of the manifest, in order.
pub const MANIFEST_COLUMNS: [&str; 28] = [
    "call_id",
    "audio",
    "agent_channel",
    "transcript",
    "duration_s",
    "ivr_status",
    "ivr_duration_s",
    "ivr_path",
    "ivr_step_count",
    "ivr_no_input_count",
    "ivr_no_match_count",
    "ivr_repeat_count",
    "ivr_operator_request_count",
    "ivr_last_node",
    "queue_wait_s",
    "hold_count",
    "hold_total_s",
    "hold_longest_s",
    "holds",
    "customer_always_requests_operator",
    "customer_ivr_history_count",
    "customer_operator_request_share",
    "customer_id",
    "operator_id",
    "mark",
    "survey_status",
    "call_start",
    "queue_name",
];

/// The columns of the truth table, in order.
pub const TRUTH_COLUMNS: [&str; 5] = ["call_id", "log_odds", "probability", "unseen", "mark"];

/// Writes a present value, or the empty cell.
fn cell(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// Writes seconds with as many digits as they need, three at most.
fn seconds(nanos: i64) -> String {
    let text = format!("{:.3}", nanos as f64 / 1e9);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn span(value: Option<Length>) -> String {
    cell(value.map(|v| seconds(v.nanos())))
}

fn path(ivr: &Ivr) -> String {
    let steps = ivr.steps.iter().flatten();
    let steps = steps.map(|step| match step.outcome {
        Some(outcome) => format!("{}:{}", step.node, outcome.name()),
        None => step.node.clone(),
    });
    steps.collect::<Vec<_>>().join(">")
}

/// Returns the manifest row of a call as delivered, one cell for each of [`MANIFEST_COLUMNS`].
/// `audio` and `transcript` are the names of its files, where it has them.
pub fn manifest_row(
    call: &SimulatedCall,
    audio: Option<&str>,
    transcript: Option<&str>,
) -> [String; MANIFEST_COLUMNS.len()] {
    let metadata = &call.metadata;
    let ivr = metadata.ivr.clone().unwrap_or_default();
    let holds = metadata.holds.clone().unwrap_or_default();
    let customer = metadata.customer.clone().unwrap_or_default();
    let intervals = holds.intervals.iter().flatten().map(|i| match i {
        ClockInterval::Call { start, end } => {
            format!("{}-{}", seconds(start.nanos()), seconds(end.nanos()))
        }
        ClockInterval::Wall { start, end } => format!("{start}/{end}"),
    });
    let judged = &call.satisfaction;
    [
        call.id.to_string(),
        cell(audio),
        cell(audio.map(|_| "left")),
        cell(transcript),
        seconds(call.duration.nanos()),
        cell(ivr.status.map(|s| s.name())),
        span(ivr.duration),
        path(&ivr),
        cell(ivr.steps_entered()),
        cell(ivr.outcomes(StepOutcome::NoInput)),
        cell(ivr.outcomes(StepOutcome::NoMatch)),
        cell(ivr.nodes_repeated()),
        cell(ivr.outcomes(StepOutcome::OperatorRequested)),
        cell(ivr.last()),
        span(metadata.queue.as_ref().and_then(|q| q.wait)),
        cell(holds.number()),
        span(holds.total()),
        span(holds.longest()),
        intervals.collect::<Vec<_>>().join(";"),
        cell(customer.always_requests_operator.map(u8::from)),
        cell(customer.ivr_history_count),
        cell(customer.operator_request_share.map(|s| format!("{s:.4}"))),
        call.customer_id.clone(),
        call.operator_id.clone(),
        cell(judged.answered.then_some(judged.mark)),
        match judged.answered {
            true => "answered".to_owned(),
            false => "no_response".to_owned(),
        },
        start(call.index).to_string(),
        // The queue is that of the matter, as far as the platform tells of the queue at all.
        match (&metadata.queue, call.full_metadata.ivr.as_ref()) {
            (None, _) => String::new(),
            (Some(_), ivr) => {
                let matter = ivr.and_then(|ivr| ivr.last());
                matter.unwrap_or("general").to_owned()
            }
        },
    ]
}

/// Calls of a day, from eight in the morning to eight in the evening.
const CALLS_A_DAY: u64 = 200;

/// Returns when a call began, on the centre's clock: calls follow each other by their index.
fn start(index: u64) -> DateTime {
    let (day, place) = (index / CALLS_A_DAY, index % CALLS_A_DAY);
    let seconds = 8 * 3_600 + place * (12 * 3_600 / CALLS_A_DAY);
    let first = jiff::civil::date(2026, 3, 2).to_datetime(Time::midnight());
    let after = Span::new()
        .try_days(day as i64)
        .and_then(|s| s.try_seconds(seconds as i64));
    // A number of calls that no archive has passes the end of the calendar.
    after.map_or(first, |after| first.saturating_add(after))
}

/// Returns the row of a call in the truth table, one cell for each of [`TRUTH_COLUMNS`].
pub fn truth_row(call: &SimulatedCall) -> [String; TRUTH_COLUMNS.len()] {
    let judged = &call.satisfaction;
    [
        call.id.to_string(),
        format!("{:.6}", judged.log_odds),
        format!("{:.6}", judged.probability),
        format!("{:.6}", judged.unseen),
        judged.mark.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{SimulationSettings, Simulator};

    #[test]
    fn rows_have_a_cell_for_each_column_and_withhold_silent_marks() {
        let simulator = Simulator::new(SimulationSettings::seeded(1)).unwrap();
        let place = |name: &str| MANIFEST_COLUMNS.iter().position(|c| *c == name).unwrap();
        for call in simulator.calls(100) {
            let row = manifest_row(&call, Some("a.wav"), None);
            assert_eq!(row[place("mark")].is_empty(), !call.satisfaction.answered);
            assert_eq!(
                row[place("queue_wait_s")].is_empty(),
                call.metadata.queue.is_none()
            );
            let holds = row[place("holds")]
                .split(';')
                .filter(|h| !h.is_empty())
                .count();
            if call
                .metadata
                .holds
                .as_ref()
                .is_some_and(|h| h.intervals.is_some())
            {
                assert_eq!(row[place("hold_count")], holds.to_string());
            }
            let steps = row[place("ivr_path")]
                .split('>')
                .filter(|s| !s.is_empty())
                .count();
            if steps > 0 {
                assert_eq!(row[place("ivr_step_count")], steps.to_string());
            }
            assert_eq!(truth_row(&call)[4], call.satisfaction.mark.to_string());
        }
    }

    #[test]
    fn seconds_are_written_short() {
        assert_eq!(seconds(12_500_000_000), "12.5");
        assert_eq!(seconds(40_000_000_000), "40");
        assert_eq!(seconds(0), "0");
    }
}
