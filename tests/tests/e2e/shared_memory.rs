//! Shared memory by name: files in /dev/shm that CPython opens and removes without an event (shm_overview(7)).

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

for_each_python! {
    fn shared_memory_is_held_to_the_rules_for_files(python: &Python) {
        let scratch = Scratch::new();
        let name = format!("audithook-test-{}-{}", std::process::id(), python.text().replace('/', "-"));
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
