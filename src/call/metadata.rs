//! The facts of the telephony platform: IVR, queue, holds, the customer's history.
//!
//! # Conventions
//!
//! * Every field is optional: `None` is "the platform did not say", never "zero".
//! * Waits and lengths are spans of zero or more; in JSON and CSV they are seconds and their names
//!   end in `_s`.
//! * A hold interval is given on the *call clock* (seconds from the first sample of the recording)
//!   or on the *wall clock* (RFC 3339), which needs [`Metadata::recording_start`].
//! * A value that cannot be (a negative wait, an end before its start) is an error that names the
//!   field; it is never repaired in silence.

use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Segment, Span, Time, Timeline};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How far the platform's clock may run past the recording's: platforms write whole seconds and
/// start their timers at other moments than the recorder. A hold that passes the end of the call by
/// less is cut there; by more, it is an error.
pub const CLOCK_SLACK: Span = Span::from_millis(2_000);

/// What the telephony platform knows of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Metadata {
    /// When the first sample was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_start: Option<WallTime>,
    /// The customer's way through the voice menu or robot before the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ivr: Option<Ivr>,
    /// The wait for an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// The holds during the talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<Holds>,
    /// What the customer's earlier contacts show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerHistory>,
    /// Columns that mean something to the centre alone, carried as they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
}

/// The customer's way through the IVR.
///
/// The counts may be given or follow from `steps`; where both are given they must agree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ivr {
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<IvrStatus>,
    /// Time in the IVR.
    #[serde(rename = "duration_s", skip_serializing_if = "Option::is_none")]
    pub duration: Option<Span>,
    /// The nodes entered, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<IvrStep>>,
    /// Nodes entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_count: Option<u32>,
    /// Times the customer said and pressed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_input_count: Option<u32>,
    /// Times the customer was not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_match_count: Option<u32>,
    /// Entries of a node that had been entered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_count: Option<u32>,
    /// Times the customer asked for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_request_count: Option<u32>,
    /// The last node entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_node: Option<String>,
}

/// One node of the way through the IVR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IvrStep {
    /// Name of the node.
    pub node: String,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StepOutcome>,
    /// When it was entered, from the start of the IVR.
    #[serde(default, rename = "t_s", skip_serializing_if = "Option::is_none")]
    pub entered: Option<Span>,
}

impl IvrStep {
    /// Makes a step of which only the node is known.
    pub fn new(node: impl Into<String>) -> IvrStep {
        IvrStep {
            node: node.into(),
            outcome: None,
            entered: None,
        }
    }

    /// Says what came of it.
    pub fn outcome(mut self, outcome: StepOutcome) -> IvrStep {
        self.outcome = Some(outcome);
        self
    }
}

/// Makes an enum that is one word in files, with that word for each variant.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// Returns the word used in files and tables.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// Parses the word used in files.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Invalid`] for any other word, with the list of those known.
            fn from_str(text: &str) -> Result<$name> {
                let words: Vec<&str> = $name::ALL.iter().map(|v| v.name()).collect();
                $name::ALL.iter().copied().find(|v| v.name() == text).ok_or_else(|| {
                    let wanted = format!("one of {}", words.join(", "));
                    Error::new(ErrorKind::Invalid, "", format!("{text:?}"), wanted)
                })
            }
        }
    };
}

words! {
    /// How the customer's way through the IVR ended.
    IvrStatus {
        /// The customer got what was wanted, without a person.
        Completed = "completed",
        /// The menu hands such matters to a person.
        TransferredByDesign = "transferred_by_design",
        /// The customer asked for a person.
        OperatorRequested = "operator_requested",
        /// The customer hung up.
        Abandoned = "abandoned",
        /// The IVR broke off or did not understand.
        Failed = "failed",
        /// The platform does not tell.
        Unknown = "unknown",
        /// The call met no IVR.
        None = "none",
    }
}

words! {
    /// What came of one node of the IVR.
    StepOutcome {
        /// The node did its part.
        Ok = "ok",
        /// The customer said and pressed nothing.
        NoInput = "no_input",
        /// The customer was not understood.
        NoMatch = "no_match",
        /// The customer asked for a person.
        OperatorRequested = "operator_requested",
        /// The node broke off.
        Failed = "failed",
    }
}

/// The wait for an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Queue {
    /// From entering the queue to the agent's answer.
    #[serde(rename = "wait_s", skip_serializing_if = "Option::is_none")]
    pub wait: Option<Span>,
    /// Name of the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The holds of a call: their number and lengths, or their intervals, from which number and
/// lengths follow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Holds {
    /// How often the customer was put on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Time on hold, all holds together.
    #[serde(rename = "total_s", skip_serializing_if = "Option::is_none")]
    pub total: Option<Span>,
    /// The longest hold.
    #[serde(rename = "longest_s", skip_serializing_if = "Option::is_none")]
    pub longest: Option<Span>,
    /// Each hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Vec<ClockInterval>>,
}

/// What the customer's *earlier* contacts show; nothing of this call or a later one belongs here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CustomerHistory {
    /// Whether the customer will not talk to a voice robot and always asks for a person. Where it
    /// is absent it follows from the two numbers below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_requests_operator: Option<bool>,
    /// Earlier contacts that met the IVR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ivr_history_count: Option<u32>,
    /// Share of those in which the customer asked for a person before completing anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_request_share: Option<f64>,
}

/// A moment on the wall clock, in nanoseconds since 1970-01-01T00:00:00Z; RFC 3339 in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// Returns the nanoseconds since 1970-01-01T00:00:00Z.
    pub fn nanos(self) -> i64 {
        self.0
    }

    /// Makes a moment of the nanoseconds since 1970-01-01T00:00:00Z; `None` outside 1824 to 2116.
    pub(crate) fn from_nanos(nanos: i128) -> Option<WallTime> {
        // A quarter of the range of i64 is left free, so that differences cannot overflow.
        let nanos = i64::try_from(nanos).ok()?;
        (nanos.saturating_abs() < i64::MAX / 2).then_some(WallTime(nanos))
    }

    /// Returns how much later this moment is.
    pub(crate) fn since(self, earlier: WallTime) -> Span {
        Span::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl FromStr for WallTime {
    type Err = Error;

    /// Parses RFC 3339, with its offset from UTC.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when it is none, or lacks the offset.
    fn from_str(text: &str) -> Result<WallTime> {
        let timestamp = text.trim().parse::<jiff::Timestamp>().ok();
        timestamp
            .and_then(|t| WallTime::from_nanos(t.as_nanosecond()))
            .ok_or_else(|| {
                let wanted = "a time as 2026-11-21T12:00:00+03:00 (RFC 3339, years 1824 to 2116)";
                let error = Error::new(ErrorKind::Invalid, "", format!("{text:?}"), wanted);
                match text.parse::<jiff::civil::DateTime>() {
                    Ok(_) => error.hint("is the offset from UTC missing?"),
                    Err(_) => error,
                }
            })
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{} ns", self.0),
        }
    }
}

impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WallTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A stretch of time as the platform gives it, on the call clock or the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClockInterval {
    /// Seconds from the first sample of the recording.
    Call {
        /// Its start.
        #[serde(rename = "start_s")]
        start: Time,
        /// Its end.
        #[serde(rename = "end_s")]
        end: Time,
    },
    /// Moments of the wall clock.
    Wall {
        /// Its start.
        start: WallTime,
        /// Its end.
        end: WallTime,
    },
}

impl ClockInterval {
    /// Returns the interval on the call clock.
    fn on_call_clock(self, recording_start: Option<WallTime>) -> Result<Segment> {
        let (start, end) = match self {
            ClockInterval::Call { start, end } => (start, end),
            ClockInterval::Wall { start, end } => {
                let zero = recording_start.ok_or_else(|| {
                    let wanted = "recording_start, to lay it on the call clock";
                    Error::new(ErrorKind::Invalid, "", "a wall-clock interval", wanted)
                })?;
                let since = |t: WallTime| Time::from_nanos(t.0.saturating_sub(zero.0));
                (since(start), since(end))
            }
        };
        Segment::new(start, end).ok_or_else(|| {
            let found = format!("start {start} and end {end}");
            Error::new(ErrorKind::Invalid, "", found, "an end after the start")
                .hint("are the two swapped?")
        })
    }
}

impl Metadata {
    /// Returns these facts with those of `other` where a group of them (the IVR, the queue, the holds, the
    /// history, the recording's start) or an own column is missing. A group is taken whole: its numbers
    /// belong together.
    pub fn or(self, other: Metadata) -> Metadata {
        let mut extra = other.extra;
        extra.extend(self.extra);
        Metadata {
            recording_start: self.recording_start.or(other.recording_start),
            ivr: self.ivr.or(other.ivr),
            queue: self.queue.or(other.queue),
            holds: self.holds.or(other.holds),
            customer: self.customer.or(other.customer),
            extra,
        }
    }

    /// Reads the JSON form; see the struct's fields for its keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IllFormed`] when it is no JSON or has an unknown key, [`ErrorKind::Invalid`]
    /// when [`Metadata::check`] refuses a value.
    pub fn from_json(json: &str) -> Result<Metadata> {
        let metadata: Metadata =
            serde_json::from_str(json).map_err(|e| Error::json(&e, "metadata as JSON"))?;
        metadata.check()?;
        Ok(metadata)
    }

    /// Refuses values that cannot be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first such field.
    pub fn check(&self) -> Result<()> {
        if let Some(ivr) = &self.ivr {
            ivr.check()?;
        }
        if let Some(queue) = &self.queue {
            not_negative("queue.wait_s", queue.wait)?;
        }
        if let Some(holds) = &self.holds {
            holds.check(self.recording_start)?;
        }
        if let Some(share) = self
            .customer
            .as_ref()
            .and_then(|c| c.operator_request_share)
            && !(0.0..=1.0).contains(&share)
        {
            let error = Error::new(
                ErrorKind::Invalid,
                "customer.operator_request_share",
                share,
                "a share from 0 to 1",
            );
            return Err(error.hint("did you give per cent?"));
        }
        Ok(())
    }

    /// Returns the holds on the call clock, cut to a call of length `duration`.
    ///
    /// `None` when the platform gave no intervals. Holds before the recording's first sample are
    /// left out: some recorders start with the talk.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when an interval cannot be laid on the call clock, or passes the end
    /// of the call by more than [`CLOCK_SLACK`].
    pub fn hold_timeline(&self, duration: Span) -> Result<Option<Timeline>> {
        let Some(intervals) = self.holds.as_ref().and_then(|h| h.intervals.as_ref()) else {
            return Ok(None);
        };
        let whole = Segment::new(Time::ZERO, Time::ZERO + duration);
        let mut held = Vec::new();
        for (i, interval) in intervals.iter().enumerate() {
            let place = || format!("holds.intervals[{i}]");
            let segment = interval
                .on_call_clock(self.recording_start)
                .map_err(|e| e.within(place()))?;
            if segment.end() - Time::ZERO > duration + CLOCK_SLACK {
                let found = format!("an end at {}", segment.end());
                let wanted = format!("an end inside the call, which lasts {duration}");
                return Err(Error::new(ErrorKind::Invalid, place(), found, wanted)
                    .hint("is it on another clock, or in milliseconds?"));
            }
            held.extend(whole.and_then(|w| segment.intersection(w)));
        }
        Ok(Some(held.into_iter().collect()))
    }
}

fn not_negative(field: &str, span: Option<Span>) -> Result<()> {
    match span {
        Some(span) if span < Span::ZERO => {
            Err(Error::new(ErrorKind::Invalid, field, span, "0 s or more"))
        }
        _ => Ok(()),
    }
}

/// Refuses a given number that contradicts the one that follows from a list.
fn agree<T: PartialEq + fmt::Display>(field: &str, given: Option<T>, counted: T) -> Result<()> {
    match given {
        Some(given) if given != counted => Err(Error::new(
            ErrorKind::Invalid,
            field,
            given,
            format!("{counted}, as listed"),
        )),
        _ => Ok(()),
    }
}

impl Ivr {
    fn check(&self) -> Result<()> {
        not_negative("ivr.duration_s", self.duration)?;
        for (i, step) in self.steps.iter().flatten().enumerate() {
            not_negative(&format!("ivr.steps[{i}].t_s"), step.entered)?;
        }
        let Some(steps) = &self.steps else {
            return Ok(());
        };
        agree("ivr.step_count", self.step_count, steps.len() as u32)?;
        agree("ivr.repeat_count", self.repeat_count, repeats(steps))?;
        if let (Some(given), Some(last)) = (&self.last_node, steps.last()) {
            agree("ivr.last_node", Some(given.as_str()), last.node.as_str())?;
        }
        Ok(())
    }

    /// Returns the nodes entered, given or counted.
    pub fn steps_entered(&self) -> Option<u32> {
        self.step_count
            .or_else(|| self.steps.as_ref().map(|s| s.len() as u32))
    }

    /// Returns the entries of a node that had been entered before, given or counted.
    pub fn nodes_repeated(&self) -> Option<u32> {
        self.repeat_count
            .or_else(|| self.steps.as_ref().map(|s| repeats(s)))
    }

    /// Returns how often a step ended in `outcome`: given, or counted where every step tells its
    /// outcome.
    pub fn outcomes(&self, outcome: StepOutcome) -> Option<u32> {
        let given = match outcome {
            StepOutcome::NoInput => self.no_input_count,
            StepOutcome::NoMatch => self.no_match_count,
            StepOutcome::OperatorRequested => self.operator_request_count,
            _ => None,
        };
        given.or_else(|| {
            let steps = self.steps.as_ref()?;
            let all_told = steps.iter().all(|s| s.outcome.is_some());
            all_told.then(|| steps.iter().filter(|s| s.outcome == Some(outcome)).count() as u32)
        })
    }

    /// Returns the last node entered, given or listed.
    pub fn last(&self) -> Option<&str> {
        self.last_node
            .as_deref()
            .or_else(|| Some(&*self.steps.as_ref()?.last()?.node))
    }
}

/// Counts the entries of a node that had been entered before.
fn repeats(steps: &[IvrStep]) -> u32 {
    let distinct: std::collections::BTreeSet<&str> = steps.iter().map(|s| &*s.node).collect();
    (steps.len() - distinct.len()) as u32
}

impl Holds {
    fn check(&self, recording_start: Option<WallTime>) -> Result<()> {
        not_negative("holds.total_s", self.total)?;
        not_negative("holds.longest_s", self.longest)?;
        if let (Some(longest), Some(total)) = (self.longest, self.total)
            && longest > total
        {
            let wanted = format!("at most holds.total_s, {total}");
            return Err(Error::new(
                ErrorKind::Invalid,
                "holds.longest_s",
                longest,
                wanted,
            ));
        }
        if let (Some(0), Some(total)) = (self.count, self.total)
            && total > Span::ZERO
        {
            let wanted = "0 s, as holds.count is 0";
            return Err(Error::new(
                ErrorKind::Invalid,
                "holds.total_s",
                total,
                wanted,
            ));
        }
        for (i, interval) in self.intervals.iter().flatten().enumerate() {
            let place = format!("holds.intervals[{i}]");
            interval
                .on_call_clock(recording_start)
                .map_err(|e| e.within(place))?;
        }
        if let Some(intervals) = &self.intervals {
            agree("holds.count", self.count, intervals.len() as u32)?;
        }
        Ok(())
    }

    /// Returns the number of holds, given or counted.
    pub fn number(&self) -> Option<u32> {
        self.count
            .or_else(|| self.intervals.as_ref().map(|i| i.len() as u32))
    }

    /// Returns the time on hold: given, or from the intervals, or zero for no hold.
    pub fn total(&self) -> Option<Span> {
        self.total
            .or_else(|| Some(self.lengths()?.into_iter().sum()))
    }

    /// Returns the longest hold: given, or from the intervals; `None` where there was no hold.
    pub fn longest(&self) -> Option<Span> {
        self.longest.or_else(|| self.lengths()?.into_iter().max())
    }

    /// Returns the length of each hold, where they follow from the intervals or from their absence.
    fn lengths(&self) -> Option<Vec<Span>> {
        if self.intervals.is_none() && self.count == Some(0) {
            return Some(Vec::new());
        }
        let lengths = self.intervals.as_ref()?.iter().map(|i| match i {
            ClockInterval::Call { start, end } => *end - *start,
            ClockInterval::Wall { start, end } => Span::from_nanos(end.0.saturating_sub(start.0)),
        });
        Some(lengths.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> Error {
        Metadata::from_json(json).unwrap_err()
    }

    #[test]
    fn everything_is_optional() {
        assert_eq!(Metadata::from_json("{}").unwrap(), Metadata::default());
    }

    #[test]
    fn counts_follow_from_steps() {
        let json = r#"{"ivr": {"status": "operator_requested", "duration_s": 41.5, "steps": [
            {"node": "меню", "outcome": "no_match"}, {"node": "меню", "outcome": "no_input"},
            {"node": "робот", "outcome": "operator_requested", "t_s": 20}]}}"#;
        let ivr = Metadata::from_json(json).unwrap().ivr.unwrap();
        assert_eq!(ivr.steps_entered(), Some(3));
        assert_eq!(ivr.nodes_repeated(), Some(1));
        assert_eq!(ivr.outcomes(StepOutcome::NoMatch), Some(1));
        assert_eq!(ivr.outcomes(StepOutcome::OperatorRequested), Some(1));
        assert_eq!(ivr.last(), Some("робот"));
        assert_eq!(ivr.duration, Some(Span::from_millis(41_500)));
    }

    #[test]
    fn outcomes_not_told_are_not_zero() {
        let ivr = Ivr {
            steps: Some(vec![IvrStep::new("a")]),
            ..Ivr::default()
        };
        assert_eq!(ivr.outcomes(StepOutcome::NoMatch), None);
    }

    #[test]
    fn wall_clock_holds_are_laid_on_the_call_clock() {
        // 12:00:10+03:00 is 09:00:10Z: ten seconds into the recording.
        let json = r#"{"recording_start": "2026-11-21T09:00:00Z", "holds": {"intervals": [
            {"start": "2026-11-21T12:00:10+03:00", "end": "2026-11-21T12:00:25.5+03:00"},
            {"start_s": 50, "end_s": 61}]}}"#;
        let metadata = Metadata::from_json(json).unwrap();
        let held = metadata
            .hold_timeline(Span::from_millis(60_000))
            .unwrap()
            .unwrap();
        let wanted = [
            Segment::from_seconds(10.0, 25.5),
            Segment::from_seconds(50.0, 60.0),
        ];
        assert_eq!(held, wanted.into_iter().flatten().collect());
        let holds = metadata.holds.unwrap();
        assert_eq!(holds.number(), Some(2));
        assert_eq!(holds.total(), Some(Span::from_millis(26_500)));
        assert_eq!(holds.longest(), Some(Span::from_millis(15_500)));
    }

    #[test]
    fn no_hold_has_a_total_and_no_longest() {
        let holds = Holds {
            count: Some(0),
            ..Holds::default()
        };
        assert_eq!((holds.total(), holds.longest()), (Some(Span::ZERO), None));
        let unknown = Holds {
            count: Some(2),
            ..Holds::default()
        };
        assert_eq!((unknown.total(), unknown.longest()), (None, None));
    }

    #[test]
    fn impossible_values_name_their_field() {
        let cases = [
            (r#"{"queue": {"wait_s": -4}}"#, "queue.wait_s"),
            (r#"{"ivr": {"duration_s": -1}}"#, "ivr.duration_s"),
            (
                r#"{"ivr": {"steps": [{"node": "a", "t_s": -1}]}}"#,
                "ivr.steps[0].t_s",
            ),
            (
                r#"{"ivr": {"step_count": 2, "steps": [{"node": "a"}]}}"#,
                "ivr.step_count",
            ),
            (r#"{"holds": {"total_s": -1}}"#, "holds.total_s"),
            (r#"{"holds": {"count": 0, "total_s": 5}}"#, "holds.total_s"),
            (
                r#"{"holds": {"longest_s": 9, "total_s": 5}}"#,
                "holds.longest_s",
            ),
            (
                r#"{"holds": {"intervals": [{"start_s": 9, "end_s": 5}]}}"#,
                "holds.intervals[0]",
            ),
            (
                r#"{"holds": {"intervals": [{"start": "2026-11-21T09:00:00Z", "end": "2026-11-21T09:00:01Z"}]}}"#,
                "holds.intervals[0]",
            ),
            (r#"{"holds": {"count": 3, "intervals": []}}"#, "holds.count"),
            (
                r#"{"customer": {"operator_request_share": 90}}"#,
                "customer.operator_request_share",
            ),
        ];
        for (json, field) in cases {
            let error = refusal(json);
            assert_eq!(
                (error.kind(), error.place()),
                (ErrorKind::Invalid, field),
                "{json}"
            );
        }
    }

    #[test]
    fn hold_past_the_end_is_cut_within_the_slack_and_refused_beyond() {
        let metadata =
            Metadata::from_json(r#"{"holds": {"intervals": [{"start_s": 5, "end_s": 11}]}}"#)
                .unwrap();
        let held = metadata
            .hold_timeline(Span::from_millis(10_000))
            .unwrap()
            .unwrap();
        assert_eq!(held.duration(), Span::from_millis(5_000));
        let error = metadata
            .hold_timeline(Span::from_millis(8_999))
            .unwrap_err();
        assert_eq!(error.place(), "holds.intervals[0]");
    }

    #[test]
    fn time_without_offset_is_guessed() {
        let error = "2026-11-21T12:00:00".parse::<WallTime>().unwrap_err();
        assert_eq!(error.hint_text(), Some("is the offset from UTC missing?"));
        assert!("вчера".parse::<WallTime>().is_err());
    }

    #[test]
    fn unknown_keys_are_refused_with_their_place() {
        let error = refusal("{\n \"queue\": {\"wait\": 3}}");
        assert_eq!(error.kind(), ErrorKind::IllFormed);
        assert!(error.to_string().contains("wait_s"), "{error}");
    }

    #[test]
    fn json_form_survives_a_round_trip() {
        let json = r#"{"recording_start":"2026-11-21T09:00:00Z","ivr":{"status":"none"},"queue":{"wait_s":12.5,"name":"кредиты"},"holds":{"intervals":[{"start_s":1.0,"end_s":2.0}]},"customer":{"ivr_history_count":4,"operator_request_share":0.5},"extra":{"тема":"карта"}}"#;
        let metadata = Metadata::from_json(json).unwrap();
        assert_eq!(serde_json::to_string(&metadata).unwrap(), json);
    }
}
