//! The environment of a program that takes this library along, or does not.
//!
//! A child keeps the hook although its environment was cleared or LD_PRELOAD overwritten: the environment is completed
//! in the thread's room, for nothing may be allocated between `vfork` and `exec`, and a thread's stack may be small.

use core::ffi::{CStr, c_char, c_int};

use audithook_matcher::NO_ROOM;

use super::follow::Strings;
use crate::room::{LONGEST_PRELOAD, Pointers};
use crate::{environment, process};

/// The variable that names the libraries to load first (ld.so(8)).
pub(super) const NAME: &[u8] = b"LD_PRELOAD";
const LIBRARY: &[u8] = b"libaudithook_cpython.so";

/// Whether a program that is started now would find this library: below another root it does not, nor does a user who may not
/// read it, nor anybody once it was moved or a directory above it closed.
pub(super) fn is_within_reach() -> bool {
    let path = process::run_file(LIBRARY);
    // Opened as the loader does, by the effective user; a raw system call, because `open` is one of the functions that this
    // library stands in front of.
    // SAFETY: the path is NUL-terminated; the descriptor is closed; the location of `errno` is this thread's own.
    unsafe {
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        let descriptor = libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0);
        if descriptor < 0 {
            // The program that is started may have descriptors left.
            return matches!(*libc::__errno_location(), libc::EMFILE | libc::ENFILE);
        }
        libc::syscall(libc::SYS_close, descriptor);
        true
    }
}

/// What the library and libc take is a fraction of this. Where there is less, the loader may leave the library out and go on, and
/// the program raise its limit again.
const LEAST: [(libc::__rlimit_resource_t, libc::rlim_t, &str); 2] = [
    (libc::RLIMIT_AS, 32 << 20, NO_ROOM[0]),
    (libc::RLIMIT_DATA, 4 << 20, NO_ROOM[1]),
];

/// Why a program that is started now may find no room for this library, by the limits of this process.
pub(super) fn lack_of_room() -> Option<&'static str> {
    LEAST
        .iter()
        .find(|(resource, least, _)| soft_limit(*resource).is_none_or(|limit| limit < *least))
        .map(|(_, _, reason)| *reason)
}

fn soft_limit(resource: libc::__rlimit_resource_t) -> Option<libc::rlim_t> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let nothing = core::ptr::null::<libc::rlimit>();
    // SAFETY: asks for a limit of this process; `limit` is writable.
    let failed =
        unsafe { libc::syscall(libc::SYS_prlimit64, 0, resource, nothing, &raw mut limit) } != 0;
    (!failed).then_some(limit.rlim_cur)
}

/// Calls `run` with an environment in which LD_PRELOAD begins with this library, or does not have it. Gives an error's number
/// if there is no memory for it.
///
/// # Safety
/// `envp` is null or a null-terminated array of strings.
pub(super) unsafe fn with_environment(
    text: &mut [u8; LONGEST_PRELOAD],
    entries: &mut Pointers,
    envp: Strings,
    take_along: bool,
    run: impl FnOnce(Strings) -> c_int,
) -> Result<c_int, c_int> {
    let path = process::run_file(LIBRARY);
    let path = path.split(|byte| *byte == 0).next().unwrap_or(&path);
    // SAFETY: the caller's promise.
    let (count, mut values) = unsafe {
        let values = environment::entries(envp)
            .filter_map(|entry| entry.strip_prefix(NAME)?.strip_prefix(b"="));
        (environment::pointers(envp).count(), values)
    };
    // The loader goes by the last of several: they are made one, so that nothing else decides.
    let first = values.next();
    let last = values.last();
    let value = last.or(first);
    let others = match value {
        Some(value) => {
            let is_first = value
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || matches!(rest.first(), Some(b':' | b' ')));
            let is_right = is_first == take_along && (take_along || !contains(value, path));
            if is_right && last.is_none() {
                return Ok(run(envp));
            }
            if is_first {
                value.get(path.len() + 1..).unwrap_or(b"")
            } else {
                value
            }
        }
        None if take_along => b"",
        None => return Ok(run(envp)),
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
    // Room for one more entry and the null.
    let block = entries.of(count + 2).ok_or(libc::ENOMEM)?;
    // SAFETY: the caller's promise.
    let others = unsafe { environment::pointers(envp) }.filter(|entry| {
        // SAFETY: an entry of the environment is NUL-terminated.
        let name = unsafe { CStr::from_ptr(*entry) }
            .to_bytes()
            .strip_prefix(NAME);
        name.is_none_or(|rest| !rest.starts_with(b"="))
    });
    let all = others.chain(entry).chain([core::ptr::null()]);
    for (place, entry) in block.iter_mut().zip(all) {
        *place = entry;
    }
    let result = run(block.as_ptr());
    entries.give_back();
    Ok(result)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}
