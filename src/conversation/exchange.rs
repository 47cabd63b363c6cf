//! How the two sides deal with each other: overlap episodes, backchannels, interruptions, turns.

use super::utterances::Spoken;
use crate::call::{Side, Sides};
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};

/// An interruption episode: a stretch in which the two keep talking over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Episode {
    /// From the start of its first overlap fragment to the end of its last.
    pub segment: Segment,
    /// Simultaneous speech inside the episode, that of fragments too short to count included.
    pub overlap: Span,
    /// Number of its fragments.
    pub fragments: u32,
    /// Speech of each side inside the episode.
    pub speech: Sides<Span>,
    /// Time in the episode in which nobody speaks.
    pub silence: Span,
}

/// An interruption with its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interruption {
    /// Who cuts in.
    pub by: Side,
    /// When.
    pub at: Time,
    /// Simultaneous speech until one of the two utterances ends.
    pub overlap: Span,
    /// Whether the interrupted side stops first.
    pub successful: bool,
}

/// A turn: one side has the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Whose turn it is.
    pub side: Side,
    /// Start of its first utterance.
    pub start: Time,
    /// The latest end of its utterances.
    pub end: Time,
}

/// A change of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// Who takes the turn.
    pub taker: Side,
    /// From the end of the last turn to the start of the next; negative where they overlap.
    pub length: Span,
}

/// Returns the utterances of both sides by start, then end, then agent first.
pub(super) fn in_order(utterances: &Sides<Vec<Spoken>>) -> Vec<(Side, &Spoken)> {
    let mut all: Vec<(Side, &Spoken)> = [Side::Agent, Side::Customer]
        .into_iter()
        .flat_map(|side| utterances.get(side).iter().map(move |u| (side, u)))
        .collect();
    all.sort_by_key(|(_, u)| u.segment);
    all
}

/// Finds the utterance that holds `time`; the utterances are in order and disjoint.
fn at(utterances: &[Spoken], time: Time) -> Option<&Spoken> {
    let next = utterances.partition_point(|u| u.segment.start() <= time);
    utterances[..next]
        .last()
        .filter(|u| u.segment.contains(time))
}

/// Marks the utterances that only show that the side listens.
pub(super) fn mark_backchannels(
    utterances: &mut Sides<Vec<Spoken>>,
    speech: &Sides<Timeline>,
    settings: &AnalysisSettings,
) {
    for side in Side::BOTH {
        let others = utterances.get(side.other()).clone();
        let other_speech = speech.get(side.other());
        for own in utterances.get_mut(side) {
            let length = own.segment.duration();
            let under = other_speech.duration_within(own.segment);
            // The other goes on: it spoke before this one began, and does after it has ended. Who
            // is overlapped at the end of a short word did not listen.
            let before = at(&others, own.segment.start())
                .is_some_and(|o| o.segment.start() < own.segment.start());
            let goes_on = before && at(&others, own.segment.end()).is_some();
            own.backchannel = length <= settings.backchannel_max
                && under.nanos() * 2 >= length.nanos()
                && goes_on;
        }
    }
}

/// Chains the overlap fragments into episodes.
pub(super) fn episodes(
    overlap: &Timeline,
    speech: &Sides<Timeline>,
    settings: &AnalysisSettings,
) -> Vec<Episode> {
    let fragments = overlap.prune(settings.overlap_min);
    let mut chains: Vec<Vec<Segment>> = Vec::new();
    for &fragment in fragments.segments() {
        match chains.last_mut() {
            Some(chain)
                if chain
                    .last()
                    .is_some_and(|last| fragment.start() - last.end() <= settings.episode_join) =>
            {
                chain.push(fragment);
            }
            _ => chains.push(vec![fragment]),
        }
    }
    let anybody = &speech.agent | &speech.customer;
    chains
        .into_iter()
        .filter_map(|chain| {
            let segment = Segment::new(chain.first()?.start(), chain.last()?.end())?;
            if chain.len() < 2 && segment.duration() < settings.episode_min_single {
                return None;
            }
            Some(Episode {
                segment,
                overlap: overlap.duration_within(segment),
                fragments: chain.len() as u32,
                speech: Sides::from_fn(|side| speech.get(side).duration_within(segment)),
                silence: segment.duration() - anybody.duration_within(segment),
            })
        })
        .collect()
}

/// Finds who cuts in on whom.
pub(super) fn interruptions(
    utterances: &Sides<Vec<Spoken>>,
    overlap: &Timeline,
    settings: &AnalysisSettings,
) -> Vec<Interruption> {
    in_order(utterances)
        .into_iter()
        .filter(|(_, own)| !own.backchannel)
        .filter_map(|(side, own)| {
            let start = own.segment.start();
            // Who only said "uh huh" did not hold the floor.
            let other = at(utterances.get(side.other()), start).filter(|o| !o.backchannel)?;
            if start - other.segment.start() < settings.interruption_onset {
                return None;
            }
            let both = own.segment.intersection(other.segment)?;
            let overlap = overlap.duration_within(both);
            (overlap >= settings.overlap_min).then(|| Interruption {
                by: side,
                at: start,
                overlap,
                successful: other.segment.end() < own.segment.end(),
            })
        })
        .collect()
}

/// Joins the utterances, backchannels aside, into turns.
pub(super) fn turns(utterances: &Sides<Vec<Spoken>>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for (side, utterance) in in_order(utterances)
        .into_iter()
        .filter(|(_, u)| !u.backchannel)
    {
        let (start, end) = (utterance.segment.start(), utterance.segment.end());
        match turns.last_mut() {
            Some(turn) if turn.side == side => turn.end = turn.end.max(end),
            _ => turns.push(Turn { side, start, end }),
        }
    }
    turns
}
