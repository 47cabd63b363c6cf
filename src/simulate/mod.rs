//! Calls with known truth.
//!
//! A [`Simulator`] makes [`SimulatedCall`]s: who spoke when and in which words, what the telephony
//! platform wrote down, and what the customer made of it all. [`render`] makes their sound,
//! [`archive`] their files.
//! [`sounds`] makes what a line carries beside speech, [`degrade`] does to speech what a line does.
//! Tests, benches and the training of the bundled model live on them.
//!
//! ```
//! use callcsi::simulate::{SimulationSettings, Simulator};
//!
//! let simulator = Simulator::new(SimulationSettings::seeded(7))?;
//! let call = simulator.call(0);
//! assert_eq!(call, simulator.call(0));
//! assert!(!call.speech.agent.is_empty());
//! let sum: f64 = call.satisfaction.effects.iter().map(|(_, effect)| effect).sum();
//! assert_eq!(sum, call.satisfaction.log_odds);
//! # Ok::<(), callcsi::Error>(())
//! ```
//!
//! # Conventions
//!
//! * A call depends on the settings and its index alone: call 17 is the same whether or not the
//!   sixteen before it were made, on one thread or many.
//! * Every time is a whole number of milliseconds on the call clock; IVR and queue times are whole
//!   tenths of a second.
//! * *Truth* is complete: [`SimulatedCall::full_metadata`], [`SimulatedCall::utterances`],
//!   [`SimulatedCall::facts`]. What a centre would *deliver* may lack pieces:
//!   [`SimulatedCall::metadata`], [`SimulatedCall::transcript`].
//! * The unhappy are unhappy for reasons: see [`satisfaction`] for each effect and the column that
//!   measures its cause. Annoyance before the talk makes the customer interrupt more, and all of it
//!   shows in the emotions.
//!
//! Marks, habits and waits are invented; no number here is an estimate from a real archive. A model
//! trained on such calls shows that the machinery works, not how real customers feel.

pub mod archive;
pub mod degrade;
mod facts;
#[cfg(feature = "report")]
pub mod planted;
mod random;
pub mod render;
pub mod satisfaction;
mod settings;
pub mod sounds;
mod talk;
mod telephony;
mod words;

pub use facts::Facts;
pub use satisfaction::Satisfaction;
pub use settings::{MissingShares, SimulationSettings};

use crate::call::{
    CallId, ClockInterval, Holds, Ivr, IvrStatus, Metadata, Queue, Side, Sides, StepOutcome,
};
use crate::error::Result;
use crate::model::{Evaluation, Outcome};
use crate::timeline::{Segment, Span, Timeline};
use crate::transcript::{Emotion, Transcript, Utterance};
use random::{Purpose, Random};
use talk::Manner;
use telephony::Customer;

/// A call of which everything is known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SimulatedCall {
    /// The seed of the simulator that made it.
    pub seed: u64,
    /// Its place in the archive, from 0.
    pub index: u64,
    /// Its name: `sim-` and the index in six digits.
    pub id: CallId,
    /// Who answered: `op-` and a number.
    pub operator_id: String,
    /// Who called: `cu-` and a number.
    pub customer_id: String,
    /// Length of the recording.
    pub duration: Span,
    /// True speech of each side: inter-pausal units, 0.2 s apart or more.
    pub speech: Sides<Timeline>,
    /// When the customer was on hold; nobody speaks then.
    pub holds: Timeline,
    /// What was said, in order of start: speech joined over pauses shorter than 0.5 s, with every
    /// word's time and an emotion. The words' union is the speech.
    pub utterances: Vec<Utterance>,
    /// Everything the platform could know.
    pub full_metadata: Metadata,
    /// The causes of satisfaction, from the truth.
    pub facts: Facts,
    /// What the customer made of it.
    pub satisfaction: Satisfaction,
    /// What the platform delivers: `full_metadata` less the pieces withheld.
    pub metadata: Metadata,
    /// The transcript delivered, if one is.
    pub transcript: Option<Transcript>,
}

/// Makes calls.
#[derive(Clone, Debug)]
pub struct Simulator {
    settings: SimulationSettings,
}

impl Simulator {
    /// Makes a simulator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when [`SimulationSettings::check`] refuses
    /// the settings.
    pub fn new(settings: SimulationSettings) -> Result<Simulator> {
        settings.check()?;
        Ok(Simulator { settings })
    }

    /// Returns the settings.
    pub fn settings(&self) -> &SimulationSettings {
        &self.settings
    }

    /// Makes call `index`, in time that does not depend on the index.
    pub fn call(&self, index: u64) -> SimulatedCall {
        let settings = &self.settings;
        let stream = |purpose| Random::new(settings.seed, index, purpose);

        // Who talks to whom.
        let operator_number = stream(Purpose::Pairing).below(settings.operators as usize) as u64;
        let customer_number = index % u64::from(settings.customers);
        let visit = index / u64::from(settings.customers);
        let mut operator = Random::new(settings.seed, operator_number, Purpose::Operator);
        let customer = Customer::draw(settings, customer_number, visit);

        // The way to the agent.
        let mut telephony = stream(Purpose::Telephony);
        let ivr = telephony::ivr(settings, &customer, &mut telephony);
        let wait = telephony::queue_wait(settings, &mut telephony);
        let annoyance = annoyance(&ivr, wait);

        // The talk and its words.
        let mut random = stream(Purpose::Talk);
        let operator_adds = settings.operator_deviation * operator.normal();
        let customer_adds = settings.customer_deviation * random.normal();
        let manners = Sides {
            agent: agent_manner(&mut operator, &mut random),
            customer: customer_manner(annoyance, &mut random),
        };
        let talk = talk::converse(settings, &manners, &mut random);
        let holds: Timeline = talk.holds.iter().copied().collect();
        let mut utterances = say(&talk.speech, &manners, &mut stream(Purpose::Words));

        // What came of it.
        let full_metadata = Metadata {
            ivr: Some(ivr),
            queue: Some(Queue {
                wait: Some(wait),
                name: None,
            }),
            holds: Some(Holds {
                intervals: Some(talk.holds.iter().map(|h| on_call_clock(*h)).collect()),
                ..Holds::default()
            }),
            customer: Some(customer.history()),
            ..Metadata::default()
        };
        let mut facts = gather(
            &full_metadata,
            &talk.speech,
            &holds,
            &utterances,
            talk.duration,
        );
        let so_far: f64 = satisfaction::effects(settings, &facts)
            .iter()
            .map(|(_, effect)| effect)
            .sum();
        feel(
            &mut utterances,
            so_far,
            talk.duration,
            &mut stream(Purpose::Emotions),
        );
        facts.customer_end_negative = facts::end_negative(&utterances);
        let unseen = operator_adds + customer_adds;
        let satisfaction =
            satisfaction::judge(settings, &facts, unseen, &mut stream(Purpose::Survey));

        let mut delivery = stream(Purpose::Delivery);
        let metadata = deliver_metadata(settings, &full_metadata, &mut delivery);
        let transcript = deliver_transcript(settings, &utterances, talk.duration, &mut delivery);
        SimulatedCall {
            seed: settings.seed,
            index,
            id: CallId::new(format!("sim-{index:06}")),
            operator_id: format!("op-{operator_number:03}"),
            customer_id: format!("cu-{customer_number:06}"),
            duration: talk.duration,
            speech: talk.speech,
            holds,
            utterances,
            full_metadata,
            facts,
            satisfaction,
            metadata,
            transcript,
        }
    }

    /// Makes the first `count` calls, one at a time.
    pub fn calls(&self, count: u64) -> impl Iterator<Item = SimulatedCall> + '_ {
        (0..count).map(|index| self.call(index))
    }

    /// Returns the best AUC that any score of the first `count` calls could hope for, telling the
    /// satisfied from the rest: that of the true probability given the causes, none withheld.
    ///
    /// `None` when the calls are all of one class.
    pub fn bayes_ceiling(&self, count: u64) -> Option<f64> {
        let judged = self.calls(count).map(|call| call.satisfaction);
        let truth = judged.map(|s| Outcome {
            probability: s.probability,
            satisfied: s.satisfied(),
        });
        // Probabilities are what they say, so the figures cannot be refused.
        Evaluation::of(&truth.collect::<Vec<_>>(), 0.5)
            .ok()?
            .roc_auc
    }
}

/// Returns how annoyed the customer is before the talk, from 0 up; about 1 after three minutes of
/// waiting.
fn annoyance(ivr: &Ivr, wait: Span) -> f64 {
    let failures = ivr.outcomes(StepOutcome::NoInput).unwrap_or(0)
        + ivr.outcomes(StepOutcome::NoMatch).unwrap_or(0);
    (wait.seconds() / 180.0).min(2.0) + 0.25 * f64::from(failures.min(4))
}

/// Draws how the operator talks, and how on this call. Rates are for Russian, our guess: 2.4 words
/// or some 5.5 syllables per second of speech.
fn agent_manner(operator: &mut Random, call: &mut Random) -> Manner {
    Manner {
        words_per_s: (2.4 + 0.25 * operator.normal() + 0.12 * call.normal()).clamp(1.5, 3.4),
        units_per_turn: operator.log_normal(2.6, 0.25) * call.log_normal(1.0, 0.30),
        latency: operator.log_normal(0.95, 0.35) * call.log_normal(1.0, 0.30),
        barge_in: (operator.log_normal(0.05, 0.8) * call.log_normal(1.0, 0.5)).min(0.4),
        silence: (operator.log_normal(0.05, 0.4) * call.log_normal(1.0, 0.7)).min(0.4),
    }
}

/// Draws how the customer talks.
fn customer_manner(annoyance: f64, call: &mut Random) -> Manner {
    Manner {
        words_per_s: (2.4 + 0.35 * call.normal()).clamp(1.3, 3.6),
        units_per_turn: call.log_normal(2.1, 0.35),
        latency: call.log_normal(0.9, 0.3),
        barge_in: (call.log_normal(0.05, 0.7) * (1.0 + annoyance)).min(0.5),
        silence: 0.0,
    }
}

/// Puts words into the speech and joins its units into utterances, in order of start.
fn say(speech: &Sides<Timeline>, manners: &Sides<Manner>, random: &mut Random) -> Vec<Utterance> {
    let mut utterances = Vec::new();
    for side in Side::BOTH {
        let timeline = speech.get(side);
        let rate = manners.get(side).words_per_s;
        let filled = words::fill(side, timeline, rate, random);
        let mut units = timeline.segments().iter().zip(filled).peekable();
        for &segment in facts::utterance_segments(timeline).segments() {
            let mut words = Vec::new();
            while let Some((_, said)) = units.next_if(|(unit, _)| unit.end() <= segment.end()) {
                words.extend(said);
            }
            utterances.push(Utterance {
                side,
                segment,
                words: Some(words),
                emotion: None,
            });
        }
    }
    utterances.sort_by_key(|u| (u.segment, u.side));
    utterances
}

/// Reads the causes off the truth; all but the emotions, which follow from the others.
fn gather(
    metadata: &Metadata,
    speech: &Sides<Timeline>,
    holds: &Timeline,
    utterances: &[Utterance],
    duration: Span,
) -> Facts {
    let ivr = metadata.ivr.clone().unwrap_or_default();
    let minutes = duration.seconds() / 60.0;
    let per_min = |side| f64::from(facts::interruptions(speech, side)) / minutes;
    let spoken = Sides::from_fn(|side| speech.get(side).duration().seconds());
    let words_per_s = |side: Side| {
        let own = utterances.iter().filter(|u| u.side == side);
        let count: usize = own.map(|u| u.words.as_ref().map_or(0, Vec::len)).sum();
        count as f64 / spoken.get(side)
    };
    let history = metadata.customer.as_ref();
    let failures = ivr
        .outcomes(StepOutcome::NoInput)
        .zip(ivr.outcomes(StepOutcome::NoMatch));
    Facts {
        queue_wait_s: metadata
            .queue
            .as_ref()
            .and_then(|q| q.wait)
            .map_or(0.0, Span::seconds),
        hold_count: holds.segments().len() as u32,
        hold_total_s: holds.duration().seconds(),
        ivr_status: ivr.status.unwrap_or(IvrStatus::Unknown),
        ivr_failure_count: failures.map(|(silent, unmatched)| silent + unmatched),
        ivr_repeat_count: ivr.nodes_repeated(),
        customer_always_requests_operator: history.and_then(|c| c.always_requests_operator),
        silence_total_s: facts::silences(speech, holds, duration)
            .duration()
            .seconds(),
        agent_interruptions_per_min: per_min(Side::Agent),
        customer_interruptions_per_min: per_min(Side::Customer),
        agent_speech_share: spoken.agent / (spoken.agent + spoken.customer),
        speech_speed_difference: words_per_s(Side::Customer) - words_per_s(Side::Agent),
        agent_response_median_s: facts::median(facts::responses(speech, Side::Agent)),
        customer_end_negative: None,
    }
}

/// Gives every utterance an emotion. The customer's turns negative with the log-odds of
/// satisfaction so far, and more so towards the end; the agent's is mostly neutral.
fn feel(utterances: &mut [Utterance], log_odds: f64, duration: Span, random: &mut Random) {
    for utterance in utterances {
        let progress =
            (utterance.segment.end() - crate::timeline::Time::ZERO).seconds() / duration.seconds();
        let level = match utterance.side {
            Side::Agent => -4.0,
            Side::Customer => -2.2 - 0.7 * (log_odds - 1.0) * (0.3 + 0.7 * progress),
        };
        let odds = |logit: f64| logit.exp();
        let (negative, positive) = (
            odds(level + 0.9 * random.normal()),
            odds(-2.5 + 0.8 * random.normal()),
        );
        // Ten-thousandths, as recognisers print them.
        let whole = 1.0 + negative + positive;
        let round = |p: f64| (p / whole * 1e4).round() / 1e4;
        let (negative, positive) = (round(negative), round(positive));
        utterance.emotion = Some(Emotion {
            positive,
            neutral: ((1.0 - negative - positive) * 1e4).round() / 1e4,
            negative,
        });
    }
}

fn on_call_clock(segment: Segment) -> ClockInterval {
    ClockInterval::Call {
        start: segment.start(),
        end: segment.end(),
    }
}

/// Withholds what the settings say a centre may not know.
fn deliver_metadata(
    settings: &SimulationSettings,
    full: &Metadata,
    random: &mut Random,
) -> Metadata {
    let missing = &settings.missing;
    let mut told = full.clone();
    // Every chance is drawn, used or not, so that one share changes nothing else.
    let [
        no_ivr,
        no_steps,
        no_queue,
        no_holds,
        no_intervals,
        no_history,
    ] = [
        missing.ivr,
        missing.ivr_steps,
        missing.queue,
        missing.holds,
        missing.hold_intervals,
        missing.history,
    ]
    .map(|share| random.chance(share));
    if no_ivr {
        told.ivr = None;
    }
    if let Some(ivr) = told.ivr.as_mut().filter(|_| no_steps) {
        ivr.steps = None;
    }
    if no_queue {
        told.queue = None;
    }
    if no_holds {
        told.holds = None;
    }
    if let Some(holds) = told.holds.as_mut().filter(|_| no_intervals) {
        *holds = Holds {
            count: holds.number(),
            total: holds.total(),
            longest: holds.longest(),
            intervals: None,
        };
    }
    if no_history {
        told.customer = None;
    }
    told
}

/// Withholds the transcript, or its emotions, as the settings say.
fn deliver_transcript(
    settings: &SimulationSettings,
    utterances: &[Utterance],
    duration: Span,
    random: &mut Random,
) -> Option<Transcript> {
    let without = random.chance(settings.missing.transcript);
    let without_emotions = random.chance(settings.missing.emotions);
    let mut utterances = utterances.to_vec();
    if without_emotions {
        for utterance in &mut utterances {
            utterance.emotion = None;
        }
    }
    (!without).then_some(Transcript {
        utterances,
        loose_words: Vec::new(),
        duration: Some(duration),
    })
}

#[cfg(test)]
mod tests;
