//! Shared memory by name (shm_overview(7)): files in /dev/shm, which CPython opens and removes without an event.
//!
//! Before glibc 2.34 the functions are in a library that need not be where the next function is looked for, so that what
//! they do, which is little, is done here.

use core::ffi::{CStr, c_char, c_int};

use audithook_catalogue::event;

use super::file_call::FileCall;
use super::set_errno;
use crate::paths::Base;

/// Where libc keeps them.
const DIRECTORY: &[u8] = b"/dev/shm/";
/// The longest name (NAME_MAX); what is longer libc refuses.
const LONGEST: usize = 255;

/// The file that a name stands for, NUL-terminated.
struct File([u8; DIRECTORY.len() + LONGEST + 1]);

impl File {
    /// `None` for what is no name to libc either.
    ///
    /// # Safety
    /// `name` is null or NUL-terminated.
    unsafe fn of(name: *const c_char) -> Option<Self> {
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
        let mut path = [0; DIRECTORY.len() + LONGEST + 1];
        path[..DIRECTORY.len()].copy_from_slice(DIRECTORY);
        path[DIRECTORY.len()..][..name.len()].copy_from_slice(name);
        Some(Self(path))
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// shm_open(3).
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
        let Some(file) = File::of(name) else {
            set_errno(libc::EINVAL);
            return -1;
        };
        let flags = flags | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        if FileCall::open(Base::Cwd, file.as_ptr(), flags).is_refused() {
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
        let Some(file) = File::of(name) else {
            set_errno(libc::EINVAL);
            return -1;
        };
        let call = FileCall {
            follow: false,
            ..FileCall::new(event::OS_REMOVE, Base::Cwd, file.as_ptr())
        };
        if call.is_refused() {
            return -1;
        }
        libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, file.as_ptr(), 0) as c_int
    }
}
