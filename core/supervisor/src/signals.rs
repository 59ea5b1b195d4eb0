//! Signals as something to read (signalfd(2)).

use std::io;
use std::os::fd::{AsFd, FromRawFd as _, OwnedFd};

/// Signals that arrive at this descriptor instead of interrupting anything.
#[derive(Debug)]
pub(crate) struct Signals(OwnedFd);

/// One that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) signal: i32,
    /// Sent by a process (kill(2)), not by the kernel for a key or an event.
    pub(crate) by_process: bool,
}

/// Blocks signals in this thread, and in every thread that it starts from here on.
pub(crate) fn block(signals: &[i32]) {
    let set = set_of(signals);
    // SAFETY: plain calls with valid arguments.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: all-zero is a valid signal set, and emptied before use.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        set
    }
}

impl Signals {
    /// [Blocks](block) the signals, and reads them instead.
    pub(crate) fn block(signals: &[i32]) -> io::Result<Self> {
        block(signals);
        let set = set_of(signals);
        // SAFETY: the call gets valid arguments; the descriptor is new.
        unsafe {
            let descriptor =
                libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if descriptor < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self(OwnedFd::from_raw_fd(descriptor)))
        }
    }

    /// The next one; `None` if none is waiting.
    pub(crate) fn next(&self) -> Option<Arrived> {
        let mut bytes = [0_u8; size_of::<libc::signalfd_siginfo>()];
        let length = rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut bytes)).ok()?;
        if length != bytes.len() {
            return None;
        }
        // SAFETY: the kernel wrote a whole signalfd_siginfo, which is plain data.
        let info = unsafe {
            bytes
                .as_ptr()
                .cast::<libc::signalfd_siginfo>()
                .read_unaligned()
        };
        Some(Arrived {
            signal: i32::try_from(info.ssi_signo).ok()?,
            by_process: matches!(
                info.ssi_code,
                libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL
            ),
        })
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Stops this process by the signal that stopped the command, so that its parent sees the same.
pub(crate) fn stop_by(signal: i32) {
    // SAFETY: plain calls with valid arguments; the signal is blocked again when the process goes on.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        let mut before: libc::sigset_t = std::mem::zeroed();
        // One that came to the whole group is pending here already, and stops this process when it is let through.
        libc::kill(libc::getpid(), signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, &raw mut before);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
    }
}

/// Ends this process by the signal, as if it had never been handled.
pub(crate) fn die_of(signal: i32) -> ! {
    // SAFETY: plain calls with valid arguments. The core was dumped by the command itself, if at all.
    unsafe {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        libc::kill(libc::getpid(), signal);
        // A signal that does not kill by default.
        libc::_exit(128 + signal)
    }
}
