//! The environment and what it says: `PATH`, and whether this library comes along into a child.

use core::ffi::{CStr, c_char, c_int};

use crate::paths::{Base, LONGEST, Resolved};
use crate::real;

/// The value of a variable of this process.
pub(crate) fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: the environment as libc keeps it: a null-terminated array of strings.
    unsafe { find_in(real::environment(), name.to_bytes()) }
}

/// The value of a variable in an environment block.
///
/// # Safety
/// `block` is null or a null-terminated array of NUL-terminated strings that outlive the result.
pub(crate) unsafe fn find_in<'e>(block: *const *const c_char, name: &[u8]) -> Option<&'e [u8]> {
    // SAFETY: the caller's promise.
    unsafe { entries(block) }.find_map(|entry| {
        let value = entry.strip_prefix(name)?.strip_prefix(b"=")?;
        Some(value)
    })
}

/// The entries of an environment block or argument vector.
///
/// # Safety
/// As for [`find_in`].
pub(crate) unsafe fn entries<'e>(block: *const *const c_char) -> impl Iterator<Item = &'e [u8]> {
    // SAFETY: the caller's promise.
    unsafe { pointers(block).map(|entry| CStr::from_ptr(entry).to_bytes()) }
}

/// The same as C has them.
///
/// # Safety
/// `block` is null or a null-terminated array that outlives the walk.
pub(crate) unsafe fn pointers(block: *const *const c_char) -> impl Iterator<Item = *const c_char> {
    let mut next = block;
    core::iter::from_fn(move || {
        if next.is_null() {
            return None;
        }
        // SAFETY: the caller's promise; the walk ends at the terminating null.
        unsafe {
            let entry = next.read();
            if entry.is_null() {
                return None;
            }
            next = next.add(1);
            Some(entry)
        }
    })
}

/// Finds a program as `execvpe` does: in the directories of `search`, or of the default path. Returns whether it is there.
pub(crate) fn find_program(
    name: &[u8],
    search: Option<&[u8]>,
    base: Base<'_>,
    found: &mut Resolved,
) -> bool {
    // What `os.defpath` and confstr(_CS_PATH) say.
    let search = search.unwrap_or(b"/bin:/usr/bin");
    if name.is_empty() {
        return false;
    }
    search.split(|byte| *byte == b':').any(|directory| {
        let mut candidate = [0; LONGEST + 1];
        let slash = usize::from(!directory.is_empty());
        let length = directory.len() + slash + name.len();
        if length > LONGEST {
            return false;
        }
        candidate[..directory.len()].copy_from_slice(directory);
        if slash == 1 {
            candidate[directory.len()] = b'/';
        }
        candidate[directory.len() + slash..length].copy_from_slice(name);
        found
            .resolve(base, &candidate[..length], true, false)
            .is_ok()
            && is_program(found)
    })
}

/// Whether the path names a file that may be executed.
pub(crate) fn is_program(path: &mut Resolved) -> bool {
    // SAFETY: the path is NUL-terminated.
    unsafe { is_program_at(libc::AT_FDCWD, path.as_c_str()) }
}

/// Whether the kernel would execute what the path names, from the directory given.
///
/// # Safety
/// `path` is NUL-terminated.
pub(crate) unsafe fn is_program_at(directory: c_int, path: *const c_char) -> bool {
    let mut status = core::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the caller's promise; `status` is writable, and all-zero is a valid value of it.
    unsafe {
        if libc::fstatat(directory, path, status.as_mut_ptr(), 0) != 0
            || status.assume_init().st_mode & libc::S_IFMT != libc::S_IFREG
        {
            return false;
        }
        // By the effective user, as execve(2) looks.
        let asked = libc::syscall(
            libc::SYS_faccessat2,
            directory,
            path,
            libc::X_OK,
            libc::AT_EACCESS,
        );
        // Kernels before 5.8 cannot say, nor do sandboxes that do not know the call (ENOSYS, EPERM): then it is judged.
        asked == 0
            || !matches!(
                *libc::__errno_location(),
                libc::EACCES | libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::ENAMETOOLONG
            )
    }
}
