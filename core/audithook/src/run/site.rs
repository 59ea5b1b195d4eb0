//! Where a run happens: its directory, its name, its preload library.

use std::io;
use std::path::{Path, PathBuf};

use audithook_journal::RunId;
use audithook_supervisor::RunDirectory;

/// The preload library's file name.
const LIBRARY: &str = "libaudithook_cpython.so";

/// The place of one run. Nothing is made there before the run begins.
#[derive(Debug)]
pub struct Site {
    pub(crate) id: RunId,
    path: PathBuf,
    library: PathBuf,
    private_tmp: PathBuf,
}

/// Why there is no place for a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// the preload library is missing: looked in {looked}
    #[error(
        "the preload library `{LIBRARY}` is missing: looked in {looked}\n\nhint: build it with `cargo build -p audithook-cpython`, or install it beside `audithook`"
    )]
    NoLibrary {
        /// Where it was looked for.
        looked: String,
    },
    /// there is no safe place for the directory of the run: looked at {looked}
    #[error(
        "there is no safe place for the directory of the run: looked at {looked}\n\nhint: let `XDG_RUNTIME_DIR` name a directory of your own that, like all above it, nobody else can write to; `/tmp` has to be root's, mode 1777"
    )]
    NoBase {
        /// What was looked at.
        looked: String,
    },
    /// no directory for the run could be made
    #[error("no directory for the run could be made")]
    Directory(#[source] io::Error),
    /// the run could not be named
    #[error("the run could not be named")]
    Name(#[source] io::Error),
}

impl Site {
    /// Chooses the directory and finds the library.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn choose() -> Result<Self, SiteError> {
        let id = RunId::generate().map_err(SiteError::Name)?;
        let library = find_library()?;
        let path = RunDirectory::place(id.as_str()).map_err(|looked| SiteError::NoBase {
            looked: listed(looked.iter().map(PathBuf::as_path)),
        })?;
        let base = std::env::var_os("TMPDIR")
            .map(PathBuf::from)
            .filter(|base| base.is_absolute() && base.is_dir())
            .unwrap_or_else(|| PathBuf::from("/tmp"));
        let private_tmp = base.join(format!("audithook-tmp-{id}", id = id.as_str()));
        Ok(Self {
            id,
            path,
            library,
            private_tmp,
        })
    }

    /// Makes the directory. Its owner removes it, so that nothing may end this process from here on.
    pub(crate) fn make(&self) -> Result<RunDirectory, SiteError> {
        RunDirectory::create(self.path.clone(), &self.library).map_err(SiteError::Directory)
    }

    /// What `LD_PRELOAD` names: its place tells the library which run it belongs to.
    pub(crate) fn preload(&self) -> PathBuf {
        self.path.join(LIBRARY)
    }

    /// The run's directory: never the program's to touch.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The preload library's own file.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// The directory that `tmp = "private"` means. Not made yet.
    #[must_use]
    pub fn private_tmp(&self) -> &Path {
        &self.private_tmp
    }

    /// The run's name, as the journal has it.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// Beside the executable, or where a package puts what belongs to it.
fn find_library() -> Result<PathBuf, SiteError> {
    let executable = std::env::current_exe().unwrap_or_default();
    let directory = executable.parent().unwrap_or(Path::new("/"));
    let places = [
        directory.to_owned(),
        directory.join("../lib/audithook"),
        directory.join(".."),
    ];
    places
        .iter()
        .map(|place| place.join(LIBRARY))
        .find(|file| file.is_file())
        .and_then(|file| std::fs::canonicalize(file).ok())
        .ok_or_else(|| SiteError::NoLibrary {
            looked: listed(places.iter().map(PathBuf::as_path)),
        })
}

fn listed<'p>(places: impl Iterator<Item = &'p Path>) -> String {
    let places: Vec<_> = places
        .map(|place| format!("`{}`", place.display()))
        .collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_is_no_safe_place_is_said_with_what_was_looked_at_and_what_to_do() {
        let looked = [Path::new("/run/user/1000"), Path::new("/tmp")];
        let error = SiteError::NoBase {
            looked: listed(looked.into_iter()),
        };
        insta::assert_snapshot!(error, @"
        there is no safe place for the directory of the run: looked at `/run/user/1000`, `/tmp`

        hint: let `XDG_RUNTIME_DIR` name a directory of your own that, like all above it, nobody else can write to; `/tmp` has to be root's, mode 1777
        ");
    }
}
