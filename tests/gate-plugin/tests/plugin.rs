//! The plugin does what it is told, through its real entry.

use audithook_sdk::testing::Host;
use audithook_sdk::{Outcome, Value, Verdict};
use gate_plugin::audithook_plugin_entry;

#[test]
fn it_denies_what_contains_the_text_and_says_why() {
    let host = Host::new();
    let plugin = host
        .create(audithook_plugin_entry, r#"{"contains": "secret"}"#)
        .unwrap();
    let open = |path| host.event("open", &[("path", Value::path(path))]);
    let check = plugin.attach("check", "{}").unwrap();
    assert_eq!(
        check.judge(&open("/public")).verdict(),
        Some(Verdict::Allow)
    );
    let judged = check.judge(&open("/secret/key"));
    assert_eq!(judged.verdict(), Some(Verdict::Deny));
    assert_eq!(judged.reason.as_deref(), Some("`path` contains `secret`"));

    let with = r#"{"contains": "public", "verdict": "kill", "behave": "sleep", "sleep-ms": 1}"#;
    let killing = plugin.attach("check", with).unwrap();
    assert_eq!(
        killing.judge(&open("/public")).verdict(),
        Some(Verdict::Kill)
    );
    assert_eq!(
        killing.judge(&host.event("open", &[])).verdict(),
        Some(Verdict::Allow)
    );
}

#[test]
fn it_fails_as_it_is_told_and_a_panic_is_its_last_answer() {
    let host = Host::new();
    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let open = host.event("open", &[("path", Value::path("/forbidden"))]);
    let answer = |behave: &str| {
        let with = format!(r#"{{"behave": "{behave}"}}"#);
        let judged = plugin.attach("check", &with).unwrap().judge(&open);
        (judged.status, judged.reason.unwrap_or_default())
    };
    assert_eq!(answer("error"), (-1, "told to fail".into()));
    assert_eq!(
        answer("bad-argument"),
        (-4, "told to find it unreadable".into())
    );
    assert_eq!(answer("unknown"), (77, "told to return 77".into()));
    let check = plugin.attach("check", "{}").unwrap();
    assert_eq!(answer("panic"), (-2, "told to panic".into()));
    assert_eq!(
        (check.judge(&open).status, check.judge(&open).reason),
        (-2, None)
    );
    assert!(plugin.report().is_err());
}

#[test]
fn it_counts_what_it_sees_and_what_comes_back() {
    let host = Host::new();
    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let event = host.event("import", &[]);
    let seen = plugin.attach("seen", r#"{"log": true}"#).unwrap();
    seen.observe(&event).unwrap();
    seen.observe(&event).unwrap();
    assert_eq!(host.counter("seen"), 2);
    assert_eq!(host.take_log()[0].1, "seen: import");

    let around = plugin.attach("around", "{}").unwrap();
    let cookie = around.judge(&event).cookie;
    let outcome = Outcome {
        verdict: Verdict::Allow,
        errno: 0,
    };
    assert_eq!(around.ended(&event, outcome, cookie), Ok(()));
    assert_eq!(around.ended(&event, outcome, cookie + 1), Err(-4));
    assert_eq!(
        plugin.report().unwrap(),
        "gate-plugin: seen 2, started 1, ended 1\n"
    );
}

#[test]
fn it_raises_an_event_for_each_and_answers_what_that_is_answered() {
    let host = Host::new();
    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let order = host.event("shop.order", &[("0", Value::str("tea"))]);
    for with in ["{}", r#"{"outside": true, "event": "shop.told"}"#] {
        let tell = plugin.attach("tell", with).unwrap();
        for answer in [Verdict::Allow, Verdict::Deny] {
            host.answer_emitted(answer);
            assert_eq!(tell.judge(&order).verdict(), Some(answer));
        }
    }
    let names: Vec<_> = host
        .take_emitted()
        .into_iter()
        .inspect(|(_, args)| assert_eq!(args, &[("what".to_owned(), "tea".to_owned())]))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "gate-plugin.told",
            "gate-plugin.told",
            "shop.told",
            "shop.told"
        ]
    );
}
