//! `audithook trust`, and plugins: their code is trusted with the policy, as it was then.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::bench::{Bench, Said};

const BY_PATH: &str =
    "version = 1\n[plugin.bucketing]\npath = \"./libbucketing.so\"\nplacement = \"supervisor\"\n";
const SEARCHED: &str = "version = 1\n[plugin.bucketing]\nplacement = \"supervisor\"\n";

/// A library that these tests are built with.
fn built(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_BIN_EXE_audithook"))
        .with_file_name("deps")
        .join(name)
}

/// The policy, with the library beside it.
fn bench() -> Bench {
    let bench = Bench::with_policy(BY_PATH);
    fs::copy(built("libbucketing.so"), library(&bench)).expect("copied");
    bench
}

fn library(bench: &Bench) -> std::path::PathBuf {
    bench.work().join("libbucketing.so")
}

/// The same plugin with another content: what the linker makes of it stays the same.
fn append_to(library: &Path) {
    let mut content = fs::read(library).expect("read");
    content.push(0);
    fs::write(library, content).expect("written");
}

/// Every command that would run code of the plugin refuses to.
#[track_caller]
fn assert_refused(bench: &Bench, file: &str) {
    for arguments in [
        &["emit", "x.y"][..],
        &["explain", "x.y"],
        &["test"],
        &["plugin", "list"],
        &["run", "--", "touch", "started"],
    ] {
        let said = bench.run(arguments);
        assert_ne!(said.status, Some(0), "{said:?}");
        let message =
            format!("the plugin is not the one that you trusted: `bucketing`: `[ROOT]/{file}`");
        assert!(
            format!("{}{}", said.out, said.err).contains(&message),
            "{arguments:?}: {said:?}"
        );
    }
    assert!(!bench.work().join("started").exists());
    // Who names the policy takes it as it is.
    emitted(bench, &["emit", "-c", "hooks.toml", "x.y"]);
}

#[track_caller]
fn emitted(bench: &Bench, arguments: &[&str]) -> Said {
    let said = bench.run(arguments);
    said.good();
    said
}

#[test]
fn the_code_of_plugins_is_trusted_as_it_is_and_shown() {
    let bench = bench();
    let digests = [(r"\b[0-9a-f]{64}\b", "[SHA256]")];
    insta::with_settings!({ filters => digests }, {
        insta::assert_snapshot!(bench.run(&["trust"]).all(), @"
        status: 0
        --- out ---
        what it does not restrict: files.read, files.write, network.connect, network.bind, network.loopback, network.unix, network.sockets, process.exec, process.uncovered, env.pass
        whose code it runs:
          bucketing         in the supervisor, with your rights: [ROOT]/work/libbucketing.so
                            sha256 [SHA256]
        trusted, as they are now:
          [ROOT]/work/hooks.toml
          [ROOT]/work/libbucketing.so (the code of the plugin `bucketing`)
        ");
        insta::assert_snapshot!(bench.run(&["trust", "--list"]).all(), @"
        status: 0
        --- out ---
        [SHA256]  [ROOT]/work/hooks.toml
        [SHA256]  [ROOT]/work/libbucketing.so (the code of the plugin `bucketing`)
        ");
        insta::assert_snapshot!(bench.run(&["trust", "--format", "json"]).all(), @r#"
        status: 0
        --- out ---
        {
          "files": [
            "[ROOT]/work/hooks.toml"
          ],
          "plugins": [
            {
              "name": "bucketing",
              "file": "[ROOT]/work/libbucketing.so",
              "sha256": "[SHA256]",
              "placement": "supervisor"
            }
          ],
          "says": {
            "presets": [],
            "mode": "enforce",
            "allows": [
              {
                "rule": "files.read",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "files.write",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "network.connect",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "network.bind",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "network.loopback",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "network.unix",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "network.sockets",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "process.exec",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "process.uncovered",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              },
              {
                "rule": "env.pass",
                "everything": true,
                "own": 0,
                "of_presets": 0,
                "entries": []
              }
            ],
            "denies": [],
            "sets": [],
            "sets_code": [],
            "journal": {
              "drops": false
            },
            "hooks": {}
          }
        }
        "#);
    });
    emitted(&bench, &["emit", "x.y"]);
}

#[test]
fn what_a_policy_amounts_to_is_shown_before_it_is_trusted() {
    let policy = r#"version = 1
extends = ["python"]
mode = "warn"
[files]
read = ["./data", "./work"]
deny = ["**/secrets"]
[network]
connect = "none"
[env]
set = { PYTHONHASHSEED = "0" }
[[hook]]
on = "shop.order"
do = "log"
[[hook]]
on = "pickle.find_class"
do = "deny"
"#;
    let bench = Bench::with_policy(policy);
    insta::with_settings!({ filters => [(r"\d+ (entries )?of presets", "N ${1}of presets")] }, {
        insta::assert_snapshot!(bench.run(&["trust"]).all(), @r#"
        status: 0
        --- out ---
        it refuses nothing: `mode = "warn"` only records what it would
        what it allows:
          files.read        `./data`, `./work`, N of presets
          files.write       N entries of presets
          network.connect   nothing
          network.loopback  nothing
          network.sockets   nothing
        what it does not restrict: network.bind, network.unix, process.exec, process.uncovered, env.pass
        what it denies:
          files.deny        `**/secrets`, N of presets
          env.deny          N entries of presets
        what else it says:
          env.set           PYTHONDONTWRITEBYTECODE, PYTHONHASHSEED
          hooks             1 deny, 1 log
          presets           base, python
        trusted, as they are now:
          [ROOT]/work/hooks.toml
        "#);
    });
    let says = &bench.run(&["trust", "--format", "json"]).json()["says"];
    assert_eq!(says["mode"], "warn");
    assert_eq!(says["presets"], serde_json::json!(["base", "python"]));
    assert_eq!(says["allows"][0]["rule"], "files.read");
    assert_eq!(says["allows"][0]["own"], 2);
    assert_eq!(says["hooks"], serde_json::json!({ "deny": 1, "log": 1 }));

    // What cannot be recorded was shown all the same, and nothing is said to be trusted.
    let home = bench.work().join("none");
    fs::write(&home, "").expect("written");
    let output = bench
        .command(&["trust"])
        .env("XDG_STATE_HOME", &home)
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("what it allows:") && !said.contains("trusted, as"),
        "{said}"
    );
}

/// Who is about to trust a policy sees what it grants, the widest first, and what would hide what was done.
#[test]
fn what_a_policy_grants_is_shown_the_widest_first() {
    let bench = Bench::with_policy(
        r#"
version = 1
extends = ["base"]
[files]
read = ["./data", "~/**", "/etc/ssl"]
write = ["./out/", "./data", "/**"]
deny = ["**/secrets", "!~/.ssh"]
[network]
connect = ["api.example.com:443", "*.org", "10.0.0.0/8", "0.0.0.0/0", "*:443"]
bind = ["::/0"]
unix = ["@bus", "./data"]
[process]
exec = ["/usr/bin/env", "/*"]
uncovered = "deny"
[env]
pass = ["HOME", "*"]
set = { TZ = "UTC", LD_PRELOAD = "./x.so", PYTHONSTARTUP = "/tmp/a\nb.py" }
[journal]
path = "/dev/null"
events = []
on-overflow = "drop"
"#,
    );
    symlink("/", bench.work().join("innocent")).expect("linked");
    insta::with_settings!({ filters => [(r"\d+ of presets", "N of presets")] }, {
        insta::assert_snapshot!(bench.run(&["trust"]).all(), @r"
        status: 0
        --- out ---
        what it allows:
          files.read        all of your home (`~/**`), `/etc/ssl`, `./data`
          files.write       everything (`/**`), `./out/`, `./data`
          network.connect   everything (`0.0.0.0/0`), `*:443`, `*.org`, `10.0.0.0/8`, `api.example.com:443`
          network.bind      everything (`::/0`)
          network.loopback  nothing
          network.unix      `./data`, `@bus`
          network.sockets   nothing
          process.exec      everything (`/*`), `/usr/bin/env`
          process.uncovered nothing
          env.pass          everything (`*`), `HOME`
        what it denies:
          files.deny        `**/secrets`, N of presets, but not `~/.ssh`
          env.deny          17 entries of presets
        which code the program runs, by variables that it sets:
          LD_PRELOAD        `./x.so`
          PYTHONSTARTUP     `/tmp/a\u{a}b.py`
        what else it says:
          env.set           TZ
          journal.path      `/dev/null`
          journal.events    none: only refusals, warnings and `process.*` are recorded; what finds no room is dropped
          presets           base
        trusted, as they are now:
          [ROOT]/work/hooks.toml
        ");
    });
    let says = &bench.run(&["trust", "--format", "json"]).json()["says"];
    assert_eq!(says["allows"][1]["rule"], "files.write");
    assert_eq!(says["allows"][1]["everything"], true);
    assert_eq!(
        says["allows"][1]["entries"],
        serde_json::json!(["/**", "./out/", "./data"])
    );
    assert_eq!(says["denies"][0]["except"], serde_json::json!(["~/.ssh"]));
    assert_eq!(says["journal"]["path"], "/dev/null");
    assert_eq!(says["journal"]["events"], serde_json::json!([]));

    // What an entry amounts to, not how it is written.
    bench.write(
        "hooks.toml",
        "version = 1\n[files]\nread = [\"./innocent\"]\n",
    );
    let said = bench.run(&["trust"]);
    assert!(
        said.good().contains("everything (`./innocent`)"),
        "{said:?}"
    );
}

/// However long a list is, its widest entry cannot hide in it.
#[test]
fn of_long_lists_the_first_entries_are_shown_and_the_rest_is_counted() {
    let narrow: Vec<_> = (0..40)
        .map(|n| format!("\"/srv/some/deep/place/{n}\""))
        .collect();
    let variables: Vec<_> = (0..40).map(|n| format!("LD_{n} = \"x\"")).collect();
    let bench = Bench::with_policy(&format!(
        "version = 1\n[files]\nread = [{narrow}, \"/opt\", \"/srv/{long}\"]\n[env]\nset = {{ {variables} }}\n",
        narrow = narrow.join(", "),
        long = "x".repeat(500),
        variables = variables.join(", "),
    ));
    insta::assert_snapshot!(bench.run(&["trust"]).all(), @"
    status: 0
    --- out ---
    what it allows:
      files.read        `/opt`, `/srv/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`, `/srv/some/deep/place/0`, and 39 more
    what it does not restrict: files.write, network.connect, network.bind, network.loopback, network.unix, network.sockets, process.exec, process.uncovered, env.pass
    which code the program runs, by variables that it sets:
      LD_0              `x`
      LD_1              `x`
      LD_10             `x`
      LD_11             `x`
      LD_12             `x`
      LD_13             `x`
      and 34 more
    trusted, as they are now:
      [ROOT]/work/hooks.toml
    ");
}

#[test]
fn a_plugin_that_is_missing_is_not_trusted() {
    let bench = Bench::with_policy(BY_PATH);
    insta::assert_snapshot!(bench.run(&["trust"]).err, @"
    hooks.toml:2:9: error: cannot load plugin: `bucketing`: `[ROOT]/work/libbucketing.so`: cannot be read: no such file or directory
      |
    2 | [plugin.bucketing]
      |         ^^^^^^^^^
    ");
    assert_eq!(bench.run(&["trust", "--list"]).good(), "");
    // What is dropped into its place afterwards is not loaded.
    fs::copy(built("libbucketing.so"), library(&bench)).expect("copied");
    let said = bench.run(&["emit", "x.y"]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains("the policy is not trusted"), "{said:?}");

    let searched =
        Bench::with_policy("version = 1\n[plugin.nowhere]\nplacement = \"supervisor\"\n");
    let said = searched.run(&["trust"]);
    assert_ne!(said.status, Some(0), "{said:?}");
    assert!(
        said.err
            .contains("cannot load plugin: `nowhere`: not found"),
        "{said:?}"
    );
}

#[test]
fn a_plugin_that_was_appended_to_is_refused_until_it_is_trusted_again() {
    let bench = bench();
    bench.run(&["trust"]).good();
    append_to(&library(&bench));
    assert_refused(&bench, "work/libbucketing.so");
    insta::assert_snapshot!(bench.run(&["emit", "x.y"]).err, @"
    hooks.toml:2:9: error: the plugin is not the one that you trusted: `bucketing`: `[ROOT]/work/libbucketing.so`
      |
    2 | [plugin.bucketing]
      |         ^^^^^^^^^

    hint: find out what changed it, then `audithook trust`: its code runs with your rights
    ");
    bench.run(&["trust"]).good();
    emitted(&bench, &["emit", "x.y"]);
}

#[test]
fn a_plugin_that_was_replaced_is_refused() {
    let bench = bench();
    bench.run(&["trust"]).good();
    let other = bench.work().join("other.so");
    fs::copy(built("libbucketing.so"), &other).expect("copied");
    append_to(&other);
    fs::rename(&other, library(&bench)).expect("renamed");
    assert_refused(&bench, "work/libbucketing.so");
}

#[test]
fn a_plugin_that_is_gone_is_refused_with_its_place() {
    let bench = bench();
    bench.run(&["trust"]).good();
    fs::remove_file(library(&bench)).expect("own file");
    insta::assert_snapshot!(bench.run(&["emit", "x.y"]).err, @"
    hooks.toml:2:9: error: cannot load plugin: `bucketing`: `[ROOT]/work/libbucketing.so`: cannot be read: no such file or directory
      |
    2 | [plugin.bucketing]
      |         ^^^^^^^^^
    ");
    assert_eq!(bench.run(&["run", "--", "true"]).status, Some(125));
}

#[test]
fn a_link_that_was_led_elsewhere_is_refused_whatever_lies_there() {
    let bench = bench();
    let (first, second) = (bench.work().join("1.so"), bench.work().join("2.so"));
    fs::rename(library(&bench), &first).expect("renamed");
    fs::copy(&first, &second).expect("copied");
    symlink("1.so", library(&bench)).expect("linked");
    bench.run(&["trust"]).good();
    emitted(&bench, &["emit", "x.y"]);

    let lead_to = |target: &str| {
        fs::remove_file(library(&bench)).expect("own file");
        symlink(target, library(&bench)).expect("linked");
    };
    lead_to("2.so");
    // The same content: but what it finds beside itself is another's.
    assert_refused(&bench, "work/2.so");
    append_to(&second);
    assert_refused(&bench, "work/2.so");
    lead_to("1.so");
    emitted(&bench, &["emit", "x.y"]);
}

#[test]
fn a_plugin_of_the_search_path_is_held_to_the_file_that_was_found() {
    let bench = Bench::with_policy(SEARCHED);
    let (early, late) = (bench.path().join("early"), bench.path().join("late"));
    for directory in [&early, &late] {
        fs::create_dir(directory).expect("made");
    }
    let late_library = late.join("libbucketing.so");
    fs::copy(built("libbucketing.so"), &late_library).expect("copied");
    let run = |arguments: &[&str]| {
        let search = std::env::join_paths([&early, &late]).expect("no colons");
        let mut command = bench.command(arguments);
        let output = command.env("AUDITHOOK_PLUGIN_PATH", search).output();
        let output = output.expect("runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let refused = || {
        let (status, said) = run(&["emit", "x.y"]);
        status != Some(0) && said.contains("the plugin is not the one that you trusted")
    };
    assert_eq!(run(&["trust"]).0, Some(0));
    assert_eq!(run(&["emit", "x.y"]).0, Some(0));

    let early_library = early.join("libbucketing.so");
    fs::copy(&late_library, &early_library).expect("copied");
    assert!(refused(), "another file is found first");
    fs::remove_file(&early_library).expect("own file");
    assert_eq!(run(&["emit", "x.y"]).0, Some(0));
    append_to(&late_library);
    assert!(refused(), "its content is another");
}

#[test]
fn a_pin_that_does_not_match_is_not_trusted() {
    let bench = Bench::with_policy(&format!("{BY_PATH}sha256 = \"{}\"\n", "0".repeat(64)));
    fs::copy(built("libbucketing.so"), library(&bench)).expect("copied");
    let said = bench.run(&["trust"]);
    assert_ne!(said.status, Some(0), "{said:?}");
    assert!(
        said.err.contains("its content is not the pinned one"),
        "{said:?}"
    );
    assert_eq!(bench.run(&["trust", "--list"]).good(), "");
}

/// Trust says that the code may be loaded, not that it may run in the supervisor.
#[test]
fn trust_does_not_stand_in_for_a_placement() {
    let bench =
        Bench::with_policy("version = 1\n[plugin.bucketing]\npath = \"./libbucketing.so\"\n");
    fs::copy(built("libbucketing.so"), library(&bench)).expect("copied");
    let said = bench.run(&["trust"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.contains("in a process of its own"), "{said:?}");
}

#[test]
fn a_record_whose_plugins_cannot_be_read_trusts_nothing() {
    let bench = bench();
    bench.run(&["trust"]).good();
    let store = bench.path().join("home/.local/state/audithook/trust");
    let record = fs::read_dir(store)
        .expect("a store")
        .next()
        .expect("a record")
        .expect("readable")
        .path();
    let whole = fs::read_to_string(&record).expect("read");
    let broken = whole.replacen(" plugin bucketing ", " plugin ", 1);
    fs::write(&record, &broken).expect("own file");
    for arguments in [&["emit", "x.y"][..], &["trust"], &["run", "--", "true"]] {
        let said = bench.run(arguments);
        assert!(matches!(said.status, Some(2 | 125)), "{said:?}");
        assert!(
            said.err.contains("the line of a plugin is broken"),
            "{said:?}"
        );
    }
    // One that says nothing of the plugin does not trust it.
    let (_, last) = whole.split_once('\n').expect("two lines");
    fs::write(&record, last).expect("own file");
    let said = bench.run(&["emit", "x.y"]);
    assert!(
        said.err.contains("the policy is not what you trusted"),
        "{said:?}"
    );
}

/// As root keeps another user's variables (`su`, `sudo -E`), which lead to what that user trusted.
#[test]
fn what_another_user_trusted_is_not_believed() {
    use std::os::unix::fs::chown;
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED what another user trusted: only root gives files away");
        return;
    }
    let bench = Bench::with_policy("version = 1\n");
    bench.run(&["trust"]).good();
    let home = bench.path().join("home");
    for strange in [&home, &home.join(".local/state/audithook/trust")] {
        bench.run(&["run", "--", "true"]).good();
        chown(strange, Some(65_533), None).expect("root may");
        let place = strange.strip_prefix(bench.path()).expect("below it");
        for arguments in [
            &["run", "--", "touch", "started"][..],
            &["trust"],
            &["trust", "--list"],
        ] {
            let said = bench.run(arguments);
            let fault = if arguments[0] == "run" { 125 } else { 2 };
            assert_eq!(said.status, Some(fault), "{arguments:?}: {said:?}");
            let message = format!(
                ": what is trusted may be somebody else's word: `[ROOT]/{}` belongs to another user: 65533\n\n\
                 hint: `XDG_STATE_HOME`, or `HOME`, leads to another user's directory (`su`, `sudo -E`): let it lead to your own\n",
                place.display()
            );
            assert!(said.err.ends_with(&message), "{arguments:?}: {said:?}");
        }
        chown(strange, Some(0), None).expect("root may");
    }
    assert!(!bench.work().join("started").exists());
}
