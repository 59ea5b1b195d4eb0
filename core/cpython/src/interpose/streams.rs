//! What opens files in other words than open(2): C's streams, directories, and the files that a child is given.

use core::ffi::{CStr, c_char, c_int};

use audithook_catalogue::event;

use super::file_call::FileCall;
use crate::paths::{Base, ProcLink};
use crate::real::next;

macro_rules! fopen_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// fopen(3).
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(path: *const c_char, mode: *const c_char) -> *mut libc::FILE {
            // SAFETY: passed on to the caller.
            if unsafe { FileCall::open(Base::Cwd, path, flags_of(mode)).is_refused() } {
                return core::ptr::null_mut();
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn(*const c_char, *const c_char) -> *mut libc::FILE)(path, mode) }
        }
    )*};
}

fopen_like! {
    fopen c"fopen";
    fopen64 c"fopen64";
}

macro_rules! freopen_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// freopen(3). Without a path the stream's own file is opened again, in another mode.
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(
            path: *const c_char,
            mode: *const c_char,
            stream: *mut libc::FILE,
        ) -> *mut libc::FILE {
            // SAFETY: passed on to the caller.
            let refused = unsafe {
                if path.is_null() {
                    let own = ProcLink::new(libc::fileno(stream));
                    FileCall::open(Base::Cwd, own.as_ptr(), flags_of(mode)).is_refused()
                } else {
                    FileCall::open(Base::Cwd, path, flags_of(mode)).is_refused()
                }
            };
            if refused {
                // A stream that cannot be opened again is closed (freopen(3)).
                let keep = crate::process::KeepErrno::new();
                // SAFETY: the caller's stream, which it may not use after a failure.
                unsafe { libc::fclose(stream) };
                drop(keep);
                return core::ptr::null_mut();
            }
            // SAFETY: passed on to the caller.
            unsafe {
                next!($c_name: fn(*const c_char, *const c_char, *mut libc::FILE) -> *mut libc::FILE)(path, mode, stream)
            }
        }
    )*};
}

freopen_like! {
    freopen c"freopen";
    freopen64 c"freopen64";
}

/// opendir(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn opendir(path: *const c_char) -> *mut libc::DIR {
    // SAFETY: passed on to the caller.
    if unsafe { FileCall::new(event::OS_LISTDIR, Base::Cwd, path).is_refused() } {
        return core::ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe { next!(c"opendir": fn(*const c_char) -> *mut libc::DIR)(path) }
}

/// posix_spawn_file_actions_addopen(3): libc opens the file in the child, out of our sight, so it is judged when it is
/// asked for. Gives the error's number, as its kin do.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn posix_spawn_file_actions_addopen(
    actions: *mut libc::posix_spawn_file_actions_t,
    descriptor: c_int,
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { FileCall::open(Base::Cwd, path, flags).is_refused() } {
        return libc::EACCES;
    }
    // SAFETY: as above.
    unsafe {
        next!(c"posix_spawn_file_actions_addopen": fn(*mut libc::posix_spawn_file_actions_t, c_int, *const c_char, c_int, libc::mode_t) -> c_int)(
            actions, descriptor, path, flags, mode,
        )
    }
}

/// The flags of open(2) that a mode of fopen(3) stands for.
///
/// # Safety
/// `mode` is null or NUL-terminated.
unsafe fn flags_of(mode: *const c_char) -> c_int {
    if mode.is_null() {
        return libc::O_RDONLY;
    }
    // SAFETY: the caller's promise.
    let mode = unsafe { CStr::from_ptr(mode) }.to_bytes();
    // `,ccs=…` names an encoding.
    let letters = mode.split(|byte| *byte == b',').next().unwrap_or(mode);
    let access = |alone| {
        if letters.contains(&b'+') {
            libc::O_RDWR
        } else {
            alone
        }
    };
    let flags = match letters.first() {
        Some(b'w') => access(libc::O_WRONLY) | libc::O_CREAT | libc::O_TRUNC,
        Some(b'a') => access(libc::O_WRONLY) | libc::O_CREAT | libc::O_APPEND,
        _ => access(libc::O_RDONLY),
    };
    if letters.contains(&b'x') {
        flags | libc::O_EXCL
    } else {
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_of_a_stream_is_what_open_would_be_told() {
        // SAFETY: the modes are NUL-terminated.
        let flags = |mode: &CStr| unsafe { flags_of(mode.as_ptr()) };
        assert_eq!(flags(c"r"), libc::O_RDONLY);
        assert_eq!(flags(c"rb+"), libc::O_RDWR);
        assert_eq!(flags(c"we"), libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC);
        assert_eq!(flags(c"a+"), libc::O_RDWR | libc::O_CREAT | libc::O_APPEND);
        assert_eq!(
            flags(c"wx"),
            libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_EXCL
        );
        assert_eq!(flags(c"r,ccs=x+"), libc::O_RDONLY);
    }
}
