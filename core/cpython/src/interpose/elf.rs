//! Looking at a program before it is executed: whether this library will be in it.

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

use audithook_coverage::{Coverage, HEAD, MOST_INTERPRETERS, PRIVILEGED, Program};

use crate::paths::{Base, Resolved};

/// Memory to look at a program with.
pub(crate) struct Inspection {
    interpreter: Resolved,
    head: [u8; HEAD],
}

/// Looks at a program as the kernel will find it. What cannot be read is taken to be followed: the program itself
/// announces when it is.
///
/// # Safety
/// `path` is NUL-terminated.
pub(crate) unsafe fn inspect(
    mut directory: c_int,
    path: *const c_char,
    memory: &mut Inspection,
) -> Coverage {
    let Inspection {
        interpreter: next,
        head,
    } = memory;
    let mut current = path;
    for _ in 0..MOST_INTERPRETERS {
        // SAFETY: the caller's path, or a resolved one, which is NUL-terminated.
        let Some((length, privileged)) = (unsafe { read_head(directory, current, head) }) else {
            return Coverage::Followed;
        };
        if privileged {
            return PRIVILEGED;
        }
        let interpreter = match audithook_coverage::read(&head[..length]) {
            Program::Binary(coverage) => return coverage,
            Program::Script(interpreter) => interpreter,
        };
        if next.resolve(Base::Cwd, interpreter, true, false).is_err() {
            return Coverage::Followed;
        }
        (directory, current) = (libc::AT_FDCWD, next.as_c_str());
    }
    Coverage::Followed
}

/// The first bytes of a file, and whether executing it changes who the process is.
///
/// # Safety
/// `path` is NUL-terminated.
unsafe fn read_head(
    directory: c_int,
    path: *const c_char,
    head: &mut [u8; HEAD],
) -> Option<(usize, bool)> {
    // SAFETY: the caller's promise, the buffers are writable for their lengths, the descriptor is closed; raw
    // system calls, because `open` is one of the functions this library stands in front of.
    unsafe {
        let descriptor = libc::syscall(
            libc::SYS_openat,
            directory,
            path,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(path: &str) -> Coverage {
        let mut memory = Inspection {
            interpreter: Resolved::root(),
            head: [0; HEAD],
        };
        // SAFETY: a resolved path is NUL-terminated.
        unsafe { inspect(libc::AT_FDCWD, resolved(path).as_c_str(), &mut memory) }
    }

    fn resolved(path: &str) -> Resolved {
        let mut resolved = Resolved::root();
        resolved
            .resolve(Base::Cwd, path.as_bytes(), true, false)
            .expect("it exists");
        resolved
    }

    #[test]
    fn a_dynamic_program_and_a_script_of_one_are_followed() {
        assert_eq!(inspected("/bin/sh"), Coverage::Followed);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let script = directory.path().join("script");
        std::fs::write(&script, "#! /bin/sh -e\necho\n").expect("written");
        assert_eq!(
            inspected(script.to_str().expect("UTF-8")),
            Coverage::Followed
        );
        std::fs::write(&script, format!("#!{}\n", script.display())).expect("written");
        assert_eq!(
            inspected(script.to_str().expect("UTF-8")),
            Coverage::Followed
        );
    }
}
