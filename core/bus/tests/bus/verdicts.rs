//! *Meaning* 2 and 3: the algebra of verdicts, and the order of hooks.

use audithook_bus::{Bus, EventExt, Hook, Mode, Verdict};

use crate::{Notes, event, says, watch};

#[test]
fn the_strongest_verdict_wins_in_whatever_order_the_gates_stand() {
    let verdicts = [Verdict::Allow, Verdict::Warn, Verdict::Deny, Verdict::Kill];
    for turn in 0..verdicts.len() {
        for strongest in verdicts {
            let bus = Bus::new();
            let mut said = verdicts.map(|verdict| verdict.min(strongest));
            said.rotate_left(turn);
            for (place, verdict) in said.into_iter().enumerate() {
                says(&bus, "e", &format!("g{place}"), verdict);
            }
            assert_eq!(bus.judge(&event("e")).verdict, strongest);
        }
    }
}

#[test]
fn the_first_among_the_strongest_decides_and_the_others_that_agreed_are_named() {
    let bus = Bus::new();
    says(&bus, "e", "warns", Verdict::Warn);
    bus.gate("e")
        .named("denies-first")
        .origin("hooks.toml:7")
        .with(|_, reply| reply.deny("no"))
        .unwrap();
    says(&bus, "e", "allows", Verdict::Allow);
    bus.gate("e")
        .named("denies-too")
        .with(|_, reply| reply.deny("never"))
        .unwrap();
    let decision = bus.judge(&event("e"));
    assert_eq!(decision.verdict, Verdict::Deny);
    let deciding = decision.deciding.unwrap();
    assert_eq!(
        (deciding.name(), deciding.origin()),
        ("denies-first", Some("hooks.toml:7"))
    );
    assert_eq!(decision.reason.as_deref(), Some("no"));
    let agreed: Vec<&str> = decision.agreed.iter().map(|hook| hook.name()).collect();
    assert_eq!(agreed, ["denies-too"]);
}

#[test]
fn gates_after_a_kill_still_run() {
    let bus = Bus::new();
    let notes = Notes::default();
    says(&bus, "e", "kills", Verdict::Kill);
    let book = notes.clone();
    bus.gate("e")
        .with(move |_, _| {
            book.note("ran");
            Verdict::Kill
        })
        .unwrap();
    let denied = bus.raise(&event("e")).unwrap_err();
    assert_eq!(denied.verdict(), Verdict::Kill);
    assert_eq!(denied.decision().agreed.len(), 1);
    assert_eq!(notes.take(), ["ran"]);
}

#[test]
fn a_refusal_says_event_rule_place_and_reason() {
    let bus = Bus::new();
    bus.gate("open")
        .named("no-key")
        .origin("hooks.toml:12")
        .with(|_, reply| reply.deny("keys stay where they are"))
        .unwrap();
    let denied = bus.raise(&event("open")).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "open denied by rule `no-key` (hooks.toml:12): keys stay where they are"
    );
    assert_eq!((denied.event(), denied.rule()), ("open", "no-key"));
}

#[test]
fn a_warning_lets_the_operation_pass_and_is_recorded() {
    let bus = Bus::new();
    let notes = watch(&bus, "e");
    bus.gate("e")
        .named("w")
        .with(|_, reply| reply.warn("hm"))
        .unwrap();
    let allowed = bus.raise(&event("e")).unwrap();
    assert_eq!(allowed.verdict(), Verdict::Warn);
    assert_eq!(allowed.decision().unwrap().reason.as_deref(), Some("hm"));
    assert_eq!(notes.take(), ["e warn "]);
}

#[test]
fn observers_see_what_was_refused_with_its_verdict() {
    let bus = Bus::new();
    let notes = watch(&bus, "e");
    says(&bus, "e", "d", Verdict::Deny);
    assert!(bus.raise(&event("e")).is_err());
    assert_eq!(notes.take(), ["e deny "]);
}

#[test]
fn hooks_run_by_priority_then_place_in_the_file_then_plugin() {
    let bus = Bus::new();
    let notes = Notes::default();
    let hook = |name: &'static str| {
        let book = notes.clone();
        (Hook::gate("e").named(name), move || book.note(name))
    };
    let gates = [
        ("4: last in priority", 5, Some(0), None),
        ("3b: same place, later plugin", 0, Some(2), Some("zeta")),
        ("3a: same place, earlier plugin", 0, Some(2), Some("alpha")),
        ("2: first in the file", 0, Some(1), None),
        ("1: lowest priority", -5, Some(9), None),
        ("3c: in no file", 0, None, Some("alpha")),
    ];
    for (name, priority, order, plugin) in gates {
        let (mut builder, note) = hook(name);
        builder = builder.priority(priority);
        if let Some(order) = order {
            builder = builder.order(order);
        }
        if let Some(plugin) = plugin {
            builder = builder.plugin(plugin);
        }
        bus.add(builder.with(move |_, _| {
            note();
            Verdict::Allow
        }))
        .unwrap();
    }
    bus.raise(&event("e")).unwrap();
    let mut expected: Vec<&str> = gates.iter().map(|gate| gate.0).collect();
    expected.sort_unstable();
    assert_eq!(notes.take(), expected);
    let printed: Vec<String> = bus.hooks().iter().map(|hook| hook.name().into()).collect();
    assert_eq!(printed, expected);
}

#[test]
fn hooks_that_are_equal_in_all_run_in_the_order_in_which_they_were_attached() {
    let bus = Bus::new();
    let notes = Notes::default();
    for number in 0..20 {
        let book = notes.clone();
        bus.gate("e")
            .with(move |_, _| {
                book.note(number.to_string());
                Verdict::Allow
            })
            .unwrap();
    }
    bus.raise(&event("e")).unwrap();
    let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(notes.take(), expected);
}

#[test]
fn the_table_of_hooks_is_printable() {
    let bus = Bus::new();
    bus.gate(["open", "os.*"])
        .named("no-key")
        .plugin("vault")
        .priority(10)
        .origin("hooks.toml:12")
        .with(|_, _| Verdict::Allow)
        .unwrap();
    assert_eq!(
        bus.hooks()[0].to_string(),
        "10 gate no-key on open, os.* by vault (hooks.toml:12)"
    );
    assert_eq!(bus.hooks_on(audithook_bus::intern("os.system")).len(), 1);
    assert_eq!(bus.hooks_on(audithook_bus::intern("import")).len(), 0);
}

#[test]
fn in_warn_mode_refusals_become_warnings_that_say_what_they_would_be() {
    for mode_of_hook in [false, true] {
        let bus = Bus::new();
        let flags = Notes::default();
        let book = flags.clone();
        let gate = Hook::gate("e").named("g").mode(if mode_of_hook {
            Mode::Warn
        } else {
            Mode::Enforce
        });
        bus.add(gate.with(move |event, _| {
            book.note((event.flags & audithook_abi::EVENT_DRY_RUN).to_string());
            Verdict::Kill
        }))
        .unwrap();
        if !mode_of_hook {
            bus.set_mode(Mode::Warn).unwrap();
        }
        let allowed = bus.raise(&event("e")).unwrap();
        let decision = allowed.decision().unwrap();
        assert_eq!(
            (decision.verdict, decision.would),
            (Verdict::Warn, Verdict::Kill)
        );
        assert_eq!(decision.deciding.as_ref().unwrap().name(), "g");
        assert_eq!(flags.take(), [if mode_of_hook { "0" } else { "16" }]);
    }
}

#[test]
fn of_two_warnings_the_one_that_would_refuse_decides() {
    let bus = Bus::new();
    says(&bus, "e", "warns", Verdict::Warn);
    bus.add(
        Hook::gate("e")
            .named("would-deny")
            .mode(Mode::Warn)
            .with(|_, _| Verdict::Deny),
    )
    .unwrap();
    let decision = bus.judge(&event("e"));
    assert_eq!(
        (decision.verdict, decision.would),
        (Verdict::Warn, Verdict::Deny)
    );
    assert_eq!(decision.deciding.unwrap().name(), "would-deny");
    assert_eq!(decision.agreed[0].name(), "warns");
}

#[test]
fn in_off_mode_only_observers_run() {
    let bus = Bus::new();
    let notes = watch(&bus, "e");
    says(&bus, "e", "d", Verdict::Deny);
    bus.after("e")
        .with(|_, _, _| -> () { panic!("must not run") })
        .unwrap();
    bus.set_mode(Mode::Off).unwrap();
    assert!(bus.raise(&event("e")).is_ok());
    assert_eq!(notes.take(), ["e allow "]);
}

#[test]
fn judging_shows_nothing_to_observers_and_notifying_asks_no_gate() {
    let bus = Bus::new();
    let notes = watch(&bus, "e");
    says(&bus, "e", "d", Verdict::Deny);
    assert_eq!(bus.judge(&event("e")).verdict, Verdict::Deny);
    assert_eq!(notes.take(), [""; 0]);
    let mut recorded = event("e");
    recorded.verdict = Verdict::Kill as u8;
    (recorded.pid, recorded.tid, recorded.time_ns) = (7, 8, 9);
    bus.notify(&recorded);
    assert_eq!(notes.take(), ["e kill "]);
    assert_eq!(bus.hook_stats(&bus.hooks()[1]).calls, 1);
}

#[test]
fn an_observer_sees_time_process_and_thread_of_the_raiser_unless_the_event_has_them() {
    let bus = Bus::new();
    let notes = Notes::default();
    let book = notes.clone();
    bus.observe("e")
        .inline()
        .with(move |event| {
            let mine = event.pid == std::process::id() && event.tid != 0 && event.time_ns > 0;
            book.note(if mine { "mine" } else { event.name() });
            assert!(mine || (event.pid, event.tid, event.time_ns) == (7, 8, 9));
        })
        .unwrap();
    bus.raise(&event("e")).unwrap();
    let mut recorded = event("e");
    (recorded.pid, recorded.tid, recorded.time_ns) = (7, 8, 9);
    bus.raise(&recorded).unwrap();
    assert_eq!(notes.take(), ["mine", "e"]);
}
