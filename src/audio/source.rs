//! Bytes of a recording: from a file through a buffer, or from memory.

use crate::call::{AtHand, Input};
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

/// A seekable stream of bytes that knows its length.
pub(super) struct Source {
    bytes: Bytes,
    len: u64,
}

enum Bytes {
    File(BufReader<File>),
    Memory(Cursor<Arc<[u8]>>),
}

impl Source {
    /// Opens a recording's bytes.
    pub(super) fn open(input: &Input) -> Result<Source> {
        match input.at_hand()? {
            AtHand::Path(path) => {
                let io = |error: io::Error| Error::io(input, &error);
                // Before it is opened: a pipe would wait for its writer for ever.
                let metadata = std::fs::metadata(&path).map_err(io)?;
                if !metadata.is_file() {
                    let found = if metadata.is_dir() {
                        "a directory"
                    } else {
                        "a pipe or a device"
                    };
                    return Err(Error::new(ErrorKind::Io, input, found, "a regular file"));
                }
                let file = File::open(path).map_err(io)?;
                Ok(Source {
                    bytes: Bytes::File(BufReader::with_capacity(32 * 1024, file)),
                    len: metadata.len(),
                })
            }
            AtHand::Bytes(bytes) => Ok(Source {
                len: bytes.len() as u64,
                bytes: Bytes::Memory(Cursor::new(bytes)),
            }),
        }
    }

    /// Returns the length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` as far as the bytes last; returns how many were read.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::File(file) => file.read(buffer),
            Bytes::Memory(memory) => memory.read(buffer),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.bytes {
            Bytes::File(file) => file.seek(to),
            Bytes::Memory(memory) => memory.seek(to),
        }
    }
}

#[cfg(feature = "codecs")]
impl symphonia::core::io::MediaSource for Source {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
