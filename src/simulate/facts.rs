//! The quantities that move the simulated customer, read off the truth of a call.
//!
//! Each is named by the column that measures it. They are computed here in the plainest way and on
//! their own, so that the library's measurements can be held against them.

use crate::call::{IvrStatus, Side, Sides};
use crate::settings::AnalysisSettings;
use crate::timeline::{Segment, Span, Time, Timeline};
use crate::transcript::Utterance;

/// The causes of satisfaction on one call. What does not exist on the call is `None`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// `queue_wait_s`, s.
    pub queue_wait_s: f64,
    /// `hold_count`.
    pub hold_count: u32,
    /// `hold_total_s`, s.
    pub hold_total_s: f64,
    /// `ivr_status`.
    pub ivr_status: IvrStatus,
    /// `ivr_no_input_count` + `ivr_no_match_count`; `None` without an IVR.
    pub ivr_failure_count: Option<u32>,
    /// `ivr_repeat_count`; `None` without an IVR.
    pub ivr_repeat_count: Option<u32>,
    /// `customer_always_requests_operator`; `None` where the history is too short to tell.
    pub customer_always_requests_operator: Option<bool>,
    /// Silences of 3 s and more outside holds, all together, s.
    pub silence_total_s: f64,
    /// Attributed interruptions by the agent, per minute of the call.
    pub agent_interruptions_per_min: f64,
    /// Attributed interruptions by the customer, per minute of the call.
    pub customer_interruptions_per_min: f64,
    /// `dialog_agent_speech_percentage`, 0..=1.
    pub agent_speech_share: f64,
    /// `dialog_customer_agent_speech_speed_words_all_call_mean_diff`, words/s.
    pub speech_speed_difference: f64,
    /// Median of the agent's response latency, s; negative when the agent mostly starts early.
    pub agent_response_median_s: Option<f64>,
    /// `customer_conv_end_emo_neg_mean`, 0..=1: mean P(negative) over the customer's utterances of
    /// more than two words or two seconds that end in the last 30 s of his speech.
    pub customer_end_negative: Option<f64>,
}

/// Joins the units of a side into utterances: what is less than `utterance_join` apart.
pub(super) fn utterance_segments(speech: &Timeline) -> Timeline {
    speech.bridge(AnalysisSettings::default().utterance_join)
}

/// Tells whether `a`, said by one side, is a backchannel under the other side's utterances.
fn is_backchannel(a: Segment, others: &Timeline, speech: &Timeline) -> bool {
    let settings = AnalysisSettings::default();
    let inside = speech.duration_within(a);
    let before = others
        .segments()
        .iter()
        .any(|o| o.start() < a.start() && a.start() < o.end());
    let after = others
        .segments()
        .iter()
        .any(|o| o.start() <= a.end() && a.end() < o.end());
    a.duration() <= settings.backchannel_max
        && inside.nanos() * 2 >= a.duration().nanos()
        && before
        && after
}

/// Counts the attributed interruptions made by `side`: its utterances that begin while the other
/// has had the floor for `interruption_onset`, overlap by `overlap_min`, and are no backchannel.
pub(super) fn interruptions(speech: &Sides<Timeline>, side: Side) -> u32 {
    let settings = AnalysisSettings::default();
    let utterances = Sides::from_fn(|side| utterance_segments(speech.get(side)));
    let (own, others) = (utterances.get(side), utterances.get(side.other()));
    let cuts_in = |a: &&Segment| {
        let under_way = others.segments().iter().find(|o| {
            o.start() + settings.interruption_onset <= a.start()
                && a.start() < o.end()
                && !is_backchannel(**o, own, speech.get(side))
        });
        let both = under_way.and_then(|o| o.intersection(**a));
        let overlap = both.map(|b| (&speech.agent & &speech.customer).duration_within(b));
        overlap.is_some_and(|o| o >= settings.overlap_min)
            && !is_backchannel(**a, others, speech.get(side.other()))
    };
    own.segments().iter().filter(cuts_in).count() as u32
}

/// Returns the offsets from the end of the other side's turn to the start of `side`'s, in seconds.
/// A turn ends with the latest of its utterances.
pub(super) fn responses(speech: &Sides<Timeline>, side: Side) -> Vec<f64> {
    let utterances = Sides::from_fn(|side| utterance_segments(speech.get(side)));
    let mut said: Vec<(Segment, Side)> = Vec::new();
    for who in Side::BOTH {
        let (others, spoken) = (utterances.get(who.other()), speech.get(who.other()));
        let own = utterances.get(who).segments().iter();
        said.extend(
            own.filter(|a| !is_backchannel(**a, others, spoken))
                .map(|a| (*a, who)),
        );
    }
    said.sort_unstable_by_key(|(segment, who)| (*segment, *who));
    let turns: Vec<&[(Segment, Side)]> = said.chunk_by(|a, b| a.1 == b.1).collect();
    let pairs = turns.windows(2).filter(|w| w[1][0].1 == side);
    pairs
        .filter_map(|w| {
            let end = w[0].iter().map(|(segment, _)| segment.end()).max()?;
            Some((w[1][0].0.start() - end).seconds())
        })
        .collect()
}

/// Returns the silences of both sides of at least `silence_min`, outside the holds, from the start
/// of the call to its end.
pub(super) fn silences(speech: &Sides<Timeline>, holds: &Timeline, duration: Span) -> Timeline {
    let whole = Segment::new(Time::ZERO, Time::ZERO + duration);
    let silent = &whole.map(Timeline::from).unwrap_or_default() - &speech.agent;
    let silent = &(&silent - &speech.customer) - holds;
    silent.prune(AnalysisSettings::default().silence_min)
}

/// Returns the mean probability of a negative emotion at the end of the customer's speech.
pub(super) fn end_negative(utterances: &[Utterance]) -> Option<f64> {
    let own = utterances.iter().filter(|u| u.side == Side::Customer);
    let end = own.clone().map(|u| u.segment.end()).max()?;
    let late = own.filter(|u| {
        let words = u.words.as_ref().map_or(0, Vec::len);
        let long = words > 2 || u.segment.duration() > Span::from_millis(2_000);
        long && end - u.segment.end() <= AnalysisSettings::default().phase_cap
    });
    let negative: Vec<f64> = late.filter_map(|u| Some(u.emotion?.negative)).collect();
    (!negative.is_empty()).then(|| negative.iter().sum::<f64>() / negative.len() as f64)
}

/// Returns the median; the mean of the middle two for an even number.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[half]),
        _ => Some((values[half - 1] + values[half]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(pairs: &[(f64, f64)]) -> Timeline {
        let segments = pairs
            .iter()
            .filter_map(|&(s, e)| Segment::from_seconds(s, e));
        segments.collect()
    }

    #[test]
    fn interruptions_are_told_from_backchannels_and_quick_replies() {
        // The customer speaks 0-5 and 10-14. The agent says "uh huh" at 2, cuts in at 4, and
        // replies 0.1 s early at 13.9.
        let both = Sides {
            agent: speech(&[(2.0, 2.5), (4.0, 8.0), (13.9, 16.0)]),
            customer: speech(&[(0.0, 5.0), (10.0, 14.0)]),
        };
        assert_eq!(interruptions(&both, Side::Agent), 1);
        assert_eq!(interruptions(&both, Side::Customer), 0);
        // After 0-5 comes 4-8 (1 s early); after 10-14 comes 13.9 (0.1 s early).
        let found = responses(&both, Side::Agent);
        assert_eq!(found.len(), 2);
        assert!((median(found).unwrap() + 0.55).abs() < 1e-9);
        assert_eq!(responses(&both, Side::Customer), vec![2.0]);
    }

    #[test]
    fn silences_leave_holds_out() {
        let both = Sides {
            agent: speech(&[(0.0, 5.0), (30.0, 31.0)]),
            customer: speech(&[(10.0, 11.0), (33.0, 34.0)]),
        };
        // Silent 5-10 (5 s), 11-30 less the hold 12-28 (1 s and 2 s: too short), 31-33 (2 s) and
        // 34-38 (4 s).
        let holds = speech(&[(12.0, 28.0)]);
        let silences = silences(&both, &holds, Span::from_millis(38_000));
        assert_eq!(silences.duration(), Span::from_millis(9_000));
    }
}
