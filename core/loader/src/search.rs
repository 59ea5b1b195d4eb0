//! Where plugins are looked for.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The directories that are searched for a plugin without a `path`, in order.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    places: Vec<Place>,
}

/// One directory of a [`SearchPath`] and what named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// What named it, for messages: `AUDITHOOK_PLUGIN_PATH`.
    pub named_by: &'static str,
}

/// Where a plugin was looked for in vain.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The file names that would have been taken.
    pub files: Vec<String>,
    /// The directories.
    pub places: Vec<Place>,
}

impl SearchPath {
    /// `AUDITHOOK_PLUGIN_PATH` (directories with colons between them), the directory beside the executable,
    /// `$XDG_DATA_HOME/audithook/plugins` (`~/.local/share` by default).
    #[must_use]
    pub fn from_environment() -> Self {
        let mut search = Self::default();
        if let Some(directories) = env::var_os("AUDITHOOK_PLUGIN_PATH") {
            for directory in env::split_paths(&directories) {
                search = search.with(directory, "AUDITHOOK_PLUGIN_PATH");
            }
        }
        if let Some(directory) = env::current_exe().ok().as_deref().and_then(Path::parent) {
            search = search.with(directory, "beside the executable");
            // Where a package puts what belongs to the executable.
            let library = directory.join("../lib/audithook");
            if library.is_dir() {
                search = search.with(library, "of the installation");
            }
        }
        if let Some(data) = data_home(env::var_os("XDG_DATA_HOME"), env::var_os("HOME")) {
            search = search.with(data.join("audithook/plugins"), "XDG_DATA_HOME");
        }
        search
    }

    /// The same path with one more directory at its end. An empty one is left out, as nobody means it.
    #[must_use]
    pub fn with(mut self, directory: impl Into<PathBuf>, named_by: &'static str) -> Self {
        let directory = directory.into();
        if !directory.as_os_str().is_empty() {
            self.places.push(Place {
                directory,
                named_by,
            });
        }
        self
    }

    /// The directories, in order.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The first file of a plugin of this name. A relative directory is never searched: what it means is up to whoever
    /// chose the directory of the start.
    ///
    /// # Errors
    /// There is none: where it was looked for.
    pub fn find(&self, name: &str) -> Result<PathBuf, Looked> {
        let files = file_names(name);
        self.places
            .iter()
            .filter(|place| place.directory.is_absolute())
            .flat_map(|place| files.iter().map(|file| place.directory.join(file)))
            .find(|path| path.symlink_metadata().is_ok())
            .ok_or_else(|| Looked {
                files: files.clone(),
                places: self.places.clone(),
            })
    }

    /// Every file in the directories that looks like a plugin's, in order: `lib*.so`. None of them is opened.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for place in self
            .places
            .iter()
            .filter(|place| place.directory.is_absolute())
        {
            let mut here: Vec<PathBuf> = std::fs::read_dir(&place.directory)
                .into_iter()
                .flatten()
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension() == Some(OsStr::new("so")))
                .collect();
            here.sort();
            found.extend(here);
        }
        found
    }
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.files.iter().map(|file| format!("`{file}`")).collect();
        write!(f, "looked for {} in", files.join(" and "))?;
        if self.places.is_empty() {
            return f.write_str(" no directory");
        }
        for place in &self.places {
            write!(f, "\n  `{}` ({}", place.directory.display(), place.named_by)?;
            f.write_str(if place.directory.is_absolute() {
                ")"
            } else {
                "; relative, so not searched)"
            })?;
        }
        Ok(())
    }
}

/// `libport_limit.so`, as cargo names it, and `libport-limit.so`.
fn file_names(name: &str) -> Vec<String> {
    let mut names = vec![format!("lib{}.so", name.replace('-', "_"))];
    if name.contains('-') {
        names.push(format!("lib{name}.so"));
    }
    names
}

/// XDG Base Directory Specification: a relative `XDG_DATA_HOME` is invalid and ignored.
fn data_home(xdg: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    xdg.map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            home.map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .map(|home| home.join(".local/share"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_directory_that_has_the_file_wins() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let search = SearchPath::default()
            .with(first.path(), "first")
            .with(second.path(), "second");
        std::fs::write(second.path().join("libport_limit.so"), "").unwrap();
        let found = search.find("port-limit").unwrap();
        assert_eq!(found, second.path().join("libport_limit.so"));
        std::fs::write(first.path().join("libport-limit.so"), "").unwrap();
        let found = search.find("port-limit").unwrap();
        assert_eq!(found, first.path().join("libport-limit.so"));
        assert_eq!(search.files().len(), 2);
    }

    #[test]
    fn what_is_not_found_lists_where_it_was_looked_for() {
        let search = SearchPath::default()
            .with("", "AUDITHOOK_PLUGIN_PATH")
            .with("plugins", "AUDITHOOK_PLUGIN_PATH")
            .with("/nonexistent/bin", "beside the executable");
        let looked = search.find("port-limit").unwrap_err();
        insta::assert_snapshot!(looked, @r"
        looked for `libport_limit.so` and `libport-limit.so` in
          `plugins` (AUDITHOOK_PLUGIN_PATH; relative, so not searched)
          `/nonexistent/bin` (beside the executable)
        ");
    }

    #[test]
    fn a_relative_data_home_is_ignored() {
        let path = |text: &str| Some(OsString::from(text));
        assert_eq!(data_home(path("/x"), path("/h")), Some("/x".into()));
        assert_eq!(
            data_home(path("x"), path("/h")),
            Some("/h/.local/share".into())
        );
        assert_eq!(data_home(None, None), None);
    }
}
