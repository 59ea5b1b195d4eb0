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
