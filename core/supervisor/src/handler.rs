//! What the supervisor is for: whoever runs a command says here what becomes of what it does.

use std::path::PathBuf;

use audithook_abi::Verdict;
use audithook_wire::flat::{Record, Rules};

use crate::Ended;

/// A process of the tree, as the kernel names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// The process id.
    pub pid: u32,
    /// Counts the programs that this process id has run: 1 for the first.
    pub incarnation: u32,
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.pid, self.incarnation)
    }
}

/// How a process ended, as far as the kernel tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The exit status.
    pub status: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// What it used; only of children of the supervisor.
    pub usage: Option<Usage>,
}

/// Resources used (getrusage(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time in user mode, in nanoseconds.
    pub user_ns: u64,
    /// Time in the kernel, in nanoseconds.
    pub system_ns: u64,
    /// The most memory that was resident, in bytes.
    pub max_rss: u64,
}

/// What the supervisor does next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Directive {
    /// Goes on.
    #[default]
    Continue,
    /// Ends the run: the policy says so.
    Kill,
    /// Ends the run: audithook cannot do its work.
    Fault(String),
}

/// Sees everything that the tree does. Called from one thread.
pub trait Handler {
    /// A process announced itself: its own words, and who it is by the kernel's.
    fn hello(&mut self, process: Process, record: &Record<'_>);

    /// The command runs, but did not announce itself: the preload library is not in it.
    fn silent(&mut self, process: Process);

    /// A process says something outside its ring: a program refused, or one that cannot be followed.
    fn notice(&mut self, process: Process, record: &Record<'_>);

    /// The rings are about to be looked at. `now_ns` is CLOCK_MONOTONIC before the first look.
    fn begin_pass(&mut self, now_ns: u64);

    /// A record from the ring of a process: hostile input.
    fn record(&mut self, process: Process, bytes: &[u8]);

    /// A process gave up this many records, or its ring became unreadable.
    fn lost(&mut self, process: Process, count: u64, reason: &str);

    /// A process has replaced its program and is another now: nothing more comes from the one that it was.
    fn replaced(&mut self, process: Process);

    /// A process ended; its ring has been read to the end.
    fn exited(&mut self, process: Process, exit: Exit);

    /// The ring of a process was looked at. `blocked` says that a record in front of others is still being written.
    fn looked(&mut self, process: Process, blocked: bool);

    /// All rings have been looked at. Returns whether there was anything, and what follows from it.
    fn end_pass(&mut self) -> Directive;

    /// The files whose change asks for a reload.
    fn watched(&self) -> Vec<PathBuf>;

    /// SIGHUP, or a watched file changed.
    fn reload(&mut self);

    /// Answers questions; `None` if the policy has none.
    fn judge(&self) -> Option<Box<dyn Judge>>;

    /// Everything has ended and everything has been read. The last word on how the run ended.
    fn finish(&mut self, ended: Ended) -> Ended;
}

/// Answers what the policy image leaves open. Called from several threads.
pub trait Judge: Send + Sync {
    /// Judges one event of a process.
    fn judge(&self, process: Process, record: &Record<'_>) -> Answer;
}

/// What a [`Judge`] says. The asker applies the policy's mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// The rules behind it, by number.
    pub rules: Rules,
    /// Why.
    pub reason: String,
}
