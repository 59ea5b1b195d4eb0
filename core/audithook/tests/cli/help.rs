//! Help, man pages and completions.

use crate::bench::Bench;

const COMMANDS: [&str; 13] = [
    "run",
    "init",
    "check",
    "log",
    "trust",
    "plan",
    "test",
    "explain",
    "emit",
    "events",
    "plugin",
    "completions",
    "man",
];

#[test]
fn the_help_leads_with_what_a_newcomer_needs() {
    insta::assert_snapshot!(Bench::new().run(&["--help"]).all());
}

#[test]
fn every_command_says_what_it_does() {
    let bench = Bench::new();
    let mut all = String::new();
    for command in COMMANDS {
        let said = bench.run(&[command, "--help"]);
        all.push_str(&format!("$ audithook {command} --help\n{}\n", said.good()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn help_is_a_command_too() {
    let bench = Bench::new();
    for command in ["run", "plugin"] {
        assert_eq!(
            bench.run(&["help", command]).good(),
            bench.run(&[command, "--help"]).good()
        );
    }
}

#[test]
fn the_manual_says_how_it_is_called_which_files_it_has_and_what_it_reads_of_the_environment() {
    let bench = Bench::new();
    let main = bench.run(&["man"]);
    for part in [
        ".SH FILES\n",
        "~/.local/state/audithook/trust/\n",
        "/blob/main/docs/policy.md\n",
        ".SH ENVIRONMENT\n",
        "AUDITHOOK_PLUGIN_PATH  ",
        "NO_COLOR  ",
        "XDG_STATE_HOME  ",
    ] {
        assert!(main.good().contains(part), "{part}: {main:?}");
    }
    let run = bench.run(&["man", "run"]);
    let synopsis = ".SH SYNOPSIS\n\\fBaudithook run\\fR [OPTIONS] <CMD>...\n";
    assert!(run.good().contains(synopsis), "{run:?}");
    assert!(!run.good().contains("see a summary"), "{run:?}");
    assert!(
        run.good()
            .ends_with(".SH SEE ALSO\n.nf\naudithook(1)\n.fi\n"),
        "{run:?}"
    );
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let bench = Bench::new();
    let main = bench.run(&["man"]);
    assert!(main.good().contains(".TH audithook 1"));
    for command in COMMANDS {
        let page = bench.run(&["man", command]);
        assert!(
            page.good().contains(&format!("audithook\\-{command}")),
            "{page:?}"
        );
        assert!(page.err.is_empty(), "{page:?}");
    }
    insta::assert_snapshot!(bench.run(&["man", "rum"]).all(), @"
    status: 2
    --- err ---
    error: unknown command: `rum`

    hint: did you mean `run`?
    ");
}

/// Roff that has no unknown request and no stray text: `man --warnings` is silent.
#[test]
fn the_manual_pages_are_roff_without_warnings() {
    let bench = Bench::new();
    let groff = std::process::Command::new("groff")
        .arg("--version")
        .output();
    if groff.is_err() {
        eprintln!("SKIPPED: there is no groff to check the manual pages with");
        return;
    }
    for command in COMMANDS {
        let page = bench.write("page.1", bench.run(&["man", command]).good());
        let checked = std::process::Command::new("groff")
            .args(["-man", "-ww", "-z", "-Tutf8"])
            .arg(page)
            .output()
            .expect("groff runs");
        assert!(
            checked.stderr.is_empty(),
            "{command}: {}",
            String::from_utf8_lossy(&checked.stderr)
        );
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = bench.run(&["completions", shell]);
        assert!(said.good().contains("explain"), "{shell}");
        assert!(said.err.is_empty(), "{said:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = bench.write("script", bench.run(&["completions", shell]).good());
        let Ok(checked) = std::process::Command::new(shell)
            .arg("-n")
            .arg(&script)
            .output()
        else {
            eprintln!("SKIPPED: there is no {shell} to read its completions");
            continue;
        };
        assert!(
            checked.status.success(),
            "{shell}: {}",
            String::from_utf8_lossy(&checked.stderr)
        );
    }
}

#[test]
fn wrong_usage_exits_with_two_and_that_of_run_with_a_fault() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["chek"]).all(), @"
    status: 2
    --- err ---
    error: unrecognized subcommand 'chek'

      tip: a similar subcommand exists: 'check'

    Usage: audithook [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    let swapped = bench.run(&["rnu"]);
    assert_eq!(swapped.status, Some(2));
    assert!(
        swapped.err.contains("a similar subcommand exists: 'run'"),
        "{swapped:?}"
    );
    insta::assert_snapshot!(bench.run(&["run"]).all(), @"
    status: 125
    --- err ---
    error: the following required arguments were not provided:
      <CMD>...

    Usage: audithook run <CMD>...

    For more information, try '--help'.
    ");
    assert_eq!(
        bench
            .run(&["--color", "never", "run", "--bogus", "true"])
            .status,
        Some(125)
    );
    assert_eq!(bench.run(&["events", "--bogus"]).status, Some(2));
    assert_eq!(bench.run(&[]).status, Some(2));
    assert_eq!(bench.run(&["--version"]).status, Some(0));
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let bench = Bench::new();
    assert!(!bench.run(&["events", "open"]).out.contains('\x1b'));
    assert!(
        bench
            .run(&["events", "open", "--color", "always"])
            .out
            .contains('\x1b')
    );
    let plain = bench.run(&["events", "open"]).out;
    let coloured = bench.run(&["--color", "always", "events", "open"]).out;
    let stripped = coloured
        .split('\x1b')
        .map(|part| part.split_once('m').map_or(part, |(_, text)| text))
        .collect::<String>();
    let stripped = stripped
        .strip_prefix("  ")
        .map_or(stripped.clone(), |rest| format!("  {rest}"));
    assert_eq!(
        stripped.replace(' ', ""),
        plain.replace(' ', ""),
        "colour says nothing that the text does not"
    );
}

/// Every command that only prints: `head` may have seen enough, and a disk may be full.
#[test]
fn output_that_nobody_reads_or_takes_is_no_panic() {
    for arguments in [
        &["events"][..],
        &["man"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let bench = Bench::new();
        let output = bench.command(arguments).stdout(writer).output();
        let output = output.expect("runs");
        assert_eq!(output.status.code(), Some(141), "{arguments:?}");
        assert!(
            output.stderr.is_empty(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );

        let full = std::fs::File::options().write(true).open("/dev/full");
        let full = full.expect("a device that takes nothing");
        let output = bench.command(arguments).stdout(full).output();
        let output = output.expect("runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "error: cannot write to standard output: no space left on device\n",
            "{arguments:?}"
        );
    }
}

/// The hint is for who has none yet.
#[test]
fn a_directory_in_place_of_a_file_is_named() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["check", "data"]).all(), @"
    status: 1
    --- out ---
    data: error: cannot read `data`: is a directory

    data: invalid: 1 error
    ");
    insta::assert_snapshot!(bench.run(&["check", "none.toml"]).all(), @"
    status: 1
    --- out ---
    none.toml: error: cannot read `none.toml`: no such file or directory

    hint: `audithook init` writes a policy to begin with

    none.toml: invalid: 1 error
    ");
    insta::assert_snapshot!(bench.run(&["log", "data"]).all(), @"
    status: 2
    --- err ---
    error: the journal cannot be opened: `data`: is a directory
    ");
}
