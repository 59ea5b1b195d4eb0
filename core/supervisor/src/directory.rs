//! The run's directory: what every process of the tree finds there.
//!
//! ```text
//! socket                     hellos, doorbells and questions; also under an abstract name, which has no root
//! generation                 u32, native order: which image is in force; mapped by every watched process
//! policy.0000000001.image    the policy image of that generation
//! libaudithook_cpython.so    a link to the preload library; its place tells the library which run it belongs to
//! started                    a link to a number: when front started, as /proc/PID/stat has it
//! leaving.0                  a link to a directory elsewhere that goes with the run
//! ```
//!
//! Front and supervisor hold a lock (flock(2)) on the directory as long as one of them lives, so that a later run knows what
//! nobody will remove any more: see [`leftovers`](crate::leftovers).
//!
//! The directory's name must survive in `LD_PRELOAD`, which is separated by spaces and colons, and in the address of a
//! unix socket, which has 108 bytes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink,
};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FlockOperation, Mode, OFlags, access, flock};
use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::tree;

/// How many connections wait in the socket's queue.
pub(crate) const BACKLOG: usize = 4096;
/// The longest name that the preload library takes.
const LONGEST_NAME: usize = 96;

/// The directory of one run, removed when dropped by the process that [owns](RunDirectory::disown) it.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    generation: File,
    owned: bool,
    /// Held by whoever has a copy of this descriptor: after the fork, both.
    lock: OwnedFd,
}

/// What the names of run directories begin with; the run's own name follows.
pub(crate) const PREFIX: &str = "audithook-";
/// The name of the link to the preload library.
pub(crate) const LIBRARY: &str = "libaudithook_cpython.so";
/// The name of the link that says when front started.
pub(crate) const STARTED: &str = "started";
/// What the names of links to other directories begin with.
pub(crate) const LEAVING: &str = "leaving.";

impl RunDirectory {
    /// Where the directory of the run `id` may be made.
    ///
    /// # Errors
    /// The directories that were looked at, if none of them takes it.
    pub fn place(id: &str) -> Result<PathBuf, Vec<PathBuf>> {
        match candidates().find_map(|base| usable(&base)) {
            Some(base) => Ok(base.join(format!("{PREFIX}{id}"))),
            None => Err(candidates().collect()),
        }
    }

    /// Makes the directory, with a link to the preload library.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(path: PathBuf, library: &Path) -> io::Result<Self> {
        let lock = make_locked(&path)?;
        let generation = fill(&path, library).inspect_err(|_| {
            let _ = fs::remove_dir_all(&path);
        })?;
        Ok(Self {
            path,
            generation,
            owned: true,
            lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes directories that go with the run, for whoever cleans up after it.
    pub(crate) fn note_leavings(&self, leavings: &[PathBuf]) {
        for (number, leaving) in leavings.iter().enumerate() {
            // What is not noted stays behind if front and supervisor are killed both.
            let _ = symlink(leaving, self.path.join(format!("{LEAVING}{number}")));
        }
    }

    /// Writes an image that is not in force yet.
    ///
    /// # Errors
    /// If the image cannot be written; then there is none.
    pub fn write_image(&self, generation: u32, image: &[u8]) -> io::Result<()> {
        let file = self.image(generation);
        let mut out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&file)?;
        let written = out
            .write_all(image)
            .and_then(|()| out.set_permissions(fs::Permissions::from_mode(0o444)));
        if written.is_err() {
            self.remove_image(generation);
        }
        written
    }

    /// Removes an image that has never been in force.
    pub fn remove_image(&self, generation: u32) {
        let _ = fs::remove_file(self.image(generation));
    }

    /// Puts an image in force: each process switches at its next event.
    ///
    /// # Errors
    /// If the word cannot be written; the image before then stays in force.
    pub fn put_in_force(&self, generation: u32) -> io::Result<()> {
        self.generation.write_all_at(&generation.to_ne_bytes(), 0)
    }

    fn image(&self, generation: u32) -> PathBuf {
        self.path.join(format!("policy.{generation:010}.image"))
    }

    /// Opens the sockets that processes announce themselves at: the file, and the abstract name that is the file's path, for a
    /// process that took another root.
    ///
    /// # Errors
    /// If they cannot be bound.
    pub fn listen(&self) -> io::Result<[OwnedFd; 2]> {
        let path = self.path.join("socket");
        let file = listen_at(&SocketAddrUnix::new(&path)?)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666))?;
        let name = SocketAddrUnix::new_abstract_name(path.as_os_str().as_encoded_bytes())?;
        Ok([file, listen_at(&name)?])
    }

    /// The lock once more, to be held beyond the removal.
    pub(crate) fn hold(&self) -> io::Result<OwnedFd> {
        self.lock.try_clone()
    }

    /// Leaves the removal to another process.
    pub fn disown(&mut self) {
        self.owned = false;
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if self.owned {
            // What cannot be removed now is in a directory that the system empties.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes the directory and takes its lock. One that another run takes for left behind, in the moment in which it is not
/// locked yet, is made again.
fn make_locked(path: &Path) -> io::Result<OwnedFd> {
    loop {
        // Others may pass through, so that a program that changes its user still finds the socket; they cannot list.
        DirBuilder::new().mode(0o711).create(path)?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(lock) = rustix::fs::open(path, flags, Mode::empty()) else {
            continue;
        };
        // Where there are no locks, nobody can take one and clean up.
        let _ = retry_on_intr(|| flock(&lock, FlockOperation::LockExclusive));
        if leads_to(path, &lock) {
            return Ok(lock);
        }
    }
}

/// Whether the path is that of the open directory.
pub(crate) fn leads_to(path: &Path, open: &OwnedFd) -> bool {
    match (rustix::fs::lstat(path), rustix::fs::fstat(open)) {
        (Ok(named), Ok(open)) => (named.st_dev, named.st_ino) == (open.st_dev, open.st_ino),
        _ => false,
    }
}

/// Puts into a new directory what is there from the beginning. Returns the word of the generation.
fn fill(path: &Path, library: &Path) -> io::Result<File> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o711))?;
    symlink(library, path.join(LIBRARY))?;
    if let Some(front) = tree::life(rustix::process::getpid().as_raw_nonzero().get()) {
        // What is not noted is kept longer, if front and supervisor are killed both.
        let _ = symlink(front.started.to_string(), path.join(STARTED));
    }
    let generation = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path.join("generation"))?;
    generation.set_permissions(fs::Permissions::from_mode(0o444))?;
    generation.write_all_at(&0_u32.to_ne_bytes(), 0)?;
    Ok(generation)
}

fn listen_at(address: &SocketAddrUnix) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    rustix::net::bind(&socket, address)?;
    rustix::net::listen(&socket, BACKLOG as i32)?;
    Ok(socket)
}

/// Where run directories may be, in the order in which they are tried: the user's runtime directory, then /tmp.
fn candidates() -> impl Iterator<Item = PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime.into_iter().chain([PathBuf::from("/tmp")])
}

/// The directory without symlinks, if a run's can be made there: the loader can name it, and nobody else can exchange what is
/// made in it. The variable that names it may be of another user (`su`, `sudo -E`), and what lies in a run's directory is
/// loaded into programs.
fn usable(base: &Path) -> Option<PathBuf> {
    if !base.is_absolute() {
        return None;
    }
    let base = fs::canonicalize(base).ok()?;
    let text = base.as_os_str().as_encoded_bytes();
    let is_usable = text.len() + "/".len() + PREFIX.len() + 26 <= LONGEST_NAME
        && !text
            .iter()
            .any(|byte| matches!(byte, b' ' | b':' | b'\n' | b'\t'))
        && base.is_dir()
        && audithook_ownership::check(&base).is_ok()
        && access(&base, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    is_usable.then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_the_loader_could_not_name_is_not_used() {
        assert!(usable(Path::new("/tmp")).is_some());
        assert_eq!(usable(Path::new("relative")), None);
        assert_eq!(usable(Path::new("/no/such/directory")), None);
        let odd = tempfile::Builder::new()
            .prefix("with space")
            .tempdir()
            .expect("made");
        assert_eq!(usable(odd.path()), None);
    }

    #[test]
    fn an_image_is_published_whole_and_the_directory_goes_with_its_owner() {
        let base = tempfile::tempdir().expect("a temporary directory");
        let directory =
            RunDirectory::create(base.path().join("x"), Path::new("/lib/none.so")).expect("made");
        let path = directory.path().to_owned();
        let in_force = || fs::read(path.join("generation")).expect("there");
        directory.write_image(1, b"image").expect("written");
        assert_eq!(in_force(), 0_u32.to_ne_bytes());
        directory.put_in_force(1).expect("in force");
        assert_eq!(
            fs::read(path.join("policy.0000000001.image")).expect("there"),
            b"image"
        );
        assert_eq!(in_force(), 1_u32.to_ne_bytes());
        assert!(directory.write_image(1, b"again").is_err());
        assert!(directory.listen().is_ok());
        drop(directory);
        assert!(!path.exists());
    }
}
