//! Another root, mounts and namespaces: paths and addresses mean something else from then on, and CPython raises no event.
//!
//! Everything runs as root, who may do all of it, in a namespace of mounts; whoever else runs the tests is the first user of a
//! namespace of users there.

use audithook_tests::{Outcome, Python, Run, Scratch, for_each_python, python, skip};

/// What the programs have in common: `attempt` tries something in a child of its own.
const BEGINNING: &str = "\
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
secrets, place = os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2])
NEWNS, NEWUSER, NEWPID, NEWNET, NEWUTS = 0x20000, 0x10000000, 0x20000000, 0x40000000, 0x4000000
BIND, REC, CLONE = 4096, 16384, 1
def call(function, *arguments):
    if getattr(libc, function)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), function)
def attempt(what, function, look=None):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            function()
            print(what, 'done', open(look).read().strip() if look else '')
        except OSError as error:
            print(what, 'refused', error.errno)
        sys.stdout.flush()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if status:
        print(what, 'ended with', status)
";

const OF_PATHS: &str = "
def mounted():
    call('unshare', NEWNS)
    call('mount', secrets, place, None, BIND, None)
def pivoted():
    call('unshare', NEWNS)
    call('mount', secrets, secrets, None, BIND, None)
    call('pivot_root', secrets, secrets)
    os.chdir('/')
def copied():
    tree = libc.open_tree(-100, secrets, CLONE)
    if tree < 0:
        raise OSError(ctypes.get_errno(), 'open_tree')
    os.close(os.open('key', os.O_RDONLY, dir_fd=tree))
def removed():
    gone = os.path.join(place, b'gone')
    os.mkdir(gone)
    os.chdir(gone)
    os.rmdir(gone)
    os.chroot('.')
def entered():
    with open('/proc/self/ns/mnt') as own:
        call('setns', own.fileno(), 0)
attempt('os.chroot', lambda: os.chroot(secrets), '/key')
attempt('chroot to what has no path', removed)
attempt('chroot', lambda: call('chroot', secrets), '/key')
attempt('mount', mounted, place + b'/key')
attempt('mount alone', lambda: call('mount', secrets, place, None, BIND, None))
attempt('umount', lambda: call('umount2', place, 0))
attempt('pivot_root', pivoted, '/key')
attempt('open_tree', copied)
attempt('setns', entered)
attempt('unshare users', lambda: call('unshare', NEWUSER))
if hasattr(os, 'unshare'):
    attempt('os.unshare', lambda: os.unshare(os.CLONE_NEWNS))
";

/// Runs as root in a namespace of mounts. `None`, loudly, where there is none.
fn run_as_root(policy: &str, python: &Python, code: &str) -> Option<(Outcome, Outcome, Scratch)> {
    let scratch = Scratch::new();
    let run = as_root(&scratch, policy, python, code);
    let bare = run.finish_bare();
    if !bare.status.success() {
        skip(
            "other roots",
            format_args!("no namespaces here: {}", bare.describe()),
        );
        return None;
    }
    let held = run.finish();
    Some((bare, held, scratch))
}

fn as_root<'s>(scratch: &'s Scratch, policy: &str, python: &Python, code: &str) -> Run<'s> {
    scratch.write("secrets/key", "hunter2");
    scratch.directory("place");
    let code = format!("{BEGINNING}{code}");
    let (secrets, place) = (scratch.text("secrets"), scratch.text("place"));
    let isolate: &[_] = if rustix::process::geteuid().is_root() {
        &["unshare", "--mount"]
    } else {
        &["unshare", "--map-root-user", "--mount"]
    };
    let program = [python.text(), "-c", &code, &secrets, &place];
    Run::new(scratch, policy).command(isolate.iter().chain(&program))
}

/// What each attempt came to.
fn results(outcome: &Outcome) -> Vec<(String, String)> {
    let words = |line: &str| -> Option<(String, String)> {
        let (what, came) = line.split_at(line.find(" done").or(line.find(" refused"))?);
        Some((what.to_owned(), came.trim().to_owned()))
    };
    let lines: Option<Vec<_>> = outcome.out().lines().map(words).collect();
    lines.unwrap_or_else(|| panic!("{}", outcome.describe()))
}

#[track_caller]
fn assert_all(outcome: &Outcome, expected: &str) {
    outcome.assert_success();
    let other: Vec<_> = results(outcome)
        .into_iter()
        .filter(|(_, came)| !came.starts_with(expected))
        .collect();
    assert!(other.is_empty(), "{other:?}\n{}", outcome.describe());
}

for_each_python! {
    fn a_change_of_root_is_refused_where_there_are_rules_for_paths(python: &Python) {
        let policy = "version = 1\n[files]\ndeny = [\"./secrets\"]\n";
        let Some((bare, held, scratch)) = run_as_root(policy, python, OF_PATHS) else { return };
        assert_all(&held, "refused 1");
        let possible: Vec<_> = results(&bare).into_iter().filter(|(_, came)| came.starts_with("done")).collect();
        let impossible = results(&bare).len() - possible.len();
        if impossible == 1 && possible.iter().all(|(what, _)| what != "unshare users") {
            skip("namespaces of users", "there are none here");
        } else {
            assert_all(&bare, "done");
        }
        assert_eq!(results(&bare).len(), results(&held).len());
        let journal = held.journal();
        for (event, args) in [
            ("chroot", &[("path", scratch.text("secrets"))][..]),
            ("mount", &[("path", scratch.text("place"))]),
            ("setns", &[]),
            ("unshare", &[]),
        ] {
            let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let record = journal.refusal(event, &args);
            record.assert_decided("deny", "files.deny", "hooks.toml:3");
            assert_eq!(record.text("errno"), "EPERM");
        }
        held.assert_err("hint: do it before the run");
        assert!(!held.out().contains("hunter2"), "{}", held.describe());
    }

    fn a_change_of_root_without_rules_is_recorded_and_what_is_forked_there_is_heard(python: &Python) {
        let code = "
os.chroot(secrets)
os.chdir('/')
pid = os.fork()
if pid == 0:
    print('child', open('/key').read())
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print('parent', open('/key').read())
";
        let Some((bare, held, scratch)) = run_as_root("version = 1\n", python, code) else { return };
        bare.assert_success();
        held.assert_success();
        assert_eq!(held.out(), bare.out());
        let journal = held.journal();
        journal.assert_no_refusals();
        let change = journal.find("chroot", &[("path", &scratch.text("secrets"))]);
        let change = change.unwrap_or_else(|| panic!("{}", journal.describe()));
        let mut opened: Vec<_> = journal
            .of("open")
            .filter(|record| record.arg("path") == "/key")
            .map(|record| record.text("proc").to_owned())
            .collect();
        opened.dedup();
        assert_eq!(opened.len(), 2, "{}", journal.describe());
        assert!(opened.contains(&change.text("proc").to_owned()), "{}", journal.describe());
    }
}

#[test]
fn another_network_is_refused_where_there_are_rules_for_hosts_and_other_namespaces_are_not() {
    let code = "
attempt('network', lambda: call('unshare', NEWNET))
attempt('names', lambda: call('unshare', NEWUTS))
";
    let policy = "version = 1\n[network]\nconnect = [\"192.0.2.1\"]\n";
    let Some((bare, held, _scratch)) = run_as_root(policy, python::newest(), code) else {
        return;
    };
    assert_all(&bare, "done");
    held.assert_success();
    assert_eq!(
        held.out(),
        "network refused 1\nnames done \n",
        "{}",
        held.describe()
    );
    let journal = held.journal();
    let record = journal.refusal("unshare", &[("namespaces", "[\"network\"]")]);
    record.assert_decided("deny", "network.connect", "hooks.toml:3");
    assert_eq!(journal.refusals().count(), 1, "{}", journal.describe());
}

/// A policy without rules for paths has its own file to lose, and with it the rules that it has.
#[test]
fn another_root_is_refused_where_the_only_list_is_of_hosts() {
    let policy = "version = 1\n[network]\nconnect = \"none\"\n";
    let code = "attempt('chroot', lambda: os.chroot(secrets), '/key')\n";
    let Some((bare, held, _scratch)) = run_as_root(policy, python::newest(), code) else {
        return;
    };
    assert_all(&bare, "done");
    assert_all(&held, "refused 1");
    let journal = held.journal();
    let record = journal.refusal("chroot", &[]);
    assert_eq!(record.rules(), ["audithook.self"], "{}", journal.describe());
    held.assert_err("hint: do it before the run");
}

#[test]
fn a_program_that_is_started_below_another_root_is_recorded_as_uncovered() {
    let code = "
call('unshare', NEWNS)
for name in ['usr', 'bin', 'lib', 'lib64']:
    there = os.path.join(place, name.encode())
    if os.path.islink('/' + name):
        if not os.path.islink(there):
            os.symlink(os.readlink('/' + name), there)
    elif os.path.exists('/' + name):
        os.makedirs(there, exist_ok=True)
        call('mount', b'/' + name.encode(), there, None, BIND | REC, None)
os.chroot(place)
os.chdir('/')
sys.stdout.flush()
os.execv('/bin/echo', ['echo', 'below'])
";
    let Some((bare, held, _scratch)) = run_as_root("version = 1\n", python::newest(), code) else {
        return;
    };
    assert_eq!(bare.out(), "below\n", "{}", bare.describe());
    held.assert_success();
    assert_eq!(held.out(), "below\n", "{}", held.describe());
    assert!(!held.err().contains("ld.so"), "{}", held.describe());
    let journal = held.journal();
    let record = journal.find("process.uncovered", &[("path", "/bin/echo")]);
    let record = record.or_else(|| journal.find("process.uncovered", &[("path", "/usr/bin/echo")]));
    let record = record.unwrap_or_else(|| panic!("{}", journal.describe()));
    assert_eq!(record.arg_text("reason"), "library out of reach");
}

/// It cannot read the new policy from there, and must not go on under the old one.
#[test]
fn a_process_below_another_root_ends_when_the_policy_is_reloaded() {
    let code = "
import subprocess, time
changed = 'version = 1\\n[files]\\ndeny = [\"/nothing\"]\\n'
script = 'read go; printf \"%s\" \"$0\" > hooks.toml'
writer = subprocess.Popen(['sh', '-c', script, changed], stdin=subprocess.PIPE)
os.chroot(secrets)
writer.communicate(b'go\\n')
ends = time.monotonic() + 30
while time.monotonic() < ends:
    open('/key').close()
print('went on')
";
    if run_as_root("version = 1\n", python::newest(), "").is_none() {
        return;
    }
    let scratch = Scratch::new();
    let outcome = as_root(&scratch, "version = 1\n", python::newest(), code).finish();
    outcome.assert_code(125);
    outcome.assert_err("policy.0000000002.image");
    assert_eq!(outcome.out(), "");
}
