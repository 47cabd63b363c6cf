//! A folder of recordings as a manifest, and the facts that go with it.
//!
//! # Conventions
//!
//! * Every recording is a call, at any depth, in the order of paths. Links are not followed.
//! * Its id is the file name without extension, or what a [`Pattern`] takes for it.

use super::columns::extra_columns;
use super::vcon;
use crate::batch::mapping::Mapping;
use crate::batch::table::{self, Cells};
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// File names that are taken for recordings in a folder.
pub(super) const AUDIO_EXTENSIONS: [&str; 12] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "opus", "m4a", "mp4", "aac", "rf64", "w64",
];

/// Ends of the file names of transcripts beside the recordings of a folder; the first one counts.
const TRANSCRIPT_EXTENSIONS: [&str; 6] = ["json", "TextGrid", "vtt", "srt", "ctm", "rttm"];

/// What the parts of a file name mean: `{call_id}_{agent}_{date}.wav`.
///
/// Each name in braces is a column of the row and takes the shortest text, one character at least and
/// no `/`, after which the rest still fits. Without a `/` the pattern is of file names, else of paths
/// below the folder. An extension may be left out.
///
/// ```
/// use callcsi::batch::Pattern;
/// let pattern: Pattern = "{date}/{call_id}_{agent}.wav".parse()?;
/// let fields = pattern.fields("2026-11-21/17_Анна_П.wav").unwrap();
/// assert_eq!(fields, [("date", "2026-11-21"), ("call_id", "17"), ("agent", "Анна_П")]);
/// assert_eq!(pattern.fields("17.wav"), None);
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// What stands before the first field, and each field with what stands behind it.
    start: String,
    parts: Vec<(String, String)>,
}

impl FromStr for Pattern {
    type Err = Error;

    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when a brace is not closed, a field has no name or stands twice, or two
    /// fields touch.
    fn from_str(text: &str) -> Result<Pattern> {
        let refuse = |found: String| {
            let wanted = "a pattern as {call_id}_{agent}_{date}.wav";
            Err(Error::new(ErrorKind::Invalid, "pattern", found, wanted))
        };
        let mut pieces = text.split('{');
        let start = pieces.next().unwrap_or_default().to_owned();
        let mut parts: Vec<(String, String)> = Vec::new();
        for piece in pieces {
            let Some((name, behind)) = piece.split_once('}') else {
                return refuse(format!("{text:?} with a brace that is not closed"));
            };
            if name.is_empty() || parts.iter().any(|(other, _)| other == name) {
                return refuse(format!("{text:?} with the field {name:?}, empty or twice"));
            }
            if parts.last().is_some_and(|(_, between)| between.is_empty()) {
                return refuse(format!("{text:?} with two fields and nothing between them"));
            }
            parts.push((name.to_owned(), behind.to_owned()));
        }
        if parts.is_empty() || start.contains('}') || parts.iter().any(|(_, b)| b.contains('}')) {
            return refuse(format!(
                "{text:?} without a field, or with a brace too many"
            ));
        }
        Ok(Pattern {
            text: text.to_owned(),
            start,
            parts,
        })
    }
}

impl Pattern {
    /// Returns the fields of a path, with `/` between its parts, in the order of the pattern; `None`
    /// when it does not fit.
    pub fn fields<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let path = match self.text.contains('/') {
            true => path,
            false => path.rsplit('/').next()?,
        };
        let stem = match path.rsplit_once('.') {
            Some((stem, extension)) if is_audio(extension) => stem,
            _ => path,
        };
        let rest = path.strip_prefix(self.start.as_str())?;
        let bare = stem.strip_prefix(self.start.as_str());
        let mut fields = Vec::new();
        if fit(&self.parts, rest, &mut fields) {
            return Some(fields);
        }
        fields.clear();
        fit(&self.parts, bare?, &mut fields).then_some(fields)
    }
}

/// Fits fields to a text, whole; what is tried and does not fit is taken back.
fn fit<'a>(
    parts: &'a [(String, String)],
    text: &'a str,
    fields: &mut Vec<(&'a str, &'a str)>,
) -> bool {
    let Some(((name, behind), others)) = parts.split_first() else {
        return text.is_empty();
    };
    let within = text.split('/').next().unwrap_or_default();
    let ends = within.char_indices().map(|(i, c)| i + c.len_utf8());
    for end in ends {
        if let Some(rest) = text[end..].strip_prefix(behind.as_str()) {
            // The last field is not to end before the text does.
            if others.is_empty() && !rest.is_empty() {
                continue;
            }
            fields.push((name, &text[..end]));
            if fit(others, rest, fields) {
                return true;
            }
            fields.pop();
        }
    }
    false
}

/// Tells whether files of this ending are taken for recordings.
pub(in crate::batch) fn is_audio(extension: &str) -> bool {
    AUDIO_EXTENSIONS.contains(&&*extension.to_lowercase())
}

/// Makes the row that a recording or a vCon in a folder stands for.
///
/// # Errors
///
/// [`ErrorKind::IllFormed`] when its name does not fit the pattern.
pub(super) fn cells_of_file(
    file: &Path,
    root: &Path,
    facts: &HashMap<String, Cells>,
    pattern: Option<&Pattern>,
) -> Result<Cells> {
    let relative = |path: &Path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    let path = relative(file);
    let path = path.replace(std::path::MAIN_SEPARATOR, "/");
    let fields = match pattern {
        None => Vec::new(),
        Some(pattern) => pattern.fields(&path).ok_or_else(|| {
            let (found, wanted) = (format!("the name {path:?}"), format!("{:?}", pattern.text));
            Error::new(ErrorKind::IllFormed, "", found, wanted)
        })?,
    };
    let is_vcon = vcon::is_vcon(file);
    let own = || match is_vcon {
        true => vcon::id_of(file),
        false => {
            let stem = file.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        }
    };
    let id = fields.iter().find(|(name, _)| *name == "call_id");
    let id = id.map_or_else(own, |(_, id)| (*id).to_owned());
    let mut cells = facts.get(&id).cloned().unwrap_or_default();
    for (name, value) in fields {
        cells.set(name, value.to_owned());
    }
    cells.set("call_id", id);
    if is_vcon {
        cells.set("vcon", relative(file));
        return Ok(cells);
    }
    if cells.get("audio_agent").is_none() && cells.get("audio_customer").is_none() {
        cells.set("audio", relative(file));
    }
    let given = ["transcript", "transcript_agent", "transcript_customer"];
    if given.iter().all(|column| cells.get(column).is_none()) {
        let mut beside = TRANSCRIPT_EXTENSIONS.iter().map(|e| file.with_extension(e));
        if let Some(transcript) = beside.find(|path| path.is_file()) {
            cells.set("transcript", relative(&transcript));
        }
    }
    Ok(cells)
}

pub(super) fn find_recordings(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder.display(), &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io(folder.display(), &e))?;
        let (path, kind) = (entry.path(), entry.file_type());
        // Links are not followed: a loop of them would never end.
        match kind {
            Ok(kind) if kind.is_dir() => find_recordings(&path, files)?,
            Ok(kind) if kind.is_file() => {
                let extension = path.extension().unwrap_or_default();
                if is_audio(&extension.to_string_lossy()) || vcon::is_vcon(&path) {
                    files.push(path);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The facts of a table by call id, and its columns without a meaning.
pub(super) type Facts = (HashMap<String, Cells>, Vec<String>);

pub(super) fn read_facts(path: &Path, mapping: &Mapping) -> Result<Facts> {
    let mut rows = table::read_table_mapped(path, mapping)?;
    let extra = extra_columns(&rows);
    let mut facts = HashMap::new();
    while let Some((line, cells)) = rows.next() {
        let place = || rows.place(line);
        let cells = cells.map_err(|e| e.within(place()))?;
        let Some(id) = cells.get("call_id").map(str::to_owned) else {
            return Err(Error::new(
                ErrorKind::IllFormed,
                place(),
                "no call_id",
                "the call's id",
            ));
        };
        if facts.insert(id.clone(), cells).is_some() {
            let found = format!("the call {id:?} a second time");
            let wanted = "one row of facts for a call";
            return Err(Error::new(ErrorKind::Invalid, place(), found, wanted));
        }
    }
    rows.check_columns()?;
    Ok((facts, extra))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shortest_text_that_lets_the_rest_fit_is_taken() {
        let fields = |pattern: &str, path: &str| -> Option<Vec<String>> {
            let pattern: Pattern = pattern.parse().unwrap();
            let fields = pattern.fields(path)?;
            Some(fields.iter().map(|(n, v)| format!("{n}={v}")).collect())
        };
        let wanted = |fields: &[&str]| Some(fields.iter().map(|f| (*f).to_owned()).collect());
        assert_eq!(
            fields("{a}_{b}.wav", "x/1_2_3.wav"),
            wanted(&["a=1", "b=2_3"])
        );
        // The extension may be left out, and may be a field.
        assert_eq!(fields("{a}_{b}", "1_2.mp3"), wanted(&["a=1", "b=2.mp3"]));
        assert_eq!(fields("rec-{a}", "rec-7"), wanted(&["a=7"]));
        assert_eq!(fields("{a}-x-{b}", "1-x-x-2"), wanted(&["a=1", "b=x-2"]));
        assert_eq!(fields("{a}/{b}", "1/2/3"), None);
        assert_eq!(fields("{a}_{b}", "_2"), None);
    }

    #[test]
    fn pattern_that_cannot_be_is_refused() {
        for odd in ["", "a", "{a", "{}", "{a}{b}", "{a}_{a}", "a}_{b}", "{a}_}"] {
            assert!(odd.parse::<Pattern>().is_err(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn fields_put_together_are_the_path(a in "[а-яa-z]{1,5}", b in "[а-яa-z_]{1,5}", c in "[0-9]{1,4}") {
            let pattern: Pattern = "{a}_{b}-{c}.wav".parse().unwrap();
            let path = format!("{a}_{b}-{c}.wav");
            let fields = pattern.fields(&path).unwrap();
            prop_assert_eq!(fields, [("a", a.as_str()), ("b", b.as_str()), ("c", c.as_str())]);
        }
    }
}
