//! What changes or reads a file's attributes, or gives it another name: whether a symlink at the end is followed, the event does
//! not say.
//!
//! Where the path ends in a symlink the hook leaves `os.chmod`, `os.chown`, `os.utime`, `os.setxattr`, `os.removexattr`,
//! `os.getxattr`, `os.listxattr` and `os.link` to these calls, which know.

use core::ffi::{CStr, c_char, c_int, c_void};

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::call::{Arguments, Call, answer};
use super::file_call::{FileCall, base};
use crate::paths::Base;
use crate::pending;
use crate::real::next;

/// Calls with one path: `name c"name" (arguments) = event, base, path, whether a symlink at the end is followed, [what the
/// event has beside the path] -> result;`.
macro_rules! attribute_call {
    ($($(#[$doc:meta])* $name:ident $c_name:literal ($($argument:ident: $type:ty),*) = $symbol:ident, $base:expr, $path:ident, $follow:expr, [$($extra:expr),*] -> $result:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            let call = FileCall {
                follow: $follow,
                extra: &[$($extra),*],
                ..FileCall::new(event::$symbol, $base, $path)
            };
            // SAFETY: passed on to the caller.
            if unsafe { call.is_refused() } {
                return -1;
            }
            // SAFETY: as above.
            unsafe { next!($c_name: fn($($type),*) -> $result)($($argument),*) }
        }
    )*};
}

attribute_call! {
    /// chmod(2).
    chmod c"chmod" (path: *const c_char, mode: libc::mode_t)
        = OS_CHMOD, Base::Cwd, path, true, [mode_value(mode)] -> c_int;
    /// lchmod(3).
    lchmod c"lchmod" (path: *const c_char, mode: libc::mode_t)
        = OS_CHMOD, Base::Cwd, path, false, [mode_value(mode)] -> c_int;
    /// fchmodat(2).
    fchmodat c"fchmodat" (directory: c_int, path: *const c_char, mode: libc::mode_t, flags: c_int)
        = OS_CHMOD, base(directory), path, follows(flags), [mode_value(mode)] -> c_int;
    /// chown(2).
    chown c"chown" (path: *const c_char, uid: libc::uid_t, gid: libc::gid_t)
        = OS_CHOWN, Base::Cwd, path, true, [id(arg::UID, uid), id(arg::GID, gid)] -> c_int;
    /// lchown(2).
    lchown c"lchown" (path: *const c_char, uid: libc::uid_t, gid: libc::gid_t)
        = OS_CHOWN, Base::Cwd, path, false, [id(arg::UID, uid), id(arg::GID, gid)] -> c_int;
    /// fchownat(2).
    fchownat c"fchownat" (directory: c_int, path: *const c_char, uid: libc::uid_t, gid: libc::gid_t, flags: c_int)
        = OS_CHOWN, base(directory), path, follows(flags), [id(arg::UID, uid), id(arg::GID, gid)] -> c_int;
    /// utime(2).
    utime c"utime" (path: *const c_char, times: *const c_void)
        = OS_UTIME, Base::Cwd, path, true, [] -> c_int;
    /// utimes(2).
    utimes c"utimes" (path: *const c_char, times: *const c_void)
        = OS_UTIME, Base::Cwd, path, true, [] -> c_int;
    /// lutimes(3).
    lutimes c"lutimes" (path: *const c_char, times: *const c_void)
        = OS_UTIME, Base::Cwd, path, false, [] -> c_int;
    /// utimensat(2). Without a path it is the descriptor's file.
    utimensat c"utimensat" (directory: c_int, path: *const c_char, times: *const c_void, flags: c_int)
        = OS_UTIME, base(directory), path, follows(flags), [] -> c_int;
    /// setxattr(2).
    setxattr c"setxattr" (path: *const c_char, name: *const c_char, value: *const c_void, size: usize, flags: c_int)
        = OS_SETXATTR, Base::Cwd, path, true, [attribute(name)] -> c_int;
    /// lsetxattr(2).
    lsetxattr c"lsetxattr" (path: *const c_char, name: *const c_char, value: *const c_void, size: usize, flags: c_int)
        = OS_SETXATTR, Base::Cwd, path, false, [attribute(name)] -> c_int;
    /// removexattr(2).
    removexattr c"removexattr" (path: *const c_char, name: *const c_char)
        = OS_REMOVEXATTR, Base::Cwd, path, true, [attribute(name)] -> c_int;
    /// lremovexattr(2).
    lremovexattr c"lremovexattr" (path: *const c_char, name: *const c_char)
        = OS_REMOVEXATTR, Base::Cwd, path, false, [attribute(name)] -> c_int;
    /// getxattr(2).
    getxattr c"getxattr" (path: *const c_char, name: *const c_char, value: *mut c_void, size: usize)
        = OS_GETXATTR, Base::Cwd, path, true, [attribute(name)] -> isize;
    /// lgetxattr(2).
    lgetxattr c"lgetxattr" (path: *const c_char, name: *const c_char, value: *mut c_void, size: usize)
        = OS_GETXATTR, Base::Cwd, path, false, [attribute(name)] -> isize;
    /// listxattr(2).
    listxattr c"listxattr" (path: *const c_char, list: *mut c_char, size: usize)
        = OS_LISTXATTR, Base::Cwd, path, true, [] -> isize;
    /// llistxattr(2).
    llistxattr c"llistxattr" (path: *const c_char, list: *mut c_char, size: usize)
        = OS_LISTXATTR, Base::Cwd, path, false, [] -> isize;
}

fn follows(flags: c_int) -> bool {
    flags & libc::AT_SYMLINK_NOFOLLOW == 0
}

fn mode_value(mode: libc::mode_t) -> Value<'static> {
    Value::u64(mode.into()).named(arg::MODE)
}

/// −1 leaves the owner or the group as it is.
fn id(name: Symbol, id: u32) -> Value<'static> {
    Value::i64(id.cast_signed().into()).named(name)
}

fn attribute<'n>(name: *const c_char) -> Value<'n> {
    if name.is_null() {
        return Value::NULL.named(arg::ATTRIBUTE);
    }
    // SAFETY: the caller of the function that this is an argument of promises a NUL-terminated string.
    Value::str(unsafe { CStr::from_ptr(name) }.to_bytes()).named(arg::ATTRIBUTE)
}

/// link(2), which on Linux never follows.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn link(source: *const c_char, target: *const c_char) -> c_int {
    // SAFETY: passed on to the caller.
    if unsafe { link_is_refused(Base::Cwd, source, Base::Cwd, target, false) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe { next!(c"link": fn(*const c_char, *const c_char) -> c_int)(source, target) }
}

/// linkat(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn linkat(
    source_directory: c_int,
    source: *const c_char,
    target_directory: c_int,
    target: *const c_char,
    flags: c_int,
) -> c_int {
    let follow = flags & libc::AT_SYMLINK_FOLLOW != 0;
    let (from, to) = (base(source_directory), base(target_directory));
    // SAFETY: passed on to the caller.
    if unsafe { link_is_refused(from, source, to, target, follow) } {
        return -1;
    }
    // SAFETY: as above.
    unsafe {
        next!(c"linkat": fn(c_int, *const c_char, c_int, *const c_char, c_int) -> c_int)(
            source_directory,
            source,
            target_directory,
            target,
            flags,
        )
    }
}

/// Judges a hard link. If it is refused, `errno` says so.
///
/// # Safety
/// The paths are null or NUL-terminated.
unsafe fn link_is_refused(
    from: Base<'_>,
    source: *const c_char,
    to: Base<'_>,
    target: *const c_char,
    follow: bool,
) -> bool {
    if source.is_null() || target.is_null() {
        return false;
    }
    let refused = Call::of(event::OS_LINK).is_some_and(|call| {
        // SAFETY: the caller's promise.
        let (source, target) = unsafe {
            (
                CStr::from_ptr(source).to_bytes(),
                CStr::from_ptr(target).to_bytes(),
            )
        };
        !pending::take_change(source) && judge_link(&call, (from, source, follow), (to, target))
    });
    answer(refused, libc::EACCES)
}

fn judge_link(
    call: &Call,
    (from, source, follow): (Base<'_>, &[u8], bool),
    (to, target): (Base<'_>, &[u8]),
) -> bool {
    call.is_refused_in(|claim| {
        let block = claim.block();
        let (first, second) = (&mut block.scratch.first, &mut block.scratch.second);
        let mut arguments = Arguments::new();
        let found = match (source, from) {
            // AT_EMPTY_PATH: the descriptor's own file.
            (b"", Base::Descriptor(descriptor)) => first.resolve_descriptor(descriptor),
            _ => first.resolve(from, source, follow, call.policy.image.knows_inodes()),
        };
        if found.is_ok() {
            arguments.push(Value::path(first.as_bytes()).named(arg::SRC));
        }
        if second.resolve(to, target, false, false).is_ok() {
            arguments.push(Value::path(second.as_bytes()).named(arg::DST));
        }
        arguments.push(Value::path(source).named(arg::RAW_SRC));
        arguments.push(Value::path(target).named(arg::RAW_DST));
        call.judge(arguments.as_slice(), first.inode, false, &mut block.record)
    })
}
