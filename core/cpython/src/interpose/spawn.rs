//! `posix_spawn`, `system` and `popen`: programs that libc starts beside this one.

use core::ffi::{CStr, c_char, c_int};

use super::follow::{Strings, claim, follow};
use super::{preload, set_errno};
use crate::environment;
use crate::paths::{Base, LONGEST};
use crate::real::{self, next};
use crate::room::{Room, Search};

macro_rules! spawn_like {
    ($($(#[$doc:meta])* $name:ident $c_name:literal judges $judged:path;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(
            pid: *mut libc::pid_t,
            file: *const c_char,
            actions: *const libc::posix_spawn_file_actions_t,
            attributes: *const libc::posix_spawnattr_t,
            argv: Strings,
            envp: Strings,
        ) -> c_int {
            let Some(mut claim) = claim() else {
                return libc::ENOMEM;
            };
            let Room { search, follow: memory } = claim.room();
            // SAFETY: passed on to the caller; what is judged is NUL-terminated and lies in the room.
            unsafe {
                let judged = $judged(search, file);
                follow(memory, judged, Base::Cwd, argv, envp, |envp| {
                    next!($c_name: fn(*mut libc::pid_t, *const c_char, *const libc::posix_spawn_file_actions_t, *const libc::posix_spawnattr_t, Strings, Strings) -> c_int)(
                        pid, file, actions, attributes, argv, envp,
                    )
                })
            }
            .unwrap_or_else(|error| error)
        }
    )*};
}

spawn_like! {
    /// posix_spawn(3).
    posix_spawn c"posix_spawn" judges as_given;
    /// posix_spawnp(3).
    posix_spawnp c"posix_spawnp" judges found;
}

fn as_given(_: &mut Search, path: *const c_char) -> *const c_char {
    path
}

/// The program that a name without a slash stands for; what is not found libc refuses by itself.
///
/// # Safety
/// `file` is NUL-terminated.
unsafe fn found(search: &mut Search, file: *const c_char) -> *const c_char {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(file) }.to_bytes();
    let path = environment::variable(c"PATH");
    if !name.contains(&b'/') && environment::find_program(name, path, Base::Cwd, &mut search.found)
    {
        search.found.as_c_str()
    } else {
        file
    }
}

/// system(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn system(command: *const c_char) -> c_int {
    if !command.is_null() && !shell_may_run(command) {
        // What a shell that could not be executed gives (system(3)).
        return 127 << 8;
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"system": fn(*const c_char) -> c_int)(command) }
}

/// popen(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn popen(
    command: *const c_char,
    mode: *const c_char,
) -> *mut libc::FILE {
    if !command.is_null() && !shell_may_run(command) {
        set_errno(libc::EACCES);
        return core::ptr::null_mut();
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"popen": fn(*const c_char, *const c_char) -> *mut libc::FILE)(command, mode) }
}

/// Judges the shell for a line, and sees to it that the environment that libc will pass on holds this library.
fn shell_may_run(command: *const c_char) -> bool {
    let Some(mut claim) = claim() else {
        return false;
    };
    let argv = [c"sh".as_ptr(), c"-c".as_ptr(), command, core::ptr::null()];
    // SAFETY: both are null-terminated arrays of strings.
    unsafe {
        follow(
            &mut claim.room().follow,
            c"/bin/sh".as_ptr(),
            Base::Cwd,
            argv.as_ptr(),
            real::environment(),
            |envp| {
                if envp != real::environment()
                    && let Some(value) = environment::find_in(envp, preload::NAME)
                {
                    // libc passes on `environ` itself: it has to be completed for good. Setting replaces one of several.
                    let mut text = [0_u8; LONGEST + 1];
                    let length = value.len().min(LONGEST);
                    text[..length].copy_from_slice(&value[..length]);
                    libc::unsetenv(c"LD_PRELOAD".as_ptr());
                    libc::setenv(c"LD_PRELOAD".as_ptr(), text.as_ptr().cast(), 1);
                }
                0
            },
        )
    }
    .is_ok()
}
