//! This crate's own view: one value a name, and a reason beside each that is absent.

use super::interruptions;
use crate::features::INTERRUPTIONS_LIST;
use crate::score::Measurements;
use crate::transcript::format_names;
use serde_json::{Map, Value, json};

pub(super) fn show(found: &Measurements) -> Value {
    let (features, absent) = record(found);
    json!({
        "call_id": found.call,
        "features": features,
        "absent": absent,
        "warnings": found.warnings,
        "recording": found.recording.as_ref().map(ToString::to_string),
        "transcript": format_names(&found.transcript_formats),
    })
}

/// Returns every measurement by name, the list of interruptions among them, and why those without a
/// value have none.
pub(crate) fn record(found: &Measurements) -> (Map<String, Value>, Map<String, Value>) {
    let features = found.features.iter();
    let mut features: Map<String, Value> = features
        .map(|(f, v)| (f.name.clone(), json!(v.as_ref().ok())))
        .collect();
    let absent = found.features.absences();
    let mut absent: Map<String, Value> = absent
        .map(|(name, reason)| (name.to_owned(), json!(reason)))
        .collect();
    let list = interruptions(found);
    if list.is_none() {
        // The list is absent where the number of its records is.
        let reason = absent.get("dialog_interruptions_count").cloned();
        absent.insert(INTERRUPTIONS_LIST.to_owned(), json!(reason));
    }
    features.insert(INTERRUPTIONS_LIST.to_owned(), json!(list));
    (features, absent)
}
