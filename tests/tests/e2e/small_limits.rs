//! Programs with little: small stacks, few descriptors, small files. What runs bare runs under a policy, too.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use audithook_tests::tree::{self, Lifeline};
use audithook_tests::{Journal, PATIENCE, Python, Run, Scratch, for_each_python, python, skip};
use rustix::process::{Pid, Signal, kill_process};

const DENY: &str = "version = 1\n[files]\ndeny = [\"./secret\"]\n";

/// Every way to start a program, each in a thread with the smallest stack that Python allows.
const FROM_SMALL_STACKS: &str = "\
import os, subprocess, threading
threading.stack_size(32 * 1024)
def child(function):
    pid = os.fork()
    if pid == 0:
        try:
            function()
        finally:
            os._exit(9)
    return os.waitpid(pid, 0)[1]
def wait(pid):
    return os.waitpid(pid, 0)[1]
WAYS = {
    'call': lambda: subprocess.call(['/bin/true']),
    'call by PATH': lambda: subprocess.call(['true']),
    'call with preexec_fn': lambda: subprocess.call(['/bin/true'], preexec_fn=lambda: None),
    'call without environment': lambda: subprocess.call(['/bin/true'], env={}),
    'call of a script': lambda: subprocess.call(['./script']),
    'posix_spawn': lambda: wait(os.posix_spawn('/bin/true', ['true'], {})),
    'posix_spawnp': lambda: wait(os.posix_spawnp('true', ['true'], {})),
    'execv': lambda: child(lambda: os.execv('/bin/true', ['true'])),
    'execvp': lambda: child(lambda: os.execvp('true', ['true'])),
    'system': lambda: os.system('true'),
}
def attempt(name, function):
    try:
        print(name, function(), flush=True)
    except OSError as error:
        print(name, type(error).__name__, flush=True)
for name, function in WAYS.items():
    thread = threading.Thread(target=attempt, args=(name, function))
    thread.start()
    thread.join()
";

/// Starts a program with so many variables, in each of two ways and from a thread with the smallest stack, and a script without
/// a header with so many arguments, for which libc's own function takes room on the stack.
const WITH_MANY: &str = "\
import os, sys, threading
count = int(sys.argv[1])
environment = {'V%d' % number: '' for number in range(count)}
arguments = [b'x'] * count
def child(function):
    pid = os.fork()
    if pid == 0:
        try:
            function()
        except OSError as error:
            print(error.errno, flush=True)
        os._exit(9)
    os.waitpid(pid, 0)
def spawn():
    try:
        os.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', 'env | grep -c ^V'], environment), 0)
    except OSError as error:
        print(error.errno, flush=True)
threading.stack_size(32 * 1024)
for function in [
    spawn,
    lambda: child(lambda: os.execve('/bin/sh', ['sh', '-c', 'env | grep -c ^V'], environment)),
]:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
child(lambda: execvp(b'./headless', arguments))
";

/// libc's `execvp`, for Python has one of its own.
const EXECVP: &str = "\
import ctypes
def execvp(file, arguments):
    vector = (ctypes.c_char_p * (len(arguments) + 2))(file, *arguments, None)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.execvp(file, vector)
    raise OSError(ctypes.get_errno(), 'execvp')
";

/// Tries to read the secret, and to ask a gate.
const ATTEMPT: &str = "\
def attempt(path):
    try:
        print(open(path).read().strip())
    except PermissionError as error:
        print('refused' if 'denied by rule' in str(error) else error)
attempt('open.txt')
attempt('secret')
";

for_each_python! {
    fn programs_start_from_threads_with_the_smallest_stacks(python: &Python) {
        let scratch = Scratch::new();
        scratch.write_program("script", "#!/bin/true\n");
        let run = |policy| Run::new(&scratch, policy).python(python, &["-W", "ignore", "-c", FROM_SMALL_STACKS]).finish();
        let allowed = run("version = 1\n[process]\nexec = [\"/bin/true\", \"/bin/sh\", \"./script\"]\nuncovered = \"deny\"\n");
        allowed.assert_success();
        assert_eq!(allowed.out().lines().filter(|line| line.ends_with(" 0")).count(), 10, "{}", allowed.describe());
        let refused = run("version = 1\n[process]\nexec = [\"/bin/cat\"]\n");
        refused.assert_success();
        let count = |end| refused.out().lines().filter(|line| line.ends_with(end)).count();
        // A forked child that is refused ends with 9.
        assert_eq!((count(" PermissionError"), count(" 2304")), (8, 2), "{}", refused.describe());
    }

    fn as_many_variables_and_arguments_pass_as_the_kernel_takes(python: &Python) {
        let scratch = Scratch::new();
        scratch.write_program("headless", "echo $#\n");
        let code = format!("{EXECVP}{WITH_MANY}");
        // Fewer than most have, more than fit beside them, more than 16 bits count, more than the kernel takes.
        for count in ["100", "1500", "70000", "800000"] {
            let run = Run::new(&scratch, DENY).python(python, &["-W", "ignore", "-c", &code, count]);
            let (bare, held) = (run.finish_bare(), run.finish());
            held.assert_success();
            assert_eq!(held.out(), bare.out(), "{count}\n{}", held.err());
            let expected = if count == "800000" { "7" } else { count };
            assert_eq!(bare.out().lines().collect::<Vec<_>>(), [expected; 3], "{}", bare.err());
        }
    }

    /// A limit on the size of files is no limit on what audithook shares with its supervisor (RLIMIT_FSIZE, setrlimit(2)).
    fn a_program_that_may_write_no_files_is_judged(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        scratch.write("open.txt", "open\n");
        scratch.write("attempt.py", ATTEMPT);
        let code = "\
import os, resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
subprocess.check_call([sys.executable, 'attempt.py'])
if os.fork() == 0:
    exec(open('attempt.py').read())
    sys.exit(0)
assert os.wait()[1] == 0
";
        let outcome = Run::new(&scratch, DENY).python(python, &["-W", "ignore", "-u", "-c", code]).finish();
        outcome.assert_success();
        assert_eq!(outcome.out(), "open\nrefused\nopen\nrefused\n", "{}", outcome.describe());
        assert_eq!(outcome.journal().refusals().count(), 2);
    }

    /// A program that has used up its descriptors forks, asks gates and is refused all the same.
    fn a_program_without_a_descriptor_left_is_judged(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        let policy = format!("{DENY}[[hook]]\non = \"shop.order\"\nwhen = 'args[\"0\"] > 100'\ndo = \"deny\"\n");
        let code = "\
import os, resource, sys
own, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
def attempts():
    for amount in (5, 500):
        try:
            sys.audit('shop.order', amount)
            print('ordered', amount)
        except PermissionError as error:
            print('refused' if 'denied by rule' in str(error) else error, amount)
    try:
        open('secret')
    except OSError as error:
        print('refused' if 'denied by rule' in str(error) else error)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (3, most)
attempts()
child = os.fork()
if child == 0:
    attempts()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
";
        let outcome = Run::new(&scratch, &policy).python(python, &["-W", "ignore", "-u", "-c", code]).finish();
        outcome.assert_success();
        assert_eq!(outcome.out(), "ordered 5\nrefused 500\nrefused\n".repeat(2), "{}", outcome.describe());
    }
}

/// Starts a program under each limit, with few arguments and with more than are shown; its room is claimed before.
const UNDER_LIMITS: &str = "\
import os, resource
def start(name, amount, arguments):
    pid = os.fork()
    if pid == 0:
        try:
            os.execv('/nonexistent', ['x'])
        except OSError:
            pass
        limit = getattr(resource, 'RLIMIT_' + name)
        resource.setrlimit(limit, (amount, resource.getrlimit(limit)[1]))
        try:
            os.execv('/bin/sh', ['sh', '-c', 'exit 5'] + arguments)
        except PermissionError:
            os._exit(7)
    return os.WEXITSTATUS(os.waitpid(pid, 0)[1])
for name in ('AS', 'DATA'):
    for amount in (3 << 20, 1 << 30):
        print(name, amount >> 20, start(name, amount, []), start(name, amount, ['x'] * 100), flush=True)
";

for_each_python! {
    /// The loader goes on without a library that it finds no room for, and the program may raise its limit again.
    fn a_program_that_may_have_no_room_for_the_library_does_not_start_under_a_list(python: &Python) {
        let scratch = Scratch::new();
        let run = |policy| Run::new(&scratch, policy).python(python, &["-W", "ignore", "-c", UNDER_LIMITS]).finish();
        let outcome = run(DENY);
        outcome.assert_success();
        assert_eq!(outcome.out(), "AS 3 7 7\nAS 1024 5 5\nDATA 3 7 7\nDATA 1024 5 5\n", "{}", outcome.describe());
        let journal = outcome.journal();
        let refusals: Vec<_> = journal.refusals().collect();
        let told: Vec<_> = refusals
            .iter()
            .map(|record| (record.event(), record.rules()[0].to_owned(), record.arg_text("reason"), record.0.get("truncated").is_some()))
            .collect();
        let [space, data] = ["address space (RLIMIT_AS)", "data (RLIMIT_DATA)"]
            .map(|what| format!("limit of {what} leaves no room for the library"));
        let of = |reason: &String, cut| ("process.uncovered", "audithook.self".to_owned(), reason.clone(), cut);
        // What a rule is not shown all of, it is told so, of what a forked child starts too.
        assert_eq!(told, [of(&space, false), of(&space, true), of(&data, false), of(&data, true)]);

        // Without a list nothing is refused, and the journal has it.
        let outcome = run("version = 1\n");
        outcome.assert_success();
        assert!(outcome.out().contains("DATA 3 5 5\n"), "{}", outcome.describe());
        let journal = outcome.journal();
        journal.assert_no_refusals();
        assert_eq!(journal.of("process.uncovered").count(), 4, "{}", journal.describe());
    }
}

/// Gives another process limits, Python's way and libc's, and itself its own.
const OF_OTHERS: &str = "\
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
r, w = os.pipe()
child = os.fork()
if child == 0:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
CORE = resource.RLIMIT_CORE
same = resource.getrlimit(CORE)
def attempt(what, function):
    try:
        function()
        print(what, 'done')
    except OSError as error:
        print(what, error.errno)
def raw(name):
    limit = (ctypes.c_uint64 * 2)(*(value & 2**64 - 1 for value in same))
    if getattr(libc, name)(child, CORE, limit, None) < 0:
        raise OSError(ctypes.get_errno(), name)
attempt('asked', lambda: resource.prlimit(child, CORE))
attempt('own', lambda: resource.prlimit(0, CORE, same))
attempt('own by number', lambda: resource.prlimit(os.getpid(), CORE, same))
attempt('set', lambda: resource.setrlimit(CORE, same))
attempt('other', lambda: resource.prlimit(child, CORE, same))
attempt('prlimit', lambda: raw('prlimit'))
attempt('prlimit64', lambda: raw('prlimit64'))
os.close(w)
os.wait()
";

for_each_python! {
    /// What has no room while it executes a program starts it without the library.
    fn limits_of_another_process_are_left_alone_under_a_list(python: &Python) {
        let scratch = Scratch::new();
        let run = |policy| Run::new(&scratch, policy).python(python, &["-W", "ignore", "-c", OF_OTHERS]).finish();
        let own = "asked done\nown done\nown by number done\nset done\n";
        for list in [DENY, "version = 1\n[network]\nconnect = \"none\"\n"] {
            let outcome = run(list);
            outcome.assert_success();
            assert_eq!(outcome.out(), format!("{own}other 1\nprlimit 1\nprlimit64 1\n"), "{}", outcome.describe());
            let journal = outcome.journal();
            let told: Vec<_> = journal.refusals().map(|record| (record.event(), record.rules(), record.text("errno"))).collect();
            assert_eq!(told, vec![("prlimit", vec!["audithook.self"], "EPERM"); 3], "{}", journal.describe());
        }
        let outcome = run("version = 1\n");
        outcome.assert_success();
        assert_eq!(outcome.out(), format!("{own}other done\nprlimit done\nprlimit64 done\n"), "{}", outcome.describe());
        assert_eq!(outcome.journal().of("prlimit").count(), 3);
    }
}

/// Has no page for who asks for one, as where the process may have no more memory.
const NO_PAGE: &str = "\
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    if (length == 4096 && flags & MAP_ANONYMOUS && getenv(\"NO_PAGE\")) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
}
";

#[test]
fn a_process_that_the_library_cannot_be_set_up_in_does_not_run() {
    let scratch = Scratch::new();
    let Some(shim) = library(&scratch, "page", NO_PAGE) else {
        return;
    };
    let newest = python::newest().text().to_owned();
    for command in [
        vec![newest.as_str(), "-c", "print('ran')"],
        vec!["/bin/sh", "-c", "echo ran"],
    ] {
        let run = Run::new(&scratch, DENY)
            .env("LD_PRELOAD", &shim)
            .command(&command);
        let control = run.finish();
        control.assert_success();
        assert_eq!(control.out(), "ran\n", "{}", control.describe());
        let outcome = run.env("NO_PAGE", "1").finish();
        outcome
            .assert_code(125)
            .assert_err("audithook: no memory to know this process by\n");
        assert_eq!(outcome.out(), "", "{}", outcome.describe());
    }
}

/// Compiles a library; without a compiler, says so.
fn library(scratch: &Scratch, name: &str, source: &str) -> Option<std::path::PathBuf> {
    let source = scratch.write(&format!("{name}.c"), source);
    let library = scratch.join(format!("{name}.so"));
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        skip("a library in front of libc", format_args!("{made:?}"));
        return None;
    }
    Some(library)
}

/// A run under a limit of file sizes, in blocks of 512 bytes, that holds for audithook itself.
fn under_file_size_limit(blocks: u32, code: &str) -> (Option<i32>, String) {
    let scratch = Scratch::new();
    let run = Run::new(&scratch, "version = 1\n");
    let program = python::newest().text();
    let inner = run.audithook_command(&[
        "run",
        "-c",
        "hooks.toml",
        "--journal",
        "small.jsonl",
        "--",
        program,
        "-c",
        code,
    ]);
    let outcome = Command::new("sh")
        .args(["-c", &format!("ulimit -f {blocks}; exec \"$0\" \"$@\"")])
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(scratch.path())
        .env_clear()
        .envs(audithook_tests::run::environment(&scratch))
        .output()
        .expect("sh runs");
    (
        outcome.status.code(),
        String::from_utf8_lossy(&outcome.stderr).into_owned(),
    )
}

#[test]
fn a_journal_that_may_not_grow_ends_the_run_with_its_reason() {
    let raise = "import sys\nfor number in range(20000): sys.audit('shop.order', 'x' * 200)";
    let (code, said) = under_file_size_limit(4096, raise);
    assert_eq!(code, Some(125), "{said}");
    assert!(
        said.contains("small.jsonl") && said.contains("File too large"),
        "{said}"
    );
}

#[test]
fn a_limit_too_low_for_audithook_itself_is_said_before_anything_runs() {
    let (code, said) = under_file_size_limit(32, "open('ran', 'w')");
    assert_eq!(code, Some(125), "{said}");
    assert!(
        said.contains("ulimit -f") && said.contains("16384 bytes"),
        "{said}"
    );
}

/// Who waits for room looks from time to time whether somebody is left to make it. A program without a descriptor cannot, and
/// waits on.
#[test]
fn a_program_without_a_descriptor_left_waits_for_room_as_long_as_it_takes() {
    // Many times what a ring holds.
    let code = "\
import os, resource, sys, time
lines = os.open('lines', os.O_WRONLY)
last = os.dup(0)
resource.setrlimit(resource.RLIMIT_NOFILE, (last, last))
os.close(last)
try:
    while True: os.dup(0)
except OSError:
    pass
os.write(lines, b'begun\\n')
sys.stdin.readline()
began = time.monotonic()
for number in range(4000): sys.audit('count', 'x' * 1000)
print(time.monotonic() - began > 2)
";
    let scratch = Scratch::new();
    let mut lines = Lifeline::new(&scratch, "lines");
    let run = Run::new(&scratch, "version = 1\n");
    let mut child = run
        .audithook_command(&[
            "run",
            "-q",
            "-c",
            "hooks.toml",
            "--journal",
            "out.jsonl",
            "--",
        ])
        .args([python::newest().text(), "-c", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command runs");
    assert_eq!(lines.line(PATIENCE).as_deref(), Some("begun"));
    let supervisor = tree::supervisor(child.id()).expect("a run has a supervisor");
    let supervisor = Pid::from_raw(supervisor.cast_signed()).expect("a process id");
    kill_process(supervisor, Signal::STOP).expect("own process");
    let mut input = child.stdin.take().expect("a pipe was asked for");
    input.write_all(b"go on\n").expect("it reads");
    // How long nobody makes room: longer than it takes to look for somebody twice.
    std::thread::sleep(Duration::from_millis(2500));
    kill_process(supervisor, Signal::CONT).expect("own process");
    let outcome = child.wait_with_output().expect("it ends");
    assert_eq!(outcome.status.code(), Some(0), "{outcome:?}");
    assert_eq!(outcome.stdout, b"True\n", "it had to wait");
    let journal = Journal::read(&scratch.join("out.jsonl"));
    assert_eq!(journal.of("count").count(), 4000);
}

/// Holds a process up once, between the connection to its supervisor and the first word: a second too long.
const LATE: &str = "\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    static int times;
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, \"connect\");
    int connected = next(descriptor, address, length);
    const char *late = getenv(\"LATE\");
    if (late && address->sa_family == AF_UNIX && ++times == atoi(late)) {
        usleep(2500000);
        write(2, \"late\\n\", 5);
    }
    return connected;
}
";

#[test]
fn a_process_that_is_held_up_before_it_speaks_is_heard_all_the_same() {
    let scratch = Scratch::new();
    let Some(shim) = library(&scratch, "late", LATE) else {
        return;
    };
    let policy =
        "version = 1\n[[hook]]\non = \"shop.order\"\nwhen = 'args[\"0\"] > 100'\ndo = \"deny\"\n";
    let code =
        "import sys\nsys.audit('shop.order', 5)\nprint('ordered')\nsys.audit('shop.order', 500)\n";
    // The hello, then a question.
    for late in ["1", "2"] {
        let outcome = Run::new(&scratch, policy)
            .env("LD_PRELOAD", &shim)
            .env("LATE", late)
            .python(python::newest(), &["-c", code])
            .finish();
        outcome.assert_code(1).assert_err("late\n");
        assert_eq!(outcome.out(), "ordered\n", "{}", outcome.describe());
        let journal = outcome.journal();
        assert_eq!(
            journal.of("shop.order").count(),
            2,
            "{}",
            journal.describe()
        );
    }
}
