//! Where the files of a manifest may be.
//!
//! # Conventions
//!
//! * A manifest may come from a stranger: what it names is below its root, or refused. That holds for
//!   `..`, for absolute paths, and for links that lead out.
//! * A file that is not there is no matter of this module: who opens it says so.

use crate::error::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};

/// The folder that the paths of a manifest start from.
#[derive(Clone, Debug)]
pub(super) struct Root {
    folder: PathBuf,
    /// The folder with its links resolved, where paths are held to it.
    real: Option<PathBuf>,
}

impl Root {
    /// Makes a root; paths may lead out of it when `outside` is allowed.
    pub(super) fn new(folder: PathBuf, outside: bool) -> Result<Root> {
        let shown = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &folder,
        };
        let real = match outside {
            true => None,
            false => {
                let real = shown.canonicalize();
                Some(real.map_err(|e| Error::io(shown.display(), &e))?)
            }
        };
        Ok(Root { folder, real })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns where a path of the manifest leads.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when that is outside of the root, [`ErrorKind::Unsupported`] for an
    /// address on a network.
    pub(super) fn resolve(&self, column: &str, text: &str) -> Result<PathBuf> {
        if let Some((scheme, _)) = text.split_once("://")
            && scheme.chars().all(|c| c.is_ascii_alphanumeric())
        {
            let wanted = "a path: nothing is fetched from a network";
            let error = Error::new(ErrorKind::Unsupported, column, format!("{text:?}"), wanted);
            return Err(error.hint("copy or mount it first"));
        }
        let given = Path::new(text);
        let path = self.folder.join(given);
        let Some(real) = &self.real else {
            return Ok(path);
        };
        let refuse = |found: String| {
            let wanted = "a path inside the manifest's folder";
            let error = Error::new(ErrorKind::Invalid, column, found, wanted);
            Err(error.hint("allow it with --outside, or name the folder with --root"))
        };
        let mut depth = 0usize;
        for component in given.components() {
            match component {
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::ParentDir if depth > 0 => depth -= 1,
                Component::ParentDir => return refuse(format!("{text:?}, which leads out of it")),
                Component::RootDir | Component::Prefix(_) => {
                    return refuse(format!("{text:?}, an absolute path"));
                }
            }
        }
        match path.canonicalize() {
            Ok(target) if !target.starts_with(real) => {
                refuse(format!("{text:?}, a link that leads out of it"))
            }
            _ => Ok(path),
        }
    }
}
