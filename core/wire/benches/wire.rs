//! What does one journalled event cost the process that raises it, and the supervisor that reads it?
//!
//! The baseline is a `memcpy` of the finished record: nothing that moves an event can be cheaper.

use std::hint::black_box;

use audithook_abi::{Event, Source, Symbol, Value};
use audithook_catalogue::{arg, event};
use audithook_wire::flat::{Encoder, MAX_RECORD, Meta, Name, Record, Rules, Scratch};
use audithook_wire::ring::{Consumer, Layout, Producer};
use criterion::{Criterion, criterion_group, criterion_main};

fn encode<'b>(buffer: &'b mut [u8], meta: &Meta, path: &str) -> &'b [u8] {
    let flags = [Value::str("read"), Value::str("nofollow")];
    let mut encoder = Encoder::new(buffer, Name::Known(event::OPEN), meta);
    encoder
        .arg(Name::Known(arg::PATH), &Value::path(path))
        .arg(
            Name::Known(arg::RAW),
            &Value::path("../lib/python3.12/os.py"),
        )
        .arg(Name::Known(arg::FLAGS), &Value::list(&flags))
        .arg(Name::Known(arg::MODE), &Value::u64(0o600));
    encoder.finish()
}

fn flat(criterion: &mut Criterion) {
    let path = "/usr/local/lib/python3.12/site-packages/package/module.py";
    let meta = Meta {
        time_ns: 123_456_789,
        pid: 42,
        tid: 43,
        rules: Rules::new(&[7]),
        ..Meta::new(Source::Cpython)
    };
    let mut buffer = vec![0; MAX_RECORD];
    let record = encode(&mut buffer, &meta, path).to_vec();
    let mut group = criterion.benchmark_group(format!("open, 4 arguments, {} bytes", record.len()));
    group.bench_function("baseline: memcpy", |bencher| {
        bencher.iter(|| buffer[..record.len()].copy_from_slice(black_box(&record)));
    });
    let mut buffer = vec![0; MAX_RECORD];
    group.bench_function("encode", |bencher| {
        bencher.iter(|| encode(&mut buffer, black_box(&meta), black_box(path)).len());
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| Record::parse(black_box(&record)).unwrap().meta().time_ns);
    });
    let mut scratch = Scratch::default();
    group.bench_function("parse, and values for hooks", |bencher| {
        bencher.iter(|| {
            let record = Record::parse(black_box(&record)).unwrap();
            let values = record.values(&mut scratch, |_| Symbol::NONE);
            Event::new(event::OPEN, values).args().len()
        });
    });
    group.finish();
}

fn ring(criterion: &mut Criterion) {
    let len = Layout::default().mapping_len();
    // SAFETY: a new anonymous mapping; checked below.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(base, libc::MAP_FAILED);
    // SAFETY: zeros of a layout's length that are never unmapped.
    let producer = unsafe { Producer::create(base.cast(), len).unwrap() };
    // SAFETY: as above.
    let mut consumer = unsafe { Consumer::attach(base.cast(), len).unwrap() };
    let record = [7; 256];
    let mut out = Vec::new();
    let mut group = criterion.benchmark_group("ring, 256 bytes");
    let mut copy = vec![0_u8; 1024 * 1024];
    let mut at = 0;
    group.bench_function("baseline: memcpy in and out", |bencher| {
        bencher.iter(|| {
            at = (at + 256) & (1024 * 1024 - 1);
            copy[at..at + 256].copy_from_slice(black_box(&record));
            out.clear();
            out.extend_from_slice(&copy[at..at + 256]);
            out.len()
        });
    });
    group.bench_function("push and pop", |bencher| {
        bencher.iter(|| {
            _ = black_box(producer.push(black_box(&record)));
            consumer.pop(&mut out).unwrap()
        });
    });
    group.bench_function("push", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut spent = std::time::Duration::ZERO;
            let mut left = iterations;
            while left > 0 {
                let batch = left.min(3000);
                let begun = std::time::Instant::now();
                for _ in 0..batch {
                    _ = black_box(producer.push(black_box(&record)));
                }
                spent += begun.elapsed();
                left -= batch;
                consumer.pass(&mut out, |_| {}).unwrap();
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, flat, ring);
criterion_main!(benches);
