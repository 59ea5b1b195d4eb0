//! A plugin's file: who may write it, what it is, what it hashes to.

use std::fs::{File, Metadata};
use std::io::{self, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Refusal;
use crate::{Digest, elf};

const WRITABLE_BY_ALL: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// A file that may be opened as a library.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Absolute, without symlinks: what the dynamic linker is given and remembers.
    pub(crate) path: PathBuf,
    pub(crate) identity: Identity,
    pub(crate) digest: Option<Digest>,
}

/// Which file, and which content of it: the change time moves with every write and cannot be set back by who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Whether the file's content is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// Only if there is a pin.
    WhenPinned,
    /// Always.
    Always,
}

/// Looks at a file without running anything of it.
pub(crate) fn check(path: &Path, pin: Option<&Digest>, hash: Hash) -> Result<Checked, Refusal> {
    let path = path.canonicalize().map_err(Refusal::Unreadable)?;
    // Before it is opened: opening a pipe would wait for its other end.
    if !path.metadata().map_err(Refusal::Unreadable)?.is_file() {
        return Err(Refusal::NotAFile);
    }
    refuse_writable_directories(&path)?;
    let mut file = File::open(&path).map_err(Refusal::Unreadable)?;
    let metadata = file.metadata().map_err(Refusal::Unreadable)?;
    if metadata.mode() & WRITABLE_BY_ALL != 0 {
        return Err(Refusal::WritableByAll { what: path });
    }
    elf::check(&file, metadata.len()).map_err(Refusal::Unreadable)??;

    let mut digest = None;
    if pin.is_some() || hash == Hash::Always {
        let found = file
            .rewind()
            .and_then(|()| Digest::of(&file))
            .map_err(Refusal::Unreadable)?;
        if let Some(&pinned) = pin.filter(|pinned| **pinned != found) {
            return Err(Refusal::OtherContent { pinned, found });
        }
        digest = Some(found);
    }
    Ok(Checked {
        path,
        identity: Identity::of(&metadata),
        digest,
    })
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&path.metadata()?))
    }
}

/// Who may write a directory may put another file in its place. A sticky one (`/tmp`) protects the directories in it from
/// others, but is no place for the file itself: whoever came first would have put it there.
fn refuse_writable_directories(path: &Path) -> Result<(), Refusal> {
    for (distance, directory) in path.ancestors().skip(1).enumerate() {
        let mode = directory.metadata().map_err(Refusal::Unreadable)?.mode();
        let sticky = distance > 0 && mode & STICKY != 0;
        if mode & WRITABLE_BY_ALL != 0 && !sticky {
            let what = directory.to_owned();
            return Err(Refusal::WritableByAll { what });
        }
    }
    Ok(())
}
