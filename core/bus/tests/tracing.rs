//! The bridge to `tracing`, in both directions at once.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use audithook_bus::bridge::{BusLayer, TracingObserver};
use audithook_bus::{Bus, EventExt, Verdict, emit_on};
use tracing_subscriber::layer::SubscriberExt;

/// What `tracing_subscriber::fmt` wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The lines, without what differs between runs.
    fn take(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let ours = format!(" pid={}", std::process::id());
        text.lines()
            .map(|line| {
                let line = line.trim().replace(&ours, "");
                let (before, after) = line.split_once(" tid=").unwrap_or((&line, ""));
                let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
                format!("{before}{after}")
            })
            .collect()
    }
}

/// Runs this with both directions of the bridge on one bus; gives the log, and the names of what reached the bus.
fn bridged(run: impl FnOnce(&Bus)) -> (Vec<String>, Vec<String>) {
    let (bus, log, seen) = (Bus::new(), Log::default(), Arc::new(Mutex::new(Vec::new())));
    let writer = log.clone();
    let subscriber = tracing_subscriber::registry()
        .with(BusLayer::new(&bus))
        .with(
            tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .without_time()
                .with_writer(move || writer.clone()),
        );
    let book = seen.clone();
    bus.observe("*")
        .inline()
        .with(move |event| {
            book.lock()
                .unwrap()
                .push(format!("{} {}", event.name(), event.arguments()));
        })
        .unwrap();
    bus.observe("*")
        .inline()
        .with_observer(Arc::new(TracingObserver))
        .unwrap();
    seen.lock().unwrap().clear();
    tracing::subscriber::with_default(subscriber, || run(&bus));
    (log.take(), std::mem::take(&mut *seen.lock().unwrap()))
}

#[test]
fn bus_events_are_written_as_tracing_events_at_the_level_of_their_verdict() {
    let (log, _) = bridged(|bus| {
        emit_on!(bus, "order.created", id = 5u64, by = "al\nice").unwrap();
        let id = bus
            .gate("order.*")
            .named("g")
            .with(|_, _| Verdict::Deny)
            .unwrap();
        assert!(emit_on!(bus, "order.created", id = 6u64).is_err());
        bus.remove(id).unwrap();
    });
    assert_eq!(
        log[0],
        "INFO audithook::event: event=\"order.created\" verdict=\"allow\" args=id=5 by=\"al\\nice\""
    );
    assert_eq!(log[1].split(' ').nth(2), Some("event=\"hook.add\""));
    assert_eq!(
        log[2],
        "WARN audithook::event: event=\"order.created\" verdict=\"deny\" args=id=6"
    );
    assert_eq!(log.len(), 4);
}

#[test]
fn tracing_events_are_raised_on_the_bus_under_their_target() {
    let (log, seen) = bridged(|_| {
        tracing::warn!(target: "my_app::orders", id = 5, ok = false, ratio = 0.5, "slow {}", 1);
    });
    assert_eq!(log, ["WARN my_app::orders: slow 1 id=5 ok=false ratio=0.5"]);
    assert_eq!(
        seen,
        ["tracing.my_app.orders level=\"WARN\" message=\"slow 1\" id=5 ok=false ratio=0.5"]
    );
}

#[test]
fn neither_direction_echoes_the_other() {
    let (log, seen) = bridged(|bus| {
        for _ in 0..3 {
            emit_on!(bus, "order.created").unwrap();
            tracing::info!(target: "app", "line");
        }
    });
    assert_eq!((log.len(), seen.len()), (6, 6));
}

#[test]
fn a_gate_that_logs_is_nested_and_does_not_judge_its_own_line() {
    let (log, seen) = bridged(|bus| {
        bus.gate(["order.created", "tracing.*"])
            .with(|event, _| {
                tracing::info!(target: "gate", "judging {}", event.name());
                Verdict::Allow
            })
            .unwrap();
        emit_on!(bus, "order.created").unwrap();
    });
    let lines: Vec<&String> = log.iter().filter(|line| line.contains("judging")).collect();
    assert_eq!(lines, ["INFO gate: judging order.created"]);
    assert_eq!(
        seen.iter()
            .filter(|event| event.starts_with("tracing.gate"))
            .count(),
        1
    );
}
