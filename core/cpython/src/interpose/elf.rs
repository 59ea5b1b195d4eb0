//! Whether this library can come along into a program: what the dynamic loader will make of it (ld.so(8)).

use core::ffi::c_int;
use core::mem::MaybeUninit;

use crate::paths::{Base, LONGEST, Resolved};

/// How many interpreters a script may name in a row, as in the kernel (BINPRM_MAX_RECURSION).
const MOST_INTERPRETERS: usize = 5;

/// How much of a file is looked at: headers stand at its beginning.
const HEAD: usize = 2048;

/// What becomes of this library in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// It is loaded.
    Followed,
    /// It is not loaded, for this reason; leaving it in the environment does no harm, and reaches the children.
    Lost(&'static str),
    /// It is not loaded, and must not be in the environment: the loader would fail, or complain.
    Unwelcome(&'static str),
}

/// Looks at a program. What cannot be read is taken to be followed: the program itself announces when it is.
pub(crate) fn inspect(program: &Resolved) -> Coverage {
    let mut head = [0; HEAD];
    let mut next = Resolved::root();
    let mut current = program;
    for _ in 0..MOST_INTERPRETERS {
        let Some((length, privileged)) = read_head(current, &mut head) else {
            return Coverage::Followed;
        };
        if privileged {
            return Coverage::Lost("set-user-id");
        }
        let head = &head[..length];
        let Some(line) = head.strip_prefix(b"#!") else {
            return inspect_elf(head);
        };
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or(line);
        let interpreter = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .find(|word| !word.is_empty())
            .unwrap_or(b"");
        let mut name = [0; LONGEST + 1];
        let length = interpreter.len().min(LONGEST);
        name[..length].copy_from_slice(&interpreter[..length]);
        if next
            .resolve(Base::Cwd, &name[..length], true, false)
            .is_err()
        {
            return Coverage::Followed;
        }
        current = &next;
    }
    Coverage::Followed
}

/// The first bytes of a file, and whether executing it changes who the process is.
fn read_head(program: &Resolved, head: &mut [u8; HEAD]) -> Option<(usize, bool)> {
    let mut path = [0; LONGEST + 1];
    let bytes = program.as_bytes();
    path[..bytes.len()].copy_from_slice(bytes);
    // SAFETY: the path is NUL-terminated, the buffers are writable for their lengths, the descriptor is closed; raw
    // system calls, because `open` is one of the functions this library stands in front of.
    unsafe {
        let descriptor = libc::syscall(
            libc::SYS_openat,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY,
            0,
        ) as c_int;
        if descriptor < 0 {
            return None;
        }
        let mut status = MaybeUninit::<libc::stat>::zeroed();
        let known = libc::fstat(descriptor, status.as_mut_ptr()) == 0;
        let status = status.assume_init();
        let mut length = -1;
        if known && status.st_mode & libc::S_IFMT == libc::S_IFREG {
            length = libc::pread(descriptor, head.as_mut_ptr().cast(), head.len(), 0);
        }
        libc::syscall(libc::SYS_close, descriptor);
        let length = usize::try_from(length).ok()?;
        let as_user = status.st_mode & libc::S_ISUID != 0 && status.st_uid != libc::geteuid();
        let as_group = status.st_mode & libc::S_ISGID != 0 && status.st_gid != libc::getegid();
        Some((length, as_user || as_group))
    }
}

fn inspect_elf(head: &[u8]) -> Coverage {
    const MACHINE: u16 = if cfg!(target_arch = "aarch64") {
        183
    } else {
        62
    };
    const PT_INTERP: u32 = 3;
    const PROGRAM_HEADER: usize = 56;

    let half = |at| bytes_at(head, at).map(u16::from_le_bytes);
    let word = |at| bytes_at(head, at).map(u32::from_le_bytes);
    let long = |at| bytes_at(head, at).map(u64::from_le_bytes);

    if !head.starts_with(b"\x7fELF") {
        // The kernel refuses it, or binfmt_misc runs something that announces itself.
        return Coverage::Followed;
    }
    // 64 bits, little-endian.
    if head.get(4..6) != Some(&[2, 1]) || half(18) != Some(MACHINE) {
        return Coverage::Unwelcome("other architecture");
    }
    let (Some(offset), Some(count)) = (long(32), half(56)) else {
        return Coverage::Followed;
    };
    for place in 0..usize::from(count) {
        let Some(start) = usize::try_from(offset)
            .ok()
            .and_then(|offset| offset.checked_add(place * PROGRAM_HEADER))
        else {
            return Coverage::Followed;
        };
        let Some(kind) = word(start) else {
            // Headers beyond what was read: not what any linker makes.
            return Coverage::Followed;
        };
        if kind != PT_INTERP {
            continue;
        }
        let (Some(at), Some(size)) = (
            long(start.saturating_add(8)),
            long(start.saturating_add(32)),
        ) else {
            return Coverage::Followed;
        };
        let loader = usize::try_from(at)
            .ok()
            .zip(usize::try_from(size).ok())
            .and_then(|(at, size)| head.get(at..at.checked_add(size)?));
        return match loader {
            Some(loader) if contains(loader, b"ld-linux") => Coverage::Followed,
            Some(_) => Coverage::Unwelcome("other C library"),
            None => Coverage::Followed,
        };
    }
    Coverage::Lost("static")
}

/// `N` bytes of a file that may say anything of where they are.
fn bytes_at<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(path: &str) -> Resolved {
        let mut resolved = Resolved::root();
        resolved
            .resolve(Base::Cwd, path.as_bytes(), true, false)
            .expect("it exists");
        resolved
    }

    #[test]
    fn a_dynamic_program_and_a_script_of_one_are_followed() {
        assert_eq!(inspect(&resolved("/bin/sh")), Coverage::Followed);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let script = directory.path().join("script");
        std::fs::write(&script, "#! /bin/sh -e\necho\n").expect("written");
        assert_eq!(
            inspect(&resolved(script.to_str().expect("UTF-8"))),
            Coverage::Followed
        );
        std::fs::write(&script, format!("#!{}\n", script.display())).expect("written");
        assert_eq!(
            inspect(&resolved(script.to_str().expect("UTF-8"))),
            Coverage::Followed
        );
    }

    #[test]
    fn static_foreign_and_torn_programs_are_told_apart() {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[18..20].copy_from_slice(
            &(if cfg!(target_arch = "aarch64") {
                183_u16
            } else {
                62
            })
            .to_le_bytes(),
        );
        assert_eq!(inspect_elf(&elf), Coverage::Lost("static"));
        elf[4] = 1;
        assert_eq!(inspect_elf(&elf), Coverage::Unwelcome("other architecture"));
        elf[4] = 2;
        elf[32..40].copy_from_slice(&64_u64.to_le_bytes());
        elf[56] = 1;
        assert_eq!(inspect_elf(&elf), Coverage::Followed);
        let mut header = vec![0; 56];
        header[0] = 3;
        header[8..16].copy_from_slice(&120_u64.to_le_bytes());
        header[32..40].copy_from_slice(&25_u64.to_le_bytes());
        elf.extend(&header);
        elf.extend(b"/lib/ld-musl-x86_64.so.1\0");
        assert_eq!(inspect_elf(&elf), Coverage::Unwelcome("other C library"));
        elf[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(inspect_elf(&elf), Coverage::Followed);
    }
}
