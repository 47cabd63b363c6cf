//! Several records of one call, put together.

use super::{CLOCK_SLACK, Record};
use crate::call::{CallId, Holds, Ivr, IvrStatus, Queue};
use crate::timeline::Span;
use std::collections::HashMap;

/// Puts the records of each call together, those of the first file first; calls keep the order in
/// which they are first named. A record belongs to a call by its id, or by that of a channel that
/// the call's records name ([`Record::aliases`]).
pub fn join_records(records: impl IntoIterator<Item = Record>) -> Vec<Record> {
    let mut joined: Vec<Option<Record>> = Vec::new();
    let mut places: HashMap<CallId, usize> = HashMap::new();
    for mut record in records {
        let ids: Vec<CallId> = record
            .aliases
            .iter()
            .chain([&record.call_id])
            .cloned()
            .collect();
        let mut at: Vec<usize> = ids
            .iter()
            .filter_map(|id| places.get(id).copied())
            .collect();
        at.sort_unstable();
        at.dedup();
        // Two calls so far may be shown to be one by a third record that names both.
        let place = at.first().copied().unwrap_or(joined.len());
        if place == joined.len() {
            joined.push(None);
        }
        for other in at.into_iter().rev() {
            if let Some(earlier) = joined[other].take() {
                record = earlier.join(record);
            }
        }
        let all = record.aliases.iter().chain([&record.call_id]);
        places.extend(all.map(|id| (id.clone(), place)));
        joined[place] = Some(record);
    }
    joined.into_iter().flatten().collect()
}

impl Record {
    /// Adds what another record says of the same call. Where both tell a value, this one's stands;
    /// that they differ is a warning, but for moments and lengths within [`CLOCK_SLACK`].
    pub fn join(mut self, other: Record) -> Record {
        for id in other.aliases.into_iter().chain([other.call_id]) {
            if id != self.call_id && !self.aliases.contains(&id) {
                self.aliases.push(id);
            }
        }
        self.start = match (self.start, other.start) {
            // Each file knows the call from the moment on at which it enters its part.
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let mut contradicted: Vec<&'static str> = Vec::new();
        let told = &mut contradicted;
        self.duration = span("duration", self.duration, other.duration, told);
        self.operator = plain("operator", self.operator.take(), other.operator, told);
        self.customer = plain("customer", self.customer.take(), other.customer, told);
        self.transfers = plain("transfers", self.transfers, other.transfers, told);
        for recording in other.recordings {
            if !self.recordings.contains(&recording) {
                self.recordings.push(recording);
            }
        }
        let (mine, theirs) = (&mut self.metadata, other.metadata);
        mine.recording_start = match (mine.recording_start, theirs.recording_start) {
            (Some(a), Some(b)) => {
                if apart(a.since(b)) {
                    told.push("recording_start");
                }
                Some(a)
            }
            (a, b) => a.or(b),
        };
        mine.ivr = both(mine.ivr.take(), theirs.ivr, |a, b| ivr(a, b, told));
        mine.queue = both(mine.queue.take(), theirs.queue, |a, b| Queue {
            wait: span("queue.wait_s", a.wait, b.wait, told),
            name: plain("queue.name", a.name, b.name, told),
        });
        mine.holds = both(mine.holds.take(), theirs.holds, |a, b| {
            // Intervals come back from `hold_intervals`; here are numbers alone.
            let numbers = |h: &Holds| (h.number(), h.total(), h.longest());
            let (a, b) = (numbers(&a), numbers(&b));
            Holds {
                count: plain("holds.count", a.0, b.0, told),
                total: span("holds.total_s", a.1, b.1, told),
                longest: span("holds.longest_s", a.2, b.2, told),
                intervals: None,
            }
        });
        mine.customer = mine.customer.take().or(theirs.customer);
        mine.extra.extend(theirs.extra);
        if self.hold_intervals.is_empty() {
            self.hold_intervals = other.hold_intervals;
        }
        self.warnings.extend(other.warnings);
        // The reason of the record that was expected to tell comes before "not its business".
        self.unfilled
            .retain(|mine| other.unfilled.iter().any(|u| u.field == mine.field));
        for field in contradicted {
            self.warn(
                field,
                "two records of the call contradict each other; the first one's stands",
            );
        }
        self.finish();
        self
    }
}

fn both<T>(a: Option<T>, b: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(join(a, b)),
        (a, b) => a.or(b),
    }
}

fn apart(difference: Span) -> bool {
    difference > CLOCK_SLACK || difference < Span::ZERO - CLOCK_SLACK
}

fn span(
    field: &'static str,
    a: Option<Span>,
    b: Option<Span>,
    told: &mut Vec<&'static str>,
) -> Option<Span> {
    both(a, b, |a, b| {
        if apart(a - b) {
            told.push(field);
        }
        a
    })
}

fn plain<T: PartialEq>(
    field: &'static str,
    a: Option<T>,
    b: Option<T>,
    told: &mut Vec<&'static str>,
) -> Option<T> {
    both(a, b, |a, b| {
        if a != b {
            told.push(field);
        }
        a
    })
}

fn ivr(a: Ivr, b: Ivr, told: &mut Vec<&'static str>) -> Ivr {
    let known = |s: &Option<IvrStatus>| s.filter(|s| *s != IvrStatus::Unknown);
    let unknown = a.status.or(b.status);
    let status = plain("ivr.status", known(&a.status), known(&b.status), told).or(unknown);
    let duration = span("ivr.duration_s", a.duration, b.duration, told);
    // The numbers belong to the list that they were counted from.
    let (first, second) = if a.steps.is_some() { (a, b) } else { (b, a) };
    let counted = first.steps.is_some();
    let count = |mine: Option<u32>, theirs: Option<u32>| mine.or(theirs.filter(|_| !counted));
    Ivr {
        status,
        duration,
        step_count: count(first.step_count, second.step_count),
        no_input_count: count(first.no_input_count, second.no_input_count),
        no_match_count: count(first.no_match_count, second.no_match_count),
        repeat_count: count(first.repeat_count, second.repeat_count),
        operator_request_count: count(first.operator_request_count, second.operator_request_count),
        last_node: first.last_node.or(second.last_node.filter(|_| !counted)),
        steps: first.steps.or(second.steps),
    }
}
