//! NIST RTTM: who speaks when, as diarisers write it; no words.
//!
//! `SPEAKER file channel start duration <NA> <NA> name <NA> <NA>`, in seconds; lines of other types
//! and `;;` comments are left out.
//!
//! A name that is a role decides. Else, when several channels occur, the channel does: labels of
//! two channels that were diarised one by one are not related; unless the agent's label is declared.
//! Else the name does; `<NA>` names nobody.

use super::common::{ill_formed, seconds, several};
use super::ctm;
use crate::error::Result;
use crate::transcript::content::Content;
use crate::transcript::draft::{Draft, Said, Speaker};
use crate::transcript::times::Times;
use std::collections::BTreeSet;

const WANTED: &str = "SPEAKER file channel start duration <NA> <NA> name";
/// The types of lines.
const TYPES: [&str; 13] = [
    "SPEAKER",
    "SPKR-INFO",
    "SEGMENT",
    "NOSCORE",
    "NO_RT_METADATA",
    "LEXEME",
    "NON-LEX",
    "NON-SPEECH",
    "FILLER",
    "EDIT",
    "IP",
    "SU",
    "CB",
];

pub(super) fn matches(content: &Content<'_>) -> bool {
    let Some(text) = content.as_text() else {
        return false;
    };
    let mut lines = text.lines().filter(|l| !l.trim().is_empty());
    let first = lines.find(|l| !l.trim_start().starts_with(";;"));
    let fields: Vec<&str> = first.unwrap_or_default().split_whitespace().collect();
    fields.len() > 7 && TYPES.contains(&fields[0])
}

pub(super) fn read(content: &Content<'_>) -> Result<Draft> {
    let text = content.text("RTTM")?;
    let turns = || {
        let lines = text.lines().enumerate();
        let fields = lines.map(|(i, l)| (i, l.split_whitespace()));
        fields.filter_map(|(i, mut f)| (f.next() == Some("SPEAKER")).then_some((i, f)))
    };
    let mut recordings = BTreeSet::new();
    let mut channels = BTreeSet::new();
    for (_, mut fields) in turns() {
        recordings.extend(fields.next());
        channels.extend(fields.next());
    }
    if recordings.len() > 1 {
        return Err(several(recordings.len()));
    }
    let mut draft = Draft::default();
    for (number, mut fields) in turns() {
        fields.next();
        let channel = fields.next().unwrap_or_default();
        let start = seconds(fields.next(), number, WANTED)?;
        let length = seconds(fields.next(), number, WANTED)?;
        let Some(name) = fields.nth(2) else {
            return Err(ill_formed(number, "too few columns", WANTED));
        };
        let named = match name {
            "<NA>" => Speaker::Unknown,
            _ => Speaker::named(name),
        };
        let speaker = match named {
            Speaker::Side(_) => named,
            Speaker::Name(_) if channels.len() < 2 => named,
            Speaker::Name(name) => match ctm::speaker(channel, &channels) {
                Speaker::Channel(channel) => Speaker::Either { channel, name },
                other => other,
            },
            _ => ctm::speaker(channel, &channels),
        };
        draft.said.push(Said {
            speaker,
            times: Times::lasting(Some(start), Some(length)),
            words: None,
            emotion: None,
        });
    }
    Ok(draft)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::call::{AgentChannel, Side};
    use crate::error::ErrorKind;
    use crate::timeline::Segment;
    use crate::transcript::{Format, testing};

    pub(in super::super) const SMALL: &str = ";; turns\n\
        SPKR-INFO rec7 1 <NA> <NA> <NA> unknown SPEAKER_00 <NA>\n\
        SPEAKER rec7 1 0.500 1.250 <NA> <NA> SPEAKER_00 <NA> <NA>\n\
        \n\
        SPEAKER rec7 1 2.000 0.500 <NA> <NA> Client <NA> <NA>\r\n";

    #[test]
    fn turns_have_no_words() {
        let (transcript, odd) = testing::parse(SMALL, None).unwrap();
        let [first, second] = &transcript.utterances[..] else {
            panic!("{transcript:?}")
        };
        assert_eq!((first.side, second.side), (Side::Agent, Side::Customer));
        assert_eq!(first.segment, Segment::from_seconds(0.5, 1.75).unwrap());
        assert_eq!(first.words, None);
        assert!(odd.is_empty());
    }

    #[test]
    fn channels_tell_where_there_are_two() {
        let two = "SPEAKER r 1 1 1 <NA> <NA> SPEAKER_00 <NA> <NA>\n\
                   SPEAKER r 2 3 1 <NA> <NA> SPEAKER_00 <NA> <NA>\n";
        for text in [two.to_owned(), two.replace("SPEAKER_00", "<NA>")] {
            let (transcript, _) = testing::parse(&text, Some(AgentChannel::Right)).unwrap();
            let sides: Vec<Side> = transcript.utterances.iter().map(|u| u.side).collect();
            assert_eq!(sides, [Side::Customer, Side::Agent]);
        }
        let nobody = two.replace("SPEAKER_00", "<NA>").replace("r 2", "r 1");
        let (_, _, format) = testing::parse_side(&nobody, Side::Agent).unwrap();
        assert_eq!(format, Format::Rttm);
        let error = testing::parse(&nobody, Some(AgentChannel::Left)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn malformed_lines_and_several_recordings_are_refused() {
        for (from, to) in [("2.000", "soon"), ("<NA> <NA> Client <NA> <NA>", "")] {
            let error = testing::parse(&SMALL.replace(from, to), None).unwrap_err();
            assert_eq!(error.place(), "line 5", "{error}");
        }
        let many = SMALL.replace("SPEAKER rec7 1 2.000", "SPEAKER rec8 1 2.000");
        let error = testing::parse(&many, None).unwrap_err();
        assert!(error.found().contains("2 recordings"), "{error}");
    }

    #[test]
    fn a_declared_label_beats_the_channel() {
        let two = "SPEAKER r 1 0.5 1.0 <NA> <NA> doctor <NA> <NA>\n\
                   SPEAKER r 2 2.0 1.0 <NA> <NA> patient <NA> <NA>\n";
        let (transcript, _) = testing::parse_named(two, "patient").unwrap();
        let sides: Vec<Side> = transcript.utterances.iter().map(|u| u.side).collect();
        assert_eq!(sides, [Side::Customer, Side::Agent]);
        let (transcript, _) = testing::parse(two, Some(AgentChannel::Left)).unwrap();
        assert_eq!(transcript.utterances[0].side, Side::Agent);
    }
}
