//! The bus: where events are raised and hooks are attached.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use arc_swap::ArcSwap;
use audithook_abi::{Event, Symbol};

use crate::attach::{Attached, HookId, Mode};
use crate::callsite::Callsite;
use crate::change::{NAMES, Registry};
use crate::decision::{Allowed, Answer, Decision, Denied};
use crate::dispatch;
use crate::health::{HookStats, Quarantine};
use crate::ledger::Tally;
use crate::lineage::{self, Frame};
use crate::observing;
use crate::operation::{Operation, Pending};
use crate::plan::{DENSE, Entry, Plan, next_generation};
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

/// How a bus fares beside its hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusStats {
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
    pub(crate) gates: [AtomicU8; DENSE],
    pub(crate) locked: AtomicBool,
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

/// Making.
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
            let generation = next_generation();
            let plan = Plan::empty(generation, &bus);
            Inner {
                number: LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1,
                generation: AtomicU64::new(generation),
                registry: Mutex::new(Registry::new(plan.ledger().clone())),
                plan: ArcSwap::from_pointee(plan),
                settings,
                too_deep: AtomicU64::new(0),
                gates: [const { AtomicU8::new(UNKNOWN) }; DENSE],
                locked: AtomicBool::new(false),
                own_queue: OnceLock::new(),
            }
        }))
    }
}

/// Raising.
impl Bus {
    /// The process's default bus, which [`crate::emit!`] raises on.
    ///
    /// It is never dropped: a program whose observers must see everything calls [`Bus::shutdown`] before it ends.
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
            let decision = dispatch::raise_fully(&self.0, plan, tally, entry, event, true);
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
        observing::show_verdict(entry, event, verdict, &frame);
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
        let mut flushed = true;
        for queue in self.queues() {
            flushed &= queue.flush();
        }
        flushed
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

    pub(crate) fn downgrade(&self) -> WeakBus {
        WeakBus(Arc::downgrade(&self.0))
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
                observing::notify(entry, event);
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

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn own_queue(&self) -> Queue {
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

#[cold]
fn answer(event: Symbol, decision: Option<Box<Decision>>) -> Answer {
    match decision {
        Some(decision) if decision.verdict.refuses() => Err(Denied::new(event, *decision)),
        decision => Ok(Allowed(decision)),
    }
}
