//! Trust in a hooks.toml that nobody named: its content, and that of what it extends, was read and recorded.
//!
//! The checkout under test must not choose its own jailer: `./hooks.toml` is used without `-c` only after
//! `audithook trust` recorded it as it is.
//!
//! The store is a directory with a file for each policy, a *record*: its name is the hash of the policy's path, its one line is
//! `HASH  PATH`, as `sha256sum` writes it. A record that does not read so was written by somebody else. It trusts nothing, is
//! told with its place, and is left as it lies: what it was meant to be is not ours to guess.

use std::ffi::OsStr;
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

/// A policy that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustRecord {
    /// The policy's file.
    pub file: PathBuf,
    /// The hash of the file and of all that it extended, as they were.
    pub sha256: String,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// a policy without a file cannot be trusted
    #[error("a policy without a file cannot be trusted")]
    NoFile,
    /// the record of trust is broken: `{record}`: {what}
    #[error("the record of trust is broken: `{}`: {what}", record.display())]
    Broken {
        /// Where it lies.
        record: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// cannot {doing} what is trusted: `{place}`
    #[error("cannot {doing} what is trusted: `{}`", place.display())]
    Io {
        /// `read`, `record`, or `forget`.
        doing: &'static str,
        /// The record or the store.
        place: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl TrustError {
    /// What can be done about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Broken { .. } => Some(
                "nothing is trusted because of it; look at it, remove it, then `audithook trust` again",
            ),
            Self::NoFile | Self::Io { .. } => None,
        }
    }
}

/// The records, in a directory.
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
    /// The policy has no file, the record that there is is broken, or the store cannot be written.
    pub fn record(&self, policy: &Policy) -> Result<(), TrustError> {
        let file = main_file(policy).ok_or(TrustError::NoFile)?;
        let place = self.place(file);
        // Asked for its errors: a broken record is not overwritten.
        read(&place)?;
        let record = TrustRecord {
            file: file.to_owned(),
            sha256: hash_of_files(&policy.sources),
        };
        self.write(&place, &record)
            .map_err(failed("record", &place))
    }

    /// Whether the policy's files are trusted as they are.
    ///
    /// # Errors
    /// The record is broken or cannot be read.
    pub fn check(&self, policy: &Policy) -> Result<Trusted, TrustError> {
        let Some(file) = main_file(policy) else {
            return Ok(Trusted::Never);
        };
        Ok(match read(&self.place(file))? {
            None => Trusted::Never,
            Some(record) if record.sha256 == hash_of_files(&policy.sources) => Trusted::Yes,
            Some(_) => Trusted::Changed,
        })
    }

    /// Where the policy's record lies or would lie: it changes when the policy is trusted anew.
    #[must_use]
    pub fn record_of(&self, policy: &Policy) -> Option<PathBuf> {
        main_file(policy).map(|file| self.place(file))
    }

    /// Every policy that was recorded, by path.
    ///
    /// # Errors
    /// A record is broken, or the store cannot be read.
    pub fn list(&self) -> Result<Vec<TrustRecord>, TrustError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &self.dir)(error)),
        };
        let mut records = Vec::new();
        for entry in entries {
            let place = entry.map_err(failed("read", &self.dir))?.path();
            // What a crash left half written has a longer name.
            if place
                .file_name()
                .is_some_and(|name| is_hash(name.as_bytes()))
            {
                records.extend(read(&place)?);
            }
        }
        records.sort();
        Ok(records)
    }

    /// Forgets the policy in this file, which need not exist any more. Its path is the resolved one. Returns whether it
    /// was recorded.
    ///
    /// # Errors
    /// The record is broken or cannot be removed.
    pub fn remove(&self, file: &Path) -> Result<bool, TrustError> {
        let place = self.place(file);
        if read(&place)?.is_none() {
            return Ok(false);
        }
        match std::fs::remove_file(&place) {
            Ok(()) => Ok(true),
            // Somebody else forgot it first.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("forget", &place)(error)),
        }
    }

    /// Written beside and renamed: a reader sees the old record or the new one.
    fn write(&self, place: &Path, record: &TrustRecord) -> io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        let beside = place.with_extension(format!("{}.new", std::process::id()));
        let mut out = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        out.write_all(&record.line())?;
        out.sync_all()?;
        std::fs::rename(&beside, place)
    }

    fn place(&self, file: &Path) -> PathBuf {
        self.dir.join(name_of(file))
    }
}

impl TrustRecord {
    /// The path ends with the line's last byte: it may have any other in it, a line's end too.
    fn line(&self) -> Vec<u8> {
        let path = self.file.as_os_str().as_bytes();
        [self.sha256.as_bytes(), b"  ", path, b"\n"].concat()
    }

    /// What a record says, or what is wrong with it.
    fn parse(name: &OsStr, bytes: &[u8]) -> Result<Self, &'static str> {
        let line = bytes.strip_suffix(b"\n").ok_or("its line has no end")?;
        let (hash, path) = line
            .split_at_checked(HASH_LENGTH)
            .filter(|(hash, _)| is_hash(hash))
            .ok_or("it does not begin with a hash")?;
        let path = path.strip_prefix(b"  ").ok_or("it names no file")?;
        let file = PathBuf::from(OsStr::from_bytes(path));
        if name != OsStr::new(&name_of(&file)) {
            return Err("it belongs to another file");
        }
        Ok(Self {
            file,
            sha256: String::from_utf8_lossy(hash).into_owned(),
        })
    }
}

/// `None` if there is no such record.
fn read(place: &Path) -> Result<Option<TrustRecord>, TrustError> {
    let bytes = match std::fs::read(place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", place)(error)),
    };
    let name = place.file_name().unwrap_or_default();
    match TrustRecord::parse(name, &bytes) {
        Ok(record) => Ok(Some(record)),
        Err(what) => Err(TrustError::Broken {
            record: place.to_owned(),
            what,
        }),
    }
}

fn failed(doing: &'static str, place: &Path) -> impl FnOnce(io::Error) -> TrustError {
    let place = place.to_owned();
    move |source| TrustError::Io {
        doing,
        place,
        source,
    }
}

/// The name of the record of the policy in this file.
fn name_of(file: &Path) -> String {
    hex(&Sha256::digest(file.as_os_str().as_bytes()))
}

/// The letters of a SHA-256.
const HASH_LENGTH: usize = 64;

fn is_hash(text: &[u8]) -> bool {
    text.len() == HASH_LENGTH
        && text
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
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
