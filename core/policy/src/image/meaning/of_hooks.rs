//! `[[hook]]` and `mode`.

use super::*;

fn hook(on: &str, when: When, action: HookAction) -> HookInput {
    HookInput {
        on: vec![on.to_owned()],
        when,
        action,
        rule: HOOK,
    }
}

fn table(conditions: &[(&str, &[&str])]) -> When {
    When::Table(
        conditions
            .iter()
            .map(|(name, globs)| {
                (
                    (*name).to_owned(),
                    globs.iter().map(|&glob| glob.to_owned()).collect(),
                )
            })
            .collect(),
    )
}

fn judge(input: &ImageInput, event: &str, args: &[Value<'_>]) -> audithook_matcher::Judgement {
    let bytes = build(input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    image.judge(&image.plan(event.as_bytes()), args, &Context::NONE)
}

#[test]
fn all_arguments_of_a_table_must_match_and_one_glob_of_each() {
    let when = table(&[("module", &["os", "subp*"]), ("name", &["system"])]);
    let input = ImageInput {
        hooks: vec![hook(
            "pickle.find_class",
            when,
            HookAction::Verdict(Verdict::Deny),
        )],
        ..policy()
    };
    let find = |module, name| {
        refused(
            &input,
            "pickle.find_class",
            &[
                Value::str(module).named(arg::MODULE),
                Value::str(name).named(arg::NAME),
            ],
        )
    };
    assert_eq!(find("os", "system"), [HOOK]);
    assert_eq!(find("subprocess", "system"), [HOOK]);
    assert_eq!(find("os", "open"), NOTHING);
    assert_eq!(find("posix", "system"), NOTHING);
    assert_eq!(
        refused(
            &input,
            "pickle.find_class",
            &[Value::str("os").named(arg::MODULE)]
        ),
        NOTHING
    );
    assert_eq!(
        refused(&input, "import", &[Value::str("os").named(arg::MODULE)]),
        NOTHING
    );
}

#[test]
fn a_star_stops_at_slashes_in_paths_only() {
    let when = || table(&[("path", &["/srv/*", "/etc"])]);
    let input = ImageInput {
        hooks: vec![hook("*", when(), HookAction::Verdict(Verdict::Deny))],
        ..policy()
    };
    let with = |value: Value<'_>| refused(&input, "shop.order", &[value.named(arg::PATH)]);
    assert_eq!(
        with(Value::path("/srv/a/b")),
        [HOOK],
        "covers what is below"
    );
    assert_eq!(with(Value::path("/srv")), NOTHING);
    assert_eq!(with(Value::path("/etc/passwd")), [HOOK]);
    assert_eq!(with(Value::str("/etc/passwd")), NOTHING);
    assert_eq!(with(Value::str("/srv/a/b")), [HOOK]);
    assert_eq!(with(Value::str("/etc")), [HOOK]);
}

#[test]
fn numbers_lists_and_places_are_matched_as_text() {
    let hooks = |name: &'static str, glob: &'static str| ImageInput {
        hooks: vec![hook(
            "shop.*",
            table(&[(name, &[glob])]),
            HookAction::Verdict(Verdict::Deny),
        )],
        ..policy()
    };
    assert_eq!(
        refused(
            &hooks("0", "5"),
            "shop.order",
            &[Value::u64(5).named(arg::PLACE_0)]
        ),
        [HOOK]
    );
    assert_eq!(
        refused(
            &hooks("0", "-5"),
            "shop.order",
            &[Value::i64(-5).named(arg::PLACE_0)]
        ),
        [HOOK]
    );
    assert_eq!(
        refused(
            &hooks("0", "9.5"),
            "shop.order",
            &[Value::f64(9.5).named(arg::PLACE_0)]
        ),
        [HOOK]
    );
    assert_eq!(
        refused(
            &hooks("0", "true"),
            "shop.order",
            &[Value::bool(true).named(arg::PLACE_0)]
        ),
        [HOOK]
    );
    assert_eq!(
        refused(
            &hooks("0", "5"),
            "shop.order",
            &[Value::u64(55).named(arg::PLACE_0)]
        ),
        NOTHING
    );
    let flags = [Value::str("read"), Value::str("write")];
    assert_eq!(
        refused(
            &hooks("flags", "write"),
            "shop.order",
            &[Value::list(&flags).named(arg::FLAGS)]
        ),
        [HOOK]
    );
    assert_eq!(
        refused(
            &hooks("flags", "append"),
            "shop.order",
            &[Value::list(&flags).named(arg::FLAGS)]
        ),
        NOTHING
    );
    assert_eq!(
        refused(
            &hooks("0", "*"),
            "shop.order",
            &[Value::NULL.named(arg::PLACE_0)]
        ),
        NOTHING
    );
}

#[test]
fn what_the_image_cannot_say_is_asked_or_shown() {
    for when in [When::Cel, table(&[("no such argument", &["*"])])] {
        let input = |action| ImageInput {
            hooks: vec![hook("open", when.clone(), action)],
            ..policy()
        };
        assert!(judge(&input(HookAction::Verdict(Verdict::Deny)), "open", &[]).ask);
        assert!(judge(&input(HookAction::Gate), "open", &[]).ask);
        let logged = judge(&input(HookAction::Log), "open", &[]);
        assert!(logged.observe && !logged.ask && !logged.log);
        let observed = judge(&input(HookAction::Observe), "open", &[]);
        assert!(observed.observe && !observed.ask);
    }
}

#[test]
fn the_strongest_verdict_holds_and_its_rules_are_named() {
    let rules = [
        (Verdict::Deny, HOOK_LATER),
        (Verdict::Warn, 0),
        (Verdict::Deny, HOOK),
    ];
    let hooks = rules.map(|(verdict, rule)| HookInput {
        rule,
        ..hook("o*", When::Always, HookAction::Verdict(verdict))
    });
    let mut input = ImageInput {
        hooks: hooks.to_vec(),
        ..policy()
    };
    assert_eq!(refused(&input, "open", &[]), [HOOK, HOOK_LATER]);
    input.hooks.push(hook(
        "open",
        When::Always,
        HookAction::Verdict(Verdict::Kill),
    ));
    input
        .hooks
        .push(hook("open", When::Always, HookAction::Gate));
    let judgement = judge(&input, "open", &[]);
    assert_eq!(
        (judgement.verdict, judgement.rules(), judgement.ask),
        (Verdict::Kill, &[HOOK][..], false)
    );
}

#[test]
fn the_mode_softens_and_off_judges_nothing() {
    let mut input = ImageInput {
        hooks: vec![
            hook("open", When::Always, HookAction::Verdict(Verdict::Kill)),
            hook("open", When::Always, HookAction::Gate),
            HookInput {
                rule: HOOK_LATER,
                ..hook("open", When::Always, HookAction::Log)
            },
        ],
        mode: Mode::Warn,
        ..files(FileRules {
            read: paths(READ, &[]),
            ..FileRules::default()
        })
    };
    let judgement = judge(&input, "open", &[]);
    assert_eq!(
        (judgement.verdict, judgement.would),
        (Verdict::Warn, Some(Verdict::Kill))
    );
    assert_eq!(judgement.rules(), [HOOK]);
    input.mode = Mode::Off;
    let judgement = judge(&input, "open", &[]);
    assert_eq!(
        (
            judgement.verdict,
            judgement.would,
            judgement.ask,
            judgement.log
        ),
        (Verdict::Allow, None, false, true)
    );
    assert_eq!(
        judgement.rules(),
        [HOOK_LATER],
        "the rule that has it recorded"
    );
}

#[test]
fn hooks_in_the_target_are_handed_out_and_what_they_say_is_added() {
    let target = TargetHook {
        function: "check".to_owned(),
        with: "{}".to_owned(),
        on_error: Verdict::Deny,
    };
    let plugin = TargetPlugin {
        name: "limit".to_owned(),
        path: b"/p.so".to_vec(),
        config: "{\"a\":1}".to_owned(),
        hooks: vec![target],
    };
    let input = ImageInput {
        hooks: vec![hook(
            "open",
            When::Always,
            HookAction::TargetGate { plugin: 0, hook: 0 },
        )],
        target_plugins: vec![plugin],
        mode: Mode::Warn,
        ..policy()
    };
    let bytes = build(&input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    let mut judgement = image.judge(&image.plan(b"open"), &[], &Context::NONE);
    assert_eq!(judgement.target_hooks(), [(0, 0)]);
    let plugin = image.target_plugins().next().expect("a plugin");
    let hook = plugin.hooks().next().expect("a hook");
    assert_eq!(
        (plugin.name, plugin.path, plugin.config),
        ("limit", &b"/p.so"[..], "{\"a\":1}")
    );
    assert_eq!(
        (hook.function, hook.with, hook.on_error, hook.rule),
        ("check", "{}", Verdict::Deny, HOOK)
    );
    judgement.add(Verdict::Deny, hook.rule);
    assert_eq!(
        (judgement.verdict, judgement.would, judgement.rules()),
        (Verdict::Warn, Some(Verdict::Deny), &[HOOK][..])
    );
}

#[test]
fn a_hook_in_the_target_that_does_not_fit_into_a_judgement_refuses() {
    let target = TargetHook {
        function: "check".to_owned(),
        with: String::new(),
        on_error: Verdict::Allow,
    };
    let plugin = TargetPlugin {
        name: String::new(),
        path: Vec::new(),
        config: String::new(),
        hooks: vec![target; 9],
    };
    let hooks = (0..9)
        .map(|place| {
            hook(
                "open",
                When::Always,
                HookAction::TargetGate {
                    plugin: 0,
                    hook: place,
                },
            )
        })
        .collect();
    let input = ImageInput {
        hooks,
        target_plugins: vec![plugin],
        ..policy()
    };
    let judgement = judge(&input, "open", &[]);
    assert_eq!(
        (judgement.verdict, judgement.target_hooks().len()),
        (Verdict::Deny, 8)
    );
}

#[test]
fn a_table_that_reads_what_was_cut_is_left_to_on_error() {
    let when = || table(&[("module", &["os", "su*"]), ("name", &["system"])]);
    let deny = HookAction::Verdict(Verdict::Deny);
    fn cut(value: Value<'_>) -> Value<'_> {
        value.flagged(VALUE_TRUNCATED)
    }
    fn module(value: Value<'_>) -> Value<'_> {
        value.named(arg::MODULE)
    }
    let ask = |action, args: &[Value<'_>]| {
        let input = ImageInput {
            hooks: vec![hook("pickle.find_class", when(), action)],
            ..policy()
        };
        let bytes = build(&input).expect("a policy");
        let image = Image::parse(&bytes).expect("an image");
        let event = "pickle.find_class";
        let judged = image.judge(&image.plan(event.as_bytes()), args, &Context::NONE);
        let expected = naive::judge(&input, event, args, &Context::NONE);
        assert_eq!(naive::Opinion::from(&judged), expected);
        judged
    };
    let system = Value::str("system").named(arg::NAME);

    for unknown in [
        cut(Value::str("os")),
        cut(Value::str("x")),
        cut(Value::NULL),
    ] {
        let args = [module(unknown), system];
        assert!(ask(deny, &args).ask);
        assert!(ask(HookAction::Gate, &args).ask);
        assert!(ask(HookAction::Observe, &args).observe);
        assert!(ask(HookAction::Log, &args).log);
        let other = [module(unknown), Value::str("other").named(arg::NAME)];
        assert!(
            !ask(deny, &other).ask,
            "one glob that does not match decides"
        );
    }
    let elements = [Value::str("x"), cut(Value::str("y"))];
    let found = [Value::str("os"), cut(Value::str("y"))];
    assert!(ask(deny, &[module(Value::list(&elements)), system]).ask);
    assert!(ask(deny, &[module(cut(Value::list(&elements[..1]))), system]).ask);
    assert!(!ask(deny, &[module(Value::list(&elements[..1])), system]).ask);
    let found = ask(deny, &[module(Value::list(&found)), system]);
    assert_eq!((found.verdict, found.ask), (Verdict::Deny, false));
}
