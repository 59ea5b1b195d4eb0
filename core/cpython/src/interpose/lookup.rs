//! Looking up hosts: what an allowed name resolves to becomes connectable, unless it leads where the policy forbids. Asking for
//! the name of an address tells a name server of it, as a connection would.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::offset_of;

use audithook_abi::{Symbol, Value, Verdict};
use audithook_catalogue::{arg, event};
use audithook_wire::flat::Name;

use super::call::{Call, announce, judging};
use super::{resolver, set_errno};
use crate::policy::Policy;
use crate::pool::Claim;
use crate::real::next;
use crate::{address, granted, judge, pending, process};

/// getaddrinfo(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    result: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: passed on to the caller.
    let lookup = unsafe { Lookup::begin(node) };
    if matches!(lookup, Lookup::Refused) {
        return refused_lookup();
    }
    // SAFETY: as above.
    let status = unsafe {
        next!(c"getaddrinfo": fn(*const c_char, *const c_char, *const libc::addrinfo, *mut *mut libc::addrinfo) -> c_int)(
            node, service, hints, result,
        )
    };
    let Lookup::Watched { policy, name } = lookup else {
        return status;
    };
    if status != 0 {
        return status;
    }
    let keep = process::KeepErrno::new();
    let mut refused = None;
    // SAFETY: a successful lookup gives a list of answers, which freeaddrinfo frees node by node: a node that is taken
    // out of the list is freed as a list of its own.
    unsafe {
        let mut link = result;
        while let Some(answer) = (*link).as_mut() {
            match address_of(answer.ai_addr)
                .map(|address| (address, policy.image.judge_answer(name, &address)))
            {
                Some((address, judgement)) if judgement.verdict.refuses() => {
                    refused = Some((address, judgement.rules().first().copied()));
                    *link = answer.ai_next;
                    answer.ai_next = core::ptr::null_mut();
                    libc::freeaddrinfo(answer);
                    continue;
                }
                Some((address, _)) => {
                    take_answer(policy, name, &address);
                }
                None => {}
            }
            link = &raw mut answer.ai_next;
        }
        if let Some((address, rule)) = refused {
            record_answer(policy, name, &address, rule, Verdict::Deny);
            if (*result).is_null() {
                drop(keep);
                return refused_lookup();
            }
        }
    }
    drop(keep);
    status
}

/// The result that Python turns into a PermissionError, as everywhere else.
fn refused_lookup() -> c_int {
    set_errno(libc::EACCES);
    libc::EAI_SYSTEM
}

type ReentrantLookup = unsafe extern "C" fn(
    *const c_char,
    *mut libc::hostent,
    *mut c_char,
    usize,
    *mut *mut libc::hostent,
    *mut c_int,
) -> c_int;

const HOST_NOT_FOUND: c_int = 1;

/// gethostbyname_r(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn gethostbyname_r(
    node: *const c_char,
    entry: *mut libc::hostent,
    buffer: *mut c_char,
    length: usize,
    result: *mut *mut libc::hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: passed on to the caller.
    let lookup = unsafe { Lookup::begin(node) };
    let refuse = || {
        // SAFETY: the caller's out parameters.
        unsafe {
            *result = core::ptr::null_mut();
            *error = HOST_NOT_FOUND;
        }
        libc::ENOENT
    };
    if matches!(lookup, Lookup::Refused) {
        return refuse();
    }
    // SAFETY: as above.
    let status = unsafe {
        let real: ReentrantLookup = next!(c"gethostbyname_r": fn(*const c_char, *mut libc::hostent, *mut c_char, usize, *mut *mut libc::hostent, *mut c_int) -> c_int);
        real(node, entry, buffer, length, result, error)
    };
    if let Lookup::Watched { policy, name } = lookup
        && status == 0
        // SAFETY: on success the result is null or the entry that was filled in.
        && !unsafe { all_may_be_used(policy, name, *result) }
    {
        return refuse();
    }
    status
}

/// gethostbyname(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn gethostbyname(node: *const c_char) -> *mut libc::hostent {
    // SAFETY: passed on to the caller.
    let lookup = unsafe { Lookup::begin(node) };
    if matches!(lookup, Lookup::Refused) {
        return core::ptr::null_mut();
    }
    // SAFETY: as above.
    let entry = unsafe { next!(c"gethostbyname": fn(*const c_char) -> *mut libc::hostent)(node) };
    match lookup {
        // SAFETY: the result is null or libc's static entry.
        Lookup::Watched { policy, name } if !unsafe { all_may_be_used(policy, name, entry) } => {
            core::ptr::null_mut()
        }
        _ => entry,
    }
}

/// getnameinfo(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn getnameinfo(
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    host: *mut c_char,
    host_length: libc::socklen_t,
    service: *mut c_char,
    service_length: libc::socklen_t,
    flags: c_int,
) -> c_int {
    let asks = flags & libc::NI_NUMERICHOST == 0 && !host.is_null() && host_length > 0;
    // SAFETY: passed on to the caller; libc does not read an address that is shorter than its family's, either.
    if asks && unsafe { name_is_refused(sockaddr_of(address, length)) } {
        return refused_lookup();
    }
    // SAFETY: passed on to the caller.
    unsafe {
        next!(c"getnameinfo": fn(*const libc::sockaddr, libc::socklen_t, *mut c_char, libc::socklen_t, *mut c_char, libc::socklen_t, c_int) -> c_int)(
            address,
            length,
            host,
            host_length,
            service,
            service_length,
            flags,
        )
    }
}

/// gethostbyaddr_r(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn gethostbyaddr_r(
    address: *const c_void,
    address_length: libc::socklen_t,
    family: c_int,
    entry: *mut libc::hostent,
    buffer: *mut c_char,
    length: usize,
    result: *mut *mut libc::hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: passed on to the caller.
    if name_is_refused(unsafe { bytes_of(address, address_length) }) {
        // SAFETY: the caller's out parameters.
        unsafe {
            *result = core::ptr::null_mut();
            *error = HOST_NOT_FOUND;
        }
        return libc::ENOENT;
    }
    // SAFETY: passed on to the caller.
    unsafe {
        next!(c"gethostbyaddr_r": fn(*const c_void, libc::socklen_t, c_int, *mut libc::hostent, *mut c_char, usize, *mut *mut libc::hostent, *mut c_int) -> c_int)(
            address,
            address_length,
            family,
            entry,
            buffer,
            length,
            result,
            error,
        )
    }
}

/// gethostbyaddr(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn gethostbyaddr(
    address: *const c_void,
    length: libc::socklen_t,
    family: c_int,
) -> *mut libc::hostent {
    // SAFETY: passed on to the caller.
    if name_is_refused(unsafe { bytes_of(address, length) }) {
        return core::ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe {
        next!(c"gethostbyaddr": fn(*const c_void, libc::socklen_t, c_int) -> *mut libc::hostent)(
            address, length, family,
        )
    }
}

/// Whether the name of an address must not be asked for. `None` is for what no name server is asked about.
fn name_is_refused(address: Option<[u8; 16]>) -> bool {
    let Some(address) = address else {
        return false;
    };
    announce();
    let restricts = |(policy, _): (&Policy, _)| policy.image.restricts_network();
    if !judging().is_some_and(restricts) {
        return false;
    }
    let mut text = [0; 46];
    let text = address::write_address(&address, &mut text);
    is_refused(event::SOCKET_GETHOSTBYADDR, text)
}

/// The address that so many bytes are.
///
/// # Safety
/// `address` is null, or readable for `length` bytes.
unsafe fn bytes_of(address: *const c_void, length: libc::socklen_t) -> Option<[u8; 16]> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller's promise; bytes have no alignment.
    unsafe {
        match length {
            4 => Some(mapped(address.cast::<[u8; 4]>().read())),
            16 => Some(address.cast::<[u8; 16]>().read()),
            _ => None,
        }
    }
}

/// The address in a sockaddr, if it is as long as libc wants it.
///
/// # Safety
/// `address` is null, or readable for `length` bytes.
unsafe fn sockaddr_of(address: *const libc::sockaddr, length: libc::socklen_t) -> Option<[u8; 16]> {
    let length = length as usize;
    if address.is_null() || length < size_of::<libc::sa_family_t>() {
        return None;
    }
    // SAFETY: the caller's promise; each part lies within the length that was compared.
    unsafe {
        match c_int::from(address.cast::<libc::sa_family_t>().read_unaligned()) {
            libc::AF_INET if length >= size_of::<libc::sockaddr_in>() => {
                let place = offset_of!(libc::sockaddr_in, sin_addr);
                bytes_of(address.byte_add(place).cast(), 4)
            }
            // The scope came with RFC 2553: glibc takes an address without.
            libc::AF_INET6 if length >= offset_of!(libc::sockaddr_in6, sin6_scope_id) => {
                let place = offset_of!(libc::sockaddr_in6, sin6_addr);
                bytes_of(address.byte_add(place).cast(), 16)
            }
            _ => None,
        }
    }
}

/// What is to be done about a lookup.
enum Lookup<'n> {
    /// Nothing: the policy does not speak of hosts, or this is not an interpreter's process.
    Free,
    /// The answers are judged, and remembered.
    Watched {
        policy: &'static Policy,
        name: &'n [u8],
    },
    Refused,
}

impl<'n> Lookup<'n> {
    /// # Safety
    /// `node` is null or NUL-terminated and lives for `'n`.
    unsafe fn begin(node: *const c_char) -> Self {
        announce();
        if node.is_null() {
            return Self::Free;
        }
        let Some((policy, _)) = judging() else {
            return Self::Free;
        };
        let _errno = process::KeepErrno::new();
        // SAFETY: the caller's promise.
        let name = unsafe { CStr::from_ptr(node) }.to_bytes();
        if name.is_empty() || !policy.image.restricts_network() {
            return Self::Free;
        }
        pending::forget_answers();
        if is_refused(event::SOCKET_GETADDRINFO, name) {
            return Self::Refused;
        }
        Self::Watched { policy, name }
    }
}

/// Judges a lookup that the hook has not seen. Returns whether it is refused.
fn is_refused(symbol: Symbol, host: &[u8]) -> bool {
    !pending::take_lookup(host)
        && Call::of(symbol)
            .is_some_and(|call| call.is_refused(&[Value::str(host).named(arg::HOST)]))
}

/// An answer that the policy does not refuse: the name speaks for it, unless the program had a say in where it leads. Then
/// a connection to it is judged by its address alone.
fn take_answer(policy: &'static Policy, name: &[u8], address: &[u8; 16]) {
    pending::add_answer(address);
    if !resolver::is_led() {
        granted::grant(name, address);
    } else if policy.image.names_hosts() {
        record_answer(policy, name, address, None, Verdict::Allow);
    }
}

/// Why a name does not speak for the addresses that it led to.
const LED: &[u8] = b"the name does not speak for its address: LOCALDOMAIN, HOSTALIASES or RES_OPTIONS may have led it there";

/// Records an answer for an allowed name that does not count as one: it led where it must not, or was led there.
fn record_answer(
    policy: &'static Policy,
    name: &[u8],
    address: &[u8; 16],
    rule: Option<u32>,
    verdict: Verdict,
) {
    let mut text = [0; 46];
    let text = address::write_address(address, &mut text);
    let args = [
        Value::str(name).named(arg::HOST),
        Value::str(text).named(arg::ADDRESS),
        Value::str(LED).named(arg::REASON),
    ];
    let args = if verdict.refuses() {
        &args[..2]
    } else {
        &args[..]
    };
    let Some(mut claim) = Claim::new() else {
        return;
    };
    judge::record_refusal(
        policy,
        Name::Known(event::SOCKET_GETADDRINFO),
        args,
        rule,
        verdict,
        &mut claim.block().record,
    );
}

/// Whether every address of the entry may be used; remembers them if so.
///
/// # Safety
/// `entry` is null or a filled-in hostent.
unsafe fn all_may_be_used(
    policy: &'static Policy,
    name: &[u8],
    entry: *const libc::hostent,
) -> bool {
    // SAFETY: the caller's promise.
    let Some(entry) = (unsafe { entry.as_ref() }) else {
        return true;
    };
    let mut place = entry.h_addr_list;
    if place.is_null() {
        return true;
    }
    loop {
        // SAFETY: a null-terminated array of addresses of `h_length` bytes.
        let bytes = unsafe {
            let address = place.read();
            if address.is_null() {
                return true;
            }
            place = place.add(1);
            core::slice::from_raw_parts(address.cast::<u8>(), entry.h_length as usize)
        };
        let address = match *bytes {
            [a, b, c, d] => mapped([a, b, c, d]),
            _ => match bytes.try_into() {
                Ok(address) => address,
                Err(_) => continue,
            },
        };
        let judgement = policy.image.judge_answer(name, &address);
        if judgement.verdict.refuses() {
            record_answer(
                policy,
                name,
                &address,
                judgement.rules().first().copied(),
                Verdict::Deny,
            );
            return false;
        }
        take_answer(policy, name, &address);
    }
}

/// The address in a sockaddr, IPv4 as `::ffff:a.b.c.d`.
///
/// # Safety
/// `address` is null or a sockaddr as long as its family says.
unsafe fn address_of(address: *const libc::sockaddr) -> Option<[u8; 16]> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe {
        match c_int::from((*address).sa_family) {
            libc::AF_INET => {
                let address = address.cast::<libc::sockaddr_in>().read_unaligned();
                Some(mapped(address.sin_addr.s_addr.to_ne_bytes()))
            }
            libc::AF_INET6 => {
                let address = address.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(address.sin6_addr.s6_addr)
            }
            _ => None,
        }
    }
}

fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}
