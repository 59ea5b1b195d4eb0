//! One event from its arguments to its verdict, its record and, where the image cannot say, the supervisor's answer.

use core::cell::Cell;

use audithook_abi::{
    EVENT_STARTUP, EVENT_TRUNCATED, Source, Symbol, VALUE_TRUNCATED, Value, Verdict, View,
};
use audithook_catalogue::{Operation, arg, event};
use audithook_matcher::{Context, Judgement, Overflow, Plan, host};
use audithook_wire::flat::{Encoder, Meta, Name, Rules};
use audithook_wire::message::{self, Kind, MAX_REASON, MAX_REPLY};

use crate::plugins::Failure;
use crate::policy::Policy;
use crate::python::api::Api;
use crate::python::startup;
use crate::{address, channel, granted, pending, plugins, process};

/// How many arguments an event of the network has at most.
const MOST_ARGUMENTS: usize = 8;

thread_local! {
    /// This thread waits to hold the interpreter again.
    static RESTORING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread waits to hold the interpreter again.
pub(crate) fn is_restoring() -> bool {
    RESTORING.get()
}

/// Whether this thread holds the interpreter, which others must not wait for.
#[derive(Clone, Copy)]
pub(crate) enum Interpreter<'a> {
    Held(&'a Api),
    NotHeld,
}

impl Interpreter<'_> {
    /// Runs `wait` without the interpreter.
    fn released<R>(self, wait: impl FnOnce() -> R) -> R {
        match self {
            Interpreter::NotHeld => wait(),
            Interpreter::Held(api) => {
                // SAFETY: the hook runs with the thread state attached; it is attached again before going on.
                let state = unsafe { (api.save_thread)() };
                let result = wait();
                RESTORING.set(true);
                // SAFETY: the state that was saved above. If the interpreter ends meanwhile, this does not return: see
                // `interpose::thread`.
                unsafe { (api.restore_thread)(state) };
                RESTORING.set(false);
                result
            }
        }
    }
}

/// An event about to be judged.
pub(crate) struct Subject<'e> {
    pub(crate) name: Name<'e>,
    pub(crate) plan: Plan,
    pub(crate) source: Source,
    pub(crate) args: &'e [Value<'e>],
    /// Whether the event has more arguments than are in `args`.
    pub(crate) has_more: bool,
    pub(crate) inode: Option<(u64, u64)>,
    /// The interpreter needs it to start: nothing refuses it.
    pub(crate) exempt: bool,
}

/// What became of it.
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    /// The rule that leads, if any does.
    pub(crate) rule: Option<u32>,
    /// The rule whose hint is given: a protected one, if any agreed.
    pub(crate) hint: Option<u32>,
    reason: [u8; MAX_REASON],
    reason_length: usize,
}

impl Decision {
    /// Before anything was said.
    const fn new() -> Self {
        Self {
            verdict: Verdict::Allow,
            rule: None,
            hint: None,
            reason: [0; MAX_REASON],
            reason_length: 0,
        }
    }

    /// Why, in the words of a gate; empty if none spoke.
    pub(crate) fn reason(&self) -> &[u8] {
        &self.reason[..self.reason_length]
    }

    pub(crate) fn set_reason(&mut self, reason: &[u8]) {
        let length = reason.len().min(MAX_REASON);
        self.reason[..length].copy_from_slice(&reason[..length]);
        self.reason_length = length;
    }
}

/// Judges the event and records it if anyone wants that. `buffer` has room for a message.
pub(crate) fn judge(
    policy: &'static Policy,
    subject: &Subject<'_>,
    buffer: &mut [u8],
    interpreter: Interpreter<'_>,
) -> Decision {
    let mut decision = Decision::new();
    let mut meta = Meta {
        generation: policy.image.generation(),
        ..Meta::new(subject.source)
    };
    meta.flags |= flags_of(subject);
    let mut record = subject.plan.journalled();
    if subject.exempt {
        meta.flags |= EVENT_STARTUP;
        record |= subject.plan.observed();
    } else {
        let context = Context {
            names: &granted::Granted,
            inode: subject.inode,
        };
        let mut judgement = policy.image.judge(&subject.plan, subject.args, &context);
        judge_looked_up(policy, subject, &context, &mut judgement);
        if is_interpreters_listing(policy, subject, &judgement) {
            return allow_as_startup(policy, subject, buffer, interpreter, decision);
        }
        if !judgement.target_hooks().is_empty() {
            say_who_and_when(&mut meta);
            plugins::judge(
                policy,
                subject,
                &meta,
                &mut judgement,
                &mut decision,
                |failure| record_failure(policy, failure, &meta, buffer, interpreter),
            );
        }
        if judgement.ask {
            say_who_and_when(&mut meta);
            meta.verdict = judgement.verdict;
            let question = message_about(Kind::Ask, buffer, subject, &meta);
            ask(question, &mut judgement, &mut decision, interpreter);
        }
        meta.verdict = judgement.verdict;
        meta.would = judgement.would;
        meta.rules = Rules::new(judgement.rules());
        meta.errno = errno_of(&subject.plan, judgement.verdict);
        decision.verdict = judgement.verdict;
        decision.rule = judgement.rules().first().copied();
        let protected = |number: &&u32| {
            policy
                .image
                .rule(**number)
                .is_some_and(|rule| rule.protected)
        };
        decision.hint = judgement
            .rules()
            .iter()
            .find(protected)
            .copied()
            .or(decision.rule);
        record |= judgement.log
            || judgement.observe
            || judgement.verdict != Verdict::Allow
            || judgement.would.is_some();
    }
    if record {
        say_who_and_when(&mut meta);
        push(
            encode(buffer, subject, &meta),
            policy.image.overflow(),
            interpreter,
        );
    }
    if decision.verdict == Verdict::Kill {
        interpreter.released(await_end);
    }
    decision
}

/// Records that a gate failed, whatever else is recorded: what follows from it is never silent.
#[cold]
fn record_failure(
    policy: &'static Policy,
    failure: &Failure,
    about: &Meta,
    buffer: &mut [u8],
    interpreter: Interpreter<'_>,
) {
    let args = arguments_of_failure(policy, failure);
    let meta = meta_of_failure(about);
    let record = encode_parts(buffer, Name::Known(event::PLUGIN_ERROR), &args, &meta);
    push(record, policy.image.overflow(), interpreter);
}

fn arguments_of_failure(policy: &'static Policy, failure: &Failure) -> [Value<'static>; 4] {
    let hook = policy.image.rule(failure.rule).map_or("", |rule| rule.id);
    [
        Value::str(failure.plugin).named(arg::PLUGIN),
        Value::str(hook).named(arg::HOOK),
        Value::str(failure.error).named(arg::ERROR),
        Value::str(failure.verdict.as_str()).named(arg::VERDICT),
    ]
}

/// As the event's own, which the record stands before.
fn meta_of_failure(about: &Meta) -> Meta {
    Meta {
        time_ns: about.time_ns,
        pid: about.pid,
        tid: about.tid,
        generation: about.generation,
        ..Meta::new(Source::App)
    }
}

/// Whether rules see all that the program gave.
fn flags_of(subject: &Subject<'_>) -> u32 {
    if subject.has_more || subject.args.iter().any(is_cut) {
        EVENT_TRUNCATED
    } else {
        0
    }
}

/// Whether the value, or one in it, is not all that the program gave.
fn is_cut(value: &Value<'_>) -> bool {
    value.flags() & VALUE_TRUNCATED != 0
        || matches!(value.view(), View::List(values) if values.iter().any(is_cut))
}

/// Asks the kernel for what most events, which nobody records, need not know. The first time counts.
fn say_who_and_when(meta: &mut Meta) {
    if meta.time_ns == 0 {
        meta.time_ns = process::now_ns();
        (meta.pid, meta.tid) = process::pid_and_tid();
    }
}

/// A connection to a name goes to an address that this thread has just looked up: the address is judged too.
fn judge_looked_up(
    policy: &Policy,
    subject: &Subject<'_>,
    context: &Context<'_>,
    judgement: &mut Judgement,
) {
    if !matches!(
        subject.plan.operation(),
        Operation::Connect | Operation::Bind
    ) {
        return;
    }
    let find = |name| subject.args.iter().find(|value| value.name() == name);
    let Some(host) = find(arg::HOST).and_then(Value::as_bytes) else {
        return;
    };
    let mut buffer = host::HostBuffer::new();
    if !matches!(host::normalise(host, &mut buffer), Ok(host::Host::Name(_))) {
        return;
    }
    pending::take_answers(|address| {
        let mut text = [0; 46];
        let text = address::write_address(address, &mut text);
        let mut args = [Value::NULL; MOST_ARGUMENTS];
        let count = subject.args.len().min(MOST_ARGUMENTS);
        for (to, from) in args.iter_mut().zip(subject.args) {
            *to = if from.name() == arg::HOST {
                Value::str(text).named(arg::HOST)
            } else {
                *from
            };
        }
        let also = policy.image.judge(&subject.plan, &args[..count], context);
        let said = also.would.unwrap_or(also.verdict);
        if said.refuses() {
            for rule in also.rules() {
                judgement.add(said, *rule);
            }
        }
    });
}

/// Whether the list alone refuses what the interpreter does for every import: to list `sys.path[0]`.
fn is_interpreters_listing(policy: &Policy, subject: &Subject<'_>, judgement: &Judgement) -> bool {
    subject.source == Source::Cpython
        && subject.plan.operation() == Operation::List
        && judgement.would.unwrap_or(judgement.verdict).refuses()
        && subject
            .args
            .iter()
            .find(|value| value.name() == arg::PATH)
            .and_then(Value::as_bytes)
            .is_some_and(startup::is_program_directory)
        && judgement.rules().iter().all(|number| {
            policy
                .image
                .rule(*number)
                .is_some_and(|rule| rule.id == "files.read")
        })
}

/// Lets the event through as one that the interpreter needs.
fn allow_as_startup(
    policy: &'static Policy,
    subject: &Subject<'_>,
    buffer: &mut [u8],
    interpreter: Interpreter<'_>,
    decision: Decision,
) -> Decision {
    if subject.plan.journalled() {
        let mut meta = Meta {
            generation: policy.image.generation(),
            flags: EVENT_STARTUP,
            ..Meta::new(subject.source)
        };
        say_who_and_when(&mut meta);
        push(
            encode(buffer, subject, &meta),
            policy.image.overflow(),
            interpreter,
        );
    }
    decision
}

/// Judges in a process that has no ring, or must not touch its parent's: what there is to say goes over a connection, and
/// what is allowed is not recorded. `buffer` has room for a message. Returns whether it is refused.
#[inline(never)]
pub(crate) fn judge_apart(
    policy: &'static Policy,
    subject: &Subject<'_>,
    buffer: &mut [u8],
) -> bool {
    let context = Context {
        names: &granted::Granted,
        inode: subject.inode,
    };
    let mut judgement = policy.image.judge(&subject.plan, subject.args, &context);
    if !judgement.target_hooks().is_empty() {
        let mut meta = refusal(policy, None, judgement.verdict);
        meta.flags |= flags_of(subject);
        let mut decision = Decision::new();
        plugins::judge(
            policy,
            subject,
            &meta,
            &mut judgement,
            &mut decision,
            |failure| tell_failure(policy, failure, &meta, buffer),
        );
    }
    if judgement.ask {
        let mut meta = refusal(policy, None, judgement.verdict);
        meta.flags |= flags_of(subject);
        let question = message_about(Kind::Ask, buffer, subject, &meta);
        let mut reply = [0; MAX_REPLY];
        match channel::ask(question, &mut reply) {
            Some(reply) => {
                for rule in reply.rules.as_slice() {
                    judgement.add(reply.verdict, *rule);
                }
            }
            None => judgement.add(Verdict::Deny, u32::MAX),
        }
    }
    let is_notice = subject.name == Name::Known(event::PROCESS_UNCOVERED);
    if is_notice || judgement.would.is_some() || judgement.verdict != Verdict::Allow {
        let mut meta = refusal(policy, None, judgement.verdict);
        meta.flags |= flags_of(subject);
        meta.errno = errno_of(&subject.plan, judgement.verdict);
        meta.would = judgement.would;
        meta.rules = Rules::new(judgement.rules());
        // A refusal stands even if nobody can be told.
        channel::tell(message_about(Kind::Exec, buffer, subject, &meta));
    }
    judgement.verdict.refuses()
}

/// As [`record_failure`], over a connection.
#[cold]
fn tell_failure(policy: &'static Policy, failure: &Failure, about: &Meta, buffer: &mut [u8]) {
    let args = arguments_of_failure(policy, failure);
    let meta = meta_of_failure(about);
    let name = Name::Known(event::PLUGIN_ERROR);
    channel::tell(message::record(
        Kind::Exec,
        buffer,
        name,
        &meta,
        |encoder| {
            encode_arguments(encoder, &args);
        },
    ));
}

/// The error that the program gets, 0 for none.
fn errno_of(plan: &Plan, verdict: Verdict) -> i32 {
    match plan.operation() {
        _ if !verdict.refuses() => 0,
        // As the kernel says it.
        Operation::Root | Operation::Namespace | Operation::Limits => libc::EPERM,
        _ => libc::EACCES,
    }
}

/// Records a refusal that was judged elsewhere.
pub(crate) fn record_refusal(
    policy: &'static Policy,
    name: Name<'_>,
    args: &[Value<'_>],
    rule: Option<u32>,
    verdict: Verdict,
    buffer: &mut [u8],
) {
    let meta = refusal(policy, rule, verdict);
    let record = encode_parts(buffer, name, args, &meta);
    push(record, policy.image.overflow(), Interpreter::NotHeld);
}

/// What the record of a refusal by libc's functions says beside its arguments.
pub(crate) fn refusal(policy: &Policy, rule: Option<u32>, verdict: Verdict) -> Meta {
    Meta {
        time_ns: process::now_ns(),
        pid: process::pid(),
        tid: process::tid(),
        generation: policy.image.generation(),
        verdict,
        errno: if verdict.refuses() { libc::EACCES } else { 0 },
        rules: rule.map_or(Rules::NONE, |rule| Rules::new(&[rule])),
        ..Meta::new(Source::Libc)
    }
}

/// The event as a message to the supervisor.
fn message_about<'b>(
    kind: Kind,
    buffer: &'b mut [u8],
    subject: &Subject<'_>,
    meta: &Meta,
) -> &'b [u8] {
    message::record(kind, buffer, subject.name, meta, |encoder| {
        encode_arguments(encoder, subject.args);
    })
}

pub(crate) fn encode<'b>(buffer: &'b mut [u8], subject: &Subject<'_>, meta: &Meta) -> &'b [u8] {
    encode_parts(buffer, subject.name, subject.args, meta)
}

fn encode_parts<'b>(
    buffer: &'b mut [u8],
    name: Name<'_>,
    args: &[Value<'_>],
    meta: &Meta,
) -> &'b [u8] {
    let mut encoder = Encoder::new(buffer, name, meta);
    encode_arguments(&mut encoder, args);
    encoder.finish()
}

fn encode_arguments(encoder: &mut Encoder<'_>, args: &[Value<'_>]) {
    for value in args {
        let name = match value.name() {
            Symbol::NONE => Name::NONE,
            symbol => Name::Known(symbol),
        };
        encoder.arg(name, value);
    }
}

fn ask(
    question: &[u8],
    judgement: &mut Judgement,
    decision: &mut Decision,
    interpreter: Interpreter<'_>,
) {
    let mut buffer = [0; MAX_REPLY];
    let reply = interpreter.released(|| channel::ask(question, &mut buffer));
    match reply {
        Some(reply) => {
            for rule in reply.rules.as_slice() {
                judgement.add(reply.verdict, *rule);
            }
            if reply.rules.as_slice().is_empty() {
                judgement.add(reply.verdict, u32::MAX);
            }
            decision.set_reason(reply.reason);
        }
        None => {
            // Nobody could judge: that is a refusal, whatever the mode is.
            judgement.add(Verdict::Deny, u32::MAX);
            decision.set_reason(b"the supervisor did not answer");
        }
    }
}

/// Puts a record into the ring, as `[journal] on-overflow` says where there is no room.
pub(crate) fn push(record: &[u8], overflow: Overflow, interpreter: Interpreter<'_>) {
    let Some(ring) = channel::ring() else {
        return;
    };
    if let Ok(pushed) = ring.push(record) {
        if pushed.doorbell {
            channel::ring_doorbell();
        }
        return;
    }
    match overflow {
        Overflow::Drop => ring.note_lost(1),
        Overflow::Abort => {
            ring.note_lost(1);
            interpreter.released(|| {
                channel::ring_doorbell();
                await_end();
            });
        }
        Overflow::Wait => interpreter.released(|| {
            channel::ring_doorbell();
            let mut slices = 0;
            loop {
                let value = ring.prepare_wait();
                if ring.push(record).is_ok() {
                    return;
                }
                if !channel::wait_for_room(ring.wait_word(), value, slices) {
                    // The supervisor is gone: what this process does from here on nobody records.
                    crate::fatal::fault(&[b"the supervisor is gone"]);
                }
                slices = slices.wrapping_add(1);
            }
        }),
    }
}

/// The run ends: the supervisor, told by the record, kills the tree. This process goes no further either way.
fn await_end() {
    channel::ring_doorbell();
    let slice = libc::timespec {
        tv_sec: 5,
        tv_nsec: 0,
    };
    // SAFETY: plain system calls; the process kills itself if nobody else does.
    unsafe {
        libc::nanosleep(&raw const slice, core::ptr::null_mut());
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
}
