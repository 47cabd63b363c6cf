//! Files that are read whole.

use crate::error::{Error, ErrorKind, Result};
use std::io::Read;
use std::path::Path;

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
