//! Real programs: servers and clients, databases, packages from the index. All do the same as without audithook.

use std::fs;
use std::path::Path;
use std::process::Command;

use audithook_tests::{Python, Run, Scratch, build, for_each_python, packages, skip};

const HARMLESS: &str = "version = 1\n[files]\ndeny = [\"./elsewhere\"]\n[network]\nconnect = [\"127.0.0.1\"]\nbind = [\"127.0.0.1\", \"[::1]:0\"]\n";

for_each_python! {
    fn a_web_server_and_its_clients_work(python: &Python) {
        let scratch = Scratch::new();
        let run = Run::new(&scratch, HARMLESS).program(python, "web.py", &["0", "threads"]);
        let (hooked, bare) = (run.finish(), run.finish_bare());
        assert!(bare.assert_success().out().contains("threads ({200}, 20)"), "{}", bare.describe());
        assert_eq!(hooked.assert_success().out(), bare.out(), "{}", hooked.describe());
        let journal = hooked.journal();
        journal.assert_no_refusals();
        for event in ["socket.bind", "socket.connect", "urllib.Request"] {
            assert!(journal.of(event).next().is_some(), "no {event}: {}", journal.describe());
        }
        let request = journal.find("urllib.Request", &[]).expect("recorded");
        assert!(request.arg_text("url").ends_with("/urllib"), "{request:?}");
    }

    fn without_a_network_the_server_listens_and_its_clients_are_refused(python: &Python) {
        let scratch = Scratch::new();
        let policy = "version = 1\n[network]\nconnect = \"none\"\nbind = [\"127.0.0.1\"]\n";
        let outcome = Run::new(&scratch, policy).program(python, "web.py", &["0"]).finish();
        assert_eq!(outcome.assert_success().out(), "urllib refused\nhttp.client refused\n", "{}", outcome.describe());
    }

    fn a_database_works_where_it_may_write_and_not_elsewhere(python: &Python) {
        let scratch = Scratch::new();
        for name in ["bare", "closed"] {
            scratch.directory(name);
        }
        let policy = "version = 1\n[files]\nwrite = [\"./data/\"]\ntmp = \"shared\"\n";
        let run = |directory: &str| Run::new(&scratch, policy).program(python, "database.py", &[directory]);
        let (hooked, bare) = (run("data").finish(), run("bare").finish_bare());
        assert_eq!(hooked.assert_success().out(), bare.assert_success().out(), "{}", hooked.describe());
        hooked.journal().assert_no_refusals();
        let closed = run("closed").finish();
        closed.assert_code(1).assert_err("denied by rule `files.write` (hooks.toml:3)");
        assert_eq!(fs::read_dir(scratch.join("closed")).expect("a directory").count(), 0);
        let path = scratch.text("closed/data.sqlite");
        closed.journal().refusal("sqlite3.connect", &[("path", &path)]).assert_denied("files.write", "hooks.toml:3");
    }

    fn requests_and_flask_work(python: &Python) {
        let Some(venv) = packages::environment(python) else { return };
        let scratch = Scratch::new();
        let web = Run::new(&scratch, HARMLESS).program(&venv, "web.py", &["0", "requests"]);
        let (hooked, bare) = (web.finish(), web.finish_bare());
        assert!(bare.assert_success().out().contains("requests you asked for /requests\nrequests zyx\n"), "{}", bare.describe());
        assert_eq!(hooked.assert_success().out(), bare.out());
        hooked.journal().assert_no_refusals();
        let closed = Run::new(&scratch, "version = 1\n[network]\nconnect = \"none\"\nbind = [\"127.0.0.1\"]\n").program(&venv, "web.py", &["0", "requests"]).finish();
        assert_eq!(closed.assert_success().out().matches("refused").count(), 4, "{}", closed.describe());
        let site = Run::new(&scratch, HARMLESS).program(&venv, "site_app.py", &[""]).finish();
        assert_eq!(site.assert_success().out(), "hello client\nhello server\n", "{}", site.describe());
        site.journal().assert_no_refusals();
    }

    /// The tests of a package that people use, under the policy that people would use.
    fn a_real_packages_own_tests_pass_without_a_network(python: &Python) {
        let (Some(venv), Some(source)) = (packages::environment(python), packages::tested_source()) else { return };
        let scratch = Scratch::new();
        copy(&source.join("testing"), &scratch.join("testing"));
        scratch.write("testing/test_calls_out.py", "\
import socket, pytest
def test_calls_out():
    with pytest.raises(PermissionError):
        socket.create_connection(('192.0.2.1', 80), 5)
    with pytest.raises(PermissionError):
        socket.getaddrinfo('example.com', 80)
def test_talks_to_itself():
    a = socket.create_server(('127.0.0.1', 0))
    socket.create_connection(a.getsockname()).close()
");
        let policy = build::project().join("examples/policies/pytest-without-network.toml");
        let policy = fs::read_to_string(policy).expect("an example");
        let arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "testing"];
        let outcome = Run::new(&scratch, &policy).python(&venv, &arguments).finish();
        outcome.assert_success();
        let passed = outcome.out().split(" passed").next().and_then(|text| text.rsplit([' ', '\n']).next().map(str::to_owned));
        let passed: u32 = passed.and_then(|text| text.parse().ok()).expect("pytest counts");
        assert!(passed > 50, "{}", outcome.describe());
        fs::remove_file(scratch.join("testing/test_calls_out.py")).expect("own file");
        let bare = Run::new(&scratch, &policy).python(&venv, &arguments).finish_bare();
        bare.assert_success().assert_out(&format!("{} passed", passed - 2));
        let journal = outcome.journal();
        assert!(journal.refusals().all(|record| record.rules() == ["network.connect"]), "{}", journal.describe());
    }

    /// `pip install` of a wheel into a virtual environment, under the example policy.
    fn pip_installs_a_wheel_under_its_preset(python: &Python) {
        let scratch = Scratch::new();
        let made = python.command().args(["-m", "venv"]).arg(scratch.join("venv")).output().expect("the interpreter runs");
        if !made.status.success() {
            return skip(format_args!("pip with {}", python.title), String::from_utf8_lossy(&made.stdout));
        }
        let wheel = packages::make_wheel(scratch.path(), python);
        let wheel = wheel.to_str().expect("a plain path");
        let policy = build::project().join("examples/policies/pip-in-ci.toml");
        let policy = fs::read_to_string(policy).expect("an example");
        let venv = Python { path: scratch.join("venv/bin/python3"), ..python.clone() };
        let outcome = Run::new(&scratch, &policy).python(&venv, &["-m", "pip", "install", "--no-index", wheel]).finish();
        outcome.assert_success().assert_out("Successfully installed greeting-1.0");
        // pip looks for release files in /etc, which no entry can allow without allowing what is in them, and asks a program
        // that is often a script: it does without both.
        let done_without = ["/etc", "/usr/bin/lsb_release"];
        let journal = outcome.journal();
        let refused: Vec<_> = journal
            .refusals()
            .filter(|record| !done_without.contains(&&*record.arg_text("path")))
            .collect();
        assert!(refused.is_empty(), "{refused:#?}");
        let greeting = Command::new(&venv.path).args(["-c", "import greeting; print(greeting.WORDS)"]).output();
        assert_eq!(greeting.expect("the interpreter runs").stdout, b"hello from a wheel\n");
        // What a package may not do while it is installed: its setup script is anybody's code.
        let home = Scratch::new();
        home.write(".ssh/id_rsa", "key\n");
        let code = "\
import os, socket
def attempt(function, *arguments):
    try:
        function(*arguments)
        print('done')
    except PermissionError:
        print('refused')
attempt(open, os.path.expanduser('~/.ssh/id_rsa'))
attempt(open, os.path.expanduser('~/.bashrc'), 'w')
attempt(open, 'hooks.toml', 'a')
attempt(socket.create_connection, ('192.0.2.1', 443), 5)
";
        let run = Run::new(&scratch, &policy).env("HOME", &home).code(&venv, code);
        let stranger = run.finish();
        assert_eq!(stranger.assert_success().out(), "refused\n".repeat(4), "{}", stranger.describe());
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(status.expect("cp runs").success());
}
