//! Asynchronous observers: bounded, ordered, and never lossy in silence.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use audithook_bus::{Bus, EventExt, Loss, Overflow, Queue, QueueStats, Settings, emit_on};

use crate::{Notes, event, watch};

/// An observer of `e` that notes the number and then waits to be let on.
fn slow(bus: &Bus, queue: &Queue, notes: &Notes) -> (Sender<()>, Receiver<()>) {
    let (go, wait) = channel();
    let (arrived, arrival) = channel();
    let (wait, arrived, book) = (Mutex::new(wait), Mutex::new(arrived), notes.clone());
    bus.observe("e")
        .queue(queue)
        .with(move |event| {
            let _ = arrived.lock().unwrap().send(());
            let _ = wait.lock().unwrap().recv();
            book.note(event.get_u64("n").unwrap().to_string());
        })
        .unwrap();
    (go, arrival)
}

/// Raises 1 to `count`, the first of which occupies the observer.
fn flood(bus: &Bus, arrival: &Receiver<()>, count: u64) {
    emit_on!(bus, "e", n = 1u64).unwrap();
    arrival.recv().unwrap();
    for n in 2..=count {
        emit_on!(bus, "e", n).unwrap();
    }
}

#[test]
fn an_observer_runs_on_another_thread_and_sees_every_event_in_order() {
    let bus = Bus::with(Settings {
        queue_capacity: 4,
        ..Settings::default()
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (book, raiser) = (seen.clone(), std::thread::current().id());
    bus.observe("e")
        .with(move |event| {
            assert_ne!(std::thread::current().id(), raiser);
            book.lock().unwrap().push(event.get_u64("n").unwrap());
        })
        .unwrap();
    for n in 0..1000u64 {
        emit_on!(bus, "e", n).unwrap();
    }
    assert!(bus.flush());
    assert_eq!(*seen.lock().unwrap(), (0..1000).collect::<Vec<u64>>());
}

#[test]
fn with_drop_newest_what_finds_no_room_is_lost_and_told() {
    let (bus, notes) = (Bus::new(), Notes::default());
    let lost = watch(&bus, "bus.lost");
    let queue = Queue::new("slow", 2, Overflow::DropNewest).unwrap();
    let (go, arrival) = slow(&bus, &queue, &notes);
    flood(&bus, &arrival, 6);
    drop(go);
    assert!(queue.flush());
    assert_eq!(notes.take(), ["1", "2", "3"]);
    assert_eq!(
        lost.take(),
        ["bus.lost allow count=3 from=4 to=6 reason=\"the queue `slow` was full\""]
    );
    assert_eq!(
        queue.stats(),
        QueueStats {
            offered: 6,
            delivered: 3,
            lost: 3
        }
    );
    assert_eq!(bus.stats().lost, 3);
}

#[test]
fn with_drop_oldest_what_waited_longest_is_lost_and_told() {
    let (bus, notes) = (Bus::new(), Notes::default());
    let lost = watch(&bus, "bus.lost");
    let queue = Queue::new("slow", 2, Overflow::DropOldest).unwrap();
    let (go, arrival) = slow(&bus, &queue, &notes);
    flood(&bus, &arrival, 6);
    drop(go);
    assert!(queue.flush());
    assert_eq!(notes.take(), ["1", "5", "6"]);
    assert_eq!(
        lost.take(),
        ["bus.lost allow count=3 from=2 to=4 reason=\"the queue `slow` was full\""]
    );
}

#[test]
fn with_abort_the_embedder_is_called_on_the_raising_thread() {
    let (bus, notes, aborted) = (
        Bus::new(),
        Notes::default(),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (book, raiser) = (aborted.clone(), std::thread::current().id());
    let abort = move |loss: Loss| {
        assert_eq!(std::thread::current().id(), raiser);
        book.lock().unwrap().push(loss);
    };
    let queue = Queue::new("slow", 1, Overflow::Abort(Arc::new(abort))).unwrap();
    let (go, arrival) = slow(&bus, &queue, &notes);
    flood(&bus, &arrival, 3);
    drop(go);
    assert!(queue.flush());
    assert_eq!(
        *aborted.lock().unwrap(),
        [Loss {
            count: 1,
            from: 3,
            to: 3
        }]
    );
}

#[test]
fn with_wait_nothing_is_lost_from_many_threads() {
    let bus = Bus::with(Settings {
        queue_capacity: 1,
        ..Settings::default()
    });
    let sum = Arc::new(AtomicU64::new(0));
    let total = sum.clone();
    bus.observe("e")
        .with(move |event| {
            total.fetch_add(event.get_u64("n").unwrap(), Relaxed);
        })
        .unwrap();
    let raiser = &bus;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || (1..=500u64).for_each(|n| drop(emit_on!(raiser, "e", n))));
        }
    });
    assert!(bus.flush());
    assert_eq!(sum.load(Relaxed), 4 * 500 * 501 / 2);
    assert_eq!(bus.stats().lost, 0);
}

#[test]
fn an_observer_hears_of_what_its_own_queue_lost() {
    let (bus, notes) = (Bus::new(), Notes::default());
    let queue = Queue::new("slow", 1, Overflow::DropNewest).unwrap();
    let (go, arrival) = slow(&bus, &queue, &notes);
    let book = notes.clone();
    bus.observe("bus.lost")
        .queue(&queue)
        .with(move |event| book.note(event.arguments().to_string()))
        .unwrap();
    flood(&bus, &arrival, 4);
    drop(go);
    assert!(queue.flush());
    assert_eq!(
        notes.take(),
        [
            "1",
            "count=2 from=3 to=4 reason=\"the queue `slow` was full\"",
            "2"
        ]
    );
}

#[test]
fn an_observer_that_floods_its_own_queue_loses_events_but_never_waits_for_itself() {
    let (bus, notes) = (Arc::new(Bus::new()), Notes::default());
    let queue = Queue::new("own", 1, Overflow::Wait).unwrap();
    let inner = Arc::downgrade(&bus);
    bus.observe("e")
        .queue(&queue)
        .with(move |_| {
            for n in 0..10u64 {
                emit_on!(inner.upgrade().unwrap(), "more", n).unwrap();
            }
        })
        .unwrap();
    let book = notes.clone();
    bus.observe("more")
        .queue(&queue)
        .with(move |_| book.note("more"))
        .unwrap();
    bus.raise(&event("e")).unwrap();
    assert!(bus.flush() && bus.flush());
    let heard = notes.take().len() as u64;
    assert!(heard <= 1, "the queue has room for one");
    assert_eq!(heard + queue.stats().lost, 10);
}

#[test]
fn a_queues_own_thread_cannot_wait_for_itself() {
    let (bus, said) = (Arc::new(Bus::new()), Arc::new(Mutex::new(None)));
    let (inner, book) = (Arc::downgrade(&bus), said.clone());
    bus.observe("e")
        .with(move |_| *book.lock().unwrap() = Some(inner.upgrade().unwrap().flush()))
        .unwrap();
    bus.raise(&event("e")).unwrap();
    assert!(bus.flush());
    assert_eq!(*said.lock().unwrap(), Some(false));
}

#[test]
fn closing_and_dropping_deliver_what_waits() {
    for close in [true, false] {
        let (bus, notes) = (Bus::new(), Notes::default());
        let book = notes.clone();
        bus.observe("e")
            .with(move |_| {
                std::thread::sleep(std::time::Duration::from_millis(1));
                book.note("seen");
            })
            .unwrap();
        for _ in 0..20 {
            bus.raise(&event("e")).unwrap();
        }
        if close {
            bus.shutdown();
            bus.raise(&event("e")).unwrap();
            assert_eq!(bus.stats().lost, 1);
        }
        drop(bus);
        assert_eq!(notes.take().len(), 20);
    }
}

#[test]
fn closing_under_traffic_delivers_or_counts_every_event() {
    for _ in 0..20 {
        let bus = Bus::new();
        let queue = Queue::new("closing", 8, Overflow::Wait).unwrap();
        let seen = Arc::new(AtomicU64::new(0));
        let count = seen.clone();
        bus.observe("e")
            .queue(&queue)
            .with(move |_| {
                count.fetch_add(1, Relaxed);
            })
            .unwrap();
        let raiser = &bus;
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || (0..500).for_each(|_| drop(raiser.raise(&event("e")))));
            }
            scope.spawn(|| queue.close());
        });
        let stats = queue.stats();
        assert_eq!(stats.offered, 1500);
        assert_eq!(stats.delivered + stats.lost, 1500);
        assert_eq!(seen.load(Relaxed), stats.delivered);
    }
}

#[test]
fn an_observer_may_close_its_own_queue() {
    let (bus, notes) = (Bus::new(), Notes::default());
    let queue = Queue::new("suicidal", 8, Overflow::Wait).unwrap();
    let (own, book) = (Mutex::new(Some(queue.clone())), notes.clone());
    bus.observe("e")
        .queue(&queue)
        .with(move |_| {
            book.note("seen");
            if let Some(queue) = own.lock().unwrap().take() {
                queue.close();
            }
        })
        .unwrap();
    for _ in 0..3 {
        let _ = bus.raise(&event("e"));
    }
    while queue.stats().delivered + queue.stats().lost < 3 {
        std::thread::yield_now();
    }
    assert_eq!(notes.take().len() as u64, queue.stats().delivered);
}
