//! One process of a plugin, while it lives.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStderr, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use audithook_abi::LogLevel;
use audithook_loader::{PluginInfo, Services};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::launch::{Launcher, Started};
use super::overheard;
use crate::channel::{Broken, Channel};
use crate::message::{Answer, MOST_ON_CONTROL, MOST_ON_LANE, Request, Start, kind, printable};

/// How long the process may take for what is not a hook, at least: to load, to create, to report.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of the last that it said on stderr is kept.
const TAIL: usize = 1024;
/// The longest line of its stderr that is logged whole.
const LONGEST_LINE: usize = 1024;

/// A process that runs, or has ended.
pub(super) struct Process {
    control: Mutex<Channel>,
    lanes: Mutex<Vec<Channel>>,
    /// A lane is free, or the process has ended.
    freed: Condvar,
    state: Mutex<State>,
    /// The process has ended.
    over: Condvar,
    pid: u32,
    pidfd: OwnedFd,
    heard: Arc<Heard>,
    pub(super) timeout: Duration,
}

#[derive(Default)]
struct State {
    /// Why the host killed it.
    killed: Option<Ended>,
    ended: Option<Ended>,
}

/// Who hears what the plugin says, as soon as there is somebody.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) plugin: String,
    pub(super) pid: u32,
    pub(super) services: OnceLock<Arc<dyn Services>>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) pid: u32,
    /// Its exit status, unless a signal ended it.
    pub(super) status: Option<i32>,
    pub(super) signal: Option<i32>,
    /// Why, in words.
    pub(super) reason: String,
    /// Whether nobody wanted it any more.
    pub(super) asked: bool,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Why there is no process.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The process refuses the plugin.
    #[error("{refusal}")]
    Refused {
        refusal: String,
        hint: Option<String>,
    },
    #[error("its process cannot be started: {0}")]
    Launch(io::Error),
    #[error("its process said nothing: {0}")]
    Ended(String),
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Lost(pub(super) String);

impl Process {
    /// Starts a process, which loads the plugin.
    pub(super) fn start(
        launcher: &Launcher,
        start: &Start,
        timeout: Duration,
    ) -> Result<(Arc<Self>, PluginInfo), StartError> {
        let Started {
            mut child,
            control,
            lanes,
            side,
        } = launcher.start().map_err(StartError::Launch)?;
        let pidfd = match pidfd(&child) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                let _ = child.kill();
                let _ = launcher.wait(&mut child);
                return Err(StartError::Launch(error));
            }
        };
        let heard = Arc::new(Heard {
            plugin: start.name.clone(),
            pid: child.id(),
            services: OnceLock::new(),
        });
        let control = Channel::new(control, MOST_ON_CONTROL);
        let mut free = Vec::new();
        let patient = control.set_patience(Some(PATIENCE.max(timeout)));
        let patient = lanes.into_iter().try_fold(patient, |so_far, lane| {
            let lane = Channel::new(lane, MOST_ON_LANE);
            let patient = so_far.and(lane.set_patience(Some(timeout)));
            free.push(lane);
            Ok::<_, io::Error>(patient)
        });
        let stderr = child.stderr.take();
        let process = Arc::new(Self {
            control: Mutex::new(control),
            lanes: Mutex::new(free),
            freed: Condvar::new(),
            state: Mutex::default(),
            over: Condvar::new(),
            pid: child.id(),
            pidfd,
            heard,
            timeout,
        });
        watch(&process, launcher.clone(), child, stderr).map_err(StartError::Launch)?;
        let told = patient.and_then(|patient| patient).map_err(Broken::from);
        let told = told.and_then(|()| process.hear_side(Channel::new(side, MOST_ON_LANE)));
        let answer = told.and_then(|()| {
            let mut control = process
                .control
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            exchange(&mut control, start, Instant::now() + PATIENCE)
        });
        match answer {
            Ok(Answer::Loaded(info)) => Ok((process, *info)),
            Ok(Answer::Refused { refusal, hint }) => {
                process.end("it is refused");
                Err(StartError::Refused {
                    refusal: printable(&refusal),
                    hint: hint.map(|hint| printable(&hint)),
                })
            }
            Ok(_) => Err(StartError::Ended(
                process.broke(&Broken::Nonsense("no such answer")).0,
            )),
            Err(broken) => Err(StartError::Ended(process.broke(&broken).0)),
        }
    }

    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Asks for what happens one at a time.
    pub(super) fn ask(&self, request: &Request) -> Result<Answer, Lost> {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + PATIENCE.max(self.timeout);
        exchange(&mut control, request, deadline).map_err(|broken| self.broke(&broken))
    }

    /// Calls with a free lane, once there is one.
    pub(super) fn with_lane<R>(
        &self,
        call: impl FnOnce(&mut Channel) -> Result<R, Broken>,
    ) -> Result<R, Interrupted> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lane = loop {
            if let Some(ended) = self.ended() {
                return Err(Interrupted::Before(ended));
            }
            match lanes.pop() {
                Some(lane) => break lane,
                None => {
                    lanes = self
                        .freed
                        .wait(lanes)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        drop(lanes);
        match call(&mut lane) {
            Ok(result) => {
                let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
                lanes.push(lane);
                drop(lanes);
                self.freed.notify_one();
                Ok(result)
            }
            // The lane is not used again: what it says next might be the answer to this.
            Err(broken) => Err(Interrupted::Amid(
                matches!(broken, Broken::TimedOut),
                self.broke(&broken),
            )),
        }
    }

    /// The process did not do as it must: it is killed, and the reason is what is said of it.
    fn broke(&self, broken: &Broken) -> Lost {
        match broken {
            // It ends by itself, and its end says more.
            Broken::Closed => {}
            Broken::TimedOut => self.kill(
                format!("it did not answer within {:?}", self.timeout),
                false,
            ),
            other => self.kill(other.to_string(), false),
        }
        Lost(self.wait_a_moment())
    }

    /// The process goes on with what nobody can rely on.
    pub(super) fn fail(&self, reason: String) -> Lost {
        self.kill(reason, false);
        Lost(self.wait_a_moment())
    }

    /// Nobody wants the process any more.
    pub(super) fn end(&self, reason: &str) {
        self.kill(reason.to_owned(), true);
        self.wait();
    }

    fn kill(&self, reason: String, asked: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.killed.get_or_insert(Ended {
            pid: self.pid,
            status: None,
            signal: None,
            reason,
            asked,
        });
        drop(state);
        // It is a child of this process that may have ended already.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<Ended> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended.clone()
    }

    /// Waits until it has ended.
    pub(super) fn wait(&self) -> Ended {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(ended) = &state.ended {
                return ended.clone();
            }
            state = self
                .over
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Its connections are gone, so that it is about to end; one that only closed them is killed.
    fn wait_a_moment(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .over
            .wait_timeout_while(state, Duration::from_secs(1), |state| state.ended.is_none());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = &state.ended {
            return ended.reason.clone();
        }
        drop(state);
        self.kill("it closed its connections".to_owned(), false);
        self.wait().reason
    }

    /// Has a thread hear what the plugin says outside of hooks.
    fn hear_side(self: &Arc<Self>, mut side: Channel) -> Result<(), Broken> {
        let process = Arc::clone(self);
        let builder = thread::Builder::new().name(format!("side {}", self.heard.plugin));
        builder.spawn(move || {
            let mut ear = overheard::Ear::default();
            loop {
                let heard = side
                    .receive()
                    .map(|(kind, payload)| (kind, payload.to_vec()));
                let answer =
                    heard.and_then(|(kind, payload)| ear.hear(&process.heard, kind, &payload));
                let answered = answer.and_then(|answer| {
                    answer.map_or(Ok(()), |verdict| {
                        side.send(kind::EMITTED, |out| out.push(verdict))
                    })
                });
                match answered {
                    Ok(()) => {}
                    Err(Broken::Closed) => break,
                    Err(broken) => {
                        process.kill(broken.to_string(), false);
                        break;
                    }
                }
            }
        })?;
        Ok(())
    }
}

/// Why a hook got no answer from a lane.
#[derive(Debug)]
pub(super) enum Interrupted {
    /// The process had ended before.
    Before(Ended),
    /// It ended, or was killed, meanwhile; whether for taking too long, and why.
    Amid(bool, Lost),
}

/// One question and its answer.
fn exchange(
    control: &mut Channel,
    question: &impl serde::Serialize,
    deadline: Instant,
) -> Result<Answer, Broken> {
    control.send(kind::CONTROL, |out| {
        // Writing to memory does not fail, and the questions are made of texts and numbers.
        let _ = serde_json::to_writer(out, question);
    })?;
    match control.receive_until(Some(deadline))? {
        (kind::CONTROL, answer) => {
            serde_json::from_slice(answer).map_err(|_| Broken::Nonsense("no such answer"))
        }
        _ => Err(Broken::Nonsense("no answer")),
    }
}

fn pidfd(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok(pidfd_open(
        pid.ok_or(io::ErrorKind::InvalidInput)?,
        PidfdFlags::empty(),
    )?)
}

/// Has a thread wait for the end, and read what the process writes to stderr.
fn watch(
    process: &Arc<Process>,
    launcher: Launcher,
    mut child: Child,
    stderr: Option<ChildStderr>,
) -> io::Result<()> {
    let watched = Arc::clone(process);
    let builder = thread::Builder::new().name(format!("watch {}", process.heard.plugin));
    let spawned = builder.spawn(move || {
        let tail = stderr.map_or_else(String::new, |stderr| listen(&watched, stderr));
        // Its stderr may be closed long before.
        while let Err(rustix::io::Errno::INTR) =
            poll(&mut [PollFd::new(&watched.pidfd, PollFlags::IN)], None)
        {}
        let status = launcher.wait(&mut child);
        watched.has_ended(status, &tail);
    });
    if let Err(error) = spawned {
        // The closure is gone, and the child with it: nobody waits for it but the system.
        let _ = pidfd_send_signal(&process.pidfd, Signal::KILL);
        return Err(error);
    }
    Ok(())
}

/// Logs what the process writes until it ends; the last line of it.
fn listen(process: &Process, mut stderr: ChildStderr) -> String {
    let mut tail: VecDeque<u8> = VecDeque::with_capacity(TAIL);
    let mut line = Vec::new();
    let mut bytes = [0; 4096];
    let log = |line: &mut Vec<u8>| {
        if let (false, Some(services)) = (line.is_empty(), process.heard.services.get()) {
            let text = printable(&String::from_utf8_lossy(line));
            services.log(&process.heard.plugin, LogLevel::Warn, &text);
        }
        line.clear();
    };
    loop {
        match stderr.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => {
                for &byte in &bytes[..count] {
                    if byte == b'\n' || line.len() == LONGEST_LINE {
                        log(&mut line);
                    }
                    if byte != b'\n' {
                        line.push(byte);
                    }
                    if tail.len() == TAIL {
                        tail.pop_front();
                    }
                    tail.push_back(byte);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    log(&mut line);
    let tail = String::from_utf8_lossy(tail.make_contiguous()).into_owned();
    let last = tail.lines().rev().find(|line| !line.trim().is_empty());
    last.map(printable).unwrap_or_default()
}

impl Process {
    fn has_ended(&self, status: Option<ExitStatus>, tail: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (code, signal) = match status {
            Some(status) => (status.code(), status.signal()),
            None => (None, None),
        };
        let mut ended = state.killed.take().unwrap_or_else(|| {
            let how = match (code, signal) {
                (Some(code), _) => format!("its process exited with {code}"),
                (None, Some(signal)) => format!("its process was ended by {}", signal_name(signal)),
                (None, None) => "its process ended".to_owned(),
            };
            Ended {
                pid: self.pid,
                status: None,
                signal: None,
                reason: if tail.is_empty() {
                    how
                } else {
                    format!("{how}: {tail}")
                },
                asked: false,
            }
        });
        (ended.status, ended.signal) = (code, signal);
        state.ended = Some(ended);
        drop(state);
        self.over.notify_all();
        // Whoever waits for a lane has seen no end before it took the lock, or sees it now.
        drop(self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        self.freed.notify_all();
    }
}

fn signal_name(number: i32) -> String {
    let name = match number {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}
