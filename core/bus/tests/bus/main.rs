//! What the bus promises, one test a promise.

mod afters;
mod emitting;
mod failures;
mod model;
mod names;
mod nesting;
mod protection;
mod queues;
mod swaps;
mod verdicts;

use std::sync::{Arc, Mutex};

use audithook_bus::{Bus, Event, EventExt, Verdict};

/// What hooks noted, in order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// An inline observer that notes every event of these names: `name verdict arguments`.
fn watch(bus: &Bus, on: &str) -> Notes {
    let notes = Notes::default();
    let book = notes.clone();
    bus.observe(on)
        .named("watch")
        .inline()
        .with(move |event| {
            book.note(format!(
                "{} {} {}",
                event.name(),
                event.verdict(),
                event.arguments()
            ))
        })
        .unwrap();
    notes
}

/// An event of this name without arguments.
fn event(name: &str) -> Event<'static> {
    Event::new(audithook_bus::intern(name), &[])
}

/// A gate that always says this.
fn says(bus: &Bus, on: &str, name: &str, verdict: Verdict) {
    bus.gate(on).named(name).with(move |_, _| verdict).unwrap();
}
