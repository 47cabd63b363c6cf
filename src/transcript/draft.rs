//! From what a format says to a [`Transcript`]: the rules that hold for every format.
//!
//! A reader only tells who speaks *as the format names them*, the times *as they stand*, and the
//! words. Everything else is decided here, once:
//!
//! * **Sides.** A transcript declared to be of one side is that side's. Else a speaker is a side by
//!   its role (`AGENT`, `оператор`), a numbered channel by the channel of the agent (the file's own
//!   map first, then the declared one), a name by the declared name of the agent: everyone else is
//!   the customer then. Without one, one party left over is the other side. Whoever is neither (an
//!   IVR, a third label) is left out, and said.
//! * **Times.** An utterance or word whose end lies before its start loses its times. A word of no
//!   length lasts a millisecond: it has a place. An utterance without usable times lies over its
//!   words; without those it is left out, unless nothing of its side has a time: then the side's
//!   words are kept without a place (see [`Transcript::loose_words`]).
//! * **Duplicates.** An utterance that another one of its side repeats, times and words, counts once.

use super::times::Times;
use super::{Emotion, Oddity, Transcript, Utterance, Word};
use crate::call::{AgentChannel, Side, Sides, TranscriptSource};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::fnv1a;
use crate::timeline::{Segment, Span};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Who speaks, as a format names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Speaker {
    /// The format tells the role.
    Side(Side),
    /// A channel, counted from 0.
    Channel(u64),
    /// A label: `SPEAKER_00`, `Оператор`.
    Name(String),
    /// A channel with a label of its own: the label counts where the agent's is declared.
    Either {
        /// The channel, counted from 0.
        channel: u64,
        /// The label.
        name: String,
    },
    /// A machine of the centre's, which is no party.
    System,
    /// The format does not tell.
    Unknown,
}

impl Speaker {
    /// Makes a speaker of a label that may name a role.
    pub(super) fn named(name: &str) -> Speaker {
        let name = name.trim();
        match role(name) {
            Some(side) => Speaker::Side(side),
            None if name.is_empty() => Speaker::Unknown,
            None => Speaker::Name(name.to_owned()),
        }
    }
}

/// Labels that name a role, in lower case.
const AGENT: [&str; 9] = [
    "agent",
    "operator",
    "representative",
    "employee",
    "оператор",
    "агент",
    "менеджер",
    "сотрудник",
    "специалист",
];
const CUSTOMER: [&str; 9] = [
    "customer",
    "client",
    "caller",
    "end_user",
    "external",
    "клиент",
    "абонент",
    "покупатель",
    "заявитель",
];

/// Returns the side that a label names outright: the whole label is the word, in any case, with
/// nothing but a number or a tier's `- words` behind it.
pub(crate) fn role(name: &str) -> Option<Side> {
    let lower = name.trim().to_lowercase();
    let word = lower.strip_suffix("- words").unwrap_or(&lower);
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit() || " _-:".contains(c));
    if AGENT.contains(&word) {
        Some(Side::Agent)
    } else if CUSTOMER.contains(&word) {
        Some(Side::Customer)
    } else {
        None
    }
}

/// A word as the format gives it.
pub(super) struct SaidWord {
    pub(super) text: String,
    pub(super) times: Option<Times>,
}

impl SaidWord {
    pub(super) fn new(text: impl Into<String>, times: Option<Times>) -> SaidWord {
        SaidWord {
            text: text.into(),
            times,
        }
    }
}

/// Cuts running text into words without times.
pub(super) fn words_of(text: &str) -> Vec<SaidWord> {
    text.split_whitespace()
        .map(|word| SaidWord::new(word, None))
        .collect()
}

/// Takes words, or where there are none those of the text, without times.
pub(super) fn or_text(words: impl Iterator<Item = SaidWord>, text: &str) -> Vec<SaidWord> {
    let words: Vec<SaidWord> = words.collect();
    match words.is_empty() {
        true => words_of(text),
        false => words,
    }
}

/// An utterance as the format gives it.
pub(super) struct Said {
    pub(super) speaker: Speaker,
    pub(super) times: Option<Times>,
    /// `None` when the format carries turns without words.
    pub(super) words: Option<Vec<SaidWord>>,
    pub(super) emotion: Option<Emotion>,
}

/// What a reader makes of a file.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) said: Vec<Said>,
    /// Words that the format puts in no utterance.
    pub(super) loose: Vec<(Speaker, SaidWord)>,
    pub(super) duration: Option<Span>,
    /// The agent's channel, where the file itself tells: that of this very call, so it holds
    /// against a declared one.
    pub(super) agent_channel: Option<AgentChannel>,
    pub(super) oddities: Vec<Oddity>,
}

impl Draft {
    /// Returns who speaks, utterance by utterance and word by word.
    pub(super) fn speakers(&self) -> impl Iterator<Item = &Speaker> {
        let said = self.said.iter().map(|s| &s.speaker);
        said.chain(self.loose.iter().map(|(speaker, _)| speaker))
    }

    /// Returns who speaks, to be changed.
    pub(super) fn speakers_mut(&mut self) -> impl Iterator<Item = &mut Speaker> {
        let said = self.said.iter_mut().map(|s| &mut s.speaker);
        said.chain(self.loose.iter_mut().map(|(speaker, _)| speaker))
    }
}

/// Who is whose, as far as it is declared.
pub(super) struct Whose<'a> {
    /// The side that the whole transcript is of.
    pub(super) side: Option<Side>,
    pub(super) agent_channel: Option<AgentChannel>,
    pub(super) agent_speaker: Option<&'a str>,
}

impl<'a> Whose<'a> {
    /// Takes what the source declares; `agent_channel` is that of the recording.
    pub(super) fn of(source: &'a TranscriptSource, agent_channel: Option<AgentChannel>) -> Self {
        Whose {
            side: source.side,
            agent_channel: source.agent_channel.or(agent_channel),
            agent_speaker: source.agent_speaker.as_deref().map(str::trim),
        }
    }

    /// Returns the side that a speaker is by itself; `None` of one that is left to the others.
    fn side_of(&self, speaker: &Speaker) -> Result<Option<Side>> {
        let named = |name: &str| {
            let agent = self.agent_speaker?;
            let same = agent.to_lowercase() == name.to_lowercase();
            Some(if same { Side::Agent } else { Side::Customer })
        };
        match speaker {
            Speaker::Side(side) => Ok(Some(*side)),
            Speaker::Name(name) => Ok(named(name)),
            Speaker::Either { name, .. } if self.agent_speaker.is_some() => Ok(named(name)),
            Speaker::Channel(channel) | Speaker::Either { channel, .. } => {
                let Some(agent) = self.agent_channel else {
                    let wanted = "agent_channel to say whose channel is whose";
                    let found = "numbered channels";
                    return Err(Error::new(ErrorKind::Mismatch, "", found, wanted));
                };
                let agent = match agent {
                    AgentChannel::Left => 0,
                    AgentChannel::Right => 1,
                };
                match channel {
                    0 | 1 if *channel == agent => Ok(Some(Side::Agent)),
                    0 | 1 => Ok(Some(Side::Customer)),
                    _ => {
                        let found = format!("channel {channel}, counted from 0");
                        let wanted = "channels 0 and 1";
                        Err(Error::new(ErrorKind::Mismatch, "", found, wanted))
                    }
                }
            }
            Speaker::System | Speaker::Unknown => Ok(None),
        }
    }
}

/// Who each speaker of a draft is.
struct Cast<'a> {
    whose: &'a Whose<'a>,
    /// The side of labels that nothing else tells: they are the party left over.
    left_over: Option<Side>,
}

impl Cast<'_> {
    fn of<'a>(draft: &Draft, whose: &'a Whose<'a>) -> Result<Cast<'a>> {
        let mut cast = Cast {
            whose,
            left_over: None,
        };
        if let Some(side) = whose.side {
            one_side(side, draft.speakers())?;
            return Ok(cast);
        }
        let mut known = BTreeSet::new();
        let mut labels = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut nameless = 0;
        for speaker in draft.speakers() {
            if let Speaker::Name(name) = speaker {
                names.insert(name.as_str());
            }
            match (whose.side_of(speaker)?, speaker) {
                (Some(side), _) => {
                    known.insert(side);
                }
                (None, Speaker::Name(name)) => {
                    labels.insert(name.as_str());
                }
                (None, Speaker::Unknown) => nameless += 1,
                (None, _) => {}
            }
        }
        let mut sides = known.iter();
        cast.left_over = match (sides.next(), sides.next(), labels.len()) {
            (Some(only), None, 1) => Some(only.other()),
            _ => None,
        };
        // Everyone else is the customer then, so a label that nobody has would make the agent one.
        if whose.agent_speaker.is_some() && names.len() > 1 && !known.contains(&Side::Agent) {
            let found = format!("{}, none of them the declared one", listed(&names));
            let wanted = "agent_speaker to be the label of one of them";
            return Err(Error::new(ErrorKind::Mismatch, "", found, wanted));
        }
        if known.is_empty() && !labels.is_empty() {
            let wanted = "agent_speaker to say which one is the agent";
            let error = Error::new(ErrorKind::Mismatch, "", listed(&labels), wanted);
            return Err(match labels.len() {
                1 => error.hint(ONE_CHANNEL),
                _ => error,
            });
        }
        if known.is_empty() && nameless > 0 {
            let found = "a transcript that does not say who speaks";
            let wanted = "two channels, named speakers, or one transcript for each side";
            let error = Error::new(ErrorKind::Mismatch, "", found, wanted);
            return Err(error.hint(ONE_CHANNEL));
        }
        Ok(cast)
    }

    /// Returns who speaks; `None` of whoever is left out.
    fn side(&self, speaker: &Speaker) -> Result<Option<Side>> {
        match (self.whose.side, speaker) {
            (_, Speaker::System) => Ok(None),
            (Some(side), _) => Ok(Some(side)),
            (None, Speaker::Name(_)) => Ok(self.whose.side_of(speaker)?.or(self.left_over)),
            (None, _) => self.whose.side_of(speaker),
        }
    }
}

/// Refuses a transcript declared to be of one side in which the format tells of both.
fn one_side<'a>(side: Side, speakers: impl Iterator<Item = &'a Speaker>) -> Result<()> {
    let mut channel = None;
    for speaker in speakers {
        let other = match speaker {
            Speaker::Side(s) => *s != side,
            Speaker::Channel(c) | Speaker::Either { channel: c, .. } => {
                *channel.get_or_insert(*c) != *c
            }
            _ => false,
        };
        if other {
            let found = format!("both sides in the transcript of the {side}");
            let wanted = "one side, or a transcript declared to be of both";
            return Err(Error::new(ErrorKind::Mismatch, "", found, wanted));
        }
    }
    Ok(())
}

/// How to go on with a transcript that does not tell who speaks.
const ONE_CHANNEL: &str = "is it of one channel? then declare its side: agent=FILE, or the \
                           manifest's column transcript_agent";

/// Names labels as machines give them; any other may be a person's name or number, and is only
/// counted.
fn listed(labels: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = labels.iter().copied().filter(|l| is_machines(l)).collect();
    let speakers = match labels.len() {
        1 => "one speaker without a role".to_owned(),
        n => format!("{n} speakers without a role"),
    };
    match shown.get(..4).unwrap_or(&shown) {
        [] => speakers,
        shown => format!("{speakers}, as {}", shown.join(", ")),
    }
}

/// Tells a label that a machine gives: `SPEAKER_00`, `spk_1`, `2`, `A`.
fn is_machines(label: &str) -> bool {
    let word = label.trim_end_matches(|c: char| c.is_ascii_digit());
    let few = label.len() - word.len() <= 3;
    let word = word.trim_end_matches([' ', '_', '-']);
    let known = ["speaker", "spk", "channel", "ch"];
    let letter = word.len() <= 1 && word.chars().all(|c| c.is_ascii_alphabetic());
    few && (letter || known.iter().any(|k| word.eq_ignore_ascii_case(k)))
}

/// Says when what is declared of the speakers is followed, though the file makes one doubt it.
fn doubtful(draft: &Draft, whose: &Whose<'_>) -> Option<Oddity> {
    let names: BTreeSet<String> = draft
        .speakers()
        .filter_map(|speaker| match speaker {
            Speaker::Name(name) => Some(name.to_lowercase()),
            _ => None,
        })
        .collect();
    let message = match (whose.side, whose.agent_speaker) {
        (Some(side), _) if names.len() > 1 => format!(
            "the transcript of the {side} names {} speakers; all were taken for the {side}",
            names.len()
        ),
        (None, Some(agent)) if names.len() == 1 && !names.contains(&agent.to_lowercase()) => {
            "the declared agent_speaker does not occur; whoever does was taken for the customer"
                .to_owned()
        }
        _ => return None,
    };
    Some(Oddity::new("transcript_speakers", message))
}

/// What was mended, to be said at the end.
#[derive(Default)]
struct Mended {
    no_party: usize,
    backwards: usize,
    timeless: usize,
    repeated: usize,
    out_of_order: usize,
}

/// Makes the transcript of a draft.
pub(super) fn settle(mut draft: Draft, whose: &Whose<'_>) -> Result<(Transcript, Vec<Oddity>)> {
    let told = Whose {
        agent_channel: draft.agent_channel.or(whose.agent_channel),
        ..*whose
    };
    if whose.agent_channel.is_some() && told.agent_channel != whose.agent_channel {
        let message = "the transcript's own channel map says that the agent is on the other \
                       channel than declared; its map was followed for the words";
        draft
            .oddities
            .push(Oddity::new("transcript_channels", message));
    }
    let cast = Cast::of(&draft, &told)?;
    let odd = doubtful(&draft, &told);
    draft.oddities.extend(odd);
    let mut mended = Mended::default();
    let timed = |words: &[SaidWord]| words.iter().any(|w| w.times.is_some());
    // Sides of which anything has a place; the others keep their words without one.
    let mut placed: Sides<bool> = Sides::default();
    for said in &draft.said {
        if let Some(side) = cast.side(&said.speaker)? {
            *placed.get_mut(side) |=
                said.times.is_some() || said.words.as_deref().is_some_and(timed);
        }
    }
    for (speaker, word) in &draft.loose {
        if let Some(side) = cast.side(speaker)? {
            *placed.get_mut(side) |= word.times.is_some();
        }
    }

    let mut transcript = Transcript {
        duration: draft.duration.filter(|d| *d >= Span::ZERO),
        ..Transcript::default()
    };
    let mut seen = Seen::new();
    for said in draft.said {
        let Some(side) = cast.side(&said.speaker)? else {
            mended.no_party += 1;
            continue;
        };
        let words = said.words.map(|words| settle_words(words, &mut mended));
        let own = said.times.and_then(|t| stretch(t, &mut mended));
        let segment = own.or_else(|| words.as_deref().and_then(extent));
        let Some(segment) = segment else {
            let words = words.unwrap_or_default();
            if *placed.get(side) {
                mended.timeless += usize::from(!words.is_empty());
            } else {
                let unplaced = words.into_iter().map(|word| (side, word));
                transcript.loose_words.extend(unplaced);
            }
            continue;
        };
        let utterance = Utterance {
            side,
            segment,
            words,
            emotion: said.emotion,
        };
        if said_before(&mut seen, &transcript.utterances, &utterance) {
            mended.repeated += 1;
        } else {
            transcript.utterances.push(utterance);
        }
    }
    for (speaker, word) in draft.loose {
        let Some(side) = cast.side(&speaker)? else {
            mended.no_party += 1;
            continue;
        };
        for word in settle_words(vec![word], &mut mended) {
            if word.time.is_some() || !placed.get(side) {
                transcript.loose_words.push((side, word));
            } else {
                mended.timeless += 1;
            }
        }
    }
    draft.oddities.extend(mended.said());
    Ok((transcript, draft.oddities))
}

/// The utterances of one side and stretch: the place of the first, and what all of them say once
/// there are more than one.
type Seen = HashMap<(Side, Segment), (usize, HashSet<u64>)>;

/// Tells whether an utterance of the same side, times and words came before, case and punctuation
/// aside: normalised text differs from the raw one in those.
fn said_before(seen: &mut Seen, before: &[Utterance], utterance: &Utterance) -> bool {
    match seen.entry((utterance.side, utterance.segment)) {
        Entry::Vacant(place) => {
            place.insert((before.len(), HashSet::new()));
            false
        }
        Entry::Occupied(mut place) => {
            let (first, said) = place.get_mut();
            if said.is_empty() {
                said.extend(before.get(*first).map(letters));
            }
            !said.insert(letters(utterance))
        }
    }
}

/// Returns a hash of an utterance's words.
fn letters(utterance: &Utterance) -> u64 {
    let words = utterance.words.iter().flatten();
    fnv1a(words.flat_map(|word| word.plain().into_bytes().into_iter().chain([0])))
}

fn settle_words(words: Vec<SaidWord>, mended: &mut Mended) -> Vec<Word> {
    let mut settled: Vec<Word> = Vec::with_capacity(words.len());
    let mut last = None;
    for word in words {
        let time = word.times.and_then(|t| stretch(t, mended));
        if let Some(word) = Word::new(&word.text, time) {
            let start = word.time.map(|t| t.start());
            mended.out_of_order += usize::from(start.is_some() && start < last);
            last = start.or(last);
            settled.push(word);
        }
    }
    settled
}

/// Returns the stretch; one that runs backwards is none.
fn stretch(times: Times, mended: &mut Mended) -> Option<Segment> {
    if times.end < times.start {
        mended.backwards += 1;
        return None;
    }
    let shortest = times.start + Span::from_millis(1);
    Segment::new(times.start, times.end).or_else(|| Segment::new(times.start, shortest))
}

/// Returns the stretch from the first word to the last.
fn extent(words: &[Word]) -> Option<Segment> {
    let times = || words.iter().filter_map(|w| w.time);
    let start = times().map(|t| t.start()).min()?;
    let end = times().map(|t| t.end()).max()?;
    Segment::new(start, end)
}

impl Mended {
    /// Says what was mended; no word of the call is quoted.
    fn said(&self) -> Vec<Oddity> {
        let all = [
            (
                self.no_party,
                "transcript_speakers",
                "utterances or words are of neither side (an IVR, a third speaker, an unknown one) \
                 and were left out",
            ),
            (
                self.backwards,
                "transcript_times",
                "utterances or words end before they start; those times were not used",
            ),
            (
                self.out_of_order,
                "transcript_times",
                "words start before the word that they follow; they count where their times put \
                 them",
            ),
            (
                self.timeless,
                "transcript_times",
                "utterances or words have no times and were left out",
            ),
            (
                self.repeated,
                "transcript_repeated",
                "utterances repeat another one, times and words; each counts once",
            ),
        ];
        let happened = all.into_iter().filter(|(count, ..)| *count > 0);
        happened
            .map(|(count, code, what)| Oddity::new(code, format!("{count} {what}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::call::Side;
    use crate::error::ErrorKind;
    use crate::transcript::testing;

    /// Subtitles of one cue of a second for each speaker.
    fn cues(speakers: &[&str]) -> String {
        let cue = |(i, who): (usize, &&str)| format!("00:{i:02}.0 --> 00:{i:02}.9\n[{who}]: да\n");
        speakers.iter().enumerate().map(cue).collect()
    }

    #[test]
    fn an_agent_who_does_not_occur_is_told() {
        let two = cues(&["SPEAKER_00", "SPEAKER_01"]);
        let error = testing::parse_named(&two, "SPEAKER_1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.found().contains("SPEAKER_00, SPEAKER_01"), "{error}");
        let (transcript, odd) = testing::parse_named(&cues(&["SPEAKER_00"]), "SPEAKER_1").unwrap();
        assert!(transcript.tells_of(Side::Customer));
        assert_eq!(odd[0].code, "transcript_speakers");
        let role = cues(&["Agent", "Maria", "Anna"]);
        assert!(
            testing::parse_named(&role, "SPEAKER_1")
                .unwrap()
                .1
                .is_empty()
        );
    }

    #[test]
    fn several_speakers_of_one_side_are_told() {
        let (transcript, odd, _) =
            testing::parse_side(&cues(&["SPEAKER_00", "SPEAKER_01"]), Side::Agent).unwrap();
        assert_eq!(transcript.utterances.len(), 2);
        assert!(odd[0].message.contains("2 speakers"), "{odd:?}");
        assert!(
            testing::parse_side(&cues(&["A"]), Side::Agent)
                .unwrap()
                .1
                .is_empty()
        );
    }

    #[test]
    fn names_and_numbers_of_people_are_not_quoted() {
        for person in ["Ivanov1", "+79160000001", "Анна 2", "SPEAKER_12345", "79"] {
            let shown = testing::parse(&cues(&[person, "B"]), None).unwrap_err();
            let quoted = shown.to_string().contains(person);
            assert_eq!(quoted, person == "79", "{shown}");
        }
        let error = testing::parse(&cues(&["SPEAKER_00"]), None).unwrap_err();
        assert!(error.found().starts_with("one speaker"), "{error}");
        assert!(error.hint_text().unwrap().contains("agent=FILE"), "{error}");
    }

    #[test]
    fn many_utterances_at_one_time_take_no_longer_than_apart() {
        let long = "да ".repeat(200_000);
        let mut text = format!("00:01.0 --> 00:02.0\n{long}\n\n");
        text.extend((0..20_000).map(|i| format!("00:01.0 --> 00:02.0\nнет {i}\n\n")));
        let (transcript, odd, _) = testing::parse_side(&text, Side::Agent).unwrap();
        assert_eq!((transcript.utterances.len(), odd.len()), (20_001, 0));
    }
}
