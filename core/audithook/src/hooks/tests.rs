use std::sync::atomic::{AtomicUsize, Ordering};

use audithook_abi::Value;
use audithook_bus::{Bus, intern};
use audithook_policy::{FlagOverrides, Input, LoadContext, load};

use super::*;

fn built(text: &str) -> BuiltHooks {
    let context = LoadContext {
        start_dir: "/nonexistent".into(),
        ..LoadContext::default()
    };
    let input = Input::Text { name: "test", text };
    let mut policy = load(input, &FlagOverrides::default(), &context)
        .expect("a policy")
        .policy;
    let services: Arc<dyn Services> = Arc::new(Bus::new());
    Libraries::open(&mut policy, &SearchPath::default())
        .and_then(|libraries| libraries.attach(&policy, Scope::Supervisor, &services))
        .expect("hooks")
}

const POLICY: &str = r#"version = 1
[[hook]]
name = "table"
on = "shop.order"
when = { 0 = "forbidden" }
do = "deny"
[[hook]]
name = "expression"
on = "shop.*"
when = 'args["1"] > 100'
do = "kill"
[[hook]]
name = "recorded"
on = "shop.*"
when = 'args["1"] == 7'
do = "log"
[[hook]]
name = "recorded-by-the-image"
on = "shop.*"
do = "log"
"#;

fn judge(source: Source, what: &str, sum: u64) -> (Verdict, Vec<u32>) {
    let mut built = built(POLICY);
    let bus = Bus::new();
    bus.replace(std::mem::take(&mut built.hooks))
        .expect("attached");
    let args = [
        Value::str(what).named(intern("0")),
        Value::u64(sum).named(intern("1")),
    ];
    let mut event = Event::new(intern("shop.order"), &args);
    event.source = source as u8;
    let decision = bus.judge(&event);
    (decision.verdict, built.rules_of(&decision))
}

#[test]
fn what_the_image_holds_is_judged_here_only_for_events_that_are_raised_here() {
    let (verdict, rules) = judge(Source::App, "forbidden", 1);
    assert_eq!((verdict, rules.len()), (Verdict::Deny, 1));
    assert_eq!(judge(Source::Cpython, "forbidden", 1).0, Verdict::Allow);
}

#[test]
fn what_the_image_leaves_open_is_judged_here_for_everybody() {
    for source in [Source::App, Source::Cpython, Source::Libc] {
        let (verdict, rules) = judge(source, "book", 500);
        assert_eq!((verdict, rules.len()), (Verdict::Kill, 1), "{source:?}");
    }
}

#[test]
fn a_condition_that_fails_is_denied_by_default() {
    let mut built = built(POLICY);
    let bus = Bus::new();
    bus.replace(std::mem::take(&mut built.hooks))
        .expect("attached");
    let mut event = Event::new(intern("shop.order"), &[]);
    event.source = Source::Cpython as u8;
    assert_eq!(bus.judge(&event).verdict, Verdict::Deny);
}

#[test]
fn recorders_speak_for_what_the_image_cannot_say() {
    let built = built(POLICY);
    assert!(built.has_recorders() && built.has_gates() && !built.has_observers());
    let recorded = |source: Source, sum: Option<u64>| {
        let args = [
            Value::NULL.named(intern("0")),
            sum.map_or(Value::NULL, Value::u64).named(intern("1")),
        ];
        let mut event = Event::new(
            intern("shop.order"),
            &args[..if sum.is_some() { 2 } else { 1 }],
        );
        event.source = source as u8;
        built.recorded_by(&event).len()
    };
    assert_eq!(recorded(Source::Cpython, Some(7)), 1);
    assert_eq!(recorded(Source::Cpython, Some(8)), 0);
    assert_eq!(
        recorded(Source::Cpython, None),
        1,
        "what cannot be said is recorded"
    );
    assert_eq!(
        recorded(Source::App, Some(8)),
        1,
        "no image sees what is raised here"
    );
    let other = Event::new(intern("store.order"), &[]);
    assert!(built.recorded_by(&other).is_empty());
}

/// A hooks.toml in force on a bus.
fn embedded(bus: &Bus, text: &str) -> Result<Embedded, Diagnostics> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("hooks.toml");
    std::fs::write(&file, text).expect("written");
    Embedded::load(bus, &file, &SearchPath::default())
}

fn raised(bus: &Bus, event: &str) -> (Verdict, Verdict) {
    let decision = bus.judge(&Event::new(intern(event), &[]));
    (decision.verdict, decision.would)
}

#[test]
fn the_mode_of_an_embedded_policy_softens_its_own_hooks_and_no_others() {
    let bus = Bus::new();
    bus.gate("stock.*")
        .named("own")
        .with(|_, reply| reply.deny("closed"))
        .expect("attached");
    let text = |mode: &str| {
        format!("version = 1\nmode = \"{mode}\"\n[[hook]]\non = \"shop.*\"\ndo = \"deny\"\n")
    };
    for (mode, verdict, would) in [
        ("enforce", Verdict::Deny, Verdict::Deny),
        ("warn", Verdict::Warn, Verdict::Deny),
        ("off", Verdict::Allow, Verdict::Allow),
    ] {
        let policy = embedded(&bus, &text(mode)).expect("in force");
        assert_eq!(raised(&bus, "shop.order"), (verdict, would), "{mode}");
        assert_eq!(raised(&bus, "stock.count").0, Verdict::Deny, "{mode}");
        drop(policy);
        assert_eq!(raised(&bus, "shop.order").0, Verdict::Allow, "{mode}");
    }
}

/// Counts what is told to `tracing`.
#[derive(Clone, Default)]
struct Told(Arc<AtomicUsize>);

impl tracing::Subscriber for Told {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn an_embedded_hook_that_logs_tells_tracing_what_its_condition_holds_for() {
    let bus = Bus::new();
    let text = "version = 1\n[[hook]]\non = \"shop.*\"\nwhen = 'args.sum > 3'\ndo = \"log\"\n";
    let _policy = embedded(&bus, text).expect("in force");
    let told = Told::default();
    tracing::subscriber::with_default(told.clone(), || {
        for sum in [1, 5, 2, 9] {
            let args = [Value::u64(sum).named(intern("sum"))];
            assert!(bus.raise(&Event::new(intern("shop.order"), &args)).is_ok());
        }
    });
    assert_eq!(told.0.load(Ordering::Relaxed), 2);
}

#[test]
fn what_only_a_run_can_hold_is_refused_with_its_place() {
    let bus = Bus::new();
    let text = "version = 1\nrequire = \"hard\"\n[network]\nconnect = \"none\"\n[limits]\nmemory = \"1GiB\"\n[[hook]]\non = \"x\"\ndo = \"deny\"\n";
    let refused = embedded(&bus, text).expect_err("refused").to_string();
    for part in [
        "`require = \"hard\"`",
        "hooks.toml:4: error: only `audithook run` holds it: `network.connect`",
        "hooks.toml:6: error: only `audithook run` holds it: `limits.memory`",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(!refused.contains("hook.1"), "{refused}");
    assert_eq!(raised(&bus, "x").0, Verdict::Allow);
}

#[test]
fn a_program_that_ends_with_its_mistakes_shows_them_as_a_person_reads_them() {
    let loaded = Embedded::load(
        &Bus::new(),
        "/nonexistent/hooks.toml".as_ref(),
        &SearchPath::default(),
    );
    let mistakes = loaded.expect_err("there is no file");
    let shown = format!("{mistakes:?}");
    assert_eq!(shown, mistakes.to_string());
    assert!(shown.contains("/nonexistent/hooks.toml"), "{shown}");
}
