//! What a policy means: the numbered points of its specification that loading decides.

use std::os::unix::fs::symlink;

use audithook_abi::Verdict;
use audithook_policy::image::{self, HookAction, PathPattern};
use audithook_policy::model::{CallKind, JournalTarget, Tmp};
use audithook_policy::{FlagOverrides, Input, load};

use crate::place::Place;

const ALLOW: Verdict = Verdict::Allow;
const DENY: Verdict = Verdict::Deny;

#[test]
fn an_absent_list_restricts_nothing_and_a_present_one_is_all_that_is_allowed() {
    let place = Place::new();
    let open = place.policy("version = 1");
    assert_eq!(
        place.judge(&open, "open", &[("path", "/etc/passwd")]).0,
        ALLOW
    );
    let closed = place.policy("version = 1\n[files]\nread = ['data']");
    assert_eq!(place.judge(&closed, "open", &[("path", "data/x")]).0, ALLOW);
    let (verdict, rules) = place.judge(&closed, "open", &[("path", "/etc/passwd")]);
    assert_eq!((verdict, rules), (DENY, vec!["files.read".to_owned()]));
    assert_eq!(
        place
            .judge(
                &closed,
                "socket.connect",
                &[("host", "192.0.2.1"), ("port", "80")]
            )
            .0,
        ALLOW
    );
}

#[test]
fn under_default_deny_an_absent_list_allows_nothing_and_any_allows_everything() {
    let place = Place::new();
    let policy = place.policy("version = 1\ndefault = 'deny'\n[files]\nread = 'any'");
    assert_eq!(
        place.judge(&policy, "open", &[("path", "/etc/passwd")]).0,
        ALLOW
    );
    for (event, args) in [
        ("open", &[("path", "x"), ("flags", "write")][..]),
        ("socket.connect", &[("host", "192.0.2.1"), ("port", "80")]),
        ("os.exec", &[("path", "/bin/true")]),
    ] {
        assert_eq!(place.judge(&policy, event, args).0, DENY, "{event}");
    }
    assert!(policy.environment([("HOME".into(), "/".into())]).is_empty());
}

#[test]
fn deny_beats_read_and_write_in_whatever_order_they_are_written() {
    let place = Place::new();
    for text in [
        "version = 1\n[files]\ndeny = ['data/key', '**/*.pem', '!**/certifi/cacert.pem']\nread = ['.']",
        "version = 1\n[files]\nread = ['.']\ndeny = ['!**/certifi/cacert.pem', '**/*.pem', 'data/key']",
    ] {
        let policy = place.policy(text);
        for (path, verdict) in [
            ("data/key", DENY),
            ("data/key/below", DENY),
            ("data/x.pem", DENY),
            ("data/certifi/cacert.pem", ALLOW),
            ("data/other", ALLOW),
        ] {
            assert_eq!(
                place.judge(&policy, "open", &[("path", path)]).0,
                verdict,
                "{path}"
            );
        }
    }
}

#[test]
fn write_does_not_imply_read() {
    let place = Place::new();
    let policy = place.policy("version = 1\n[files]\nread = ['data']\nwrite = ['out/']");
    assert_eq!(
        place
            .judge(
                &policy,
                "open",
                &[("path", "out/x"), ("flags", "write,create")]
            )
            .0,
        ALLOW
    );
    assert_eq!(
        place
            .judge(
                &policy,
                "open",
                &[("path", "out/x"), ("flags", "read,write")]
            )
            .0,
        DENY
    );
}

#[test]
fn relative_paths_belong_to_the_directory_of_their_file_and_cwd_to_the_start() {
    let place = Place::new();
    place.file(
        "policies/base.toml",
        "version = 1\n[files]\nread = ['./lib', '${CWD}/data']",
    );
    let policy =
        place.policy("version = 1\nextends = ['./policies/base.toml']\n[files]\nread = ['own']");
    for (path, verdict) in [
        ("policies/lib/x", ALLOW),
        ("lib/x", DENY),
        ("data/x", ALLOW),
        ("own", ALLOW),
    ] {
        assert_eq!(
            place.judge(&policy, "open", &[("path", path)]).0,
            verdict,
            "{path}"
        );
    }
}

#[test]
fn standard_input_belongs_to_the_start_directory() {
    let place = Place::new();
    let text = "version = 1\n[files]\nread = ['data']";
    let input = Input::Text { name: "-", text };
    let policy = load(input, &FlagOverrides::default(), &place.context)
        .expect("loaded")
        .policy;
    assert_eq!(place.judge(&policy, "open", &[("path", "data/x")]).0, ALLOW);
    assert_eq!(policy.rules()[0].at, "-:3");
}

#[test]
fn home_and_variables_expand_and_what_they_hold_is_no_glob() {
    let mut place = Place::new();
    place.context.env.insert("STARS".into(), "/srv/a*b".into());
    let policy = place.policy(
        "version = 1\n[files]\nread = ['~/notes', '${STARS}', '${STARS}/*.txt', '${NONE:-./data}']",
    );
    for (path, verdict) in [
        ("~/notes/x", ALLOW),
        ("/srv/a*b", ALLOW),
        ("/srv/aXb", DENY),
        ("/srv/a*b/x.txt", ALLOW),
        ("data/x", ALLOW),
    ] {
        assert_eq!(
            place.judge(&policy, "open", &[("path", path)]).0,
            verdict,
            "{path}"
        );
    }
}

#[test]
fn rule_paths_are_resolved_like_event_paths() {
    let place = Place::new();
    let secret = place.root.join("secret");
    std::fs::create_dir(&secret).expect("made");
    symlink(&secret, place.root.join("home/.ssh")).expect("linked");
    let policy = place.policy("version = 1\n[files]\ndeny = ['~/.ssh']");
    let key = secret.join("id");
    let key = key.to_str().expect("text");
    assert_eq!(place.judge(&policy, "open", &[("path", key)]).0, DENY);
    assert_eq!(
        place.judge(&policy, "open", &[("path", "~/.ssh/id")]).0,
        DENY
    );
    // The symlink itself is not to be replaced either.
    assert_eq!(
        place.judge(&policy, "os.remove", &[("path", "~/.ssh")]).0,
        DENY
    );
    assert_eq!(
        place
            .judge(&policy, "os.rename", &[("src", "~"), ("dst", "/x")])
            .0,
        DENY
    );
}

#[test]
fn denied_files_are_known_by_inode_too() {
    let place = Place::new();
    place.file("data/key", "");
    let policy = place.policy("version = 1\n[files]\ndeny = ['data/key', 'data/none', 'data']");
    let input = policy.image_input(1);
    assert_eq!(input.files.inodes.len(), 1);
    assert_eq!(
        policy.rules()[input.files.inodes[0].2 as usize].entry,
        "data/key"
    );
}

#[test]
fn a_missing_read_path_is_a_note_and_a_missing_write_directory_is_made() {
    let place = Place::new();
    let policy =
        place.policy("version = 1\n[files]\nread = ['nothing']\nwrite = ['out/', 'data/']");
    insta::assert_snapshot!(policy.notes.render(false), @r#"
    hooks.toml:3:9: note: nothing there: `nothing`
      |
    3 | read = ['nothing']
      |         ^^^^^^^^^

    hooks.toml:3:1: note: only Python is held to this: what other programs do that it starts, nobody sees
      |
    3 | read = ['nothing']
      | ^^^^

    hint: `[process] exec` lists all programs that may be run: `exec = ["@python"]` lets nothing but Python run
    "#);
    assert_eq!(
        policy.directories_to_create(),
        [place.context.start_dir.join("out")]
    );
}

#[test]
fn temporary_files_are_private_once_write_is_present() {
    let mut place = Place::new();
    place.context.private_tmp = Some(place.root.join("fresh"));
    let shared = place.policy("version = 1");
    assert_eq!(
        (shared.files.tmp, shared.private_tmp.clone()),
        (Tmp::Shared, None)
    );
    let private = place.policy("version = 1\n[files]\nread = ['data']\nwrite = ['data']\n[env]\nset = { T = '${TMPDIR}/t' }");
    let fresh = place.root.join("fresh");
    let file = fresh.join("x");
    let file = file.to_str().expect("text");
    assert_eq!(
        place
            .judge(
                &private,
                "open",
                &[("path", file), ("flags", "read,write,create")]
            )
            .0,
        ALLOW
    );
    let environment = private.environment([("TMPDIR".into(), "/tmp".into())]);
    assert_eq!(
        environment[0],
        ("T".into(), fresh.join("t").into_os_string())
    );
    assert_eq!(environment[1], ("TMPDIR".into(), fresh.into_os_string()));
    let written = place.policy("version = 1\n[files]\nwrite = ['data']\ntmp = 'shared'");
    assert_eq!(written.private_tmp, None);
}

#[test]
fn loopback_closes_with_the_first_list_of_hosts_unless_it_is_written() {
    let place = Place::new();
    let connect = |policy| {
        place.judge(
            &policy,
            "socket.connect",
            &[("host", "127.0.0.1"), ("port", "80")],
        )
    };
    assert_eq!(connect(place.policy("version = 1")).0, ALLOW);
    let closed = "version = 1\n[network]\nconnect = ['example.com:443']";
    assert_eq!(connect(place.policy(closed)).0, DENY);
    assert_eq!(
        connect(place.policy(&format!("{closed}\nloopback = true"))).0,
        ALLOW
    );
}

#[test]
fn what_is_denied_is_denied_over_every_protocol() {
    let place = Place::new();
    let policy = place.policy("version = 1\n[network]\ndeny = ['192.0.2.0/24']");
    for kind in ["stream", "dgram"] {
        let args = [("host", "192.0.2.7"), ("port", "53"), ("kind", kind)];
        assert_eq!(
            place.judge(&policy, "socket.connect", &args).0,
            DENY,
            "{kind}"
        );
    }
}

#[test]
fn programs_are_looked_up_in_every_directory_of_path() {
    let place = Place::new();
    let program = place.program("tool-1");
    let other = place.program("tool-2");
    place.file("tool.sh", "");
    let policy = place.policy("version = 1\n[process]\nexec = ['tool-[1]', './tool.sh', 'absent']");
    let exec = |path: &std::path::Path| {
        place.judge(
            &policy,
            "os.exec",
            &[("path", path.to_str().expect("text"))],
        )
    };
    assert_eq!(exec(&program).0, ALLOW);
    assert_eq!(exec(&place.context.start_dir.join("tool.sh")).0, ALLOW);
    assert_eq!(exec(&other), (DENY, vec!["process.exec".to_owned()]));
    assert_eq!(
        policy.notes.as_slice()[0].message,
        "no such program in `PATH`: `absent`"
    );
}

#[test]
fn the_command_itself_may_always_run() {
    let mut place = Place::new();
    let program = place.program("tool");
    place.context.command = vec!["tool".into(), "x".into()];
    let policy = place.policy("version = 1\n[process]\nexec = 'none'");
    assert_eq!(
        place
            .judge(
                &policy,
                "os.exec",
                &[("path", program.to_str().expect("text"))]
            )
            .0,
        ALLOW
    );
}

#[test]
fn what_the_commands_script_line_leads_to_is_part_of_the_command() {
    let mut place = Place::new();
    let interpreter = place.program("python3");
    place.program("bash");
    place.file("app", "#!/usr/bin/env python3\n");
    place.context.command = vec!["./app".into()];
    let policy = place.policy("version = 1\n[process]\nexec = 'none'");
    let exec = |path: &str| place.judge(&policy, "os.exec", &[("path", path)]).0;
    assert_eq!(exec(interpreter.to_str().expect("text")), ALLOW);
    assert_eq!(exec("/bin/sh"), DENY);
    assert_eq!(policy.behind_shim, None);
}

#[test]
fn a_version_managers_shim_says_what_it_would_run() {
    let mut place = Place::new();
    for path in ["../env/shims/python3", "../env/versions/3.12/bin/python3"] {
        use std::os::unix::fs::PermissionsExt;
        let file = place.file(path, "#!/usr/bin/env bash\n");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).expect("set");
    }
    place.file(".python-version", "3.12\n");
    let shims = place.root.join("env/shims");
    place
        .context
        .env
        .insert("PATH".into(), shims.into_os_string());
    place.context.command = vec!["python3".into()];
    let policy = place.policy("version = 1\n[process]\nexec = 'none'");
    let real = place.root.join("env/versions/3.12/bin/python3");
    assert_eq!(
        policy.image_input(1).exec.map(|list| list.entries.len()),
        Some(1)
    );
    assert_eq!(
        place
            .judge(
                &policy,
                "os.exec",
                &[("path", real.to_str().expect("text"))]
            )
            .0,
        ALLOW
    );
    assert_eq!(policy.behind_shim, Some(real));
}

#[test]
fn the_environment_is_what_passes_less_what_is_denied_and_what_is_set() {
    let place = Place::new();
    let policy = place.policy(
        "version = 1\nextends = ['base']\n[env]\npass = ['HOME', 'LC_*', '*_TOKEN']\ndeny = ['!OWN_TOKEN']\nset = { A = '$$x', HOME = '${CWD}' }",
    );
    let names = ["HOME", "LC_ALL", "LANG", "GITHUB_TOKEN", "OWN_TOKEN"];
    let current = names.map(|name| (name.into(), "x".into()));
    let environment = policy.environment(current);
    let project = place.context.start_dir.clone().into_os_string();
    assert_eq!(
        environment,
        [
            ("A".into(), "$x".into()),
            ("HOME".into(), project),
            ("LC_ALL".into(), "x".into()),
            ("OWN_TOKEN".into(), "x".into()),
        ]
    );
}

#[test]
fn lists_concatenate_over_extends_and_of_other_values_the_extending_file_wins() {
    let place = Place::new();
    place.file("a.toml", "version = 1\nmode = 'warn'\n[files]\nread = ['a']\n[env]\npass = 'any'\n[limits]\nprocesses = 3");
    place.file(
        "b.toml",
        "version = 1\nextends = ['a.toml']\n[files]\nread = ['b']",
    );
    let policy = place.policy("version = 1\nextends = ['a.toml', 'b.toml']\nmode = 'enforce'\n[files]\nread = ['c']\n[env]\npass = ['X']");
    let read = policy.files.read.as_ref().expect("a list");
    let texts: Vec<_> = read
        .entries
        .iter()
        .map(|entry| entry.text.as_str())
        .collect();
    assert_eq!(texts, ["a", "b", "c"]);
    assert_eq!(read.origin.to_string(), "hooks.toml:5");
    assert_eq!(policy.mode, image::Mode::Enforce);
    assert_eq!(
        policy.env.pass.as_ref().map(|list| list.entries.len()),
        Some(1)
    );
    assert_eq!(
        policy.limits.processes.as_ref().map(|limit| limit.value),
        Some(3)
    );
    assert_eq!(policy.sources.len(), 3);
}

#[test]
fn rules_are_numbered_in_the_order_of_the_files() {
    let place = Place::new();
    let policy = place.policy("version = 1\n[[hook]]\nname = 'first'\non = 'open'\ndo = 'deny'\n[files]\ndeny = ['x']\nread = ['y']");
    let ids: Vec<_> = policy
        .rules()
        .iter()
        .map(|rule| (rule.id.as_str(), rule.at.as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            ("hook.first", "hooks.toml:2"),
            ("files.deny", "hooks.toml:7"),
            ("files.read", "hooks.toml:8"),
            ("files.read", "hooks.toml:8"),
            ("audithook.self", "audithook"),
        ]
    );
}

#[test]
fn hints_teach_the_line_that_allows_and_never_the_one_that_opens_what_is_protected() {
    let place = Place::new();
    let policy = place.policy(
        "version = 1\nextends = ['base']\n[files]\nread = ['data']\n[network]\nconnect = []",
    );
    let hint = |id: &str| {
        let rule = policy
            .rules()
            .iter()
            .find(|rule| rule.id == id && !rule.hint.is_empty());
        rule.map(|rule| (rule.hint.as_str(), rule.protected))
            .expect("a rule")
    };
    assert_eq!(
        hint("files.read"),
        (
            "to allow it, add `\"…\"` to `[files] read` (hooks.toml:4)",
            false
        )
    );
    assert_eq!(
        hint("files.deny"),
        (
            "the entry `~/.ssh` of `[files] deny` (preset base:9) protects it",
            true
        )
    );
    assert_eq!(
        hint("network.loopback"),
        (
            "to allow it, write `loopback = true` in `[network]` of hooks.toml",
            false
        )
    );
}

#[test]
fn hooks_stand_in_the_order_of_priority_then_file() {
    let place = Place::new();
    let hook = |name: &str, more: &str| {
        format!("[[hook]]\nname = '{name}'\non = 'open'\ndo = 'log'\n{more}\n")
    };
    let text = format!(
        "version = 1\n{}{}{}{}",
        hook("c", ""),
        hook("d", "priority = 5"),
        hook("b", "priority = -1"),
        hook("a", "")
    );
    let policy = place.policy(&text);
    let names: Vec<_> = policy
        .hooks()
        .iter()
        .map(|hook| hook.name.as_str())
        .collect();
    assert_eq!(names, ["b", "c", "a", "d"]);
}

#[test]
fn a_plugins_function_is_asked_as_a_gate_until_it_is_known_and_then_as_what_it_is() {
    let place = Place::new();
    let mut policy = place.policy(
        "version = 1\n[plugin.p]\n[plugin.t]\npath = 't.so'\nplacement = 'target'\nconfig = { x = 1 }\n\
         [[hook]]\non = 'open'\ncall = 'p.count'\n\
         [[hook]]\non = 'open'\ncall = 't.check'\nwith = { y = [2] }\non-error = 'allow'\n\
         [[hook]]\non = 'import'\ncall = 'p.ended'",
    );
    let names: Vec<_> = policy
        .hooks()
        .iter()
        .map(|hook| hook.name.clone())
        .collect();
    assert_eq!(names, ["p.count", "t.check", "p.ended"]);
    assert_eq!(policy.image_input(1).hooks[0].action, HookAction::Gate);
    policy.set_call_kinds(|_, function| match function {
        "count" => Some(CallKind::Observer),
        "ended" => Some(CallKind::After),
        _ => Some(CallKind::Gate),
    });
    let input = policy.image_input(1);
    assert_eq!(input.hooks.len(), 2);
    assert_eq!(input.hooks[0].action, HookAction::Observe);
    assert_eq!(
        input.hooks[1].action,
        HookAction::TargetGate { plugin: 0, hook: 0 }
    );
    let target = &input.target_plugins[0];
    assert_eq!(
        (target.config.as_str(), target.hooks[0].with.as_str()),
        ("{\"x\":1}", "{\"y\":[2]}")
    );
    assert_eq!(target.hooks[0].on_error, ALLOW);
}

#[test]
fn globs_of_paths_in_conditions_mean_what_they_mean_in_lists() {
    let place = Place::new();
    let policy = place.policy(
        "version = 1\n[[hook]]\nname = 'home'\non = 'open'\nwhen = { path = ['~/notes/**', './data/*.txt'], flags = 'write' }\ndo = 'deny'",
    );
    for (path, flags, verdict) in [
        ("~/notes/a/b", "write", DENY),
        ("~/notes/a/b", "read", ALLOW),
        ("data/x.txt", "read,write", DENY),
        ("data/below/x.txt", "write", ALLOW),
    ] {
        assert_eq!(
            place
                .judge(&policy, "open", &[("path", path), ("flags", flags)])
                .0,
            verdict,
            "{path}"
        );
    }
}

#[test]
fn audithooks_own_files_are_denied_although_nobody_says_so() {
    let mut place = Place::new();
    place.context.hidden = vec![place.root.join("run")];
    let policy = place
        .policy("version = 1\n[journal]\npath = 'logs/{run}.jsonl'\n[plugin.p]\npath = './p.so'");
    assert_eq!(
        policy.journal.target,
        JournalTarget::File(format!(
            "{}/logs/{{run}}.jsonl",
            place.context.start_dir.display()
        ))
    );
    for (path, read, write) in [
        ("hooks.toml", ALLOW, DENY),
        ("p.so", ALLOW, DENY),
        ("../run/image", DENY, DENY),
        ("logs/x.jsonl", DENY, DENY),
        ("~/.local/state/audithook/trust/x", DENY, DENY),
        ("other", ALLOW, ALLOW),
    ] {
        assert_eq!(
            place.judge(&policy, "open", &[("path", path)]).0,
            read,
            "{path}"
        );
        assert_eq!(
            place
                .judge(&policy, "open", &[("path", path), ("flags", "write")])
                .0,
            write,
            "{path}"
        );
    }
}

#[test]
fn the_default_events_of_the_journal_are_the_catalogues_and_custom_ones() {
    let place = Place::new();
    let journal = place.policy("version = 1").image_input(1).journal;
    assert!(journal.custom && journal.names.iter().any(|name| name == "open"));
    assert!(!journal.names.iter().any(|name| name == "marshal.loads"));
    let journal = place
        .policy("version = 1\n[journal]\nevents = ['import', 'order.*']")
        .image_input(1)
        .journal;
    assert_eq!((journal.custom, journal.names.len()), (false, 2));
}

#[test]
fn tests_are_lent_as_events_and_get_the_verdict_that_they_expect() {
    let place = Place::new();
    let policy = place.policy(
        "version = 1\n[network]\ndeny = ['169.254.169.254']\n[files]\ndeny = ['data/key']\n\
         [[test]]\nevent = 'socket.connect'\nargs = { host = '169.254.169.254', port = 80 }\nexpect = 'deny'\nrule = 'network.deny'\n\
         [[test]]\nevent = 'open'\nargs = { path = './data/../data/key' }\nexpect = 'deny'\nrule = 'files.deny'\n\
         [[test]]\nevent = 'open'\nargs = { path = './data/lock' }\nexpect = 'allow'",
    );
    for test in &policy.tests {
        let (verdict, rules) = crate::place::judge(&policy, &test.event, &test.args);
        assert_eq!(verdict, test.expect, "{}", test.origin);
        assert!(
            test.rule.as_ref().is_none_or(|rule| rules.contains(rule)),
            "{}",
            test.origin
        );
    }
}

#[test]
fn glob_characters_in_a_literal_path_are_taken_away_by_a_backslash() {
    let place = Place::new();
    place.file("a[1].txt", "");
    let policy = place.policy("version = 1\n[files]\nread = ['a\\[1\\].txt']");
    let entry = &policy.files.read.as_ref().expect("a list").entries[0].value;
    let path = place.context.start_dir.join("a[1].txt");
    assert_eq!(
        entry.patterns,
        [PathPattern::Literal(path.to_str().expect("text").into())]
    );
}

#[test]
fn a_list_of_hosts_closes_other_kinds_of_sockets_and_says_that_unix_ones_stay_open() {
    let place = Place::new();
    let raw = [("family", "inet"), ("kind", "raw"), ("protocol", "1")];
    let unix = [("family", "unix"), ("path", "/run/x.sock")];
    for line in ["connect = 'none'", "connect = ['example.com:443']"] {
        let policy = place.policy(&format!("version = 1\n[network]\n{line}"));
        let (verdict, rules) = place.judge(&policy, "socket.__new__", &raw);
        assert_eq!(verdict, Verdict::Deny, "{line}");
        assert_eq!(rules, ["network.sockets"]);
        let rule = policy
            .rules()
            .iter()
            .find(|rule| rule.id == "network.sockets");
        assert_eq!(
            rule.map(|rule| rule.hint.as_str()),
            Some("to allow it, write `sockets = [\"…\"]` in `[network]` of hooks.toml")
        );
        assert_eq!(
            place.judge(&policy, "socket.connect", &unix).0,
            Verdict::Allow
        );
        let notes = policy.notes.render(false);
        assert!(notes.contains("note: unix sockets stay open"), "{notes}");
    }
    for more in ["sockets = 'any'", "sockets = ['raw']"] {
        let text = format!("version = 1\n[network]\nconnect = 'none'\nunix = 'none'\n{more}");
        let policy = place.policy(&text);
        assert_eq!(
            place.judge(&policy, "socket.__new__", &raw).0,
            Verdict::Allow,
            "{more}"
        );
        let notes = policy.notes.render(false);
        assert!(!notes.contains("unix"), "{notes}");
    }
}

#[test]
fn a_policy_that_lets_any_program_run_says_that_only_python_is_held_to_it() {
    let place = Place::new();
    let note = "only Python is held to this";
    for (text, is_told) in [
        ("[files]\ndeny = ['**/secrets']", true),
        ("[network]\nconnect = 'none'\nunix = 'none'", true),
        (
            "[files]\ndeny = ['**/secrets']\n[process]\nexec = ['@python']",
            false,
        ),
        ("[process]\nuncovered = 'deny'", false),
    ] {
        let policy = place.policy(&format!("version = 1\nextends = ['base']\n{text}"));
        let notes = policy.notes.render(false);
        assert_eq!(notes.contains(note), is_told, "{text}: {notes}");
    }
}
