//! Features of calls worked out by hand, their absence, and what must hold of any call.
// A test that cannot set itself up has failed.
#![allow(clippy::unwrap_used)]

use callcsi::ErrorKind;
use callcsi::call::{Metadata, Side, Sides};
use callcsi::conversation::Conversation;
use callcsi::features::{
    Absence, Evidence, FeatureVector, Kind, Measured, Needs, Value, catalogue, interruption_fields,
    interruptions_list,
};
use callcsi::settings::AnalysisSettings;
use callcsi::timeline::{Segment, Span, Time, Timeline};
use callcsi::transcript::{Emotion, Transcript, Utterance, Word};
use proptest::prelude::*;

fn measure(metadata: &str, conversation: Result<&Conversation, Absence>) -> FeatureVector {
    let metadata = Metadata::from_json(metadata).unwrap();
    let duration = conversation.as_ref().map(|c| c.duration).ok();
    let holds = duration.and_then(|d| metadata.hold_timeline(d).unwrap());
    let settings = AnalysisSettings::default();
    let evidence = Evidence {
        heard_holds: Err(Absence::NoRecording),
        metadata: &metadata,
        conversation,
        no_words: None,
        untimed: None,
        channels: None,
        unheard: Sides::default(),
        peaks: Err(Absence::NoRecording),
        pitches: Err(Absence::NoRecording),
        duration,
        holds: holds.as_ref(),
        settings: &settings,
    };
    FeatureVector::measure(&evidence)
}

#[track_caller]
fn check(features: &FeatureVector, wanted: &[(&str, f64)]) {
    for (name, number) in wanted {
        match features.get(name) {
            Some(Ok(Value::Number(found))) => {
                assert!(
                    (found - number).abs() < 1e-9,
                    "{name}: found {found}, wanted {number}"
                );
            }
            other => panic!("{name}: found {other:?}, wanted {number}"),
        }
    }
}

#[track_caller]
fn check_absent(features: &FeatureVector, wanted: &[(&str, Absence)]) {
    for (name, reason) in wanted {
        assert_eq!(features.get(name), Some(&Err(reason.clone())), "{name}");
    }
}

fn line(pairs: &[(f64, f64)]) -> Timeline {
    pairs
        .iter()
        .filter_map(|&(s, e)| Segment::from_seconds(s, e))
        .collect()
}

fn talk(heard: Option<&Sides<Timeline>>, said: Option<&Transcript>, seconds: f64) -> Conversation {
    let duration = Span::from_seconds(seconds).unwrap();
    Conversation::new(heard, said, duration, &AnalysisSettings::default())
}

/// The call that `tests/conversation.rs` draws.
fn drawn() -> Conversation {
    let heard = Sides {
        agent: line(&[(1.0, 3.0), (3.3, 8.0), (19.5, 21.0), (30.0, 36.0)]),
        customer: line(&[(7.0, 10.0), (20.5, 22.5), (34.0, 34.8)]),
    };
    talk(Some(&heard), None, 60.0)
}

#[test]
fn names_are_unique_and_every_entry_is_described() {
    let mut names: Vec<&str> = catalogue().iter().map(|f| &*f.name).collect();
    assert!(
        catalogue()
            .iter()
            .all(|f| !f.definition.is_empty() && f.revision > 0)
    );
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn speech_by_hand() {
    // Agent 2 + 4.7 + 1.5 + 6 = 14.2; customer 3 + 2 + 0.8 = 5.8; both 20; overlap 2.3 (7–8,
    // 20.5–21, 34–34.8), so anybody 17.7 and silence 42.3. One episode: 7–8.
    check(
        &measure("{}", Ok(&drawn())),
        &[
            ("call_duration", 60.0),
            ("agent_speech_length_sum", 14.2),
            ("customer_speech_length_sum", 5.8),
            ("dialog_both_channels_speech_length_sum", 20.0),
            ("dialog_anybody_speech_length_sum", 17.7),
            ("dialog_anybody_speech_length_percentage", 17.7 / 60.0),
            ("dialog_silence_length_sum", 42.3),
            ("dialog_customer_speech_percentage", 0.29),
            ("dialog_agent_speech_percentage", 0.71),
            ("dialog_agent_speech_length_percentage", 14.2 / 60.0),
            ("dialog_interruptions_count", 1.0),
            ("dialog_interruptions_speech_length_sum", 1.0),
            ("dialog_interruptions_speech_length_percentage", 1.0 / 60.0),
            ("dialog_interruptions_raw_speech_length_sum", 2.3),
            (
                "dialog_interruptions_raw_speech_length_percentage",
                2.3 / 60.0,
            ),
            (
                "dialog_interruptions_in_anybody_speech_percentage",
                1.0 / 17.7,
            ),
            (
                "dialog_interruptions_in_customer_speech_percentage",
                1.0 / 5.8,
            ),
            (
                "dialog_interruptions_in_agent_speech_percentage",
                1.0 / 14.2,
            ),
            ("agent_utt_count", 3.0),
            // 7 + 1.5 + 6.
            ("agent_utt_length_sum", 14.5),
            ("agent_utt_length_mean", 14.5 / 3.0),
            ("agent_speech_length_mean", 14.2 / 3.0),
            (
                "dialog_customer_agent_speech_length_mean_diff",
                5.8 / 3.0 - 14.2 / 3.0,
            ),
            // 1 s and 8 s are frames 8,000 and 64,000.
            ("agent_speech_start_frame", 8_000.0),
            ("agent_conv_start_last_frame", 64_000.0),
            ("agent_conv_start_last_sec", 8.0),
            ("customer_conv_start_last_sec", 10.0),
            ("agent_speech_end_frame", 288_000.0),
            ("agent_conv_end_first_sec", 30.0),
            // 6.7 s and 6 s of speech are long.
            ("agent_long_speech_utt_count", 2.0),
            ("agent_long_speech_length_sum", 12.7),
            ("customer_long_speech_utt_count", 0.0),
        ],
    );
}

#[test]
fn turns_by_hand() {
    // The agent replies after 9.5 and 7.5 s: median 8.5, 90th percentile 7.5 + 0.9 · 2 = 9.3.
    // The customer at −1 and −0.5 s. Five turns a minute. Silences 9.5, 7.5 and 24 s.
    check(
        &measure("{}", Ok(&drawn())),
        &[
            ("agent_response_latency_median_s", 8.5),
            ("agent_response_latency_p90_s", 9.3),
            ("customer_response_latency_median_s", -0.75),
            ("agent_longest_turn_s", 7.0),
            ("customer_interruptions_count", 2.0),
            ("customer_interruptions_length_sum", 1.5),
            ("customer_interruptions_successful_share", 1.0),
            ("agent_interruptions_count", 0.0),
            // One backchannel under 14.2 s of the agent's speech.
            ("customer_backchannel_rate", 60.0 / 14.2),
            ("dialog_turns_per_minute", 5.0),
            ("dialog_long_silence_count", 3.0),
            ("dialog_long_silence_length_sum", 41.0),
            ("dialog_long_silence_longest_s", 24.0),
            ("dialog_long_silence_percentage", 41.0 / 60.0),
        ],
    );
}

#[test]
fn talk_share_change_by_hand() {
    // First third of 30 s: customer 2 of 4 s; last third: customer 3 of 4 s.
    let heard = Sides {
        agent: line(&[(1.0, 3.0), (21.0, 22.0)]),
        customer: line(&[(4.0, 6.0), (24.0, 27.0)]),
    };
    let features = measure("{}", Ok(&talk(Some(&heard), None, 30.0)));
    check(
        &features,
        &[("dialog_customer_speech_percentage_change", 0.25)],
    );
}

/// An utterance of `count` equal words that fill it.
fn said(side: Side, start: f64, end: f64, word: &str, count: usize) -> Utterance {
    let step = (end - start) / count as f64;
    let words = (0..count).filter_map(|i| {
        let from = start + step * i as f64;
        Word::new(word, Segment::from_seconds(from, from + step))
    });
    let segment = Segment::from_seconds(start, end).unwrap();
    Utterance {
        side,
        segment,
        words: Some(words.collect()),
        emotion: None,
    }
}

fn worded() -> Conversation {
    let transcript = Transcript {
        utterances: vec![
            said(Side::Agent, 0.0, 10.0, "карта", 20), // 2 words/s, 10 letters/s
            said(Side::Customer, 11.0, 17.0, "счёт", 18), // 3 words/s, 12 letters/s
            said(Side::Agent, 18.0, 24.0, "банк", 6),  // 1 word/s, 4 letters/s
            said(Side::Customer, 30.0, 31.0, "да", 2), // 2 words/s, 4 letters/s
        ],
        ..Transcript::default()
    };
    talk(None, Some(&transcript), 40.0)
}

#[test]
fn words_by_hand() {
    check(
        &measure("{}", Ok(&worded())),
        &[
            ("customer_n_words_sum", 20.0),
            ("customer_n_words_mean", 10.0),
            // 18 · 4 + 2 · 2 = 76 letters.
            ("customer_letters_in_word_mean", 3.8),
            ("customer_speech_speed_words_mean", 2.5),
            ("customer_speech_speed_words_std", 0.5),
            ("customer_speech_speed_letters_mean", 8.0),
            ("customer_speech_speed_letters_std", 4.0),
            ("customer_speech_speed_words_all_call_mean", 20.0 / 7.0),
            ("customer_speech_speed_letters_all_call_mean", 76.0 / 7.0),
            ("agent_speech_speed_words_all_call_mean", 26.0 / 16.0),
            ("agent_long_speech_n_words_sum", 26.0),
            ("agent_long_speech_speech_speed_words_mean", 1.5),
            ("agent_long_speech_speech_speed_words_std", 0.5),
            ("agent_long_speech_speech_speed_letters_mean", 7.0),
            ("dialog_customer_agent_n_words_mean_diff", -3.0),
            ("dialog_customer_agent_speech_speed_words_mean_diff", 1.0),
            (
                "dialog_customer_agent_speech_speed_words_all_call_mean_diff",
                20.0 / 7.0 - 26.0 / 16.0,
            ),
            // Thirds of 40 s: the agent's first utterance lies in the first, none in the last.
            // The customer speaks in the second and the last only.
        ],
    );
}

#[test]
fn neighbouring_long_utterances_by_hand() {
    // The customer's long utterance is 1 s from both of the agent's: the earlier is taken, so
    // delta = 3 − 2 words/s and 12 − 10 letters/s. Each of the agent's has the customer's:
    // 2 − 3 = −1 over 10 s and 1 − 3 = −2 over 6 s.
    check(
        &measure("{}", Ok(&worded())),
        &[
            ("dialog_customer_speech_speed_delta_utt_count", 1.0),
            ("dialog_customer_speech_speed_delta_speech_length_sum", 6.0),
            ("dialog_customer_speech_speed_delta_n_words_sum", 18.0),
            ("dialog_customer_speech_speed_delta_words_mean", 1.0),
            ("dialog_customer_speech_speed_delta_letters_mean", 2.0),
            ("dialog_customer_speech_speed_delta_words_std", 0.0),
            ("dialog_agent_speech_speed_delta_utt_count", 2.0),
            ("dialog_agent_speech_speed_delta_speech_length_sum", 16.0),
            ("dialog_agent_speech_speed_delta_words_mean", -1.5),
            ("dialog_agent_speech_speed_delta_words_abs_mean", 1.5),
            ("dialog_agent_speech_speed_delta_words_max", -1.0),
            ("dialog_agent_speech_speed_delta_words_min", -2.0),
            ("dialog_agent_speech_speed_delta_words_std", 0.5),
            // (−1 · 10 − 2 · 6) / 16; √((0.375² · 10 + 0.625² · 6) / 16).
            ("dialog_agent_speech_speed_delta_words_true_mean", -1.375),
            ("dialog_agent_speech_speed_delta_words_true_abs_mean", 1.375),
            (
                "dialog_agent_speech_speed_delta_words_true_std",
                0.234375f64.sqrt(),
            ),
        ],
    );
}

#[test]
fn telephony_by_hand() {
    let json = r#"{"queue": {"wait_s": 75}, "ivr": {"status": "operator_requested",
        "duration_s": 40, "steps": [{"node": "меню", "outcome": "no_match"},
        {"node": "меню", "outcome": "operator_requested"}]},
        "holds": {"intervals": [{"start_s": 10, "end_s": 19}, {"start_s": 23, "end_s": 29}]},
        "customer": {"ivr_history_count": 10, "operator_request_share": 0.9}}"#;
    let features = measure(json, Ok(&drawn()));
    check(
        &features,
        &[
            ("queue_wait_s", 75.0),
            ("hold_count", 2.0),
            ("hold_total_s", 15.0),
            ("hold_longest_s", 9.0),
            ("hold_share", 0.25),
            ("ivr_duration_s", 40.0),
            ("ivr_step_count", 2.0),
            ("ivr_no_match_count", 1.0),
            ("ivr_no_input_count", 0.0),
            ("ivr_repeat_count", 1.0),
            ("ivr_operator_request_count", 1.0),
            ("customer_always_requests_operator", 1.0),
            // 10–19.5 less the hold leaves 0.5 s, 22.5–30 leaves 0.5 and 1 s: 36–60 stays.
            ("dialog_long_silence_count", 1.0),
        ],
    );
    let word = |name| features.get(name).cloned();
    assert_eq!(
        word("ivr_status"),
        Some(Ok(Value::Category("operator_requested".into())))
    );
    assert_eq!(
        word("ivr_last_node"),
        Some(Ok(Value::Category("меню".into())))
    );
}

#[test]
fn absence_has_its_reason() {
    let features = measure("{}", Ok(&drawn()));
    check_absent(
        &features,
        &[
            ("hold_count", Absence::NotInMetadata("holds")),
            ("queue_wait_s", Absence::NotInMetadata("queue.wait_s")),
            ("customer_n_words_sum", Absence::NoTranscript),
            (
                "dialog_customer_speech_speed_delta_words_mean",
                Absence::NoTranscript,
            ),
            (
                "agent_interruptions_successful_share",
                Absence::NoInterruption(Side::Agent),
            ),
        ],
    );
    let nothing = measure(
        r#"{"ivr": {"status": "none"}, "holds": {"count": 0},
            "customer": {"ivr_history_count": 2, "operator_request_share": 1}}"#,
        Err(Absence::NoRecording),
    );
    check_absent(
        &nothing,
        &[
            ("call_duration", Absence::NoRecording),
            ("hold_share", Absence::NoRecording),
            ("ivr_duration_s", Absence::NoIvr),
            ("hold_longest_s", Absence::NoHold),
            ("customer_always_requests_operator", Absence::ShortHistory),
        ],
    );
    check(&nothing, &[("hold_count", 0.0), ("hold_total_s", 0.0)]);
}

#[test]
fn one_sided_and_silent_calls_have_no_shares_of_nothing() {
    let heard = Sides {
        agent: line(&[(1.0, 2.0)]),
        customer: line(&[]),
    };
    let features = measure("{}", Ok(&talk(Some(&heard), None, 10.0)));
    let customer = Side::Customer;
    check(
        &features,
        &[
            ("customer_utt_count", 0.0),
            ("dialog_customer_speech_percentage", 0.0),
        ],
    );
    check_absent(
        &features,
        &[
            ("customer_utt_length_mean", Absence::NoSpeech(customer)),
            ("customer_conv_start_last_sec", Absence::NoSpeech(customer)),
            ("agent_backchannel_rate", Absence::NoSpeech(customer)),
            (
                "agent_response_latency_median_s",
                Absence::NoTurnTaken(Side::Agent),
            ),
        ],
    );
    let silent = measure("{}", Ok(&talk(Some(&Sides::default()), None, 10.0)));
    check(
        &silent,
        &[
            ("dialog_silence_length_percentage", 1.0),
            ("dialog_long_silence_count", 1.0),
        ],
    );
    check_absent(
        &silent,
        &[("dialog_agent_speech_percentage", Absence::NobodySpeaks)],
    );
}

#[test]
fn rows_of_a_table_are_read_back_by_name() {
    let read = |name, value| FeatureVector::from_named([(name, value)], Absence::NotGiven);
    let features = read("queue_wait_s", Value::Number(5.0)).unwrap();
    check(&features, &[("queue_wait_s", 5.0)]);
    check_absent(&features, &[("hold_count", Absence::NotGiven)]);
    let kind = |name, value| read(name, value).unwrap_err().kind();
    assert_eq!(
        kind("hold_count", Value::Number(f64::NAN)),
        ErrorKind::Invalid
    );
    assert_eq!(
        kind("no_such_feature", Value::Number(1.0)),
        ErrorKind::Mismatch
    );
    assert_eq!(
        kind("ivr_duration_s", Value::Category("long".into())),
        ErrorKind::Mismatch
    );
}

/// An utterance with the probabilities of a positive, a neutral and a negative emotion.
fn felt(mut said: Utterance, positive: f64, neutral: f64, negative: f64) -> Utterance {
    said.emotion = Some(Emotion {
        positive,
        neutral,
        negative,
    });
    said
}

/// Measures a call of 60 s of which there is a transcript alone.
fn measure_said(utterances: Vec<Utterance>) -> FeatureVector {
    let transcript = Transcript {
        utterances,
        ..Transcript::default()
    };
    measure("{}", Ok(&talk(None, Some(&transcript), 60.0)))
}

#[test]
fn emotions_by_hand() {
    // A pause of more than 1 s ends the start of the dialogue, so it is 0 to 4 s, and the end is
    // 40 to 48 s.
    let customer = Side::Customer;
    let features = measure_said(vec![
        felt(said(customer, 0.0, 4.0, "да", 4), 0.6, 0.3, 0.1),
        // 1 s and 3 words: enough.
        felt(said(customer, 10.0, 11.0, "да", 3), 0.1, 0.5, 0.4),
        // 2 s and 2 words: neither more than 2 s nor more than 2 words.
        felt(said(customer, 20.0, 22.0, "нет", 2), 0.0, 0.0, 1.0),
        // No emotion is told.
        said(customer, 30.0, 35.0, "нет", 9),
        felt(said(customer, 40.0, 45.0, "нет", 1), 0.2, 0.2, 0.6),
        felt(said(customer, 45.0, 48.0, "нет", 2), 0.1, 0.1, 0.8),
    ]);
    check(
        &features,
        &[
            ("customer_emotion_utt_count", 4.0),
            // 4 + 1 + 5 + 3; the words fill their utterances.
            ("customer_emotion_utt_length_sum", 13.0),
            ("customer_emotion_speech_length_sum", 13.0),
            ("customer_emotion_n_words_sum", 10.0),
            ("customer_emotion_neg_utt_count", 2.0),
            ("customer_emotion_neg_utt_percentage", 0.5),
            ("customer_emotion_neg_speech_time", 8.0),
            ("customer_emotion_neg_speech_time_percentage", 8.0 / 13.0),
            // 5 · 0.6 + 3 · 0.8, 1 · 0.5, 4 · 0.6.
            (
                "customer_emotion_neg_speech_time_weighted_by_confidence",
                5.4,
            ),
            (
                "customer_emotion_neu_speech_time_weighted_by_confidence",
                0.5,
            ),
            (
                "customer_emotion_pos_speech_time_weighted_by_confidence",
                2.4,
            ),
            ("customer_emotion_neu_utt_count", 1.0),
            ("customer_emotion_pos_utt_percentage", 0.25),
            // (1 + 0 − 1 − 1) / 4; the scores are 0.5, −0.3, −0.4, −0.7.
            ("customer_emotion_mean", -0.25),
            ("customer_emo_score_mean", -0.225),
            ("customer_emo_neg_mean", 1.9 / 4.0),
            ("customer_emo_neu_mean", 1.1 / 4.0),
            ("customer_emo_pos_mean", 1.0 / 4.0),
            // (4 − 5 − 3) / 13; (4 · 0.5 − 0.3 − 5 · 0.4 − 3 · 0.7) / 13.
            (
                "customer_emotion_weighted_by_speech_length_mean",
                -4.0 / 13.0,
            ),
            (
                "customer_emo_score_weighted_by_speech_length_mean",
                -2.4 / 13.0,
            ),
            // 4, 3, 1 and 2 words: (4 − 1 − 2) / 10; (2 − 0.9 − 0.4 − 1.4) / 10.
            ("customer_emotion_weighted_by_n_words_mean", 0.1),
            ("customer_emo_score_weighted_by_n_words_mean", -0.07),
            ("customer_conv_start_emotion_utt_count", 1.0),
            ("customer_conv_start_emotion_mean", 1.0),
            ("customer_conv_start_emotion_neg_speech_time", 0.0),
            (
                "customer_conv_start_emotion_neg_speech_time_of_total_call_percentage",
                0.0,
            ),
            (
                "customer_conv_start_emotion_pos_speech_time_of_total_call_percentage",
                1.0,
            ),
            (
                "customer_conv_start_emotion_utt_length_sum_of_total_call_percentage",
                4.0 / 13.0,
            ),
            ("customer_conv_start_delta_emotion_mean", 1.25),
            ("customer_conv_start_delta_emo_score_mean", 0.725),
            ("customer_conv_start_delta_emotion_neg_utt_percentage", -0.5),
            ("customer_conv_end_emotion_utt_count", 2.0),
            ("customer_conv_end_emotion_n_words_sum", 3.0),
            ("customer_conv_end_emotion_mean", -1.0),
            // (−0.4 · 1 − 0.7 · 2) / 3.
            ("customer_conv_end_emo_score_weighted_by_n_words_mean", -0.6),
            (
                "customer_conv_end_delta_emo_score_weighted_by_n_words_mean",
                -0.53,
            ),
            (
                "customer_conv_end_emotion_utt_count_of_total_call_percentage",
                0.5,
            ),
        ],
    );
    // The other side has neither words nor emotions.
    let agent = Absence::NoWords(Side::Agent);
    check_absent(
        &features,
        &[
            ("agent_emotion_utt_count", agent.clone()),
            ("agent_conv_end_delta_emotion_mean", agent),
        ],
    );
}

#[test]
fn of_equally_probable_emotions_neutral_then_negative_is_taken() {
    let label = |positive, neutral, negative| {
        let all = [said(Side::Agent, 0.0, 5.0, "да", 5)];
        let all = all.map(|u| felt(u, positive, neutral, negative));
        measure_said(all.to_vec())
            .get("agent_emotion_mean")
            .cloned()
            .unwrap()
    };
    let number = |number| Ok(Value::Number(number));
    assert_eq!(label(0.4, 0.4, 0.2), number(0.0));
    assert_eq!(label(0.2, 0.4, 0.4), number(0.0));
    assert_eq!(label(0.4, 0.2, 0.4), number(-1.0));
    assert_eq!(label(0.5, 0.2, 0.3), number(1.0));
    assert_eq!(label(0.0, 0.0, 0.0), number(0.0));
}

#[test]
fn a_phase_has_the_utterances_whose_middle_it_holds() {
    // The agent is heard from 2 to 4 and from 20 to 22 s, which are its two phases; its utterance
    // in question stands at the end of the first or at the start of the second.
    let heard = Sides {
        agent: line(&[(2.0, 4.0), (20.0, 22.0)]),
        customer: line(&[]),
    };
    let counts = |start, end| {
        let said = said(Side::Agent, start, end, "да", 3);
        let transcript = Transcript {
            utterances: vec![
                self::said(Side::Agent, 2.0, 3.4, "да", 1),
                felt(said, 1.0, 0.0, 0.0),
                self::said(Side::Agent, 20.6, 22.0, "да", 1),
            ],
            ..Transcript::default()
        };
        let talk = talk(Some(&heard), Some(&transcript), 30.0);
        let features = measure("{}", Ok(&talk));
        let count = |part: &str| match features.get(&format!("agent_{part}_emotion_utt_count")) {
            Some(Ok(Value::Number(count))) => *count,
            other => panic!("{other:?}"),
        };
        (count("conv_start"), count("conv_end"))
    };
    assert_eq!(counts(3.4, 4.4), (1.0, 0.0));
    // Its middle is the instant at which the phase is over.
    assert_eq!(counts(3.5, 4.5), (0.0, 0.0));
    // Its middle is the instant at which the phase begins, then one before.
    assert_eq!(counts(19.5, 20.5), (0.0, 1.0));
    assert_eq!(counts(19.4, 20.4), (0.0, 0.0));
}

#[test]
fn emotions_that_are_not_there_have_their_reason() {
    let customer = Side::Customer;
    // No transcript, no emotion in it, no recording.
    check_absent(
        &measure("{}", Ok(&drawn())),
        &[("customer_emotion_utt_count", Absence::NoTranscript)],
    );
    check_absent(
        &measure("{}", Ok(&worded())),
        &[
            ("customer_emotion_utt_count", Absence::NoEmotions(customer)),
            ("agent_emotion_mean", Absence::NoEmotions(Side::Agent)),
        ],
    );
    for reason in [Absence::NoRecording, Absence::DualMono] {
        let features = measure("{}", Err(reason.clone()));
        check_absent(&features, &[("customer_emotion_utt_count", reason)]);
    }
    // One emotion, of an utterance too short to have one.
    let features = measure_said(vec![felt(said(customer, 1.0, 2.0, "да", 1), 1.0, 0.0, 0.0)]);
    check(
        &features,
        &[
            ("customer_emotion_utt_count", 0.0),
            ("customer_emotion_n_words_sum", 0.0),
            ("customer_conv_end_emotion_neg_speech_time", 0.0),
        ],
    );
    let nothing = Absence::NoEmotionalUtterance(customer);
    check_absent(
        &features,
        &[
            ("customer_emotion_mean", nothing.clone()),
            ("customer_emotion_neg_utt_percentage", nothing.clone()),
            (
                "customer_conv_start_emotion_utt_count_of_total_call_percentage",
                nothing.clone(),
            ),
            ("customer_conv_start_delta_emotion_mean", nothing),
        ],
    );
    // A neutral utterance whose words are unknown.
    let mut turn = felt(said(customer, 1.0, 5.0, "да", 1), 0.0, 1.0, 0.0);
    turn.words = None;
    let features = measure_said(vec![turn]);
    check(
        &features,
        &[
            ("customer_emotion_utt_count", 1.0),
            ("customer_emotion_neg_utt_percentage", 0.0),
        ],
    );
    check_absent(
        &features,
        &[
            ("customer_emotion_n_words_sum", Absence::NoTranscript),
            (
                "customer_emotion_weighted_by_n_words_mean",
                Absence::NoTranscript,
            ),
            (
                "customer_conv_start_emotion_neg_utt_count_of_total_call_percentage",
                Absence::NoSuchEmotion(customer),
            ),
        ],
    );
    // A transcribed utterance in which the detector hears nothing: there is no dialogue to start.
    let transcript = Transcript {
        utterances: vec![felt(said(customer, 1.0, 5.0, "да", 4), 0.0, 1.0, 0.0)],
        ..Transcript::default()
    };
    let silent = talk(Some(&Sides::default()), Some(&transcript), 10.0);
    let unheard = Absence::NoSpeech(customer);
    check_absent(
        &measure("{}", Ok(&silent)),
        &[
            ("customer_conv_start_emotion_utt_count", unheard.clone()),
            ("customer_emotion_weighted_by_speech_length_mean", unheard),
        ],
    );
}

#[test]
fn interruption_episodes_by_hand() {
    // Overlaps 4–5, 5.2–5.3, 5.6–5.7 (two too short to count) and 7–8: one episode of two fragments,
    // 4 to 8 s, with 2.2 s said together.
    let heard = Sides {
        agent: line(&[(1.0, 5.0), (5.2, 5.7), (7.0, 10.0)]),
        customer: line(&[(4.0, 5.3), (5.6, 6.0), (6.9, 8.0)]),
    };
    let list = interruptions_list(&talk(Some(&heard), None, 20.0));
    assert_eq!(list.len(), 1);
    // Agent: 4–5, 5.2–5.7, 7–8, so 2.5 s; customer: 4–5.3, 5.6–6, 6.9–8, so 2.8 s. Silent: 6–6.9.
    // 2.5 + 2.8 − 2.2 + 0.9 = 4.
    let wanted = [
        ("interruption_speech_length_sum", 2.2),
        ("interruption_total_length", 4.0),
        ("interruption_speech_percentage", 0.55),
        ("interruption_count", 2.0),
        ("interruption_start_frame", 32_000.0),
        ("interruption_end_frame", 64_000.0),
        ("interruption_start_sec", 4.0),
        ("interruption_end_sec", 8.0),
        ("customer_speech_length_sum", 2.8),
        ("customer_interruption_speech_percentage", 2.2 / 2.8),
        ("agent_speech_length_sum", 2.5),
        ("agent_interruption_speech_percentage", 0.88),
        ("customer_speech_percentage", 2.8 / 5.3),
        ("agent_speech_percentage", 2.5 / 5.3),
        ("silence_length_sum", 0.9),
        ("silence_length_percentage", 0.225),
    ];
    let names: Vec<&str> = list[0].iter().map(|(field, _)| field.name).collect();
    assert_eq!(names, wanted.map(|(name, _)| name));
    for (name, number) in wanted {
        let found = list[0].get(name).unwrap().clone().unwrap();
        assert!((found - number).abs() < 1e-9, "{name}: {found}");
    }
    let json = serde_json::to_string(&list).unwrap();
    let starts = r#"[{"interruption_speech_length_sum":2.2,"interruption_total_length":4.0,"#;
    assert!(json.starts_with(starts), "{json}");
    assert_eq!(interruption_fields().len(), wanted.len());
    assert!(interruptions_list(&talk(None, None, 20.0)).is_empty());
}

fn any_transcript() -> impl Strategy<Value = Transcript> {
    let emotion = prop::option::of((0.0..=1.0, 0.0..=1.0, 0.0..=1.0));
    let utterance = (
        any::<bool>(),
        0i64..100_000,
        200i64..12_000,
        1usize..30,
        emotion,
    );
    prop::collection::vec(utterance, 0..14).prop_map(|rows| {
        let utterances = rows
            .into_iter()
            .map(|(agent, start, length, words, emotion)| {
                let side = if agent { Side::Agent } else { Side::Customer };
                let (start, end) = (start as f64 / 1e3, (start + length) as f64 / 1e3);
                let said = said(side, start, end, "слово", words);
                match emotion {
                    Some((positive, neutral, negative)) => felt(said, positive, neutral, negative),
                    None => said,
                }
            });
        Transcript {
            utterances: utterances.collect(),
            ..Transcript::default()
        }
    })
}

fn moved(transcript: &Transcript, by: Span, swap: bool) -> Transcript {
    let shift = |s: Segment| Segment::new(s.start() + by, s.end() + by).unwrap();
    let mut moved = transcript.clone();
    for u in &mut moved.utterances {
        u.side = if swap { u.side.other() } else { u.side };
        u.segment = shift(u.segment);
        for word in u.words.iter_mut().flatten() {
            word.time = word.time.map(shift);
        }
    }
    moved
}

fn same(a: &Measured, b: &Measured, sign: f64) -> bool {
    match (a, b) {
        (Ok(Value::Number(a)), Ok(Value::Number(b))) => (a - sign * b).abs() < 1e-6,
        (Err(_), Err(_)) => true,
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn sums_hold_on_any_call(transcript in any_transcript()) {
        let talk = talk(None, Some(&transcript), 120.0);
        let features = measure("{}", Ok(&talk));
        let number = |name: &str| match features.get(name) {
            Some(Ok(Value::Number(n))) => Some(*n),
            _ => None,
        };
        let sum = |a, b| Some(number(a)? + number(b)?);
        prop_assert!((sum("dialog_silence_length_sum", "dialog_anybody_speech_length_sum").unwrap() - 120.0).abs() < 1e-9);
        prop_assert!(number("dialog_interruptions_raw_speech_length_sum") >= number("dialog_interruptions_speech_length_sum"));
        if let Some(one) = sum("dialog_customer_speech_percentage", "dialog_agent_speech_percentage") {
            prop_assert!((one - 1.0).abs() < 1e-12);
        }
        for (feature, value) in features.iter() {
            if let Ok(Value::Number(n)) = value {
                prop_assert!(n.is_finite() && feature.kind == Kind::Number);
                let (least, greatest) = feature.unit.bounds().unwrap_or((f64::MIN, f64::MAX));
                prop_assert!((least..=greatest).contains(n), "{}: {n}", feature.name);
            }
        }
    }

    #[test]
    fn swapping_the_sides_swaps_the_columns(transcript in any_transcript()) {
        let one = measure("{}", Ok(&talk(None, Some(&transcript), 120.0)));
        let swapped = moved(&transcript, Span::ZERO, true);
        let two = measure("{}", Ok(&talk(None, Some(&swapped), 120.0)));
        for (feature, value) in one.iter() {
            let name = &feature.name;
            let of_sides = name.contains("customer") || name.contains("agent");
            if !of_sides || matches!(feature.needs, Needs::Metadata | Needs::MetadataAndSpeech) {
                continue;
            }
            // `agent` and `customer` change places; differences of the two change their sign.
            let negated = name.ends_with("_diff") || name == "dialog_customer_speech_percentage_change";
            let (twin, sign) = match negated {
                true => (name.clone(), -1.0),
                false => (name.replace("agent", "\0").replace("customer", "agent").replace('\0', "customer"), 1.0),
            };
            let other = two.get(&twin).unwrap_or_else(|| panic!("no {twin}"));
            // Turns of utterances that begin at one instant are ordered agent first.
            if name.contains("latency") || name.contains("turn") {
                continue;
            }
            prop_assert!(same(value, other, sign), "{}: {:?}, {}: {:?}", name, value, twin, other);
        }
    }

    #[test]
    fn shifting_the_call_shifts_only_frames_and_seconds(transcript in any_transcript(), ms in 0i64..8_000) {
        // Both calls are long enough that nothing is cut.
        let one = measure("{}", Ok(&talk(None, Some(&transcript), 120.0)));
        let shifted = moved(&transcript, Span::from_millis(ms), false);
        let two = measure("{}", Ok(&talk(None, Some(&shifted), 120.0)));
        for ((feature, a), (_, b)) in one.iter().zip(two.iter()) {
            let name = &feature.name;
            let places = ["_frame", "_last_sec", "_first_sec"];
            // What leans on the edges or thirds of the call may change.
            if places.iter().any(|p| name.ends_with(p)) || name.contains("silence") || name.ends_with("_change") {
                continue;
            }
            prop_assert!(same(a, b, 1.0), "{}: {:?} {:?}", name, a, b);
        }
        if let (Some(Ok(Value::Number(a))), Some(Ok(Value::Number(b)))) =
            (one.get("agent_speech_start_frame"), two.get("agent_speech_start_frame"))
        {
            prop_assert!((b - a - 8.0 * ms as f64).abs() <= 1.0);
        }
    }
}

#[test]
fn the_clock_is_exact() {
    // 0.1 + 0.2 s are 300,000,000 ns, whatever floats make of it.
    let heard = Sides {
        agent: line(&[(0.0, 0.1), (0.2, 0.4)]),
        customer: line(&[]),
    };
    let talk = talk(Some(&heard), None, 1.0);
    assert_eq!(talk.speech.agent.duration(), Span::from_millis(300));
    assert_eq!(talk.speech.agent.extent().unwrap().start(), Time::ZERO);
}
