//! What does an event cost? Each figure stands beside the thing that it could at best be as cheap as, measured in the same run.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use audithook_bus::{
    Bus, Event, Gate, HookError, Overflow, Queue, Reply, Value, Verdict, emit, emit_on, guard,
    intern,
};
use criterion::{Criterion, criterion_group, criterion_main};

static LOAD: AtomicU8 = AtomicU8::new(1);

#[inline(never)]
fn plain_call(number: u64) -> u64 {
    black_box(number)
}

#[inline(never)]
fn plain_call_with_event(event: &Event<'_>) -> Verdict {
    if black_box(event).args().len() > 9 {
        Verdict::Deny
    } else {
        Verdict::Allow
    }
}

/// Looks at the event, as a gate does, and lets it pass.
struct Pass;

impl Gate for Pass {
    fn judge(&self, event: &Event<'_>, _: &mut Reply) -> Result<Verdict, HookError> {
        Ok(if black_box(event).args().len() > 9 {
            Verdict::Deny
        } else {
            Verdict::Allow
        })
    }
}

/// What can an event that nobody listens to be compared with?
fn unheard(c: &mut Criterion) {
    let mut group = c.benchmark_group("unheard");
    group.bench_function("baseline: empty loop", |b| b.iter(|| ()));
    group.bench_function("baseline: relaxed load and branch", |b| {
        b.iter(|| {
            if LOAD.load(Ordering::Relaxed) == 0 {
                plain_call(1)
            } else {
                0
            }
        });
    });
    group.bench_function("baseline: plain call", |b| b.iter(|| plain_call(1)));
    group.bench_function("emit!, 4 arguments", |b| {
        b.iter(|| {
            emit!(
                "bench.unheard",
                a = 1u64,
                b = plain_call(2),
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    let bus = Bus::new();
    group.bench_function("emit_on!, 4 arguments", |b| {
        b.iter(|| {
            emit_on!(
                bus,
                "bench.unheard",
                a = 1u64,
                b = plain_call(2),
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    let id = intern("bench.unheard");
    group.bench_function("Bus::listens", |b| b.iter(|| bus.listens(black_box(id))));
    group.finish();
}

/// What do gates cost?
fn gates(c: &mut Criterion) {
    let bus = Bus::global();
    for (event, gates) in [("bench.one", 1), ("bench.four", 4), ("bench.sixteen", 16)] {
        for _ in 0..gates {
            bus.gate(event)
                .with_gate(Arc::new(Pass))
                .expect("nobody denies it");
        }
    }
    bus.around("bench.around")
        .with(|_, _| Verdict::Allow, |_, _, _| ())
        .expect("nobody denies it");
    let mut group = c.benchmark_group("gates");
    let name = intern("bench.names");
    group.bench_function("baseline: 4 arguments and a plain call", |b| {
        b.iter(|| {
            let args = [
                Value::u64(black_box(1)).named(name),
                Value::u64(2).named(name),
                Value::str("three").named(name),
                Value::f64(4.0).named(name),
            ];
            plain_call_with_event(&Event::new(name, &args))
        });
    });
    let gate: Arc<dyn Gate> = black_box(Arc::new(Pass));
    group.bench_function(
        "baseline: 4 arguments and a call of the trait object",
        |b| {
            b.iter(|| {
                let args = [
                    Value::u64(black_box(1)).named(name),
                    Value::u64(2).named(name),
                    Value::str("three").named(name),
                    Value::f64(4.0).named(name),
                ];
                gate.judge(&Event::new(name, &args), &mut Reply::default())
                    .is_ok()
            });
        },
    );
    group.bench_function("1 gate, 4 arguments", |b| {
        b.iter(|| {
            emit!(
                "bench.one",
                a = black_box(1u64),
                b = 2u64,
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    group.bench_function("4 gates, 4 arguments", |b| {
        b.iter(|| {
            emit!(
                "bench.four",
                a = black_box(1u64),
                b = 2u64,
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    group.bench_function("16 gates, 4 arguments", |b| {
        b.iter(|| {
            emit!(
                "bench.sixteen",
                a = black_box(1u64),
                b = 2u64,
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    group.bench_function("around, 4 arguments", |b| {
        b.iter(|| {
            guard!(
                "bench.around",
                a = black_box(1u64),
                b = 2u64,
                c = "three",
                d = 4.0
            )
            .map(|operation| operation.finish(0))
            .is_ok()
        });
    });
    group.finish();
}

/// What do observers cost the raising thread?
fn observers(c: &mut Criterion) {
    let bus = Bus::new();
    bus.observe("bench.inline")
        .inline()
        .with(|event| {
            black_box(event);
        })
        .expect("nobody denies it");
    let queue = Queue::new("bench", 1 << 16, Overflow::DropNewest).expect("a thread");
    bus.observe("bench.queued")
        .queue(&queue)
        .with(|event| {
            black_box(event);
        })
        .expect("nobody denies it");
    let mut group = c.benchmark_group("observers");
    group.bench_function("inline, 4 arguments", |b| {
        b.iter(|| {
            emit_on!(
                bus,
                "bench.inline",
                a = black_box(1u64),
                b = 2u64,
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    group.bench_function("queued, 4 arguments", |b| {
        b.iter(|| {
            emit_on!(
                bus,
                "bench.queued",
                a = black_box(1u64),
                b = 2u64,
                c = "three",
                d = 4.0
            )
            .is_ok()
        });
    });
    group.finish();
}

criterion_group!(benches, unheard, gates, observers);
criterion_main!(benches);
