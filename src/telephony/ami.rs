//! Asterisk manager events, dumped as they come: blocks of `Key: value`, apart by an empty line.
//!
//! They are read for the holds, which no log of Asterisk keeps. `timestampevents = yes` in
//! `manager.conf` gives them their moments.

use super::content::Content;
use super::values::moment_of;
use super::{Platform, Record, Records};
use crate::call::{ClockInterval, Holds, WallTime};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use std::collections::HashMap;

pub(super) fn matches(content: &Content<'_>) -> bool {
    content.lines().take(200).any(|(_, line)| {
        let event = line.strip_prefix("Event:");
        event.is_some_and(|e| !e.trim().is_empty())
    })
}

#[derive(Default)]
struct Call {
    record: Option<Record>,
    /// The channels on hold, each with the moment.
    open: HashMap<String, Option<WallTime>>,
    held: Vec<(WallTime, WallTime)>,
    count: u32,
    /// Whether a hold is without its moments.
    torn: bool,
    began: bool,
    ended: bool,
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let mut calls: Vec<(String, Call)> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut any_hold = false;
    let mut block: HashMap<String, &str> = HashMap::new();
    let mut begin = 1;
    let lines = content.text().lines().chain([""]);
    for (i, line) in lines.enumerate() {
        let line = line.trim_end();
        if !line.is_empty() {
            if block.is_empty() {
                begin = i + 1;
            }
            if let Some((key, value)) = line.split_once(':') {
                block.insert(key.trim().to_lowercase(), value.trim());
            }
            continue;
        }
        let block = std::mem::take(&mut block);
        let Some(event) = block.get("event").copied() else {
            continue;
        };
        if !matches!(
            event,
            "Hold" | "Unhold" | "Newchannel" | "Hangup" | "MusicOnHold" | "MusicOnHoldStart"
        ) {
            continue;
        }
        let get = |key: &str| block.get(key).copied().filter(|v| !v.is_empty());
        let Some(id) = get("linkedid").or(get("uniqueid")) else {
            let error = Error::new(
                ErrorKind::IllFormed,
                format!("line {begin}"),
                format!("an event {event} without Linkedid and Uniqueid"),
                "one of them",
            );
            out.rejected.push(error);
            continue;
        };
        let at = *by_id.entry(id.to_owned()).or_insert_with(|| {
            calls.push((id.to_owned(), Call::default()));
            calls.len() - 1
        });
        let call = &mut calls[at].1;
        let record = call
            .record
            .get_or_insert_with(|| Record::new(Platform::AsteriskAmi, id));
        let channel = get("uniqueid")
            .or(get("channel"))
            .unwrap_or_default()
            .to_owned();
        let time = get("timestamp").and_then(moment_of);
        let place = format!("line {begin}");
        match event {
            "Hold" => {
                any_hold = true;
                if channel == id {
                    record.warn(
                        &place,
                        "the hold is of the channel that the call began on; counted all the same",
                    );
                }
                if call.open.contains_key(&channel) {
                    record.warn(
                        &place,
                        "Hold a second time without Unhold; the first counts",
                    );
                    continue;
                }
                call.count += 1;
                call.open.insert(channel, time);
            }
            "Unhold" => match call.open.remove(&channel) {
                Some(start) => call.close(start, time, &place),
                None => record.warn(&place, "Unhold without Hold; it is not counted"),
            },
            "Newchannel" => {
                call.began = true;
                record.start = record.start.or(time);
            }
            "Hangup" => {
                call.ended = true;
                // Who hangs up on hold ends it.
                if let Some(start) = call.open.remove(&channel) {
                    call.close(start, time, &place);
                }
            }
            _ => {}
        }
    }
    out.records = calls
        .into_iter()
        .filter_map(|(_, call)| call.record(any_hold))
        .collect();
}

impl Call {
    fn close(&mut self, start: Option<WallTime>, end: Option<WallTime>, place: &str) {
        match start.zip(end).filter(|(a, b)| a < b) {
            Some(held) => self.held.push(held),
            None => {
                self.torn = true;
                if let Some(record) = &mut self.record {
                    record.warn(
                        place,
                        "the hold is without its Timestamp; it is counted only",
                    );
                }
            }
        }
    }

    fn record(mut self, any_hold: bool) -> Option<Record> {
        let mut record = self.record.take()?;
        if !self.open.is_empty() {
            self.torn = true;
            record.warn("", "a hold without its end: the dump was cut");
        }
        // Both parties of a conference may hold at a time: together it is one stretch of hold.
        self.held.sort();
        let mut joined: Vec<(WallTime, WallTime)> = Vec::new();
        for (start, end) in self.held {
            match joined.last_mut() {
                Some(last) if start <= last.1 => {
                    last.1 = last.1.max(end);
                    self.count -= 1;
                }
                _ => joined.push((start, end)),
            }
        }
        let seen = self.count > 0 || (any_hold && self.began && self.ended);
        if seen {
            let spans = joined.iter().map(|(a, b)| b.since(*a));
            record.metadata.holds = Some(Holds {
                count: Some(self.count),
                total: (!self.torn).then(|| spans.clone().sum()),
                longest: spans.max().filter(|_| !self.torn),
                intervals: None,
            });
            if !self.torn {
                record.hold_intervals = joined
                    .into_iter()
                    .map(|(start, end)| ClockInterval::Wall { start, end })
                    .collect();
            }
        }
        let why = if self.torn {
            "a hold is without its Timestamp or its end"
        } else if !any_hold {
            "the dump has no Hold event at all; it may have been filtered"
        } else {
            "the dump does not show the whole call"
        };
        for field in ["holds.count", "holds.total_s", "holds.longest_s"] {
            record.lacks(field, why);
        }
        record.lacks(
            "holds.intervals",
            if self.torn {
                why
            } else {
                "the recording's start is needed to lay the holds on its clock"
            },
        );
        for field in ["ivr.status", "ivr.duration_s", "ivr.steps"] {
            record.lacks(
                field,
                "manager events are read for the holds; CEL tells of the IVR",
            );
        }
        for field in ["queue.wait_s", "queue.name"] {
            record.lacks(
                field,
                "manager events are read for the holds; queue_log tells of the queue",
            );
        }
        record.lacks(
            "recording_start",
            "manager events are read for the holds; CEL with MixMonitor among its apps tells",
        );
        debug_assert!(record.duration.unwrap_or(Span::ZERO) >= Span::ZERO);
        Some(record)
    }
}
