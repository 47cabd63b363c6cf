//! SaluteSpeech: `insight_result.call_features`.
//!
//! The names, units and formulas are those of the features themselves, so this view only picks
//! them: every call-level name in the cloud's order, `dialog_interruptions_list` with its records in
//! place, `null` where there is no value. The cloud writes 0 for counts of a side it could not hear;
//! here that is `null` too. Its `id` and `conv_neg_list` are not among the published definitions
//! and are left out.

use super::interruptions;
use crate::features::{INTERRUPTIONS_LIST, Source};
use crate::score::Measurements;
use serde_json::{Map, Value, json};

/// The column after which the cloud lists the episodes.
const LIST_AFTER: &str = "dialog_interruptions_in_agent_speech_percentage";

pub(super) fn show(found: &Measurements) -> Value {
    let mut columns = Map::new();
    for (feature, value) in found.features.iter() {
        if feature.source == Source::CallFeatures {
            columns.insert(feature.name.clone(), json!(value.as_ref().ok()));
        }
        if feature.name == LIST_AFTER {
            let list = interruptions(found);
            columns.insert(INTERRUPTIONS_LIST.to_owned(), json!(list));
        }
    }
    json!({"insight_result": {"call_features": columns}})
}
