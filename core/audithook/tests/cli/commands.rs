//! `audithook PLUGIN COMMAND …`: help, arguments, answers and files, made from what the plugin says about itself.

use std::fs;

use crate::bench::Bench;

fn bench() -> Bench {
    Bench::new().with_plugins()
}

#[test]
fn help_is_made_from_what_the_plugin_says() {
    let said = bench().run(&["gate-plugin", "repeat", "--help"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    insta::assert_snapshot!(said.all());
}

#[test]
fn a_default_command_needs_no_verb() {
    let bench = bench();
    assert_eq!(bench.run(&["gate-plugin", "1", "-2", "43"]).out, "42\n");
    assert_eq!(bench.run(&["gate-plugin", "sum", "40", "2"]).out, "42\n");
    let no = bench.run(&["gate-plugin", "sum", "-n"]);
    assert_eq!((no.status, &*no.out), (Some(1), "0\n"), "{no:?}");
}

#[test]
fn a_value_that_does_not_fit_is_wrong_usage() {
    let bench = bench();
    for (arguments, said) in [
        (
            &["gate-plugin", "repeat", "x", "--times", "many"][..],
            "invalid value 'many' for '--times <times>': not a whole number from 0 to 18446744073709551615",
        ),
        (
            &["gate-plugin", "repeat", "x", "--ending", "softly"],
            "not one of `error`, `panic`",
        ),
        (
            &["gate-plugin", "repeat"],
            "required arguments were not provided",
        ),
        (&["gate-plugin", "repeat", "x", "--tims", "2"], "--times"),
    ] {
        let wrong = bench.run(arguments);
        assert_eq!(wrong.status, Some(2), "{wrong:?}");
        assert!(wrong.err.contains(said), "{wrong:?}");
        assert_eq!(wrong.out, "", "{wrong:?}");
    }
}

#[test]
fn a_plugin_without_commands_and_a_word_that_is_nothing_are_told_apart() {
    let bench = bench();
    let none = bench.run(&["bucketing", "count"]);
    assert_eq!(none.status, Some(2), "{none:?}");
    assert!(
        none.err.contains("plugin `bucketing` offers no commands"),
        "{none:?}"
    );
    let nothing = bench.run(&["bucketting"]);
    assert_eq!(nothing.status, Some(2), "{nothing:?}");
    assert!(
        nothing.err.contains("unrecognized subcommand 'bucketting'"),
        "{nothing:?}"
    );
}

#[test]
fn bytes_go_to_standard_output_as_they_are() {
    let said = bench().run(&["gate-plugin", "repeat", "ab", "-t", "3"]);
    assert_eq!((said.status, &*said.out), (Some(0), "ababab"), "{said:?}");
}

#[test]
fn a_stream_that_fails_leaves_no_file_and_what_was_there_as_it_was() {
    let bench = bench();
    let old = bench.write("out.txt", "old");
    for ending in ["error", "panic"] {
        for file in ["out.txt", "new.txt"] {
            let failing = [
                "gate-plugin",
                "repeat",
                "ab",
                "--fail-after",
                "1",
                "--ending",
                ending,
                "-o",
                file,
            ];
            let failed = bench.run(&failing);
            assert_eq!(failed.status, Some(2), "{failed:?}");
            assert!(
                failed.err.contains(&format!(
                    "told to {}",
                    if ending == "error" { "fail" } else { ending }
                )),
                "{failed:?}"
            );
        }
    }
    assert_eq!(fs::read_to_string(&old).expect("still there"), "old");
    let left: Vec<_> = fs::read_dir(bench.work())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(!left.iter().any(|name| name == "new.txt"), "{left:?}");
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains("audithook")),
        "{left:?}"
    );

    let good = bench.run(&["gate-plugin", "repeat", "ab", "-o", "out.txt"]);
    assert_eq!((good.status, &*good.out), (Some(0), ""), "{good:?}");
    assert_eq!(fs::read_to_string(&old).expect("there"), "abab");
}

#[test]
fn what_is_piped_in_reaches_a_command_that_reads_it() {
    let input = "line\n".repeat(10_000);
    let said = bench().feed(&["gate-plugin", "copy"], &input);
    assert_eq!(said.status, Some(0), "{}", said.err);
    assert!(
        said.out == input,
        "{} bytes of {}",
        said.out.len(),
        input.len()
    );
}

#[test]
fn a_table_is_lines_of_text_or_of_json_or_an_arrow_stream() {
    let bench = bench();
    assert_eq!(
        bench.run(&["gate-plugin", "numbers"]).out,
        "number\tword\n0\tw0\n1\t\n2\tw2\n"
    );
    assert_eq!(
        bench
            .run(&["gate-plugin", "numbers", "2", "--format", "json"])
            .out,
        "{\"number\":0,\"word\":\"w0\"}\n{\"number\":1}\n"
    );
    let arrow = bench.run(&[
        "gate-plugin",
        "numbers",
        "2500",
        "--format",
        "arrow",
        "-o",
        "n.arrow",
    ]);
    assert_eq!(arrow.status, Some(0), "{arrow:?}");
    let bytes = fs::read(bench.work().join("n.arrow")).expect("written");
    // Encapsulated messages of the IPC format begin with a continuation marker and end with an empty one.
    assert_eq!(bytes[..4], [0xff; 4]);
    assert_eq!(
        bytes[bytes.len() - 8..],
        [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]
    );
    let value = bench.run(&["gate-plugin", "sum", "1", "--format", "arrow"]);
    assert_eq!(value.status, Some(2), "{value:?}");
    assert!(value.err.contains("the answer is no table"), "{value:?}");
}

#[test]
fn a_policy_may_forbid_a_command() {
    let bench = Bench::with_policy(
        r#"version = 1
[plugin.gate-plugin]
placement = "supervisor"
[[hook]]
name = "no-repeating"
on = "command.call"
when = 'args.plugin == "gate-plugin" && args.command == "repeat"'
do = "deny"
reason = "said once is enough"
"#,
    )
    .with_plugins();
    let denied = bench.run(&["gate-plugin", "repeat", "x", "-c", "hooks.toml"]);
    assert_eq!(denied.status, Some(2), "{denied:?}");
    assert_eq!(denied.out, "");
    assert!(
        denied.err.contains(
            "command.call: `gate-plugin repeat` denied by rule `hook.no-repeating` (hooks.toml:4): said once is enough"
        ),
        "{denied:?}"
    );
    let allowed = bench.run(&["gate-plugin", "sum", "1", "-c", "hooks.toml"]);
    assert_eq!(
        (allowed.status, &*allowed.out),
        (Some(0), "1\n"),
        "{allowed:?}"
    );
}

#[test]
fn a_full_disk_and_a_directory_that_is_not_there_are_told() {
    let bench = bench();
    let full = bench.run(&["gate-plugin", "repeat", "x", "-o", "/dev/full"]);
    assert_eq!(full.status, Some(2), "{full:?}");
    assert!(
        full.err
            .contains("cannot write: `/dev/full`: no space left"),
        "{full:?}"
    );
    let missing = bench.run(&["gate-plugin", "repeat", "x", "-o", "no/where"]);
    assert_eq!(missing.status, Some(2), "{missing:?}");
    assert!(
        missing
            .err
            .contains("cannot write: `no/where`: no such file"),
        "{missing:?}"
    );
}
