//! The bus: where events are raised and hooks are attached.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use audithook_abi::{Event, Symbol, Value};
use audithook_catalogue::arg;

use crate::attach::{Attached, Builder, Hook, HookId, Mode, OnError, Sink, kinds};
use crate::callsite::Callsite;
use crate::decision::{Allowed, Answer, Decision, Denied};
use crate::dispatch;
use crate::health::{HookStats, Quarantine};
use crate::ledger::{Ledger, Tally};
use crate::lineage::{self, Frame};
use crate::operation::{Operation, Pending};
use crate::pattern::IntoPatterns;
use crate::plan::{DENSE, Entry, Member, Plan};
use crate::queue::{Overflow, Queue};
use crate::{seat, symbol};

/// Where events are raised and hooks are attached. A clone is the same bus.
///
/// When the last one is dropped, what waits in the bus's own queue is still delivered.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

// A hook that panics is not entered again, so nobody sees what it left half done.
impl std::panic::UnwindSafe for Bus {}
impl std::panic::RefUnwindSafe for Bus {}

/// What a bus is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// When a hook that fails is no longer entered.
    pub quarantine: Quarantine,
    /// How many events the bus's own queue holds.
    pub queue_capacity: usize,
    /// What happens when it is full.
    pub queue_overflow: Overflow,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quarantine: Quarantine::default(),
            queue_capacity: 4096,
            queue_overflow: Overflow::Wait,
        }
    }
}

/// Why the hooks stay as they are.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// the bus is locked
    #[error("the bus is locked")]
    Locked,
    /// {0}
    #[error(transparent)]
    Denied(#[from] Denied),
    /// a hook cannot change the hooks: no gate could judge that
    #[error("a hook cannot change the hooks: no gate could judge that")]
    InsideHook,
    /// the {kind} `{name}` has no veto: `on-error = deny` is for gates
    #[error("the {kind} `{name}` has no veto: `on-error = deny` is for gates")]
    NoVeto {
        /// What it is.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// there is no such hook
    #[error("there is no such hook")]
    NoSuchHook,
}

/// How a bus fares beside its hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusStats {
    /// How many plans were published.
    pub generation: u64,
    /// How many events were dropped because they nested too deep.
    pub too_deep: u64,
    /// How many events the queues in use lost.
    pub lost: u64,
}

pub(crate) struct Inner {
    pub(crate) number: u64,
    pub(crate) generation: AtomicU64,
    pub(crate) plan: ArcSwap<Plan>,
    pub(crate) settings: Settings,
    pub(crate) too_deep: AtomicU64,
    /// By symbol: whether anybody listens.
    gates: [AtomicU8; DENSE],
    locked: AtomicBool,
    registry: Mutex<Registry>,
    own_queue: OnceLock<Queue>,
}

/// A gate that nobody has set yet.
pub(crate) const UNKNOWN: u8 = 0;
/// Nobody listens.
pub(crate) const NEVER: u8 = 1;
/// Somebody listens.
pub(crate) const LISTENED: u8 = 2;

#[derive(Clone)]
pub(crate) struct WeakBus(Weak<Inner>);

impl WeakBus {
    pub(crate) fn upgrade(&self) -> Option<Bus> {
        self.0.upgrade().map(Bus)
    }
}

/// What a plan is compiled from.
#[derive(Default)]
struct Registry {
    /// Attached one by one.
    standing: Vec<Member>,
    /// Attached by `replace`.
    batch: Vec<Member>,
    mode: Mode,
    last_hook: u64,
    parties: HashMap<Box<str>, u32>,
    last_party: u32,
    /// Of plans that may still be in use.
    ledgers: Vec<Arc<Ledger>>,
    callsites: Vec<&'static Callsite>,
}

/// The names of the events that a bus raises about itself. Interned with the first bus: a flood of names must not take
/// them away.
struct OwnNames {
    add: Symbol,
    replace: Symbol,
    remove: Symbol,
    reset: Symbol,
    mode: Symbol,
    on: Symbol,
    kind: Symbol,
    origin: Symbol,
    to: Symbol,
}

static NAMES: LazyLock<OwnNames> = LazyLock::new(|| OwnNames {
    add: symbol::intern("hook.add"),
    replace: symbol::intern("hook.replace"),
    remove: symbol::intern("hook.remove"),
    reset: symbol::intern("hook.reset"),
    mode: symbol::intern("hook.mode"),
    on: symbol::intern("on"),
    kind: symbol::intern("kind"),
    origin: symbol::intern("origin"),
    to: symbol::intern("mode"),
});

static GLOBAL: LazyLock<Bus> = LazyLock::new(Bus::new);
static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("hooks", &self.hooks())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Raising.
impl Bus {
    /// The process's default bus, which [`crate::emit!`] raises on.
    #[must_use]
    pub fn global() -> &'static Self {
        &GLOBAL
    }

    /// Whether anybody listens to this event. One relaxed load: for sources that decode only what somebody wants.
    #[inline]
    #[must_use]
    pub fn listens(&self, event: Symbol) -> bool {
        match self
            .0
            .gates
            .get(event.0 as usize)
            .map(|gate| gate.load(Ordering::Relaxed))
        {
            Some(NEVER) => false,
            Some(LISTENED) => true,
            _ => self.0.resolve(event),
        }
    }

    /// Raises an event: gates, then afters, then observers.
    ///
    /// # Errors
    /// What the gates refuse.
    #[inline]
    pub fn raise(&self, event: &Event<'_>) -> Answer {
        if !self.listens(event.id) {
            return Ok(Allowed(None));
        }
        self.raise_listened(event)
    }

    /// As [`Bus::raise`], for who asked [`Bus::listens`] before.
    ///
    /// # Errors
    /// What the gates refuse.
    pub fn raise_listened(&self, event: &Event<'_>) -> Answer {
        match self.0.raise(event, true) {
            None => Ok(Allowed(None)),
            decision => answer(event.id, decision),
        }
    }

    /// Asks the gates, and runs the afters at once, but shows the event to no observer: for a source that tells observers
    /// later, with [`Bus::notify`].
    #[must_use]
    pub fn judge(&self, event: &Event<'_>) -> Decision {
        if !self.listens(event.id) {
            return Decision::default();
        }
        self.0
            .raise(event, false)
            .map_or_else(Decision::default, |decision| *decision)
    }

    /// Shows an event to observers, with the verdict that it has.
    pub fn notify(&self, event: &Event<'_>) {
        if self.listens(event.id) {
            self.0.notify(event);
        }
    }

    /// Begins an operation: runs the gates, shows the event to observers, and owes the afters until the
    /// [`Operation`] ends.
    ///
    /// # Errors
    /// What the gates refuse; then the afters have run already.
    pub fn guard(&self, event: &Event<'_>) -> Result<Operation, Denied> {
        if !self.listens(event.id) {
            return Ok(Operation::default());
        }
        seat::with_plan(&self.0, |plan, tally| match plan.entry(event.id) {
            Some(entry) => self.begin(plan, tally, entry, event),
            None => Ok(Operation::default()),
        })
    }

    fn begin(
        &self,
        plan: &Arc<Plan>,
        tally: Option<&Tally>,
        entry: &Entry,
        event: &Event<'_>,
    ) -> Result<Operation, Denied> {
        if !entry.has_afters || !lineage::is_outermost() {
            let decision = dispatch::raise(&self.0, plan, tally, entry, event, true);
            dispatch::check_too_deep(&self.0);
            return answer(event.id, decision).map(|allowed| Operation::new(allowed, None));
        }
        let frame = Frame::enter();
        let mut judged = dispatch::judge(&self.0, plan, tally, entry, event, &frame);
        let allowed = answer(event.id, judged.decide());
        let verdict = match &allowed {
            Ok(allowed) => allowed.verdict(),
            Err(denied) => denied.verdict(),
        };
        dispatch::show_verdict(entry, event, verdict, &frame);
        drop(frame);
        let pending = Pending::new(self.clone(), plan.clone(), event, judged.entered, verdict);
        match allowed {
            Ok(allowed) => Ok(Operation::new(allowed, Some(pending))),
            Err(denied) => {
                pending.end(dispatch::EACCES);
                Err(denied)
            }
        }
    }
}

/// Attaching.
impl Bus {
    /// A bus without hooks.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// A bus without hooks.
    #[must_use]
    pub fn with(settings: Settings) -> Self {
        LazyLock::force(&NAMES);
        Self(Arc::new_cyclic(|inner| {
            let bus = WeakBus(inner.clone());
            let plan = Plan::empty(&bus);
            Inner {
                number: LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1,
                generation: AtomicU64::new(0),
                registry: Mutex::new(Registry {
                    ledgers: vec![plan.ledger().clone()],
                    ..Registry::default()
                }),
                plan: ArcSwap::from_pointee(plan),
                settings,
                too_deep: AtomicU64::new(0),
                gates: [const { AtomicU8::new(UNKNOWN) }; DENSE],
                locked: AtomicBool::new(false),
                own_queue: OnceLock::new(),
            }
        }))
    }

    /// Begins a gate that [`Builder::with`] attaches.
    pub fn gate(&self, on: impl IntoPatterns) -> Builder<kinds::Gate, &Self> {
        Builder::new(on, OnError::Deny, self)
    }

    /// Begins an after that [`Builder::with`] attaches.
    pub fn after(&self, on: impl IntoPatterns) -> Builder<kinds::After, &Self> {
        Builder::new(on, OnError::Allow, self)
    }

    /// Begins a gate and an after that share a cookie, which [`Builder::with`] attaches.
    pub fn around(&self, on: impl IntoPatterns) -> Builder<kinds::Around, &Self> {
        Builder::new(on, OnError::Deny, self)
    }

    /// Begins an observer that [`Builder::with`] attaches.
    pub fn observe(&self, on: impl IntoPatterns) -> Builder<kinds::Observer, &Self> {
        Builder::new(on, OnError::Allow, self)
    }

    /// Attaches a hook. This is itself an event, `hook.add`, and may be denied.
    ///
    /// # Errors
    /// Why it is not attached.
    pub fn add(&self, hook: Hook) -> Result<HookId, ChangeError> {
        check(&hook)?;
        let on: Vec<Value<'_>> = hook.on.iter().map(|on| Value::str(on.as_str())).collect();
        let args = [
            Value::str(hook.name.as_deref().unwrap_or_default()).named(arg::HOOK),
            Value::list(&on).named(NAMES.on),
            Value::str(hook.body.kind().as_str()).named(NAMES.kind),
            Value::str(hook.plugin.as_deref().unwrap_or_default()).named(arg::PLUGIN),
            Value::str(hook.origin.as_deref().unwrap_or_default()).named(NAMES.origin),
        ];
        let (id, _retired) = self.change(NAMES.add, &args, |registry| {
            let member = registry.admit(&hook, u32::MAX);
            let id = member.hook.id();
            registry.standing.push(member);
            Ok((id, Vec::new()))
        })?;
        Ok(id)
    }

    /// Puts these hooks in the place of those that the last call of `replace` attached, at one moment for every event. Hooks that
    /// were added one by one stay. This is itself an event, `hook.replace`, and may be denied.
    ///
    /// # Errors
    /// Why the old ones stay.
    pub fn replace(&self, hooks: impl IntoIterator<Item = Hook>) -> Result<Retired, ChangeError> {
        let hooks: Vec<Hook> = hooks.into_iter().collect();
        for hook in &hooks {
            check(hook)?;
        }
        let args = [Value::from(hooks.len()).named(arg::COUNT)];
        let ((), retired) = self.change(NAMES.replace, &args, |registry| {
            let batch = (0..)
                .zip(&hooks)
                .map(|(order, hook)| registry.admit(hook, order))
                .collect();
            Ok(((), std::mem::replace(&mut registry.batch, batch)))
        })?;
        Ok(retired)
    }

    /// Takes a hook off. This is itself an event, `hook.remove`, and may be denied.
    ///
    /// # Errors
    /// Why it stays.
    pub fn remove(&self, id: HookId) -> Result<Retired, ChangeError> {
        let hook = self.hook(id).ok_or(ChangeError::NoSuchHook)?;
        let args = [
            Value::str(hook.name()).named(arg::HOOK),
            Value::str(hook.plugin().unwrap_or_default()).named(arg::PLUGIN),
        ];
        let ((), retired) = self.change(NAMES.remove, &args, |registry| {
            let Registry {
                standing, batch, ..
            } = registry;
            for members in [standing, batch] {
                if let Some(place) = members.iter().position(|member| member.hook.id() == id) {
                    return Ok(((), vec![members.remove(place)]));
                }
            }
            Err(ChangeError::NoSuchHook)
        })?;
        Ok(retired)
    }

    /// Enters a hook again that failed too often or panicked. This is itself an event, `hook.reset`, and may be denied.
    ///
    /// # Errors
    /// Why it stays as it is.
    pub fn reset(&self, id: HookId) -> Result<(), ChangeError> {
        let hook = self.hook(id).ok_or(ChangeError::NoSuchHook)?;
        let args = [
            Value::str(hook.name()).named(arg::HOOK),
            Value::str(hook.plugin().unwrap_or_default()).named(arg::PLUGIN),
        ];
        self.change(NAMES.reset, &args, |_| {
            hook.health.reset();
            Ok(((), Vec::new()))
        })?;
        Ok(())
    }

    /// Changes what becomes of refusals, for all hooks. This is itself an event, `hook.mode`, and may be denied.
    ///
    /// # Errors
    /// Why it stays as it is.
    pub fn set_mode(&self, mode: Mode) -> Result<(), ChangeError> {
        let args = [Value::str(mode.as_str()).named(NAMES.to)];
        self.change(NAMES.mode, &args, |registry| {
            registry.mode = mode;
            Ok(((), Vec::new()))
        })?;
        Ok(())
    }

    /// From now on the hooks stay as they are, for the life of the bus. Attempts are still events.
    pub fn lock(&self) {
        // Under the registry's lock, so that no change that was let through is still on its way.
        let _registry = self.0.registry();
        self.0.locked.store(true, Ordering::SeqCst);
    }

    /// Whether [`Bus::lock`] was called.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.locked.load(Ordering::SeqCst)
    }

    /// Raises the event of a change, makes it and publishes it.
    fn change<R>(
        &self,
        event: Symbol,
        args: &[Value<'_>],
        make: impl FnOnce(&mut Registry) -> Result<(R, Vec<Member>), ChangeError>,
    ) -> Result<(R, Retired), ChangeError> {
        if !lineage::is_outermost() {
            return Err(ChangeError::InsideHook);
        }
        self.raise(&Event::new(event, args))?;
        let mut registry = self.0.registry();
        if self.is_locked() {
            return Err(ChangeError::Locked);
        }
        let (result, removed) = make(&mut registry)?;
        let old = self.publish(&mut registry);
        drop(registry);
        let retired = Retired {
            bus: self.clone(),
            plan: Arc::downgrade(&old),
        };
        // Without the lock: the destructor of a hook may do anything, also raise an event.
        drop((old, removed));
        Ok((result, retired))
    }

    fn publish(&self, registry: &mut Registry) -> Arc<Plan> {
        let inner = &self.0;
        let members = registry
            .standing
            .iter()
            .chain(&registry.batch)
            .cloned()
            .collect();
        let generation = inner.plan.load().generation + 1;
        let plan = Plan::compile(
            generation,
            registry.mode,
            members,
            &self.downgrade(),
            || inner.own_queue(),
        );
        registry.close_ledgers();
        registry.ledgers.push(plan.ledger().clone());
        let plan = Arc::new(plan);
        // The plan before its generation, and both before the gates: who sees a gate open finds the hook behind it.
        let old = inner.plan.swap(plan.clone());
        inner.generation.store(generation, Ordering::Release);
        for (gate, listened) in inner.gates.iter().zip(plan.listened()) {
            gate.store(if listened { LISTENED } else { NEVER }, Ordering::Release);
        }
        for callsite in &registry.callsites {
            callsite.set_gate(plan.entry(callsite.id()).is_some());
        }
        old
    }

    fn downgrade(&self) -> WeakBus {
        WeakBus(Arc::downgrade(&self.0))
    }
}

/// Looking.
impl Bus {
    /// All hooks in their total order.
    #[must_use]
    pub fn hooks(&self) -> Vec<Arc<Attached>> {
        self.0
            .plan
            .load()
            .members()
            .iter()
            .map(|member| member.hook.clone())
            .collect()
    }

    /// The hook with this handle.
    #[must_use]
    pub fn hook(&self, id: HookId) -> Option<Arc<Attached>> {
        let plan = self.0.plan.load();
        let member = plan
            .members()
            .iter()
            .find(|member| member.hook.id() == id)?;
        Some(member.hook.clone())
    }

    /// The hooks that this event would meet, in the order in which they run.
    #[must_use]
    pub fn hooks_on(&self, event: Symbol) -> Vec<Arc<Attached>> {
        let meant = |hook: &Arc<Attached>| hook.on().iter().any(|pattern| pattern.matches(event));
        self.hooks().into_iter().filter(meant).collect()
    }

    /// A hook's counters. Exact, but for calls that are just running.
    #[must_use]
    pub fn hook_stats(&self, hook: &Attached) -> HookStats {
        let mut registry = self.0.registry();
        registry.close_ledgers();
        let turns = registry
            .ledgers
            .iter()
            .map(|ledger| ledger.turns_of(hook.id()))
            .sum();
        hook.health.read(turns)
    }

    /// How the bus fares beside its hooks.
    #[must_use]
    pub fn stats(&self) -> BusStats {
        BusStats {
            generation: self.0.generation.load(Ordering::Acquire),
            too_deep: self.0.too_deep.load(Ordering::Relaxed),
            lost: self.queues().iter().map(|queue| queue.stats().lost).sum(),
        }
    }

    /// What becomes of refusals.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.plan.load().mode
    }

    /// Waits until the observers have seen every event raised before this call. `false` on a queue's own thread.
    pub fn flush(&self) -> bool {
        self.queues()
            .iter()
            .fold(true, |all, queue| queue.flush() && all)
    }

    /// Flushes all queues and ends the bus's own: events raised from now on reach gates, afters and inline observers.
    pub fn shutdown(&self) {
        self.flush();
        if let Some(queue) = self.0.own_queue.get() {
            queue.close();
        }
    }

    fn queues(&self) -> Vec<Queue> {
        let mut queues = self.0.plan.load().queues();
        if let Some(own) = self.0.own_queue.get()
            && !queues.contains(own)
        {
            queues.push(own.clone());
        }
        queues
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    #[inline]
    fn raise(&self, event: &Event<'_>, observed: bool) -> Option<Box<Decision>> {
        let decision = seat::with_plan(self, |plan, tally| {
            let entry = plan.entry(event.id)?;
            dispatch::raise(self, plan, tally, entry, event, observed)
        });
        dispatch::check_too_deep(self);
        decision
    }

    pub(crate) fn notify(&self, event: &Event<'_>) {
        seat::with_plan(self, |plan, _| {
            if let Some(entry) = plan.entry(event.id) {
                dispatch::notify(entry, event);
            }
        });
        dispatch::check_too_deep(self);
    }

    /// Whether anybody listens to an event that had no gate yet. Sets the gate, under the lock: otherwise a plan that
    /// is published meanwhile could be forgotten.
    #[cold]
    fn resolve(&self, event: Symbol) -> bool {
        let Some(gate) = self.gates.get(event.0 as usize) else {
            return self.plan.load().entry(event).is_some();
        };
        let _registry = self.registry();
        let listened = self.plan.load().entry(event).is_some();
        if symbol::text(event).is_some() {
            gate.store(if listened { LISTENED } else { NEVER }, Ordering::Release);
        }
        listened
    }

    /// Enters a callsite in the book and sets its gate.
    pub(crate) fn register(&self, callsite: &'static Callsite) {
        let mut registry = self.registry();
        if callsite.is_new() {
            registry.callsites.push(callsite);
            callsite.set_gate(self.plan.load().entry(callsite.id()).is_some());
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own_queue(&self) -> Queue {
        let Settings {
            queue_capacity,
            queue_overflow,
            ..
        } = &self.settings;
        let make = || Queue::new("observers", *queue_capacity, queue_overflow.clone());
        self.own_queue
            .get_or_init(|| make().expect("a thread for the bus's observers"))
            .clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(queue) = self.own_queue.get() {
            queue.close();
        }
        seat::leave(self.number);
    }
}

impl Registry {
    /// Gives a hook its handle and its party.
    fn admit(&mut self, hook: &Hook, order: u32) -> Member {
        self.last_hook += 1;
        let next_party = self.last_party + 1;
        let party = match &hook.plugin {
            Some(plugin) => *self.parties.entry(plugin.clone()).or_insert(next_party),
            None => next_party,
        };
        self.last_party = self.last_party.max(party);
        let hook_id = HookId(self.last_hook);
        Member {
            hook: Arc::new(Attached::new(hook, hook_id, party, order)),
            body: hook.body.clone(),
        }
    }

    /// Adds up what plans counted that nobody uses any more.
    fn close_ledgers(&mut self) {
        let ledgers = std::mem::take(&mut self.ledgers).into_iter();
        self.ledgers = ledgers
            .filter_map(|ledger| Arc::try_unwrap(ledger).map(Ledger::close).err())
            .collect();
    }
}

impl Sink for &Bus {
    type Output = Result<HookId, ChangeError>;

    fn take(self, hook: Hook) -> Self::Output {
        self.add(hook)
    }
}

/// The hooks that a change took out of use. They live until no thread can still be in one of them.
#[derive(Debug)]
pub struct Retired {
    bus: Bus,
    plan: Weak<Plan>,
}

impl Retired {
    /// Whether no gate, after or inline observer of the old plan can run any more, on any thread.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.plan.strong_count() == 0
    }

    /// Waits for that, and for the queues. `false` if it took too long: a thread that raised an event once and none since
    /// keeps the plan that it saw until it ends.
    #[must_use = "if they are not gone, what they borrow must stay"]
    pub fn wait(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let _refreshed = seat::refresh(&self.bus.0);
        while !self.is_gone() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        self.bus.flush()
    }
}

#[cold]
fn answer(event: Symbol, decision: Option<Box<Decision>>) -> Answer {
    match decision {
        Some(decision) if decision.verdict.refuses() => Err(Denied::new(event, *decision)),
        decision => Ok(Allowed(decision)),
    }
}

fn check(hook: &Hook) -> Result<(), ChangeError> {
    if hook.denies_without_veto() {
        return Err(ChangeError::NoVeto {
            kind: hook.body.kind().as_str(),
            name: hook.name.as_deref().unwrap_or_default().into(),
        });
    }
    Ok(())
}
