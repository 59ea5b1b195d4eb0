//! Front: what the shell sees. It has the command's place in the job, and its status.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions};

use crate::control::{Control, Ended, Message};
use crate::launch::Inherited;
use crate::signals::{self, Arrived, Signals};
use crate::tree;
use crate::witness::{ToGroup, Witness};

/// The signals that front reads instead of dying, stopping or ignoring.
pub(crate) const HANDLED: [i32; 14] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGWINCH,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCONT,
    libc::SIGCHLD,
    libc::SIGPIPE,
];

/// The signal that ended the run before there was a command to answer it. Others are kept for the command.
pub(crate) fn early_end(arriving: &Signals, inherited: &mut Inherited) -> Option<i32> {
    while let Some(Arrived { signal, .. }) = arriving.next() {
        if inherited.dies_of(signal) {
            return Some(signal);
        }
        if is_forwarded(signal) {
            inherited.early.add(signal);
        }
    }
    None
}

/// How many witnesses are called for one round of signals, where they do not stop coming.
const MOST_WITNESSES: usize = 16;

/// What front knows of the command.
#[derive(Default)]
struct Job {
    command: Option<Pid>,
    /// How often it was stopped.
    stops: i32,
    /// Who sees what the whole group is sent; `None` where no process could be made for it.
    witness: Option<Witness>,
}

/// Waits for the supervisor to say how the command ended, and stands in for the command meanwhile. What `at_first` does
/// costs no time while the supervisor gets ready.
pub(crate) fn wait(
    supervisor: Pid,
    control: &Control,
    arriving: &Signals,
    at_first: impl FnOnce(),
) -> io::Result<Ended> {
    tree::adopt_orphans()?;
    let life = rustix::process::pidfd_open(supervisor, PidfdFlags::empty())?;
    at_first();
    let mut job = Job {
        witness: Witness::call(),
        ..Job::default()
    };
    loop {
        if let Some(ended) = look(&mut job, supervisor, control, arriving, &life)? {
            return Ok(ended);
        }
    }
}

fn look(
    job: &mut Job,
    supervisor: Pid,
    control: &Control,
    arriving: &Signals,
    life: &OwnedFd,
) -> io::Result<Option<Ended>> {
    let mut waiting = [
        PollFd::new(control, PollFlags::IN),
        PollFd::new(arriving, PollFlags::IN),
        PollFd::from_borrowed_fd(life.as_fd(), PollFlags::IN),
    ];
    match poll(&mut waiting, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let is_dead = waiting[2].revents().contains(PollFlags::IN);
    while let Some(message) = control.receive() {
        match message {
            Message::Ended(ended) => return Ok(Some(ended)),
            Message::Started(pid) => job.command = Pid::from_raw(pid),
            Message::Stopped(signal) => {
                job.stops += 1;
                // The terminal may have stopped this process already, and the shell continued both meanwhile.
                if job.command.is_some_and(tree::is_stopped) {
                    signals::stop_by(signal);
                }
            }
            Message::Continue(_) | Message::Signal(_) => {}
        }
    }
    let mut arrived: Vec<Arrived> = std::iter::from_fn(|| arriving.next()).collect();
    let to_group = if arrived.iter().any(|arrived| is_forwarded(arrived.signal)) {
        job.ask_witness(arriving, &mut arrived)
    } else {
        None
    };
    for Arrived { signal, by_process } in arrived {
        // What the whole group was sent, by the terminal for one, the command has already, once there is one. Where nobody saw
        // that, the kernel is taken to mean the group: it mostly does.
        let is_commands =
            job.command.is_some() && to_group.map_or(!by_process, |to_group| to_group.has(signal));
        match signal {
            libc::SIGCONT => control.send(&Message::Continue(job.stops)),
            _ if is_forwarded(signal) && !is_commands => {
                control.send(&Message::Signal(signal));
            }
            _ => {}
        }
    }
    if is_dead {
        let _ = rustix::process::waitpid(Some(supervisor), WaitOptions::NOHANG);
        drop(job.witness.take());
        tree::kill_all();
        return Ok(Some(Ended::Fault(
            "the supervisor died, so the command was ended with everything that it had started"
                .into(),
        )));
    }
    Ok(None)
}

impl Job {
    /// What came to the whole group since the last time, `None` if nobody saw it; adds to `arrived` what came to front meanwhile.
    ///
    /// The next witness stands before signals are read and the last one is asked, so each signal to the group is seen by one of
    /// them and read in the same round. One that both saw would be old for the next round: then the next is replaced, too.
    fn ask_witness(&mut self, arriving: &Signals, arrived: &mut Vec<Arrived>) -> Option<ToGroup> {
        let mut to_group = ToGroup::default();
        for _ in 0..MOST_WITNESSES {
            let next = Witness::call();
            arrived.extend(std::iter::from_fn(|| arriving.next()));
            let last = std::mem::replace(&mut self.witness, next);
            to_group = to_group.and(last?.seen());
            match &self.witness {
                Some(next) if next.seen() == ToGroup::default() => break,
                _ => {}
            }
        }
        Some(to_group)
    }
}

fn is_forwarded(signal: i32) -> bool {
    !matches!(
        signal,
        libc::SIGCHLD | libc::SIGPIPE | libc::SIGTTIN | libc::SIGTTOU
    )
}
