//! Showing events to observers.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use audithook_abi::{EVENT_NESTED, Event, Verdict};

use crate::bus::WeakBus;
use crate::dispatch::{check, skip};
use crate::ledger::SAMPLE;
use crate::lineage::{self, Frame, Lineage};
use crate::owned::OwnedEvent;
use crate::plan::{Entry, Group, Watcher};

/// An event to its observers only, with the verdict that it has.
pub(crate) fn notify(entry: &Entry, event: &Event<'_>) {
    if !entry.is_observed() {
        return;
    }
    let Some(lineage) = lineage::current() else {
        return;
    };
    let frame = Frame::enter();
    show(entry, event, event.verdict(), lineage, &frame);
}

/// Gives an event that nests in none to all its observers, inside its own frame.
pub(crate) fn show_verdict(entry: &Entry, event: &Event<'_>, verdict: Verdict, frame: &Frame) {
    if entry.is_observed() {
        show(entry, event, verdict, Lineage::default(), frame);
    }
}

/// Gives an event to all its observers.
fn show(entry: &Entry, event: &Event<'_>, verdict: Verdict, lineage: Lineage, frame: &Frame) {
    let mut event = *event;
    event.verdict = verdict as u8;
    if lineage.is_nested() {
        event.flags |= EVENT_NESTED;
    }
    stamp(&mut event);
    for watcher in &entry.inline {
        observe(watcher, &event, lineage, frame, &entry.bus);
    }
    if !entry.queued.is_empty() {
        let copy = Arc::new(OwnedEvent::new(&event));
        for (queue, group) in &entry.queued {
            queue.offer(&copy, lineage, group);
        }
    }
}

/// Gives a queued event to the observers of that queue.
pub(crate) fn deliver(group: &Group, event: &OwnedEvent, lineage: Lineage) {
    let frame = Frame::adopt(lineage);
    event.with(|event| {
        for watcher in &group.watchers {
            observe(watcher, event, lineage, &frame, &group.bus);
        }
    });
}

fn observe(watcher: &Watcher, event: &Event<'_>, lineage: Lineage, frame: &Frame, bus: &WeakBus) {
    let Watcher { hook, observer } = watcher;
    if lineage.includes(hook.party) {
        return;
    }
    let turn = hook.health.turns.fetch_add(1, Relaxed);
    if !hook.health.is_healthy() {
        if let Some(bus) = bus.upgrade() {
            skip(bus.inner(), hook, true, frame);
        }
        return;
    }
    frame.run_as(hook.party);
    let begun = (turn % SAMPLE == SAMPLE - 1).then(Instant::now);
    let seen = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
    if let Some(begun) = begun {
        hook.health.note_time(begun.elapsed());
    }
    if !matches!(seen, Ok(Ok(())))
        && let Some(bus) = bus.upgrade()
    {
        check(bus.inner(), hook, seen, frame);
    }
}

/// Time and thread, which only observers pay for: a clock costs more than a gate.
fn stamp(event: &mut Event<'_>) {
    if event.time_ns == 0 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        event.time_ns = now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned();
    }
    if event.pid == 0 {
        (event.pid, event.tid) = raiser();
    }
}

/// Process and thread. The thread is asked for once: it stays the same as long as the process does, which a fork changes.
fn raiser() -> (u32, u32) {
    thread_local! {
        static KNOWN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    }
    let pid = rustix::process::getpid()
        .as_raw_nonzero()
        .get()
        .cast_unsigned();
    let (known, tid) = KNOWN.get();
    if known == pid {
        return (pid, tid);
    }
    let tid = rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .cast_unsigned();
    KNOWN.set((pid, tid));
    (pid, tid)
}

impl Entry {
    #[inline]
    fn is_observed(&self) -> bool {
        !self.inline.is_empty() || !self.queued.is_empty()
    }
}
