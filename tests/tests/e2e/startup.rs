//! A program is not told apart from one that runs alone: surroundings, output, status; and what is judged from when on.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use audithook_tests::{Python, Run, Scratch, for_each_python, packages, python, skip};
use serde_json::Value;

/// A policy that has rules, so that nothing is switched off, and refuses nothing that these programs do.
const POLICY: &str =
    "version = 1\n[files]\ndeny = [\"./elsewhere\"]\n[network]\ndeny = [\"192.0.2.1\"]\n";

/// Ways to start an interpreter with a script.
const FLAGS: &[&[&str]] = &[
    &[],
    &["-I"],
    &["-S"],
    &["-E"],
    &["-I", "-S", "-E"],
    &["-X", "dev"],
    &["-O", "-B", "-u"],
];

for_each_python! {
    /// Environment but for LD_PRELOAD, descriptors, signals, limits, umask, directory, modules: all as without.
    fn a_program_sees_the_same_surroundings(python: &Python) {
        let scratch = Scratch::new();
        let program = audithook_tests::run::program("surroundings.py");
        for flags in FLAGS {
            let mut arguments: Vec<OsString> = flags.iter().map(OsString::from).collect();
            arguments.extend([program.clone().into(), "one".into(), "two words".into(), "".into()]);
            let run = Run::new(&scratch, POLICY).env("SOMETHING", "of the user's").python(python, &arguments);
            let (mut hooked, bare) = (run.finish(), run.finish_bare());
            hooked.assert_success();
            bare.assert_success();
            let (mut with, without) = (hooked.json(), bare.json());
            let preload = with["environment"].as_object_mut().expect("a table").remove("LD_PRELOAD");
            assert!(preload.is_some(), "{flags:?}: the library is not preloaded");
            for (key, value) in without.as_object().expect("a table") {
                assert_eq!(&with[key], value, "{flags:?}: `{key}` differs");
            }
            hooked.stdout.clear();
            hooked.journal().assert_no_refusals();
        }
    }

    /// Output and status of whatever way a program ends.
    fn a_program_ends_the_same(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("syntax.py", "def f(:\n    pass\n");
        scratch.write("raises.py", "import sys\nprint('before')\nraise ValueError('spoilt')\n");
        let codes: &[&[&str]] = &[
            &["-c", "pass"],
            &["-c", "import sys; sys.exit(3)"],
            &["-c", "import sys; sys.exit(300)"],
            &["-c", "import sys; sys.exit('said')"],
            &["-c", "import os; os._exit(7)"],
            &["-c", "raise SystemExit"],
            &["-c", "raise KeyboardInterrupt"],
            &["-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"],
            &["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
            &["-c", "import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGINT)"],
            &["-c", "import os, signal, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.kill(os.getpid(), signal.SIGSEGV)"],
            &["-c", "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()"],
            &["-c", "import atexit, threading; atexit.register(print, 'at exit'); threading.Thread(target=print, args=('thread',)).start()"],
            &["-c", "def f(:"],
            &["syntax.py"],
            &["raises.py"],
            &["missing.py"],
            &["-m", "missing_module"],
            &["-m", "json.tool"],
            &["-"],
            &[],
            &["--version"],
            &["-X", "utf8", "-c", "print('\u{e9}\u{1f40d}')"],
            &["-W", "error", "-c", "import warnings; warnings.warn('loud')"],
        ];
        for arguments in codes {
            let run = Run::new(&scratch, POLICY).flags(&["--quiet"]).input("[1,\n2]").python(python, arguments);
            let (hooked, bare) = (run.finish(), run.finish_bare());
            assert_eq!(hooked.code(), bare.code(), "{arguments:?}\n{}", hooked.describe());
            assert_eq!(hooked.out(), bare.out(), "{arguments:?}");
            assert_eq!(hooked.err(), bare.err(), "{arguments:?}");
            hooked.journal().assert_no_refusals();
        }
    }

    /// policy.md, *Meaning* 7: a policy that lets a program read nothing lets its interpreter start.
    fn the_interpreters_own_start_is_exempt_and_the_program_is_not(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("data", "data\n");
        let policy = "version = 1\n[files]\nread = \"none\"\n[[hook]]\nname = \"listing\"\non = [\"os.listdir\", \"marshal.loads\"]\ndo = \"deny\"\n";
        // `posix` is built in: under -S the interpreter has not imported `os`, and the program may not.
        let code = "\
import posix
for attempt in (lambda: open('data'), lambda: posix.listdir('..')):
    try:
        attempt()
        print('done')
    except PermissionError as error:
        print(error)
";
        // An environment without packages: those that come with the interpreter have `.pth` files, which are user code.
        let Some(python) = &virtual_environment(&scratch, python) else {
            return;
        };
        // From standard input: 3.13 imports a module for `-c`, after the start.
        for flags in [&["-"][..], &["-I", "-"], &["-I", "-S", "-E", "-"]] {
            let outcome = Run::new(&scratch, policy).input(code).python(python, flags).finish();
            outcome.assert_success().assert_out("denied by rule `files.read` (hooks.toml:3)");
            assert!(!outcome.out().contains("done"), "{}", outcome.describe());
            outcome.journal().refusal("open", &[("path", &scratch.text("data"))]).assert_denied("files.read", "hooks.toml:3");
            outcome.journal().refusal("os.listdir", &[]);
        }
    }

    /// User code that `site` runs is user code.
    fn path_files_and_sitecustomize_are_judged(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        let attempt = "\
try:
    print(open('secret').read().strip())
except PermissionError as error:
    print('refused', error.errno)
";
        let oneline = "import importlib; importlib.import_module('started_by_pth')\n";
        let Some(venv) = virtual_environment(&scratch, python) else {
            return;
        };
        let site = format!("venv/lib/python3.{}/site-packages", python.minor);
        scratch.write(&format!("{site}/started.pth"), oneline);
        scratch.write(&format!("{site}/started_by_pth.py"), attempt);
        scratch.write("custom/sitecustomize.py", attempt);
        let policy = "version = 1\n[files]\ndeny = [\"./secret\"]\n";
        let run = Run::new(&scratch, policy).env("PYTHONPATH", scratch.join("custom")).code(&venv, "print('main')");
        let (hooked, bare) = (run.finish(), run.finish_bare());
        assert_eq!(bare.assert_success().out(), "secret\nsecret\nmain\n", "the control");
        assert_eq!(hooked.assert_success().out(), "refused 13\nrefused 13\nmain\n", "{}", hooked.describe());
        assert_eq!(hooked.journal().refusals().count(), 2);
    }
}

/// Makes an environment without packages in `venv`; `None`, loudly, if the interpreter cannot.
fn virtual_environment(scratch: &Scratch, python: &Python) -> Option<Python> {
    let made = python
        .command()
        .args(["-m", "venv", "--without-pip"])
        .arg(scratch.join("venv"))
        .output()
        .expect("the interpreter runs");
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr).into_owned();
        skip(
            format_args!("a virtual environment of {}", python.title),
            why,
        );
        return None;
    }
    Some(Python {
        path: scratch.join("venv/bin/python3"),
        ..python.clone()
    })
}

#[test]
fn a_program_of_another_kind_sees_the_same_surroundings() {
    let scratch = Scratch::new();
    for script in [
        "env | grep -v ^_= | sort",
        "ls -l /proc/self/fd | sed 's/.*fd.//' | wc -l",
        "ulimit -a; umask; pwd",
        "exit 9",
    ] {
        let run = Run::new(&scratch, POLICY)
            .flags(&["--quiet"])
            .command(["sh", "-c", script]);
        let (hooked, bare) = (run.finish(), run.finish_bare());
        let out: String = hooked
            .out()
            .lines()
            .filter(|line| !line.starts_with("LD_PRELOAD="))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(out, bare.out(), "{script}");
        assert_eq!(
            (hooked.code(), hooked.err()),
            (bare.code(), bare.err()),
            "{script}"
        );
    }
}

/// Sets the signals that libc keeps to itself (32 and 33), and one of everybody's, to what the first argument says, then
/// executes the others.
const SIGNALS: &str = "\
import ctypes, os, sys
RT_SIGACTION, RT_SIGPROCMASK, SIG_SETMASK = 13, 14, 2
call = ctypes.CDLL(None).syscall
is_special = sys.argv[1] == 'special'
for number in 13, 32, 33, 34:
    action = (ctypes.c_uint64 * 4)(1 if is_special else 0)
    assert call(RT_SIGACTION, number, action, None, 8) == 0
blocked = ctypes.c_uint64((1 << 31 | 1 << 32 | 1 << 35) if is_special else 0)
assert call(RT_SIGPROCMASK, SIG_SETMASK, ctypes.byref(blocked), None, 8) == 0
os.execv(sys.argv[2], sys.argv[2:])
";

#[test]
fn a_program_gets_every_signal_as_the_caller_had_it() {
    let scratch = Scratch::new();
    let grep = ["/bin/grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"];
    let audithook = audithook_tests::build::audithook();
    let audithook = audithook.to_str().expect("a path of text");
    let python = python::newest();
    for kind in ["plain", "special"] {
        let launch = |before: &[&str]| {
            let mut arguments = vec!["-c", SIGNALS, kind];
            arguments.extend(before);
            arguments.extend(grep);
            Run::new(&scratch, POLICY)
                .python(python, &arguments)
                .finish_bare()
        };
        let bare = launch(&[]);
        let hooked = launch(&[audithook, "run", "-q", "-c", "hooks.toml", "--"]);
        let is_special = bare.assert_success().out().contains("0000000980000000");
        assert_eq!(is_special, kind == "special", "{}", bare.describe());
        assert_eq!(hooked.assert_success().out(), bare.out(), "{kind}");
    }
}

/// Makes signals pending, which come before there is any command, and executes the rest of its arguments.
const PENDING: &str = "\
import os, signal, sys
pending = [int(number) for number in sys.argv[1].split(',')]
signal.pthread_sigmask(signal.SIG_BLOCK, pending)
for number in pending:
    os.kill(os.getpid(), number)
os.execv(sys.argv[2], sys.argv[2:])
";

#[test]
fn a_program_finds_pending_what_came_while_its_caller_had_it_blocked() {
    let scratch = Scratch::new();
    let grep = ["/bin/grep", "-E", "(Shd|Sig)Pnd", "/proc/self/status"];
    let audithook = audithook_tests::build::audithook();
    let audithook = audithook.to_str().expect("a path of text");
    // One that ends a program, what stops and continues it, what it does not notice, one of real time. Stops and continuations
    // take each other's place.
    for (pending, shown) in [
        ("2,10,20,21,28,23,35", "0000000408580202"),
        ("15,18,17,13", "0000000000035000"),
    ] {
        let launch = |before: &[&str]| {
            let mut arguments = vec!["-c", PENDING, pending];
            arguments.extend(before);
            arguments.extend(grep);
            Run::new(&scratch, POLICY)
                .python(python::newest(), &arguments)
                .finish_bare()
        };
        let bare = launch(&[]);
        bare.assert_success().assert_out(shown);
        let hooked = launch(&[audithook, "run", "-q", "-c", "hooks.toml", "--"]);
        assert_eq!(hooked.assert_success().out(), bare.out(), "{pending}");
    }
}

#[test]
fn a_preload_of_the_users_own_stays() {
    let scratch = Scratch::new();
    let run = Run::new(&scratch, POLICY)
        .env("LD_PRELOAD", "libc.so.6")
        .command(["sh", "-c", "echo $LD_PRELOAD"]);
    let outcome = run.finish();
    assert!(
        outcome
            .assert_success()
            .out()
            .trim_end()
            .ends_with("libc.so.6"),
        "{}",
        outcome.describe()
    );
}

#[test]
fn output_of_megabytes_and_input_of_megabytes_pass_unchanged() {
    let scratch = Scratch::new();
    let input = OsString::from_vec(
        (0..3_000_000_u32)
            .map(|number| (number * 7) as u8)
            .collect(),
    )
    .into_vec();
    let code = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)";
    let outcome = Run::new(&scratch, POLICY)
        .input(input.clone())
        .code(python::newest(), code)
        .finish();
    assert!(
        outcome.assert_success().stdout == input,
        "the output differs"
    );
}

#[test]
fn commands_that_cannot_be_run_end_as_in_a_shell() {
    let scratch = Scratch::new();
    scratch.write("plain.txt", "no program\n");
    let status = |command: &str| {
        let outcome = Run::new(&scratch, POLICY).command([command]).finish();
        assert!(
            outcome.err().contains(command.trim_start_matches("./")),
            "{}",
            outcome.describe()
        );
        outcome.code()
    };
    assert_eq!(status("no-such-program"), 127);
    assert_eq!(status("./missing"), 127);
    assert_eq!(status("./plain.txt"), 126);
    assert_eq!(status("/etc"), 126);
}

#[test]
fn a_run_without_a_policy_is_refused_with_a_hint() {
    let scratch = Scratch::new();
    let outcome = Run::with_flags(&scratch, &[]).command(["true"]).finish();
    outcome
        .assert_code(125)
        .assert_err("hint: ")
        .assert_err("audithook init");
    scratch.write("hooks.toml", "version = 1\n");
    let untrusted = Run::with_flags(&scratch, &[]).command(["true"]).finish();
    untrusted.assert_code(125).assert_err("audithook trust");
    let trusting = Run::with_flags(&scratch, &[]);
    let trusted = trusting
        .audithook_command(&["trust"])
        .output()
        .expect("the command runs");
    assert!(trusted.status.success(), "{trusted:?}");
    Run::with_flags(&scratch, &[])
        .command(["true"])
        .finish()
        .assert_success();
    scratch.write("hooks.toml", "version = 1\nmode = \"warn\"\n");
    Run::with_flags(&scratch, &[])
        .command(["true"])
        .finish()
        .assert_code(125);
}

#[test]
fn a_broken_policy_starts_nothing() {
    let scratch = Scratch::new();
    let outcome = Run::new(&scratch, "version = 1\n[files]\nraed = []\n")
        .command(["touch", "started"])
        .finish();
    outcome
        .assert_code(125)
        .assert_err("hooks.toml:3:1")
        .assert_err("raed")
        .assert_err("read");
    assert!(!scratch.join("started").exists());
}

#[test]
fn hard_rules_are_refused_until_something_holds_them() {
    let scratch = Scratch::new();
    let policy = "version = 1\nrequire = \"hard\"\n[files]\ndeny = [\"./secret\"]\n";
    Run::new(&scratch, policy)
        .command(["true"])
        .finish()
        .assert_code(125)
        .assert_err("hard");
}

#[test]
fn the_environment_is_what_the_policy_passes() {
    let scratch = Scratch::new();
    let policy = "version = 1\n[env]\npass = [\"PATH\", \"KEEP_*\"]\nset = { MADE = \"here\" }\n";
    let run = Run::new(&scratch, policy)
        .env("KEEP_THIS", "1")
        .env("MY_TOKEN", "secret")
        .command(["env"]);
    let outcome = run.finish();
    let mut names: Vec<_> = outcome
        .out()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["KEEP_THIS", "LD_PRELOAD", "MADE", "PATH"],
        "{}",
        outcome.describe()
    );
    assert!(run.finish_bare().out().contains("MY_TOKEN=secret"));
    let base = Run::new(&scratch, "version = 1\nextends = [\"base\"]\n")
        .env("MY_TOKEN", "secret")
        .env("KEEP_THIS", "1")
        .command(["env"]);
    let out = base.finish().out();
    assert!(
        !out.contains("MY_TOKEN") && out.contains("KEEP_THIS=1"),
        "{out}"
    );
}

#[test]
fn the_first_line_says_where_nothing_is_refused() {
    let scratch = Scratch::new();
    for (flag, line) in [
        ("--observe", "nothing is judged or refused, only recorded"),
        ("--mode=off", "nothing is judged or refused, only recorded"),
        (
            "--mode=warn",
            "nothing is refused: what the policy forbids is let through with a warning",
        ),
    ] {
        let outcome = Run::new(&scratch, POLICY)
            .flags(&[flag])
            .command(["true"])
            .finish();
        outcome.assert_success().assert_err(line);
        assert!(!outcome.err().contains("sandbox"), "{}", outcome.describe());
    }
}

/// Nothing happened that a plugin could have counted.
#[test]
fn a_run_that_did_not_start_has_no_reports() {
    let scratch = Scratch::new();
    let program = scratch.write("program", "no program");
    let policy =
        "version = 1\n[plugin.bucketing]\n[[hook]]\non = \"open\"\ncall = \"bucketing.count\"\n";
    let outcome = Run::new(&scratch, policy).command([program]).finish();
    outcome.assert_code(126);
    assert!(
        !outcome.err().contains("bucketing"),
        "{}",
        outcome.describe()
    );
    let outcome = Run::new(&scratch, policy).command(["true"]).finish();
    outcome.assert_success().assert_err("0 events in total");
}

#[test]
fn the_default_flags_say_that_it_is_no_sandbox_and_quiet_says_nothing() {
    let scratch = Scratch::new();
    let run = Run::new(&scratch, POLICY).command(["true"]);
    run.finish()
        .assert_success()
        .assert_err("not a sandbox yet");
    let quiet = run.flags(&["--quiet"]).finish();
    assert_eq!(quiet.assert_success().err(), "");
}

#[test]
fn a_virtual_environment_starts_under_the_python_preset() {
    let Some(venv) = packages::environment(python::newest()) else {
        return;
    };
    let scratch = Scratch::new();
    let policy = "version = 1\nextends = [\"python\"]\n[files]\nread = [\"./data\"]\n";
    scratch.write("data", "1\n");
    let outcome = Run::new(&scratch, policy)
        .code(&venv, "import requests, flask; print(open('data').read())")
        .finish();
    outcome.assert_success().assert_out("1\n");
    outcome.journal().assert_no_refusals();
}

#[test]
fn surroundings_are_compared_by_more_than_their_names() {
    // The comparison above is only worth what the program tells: it must tell a descriptor that is one too many.
    let scratch = Scratch::new();
    let program = audithook_tests::run::program("surroundings.py");
    let shell = "exec 9</dev/null; exec \"$@\"".to_owned();
    let arguments = [
        "sh".into(),
        "-c".into(),
        shell,
        "sh".into(),
        python::newest().text().to_owned(),
        program.display().to_string(),
    ];
    let outcome = Run::new(&scratch, POLICY).command(arguments).finish();
    let seen: Value = outcome.assert_success().json();
    assert_eq!(seen["descriptors"]["9"][0], "/dev/null", "{seen}");
}

/// What `time` shows: the command is not audithook's child, but its supervisor's.
#[test]
fn what_the_program_took_of_the_processor_is_counted_for_who_waits_for_audithook() {
    let scratch = Scratch::new();
    let took = "\
import os, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime)
";
    let work = "import os\nwhile os.times().user < 0.5: pass";
    let python = python::newest().text();
    let audithook = audithook_tests::build::audithook().display().to_string();
    let run = [
        &audithook,
        "run",
        "-q",
        "--observe",
        "--journal",
        "none",
        "--",
    ];
    let waiting = [&[python, "-c", took][..], &run, &[python, "-c", work]].concat();
    let outcome = Run::with_flags(&scratch, &[])
        .command(waiting)
        .finish_bare();
    let seconds: f64 = outcome
        .assert_success()
        .out()
        .trim()
        .parse()
        .expect("seconds");
    assert!(seconds >= 0.5, "{seconds}");
}
