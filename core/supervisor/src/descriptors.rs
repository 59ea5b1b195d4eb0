//! The descriptors that the caller gave: they are the command's. Whoever is at their other ends must see them closed when
//! the command closes them, so front and supervisor keep none but standard error, on which audithook itself speaks.

use std::fs;
use std::os::fd::RawFd;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit};

/// How many descriptors this process may have: as many as there may be at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    most: Option<u64>,
}

impl Limit {
    /// The limit that holds, raised to the most that the caller allows.
    pub(crate) fn raised() -> Self {
        let limit = Self {
            most: rustix::process::getrlimit(Resource::Nofile).maximum,
        };
        limit.raise();
        limit
    }

    /// Raises it again: whoever lowered it need not have left it as it may be. Returns whether it is what it was.
    pub(crate) fn raise(&self) -> bool {
        let as_before = Rlimit {
            current: self.most,
            maximum: self.most,
        };
        // What was lowered for good only a privileged process gets back.
        let is_as_before = rustix::process::setrlimit(Resource::Nofile, as_before).is_ok();
        if !is_as_before {
            let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
            let as_left = Rlimit {
                current: maximum,
                maximum,
            };
            let _ = rustix::process::setrlimit(Resource::Nofile, as_left);
        }
        is_as_before
    }
}

/// The descriptors beyond the standard ones that a program executed from here inherits.
pub(crate) fn inheritable() -> Vec<RawFd> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2 && is_inheritable(*descriptor))
        .collect()
}

/// Lets go of standard input, standard output and these.
pub(crate) fn let_go(inherited: &[RawFd]) {
    // Without /dev/null they stay: their numbers must not become those of something else.
    if let Ok(nothing) =
        rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
    {
        let _ = rustix::stdio::dup2_stdin(&nothing);
        let _ = rustix::stdio::dup2_stdout(&nothing);
    }
    for descriptor in inherited {
        // Everything that is opened here is closed at exec: one that is not is still the caller's.
        if is_inheritable(*descriptor) {
            // SAFETY: it came from the caller for the command, and nothing in this process owns it.
            unsafe { libc::close(*descriptor) };
        }
    }
}

fn is_inheritable(descriptor: RawFd) -> bool {
    // SAFETY: asking for the flags of whatever the number stands for changes nothing.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC == 0
}
