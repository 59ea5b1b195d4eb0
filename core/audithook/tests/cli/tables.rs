//! `audithook test`

use crate::bench::Bench;

const POLICY: &str = r#"version = 1
[files]
read = ["./data"]
[network]
connect = ["api.example.com:443"]
deny = ["169.254.169.254"]
[[hook]]
name = "large-orders"
on = "shop.order"
when = 'args["0"] > 100'
do = "deny"
"#;

#[test]
fn tests_pass_and_fail_with_their_place() {
    let bench = Bench::with_policy(&format!(
        r#"{POLICY}
[[test]]
event = "socket.connect"
args = {{ host = "169.254.169.254", port = 80 }}
expect = "deny"
rule = "network.deny"
[[test]]
event = "shop.order"
args = {{ 0 = 500 }}
expect = "deny"
rule = "hook.large-orders"
[[test]]
event = "open"
args = {{ path = "./data/x" }}
expect = "deny"
[[test]]
event = "open"
args = {{ path = "/etc/hostname" }}
expect = "deny"
rule = "files.deny"
"#
    ));
    insta::assert_snapshot!(bench.run(&["test"]).all(), @"
    status: 1
    --- out ---
    ok    socket.connect host=169.254.169.254 port=80 family=inet kind=stream  deny by `network.connect` (hooks.toml:5)
    ok    shop.order 0=500  deny by `hook.large-orders` (hooks.toml:7)
    FAIL  open path=[ROOT]/work/data/x flags=read
          hooks.toml:23: expected deny, got allow
    FAIL  open path=/etc/hostname flags=read
          hooks.toml:27: expected deny by `files.deny`, got deny by `files.read` (hooks.toml:3)

    2 passed, 2 failed
    ");
    insta::assert_snapshot!(bench.run(&["test", "hooks.toml", "--format", "json"]).all(), @r#"
    status: 1
    --- out ---
    [
      {
        "at": "hooks.toml:13",
        "event": "socket.connect host=169.254.169.254 port=80 family=inet kind=stream",
        "passed": true,
        "expected": {
          "verdict": "deny",
          "rule": "network.deny"
        },
        "got": {
          "verdict": "deny",
          "rule": "network.connect",
          "at": "hooks.toml:5"
        }
      },
      {
        "at": "hooks.toml:18",
        "event": "shop.order 0=500",
        "passed": true,
        "expected": {
          "verdict": "deny",
          "rule": "hook.large-orders"
        },
        "got": {
          "verdict": "deny",
          "rule": "hook.large-orders",
          "at": "hooks.toml:7"
        }
      },
      {
        "at": "hooks.toml:23",
        "event": "open path=[ROOT]/work/data/x flags=read",
        "passed": false,
        "expected": {
          "verdict": "deny"
        },
        "got": {
          "verdict": "allow"
        }
      },
      {
        "at": "hooks.toml:27",
        "event": "open path=/etc/hostname flags=read",
        "passed": false,
        "expected": {
          "verdict": "deny",
          "rule": "files.deny"
        },
        "got": {
          "verdict": "deny",
          "rule": "files.read",
          "at": "hooks.toml:3"
        }
      }
    ]
    "#);
}

#[test]
fn a_policy_without_tests_says_so() {
    let bench = Bench::with_policy(POLICY);
    insta::assert_snapshot!(bench.run(&["test"]).all(), @"
    status: 0
    --- err ---
    there is no [[test]] in hooks.toml
    ");
}

#[test]
fn the_policy_that_init_writes_passes_its_own_tests() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["init"]).status, Some(0));
    let said = bench.run(&["test"]);
    assert_eq!(said.status, Some(0), "{said:?}");
}

#[test]
fn a_journal_shows_what_would_be_judged_otherwise() {
    let bench = Bench::with_policy(POLICY);
    let allow = r#""verdict":"allow","rules":[]"#;
    let deny = r#""verdict":"deny","rules":[{"id":"files.read","at":"hooks.toml:3"}]"#;
    let journal = [
        line(1, "process.start", r#"{"argv":["x"]}"#, allow),
        line(
            2,
            "open",
            r#"{"path":"/etc/hostname","flags":["read"]}"#,
            allow,
        ),
        line(
            3,
            "open",
            r#"{"path":"/etc/hostname","flags":["read"]}"#,
            deny,
        ),
        line(
            4,
            "open",
            r#"{"path":"/etc/hostname","flags":["read"]}"#,
            r#""startup":true,"verdict":"allow","rules":[]"#,
        ),
        line(5, "shop.order", r#"{"0":500}"#, allow),
        line(
            6,
            "socket.connect",
            r#"{"host":"93.184.216.34","port":443,"family":"inet","kind":"stream"}"#,
            allow,
        ),
        line(
            7,
            "socket.connect",
            r#"{"host":"169.254.169.254","port":443,"family":"inet","kind":"stream"}"#,
            allow,
        ),
    ];
    bench.write("old.jsonl", &journal.concat());
    insta::assert_snapshot!(bench.run(&["test", "--journal", "old.jsonl"]).all(), @"
    status: 1
    --- out ---
    seq 2  open flags=read path=/etc/hostname
      was allow, would be deny by `files.read` (hooks.toml:3)
    seq 5  shop.order 0=500
      was allow, would be deny by `hook.large-orders` (hooks.toml:7)
    seq 7  socket.connect family=inet host=169.254.169.254 kind=stream port=443
      was allow, would be deny by `network.connect` (hooks.toml:5)

    4 judged, 3 differ, 3 not judged
    --- err ---
    not judged: what an interpreter does to start, what audithook tells of itself, and what only the process knew
    ");
    let replay = bench
        .run(&["test", "--journal", "old.jsonl", "--format", "json"])
        .json();
    assert_eq!(replay["judged"], 4);
    assert_eq!(
        bench.run(&["test", "--journal", "none.jsonl"]).status,
        Some(2)
    );
}

/// As in a run: importlib lists the directory of the program, whatever the program wants.
#[test]
fn a_journal_is_judged_with_what_a_run_lets_the_interpreter_do() {
    let bench = Bench::with_policy("version = 1\n[files]\nread = [\"./app.py\"]\n");
    let work = bench.work().display().to_string();
    let allow = r#""verdict":"allow","rules":[]"#;
    let listing = |path: &str| format!(r#"{{"path":"{path}","raw":"{path}"}}"#);
    let journal = [
        line(1, "process.start", &format!(r#"{{"cwd":"{work}"}}"#), allow),
        line(2, "cpython.run_file", r#"{"filename":"app.py"}"#, allow),
        line(3, "os.listdir", &listing(&work), allow),
        line(4, "os.listdir", &listing(&format!("{work}/data")), allow),
    ];
    bench.write("old.jsonl", &journal.concat());
    let said = bench.run(&["test", "--journal", "old.jsonl"]);
    assert!(!said.out.contains("seq 3 "), "{said:?}");
    assert!(said.out.contains("seq 4 "), "{said:?}");
    // Reading what lies there is the program's own doing.
    let open = format!(r#"{{"path":"{work}/other","raw":"other","flags":["read"]}}"#);
    let journal = [journal.concat(), line(5, "open", &open, allow)];
    bench.write("old.jsonl", &journal.concat());
    let said = bench.run(&["test", "--journal", "old.jsonl"]);
    assert!(said.out.contains("seq 5 "), "{said:?}");
}

/// A line of a journal, with its verdict and rules in `rest`.
fn line(seq: u32, event: &str, args: &str, rest: &str) -> String {
    format!(
        r#"{{"v":1,"run":"R","seq":{seq},"time":"2026-01-02T03:04:05.000000000Z","proc":"4.1","pid":4,"tid":4,"sources":["cpython"],"event":"{event}","args":{args},"generation":1,{rest}}}"#
    ) + "\n"
}

/// A test that no source's event could ever be says nothing: it is a mistake of the file, for `check` as for `test`.
#[test]
fn a_test_of_what_no_event_has_is_a_mistake() {
    for (test, said, hint) in [
        (
            "event = \"open\"\nargs = { paht = \"x\" }",
            "no such argument of `open`: `paht`",
            "did you mean `path`?",
        ),
        (
            "event = \"open\"\nargs = { path = \"x\", flags = [\"wirte\"] }",
            "no flag of `open`: `wirte`",
            "did you mean `write`?",
        ),
        ("event = \"open\"", "missing: `path`", "`open` has"),
        (
            "event = \"socket.connect\"\nargs = { host = \"api.example.com:443\" }",
            "a host with its port: `api.example.com:443`",
            "the port is an argument of its own: `host` is `api.example.com`, `port` is 443",
        ),
    ] {
        let bench = Bench::with_policy(&format!(
            "version = 1\n[files]\ndeny = [\"./x\"]\n[[test]]\n{test}\nexpect = \"deny\"\n"
        ));
        for command in ["test", "check"] {
            let refused = bench.run(&[command, "hooks.toml"]);
            assert_eq!(refused.status, Some(1), "{refused:?}");
            assert!(refused.all().contains(said), "{refused:?}");
            assert!(refused.all().contains(hint), "{refused:?}");
        }
    }
    let explained = Bench::with_policy("version = 1\n[network]\nconnect = \"none\"\n").run(&[
        "explain",
        "-c",
        "hooks.toml",
        "socket.connect",
        "host=api.example.com:443",
    ]);
    assert!(explained.err.contains("`port` is 443"), "{explained:?}");
}
