//! Asterisk channel event logging (CEL): CSV with or without a header, or JSON, joined by `linkedid`.
//!
//! * Without a header the columns are those of the sample `cel_custom.conf`.
//! * A step of the IVR is an application that plays to the customer or waits for keys; it is named by
//!   its place in the dialplan, `context:exten`. The extensions `i` and `t` are Asterisk's own for "no
//!   such key" and "no key", and are the outcome of the step before. A centre may write its own steps:
//!   an event of `CELGenUserEvent` whose name begins with `IVR`, with `node` or `node:outcome`.
//! * The log has what `cel.conf` asks for: that there is no step does not mean that there was no IVR.
//! * CEL has no event for hold.

use super::content::Content;
use super::values::moment_of;
use super::{Platform, Record, Records};
use crate::call::{Ivr, IvrStatus, IvrStep, Queue, StepOutcome, WallTime};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use serde_json::Value;
use std::collections::HashMap;

/// The columns of the sample `cel_custom.conf`, without the signs between words.
const CUSTOM: [&str; 20] = [
    "eventtype",
    "eventtime",
    "cidname",
    "cidnum",
    "cidani",
    "cidrdnis",
    "ciddnid",
    "exten",
    "context",
    "channame",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "peer",
    "userfield",
    "userdeftype",
    "extra",
];

const EVENTS: [&str; 18] = [
    "CHAN_START",
    "CHAN_END",
    "ANSWER",
    "HANGUP",
    "APP_START",
    "APP_END",
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "PARK_START",
    "PARK_END",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "USER_DEFINED",
    "LINKEDID_END",
    "PICKUP",
    "FORWARD",
    "LOCAL_OPTIMIZE",
    "STREAM_BEGIN",
];

/// Applications that play to the customer, or wait for keys.
const ASKING: [&str; 6] = [
    "background",
    "backgrounddetect",
    "read",
    "readexten",
    "speechbackground",
    "waitexten",
];

/// Brings the names of a header, of JSON and of manager events to one spelling.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_lowercase();
    // Some write the function of the dialplan that gives the value: `channel_exten`.
    let bare = name.strip_prefix("channel").filter(|rest| !rest.is_empty());
    match bare.unwrap_or(&name) {
        "eventname" => "eventtype",
        "calleridname" => "cidname",
        "calleridnum" => "cidnum",
        "channel" => "channame",
        "application" => "appname",
        "applicationdata" => "appdata",
        "bridgepeer" => "peer",
        "eventextra" => "extra",
        "userdefined" => "userdeftype",
        other => return other.to_owned(),
    }
    .to_owned()
}

/// One event.
struct Row {
    place: String,
    cells: HashMap<String, String>,
}

impl Row {
    fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", |v| v.trim())
    }
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    let first = text
        .lines()
        .find(|l| !l.trim().is_empty())
        .unwrap_or_default();
    let count = |d: u8| first.bytes().filter(|b| *b == d).count();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|d| (count(*d), *d == b','))
        .unwrap_or(b',');
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

fn is_header(record: &csv::StringRecord) -> bool {
    let names: Vec<String> = record.iter().map(plain).collect();
    ["eventtype", "linkedid"]
        .iter()
        .all(|c| names.iter().any(|n| n == c))
}

fn is_custom(record: &csv::StringRecord) -> bool {
    record.len() >= 16 && record.get(0).is_some_and(|e| EVENTS.contains(&e.trim()))
}

fn is_event(value: &Value) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    let has = |wanted: &str| object.keys().any(|k| plain(k) == wanted);
    has("eventtype") && has("linkedid")
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    if content.items().iter().any(|i| is_event(&i.value)) {
        return true;
    }
    let mut records = reader(content.text()).into_records().take(20).flatten();
    records.any(|r| is_header(&r) || is_custom(&r))
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let mut rows = Vec::new();
    for item in content.items() {
        match item.value.as_object().filter(|_| is_event(&item.value)) {
            Some(object) => {
                let cell = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                let cells = object
                    .iter()
                    .filter(|(_, v)| !v.is_null())
                    .map(|(k, v)| (plain(k), cell(v)));
                rows.push(Row {
                    place: item.place.clone(),
                    cells: cells.collect(),
                });
            }
            None => out
                .rejected
                .push(refused(&item.place, "an object that is no event")),
        }
    }
    let mut columns: Vec<String> = CUSTOM.iter().map(|c| (*c).to_owned()).collect();
    let mut headed = false;
    for record in reader(content.text()).into_records() {
        let Ok(record) = record else {
            out.rejected.push(refused("", "a line that is no CSV"));
            continue;
        };
        let place = format!("line {}", record.position().map_or(0, csv::Position::line));
        if is_header(&record) {
            columns = record.iter().map(plain).collect();
            headed = true;
        } else if headed && record.len() != columns.len() {
            out.rejected.push(refused(
                &place,
                &format!("{} cells under a header of {}", record.len(), columns.len()),
            ));
        } else if headed || is_custom(&record) {
            // `userfield` is missing in configurations that copy an older sample.
            let older = !headed && record.len() == CUSTOM.len() - 1;
            let named = columns.iter().filter(|c| !older || *c != "userfield");
            let cells = named.cloned().zip(record.iter().map(str::to_owned));
            rows.push(Row {
                place,
                cells: cells.collect(),
            });
        } else {
            out.rejected
                .push(refused(&place, &format!("{} cells", record.len())));
        }
    }
    let mut calls: Vec<(String, Vec<Row>)> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let id = match row.get("linkedid") {
            "" => row.get("uniqueid").to_owned(),
            id => id.to_owned(),
        };
        if id.is_empty() {
            out.rejected
                .push(refused(&row.place, "an event without linkedid"));
            continue;
        }
        let at = *by_id.entry(id.clone()).or_insert_with(|| {
            calls.push((id, Vec::new()));
            calls.len() - 1
        });
        calls[at].1.push(row);
    }
    out.records = calls.iter().map(|(id, rows)| call(id, rows)).collect();
}

fn refused(place: &str, found: &str) -> Error {
    Error::new(
        ErrorKind::IllFormed,
        place,
        found,
        "an event of CEL with its eventtype and linkedid",
    )
}

/// A moment of an event: of the wall clock, or of a clock whose offset from UTC is not told, good
/// for differences alone.
fn moment(row: &Row) -> Option<(WallTime, bool)> {
    let text = row.get("eventtime");
    moment_of(text).map(|t| (t, true)).or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some((
            WallTime::from_nanos(zoned.timestamp().as_nanosecond())?,
            false,
        ))
    })
}

fn call(id: &str, rows: &[Row]) -> Record {
    let mut record = Record::new(Platform::AsteriskCel, id);
    let mut on_the_wall = true;
    let mut events: Vec<(Option<WallTime>, &Row)> = Vec::new();
    for row in rows {
        let moment = moment(row);
        match moment {
            Some((_, absolute)) => on_the_wall &= absolute,
            None => record.warn(&row.place, "eventtime is no time"),
        }
        events.push((moment.map(|m| m.0), row));
        let channel = row.get("uniqueid");
        let known = record.aliases.iter().any(|a| a.as_str() == channel);
        if !channel.is_empty() && channel != id && !known {
            record.aliases.push(crate::call::CallId::new(channel));
        }
    }
    // Events of several channels may be written out of order; those without a time stay where they are.
    if events.iter().all(|(t, _)| t.is_some()) {
        events.sort_by_key(|(t, _)| *t);
    }
    if !on_the_wall {
        record.warn(
            "eventtime",
            "times without an offset from UTC: lengths follow from them, and no moment",
        );
    }
    let absolute = |t: Option<WallTime>| t.filter(|_| on_the_wall);
    let of_caller = |row: &Row| row.get("uniqueid") == id || row.get("uniqueid").is_empty();

    let mut steps: Vec<IvrStep> = Vec::new();
    let (mut begin, mut step_context) = (None, String::new());
    let (mut answered, mut queued, mut dialled, mut bridged, mut end) =
        (None, None, None, None, None);
    let mut queue_name = None;
    let mut transfers = 0;
    for &(time, row) in &events {
        let (kind, app) = (row.get("eventtype"), row.get("appname").to_lowercase());
        let (context, exten) = (row.get("context"), row.get("exten"));
        record.start = record.start.or(absolute(time));
        if matches!(exten, "i" | "t")
            && context == step_context
            && queued.is_none()
            && let Some(last) = steps.last_mut().filter(|s| s.outcome.is_none())
        {
            last.outcome = Some(if exten == "t" {
                StepOutcome::NoInput
            } else {
                StepOutcome::NoMatch
            });
        }
        match kind {
            "CHAN_START" if of_caller(row) => {
                begin = begin.or(time);
                let number = Some(row.get("cidnum")).filter(|n| !n.is_empty());
                record.customer = record.customer.take().or(number.map(str::to_owned));
            }
            "ANSWER" if of_caller(row) => answered = answered.or(time),
            "APP_START" if matches!(app.as_str(), "mixmonitor" | "monitor") => {
                recording(row, absolute(time), &mut record)
            }
            "APP_START" if app == "queue" => {
                queued = queued.or(Some(time));
                if bridged.is_none() {
                    queue_name = row
                        .get("appdata")
                        .split(',')
                        .next()
                        .map(str::to_owned)
                        .filter(|n| !n.is_empty());
                }
            }
            "APP_START" if app == "dial" && of_caller(row) => dialled = dialled.or(Some(time)),
            "APP_START"
                if ASKING.contains(&app.as_str())
                    && of_caller(row)
                    && queued.is_none()
                    && bridged.is_none() =>
            {
                let node = match exten {
                    "" | "i" | "t" => format!("{context}:s"),
                    exten => format!("{context}:{exten}"),
                };
                // Waiting for the keys belongs to the prompt before it.
                let goes_on = app == "waitexten" && steps.last().is_some_and(|s| s.node == node);
                if !goes_on && !matches!(exten, "i" | "t") {
                    steps.push(entered(node, time, answered.or(begin)));
                    step_context = context.to_owned();
                }
            }
            "USER_DEFINED" if row.get("userdeftype").to_uppercase().starts_with("IVR") => {
                if let Some((node, outcome)) = own_step(row) {
                    let mut step = entered(node, time, answered.or(begin));
                    step.outcome = outcome;
                    steps.push(step);
                }
            }
            "BRIDGE_ENTER" if of_caller(row) => bridged = bridged.or(time),
            "BRIDGE_EXIT" | "HANGUP" if of_caller(row) => end = time.or(end),
            "BLINDTRANSFER" | "ATTENDEDTRANSFER" => transfers += 1,
            _ => {}
        }
    }
    record.transfers = Some(transfers);
    let length = |from: Option<WallTime>, to: Option<WallTime>| {
        let span = to?.since(from?);
        (span >= Span::ZERO).then_some(span)
    };
    record.duration = length(bridged, end);
    if steps.is_empty() {
        for field in ["ivr.status", "ivr.duration_s", "ivr.steps"] {
            record.lacks(
                field,
                "no step of an IVR is logged; cel.conf may not list its applications",
            );
        }
    } else {
        let left = queued.or(dialled).flatten().or(bridged);
        record.metadata.ivr = Some(Ivr {
            status: Some(IvrStatus::Unknown),
            duration: length(answered.or(begin), left),
            steps: Some(steps),
            ..Ivr::default()
        });
        record.lacks("ivr.status", "CEL does not tell why the call left the IVR");
        record.lacks(
            "ivr.duration_s",
            "no queue, no dialling and no bridge after the IVR",
        );
    }
    if let Some(queued) = queued {
        record.metadata.queue = Some(Queue {
            wait: length(queued, bridged),
            name: queue_name,
        });
        record.lacks(
            "queue.wait_s",
            "no agent answered, and CEL does not tell when the call left the queue",
        );
    }
    for field in ["queue.wait_s", "queue.name"] {
        record.lacks(field, "no application Queue is logged; queue_log tells");
    }
    for field in [
        "holds.count",
        "holds.total_s",
        "holds.longest_s",
        "holds.intervals",
    ] {
        record.lacks(field, "CEL has no event for hold; manager events (AMI) do");
    }
    record.lacks("recording_start", "no application MixMonitor is logged");
    record
}

fn entered(node: String, time: Option<WallTime>, begin: Option<WallTime>) -> IvrStep {
    let mut step = IvrStep::new(node);
    let since = time.zip(begin).map(|(t, b)| t.since(b));
    step.entered = since.filter(|s| *s >= Span::ZERO);
    step
}

/// The recording that an application starts. With the option `b` it begins only when the channels are
/// bridged, at a moment that is not told.
fn recording(row: &Row, time: Option<WallTime>, record: &mut Record) {
    let mut arguments = row.get("appdata").split(',');
    if let Some(file) = arguments.next().filter(|f| !f.is_empty()) {
        record.recordings.push(file.to_owned());
    }
    let at_the_bridge = arguments
        .next()
        .is_some_and(|options| options.contains('b'));
    if at_the_bridge {
        record.lacks(
            "recording_start",
            "MixMonitor with the option b begins at the bridge, at a moment that is not told",
        );
    } else if record.metadata.recording_start.is_none() {
        record.metadata.recording_start = time;
    }
}

/// A step that the centre writes itself: `node` or `node:outcome`.
fn own_step(row: &Row) -> Option<(String, Option<StepOutcome>)> {
    let extra = row.get("extra");
    let told = match serde_json::from_str::<Value>(extra) {
        Ok(Value::Object(object)) => object.get("extra")?.as_str()?.to_owned(),
        _ if extra.is_empty() => row.get("appdata").to_owned(),
        _ => extra.to_owned(),
    };
    let (node, outcome) = match told.rsplit_once(':') {
        Some((node, word)) => match word.parse() {
            Ok(outcome) => (node.to_owned(), Some(outcome)),
            Err(_) => (told, None),
        },
        None => (told, None),
    };
    (!node.is_empty()).then_some((node, outcome))
}
