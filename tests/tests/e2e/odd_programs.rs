//! Programs that are named in odd ways: by a descriptor, without a name, from a directory that is gone, by objects that
//! only the program's code can read.

use audithook_tests::{Outcome, Python, Run, Scratch, for_each_python};

const DENY: &str = "version = 1\n[files]\ndeny = [\"./secret\"]\n";

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("secret", "secret\n");
    scratch.directory("gone");
    scratch
}

fn run(scratch: &Scratch, python: &Python, policy: &str, code: &str) -> Outcome {
    Run::new(scratch, policy)
        .python(python, &["-W", "ignore", "-u", "-c", code])
        .finish()
}

/// Starts an interpreter in ways in which its path is not known, with an environment that does not have the library.
const NAMELESS: &str = "\
import os, subprocess, sys
from multiprocessing import util
ATTEMPT = '''
try:
    print(open(%r).read().strip(), flush=True)
except PermissionError:
    print('refused', flush=True)
''' % os.path.abspath('secret')
ENVIRONMENT = {'PYTHONHOME': sys.base_prefix, 'LD_LIBRARY_PATH': sys.base_prefix + '/lib'}
program = os.path.realpath(sys.executable)
ARGUMENTS = [sys.executable, '-S', '-c', ATTEMPT]
copy = os.memfd_create('copy')
with open(program, 'rb') as file:
    os.sendfile(copy, file.fileno(), 0, os.fstat(file.fileno()).st_size)
os.set_inheritable(copy, True)
by_number = os.open(program, os.O_RDONLY)
def forked(function):
    child = os.fork()
    if child == 0:
        try:
            function()
        except PermissionError:
            print('not run', flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
def spawned(path):
    try:
        os.waitpid(os.posix_spawn(path, ARGUMENTS, ENVIRONMENT), 0)
    except PermissionError:
        print('not run', flush=True)
forked(lambda: os.execve(copy, ['/usr/bin/true'] + ARGUMENTS[1:], ENVIRONMENT))
forked(lambda: os.execve('/proc/self/fd/%d' % copy, ARGUMENTS, ENVIRONMENT))
spawned('/proc/self/fd/%d' % copy)
forked(lambda: os.execve(by_number, ['true'] + ARGUMENTS[1:], ENVIRONMENT))
os.chdir('gone')
os.rmdir('../gone')
up = '../' * 40 + program[1:]
forked(lambda: os.execve(up, ARGUMENTS, ENVIRONMENT))
spawned(up)
";

for_each_python! {
    fn a_program_whose_path_is_not_known_is_held_like_any_other(python: &Python) {
        let scratch = scratch();
        let outcome = run(&scratch, python, DENY, NAMELESS);
        // From a directory that is gone nothing is known of the program: it might be what is denied.
        let expected = "refused\n".repeat(4) + &"not run\n".repeat(2);
        assert_eq!(outcome.assert_success().out(), expected, "{}", outcome.describe());
    }

    fn a_program_whose_path_is_not_known_does_not_run_where_programs_are_listed(python: &Python) {
        let scratch = scratch();
        let policy = format!("{DENY}[process]\nexec = [\"/usr/bin/true\", \"@python\"]\n");
        let outcome = run(&scratch, python, &policy, NAMELESS);
        outcome.assert_success();
        // The interpreter by its descriptor has a path, and is listed.
        let expected = "not run\n".repeat(3) + "refused\n" + &"not run\n".repeat(2);
        assert_eq!(outcome.out(), expected, "{}", outcome.describe());
        let journal = outcome.journal();
        for record in journal.refusals().filter(|record| record.event() == "os.exec") {
            let rules = record.rules();
            assert!(rules.iter().any(|rule| rule.contains("process.exec")), "{rules:?}");
        }
    }

    /// `subprocess` takes path-like objects, whose text only the program's code gives.
    fn programs_and_directories_may_be_path_like(python: &Python) {
        let scratch = scratch();
        scratch.write_program("bin/tool", "#!/bin/sh\necho tool\n");
        scratch.write_program("bin/other", "#!/bin/sh\necho other\n");
        let code = "\
import subprocess
from pathlib import Path
def attempt(command, **how):
    try:
        subprocess.run(command, check=True, **how)
    except PermissionError:
        print('refused', flush=True)
attempt([Path('/usr/bin/true')])
attempt(Path('bin/tool'))
attempt([Path('bin/tool'), 'x'])
attempt(['./tool'], cwd=Path('bin'))
attempt(['tool'], executable=Path('bin/tool'))
attempt([Path('bin/other')])
attempt(['./other'], cwd=Path('bin'))
";
        let base = "version = 1\nextends = [\"base\"]\n";
        let outcome = run(&scratch, python, base, code);
        assert_eq!(outcome.assert_success().out(), "tool\ntool\ntool\ntool\nother\nother\n", "{}", outcome.describe());
        outcome.journal().assert_no_refusals();
        let policy = format!("{base}[process]\nexec = [\"/bin/sh\", \"/usr/bin/true\", \"./bin/tool\"]\n");
        let outcome = run(&scratch, python, &policy, code);
        assert_eq!(outcome.assert_success().out(), "tool\ntool\ntool\ntool\nrefused\nrefused\n", "{}", outcome.describe());
    }

    /// What is not there is not refused: the search for a program goes on, and fails as it would.
    fn what_does_not_exist_is_not_refused(python: &Python) {
        let scratch = scratch();
        let code = "\
import os
os.environ['PATH'] = '/nowhere:/usr/local/games:/usr/bin'
for program in '/nowhere/true', 'no-such-program':
    try:
        os.execvp(program, ['x'])
    except FileNotFoundError:
        print('not found', flush=True)
os.execvp('true', ['true'])
";
        let outcome = run(&scratch, python, "version = 1\n[process]\nexec = [\"/usr/bin/true\"]\n", code);
        assert_eq!(outcome.assert_success().out(), "not found\nnot found\n", "{}", outcome.describe());
        outcome.journal().assert_no_refusals();
    }

    /// An event lets the program through that it names, with the arguments that it names.
    fn a_judged_start_lets_no_other_arguments_through(python: &Python) {
        let scratch = scratch();
        let code = "\
import os, sys
from multiprocessing import util
sys.audit('subprocess.Popen', '/bin/cat', ['cat'], None, None)
try:
    child = util.spawnv_passfds(b'/bin/cat', [b'cat', b'secret'], [])
    os.waitpid(child, 0)
except OSError:
    print('refused')
";
        let policy = "version = 1\n[[hook]]\nname = \"no-secrets\"\non = [\"subprocess.Popen\", \"os.exec\", \"_posixsubprocess.fork_exec\"]\nwhen = { args = \"*secret*\" }\ndo = \"deny\"\n";
        let outcome = run(&scratch, python, policy, code);
        outcome.assert_success();
        assert!(!outcome.out().contains("secret"), "{}", outcome.describe());
    }
}
