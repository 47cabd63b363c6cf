//! Which recordings, and where their labels are.

use crate::common::{Fallible, Which};
use crate::labels;
use callcsi::timeline::Timeline;
use std::path::{Path, PathBuf};

/// A channel with labels.
#[derive(Debug)]
pub struct Entry {
    pub audio: PathBuf,
    pub which: Which,
    pub group: String,
    labels: PathBuf,
    speakers: Vec<String>,
}

impl Entry {
    /// Returns a name for tables: the file's, and the channel's where there are two.
    pub fn name(&self) -> String {
        let stem = self.stem();
        match self.which {
            Which::Only => stem,
            Which::Left => format!("{stem} left"),
            Which::Right => format!("{stem} right"),
        }
    }

    /// Returns the labelled speech.
    pub fn speech(&self) -> Fallible<Timeline> {
        labels::read(&self.labels, &self.stem(), &self.speakers)
    }

    fn stem(&self) -> String {
        let stem = self.audio.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }
}

/// Reads a manifest; paths in it are relative to its folder.
pub fn read(path: &Path) -> Fallible<Vec<Entry>> {
    let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let entries = parse(&text, folder).map_err(|e| format!("{}: {e}", path.display()))?;
    if entries.is_empty() {
        return Err(format!("{}: found no recording", path.display()).into());
    }
    Ok(entries)
}

fn parse(text: &[u8], folder: &Path) -> Fallible<Vec<Entry>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text);
    let columns = reader.headers()?.clone();
    let place = |name: &str| columns.iter().position(|c| c == name);
    let known = ["audio", "labels", "channel", "speakers", "group"];
    if let Some(other) = columns.iter().find(|c| !known.contains(c)) {
        return Err(format!("found the column {other:?}, wanted {}", known.join(", ")).into());
    }
    let (Some(audio), Some(labels)) = (place("audio"), place("labels")) else {
        return Err("found no column audio or labels".into());
    };
    let mut entries = Vec::new();
    for row in reader.records() {
        let row = row?;
        let cell = |column: Option<usize>| column.and_then(|c| row.get(c)).unwrap_or_default();
        entries.push(Entry {
            audio: folder.join(cell(Some(audio))),
            labels: folder.join(cell(Some(labels))),
            which: match cell(place("channel")) {
                "" | "mono" => Which::Only,
                "left" => Which::Left,
                "right" => Which::Right,
                other => {
                    let wanted = "left, right or nothing";
                    return Err(format!("found the channel {other:?}, wanted {wanted}").into());
                }
            },
            speakers: (cell(place("speakers")).split([';', ' ']))
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect(),
            group: cell(place("group")).to_owned(),
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_by_column() {
        let text = b"labels,audio,channel,speakers\na.rttm,b.wav,right,x;y\n../c.csv, d.wav ,,\n";
        let entries = parse(text, Path::new("f")).unwrap();
        assert_eq!(entries[0].audio, Path::new("f/b.wav"));
        assert_eq!(entries[0].name(), "b right");
        assert_eq!(entries[0].speakers, ["x", "y"]);
        assert_eq!(entries[1].labels, Path::new("f/../c.csv"));
        assert_eq!(entries[1].name(), "d");
        for bad in [
            "audio\na.wav\n",
            "audio,labels,chanel\na,b,left\n",
            "audio,labels,channel\na,b,both\n",
        ] {
            assert!(parse(bad.as_bytes(), Path::new("")).is_err(), "{bad}");
        }
    }
}
