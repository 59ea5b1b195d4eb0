//! Running a command under a policy, and without one.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::{Journal, PATIENCE, Python, Scratch, build};

/// A command with the policy that it runs under.
#[derive(Debug)]
pub struct Run<'s> {
    scratch: &'s Scratch,
    directory: PathBuf,
    flags: Vec<OsString>,
    command: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    input: Option<Vec<u8>>,
    journalled: bool,
}

impl<'s> Run<'s> {
    /// A run in the scratch directory, with the policy in its `hooks.toml`.
    #[must_use]
    pub fn new(scratch: &'s Scratch, policy: &str) -> Self {
        scratch.write("hooks.toml", policy);
        Self::with_flags(scratch, &["-c", "hooks.toml"])
    }

    /// A run with flags and no policy file but those that the flags name.
    #[must_use]
    pub fn with_flags(scratch: &'s Scratch, flags: &[&str]) -> Self {
        scratch.directory("home");
        Self {
            scratch,
            directory: scratch.path().to_owned(),
            flags: flags.iter().map(OsString::from).collect(),
            command: Vec::new(),
            environment: Vec::new(),
            input: None,
            journalled: true,
        }
    }

    /// Adds flags of `audithook run`.
    #[must_use]
    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(OsString::from));
        self
    }

    /// Leaves the journal to the policy.
    #[must_use]
    pub fn without_journal_flag(mut self) -> Self {
        self.journalled = false;
        self
    }

    /// The directory that the command starts in, instead of the scratch directory.
    #[must_use]
    pub fn in_directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = directory.as_ref().to_owned();
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.into(), Some(value.as_ref().to_owned())));
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.push((name.into(), None));
        self
    }

    /// What the command reads from its standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// The command.
    #[must_use]
    pub fn command<A: AsRef<OsStr>>(mut self, command: impl IntoIterator<Item = A>) -> Self {
        self.command = command
            .into_iter()
            .map(|part| part.as_ref().to_owned())
            .collect();
        self
    }

    /// An interpreter with arguments.
    #[must_use]
    pub fn python<A: AsRef<OsStr>>(self, python: &Python, arguments: &[A]) -> Self {
        let arguments = arguments
            .iter()
            .map(|argument| argument.as_ref().to_owned());
        let command: Vec<_> = std::iter::once(python.path.clone().into())
            .chain(arguments)
            .collect();
        self.command(command)
    }

    /// One of the programs that lie beside these tests, in an interpreter.
    #[must_use]
    pub fn program<A: AsRef<OsStr>>(self, python: &Python, program: &str, arguments: &[A]) -> Self {
        let program = OsString::from(self::program(program));
        let arguments: Vec<_> = std::iter::once(program)
            .chain(arguments.iter().map(|part| part.as_ref().to_owned()))
            .collect();
        self.python(python, &arguments)
    }

    /// Source text in an interpreter.
    #[must_use]
    pub fn code(self, python: &Python, code: &str) -> Self {
        self.python(python, &["-c", code])
    }

    /// Runs it to its end under the policy.
    #[must_use]
    pub fn finish(&self) -> Outcome {
        self.start().finish()
    }

    /// Runs it to its end without audithook.
    #[must_use]
    pub fn finish_bare(&self) -> Outcome {
        self.start_bare().finish()
    }

    /// Starts it under the policy.
    #[must_use]
    pub fn start(&self) -> Running {
        let mut command = Command::new(build::audithook());
        command.arg("run").args(&self.flags);
        let mut journal = None;
        if self.journalled {
            let file = self.scratch.next_journal();
            command.arg("--journal").arg(&file);
            journal = Some(file);
        }
        command.arg("--").args(&self.command);
        self.begin(command, journal)
    }

    /// Starts it without audithook.
    #[must_use]
    pub fn start_bare(&self) -> Running {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]);
        self.begin(command, None)
    }

    /// The command line of `audithook run`, for those who start it themselves, with the environment and directory set.
    #[must_use]
    pub fn audithook_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(build::audithook());
        command.args(arguments);
        self.prepare(&mut command);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command.current_dir(&self.directory).env_clear();
        for (name, value) in environment(self.scratch) {
            command.env(name, value);
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    fn begin(&self, mut command: Command, journal: Option<PathBuf>) -> Running {
        self.prepare(&mut command);
        let shown = format!("{command:?}");
        let input = if self.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        if let Some(input) = self.input.clone() {
            let mut pipe = child.stdin.take().expect("a pipe was asked for");
            // Its own thread: the program may write before it reads. A program that does not read is no fault.
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let process = Pid::from_child(&child);
        let handle =
            pidfd_open(process, PidfdFlags::empty()).expect("a child that was not waited for");
        Running {
            stdout: drain(child.stdout.take().expect("a pipe was asked for")),
            stderr: drain(child.stderr.take().expect("a pipe was asked for")),
            child,
            handle,
            journal,
            shown,
        }
    }
}

/// A small environment: what the machine's user has set must not decide a test.
#[must_use]
pub fn environment(scratch: &Scratch) -> Vec<(&'static str, OsString)> {
    vec![
        ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
        ("HOME", scratch.join("home").into()),
        ("XDG_STATE_HOME", scratch.join("state").into()),
        ("LANG", "C.UTF-8".into()),
        ("PYTHONDONTWRITEBYTECODE", "1".into()),
    ]
}

/// A program that lies beside these tests.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("programs")
        .join(name);
    assert!(file.exists(), "no such program: `{}`", file.display());
    file
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    handle: OwnedFd,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
    journal: Option<PathBuf>,
    shown: String,
}

impl Running {
    /// The process id of what was started: the front, or the program itself without audithook.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        // It may be dead already; then there is nobody to tell.
        let _ = pidfd_send_signal(&self.handle, signal);
    }

    /// The journal as it stands.
    #[must_use]
    pub fn journal_file(&self) -> &Path {
        self.journal.as_deref().expect("a run with a journal")
    }

    /// Waits for its end, and for the end of everything that holds its output.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        let ended = wait_readable(&self.handle, PATIENCE);
        if !ended {
            self.signal(Signal::KILL);
        }
        let status = self.child.wait().expect("a child that was not waited for");
        let grace = Duration::from_secs(10);
        let stdout = self.stdout.recv_timeout(grace);
        let stderr = self.stderr.recv_timeout(grace);
        let held = stdout.is_err() || stderr.is_err();
        let outcome = Outcome {
            status,
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.unwrap_or_default(),
            journal: self.journal,
            shown: self.shown,
        };
        assert!(ended, "did not end in {PATIENCE:?}\n{}", outcome.describe());
        assert!(
            !held,
            "ended, but something of it still holds its output\n{}",
            outcome.describe()
        );
        outcome
    }
}

/// Waits until a descriptor is readable (of a pidfd: until the process ended). Returns whether it is.
#[must_use]
pub fn wait_readable(descriptor: impl std::os::fd::AsFd, patience: Duration) -> bool {
    let patience = Timespec::try_from(patience).expect("a short time");
    let mut polled = [PollFd::new(&descriptor, PollFlags::IN)];
    loop {
        match poll(&mut polled, Some(&patience)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("poll: {error}"),
        }
    }
}

/// Reads to the end in a thread of its own.
fn drain(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut content = Vec::new();
        let _ = pipe.read_to_end(&mut content);
        let _ = sender.send(content);
    });
    receiver
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    journal: Option<PathBuf>,
    shown: String,
}

impl Outcome {
    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.describe()))
    }

    /// The exit status, or minus the signal.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status
            .code()
            .or_else(|| self.status.signal().map(|signal| -signal))
            .expect("it ended")
    }

    /// Fails unless it ended with this exit status (or minus the signal).
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code(), code, "wrong status\n{}", self.describe());
        self
    }

    /// Fails unless it ended with 0.
    #[track_caller]
    pub fn assert_success(&self) -> &Self {
        self.assert_code(0)
    }

    /// Fails unless standard error has this text.
    #[track_caller]
    pub fn assert_err(&self, part: &str) -> &Self {
        assert!(
            self.err().contains(part),
            "standard error lacks `{part}`\n{}",
            self.describe()
        );
        self
    }

    /// Fails unless standard output has this text.
    #[track_caller]
    pub fn assert_out(&self, part: &str) -> &Self {
        assert!(
            self.out().contains(part),
            "standard output lacks `{part}`\n{}",
            self.describe()
        );
        self
    }

    /// The journal.
    #[must_use]
    #[track_caller]
    pub fn journal(&self) -> Journal {
        Journal::read(self.journal.as_deref().expect("a run with a journal"))
    }

    /// All of it, for the message of a failed test.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("{}\n{}\n", self.shown, self.status);
        let _ = write!(
            text,
            "--- stdout\n{}\n--- stderr\n{}\n",
            self.out(),
            self.err()
        );
        if let Some(journal) = &self.journal {
            let lines = std::fs::read_to_string(journal).unwrap_or_default();
            let notable: Vec<_> = lines
                .lines()
                .filter(|line| !line.contains(r#""verdict":"allow""#))
                .collect();
            let _ = writeln!(
                text,
                "--- journal ({} lines), what was not allowed",
                lines.lines().count()
            );
            for line in notable.iter().take(40) {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}

/// Waits for the end of a child that was started elsewhere.
#[track_caller]
pub fn wait_child(child: &mut Child) -> ExitStatus {
    let handle = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).expect("a child");
    if !wait_readable(handle.as_fd(), PATIENCE) {
        let _ = child.kill();
        let _ = child.wait();
        panic!("did not end in {PATIENCE:?}");
    }
    child.wait().expect("a child")
}
