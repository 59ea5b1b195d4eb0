//! A tree of processes seen from outside: who of it lives.

use std::fs;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use crate::Scratch;
use crate::run::wait_readable;

/// A FIFO that every process of a tree inherits the writing end of: it ends when the last of them is dead. Without
/// polling, without process ids that could mean another process by now.
#[derive(Debug)]
pub struct Lifeline {
    path: PathBuf,
    reader: fs::File,
}

impl Lifeline {
    /// Makes it. The root of the tree opens [`path`](Self::path) for writing and lets it be inherited.
    #[must_use]
    pub fn new(scratch: &Scratch, name: &str) -> Self {
        let path = scratch.join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR)
            .expect("a fresh name");
        let reader = rustix::fs::open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())
            .expect("a FIFO");
        Self {
            path,
            reader: reader.into(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The writing end, to be given to the root of the tree.
    #[must_use]
    pub fn writer(&self) -> fs::File {
        fs::File::options()
            .write(true)
            .open(&self.path)
            .expect("a FIFO with a reader")
    }

    /// Waits for what the tree writes, up to a line. Processes of the tree write whole lines.
    #[must_use]
    pub fn line(&mut self, patience: Duration) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            if !wait_readable(self.reader.as_fd(), patience) {
                return None;
            }
            match self.reader.read(&mut byte) {
                Ok(0) => return None,
                Ok(_) if byte == *b"\n" => return String::from_utf8(line).ok(),
                Ok(_) => line.push(byte[0]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("{}: {error}", self.path.display()),
            }
        }
    }

    /// Waits until nobody holds the other end any more. Returns whether that came.
    #[must_use]
    pub fn ends(&mut self, patience: Duration) -> bool {
        while let Some(_line) = self.line(patience) {}
        matches!(self.reader.read(&mut [0]), Ok(0))
    }

    /// Who holds the other end, for messages: process ids with their command lines.
    #[must_use]
    pub fn holders(&self) -> Vec<String> {
        let own = std::process::id();
        processes()
            .filter(|pid| *pid != own)
            .filter(|pid| {
                let open = fs::read_dir(format!("/proc/{pid}/fd"))
                    .into_iter()
                    .flatten()
                    .flatten();
                open.filter_map(|entry| fs::read_link(entry.path()).ok())
                    .any(|file| file == self.path)
            })
            .map(|pid| format!("{pid} {}", command_line(pid)))
            .collect()
    }
}

/// The children of a process.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    processes()
        .filter(|child| status(*child, PARENT) == Some(pid))
        .collect()
}

/// The supervisor of a run: the front's child that is the command itself.
#[must_use]
pub fn supervisor(front: u32) -> Option<u32> {
    let own = command_line(front);
    children(front)
        .into_iter()
        .find(|child| command_line(*child) == own)
}

/// The program of a run: the supervisor's child.
#[must_use]
pub fn target(front: u32) -> Option<u32> {
    children(supervisor(front)?).first().copied()
}

/// The processes of a session.
#[must_use]
pub fn session(leader: u32) -> Vec<u32> {
    processes()
        .filter(|pid| status(*pid, SESSION) == Some(leader))
        .collect()
}

/// The command line of a process, for messages.
#[must_use]
pub fn command_line(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("a mounted /proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Places in /proc/PID/stat, counted from behind the name, which may hold anything (proc_pid_stat(5)).
const PARENT: usize = 1;
const SESSION: usize = 3;

fn status(pid: u32, place: usize) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?
        .1
        .split_ascii_whitespace()
        .nth(place)?
        .parse()
        .ok()
}
