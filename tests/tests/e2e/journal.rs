//! The journal: what is always in it, in which order, and that nothing is lost.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use audithook_tests::{
    Journal, PATIENCE, Python, Run, Scratch, build, for_each_python, python, run,
};

for_each_python! {
    fn an_exception_that_nobody_caught_is_recorded_with_its_type(python: &Python) {
        let scratch = Scratch::new();
        let outcome = Run::with_flags(&scratch, &["--observe"]).code(python, "raise ZeroDivisionError('x')").finish();
        assert_eq!(outcome.code(), 1, "{}", outcome.describe());
        let journal = outcome.journal();
        assert!(journal.find("sys.excepthook", &[("type", "ZeroDivisionError")]).is_some(), "{}", journal.describe());
    }

    /// A forked child that raises no event of Python's is heard as well: some calls are seen in libc only.
    fn what_a_forked_child_does_before_its_first_event_is_recorded(python: &Python) {
        let scratch = Scratch::new();
        let code = "\
import os
os.mkfifo('parent')
child = os.fork()
if child == 0:
    os.mkfifo('child')
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
";
        let outcome = Run::new(&scratch, "version = 1\n").python(python, &["-W", "ignore", "-c", code]).finish();
        outcome.assert_success();
        let journal = outcome.journal();
        let made = |name| {
            let mut records = journal.records().iter();
            let record = records.find(|record| record.arg("raw").as_str() == Some(name));
            record.unwrap_or_else(|| panic!("`{name}` is not recorded\n{}", outcome.describe()))
        };
        assert_ne!(made("parent").pid(), made("child").pid(), "{}", outcome.describe());
    }

    fn processes_begin_and_end_in_the_journal(python: &Python) {
        let scratch = Scratch::new();
        let code = "import subprocess, sys; subprocess.call([sys.executable, '-c', 'raise SystemExit(5)']); raise SystemExit(3)";
        let outcome = Run::new(&scratch, "version = 1\n").flags(&["--label", "job=17", "--label", "who=me"]).code(python, code).finish();
        outcome.assert_code(3);
        let journal = outcome.journal();
        let starts: Vec<_> = journal.of("process.start").collect();
        assert_eq!(starts.len(), 2, "{}", journal.describe());
        let first = starts[0];
        assert_eq!(journal.records()[0].event(), "process.start", "the first record");
        assert_eq!(first.arg("argv"), &serde_json::json!([python.text(), "-c", code]));
        assert_eq!(first.arg_text("exe"), python.program.to_str().expect("a plain path"));
        assert_eq!(first.arg_text("cwd"), scratch.text(""));
        assert_eq!(first.arg("labels"), &serde_json::json!({"job": "17", "who": "me"}));
        assert_eq!(first.arg("hooked"), true);
        assert_eq!(*first.arg("uid"), rustix::process::getuid().as_raw());
        assert!(first.arg_text("policy").len() >= 32, "the policy's hash: {first:?}");
        assert_eq!(starts[1].arg("ppid"), &first.0["pid"]);
        let exits: Vec<_> = journal.of("process.exit").collect();
        assert_eq!(exits.len(), 2, "{}", journal.describe());
        for (pid, status) in [(first.pid(), 3), (starts[1].pid(), 5)] {
            let exit = exits.iter().find(|exit| exit.pid() == pid).expect("each ends");
            let told = exit.arg("status");
            // The kernel tells the status of the front's own children alone.
            assert!(*told == status || pid != first.pid() && told.is_null(), "{exit:?}");
        }
        assert_eq!(exits.last().map(|exit| exit.pid()), Some(first.pid()), "the root ends last");
    }

    /// Order holds within a thread.
    fn a_threads_events_are_in_its_order(python: &Python) {
        let scratch = Scratch::new();
        let code = "\
import sys, threading
def count(thread):
    for number in range(2000): sys.audit('count', thread, number)
threads = [threading.Thread(target=count, args=(n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
";
        let outcome = Run::new(&scratch, "version = 1\n").code(python, code).finish();
        outcome.assert_success();
        let journal = outcome.journal();
        let mut next = [0; 4];
        for record in journal.of("count") {
            let thread = record.arg("0").as_u64().expect("a number") as usize;
            assert_eq!(*record.arg("1"), next[thread], "{record:?}");
            next[thread] += 1;
        }
        assert_eq!(next, [2000; 4], "nothing is lost");
        assert!(journal.of("bus.lost").next().is_none());
    }

    /// The ring survives the death of its process, however it dies.
    fn sudden_ends_lose_nothing(python: &Python) {
        for end in ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()", "os.execv('/bin/true', ['true'])"] {
            let scratch = Scratch::new();
            let code = format!("\
import os, sys, resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number in range(3000): sys.audit('count', number)
if os.fork() == 0:
    for number in range(3000, 3500): sys.audit('count', number)
    {end}
os.wait()
{end}
");
            let outcome = Run::new(&scratch, "version = 1\n").code(python, &code).finish();
            let journal = outcome.journal();
            let mut numbers: Vec<_> = journal.of("count").map(|record| record.arg("0").as_u64().expect("a number")).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..3500), "{end}\n{}", journal.describe());
        }
    }

    /// `"*"` records what the interpreter does to start, too, and the program is none the wiser.
    fn everything_can_be_recorded(python: &Python) {
        let scratch = Scratch::new();
        let run = |events: &str| {
            let policy = format!("version = 1\n[journal]\nevents = {events}\n");
            let outcome = Run::new(&scratch, &policy).code(python, "import json; print(json.dumps({}))").finish();
            assert_eq!(outcome.assert_success().out(), "{}\n");
            outcome.journal()
        };
        let everything = run("[\"*\"]");
        let default = run("[\"@default\"]");
        let imports = run("[\"import\"]");
        assert!(everything.records().len() > default.records().len());
        assert!(everything.find("import", &[("module", "json")]).is_some());
        assert!(everything.of("compile").next().is_some() || everything.of("exec").next().is_some());
        assert!(default.of("exec").next().is_none() && default.find("cpython.run_command", &[]).is_some());
        assert!(imports.records().iter().all(|record| ["import", "process.start", "process.exit"].contains(&record.event())), "{}", imports.describe());
        everything.assert_no_refusals();
    }

    /// A journal is read by machines: nothing in it is what the program would like it to be.
    fn odd_texts_are_escaped_and_bytes_are_kept(python: &Python) {
        let scratch = Scratch::new();
        let code = "\
import os, sys
for name in (b'new\\nline', b'\\xff\\xfe', b'quote\"', 'gr\\u00fc\\u00df'.encode(), b'\\x1b[2J'):
    open(name, 'w').close()
sys.audit('log', '{\"v\":1,\"verdict\":\"allow\"}\\n{\"v\":1}', '\\u2028\\x00\\x7f')
";
        let outcome = Run::new(&scratch, "version = 1\n").code(python, code).finish();
        outcome.assert_success();
        let journal = outcome.journal();
        let path = |name: &str| format!("{}/{name}", scratch.text(""));
        for name in ["new\nline", "quote\"", "grüß", "\u{1b}[2J"] {
            assert!(journal.find("open", &[("path", &path(name))]).is_some(), "{name:?} {}", journal.describe());
        }
        let lossy = journal.find("open", &[("path", &path("\u{fffd}\u{fffd}"))]).expect("lossily");
        assert!(lossy.arg("path_b64").is_string(), "{lossy:?}");
        assert_eq!(journal.of("log").count(), 1);
        assert_eq!(journal.of("log").next().expect("one").arg("1"), "\u{2028}\0\u{7f}");
    }
}

#[test]
fn a_journal_goes_to_a_descriptor_that_the_program_does_not_get() {
    let scratch = Scratch::new();
    scratch.write("hooks.toml", "version = 1\n");
    let shell =
        "exec 7>\"$1\"; exec \"$2\" run -q -c hooks.toml --journal fd:7 -- \"$3\" -c \"$4\"";
    let code = "import os; print(os.path.exists('/proc/self/fd/7'))";
    let output = Command::new("sh")
        .args(["-c", shell, "sh"])
        .arg(scratch.join("out.jsonl"))
        .arg(build::audithook())
        .arg(python::newest().text())
        .arg(code)
        .current_dir(&scratch)
        .env_clear()
        .envs(run::environment(&scratch))
        .output()
        .expect("sh runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "False\n",
        "{output:?}"
    );
    assert!(output.status.success());
    let journal = Journal::read(&scratch.join("out.jsonl"));
    assert!(journal.of("process.exit").next().is_some());
}

#[test]
fn a_journal_that_cannot_be_written_starts_nothing() {
    let scratch = Scratch::new();
    let run = Run::new(&scratch, "version = 1\n").without_journal_flag();
    let run = run
        .flags(&["--journal", "/proc/journal"])
        .command(["touch", "started"]);
    run.finish().assert_code(125).assert_err("/proc/journal");
    assert!(!scratch.join("started").exists());
}

#[test]
fn a_full_disk_ends_the_run() {
    let scratch = Scratch::new();
    let run = Run::new(&scratch, "version = 1\n").without_journal_flag();
    let run = run.flags(&["--journal", "/dev/full"]).code(
        python::newest(),
        "import sys\nwhile True: sys.audit('count')",
    );
    run.finish().assert_code(125).assert_err("/dev/full");
}

#[test]
fn the_default_journal_lies_in_the_state_directory_and_log_finds_it() {
    let scratch = Scratch::new();
    scratch.write("secret", "secret\n");
    let run =
        Run::new(&scratch, "version = 1\n[files]\ndeny = [\"./secret\"]\n").without_journal_flag();
    let run = run.code(
        python::newest(),
        "import sys; sys.audit('shop.order', 5); open('secret')",
    );
    run.finish().assert_code(1);
    let log = |arguments: &[&str]| {
        let mut command = run.audithook_command(&["log"]);
        let output = command
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the command runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let denied = log(&["--verdict", "deny", "--format", "json"]);
    let denied = Journal::parse(&denied);
    assert_eq!(denied.records().len(), 1);
    denied.records()[0].assert_denied("files.deny", "hooks.toml:3");
    assert!(log(&["--event", "shop.*"]).contains("shop.order"));
    assert_eq!(log(&["--event", "no.such"]), "");
    let all = log(&["--format", "json"]);
    assert!(Journal::parse(&all).records().len() > 3);
    let pid = denied.records()[0].pid().to_string();
    assert!(log(&["--proc", &pid, "--verdict", "deny"]).contains("secret"));
}

#[test]
fn a_full_ring_waits_or_drops_as_the_policy_says() {
    // The program writes faster than anyone can journal; 60,000 records are many times what a ring holds.
    const RAISED: usize = 60_000;
    let code = format!("import sys\nfor number in range({RAISED}): sys.audit('count', number)\n");
    for overflow in ["wait", "drop"] {
        let scratch = Scratch::new();
        let policy = format!("version = 1\n[journal]\non-overflow = \"{overflow}\"\n");
        let outcome = Run::new(&scratch, &policy)
            .code(python::newest(), &code)
            .finish();
        outcome.assert_success();
        let journal = outcome.journal();
        let kept = journal.of("count").count();
        let lost: u64 = journal
            .of("bus.lost")
            .map(|record| record.arg("count").as_u64().expect("a number"))
            .sum();
        assert_eq!(
            kept as u64 + lost,
            RAISED as u64,
            "{overflow}: every loss is counted"
        );
        if overflow == "wait" {
            assert_eq!(lost, 0);
        }
    }
}

#[test]
fn journals_rotate_and_the_old_ones_are_kept() {
    let scratch = Scratch::new();
    let policy = "version = 1\n[journal]\npath = \"./log/out.jsonl\"\nrotate = { size = \"64KiB\", keep = 2 }\n";
    scratch.directory("log");
    let code = "import sys\nfor number in range(3000): sys.audit('count', number)\n";
    Run::new(&scratch, policy)
        .without_journal_flag()
        .code(python::newest(), code)
        .finish()
        .assert_success();
    let files: Vec<_> = std::fs::read_dir(scratch.join("log"))
        .expect("a directory")
        .flatten()
        .collect();
    assert_eq!(
        files.len(),
        3,
        "the current one and two old ones: {files:?}"
    );
    for file in files {
        let size = file.metadata().expect("a file").len();
        assert!(size <= 64 * 1024 + 2048, "{file:?}: {size}");
        assert!(!Journal::read(&file.path()).records().is_empty());
    }
}

#[test]
fn a_journal_is_followed_while_it_grows() {
    let scratch = Scratch::new();
    let code = "import sys\nsys.audit('shop.order', 1)\nsys.stdout.write('ready'); sys.stdout.flush()\nsys.stdin.read()\nsys.audit('shop.order', 2)\n";
    scratch.write("hooks.toml", "version = 1\n");
    let run = Run::new(&scratch, "version = 1\n");
    let mut command = run.audithook_command(&[
        "run",
        "-q",
        "-c",
        "hooks.toml",
        "--journal",
        "out.jsonl",
        "--",
        python::newest().text(),
        "-c",
        code,
    ]);
    let mut running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut ready = [0; 5];
    running
        .stdout
        .as_mut()
        .expect("a pipe")
        .read_exact(&mut ready)
        .expect("it says that it is ready");
    let mut follow = run.audithook_command(&[
        "log",
        "out.jsonl",
        "--follow",
        "--event",
        "shop.*",
        "--format",
        "json",
    ]);
    let mut following = follow
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let lines = lines(following.stdout.take().expect("a pipe"));
    let first = lines.recv_timeout(PATIENCE).expect("a line");
    assert!(first.contains("\"0\":1"), "{first}");
    drop(running.stdin.take());
    let second = lines.recv_timeout(PATIENCE).expect("a line");
    assert!(second.contains("\"0\":2"), "{second}");
    run::wait_child(&mut running);
    following.kill().expect("it runs");
    let _ = following.wait();
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}
