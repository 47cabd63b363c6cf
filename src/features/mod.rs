//! What is measured on a call.

use crate::call::Side;
use std::fmt;
use std::sync::Arc;

/// The value of a feature: a finite number, or one of a set of words.
#[derive(Clone, Debug, PartialEq)]
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
    /// The call has neither recording nor transcript.
    NoRecording,
    /// The call has no transcript.
    NoTranscript,
    /// Both channels carry the same sound, so nobody can tell who speaks.
    DualMono,
    /// The side does not speak.
    NoSpeech(Side),
    /// The metadata do not say; the field is named.
    NotInMetadata(&'static str),
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Absence::NoRecording => f.write_str("no recording"),
            Absence::NoTranscript => f.write_str("no transcript"),
            Absence::DualMono => f.write_str("both channels carry the same sound"),
            Absence::NoSpeech(side) => write!(f, "no {side} speech"),
            Absence::NotInMetadata(field) => write!(f, "not in metadata: {field}"),
        }
    }
}

/// The value of a feature on a call, or why there is none.
pub type Measured = Result<Value, Absence>;

/// Whether a feature is a number or a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A word.
    Category,
}

/// One measurement of a call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Feature {
    /// Column name.
    pub name: String,
    /// Number or word.
    pub kind: Kind,
    /// Raised whenever the same call would get another value. Models record it.
    pub revision: u32,
}

/// Returns every feature, in column order.
pub fn catalogue() -> &'static [Feature] {
    static CATALOGUE: std::sync::LazyLock<Vec<Feature>> = std::sync::LazyLock::new(|| {
        let number = |name: &str| Feature {
            name: name.into(),
            kind: Kind::Number,
            revision: 1,
        };
        vec![
            number("queue_wait_s"),
            number("hold_count"),
            number("hold_total_s"),
            number("ivr_duration_s"),
            Feature {
                name: "ivr_status".into(),
                kind: Kind::Category,
                revision: 1,
            },
            number("customer_speech_length_sum"),
        ]
    });
    &CATALOGUE
}

/// The features of one call, one slot per entry of [`catalogue`], in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureVector {
    values: Vec<Measured>,
}

impl FeatureVector {
    /// Makes a vector from one value per catalogue entry.
    pub(crate) fn from_values(values: Vec<Measured>) -> FeatureVector {
        debug_assert_eq!(values.len(), catalogue().len());
        FeatureVector { values }
    }

    /// Returns the values, in catalogue order.
    pub fn values(&self) -> &[Measured] {
        &self.values
    }

    /// Returns a feature's value, or why it has none; `None` when no feature has that name.
    pub fn get(&self, name: &str) -> Option<&Measured> {
        let index = catalogue().iter().position(|f| f.name == name)?;
        self.values.get(index)
    }
}
