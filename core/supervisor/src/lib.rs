//! Front and supervisor: the processes of a run, its directory, its rings and their order.
//!
//! # Who is whose parent
//!
//! ```text
//! the shell ── front ── supervisor ── the command ── …
//! ```
//!
//! Front is the process that the shell started: it has the command's place in the job, mirrors its stops and gives its
//! status. The supervisor is its child and the command's parent, so that every process of the tree is a descendant of both:
//! whichever of the two is killed, the other finds the whole tree below itself (both are subreapers) and ends it. Being an
//! ancestor, the supervisor may also read the tree's memory where Yama restricts that to ancestors. The command runs in
//! front's process group, as the shell meant it to; the supervisor has a group of its own in the same session, so that the
//! terminal's signals do not reach it and the command's group is not an orphan.
//!
//! # Map
//!
//! `front` is the one process; `supervisor` is the other: the loop, and what each thing that happens leads to. `waiting` tells
//! it what has happened, `listener` (with `connections`) what was said to it, `processes` (with `rings` and `reap`) who is
//! there, `root` how the run ends. `launch` starts the command, `leftovers` cleans up after runs that could not, `judges` answer questions, `policy_files` and `reloads` say
//! when the policy is loaded again, `witness` tells front which signals the whole group got, `tree` finds and ends everybody.
//! `control` is what front and supervisor tell each other.

mod budget;
mod connections;
mod control;
mod descriptors;
mod directory;
mod front;
mod handler;
mod judges;
mod launch;
mod leftovers;
mod listener;
mod policy_files;
mod processes;
mod reap;
mod reloads;
mod rings;
mod root;
mod signals;
pub mod spared;
mod supervisor;
pub mod tree;
mod waiting;
mod witness;

use std::io;
use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Pid, WaitOptions};

pub use control::Ended;
pub use directory::RunDirectory;
pub use handler::{Answer, Directive, Exit, Handler, Judge, Process, Usage};
pub use launch::{Command, Inherited, LaunchError};

use control::{Control, Message};
use signals::Signals;
use supervisor::Beginning;

/// One run.
#[derive(Debug)]
pub struct Run {
    /// The run's directory; the handler gets it, publishes the policy image and removes it at the end.
    pub directory: RunDirectory,
    /// What to execute.
    pub command: Command,
    /// Directories that the handler makes and removes. If the supervisor is killed, front removes them.
    pub leavings: Vec<PathBuf>,
    /// What the command inherits from the caller's parent.
    pub inherited: Inherited,
    /// Whether what the command leaves running is waited for.
    pub wait_tree: bool,
    /// Whether the command will announce itself. One that will not is reported as it starts.
    pub covered: bool,
}

/// Runs the command below a supervisor, which `handler` serves, and returns how it ended: in front.
/// The process must have one thread.
///
/// Standard input, standard output and the descriptors that the command inherits are the command's from then on: in this
/// process the first two lead nowhere, and the others are closed.
///
/// # Errors
/// If the processes cannot be made.
pub fn run(
    mut run: Run,
    handler: impl FnOnce(RunDirectory) -> Result<Box<dyn Handler>, String>,
) -> io::Result<Ended> {
    // Processes of the same user, those of the tree among them, are kept from this one's memory and descriptors (ptrace(2)),
    // and from the supervisor's, which inherits it.
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let sockets = run.directory.listen()?;
    run.directory.note_leavings(&run.leavings);
    let (front_end, supervisor_end) = Control::pair()?;
    // From before the fork on: a key that is pressed now is the command's to answer, and ends neither of the two.
    let arriving = Signals::block(&front::HANDLED)?;
    if let Some(signal) = front::early_end(&arriving, &mut run.inherited) {
        return Ok(Ended::Signalled(signal));
    }
    let (front, group) = (rustix::process::getpid(), rustix::process::getpgrp());
    debug_assert_eq!(
        std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count),
        1
    );
    // SAFETY: the process has one thread, so the child may go on as if nothing had happened.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop((front_end, arriving));
            // What it is told apart by in lists of processes: SIGHUP to it reloads the policy.
            let _ = rustix::thread::set_name(c"audithook-super");
            // Until the end: the last who closes the removed directory waits for the file system to take it apart, and front
            // is waited for.
            let _directory = run.directory.hold();
            let _ = tree::adopt_orphans();
            // Before the handler starts threads: a signal to the process would find them.
            let ended = Signals::block(&supervisor::HANDLED)
                .map_err(|error| format!("the supervisor cannot be set up: {error}"))
                .and_then(|signals| {
                    let mut beginning = Beginning {
                        front,
                        group,
                        control: &supervisor_end,
                        signals,
                        sockets,
                        command: run.command,
                        inherited: run.inherited,
                        wait_tree: run.wait_tree,
                        covered: run.covered,
                    };
                    // The handler goes with the last process of the tree: its run directory is removed here.
                    let mut handler = handler(run.directory)?;
                    let ended = supervisor::supervise(&mut beginning, &mut *handler);
                    drop(handler);
                    // What was spared has said all that it had to say.
                    tree::kill_all();
                    Ok(ended)
                });
            supervisor_end.send(&Message::Ended(ended.unwrap_or_else(Ended::Fault)));
            // SAFETY: ends this process; what front has to clean up is front's.
            unsafe { libc::_exit(0) }
        }
        pid => {
            run.directory.disown();
            // The supervisor has its own of each.
            drop((handler, sockets, supervisor_end));
            descriptors::let_go(&run.inherited.descriptors);
            let supervisor = Pid::from_raw(pid).ok_or_else(|| io::Error::other("no process id"))?;
            let mut others = Vec::new();
            let ended = front::wait(supervisor, &front_end, &arriving, || {
                others = leftovers::runs_beside(run.directory.path());
            });
            // A supervisor that was killed has left them behind.
            let _ = std::fs::remove_dir_all(run.directory.path());
            for directory in &run.leavings {
                let _ = std::fs::remove_dir_all(directory);
            }
            leftovers::sweep(others);
            if ended.is_ok() {
                // It is over, or nearly. Once reaped, what the command took of the processor counts as this process's children's.
                let _ = rustix::process::waitpid(Some(supervisor), WaitOptions::empty());
            }
            ended
        }
    }
}

/// From here on signals that would end this process wait until [`run`] looks for them: to be called before anything is made
/// that somebody must remove.
pub fn hold_signals() {
    signals::block(&front::HANDLED);
}

/// Ends this process by a signal, as the command ended.
pub fn die_of(signal: i32) -> ! {
    signals::die_of(signal)
}

/// Takes over a descriptor that this process was started with: a copy that is closed at exec, and the original closed.
///
/// # Errors
/// If there is no such descriptor.
pub fn take_descriptor(number: u32) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::FromRawFd as _;
    let number = i32::try_from(number).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: the copy is new and owned by nobody else. The original came from the parent for this very purpose; the
    // standard descriptors stay open, for they are used elsewhere.
    unsafe {
        let copy = libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3);
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        if number > 2 {
            libc::close(number);
        }
        Ok(std::os::fd::OwnedFd::from_raw_fd(copy))
    }
}
