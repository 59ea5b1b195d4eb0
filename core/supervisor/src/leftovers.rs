//! What runs left behind whose front and supervisor were both killed: a later run of the same user removes it.
//!
//! A run that lives holds the lock of its directory. One that is dead may have left processes behind, which find in it the
//! library that ends them: as long as one is there that names the directory in its environment, the directory stays.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::directory::{LEAVING, PREFIX, leads_to};

/// The length of a run's name.
const NAME: usize = 26;

/// The directory of a run of which neither front nor supervisor lives. It is locked, so that nobody else removes it.
struct Left {
    path: PathBuf,
    _lock: OwnedFd,
}

/// Removes what is left in this base directory.
pub(crate) fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    let left = entries.flatten().filter_map(|entry| {
        let name = entry.file_name();
        run_of(name.to_str()?)?;
        Left::take(entry.path())
    });
    let mut left: Vec<Left> = left.collect();
    if !left.is_empty() {
        keep_unnamed(&mut left);
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
        leads_to(&path, &lock).then_some(Self { path, _lock: lock })
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

/// Keeps those that no process names in its environment.
fn keep_unnamed(left: &mut Vec<Left>) {
    let Ok(processes) = fs::read_dir("/proc") else {
        return left.clear();
    };
    for process in processes.flatten() {
        // Another user's is not readable, and not started by a run of this one.
        if let Ok(environment) = fs::read(process.path().join("environ")) {
            left.retain(|left| {
                let path = left.path.as_os_str().as_encoded_bytes();
                !environment.windows(path.len()).any(|window| window == path)
            });
        }
    }
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
        sweep(base.path());
        assert!(path.exists() && tmp.exists(), "its run lives");
        run.disown();
        drop(run);
        // A child that another test starts has the lock, too, until it executes its program.
        let end = Instant::now() + PATIENCE;
        while path.exists() && Instant::now() < end {
            sweep(base.path());
        }
        assert!(!path.exists() && !tmp.exists());
        assert!(other.exists(), "it is not called after the run");
    }
}
