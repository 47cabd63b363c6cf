//! What was said: words, utterances, emotions.
//!
//! One internal model, [`Transcript`], and one reader per format.
//!
//! # Conventions
//!
//! * Times are on the call clock (see [`timeline`](crate::timeline)).
//! * Word times are optional; a format without them still gives words.
//! * A token without a letter or a digit is no word: readers drop it.
//! * Formats are detected by their keys, never by the size of a number; which was detected is said.
//! * What holds for every format (whose words are whose, times that run backwards, repetitions) is
//!   decided once, by stated rules, and said as an [`Oddity`].

mod content;
mod doubled;
mod draft;
mod formats;
mod lenient;
mod read;
#[cfg(test)]
mod testing;
mod times;

pub use formats::Format;
pub(crate) use formats::format_names;
pub use read::{Oddity, ReadTranscript, read};

use crate::call::Side;
use crate::timeline::{Segment, Span};
use serde::{Deserialize, Serialize};

/// A recognised word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The word as recognised, without surrounding white space.
    pub text: String,
    /// When it was said, where the recogniser tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Segment>,
}

impl Word {
    /// Makes a word, or `None` when `text` holds neither a letter nor a digit.
    pub fn new(text: &str, time: Option<Segment>) -> Option<Word> {
        let text = text.trim();
        let is_word = text.chars().any(char::is_alphanumeric);
        is_word.then(|| Word {
            text: text.to_owned(),
            time,
        })
    }

    /// Returns the number of letters: Unicode alphabetic characters. Digits and punctuation are
    /// none.
    pub fn letters(&self) -> usize {
        self.text.chars().filter(|c| c.is_alphabetic()).count()
    }

    /// Returns its letters and digits in lower case: what two recognisers agree on.
    fn plain(&self) -> String {
        let kept = self.text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect()
    }
}

/// Probabilities of the emotion of an utterance; they are taken as the recogniser gives them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emotion {
    /// Probability that it is positive.
    pub positive: f64,
    /// Probability that it is neutral.
    pub neutral: f64,
    /// Probability that it is negative.
    pub negative: f64,
}

/// A stretch of speech of one side, as the transcript cuts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// Who speaks.
    pub side: Side,
    /// From its start to its end.
    pub segment: Segment,
    /// Its words; `None` when the format carries turns without words.
    pub words: Option<Vec<Word>>,
    /// Its emotion, where the recogniser tells.
    pub emotion: Option<Emotion>,
}

/// What was said on a call, whatever the format it was read from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The utterances of both sides, in any order.
    pub utterances: Vec<Utterance>,
    /// Words that the format puts in no utterance. Those without a time have no place on the call:
    /// they count for their side as a whole.
    pub loose_words: Vec<(Side, Word)>,
    /// Length of the call, where the format tells.
    pub duration: Option<Span>,
}

impl Transcript {
    /// Tells whether anything of a side is in it.
    pub fn tells_of(&self, side: Side) -> bool {
        self.utterances.iter().any(|u| u.side == side)
            || self.loose_words.iter().any(|(s, _)| *s == side)
    }

    /// Returns a side that has words without a place on the call, if there is one.
    pub fn unplaced_side(&self) -> Option<Side> {
        let unplaced = self.loose_words.iter().find(|(_, w)| w.time.is_none());
        unplaced.map(|(side, _)| *side)
    }

    /// Adds another transcript of the same call; the longer length holds.
    fn append(&mut self, other: Transcript) {
        self.utterances.extend(other.utterances);
        self.loose_words.extend(other.loose_words);
        self.duration = self.duration.max(other.duration);
    }
}
