//! A place to run the binary in: a directory with a home of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A fresh directory, and what the binary says in it.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
    root: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().canonicalize().expect("a path");
        fs::create_dir_all(root.join("home")).expect("made");
        fs::create_dir_all(root.join("work/data")).expect("made");
        Self { directory, root }
    }

    /// With this ./hooks.toml.
    pub(crate) fn with_policy(text: &str) -> Self {
        let bench = Self::new();
        bench.write("hooks.toml", text);
        bench
    }

    /// Where the binary runs.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(name);
        fs::write(&path, text).expect("written");
        path
    }

    /// With a directory of the plugins that these tests are built with.
    pub(crate) fn with_plugins(self) -> Self {
        let built = Path::new(env!("CARGO_BIN_EXE_audithook")).with_file_name("deps");
        let directory = self.root.join("plugins");
        fs::create_dir(&directory).expect("made");
        for library in ["libbucketing.so", "libgate_plugin.so"] {
            let library = built.join(library);
            assert!(
                library.is_file(),
                "built with these tests: {}",
                library.display()
            );
            let name = library.file_name().expect("a name");
            std::os::unix::fs::symlink(&library, directory.join(name)).expect("linked");
        }
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audithook"));
        command
            .args(arguments)
            .current_dir(self.work())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.root.join("home"))
            .env("AUDITHOOK_PLUGIN_PATH", self.root.join("plugins"))
            .env("COLUMNS", "100");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("runs");
        self.said(&output)
    }

    /// With a standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("written");
        drop(stdin);
        self.said(&child.wait_with_output().expect("ends"))
    }

    fn said(&self, output: &Output) -> Said {
        Said {
            status: output.status.code(),
            out: self.plain(&output.stdout),
            err: self.plain(&output.stderr),
        }
    }

    /// Text without what differs from one run to the next.
    fn plain(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let binary = Path::new(env!("CARGO_BIN_EXE_audithook"));
        let directory = binary.parent().expect("a directory");
        text.replace(&self.root.display().to_string(), "[ROOT]")
            .replace(&directory.display().to_string(), "[BIN]")
    }

    /// Keeps the directory until the bench is dropped.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// What the binary said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// All of it, for a snapshot.
    pub(crate) fn all(&self) -> String {
        let mut text = format!(
            "status: {}\n",
            self.status
                .map_or("none".to_owned(), |status| status.to_string())
        );
        for (name, said) in [("out", &self.out), ("err", &self.err)] {
            if !said.is_empty() {
                text.push_str(&format!("--- {name} ---\n{said}"));
            }
        }
        text
    }

    /// Standard output, of a command that did what was asked.
    #[track_caller]
    pub(crate) fn good(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        &self.out
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
