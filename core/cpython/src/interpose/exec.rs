//! The exec family: programs that take the place of this one. Each function ends in `execve` or `execveat`, after what
//! libc's would do before it: searching `PATH`, handing a file without a header to the shell, gathering arguments.

use core::ffi::{CStr, c_char, c_int};

use super::follow::{Strings, claim, follow};
use super::{errno, set_errno};
use crate::environment;
use crate::paths::{Base, LONGEST};
use crate::real::{self, next};
use crate::room::{Follow, Pointers, Room};

/// execve(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execve(path: *const c_char, argv: Strings, envp: Strings) -> c_int {
    let Some(mut claim) = claim() else {
        return -1;
    };
    // SAFETY: passed on to the caller.
    unsafe { execve_in(&mut claim.room().follow, path, argv, envp) }
}

/// # Safety
/// As for execve.
unsafe fn execve_in(
    memory: &mut Follow,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        follow(memory, path, Base::Cwd, argv, envp, |envp| {
            next!(c"execve": fn(*const c_char, Strings, Strings) -> c_int)(path, argv, envp)
        })
    }
    .unwrap_or_else(failed)
}

/// execv(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execv(path: *const c_char, argv: Strings) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { execve(path, argv, real::environment()) }
}

/// execvp(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execvp(file: *const c_char, argv: Strings) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { execvpe(file, argv, real::environment()) }
}

/// execvpe(3): the directories of `PATH` in turn, and `/bin/sh` for a file without a header.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execvpe(
    file: *const c_char,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(file) }.to_bytes();
    if name.is_empty() {
        set_errno(libc::ENOENT);
        return -1;
    }
    let Some(mut claim) = claim() else {
        return -1;
    };
    let Room { search, follow } = claim.room();
    let (candidate, arguments) = (&mut search.candidate, &mut search.arguments);
    if name.contains(&b'/') {
        // SAFETY: passed on to the caller.
        return unsafe { exec_or_script(arguments, follow, file, argv, envp) };
    }
    let path = environment::variable(c"PATH").unwrap_or(b"/bin:/usr/bin");
    let mut refused = false;
    for directory in path.split(|byte| *byte == b':') {
        let slash = usize::from(!directory.is_empty());
        if directory.len() + slash + name.len() > LONGEST {
            continue;
        }
        candidate[..directory.len()].copy_from_slice(directory);
        if slash == 1 {
            candidate[directory.len()] = b'/';
        }
        let end = directory.len() + slash + name.len();
        candidate[end - name.len()..end].copy_from_slice(name);
        candidate[end] = 0;
        // SAFETY: the candidate is NUL-terminated; the rest is passed on to the caller.
        unsafe { exec_or_script(arguments, follow, candidate.as_ptr().cast(), argv, envp) };
        match errno() {
            libc::EACCES => refused = true,
            libc::ENOENT | libc::ESTALE | libc::ENOTDIR | libc::ENODEV | libc::ETIMEDOUT => {}
            _ => return -1,
        }
    }
    if refused {
        set_errno(libc::EACCES);
    }
    -1
}

/// # Safety
/// As for execve.
unsafe fn exec_or_script(
    arguments: &mut Pointers,
    memory: &mut Follow,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: passed on to the caller.
    let result = unsafe { execve_in(memory, path, argv, envp) };
    if errno() != libc::ENOEXEC {
        return result;
    }
    // `sh path args…`, as execvp(3) promises. The arguments after the first follow the path.
    // SAFETY: argv is null or null-terminated.
    let given = || unsafe { environment::pointers(argv) }.skip(1);
    let Some(block) = arguments.of(given().count() + 3) else {
        return failed(libc::ENOMEM);
    };
    let all = [c"/bin/sh".as_ptr(), path]
        .into_iter()
        .chain(given())
        .chain([core::ptr::null()]);
    for (place, argument) in block.iter_mut().zip(all) {
        *place = argument;
    }
    // SAFETY: the block is null-terminated; the rest is passed on to the caller.
    let result = unsafe { execve_in(memory, c"/bin/sh".as_ptr(), block.as_ptr(), envp) };
    arguments.give_back();
    result
}

/// What a function of this family gives for an error.
fn failed(error: c_int) -> c_int {
    set_errno(error);
    -1
}

/// execveat(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execveat(
    directory: c_int,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
    flags: c_int,
) -> c_int {
    let base = if directory == libc::AT_FDCWD {
        Base::Cwd
    } else {
        Base::Descriptor(directory)
    };
    let Some(mut claim) = claim() else {
        return -1;
    };
    let memory = &mut claim.room().follow;
    // SAFETY: passed on to the caller.
    unsafe {
        follow(memory, path, base, argv, envp, |envp| {
            libc::syscall(libc::SYS_execveat, directory, path, argv, envp, flags) as c_int
        })
    }
    .unwrap_or_else(failed)
}

/// fexecve(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn fexecve(descriptor: c_int, argv: Strings, envp: Strings) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { execveat(descriptor, c"".as_ptr(), argv, envp, libc::AT_EMPTY_PATH) }
}

#[cfg(target_arch = "x86_64")]
mod variadic {
    //! `execl` and its kin: the registers are laid before the arguments on the stack, which makes the vector.

    use super::{Strings, c_char, c_int, execve, execvpe, real};

    macro_rules! exec_list {
        ($name:ident, $rest:path) => {
            /// execl(3), execlp(3) or execle(3).
            ///
            /// # Safety
            /// As in C.
            #[cfg_attr(not(test), unsafe(no_mangle))]
            #[unsafe(naked)]
            pub(crate) unsafe extern "C" fn $name(path: *const c_char, first: *const c_char) -> c_int {
                core::arch::naked_asm!(
                    // The return address makes room: rsi, rdx, rcx, r8, r9 and the caller's stack become one array.
                    "pop rax",
                    "push r9",
                    "push r8",
                    "push rcx",
                    "push rdx",
                    "push rsi",
                    "mov rsi, rsp",
                    "push rbx",
                    "mov rbx, rax",
                    // The caller's stack was aligned before its call; six words later it is again.
                    "call {rest}",
                    "mov rdx, rbx",
                    "pop rbx",
                    "add rsp, 40",
                    "jmp rdx",
                    rest = sym $rest,
                )
            }
        };
    }

    exec_list!(execl, execl_vector);
    exec_list!(execlp, execlp_vector);
    exec_list!(execle, execle_vector);

    unsafe extern "C" fn execl_vector(path: *const c_char, argv: Strings) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { execve(path, argv, real::environment()) }
    }

    unsafe extern "C" fn execlp_vector(file: *const c_char, argv: Strings) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { execvpe(file, argv, real::environment()) }
    }

    unsafe extern "C" fn execle_vector(path: *const c_char, argv: Strings) -> c_int {
        // SAFETY: the environment follows the null that ends the arguments (execle(3)).
        unsafe {
            let mut end = argv;
            while !(*end).is_null() {
                end = end.add(1);
            }
            execve(path, argv, (*end.add(1)).cast())
        }
    }
}
