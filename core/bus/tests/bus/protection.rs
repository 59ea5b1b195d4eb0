//! *Meaning* 10: to change the hooks is an event.

use std::sync::Arc;
use std::sync::Mutex;

use audithook_bus::{Bus, ChangeError, EventExt, Hook, Mode, Verdict};

use crate::{event, says, watch};

#[test]
fn every_change_of_the_hooks_is_an_event() {
    let bus = Bus::new();
    let notes = watch(&bus, "hook.*");
    let id = bus
        .gate(["open", "os.*"])
        .named("g")
        .plugin("p")
        .origin("hooks.toml:3")
        .with(|_, _| Verdict::Allow)
        .unwrap();
    bus.reset(id).unwrap();
    bus.set_mode(Mode::Warn).unwrap();
    bus.remove(id).unwrap();
    bus.replace([Hook::gate("open").with(|_, _| Verdict::Allow)])
        .unwrap();
    assert_eq!(
        notes.take(),
        [
            "hook.add allow hook=\"g\" on=[\"open\", \"os.*\"] kind=\"gate\" plugin=\"p\" origin=\"hooks.toml:3\"",
            "hook.reset allow hook=\"g\" plugin=\"p\"",
            "hook.mode allow mode=\"warn\"",
            "hook.remove allow hook=\"g\" plugin=\"p\"",
            "hook.replace allow count=1",
        ]
    );
}

#[test]
fn a_gate_may_veto_every_change_of_the_hooks_its_own_removal_too() {
    let bus = Bus::new();
    let id = bus
        .gate("hook.*")
        .named("warden")
        .with(|_, reply| reply.deny("no"))
        .unwrap();
    let errors = [
        bus.gate("e").with(|_, _| Verdict::Allow).unwrap_err(),
        bus.remove(id).unwrap_err(),
        bus.reset(id).unwrap_err(),
        bus.set_mode(Mode::Off).unwrap_err(),
        bus.replace([]).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, ChangeError::Denied(_)), "{error}");
        assert!(
            error.to_string().ends_with("denied by rule `warden`: no"),
            "{error}"
        );
    }
    assert_eq!((bus.hooks().len(), bus.mode()), (1, Mode::Enforce));
}

#[test]
fn a_locked_bus_refuses_every_change_and_the_attempt_is_still_an_event() {
    let bus = Bus::new();
    let notes = watch(&bus, "hook.add");
    says(&bus, "e", "d", Verdict::Deny);
    bus.lock();
    assert!(bus.is_locked());
    notes.take();
    assert!(matches!(
        bus.gate("e").with(|_, _| Verdict::Allow),
        Err(ChangeError::Locked)
    ));
    assert!(matches!(
        bus.remove(bus.hooks()[0].id()),
        Err(ChangeError::Locked)
    ));
    assert!(matches!(bus.replace([]), Err(ChangeError::Locked)));
    assert_eq!(notes.take().len(), 1);
    assert!(bus.raise(&event("e")).is_err());
}

#[test]
fn a_hook_cannot_change_the_hooks() {
    let bus = Arc::new(Bus::new());
    let result = Arc::new(Mutex::new(None));
    let (inner, said) = (Arc::downgrade(&bus), result.clone());
    bus.observe("e")
        .with(move |event| {
            let bus = inner.upgrade().unwrap();
            assert_eq!(event.name(), "e");
            *said.lock().unwrap() = Some(bus.replace([]).map(drop));
        })
        .unwrap();
    bus.raise(&event("e")).unwrap();
    bus.flush();
    let result = result.lock().unwrap().take().unwrap();
    assert!(matches!(result, Err(ChangeError::InsideHook)));
}

#[test]
fn to_remove_what_is_not_there_is_an_error() {
    let bus = Bus::new();
    let id = bus.gate("e").with(|_, _| Verdict::Deny).unwrap();
    bus.remove(id).unwrap();
    assert!(bus.raise(&event("e")).is_ok());
    assert!(matches!(bus.remove(id), Err(ChangeError::NoSuchHook)));
}
