//! Files that are read whole.

use crate::call::{AtHand, Input};
use crate::error::{Error, ErrorKind, Result};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Reads a file of at most `most` bytes. Only a regular file: a pipe may never end, or never begin.
pub(crate) fn read_whole(path: &Path, most: u64) -> Result<Vec<u8>> {
    let io = |e: std::io::Error| Error::io(path.display(), &e);
    let about = std::fs::metadata(path).map_err(io)?;
    if !about.is_file() {
        let found = match about.is_dir() {
            true => "a directory",
            false => "a pipe or a device",
        };
        let wanted = "a regular file";
        return Err(Error::new(ErrorKind::Io, path.display(), found, wanted));
    }
    // The file may have grown since its size was told, so the bound holds for the reading.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        let found = format!("{} bytes", about.len());
        let wanted = format!("at most {most} bytes");
        let error = Error::new(ErrorKind::Unsupported, path.display(), found, wanted);
        return Err(error.hint("is it the file that was meant?"));
    }
    Ok(bytes)
}

/// Returns the whole content of an input; of a file, at most `most` bytes.
pub(crate) fn read_input(input: &Input, most: u64) -> Result<Arc<[u8]>> {
    match input.at_hand()? {
        AtHand::Path(path) => Ok(read_whole(&path, most)?.into()),
        AtHand::Bytes(bytes) => Ok(bytes),
    }
}
