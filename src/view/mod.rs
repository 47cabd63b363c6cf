//! The measurements of one call in the shapes that others write, to be laid beside theirs.
//!
//! A view renames and regroups what was measured; where its owner defines a quantity in another
//! way, the view computes the owner's, from the same conversation, and says so in its module. What
//! does not exist on a call is `null` or left out, as the owner does it; the flat view alone tells
//! why.
//!
//! Words of the call appear in none.

mod aws;
mod flat;
mod salute;
mod yandex;

pub(crate) use flat::record;

use crate::error::{Error, ErrorKind, Result};
use crate::features::{InterruptionRecord, interruptions_list};
use crate::score::Measurements;
use crate::settings::AnalysisSettings;
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// A shape of the measurements of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum View {
    /// This crate's own: every feature by name, and why those without a value have none.
    #[default]
    Flat,
    /// `insight_result.call_features` of Sber SaluteSpeech.
    Salute,
    /// `speakerAnalysis` and `conversationAnalysis` of Yandex SpeechKit v3.
    Yandex,
    /// `ConversationCharacteristics` of Amazon Transcribe Call Analytics.
    Aws,
}

impl View {
    /// Every view.
    pub const ALL: [View; 4] = [View::Flat, View::Salute, View::Yandex, View::Aws];

    /// Returns the name used on command lines.
    pub fn name(self) -> &'static str {
        match self {
            View::Flat => "flat",
            View::Salute => "salute",
            View::Yandex => "yandex",
            View::Aws => "aws",
        }
    }

    /// Shows what was measured on a call under `settings`.
    pub fn show(self, found: &Measurements, settings: &AnalysisSettings) -> Value {
        match self {
            View::Flat => flat::show(found),
            View::Salute => salute::show(found),
            View::Yandex => yandex::show(found),
            View::Aws => aws::show(found, settings),
        }
    }
}

/// Returns the records of the interruptions, where both sides are known.
fn interruptions(found: &Measurements) -> Option<Vec<InterruptionRecord>> {
    found.dialogue().map(interruptions_list)
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for View {
    type Err = Error;

    /// Parses a view's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for any other word, with the list of those known.
    fn from_str(text: &str) -> Result<View> {
        let named = View::ALL.into_iter().find(|v| v.name() == text);
        named.ok_or_else(|| {
            let wanted = format!("one of {}", View::ALL.map(View::name).join(", "));
            Error::new(ErrorKind::Invalid, "view", format!("{text:?}"), wanted)
        })
    }
}
