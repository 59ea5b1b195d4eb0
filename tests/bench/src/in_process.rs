//! The bus, the ABI and the matcher, called from this program.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use audithook_abi::{Event, Symbol, Value, Verdict};
use audithook_bus::hook::{Gate, HookError, Reply};
use audithook_bus::{Bus, emit, intern};
use audithook_catalogue::arg;
use audithook_loader::{Attachment, Instance, Plugin, SearchPath, Spec};
use audithook_matcher::{Context, Image, Plan};
use audithook_policy::image::build;
use audithook_policy::{FlagOverrides, Input, LoadContext, load};

use crate::measure::{repeated, turns};
use crate::place::Place;
use crate::report::Report;
use crate::row::{Bar, Row};

const TURNS: usize = 300;

/// An event of the bus that nobody listens to.
pub(crate) fn callsite(_: &Place, report: &mut Report) -> Result<(), String> {
    static GATE: AtomicU8 = AtomicU8::new(0);
    let samples = turns(
        TURNS,
        &mut [
            repeated(100_000, || {
                emit!("bench.unheard", a = 1u64, b = 2u64, c = "three", d = 4.0).is_ok()
            }),
            repeated(100_000, || GATE.load(Ordering::Relaxed) == 0),
        ],
    )?;
    report.add(
        Row::new(
            "event nobody listens to, Rust callsite",
            &samples[0],
            "a relaxed load",
            &samples[1],
        )
        .bar(Bar::AtMost(1.0)),
    );
    Ok(())
}

/// What a gate of this program costs: no boundary, the same work.
struct Plain {
    argument: Symbol,
}

impl Gate for Plain {
    fn judge(&self, event: &Event<'_>, _: &mut Reply) -> Result<Verdict, HookError> {
        Ok(match event.bytes(self.argument) {
            None => Verdict::Allow,
            Some(_) => Verdict::Deny,
        })
    }
}

/// Gates of a plugin, asked about an event of four arguments.
pub(crate) fn abi(place: &Place, report: &mut Report) -> Result<(), String> {
    let search = SearchPath::default().with(place.built(), "the bench");
    let plugin = Plugin::load(&Spec::named("gate-plugin"), &search).map_err(text)?;
    let instance = plugin.create(Arc::new(Bus::new()), "{}").map_err(text)?;
    let absent = "an argument that no event has";
    let plain: Vec<Arc<dyn Gate>> = vec![Arc::new(Plain {
        argument: intern(absent),
    })];
    let one = vec![gate(&instance, absent)?];
    let four = (0..4)
        .map(|_| gate(&instance, absent))
        .collect::<Result<Vec<_>, _>>()?;
    let names = Names::new();
    let args = names.args();
    let event = Event::new(names.open, &args);
    let samples = turns(
        TURNS,
        &mut [
            repeated(10_000, || ask(black_box(&one), black_box(&event))),
            repeated(10_000, || ask(black_box(&four), black_box(&event))),
            repeated(10_000, || ask(black_box(&plain), black_box(&event))),
            repeated(10_000, || names.make_and_ask(black_box(&one))),
        ],
    )?;
    report.add(
        Row::new(
            "one inline hook through the ABI, 4 arguments",
            &samples[0],
            "the same hook as a trait object",
            &samples[2],
        )
        .bar(Bar::AtMost(10.0)),
    );
    report.add(Row::new(
        "four inline hooks through the ABI, 4 arguments",
        &samples[1],
        "the same hook as a trait object",
        &samples[2],
    ));
    report.add(Row::new(
        "one inline hook, its event of 4 arguments made for it",
        &samples[3],
        "the event made before",
        &samples[0],
    ));
    Ok(())
}

fn gate(instance: &Instance, argument: &str) -> Result<Arc<dyn Gate>, String> {
    let with = format!("{{\"argument\": \"{argument}\"}}");
    let attachment = Attachment {
        with: &with,
        ..Attachment::new("check")
    };
    let attached = instance.attach(&attachment).map_err(text)?;
    attached.gate().ok_or_else(|| "`check` is a gate".into())
}

struct Names {
    open: Symbol,
    args: [Symbol; 4],
}

impl Names {
    fn new() -> Self {
        Self {
            open: intern("open"),
            args: ["path", "raw", "flags", "mode"].map(intern),
        }
    }

    fn args(&self) -> [Value<'static>; 4] {
        [
            Value::path("/usr/lib/python3/site.py").named(self.args[0]),
            Value::path("site.py").named(self.args[1]),
            Value::u64(0o100_000).named(self.args[2]),
            Value::i64(-1).named(self.args[3]),
        ]
    }

    #[inline(always)]
    fn make_and_ask(&self, gates: &[Arc<dyn Gate>]) -> Verdict {
        let args = self.args();
        ask(gates, &Event::new(self.open, black_box(&args)))
    }
}

#[inline(always)]
fn ask(gates: &[Arc<dyn Gate>], event: &Event<'_>) -> Verdict {
    let mut verdict = Verdict::Allow;
    for gate in gates {
        if let Ok(answer) = gate.judge(event, &mut Reply::default()) {
            verdict = verdict.max(answer);
        }
    }
    verdict
}

/// How many different events one turn goes round: more than a branch predictor knows by heart.
const EVENTS: usize = 512;

/// The same events under 10 rules and under 10,000, both written as hooks.toml.
pub(crate) fn rules(_: &Place, report: &mut Report) -> Result<(), String> {
    let few = image(10)?;
    let many = image(10_000)?;
    let few = Image::parse(&few).map_err(text)?;
    let many = Image::parse(&many).map_err(text)?;
    type Text = fn(usize) -> String;
    let kinds: [(&str, bool, Text); 5] = [
        ("an allowed path", true, |number| {
            format!("{}/part{number}/file.json", literal(number % 8))
        }),
        ("a path denied by its suffix", true, |number| {
            format!("{}/part{number}/x.key0", literal(number % 8))
        }),
        ("a path beside all rules", true, |number| {
            format!("/usr/lib/python3.11/site-packages/module{number}/__init__.py")
        }),
        ("an allowed host", false, |number| {
            format!("host{}.example.com", number % 4)
        }),
        ("a host beside all rules", false, |number| {
            format!("www{number}.elsewhere.net")
        }),
    ];
    for (name, is_path, text) in kinds {
        let events: Vec<String> = (0..EVENTS).map(text).collect();
        let round = |image: &Image<'_>| {
            let event: &[u8] = if is_path { b"open" } else { b"socket.connect" };
            let plan = image.plan(event);
            let start = std::time::Instant::now();
            for event in &events {
                black_box(judge(image, &plan, event, is_path));
            }
            Ok(start.elapsed().as_nanos() as f64 / EVENTS as f64)
        };
        let samples = turns(
            TURNS * 4,
            &mut [Box::new(|| round(&many)), Box::new(|| round(&few))],
        )?;
        report.add(
            Row::new(
                format!("10,000 rules, {name}"),
                &samples[0],
                "10 rules",
                &samples[1],
            )
            .bar(Bar::Ratio(1.5)),
        );
    }
    Ok(())
}

fn judge(image: &Image<'_>, plan: &Plan, text: &str, is_path: bool) -> Verdict {
    if is_path {
        let flags = [Value::str("read")];
        let args = [
            Value::path(text).named(arg::PATH),
            Value::path(text).named(arg::RAW),
            Value::list(&flags).named(arg::FLAGS),
        ];
        image.judge(plan, &args, &Context::NONE).verdict
    } else {
        let args = [
            Value::str(text).named(arg::HOST),
            Value::u64(443).named(arg::PORT),
            Value::str("inet").named(arg::FAMILY),
            Value::str("stream").named(arg::KIND),
        ];
        image.judge(plan, &args, &Context::NONE).verdict
    }
}

/// The policy image of hooks.toml with `count` rules for files, 90 % literal, 8 % suffixes, 2 % free globs, and as many
/// hosts.
fn image(count: usize) -> Result<Vec<u8>, String> {
    let free = (count / 50).max(1);
    let suffixes = (count * 8 / 100).max(1);
    let literals = count - free - suffixes;
    let list = |entries: &mut dyn Iterator<Item = String>| {
        entries.fold(String::new(), |mut text, entry| {
            let _ = writeln!(text, "  \"{entry}\",");
            text
        })
    };
    let read = list(&mut (0..literals).map(literal));
    let deny = list(&mut (0..suffixes).map(suffix).chain((0..free).map(free_glob)));
    let hosts = list(&mut (0..count).map(host));
    let text = format!(
        "version = 1\n[files]\nread = [\n{read}]\ndeny = [\n{deny}]\n[network]\nconnect = [\n{hosts}]\n"
    );
    let context = LoadContext::current(Vec::new()).map_err(|error| error.to_string())?;
    let input = Input::Text {
        name: "rules",
        text: &text,
    };
    let loaded = load(input, &FlagOverrides::default(), &context)
        .map_err(|mistakes| mistakes.to_string())?;
    build(&loaded.policy.image_input(1)).map_err(crate::in_process::text)
}

/// Files with many mistakes: what each of them costs to find and to tell.
pub(crate) fn mistakes(_: &Place, report: &mut Report) -> Result<(), String> {
    const FEW: usize = 1000;
    const MANY: usize = 12_000;
    let context = LoadContext::current(Vec::new()).map_err(|error| error.to_string())?;
    let each = |text: &str, count: usize| {
        let input = Input::Text {
            name: "mistakes",
            text,
        };
        let start = std::time::Instant::now();
        let Err(found) = load(input, &FlagOverrides::default(), &context) else {
            return Err("mistakes were overlooked".to_owned());
        };
        black_box(found.render(false));
        Ok(start.elapsed().as_nanos() as f64 / count as f64)
    };
    type Text = fn(usize) -> String;
    let kinds: [(&str, Text); 3] = [
        ("all in one line", |count| {
            format!("version = 1\nfiles.read = [{}]", "5, ".repeat(count))
        }),
        ("a misspelt key each", |count| {
            (0..count).fold("version = 1\n".to_owned(), |mut text, number| {
                let _ = writeln!(text, "verison{number} = 1");
                text
            })
        }),
        ("a rule that is none, among as many hooks", |count| {
            (0..count).fold("version = 1\n".to_owned(), |mut text, number| {
                let _ = writeln!(
                    text,
                    "[[hook]]\nname = \"h{number}\"\non = \"open\"\ndo = \"log\"\n\
                     [[test]]\nevent = \"os.listdir\"\nexpect = \"deny\"\nrule = \"hook.k{number}\""
                );
                text
            })
        }),
    ];
    for (name, text) in kinds {
        let (few, many) = (text(FEW), text(MANY));
        let samples = turns(
            TURNS / 20,
            &mut [Box::new(|| each(&many, MANY)), Box::new(|| each(&few, FEW))],
        )?;
        report.add(
            Row::new(
                format!("one of 12,000 mistakes, {name}"),
                &samples[0],
                "one of 1,000",
                &samples[1],
            )
            .bar(Bar::Ratio(1.5)),
        );
    }
    Ok(())
}

/// Directories of projects, a few levels deep, many to a parent.
fn literal(number: usize) -> String {
    format!("/srv/projects/team{}/project{number}/data", number % 37)
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

fn host(number: usize) -> String {
    let (high, low) = (number >> 8 & 0xff, number & 0xff);
    match number % 8 {
        0..4 => format!("host{number}.example.com:443"),
        4..6 => format!("*.zone{number}.example.org:443"),
        6 => format!("10.{high}.{low}.0/24:443"),
        _ => format!("172.16.{high}.{low}:443"),
    }
}

fn text(error: impl std::error::Error) -> String {
    error.to_string()
}
