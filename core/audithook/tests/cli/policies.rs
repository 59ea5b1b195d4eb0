//! `audithook init`, `trust`, `check` and `plan`

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::bench::Bench;

#[test]
fn init_writes_a_policy_that_is_valid_and_never_replaces_one() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["init"]).all(), @"
    status: 0
    --- err ---
    wrote `hooks.toml`

    next: read it, then `audithook trust hooks.toml`, then `audithook run -- CMD…`
    ");
    insta::assert_snapshot!(bench.run(&["check"]).all(), @"
    status: 0
    --- out ---
    hooks.toml: valid
    ");
    insta::assert_snapshot!(bench.run(&["init"]).all(), @"
    status: 2
    --- err ---
    error: there is a file already: `hooks.toml`

    hint: `--force` replaces it; `-o FILE` writes another
    ");
    assert_eq!(
        bench.run(&["init", "--force", "pip", "git"]).status,
        Some(0)
    );
    let written = fs::read_to_string(bench.work().join("hooks.toml")).expect("read");
    assert!(written.contains(r#"extends = ["pip", "git"]"#), "{written}");
    assert_eq!(
        bench.run(&["init", "-o", "-", "pip", "git"]).good(),
        written
    );
    insta::assert_snapshot!(bench.run(&["init", "pyton", "-o", "x.toml"]).all(), @"
    status: 2
    --- err ---
    error: unknown preset: `pyton`

    hint: did you mean `python`?
    ");
    insta::assert_snapshot!(bench.run(&["init", "-o", "no/such/x.toml"]).all(), @"
    status: 2
    --- err ---
    error: cannot write: `no/such/x.toml`: no such file or directory
    ");
}

#[test]
fn what_init_says_to_do_next_can_be_typed() {
    let bench = Bench::new();
    for file in [
        "my policy.toml",
        "data/it's $x.toml",
        "../other.toml",
        "-x.toml",
        "./hooks.toml",
    ] {
        let said = bench.run(&["init", &format!("--output={file}")]);
        let commands: Vec<_> = said
            .err
            .split('`')
            .filter(|text| text.starts_with("audithook "))
            .collect();
        let audithook = bench.command(&[]);
        for command in commands {
            let command = command
                .replace("CMD…", "true")
                .replace("audithook", "\"$0\"");
            let output = std::process::Command::new("sh")
                .args(["-c", &command])
                .arg(audithook.get_program())
                .current_dir(bench.work())
                .env("HOME", bench.work().join("../home"))
                .output()
                .expect("runs");
            let said = String::from_utf8_lossy(&output.stderr);
            // What the tests are built with has no preload library beside it: the policy was read by then.
            assert!(
                !said.contains("polic") && !said.contains("Usage"),
                "{command}: {said}"
            );
        }
    }
}

#[test]
fn init_replaces_a_policy_whole_or_leaves_it_as_it_is() {
    let bench = Bench::with_policy("version = 1\n");
    let file = bench.work().join("hooks.toml");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
    let reader = fs::File::open(&file).expect("opened");

    // 1 KiB is less than it writes, as on a full disk.
    let command = "trap '' XFSZ; ulimit -f 1; exec \"$0\" init --force";
    let limited = bench.command(&[]);
    let output = std::process::Command::new("bash")
        .args(["-c", command])
        .arg(limited.get_program())
        .current_dir(bench.work())
        .envs(
            limited
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("cannot write: `hooks.toml`: file too large"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&file).expect("read"), "version = 1\n");
    assert_eq!(names_in(&bench.work()), ["data", "hooks.toml"]);

    bench.run(&["init", "--force"]);
    assert!(fs::read_to_string(&file).expect("read").contains("extends"));
    assert_eq!(mode(&file), 0o640);
    assert_eq!(names_in(&bench.work()), ["data", "hooks.toml"]);
    let still_read = std::io::read_to_string(reader).expect("read");
    assert_eq!(
        still_read, "version = 1\n",
        "who reads the old one reads all of it"
    );
}

#[test]
fn init_replaces_what_a_symlink_leads_to_and_not_the_link() {
    let bench = Bench::new();
    fs::create_dir(bench.work().join("kept")).expect("made");
    bench.write("kept/policy.toml", "version = 1\n");
    let link = bench.work().join("hooks.toml");
    symlink("kept/policy.toml", &link).expect("linked");
    assert_eq!(bench.run(&["init"]).status, Some(2), "it is there");
    bench.run(&["init", "--force"]);
    assert_eq!(
        fs::read_link(&link).expect("a link"),
        Path::new("kept/policy.toml")
    );
    let kept = bench.work().join("kept/policy.toml");
    assert!(fs::read_to_string(&kept).expect("read").contains("extends"));

    symlink("kept/none.toml", bench.work().join("dangling.toml")).expect("linked");
    bench.run(&["init", "-o", "dangling.toml", "--force"]);
    assert!(bench.work().join("kept/none.toml").is_file());
    assert_eq!(
        bench.run(&["init", "-o", "kept", "--force"]).status,
        Some(2)
    );
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("read");
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn check_shows_every_mistake_with_its_place() {
    let bench = Bench::with_policy("version = 1\nmod = \"warn\"\n[files]\nraed = [\".\"]\n");
    insta::assert_snapshot!(bench.run(&["check"]).all(), @r#"
    status: 1
    --- out ---
    hooks.toml:2:1: error: unknown key: `mod`
      |
    2 | mod = "warn"
      | ^^^

    hint: did you mean `mode`?

    hooks.toml:4:1: error: unknown key: `raed`
      |
    4 | raed = ["."]
      | ^^^^

    hint: did you mean `read`?

    hooks.toml: invalid: 2 errors
    "#);
    let report = bench.run(&["check", "--format", "json"]).json();
    assert_eq!(report["valid"], false);
    assert_eq!(report["findings"][0]["line"], 2);
    insta::assert_snapshot!(bench.run(&["check", "none.toml"]).all(), @"
    status: 1
    --- out ---
    none.toml: error: cannot read `none.toml`: no such file or directory

    hint: `audithook init` writes a policy to begin with

    none.toml: invalid: 1 error
    ");
    insta::assert_snapshot!(Bench::new().run(&["check"]).all(), @"
    status: 2
    --- err ---
    error: there is no policy: `hooks.toml`

    hint: name a file, or write one to start from with `audithook init`
    ");
}

#[test]
fn a_policy_is_named_as_run_names_it_too() {
    let bench = Bench::new();
    bench.write(
        "other.toml",
        "version = 1\n[[test]]\nevent = \"open\"\nargs = { path = \"/x\" }\nexpect = \"allow\"\n",
    );
    for command in ["check", "plan", "test", "trust"] {
        let plain = bench.run(&[command, "other.toml"]);
        assert_eq!(plain.status, Some(0), "{plain:?}");
        for flag in ["-c", "--config"] {
            let named = bench.run(&[command, flag, "other.toml"]);
            assert_eq!(
                (named.status, &named.out),
                (plain.status, &plain.out),
                "{named:?}"
            );
        }
        let both = bench.run(&[command, "-c", "other.toml", "other.toml"]);
        assert_eq!(both.status, Some(2), "{both:?}");
        let none = bench.run(&[command]);
        assert_eq!(none.status, Some(2), "{none:?}");
        assert!(
            none.err.starts_with("error: there is no policy: "),
            "{none:?}"
        );
    }
}

#[test]
fn check_reads_standard_input() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.feed(&["check", "-"], "version = 1\n").all(), @"
    status: 0
    --- out ---
    standard input: valid
    ");
    insta::assert_snapshot!(bench.feed(&["check", "-"], "version = 2\n").all(), @"
    status: 1
    --- out ---
    standard input:1:11: error: unknown version: `2`
      |
    1 | version = 2
      |           ^

    hint: this audithook reads `version = 1`

    standard input: invalid: 1 error
    ");
}

/// A device has no end. A file has the same limit.
#[test]
fn a_policy_from_standard_input_is_read_only_as_far_as_a_file() {
    let bench = Bench::new();
    for arguments in [&["check", "-"][..], &["run", "-c", "-", "--", "true"]] {
        let zeros = fs::File::open("/dev/zero").expect("a device");
        let output = bench.command(arguments).stdin(zeros).output();
        let output = output.expect("runs");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.ends_with(
                ": cannot read the policy from standard input: it is larger than 16 MiB\n"
            ),
            "{said}"
        );
    }
    bench.write("large.toml", &"#".repeat((16 << 20) + 1));
    let said = bench.run(&["check", "large.toml"]);
    assert!(
        said.out
            .contains("cannot read `large.toml`: it is larger than 16 MiB"),
        "{said:?}"
    );
}

#[test]
fn check_refuses_soft_rules_when_it_is_strict() {
    let bench = Bench::with_policy("version = 1\n[files]\nread = [\"./data\"]\n");
    insta::assert_snapshot!(bench.run(&["check", "--strict"]).all(), @r#"
    status: 1
    --- out ---
    hooks.toml:3:1: note: only Python is held to this: what other programs do that it starts, nobody sees
      |
    3 | read = ["./data"]
      | ^^^^

    hint: `[process] exec` lists all programs that may be run: `exec = ["@python"]` lets nothing but Python run

    hooks.toml:3: error: held soft: `files.read` `./data`
    audithook: error: held soft: `audithook.self`

    hint: no kernel layer holds anything yet; `audithook plan` shows what holds each rule

    hooks.toml: invalid: 2 errors, 1 note
    "#);
    let report = bench.run(&["check", "--strict", "--format", "json"]).json();
    assert_eq!(report["valid"], false);
    assert!(
        report["not_hard"]
            .as_array()
            .is_some_and(|lines| !lines.is_empty())
    );
}

#[test]
fn check_warns_of_what_nothing_holds_and_can_refuse_warnings() {
    let bench = Bench::with_policy("version = 1\n[limits]\nwall = \"1s\"\n");
    insta::assert_snapshot!(bench.run(&["check"]).all(), @r#"
    status: 0
    --- out ---
    hooks.toml:3:8: warning: nothing holds `limits.wall`: limits are not held yet
      |
    3 | wall = "1s"
      |        ^^^^

    hooks.toml: valid: 1 warning
    "#);
    assert_eq!(bench.run(&["check", "--deny-warnings"]).status, Some(1));
    bench.write(
        "hooks.toml",
        "version = 1\nextends = [\"base\"]\n[process]\nexec = [\"@python\"]\n",
    );
    bench.run(&["check", "--deny-warnings"]).good();
}

#[test]
fn plan_says_what_holds_each_rule() {
    let bench = Bench::with_policy(
        r#"version = 1
[files]
read = ["./data", "./missing"]
[network]
connect = ["api.example.com:443"]
[limits]
memory = "2GiB"
"#,
    );
    insta::assert_snapshot!(bench.run(&["plan"]).all(), @r#"
    status: 0
    --- out ---
    HELD     RULE              ENTRY                AT            LAYERS              COST
    soft     files.read        ./data               hooks.toml:3  cpython hook, libc  20–50 ns an event
    soft     files.read        ./missing            hooks.toml:3  cpython hook, libc  20–50 ns an event
             nothing there
    soft     network.connect   api.example.com:443  hooks.toml:5  cpython hook, libc  20–50 ns an event
             address-level: neighbours on the same address are admitted too
    soft     network.loopback  refused              hooks.toml:5  cpython hook, libc  20–50 ns an event
    soft     network.sockets   none                 hooks.toml:5  cpython hook, libc  20–50 ns an event
    none     limits.memory                          hooks.toml:7  -                   nothing
             limits are not held yet
    soft     audithook.self                         audithook     cpython hook, libc  20–50 ns an event

    6 soft, 1 none
    --- err ---

    hooks.toml:3:19: note: nothing there: `./missing`
      |
    3 | read = ["./data", "./missing"]
      |                   ^^^^^^^^^^^

    hooks.toml:5:1: note: unix sockets stay open: `connect` speaks of hosts alone
      |
    5 | connect = ["api.example.com:443"]
      | ^^^^^^^

    hint: `unix` lists all that may be used; `unix = "none"` closes them

    hooks.toml:3:1: note: only Python is held to this: what other programs do that it starts, nobody sees
      |
    3 | read = ["./data", "./missing"]
      | ^^^^

    hint: `[process] exec` lists all programs that may be run: `exec = ["@python"]` lets nothing but Python run
    "#);
    let plan = bench.run(&["plan", "--format", "json"]).json();
    assert_eq!(plan[0]["rule"], "files.read");
    assert_eq!(plan[0]["held"], "soft");
}

#[test]
fn plan_prints_the_policy_that_flags_and_presets_amount_to() {
    let bench = Bench::new();
    let said = bench.run(&["plan", "--read", "data", "--no-network", "--format", "toml"]);
    insta::assert_snapshot!(said.all(), @r#"
    status: 0
    --- out ---
    version = 1

    [files]
    read = [
        "[ROOT]/work/data",
    ]
    tmp = "shared"

    [network]
    connect = []
    bind = []
    loopback = false
    unix = []
    sockets = []

    [journal]
    path = "[ROOT]/home/.local/state/audithook/{run}.jsonl"
    events = ["@default"]
    rotate = { keep = 8 }
    "#);
    let text = bench
        .run(&[
            "plan", "--preset", "python", "--read", "data", "--format", "toml",
        ])
        .good()
        .replace("[ROOT]", "/nonexistent");
    assert_eq!(
        bench.feed(&["check", "-"], &text).status,
        Some(0),
        "it reads back: {text}"
    );
}

#[test]
fn trust_shows_what_it_records_and_changes_with_the_content() {
    let bench = Bench::with_policy("version = 1\nextends = [\"./more.toml\"]\n");
    bench.write("more.toml", "version = 1\n");
    let refused = bench.run(&["run", "--", "true"]);
    assert_eq!(refused.status, Some(125));
    insta::assert_snapshot!(refused.all(), @"
    status: 125
    --- err ---
    audithook: the policy is not trusted: `hooks.toml`

    hint: read it, then `audithook trust`; `-c hooks.toml` takes it as it is, for this time
    ");
    insta::assert_snapshot!(bench.run(&["trust"]).all(), @"
    status: 0
    --- out ---
    what it does not restrict: files.read, files.write, network.connect, network.bind, network.loopback, network.unix, network.sockets, process.exec, process.uncovered, env.pass
    trusted, as they are now:
      [ROOT]/work/hooks.toml
      [ROOT]/work/more.toml
    ");
    bench.write("more.toml", "version = 1\nmode = \"off\"\n");
    insta::assert_snapshot!(bench.run(&["run", "--", "true"]).all(), @"
    status: 125
    --- err ---
    audithook: the policy is not what you trusted: `hooks.toml` or a file that it extends has changed

    hint: read it, then `audithook trust`; `-c hooks.toml` takes it as it is, for this time
    ");
}

#[test]
fn what_is_trusted_is_listed_and_can_be_forgotten() {
    let bench = Bench::with_policy("version = 1\n");
    assert_eq!(bench.run(&["trust", "--list"]).good(), "");
    bench.write("more.toml", "version = 1\n");
    for file in ["hooks.toml", "more.toml"] {
        bench.run(&["trust", file]).good();
    }
    let listed = bench.run(&["trust", "--list"]);
    let files: Vec<_> = listed
        .good()
        .lines()
        .map(|line| line.split_once("  ").expect("two columns"))
        .inspect(|(hash, _)| assert_eq!(hash.len(), 64))
        .map(|(_, file)| file)
        .collect();
    assert_eq!(files, ["[ROOT]/work/hooks.toml", "[ROOT]/work/more.toml"]);
    let json = bench.run(&["trust", "--list", "--format", "json"]).json();
    assert_eq!(json[1]["file"], "[ROOT]/work/more.toml");
    assert_eq!(json[1]["sha256"].as_str().map(str::len), Some(64));

    fs::remove_file(bench.work().join("more.toml")).expect("own file");
    insta::assert_snapshot!(bench.run(&["trust", "--remove", "./more.toml"]).all(), @"
    status: 0
    --- out ---
    no longer trusted: `[ROOT]/work/more.toml`
    ");
    insta::assert_snapshot!(bench.run(&["trust", "--remove", "more.toml"]).all(), @"
    status: 1
    --- out ---
    was not trusted: `[ROOT]/work/more.toml`
    ");
    let removed = bench.run(&["trust", "--remove", "--format", "json"]);
    assert_eq!(removed.status, Some(0));
    assert_eq!(
        removed.json(),
        serde_json::json!({ "file": "[ROOT]/work/hooks.toml", "was_trusted": true })
    );
    assert_eq!(bench.run(&["trust", "--list"]).good(), "");
    assert_eq!(bench.run(&["run", "--", "true"]).status, Some(125));

    let both = bench.run(&["trust", "--list", "--remove"]);
    assert_eq!(both.status, Some(2), "{both:?}");
}

#[test]
fn a_broken_record_of_trust_is_an_error_with_its_place_for_every_command() {
    let bench = Bench::with_policy("version = 1\n");
    bench.run(&["trust"]).good();
    let directory = bench.path().join("home/.local/state/audithook/trust");
    let record = fs::read_dir(directory)
        .expect("a store")
        .next()
        .expect("a record")
        .expect("readable")
        .path();
    fs::write(&record, "anything\n").expect("own file");
    let name = record.file_name().expect("a name").to_string_lossy();
    for arguments in [
        &["trust"][..],
        &["trust", "--list"],
        &["trust", "--remove"],
        &["run", "--", "touch", "started"],
        // Flags that would be a policy of their own do not help a file that may have been trusted.
        &["run", "--read", ".", "--", "touch", "started"],
    ] {
        let said = bench.run(arguments);
        let fault = if arguments[0] == "run" { 125 } else { 2 };
        assert_eq!(said.status, Some(fault), "{said:?}");
        let place = format!(
            "the record of trust is broken: `[ROOT]/home/.local/state/audithook/trust/{name}`: it does not begin with a hash"
        );
        assert!(said.err.contains(&place), "{said:?}");
        assert!(
            said.err
                .contains("\n\nhint: nothing is trusted because of it"),
            "{said:?}"
        );
    }
    assert_eq!(fs::read_to_string(&record).expect("read"), "anything\n");
    assert!(!bench.work().join("started").exists());
}

/// A newcomer's three lines are not buried under what presets say.
#[test]
fn a_plan_sums_up_what_presets_say_and_shows_all_of_it_when_asked() {
    let bench =
        Bench::with_policy("version = 1\nextends = [\"base\"]\n[network]\nconnect = \"none\"\n");
    let short = bench.run(&["plan"]).good().to_owned();
    insta::with_settings!({ filters => vec![(r"\d+ (entries|soft)", "[N] $1")] }, {
        insta::assert_snapshot!(short, @"
        HELD     RULE              ENTRY       AT            LAYERS              COST
        soft     files.deny        [N] entries  preset base   cpython hook, libc  20–50 ns an event
        soft     network.connect   none        hooks.toml:4  cpython hook, libc  20–50 ns an event
        soft     network.loopback  refused     hooks.toml:4  cpython hook, libc  20–50 ns an event
        soft     network.sockets   none        hooks.toml:4  cpython hook, libc  20–50 ns an event
        soft     env.deny          [N] entries  preset base   supervisor          once, at the start
                 the environments of other processes stay readable in /proc
        soft     audithook.self                audithook     cpython hook, libc  20–50 ns an event

        [N] soft

        hint: `--all` shows every entry of the presets
        ");
    });
    let long = bench.run(&["plan", "--all"]).good().to_owned();
    assert!(
        long.contains("~/.ssh ") && long.contains("preset base:9"),
        "{long}"
    );
    let count = |text: &str| {
        text.lines()
            .find(|line| line.ends_with(" soft"))
            .map(str::to_owned)
    };
    assert_eq!(count(&short), count(&long), "the same rules");
    assert!(!long.contains("--all"), "{long}");
    let json = bench.run(&["plan", "--format", "json"]).json();
    let lines = json.as_array().expect("a list");
    assert_eq!(lines[0]["preset"], "base");
    assert!(
        lines
            .iter()
            .any(|line| line["rule"] == "network.connect" && line.get("preset").is_none())
    );
    let strict = bench.run(&["check", "--strict"]);
    assert!(
        strict
            .out
            .contains("preset base: error: held soft: `files.deny`, "),
        "{strict:?}"
    );
}

/// What a command brings with it is not missing where there is none; an exception is shown as it is written.
#[test]
fn what_only_a_command_knows_is_not_missing_and_exceptions_keep_their_sign() {
    let bench = Bench::with_policy(
        "version = 1\n[files]\nread = [\"@program\", \"@venv\"]\ndeny = [\"./data\", \"!./data/x\"]\n[env]\ndeny = [\"A*\", \"!AB\"]\n[process]\nexec = []\n",
    );
    insta::assert_snapshot!(bench.run(&["check"]).all(), @"
    status: 0
    --- out ---
    hooks.toml: valid
    ");
    insta::assert_snapshot!(bench.run(&["plan"]).all(), @"
    status: 0
    --- out ---
    HELD     RULE            ENTRY      AT            LAYERS              COST
    soft     files.read      @program   hooks.toml:3  cpython hook, libc  20–50 ns an event
             known once there is a command
    soft     files.read      @venv      hooks.toml:3  cpython hook, libc  20–50 ns an event
             known once there is a command
    soft     files.deny      ./data     hooks.toml:4  cpython hook, libc  20–50 ns an event
    soft     files.deny      !./data/x  hooks.toml:4  cpython hook, libc  20–50 ns an event
             excepted: not denied
    soft     process.exec    none       hooks.toml:8  cpython hook, libc  20–50 ns an event
    soft     env.deny        A*         hooks.toml:6  supervisor          once, at the start
             the environments of other processes stay readable in /proc
    soft     env.deny        !AB        hooks.toml:6  supervisor          once, at the start
             excepted: not denied
             the environments of other processes stay readable in /proc
    soft     audithook.self             audithook     cpython hook, libc  20–50 ns an event

    8 soft
    ");
    // With a command it is known.
    let said = bench.run(&["plan", "--", "true"]);
    assert!(
        said.err.contains("nothing found for `@program`"),
        "{said:?}"
    );
}
