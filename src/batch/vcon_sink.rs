//! Rows as vCons: a folder with a file for every scored call.

use super::row::{Outcome, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::vcon::{self, BodyShape};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The longest file name without its ending, in bytes: file systems allow 255, and one that encrypts
/// names some 140.
const LONGEST_NAME: usize = 120;

/// Writes a vCon for every scored call: that which the call came from, with the estimate among its
/// analyses, or a new one. See [`vcon::attach`] and [`vcon::new_vcon`].
///
/// A file is named after the call's id, `<id>.vcon`. What is no letter, digit, `-`, `_` or `.` stands
/// there as `%20`; a long id is cut and ends in `~` and 16 digits of its SHA-512. A file appears whole or
/// not at all: it is written under another name, to the disk, and then renamed. A call that failed makes
/// none.
#[derive(Debug)]
pub struct VconSink {
    folder: PathBuf,
    model: Model,
    shape: BodyShape,
}

impl VconSink {
    /// Makes a sink for the estimates of one model into a folder, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when the folder cannot be made.
    pub fn new(folder: impl Into<PathBuf>, model: &Model, shape: BodyShape) -> Result<VconSink> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|e| Error::io(folder.display(), &e))?;
        Ok(VconSink {
            folder,
            model: model.clone(),
            shape,
        })
    }

    fn put(&self, name: &str, text: &str, source: Option<&Path>) -> Result<()> {
        let path = self.folder.join(format!("{name}.vcon"));
        let io = |e: std::io::Error| Error::io(path.display(), &e);
        let real = |path: &Path| path.canonicalize().ok();
        if let Some(source) = source
            && real(&path).is_some_and(|path| real(source) == Some(path))
        {
            let found = "the vCon that the call was read from";
            let wanted = "a folder of its own for the results";
            return Err(Error::new(
                ErrorKind::Mismatch,
                path.display(),
                found,
                wanted,
            ));
        }
        // One process writes a call once, and two that write into one folder differ in their ids.
        let draft = self
            .folder
            .join(format!(".{name}.{}.part", std::process::id()));
        let write = || {
            let mut file = fs::File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        };
        write().map_err(|e| {
            let _ = fs::remove_file(&draft);
            io(e)
        })
    }
}

impl Sink for VconSink {
    fn write(&mut self, outcome: &Outcome) -> Result<()> {
        let Ok(assessment) = &outcome.result else {
            return Ok(());
        };
        let source = outcome.vcon.as_deref();
        let text = match source {
            None => vcon::new_vcon(assessment, &self.model, self.shape),
            Some(path) => {
                let (text, _) = vcon::read_text(path)?;
                vcon::attach(&text, assessment, &self.model, self.shape)
                    .map_err(|e| e.within(path.display()))?
            }
        };
        let name = file_name(assessment.measurements.call.as_str());
        self.put(&name, &text, source)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Returns a call's id as a file name: the same for the same id, and another for another.
fn file_name(id: &str) -> String {
    let mut name = String::new();
    for (i, c) in id.char_indices() {
        // A dot in front would hide the file.
        match c.is_alphanumeric() || matches!(c, '-' | '_') || (c == '.' && i > 0) {
            true => name.push(c),
            false => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    name.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let hash = vcon::hex(&vcon::sha512(id.as_bytes())[..8]);
    let end = LONGEST_NAME - 1 - hash.len();
    let end = (0..=end).rev().find(|&end| name.is_char_boundary(end));
    name.truncate(end.unwrap_or_default());
    format!("{name}~{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_become_names_of_files() {
        for (id, name) in [
            ("звонок-01_a.b", "звонок-01_a.b"),
            ("a b", "a%20b"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("..", "%2E."),
            ("a%20b", "a%2520b"),
            ("c:\\x\n", "c%3A%5Cx%0A"),
            ("«я»", "%C2%ABя%C2%BB"),
        ] {
            assert_eq!(file_name(id), name);
        }
        let (long, other) = ("ж".repeat(300), "ж".repeat(301));
        assert!(file_name(&long).len() <= LONGEST_NAME);
        assert_ne!(file_name(&long), file_name(&other));
    }

    proptest! {
        #[test]
        fn any_id_stays_in_the_folder(id in any::<String>()) {
            let name = format!("{}.vcon", file_name(&id));
            prop_assert!(name.len() <= LONGEST_NAME + 5);
            let parts = Path::new(&name).components().count();
            prop_assert!(parts == 1 && Path::new(&name).file_name().is_some(), "{}", name);
        }
    }
}
