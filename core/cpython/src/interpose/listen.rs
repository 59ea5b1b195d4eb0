//! Listening on a socket that was never bound: the kernel binds it then, to every address and a port of its choice.

use core::ffi::c_int;
use core::mem::size_of;

use audithook_abi::{Source, Value};
use audithook_catalogue::{self as catalogue, arg, event};
use audithook_wire::flat::Name;

use super::file_call::{Arguments, judge_as, judging};
use super::set_errno;
use crate::address::{self, Endpoint};
use crate::judge::Subject;
use crate::pool::Claim;
use crate::process;
use crate::real::next;

/// listen(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn listen(descriptor: c_int, backlog: c_int) -> c_int {
    if is_refused(descriptor) {
        set_errno(libc::EACCES);
        return -1;
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"listen": fn(c_int, c_int) -> c_int)(descriptor, backlog) }
}

/// Judges what listening binds as the bind that the program left out.
fn is_refused(descriptor: c_int) -> bool {
    let Some((policy, who)) = judging() else {
        return false;
    };
    let _errno = process::KeepErrno::new();
    let socket = address::describe_socket(descriptor);
    if !socket.is_internet() || is_bound(descriptor) {
        return false;
    }
    let symbol = event::SOCKET_BIND;
    let Some(info) = catalogue::info(symbol) else {
        return false;
    };
    let plan = policy.plan(symbol, info);
    if !plan.wanted() {
        return false;
    }
    let Some(mut claim) = Claim::new() else {
        return plan.judged();
    };
    let mut arguments = Arguments::new();
    arguments.push(Value::str(every_address(socket)).named(arg::HOST));
    arguments.push(Value::i64(0).named(arg::PORT));
    arguments.push(Value::str(socket.family_name()).named(arg::FAMILY));
    arguments.push(Value::str(socket.kind_name()).named(arg::KIND));
    let subject = Subject {
        name: Name::Known(symbol),
        plan,
        source: Source::Libc,
        args: arguments.as_slice(),
        inode: None,
        exempt: false,
    };
    judge_as(policy, &subject, who, &mut claim.block().record)
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
