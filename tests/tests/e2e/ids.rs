//! A run under other ids: of a process whose real and effective ones differ, of a command whose file gives it capabilities, and
//! in a namespace that does not have all users.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use audithook_tests::{Journal, Outcome, Run, Scratch, build, python, skip};

const NOTHING: &str = "version = 1\n";
const COVERED: &str = "version = 1\n[process]\nuncovered = \"deny\"\n";

/// What users and groups are called that a namespace does not have (proc_sys_fs(5)), and where nobody changed that.
const NOBODY: u32 = 65_534;

/// Becomes somebody and executes the rest of its arguments.
const BECOME: &str = "\
import os, sys, warnings
how, nobody = sys.argv[1], 65534
if how == 'nobody':
    os.setgroups([])
    os.setresgid(nobody, nobody, nobody)
    os.setresuid(nobody, nobody, nobody)
elif how == 'another group':
    os.setegid(nobody)
elif how == 'another user':
    os.seteuid(nobody)
os.execvp(sys.argv[2], sys.argv[2:])
";

/// What a run needs where everybody may read it: what was built may lie where only root can go. `None`, loudly, for others than
/// root, who cannot become somebody else.
fn place() -> Option<Scratch> {
    if !rustix::process::geteuid().is_root() {
        skip("other ids", "only root may change them");
        return None;
    }
    let scratch = Scratch::new();
    let set_mode = |name: &str, mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(scratch.join(name), mode).expect("own file");
    };
    set_mode("", 0o755);
    for name in ["audithook", "libaudithook_cpython.so"] {
        let built = build::audithook().with_file_name(name);
        fs::copy(built, scratch.join(name)).expect("copied");
    }
    fs::copy("/bin/true", scratch.join("program")).expect("copied");
    scratch.directory("out");
    set_mode("out", 0o777);
    Some(scratch)
}

/// Runs the program below a policy as somebody, who gets there by `way`.
fn run_as(how: &str, way: &[&str], scratch: &Scratch, policy: &str) -> Outcome {
    let become_somebody = [python::newest().text(), "-c", BECOME, how];
    let audithook = scratch.text("audithook");
    let run = [&audithook, "run", "-c", "hooks.toml"];
    let rest = ["--journal", "out/journal.jsonl", "--", "./program"];
    let command = become_somebody.iter().chain(way).chain(&run).chain(&rest);
    Run::new(scratch, policy)
        .env("XDG_RUNTIME_DIR", scratch.text("runtime"))
        .command(command)
        .finish_bare()
}

#[test]
fn a_command_that_the_loader_loads_nothing_into_is_recorded_as_uncovered_and_can_be_forbidden() {
    let ids = "effective user or group is not the real one";
    for (how, is_capable, reason) in [
        ("nobody", false, None),
        ("nobody", true, Some("file capabilities")),
        ("another group", false, Some(ids)),
        ("another user", false, Some(ids)),
    ] {
        let Some(scratch) = place() else { return };
        if is_capable {
            let value = [0x0200_0001_u32, 1 << 10, 0, 0, 0].map(u32::to_le_bytes);
            let program = scratch.join("program");
            let flags = rustix::fs::XattrFlags::empty();
            let name = "security.capability";
            if let Err(error) = rustix::fs::setxattr(program, name, value.as_flattened(), flags) {
                skip("file capabilities", error);
                continue;
            }
        }
        let recorded = run_as(how, &[], &scratch, NOTHING);
        recorded.assert_success();
        let journal = Journal::read(&scratch.join("out/journal.jsonl"));
        let reasons: Vec<_> = journal
            .of("process.uncovered")
            .map(|record| record.arg_text("reason"))
            .collect();
        let expected: Vec<_> = reason.into_iter().collect();
        assert_eq!(reasons, expected, "{how}: {}", recorded.describe());
        fs::remove_file(scratch.join("out/journal.jsonl")).expect("it is there");
        let forbidden = run_as(how, &[], &scratch, COVERED);
        match reason {
            None => forbidden.assert_success(),
            Some(reason) => forbidden.assert_code(126).assert_err(reason),
        };
    }
}

/// A namespace of users that does not have root: what is root's belongs to nobody there.
#[test]
fn what_belongs_to_users_outside_of_a_namespace_is_as_safe_as_outside() {
    let Some(scratch) = place() else { return };
    chown(scratch.directory("runtime"), Some(NOBODY), Some(NOBODY)).expect("root may");
    let namespace = ["unshare", "--user", "--map-user=1000"];
    let probe = [&namespace[..], &["true", "--"]].concat();
    let possible = run_as("nobody", &probe, &scratch, NOTHING);
    if !possible.status.success() {
        return skip("namespaces of users", possible.describe());
    }
    let inside = run_as("nobody", &namespace, &scratch, NOTHING);
    inside.assert_success();
}

/// The number alone says nothing: outside of such a namespace it is a user like any other.
#[test]
fn what_belongs_to_nobody_is_not_safe_where_there_are_all_users() {
    let Some(scratch) = place() else { return };
    let place_of_run = || {
        let run = Run::new(&scratch, NOTHING)
            .env("XDG_RUNTIME_DIR", scratch.text("runtime"))
            .command(["sh", "-c", "echo $LD_PRELOAD"]);
        run.finish().assert_success().out()
    };
    let runtime = scratch.directory("runtime");
    assert!(place_of_run().starts_with(&scratch.text("runtime")));
    chown(runtime, Some(NOBODY), None).expect("root may");
    let elsewhere = place_of_run();
    assert!(
        elsewhere.starts_with("/tmp/audithook-")
            && !elsewhere.starts_with(&scratch.text("runtime")),
        "{elsewhere}"
    );
}

/// Of what belongs to others than a namespace has, nobody can tell whether it is root's: a record of trust must not be.
#[test]
fn a_record_of_trust_that_nobody_in_the_namespace_owns_is_not_believed() {
    let Some(scratch) = place() else { return };
    let audithook = scratch.text("audithook");
    let run = |command: &[&str]| Run::new(&scratch, NOTHING).command(command).finish_bare();
    let namespace = ["unshare", "--user", "--map-root-user"];
    let possible = run(&[&namespace[..], &["true"]].concat());
    if !possible.status.success() {
        return skip("namespaces of users", possible.describe());
    }
    run(&[&audithook, "trust"]).assert_success();
    let trusting = [&namespace[..], &[&audithook, "run", "--", "true"]].concat();
    run(&trusting).assert_success();
    let records = scratch.join("state/audithook/trust");
    for entry in fs::read_dir(&records).expect("it trusts") {
        let record = entry.expect("readable").path();
        chown(record, Some(1000), None).expect("root may");
        let refused = run(&trusting);
        refused
            .assert_code(125)
            .assert_err("belongs to another user: 65534");
    }
    chown(&records, Some(1000), None).expect("root may");
    run(&trusting).assert_code(125);
}
