//! Killing: of the program, which loses no record; of front or supervisor, after which nobody of the tree lives.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::Duration;

use audithook_tests::tree::{Lifeline, supervisor, target};
use audithook_tests::{Journal, PATIENCE, Python, Run, Scratch, for_each_python, python, run};
use rustix::process::{Pid, Signal, kill_process};

/// How many random moments are tried; `AUDITHOOK_TRIES` says otherwise.
const TRIES: u64 = 20;
/// How many processes and threads `programs/family.py` reports.
const FAMILY: usize = 10;
/// How long the death of a tree may take.
const GRACE: Duration = Duration::from_secs(15);

fn tries() -> u64 {
    std::env::var("AUDITHOOK_TRIES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(TRIES)
}

/// A number below `limit`, another for each `seed`: reproducible moments (splitmix64).
fn scatter(seed: u64, limit: u64) -> u64 {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state ^ (state >> 31)) % limit
}

/// Whom the test kills.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Front,
    Supervisor,
}

/// Kills the victim of a whole family that is settled, and waits for the last of the family to die.
fn kill_settled(victim: Victim) {
    let scratch = Scratch::new();
    let mut lifeline = Lifeline::new(&scratch, "lifeline");
    let path = scratch.text("lifeline");
    let running = Run::new(&scratch, "version = 1\n")
        .program(python::newest(), "family.py", &[&path])
        .start();
    for number in 0..FAMILY {
        assert!(
            lifeline.line(PATIENCE).is_some(),
            "only {number} of the family came: {:?}",
            lifeline.holders()
        );
    }
    kill(victim, running.pid());
    assert!(
        lifeline.ends(GRACE),
        "{victim:?} was killed and these live: {:#?}",
        lifeline.holders()
    );
    let _ = running.finish();
}

/// Kills the victim some time after the start, whatever is being set up then.
fn kill_at_some_moment(victim: Victim, seed: u64) {
    let scratch = Scratch::new();
    let mut lifeline = Lifeline::new(&scratch, "lifeline");
    let path = scratch.text("lifeline");
    let run = Run::new(&scratch, "version = 1\n");
    let program = run::program("family.py").display().to_string();
    let arguments = [
        "run",
        "-q",
        "-c",
        "hooks.toml",
        "--journal",
        "out.jsonl",
        "--",
        python::newest().text(),
        &program,
        &path,
    ];
    let mut command = run.audithook_command(&arguments);
    // Whoever is born into the run, and the run's own processes, hold the lifeline as their standard error.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(lifeline.writer());
    let mut child = command.spawn().expect("the command runs");
    drop(command);
    // A moment in the life of a run: this wait is what is tested, not a synchronisation.
    std::thread::sleep(Duration::from_micros(scatter(seed, 150_000)));
    kill(victim, Pid::from_child(&child));
    let dead = lifeline.ends(GRACE);
    let holders = lifeline.holders();
    if !dead {
        let _ = child.kill();
    }
    run::wait_child(&mut child);
    assert!(
        dead,
        "try {seed}: {victim:?} was killed and these live: {holders:#?}"
    );
}

/// Kills the victim; the front where there is no supervisor yet.
fn kill(victim: Victim, front: Pid) {
    let found = match victim {
        Victim::Front => None,
        Victim::Supervisor => supervisor(front.as_raw_nonzero().get().cast_unsigned()),
    };
    let victim = found
        .and_then(|pid| Pid::from_raw(pid.cast_signed()))
        .unwrap_or(front);
    // Whoever died by himself meanwhile need not be killed.
    let _ = kill_process(victim, Signal::KILL);
}

#[test]
fn when_the_front_is_killed_nobody_of_the_tree_lives() {
    kill_settled(Victim::Front);
}

#[test]
fn when_the_supervisor_is_killed_nobody_of_the_tree_lives() {
    kill_settled(Victim::Supervisor);
}

/// Done-when 4, at random moments from before the first fork to long after the last.
#[test]
fn at_whatever_moment_front_or_supervisor_is_killed_nobody_lives() {
    for seed in 0..tries() {
        let victim = if seed % 2 == 0 {
            Victim::Front
        } else {
            Victim::Supervisor
        };
        kill_at_some_moment(victim, seed);
    }
}

/// Kills front and supervisor at one moment: neither sees the other's end. Front leads a group: one that loses its last parent
/// in the session while a member is stopped gets SIGHUP (setpgid(2)), and this test's own may be such a group.
fn kill_both(front: Pid) {
    let number = front.as_raw_nonzero().get().cast_unsigned();
    let supervisor = supervisor(number).expect("a run has a supervisor");
    kill_process(front, Signal::STOP).expect("own process");
    for pid in [supervisor, number] {
        let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
        kill_process(pid, Signal::KILL).expect("own process");
    }
}

#[test]
fn when_front_and_supervisor_are_killed_at_once_the_command_dies() {
    let scratch = Scratch::new();
    let mut lifeline = Lifeline::new(&scratch, "lifeline");
    let mut child = Run::new(&scratch, "version = 1\n")
        .audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "out.jsonl"])
        .args(["--", "sh", "-c", "echo ready >&2; exec sleep 1000"])
        .process_group(0)
        .stderr(lifeline.writer())
        .spawn()
        .expect("the command runs");
    assert_eq!(lifeline.line(PATIENCE).as_deref(), Some("ready"));
    kill_both(Pid::from_child(&child));
    run::wait_child(&mut child);
    assert!(lifeline.ends(GRACE), "{:#?}", lifeline.holders());
}

for_each_python! {
    /// It does nothing while both are killed, and is then told to go on: it may fill its ring.
    fn when_front_and_supervisor_are_killed_at_once_python_ends_when_its_ring_is_full(python: &Python) {
        const CODE: &str = "\
import sys
print('ready', file=sys.stderr, flush=True)
sys.stdin.read()
while True:
    sys.audit('count')
";
        let scratch = Scratch::new();
        let mut lifeline = Lifeline::new(&scratch, "lifeline");
        let mut child = Run::new(&scratch, "version = 1\n")
            .audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "out.jsonl", "--"])
            // The command dies at once; this is about what it started.
            .args(["sh", "-c", "exec 3<&0; \"$@\" <&3 & wait", "sh", python.text(), "-c", CODE])
            .process_group(0)
            .stdin(Stdio::piped())
            .stderr(lifeline.writer())
            .spawn()
            .expect("the command runs");
        assert_eq!(lifeline.line(PATIENCE).as_deref(), Some("ready"));
        let input = child.stdin.take();
        kill_both(Pid::from_child(&child));
        run::wait_child(&mut child);
        drop(input);
        let last = lifeline.line(PATIENCE).unwrap_or_default();
        assert!(last.contains("the supervisor is gone"), "{last:?}");
        assert!(lifeline.ends(GRACE), "{:#?}", lifeline.holders());
    }
}

#[test]
fn when_the_supervisor_is_killed_the_front_says_so_with_its_status() {
    let scratch = Scratch::new();
    let mut lifeline = Lifeline::new(&scratch, "lifeline");
    let path = scratch.text("lifeline");
    let running = Run::new(&scratch, "version = 1\n")
        .program(python::newest(), "family.py", &[&path])
        .start();
    assert!(lifeline.line(PATIENCE).is_some());
    kill(Victim::Supervisor, running.pid());
    assert!(lifeline.ends(GRACE), "{:#?}", lifeline.holders());
    running.finish().assert_code(125).assert_err("supervisor");
}

#[test]
fn what_the_command_leaves_running_is_ended_with_it() {
    let scratch = Scratch::new();
    let mut lifeline = Lifeline::new(&scratch, "lifeline");
    let code = "\
import os, signal, subprocess, sys
held = os.open('lifeline', os.O_WRONLY)
os.set_inheritable(held, True)
subprocess.Popen(['sleep', '1000'], pass_fds=[held], start_new_session=True)
subprocess.Popen(['sh', '-c', 'trap \"\" TERM; while :; do sleep 1000; done'], pass_fds=[held])
";
    let running = Run::new(&scratch, "version = 1\n")
        .code(python::newest(), code)
        .start();
    assert!(lifeline.ends(PATIENCE), "{:#?}", lifeline.holders());
    running.finish().assert_success();
}

#[test]
fn a_tree_that_is_waited_for_ends_by_itself() {
    let scratch = Scratch::new();
    let code =
        "import subprocess; subprocess.Popen(['sh', '-c', 'sleep 0.3; echo from the child'])";
    let outcome = Run::new(&scratch, "version = 1\n")
        .flags(&["--wait-tree"])
        .code(python::newest(), code)
        .finish();
    assert_eq!(outcome.assert_success().out(), "from the child\n");
}

for_each_python! {
    /// Done-when 4: the program says how many events it has raised, and is killed where it stands.
    fn a_killed_program_loses_no_journalled_event(python: &Python) {
        const CODE: &str = "\
import os, sys
counted = os.open('counted', os.O_WRONLY | os.O_CREAT)
print('ready', flush=True)
number = 0
while True:
    sys.audit('count', number)
    number += 1
    os.pwrite(counted, b'%d' % number, 0)
";
        for seed in 0..5 {
            let scratch = Scratch::new();
            let run = Run::new(&scratch, "version = 1\n");
            let arguments = ["run", "-q", "-c", "hooks.toml", "--journal", "out.jsonl", "--", python.text(), "-c", CODE];
            let mut child = run.audithook_command(&arguments).stdout(Stdio::piped()).spawn().expect("the command runs");
            let mut ready = [0; 6];
            child.stdout.as_mut().expect("a pipe").read_exact(&mut ready).expect("it says that it is ready");
            std::thread::sleep(Duration::from_micros(scatter(seed, 30_000)));
            let program = target(child.id()).expect("the program runs");
            kill_process(Pid::from_raw(program.cast_signed()).expect("a process id"), Signal::KILL).expect("own process");
            let status = run::wait_child(&mut child);
            assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status:?}");
            let counted = std::fs::read_to_string(scratch.join("counted")).expect("the program counts");
            let counted: u64 = counted.parse().unwrap_or(0);
            let journal = Journal::read(&scratch.join("out.jsonl"));
            let kept: Vec<_> = journal.of("count").map(|record| record.arg("0").as_u64().expect("a number")).collect();
            assert!(kept.iter().copied().eq(0..kept.len() as u64), "a gap");
            // It may have been killed between raising an event and counting it.
            assert!((counted..=counted + 1).contains(&(kept.len() as u64)), "raised {counted}, kept {}", kept.len());
            let exit = journal.of("process.exit").last().expect("its end is recorded");
            assert_eq!(exit.arg("signal"), 9, "{exit:?}");
        }
    }
}
