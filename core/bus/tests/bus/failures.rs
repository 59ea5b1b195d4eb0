//! *Meaning* 4: errors are not verdicts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use audithook_bus::{
    Bus, ChangeError, Hook, HookError, HookStats, OnError, Quarantine, Settings, State, Verdict,
};

use crate::{Notes, event, says, watch};

/// A gate that fails.
fn broken(bus: &Bus, on_error: OnError) {
    bus.gate("e")
        .named("broken")
        .plugin("p")
        .on_error(on_error)
        .with(|_, _| Err::<Verdict, _>("out of order"))
        .unwrap();
}

fn stats_of(bus: &Bus, name: &str) -> HookStats {
    let hook = bus
        .hooks()
        .into_iter()
        .find(|hook| hook.name() == name)
        .unwrap();
    bus.hook_stats(&hook)
}

#[test]
fn a_gate_that_fails_denies_unless_told_otherwise() {
    let bus = Bus::new();
    bus.gate("e")
        .named("broken")
        .with(|_, _| Err::<Verdict, _>("out of order"))
        .unwrap();
    let denied = bus.raise(&event("e")).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "e denied by rule `broken`: the hook reported an error: out of order"
    );
    assert!(!denied.decision().fail_open);
}

#[test]
fn every_fail_open_is_counted_flagged_and_told() {
    let bus = Bus::new();
    let told = watch(&bus, "plugin.error");
    broken(&bus, OnError::Allow);
    says(&bus, "e", "warns", Verdict::Warn);
    for _ in 0..2 {
        let decision = bus.judge(&event("e"));
        assert_eq!(
            (decision.verdict, decision.fail_open),
            (Verdict::Warn, true)
        );
    }
    let stats = stats_of(&bus, "broken");
    assert_eq!((stats.errors, stats.fail_open, stats.calls), (2, 2, 2));
    let line = "plugin.error allow plugin=\"p\" hook=\"broken\" error=\"the hook reported an error: out of order\" verdict=\"allow\"";
    assert_eq!(told.take(), [line, line]);
}

#[test]
fn what_an_observer_misses_is_counted_and_told() {
    for (on_error, panics, missed) in [(OnError::Allow, true, 3), (OnError::Disable, false, 1)] {
        let bus = Bus::new();
        let told = watch(&bus, "plugin.error");
        let observer = Hook::observe("e").named("broken").on_error(on_error);
        let observer = observer.inline().with(move |_| {
            assert!(!panics, "out of order");
            Err::<(), _>("out of order")
        });
        bus.replace([observer]).unwrap();
        for _ in 0..3 {
            bus.notify(&event("e"));
        }
        let stats = stats_of(&bus, "broken");
        assert_eq!(
            (stats.calls, stats.skipped, stats.fail_open),
            (1, 2, missed)
        );
        let lines = told.take();
        assert_eq!(lines.len() as u64, missed, "{lines:?}");
        assert!(lines[0].contains("out of order"), "{lines:?}");
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.contains("the hook is poisoned")),
            "{lines:?}"
        );
    }
}

#[test]
fn an_after_that_is_not_entered_any_more_is_counted_and_told() {
    let bus = Bus::new();
    let told = watch(&bus, "plugin.error");
    bus.after("e")
        .named("broken")
        .with(|_, _, _| -> () { panic!("out of order") })
        .unwrap();
    for _ in 0..2 {
        drop(bus.raise(&event("e")));
    }
    let stats = stats_of(&bus, "broken");
    assert_eq!((stats.afters, stats.skipped, stats.fail_open), (1, 1, 2));
    assert_eq!(told.take().len(), 2);
}

#[test]
fn an_event_that_passes_only_because_a_gate_failed_says_so() {
    let bus = Bus::new();
    broken(&bus, OnError::Allow);
    let allowed = bus.raise(&event("e")).unwrap();
    let decision = allowed.decision().unwrap();
    assert_eq!(
        (decision.verdict, decision.fail_open),
        (Verdict::Allow, true)
    );
    assert!(decision.deciding.is_none());
}

#[test]
fn a_hook_that_fails_with_disable_is_not_entered_again() {
    let bus = Bus::new();
    let told = watch(&bus, "plugin.quarantined");
    broken(&bus, OnError::Disable);
    assert!(bus.judge(&event("e")).fail_open);
    assert!(!bus.judge(&event("e")).fail_open);
    let stats = stats_of(&bus, "broken");
    assert_eq!(
        (stats.state, stats.calls, stats.skipped, stats.errors),
        (State::Disabled, 1, 1, 1)
    );
    assert_eq!(told.take().len(), 1);
}

#[test]
fn a_hook_that_fails_too_often_is_quarantined_loudly_and_its_on_error_answers() {
    for (on_error, verdict) in [
        (OnError::Deny, Verdict::Deny),
        (OnError::Allow, Verdict::Allow),
    ] {
        let quarantine = Quarantine {
            failures: 3,
            window: Duration::from_secs(60),
        };
        let bus = Bus::with(Settings {
            quarantine,
            ..Settings::default()
        });
        let (quarantined, errors) = (
            watch(&bus, "plugin.quarantined"),
            watch(&bus, "plugin.error"),
        );
        broken(&bus, on_error);
        for _ in 0..5 {
            assert_eq!(bus.judge(&event("e")).verdict, verdict);
        }
        let stats = stats_of(&bus, "broken");
        assert_eq!(
            (stats.state, stats.calls, stats.skipped),
            (State::Quarantined, 3, 2)
        );
        assert_eq!(
            quarantined.take(),
            ["plugin.quarantined allow plugin=\"p\" hook=\"broken\" count=3"]
        );
        // While quarantined, only what passes needs telling: a denial is told by the event itself.
        let passes = on_error == OnError::Allow;
        assert_eq!(errors.take().len(), if passes { 5 } else { 3 });
        assert_eq!(stats.fail_open, if passes { 5 } else { 0 });
        let reason = bus.judge(&event("e")).reason;
        assert_eq!(
            reason.as_deref(),
            (!passes).then_some("the hook is quarantined")
        );
    }
}

#[test]
fn only_an_explicit_reset_enters_a_quarantined_hook_again() {
    let bus = Bus::with(Settings {
        quarantine: Quarantine {
            failures: 1,
            window: Duration::from_secs(60),
        },
        ..Settings::default()
    });
    let failing = Arc::new(AtomicBool::new(true));
    let state = failing.clone();
    let id = bus
        .gate("e")
        .with(move |_, _| {
            if state.load(Relaxed) {
                Err("once")
            } else {
                Ok(Verdict::Allow)
            }
        })
        .unwrap();
    assert!(bus.raise(&event("e")).is_err());
    failing.store(false, Relaxed);
    assert!(bus.raise(&event("e")).is_err());
    bus.reset(id).unwrap();
    assert!(bus.raise(&event("e")).is_ok());
}

#[test]
fn a_panic_is_caught_and_poisons_all_hooks_of_the_plugin() {
    let bus = Bus::new();
    let notes = Notes::default();
    bus.gate("e")
        .named("evil")
        .plugin("p")
        .with(|_, _| -> Verdict { panic!("evil") })
        .unwrap();
    let book = notes.clone();
    bus.gate(["e", "f"])
        .named("sibling")
        .plugin("p")
        .with(move |_, _| {
            book.note("entered");
            Verdict::Allow
        })
        .unwrap();
    says(&bus, "f", "bystander", Verdict::Allow);
    let denied = bus.raise(&event("e")).unwrap_err();
    assert_eq!(denied.reason(), Some("the hook panicked: evil"));
    let denied = bus.raise(&event("f")).unwrap_err();
    assert_eq!(
        (denied.rule(), denied.reason()),
        ("sibling", Some("the hook is poisoned"))
    );
    assert_eq!(notes.take(), [""; 0]);
    let stats = stats_of(&bus, "evil");
    assert_eq!(
        (stats.panics, stats.errors, stats.state),
        (1, 1, State::Poisoned)
    );
    assert_eq!(stats_of(&bus, "sibling").state, State::Poisoned);
    assert_eq!(stats_of(&bus, "bystander").state, State::Healthy);
}

#[test]
fn hooks_after_a_panic_still_run() {
    let bus = Bus::new();
    let notes = Notes::default();
    for place in 0..4 {
        let book = notes.clone();
        bus.gate("e")
            .with(move |_, _| {
                book.note(place.to_string());
                assert!(place % 2 == 1, "evil");
                Verdict::Allow
            })
            .unwrap();
    }
    assert_eq!(bus.judge(&event("e")).agreed.len(), 1);
    assert_eq!(notes.take(), ["0", "1", "2", "3"]);
}

#[test]
fn what_a_poisoned_plugin_reports_is_believed() {
    let bus = Bus::new();
    bus.gate("e")
        .with(|_, _| Err::<Verdict, _>(HookError::Poisoned))
        .unwrap();
    assert!(bus.raise(&event("e")).is_err());
    assert_eq!(bus.hook_stats(&bus.hooks()[0]).state, State::Poisoned);
}

#[test]
fn failing_afters_and_observers_never_veto_and_are_told() {
    let bus = Bus::new();
    let told = watch(&bus, "plugin.error");
    bus.after("e")
        .named("a")
        .with(|_, _, _| Err::<(), _>("after"))
        .unwrap();
    bus.observe("e")
        .named("o")
        .inline()
        .with(|_| Err::<(), _>("observer"))
        .unwrap();
    bus.observe("e")
        .named("q")
        .with(|_| -> () { panic!("queued") })
        .unwrap();
    assert!(bus.raise(&event("e")).is_ok());
    assert!(bus.flush());
    let mut told = told.take();
    told.sort();
    assert_eq!(told.len(), 3);
    for (line, what) in told.iter().zip(["after", "observer", "queued"]) {
        assert!(line.contains(what), "{line}");
    }
    for hook in bus.hooks().iter().filter(|hook| hook.name() != "watch") {
        assert_eq!(bus.hook_stats(hook).errors, 1);
    }
}

#[test]
fn a_hook_without_veto_cannot_deny_on_error() {
    let bus = Bus::new();
    let hook = Hook::observe("e")
        .named("o")
        .on_error(OnError::Deny)
        .with(|_| ());
    let error = bus.add(hook).unwrap_err();
    assert!(matches!(error, ChangeError::NoVeto { .. }));
    assert_eq!(
        error.to_string(),
        "the observer `o` has no veto: `on-error = deny` is for gates"
    );
}

#[test]
fn calls_are_counted_exactly_over_threads_and_plans() {
    let bus = Bus::new();
    says(&bus, "e", "counted", Verdict::Allow);
    let hook = bus.hooks()[0].clone();
    let bus = &bus;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for _ in 0..5000 {
                    bus.raise(&event("e")).unwrap();
                }
            });
        }
        for _ in 0..50 {
            let id = bus.gate("other").with(|_, _| Verdict::Allow).unwrap();
            bus.remove(id).unwrap();
        }
    });
    let stats = bus.hook_stats(&hook);
    assert_eq!(stats.calls, 20_000);
    assert!(
        stats.sampled > 0 && stats.sampled < 200,
        "{}",
        stats.sampled
    );
    assert!(stats.mean_ns().is_some());
}
