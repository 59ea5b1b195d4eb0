//! What the program changes between an event and the call that it speaks of: the path in a `bytearray`, the working directory, or
//! what a descriptor stands for. The lists hold for what the kernel sees.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};

use audithook_tests::scratch::listing;
use audithook_tests::{Journal, Outcome, Python, Run, Scratch, for_each_python};

const DENY: &str = "version = 1\n[files]\ndeny = [\"./secrets\"]\n";

/// Nobody wants to hear of `os.chdir` here.
const DENY_WITHOUT_JOURNAL: &str =
    "version = 1\n[files]\ndeny = [\"./secrets\"]\n[journal]\nevents = [\"open\"]\n";

/// The control.
const NOTHING: &str = "version = 1\n[files]\ndeny = [\"./elsewhere\"]\n";

/// Tries each operation on a file of a directory that has the operation's name: `begin` is what it does before.
const BEGINNING: &str = "\
import os, sys, warnings
warnings.simplefilter('ignore')
top = os.getcwd()
secrets, benign = (lambda name: os.path.join(top, 'secrets', name)), (lambda name: os.path.join(top, 'benign', name))
def attempt(name, function):
    try:
        function()
        print(name, 'done', flush=True)
    except OSError as error:
        print(name, 'refused' if isinstance(error, PermissionError) else error, flush=True)
    except TypeError:
        print(name, 'impossible', flush=True)
";

/// CPython copies the path, and the next argument changes it: up to 3.11 a `bytearray` is a path.
const BY_BYTEARRAY: &str = "
class Changes:
    def __init__(self, path, to, value):
        self.path, self.to, self.value = path, to, value
    def __index__(self):
        self.path[:] = self.to
        return self.value
    __fspath__ = __index__
def of(name, file):
    return bytearray(os.fsencode(os.path.join(secrets(name), file))), os.fsencode(os.path.join(benign(name), file))
here = os.open('.', os.O_RDONLY)
def one(name, file, function, value):
    path, to = of(name, file)
    attempt(name, lambda: function(path, Changes(path, to, value)))
def into(name, function):
    path, to = of(name, 'new')
    attempt(name, lambda: function(os.path.join(benign(name), 'key'), path, Changes(path, to, here)))
out = lambda name: os.path.join(top, 'out', name)
one('rename', 'key', os.rename, out('rename'))
one('replace', 'key', os.replace, out('replace'))
one('link', 'key', os.link, out('link'))
into('rename_into', lambda source, path, index: os.rename(source, path, src_dir_fd=index))
into('replace_into', lambda source, path, index: os.replace(source, path, dst_dir_fd=index))
into('link_into', lambda source, path, index: os.link(source, path, src_dir_fd=index))
one('remove', 'key', lambda path, index: os.remove(path, dir_fd=index), here)
one('unlink', 'key', lambda path, index: os.unlink(path, dir_fd=index), here)
one('rmdir', 'dir', lambda path, index: os.rmdir(path, dir_fd=index), here)
one('mkdir', 'new', lambda path, index: os.mkdir(path, index), 0o755)
one('mkdir_at', 'new', lambda path, index: os.mkdir(path, dir_fd=index), here)
one('truncate', 'key', lambda path, index: os.truncate(path, index), 1)
one('symlink', 'new', lambda path, index: os.symlink('x', path, dir_fd=index), here)
one('chmod', 'key', lambda path, index: os.chmod(path, index), 0o600)
one('utime', 'key', lambda path, index: os.utime(path, ns=(1, 2), dir_fd=index), here)
one('mkfifo', 'new', lambda path, index: os.mkfifo(path, index), 0o600)
one('mknod', 'new', lambda path, index: os.mknod(path, index), 0o600)
";

/// A hook of the program runs after audithook's. By then nobody hears of `os.chdir` who does not want to.
const BY_CHDIR: &str = "
event = None
def hook(name, arguments):
    global event
    if name == event:
        event = None
        os.chdir(there)
sys.addaudithook(hook)
def one(name, function, of=None):
    def run():
        global event, there
        for _ in range(3):
            os.chdir(top)
        os.chdir(benign(name))
        there, event = secrets(name), of or 'os.' + name
        function(name)
    attempt(name, run)
out = lambda name: os.path.join(top, 'out', name)
key = lambda name: os.path.join(benign(name), 'key')
one('rename', lambda name: os.rename('key', out(name)))
one('replace', lambda name: os.replace('key', out(name)), 'os.rename')
one('rename_into', lambda name: os.rename(key(name), 'new'), 'os.rename')
one('link', lambda name: os.link('key', out(name)))
one('link_into', lambda name: os.link(key(name), 'new'), 'os.link')
one('remove', lambda name: os.remove('key'))
one('unlink', lambda name: os.unlink('key'), 'os.remove')
one('rmdir', lambda name: os.rmdir('dir'))
one('mkdir', lambda name: os.mkdir('new'))
one('symlink', lambda name: os.symlink('x', 'new'))
one('truncate', lambda name: os.truncate('key', 1))
one('chmod', lambda name: os.chmod('key', 0o600))
one('utime', lambda name: os.utime('key', (1, 2)))
one('open', lambda name: open('key', 'w').close(), 'open')
import socket
one('bind', lambda name: socket.socket(socket.AF_UNIX).bind('new'), 'socket.bind')
";

/// The same by descriptors, which the hook makes stand for something else.
const BY_DESCRIPTOR: &str = "
event = None
def hook(name, arguments):
    global event
    if name == event:
        event = None
        os.dup2(there, here)
sys.addaudithook(hook)
def one(name, function, file='', of=None):
    def run():
        global event, there, here
        # A place, which every policy lets through.
        here, there = (os.open(os.path.join(place(name), file), os.O_PATH if not file else os.O_RDONLY) for place in (benign, secrets))
        event = of or 'os.' + name
        function(name)
    attempt(name, run)
out = lambda name: os.path.join(top, 'out', name)
key = lambda name: os.path.join(benign(name), 'key')
one('rename', lambda name: os.rename('key', out(name), src_dir_fd=here))
one('rename_into', lambda name: os.replace(key(name), 'new', dst_dir_fd=here), of='os.rename')
one('link', lambda name: os.link('key', out(name), src_dir_fd=here))
one('link_into', lambda name: os.link(key(name), 'new', dst_dir_fd=here), of='os.link')
one('remove', lambda name: os.remove('key', dir_fd=here))
one('rmdir', lambda name: os.rmdir('dir', dir_fd=here))
one('mkdir', lambda name: os.mkdir('new', dir_fd=here))
one('symlink', lambda name: os.symlink('x', 'new', dir_fd=here))
one('chmod', lambda name: os.chmod('key', 0o600, dir_fd=here))
one('utime', lambda name: os.utime('key', (1, 2), dir_fd=here))
one('chmod_own', lambda name: os.chmod(here, 0o600), 'key', 'os.chmod')
one('utime_own', lambda name: os.utime(here, (1, 2)), 'key', 'os.utime')
";

/// Calls of libc, as extension modules make them.
const BY_LIBC: &str = "
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def one(name, *arguments):
    def run():
        os.chdir(secrets(name))
        path = (argument if isinstance(argument, int) else os.fsencode(argument) for argument in arguments)
        if getattr(libc, name)(*path) < 0:
            raise OSError(ctypes.get_errno(), name)
    attempt(name, run)
out = lambda name: os.path.join(top, 'out', name)
HERE, REMOVEDIR = -100, 0x200
one('rename', 'key', out('rename'))
one('renameat', HERE, 'key', HERE, out('renameat'))
one('renameat2', HERE, 'key', HERE, out('renameat2'), 0)
one('remove', 'key')
one('unlink', 'key')
one('unlinkat', HERE, 'dir', REMOVEDIR)
one('rmdir', 'dir')
one('mkdir', 'new', 0o755)
one('mkdirat', HERE, 'new', 0o755)
one('symlink', 'x', 'new')
one('symlinkat', 'x', HERE, 'new')
one('truncate', 'key', 1)
one('truncate64', 'key', 1)
one('link', 'key', out('link'))
one('chmod', 'key', 0o600)
";

/// A directory for each operation in `secrets` and in `benign`, by the names in the code.
fn prepare(code: &str) -> (Scratch, Vec<String>) {
    let scratch = Scratch::new();
    let names: Vec<String> = code
        .lines()
        .filter_map(|line| line.strip_prefix("one('").or(line.strip_prefix("into('")))
        .map(|line| line.split('\'').next().expect("a name").to_owned())
        .collect();
    scratch.directory("out");
    for name in &names {
        for place in ["secrets", "benign"] {
            scratch.write(&format!("{place}/{name}/key"), "key\n");
            scratch.directory(&format!("{place}/{name}/dir"));
        }
    }
    (scratch, names)
}

fn run(python: &Python, scratch: &Scratch, policy: &str, code: &str) -> Outcome {
    let outcome = Run::new(scratch, policy)
        .code(python, &format!("{BEGINNING}{code}"))
        .finish();
    outcome.assert_success();
    outcome
}

fn said(outcome: &Outcome, names: &[String], expected: &str) {
    let lines: Vec<String> = names
        .iter()
        .map(|name| format!("{name} {expected}"))
        .collect();
    let said = outcome.out();
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        lines,
        "{}",
        outcome.describe()
    );
}

/// What an operation could change of a secret.
fn state(scratch: &Scratch, name: &str) -> (Vec<String>, Option<i64>, Option<u64>) {
    let directory = scratch.join(format!("secrets/{name}"));
    let about = directory.join("key").symlink_metadata().ok();
    (
        listing(&directory),
        about.as_ref().map(|about| about.mtime()),
        about.map(|about| about.nlink()),
    )
}

/// Runs the code under the policy, which refuses all of it, and under one that does not, where each operation changes something.
fn check(python: &Python, policy: &str, code: &str) -> Option<Journal> {
    let (scratch, names) = prepare(code);
    let states = |scratch: &Scratch| {
        names
            .iter()
            .map(|name| state(scratch, name))
            .collect::<Vec<_>>()
    };
    let before = states(&scratch);
    let denied = run(python, &scratch, policy, code);
    if denied
        .out()
        .lines()
        .all(|line| line.ends_with("impossible"))
    {
        return None;
    }
    said(&denied, &names, "refused");
    assert!(
        states(&scratch) == before,
        "a secret was changed: {}",
        denied.describe()
    );

    let (scratch, names) = prepare(code);
    let before = names
        .iter()
        .map(|name| state(&scratch, name))
        .collect::<Vec<_>>();
    let allowed = run(python, &scratch, NOTHING, code);
    said(&allowed, &names, "done");
    for (name, before) in names.iter().zip(before) {
        assert!(state(&scratch, name) != before, "{name} changes nothing");
    }
    allowed.journal().assert_no_refusals();
    Some(denied.journal())
}

for_each_python! {
    fn a_path_that_changes_after_it_was_copied_is_judged_as_it_was_copied(python: &Python) {
        let Some(journal) = check(python, DENY, BY_BYTEARRAY) else {
            assert!(python.minor >= 12, "a `bytearray` is a path up to 3.11");
            return;
        };
        for record in journal.refusals() {
            record.assert_denied("files.deny", "hooks.toml:3");
        }
    }

    fn a_hook_that_changes_the_directory_does_not_change_what_is_judged(python: &Python) {
        for policy in [DENY, DENY_WITHOUT_JOURNAL] {
            check(python, policy, BY_CHDIR);
        }
    }

    fn a_hook_that_changes_what_a_descriptor_stands_for_does_not_change_what_is_judged(python: &Python) {
        check(python, DENY, BY_DESCRIPTOR);
    }

    fn a_hook_that_changes_the_directory_does_not_change_what_is_connected_to(python: &Python) {
        let code = "\
import os, socket, sys
top, on = os.getcwd(), []
def hook(name, arguments):
    if on and name == on[0]:
        on.clear()
        os.chdir(top + '/secrets')
sys.addaudithook(hook)
def attempt(event, kind, function):
    for meanwhile in (False, True):
        os.chdir(top + '/benign')
        if meanwhile:
            on.append(event)
        try:
            with socket.socket(socket.AF_UNIX, kind) as own:
                function(own, event)
            print(event, meanwhile, 'done')
        except OSError as error:
            print(event, meanwhile, 'refused' if isinstance(error, PermissionError) else error)
        os.chdir(top)
attempt('socket.connect', socket.SOCK_STREAM, lambda own, path: own.connect(path))
attempt('socket.sendto', socket.SOCK_DGRAM, lambda own, path: own.sendto(b'x', path))
attempt('socket.sendmsg', socket.SOCK_DGRAM, lambda own, path: own.sendmsg([b'x'], (), 0, path))
";
        let lines = |last| {
            ["socket.connect", "socket.sendto", "socket.sendmsg"]
                .map(|event| format!("{event} False done\n{event} True {last}\n"))
                .concat()
        };
        let run = |policy| {
            let scratch = Scratch::new();
            // Kept until the program has ended.
            let others: Vec<_> = ["secrets", "benign"]
                .map(|place| scratch.directory(place))
                .iter()
                .map(|place| {
                    let datagrams = ["socket.sendto", "socket.sendmsg"].map(|name| {
                        UnixDatagram::bind(place.join(name)).expect("a short path")
                    });
                    let stream = UnixListener::bind(place.join("socket.connect"));
                    (stream.expect("a short path"), datagrams)
                })
                .collect();
            let outcome = Run::new(&scratch, policy).code(python, code).finish();
            outcome.assert_success();
            drop(others);
            (outcome, scratch)
        };
        let (held, _scratch) = run("version = 1\n[network]\nconnect = \"any\"\nunix = [\"./benign/\"]\n");
        assert_eq!(held.out(), lines("refused"), "{}", held.describe());
        let (control, _scratch) = run("version = 1\n[network]\nconnect = \"any\"\nunix = [\"./benign/\", \"./secrets/\"]\n");
        assert_eq!(control.out(), lines("done"), "{}", control.describe());
        for event in ["socket.connect", "socket.sendto", "socket.sendmsg"] {
            // The second is told as it was raised, and as it was done.
            assert_eq!(control.journal().of(event).count(), 3, "{}", control.describe());
        }
    }

    fn extension_modules_change_no_denied_file(python: &Python) {
        let journal = check(python, DENY, BY_LIBC).expect("ctypes is there");
        assert_eq!(journal.refusals().count(), 15, "{}", journal.describe());
    }

    /// Each is told by its event and again by its call.
    fn one_operation_is_one_record(python: &Python) {
        let scratch = Scratch::new();
        let code = "\
import os
os.mkdir('place')
here = os.open('place', os.O_RDONLY)
os.mkdir('dir', dir_fd=here)
os.symlink('key', 'place/link')
os.symlink('key', 'other', dir_fd=here)
open('place/key', 'w').close()
os.truncate('place/key', 0)
os.truncate('place/link', 0)
own = os.open('place/key', os.O_RDWR)
os.truncate(own, 0)
for path in ('place/key', b'place/key', 'place/link', own):
    os.chmod(path, 0o644)
    os.chown(path, -1, -1)
    os.utime(path, (1, 2))
os.chmod('key', 0o644, dir_fd=here)
os.link('place/key', 'place/second')
os.link('key', 'third', src_dir_fd=here, dst_dir_fd=here)
os.rename('place/second', 'place/fourth')
os.rename('fourth', 'second', src_dir_fd=here, dst_dir_fd=here)
os.replace('place/second', 'place/third')
os.remove('place/third')
os.unlink('link', dir_fd=here)
os.rmdir('place/dir')
os.mkdir('place/dir')
os.rmdir('dir', dir_fd=here)
";
        let outcome = Run::new(&scratch, DENY).code(python, code).finish();
        outcome.assert_success();
        let journal = outcome.journal();
        for (event, count) in [
            ("os.mkdir", 3),
            ("os.symlink", 2),
            ("os.truncate", 3),
            ("os.chmod", 5),
            ("os.chown", 4),
            ("os.utime", 4),
            ("os.link", 2),
            ("os.rename", 3),
            ("os.remove", 2),
            ("os.rmdir", 2),
        ] {
            assert_eq!(journal.of(event).count(), count, "{event}\n{}", journal.describe());
        }
    }
}
