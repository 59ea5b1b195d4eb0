//! Between records, as they come from the rings, and events, as the bus knows them.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, RwLock};

use audithook_abi::{EVENT_TRUNCATED, Symbol, Value, Verdict};
use audithook_bus::symbol::{OVERFLOW, intern_foreign};
use audithook_bus::{Bus, Decision, Event, Mode};
use audithook_catalogue::{SYMBOL_COUNT, arg, info};
use audithook_matcher::hint::{between, instead};
use audithook_matcher::host::{self, Host, HostBuffer};
use audithook_matcher::sockets;
use audithook_policy::image::RuleText;
use audithook_policy::{PLACEHOLDER, Policy};
use audithook_supervisor::{Answer, Judge, Process};
use audithook_wire::flat::{
    Content, Encoder, MAX_NAME, MAX_RECORD, Meta, Name, Record, Rules, Scratch,
};

use crate::evaluate::kinds_of_socket;
use crate::hooks::{BuiltHooks, Live, known_as};

/// How many reasons wait for the record of the operation that they are about.
const MOST_REASONS: usize = 4096;

/// The hooks that are in force, for the threads that need to know more of them than the bus does.
#[derive(Default)]
pub(super) struct Published {
    in_force: RwLock<InForce>,
    /// Why a gate decided as it did, by the process, thread and time of the question: the record has the same.
    reasons: Mutex<HashMap<(u32, u32, u64), String>>,
}

#[derive(Default)]
struct InForce {
    generation: u32,
    hooks: Option<BuiltHooks>,
}

impl Published {
    pub(super) fn set(&self, generation: u32, hooks: BuiltHooks) {
        self.exchange(InForce {
            generation,
            hooks: Some(hooks),
        });
    }

    /// Lets the plugins go.
    pub(super) fn clear(&self) {
        self.exchange(InForce::default());
    }

    fn exchange(&self, mut other: InForce) {
        if let Ok(mut place) = self.in_force.write() {
            std::mem::swap(&mut *place, &mut other);
        }
        // Only now: a plugin that ends may raise an event, which asks here.
        drop(other);
    }

    fn with<R: Default>(&self, ask: impl FnOnce(&BuiltHooks) -> R) -> R {
        self.in_force
            .read()
            .ok()
            .and_then(|place| place.hooks.as_ref().map(ask))
            .unwrap_or_default()
    }

    pub(super) fn mode(&self) -> Mode {
        self.with(BuiltHooks::mode)
    }

    /// What the hooks said of an event that was raised here becomes its record, softened by the policy's mode.
    pub(super) fn settle(&self, decision: Decision, meta: &mut Meta) {
        let Ok(in_force) = self.in_force.read() else {
            return;
        };
        let Some(hooks) = &in_force.hooks else {
            return;
        };
        meta.generation = in_force.generation;
        for rule in hooks.rules_of(&decision) {
            meta.rules.push(rule);
        }
        meta.verdict = match hooks.mode() {
            Mode::Enforce => decision.verdict,
            Mode::Warn | Mode::Off => decision.verdict.min(Verdict::Warn),
        };
        meta.would = Some(decision.verdict).filter(|would| *would != meta.verdict);
        if let Some(reason) = why(&decision) {
            self.keep_reason(meta.pid, meta.tid, meta.time_ns, &reason);
        }
    }

    /// Whether hooks have this event recorded where only the supervisor can tell, and by which rules: those of another
    /// generation than the record's have no numbers in it.
    pub(super) fn recorded_by(&self, generation: u32, event: &Event<'_>) -> Option<Vec<u32>> {
        let in_force = self.in_force.read().ok()?;
        let mut rules = in_force.hooks.as_ref()?.recorded_by(event);
        if rules.is_empty() {
            return None;
        }
        if in_force.generation != generation {
            rules.clear();
        }
        Some(rules)
    }

    pub(super) fn has_plugins(&self) -> bool {
        self.with(|hooks| !hooks.plugins.is_empty())
    }

    pub(super) fn has_recorders(&self) -> bool {
        self.with(BuiltHooks::has_recorders)
    }

    fn keep_reason(&self, pid: u32, tid: u32, time_ns: u64, reason: &str) {
        if let Ok(mut reasons) = self.reasons.lock()
            && reasons.len() < MOST_REASONS
        {
            reasons.insert((pid, tid, time_ns), reason.to_owned());
        }
    }

    /// Why a gate decided about this record as it did, if one said so.
    pub(super) fn take_reason(&self, pid: u32, tid: u32, time_ns: u64) -> Option<String> {
        self.reasons.lock().ok()?.remove(&(pid, tid, time_ns))
    }

    pub(super) fn has_observers(&self) -> bool {
        self.with(BuiltHooks::has_observers)
    }

    /// The plugins' instances, for the policy that comes next.
    pub(super) fn live(&self) -> Vec<Live> {
        self.with(BuiltHooks::live)
    }

    /// The observers' hooks that are for events of this name.
    pub(super) fn observers_of(&self, name: &[u8]) -> Vec<String> {
        let name = String::from_utf8_lossy(name);
        self.with(|built| built.observers_of(&name).map(str::to_owned).collect())
    }

    /// Whether the gate of the hook of this name runs in the processes of the tree, which say themselves how it fares.
    pub(super) fn is_in_target(&self, hook: &str) -> bool {
        self.with(|built| built.is_in_target(hook))
    }

    pub(super) fn reports(&self) -> Vec<(String, String)> {
        self.with(|built| built.reports(false))
    }

    fn rule_of(&self, hook: &str) -> Option<u32> {
        self.with(|built| built.rule_of(hook))
    }
}

/// Answers questions with the gates of the bus.
pub(super) struct BusJudge {
    bus: Bus,
    published: Arc<Published>,
}

impl BusJudge {
    pub(super) fn new(bus: Bus, published: Arc<Published>) -> Self {
        Self { bus, published }
    }
}

impl Judge for BusJudge {
    fn judge(&self, process: Process, record: &Record<'_>) -> Answer {
        let mut scratch = Scratch::default();
        let meta = record.meta();
        let event = event(record, process, &mut scratch);
        let decision = known_as(&event, true_name(record), || self.bus.judge(&event));
        let mut rules = Rules::NONE;
        for hook in decision.deciding.iter().chain(&decision.agreed) {
            if let Some(number) = self.published.rule_of(hook.name())
                && !rules.as_slice().contains(&number)
            {
                rules.push(number);
            }
        }
        if let Some(reason) = why(&decision) {
            self.published
                .keep_reason(process.pid, meta.tid, meta.time_ns, &reason);
        }
        let reason = decision.reason.map(String::from).unwrap_or_default();
        Answer {
            verdict: decision.would,
            rules,
            reason,
        }
    }
}

/// What the journal has as the reason: what was said, or that a gate could not say anything.
fn why(decision: &Decision) -> Option<String> {
    match (&decision.reason, &decision.opened_by) {
        (Some(reason), _) => Some(reason.to_string()),
        (None, Some(gate)) => Some(format!(
            "`{}` failed, and its `on-error` let the event pass",
            gate.name()
        )),
        (None, None) => None,
    }
    .filter(|reason| !reason.is_empty())
}

/// A record as an event of the bus.
pub(super) fn event<'s>(
    record: &Record<'s>,
    process: Process,
    scratch: &'s mut Scratch,
) -> Event<'s> {
    let (symbol, values) = values(record, scratch);
    let meta = record.meta();
    let mut event = Event::new(symbol, values);
    event.time_ns = meta.time_ns;
    event.pid = process.pid;
    event.tid = meta.tid;
    event.flags = meta.flags;
    event.source = meta.source as u8;
    event.verdict = meta.verdict as u8;
    event
}

/// A record's event and arguments for the bus. A name that is no text, or that is not all that there was, has no number
/// either: whatever is for many names is asked.
fn values<'s>(record: &Record<'s>, scratch: &'s mut Scratch) -> (Symbol, &'s [Value<'s>]) {
    let intern = |text: &[u8]| std::str::from_utf8(text).map_or(OVERFLOW, intern_foreign);
    let symbol = match record.event() {
        Name::Known(symbol) => symbol,
        Name::Text(_) => true_name(record).map_or(OVERFLOW, intern_foreign),
    };
    (symbol, record.values(scratch, intern))
}

/// The event's name, if it is a text, and was not longer than one in a record can be.
pub(super) fn true_name<'s>(record: &Record<'s>) -> Option<&'s str> {
    // It is cut at the end of a character, which has four bytes at most.
    const CUT: usize = MAX_NAME - 3;
    let text = record.event().text();
    let may_be_cut = record.meta().flags & EVENT_TRUNCATED != 0 && text.len() >= CUT;
    std::str::from_utf8(text).ok().filter(|_| !may_be_cut)
}

/// What a record says of an event of the bus beside its arguments: an allowed one, as yet.
pub(super) fn meta(event: &Event<'_>) -> Meta {
    let pid = std::process::id();
    Meta {
        time_ns: event.time_ns,
        pid,
        tid: if event.tid == 0 { pid } else { event.tid },
        flags: event.flags,
        ..Meta::new(audithook_abi::Source::App)
    }
}

/// An event of the bus as a record.
pub(super) fn encode(event: &Event<'_>, meta: &Meta) -> Vec<u8> {
    let name = |symbol: Symbol| {
        if symbol.0 < SYMBOL_COUNT {
            Name::Known(symbol)
        } else {
            Name::Text(audithook_bus::symbol::text(symbol).unwrap_or("").as_bytes())
        }
    };
    let mut buffer = vec![0; MAX_RECORD];
    let mut encoder = Encoder::new(&mut buffer, name(event.id), meta);
    for value in event.args() {
        encoder.arg(name(value.name()), value);
    }
    encoder.finish().to_vec()
}

/// The `process.start` of a process that announced itself: its own words, completed for the first one of the run.
pub(super) fn started(
    hello: &Record<'_>,
    process: Process,
    generation: u32,
    first: Option<(&[Value<'_>], &str)>,
) -> Vec<u8> {
    let mut scratch = Scratch::default();
    let (_, values) = values(hello, &mut scratch);
    let meta = Meta {
        pid: process.pid,
        tid: process.pid,
        source: audithook_abi::Source::App,
        verdict: Verdict::Allow,
        would: None,
        rules: Rules::NONE,
        errno: 0,
        generation,
        ..*hello.meta()
    };
    let mut buffer = vec![0; MAX_RECORD];
    let mut encoder = Encoder::new(
        &mut buffer,
        Name::Known(audithook_catalogue::event::PROCESS_START),
        &meta,
    );
    // What a hello says beside that is no argument of the event.
    for value in values.iter().filter(|value| value.name().0 < SYMBOL_COUNT) {
        encoder.arg(Name::Known(value.name()), value);
    }
    if let Some((labels, hash)) = first {
        encoder.arg(Name::Known(arg::LABELS), &Value::map(labels));
        encoder.arg(Name::Known(arg::POLICY), &Value::str(hash));
    }
    encoder.finish().to_vec()
}

/// What an operation was about, for people.
pub(super) fn subject(record: &Record<'_>) -> String {
    let text = |name| {
        record
            .arg(name)
            .and_then(|argument| argument.as_bytes())
            .map(|bytes| printable(&String::from_utf8_lossy(bytes)))
    };
    if let (Some(from), Some(to)) = (text(arg::SRC), text(arg::DST)) {
        return format!("{from}` to `{to}");
    }
    if let Some(host) = text(arg::HOST) {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        return match record.arg(arg::PORT).map(|argument| argument.content) {
            Some(Content::U64(port)) => format!("{host}:{port}"),
            Some(Content::I64(port)) => format!("{host}:{port}"),
            _ => host,
        };
    }
    if let (Some(module), Some(name)) = (text(arg::MODULE), text(arg::NAME)) {
        return format!("{module}.{name}");
    }
    [arg::PATH, arg::RAW, arg::COMMAND, arg::MODULE]
        .into_iter()
        .find_map(text)
        .or_else(|| {
            let (_, first) = record.args().next()?;
            match first.content {
                Content::I64(number) => Some(number.to_string()),
                Content::U64(number) => Some(number.to_string()),
                _ => first
                    .as_bytes()
                    .map(|bytes| printable(&String::from_utf8_lossy(bytes))),
            }
        })
        .unwrap_or_default()
}

/// A rule's hint with the value that would allow the operation; empty if nothing is known that could be allowed.
pub(super) fn hint(rule: &RuleText, record: &Record<'_>) -> String {
    let operation = match record.event() {
        Name::Known(symbol) => info(symbol).map(|info| info.operation),
        _ => None,
    };
    if let Some(instead) = operation.and_then(instead)
        && !rule.id.starts_with("hook.")
    {
        return instead.to_owned();
    }
    let hint = rule.hint.as_str();
    if !hint.contains(PLACEHOLDER) {
        return hint.to_owned();
    }
    let text = |name| record.arg(name).and_then(|argument| argument.as_bytes());
    if sockets::are_meant_by(hint) {
        let family = text(arg::FAMILY).unwrap_or_default();
        let protocol = match record.arg(arg::PROTOCOL).map(|argument| argument.content) {
            Some(Content::I64(number)) => Some(number),
            Some(Content::U64(number)) => i64::try_from(number).ok(),
            _ => None,
        };
        let words = kinds_of_socket(hint, family, text(arg::KIND), protocol);
        return words.map_or_else(String::new, |words| hint.replace(PLACEHOLDER, &words));
    }
    let is_socket = record.arg(arg::FAMILY).is_some();
    let value = match text(arg::HOST) {
        Some(host) => endpoint(host, record.arg(arg::PORT).map(|argument| argument.content)),
        None if is_socket && text(arg::PATH).is_none() => String::new(),
        None => both_paths(hint, record).unwrap_or_else(|| subject(record)),
    };
    if value.is_empty() {
        return String::new();
    }
    hint.replace(PLACEHOLDER, &value)
}

/// Both paths of a renaming, as the hint has several values in one place.
fn both_paths(hint: &str, record: &Record<'_>) -> Option<String> {
    let text = |name| {
        let bytes = record.arg(name)?.as_bytes()?;
        Some(printable(&String::from_utf8_lossy(bytes)))
    };
    let (before, _) = hint.split_once(PLACEHOLDER)?;
    let [end, begin] = between(before);
    Some(format!(
        "{}{end}{begin}{}",
        text(arg::SRC)?,
        text(arg::DST)?
    ))
}

/// A host in its one form, with its port.
fn endpoint(host: &[u8], port: Option<Content<'_>>) -> String {
    let mut buffer = HostBuffer::new();
    let host = match host::normalise(host, &mut buffer) {
        Ok(Host::Name(name)) => String::from_utf8_lossy(name).into_owned(),
        Ok(Host::Address(address)) => {
            let address = std::net::Ipv6Addr::from(address);
            match address.to_ipv4_mapped() {
                Some(address) => address.to_string(),
                None => format!("[{address}]"),
            }
        }
        Err(_) => return String::new(),
    };
    match port {
        Some(Content::U64(port)) => format!("{host}:{port}"),
        Some(Content::I64(port)) => format!("{host}:{port}"),
        _ => host,
    }
}

/// Without what would move the terminal: it comes from the program.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let escaped = letter.is_control();
            escaped
                .then(|| letter.escape_default())
                .into_iter()
                .flatten()
                .chain((!escaped).then_some(letter))
        })
        .collect()
}

/// Whether a program's name is that of a Python interpreter.
pub(super) fn is_interpreter(executable: &[u8]) -> bool {
    let name = executable
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or(executable);
    name.starts_with(b"python") || name.starts_with(b"pypy")
}

/// What a reloaded policy says anew that only a new start can bring about.
pub(super) fn fixed_at_start(before: &Policy, now: &Policy) -> Vec<String> {
    let mut waits = Vec::new();
    let mut note = |differs: bool, key: &str| {
        if differs {
            waits.push(key.to_owned());
        }
    };
    note(before.journal.target != now.journal.target, "journal.path");
    note(before.private_tmp != now.private_tmp, "files.tmp");
    let set = |policy: &Policy| -> HashMap<String, String> {
        policy
            .env
            .set
            .iter()
            .map(|(key, setting)| (key.clone(), setting.value.clone()))
            .collect()
    };
    let passed = |policy: &Policy| -> Option<Vec<String>> {
        let entries = &policy.env.pass.as_ref()?.entries;
        Some(entries.iter().map(|entry| entry.text.clone()).collect())
    };
    note(
        set(before) != set(now) || passed(before) != passed(now),
        "env",
    );
    waits
}

/// An error with its causes.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_by_their_names() {
        assert!(is_interpreter(b"/usr/bin/python3.7"));
        assert!(is_interpreter(b"pypy3"));
        assert!(!is_interpreter(b"/usr/bin/perl"));
    }

    #[test]
    fn a_hello_that_says_too_much_is_the_start_of_its_process_all_the_same() {
        let mut buffer = vec![0; MAX_RECORD];
        let meta = Meta::new(audithook_abi::Source::Libc);
        let mut encoder = Encoder::new(&mut buffer, Name::Text(b"hello"), &meta);
        encoder.arg(Name::Text(b"of.nobodys"), &Value::u64(1));
        encoder.arg(Name::Text(b"\xff"), &Value::u64(2));
        encoder.arg(Name::Known(arg::EXE), &Value::path(b"/bin/sh"));
        let hello = Record::parse(encoder.finish()).expect("a record");
        let process = Process {
            pid: 7,
            incarnation: 1,
        };
        let bytes = started(&hello, process, 1, None);
        let record = Record::parse(&bytes).expect("a record");
        let names: Vec<_> = record.args().map(|(name, _)| name).collect();
        assert_eq!(names, [Name::Known(arg::EXE)]);
    }

    #[test]
    fn what_a_program_says_does_not_move_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\n");
    }
}
