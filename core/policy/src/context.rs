//! What a policy is loaded for: the directories, the environment and the command that its texts refer to.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What `~`, `${VAR}`, relative paths, names of programs and `@python` stand for.
#[derive(Debug, Clone, Default)]
pub struct LoadContext {
    /// `${CWD}`, and what relative paths in flags and in `-c -` belong to. Absolute.
    pub start_dir: PathBuf,
    /// `~`
    pub home: Option<PathBuf>,
    /// `${VAR}`, and what `PATH` holds.
    pub env: BTreeMap<OsString, OsString>,
    /// The command with its arguments, as given; empty if there is none.
    pub command: Vec<OsString>,
    /// The fresh directory that `tmp = "private"` means. It need not exist yet. `None` where nothing will run.
    pub private_tmp: Option<PathBuf>,
    /// What the program may read and never change, beyond the policy's own files and plugins.
    pub protected: Vec<PathBuf>,
    /// What the program never touches, beyond the journal and the store of trust.
    pub hidden: Vec<PathBuf>,
    /// What every process of the run has to reach.
    pub needed: Vec<PathBuf>,
}

impl LoadContext {
    /// The context of this process, for a command.
    ///
    /// # Errors
    /// The current directory is gone.
    pub fn current(command: Vec<OsString>) -> io::Result<Self> {
        let env: BTreeMap<_, _> = std::env::vars_os().collect();
        Ok(Self {
            start_dir: std::env::current_dir()?,
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            env,
            command,
            ..Self::default()
        })
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.env
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// `$XDG_STATE_HOME/audithook`: journals and the store of trust.
    #[must_use]
    pub fn state_dir(&self) -> Option<PathBuf> {
        let state = self
            .variable("XDG_STATE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(self.home.as_ref()?.join(".local/state")))?;
        Some(state.join("audithook"))
    }

    /// The directories of `PATH`; an empty one is the start directory, as `execvp` has it.
    pub fn path_dirs(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let path = self
            .variable("PATH")
            .unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
        std::env::split_paths(path).map(|dir| self.start_dir.join(dir))
    }

    /// The file that `execvp` would run for a name, or the path itself if it has a slash.
    #[must_use]
    pub fn find_program(&self, name: &OsStr) -> Option<PathBuf> {
        if name.as_bytes().contains(&b'/') {
            let path = self.start_dir.join(name);
            return path.is_file().then_some(path);
        }
        self.path_dirs()
            .map(|dir| dir.join(name))
            .find(|path| is_program(path))
    }

    /// The command's file as it was found, symlinks and all.
    #[must_use]
    pub fn command_file(&self) -> Option<PathBuf> {
        self.find_program(self.command.first()?)
    }

    /// A path as a person would write it: relative to the start directory where it lies below.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.start_dir).unwrap_or(path);
        shown.display().to_string()
    }
}

/// A file that somebody may execute.
#[must_use]
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
