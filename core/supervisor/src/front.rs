//! Front: what the shell sees. It has the command's place in the job, and its status.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions};

use crate::control::{Control, Ended, Message};
use crate::launch::Inherited;
use crate::signals::{self, Arrived, Signals};
use crate::tree;

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

/// What front knows of the command.
#[derive(Default)]
struct Job {
    command: Option<Pid>,
    /// How often it was stopped.
    stops: i32,
}

/// Waits for the supervisor to say how the command ended, and stands in for the command meanwhile.
pub(crate) fn wait(supervisor: Pid, control: &Control, arriving: &Signals) -> io::Result<Ended> {
    tree::adopt_orphans()?;
    let life = rustix::process::pidfd_open(supervisor, PidfdFlags::empty())?;
    let mut job = Job::default();
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
    while let Some(arrived) = arriving.next() {
        match arrived.signal {
            libc::SIGCONT => control.send(&Message::Continue(job.stops)),
            // The terminal sends its signals to the whole group: the command has them already, once there is one.
            _ if is_forwarded(arrived.signal)
                && (job.command.is_none() || arrived.by_process && !is_ours(arrived.sender)) =>
            {
                control.send(&Message::Signal(arrived.signal));
            }
            _ => {}
        }
    }
    if is_dead {
        let _ = rustix::process::waitpid(Some(supervisor), WaitOptions::NOHANG);
        tree::kill_all();
        return Ok(Some(Ended::Fault(
            "the supervisor died, so the command was ended with everything that it had started"
                .into(),
        )));
    }
    Ok(None)
}

/// Whether the sender is this process or one of the tree: a signal to the whole group, which the command has already.
fn is_ours(sender: u32) -> bool {
    i32::try_from(sender)
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|sender| tree::is_descendant(sender) == Some(true))
}

fn is_forwarded(signal: i32) -> bool {
    !matches!(
        signal,
        libc::SIGCHLD | libc::SIGPIPE | libc::SIGTTIN | libc::SIGTTOU
    )
}
