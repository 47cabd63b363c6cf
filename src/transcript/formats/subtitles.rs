//! Subtitles: SubRip (SRT) and WebVTT.
//!
//! A cue is an utterance; its words have no times. Who speaks stands before the text of a line, and
//! holds until the end of the cue or the next speaker (then both share the time of the cue):
//!
//! * `[SPEAKER_00]: ` and any other label in brackets with a colon, as WhisperX writes;
//! * `(speaker 0)`, `(speaker 1)`, `(speaker ?)`: the louder channel, as whisper.cpp writes;
//! * `<v Name>`, up to `</v>` or the next one. `Speaker0` and `Speaker1`, when no other name occurs,
//!   are whisper.cpp's channels;
//! * `Agent: `, `Оператор: `, when the word names a role, and `SPEAKER_00: `.
//!
//! Tags, `{\an8}`, the times within a WebVTT cue and marks in square brackets are left out.
//!
//! In WebVTT an empty line ends a cue. In SRT what follows it is the next cue only when a line of
//! times comes, after a number or not: text with empty lines in it occurs.

use super::common::{ill_formed, without_marks, without_tags};
use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, Speaker, role, words_of};
use crate::transcript::times::{Times, clock};

const ARROW: &str = "-->";
const WANTED: &str = "times as \"00:00:01,000 --> 00:00:02,500\"";

pub(super) fn is_vtt(content: &Content<'_>) -> bool {
    let text = content.as_text().unwrap_or_default();
    let head = text.strip_prefix("WEBVTT");
    head.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

pub(super) fn is_srt(content: &Content<'_>) -> bool {
    let text = content.as_text().unwrap_or_default();
    let mut lines = text.lines().filter(|l| !l.trim().is_empty()).take(2);
    match (lines.next(), lines.next()) {
        (Some(first), _) if times(first).is_some() => true,
        (Some(first), Some(second)) => is_number(first) && times(second).is_some(),
        _ => false,
    }
}

pub(super) fn read_vtt(content: &Content<'_>) -> Result<Draft> {
    read(content.text("WebVTT")?, |line, _| line.trim().is_empty())
}

pub(super) fn read_srt(content: &Content<'_>) -> Result<Draft> {
    let is_next = |line: &str, next: Option<&&str>| {
        is_number(line) && next.is_some_and(|next| next.contains(ARROW))
    };
    read(content.text("SRT")?, is_next)
}

/// Reads cues; `ends` tells by a line and the one after it whether a cue ends before the line.
fn read(text: &str, ends: fn(&str, Option<&&str>) -> bool) -> Result<Draft> {
    // Old tools end lines by carriage returns alone.
    let ending = if text.contains('\n') { '\n' } else { '\r' };
    let lines: Vec<&str> = text.split(ending).collect();
    let mut draft = Draft::default();
    let mut i = 0;
    while i < lines.len() {
        let head = lines[i];
        i += 1;
        if !head.contains(ARROW) {
            continue;
        }
        let times = times(head).ok_or_else(|| ill_formed(i - 1, "no times of a cue", WANTED))?;
        let mut cue = Cue::new(times);
        while i < lines.len() && !lines[i].contains(ARROW) && !ends(lines[i], lines.get(i + 1)) {
            cue.line(lines[i]);
            i += 1;
        }
        draft.said.extend(cue.said());
    }
    channels_of_whisper_cpp(&mut draft);
    Ok(draft)
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
}

/// Parses `00:00:01,000 --> 00:00:02,500 align:start`.
fn times(line: &str) -> Option<Times> {
    let (start, rest) = line.split_once(ARROW)?;
    Times::of(clock(start), clock(rest.split_whitespace().next()?))
}

/// `<v Speaker0>` is whisper.cpp's name of a channel, unless other names occur.
fn channels_of_whisper_cpp(draft: &mut Draft) {
    let channel = |speaker: &Speaker| match speaker {
        Speaker::Name(name) => match name.as_str() {
            "Speaker0" => Some(Speaker::Channel(0)),
            "Speaker1" => Some(Speaker::Channel(1)),
            "Speaker?" => Some(Speaker::Unknown),
            _ => None,
        },
        Speaker::Side(_) | Speaker::Either { .. } | Speaker::System => None,
        Speaker::Channel(_) | Speaker::Unknown => Some(speaker.clone()),
    };
    if draft.said.iter().all(|s| channel(&s.speaker).is_some()) {
        for said in &mut draft.said {
            said.speaker = channel(&said.speaker).unwrap_or(Speaker::Unknown);
        }
    }
}

/// A cue: what each of its speakers says.
struct Cue {
    times: Times,
    parts: Vec<(Speaker, String)>,
}

impl Cue {
    fn new(times: Times) -> Cue {
        let parts = vec![(Speaker::Unknown, String::new())];
        Cue { times, parts }
    }

    fn line(&mut self, line: &str) {
        let mut rest = line;
        while let Some((before, voice)) = rest.split_once("<v") {
            let named = voice.starts_with([' ', '.', '\t']);
            match voice.split_once('>').filter(|_| named) {
                Some((name, after)) => {
                    self.text(before);
                    let (_, name) = name.split_once(char::is_whitespace).unwrap_or_default();
                    self.begin(Speaker::named(&entities(name)));
                    rest = after;
                }
                None => break,
            }
        }
        self.text(rest);
    }

    /// Adds text without voices.
    fn text(&mut self, text: &str) {
        let text = without_overrides(&without_tags(&text.replace("<br", " <br"), ""));
        let text = entities(&text);
        let (speaker, text) = speaker(&text);
        if let Some(speaker) = speaker {
            self.begin(speaker);
        }
        if let Some((_, said)) = self.parts.last_mut() {
            said.push_str(text);
            said.push(' ');
        }
    }

    fn begin(&mut self, speaker: Speaker) {
        match self.parts.last_mut() {
            Some((last, said)) if *last == speaker || said.trim().is_empty() => *last = speaker,
            _ => self.parts.push((speaker, String::new())),
        }
    }

    fn said(self) -> impl Iterator<Item = Said> {
        let times = self.times;
        let parts = self.parts.into_iter();
        let said = parts.filter(|(_, text)| !text.trim().is_empty());
        said.map(move |(speaker, text)| Said {
            speaker,
            times: Some(times),
            words: Some(without_marks(words_of(&text))),
            emotion: None,
        })
    }
}

/// Takes the speaker off the beginning of a line, also of running text.
pub(super) fn speaker(line: &str) -> (Option<Speaker>, &str) {
    let text = line.trim();
    let found = bracketed(text)
        .or_else(|| by_channel(text))
        .or_else(|| by_role(text));
    match found {
        Some((speaker, rest)) => (Some(speaker), rest.trim_start()),
        None => (None, text),
    }
}

/// `[SPEAKER_00]: …`, `[Agent] …`.
fn bracketed(text: &str) -> Option<(Speaker, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once(']')?;
    match rest.strip_prefix(':') {
        Some(rest) => Some((Speaker::named(label), rest)),
        None => is_speaker(label).then(|| (Speaker::named(label), rest)),
    }
}

/// `(speaker 0) …`.
fn by_channel(text: &str) -> Option<(Speaker, &str)> {
    let (label, rest) = text.strip_prefix("(speaker ")?.split_once(')')?;
    let speaker = match label {
        "0" => Speaker::Channel(0),
        "1" => Speaker::Channel(1),
        "?" => Speaker::Unknown,
        _ => Speaker::named(label),
    };
    Some((speaker, rest))
}

/// `Оператор: …`, `SPEAKER_00: …`.
fn by_role(text: &str) -> Option<(Speaker, &str)> {
    let (label, rest) = text.split_once(':')?;
    is_speaker(label).then(|| (Speaker::named(label), rest))
}

/// Tells a label that names a role or a numbered speaker.
fn is_speaker(label: &str) -> bool {
    let numbered = |label: &str| {
        let label = label.trim().to_lowercase();
        let number = label.strip_prefix("speaker");
        let number = number.map(|n| n.trim_start_matches([' ', '_', '-']));
        number.is_some_and(is_number)
    };
    // A role is a word or two; a sentence need not be looked at.
    label.len() < 64 && (role(label).is_some() || numbered(label))
}

/// Strips `{\an8}`.
fn without_overrides(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{\\") {
        kept.push_str(before);
        match after.split_once('}') {
            Some((_, behind)) => rest = behind,
            None => return kept,
        }
    }
    kept.push_str(rest);
    kept
}

fn entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let named = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&amp;", "&"),
    ];
    let decode = |text: String, (name, character): (&str, &str)| text.replace(name, character);
    named.into_iter().fold(text.to_owned(), decode)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::timeline::Segment;
    use crate::transcript::{Format, Transcript, testing};

    pub(in super::super) const SMALL_SRT: &str = "1\r\n00:00:00,500 --> 00:00:02,000\r\n\
        [SPEAKER_00]: Добрый <i>день</i>,\r\n{\\an8}слушаю [шум] вас\r\n\r\n\
        2\r\n00:00:03,000 --> 00:00:04,250\r\n[SPEAKER_01]: Да\r\n\r\n";

    pub(in super::super) const SMALL_VTT: &str = "WEBVTT - call\nKind: captions\n\n\
        STYLE\n::cue { color: red }\n\nNOTE made anew\nby hand\n\n\
        first\n00:00.500 --> 00:02.000 align:start position:0%\n\
        <v Оператор>Добрый<00:01.000><c.loud> день</c></v>\n\n\
        00:00:03.000 --> 00:00:04.250\n<v.loud Клиент>Да &amp; нет&nbsp;так\n<v Оператор>Ясно\n";

    fn spans(transcript: &Transcript) -> Vec<(Side, f64, f64, usize)> {
        let all = transcript.utterances.iter();
        let words = |words: &Option<Vec<_>>| words.as_ref().unwrap().len();
        all.map(|u| {
            let (start, end) = (u.segment.start().seconds(), u.segment.end().seconds());
            (u.side, start, end, words(&u.words))
        })
        .collect()
    }

    #[test]
    fn cues_of_srt_are_utterances() {
        let (transcript, odd) = testing::parse_named(SMALL_SRT, "SPEAKER_00").unwrap();
        let expected = [(Side::Agent, 0.5, 2.0, 4), (Side::Customer, 3.0, 4.25, 1)];
        assert_eq!(spans(&transcript), expected);
        assert_eq!(
            testing::text_of(&transcript, Side::Agent),
            "Добрый день, слушаю вас"
        );
        assert!(odd.is_empty());
        let with_mark = format!("\u{FEFF}{SMALL_SRT}");
        let (_, _, format) = testing::parse_side(&with_mark, Side::Agent).unwrap();
        assert_eq!(format, Format::Srt);
    }

    #[test]
    fn voices_of_webvtt_share_the_time_of_their_cue() {
        let (transcript, odd) = testing::parse(SMALL_VTT, None).unwrap();
        let expected = [
            (Side::Agent, 0.5, 2.0, 2),
            (Side::Customer, 3.0, 4.25, 3),
            (Side::Agent, 3.0, 4.25, 1),
        ];
        assert_eq!(spans(&transcript), expected);
        assert_eq!(testing::text_of(&transcript, Side::Customer), "Да нет так");
        assert_eq!(
            testing::text_of(&transcript, Side::Agent),
            "Добрый день Ясно"
        );
        assert!(odd.is_empty());
    }

    #[test]
    fn channels_of_whisper_cpp_are_channels() {
        let srt = "1\n00:00:00,000 --> 00:00:01,000\n(speaker 0) Да\n\n\
                   2\n00:00:01,000 --> 00:00:02,000\n(speaker 1) Нет\n\n";
        let vtt = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Speaker0> Да\n\n\
                   00:00:01.000 --> 00:00:02.000\n<v Speaker1> Нет\n";
        for text in [srt, vtt] {
            let (transcript, _) = testing::parse(text, Some(AgentChannel::Left)).unwrap();
            assert_eq!(testing::text_of(&transcript, Side::Agent), "Да");
            assert_eq!(testing::text_of(&transcript, Side::Customer), "Нет");
        }
        // Beside a role or another name they are names.
        let (transcript, _) = testing::parse(&vtt.replace("Speaker1", "Клиент"), None).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Agent), "Да");
        let names = vtt.replace("Speaker0", "Speaker2");
        assert!(testing::parse(&names, Some(AgentChannel::Left)).is_err());
        let (transcript, _) = testing::parse_named(&names, "Speaker2").unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Agent), "Да");
    }

    #[test]
    fn only_roles_are_taken_off_running_text() {
        let cases = [
            ("Агент: да", "Клиент: нет", "да", "нет"),
            ("AGENT 1: вот: да", "[Customer] нет", "вот: да", "нет"),
            ("Operator: Time: 5", "SPEAKER_07: нет", "Time: 5", "нет"),
        ];
        for (one, other, agent, customer) in cases {
            let text = format!("00:01.0 --> 00:02.0\n{one}\n{other}");
            let (transcript, _) = testing::parse(&text, None).unwrap();
            assert_eq!(testing::text_of(&transcript, Side::Agent), agent);
            assert_eq!(testing::text_of(&transcript, Side::Customer), customer);
        }
    }

    #[test]
    fn text_with_empty_lines_and_numbers_stays() {
        let text = "1\n00:01.0 --> 00:02.0\nдва\n\n2\nтри\n\n00:03.0 --> 00:04.0\nда\n";
        let (transcript, ..) = testing::parse_side(text, Side::Agent).unwrap();
        assert_eq!(testing::text_of(&transcript, Side::Agent), "два 2 три да");
    }

    #[test]
    fn malformed_times_name_their_line() {
        let error = testing::parse_side(&SMALL_SRT.replace("04,250", "04;250"), Side::Agent);
        let error = error.unwrap_err();
        assert_eq!(error.place(), "line 7", "{error}");
        let (transcript, _) = testing::parse("WEBVTT\n", None).unwrap();
        assert!(transcript.utterances.is_empty());
    }

    #[test]
    fn times_of_a_cue_that_run_backwards_are_said() {
        let text = SMALL_SRT.replace("00:00:04,250", "00:00:02,250");
        let (transcript, odd) = testing::parse_named(&text, "SPEAKER_00").unwrap();
        assert_eq!(transcript.utterances.len(), 1);
        assert_eq!(
            transcript.utterances[0].segment,
            Segment::from_seconds(0.5, 2.0).unwrap()
        );
        assert_eq!(odd[0].code, "transcript_times");
    }
}
