//! How `audithook run` refuses to start.

use crate::bench::Bench;

#[test]
fn no_policy_is_a_fault_with_a_hint() {
    insta::assert_snapshot!(Bench::new().run(&["run", "--", "true"]).all(), @"
    status: 125
    --- err ---
    audithook: there is no policy: no `-c`, no `hooks.toml` here, and no flags that make one

    hint: `audithook init` writes one to start from; `audithook run --observe` refuses nothing and only records
    ");
}

#[test]
fn a_broken_policy_is_a_fault() {
    let bench = Bench::with_policy("version = 1\nraed = 1\n");
    insta::assert_snapshot!(bench.run(&["run", "-c", "hooks.toml", "--", "true"]).all(), @"
    status: 125
    --- err ---
    hooks.toml:2:1: error: unknown key: `raed`
      |
    2 | raed = 1
      | ^^^^

    hint: one of `default`, `degrade`, `env`, `extends`, `files`, `hook`, `journal`, `limits`, `lock`, `mode`, `network`, `plugin`, `process`, `require`, `test`, `version`
    ");
    let said = bench.feed(&["run", "-c", "-", "--", "true"], "version = 3\n");
    assert_eq!(said.status, Some(125), "{said:?}");
    assert!(said.err.contains("standard input:1:11"), "{said:?}");
}

#[test]
fn hard_rules_are_not_replaced_by_soft_ones() {
    let bench =
        Bench::with_policy("version = 1\nrequire = \"hard\"\n[files]\nread = [\"./data\"]\n");
    insta::assert_snapshot!(bench.run(&["run", "-c", "hooks.toml", "--", "true"]).all(), @r#"
    status: 125
    --- err ---
    audithook: `require = "hard"`, and 2 of the policy's rules would not be held against hostile code: `files.read`, `audithook.self`

    hint: `audithook plan` shows what holds each rule; `require = "any"` starts with what there is
    "#);
}

/// A slip is no program.
#[test]
fn a_flag_that_is_not_one_is_not_taken_for_the_program() {
    let bench = Bench::new();
    let said = bench.run(&["run", "--raed", ".", "--", "true"]);
    assert_eq!(said.status, Some(125), "{said:?}");
    assert!(
        said.err.contains("unexpected argument '--raed'"),
        "{said:?}"
    );
    assert!(said.err.contains("'--read'"), "{said:?}");
    let said = bench.run(&[
        "run",
        "-q",
        "--observe",
        "printf",
        "%s,",
        "-c",
        "--read",
        "--",
        "x",
    ]);
    assert_eq!(
        said.good(),
        "-c,--read,--,x,",
        "the program's own are its own"
    );
}

/// The hook holds nothing: who runs under it must see that, and who asks for strictness must be stopped.
#[test]
fn a_misspelt_event_is_told_at_the_start_and_quietly_too() {
    let text = "version = 1\n[[hook]]\non = \"os.delete\"\ndo = \"deny\"\n";
    let bench = Bench::with_policy(text);
    let said = bench.run(&["run", "-q", "-c", "hooks.toml", "--", "true"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    insta::assert_snapshot!(said.err, @r#"
    hooks.toml:3:6: warning: no event of this name is known: `os.delete`
      |
    3 | on = "os.delete"
      |      ^^^^^^^^^^^

    hint: `audithook events` lists those of `os.*`; your own are best named otherwise
    "#);
    for flag in ["--strict", "--deny-warnings"] {
        let said = bench.run(&["check", flag]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.out.contains("1 warning"), "{said:?}");
    }
}

/// What is typed may be mistyped.
#[test]
fn a_journal_on_the_command_line_needs_a_directory_and_one_that_a_policy_places_gets_it() {
    let bench = Bench::with_policy("version = 1\n[journal]\npath = \"./made/by/run.jsonl\"\n");
    let run = ["run", "-q", "-c", "hooks.toml"];
    let journal = ["--journal", "not/so deep/out.jsonl", "--", "true"];
    insta::assert_snapshot!(bench.run(&[&run[..], &journal].concat()).all(), @"
    status: 125
    --- err ---
    audithook: there is no directory for the journal: `not/so deep`

    hint: `mkdir -p 'not/so deep'`
    ");
    assert!(!bench.work().join("not").exists());
    for journal in [
        &["--", "true"][..],
        &["--journal", "out.jsonl", "--", "true"],
    ] {
        bench.run(&[&run[..], journal].concat()).good();
    }
    assert!(bench.work().join("made/by/run.jsonl").exists());
    assert!(bench.work().join("out.jsonl").exists());
}
