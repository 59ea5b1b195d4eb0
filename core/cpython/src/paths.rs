//! Resolves paths as the kernel would, without allocating and without keeping a descriptor.
//!
//! A path is judged by what it names, so symlinks, `..` and the caller's directory must be gone first. The common
//! case costs one `openat2` that refuses symlinks: where it succeeds, the path's text is already the truth. Everything
//! else is walked component by component with `readlink`, which also reads procfs's magic links (`/proc/self/root`).

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

use crate::interpose::errno;
use crate::process;

/// The longest resolved path, in bytes: PATH_MAX without its NUL.
pub(crate) const LONGEST: usize = 4095;

/// How many symlinks one path may pass, as in the kernel (MAXSYMLINKS).
const MOST_LINKS: usize = 40;

/// Where a relative path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base<'a> {
    /// The working directory.
    Cwd,
    /// The directory behind a descriptor.
    Descriptor(c_int),
    /// A directory by its absolute path.
    Directory(&'a [u8]),
}

/// A resolved path: absolute, without symlinks, `.`, `..` or doubled slashes.
#[derive(Clone)]
pub(crate) struct Resolved {
    bytes: [u8; LONGEST + 1],
    length: usize,
    /// Device and inode, where the file has several names and the caller asked.
    pub(crate) inode: Option<(u64, u64)>,
    /// The path's last component was a symlink, and was followed.
    pub(crate) ended_in_link: bool,
}

/// Why a path cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// The kernel will refuse it by itself: it is longer than PATH_MAX, passes too many links, begins at no descriptor, or
    /// lies in a directory that was removed.
    Futile,
    /// It names no file: a pipe, a socket, an anonymous inode.
    NoFile,
    /// What it names may be there, and cannot be told: a directory outside the root, or deeper than a path can say.
    Unknown,
}

impl Resolved {
    /// The path.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The path as C takes it.
    pub(crate) fn as_c_str(&mut self) -> *const c_char {
        self.bytes[self.length] = 0;
        self.bytes.as_ptr().cast()
    }

    /// A place for a path, holding `/`.
    pub(crate) const fn root() -> Self {
        let mut bytes = [0; LONGEST + 1];
        bytes[0] = b'/';
        Self {
            bytes,
            length: 1,
            inode: None,
            ended_in_link: false,
        }
    }

    /// Resolves `raw`. A last symlink is followed if `follow` says so, or if `raw` ends in a slash.
    /// `want_inode` asks for [`Resolved::inode`].
    pub(crate) fn resolve(
        &mut self,
        base: Base<'_>,
        raw: &[u8],
        follow: bool,
        want_inode: bool,
    ) -> Result<(), Unresolved> {
        self.inode = None;
        self.ended_in_link = false;
        if raw.len() > LONGEST || raw.contains(&0) {
            return Err(Unresolved::Futile);
        }
        let follow = follow || raw.ends_with(b"/");
        self.bytes[0] = b'/';
        if raw.starts_with(b"/") {
            self.length = 1;
        } else {
            self.begin_at(base).map_err(|error| match base {
                // A removed directory is empty, and only `..` leads out of it.
                Base::Cwd if error == Unresolved::Futile && has_parent(raw) => Unresolved::Unknown,
                _ => error,
            })?;
        }
        if is_free_of_links(base, raw, follow, want_inode, &mut self.inode) {
            self.append_lexically(raw)?;
        } else {
            self.walk(raw, follow)?;
            if want_inode {
                self.inode = inode_of(self.as_bytes());
            }
        }
        self.name_own_process();
        Ok(())
    }

    /// `/proc/4242/…` of this process is `/proc/self/…`: that is how a policy names the caller.
    fn name_own_process(&mut self) {
        const PROC: &[u8] = b"/proc/";
        const OWN: &[u8] = b"/proc/self";
        let Some(rest) = self.as_bytes().strip_prefix(PROC) else {
            return;
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || !matches!(rest.get(digits), None | Some(b'/')) {
            return;
        }
        let number = rest[..digits].iter().try_fold(0_u32, |number, digit| {
            number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
        });
        let (start, end) = (PROC.len() + digits, self.length);
        let length = OWN.len() + end - start;
        if number != Some(process::pid()) || length > LONGEST {
            return;
        }
        self.bytes.copy_within(start..end, OWN.len());
        self.bytes[..OWN.len()].copy_from_slice(OWN);
        self.length = length;
    }

    /// Resolves the directory or file behind a descriptor.
    pub(crate) fn resolve_descriptor(&mut self, descriptor: c_int) -> Result<(), Unresolved> {
        self.begin_at(Base::Descriptor(descriptor))
    }

    /// Lends the memory for any text of at most `most` bytes; `write` says how many it wrote.
    pub(crate) fn hold(&mut self, most: usize, write: impl FnOnce(&mut [u8]) -> usize) -> &[u8] {
        let written = write(&mut self.bytes[..most.min(LONGEST)]);
        &self.bytes[..written.min(LONGEST)]
    }

    fn begin_at(&mut self, base: Base<'_>) -> Result<(), Unresolved> {
        match base {
            Base::Cwd => {
                // SAFETY: the buffer is writable for its length; the raw system call neither allocates nor keeps it.
                let length = unsafe {
                    libc::syscall(libc::SYS_getcwd, self.bytes.as_mut_ptr(), self.bytes.len())
                };
                if length < 0 && errno() == libc::ENOENT {
                    return Err(Unresolved::Futile);
                }
                // The length counts the NUL; a directory outside the root is given as `(unreachable)/…`.
                if length < 2 || self.bytes[0] != b'/' {
                    return Err(Unresolved::Unknown);
                }
                self.length = length as usize - 1;
                Ok(())
            }
            Base::Directory(path) => {
                if path.len() > LONGEST || !path.starts_with(b"/") {
                    return Err(Unresolved::Unknown);
                }
                self.bytes[0] = b'/';
                self.length = 1;
                self.walk(path, true)
            }
            Base::Descriptor(descriptor) => {
                let link = ProcLink::new(descriptor);
                // SAFETY: asking for the flags of whatever the number stands for changes nothing.
                if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } < 0 {
                    return Err(Unresolved::Futile);
                }
                let length = read_link(link.as_ptr(), &mut self.bytes)
                    .filter(|length| *length <= LONGEST)
                    .ok_or(Unresolved::Unknown)?;
                if self.bytes[0] != b'/' {
                    return Err(Unresolved::NoFile);
                }
                self.length = length;
                Ok(())
            }
        }
    }

    /// Adds components of which none is a symlink.
    fn append_lexically(&mut self, raw: &[u8]) -> Result<(), Unresolved> {
        for component in raw.split(|byte| *byte == b'/') {
            self.push(component)?;
        }
        Ok(())
    }

    /// Adds one component: nothing for `` and `.`, one less for `..`.
    fn push(&mut self, component: &[u8]) -> Result<(), Unresolved> {
        match component {
            b"" | b"." => Ok(()),
            b".." => {
                self.pop();
                Ok(())
            }
            name => {
                let slash = usize::from(self.length > 1);
                let end = self.length + slash + name.len();
                if end > LONGEST {
                    return Err(Unresolved::Unknown);
                }
                if slash == 1 {
                    self.bytes[self.length] = b'/';
                }
                self.bytes[self.length + slash..end].copy_from_slice(name);
                self.length = end;
                Ok(())
            }
        }
    }

    /// Takes the last component away. Always possible: the root's parent is the root.
    pub(crate) fn pop(&mut self) -> bool {
        let parent = self.as_bytes().iter().rposition(|byte| *byte == b'/');
        self.length = parent.unwrap_or(0).max(1);
        true
    }

    /// Walks `raw` from here, following symlinks as the kernel does.
    fn walk(&mut self, raw: &[u8], follow: bool) -> Result<(), Unresolved> {
        // What is still to be walked, kept at the end of the buffer: a link's target is put in front of it, and is read
        // into the room that is left there.
        let mut rest = [0; LONGEST + 1];
        let mut start = rest.len() - raw.len();
        rest[start..].copy_from_slice(raw);
        let mut links = 0;
        loop {
            while rest.get(start) == Some(&b'/') {
                start += 1;
            }
            if start >= rest.len() {
                return Ok(());
            }
            let end = rest[start..]
                .iter()
                .position(|byte| *byte == b'/')
                .map_or(rest.len(), |length| start + length);
            let is_last = rest[end..].iter().all(|byte| *byte == b'/');
            let before = self.length;
            self.push(&rest[start..end])?;
            start = end;
            if self.length <= before || (is_last && !follow) {
                continue;
            }
            let Some(length) = read_link(self.as_c_str(), &mut rest[..start]) else {
                continue;
            };
            links += 1;
            self.ended_in_link |= is_last;
            if links > MOST_LINKS {
                return Err(Unresolved::Futile);
            }
            if length >= start {
                // A target that fills the room may have been cut.
                return Err(Unresolved::Unknown);
            }
            let target = &rest[..length];
            if target.starts_with(b"/") {
                self.length = 1;
            } else if self.as_bytes().starts_with(b"/proc/") && target.contains(&b':') {
                // A magic link to what has no path: `pipe:[1]`, `socket:[2]`, `anon_inode:[eventfd]`.
                return Err(Unresolved::NoFile);
            } else {
                self.length = before;
            }
            // What follows keeps its leading slash, so the target's text joins it rightly.
            start -= length;
            rest.copy_within(..length, start);
        }
    }
}

/// Whether the path passes no symlink at all, so that its text can be taken as it is.
fn is_free_of_links(
    base: Base<'_>,
    raw: &[u8],
    follow: bool,
    want_inode: bool,
    inode: &mut Option<(u64, u64)>,
) -> bool {
    #[repr(C)]
    struct OpenHow {
        flags: u64,
        mode: u64,
        resolve: u64,
    }
    const RESOLVE_NO_MAGICLINKS: u64 = 2;
    const RESOLVE_NO_SYMLINKS: u64 = 4;

    let directory = match base {
        Base::Cwd => libc::AT_FDCWD,
        Base::Descriptor(descriptor) => descriptor,
        Base::Directory(_) if raw.starts_with(b"/") => libc::AT_FDCWD,
        Base::Directory(_) => return false,
    };
    let mut path = [const { MaybeUninit::<u8>::uninit() }; LONGEST + 1];
    // SAFETY: `raw` is at most LONGEST bytes, which leaves room for the NUL.
    unsafe {
        let path = path.as_mut_ptr().cast::<u8>();
        path.copy_from_nonoverlapping(raw.as_ptr(), raw.len());
        path.add(raw.len()).write(0);
    }
    let mut flags = libc::O_PATH | libc::O_CLOEXEC;
    if !follow {
        flags |= libc::O_NOFOLLOW;
    }
    if !want_inode {
        // Most paths name plain files: the kernel walks them and then refuses, which saves making and closing a descriptor.
        flags |= libc::O_DIRECTORY;
    }
    let how = OpenHow {
        flags: flags as u64,
        mode: 0,
        resolve: RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };
    // SAFETY: `path` begins with `raw`, which is at most LONGEST bytes, and a NUL; `how` is the kernel's
    // `struct open_how` with its size; both outlive the call.
    let descriptor = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            directory,
            path.as_ptr(),
            &raw const how,
            size_of::<OpenHow>(),
        )
    };
    if descriptor < 0 {
        let error = errno();
        // The walk came to no symlink (that is ELOOP) before it came to something that is missing or no directory.
        // Behind that there is nothing, unless `..` leads elsewhere.
        return !want_inode && matches!(error, libc::ENOTDIR | libc::ENOENT) && !has_parent(raw);
    }
    let descriptor = descriptor as c_int;
    if want_inode {
        *inode = inode_of_descriptor(descriptor);
    }
    // SAFETY: the descriptor was made above and is closed once; the raw call is no cancellation point.
    unsafe { libc::syscall(libc::SYS_close, descriptor) };
    true
}

/// Whether the path leads upwards somewhere.
fn has_parent(raw: &[u8]) -> bool {
    raw.split(|byte| *byte == b'/').any(|part| part == b"..")
}

fn inode_of_descriptor(descriptor: c_int) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `status` is writable; the descriptor is open.
    let failed = unsafe { libc::fstat(descriptor, status.as_mut_ptr()) } != 0;
    // SAFETY: all-zero is a valid `struct stat`, and fstat only overwrites it.
    let status = unsafe { status.assume_init() };
    several_names(failed, &status)
}

fn inode_of(path: &[u8]) -> Option<(u64, u64)> {
    let mut text = [0u8; LONGEST + 1];
    text.get_mut(..path.len())?.copy_from_slice(path);
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `text` is NUL-terminated because `path` is at most LONGEST bytes; `status` is writable.
    let failed = unsafe { libc::lstat(text.as_ptr().cast(), status.as_mut_ptr()) } != 0;
    // SAFETY: all-zero is a valid `struct stat`, and lstat only overwrites it.
    let status = unsafe { status.assume_init() };
    several_names(failed, &status)
}

fn several_names(failed: bool, status: &libc::stat) -> Option<(u64, u64)> {
    let regular = status.st_mode & libc::S_IFMT == libc::S_IFREG;
    (!failed && regular && status.st_nlink > 1).then_some((status.st_dev, status.st_ino))
}

/// Reads the text of a symlink; `None` if it is none, or cannot be read. Gives its length, which is that of `target` if it
/// may have been cut.
fn read_link(path: *const c_char, target: &mut [u8]) -> Option<usize> {
    // SAFETY: callers pass a NUL-terminated path; the buffer is writable for the length given.
    let length = unsafe { libc::readlink(path, target.as_mut_ptr().cast(), target.len()) };
    usize::try_from(length).ok().filter(|length| *length > 0)
}

/// `/proc/self/fd/N`, NUL-terminated.
pub(crate) struct ProcLink([u8; 32]);

impl ProcLink {
    pub(crate) fn new(descriptor: c_int) -> Self {
        const PREFIX: &[u8] = b"/proc/self/fd/";
        let mut text = [0; 32];
        text[..PREFIX.len()].copy_from_slice(PREFIX);
        let mut digits = [0u8; 10];
        let mut first = digits.len();
        let mut number = descriptor.max(0).cast_unsigned();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        let digits = &digits[first..];
        text[PREFIX.len()..PREFIX.len() + digits.len()].copy_from_slice(digits);
        Self(text)
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    fn resolve(raw: &str, follow: bool) -> Result<String, Unresolved> {
        let mut resolved = Resolved::root();
        resolved.resolve(Base::Cwd, raw.as_bytes(), follow, false)?;
        Ok(String::from_utf8(resolved.as_bytes().to_vec()).expect("ASCII in, ASCII out"))
    }

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a temporary directory");
            fs::create_dir_all(directory.path().join("a/b")).expect("made");
            fs::write(directory.path().join("a/b/file"), "x").expect("written");
            symlink("a/b", directory.path().join("link")).expect("linked");
            symlink("/etc", directory.path().join("a/etc")).expect("linked");
            symlink("loop", directory.path().join("loop")).expect("linked");
            symlink("missing/x", directory.path().join("dangling")).expect("linked");
            Self(directory)
        }

        fn path(&self, below: &str) -> String {
            let root = fs::canonicalize(self.0.path()).expect("it exists");
            if below.is_empty() {
                return root.display().to_string();
            }
            format!("{}/{below}", root.display())
        }
    }

    #[test]
    fn plain_paths_keep_their_text() {
        assert_eq!(resolve("/", true).unwrap(), "/");
        assert_eq!(
            resolve("//usr/./bin/../lib", true).unwrap(),
            fs::canonicalize("/usr/lib").unwrap().display().to_string()
        );
        assert_eq!(resolve("/../..", true).unwrap(), "/");
    }

    #[test]
    fn symlinks_are_followed_as_the_operation_follows_them() {
        let tree = Tree::new();
        assert_eq!(
            resolve(&tree.path("link/file"), true).unwrap(),
            tree.path("a/b/file")
        );
        assert_eq!(resolve(&tree.path("link"), true).unwrap(), tree.path("a/b"));
        assert_eq!(
            resolve(&tree.path("link"), false).unwrap(),
            tree.path("link")
        );
        assert_eq!(
            resolve(&tree.path("link/"), false).unwrap(),
            tree.path("a/b")
        );
        assert_eq!(
            resolve(&tree.path("link/../x"), true).unwrap(),
            tree.path("a/x")
        );
        assert_eq!(
            resolve(&tree.path("a/etc/hostname"), true).unwrap(),
            "/etc/hostname"
        );
        assert_eq!(
            resolve(&tree.path("dangling"), true).unwrap(),
            tree.path("missing/x")
        );
        assert_eq!(
            resolve(&tree.path("no/such/../file"), true).unwrap(),
            tree.path("no/file")
        );
        assert_eq!(resolve(&tree.path("loop"), true), Err(Unresolved::Futile));
    }

    #[test]
    fn magic_links_lead_where_the_kernel_leads() {
        assert_eq!(
            resolve("/proc/self/root/etc/hostname", true).unwrap(),
            "/etc/hostname"
        );
        let file = fs::File::open("/etc/hostname").expect("it is there");
        let raw = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        assert_eq!(resolve(&raw, true).unwrap(), "/etc/hostname");
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let raw = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        assert_eq!(resolve(&raw, true), Err(Unresolved::NoFile));
    }

    #[test]
    fn the_directory_of_this_process_is_named_as_a_policy_names_it() {
        let own = std::process::id();
        assert_eq!(
            resolve("/proc/self/status", true).unwrap(),
            "/proc/self/status"
        );
        assert_eq!(
            resolve(&format!("/proc/{own}/fd"), true).unwrap(),
            "/proc/self/fd"
        );
        assert_eq!(
            resolve(&format!("/proc/{own}"), true).unwrap(),
            "/proc/self"
        );
        assert_eq!(resolve("/proc/1/status", true).unwrap(), "/proc/1/status");
        assert_eq!(
            resolve(&format!("/proc/{own}x"), true).unwrap(),
            format!("/proc/{own}x")
        );
    }

    #[test]
    fn relative_paths_begin_at_their_base() {
        let tree = Tree::new();
        let directory = fs::File::open(tree.path("link")).expect("a directory");
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&directory);
        let mut resolved = Resolved::root();
        resolved
            .resolve(Base::Descriptor(descriptor), b"file", true, false)
            .unwrap();
        assert_eq!(resolved.as_bytes(), tree.path("a/b/file").as_bytes());
        resolved
            .resolve(
                Base::Descriptor(descriptor),
                b"../../link/../new",
                true,
                false,
            )
            .unwrap();
        assert_eq!(resolved.as_bytes(), tree.path("a/new").as_bytes());
        resolved
            .resolve(
                Base::Directory(tree.path("link").as_bytes()),
                b"file",
                true,
                false,
            )
            .unwrap();
        assert_eq!(resolved.as_bytes(), tree.path("a/b/file").as_bytes());
        resolved.resolve(Base::Cwd, b".", true, false).unwrap();
        assert_eq!(
            resolved.as_bytes(),
            fs::canonicalize(".").unwrap().as_os_str().as_bytes()
        );
        assert_eq!(
            resolved.resolve(Base::Descriptor(987_654), b"x", true, false),
            Err(Unresolved::Futile)
        );
    }

    #[test]
    fn a_file_with_two_names_gives_its_inode_when_asked() {
        let tree = Tree::new();
        let mut resolved = Resolved::root();
        resolved
            .resolve(Base::Cwd, tree.path("a/b/file").as_bytes(), true, true)
            .unwrap();
        assert_eq!(resolved.inode, None);
        fs::hard_link(tree.path("a/b/file"), tree.path("other")).expect("linked");
        resolved
            .resolve(Base::Cwd, tree.path("other").as_bytes(), true, true)
            .unwrap();
        assert!(resolved.inode.is_some());
        let first = resolved.inode;
        resolved
            .resolve(Base::Cwd, tree.path("link/file").as_bytes(), true, true)
            .unwrap();
        assert_eq!(resolved.inode, first);
    }

    #[test]
    fn what_the_kernel_refuses_is_impossible_and_never_panics() {
        assert_eq!(resolve(&"x/".repeat(3000), true), Err(Unresolved::Futile));
        assert_eq!(resolve("a\0b", true), Err(Unresolved::Futile));
        let long = "x".repeat(4095);
        assert!(resolve(&long, true).is_err());
    }
}
