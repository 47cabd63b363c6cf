//! What the parties did besides talking: `party_history`, as holds and as the way through the IVR.

use super::document::{Document, Moment, Role, index};
use crate::call::{ClockInterval, Holds, Ivr, IvrStep, Side};
use crate::score::Warning;
use crate::timeline::{Span, Time};
use serde_json::Value;
use std::collections::BTreeMap;

/// Keys pressed with at most this much between them are one entry: a number, not a choice of a menu.
/// Voice menus wait three to five seconds for the next digit (judgement).
const ENTRY_GAP: Span = Span::from_millis(3_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Join,
    Drop,
    Hold,
    Unhold,
    KeyDown,
    Other,
}

struct Event {
    party: usize,
    role: Role,
    at: i64,
    kind: Kind,
    button: Option<String>,
}

/// The events of a call, in the order of their times.
pub(super) struct History {
    events: Vec<Event>,
    /// The first sample, on the clock of the events.
    start: Moment,
    /// Length of the recording, where it is told.
    duration: Option<Span>,
}

/// A fact, or why it is not known.
pub(super) type Told<T> = Result<T, &'static str>;

impl History {
    /// Reads the events of the dialogs; those that cannot be read are left out, which is said.
    pub(super) fn of(
        document: &Document<'_>,
        dialogs: &[usize],
        start: Option<Moment>,
        duration: Option<Span>,
        warnings: &mut Vec<Warning>,
    ) -> Told<History> {
        let chosen = dialogs.iter().filter_map(|&d| document.dialogs().get(d));
        let lists: Vec<&Vec<Value>> = chosen.filter_map(|d| d.party_history.as_ref()).collect();
        if lists.iter().all(|list| list.is_empty()) {
            return Err("the recording has no party_history");
        }
        let Some(start) = start else {
            return Err("party_history has no place on the call, for the recording has no start");
        };
        let (mut events, mut odd, mut mixed) = (Vec::new(), 0, false);
        for value in lists.into_iter().flatten() {
            let party = value.get("party").and_then(index);
            let party = party.filter(|&party| party < document.parties().len());
            let at = value.get("time").and_then(Moment::of);
            let kind = value.get("event").and_then(Value::as_str);
            let (Some(party), Some(at), Some(kind)) = (party, at, kind) else {
                odd += 1;
                continue;
            };
            mixed |= at.zoned != start.zoned;
            let kind = match kind.to_lowercase().as_str() {
                "join" => Kind::Join,
                "drop" => Kind::Drop,
                "hold" => Kind::Hold,
                "unhold" => Kind::Unhold,
                "keydown" => Kind::KeyDown,
                _ => Kind::Other,
            };
            let button = value.get("button").and_then(Value::as_str);
            events.push(Event {
                party,
                role: document.role(party),
                at: at.nanos,
                kind,
                button: button.map(str::to_owned),
            });
        }
        if odd > 0 {
            let message = format!(
                "{odd} events of party_history were left out: they name no party, time or event"
            );
            warnings.push(Warning::new("vcon_events", message));
        }
        if mixed {
            return Err("some times of party_history have an offset from UTC and some have none");
        }
        // A stable sort: events of one moment stay in their order.
        events.sort_by_key(|event| event.at);
        Ok(History {
            events,
            start,
            duration,
        })
    }

    /// Returns the holds of either side. Where both sides' telephones tell of one hold, it is one.
    pub(super) fn holds(&self, warnings: &mut Vec<Warning>) -> Told<Holds> {
        let of_side = |e: &&Event| matches!(e.role, Role::Side(_) | Role::Unknown);
        let events = || self.events.iter().filter(of_side);
        if !events().any(|e| e.kind == Kind::Hold) {
            return Err("party_history tells of no hold, nor whether it would");
        }
        let end = self
            .duration
            .map(|d| self.start.nanos.saturating_add(d.nanos()));
        let (mut open, mut held) = (BTreeMap::new(), Vec::new());
        let mut stray = 0;
        for event in events() {
            match event.kind {
                // A second hold within a hold begins none.
                Kind::Hold => drop(open.entry(event.party).or_insert(event.at)),
                Kind::Unhold | Kind::Drop => match open.remove(&event.party) {
                    Some(start) => held.push((start, event.at)),
                    None => stray += usize::from(event.kind == Kind::Unhold),
                },
                _ => {}
            }
        }
        if stray > 0 {
            let message = format!("{stray} events unhold of party_history follow no hold");
            warnings.push(Warning::new("vcon_unhold_without_hold", message));
        }
        let mut unended = false;
        if !open.is_empty() {
            let what = match end {
                Some(_) => "the end of the recording was taken for it",
                None => {
                    "the vCon tells no length of the recording, so only the number of holds is known"
                }
            };
            let message = format!("{} holds of party_history have no end: {what}", open.len());
            warnings.push(Warning::new("vcon_hold_without_unhold", message));
            for start in open.into_values() {
                // A hold without an end lasts, for the count, for ever.
                held.push((start, end.unwrap_or(i64::MAX)));
                unended |= end.is_none();
            }
        }
        // A hold that lasts no time is none.
        held.retain(|(start, end)| end > start);
        held.sort_unstable();
        let mut holds: Vec<(i64, i64)> = Vec::new();
        for (start, end) in held {
            match holds.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => holds.push((start, end)),
            }
        }
        let mut told = Holds {
            count: u32::try_from(holds.len()).ok(),
            ..Holds::default()
        };
        if !unended {
            let intervals = holds
                .into_iter()
                .map(|(start, end)| self.interval(start, end));
            told.intervals = Some(intervals.collect());
        }
        Ok(told)
    }

    fn interval(&self, start: i64, end: i64) -> ClockInterval {
        let zoned = self.start.zoned;
        let wall = |nanos| Moment { nanos, zoned }.wall();
        match (wall(start), wall(end)) {
            (Some(start), Some(end)) => ClockInterval::Wall { start, end },
            _ => ClockInterval::Call {
                start: Time::from_nanos(start.saturating_sub(self.start.nanos)),
                end: Time::from_nanos(end.saturating_sub(self.start.nanos)),
            },
        }
    }

    /// Returns the way through the IVR: the time from the machine's joining to its leaving or the
    /// agent's joining, and what the customer chose meanwhile.
    pub(super) fn ivr(&self) -> Told<Ivr> {
        let joins = |is: fn(Role) -> bool| {
            let mut joins = self
                .events
                .iter()
                .filter(move |e| e.kind == Kind::Join && is(e.role));
            joins.next().map(|e| e.at)
        };
        let keys = || self.events.iter().filter(|e| e.kind == Kind::KeyDown);
        let Some(start) = joins(|role| role == Role::Machine) else {
            return Err(match keys().next() {
                None => "no party that is an IVR or a bot joins",
                Some(_) => "keys were pressed, but no party that is an IVR or a bot joins",
            });
        };
        let agent = joins(|role| role == Role::Side(Side::Agent)).filter(|&at| at >= start);
        let mut left = self.events.iter().filter(|e| {
            let before_agent = agent.is_none_or(|agent| e.at <= agent);
            e.kind == Kind::Drop && e.role == Role::Machine && e.at >= start && before_agent
        });
        let end = left.next_back().map(|e| e.at).or(agent);
        let mut ivr = Ivr {
            duration: end.map(|end| Span::from_nanos(end.saturating_sub(start))),
            ..Ivr::default()
        };
        let customer = |e: &&Event| matches!(e.role, Role::Side(Side::Customer) | Role::Unknown);
        let meanwhile = |e: &&Event| e.at >= start && end.is_none_or(|end| e.at <= end);
        let mut entries: Vec<(i64, i64, String)> = Vec::new();
        for key in keys().filter(customer).filter(meanwhile) {
            let button = key.button.as_deref().unwrap_or_default().trim();
            match entries.last_mut() {
                Some((_, last, buttons)) if key.at.saturating_sub(*last) <= ENTRY_GAP.nanos() => {
                    *last = key.at;
                    buttons.push_str(button);
                }
                _ => entries.push((key.at, key.at, button.to_owned())),
            }
        }
        let steps = entries.into_iter().map(|(at, _, buttons)| {
            let mut symbols = buttons.chars();
            let step = match (symbols.next(), symbols.next()) {
                (Some(one), None) => format!("key {one}"),
                // Several are a number of the customer's, of a card or a contract: it goes nowhere.
                _ => "keys".to_owned(),
            };
            let mut step = IvrStep::new(step);
            step.entered = Some(Span::from_nanos(at.saturating_sub(start)));
            step
        });
        let steps: Vec<IvrStep> = steps.collect();
        // A machine that only speech is told to is not one without a way.
        ivr.steps = Some(steps).filter(|steps| !steps.is_empty());
        match ivr == Ivr::default() {
            true => Err("the IVR joins, but nothing tells when it ends or what was chosen"),
            false => Ok(ivr),
        }
    }
}
