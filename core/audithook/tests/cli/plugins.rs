//! `audithook plugin list`, and policies that name plugins.

use crate::bench::Bench;

#[test]
fn a_plugin_that_is_not_there_is_refused_with_where_it_was_looked_for() {
    let bench =
        Bench::with_policy("version = 1\n[plugin.port-limit]\nplacement = \"supervisor\"\n");
    let empty = bench.work().join("plugins");
    std::fs::create_dir(&empty).expect("made");
    let output = bench
        .command(&["plugin", "list", "-c", "hooks.toml", "--format", "json"])
        .env("AUDITHOOK_PLUGIN_PATH", &empty)
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(list["search"][0]["named_by"], "AUDITHOOK_PLUGIN_PATH");
    let plugin = &list["plugins"][0];
    assert_eq!(plugin["name"], "port-limit");
    assert_eq!(plugin["configured"], "hooks.toml:2");
    let refusal = plugin["refusal"].as_str().expect("refused");
    assert!(refusal.contains("libport_limit.so"), "{refusal}");
}

#[test]
fn a_file_that_is_no_plugin_is_not_opened() {
    let bench = Bench::new();
    let directory = bench.work().join("plugins");
    std::fs::create_dir(&directory).expect("made");
    std::fs::write(directory.join("libother.so"), "not a library").expect("written");
    std::fs::write(directory.join("libbroken.so"), "audithook_plugin_entry").expect("written");
    let output = bench
        .command(&["plugin", "list"])
        .env("AUDITHOOK_PLUGIN_PATH", &directory)
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("other"), "{text}");
    assert!(text.contains("broken\n  refused"), "{text}");
}

#[test]
fn plugins_of_a_policy_that_is_not_trusted_are_not_loaded() {
    let bench =
        Bench::with_policy("version = 1\n[plugin.port-limit]\nplacement = \"supervisor\"\n");
    for arguments in [
        &["plugin", "list"][..],
        &["test"],
        &["emit", "x.y"],
        &["explain", "x.y"],
    ] {
        let said = bench.run(arguments);
        assert_eq!(said.status, Some(2), "{said:?}");
        assert!(
            said.err.contains("the policy is not trusted: `hooks.toml`"),
            "{said:?}"
        );
    }
    let loading = bench.run(&["check", "--plugins"]);
    assert!(
        loading.err.contains("the policy is not trusted"),
        "{loading:?}"
    );
    // Looking for them runs nothing.
    for command in ["check", "plan"] {
        let said = bench.run(&[command]);
        assert_eq!(said.status, Some(1), "{said:?}");
        let text = format!("{}{}", said.out, said.err);
        assert!(
            text.contains("cannot load plugin: `port-limit`: not found"),
            "{said:?}"
        );
    }
}

#[test]
fn check_loads_plugins_when_it_is_asked_to_and_says_what_a_run_would() {
    for (hook, mistake) in [
        (
            "call = \"bucketing.cuont\"",
            "did you mean `bucketing.count`?",
        ),
        (
            "call = \"bucketing.count\"\nwith = { yb = \"path\" }",
            "refuses `with`",
        ),
    ] {
        let bench = with_hook(&format!("on = \"open\"\n{hook}"));
        let said = bench.run(&["check", "hooks.toml"]);
        assert_eq!(said.status, Some(0), "their code has not run: {said:?}");
        let said = bench.run(&["check", "hooks.toml", "--plugins"]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.out.contains(mistake), "{said:?}");
    }
    let bench = with_hook("on = \"open\"\ncall = \"bucketing.count\"\nwith = { by = \"path\" }");
    bench.run(&["check", "hooks.toml", "--plugins"]).good();

    for (table, mistake) in [
        ("path = \"./libnone.so\"", "cannot be read"),
        (
            "placement = \"supervisor\"\npath = \"./libnone.so\"",
            "cannot be read",
        ),
    ] {
        let bench = Bench::with_policy(&format!("version = 1\n[plugin.bucketing]\n{table}\n"));
        let said = bench.run(&["check"]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.out.contains(mistake), "{said:?}");
    }
}

/// What a plugin refuses has the place of the key, for `check` and for `run`; without the plugin it is said that nobody looked.
#[test]
fn a_with_that_a_plugin_refuses_has_the_place_of_its_key() {
    let bench =
        with_hook("on = \"open\"\ncall = \"bucketing.count\"\nwith = { by = \"path\", top = 5 }");
    insta::assert_snapshot!(bench.run(&["check", "hooks.toml"]).all(), @r#"
    status: 0
    --- out ---
    hooks.toml:10:8: note: this `with` was not checked: only `bucketing.count` knows what it takes
       |
    10 | with = { by = "path", top = 5 }
       |        ^^^^^^^^^^^^^^^^^^^^^^^^

    hint: `audithook check --plugins` loads the plugins, and asks them

    hooks.toml: valid: 1 note
    "#);
    insta::assert_snapshot!(bench.run(&["check", "hooks.toml", "--plugins"]).all(), @r#"
    status: 1
    --- out ---
    hooks.toml:10:23: error: `bucketing.count` refuses `with`: unknown field `top`, expected `by`
       |
    10 | with = { by = "path", top = 5 }
       |                       ^^^

    hooks.toml: invalid: 1 error
    "#);
    insta::assert_snapshot!(bench.run(&["run", "-c", "hooks.toml", "--", "true"]).all(), @r#"
    status: 125
    --- err ---
    audithook: hooks.toml:10:23: error: `bucketing.count` refuses `with`: unknown field `top`, expected `by`
       |
    10 | with = { by = "path", top = 5 }
       |                       ^^^
    "#);

    let bench = with_hook("on = \"open\"\ncall = \"bucketing.count\"\n[hook.with]\nby = 5");
    let said = bench.run(&["check", "hooks.toml", "--plugins"]);
    assert!(
        said.out
            .contains("hooks.toml:11:1: error: `bucketing.count` refuses `with`"),
        "{said:?}"
    );
    // Trust first; and what to type then.
    insta::assert_snapshot!(bench.run(&["check", "--plugins"]).all(), @"
    status: 2
    --- err ---
    error: the policy is not trusted: `hooks.toml`

    hint: read it, then `audithook trust`, then `audithook check --plugins`; `audithook check --plugins hooks.toml` loads its plugins as they are, for this time
    ");
}

#[test]
fn an_argument_that_no_event_of_the_hook_has_is_a_mistake_in_with_too() {
    let with = |on: &str, by: &str| {
        with_hook(&format!(
            "on = {on}\ncall = \"bucketing.count\"\nwith = {{ by = \"{by}\" }}"
        ))
    };
    let bench = with(r#""open""#, "pth");
    insta::assert_snapshot!(bench.run(&["check", "hooks.toml", "--plugins"]).all(), @r#"
    status: 1
    --- out ---
    hooks.toml:10:10: error: no such argument of `open`: `pth`
       |
    10 | with = { by = "pth" }
       |          ^^ it names an argument

    hint: did you mean `path`?

    hooks.toml: invalid: 1 error
    "#);
    let said = bench.run(&["run", "-c", "hooks.toml", "--", "true"]);
    assert_eq!(said.status, Some(125), "{said:?}");
    assert!(
        said.err.contains("no such argument of `open`: `pth`"),
        "{said:?}"
    );
    let said = with(r#"["open", "import"]"#, "host").run(&["emit", "-c", "hooks.toml", "x.y"]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains("hint: it has "), "{said:?}");

    // What a program's own events have, nobody knows.
    for (on, by) in [
        (r#""open""#, "0"),
        (r#"["open", "import"]"#, "module"),
        (r#"["open", "shop.order"]"#, "customer"),
        (r#""socket.*""#, "customer"),
    ] {
        with(on, by)
            .run(&["check", "hooks.toml", "--plugins"])
            .good();
    }
}

#[test]
fn a_plugin_that_nobody_vouches_for_runs_in_a_process_of_its_own() {
    let bench = Bench::with_policy(
        "version = 1\n[plugin.gate-plugin]\npath = \"./libgate_plugin.so\"\n\
         [[hook]]\nname = \"it\"\non = \"x.y\"\ncall = \"gate-plugin.check\"\nwith = { argument = \"text\" }\n",
    );
    let library = bench.work().join("libgate_plugin.so");
    let built = std::path::Path::new(env!("CARGO_BIN_EXE_audithook"));
    std::fs::copy(
        built.with_file_name("deps").join("libgate_plugin.so"),
        library,
    )
    .expect("copied");
    let list = bench.run(&["plugin", "list", "-c", "hooks.toml"]);
    assert!(list.good().contains("placement  process"), "{list:?}");
    let denied = bench.run(&["emit", "-c", "hooks.toml", "x.y", "text=forbidden"]);
    assert_eq!(denied.status, Some(1), "{denied:?}");
    bench
        .run(&["emit", "-c", "hooks.toml", "x.y", "text=tea"])
        .good();
}

const PLUGINS: &str = r#"version = 1
[plugin.bucketing]
placement = "supervisor"
[plugin.gate-plugin]
placement = "supervisor"
"#;

fn with_hook(hook: &str) -> Bench {
    Bench::with_policy(&format!("{PLUGINS}[[hook]]\nname = \"it\"\n{hook}\n")).with_plugins()
}

#[test]
fn plugins_are_listed_with_what_they_offer() {
    let bench = Bench::with_policy(PLUGINS).with_plugins();
    let said = bench.run(&["plugin", "list", "-c", "hooks.toml"]);
    // The search path, and the two that are configured: others may lie beside the binary.
    let listed: String = said
        .good()
        .split_inclusive("\n\n")
        .take(3)
        .flat_map(str::lines)
        .filter(|line| !line.contains("sha256"))
        .map(|line| format!("{line}\n"))
        .collect();
    insta::assert_snapshot!(listed, @"
    searched:
      [ROOT]/plugins (AUDITHOOK_PLUGIN_PATH)
      [BIN] (beside the executable)
      [ROOT]/home/.local/share/audithook/plugins (XDG_DATA_HOME)

    bucketing 0.1.0 (hooks.toml:2)
      summary    Counts events by any argument.
      hooks      count: observer. Counts events by the argument `by`.
      placement  supervisor
      file       [BIN]/deps/libbucketing.so

    gate-plugin 0.1.0 (hooks.toml:4)
      summary    A tiny gate for the end-to-end tests.
      hooks      check: gate. Denies what contains a text.
                 around: gate, after. Counts operations that begin and end.
                 seen: observer. Counts events.
                 tell: gate. Raises an event for each event.
      commands   sum [NUMBER…] [--no]. Adds numbers.
                 repeat TEXT [--times <number>] [--fail-after <number>] [--ending <text>]. Says something again.
                 copy. Says what is piped in.
                 numbers [ROWS]. Counts.
      placement  supervisor
      file       [BIN]/deps/libgate_plugin.so
    ");
    let list = bench
        .run(&["plugin", "list", "-c", "hooks.toml", "--format", "json"])
        .json();
    assert_eq!(
        list["plugins"][0]["sha256"].as_str().map(str::len),
        Some(64)
    );
    assert_eq!(list["plugins"][1]["hooks"][0]["kinds"][0], "gate");
}

#[test]
fn an_observer_counts_what_is_emitted() {
    let bench =
        with_hook("on = \"shop.*\"\ncall = \"bucketing.count\"\nwith = { by = \"customer\" }");
    let said = bench.run(&[
        "emit",
        "-c",
        "hooks.toml",
        "shop.order",
        "customer=anna",
        "--times",
        "3",
    ]);
    insta::assert_snapshot!(said.all(), @"
    status: 0
    --- out ---
    allow  shop.order customer=anna

    bucketing: shop.* by customer (hook.it)
      COUNT  VALUE
          3  anna
      3 events in total, 1 distinct value

    gate-plugin: seen 0, started 0, ended 0
    ");
    let report = bench
        .run(&[
            "emit",
            "-c",
            "hooks.toml",
            "shop.order",
            "customer=anna",
            "--format",
            "json",
        ])
        .json();
    assert!(report["reports"]["bucketing"].is_object(), "{report}");
}

#[test]
fn what_a_plugin_counts_is_shown_by_emit() {
    let bench = with_hook("on = \"shop.*\"\ncall = \"gate-plugin.seen\"");
    let emit = |format: &str| {
        bench.run(&[
            "emit",
            "-c",
            "hooks.toml",
            "shop.order",
            "customer=anna",
            "--times",
            "3",
            "--format",
            format,
        ])
    };
    let said = emit("text");
    assert!(
        said.good()
            .ends_with("gate-plugin: seen 3, started 0, ended 0\ncounters: seen 3\n"),
        "{}",
        said.all()
    );
    assert_eq!(emit("json").json()["counters"]["gate-plugin"]["seen"], 3);
}

#[test]
fn an_observer_sees_only_what_its_condition_holds_for() {
    let hook = "on = \"shop.*\"\nwhen = { customer = \"a*\" }\ncall = \"bucketing.count\"\nwith = { by = \"customer\" }";
    let bench = with_hook(hook);
    let counted = |customer: &str| {
        let argument = format!("customer={customer}");
        let said = bench.run(&["emit", "-c", "hooks.toml", "shop.order", &argument]);
        said.good().contains("1 event in total") || said.good().contains("1 events in total")
    };
    assert!(counted("anna"));
    assert!(!counted("bob"));
}

#[test]
fn a_gate_judges_with_its_reason_where_its_condition_holds() {
    let gate = "on = \"open\"\ncall = \"gate-plugin.check\"\nwith = { contains = \"secret\" }";
    let bench = with_hook(gate);
    insta::assert_snapshot!(bench.run(&["emit", "-c", "hooks.toml", "open", "path=/a/secret/x"]).all(), @"
    status: 1
    --- out ---
    deny  open path=/a/secret/x flags=read  [hook.it (hooks.toml:6)]
      `path` contains `secret`

    gate-plugin: seen 0, started 0, ended 0
    ");
    insta::assert_snapshot!(bench.run(&["explain", "-c", "hooks.toml", "open", "path=/a/secret/x"]).all(), @"
    status: 1
    --- out ---
    deny  open path=/a/secret/x flags=read
      `path` contains `secret`

    rules that match:
      ask    hook.it  hooks.toml:6  `gate-plugin.check`

    hint: the hook `hook.it` (hooks.toml:6) says so
    ");
    assert_eq!(
        bench
            .run(&["emit", "-c", "hooks.toml", "open", "path=/a/b"])
            .status,
        Some(0)
    );
    for (condition, status) in [
        ("{ flags = \"read\" }", 1),
        ("{ flags = \"write\" }", 0),
        ("'args.path.size() > 3'", 1),
        ("'false'", 0),
    ] {
        let bench = with_hook(&format!("{gate}\nwhen = {condition}"));
        let said = bench.run(&["emit", "-c", "hooks.toml", "open", "path=/a/secret/x"]);
        assert_eq!(said.status, Some(status), "{condition}: {said:?}");
    }
}

#[test]
fn a_gate_that_fails_is_judged_by_on_error() {
    let gate = |behave: &str, on_error: &str| {
        with_hook(&format!(
            "on = \"open\"\ncall = \"gate-plugin.check\"\nwith = {{ contains = \"x\", behave = \"{behave}\" }}\n{on_error}"
        ))
    };
    let emit = ["emit", "-c", "hooks.toml", "open", "path=/x"];
    for behave in ["error", "bad-argument", "unknown", "panic"] {
        assert_eq!(gate(behave, "").run(&emit).status, Some(1), "{behave}");
        let said = gate(behave, "on-error = \"allow\"").run(&emit);
        assert_eq!(said.status, Some(0), "{behave}: {said:?}");
    }
    insta::assert_snapshot!(gate("error", "").run(&emit).all(), @"
    status: 1
    --- out ---
    deny  open path=/x flags=read  [hook.it (hooks.toml:6)]
      the hook reported an error: told to fail

    gate-plugin: seen 0, started 0, ended 0
    ");
    let said = gate("error", "on-error = \"allow\"").run(&[
        "explain",
        "-c",
        "hooks.toml",
        "open",
        "path=/x",
    ]);
    assert!(
        said.good()
            .contains("a gate failed, and its `on-error` let the event pass"),
        "{said:?}"
    );
}

#[test]
fn a_gate_in_the_target_judges_here_too() {
    let bench = Bench::with_policy(
        r#"version = 1
[plugin.gate-plugin]
placement = "target"
[[hook]]
on = "open"
call = "gate-plugin.check"
with = { contains = "secret" }
"#,
    )
    .with_plugins();
    assert_eq!(
        bench
            .run(&["explain", "-c", "hooks.toml", "open", "path=/secret"])
            .status,
        Some(1)
    );
    assert_eq!(
        bench
            .run(&["explain", "-c", "hooks.toml", "open", "path=/public"])
            .status,
        Some(0)
    );
}

#[test]
fn what_a_plugin_does_not_offer_is_refused_at_its_place() {
    let refused =
        |hook: &str| with_hook(hook).run(&["emit", "-c", "hooks.toml", "open", "path=/x"]);
    insta::assert_snapshot!(refused("on = \"open\"\ncall = \"gate-plugin.chek\"").all(), @"
    status: 2
    --- err ---
    hooks.toml:6:1: error: plugin `gate-plugin` offers no hook: `chek`
      |
    6 | [[hook]]
      | ^^^^^^^^

    hint: did you mean `gate-plugin.check`?
    ");
    insta::assert_snapshot!(refused("on = \"open\"\ncall = \"gate-plugin.around\"").all(), @"
    status: 2
    --- err ---
    hooks.toml:6:1: error: no source tells how these events end: `open`
      |
    6 | [[hook]]
      | ^^^^^^^^ `gate-plugin.around` is an after

    hint: `audithook events NAME` shows which kinds of hooks an event can have
    ");
    insta::assert_snapshot!(refused("on = \"open\"\ncall = \"bucketing.count\"\non-error = \"deny\"").all(), @r#"
    status: 2
    --- err ---
    hooks.toml:6:1: error: `on-error = "deny"` is for gates
      |
    6 | [[hook]]
      | ^^^^^^^^ `bucketing.count` has no veto

    hint: `on-error = "allow"`, or `disable`
    "#);
    insta::assert_snapshot!(refused("on = \"open\"\ncall = \"gate-plugin.check\"\nwith = { contian = \"x\" }").all(), @r#"
    status: 2
    --- err ---
    hooks.toml:10:10: error: `gate-plugin.check` refuses `with`: unknown field `contian`, expected one of `argument`, `contains`, `verdict`, `behave`, `sleep-ms`
       |
    10 | with = { contian = "x" }
       |          ^^^^^^^
    "#);
}

#[test]
fn what_cannot_run_in_the_target_is_refused_at_its_place() {
    let refused = |hook: &str| {
        let policy = format!(
            "version = 1\n[plugin.gate-plugin]\nplacement = \"target\"\n[[hook]]\non = \"open\"\n{hook}\n"
        );
        Bench::with_policy(&policy).with_plugins().run(&[
            "emit",
            "-c",
            "hooks.toml",
            "open",
            "path=/x",
        ])
    };
    insta::assert_snapshot!(refused("call = \"gate-plugin.seen\"").all(), @r#"
    status: 2
    --- err ---
    hooks.toml:4:1: error: only gates can run in the target: `gate-plugin.seen`
      |
    4 | [[hook]]
      | ^^^^^^^^

    hint: `placement = "supervisor"` in `[plugin.gate-plugin]`
    "#);
    insta::assert_snapshot!(refused("call = \"gate-plugin.check\"\nwhen = 'args.path == \"/x\"'").all(), @"
    status: 2
    --- err ---
    hooks.toml:4:1: error: a plugin in the target under a condition in CEL: `gate-plugin`
      |
    4 | [[hook]]
      | ^^^^^^^^

    hint: only the supervisor evaluates CEL: write the condition as a table, or give the plugin another `placement`
    ");
}

#[test]
fn an_event_that_a_plugin_raises_reaches_the_others() {
    let bench = with_hook(
        "on = \"shop.order\"\ncall = \"gate-plugin.tell\"\n[[hook]]\non = \"gate-plugin.told\"\ncall = \"bucketing.count\"\nwith = { by = \"what\" }",
    );
    let said = bench.run(&[
        "emit",
        "-c",
        "hooks.toml",
        "shop.order",
        "item=tea",
        "--times",
        "2",
    ]);
    let counted: Vec<_> = said.good().lines().map(str::trim).collect();
    assert!(counted.contains(&"2  tea"), "{said:?}");
}
