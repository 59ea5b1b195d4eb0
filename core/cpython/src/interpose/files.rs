//! The open family: judged where the hook has not seen the operation, or could not.
//!
//! `os.open` does not tell the hook of its `dir_fd`, and extension modules open files without an event. Only an
//! interpreter's process is judged here, once it is armed.

use core::ffi::{c_char, c_int};

use super::file_call::{FileCall, base};
use crate::paths::Base;
use crate::real::next;

macro_rules! open_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// open(2). The mode, which is variadic in C, comes in the same register either way.
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(path: *const c_char, flags: c_int, mode: libc::mode_t) -> c_int {
            // SAFETY: passed on to the caller.
            if unsafe { FileCall::open(Base::Cwd, path, flags).is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn(*const c_char, c_int, libc::mode_t) -> c_int)(path, flags, mode) }
        }
    )*};
}

macro_rules! openat_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// openat(2).
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(directory: c_int, path: *const c_char, flags: c_int, mode: libc::mode_t) -> c_int {
            // SAFETY: passed on to the caller.
            if unsafe { FileCall::open(base(directory), path, flags).is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn(c_int, *const c_char, c_int, libc::mode_t) -> c_int)(directory, path, flags, mode) }
        }
    )*};
}

open_like! {
    open c"open";
    open64 c"open64";
}

openat_like! {
    openat c"openat";
    openat64 c"openat64";
}

macro_rules! checked_open_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// open(2) as programs built with _FORTIFY_SOURCE call it.
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(path: *const c_char, flags: c_int) -> c_int {
            // SAFETY: passed on to the caller.
            if unsafe { FileCall::open(Base::Cwd, path, flags).is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn(*const c_char, c_int) -> c_int)(path, flags) }
        }
    )*};
}

checked_open_like! {
    __open_2 c"__open_2";
    __open64_2 c"__open64_2";
}

macro_rules! checked_openat_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// openat(2) as programs built with _FORTIFY_SOURCE call it.
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(directory: c_int, path: *const c_char, flags: c_int) -> c_int {
            // SAFETY: passed on to the caller.
            if unsafe { FileCall::open(base(directory), path, flags).is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn(c_int, *const c_char, c_int) -> c_int)(directory, path, flags) }
        }
    )*};
}

checked_openat_like! {
    __openat_2 c"__openat_2";
    __openat64_2 c"__openat64_2";
}

macro_rules! creat_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// creat(2).
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(path: *const c_char, mode: libc::mode_t) -> c_int {
            let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
            // SAFETY: passed on to the caller.
            if unsafe { FileCall::open(Base::Cwd, path, flags).is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn(*const c_char, libc::mode_t) -> c_int)(path, mode) }
        }
    )*};
}

creat_like! {
    creat c"creat";
    creat64 c"creat64";
}
