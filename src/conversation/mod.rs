//! Who spoke when, and how the two dealt with each other.
//!
//! A [`Conversation`] is built from two speech timelines, a transcript, or both. This page is the
//! glossary: each word means one thing, here and in every feature.
//!
//! * **speech** of a side: what the detector marks, after joining and dropping (see
//!   [`AnalysisSettings`]); where the transcript has utterances of that side, only what lies inside
//!   those that hold a word. Without a recording: the union of the word times, or of the
//!   utterances where words have no times.
//! * **utterance**: the transcript's own, when it has them and they hold a word; else speech of one
//!   side joined over gaps shorter than `utterance_join`. `length` is end − start, `speech` is the
//!   speech inside it.
//! * **overlap fragment**: a stretch in which both sides speak.
//! * **interruption episode** (Sber): fragments of at least `overlap_min`, chained while the next
//!   begins within `episode_join` of the last one's end; a chain is an episode when it has two
//!   fragments or more, or its overlap is at least `episode_min_single`.
//! * **backchannel**: an utterance of at most `backchannel_max`, at least half of it inside the
//!   other's speech, while the other goes on: an utterance of the other began before it, and one
//!   lasts beyond its end.
//! * **interruption, attributed**: an utterance that is no backchannel and starts inside an
//!   utterance of the other, at least `interruption_onset` after that one began, with at least
//!   `overlap_min` of simultaneous speech. It is *successful* when the other stops first.
//! * **turn**: utterances of one side with none of the other between them, backchannels aside, in
//!   order of their starts.
//! * **gap**: the next turn's start − the last turn's end; negative where they overlap. It is the
//!   *response latency* of the side that takes the turn.
//! * **start of the dialogue** of a side: from its first speech until a pause longer than
//!   `phase_pause`, and no longer than `phase_cap`. **end of the dialogue**: the mirror image.
//!
//! The module knows nothing of audio. Where two utterances begin at the same instant, the one that
//! ends first comes first; with equal ends too, the agent's.

mod exchange;
mod placement;
pub(crate) mod retime;
mod roles;
mod tail;
mod utterances;

pub use exchange::{Episode, Gap, Interruption, Turn};
pub use placement::{Misplaced, misplaced};
pub use roles::{RoleSigns, SwapSign, TranscriptFit, greeter};
pub use tail::{TailMonologue, tail_monologue};
pub use utterances::{Spoken, WordCount, said};

use crate::call::{Side, Sides};
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};
use crate::transcript::Transcript;

/// The start and the end of the dialogue of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// From the side's first speech until it finishes.
    pub start: Segment,
    /// The side's last stretch of speech.
    pub end: Segment,
}

/// A call as two people talking.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Conversation {
    /// Length of the call.
    pub duration: Span,
    /// Speech of each side.
    pub speech: Sides<Timeline>,
    /// Utterances of each side, in order, disjoint.
    pub utterances: Sides<Vec<Spoken>>,
    /// Whether the words of the side are known: a transcript covers it.
    pub has_words: Sides<bool>,
    /// Words of the side that have no place on the call; with any, how the words lie over the
    /// utterances is unknown.
    pub unplaced_words: Sides<WordCount>,
    /// The instants at which both speak.
    pub overlap: Timeline,
    /// The instants at which anybody speaks.
    pub anybody: Timeline,
    /// Interruption episodes, in order.
    pub episodes: Vec<Episode>,
    /// Attributed interruptions, in order.
    pub interruptions: Vec<Interruption>,
    /// Turns, in order.
    pub turns: Vec<Turn>,
    /// Start and end of the dialogue of each side; `None` for a side that does not speak.
    pub phases: Sides<Option<Phases>>,
}

impl Conversation {
    /// Builds the conversation of a call of length `duration`.
    ///
    /// `heard` is what the detector marked on each channel, joined and pruned; `None` for a call
    /// without a recording. Everything is cut to `[0, duration)`.
    pub fn new(
        heard: Option<&Sides<Timeline>>,
        transcript: Option<&Transcript>,
        duration: Span,
        settings: &AnalysisSettings,
    ) -> Conversation {
        let whole = Segment::new(Time::ZERO, Time::ZERO + duration);
        let sides = Sides::from_fn(|side| {
            let heard = heard.map(|h| whole.map(|w| h.get(side).within(w)).unwrap_or_default());
            utterances::of_side(side, heard, transcript, whole, settings)
        });
        let (agent, customer) = (sides.agent, sides.customer);
        let has_words = Sides {
            agent: agent.has_words,
            customer: customer.has_words,
        };
        let unplaced_words = Sides {
            agent: agent.unplaced,
            customer: customer.unplaced,
        };
        let speech = Sides {
            agent: agent.speech,
            customer: customer.speech,
        };
        let utterances = Sides {
            agent: agent.utterances,
            customer: customer.utterances,
        };
        Conversation::of(
            speech,
            utterances,
            has_words,
            unplaced_words,
            duration,
            settings,
        )
    }

    /// Makes what follows from the speech and the utterances of both sides.
    fn of(
        speech: Sides<Timeline>,
        mut utterances: Sides<Vec<Spoken>>,
        has_words: Sides<bool>,
        unplaced_words: Sides<WordCount>,
        duration: Span,
        settings: &AnalysisSettings,
    ) -> Conversation {
        exchange::mark_backchannels(&mut utterances, &speech, settings);

        let overlap = &speech.agent & &speech.customer;
        let anybody = &speech.agent | &speech.customer;
        Conversation {
            duration,
            episodes: exchange::episodes(&overlap, &speech, settings),
            interruptions: exchange::interruptions(&utterances, &overlap, settings),
            turns: exchange::turns(&utterances),
            phases: Sides::from_fn(|side| phases(speech.get(side), settings)),
            speech,
            utterances,
            has_words,
            unplaced_words,
            overlap,
            anybody,
        }
    }

    /// Returns the changes of turn: who takes it, and after how long.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        self.turns.windows(2).map(|w| Gap {
            taker: w[1].side,
            length: w[1].start - w[0].end,
        })
    }

    /// Returns the stretches of at least `shortest` in which nobody speaks and nobody is on hold,
    /// those before the first and after the last word among them.
    pub fn silences(&self, holds: Option<&Timeline>, shortest: Span) -> Timeline {
        let whole = Segment::new(Time::ZERO, Time::ZERO + self.duration);
        let silent = &whole.map(Timeline::from).unwrap_or_default() - &self.anybody;
        match holds {
            Some(holds) => (&silent - holds).prune(shortest),
            None => silent.prune(shortest),
        }
    }

    /// Returns the utterances of both sides with their side, ordered by start, then end, then
    /// agent first.
    pub fn in_order(&self) -> Vec<(Side, &Spoken)> {
        exchange::in_order(&self.utterances)
    }
}

/// Finds the start and the end of the dialogue of a side.
fn phases(speech: &Timeline, settings: &AnalysisSettings) -> Option<Phases> {
    // `bridge` joins over gaps *shorter* than its argument; a pause of exactly `phase_pause` does
    // not end the phase.
    let stretches = speech.bridge(settings.phase_pause + Span::from_nanos(1));
    let (first, last) = (stretches.segments().first()?, stretches.segments().last()?);
    let cap = settings.phase_cap;
    Some(Phases {
        start: Segment::new(first.start(), first.end().min(first.start() + cap))?,
        end: Segment::new(last.start().max(last.end() - cap), last.end())?,
    })
}
