//! What does one counted event cost, through the ABI?

use std::hint::black_box;

use audithook_sdk::Value;
use audithook_sdk::testing::Host;
use criterion::{Criterion, criterion_group, criterion_main};

fn count(criterion: &mut Criterion) {
    let host = Host::new();
    let plugin = host
        .create(bucketing::audithook_plugin_entry, "{}")
        .expect("the plugin");
    let hook = plugin
        .attach("count", r#"{"by": "path"}"#)
        .expect("the hook");
    let flags = [Value::str("read")];
    let event = |path| {
        host.event(
            "open",
            &[
                ("path", Value::path(path)),
                ("raw", Value::path(path)),
                ("flags", Value::list(&flags)),
            ],
        )
    };
    let hot = event("/usr/lib/python3.11/site-packages/package/module.py");
    criterion.bench_function("a hot key", |bencher| {
        bencher.iter(|| hook.observe(black_box(&hot)));
    });

    let paths: Vec<String> = (0..50_000)
        .map(|number| format!("/usr/lib/python3.11/site-packages/package/module{number}.py"))
        .collect();
    let events: Vec<_> = paths.iter().map(|path| event(path)).collect();
    let mut next = 0;
    criterion.bench_function("50,000 keys in turn", |bencher| {
        bencher.iter(|| {
            next = (next + 7919) % events.len();
            hook.observe(black_box(&events[next]))
        });
    });

    let few = host
        .create(bucketing::audithook_plugin_entry, r#"{"keys": 1000}"#)
        .expect("the plugin");
    let evicting = few.attach("count", r#"{"by": "path"}"#).expect("the hook");
    criterion.bench_function("50,000 keys in turn with room for 1,000", |bencher| {
        bencher.iter(|| {
            next = (next + 7919) % events.len();
            evicting.observe(black_box(&events[next]))
        });
    });

    let numbers = plugin.attach("count", r#"{"by": "n"}"#).expect("the hook");
    let number = host.event("tick", &[("n", Value::u64(443))]);
    criterion.bench_function("a number", |bencher| {
        bencher.iter(|| numbers.observe(black_box(&number)));
    });
}

criterion_group!(benches, count);
criterion_main!(benches);
