//! `[process] exec`: names and globs to programs, when the policy is loaded.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use crate::context::{LoadContext, is_program};
use crate::paths;
use crate::python::shim_root;

/// What the directories of `PATH` hold: read once for all names.
#[derive(Debug, Default)]
pub(crate) struct PathIndex {
    dirs: Vec<(PathBuf, Vec<OsString>)>,
}

impl PathIndex {
    /// Reads the directories of a context's `PATH`, each once, in their order.
    pub(crate) fn new(context: &LoadContext) -> Self {
        let mut seen = BTreeSet::new();
        let mut dirs = Vec::new();
        for dir in context.path_dirs() {
            // `/bin` is `/usr/bin` nowadays.
            if !seen.insert(paths::resolve(&dir)) {
                continue;
            }
            let entries = dir.read_dir().into_iter().flatten().flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.sort();
            dirs.push((dir, names));
        }
        Self { dirs }
    }

    /// The programs with such a name, in the order of `PATH`.
    pub(crate) fn programs(&self, is_meant: impl Fn(&OsStr) -> bool) -> Vec<PathBuf> {
        let files = self.dirs.iter().flat_map(|(dir, names)| {
            let names = names.iter().filter(|name| is_meant(name));
            names.map(|name| dir.join(name))
        });
        files.filter(|file| is_program(file)).collect()
    }

    fn named(&self, name: &OsStr) -> Vec<PathBuf> {
        let dirs = self.dirs.iter().filter(|(_, names)| {
            names
                .binary_search_by(|known| known.as_os_str().cmp(name))
                .is_ok()
        });
        dirs.map(|(dir, _)| dir.join(name))
            .filter(|file| is_program(file))
            .collect()
    }
}

/// Every program of `PATH` that a name or a glob of names means, resolved; behind a shim, what it may run.
///
/// All directories count, not only the first: `execvp` tries them in turn, and a program that was shadowed is still
/// the one of that name.
pub(crate) fn lookup(name: &str, index: &PathIndex) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for file in candidates(name, index) {
        if let (Some((_, versions)), Some(name)) = (shim_root(&file), file.file_name()) {
            found.extend(behind(&versions, name));
        }
        found.insert(paths::resolve(&file));
    }
    found.into_iter().collect()
}

/// The program of this name in every version that a manager keeps.
pub(crate) fn behind(versions: &Path, name: &OsStr) -> Vec<PathBuf> {
    let versions = versions.read_dir().into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin").join(name))
        .filter(|program| is_program(program))
        .map(|program| paths::resolve(&program))
        .collect()
}

fn candidates(name: &str, index: &PathIndex) -> Vec<PathBuf> {
    if !name.contains(['*', '?', '[', '{', '\\']) {
        return index.named(OsStr::new(name));
    }
    let Ok(glob) = GlobBuilder::new(name).literal_separator(true).build() else {
        return Vec::new();
    };
    let glob = glob.compile_matcher();
    index.programs(|name| glob.is_match(name))
}
