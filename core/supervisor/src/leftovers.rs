//! What runs left behind whose front and supervisor were both killed: a later run of the same user removes it.
//!
//! A run that lives holds the lock of its directory. One that is dead may have left processes behind, and what those start
//! finds the library there, which ends it: as long as a process may be one of the run's, the directory stays. It is, if
//! it names the directory in its environment or has a file of it mapped. It may be, if it has overwritten its environment and has
//! the library mapped, or if it shows neither (it is not dumpable, prctl(2)) and is no older than the run. To leave a
//! directory for another time is the lesser evil.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::directory::{LEAVING, LIBRARY, PREFIX, STARTED, leads_to};
use crate::tree;

/// The length of a run's name.
const NAME: usize = 26;

/// The directory of a run of which neither front nor supervisor lives. It is locked, so that nobody else removes it.
struct Left {
    path: PathBuf,
    /// When its front started, in the kernel's unit.
    started: u64,
    /// What its processes have mapped: the preload library, or its name where that is gone.
    library: PathBuf,
    _lock: OwnedFd,
}

/// The directories of other runs, beside this one's.
pub(crate) fn runs_beside(directory: &Path) -> Vec<PathBuf> {
    let Some(Ok(entries)) = directory.parent().map(fs::read_dir) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().and_then(run_of).is_some())
        .map(|entry| entry.path())
        .filter(|path| path != directory)
        .collect()
}

/// Removes those that are left behind.
pub(crate) fn sweep(runs: Vec<PathBuf>) {
    let mut left: Vec<Left> = runs.into_iter().filter_map(Left::take).collect();
    if !left.is_empty() {
        keep_unneeded(&mut left);
    }
    for left in left {
        left.remove();
    }
}

/// The run that a directory is called after.
fn run_of(name: &str) -> Option<&str> {
    let run = name.strip_prefix(PREFIX)?;
    let is_name = run.len() == NAME
        && run
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_name.then_some(run)
}

impl Left {
    /// Takes the lock, if nobody holds it and the directory is this user's.
    fn take(path: PathBuf) -> Option<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = rustix::fs::open(&path, flags, Mode::empty()).ok()?;
        let status = rustix::fs::fstat(&lock).ok()?;
        if status.st_uid != rustix::process::geteuid().as_raw() {
            return None;
        }
        flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
        // Another may have removed it before this lock was taken, and its run made it again.
        leads_to(&path, &lock).then(|| Self {
            started: started(&path),
            library: library(&path),
            path,
            _lock: lock,
        })
    }

    fn remove(&self) {
        for leaving in self.leavings() {
            let _ = fs::remove_dir_all(leaving);
        }
        let _ = fs::remove_dir_all(&self.path);
    }

    /// The directories that went with the run: only what is called after it, and is this user's.
    fn leavings(&self) -> Vec<PathBuf> {
        let name = self.path.file_name().and_then(|name| name.to_str());
        let (Some(run), Ok(entries)) = (name.and_then(run_of), fs::read_dir(&self.path)) else {
            return Vec::new();
        };
        let links = entries
            .flatten()
            .filter(|entry| {
                entry
                    .file_name()
                    .as_encoded_bytes()
                    .starts_with(LEAVING.as_bytes())
            })
            .filter_map(|entry| fs::read_link(entry.path()).ok());
        links
            .filter(|leaving| {
                let name = leaving.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(run))
                    && fs::symlink_metadata(leaving).is_ok_and(|status| {
                        status.is_dir() && status.uid() == rustix::process::geteuid().as_raw()
                    })
            })
            .collect()
    }
}

/// When the front of the run in this directory started. What was not noted may have been at any time.
fn started(directory: &Path) -> u64 {
    let noted = fs::read_link(directory.join(STARTED)).ok();
    noted
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(0)
}

fn library(directory: &Path) -> PathBuf {
    fs::read_link(directory.join(LIBRARY))
        .ok()
        .filter(|library| library.exists())
        .unwrap_or_else(|| PathBuf::from(LIBRARY))
}

/// Leaves those out that a living process may need.
fn keep_unneeded(left: &mut Vec<Left>) {
    let Ok(processes) = fs::read_dir("/proc") else {
        return left.clear();
    };
    let processes = processes.flatten().map(|entry| entry.path());
    for shown in processes.filter_map(|process| Shown::of(&process)) {
        left.retain(|left| !shown.may_need(left));
        if left.is_empty() {
            break;
        }
    }
}

/// What a process shows of the run that it belongs to.
enum Shown {
    /// Its environment, as it is now, and the names of the files that it has mapped.
    All {
        environment: Vec<u8>,
        mapped: Vec<u8>,
    },
    /// Nothing but when it started.
    Nothing { started: u64 },
}

impl Shown {
    /// `None` if it belongs to no run, or is gone.
    fn of(process: &Path) -> Option<Self> {
        let pid = process.file_name()?.to_str()?.parse().ok()?;
        match read(process, "maps") {
            Ok(mapped) => Some(Self::All {
                environment: read(process, "environ").unwrap_or_default(),
                mapped,
            }),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && is_ours(process) => {
                let life = tree::life(pid)?;
                // Fronts and supervisors are not dumpable either. They hold the locks of their own directories.
                (life.name != own_name()).then_some(Self::Nothing {
                    started: life.started,
                })
            }
            Err(_) => None,
        }
    }

    fn may_need(&self, left: &Left) -> bool {
        match self {
            Self::All {
                environment,
                mapped,
            } => {
                let path = left.path.as_os_str().as_encoded_bytes();
                let says_nothing = || {
                    contains(mapped, left.library.as_os_str().as_encoded_bytes())
                        && !contains(environment, LIBRARY.as_bytes())
                };
                contains(environment, path) || contains(mapped, path) || says_nothing()
            }
            Self::Nothing { started } => *started >= left.started,
        }
    }
}

/// A file about a process. If its first thread has ended, the others have it.
fn read(process: &Path, name: &str) -> io::Result<Vec<u8>> {
    let text = fs::read(process.join(name))?;
    if !text.is_empty() {
        return Ok(text);
    }
    let threads = fs::read_dir(process.join("task"))?.flatten();
    let texts: io::Result<Vec<_>> = threads
        .map(|thread| fs::read(thread.path().join(name)))
        // One that ended meanwhile had the same.
        .filter(
            |text| !matches!(text, Err(error) if error.kind() != io::ErrorKind::PermissionDenied),
        )
        .collect();
    Ok(texts?.concat())
}

/// Whether a run of this user may have started the process: root's starts others', another's only what holds no library
/// (ld.so(8), secure-execution mode).
fn is_ours(process: &Path) -> bool {
    let own = rustix::process::geteuid();
    own.is_root() || fs::metadata(process).is_ok_and(|status| status.uid() == own.as_raw())
}

fn own_name() -> Vec<u8> {
    let own = tree::life(rustix::process::getpid().as_raw_nonzero().get());
    own.map(|life| life.name).unwrap_or_default()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::RunDirectory;

    const PATIENCE: Duration = Duration::from_secs(60);
    const RUN: &str = "01M84FVRWTKDV4MJ991DDPZBHB";

    #[test]
    fn only_names_of_runs_are_looked_at() {
        assert_eq!(run_of(&format!("audithook-{RUN}")), Some(RUN));
        assert_eq!(run_of("audithook-notes"), None);
        assert_eq!(run_of("audithook-of-mine-and-nobody-elses"), None);
        assert_eq!(run_of(RUN), None);
    }

    #[test]
    fn what_nobody_holds_is_removed_and_what_somebody_holds_is_not() {
        let base = tempfile::tempdir().expect("made");
        let path = base.path().join(format!("audithook-{RUN}"));
        let tmp = base.path().join(format!("audithook-tmp-{RUN}"));
        let other = base.path().join("audithook-tmp-other");
        for directory in [&tmp, &other] {
            fs::create_dir(directory).expect("made");
        }
        let mut run = RunDirectory::create(path.clone(), Path::new("/lib/none.so")).expect("made");
        run.note_leavings(&[tmp.clone(), other.clone()]);
        let sweep_all = || sweep(runs_beside(&base.path().join("a run")));
        sweep_all();
        assert!(path.exists() && tmp.exists(), "its run lives");
        run.disown();
        drop(run);
        // A child that another test starts has the lock, too, until it executes its program.
        let end = Instant::now() + PATIENCE;
        while path.exists() && Instant::now() < end {
            sweep_all();
        }
        assert!(!path.exists() && !tmp.exists());
        assert!(other.exists(), "it is not called after the run");
    }
}
