//! How many lines a second does one core write and read?
//!
//! The baseline is a copy of the finished line: nothing that makes a line can be faster. Lines a second are a thousand million over the
//! nanoseconds that are printed.

use std::hint::black_box;

use audithook_abi::{Source, Value, Verdict};
use audithook_catalogue::{arg, event};
use audithook_journal::{
    Clock, Entry, Filter, Formatter, Line, Merger, Renderer, Rotation, Rule, RunId, Writer,
};
use audithook_wire::flat::{Encoder, MAX_RECORD, Meta, Name, Record, Rules};
use criterion::{Criterion, criterion_group, criterion_main};

fn record() -> Vec<u8> {
    let meta = Meta {
        time_ns: 5,
        pid: 4242,
        tid: 4242,
        verdict: Verdict::Deny,
        errno: 13,
        rules: Rules::new(&[7]),
        ..Meta::new(Source::Cpython)
    };
    let mut buffer = vec![0; MAX_RECORD];
    let mut encoder = Encoder::new(&mut buffer, Name::Known(event::OPEN), &meta);
    encoder
        .arg(
            Name::Known(arg::PATH),
            &Value::path("/usr/local/lib/python3.12/site-packages/package/module.py"),
        )
        .arg(Name::Known(arg::RAW), &Value::path("../package/module.py"))
        .arg(Name::Known(arg::FLAGS), &Value::list(&[Value::str("read")]));
    encoder.finish().to_vec()
}

fn entry<'a>(record: &'a Record<'a>, rules: &'a [Rule<'a>]) -> Entry<'a> {
    Entry {
        seq: 1_234_567,
        time_ns: 123_456_789,
        process: "4242.1",
        pid: 4242,
        sources: &[Source::Cpython],
        record,
        rules,
        reason: b"",
    }
}

fn lines(criterion: &mut Criterion) {
    let bytes = record();
    let record = Record::parse(&bytes).unwrap();
    let rules = [Rule {
        id: "files.read",
        at: "hooks.toml:9",
    }];
    let run = RunId::generate().unwrap();
    let mut formatter = Formatter::new(run, Clock::now());
    let mut line = Vec::new();
    formatter.append(&mut line, &entry(&record, &rules));
    let mut group = criterion.benchmark_group(format!("a line of {} bytes", line.len()));
    let mut out = Vec::with_capacity(4096);
    group.bench_function("baseline: copy", |bencher| {
        bencher.iter(|| {
            out.clear();
            out.extend_from_slice(black_box(&line));
        });
    });
    group.bench_function("format", |bencher| {
        bencher.iter(|| {
            out.clear();
            formatter.append(&mut out, &entry(black_box(&record), &rules));
        });
    });
    let place = tempfile::tempdir().unwrap();
    let rotation = Rotation {
        max_bytes: 64 << 20,
        keep: 1,
    };
    let mut writer = Writer::open(&place.path().join("out.jsonl"), &run, rotation).unwrap();
    group.bench_function("parse the record, format, write to a file", |bencher| {
        bencher.iter(|| {
            let record = Record::parse(black_box(&bytes)).unwrap();
            out.clear();
            formatter.append(&mut out, &entry(&record, &rules));
            writer.append(&out).unwrap();
        });
    });
    let mut text = String::new();
    let filter = Filter {
        verdicts: vec![Verdict::Deny],
        ..Filter::default()
    };
    group.bench_function("read, filter, render", |bencher| {
        bencher.iter(|| {
            let line = Line::parse(black_box(&line)).unwrap();
            text.clear();
            if filter.matches(&line) {
                Renderer::default().render(&mut text, &line);
            }
        });
    });
    group.finish();
}

fn merge(criterion: &mut Criterion) {
    const RINGS: u64 = 16;
    const RECORDS: u64 = 1000;
    let mut merger = Merger::new();
    let rings: Vec<_> = (0..RINGS).map(|_| merger.add()).collect();
    let mut group = criterion.benchmark_group("merger");
    group.bench_function("16 rings, 16,000 records", |bencher| {
        bencher.iter(|| {
            for (number, &ring) in rings.iter().enumerate() {
                for time in 0..RECORDS {
                    merger.push(ring, time * RINGS + number as u64, u64::MAX, time);
                }
            }
            merger.emit(u64::MAX, |_, time, record| _ = black_box((time, record)))
        });
    });
    group.finish();
}

criterion_group!(benches, lines, merge);
criterion_main!(benches);
