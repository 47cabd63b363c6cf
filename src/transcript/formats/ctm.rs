//! NIST CTM, as Kaldi, NeMo's aligner and scoring tools write it.
//!
//! `file channel start duration word [confidence …]`, seconds, one word in a line; `;;` begins a
//! comment. Of alternatives (`<ALT_BEGIN>`, `<ALT>`, `<ALT_END>`) the first is taken. Marks as
//! `<eps>`, `[noise]` and `!SIL` are no words. NeMo joins the words of a segment by `<space>`: the
//! line is then an utterance whose words have no times.
//!
//! Channels are `A` and `B`, or `1` and `2` (`0` and `1` where a `0` occurs); any other label is a
//! name. A file in which every line has the channel `A`, `1` or `0` does not tell who speaks: tools
//! write that of any file.

use super::common::{ill_formed, seconds, several, without_marks};
use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, SaidWord, Speaker};
use crate::transcript::times::{Times, instant};
use std::collections::BTreeSet;

const WANTED: &str = "a CTM line: file, channel, start, duration, word";
/// Between the words of a segment, in NeMo's files.
const BLANK: &str = "<space>";
/// How many lines are looked at to tell the format.
const LINES: usize = 5;

/// Returns the lines with their numbers, without comments and empty ones.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines.filter(|(_, l)| !l.trim().is_empty() && !l.trim_start().starts_with(";;"))
}

pub(super) fn matches(content: &Content<'_>) -> bool {
    let Some(text) = content.as_text() else {
        return false;
    };
    let is_time = |f: &str| f == "*" || f.parse().ok().and_then(instant).is_some();
    let is_word = |(_, line): (usize, &str)| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            ["SPEAKER", ..] if fields.len() > 7 => false,
            [_, _, start, length, _, ..] => is_time(start) && is_time(length),
            _ => false,
        }
    };
    lines(text).next().is_some() && lines(text).take(LINES).all(is_word)
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let text = content.text("CTM")?;
    let mut recordings = BTreeSet::new();
    let mut channels = BTreeSet::new();
    for (_, line) in lines(text) {
        let mut fields = line.split_whitespace();
        recordings.extend(fields.next());
        channels.extend(fields.next());
    }
    if recordings.len() > 1 {
        return Err(several(recordings.len()));
    }
    let mut draft = Draft::default();
    let mut other_alternative = false;
    for (number, line) in lines(text) {
        let mut fields = line.split_whitespace().skip(1);
        let channel = fields.next().unwrap_or_default();
        let (start, length, word) = (fields.next(), fields.next(), fields.next());
        let Some(word) = word else {
            return Err(ill_formed(number, "too few columns", WANTED));
        };
        if word.starts_with("<ALT") {
            other_alternative = word == "<ALT>";
            continue;
        }
        let start = seconds(start, number, WANTED)?;
        let length = seconds(length, number, WANTED)?;
        if other_alternative || word.starts_with('!') {
            continue;
        }
        let speaker = speaker(channel, &channels);
        let times = Times::lasting(Some(start), Some(length));
        if word.contains(BLANK) {
            let words = word.split(BLANK).map(|w| SaidWord::new(w, None));
            draft.said.push(Said {
                speaker,
                times,
                words: Some(without_marks(words.collect())),
                emotion: None,
            });
        } else {
            let word = without_marks(vec![SaidWord::new(word, times)]);
            draft
                .loose
                .extend(word.into_iter().map(|word| (speaker.clone(), word)));
        }
    }
    Ok(draft)
}

/// Returns whose channel it is; `channels` are all that occur. Of RTTM too.
pub(super) fn speaker(channel: &str, channels: &BTreeSet<&str>) -> Speaker {
    match channel {
        "A" | "a" | "0" | "1" if channels.len() < 2 => Speaker::Unknown,
        "A" | "a" => Speaker::Channel(0),
        "B" | "b" => Speaker::Channel(1),
        "<NA>" => Speaker::Unknown,
        _ => match channel.parse::<u64>() {
            Ok(number) if channels.contains("0") => Speaker::Channel(number),
            Ok(number) => Speaker::Channel(number.saturating_sub(1)),
            Err(_) => Speaker::named(channel),
        },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::error::ErrorKind;
    use crate::timeline::Segment;
    use crate::transcript::{Format, testing};

    pub(in super::super) const SMALL: &str = ";; hypotheses\n\
        rec7 A 0.50 0.25 добрый 0.9\n\
        rec7 A 0.75 0.25 <eps>\n\
        rec7 A 1.00 0.50 день 1.0\n\
        \n\
        rec7 B 2.00 0.25 [noise] 0.4\r\n\
        rec7 B 2.25 0.25 да 0.8\r\n";

    #[test]
    fn words_last_for_their_duration() {
        let (transcript, odd) = testing::parse(SMALL, Some(AgentChannel::Right)).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Customer), "добрый день");
        assert_eq!(testing::text_of(&transcript, Side::Agent), "да");
        let (_, word) = &transcript.loose_words[1];
        assert_eq!(word.time, Segment::from_seconds(1.0, 1.5));
        assert!(odd.is_empty());
    }

    #[test]
    fn channels_may_be_numbered() {
        for (a, b) in [(" 1 ", " 2 "), (" 0 ", " 1 ")] {
            let text = SMALL.replace(" A ", a).replace(" B ", b);
            let (transcript, _) = testing::parse(&text, Some(AgentChannel::Left)).unwrap();
            assert_eq!(testing::text_of(&transcript, Side::Customer), "да");
        }
    }

    #[test]
    fn the_first_channel_alone_is_nobodys() {
        for lone in [" A ", " 1 ", " 0 "] {
            let text = SMALL.replace(" A ", lone).replace(" B ", lone);
            let error = testing::parse(&text, Some(AgentChannel::Left)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            let (transcript, ..) = testing::parse_side(&text, Side::Agent).unwrap();
            assert_eq!(transcript.loose_words.len(), 3);
        }
        let second = SMALL.replace(" A ", " B ");
        let (transcript, _) = testing::parse(&second, Some(AgentChannel::Left)).unwrap();
        assert!(transcript.tells_of(Side::Customer) && !transcript.tells_of(Side::Agent));
    }

    #[test]
    fn a_segment_of_several_words_is_an_utterance() {
        let text = "talk 1 0.50 1.50 да<space>нет<space>— NA lex NA\n\
                    talk 1 3.00 0.50 ага NA lex NA\n";
        let (transcript, _, format) = testing::parse_side(text, Side::Agent).unwrap();
        assert_eq!(format, Format::Ctm);
        let said = &transcript.utterances[0];
        assert_eq!(said.segment, Segment::from_seconds(0.5, 2.0).unwrap());
        assert_eq!(testing::text_of(&transcript, Side::Agent), "да нет ага");
    }

    #[test]
    fn the_first_alternative_is_taken() {
        let text = "r A * * <ALT_BEGIN>\nr A 1 0.5 да\nr A * * <ALT>\nr A 1 0.5 дай\n\
                    r A * * <ALT_END>\nr A 2 0.5 нет\n";
        let (transcript, ..) = testing::parse_side(text, Side::Agent).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Agent), "да нет");
    }

    #[test]
    fn malformed_lines_and_several_recordings_are_refused() {
        let text = SMALL.replace("2.25 0.25", "2.25 long");
        let error = testing::parse(&text, Some(AgentChannel::Left)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let many = format!("{}rec7 B 9 soon да\n", SMALL.repeat(2));
        let error = testing::parse(&many, Some(AgentChannel::Left)).unwrap_err();
        assert_eq!(error.place(), "line 15", "{error}");
        let many = format!("{SMALL}rec8 A 0.1 0.2 да\n");
        let error = testing::parse(&many, Some(AgentChannel::Left)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.found().contains("2 recordings"), "{error}");
    }
}
