//! The table of processes: who is in the tree, by what name, and with which ring.
//!
//! A process comes in when it announces itself (the command: when it is started), becomes another when it replaces its
//! program, and goes out when it has died and its ring has been read to the end.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal};

use crate::handler::{Exit, Handler, Process};
use crate::reap;
use crate::rings::Ring;
use crate::waiting::Waiting;

/// How many ends are kept of children that did not announce themselves: their hellos may be in the queue.
const MOST_REAPED: usize = 4096;

/// How the end of a process will be heard of.
#[derive(Debug)]
enum Life {
    /// By its pidfd.
    Watched(OwnedFd),
    /// By asking from time to time: there is no descriptor for it.
    Unwatched,
    /// It is over.
    Over,
}

/// Everything that is known of a process that announced itself, or is the command.
#[derive(Debug)]
pub(crate) struct Known {
    process: Process,
    life: Life,
    ring: Option<Ring>,
    announced: bool,
}

/// The processes of the tree.
#[derive(Debug)]
pub(crate) struct Processes {
    known: HashMap<u32, Known>,
    incarnations: HashMap<u32, u32>,
    /// Whose pidfd is behind a number of what is waited for.
    lives: HashMap<u64, u32>,
    most_lives: usize,
    unwatched: Vec<u32>,
    /// Processes that had died when they were met.
    dead: Vec<u32>,
    /// How children of this process ended.
    reaped: HashMap<u32, Exit>,
}

impl Processes {
    /// Room for so many pidfds; the ends of more processes are asked for.
    pub(crate) fn new(most_lives: usize) -> Self {
        Self {
            known: HashMap::new(),
            incarnations: HashMap::new(),
            lives: HashMap::new(),
            most_lives,
            unwatched: Vec::new(),
            dead: Vec::new(),
            reaped: HashMap::new(),
        }
    }

    /// The process of this id, as it is now.
    pub(crate) fn current(&self, pid: u32) -> Process {
        match self.known.get(&pid) {
            Some(known) => known.process,
            None => Process {
                pid,
                incarnation: self.incarnations.get(&pid).map_or(1, |last| last + 1),
            },
        }
    }

    /// The ids of all.
    pub(crate) fn everybody(&self) -> Vec<u32> {
        self.known.keys().copied().collect()
    }

    /// Takes a process, or the new program of one, into the table.
    pub(crate) fn meet(
        &mut self,
        pid: u32,
        ring: Option<Ring>,
        announced: bool,
        waiting: &mut Waiting,
    ) -> Process {
        if let Some(known) = self.known.get_mut(&pid)
            && !known.announced
        {
            // The command announces itself at last.
            known.announced = announced;
            known.ring = ring;
            return known.process;
        }
        let incarnation = self.incarnations.entry(pid).or_insert(0);
        *incarnation += 1;
        let process = Process {
            pid,
            incarnation: *incarnation,
        };
        let life = self.watch_life(pid, waiting);
        match life {
            // An end that was noted under this number was another's.
            Life::Watched(_) => drop(self.reaped.remove(&pid)),
            Life::Unwatched => self.unwatched.push(pid),
            // It died before we looked: what it said is in its ring, and nothing else will come.
            Life::Over => self.dead.push(pid),
        }
        self.known.insert(
            pid,
            Known {
                process,
                life,
                ring,
                announced,
            },
        );
        process
    }

    /// Waits no longer for the announcement of a process. Returns the process if it was waited for.
    pub(crate) fn give_up(&mut self, pid: u32) -> Option<Process> {
        let known = self.known.get_mut(&pid)?;
        let was_announced = std::mem::replace(&mut known.announced, true);
        (!was_announced).then_some(known.process)
    }

    /// Arranges to hear of the end of a process.
    fn watch_life(&mut self, pid: u32, waiting: &mut Waiting) -> Life {
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
            return Life::Over;
        };
        if self.lives.len() >= self.most_lives {
            return match rustix::process::test_kill_process(pid) {
                Err(rustix::io::Errno::SRCH) => Life::Over,
                _ => Life::Unwatched,
            };
        }
        match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(life) => {
                let Ok(number) = waiting.add_numbered(&life) else {
                    return Life::Unwatched;
                };
                self.lives
                    .insert(number, pid.as_raw_nonzero().get().cast_unsigned());
                Life::Watched(life)
            }
            Err(rustix::io::Errno::SRCH) => Life::Over,
            // Anything else is wrong here, and says nothing of the process.
            Err(_) => Life::Unwatched,
        }
    }

    /// Asks after those of whose ends nothing will be heard.
    pub(crate) fn look_at_the_unwatched(&mut self, waiting: &mut Waiting) {
        for pid in std::mem::take(&mut self.unwatched) {
            let is_unwatched = |known: &Known| matches!(known.life, Life::Unwatched);
            if !self.known.get(&pid).is_some_and(is_unwatched) {
                continue;
            }
            let life = self.watch_life(pid, waiting);
            match life {
                Life::Watched(_) => {}
                Life::Unwatched => self.unwatched.push(pid),
                Life::Over => self.dead.push(pid),
            }
            if let Some(known) = self.known.get_mut(&pid) {
                known.life = life;
            }
        }
    }

    /// Whose end this number stands for, if it stands for one.
    pub(crate) fn of_life(&self, number: u64) -> Option<u32> {
        self.lives.get(&number).copied()
    }

    /// One of those that had died when they were met, or asked after.
    pub(crate) fn next_dead(&mut self) -> Option<u32> {
        self.dead.pop()
    }

    /// Looks at every ring once. `dead` says that nobody is left who could write. Returns how many records there were.
    pub(crate) fn look_at_rings(&mut self, dead: bool, handler: &mut dyn Handler) -> usize {
        let mut records = 0;
        for known in self.known.values_mut() {
            let Some(ring) = &mut known.ring else {
                continue;
            };
            let process = known.process;
            let drained = ring.drain(dead, |bytes| handler.record(process, bytes));
            records += drained.records;
            handler.looked(process, drained.blocked);
            ring.wake_waiters();
            let error = drained.error.map(|error| {
                // What it does from here on would not be recorded.
                kill(process.pid, &known.life);
                format!("the process was killed: {error}")
            });
            report_loss(handler, process, ring, error);
        }
        records
    }

    /// Asks everybody for a doorbell (or no longer). Returns whether there is something already.
    pub(crate) fn set_sleeping(&mut self, sleeping: bool) -> bool {
        let mut is_something = false;
        for known in self.known.values_mut() {
            if let Some(ring) = &mut known.ring {
                is_something |= ring.set_sleeping(sleeping);
            }
        }
        is_something
    }

    /// Kills a process that would go on unseen.
    pub(crate) fn kill(&self, pid: u32) {
        if let Some(known) = self.known.get(&pid) {
            kill(pid, &known.life);
        }
    }

    /// Whether the process has the ring that it announced in its memory: it has not become another program since.
    pub(crate) fn has_its_ring(&self, pid: u32) -> bool {
        let ring = self.known.get(&pid).and_then(|known| known.ring.as_ref());
        ring.is_some_and(|ring| ring.is_mapped_by(pid))
    }

    /// The process has replaced its program: the old one's ring is complete.
    pub(crate) fn replace(&mut self, pid: u32, handler: &mut dyn Handler) {
        let Some(known) = self.known.get_mut(&pid) else {
            return;
        };
        if !known.announced {
            return;
        }
        if let Some(ring) = &mut known.ring {
            let process = known.process;
            read_out(handler, process, ring);
        }
        handler.replaced(known.process);
        self.known.remove(&pid);
        self.lives.retain(|_, of| *of != pid);
    }

    /// Takes a dead process out of the table. Its ring is read to the end.
    pub(crate) fn remove(&mut self, pid: u32, handler: &mut dyn Handler) -> Option<Known> {
        let mut known = self.known.remove(&pid)?;
        self.lives.retain(|_, of| *of != pid);
        let process = known.process;
        if let Some(ring) = &mut known.ring {
            read_out(handler, process, ring);
        }
        if !known.announced {
            handler.silent(process);
        }
        Some(known)
    }

    /// Takes note of how a child of this process ended.
    pub(crate) fn note_exit(&mut self, pid: Pid, exit: Exit) {
        if self.reaped.len() >= MOST_REAPED {
            self.reaped.clear();
        }
        self.reaped
            .insert(pid.as_raw_nonzero().get().cast_unsigned(), exit);
    }

    /// Says how a process ended that has been taken out.
    pub(crate) fn tell_exit(&mut self, gone: &Known, handler: &mut dyn Handler) {
        let pid = gone.process.pid;
        let exit = self
            .reaped
            .remove(&pid)
            .unwrap_or_else(|| match &gone.life {
                Life::Watched(life) => reap::exit_of(pid, Some(life)),
                Life::Unwatched | Life::Over => reap::exit_of(pid, None),
            });
        handler.exited(gone.process, exit);
    }
}

fn kill(pid: u32, life: &Life) {
    // It may be dead already.
    let _ = match life {
        Life::Watched(life) => rustix::process::pidfd_send_signal(life, Signal::KILL),
        Life::Unwatched => i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .map_or(Ok(()), |pid| {
                rustix::process::kill_process(pid, Signal::KILL)
            }),
        Life::Over => Ok(()),
    };
}

/// Reads a ring that nobody writes any more to its end.
fn read_out(handler: &mut dyn Handler, process: Process, ring: &mut Ring) {
    let drained = ring.drain(true, |bytes| handler.record(process, bytes));
    let error = drained.error.map(|error| error.to_string());
    report_loss(handler, process, ring, error);
}

fn report_loss(
    handler: &mut dyn Handler,
    process: Process,
    ring: &mut Ring,
    error: Option<String>,
) {
    let lost = ring.take_lost();
    if lost > 0 {
        handler.lost(process, lost, "the ring was full");
    }
    if let Some(error) = error {
        handler.lost(process, 0, &error);
    }
}
