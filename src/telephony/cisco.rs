//! Cisco UCCE: rows of `Termination_Call_Detail`, as lines of `key=value` or exported as CSV.
//!
//! * A call is `RouterCallKeyDay-RouterCallKey`; its rows, one for each leg, are added up.
//! * `Duration = LocalQTime + RingTime + TalkTime + WorkTime + HoldTime + DelayTime`.
//! * `HoldTime` is seconds, with no number of holds. `NetworkTime` and `DelayTime` hold queueing on a
//!   VRU as well as its prompts, so that the time in an IVR does not follow.

use super::content::Content;
use super::values::moment_of;
use super::{CLOCK_SLACK, Platform, Record, Records};
use crate::call::{Holds, Queue};
use crate::error::{Error, ErrorKind};
use crate::timeline::Span;
use std::collections::HashMap;

/// Blind and announced transfer among the codes of `CallDisposition`.
const TRANSFERRED: [&str; 2] = ["28", "29"];

/// One row, by the lower-case names of its columns.
struct Leg {
    line: usize,
    cells: HashMap<String, String>,
}

impl Leg {
    fn get(&self, names: &[&str]) -> Option<&str> {
        let found = names.iter().find_map(|n| self.cells.get(*n));
        found
            .map(|v| v.trim())
            .filter(|v| !v.is_empty() && !v.eq_ignore_ascii_case("null"))
    }

    fn seconds(&self, name: &str, record: &mut Record) -> Option<Span> {
        let text = self.get(&[name])?;
        let span = text
            .parse()
            .ok()
            .and_then(Span::from_seconds)
            .filter(|s| *s >= Span::ZERO);
        if span.is_none() {
            record.warn(
                format!("line {}: {name}", self.line),
                "left out: no number of 0 or more",
            );
        }
        span
    }
}

fn is_pairs(line: &str) -> bool {
    ["TalkTime=", "HoldTime="].iter().any(|k| line.contains(k))
}

fn is_header(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["talktime", "holdtime"].iter().all(|k| lower.contains(k)) && !line.contains('=')
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    content
        .lines()
        .take(20)
        .any(|(_, line)| is_pairs(line) || is_header(line))
}

pub(super) fn read(content: &Content<'_>, out: &mut Records) {
    let headed = content.lines().take(20).any(|(_, line)| is_header(line));
    let legs = if headed {
        table(content, out)
    } else {
        pairs(content, out)
    };
    let mut calls: Vec<(Record, Vec<Leg>)> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for leg in legs {
        let key = leg.get(&["routercallkey"]);
        let id = match (leg.get(&["routercallkeyday"]), key) {
            (Some(day), Some(key)) => Some(format!("{day}-{key}")),
            _ => leg.get(&["callguid", "callreferenceid"]).map(str::to_owned),
        };
        let named = id.is_some();
        let id = id.unwrap_or_else(|| format!("line {}", leg.line));
        let at = *by_id.entry(id).or_insert_with_key(|id| {
            let mut record = Record::new(Platform::CiscoTcd, id);
            if !named {
                record.warn(id, "no RouterCallKeyDay and RouterCallKey: the call is named by its line, and joins nothing");
            }
            calls.push((record, Vec::new()));
            calls.len() - 1
        });
        calls[at].1.push(leg);
    }
    out.records = calls
        .into_iter()
        .map(|(record, legs)| call(record, &legs))
        .collect();
}

fn table(content: &Content<'_>, out: &mut Records) -> Vec<Leg> {
    let text = content.text();
    let first = text.lines().find(|l| is_header(l)).unwrap_or_default();
    let count = |d: u8| first.bytes().filter(|b| *b == d).count();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|d| count(*d))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut columns, mut legs) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let Ok(record) = record else {
            out.rejected.push(Error::new(
                ErrorKind::IllFormed,
                "",
                "a line that is no CSV",
                "CSV",
            ));
            continue;
        };
        let line = record.position().map_or(0, |p| p.line() as usize);
        if columns.is_empty() {
            if record
                .iter()
                .any(|c| c.trim().eq_ignore_ascii_case("talktime"))
            {
                columns = record.iter().map(|c| c.trim().to_lowercase()).collect();
            }
        } else if record.len() == columns.len() {
            let cells = columns
                .iter()
                .cloned()
                .zip(record.iter().map(str::to_owned));
            legs.push(Leg {
                line,
                cells: cells.collect(),
            });
        } else {
            let found = format!("{} cells", record.len());
            let wanted = format!("{}, as in the header", columns.len());
            out.rejected.push(Error::new(
                ErrorKind::IllFormed,
                format!("line {line}"),
                found,
                wanted,
            ));
        }
    }
    legs
}

/// Reads `key=value` from line to line; a key that comes again begins the next row.
fn pairs(content: &Content<'_>, out: &mut Records) -> Vec<Leg> {
    let mut legs: Vec<Leg> = Vec::new();
    for (line, text) in content.lines() {
        let pairs: Vec<(&str, &str)> = text
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .collect();
        if pairs.is_empty() {
            let error = Error::new(
                ErrorKind::IllFormed,
                format!("line {line}"),
                "a line without key=value",
                "key=value",
            );
            out.rejected.push(error);
        }
        for (key, value) in pairs {
            let key = key.to_lowercase();
            let again = legs.last().is_none_or(|leg| leg.cells.contains_key(&key));
            if again {
                legs.push(Leg {
                    line,
                    cells: HashMap::new(),
                });
            }
            if let Some(leg) = legs.last_mut() {
                leg.cells
                    .insert(key, value.trim_end_matches(',').to_owned());
            }
        }
    }
    legs
}

fn call(mut record: Record, legs: &[Leg]) -> Record {
    let record_of = &mut record;
    let (mut held, mut talked, mut waited) = (None::<Span>, None::<Span>, None::<Span>);
    let (mut answered, mut transfers) = (false, None);
    for leg in legs {
        let add = |sum: &mut Option<Span>, span: Option<Span>| {
            *sum = match (*sum, span) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            };
        };
        let names = [
            "localqtime",
            "ringtime",
            "talktime",
            "worktime",
            "holdtime",
            "delaytime",
        ];
        let parts = names.map(|name| leg.seconds(name, record_of));
        let [wait, _, talk, _, hold, _] = parts;
        let sum: Option<Span> = parts.into_iter().sum();
        if let (Some(sum), Some(whole)) = (sum, leg.seconds("duration", record_of))
            && (sum - whole > CLOCK_SLACK || whole - sum > CLOCK_SLACK)
        {
            record_of.warn(
                format!("line {}: Duration", leg.line),
                "not the sum of its parts",
            );
        }
        add(&mut held, hold);
        add(&mut talked, talk);
        if !answered {
            add(&mut waited, wait);
            record_of.metadata.queue = Some(Queue {
                wait: waited,
                name: leg
                    .get(&["queuename", "skillgroupskilltargetid", "precisionqueueid"])
                    .map(str::to_owned),
            });
        }
        if talk.is_some_and(|t| t > Span::ZERO) && !answered {
            answered = true;
            let agent = leg.get(&["agentskilltargetid", "agentperipheralnumber"]);
            record_of.operator = agent.map(str::to_owned);
        }
        if record_of.customer.is_none() {
            record_of.customer = leg.get(&["ani"]).map(str::to_owned);
        }
        if let Some(text) = leg.get(&["startdatetimeutc"]) {
            let time =
                moment_of(text).or_else(|| moment_of(&format!("{}Z", text.replace(' ', "T"))));
            record_of.start = record_of.start.into_iter().chain(time).min();
        }
        if let Some(code) = leg.get(&["calldisposition", "calldisp"]) {
            let code = code.split(',').next().unwrap_or_default();
            *transfers.get_or_insert(0) += u32::from(TRANSFERRED.contains(&code));
        }
    }
    record.transfers = transfers;
    record.duration = talked
        .zip(held)
        .map(|(a, b)| a + b)
        .filter(|d| *d > Span::ZERO);
    if answered {
        record.metadata.holds = held.map(|total| Holds {
            total: Some(total),
            ..Holds::default()
        });
    }
    let why = if answered {
        "Termination_Call_Detail has the seconds on hold alone"
    } else {
        "no agent talked"
    };
    for field in [
        "holds.count",
        "holds.longest_s",
        "holds.intervals",
        "holds.total_s",
    ] {
        record.lacks(field, why);
    }
    record.lacks(
        "queue.name",
        "neither SkillGroupSkillTargetID nor PrecisionQueueID is in the row",
    );
    for field in ["ivr.status", "ivr.steps"] {
        record.lacks(
            field,
            "Termination_Call_Detail knows no nodes of a VRU; its own tables do",
        );
    }
    record.lacks(
        "ivr.duration_s",
        "NetworkTime and DelayTime hold queueing on a VRU as well as its prompts",
    );
    record.lacks(
        "recording_start",
        "Termination_Call_Detail knows no recordings",
    );
    record
}
