//! One voice at the end of a call that nobody answers: a survey prompt, or a voicemail.
//!
//! ```text
//! agent     |----|   |---|            |------| |--------|
//! customer        |---|    |--|
//!                              |pause|   the monologue  |
//! ```
//!
//! It is reported, and measured with the rest of the call: whoever wants it cut out knows from where.

use crate::call::{Side, Sides};
use crate::timeline::{Segment, Span, Timeline};
use serde::Serialize;

/// Both sides are silent for at least this long before it: the agent hangs up, and the platform
/// answers. An agent who says good-bye follows the customer sooner.
const PAUSE_BEFORE: Span = Span::from_millis(2_000);

/// It lasts at least this long. After the last word of the one side the other goes on for at most
/// 3.8 s on 22 real conversations (seven by their
/// level, 15 by their turns), of which none has a prompt; a survey reads out
/// a question and its keys.
const SHORTEST: Span = Span::from_millis(10_000);

/// One voice at the end of a call that nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TailMonologue {
    /// On whose channel.
    pub side: Side,
    /// From its first word to its last.
    pub segment: Segment,
}

/// Finds the monologue at the end of a call on which both sides have spoken: after a silence of both
/// of at least 2 s that the other side never breaks again, at least 10 s, at least half of them
/// speech.
pub fn tail_monologue(speech: &Sides<Timeline>) -> Option<TailMonologue> {
    let ends = Side::BOTH.map(|side| Some((speech.get(side).extent()?.end(), side)));
    // Who speaks last; of two that end together neither is alone.
    let (last, side, answered) = match ends {
        [Some((a, side)), Some((b, _))] if a > b => (a, side, b),
        [Some((a, _)), Some((b, side))] if b > a => (b, side, a),
        _ => return None,
    };
    let own = speech.get(side);
    let mut silent_from = answered;
    for stretch in own.bridge(PAUSE_BEFORE).segments() {
        if stretch.start() - silent_from >= PAUSE_BEFORE {
            let segment = Segment::new(stretch.start(), last)?;
            let spoken = own.duration_within(segment);
            let long = segment.duration() >= SHORTEST;
            let dense = 2 * spoken.nanos() >= segment.duration().nanos();
            return (long && dense).then_some(TailMonologue { side, segment });
        }
        silent_from = silent_from.max(stretch.end());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(agent: &[(f64, f64)], customer: &[(f64, f64)]) -> Option<(Side, f64, f64)> {
        let line = |pairs: &[(f64, f64)]| -> Timeline {
            let segments = pairs
                .iter()
                .filter_map(|&(s, e)| Segment::from_seconds(s, e));
            segments.collect()
        };
        let found = tail_monologue(&Sides {
            agent: line(agent),
            customer: line(customer),
        })?;
        let (start, end) = (found.segment.start(), found.segment.end());
        Some((found.side, start.seconds(), end.seconds()))
    }

    const CUSTOMER: [(f64, f64); 2] = [(5.0, 10.0), (15.0, 20.0)];

    #[test]
    fn a_prompt_after_a_pause_is_found() {
        // Good-bye until 23, a pause of 4 s, a prompt of 6 + 5 s around one of 2.5 s.
        let agent = [(1.0, 4.0), (21.0, 23.0), (27.0, 33.0), (35.5, 40.5)];
        assert_eq!(tail(&agent, &CUSTOMER), Some((Side::Agent, 27.0, 40.5)));
        // The customer's mailbox, the same way round.
        assert_eq!(tail(&CUSTOMER, &agent), Some((Side::Customer, 27.0, 40.5)));
    }

    #[test]
    fn what_is_answered_short_sparse_or_follows_at_once_is_none() {
        let prompt = [(1.0, 4.0), (27.0, 40.0)];
        assert!(tail(&prompt, &CUSTOMER).is_some());
        // An answer at 41 s; one within it leaves 3 s.
        assert_eq!(tail(&prompt, &[(5.0, 20.0), (41.0, 41.5)]), None);
        assert_eq!(tail(&prompt, &[(5.0, 20.0), (36.0, 37.0)]), None);
        // 9.9 s; 4 of 12 s; a long good-bye 1.9 s after the customer.
        assert_eq!(tail(&[(1.0, 4.0), (27.0, 36.9)], &CUSTOMER), None);
        assert_eq!(
            tail(&[(1.0, 4.0), (27.0, 29.0), (37.0, 39.0)], &CUSTOMER),
            None
        );
        assert_eq!(tail(&[(1.0, 4.0), (21.9, 40.0)], &CUSTOMER), None);
        // Who speaks over the other's end has not paused.
        assert_eq!(tail(&[(1.0, 4.0), (19.0, 40.0)], &CUSTOMER), None);
        // Nobody but the agent; nobody.
        assert_eq!(tail(&[(1.0, 4.0), (27.0, 40.0)], &[]), None);
        assert_eq!(tail(&[], &[]), None);
    }
}
