//! Shared memory and semaphores by name: files in /dev/shm that CPython opens and removes without an event (shm_overview(7),
//! sem_overview(7)); and the passwords of users, which libc reads for it.

use audithook_tests::{Python, Run, Scratch, for_each_python};

const CODE: &str = "\
import _posixshmem, os, sys
name = sys.argv[1]
def attempt(what, function):
    try:
        function()
        print(what)
    except PermissionError as error:
        print(what, 'refused', error.errno)
attempt('open', lambda: os.close(_posixshmem.shm_open('/' + name, os.O_CREAT | os.O_RDWR, mode=0o600)))
attempt('unlink', lambda: _posixshmem.shm_unlink('/' + name))
";

const SEMAPHORES: &str = "\
import _multiprocessing, sys
name = '/' + sys.argv[1]
def attempt(what, function):
    try:
        function()
        print(what)
    except PermissionError as error:
        print(what, 'refused', error.errno)
attempt('open', lambda: _multiprocessing.SemLock(1, 1, 1, name, False))
attempt('unlink', lambda: _multiprocessing.sem_unlink(name))
";

/// A name that no other test has.
fn own_name(python: &Python, kind: &str) -> String {
    format!(
        "audithook-{kind}-{}-{}",
        std::process::id(),
        python.text().replace('/', "-")
    )
}

for_each_python! {
    fn semaphores_are_held_to_the_rules_for_files(python: &Python) {
        let scratch = Scratch::new();
        let name = own_name(python, "sem");
        let run = |policy: &str| Run::new(&scratch, policy).python(python, &["-c", SEMAPHORES, &name]);
        assert_eq!(run("version = 1\n").finish_bare().out(), "open\nunlink\n");
        let denied = run("version = 1\n[files]\ndeny = [\"/dev/shm\"]\n").finish();
        denied.assert_success();
        assert_eq!(denied.out(), "open refused 13\nunlink refused 13\n", "{}", denied.describe());
        let path = format!("/dev/shm/sem.{name}");
        for event in ["open", "os.remove"] {
            denied.journal().refusal(event, &[("path", &path)]).assert_denied("files.deny", "hooks.toml:3");
        }
        let allowed = run("version = 1\n[files]\nwrite = [\"/dev/shm\"]\n").finish();
        allowed.assert_success();
        assert_eq!(allowed.out(), "open\nunlink\n", "{}", allowed.describe());
        allowed.journal().assert_no_refusals();
    }

    fn locks_of_multiprocessing_work_under_the_python_preset(python: &Python) {
        let scratch = Scratch::new();
        let policy = "version = 1\nextends = [\"python\"]\n[files]\nwrite = [\"./out/\"]\n";
        let code = "import multiprocessing; multiprocessing.Lock(); print('locked')";
        let outcome = Run::new(&scratch, policy).code(python, code).finish();
        outcome.assert_success();
        assert_eq!(outcome.out(), "locked\n");
        outcome.journal().assert_no_refusals();
    }

    fn what_processes_of_multiprocessing_share_works_under_the_python_preset(python: &Python) {
        let scratch = Scratch::new();
        let policy = "version = 1\nextends = [\"python\"]\n[files]\nwrite = [\"./out/\"]\n";
        let run = Run::new(&scratch, policy).program(python, "workers.py", &[""; 0]);
        let outcome = run.finish();
        assert_eq!(outcome.assert_success().out(), run.finish_bare().assert_success().out(), "{}", outcome.describe());
        outcome.journal().assert_no_refusals();
        let name = own_name(python, "own");
        let own = Run::new(&scratch, policy).python(python, &["-c", CODE, &name]).finish();
        assert_eq!(own.assert_success().out(), "open refused 13\nunlink refused 13\n", "{}", own.describe());
    }

    fn the_passwords_of_users_are_held_to_the_rules_for_files(python: &Python) {
        if python.minor > 12 {
            // `spwd` is gone.
            return;
        }
        let scratch = Scratch::new();
        let code = "
import spwd
for read in lambda: spwd.getspnam('root').sp_namp, lambda: len(spwd.getspall()):
    try:
        print(read())
    except OSError as error:
        print('refused', error.errno)
";
        let run = |policy: &str| Run::new(&scratch, policy).python(python, &["-W", "ignore", "-c", code]);
        let denied = run("version = 1\n[files]\ndeny = [\"/etc/shadow\"]\n").finish();
        denied.assert_success();
        assert_eq!(denied.out(), "refused 13\n0\n", "{}", denied.describe());
        let journal = denied.journal();
        assert_eq!(journal.refusals().count(), 2, "{}", journal.describe());
        for record in journal.refusals() {
            record.assert_denied("files.deny", "hooks.toml:3");
            assert_eq!((record.event(), record.arg_text("path").as_str()), ("open", "/etc/shadow"));
        }
        let free = run("version = 1\n[files]\ndeny = [\"/etc/shadow-\"]\n").finish();
        assert_eq!(free.out(), run("").finish_bare().out(), "{}", free.describe());
        free.journal().assert_no_refusals();
    }

    fn shared_memory_is_held_to_the_rules_for_files(python: &Python) {
        let scratch = Scratch::new();
        let name = own_name(python, "shm");
        let run = |policy: &str| Run::new(&scratch, policy).python(python, &["-c", CODE, &name]).finish();
        let denied = run("version = 1\n[files]\ndeny = [\"/dev/shm\"]\n");
        denied.assert_success();
        assert_eq!(denied.out(), "open refused 13\nunlink refused 13\n", "{}", denied.describe());
        let path = format!("/dev/shm/{name}");
        for event in ["open", "os.remove"] {
            denied.journal().refusal(event, &[("path", &path)]).assert_denied("files.deny", "hooks.toml:3");
        }
        let allowed = run("version = 1\n[files]\nwrite = [\"/dev/shm\"]\n");
        allowed.assert_success();
        assert_eq!(allowed.out(), "open\nunlink\n", "{}", allowed.describe());
        allowed.journal().assert_no_refusals();
    }
}
