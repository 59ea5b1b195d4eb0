//! Does judging an event get slower with the number of rules?
//!
//! The same events under a policy of 10 rules and under one of 10,000 (90 % literal, 8 % suffix, 2 % free globs; hosts: names,
//! suffixes, networks), and the ratio of the two, measured side by side.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use audithook_abi::Value;
use audithook_catalogue::arg;
use audithook_matcher::{Context, Image, Plan};
use audithook_policy::image::{
    FileRules, HostEntry, HostList, HostPattern, ImageInput, NetworkRules, PathEntry, PathList,
    PathPattern, Protocol, RuleText, build,
};
use criterion::Criterion;

/// How many different events a measurement goes round: enough that no branch predictor knows them by heart.
const ROUND: usize = 512;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let (few, many) = (Policy::with_rules(10), Policy::with_rules(10_000));
    for (name, events) in [
        ("allowed paths", paths(allowed_path)),
        ("denied paths", paths(denied_path)),
        (
            "paths beside every rule",
            paths(|number| format!("/usr/lib/python3.11/site-packages/module{number}/__init__.py")),
        ),
        (
            "paths that a glob is tried on",
            paths(|number| format!("/srv/tenant{}/logs/cache-{}/x.dat", number % 7, number % 9)),
        ),
        (
            "allowed hosts",
            hosts(|number| format!("host{}.example.com", number % 5)),
        ),
        (
            "hosts beside every rule",
            hosts(|number| format!("www{number}.elsewhere.net")),
        ),
        (
            "addresses",
            hosts(|number| format!("10.{}.{}.7", number % 3, number % 200)),
        ),
    ] {
        let mut group = criterion.benchmark_group(name);
        for (label, policy) in [("10 rules", &few), ("10000 rules", &many)] {
            let image = policy.image();
            let plan = image.plan(events.name);
            let mut place = 0;
            group.bench_function(label, |bencher| {
                bencher.iter(|| {
                    place = (place + 1) % ROUND;
                    events.judge(&image, &plan, place)
                });
            });
        }
        group.finish();
        ratio(name, &few, &many, &events);
    }
    for policy in [&few, &many] {
        let rules = policy.image().rule_count();
        let (bytes, time) = (policy.bytes.len(), policy.parse_time());
        println!("image of {rules} rules: {bytes} bytes, checked in {time:.1} us");
    }
}

/// Prints what an event costs under both policies, taking turns so that both see the same machine.
fn ratio(name: &str, few: &Policy, many: &Policy, events: &Events) {
    let (few, many) = (few.image(), many.image());
    let measure = |image: &Image<'_>| {
        let plan = image.plan(events.name);
        let start = Instant::now();
        for place in 0..ROUND {
            black_box(events.judge(image, &plan, place));
        }
        start.elapsed().as_nanos() as f64 / ROUND as f64
    };
    let mut times: Vec<(f64, f64)> = (0..2000).map(|_| (measure(&few), measure(&many))).collect();
    let mut median = |pick: fn(&(f64, f64)) -> f64| {
        times.sort_by(|a, b| pick(a).total_cmp(&pick(b)));
        pick(&times[times.len() / 2])
    };
    let (few, many) = (median(|time| time.0), median(|time| time.1));
    println!(
        "{name}: 10 rules {few:.1} ns, 10000 rules {many:.1} ns, ratio {:.2}",
        many / few
    );
}

struct Policy {
    bytes: Vec<u8>,
}

impl Policy {
    fn with_rules(count: usize) -> Self {
        let free = (count / 50).max(1);
        let suffixes = (count * 8 / 100).max(1);
        let literals = count - free - suffixes;
        let entry = |pattern, rule: usize| PathEntry {
            pattern,
            rule: rule as u32,
        };
        // Nine of ten literal paths are allowed, the tenth is denied.
        let (mut read, mut deny) = (Vec::new(), Vec::new());
        for number in 0..literals {
            let denied = number % 10 == 9;
            let list = if denied { &mut deny } else { &mut read };
            list.push(entry(
                PathPattern::Literal(literal(number, denied).into_bytes()),
                number,
            ));
        }
        for number in 0..suffixes {
            deny.push(entry(PathPattern::Glob(suffix(number)), literals + number));
        }
        for number in 0..free {
            deny.push(entry(
                PathPattern::Glob(free_glob(number)),
                literals + suffixes + number,
            ));
        }
        let input = ImageInput {
            rules: (0..=count)
                .map(|number| RuleText {
                    id: format!("rule.{number}"),
                    ..RuleText::default()
                })
                .collect(),
            files: FileRules {
                read: Some(PathList {
                    rule: count as u32,
                    entries: read,
                }),
                deny,
                ..FileRules::default()
            },
            network: network(count),
            ..ImageInput::default()
        };
        Self {
            bytes: build(&input).expect("a policy"),
        }
    }

    fn image(&self) -> Image<'_> {
        Image::parse(&self.bytes).expect("an image")
    }

    fn parse_time(&self) -> f64 {
        let start = Instant::now();
        for _ in 0..100 {
            black_box(self.image());
        }
        start.elapsed().as_secs_f64() * 1e6 / 100.0
    }
}

/// Directories of projects, a few levels deep, many to a parent.
fn literal(number: usize, denied: bool) -> String {
    let kind = if denied { "private" } else { "data" };
    format!("/srv/projects/team{}/project{number}/{kind}", number % 37)
}

fn suffix(number: usize) -> String {
    if number.is_multiple_of(2) {
        format!("**/*.key{number}")
    } else {
        format!("**/.secret{number}")
    }
}

fn free_glob(number: usize) -> String {
    match number % 4 {
        0 => format!("/srv/*/logs/cache-{number}*/*.dat"),
        1 => format!("**/build-{number}/**/*.o"),
        2 => format!("**/*token{number}*"),
        _ => format!("/srv/tenant{number}/[a-f]*/session?"),
    }
}

fn network(count: usize) -> NetworkRules {
    let entries = (0..count)
        .map(|number| {
            let host = match number % 4 {
                0 => HostPattern::Name(format!("host{number}.example.com")),
                1 => HostPattern::Suffix(format!("zone{number}.example.org")),
                2 => HostPattern::Net {
                    address: mapped([10, (number >> 8) as u8, number as u8, 0]),
                    prefix: 120,
                },
                _ => HostPattern::Net {
                    address: mapped([172, 16, (number >> 8) as u8, number as u8]),
                    prefix: 128,
                },
            };
            HostEntry {
                host,
                ports: Some((443, 443)),
                protocol: Protocol::Tcp,
                rule: number as u32,
            }
        })
        .collect();
    NetworkRules {
        connect: Some(HostList {
            rule: count as u32,
            entries,
        }),
        ..NetworkRules::default()
    }
}

fn mapped(address: [u8; 4]) -> [u8; 16] {
    audithook_matcher::host::mapped(u32::from_be_bytes(address))
}

/// A path that one of the first literal rules allows, so that both policies do.
fn allowed_path(number: usize) -> String {
    let mut path = literal(number % 8, false);
    let _ = write!(path, "/part{number}/file{number}.json");
    path
}

fn denied_path(number: usize) -> String {
    format!("{}/part{number}/x.key0", literal(number % 8, false))
}

/// Events that go round.
struct Events {
    name: &'static [u8],
    subject: audithook_abi::Symbol,
    texts: Vec<String>,
    is_path: bool,
}

fn paths(make: impl Fn(usize) -> String) -> Events {
    Events {
        name: b"open",
        subject: arg::PATH,
        texts: (0..ROUND).map(make).collect(),
        is_path: true,
    }
}

fn hosts(make: impl Fn(usize) -> String) -> Events {
    Events {
        name: b"socket.connect",
        subject: arg::HOST,
        texts: (0..ROUND).map(make).collect(),
        is_path: false,
    }
}

impl Events {
    fn judge(&self, image: &Image<'_>, plan: &Plan, place: usize) -> audithook_matcher::Judgement {
        let text = black_box(&self.texts[place]);
        if self.is_path {
            let flags = [Value::str("read")];
            let args = [
                Value::path(text).named(self.subject),
                Value::path(text).named(arg::RAW),
                Value::list(&flags).named(arg::FLAGS),
            ];
            image.judge(plan, &args, &Context::NONE)
        } else {
            let args = [
                Value::str(text).named(self.subject),
                Value::u64(443).named(arg::PORT),
                Value::str("inet").named(arg::FAMILY),
                Value::str("stream").named(arg::KIND),
            ];
            image.judge(plan, &args, &Context::NONE)
        }
    }
}
