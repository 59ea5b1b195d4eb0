//! Unix sockets by a relative path: hooks of the program run after ours, and may change the directory that it begins at. Every
//! other address is what the event says, for CPython copies it right before.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::call::{Arguments, Call, answer};
use crate::address;
use crate::paths::Base;
use crate::pending;
use crate::real::next;

/// connect(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn connect(
    socket: c_int,
    to: *const libc::sockaddr,
    length: libc::socklen_t,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        if is_refused(event::SOCKET_CONNECT, socket, to, length) {
            return -1;
        }
        next!(c"connect": fn(c_int, *const libc::sockaddr, libc::socklen_t) -> c_int)(
            socket, to, length,
        )
    }
}

/// bind(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn bind(
    socket: c_int,
    to: *const libc::sockaddr,
    length: libc::socklen_t,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        if is_refused(event::SOCKET_BIND, socket, to, length) {
            return -1;
        }
        next!(c"bind": fn(c_int, *const libc::sockaddr, libc::socklen_t) -> c_int)(
            socket, to, length,
        )
    }
}

/// sendto(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn sendto(
    socket: c_int,
    data: *const c_void,
    size: usize,
    flags: c_int,
    to: *const libc::sockaddr,
    length: libc::socklen_t,
) -> isize {
    // SAFETY: passed on to the caller.
    unsafe {
        if is_refused(event::SOCKET_SENDTO, socket, to, length) {
            return -1;
        }
        next!(c"sendto": fn(c_int, *const c_void, usize, c_int, *const libc::sockaddr, libc::socklen_t) -> isize)(
            socket, data, size, flags, to, length,
        )
    }
}

/// sendmsg(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn sendmsg(
    socket: c_int,
    message: *const libc::msghdr,
    flags: c_int,
) -> isize {
    // SAFETY: passed on to the caller.
    unsafe {
        if let Some(header) = message.as_ref()
            && is_refused(
                event::SOCKET_SENDMSG,
                socket,
                header.msg_name.cast(),
                header.msg_namelen,
            )
        {
            return -1;
        }
        next!(c"sendmsg": fn(c_int, *const libc::msghdr, c_int) -> isize)(socket, message, flags)
    }
}

/// Judges what goes to a unix socket by a relative path. If it is refused, `errno` says so.
///
/// # Safety
/// `to` is null or readable for `length` bytes.
unsafe fn is_refused(
    symbol: Symbol,
    socket: c_int,
    to: *const libc::sockaddr,
    length: libc::socklen_t,
) -> bool {
    const PATH: usize = offset_of!(libc::sockaddr_un, sun_path);
    let length = (length as usize).min(size_of::<libc::sockaddr_un>());
    if to.is_null() || length <= PATH {
        return false;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(to.cast::<u8>(), length) };
    let family = u16::from_ne_bytes([bytes[0], bytes[1]]);
    let path = bytes[PATH..].split(|byte| *byte == 0).next().unwrap_or(b"");
    // An abstract name begins with a zero.
    if i32::from(family) != libc::AF_UNIX || path.is_empty() || path.starts_with(b"/") {
        return false;
    }
    let refused = Call::of(symbol).is_some_and(|call| judge(&call, socket, path));
    answer(refused, libc::EACCES)
}

fn judge(call: &Call, socket: c_int, path: &[u8]) -> bool {
    call.is_refused_in(|claim| {
        let block = claim.block();
        let resolved = &mut block.scratch.first;
        let socket = address::describe_socket(socket);
        let mut arguments = Arguments::new();
        arguments.push(Value::str(socket.family_name()).named(arg::FAMILY));
        arguments.push(Value::str(socket.kind_name()).named(arg::KIND));
        if resolved.resolve(Base::Cwd, path, true, false).is_ok() {
            arguments.push(Value::path(resolved.as_bytes()).named(arg::PATH));
        }
        let args = arguments.as_slice();
        // The hook has judged this very address.
        if pending::take_change(call.symbol, args) {
            return false;
        }
        call.judge(args, None, false, &mut block.record)
    })
}
