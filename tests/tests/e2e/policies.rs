//! The policies that newcomers start from: the examples, the top-level file, and what `init` writes.

use std::fs;
use std::process::Command;

use audithook_tests::{Python, Run, Scratch, build, for_each_python, python, run};

fn example(name: &str) -> String {
    fs::read_to_string(build::project().join("examples/policies").join(name)).expect("an example")
}

/// Pickles that are looked up and not called, in the protocol of Python 2 and in a new one.
const HOSTILE_PICKLES: &str = "\
import pickle
for module, name in [
    ('os', 'system'), ('posix', 'system'), ('os', 'popen'), ('os', 'execv'), ('posix', 'fork'), ('os', 'posix_spawn'),
    ('builtins', 'eval'), ('builtins', 'exec'), ('builtins', 'compile'), ('builtins', '__import__'), ('builtins', 'open'),
    ('__builtin__', 'eval'), ('subprocess', 'Popen'), ('subprocess', 'run'), ('subprocess', 'check_output'),
    ('commands', 'getoutput'), ('pty', 'spawn'), ('runpy', 'run_path'), ('importlib', 'import_module'), ('sys', 'modules'),
    ('timeit', 'timeit'), ('code', 'InteractiveInterpreter'), ('ctypes', 'CDLL'), ('types', 'FunctionType'),
    ('marshal', 'loads'), ('pickle', 'loads'), ('tempfile', '_os.system'), ('tempfile', '_os'), ('shutil', 'os.system'),
]:
    protocol = b'\\x80\\x04' if '.' in name else b''
    try:
        pickle.loads(protocol + ('c%s\\n%s\\n.' % (module, name)).encode())
        print(module, name, 'found')
    except PermissionError:
        print(module, name, 'refused')
";

for_each_python! {
    /// A script from a stranger: it computes, and it tries.
    fn an_untrusted_script_reads_its_data_and_writes_its_results(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("data/numbers.csv", "a,b\n1,2\n3,4\n");
        scratch.write("notes.txt", "private\n");
        scratch.write("home/.ssh/id_rsa", "key\n");
        scratch.write("script.py", "\
import csv, json, os, socket, statistics, subprocess, tempfile
with open('data/numbers.csv') as file:
    rows = list(csv.DictReader(file))
with tempfile.TemporaryFile() as file:
    file.write(b'scratch')
with open('out/result.json', 'w') as file:
    json.dump(statistics.mean(int(row['b']) for row in rows), file)
def attempt(name, function, *arguments):
    try:
        function(*arguments)
        print(name, 'done')
    except PermissionError:
        print(name, 'refused')
attempt('read', open, 'notes.txt')
attempt('key', open, os.path.expanduser('~/.ssh/id_rsa'))
attempt('data', open, 'data/numbers.csv', 'a')
attempt('home', open, os.path.expanduser('~/.profile'), 'w')
attempt('connect', socket.create_connection, ('192.0.2.1', 80), 5)
attempt('run', subprocess.call, ['true'])
attempt('list', os.listdir, '..')
");
        let outcome = Run::new(&scratch, &example("untrusted-data-script.toml")).python(python, &["script.py"]).finish();
        let refused: String = ["read", "key", "data", "home", "connect", "run", "list"].map(|name| format!("{name} refused\n")).concat();
        assert_eq!(outcome.assert_success().out(), refused, "{}", outcome.describe());
        assert_eq!(fs::read_to_string(scratch.join("out/result.json")).expect("the result"), "3");
        assert_eq!(outcome.journal().refusals().count(), 7, "{}", outcome.journal().describe());
    }

    /// The top-level hooks.toml is good to start from.
    fn the_top_level_policy_runs_a_program(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("app.py", "\
import json, logging, pickle, urllib.request
print(pickle.loads(pickle.dumps({'a': [1, 2]})))
open('out/log', 'w').close()
try:
    open('secrets')
except PermissionError:
    print('refused')
");
        scratch.write("secrets", "s\n");
        let policy = fs::read_to_string(build::project().join("hooks.toml")).expect("the top-level policy");
        let outcome = Run::new(&scratch, &policy).python(python, &["app.py"]).finish();
        assert_eq!(outcome.assert_success().out(), "{'a': [1, 2]}\nrefused\n", "{}", outcome.describe());
    }

    /// Exceptions, results and functions go from process to process as pickles, and what a pool cannot read hangs it.
    fn pools_of_processes_work_under_the_top_level_policy(python: &Python) {
        let scratch = Scratch::new();
        let policy = fs::read_to_string(build::project().join("hooks.toml")).expect("the top-level policy");
        scratch.write("app.py", fs::read_to_string(run::program("workers.py")).expect("a program"));
        let run = Run::new(&scratch, &policy).python(python, &["app.py", "fork", "spawn", "forkserver"]);
        let (hooked, bare) = (run.finish(), run.finish_bare());
        assert!(bare.assert_success().out().contains("CalledProcessError"), "{}", bare.describe());
        assert_eq!(hooked.assert_success().out(), bare.out(), "{}", hooked.describe());
        hooked.journal().assert_no_refusals();
    }

    fn a_pickle_that_is_code_is_refused_under_the_top_level_policy(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("app.py", HOSTILE_PICKLES);
        let policy = fs::read_to_string(build::project().join("hooks.toml")).expect("the top-level policy");
        let run = Run::new(&scratch, &policy).python(python, &["app.py"]);
        let bare = run.finish_bare();
        assert!(!bare.assert_success().out().contains("refused"), "{}", bare.describe());
        let hooked = run.finish();
        for line in hooked.assert_success().out().lines() {
            assert!(line.ends_with("refused"), "{line}\n{}", hooked.describe());
        }
        assert_eq!(hooked.out().lines().count(), bare.out().lines().count());
        assert!(hooked.journal().refusals().all(|record| record.event() == "pickle.find_class"), "{}", hooked.journal().describe());
    }
}

#[test]
fn the_examples_are_short_and_check() {
    for entry in fs::read_dir(build::project().join("examples/policies"))
        .expect("examples")
        .flatten()
    {
        let text = fs::read_to_string(entry.path()).expect("text");
        assert!(
            text.lines().count() <= 8,
            "{:?} is no newcomer's file any more",
            entry.path()
        );
        check(&entry.path().display().to_string());
    }
    check(&build::project().join("hooks.toml").display().to_string());
}

#[test]
fn what_init_writes_checks_and_runs() {
    let scratch = Scratch::new();
    let run = Run::with_flags(&scratch, &["-c", "hooks.toml"]);
    let made = run
        .audithook_command(&["init", "python"])
        .output()
        .expect("the command runs");
    assert!(made.status.success(), "{made:?}");
    let again = run
        .audithook_command(&["init"])
        .output()
        .expect("the command runs");
    assert!(!again.status.success(), "it must not overwrite");
    check(&scratch.text("hooks.toml"));
    let outcome = run
        .code(python::newest(), "import json; print('ran')")
        .finish();
    assert_eq!(outcome.assert_success().out(), "ran\n");
}

#[test]
fn flags_alone_are_a_policy() {
    let scratch = Scratch::new();
    scratch.write("data/numbers", "1 2 3\n");
    scratch.write("private", "mine\n");
    let flags = ["--preset", "python", "--read", "./data", "--no-network"];
    let code = "\
import socket
print(open('data/numbers').read().strip())
for attempt in (lambda: open('private'), lambda: socket.create_connection(('192.0.2.1', 80), 5)):
    try:
        attempt()
    except PermissionError:
        print('refused')
";
    let outcome = Run::with_flags(&scratch, &flags)
        .code(python::newest(), code)
        .finish();
    assert_eq!(
        outcome.assert_success().out(),
        "1 2 3\nrefused\nrefused\n",
        "{}",
        outcome.describe()
    );
    let observed = Run::with_flags(&scratch, &["--observe"])
        .code(python::newest(), "print(open('private').read())")
        .finish();
    observed.assert_success().assert_out("mine");
    assert!(
        observed
            .journal()
            .find("open", &[("path", &scratch.text("private"))])
            .is_some()
    );
}

#[test]
fn without_the_right_preset_the_run_says_which_is_missing() {
    let scratch = Scratch::new();
    let policy = "version = 1\n[files]\nread = [\"./data\"]\n";
    scratch.write("data", "1\n");
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), "import decimal")
        .finish();
    assert_ne!(outcome.code(), 0);
    outcome.assert_err("python");
    assert!(
        outcome.err().contains("preset") || outcome.err().contains("extends"),
        "{}",
        outcome.describe()
    );
}

#[track_caller]
fn check(file: &str) {
    let scratch = Scratch::new();
    let output = Command::new(build::audithook())
        .args(["check", file])
        .env_clear()
        .envs(run::environment(&scratch))
        .output()
        .expect("the command runs");
    assert!(
        output.status.success(),
        "{file}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// One path alone would be refused again for the other.
#[test]
fn the_hint_of_a_renaming_names_both_paths() {
    let scratch = Scratch::new();
    scratch.write("a", "");
    let code = "\
import os
try:
    os.rename('a', 'b')
except PermissionError as error:
    print(error)
";
    let lines = |run: Run<'_>, both: &str| {
        let outcome = run.code(python::newest(), code).finish();
        let at = |name: &str| scratch.join(name).display().to_string();
        let hint = format!(
            "hint: to allow it, add {}",
            both.replace("{A}", &at("a")).replace("{B}", &at("b"))
        );
        outcome.assert_success().assert_out(&hint).assert_err(&hint);
    };
    lines(
        Run::new(&scratch, "version = 1\n[files]\nwrite = [\"./out/\"]\n"),
        "`\"{A}\", \"{B}\"` to `[files] write` (hooks.toml:3)",
    );
    lines(
        Run::with_flags(&scratch, &["--write", "./out/"]),
        "`--write {A} --write {B}`",
    );
}
