//! What gives paths and addresses another meaning: another root, mounts, namespaces. CPython raises no event for any of it.
//!
//! Rules hold for what paths and addresses meant when the policy was compiled, and this library has no way to follow them from
//! there: a list refuses what it could not hold afterwards. Without lists the change is recorded.

use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::call::{Call, announce, answer};
use super::file_call::{FileCall, base};
use crate::paths::Base;
use crate::process::KeepErrno;
use crate::real::next;

/// What the kernel answers who may not (chroot(2), mount(2), unshare(2)).
const REFUSED: c_int = libc::EPERM;

/// open_tree(2)
const OPEN_TREE_CLONE: c_uint = 1;
/// ioctl_ns(2)
const NS_GET_NSTYPE: c_ulong = 0xb703;
/// time_namespaces(7). In the flags of clone(2) the bit is part of a signal's number.
const CLONE_NEWTIME: c_int = 0x80;

/// The kinds of namespaces, as rules name them.
const NAMESPACES: [(c_int, &str); 8] = [
    (libc::CLONE_NEWNS, "mount"),
    (libc::CLONE_NEWUSER, "user"),
    (libc::CLONE_NEWPID, "pid"),
    (libc::CLONE_NEWNET, "network"),
    (libc::CLONE_NEWIPC, "ipc"),
    (libc::CLONE_NEWUTS, "uts"),
    (libc::CLONE_NEWCGROUP, "cgroup"),
    (CLONE_NEWTIME, "time"),
];

/// chroot(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn chroot(path: *const c_char) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { changes_root(event::CHROOT, Base::Cwd, path) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { next!(c"chroot": fn(*const c_char) -> c_int)(path) }
}

/// pivot_root(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn pivot_root(root: *const c_char, old: *const c_char) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { changes_root(event::PIVOT_ROOT, Base::Cwd, root) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { next!(c"pivot_root": fn(*const c_char, *const c_char) -> c_int)(root, old) }
}

/// mount(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn mount(
    source: *const c_char,
    target: *const c_char,
    kind: *const c_char,
    flags: c_ulong,
    data: *const c_void,
) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { changes_root(event::MOUNT, Base::Cwd, target) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe {
        next!(c"mount": fn(*const c_char, *const c_char, *const c_char, c_ulong, *const c_void) -> c_int)(
            source, target, kind, flags, data,
        )
    }
}

/// umount(2): what was hidden below is seen again.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn umount(target: *const c_char) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { umount2(target, 0) }
}

/// umount2(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn umount2(target: *const c_char, flags: c_int) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { changes_root(event::MOUNT, Base::Cwd, target) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { next!(c"umount2": fn(*const c_char, c_int) -> c_int)(target, flags) }
}

/// move_mount(2). This and the next two are made here: glibc has them since 2.36.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn move_mount(
    from_directory: c_int,
    from: *const c_char,
    to_directory: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { changes_root(event::MOUNT, base(to_directory), to) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            from_directory,
            from,
            to_directory,
            to,
            flags,
        ) as c_int
    }
}

/// open_tree(2): a copy is a mount of its own, whose paths nobody can tell.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn open_tree(
    directory: c_int,
    path: *const c_char,
    flags: c_uint,
) -> c_int {
    let copies = flags & OPEN_TREE_CLONE != 0;
    // SAFETY: passed on to the caller.
    if copies && unsafe { changes_root(event::MOUNT, base(directory), path) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_open_tree, directory, path, flags) as c_int }
}

/// fsmount(2): a mount that has no place yet.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn fsmount(
    descriptor: c_int,
    flags: c_uint,
    attributes: c_uint,
) -> c_int {
    if is_refused(event::MOUNT, &[]) {
        return -1;
    }
    // SAFETY: passed on to the caller.
    unsafe { libc::syscall(libc::SYS_fsmount, descriptor, flags, attributes) as c_int }
}

/// unshare(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn unshare(flags: c_int) -> c_int {
    if enters_new(flags) {
        return -1;
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"unshare": fn(c_int) -> c_int)(flags) }
}

/// setns(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn setns(descriptor: c_int, kinds: c_int) -> c_int {
    let known = if kinds == 0 {
        kind_of(descriptor)
    } else {
        Some(kinds)
    };
    let refused = match known {
        Some(kinds) => enters(event::SETNS, kinds),
        None => is_refused(event::SETNS, &[]),
    };
    if refused {
        return -1;
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"setns": fn(c_int, c_int) -> c_int)(descriptor, kinds) }
}

/// clone(2), whose last three arguments are variadic in C, and come in the same places either way.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn clone(
    function: *const c_void,
    stack: *mut c_void,
    flags: c_int,
    argument: *mut c_void,
    parent: *mut libc::pid_t,
    storage: *mut c_void,
    child: *mut libc::pid_t,
) -> c_int {
    if enters_new(flags & !CLONE_NEWTIME) {
        return -1;
    }
    // SAFETY: passed on to the caller.
    unsafe {
        next!(c"clone": fn(*const c_void, *mut c_void, c_int, *mut c_void, *mut libc::pid_t, *mut c_void, *mut libc::pid_t) -> c_int)(
            function, stack, flags, argument, parent, storage, child,
        )
    }
}

/// Whether entering new namespaces is refused. Most flags mean none.
fn enters_new(flags: c_int) -> bool {
    NAMESPACES.iter().any(|(flag, _)| flags & flag != 0) && enters(event::UNSHARE, flags)
}

/// Judges entering namespaces of these kinds. If that is refused, `errno` says so.
fn enters(symbol: Symbol, kinds: c_int) -> bool {
    let mut words = [Value::NULL; NAMESPACES.len()];
    let mut count = 0;
    for (_, word) in NAMESPACES.iter().filter(|(flag, _)| kinds & flag != 0) {
        words[count] = Value::str(*word);
        count += 1;
    }
    is_refused(
        symbol,
        &[Value::list(&words[..count]).named(arg::NAMESPACES)],
    )
}

/// The kind of the namespace behind a descriptor. `None` for one of several, a process's, or of none.
fn kind_of(descriptor: c_int) -> Option<c_int> {
    let _errno = KeepErrno::new();
    // SAFETY: asks; whatever else the descriptor stands for does not know the question.
    let kind = unsafe { libc::ioctl(descriptor, NS_GET_NSTYPE) };
    (kind > 0).then_some(kind)
}

fn is_refused(symbol: Symbol, args: &[Value<'_>]) -> bool {
    // What makes a world of its own is more than a child that only executes a program.
    announce();
    let refused = Call::of(symbol).is_some_and(|call| call.is_refused(args));
    answer(refused, REFUSED)
}

/// Judges what changes the meaning of paths from this one on. If it is refused, `errno` says so.
///
/// # Safety
/// `path` is null or NUL-terminated.
unsafe fn changes_root(symbol: Symbol, base: Base<'_>, path: *const c_char) -> bool {
    announce();
    let call = FileCall {
        error: REFUSED,
        ..FileCall::new(symbol, base, path)
    };
    // SAFETY: the caller's promise.
    unsafe { call.is_refused() }
}
