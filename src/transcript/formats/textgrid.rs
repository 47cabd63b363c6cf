//! Praat TextGrid, long and short text form, UTF-8 or UTF-16.
//!
//! As Praat itself does, the reader takes the numbers and texts that stand free, and leaves out what
//! only names them (`xmin =`, `intervals [1]:`). So both forms are one: the class, the ends of the
//! grid, and its tiers. A quotation mark within a text is doubled; texts may hold line ends.
//!
//! Interval tiers are speakers, by their names; point tiers are left out, and so are tiers of
//! phones. An interval is an utterance; on a tier of words (`agent - words`, `words`) an interval of
//! one word is that word. Where both `agent` and `agent - words` stand, the words are taken. Tags as
//! `<UNIN/>` are no words; what stands within `<UNSURE>…</UNSURE>` is.

use super::common::{ill_formed, without_marks, without_tags};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::Time;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, Speaker, words_of};
use crate::transcript::times::{Times, instant};
use std::collections::BTreeSet;

const HEAD: &str = "\"ooTextFile\"";

pub(super) fn matches(content: &Content<'_>) -> bool {
    let text = content.as_text().unwrap_or_default().trim_start();
    let head = text.strip_prefix("File type = ").unwrap_or(text);
    head.starts_with(HEAD) && text.lines().take(3).any(|l| l.contains("\"TextGrid\""))
}

struct Tier {
    name: String,
    intervals: Vec<(Times, String)>,
}

impl Tier {
    /// Tells whether the tier is of one unit, as `agent - words`.
    fn is_of(&self, unit: &str) -> bool {
        self.name.to_lowercase().ends_with(unit)
    }

    /// Returns the name of the speaker.
    fn who(&self) -> &str {
        let cut = self.name.len() - "words".len().min(self.name.len());
        match self.name.get(cut..) {
            Some(end) if end.eq_ignore_ascii_case("words") => {
                self.name[..cut].trim_end_matches([' ', '-', '_'])
            }
            _ => self.name.trim(),
        }
    }
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let text = content.text("a TextGrid")?;
    let mut tokens = Tokens { text, line: 0 };
    let mut draft = Draft::default();
    tokens.text("ooTextFile")?;
    if tokens.text("the class TextGrid")? != "TextGrid" {
        return Err(ill_formed(tokens.line, "another class", "a TextGrid"));
    }
    tokens.time("xmin")?;
    draft.duration = Some(tokens.time("xmax")? - Time::ZERO);
    let tiers = read_tiers(&mut tokens)?;
    let with_words: BTreeSet<String> = tiers
        .iter()
        .filter(|t| t.is_of("words"))
        .map(|t| t.who().to_lowercase())
        .collect();
    for tier in &tiers {
        let of_words = tier.is_of("words");
        let told = !of_words && with_words.contains(&tier.who().to_lowercase());
        if told || tier.is_of("phones") {
            continue;
        }
        let speaker = Speaker::named(tier.who());
        for (times, text) in &tier.intervals {
            let mut words = without_marks(words_of(&without_tags(text, " ")));
            words.retain(|w| w.text.chars().any(char::is_alphanumeric));
            match words.len() {
                0 => {}
                1 if of_words => draft.loose.extend(words.into_iter().map(|mut word| {
                    word.times = Some(*times);
                    (speaker.clone(), word)
                })),
                _ => draft.said.push(Said {
                    speaker: speaker.clone(),
                    times: Some(*times),
                    words: Some(words),
                    emotion: None,
                }),
            }
        }
    }
    Ok(draft)
}

fn read_tiers(tokens: &mut Tokens<'_>) -> Result<Vec<Tier>> {
    let mut tiers = Vec::new();
    if tokens.flag("whether there are tiers")? != "<exists>" {
        return Ok(tiers);
    }
    for _ in 0..tokens.count("the number of tiers")? {
        let points = match tokens.text("the class of a tier")?.as_str() {
            "IntervalTier" => false,
            "TextTier" => true,
            _ => {
                let wanted = "IntervalTier or TextTier";
                return Err(ill_formed(tokens.line, "another class of tier", wanted));
            }
        };
        let name = tokens.text("the name of a tier")?;
        tokens.time("xmin")?;
        tokens.time("xmax")?;
        let mut intervals = Vec::new();
        for _ in 0..tokens.count("the size of a tier")? {
            let start = tokens.time("a time")?;
            let end = if points { start } else { tokens.time("xmax")? };
            let text = tokens.text("a text in quotation marks")?;
            if !points {
                intervals.push((Times { start, end }, text));
            }
        }
        tiers.push(Tier { name, intervals });
    }
    Ok(tiers)
}

enum Token<'a> {
    Text(String),
    Number(f64),
    Flag(&'a str),
}

/// The numbers, texts and flags that stand free.
struct Tokens<'a> {
    text: &'a str,
    /// The line, counted from 0, that was reached.
    line: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.text.trim_start();
            let skipped = self.text.len() - rest.len();
            self.take(skipped);
            if rest.is_empty() {
                return None;
            }
            if rest.starts_with('"') {
                return self.quoted();
            }
            // A comment runs to the end of the line.
            let end = match rest.starts_with('!') {
                true => rest.find('\n'),
                false => rest.find(char::is_whitespace),
            };
            let word = &rest[..end.unwrap_or(rest.len())];
            self.take(word.len());
            if word.starts_with('<') {
                return Some(Token::Flag(word));
            }
            let numeric = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
            if let (true, Ok(number)) = (numeric, word.parse()) {
                return Some(Token::Number(number));
            }
        }
    }

    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.text.split_at(bytes);
        self.line += taken.bytes().filter(|b| *b == b'\n').count();
        self.text = rest;
    }

    /// Reads text up to a quotation mark that is not doubled; `None` when there is none.
    fn quoted(&mut self) -> Option<Token<'a>> {
        let mut text = String::new();
        let mut at = 1;
        loop {
            let rest = self.text.get(at..)?;
            let mark = rest.find('"')?;
            text.push_str(&rest[..mark]);
            at += mark + 1;
            if !self.text[at..].starts_with('"') {
                break;
            }
            text.push('"');
            at += 1;
        }
        self.take(at);
        Some(Token::Text(text))
    }

    fn wanted(&self, wanted: &str) -> Error {
        let found = match self.text.trim().is_empty() {
            true => "the end of the file",
            false => "something else",
        };
        ill_formed(self.line, found, wanted)
    }

    fn text(&mut self, wanted: &str) -> Result<String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err(self.wanted(wanted)),
        }
    }

    fn number(&mut self, wanted: &str) -> Result<f64> {
        match self.next() {
            Some(Token::Number(number)) => Ok(number),
            _ => Err(self.wanted(wanted)),
        }
    }

    fn time(&mut self, wanted: &str) -> Result<Time> {
        let number = self.number(wanted)?;
        instant(number).ok_or_else(|| {
            let place = format!("line {}", self.line + 1);
            Error::new(ErrorKind::IllFormed, place, "a time out of range", wanted)
        })
    }

    fn count(&mut self, wanted: &str) -> Result<u64> {
        let number = self.number(wanted)?;
        match number >= 0.0 && number.fract() == 0.0 {
            true => Ok(number as u64),
            false => Err(self.wanted(wanted)),
        }
    }

    fn flag(&mut self, wanted: &str) -> Result<&'a str> {
        match self.next() {
            Some(Token::Flag(flag)) => Ok(flag),
            _ => Err(self.wanted(wanted)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::Side;
    use crate::error::Result;
    use crate::timeline::Segment;
    use crate::transcript::{Format, ReadTranscript, Transcript, draft::Whose, read, testing};

    pub(in super::super) const SMALL: &str = r#"File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 9.5
tiers? <exists>
size = 4
item []:
    item [1]:
        class = "IntervalTier"
        name = "agent - words"
        xmin = 0
        xmax = 9.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.25
            text = "добрый"
        intervals [3]:
            xmin = 1.25 ! a note with 7 in it
            xmax = 2
            text = "<unk>"
    item [2]:
        class = "IntervalTier"
        name = "agent - phones"
        xmin = 0
        xmax = 9.5
        intervals: size = 1
        intervals [1]:
            xmin = 0.5
            xmax = 1.25
            text = "d"
    item [3]:
        class = "TextTier"
        name = "notes"
        xmin = 0
        xmax = 9.5
        points: size = 1
        points [1]:
            number = 3
            mark = "beep"
    item [4]:
        class = "IntervalTier"
        name = "Клиент"
        xmin = 0
        xmax = 9.5
        intervals: size = 1
        intervals [1]:
            xmin = 3
            xmax = 5.5
            text = "это <UNSURE>счёт</UNSURE> ""Новый""
<UNIN/> да"
"#;

    fn check(transcript: &Transcript) {
        let (side, word) = &transcript.loose_words[0];
        assert_eq!((*side, word.text.as_str()), (Side::Agent, "добрый"));
        assert_eq!(word.time, Segment::from_seconds(0.5, 1.25));
        let [said] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!(said.side, Side::Customer);
        assert_eq!(said.segment, Segment::from_seconds(3.0, 5.5).unwrap());
        assert_eq!(
            testing::text_of(transcript, Side::Customer),
            "это счёт \"Новый\" да"
        );
        assert_eq!(transcript.duration.unwrap().seconds(), 9.5);
        assert_eq!(transcript.loose_words.len(), 1);
    }

    #[test]
    fn long_form_is_read() {
        let (transcript, odd) = testing::parse(SMALL, None).unwrap();
        check(&transcript);
        assert!(odd.is_empty());
    }

    /// Leaves only what stands free, as the short form does.
    fn short() -> String {
        let lines = SMALL
            .lines()
            .filter(|l| !l.contains("item") && !l.ends_with("]:"));
        let bare = lines.map(|l| match l.split_once(" = ") {
            Some((_, value)) => value,
            None => l.strip_prefix("tiers? ").unwrap_or(l),
        });
        bare.collect::<Vec<_>>().join("\n")
    }

    fn read_bytes(bytes: &[u8]) -> Result<ReadTranscript> {
        let whose = Whose {
            side: None,
            agent_channel: None,
            agent_speaker: None,
        };
        read::parse(bytes, None, &whose)
    }

    #[test]
    fn short_form_and_utf_16_are_the_same() {
        check(&testing::parse(&short(), None).unwrap().0);
        for unit in [u16::to_be_bytes, u16::to_le_bytes] {
            let text = format!("\u{FEFF}{SMALL}").replace('\n', "\r\n");
            let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            let read = read_bytes(&bytes).unwrap();
            assert_eq!(read.formats, [Format::TextGrid]);
            check(&read.transcript);
        }
    }

    #[test]
    fn words_beat_the_utterances_of_their_speaker() {
        let text = SMALL.replace("\"Клиент\"", "\"Agent\"");
        let (transcript, _) = testing::parse(&text, None).unwrap();
        assert!(transcript.utterances.is_empty());
        assert_eq!(transcript.loose_words.len(), 1);
    }

    #[test]
    fn a_single_tier_is_of_the_side_declared() {
        let text = SMALL
            .replace("agent - words", "Nurse")
            .replace("Клиент", "Nurse");
        let (transcript, _, format) = testing::parse_side(&text, Side::Agent).unwrap();
        assert_eq!(format, Format::TextGrid);
        assert_eq!(transcript.utterances.len(), 2);
        assert!(testing::parse(&text, None).is_err());
    }

    #[test]
    fn malformed_grids_name_their_line() {
        let cases = [
            (
                "xmin = 0.5\n            xmax = 1.25\n            text = \"добрый\"",
                "text = 1",
                "line 23",
            ),
            (
                "xmax = 1.25\n            text = \"добрый\"",
                "xmax = 1e300",
                "line 21",
            ),
            ("intervals: size = 3", "intervals: size = 4", "line 28"),
            ("\"Клиент\"", "\"Клиент", "line 55"),
            ("\"TextTier\"", "\"Tier\"", "line 38"),
        ];
        for (from, to, place) in cases {
            let text = SMALL.replacen(from, to, 1);
            assert_ne!(text, SMALL);
            let error = testing::parse(&text, None).unwrap_err();
            assert_eq!(error.place(), place, "{error}");
        }
    }

    #[test]
    fn a_grid_without_tiers_is_empty() {
        let text = "\"ooTextFile\"\n\"TextGrid\"\n0\n2\n<absent>\n";
        assert!(testing::parse(text, None).unwrap().0.utterances.is_empty());
    }
}
