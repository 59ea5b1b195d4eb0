//! `audithook explain`

use crate::bench::Bench;

const POLICY: &str = r#"version = 1
[files]
read = ["./data", "./vault"]
write = ["./out/"]
deny = ["./vault", "**/*.pem"]
[network]
connect = ["api.example.com:443", "10.0.0.0/8:5432"]
deny = ["169.254.169.254"]
[[hook]]
name = "pickles-hold-data"
on = "pickle.find_class"
when = { module = ["os", "subprocess"] }
do = "deny"
reason = "a pickle may carry data, not functions"
[[hook]]
name = "large-orders"
on = "shop.*"
when = 'args.total > 100'
do = "deny"
[[hook]]
name = "anna"
on = "shop.order"
when = { customer = "anna*" }
do = "warn"
[[hook]]
name = "all-orders"
on = "shop.order"
do = "log"
"#;

#[test]
fn what_is_allowed_is_explained_by_the_entry_that_covers_it() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "open", "path=data/../data/x"]).all(), @"
    status: 0
    --- out ---
    allow  open path=[ROOT]/work/data/x flags=read

    rules that match:
      allow  files.read  hooks.toml:3  `./data`

    hint: it is refused once no entry covers it: `./data` (hooks.toml:3)
    ");
    insta::assert_snapshot!(bench.run(&["explain", "socket.connect", "host=10.1.2.3", "port=5432"]).all(), @"
    status: 0
    --- out ---
    allow  socket.connect host=10.1.2.3 port=5432 family=inet kind=stream

    rules that match:
      allow  network.connect  hooks.toml:7  `10.0.0.0/8:5432`

    hint: it is refused once no entry covers it: `10.0.0.0/8:5432` (hooks.toml:7)
    ");
}

#[test]
fn what_a_list_refuses_comes_with_the_line_that_would_allow_it() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "open", "path=/etc/hostname"]).all(), @r#"
    status: 1
    --- out ---
    deny  open path=/etc/hostname flags=read

    rules that match:
      deny   files.read  hooks.toml:3  nothing in it covers this

    hint: to allow it, add `"/etc/hostname"` to `[files] read` (hooks.toml:3)
    "#);
    insta::assert_snapshot!(bench.run(&["explain", "open", "path=data/x", "flags=read,write,create"]).all(), @r#"
    status: 1
    --- out ---
    deny  open path=[ROOT]/work/data/x flags=read,write,create

    rules that match:
      deny   files.write  hooks.toml:4  nothing in it covers this
      allow  files.read   hooks.toml:3  `./data`

    hint: to allow it, add `"[ROOT]/work/data/x"` to `[files] write` (hooks.toml:4)
    "#);
    insta::assert_snapshot!(bench.run(&["explain", "socket.connect", "host=PyPI.org.", "port=443"]).all(), @r#"
    status: 1
    --- out ---
    deny  socket.connect host=PyPI.org. port=443 family=inet kind=stream

    rules that match:
      deny   network.connect  hooks.toml:7  nothing in it covers this

    hint: to allow it, add `"pypi.org:443"` to `[network] connect` (hooks.toml:7)
    "#);
}

#[test]
fn what_a_deny_entry_protects_is_named_and_not_taught() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "open", "path=vault/key.pem"]).all(), @"
    status: 1
    --- out ---
    deny  open path=[ROOT]/work/vault/key.pem flags=read

    rules that match:
      deny   files.deny  hooks.toml:5  `./vault`
      deny   files.deny  hooks.toml:5  `**/*.pem`
      allow  files.read  hooks.toml:3  `./vault`

    hint: the entry `./vault` of `[files] deny` (hooks.toml:5) protects it

    hint: the entry `**/*.pem` of `[files] deny` (hooks.toml:5) protects it
    ");
    let said = bench.run(&["explain", "os.rename", "src=vault", "dst=out/vault"]);
    assert_eq!(said.status, Some(1));
    assert!(!said.out.contains("to allow it"), "{said:?}");
}

#[test]
fn hooks_are_judged_by_table_and_by_expression() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "pickle.find_class", "module=os", "name=system"]).all(), @"
    status: 1
    --- out ---
    deny  pickle.find_class module=os name=system
      a pickle may carry data, not functions

    rules that match:
      deny   hook.pickles-hold-data  hooks.toml:9

    hint: the hook `hook.pickles-hold-data` (hooks.toml:9) says so
    ");
    insta::assert_snapshot!(bench.run(&["explain", "shop.order", "total=500", "customer=annabel"]).all(), @"
    status: 1
    --- out ---
    deny  shop.order total=500 customer=annabel

    rules that match:
      deny   hook.large-orders  hooks.toml:15
      warn   hook.anna          hooks.toml:20
      log    hook.all-orders    hooks.toml:25

    hint: the hook `hook.large-orders` (hooks.toml:15) says so
    ");
    insta::assert_snapshot!(bench.run(&["explain", "shop.order", "total=5", "customer=annabel"]).all(), @"
    status: 0
    --- out ---
    warn  shop.order total=5 customer=annabel

    rules that match:
      warn   hook.anna        hooks.toml:20
      log    hook.all-orders  hooks.toml:25
    ");
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_closed_and_says_so() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "shop.order", "customer=bob"]).all(), @"
    status: 1
    --- out ---
    deny  shop.order customer=bob
      the hook reported an error: the condition failed: No such key: total

    rules that match:
      deny   hook.large-orders  hooks.toml:15  the hook reported an error: the condition failed: No such key: total
      log    hook.all-orders    hooks.toml:25

    hint: the hook `hook.large-orders` (hooks.toml:15) says so
    ");
}

#[test]
fn modes_soften_and_say_what_they_softened() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "--mode", "warn", "-c", "hooks.toml", "open", "path=/etc/hostname"]).all(), @r#"
    status: 0
    --- out ---
    warn  open path=/etc/hostname flags=read
      would deny: `mode = "warn"` softens it

    rules that match:
      deny   files.read  hooks.toml:3  nothing in it covers this

    hint: to allow it, add `"/etc/hostname"` to `[files] read` (hooks.toml:3)
    "#);
    insta::assert_snapshot!(bench.run(&["explain", "--mode", "off", "-c", "hooks.toml", "open", "path=/etc/hostname"]).all(), @r#"
    status: 0
    --- out ---
    allow  open path=/etc/hostname flags=read

    rules that match:
      deny   files.read  hooks.toml:3  nothing in it covers this

    hint: `mode = "off"` judges nothing
    "#);
}

#[test]
fn flags_alone_are_a_policy() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["explain", "--read", "data", "--no-network", "socket.connect", "host=localhost", "port=80"]).all(), @"
    status: 1
    --- out ---
    deny  socket.connect host=localhost port=80 family=inet kind=stream

    rules that match:
      deny   network.connect  --no-network  nothing in it covers this

    hint: to allow it, give `--connect localhost:80` in the place of `--no-network`
    ");
    insta::assert_snapshot!(bench.run(&["explain", "--read", "data", "open", "path=/etc/hostname"]).all(), @"
    status: 1
    --- out ---
    deny  open path=/etc/hostname flags=read

    rules that match:
      deny   files.read  --read  nothing in it covers this

    hint: to allow it, add `--read /etc/hostname`
    ");
}

#[test]
fn the_explanation_is_data_too() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["explain", "open", "path=vault/key", "--format", "json"]).all(), @r#"
    status: 1
    --- out ---
    {
      "event": "open",
      "verdict": "deny",
      "mode": "enforce",
      "recorded": true,
      "fail_open": false,
      "rules": [
        {
          "id": "files.deny",
          "at": "hooks.toml:5",
          "entry": "./vault"
        }
      ],
      "matched": [
        {
          "effect": "deny",
          "id": "files.deny",
          "at": "hooks.toml:5",
          "entry": "./vault"
        },
        {
          "effect": "allow",
          "id": "files.read",
          "at": "hooks.toml:3",
          "entry": "./vault"
        }
      ],
      "changes": [
        "the entry `./vault` of `[files] deny` (hooks.toml:5) protects it"
      ]
    }
    "#);
}

#[test]
fn mistakes_are_said_with_their_remedy() {
    let bench = Bench::with_policy(POLICY);
    for (arguments, snapshot) in [
        (&["explain", "open", "pth=/x"][..], "a_misspelt_argument"),
        (&["explain", "open", "/x"], "no_argument"),
        (&["explain", "socket.connect", "port=http"], "a_bad_number"),
        (
            &["explain", "shop.order", "total:number=5"],
            "an_unknown_kind",
        ),
        (
            &["explain", "open", "path=/x", "path=/y"],
            "an_argument_twice",
        ),
        (
            &["explain", "--journal", "none.jsonl", "--seq", "1"],
            "no_journal",
        ),
    ] {
        let said = bench.run(arguments);
        assert_eq!(said.status, Some(2), "{said:?}");
        insta::assert_snapshot!(snapshot, said.all());
    }
    insta::assert_snapshot!(Bench::new().run(&["explain", "open", "path=/x"]).all(), @"
    status: 2
    --- err ---
    error: there is no policy: no `-c`, no `hooks.toml` here, and no flags that make one

    hint: `audithook init` writes one to start from; `audithook run --observe` refuses nothing and only records
    ");
}

#[test]
fn a_recorded_event_is_judged_again() {
    let bench = Bench::with_policy(POLICY);
    let work = bench.work();
    let line = format!(
        r#"{{"v":1,"run":"R","seq":7,"time":"2026-01-02T03:04:05.000000000Z","proc":"4.1","pid":4,"tid":4,"sources":["cpython"],"event":"open","args":{{"path":"{}/vault/key","raw":"vault/key","flags":["read"]}},"verdict":"allow","rules":[],"generation":1}}"#,
        work.display()
    );
    bench.write("old.jsonl", &format!("{line}\n"));
    insta::assert_snapshot!(bench.run(&["explain", "--journal", "old.jsonl", "--seq", "7"]).all(), @"
    status: 1
    --- out ---
    deny  open flags=read path=[ROOT]/work/vault/key
      the journal has: allow

    rules that match:
      deny   files.deny  hooks.toml:5  `./vault`
      allow  files.read  hooks.toml:3  `./vault`

    hint: the entry `./vault` of `[files] deny` (hooks.toml:5) protects it
    ");
    insta::assert_snapshot!(bench.run(&["explain", "--journal", "old.jsonl", "--seq", "8"]).all(), @"
    status: 2
    --- err ---
    error: no such event in `old.jsonl`: `8`
    ");
}

#[test]
fn of_several_runs_in_a_journal_the_last_is_explained_unless_one_is_chosen() {
    let bench = Bench::with_policy(POLICY);
    let line = |run: &str, name: &str| {
        format!(
            r#"{{"v":1,"run":"{run}","seq":7,"time":"2026-01-02T03:04:05.000000000Z","proc":"4.1","pid":4,"tid":4,"sources":["cpython"],"event":"open","args":{{"path":"{}/{name}","raw":"{name}","flags":["read"]}},"verdict":"allow","rules":[],"generation":1}}"#,
            bench.work().display()
        )
    };
    let lines = [line("A", "vault/key"), line("B", "free")].join("\n");
    bench.write("runs.jsonl", &(lines + "\n"));
    let explain = |more: &[&str]| {
        let words = ["explain", "--journal", "runs.jsonl", "--seq", "7"];
        bench.run(&[&words[..], more].concat()).all()
    };
    insta::assert_snapshot!(explain(&[]), @r#"
    status: 1
    --- out ---
    deny  open flags=read path=[ROOT]/work/free
      the journal has: allow

    rules that match:
      deny   files.read  hooks.toml:3  nothing in it covers this

    hint: to allow it, add `"[ROOT]/work/free"` to `[files] read` (hooks.toml:3)
    --- err ---
    audithook: `7` of the run `B`, the last of 2 that have one: `--run` chooses another
    "#);
    insta::assert_snapshot!(explain(&["--run", "A"]), @"
    status: 1
    --- out ---
    deny  open flags=read path=[ROOT]/work/vault/key
      the journal has: allow

    rules that match:
      deny   files.deny  hooks.toml:5  `./vault`
      allow  files.read  hooks.toml:3  `./vault`

    hint: the entry `./vault` of `[files] deny` (hooks.toml:5) protects it
    ");
    insta::assert_snapshot!(explain(&["--run", "C"]), @"
    status: 2
    --- err ---
    error: no such event in `runs.jsonl`: `7` of the run `C`
    ");
    let log = bench.run(&["log", "runs.jsonl", "--run", "A"]).all();
    assert!(log.contains("vault/key") && !log.contains("free"), "{log}");
}

#[test]
fn another_name_of_a_denied_file_is_denied() {
    let bench = Bench::with_policy("version = 1\n[files]\ndeny = [\"./vault/key\"]\n");
    std::fs::create_dir(bench.work().join("vault")).expect("made");
    let key = bench.write("vault/key", "secret");
    std::fs::hard_link(&key, bench.work().join("data/alias")).expect("linked");
    std::os::unix::fs::symlink(&key, bench.work().join("data/link")).expect("linked");
    for path in ["path=data/alias", "path=data/link"] {
        let said = bench.run(&["explain", "open", path]);
        assert_eq!(said.status, Some(1), "{path}: {said:?}");
    }
}

/// What is renamed is changed in both places.
#[test]
fn a_hint_names_both_paths_of_a_renaming() {
    let bench = Bench::new();
    let rename = ["os.rename", "src=a", "dst=b"];
    let said = bench.run(&[&["explain", "--write", "./out/"][..], &rename].concat());
    let hint = "hint: to allow it, add `--write [ROOT]/work/a --write [ROOT]/work/b`\n";
    assert!(said.out.ends_with(hint), "{said:?}");
    bench.write("hooks.toml", "version = 1\n[files]\nwrite = [\"./out/\"]\n");
    let said = bench.run(&[&["explain", "-c", "hooks.toml"][..], &rename].concat());
    let hint = "hint: to allow it, add `\"[ROOT]/work/a\", \"[ROOT]/work/b\"` to `[files] write` (hooks.toml:3)\n";
    assert!(said.out.ends_with(hint), "{said:?}");
}

#[test]
fn a_slip_in_an_event_is_wrong_usage() {
    let bench = Bench::new();
    for command in ["explain", "emit"] {
        let said = bench.run(&[command, "--read", ".", "opne", "path=x"]);
        assert_eq!(said.status, Some(2), "{said:?}");
        assert_eq!(
            said.err,
            "error: no event of the catalogue: `opne`\n\nhint: did you mean `open`?\n"
        );
        for own in ["shop.order", "shop.kill"] {
            let own = bench.run(&[command, "--read", ".", own, "id=1"]);
            assert_eq!((own.status, own.err.as_str()), (Some(0), ""), "{own:?}");
        }
    }
}

#[test]
fn an_event_that_a_hook_is_on_is_no_slip() {
    let bench =
        Bench::with_policy("version = 1\n[[hook]]\nname = \"own\"\non = \"opne\"\ndo = \"deny\"\n");
    let said = bench.run(&["explain", "-c", "hooks.toml", "opne"]);
    assert_eq!(said.status, Some(1), "{said:?}");
}

#[test]
fn an_event_is_not_judged_without_what_it_is_about() {
    let bench = Bench::new();
    for (event, message) in [
        (
            &["open"][..],
            "error: missing: `path`\n\nhint: `open` has `path`, `raw`, `flags`\n",
        ),
        (&["open", "flags=read"], "error: missing: `path`\n"),
        (&["os.rename", "src=a"], "error: missing: `dst`\n"),
        (
            &["socket.connect", "port=80"],
            "error: missing: `host` or `path`\n",
        ),
        (&["os.system"], "error: missing: `command` or `path`\n"),
    ] {
        for command in ["explain", "emit"] {
            let said = bench.run(&[&[command, "--read", "."], event].concat());
            assert_eq!(said.status, Some(2), "{said:?}");
            assert!(said.err.starts_with(message), "{said:?}");
        }
    }
}

#[test]
fn a_program_without_a_slash_is_looked_up() {
    let bench = Bench::new();
    let explain = ["explain", "--exec", "/bin/sh", "subprocess.Popen"];
    let said = bench.run(&[&explain[..], &["path=sh"]].concat());
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(
        said.out.contains("/bin/sh") || said.out.contains("/bin/dash"),
        "{said:?}"
    );
    let here = bench.run(&[&explain[..], &["path=./sh"]].concat());
    assert_eq!(here.status, Some(1), "{here:?}");
    let unknown = bench.run(&[&explain[..], &["path=no-such-program"]].concat());
    assert_eq!(unknown.status, Some(2), "{unknown:?}");
    assert_eq!(
        unknown.err,
        "error: no such program in `PATH`: `no-such-program`\n\nhint: a path has a slash\n"
    );
}

#[test]
fn a_policy_that_cannot_be_used_is_no_refusal() {
    let bench = Bench::new();
    bench.write("broken.toml", "version = 1\n[fils]\n");
    bench.write(
        "plugin.toml",
        "version = 1\n[plugin.nowhere]\nplacement = \"supervisor\"\n",
    );
    for policy in ["broken.toml", "plugin.toml"] {
        for command in ["explain", "emit"] {
            let said = bench.run(&[command, "-c", policy, "open", "path=x"]);
            assert_eq!(said.status, Some(2), "{policy}: {said:?}");
            assert_eq!(said.out, "");
            assert!(said.err.contains("error"), "{said:?}");
        }
    }
}
