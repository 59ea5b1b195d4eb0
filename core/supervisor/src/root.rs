//! The command, which is the tree's root: its stops, its end, and the end of what it left running.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::control::Ended;
use crate::handler::Exit;
use crate::tree;

/// How long what the command left running may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// The command, and what is known of the tree's end.
#[derive(Debug)]
pub(crate) struct Root {
    pid: Pid,
    /// How the run will have ended, once that is known.
    ended: Option<Ended>,
    /// How often it was stopped.
    stops: i32,
    /// Whether what it leaves running is waited for.
    wait_tree: bool,
    /// When what is left of the tree is killed.
    deadline: Option<Instant>,
    /// Nobody is left.
    is_childless: bool,
}

impl Root {
    pub(crate) fn new(pid: Pid, wait_tree: bool) -> Self {
        Self {
            pid,
            ended: None,
            stops: 0,
            wait_tree,
            deadline: None,
            is_childless: false,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// How the run will have ended, once that is known.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// The same, for the last time.
    pub(crate) fn take_ended(&mut self) -> Option<Ended> {
        self.ended.take()
    }

    /// Takes note of an end, unless there was one before.
    pub(crate) fn end(&mut self, ended: impl FnOnce() -> Ended) {
        self.ended.get_or_insert_with(ended);
    }

    /// Takes note of an end that counts for more than any before.
    pub(crate) fn overrule_end(&mut self, ended: Ended) {
        self.ended = Some(ended);
    }

    /// The command itself has ended.
    pub(crate) fn note_exit(&mut self, exit: Exit) {
        self.end(|| match (exit.status, exit.signal) {
            (Some(status), _) => Ended::Exited(status),
            (None, Some(signal)) => Ended::Signalled(signal),
            (None, None) => Ended::Exited(0),
        });
    }

    pub(crate) fn note_stop(&mut self) {
        self.stops += 1;
    }

    /// Lets a stopped command go on, if so many stops are all that there were.
    pub(crate) fn continue_after(&self, stops: i32) {
        if stops == self.stops {
            let _ = rustix::process::kill_process(self.pid, Signal::CONT);
        }
    }

    /// Passes a signal on, as long as there is a command.
    pub(crate) fn signal(&self, signal: i32) {
        if self.ended.is_none()
            && let Some(signal) = Signal::from_named_raw(signal)
        {
            let _ = rustix::process::kill_process(self.pid, signal);
        }
    }

    /// What the command left running is asked to end, then made to.
    pub(crate) fn press(&mut self) {
        if self.wait_tree {
            self.look_for_children();
            return;
        }
        match self.deadline {
            None => {
                tree::signal_all(Signal::TERM);
                // A stopped process ends only when it goes on.
                tree::signal_all(Signal::CONT);
                self.deadline = Some(Instant::now() + GRACE);
                self.look_for_children();
            }
            Some(deadline) if Instant::now() >= deadline => {
                tree::kill_tree();
                self.is_childless = true;
            }
            Some(_) => self.look_for_children(),
        }
    }

    fn look_for_children(&mut self) {
        self.is_childless = tree::descendants().is_empty();
    }

    /// When what is left of the tree is killed, if that has been announced.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(crate) fn note_childless(&mut self) {
        self.is_childless = true;
    }

    /// Whether nobody is left.
    pub(crate) fn is_childless(&self) -> bool {
        self.is_childless
    }
}
