//! Starting the command: in the caller's process group, with the caller's signals, as if nobody stood in between.

use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;

use rustix::process::Pid;

use crate::control::Ended;
use crate::descriptors;

/// What to execute.
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

impl LaunchError {
    /// How a run ends that could not begin.
    pub(crate) fn ended(&self) -> Ended {
        match self {
            Self::Exec { program, source } => {
                let text = format!("`{program}`: {source}");
                if source.kind() == io::ErrorKind::NotFound {
                    Ended::NotFound(text)
                } else {
                    Ended::NotExecutable(text)
                }
            }
            Self::Fork(source) => Ended::Fault(format!("{self}: {source}")),
        }
    }
}

/// The signal dispositions, the mask and the descriptors as this process got them from its parent.
///
/// Rust's start-up ignores SIGPIPE and front blocks what it handles; the command gets what the caller meant it to get.
#[derive(Clone)]
pub struct Inherited {
    mask: libc::sigset_t,
    ignores_pipe: bool,
    /// Those beyond the standard ones.
    pub(crate) descriptors: Vec<RawFd>,
}

impl std::fmt::Debug for Inherited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inherited")
            .field("ignores_pipe", &self.ignores_pipe)
            .field("descriptors", &self.descriptors)
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
    /// Sets them aside for the command. Called before this process blocks or handles anything, and after it has [taken
    /// over](crate::take_descriptor) the descriptors that are not for the command. From here on a file that
    /// would grow beyond RLIMIT_FSIZE is an error to this process, and not its end.
    #[must_use]
    pub fn set_aside() -> Self {
        // SAFETY: all-zero is a valid signal set, and emptied before use; the static is written before main only.
        unsafe {
            let mut mask: libc::sigset_t = std::mem::zeroed();
            let mut blocked: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut blocked);
            libc::sigaddset(&raw mut blocked, libc::SIGXFSZ);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const blocked, &raw mut mask);
            Self {
                mask,
                ignores_pipe: PIPE_WAS_IGNORED,
                descriptors: descriptors::inheritable(),
            }
        }
    }
}

/// Starts the command in this process's process group, with `posix_spawn`: no page of this process is copied for a child
/// that only executes something.
///
/// # Errors
/// If there is no new process, or it cannot execute the program.
pub(crate) fn start(command: &Command, inherited: &Inherited) -> Result<Pid, LaunchError> {
    let pointers = |strings: &[CString]| {
        strings
            .iter()
            .map(|string| string.as_ptr().cast_mut())
            .chain([std::ptr::null_mut()])
            .collect::<Vec<_>>()
    };
    let arguments = pointers(&command.arguments);
    let environment = pointers(&command.environment);
    let attributes = Attributes::of(inherited).map_err(LaunchError::Fork)?;
    let mut pid = 0;
    // SAFETY: null-terminated arrays of strings that outlive the call, which changes none of them; initialised attributes.
    let error = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            command.program.as_ptr(),
            std::ptr::null(),
            &raw const attributes.0,
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    };
    let source = io::Error::from_raw_os_error(error);
    match error {
        0 => Pid::from_raw(pid).ok_or_else(|| LaunchError::Fork(io::Error::other("no process id"))),
        libc::EAGAIN | libc::ENOMEM => Err(LaunchError::Fork(source)),
        _ => Err(LaunchError::Exec {
            program: command.program.to_string_lossy().into_owned(),
            source,
        }),
    }
}

/// How the child's signals are.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn of(inherited: &Inherited) -> io::Result<Self> {
        let checked = |error| match error {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        };
        // SAFETY: the attributes are initialised before anything else is done with them, and destroyed when dropped.
        unsafe {
            let mut attributes = std::mem::zeroed();
            checked(libc::posix_spawnattr_init(&raw mut attributes))?;
            let mut attributes = Self(attributes);
            let mut defaults = std::mem::zeroed();
            libc::sigemptyset(&raw mut defaults);
            if !inherited.ignores_pipe {
                libc::sigaddset(&raw mut defaults, libc::SIGPIPE);
            }
            let flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
            checked(libc::posix_spawnattr_setflags(
                &raw mut attributes.0,
                flags as i16,
            ))?;
            checked(libc::posix_spawnattr_setsigdefault(
                &raw mut attributes.0,
                &raw const defaults,
            ))?;
            checked(libc::posix_spawnattr_setsigmask(
                &raw mut attributes.0,
                &raw const inherited.mask,
            ))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `of`.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}
