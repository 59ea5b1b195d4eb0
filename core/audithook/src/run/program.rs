//! Finding the command as a shell would.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

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
