//! A directory for one test, removed with it unless it failed.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::report;

/// A fresh directory, given by its resolved path.
#[derive(Debug)]
pub struct Scratch {
    directory: Option<TempDir>,
    path: PathBuf,
    journals: Cell<u32>,
}

impl Scratch {
    /// Makes it.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "making a directory is no default"
    )]
    pub fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("audithook-e2e-")
            .tempdir()
            .expect("the temporary directory is writable");
        let path = directory.path().canonicalize().expect("it was just made");
        Self {
            directory: Some(directory),
            path,
            journals: Cell::new(0),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path in it.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// A file for the next journal.
    #[must_use]
    pub fn next_journal(&self) -> PathBuf {
        self.journals.set(self.journals.get() + 1);
        self.join(format!("journal-{}.jsonl", self.journals.get()))
    }

    /// A path in it, as text.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let path = if name.is_empty() {
            self.path.clone()
        } else {
            self.join(name)
        };
        path.to_str()
            .expect("temporary directories have plain names")
            .to_owned()
    }

    /// Writes a file, and the directories above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.join(name);
        fs::create_dir_all(file.parent().expect("a file lies in a directory")).expect("writable");
        fs::write(&file, content).expect("the scratch directory is writable");
        file
    }

    /// Writes a file that may be executed.
    pub fn write_program(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.write(name, content);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("own file");
        file
    }

    /// Makes a directory, and those above it.
    pub fn directory(&self, name: &str) -> PathBuf {
        let directory = self.join(name);
        fs::create_dir_all(&directory).expect("the scratch directory is writable");
        directory
    }
}

impl AsRef<std::ffi::OsStr> for Scratch {
    fn as_ref(&self) -> &std::ffi::OsStr {
        self.path.as_os_str()
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.take()
            && std::thread::panicking()
        {
            report(format_args!(
                "kept for you to look at: {}",
                directory.keep().display()
            ));
        }
    }
}

/// All that is below a directory: one line for each entry with its kind, mode and content.
#[must_use]
pub fn listing(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    list_into(directory, directory, &mut lines);
    lines.sort();
    lines
}

fn list_into(top: &Path, directory: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(directory)
        .expect("a readable directory")
        .flatten()
    {
        let path = entry.path();
        let about = path.symlink_metadata().expect("it was just listed");
        let name = path
            .strip_prefix(top)
            .expect("below the top")
            .display()
            .to_string();
        let mode = about.permissions().mode();
        let content = if about.is_file() {
            fs::read(&path).expect("own file")
        } else {
            Vec::new()
        };
        lines.push(format!(
            "{name} {mode:o} {}",
            String::from_utf8_lossy(&content)
        ));
        if about.is_dir() {
            list_into(top, &path, lines);
        }
    }
}
