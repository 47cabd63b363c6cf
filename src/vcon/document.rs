//! The members of a vCon that are read, in every spelling.

use super::encoding::{ContentHash, base64};
use crate::call::{Side, WallTime};
use crate::error::{Error, ErrorKind, Result};
use crate::transcript::role;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The extensions that this crate knows, in lower case: what they add is read or may be left.
const EXTENSIONS: [&str; 3] = ["cc", "wtf_transcription", "wtf-transcription"];

/// Roles and types of a party that is a machine, in lower case with `_` between words.
const MACHINES: [&str; 9] = [
    "ivr",
    "bot",
    "chatbot",
    "voicebot",
    "voice_bot",
    "robot",
    "virtual_agent",
    "virtual_assistant",
    "ai_agent",
];

/// A vCon. Members whose shape varies are taken as they are.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    uuid: Option<Value>,
    critical: Option<Value>,
    must_support: Option<Value>,
    pub(super) redacted: Option<Value>,
    parties: Option<Vec<Value>>,
    #[serde(borrow)]
    dialog: Option<Vec<Dialog<'a>>>,
    #[serde(borrow)]
    analysis: Option<Vec<Analysis<'a>>>,
    #[serde(borrow)]
    attachments: Option<Vec<Attachment<'a>>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    signatures: Option<&'a RawValue>,
    #[serde(borrow)]
    ciphertext: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Dialog<'a> {
    #[serde(rename = "type")]
    kind: Option<Value>,
    start: Option<Value>,
    duration: Option<Value>,
    pub(super) parties: Option<Value>,
    originator: Option<Value>,
    filename: Option<Value>,
    url: Option<Value>,
    encoding: Option<Value>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    content_hash: Option<Value>,
    alg: Option<Value>,
    signature: Option<Value>,
    pub(super) party_history: Option<Vec<Value>>,
}

#[derive(Deserialize)]
pub(super) struct Analysis<'a> {
    #[serde(rename = "type")]
    kind: Option<Value>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Attachment<'a> {
    purpose: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    encoding: Option<Value>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Who a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// One of the two whose call it is.
    Side(Side),
    /// A voice menu or a robot.
    Machine,
    /// A supervisor, an expert, a third party.
    Other,
    /// The vCon does not tell.
    Unknown,
}

fn text(value: &Option<Value>) -> Option<&str> {
    let text = value.as_ref()?.as_str()?.trim();
    Some(text).filter(|text| !text.is_empty())
}

/// Returns a number that may stand as text.
fn number(value: &Option<Value>) -> Option<f64> {
    match value.as_ref()? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Returns the index of a party or a dialog.
pub(super) fn index(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok())
}

impl<'a> Document<'a> {
    /// Parses a vCon.
    pub(super) fn parse(text: &'a str) -> Result<Document<'a>> {
        // The compact form of a signature or of an encryption begins with a header in base64url: `{"`.
        if text.trim_start().starts_with("eyJ") {
            return Err(sealed());
        }
        let document: Document<'a> =
            serde_json::from_str(text).map_err(|e| Error::json(&e, "a vCon"))?;
        let signed = document.payload.is_some() && document.signatures.is_some();
        if signed || document.ciphertext.is_some() {
            return Err(sealed());
        }
        if document.parties.is_none() && document.dialog.is_none() && document.analysis.is_none() {
            let found = "JSON without parties, dialog and analysis";
            return Err(Error::new(ErrorKind::IllFormed, "", found, "a vCon"));
        }
        document.check_critical()?;
        Ok(document)
    }

    fn check_critical(&self) -> Result<()> {
        let named = [
            ("critical", &self.critical),
            ("must_support", &self.must_support),
        ];
        for (place, value) in named {
            let wanted = "names of extensions";
            let names = match value {
                None | Some(Value::Null) => continue,
                Some(Value::Array(names)) => names,
                Some(_) => {
                    return Err(Error::new(ErrorKind::IllFormed, place, "no list", wanted));
                }
            };
            for name in names {
                let Some(name) = name.as_str() else {
                    return Err(Error::new(ErrorKind::IllFormed, place, "no name", wanted));
                };
                if !EXTENSIONS.contains(&name.to_lowercase().as_str()) {
                    let found = format!("the extension {name:?}");
                    let wanted = "CC or wtf_transcription";
                    let error = Error::new(ErrorKind::Unsupported, place, found, wanted);
                    return Err(error.hint(
                        "who does not know a critical extension would read the vCon wrongly",
                    ));
                }
            }
        }
        Ok(())
    }

    pub(super) fn uuid(&self) -> Option<&str> {
        text(&self.uuid)
    }

    pub(super) fn parties(&self) -> &[Value] {
        self.parties.as_deref().unwrap_or_default()
    }

    pub(super) fn dialogs(&self) -> &[Dialog<'a>] {
        self.dialog.as_deref().unwrap_or_default()
    }

    /// Returns the indexes of the dialogs of a type.
    pub(super) fn dialogs_of(&self, kind: &str) -> Vec<usize> {
        let dialogs = self.dialogs().iter().enumerate();
        let fitting =
            dialogs.filter(|(_, d)| text(&d.kind).is_some_and(|k| k.eq_ignore_ascii_case(kind)));
        fitting.map(|(i, _)| i).collect()
    }

    /// Returns whether it has a transcript in it, and whether it has one elsewhere.
    pub(super) fn transcripts(&self) -> (bool, bool) {
        let kinds = ["transcript", "wtf_transcription", "wtf-transcription"];
        let of_kind = |a: &&Analysis<'_>| text(&a.kind).is_some_and(|k| kinds.contains(&k));
        let all = || self.analysis.iter().flatten().filter(of_kind);
        (
            all().any(|a| a.body.is_some()),
            all().any(|a| a.body.is_none()),
        )
    }

    /// Returns the bodies of the attachments of a purpose, with their indexes.
    pub(super) fn attached(&self, purpose: &str) -> Result<Vec<(usize, String)>> {
        let mut bodies = Vec::new();
        for (i, attachment) in self.attachments.iter().flatten().enumerate() {
            let named = text(&attachment.purpose).or(text(&attachment.kind));
            if named != Some(purpose) {
                continue;
            }
            let place = || format!("attachments[{i}].body");
            let wanted = "metadata as JSON";
            let Some(body) = attachment.body else {
                return Err(Error::new(ErrorKind::IllFormed, place(), "nothing", wanted));
            };
            let body = match body.get().starts_with('"') {
                // A string of JSON: such as the tools of the drafts write it.
                true => string_of(body).map_err(|e| e.within(place()))?,
                false => Cow::Borrowed(body.get()),
            };
            let body = match text(&attachment.encoding) {
                Some("base64url") => {
                    let bytes = base64(&body).and_then(|b| String::from_utf8(b).ok());
                    let found = "no text in base64url";
                    bytes.ok_or_else(|| Error::new(ErrorKind::IllFormed, place(), found, wanted))?
                }
                _ => body.into_owned(),
            };
            bodies.push((i, body));
        }
        Ok(bodies)
    }

    /// Returns who the party of an index is.
    pub(super) fn role(&self, party: usize) -> Role {
        let Some(party) = self.parties().get(party) else {
            return Role::Unknown;
        };
        fn of(value: Option<&Value>) -> Option<&str> {
            let word = value?.as_str()?.trim();
            Some(word).filter(|word| !word.is_empty())
        }
        let is_machine = |word: &str| {
            let word = word.to_lowercase().replace(['-', ' '], "_");
            MACHINES.contains(&word.as_str())
        };
        if of(party.get("type")).is_some_and(is_machine) {
            return Role::Machine;
        }
        let old = || of(party.get("meta").and_then(|m| m.get("role")));
        match of(party.get("role")).or_else(old) {
            None => Role::Unknown,
            Some(word) if is_machine(word) => Role::Machine,
            Some(word) => role(word).map_or(Role::Other, Role::Side),
        }
    }
}

/// Reads a JSON string.
fn string_of(raw: &RawValue) -> Result<Cow<'_, str>> {
    // Escapes are rare, and a recording holds none: then nothing is copied.
    let inner = raw.get().get(1..raw.get().len().saturating_sub(1));
    if let Some(inner) = inner.filter(|_| !raw.get().contains('\\')) {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw.get())
        .map(Cow::Owned)
        .map_err(|e| Error::json(&e, "text"))
}

fn sealed() -> Error {
    let found = "a signed or encrypted vCon";
    let error = Error::new(ErrorKind::Unsupported, "", found, "a plain one");
    error.hint("unpack it first: callcsi holds no keys")
}

/// Where the sound of a dialog is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// In the vCon.
    Inline,
    /// In the file of that name beside it.
    Beside {
        /// Relative, and in the vCon's folder or below it.
        file: std::path::PathBuf,
        /// Whether the vCon has it at an address of the network.
        remote: bool,
    },
    /// At an address of the network, without a file name.
    Remote,
    /// The dialog has no sound.
    None,
}

impl Dialog<'_> {
    /// Returns its start as it is written.
    pub(super) fn start(&self) -> Option<Moment> {
        Moment::of(self.start.as_ref()?)
    }

    /// Returns its length in seconds.
    pub(super) fn duration_s(&self) -> Option<f64> {
        number(&self.duration).filter(|d| d.is_finite() && *d >= 0.0)
    }

    pub(super) fn originator(&self) -> Option<usize> {
        index(self.originator.as_ref()?)
    }

    /// Returns the one party that it is of, when it is of one.
    pub(super) fn lone_party(&self) -> Option<usize> {
        match self.parties.as_ref()? {
            Value::Array(parties) => match &parties[..] {
                [one] => index(one),
                _ => None,
            },
            one => index(one),
        }
    }

    /// Returns where its sound is.
    pub(super) fn content(&self) -> Result<Content> {
        if self.body.is_some_and(|b| b.get() != "\"\"") {
            return Ok(Content::Inline);
        }
        let (url, name) = (text(&self.url), text(&self.filename));
        let scheme = url.and_then(|url| url.split_once(':'));
        let remote = scheme.is_some_and(|(scheme, _)| !scheme.contains(['/', '.', '?', '#']));
        let beside = |file: &str, place: &str| {
            let file = within(file).map_err(|e| e.within(place))?;
            Ok(Content::Beside { file, remote })
        };
        match (url, name) {
            (Some(url), _) if !remote => beside(&unescaped(url), "url"),
            (_, Some(name)) => beside(name, "filename"),
            (Some(_), None) => Ok(Content::Remote),
            (None, None) => Ok(Content::None),
        }
    }

    /// Returns the bytes of inline sound.
    pub(super) fn sound(&self) -> Result<Vec<u8>> {
        let wanted = "a recording in base64url";
        let refuse = |found: &str| Error::new(ErrorKind::IllFormed, "body", found, wanted);
        let encoding = text(&self.encoding);
        let known = encoding.is_none_or(|e| e.to_lowercase().starts_with("base64"));
        if !known {
            return Err(refuse(&format!(
                "encoding {:?}",
                encoding.unwrap_or_default()
            )));
        }
        let body = self.body.ok_or_else(|| refuse("nothing"))?;
        if !body.get().starts_with('"') {
            return Err(refuse("no text"));
        }
        let body = string_of(body).map_err(|_| refuse("no text"))?;
        let bytes = base64(&body).ok_or_else(|| refuse("another text"))?;
        self.hash().check(&bytes)?;
        Ok(bytes)
    }

    /// Returns what it says of the bytes of its sound.
    pub(super) fn hash(&self) -> ContentHash {
        let mut hash = ContentHash::default();
        match &self.content_hash {
            Some(Value::String(text)) => hash.add(text),
            Some(Value::Array(several)) => {
                for one in several {
                    hash.add(one.as_str().unwrap_or_default());
                }
            }
            _ => {
                if let (Some(algorithm), Some(value)) = (text(&self.alg), text(&self.signature)) {
                    hash.add_value(algorithm, value);
                }
            }
        }
        hash
    }
}

/// Returns a relative path that stays where it is.
fn within(name: &str) -> Result<std::path::PathBuf> {
    use std::path::{Component, Path};
    let path = Path::new(name);
    let stays = |c: Component<'_>| matches!(c, Component::Normal(_) | Component::CurDir);
    // A backslash parts folders on Windows, where the vCon may have been made.
    if !path.components().all(stays) || name.contains(['\\', '\0']) || path.file_name().is_none() {
        let wanted = "a file in the vCon's folder or below it";
        return Err(Error::new(
            ErrorKind::Invalid,
            "",
            format!("{name:?}"),
            wanted,
        ));
    }
    Ok(path.to_owned())
}

/// Reads `%41` as `A` in a relative address, and leaves its query.
fn unescaped(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after.get(..2).filter(|_| *first == b'%');
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        let pair = pair.filter(|pair| pair.bytes().all(|c| c.is_ascii_hexdigit()));
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A moment as a vCon gives it. Old tools leave out the offset from UTC: such moments are compared with
/// each other, and laid on no wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Nanoseconds since 1970, or since 1970 in the place's own time.
    pub(super) nanos: i64,
    /// Whether the offset from UTC is told.
    pub(super) zoned: bool,
}

impl Moment {
    pub(super) fn of(value: &Value) -> Option<Moment> {
        let text = value.as_str()?.trim();
        let parsed = |text: &str| text.parse::<WallTime>().ok().map(WallTime::nanos);
        let zoned = parsed(text).map(|nanos| Moment { nanos, zoned: true });
        zoned.or_else(|| {
            let nanos = parsed(&format!("{text}Z"))?;
            Some(Moment {
                nanos,
                zoned: false,
            })
        })
    }

    /// Returns the moment on the wall clock, where it has a place there.
    pub(super) fn wall(self) -> Option<WallTime> {
        let timestamp = jiff::Timestamp::from_nanosecond(i128::from(self.nanos)).ok();
        timestamp.filter(|_| self.zoned)?.to_string().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        for fine in [
            "a.wav",
            "b/a.wav",
            "./a.wav",
            "c_20220105T17:20_UTC.wav",
            "звонок 1.wav",
            "..a.wav",
        ] {
            assert!(within(fine).is_ok(), "{fine}");
        }
        for out in [
            "",
            ".",
            "..",
            "../a.wav",
            "b/../../a.wav",
            "/a.wav",
            "b\\a.wav",
            "C:\\a.wav",
            "a\0",
        ] {
            assert!(within(out).is_err(), "{out:?}");
        }
        assert_eq!(unescaped("%D0%B7%20%zz%2?x=%41#y"), "з %zz%2");
    }

    #[test]
    fn moments_without_an_offset_are_on_no_wall_clock() {
        let moment = |text: &str| Moment::of(&Value::from(text));
        let zoned = moment("2026-11-21T15:00:00.5+03:00").unwrap();
        assert_eq!(zoned.wall().unwrap().to_string(), "2026-11-21T12:00:00.5Z");
        let local = moment("2026-11-21T12:00:00.500000").unwrap();
        assert_eq!((local.nanos, local.wall()), (zoned.nanos, None));
        for odd in ["", "Z", "12:00", "1700000000", "9999-12-31T00:00:00Z"] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }
}
