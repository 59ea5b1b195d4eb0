//! Listening on a socket that was never bound: the kernel binds it then, to every address and a port of its choice.

use core::ffi::c_int;
use core::mem::size_of;

use audithook_abi::Value;
use audithook_catalogue::{arg, event};

use super::call::{Call, answer};
use crate::address::{self, Endpoint};
use crate::real::next;

/// listen(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn listen(descriptor: c_int, backlog: c_int) -> c_int {
    if answer(is_refused(descriptor), libc::EACCES) {
        return -1;
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"listen": fn(c_int, c_int) -> c_int)(descriptor, backlog) }
}

/// Judges what listening binds as the bind that the program left out.
fn is_refused(descriptor: c_int) -> bool {
    let Some(call) = Call::of(event::SOCKET_BIND) else {
        return false;
    };
    let socket = address::describe_socket(descriptor);
    socket.is_internet()
        && !is_bound(descriptor)
        && call.is_refused(&[
            Value::str(every_address(socket)).named(arg::HOST),
            Value::i64(0).named(arg::PORT),
            Value::str(socket.family_name()).named(arg::FAMILY),
            Value::str(socket.kind_name()).named(arg::KIND),
        ])
}

fn every_address(socket: Endpoint) -> &'static str {
    if socket.family == libc::AF_INET6 {
        "::"
    } else {
        "0.0.0.0"
    }
}

/// Whether a socket of the internet has its port already. One that cannot be asked has none.
fn is_bound(descriptor: c_int) -> bool {
    // SAFETY: all-zero is a valid address of either family; the kernel writes at most `length` bytes of it. Both families
    // have their port in the same place.
    unsafe {
        let mut own: libc::sockaddr_in6 = core::mem::zeroed();
        let mut length = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
        libc::getsockname(descriptor, (&raw mut own).cast(), &raw mut length) == 0
            && own.sin6_port != 0
    }
}
