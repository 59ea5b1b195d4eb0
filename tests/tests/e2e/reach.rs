//! The library stays within reach of every program that is started: what a program could close or move above it is held, and
//! where it is gone all the same, nothing starts that a list would have to hold.

use audithook_tests::{Outcome, Python, Run, Scratch, for_each_python};

const DENY: &str = "version = 1\n[files]\ndeny = [\"./secret\"]\n";
const NOTHING: &str = "version = 1\n";

/// A run whose directory lies in one that is the program's own to close, and to move.
fn run<'s>(scratch: &'s Scratch, policy: &str, python: &Python, code: &str) -> Run<'s> {
    scratch.write("secret", "secret\n");
    scratch.directory("above/runtime");
    scratch.directory("above/beside");
    Run::new(scratch, policy)
        .env("XDG_RUNTIME_DIR", scratch.text("above/runtime"))
        .code(python, code)
}

/// Takes the library away by a program that nobody judges, and then starts others in every way.
const TAKEN_AWAY: &str = "\
import os, subprocess, sys
subprocess.check_call(['mv', 'above', 'elsewhere'])
command = [sys.executable, '-c', 'print(open(\"secret\").read().strip())']
def attempt(start):
    try:
        status = start()
        if status: print('status', status, flush=True)
    except PermissionError:
        print('refused', flush=True)
attempt(lambda: subprocess.call(command))
attempt(lambda: os.waitpid(os.posix_spawn(command[0], command, os.environ), 0)[1])
attempt(lambda: subprocess.call(['/bin/sh', '-c', 'cat secret']))
attempt(lambda: os.execv(command[0], command))
";

/// What closes a directory, in every way; and what does not.
const CLOSED: &str = "\
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
entries = struct.pack('<HHI', 1, 0, 0xffffffff) + struct.pack('<HHI', 4, 0, 0xffffffff) + struct.pack('<HHI', 32, 0, 0xffffffff)
acl = struct.pack('<I', 2) + entries
def call(function, *arguments):
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), '')
def attempt(what, function, *arguments):
    try:
        function(*arguments)
        print(what, 'done')
    except OSError as error:
        print(what, error.errno)
    os.chmod('above', 0o755)
    os.chmod('above/runtime', 0o755)
def by_descriptor(change):
    descriptor = os.open('above/runtime', os.O_RDONLY)
    try: change(descriptor)
    finally: os.close(descriptor)
os.symlink('above', 'link')
closing = [
    ('chmod', os.chmod, 'above', 0),
    ('chmod with bits', os.chmod, os.path.abspath('above/runtime'), 0o40655),
    ('chmod of a link', os.chmod, 'link', 0),
    ('chmod of a descriptor', by_descriptor, lambda descriptor: os.chmod(descriptor, 0)),
    ('fchmod', by_descriptor, lambda descriptor: os.fchmod(descriptor, 0)),
    ('chown', os.chown, 'above', os.getuid(), -1),
    ('lchown', os.lchown, 'above', os.getuid(), -1),
    ('setxattr', os.setxattr, 'above', 'system.posix_acl_access', acl),
    ('chmod of libc', call, libc.chmod, b'above', 0),
    ('setxattr of libc', call, libc.setxattr, b'above/runtime', b'system.posix_acl_access', acl, len(acl), 0),
]
others = [
    ('open', os.chmod, 'above', 0o711),
    ('beside', os.chmod, 'above/beside', 0),
    ('of a group', os.chown, 'above', -1, os.getgid()),
    ('times', os.utime, 'above'),
    ('open of libc', call, libc.chmod, b'above/runtime', 0o700),
    ('beside of libc', call, libc.chmod, b'above/beside', 0o111),
]
for what in closing: attempt(*what)
print('--')
for what in others: attempt(*what)
";

fn parts(outcome: &Outcome) -> (Vec<String>, Vec<String>) {
    let out = outcome.assert_success().out();
    let (closing, others) = out.split_once("--\n").expect("two parts");
    let lines = |part: &str| part.lines().map(str::to_owned).collect();
    (lines(closing), lines(others))
}

for_each_python! {
    fn a_program_is_not_started_where_the_library_was_taken_away(python: &Python) {
        let scratch = Scratch::new();
        let held = run(&scratch, DENY, python, TAKEN_AWAY).finish();
        assert_eq!(held.assert_success().out(), "refused\n".repeat(4), "{}", held.describe());
        let journal = held.journal();
        let refused: Vec<_> = journal.refusals().collect();
        assert_eq!(refused.len(), 4, "{}", journal.describe());
        for record in refused {
            assert_eq!(record.event(), "process.uncovered");
            assert_eq!(record.rules(), ["audithook.self"]);
            assert_eq!(record.arg_text("reason"), "library was taken out of reach");
        }
        let scratch = Scratch::new();
        let control = run(&scratch, NOTHING, python, TAKEN_AWAY).finish();
        assert_eq!(control.assert_success().out(), "secret\n".repeat(4), "{}", control.describe());
        assert_eq!(control.journal().of("process.uncovered").count(), 4);
    }

    fn the_directories_above_the_library_are_not_closed(python: &Python) {
        let scratch = Scratch::new();
        let bare = run(&scratch, NOTHING, python, CLOSED).finish_bare();
        let scratch = Scratch::new();
        let held = run(&scratch, NOTHING, python, CLOSED).finish();
        let ((bare_closing, bare_others), (closing, others)) = (parts(&bare), parts(&held));
        // Not every file system has lists of who may pass.
        let is_possible = |line: &&String| line.ends_with("done") || line.contains("setxattr") && line.ends_with("95");
        assert_eq!(bare_closing.iter().filter(is_possible).count(), 10, "{}", bare.describe());
        assert_eq!(closing.iter().filter(|line| line.ends_with(" 13")).count(), 10, "{}", held.describe());
        assert!(others.iter().all(|line| line.ends_with(" done")), "{}", held.describe());
        assert_eq!(others, bare_others);
        let journal = held.journal();
        let refused: Vec<_> = journal.refusals().collect();
        assert_eq!(refused.len(), 10, "{}", journal.describe());
        for record in refused {
            assert_eq!(record.rules(), ["audithook.self"], "{}", journal.describe());
        }
    }
}
