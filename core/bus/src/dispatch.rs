//! Running the hooks of one event.

use std::any::Any;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use audithook_abi::{EVENT_DRY_RUN, Event, Verdict};

use crate::attach::{Attached, Kind, Mode, OnError};
use crate::bus::{Inner, WeakBus};
use crate::decision::{Decision, Gathering};
use crate::health::State;
use crate::hook::{HookError, Outcome, Reply};
use crate::ledger::Tally;
use crate::lineage::{self, Frame, Outermost};
use crate::plan::{Entry, Plan, Slot};
use crate::queue::Loss;
use crate::{observing, report};

/// The `errno` of an operation that was refused.
pub(crate) const EACCES: i32 = 13;
/// The `errno` of an operation that was begun and never finished.
pub(crate) const ECANCELED: i32 = 125;

/// What the chain of an event gave.
#[derive(Default)]
pub(crate) struct Judged {
    /// `None` while everybody said a plain allow.
    gathering: Option<Box<Gathering>>,
    /// Whose after is owed.
    pub(crate) entered: Vec<Entered>,
}

/// A hook whose after is owed.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    slot: u32,
    cookie: u64,
}

impl Judged {
    /// The decision, `None` for a plain allow.
    #[inline]
    pub(crate) fn decide(&mut self) -> Option<Box<Decision>> {
        let gathering = self.gathering.take()?;
        Some(Box::new(gathering.finish()))
    }

    fn gathering(&mut self) -> &mut Gathering {
        self.gathering.get_or_insert_default()
    }
}

/// An event from its gates to its observers; an after that is owed runs at once.
///
/// Written for the commonest event that somebody listens to: it has gates and nothing else, and all say a plain allow. Then
/// there is one guard for all gates, and no decision until somebody has more to say.
#[inline(always)]
pub(crate) fn raise(
    bus: &Inner,
    plan: &Plan,
    tally: Option<&Tally>,
    entry: &Entry,
    event: &Event<'_>,
    observed: bool,
) -> Option<Box<Decision>> {
    if !entry.gates_only {
        return raise_fully(bus, plan, tally, entry, event, observed);
    }
    let Some(outermost) = Outermost::enter() else {
        return raise_fully(bus, plan, tally, entry, event, observed);
    };
    let timed = count(tally, entry);
    let mut place = 0;
    let mut reply = Reply::default();
    if timed {
        return go_on(bus, entry, event, outermost, place, reply, Stop::Timed);
    }
    let caught = catch_unwind(AssertUnwindSafe(|| {
        for (nth, slot) in entry.chain.iter().enumerate() {
            // Before the call, for whoever goes on; never read back here, so that no turn waits for the one before.
            place = nth;
            if !slot.hook.health.is_healthy() {
                return Some(Stop::Unhealthy);
            }
            outermost.run_as(slot.party);
            let said = slot.gate.judge(event, &mut reply);
            if !matches!(said, Ok(Verdict::Allow)) || reply.reason.is_some() {
                return Some(Stop::Said(said));
            }
        }
        None
    }));
    match caught {
        Ok(None) => None,
        Ok(Some(stop)) => go_on(bus, entry, event, outermost, place, reply, stop),
        Err(panic) => go_on(
            bus,
            entry,
            event,
            outermost,
            place,
            reply,
            Stop::Panic(panic),
        ),
    }
}

/// Why [`raise`] leaves the rest to [`go_on`].
enum Stop {
    /// This is an event whose gates are timed.
    Timed,
    /// The gate is not to be entered.
    Unhealthy,
    /// The gate said more than a plain allow.
    Said(Result<Verdict, HookError>),
    /// The gate panicked.
    Panic(Box<dyn Any + Send>),
}

/// Goes on where [`raise`] stopped.
#[cold]
#[inline(never)]
fn go_on(
    bus: &Inner,
    entry: &Entry,
    event: &Event<'_>,
    outermost: Outermost,
    place: usize,
    reply: Reply,
    stop: Stop,
) -> Option<Box<Decision>> {
    drop(outermost);
    let frame = Frame::enter();
    let mut judged = Judged::default();
    let mut run = Run {
        bus,
        entry,
        event,
        frame: &frame,
        next: place + 1,
        reply,
    };
    let slot = &entry.chain[place];
    let timed = matches!(stop, Stop::Timed);
    match stop {
        Stop::Timed | Stop::Unhealthy => run.next = place,
        Stop::Said(said) => run.note(slot, said, &mut judged),
        Stop::Panic(panic) => run.panicked(&mut judged, panic.as_ref()),
    }
    run.finish(timed, &mut judged);
    judged.decide()
}

/// As [`raise`], for every kind of hook.
#[inline(never)]
pub(crate) fn raise_fully(
    bus: &Inner,
    plan: &Plan,
    tally: Option<&Tally>,
    entry: &Entry,
    event: &Event<'_>,
    observed: bool,
) -> Option<Box<Decision>> {
    if !lineage::is_outermost() {
        if observed {
            observing::notify(entry, event);
        }
        return None;
    }
    let frame = Frame::enter();
    let mut judged = judge(bus, plan, tally, entry, event, &frame);
    let decision = judged.decide();
    let verdict = decision
        .as_ref()
        .map_or(Verdict::Allow, |decision| decision.verdict);
    if !judged.entered.is_empty() {
        let errno = if verdict.refuses() { EACCES } else { 0 };
        run_afters(
            bus,
            entry,
            event,
            Outcome { verdict, errno },
            &judged.entered,
            &frame,
        );
    }
    if observed {
        observing::show_verdict(entry, event, verdict, &frame);
    }
    decision
}

/// Runs the gates of an event.
#[inline]
pub(crate) fn judge(
    bus: &Inner,
    plan: &Plan,
    tally: Option<&Tally>,
    entry: &Entry,
    event: &Event<'_>,
    frame: &Frame,
) -> Judged {
    let mut judged = Judged::default();
    if entry.chain.is_empty() {
        return judged;
    }
    let timed = count(tally, entry);
    let softened;
    let event = if plan.mode == Mode::Warn {
        let mut copy = *event;
        copy.flags |= EVENT_DRY_RUN;
        softened = copy;
        &softened
    } else {
        event
    };
    Run::new(bus, entry, event, frame).finish(timed, &mut judged);
    judged
}

/// Counts the turn of an event's gates: whether it is one to time.
#[inline]
fn count(tally: Option<&Tally>, entry: &Entry) -> bool {
    tally
        .and_then(|tally| tally.count(entry.place))
        .unwrap_or_else(|| entry.turns.count())
}

/// A chain while it runs.
struct Run<'r, 'e> {
    bus: &'r Inner,
    entry: &'r Entry,
    event: &'r Event<'e>,
    frame: &'r Frame,
    next: usize,
    reply: Reply,
}

impl<'r, 'e> Run<'r, 'e> {
    #[inline]
    fn new(bus: &'r Inner, entry: &'r Entry, event: &'r Event<'e>, frame: &'r Frame) -> Self {
        Self {
            bus,
            entry,
            event,
            frame,
            next: 0,
            reply: Reply::default(),
        }
    }

    /// Runs the rest of the chain, whatever it says.
    fn finish(&mut self, timed: bool, judged: &mut Judged) {
        loop {
            // After a panic the rest runs under the next guard.
            let caught = catch_unwind(AssertUnwindSafe(|| {
                if timed {
                    self.gates::<true>(judged);
                } else {
                    self.gates::<false>(judged);
                }
            }));
            match caught {
                Ok(()) => return,
                Err(panic) => self.panicked(judged, panic.as_ref()),
            }
        }
    }

    fn gates<const TIMED: bool>(&mut self, judged: &mut Judged) {
        let entry = self.entry;
        for (place, slot) in entry.chain.iter().enumerate().skip(self.next) {
            self.next = place + 1;
            if !slot.hook.health.is_healthy() {
                self.pass_over(slot, judged);
                continue;
            }
            if slot.after.is_some() {
                self.owe(judged);
            }
            self.frame.run_as(slot.party);
            let begun = TIMED.then(Instant::now);
            let said = slot.gate.judge(self.event, &mut self.reply);
            if let Some(begun) = begun {
                slot.hook.health.note_time(begun.elapsed());
            }
            if slot.after.is_some() {
                self.keep_cookie(judged);
            }
            if !matches!(said, Ok(Verdict::Allow)) || self.reply.reason.is_some() {
                self.note(slot, said, judged);
            }
        }
    }

    /// From here on the hook counts as entered.
    fn owe(&mut self, judged: &mut Judged) {
        self.reply.cookie = 0;
        judged.entered.push(Entered {
            slot: self.next as u32 - 1,
            cookie: 0,
        });
    }

    fn keep_cookie(&mut self, judged: &mut Judged) {
        if let Some(entered) = judged.entered.last_mut() {
            entered.cookie = self.reply.cookie;
        }
    }

    /// What is more than a plain allow.
    #[cold]
    fn note(&mut self, slot: &Slot, said: Result<Verdict, HookError>, judged: &mut Judged) {
        let health = &slot.hook.health;
        let reason = self.reply.reason.take();
        match said {
            Ok(Verdict::Allow) => {}
            Ok(verdict) => {
                let counter = if verdict.refuses() {
                    &health.denies
                } else {
                    &health.warnings
                };
                counter.fetch_add(1, Relaxed);
                judged
                    .gathering()
                    .say(&slot.hook, verdict, slot.mode, reason);
            }
            Err(error) => {
                let opens = fail(self.bus, &slot.hook, &error, self.frame);
                self.answer_for(slot, opens, Cow::Owned(error.to_string()), judged);
            }
        }
    }

    /// The gate that ran last panicked.
    #[cold]
    fn panicked(&mut self, judged: &mut Judged, panic: &(dyn Any + Send)) {
        let slot = &self.entry.chain[self.next - 1];
        self.reply = Reply::default();
        let error = HookError::Panicked(message_of(panic));
        let opens = fail(self.bus, &slot.hook, &error, self.frame);
        self.answer_for(slot, opens, Cow::Owned(error.to_string()), judged);
    }

    /// The hook is not entered, because of what it did before.
    #[cold]
    fn pass_over(&mut self, slot: &Slot, judged: &mut Judged) {
        // An after has no veto.
        let is_after = slot.hook.kind() == Kind::After;
        let opens = is_after || slot.hook.on_error() != OnError::Deny;
        if let Some(reason) = skip(self.bus, &slot.hook, opens, self.frame)
            && !is_after
        {
            self.answer_for(slot, opens, Cow::Owned(reason), judged);
        }
    }

    fn answer_for(
        &mut self,
        slot: &Slot,
        opens: bool,
        reason: Cow<'static, str>,
        judged: &mut Judged,
    ) {
        if opens {
            judged.gathering().failed_open(&slot.hook);
        } else {
            judged
                .gathering()
                .say(&slot.hook, Verdict::Deny, slot.mode, Some(reason));
        }
    }
}

/// Runs the afters that are owed, last entered first.
pub(crate) fn run_afters(
    bus: &Inner,
    entry: &Entry,
    event: &Event<'_>,
    outcome: Outcome,
    entered: &[Entered],
    frame: &Frame,
) {
    let mut event = *event;
    event.verdict = outcome.verdict as u8;
    for Entered { slot, cookie } in entered.iter().rev() {
        let Some(Slot {
            hook,
            after: Some(after),
            ..
        }) = entry.chain.get(*slot as usize)
        else {
            continue;
        };
        if hook.health.state() == State::Poisoned {
            skip(bus, hook, true, frame);
            continue;
        }
        hook.health.afters.fetch_add(1, Relaxed);
        frame.run_as(hook.party);
        let ended = catch_unwind(AssertUnwindSafe(|| after.ended(&event, outcome, *cookie)));
        check(bus, hook, ended, frame);
    }
}

/// Accounts for a hook that is not entered because of what it did before; loudly, if that lets the event pass. Why it is not,
/// unless it is as if it were not there.
#[cold]
pub(crate) fn skip(
    bus: &Inner,
    hook: &Arc<Attached>,
    opens: bool,
    frame: &Frame,
) -> Option<String> {
    let health = &hook.health;
    health.skipped.fetch_add(1, Relaxed);
    let state = health.state();
    if matches!(state, State::Disabled | State::Healthy) {
        return None;
    }
    let reason = state.reason();
    if opens {
        health.fail_open.fetch_add(1, Relaxed);
        frame.run_as(hook.party);
        report::failure(bus, hook, &reason, Verdict::Allow);
    }
    Some(reason)
}

/// Accounts for the failure of a hook that has no veto, if it failed.
pub(crate) fn check(
    bus: &Inner,
    hook: &Arc<Attached>,
    result: std::thread::Result<Result<(), HookError>>,
    frame: &Frame,
) {
    let error = match result {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(panic) => HookError::Panicked(message_of(panic.as_ref())),
    };
    fail(bus, hook, &error, frame);
}

/// Accounts for a failure, loudly: whether `on-error` lets the event pass.
#[cold]
fn fail(bus: &Inner, hook: &Arc<Attached>, error: &HookError, frame: &Frame) -> bool {
    let health = &hook.health;
    health.errors.fetch_add(1, Relaxed);
    let opens = hook.on_error() != OnError::Deny;
    if opens {
        health.fail_open.fetch_add(1, Relaxed);
    }
    let mut count = match error {
        HookError::Down(_) => None,
        _ => health.note_failure(bus.settings.quarantine),
    };
    let state = match error {
        HookError::Down(_) => None,
        HookError::Panicked(_) => {
            health.panics.fetch_add(1, Relaxed);
            count = count.or(Some(1));
            Some(State::Poisoned)
        }
        HookError::Poisoned => Some(State::Poisoned),
        _ if hook.on_error() == OnError::Disable => Some(State::Disabled),
        _ => count.map(|_| State::Quarantined),
    };
    let changed = state.is_some_and(|state| worsen(bus, hook, state));
    frame.run_as(hook.party);
    let verdict = if opens { Verdict::Allow } else { Verdict::Deny };
    report::failure(bus, hook, &error.to_string(), verdict);
    if changed {
        report::quarantined(bus, hook, count.unwrap_or(1));
    }
    opens
}

/// Takes a hook out of use; with a panic, all hooks of its plugin, for they share an instance.
fn worsen(bus: &Inner, hook: &Arc<Attached>, state: State) -> bool {
    if state == State::Poisoned && hook.plugin().is_some() {
        for member in bus.plan.load().members() {
            if member.hook.party == hook.party && !Arc::ptr_eq(&member.hook, hook) {
                member.hook.health.worsen(state);
            }
        }
    }
    hook.health.worsen(state)
}

/// Tells of events that this thread raised too deep, once it is out of all hooks.
#[inline]
pub(crate) fn report_too_deep(bus: &WeakBus) {
    let dropped = lineage::take_dropped();
    if dropped > 0
        && let Some(bus) = bus.upgrade()
    {
        too_deep(bus.inner(), dropped);
    }
}

/// As [`report_too_deep`], for the thread that raises.
#[inline]
pub(crate) fn check_too_deep(bus: &Inner) {
    let dropped = lineage::take_dropped();
    if dropped > 0 {
        too_deep(bus, dropped);
    }
}

#[cold]
fn too_deep(bus: &Inner, dropped: u32) {
    bus.too_deep.fetch_add(u64::from(dropped), Relaxed);
    report::lost(
        bus,
        Loss {
            count: dropped.into(),
            from: 0,
            to: 0,
        },
        "nested too deep",
    );
}

/// Tells of events that a queue lost.
pub(crate) fn report_loss(bus: &WeakBus, loss: Loss, queue: &str) {
    if let Some(bus) = bus.upgrade() {
        report::lost(bus.inner(), loss, &format!("the queue `{queue}` was full"));
    }
}

fn message_of(panic: &(dyn Any + Send)) -> Cow<'static, str> {
    match (
        panic.downcast_ref::<&'static str>(),
        panic.downcast_ref::<String>(),
    ) {
        (Some(message), _) => Cow::Borrowed(message),
        (None, Some(message)) => Cow::Owned(message.clone()),
        (None, None) => Cow::Borrowed("a panic without a message"),
    }
}
