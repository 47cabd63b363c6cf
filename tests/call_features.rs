//! Every identifier of `call_features` three times over: by the library, by a plain twin that knows
//! only milliseconds and loops, and, on one small call, by hand.
// A test that cannot set itself up has failed.
#![allow(clippy::unwrap_used)]

#[path = "call_features/hand.rs"]
mod hand;
#[path = "call_features/plain.rs"]
mod plain;

use callcsi::call::{Metadata, Side, Sides};
use callcsi::conversation::Conversation;
use callcsi::features::{
    FeatureVector, Source, Value, catalogue, interruption_fields, interruptions_list, position,
};
use callcsi::score::Extractor;
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::{Segment, Span, Time, Timeline};
use callcsi::transcript::{Emotion, Transcript};
use plain::{AGENT, CUSTOMER, Call, Utterance, Values, Word};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

// ---- The library's view of a table ----

fn segment((start, end): (i64, i64)) -> Option<Segment> {
    let at = |ms| Time::ZERO + Span::from_millis(ms);
    Segment::new(at(start), at(end))
}

fn heard(call: &Call) -> Option<Sides<Timeline>> {
    let line = |of: &[(i64, i64)]| of.iter().filter_map(|&pair| segment(pair)).collect();
    call.heard.as_ref().map(|heard| Sides {
        customer: line(&heard[CUSTOMER]),
        agent: line(&heard[AGENT]),
    })
}

fn transcript(call: &Call) -> Option<Transcript> {
    let utterance = |side, u: &Utterance| callcsi::transcript::Utterance {
        side,
        segment: segment((u.start, u.end)).unwrap(),
        words: u.words.as_ref().map(|words| {
            let word = |w: &Word| callcsi::transcript::Word::new(&w.text, w.time.and_then(segment));
            words.iter().filter_map(word).collect()
        }),
        emotion: u.emotion.map(|[positive, neutral, negative]| Emotion {
            positive,
            neutral,
            negative,
        }),
    };
    call.said.as_ref().map(|said| {
        let customer = said[CUSTOMER].iter().map(|u| utterance(Side::Customer, u));
        let agent = said[AGENT].iter().map(|u| utterance(Side::Agent, u));
        Transcript {
            utterances: customer.chain(agent).collect(),
            ..Transcript::default()
        }
    })
}

fn measure_under(call: &Call, settings: AnalysisSettings) -> FeatureVector {
    let extractor = Extractor::new(settings).unwrap();
    let duration = Span::from_millis(call.length);
    extractor
        .measure_speech(
            heard(call).as_ref(),
            transcript(call).as_ref(),
            duration,
            &Metadata::default(),
        )
        .unwrap()
}

fn measure(call: &Call) -> FeatureVector {
    measure_under(call, AnalysisSettings::default())
}

/// Returns the number of a column; `None` where it is absent or there is no such column.
fn number(features: &FeatureVector, name: &str) -> Option<f64> {
    match features.get(name)? {
        Ok(Value::Number(number)) => Some(*number),
        Ok(Value::Category(word)) => panic!("{name} is the word {word}"),
        Err(_) => None,
    }
}

/// Equal up to rounding: one part in 10⁹, of 1 at least.
fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0),
        (a, b) => a == b,
    }
}

/// Returns every column in which the two differ, or that the library lacks.
fn differences(features: &FeatureVector, wanted: &Values) -> Vec<String> {
    let mut found = Vec::new();
    for (name, &wanted) in wanted {
        let value = number(features, name);
        if position(name).is_none() {
            found.push(format!("{name}: no such column"));
        } else if !same(value, wanted) {
            found.push(format!("{name}: found {value:?}, wanted {wanted:?}"));
        }
    }
    found
}

#[track_caller]
fn check(call: &Call) {
    let (wanted, list) = plain::measure(call);
    let found = differences(&measure(call), &wanted);
    assert!(found.is_empty(), "{call:?}\n{}", found.join("\n"));
    let found = list_differences(call, &list);
    assert!(found.is_empty(), "{call:?}\n{}", found.join("\n"));
}

// ---- Names ----

#[test]
fn names_are_the_published_ones() {
    // The plain twin makes its names in loops of its own. The 16 fields of a record stand on the
    // one small call that has an episode.
    let (values, list) = plain::measure(&hand::call());
    let names: BTreeSet<&str> = values.keys().map(String::as_str).collect();
    assert_eq!((names.len(), list.len(), list[0].len()), (386, 1, 16));
    assert_eq!(names.len() + 1 + list[0].len(), 403);
    let of_library: BTreeSet<&str> = catalogue()
        .iter()
        .filter(|f| f.source == Source::CallFeatures && f.name != "dialog_interruptions_list")
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(of_library, names);
    let fields: BTreeSet<&str> = interruption_fields().iter().map(|f| f.name).collect();
    assert!(
        fields
            .iter()
            .copied()
            .eq(list[0].keys().map(String::as_str))
    );
}

// ---- By hand ----

#[test]
fn a_call_worked_out_by_hand() {
    let wanted = hand::values();
    assert_eq!(wanted.len(), 386);
    let (plain, list) = plain::measure(&hand::call());
    let names = |values: &Values| values.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&plain), names(&wanted));
    for (name, &value) in &wanted {
        let found = plain[name];
        assert!(
            same(found, value),
            "{name}: the plain twin found {found:?}, by hand {value:?}"
        );
    }
    let found = differences(&measure(&hand::call()), &wanted);
    assert!(found.is_empty(), "{}", found.join("\n"));

    let record: Values = hand::record()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let [found] = &list[..] else {
        panic!("{list:?}")
    };
    assert_eq!(names(found), names(&record));
    for (name, &value) in &record {
        assert!(
            same(found[name], value),
            "{name}: {:?}, {value:?}",
            found[name]
        );
    }
    let found = list_differences(&hand::call(), &[record]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

// ---- Edges ----

fn without(mut call: Call, side: usize) -> Call {
    if let Some(said) = &mut call.said {
        said[side].clear();
    }
    if let Some(heard) = &mut call.heard {
        heard[side].clear();
    }
    call
}

/// Changes every utterance of the call drawn by hand.
fn drawn(change: impl Fn(&mut Utterance)) -> Call {
    let mut call = hand::call();
    call.said.iter_mut().flatten().flatten().for_each(change);
    call
}

/// With a detector that hears a little more than is said, or a little less.
fn overheard(call: Call) -> Call {
    let heard = [
        vec![
            (0, 500),
            (11_000, 17_200),
            (20_300, 20_900),
            (27_000, 33_700),
        ],
        vec![(900, 8_100), (11_100, 14_200), (32_000, 39_000)],
    ];
    Call {
        heard: Some(heard),
        ..call
    }
}

fn silent(length: i64) -> Call {
    Call {
        length,
        said: None,
        heard: Some([vec![], vec![]]),
    }
}

#[test]
fn nobody_speaks() {
    check(&silent(20_000));
    // A transcript with nothing in it, and one whose utterances hold no word.
    check(&Call {
        said: Some([vec![], vec![]]),
        heard: None,
        ..silent(20_000)
    });
    check(&Call {
        said: Some([vec![], vec![]]),
        ..silent(20_000)
    });
}

#[test]
fn a_call_of_no_length() {
    check(&silent(0));
    check(&Call {
        said: Some([vec![], vec![]]),
        heard: None,
        ..silent(0)
    });
}

#[test]
fn one_side_alone() {
    for side in [CUSTOMER, AGENT] {
        check(&without(hand::call(), side));
        check(&without(overheard(hand::call()), side));
        // Words of one side, sounds of both: the other side's words are unknown.
        let mut call = overheard(hand::call());
        call.said.as_mut().unwrap()[side].clear();
        check(&call);
    }
}

#[test]
fn nothing_is_said_together() {
    let mut call = hand::call();
    let [customer, _] = call.said.as_mut().unwrap();
    customer.remove(3);
    customer.remove(0);
    let (values, list) = plain::measure(&call);
    assert_eq!(
        values["dialog_interruptions_raw_speech_length_sum"],
        Some(0.0)
    );
    assert!(list.is_empty());
    check(&call);
}

#[test]
fn a_recording_with_and_without_a_transcript() {
    check(&overheard(hand::call()));
    check(&Call {
        said: None,
        ..overheard(hand::call())
    });
    // The detector is deaf to one side of the transcript.
    check(&Call {
        heard: Some([vec![], vec![(0, 40_000)]]),
        ..hand::call()
    });
}

#[test]
fn transcripts_that_lack_something() {
    let without_emotions = |u: &mut Utterance| u.emotion = None;
    let without_words = |u: &mut Utterance| u.words = None;
    let without_times = |u: &mut Utterance| {
        for word in u.words.iter_mut().flatten() {
            word.time = None;
        }
    };
    for change in [without_emotions, without_words, without_times] {
        check(&drawn(change));
        check(&overheard(drawn(change)));
    }
    check(&drawn(|u| {
        without_words(u);
        without_emotions(u);
    }));
    // One side with emotions, the other without.
    let mut call = hand::call();
    call.said.as_mut().unwrap()[AGENT]
        .iter_mut()
        .for_each(without_emotions);
    check(&call);
    // Emotions, but of no emotional utterance: short ones of few words.
    let mut call = hand::call();
    let agent = &mut call.said.as_mut().unwrap()[AGENT];
    agent.truncate(1);
    let (values, _) = plain::measure(&call);
    assert_eq!(values["agent_emotion_utt_count"], Some(0.0));
    assert_eq!(values["agent_conv_end_emotion_utt_count"], Some(0.0));
    assert_eq!(values["agent_emotion_mean"], None);
    check(&call);
}

#[test]
fn utterances_without_a_word_do_not_count() {
    // Of one side none holds a word; of the other the middle one.
    let mut call = hand::call();
    let [customer, agent] = call.said.as_mut().unwrap();
    for u in customer.iter_mut().chain(&mut agent[1..2]) {
        u.words = Some(vec![Word {
            text: "…".to_owned(),
            time: None,
        }]);
    }
    check(&call);
    check(&overheard(call));
}

#[test]
fn ties_of_emotions_go_to_the_neutral_then_to_the_negative() {
    let third = 1.0 / 3.0;
    for (tied, label) in [
        ([third, third, third], 0.0),
        ([0.4, 0.4, 0.2], 0.0),
        ([0.2, 0.4, 0.4], 0.0),
        ([0.4, 0.2, 0.4], -1.0),
    ] {
        let call = drawn(|u| u.emotion = Some(tied));
        let (values, _) = plain::measure(&call);
        assert_eq!(values["agent_emotion_mean"], Some(label), "{tied:?}");
        check(&call);
    }
}

#[test]
fn long_utterances_choose_the_nearer_neighbour() {
    // Only sounds and words decide: each utterance is one word a second.
    let said = |start: i64, end: i64| Utterance {
        start,
        end,
        words: Some(
            (start / 1000..end / 1000)
                .map(|s| Word {
                    text: "да".repeat(1 + s as usize % 3),
                    time: Some((s * 1000, s * 1000 + 1000)),
                })
                .collect(),
        ),
        emotion: None,
    };
    let call = |customer: &[(i64, i64)], agent: &[(i64, i64)]| Call {
        length: 60_000,
        said: Some([customer, agent].map(|side| {
            side.iter()
                .map(|&(start, end)| said(start * 1000, end * 1000))
                .collect()
        })),
        heard: None,
    };
    // The later one is nearer; both are as near; both overlap; two of one side in a row; the same
    // instant on both sides; one inside the other.
    check(&call(&[(20, 27)], &[(0, 10), (28, 35)]));
    check(&call(&[(20, 27)], &[(9, 18), (29, 35)]));
    check(&call(&[(20, 33)], &[(14, 21), (30, 36)]));
    check(&call(&[(0, 6), (7, 13), (14, 20)], &[(21, 27), (40, 49)]));
    check(&call(&[(20, 27)], &[(20, 27), (30, 40)]));
    check(&call(&[(20, 40)], &[(22, 30), (31, 37)]));
    check(&call(&[(20, 40)], &[(10, 16), (20, 30), (31, 37)]));
}

#[test]
fn phases_end_at_a_pause_or_at_the_cap() {
    let sounds = |customer: &[(i64, i64)], agent: &[(i64, i64)]| Call {
        length: 90_000,
        said: None,
        heard: Some([customer.to_vec(), agent.to_vec()]),
    };
    // A pause of just 1 s is none, 1.001 s is one; 40 s are cut to 30; the cap falls into a pause.
    check(&sounds(
        &[(5_000, 6_000), (7_000, 8_000), (9_001, 9_500)],
        &[(0, 40_000), (41_500, 80_000)],
    ));
    check(&sounds(
        &[(0, 29_500), (30_400, 45_000)],
        &[(10_000, 25_000), (26_000, 39_800), (40_600, 50_000)],
    ));
}

#[test]
fn episodes_at_their_thresholds() {
    let sounds = |customer: &[(i64, i64)]| Call {
        length: 60_000,
        said: None,
        heard: Some([customer.to_vec(), vec![(10_000, 50_000)]]),
    };
    for customer in [
        // Just long enough alone, and just too short.
        vec![(20_000, 21_000), (30_000, 30_999)],
        // Just near enough, and just too far.
        vec![
            (20_000, 20_200),
            (22_200, 22_400),
            (30_000, 30_200),
            (32_201, 32_401),
        ],
        // Too short to count.
        vec![(20_000, 20_199), (21_000, 21_199)],
        // One too short to count between two that do.
        vec![(20_000, 20_400), (21_000, 21_100), (22_000, 22_400)],
    ] {
        check(&sounds(&customer));
    }
}

// ---- Any call ----

/// What a random call has of a transcript.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Nothing,
    Turns,
    Words,
    TimedWords,
}

type Raw = (i64, i64, Vec<(usize, bool)>, Option<(u8, u8, u8)>);

fn any_utterances() -> impl Strategy<Value = Vec<Raw>> {
    let pause = prop_oneof![0i64..=10, 0i64..=50];
    let words = prop::collection::vec((0usize..WORDS.len(), any::<bool>()), 0..10);
    let emotion = prop::option::weighted(0.7, (0u8..5, 0u8..5, 0u8..5));
    prop::collection::vec((pause, 1i64..=90, words, emotion), 0..10)
}

fn any_sounds() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((prop_oneof![0i64..=8, 0i64..=40], 1i64..=120), 0..14)
}

const WORDS: [&str; 7] = ["да", "нет,", "четверг", "24", "4G", "...", "naïve-x"];

/// Random conversations on a grid of 100 ms, so that thresholds are met exactly, or moved off it.
fn any_call() -> impl Strategy<Value = Call> {
    let said = prop_oneof![
        1 => Just(Said::Nothing),
        1 => Just(Said::Turns),
        1 => Just(Said::Words),
        6 => Just(Said::TimedWords),
    ];
    let unit = prop_oneof![Just(100i64), Just(97), Just(53)];
    (
        said,
        any::<bool>(),
        unit,
        [any_utterances(), any_utterances()],
        [any_sounds(), any_sounds()],
        0i64..30,
    )
        .prop_map(|(kind, recorded, unit, said, heard, tail)| {
            let said = said.map(|raw| utterances(&raw, kind, unit));
            let heard = heard.map(|raw| {
                let mut now = 0;
                let mut sounds = Vec::new();
                for (pause, length) in raw {
                    now += pause * unit;
                    sounds.push((now, now + length * unit));
                    now += length * unit;
                }
                sounds
            });
            let recorded = recorded || kind == Said::Nothing;
            let last_said = said.iter().flatten().map(|u| u.end).max().unwrap_or(0);
            let last_heard = heard
                .iter()
                .flatten()
                .map(|&(_, end)| end)
                .max()
                .unwrap_or(0);
            // What is heard after the call is cut off; what is said lies inside.
            let length = match kind {
                Said::Nothing => last_heard,
                _ => last_said,
            } + tail * unit
                + 1;
            Call {
                length,
                said: (kind != Said::Nothing).then_some(said),
                heard: recorded.then_some(heard),
            }
        })
}

fn utterances(raw: &[Raw], kind: Said, unit: i64) -> Vec<Utterance> {
    let mut now = 0;
    let mut made = Vec::new();
    for (pause, length, words, emotion) in raw {
        let start = now + pause * unit;
        let end = start + length * unit;
        now = end;
        let each = (end - start) / words.len().max(1) as i64;
        let timed = words.iter().enumerate().map(|(i, &(text, whole))| {
            let from = start + each * i as i64;
            let until = from + if whole { each } else { (each * 2 / 3).max(1) };
            Word {
                text: WORDS[text].to_owned(),
                time: (kind == Said::TimedWords && each > 0).then_some((from, until)),
            }
        });
        made.push(Utterance {
            start,
            end,
            words: (kind != Said::Turns).then(|| timed.collect()),
            emotion: emotion.map(|(a, b, c)| [a, b, c].map(|x| f64::from(x) / 4.0)),
        });
    }
    made
}

/// Moves every time by `by` and stretches it `times`-fold.
fn moved(call: &Call, by: i64, times: i64) -> Call {
    let at = |ms: i64| times * ms + by;
    let pair = |(start, end): (i64, i64)| (at(start), at(end));
    let mut call = call.clone();
    call.length = at(call.length);
    for u in call.said.iter_mut().flatten().flatten() {
        (u.start, u.end) = pair((u.start, u.end));
        for word in u.words.iter_mut().flatten() {
            word.time = word.time.map(pair);
        }
    }
    for sound in call.heard.iter_mut().flatten().flatten() {
        *sound = pair(*sound);
    }
    call
}

/// The settings with every length of time doubled, whichever there are.
fn doubled() -> AnalysisSettings {
    let mut settings = serde_json::to_value(AnalysisSettings::default()).unwrap();
    for (name, value) in settings.as_object_mut().unwrap() {
        if name.ends_with("_s") {
            *value = (2.0 * value.as_f64().unwrap()).into();
        }
    }
    serde_json::from_value(settings).unwrap()
}

/// The columns of `call_features` that this build has, with their units.
fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    catalogue()
        .iter()
        .filter(|f| f.source == Source::CallFeatures)
        .map(|f| (f.name.as_str(), f.unit.symbol()))
}

/// Divided by the length of the call.
fn is_share_of_call(name: &str) -> bool {
    let ends = ["speech_length_percentage", "silence_length_percentage"];
    ends.iter().any(|end| name.ends_with(end))
}

#[test]
fn random_calls_reach_every_column() {
    // Else the properties below would hold of nothing.
    let mut runner = TestRunner::deterministic();
    let mut unseen: BTreeSet<String> = hand::values().into_keys().collect();
    let mut episodes = 0;
    for _ in 0..160 {
        let (values, list) = plain::measure(&any_call().new_tree(&mut runner).unwrap().current());
        unseen.retain(|name| values[name].is_none_or(|value| value == 0.0));
        episodes += list.len();
    }
    assert!(unseen.is_empty(), "{unseen:?}");
    assert!(episodes > 40, "{episodes}");
}

proptest! {
    #[test]
    fn any_call_is_measured_as_the_plain_twin_does(call in any_call()) {
        let (wanted, list) = plain::measure(&call);
        let found = differences(&measure(&call), &wanted);
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
        let found = list_differences(&call, &list);
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn sums_and_counts_agree(call in any_call()) {
        let features = measure(&call);
        let get = |name: &str| number(&features, name);
        let sum = |a: &str, b: &str| Some(get(a)? + get(b)?);
        let shares = sum("dialog_customer_speech_percentage", "dialog_agent_speech_percentage");
        let both = get("dialog_both_channels_speech_length_sum");
        prop_assert!(same(shares, both.filter(|&s| s > 0.0).map(|_| 1.0)));
        prop_assert!(same(sum("dialog_anybody_speech_length_sum", "dialog_interruptions_raw_speech_length_sum"), both));
        prop_assert!(same(sum("dialog_silence_length_sum", "dialog_anybody_speech_length_sum"), get("call_duration")));
        let inside = get("dialog_interruptions_speech_length_sum").unwrap();
        prop_assert!(inside <= get("dialog_interruptions_raw_speech_length_sum").unwrap());
        for (name, unit) in columns() {
            let Some(value) = get(name) else { continue };
            // No number is infinite, and every one is in the range of its unit.
            let range = match unit {
                "0..1" => (-1e-12, 1.0 + 1e-12),
                "-1..1" => (-1.0 - 1e-12, 1.0 + 1e-12),
                "-2..2" => (-2.0 - 1e-12, 2.0 + 1e-12),
                _ => (f64::MIN, f64::MAX),
            };
            // Emotions are taken as the transcript gives them; here their scale is free.
            if !name.contains("emo_") && !name.contains("confidence") {
                prop_assert!((range.0..=range.1).contains(&value), "{}: {}", name, value);
            }
            for phase in ["_conv_start_", "_conv_end_"] {
                let part = name.ends_with("_count") || name.ends_with("_sum") || name.ends_with("_speech_time");
                if part && name.contains(phase) {
                    let whole = get(&name.replace(phase, "_"));
                    prop_assert!(Some(value) <= whole.map(|w| w + 1e-9), "{}: {} of {:?}", name, value, whole);
                }
            }
        }
    }

    #[test]
    fn swapping_the_sides_swaps_the_columns(call in any_call()) {
        let mut swapped = call.clone();
        swapped.said.iter_mut().for_each(|said| said.swap(0, 1));
        swapped.heard.iter_mut().for_each(|heard| heard.swap(0, 1));
        let (one, two) = (measure(&call), measure(&swapped));
        for (name, _) in columns() {
            // The eight differences of the customer to the agent change their sign and nothing else;
            // the deltas within pairs name the side whose they are.
            let difference = name.starts_with("dialog_customer_agent_") && name.ends_with("_diff");
            let (twin, sign) = match difference {
                true => (name.to_owned(), -1.0),
                false => (name.replace("agent", "\0").replace("customer", "agent").replace('\0', "customer"), 1.0),
            };
            prop_assert!(position(&twin).is_some(), "{}", twin);
            let (a, b) = (number(&one, name), number(&two, &twin));
            prop_assert_eq!(a, b.map(|b| sign * b), "{}, {}", name, twin);
        }
    }

    #[test]
    fn a_later_call_differs_in_its_positions_alone(call in any_call(), by in 0i64..20_000) {
        let (one, two) = (measure(&call), measure(&moved(&call, by, 1)));
        let seconds = by as f64 / 1000.0;
        let length = |features| number(features, "call_duration").unwrap();
        for (name, _) in columns() {
            let (a, b) = (number(&one, name), number(&two, name));
            if is_share_of_call(name) {
                // The same part of a longer call; of the silence, more.
                let more = if name.contains("silence") { seconds } else { 0.0 };
                let (a, b) = (a.map(|a| a * length(&one) + more), b.map(|b| b * length(&two)));
                prop_assert!(same(a, b), "{}: {:?} {:?}", name, a, b);
                continue;
            }
            let by = match name {
                "call_duration" | "dialog_silence_length_sum" => seconds,
                _ if name.ends_with("_frame") => 8.0 * by as f64,
                _ if name.ends_with("_last_sec") || name.ends_with("_first_sec") => seconds,
                _ => {
                    prop_assert_eq!(a, b, "{}", name);
                    continue;
                }
            };
            prop_assert!(same(a.map(|a| a + by), b), "{}: {:?} {:?}", name, a, b);
        }
    }

    #[test]
    fn a_call_at_half_the_pace_under_doubled_thresholds(call in any_call()) {
        let mut call = call;
        for u in call.said.iter_mut().flatten().flatten() {
            // The 2 s of an emotional utterance are no setting.
            let words = u.words.iter().flatten().filter(|w| w.text != "...").count();
            if words <= 2 && (1_001..=2_000).contains(&(u.end - u.start)) {
                u.emotion = None;
            }
        }
        let (one, two) = (measure(&call), measure_under(&moved(&call, 0, 2), doubled()));
        for (name, unit) in columns() {
            let factor = match unit {
                "s" | "frame" => 2.0,
                "letters/s" | "words/s" => 0.5,
                "count" | "0..1" | "-1..1" | "-2..2" => 1.0,
                other => panic!("{name}: unit {other}"),
            };
            let (a, b) = (number(&one, name).map(|a| factor * a), number(&two, name));
            // Whole nanoseconds double exactly; so do the floats made of them, but for sums.
            prop_assert!(same(a, b), "{}: {:?} {:?}", name, a, b);
            let exact = unit == "frame" || unit == "count" || name.ends_with("_length_sum");
            prop_assert!(!exact || a == b, "{}: {:?} {:?}", name, a, b);
        }
    }
}

// ---- The list of episodes ----

/// Returns the fields in which the library's records differ from the wanted ones.
fn list_differences(call: &Call, wanted: &[Values]) -> Vec<String> {
    let duration = Span::from_millis(call.length);
    let settings = AnalysisSettings::default();
    let (heard, said) = (heard(call), transcript(call));
    let talk = Conversation::new(heard.as_ref(), said.as_ref(), duration, &settings);
    let records = serde_json::to_value(interruptions_list(&talk)).unwrap();
    let records = records.as_array().unwrap();
    if records.len() != wanted.len() {
        return vec![format!(
            "{} episodes, wanted {}",
            records.len(),
            wanted.len()
        )];
    }
    let mut found = Vec::new();
    for (place, (record, wanted)) in records.iter().zip(wanted).enumerate() {
        let record = record.as_object().unwrap();
        let names: BTreeSet<&str> = record.keys().map(String::as_str).collect();
        if !names.iter().copied().eq(wanted.keys().map(String::as_str)) {
            found.push(format!("episode {place} has the fields {names:?}"));
        }
        for (name, &wanted) in wanted {
            let value = record.get(name).and_then(|v| v.as_f64());
            if !same(value, wanted) {
                found.push(format!(
                    "episode {place}, {name}: found {value:?}, wanted {wanted:?}"
                ));
            }
        }
    }
    found
}
