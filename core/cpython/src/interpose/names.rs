//! What makes, moves and takes away the names of files, and what cuts a file short.
//!
//! The hook has judged most of it by its event. The lists hold here as well, for the path that the kernel will see: CPython
//! copies a path before it raises the event, and hooks of the program run after ours, so that the event can show another.

use core::ffi::{CStr, c_char, c_int, c_uint};

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::call::{Arguments, Call, answer};
use super::file_call::{FileCall, base};
use crate::paths::{Base, Unresolved};
use crate::pending;
use crate::real::next;

/// One of the two paths of a call.
#[derive(Clone, Copy)]
struct Name<'n> {
    base: Base<'n>,
    path: *const c_char,
    /// Whether a symlink at the end is followed.
    follow: bool,
}

impl Name<'static> {
    fn at(base: Base<'static>, path: *const c_char) -> Self {
        Self {
            base,
            path,
            follow: false,
        }
    }
}

/// Calls with one path, of which a symlink at the end is not followed: `name c"name" (arguments) = event, base, path, [what
/// the event has beside the path];`.
macro_rules! name_call {
    ($($(#[$doc:meta])* $name:ident $c_name:literal ($($argument:ident: $type:ty),*) = $symbol:expr, $base:expr, $path:ident, $follow:expr, [$($extra:expr),*];)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> c_int {
            let call = FileCall {
                follow: $follow,
                extra: &[$($extra),*],
                ..FileCall::new($symbol, $base, $path)
            };
            // SAFETY: passed on to the caller.
            if unsafe { !is_empty($path) && call.is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn($($type),*) -> c_int)($($argument),*) }
        }
    )*};
}

name_call! {
    /// unlink(2).
    unlink c"unlink" (path: *const c_char)
        = event::OS_REMOVE, Base::Cwd, path, false, [];
    /// unlinkat(2).
    unlinkat c"unlinkat" (directory: c_int, path: *const c_char, flags: c_int)
        = removal(flags), base(directory), path, false, [];
    /// remove(3).
    remove c"remove" (path: *const c_char)
        = event::OS_REMOVE, Base::Cwd, path, false, [];
    /// rmdir(2).
    rmdir c"rmdir" (path: *const c_char)
        = event::OS_RMDIR, Base::Cwd, path, false, [];
    /// mkdir(2).
    mkdir c"mkdir" (path: *const c_char, mode: libc::mode_t)
        = event::OS_MKDIR, Base::Cwd, path, false, [mode_value(mode)];
    /// mkdirat(2).
    mkdirat c"mkdirat" (directory: c_int, path: *const c_char, mode: libc::mode_t)
        = event::OS_MKDIR, base(directory), path, false, [mode_value(mode)];
    /// mkfifo(3).
    mkfifo c"mkfifo" (path: *const c_char, mode: libc::mode_t)
        = event::OS_MKFIFO, Base::Cwd, path, false, [mode_value(mode)];
    /// mkfifoat(3).
    mkfifoat c"mkfifoat" (directory: c_int, path: *const c_char, mode: libc::mode_t)
        = event::OS_MKFIFO, base(directory), path, false, [mode_value(mode)];
    /// mknod(2).
    mknod c"mknod" (path: *const c_char, mode: libc::mode_t, device: libc::dev_t)
        = event::OS_MKNOD, Base::Cwd, path, false, [mode_value(mode)];
    /// mknodat(2).
    mknodat c"mknodat" (directory: c_int, path: *const c_char, mode: libc::mode_t, device: libc::dev_t)
        = event::OS_MKNOD, base(directory), path, false, [mode_value(mode)];
    /// symlink(2): what the link says is text.
    symlink c"symlink" (target: *const c_char, path: *const c_char)
        = event::OS_SYMLINK, Base::Cwd, path, false, [text(arg::TARGET, target)];
    /// symlinkat(2).
    symlinkat c"symlinkat" (target: *const c_char, directory: c_int, path: *const c_char)
        = event::OS_SYMLINK, base(directory), path, false, [text(arg::TARGET, target)];
    /// truncate(2).
    truncate c"truncate" (path: *const c_char, length: i64)
        = event::OS_TRUNCATE, Base::Cwd, path, true, [Value::i64(length).named(arg::LENGTH)];
    /// truncate64(3).
    truncate64 c"truncate64" (path: *const c_char, length: i64)
        = event::OS_TRUNCATE, Base::Cwd, path, true, [Value::i64(length).named(arg::LENGTH)];
}

/// Whether the kernel will find nothing by it.
///
/// # Safety
/// `path` is null or NUL-terminated.
unsafe fn is_empty(path: *const c_char) -> bool {
    // SAFETY: the caller's promise.
    path.is_null() || unsafe { path.read() } == 0
}

fn removal(flags: c_int) -> Symbol {
    if flags & libc::AT_REMOVEDIR == 0 {
        event::OS_REMOVE
    } else {
        event::OS_RMDIR
    }
}

fn mode_value(mode: libc::mode_t) -> Value<'static> {
    Value::u64(mode.into()).named(arg::MODE)
}

fn text<'n>(name: Symbol, text: *const c_char) -> Value<'n> {
    if text.is_null() {
        return Value::NULL.named(name);
    }
    // SAFETY: the caller of the function that this is an argument of promises a NUL-terminated string.
    Value::path(unsafe { CStr::from_ptr(text) }.to_bytes()).named(name)
}

/// Calls with two paths: `name c"name" (arguments) = event, from, to;`.
macro_rules! two_names_call {
    ($($(#[$doc:meta])* $name:ident $c_name:literal ($($argument:ident: $type:ty),*) = $symbol:ident, $from:expr, $to:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> c_int {
            // SAFETY: passed on to the caller.
            if unsafe { two_are_refused(event::$symbol, $from, $to) } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn($($type),*) -> c_int)($($argument),*) }
        }
    )*};
}

two_names_call! {
    /// rename(2).
    rename c"rename" (source: *const c_char, target: *const c_char)
        = OS_RENAME, Name::at(Base::Cwd, source), Name::at(Base::Cwd, target);
    /// renameat(2).
    renameat c"renameat" (from: c_int, source: *const c_char, to: c_int, target: *const c_char)
        = OS_RENAME, Name::at(base(from), source), Name::at(base(to), target);
    /// link(2), which on Linux never follows.
    link c"link" (source: *const c_char, target: *const c_char)
        = OS_LINK, Name::at(Base::Cwd, source), Name::at(Base::Cwd, target);
    /// linkat(2). Without a path and with AT_EMPTY_PATH it is the descriptor's own file.
    linkat c"linkat" (from: c_int, source: *const c_char, to: c_int, target: *const c_char, flags: c_int)
        = OS_LINK,
        Name { follow: flags & libc::AT_SYMLINK_FOLLOW != 0, ..Name::at(base(from), source) },
        Name::at(base(to), target);
}

/// renameat2(2), made here: glibc has it since 2.28.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn renameat2(
    from: c_int,
    source: *const c_char,
    to: c_int,
    target: *const c_char,
    flags: c_uint,
) -> c_int {
    let (first, second) = (Name::at(base(from), source), Name::at(base(to), target));
    // SAFETY: passed on to the caller.
    if unsafe { two_are_refused(event::OS_RENAME, first, second) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_renameat2, from, source, to, target, flags) as c_int }
}

/// Judges what gives a file another name. If it is refused, `errno` says so.
///
/// # Safety
/// The paths are null or NUL-terminated.
unsafe fn two_are_refused(symbol: Symbol, source: Name<'_>, target: Name<'_>) -> bool {
    // SAFETY: the caller's promise.
    let (no_source, no_target) = unsafe { (is_empty(source.path), is_empty(target.path)) };
    // Without a path it may be the descriptor's own file, which the working directory cannot be: it has one name.
    if source.path.is_null() || no_target || (no_source && source.base == Base::Cwd) {
        return false;
    }
    let refused = Call::of(symbol).is_some_and(|call| {
        // SAFETY: the caller's promise.
        let (from, to) = unsafe {
            (
                CStr::from_ptr(source.path).to_bytes(),
                CStr::from_ptr(target.path).to_bytes(),
            )
        };
        judge_two(&call, (source, from), (target, to))
    });
    answer(refused, libc::EACCES)
}

fn judge_two(
    call: &Call,
    (from, source): (Name<'_>, &[u8]),
    (to, target): (Name<'_>, &[u8]),
) -> bool {
    call.is_refused_in(|claim| {
        let block = claim.block();
        let (first, second) = (&mut block.scratch.first, &mut block.scratch.second);
        let mut arguments = Arguments::new();
        let want_inode = call.policy.image.knows_inodes();
        let found = match (source, from.base) {
            // AT_EMPTY_PATH
            (b"", Base::Descriptor(descriptor)) => first.resolve_descriptor(descriptor),
            _ => first.resolve(from.base, source, from.follow, want_inode),
        };
        match found {
            Ok(()) => arguments.push(Value::path(first.as_bytes()).named(arg::SRC)),
            Err(Unresolved::Futile) => return false,
            Err(_) => {}
        }
        match second.resolve(to.base, target, false, false) {
            Ok(()) => arguments.push(Value::path(second.as_bytes()).named(arg::DST)),
            Err(Unresolved::Futile) => return false,
            Err(_) => {}
        }
        arguments.push(Value::path(source).named(arg::RAW_SRC));
        arguments.push(Value::path(target).named(arg::RAW_DST));
        let args = arguments.as_slice();
        // The hook has judged this very change.
        if pending::take_change(call.symbol, args) {
            return false;
        }
        call.judge(args, first.inode, false, &mut block.record)
    })
}

macro_rules! directory_call {
    ($($(#[$doc:meta])* $name:ident $c_name:literal ($argument:ident: $type:ty);)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name($argument: $type) -> c_int {
            pending::directory_changed();
            // SAFETY: passed on to the caller.
            unsafe { next!($c_name: fn($type) -> c_int)($argument) }
        }
    )*};
}

directory_call! {
    /// chdir(2).
    chdir c"chdir" (path: *const c_char);
    /// fchdir(2).
    fchdir c"fchdir" (descriptor: c_int);
}
