//! Takes rights away from the process that asks for it: Landlock, seccomp, limits, capabilities.
//!
//! [`Confinement`] is what a plugin's process keeps. It is taken on by the process itself, before it loads the plugin and before
//! it has a second thread, and nothing gives it back. Where the kernel cannot hold all of it, nothing is begun:
//! [`Confinement::take_on`] says what is missing.
#![forbid(unsafe_code)]

mod calls;
mod files;
mod limits;
mod privileges;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a process may still do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Files and directories, with what is below them, that it may read, beside the system's libraries.
    pub read: Vec<PathBuf>,
    /// Files and directories, with what is below them, that it may read and write.
    pub write: Vec<PathBuf>,
    /// Whether it may use IPv4 and IPv6.
    pub network: bool,
    /// How much memory it may have, in bytes (`RLIMIT_DATA`, getrlimit(2)).
    pub memory: u64,
    /// How many descriptors it may have open (`RLIMIT_NOFILE`).
    pub open_files: u64,
}

/// Why a process could not be confined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfinementError {
    /// this kernel has no Landlock (Linux 5.13, switched on)
    #[error("this kernel has no Landlock (Linux 5.13, switched on)")]
    NoLandlock,
    /// Landlock refuses the rules
    #[error("Landlock refuses the rules: {0}")]
    Landlock(String),
    /// a path cannot be opened
    #[error("`{}` cannot be opened: {reason}", .path.display())]
    Path {
        /// Which one.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// the filter of system calls was refused
    #[error("the filter of system calls was refused: {0}")]
    Calls(String),
    /// a limit or a privilege cannot be changed
    #[error("{what} cannot be changed: {reason}")]
    Privilege {
        /// Which one.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

impl Confinement {
    /// Takes it on, for this process and for good. There must be one thread.
    ///
    /// # Errors
    /// What cannot be held. Some of it may be in force then: the process is to end.
    pub fn take_on(&self) -> Result<(), ConfinementError> {
        limits::set(self)?;
        privileges::drop_all()?;
        files::restrict(self)?;
        // Last: it takes away what the others need.
        calls::restrict(self.network)
    }
}
