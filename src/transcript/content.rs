//! The bytes of a transcript: text, or one JSON document after another, and their shape.
//!
//! Formats are told apart by a [`Sketch`], the keys of a JSON document to the depth that this
//! takes; the reader of the format then parses the bytes once, into its own structs.

use crate::error::{Error, ErrorKind, Result};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

/// How deep a sketch goes, in keys and lists.
const DEPTH: usize = 7;
/// How many items of a list, or documents of a stream, a sketch looks at: the first of a kind need
/// not have the keys of the rest.
const ITEMS: usize = 8;
/// How many keys a document's sketch holds: those of a hostile file would fill the memory.
const KEYS: usize = 100_000;
/// How long a text may be that a sketch keeps, in bytes: names of formats and kinds are short.
const TEXT: usize = 40;

/// What a transcript's file holds.
pub(super) enum Content<'a> {
    /// JSON documents, one after another.
    Json {
        /// The bytes, without a byte-order mark; where they are no UTF-8, with U+FFFD instead.
        bytes: Cow<'a, [u8]>,
        /// Their keys.
        sketch: Sketch,
        /// The first byte that is no UTF-8.
        broken: Option<usize>,
    },
    /// Any other text.
    Text(Cow<'a, str>),
}

impl<'a> Content<'a> {
    /// Looks at the bytes: UTF-8, or UTF-16 with a byte-order mark, as Praat writes it and a
    /// PowerShell that any tool's output is sent to a file with.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Content<'a>> {
        let bytes = match bytes {
            [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_le_bytes)?.into_bytes()),
            [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_be_bytes)?.into_bytes()),
            // Windows tools put a byte-order mark before UTF-8.
            [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
            _ => Cow::Borrowed(bytes),
        };
        let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
        if matches!(first, Some(b'{' | b'[')) {
            let broken = std::str::from_utf8(&bytes).err().map(|e| e.valid_up_to());
            let bytes = match broken {
                None => bytes,
                Some(_) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned().into_bytes()),
            };
            let sketch = Sketch::of(&bytes).map_err(|e| match unseparated(&bytes) {
                true => e.hint(UNSEPARATED),
                false => e.hint("is it a transcript at all, or cut short?"),
            })?;
            return Ok(Content::Json {
                bytes,
                sketch,
                broken,
            });
        }
        let refuse = |e: std::str::Utf8Error| no_utf_8(e.valid_up_to());
        Ok(Content::Text(match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).map_err(refuse)?),
            Cow::Owned(bytes) => {
                Cow::Owned(String::from_utf8(bytes).map_err(|e| refuse(e.utf8_error()))?)
            }
        }))
    }

    /// Tells whether the JSON has these keys; `false` for text. See [`Sketch::has`].
    pub(super) fn has(&self, path: &str) -> bool {
        match self {
            Content::Json { sketch, .. } => sketch.has(path),
            Content::Text(_) => false,
        }
    }

    /// Tells whether the JSON has this short text at these keys; `false` for text.
    pub(super) fn says(&self, path: &str, text: &str) -> bool {
        match self {
            Content::Json { sketch, .. } => sketch.says(path, text),
            Content::Text(_) => false,
        }
    }

    /// Tells whether the objects at a path have no keys but these; `false` where there are none.
    pub(super) fn only(&self, path: &str, keys: &[&str]) -> bool {
        match self {
            Content::Json { sketch, .. } => sketch.only(path, keys),
            Content::Text(_) => false,
        }
    }

    /// Returns the text; `None` of JSON.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Content::Json { .. } => None,
            Content::Text(text) => Some(text),
        }
    }

    /// Returns the text, or an error when it is JSON.
    pub(super) fn text(&self, wanted: &str) -> Result<&str> {
        self.as_text()
            .ok_or_else(|| Error::new(ErrorKind::IllFormed, "", "JSON", wanted))
    }

    /// Parses the one document that the content is.
    pub(super) fn json<T: DeserializeOwned>(&self, wanted: &str) -> Result<T> {
        self.whole()?;
        self.json_lossy(wanted)
    }

    /// Parses the one document that the content is, of a tool that is known to cut characters in
    /// two: what is no UTF-8 is read as U+FFFD.
    pub(super) fn json_lossy<T: DeserializeOwned>(&self, wanted: &str) -> Result<T> {
        let bytes = self.bytes(wanted)?;
        serde_json::from_slice(bytes).map_err(|plain| {
            // Parsed again, slowly, to name the field.
            let mut slow = serde_json::Deserializer::from_slice(bytes);
            match serde_path_to_error::deserialize::<_, T>(&mut slow) {
                Err(error) => named(&error, wanted),
                Ok(_) => Error::json(&plain, wanted),
            }
        })
    }

    /// Parses documents that follow one another, with or without white space or line ends.
    pub(super) fn json_stream<T: DeserializeOwned>(&self, wanted: &str) -> Result<Vec<T>> {
        self.whole()?;
        let bytes = self.bytes(wanted)?;
        let mut documents = Vec::new();
        let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
        loop {
            let start = stream.byte_offset();
            let Some(document) = stream.next() else {
                break;
            };
            documents.push(document.map_err(|plain| {
                // Parsed again, slowly, to name the field.
                let rest = bytes.get(start..).unwrap_or_default();
                let mut slow = serde_json::Deserializer::from_slice(rest);
                let error = match serde_path_to_error::deserialize::<_, T>(&mut slow) {
                    Err(error) => named(&error, wanted),
                    Ok(_) => Error::json(&plain, wanted),
                };
                error.within(format!("document {} of the file", documents.len() + 1))
            })?);
        }
        Ok(documents)
    }

    /// Refuses what is no UTF-8.
    fn whole(&self) -> Result<()> {
        match self {
            Content::Json {
                broken: Some(at), ..
            } => Err(no_utf_8(*at)),
            _ => Ok(()),
        }
    }

    fn bytes(&self, wanted: &str) -> Result<&[u8]> {
        match self {
            Content::Json { bytes, .. } => Ok(bytes),
            Content::Text(_) => {
                let found = "text that is no JSON";
                Err(Error::new(ErrorKind::IllFormed, "", found, wanted))
            }
        }
    }
}

fn no_utf_8(at: usize) -> Error {
    let (place, found) = (format!("byte {at}"), "bytes that are no UTF-8");
    let error = Error::new(ErrorKind::IllFormed, place, found, "a transcript in UTF-8");
    error.hint("is it a transcript at all? if so, save it as UTF-8")
}

/// Said of the JSON of a hand-made writer that leaves a comma out.
const UNSEPARATED: &str = "whisper.cpp leaves out the comma before \"speaker_turn_next\" when it \
                           runs with -di and -tdrz: run it with one of them";

fn unseparated(bytes: &[u8]) -> bool {
    let key = b"\"speaker_turn_next\"";
    bytes.windows(key.len()).any(|window| window == key)
}

/// Makes an error that names the JSON path; it quotes no word of the call.
fn named(error: &serde_path_to_error::Error<serde_json::Error>, wanted: &str) -> Error {
    let made = Error::json(error.inner(), wanted);
    let path = error.path().to_string();
    if path == "." { made } else { made.within(path) }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text = char::decode_utf16(units).collect::<Result<String, _>>();
    text.ok().filter(|_| rest.is_empty()).ok_or_else(|| {
        let found = "UTF-16 with half a character";
        let error = Error::new(ErrorKind::IllFormed, "", found, "a transcript");
        error.hint("is it cut short?")
    })
}

/// The keys of a JSON document, to some depth; of lists, those of the first items together.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    keys: BTreeMap<String, Sketch>,
    items: Option<Box<Sketch>>,
    text: Option<String>,
}

impl Sketch {
    fn of(bytes: &[u8]) -> Result<Sketch> {
        let mut whole = Sketch::default();
        let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<Deep>();
        for document in stream.by_ref().take(ITEMS) {
            whole.merge(document.map_err(|e| Error::json(&e, "JSON"))?.0);
        }
        Ok(whole)
    }

    /// Tells whether a path is there: keys joined by points, `[]` for the items of a list, as in
    /// `segments[].words`.
    fn has(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    fn says(&self, path: &str, text: &str) -> bool {
        self.at(path)
            .is_some_and(|s| s.text.as_deref() == Some(text))
    }

    fn only(&self, path: &str, keys: &[&str]) -> bool {
        let known = |s: &Sketch| s.keys.keys().all(|key| keys.contains(&key.as_str()));
        self.at(path)
            .is_some_and(|s| !s.keys.is_empty() && known(s))
    }

    fn at(&self, path: &str) -> Option<&Sketch> {
        path.split('.').try_fold(self, |sketch, step| {
            let (key, list) = match step.strip_suffix("[]") {
                Some(key) => (key, true),
                None => (step, false),
            };
            let found = match key {
                "" => sketch,
                key => sketch.keys.get(key)?,
            };
            match list {
                true => found.items.as_deref(),
                false => Some(found),
            }
        })
    }

    fn merge(&mut self, other: Sketch) {
        for (key, value) in other.keys {
            self.keys.entry(key).or_default().merge(value);
        }
        if let Some(items) = other.items {
            self.items.get_or_insert_default().merge(*items);
        }
        self.text = self.text.take().or(other.text);
    }
}

/// A document's sketch, to the full depth.
struct Deep(Sketch);

impl<'de> de::Deserialize<'de> for Deep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Deep, D::Error> {
        let looker = Looker {
            depth: DEPTH,
            left: &Cell::new(KEYS),
        };
        looker.deserialize(deserializer).map(Deep)
    }
}

/// Sketches a value to a depth.
#[derive(Clone, Copy)]
struct Looker<'a> {
    depth: usize,
    /// How many keys the sketch may still take.
    left: &'a Cell<usize>,
}

impl Looker<'_> {
    /// Returns that of what lies within.
    fn within(self) -> Self {
        let depth = self.depth - 1;
        Looker { depth, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Looker<'_> {
    type Value = Sketch;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Sketch, D::Error> {
        if self.depth == 0 {
            IgnoredAny::deserialize(deserializer)?;
            return Ok(Sketch::default());
        }
        deserializer.deserialize_any(self)
    }
}

use serde::Deserialize;

impl<'de> Visitor<'de> for Looker<'_> {
    type Value = Sketch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sketch, A::Error> {
        let mut sketch = Sketch::default();
        while self.left.get() > 0 {
            let Some(key) = map.next_key::<String>()? else {
                return Ok(sketch);
            };
            self.left.set(self.left.get() - 1);
            let value = map.next_value_seed(self.within())?;
            // No key of a format is longer than a short text: that there is one is enough.
            match key.len() <= TEXT {
                true => sketch.keys.insert(key, value),
                false => sketch.keys.insert(String::new(), Sketch::default()),
            };
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(sketch)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sketch, A::Error> {
        let mut items = Sketch::default();
        let mut seen = 0;
        while seen < ITEMS {
            let Some(item) = seq.next_element_seed(self.within())? else {
                break;
            };
            items.merge(item);
            seen += 1;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Sketch {
            items: (seen > 0).then(|| Box::new(items)),
            ..Sketch::default()
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sketch, E> {
        let text = (text.len() <= TEXT).then(|| text.to_owned());
        Ok(Sketch {
            text,
            ..Sketch::default()
        })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sketch, E> {
        Ok(Sketch::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sketch, E> {
        Ok(Sketch::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sketch, E> {
        Ok(Sketch::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sketch, E> {
        Ok(Sketch::default())
    }

    fn visit_unit<E>(self) -> Result<Sketch, E> {
        Ok(Sketch::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(json: &str) -> Sketch {
        Sketch::of(json.as_bytes()).unwrap()
    }

    #[test]
    fn keys_of_later_items_and_documents_are_seen() {
        let seen = sketch(r#"{"a": [{"b": 1}, {"c": {"d": "word"}}]} {"e": []}"#);
        for path in ["a", "a[]", "a[].b", "a[].c.d", "e"] {
            assert!(seen.has(path), "{path}");
        }
        for path in ["b", "a.b", "e[]", "a[].b.c", "a[][]"] {
            assert!(!seen.has(path), "{path}");
        }
        assert!(seen.says("a[].c.d", "word"));
    }

    #[test]
    fn a_sketch_holds_so_many_keys_and_no_long_one() {
        let many: Vec<String> = (0..KEYS)
            .map(|i| format!("\"k{i}\": {{\"a\": 1}}"))
            .collect();
        let json = format!(
            "{{\"{}\": {{\"b\": 1}}, {}, \"z\": 1}}",
            "long".repeat(99),
            many.join(",")
        );
        let seen = sketch(&json);
        assert!(seen.has("k9.a") && !seen.has("z"));
        assert!(seen.keys.len() < KEYS && seen.keys.keys().all(|k| k.len() <= TEXT));
    }

    #[test]
    fn a_list_at_the_top_is_an_item() {
        assert!(sketch(r#"[{"results": []}]"#).has("[].results"));
    }

    #[test]
    fn broken_json_is_refused() {
        for json in [r#"{"a": "#, r#"{"a": 1}]"#, "[1, 2", "{'a': 1}"] {
            assert!(Sketch::of(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn only_some_keys_are_told() {
        let seen = sketch(r#"{"a": [{"b": 1}], "c": 2}"#);
        assert!(seen.only("", &["a", "c", "d"]) && seen.only("a[]", &["b"]));
        assert!(!seen.only("", &["a"]) && !seen.only("c", &["c"]) && !seen.only("d", &["c"]));
    }

    #[test]
    fn json_that_is_no_utf_8_is_read_only_where_the_tool_is_known_to_break_it() {
        let content = Content::of(b"{\"a\": \"\xD0\"}").unwrap();
        type Map = BTreeMap<String, String>;
        let error = content.json::<Map>("a map").unwrap_err();
        assert_eq!(error.place(), "byte 7");
        let map: Map = content.json_lossy("a map").unwrap();
        assert_eq!(map["a"], "\u{FFFD}");
    }

    #[test]
    fn utf_16_is_read_as_praat_writes_it() {
        let mut bytes = vec![0xFE, 0xFF];
        bytes.extend("да 🙂".encode_utf16().flat_map(u16::to_be_bytes));
        assert_eq!(Content::of(&bytes).unwrap().as_text(), Some("да 🙂"));
        bytes.pop();
        assert!(Content::of(&bytes).is_err());
        bytes.pop();
        assert!(Content::of(&bytes).is_err());
    }

    #[test]
    fn json_may_be_in_utf_16() {
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(
            "\r\n{\"a\": \"да\"}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        );
        let content = Content::of(&bytes).unwrap();
        assert!(content.has("a"));
        let map: BTreeMap<String, String> = content.json("a map").unwrap();
        assert_eq!(map["a"], "да");
    }

    #[test]
    fn errors_name_the_json_path() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct A {
            a: Vec<B>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct B {
            b: u8,
        }
        let content = Content::of(br#"{"a": [{"b": 1}, {"b": "secret"}]}"#).unwrap();
        let error = content.json::<A>("an A").unwrap_err();
        assert!(error.place().starts_with("a[1].b"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
