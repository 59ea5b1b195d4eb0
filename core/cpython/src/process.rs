//! Who this process is: its run, its start, and whether it is the one that the memory was set up for.
//!
//! Memory is copied by `fork` and shared by `vfork`, so a process cannot know from its memory alone who it is. One page
//! is marked MADV_WIPEONFORK: a forked child finds it zeroed, however it was forked. A `vfork` child shares the page;
//! there the process id differs from the one that the page holds.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::paths::LONGEST;

/// The longest name of a run directory: a unix socket's address (108 bytes) must hold it and `/socket`.
const LONGEST_DIRECTORY: usize = 96;

/// The page that a forked child finds zeroed.
#[repr(C)]
struct Identity {
    /// The process that this page belongs to; 0 in a child that has not looked yet.
    pid: AtomicU32,
}

static IDENTITY: AtomicPtr<Identity> = AtomicPtr::new(core::ptr::null_mut());
static mut DIRECTORY: [u8; LONGEST_DIRECTORY] = [0; LONGEST_DIRECTORY];
static DIRECTORY_LENGTH: AtomicUsize = AtomicUsize::new(0);
/// The root directory when this process was set up, by device and inode; 0 if that is not known.
static ROOT: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static ARGUMENTS: AtomicPtr<*const c_char> = AtomicPtr::new(core::ptr::null_mut());

/// Whose code is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The process that this library was set up for.
    Known,
    /// A forked child that has its own memory and has not been set up.
    Forked,
    /// A child that shares its parent's memory until it executes something: nothing may be allocated or changed.
    Borrowing,
}

/// Learns the run from where this library was loaded, and marks this process as known.
/// Returns whether the library belongs to a run at all, or why that cannot be learnt, or not be kept.
///
/// # Safety
/// Called once, by the constructor, before the process has a second thread; `arguments` is the process's argument vector.
pub(crate) unsafe fn begin(arguments: *mut *const c_char) -> Result<bool, &'static str> {
    ARGUMENTS.store(arguments, Ordering::Relaxed);
    // SAFETY: all-zero is a valid Dl_info; the address is one of this library's own.
    let name = unsafe {
        let mut found: libc::Dl_info = core::mem::zeroed();
        if libc::dladdr(begin as *const c_void, &raw mut found) == 0 || found.dli_fname.is_null() {
            return Err("the loader does not tell where this library is");
        }
        core::ffi::CStr::from_ptr(found.dli_fname).to_bytes()
    };
    let Some(slash) = directory_of(name) else {
        return Ok(false);
    };
    // SAFETY: the constructor is the only writer, before any reader.
    unsafe {
        (&raw mut DIRECTORY)
            .cast::<u8>()
            .copy_from(name.as_ptr(), slash)
    };
    DIRECTORY_LENGTH.store(slash, Ordering::Release);
    // SAFETY: a private anonymous page that is never unmapped.
    unsafe {
        let page = libc::mmap(
            core::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if page == libc::MAP_FAILED {
            return Err("no memory to know this process by");
        }
        libc::madvise(page, 4096, libc::MADV_WIPEONFORK);
        IDENTITY.store(page.cast(), Ordering::Release);
    }
    for (place, number) in ROOT.iter().zip(root().unwrap_or_default()) {
        place.store(number, Ordering::Relaxed);
    }
    mark_known();
    Ok(true)
}

/// How long the name of the directory is that a library was loaded from; `None` where no run has loaded it: a run names its
/// own by an absolute path, and one that fits.
fn directory_of(library: &[u8]) -> Option<usize> {
    library
        .iter()
        .rposition(|byte| *byte == b'/')
        .filter(|slash| (1..=LONGEST_DIRECTORY).contains(slash) && library.starts_with(b"/"))
}

/// The run's directory, without a trailing slash; empty outside a run.
pub(crate) fn run_directory() -> &'static [u8] {
    let length = DIRECTORY_LENGTH.load(Ordering::Acquire);
    // SAFETY: written by the constructor before the length was published, and never again.
    unsafe { core::slice::from_raw_parts((&raw const DIRECTORY).cast::<u8>(), length) }
}

/// Whether the process took another root since it was set up: its paths are not those of the run any more.
pub(crate) fn has_other_root() -> bool {
    let [device, inode] = &ROOT;
    let before = [device, inode].map(|place| place.load(Ordering::Relaxed));
    is_other_root(before, root())
}

/// What is not known is not another root: that would be let through.
fn is_other_root(before: [u64; 2], now: Option<[u64; 2]>) -> bool {
    before != [0; 2] && now.is_some_and(|now| now != before)
}

/// Device and inode of the root directory.
fn root() -> Option<[u64; 2]> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the path is NUL-terminated; `status` is writable, and all-zero is a valid value of it.
    unsafe {
        (libc::stat(c"/".as_ptr(), status.as_mut_ptr()) == 0).then(|| {
            let status = status.assume_init();
            [status.st_dev, status.st_ino]
        })
    }
}

/// A file of the run's directory, as a NUL-terminated path.
pub(crate) fn run_file(name: &[u8]) -> [u8; LONGEST_DIRECTORY + 48] {
    let directory = run_directory();
    let mut path = [0; LONGEST_DIRECTORY + 48];
    path[..directory.len()].copy_from_slice(directory);
    path[directory.len()] = b'/';
    let end = directory.len() + 1 + name.len().min(46);
    path[directory.len() + 1..end].copy_from_slice(&name[..name.len().min(46)]);
    path
}

/// Whether this is a forked child that has not been set up. Costs one load.
#[inline]
pub(crate) fn is_forked() -> bool {
    let identity = IDENTITY.load(Ordering::Acquire);
    // SAFETY: null, or the page that is never unmapped.
    unsafe { identity.as_ref() }.is_some_and(|identity| identity.pid.load(Ordering::Relaxed) == 0)
}

/// Whose code is running. Costs one system call.
pub(crate) fn who() -> Who {
    let identity = IDENTITY.load(Ordering::Acquire);
    // SAFETY: null, or the page that is never unmapped.
    match unsafe { identity.as_ref() } {
        None => Who::Known,
        Some(identity) => match identity.pid.load(Ordering::Relaxed) {
            0 => Who::Forked,
            pid if pid == self::pid() => Who::Known,
            _ => Who::Borrowing,
        },
    }
}

/// Marks this process as set up.
pub(crate) fn mark_known() {
    let identity = IDENTITY.load(Ordering::Acquire);
    // SAFETY: null, or the page that is never unmapped.
    if let Some(identity) = unsafe { identity.as_ref() } {
        identity.pid.store(pid(), Ordering::Relaxed);
    }
}

/// The process id, asked of the kernel: a cached one would be the parent's in a child.
pub(crate) fn pid() -> u32 {
    // SAFETY: cannot fail and has no side effects.
    (unsafe { libc::syscall(libc::SYS_getpid) }) as u32
}

/// The ids of process and thread, each asked for once: for events of an interpreter, which a child that borrows its
/// parent's memory does not run.
pub(crate) fn pid_and_tid() -> (u32, u32) {
    thread_local! {
        static KNOWN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    }
    let identity = IDENTITY.load(Ordering::Acquire);
    // SAFETY: null, or the page that is never unmapped.
    let known =
        unsafe { identity.as_ref() }.map_or(0, |identity| identity.pid.load(Ordering::Relaxed));
    // Zero in a forked child that has not been set up: nothing is kept for that one.
    let pid = if known == 0 { pid() } else { known };
    let (of, mut tid) = KNOWN.get();
    if of != pid {
        tid = self::tid();
        KNOWN.set((pid, tid));
    }
    (pid, tid)
}

/// The thread id.
pub(crate) fn tid() -> u32 {
    // SAFETY: cannot fail and has no side effects.
    (unsafe { libc::syscall(libc::SYS_gettid) }) as u32
}

/// CLOCK_MONOTONIC in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is writable; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The process's argument vector, as the kernel gave it.
pub(crate) fn arguments() -> *const *const c_char {
    ARGUMENTS.load(Ordering::Relaxed).cast_const()
}

/// The path of the executable, of at most PATH_MAX bytes.
pub(crate) fn executable(path: &mut [u8; LONGEST + 1]) -> &[u8] {
    // SAFETY: the name is NUL-terminated, the buffer writable for the length given.
    let length = unsafe {
        libc::readlink(
            c"/proc/self/exe".as_ptr(),
            path.as_mut_ptr().cast(),
            path.len(),
        )
    };
    &path[..usize::try_from(length).unwrap_or(0)]
}

/// Keeps `errno` as it was while a value of this type lives.
pub(crate) struct KeepErrno(c_int);

impl KeepErrno {
    pub(crate) fn new() -> Self {
        // SAFETY: the location is this thread's own.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl Drop for KeepErrno {
    fn drop(&mut self) {
        // SAFETY: the location is this thread's own.
        unsafe { *libc::__errno_location() = self.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_no_run_has_loaded_stays_inert() {
        assert_eq!(directory_of(b"/tmp/audithook-x/lib.so"), Some(16));
        let long = [b'x'; LONGEST_DIRECTORY];
        for library in [
            &b"lib.so"[..],
            b"./lib.so",
            b"/lib.so",
            b"",
            &[b"/", &long[..], b"/lib.so"].concat(),
        ] {
            assert_eq!(directory_of(library), None);
        }
    }

    #[test]
    fn a_root_that_is_not_known_is_not_taken_for_another() {
        assert!(is_other_root([1, 2], Some([1, 3])));
        assert!(!is_other_root([1, 2], Some([1, 2])));
        assert!(!is_other_root([0, 0], Some([1, 2])));
        assert!(!is_other_root([1, 2], None));
    }
}
