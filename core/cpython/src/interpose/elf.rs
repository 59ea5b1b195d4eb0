//! Looking at a program before it is executed: whether this library will be in it.

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

use audithook_coverage::{
    CAPABLE, Coverage, HEAD, MOST_INTERPRETERS, OTHER_IDS, PRIVILEGED, Program,
};

use crate::paths::{Base, ProcLink, Resolved};

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
    // SAFETY: these cannot fail and have no side effects.
    if unsafe { libc::geteuid() != libc::getuid() || libc::getegid() != libc::getgid() } {
        return OTHER_IDS;
    }
    for _ in 0..MOST_INTERPRETERS {
        // SAFETY: the caller's path, or a resolved one, which is NUL-terminated.
        let Some((length, secure)) = (unsafe { read_head(directory, current, head) }) else {
            return Coverage::Followed;
        };
        if let Some(secure) = secure {
            return secure;
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

/// The first bytes of a file, none if it may only be executed, and why the loader would ignore LD_PRELOAD.
///
/// # Safety
/// `path` is NUL-terminated.
unsafe fn read_head(
    directory: c_int,
    path: *const c_char,
    head: &mut [u8; HEAD],
) -> Option<(usize, Option<Coverage>)> {
    // SAFETY: the caller's promise, the buffers are writable for their lengths, the descriptor is closed; raw
    // system calls, because `open` is one of the functions this library stands in front of.
    unsafe {
        let open = |flags: c_int| {
            let flags = flags | libc::O_CLOEXEC;
            libc::syscall(libc::SYS_openat, directory, path, flags, 0) as c_int
        };
        let mut descriptor = open(libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY);
        let readable = descriptor >= 0;
        if !readable {
            descriptor = open(libc::O_PATH);
        }
        if descriptor < 0 {
            return None;
        }
        let mut status = MaybeUninit::<libc::stat>::zeroed();
        let known = libc::fstat(descriptor, status.as_mut_ptr()) == 0;
        let status = status.assume_init();
        let mut length = -1;
        let mut capable = false;
        if known && status.st_mode & libc::S_IFMT == libc::S_IFREG {
            length = if readable {
                libc::pread(descriptor, head.as_mut_ptr().cast(), head.len(), 0)
            } else {
                0
            };
            // Whoever is really root has no more of them than before.
            capable = libc::getuid() != 0 && has_capabilities(descriptor);
        }
        libc::syscall(libc::SYS_close, descriptor);
        let length = usize::try_from(length).ok()?;
        let as_user = status.st_mode & libc::S_ISUID != 0 && status.st_uid != libc::geteuid();
        let as_group = status.st_mode & libc::S_ISGID != 0 && status.st_gid != libc::getegid();
        let secure = if as_user || as_group {
            Some(PRIVILEGED)
        } else {
            capable.then_some(CAPABLE)
        };
        Some((length, secure))
    }
}

/// Whether a file gives capabilities to who executes it (capabilities(7)), asked by its place in `/proc`: the descriptor may be
/// one that only names the file.
fn has_capabilities(descriptor: c_int) -> bool {
    let own = ProcLink::new(descriptor);
    // SAFETY: both texts are NUL-terminated; nothing is written for a size of 0. A raw system call, because `getxattr` is one of
    // the functions that this library stands in front of.
    unsafe {
        libc::syscall(
            libc::SYS_getxattr,
            own.as_ptr(),
            c"security.capability".as_ptr(),
            core::ptr::null_mut::<c_char>(),
            0,
        ) > 0
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
