//! A mono recording transcribed as two channels: both sides say the same.

use super::{Transcript, Word};
use crate::call::{Side, Sides};
use crate::timeline::{Span, Time};
use std::collections::HashMap;

/// How far apart the same word of both sides may start. Recognisers of two channels agree to a
/// frame or two; people who repeat each other are a syllable behind.
const APART: Span = Span::from_millis(150);
/// From this share of each side's words on, the two are one.
const SHARE: f64 = 0.5;
/// With fewer words on a side, agreement may be chance: "yes", "да".
const FEWEST: usize = 6;

/// Tells whether at least half of each side's words are said by the other at the same time.
///
/// Words without a time are laid evenly over their utterance; those without a place do not count.
pub(super) fn is_doubled(transcript: &Transcript) -> bool {
    let words = Sides::from_fn(|side| words_of(transcript, side));
    Side::BOTH.into_iter().all(|side| {
        let (own, other) = (words.get(side), words.get(side.other()));
        let mut starts: HashMap<&str, Vec<Time>> = HashMap::new();
        for (text, start) in other {
            starts.entry(text).or_default().push(*start);
        }
        // In order, so that a call of a single word over and over is compared as fast as any.
        starts
            .values_mut()
            .for_each(|starts| starts.sort_unstable());
        let said_by_both = own.iter().filter(|(text, start)| {
            let same = starts.get(text.as_str()).map_or(&[][..], Vec::as_slice);
            let before = same.partition_point(|other| *start - *other > APART);
            same.get(before).is_some_and(|next| *next - *start <= APART)
        });
        own.len() >= FEWEST && said_by_both.count() as f64 >= SHARE * own.len() as f64
    })
}

/// Returns the words of a side with their starts.
fn words_of(transcript: &Transcript, side: Side) -> Vec<(String, Time)> {
    let mut placed = Vec::new();
    for utterance in transcript.utterances.iter().filter(|u| u.side == side) {
        let words: &[Word] = utterance.words.as_deref().unwrap_or_default();
        let start = utterance.segment.start();
        let length = utterance.segment.duration().nanos();
        for (i, word) in words.iter().enumerate() {
            // Both factors are below 2^63 / 10^9: times of a call, words of an utterance.
            let evenly = i128::from(length) * i as i128 / words.len() as i128;
            let evenly = start + Span::from_nanos(evenly as i64);
            placed.push((word.plain(), word.time.map_or(evenly, |t| t.start())));
        }
    }
    let loose = transcript.loose_words.iter().filter(|(s, _)| *s == side);
    placed.extend(loose.filter_map(|(_, w)| Some((w.plain(), w.time?.start()))));
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::testing;

    fn said(side: &str, start: f64, words: &[&str]) -> String {
        let word = |(i, w): (usize, &&str)| {
            let at = start + 0.4 * i as f64;
            format!(
                r#"{{"text": "{w}", "start_s": {at}, "end_s": {}}}"#,
                at + 0.3
            )
        };
        let list: Vec<String> = words.iter().enumerate().map(word).collect();
        let end = start + 0.4 * words.len() as f64;
        let list = list.join(",");
        format!(r#"{{"side": "{side}", "start_s": {start}, "end_s": {end}, "words": [{list}]}}"#)
    }

    fn doubled(utterances: &[String]) -> bool {
        let list = utterances.join(",");
        let json =
            format!(r#"{{"format": "callcsi-transcript", "version": 1, "utterances": [{list}]}}"#);
        is_doubled(&testing::parse(&json, None).unwrap().0)
    }

    const WORDS: [&str; 6] = ["я", "хотел", "бы", "узнать", "свой", "баланс"];

    #[test]
    fn the_same_words_at_the_same_time_are_one_recording() {
        assert!(doubled(&[
            said("agent", 1.0, &WORDS),
            said("customer", 1.05, &WORDS)
        ]));
    }

    #[test]
    fn one_word_over_and_over_is_compared_as_fast_as_any() {
        use crate::transcript::{Utterance, Word};
        let time = |start: f64| crate::timeline::Segment::from_seconds(start, start + 0.2).unwrap();
        let said = |side: Side, from: f64| {
            let words = (0..200_000).map(|i| Word::new("да", Some(time(from + f64::from(i)))));
            let words: Vec<Word> = words.flatten().collect();
            let segment = time(from);
            Utterance {
                side,
                segment,
                words: Some(words),
                emotion: None,
            }
        };
        let call = |apart| Transcript {
            utterances: vec![said(Side::Agent, 0.0), said(Side::Customer, apart)],
            ..Transcript::default()
        };
        assert!(is_doubled(&call(0.15)) && is_doubled(&call(0.0)));
        assert!(!is_doubled(&call(0.5)));
    }

    #[test]
    fn repeating_the_other_is_no_doubling() {
        assert!(!doubled(&[
            said("agent", 1.0, &WORDS),
            said("customer", 4.0, &WORDS)
        ]));
        let yes = ["да", "да"];
        assert!(!doubled(&[
            said("agent", 1.0, &yes),
            said("customer", 1.0, &yes)
        ]));
        assert!(!doubled(&[said("agent", 1.0, &WORDS)]));
    }
}
