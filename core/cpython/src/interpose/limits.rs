//! The limits of another process (prlimit(2)): one that is given too little memory while it executes a program gets that without
//! this library, for the loader goes on where it finds no room.

use core::ffi::{c_int, c_uint, c_void};

use audithook_abi::Value;
use audithook_catalogue::{arg, event};

use super::call::{Call, answer};
use crate::process;
use crate::real::next;

macro_rules! prlimit_like {
    ($($name:ident $c_name:literal;)*) => {$(
        /// prlimit(2).
        ///
        /// # Safety
        /// As in C.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub(crate) unsafe extern "C" fn $name(
            process: libc::pid_t,
            resource: c_uint,
            new: *const c_void,
            old: *mut c_void,
        ) -> c_int {
            if !new.is_null() && is_refused(process, resource) {
                return -1;
            }
            // SAFETY: passed on to the caller.
            unsafe { next!($c_name: fn(libc::pid_t, c_uint, *const c_void, *mut c_void) -> c_int)(process, resource, new, old) }
        }
    )*};
}

prlimit_like! {
    prlimit c"prlimit";
    prlimit64 c"prlimit64";
}

/// Judges limits for a process. Its own are its own: what they leave room for is looked at when it executes a program.
fn is_refused(process: libc::pid_t, resource: c_uint) -> bool {
    if process == 0 || u32::try_from(process) == Ok(process::pid()) {
        return false;
    }
    let args = [
        Value::i64(process.into()).named(arg::PID),
        Value::i64(resource.into()).named(arg::RESOURCE),
    ];
    let refused = Call::of(event::PRLIMIT).is_some_and(|call| call.is_refused(&args));
    // As the kernel says it.
    answer(refused, libc::EPERM)
}
