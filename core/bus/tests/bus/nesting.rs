//! *Meaning* 9: events raised inside a hook.

use std::sync::Arc;

use audithook_abi::EVENT_NESTED;
use audithook_bus::{Bus, EventExt, MAX_DEPTH, Overflow, Queue, Verdict, emit_on, in_hook};

use crate::{Notes, event, says, watch};

#[test]
fn an_event_raised_inside_a_hook_reaches_observers_only_and_is_marked() {
    let bus = Arc::new(Bus::new());
    let notes = Notes::default();
    says(&bus, "inner", "never-asked", Verdict::Deny);
    let book = notes.clone();
    bus.observe("inner")
        .inline()
        .with(move |event| book.note(format!("{} {}", event.name(), event.flags & EVENT_NESTED)))
        .unwrap();
    let inner = Arc::downgrade(&bus);
    bus.gate("outer")
        .with(move |_, _| {
            let bus = inner.upgrade().unwrap();
            assert!(in_hook());
            assert!(bus.raise(&event("inner")).is_ok());
            assert!(bus.guard(&event("inner")).is_ok());
            Verdict::Allow
        })
        .unwrap();
    bus.raise(&event("outer")).unwrap();
    assert!(!in_hook());
    assert_eq!(notes.take(), ["inner 1", "inner 1"]);
    assert!(bus.raise(&event("inner")).is_err());
}

#[test]
fn a_plugin_never_hears_of_what_it_raised_itself() {
    let bus = Arc::new(Bus::new());
    let notes = Notes::default();
    for plugin in ["p", "q"] {
        for (delivery, inline) in [("inline", true), ("queued", false)] {
            let book = notes.clone();
            let mut builder = bus.observe("inner").plugin(plugin);
            if inline {
                builder = builder.inline();
            }
            builder
                .with(move |_| book.note(format!("{plugin} {delivery}")))
                .unwrap();
        }
    }
    let inner = Arc::downgrade(&bus);
    bus.gate("outer")
        .plugin("p")
        .with(move |_, _| {
            let _ = inner.upgrade().unwrap().raise(&event("inner"));
            Verdict::Allow
        })
        .unwrap();
    bus.raise(&event("outer")).unwrap();
    bus.flush();
    assert_eq!(notes.take(), ["q inline", "q queued"]);
    bus.raise(&event("inner")).unwrap();
    bus.flush();
    assert_eq!(notes.take().len(), 4);
}

/// Observers, each its own party, of which each raises the next event.
fn ladder(bus: &Arc<Bus>, notes: &Notes, steps: u8) {
    for step in 0..steps {
        let (inner, book) = (Arc::downgrade(bus), notes.clone());
        bus.observe(&format!("step.{step}"))
            .inline()
            .with(move |_| {
                book.note(step.to_string());
                let _ = inner
                    .upgrade()
                    .unwrap()
                    .raise(&event(&format!("step.{}", step + 1)));
            })
            .unwrap();
    }
}

#[test]
fn what_nests_too_deep_is_dropped_counted_and_told() {
    let bus = Arc::new(Bus::new());
    let notes = Notes::default();
    let lost = watch(&bus, "bus.lost");
    ladder(&bus, &notes, 9);
    bus.raise(&event("step.0")).unwrap();
    let reached: Vec<String> = (0..=MAX_DEPTH).map(|step| step.to_string()).collect();
    assert_eq!(notes.take(), reached);
    assert_eq!(bus.stats().too_deep, 1);
    assert_eq!(
        lost.take(),
        ["bus.lost allow count=1 from=0 to=0 reason=\"nested too deep\""]
    );
}

#[test]
fn two_observers_cannot_keep_each_other_busy_through_their_queues() {
    let bus = Arc::new(Bus::new());
    let notes = Notes::default();
    let queues: Vec<Queue> = ["a", "b"]
        .iter()
        .map(|name| Queue::new(name, 8, Overflow::Wait).unwrap())
        .collect();
    for (queue, (on, raises)) in queues.iter().zip([("ping", "pong"), ("pong", "ping")]) {
        for _ in 0..2 {
            let (inner, book) = (Arc::downgrade(&bus), notes.clone());
            bus.observe(on)
                .queue(queue)
                .with(move |_| {
                    book.note(on);
                    if let Some(bus) = inner.upgrade() {
                        let _ = bus.raise(&event(raises));
                    }
                })
                .unwrap();
        }
    }
    bus.raise(&event("ping")).unwrap();
    for _ in 0..20 {
        bus.flush();
    }
    let heard = notes.take().len();
    // Four parties, each at most once in a lineage, two a step: 2 + 4 + 4 + 4.
    assert_eq!(heard, 14);
    assert_eq!(bus.stats().too_deep, 0);
}

#[test]
fn a_hook_on_another_bus_is_nested_all_the_same_and_its_plugin_is_the_same() {
    let (outer, inner) = (Bus::new(), Arc::new(Bus::new()));
    let notes = watch(&inner, "inner");
    says(&inner, "inner", "d", Verdict::Deny);
    let book = notes.clone();
    inner
        .observe("inner")
        .plugin("p")
        .inline()
        .with(move |_| book.note("p"))
        .unwrap();
    let bus = inner.clone();
    outer
        .gate("outer")
        .plugin("p")
        .with(move |_, _| {
            assert!(emit_on!(bus, "inner").is_ok());
            Verdict::Allow
        })
        .unwrap();
    outer.raise(&event("outer")).unwrap();
    assert_eq!(notes.take(), ["inner allow "]);
}

#[test]
fn a_hook_sees_new_plans_while_it_runs() {
    let (bus, notes) = (Arc::new(Bus::new()), Notes::default());
    let inner = Arc::downgrade(&bus);
    let book = notes.clone();
    bus.gate("outer")
        .with(move |_, _| {
            let bus = inner.upgrade().unwrap();
            let other = bus.clone();
            let book = book.clone();
            std::thread::spawn(move || {
                other
                    .observe("inner")
                    .inline()
                    .with(move |_| book.note("heard"))
                    .unwrap();
            })
            .join()
            .unwrap();
            let _ = bus.raise(&event("inner"));
            Verdict::Allow
        })
        .unwrap();
    bus.raise(&event("outer")).unwrap();
    assert_eq!(notes.take(), ["heard"]);
}
