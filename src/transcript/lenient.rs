//! What formats write in more than one way: numbers as text, lists that are `null`, labels that are
//! numbers, channels that may be none.

use super::draft::{Draft, SaidWord, Speaker};
use super::times::Times;
use crate::timeline::Time;
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use std::fmt;

/// Reads `null` as the value that stands where the key is missing.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A whole number, 0 or more: `1`, `1.0`, `"1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole(pub(super) u64);

/// A label: `"A"`, `"1"`, `1`. Empty text and numbers below 0 are how formats say that there is
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label(String);

impl Label {
    /// Returns the text; `None` where there is none.
    pub(super) fn text(&self) -> Option<&str> {
        Some(self.0.trim()).filter(|text| !text.is_empty() && !text.starts_with('-'))
    }

    /// Returns it as it stands, for labels that are keys elsewhere in the file.
    pub(super) fn key(&self) -> &str {
        &self.0
    }

    /// Returns who it names: a side, a name, or nobody.
    pub(super) fn speaker(&self) -> Speaker {
        self.text().map_or(Speaker::Unknown, Speaker::named)
    }

    /// Returns the number that the label is.
    pub(super) fn number(&self) -> Option<u64> {
        self.text()?.parse().ok()
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
        deserializer.deserialize_any(WholeReader)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Label, D::Error> {
        deserializer.deserialize_any(LabelReader)
    }
}

struct WholeReader;

impl WholeReader {
    fn refuse<E: de::Error>(&self) -> E {
        E::invalid_value(Unexpected::Other("another value"), self)
    }
}

impl Visitor<'_> for WholeReader {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, 0 or more")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
        Ok(Whole(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
        let number = u64::try_from(number).map_err(|_| self.refuse())?;
        Ok(Whole(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
        let whole = number.fract() == 0.0 && (0.0..1e15).contains(&number);
        whole
            .then_some(Whole(number as u64))
            .ok_or_else(|| self.refuse())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
        let number = text.trim().parse().map_err(|_| self.refuse())?;
        Ok(Whole(number))
    }
}

struct LabelReader;

impl Visitor<'_> for LabelReader {
    type Value = Label;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label, as text or a number")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Label, E> {
        Ok(Label(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Label, E> {
        Ok(Label(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Label, E> {
        Ok(Label(number.to_string()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Label, E> {
        Ok(Label(text.to_owned()))
    }
}

/// Makes times of which a start of zero may be left out, as protobuf does.
pub(super) fn from_zero<T: Into<Time>>(start: Option<T>, end: Option<T>) -> Option<Times> {
    let start = start.map_or(Time::ZERO, T::into);
    Times::of(Some(start), end.map(T::into))
}

/// Returns an utterance's own times, for an utterance without timed words. Recognisers give the
/// stretch that they listened to, of which the words fill but a part.
pub(super) fn unless_timed(words: &[SaidWord], own: Option<Times>) -> Option<Times> {
    own.filter(|_| words.iter().all(|w| w.times.is_none()))
}

/// Makes a speaker of a label; [`Speaker::Unknown`] where there is none.
pub(super) fn speaker(label: Option<&Label>) -> Speaker {
    label.map_or(Speaker::Unknown, Label::speaker)
}

/// Takes back the first channel where it is the only one: for formats that do not tell how many
/// there are, in which a mono recording, with both parties in it, has that channel too.
pub(super) fn doubt_lone_channel(draft: &mut Draft) {
    let lone = draft.speakers().all(|s| match s {
        Speaker::Channel(channel) => *channel == 0,
        _ => true,
    });
    if lone {
        let first = |speaker: &&mut Speaker| **speaker == Speaker::Channel(0);
        for speaker in draft.speakers_mut().filter(first) {
            *speaker = Speaker::Unknown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_labels_may_be_text() {
        for json in ["2", "2.0", "\"2\"", "\" 2 \""] {
            assert_eq!(serde_json::from_str::<Whole>(json).unwrap(), Whole(2));
        }
        for json in ["-1", "1.5", "\"x\"", "null", "[]", "1e99"] {
            assert!(serde_json::from_str::<Whole>(json).is_err(), "{json}");
        }
        for json in ["7", "\"7\"", "\" 7\""] {
            let label: Label = serde_json::from_str(json).unwrap();
            assert_eq!((label.text(), label.number()), (Some("7"), Some(7)));
        }
        for json in ["-1", "\"\"", "\" \"", "\"-1\""] {
            let label: Label = serde_json::from_str(json).unwrap();
            assert_eq!(label.text(), None, "{json}");
        }
    }
}
