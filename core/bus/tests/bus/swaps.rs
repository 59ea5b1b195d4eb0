//! Changing hooks while events are raised.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Weak};
use std::time::Duration;

use audithook_bus::{Bus, Hook, Verdict, emit_on};

use crate::{Notes, event, says};

#[test]
fn a_replacement_is_one_moment_for_every_event() {
    let bus = Bus::new();
    let (first, second) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    // Both generations have two gates. An event that met one of each, or one of any twice, would show in the difference.
    let generation = |which: &Arc<AtomicU64>| {
        [0, 1].map(|half| {
            let count = which.clone();
            Hook::gate("e").with(move |_, _| {
                count.fetch_add(if half == 0 { 1 } else { 1 << 32 }, Relaxed);
                Verdict::Allow
            })
        })
    };
    bus.replace(generation(&first)).unwrap();
    let (raiser, stop) = (&bus, &AtomicBool::new(false));
    let raised: u64 = std::thread::scope(|scope| {
        let raisers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(move || {
                    let mut raised = 0;
                    while !stop.load(Relaxed) {
                        emit_on!(raiser, "e").unwrap();
                        raised += 1;
                    }
                    raised
                })
            })
            .collect();
        for turn in 0..200 {
            bus.replace(generation(if turn % 2 == 0 { &second } else { &first }))
                .unwrap();
        }
        stop.store(true, Relaxed);
        raisers
            .into_iter()
            .map(|raiser| raiser.join().unwrap())
            .sum()
    });
    let (first, second) = (first.load(Relaxed), second.load(Relaxed));
    for generation in [first, second] {
        assert_eq!(
            generation & 0xFFFF_FFFF,
            generation >> 32,
            "an event met half a generation"
        );
    }
    assert_eq!(
        (first >> 32) + (second >> 32),
        raised,
        "an event was lost or doubled"
    );
}

#[test]
fn a_replacement_leaves_alone_what_was_added_one_by_one() {
    let bus = Bus::new();
    says(&bus, "e", "standing", Verdict::Warn);
    bus.replace([Hook::gate("e").named("old").with(|_, _| Verdict::Deny)])
        .unwrap();
    bus.replace([Hook::gate("e").named("new").with(|_, _| Verdict::Allow)])
        .unwrap();
    let names: Vec<String> = bus.hooks().iter().map(|hook| hook.name().into()).collect();
    assert_eq!(names, ["new", "standing"]);
    assert_eq!(bus.judge(&event("e")).verdict, Verdict::Warn);
}

#[test]
fn hooks_of_a_batch_stand_in_the_order_of_the_batch_before_those_in_no_file() {
    let bus = Bus::new();
    says(&bus, "e", "in-no-file", Verdict::Deny);
    bus.replace(["a", "b", "c"].map(|name| Hook::gate("e").named(name).with(|_, _| Verdict::Deny)))
        .unwrap();
    let decision = bus.judge(&event("e"));
    assert_eq!(decision.deciding.unwrap().name(), "a");
    let agreed: Vec<&str> = decision.agreed.iter().map(|hook| hook.name()).collect();
    assert_eq!(agreed, ["b", "c", "in-no-file"]);
}

#[test]
fn a_hook_is_in_force_on_every_thread_that_knows_of_it() {
    let bus = &Bus::new();
    for _ in 0..200 {
        let (ready, attached) = (&Barrier::new(2), &Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                assert!(bus.raise(&event("e")).is_ok());
                ready.wait();
                attached.wait();
                assert!(bus.raise(&event("e")).is_err());
            });
            ready.wait();
            bus.gate("e").with(|_, _| Verdict::Deny).unwrap();
            attached.wait();
        });
        bus.remove(bus.hooks()[0].id()).unwrap();
    }
}

/// A gate that owns something whose life can be watched.
fn owning(bus: &Bus) -> (Weak<()>, audithook_bus::HookId) {
    let owned = Arc::new(());
    let weak = Arc::downgrade(&owned);
    let id = bus
        .gate("e")
        .with(move |_, _| {
            let _owned = &owned;
            Verdict::Allow
        })
        .unwrap();
    (weak, id)
}

#[test]
fn what_a_hook_owns_is_dropped_when_no_thread_can_be_in_it() {
    let bus = Bus::new();
    let (owned, id) = owning(&bus);
    bus.raise(&event("e")).unwrap();
    let retired = bus.remove(id).unwrap();
    assert!(retired.wait(Duration::from_secs(5)));
    assert!(retired.is_gone() && owned.upgrade().is_none());
}

#[test]
fn a_thread_that_is_still_in_a_hook_keeps_it_alive() {
    let bus = Bus::new();
    let (inside, leave) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (in_gate, out_gate) = (inside.clone(), leave.clone());
    let id = bus
        .gate("e")
        .with(move |_, _| {
            in_gate.wait();
            out_gate.wait();
            Verdict::Allow
        })
        .unwrap();
    let raiser = bus.clone();
    let thread = std::thread::spawn(move || raiser.raise(&event("e")).unwrap());
    inside.wait();
    let retired = bus.remove(id).unwrap();
    assert!(!retired.wait(Duration::from_millis(20)));
    leave.wait();
    thread.join().unwrap();
    assert!(retired.wait(Duration::from_secs(5)));
}

#[test]
fn a_bus_that_is_dropped_drops_its_hooks() {
    let bus = Bus::new();
    let (owned, _) = owning(&bus);
    bus.raise(&event("e")).unwrap();
    drop(bus);
    assert!(owned.upgrade().is_none());
}

#[test]
fn a_hook_whose_destructor_raises_an_event_harms_nobody() {
    struct Evil(Bus, Notes);
    impl Drop for Evil {
        fn drop(&mut self) {
            self.1.note("dropped");
            let _ = self.0.raise(&event("e"));
            let _ = self.0.gate("e").with(|_, _| Verdict::Allow);
        }
    }
    let (bus, other, notes) = (Bus::new(), Bus::new(), Notes::default());
    let evil = Evil(other.clone(), notes.clone());
    let same = Evil(bus.clone(), notes.clone());
    let id = bus
        .gate("e")
        .with(move |_, _| {
            let _evil = (&evil, &same);
            Verdict::Allow
        })
        .unwrap();
    bus.raise(&event("e")).unwrap();
    assert!(bus.remove(id).unwrap().wait(Duration::from_secs(5)));
    bus.raise(&event("e")).unwrap();
    assert_eq!(notes.take(), ["dropped", "dropped"]);
}

#[test]
fn more_buses_than_a_thread_keeps_in_mind_work_all_the_same() {
    let buses: Vec<Bus> = (0..20).map(|_| Bus::new()).collect();
    for (number, bus) in buses.iter().enumerate() {
        says(bus, "e", &number.to_string(), Verdict::Deny);
    }
    for _ in 0..3 {
        for (number, bus) in buses.iter().enumerate() {
            assert_eq!(
                bus.raise(&event("e")).unwrap_err().rule(),
                number.to_string()
            );
        }
    }
    for bus in &buses {
        assert_eq!(bus.hook_stats(&bus.hooks()[0]).calls, 3);
    }
}
