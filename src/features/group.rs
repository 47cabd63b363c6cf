//! What reasons are about: each feature belongs to one group, so that a reader hears of "holds" once
//! and not of four columns that say the same.

use super::words::Lang;
use serde::{Serialize, Serializer};

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReasonGroup {
    /// The wait for an agent.
    Waiting,
    /// Holds during the talk.
    Holds,
    /// The way through the IVR.
    Ivr,
    /// What the customer's earlier contacts show.
    History,
    /// Who talks over whom.
    Interruptions,
    /// Stretches in which nobody speaks.
    Silence,
    /// How turns change hands: replies, turns, listening signals.
    Replies,
    /// How fast, how loud and how high the sides speak.
    Voice,
    /// Who talks how much.
    Share,
    /// How long the call is, and when it opens and closes.
    Length,
    /// The emotions in the words.
    Emotion,
    /// What is wrong with the recording.
    Channel,
}

impl ReasonGroup {
    /// Every group, in the order of declaration.
    pub const ALL: [ReasonGroup; 12] = [
        ReasonGroup::Waiting,
        ReasonGroup::Holds,
        ReasonGroup::Ivr,
        ReasonGroup::History,
        ReasonGroup::Interruptions,
        ReasonGroup::Silence,
        ReasonGroup::Replies,
        ReasonGroup::Voice,
        ReasonGroup::Share,
        ReasonGroup::Length,
        ReasonGroup::Emotion,
        ReasonGroup::Channel,
    ];

    /// Returns the word used in rows and tables.
    pub fn name(self) -> &'static str {
        match self {
            ReasonGroup::Waiting => "waiting",
            ReasonGroup::Holds => "holds",
            ReasonGroup::Ivr => "ivr",
            ReasonGroup::History => "history",
            ReasonGroup::Interruptions => "interruptions",
            ReasonGroup::Silence => "silence",
            ReasonGroup::Replies => "replies",
            ReasonGroup::Voice => "voice",
            ReasonGroup::Share => "share",
            ReasonGroup::Length => "length",
            ReasonGroup::Emotion => "emotion",
            ReasonGroup::Channel => "channel",
        }
    }

    /// Returns what people call it.
    pub fn title(self, lang: Lang) -> &'static str {
        let (en, ru) = match self {
            ReasonGroup::Waiting => ("waiting for an agent", "ожидание оператора"),
            ReasonGroup::Holds => ("holds", "удержания"),
            ReasonGroup::Ivr => ("IVR", "IVR"),
            ReasonGroup::History => ("earlier contacts", "прежние обращения"),
            ReasonGroup::Interruptions => ("interruptions", "перебивания"),
            ReasonGroup::Silence => ("silence", "паузы и тишина"),
            ReasonGroup::Replies => ("give and take", "обмен репликами"),
            ReasonGroup::Voice => ("pace and voice", "темп и голос"),
            ReasonGroup::Share => ("who talks how much", "кто сколько говорит"),
            ReasonGroup::Length => ("length of the call", "длительность разговора"),
            ReasonGroup::Emotion => ("emotions", "эмоции"),
            ReasonGroup::Channel => ("channel quality", "качество записи"),
        };
        lang.of(en, ru)
    }
}

impl Serialize for ReasonGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
