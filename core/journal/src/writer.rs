//! Appending lines to a file or a descriptor.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, FileTypeExt as _};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::RunId;

/// Writes whole lines.
///
/// Lines are gathered and written together: each `write` that the kernel sees begins and ends at the end of a line (unless the
/// kernel takes only part of it; then the rest follows at once). Flush after every pass over the rings: what is gathered is lost with
/// the process, what is written is not.
///
/// After an error, nothing more is written: a journal with a gap in it would be worse than one that ends.
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// `None` for a descriptor, and for anything that is not a regular file.
    rotating: Option<Rotating>,
    gathered: Vec<u8>,
    failed: bool,
}

/// When a file is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// A file that would grow beyond this many bytes is put aside first; 0 for never. A line is never split: one that is longer
    /// than this gets a file of its own.
    pub max_bytes: u64,
    /// How many files that were put aside are kept: `out.jsonl.1` (the latest), `out.jsonl.2`, …
    pub keep: u32,
}

impl Rotation {
    /// One file that grows.
    pub const NEVER: Self = Self {
        max_bytes: 0,
        keep: 0,
    };
}

/// Why the journal cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// the journal's directory cannot be made: `{path}`
    #[error("the journal's directory cannot be made: `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// the journal cannot be opened: `{path}`
    #[error("the journal cannot be opened: `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// the journal is a symbolic link: `{path}`
    #[error("the journal is a symbolic link: `{}`\n\nhint: name the file that it points to", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// the journal cannot be written
    #[error("the journal cannot be written")]
    Write {
        /// Why.
        source: io::Error,
    },
    /// the journal cannot be rotated: `{path}`
    #[error("the journal cannot be rotated: `{}`", path.display())]
    Rotate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// the journal ended with an error before
    #[error("the journal ended with an error before")]
    Failed,
}

#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    rotation: Rotation,
    /// How long the file is.
    written: u64,
}

impl Writer {
    /// How much is gathered before it is written without a flush.
    const GATHER: usize = 64 * 1024;

    /// Appends to the file at `path`, in which `{run}` stands for the run's name. Directories that are missing are made (mode
    /// 0700), and so is the file (0600). A symbolic link is not followed.
    ///
    /// A file whose last line was cut by a crash gets a newline first, so that this run's first line is whole.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path, run: &RunId, rotation: Rotation) -> Result<Self, WriteError> {
        let path = named_after(path, run);
        if let Some(directory) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)
                .map_err(|source| WriteError::Directory {
                    path: directory.to_owned(),
                    source,
                })?;
        }
        let file = open_file(&path, OFlags::empty())?;
        let opened = |source| WriteError::Open {
            path: path.clone(),
            source,
        };
        let metadata = file.metadata().map_err(opened)?;
        let kind = metadata.file_type();
        if kind.is_block_device() {
            return Err(opened(io::Error::from(Errno::NOTSUP)));
        }
        let mut writer = Self {
            file,
            rotating: None,
            gathered: Vec::with_capacity(Self::GATHER),
            failed: false,
        };
        if kind.is_file() {
            if metadata.len() > 0 && !ends_with_newline(&path, metadata.len()).map_err(opened)? {
                writer.gathered.push(b'\n');
            }
            writer.rotating = Some(Rotating {
                path,
                rotation,
                written: metadata.len(),
            });
        }
        Ok(writer)
    }

    /// Writes to a descriptor, which is not rotated.
    #[must_use]
    pub fn from_fd(descriptor: OwnedFd) -> Self {
        Self {
            file: descriptor.into(),
            rotating: None,
            gathered: Vec::with_capacity(Self::GATHER),
            failed: false,
        }
    }

    /// The file, if lines go to one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.rotating
            .as_ref()
            .map(|rotating| rotating.path.as_path())
    }

    /// Adds a line, which ends with its newline.
    ///
    /// # Errors
    /// If what was gathered cannot be written, or could not be before.
    pub fn append(&mut self, line: &[u8]) -> Result<(), WriteError> {
        debug_assert!(line.ends_with(b"\n"));
        if self.failed {
            return Err(WriteError::Failed);
        }
        if self.is_full_with(line.len()) {
            self.flush()?;
            self.guarded(Self::rotate)?;
        }
        self.gathered.extend_from_slice(line);
        if self.gathered.len() >= Self::GATHER {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is gathered.
    ///
    /// # Errors
    /// If it cannot be written, or could not be before.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        if self.failed {
            return Err(WriteError::Failed);
        }
        self.guarded(Self::write_gathered)
    }

    /// Writes what is gathered, and waits until the disk has it.
    ///
    /// # Errors
    /// As [`Writer::flush`].
    pub fn sync(&mut self) -> Result<(), WriteError> {
        self.flush()?;
        if self.rotating.is_some() {
            return self.guarded(|writer| {
                writer
                    .file
                    .sync_data()
                    .map_err(|source| WriteError::Write { source })
            });
        }
        Ok(())
    }

    fn guarded(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let result = act(self);
        self.failed |= result.is_err();
        result
    }

    /// Whether the file would be too long with what is gathered and `more` bytes.
    fn is_full_with(&self, more: usize) -> bool {
        self.rotating.as_ref().is_some_and(|rotating| {
            let held = rotating.written + self.gathered.len() as u64;
            rotating.rotation.max_bytes > 0
                && held > 0
                && held + more as u64 > rotating.rotation.max_bytes
        })
    }

    fn write_gathered(&mut self) -> Result<(), WriteError> {
        let mut left = &self.gathered[..];
        while !left.is_empty() {
            match rustix::io::write(&self.file, left) {
                Ok(0) => {
                    return Err(WriteError::Write {
                        source: io::ErrorKind::WriteZero.into(),
                    });
                }
                Ok(count) => {
                    left = &left[count..];
                    if let Some(rotating) = &mut self.rotating {
                        rotating.written += count as u64;
                    }
                }
                Err(Errno::INTR) => {}
                // Somebody made the descriptor not wait: wait for it.
                Err(Errno::AGAIN) => {
                    let mut polled = [PollFd::new(&self.file, PollFlags::OUT)];
                    match rustix::event::poll(&mut polled, None) {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(error) => {
                            return Err(WriteError::Write {
                                source: error.into(),
                            });
                        }
                    }
                }
                Err(error) => {
                    return Err(WriteError::Write {
                        source: error.into(),
                    });
                }
            }
        }
        self.gathered.clear();
        Ok(())
    }

    /// Puts the file aside and begins a new one.
    fn rotate(&mut self) -> Result<(), WriteError> {
        let Some(rotating) = &mut self.rotating else {
            return Ok(());
        };
        let path = &rotating.path;
        let failed = |source| WriteError::Rotate {
            path: path.clone(),
            source,
        };
        for number in (1..rotating.rotation.keep).rev() {
            rename(&aside(path, number), &aside(path, number + 1)).map_err(failed)?;
        }
        if rotating.rotation.keep > 0 {
            rename(path, &aside(path, 1)).map_err(failed)?;
        } else {
            std::fs::remove_file(path).or_else(absent).map_err(failed)?;
        }
        // Exclusive: whatever appeared under the name meanwhile is not ours.
        self.file = open_file(path, OFlags::EXCL)?;
        rotating.written = 0;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // An error has nowhere to go from here: who cares flushes before.
        _ = self.flush();
    }
}

/// The name of the file that was put aside `number` rotations ago.
pub(crate) fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn named_after(path: &Path, run: &RunId) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    const PLACE: &[u8] = b"{run}";
    let mut left = path.as_os_str().as_bytes();
    let mut named = Vec::new();
    while let Some(at) = left.windows(PLACE.len()).position(|window| window == PLACE) {
        named.extend_from_slice(&left[..at]);
        named.extend_from_slice(run.as_str().as_bytes());
        left = &left[at + PLACE.len()..];
    }
    named.extend_from_slice(left);
    PathBuf::from(OsStr::from_bytes(&named))
}

fn open_file(path: &Path, more: OFlags) -> Result<File, WriteError> {
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::CLOEXEC
        | OFlags::NOFOLLOW
        | more;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(descriptor) => Ok(descriptor.into()),
        Err(Errno::LOOP) => Err(WriteError::Symlink {
            path: path.to_owned(),
        }),
        Err(error) => Err(WriteError::Open {
            path: path.to_owned(),
            source: error.into(),
        }),
    }
}

fn ends_with_newline(path: &Path, length: u64) -> io::Result<bool> {
    let file = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
    )?;
    let mut last = [0];
    File::from(file).read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

/// Renames a file, if it is there.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to).or_else(absent)
}

fn absent(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests;
