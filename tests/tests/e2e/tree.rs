//! The hook comes along: children, forks, threads, sub-interpreters, whatever their environment; and who is left out is
//! said.

use std::path::PathBuf;
use std::process::Command;

use audithook_tests::{Journal, Python, Run, Scratch, build, for_each_python, python, run, skip};

const DENY: &str = "version = 1\n[files]\ndeny = [\"./secret\"]\n";
const NOTHING: &str = "version = 1\n";

/// Tries to read the secret. To be run with the scratch directory as the current one.
const ATTEMPT: &str = "\
try:
    print(open('secret').read().strip(), flush=True)
except PermissionError as error:
    print('refused', flush=True)
";

fn with_secret() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("secret", "secret\n");
    scratch.write("attempt.py", ATTEMPT);
    scratch
}

/// Runs a program that makes `count` attempts: all are refused under the policy, none without.
#[track_caller]
fn assert_all_refused(python: &Python, code: &str, count: usize) -> Journal {
    let scratch = with_secret();
    scratch.write("main.py", code);
    let run = |policy| {
        Run::new(&scratch, policy)
            .env("PYTHON", python.text())
            .python(python, &["main.py"])
            .finish()
    };
    let outcome = run(DENY);
    assert_eq!(
        outcome.assert_success().out(),
        "refused\n".repeat(count),
        "{}",
        outcome.describe()
    );
    let control = run(NOTHING);
    assert_eq!(
        control.assert_success().out(),
        "secret\n".repeat(count),
        "the control\n{}",
        control.describe()
    );
    let journal = outcome.journal();
    let refusals: Vec<_> = journal.refusals().collect();
    assert_eq!(refusals.len(), count, "{refusals:#?}");
    for refusal in refusals {
        refusal.assert_denied("files.deny", "hooks.toml:3");
    }
    journal
}

for_each_python! {
    fn a_child_whose_environment_lost_the_library_has_it_all_the_same(python: &Python) {
        let journal = assert_all_refused(python, "\
import os, subprocess, sys
command = [sys.executable, 'attempt.py']
here = dict(os.environ)
def check(**how):
    subprocess.check_call(command, **how)
check(env={})
check(env={'LD_PRELOAD': ''})
check(env={'LD_PRELOAD': '/nowhere/other.so', 'PATH': here['PATH']})
check(env={'LD_PRELOAD': 'libm.so.6'})
check(env={k: v for k, v in here.items() if k != 'LD_PRELOAD'}, close_fds=False)
subprocess.check_call(['env', '-i'] + command)
subprocess.check_call(['env', '-u', 'LD_PRELOAD'] + command)
subprocess.check_call(['sh', '-c', 'unset LD_PRELOAD; exec \"$0\" \"$1\"'] + command)
del os.environ['LD_PRELOAD']
check()
os.system(' '.join(command))
assert os.waitpid(os.posix_spawn(command[0], command, {}), 0)[1] == 0
os.execve(command[0], command, {})
", 12);
        assert!(journal.of("process.uncovered").next().is_none(), "{}", journal.describe());
    }

    /// The loader goes by the last `LD_PRELOAD`.
    fn a_child_whose_environment_has_the_variable_twice_has_the_hook(python: &Python) {
        assert_all_refused(python, "\
import os, sys
command = [sys.executable, 'attempt.py']
here = os.environ['LD_PRELOAD'] if 'LD_PRELOAD' in os.environ else ''
twice = [{'LD_PRELOAD': here, b'LD_PRELOAD': b''}, {b'LD_PRELOAD': b'', 'LD_PRELOAD': here}]
for environment in twice:
    assert os.waitpid(os.posix_spawn(command[0], command, environment), 0)[1] == 0
os.execve(command[0], command, twice[0])
", 3);
    }

    fn isolated_interpreters_have_the_hook(python: &Python) {
        assert_all_refused(python, "\
import subprocess, sys
for flags in (['-I'], ['-S'], ['-E'], ['-I', '-S', '-E'], ['-s', '-B', '-X', 'dev', '-W', 'ignore']):
    subprocess.check_call([sys.executable] + flags + ['attempt.py'])
", 5);
    }

    fn forks_have_the_hook(python: &Python) {
        assert_all_refused(python, "\
import os, sys
attempt = compile(open('attempt.py').read(), 'attempt.py', 'exec')
exec(attempt)
for depth in range(4):
    child = os.fork()
    if child:
        os._exit(os.WEXITSTATUS(os.waitpid(child, 0)[1]))
    exec(attempt)
if os.fork() == 0:
    os.setsid()
    exec(attempt)
    os._exit(0)
os.wait()
exec(attempt)
", 7);
    }

    /// What they said last is read when they are gone already, or going.
    fn processes_that_end_at_once_are_heard(python: &Python) {
        let scratch = Scratch::new();
        let code = "\
import os, sys
for number in range(400):
    child = os.fork()
    if child == 0:
        sys.audit('count', number)
        os._exit(0)
    os.waitpid(child, 0)
";
        let outcome = Run::new(&scratch, NOTHING).code(python, code).finish();
        outcome.assert_success();
        let journal = outcome.journal();
        let numbers = journal.of("count").map(|record| record.arg("0").as_u64().expect("a number"));
        assert!(numbers.eq(0..400), "{}", journal.describe());
        assert_eq!(journal.of("process.start").count(), 401);
    }

    fn daemons_have_the_hook(python: &Python) {
        assert_all_refused(python, "\
import os
attempt = compile(open('attempt.py').read(), 'attempt.py', 'exec')
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        exec(attempt)
    os._exit(0)
os.close(writer)
os.read(reader, 1)
", 1);
    }

    fn threads_have_the_hook(python: &Python) {
        assert_all_refused(python, "\
import concurrent.futures, threading
attempt = compile(open('attempt.py').read(), 'attempt.py', 'exec')
lock = threading.Lock()
def work(_):
    try:
        open('secret').close()
        word = 'secret'
    except PermissionError:
        word = 'refused'
    with lock:
        print(word, flush=True)
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    list(pool.map(work, range(200)))
", 200);
    }

    fn multiprocessing_works_and_has_the_hook(python: &Python) {
        assert_all_refused(python, "\
import multiprocessing, sys
def work(number):
    try:
        open('secret').close()
        return 'secret'
    except PermissionError:
        return 'refused'
if __name__ == '__main__':
    for method in ('fork', 'spawn', 'forkserver'):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            for word in pool.map(work, range(5)):
                print(word, flush=True)
            pool.close()
            pool.join()
        queue = context.Queue()
        lock, value = context.Lock(), context.Value('i', 1)
        queue.put(1)
        assert queue.get() == 1
        queue.close()
", 15);
    }

    fn sub_interpreters_have_the_hook(python: &Python) {
        let journal = assert_all_refused(python, "\
import sys, threading, time
try:
    import _interpreters as interpreters
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        interpreters = None
source = open('attempt.py').read()
def work(_=None):
    # 3.12 has an own GIL for each where it is asked for; 3.13 by default.
    made = interpreters.create()
    interpreters.run_string(made, source)
    interpreters.destroy(made)
if interpreters is None:
    for _ in range(6): exec(source)
else:
    work()
    work()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
", 6);
        drop(journal);
    }

    /// Old and new interpreters in one tree: each refuses, each record names its own process.
    fn a_tree_of_mixed_interpreters_is_held_in_every_generation(python: &Python) {
        let scratch = with_secret();
        let program = run::program("generations.py");
        let others = [python::oldest().text(), python::newest().text()];
        let arguments = [program.to_str().expect("a plain path"), "secret", others[0], others[1]];
        let run = |policy| Run::new(&scratch, policy).python(python, &arguments).finish();
        let outcome = run(DENY);
        let lines = |result: &str| {
            let minors = [python.minor, python::oldest().minor, python::newest().minor];
            minors.iter().map(|minor| format!("3.{minor} {result}\n")).collect::<String>()
        };
        assert_eq!(outcome.assert_success().out(), lines("13"), "{}", outcome.describe());
        assert_eq!(run(NOTHING).assert_success().out(), lines("read"), "the control");
        let journal = outcome.journal();
        let starts: Vec<_> = journal.of("process.start").collect();
        assert_eq!(starts.len(), 3, "{}", journal.describe());
        for (start, next) in starts.iter().zip(starts.iter().skip(1)) {
            assert_eq!(next.arg("ppid"), &start.0["pid"], "children name their parents");
            assert_eq!(start.arg("hooked"), true);
        }
        let refusals: Vec<_> = journal.refusals().collect();
        assert_eq!(refusals.len(), 3);
        for (refusal, start) in refusals.iter().zip(&starts) {
            assert_eq!(refusal.pid(), start.pid());
            assert!(refusal.number("seq") > start.number("seq"), "a process starts before it acts");
        }
    }

    fn ctypes_works_and_its_libraries_are_recorded(python: &Python) {
        let scratch = with_secret();
        let code = "\
import ctypes, ctypes.util
libm = ctypes.CDLL('libm.so.6')
libm.cos.restype, libm.cos.argtypes = ctypes.c_double, [ctypes.c_double]
print(libm.cos(0.0), ctypes.CDLL(None).getpid() > 0, ctypes.string_at(b'text'))
";
        let run = Run::new(&scratch, DENY).code(python, code);
        let (hooked, bare) = (run.finish(), run.finish_bare());
        assert_eq!(hooked.assert_success().out(), bare.assert_success().out());
        assert!(hooked.journal().of("ctypes.dlopen").any(|record| record.arg_text("name").contains("libm")), "{}", hooked.journal().describe());
        let denied = Run::new(&scratch, "version = 1\n[[hook]]\nname = \"no-ctypes\"\non = \"ctypes.dlopen\"\ndo = \"deny\"\n").code(python, code).finish();
        denied.assert_code(1).assert_err("hook.no-ctypes");
    }
}

#[test]
fn more_processes_than_the_supervisor_has_descriptors_for_are_heard_to_their_ends() {
    const CHILDREN: u64 = 80;
    let scratch = Scratch::new();
    scratch.write("hooks.toml", NOTHING);
    let code = format!(
        "\
import os, sys
reader, writer = os.pipe()
for number in range({CHILDREN}):
    if os.fork() == 0:
        sys.audit('count', number)
        os.close(writer)
        os.read(reader, 1)
        sys.audit('count', number + {CHILDREN})
        os._exit(number % 7)
os.close(writer)
for _ in range({CHILDREN}): os.wait()
"
    );
    let script =
        "ulimit -n 64; exec \"$0\" run -q -c hooks.toml --journal out.jsonl -- \"$1\" -c \"$2\"";
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(build::audithook())
        .args([python::newest().text(), &code])
        .current_dir(&scratch)
        .env_clear()
        .envs(run::environment(&scratch))
        .status()
        .expect("the command runs");
    assert!(status.success());
    let journal = Journal::read(&scratch.join("out.jsonl"));
    let counted = journal
        .of("count")
        .map(|record| record.arg("0").as_u64().expect("a number"));
    let mut counted: Vec<_> = counted.collect();
    counted.sort_unstable();
    assert!(
        counted.into_iter().eq(0..2 * CHILDREN),
        "{}",
        journal.describe()
    );
    assert_eq!(
        journal.of("process.exit").count() as u64,
        1 + CHILDREN,
        "{}",
        journal.describe()
    );
    assert!(journal.of("bus.lost").next().is_none());
}

/// Executes the rest of its arguments where faccessat2(2) gives EPERM, as in sandboxes that do not know the call. Ends with 99
/// where that cannot be had.
const WITHOUT_THE_CALL: &str = "\
import ctypes, os, struct, sys
FACCESSAT2, EPERM, NO_NEW_PRIVS, SET_SECCOMP = 439, 1, 38, 22
program = b''.join(struct.pack('<HBBI', *line) for line in [
    (0x20, 0, 0, 0), (0x15, 0, 1, FACCESSAT2), (0x06, 0, 0, 0x50000 | EPERM), (0x06, 0, 0, 0x7fff0000)])
held = ctypes.create_string_buffer(program, len(program))
header = ctypes.create_string_buffer(struct.pack('HL', 4, ctypes.addressof(held)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, 2, ctypes.byref(header), 0, 0):
    os._exit(99)
if libc.syscall(FACCESSAT2, -100, b'/', 0, 0) != -1 or ctypes.get_errno() != EPERM:
    os._exit(99)
os.execv(sys.argv[1], sys.argv[1:])
";

#[cfg(target_arch = "x86_64")]
for_each_python! {
    /// What may be executed is looked up by a call that a sandbox around the run may not know.
    fn programs_are_held_and_followed_where_a_sandbox_does_not_know_a_call(python: &Python) {
        let scratch = with_secret();
        let audithook = build::audithook();
        let run = |policy: &str, code: &str| {
            let before = [python::newest().text(), "-c", WITHOUT_THE_CALL].map(std::ffi::OsStr::new);
            let audithook = [audithook.as_os_str()];
            let after = ["run", "-c", "hooks.toml", "--journal", "out.jsonl", "--", python.text(), "-c", code];
            let after = after.map(std::ffi::OsStr::new);
            Run::new(&scratch, policy).command(before.iter().chain(&audithook).chain(&after)).finish_bare()
        };
        let tested = run(NOTHING, "");
        if tested.code() == 99 {
            return skip("sandboxes that do not know a call", "seccomp(2) is not to be had");
        }
        tested.assert_success();
        let starts = "\
import os, subprocess, sys
def attempt(start):
    try:
        start()
    except PermissionError:
        print('refused', flush=True)
command = [sys.executable, 'attempt.py']
attempt(lambda: subprocess.call(command, env={}))
attempt(lambda: os.waitpid(os.posix_spawn('/bin/echo', ['echo', 'ran'], {}), 0))
attempt(lambda: os.execve(os.open('/bin/echo', 0), ['echo', 'ran'], {}))
";
        let held = format!("{DENY}[process]\nexec = [\"{}\"]\n", python.path.display());
        let outcome = run(&held, starts);
        assert_eq!(outcome.assert_success().out(), "refused\nrefused\nrefused\n", "{}", outcome.describe());
        let control = run(NOTHING, starts);
        assert_eq!(control.assert_success().out(), "secret\nran\nran\n", "the control\n{}", control.describe());
    }
}

/// A static program, without the dynamic loader that would load the library. `None`, loudly, without a C compiler.
fn static_program(scratch: &Scratch) -> Option<PathBuf> {
    let source = scratch.write(
        "static.c",
        "#include <stdio.h>\nint main(void) { puts(\"static\"); return 0; }\n",
    );
    let program = scratch.join("static");
    let made = Command::new("cc")
        .arg("-static")
        .arg("-o")
        .arg(&program)
        .arg(source)
        .output();
    match made {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => {
            skip("static programs", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            skip("static programs", format_args!("cc: {error}"));
            None
        }
    }
}

/// Starts what changes ids or is given capabilities by its file: the loader loads nothing into either.
const SECURE: &str = "\
import os, shutil, struct, subprocess, sys
os.chmod('.', 0o755)
def check(what, command, change):
    try:
        subprocess.check_call(command, preexec_fn=change)
        print(what, 'ran', flush=True)
    except OSError:
        print(what, 'refused', flush=True)
here = [sys.executable, '-c', '']
check('as before', here, lambda: None)
check('group', here, lambda: os.setegid(7))
check('user', ['/bin/true'], lambda: os.seteuid(65534))
check('capable', [os.path.abspath('capable')], lambda: os.setuid(65534))
";

for_each_python! {
    fn a_child_that_the_loader_loads_nothing_into_is_recorded_as_uncovered_and_can_be_forbidden(python: &Python) {
        if !rustix::process::geteuid().is_root() {
            return skip("other ids", "only root may change them");
        }
        let scratch = Scratch::new();
        let prepare = "\
import os, shutil, struct
shutil.copy('/bin/true', 'capable')
os.setxattr('capable', 'security.capability', struct.pack('<5I', 0x2000001, 1 << 10, 0, 0, 0))
";
        let prepared = Run::new(&scratch, NOTHING).code(python, prepare).finish_bare();
        if !prepared.status.success() {
            return skip("file capabilities", prepared.describe());
        }
        let recorded = Run::new(&scratch, NOTHING).code(python, SECURE).finish();
        let all = "as before ran\ngroup ran\nuser ran\ncapable ran\n";
        assert_eq!(recorded.assert_success().out(), all, "{}", recorded.describe());
        let journal = recorded.journal();
        let reasons: Vec<_> = journal
            .of("process.uncovered")
            .map(|record| record.arg_text("reason"))
            .collect();
        let ids = "effective user or group is not the real one";
        assert_eq!(reasons, [ids, ids, "file capabilities"], "{}", journal.describe());
        let policy = "version = 1\n[process]\nuncovered = \"deny\"\n";
        let refused = Run::new(&scratch, policy).code(python, SECURE).finish();
        let rest = "as before ran\ngroup refused\nuser refused\ncapable refused\n";
        assert_eq!(refused.assert_success().out(), rest, "{}", refused.describe());
    }
}

#[test]
fn a_static_program_is_recorded_as_uncovered_and_can_be_forbidden() {
    let scratch = Scratch::new();
    let Some(program) = static_program(&scratch) else {
        return;
    };
    let path = scratch.text("static");
    let code = "import subprocess; subprocess.check_call(['./static'])";
    let run = |policy| {
        Run::new(&scratch, policy)
            .code(python::newest(), code)
            .finish()
    };
    let allowed = run(NOTHING);
    assert_eq!(allowed.assert_success().out(), "static\n");
    let journal = allowed.journal();
    let uncovered = journal.find("process.uncovered", &[("path", &path)]);
    let reason = uncovered
        .unwrap_or_else(|| panic!("{}", journal.describe()))
        .arg_text("reason");
    assert!(reason.contains("static"), "{reason}");
    let denied = run("version = 1\n[process]\nuncovered = \"deny\"\n");
    denied.assert_code(1).assert_err("PermissionError");
    denied
        .journal()
        .refusal("process.uncovered", &[("path", &path)])
        .assert_denied("process.uncovered", "hooks.toml:3");
    assert_eq!(denied.out(), "");
    let direct = Run::new(&scratch, NOTHING).command([&program]).finish();
    assert_eq!(direct.assert_success().out(), "static\n");
    let journal = direct.journal();
    assert!(
        journal.of("process.uncovered").next().is_some(),
        "{}",
        journal.describe()
    );
}

#[test]
fn an_interpreter_that_is_too_old_for_audit_hooks_is_recorded_as_uncovered() {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let versions = std::fs::read_dir(home.join(".pyenv/versions"))
        .into_iter()
        .flatten()
        .flatten();
    let old = versions
        .map(|entry| entry.path().join("bin/python"))
        .find(|path| {
            let text = path.to_string_lossy();
            (text.contains("/3.7.") || text.contains("/3.6.") || text.contains("/2.7."))
                && path.exists()
        });
    let Some(old) = old else {
        return skip(
            "interpreters without audit hooks",
            "neither 2.7, 3.6 nor 3.7 is found",
        );
    };
    let scratch = with_secret();
    let outcome = Run::new(&scratch, DENY)
        .command([
            old.as_os_str(),
            "-c".as_ref(),
            "print(open('secret').read().strip())".as_ref(),
        ])
        .finish();
    outcome.assert_success().assert_out("secret\n");
    let journal = outcome.journal();
    let start = journal
        .of("process.start")
        .next()
        .expect("it announces itself");
    assert_eq!(start.arg("hooked"), false);
    assert!(
        journal.of("process.uncovered").next().is_some(),
        "{}",
        journal.describe()
    );
}
