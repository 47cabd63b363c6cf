//! Genesys Cloud: conversation details, one of a conversation or many of a query.
//!
//! * The agents who count are those who talked: a metric `tTalk`, or an `interact` segment. Others
//!   were rung and did not answer.
//! * The wait is that of every queue before the first agent's talk; its name is the last one's.
//! * Hold is a segment of the agent's session. Where sessions come without segments there was none
//!   if `tHandle` is `tTalkComplete` and `tAcw` together, and it is unknown otherwise.
//! * `exitReason: TRANSFER` does not tell whether the flow hands such matters over or the customer
//!   asked for a person.

use super::content::Content;
use super::values::{list, moment, number, text};
use super::{CLOCK_SLACK, Platform, Record, Records};
use crate::call::{
    CallId, ClockInterval, Holds, Ivr, IvrStatus, IvrStep, Queue, StepOutcome, WallTime,
};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

fn is_conversation(value: &Value) -> bool {
    value.get("conversationId").is_some() && value.get("participants").is_some()
}

fn is_participant(value: &Value) -> bool {
    value.get("purpose").is_some() && value.get("sessions").is_some()
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let mut items = content.items().iter();
    items.any(|i| is_conversation(&i.value) || is_participant(&i.value))
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let mut places: HashMap<CallId, usize> = HashMap::new();
    for item in content.items() {
        let id = text(&item.value, &["conversationId"]).filter(|_| is_conversation(&item.value));
        let Some(id) = id else {
            let found = match is_participant(&item.value) {
                true => "a participant outside its conversation",
                false => "an object that is no conversation",
            };
            let wanted = "conversationId and participants";
            out.rejected
                .push(Error::new(ErrorKind::IllFormed, &item.place, found, wanted));
            continue;
        };
        let mut record = Record::new(Platform::GenesysCloud, id);
        conversation(&item.value, &mut record);
        match places.entry(record.call_id.clone()) {
            // Bulk exports repeat a conversation that was still going on: the later one is fuller.
            Entry::Occupied(place) => {
                record.warn(
                    &item.place,
                    "the conversation a second time; the later one counts",
                );
                out.records[*place.get()] = record;
            }
            Entry::Vacant(place) => {
                place.insert(out.records.len());
                out.records.push(record);
            }
        }
    }
}

/// One segment of a session.
struct Stretch<'a> {
    kind: String,
    start: Option<WallTime>,
    end: Option<WallTime>,
    leaves_by: &'a str,
}

impl Stretch<'_> {
    fn length(&self) -> Option<Span> {
        let length = self.end?.since(self.start?);
        (length >= Span::ZERO).then_some(length)
    }
}

/// One participant, with the segments and metrics of all sessions.
struct Participant<'a> {
    value: &'a Value,
    purpose: String,
    stretches: Vec<Stretch<'a>>,
    metrics: Vec<(&'a str, f64)>,
}

impl<'a> Participant<'a> {
    fn of(place: &str, value: &'a Value, record: &mut Record) -> Participant<'a> {
        let (mut stretches, mut metrics) = (Vec::new(), Vec::new());
        for (s, session) in list(value, "sessions").iter().enumerate() {
            for (i, segment) in list(session, "segments").iter().enumerate() {
                let mut time = |key: &str| {
                    let moment = segment.get(key).and_then(moment);
                    if moment.is_none() && segment.get(key).is_some_and(|v| !v.is_null()) {
                        let place = format!("{place}.sessions[{s}].segments[{i}].{key}");
                        record.warn(place, "left out: no time");
                    }
                    moment
                };
                stretches.push(Stretch {
                    start: time("segmentStart"),
                    end: time("segmentEnd"),
                    kind: text(segment, &["segmentType"]).unwrap_or_default(),
                    leaves_by: segment
                        .get("disconnectType")
                        .and_then(Value::as_str)
                        .unwrap_or_default(),
                });
            }
            for metric in list(session, "metrics") {
                if let (Some(name), Some(value)) = (
                    metric.get("name").and_then(Value::as_str),
                    metric.get("value").and_then(number),
                ) {
                    metrics.push((name, value));
                }
            }
        }
        Participant {
            value,
            purpose: text(value, &["purpose"]).unwrap_or_default().to_lowercase(),
            stretches,
            metrics,
        }
    }

    /// Adds up a metric of milliseconds; `None` where there is none.
    fn metric(&self, name: &str) -> Option<Span> {
        let mut values = self
            .metrics
            .iter()
            .filter(|(n, v)| *n == name && *v >= 0.0)
            .peekable();
        values.peek()?;
        Span::from_seconds(values.map(|(_, v)| v / 1000.0).sum())
    }

    /// Adds up the segments of a kind; `None` where there is none, or one is without its times.
    fn segments(&self, kind: &str) -> Option<Span> {
        let mut of_kind = self.stretches.iter().filter(|s| s.kind == kind).peekable();
        of_kind.peek()?;
        of_kind.map(Stretch::length).sum()
    }

    fn has(&self, kind: &str) -> bool {
        self.stretches.iter().any(|s| s.kind == kind)
    }

    fn first(&self) -> Option<WallTime> {
        self.stretches.iter().filter_map(|s| s.start).min()
    }

    fn talked(&self) -> bool {
        let agent = matches!(self.purpose.as_str(), "agent" | "user");
        let by_metric = self
            .metrics
            .iter()
            .any(|(n, v)| n.starts_with("tTalk") && *v > 0.0);
        agent && (by_metric || self.has("interact"))
    }

    fn sessions(&self) -> &'a [Value] {
        list(self.value, "sessions")
    }
}

/// Takes the metric, or the sum of the segments; that they differ is a warning.
fn agreed(
    record: &mut Record,
    what: &str,
    metric: Option<Span>,
    segments: Option<Span>,
) -> Option<Span> {
    if let (Some(a), Some(b)) = (metric, segments)
        && (a - b > CLOCK_SLACK || b - a > CLOCK_SLACK)
    {
        record.warn(
            what,
            "the metric and the segments contradict each other; the metric stands",
        );
    }
    metric.or(segments)
}

fn conversation(value: &Value, record: &mut Record) {
    record.start = record.moment(value, &["conversationStart"]);
    record.moment(value, &["conversationEnd"]);
    let participants: Vec<Participant<'_>> = list(value, "participants")
        .iter()
        .enumerate()
        .map(|(i, p)| Participant::of(&format!("participants[{i}]"), p, record))
        .collect();
    let media = participants
        .iter()
        .flat_map(Participant::sessions)
        .find_map(|s| text(s, &["mediaType"]));
    if media.is_some_and(|m| m != "voice") {
        record.warn(
            "mediaType",
            "no call: a conversation of another kind than voice",
        );
    }
    let customer = participants
        .iter()
        .find(|p| matches!(p.purpose.as_str(), "customer" | "external"));
    record.customer = customer.and_then(|c| {
        let ani = || c.sessions().iter().find_map(|s| text(s, &["ani"]));
        text(c.value, &["externalContactId"]).or_else(ani)
    });
    ivr(&participants, customer, record);
    let agents: Vec<&Participant<'_>> = participants.iter().filter(|p| p.talked()).collect();
    record.operator = agents.first().and_then(|a| text(a.value, &["userId"]));
    queue(&participants, &agents, record);
    holds(&agents, record);
    if !agents.is_empty() {
        let talk = agents.iter().map(|a| {
            a.metric("tTalkComplete")
                .or(a.metric("tTalk"))
                .or(a.segments("interact"))
        });
        let talk: Option<Span> = talk.sum();
        let held = record.metadata.holds.as_ref().and_then(Holds::total);
        record.duration = talk.zip(held).map(|(talk, held)| talk + held);
        let by = |a: &&Participant<'_>| {
            a.stretches
                .iter()
                .any(|s| s.leaves_by.to_lowercase().contains("transfer"))
        };
        let tells = agents.iter().all(|a| !a.stretches.is_empty());
        record.transfers = tells.then(|| agents.iter().filter(|a| by(a)).count() as u32);
    }
    record.lacks(
        "recording_start",
        "conversation details do not tell when the recording began",
    );
}

fn ivr(participants: &[Participant<'_>], customer: Option<&Participant<'_>>, record: &mut Record) {
    let bots: Vec<&Participant<'_>> = participants
        .iter()
        .filter(|p| matches!(p.purpose.as_str(), "ivr" | "botflow"))
        .collect();
    let Some(last) = bots.last() else {
        if !participants.is_empty() {
            record.metadata.ivr = Some(Ivr {
                status: Some(IvrStatus::None),
                ..Ivr::default()
            });
        }
        return;
    };
    let spent = |metric: bool| -> Option<Span> {
        bots.iter()
            .map(|b| {
                if metric {
                    b.metric("tIvr")
                } else {
                    b.segments("ivr")
                }
            })
            .sum()
    };
    let duration = agreed(record, "tIvr", spent(true), spent(false));
    let begin = bots.iter().filter_map(|b| b.first()).min();
    let mut steps = Vec::new();
    let (mut reached, mut missed) = (false, false);
    for bot in &bots {
        for session in bot.sessions() {
            let Some(flow) = session.get("flow").filter(|f| f.is_object()) else {
                continue;
            };
            let name = text(flow, &["flowName", "flowId"])
                .or_else(|| text(bot.value, &["participantName"]));
            let mut step = IvrStep::new(name.unwrap_or_else(|| "flow".to_owned()));
            let exit = text(flow, &["exitReason"])
                .unwrap_or_default()
                .to_uppercase();
            step.outcome = exit.contains("ERROR").then_some(StepOutcome::Failed);
            step.entered = bot.first().zip(begin).map(|(a, b)| a.since(b));
            steps.push(step);
            let outcomes = ["outcomes", "flowOutcomes"].map(|key| list(flow, key));
            for outcome in outcomes.into_iter().flatten() {
                let value = text(outcome, &["flowOutcomeValue", "value"]).unwrap_or_default();
                reached |= value.eq_ignore_ascii_case("success");
                missed |= value.eq_ignore_ascii_case("failure");
            }
        }
    }
    let flow = last.sessions().iter().rev().find_map(|s| s.get("flow"));
    let exit = flow
        .and_then(|f| text(f, &["exitReason"]))
        .unwrap_or_default()
        .to_uppercase();
    let end = |p: &Participant<'_>| {
        p.stretches
            .last()
            .map_or("", |s| s.leaves_by)
            .to_lowercase()
    };
    // In the IVR's session it is the other end, the customer, that is the peer.
    let hung_up =
        matches!(end(last).as_str(), "peer") || customer.is_some_and(|c| end(c) == "client");
    let status = if exit.contains("ERROR") || end(last) == "error" {
        IvrStatus::Failed
    } else if exit.contains("TRANSFER") {
        let why = "exitReason TRANSFER does not tell whether the flow hands such matters over or the customer asked for a person";
        record.lacks("ivr.status", why);
        IvrStatus::Unknown
    } else if exit.contains("DISCONNECT") && reached {
        IvrStatus::Completed
    } else if exit.contains("DISCONNECT") && missed {
        IvrStatus::Failed
    } else if exit.contains("DISCONNECT") && (hung_up || exit.contains("CUSTOMER")) {
        IvrStatus::Abandoned
    } else {
        record.lacks(
            "ivr.status",
            "neither the flow's exitReason nor its outcomes tell",
        );
        IvrStatus::Unknown
    };
    record.metadata.ivr = Some(Ivr {
        status: Some(status),
        duration,
        steps: (!steps.is_empty()).then_some(steps),
        ..Ivr::default()
    });
    record.lacks("ivr.steps", "the ivr participant names no flow");
}

fn queue(participants: &[Participant<'_>], agents: &[&Participant<'_>], record: &mut Record) {
    let answered = agents.iter().filter_map(|a| {
        let talk = a.stretches.iter().filter(|s| s.kind == "interact");
        talk.filter_map(|s| s.start).min()
    });
    let answered = answered.min();
    let before = |p: &&Participant<'_>| match (p.first(), answered) {
        (Some(began), Some(answered)) => began <= answered,
        _ => true,
    };
    let queues: Vec<&Participant<'_>> = participants
        .iter()
        .filter(|p| p.purpose == "acd")
        .filter(before)
        .collect();
    let Some(last) = queues.last() else {
        record.lacks("queue.wait_s", "the conversation was in no queue");
        record.lacks("queue.name", "the conversation was in no queue");
        return;
    };
    let spent = |metric: bool| -> Option<Span> {
        queues
            .iter()
            .map(|q| {
                if metric {
                    q.metric("tAcd")
                } else {
                    q.segments("interact")
                }
            })
            .sum()
    };
    let wait = agreed(record, "tAcd", spent(true), spent(false));
    let id = || {
        let mut segments = last.sessions().iter().flat_map(|s| list(s, "segments"));
        segments.find_map(|s| text(s, &["queueId"]))
    };
    let name = text(last.value, &["participantName"]).or_else(id);
    record.metadata.queue = Some(Queue { wait, name });
}

fn holds(agents: &[&Participant<'_>], record: &mut Record) {
    if agents.is_empty() {
        for field in [
            "holds.count",
            "holds.total_s",
            "holds.longest_s",
            "holds.intervals",
        ] {
            record.lacks(field, "no agent talked");
        }
        return;
    }
    let mut intervals = Vec::new();
    let (mut count, mut total) = (Some(0), Some(Span::ZERO));
    for agent in agents {
        let metric = agent.metric("tHeldComplete").or(agent.metric("tHeld"));
        if agent.stretches.is_empty() {
            let whole = agent.metric("tHandle").zip(agent.metric("tTalkComplete"));
            let rest =
                whole.map(|(all, talk)| all - talk - agent.metric("tAcw").unwrap_or(Span::ZERO));
            let none = metric.is_none() && rest.is_some_and(|r| r <= Span::ZERO);
            if !none {
                count = None;
                total = total.zip(metric).map(|(a, b)| a + b);
                record.lacks("holds.count", "the agent's session is without its segments");
            }
            continue;
        }
        let held: Vec<&Stretch<'_>> = agent
            .stretches
            .iter()
            .filter(|s| s.kind == "hold")
            .collect();
        count = count.map(|c| c + held.len() as u32);
        let summed: Option<Span> = held.iter().map(|s| s.length()).sum();
        let spent = agreed(record, "tHeld", metric, summed);
        total = total.zip(spent).map(|(a, b)| a + b);
        for stretch in held {
            if let (Some(start), Some(end), Some(length)) =
                (stretch.start, stretch.end, stretch.length())
                && length > Span::ZERO
            {
                intervals.push((start, end));
            }
        }
    }
    intervals.sort();
    // Of two agents in a conference both may hold: then there are stretches, and no order of them.
    let apart = intervals.windows(2).all(|w| w[0].1 <= w[1].0);
    let longest = intervals.iter().map(|(a, b)| b.since(*a)).max();
    let complete = count == Some(intervals.len() as u32);
    record.metadata.holds = Some(Holds {
        count,
        total,
        longest: longest.filter(|_| complete),
        intervals: None,
    });
    if apart && complete {
        record.hold_intervals = intervals
            .into_iter()
            .map(|(start, end)| ClockInterval::Wall { start, end })
            .collect();
    }
    record.lacks("holds.longest_s", "a hold is without its times");
    record.lacks(
        "holds.intervals",
        "the recording's start is needed to lay the hold segments on its clock",
    );
}
