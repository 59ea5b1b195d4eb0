//! Processes of the tree that speak to the supervisor as no honest process does (`src/bin/hostile-client.rs`): they get
//! nowhere, and nobody else suffers.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use audithook_tests::tree::{Lifeline, supervisor};
use audithook_tests::{Journal, PATIENCE, Run, Scratch, build, python, run, skip};

const NOTHING: &str = "version = 1\n";
/// A policy whose rule the supervisor alone can judge.
const ASKING: &str = "\
version = 1
[[hook]]
name = \"large\"
on = \"shop.order\"
when = 'args[\"0\"] == \"large\"'
do = \"deny\"
";

/// The client as the command of a run. Its lines come through a lifeline.
struct Client {
    scratch: Scratch,
    lines: Lifeline,
    front: Child,
}

impl Client {
    fn start(policy: &str, arguments: &[&str]) -> Self {
        let scratch = Scratch::new();
        scratch.write("hooks.toml", policy);
        let lines = Lifeline::new(&scratch, "lines");
        let run = Run::with_flags(&scratch, &[]);
        let before = [
            "run",
            "-q",
            "-c",
            "hooks.toml",
            "--journal",
            "out.jsonl",
            "--",
        ];
        let command = [&before[..], &[hostile_client()], arguments].concat();
        let front = run
            .audithook_command(&command)
            .stdin(Stdio::piped())
            .stdout(lines.writer())
            .spawn()
            .expect("the command runs");
        Self {
            scratch,
            lines,
            front,
        }
    }

    /// What it says next.
    #[track_caller]
    fn line(&mut self) -> Option<String> {
        self.lines.line(PATIENCE)
    }

    #[track_caller]
    fn begun(&mut self) -> u32 {
        assert_eq!(self.line().as_deref(), Some("begun"));
        supervisor(self.front.id()).expect("a run has a supervisor")
    }

    fn finish(mut self) -> Journal {
        drop(self.front.stdin.take());
        run::wait_child(&mut self.front);
        Journal::read(&self.scratch.join("out.jsonl"))
    }
}

fn hostile_client() -> &'static str {
    env!("CARGO_BIN_EXE_hostile-client")
}

/// The processor time that a process has used.
fn processor_time(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, fields) = text.rsplit_once(") ").expect("a name");
    let ticks: u64 = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum();
    let per_second = rustix::param::clock_ticks_per_second();
    Duration::from_millis(ticks * 1000 / per_second)
}

/// The memory that a process has resident, in bytes.
fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).expect("it runs");
    let pages = text.split_ascii_whitespace().nth(1).expect("a field");
    pages.parse::<u64>().expect("a number") * rustix::param::page_size() as u64
}

/// A program that starts the hostile client, waits until it has begun, and then does something honest.
fn beside(client: &[&str], honest: &str) -> String {
    format!(
        "\
import subprocess, sys, time
client = subprocess.Popen({client:?}, stdout=subprocess.PIPE, text=True)
assert client.stdout.readline() == 'begun\\n'
began = time.monotonic()
{honest}
took = time.monotonic() - began
client.kill()
print('well' if took < 6 else took)
"
    )
}

#[test]
fn connections_that_say_nothing_are_closed() {
    let mut client = Client::start(NOTHING, &["silent", "1500"]);
    client.begun();
    assert_eq!(client.line().as_deref(), Some("open: 0"));
    client.finish();
}

#[test]
fn connections_that_say_nothing_cost_the_supervisor_nothing() {
    let mut client = Client::start(NOTHING, &["silent", "1500"]);
    let supervisor = client.begun();
    let before = processor_time(supervisor);
    // The time over which the cost is measured.
    std::thread::sleep(Duration::from_secs(1));
    let cost = processor_time(supervisor) - before;
    assert!(
        cost < Duration::from_millis(500),
        "of one second it was busy for {cost:?}"
    );
    client.finish();
}

#[test]
fn silent_connections_keep_nobody_from_being_heard() {
    let scratch = Scratch::new();
    let honest = "\
for _ in range(50): sys.audit('shop.order', 'small')
for _ in range(5): subprocess.check_call([sys.executable, '-c', 'import sys; sys.audit(\"shop.order\", \"small\")'])
";
    let code = beside(&[hostile_client(), "mute", "1500"], honest);
    let outcome = Run::new(&scratch, ASKING)
        .code(python::newest(), &code)
        .finish();
    assert_eq!(
        outcome.assert_success().out(),
        "well\n",
        "{}",
        outcome.describe()
    );
    assert_eq!(outcome.journal().of("shop.order").count(), 55);
}

#[test]
fn a_flood_of_questions_is_refused_and_others_are_answered() {
    const ASKED: usize = 2000;
    let scratch = Scratch::new();
    let policy = format!(
        "\
version = 1
[plugin.gate-plugin]
path = {:?}
placement = \"supervisor\"
[[hook]]
on = \"shop.order\"
call = \"gate-plugin.check\"
with = {{ argument = \"0\", behave = \"sleep\", sleep-ms = 200, contains = \"slow\", verdict = \"allow\" }}
",
        build::gate_plugin()
    );
    let honest = "for _ in range(3): sys.audit('shop.order', 'quick')";
    let asked = ASKED.to_string();
    let code = beside(&[hostile_client(), "questions", &asked], honest);
    let outcome = Run::new(&scratch, &policy)
        .code(python::newest(), &code)
        .finish();
    assert_eq!(
        outcome.assert_success().out(),
        "well\n",
        "{}",
        outcome.describe()
    );

    let policy = policy.replace("sleep-ms = 200", "sleep-ms = 20");
    let mut client = Client::start(&policy, &["questions", &asked]);
    client.begun();
    let line = client.line().expect("every question is answered");
    let refused: usize = line
        .strip_prefix("refused: ")
        .and_then(|count| count.parse().ok())
        .unwrap_or_else(|| panic!("{line}"));
    assert!(
        (ASKED / 2..ASKED).contains(&refused),
        "{refused} of {ASKED} were refused"
    );
    client.finish();
}

#[test]
fn an_interpreter_that_would_act_unseen_is_killed_and_the_journal_says_why() {
    for (misdeed, reason) in [
        ("no-ring", "it sent none"),
        ("large-ring", "impossible size"),
        ("twice", "announced itself twice"),
    ] {
        let mut client = Client::start(NOTHING, &[misdeed]);
        // It may be dead before it has said that it lives.
        let line = client.line().filter(|line| line == "begun");
        assert_eq!(line.and_then(|_| client.line()), None, "{misdeed}");
        let journal = client.finish();
        let lost = journal.of("bus.lost").next();
        let told = lost.map(|lost| lost.arg_text("reason")).unwrap_or_default();
        assert!(
            told.contains(reason) && told.contains("killed"),
            "{misdeed}: {}",
            journal.describe()
        );
        let exit = journal.of("process.exit").last().expect("its end");
        assert_eq!(exit.arg("signal"), 9, "{misdeed}: {exit:?}");
    }
}

#[test]
fn programs_that_are_replaced_leave_nothing_behind() {
    const IMAGES: u64 = 40_000;
    let images = |count: u64| {
        let mut client = Client::start(NOTHING, &["images", &count.to_string()]);
        let supervisor = client.begun();
        let last = client.scratch.join("out.jsonl");
        wait_for_lines(&last, count as usize);
        let resident = resident(supervisor);
        client.finish();
        resident
    };
    let (few, many) = (images(2_000), images(IMAGES));
    let grown = many.saturating_sub(few);
    assert!(
        grown < IMAGES * 60,
        "grown by {} bytes for each program",
        grown / IMAGES
    );
}

/// Waits until a file has so many lines.
fn wait_for_lines(file: &Path, count: usize) {
    let end = Instant::now() + PATIENCE;
    loop {
        let content = std::fs::read(file).unwrap_or_default();
        if content.iter().filter(|byte| **byte == b'\n').count() >= count {
            return;
        }
        assert!(
            Instant::now() < end,
            "{} has no {count} lines",
            file.display()
        );
        // The journal is a file: there is nothing to wait for but its growth.
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_ring_that_rings_no_doorbell_is_read_all_the_same() {
    let began = Instant::now();
    let mut client = Client::start(NOTHING, &["unheard", "30"]);
    client.begun();
    assert_eq!(client.line().as_deref(), Some("done"));
    // One lap a second is what a supervisor reads that goes on sleeping.
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    client.finish();
}

#[test]
fn a_flood_of_connections_does_not_hold_up_the_end_of_a_run() {
    let scratch = Scratch::new();
    let code = format!(
        "\
import subprocess
client = subprocess.Popen([{:?}, 'flood', '32'], stdout=subprocess.PIPE, text=True)
assert client.stdout.readline() == 'begun\\n'
",
        hostile_client()
    );
    // The first to ask for it waits for its build.
    let _ = build::audithook();
    let began = Instant::now();
    Run::new(&scratch, NOTHING)
        .code(python::newest(), &code)
        .finish()
        .assert_success();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

/// Takes the supervisor's descriptors away, down to the limits given, and starts a program.
fn taking_descriptors_away(hard: &str, then: &str) -> String {
    format!(
        "\
import os, resource, subprocess, sys, time
most = resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)[1]
resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, {hard}))
def start():
    subprocess.call([sys.executable, '-S', '-c', 'import sys; sys.audit(\"shop.unseen\")'])
{then}
"
    )
}

#[test]
fn a_supervisor_whose_soft_limit_of_descriptors_is_lowered_hears_everybody() {
    let scratch = Scratch::new();
    let code = taking_descriptors_away("most", "start()\nstart()");
    let policy = "version = 1\n[journal]\nevents = [\"shop.*\"]\n";
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), &code)
        .finish();
    outcome.assert_success();
    let journal = outcome.journal();
    assert_eq!(
        journal.of("shop.unseen").count(),
        2,
        "{}",
        journal.describe()
    );
}

/// In a namespace of users nobody may raise a limit that was lowered for good (CAP_SYS_RESOURCE).
#[test]
fn a_run_that_cannot_hear_its_processes_ends_with_its_reason() {
    for then in ["start()", "start()\ntime.sleep(600)"] {
        let scratch = Scratch::new();
        let code = taking_descriptors_away("0", then);
        let run = Run::new(&scratch, NOTHING);
        let inner = run.audithook_command(&[
            "run",
            "-c",
            "hooks.toml",
            "--",
            python::newest().text(),
            "-c",
            &code,
        ]);
        let outcome = Command::new("unshare")
            .args(["--user", "--map-root-user"])
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(scratch.path())
            .env_clear()
            .envs(run::environment(&scratch))
            .output()
            .expect("unshare runs");
        let said = String::from_utf8_lossy(&outcome.stderr);
        if said.starts_with("unshare: ") {
            skip("limits", format_args!("no namespaces here: {said}"));
            return;
        }
        assert_eq!(outcome.status.code(), Some(125), "{said}");
        assert!(said.contains("could not be heard any more"), "{said}");
    }
}

/// Once nobody can be heard any more, who starts has no time to act.
#[test]
fn a_process_that_cannot_be_heard_is_ended_before_it_acts() {
    let scratch = Scratch::new();
    let run = Run::new(&scratch, NOTHING);
    let code = taking_descriptors_away("0", "start()\ntime.sleep(600)").replace(
        "import sys; ",
        "import sys, time; time.sleep(0.5); open(\\'acted\\', \\'w\\'); ",
    );
    let arguments = [
        "run",
        "-q",
        "-c",
        "hooks.toml",
        "--",
        python::newest().text(),
        "-c",
        &code,
    ];
    let inner = run.audithook_command(&arguments);
    let outcome = Command::new("unshare")
        .args(["--user", "--map-root-user"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(scratch.path())
        .env_clear()
        .envs(run::environment(&scratch))
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&outcome.stderr);
    if said.starts_with("unshare: ") {
        skip("limits", format_args!("no namespaces here: {said}"));
        return;
    }
    assert_eq!(outcome.status.code(), Some(125), "{said}");
    assert!(!scratch.join("acted").exists(), "{said}");
}

/// Tries to get at the memory and the descriptors of its ancestors, as many as it is told.
const INTRUDER: &str = "\
import ctypes, os, sys
call = ctypes.CDLL(None, use_errno=True).ptrace
call.argtypes = [ctypes.c_long] * 4
def parent(pid):
    with open('/proc/%d/stat' % pid) as status:
        return int(status.read().rsplit(')', 1)[1].split()[1])
def seize(pid):
    if call(0x4206, pid, 0, 0) != 0: raise OSError(ctypes.get_errno(), 'ptrace')
    os._exit(0)
ways = {
    'memory': lambda pid: open('/proc/%d/mem' % pid, 'rb').close(),
    'environment': lambda pid: open('/proc/%d/environ' % pid, 'rb').read(),
    'descriptors': lambda pid: os.listdir('/proc/%d/fd' % pid),
    'ptrace': seize,
}
pid = os.getpid()
for _ in range(int(sys.argv[1])):
    pid = parent(pid)
    for way, attempt in ways.items():
        if way == 'ptrace':
            # A tracer that ends lets go.
            child = os.fork()
            if child == 0:
                try: attempt(pid)
                except OSError: os._exit(1)
            print(way, 'refused' if os.waitpid(child, 0)[1] else 'reached')
            continue
        try:
            attempt(pid)
            print(way, 'reached')
        except OSError:
            print(way, 'refused')
";

#[test]
fn the_memory_of_front_and_supervisor_is_out_of_the_trees_reach() {
    let scratch = Scratch::new();
    // Another user works here.
    let state = scratch.directory("state");
    for (directory, mode) in [(scratch.path(), 0o755), (&state, 0o777)] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(directory, mode).expect("own directory");
    }
    let python = "/usr/bin/python3";
    let audithook = build::audithook();
    let attempt = |command: &[&str]| {
        // Who may do everything (CAP_SYS_PTRACE) is not kept from it.
        let mut words = Vec::new();
        if rustix::process::geteuid().is_root() {
            words.extend([
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
            ]);
            words.push("--inh-caps=-all");
        }
        words.extend(command);
        Run::new(&scratch, NOTHING)
            .in_directory("/")
            .command(words)
            .finish_bare()
    };
    let control = attempt(&["sh", "-c", "\"$@\"; :", "sh", python, "-c", INTRUDER, "1"]);
    let reached =
        ["memory", "environment", "descriptors", "ptrace"].map(|way| format!("{way} reached\n"));
    if control.out() != reached.concat() {
        skip("the reach of the tree", control.describe());
        return;
    }
    let audithook = audithook.to_str().expect("a path of text");
    let hooked = attempt(&[
        audithook,
        "run",
        "-q",
        "--observe",
        "--",
        python,
        "-c",
        INTRUDER,
        "2",
    ]);
    let refused = reached.concat().replace("reached", "refused");
    assert_eq!(hooked.assert_success().out(), refused.repeat(2));
}
