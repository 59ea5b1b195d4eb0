//! Whether somebody else than this user and root can change what lies at a path.
//!
//! A variable that leads to a file may be another user's (`su`, `sudo -E`), and a directory that others may write to holds
//! whatever they like. The rule is that of `StrictModes` in sshd_config(5): the file and every directory above it belong to
//! this user or to root, and nobody else may write to them. In a sticky directory (`/tmp`) others may make files; what
//! is there already they can neither remove nor rename (unlink(2)).
#![forbid(unsafe_code)]

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Why what lies at a path is not this user's alone.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {what}", place.display())]
pub struct Weakness {
    /// The file, or a directory above it.
    pub place: PathBuf,
    /// What is wrong with it.
    #[source]
    pub what: Fault,
}

/// What is wrong with a file or a directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// belongs to another user: {0}
    #[error("belongs to another user: {0}")]
    Owner(u32),
    /// may be written by others: mode {0:04o}
    #[error("may be written by others: mode {0:04o}")]
    Mode(u32),
    /// cannot be looked at: {0}
    #[error("cannot be looked at: {0}")]
    Unknown(#[source] io::Error),
}

/// Says whether this user and root are the only ones who can change the file, or put another in its place. The path has no
/// symlinks, as `canonicalize` gives it: a link may lie where others can turn it.
///
/// # Errors
/// The uppermost place at which others can.
pub fn check(path: &Path) -> Result<(), Weakness> {
    let places: Vec<_> = path.ancestors().collect();
    places.into_iter().rev().try_for_each(|place| {
        let status = fs::symlink_metadata(place).map_err(Fault::Unknown);
        status
            .and_then(|status| check_one(&status))
            .map_err(|what| Weakness {
                place: place.to_owned(),
                what,
            })
    })
}

/// As [`check`], and the file and its directory, or the directory, belong to users that this namespace has: of those of
/// others it cannot be told whether they are root's.
///
/// # Errors
/// The uppermost place at which others can change something.
pub fn check_own(path: &Path) -> Result<(), Weakness> {
    check(path)?;
    let above = path.parent().filter(|_| !path.is_dir());
    above.into_iter().chain([path]).try_for_each(|place| {
        let status = fs::symlink_metadata(place).map_err(Fault::Unknown);
        let owner = status.map(|status| status.uid());
        owner
            .and_then(|uid| is_ours(uid).then_some(()).ok_or(Fault::Owner(uid)))
            .map_err(|what| Weakness {
                place: place.to_owned(),
                what,
            })
    })
}

fn is_ours(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

const STICKY: u32 = 0o1000;
const WRITABLE_BY_OTHERS: u32 = 0o022;

fn check_one(status: &Metadata) -> Result<(), Fault> {
    let uid = status.uid();
    if !is_ours(uid) && !is_outside(uid) {
        return Err(Fault::Owner(uid));
    }
    let is_sticky = status.is_dir() && status.mode() & STICKY != 0;
    if !is_sticky && status.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(Fault::Mode(status.mode() & 0o7777));
    }
    Ok(())
}

/// Whether this is what stands for root, and for everybody else, outside a user namespace that does not have them
/// (user_namespaces(7)).
fn is_outside(uid: u32) -> bool {
    let text = |file| fs::read_to_string(file).unwrap_or_default();
    let map = text("/proc/self/uid_map");
    text("/proc/sys/fs/overflowuid").trim().parse() == Ok(uid)
        && !map.is_empty()
        && !map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    /// Somebody else, whom root can give files to.
    const OTHER: u32 = 65_533;

    fn found(path: &Path) -> Option<(PathBuf, String)> {
        let weakness = check(path).err()?;
        Some((weakness.place, weakness.what.to_string()))
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("own file");
    }

    #[test]
    fn what_others_may_write_to_is_found_wherever_it_stands_and_a_sticky_directory_is_not() {
        let base = tempfile::tempdir().expect("made");
        let base = base.path().canonicalize().expect("a path");
        let (above, file) = (base.join("above"), base.join("above/file"));
        fs::create_dir(&above).expect("made");
        fs::write(&file, "").expect("written");
        set_mode(&file, 0o644);
        set_mode(&above, 0o755);
        assert_eq!(found(&file), None);
        for mode in [0o775, 0o757, 0o777] {
            set_mode(&above, mode);
            let what = format!("may be written by others: mode {mode:04o}");
            assert_eq!(found(&file), Some((above.clone(), what)));
        }
        set_mode(&above, 0o1777);
        assert_eq!(found(&file), None);
        for mode in [0o664, 0o1646] {
            set_mode(&file, mode);
            let what = format!("may be written by others: mode {mode:04o}");
            assert_eq!(found(&file), Some((file.clone(), what)));
        }
        assert!(found(&base.join("gone")).is_some_and(|(place, _)| place == base.join("gone")));
    }

    #[test]
    fn what_belongs_to_another_user_is_found_wherever_it_stands() {
        if !rustix::process::geteuid().is_root() {
            let _ = io::stderr().write_all(b"SKIPPED other owners: only root gives files away\n");
            return;
        }
        let base = tempfile::tempdir().expect("made");
        let base = base.path().canonicalize().expect("a path");
        let (above, file) = (base.join("above"), base.join("above/file"));
        fs::create_dir(&above).expect("made");
        fs::write(&file, "").expect("written");
        for place in [&above, &file] {
            assert_eq!(found(&file), None);
            chown(place, Some(OTHER), None).expect("root may");
            let what = format!("belongs to another user: {OTHER}");
            assert_eq!(found(&file), Some((place.clone(), what)));
            chown(place, Some(0), None).expect("root may");
        }
    }
}
