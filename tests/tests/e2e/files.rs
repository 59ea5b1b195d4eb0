//! `[files]`: every way to a file, by every name of it, in a program, its child and its grandchild.

use std::process::Command;

use audithook_tests::scratch::listing;
use audithook_tests::{Journal, Outcome, Python, Run, Scratch, for_each_python, python, run};
use serde_json::Value;

/// Refuses what the operations are tried on.
const DENY: &str = "version = 1\n[files]\ndeny = [\"./forbidden\"]\n";

/// The same program under a policy that refuses nothing: the positive control.
const NOTHING: &str = "version = 1\n[files]\ndeny = [\"./elsewhere\"]\n";

/// How many processes deep each operation is tried.
const LEVELS: usize = 3;

/// Who refuses an operation, and so what the program sees.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// The audit hook: the error names event, value and rule.
    Hook,
    /// A function of libc: the error is the bare number.
    Libc,
}
use By::{Hook, Libc};

/// The operations of `programs/operations.py`: the event that its refusal is recorded as, the argument that names the
/// file, and the file below the operation's directory.
const OPERATIONS: &[(&str, &str, &str, &str, By)] = &[
    ("open_read", "open", "path", "/file", Hook),
    ("open_write", "open", "path", "/file", Hook),
    ("open_append", "open", "path", "/file", Hook),
    ("open_update", "open", "path", "/file", Hook),
    ("open_exclusive", "open", "path", "/new", Hook),
    ("open_bytes", "open", "path", "/file", Hook),
    ("open_bytes_subclass", "open", "path", "/file", Hook),
    ("open_str_subclass", "open", "path", "/file", Hook),
    ("open_pathlike", "open", "path", "/file", Hook),
    ("open_pathlike_bytes", "open", "path", "/file", Hook),
    ("open_odd_name", "open", "path", "/odd\n\u{fffd} name", Hook),
    ("open_relative", "open", "path", "/file", Hook),
    ("open_by_opener", "open", "path", "/file", Hook),
    ("os_open_read", "open", "path", "/file", Hook),
    ("os_open_write", "open", "path", "/file", Hook),
    ("os_open_update", "open", "path", "/file", Hook),
    ("os_open_create", "open", "path", "/new", Hook),
    ("os_open_truncate", "open", "path", "/file", Hook),
    ("os_open_unnamed", "open", "path", "", Hook),
    ("os_open_dir_fd", "open", "path", "/file", Libc),
    ("os_open_dir_fd_below", "open", "path", "/file", Libc),
    ("io_open", "open", "path", "/file", Hook),
    ("io_file", "open", "path", "/file", Hook),
    ("io_open_code", "open", "path", "/file", Hook),
    ("codecs_open", "open", "path", "/file", Hook),
    ("pathlib_read", "open", "path", "/file", Hook),
    ("pathlib_write", "open", "path", "/file", Hook),
    ("pathlib_unlink", "os.remove", "path", "/file", Hook),
    ("pathlib_mkdir", "os.mkdir", "path", "/new", Hook),
    ("pathlib_list", "os.listdir|os.scandir", "path", "", Hook),
    ("run_script", "open", "path", "/script.py", Hook),
    ("tempfile_named", "open|tempfile.mkstemp", "path", "", Hook),
    (
        "sqlite3_connect",
        "sqlite3.connect",
        "path",
        "/data.sqlite",
        Hook,
    ),
    (
        "sqlite3_uri",
        "sqlite3.connect",
        "path",
        "/data.sqlite",
        Hook,
    ),
    ("ssl_load_chain", "open", "path", "/certificate.pem", Libc),
    (
        "ssl_load_authorities",
        "open",
        "path",
        "/certificate.pem",
        Libc,
    ),
    ("libc_fopen", "open", "path", "/file", Libc),
    ("libc_fopen64_append", "open", "path", "/file", Libc),
    ("libc_freopen", "open", "path", "/file", Libc),
    ("libc_checked_open", "open", "path", "/file", Libc),
    ("libc_checked_openat", "open", "path", "/file", Libc),
    ("libc_opendir", "os.listdir", "path", "", Libc),
    ("spawn_open", "open", "path", "/file", Libc),
    ("os_listdir", "os.listdir", "path", "", Hook),
    ("os_scandir", "os.scandir", "path", "", Hook),
    ("os_rename_from", "os.rename", "src", "/file", Hook),
    ("os_rename_into", "os.rename", "dst", "/new", Hook),
    ("os_rename_dir_fd", "os.rename", "src", "/file", Hook),
    ("os_replace", "os.rename", "dst", "/file", Hook),
    ("os_remove", "os.remove", "path", "/file", Hook),
    ("os_unlink_dir_fd", "os.remove", "path", "/file", Hook),
    ("os_rmdir", "os.rmdir", "path", "/dir", Hook),
    ("os_mkdir", "os.mkdir", "path", "/new", Hook),
    ("os_mkdir_dir_fd", "os.mkdir", "path", "/new", Hook),
    ("os_makedirs", "os.mkdir", "path", "/new", Hook),
    ("os_symlink", "os.symlink", "path", "/new", Hook),
    ("os_symlink_dir_fd", "os.symlink", "path", "/new", Hook),
    ("os_link_from", "os.link", "src", "/file", Hook),
    ("os_link_into", "os.link", "dst", "/new", Hook),
    ("os_link_from_dir_fd", "os.link", "src", "/file", Hook),
    ("os_truncate", "os.truncate", "path", "/file", Hook),
    ("os_chmod", "os.chmod", "path", "/file", Hook),
    ("os_chmod_dir_fd", "os.chmod", "path", "/file", Hook),
    ("os_chown", "os.chown", "path", "/file", Hook),
    ("os_utime", "os.utime", "path", "/file", Hook),
    ("os_chown_link", "os.chown", "path", "/out", Libc),
    ("os_utime_link", "os.utime", "path", "/out", Libc),
    ("os_utime_link_dir_fd", "os.utime", "path", "/out", Libc),
    ("os_setxattr", "os.setxattr", "path", "/file", Hook),
    ("os_getxattr", "os.getxattr", "path", "/file", Hook),
    ("os_listxattr", "os.listxattr", "path", "/file", Hook),
    ("os_mkfifo", "os.mkfifo", "path", "/new", Libc),
    ("os_mknod", "os.mknod", "path", "/new", Libc),
    ("shutil_copy_from", "open", "path", "/file", Hook),
    ("shutil_copy_into", "open", "path", "/new", Hook),
    (
        "shutil_copytree",
        "os.scandir|os.listdir",
        "path",
        "/tree",
        Hook,
    ),
    ("shutil_move_from", "os.rename", "src", "/file", Hook),
    ("shutil_move_into", "os.rename", "dst", "/new", Hook),
    (
        "shutil_rmtree",
        "os.scandir|os.listdir|open",
        "path",
        "/tree",
        Hook,
    ),
    ("through_dot_dot", "open", "path", "/file", Hook),
    ("through_dot_dot_before", "open", "path", "/file", Hook),
    ("through_slashes", "open", "path", "/file", Hook),
    ("through_proc_root", "open", "path", "/file", Hook),
    ("through_proc_root_of_thread", "open", "path", "/file", Hook),
    ("through_proc_pid_root", "open", "path", "/file", Hook),
    ("through_proc_cwd", "open", "path", "/file", Hook),
    ("through_proc_fd", "open", "path", "/file", Hook),
    ("through_dev_fd", "open", "path", "/file", Hook),
    ("through_fchdir", "open", "path", "/file", Hook),
    ("through_symlink_to_file", "open", "path", "/file", Hook),
    (
        "through_symlink_to_directory",
        "open",
        "path",
        "/file",
        Hook,
    ),
    ("through_symlink_to_symlink", "open", "path", "/file", Hook),
    ("through_relative_symlink", "open", "path", "/file", Hook),
    ("through_own_symlink", "open", "path", "/file", Hook),
    ("through_dangling_symlink", "open", "path", "/new", Hook),
    ("through_remove", "os.remove", "path", "/file", Hook),
    ("through_truncate", "os.truncate", "path", "/file", Hook),
    ("through_chmod", "os.chmod", "path", "/file", Libc),
    ("through_chown", "os.chown", "path", "/file", Libc),
    ("through_utime", "os.utime", "path", "/file", Libc),
    ("through_listxattr", "os.listxattr", "path", "/file", Libc),
    ("through_link", "os.link", "src", "/file", Libc),
    ("through_rename", "os.rename", "src", "/file", Hook),
    (
        "through_sqlite3",
        "sqlite3.connect",
        "path",
        "/data.sqlite",
        Hook,
    ),
];

for_each_python! {
    /// Done-when 2, files: refused in three generations, each with its record, and nothing changed.
    fn every_operation_on_a_denied_file_is_refused_and_on_another_is_not(python: &Python) {
        let scratch = prepare(python);
        let before = listing(&scratch.join("forbidden"));
        let outcome = try_operations(&scratch, python, DENY);
        let journal = outcome.journal();
        let mut faults = Vec::new();
        for_each_result(&outcome, |level, operation, allowed, forbidden| {
            if allowed != "ok" {
                faults.push(format!("level {level} {operation}, allowed: {allowed}"));
            }
            if let Err(fault) = check_refusal(&scratch, &journal, level, operation, forbidden) {
                faults.push(format!("level {level} {operation}: {fault}"));
            }
        });
        assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), outcome.err());
        assert!(before == listing(&scratch.join("forbidden")), "something forbidden changed");
        for record in journal.refusals() {
            record.assert_denied("files.deny", "hooks.toml:3");
        }
    }

    /// Its control: without the entry, each of these operations does what it says.
    fn the_same_operations_succeed_without_the_denial(python: &Python) {
        let scratch = prepare(python);
        let before = listing(&scratch.join("forbidden"));
        let outcome = try_operations(&scratch, python, NOTHING);
        for_each_result(&outcome, |level, operation, allowed, forbidden| {
            assert_eq!(allowed, "ok", "level {level} {operation}, allowed");
            assert_eq!(forbidden, "ok", "level {level} {operation}, forbidden");
        });
        assert!(before != listing(&scratch.join("forbidden")), "the operations change nothing");
        outcome.journal().assert_no_refusals();
    }
}

/// Makes what the operations need, without audithook.
fn prepare(python: &Python) -> Scratch {
    let scratch = Scratch::new();
    scratch.directory("spare");
    for kind in ["allowed", "forbidden"] {
        let links = scratch.directory(&format!("links/{kind}"));
        let status = python
            .command()
            .arg(run::program("operations.py"))
            .arg("prepare")
            .args([scratch.join(kind), links])
            .status();
        assert!(status.expect("the interpreter runs").success());
    }
    scratch
}

fn try_operations(scratch: &Scratch, python: &Python, policy: &str) -> Outcome {
    let places = ["allowed", "forbidden", "spare", "links"].map(|name| scratch.text(name));
    let [allowed, forbidden, spare, links] = &places;
    let level = (LEVELS - 1).to_string();
    let arguments = ["try", allowed, forbidden, spare, links, &level];
    let outcome = Run::new(scratch, policy)
        .program(python, "operations.py", &arguments)
        .finish();
    outcome.assert_success();
    outcome
}

/// Calls `check` with level, operation and both results, and fails if the program and the table do not agree on what
/// operations there are.
fn for_each_result(outcome: &Outcome, mut check: impl FnMut(usize, &str, &Value, &Value)) {
    let results = outcome.json();
    for level in 0..LEVELS {
        let results = results[level.to_string()]
            .as_object()
            .expect("every level reports");
        for (operation, ..) in OPERATIONS {
            assert!(results.contains_key(*operation), "not tried: {operation}");
        }
        assert_eq!(
            results.len(),
            OPERATIONS.len(),
            "an operation is missing in the table"
        );
        for (operation, result) in results {
            check(level, operation, &result["allowed"], &result["forbidden"]);
        }
    }
}

fn check_refusal(
    scratch: &Scratch,
    journal: &Journal,
    level: usize,
    operation: &str,
    result: &Value,
) -> Result<(), String> {
    let (_, events, argument, file, by) = OPERATIONS
        .iter()
        .find(|(name, ..)| *name == operation)
        .expect("all operations are in the table");
    if result == "ok" {
        return Err("not refused".into());
    }
    if result["type"] != "PermissionError" || result["errno"] != 13 {
        return Err(format!("another error: {result}"));
    }
    let path = format!(
        "{}{file}",
        scratch.text(&format!("forbidden/{level}/{operation}"))
    );
    let is_below = operation == "tempfile_named";
    let recorded = journal.refusals().any(|record| {
        let named = record.arg_text(argument);
        events.split('|').any(|event| event == record.event())
            && (named == path || is_below && named.starts_with(&path))
    });
    if !recorded {
        return Err(format!(
            "no record of `{events}` with {argument}={path:?}; the program saw: {result}"
        ));
    }
    let text = result["text"].as_str().unwrap_or_default();
    if *by == Hook && !text.contains("denied by rule `files.deny` (hooks.toml:3)") {
        return Err(format!("the error does not name the rule: {text}"));
    }
    Ok(())
}

/// A run of a short program in a directory that has `secret` (denied by `deny = ["./secret"]`) and `open.txt`.
fn with_secret(python: &Python, policy: &str, code: &str) -> (Scratch, Outcome) {
    let scratch = Scratch::new();
    scratch.write("secret/key", "secret\n");
    scratch.write("open.txt", "open\n");
    let outcome = Run::new(&scratch, policy).code(python, code).finish();
    (scratch, outcome)
}

for_each_python! {
    /// policy.md, *Meaning* 1: a present list is all that is allowed, and `write` does not imply `read`.
    fn a_write_list_is_all_that_may_be_changed(python: &Python) {
        let policy = "version = 1\n[files]\nwrite = [\"./out/\"]\ntmp = \"shared\"\n";
        let code = "\
import os
open('out/new', 'w').close()
print(open('open.txt').read().strip())
for attempt in (lambda: open('open.txt', 'a'), lambda: os.mkdir('new'), lambda: os.rename('out/new', 'moved')):
    try:
        attempt()
    except PermissionError as error:
        print(error)
";
        let (scratch, outcome) = with_secret(python, policy, code);
        outcome.assert_success().assert_out("open\n");
        assert_eq!(outcome.out().matches("denied by rule `files.write` (hooks.toml:3)").count(), 3, "{}", outcome.out());
        let journal = outcome.journal();
        for (event, argument, path) in [("open", "path", "open.txt"), ("os.mkdir", "path", "new"), ("os.rename", "dst", "moved")] {
            let path = scratch.text(path);
            journal.refusal(event, &[(argument, &path)]).assert_denied("files.write", "hooks.toml:3");
        }
        assert_eq!(journal.refusals().count(), 3);
    }

    /// A read list with the preset: the interpreter starts and imports, the program reads what it may and nothing else.
    fn a_read_list_with_the_python_preset_is_all_that_may_be_read(python: &Python) {
        let policy = "version = 1\nextends = [\"python\"]\n[files]\nread = [\"./data\"]\n";
        let scratch = Scratch::new();
        scratch.write("data/numbers", "1 2 3\n");
        scratch.write("private", "mine\n");
        let code = "\
import json, decimal, sqlite3, ssl, ctypes, asyncio, unittest, xml.dom.minidom, concurrent.futures, email.mime.text
print(open('data/numbers').read().strip())
try:
    open('private')
except PermissionError as error:
    print(error)
";
        let run = Run::new(&scratch, policy).code(python, code);
        let outcome = run.finish();
        outcome.assert_success().assert_out("1 2 3\n").assert_out("denied by rule `files.read` (hooks.toml:4)");
        let journal = outcome.journal();
        journal.refusal("open", &[("path", &scratch.text("private"))]).assert_denied("files.read", "hooks.toml:4");
        let bare = run.finish_bare();
        assert_eq!(bare.out(), "1 2 3\n", "the control reads both");
    }

    /// What is done to a symlink itself is not done to the file that it names, and is judged by where the link stands.
    fn a_symlink_to_a_denied_file_may_be_copied_and_changed_itself(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("secret/key", "secret\n");
        scratch.write("tree/file", "file\n");
        std::os::unix::fs::symlink("../secret/key", scratch.join("tree/way")).expect("a symlink");
        let code = "\
import os, shutil
shutil.copytree('tree', 'copy', symlinks=True)
os.utime('tree/way', (1, 1), follow_symlinks=False)
os.lchown('tree/way', os.getuid(), os.getgid())
os.link('tree/way', 'tree/second-way')
os.listxattr('tree/way', follow_symlinks=False)
shutil.copyfile('tree/way', 'third-way', follow_symlinks=False)
print(os.readlink('copy/way'), os.readlink('tree/second-way'), int(os.lstat('tree/way').st_mtime))
for attempt in (lambda: os.utime('tree/way', (1, 1)), lambda: os.chmod('tree/way', 0o600), lambda: open('tree/second-way')):
    try:
        attempt()
    except PermissionError:
        print('refused')
";
        let outcome = Run::new(&scratch, "version = 1\n[files]\ndeny = [\"./secret\"]\n").code(python, code).finish();
        outcome.assert_success();
        assert_eq!(outcome.out(), "../secret/key ../secret/key 1\nrefused\nrefused\nrefused\n", "{}", outcome.describe());
        let journal = outcome.journal();
        for event in ["os.utime", "os.chmod"] {
            journal.refusal(event, &[("path", &scratch.text("secret/key"))]).assert_denied("files.deny", "hooks.toml:3");
        }
        assert_eq!(journal.refusals().count(), 3);
    }

    /// What the kernel refuses by itself fails as it would without audithook, and is no refusal.
    fn what_fails_by_itself_fails_as_it_would(python: &Python) {
        let code = "\
import errno, os, shutil
def attempt(what):
    try:
        print(what())
    except OSError as error:
        print(errno.errorcode[error.errno])
os.symlink('loop', 'loop')
os.makedirs('tree/gone')
os.symlink('self', 'tree/self')
attempt(lambda: open('loop'))
attempt(lambda: open('/x' * 3000))
attempt(lambda: os.open('x', os.O_RDONLY, dir_fd=9999))
attempt(lambda: os.rename('', 'x'))
attempt(lambda: os.remove('open.txt/x'))
attempt(lambda: os.utime('loop', (1, 1), follow_symlinks=False))
attempt(lambda: os.path.basename(shutil.copytree('tree', 'copy', symlinks=True)))
here = os.getcwd()
os.chdir('tree/gone')
os.rmdir(here + '/tree/gone')
attempt(lambda: os.listdir('.'))
attempt(lambda: open('x'))
attempt(lambda: os.mkdir('x'))
os.chdir(here)
";
        let (_scratch, outcome) = with_secret(python, "version = 1\nextends = [\"base\"]\n", code);
        outcome.assert_success();
        let (_other, bare) = with_secret(python, NOTHING, code);
        assert_eq!(outcome.out(), bare.assert_success().out(), "{}", outcome.describe());
        assert!(outcome.out().starts_with("ELOOP\nENAMETOOLONG\nEBADF\nENOENT\nENOTDIR\nNone\ncopy\n[]\nENOENT\nENOENT\n"), "{}", outcome.describe());
        outcome.journal().assert_no_refusals();
    }

    /// A hard link is another name of the same file.
    fn a_denied_file_is_denied_by_its_other_names(python: &Python) {
        let scratch = Scratch::new();
        let secret = scratch.write("secret.txt", "secret\n");
        std::fs::hard_link(&secret, scratch.join("other.txt")).expect("one file system");
        scratch.write("open.txt", "open\n");
        let code = "\
import os
print(open('open.txt').read().strip())
for attempt in (lambda: open('other.txt').read(), lambda: os.open('other.txt', os.O_RDONLY), lambda: os.truncate('other.txt', 0)):
    try:
        print(attempt())
    except PermissionError as error:
        print('refused', error)
";
        let run = |policy| Run::new(&scratch, policy).code(python, code).finish();
        let outcome = run("version = 1\n[files]\ndeny = [\"./secret.txt\"]\n");
        outcome.assert_success().assert_out("open\n");
        assert_eq!(outcome.out().matches("refused").count(), 3, "{}", outcome.describe());
        for record in outcome.journal().refusals() {
            record.assert_denied("files.deny", "hooks.toml:3");
        }
        let control = run(NOTHING);
        control.assert_success().assert_out("secret\n");
        assert!(!control.out().contains("refused"), "{}", control.describe());
    }

    /// policy.md, *Meaning* 5: renaming or linking an ancestor of a denied path would give it another name.
    fn an_ancestor_of_a_denied_path_keeps_its_name(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("outer/inner/secret", "secret\n");
        scratch.write("plain/file", "plain\n");
        let code = "\
import os, shutil
os.rename('plain', 'renamed')
for attempt in (lambda: os.rename('outer', 'moved'), lambda: os.rename('outer/inner', 'moved'), lambda: shutil.rmtree('outer')):
    try:
        attempt()
    except PermissionError as error:
        print('refused', error)
";
        let outcome = Run::new(&scratch, "version = 1\n[files]\ndeny = [\"./outer/inner/secret\"]\n").code(python, code).finish();
        outcome.assert_success();
        assert_eq!(outcome.out().matches("refused").count(), 3, "{}", outcome.describe());
        assert!(scratch.join("outer/inner/secret").exists() && scratch.join("renamed/file").exists());
        let journal = outcome.journal();
        for source in ["outer", "outer/inner"] {
            journal.refusal("os.rename", &[("src", &scratch.text(source))]).assert_denied("files.deny", "hooks.toml:3");
        }
        let control = Run::new(&scratch, NOTHING).code(python, "import os; os.rename('outer', 'moved')").finish();
        control.assert_success();
    }

    /// What stands before the first star of a denied glob is such an ancestor; what a star stands for is not.
    fn the_directory_that_a_denied_glob_lies_in_keeps_its_name(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("outer/keys/a.pem", "secret\n");
        scratch.write("deep/some/x.key", "secret\n");
        scratch.write("plain/file", "plain\n");
        let code = "\
import os
os.rename('plain', 'renamed')
os.rename('renamed/file', 'renamed/other')
os.rename('deep/some', 'deep/another')
for source in 'outer/keys', 'outer', 'deep':
    for attempt in lambda: os.rename(source, 'moved'), lambda: os.rename('renamed', source), lambda: os.rmdir(source):
        try:
            attempt()
        except PermissionError as error:
            print('refused', error)
";
        let policy = "version = 1\n[files]\ndeny = [\"./outer/keys/*.pem\", \"./deep/**/x.key\"]\n";
        let outcome = Run::new(&scratch, policy).code(python, code).finish();
        outcome.assert_success();
        assert_eq!(outcome.out().matches("files.deny").count(), 9, "{}", outcome.describe());
        assert!(scratch.join("outer/keys/a.pem").exists() && scratch.join("deep/another/x.key").exists());
        let journal = outcome.journal();
        for source in ["outer", "outer/keys", "deep"] {
            journal.refusal("os.rename", &[("src", &scratch.text(source))]).assert_denied("files.deny", "hooks.toml:3");
        }
    }
}

#[test]
fn a_denied_glob_covers_files_that_do_not_exist_yet_and_an_exception_is_taken_out() {
    let scratch = Scratch::new();
    scratch.write("keys/a.pem", "key\n");
    scratch.write("certifi/cacert.pem", "public\n");
    let policy =
        "version = 1\n[files]\ndeny = [\"**/*.pem\", \"!**/certifi/cacert.pem\", \"**/.env\"]\n";
    let code = "\
print(open('certifi/cacert.pem').read().strip())
for name in 'keys/a.pem', 'new.pem', 'deep/.env', '.env':
    try:
        open(name, 'a')
    except OSError as error:
        print(name, error.errno)
";
    scratch.directory("deep");
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), code)
        .finish();
    outcome.assert_success();
    assert_eq!(
        outcome.out(),
        "public\nkeys/a.pem 13\nnew.pem 13\ndeep/.env 13\n.env 13\n",
        "{}",
        outcome.describe()
    );
    let control = Run::new(&scratch, NOTHING)
        .code(python::newest(), code)
        .finish();
    assert_eq!(control.assert_success().out(), "public\n");
}

#[test]
fn a_hint_never_teaches_the_line_that_would_open_a_denied_place() {
    let (_scratch, outcome) = with_secret(
        python::newest(),
        "version = 1\n[files]\ndeny = [\"./secret\"]\n",
        "open('secret/key')",
    );
    outcome
        .assert_code(1)
        .assert_err("PermissionError: [Errno 13] open: `");
    outcome
        .assert_err("denied by rule `files.deny` (hooks.toml:3)")
        .assert_err("`./secret`");
    assert!(!outcome.err().contains("to allow"), "{}", outcome.err());
}

#[test]
fn the_footer_after_a_refusal_names_the_line_that_would_allow_it() {
    let policy = "version = 1\n[files]\nwrite = [\"./out/\"]\n";
    let (scratch, outcome) = with_secret(python::newest(), policy, "open('new.txt', 'w')");
    outcome
        .assert_code(1)
        .assert_err("denied by rule `files.write` (hooks.toml:3)");
    let footer = outcome
        .err()
        .rsplit_once("PermissionError")
        .map(|(_, footer)| footer.to_owned());
    let footer = footer.expect("the traceback comes first");
    assert!(
        footer.contains("files.write") && footer.contains("hooks.toml:3"),
        "{footer}"
    );
    assert!(
        footer.contains("new.txt") || footer.contains(&scratch.text("new.txt")),
        "{footer}"
    );
}

#[test]
fn the_policy_the_journal_and_the_run_directory_are_out_of_reach() {
    let scratch = Scratch::new();
    let code = "\
import os
run = os.path.dirname(os.environ['LD_PRELOAD'])
for path in ('hooks.toml', 'journal-1.jsonl', run + '/policy', run + '/new'):
    for attempt in (lambda: open(path, 'a'), lambda: os.remove(path), lambda: os.rename(path, 'other')):
        try:
            attempt()
            print('done to', path)
        except OSError as error:
            assert error.errno in (2, 13), error
import socket
for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
    for name in (run + '/socket', '\\0' + run + '/socket', b'\\0' + run.encode() + b'/socket'):
        try:
            socket.socket(socket.AF_UNIX, kind).connect(name)
            print('connected to', name)
        except PermissionError as error:
            assert 'audithook.self' in str(error), error
";
    let outcome = Run::new(&scratch, NOTHING)
        .code(python::newest(), code)
        .finish();
    outcome.assert_success();
    assert_eq!(outcome.out(), "", "{}", outcome.describe());
    let refused: Vec<_> = outcome
        .journal()
        .refusals()
        .map(|record| record.rules().join(" "))
        .collect();
    assert!(
        refused.len() >= 15
            && refused
                .iter()
                .all(|rules| rules.starts_with("audithook.self")),
        "{refused:?}"
    );
}

#[test]
fn a_program_that_is_not_python_writes_what_it_likes_until_the_kernel_layers_exist() {
    let (scratch, outcome) = with_secret(
        python::newest(),
        "version = 1\n[files]\ndeny = [\"./secret\"]\n",
        "import subprocess; subprocess.run(['cat', 'secret/key'], check=True)",
    );
    outcome
        .assert_success()
        .assert_out("secret\n")
        .assert_err("not a sandbox yet");
    let journal = outcome.journal();
    let uncovered = journal
        .of("process.start")
        .find(|record| record.arg_text("exe").ends_with("/cat"));
    assert_eq!(
        uncovered.expect("cat announces itself").arg("hooked"),
        false
    );
    let direct = Command::new("cat")
        .arg(scratch.join("secret/key"))
        .output()
        .expect("cat runs");
    assert_eq!(direct.stdout, b"secret\n");
}
