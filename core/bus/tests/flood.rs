//! What a process that thinks of too many names can do. A binary of its own, because the table of names is one for the process.

use audithook_bus::{Bus, Event, Verdict, intern, symbol};

fn event(name: &str) -> Event<'static> {
    Event::new(intern(name), &[])
}

#[test]
fn a_flood_of_names_makes_a_policy_stricter_never_laxer() {
    let bus = Bus::new();
    for on in ["flooded.*", "known.before"] {
        bus.gate(on).with(|_, _| Verdict::Deny).unwrap();
    }
    for number in 0..symbol::CAPACITY {
        let name = intern(&format!("flood.{number}"));
        if number % 9973 == 0 {
            assert!(bus.raise(&Event::new(name, &[])).is_ok());
        }
    }
    assert_eq!(intern("flooded.late"), symbol::OVERFLOW);
    // Nobody knows any more what it is called: every glob judges it.
    assert!(bus.raise(&event("flooded.late")).is_err());
    assert!(bus.raise(&event("something.else")).is_err());
    assert!(bus.raise(&event("known.before")).is_err());
    assert!(bus.raise(&event("open")).is_ok());
    // The bus's own names were there first: a warden still hears of changes.
    bus.gate("hook.remove").with(|_, _| Verdict::Deny).unwrap();
    assert!(bus.remove(bus.hooks()[0].id()).is_err());
    assert!(bus.raise(&event("flood.65000")).is_ok());
    bus.gate("flood.65000").with(|_, _| Verdict::Deny).unwrap();
    assert!(bus.raise(&event("flood.65000")).is_err());
}
