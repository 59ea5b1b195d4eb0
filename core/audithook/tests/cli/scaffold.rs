//! `audithook plugin new`: what it makes builds, passes its tests and runs as it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::Bench;

/// Runs a tool in a directory; `None`, loudly, where there is no such tool.
fn tool(directory: &Path, name: &str, arguments: &[&str]) -> Option<()> {
    let audithook = env!("CARGO_BIN_EXE_audithook");
    let mut command = Command::new(name);
    command
        .args(arguments)
        .current_dir(directory)
        .env("AUDITHOOK", audithook)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold"),
        );
    match command.output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            assert!(
                output.status.success(),
                "{command:?}: {}",
                String::from_utf8_lossy(&text)
            );
            Some(())
        }
        Err(error) => {
            eprintln!("SKIPPED scaffolds: no `{name}`: {error}");
            None
        }
    }
}

/// It judges, and answers when it is asked.
fn assert_works(bench: &Bench, directory: &str, libraries: &Path, name: &str) {
    let tested = bench.run(&["test", "-c", &format!("{directory}/hooks.toml")]);
    assert!(
        tested.good().ends_with("2 passed, 0 failed\n"),
        "{tested:?}"
    );
    for (port, answer) in [("443", "true\n"), ("8443", "false\n")] {
        let mut command = bench.command(&[name, "allows", port]);
        let output = command
            .env("AUDITHOOK_PLUGIN_PATH", libraries)
            .output()
            .expect("runs");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            answer,
            "{output:?}"
        );
    }
    let mut ports = bench.command(&[name, "ports"]);
    let output = ports
        .env("AUDITHOOK_PLUGIN_PATH", libraries)
        .output()
        .expect("runs");
    let lines: Vec<_> = output.stdout.split(|byte| *byte == b'\n').collect();
    assert_eq!((lines.len(), lines[1023]), (1025, &b"1024"[..]));
}

#[test]
fn a_plugin_in_c_is_built_by_make_passes_its_tests_and_runs() {
    let bench = Bench::new();
    let made = bench.run(&["plugin", "new", "low_ports-2", "--lang", "c"]);
    insta::assert_snapshot!(made.all(), @"
    status: 0
    --- out ---
    made: low_ports-2

      cd low_ports-2
      make test
    ");
    let directory = bench.work().join("low_ports-2");
    if tool(&directory, "make", &["test"]).is_some() {
        assert_works(&bench, "low_ports-2", &directory, "low_ports-2");
    }
}

#[test]
fn a_plugin_in_rust_is_built_by_cargo_passes_its_tests_and_runs() {
    let bench = Bench::new();
    let made = bench.run(&["plugin", "new", "low-ports", "--path", "elsewhere"]);
    insta::assert_snapshot!(made.all(), @"
    status: 0
    --- out ---
    made: elsewhere

      cd elsewhere
      cargo test && cargo build --release
      audithook test -c hooks.toml
    ");
    let directory = bench.work().join("elsewhere");
    // The versions that this project was built with: no network is needed for them.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    std::fs::copy(lock, directory.join("Cargo.lock")).expect("copied");
    for arguments in [
        &["test", "--offline"][..],
        &["build", "--release", "--offline"],
    ] {
        if tool(&directory, env!("CARGO"), arguments).is_none() {
            return;
        }
    }
    let libraries = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scaffold/release");
    let policy = std::fs::read_to_string(directory.join("hooks.toml")).expect("made");
    let library = libraries.join("liblow_ports.so");
    let policy = policy.replace(
        "./target/release/liblow_ports.so",
        library.to_str().expect("text"),
    );
    std::fs::write(directory.join("hooks.toml"), policy).expect("written");
    assert_works(&bench, "elsewhere", &libraries, "low-ports");
}

#[test]
fn what_cannot_be_made_is_refused_and_nothing_is_left() {
    let bench = Bench::new();
    std::fs::create_dir(bench.work().join("there")).expect("made");
    let entries = || std::fs::read_dir(bench.work()).expect("there").count();
    let before = entries();
    for (arguments, reason) in [
        (&["Port"][..], "not a plugin's name: `Port`"),
        (&["run"], "a command of audithook: `run`"),
        (&["help"], "a command of audithook: `help`"),
        (&["match"], "a word of the language: `match`"),
        (&["there"], "it is there already: `there`"),
        (
            &["x", "--path", "none/x"],
            "cannot write: `none/x`: no such file or directory",
        ),
    ] {
        let said = bench.run(&[&["plugin", "new"], arguments].concat());
        assert_eq!(said.status, Some(2), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
        assert_eq!(entries(), before, "{said:?}");
    }
}
