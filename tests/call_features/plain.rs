//! The plain twin of every `call_features` column.
//!
//! Slow on purpose, and nothing in it is shared with the library: a call is a table of whole
//! milliseconds, speech is one yes or no per millisecond and side, and every value is a loop over
//! them, written from the published definitions.

use std::collections::BTreeMap;

/// Values by name; `None` where the call cannot tell.
pub type Values = BTreeMap<String, Option<f64>>;

pub const CUSTOMER: usize = 0;
pub const AGENT: usize = 1;
pub const SIDES: [&str; 2] = ["customer", "agent"];

/// A call as a table; where there are two of anything, the customer's comes first.
#[derive(Clone, Debug)]
pub struct Call {
    /// Length in milliseconds.
    pub length: i64,
    /// What the transcript says; `None` without a transcript.
    pub said: Option<[Vec<Utterance>; 2]>,
    /// Where a detector hears speech; `None` without a recording.
    pub heard: Option<[Vec<(i64, i64)>; 2]>,
}

/// Utterances of one side do not overlap, and lie inside the call.
#[derive(Clone, Debug)]
pub struct Utterance {
    pub start: i64,
    pub end: i64,
    /// `None` where the format carries turns without words.
    pub words: Option<Vec<Word>>,
    /// Probabilities: positive, neutral, negative.
    pub emotion: Option<[f64; 3]>,
}

#[derive(Clone, Debug)]
pub struct Word {
    pub text: String,
    pub time: Option<(i64, i64)>,
}

// The thresholds, in milliseconds.
const UTTERANCE_JOIN: i64 = 500;
const OVERLAP_MIN: i64 = 200;
const EPISODE_JOIN: i64 = 2_000;
const EPISODE_MIN_SINGLE: i64 = 1_000;
const PHASE_PAUSE: i64 = 1_000;
const PHASE_CAP: i64 = 30_000;
const LONG_SPEECH: i64 = 5_000;
const EMOTIONAL_LENGTH: i64 = 2_000;
const EMOTIONAL_WORDS: i64 = 2;

/// An utterance that counts.
struct Row {
    start: i64,
    end: i64,
    speech: i64,
    /// Words and letters, where they are known.
    said: Option<(i64, i64)>,
    emotion: Option<[f64; 3]>,
}

/// One side of the call.
struct Half {
    speech: Vec<bool>,
    rows: Vec<Row>,
    words_known: bool,
}

/// Returns every scalar column, and the fields of every record of the list.
pub fn measure(call: &Call) -> (Values, Vec<Values>) {
    let halves = [half(call, CUSTOMER), half(call, AGENT)];
    let mut values = Values::new();
    for side in [CUSTOMER, AGENT] {
        side_columns(&mut values, call, side, &halves[side]);
    }
    let list = episodes(call, &halves);
    dialog_columns(&mut values, call, &halves, &list);
    difference_columns(&mut values);
    for side in [CUSTOMER, AGENT] {
        pair_columns(&mut values, side, &halves);
    }
    (values, list)
}

/// A token without a letter or a digit is no word.
fn is_word(word: &Word) -> bool {
    word.text
        .chars()
        .any(|c| c.is_alphabetic() || c.is_numeric())
}

fn half(call: &Call, side: usize) -> Half {
    let mut heard = vec![false; call.length as usize];
    if let Some(heard_of) = &call.heard {
        for &(start, end) in &heard_of[side] {
            mark(&mut heard, start, end);
        }
    }
    let said: &[Utterance] = match &call.said {
        Some(said) => &said[side],
        None => &[],
    };
    if said.is_empty() {
        return by_ear(heard);
    }
    // The transcript tells of this side: only utterances that hold a word count, or all of them
    // where the format has no words.
    let counted: Vec<&Utterance> = said
        .iter()
        .filter(|u| match &u.words {
            Some(words) => words.iter().any(is_word),
            None => true,
        })
        .collect();
    let mut speech = vec![false; call.length as usize];
    for u in &counted {
        let words: &[Word] = u.words.as_deref().unwrap_or(&[]);
        let timed = u.words.is_some()
            && words
                .iter()
                .filter(|w| is_word(w))
                .all(|w| w.time.is_some());
        for ms in u.start..u.end {
            speech[ms as usize] = if call.heard.is_some() {
                heard[ms as usize]
            } else if timed {
                words
                    .iter()
                    .filter(|w| is_word(w))
                    .filter_map(|w| w.time)
                    .any(|(start, end)| start <= ms && ms < end)
            } else {
                true
            };
        }
    }
    let words_known = !counted.is_empty() && counted.iter().all(|u| u.words.is_some());
    let rows = counted
        .iter()
        .map(|u| Row {
            start: u.start,
            end: u.end,
            speech: count(&speech, u.start, u.end),
            said: u.words.as_ref().map(|words| {
                let mut totals = (0, 0);
                for word in words.iter().filter(|w| is_word(w)) {
                    totals.0 += 1;
                    totals.1 += word.text.chars().filter(|c| c.is_alphabetic()).count() as i64;
                }
                totals
            }),
            emotion: u.emotion,
        })
        .collect();
    Half {
        speech,
        rows,
        // A side of which the transcript has no word at all: its words are unknown.
        words_known,
    }
}

/// Without a transcript of the side: heard speech joined over short pauses is one utterance.
fn by_ear(heard: Vec<bool>) -> Half {
    let mut rows: Vec<Row> = Vec::new();
    for (start, end) in runs(&heard) {
        match rows.last_mut() {
            Some(last) if start - last.end < UTTERANCE_JOIN => {
                last.end = end;
                last.speech += end - start;
            }
            _ => rows.push(Row {
                start,
                end,
                speech: end - start,
                said: None,
                emotion: None,
            }),
        }
    }
    Half {
        speech: heard,
        rows,
        words_known: false,
    }
}

fn side_columns(values: &mut Values, call: &Call, side: usize, half: &Half) {
    let rows: Vec<&Row> = half.rows.iter().collect();
    let mut put =
        |name: &str, value: Option<f64>| put(values, &format!("{}_{name}", SIDES[side]), value);

    let utterances = rows.len() as f64;
    let length = seconds(rows.iter().map(|r| r.end - r.start).sum());
    let speech = seconds(rows.iter().map(|r| r.speech).sum());
    put("utt_count", Some(utterances));
    put("utt_length_sum", Some(length));
    put("utt_length_mean", ratio(Some(length), Some(utterances)));
    put("speech_length_sum", Some(speech));
    put("speech_length_mean", ratio(Some(speech), Some(utterances)));
    put(
        "speech_length_percentage",
        ratio(Some(speech), Some(seconds(call.length))),
    );

    let words = words_of(half, &rows);
    let letters = letters_of(half, &rows);
    put("n_words_sum", words);
    put("n_words_mean", ratio(words, Some(utterances)));
    put("letters_in_word_mean", ratio(letters, words));
    put(
        "speech_speed_letters_all_call_mean",
        ratio(letters, Some(speech)),
    );
    put(
        "speech_speed_words_all_call_mean",
        ratio(words, Some(speech)),
    );
    for (what, rates) in [
        ("letters", letter_rates(&rows)),
        ("words", word_rates(&rows)),
    ] {
        put(&format!("speech_speed_{what}_mean"), mean(&rates));
        put(&format!("speech_speed_{what}_std"), deviation(&rates));
    }

    let long: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|r| r.speech > LONG_SPEECH)
        .collect();
    put("long_speech_utt_count", Some(long.len() as f64));
    put(
        "long_speech_utt_length_sum",
        Some(seconds(long.iter().map(|r| r.end - r.start).sum())),
    );
    put(
        "long_speech_length_sum",
        Some(seconds(long.iter().map(|r| r.speech).sum())),
    );
    put("long_speech_n_words_sum", words_of(half, &long));
    for (what, rates) in [
        ("letters", letter_rates(&long)),
        ("words", word_rates(&long)),
    ] {
        put(
            &format!("long_speech_speech_speed_{what}_mean"),
            mean(&rates),
        );
        put(
            &format!("long_speech_speech_speed_{what}_std"),
            deviation(&rates),
        );
    }

    let start = start_of_dialogue(&half.speech);
    let end = end_of_dialogue(&half.speech);
    put("speech_start_frame", start.map(|p| frame(p.0)));
    put("conv_start_last_frame", start.map(|p| frame(p.1)));
    put("conv_start_last_sec", start.map(|p| frame(p.1) / 8000.0));
    put("speech_end_frame", end.map(|p| frame(p.1)));
    put("conv_end_first_frame", end.map(|p| frame(p.0)));
    put("conv_end_first_sec", end.map(|p| frame(p.0) / 8000.0));

    let any_emotion = rows.iter().any(|r| r.emotion.is_some());
    let emotional: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|r| r.emotion.is_some())
        .filter(|r| {
            r.end - r.start > EMOTIONAL_LENGTH
                || r.said.is_some_and(|(words, _)| words > EMOTIONAL_WORDS)
        })
        .collect();
    let whole = emotions(any_emotion, half, &emotional);
    for (name, value) in &whole {
        put(name, *value);
    }
    for (phase, bounds) in [("conv_start", start), ("conv_end", end)] {
        // The midpoint lies inside: twice it, so that it is a whole number.
        let inside: Vec<&Row> = emotional
            .iter()
            .copied()
            .filter(|r| {
                bounds.is_some_and(|(a, b)| 2 * a <= r.start + r.end && r.start + r.end < 2 * b)
            })
            .collect();
        // A side without speech has no phases, so nothing is counted in them.
        let part = emotions(any_emotion && bounds.is_some(), half, &inside);
        for (name, value) in &part {
            put(&format!("{phase}_{name}"), *value);
        }
        let mut shared = vec![
            "emotion_utt_count",
            "emotion_speech_length_sum",
            "emotion_utt_length_sum",
        ];
        let mut less = vec![
            "emo_score_mean",
            "emotion_mean",
            "emotion_weighted_by_speech_length_mean",
            "emo_score_weighted_by_speech_length_mean",
            "emotion_weighted_by_n_words_mean",
            "emo_score_weighted_by_n_words_mean",
        ];
        let of_labels: Vec<String> = ["neg", "neu", "pos"]
            .iter()
            .flat_map(|label| {
                [
                    "utt_count",
                    "speech_time",
                    "speech_time_weighted_by_confidence",
                ]
                .map(|what| format!("emotion_{label}_{what}"))
            })
            .collect();
        let shares: Vec<String> = ["neg", "neu", "pos"]
            .iter()
            .flat_map(|label| {
                ["speech_time_percentage", "utt_percentage"]
                    .map(|what| format!("emotion_{label}_{what}"))
            })
            .collect();
        shared.extend(of_labels.iter().map(String::as_str));
        less.extend(shares.iter().map(String::as_str));
        for name in shared {
            let share = ratio(part[name], whole[name]);
            put(&format!("{phase}_{name}_of_total_call_percentage"), share);
        }
        for name in less {
            put(
                &format!("{phase}_delta_{name}"),
                minus(part[name], whole[name]),
            );
        }
    }
}

/// The columns of some emotional utterances, by their names without side or phase.
fn emotions(any_emotion: bool, half: &Half, rows: &[&Row]) -> Values {
    let mut values = Values::new();
    let mut put =
        |name: &str, value: Option<f64>| put(&mut values, name, value.filter(|_| any_emotion));
    let probabilities: Vec<[f64; 3]> = rows.iter().filter_map(|r| r.emotion).collect();
    let labels: Vec<f64> = probabilities.iter().map(label).collect();
    let scores: Vec<f64> = probabilities.iter().map(|p| p[0] - p[2]).collect();
    let speech: Vec<f64> = rows.iter().map(|r| seconds(r.speech)).collect();

    let utterances = rows.len() as f64;
    let length = seconds(rows.iter().map(|r| r.end - r.start).sum());
    put("emotion_utt_count", Some(utterances));
    put("emotion_utt_length_sum", Some(length));
    put("emotion_speech_length_sum", Some(speech.iter().sum()));
    put("emotion_n_words_sum", words_of(half, rows));
    for (name, wanted, place) in [("neg", -1.0, 2), ("neu", 0.0, 1), ("pos", 1.0, 0)] {
        let (mut with, mut time, mut sure) = (0.0, 0.0, 0.0);
        for i in 0..rows.len() {
            if labels[i] == wanted {
                with += 1.0;
                time += speech[i];
                sure += speech[i] * probabilities[i][place];
            }
        }
        put(&format!("emotion_{name}_utt_count"), Some(with));
        put(
            &format!("emotion_{name}_utt_percentage"),
            ratio(Some(with), Some(utterances)),
        );
        put(&format!("emotion_{name}_speech_time"), Some(time));
        put(
            &format!("emotion_{name}_speech_time_percentage"),
            ratio(Some(time), Some(length)),
        );
        put(
            &format!("emotion_{name}_speech_time_weighted_by_confidence"),
            Some(sure),
        );
        let of_all: Vec<f64> = probabilities.iter().map(|p| p[place]).collect();
        put(&format!("emo_{name}_mean"), mean(&of_all));
    }
    put("emotion_mean", mean(&labels));
    put("emo_score_mean", mean(&scores));
    let words: Option<Vec<f64>> = match half.words_known {
        true => rows
            .iter()
            .map(|r| r.said.map(|(words, _)| words as f64))
            .collect(),
        false => None,
    };
    let by_words = |numbers: &[f64]| words.as_ref().and_then(|w| weighted_mean(numbers, w));
    put(
        "emotion_weighted_by_speech_length_mean",
        weighted_mean(&labels, &speech),
    );
    put(
        "emo_score_weighted_by_speech_length_mean",
        weighted_mean(&scores, &speech),
    );
    put("emotion_weighted_by_n_words_mean", by_words(&labels));
    put("emo_score_weighted_by_n_words_mean", by_words(&scores));
    values
}

/// Negative −1, neutral 0, positive 1; of equals neutral, then negative.
fn label(&[positive, neutral, negative]: &[f64; 3]) -> f64 {
    if neutral >= positive && neutral >= negative {
        0.0
    } else if negative >= positive {
        -1.0
    } else {
        1.0
    }
}

/// From the first speech until a pause longer than `PHASE_PAUSE`, capped.
fn start_of_dialogue(speech: &[bool]) -> Option<(i64, i64)> {
    let runs = runs(speech);
    let (first, mut last) = *runs.first()?;
    for &(start, end) in &runs[1..] {
        if start - last > PHASE_PAUSE {
            break;
        }
        last = end;
    }
    Some((first, last.min(first + PHASE_CAP)))
}

/// The mirror image: the same on the reversed call.
fn end_of_dialogue(speech: &[bool]) -> Option<(i64, i64)> {
    let reversed: Vec<bool> = speech.iter().rev().copied().collect();
    let length = speech.len() as i64;
    start_of_dialogue(&reversed).map(|(a, b)| (length - b, length - a))
}

fn dialog_columns(values: &mut Values, call: &Call, halves: &[Half; 2], list: &[Values]) {
    let length = Some(seconds(call.length));
    let both: Vec<bool> = together(halves, |c, a| c && a);
    let anybody: Vec<bool> = together(halves, |c, a| c || a);
    let customer = values["customer_speech_length_sum"];
    let agent = values["agent_speech_length_sum"];
    let sum = plus(customer, agent);
    let anybody = Some(seconds(count(&anybody, 0, call.length)));
    let silence = minus(length, anybody);
    let raw = Some(seconds(count(&both, 0, call.length)));
    let inside = Some(
        list.iter()
            .filter_map(|r| r["interruption_speech_length_sum"])
            .sum(),
    );
    for (name, value) in [
        // A call of no length is one whose length is unknown.
        ("call_duration", length.filter(|&s| s > 0.0)),
        ("dialog_both_channels_speech_length_sum", sum),
        (
            "dialog_customer_speech_length_percentage",
            ratio(customer, length),
        ),
        (
            "dialog_agent_speech_length_percentage",
            ratio(agent, length),
        ),
        ("dialog_anybody_speech_length_sum", anybody),
        (
            "dialog_anybody_speech_length_percentage",
            ratio(anybody, length),
        ),
        ("dialog_silence_length_sum", silence),
        ("dialog_silence_length_percentage", ratio(silence, length)),
        ("dialog_customer_speech_percentage", ratio(customer, sum)),
        ("dialog_agent_speech_percentage", ratio(agent, sum)),
        ("dialog_interruptions_count", Some(list.len() as f64)),
        ("dialog_interruptions_speech_length_sum", inside),
        (
            "dialog_interruptions_speech_length_percentage",
            ratio(inside, length),
        ),
        ("dialog_interruptions_raw_speech_length_sum", raw),
        (
            "dialog_interruptions_raw_speech_length_percentage",
            ratio(raw, length),
        ),
        (
            "dialog_interruptions_in_anybody_speech_percentage",
            ratio(inside, anybody),
        ),
        (
            "dialog_interruptions_in_customer_speech_percentage",
            ratio(inside, customer),
        ),
        (
            "dialog_interruptions_in_agent_speech_percentage",
            ratio(inside, agent),
        ),
    ] {
        put(values, name, value);
    }
}

/// The records of the list: chains of overlap fragments.
fn episodes(call: &Call, halves: &[Half; 2]) -> Vec<Values> {
    let both = together(halves, |c, a| c && a);
    let silent = together(halves, |c, a| !c && !a);
    let mut chains: Vec<Vec<(i64, i64)>> = Vec::new();
    for (start, end) in runs(&both) {
        if end - start < OVERLAP_MIN {
            continue;
        }
        match chains.last_mut() {
            Some(chain) if start - chain[chain.len() - 1].1 <= EPISODE_JOIN => {
                chain.push((start, end))
            }
            _ => chains.push(vec![(start, end)]),
        }
    }
    let mut list = Vec::new();
    for chain in chains {
        let of_fragments: i64 = chain.iter().map(|(start, end)| end - start).sum();
        if chain.len() < 2 && of_fragments < EPISODE_MIN_SINGLE {
            continue;
        }
        let (start, end) = (chain[0].0, chain[chain.len() - 1].1);
        debug_assert!(end <= call.length);
        let overlap = Some(seconds(count(&both, start, end)));
        let total = Some(seconds(end - start));
        let customer = Some(seconds(count(&halves[CUSTOMER].speech, start, end)));
        let agent = Some(seconds(count(&halves[AGENT].speech, start, end)));
        let sum = plus(customer, agent);
        let silence = Some(seconds(count(&silent, start, end)));
        let mut record = Values::new();
        for (name, value) in [
            ("interruption_speech_length_sum", overlap),
            ("interruption_total_length", total),
            ("interruption_speech_percentage", ratio(overlap, total)),
            ("interruption_count", Some(chain.len() as f64)),
            ("interruption_start_frame", Some(frame(start))),
            ("interruption_end_frame", Some(frame(end))),
            ("interruption_start_sec", Some(seconds(start))),
            ("interruption_end_sec", Some(seconds(end))),
            ("customer_speech_length_sum", customer),
            (
                "customer_interruption_speech_percentage",
                ratio(overlap, customer),
            ),
            ("agent_speech_length_sum", agent),
            (
                "agent_interruption_speech_percentage",
                ratio(overlap, agent),
            ),
            ("customer_speech_percentage", ratio(customer, sum)),
            ("agent_speech_percentage", ratio(agent, sum)),
            ("silence_length_sum", silence),
            ("silence_length_percentage", ratio(silence, total)),
        ] {
            put(&mut record, name, value);
        }
        list.push(record);
    }
    list
}

fn difference_columns(values: &mut Values) {
    for name in [
        "n_words_mean",
        "utt_length_mean",
        "speech_length_mean",
        "letters_in_word_mean",
        "speech_speed_letters_mean",
        "speech_speed_words_mean",
        "speech_speed_letters_all_call_mean",
        "speech_speed_words_all_call_mean",
    ] {
        let difference = minus(
            values[&format!("customer_{name}")],
            values[&format!("agent_{name}")],
        );
        put(
            values,
            &format!("dialog_customer_agent_{name}_diff"),
            difference,
        );
    }
}

/// Long utterances of one side beside long ones of the other.
fn pair_columns(values: &mut Values, side: usize, halves: &[Half; 2]) {
    let mut put = |name: &str, value: Option<f64>| {
        put(
            values,
            &format!("dialog_{}_speech_speed_delta_{name}", SIDES[side]),
            value,
        )
    };
    let known = halves[side].words_known && halves[1 - side].words_known;
    let long = |side: usize| -> Vec<&Row> {
        halves[side]
            .rows
            .iter()
            .filter(|r| r.speech > LONG_SPEECH)
            .collect()
    };
    let (own, others) = (long(side), long(1 - side));
    let (mut first, mut second) = (Vec::new(), Vec::new());
    if known {
        for &row in &own {
            if let Some(other) = neighbour(row, &own, &others) {
                first.push(row);
                second.push(other);
            }
        }
    }
    let speech: Vec<f64> = first.iter().map(|r| seconds(r.speech)).collect();
    put("utt_count", Some(first.len() as f64).filter(|_| known));
    put(
        "speech_length_sum",
        Some(speech.iter().sum()).filter(|_| known),
    );
    put(
        "n_words_sum",
        words_of(&halves[side], &first).filter(|_| known),
    );
    let deltas = |rates: fn(&[&Row]) -> Vec<f64>| -> Vec<f64> {
        let pairs = rates(&first).into_iter().zip(rates(&second));
        pairs.map(|(own, other)| own - other).collect()
    };
    for (what, deltas) in [
        ("letters", deltas(letter_rates)),
        ("words", deltas(word_rates)),
    ] {
        let sizes: Vec<f64> = deltas.iter().map(|d| d.abs()).collect();
        put(&format!("{what}_mean"), mean(&deltas));
        put(&format!("{what}_abs_mean"), mean(&sizes));
        put(
            &format!("{what}_max"),
            deltas.iter().copied().reduce(f64::max),
        );
        put(
            &format!("{what}_min"),
            deltas.iter().copied().reduce(f64::min),
        );
        put(&format!("{what}_std"), deviation(&deltas));
        let middle = weighted_mean(&deltas, &speech);
        put(&format!("{what}_true_mean"), middle);
        put(
            &format!("{what}_true_abs_mean"),
            weighted_mean(&sizes, &speech),
        );
        let squares: Vec<f64> = deltas
            .iter()
            .map(|d| (d - middle.unwrap_or(0.0)).powi(2))
            .collect();
        put(
            &format!("{what}_true_std"),
            weighted_mean(&squares, &speech).map(f64::sqrt),
        );
    }
}

/// The long utterance of the other side next to a long one: the last that is not after it or the
/// first that is not before it, by start and then end, none of its own side strictly between; of
/// both the nearer in time, of equally near ones the earlier.
fn neighbour<'a>(row: &Row, own: &[&Row], others: &[&'a Row]) -> Option<&'a Row> {
    let key = |r: &Row| (r.start, r.end);
    let adjacent = |other: &Row| {
        let (low, high) = (key(row).min(key(other)), key(row).max(key(other)));
        !own.iter().any(|r| low < key(r) && key(r) < high)
    };
    let before = others
        .iter()
        .copied()
        .filter(|o| key(o) <= key(row))
        .max_by_key(|o| key(o));
    let after = others
        .iter()
        .copied()
        .filter(|o| key(o) >= key(row))
        .min_by_key(|o| key(o));
    let away = |o: &Row| (o.start.max(row.start) - o.end.min(row.end)).max(0);
    match (
        before.filter(|o| adjacent(o)),
        after.filter(|o| adjacent(o)),
    ) {
        (Some(before), Some(after)) if away(after) < away(before) => Some(after),
        (Some(before), _) => Some(before),
        (None, after) => after,
    }
}

fn words_of(half: &Half, rows: &[&Row]) -> Option<f64> {
    let sum: i64 = rows
        .iter()
        .filter_map(|r| r.said)
        .map(|(words, _)| words)
        .sum();
    half.words_known.then_some(sum as f64)
}

fn letters_of(half: &Half, rows: &[&Row]) -> Option<f64> {
    let sum: i64 = rows
        .iter()
        .filter_map(|r| r.said)
        .map(|(_, letters)| letters)
        .sum();
    half.words_known.then_some(sum as f64)
}

/// Words per second of every utterance in which there is speech and whose words are known.
fn word_rates(rows: &[&Row]) -> Vec<f64> {
    let heard = rows.iter().filter(|r| r.speech > 0);
    heard
        .filter_map(|r| Some(r.said?.0 as f64 / seconds(r.speech)))
        .collect()
}

fn letter_rates(rows: &[&Row]) -> Vec<f64> {
    let heard = rows.iter().filter(|r| r.speech > 0);
    heard
        .filter_map(|r| Some(r.said?.1 as f64 / seconds(r.speech)))
        .collect()
}

fn put(values: &mut Values, name: &str, value: Option<f64>) {
    let before = values.insert(name.to_owned(), value);
    assert!(before.is_none(), "{name} is made twice");
}

fn mark(line: &mut [bool], start: i64, end: i64) {
    for ms in start.max(0)..end.min(line.len() as i64) {
        line[ms as usize] = true;
    }
}

fn count(line: &[bool], start: i64, end: i64) -> i64 {
    (start..end).filter(|&ms| line[ms as usize]).count() as i64
}

fn together(halves: &[Half; 2], of: impl Fn(bool, bool) -> bool) -> Vec<bool> {
    let (customer, agent) = (&halves[CUSTOMER].speech, &halves[AGENT].speech);
    customer
        .iter()
        .zip(agent)
        .map(|(&c, &a)| of(c, a))
        .collect()
}

/// The stretches of `true`.
fn runs(line: &[bool]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for (ms, &on) in line.iter().enumerate() {
        let ms = ms as i64;
        match runs.last_mut() {
            Some(last) if on && last.1 == ms => last.1 = ms + 1,
            _ if on => runs.push((ms, ms + 1)),
            _ => {}
        }
    }
    runs
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn frame(ms: i64) -> f64 {
    (seconds(ms) * 8000.0).round()
}

fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    (whole != 0.0).then(|| part / whole)
}

fn plus(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a? + b?)
}

fn minus(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a? - b?)
}

fn mean(numbers: &[f64]) -> Option<f64> {
    ratio(Some(numbers.iter().sum()), Some(numbers.len() as f64))
}

/// Standard deviation of all there is: divided by n.
fn deviation(numbers: &[f64]) -> Option<f64> {
    let middle = mean(numbers)?;
    let squares: Vec<f64> = numbers.iter().map(|x| (x - middle).powi(2)).collect();
    mean(&squares).map(f64::sqrt)
}

fn weighted_mean(numbers: &[f64], weights: &[f64]) -> Option<f64> {
    let sum = numbers.iter().zip(weights).map(|(x, w)| x * w).sum();
    ratio(Some(sum), Some(weights.iter().sum()))
}
