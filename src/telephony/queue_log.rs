//! Asterisk `queue_log`: `epoch|callid|queue|agent|EVENT|…`, the lines of many calls among each other.
//!
//! * `holdtime` is the wait in the queue, and no hold: the log has none.
//! * A call in several queues has waited the time in all of them until an agent answered; the
//!   queue's name is the one that answered, or the last one.
//! * What an older version leaves out follows from the lines' times, which are whole seconds.

use super::content::Content;
use super::values::moment_of;
use super::{CLOCK_SLACK, Platform, Record, Records};
use crate::call::{Queue, WallTime};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use std::collections::HashMap;

/// Lines looked at to tell the format: the first ones may be torn.
const LOOKED_AT: usize = 50;

const EVENTS: [&str; 15] = [
    "ENTERQUEUE",
    "CONNECT",
    "COMPLETEAGENT",
    "COMPLETECALLER",
    "ABANDON",
    "EXITWITHTIMEOUT",
    "EXITWITHKEY",
    "EXITEMPTY",
    "RINGNOANSWER",
    "RINGCANCELED",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "TRANSFER",
    "SYSCOMPAT",
    "DID",
];

/// Events that are of the log, the queue or an agent, and of no call.
const NOT_OF_A_CALL: [&str; 3] = ["NONE", "REALTIME", "MANAGER"];

pub(super) fn matches(content: &Content<'_>) -> bool {
    let is_row = |line: &str| {
        let fields: Vec<&str> = line.split('|').collect();
        let epoch = fields[0].trim();
        let digits = epoch.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        fields.len() >= 5 && !epoch.is_empty() && digits
    };
    content
        .lines()
        .take(LOOKED_AT)
        .any(|(_, line)| is_row(line))
}

/// A call on its way through the queues.
struct Way {
    record: Record,
    /// The queue that it stands in, and since when.
    inside: Option<(String, Option<WallTime>)>,
    waited: Option<Span>,
    entered: bool,
    connected: Option<Option<WallTime>>,
    answered: bool,
    talked: Option<Span>,
    name: Option<String>,
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let mut ways: Vec<Way> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (line, text) in content.lines() {
        let fields: Vec<&str> = text.split('|').map(str::trim).collect();
        let [epoch, id, queue, agent, event, data @ ..] = fields.as_slice() else {
            let found = format!("{} fields", fields.len());
            let wanted = "time|callid|queue|agent|event|…";
            out.rejected.push(Error::new(
                ErrorKind::IllFormed,
                format!("line {line}"),
                found,
                wanted,
            ));
            continue;
        };
        if id.is_empty() || NOT_OF_A_CALL.contains(id) || !EVENTS.contains(event) {
            continue;
        }
        let at = *by_id.entry((*id).to_owned()).or_insert_with_key(|id| {
            ways.push(Way {
                record: Record::new(Platform::AsteriskQueueLog, id),
                inside: None,
                waited: Some(Span::ZERO),
                entered: false,
                connected: None,
                answered: false,
                talked: None,
                name: None,
            });
            ways.len() - 1
        });
        let time = moment_of(epoch);
        let way = &mut ways[at];
        if time.is_none() {
            way.record
                .warn(format!("line {line}"), "no time in seconds since 1970");
        }
        way.event(line, time, queue, agent, event, data);
    }
    out.records = ways.into_iter().map(Way::record).collect();
}

/// Reads a field of whole seconds.
fn seconds(data: &[&str], index: usize) -> Option<Span> {
    let text = data.get(index)?;
    let number: u32 = text.parse().ok()?;
    Span::from_seconds(f64::from(number))
}

impl Way {
    fn event(
        &mut self,
        line: usize,
        time: Option<WallTime>,
        queue: &str,
        agent: &str,
        event: &str,
        data: &[&str],
    ) {
        let place = format!("line {line}");
        if self.record.start.is_none() {
            self.record.start = time;
        }
        match event {
            "ENTERQUEUE" => {
                self.leave_unseen(&place);
                if self.record.customer.is_none() {
                    self.record.customer = data
                        .get(1)
                        .filter(|c| !c.is_empty())
                        .map(|c| (*c).to_owned());
                }
                self.entered = true;
                self.inside = Some((queue.to_owned(), time));
                if !self.answered {
                    self.name = Some(queue.to_owned());
                }
            }
            "CONNECT" => {
                if !self.answered {
                    self.leave(&place, time, seconds(data, 0));
                    self.name = Some(queue.to_owned());
                    self.record.operator =
                        Some(agent.to_owned()).filter(|a| !a.is_empty() && a != "NONE");
                }
                self.inside = None;
                self.answered = true;
                self.connected = Some(time);
            }
            "COMPLETEAGENT" | "COMPLETECALLER" => {
                if !self.answered {
                    self.record
                        .warn(&place, "the talk's end without its beginning");
                    self.leave(&place, None, seconds(data, 0));
                    self.name = Some(queue.to_owned());
                    self.record.operator =
                        Some(agent.to_owned()).filter(|a| !a.is_empty() && a != "NONE");
                    self.answered = true;
                }
                self.hang_up(time, seconds(data, 1));
            }
            "ABANDON" => self.leave(&place, time, seconds(data, 2)),
            "EXITWITHTIMEOUT" | "EXITEMPTY" => self.leave(&place, time, seconds(data, 2)),
            "EXITWITHKEY" => self.leave(&place, time, seconds(data, 3)),
            "BLINDTRANSFER" | "TRANSFER" | "ATTENDEDTRANSFER" => {
                self.record.transfers = Some(self.record.transfers.unwrap_or(0) + 1);
                let given = (event != "ATTENDEDTRANSFER")
                    .then(|| seconds(data, 3))
                    .flatten();
                self.hang_up(time, given);
            }
            _ => {
                if self.name.is_none() {
                    self.name = Some(queue.to_owned());
                }
            }
        }
    }

    /// The call leaves its queue after the time that the line tells, or that lies between the lines.
    fn leave(&mut self, place: &str, time: Option<WallTime>, given: Option<Span>) {
        if self.answered {
            return;
        }
        let entered = self.inside.take().and_then(|(_, entered)| entered);
        let told = entered
            .zip(time)
            .map(|(a, b)| b.since(a))
            .filter(|s| *s >= Span::ZERO);
        if let (Some(given), Some(told)) = (given, told)
            && (given - told > CLOCK_SLACK || told - given > CLOCK_SLACK)
        {
            self.record.warn(
                place,
                "the wait that is told is not the time between the lines; it stands",
            );
        }
        self.waited = self.waited.zip(given.or(told)).map(|(a, b)| a + b);
        self.entered = true;
    }

    /// Old versions write no line when a call leaves a queue by itself.
    fn leave_unseen(&mut self, place: &str) {
        if self.inside.take().is_some() && !self.answered {
            self.waited = None;
            self.record.warn(
                place,
                "the call enters a queue without having left the one before",
            );
        }
    }

    fn hang_up(&mut self, time: Option<WallTime>, given: Option<Span>) {
        let told = self
            .connected
            .take()
            .flatten()
            .zip(time)
            .map(|(a, b)| b.since(a));
        if let Some(talk) = given.or(told).filter(|s| *s >= Span::ZERO) {
            self.talked = Some(self.talked.unwrap_or(Span::ZERO) + talk);
        }
    }

    fn record(mut self) -> Record {
        let unended = self.inside.is_some();
        let record = &mut self.record;
        if unended && !self.answered {
            record.warn(
                "",
                "the call enters a queue and never leaves it: an old version, or the log was cut",
            );
            record.lacks(
                "queue.wait_s",
                "the log has no line of the call leaving the queue",
            );
            self.waited = None;
        } else if !self.entered {
            record.warn("", "the log begins after the call entered the queue");
            record.lacks(
                "queue.wait_s",
                "the log begins after the call entered the queue",
            );
            self.waited = None;
        }
        record.lacks(
            "queue.wait_s",
            "the log has no line of the call leaving a queue",
        );
        record.metadata.queue = Some(Queue {
            wait: self.waited,
            name: self.name.filter(|n| !n.is_empty()),
        });
        record.duration = self.talked;
        if self.answered && record.transfers.is_none() {
            record.transfers = Some(0);
        }
        for field in ["ivr.status", "ivr.duration_s", "ivr.steps"] {
            record.lacks(field, "queue_log begins at the queue; CEL tells of the IVR");
        }
        for field in [
            "holds.count",
            "holds.total_s",
            "holds.longest_s",
            "holds.intervals",
        ] {
            record.lacks(field, "queue_log writes no holds; manager events (AMI) do");
        }
        record.lacks(
            "recording_start",
            "queue_log does not tell; CEL with MixMonitor among its apps does",
        );
        self.record
    }
}
