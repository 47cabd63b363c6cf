//! SpeechKit v3: `SpeakerAnalysis` for each side and `ConversationAnalysis`, as its JSON writes
//! protobuf: camelCase, 64-bit integers as text.
//!
//! * The segment analysed is the whole call, so a side's speech and silence add up to it.
//! * Rates are per utterance: words or letters by seconds of its speech. Distributions have the
//!   quantiles 0.5 and 0.9; those of lengths are in milliseconds, as the totals are. One of nothing
//!   is left out, as protobuf leaves out an empty message.
//! * Simultaneous silence and speech are all stretches of them, however short.
//! * An interrupt is this crate's attributed interruption, from the cut-in to the end of the overlap.
//! * The speaker's tag is `agent` or `customer`, where the service numbers channels.

use crate::call::Side;
use crate::conversation::{Conversation, Spoken, WordCount};
use crate::features::stats;
use crate::score::Measurements;
use crate::timeline::{Segment, Span, Time, Timeline};
use serde_json::{Map, Value, json};

/// The quantiles that the service's own examples ask for.
const LEVELS: [f64; 2] = [0.5, 0.9];

pub(super) fn show(found: &Measurements) -> Value {
    let Some(talk) = &found.conversation else {
        return json!({"speakerAnalysis": [], "conversationAnalysis": null});
    };
    let known = Side::BOTH
        .into_iter()
        .filter(|&side| !found.unheard.get(side));
    json!({
        "speakerAnalysis": known.map(|side| speaker(talk, side)).collect::<Vec<_>>(),
        "conversationAnalysis": found.dialogue().map(conversation),
    })
}

fn speaker(talk: &Conversation, side: Side) -> Value {
    let speech = talk.speech.get(side).duration();
    let utterances = talk.utterances.get(side);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("speakerTag", json!(side.name()));
    put("windowType", json!("TOTAL"));
    put("speechBoundaries", whole(talk));
    put("totalSpeechMs", millis(speech));
    put("speechRatio", ratio(speech, talk.duration));
    put("totalSilenceMs", millis(talk.duration - speech));
    put("silenceRatio", ratio(talk.duration - speech, talk.duration));
    if *talk.has_words.get(side) {
        let mut all = *talk.unplaced_words.get(side);
        for count in utterances.iter().filter_map(|u| u.words) {
            all.words += count.words;
            all.letters += count.letters;
        }
        put("wordsCount", json!(all.words.to_string()));
        put("lettersCount", json!(all.letters.to_string()));
    }
    let each = |value: fn(&Spoken, WordCount) -> Option<f64>| -> Vec<f64> {
        let known = utterances.iter().filter_map(|u| Some((u, u.words?)));
        known.filter_map(|(u, words)| value(u, words)).collect()
    };
    let distributions = [
        ("wordsPerSecond", each(|u, w| per_second(w.words, u))),
        ("lettersPerSecond", each(|u, w| per_second(w.letters, u))),
        ("wordsPerUtterance", each(|_, w| Some(w.words as f64))),
        ("lettersPerUtterance", each(|_, w| Some(w.letters as f64))),
    ];
    for (name, values) in distributions {
        shown.extend(distribution(&values).map(|d| (name.to_owned(), d)));
    }
    shown.insert(
        "utteranceCount".to_owned(),
        json!(utterances.len().to_string()),
    );
    let lengths: Vec<f64> = utterances
        .iter()
        .map(|u| in_millis(u.segment.duration()))
        .collect();
    let lengths = distribution(&lengths);
    shown.extend(lengths.map(|d| ("utteranceDurationEstimation".to_owned(), d)));
    Value::Object(shown)
}

fn conversation(talk: &Conversation) -> Value {
    let silent = talk.silences(None, Span::ZERO);
    let mut shown = Map::new();
    shown.insert("conversationBoundaries".to_owned(), whole(talk));
    for (what, timeline) in [("Silence", &silent), ("Speech", &talk.overlap)] {
        let total = timeline.duration();
        shown.insert(format!("totalSimultaneous{what}DurationMs"), millis(total));
        let share = ratio(total, talk.duration);
        shown.insert(format!("totalSimultaneous{what}Ratio"), share);
        let estimated = distribution(&lengths(timeline));
        let name = format!("simultaneous{what}DurationEstimation");
        shown.extend(estimated.map(|d| (name, d)));
    }
    let interrupts = Side::BOTH.map(|side| {
        let made: Vec<Segment> = talk
            .interruptions
            .iter()
            .filter(|i| i.by == side)
            .filter_map(|i| Segment::new(i.at, i.at + i.overlap))
            .collect();
        let total: Span = made.iter().map(|s| s.duration()).sum();
        json!({
            "speakerTag": side.name(),
            "interruptsCount": made.len().to_string(),
            "interruptsDurationMs": millis(total),
            "interrupts": made.iter().map(|s| boundaries(s.start(), s.end())).collect::<Vec<_>>(),
        })
    });
    shown.insert("speakerInterrupts".to_owned(), json!(interrupts));
    let speech = talk.anybody.duration();
    shown.insert("totalSpeechDurationMs".to_owned(), millis(speech));
    shown.insert("totalSpeechRatio".to_owned(), ratio(speech, talk.duration));
    Value::Object(shown)
}

fn per_second(count: u64, utterance: &Spoken) -> Option<f64> {
    let speech = utterance.speech;
    (speech > Span::ZERO).then(|| count as f64 / speech.seconds())
}

/// `DescriptiveStatistics`; `None` of nothing.
fn distribution(values: &[f64]) -> Option<Value> {
    let quantiles = LEVELS.map(|level| {
        let value = stats::quantile(values, level);
        json!({"level": level, "value": value})
    });
    Some(json!({
        "min": values.iter().copied().reduce(f64::min)?,
        "max": values.iter().copied().reduce(f64::max)?,
        "mean": stats::mean(values)?,
        "std": stats::std(values)?,
        "quantiles": quantiles,
    }))
}

fn lengths(timeline: &Timeline) -> Vec<f64> {
    let segments = timeline.segments().iter();
    segments.map(|s| in_millis(s.duration())).collect()
}

fn in_millis(span: Span) -> f64 {
    span.seconds() * 1e3
}

/// A whole number of milliseconds, as text.
fn millis(span: Span) -> Value {
    json!((in_millis(span).round() as i64).to_string())
}

fn ratio(part: Span, whole: Span) -> Value {
    match whole > Span::ZERO {
        true => json!(part.seconds() / whole.seconds()),
        false => Value::Null,
    }
}

fn boundaries(start: Time, end: Time) -> Value {
    json!({"startTimeMs": millis(start - Time::ZERO), "endTimeMs": millis(end - Time::ZERO)})
}

fn whole(talk: &Conversation) -> Value {
    boundaries(Time::ZERO, Time::ZERO + talk.duration)
}
