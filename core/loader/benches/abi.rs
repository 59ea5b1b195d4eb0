//! What does a hook cost through the ABI, with an event of four arguments built for each call?
//!
//! The baselines of the same run are a plain indirect call with the same event, and a gate in C that only returns.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use audithook_bus::hook::{Gate, HookError, Reply};
use audithook_bus::{Bus, Event, Symbol, Value, Verdict, symbol};
use audithook_loader::{Attachment, Instance, Plugin, SearchPath, Spec};
use criterion::{Criterion, criterion_group, criterion_main};

/// A gate of this program: no boundary.
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

struct Names {
    open: Symbol,
    args: [Symbol; 4],
}

impl Names {
    fn new() -> Self {
        Self {
            open: symbol::intern("open"),
            args: ["path", "raw", "flags", "mode"].map(symbol::intern),
        }
    }

    /// Builds the event and asks every gate.
    #[inline(always)]
    fn ask(&self, gates: &[Arc<dyn Gate>]) -> Verdict {
        let args = [
            Value::path("/usr/lib/python3/site.py").named(self.args[0]),
            Value::path("site.py").named(self.args[1]),
            Value::u64(0o100_000).named(self.args[2]),
            Value::i64(-1).named(self.args[3]),
        ];
        let event = Event::new(self.open, black_box(&args));
        let mut verdict = Verdict::Allow;
        // One reply for all, as the bus does it.
        let mut reply = Reply::default();
        for gate in gates {
            if let Ok(answer) = gate.judge(&event, &mut reply) {
                verdict = verdict.max(answer);
            }
        }
        verdict
    }
}

fn abi(criterion: &mut Criterion) {
    let names = Names::new();
    let rows = rows();
    for (name, gates) in &rows {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| names.ask(black_box(gates)));
        });
    }
    side_by_side(&names, &rows);
}

/// What is measured: the first is the baseline.
fn rows() -> Vec<(&'static str, Vec<Arc<dyn Gate>>)> {
    let absent = symbol::intern("an argument that no event has");
    let plain = || -> Arc<dyn Gate> { Arc::new(Plain { argument: absent }) };
    let mut rows = vec![
        ("a plain indirect call", vec![plain()]),
        (
            "four plain indirect calls",
            (0..4).map(|_| plain()).collect(),
        ),
    ];
    let directory = tempfile::tempdir().expect("a temporary directory");
    if let Some(instance) = instance_in_c(directory.path()) {
        let in_c = || gate(&instance, "other", "{}");
        rows.push(("one gate in C that only returns", vec![in_c()]));
        rows.push((
            "four gates in C that only return",
            (0..4).map(|_| in_c()).collect(),
        ));
    }
    let instance = instance_in_rust();
    let with = r#"{"argument": "an argument that no event has"}"#;
    let guarded = || gate(&instance, "check", with);
    rows.push(("one guarded gate in Rust", vec![guarded()]));
    rows.push((
        "four guarded gates in Rust",
        (0..4).map(|_| guarded()).collect(),
    ));
    rows
}

/// On a busy machine means tell about the neighbours: the best of many short turns, taken in turn, tells about the code.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn side_by_side(names: &Names, rows: &[(&str, Vec<Arc<dyn Gate>>)]) {
    const TURNS: usize = 2_000;
    const CALLS: u32 = 1_000;
    let mut best = vec![f64::INFINITY; rows.len()];
    for _ in 0..TURNS {
        for ((_, gates), best) in rows.iter().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..CALLS {
                black_box(names.ask(black_box(gates)));
            }
            let each = start.elapsed().as_nanos() as f64 / f64::from(CALLS);
            *best = best.min(each);
        }
    }
    println!("best of {TURNS} turns of {CALLS} calls, side by side:");
    for ((name, _), nanoseconds) in rows.iter().zip(&best) {
        let ratio = nanoseconds / best[0];
        println!("  {nanoseconds:6.2} ns  {ratio:5.2}x  {name}");
    }
}

fn gate(instance: &Instance, function: &str, with: &str) -> Arc<dyn Gate> {
    let attachment = Attachment {
        with,
        ..Attachment::new(function)
    };
    let attached = instance.attach(&attachment).expect("the hook");
    attached.gate().expect("a gate")
}

fn instance_in_rust() -> Instance {
    let program = std::env::current_exe().expect("a bench is a file");
    let beside = program.parent().expect("a file has a directory");
    let search = SearchPath::default().with(beside, "beside the bench");
    let plugin = Plugin::load(&Spec::named("gate-plugin"), &search).expect("the plugin");
    plugin
        .create(Arc::new(Bus::new()), "{}")
        .expect("an instance")
}

fn instance_in_c(directory: &Path) -> Option<Instance> {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = directory.join("libbroken.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-fvisibility=hidden", "-I"])
        .arg(crate_directory.join("../abi/include"))
        .arg("-o")
        .arg(&library)
        .arg(crate_directory.join("tests/plugins/broken.c"))
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        return None;
    }
    let plugin = Plugin::load(&Spec::at("broken", &library), &SearchPath::default());
    let plugin = plugin.expect("the plugin is sound unless its compilation says otherwise");
    Some(
        plugin
            .create(Arc::new(Bus::new()), "{}")
            .expect("an instance"),
    )
}

criterion_group!(benches, abi);
criterion_main!(benches);
