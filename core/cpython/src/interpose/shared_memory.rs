//! Shared memory and semaphores by name (shm_overview(7), sem_overview(7)): files in /dev/shm, which CPython opens and removes
//! without an event.

use core::ffi::{CStr, c_char, c_int, c_uint};

use audithook_catalogue::event;

use super::file_call::FileCall;
use super::set_errno;
use crate::paths::Base;
use crate::real::next;

/// Where libc keeps shared memory.
const MEMORY: &[u8] = b"/dev/shm/";
/// Where it keeps semaphores, and how their names begin.
const SEMAPHORES: &[u8] = b"/dev/shm/sem.";
/// The longest name (NAME_MAX); what is longer libc refuses.
const LONGEST: usize = 255;

/// The file that a name stands for, NUL-terminated.
struct File([u8; SEMAPHORES.len() + LONGEST + 1]);

impl File {
    /// `None` for what is no name to libc either.
    ///
    /// # Safety
    /// `name` is null or NUL-terminated.
    unsafe fn of(place: &[u8], name: *const c_char) -> Option<Self> {
        if name.is_null() {
            return None;
        }
        // SAFETY: the caller's promise.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        let slashes = name.iter().take_while(|byte| **byte == b'/').count();
        let name = &name[slashes..];
        if name.is_empty() || name.len() > LONGEST || name.contains(&b'/') {
            return None;
        }
        let mut path = [0; SEMAPHORES.len() + LONGEST + 1];
        path[..place.len()].copy_from_slice(place);
        path[place.len()..][..name.len()].copy_from_slice(name);
        Some(Self(path))
    }

    /// Judges opening it. If that is refused, `errno` says so.
    fn may_be_opened(&self, flags: c_int) -> bool {
        // SAFETY: the path is NUL-terminated.
        !unsafe { FileCall::open(Base::Cwd, self.as_ptr(), flags).is_refused() }
    }

    /// Judges removing it. If that is refused, `errno` says so.
    fn may_be_removed(&self) -> bool {
        let call = FileCall {
            follow: false,
            ..FileCall::new(event::OS_REMOVE, Base::Cwd, self.as_ptr())
        };
        // SAFETY: as above.
        !unsafe { call.is_refused() }
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// shm_open(3). Before glibc 2.34 this and the next are in a library that need not be where the next function is looked for, so
/// that what they do, which is little, is done here.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn shm_open(
    name: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
) -> c_int {
    // SAFETY: passed on to the caller; the path lives as long as the calls.
    unsafe {
        let Some(file) = File::of(MEMORY, name) else {
            set_errno(libc::EINVAL);
            return -1;
        };
        let flags = flags | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        if !file.may_be_opened(flags) {
            return -1;
        }
        libc::syscall(libc::SYS_openat, libc::AT_FDCWD, file.as_ptr(), flags, mode) as c_int
    }
}

/// shm_unlink(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn shm_unlink(name: *const c_char) -> c_int {
    // SAFETY: as for `shm_open`.
    unsafe {
        let Some(file) = File::of(MEMORY, name) else {
            set_errno(libc::EINVAL);
            return -1;
        };
        if !file.may_be_removed() {
            return -1;
        }
        libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, file.as_ptr(), 0) as c_int
    }
}

/// sem_open(3). The last two arguments, which are variadic in C, come in the same registers either way.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn sem_open(
    name: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    value: c_uint,
) -> *mut libc::sem_t {
    // SAFETY: passed on to the caller. What is no name, libc refuses.
    unsafe {
        let opened = flags & (libc::O_CREAT | libc::O_EXCL) | libc::O_RDWR | libc::O_NOFOLLOW;
        if File::of(SEMAPHORES, name).is_some_and(|file| !file.may_be_opened(opened)) {
            return libc::SEM_FAILED;
        }
        next!(c"sem_open": fn(*const c_char, c_int, libc::mode_t, c_uint) -> *mut libc::sem_t)(
            name, flags, mode, value,
        )
    }
}

/// sem_unlink(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn sem_unlink(name: *const c_char) -> c_int {
    // SAFETY: as for `sem_open`.
    unsafe {
        if File::of(SEMAPHORES, name).is_some_and(|file| !file.may_be_removed()) {
            return -1;
        }
        next!(c"sem_unlink": fn(*const c_char) -> c_int)(name)
    }
}
