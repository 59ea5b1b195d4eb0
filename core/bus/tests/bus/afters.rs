//! Around an operation: afters run exactly if their gate was entered, in reverse order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use audithook_bus::{Bus, EventExt, HookError, Mode, Verdict, emit_on, guard_on};

use crate::{Notes, event, watch};

/// An around that notes both its halves, and says this before.
fn onion(bus: &Bus, notes: &Notes, name: &'static str, said: Result<Verdict, HookError>) {
    let (before, after) = (notes.clone(), notes.clone());
    bus.around("e")
        .named(name)
        .with(
            move |_, reply| {
                before.note(format!("+{name}"));
                reply.cookie = name.len() as u64;
                said.clone()
            },
            move |_, outcome, cookie| {
                assert_eq!(cookie, name.len() as u64);
                after.note(format!("-{name} {} {}", outcome.verdict, outcome.errno));
            },
        )
        .unwrap();
}

#[test]
fn afters_run_in_reverse_order_when_the_operation_ends() {
    let (bus, notes) = (Bus::new(), Notes::default());
    onion(&bus, &notes, "a", Ok(Verdict::Allow));
    onion(&bus, &notes, "bb", Ok(Verdict::Allow));
    let operation = bus.guard(&event("e")).unwrap();
    assert_eq!(notes.take(), ["+a", "+bb"]);
    operation.finish(2);
    assert_eq!(notes.take(), ["-bb allow 2", "-a allow 2"]);
}

#[test]
fn an_after_runs_although_a_later_gate_denied_failed_or_panicked() {
    let denies = |bus: &Bus| bus.gate("e").with(|_, _| Verdict::Deny).map(drop);
    let fails = |bus: &Bus| {
        bus.gate("e")
            .with(|_, _| Err::<Verdict, _>("broken"))
            .map(drop)
    };
    let panics = |bus: &Bus| {
        bus.gate("e")
            .with(|_, _| -> Verdict { panic!("evil") })
            .map(drop)
    };
    for spoil in [&denies as &dyn Fn(&Bus) -> Result<(), _>, &fails, &panics] {
        let (bus, notes) = (Bus::new(), Notes::default());
        onion(&bus, &notes, "a", Ok(Verdict::Allow));
        spoil(&bus).unwrap();
        onion(&bus, &notes, "bb", Ok(Verdict::Allow));
        assert!(bus.guard(&event("e")).is_err());
        assert_eq!(notes.take(), ["+a", "+bb", "-bb deny 13", "-a deny 13"]);
    }
}

#[test]
fn an_after_runs_although_its_own_gate_denied_or_failed() {
    for said in [Ok(Verdict::Deny), Err(HookError::from("broken"))] {
        let (bus, notes) = (Bus::new(), Notes::default());
        onion(&bus, &notes, "a", said);
        assert!(bus.raise(&event("e")).is_err());
        assert_eq!(notes.take(), ["+a", "-a deny 13"]);
    }
}

#[test]
fn the_after_of_a_gate_that_panicked_is_not_entered() {
    let (bus, notes) = (Bus::new(), Notes::default());
    onion(&bus, &notes, "a", Ok(Verdict::Allow));
    let book = notes.clone();
    bus.around("e")
        .with(
            |_, _| -> Verdict { panic!("evil") },
            move |_, _, _| book.note("poisoned"),
        )
        .unwrap();
    assert!(bus.raise(&event("e")).is_err());
    assert_eq!(notes.take(), ["+a", "-a deny 13"]);
}

#[test]
fn the_after_of_a_gate_that_was_not_entered_does_not_run() {
    let (bus, notes) = (Bus::new(), Notes::default());
    onion(&bus, &notes, "a", Ok(Verdict::Allow));
    bus.set_mode(Mode::Off).unwrap();
    bus.guard(&event("e")).unwrap().finish(0);
    assert_eq!(notes.take(), [""; 0]);
}

#[test]
fn an_after_without_a_gate_runs_once_an_operation() {
    let (bus, notes) = (Bus::new(), Notes::default());
    let book = notes.clone();
    bus.after("e")
        .with(move |_, outcome, _| book.note(outcome.errno.to_string()))
        .unwrap();
    bus.guard(&event("e")).unwrap().finish(5);
    bus.raise(&event("e")).unwrap();
    assert_eq!(notes.take(), ["5", "0"]);
}

#[test]
fn an_operation_that_is_dropped_ends_as_cancelled() {
    let (bus, notes) = (Bus::new(), Notes::default());
    onion(&bus, &notes, "a", Ok(Verdict::Allow));
    drop(bus.guard(&event("e")).unwrap());
    assert_eq!(notes.take(), ["+a", "-a allow 125"]);
    let unwound = std::panic::catch_unwind(|| {
        let _operation = bus.guard(&event("e")).unwrap();
        panic!("the operation itself panics");
    });
    assert!(unwound.is_err());
    assert_eq!(notes.take(), ["+a", "-a allow 125"]);
}

#[test]
fn an_operation_hands_its_result_on_and_tells_the_afters_its_errno() {
    let (bus, notes) = (Bus::new(), Notes::default());
    onion(&bus, &notes, "a", Ok(Verdict::Allow));
    let missing = std::fs::read("/no/such/file");
    let result = bus.guard(&event("e")).unwrap().finish_with(missing);
    assert!(result.is_err());
    assert_eq!(notes.take(), ["+a", "-a allow 2"]);
}

#[test]
fn afters_see_the_arguments_although_the_raiser_is_gone() {
    let bus = Bus::new();
    let notes = Notes::default();
    let book = notes.clone();
    bus.after("e")
        .with(move |event, _, _| book.note(event.arguments().to_string()))
        .unwrap();
    let operation = {
        let text = String::from("gone");
        guard_on!(bus, "e", text = text, list = 5u64).unwrap()
    };
    std::thread::spawn(move || operation.finish(0))
        .join()
        .unwrap();
    assert_eq!(notes.take(), ["text=\"gone\" list=5"]);
}

#[test]
fn an_operation_ends_under_the_hooks_with_which_it_began() {
    let (bus, notes) = (Bus::new(), Notes::default());
    let (before, after) = (notes.clone(), notes.clone());
    let id = bus
        .around("e")
        .with(
            move |_, _| {
                before.note("+");
                Verdict::Allow
            },
            move |_, _, _| after.note("-"),
        )
        .unwrap();
    let operation = bus.guard(&event("e")).unwrap();
    bus.remove(id).unwrap();
    bus.guard(&event("e")).unwrap().finish(0);
    operation.finish(0);
    assert_eq!(notes.take(), ["+", "-"]);
}

#[test]
fn entered_gates_and_run_afters_are_equal_in_number_under_traffic() {
    let bus = Bus::new();
    let depth = Arc::new(AtomicU64::new(0));
    for nth in 0..3 {
        let (up, down) = (depth.clone(), depth.clone());
        bus.around("e")
            .with(
                move |event, _| {
                    up.fetch_add(1, Relaxed);
                    match event.get_u64("n") {
                        Some(n) if n % 7 == nth => Err("broken"),
                        Some(n) if n % 5 == nth => Ok(Verdict::Deny),
                        _ => Ok(Verdict::Allow),
                    }
                },
                move |_, _, _| {
                    down.fetch_sub(1, Relaxed);
                },
            )
            .unwrap();
    }
    let bus = &bus;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for n in 0..2000u64 {
                    match guard_on!(bus, "e", n) {
                        Ok(operation) if n % 2 == 0 => operation.finish(0),
                        _ => {}
                    }
                    let _ = emit_on!(bus, "e", n);
                }
            });
        }
    });
    assert_eq!(depth.load(Relaxed), 0);
}

#[test]
fn observers_see_a_guarded_event_once_when_it_is_judged() {
    let (bus, notes) = (Bus::new(), Notes::default());
    onion(&bus, &notes, "a", Ok(Verdict::Warn));
    let seen = watch(&bus, "e");
    let operation = bus.guard(&event("e")).unwrap();
    assert_eq!(operation.allowed().verdict(), Verdict::Warn);
    assert_eq!(seen.take(), ["e warn "]);
    operation.finish(0);
    assert_eq!(seen.take(), [""; 0]);
}
