//! What is measured on a call.
//!
//! Each feature is declared once, in the file of its group, with its name, unit, definition, needs,
//! source, revision and the function that computes it. [`catalogue`] lists them in column order:
//! table headers, documentation and the model file are read from it.
//!
//! # Conventions
//!
//! * Lengths are seconds, shares are `0..1`, a *frame* is 1/8000 s whatever the recording's rate.
//!   The end of a stretch is the frame at which it has ended, so that frame / 8000 is its end in
//!   seconds.
//! * A value is a finite number or a word. What does not exist on a call has none, and an
//!   [`Absence`] says why; it is never written as zero.
//! * Standard deviations are those of the population (divided by n): absent for n = 0, 0 for n = 1.
//! * Each feature has a title and a way its value is told, in English and in Russian, and belongs to the
//!   [group](ReasonGroup) of reasons that it speaks for.
//! * Quantiles interpolate linearly between order statistics (Hyndman & Fan 1996, type 7).
//!
//! The module knows nothing of models.

mod channel;
mod dialog;
mod emotion;
mod emotional;
mod group;
mod interruptions;
pub mod otherwise;
mod pace;
mod side;
pub(crate) mod stats;
mod telephony;
mod turns;
mod voice;
pub(crate) mod words;

pub use channel::Channels;
pub use group::ReasonGroup;
pub use interruptions::{
    INTERRUPTIONS_LIST, InterruptionField, InterruptionRecord, interruption_fields,
    interruptions_list,
};
pub use otherwise::{Alternative, Change};
pub use words::Lang;

use crate::call::{Metadata, Side, Sides};
use crate::conversation::{Conversation, WordCount};
use crate::error::{Error, ErrorKind};
use crate::prosody::{Peaks, Pitches};
use crate::settings::AnalysisSettings;
use crate::timeline::{Span, Timeline};
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use words::{Noun, Phrase, Words};

/// The value of a feature: a finite number, or one of a set of words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A finite number, in the feature's unit.
    Number(f64),
    /// A word, as `operator_requested`.
    Category(Arc<str>),
}

/// Why a feature has no value on a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Absence {
    /// The call has no recording, nor a transcript where one would do.
    NoRecording,
    /// The call has no transcript, or one without words.
    NoTranscript,
    /// Both sides of the transcript say the same, so nobody can tell whose words they are.
    TranscriptDoubled,
    /// The transcript has no words of the side.
    NoWords(Side),
    /// The transcript has words of the side, but not when they were said.
    NoWordTimes(Side),
    /// Both channels carry the same sound, so nobody can tell who speaks.
    DualMono,
    /// The side's channel is silent from end to end, and no transcript tells what it said: whether
    /// the side spoke is not known.
    ChannelSilent(Side),
    /// The side does not speak.
    NoSpeech(Side),
    /// The side does not speak in the first third of the call, or not in the last.
    NoSpeechInThird(Side),
    /// The side's voice has a pitch for too short a time.
    NoPitch(Side),
    /// The settings leave it out; the field is named.
    SwitchedOff(&'static str),
    /// No 10 s hold enough sound to compare the channels by.
    NoComparableSound,
    /// Both sides stand in one recording, which has one clock.
    OneClock,
    /// Too little of one side is heard on the other's recording to compare their clocks.
    NoLeak,
    /// The metadata tell of holds, so they are not sought by ear.
    HoldsInMetadata,
    /// Nobody speaks.
    NobodySpeaks,
    /// The side never takes the turn from the other.
    NoTurnTaken(Side),
    /// The side interrupts nowhere.
    NoInterruption(Side),
    /// Nobody is silent for long.
    NoLongSilence,
    /// The side has no utterance with more than 5 s of speech.
    NoLongUtterance(Side),
    /// The side has no long utterance next to a long one of the other.
    NoNeighbours(Side),
    /// The transcript gives no emotion for any utterance of the side.
    NoEmotions(Side),
    /// The side has no utterance, there or on the whole call, that is long enough to have an
    /// emotion and has one.
    NoEmotionalUtterance(Side),
    /// No emotional utterance of the side has the emotion that is asked for.
    NoSuchEmotion(Side),
    /// The call met no IVR.
    NoIvr,
    /// There was no hold.
    NoHold,
    /// The customer has too few earlier contacts to tell.
    ShortHistory,
    /// The metadata do not say; the field is named.
    NotInMetadata(&'static str),
    /// The length of the call is unknown or zero.
    NoDuration,
    /// The row of a table of measurements had no value here, and its reason is not known.
    NotGiven,
}

impl Absence {
    /// Returns the word used in summaries: the reason without side or field.
    pub fn code(&self) -> &'static str {
        match self {
            Absence::NoRecording => "no_recording",
            Absence::NoTranscript => "no_transcript",
            Absence::TranscriptDoubled => "transcript_doubled",
            Absence::NoWords(_) => "no_words",
            Absence::NoWordTimes(_) => "no_word_times",
            Absence::DualMono => "dual_mono",
            Absence::ChannelSilent(_) => "channel_silent",
            Absence::NoSpeech(_) => "no_speech",
            Absence::NoSpeechInThird(_) => "no_speech_in_third",
            Absence::NoPitch(_) => "no_pitch",
            Absence::SwitchedOff(_) => "switched_off",
            Absence::NoComparableSound => "no_comparable_sound",
            Absence::OneClock => "one_clock",
            Absence::NoLeak => "no_leak",
            Absence::HoldsInMetadata => "holds_in_metadata",
            Absence::NobodySpeaks => "nobody_speaks",
            Absence::NoTurnTaken(_) => "no_turn_taken",
            Absence::NoInterruption(_) => "no_interruption",
            Absence::NoLongSilence => "no_long_silence",
            Absence::NoLongUtterance(_) => "no_long_utterance",
            Absence::NoNeighbours(_) => "no_neighbours",
            Absence::NoEmotions(_) => "no_emotions",
            Absence::NoEmotionalUtterance(_) => "no_emotional_utterance",
            Absence::NoSuchEmotion(_) => "no_such_emotion",
            Absence::NoIvr => "no_ivr",
            Absence::NoHold => "no_hold",
            Absence::ShortHistory => "short_history",
            Absence::NotInMetadata(_) => "not_in_metadata",
            Absence::NoDuration => "no_duration",
            Absence::NotGiven => "not_given",
        }
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Absence::NoRecording => f.write_str("no recording"),
            Absence::NoTranscript => f.write_str("no transcript"),
            Absence::TranscriptDoubled => f.write_str("both sides of the transcript say the same"),
            Absence::NoWords(side) => write!(f, "no {side} words in the transcript"),
            Absence::NoWordTimes(side) => {
                write!(f, "the {side} words in the transcript have no times")
            }
            Absence::DualMono => f.write_str("both channels carry the same sound"),
            Absence::ChannelSilent(side) => write!(f, "the {side} channel is silent"),
            Absence::NoSpeech(side) => write!(f, "no {side} speech"),
            Absence::NoSpeechInThird(side) => {
                write!(
                    f,
                    "no {side} speech in the first or the last third of the call"
                )
            }
            Absence::NoPitch(side) => write!(f, "too little {side} voice that has a pitch"),
            Absence::NoComparableSound => {
                f.write_str("no 10 s hold enough sound to compare the channels")
            }
            Absence::OneClock => {
                f.write_str("both sides stand in one recording, which has one clock")
            }
            Absence::NoLeak => f.write_str(
                "too little of one side is heard on the other's recording to compare their clocks",
            ),
            Absence::HoldsInMetadata => f.write_str("the metadata tell of holds: see hold_count"),
            Absence::SwitchedOff(field) => write!(f, "switched off in the settings: {field}"),
            Absence::NobodySpeaks => f.write_str("nobody speaks"),
            Absence::NoTurnTaken(side) => write!(f, "the {side} takes no turn"),
            Absence::NoInterruption(side) => write!(f, "the {side} interrupts nowhere"),
            Absence::NoLongSilence => f.write_str("no long silence"),
            Absence::NoLongUtterance(side) => write!(f, "no long {side} utterance"),
            Absence::NoNeighbours(side) => {
                write!(
                    f,
                    "no long {side} utterance next to a long {} one",
                    side.other()
                )
            }
            Absence::NoEmotions(side) => {
                write!(f, "the transcript has no emotions of the {side}")
            }
            Absence::NoEmotionalUtterance(side) => write!(f, "no emotional {side} utterance"),
            Absence::NoSuchEmotion(side) => write!(f, "no {side} utterance of that emotion"),
            Absence::NoIvr => f.write_str("the call met no IVR"),
            Absence::NoHold => f.write_str("no hold"),
            Absence::ShortHistory => f.write_str("too few earlier IVR contacts"),
            Absence::NotInMetadata(field) => write!(f, "not in metadata: {field}"),
            Absence::NoDuration => f.write_str("the length of the call is unknown"),
            Absence::NotGiven => f.write_str("no value in the table"),
        }
    }
}

/// The value of a feature on a call, or why there is none.
pub type Measured = Result<Value, Absence>;

/// A number on a call, or why there is none.
pub(crate) type Number = Result<f64, Absence>;

/// Whether a feature is a number or a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A word.
    Category,
}

impl Kind {
    /// Returns the kind as messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Category => "a word",
        }
    }
}

impl Value {
    /// Returns whether it is a number or a word.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Number(_) => Kind::Number,
            Value::Category(_) => Kind::Category,
        }
    }
}

/// Unit of a feature's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, from 0 to 1.
    Share,
    /// A difference of two shares, from -1 to 1.
    ShareChange,
    /// A mood, from -1 (negative) to 1 (positive).
    Score,
    /// A difference of two moods, from -2 to 2.
    ScoreChange,
    /// A number of things, or a mean of such numbers.
    Count,
    /// A number of frames of 1/8000 s.
    Frame,
    /// Letters per second of speech.
    LettersPerSecond,
    /// Words per second of speech.
    WordsPerSecond,
    /// Syllables per second of speech.
    SyllablesPerSecond,
    /// Times per minute.
    PerMinute,
    /// A level in decibels below full scale; a full-scale square wave is at 0.
    Dbfs,
    /// A difference of two levels in decibels.
    Decibels,
    /// Periods per second.
    Hertz,
    /// A ratio of two frequencies in twelfths of an octave.
    Semitones,
    /// Parts per million.
    PartsPerMillion,
    /// 1 for yes, 0 for no.
    Flag,
    /// A word.
    Category,
}

impl Unit {
    /// Returns the unit as tables show it.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::Share => "0..1",
            Unit::ShareChange | Unit::Score => "-1..1",
            Unit::ScoreChange => "-2..2",
            Unit::Count => "count",
            Unit::Frame => "frame",
            Unit::LettersPerSecond => "letters/s",
            Unit::WordsPerSecond => "words/s",
            Unit::SyllablesPerSecond => "syllables/s",
            Unit::PerMinute => "1/min",
            Unit::Dbfs => "dBFS",
            Unit::Decibels => "dB",
            Unit::Hertz => "Hz",
            Unit::Semitones => "semitones",
            Unit::PartsPerMillion => "ppm",
            Unit::Flag => "0/1",
            Unit::Category => "category",
        }
    }

    /// Returns the least and the greatest value of the unit, where it has both.
    pub fn bounds(self) -> Option<(f64, f64)> {
        match self {
            Unit::Share | Unit::Flag => Some((0.0, 1.0)),
            Unit::ShareChange | Unit::Score => Some((-1.0, 1.0)),
            Unit::ScoreChange => Some((-2.0, 2.0)),
            Unit::Seconds
            | Unit::Count
            | Unit::Frame
            | Unit::LettersPerSecond
            | Unit::WordsPerSecond
            | Unit::SyllablesPerSecond
            | Unit::PerMinute
            | Unit::Dbfs
            | Unit::Decibels
            | Unit::Hertz
            | Unit::Semitones
            | Unit::PartsPerMillion
            | Unit::Category => None,
        }
    }
}

/// What a call must have for a feature to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needs {
    /// Facts of the telephony platform.
    Metadata,
    /// Speech of the two sides: a recording, or a transcript with times.
    Speech,
    /// The sound itself: a recording, whatever the transcript.
    Recording,
    /// Words.
    Words,
    /// Emotion probabilities of the utterances, from the transcript.
    Emotions,
    /// Facts of the platform and the length of the call.
    MetadataAndSpeech,
}

impl Needs {
    /// Returns the need as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Needs::Metadata => "metadata",
            Needs::Speech => "audio",
            Needs::Recording => "recording",
            Needs::Words => "words",
            Needs::Emotions => "emotions",
            Needs::MetadataAndSpeech => "metadata, audio",
        }
    }
}

/// Where a definition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The essay "Автоматическая оценка CSI" (Sber).
    Essay,
    /// The public `call_features` of Sber's speech analytics, under the same name.
    CallFeatures,
    /// This crate.
    Own,
}

impl Source {
    /// Returns the source as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Source::Essay => "essay",
            Source::CallFeatures => "call_features",
            Source::Own => "callcsi",
        }
    }
}

/// All that is known of one call when its features are measured.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// IVR, queue, hold and history facts.
    pub metadata: &'a Metadata,
    /// The conversation, or why there is none.
    pub conversation: Result<&'a Conversation, Absence>,
    /// Why no words are known, when it is not that there is no transcript.
    pub no_words: Option<Absence>,
    /// Words of each side, of a call without a recording whose transcript has no times: then there
    /// is no conversation, and they can be counted all the same.
    pub untimed: Option<Sides<WordCount>>,
    /// What is known of the channels of the recording; `None` without one.
    pub channels: Option<Channels>,
    /// The sides of which nothing can be heard, for their channel is silent, nor read: what stands
    /// on their speech is [`Absence::ChannelSilent`].
    pub unheard: Sides<bool>,
    /// The peaks of each channel, or why there are none.
    pub peaks: Result<&'a Sides<Peaks>, Absence>,
    /// The pitch of each channel, or why it is not known.
    pub pitches: Result<&'a Sides<Pitches>, Absence>,
    /// Length of the call, where it is known. It may be known of a call whose conversation is not.
    pub duration: Option<Span>,
    /// The holds on the call clock: as the platform gave intervals, else as they were heard.
    pub holds: Option<&'a Timeline>,
    /// The holds that were heard, or why none could be.
    pub heard_holds: Result<&'a Timeline, Absence>,
    /// The thresholds.
    pub settings: &'a AnalysisSettings,
}

impl Evidence<'_> {
    /// Returns the conversation, or why there is none.
    fn talk(&self) -> Result<&Conversation, Absence> {
        self.conversation.clone()
    }

    /// Returns the length of the call, which is positive, or why it has none.
    fn length(&self) -> Result<Span, Absence> {
        match self.duration {
            Some(duration) if duration > Span::ZERO => Ok(duration),
            Some(_) => Err(Absence::NoDuration),
            None => Err(self
                .conversation
                .as_ref()
                .err()
                .cloned()
                .unwrap_or(Absence::NoDuration)),
        }
    }
}

type Compute = Box<dyn Fn(&Evidence<'_>) -> Measured + Send + Sync>;

/// One measurement of a call.
#[non_exhaustive]
pub struct Feature {
    /// Column name.
    pub name: String,
    /// Unit of the value.
    pub unit: Unit,
    /// What is computed, exact enough to recompute it by hand.
    pub definition: String,
    /// What a call must have for the feature to exist.
    pub needs: Needs,
    /// Who defined the quantity.
    pub source: Source,
    /// Raised whenever the same call would get another value. Models record it.
    pub revision: u32,
    /// Number or word.
    pub kind: Kind,
    /// What a reason that stands on it is about.
    pub group: ReasonGroup,
    /// What people call it.
    title: Words,
    /// How its value is told.
    phrase: Phrase,
    /// How zero is told, where that is no number to people.
    zero: Option<Words>,
    /// Whose speech it stands on.
    voices: Sides<bool>,
    compute: Compute,
}

/// Stands on nobody's speech.
const NOBODY: Sides<bool> = Sides {
    agent: false,
    customer: false,
};

/// Stands on the speech of both sides.
const BOTH: Sides<bool> = Sides {
    agent: true,
    customer: true,
};

/// Stands on the speech of one side.
fn only(side: Side) -> Sides<bool> {
    Sides::from_fn(|s| s == side)
}

impl fmt::Debug for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feature")
            .field("name", &self.name)
            .field("unit", &self.unit)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl Feature {
    /// Declares a number of revision 1. Whose speech it stands on is told by its name: see
    /// [`voices`].
    fn number(
        name: impl Into<String>,
        unit: Unit,
        needs: Needs,
        source: Source,
        definition: impl Into<String>,
        compute: impl Fn(&Evidence<'_>) -> Number + Send + Sync + 'static,
    ) -> Feature {
        let name = name.into();
        Feature {
            voices: voices(&name, needs),
            name,
            unit,
            definition: definition.into(),
            needs,
            source,
            revision: 1,
            kind: Kind::Number,
            group: ReasonGroup::Channel,
            title: Words::default(),
            phrase: Phrase::default(),
            zero: None,
            compute: Box::new(move |evidence| {
                let number = compute(evidence)?;
                // The definitions divide by nothing but what they checked; should one slip, the
                // value is absent and not a NaN in a table.
                debug_assert!(number.is_finite());
                if number.is_finite() {
                    Ok(Value::Number(number))
                } else {
                    Err(Absence::NotGiven)
                }
            }),
        }
    }

    /// Raises the revision: the same call gets another value than under the last one.
    fn revised(mut self, revision: u32) -> Feature {
        self.revision = revision;
        self
    }

    /// Says what people call it, in English and in Russian, and what a reason that stands on it is
    /// about. Every feature must: a test holds that none is left without.
    fn told(mut self, group: ReasonGroup, en: impl Into<String>, ru: impl Into<String>) -> Feature {
        self.group = group;
        self.title = Words::new(en, ru);
        self
    }

    /// Has the value told within a text, at its `{}`.
    fn around(mut self, en: impl Into<String>, ru: impl Into<String>) -> Feature {
        self.phrase = Phrase::Around(Words::new(en, ru));
        self
    }

    /// Has the value told as a number of `noun`, within a text; zero has a text of its own.
    fn counted<S: Into<String>>(mut self, noun: Noun, text: (S, S), none: (S, S)) -> Feature {
        self.phrase = Phrase::Counted(Words::new(text.0, text.1), noun);
        self.zero(none.0, none.1)
    }

    /// Has zero told as a text.
    fn zero(mut self, en: impl Into<String>, ru: impl Into<String>) -> Feature {
        self.zero = Some(Words::new(en, ru));
        self
    }

    /// Has a flag told as one of two texts.
    fn yes_no<S: Into<String>>(mut self, yes: (S, S), no: (S, S)) -> Feature {
        self.phrase = Phrase::YesNo(Words::new(yes.0, yes.1), Words::new(no.0, no.1));
        self
    }

    /// Has the words that the value may be told as these texts: word, English, Russian.
    fn known(mut self, texts: &'static [(&'static str, &'static str, &'static str)]) -> Feature {
        self.phrase = Phrase::Known(texts);
        self
    }

    /// Says whose speech it stands on, where its name does not.
    fn standing_on(mut self, voices: Sides<bool>) -> Feature {
        self.voices = voices;
        self
    }

    /// Measures it. What stands on the speech of a side that cannot be heard has no value: 0 would
    /// say that the side was silent, and only its channel was.
    fn measure(&self, evidence: &Evidence<'_>) -> Measured {
        let void = |&side: &Side| *self.voices.get(side) && *evidence.unheard.get(side);
        match Side::BOTH.into_iter().find(void) {
            Some(side) if evidence.conversation.is_ok() => Err(Absence::ChannelSilent(side)),
            _ => (self.compute)(evidence),
        }
    }

    /// Declares a word of revision 1.
    fn category(
        name: &str,
        definition: &str,
        compute: impl Fn(&Evidence<'_>) -> Result<Arc<str>, Absence> + Send + Sync + 'static,
    ) -> Feature {
        Feature {
            name: name.to_owned(),
            unit: Unit::Category,
            definition: definition.to_owned(),
            needs: Needs::Metadata,
            source: Source::Essay,
            revision: 1,
            kind: Kind::Category,
            group: ReasonGroup::Channel,
            title: Words::default(),
            phrase: Phrase::default(),
            zero: None,
            voices: NOBODY,
            compute: Box::new(move |evidence| compute(evidence).map(Value::Category)),
        }
    }
}

/// Returns whose speech a feature of that name stands on: `agent_…` and `customer_…` on that side's,
/// any other on both. Words and emotions come from the transcript, whatever is heard.
fn voices(name: &str, needs: Needs) -> Sides<bool> {
    if !matches!(needs, Needs::Speech | Needs::Recording) {
        return NOBODY;
    }
    let of = |side: &Side| {
        name.strip_prefix(side.name())
            .is_some_and(|n| n.starts_with('_'))
    };
    Side::BOTH.into_iter().find(of).map_or(BOTH, only)
}

/// The catalogue, with the place of each name.
struct Catalogue {
    features: Vec<Feature>,
    index: HashMap<String, usize>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let groups = [
        telephony::features(),
        dialog::features(),
        pace::features(),
        side::features(Side::Customer),
        side::features(Side::Agent),
        turns::features(),
        voice::features(),
        channel::features(),
    ];
    let features: Vec<Feature> = groups.into_iter().flatten().collect();
    let index = features
        .iter()
        .enumerate()
        .map(|(i, f)| (f.name.clone(), i))
        .collect();
    Catalogue { features, index }
});

/// Returns every feature, in column order.
pub fn catalogue() -> &'static [Feature] {
    &CATALOGUE.features
}

/// Returns the place of a feature in the catalogue; `None` when none has that name.
pub fn position(name: &str) -> Option<usize> {
    CATALOGUE.index.get(name).copied()
}

/// The features of one call, one slot per entry of [`catalogue`], in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureVector {
    values: Vec<Measured>,
}

impl FeatureVector {
    /// Measures every feature of the catalogue.
    pub fn measure(evidence: &Evidence<'_>) -> FeatureVector {
        FeatureVector {
            values: catalogue().iter().map(|f| f.measure(evidence)).collect(),
        }
    }

    /// Makes the features of a call from values known by name, read back from a table of results
    /// for instance. Features not named are absent for the reason `otherwise`; of one named twice
    /// the last value holds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] for a name that is not in the catalogue or a value of the wrong
    /// kind, [`ErrorKind::Invalid`] for a number that is not finite.
    pub fn from_named<'a>(
        named: impl IntoIterator<Item = (&'a str, Value)>,
        otherwise: Absence,
    ) -> crate::Result<FeatureVector> {
        let mut values: Vec<Measured> = vec![Err(otherwise); catalogue().len()];
        for (name, value) in named {
            let Some(index) = position(name) else {
                let wanted = "the name of a feature that this build measures";
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    name,
                    "no such feature",
                    wanted,
                ));
            };
            let wanted = catalogue()[index].kind;
            match &value {
                Value::Number(x) if !x.is_finite() => {
                    return Err(Error::new(ErrorKind::Invalid, name, x, "a finite number"));
                }
                _ if value.kind() != wanted => {
                    let (found, wanted) = (value.kind().name(), wanted.name());
                    return Err(Error::new(ErrorKind::Mismatch, name, found, wanted));
                }
                _ => values[index] = Ok(value),
            }
        }
        Ok(FeatureVector { values })
    }

    /// Makes the features of a call of which none is known.
    pub fn absent() -> FeatureVector {
        FeatureVector {
            values: vec![Err(Absence::NotGiven); catalogue().len()],
        }
    }

    /// Returns the values, in catalogue order.
    pub fn values(&self) -> &[Measured] {
        &self.values
    }

    /// Returns a feature's value, or why it has none; `None` when no feature has that name.
    pub fn get(&self, name: &str) -> Option<&Measured> {
        self.values.get(position(name)?)
    }

    /// Iterates over features and values, in catalogue order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Feature, &Measured)> + '_ {
        catalogue().iter().zip(&self.values)
    }
}

impl FeatureVector {
    /// Returns why each feature without a value has none, in words, in catalogue order.
    pub fn absences(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.iter()
            .filter_map(|(f, v)| Some((f.name.as_str(), v.as_ref().err()?.to_string())))
    }
}

/// Serialises as a map from name to value, `null` where there is none.
impl Serialize for FeatureVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(f, v)| (&f.name, v.as_ref().ok())))
    }
}
