//! The open family, and what makes pipes and devices: judged where the hook has not seen the operation, or could not.
//!
//! `os.open` does not tell the hook of its `dir_fd`, extension modules open files without an event, and CPython raises
//! none for `mkfifo` and `mknod`. Only an interpreter's process is judged here, once it is armed.

use core::ffi::{CStr, c_char, c_int};

use audithook_abi::{Source, Symbol, Value, Verdict};
use audithook_catalogue::{self as catalogue, arg, event};
use audithook_wire::flat::Name;

use super::set_errno;
use crate::judge::{self, Interpreter, Subject};
use crate::paths::{Base, Resolved, Unresolved};
use crate::pool::Claim;
use crate::process::{self, Who};
use crate::python::decode::flag_words;
use crate::python::startup;
use crate::real::next;
use crate::{channel, load_check, pending, policy};

macro_rules! open_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// open(2). The mode, which is variadic in C, comes in the same register either way.
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(path: *const c_char, flags: c_int, mode: libc::mode_t) -> c_int {
            // SAFETY: passed on to the caller.
            if unsafe { is_refused(Base::Cwd, path, flags, event::OPEN) } {
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
            if unsafe { is_refused(base(directory), path, flags, event::OPEN) } {
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
            if unsafe { is_refused(Base::Cwd, path, flags, event::OPEN) } {
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

/// mkfifo(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn mkfifo(path: *const c_char, mode: libc::mode_t) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { is_refused(Base::Cwd, path, 0, event::OS_MKFIFO) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { next!(c"mkfifo": fn(*const c_char, libc::mode_t) -> c_int)(path, mode) }
}

/// mkfifoat(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn mkfifoat(
    directory: c_int,
    path: *const c_char,
    mode: libc::mode_t,
) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { is_refused(base(directory), path, 0, event::OS_MKFIFO) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe {
        next!(c"mkfifoat": fn(c_int, *const c_char, libc::mode_t) -> c_int)(directory, path, mode)
    }
}

/// mknod(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn mknod(
    path: *const c_char,
    mode: libc::mode_t,
    device: libc::dev_t,
) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { is_refused(Base::Cwd, path, 0, event::OS_MKNOD) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe {
        next!(c"mknod": fn(*const c_char, libc::mode_t, libc::dev_t) -> c_int)(path, mode, device)
    }
}

/// mknodat(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn mknodat(
    directory: c_int,
    path: *const c_char,
    mode: libc::mode_t,
    device: libc::dev_t,
) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { is_refused(base(directory), path, 0, event::OS_MKNOD) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe {
        next!(c"mknodat": fn(c_int, *const c_char, libc::mode_t, libc::dev_t) -> c_int)(
            directory, path, mode, device,
        )
    }
}

fn base(directory: c_int) -> Base<'static> {
    if directory == libc::AT_FDCWD {
        Base::Cwd
    } else {
        Base::Descriptor(directory)
    }
}

/// Judges one call. If it is refused, `errno` says so.
///
/// # Safety
/// `path` is null or NUL-terminated.
unsafe fn is_refused(base: Base<'_>, path: *const c_char, flags: c_int, symbol: Symbol) -> bool {
    load_check::run();
    if !startup::judges_calls() || path.is_null() || channel::ring().is_none() {
        return false;
    }
    let who = process::who();
    if who == Who::Borrowing {
        // Between vfork and exec: only what the interpreter does to start a program.
        return false;
    }
    let keep = process::KeepErrno::new();
    // SAFETY: the caller's promise.
    let given = unsafe { CStr::from_ptr(path) }.to_bytes();
    let relative_to_directory = matches!(base, Base::Descriptor(_)) && !given.starts_with(b"/");
    if !relative_to_directory && symbol == event::OPEN && pending::take_open(given) {
        return false;
    }
    let refused = judge_call(base, given, flags, symbol, who);
    drop(keep);
    if refused {
        set_errno(libc::EACCES);
    }
    refused
}

fn judge_call(base: Base<'_>, given: &[u8], flags: c_int, symbol: Symbol, who: Who) -> bool {
    let (Some(policy), Some(info)) = (policy::current(), catalogue::info(symbol)) else {
        return false;
    };
    let plan = policy.plan(symbol, info);
    if !plan.wanted() {
        return false;
    }
    let Some(mut claim) = Claim::new() else {
        return plan.judged();
    };
    let block = claim.block();
    let mut resolved = Resolved::root();
    let mut words = [Value::NULL; 10];
    let mut args = [Value::NULL; 3];
    let mut count = 0;
    let mut push = |value| {
        args[count] = value;
        count += 1;
    };
    let follow = symbol == event::OPEN && flags & libc::O_NOFOLLOW == 0;
    match resolved.resolve(base, given, follow, policy.image.knows_inodes()) {
        Ok(()) => push(Value::path(resolved.as_bytes()).named(arg::PATH)),
        Err(Unresolved::NoFile) => return false,
        // The list refuses what it cannot see; the kernel refuses it too.
        Err(Unresolved::Impossible | Unresolved::NoBase) => {}
    }
    push(Value::path(given).named(arg::RAW));
    if symbol == event::OPEN {
        let count = flag_words(b"", flags, &mut words);
        push(Value::list(&words[..count]).named(arg::FLAGS));
    }
    let subject = Subject {
        name: Name::Known(symbol),
        plan,
        source: Source::Libc,
        args: &args[..count],
        inode: resolved.inode,
        exempt: startup::is_exempt(symbol, info.operation, &args[..count]),
    };
    if who == Who::Forked {
        // A forked child announces itself with its first event: most only execute a program.
        return judge::judge_apart(policy, &subject);
    }
    let decision = judge::judge(policy, &subject, &mut block.record, Interpreter::NotHeld);
    decision.verdict >= Verdict::Deny
}
