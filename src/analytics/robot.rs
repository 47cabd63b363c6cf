//! The contacts that an IVR or a voice robot serves.
//!
//! # Conventions
//!
//! * Of contacts whose `ivr_status` is told and not `none`; `unknown` counts as a contact and as nothing else.
//! * Understanding is 1 − the share of steps at which the customer was not understood: a proxy, for what was
//!   understood wrongly is not in it. Where the column `ivr_recognised` has labels, they stand beside it.
//! * A node is left where the customer hung up at it: the last of a way that was abandoned.

use super::Moments;
use super::row::CallRow;
use super::stats::Figure;
use crate::call::StepOutcome;
use serde::Serialize;
use std::collections::HashMap;

/// Nodes told apart; steps at further ones are counted together, under no name.
const MOST_NODES: usize = 2_000;

/// What the IVR did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Robot {
    /// Contacts that met it.
    pub contacts: u64,
    /// Their share of all calls.
    pub volume: Option<Figure>,
    /// How they ended, by the words of `ivr_status`.
    pub ended: Vec<(String, u64)>,
    /// Share served whole by it, of those whose end is known.
    pub service_rate: Option<Figure>,
    /// Share served whole without coming back within 24 hours.
    pub autonomous_rate: Option<Figure>,
    /// Share of those served whole who did not come back within the days asked for.
    pub resolution: Option<Figure>,
    /// 1 − share of steps at which the customer was not understood.
    pub understood: Option<Figure>,
    /// Mean of the labels of recognition, where the archive has them.
    pub recognised: Option<Figure>,
    /// Share of contacts in which something went wrong: it failed, did not understand or heard nothing.
    pub defects: Option<Figure>,
    /// Mean number of nodes entered.
    pub steps: Option<Figure>,
    /// Mean cost of a contact, where the archive has it.
    pub cost: Option<Figure>,
    /// Share that came to what it was for, where the archive has it.
    pub conversion: Option<Figure>,
    /// The nodes, the most entered first.
    pub nodes: Vec<Node>,
    /// Contacts whose way is known node by node.
    pub ways: u64,
}

/// One node of the IVR.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Node {
    /// Its name; `None` of all beyond the first thousands.
    pub name: Option<String>,
    /// Times it was entered.
    pub entered: u64,
    /// Times the customer was not understood there.
    pub no_match: u64,
    /// Times the customer said and pressed nothing there.
    pub no_input: u64,
    /// Times the customer asked for a person there.
    pub requests: u64,
    /// Times it broke off.
    pub failed: u64,
    /// Times the customer hung up there.
    pub left: u64,
}

/// Counts what the IVR did.
#[derive(Debug, Default)]
pub(super) struct RobotTally {
    calls: u64,
    contacts: u64,
    ended: HashMap<String, u64>,
    steps_known: u64,
    no_match: u64,
    defects: u64,
    defects_known: u64,
    steps: Moments,
    cost: Moments,
    recognised: Moments,
    converted: u64,
    converted_known: u64,
    ways: u64,
    nodes: HashMap<String, Node>,
    other: Node,
    /// Of those served whole: known for a day, and not back; known for the days asked for, and not back.
    pub served_known_day: u64,
    pub served_quiet_day: u64,
    pub served_known: u64,
    pub served_quiet: u64,
}

impl RobotTally {
    pub fn push(&mut self, row: &CallRow) {
        self.calls += 1;
        let status = match row.word("ivr_status") {
            None | Some("none") => return,
            Some(status) => status,
        };
        self.contacts += 1;
        *self.ended.entry(status.to_owned()).or_default() += 1;
        let count = |name: &str| row.number(name);
        if let Some(steps) = count("ivr_step_count") {
            self.steps.push(steps);
            if let Some(missed) = count("ivr_no_match_count") {
                // A node may miss the customer more than once.
                self.steps_known += steps.max(missed) as u64;
                self.no_match += missed as u64;
            }
        }
        let wrong = [count("ivr_no_match_count"), count("ivr_no_input_count")];
        if wrong.iter().any(Option::is_some) || status == "failed" {
            self.defects_known += 1;
            let any = wrong.iter().flatten().any(|n| *n > 0.0);
            self.defects += u64::from(any || status == "failed");
        }
        row.cost.inspect(|cost| self.cost.push(*cost));
        row.recognised.inspect(|share| self.recognised.push(*share));
        if let Some(converted) = row.converted {
            self.converted_known += 1;
            self.converted += u64::from(converted);
        }
        if let Some(steps) = row.ivr_steps.as_ref().filter(|steps| !steps.is_empty()) {
            self.ways += 1;
            let last = steps.len() - 1;
            for (at, step) in steps.iter().enumerate() {
                let node = self.node(&step.node);
                node.entered += 1;
                match step.outcome {
                    Some(StepOutcome::NoMatch) => node.no_match += 1,
                    Some(StepOutcome::NoInput) => node.no_input += 1,
                    Some(StepOutcome::OperatorRequested) => node.requests += 1,
                    Some(StepOutcome::Failed) => node.failed += 1,
                    _ => {}
                }
                node.left += u64::from(at == last && status == "abandoned");
            }
        }
    }

    fn node(&mut self, name: &str) -> &mut Node {
        if !self.nodes.contains_key(name) {
            if self.nodes.len() >= MOST_NODES {
                return &mut self.other;
            }
            let node = Node {
                name: Some(name.to_owned()),
                ..Node::default()
            };
            self.nodes.insert(name.to_owned(), node);
        }
        self.nodes.get_mut(name).unwrap_or(&mut self.other)
    }

    /// Returns the figures; `None` where no call met an IVR.
    pub fn finish(self) -> Option<Robot> {
        if self.contacts == 0 {
            return None;
        }
        let served = self.ended.get("completed").copied().unwrap_or_default();
        let known = self.contacts - self.ended.get("unknown").copied().unwrap_or_default();
        // Those of whom the next day is not known are taken to be as the others.
        let autonomous =
            Figure::share(self.served_quiet_day, self.served_known_day).and_then(|quiet| {
                let served = Figure::share(served, known)?;
                let spread = |f: &Figure| f.range.map_or(0.0, |r| (r.high - r.low) / 2.0);
                let value = served.value * quiet.value;
                let half = (spread(&served) * quiet.value).hypot(spread(&quiet) * served.value);
                Some(Figure {
                    value,
                    range: Some(super::Range::around(value, half).within(0.0, 1.0)),
                    calls: known,
                })
            });
        let mut ended: Vec<(String, u64)> = self.ended.into_iter().collect();
        ended.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut nodes: Vec<Node> = self.nodes.into_values().collect();
        nodes.sort_by(|a, b| b.entered.cmp(&a.entered).then_with(|| a.name.cmp(&b.name)));
        if self.other.entered > 0 {
            nodes.push(self.other);
        }
        Some(Robot {
            contacts: self.contacts,
            volume: Figure::share(self.contacts, self.calls),
            ended,
            service_rate: Figure::share(served, known),
            autonomous_rate: autonomous,
            resolution: Figure::share(self.served_quiet, self.served_known),
            understood: Figure::share(
                self.steps_known - self.no_match.min(self.steps_known),
                self.steps_known,
            ),
            recognised: Figure::mean_share(&self.recognised),
            defects: Figure::share(self.defects, self.defects_known),
            steps: Figure::mean(&self.steps),
            cost: Figure::mean(&self.cost),
            conversion: Figure::share(self.converted, self.converted_known),
            nodes,
            ways: self.ways,
        })
    }
}
