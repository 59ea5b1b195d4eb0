//! Starting the command: in the caller's process group, with the caller's signals, as if nobody stood in between.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use rustix::process::Pid;

/// What to execute. All strings are made before the fork: the child allocates nothing.
#[derive(Debug)]
pub struct Command {
    /// The program, found already.
    pub program: CString,
    /// `argv`
    pub arguments: Vec<CString>,
    /// `envp`, complete.
    pub environment: Vec<CString>,
}

/// Why the command did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// no process could be made
    #[error("no process could be made")]
    Fork(#[source] io::Error),
    /// the program cannot be executed: `{program}`
    #[error("the program cannot be executed: `{program}`")]
    Exec {
        /// The program.
        program: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

/// The signal dispositions and the mask as this process got them from its parent.
///
/// Rust's start-up ignores SIGPIPE and front blocks what it handles; the command gets what the caller meant it to get.
#[derive(Clone, Copy)]
pub struct Inherited {
    mask: libc::sigset_t,
    ignores_pipe: bool,
}

impl std::fmt::Debug for Inherited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inherited")
            .field("ignores_pipe", &self.ignores_pipe)
            .finish_non_exhaustive()
    }
}

static mut PIPE_WAS_IGNORED: bool = false;

/// Runs before Rust's own start-up, which ignores SIGPIPE.
#[used]
#[unsafe(link_section = ".init_array")]
static REMEMBER_PIPE: extern "C" fn() = remember_pipe;

extern "C" fn remember_pipe() {
    // SAFETY: all-zero is a valid sigaction; asking changes nothing; the one write happens before main.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action) == 0 {
            PIPE_WAS_IGNORED = action.sa_sigaction == libc::SIG_IGN;
        }
    }
}

impl Inherited {
    /// Reads them. Called before this process blocks or handles anything.
    #[must_use]
    pub fn current() -> Self {
        // SAFETY: all-zero is a valid signal set; asking changes nothing; the static is written before main only.
        unsafe {
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut mask);
            Self {
                mask,
                ignores_pipe: PIPE_WAS_IGNORED,
            }
        }
    }

    /// Gives them to this process, which is about to execute something.
    fn restore(&self) {
        // SAFETY: async-signal-safe calls with valid arguments.
        unsafe {
            let pipe = if self.ignores_pipe {
                libc::SIG_IGN
            } else {
                libc::SIG_DFL
            };
            libc::signal(libc::SIGPIPE, pipe);
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.mask,
                std::ptr::null_mut(),
            );
        }
    }
}

/// Forks and executes. The child stays in this process's process group.
///
/// # Errors
/// If there is no new process, or it cannot execute the program.
pub(crate) fn start(command: &Command, inherited: &Inherited) -> Result<Pid, LaunchError> {
    let pointers = |strings: &[CString]| {
        strings
            .iter()
            .map(|string| string.as_ptr())
            .chain([std::ptr::null()])
            .collect::<Vec<_>>()
    };
    let arguments = pointers(&command.arguments);
    let environment = pointers(&command.environment);
    let (reader, writer) = pipe().map_err(LaunchError::Fork)?;
    // SAFETY: the child calls only async-signal-safe functions until it executes or exits.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(LaunchError::Fork(io::Error::last_os_error()));
    }
    if pid == 0 {
        inherited.restore();
        // SAFETY: null-terminated arrays of strings made before the fork; the pipe's end is open; _exit runs nothing.
        unsafe {
            libc::execve(
                command.program.as_ptr(),
                arguments.as_ptr(),
                environment.as_ptr(),
            );
            let error = (*libc::__errno_location()).to_ne_bytes();
            libc::write(writer.as_raw_fd(), error.as_ptr().cast(), error.len());
            libc::_exit(127);
        }
    }
    drop(writer);
    let mut error = [0; 4];
    let failed = loop {
        match rustix::io::read(&reader, &mut error) {
            Ok(length) => break length == error.len(),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => break false,
        }
    };
    let pid =
        Pid::from_raw(pid).ok_or_else(|| LaunchError::Fork(io::Error::other("no process id")))?;
    if failed {
        let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        return Err(LaunchError::Exec {
            program: command.program.to_string_lossy().into_owned(),
            source: io::Error::from_raw_os_error(i32::from_ne_bytes(error)),
        });
    }
    Ok(pid)
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: the array has room for two descriptors, which are new and owned by nobody else.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}
