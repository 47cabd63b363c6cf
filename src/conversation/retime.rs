//! The same conversation on another clock: with stretches left out, or with somebody who waits.
//!
//! This is what a *what if* is measured on. Nothing is said that was not said; only when it is said
//! changes, so that every quantity of the conversation can be computed again as it always is.
//!
//! ```text
//! cut            |---|                     no hold        wait
//! agent     |---|     |---|   |---||---|   agent     |--------|     |----|  |---|
//! customer  |-----|              |----|    customer  |--|  |---------|      |---|
//!                                                          ^ interrupted here
//! ```

use super::{Conversation, Spoken};
use crate::call::{Side, Sides};
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};

/// A new clock for each side. Both run in order: what came first on a side still does.
pub(crate) struct Retiming {
    /// Left out on both sides; nobody speaks there.
    cut: Timeline,
    /// Of each side, ascending: from when on it comes later, and by how much.
    delays: Sides<Vec<(Time, Span)>>,
}

impl Retiming {
    /// Leaves `stretches` out of a conversation, but for what is said in them and for utterances in
    /// which no speech is heard.
    pub(crate) fn without(conversation: &Conversation, stretches: &Timeline) -> Retiming {
        let unheard = Side::BOTH.into_iter().flat_map(|side| {
            let all = conversation.utterances.get(side).iter();
            all.filter(|u| u.speech <= Span::ZERO).map(|u| u.segment)
        });
        let kept = &unheard.collect::<Timeline>() | &conversation.anybody;
        Retiming {
            cut: stretches - &kept,
            delays: Sides::default(),
        }
    }

    /// Has `side` wait, wherever it interrupts, until the other has finished the utterance; whatever
    /// follows on either side comes later by as much.
    pub(crate) fn letting_finish(conversation: &Conversation, side: Side) -> Retiming {
        let other = side.other();
        let mut delays: Sides<Vec<(Time, Span)>> = Sides::default();
        for interruption in conversation.interruptions.iter().filter(|i| i.by == side) {
            let at = interruption.at;
            let mut utterances = conversation.utterances.get(other).iter();
            let Some(cut_into) = utterances.find(|u| u.segment.contains(at)) else {
                continue;
            };
            let end = cut_into.segment.end();
            let starts = at + delay(delays.get(side), at, true);
            let ends = end + delay(delays.get(other), end, false);
            if ends > starts {
                let wait = ends - starts;
                delays.get_mut(side).push((at, wait));
                delays.get_mut(other).push((end, wait));
            }
        }
        Retiming {
            cut: Timeline::new(),
            delays,
        }
    }

    /// Returns where a stretch of a side comes to lie; `None` where all of it is left out.
    fn segment(&self, side: Side, segment: Segment) -> Option<Segment> {
        let before = |time: Time| {
            let before = Segment::new(Time::ZERO, time);
            before.map_or(Span::ZERO, |s| self.cut.duration_within(s))
        };
        let (start, end) = (segment.start(), segment.end());
        let delays = self.delays.get(side);
        // What ends where a delay begins ends before it; what starts there waits.
        Segment::new(
            start + delay(delays, start, true) - before(start),
            end + delay(delays, end, false) - before(end),
        )
    }

    /// Returns where the stretches of a side come to lie.
    pub(crate) fn timeline(&self, side: Side, timeline: &Timeline) -> Timeline {
        let moved = timeline.segments().iter();
        moved.filter_map(|s| self.segment(side, *s)).collect()
    }

    fn duration(&self, duration: Span) -> Span {
        let delays = Side::BOTH.map(|side| -> Span {
            let delays = self.delays.get(side).iter();
            delays.map(|(_, wait)| *wait).sum()
        });
        let whole = Segment::new(Time::ZERO, Time::ZERO + duration);
        let cut = whole.map_or(Span::ZERO, |w| self.cut.duration_within(w));
        duration + delays[0].max(delays[1]) - cut
    }
}

/// Returns by how much a moment comes later.
fn delay(delays: &[(Time, Span)], time: Time, inclusive: bool) -> Span {
    let before = |at: Time| at < time || (inclusive && at == time);
    let past = delays.iter().filter(|(at, _)| before(*at));
    past.map(|(_, wait)| *wait).sum()
}

impl Conversation {
    /// Returns the conversation on another clock, everything that follows from its times made anew.
    pub(crate) fn retimed(&self, clock: &Retiming, settings: &AnalysisSettings) -> Conversation {
        let utterances = Sides::from_fn(|side| {
            let said = self.utterances.get(side).iter();
            let moved = said.filter_map(|utterance| {
                let segment = clock.segment(side, utterance.segment)?;
                Some(Spoken {
                    segment,
                    ..*utterance
                })
            });
            moved.collect()
        });
        Conversation::of(
            Sides::from_fn(|side| clock.timeline(side, self.speech.get(side))),
            utterances,
            self.has_words,
            self.unplaced_words,
            clock.duration(self.duration),
            settings,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn talk(agent: &[(f64, f64)], customer: &[(f64, f64)], seconds: f64) -> Conversation {
        let line = |said: &[(f64, f64)]| -> Timeline {
            let said = said.iter();
            said.filter_map(|(a, b)| Segment::from_seconds(*a, *b))
                .collect()
        };
        let heard = Sides {
            agent: line(agent),
            customer: line(customer),
        };
        let duration = Span::from_seconds(seconds).unwrap();
        Conversation::new(Some(&heard), None, duration, &AnalysisSettings::default())
    }

    fn stretch(start: f64, end: f64) -> Timeline {
        Segment::from_seconds(start, end).unwrap().into()
    }

    #[test]
    fn a_stretch_left_out_shortens_the_call_and_the_gap() {
        let settings = AnalysisSettings::default();
        let before = talk(&[(0.0, 4.0), (30.0, 35.0)], &[(4.5, 8.0)], 40.0);
        let clock = Retiming::without(&before, &stretch(10.0, 25.0));
        let after = before.retimed(&clock, &settings);
        let wanted = talk(&[(0.0, 4.0), (15.0, 20.0)], &[(4.5, 8.0)], 25.0);
        assert_eq!(after, wanted);
    }

    #[test]
    fn what_is_said_in_a_stretch_stays() {
        let settings = AnalysisSettings::default();
        let before = talk(&[(0.0, 4.0), (30.0, 35.0)], &[(12.0, 14.0)], 40.0);
        let clock = Retiming::without(&before, &stretch(10.0, 25.0));
        // 2 s and 11 s of the 15 go: the two around what the customer says.
        let wanted = talk(&[(0.0, 4.0), (17.0, 22.0)], &[(10.0, 12.0)], 27.0);
        assert_eq!(before.retimed(&clock, &settings), wanted);
    }

    #[test]
    fn who_interrupts_waits_and_the_rest_follows() {
        let settings = AnalysisSettings::default();
        // The agent cuts in at 7 on an utterance that ends at 10, goes on until 12; the customer
        // answers at 12.5.
        let before = talk(
            &[(0.0, 3.0), (7.0, 12.0)],
            &[(4.0, 10.0), (12.5, 15.0)],
            20.0,
        );
        let by_agent = |c: &Conversation| {
            let all = c.interruptions.iter();
            all.filter(|i| i.by == Side::Agent).count()
        };
        assert_eq!(by_agent(&before), 1);
        let clock = Retiming::letting_finish(&before, Side::Agent);
        let after = before.retimed(&clock, &settings);
        let wanted = talk(
            &[(0.0, 3.0), (10.0, 15.0)],
            &[(4.0, 10.0), (15.5, 18.0)],
            23.0,
        );
        assert_eq!(after, wanted);
        assert!(after.overlap.is_empty());
    }

    #[test]
    fn two_interruptions_of_one_utterance_wait_once() {
        let settings = AnalysisSettings::default();
        let before = talk(&[(3.0, 5.0), (6.0, 9.0)], &[(0.0, 8.0), (9.5, 11.0)], 12.0);
        let clock = Retiming::letting_finish(&before, Side::Agent);
        let after = before.retimed(&clock, &settings);
        // The first waits 5 s, from 3 to 8; the second comes 5 s later too, and so does the answer.
        let wanted = talk(
            &[(8.0, 10.0), (11.0, 14.0)],
            &[(0.0, 8.0), (14.5, 16.0)],
            17.0,
        );
        assert_eq!(after, wanted);
    }

    /// Speech of a side as whole tenths of a second, in order.
    fn said() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((1u32..40, 1u32..60), 0..12).prop_map(|pieces| {
            let mut at = 0;
            let piece = |(gap, long): (u32, u32)| {
                at += gap;
                let start = at;
                at += long;
                (f64::from(start) / 10.0, f64::from(at) / 10.0)
            };
            pieces.into_iter().map(piece).collect()
        })
    }

    proptest! {
        #[test]
        fn a_clock_that_changes_nothing_gives_the_same_conversation(a in said(), c in said()) {
            let before = talk(&a, &c, 130.0);
            let clock = Retiming::without(&before, &Timeline::new());
            prop_assert_eq!(before.retimed(&clock, &AnalysisSettings::default()), before);
        }

        #[test]
        fn speech_is_neither_lost_nor_made(a in said(), c in said(), from in 0.0..100.0_f64) {
            let settings = AnalysisSettings::default();
            let before = talk(&a, &c, 130.0);
            let clocks = [
                Retiming::without(&before, &stretch(from, from + 20.0)),
                Retiming::letting_finish(&before, Side::Agent),
            ];
            for clock in clocks {
                let after = before.retimed(&clock, &settings);
                for side in Side::BOTH {
                    let speech = |c: &Conversation| c.speech.get(side).duration();
                    prop_assert_eq!(speech(&after), speech(&before));
                    let said = |c: &Conversation| c.utterances.get(side).len();
                    prop_assert_eq!(said(&after), said(&before));
                }
                let end = Time::ZERO + after.duration;
                prop_assert!(after.anybody.extent().is_none_or(|all| all.end() <= end));
            }
        }

        #[test]
        fn nobody_who_waits_interrupts_where_it_did(a in said(), c in said()) {
            let settings = AnalysisSettings::default();
            let before = talk(&a, &c, 130.0);
            let clock = Retiming::letting_finish(&before, Side::Agent);
            let after = before.retimed(&clock, &settings);
            let count = |c: &Conversation| {
                c.interruptions.iter().filter(|i| i.by == Side::Agent).count()
            };
            prop_assert!(count(&after) == 0 || count(&after) < count(&before));
            prop_assert!(after.overlap.duration() <= before.overlap.duration());
        }
    }
}
