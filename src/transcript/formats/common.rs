//! What several readers share: marks that are no words, and turns within an utterance.

use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Time;
use crate::transcript::draft::{Said, SaidWord, Speaker};
use crate::transcript::times::{Times, instant};
/// The most words that one mark is written in.
const MARK: usize = 4;

/// Leaves out marks: `[noise]`, `[неразборчиво]`, `<unk>`, over several words as `[MUSIC PLAYING]`.
/// An opening bracket that nothing closes soon is part of its word.
pub(super) fn without_marks(mut words: Vec<SaidWord>) -> Vec<SaidWord> {
    let opens = |w: &SaidWord| w.text.trim_start().starts_with(['[', '<']);
    let mut inside = 0;
    let marks: Vec<bool> = (0..words.len())
        .map(|i| {
            if inside == 0 && opens(&words[i]) {
                let end = words[i..].iter().take(MARK).position(|w| closes(&w.text));
                inside = end.map_or(0, |words| words + 1);
            }
            let mark = inside > 0;
            inside -= usize::from(mark);
            mark
        })
        .collect();
    let mut marks = marks.into_iter();
    words.retain(|_| marks.next() != Some(true));
    words
}

fn closes(word: &str) -> bool {
    let end = word.trim_end_matches(|c: char| c.is_whitespace() || ".,!?;:".contains(c));
    end.ends_with([']', '>'])
}

/// Strips tags, `<i>`, `</UNSURE>`, `<UNIN/>`; what stands between two of them is kept. `instead`
/// takes the place of each. A `<` that begins no tag stays.
pub(super) fn without_tags(text: &str, instead: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        kept.push_str(before);
        let begins = after.starts_with(|c: char| c.is_alphanumeric() || c == '/');
        let end = after.find(['<', '>']).filter(|_| begins);
        rest = match end.and_then(|end| after[end..].strip_prefix('>')) {
            Some(behind) => {
                kept.push_str(instead);
                behind
            }
            None => {
                kept.push('<');
                after
            }
        };
    }
    kept.push_str(rest);
    kept
}

/// Cuts an utterance where its words change their speaker.
///
/// A word without a speaker goes with the word before it, the first ones with the first word that
/// has one. The pieces lie over their words; an utterance of one speaker keeps its own times.
pub(super) fn runs(
    speaker: Option<Speaker>,
    times: Option<Times>,
    words: Vec<(Option<Speaker>, SaidWord)>,
) -> Vec<Said> {
    let first = words.iter().find_map(|(own, _)| own.clone());
    let mut current = first.or(speaker).unwrap_or(Speaker::Unknown);
    let mut pieces: Vec<(Speaker, Vec<SaidWord>)> = Vec::new();
    let mut piece = Vec::new();
    for (own, word) in words {
        match own {
            Some(own) if own != current => {
                let before = std::mem::replace(&mut current, own);
                pieces.push((before, std::mem::take(&mut piece)));
            }
            _ => {}
        }
        piece.push(word);
    }
    pieces.push((current, piece));
    let whole = pieces.len() == 1;
    let said = pieces.into_iter().map(|(speaker, words)| Said {
        speaker,
        times: times.filter(|_| whole),
        words: Some(without_marks(words)),
        emotion: None,
    });
    said.collect()
}

/// Parses seconds in a column of a line.
pub(super) fn seconds(field: Option<&str>, line: usize, wanted: &str) -> Result<Time> {
    let time = field.and_then(|f| instant(f.parse().ok()?));
    time.ok_or_else(|| ill_formed(line, "no number of seconds", wanted))
}

/// Makes the error of a line, counted from 0.
pub(super) fn ill_formed(line: usize, found: &str, wanted: &str) -> Error {
    let place = format!("line {}", line + 1);
    Error::new(ErrorKind::IllFormed, place, found, wanted)
}

/// Makes the error of a file that tells of several calls.
pub(super) fn several(recordings: usize) -> Error {
    let found = format!("{recordings} recordings");
    let error = Error::new(ErrorKind::Mismatch, "", found, "one call in a transcript");
    error.hint("cut the file by its recording column")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::draft::words_of;

    #[test]
    fn marks_are_no_words() {
        let cases = [
            ("да [noise] нет", "да нет"),
            ("[MUSIC PLAYING] да <unk>.", "да"),
            ("[да и нет", "[да и нет"),
            ("[1 2 3 4 5]", "[1 2 3 4 5]"),
            ("[a] b [c", "b [c"),
            ("[a, b], c", "c"),
        ];
        for (text, left) in cases {
            let words: Vec<String> = without_marks(words_of(text))
                .into_iter()
                .map(|w| w.text)
                .collect();
            assert_eq!(words.join(" "), left, "{text}");
        }
    }

    #[test]
    fn tags_are_stripped_and_what_they_enclose_is_kept() {
        let cases = [
            ("<UNSURE>да</UNSURE> нет", "да нет"),
            ("<UNIN/>", ""),
            ("a < b > c", "a < b > c"),
            ("<a<b>c", "<ac"),
            ("<i", "<i"),
        ];
        for (text, left) in cases {
            assert_eq!(without_tags(text, ""), left, "{text}");
        }
    }
}
