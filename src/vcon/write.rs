//! An estimate into a vCon.

use super::document::Document;
use super::encoding::{hex, sha512};
use crate::error::{Error, Result};
use crate::model::{Contribution, Model};
use crate::score::Assessment;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt;

/// The `vendor` of the analysis.
pub const VENDOR: &str = "callcsi";
/// The `product` of the analysis; with the vendor it tells an earlier estimate from everyone else's.
pub const PRODUCT: &str = "csi";
/// The `schema` of the analysis: the shape of its body. It is raised when a member changes its meaning.
pub const SCHEMA: &str = "csi-1";

/// From this probability on a customer is called satisfied: it is likelier than not.
const THRESHOLD: f64 = 0.5;

/// The most features that the body names, strongest first.
const TOP_FEATURES: usize = 10;

/// How the body of the analysis stands in the vCon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyShape {
    /// JSON in a string. This is the default: every draft allows it, and readers of the drafts before 03
    /// take nothing else.
    #[default]
    Text,
    /// A JSON object, which draft 03 allows.
    Object,
}

/// Returns the vCon in `text` with an estimate as an analysis of type `report`.
///
/// An earlier estimate of this crate is replaced where it stands, so the same estimate gives the same
/// bytes however often it is attached. All else is kept as it is written, to the digit. `updated_at`
/// stays too: a result follows from its input alone, and the time of a run does not.
///
/// The body has the scale and the estimate, the model, and up to ten features with what they add to the
/// log-odds; no word, no name, and not the call's id.
///
/// # Errors
///
/// [`IllFormed`](crate::ErrorKind::IllFormed) when it is no vCon,
/// [`Unsupported`](crate::ErrorKind::Unsupported) when it is signed or encrypted
/// or has a critical extension that is not known.
pub fn attach(
    text: &str,
    assessment: &Assessment,
    model: &Model,
    shape: BodyShape,
) -> Result<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::parse(text)?;
    let about = document.dialogs_of("recording");
    let new = analysis(assessment, model, shape, &about).to_string();
    let Members(members) = serde_json::from_str(text).map_err(|e| Error::json(&e, "a vCon"))?;
    let mut written = Vec::with_capacity(members.len() + 1);
    let mut attached = false;
    for (key, value) in members {
        let value = match key.as_str() {
            "analysis" if !attached => {
                attached = true;
                list_with(value, &new)?
            }
            _ => value.get().to_owned(),
        };
        written.push(format!("{}:{value}", Value::from(key)));
    }
    if !attached {
        written.push(format!("\"analysis\":[{new}]"));
    }
    Ok(format!("{{{}}}", written.join(",")))
}

/// Returns the list of analyses with the new one: in the place of the first of ours, else at the end.
fn list_with(list: &RawValue, new: &str) -> Result<String> {
    let old: Option<Vec<&RawValue>> = serde_json::from_str(list.get())
        .map_err(|e| Error::json(&e, "a list of analyses").within("analysis"))?;
    let is_ours = |analysis: &RawValue| {
        let Ok(analysis) = serde_json::from_str::<Whose>(analysis.get()) else {
            return false;
        };
        analysis.vendor == Some(VENDOR.into()) && analysis.product == Some(PRODUCT.into())
    };
    let mut items = Vec::new();
    let mut placed = false;
    for analysis in old.unwrap_or_default() {
        if !is_ours(analysis) {
            items.push(analysis.get());
        } else if !placed {
            placed = true;
            items.push(new);
        }
    }
    if !placed {
        items.push(new);
    }
    Ok(format!("[{}]", items.join(",")))
}

/// Returns a new vCon with an estimate, for a call that did not come from one.
///
/// Its `uuid` is one of version 8 made of the SHA-512 of the call's id, so that it is the same in every
/// run. It has a party for each side, without a name, and a dialog without sound. The draft wants times
/// of creation and start: they are the start of the recording, or, where that is not known,
/// 1970-01-01T00:00:00Z.
pub fn new_vcon(assessment: &Assessment, model: &Model, shape: BodyShape) -> String {
    let found = &assessment.measurements;
    let start = match found.metadata.recording_start {
        Some(start) => start.to_string(),
        None => "1970-01-01T00:00:00Z".to_owned(),
    };
    // Both parties on one channel: which of two would be whose is not told.
    let mut dialog = json!({"type": "recording", "start": start, "parties": [[0, 1]]});
    if let (Some(duration), Some(dialog)) = (found.duration, dialog.as_object_mut()) {
        dialog.insert("duration".to_owned(), json!(duration.seconds()));
    }
    let vcon = json!({
        "uuid": uuid(found.call.as_str()),
        "extensions": ["CC"],
        "created_at": start,
        "parties": [{"role": "customer"}, {"role": "agent"}],
        "dialog": [dialog],
        "analysis": [analysis(assessment, model, shape, &[0])],
        "attachments": [],
    });
    vcon.to_string()
}

/// Returns a UUID of version 8 (RFC 9562, section 5.8) that follows from a call's id.
fn uuid(id: &str) -> String {
    let hash = sha512(format!("callcsi\0{id}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = hex(&bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    parts.join("-")
}

fn analysis(assessment: &Assessment, model: &Model, shape: BodyShape, about: &[usize]) -> Value {
    let body = body(assessment, model);
    let mut analysis = json!({"type": "report"});
    let dialog = match about {
        [] => None,
        [one] => Some(json!(one)),
        several => Some(json!(several)),
    };
    let members = [
        ("dialog", dialog),
        ("mediatype", Some(json!("application/json"))),
        ("vendor", Some(json!(VENDOR))),
        ("product", Some(json!(PRODUCT))),
        ("schema", Some(json!(SCHEMA))),
        ("encoding", Some(json!("json"))),
        (
            "body",
            Some(match shape {
                BodyShape::Text => json!(body.to_string()),
                BodyShape::Object => body,
            }),
        ),
    ];
    if let Some(analysis) = analysis.as_object_mut() {
        let known = members
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        analysis.extend(known);
    }
    analysis
}

fn body(assessment: &Assessment, model: &Model) -> Value {
    let (found, judged) = (&assessment.measurements, &assessment.prediction);
    let scale = model.label();
    let mut moving: Vec<&Contribution> = judged
        .contributions
        .iter()
        .filter(|c| c.log_odds != 0.0)
        .collect();
    // A stable sort: equal ones stay in catalogue order.
    moving.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    let top = moving.into_iter().take(TOP_FEATURES).map(|c| {
        json!({
            "name": c.feature.name,
            "value": c.value.as_ref().ok(),
            "unit": c.feature.unit.symbol(),
            "contribution": c.log_odds,
        })
    });
    let satisfied = judged.satisfied >= THRESHOLD;
    let codes: Vec<&str> = found.warnings.iter().map(|w| w.code).collect();
    json!({
        "scale": {
            "min": scale.min(),
            "max": scale.max(),
            "satisfied_from": scale.satisfied_from(),
        },
        "score": judged.csi,
        "p_satisfied": judged.satisfied,
        "p_dissatisfied": judged.dissatisfied,
        "p_marks": judged.marks,
        "class": if satisfied { "satisfied" } else { "not_satisfied" },
        "threshold": THRESHOLD,
        "log_odds": judged.log_odds,
        "base_log_odds": judged.base,
        "model": {
            "name": model.name(),
            "version": env!("CARGO_PKG_VERSION"),
            "fingerprint": model.fingerprint(),
        },
        "settings": model.settings().fingerprint(),
        // Nothing but the id was known: the estimate is that of an average call.
        "abstained": codes.contains(&"no_evidence"),
        "top_features": top.collect::<Vec<_>>(),
        "warnings": codes,
    })
}

/// Whose an analysis is.
#[derive(serde::Deserialize)]
struct Whose {
    vendor: Option<Value>,
    product: Option<Value>,
}

/// The members of an object in their order, as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(MembersReader)
    }
}

struct MembersReader;

impl<'de> Visitor<'de> for MembersReader {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_stable_uuids_of_version_8() {
        // python3 -c 'import hashlib, uuid; b = bytearray(hashlib.sha512(b"callcsi\0demo-01").digest()[:16]);
        // b[6] = b[6] & 15 | 128; b[8] = b[8] & 63 | 128; print(uuid.UUID(bytes=bytes(b)))'
        assert_eq!(uuid("demo-01"), "24e7ecf4-8881-828d-8f9c-5e53ae8d331a");
        assert_ne!(uuid("demo-01"), uuid("demo-02"));
    }
}
