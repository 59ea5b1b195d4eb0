//! A tiny plugin for the end-to-end tests: a gate that denies what it is told to deny and fails as it is told to fail.
//!
//! ```toml
//! [plugin.gate-plugin]
//! config = { argument = "path", contains = "forbidden" }   # what `check` denies where its `with` does not say
//!
//! [[hook]]
//! on   = "open"
//! call = "gate-plugin.check"
//! with = { argument = "path", contains = "secret", verdict = "kill", behave = "sleep", sleep-ms = 5 }
//! ```
//!
//! It starts no threads, prints nothing and takes no locks, so that it may run in the target.

#![deny(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow_array::{RecordBatch, RecordBatchIterator, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use audithook_sdk::prelude::*;
use audithook_sdk::{Choice, Pieces};

/// `[plugin.gate-plugin] config`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    argument: Option<String>,
    contains: Option<String>,
    /// Panic in `create`.
    panic: bool,
    /// Write `farewell` to the host's log when the instance ends.
    farewell: bool,
}

/// The plugin.
#[derive(Debug)]
pub struct GatePlugin {
    host: Host,
    config: Config,
    seen: AtomicU64,
    started: AtomicU64,
    ended: AtomicU64,
}

impl Plugin for GatePlugin {
    type Config = Config;

    fn create(host: Host, config: Config) -> Result<Self> {
        assert!(!config.panic, "told to panic at create");
        Ok(Self {
            host,
            config,
            seen: AtomicU64::new(0),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        })
    }
}

impl Drop for GatePlugin {
    fn drop(&mut self) {
        if self.config.farewell {
            self.host.log(LogLevel::Info, format_args!("farewell"));
        }
    }
}

/// How a hook behaves when an event matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Answers with its verdict.
    #[default]
    Judge,
    /// Returns the error `ERROR`.
    Error,
    /// Returns the error `BAD_ARG`.
    BadArgument,
    /// Panics.
    Panic,
    /// Returns a number that is neither a verdict nor an error of the ABI.
    Unknown,
    /// Sleeps, and answers with its verdict.
    Sleep,
}

/// A verdict as policies write it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// Allow.
    Allow,
    /// Warn.
    Warn,
    /// Deny.
    #[default]
    Deny,
    /// Kill.
    Kill,
}

/// `with` of `check`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct With {
    argument: Option<String>,
    contains: Option<String>,
    verdict: Answered,
    behave: Behaviour,
    sleep_ms: u64,
}

/// `gate-plugin.check`: the verdict for events whose argument contains a text, allow for others.
#[derive(Debug)]
pub struct Check {
    argument: Symbol,
    name: String,
    contains: String,
    with: With,
}

impl Hook for Check {
    type Plugin = GatePlugin;
    type With = With;

    fn attach(plugin: &Arc<GatePlugin>, attach: &Attach<'_>, with: With) -> Result<Self> {
        let config = &plugin.config;
        let name = with.argument.clone().or_else(|| config.argument.clone());
        let name = name.unwrap_or_else(|| "path".to_owned());
        let contains = with.contains.clone().or_else(|| config.contains.clone());
        Ok(Self {
            argument: attach.host.intern(&name)?,
            name,
            contains: contains.unwrap_or_else(|| "forbidden".to_owned()),
            with,
        })
    }
}

impl Gate for Check {
    fn judge(&self, event: &Event<'_>, reply: &mut Reply<'_>) -> Result<Verdict> {
        let Some(value) = event.bytes(self.argument) else {
            return Ok(Verdict::Allow);
        };
        self.judge_value(value, reply)
    }
}

impl Check {
    /// Out of the way of the events that do not have the argument.
    #[inline(never)]
    fn judge_value(&self, value: &[u8], reply: &mut Reply<'_>) -> Result<Verdict> {
        if !contains(value, self.contains.as_bytes()) {
            return Ok(Verdict::Allow);
        }
        match self.with.behave {
            Behaviour::Judge => {}
            Behaviour::Error => return Err(Failure::error("told to fail")),
            Behaviour::BadArgument => {
                return Err(Failure::bad_argument("told to find it unreadable"));
            }
            Behaviour::Panic => panic!("told to panic"),
            Behaviour::Unknown => return Err(Failure::with_status(77, "told to return 77")),
            Behaviour::Sleep => std::thread::sleep(Duration::from_millis(self.with.sleep_ms)),
        }
        reply.reason(format_args!("`{}` contains `{}`", self.name, self.contains));
        Ok(match self.with.verdict {
            Answered::Allow => Verdict::Allow,
            Answered::Warn => Verdict::Warn,
            Answered::Deny => Verdict::Deny,
            Answered::Kill => Verdict::Kill,
        })
    }
}

/// `gate-plugin.around`: leaves a number with each event and counts those that come back.
#[derive(Debug)]
pub struct Around {
    plugin: Arc<GatePlugin>,
}

impl Hook for Around {
    type Plugin = GatePlugin;
    type With = NoWith;

    fn attach(plugin: &Arc<GatePlugin>, _: &Attach<'_>, _: NoWith) -> Result<Self> {
        let plugin = Arc::clone(plugin);
        Ok(Self { plugin })
    }
}

impl Gate for Around {
    fn judge(&self, _: &Event<'_>, reply: &mut Reply<'_>) -> Result<Verdict> {
        reply.set_cookie(self.plugin.started.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(Verdict::Allow)
    }
}

impl After for Around {
    fn ended(&self, _: &Event<'_>, _: Outcome, cookie: u64) -> Result<()> {
        if cookie == 0 || cookie > self.plugin.started.load(Ordering::Relaxed) {
            return Err(Failure::bad_argument(format!(
                "no gate left the cookie {cookie}"
            )));
        }
        self.plugin.ended.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// `with` of `tell`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TellWith {
    event: Option<String>,
    /// Raise it on a thread of its own, outside every hook, so that gates have a say.
    outside: bool,
}

/// `gate-plugin.tell`: raises an event of its own for each that it is asked about, with the first text in it, and answers
/// what that is answered. It starts a thread where it is told to, so it is not for the target.
#[derive(Debug)]
pub struct Tell {
    host: Host,
    event: Symbol,
    what: Symbol,
    outside: bool,
}

impl Hook for Tell {
    type Plugin = GatePlugin;
    type With = TellWith;

    fn attach(_: &Arc<GatePlugin>, attach: &Attach<'_>, with: TellWith) -> Result<Self> {
        let event = with.event.as_deref().unwrap_or("gate-plugin.told");
        Ok(Self {
            host: attach.host.clone(),
            event: attach.host.intern(event)?,
            what: attach.host.intern("what")?,
            outside: with.outside,
        })
    }
}

impl Gate for Tell {
    fn judge(&self, event: &Event<'_>, _: &mut Reply<'_>) -> Result<Verdict> {
        let what = event.args().iter().find_map(Value::as_str).unwrap_or("");
        let raise = || {
            self.host
                .emit(self.event, &[Value::str(what).named(self.what)])
        };
        if self.outside {
            std::thread::scope(|scope| scope.spawn(raise).join())
                .unwrap_or_else(|_| Err(Failure::error("the thread panicked")))
        } else {
            raise()
        }
    }
}

/// `with` of `seen`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SeenWith {
    /// Write each event's name to the host's log.
    log: bool,
    behave: Behaviour,
}

/// `gate-plugin.seen`: counts events, in the counter `seen` too.
#[derive(Debug)]
pub struct Seen {
    plugin: Arc<GatePlugin>,
    host: Host,
    counter: Symbol,
    with: SeenWith,
}

impl Hook for Seen {
    type Plugin = GatePlugin;
    type With = SeenWith;

    fn attach(plugin: &Arc<GatePlugin>, attach: &Attach<'_>, with: SeenWith) -> Result<Self> {
        Ok(Self {
            plugin: Arc::clone(plugin),
            host: attach.host.clone(),
            counter: attach.host.intern("seen")?,
            with,
        })
    }
}

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) -> Result<()> {
        match self.with.behave {
            Behaviour::Error => return Err(Failure::error("told to fail")),
            Behaviour::Panic => panic!("told to panic"),
            Behaviour::Unknown => return Err(Failure::with_status(77, "told to return 77")),
            _ => {}
        }
        self.plugin.seen.fetch_add(1, Ordering::Relaxed);
        self.host.count(self.counter, 1);
        if self.with.log {
            let name = self.host.text(event.id).unwrap_or("an unknown event");
            self.host.log(LogLevel::Info, format_args!("seen: {name}"));
        }
        Ok(())
    }
}

/// `gate-plugin sum`: a value, and a status.
#[derive(Debug)]
pub struct Sum;

impl Command for Sum {
    type Plugin = GatePlugin;
    const PARAMS: &'static [Param] = &[
        Param::i64("number", "What to add.")
            .positional()
            .repeated()
            .value_name("N"),
        Param::flag("no", "Answer no.").letter('n'),
    ];
    const HELP: &'static str = "With none the sum is 0.";
    const DEFAULT: bool = true;

    fn call(_: &Arc<GatePlugin>, call: &Call<'_>) -> Result<Answer> {
        let numbers = call.list(0).iter().filter_map(Value::as_i64);
        Ok(Answer::value(numbers.sum::<i64>()).with_status(call.flag(1).into()))
    }
}

/// `gate-plugin repeat`: bytes that fail where they are told to.
#[derive(Debug)]
pub struct Repeat;

impl Command for Repeat {
    type Plugin = GatePlugin;
    const PARAMS: &'static [Param] = &[
        Param::bytes("text", "What to say.").positional().required(),
        Param::u64("times", "How often.")
            .letter('t')
            .default_value("2"),
        Param::u64("fail-after", "Fail after so many."),
        Param::str("ending", "How it fails.")
            .choices(&[Choice::new("error"), Choice::new("panic")])
            .default_value("error"),
    ];

    fn call(_: &Arc<GatePlugin>, call: &Call<'_>) -> Result<Answer> {
        Ok(Answer::bytes(Repeated {
            text: call.bytes(0).unwrap_or_default().to_owned(),
            times: call.u64(1).unwrap_or(0),
            fail_after: call.u64(2),
            panic: call.str(3) == Some("panic"),
            said: 0,
        }))
    }
}

struct Repeated {
    text: Vec<u8>,
    times: u64,
    fail_after: Option<u64>,
    panic: bool,
    said: u64,
}

impl Pieces for Repeated {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.fail_after == Some(self.said) {
            assert!(!self.panic, "told to panic");
            return Err(Failure::error("told to fail"));
        }
        if self.said == self.times {
            return Ok(None);
        }
        self.said += 1;
        Ok(Some(&self.text))
    }
}

/// `gate-plugin copy`: what is piped in.
#[derive(Debug)]
pub struct Copy;

impl Command for Copy {
    type Plugin = GatePlugin;
    const READS_INPUT: bool = true;

    fn call(_: &Arc<GatePlugin>, call: &Call<'_>) -> Result<Answer> {
        let input = call.input();
        Ok(Answer::read(input.ok_or_else(|| {
            Failure::bad_argument("nothing is piped in")
        })?))
    }
}

/// `gate-plugin numbers`: a table of two columns, in batches of 1,000 rows.
#[derive(Debug)]
pub struct Numbers;

impl Command for Numbers {
    type Plugin = GatePlugin;
    const PARAMS: &'static [Param] = &[Param::u64("rows", "How many.")
        .positional()
        .default_value("3")];

    fn call(_: &Arc<GatePlugin>, call: &Call<'_>) -> Result<Answer> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("number", DataType::UInt64, false),
            Field::new("word", DataType::Utf8, true),
        ]));
        let rows = call.u64(0).unwrap_or(0);
        let batches = {
            let schema = Arc::clone(&schema);
            (0..rows).step_by(1000).map(move |first| {
                let numbers = first..rows.min(first + 1000);
                let words = numbers
                    .clone()
                    .map(|number| (number % 2 == 0).then(|| format!("w{number}")));
                let words: StringArray = words.collect();
                let numbers: UInt64Array = numbers.map(Some).collect();
                RecordBatch::try_new(
                    Arc::clone(&schema),
                    vec![Arc::new(numbers), Arc::new(words)],
                )
            })
        };
        Ok(Answer::table(RecordBatchIterator::new(batches, schema)))
    }
}

impl Report for GatePlugin {
    fn text(&self) -> Result<String> {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Ok(format!(
            "gate-plugin: seen {}, started {}, ended {}\n",
            count(&self.seen),
            count(&self.started),
            count(&self.ended)
        ))
    }

    fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::json!({
            "seen": self.seen.load(Ordering::Relaxed),
            "started": self.started.load(Ordering::Relaxed),
            "ended": self.ended.load(Ordering::Relaxed),
        }))
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

audithook_sdk::export! {
    GatePlugin,
    id: "org.audithook.gate-plugin",
    name: "gate-plugin",
    summary: "A tiny gate for the end-to-end tests.",
    license: "MIT OR Apache-2.0",
    in_target: true,
    hooks: [
        Check: gate(on_failure = Deny) "check" "Denies what contains a text.",
        Around: around(on_failure = Allow) "around" "Counts operations that begin and end.",
        Seen: observer "seen" "Counts events.",
        Tell: gate(on_failure = Deny) "tell" "Raises an event for each event.",
    ],
    commands: [
        Sum "sum" "Adds numbers.",
        Repeat "repeat" "Says something again.",
        Copy "copy" "Says what is piped in.",
        Numbers "numbers" "Counts.",
    ],
    interfaces: [report],
}
