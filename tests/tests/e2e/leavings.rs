//! What a run leaves behind in the directories for temporary files: nothing, however it ended.

use std::fs;
use std::path::PathBuf;

use audithook_tests::tree::{Lifeline, supervisor};
use audithook_tests::{PATIENCE, Run, Scratch, python};
use rustix::process::{Pid, Signal, kill_process};

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
        .flags(&["--journal", "/proc/no/journal"])
        .command(["true"])
        .finish()
        .assert_code(125);
    assert_nothing_is_left(&scratch);
}

#[test]
fn a_run_whose_supervisor_is_killed_leaves_no_temporary_files() {
    let scratch = Scratch::new();
    let mut lines = Lifeline::new(&scratch, "lines");
    let run = run(&scratch);
    let mut child = run
        .audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "out.jsonl"])
        .args(["--", python::newest().text(), "-c", CODE])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the command runs");
    assert_eq!(lines.line(PATIENCE).as_deref(), Some("ready"));
    assert_eq!(left(&scratch).len(), 2, "the run has its directories");
    let supervisor = supervisor(child.id()).expect("a run has a supervisor");
    let supervisor = Pid::from_raw(supervisor.cast_signed()).expect("a process id");
    kill_process(supervisor, Signal::KILL).expect("own process");
    let status = audithook_tests::run::wait_child(&mut child);
    assert_eq!(status.code(), Some(125));
    assert_nothing_is_left(&scratch);
}
