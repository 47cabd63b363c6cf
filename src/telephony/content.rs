//! A file as the readers see it: lines of text, or JSON documents with their places.

use crate::error::{Error, ErrorKind, Result};
use serde_json::Value;

/// How deep wrappers around records are looked into.
const MAX_DEPTH: usize = 6;

/// Keys under which answers of interfaces and exports keep their records.
const WRAPPERS: [&str; 13] = [
    "conversations",
    "ContactTraceRecords",
    "Contacts",
    "Contact",
    "Records",
    "records",
    "results",
    "result",
    "items",
    "entities",
    "events",
    "logEvents",
    "message",
];

/// A JSON object that may be a record.
pub(super) struct Item {
    /// The line on which its document begins, and the keys that lead there.
    pub(super) place: String,
    pub(super) value: Value,
}

/// A file: of one document or many, or of lines.
pub(super) enum Content<'a> {
    Json {
        items: Vec<Item>,
        broken: Vec<(usize, String)>,
    },
    Text(&'a str),
}

impl Content<'_> {
    pub(super) fn of(bytes: &[u8]) -> Result<Content<'_>> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            let place = format!("line {line}");
            let error = Error::new(
                ErrorKind::IllFormed,
                place,
                "text that is no UTF-8",
                "UTF-8",
            );
            error.hint("is it compressed, or in another encoding?")
        })?;
        match text.trim_start().chars().next() {
            None => Err(Error::new(
                ErrorKind::IllFormed,
                "",
                "an empty file",
                "records of a telephony platform",
            )),
            Some('{' | '[') => Ok(json(text)),
            Some(_) => Ok(Content::Text(text)),
        }
    }

    pub(super) fn items(&self) -> &[Item] {
        match self {
            Content::Json { items, .. } => items,
            Content::Text(_) => &[],
        }
    }

    /// Iterates over the lines that hold anything, each with its number from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = match self {
            Content::Text(text) => text,
            Content::Json { .. } => "",
        };
        let lines = text.lines().enumerate();
        lines
            .map(|(i, line)| (i + 1, line.trim_end()))
            .filter(|(_, line)| !line.trim().is_empty())
    }

    /// Returns the text; empty of JSON.
    pub(super) fn text(&self) -> &str {
        match self {
            Content::Text(text) => text,
            Content::Json { .. } => "",
        }
    }

    /// Returns an error for each place that is no JSON.
    pub(super) fn broken(&self) -> Vec<Error> {
        let broken = match self {
            Content::Json { broken, .. } => broken.as_slice(),
            Content::Text(_) => &[],
        };
        let error = |(line, found): &(usize, String)| {
            Error::new(
                ErrorKind::IllFormed,
                format!("line {line}"),
                found,
                "a JSON object",
            )
        };
        broken.iter().map(error).collect()
    }

    /// Says what the file is, for an error.
    pub(super) fn shape(&self) -> String {
        match self {
            Content::Json { items, .. } => match items.first().and_then(|i| i.value.as_object()) {
                Some(object) => {
                    let keys: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
                    format!("JSON with the keys {}", keys.join(", "))
                }
                None => "text that is no JSON object".to_owned(),
            },
            Content::Text(_) => "text of an unknown shape".to_owned(),
        }
    }
}

fn json(text: &str) -> Content<'_> {
    let (mut items, mut broken) = (Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while let Some(rest) = text.get(at..) {
        let skipped = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_whitespace() || c == ',')
                .len();
        line += rest[..skipped].matches('\n').count();
        let rest = &rest[skipped..];
        at += skipped;
        if rest.is_empty() {
            break;
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let step = match stream.next() {
            Some(Ok(value)) => {
                let document = format!("line {line}");
                if !value.is_object() && !value.is_array() {
                    broken.push((line, "a value outside an object".to_owned()));
                }
                unwrap(value, document, 0, &mut items);
                stream.byte_offset()
            }
            Some(Err(error)) => {
                let error = Error::json(&error, "");
                broken.push((line, error.found().to_owned()));
                // The next record begins on a line of its own, or the file is lost from here.
                let begins = |i: &usize| matches!(rest.as_bytes().get(i + 1), Some(b'{' | b'['));
                let mut ends = rest.match_indices('\n').map(|(i, _)| i);
                ends.find(begins).map_or(rest.len(), |i| i + 1)
            }
            None => rest.len(),
        };
        line += rest.get(..step).unwrap_or(rest).matches('\n').count();
        at += step.max(1);
        while !text.is_char_boundary(at.min(text.len())) {
            at += 1;
        }
    }
    Content::Json { items, broken }
}

/// Takes the records out of arrays and of the answers that wrap them.
fn unwrap(value: Value, place: String, depth: usize, items: &mut Vec<Item>) {
    match value {
        Value::Array(values) if depth < MAX_DEPTH => {
            for (i, value) in values.into_iter().enumerate() {
                unwrap(value, format!("{place}[{i}]"), depth + 1, items);
            }
        }
        Value::Object(mut object) if depth < MAX_DEPTH && !is_record(&object) => {
            let wrapped = WRAPPERS.iter().find_map(|key| {
                let inner = match object.get(*key)? {
                    Value::Array(_) | Value::Object(_) => object.remove(*key)?,
                    // A log service keeps what was logged as text.
                    Value::String(text) if text.trim_start().starts_with('{') => {
                        serde_json::from_str(text).ok()?
                    }
                    _ => return None,
                };
                Some((*key, inner))
            });
            match wrapped {
                Some((key, inner)) => unwrap(inner, format!("{place}: {key}"), depth + 1, items),
                None => items.push(Item {
                    place,
                    value: Value::Object(object),
                }),
            }
        }
        Value::Object(object) => items.push(Item {
            place,
            value: Value::Object(object),
        }),
        _ => {}
    }
}

/// Tells objects that are records by themselves from those that wrap some.
fn is_record(object: &serde_json::Map<String, Value>) -> bool {
    let own = [
        "ContactId",
        "conversationId",
        "participants",
        "variables",
        "segments",
        "linkedid",
        "Linkedid",
    ];
    own.iter().any(|key| object.contains_key(*key))
}
