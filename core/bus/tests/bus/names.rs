//! Names, globs, and names that come late.

use audithook_bus::{Bus, Symbol, Verdict, intern};

use crate::{event, says, watch};

#[test]
fn a_glob_hears_of_names_that_are_first_met_later() {
    let bus = Bus::new();
    let notes = watch(&bus, "late.*");
    bus.raise(&event("late.first")).unwrap();
    bus.raise(&event("later")).unwrap();
    bus.raise(&event("late.second")).unwrap();
    assert_eq!(notes.take(), ["late.first allow ", "late.second allow "]);
}

#[test]
fn a_hook_that_is_for_an_event_twice_runs_once() {
    let bus = Bus::new();
    let notes = crate::Notes::default();
    let book = notes.clone();
    bus.gate(["twice.a", "twice.*", "*"])
        .with(move |_, _| {
            book.note("ran");
            Verdict::Allow
        })
        .unwrap();
    notes.take();
    bus.raise(&event("twice.a")).unwrap();
    assert_eq!(notes.take(), ["ran"]);
}

#[test]
fn an_event_that_nobody_interned_is_nobodys() {
    let bus = Bus::new();
    says(&bus, "*", "d", Verdict::Deny);
    for number in [
        Symbol::NONE,
        Symbol(u32::MAX - 1),
        Symbol(1_000_000),
        Symbol(60_000),
    ] {
        assert!(bus.raise(&audithook_bus::Event::new(number, &[])).is_ok());
    }
}

#[test]
fn listening_is_per_event() {
    let bus = Bus::new();
    let (heard, unheard) = (intern("listen.heard"), intern("listen.unheard"));
    assert!(!bus.listens(heard));
    let id = bus
        .gate("listen.heard")
        .with(|_, _| Verdict::Allow)
        .unwrap();
    assert!(bus.listens(heard) && !bus.listens(unheard));
    bus.remove(id).unwrap();
    assert!(!bus.listens(heard));
}
