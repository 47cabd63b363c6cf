//! What would have been measured, had one thing gone otherwise.
//!
//! An [`Alternative`] is a change of one *fact* that a centre can act on, and the features of the
//! call with that change and all that follows from it. The fact is changed where it comes from, in
//! the metadata or in the conversation, and the features are measured again by the functions that
//! measure every call; no feature is adjusted by a rule of its own.
//!
//! # What is changed
//!
//! * **The wait**, where it is longer than [`WAIT_REFERENCE_S`], becomes that.
//! * **Holds** fall away: all of them, and the longest alone where there are several. Where their
//!   intervals are known, so does their time, but for what is said in it: the call is shorter, no reply
//!   waits for the hold, and no silence is left in its place.
//! * **The IVR** understands the customer at once: an entry of a node that ended in no match or no input,
//!   and was repeated, falls away; one that was not repeated ends well. A way that `failed` was handed over
//!   as designed. The time in the IVR stays, for nobody knows what the entries took.
//! * **The agent**, wherever it interrupts, waits until the customer has finished; all that follows comes
//!   later by as much. Nothing that was said is left out.
//! * **Long silences**, outside holds, are shortened to [`SILENCE_KEPT`].
//!
//! Nothing is changed that a centre cannot act on (the customer's history), nor what only the
//! customer does. What stands on the sound itself (loudness, pitch, syllables, channel faults) stays as
//! measured.
//!
//! # What is changed of a table's row
//!
//! A row has no conversation. So only the wait, the IVR and all holds together are changed there, of holds
//! only the columns that the metadata give; the talk's columns stay, the length of the call and its
//! silence among them, and such an alternative says so: [`Alternative::partial`]. So it is with holds of
//! which the platform gave a number and no intervals.

use super::words::{Lang, Noun, TIMES, length};
use super::{Absence, Evidence, FeatureVector, Measured, Needs, ReasonGroup, Value};
use crate::call::{Holds, Ivr, IvrStatus, Metadata, Queue, Side, Sides, StepOutcome};
use crate::conversation::Conversation;
use crate::conversation::retime::Retiming;
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Timeline};
use serde::Serialize;

/// A wait that few would call one, in seconds: the bound of the customary service level "80 % of calls
/// within 20 seconds".
pub const WAIT_REFERENCE_S: f64 = 20.0;

/// What is left of a long silence: an ordinary pause.
pub const SILENCE_KEPT: Span = Span::from_millis(1_000);

/// What went otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// The customer waited less, in seconds.
    Wait {
        /// The wait as it was.
        from_s: f64,
        /// The wait as it might have been.
        to_s: f64,
    },
    /// There was no hold.
    NoHolds {
        /// The holds as they were, told by the platform or heard.
        count: u32,
        /// Their time, where it is known.
        length_s: Option<f64>,
    },
    /// The longest of several holds fell away.
    OneHoldLess {
        /// Which it was, from 1, in order of time.
        which: u32,
        /// The holds as they were.
        count: u32,
        /// How long it lasted.
        length_s: f64,
    },
    /// The IVR understood the customer at once.
    SmoothIvr {
        /// Times it had not understood.
        no_match: u32,
        /// Times it had got no answer.
        no_input: u32,
    },
    /// The agent let the customer finish.
    NoInterruptions {
        /// Times the agent had interrupted.
        count: u32,
    },
    /// There was no long silence.
    NoLongSilences {
        /// The long silences as they were.
        count: u32,
        /// Their time.
        length_s: f64,
    },
}

const HOLDS: Noun = Noun::new(["hold", "holds"], ["удержания", "удержаний", "удержаний"]);
const SILENCES: Noun = Noun::new(
    ["long silence", "long silences"],
    ["долгой паузы", "долгих пауз", "долгих пауз"],
);

impl Change {
    /// Returns the fact that changed. Changes of one fact are not to be added up.
    pub fn fact(&self) -> &'static str {
        match self {
            Change::Wait { .. } => "wait",
            Change::NoHolds { .. } | Change::OneHoldLess { .. } => "holds",
            Change::SmoothIvr { .. } => "ivr",
            Change::NoInterruptions { .. } => "interruptions",
            Change::NoLongSilences { .. } => "silences",
        }
    }

    /// Tells the change as a condition: "without the second hold (8 s)".
    pub fn condition(&self, lang: Lang) -> String {
        let en = lang == Lang::En;
        match *self {
            Change::Wait { from_s, to_s } => {
                let (from, to) = (length(from_s, lang), length(to_s, lang));
                if en {
                    format!("had the customer waited {to} instead of {from}")
                } else {
                    format!("если бы клиент ждал не {from}, а {to}")
                }
            }
            Change::NoHolds { count, length_s } => {
                let time = length_s.map(|s| format!(" ({})", length(s, lang)));
                let time = time.unwrap_or_default();
                match (en, count) {
                    (true, 1) => format!("without the hold{time}"),
                    (true, _) => format!("without the {}{time}", several(count, HOLDS, lang)),
                    (false, 1) => format!("без удержания{time}"),
                    (false, _) => format!("без {}{time}", several(count, HOLDS, lang)),
                }
            }
            Change::OneHoldLess {
                which,
                count,
                length_s,
            } => {
                let time = length(length_s, lang);
                match (en, ordinal(which, lang)) {
                    (true, Some(word)) => format!("without the {word} hold ({time})"),
                    (true, None) => format!("without the longest of {count} holds ({time})"),
                    (false, Some(word)) => format!("без {word} удержания ({time})"),
                    (false, None) => format!("без самого долгого из {count} удержаний ({time})"),
                }
            }
            Change::SmoothIvr { no_match, no_input } => {
                let (en, ru) = match (no_match, no_input) {
                    (_, 0) => (
                        "had the IVR understood the customer at once",
                        "если бы IVR понял клиента с первого раза",
                    ),
                    (0, _) => (
                        "had the customer answered the IVR at once",
                        "если бы клиент сразу ответил IVR",
                    ),
                    _ => (
                        "had the IVR and the customer understood each other at once",
                        "если бы IVR и клиент сразу поняли друг друга",
                    ),
                };
                lang.of(en, ru).to_owned()
            }
            Change::NoInterruptions { count } => {
                let times = TIMES.counted(count.into(), lang);
                match (en, count) {
                    (true, 1) => "had the agent not interrupted".to_owned(),
                    (true, _) => format!("had the agent not interrupted ({times})"),
                    (false, 1) => "если бы оператор не перебил клиента".to_owned(),
                    (false, _) => format!("если бы оператор не перебивал клиента ({times})"),
                }
            }
            Change::NoLongSilences { count, length_s } => {
                let time = length(length_s, lang);
                match (en, count) {
                    (true, 1) => format!("without the long silence ({time})"),
                    (true, _) => format!("without the {} ({time})", several(count, SILENCES, lang)),
                    (false, 1) => format!("без долгой паузы ({time})"),
                    (false, _) => format!("без {} ({time})", several(count, SILENCES, lang)),
                }
            }
        }
    }
}

/// Returns the number, up to five in words, and the noun; in Russian in the genitive.
fn several(count: u32, noun: Noun, lang: Lang) -> String {
    let words = lang.of(
        ["two", "three", "four", "five"],
        ["двух", "трёх", "четырёх", "пяти"],
    );
    let index = count.checked_sub(2).and_then(|i| usize::try_from(i).ok());
    match index.and_then(|i| words.get(i)) {
        Some(word) => format!("{word} {}", noun.after(count.into(), lang)),
        None => noun.counted(count.into(), lang),
    }
}

/// Returns the words for the first to the fifth, in Russian in the genitive of the neuter.
fn ordinal(which: u32, lang: Lang) -> Option<&'static str> {
    let words = lang.of(
        ["first", "second", "third", "fourth", "fifth"],
        ["первого", "второго", "третьего", "четвёртого", "пятого"],
    );
    let index = usize::try_from(which.checked_sub(1)?).ok()?;
    words.get(index).copied()
}

/// A call as it might have been.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alternative {
    /// What went otherwise.
    pub change: Change,
    /// What would have been measured.
    pub features: FeatureVector,
    /// Whether features that follow from the fact could not be changed, for what they stand on is not
    /// at hand: see the [module](self).
    pub partial: bool,
}

/// What a call's features were measured from, as far as a change needs it.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) metadata: &'a Metadata,
    pub(crate) conversation: Option<&'a Conversation>,
    /// Length of the call.
    pub(crate) duration: Option<Span>,
    /// The holds on the call clock: as the platform gave intervals, else as they were heard.
    pub(crate) holds: Option<&'a Timeline>,
    pub(crate) unheard: Sides<bool>,
    pub(crate) settings: &'a AnalysisSettings,
}

impl Circumstances<'_> {
    /// Returns the features as they were measured, but for two kinds: those of `group` that stand on the
    /// metadata, or on holds that are heard; and those that stand on the conversation, where there is
    /// one here.
    fn measure(&self, measured: &FeatureVector, group: Option<ReasonGroup>) -> FeatureVector {
        let unknown = Absence::NoRecording;
        let evidence = Evidence {
            metadata: self.metadata,
            conversation: self.conversation.ok_or(unknown.clone()),
            no_words: None,
            untimed: None,
            channels: None,
            unheard: self.unheard,
            peaks: Err(unknown.clone()),
            pitches: Err(unknown.clone()),
            duration: self.duration,
            holds: self.holds,
            heard_holds: self.holds.ok_or(unknown),
            settings: self.settings,
        };
        let again = |(feature, old): (&'static super::Feature, &Measured)| {
            let follows = match feature.needs {
                Needs::Metadata => group == Some(feature.group),
                // The share of the call on hold follows from the length of the call as well.
                Needs::MetadataAndSpeech => {
                    group == Some(feature.group) || self.conversation.is_some()
                }
                // Of the recording, holds alone are known here.
                Needs::Recording => {
                    group == Some(ReasonGroup::Holds) && feature.group == ReasonGroup::Holds
                }
                Needs::Speech | Needs::Words | Needs::Emotions => self.conversation.is_some(),
            };
            if follows {
                feature.measure(&evidence)
            } else {
                old.clone()
            }
        };
        FeatureVector {
            values: measured.iter().map(again).collect(),
        }
    }

    /// Returns the changes that a centre could have made, in a fixed order.
    pub(crate) fn alternatives(&self, measured: &FeatureVector) -> Vec<Alternative> {
        let holds = [self.without_holds(measured), self.without_longest(measured)];
        let others = [
            self.with_short_wait(measured),
            self.with_smooth_ivr(measured),
            self.without_interruptions(measured),
            self.without_silences(measured),
        ];
        holds.into_iter().chain(others).flatten().collect()
    }

    fn with_short_wait(&self, measured: &FeatureVector) -> Option<Alternative> {
        let from_s = self.metadata.queue.as_ref()?.wait?.seconds();
        let wait = Span::from_seconds(WAIT_REFERENCE_S);
        let metadata = Metadata {
            queue: Some(Queue {
                wait,
                ..Queue::default()
            }),
            ..Metadata::default()
        };
        let otherwise = Circumstances {
            metadata: &metadata,
            conversation: None,
            ..*self
        };
        (from_s > WAIT_REFERENCE_S).then(|| Alternative {
            change: Change::Wait {
                from_s,
                to_s: WAIT_REFERENCE_S,
            },
            features: otherwise.measure(measured, Some(ReasonGroup::Waiting)),
            partial: false,
        })
    }

    /// Measures the call without `gone`, on the call clock, where it is known.
    fn less_held(
        &self,
        measured: &FeatureVector,
        metadata: &Metadata,
        gone: Option<&Timeline>,
        change: Change,
    ) -> Alternative {
        let cut = self.conversation.zip(gone);
        let clock = cut.map(|(conversation, gone)| Retiming::without(conversation, gone));
        let shorter = cut.zip(clock.as_ref());
        let shorter =
            shorter.map(|((conversation, _), clock)| conversation.retimed(clock, self.settings));
        // Holds that stay, on the new clock. The clock is the same for both sides.
        let left = self.holds.map(|holds| match gone {
            Some(gone) => holds - gone,
            None => Timeline::new(),
        });
        let left = left.map(|left| match &clock {
            Some(clock) => clock.timeline(Side::Agent, &left),
            None => left,
        });
        let otherwise = Circumstances {
            metadata,
            conversation: shorter.as_ref(),
            duration: shorter.as_ref().map_or(self.duration, |c| Some(c.duration)),
            holds: left.as_ref(),
            ..*self
        };
        Alternative {
            change,
            features: otherwise.measure(measured, Some(ReasonGroup::Holds)),
            partial: shorter.is_none(),
        }
    }

    fn without_holds(&self, measured: &FeatureVector) -> Option<Alternative> {
        if let Some(told) = &self.metadata.holds {
            let count = told.number().filter(|&n| n > 0)?;
            let metadata = Metadata {
                holds: Some(Holds {
                    count: Some(0),
                    ..Holds::default()
                }),
                ..Metadata::default()
            };
            let length_s = told.total().map(Span::seconds);
            let change = Change::NoHolds { count, length_s };
            let gone = told.intervals.as_ref().and(self.holds);
            return Some(self.less_held(measured, &metadata, gone, change));
        }
        let heard = self.holds.filter(|holds| !holds.is_empty())?;
        let change = Change::NoHolds {
            count: u32::try_from(heard.segments().len()).ok()?,
            length_s: Some(heard.duration().seconds()),
        };
        Some(self.less_held(measured, &Metadata::default(), Some(heard), change))
    }

    /// Without the longest of several holds that the platform gave as intervals.
    fn without_longest(&self, measured: &FeatureVector) -> Option<Alternative> {
        let intervals = self.metadata.holds.as_ref()?.intervals.as_ref()?;
        if intervals.len() < 2 {
            return None;
        }
        let only = |intervals: &[_]| Holds {
            intervals: Some(intervals.to_vec()),
            ..Holds::default()
        };
        let lasts = |i: usize| only(&intervals[i..=i]).longest().map(Span::nanos);
        // Of equally long ones the first: `max_by_key` takes the last.
        let longest = (0..intervals.len()).rev().max_by_key(|&i| lasts(i))?;
        let metadata = |holds| Metadata {
            recording_start: self.metadata.recording_start,
            holds: Some(holds),
            ..Metadata::default()
        };
        let gone = only(&intervals[longest..=longest]);
        let length_s = gone.longest()?.seconds();
        let on_clock = metadata(gone).hold_timeline(self.duration?).ok()??;
        let mut left = intervals.clone();
        left.remove(longest);
        let starts = |i: usize| {
            metadata(only(&intervals[i..=i]))
                .hold_timeline(self.duration?)
                .ok()?
        };
        let start = |i: usize| starts(i)?.extent().map(Segment::start);
        let before = (0..intervals.len())
            .filter(|&i| start(i) < start(longest))
            .count();
        let change = Change::OneHoldLess {
            which: u32::try_from(before + 1).ok()?,
            count: u32::try_from(intervals.len()).ok()?,
            length_s,
        };
        Some(self.less_held(measured, &metadata(only(&left)), Some(&on_clock), change))
    }

    fn with_smooth_ivr(&self, measured: &FeatureVector) -> Option<Alternative> {
        let ivr = self.metadata.ivr.as_ref()?;
        let count = |outcome| ivr.outcomes(outcome).unwrap_or(0);
        let (no_match, no_input) = (count(StepOutcome::NoMatch), count(StepOutcome::NoInput));
        let stumbles = no_match.saturating_add(no_input);
        if stumbles == 0 {
            return None;
        }
        let metadata = Metadata {
            ivr: Some(smooth(ivr, stumbles)),
            ..Metadata::default()
        };
        let otherwise = Circumstances {
            metadata: &metadata,
            conversation: None,
            ..*self
        };
        Some(Alternative {
            change: Change::SmoothIvr { no_match, no_input },
            features: otherwise.measure(measured, Some(ReasonGroup::Ivr)),
            partial: false,
        })
    }

    fn without_interruptions(&self, measured: &FeatureVector) -> Option<Alternative> {
        let conversation = self.both_heard()?;
        let by_agent = conversation
            .interruptions
            .iter()
            .filter(|i| i.by == Side::Agent);
        let count = u32::try_from(by_agent.count()).ok().filter(|&n| n > 0)?;
        let clock = Retiming::letting_finish(conversation, Side::Agent);
        Some(self.on_clock(measured, &clock, Change::NoInterruptions { count }))
    }

    fn without_silences(&self, measured: &FeatureVector) -> Option<Alternative> {
        let conversation = self.both_heard()?;
        let long = conversation.silences(self.holds, self.settings.silence_min);
        let rest = |s: &Segment| Segment::new(s.start() + SILENCE_KEPT, s.end());
        let rests: Timeline = long.segments().iter().filter_map(rest).collect();
        if rests.is_empty() {
            return None;
        }
        let clock = Retiming::without(conversation, &rests);
        let change = Change::NoLongSilences {
            count: u32::try_from(long.segments().len()).ok()?,
            length_s: long.duration().seconds(),
        };
        Some(self.on_clock(measured, &clock, change))
    }

    /// Returns the conversation where both sides of it are known.
    fn both_heard(&self) -> Option<&Conversation> {
        let known = !self.unheard.agent && !self.unheard.customer;
        self.conversation.filter(|_| known)
    }

    /// Measures the call with the same talk on another clock.
    fn on_clock(&self, measured: &FeatureVector, clock: &Retiming, change: Change) -> Alternative {
        let conversation = self.conversation.map(|c| c.retimed(clock, self.settings));
        // Where the sides' clocks differ, within an interruption, nobody is on hold.
        let holds = self.holds.map(|holds| clock.timeline(Side::Agent, holds));
        let otherwise = Circumstances {
            conversation: conversation.as_ref(),
            duration: conversation.as_ref().map(|c| c.duration),
            holds: holds.as_ref(),
            ..*self
        };
        Alternative {
            change,
            features: otherwise.measure(measured, None),
            partial: false,
        }
    }
}

/// Returns the way through an IVR that understands at once; `stumbles` is how often it did not.
fn smooth(ivr: &Ivr, stumbles: u32) -> Ivr {
    let mut smooth = ivr.clone();
    smooth.last_node = ivr.last().map(str::to_owned);
    smooth.no_match_count = ivr.outcomes(StepOutcome::NoMatch).map(|_| 0);
    smooth.no_input_count = ivr.outcomes(StepOutcome::NoInput).map(|_| 0);
    smooth.operator_request_count = ivr.outcomes(StepOutcome::OperatorRequested);
    if ivr.status == Some(IvrStatus::Failed) {
        smooth.status = Some(IvrStatus::TransferredByDesign);
    }
    let failed = |outcome| matches!(outcome, Some(StepOutcome::NoMatch | StepOutcome::NoInput));
    let steps = ivr.steps.as_deref().unwrap_or_default();
    if steps.iter().any(|step| failed(step.outcome)) {
        let repeated = |i: usize| {
            steps
                .get(i + 1)
                .is_some_and(|next| next.node == steps[i].node)
        };
        let kept = steps.iter().enumerate();
        let kept = kept.filter(|(i, step)| !(failed(step.outcome) && repeated(*i)));
        let well = kept.map(|(_, step)| {
            let mut step = step.clone();
            if failed(step.outcome) {
                step.outcome = Some(StepOutcome::Ok);
            }
            step
        });
        smooth.steps = Some(well.collect());
        smooth.step_count = None;
        smooth.repeat_count = None;
    } else {
        // Numbers alone: as many entries were repetitions as the IVR stumbled, at most.
        let repeats = ivr.nodes_repeated();
        let spared = stumbles.min(repeats.unwrap_or(0));
        smooth.steps = None;
        smooth.step_count = ivr.steps_entered().map(|n| n.saturating_sub(spared));
        smooth.repeat_count = repeats.map(|n| n.saturating_sub(spared));
    }
    smooth
}

impl FeatureVector {
    /// Returns what might have gone otherwise on a call of which only this row is at hand: the wait, the
    /// IVR, the holds. See the [module](crate::features::otherwise) for what stays.
    pub fn alternatives(&self, settings: &AnalysisSettings) -> Vec<Alternative> {
        let number = |name: &str| match self.get(name) {
            Some(Ok(Value::Number(x))) if *x >= 0.0 => Some(*x),
            _ => None,
        };
        // Counts beyond any call are no counts.
        let count = |name: &str| {
            let count = number(name).filter(|x| *x < f64::from(u32::MAX));
            count.map(|x| x.round() as u32)
        };
        let span = |name: &str| number(name).and_then(Span::from_seconds);
        let word = |name: &str| match self.get(name) {
            Some(Ok(Value::Category(word))) => Some(word.to_string()),
            _ => None,
        };
        let metadata = Metadata {
            queue: span("queue_wait_s").map(|wait| Queue {
                wait: Some(wait),
                ..Queue::default()
            }),
            holds: count("hold_count").map(|number| Holds {
                count: Some(number),
                total: span("hold_total_s"),
                ..Holds::default()
            }),
            ivr: Some(Ivr {
                status: word("ivr_status").and_then(|status| status.parse().ok()),
                duration: span("ivr_duration_s"),
                step_count: count("ivr_step_count"),
                no_input_count: count("ivr_no_input_count"),
                no_match_count: count("ivr_no_match_count"),
                repeat_count: count("ivr_repeat_count"),
                operator_request_count: count("ivr_operator_request_count"),
                last_node: word("ivr_last_node"),
                ..Ivr::default()
            }),
            ..Metadata::default()
        };
        let circumstances = Circumstances {
            metadata: &metadata,
            conversation: None,
            duration: span("call_duration"),
            holds: None,
            unheard: Sides::default(),
            settings,
        };
        circumstances.alternatives(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Extractor;

    fn line(said: &[(f64, f64)]) -> Timeline {
        let said = said.iter();
        said.filter_map(|(a, b)| Segment::from_seconds(*a, *b))
            .collect()
    }

    /// A call of two channels and facts, and what is measured on it.
    struct Known {
        metadata: Metadata,
        conversation: Conversation,
        features: FeatureVector,
        settings: AnalysisSettings,
    }

    fn call(agent: &[(f64, f64)], customer: &[(f64, f64)], seconds: f64, facts: &str) -> Known {
        let settings = AnalysisSettings::default();
        let speech = Sides {
            agent: line(agent),
            customer: line(customer),
        };
        let duration = Span::from_seconds(seconds).unwrap();
        let metadata = Metadata::from_json(facts).unwrap();
        let extractor = Extractor::new(settings.clone()).unwrap();
        Known {
            features: extractor
                .measure_speech(Some(&speech), None, duration, &metadata)
                .unwrap(),
            conversation: Conversation::new(Some(&speech), None, duration, &settings),
            metadata,
            settings,
        }
    }

    impl Known {
        fn alternatives(&self) -> Vec<Alternative> {
            let duration = self.conversation.duration;
            let holds = self.metadata.hold_timeline(duration).unwrap();
            let circumstances = Circumstances {
                metadata: &self.metadata,
                conversation: Some(&self.conversation),
                duration: Some(duration),
                holds: holds.as_ref(),
                unheard: Sides::default(),
                settings: &self.settings,
            };
            circumstances.alternatives(&self.features)
        }

        fn with(&self, fact: &str) -> Alternative {
            let all = self.alternatives();
            let mut found = all.into_iter().filter(|a| a.change.fact() == fact);
            found.next().unwrap()
        }
    }

    /// The values alone: a call that never had a fact may be without a value for another reason.
    #[track_caller]
    fn same_values(found: &FeatureVector, wanted: &FeatureVector) {
        for ((feature, found), (_, wanted)) in found.iter().zip(wanted.iter()) {
            match (found, wanted) {
                (Err(_), Err(_)) => {}
                (Ok(Value::Number(found)), Ok(Value::Number(wanted))) => {
                    let off = (found - wanted).abs();
                    assert!(off < 1e-9, "{}: {found}, wanted {wanted}", feature.name);
                }
                (found, wanted) => assert_eq!(found, wanted, "{}", feature.name),
            }
        }
    }

    const AGENT: [(f64, f64); 4] = [(0.0, 4.0), (30.0, 34.0), (50.0, 53.0), (60.0, 64.0)];
    const CUSTOMER: [(f64, f64); 3] = [(4.5, 8.0), (35.0, 38.0), (54.0, 58.0)];
    const HELD: &str =
        r#"{"holds": {"intervals": [{"start_s": 9, "end_s": 29}, {"start_s": 40, "end_s": 48}]}}"#;

    /// The twin: the same talk, that never was on hold, measured from scratch.
    #[test]
    fn without_holds_the_call_is_one_that_never_had_them() {
        let found = call(&AGENT, &CUSTOMER, 66.0, HELD).with("holds");
        assert_eq!(
            found.change,
            Change::NoHolds {
                count: 2,
                length_s: Some(28.0)
            }
        );
        assert!(!found.partial);
        // 20 s less from 29 on, 28 s less from 48 on.
        let wanted = call(
            &[(0.0, 4.0), (10.0, 14.0), (22.0, 25.0), (32.0, 36.0)],
            &[(4.5, 8.0), (15.0, 18.0), (26.0, 30.0)],
            38.0,
            r#"{"holds": {"count": 0}}"#,
        );
        same_values(&found.features, &wanted.features);
    }

    #[test]
    fn without_the_longest_hold_the_other_stays_on_the_shorter_call() {
        let all = call(&AGENT, &CUSTOMER, 66.0, HELD).alternatives();
        let found = all
            .iter()
            .find(|a| matches!(a.change, Change::OneHoldLess { .. }));
        let found = found.unwrap();
        assert_eq!(
            found.change,
            Change::OneHoldLess {
                which: 1,
                count: 2,
                length_s: 20.0
            }
        );
        let wanted = call(
            &[(0.0, 4.0), (10.0, 14.0), (30.0, 33.0), (40.0, 44.0)],
            &[(4.5, 8.0), (15.0, 18.0), (34.0, 38.0)],
            46.0,
            r#"{"holds": {"intervals": [{"start_s": 20, "end_s": 28}]}}"#,
        );
        same_values(&found.features, &wanted.features);
    }

    #[test]
    fn holds_that_are_only_counted_change_the_facts_and_not_the_talk() {
        let facts = |holds| format!(r#"{{"queue": {{"wait_s": 4}}, "holds": {holds}}}"#);
        let held = facts(r#"{"count": 1, "total_s": 20, "longest_s": 20}"#);
        let found = call(&AGENT, &CUSTOMER, 66.0, &held).with("holds");
        assert!(found.partial);
        let wanted = call(&AGENT, &CUSTOMER, 66.0, &facts(r#"{"count": 0}"#));
        same_values(&found.features, &wanted.features);
    }

    #[test]
    fn a_long_wait_becomes_twenty_seconds_and_a_short_one_stays() {
        let talk = |wait| {
            let facts =
                format!(r#"{{"queue": {{"wait_s": {wait}}}, "ivr": {{"status": "none"}}}}"#);
            call(&AGENT, &CUSTOMER, 66.0, &facts)
        };
        let found = talk(187).with("wait");
        assert_eq!(
            found.change,
            Change::Wait {
                from_s: 187.0,
                to_s: 20.0
            }
        );
        same_values(&found.features, &talk(20).features);
        let all = talk(20).alternatives();
        assert!(all.iter().all(|a| a.change.fact() != "wait"));
    }

    #[test]
    fn the_agent_who_lets_finish_is_measured_on_the_later_talk() {
        let facts = r#"{"holds": {"count": 0}}"#;
        let known = call(
            &[(0.0, 3.0), (7.0, 12.0)],
            &[(4.0, 10.0), (12.5, 15.0)],
            20.0,
            facts,
        );
        let found = known.with("interruptions");
        assert_eq!(found.change, Change::NoInterruptions { count: 1 });
        let wanted = call(
            &[(0.0, 3.0), (10.0, 15.0)],
            &[(4.0, 10.0), (15.5, 18.0)],
            23.0,
            facts,
        );
        same_values(&found.features, &wanted.features);
        let none = found.features.get("agent_interruptions_count");
        assert_eq!(none, Some(&Ok(Value::Number(0.0))));
    }

    #[test]
    fn long_silences_are_shortened_to_a_pause() {
        // Silent from 5 to 15 and, after the last word, from 20 to 30.
        let known = call(&[(0.0, 5.0)], &[(15.0, 20.0)], 30.0, "{}");
        let found = known.with("silences");
        assert_eq!(
            found.change,
            Change::NoLongSilences {
                count: 2,
                length_s: 20.0
            }
        );
        let wanted = call(&[(0.0, 5.0)], &[(6.0, 11.0)], 12.0, "{}");
        same_values(&found.features, &wanted.features);
    }

    fn ivr(ivr: &str) -> Known {
        call(&AGENT, &CUSTOMER, 66.0, &format!(r#"{{"ivr": {ivr}}}"#))
    }

    #[test]
    fn an_ivr_that_understands_repeats_no_step() {
        let found = ivr(r#"{"status": "failed", "duration_s": 52, "steps": [
            {"node": "greeting", "outcome": "ok"}, {"node": "menu", "outcome": "no_input"},
            {"node": "menu", "outcome": "no_input"}, {"node": "menu", "outcome": "no_match"}]}"#);
        let found = found.with("ivr");
        assert_eq!(
            found.change,
            Change::SmoothIvr {
                no_match: 1,
                no_input: 2
            }
        );
        let wanted = ivr(
            r#"{"status": "transferred_by_design", "duration_s": 52, "steps": [
            {"node": "greeting", "outcome": "ok"}, {"node": "menu", "outcome": "ok"}]}"#,
        );
        same_values(&found.features, &wanted.features);
    }

    #[test]
    fn an_ivr_of_numbers_loses_its_stumbles_and_as_many_repetitions() {
        let found = ivr(
            r#"{"status": "operator_requested", "step_count": 6, "no_match_count": 2,
            "no_input_count": 0, "repeat_count": 3, "operator_request_count": 1, "last_node": "menu"}"#,
        );
        let wanted = ivr(
            r#"{"status": "operator_requested", "step_count": 4, "no_match_count": 0,
            "no_input_count": 0, "repeat_count": 1, "operator_request_count": 1, "last_node": "menu"}"#,
        );
        same_values(&found.with("ivr").features, &wanted.features);
    }

    #[test]
    fn a_call_in_order_has_no_alternative() {
        let facts = r#"{"queue": {"wait_s": 5}, "holds": {"count": 0},
            "customer": {"always_requests_operator": true},
            "ivr": {"status": "completed", "no_match_count": 0, "no_input_count": 0}}"#;
        let known = call(&[(0.0, 3.0), (6.0, 9.0)], &[(3.2, 5.8)], 9.5, facts);
        assert!(known.alternatives().is_empty());
    }

    #[test]
    fn of_a_row_the_facts_of_the_platform_change_and_the_talk_stays() {
        let facts = |wait, count, total, no_match| {
            format!(
                r#"{{"queue": {{"wait_s": {wait}}}, "holds": {{"count": {count}, "total_s": {total}}},
                "ivr": {{"status": "completed", "step_count": 3, "no_match_count": {no_match},
                "no_input_count": 0, "repeat_count": 0}},
                "customer": {{"ivr_history_count": 4, "operator_request_share": 0.5}}}}"#
            )
        };
        let of = |facts: String| call(&AGENT, &CUSTOMER, 66.0, &facts);
        let row = of(facts(90, 1, 20, 1)).features;
        let found = row.alternatives(&AnalysisSettings::default());
        let told: Vec<_> = found.iter().map(|a| (a.change.fact(), a.partial)).collect();
        assert_eq!(told, [("holds", true), ("wait", false), ("ivr", false)]);
        let wanted = [facts(90, 0, 0, 1), facts(20, 1, 20, 1), facts(90, 1, 20, 0)];
        for (found, wanted) in found.iter().zip(wanted) {
            same_values(&found.features, &of(wanted).features);
        }
    }

    #[test]
    fn conditions_are_told_in_both_languages() {
        let cases = [
            (
                Change::Wait {
                    from_s: 187.0,
                    to_s: 20.0,
                },
                "had the customer waited 20 s instead of 3 min 7 s",
                "если бы клиент ждал не 3 мин 7 с, а 20 с",
            ),
            (
                Change::NoHolds {
                    count: 1,
                    length_s: None,
                },
                "without the hold",
                "без удержания",
            ),
            (
                Change::NoHolds {
                    count: 2,
                    length_s: Some(14.0),
                },
                "without the two holds (14 s)",
                "без двух удержаний (14 с)",
            ),
            (
                Change::NoHolds {
                    count: 21,
                    length_s: Some(300.0),
                },
                "without the 21 holds (5 min)",
                "без 21 удержания (5 мин)",
            ),
            (
                Change::OneHoldLess {
                    which: 2,
                    count: 2,
                    length_s: 8.0,
                },
                "without the second hold (8 s)",
                "без второго удержания (8 с)",
            ),
            (
                Change::OneHoldLess {
                    which: 7,
                    count: 9,
                    length_s: 8.0,
                },
                "without the longest of 9 holds (8 s)",
                "без самого долгого из 9 удержаний (8 с)",
            ),
            (
                Change::NoInterruptions { count: 3 },
                "had the agent not interrupted (3 times)",
                "если бы оператор не перебивал клиента (3 раза)",
            ),
            (
                Change::NoLongSilences {
                    count: 2,
                    length_s: 18.0,
                },
                "without the two long silences (18 s)",
                "без двух долгих пауз (18 с)",
            ),
            (
                Change::SmoothIvr {
                    no_match: 1,
                    no_input: 0,
                },
                "had the IVR understood the customer at once",
                "если бы IVR понял клиента с первого раза",
            ),
            (
                Change::SmoothIvr {
                    no_match: 0,
                    no_input: 1,
                },
                "had the customer answered the IVR at once",
                "если бы клиент сразу ответил IVR",
            ),
            (
                Change::SmoothIvr {
                    no_match: 1,
                    no_input: 2,
                },
                "had the IVR and the customer understood each other at once",
                "если бы IVR и клиент сразу поняли друг друга",
            ),
        ];
        for (change, en, ru) in cases {
            assert_eq!(change.condition(Lang::En), en);
            assert_eq!(change.condition(Lang::Ru), ru);
        }
    }
}
