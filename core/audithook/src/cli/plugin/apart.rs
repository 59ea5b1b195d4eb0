//! Loads a plugin in a child process, and asks the child: what the file does when it is loaded happens there.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use audithook_loader::{LoadError, Plugin as Loaded, Refusal, SearchPath, Spec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use super::report::Report;

/// How long a plugin may take to be loaded and to describe itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much is read of what it says, and of what it prints meanwhile.
const MOST_BYTES: u64 = 16 << 20;
/// How long the pipes may stay open after its end: something that it started may have them.
const PATIENCE_FOR_PIPES: Duration = Duration::from_secs(1);

/// What is said of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Examined {
    Plugin(Box<Report>),
    Refused {
        /// The name that it has, or by its file would have.
        plugin: String,
        refusal: String,
        hint: Option<String>,
    },
}

/// Has a child load the file. What it prints meanwhile is shown as it is.
///
/// # Errors
/// If no child can be started.
pub(super) fn examine(file: &Path) -> io::Result<Examined> {
    let mut child = Command::new("/proc/self/exe")
        .arg0("audithook")
        .args(["plugin", "inspect", "--here", "--"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let answer = read(child.stdout.take());
    let printed = read(child.stderr.take());
    let pid = Pid::from_child(&child);
    let is_over = is_over_within(pid, PATIENCE)?;
    // Whatever it started goes with it.
    let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    let status = child.wait()?;
    let bytes = |pipe: Receiver<Vec<u8>>| pipe.recv_timeout(PATIENCE_FOR_PIPES).unwrap_or_default();
    let _ = io::stderr().write_all(&bytes(printed));
    if let Ok(examined) = serde_json::from_slice(&bytes(answer)) {
        return Ok(examined);
    }
    Ok(Examined::Refused {
        plugin: guess(file),
        refusal: if is_over {
            ended(status)
        } else {
            format!("it was not loaded within {} s", PATIENCE.as_secs())
        },
        hint: Some(
            "what a library does when it is loaded, its constructors, is to be little, and to end"
                .to_owned(),
        ),
    })
}

/// In the child: loads the file, and writes what is to be said of it where standard output led.
///
/// # Errors
/// If the child cannot be set up, or nobody reads.
pub(super) fn answer(file: &Path) -> io::Result<()> {
    // Nobody waits for a child without its parent.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let limit = |resource, most| {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        rustix::process::setrlimit(resource, limit)
    };
    limit(Resource::Core, 0)?;
    limit(Resource::Cpu, PATIENCE.as_secs())?;
    // What the plugin prints is not the answer.
    let mut out = std::fs::File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?);
    rustix::stdio::dup2_stdout(io::stderr())?;
    let examined = match load(file, &SearchPath::from_environment()) {
        Ok(plugin) => Examined::Plugin(Box::new(Report::of(
            plugin.info(),
            plugin.path(),
            plugin.digest(),
        ))),
        Err(error) => {
            let hint = error.hint();
            Examined::Refused {
                plugin: error.plugin,
                refusal: error.refusal.to_string(),
                hint,
            }
        }
    };
    serde_json::to_writer(&mut out, &examined)?;
    out.flush()
}

/// Loads a plugin whose name only its file knows.
fn load(file: &Path, search: &SearchPath) -> Result<Loaded, LoadError> {
    let loaded = Loaded::load(&Spec::at(&guess(file), file), search);
    match &loaded {
        Err(error) => match &*error.refusal {
            Refusal::OtherPlugin(name) => Loaded::load(&Spec::at(name, file), search),
            _ => loaded,
        },
        Ok(_) => loaded,
    }
}

/// The name that a plugin of this file should have.
fn guess(file: &Path) -> String {
    let stem = file
        .file_stem()
        .unwrap_or_else(|| OsStr::new(""))
        .to_string_lossy();
    stem.strip_prefix("lib").unwrap_or(&stem).replace('_', "-")
}

fn read(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is as much as there is.
            let _ = pipe.take(MOST_BYTES).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn is_over_within(pid: Pid, patience: Duration) -> io::Result<bool> {
    let process = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    let begun = std::time::Instant::now();
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn ended(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(_), _) => format!("loading it killed the process: {status}"),
        (None, Some(code)) => format!("loading it ended the process: status {code}"),
        (None, None) => "loading it ended the process".to_owned(),
    }
}
