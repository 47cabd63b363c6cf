//! FreeSWITCH: `mod_json_cdr`, one document for each leg.
//!
//! * Numbers are text, and values may be encoded as in a URL.
//! * The agent's leg of `mod_callcenter` repeats the queue: it is a record of the customer's call
//!   (`cc_member_session_uuid`) that tells of the holds and not of the wait.
//! * `hold_events` is the array text of PostgreSQL, `{{start,end},…}` in microseconds.
//! * `waitsec` is the ringing before the answer, and no wait in a queue.

use super::content::Content;
use super::values::{list, moment_of, text};
use super::{CLOCK_SLACK, Platform, Record, Records, join_records};
use crate::call::{CallId, ClockInterval, Holds, Ivr, IvrStatus, IvrStep, Queue, WallTime};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use serde_json::Value;

fn is_cdr(value: &Value) -> bool {
    let variables = value.get("variables").is_some_and(Value::is_object);
    let own = ["core-uuid", "callflow", "channel_data", "app_log"];
    variables
        && (own.iter().any(|k| value.get(k).is_some()) || value["variables"].get("uuid").is_some())
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.items().iter().any(|i| is_cdr(&i.value))
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let mut records = Vec::new();
    for item in content.items() {
        let variables = Variables(&item.value["variables"]);
        let id = variables
            .get("uuid")
            .or_else(|| variables.get("call_uuid"))
            .filter(|_| is_cdr(&item.value));
        let Some(id) = id else {
            let wanted = "variables with the uuid of the leg";
            out.rejected.push(Error::new(
                ErrorKind::IllFormed,
                &item.place,
                "no CDR, or one without uuid",
                wanted,
            ));
            continue;
        };
        let mut record = leg(&item.value, &variables, &id);
        record.finish();
        records.push(record);
    }
    out.records = join_records(records);
}

struct Variables<'a>(&'a Value);

impl Variables<'_> {
    /// Returns a variable, decoded; `None` where it is empty.
    fn get(&self, name: &str) -> Option<String> {
        let text = text(self.0, &[name])?;
        Some(decoded(&text)).filter(|t| !t.is_empty())
    }

    fn time(&self, name: &str) -> Option<WallTime> {
        moment_of(&self.get(name)?)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite() && *n >= 0.0)
    }

    /// The first of several moments that is set.
    fn first(&self, names: &[&str]) -> Option<WallTime> {
        names.iter().find_map(|n| self.time(n))
    }
}

/// Undoes the encoding of a URL; what is none stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(i) {
        let hex = bytes.get(i + 1..i + 3).filter(|_| byte == b'%');
        let hex = hex
            .and_then(|h| std::str::from_utf8(h).ok())
            .filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                i += 3;
            }
            None => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Reads `{{start,end},{start,end}}`; `None` for another shape.
fn hold_events(text: &str) -> Option<Vec<(WallTime, WallTime)>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let pairs = inner
        .split('}')
        .map(|p| p.trim_matches([',', '{', ' ']))
        .filter(|p| !p.is_empty());
    let pair = |pair: &str| {
        let (start, end) = pair.split_once(',')?;
        let (start, end) = (moment_of(start)?, moment_of(end)?);
        (start < end).then_some((start, end))
    };
    pairs.map(pair).collect()
}

fn leg(value: &Value, variables: &Variables<'_>, id: &str) -> Record {
    let of_agent = variables.get("cc_side").is_some_and(|s| s == "agent");
    let member = variables.get("cc_member_session_uuid").filter(|_| of_agent);
    let mut record = Record::new(Platform::FreeSwitch, member.as_deref().unwrap_or(id));
    if member.is_some() {
        record.aliases.push(CallId::new(id));
    }
    let started = variables.first(&["start_uepoch", "start_epoch"]);
    let answered = variables.first(&["answer_uepoch", "answer_epoch"]);
    let bridged = variables.first(&["bridge_uepoch", "bridge_epoch"]);
    let ended = variables.first(&["end_uepoch", "end_epoch"]);
    let queued = variables.get("cc_queue");
    let joined = variables.time("cc_queue_joined_epoch");
    let connected = variables.time("cc_queue_answered_epoch");
    let canceled = variables.time("cc_queue_canceled_epoch");
    record.start = started;
    record.operator = variables.get("cc_agent");
    let number = |v: &Value| {
        text(
            v,
            &["caller_profile.caller_id_number", "caller_profile.ani"],
        )
    };
    let flow = list(value, "callflow");
    record.customer = if of_agent {
        None
    } else {
        variables
            .get("caller_id_number")
            .or_else(|| flow.iter().find_map(number))
    };
    let from = if of_agent {
        answered
    } else {
        connected.or(bridged).or(answered)
    };
    if queued.is_none() || of_agent || connected.is_some() {
        record.duration = from
            .zip(ended)
            .and_then(|(a, b)| record.between("end_uepoch", a, b));
    }

    if of_agent {
        for field in [
            "queue.wait_s",
            "queue.name",
            "ivr.status",
            "ivr.duration_s",
            "ivr.steps",
        ] {
            record.lacks(field, "this is the agent's leg; the member's tells");
        }
    } else if let Some(name) = queued {
        let left = connected.or(canceled);
        let wait = joined
            .zip(left)
            .and_then(|(a, b)| record.between("cc_queue_joined_epoch", a, b));
        record.metadata.queue = Some(Queue {
            wait,
            name: Some(name),
        });
        record.lacks(
            "queue.wait_s",
            "cc_queue_joined_epoch, or when the call left the queue, is not set",
        );
        // What lies between the answer and the queue is the IVR, if there was one.
        let duration = answered
            .zip(joined)
            .and_then(|(a, b)| record.between("cc_queue_joined_epoch", a, b));
        record.metadata.ivr = duration.map(|d| Ivr {
            status: Some(IvrStatus::Unknown),
            duration: Some(d),
            ..Ivr::default()
        });
        record.lacks(
            "ivr.status",
            "the CDR does not tell why the call left the IVR, or whether there was one",
        );
    } else {
        record.lacks(
            "queue.wait_s",
            "no cc_queue: the call was in no queue of mod_callcenter",
        );
        record.lacks(
            "queue.name",
            "no cc_queue: the call was in no queue of mod_callcenter",
        );
        record.lacks(
            "ivr.duration_s",
            "the end of an IVR is known only where a queue follows",
        );
    }
    if !of_agent {
        steps(value, &mut record);
    }
    holds(variables, of_agent, &mut record);

    record.transfers = match variables.get("transfer_history") {
        Some(history) => Some(history.split("|:").count() as u32),
        None if flow
            .iter()
            .all(|f| text(f, &["times.transfer_time"]).is_some_and(|t| t == "0"))
            && !flow.is_empty() =>
        {
            Some(0)
        }
        None => None,
    };
    for name in ["cc_record_filename", "record_file_name", "recording_file"] {
        record.recordings.extend(variables.get(name));
    }
    record.lacks(
        "recording_start",
        "the CDR does not tell when the recording began",
    );
    record
}

/// The applications of an IVR that the leg ran through, where the CDR logs them.
fn steps(value: &Value, record: &mut Record) {
    let log = list(value, "app_log.applications");
    if log.is_empty() {
        record.lacks("ivr.steps", "the CDR has no app_log");
        return;
    }
    let mut steps = Vec::new();
    for app in log {
        let name = text(app, &["app_name"]).unwrap_or_default();
        let data = text(app, &["app_data"])
            .map(|d| decoded(&d))
            .unwrap_or_default();
        if name == "ivr" {
            steps.push(IvrStep::new(data));
        } else if matches!(name.as_str(), "play_and_get_digits" | "read") {
            // `min max tries timeout terminators file …` and `min max file …`: the prompt is the node.
            let index = if name == "read" { 2 } else { 5 };
            let file = data
                .split_whitespace()
                .nth(index)
                .unwrap_or(&name)
                .to_owned();
            steps.push(IvrStep::new(file));
        }
    }
    if steps.is_empty() {
        record.lacks("ivr.steps", "no application of an IVR is in app_log");
        return;
    }
    let ivr = record.metadata.ivr.get_or_insert_with(Ivr::default);
    ivr.status = Some(IvrStatus::Unknown);
    ivr.steps = Some(steps);
}

fn holds(variables: &Variables<'_>, of_agent: bool, record: &mut Record) {
    let total = [
        ("hold_accum_usec", 1e-6),
        ("hold_accum_ms", 1e-3),
        ("hold_accum_seconds", 1.0),
    ]
    .into_iter()
    .find_map(|(name, unit)| Span::from_seconds(variables.number(name)? * unit));
    let events = variables.get("hold_events").map(|text| hold_events(&text));
    if events == Some(None) {
        record.warn("hold_events", "left out: not of the form {{start,end},…}");
    }
    let events = events.flatten();
    let of_member = variables.get("cc_side").is_some_and(|s| s == "member") && !of_agent;
    if of_member && events.is_none() && total.is_none_or(|t| t == Span::ZERO) {
        for field in [
            "holds.count",
            "holds.total_s",
            "holds.longest_s",
            "holds.intervals",
        ] {
            record.lacks(
                field,
                "this is the member's leg; the agent's tells who was put on hold",
            );
        }
        return;
    }
    if let Some(events) = events {
        let summed: Span = events.iter().map(|(a, b)| b.since(*a)).sum();
        if let Some(total) = total
            && (total - summed > CLOCK_SLACK || summed - total > CLOCK_SLACK)
        {
            record.warn(
                "hold_events",
                "hold_accum_usec and hold_events contradict each other; the latter stands",
            );
        }
        record.hold_intervals = events
            .into_iter()
            .map(|(start, end)| ClockInterval::Wall { start, end })
            .collect();
        record.lacks(
            "holds.intervals",
            "the recording's start is needed to lay hold_events on its clock",
        );
    } else if let Some(total) = total {
        record.metadata.holds = Some(Holds {
            count: (total == Span::ZERO).then_some(0),
            total: Some(total),
            ..Holds::default()
        });
    }
    for field in ["holds.count", "holds.longest_s", "holds.intervals"] {
        record.lacks(field, "no hold_events");
    }
    record.lacks("holds.total_s", "no hold_events and no hold_accum_usec");
}
