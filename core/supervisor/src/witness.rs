//! A witness of the signals to front's process group.
//!
//! Front passes on to the command what was sent to front alone: what was sent to the group, the command has already. A signal
//! does not say whom else it was sent to. So front keeps a child in the group that blocks every signal and does nothing: what
//! is pending there was sent to the group. It is asked whenever front has got a signal, and then replaced, so that nothing old
//! stays pending. The kernel signals the youngest of a group first (`hlist_add_head_rcu` in kernel/pid.c), so what front has
//! got, the witness has.
//!
//! It costs no copy of front's memory: it has the same, and a stack of its own. Whoever signals each process of audithook one by
//! one (pkill(1) by the command line) signals the witness, too; this is taken for a signal to the group.

use std::ffi::{c_int, c_void};
use std::fs;

use rustix::process::{Pid, Signal, WaitOptions};

/// A child that only collects signals. It dies with this value, and with front.
#[derive(Debug)]
pub(crate) struct Witness {
    pid: Pid,
    /// What it stands on.
    _stack: Vec<u128>,
}

/// Signals that came to the whole group, a bit for each from 1 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToGroup(u64);

/// How much stack it has: for two system calls.
const STACK: usize = 16 << 10;

impl Witness {
    /// A new one in this process's group; `None` if no process can be made.
    pub(crate) fn call() -> Option<Self> {
        let mut stack = vec![0_u128; STACK / size_of::<u128>()];
        let parent = rustix::process::getpid();
        // SAFETY: plain calls with valid arguments: every signal is blocked while the child is made, which inherits that, and
        // then let through as before. The child has a stack of its own, which lives until the child is reaped (`drop`), and
        // touches nothing else of this memory. Its system calls do not fail, so that `errno`, which it shares, is not written.
        let pid = unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            let pid = libc::clone(
                stand,
                stack.as_mut_ptr_range().end.cast(),
                libc::CLONE_VM | libc::CLONE_FILES | libc::SIGCHLD,
                std::ptr::without_provenance_mut(
                    parent.as_raw_nonzero().get().cast_unsigned() as usize
                ),
            );
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
            pid
        };
        let pid = Pid::from_raw(pid.max(0))?;
        Some(Self { pid, _stack: stack })
    }

    /// What came to the group since it was called.
    pub(crate) fn seen(&self) -> ToGroup {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero()));
        status.map_or(ToGroup::default(), |status| ToGroup(pending(&status)))
    }
}

/// The signals that are pending for a process as a whole (/proc/PID/status, proc(5)).
fn pending(status: &str) -> u64 {
    let digits = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    digits.map_or(0, |digits| {
        u64::from_str_radix(digits.trim(), 16).unwrap_or(0)
    })
}

/// The child: it dies when front does, and waits for that.
extern "C" fn stand(parent: *mut c_void) -> c_int {
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"audithook-group".as_ptr());
        if libc::getppid().cast_unsigned() as usize == parent.addr() {
            // No signal interrupts it: all are blocked, and what cannot be blocked ends it or lets it go on waiting.
            libc::pause();
        }
        libc::_exit(0)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.pid, Signal::KILL);
        let _ = rustix::process::waitpid(Some(self.pid), WaitOptions::empty());
    }
}

impl ToGroup {
    /// What came to the group in either of two times.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the group has this one.
    pub(crate) fn has(self, signal: i32) -> bool {
        let has = |signal: i32| self.0 & 1 << (signal - 1) != 0;
        // A continuation takes back the stop before it (signal(7)), here and in the command.
        has(signal) || matches!(signal, libc::SIGTSTP) && has(libc::SIGCONT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pending_is_read_from_the_status() {
        let status = "SigPnd:\t0000000000000000\nShdPnd:\t0000000000000002\nSigBlk:\tfff\n";
        assert!(ToGroup(pending(status)).has(libc::SIGINT));
        assert!(!ToGroup(pending(status)).has(libc::SIGTERM));
        assert_eq!(pending("Name:\tx\n"), 0);
    }

    #[test]
    fn a_witness_has_what_it_was_sent_and_a_new_one_has_nothing() {
        let witness = Witness::call().expect("a process");
        rustix::process::kill_process(witness.pid, Signal::USR1).expect("own child");
        assert!(witness.seen().has(libc::SIGUSR1));
        let next = Witness::call().expect("a process");
        assert_eq!(next.seen(), ToGroup::default());
    }
}
