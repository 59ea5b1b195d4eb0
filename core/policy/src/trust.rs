//! Trust in a hooks.toml that nobody named: its content, that of what it extends, and the code of its plugins was recorded.
//!
//! The checkout under test must not choose its own jailer: `./hooks.toml` is used without `-c` only after
//! `audithook trust` recorded it as it is.
//!
//! The store is a directory with a file for each policy, a *record*: its name is the hash of the policy's path. A line for each
//! plugin, `HASH plugin NAME PATH` with the path escaped, says what its library was; the last line is `HASH  PATH`, as
//! `sha256sum` writes it. A record that does not read so was written by somebody else. It trusts nothing, is told with its
//! place, and is left as it lies: what it was meant to be is not ours to guess. So does one that somebody else than this
//! user and root could have written: the variables that lead to the store may be another user's.
//!
//! This crate reads policies and loads no plugins: what their libraries are is said to it when a policy is recorded, and it
//! says so when the policy is checked. Whoever loads them holds them to that.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audithook_ownership::{Fault, Weakness};
use sha2::{Digest, Sha256};

use crate::context::LoadContext;
use crate::model::Policy;
use crate::source::{Source, SourceKind};

/// What is known of a policy's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    /// Recorded as they are, with these libraries of its plugins: one for each.
    Yes(Vec<PluginCode>),
    /// Recorded with another content.
    Changed,
    /// Never recorded.
    Never,
}

/// The library of a plugin as it was when the policy was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginCode {
    /// The plugin's name.
    pub name: String,
    /// The library, without symlinks.
    pub file: PathBuf,
    /// What it hashed to: 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// A policy that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustRecord {
    /// The policy's file.
    pub file: PathBuf,
    /// The hash of the file and of all that it extended, as they were.
    pub sha256: String,
    /// The libraries of its plugins, by name.
    pub plugins: Vec<PluginCode>,
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
    /// what is trusted may be somebody else's word: {0}
    #[error("what is trusted may be somebody else's word: {0}")]
    Foreign(Weakness),
    /// the code of a plugin is not known: `{0}`
    #[error("the code of a plugin is not known: `{0}`")]
    UnknownCode(String),
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
            Self::Foreign(Weakness {
                what: Fault::Owner(_),
                ..
            }) => Some(
                "`XDG_STATE_HOME`, or `HOME`, leads to another user's directory (`su`, `sudo -E`): let it lead to your own",
            ),
            Self::Foreign(Weakness {
                what: Fault::Mode(_),
                ..
            }) => Some(
                "whoever may write there could have trusted this for you; `chmod go-w` it, and look at `audithook trust --list`",
            ),
            Self::Foreign(_) | Self::NoFile | Self::UnknownCode(_) | Self::Io { .. } => None,
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

    /// Records that the policy's files were read and are trusted as they are, and so are its plugins.
    ///
    /// # Errors
    /// The policy has no file, a plugin of it is not among `plugins`, the record that there is is broken, others can change
    /// the store, or it cannot be written.
    pub fn record(&self, policy: &Policy, plugins: &[PluginCode]) -> Result<(), TrustError> {
        let file = main_file(policy).ok_or(TrustError::NoFile)?;
        let place = self.place(file);
        let mut plugins = plugins.to_vec();
        plugins.sort();
        if let Some(unknown) = uncovered(policy, &plugins).next() {
            return Err(TrustError::UnknownCode(unknown.to_owned()));
        }
        self.make().map_err(failed("record", &self.dir))?;
        // Nobody would believe what is written there.
        own(&self.dir, "record")?;
        // Asked for its errors: a broken record is not overwritten.
        read(&place)?;
        let record = TrustRecord {
            file: file.to_owned(),
            sha256: hash_of_files(&policy.sources),
            plugins,
        };
        self.write(&place, &record)
            .map_err(failed("record", &place))
    }

    /// Whether the policy's files are trusted as they are. Whether its plugins are what they were is for who loads them.
    ///
    /// # Errors
    /// The record is broken, could have been written by others, or cannot be read.
    pub fn check(&self, policy: &Policy) -> Result<Trusted, TrustError> {
        let Some(file) = main_file(policy) else {
            return Ok(Trusted::Never);
        };
        Ok(match read(&self.place(file))? {
            None => Trusted::Never,
            Some(record)
                if record.sha256 == hash_of_files(&policy.sources)
                    && uncovered(policy, &record.plugins).next().is_none() =>
            {
                Trusted::Yes(record.plugins)
            }
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
    /// A record is broken or could have been written by others, or the store cannot be read.
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
    /// The record is broken, could have been written by others, or cannot be removed.
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

    fn make(&self) -> io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
    }

    /// Written beside and renamed: a reader sees the old record or the new one.
    fn write(&self, place: &Path, record: &TrustRecord) -> io::Result<()> {
        let beside = place.with_extension(format!("{}.new", std::process::id()));
        // Made anew: what lies there may be somebody's link to another file.
        let _ = std::fs::remove_file(&beside);
        let mut out = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        out.write_all(&record.text())?;
        out.sync_all()?;
        // Closed first: a run that watches the record would hear of it twice, and load its policy twice.
        drop(out);
        std::fs::rename(&beside, place)
    }

    fn place(&self, file: &Path) -> PathBuf {
        self.dir.join(name_of(file))
    }
}

impl TrustRecord {
    /// The policy's path ends with the last byte: it may have any other in it, a line's end too.
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for PluginCode { name, file, sha256 } in &self.plugins {
            text.extend([sha256.as_bytes(), PLUGIN, name.as_bytes(), b" "].concat());
            text.extend(escaped(file).bytes());
            text.push(b'\n');
        }
        let path = self.file.as_os_str().as_bytes();
        text.extend([self.sha256.as_bytes(), FILE, path, b"\n"].concat());
        text
    }

    /// What a record says, or what is wrong with it.
    fn parse(name: &OsStr, bytes: &[u8]) -> Result<Self, &'static str> {
        let mut rest = bytes.strip_suffix(b"\n").ok_or("its line has no end")?;
        let mut plugins = Vec::new();
        loop {
            let (hash, what) = rest
                .split_at_checked(HASH_LENGTH)
                .filter(|(hash, _)| is_hash(hash))
                .ok_or("it does not begin with a hash")?;
            let sha256 = String::from_utf8_lossy(hash).into_owned();
            if let Some(plugin) = what.strip_prefix(PLUGIN) {
                let end = plugin.iter().position(|byte| *byte == b'\n');
                let end = end.ok_or("it names no file")?;
                plugins.push(PluginCode::parse(sha256, &plugin[..end])?);
                rest = &plugin[end + 1..];
                continue;
            }
            let path = what.strip_prefix(FILE).ok_or("it names no file")?;
            let file = PathBuf::from(OsStr::from_bytes(path));
            if name != OsStr::new(&name_of(&file)) {
                return Err("it belongs to another file");
            }
            return Ok(Self {
                file,
                sha256,
                plugins,
            });
        }
    }
}

impl PluginCode {
    /// What follows the hash in the line of a plugin.
    fn parse(sha256: String, text: &[u8]) -> Result<Self, &'static str> {
        const BROKEN: &str = "the line of a plugin is broken";
        let text = std::str::from_utf8(text).map_err(|_| BROKEN)?;
        let (name, path) = text.split_once(' ').ok_or(BROKEN)?;
        let file = unescaped(path).ok_or(BROKEN)?;
        Ok(Self {
            name: name.to_owned(),
            file,
            sha256,
        })
    }
}

/// Stands behind the hash of a plugin's library.
const PLUGIN: &[u8] = b" plugin ";
/// Stands behind the hash of the policy.
const FILE: &[u8] = b"  ";

/// The plugins of a policy whose code is not among these.
fn uncovered<'p>(policy: &'p Policy, code: &'p [PluginCode]) -> impl Iterator<Item = &'p str> {
    let names = policy.plugins.iter().map(|plugin| plugin.name.as_str());
    names.filter(|name| !code.iter().any(|code| code.name == *name))
}

/// A path in one line: what is no graphic ASCII character, and `%`, as `%XX`.
fn escaped(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes().iter();
    bytes
        .map(|byte| match byte {
            b'%' | ..=b' ' | 0x7f.. => format!("%{byte:02X}"),
            byte => char::from(*byte).to_string(),
        })
        .collect()
}

fn unescaped(text: &str) -> Option<PathBuf> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let digits = piece.get(..2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(piece[2..].bytes());
    }
    Some(PathBuf::from(OsStr::from_bytes(&bytes)))
}

/// `None` if there is no such record.
fn read(place: &Path) -> Result<Option<TrustRecord>, TrustError> {
    if let Err(error) = std::fs::symlink_metadata(place)
        && error.kind() == io::ErrorKind::NotFound
    {
        return Ok(None);
    }
    let file = own(place, "read")?;
    let bytes = std::fs::read(&file).map_err(failed("read", place))?;
    let name = place.file_name().unwrap_or_default();
    match TrustRecord::parse(name, &bytes) {
        Ok(record) => Ok(Some(record)),
        Err(what) => Err(TrustError::Broken {
            record: place.to_owned(),
            what,
        }),
    }
}

/// The file or directory without symlinks, if nobody but this user and root can change what lies there.
fn own(place: &Path, doing: &'static str) -> Result<PathBuf, TrustError> {
    let file = std::fs::canonicalize(place).map_err(failed(doing, place))?;
    audithook_ownership::check_own(&file).map_err(TrustError::Foreign)?;
    Ok(file)
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
