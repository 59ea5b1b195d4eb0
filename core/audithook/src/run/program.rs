//! Finding the command as a shell would.

use std::ffi::{CString, OsStr};
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use audithook_coverage::{
    CAPABLE, Coverage, HEAD, MOST_INTERPRETERS, OTHER_IDS, PRIVILEGED, Program,
};
use audithook_supervisor::Ended;

/// The file of a program: with a slash as it is, else in the directories of `PATH`.
pub(super) fn find(name: &OsStr) -> Result<PathBuf, Ended> {
    let shown = || format!("`{}`", name.display());
    if name.as_bytes().contains(&b'/') {
        return match std::fs::metadata(name) {
            Ok(status) if status.is_dir() => Err(Ended::NotExecutable(format!(
                "{}: it is a directory",
                shown()
            ))),
            Ok(_) => Ok(PathBuf::from(name)),
            Err(error) => Err(Ended::NotFound(format!("{}: {error}", shown()))),
        };
    }
    let search = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut refused = None;
    for directory in std::env::split_paths(&search) {
        let file = directory.join(name);
        match std::fs::metadata(&file) {
            Ok(status) if status.is_file() && status.permissions().mode() & 0o111 != 0 => {
                return Ok(file);
            }
            Ok(status) if status.is_file() => refused = Some(file),
            _ => {}
        }
    }
    match refused {
        Some(file) => Err(Ended::NotExecutable(format!(
            "`{}`: no permission to execute it",
            file.display()
        ))),
        None => Err(Ended::NotFound(format!(
            "{}: no such program in PATH",
            shown()
        ))),
    }
}

/// Whether the preload library will be in the program.
pub(super) fn coverage(program: &Path) -> Coverage {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    let mut current = program.to_owned();
    if geteuid() != getuid() || getegid() != getgid() {
        return OTHER_IDS;
    }
    for _ in 0..MOST_INTERPRETERS {
        let mut head = Vec::new();
        let Ok(file) = File::open(&current) else {
            return Coverage::Followed;
        };
        let is_privileged = file
            .metadata()
            .is_ok_and(|status| changes_identity(&status));
        // Whoever is really root has no more of them than before.
        let is_capable = !getuid().is_root()
            && rustix::fs::fgetxattr(&file, c"security.capability", &mut [0_u8; 64])
                .is_ok_and(|length| length > 0);
        if file.take(HEAD as u64).read_to_end(&mut head).is_err() {
            return Coverage::Followed;
        }
        if is_privileged {
            return PRIVILEGED;
        }
        if is_capable {
            return CAPABLE;
        }
        match audithook_coverage::read(&head) {
            Program::Binary(coverage) => return coverage,
            Program::Script(interpreter) => current = PathBuf::from(OsStr::from_bytes(interpreter)),
        }
    }
    Coverage::Followed
}

fn changes_identity(status: &Metadata) -> bool {
    const SET_USER: u32 = 0o4000;
    const SET_GROUP: u32 = 0o2000;
    let mode = status.mode();
    (mode & SET_USER != 0 && status.uid() != rustix::process::geteuid().as_raw())
        || (mode & SET_GROUP != 0 && status.gid() != rustix::process::getegid().as_raw())
}

/// A string for the kernel.
pub(super) fn c_string(text: &OsStr) -> Result<CString, String> {
    CString::new(text.as_bytes()).map_err(|_| format!("there is a NUL in `{}`", text.display()))
}

/// `KEY=value` for the kernel.
pub(super) fn variable(key: &OsStr, value: &OsStr) -> Result<CString, String> {
    let mut bytes = key.as_bytes().to_vec();
    bytes.push(b'=');
    bytes.extend(value.as_bytes());
    CString::new(bytes).map_err(|_| format!("there is a NUL in the variable `{}`", key.display()))
}

/// `LD_PRELOAD` that begins with the library and keeps what was there.
pub(super) fn preload(library: &Path, before: Option<&OsStr>) -> std::ffi::OsString {
    let mut value = library.as_os_str().to_owned();
    if let Some(before) = before.filter(|before| !before.is_empty()) {
        value.push(":");
        value.push(before);
    }
    value
}
