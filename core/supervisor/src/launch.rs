//! Starting the command: in front's process group, with the caller's signals, as if nobody stood in between.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use rustix::process::{Pid, WaitOptions};

use crate::control::Ended;
use crate::{descriptors, signals};

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

/// The signal dispositions, the mask and the descriptors as this process got them from its parent: the command gets what the
/// caller meant it to get, whatever Rust's start-up, front and plugins do with theirs.
#[derive(Clone, Debug)]
pub struct Inherited {
    /// Which signals are blocked and which ignored, a bit for each from 1 on, as the kernel has it.
    blocked: u64,
    ignored: u64,
    /// Those that came before there was a command to answer them.
    pub(crate) early: Early,
    /// Those beyond the standard ones.
    pub(crate) descriptors: Vec<RawFd>,
}

/// A set of signals, a bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Early(u64);

/// What stops a process.
const STOPS: u64 = bit_of(libc::SIGTSTP) | bit_of(libc::SIGTTIN) | bit_of(libc::SIGTTOU);

impl Early {
    /// Adds a signal. What stops and what continues takes the other back, as in the kernel (signal(7)).
    pub(crate) fn add(&mut self, signal: i32) {
        if signal == libc::SIGCONT {
            self.0 &= !STOPS;
        }
        if bit_of(signal) & STOPS != 0 {
            self.0 &= !bit_of(libc::SIGCONT);
        }
        self.0 |= bit_of(signal);
    }

    fn signals(self) -> impl Iterator<Item = i32> {
        (1..=LAST_SIGNAL).filter(move |signal| self.0 & bit_of(*signal) != 0)
    }
}

/// The last signal (signal(7)).
const LAST_SIGNAL: i32 = 64;
/// What the kernel takes for the size of a signal set.
const KERNEL_SET: usize = size_of::<u64>();

static BLOCKED: AtomicU64 = AtomicU64::new(0);
static IGNORED: AtomicU64 = AtomicU64::new(0);
static PENDING: AtomicU64 = AtomicU64::new(0);

/// Runs before Rust's own start-up, which ignores SIGPIPE.
#[used]
#[unsafe(link_section = ".init_array")]
static REMEMBER_SIGNALS: extern "C" fn() = remember_signals;

extern "C" fn remember_signals() {
    let mut blocked = 0;
    // SAFETY: asking changes nothing; the kernel writes as many bytes as it is told.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            std::ptr::null::<u64>(),
            &raw mut blocked,
            KERNEL_SET,
        );
    }
    BLOCKED.store(blocked, Ordering::Relaxed);
    let mut pending = 0_u64;
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_rt_sigpending, &raw mut pending, KERNEL_SET) };
    PENDING.store(pending, Ordering::Relaxed);
    let ignored = (1..=LAST_SIGNAL).filter(|signal| {
        let mut action = KernelAction::default();
        // SAFETY: as above.
        let asked = unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                *signal,
                std::ptr::null::<KernelAction>(),
                &raw mut action,
                KERNEL_SET,
            )
        };
        asked == 0 && action.handler == libc::SIG_IGN
    });
    let ignored = ignored.fold(0, |all, signal| all | bit_of(signal));
    IGNORED.store(ignored, Ordering::Relaxed);
}

/// `struct sigaction` as the kernel has it. libc's calls keep two signals, 32 and 33, to themselves.
#[repr(C)]
#[derive(Default)]
struct KernelAction {
    handler: libc::sighandler_t,
    flags: u64,
    restorer: usize,
    mask: u64,
}

const fn bit_of(signal: i32) -> u64 {
    1 << (signal - 1)
}

impl Inherited {
    /// Sets them aside for the command. Called after this process has [taken over](crate::take_descriptor) the descriptors
    /// that are not for the command. From here on a file that would grow beyond RLIMIT_FSIZE is an error to this process,
    /// and not its end.
    #[must_use]
    pub fn set_aside() -> Self {
        signals::block(&[libc::SIGXFSZ]);
        Self {
            blocked: BLOCKED.load(Ordering::Relaxed),
            ignored: IGNORED.load(Ordering::Relaxed),
            early: Early(PENDING.load(Ordering::Relaxed)),
            descriptors: descriptors::inheritable(),
        }
    }

    /// Whether a command that has done nothing yet would die of this signal.
    pub(crate) fn dies_of(&self, signal: i32) -> bool {
        const DEADLY: [i32; 8] = [
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGTERM,
            libc::SIGHUP,
            libc::SIGUSR1,
            libc::SIGUSR2,
            libc::SIGALRM,
            libc::SIGPIPE,
        ];
        DEADLY.contains(&signal) && (self.ignored | self.blocked) & bit_of(signal) == 0
    }

    /// The early signals that the command is sent once it is there. Those that its caller had blocked it has from its start.
    pub(crate) fn to_send(&self) -> impl Iterator<Item = i32> {
        Early(self.early.0 & !self.blocked).signals()
    }
}

/// How much stack the child has until it executes the program: for a few system calls.
const CHILD_STACK: usize = 64 << 10;

/// Starts the command in a process group. No page of this process is copied for a child that only executes
/// something: it runs here, on a stack of its own, and this thread waits (CLONE_VFORK). `posix_spawn` does the same, but
/// leaves signals 32 and 33 ignored, and never blocked, whatever they are to be.
///
/// # Errors
/// If there is no new process, or it cannot execute the program.
pub(crate) fn start(
    command: &Command,
    inherited: &Inherited,
    group: Pid,
) -> Result<Pid, LaunchError> {
    let pointers = |strings: &[CString]| {
        strings
            .iter()
            .map(|string| string.as_ptr())
            .chain([std::ptr::null()])
            .collect::<Vec<_>>()
    };
    let arguments = pointers(&command.arguments);
    let environment = pointers(&command.environment);
    let child = Child {
        program: command.program.as_ptr(),
        arguments: arguments.as_ptr(),
        environment: environment.as_ptr(),
        inherited,
        group: group.as_raw_nonzero().get(),
        supervisor: rustix::process::getpid().as_raw_nonzero().get(),
        error: AtomicI32::new(0),
    };
    let mut stack = vec![0_u128; CHILD_STACK / size_of::<u128>()];
    // SAFETY: the child has a stack of its own, which grows down from its end, aligned to 16 bytes; this thread waits until
    // the child no longer runs on it, so stack and `child` outlive its use. The child makes system calls, and nothing else.
    let pid = unsafe {
        libc::clone(
            execute,
            stack.as_mut_ptr_range().end.cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw const child).cast_mut().cast(),
        )
    };
    let Some(pid) = Pid::from_raw(pid.max(0)) else {
        return Err(LaunchError::Fork(io::Error::last_os_error()));
    };
    match child.error.load(Ordering::Relaxed) {
        0 => Ok(pid),
        error => {
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
            Err(LaunchError::Exec {
                program: command.program.to_string_lossy().into_owned(),
                source: io::Error::from_raw_os_error(error),
            })
        }
    }
}

/// What the child needs; it lies in the parent's memory, which is the child's as well.
struct Child<'c> {
    program: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    inherited: &'c Inherited,
    group: libc::pid_t,
    supervisor: libc::pid_t,
    /// Why the program was not executed.
    error: AtomicI32,
}

/// In the child: group and signals become what they were, then the program is executed.
extern "C" fn execute(child: *mut c_void) -> c_int {
    // SAFETY: `start` passes a `Child`, and waits.
    let child = unsafe { &*child.cast_const().cast::<Child<'_>>() };
    // Front ends everybody when the supervisor dies. Where both die, the kernel ends the command, at least (prctl(2)).
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != child.supervisor {
            return 127;
        }
    }
    for signal in 1..=LAST_SIGNAL {
        let is_ignored = child.inherited.ignored & bit_of(signal) != 0;
        let action = KernelAction {
            handler: if is_ignored {
                libc::SIG_IGN
            } else {
                libc::SIG_DFL
            },
            ..KernelAction::default()
        };
        // SAFETY: no handler is set; the child has dispositions of its own. SIGKILL and SIGSTOP refuse, as they are.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                &raw const action,
                std::ptr::null::<KernelAction>(),
                KERNEL_SET,
            );
        }
    }
    for signal in Early(child.inherited.early.0 & child.inherited.blocked).signals() {
        // SAFETY: a signal to this process alone. What the caller had blocked still is, so that it stays pending.
        unsafe { libc::syscall(libc::SYS_kill, libc::syscall(libc::SYS_getpid), signal) };
    }
    // SAFETY: group and mask of its own; then null-terminated arrays of strings, which `start` keeps until this has returned. `errno`
    // is the waiting thread's.
    unsafe {
        libc::setpgid(0, child.group);
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const child.inherited.blocked,
            std::ptr::null::<u64>(),
            KERNEL_SET,
        );
        libc::execve(child.program, child.arguments, child.environment);
        child
            .error
            .store(*libc::__errno_location(), Ordering::Relaxed);
    }
    127
}
