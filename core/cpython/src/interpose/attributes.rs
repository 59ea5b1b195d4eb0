//! What changes or reads a file's attributes: whether a symlink at the end is followed, the event does not say.
//!
//! Where the path ends in a symlink the hook leaves `os.chmod`, `os.chown`, `os.utime`, `os.setxattr`, `os.removexattr`,
//! `os.getxattr` and `os.listxattr` to these calls, which know.

use core::ffi::{CStr, c_char, c_int, c_void};

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::file_call::{FileCall, base};
use crate::paths::Base;
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
    /// fchmod(2). The descriptor may have come to stand for another file since the event.
    fchmod c"fchmod" (descriptor: c_int, mode: libc::mode_t)
        = OS_CHMOD, Base::Descriptor(descriptor), OWN, true, [mode_value(mode)] -> c_int;
    /// fchown(2).
    fchown c"fchown" (descriptor: c_int, uid: libc::uid_t, gid: libc::gid_t)
        = OS_CHOWN, Base::Descriptor(descriptor), OWN, true, [id(arg::UID, uid), id(arg::GID, gid)] -> c_int;
    /// futimes(3).
    futimes c"futimes" (descriptor: c_int, times: *const c_void)
        = OS_UTIME, Base::Descriptor(descriptor), OWN, true, [] -> c_int;
    /// futimens(3).
    futimens c"futimens" (descriptor: c_int, times: *const c_void)
        = OS_UTIME, Base::Descriptor(descriptor), OWN, true, [] -> c_int;
    /// fsetxattr(2).
    fsetxattr c"fsetxattr" (descriptor: c_int, name: *const c_char, value: *const c_void, size: usize, flags: c_int)
        = OS_SETXATTR, Base::Descriptor(descriptor), OWN, true, [attribute(name)] -> c_int;
    /// fremovexattr(2).
    fremovexattr c"fremovexattr" (descriptor: c_int, name: *const c_char)
        = OS_REMOVEXATTR, Base::Descriptor(descriptor), OWN, true, [attribute(name)] -> c_int;
}

/// No path: the descriptor's own file.
const OWN: *const c_char = core::ptr::null();

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
