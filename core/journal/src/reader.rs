//! Reading journals: those of a run that ended, crashed, or goes on.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::writer::aside;

/// A line that is longer is skipped, in bytes. The longest that a [`Formatter`](crate::Formatter) makes is a fifth of it.
pub const MAX_LINE: usize = 1024 * 1024;

/// Reads the lines of a journal, oldest first, beginning with the files that were put aside.
///
/// Memory is bounded by [`MAX_LINE`]. A last line without its newline is not given: it was cut by a crash, or is still being
/// written.
pub struct Reader {
    /// What is being read, and what comes after it.
    input: Input,
    later: VecDeque<File>,
    /// What is followed.
    path: Option<PathBuf>,
    buffer: Vec<u8>,
    /// The bytes of `buffer` that are not given yet.
    unread: std::ops::Range<usize>,
    /// The line at the front is too long, and its beginning has been dropped.
    skipping: bool,
    skipped: Skipped,
}

/// How many lines were not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Longer than [`MAX_LINE`].
    pub too_long: u64,
    /// Cut before their newline, at the end of a file.
    pub torn: u64,
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// the journal cannot be opened: `{path}`
    #[error("the journal cannot be opened: `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// the journal cannot be read
    #[error("the journal cannot be read")]
    Read {
        /// Why.
        source: io::Error,
    },
}

enum Input {
    File(File),
    Stream(Box<dyn Read>),
}

impl Reader {
    /// Opens the journal at `path`, with the files that rotation put aside.
    ///
    /// # Errors
    /// If the file at `path` cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let opened = |source| ReadError::Open {
            path: path.to_owned(),
            source,
        };
        // The newest first: a rotation while we open then shows a file twice, never not at all.
        let newest = File::open(path).map_err(opened)?;
        if newest.metadata().map_err(opened)?.is_dir() {
            return Err(opened(io::ErrorKind::IsADirectory.into()));
        }
        let mut files: VecDeque<File> = [newest].into();
        for number in 1.. {
            match File::open(aside(path, number)) {
                Ok(file) if !is_same(&file, &files[0]).map_err(opened)? => files.push_front(file),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let mut reader = Self::of(Input::Stream(Box::new(io::empty())), Some(path.to_owned()));
        reader.later = files;
        reader.next_file();
        Ok(reader)
    }

    /// Reads from a stream, such as stdin.
    #[must_use]
    pub fn stream(input: impl Read + 'static) -> Self {
        Self::of(Input::Stream(Box::new(input)), None)
    }

    /// The next line, without its newline; `None` where the journal ends, for now.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let line = self.find_line()?;
        Ok(line.map(|line| &self.buffer[line]))
    }

    /// As [`Reader::next_line`], but waits for lines, looking every `poll`, through rotations; `None` when `goes_on` says
    /// false between two looks, or when the input is not a file and has ended.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn wait_line(
        &mut self,
        poll: Duration,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Option<&[u8]>, ReadError> {
        loop {
            if let Some(line) = self.find_line()? {
                return Ok(Some(&self.buffer[line]));
            }
            if !self.follow().map_err(|source| ReadError::Read { source })? {
                if self.path.is_none() || !goes_on() {
                    return Ok(None);
                }
                std::thread::sleep(poll);
            }
        }
    }

    /// How many lines were not given so far. A line that may still be completed does not count.
    #[must_use]
    pub const fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Whether the journal ends, for now, in the middle of a line.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.skipping || !self.unread.is_empty()
    }

    fn of(input: Input, path: Option<PathBuf>) -> Self {
        Self {
            input,
            later: VecDeque::new(),
            path,
            buffer: Vec::new(),
            unread: 0..0,
            skipping: false,
            skipped: Skipped::default(),
        }
    }

    /// Where in the buffer the next line is.
    fn find_line(&mut self) -> Result<Option<std::ops::Range<usize>>, ReadError> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(length) = unread[searched..].iter().position(|&byte| byte == b'\n') {
                let start = self.unread.start;
                let end = start + searched + length;
                self.unread.start = end + 1;
                searched = 0;
                if std::mem::take(&mut self.skipping) {
                    self.skipped.too_long += 1;
                } else if end > start {
                    return Ok(Some(start..end));
                }
                continue;
            }
            searched = unread.len();
            if searched >= MAX_LINE {
                self.skipping = true;
                self.unread = 0..0;
                searched = 0;
            }
            if !self.fill()? && !self.next_file() {
                return Ok(None);
            }
            // The next file begins with a line of its own.
            searched = searched.min(self.unread.len());
        }
    }

    /// Reads more behind what is unread. Whether there was more.
    fn fill(&mut self) -> Result<bool, ReadError> {
        const PIECE: usize = 64 * 1024;
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        self.buffer.resize(self.unread.end + PIECE, 0);
        let target = &mut self.buffer[self.unread.end..];
        let count = loop {
            let result = match &mut self.input {
                Input::File(file) => file.read(target),
                Input::Stream(stream) => stream.read(target),
            };
            match result {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::Read { source }),
            }
        };
        self.unread.end += count;
        Ok(count > 0)
    }

    /// Goes on to the next file, if there is one.
    fn next_file(&mut self) -> bool {
        let Some(file) = self.later.pop_front() else {
            return false;
        };
        if self.is_torn() {
            self.skipped.torn += 1;
        }
        self.unread = 0..0;
        self.skipping = false;
        self.input = Input::File(file);
        true
    }

    /// At the end of the newest file that is known: whether there is something new to read.
    fn follow(&mut self) -> io::Result<bool> {
        let (Some(path), Input::File(current)) = (&self.path, &mut self.input) else {
            return Ok(false);
        };
        let Ok(newest) = File::open(path) else {
            // Between the two halves of a rotation, or removed: it may come back.
            return Ok(false);
        };
        if is_same(&newest, current)? {
            if newest.metadata()?.len() < current.stream_position()? {
                // Somebody emptied it.
                current.seek(SeekFrom::Start(0))?;
                self.unread = 0..0;
                self.skipping = false;
                return Ok(true);
            }
            return Ok(false);
        }
        // What we have read is put aside by now; more than once, if rotation was faster than we.
        let mut later = vec![newest];
        for number in 1.. {
            match File::open(aside(path, number)) {
                Ok(file) if is_same(&file, current)? => break,
                // A rotation between two of these looks shows the same file again, under its next name.
                Ok(file)
                    if later
                        .last()
                        .map_or(Ok(false), |last| is_same(&file, last))? => {}
                Ok(file) => later.push(file),
                // Not kept: what lies between is lost to us, and all that is there is new.
                Err(_) => break,
            }
        }
        self.later.extend(later.into_iter().rev());
        // Lines may have been added to the old file since its end was seen: that is read first.
        Ok(true)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

fn is_same(one: &File, other: &File) -> io::Result<bool> {
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

#[cfg(test)]
mod tests;
