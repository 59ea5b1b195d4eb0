//! What a person reads who made a mistake: file, line, column, caret, and what to do.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::place::Place;

fn said(text: &str) -> String {
    Place::new().said(text)
}

#[test]
fn a_syntax_error() {
    let text = r#"version = 1
[files]
read = ["a"
write = []"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:1: error: not TOML: missing comma between array elements, expected `,`
      |
    4 | write = []
      | ^
    "#);
}

#[test]
fn two_syntax_errors_are_both_shown() {
    let text = r#"version = 1
mode = 
lock = tru
"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:8: error: not TOML: string values must be quoted, expected literal string
      |
    2 | mode = 
      |        ^

    hooks.toml:3:8: error: not TOML: invalid boolean, expected `true`
      |
    3 | lock = tru
      |        ^^^
    "#);
}

#[test]
fn a_file_without_an_end() {
    let text = "version = 1\nextends = [\"/dev/zero\"]";
    assert!(
        said(text).contains("cannot read `/dev/zero`: it is larger than 16 MiB"),
        "{}",
        said(text)
    );
}

#[test]
fn a_duplicate_key() {
    let text = r#"version = 1
[files]
read = []
read = []"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:1: error: not TOML: `read` stands here for the second time
      |
    4 | read = []
      | ^^^^

    hint: put both under the first one: a table or a key is written once
    "#);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let text = r#"version = 1
[files]
raed = ["."]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:1: error: unknown key: `raed`
      |
    3 | raed = ["."]
      | ^^^^

    hint: did you mean `read`?
    "#);
}

#[test]
fn an_unknown_table_names_the_nearest() {
    let text = r#"version = 1
[netwrok]
connect = []"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:2: error: unknown table: `netwrok`
      |
    2 | [netwrok]
      |  ^^^^^^^

    hint: did you mean `network`?
    "#);
}

#[test]
fn a_key_in_the_wrong_table_names_the_right_one() {
    let text = r#"version = 1
[files]
connect = []
mode = "warn""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:1: error: unknown key: `connect`
      |
    3 | connect = []
      | ^^^^^^^

    hint: `connect` belongs in `[network]`

    hooks.toml:4:1: error: unknown key: `mode`
      |
    4 | mode = "warn"
      | ^^^^

    hint: `mode` belongs at the top, before the first table
    "#);
}

#[test]
fn a_wrong_type_says_what_is_wanted() {
    let text = r#"version = 1
lock = "yes"
[files]
read = 5
deny = [1, "a"]
[limits]
memory = true"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:8: error: wrong type for `lock`: a text
      |
    2 | lock = "yes"
      |        ^^^^^ `true` or `false` is wanted

    hooks.toml:4:8: error: wrong type for `read`: a number
      |
    4 | read = 5
      |        ^ a list of texts, `"any"` or `"none"` is wanted

    hooks.toml:5:9: error: wrong type for `deny`: a number
      |
    5 | deny = [1, "a"]
      |         ^ a text is wanted

    hooks.toml:7:10: error: wrong type for `memory`: `true`
      |
    7 | memory = true
      |          ^^^^ a text with a unit, or a whole number is wanted
    "#);
}

#[test]
fn a_missing_version() {
    let text = r#"[files]
read = ["."]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:1:1: error: no `version`
      |
    1 | [files]
      | ^

    hint: begin the file with `version = 1`
    "#);
}

#[test]
fn a_version_of_the_future() {
    let text = r#"version = 2"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:1:11: error: unknown version: `2`
      |
    1 | version = 2
      |           ^

    hint: this audithook reads `version = 1`
    "#);
}

#[test]
fn a_bad_mode() {
    let text = r#"version = 1
mode = "enforced""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:8: error: unknown value for `mode`: `enforced`
      |
    2 | mode = "enforced"
      |        ^^^^^^^^^^

    hint: did you mean `enforce`?
    "#);
}

#[test]
fn a_bad_verdict() {
    let text = r#"version = 1
[[hook]]
on = "open"
do = "dney""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:6: error: unknown value for `do`: `dney`
      |
    4 | do = "dney"
      |      ^^^^^^

    hint: did you mean `deny`?
    "#);
}

#[test]
fn a_bad_glob() {
    let text = r#"version = 1
[files]
read = ["/srv/**.txt", "/srv/[a"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: bad glob: `/srv/**.txt`: `**` stands alone between slashes
      |
    3 | read = ["/srv/**.txt", "/srv/[a"]
      |         ^^^^^^^^^^^^^

    hint: `*` stops at `/`, `**` is any number of directories, `?` is one character, `[a-z]` one of a range, `{a,b}` one of several; `\` takes their meaning away

    hooks.toml:3:24: error: bad glob: `/srv/[a`: a bracket is not closed
      |
    3 | read = ["/srv/**.txt", "/srv/[a"]
      |                        ^^^^^^^^^

    hint: `*` stops at `/`, `**` is any number of directories, `?` is one character, `[a-z]` one of a range, `{a,b}` one of several; `\` takes their meaning away
    "#);
}

#[test]
fn a_glob_that_means_one_directory_is_a_warning() {
    let text = r#"version = 1
[files]
deny = ["*.pem"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: warning: a glob that means one directory only: `*.pem`
      |
    3 | deny = ["*.pem"]
      |         ^^^^^^^

    hint: `**/*.pem` means it everywhere, `./*.pem` says that this directory is meant
    "#);
}

#[test]
fn a_bad_network() {
    let text = r#"version = 1
[network]
connect = ["10.0.0.1/8:80", "10.0.0.0/40"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:12: error: bad network: `10.0.0.1/8`
      |
    3 | connect = ["10.0.0.1/8:80", "10.0.0.0/40"]
      |            ^^^^^^^^^^^^^^^

    hint: the address has bits beyond the prefix: write `10.0.0.0/8` or `10.0.0.1`

    hooks.toml:3:29: error: bad network: `10.0.0.0/40`
      |
    3 | connect = ["10.0.0.1/8:80", "10.0.0.0/40"]
      |                             ^^^^^^^^^^^^^

    hint: the prefix is a number from 0 to 32
    "#);
}

#[test]
fn a_bad_port() {
    let text = r#"version = 1
[network]
connect = ["example.com:https", "example.com:70000"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:12: error: bad port: `https`
      |
    3 | connect = ["example.com:https", "example.com:70000"]
      |            ^^^^^^^^^^^^^^^^^^^

    hint: a port is a number up to 65535, a range is written `8000-8010`

    hooks.toml:3:33: error: bad port: `70000`
      |
    3 | connect = ["example.com:https", "example.com:70000"]
      |                                 ^^^^^^^^^^^^^^^^^^^

    hint: a port is a number up to 65535, a range is written `8000-8010`
    "#);
}

#[test]
fn a_port_range_that_runs_backwards() {
    let text = r#"version = 1
[network]
bind = ["127.0.0.1:8010-8000"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: a port range that runs backwards: `8010-8000`
      |
    3 | bind = ["127.0.0.1:8010-8000"]
      |         ^^^^^^^^^^^^^^^^^^^^^

    hint: write `8000-8010`
    "#);
}

#[test]
fn a_url_for_a_host() {
    let text = r#"version = 1
[network]
connect = ["https://api.example.com/v1"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:12: error: a URL, not a host: `https://api.example.com/v1`
      |
    3 | connect = ["https://api.example.com/v1"]
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    hint: write `api.example.com:443`
    "#);
}

#[test]
fn a_star_inside_a_label() {
    let text = r#"version = 1
[network]
connect = ["api*.example.com"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:12: error: a `*` that does not stand for whole labels: `api*.example.com`
      |
    3 | connect = ["api*.example.com"]
      |            ^^^^^^^^^^^^^^^^^^

    hint: `*.example.com` is every name below example.com, `*` is every host
    "#);
}

#[test]
fn an_undefined_variable() {
    let text = r#"version = 1
[files]
read = ["${DATA_DIR}/in"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: undefined variable: `DATA_DIR`
      |
    3 | read = ["${DATA_DIR}/in"]
      |         ^^^^^^^^^^^^^^^^

    hint: give it a default: `${DATA_DIR:-…}`
    "#);
}

#[test]
fn the_home_of_somebody_else() {
    let text = r#"version = 1
[files]
read = ["~root/in"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: the home of another user: `~root`
      |
    3 | read = ["~root/in"]
      |         ^^^^^^^^^^

    hint: write the path out; a file of that name is `./~…`
    "#);
}

#[test]
fn an_exception_outside_deny() {
    let text = r#"version = 1
[files]
read = [".", "!secret"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:14: error: `!` outside `deny`: `!secret`
      |
    3 | read = [".", "!secret"]
      |              ^^^^^^^^^

    hint: `!` takes an entry out of a `deny` list; leave the entry out of this one
    "#);
}

#[test]
fn any_inside_a_list() {
    let text = r#"version = 1
[files]
read = ["any"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: `any` stands for a whole list
      |
    3 | read = ["any"]
      |         ^^^^^

    hint: write it without brackets: `= "any"`
    "#);
}

#[test]
fn a_set_that_does_not_exist() {
    let text = r#"version = 1
[files]
read = ["@pyhton"]
write = ["@python"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: unknown set: `@pyhton`
      |
    3 | read = ["@pyhton"]
      |         ^^^^^^^^^

    hint: did you mean `@python`? A file of that name is `./@pyhton`

    hooks.toml:4:10: error: `@python` has no meaning in this list
      |
    4 | write = ["@python"]
      |          ^^^^^^^^^

    hint: `@python` belongs in `[files] read` and `[process] exec`, `@program` in `read`, `@venv` in `read` and `write`
    "#);
}

#[test]
fn two_hooks_of_one_name() {
    let text = r#"version = 1
[[hook]]
name = "x"
on = "open"
do = "log"
[[hook]]
name = "x"
on = "open"
do = "log""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:7:8: error: two hooks of one name: `x`
      |
    7 | name = "x"
      |        ^^^ the other is at hooks.toml:3

    hint: rules are known by their names, in the journal and in tests: choose another
    "#);
}

#[test]
fn a_hook_that_does_nothing() {
    let text = r#"version = 1
[[hook]]
name = "x"
on = "open""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:1: error: a hook with neither `do` nor `call`
      |
    2 | [[hook]]
      | ^^^^^^^^

    hint: `do = "deny"` refuses, `do = "log"` records, `call = "plugin.function"` asks a plugin
    "#);
}

#[test]
fn a_hook_on_nothing() {
    let text = r#"version = 1
[[hook]]
do = "log""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:1: error: no `on` in `[[hook]]`
      |
    2 | [[hook]]
      | ^^^^^^^^

    hint: write `on = "…"`
    "#);
}

#[test]
fn a_hook_that_does_two_things() {
    let text = r#"version = 1
[plugin.p]
[[hook]]
on = "open"
do = "log"
call = "p.f""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:6:8: error: a hook with both `do` and `call`
      |
    6 | call = "p.f"
      |        ^^^^^

    hint: write two hooks: their order never changes a verdict
    "#);
}

#[test]
fn a_call_to_an_undeclared_plugin() {
    let text = r#"version = 1
[plugin.bucketing]
[[hook]]
on = "open"
call = "bucketng.count"
[[hook]]
on = "open"
call = "other.count""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:5:8: error: undeclared plugin: `bucketng`
      |
    5 | call = "bucketng.count"
      |        ^^^^^^^^^^^^^^^^

    hint: did you mean `bucketing.count`?

    hooks.toml:8:8: error: undeclared plugin: `other`
      |
    8 | call = "other.count"
      |        ^^^^^^^^^^^^^

    hint: declare it: `[plugin.other]`
    "#);
}

#[test]
fn a_broken_condition() {
    let text = r#"version = 1
[[hook]]
on = "open"
when = 'args.path == '
do = "log""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:21: error: bad condition: it ends too early
      |
    4 | when = 'args.path == '
      |                     ^

    hint: conditions are CEL over `args` and `event`: `args.path.startsWith("/srv/") && event.source == "cpython"`
    "#);
}

#[test]
fn a_condition_that_nests_without_end() {
    let text = format!(
        r#"version = 1
[[hook]]
on = "open"
when = '{}1{}'
do = "log""#,
        "[".repeat(33),
        "]".repeat(33)
    );
    insta::assert_snapshot!(said(&text), @r#"
    hooks.toml:4:41: error: bad condition: it nests deeper than 32 levels
      |
    4 | when = '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]'
      |                                         ^

    hint: make several hooks of it, or compare with a list: `args.path in ["/a", "/b"]`
    "#);
}

#[test]
fn a_condition_of_too_many_operators() {
    let text = format!(
        r#"version = 1
[[hook]]
on = "open"
when = '''
{}1 == 300
'''
do = "log""#,
        "1 +\n".repeat(300)
    );
    insta::assert_snapshot!(said(&text), @r#"
    hooks.toml:261:3: error: bad condition: more than 256 operators
        |
    261 | 1 +
        |   ^

    hint: make several hooks of it, or compare with a list: `args.path in ["/a", "/b"]`
    "#);
}

#[test]
fn a_place_that_is_not_seen() {
    for when in [
        "{ \"10\" = \"x\" }",
        "'args[\"10\"] == 1'",
        "{ \"00\" = \"x\" }",
    ] {
        let text =
            format!("version = 1\n[[hook]]\non = \"shop.*\"\nwhen = {when}\ndo = \"deny\"\n");
        let said = said(&text);
        assert!(said.starts_with("hooks.toml:4:"), "{said}");
        assert!(said.contains("no such place of an argument: `"), "{said}");
    }
}

#[test]
fn more_sets_of_patterns_than_fit() {
    let hook = |number: usize| format!("[[hook]]\non = \"shop{number}.*\"\ndo = \"log\"\n");
    let hooks = |count: usize| (0..count).map(hook).collect::<String>();
    assert_eq!(
        said(&format!("version = 1\n{}{}", hooks(256), hooks(256))),
        ""
    );
    insta::assert_snapshot!(said(&format!("version = 1\n{}", hooks(300))), @r#"
    hooks.toml:770:1: error: more than 256 different sets of patterns of events
        |
    770 | [[hook]]
        | ^^^^^^^^

    hint: hooks whose `on` has the same patterns share a set, and full names need none: narrow the events with `when` instead
    "#);
}

#[test]
fn an_unknown_variable_in_a_condition() {
    let text = r#"version = 1
[[hook]]
on = "open"
when = 'path == "x"'
do = "log""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:8: error: bad condition: unknown variable: `path`
      |
    4 | when = 'path == "x"'
      |        ^^^^^^^^^^^^^

    hint: conditions are CEL over `args` and `event`: `args.path.startsWith("/srv/") && event.source == "cpython"`
    "#);
}

#[test]
fn an_event_that_is_nearly_known_is_a_warning() {
    let text = r#"version = 1
[[hook]]
on = ["socket.conect", "order.created", "pikcle.*"]
do = "log""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:7: warning: no event of this name is known: `socket.conect`
      |
    3 | on = ["socket.conect", "order.created", "pikcle.*"]
      |       ^^^^^^^^^^^^^^^

    hint: did you mean `socket.connect`? `audithook events` lists them all

    hooks.toml:3:41: warning: no event of this name is known: `pikcle.*`
      |
    3 | on = ["socket.conect", "order.created", "pikcle.*"]
      |                                         ^^^^^^^^^^

    hint: did you mean `pickle.*`? `audithook events` lists them all
    "#);
}

/// `has` asks just that: its answer is no.
#[test]
fn has_of_an_argument_that_no_event_has_loads_with_a_warning() {
    let text = r#"version = 1
[[hook]]
on = "open"
when = "has(args.pth) && args.pth == 'x'"
do = "deny""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:8: warning: no such argument of `open`: `pth`: `has` is always false
      |
    4 | when = "has(args.pth) && args.pth == 'x'"
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    hint: did you mean `path`?
    "#);
}

#[test]
fn a_function_that_does_not_exist_is_found_when_the_policy_is_loaded() {
    let text = r#"version = 1
[[hook]]
on = "open"
when = "args.path.startswith('/srv')"
do = "deny"
[[hook]]
on = "open"
when = "matches(args.path)"
do = "deny"
[[hook]]
on = "open"
when = "startsWith(args.path, '/srv')"
do = "deny""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:8: error: bad condition: no such function: `startswith`
      |
    4 | when = "args.path.startswith('/srv')"
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    hint: did you mean `startsWith`?

    hooks.toml:12:8: error: bad condition: no such function: `startsWith`
       |
    12 | when = "startsWith(args.path, '/srv')"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    hint: it belongs behind a value: `args.path.startsWith("/srv/")`
    "#);
}

/// Whoever writes `os.delete` means an event of Python's, and it would never come.
#[test]
fn an_unknown_event_of_a_known_namespace_is_a_warning() {
    let text = r#"version = 1
[[hook]]
on = ["os.delete", "subprocess.run", "socket.conx*", "os.*dir", "time.*", "order.created", "process.order"]
do = "deny""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:7: warning: no event of this name is known: `os.delete`
      |
    3 | on = ["os.delete", "subprocess.run", "socket.conx*", "os.*dir", "time.*", "order.created", "pr…
      |       ^^^^^^^^^^^

    hint: `audithook events` lists those of `os.*`; your own are best named otherwise

    hooks.toml:3:20: warning: no event of this name is known: `subprocess.run`
      |
    3 | on = ["os.delete", "subprocess.run", "socket.conx*", "os.*dir", "time.*", "order.created", "pr…
      |                    ^^^^^^^^^^^^^^^^

    hint: `audithook events` lists those of `subprocess.*`; your own are best named otherwise

    hooks.toml:3:38: warning: no event of this name is known: `socket.conx*`
      |
    3 | on = ["os.delete", "subprocess.run", "socket.conx*", "os.*dir", "time.*", "order.created", "pr…
      |                                      ^^^^^^^^^^^^^^

    hint: `audithook events` lists those of `socket.*`; your own are best named otherwise
    "#);
}

#[test]
fn an_argument_that_the_event_does_not_have_is_a_warning() {
    let text = r#"version = 1
[[hook]]
on = "open"
when = { pth = "/x" }
do = "log""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:10: error: no such argument of `open`: `pth`
      |
    4 | when = { pth = "/x" }
      |          ^^^

    hint: did you mean `path`?
    "#);
}

#[test]
fn a_bad_size_and_a_bad_duration() {
    let text = r#"version = 1
[limits]
memory = "2 gigs"
wall = "5 minutes"
processes = 0
open-files = -1"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:10: error: bad size for `memory`: `2 gigs`
      |
    3 | memory = "2 gigs"
      |          ^^^^^^^^

    hint: sizes are written `512KiB`, `64MiB`, `2GiB`, or as a number of bytes

    hooks.toml:4:8: error: bad duration for `wall`: `5 minutes`
      |
    4 | wall = "5 minutes"
      |        ^^^^^^^^^^^

    hint: durations are written `500ms`, `60s`, `5m`, `1h30m`, or as a number of seconds

    hooks.toml:5:13: error: nothing runs under a limit of 0: `processes`
      |
    5 | processes = 0
      |             ^

    hint: leave the key out for no limit

    hooks.toml:6:14: error: negative number for `open-files`: `-1`
      |
    6 | open-files = -1
      |              ^^
    "#);
}

#[test]
fn with_without_call() {
    let text = r#"version = 1
[[hook]]
on = "open"
do = "log"
with = { by = "path" }"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:5:8: error: `with` without `call`
      |
    5 | with = { by = "path" }
      |        ^^^^^^^^^^^^^^^

    hint: `with` is given to a plugin's function: `call = "plugin.function"`
    "#);
}

#[test]
fn a_test_with_an_unknown_verdict_and_an_unknown_rule() {
    let text = r#"version = 1
[[test]]
event = "shop.order"
expect = "refuse"
[[test]]
event = "shop.order"
expect = "deny"
rule = "files.dney""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:10: error: unknown value for `expect`: `refuse`
      |
    4 | expect = "refuse"
      |          ^^^^^^^^

    hint: one of `allow`, `warn`, `deny`, `kill`

    hooks.toml:8:8: error: unknown rule: `files.dney`
      |
    8 | rule = "files.dney"
      |        ^^^^^^^^^^^^

    hint: did you mean `files.deny`?
    "#);
}

#[test]
fn a_missing_write_path_without_a_slash() {
    let text = r#"version = 1
[files]
write = ["./build"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:10: error: no such file or directory: `./build`
      |
    3 | write = ["./build"]
      |          ^^^^^^^^^

    hint: `./build/` is made as a directory; for a new file name the directory that it goes into
    "#);
}

#[test]
fn a_file_where_a_directory_is_written() {
    let text = r#"version = 1
[files]
write = ["./script.py/"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:10: error: not a directory: `./script.py/`
      |
    3 | write = ["./script.py/"]
      |          ^^^^^^^^^^^^^^

    hint: leave the `/` at its end away
    "#);
}

#[test]
fn extends_an_unknown_preset() {
    let text = r#"version = 1
extends = ["pyhton", "mine"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:12: error: unknown preset: `pyhton`
      |
    2 | extends = ["pyhton", "mine"]
      |            ^^^^^^^^

    hint: did you mean `python`?

    hooks.toml:2:22: error: unknown preset: `mine`
      |
    2 | extends = ["pyhton", "mine"]
      |                      ^^^^^^

    hint: one of `base`, `python`, `pip`, `git`, `node`, `cc`; a file is written `./mine.toml`
    "#);
}

#[test]
fn extends_itself() {
    let text = r#"version = 1
extends = ["./hooks.toml"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:12: error: extends itself: `hooks.toml` → `hooks.toml`
      |
    2 | extends = ["./hooks.toml"]
      |            ^^^^^^^^^^^^^^
    "#);
}

#[test]
fn extends_a_file_that_is_not_there() {
    let text = r#"version = 1
extends = ["./none.toml"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:2:12: error: cannot read `none.toml`: no such file or directory
      |
    2 | extends = ["./none.toml"]
      |            ^^^^^^^^^^^^^
    "#);
}

#[test]
fn an_unknown_socket() {
    let text = r#"version = 1
[network]
sockets = ["netlnk"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:12: error: unknown kind of socket: `netlnk`
      |
    3 | sockets = ["netlnk"]
      |            ^^^^^^^^

    hint: did you mean `netlink`?
    "#);
}

#[test]
fn a_bad_hash_of_a_plugin() {
    let text = r#"version = 1
[plugin.p]
sha256 = "abc""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:10: error: bad hash: `abc`
      |
    3 | sha256 = "abc"
      |          ^^^^^

    hint: 64 hexadecimal digits, as `sha256sum` prints them
    "#);
}

#[test]
fn a_sandbox_of_a_plugin_that_is_none() {
    let text = r#"version = 1
[plugin.p.sandbox]
read = "any"
memory = "much"
timeout = 0
open-file = 3"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:1: error: `read = "any"` is no sandbox
      |
    3 | read = "any"
      | ^^^^

    hint: name the files and directories, or give the plugin `placement = "supervisor"`

    hooks.toml:4:10: error: bad size for `memory`: `much`
      |
    4 | memory = "much"
      |          ^^^^^^

    hint: sizes are written `512KiB`, `64MiB`, `2GiB`, or as a number of bytes

    hooks.toml:5:11: error: nothing runs under a limit of 0: `timeout`
      |
    5 | timeout = 0
      |           ^

    hint: leave the key out for no limit

    hooks.toml:6:1: error: unknown key: `open-file`
      |
    6 | open-file = 3
      | ^^^^^^^^^

    hint: did you mean `open-files`?
    "#);
}

#[test]
fn a_plugin_in_the_target_under_cel() {
    let text = r#"version = 1
[plugin.p]
placement = "target"
[[hook]]
on = "open"
when = "args.path == 'x'"
call = "p.f""#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:4:1: error: a plugin in the target under a condition in CEL: `p`
      |
    4 | [[hook]]
      | ^^^^^^^^

    hint: only the supervisor evaluates CEL: write the condition as a table, or give the plugin another `placement`
    "#);
}

#[test]
fn a_placeholder_that_a_journal_does_not_have() {
    let text = r#"version = 1
[journal]
path = "{host}.jsonl"
events = ["@all"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:8: error: unknown placeholder in a journal's path: `{host}.jsonl`
      |
    3 | path = "{host}.jsonl"
      |        ^^^^^^^^^^^^^^

    hint: `{run}` stands for the run's id

    hooks.toml:4:11: error: unknown set of events: `@all`
      |
    4 | events = ["@all"]
      |           ^^^^^^

    hint: did you mean `@default`?
    "#);
}

#[test]
fn a_value_where_a_variable_is_named() {
    let text = r#"version = 1
[env]
pass = ["HOME=/x"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:9: error: a value where a name is wanted: `HOME=/x`
      |
    3 | pass = ["HOME=/x"]
      |         ^^^^^^^^^

    hint: `set = { HOME = "…" }` sets a variable
    "#);
}

#[test]
fn text_that_hides_is_shown_escaped() {
    let text = "version = 1\nmode = \"\\u202Eoff\"# \u{202e} hidden";
    insta::assert_snapshot!(said(text), @r##"
    hooks.toml:2:8: error: unknown value for `mode`: `\u{202e}off`
      |
    2 | mode = "\u202Eoff"# \u{202e} hidden
      |        ^^^^^^^^^^^

    hint: did you mean `off`?
    "##);
}

#[test]
fn a_long_and_wide_line_keeps_its_caret() {
    let text = r#"version = 1
[files]
	deny = ["é", "b**"]"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:15: error: bad glob: `b**`: `**` stands alone between slashes
      |
    3 |     deny = ["é", "b**"]
      |                  ^^^^^

    hint: `*` stops at `/`, `**` is any number of directories, `?` is one character, `[a-z]` one of a range, `{a,b}` one of several; `\` takes their meaning away
    "#);
}

#[test]
fn all_mistakes_of_a_file_are_found_at_once() {
    let found = Place::new()
        .load("mode = 5\n[files]\nraed = []\nwrite = ['nope']\n[network]\nconnect = ['x:0x']\n[[hook]]\non = 'open'\n")
        .expect_err("mistakes");
    let lines: Vec<_> = found
        .as_slice()
        .iter()
        .map(|diagnostic| diagnostic.line)
        .collect();
    assert_eq!(lines, [1, 1, 3, 4, 6, 7]);
}

#[test]
fn a_cycle_of_files_is_shown_as_it_runs() {
    let place = Place::new();
    place.file("a.toml", "version = 1\nextends = ['b.toml']");
    place.file("b.toml", "version = 1\nextends = ['a.toml']");
    let found = place
        .load("version = 1\nextends = ['a.toml']")
        .expect_err("a cycle");
    assert_eq!(
        found.as_slice()[0].message,
        "extends itself: `a.toml` → `b.toml` → `a.toml`"
    );
    assert_eq!(found.as_slice()[0].file, "b.toml");
}

#[test]
fn a_file_that_cannot_be_read_has_no_line() {
    let place = Place::new();
    let input = audithook_policy::Input::File(std::path::Path::new("none.toml"));
    let found =
        audithook_policy::load(input, &Default::default(), &place.context).expect_err("no file");
    insta::assert_snapshot!(found.render(false), @r#"
    none.toml: error: cannot read `none.toml`: no such file or directory

    hint: `audithook init` writes a policy to begin with
    "#);
}

#[test]
fn colour_is_added_and_carries_no_meaning_alone() {
    let found = Place::new().load("version = 3").expect_err("a mistake");
    let coloured = found.render(true);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    assert_eq!(plain, found.render(false));
    assert_ne!(coloured, plain);
}

#[test]
fn findings_are_json_for_machines() {
    let found = Place::new().load("version = 3").expect_err("a mistake");
    let json = serde_json::to_value(&found).expect("JSON");
    assert_eq!(json[0]["severity"], "error");
    assert_eq!(json[0]["file"], "hooks.toml");
    assert_eq!(
        (&json[0]["line"], &json[0]["column"]),
        (&1.into(), &11.into())
    );
    assert_eq!(json[0]["span"]["start"], 10);
}

#[test]
fn every_key_of_the_schema_is_read() {
    let tables = [
        ("", ""),
        ("files", "[files]"),
        ("network", "[network]"),
        ("process", "[process]"),
        ("env", "[env]"),
        ("limits", "[limits]"),
        ("journal", "[journal]"),
        ("journal.rotate", "[journal.rotate]"),
        ("plugin", "[plugin.p]"),
        ("hook", "[[hook]]"),
        ("test", "[[test]]"),
    ];
    for (table, header) in tables {
        let keys = audithook_policy::schema::keys(table);
        assert!(!keys.is_empty(), "{header}");
        for key in keys {
            let found = Place::new()
                .load(&format!("{header}\n{key} = 2000-01-01"))
                .expect_err("no key takes a date");
            let start = format!("wrong type for `{key}`");
            let is_read = found
                .as_slice()
                .iter()
                .any(|diagnostic| diagnostic.message.starts_with(&start));
            assert!(is_read, "{header} {key}: {found}");
        }
    }
}

/// A line of four thousand characters would fill the screen, and its carets would be far from anything.
#[test]
fn of_a_long_line_what_is_around_the_mistake_is_shown() {
    let entries = |count: usize| vec![r#""./data""#; count].join(", ");
    let text = format!(
        "version = 1\n[files]\nread = [{}, 5, {}]",
        entries(250),
        entries(250)
    );
    insta::assert_snapshot!(said(&text), @r#"
    hooks.toml:3:2509: error: wrong type for `read`: a number
      |
    3 | …/data", "./data", "./data", "./data", 5, "./data", "./data", "./data", "./data", "./data", "./…
      |                                        ^ a text is wanted
    "#);
}

#[test]
fn carets_of_a_long_mistake_end_with_the_window() {
    let text = format!("version = 1\n[files]\nread = [\"@{}\"]", "x".repeat(4000));
    insta::assert_snapshot!(said(&text), @r#"
    hooks.toml:3:9: error: unknown set: `@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`
      |
    3 | … = ["@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    hint: one of `@python`, `@venv`, `@program`. A file of that name is `./@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`
    "#);
}

#[test]
fn a_mistake_at_the_end_of_a_long_line_is_shown_with_its_end() {
    let text = format!(
        "version = 1\n[files]\nread = [{}5]",
        "\"./data\", ".repeat(100)
    );
    insta::assert_snapshot!(said(&text), @r#"
    hooks.toml:3:1009: error: wrong type for `read`: a number
      |
    3 | …data", "./data", "./data", "./data", "./data", "./data", "./data", "./data", 5]
      |                                                                               ^ a text is wanted
    "#);
}

#[test]
fn carets_stand_under_what_they_mean_behind_wide_letters_and_tabs() {
    let text = "version = 1\n[files]\nread = [\t\"./界界\u{301}\", 5]\n[env]\nset = { 'é' = '界', '界界' = 5 }";
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:19: error: wrong type for `read`: a number
      |
    3 | read = [    "./界界́", 5]
      |                       ^ a text is wanted

    hooks.toml:5:27: error: wrong type for `界界`: a number
      |
    5 | set = { 'é' = '界', '界界' = 5 }
      |                              ^ a text is wanted
    "#);
}

#[test]
fn no_window_is_wider_than_its_terminal_and_its_carets_point_at_the_mistake() {
    for letter in ["a", "é", "界", "e\u{301}", "\u{202e}", "\t"] {
        for before in [0, 1, 7, 60, 700, 3000] {
            for mistake in ["5", "5.5", "[5, 5]"] {
                let text = format!(
                    "version = 1\n[files]\nread = ['{}', {mistake}, '{}']",
                    letter.repeat(before),
                    letter.repeat(before / 2)
                );
                let found = Place::new().load(&text).expect_err("a mistake");
                let found = (found.as_slice().iter())
                    .find(|found| found.message.starts_with("wrong type"))
                    .expect("that mistake");
                for width in [0, 10, 30, 80, 100, 250, 5000] {
                    let said = found.render_within(false, width);
                    let mut lines = said.lines().skip(2);
                    let (line, carets) =
                        (lines.next().expect("a line"), lines.next().expect("carets"));
                    assert!(line.width() <= width.max(30), "{width}: {line}");
                    let indent = carets.find('^').expect("carets");
                    let pointed_at = at_column(line, indent);
                    assert!(
                        pointed_at.starts_with(mistake),
                        "{width} {before} {letter}: {said}"
                    );
                    assert_eq!(carets.matches('^').count(), mistake.len(), "{said}");
                }
            }
        }
    }
}

/// What stands behind so many columns.
fn at_column(line: &str, column: usize) -> &str {
    let mut width = 0;
    let place = line.char_indices().find(|(_, character)| {
        let is_here = width == column;
        width += character.width().unwrap_or(0);
        is_here
    });
    place.map_or("", |(place, _)| &line[place..])
}

#[test]
fn of_many_mistakes_the_worst_are_shown_and_the_others_counted() {
    let hooks = "[[hook]]\non = \"opne\"\ndo = \"log\"\n".repeat(12_000);
    let place = Place::new();
    let said = |text: &str| match place.load(text) {
        Ok(loaded) => loaded.findings.render(false),
        Err(found) => found.render(false),
    };
    let warned = said(&format!("version = 1\n{hooks}"));
    assert_eq!(warned.matches(": warning: ").count(), 20);
    assert!(warned.starts_with("hooks.toml:3:6: warning: "), "{warned}");
    assert!(warned.ends_with("\nand 11,980 more warnings\n"), "{warned}");

    let refused = said(&format!("version = 1\n{hooks}[files]\nraed = []"));
    assert_eq!(refused.matches(": warning: ").count(), 19);
    assert!(refused.contains("error: unknown key: `raed`"), "{refused}");
    assert!(
        refused.ends_with("\nand 11,981 more warnings\n"),
        "{refused}"
    );

    let keys: String = (0..21).map(|number| format!("key{number} = 1\n")).collect();
    let refused = said(&format!("{keys}[[hook]]\non = \"opne\"\ndo = \"log\""));
    assert!(
        refused.ends_with("\nand 2 more errors, 1 more warning\n"),
        "{refused}"
    );
}

#[test]
fn a_value_as_long_as_a_file_does_not_fill_the_screen() {
    let text = format!(
        "version = 1\n[network]\nconnect = [\"{}\"]",
        "a ".repeat(100_000)
    );
    let said = said(&text);
    assert!(
        said.starts_with("hooks.toml:3:12: error: bad host name: `a a "),
        "{said}"
    );
    assert!(said.chars().count() < 2000, "{}", said.len());
}

#[test]
fn a_condition_that_no_event_can_answer() {
    let text = r#"version = 1
[[hook]]
on = "open"
do = "deny"
when = 'event.source == "cpython" && args.path > 5'
[[hook]]
on = ["socket.connect", "socket.bind"]
do = "deny"
when = "args.port == '443'"
[[hook]]
on = "open"
do = "log"
when = "args.path"
"#;
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:5:38: error: bad condition: `>` of a text and a number
      |
    5 | when = 'event.source == "cpython" && args.path > 5'
      |                                      ^^^^^^^^^

    hint: in `open` `args.path` is a text

    hooks.toml:9:9: error: bad condition: `==` of a number and a text
      |
    9 | when = "args.port == '443'"
      |         ^^^^^^^^^

    hint: in `socket.connect`, `socket.bind` `args.port` is a number

    hooks.toml:13:9: error: bad condition: it is a text, neither true nor false
       |
    13 | when = "args.path"
       |         ^^^^^^^^^

    hint: in `open` `args.path` is a text
    "#);
}

#[test]
fn a_condition_on_what_may_be_anything_is_left_to_the_event() {
    let hook = |on: &str, when: &str| {
        format!("version = 1\n[[hook]]\non = {on}\ndo = \"log\"\nwhen = '{when}'\n")
    };
    for (on, when) in [
        (r#""shop.order""#, "args.path > 5"),
        (r#"["open", "shop.order"]"#, "args.path > 5"),
        (r#""socket.*""#, "args.port == \"443\""),
        (r#""array.__new__""#, "args.initializer > 5"),
    ] {
        Place::new().policy(&hook(on, when));
    }
}

#[test]
fn what_no_shell_could_name_is_no_variable() {
    let text = "version = 1\n[env]\nset = { 'BAD NAME' = 'x', 'X*' = '1' }\n";
    insta::assert_snapshot!(said(text), @r#"
    hooks.toml:3:22: error: not a variable's name: `BAD NAME`
      |
    3 | set = { 'BAD NAME' = 'x', 'X*' = '1' }
      |                      ^^^

    hint: write `NAME = "value"`

    hooks.toml:3:34: error: not a variable's name: `X*`
      |
    3 | set = { 'BAD NAME' = 'x', 'X*' = '1' }
      |                                  ^^^

    hint: write `NAME = "value"`
    "#);
}

#[test]
fn an_address_that_could_have_a_port_is_told_apart() {
    let text = "version = 1\n[network]\nconnect = ['::1:443', 'udp://2001:db8::1:53', '[::1:443]', '2001:db8::1']\n";
    insta::assert_snapshot!(said(text), @"
    hooks.toml:3:12: warning: an address with every port: `::1:443`
      |
    3 | connect = ['::1:443', 'udp://2001:db8::1:53', '[::1:443]', '2001:db8::1']
      |            ^^^^^^^^^

    hint: write `[::1]:443` if a port is meant, `[::1:443]` if not

    hooks.toml:3:23: warning: an address with every port: `udp://2001:db8::1:53`
      |
    3 | connect = ['::1:443', 'udp://2001:db8::1:53', '[::1:443]', '2001:db8::1']
      |                       ^^^^^^^^^^^^^^^^^^^^^^

    hint: write `udp://[2001:db8::1]:53` if a port is meant, `udp://[2001:db8::1:53]` if not
    ");
}
