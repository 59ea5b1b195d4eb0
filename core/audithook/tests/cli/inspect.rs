//! `audithook plugin inspect`: what a plugin says of itself, and what loading it does to the child that loads it.

use std::path::PathBuf;
use std::process::Command;

use crate::bench::Bench;

/// A library of this C code; `None`, loudly, where there is no compiler.
fn library(bench: &Bench, code: &str) -> Option<PathBuf> {
    let (source, library) = (bench.work().join("it.c"), bench.work().join("libit.so"));
    std::fs::write(&source, code).expect("written");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source);
    match compiler.status() {
        Ok(status) => assert!(status.success(), "{code}"),
        Err(error) => {
            eprintln!("SKIPPED hostile libraries: no C compiler `cc`: {error}");
            return None;
        }
    }
    Some(library)
}

const ENTRY: &str = "const void *audithook_plugin_entry(unsigned major) { return 0; }\n";

#[test]
fn a_plugin_is_shown_with_all_that_it_says_of_itself() {
    let bench = Bench::new().with_plugins();
    let said = bench.run(&["plugin", "inspect", "../plugins/libgate_plugin.so"]);
    let text = said.out.split("  sha256").next().expect("a text");
    insta::assert_snapshot!(text, @"
    gate-plugin 0.1.0 (org.audithook.gate-plugin)
      summary    A tiny gate for the end-to-end tests.
      abi        1.0, hosts from 1.0 on
      made with  audithook-sdk 0.1.0
      license    MIT OR Apache-2.0
      placement  supervisor, target
      hooks      check: gate, on failure deny. Denies what contains a text.
                 around: gate, after, on failure allow. Counts operations that begin and end.
                 seen: observer. Counts events.
                 tell: gate, on failure deny. Raises an event for each event.
      commands   sum [NUMBER…] [--no]: Adds numbers.
                 repeat TEXT [--times <number>] [--fail-after <number>] [--ending <text>]: Says something again.
                 copy: Says what is piped in.
                 numbers [ROWS]: Counts.
      file       [BIN]/deps/libgate_plugin.so
    ");
    let file = "../plugins/libgate_plugin.so";
    let json = bench
        .run(&["plugin", "inspect", "--format", "json", file])
        .json();
    let plugin = &json["plugin"];
    assert_eq!(
        (&plugin["name"], &plugin["abi"]),
        (&"gate-plugin".into(), &"1.0".into())
    );
    assert_eq!(plugin["commands"][1]["params"][0]["required"], true);
    assert_eq!(plugin["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn what_is_no_plugin_is_refused_with_the_reason() {
    let bench = Bench::new();
    bench.write("libtext.so", "no library\n");
    bench.write("libempty.so", "");
    for (file, reason) in [
        ("libtext.so", "not an ELF file"),
        ("libempty.so", "not an ELF file"),
        ("libnone.so", "cannot be read: no such file or directory"),
        (".", "not a regular file"),
    ] {
        let said = bench.run(&["plugin", "inspect", file]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert_eq!(
            said.out.lines().next(),
            Some(&*format!("refused: {file}: {reason}"))
        );
    }
    let Some(library) = library(&bench, "int nothing;\n") else {
        return;
    };
    let said = bench.run(&["plugin", "inspect", library.to_str().expect("text")]);
    assert!(
        said.out.contains("it exports no `audithook_plugin_entry`"),
        "{said:?}"
    );
}

/// What its constructor does happens to a child, and what it prints is no part of the answer.
#[test]
fn what_a_library_does_when_it_is_loaded_harms_nobody() {
    for (what, reason) in [
        (
            "abort();",
            "loading it killed the process: signal: 6 (SIGABRT)",
        ),
        (
            "*(volatile int *)8 = 1;",
            "loading it killed the process: signal: 11 (SIGSEGV)",
        ),
        ("_exit(0);", "loading it ended the process: status 0"),
        (
            "puts(\"{\\\"plugin\\\": 1}\"); fflush(stdout);",
            "it offers nothing for ABI major version 1",
        ),
        (
            "if (fork() == 0) for (;;) pause();",
            "it offers nothing for ABI major version 1",
        ),
    ] {
        let bench = Bench::new();
        let code = format!(
            "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n\
             __attribute__((constructor)) static void begin(void) {{ {what} }}\n{ENTRY}"
        );
        let Some(library) = library(&bench, &code) else {
            return;
        };
        for command in [
            &["plugin", "inspect", library.to_str().expect("text")][..],
            &["plugin", "list"],
        ] {
            let mut command = bench.command(command);
            let output = command
                .env("AUDITHOOK_PLUGIN_PATH", bench.work())
                .output()
                .expect("runs");
            let text = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(1), "{what}: {text}");
            assert!(text.contains(reason), "{what}: {text}");
        }
    }
}
