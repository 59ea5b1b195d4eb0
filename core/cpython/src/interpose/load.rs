//! `dlopen`: an interpreter may come later than the program (embedding programs, frozen applications).
//!
//! libc takes the directories to search from the *caller's* RUNPATH, so a call that passes through here must not change
//! who the caller is. A name with a slash is not searched for; for one without, the call is passed on with the
//! caller's return address in place, and the look at what it brought is left to the next interposed call.

use core::ffi::{c_char, c_int, c_void};

use crate::real::{Next, next};
use crate::{load_check, modules, policy};

static DLOPEN: Next = Next::new(c"dlopen");

/// libc's own `dlopen`.
///
/// # Safety
/// As in C.
pub(crate) unsafe fn real_dlopen(name: *const c_char, flags: c_int) -> *mut c_void {
    // SAFETY: passed on to the caller.
    unsafe { next!(c"dlopen": fn(*const c_char, c_int) -> *mut c_void)(name, flags) }
}

/// dlopen(3).
///
/// # Safety
/// As in C.
#[cfg(target_arch = "x86_64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void {
    core::arch::naked_asm!(
        // Keep the arguments, and the stack aligned to 16 bytes at the calls.
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {keeps_caller}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test rax, rax",
        "jz 2f",
        // The caller matters: libc returns straight to it.
        "jmp rax",
        "2:",
        "jmp {checked}",
        keeps_caller = sym caller_matters,
        checked = sym dlopen_checked,
    )
}

/// dlopen(3).
///
/// # Safety
/// As in C.
#[cfg(not(target_arch = "x86_64"))]
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void {
    // SAFETY: passed on to the caller.
    unsafe { dlopen_checked(name, flags) }
}

/// libc's `dlopen` if the caller's RUNPATH matters for this name; null if it does not.
#[cfg(target_arch = "x86_64")]
unsafe extern "C" fn caller_matters(name: *const c_char, _flags: c_int) -> *mut c_void {
    let has_slash = name.is_null() || {
        // SAFETY: the caller's promise: NUL-terminated.
        unsafe { core::ffi::CStr::from_ptr(name) }
            .to_bytes()
            .contains(&b'/')
    };
    if has_slash {
        return core::ptr::null_mut();
    }
    modules::changed();
    load_check::want();
    DLOPEN.address()
}

unsafe extern "C" fn dlopen_checked(name: *const c_char, flags: c_int) -> *mut c_void {
    // SAFETY: passed on to the caller.
    let handle = unsafe { real_dlopen(name, flags) };
    modules::changed();
    if !handle.is_null() {
        crate::begin_interpreter();
    }
    handle
}

/// dlclose(3): the addresses of a module that goes may come to mean something else.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn dlclose(handle: *mut c_void) -> c_int {
    // SAFETY: passed on to the caller.
    let result = unsafe { next!(c"dlclose": fn(*mut c_void) -> c_int)(handle) };
    modules::changed();
    if let Some(policy) = policy::loaded() {
        policy.forget();
    }
    result
}
