//! A terminal with a program in it: a pseudo-terminal whose screen is the test's.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::run::wait_readable;
use crate::{PATIENCE, tree};

/// A terminal.
#[derive(Debug)]
pub struct Terminal {
    screen: File,
    child: Child,
    seen: String,
    /// How much of `seen` earlier waits have used up.
    used: usize,
}

impl Terminal {
    /// Starts a program in a session of its own that has this terminal. `setsid` (util-linux) makes it the session's.
    #[must_use]
    pub fn start(command: &Command) -> Self {
        let screen =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&screen).expect("own pty");
        unlockpt(&screen).expect("own pty");
        let name = ptsname(&screen, Vec::new()).expect("a pty has a name");
        let name = name.into_string().expect("a plain name");
        let line: OwnedFd = File::options()
            .read(true)
            .write(true)
            .open(name)
            .expect("own pty")
            .into();
        let mut wrapped = Command::new("setsid");
        wrapped
            .arg("--ctty")
            .arg("--wait")
            .arg(command.get_program())
            .args(command.get_args());
        if let Some(directory) = command.get_current_dir() {
            wrapped.current_dir(directory);
        }
        wrapped.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                wrapped.env(name, value);
            }
        }
        let child = wrapped
            .stdin(Stdio::from(line.try_clone().expect("a descriptor")))
            .stdout(Stdio::from(line.try_clone().expect("a descriptor")))
            .stderr(Stdio::from(line))
            .spawn()
            .expect("setsid is part of every Linux system");
        Self {
            screen: screen.into(),
            child,
            seen: String::new(),
            used: 0,
        }
    }

    /// Types.
    pub fn type_in(&mut self, text: &str) {
        self.screen
            .write_all(text.as_bytes())
            .expect("the terminal is open");
    }

    /// Waits until a text appears after what earlier waits have seen. Returns what came before it.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.seen[self.used..].find(text) {
                let before = self.seen[self.used..self.used + place].to_owned();
                self.used += place + text.len();
                return before;
            }
            let left = end.saturating_duration_since(Instant::now());
            let mut bytes = [0; 1024];
            assert!(
                left > Duration::ZERO && wait_readable(self.screen.as_fd(), left),
                "`{text}` did not appear on the screen:\n{}",
                self.seen
            );
            let count = self.screen.read(&mut bytes).unwrap_or(0);
            assert!(
                count > 0,
                "the terminal was closed before `{text}` appeared:\n{}",
                self.seen
            );
            self.seen
                .push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    /// Goes away, as a window does that is closed.
    pub fn hang_up(&mut self) {
        self.screen = File::open("/dev/null").expect("it is always there");
    }

    /// All that appeared.
    #[must_use]
    pub fn screen(&self) -> &str {
        &self.seen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed may leave stopped jobs, which no hangup ends.
        for pid in tree::session(self.child.id()) {
            let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
