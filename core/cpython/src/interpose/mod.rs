//! The `libc` source: functions of libc that this library stands in front of, for what the audit hook cannot see.
//!
//! Every function does what libc's does, with the same results and the same `errno`, unless the policy refuses.

pub(crate) mod attributes;
mod call;
pub(crate) mod elf;
pub(crate) mod embed;
pub(crate) mod exec;
mod file_call;
pub(crate) mod files;
mod follow;
mod limits;
mod listen;
pub(crate) mod load;
pub(crate) mod lookup;
mod names;
mod passwords;
mod preload;
mod resolver;
mod roots;
mod shared_memory;
mod sockets;
pub(crate) mod spawn;
pub(crate) mod streams;
pub(crate) mod thread;

/// Sets `errno` for the caller.
pub(crate) fn set_errno(number: core::ffi::c_int) {
    // SAFETY: the location is this thread's own.
    unsafe { *libc::__errno_location() = number };
}

/// `errno` as the last call left it.
pub(crate) fn errno() -> core::ffi::c_int {
    // SAFETY: the location is this thread's own.
    unsafe { *libc::__errno_location() }
}
