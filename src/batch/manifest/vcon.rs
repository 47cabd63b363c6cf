//! vCons as rows of a manifest, and as files of a folder.

use super::Found;
use super::folder::AUDIO_EXTENSIONS;
use super::paths::Root;
use crate::batch::table::Cells;
use crate::call::AgentChannel;
use crate::error::Result;
use crate::files::read_input;
use crate::vcon::{self, ReadOptions, VconCall};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The largest vCon in a file of its own, in bytes: as of those that are named by path.
const MAX_VCON: u64 = 256 << 20;

/// Reads the vCon of a row, when it names one.
pub(super) fn of_row(
    cells: &Cells,
    root: &Root,
    agent_channel: Option<AgentChannel>,
    agent_speaker: Option<&str>,
    found: &mut Found,
) -> Result<Option<VconCall>> {
    if found.input("vcon").is_none() && cells.get("vcon").is_none() {
        return Ok(None);
    }
    let audio = cells.get("audio").map(|text| root.resolve("audio", text));
    let speaker = cells.get("agent_speaker").or(agent_speaker);
    let mut options = ReadOptions {
        agent_channel,
        agent_speaker: speaker.map(str::to_owned),
        dialog: None,
        audio: audio.transpose()?,
        spare_audio: None,
    };
    let mut read = match (found.input("vcon"), cells.get("vcon")) {
        (Some(input), _) => {
            let bytes = read_input(input, MAX_VCON)?;
            vcon::read(&bytes, &input.to_string(), &options)?
        }
        (None, Some(file)) => {
            let file = root.resolve("vcon", file)?;
            options.spare_audio = recording_beside(&file);
            found.files.push(file.clone());
            found.files.extend(options.spare_audio.clone());
            vcon::read_file(file, &options)?
        }
        (None, None) => return Ok(None),
    };
    found.warnings.append(&mut read.warnings);
    Ok(Some(read))
}

/// Returns whether the file is called like a vCon.
pub(super) fn is_vcon(path: &Path) -> bool {
    stem(path).is_some()
}

/// Returns the name of a vCon without its ending.
fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    // The longest ending first: `.vcon.json.gz` ends in no other.
    let ending = vcon::FILE_ENDINGS
        .iter()
        .find(|ending| lower.ends_with(**ending))?;
    name.get(..name.len() - ending.len())
        .filter(|stem| !stem.is_empty())
}

/// Returns the recording of the same name beside a vCon.
fn recording_beside(vcon: &Path) -> Option<PathBuf> {
    let stem = stem(vcon)?;
    let endings = AUDIO_EXTENSIONS.iter();
    let mut files = endings.flat_map(|ending| {
        let upper = ending.to_uppercase();
        [*ending, &upper].map(|ending| vcon.with_file_name(format!("{stem}.{ending}")))
    });
    files.find(|file| file.is_file())
}

/// Returns the id of the call in a vCon: its `uuid`, else, for a file that cannot be read, its name.
pub(super) fn id_of(path: &Path) -> String {
    let named = || stem(path).unwrap_or_default().to_owned();
    vcon::uuid_of(path).unwrap_or_else(named)
}

/// Leaves the recordings out that have a vCon of their name beside them: that is the call, and the
/// recording is its own, or stands for it.
pub(super) fn without_described(files: &mut Vec<PathBuf>) {
    let vcons = files
        .iter()
        .filter_map(|path| Some(path.with_file_name(stem(path)?)));
    let vcons: HashSet<PathBuf> = vcons.collect();
    files.retain(|path| is_vcon(path) || !vcons.contains(&path.with_extension("")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vcon_stands_for_the_recording_of_its_name() {
        let mut files: Vec<PathBuf> = [
            "a/x.wav",
            "a/x.VCON",
            "a/y.wav",
            "b/x.wav",
            "b/z.mp3",
            "b/z.vcon.json.gz",
            "b/.vcon",
        ]
        .map(PathBuf::from)
        .into();
        without_described(&mut files);
        let left: Vec<&str> = files.iter().filter_map(|f| f.to_str()).collect();
        assert_eq!(
            left,
            [
                "a/x.VCON",
                "a/y.wav",
                "b/x.wav",
                "b/z.vcon.json.gz",
                "b/.vcon"
            ]
        );
        assert!(!is_vcon(Path::new("b/.vcon")) && !is_vcon(Path::new("b/vcon")));
    }
}
