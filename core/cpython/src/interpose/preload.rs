//! The environment of a program that takes this library along, or does not.
//!
//! A child keeps the hook although its environment was cleared or LD_PRELOAD overwritten: the environment is completed
//! in memory that is there already, or on the stack, for nothing may be allocated between `vfork` and `exec`.

use core::ffi::{CStr, c_char, c_int};

use super::follow::Strings;
use super::set_errno;
use crate::room::{LONGEST_PRELOAD, MOST_POINTERS};
use crate::{environment, process};

/// The variable that names the libraries to load first (ld.so(8)).
pub(super) const NAME: &[u8] = b"LD_PRELOAD";
const LIBRARY: &[u8] = b"libaudithook_cpython.so";

/// Whether a program that is started now would find this library: from another root it does not.
pub(super) fn is_within_reach() -> bool {
    let path = process::run_file(LIBRARY);
    // SAFETY: the path is NUL-terminated.
    unsafe { libc::access(path.as_ptr().cast(), libc::R_OK) == 0 }
}

/// Calls `run` with an environment in which LD_PRELOAD begins with this library, or does not have it.
///
/// # Safety
/// `envp` is null or a null-terminated array of strings.
pub(super) unsafe fn with_environment(
    text: &mut [u8; LONGEST_PRELOAD],
    entries: &mut [*const c_char; MOST_POINTERS],
    envp: Strings,
    take_along: bool,
    run: impl FnOnce(Strings) -> c_int,
) -> c_int {
    let path = process::run_file(LIBRARY);
    let path = path.split(|byte| *byte == 0).next().unwrap_or(&path);
    // SAFETY: the caller's promise.
    let (count, value) = unsafe {
        (
            environment::entries(envp).count(),
            environment::find_in(envp, NAME),
        )
    };
    let others = match value {
        Some(value) => {
            let is_first = value
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || matches!(rest.first(), Some(b':' | b' ')));
            if is_first == take_along && (take_along || !contains(value, path)) {
                return run(envp);
            }
            if is_first {
                value.get(path.len() + 1..).unwrap_or(b"")
            } else {
                value
            }
        }
        None if take_along => b"",
        None => return run(envp),
    };
    let mut length = 0;
    let mut add = |part: &[u8]| {
        let end = (length + part.len()).min(LONGEST_PRELOAD - 1);
        text[length..end].copy_from_slice(&part[..end - length]);
        text[end] = 0;
        length = end;
    };
    add(NAME);
    add(b"=");
    if take_along {
        add(path);
        if !others.is_empty() {
            add(b":");
        }
    }
    add(others);
    let keep_entry = take_along || !others.is_empty();
    let entry = keep_entry.then_some(text.as_ptr().cast::<c_char>());
    // Room for one more entry and the null. An environment of more entries than most have is made on the stack.
    // SAFETY: the caller's promise; each array holds `count + 2` pointers.
    unsafe {
        match count + 2 {
            0..=MOST_POINTERS => run_with(entries, envp, entry, run),
            needed if needed <= 8192 => run_on_stack::<8192>(envp, entry, run),
            needed if needed <= 65536 => run_on_stack::<65536>(envp, entry, run),
            _ => {
                set_errno(libc::E2BIG);
                -1
            }
        }
    }
}

/// # Safety
/// `envp` is null or a null-terminated array of at most `N - 2` strings.
#[inline(never)]
unsafe fn run_on_stack<const N: usize>(
    envp: Strings,
    entry: Option<*const c_char>,
    run: impl FnOnce(Strings) -> c_int,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { run_with(&mut [core::ptr::null(); N], envp, entry, run) }
}

/// # Safety
/// `envp` is null or a null-terminated array of strings, with at least two fewer than `block` has room for.
#[inline(never)]
unsafe fn run_with(
    block: &mut [*const c_char],
    envp: Strings,
    entry: Option<*const c_char>,
    run: impl FnOnce(Strings) -> c_int,
) -> c_int {
    let mut count = 0;
    let mut place = envp;
    // SAFETY: the caller's promise; the walk ends at the null, and `block` has room for every entry and the new one.
    unsafe {
        while !place.is_null() && !(*place).is_null() {
            let text = CStr::from_ptr(*place).to_bytes();
            if text
                .strip_prefix(NAME)
                .is_none_or(|rest| !rest.starts_with(b"="))
            {
                block[count] = *place;
                count += 1;
            }
            place = place.add(1);
        }
    }
    if let Some(entry) = entry {
        block[count] = entry;
        count += 1;
    }
    block[count] = core::ptr::null();
    run(block.as_ptr())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}
