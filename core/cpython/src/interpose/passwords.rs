//! The passwords of users (getspnam(3)), which `spwd` reads without an event: libc opens their file out of our sight.

use core::ffi::{c_char, c_int};

use super::file_call::FileCall;
use crate::paths::Base;
use crate::real::next;

type Entry = libc::spwd;

/// Judges opening the file. If that is refused, `errno` says so.
fn is_refused() -> bool {
    // SAFETY: the path is NUL-terminated.
    unsafe { FileCall::open(Base::Cwd, c"/etc/shadow".as_ptr(), libc::O_RDONLY).is_refused() }
}

/// getspnam(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn getspnam(name: *const c_char) -> *mut Entry {
    if is_refused() {
        return core::ptr::null_mut();
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"getspnam": fn(*const c_char) -> *mut Entry)(name) }
}

/// getspnam_r(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn getspnam_r(
    name: *const c_char,
    entry: *mut Entry,
    buffer: *mut c_char,
    length: usize,
    result: *mut *mut Entry,
) -> c_int {
    if is_refused() {
        // SAFETY: the caller's out parameter.
        unsafe { *result = core::ptr::null_mut() };
        return libc::EACCES;
    }
    // SAFETY: passed on to the caller.
    unsafe {
        next!(c"getspnam_r": fn(*const c_char, *mut Entry, *mut c_char, usize, *mut *mut Entry) -> c_int)(
            name, entry, buffer, length, result,
        )
    }
}

/// getspent(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn getspent() -> *mut Entry {
    if is_refused() {
        return core::ptr::null_mut();
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"getspent": fn() -> *mut Entry)() }
}

/// getspent_r(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn getspent_r(
    entry: *mut Entry,
    buffer: *mut c_char,
    length: usize,
    result: *mut *mut Entry,
) -> c_int {
    if is_refused() {
        // SAFETY: the caller's out parameter.
        unsafe { *result = core::ptr::null_mut() };
        return libc::EACCES;
    }
    // SAFETY: passed on to the caller.
    unsafe {
        next!(c"getspent_r": fn(*mut Entry, *mut c_char, usize, *mut *mut Entry) -> c_int)(
            entry, buffer, length, result,
        )
    }
}
