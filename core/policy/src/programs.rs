//! `[process] exec`: names and globs to programs, when the policy is loaded.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use globset::GlobBuilder;

use crate::context::{LoadContext, is_program};
use crate::paths;
use crate::python::shim_root;

/// Every program of `PATH` that a name or a glob of names means, resolved; behind a shim, what it may run.
///
/// All directories count, not only the first: `execvp` tries them in turn, and a program that was shadowed is still
/// the one of that name.
pub(crate) fn lookup(name: &str, context: &LoadContext) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for file in candidates(name, context) {
        if !is_program(&file) {
            continue;
        }
        found.insert(paths::resolve(&file));
        if let (Some((_, versions)), Some(name)) = (shim_root(&file), file.file_name()) {
            for version in versions.read_dir().into_iter().flatten().flatten() {
                let program = version.path().join("bin").join(name);
                if is_program(&program) {
                    found.insert(paths::resolve(&program));
                }
            }
        }
    }
    found.into_iter().collect()
}

fn candidates(name: &str, context: &LoadContext) -> Vec<PathBuf> {
    if !name.contains(['*', '?', '[', '{', '\\']) {
        return context.path_dirs().map(|dir| dir.join(name)).collect();
    }
    let Ok(glob) = GlobBuilder::new(name).literal_separator(true).build() else {
        return Vec::new();
    };
    let glob = glob.compile_matcher();
    let mut files = Vec::new();
    for dir in context.path_dirs() {
        let entries = dir.read_dir().into_iter().flatten().flatten();
        files.extend(
            entries
                .filter(|entry| glob.is_match(OsStr::from_bytes(entry.file_name().as_bytes())))
                .map(|entry| entry.path()),
        );
    }
    files
}
