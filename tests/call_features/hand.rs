//! A call small enough to work out by hand, and every value of it, worked out by hand.

use super::plain::{AGENT, CUSTOMER, Call, SIDES, Utterance, Values, Word};

/// ```text
/// seconds   0       4           10      14          20      24          30          36      40
/// agent       |A1|  |--------A2--------|                    |A3|             |----A4----|
/// customer                         |------C1------| ||            |-C3-|  |C4|
/// ```
/// (A1 1–3, A2 4–14 with pauses at 10–11 and 12–13, A3 24–26, A4 32.5–38.5; C1 11.5–19.5 with pauses
/// at 12.5–13 and 18–18.5, C2 20–21, C3 27–30, C4 31–33)
///
/// | | speech, s | words | letters | positive, neutral, negative |
/// |----|-----|---|----|----------------------------------------------------------|
/// | A1 | 2   | 2 | 7  | 0.9, 0.1, 0, but neither longer than 2 s nor of more than 2 words |
/// | A2 | 8   | 4 | 16 | 0.2, 0.3, 0.5 |
/// | A3 | 2   | 4 | 12 | 0.6, 0.3, 0.1 |
/// | A4 | 6   | 6 | 24 | 0.1, 0.5, 0.4 |
/// | C1 | 7   | 7 | 21 | 0.25, 0.25, 0.5 |
/// | C2 | 1   | 1 | 2  | unknown |
/// | C3 | 3   | 3 | 15 | 0.4, 0.4, 0.2 |
/// | C4 | 2   | 4 | 8  | 0.8, 0.1, 0.1 |
pub fn call() -> Call {
    let agent = vec![
        said(
            1000,
            3000,
            Some([0.9, 0.1, 0.0]),
            &[("good", 1000, 2000), ("day", 2000, 3000)],
        ),
        said(
            4000,
            14000,
            Some([0.2, 0.3, 0.5]),
            // A dash is no word and has no time; letters alone are counted.
            &[
                ("card", 4000, 8000),
                ("—", 0, 0),
                ("lo-st", 8000, 10000),
                ("счёт", 11000, 12000),
                ("a1b2cd", 13000, 14000),
            ],
        ),
        said(
            24000,
            26000,
            Some([0.6, 0.3, 0.1]),
            &fill(24000, 500, &["see", "the", "new", "one"]),
        ),
        said(
            32500,
            38500,
            Some([0.1, 0.5, 0.4]),
            &fill(
                32500,
                1000,
                &["well", "that", "will", "take", "some", "time"],
            ),
        ),
    ];
    let customer = vec![
        said(
            11500,
            19500,
            Some([0.25, 0.25, 0.5]),
            &[
                ("нет", 11500, 12500),
                ("not", 13000, 14000),
                ("for", 14000, 15000),
                ("all,", 15000, 16000),
                ("try", 16000, 17000),
                ("has", 17000, 18000),
                ("its4", 18500, 19500),
            ],
        ),
        said(20000, 21000, None, &[("ok", 20000, 21000)]),
        said(
            27000,
            30000,
            Some([0.4, 0.4, 0.2]),
            &fill(27000, 1000, &["right", "после", "lunch"]),
        ),
        said(
            31000,
            33000,
            Some([0.8, 0.1, 0.1]),
            &fill(31000, 500, &["so", "we", "go", "on"]),
        ),
    ];
    Call {
        length: 40000,
        said: Some([customer, agent]),
        heard: None,
    }
}

fn said(start: i64, end: i64, emotion: Option<[f64; 3]>, words: &[(&str, i64, i64)]) -> Utterance {
    let word = |&(text, start, end): &(&str, i64, i64)| Word {
        text: text.to_owned(),
        time: (start < end).then_some((start, end)),
    };
    Utterance {
        start,
        end,
        words: Some(words.iter().map(word).collect()),
        emotion,
    }
}

/// Words of equal length, one after the other.
fn fill<'a>(start: i64, each: i64, words: &[&'a str]) -> Vec<(&'a str, i64, i64)> {
    let place = |i: usize| start + each * i as i64;
    words
        .iter()
        .enumerate()
        .map(|(i, &word)| (word, place(i), place(i + 1)))
        .collect()
}

/// Every scalar column, 386 of them.
pub fn values() -> Values {
    let mut values = Values::new();
    for (name, value) in dialog() {
        values.insert(name.to_owned(), value);
    }
    for (name, customer, agent) in pairs() {
        values.insert(
            format!("dialog_customer_speech_speed_delta_{name}"),
            customer,
        );
        values.insert(format!("dialog_agent_speech_speed_delta_{name}"), agent);
    }
    for (name, customer, agent) in sides() {
        values.insert(format!("{}_{name}", SIDES[CUSTOMER]), customer);
        values.insert(format!("{}_{name}", SIDES[AGENT]), agent);
    }
    values
}

fn root(square: f64) -> Option<f64> {
    Some(square.sqrt())
}

/// The one record of the list: 11.5–14 s.
#[rustfmt::skip]
pub fn record() -> Vec<(&'static str, Option<f64>)> {
    vec![
    // 0.5 + 1 s of 2.5 s, in two fragments; 8000 frames a second.
    ("interruption_speech_length_sum", Some(1.5)),
    ("interruption_total_length", Some(2.5)),
    ("interruption_speech_percentage", Some(0.6)),
    ("interruption_count", Some(2.0)),
    ("interruption_start_frame", Some(92000.0)),
    ("interruption_end_frame", Some(112000.0)),
    ("interruption_start_sec", Some(11.5)),
    ("interruption_end_sec", Some(14.0)),
    // Customer 11.5–12.5 and 13–14, agent 11.5–12 and 13–14.
    ("customer_speech_length_sum", Some(2.0)),
    ("customer_interruption_speech_percentage", Some(0.75)),
    ("agent_speech_length_sum", Some(1.5)),
    ("agent_interruption_speech_percentage", Some(1.0)),
    ("customer_speech_percentage", Some(4.0 / 7.0)),
    ("agent_speech_percentage", Some(3.0 / 7.0)),
    // 12.5–13.
    ("silence_length_sum", Some(0.5)),
    ("silence_length_percentage", Some(0.2)),
    ]
}

#[rustfmt::skip]
fn dialog() -> Vec<(&'static str, Option<f64>)> {
    vec![
    // Speech: customer 7 + 1 + 3 + 2 = 13 s, agent 2 + 8 + 2 + 6 = 18 s, both 31 s of a call of 40 s.
    ("call_duration", Some(40.0)),
    ("dialog_both_channels_speech_length_sum", Some(31.0)),
    ("dialog_customer_speech_length_percentage", Some(0.325)),
    ("dialog_agent_speech_length_percentage", Some(0.45)),
    // 31 s less the 2 s said together; the rest of 40 s is silence.
    ("dialog_anybody_speech_length_sum", Some(29.0)),
    ("dialog_anybody_speech_length_percentage", Some(0.725)),
    ("dialog_silence_length_sum", Some(11.0)),
    ("dialog_silence_length_percentage", Some(0.275)),
    ("dialog_customer_speech_percentage", Some(13.0 / 31.0)),
    ("dialog_agent_speech_percentage", Some(18.0 / 31.0)),
    // Together: 11.5–12 and 13–14, one episode of 1.5 s; 32.5–33 is a single short one: 2 s in all.
    ("dialog_interruptions_count", Some(1.0)),
    ("dialog_interruptions_speech_length_sum", Some(1.5)),
    ("dialog_interruptions_speech_length_percentage", Some(0.0375)),
    ("dialog_interruptions_raw_speech_length_sum", Some(2.0)),
    ("dialog_interruptions_raw_speech_length_percentage", Some(0.05)),
    ("dialog_interruptions_in_anybody_speech_percentage", Some(3.0 / 58.0)),
    ("dialog_interruptions_in_customer_speech_percentage", Some(3.0 / 26.0)),
    ("dialog_interruptions_in_agent_speech_percentage", Some(1.0 / 12.0)),
    // The differences of the means of the side columns, 15/4 − 16/4 and so on. Letters in a word
    // 46/15 − 59/16; over the call 46/13 − 59/18 letters/s and 15/13 − 16/18 words/s.
    ("dialog_customer_agent_n_words_mean_diff", Some(-0.25)),
    ("dialog_customer_agent_utt_length_mean_diff", Some(-1.5)),
    ("dialog_customer_agent_speech_length_mean_diff", Some(-1.25)),
    ("dialog_customer_agent_letters_in_word_mean_diff", Some(-149.0 / 240.0)),
    ("dialog_customer_agent_speech_speed_letters_mean_diff", Some(-0.375)),
    ("dialog_customer_agent_speech_speed_words_mean_diff", Some(0.125)),
    ("dialog_customer_agent_speech_speed_letters_all_call_mean_diff", Some(61.0 / 234.0)),
    ("dialog_customer_agent_speech_speed_words_all_call_mean_diff", Some(31.0 / 117.0)),
    ]
}

/// Name, the customer's value, the agent's: columns `dialog_<side>_speech_speed_delta_<name>`.
#[rustfmt::skip]
fn pairs() -> Vec<(&'static str, Option<f64>, Option<f64>)> {
    vec![
    // C1 (7 s, 7 words, 3 letters/s, 1 word/s) meets A2, which it overlaps, before A4, 13 s on.
    // A2 (8 s, 4 words, 2 letters/s, 0.5 words/s) and A4 (6 s, 6 words, 4 letters/s, 1 word/s) both meet C1.
    ("utt_count", Some(1.0), Some(2.0)),
    ("speech_length_sum", Some(7.0), Some(14.0)),
    ("n_words_sum", Some(7.0), Some(10.0)),
    // Customer: 3 − 2. Agent: 2 − 3 and 4 − 3, weighted by 8 and 6 s: −2/14, spread 1 − 1/49.
    ("letters_mean", Some(1.0), Some(0.0)),
    ("letters_abs_mean", Some(1.0), Some(1.0)),
    ("letters_max", Some(1.0), Some(1.0)),
    ("letters_min", Some(1.0), Some(-1.0)),
    ("letters_std", Some(0.0), Some(1.0)),
    ("letters_true_mean", Some(1.0), Some(-1.0 / 7.0)),
    ("letters_true_abs_mean", Some(1.0), Some(1.0)),
    ("letters_true_std", Some(0.0), root(48.0 / 49.0)),
    // Customer: 1 − 0.5. Agent: 0.5 − 1 and 1 − 1, weighted −4/14, spread 2/14 − 4/49 = 3/49.
    ("words_mean", Some(0.5), Some(-0.25)),
    ("words_abs_mean", Some(0.5), Some(0.25)),
    ("words_max", Some(0.5), Some(0.0)),
    ("words_min", Some(0.5), Some(-0.5)),
    ("words_std", Some(0.0), Some(0.25)),
    ("words_true_mean", Some(0.5), Some(-2.0 / 7.0)),
    ("words_true_abs_mean", Some(0.5), Some(2.0 / 7.0)),
    ("words_true_std", Some(0.0), root(3.0 / 49.0)),
    ]
}

/// Name, the customer's value, the agent's: columns `<side>_<name>`.
#[rustfmt::skip]
fn sides() -> Vec<(&'static str, Option<f64>, Option<f64>)> {
    vec![
    // Lengths 8 + 1 + 3 + 2 and 2 + 10 + 2 + 6; speech as above; words 7 + 1 + 3 + 4 and 2 + 4 + 4 + 6.
    ("utt_count", Some(4.0), Some(4.0)),
    ("utt_length_sum", Some(14.0), Some(20.0)),
    ("speech_length_sum", Some(13.0), Some(18.0)),
    ("n_words_sum", Some(15.0), Some(16.0)),
    ("n_words_mean", Some(3.75), Some(4.0)),
    ("utt_length_mean", Some(3.5), Some(5.0)),
    ("speech_length_mean", Some(3.25), Some(4.5)),
    // Letters 21 + 2 + 15 + 8 = 46 and 7 + 16 + 12 + 24 = 59.
    ("letters_in_word_mean", Some(46.0 / 15.0), Some(3.6875)),
    // Letters/s 3, 2, 5, 4 and 3.5, 2, 6, 4: squares about the mean 5/4 and 8.1875/4.
    ("speech_speed_letters_mean", Some(3.5), Some(3.875)),
    ("speech_speed_letters_std", root(1.25), root(2.046875)),
    // Words/s 1, 1, 1, 2 and 1, 0.5, 2, 1: squares about the mean 0.75/4 and 1.1875/4.
    ("speech_speed_words_mean", Some(1.25), Some(1.125)),
    ("speech_speed_words_std", root(0.1875), root(0.296875)),
    // Sums by 13 and 18 s of speech, and those by the 40 s of the call.
    ("speech_speed_letters_all_call_mean", Some(46.0 / 13.0), Some(59.0 / 18.0)),
    ("speech_speed_words_all_call_mean", Some(15.0 / 13.0), Some(8.0 / 9.0)),
    ("speech_length_percentage", Some(0.325), Some(0.45)),
    // Emotional: C1 negative, C3 neutral (a tie), C4 positive; A2 negative, A3 positive, A4 neutral.
    // Lengths 8 + 3 + 2 and 10 + 2 + 6, speech 7 + 3 + 2 and 8 + 2 + 6, words 7 + 3 + 4 and 4 + 4 + 6.
    ("emotion_utt_count", Some(3.0), Some(3.0)),
    ("emotion_utt_length_sum", Some(13.0), Some(18.0)),
    ("emotion_speech_length_sum", Some(12.0), Some(16.0)),
    ("emotion_n_words_sum", Some(14.0), Some(14.0)),
    // One of three each. C1 7 of 13 s, 7 · 0.5; A2 8 of 18 s, 8 · 0.5.
    ("emotion_neg_utt_count", Some(1.0), Some(1.0)),
    ("emotion_neg_utt_percentage", Some(1.0 / 3.0), Some(1.0 / 3.0)),
    ("emotion_neg_speech_time", Some(7.0), Some(8.0)),
    ("emotion_neg_speech_time_percentage", Some(7.0 / 13.0), Some(4.0 / 9.0)),
    ("emotion_neg_speech_time_weighted_by_confidence", Some(3.5), Some(4.0)),
    // C3 3 of 13 s, 3 · 0.4; A4 6 of 18 s, 6 · 0.5.
    ("emotion_neu_utt_count", Some(1.0), Some(1.0)),
    ("emotion_neu_utt_percentage", Some(1.0 / 3.0), Some(1.0 / 3.0)),
    ("emotion_neu_speech_time", Some(3.0), Some(6.0)),
    ("emotion_neu_speech_time_percentage", Some(3.0 / 13.0), Some(1.0 / 3.0)),
    ("emotion_neu_speech_time_weighted_by_confidence", Some(1.2), Some(3.0)),
    // C4 2 of 13 s, 2 · 0.8; A3 2 of 18 s, 2 · 0.6.
    ("emotion_pos_utt_count", Some(1.0), Some(1.0)),
    ("emotion_pos_utt_percentage", Some(1.0 / 3.0), Some(1.0 / 3.0)),
    ("emotion_pos_speech_time", Some(2.0), Some(2.0)),
    ("emotion_pos_speech_time_percentage", Some(2.0 / 13.0), Some(1.0 / 9.0)),
    ("emotion_pos_speech_time_weighted_by_confidence", Some(1.6), Some(1.2)),
    // Labels −1, 0, 1 and −1, 1, 0. Scores −0.25, 0.2, 0.7 (0.65/3) and −0.3, 0.5, −0.3 (−0.1/3).
    ("emotion_mean", Some(0.0), Some(0.0)),
    ("emo_score_mean", Some(13.0 / 60.0), Some(-1.0 / 30.0)),
    // (0.5 + 0.2 + 0.1)/3 and (0.5 + 0.1 + 0.4)/3, and so on.
    ("emo_neg_mean", Some(4.0 / 15.0), Some(1.0 / 3.0)),
    ("emo_neu_mean", Some(0.25), Some(11.0 / 30.0)),
    ("emo_pos_mean", Some(29.0 / 60.0), Some(0.3)),
    // Weights 7, 3, 2 s: labels −5/12, scores (−1.75 + 0.6 + 1.4)/12; 8, 2, 6 s: −6/16, −3.2/16.
    ("emotion_weighted_by_speech_length_mean", Some(-5.0 / 12.0), Some(-0.375)),
    ("emo_score_weighted_by_speech_length_mean", Some(1.0 / 48.0), Some(-0.2)),
    // Weights 7, 3, 4 words: −3/14, (−1.75 + 0.6 + 2.8)/14; 4, 4, 6: 0, (−1.2 + 2 − 1.8)/14.
    ("emotion_weighted_by_n_words_mean", Some(-3.0 / 14.0), Some(0.0)),
    ("emo_score_weighted_by_n_words_mean", Some(33.0 / 280.0), Some(-1.0 / 14.0)),
    // Start of the dialogue: C1 and C2, 11.5–21 s (6 s of silence follow); A1 and A2, 1–14 s (the
    // pauses of just 1 s belong to it).
    ("speech_start_frame", Some(92000.0), Some(8000.0)),
    ("conv_start_last_frame", Some(168000.0), Some(112000.0)),
    ("conv_start_last_sec", Some(21.0), Some(14.0)),
    // Only C1 and A2 are emotional there; both are negative.
    ("conv_start_emotion_utt_count", Some(1.0), Some(1.0)),
    ("conv_start_emotion_utt_length_sum", Some(8.0), Some(10.0)),
    ("conv_start_emotion_speech_length_sum", Some(7.0), Some(8.0)),
    ("conv_start_emotion_n_words_sum", Some(7.0), Some(4.0)),
    // 7 of 8 s and 8 of 10 s; 7 · 0.5 and 8 · 0.5.
    ("conv_start_emotion_neg_utt_count", Some(1.0), Some(1.0)),
    ("conv_start_emotion_neg_utt_percentage", Some(1.0), Some(1.0)),
    ("conv_start_emotion_neg_speech_time", Some(7.0), Some(8.0)),
    ("conv_start_emotion_neg_speech_time_percentage", Some(0.875), Some(0.8)),
    ("conv_start_emotion_neg_speech_time_weighted_by_confidence", Some(3.5), Some(4.0)),
    // None is neutral or positive there.
    ("conv_start_emotion_neu_utt_count", Some(0.0), Some(0.0)),
    ("conv_start_emotion_neu_utt_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_neu_speech_time", Some(0.0), Some(0.0)),
    ("conv_start_emotion_neu_speech_time_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_neu_speech_time_weighted_by_confidence", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_utt_count", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_utt_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_speech_time", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_speech_time_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_speech_time_weighted_by_confidence", Some(0.0), Some(0.0)),
    // Of one utterance each: label −1, score 0.25 − 0.5 and 0.2 − 0.5.
    ("conv_start_emotion_mean", Some(-1.0), Some(-1.0)),
    ("conv_start_emo_score_mean", Some(-0.25), Some(-0.3)),
    ("conv_start_emo_neg_mean", Some(0.5), Some(0.5)),
    ("conv_start_emo_neu_mean", Some(0.25), Some(0.3)),
    ("conv_start_emo_pos_mean", Some(0.25), Some(0.2)),
    ("conv_start_emotion_weighted_by_speech_length_mean", Some(-1.0), Some(-1.0)),
    ("conv_start_emo_score_weighted_by_speech_length_mean", Some(-0.25), Some(-0.3)),
    ("conv_start_emotion_weighted_by_n_words_mean", Some(-1.0), Some(-1.0)),
    ("conv_start_emo_score_weighted_by_n_words_mean", Some(-0.25), Some(-0.3)),
    // All that is negative on the call, nothing of the rest; 1 of 3, 7 of 12 s, 8 of 13 s; 1 of 3, 8 of
    // 16 s, 10 of 18 s.
    ("conv_start_emotion_neg_utt_count_of_total_call_percentage", Some(1.0), Some(1.0)),
    ("conv_start_emotion_neu_utt_count_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_utt_count_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_neg_speech_time_of_total_call_percentage", Some(1.0), Some(1.0)),
    ("conv_start_emotion_neu_speech_time_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_speech_time_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_neg_speech_time_weighted_by_confidence_of_total_call_percentage", Some(1.0), Some(1.0)),
    ("conv_start_emotion_neu_speech_time_weighted_by_confidence_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_pos_speech_time_weighted_by_confidence_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_start_emotion_utt_count_of_total_call_percentage", Some(1.0 / 3.0), Some(1.0 / 3.0)),
    ("conv_start_emotion_speech_length_sum_of_total_call_percentage", Some(7.0 / 12.0), Some(0.5)),
    ("conv_start_emotion_utt_length_sum_of_total_call_percentage", Some(8.0 / 13.0), Some(5.0 / 9.0)),
    // −1/4 − 13/60 and −3/10 + 1/30; the rest likewise from the rows above.
    ("conv_start_delta_emo_score_mean", Some(-7.0 / 15.0), Some(-4.0 / 15.0)),
    ("conv_start_delta_emotion_mean", Some(-1.0), Some(-1.0)),
    ("conv_start_delta_emotion_weighted_by_speech_length_mean", Some(-7.0 / 12.0), Some(-0.625)),
    ("conv_start_delta_emo_score_weighted_by_speech_length_mean", Some(-13.0 / 48.0), Some(-0.1)),
    ("conv_start_delta_emotion_weighted_by_n_words_mean", Some(-11.0 / 14.0), Some(-1.0)),
    ("conv_start_delta_emo_score_weighted_by_n_words_mean", Some(-103.0 / 280.0), Some(-8.0 / 35.0)),
    ("conv_start_delta_emotion_neg_speech_time_percentage", Some(35.0 / 104.0), Some(16.0 / 45.0)),
    ("conv_start_delta_emotion_neu_speech_time_percentage", Some(-3.0 / 13.0), Some(-1.0 / 3.0)),
    ("conv_start_delta_emotion_pos_speech_time_percentage", Some(-2.0 / 13.0), Some(-1.0 / 9.0)),
    ("conv_start_delta_emotion_neg_utt_percentage", Some(2.0 / 3.0), Some(2.0 / 3.0)),
    ("conv_start_delta_emotion_neu_utt_percentage", Some(-1.0 / 3.0), Some(-1.0 / 3.0)),
    ("conv_start_delta_emotion_pos_utt_percentage", Some(-1.0 / 3.0), Some(-1.0 / 3.0)),
    // End of the dialogue: C3 and C4, 27–33 s (a pause of just 1 s within); A4, 32.5–38.5 s.
    ("speech_end_frame", Some(264000.0), Some(308000.0)),
    ("conv_end_first_frame", Some(216000.0), Some(260000.0)),
    ("conv_end_first_sec", Some(27.0), Some(32.5)),
    // C3, neutral, and C4, positive; A4, neutral.
    ("conv_end_emotion_utt_count", Some(2.0), Some(1.0)),
    ("conv_end_emotion_utt_length_sum", Some(5.0), Some(6.0)),
    ("conv_end_emotion_speech_length_sum", Some(5.0), Some(6.0)),
    ("conv_end_emotion_n_words_sum", Some(7.0), Some(6.0)),
    // None is negative there.
    ("conv_end_emotion_neg_utt_count", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neg_utt_percentage", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neg_speech_time", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neg_speech_time_percentage", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neg_speech_time_weighted_by_confidence", Some(0.0), Some(0.0)),
    // C3 3 of 5 s, 3 · 0.4; A4 6 of 6 s, 6 · 0.5.
    ("conv_end_emotion_neu_utt_count", Some(1.0), Some(1.0)),
    ("conv_end_emotion_neu_utt_percentage", Some(0.5), Some(1.0)),
    ("conv_end_emotion_neu_speech_time", Some(3.0), Some(6.0)),
    ("conv_end_emotion_neu_speech_time_percentage", Some(0.6), Some(1.0)),
    ("conv_end_emotion_neu_speech_time_weighted_by_confidence", Some(1.2), Some(3.0)),
    // C4 2 of 5 s, 2 · 0.8.
    ("conv_end_emotion_pos_utt_count", Some(1.0), Some(0.0)),
    ("conv_end_emotion_pos_utt_percentage", Some(0.5), Some(0.0)),
    ("conv_end_emotion_pos_speech_time", Some(2.0), Some(0.0)),
    ("conv_end_emotion_pos_speech_time_percentage", Some(0.4), Some(0.0)),
    ("conv_end_emotion_pos_speech_time_weighted_by_confidence", Some(1.6), Some(0.0)),
    // C3 and C4: labels 0, 1, scores 0.2, 0.7, 3 and 2 s, 3 and 4 words: (0.6 + 1.4)/5, (0.6 + 2.8)/7.
    // A4: label 0, score 0.1 − 0.4.
    ("conv_end_emotion_mean", Some(0.5), Some(0.0)),
    ("conv_end_emo_score_mean", Some(0.45), Some(-0.3)),
    ("conv_end_emo_neg_mean", Some(0.15), Some(0.4)),
    ("conv_end_emo_neu_mean", Some(0.25), Some(0.5)),
    ("conv_end_emo_pos_mean", Some(0.6), Some(0.1)),
    ("conv_end_emotion_weighted_by_speech_length_mean", Some(0.4), Some(0.0)),
    ("conv_end_emo_score_weighted_by_speech_length_mean", Some(0.4), Some(-0.3)),
    ("conv_end_emotion_weighted_by_n_words_mean", Some(4.0 / 7.0), Some(0.0)),
    ("conv_end_emo_score_weighted_by_n_words_mean", Some(17.0 / 35.0), Some(-0.3)),
    // All that is neutral, and of the customer all that is positive. 2 of 3, 5 of 12 s, 5 of 13 s; 1 of
    // 3, 6 of 16 s, 6 of 18 s.
    ("conv_end_emotion_neg_utt_count_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neu_utt_count_of_total_call_percentage", Some(1.0), Some(1.0)),
    ("conv_end_emotion_pos_utt_count_of_total_call_percentage", Some(1.0), Some(0.0)),
    ("conv_end_emotion_neg_speech_time_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neu_speech_time_of_total_call_percentage", Some(1.0), Some(1.0)),
    ("conv_end_emotion_pos_speech_time_of_total_call_percentage", Some(1.0), Some(0.0)),
    ("conv_end_emotion_neg_speech_time_weighted_by_confidence_of_total_call_percentage", Some(0.0), Some(0.0)),
    ("conv_end_emotion_neu_speech_time_weighted_by_confidence_of_total_call_percentage", Some(1.0), Some(1.0)),
    ("conv_end_emotion_pos_speech_time_weighted_by_confidence_of_total_call_percentage", Some(1.0), Some(0.0)),
    ("conv_end_emotion_utt_count_of_total_call_percentage", Some(2.0 / 3.0), Some(1.0 / 3.0)),
    ("conv_end_emotion_speech_length_sum_of_total_call_percentage", Some(5.0 / 12.0), Some(0.375)),
    ("conv_end_emotion_utt_length_sum_of_total_call_percentage", Some(5.0 / 13.0), Some(1.0 / 3.0)),
    // 9/20 − 13/60 and −3/10 + 1/30; the rest likewise from the rows above.
    ("conv_end_delta_emo_score_mean", Some(7.0 / 30.0), Some(-4.0 / 15.0)),
    ("conv_end_delta_emotion_mean", Some(0.5), Some(0.0)),
    ("conv_end_delta_emotion_weighted_by_speech_length_mean", Some(49.0 / 60.0), Some(0.375)),
    ("conv_end_delta_emo_score_weighted_by_speech_length_mean", Some(91.0 / 240.0), Some(-0.1)),
    ("conv_end_delta_emotion_weighted_by_n_words_mean", Some(11.0 / 14.0), Some(0.0)),
    ("conv_end_delta_emo_score_weighted_by_n_words_mean", Some(103.0 / 280.0), Some(-8.0 / 35.0)),
    ("conv_end_delta_emotion_neg_speech_time_percentage", Some(-7.0 / 13.0), Some(-4.0 / 9.0)),
    ("conv_end_delta_emotion_neu_speech_time_percentage", Some(24.0 / 65.0), Some(2.0 / 3.0)),
    ("conv_end_delta_emotion_pos_speech_time_percentage", Some(16.0 / 65.0), Some(-1.0 / 9.0)),
    ("conv_end_delta_emotion_neg_utt_percentage", Some(-1.0 / 3.0), Some(-1.0 / 3.0)),
    ("conv_end_delta_emotion_neu_utt_percentage", Some(1.0 / 6.0), Some(2.0 / 3.0)),
    ("conv_end_delta_emotion_pos_utt_percentage", Some(1.0 / 6.0), Some(-1.0 / 3.0)),
    // C1; A2 and A4, of 2 and 4 letters/s, 0.5 and 1 words/s.
    ("long_speech_utt_count", Some(1.0), Some(2.0)),
    ("long_speech_utt_length_sum", Some(8.0), Some(16.0)),
    ("long_speech_length_sum", Some(7.0), Some(14.0)),
    ("long_speech_n_words_sum", Some(7.0), Some(10.0)),
    ("long_speech_speech_speed_letters_mean", Some(3.0), Some(3.0)),
    ("long_speech_speech_speed_letters_std", Some(0.0), Some(1.0)),
    ("long_speech_speech_speed_words_mean", Some(1.0), Some(0.75)),
    ("long_speech_speech_speed_words_std", Some(0.0), Some(0.25)),
    ]
}
