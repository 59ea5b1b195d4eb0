//! `[network]`: host names, in a network of the test's own where names mean what the test says.

use std::fs;
use std::process::Command;

use audithook_tests::{Journal, Python, Run, Scratch, build, for_each_python, python, run, skip};

/// Names and addresses: documentation addresses (RFC 5737) as public ones, a private and a loopback one for rebinding.
const HOSTS: &str = "\
127.0.0.1 localhost
203.0.113.7 api.test www.api.test neighbour.test
203.0.113.8 other.test
203.0.113.9 xn--bcher-kva.test
10.9.8.7 private.test sub.api.test
127.0.0.2 rebound.api.test
169.254.169.254 metadata.test
";

/// Tries names and addresses on port 8443 and prints what came of each.
const CODE: &str = "\
import socket, sys
for target in sys.argv[1:]:
    host, _, port = target.partition(' ')
    try:
        socket.create_connection((host, int(port or 8443)), 20).close()
        print('connected', target)
    except PermissionError as error:
        print('refused', target, error.errno)
        print(error, file=sys.stderr)
    except OSError as error:
        print('failed', target, type(error).__name__)
";

/// Runs in namespaces with these hosts. `None`, loudly, where they cannot be made.
fn run_among_hosts(
    policy: &str,
    python: &Python,
    targets: &[&str],
) -> Option<(Vec<String>, Journal)> {
    run_code_among_hosts(policy, python, CODE, targets)
}

/// The same with other code, which prints a line for each target.
fn run_code_among_hosts(
    policy: &str,
    python: &Python,
    code: &str,
    targets: &[&str],
) -> Option<(Vec<String>, Journal)> {
    let (out, journal) = run_whole_among_hosts(policy, python, code, targets)?;
    assert_eq!(out.lines().count(), targets.len(), "{out}");
    Some((out.lines().map(str::to_owned).collect(), journal))
}

/// The same with arguments of any meaning: gives all that the code prints.
fn run_whole_among_hosts(
    policy: &str,
    python: &Python,
    code: &str,
    arguments: &[&str],
) -> Option<(String, Journal)> {
    let scratch = Scratch::new();
    scratch.write("hosts", HOSTS);
    scratch.write("hooks.toml", policy);
    scratch.directory("home");
    let isolate = ["--map-root-user", "--mount", "--net"];
    let probe = Command::new("unshare").args(isolate).arg("true").output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        skip("host names", format_args!("no namespaces here: {probe:?}"));
        return None;
    }
    let output = Command::new("unshare")
        .args(isolate)
        .arg(python::newest().text())
        .arg(run::program("stage.py"))
        .args([scratch.text("hosts").as_str(), "8443,80"])
        .arg(build::audithook())
        .args(["run", "-c", "hooks.toml", "--journal", "out.jsonl", "--"])
        .args([python.text(), "-c", code])
        .args(arguments)
        .current_dir(&scratch)
        .env_clear()
        .envs(run::environment(&scratch))
        .output()
        .expect("unshare runs");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{err}", output.status);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let journal = fs::read_to_string(scratch.join("out.jsonl")).expect("a journal");
    Some((out, Journal::parse(&journal)))
}

/// Runs, and compares what came of each target with what should.
#[track_caller]
fn assert_results(policy: &str, python: &Python, expected: &[(&str, bool)]) -> Option<Journal> {
    let targets: Vec<_> = expected.iter().map(|(target, _)| *target).collect();
    let (lines, journal) = run_among_hosts(policy, python, &targets)?;
    let mut faults = Vec::new();
    for (line, (target, allowed)) in lines.iter().zip(expected) {
        let word = if *allowed { "connected " } else { "refused " };
        if !(line.starts_with(word) && line.contains(target)) {
            faults.push(format!("{target} should be {word}: {line}"));
        }
    }
    assert!(
        faults.is_empty(),
        "{}\n{}",
        faults.join("\n"),
        journal.describe()
    );
    Some(journal)
}

for_each_python! {
    fn a_named_host_is_connected_to_and_others_are_not(python: &Python) {
        let policy = "version = 1\n[network]\nconnect = [\"api.test:8443\"]\n";
        let expected = [
            ("api.test", true),
            ("API.Test", true),
            ("api.test 80", false),
            ("other.test", false),
            ("www.api.test", false),
            ("203.0.113.8", false),
            ("neighbour.test", false),
            // What is held is the address: it was resolved for an allowed name.
            ("203.0.113.7", true),
            ("203.0.113.7 80", false),
        ];
        let Some(journal) = assert_results(policy, python, &expected) else { return };
        journal.refusal("socket.getaddrinfo", &[("host", "other.test")]).assert_denied("network.connect", "hooks.toml:3");
        journal.refusal("socket.connect", &[("host", "203.0.113.8")]).assert_denied("network.connect", "hooks.toml:3");
        let control: Vec<_> = expected.iter().map(|(target, _)| (*target, true)).collect();
        assert_results("version = 1\n", python, &control);
    }

    fn an_address_is_not_connected_to_before_its_name_was_resolved(python: &Python) {
        let policy = "version = 1\n[network]\nconnect = [\"api.test:8443\"]\n";
        assert_results(policy, python, &[("203.0.113.7", false), ("api.test", true), ("203.0.113.7", true)]);
    }
}

/// Asks for the names of addresses, in each way that CPython has.
const REVERSE: &str = "\
import socket, sys
def attempt(what, function):
    try:
        print(what, function())
    except PermissionError as error:
        print(what, 'refused', error.errno)
address, flags = sys.argv[1], socket.NI_NUMERICHOST
attempt('gethostbyaddr', lambda: socket.gethostbyaddr(address)[0])
attempt('getnameinfo', lambda: socket.getnameinfo((address, 80), 0)[0])
attempt('number', lambda: socket.getnameinfo((address, 80), flags)[0])
";

for_each_python! {
    fn the_name_of_an_address_is_asked_for_where_it_may_be_connected_to(python: &Python) {
        let address = "203.0.113.7";
        let allowed = format!("gethostbyaddr api.test\ngetnameinfo api.test\nnumber {address}\n");
        let refused = format!("gethostbyaddr refused 13\ngetnameinfo refused 13\nnumber {address}\n");
        for (lists, expected) in [
            ("", &allowed),
            ("connect = \"none\"", &refused),
            ("connect = [\"203.0.113.8\"]", &refused),
            ("connect = [\"203.0.113.0/29:8443\"]", &allowed),
            ("deny = [\"203.0.113.7\"]", &refused),
            ("deny = [\"203.0.113.7:80\"]", &allowed),
        ] {
            let policy = format!("version = 1\n[network]\n{lists}\n");
            let ran = run_whole_among_hosts(&policy, python, REVERSE, &[address]);
            let Some((out, journal)) = ran else { return };
            assert_eq!(out, *expected, "{lists}\n{}", journal.describe());
            let refusals: Vec<_> = journal.refusals().collect();
            assert_eq!(refusals.len(), if *expected == refused { 2 } else { 0 }, "{}", journal.describe());
            for record in refusals {
                let rule = if lists.starts_with("deny") { "network.deny" } else { "network.connect" };
                record.assert_denied(rule, "hooks.toml:3");
                assert_eq!((record.event(), record.arg_text("host").as_str()), ("socket.gethostbyaddr", address));
            }
        }
    }
}

/// Its own name a machine looks up in a file; the question carries nothing.
#[test]
fn the_name_of_this_machine_itself_may_be_asked_for() {
    let policy = "version = 1\n[network]\nconnect = \"none\"\n";
    let code =
        "import socket; print(socket.getfqdn('127.0.0.1'), socket.gethostbyaddr('127.0.0.1')[0])";
    let ran = run_whole_among_hosts(policy, python::newest(), code, &[]);
    if let Some((out, journal)) = ran {
        assert_eq!(out, "localhost localhost\n");
        journal.assert_no_refusals();
    }
}

/// The resolver of libc reads variables that change where a name leads (resolver(3), hostname(7)).
#[test]
fn a_name_does_not_speak_for_where_the_environment_may_have_led_it() {
    let policy = "version = 1\n[network]\nconnect = [\"api.test:8443\", \"203.0.113.8\"]\n";
    let targets = ["api.test"];
    for change in [
        "os.environ['LOCALDOMAIN'] = 'evil.test'",
        "os.environ['HOSTALIASES'] = './aliases'",
        "os.environ['RES_OPTIONS'] = 'timeout:1 ndots:9'",
        // The resolver has read it by then.
        "os.environ['LOCALDOMAIN'] = 'evil.test'; del os.environ['LOCALDOMAIN']",
        "os.environ['LOCALDOMAIN'] = 'evil.test'; os.environ.clear()",
        "os.environ['RES_OPTIONS'] = 'ndots:9'; os.environ['RES_OPTIONS'] = 'timeout:1'",
    ] {
        let code = format!("import os\n{change}\n{CODE}");
        let Some((lines, journal)) =
            run_code_among_hosts(policy, python::newest(), &code, &targets)
        else {
            return;
        };
        assert_eq!(
            lines,
            ["refused api.test 13"],
            "{change}\n{}",
            journal.describe()
        );
        journal
            .refusal("socket.connect", &[("host", "203.0.113.7")])
            .assert_denied("network.connect", "hooks.toml:3");
        let told = journal
            .of("socket.getaddrinfo")
            .find(|record| record.arg("reason").is_string())
            .unwrap_or_else(|| panic!("{}", journal.describe()));
        assert!(told.arg_text("reason").contains("LOCALDOMAIN"));
        // A policy that names the address, or no host at all, is not touched.
        for free in [
            "version = 1\n",
            "version = 1\n[network]\nconnect = [\"api.test\", \"203.0.113.7\"]\n",
        ] {
            let ran = run_code_among_hosts(free, python::newest(), &code, &targets);
            assert_eq!(
                ran.expect("it ran above").0,
                ["connected api.test"],
                "{change}"
            );
        }
    }
}

#[test]
fn options_of_the_resolver_that_lead_nowhere_change_nothing() {
    let policy = "version = 1\n[network]\nconnect = [\"api.test:8443\"]\n";
    let code = format!("import os\nos.environ['RES_OPTIONS'] = 'timeout:1 attempts:2'\n{CODE}");
    let ran = run_code_among_hosts(policy, python::newest(), &code, &["api.test"]);
    if let Some((lines, journal)) = ran {
        assert_eq!(lines, ["connected api.test"], "{}", journal.describe());
    }
}

#[test]
fn a_wildcard_is_for_what_lies_below_and_not_for_the_domain_itself() {
    let policy = "version = 1\n[network]\nconnect = [\"*.api.test\"]\n";
    assert_results(
        policy,
        python::newest(),
        &[
            ("www.api.test", true),
            ("WWW.API.TEST", true),
            ("other.test", false),
        ],
    );
    assert_results(policy, python::newest(), &[("api.test", false)]);
}

#[test]
fn a_name_that_leads_to_a_private_or_loopback_address_is_refused() {
    let policy = "version = 1\n[network]\nconnect = [\"*.api.test\", \"private.test\"]\n";
    let expected = [
        ("sub.api.test", false),
        ("rebound.api.test", false),
        ("private.test", false),
        ("www.api.test", true),
    ];
    assert_results(policy, python::newest(), &expected);
    let named =
        "version = 1\n[network]\nconnect = [\"*.api.test\", \"10.0.0.0/8\"]\nloopback = true\n";
    assert_results(
        named,
        python::newest(),
        &[
            ("sub.api.test", true),
            ("rebound.api.test", true),
            ("10.9.8.7", true),
        ],
    );
}

#[test]
fn a_denied_address_is_denied_by_all_its_names_and_a_denied_name_by_its_own() {
    let policy = "version = 1\n[network]\ndeny = [\"169.254.169.254\", \"other.test\"]\n";
    let expected = [
        ("metadata.test", false),
        ("169.254.169.254", false),
        ("0xa9fea9fe", false),
        ("2852039166", false),
        ("::ffff:169.254.169.254", false),
        ("other.test", false),
        ("OTHER.test", false),
        ("api.test", true),
    ];
    let Some(journal) = assert_results(policy, python::newest(), &expected) else {
        return;
    };
    for record in journal.refusals() {
        record.assert_denied("network.deny", "hooks.toml:3");
    }
}

/// The limit that README states: a name is denied, not the host that has it.
#[test]
fn a_denied_name_is_denied_as_it_is_given_and_its_address_by_other_names_is_not() {
    let policy = "version = 1\n[network]\ndeny = [\"api.test\"]\n";
    let expected = [
        ("api.test", false),
        ("API.test.", false),
        ("www.api.test", true),
        ("203.0.113.7", true),
    ];
    assert_results(policy, python::newest(), &expected);
}

#[test]
fn international_names_are_the_same_in_both_spellings() {
    let policy = "version = 1\n[network]\nconnect = [\"bücher.test\"]\n";
    assert_results(
        policy,
        python::newest(),
        &[
            ("bücher.test", true),
            ("xn--bcher-kva.test", true),
            ("BÜCHER.test", true),
            ("other.test", false),
        ],
    );
}

#[test]
fn a_network_in_numbers_needs_no_names() {
    let policy = "version = 1\n[network]\nconnect = [\"203.0.113.0/29:8443\"]\n";
    // 203.0.113.0/29 ends before .8. A name that no entry names is not resolved.
    assert_results(
        policy,
        python::newest(),
        &[
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("203.0.113.7 80", false),
            ("api.test", false),
        ],
    );
}

#[test]
fn the_resolver_alone_decides_nothing_for_a_program_without_a_network_section() {
    let scratch = Scratch::new();
    let code = "import socket; print(socket.gethostbyname('localhost'), socket.getaddrinfo('localhost', 80)[0][4][0])";
    let run = Run::new(&scratch, "version = 1\n").code(python::newest(), code);
    assert_eq!(run.finish().out(), run.finish_bare().out());
}
