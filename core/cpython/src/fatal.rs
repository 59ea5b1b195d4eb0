//! What cannot go on ends the process, loudly: a process that the policy no longer reaches must not run.

use core::ffi::{CStr, c_int};

/// The exit status for a fault of audithook itself.
const FAULT: c_int = 125;

/// Ends the process because this library cannot do its work.
pub(crate) fn fault(parts: &[&[u8]]) -> ! {
    write_line(parts);
    // SAFETY: ends the process without running anything of the program.
    unsafe { libc::_exit(FAULT) }
}

/// Ends the process because libc lacks a function that this library stands in front of.
pub(crate) fn missing_function(name: &CStr) -> ! {
    fault(&[b"libc has no function `", name.to_bytes(), b"`"])
}

/// Writes `audithook: …` to stderr, in one call so that lines of several processes do not mix.
pub(crate) fn write_line(parts: &[&[u8]]) {
    let mut line = [0u8; 1024];
    let mut length = 0;
    let mut add = |part: &[u8]| {
        let count = part.len().min(line.len() - 1 - length);
        line[length..length + count].copy_from_slice(&part[..count]);
        length += count;
    };
    add(b"audithook: ");
    for part in parts {
        add(part);
    }
    line[length] = b'\n';
    // SAFETY: the buffer holds `length + 1` bytes; a failure has nobody to be told to.
    unsafe { libc::write(2, line.as_ptr().cast(), length + 1) };
}
