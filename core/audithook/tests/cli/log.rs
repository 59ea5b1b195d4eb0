//! `audithook log`

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::bench::Bench;

fn line(seq: u32, event: &str, args: &str, verdict: &str) -> String {
    let rules = if verdict == "allow" {
        ""
    } else {
        r#"{"id":"files.deny","at":"hooks.toml:7"}"#
    };
    format!(
        r#"{{"v":1,"run":"R","seq":{seq},"time":"2026-01-02T03:04:0{seq}.000000000Z","proc":"{pid}.1","pid":{pid},"tid":4,"sources":["cpython"],"event":"{event}","args":{args},"verdict":"{verdict}","rules":[{rules}],"generation":1}}"#,
        pid = 4000 + seq % 2,
    ) + "\n"
}

fn journal() -> String {
    [
        line(1, "open", r#"{"path":"/srv/a","flags":["read"]}"#, "allow"),
        line(
            2,
            "open",
            r#"{"path":"/srv/\u001b[2J","flags":["read"]}"#,
            "deny",
        ),
        line(
            3,
            "socket.connect",
            r#"{"host":"pypi.org","port":443}"#,
            "deny",
        ),
    ]
    .concat()
}

#[test]
fn lines_are_shown_aligned_and_without_tricks() {
    let bench = Bench::new();
    bench.write("out.jsonl", &journal());
    insta::assert_snapshot!(bench.run(&["log", "out.jsonl"]).all(), @r#"
    status: 0
    --- out ---
    2026-01-02 03:04:01.000    4001 allow open                   /srv/a ["read"]
    2026-01-02 03:04:02.000    4000 deny  open                   /srv/\u{1b}[2J ["read"]  [files.deny (hooks.toml:7)]
    2026-01-02 03:04:03.000    4001 deny  socket.connect         pypi.org:443  [files.deny (hooks.toml:7)]
    "#);
    assert_eq!(
        bench.feed(&["log", "-"], &journal()).out,
        bench.run(&["log", "out.jsonl"]).out
    );
}

#[test]
fn filters_leave_what_matches_all_of_them() {
    let bench = Bench::new();
    bench.write("out.jsonl", &journal());
    let count = |arguments: &[&str]| {
        let arguments: Vec<_> = ["log", "out.jsonl"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        bench.run(&arguments).good().lines().count()
    };
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--verdict", "deny"]), 2);
    assert_eq!(count(&["--verdict", "deny", "--event", "socket.*"]), 1);
    assert_eq!(count(&["--event", "socket.*", "--event", "open"]), 3);
    assert_eq!(count(&["--proc", "4001"]), 2);
    assert_eq!(count(&["--proc", "4001.1"]), 2);
    assert_eq!(count(&["--since", "3"]), 1);
    assert_eq!(count(&["--since", "2026-01-02T03:04:02Z"]), 2);
    assert_eq!(count(&["--since", "1h"]), 0);
    insta::assert_snapshot!(bench.run(&["log", "out.jsonl", "--since", "yesterday"]).all(), @"
    status: 2
    --- err ---
    error: the start is not understood: `yesterday`

    hint: a time (`2026-01-02T03:04:05Z`), a day (`2026-01-02`), a span (`10m`, `2h`, `3d`) or a number of the journal (`seq:1700`)
    ");
}

#[test]
fn json_is_passed_through_as_it_is() {
    let bench = Bench::new();
    bench.write("out.jsonl", &journal());
    assert_eq!(
        bench.run(&["log", "out.jsonl", "--format", "json"]).good(),
        journal()
    );
}

#[test]
fn what_is_left_out_is_said() {
    let bench = Bench::new();
    let text = format!("nonsense\n{}{{\"v\":1,", journal());
    bench.write("out.jsonl", &text);
    let said = bench.run(&["log", "out.jsonl"]);
    assert_eq!(said.good().lines().count(), 3);
    insta::assert_snapshot!(said.err, @"
    audithook: left out 1: no line of a journal
    audithook: left out 1: cut at the end: the run crashed, or is still writing
    ");
}

#[test]
fn what_is_no_journal_at_all_is_refused() {
    let bench = Bench::with_policy("version = 1\n");
    insta::assert_snapshot!(bench.run(&["log", "hooks.toml"]).all(), @"
    status: 2
    --- err ---
    error: not a journal: `hooks.toml`

    hint: a journal is what `run --journal` or `[journal] path` wrote
    ");
    bench.write("empty.jsonl", "");
    assert_eq!(bench.run(&["log", "empty.jsonl"]).good(), "");
}

#[test]
fn the_newest_journal_is_the_default() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["log"]).all(), @"
    status: 2
    --- err ---
    error: no journal in `[ROOT]/home/.local/state/audithook`

    hint: name the file that `run --journal` or `[journal] path` wrote
    ");
    let directory = bench.path().join("home/.local/state/audithook");
    std::fs::create_dir_all(&directory).expect("made");
    std::fs::write(directory.join("B.jsonl"), journal()).expect("written");
    std::fs::write(directory.join("A.jsonl"), line(9, "open", "{}", "allow")).expect("written");
    let old = std::fs::File::options()
        .append(true)
        .open(directory.join("B.jsonl"))
        .expect("open");
    old.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .expect("set");
    assert_eq!(bench.run(&["log"]).good().lines().count(), 1);
    insta::assert_snapshot!(bench.run(&["log", "none.jsonl"]).all(), @"
    status: 2
    --- err ---
    error: the journal cannot be opened: `none.jsonl`: no such file or directory
    ");
}

#[test]
fn a_journal_that_grows_is_followed_through_its_rotation() {
    let bench = Bench::new();
    let path = bench.write("out.jsonl", &journal());
    let mut child = bench
        .command(&["log", "out.jsonl", "--follow", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || lines.next().expect("a line").expect("read");
    for seq in 1..=3 {
        assert!(next().contains(&format!("\"seq\":{seq}")));
    }
    let append = |text: String| {
        let mut file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(&path)
            .expect("open");
        file.write_all(text.as_bytes()).expect("written");
    };
    append(line(4, "open", "{}", "allow"));
    assert!(next().contains("\"seq\":4"));
    std::fs::rename(&path, bench.work().join("out.jsonl.1")).expect("renamed");
    append(line(5, "open", "{}", "allow"));
    assert!(next().contains("\"seq\":5"));
    child.kill().expect("killed");
    child.wait().expect("ended");
}
