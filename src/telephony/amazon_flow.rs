//! Amazon Connect flow logs: a row for every block that a contact ran through.
//!
//! The blocks in which the customer hears or says something are the steps; the block that hands the
//! contact over is the last one, with no outcome, since the log does not tell whether the flow hands
//! such matters over or the customer asked for it. A flow that hangs up by itself has completed its
//! task, unless what it heard last was nothing, not understood, or an error.

use super::content::Item;
use super::values::{moment, text};
use super::{Platform, Record, Records};
use crate::call::{Ivr, IvrStatus, IvrStep, StepOutcome, WallTime};
use crate::error::{Error, ErrorKind};
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn is_row(value: &Value) -> bool {
    let keys = ["ContactFlowName", "ContactFlowModuleType", "ContactFlowId"];
    keys.iter().any(|key| value.get(key).is_some())
}

/// What a block is to the customer.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Says,
    Asks,
    HandsOver,
    HangsUp,
    Silent,
}

fn block(module: &str) -> Block {
    match module {
        "PlayPrompt" | "LoopPrompts" | "MessageParticipant" => Block::Says,
        "GetUserInput"
        | "StoreUserInput"
        | "GetParticipantInput"
        | "ConnectParticipantWithLexBot" => Block::Asks,
        "Transfer"
        | "TransferToQueue"
        | "TransferContactToQueue"
        | "TransferToAgent"
        | "TransferToPhoneNumber"
        | "TransferParticipantToThirdParty" => Block::HandsOver,
        "Disconnect" | "DisconnectParticipant" => Block::HangsUp,
        _ => Block::Silent,
    }
}

/// What came of a question. Lex writes the intent, whose name for "not understood" is
/// `FallbackIntent`; keys come as digits.
fn outcome(result: &str) -> StepOutcome {
    let plain: String = result
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<String>()
        .to_lowercase();
    match plain.trim_start_matches("amazon") {
        "timeout" | "noinput" | "inputtimelimitexceeded" => StepOutcome::NoInput,
        "fallbackintent" | "nomatch" | "nomatchingcondition" | "default" => StepOutcome::NoMatch,
        "error" | "failed" | "nomatchingerror" => StepOutcome::Failed,
        _ => StepOutcome::Ok,
    }
}

struct Way {
    record: Record,
    begin: Option<WallTime>,
    steps: Vec<IvrStep>,
    /// Of each step, whether it asks.
    asks: Vec<bool>,
    end: Option<Block>,
    end_time: Option<WallTime>,
}

pub(super) fn records(rows: &[&Item], out: &mut Records) -> Vec<Record> {
    let mut ways: Vec<Way> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let Some(id) = text(&row.value, &["ContactId"]) else {
            let error = Error::new(
                ErrorKind::IllFormed,
                &row.place,
                "a row of a flow log without ContactId",
                "ContactId",
            );
            out.rejected.push(error);
            continue;
        };
        let at = *by_id.entry(id).or_insert_with_key(|id| {
            ways.push(Way {
                record: Record::new(Platform::AmazonConnect, id),
                begin: None,
                steps: Vec::new(),
                asks: Vec::new(),
                end: None,
                end_time: None,
            });
            ways.len() - 1
        });
        ways[at].add(row);
    }
    ways.into_iter().map(Way::record).collect()
}

impl Way {
    fn add(&mut self, row: &Item) {
        let value = &row.value;
        let time = value.get("Timestamp").and_then(moment);
        if time.is_none() {
            self.record
                .warn(&row.place, "Timestamp is no time; the step is without one");
        }
        self.begin = match (self.begin, time) {
            (Some(a), Some(b)) if b < a => {
                self.record.warn(&row.place, "Timestamp goes back");
                Some(a)
            }
            (a, b) => a.or(b),
        };
        let module = text(value, &["ContactFlowModuleType"]).unwrap_or_default();
        let block = block(&module);
        if block == Block::Silent {
            return;
        }
        if matches!(block, Block::HandsOver | Block::HangsUp) {
            self.end = Some(block);
            self.end_time = time;
            if block == Block::HangsUp {
                return;
            }
        }
        let flow = text(value, &["ContactFlowName"]).unwrap_or_default();
        let within = text(value, &["Identifier"]).unwrap_or(module);
        let result = match value.get("Results") {
            Some(Value::Object(object)) => {
                object.values().find_map(|v| v.as_str().map(str::to_owned))
            }
            _ => text(value, &["Results"]),
        };
        let told = result.filter(|_| block == Block::Asks).map(|r| outcome(&r));
        let node = format!("{flow}/{within}");
        // A question may be logged twice: when it is put and when it is answered.
        if let (Some(last), Some(true)) = (self.steps.last_mut(), self.asks.last())
            && last.node == node
            && last.outcome.is_none()
            && told.is_some()
        {
            last.outcome = told;
            return;
        }
        let mut step = IvrStep::new(node);
        step.outcome = told;
        let since = self.begin.zip(time).map(|(begin, time)| time.since(begin));
        step.entered = since.filter(|s| s.nanos() >= 0);
        self.steps.push(step);
        self.asks.push(block == Block::Asks);
    }

    fn record(self) -> Record {
        let mut record = self.record;
        let asked: Vec<&IvrStep> = self
            .steps
            .iter()
            .zip(&self.asks)
            .filter(|(_, a)| **a)
            .map(|(s, _)| s)
            .collect();
        let all_told = asked.iter().all(|s| s.outcome.is_some());
        let count = |wanted| {
            let found = asked.iter().filter(|s| s.outcome == Some(wanted)).count();
            all_told.then_some(found as u32)
        };
        let bad = asked
            .last()
            .is_some_and(|s| s.outcome.is_some_and(|o| o != StepOutcome::Ok));
        let status = match self.end {
            Some(Block::HangsUp) if bad => IvrStatus::Failed,
            Some(Block::HangsUp) => IvrStatus::Completed,
            _ => IvrStatus::Unknown,
        };
        let why = match self.end {
            Some(Block::HandsOver) => {
                "the log does not tell whether the flow hands such matters over or the customer asked for a person"
            }
            _ => "the log shows no end of the flow",
        };
        record.lacks("ivr.status", why);
        record.metadata.ivr = Some(Ivr {
            status: Some(status),
            duration: self
                .begin
                .zip(self.end_time)
                .map(|(a, b)| b.since(a))
                .filter(|s| s.nanos() >= 0),
            no_input_count: count(StepOutcome::NoInput),
            no_match_count: count(StepOutcome::NoMatch),
            steps: Some(self.steps),
            ..Ivr::default()
        });
        record.lacks("ivr.duration_s", "the log shows no end of the flow");
        for field in [
            "queue.wait_s",
            "queue.name",
            "holds.count",
            "holds.total_s",
            "holds.longest_s",
            "holds.intervals",
            "recording_start",
        ] {
            record.lacks(
                field,
                "a flow log ends before the queue; the contact record tells",
            );
        }
        record.start = self.begin;
        record
    }
}
