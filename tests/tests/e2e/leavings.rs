//! What a run leaves behind in the directories for temporary files: nothing, however it ended.

use std::fs;
use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use audithook_tests::run::{wait_child, wait_readable};
use audithook_tests::tree::{Lifeline, children, supervisor, target};
use audithook_tests::{PATIENCE, Run, Scratch, python, skip};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

const PRIVATE: &str = "version = 1\n[files]\ntmp = \"private\"\n";

/// A run whose directories for temporary files are the test's own.
fn run(scratch: &Scratch) -> Run<'_> {
    scratch.directory("runtime");
    scratch.directory("tmp");
    Run::new(scratch, PRIVATE)
        .env("XDG_RUNTIME_DIR", scratch.text("runtime"))
        .env("TMPDIR", scratch.text("tmp"))
}

fn left(scratch: &Scratch) -> Vec<PathBuf> {
    ["runtime", "tmp"]
        .iter()
        .flat_map(|name| fs::read_dir(scratch.join(name)).expect("a directory"))
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[track_caller]
fn assert_nothing_is_left(scratch: &Scratch) {
    let left = left(scratch);
    assert!(left.is_empty(), "{left:?}");
}

/// Fills its temporary directory, says that it did, and lives until its input ends.
const CODE: &str = "\
import os, sys, tempfile
assert 'audithook-tmp-' in tempfile.gettempdir()
os.makedirs(os.path.join(tempfile.gettempdir(), 'a', 'b'))
open(os.path.join(tempfile.gettempdir(), 'a', 'b', 'file'), 'w').close()
with open('lines', 'w') as lines: lines.write('ready\\n')
sys.stdin.read()
";

#[test]
fn a_run_that_ends_leaves_no_temporary_files() {
    let scratch = Scratch::new();
    let mut lines = Lifeline::new(&scratch, "lines");
    let running = run(&scratch).code(python::newest(), CODE).start();
    assert_eq!(lines.line(PATIENCE).as_deref(), Some("ready"));
    running.finish().assert_success();
    assert_nothing_is_left(&scratch);
}

#[test]
fn a_run_whose_journal_cannot_be_opened_leaves_no_temporary_files() {
    let scratch = Scratch::new();
    run(&scratch)
        .without_journal_flag()
        .flags(&["--journal", "/proc/journal"])
        .command(["true"])
        .finish()
        .assert_code(125);
    assert_nothing_is_left(&scratch);
}

/// Starts the rest of its arguments, and waits: the command itself dies with the supervisor, what it started does not.
const STARTS: [&str; 4] = ["sh", "-c", "exec 3<&0; \"$@\" <&3 & wait", "sh"];

/// For runs whose front is stopped: a group that loses its last parent in the session while a member is stopped gets SIGHUP
/// (`setpgid(2)`), and where these tests lead a session theirs is such a group.
const OF_ITS_OWN: i32 = 0;

/// What the command of such a run started.
fn started(front: u32) -> u32 {
    let command = target(front).expect("the command runs");
    *children(command).first().expect("it started something")
}

/// A run that has made its directories, and lives until it is ended.
fn waiting_run(scratch: &Scratch) -> Child {
    let mut lines = Lifeline::new(scratch, "lines");
    let child = run(scratch)
        .audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "out.jsonl"])
        .arg("--")
        .args(STARTS)
        .args([python::newest().text(), "-c", CODE])
        .process_group(OF_ITS_OWN)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command runs");
    assert_eq!(lines.line(PATIENCE).as_deref(), Some("ready"));
    assert_eq!(left(scratch).len(), 2, "the run has its directories");
    child
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
    kill_process(pid, Signal::KILL).expect("own process");
}

#[test]
fn a_run_whose_supervisor_is_killed_leaves_no_temporary_files() {
    let scratch = Scratch::new();
    let mut child = waiting_run(&scratch);
    kill(supervisor(child.id()).expect("a run has a supervisor"));
    assert_eq!(wait_child(&mut child).code(), Some(125));
    assert_nothing_is_left(&scratch);
}

#[test]
fn a_run_whose_front_is_killed_leaves_no_temporary_files() {
    let scratch = Scratch::new();
    let mut child = waiting_run(&scratch);
    let supervisor = supervisor(child.id()).expect("a run has a supervisor");
    let supervisor = Pid::from_raw(supervisor.cast_signed()).expect("a process id");
    let supervisor = rustix::process::pidfd_open(supervisor, rustix::process::PidfdFlags::empty())
        .expect("it lives");
    kill(child.id());
    wait_child(&mut child);
    assert!(wait_readable(&supervisor, PATIENCE), "the supervisor ends");
    assert_nothing_is_left(&scratch);
}

#[test]
fn what_a_run_left_whose_front_and_supervisor_were_killed_the_next_one_removes() {
    let scratch = Scratch::new();
    let mut child = waiting_run(&scratch);
    let (supervisor, target) = (supervisor(child.id()), started(child.id()));
    let _input = child.stdin.take();
    // Stopped first: neither is to see the other's end.
    let front = Pid::from_child(&child);
    kill_process(front, Signal::STOP).expect("own process");
    kill(supervisor.expect("a run has a supervisor"));
    kill(child.id());
    wait_child(&mut child);
    let next = || {
        let outcome = Run::with_flags(&scratch, &["--observe", "-q"])
            .env("XDG_RUNTIME_DIR", scratch.text("runtime"))
            .command(["true"])
            .finish();
        outcome.assert_success();
    };
    next();
    assert_eq!(left(&scratch).len(), 2, "a process of that run lives");
    let life = Pid::from_raw(target.cast_signed()).expect("a process id");
    let life = rustix::process::pidfd_open(life, rustix::process::PidfdFlags::empty());
    kill(target);
    assert!(wait_readable(life.expect("it lives"), PATIENCE));
    next();
    assert_nothing_is_left(&scratch);
}

/// Hides from other processes of its user which run it belongs to, by one of two ways, and lives until its input ends.
const HIDING: &str = "\
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
extern char **environ;
int main(int argc, char **argv) {
    if (!strcmp(argv[1], \"overwritten\")) {
        for (char **entry = environ; *entry; entry++) memset(*entry, 0, strlen(*entry));
    } else {
        prctl(PR_SET_DUMPABLE, 0);
    }
    puts(\"ready\");
    fflush(stdout);
    return getchar() != EOF;
}
";

/// A place for a user who may not look into every process: this one, or somebody whom root becomes.
struct Unprivileged {
    scratch: Scratch,
}

impl Unprivileged {
    const USER: u32 = 65_533;

    /// The binary is copied there: it may lie where only root can go.
    fn new() -> Self {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let scratch = Scratch::new();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("own");
        let built = audithook_tests::build::audithook();
        for name in ["audithook", "libaudithook_cpython.so"] {
            fs::copy(built.with_file_name(name), scratch.join(name)).expect("copied");
        }
        for name in ["runtime", "tmp", "home", "state"] {
            let directory = scratch.directory(name);
            if rustix::process::geteuid().is_root() {
                chown(directory, Some(Self::USER), Some(Self::USER)).expect("root may");
            }
        }
        Self { scratch }
    }

    fn run(&self, command: &[&str]) -> Child {
        let audithook = self.scratch.text("audithook");
        let mut start = if rustix::process::geteuid().is_root() {
            let mut start = Command::new("setpriv");
            let (uid, gid) = (Self::USER.to_string(), Self::USER.to_string());
            start.args(["--reuid", &uid, "--regid", &gid, "--clear-groups"]);
            start.arg(audithook);
            start
        } else {
            Command::new(audithook)
        };
        start
            .args(["run", "-q", "--observe", "--"])
            .args(command)
            .current_dir(self.scratch.path())
            .env_clear()
            .envs(audithook_tests::run::environment(&self.scratch))
            .env("XDG_RUNTIME_DIR", self.scratch.text("runtime"))
            .process_group(OF_ITS_OWN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        start.spawn().expect("it runs")
    }

    fn run_another(&self) {
        assert_eq!(wait_child(&mut self.run(&["true"])).code(), Some(0));
    }
}

#[test]
fn what_a_process_may_still_need_stays_although_it_hides_whose_it_is() {
    let is_root = rustix::process::geteuid().is_root();
    if is_root && Command::new("setpriv").arg("-V").output().is_err() {
        return skip("processes that hide whose they are", "no setpriv");
    }
    let place = Unprivileged::new();
    let source = place.scratch.write("hiding.c", HIDING);
    let program = place.scratch.text("hiding");
    let made = Command::new("cc")
        .arg(source)
        .args(["-o", &program])
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return skip("processes that hide whose they are", "no C compiler");
    }
    for way in ["unreadable", "overwritten"] {
        let mut child = place.run(&[&STARTS[..], &[&program, way]].concat());
        let mut ready = [0; 6];
        let stdout = child.stdout.as_mut().expect("a pipe");
        stdout
            .read_exact(&mut ready)
            .expect("it says that it is ready");
        let (supervisor, target) = (supervisor(child.id()), started(child.id()));
        let _input = child.stdin.take();
        kill_process(Pid::from_child(&child), Signal::STOP).expect("own process");
        kill(supervisor.expect("a run has a supervisor"));
        kill(child.id());
        wait_child(&mut child);
        place.run_another();
        assert_eq!(
            left(&place.scratch).len(),
            1,
            "{way}: a process of that run lives"
        );
        let life = Pid::from_raw(target.cast_signed()).expect("a process id");
        let life = rustix::process::pidfd_open(life, rustix::process::PidfdFlags::empty());
        kill(target);
        assert!(wait_readable(life.expect("it lives"), PATIENCE));
        // Another process of the machine that hides whose it is, of another test perhaps, keeps it for as long.
        let end = std::time::Instant::now() + PATIENCE;
        while !left(&place.scratch).is_empty() {
            assert!(std::time::Instant::now() < end, "{way}: nobody needs it");
            place.run_another();
        }
    }
}

#[test]
fn a_run_that_lives_keeps_its_directory_while_others_end() {
    let scratch = Scratch::new();
    let mut child = waiting_run(&scratch);
    let before = left(&scratch);
    let outcome = Run::with_flags(&scratch, &["--observe", "-q"])
        .env("XDG_RUNTIME_DIR", scratch.text("runtime"))
        .command(["true"])
        .finish();
    outcome.assert_success();
    assert_eq!(left(&scratch), before);
    drop(child.stdin.take());
    assert_eq!(wait_child(&mut child).code(), Some(0));
    assert_nothing_is_left(&scratch);
}

/// Signals at moments of a run's start, to front alone and to its group.
#[test]
fn a_signal_at_whatever_moment_leaves_no_temporary_files() {
    let scratch = Scratch::new();
    let run = run(&scratch);
    for attempt in 0..40_u64 {
        let mut child = run
            .audithook_command(&["run", "-q", "-c", "hooks.toml", "--", "sleep", "1000"])
            .process_group(OF_ITS_OWN)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command runs");
        // A moment in the start of a run: this wait is what is tested, not a synchronisation.
        std::thread::sleep(Duration::from_micros(attempt * 400));
        let signal = [Signal::INT, Signal::TERM, Signal::HUP][attempt as usize % 3];
        let front = Pid::from_child(&child);
        if attempt % 2 == 0 {
            kill_process(front, signal).expect("own process");
        } else {
            kill_process_group(front, signal).expect("own group");
        }
        let status = wait_child(&mut child);
        assert_eq!(
            status.signal(),
            Some(signal.as_raw()),
            "attempt {attempt}: {status:?}"
        );
        assert_nothing_is_left(&scratch);
    }
}

/// Where the run's directory lies, by the name under which its library was loaded.
fn place_of_run(scratch: &Scratch, runtime: &str) -> String {
    let outcome = Run::with_flags(scratch, &["--observe", "-q"])
        .env("XDG_RUNTIME_DIR", runtime)
        .command(["sh", "-c", "tr '\\0' '\\n' </proc/self/environ"])
        .finish();
    outcome.assert_success();
    let line = String::from_utf8(outcome.stdout).expect("text");
    let line = line
        .lines()
        .find_map(|line| line.strip_prefix("LD_PRELOAD="));
    line.expect("the library was loaded").to_owned()
}

#[test]
fn a_runtime_directory_that_others_could_exchange_is_not_used() {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    let scratch = Scratch::new();
    let (above, runtime) = (
        scratch.directory("above"),
        scratch.directory("above/runtime"),
    );
    let link = scratch.join("link");
    symlink(&runtime, &link).expect("made");
    let link = scratch.text("link");
    let inside = |place: &str| place.starts_with(&scratch.text("above/runtime"));
    let mode = |directory: &PathBuf, mode| {
        fs::set_permissions(directory, fs::Permissions::from_mode(mode)).expect("own directory");
    };
    let assert_used = |used: bool, why: &str| {
        for name in [&scratch.text("above/runtime"), &link] {
            let place = place_of_run(&scratch, name);
            assert_eq!(inside(&place), used, "{why}: {place}");
            assert!(
                used || place.starts_with("/tmp/audithook-"),
                "{why}: {place}"
            );
        }
    };
    assert_used(true, "nobody else writes there");
    mode(&runtime, 0o1777);
    assert_used(true, "what lies there is its owner's");
    mode(&runtime, 0o777);
    assert_used(false, "anybody writes there");
    mode(&runtime, 0o700);
    mode(&above, 0o775);
    assert_used(false, "a group writes above it");
    mode(&above, 0o700);
    if rustix::process::geteuid().is_root() {
        chown(&runtime, Some(65_533), None).expect("root may");
        assert_used(false, "it is another's");
        chown(&runtime, Some(0), None).expect("root may");
        chown(&above, Some(65_533), None).expect("root may");
        assert_used(false, "what is above it is another's");
        chown(&above, Some(0), None).expect("root may");
    }
    assert_used(true, "it is as before");
}

/// Directories nested deeper than there are descriptors: they stay, and that is said.
#[test]
fn a_private_directory_that_cannot_be_removed_is_said() {
    let scratch = Scratch::new();
    let code = "\
import os
print(os.environ['TMPDIR'])
os.chdir(os.environ['TMPDIR'])
for _ in range(200):
    os.mkdir('d')
    os.chdir('d')
";
    let audithook = audithook_tests::build::audithook();
    let limited = ["sh", "-c", "ulimit -n 100 && exec \"$@\"", "sh"].map(str::to_owned);
    let run = [
        audithook.display().to_string(),
        "run".into(),
        "-c".into(),
        "hooks.toml".into(),
        "--".into(),
    ];
    let program = [python::newest().text().to_owned(), "-c".into(), code.into()];
    let outcome = Run::new(&scratch, PRIVATE)
        .command(limited.iter().chain(&run).chain(&program))
        .finish_bare();
    let left = outcome.assert_success().out();
    outcome.assert_err("the private temporary directory could not be removed");
    fs::remove_dir_all(left.trim()).expect("it was left");
}
