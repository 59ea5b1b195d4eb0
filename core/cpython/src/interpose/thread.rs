//! Threads that the interpreter ends while they wait for it.
//!
//! A daemon thread that asks for the interpreter back while that finalises is ended with `pthread_exit`, which unwinds the
//! stack: through this library's frames, where unwinding aborts the process. Such a thread sleeps for ever instead, as
//! CPython 3.14 has it do; the process ends without it.

use core::ffi::c_void;

use crate::judge;
use crate::real::next;

/// pthread_exit(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C-unwind" fn pthread_exit(value: *mut c_void) -> ! {
    while judge::is_restoring() {
        // SAFETY: waits for a signal, and for the next.
        unsafe { libc::pause() };
    }
    // SAFETY: passed on to the caller.
    unsafe {
        let real = next!(c"pthread_exit": fn(*mut c_void));
        core::mem::transmute::<
            unsafe extern "C" fn(*mut c_void),
            unsafe extern "C-unwind" fn(*mut c_void) -> !,
        >(real)(value)
    }
}
