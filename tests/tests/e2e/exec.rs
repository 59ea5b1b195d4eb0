//! `[process] exec`: every way to run a program, from Python, from a shell, and from other programs of the tree.

use std::fs;

use audithook_tests::{Outcome, Python, Run, Scratch, for_each_python, python};

/// How many processes deep each operation is tried.
const LEVELS: usize = 3;
/// How many operations `programs/executions.py` tries.
const OPERATIONS: usize = 28;

/// A directory with `bin/program`, which leaves a mark, and links to it.
fn prepare() -> Scratch {
    let scratch = Scratch::new();
    scratch.write_program("bin/program", "#!/bin/sh\necho ran >> \"$1\"\n");
    std::os::unix::fs::symlink("program", scratch.join("bin/program-link"))
        .expect("a fresh directory");
    scratch.directory("marks");
    scratch
}

fn try_executions(scratch: &Scratch, python: &Python, policy: &str) -> Outcome {
    let level = (LEVELS - 1).to_string();
    let arguments = [scratch.text("bin/program"), scratch.text("marks"), level];
    let outcome = Run::new(scratch, policy)
        .program(python, "executions.py", &arguments)
        .finish();
    outcome.assert_success();
    outcome
}

fn marks(scratch: &Scratch) -> usize {
    fs::read_dir(scratch.join("marks"))
        .expect("a directory")
        .count()
}

fn assert_all(outcome: &Outcome, expected: &str) {
    let results = outcome.json();
    let mut faults = Vec::new();
    for level in 0..LEVELS {
        let results = results[level.to_string()]
            .as_object()
            .expect("every level reports");
        assert_eq!(results.len(), OPERATIONS);
        for (operation, result) in results.iter().filter(|(_, result)| *result != expected) {
            faults.push(format!("level {level}, {operation}: {result}"));
        }
    }
    assert!(
        faults.is_empty(),
        "not {expected}:\n{}\n{}",
        faults.join("\n"),
        outcome.describe()
    );
}

for_each_python! {
    /// Done-when 2, programs: refused from three generations of Python and from the programs that they run.
    fn a_program_that_is_not_listed_does_not_run(python: &Python) {
        let scratch = prepare();
        let policy = format!("version = 1\n[process]\nexec = [\"{}\", \"sh\", \"env\"]\n", python.text());
        let outcome = try_executions(&scratch, python, &policy);
        assert_all(&outcome, "refused");
        assert_eq!(marks(&scratch), 0, "it ran\n{}", outcome.describe());
        let journal = outcome.journal();
        let program = scratch.text("bin/program");
        for record in journal.refusals() {
            record.assert_denied("process.exec", "hooks.toml:3");
            assert_eq!(record.arg_text("path"), program, "{:?}", record);
        }
        let pids: std::collections::BTreeSet<_> = journal.refusals().map(|record| record.pid()).collect();
        assert!(pids.len() >= LEVELS, "{}", journal.describe());
        // One operation is one record: at least one for each, and not one for each layer that sees it.
        let count = journal.refusals().count();
        assert_eq!(count, LEVELS * OPERATIONS, "{}", journal.describe());
        for event in ["subprocess.Popen", "os.exec", "os.posix_spawn"] {
            assert!(journal.of(event).any(|record| record.verdict() == "deny"), "no refusal of {event}");
        }
    }

    /// Its control.
    fn a_program_that_is_listed_runs(python: &Python) {
        let scratch = prepare();
        let policy = format!("version = 1\n[process]\nexec = [\"{}\", \"sh\", \"env\", \"./bin/*\"]\n", python.text());
        let outcome = try_executions(&scratch, python, &policy);
        assert_all(&outcome, "ran");
        assert_eq!(marks(&scratch), LEVELS * OPERATIONS);
        outcome.journal().assert_no_refusals();
    }

    /// Python's many ways to start one process are one record (3.13 raises both Popen and posix_spawn for one).
    fn one_start_of_a_process_is_one_record(python: &Python) {
        let scratch = Scratch::new();
        let code = "import subprocess; subprocess.run(['true']); subprocess.run(['true'], close_fds=False)";
        let outcome = Run::new(&scratch, "version = 1\n").code(python, code).finish();
        outcome.assert_success();
        let journal = outcome.journal();
        let starts = journal.records().iter().filter(|record| {
            ["subprocess.Popen", "os.posix_spawn", "os.exec", "_posixsubprocess.fork_exec"].contains(&record.event())
        });
        let starts: Vec<_> = starts.map(|record| (record.event(), record.arg_text("path"))).collect();
        assert_eq!(starts.len(), 2, "{starts:?}");
        assert!(starts.iter().all(|(event, path)| *event == "subprocess.Popen" && path.ends_with("/true")), "{starts:?}");
        let children = journal.of("process.start").filter(|record| record.arg_text("exe").ends_with("/true")).count();
        assert_eq!(children, 2, "{}", journal.describe());
    }
}

#[test]
fn the_command_itself_may_always_run() {
    let scratch = Scratch::new();
    let policy = "version = 1\n[process]\nexec = \"none\"\n";
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), "print('ran')")
        .finish();
    assert_eq!(outcome.assert_success().out(), "ran\n");
}

#[test]
fn a_shell_that_is_the_command_is_held_to_the_list_too() {
    let scratch = prepare();
    let policy = "version = 1\n[process]\nexec = [\"true\"]\n";
    let script = "true && echo first; bin/program marks/one || echo \"refused $?\"";
    let run = Run::new(&scratch, policy).command(["sh", "-c", script]);
    let outcome = run.finish();
    assert_eq!(
        outcome.assert_success().out(),
        "first\nrefused 126\n",
        "{}",
        outcome.describe()
    );
    let journal = outcome.journal();
    journal
        .refusal("os.exec", &[("path", &scratch.text("bin/program"))])
        .assert_denied("process.exec", "hooks.toml:3");
    assert_eq!(marks(&scratch), 0);
    assert_eq!(run.finish_bare().out(), "first\n");
    assert_eq!(marks(&scratch), 1);
}
