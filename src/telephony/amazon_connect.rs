//! Amazon Connect: contact records as the stream writes them and as `DescribeContact` answers.
//!
//! * `AgentInteractionDuration` is without holds, so the talk lasts that and `CustomerHoldDuration`.
//! * Records are delivered at least once: of those of a contact the newest
//!   `LastUpdateTimestamp` counts.
//! * That a contact came to a queue does not tell whether the flow sends such matters there or the
//!   customer asked for a person; the outcome of the IVR stays unknown.

use super::content::Content;
use super::values::{get, list, text};
use super::{CLOCK_SLACK, Platform, Record, Records, amazon_flow, join_records};
use crate::call::{Holds, Ivr, IvrStatus, Queue};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use serde_json::Value;
use std::collections::HashMap;

const INITIATED: [&str; 1] = ["InitiationTimestamp"];

fn is_contact(value: &Value) -> bool {
    let named = value.get("ContactId").is_some() || value.get("Id").is_some();
    let own = [
        "AWSContactTraceRecordFormatVersion",
        "InitiationMethod",
        "InitiationTimestamp",
        "AgentInfo",
        "QueueInfo",
    ];
    named && own.iter().any(|key| value.get(key).is_some())
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let mut items = content.items().iter();
    items.any(|i| is_contact(&i.value) || amazon_flow::is_row(&i.value))
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let mut contacts: Vec<Record> = Vec::new();
    let mut newest: HashMap<String, (usize, Option<crate::call::WallTime>)> = HashMap::new();
    let mut rows = Vec::new();
    for item in content.items() {
        if amazon_flow::is_row(&item.value) {
            rows.push(item);
            continue;
        }
        let Some(id) = text(&item.value, &["ContactId", "Id"]).filter(|_| is_contact(&item.value))
        else {
            let found = "an object that is no contact record and no row of a flow log";
            let wanted = "ContactId, and InitiationTimestamp or ContactFlowModuleType";
            out.rejected
                .push(Error::new(ErrorKind::IllFormed, &item.place, found, wanted));
            continue;
        };
        let mut record = Record::new(Platform::AmazonConnect, &id);
        let updated = record.moment(&item.value, &["LastUpdateTimestamp"]);
        contact(&item.value, &mut record);
        match newest.get(&id).copied() {
            None => {
                newest.insert(id, (contacts.len(), updated));
                contacts.push(record);
            }
            Some((at, before)) => {
                if updated > before {
                    newest.insert(id, (at, updated));
                    std::mem::swap(&mut contacts[at], &mut record);
                    contacts[at]
                        .warnings
                        .extend(record.warnings.drain(..).filter(|w| w.place == "ContactId"));
                }
                contacts[at].warn(
                    "ContactId",
                    "delivered more than once; the newest record counts",
                );
            }
        }
    }
    contacts.extend(amazon_flow::records(&rows, out));
    for record in &mut contacts {
        record.finish();
    }
    out.records = join_records(contacts);
}

fn contact(value: &Value, record: &mut Record) {
    let started = record.moment(value, &INITIATED);
    let connected = record.moment(value, &["ConnectedToSystemTimestamp"]);
    let ended = record.moment(value, &["DisconnectTimestamp"]);
    let enqueued = record.moment(
        value,
        &["Queue.EnqueueTimestamp", "QueueInfo.EnqueueTimestamp"],
    );
    let dequeued = record.moment(value, &["Queue.DequeueTimestamp"]);
    let answered = record.moment(
        value,
        &[
            "Agent.ConnectedToAgentTimestamp",
            "AgentInfo.ConnectedToAgentTimestamp",
        ],
    );
    record.start = started.or(connected);
    record.operator = text(value, &["Agent.Username", "Agent.ARN", "AgentInfo.Id"]);
    record.customer = text(value, &["CustomerEndpoint.Address", "CustomerId"]);
    if text(value, &["Channel"]).is_some_and(|c| !c.eq_ignore_ascii_case("voice")) {
        record.warn(
            "Channel",
            "no call: a contact of another channel than voice",
        );
    }

    let in_queue = get(value, "Queue").or(get(value, "QueueInfo"));
    if in_queue.is_some() {
        let given = record.length(value, &["Queue.Duration"], 1.0);
        let left = dequeued.or(answered);
        let told = enqueued
            .zip(left)
            .and_then(|(a, b)| record.between("Queue", a, b));
        if let (Some(given), Some(told)) = (given, told)
            && (given - told > CLOCK_SLACK || told - given > CLOCK_SLACK)
        {
            record.warn(
                "Queue.Duration",
                "not what lies between EnqueueTimestamp and DequeueTimestamp; it stands",
            );
        }
        // The API gives an id; the stream's name is what people know.
        let name = text(
            value,
            &["Queue.Name", "QueueInfo.Name", "QueueInfo.Id", "Queue.ARN"],
        );
        record.metadata.queue = Some(Queue {
            wait: given.or(told),
            name,
        });
        record.lacks(
            "queue.wait_s",
            "the contact left the queue in another record",
        );
    } else {
        record.lacks("queue.wait_s", "the contact was in no queue");
        record.lacks("queue.name", "the contact was in no queue");
    }

    let agent = get(value, "Agent").or(get(value, "AgentInfo"));
    if agent.is_some() {
        record.metadata.holds = Some(Holds {
            count: record.count(value, &["Agent.NumberOfHolds"]),
            total: record.length(
                value,
                &[
                    "Agent.CustomerHoldDuration",
                    "AgentInfo.AgentInitiatedHoldDuration",
                ],
                1.0,
            ),
            longest: record.length(value, &["Agent.LongestHoldDuration"], 1.0),
            intervals: None,
        });
        let talked = record.length(value, &["Agent.AgentInteractionDuration"], 1.0);
        let held = record.metadata.holds.as_ref().and_then(Holds::total);
        record.duration = talked.zip(held).map(|(talked, held)| talked + held);
        record.lacks(
            "holds.count",
            "NumberOfHolds is not in the record; DescribeContact has none",
        );
        record.lacks(
            "holds.longest_s",
            "LongestHoldDuration is not in the record; DescribeContact has none",
        );
        record.lacks(
            "holds.intervals",
            "contact records give no moments of holds",
        );
    } else {
        for field in [
            "holds.count",
            "holds.total_s",
            "holds.longest_s",
            "holds.intervals",
        ] {
            record.lacks(field, "no agent answered");
        }
    }

    let method = text(value, &["InitiationMethod"]).unwrap_or_default();
    match method.as_str() {
        "INBOUND" | "" => {
            let until = enqueued.or(if agent.is_none() { ended } else { answered });
            let duration = connected
                .zip(until)
                .and_then(|(a, b)| record.between("ConnectedToSystemTimestamp", a, b));
            record.metadata.ivr = Some(Ivr {
                status: Some(IvrStatus::Unknown),
                duration,
                ..Ivr::default()
            });
            record.lacks(
                "ivr.status",
                "the contact record does not tell why the flow ended; a flow log may",
            );
        }
        "OUTBOUND" | "CALLBACK" => {
            record.metadata.ivr = Some(Ivr {
                status: Some(IvrStatus::None),
                ..Ivr::default()
            });
        }
        _ => {
            for field in ["ivr.status", "ivr.duration_s"] {
                record.lacks(
                    field,
                    "the contact is a transfer; the IVR stands in the record of the first contact",
                );
            }
        }
    }
    record.lacks(
        "ivr.steps",
        "the way through the flow stands in the flow log",
    );

    let passed_on = ["TransferCompletedTimestamp", "NextContactId"];
    let tells = passed_on.iter().any(|key| value.get(key).is_some());
    record.transfers =
        tells.then(|| u32::from(passed_on.iter().any(|key| get(value, key).is_some())));
    let recordings = ["Recordings", "Recording"].map(|key| list(value, key));
    for recording in recordings.into_iter().flatten() {
        let kind = text(recording, &["MediaStreamType", "Type"]).unwrap_or_default();
        let of_ivr = text(recording, &["ParticipantType"]).is_some_and(|p| p == "IVR");
        if of_ivr || !matches!(kind.as_str(), "AUDIO" | "") {
            continue;
        }
        if let Some(place) = text(recording, &["Location"])
            && !record.recordings.contains(&place)
        {
            record.recordings.push(place);
        }
        if record.metadata.recording_start.is_none() {
            record.metadata.recording_start = record.moment(recording, &["StartTimestamp"]);
        }
    }
    record.lacks("recording_start", "no recording with a StartTimestamp");
    if record.duration.is_none() && agent.is_some() {
        let end = record.moment(
            value,
            &["TransferCompletedTimestamp", "DisconnectTimestamp"],
        );
        record.duration = answered
            .zip(end)
            .and_then(|(a, b)| record.between("Agent", a, b));
    }
    if record.duration == Some(Span::ZERO) {
        record.duration = None;
    }
}
