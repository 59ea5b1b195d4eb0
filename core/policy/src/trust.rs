//! Trust in a hooks.toml that nobody named: its content, and that of what it extends, was read and recorded.
//!
//! The checkout under test must not choose its own jailer: `./hooks.toml` is used without `-c` only after
//! `audithook trust` recorded it as it is.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::context::LoadContext;
use crate::model::Policy;
use crate::source::{Source, SourceKind};

/// What is known of a policy's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trusted {
    /// Recorded as they are.
    Yes,
    /// Recorded with another content.
    Changed,
    /// Never recorded.
    Never,
}

/// The store: a file for each policy, named after its path, that holds its hash.
#[derive(Debug, Clone)]
pub struct TrustStore {
    dir: PathBuf,
}

impl TrustStore {
    /// The store in a directory, which is made when something is recorded.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// `$XDG_STATE_HOME/audithook/trust`; `None` without a home.
    #[must_use]
    pub fn of(context: &LoadContext) -> Option<Self> {
        context.state_dir().map(|dir| Self::new(dir.join("trust")))
    }

    /// Records that the policy's files were read and are trusted as they are.
    ///
    /// # Errors
    /// The policy has no file, or the store cannot be written.
    pub fn record(&self, policy: &Policy) -> io::Result<()> {
        let file = main_file(policy)
            .ok_or_else(|| io::Error::other("a policy without a file cannot be trusted"))?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        let place = self.place(file);
        let text = format!("{}  {}\n", hash_of_files(&policy.sources), file.display());
        // Written beside and renamed: a reader sees the old record or the new one.
        let beside = place.with_extension(format!("{}.new", std::process::id()));
        let mut out = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&beside, &place)
    }

    /// Whether the policy's files are trusted as they are.
    #[must_use]
    pub fn check(&self, policy: &Policy) -> Trusted {
        let Some(file) = main_file(policy) else {
            return Trusted::Never;
        };
        let Ok(text) = std::fs::read_to_string(self.place(file)) else {
            return Trusted::Never;
        };
        let recorded = text.split_whitespace().next().unwrap_or_default();
        if recorded == hash_of_files(&policy.sources) {
            Trusted::Yes
        } else {
            Trusted::Changed
        }
    }

    fn place(&self, file: &Path) -> PathBuf {
        self.dir
            .join(hex(&Sha256::digest(file.as_os_str().as_bytes())))
    }
}

/// The hash of all texts of a policy, flags included.
pub(crate) fn hash(sources: &[Arc<Source>]) -> String {
    digest(sources.iter())
}

fn hash_of_files(sources: &[Arc<Source>]) -> String {
    digest(sources.iter().filter(|source| source.path().is_some()))
}

/// Lengths stand before texts, so that nothing can move from one to the next.
fn digest<'s>(sources: impl Iterator<Item = &'s Arc<Source>>) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        let name = match &source.kind {
            SourceKind::File(path) => path.as_os_str().as_bytes(),
            _ => source.name.as_bytes(),
        };
        for part in [name, source.text.as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finalize())
}

/// The file that extends the others: what it extends is read before it.
fn main_file(policy: &Policy) -> Option<&Path> {
    policy.sources.iter().rev().find_map(|source| source.path())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
