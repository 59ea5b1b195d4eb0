//! Where the benches happen: what was built, a directory to work in, runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The built files and a directory that is removed at the end.
pub(crate) struct Place {
    built: PathBuf,
    scratch: tempfile::TempDir,
}

/// The directory of this crate.
pub(crate) fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One of the programs that are measured.
pub(crate) fn program(name: &str) -> PathBuf {
    source().join("programs").join(name)
}

impl Place {
    pub(crate) fn new() -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let built = own
            .parent()
            .ok_or("a program lies in a directory")?
            .to_owned();
        for name in ["audithook", "libaudithook_cpython.so", "libgate_plugin.so"] {
            if !built.join(name).is_file() {
                return Err(format!(
                    "`{}` is not built\n\nhint: run `cargo xtask bench`",
                    built.join(name).display()
                ));
            }
        }
        let scratch = tempfile::Builder::new()
            .prefix("audithook-bench-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        Ok(Self { built, scratch })
    }

    /// Where cargo puts what it builds in this profile.
    pub(crate) fn built(&self) -> &Path {
        &self.built
    }

    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A directory that outlives this run: virtual environments.
    pub(crate) fn kept(&self) -> PathBuf {
        self.built.parent().unwrap_or(&self.built).join("bench")
    }

    /// Writes a file of this run.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf, String> {
        let file = self.scratch().join(name);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        }
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(file)
    }

    /// `audithook run` under a policy; the command's arguments follow.
    pub(crate) fn run(&self, policy: &Path) -> Command {
        let mut command = Command::new(self.built.join("audithook"));
        command.args(["run", "--quiet", "-c"]).arg(policy).arg("--");
        command
    }

    /// A preload library with an audit hook in C that does nothing.
    pub(crate) fn idle_hook(&self) -> Result<PathBuf, String> {
        let library = self.scratch().join("libidle.so");
        if !library.exists() {
            let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
            let mut command = Command::new(compiler);
            command
                .args(["-shared", "-fPIC", "-O2", "-o"])
                .arg(&library)
                .arg(program("idle_hook.c"))
                .arg("-ldl");
            output(&mut command)?;
        }
        Ok(library)
    }
}

/// A command that is `front` with the program and arguments of `behind`.
pub(crate) fn behind(mut front: Command, behind: &Command) -> Command {
    front.arg(behind.get_program()).args(behind.get_args());
    for (key, value) in behind.get_envs() {
        if let Some(value) = value {
            front.env(key, value);
        }
    }
    front
}

/// Nanoseconds from before the start of a program until it has ended well.
pub(crate) fn time(command: &mut Command) -> Result<f64, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    let start = Instant::now();
    let status = command.status();
    let taken = start.elapsed().as_nanos() as f64;
    match status {
        Ok(status) if status.success() => Ok(taken),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// What a program prints.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!(
            "{command:?}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}
