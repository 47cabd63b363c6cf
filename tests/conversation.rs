//! A call small enough to work out by hand, and what must hold of any.

// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

use callcsi::call::{Side, Sides};
use callcsi::conversation::{Conversation, Gap};
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::{Segment, Span, Time, Timeline};
use callcsi::transcript::{Transcript, Utterance, Word};
use proptest::prelude::*;

fn seg(start: f64, end: f64) -> Segment {
    Segment::from_seconds(start, end).unwrap()
}

fn line(pairs: &[(f64, f64)]) -> Timeline {
    pairs.iter().map(|&(s, e)| seg(s, e)).collect()
}

fn s(seconds: f64) -> Span {
    Span::from_seconds(seconds).unwrap()
}

/// ```text
/// seconds   0 1   3   7 8  10      19.5 20.5 21  22.5      30    34 34.8  36        60
/// agent       |---| |----|          |--------|              |-------------|
/// customer            |----|             |--------|              |--|
/// ```
/// (the agent pauses from 3.0 to 3.3)
fn heard() -> Sides<Timeline> {
    Sides {
        agent: line(&[(1.0, 3.0), (3.3, 8.0), (19.5, 21.0), (30.0, 36.0)]),
        customer: line(&[(7.0, 10.0), (20.5, 22.5), (34.0, 34.8)]),
    }
}

fn talk() -> Conversation {
    Conversation::new(Some(&heard()), None, s(60.0), &AnalysisSettings::default())
}

#[test]
fn utterances_join_short_pauses_and_know_their_speech() {
    let agent: Vec<(Segment, Span)> = talk()
        .utterances
        .agent
        .iter()
        .map(|u| (u.segment, u.speech))
        .collect();
    let wanted = [
        (seg(1.0, 8.0), s(6.7)),
        (seg(19.5, 21.0), s(1.5)),
        (seg(30.0, 36.0), s(6.0)),
    ];
    assert_eq!(agent, wanted);
}

#[test]
fn overlap_and_episodes_by_hand() {
    let talk = talk();
    // Fragments 7–8, 20.5–21 and 34–34.8: 2.3 s. They are far apart, and only the first lasts 1 s.
    assert_eq!(talk.overlap.duration(), s(2.3));
    let [episode] = &talk.episodes[..] else {
        panic!("{:?}", talk.episodes)
    };
    assert_eq!(
        (episode.segment, episode.overlap, episode.fragments),
        (seg(7.0, 8.0), s(1.0), 1)
    );
    assert_eq!(episode.silence, Span::ZERO);
}

#[test]
fn fragments_close_together_make_one_episode() {
    let heard = Sides {
        agent: line(&[(0.0, 10.0)]),
        // 0.3 s and 0.4 s with 1.5 s between, then 0.1 s (too short to count), then 0.5 s 2.1 s on.
        customer: line(&[(2.0, 2.3), (3.8, 4.2), (4.5, 4.6), (6.3, 6.8)]),
    };
    let talk = Conversation::new(Some(&heard), None, s(10.0), &AnalysisSettings::default());
    let [episode] = &talk.episodes[..] else {
        panic!("{:?}", talk.episodes)
    };
    assert_eq!((episode.segment, episode.fragments), (seg(2.0, 4.2), 2));
    assert_eq!(episode.overlap, s(0.7));
    assert_eq!(
        (episode.speech.agent, episode.speech.customer),
        (s(2.2), s(0.7))
    );
}

#[test]
fn who_listens_does_not_interrupt() {
    let talk = talk();
    let backchannels: Vec<Segment> = talk
        .utterances
        .customer
        .iter()
        .filter(|u| u.backchannel)
        .map(|u| u.segment)
        .collect();
    assert_eq!(backchannels, [seg(34.0, 34.8)]);
    // The customer cuts in at 7 and 20.5, and the agent stops first both times.
    let cuts: Vec<(Side, f64, Span, bool)> = talk
        .interruptions
        .iter()
        .map(|i| (i.by, i.at.seconds(), i.overlap, i.successful))
        .collect();
    let wanted = [
        (Side::Customer, 7.0, s(1.0), true),
        (Side::Customer, 20.5, s(0.5), true),
    ];
    assert_eq!(cuts, wanted);
}

#[test]
fn starting_together_is_no_interruption() {
    let heard = Sides {
        agent: line(&[(1.0, 5.0)]),
        customer: line(&[(1.4, 6.0)]),
    };
    let talk = Conversation::new(Some(&heard), None, s(10.0), &AnalysisSettings::default());
    assert!(
        talk.interruptions.is_empty(),
        "the onset is 0.4 s, below 0.5 s"
    );
}

#[test]
fn turns_and_gaps_by_hand() {
    let gaps: Vec<Gap> = talk().gaps().collect();
    let wanted = [
        (Side::Customer, -1.0),
        (Side::Agent, 9.5),
        (Side::Customer, -0.5),
        (Side::Agent, 7.5),
    ];
    assert_eq!(gaps.len(), wanted.len());
    for (gap, (side, length)) in gaps.iter().zip(wanted) {
        assert_eq!((gap.taker, gap.length), (side, s(length)));
    }
}

#[test]
fn phases_end_at_a_pause_or_at_the_cap() {
    let phases = talk().phases;
    assert_eq!(phases.agent.unwrap().start, seg(1.0, 8.0));
    assert_eq!(phases.agent.unwrap().end, seg(30.0, 36.0));
    assert_eq!(phases.customer.unwrap().start, seg(7.0, 10.0));
    assert_eq!(phases.customer.unwrap().end, seg(34.0, 34.8));

    // A pause of exactly 1 s does not end the phase; 40 s are cut to 30.
    let heard = Sides {
        agent: line(&[(0.0, 2.0), (3.0, 4.0), (5.1, 45.1)]),
        customer: line(&[]),
    };
    let talk = Conversation::new(Some(&heard), None, s(60.0), &AnalysisSettings::default());
    assert_eq!(talk.phases.agent.unwrap().start, seg(0.0, 4.0));
    assert_eq!(talk.phases.agent.unwrap().end, seg(15.1, 45.1));
    assert_eq!(talk.phases.customer, None);
}

#[test]
fn silences_leave_holds_out() {
    let talk = talk();
    let three = s(3.0);
    assert_eq!(
        talk.silences(None, three),
        line(&[(10.0, 19.5), (22.5, 30.0), (36.0, 60.0)])
    );
    let hold = line(&[(40.0, 60.0)]);
    assert_eq!(
        talk.silences(Some(&hold), three),
        line(&[(10.0, 19.5), (22.5, 30.0), (36.0, 40.0)])
    );
}

fn said(side: Side, start: f64, end: f64, words: &[(&str, f64, f64)]) -> Utterance {
    let words = words
        .iter()
        .filter_map(|&(w, s, e)| Word::new(w, Segment::from_seconds(s, e)));
    Utterance {
        side,
        segment: seg(start, end),
        words: Some(words.collect()),
        emotion: None,
    }
}

#[test]
fn transcript_alone_is_enough() {
    let transcript = Transcript {
        utterances: vec![
            said(
                Side::Agent,
                0.0,
                2.0,
                &[("добрый", 0.0, 0.5), ("день", 1.0, 1.5)],
            ),
            said(Side::Customer, 3.0, 4.0, &[]),
        ],
        ..Transcript::default()
    };
    let talk = Conversation::new(
        None,
        Some(&transcript),
        s(5.0),
        &AnalysisSettings::default(),
    );
    // Speech is the union of the words; the customer's utterance holds none and does not count.
    assert_eq!(talk.speech.agent, line(&[(0.0, 0.5), (1.0, 1.5)]));
    assert_eq!(talk.utterances.agent[0].words.unwrap().letters, 10);
    assert!(talk.utterances.customer.is_empty());
}

#[test]
fn sounds_outside_the_transcripts_utterances_are_no_speech() {
    let transcript = Transcript {
        utterances: vec![said(Side::Agent, 1.0, 8.0, &[("да", 1.0, 8.0)])],
        ..Transcript::default()
    };
    let talk = Conversation::new(
        Some(&heard()),
        Some(&transcript),
        s(60.0),
        &AnalysisSettings::default(),
    );
    assert_eq!(talk.speech.agent, line(&[(1.0, 3.0), (3.3, 8.0)]));
    // Of the customer the transcript has nothing: the detector stands in, words unknown.
    assert_eq!(talk.speech.customer, heard().customer);
    assert_eq!(
        (talk.has_words.agent, talk.has_words.customer),
        (true, false)
    );
}

#[test]
fn overlapping_utterances_of_one_side_are_made_disjoint() {
    let transcript = Transcript {
        utterances: vec![
            said(Side::Agent, 0.0, 5.0, &[("один", 0.0, 1.0)]),
            said(Side::Agent, 1.0, 2.0, &[("два", 1.0, 2.0)]),
            said(Side::Agent, 4.0, 7.0, &[("три", 4.0, 7.0)]),
        ],
        ..Transcript::default()
    };
    let talk = Conversation::new(
        None,
        Some(&transcript),
        s(10.0),
        &AnalysisSettings::default(),
    );
    let agent: Vec<(Segment, u64)> = talk
        .utterances
        .agent
        .iter()
        .map(|u| (u.segment, u.words.unwrap().words))
        .collect();
    assert_eq!(agent, [(seg(0.0, 4.0), 2), (seg(4.0, 7.0), 1)]);
}

#[test]
fn loose_words_find_their_utterance() {
    let word = |text: &str, start: f64, end: f64| {
        (
            Side::Customer,
            Word::new(text, Segment::from_seconds(start, end)).unwrap(),
        )
    };
    let transcript = Transcript {
        loose_words: vec![word("да", 7.2, 7.5), word("нет", 50.0, 50.4)],
        ..Transcript::default()
    };
    let talk = Conversation::new(
        Some(&heard()),
        Some(&transcript),
        s(60.0),
        &AnalysisSettings::default(),
    );
    // Only the stretches that hold a word count; the one the detector missed is among them.
    let customer: Vec<Segment> = talk.utterances.customer.iter().map(|u| u.segment).collect();
    assert_eq!(customer, [seg(7.0, 10.0), seg(50.0, 50.4)]);
}

fn any_line() -> impl Strategy<Value = Timeline> {
    // Milliseconds, within two minutes.
    prop::collection::vec((0i64..120_000, 20i64..9_000), 0..25).prop_map(|pairs| {
        let at = |ms: i64| Time::ZERO + Span::from_millis(ms);
        pairs
            .into_iter()
            .filter_map(|(s, d)| Segment::new(at(s), at(s + d)))
            .collect()
    })
}

/// The plain twin of the episodes: chains by looking at every pair of fragments.
fn episodes_plainly(overlap: &Timeline, settings: &AnalysisSettings) -> Vec<(Segment, Span)> {
    let long: Vec<Segment> = overlap
        .segments()
        .iter()
        .copied()
        .filter(|f| f.duration() >= settings.overlap_min)
        .collect();
    let mut chain_of: Vec<usize> = (0..long.len()).collect();
    for i in 1..long.len() {
        if long[i].start() - long[i - 1].end() <= settings.episode_join {
            chain_of[i] = chain_of[i - 1];
        }
    }
    let mut found = Vec::new();
    for chain in 0..long.len() {
        let members: Vec<Segment> = (0..long.len())
            .filter(|&i| chain_of[i] == chain)
            .map(|i| long[i])
            .collect();
        let total: Span = members.iter().map(|m| m.duration()).sum();
        if members.len() > 1 || (members.len() == 1 && total >= settings.episode_min_single) {
            let whole = Segment::new(members[0].start(), members[members.len() - 1].end()).unwrap();
            // Fragments too short to count are simultaneous speech all the same.
            let inside = overlap
                .segments()
                .iter()
                .filter_map(|f| f.intersection(whole));
            found.push((whole, inside.map(|f| f.duration()).sum()));
        }
    }
    found
}

proptest! {
    #[test]
    fn sums_agree_and_swapping_the_sides_swaps_the_roles(a in any_line(), c in any_line()) {
        let settings = AnalysisSettings::default();
        let heard = Sides { agent: a.clone(), customer: c.clone() };
        let swapped = Sides { agent: c, customer: a };
        let one = Conversation::new(Some(&heard), None, s(130.0), &settings);
        let two = Conversation::new(Some(&swapped), None, s(130.0), &settings);

        let both = one.speech.agent.duration() + one.speech.customer.duration();
        prop_assert_eq!(both, one.anybody.duration() + one.overlap.duration());
        let inside: Span = one.episodes.iter().map(|e| e.overlap).sum();
        prop_assert!(inside <= one.overlap.duration());
        let of_utterances: Span = one.utterances.agent.iter().map(|u| u.speech).sum();
        prop_assert_eq!(of_utterances, one.speech.agent.duration());

        let plain = episodes_plainly(&one.overlap, &settings);
        let fast: Vec<(Segment, Span)> = one.episodes.iter().map(|e| (e.segment, e.overlap)).collect();
        prop_assert_eq!(fast, plain);

        prop_assert_eq!(&one.overlap, &two.overlap);
        prop_assert_eq!(&one.utterances.agent, &two.utterances.customer);
        let by_agent = one.interruptions.iter().filter(|i| i.by == Side::Agent).count();
        let by_customer = two.interruptions.iter().filter(|i| i.by == Side::Customer).count();
        prop_assert_eq!(by_agent, by_customer);
        for turns in one.turns.windows(2) {
            prop_assert!(turns[0].side != turns[1].side && turns[0].start <= turns[1].start);
        }
    }
}
