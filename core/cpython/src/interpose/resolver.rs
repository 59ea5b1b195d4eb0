//! The environment of libc's resolver: variables by which a program leads a name elsewhere than the machine does (resolver(3),
//! hostname(7)).
//!
//! The resolver reads them when it is initialised, once a thread, so that what was set and taken away again may still hold.
//! Once one of them was there, nothing that is looked up in this process, or in what it forks, is taken for the machine's word.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::real::next;

/// Domains to search, and other names for hosts.
const LEADING: [&CStr; 2] = [c"LOCALDOMAIN", c"HOSTALIASES"];
/// Options, of which one says which names are searched for in the domains first.
const OPTIONS: &CStr = c"RES_OPTIONS";
const LEADING_OPTION: &[u8] = b"ndots";

static WAS_LED: AtomicBool = AtomicBool::new(false);

/// Whether the program's environment has, or had, a say in where names lead.
pub(super) fn is_led() -> bool {
    if !WAS_LED.load(Ordering::Relaxed) && is_led_now() {
        WAS_LED.store(true, Ordering::Relaxed);
    }
    WAS_LED.load(Ordering::Relaxed)
}

fn is_led_now() -> bool {
    // SAFETY: names and values are NUL-terminated; the environment is read as the resolver itself is about to read it.
    unsafe {
        LEADING
            .iter()
            .any(|name| !libc::getenv(name.as_ptr()).is_null())
            || {
                let options = libc::getenv(OPTIONS.as_ptr());
                !options.is_null()
                    && CStr::from_ptr(options)
                        .to_bytes()
                        .windows(LEADING_OPTION.len())
                        .any(|part| part == LEADING_OPTION)
            }
    }
}

/// Takes note of what is there before one of the variables is replaced or taken away. Of another variable's change nothing is
/// noted: threads may change the environment at a time, and must not be made to read it meanwhile.
///
/// # Safety
/// `text` is null, or NUL-terminated and begins with the variable's name.
unsafe fn note_change(text: *const c_char) {
    if text.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    let name = text.split(|byte| *byte == b'=').next().unwrap_or(text);
    if LEADING
        .iter()
        .chain([&OPTIONS])
        .any(|leading| leading.to_bytes() == name)
    {
        is_led();
    }
}

/// setenv(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn setenv(
    name: *const c_char,
    value: *const c_char,
    overwrite: c_int,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        note_change(name);
        next!(c"setenv": fn(*const c_char, *const c_char, c_int) -> c_int)(name, value, overwrite)
    }
}

/// putenv(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn putenv(text: *mut c_char) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        note_change(text);
        next!(c"putenv": fn(*mut c_char) -> c_int)(text)
    }
}

/// unsetenv(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn unsetenv(name: *const c_char) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        note_change(name);
        next!(c"unsetenv": fn(*const c_char) -> c_int)(name)
    }
}

/// clearenv(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn clearenv() -> c_int {
    is_led();
    // SAFETY: passed on to the caller.
    unsafe { next!(c"clearenv": fn() -> c_int)() }
}
